"""Names as users write them, made safe to show: nothing in them hides, moves or ends what stands around them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SPACE = "Zs"  # the category of spaces, which a reader sees by what they part
JOINERS = "\u200c\u200d\ufe0e\ufe0f"  # they shape the sign before them, as Persian, Hindi and pictures need it
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")  # signs without ink
_UNIT = re.compile(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|.", re.DOTALL)
_CUT = "…"
_HEAD = 0.6  # of the letters that are kept: those before the cut; the rest, often a count, follows it
_NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?")
_FORMULA = "=+-@\t\r"  # with what a cell begins that a spreadsheet may compute


def visible(text: str, kept: str = "") -> str:
    r"""A text whose every sign is seen: what has no ink, or steers a terminal or the direction of writing, stands as its code.

    ``kept`` lists signs that stay as they are, such as the breaks of lines.

    >>> visible("a\x1b[31mb\u202ec\udc80\n"), visible("a\nb", kept="\n"), visible("Ünïcode 判决 حقوق")
    ('a\\x1b[31mb\\u202ec\\udc80\\n', 'a\nb', 'Ünïcode 判决 حقوق')
    """
    if text.isprintable() and (text.isascii() or not _BLANK.search(text)):
        return text
    return "".join(sign if _seen(text, place) or sign in kept else sign_code(sign) for place, sign in enumerate(text))


def _seen(text: str, place: int) -> bool:
    sign = text[place]
    if sign in JOINERS:
        return place > 0 and not text[place - 1].isascii() and text[place - 1].isprintable() and not _BLANK.match(text[place - 1])
    return (sign.isprintable() or unicodedata.category(sign) == _SPACE) and not _BLANK.match(sign)


def sign_code(sign: str) -> str:
    r"""A sign as its code, in letters that every font and every stream has.

    >>> sign_code("\x07"), sign_code("判"), sign_code("\udc80")
    ('\\x07', '\\u5224', '\\udc80')
    """
    return sign.encode("unicode_escape").decode("ascii")


def inked(name: str) -> str:
    """A name that can be seen: one of nothing but spaces stands in quotes.

    >>> inked("judge"), inked("  "), inked("")
    ('judge', '“  ”', '“”')
    """
    return name if name.strip() else f"“{name}”"


def short(words: str, most: int) -> str:
    r"""Words of at most ``most`` signs: of longer ones the middle is left out, and no code is cut in two.

    >>> short("central review binding", 40), short("a" * 50 + " 12", 12), short("\\u5224" * 9, 20)
    ('central review binding', 'aaaaaa…aa 12', '\\u5224…\\u5224\\u5224')
    """
    if len(words) <= most:
        return words
    units, room = _UNIT.findall(words), most - len(_CUT)
    head = _filled(units, int(_HEAD * room))
    tail = _filled(units[::-1], room - len("".join(head)))
    return "".join(head) + _CUT + "".join(tail[::-1])


def _filled(units: Iterable[str], room: int) -> list[str]:
    """As many units, from the first, as there is room for."""
    out: list[str] = []
    for unit in units:
        room -= len(unit)
        if room < 0:
            break
        out.append(unit)
    return out


def apart_from(words: str, taken: Iterable[str]) -> str:
    """The words, with a number behind them if they are taken.

    >>> apart_from("a b", ["c"]), apart_from("a b", ["a b", "a b (2)"])
    ('a b', 'a b (3)')
    """
    held, out, number = set(taken), words, 1
    while out in held:
        number += 1
        out = f"{words} ({number})"
    return out


def cut(names: Iterable[str], most: int) -> dict[str, str]:
    """Names as they are shown on one line where there is room for so many signs, no two the same.

    >>> cut(["judge", " ", "x" * 9 + "a", "x" * 9 + "b"], 5)
    {'judge': 'judge', ' ': '“ ”', 'xxxxxxxxxa': 'xx…xa', 'xxxxxxxxxb': 'xx…xb'}
    """
    out: dict[str, str] = {}
    for name in dict.fromkeys(names):
        out[name] = apart_from(short(visible(inked(name)), most), out.values())
    return out


def formulas(names: Iterable[str]) -> list[str]:
    """Names that a spreadsheet would take for formulas, each once, in order.

    >>> formulas(["judge", "=1+1", "-x", "=1+1", "-0.5"])
    ['=1+1', '-x']
    """
    return list(dict.fromkeys(name for name in names if _is_formula(name)))


def _is_formula(name: str) -> bool:
    return name[:1] != "" and name[0] in _FORMULA and not _NUMBER.fullmatch(name)


def as_cell(name: str) -> str:
    """A name as a cell of a CSV file: what a spreadsheet would compute gets an apostrophe, by which it shows text.

    >>> [as_cell(name) for name in ("judge", "=1+1", "'=1+1", "-0.5")]
    ['judge', "'=1+1", "''=1+1", '-0.5']
    """
    return f"'{name}" if _is_formula(name.lstrip("'")) else name


def from_cell(cell: str) -> str:
    """The name that stands in a cell: the way back.

    >>> [from_cell(as_cell(name)) for name in ("judge", "=1+1", "'=1+1", "'tis")]
    ['judge', '=1+1', "'=1+1", "'tis"]
    """
    return cell[1:] if cell.startswith("'") and _is_formula(cell.lstrip("'")) else cell
