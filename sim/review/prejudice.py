"""No obligation where the person's position would be prejudiced for such a reason (Hanoi Art 40(22), second limb)."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Ground
from sim.world.ranges import Strength, Unit

MOVES = EVERYTHING


class Prejudice(Ground):
    """Reads who the person is and what is published of the requester's treatment of such people, never why it asks."""

    middle: Unit
    per_record: Strength


def stands(role: float, covers: float, record: float, middle: float, per_record: float, noise: float, bar: float) -> bool:
    """A person whom the list covers would be worse off in the hands of this requester."""
    return covers * role * min(max(middle + per_record * record, 0.0), 1.0) + noise > bar


_RISK = {"middle": 0.5, "per_record": 0.25}  # of the examples: from none two deviations under the mean to all two above it
# A role that shows plainly (2.0) against a bar of 2.5: it counts as far as the requester is known for harm.
EXAMPLES = (
    example(stands, True, role=2.0, covers=1.0, record=2.0, noise=0.6, bar=2.5, **_RISK),
    example(stands, False, role=2.0, covers=1.0, record=2.0, noise=0.4, bar=2.5, **_RISK),
    example(stands, False, role=2.0, covers=1.0, record=0.0, noise=1.4, bar=2.5, **_RISK),  # a requester in the middle
    example(stands, True, role=2.0, covers=1.0, record=0.0, noise=1.6, bar=2.5, **_RISK),
    example(stands, False, role=2.0, covers=1.0, record=-2.0, noise=2.4, bar=2.5, **_RISK),  # nobody comes to harm there
    example(stands, True, role=0.0, covers=1.0, record=3.0, noise=2.6, bar=2.5, **_RISK),  # no role: accident alone
    example(stands, False, role=2.0, covers=1.0, record=9.0, noise=0.4, bar=2.5, **_RISK),  # no more than all of the role
    example(stands, False, role=2.0, covers=0.3, record=2.0, noise=1.8, bar=2.5, **_RISK),  # hardly covered
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (
    Stricter("shift", 0.0, -1.0),
    Stricter("middle", 0.2, 0.8),
)
