"""Where a figure has room for a name beside its mark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

from experiments.figures.style import SMALL

Reals = NDArray[np.float64]
_RINGS, _RAYS = 40, 32  # places that are tried for a label: distances and directions
_STEP, _NEAREST = 5.0, 5.0  # points between two distances, and to the first
_PAD = 1.5  # points around a label
LEADING = 1.25  # of the letters' size: from one line of a label to the next
_LEVEL = 1e-9  # keeps a direction along an axis from dividing by zero
LABEL = SMALL - 0.5  # points


class Frame(NamedTuple):
    """A rectangle on the page, points from the lower left corner of the axes."""

    left: float
    low: float
    right: float
    top: float

    @property
    def middle(self) -> Reals:
        """Its centre."""
        return np.array([self.left + self.right, self.low + self.top]) / 2

    def meets(self, other: Frame) -> bool:
        """Whether two rectangles overlap."""
        return self.left < other.right and other.left < self.right and self.low < other.top and other.low < self.top

    def within(self, size: Reals) -> bool:
        """Whether it lies on axes of that size."""
        return self.left >= 0 and self.low >= 0 and self.right <= size[0] and self.top <= size[1]


def extent(words: str) -> tuple[float, float]:
    """Width and height of a label, points."""
    lines = words.split("\n")
    wide = max(float(TextPath((0, 0), line, size=LABEL).getextents().width) for line in lines)
    return wide + 2 * _PAD, LABEL * (1 + LEADING * (len(lines) - 1)) + 2 * _PAD


def places(mark: Reals, wide: float, high: float) -> Iterator[Frame]:
    """Places that a label could have, the nearest first; right and left before above and below."""
    turns = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False)
    turns = turns[np.argsort(np.round(np.abs(np.sin(turns)), 6), kind="stable")]
    half = np.array([wide, high]) / 2
    for ring in range(_RINGS):
        for turn in turns:
            way = np.array([np.cos(turn), np.sin(turn)])
            reach = float((half / np.maximum(np.abs(way), _LEVEL)).min())  # from a label's middle to its edge
            low, top = mark + (_NEAREST + _STEP * ring + reach) * way - half, mark + (_NEAREST + _STEP * ring + reach) * way + half
            yield Frame(low[0], low[1], top[0], top[1])
