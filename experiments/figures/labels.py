"""Where a figure has room for a name beside its mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.textpath import TextPath

from experiments.figures.style import MUTED, SMALL, page_inches
from sim.arrays import Reals

_RINGS, _RAYS = 40, 32  # places that are tried for a label: distances and directions
_STEP, _NEAREST = 5.0, 5.0  # points between two distances, and to the first
_PAD = 1.5  # points around a label
LEADING = 1.25  # of the letters' size: from one line of a label to the next
_LEVEL = 1e-9  # keeps a direction along an axis from dividing by zero
LABEL = SMALL - 0.5  # points
MARK = 6.5  # points across
HALO = [withStroke(linewidth=2.2, foreground="white")]
_POINTS = 72.0  # an inch
_LEADER = 6.0  # points from which a line leads from a label to its mark
_COVERED = 3.0  # points between two marks of which one covers the other
_CROWD = 40.0  # points around a mark in which others make it hard to name


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

    def gap(self, points: Reals) -> Reals:
        """Distance of points ``[..., 2]`` from it."""
        return np.asarray(np.linalg.norm(points - np.clip(points, self[:2], self[2:]), axis=-1))

    def within(self, size: Reals) -> bool:
        """Whether it lies on axes of that size."""
        return self.left >= 0 and self.low >= 0 and self.right <= size[0] and self.top <= size[1]


class AxesInPoints(NamedTuple):
    """Axes in points: their least size on the page, and how their coordinates turn into points."""

    size: Reals  # [2] points
    scale: Reals  # [2] points a unit
    corner: Reals  # [2] coordinates of the lower left corner

    @classmethod
    def of(cls, ax: Axes, share: tuple[float, float]) -> AxesInPoints:
        """Axes with linear scales that have at least that share of the page's width and height."""
        (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
        size = page_inches(ax) * np.array(share) * _POINTS
        return cls(size, size / np.array([right - left, high - low]), np.array([left, low]))

    def points(self, coordinates: Reals) -> Reals:
        """Coordinates ``[..., 2]`` in points."""
        return np.asarray((coordinates - self.corner) * self.scale)

    def coordinates(self, points: Reals) -> Reals:
        """Points ``[..., 2]`` in coordinates."""
        return np.asarray(points / self.scale + self.corner)

    def covered(self, marks: Reals) -> list[Frame]:
        """What marks at coordinates ``[M, 2]`` cover."""
        return [Frame(x - MARK / 2, y - MARK / 2, x + MARK / 2, y + MARK / 2) for x, y in self.points(marks)]


def length(line: str, size: float) -> float:
    """Points that a line takes; nothing where it has no ink."""
    return float(TextPath((0, 0), line, size=size).get_extents().width) if line.strip() else 0.0


def extent(words: str) -> tuple[float, float]:
    """Width and height of a label, points."""
    lines = words.split("\n")
    wide = max(length(line, LABEL) for line in lines)
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


def name_marks(
    ax: Axes, sheet: AxesInPoints, marks: Reals, spots: Sequence[tuple[float, float, str]], taken: list[Frame]
) -> list[str]:
    """Writes the names of ``spots``, each at coordinates of its own among the ``marks`` ``[M, 2]``, clear of what is ``taken``.

    What is taken grows by the labels. Marks that cover each other share one. Returns the names that found no room.
    """
    at = sheet.points(marks)
    placed = _together([(sheet.points(np.array([x, y])), words) for x, y, words in spots])
    crowd = [int((np.abs(at - mark) < _CROWD).all(axis=1).sum()) for mark, _ in placed]
    homeless = []
    for _, (mark, words) in sorted(zip(crowd, placed, strict=True), key=lambda pair: (-pair[0], pair[1][1])):
        others = at[np.hypot(*(at - mark).T) >= _COVERED]
        frames = [frame for frame in places(mark, *extent(words)) if frame.within(sheet.size) and not any(map(frame.meets, taken))]
        nearest = next((frame for frame in frames if frame.gap(mark) < frame.gap(others).min(initial=np.inf)), None)
        found = nearest or next(iter(frames), None)
        if found is None:
            homeless += words.split("\n")
            continue
        taken.append(found)
        x, y = sheet.coordinates(found.middle)
        ax.text(x, y, words, ha="center", va="center", fontsize=LABEL, zorder=5, path_effects=HALO, linespacing=LEADING)
        edge = np.clip(mark, found[:2], found[2:])
        if nearest is None or np.hypot(*(edge - mark)) > _LEADER + MARK / 2:
            ends = sheet.coordinates(np.stack([mark, edge]))
            ax.plot(ends[:, 0], ends[:, 1], color=MUTED, lw=0.5, zorder=3)
    return sorted(homeless)


def _together(placed: Sequence[tuple[Reals, str]]) -> list[tuple[Reals, str]]:
    """Marks with their names; marks that cover each other share a label, a line a name."""
    groups: list[tuple[Reals, list[str]]] = []
    for mark, words in placed:
        beside = next((names for middle, names in groups if np.hypot(*(mark - middle)) < _COVERED), None)
        if beside is None:
            groups.append((mark, [words]))
        else:
            beside.append(words)
    return [(mark, "\n".join(names)) for mark, names in groups]
