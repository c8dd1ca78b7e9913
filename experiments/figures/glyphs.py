"""What the fonts of a machine can draw: for each sign a font that has it, or its code where none has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags

from experiments.letters import JOINERS, apart_from, inked, sign_code, visible

FONT = "DejaVu Sans"  # comes with the drawing library, so that it is the same everywhere
_LETTER = 0.53  # of a letter's size: the mean width of letters in English text
_WEIGHTS = (400, 700)  # normal and bold: no figure says beforehand which it uses for a name
_PREFERRED = ("Noto Sans", "Source Han Sans", "WenQuanYi", "Droid Sans", "Arial Unicode MS", "FreeSans", "Unifont")
_NO_TEXT = ("Last Resort", "LastResort", "Adobe Blank", "cm", "STIXSize", "STIXNonUnicode", "DejaVu Math")  # families of no letters


class Drawable(NamedTuple):
    """What a figure is given, in signs that can be drawn."""

    frame: pd.DataFrame
    words: dict[str, Any]
    fonts: list[str]  # families, in the order in which a sign is looked for
    coded: bool  # whether a sign stands as its code because no font has it


def drawable(frame: pd.DataFrame, words: Mapping[str, Any]) -> Drawable:
    """A frame and whatever else a figure is given by name, with every text in signs that are seen and that a font can draw.

    Texts that differ still differ afterwards, so that rows and names find each other; a text of usual letters stays what it is.
    ``words`` holds texts, maps and collections of them, nested as they come; all else in it is left alone, and so is the given
    frame.
    """
    columns = [place for place, kind in enumerate(frame.dtypes) if not pd.api.types.is_numeric_dtype(kind)]
    held = [list(frame.iloc[:, place].unique()) for place in columns]
    texts = list(dict.fromkeys(_texts([*held, *words.values()])))
    seen = [visible(inked(text) if text else text) for text in texts]
    fonts, missing = _fonts_for(set("".join(seen)))
    changed = _changes(texts, [_coded(shown, missing) for shown in seen])
    if not changed:
        return Drawable(frame, dict(words), fonts, False)
    out = frame.copy()
    for place in columns:
        out.isetitem(place, [_told(value, changed) for value in frame.iloc[:, place]])
    return Drawable(out, {name: _told(value, changed) for name, value in words.items()}, fonts, bool(missing))


def _changes(texts: Sequence[str], drawn: Sequence[str]) -> dict[str, str]:
    """The texts that are drawn otherwise than they are, each with what is drawn; no two the same."""
    changed: dict[str, str] = {}
    for text, other in zip(texts, drawn, strict=True):
        if other != text:
            changed[text] = apart_from(other, [*texts, *changed.values()])
    return changed


def _coded(text: str, missing: Set[str]) -> str:
    """A text with codes for signs that are missing, and for what would join a code to the next sign."""
    out: list[str] = []
    for sign in text:
        alone = sign in missing or (sign in JOINERS and bool(out) and len(out[-1]) > 1)
        out.append(sign_code(sign) if alone else sign)
    return "".join(out)


def _texts(value: object) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for pair in value.items():
            yield from _texts(pair)
    elif isinstance(value, list | tuple | Set):
        for part in value:
            yield from _texts(part)


def _told(value: Any, changed: Mapping[str, str]) -> Any:
    """A value with every text in it as it is shown."""
    if isinstance(value, str):
        return changed.get(value, value)
    if isinstance(value, Mapping):
        return {_told(key, changed): _told(held, changed) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_told(part, changed) for part in value]
    return {_told(part, changed) for part in value} if isinstance(value, Set) else value


def _fonts_for(signs: Set[str]) -> tuple[list[str], set[str]]:
    """Families that together have the signs, and the signs that none has."""
    fonts, missing = [FONT], {sign for sign in signs if ord(sign) not in signs_of(FONT)}
    for family in _others() if missing else ():
        had = {sign for sign in missing if ord(sign) in signs_of(family)}
        if had:
            fonts.append(family)
            missing -= had
        if not missing:
            break
    return fonts, missing


def _others() -> list[str]:
    """Families that are installed besides our own, those that serve many scripts first, then by name."""
    names = {entry.name for entry in font_manager.fontManager.ttflist}
    fit = sorted(name for name in names if name != FONT and not name.startswith(_NO_TEXT))
    return sorted(
        fit, key=lambda name: next((place for place, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED))
    )


@cache
def signs_of(family: str) -> frozenset[int]:
    """Code points that a family has in both weights that figures use; none for one that cannot be drawn."""
    entries = [entry for entry in font_manager.fontManager.ttflist if entry.name == family and entry.style == "normal"]
    if not entries:
        return frozenset()
    nearest = [min(entries, key=lambda entry: abs(_weight(entry.weight) - weight)) for weight in _WEIGHTS]
    return frozenset.intersection(*(_charmap(entry.fname, entry.index) for entry in nearest))


def _weight(said: int | str) -> int:
    return int(font_manager.weight_dict.get(said, _WEIGHTS[0])) if isinstance(said, str) else said


def _charmap(path: str, face: int) -> frozenset[int]:
    try:
        font = FT2Font(path, face_index=face)
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (ValueError, RuntimeError, OSError):  # not there any more, or of a kind that cannot be drawn
        return frozenset()


def wide(words: str) -> float:
    """Width of words in ordinary letters of our font; a sign that it has not is as wide as it is high.

    >>> 0.9 < wide("ordinary letters") / len("ordinary letters") < 1.1, wide("WW") > 3.5
    (True, True)
    """
    return sum(map(_advance, words))


@cache
def _advance(sign: str) -> float:
    if ord(sign) not in signs_of(FONT):
        return 1 / _LETTER
    font = _own()
    return font.load_char(ord(sign), flags=LoadFlags.NO_SCALE).horiAdvance / (_LETTER * font.units_per_EM)


@cache
def _own() -> FT2Font:
    return FT2Font(font_manager.findfont(FONT))
