"""What institutions do to states and to the law in force: training raises authorities, suspension switches requesters off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays import Flags, Ints, Reals
from sim.review.suspension import Suspension
from sim.review.training import Training


class Trained(NamedTuple):
    """What training does to ``N`` states; the arrays are read-only, as those of the states themselves."""

    hours: Reals  # [N] factor on the authority's officer-hours
    skill: Reals  # [N] of the desk, in [0, 1]
    filing: Reals  # [N] factor on the propensity to file
    part: Flags  # [N] who takes part in any programme


def trained(skill: Reals, offered: list[tuple[Training, Flags]]) -> Trained:
    """Authorities after training: each programme with the states ``[N]`` that its texts bind.

    Only states whose skill is under the programme's line take part; skill never exceeds one.
    """
    hours, filing, gained = np.ones(skill.size), np.ones(skill.size), np.zeros(skill.size)
    part = np.zeros(skill.size, bool)
    for programme, bound in offered:
        takes_part = bound & (skill < programme.below)
        hours[takes_part] *= programme.hours_factor
        filing[takes_part] *= 1.0 + programme.filing_gain
        gained[takes_part] += programme.skill_gain
        part |= takes_part
    after = Trained(hours=hours, skill=np.minimum(skill + gained, 1.0), filing=filing, part=part)
    for array in after:
        array.setflags(write=False)
    return after


class Bench(NamedTuple):
    """Who is suspended from which text: ``I`` instruments, ``N`` states."""

    until: Ints  # [I, N] first month in which the requester may ask again
    stopped: Ints  # [T, I, N] requests stopped on a ground or by a look, by the month in which that was heard
    decided: Ints  # [T, I, N] requests decided


def empty_bench(months: int, texts: int, states: int) -> Bench:
    """Nobody is suspended."""
    return Bench(
        until=np.zeros((texts, states), np.int64),
        stopped=np.zeros((months, texts, states), np.int64),
        decided=np.zeros((months, texts, states), np.int64),
    )


def newly_suspended(rule: Suspension, bench: Bench, month: int) -> Flags:
    """Whom the last months' refusals suspend from the next month on, shape ``[I, N]``; who is suspended already is not judged.

    Only what was heard since a former suspension counts (``forgiven``): nobody is suspended twice for the same refusals.
    """
    first = max(month + 1 - int(rule.within_months), 0)
    stopped = bench.stopped[first : month + 1].sum(axis=0)
    decided = bench.decided[first : month + 1].sum(axis=0)
    free = bench.until <= month
    return np.asarray(free & (stopped >= rule.refusals) & (stopped >= rule.share * decided))


def forgiven(bench: Bench, text: int, fallen: Flags) -> None:
    """What a suspension is for is not held against the suspended states ``[N]`` a second time."""
    bench.stopped[:, text, fallen] = 0
    bench.decided[:, text, fallen] = 0
