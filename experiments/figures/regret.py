"""How far each policy lies behind the best one of its future, draw by draw: in balance, in protection, in cooperation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from experiments.figures.style import (
    BETTER,
    FAINT,
    INK,
    LONG,
    MUTED,
    PALE,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    edges,
    nothing,
    ordered,
    present,
    short_names,
    striped,
    unframed,
    usual,
)
from experiments.text import signed, thousands

COLUMNS = ["policy", "score", "future", "regret", "worlds", "runs"]
_PANELS = {"balance": "balance of both", "protection": "protection alone", "cooperation": "cooperation alone"}
_GAP = 0.045  # between panels, in parts of the axes
_NUMBERS = 0.075  # room right of a panel for its numbers
_HEAD = 1.3  # rows above the first policy
_SPREAD = 0.30  # rows over which the dots of a policy are spread
_GOLDEN = 0.618034  # the step of the spread: neighbours never fall on one height
_NINTH = 90.0  # percentile that is marked
_GROUND = "#f7f7f7"  # every other row


def regret(frame: pd.DataFrame, ax: Axes, *, order: Sequence[str] = (), names: Mapping[str, str] | None = None) -> Axes:
    """A dot a draw, a bar over the middle half of the draws, and the 90th percentile with its number; a panel a score.

    ``frame``: ``policy, score, future, regret, worlds, runs``, regret in per cent of the baseline in the draw, corrected for
    replicate noise; ``order`` the policies from top to bottom. A dot beyond the axis is an arrow. Raises ``ValueError`` for a
    missing column.
    """
    table = present(frame, COLUMNS)
    table = table[table["regret"].notna()]
    if table.empty:
        return nothing(ax)
    policies = ordered(table["policy"], order)
    said = short_names(policies, names, LONG)
    panels = [name for name in _PANELS if name in set(table["score"])]
    ax.set(xlim=(0, 1), ylim=(len(policies) - 0.5, -_HEAD), xticks=[], yticks=range(len(policies)))
    ax.set_yticklabels([said[name] for name in policies], fontsize=SMALL)
    unframed(ax)
    striped(ax, len(policies), _GROUND)
    width = (1.0 - _GAP * (len(panels) - 1)) / max(len(panels), 1) - _NUMBERS
    far = False
    for place, score in enumerate(panels):
        left = place * (width + _NUMBERS + _GAP)
        own = table[table["score"] == score]
        groups = [own.loc[own["policy"] == name, "regret"].to_numpy(float) for name in policies]
        far |= _panel(ax, (left, width), groups)
        ax.text(left, -0.95, f"in {_PANELS[score]}", fontsize=TEXT, fontweight="bold", va="center_baseline")
        _number(ax, (left, width), -0.95, "9 in 10", MUTED)
    add_note(ax, _explained(table, far))
    return ax


def _explained(table: pd.DataFrame, far: bool) -> str:
    draws, worlds, runs = table["future"].nunique(), int(table["worlds"].max()), int(table["runs"].max())
    words = [
        "Dot: one draw of the unknown numbers; bar: the middle half of the draws; triangle and number: nine draws in ten stay",
        "below. Regret: per cent of the baseline in the draw behind the best policy of that draw (0: as good), the best chosen on",
        "half of the worlds and measured on the other half; the spread is parameter uncertainty, with replicate noise taken out.",
        f"{thousands(draws)} draws, {thousands(worlds)} worlds each, {thousands(runs)} runs.",
    ]
    return " ".join([*words, "Arrows point at draws beyond the axis."] if far else words)


def _panel(ax: Axes, span: tuple[float, float], groups: Sequence[NDArray[np.float64]]) -> bool:
    """One score; tells whether a draw lies beyond the axis."""
    rows = len(groups)
    ends = np.array([[group.min(), group.max()] for group in groups if group.size])
    low, high = edges(ends[usual(ends)])
    inner = ax.inset_axes((span[0], 0.0, span[1], rows / (rows - 0.5 + _HEAD)))
    inner.patch.set_alpha(0)
    inner.set(xlim=(low, high), ylim=(rows - 0.5, -0.5), yticks=[])
    inner.locator_params(axis="x", nbins=5)
    inner.set_xticks([tick for tick in inner.get_xticks() if low <= tick <= high])
    inner.spines["left"].set_visible(False)
    inner.grid(axis="x", color=PALE, zorder=0)
    inner.axvline(0, color=INK, lw=1.0, zorder=1)
    inner.tick_params(axis="x", labelsize=SMALL)
    inner.set_xlabel("regret, % of the draw's baseline", fontsize=SMALL)
    far = False
    for y, group in enumerate(groups):
        if not group.size:
            continue
        ninth = float(np.percentile(group, _NINTH))
        inside = (group >= low) & (group <= high)
        heights = y + _SPREAD * (2 * (np.arange(group.size) * _GOLDEN % 1.0) - 1)
        inner.plot(group[inside], heights[inside], "o", color=BETTER, ms=2.6, mew=0, alpha=0.45, zorder=2)
        middle = np.clip(np.percentile(group, (25.0, 75.0)), low, high)
        inner.plot(middle, [y, y], color=MUTED, lw=3.0, solid_capstyle="butt", zorder=3)
        if ninth <= high:
            inner.plot([ninth], [y], "v", color=WORSE, ms=6.5, mew=0, zorder=4)
        if not inside.all():
            inner.plot([high if (group > high).any() else low], [y], ">", color=FAINT, ms=5.5, clip_on=False, zorder=4)
            far = True
        _number(ax, span, y, signed(ninth).removeprefix("+"), INK)
    return far


def _number(ax: Axes, span: tuple[float, float], y: float, words: str, colour: str) -> None:
    text = ax.text(span[0] + span[1] + _NUMBERS - 0.005, y, words, ha="right", va="center_baseline", fontsize=SMALL, color=colour)
    text.set_in_layout(False)
