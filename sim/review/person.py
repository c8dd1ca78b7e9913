"""The person is told before disclosure and may go to court (proposal: Tech Accord); Hanoi lets secrecy be asked for, Art 40(20)."""

from __future__ import annotations

from sim.review.examples import example
from sim.review.safeguard import EVERYTHING, Look
from sim.world.ranges import Days, Strength, Unit

MOVES = EVERYTHING


class Person(Look):
    """Notice after a delay, unless a court upholds secrecy; remedy; and the loss when a suspect is tipped off."""

    insight: Strength
    notice_days: Days
    gagged: Unit
    reached: Unit
    contests: Unit
    contest_days: Days
    tip_off: Unit


def acuity(insight: float) -> float:
    """Nobody knows better than the person why a state asks."""
    return insight


def tells(wait: float, notice_days: float, secret: bool, gagged: float, reached: float, luck: float) -> bool:
    """Told while the data have not gone yet: secrecy lifted or never asked for, the address known, execution slow enough."""
    return wait > notice_days and luck < (reached * (1.0 - gagged) if secret else reached)


def stands(
    signal: float,
    noise: float,
    bar: float,
    wait: float,
    notice_days: float,
    secret: bool,
    gagged: float,
    reached: float,
    contests: float,
    luck: float,
    independence: float,
) -> bool:
    """The person goes to court in time, is heard by a court as independent as it is, and convinces it."""
    told = reached * (1.0 - gagged) if secret else reached
    return wait > notice_days and luck < told * contests * independence and signal + noise > bar


def delays(
    wait: float, notice_days: float, secret: bool, gagged: float, reached: float, contests: float, luck: float, contest_days: float
) -> float:
    """An appeal takes its time, whoever wins."""
    told = reached * (1.0 - gagged) if secret else reached
    return contest_days if wait > notice_days and luck < told * contests else 0.0


_NOTICE = {"notice_days": 60.0, "gagged": 0.5, "reached": 0.8}  # days and chances of the examples
_REMEDY = _NOTICE | {"contests": 0.5, "bar": 1.5, "noise": 0.0}  # half of those who know go to court, which has a bar of 1.5
# Of a hundred persons 80 can be told, 40 where secrecy is asked for; half of these go to court.
EXAMPLES = (
    example(acuity, 1.4, insight=1.4),
    example(tells, True, wait=61.0, secret=False, luck=0.7, **_NOTICE),
    example(tells, False, wait=60.0, secret=False, luck=0.7, **_NOTICE),  # the data have gone already
    example(tells, False, wait=61.0, secret=True, luck=0.7, **_NOTICE),  # a court upholds the secrecy
    example(tells, True, wait=61.0, secret=True, luck=0.3, **_NOTICE),
    example(stands, True, wait=61.0, secret=False, luck=0.3, signal=2.0, independence=1.0, **_REMEDY),
    example(stands, False, wait=61.0, secret=False, luck=0.3, signal=2.0, independence=0.5, **_REMEDY),
    example(stands, False, wait=61.0, secret=False, luck=0.3, signal=1.0, independence=1.0, **_REMEDY),  # no court is convinced
    example(stands, False, wait=60.0, secret=False, luck=0.3, signal=2.0, independence=1.0, **_REMEDY),
    example(stands, False, wait=61.0, secret=True, luck=0.3, signal=2.0, independence=1.0, **_REMEDY),
    example(delays, 135.0, wait=61.0, secret=False, luck=0.3, contests=0.5, contest_days=135.0, **_NOTICE),
    example(delays, 0.0, wait=61.0, secret=False, luck=0.5, contests=0.5, contest_days=135.0, **_NOTICE),
    example(delays, 0.0, wait=60.0, secret=False, luck=0.3, contests=0.5, contest_days=135.0, **_NOTICE),
)
