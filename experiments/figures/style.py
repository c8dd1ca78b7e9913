"""What all figures share: one style, one palette, and how numbers, few events and nothing at all are shown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from experiments.figures.glyphs import FONT, wide
from experiments.letters import apart_from, inked, short
from experiments.text import distinct, spoken, thousands

FEWEST = 10  # events pooled under which no rate is shown (model description, Estimands)
NO_EVENTS = "no events"
NOTE = "note"  # gid of the sentence that a figure says about itself; `draw` moves it into the caption
INK, MUTED, FAINT, PALE = "#222222", "#5f5f5f", "#b8b8b8", "#ececec"
# Okabe and Ito, Color Universal Design (2008), without yellow and black, which serve neither as thin lines nor under text.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BETTER, WORSE = PALETTE[0], PALETTE[1]  # for people: protected, or cooperation kept; and the opposite
BASE = "#a9a9a9"  # of a baseline: lighter than all of the palette, so that it is told apart in grey too
SMALL, TEXT, LARGE = 8.5, 9.5, 13.0  # points
_FAR, _MOST = 2.5, 0.85  # a row this many times larger than that share of the rows leaves the axis
_AROUND = 0.06  # of its span that an axis leaves free at each end
LONG = 44  # ordinary letters of an arm, which may hold two scenarios, or of a key
NAME_LETTERS = 40  # ordinary letters of a name: at its size about a quarter of a page's width
_COLUMNS = 4  # of a legend
_TWO = 2  # lines of a name at most

RC_STYLE: dict[str, object] = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.facecolor": "white",
    "font.family": [FONT],
    "font.size": TEXT,
    "grid.color": PALE,
    "hatch.linewidth": 0.6,
    "legend.fontsize": TEXT,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.hashsalt": "rogatory",
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "xtick.color": MUTED,
    "xtick.labelsize": TEXT,
    "ytick.color": INK,
    "ytick.labelsize": TEXT,
    "ytick.major.size": 0,
}


def present(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The named columns of a frame, rows without an entry left out; categories become plain names.

    Raises ``ValueError`` that names the columns that are missing.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"the frame has no column {', '.join(missing)}; wanted: {', '.join(columns)}")
    out = frame.loc[:, [*columns]].copy()
    for column in columns:
        if isinstance(out[column].dtype, pd.CategoricalDtype):
            out[column] = out[column].astype(object)
    return out.reset_index(drop=True)


def nothing(ax: Axes) -> Axes:
    """An empty figure that says so."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, NO_EVENTS, transform=ax.transAxes, ha="center", va="center", color=MUTED, fontsize=LARGE)
    return ax


def unframed(ax: Axes) -> None:
    """Axes without the lines around them."""
    for spine in ax.spines.values():
        spine.set_visible(False)


def striped(ax: Axes, rows: int, colour: str) -> None:
    """Every other row on a ground of its own, the first among them; rows are one unit high."""
    for y in range(0, rows, 2):
        ax.axhspan(y - 0.5, y + 0.5, color=colour, lw=0, zorder=0)


def ordered(names: Iterable[object], order: Sequence[str]) -> list[str]:
    """Names of a frame, each once, as ``order`` has them; as the frame has them where it lists none of them.

    >>> ordered(["b", "a", "b"], ["a", "c", "b"]), ordered(["b", "a"], [])
    (['a', 'b'], ['b', 'a'])
    """
    held = distinct(names)
    return [name for name in order if name in held] or held


def add_note(ax: Axes, sentence: str) -> None:
    """A sentence about the figure under its axes."""
    below = ax.annotate(sentence, (0, 0), (0, -44), "axes fraction", "offset points", ha="left", va="top", fontsize=SMALL)
    below.set_gid(NOTE)
    below.set_color(MUTED)


def page_inches(ax: Axes) -> NDArray[np.float64]:
    """Width and height of the page that axes stand on, shape ``[2]``."""
    figure = ax.get_figure(root=True)
    return np.asarray(figure.get_size_inches() if figure is not None else (1.0, 1.0), float)


def scenarios_by_name(table: pd.DataFrame) -> list[str]:
    """Scenarios by name, so that one has the same colour in every figure, whatever the order of a frame's rows."""
    return sorted(distinct(table["scenario"]))


def scenario_colours(scenarios: Sequence[str], baseline: str = "") -> dict[str, str]:
    """A colour for each scenario, the same whatever the order of a frame's rows; the baseline is light grey.

    >>> scenario_colours(["as_adopted", "no_treaty"], "no_treaty")["no_treaty"] == BASE
    True
    """
    others = [name for name in scenarios if name != baseline]
    of = {name: PALETTE[rank % len(PALETTE)] for rank, name in enumerate(sorted(others))}
    return {name: of.get(name, BASE) for name in scenarios}


def short_names(names: Iterable[object], said: Mapping[str, str] | None = None, most: int = NAME_LETTERS) -> dict[str, str]:
    """Names with the words that stand for them in a figure: short enough for it, and no two the same.

    ``said`` turns names into words; others are spoken.

    >>> short_names(["hanoi_text", "hanoi text", "IRL"], {"IRL": "Ireland"})
    {'hanoi_text': 'hanoi text', 'hanoi text': 'hanoi text (2)', 'IRL': 'Ireland'}
    >>> short_names(["x" * 50 + "y"], most=8)["x" * 50 + "y"]
    'xxx…xxy'
    """
    out: dict[str, str] = {}
    for name in dict.fromkeys(str(name) for name in names):
        out[name] = apart_from(shortened((said or {}).get(name, spoken(name)), most), out.values())
    return out


def name_lines(names: Iterable[object], said: Mapping[str, str] | None = None, most: int = LONG) -> dict[str, str]:
    r"""Names as ``short_names`` has them, but one that needs two lines of so many letters has two and is not cut.

    >>> name_lines(["a_b"]), name_lines(["one_two_three", "x" * 40], most=8)
    ({'a_b': 'a b'}, {'one_two_three': 'one two\nthree', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx': 'xxx…xxx'})
    """
    whole = short_names(names, said, 2 * most)
    cut = short_names(names, said, most)
    lines = {name: _in_two(words, most) for name, words in whole.items()}
    return {
        name: "\n".join(lines[name]) if len(lines[name]) <= _TWO and "…" not in words else cut[name]
        for name, words in whole.items()
    }


def _in_two(words: str, most: int) -> list[str]:
    """A name in lines, broken behind its last comma where that gives two that fit."""
    first, comma, last = words.rpartition(", ")
    if wide(words) <= most:
        return [words]
    if comma and max(wide(first), wide(last)) < most:
        return [f"{first},", last]
    return folded(words, most)


def shortened(words: str, most: int = NAME_LETTERS) -> str:
    """Words as wide as so many ordinary letters at most, with the middle left out of what is longer; blanks stand in quotes.

    >>> shortened("no treaty", 9), shortened("W" * 12, 9), shortened("  ")
    ('no treaty', 'W…WW', '“  ”')
    """
    size = wide(words)
    return short(inked(words), most if size <= most else int(most * len(words) / size))


def folded(words: str, letters: int) -> list[str]:
    """Lines of so many letters; a line of wide letters has fewer.

    >>> folded("one two three", 8), folded("a WWWW WWWWWWWW", 8), folded("", 8)
    (['one two', 'three'], ['a', 'WWWW', 'WWWW', 'WWWW'], [])
    """
    return [part for line in textwrap.wrap(words, letters) for part in ([line] if wide(line) <= letters else _parts(line, letters))]


def _parts(line: str, letters: int) -> Iterator[str]:
    """A line that is too wide, broken at spaces, and within words that are too wide by themselves."""
    held = ""
    for word in line.split(" "):
        if held and wide(f"{held} {word}") > letters:
            yield held
            held = ""
        held = f"{held} {word}" if held else word
        while wide(held) > letters and len(held) > 1:
            fits = max(next(place for place in range(len(held)) if wide(held[: place + 1]) > letters), 1)
            yield held[:fits]
            held = held[fits:]
    if held:
        yield held


def legend_columns(names: Iterable[str]) -> int:
    """Columns of a legend over the axes: as many as there is room for."""
    return _COLUMNS if sum(map(wide, names)) <= NAME_LETTERS else 1


def runs_behind(table: pd.DataFrame) -> str:
    """How many runs stand behind a frame, by its column ``runs``.

    >>> runs_behind(pd.DataFrame({"runs": [1]})), runs_behind(pd.DataFrame({"runs": [3, 8]}))
    ('1 run', '3 to 8 runs')
    """
    least, most = int(table["runs"].min()), int(table["runs"].max())
    return f"{thousands(least)} to {thousands(most)} runs" if least < most else f"{thousands(most)} run{'s' * (most > 1)}"


def usual(values: NDArray[np.float64], far: float = _FAR, most: float = _MOST, least: float = 0.0) -> NDArray[np.bool_]:
    """Rows of ``values``, shape ``[R, ...]``, whose largest entry is at most ``far`` times what the share ``most`` stays under.

    Nothing up to ``least`` is unusual.

    >>> usual(np.array([[-10.0], [30.0], [-20.0], [5.0], [640.0]])).tolist()
    [True, True, True, True, False]
    >>> usual(np.zeros((0, 3))).tolist()
    []
    """
    size = np.abs(np.nan_to_num(values)).max(axis=tuple(range(1, values.ndim)), initial=0.0)
    bound = far * float(np.quantile(size, most, method="lower")) if size.size else 0.0
    return np.asarray(size <= max(bound, least))


def edges(values: NDArray[np.float64]) -> tuple[float, float]:
    """Ends of an axis that shows zero and all of ``values``.

    >>> edges(np.array([-20.0, 30.0])), edges(np.zeros(0))
    ((-23.0, 33.0), (-1.0, 1.0))
    """
    kept = np.nan_to_num(values)
    if not kept.any():
        return -1.0, 1.0
    low, high = min(float(kept.min()), 0.0), max(float(kept.max()), 0.0)
    room = _AROUND * (high - low)
    return low - room, high + room


def spaced_apart(wanted: Sequence[float], gap: float) -> NDArray[np.float64]:
    """Places as near as can be to those wanted, in the same order and at least ``gap`` apart, shape ``[L]``.

    >>> spaced_apart([0.0, 0.0, 5.0], 1.0).tolist()
    [-0.5, 0.5, 5.0]
    """
    order = np.argsort(np.asarray(wanted, float), kind="stable")
    blocks: list[tuple[float, int]] = []  # lowest place, number of labels
    for value in np.asarray(wanted, float)[order]:
        low, size = float(value), 1
        while blocks and blocks[-1][0] + gap * blocks[-1][1] > low:
            before, many = blocks.pop()
            centre = (many * (before + gap * (many - 1) / 2) + size * (low + gap * (size - 1) / 2)) / (many + size)
            size += many
            low = centre - gap * (size - 1) / 2
        blocks.append((low, size))
    places = np.concatenate([low + gap * np.arange(size) for low, size in blocks]) if blocks else np.zeros(0)
    out = np.empty(places.size)
    out[order] = places
    return out
