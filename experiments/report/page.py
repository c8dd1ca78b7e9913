"""A page of HTML as a tree of elements: every text is escaped when the tree is written, and nothing is fetched from anywhere.

Whatever a user's names are made of, they are text here: signs that are not seen stand as their codes, in attributes too.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, tostring  # written, never parsed

from experiments.letters import visible

STYLE_SHEET = Path(__file__).with_name("report.css")
_SEALED = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_BLOCKS = {
    "p",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "tr",
    "thead",
    "tbody",
    "table",
    "caption",
    "section",
}
_BLOCKS |= {
    "figure",
    "figcaption",
    "div",
    "nav",
    "header",
    "main",
    "footer",
    "meta",
    "title",
    "style",
    "head",
    "body",
    "pre",
    "details",
    "summary",
}
_KEPT = "\n\t"  # in texts whose lines are kept
_ODD = re.compile(r"[^A-Za-z0-9_+@.-]")  # signs that an address would write otherwise
_DENSE = 7  # columns above which a table is set smaller on paper
Content = str | Element | Iterable["str | Element | None"] | None


def tag(name: str, /, *content: Content, **attributes: str) -> Element:
    """One element. Attributes are written as Python names: ``class_``, ``aria_label``.

    >>> tostring(tag("p", "a < b ", tag("b", "c"), " d", class_="x"), encoding="unicode", method="html").strip()
    '<p class="x">a &lt; b <b>c</b> d</p>'
    """
    node = Element(name, {key.rstrip("_").replace("_", "-"): visible(value, _KEPT) for key, value in attributes.items()})
    for part in content:
        _add(node, part)
    if name in _BLOCKS:
        node.tail = "\n"
    return node


def _add(node: Element, part: Content) -> None:
    if isinstance(part, Element):
        node.append(part)
    elif isinstance(part, str):
        words = visible(part, _KEPT)
        if len(node):
            node[-1].tail = (node[-1].tail or "") + words
        else:
            node.text = (node.text or "") + words
    elif part is not None:
        for piece in part:
            _add(node, piece)


def anchor(kind: str, name: str) -> str:
    """An identity on the page for a name of a user's making; different names have different ones.

    >>> anchor("arm", "judge+notice@everywhere"), anchor("arm", "a b")
    ('arm-judge+notice@everywhere', 'arm-a~20~b')
    """
    return f"{kind}-" + _ODD.sub(lambda sign: f"~{ord(sign[0]):x}~", name)


def section(identity: str, heading: str, *content: Content) -> Element:
    """A part of the page under a heading of the second rank."""
    return tag("section", tag("h2", heading, id=identity), *content, aria_labelledby=identity)


def line(*cells: str | Element) -> list[str | Element]:
    """One row of a table."""
    return [*cells]


def table(caption: str, head: Sequence[str], rows: Iterable[Iterable[str | Element]], words: int | Container[int] = 1) -> Element:
    """A table with a caption and scoped headings; the first cell heads its row, the first ``words`` columns are text.

    ``words`` may name the places of the columns that are text instead. The table scrolls by itself where the page is narrower, and
    can be reached by the keyboard to do so.
    """
    told = range(words) if isinstance(words, int) else words
    kinds = ["words" if place in told or not place else "number" for place in range(len(head))]
    top = tag("tr", [tag("th", name, scope="col", class_=kind) for name, kind in zip(head, kinds, strict=True)])
    body = []
    for first, *rest in rows:
        cells = [tag("td", cell, class_=kind) for cell, kind in zip(rest, kinds[1:], strict=True)]
        body.append(tag("tr", tag("th", first, scope="row", class_="words"), cells))
    whole = tag("table", tag("caption", caption), tag("thead", top), tag("tbody", body))
    return tag(
        "div",
        whole,
        class_="wide dense" if len(head) > _DENSE else "wide",
        role="group",
        aria_label=caption.partition(".")[0],
        tabindex="0",
    )


def page(title: str, content: Iterable[Element]) -> str:
    """The whole document; a policy inside it forbids whatever would come from elsewhere."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_SEALED),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", STYLE_SHEET.read_text(encoding="utf-8")),
    )
    body = tag("body", tag("a", "Skip to the answer", href="#answer", class_="skip"), content)
    return "<!DOCTYPE html>\n" + tostring(tag("html", head, body, lang="en-GB"), encoding="unicode", method="html")
