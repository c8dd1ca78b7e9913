"""How analyses write numbers and names: per cent with as many decimals as they need, intervals in brackets."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

Row = Mapping[Hashable, Any]
_WHOLE, _SLIGHT = 9.95, 0.0995  # per cent from which a number bears no decimal; under which it bears three
PER_CENT = 100.0
_DECIMALS = (0, 1, 2, 3)


def spoken(name: str) -> str:
    """A name of the code as words."""
    return name.replace("_", " ")


def under(condition: str, sentence: str) -> str:
    """A sentence with the condition that it holds under, or with a capital where there is none.

    >>> under("with_load", "all is well."), under("", "all is well.")
    ('With load: all is well.', 'All is well.')
    """
    return f"{spoken(condition).capitalize()}: {sentence}" if condition else sentence[:1].upper() + sentence[1:]


def quoted(name: str) -> str:
    """A name of the code as words that cannot run into the sentence around them.

    >>> quoted("harm_and")
    '“harm and”'
    """
    return f"“{spoken(name)}”"


def number(value: float, decimals: int | None = None) -> str:
    """A percentage without its sign for per cent.

    >>> number(41.7), number(-3.14), number(0.314), number(-0.0)
    ('42', '−3.1', '0.31', '0')
    """
    text = f"{value:.{_decimals(value) if decimals is None else decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def band(value: float, low: float | None = None, high: float | None = None) -> str:
    """Per cent with its interval, all with the decimals that the largest of the three needs; nothing where none is given.

    An interval that is missing (one world, or Fieller's without bounds) is said, for no number is less sure.

    >>> band(9.0, 7.9, 10.1), band(-0.8, -1.1, -0.5), band(12.0), band(12.0, np.nan, np.nan)
    ('9 % (8 to 10)', '−0.8 % (−1.1 to −0.5)', '12 %', '12 % (no bounds)')
    """
    if low is None or high is None:
        return f"{number(value)} %"
    if np.isnan([low, high]).any():
        return f"{number(value)} % (no bounds)"
    words = [number(part, _decimals(max((value, low, high), key=abs))) for part in (value, low, high)]
    return f"{words[0]} % ({words[1]} to {words[2]})"


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def share(value: float) -> str:
    """A share in [0, 1] in per cent.

    >>> share(0.734), share(0.0)
    ('73 %', '0 %')
    """
    return f"{PER_CENT * value:.0f} %"


def span(low: float, high: float, decimals: int | None = 1) -> str:
    """Two limits; nothing where one is missing.

    >>> span(-1.0, 2.0), span(float("nan"), 1.0)
    ('−1.0 to 2.0', '')
    """
    return "" if np.isnan([low, high]).any() else f"{number(low, decimals)} to {number(high, decimals)}"


def limits(row: Row, scale: float = 1.0, decimals: int = 1) -> str:
    """What a row says of both kinds of uncertainty, in brackets: limits over parameter draws, and over worlds and luck.

    >>> limits({"draw_low": 1.0, "draw_high": 2.0, "world_low": float("nan"), "world_high": 3.0})
    ' (draws 1.0 to 2.0)'
    """
    parts = []
    for kind, word in (("draw", "draws"), ("world", "worlds")):
        found = span(scale * float(row[f"{kind}_low"]), scale * float(row[f"{kind}_high"]), decimals)
        parts += [f"{word} {found}"] if found else []
    return f" ({'; '.join(parts)})" if parts else ""


def counted(count: float, noun: str) -> str:
    """A number of things.

    >>> counted(1, "draw"), counted(64, "draw"), counted(2.5, "year")
    ('1 draw', '64 draws', '2.5 years')
    """
    return f"{count:,g} {noun}{'' if count == 1 else 's'}".replace(",", "\u202f")


def _decimals(value: float) -> int:
    size = abs(value)
    return (
        _DECIMALS[0]
        if size >= _WHOLE or size == 0
        else _DECIMALS[1]
        if size >= 1
        else _DECIMALS[2]
        if size >= _SLIGHT
        else _DECIMALS[3]
    )
