"""Figures: a tidy frame in, drawn axes out; ``draw`` sets one on its page with title and caption, ``save`` writes it."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.figures.library import as_shipped  # before all else that imports matplotlib

# isort: split
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from experiments.figures.adaptation import adaptation
from experiments.figures.backlog import backlog
from experiments.figures.benchmark import costs, scales
from experiments.figures.calibration import calibration
from experiments.figures.conclusions import conclusions, first_places
from experiments.figures.discovery import discovery_boxes, discovery_plane
from experiments.figures.fan import fan
from experiments.figures.fates import fates
from experiments.figures.flows import flows
from experiments.figures.forest import forest
from experiments.figures.glyphs import drawable
from experiments.figures.heat_map import heat_map
from experiments.figures.interactions import interactions
from experiments.figures.intervals import headline, targeted_change, targeted_rate
from experiments.figures.pareto import pareto
from experiments.figures.patterns import patterns
from experiments.figures.plane import plane
from experiments.figures.regret import regret
from experiments.figures.requested_side import requested_side
from experiments.figures.sensitivity import morris_plane, pawn_bars, sobol_bars, tornado
from experiments.figures.slices import slices
from experiments.figures.spans import spans
from experiments.figures.style import LARGE, MUTED, NOTE, RC_STYLE, SMALL, folded, shortened
from experiments.figures.tile_map import change_map, tile_map
from experiments.figures.waterfall import shapley_waterfall
from experiments.output import naming
from sim.world.record import ConfigError

__all__ = ["FIGURES", "draw", "in_few_colours", "save"]

_FUNCTIONS = (
    *(targeted_rate, targeted_change, flows, fates, backlog, tile_map, change_map, headline, requested_side, forest, plane, slices),
    *(shapley_waterfall, interactions, pareto),
    *(sobol_bars, pawn_bars, tornado, morris_plane),
    *(heat_map, regret, fan, discovery_boxes, discovery_plane, adaptation, spans, patterns, calibration, conclusions, first_places),
    *(costs, scales),
)
FIGURES: dict[str, Callable[..., Axes]] = {function.__name__: function for function in _FUNCTIONS}
_PAGE: dict[str, Any] = {"title": "", "width_inches": 10.0, "height_inches": 6.0, "dpi": 120}
_PACKED = 3  # of 9: a third less time than the usual 6, for a hundredth more bytes
_WRITTEN: dict[str, dict[str, Any]] = {  # without date and version
    ".png": {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": _PACKED}},
    ".svg": {"metadata": {"Date": None}},
    ".pdf": {"metadata": {"CreationDate": None, "ModDate": None}},
}
_COLOURS = 256  # of a small picture: as many as one byte a pixel tells apart
_LETTERS_PER_INCH, _TITLE_LETTERS_PER_INCH = 16.0, 8.5  # of a caption and of a title, at their sizes
_TITLE, _CAPTION = " title", " caption"  # beside the options of a figure, which are names of Python
_TITLE_LINES = 2  # of a title at most
_BREAKS = re.compile(r"[\n\r\t]+")  # in a title or a caption, whose lines are broken here
CODED = "A sign that no font here can draw stands as its Unicode number."
_MARGIN = 0.012  # of the page's width
_LAYOUTS = 2  # the first one changes ticks and their labels, for which the second makes room


def draw(name: str, frame: pd.DataFrame, caption: str = "", settings: Mapping[str, Any] | None = None, **given: Any) -> Figure:
    """One figure on its page: title above, and below it what the figure says about itself and then the caption.

    ``settings`` is the figure's line in ``configs/figure``: ``title, width_inches, height_inches, dpi``; whatever else
    stands there, and ``given``, goes to the figure's function. Every text among them may be a user's: a sign without ink or one
    that no font has stands as its code, and nothing is read as a formula. Raises ``ConfigError`` for a name or an option that is
    unknown, and ``ValueError`` for a frame without the columns that the figure reads.
    """
    if name not in FIGURES:
        raise ConfigError(f"no figure is named {name!r}; accepted: {', '.join(FIGURES)}")
    page = _PAGE | dict(settings or {})
    options = _known(name, {key: value for key, value in page.items() if key not in _PAGE} | given)
    above = {_TITLE: _BREAKS.sub(" ", str(page["title"])), _CAPTION: _BREAKS.sub(" ", caption)}
    safe = drawable(frame, options | above)
    title, caption = safe.words.pop(_TITLE), safe.words.pop(_CAPTION)
    with as_shipped(RC_STYLE | {"font.family": safe.fonts}):
        size = (page["width_inches"], page["height_inches"])
        figure = Figure(figsize=size, dpi=page["dpi"])
        FigureCanvasAgg(figure)
        ax = figure.subplots()
        FIGURES[name](safe.frame, ax, **safe.words)
        _around(figure, title, " ".join([*_notes_taken(ax), caption, CODED * safe.coded]).strip())
        for _ in range(_LAYOUTS):
            ConstrainedLayoutEngine().execute(figure)  # not the figure's own, which would do it again each time it is drawn
    return figure


def _known(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The same options. Raises ``ConfigError`` for one that the figure does not take."""
    taken = FIGURES[name].__kwdefaults__ or {}
    if unknown := sorted(set(options) - set(taken)):
        raise ConfigError(f"figures.{name}: nothing is named {unknown[0]!r}; accepted: {', '.join([*_PAGE, *taken])}")
    return options


def _notes_taken(ax: Axes) -> list[str]:
    """What a figure says about itself, which is taken off its axes."""
    notes = [text for text in ax.texts if text.get_gid() == NOTE]
    for text in notes:
        text.remove()
    return [text.get_text() for text in notes]


def _around(figure: Figure, title: str, words: str) -> None:
    """The title above and the words below a figure, broken where the page ends."""
    inside = float(figure.get_figwidth()) * (1 - 2 * _MARGIN)
    across = int(_TITLE_LETTERS_PER_INCH * inside)
    heading = "\n".join(folded(shortened(title, _TITLE_LINES * across) if title else "", across))
    figure.suptitle(heading, x=_MARGIN, ha="left", fontsize=LARGE, fontweight="bold")
    lines = folded(words, int(_LETTERS_PER_INCH * inside))
    figure.supxlabel("\n".join(lines), x=_MARGIN, ha="left", fontsize=SMALL, color=MUTED, linespacing=1.35)


def save(figure: Figure, path: Path | str) -> Path:
    """Write a figure whole or not at all (png, svg or pdf, by the name's ending); the same figure gives the same bytes.

    Raises ``ConfigError`` for another ending.
    """
    path = Path(path)
    if path.suffix not in _WRITTEN:
        raise ConfigError(f"{path.name}: found the ending {path.suffix!r}; accepted: {', '.join(_WRITTEN)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with naming(path, part), as_shipped(RC_STYLE):
            whole = io.BytesIO()  # a PDF that cannot be written to the disk cannot be closed either, and fails of something else
            to = whole if path.suffix == ".pdf" else part
            figure.savefig(to, format=path.suffix[1:], dpi=figure.dpi, **_WRITTEN[path.suffix])
            if to is whole:
                part.write_bytes(whole.getvalue())
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def in_few_colours(path: Path) -> bytes:
    """A saved picture again as PNG with a palette: a third of the size, and to the eye the same; for pages that carry it inside."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()
