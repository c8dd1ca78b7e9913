"""Numbers in the sentences of an analysis: with their two kinds of limits, named."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np

Row = Mapping[Hashable, Any]


def said(name: object) -> str:
    """A name of the code as words.

    >>> said("reform_bundle"), said("judge+notice")
    ('reform bundle', 'judge + notice')
    """
    return str(name).replace("_", " ").replace("+", " + ")


def number(value: float, decimals: int = 1) -> str:
    """A number with a true minus, never minus zero.

    >>> number(-3.14159), number(-0.01), number(0.0123, 3)
    ('−3.1', '0.0', '0.012')
    """
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if not float(text) else text.replace("-", "−")


def share(value: float) -> str:
    """A share in per cent.

    >>> share(0.734), share(0.0)
    ('73 %', '0 %')
    """
    return f"{100 * value:.0f} %"


def span(low: float, high: float, decimals: int = 1) -> str:
    """Two limits; nothing where they are missing.

    >>> span(-1.0, 2.0), span(float("nan"), 1.0)
    ('−1.0 to 2.0', '')
    """
    return "" if np.isnan([low, high]).any() else f"{number(low, decimals)} to {number(high, decimals)}"


def limits(row: Row, scale: float = 1.0, decimals: int = 1) -> str:
    """The limits of a row by what they hold, in brackets; nothing where both are missing.

    >>> limits({"parameter_low": 1.0, "parameter_high": 2.0, "replicate_low": float("nan"), "replicate_high": 3.0})
    ' (draws 1.0 to 2.0)'
    """
    parts = []
    for kind, word in (("parameter", "draws"), ("replicate", "worlds")):
        found = span(scale * float(row[f"{kind}_low"]), scale * float(row[f"{kind}_high"]), decimals)
        parts += [f"{word} {found}"] if found else []
    return f" ({'; '.join(parts)})" if parts else ""


def listed(words: Iterable[str]) -> str:
    """Words in a row.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed([])
    ('a, b and c', 'a', '')
    """
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def counted(count: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "draw"), counted(64, "draw")
    ('1 draw', '64 draws')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}".replace(",", "\u202f")
