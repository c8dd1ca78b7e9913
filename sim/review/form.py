"""A request may be refused if it is not in proper form (Hanoi Art 40(21)(a))."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Gate
from sim.world.ranges import Bar

MOVES = EVERYTHING


class Form(Gate):
    """Paperwork under a bar cannot be executed."""

    quality_bar: Bar


def stands(quality: float, quality_bar: float) -> bool:
    """The paperwork is hopeless."""
    return quality < quality_bar


# The bar stands at -2.2 on the standard normal scale of paperwork.
EXAMPLES = (
    example(stands, True, quality=-3.0, quality_bar=-2.2),
    example(stands, False, quality=-2.2, quality_bar=-2.2),
    example(stands, False, quality=0.0, quality_bar=-2.2),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (Stricter("quality_bar", -2.2, -1.0),)
