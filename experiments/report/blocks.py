"""A text in parts, written once and shown twice: as elements of the page, and as Markdown for whoever wants it elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from experiments.report.page import line, table, tag

_INLINE = re.compile(
    r"``(?P<long>.+?)``|`(?P<short>[^`\n]+)`|\*\*(?P<bold>[^*]+)\*\*"
    r"|(?<![\w*])\*(?P<leaning>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
)
_DEEPEST = 6  # rank of a heading, in HTML and in Markdown
_BULLET = re.compile(r"^[-*] +")
_DOCTEST = ">>>"
_RULED = re.compile(r"^=+( +=+)+$")  # a table drawn in a docstring


class Text(NamedTuple):
    """A paragraph; ``names``, *stress* and **weight** are marked as in docstrings."""

    words: str


class Items(NamedTuple):
    """A list; below an item there may be another one."""

    items: Sequence[tuple[str, Items | None]]
    ordered: bool = False


class CodeLines(NamedTuple):
    """Lines that keep their breaks."""

    text: str


class Folded(NamedTuple):
    """Lines that keep their breaks, under a summary that opens them; on paper and in Markdown they stay away."""

    summary: str
    text: str


class Grid(NamedTuple):
    """A table: a caption, headings, rows of marked words; the first ``words`` columns are text, the others numbers."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int


class TextPart(NamedTuple):
    """A heading and what stands below it."""

    identity: str
    heading: str
    blocks: Sequence[Text | Items | CodeLines | Folded | Grid | TextPart]

    def every(self) -> Iterator[TextPart]:
        """The part itself and all below it, in order."""
        yield self
        for block in self.blocks:
            if isinstance(block, TextPart):
                yield from block.every()


Leaf = Text | Items | CodeLines | Folded | Grid
Block = Leaf | TextPart


def listed_as(words: Sequence[str], ordered: bool = False) -> Items:
    """A list without nesting, from its items."""
    return Items([(word, None) for word in words], ordered)


def inline(words: str) -> list[str | Element]:
    """Marked words as text and elements.

    >>> [part if isinstance(part, str) else (part.tag, part.text) for part in inline("a ``b * c`` *d*, 2 * 3 * 4")]
    ['a ', ('code', 'b * c'), ' ', ('em', 'd'), ', 2 * 3 * 4']
    """
    out: list[str | Element] = []
    last = 0
    for found in _INLINE.finditer(words):
        if found.start() > last:
            out.append(words[last : found.start()])
        kind = {"long": "code", "short": "code", "bold": "b", "leaning": "em"}[str(found.lastgroup)]
        out.append(tag(kind, found[str(found.lastgroup)]))
        last = found.end()
    return [*out, words[last:]] if last < len(words) else out


def unmarked(words: str) -> str:
    """Marked words without their marks.

    >>> unmarked("a ``b * c`` *d*, 2 * 3 * 4")
    'a b * c d, 2 * 3 * 4'
    """
    return _INLINE.sub(lambda found: str(found[str(found.lastgroup)]), words)


def elements(part: TextPart, rank: int) -> list[Element]:
    """A part as elements; its heading has that rank."""
    out = [tag(f"h{min(rank, _DEEPEST)}", inline(part.heading), id=part.identity)]
    for block in part.blocks:
        out += elements(block, rank + 1) if isinstance(block, TextPart) else [_element(block)]
    return out


def _element(block: Leaf) -> Element:
    if isinstance(block, Text):
        return tag("p", inline(block.words))
    if isinstance(block, CodeLines):
        return tag("pre", tag("code", block.text))
    if isinstance(block, Folded):
        lines = tag("pre", tag("code", block.text))
        around = tag("div", lines, class_="wide", role="group", aria_label=block.summary, tabindex="0")
        return tag("details", tag("summary", block.summary), around)
    if isinstance(block, Grid):
        rows = [line(*(_cell(cell) for cell in row)) for row in block.rows]
        return table(unmarked(block.caption), block.head, rows, words=block.words)
    return _list(block)


def _cell(cell: str) -> str | Element:
    parts = inline(cell)
    if not parts:
        return ""
    return parts[0] if len(parts) == 1 else tag("span", parts)


def _list(block: Items) -> Element:
    items = [tag("li", inline(words), _list(below) if below is not None else None) for words, below in block.items]
    return tag("ol" if block.ordered else "ul", items)


def markdown(part: TextPart, rank: int = 1) -> str:
    """A part as Markdown (GitHub's, with its tables); its heading has that rank."""
    below = [markdown(block, rank + 1).rstrip() if isinstance(block, TextPart) else _marked(block) for block in part.blocks]
    return "\n\n".join(filter(None, [f"{'#' * min(rank, _DEEPEST)} {part.heading}", *below])) + "\n"


def _marked(block: Leaf) -> str:
    if isinstance(block, Folded):
        return ""
    if isinstance(block, Text):
        return _ticked(block.words)
    if isinstance(block, CodeLines):
        return f"```\n{block.text}\n```"
    if isinstance(block, Items):
        return "\n".join(_bullets(block, 0))
    rows = [block.head, ["---" if place < block.words else "---:" for place in range(len(block.head))], *block.rows]
    lines = ["| " + " | ".join(_ticked(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return f"**{_ticked(block.caption)}**\n\n" + "\n".join(lines)


def _ticked(words: str) -> str:
    """Names between single ticks, as Markdown has them."""
    return re.sub(r"``(.+?)``", r"`\1`", words)


def _bullets(block: Items, depth: int) -> Iterator[str]:
    for number, (words, below) in enumerate(block.items, start=1):
        yield f"{'   ' * depth}{f'{number}.' if block.ordered else '-'} {_ticked(words)}"
        if below is not None:
            yield from _bullets(below, depth + 1)


def docstring_blocks(doc: str) -> list[Block]:
    r"""A docstring as blocks: paragraphs, lists, tables as they are drawn; examples are left out.

    >>> docstring_blocks("One line\nof two.\n\n- a\n  b\n- c\n\n>>> 1 + 1\n2")
    [Text(words='One line of two.'), Items(items=[('a b', None), ('c', None)], ordered=False)]
    """
    out: list[Block] = []
    for paragraph in re.split(r"\n\s*\n", doc.strip()):
        lines = paragraph.splitlines()
        if lines[0].lstrip().startswith(_DOCTEST):
            continue
        if _RULED.match(lines[0]):
            out.append(CodeLines(paragraph))
        elif all(text.startswith("    ") for text in lines):
            out.append(CodeLines("\n".join(text[4:] for text in lines)))
        elif _BULLET.match(lines[0]):
            out.append(listed_as(_gathered(lines)))
        else:
            out.append(Text(" ".join(text.strip() for text in lines)))
    return out


def _gathered(lines: Sequence[str]) -> list[str]:
    """Items of a list, each on one line."""
    items: list[str] = []
    for text in lines:
        if _BULLET.match(text):
            items.append(_BULLET.sub("", text))
        else:
            items[-1] += f" {text.strip()}"
    return items
