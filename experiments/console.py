"""The one door to a terminal: what a study prints is text, whatever signs names are made of, in signs that can be printed there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from experiments.letters import visible

PIPE_WIDTH = 150  # letters of a line where nobody's screen says how many
_NARROWEST, _USUAL = 79, (80, 25)  # letters of a line that are laid out at least; letters and lines of a screen that does not tell
_SIZES = ("COLUMNS", "LINES")  # variables of the environment
_DIGITS = 5  # of a size that no screen has
_KEPT = "\n\t"
_WORDS = ("estimand", "unit", "arm", "definition", "store", "state", "command")  # columns of a table that stand left
_BROKEN = ("unit", "arm", "definition", "scenario", "store", "command")  # columns of a table whose words may go on on another line
_ASCII = str.maketrans(
    {
        "→": "->",
        "−": "-",
        "–": "-",
        "—": "-",
        "…": "...",
        "›": ">",
        "≤": "<=",
        "≥": ">=",
        "±": "+/-",
        "×": "x",
        "·": ".",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "\u202f": " ",
        "\xa0": " ",
        "✓": "yes",
        "✗": "no",
    }
)  # signs that studies print, for a stream that knows letters of English alone


_ASCII_LETTERS = {sign: words[0] for sign, words in _ASCII.items()}


class Terminal(Console):
    """A console that prints text as text: no markup in it, no name of a picture, no sign that steers the terminal.

    Markup is asked for by name (``style``, or a ``Text``). What the stream cannot encode stands as its code.
    """

    def __init__(self, **given: Any) -> None:
        if not all(map(_sound, _SIZES)):
            wide, high = _of_the_screen()
            given = {"width": wide, "height": high} | given
        super().__init__(**{"markup": False, "emoji": False} | given)

    @property
    def size(self) -> ConsoleDimensions:
        """Letters of a line and lines, never so few letters that nothing could be laid out."""
        found = super().size
        return ConsoleDimensions(max(found.width, _NARROWEST), found.height)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size

    def render_str(self, text: str, **given: Any) -> Text:
        """A string as it is printed."""
        return super().render_str(self.shown(text), **given)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Whatever is printed, in segments; a text in it as it can be shown."""
        if isinstance(renderable, Text) and (plain := self.shown(renderable.plain)) != renderable.plain:
            spans = renderable.spans if len(plain) == len(renderable.plain) else []
            renderable = Text(
                plain, renderable.style, justify=renderable.justify, overflow=renderable.overflow, no_wrap=renderable.no_wrap,
                end=renderable.end, spans=spans,
            )  # fmt: skip
        return map(self._encodable, super().render(renderable, options))

    def _encodable(self, segment: Segment) -> Segment:
        """A segment with another letter for each sign of the layout itself that the stream cannot encode."""
        try:
            segment.text.encode(self.encoding)
        except UnicodeEncodeError:
            plain = segment.text.translate(_ASCII_LETTERS).encode(self.encoding, "replace").decode(self.encoding)
            return Segment(plain, segment.style, segment.control)
        return segment

    def shown(self, text: str) -> str:
        """A text in signs that are seen and that the stream can encode."""
        out = visible(text, _KEPT)
        try:
            out.encode(self.encoding)
        except UnicodeEncodeError:
            return out.translate(_ASCII).encode(self.encoding, "backslashreplace").decode(self.encoding)
        return out


def _sound(name: str) -> bool:
    """Whether the environment says nothing of a size, or a number that can be believed."""
    said = os.environ.get(name, "1")
    return said.isascii() and said.isdigit() and int(said[:_DIGITS]) > 0 and len(said) < _DIGITS


def _of_the_screen() -> tuple[int, int]:
    """Letters of a line and lines of the screen; the usual ones where there is none."""
    try:
        found = os.get_terminal_size()
    except OSError:
        return _USUAL
    return (found.columns or _USUAL[0], found.lines or _USUAL[1])


def console_of(pipe_width: int = PIPE_WIDTH) -> Terminal:
    """A terminal as wide as it is; a pipe wide enough for the table."""
    console = Terminal()
    return console if console.is_terminal else Terminal(width=pipe_width)


def table_of(title: str, columns: Sequence[str]) -> Table:
    """An empty table; columns of words stand left, of numbers right. Where there is little room names are broken, never numbers."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in _WORDS else "right", no_wrap=column not in _BROKEN)
    return table
