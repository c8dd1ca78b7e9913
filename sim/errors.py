"""How a mistake is worded: one line for people, and a value quoted no longer than a person would read."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from reprlib import Repr

_LETTERS = 120  # of a value that a mistake quotes
_ENTRIES, _DEEP = 6, 3  # of a list or a map that it quotes


class RogatoryError(Exception):
    """What a user can have done wrong; its text is one line for people, shown without a traceback (exit status 2)."""


class ConfigError(RogatoryError):
    """A configuration that cannot be run: names the key, what was found and what is accepted."""


def quoted(value: object) -> str:
    """A value as a mistake shows it: on one line, and no longer than a person would read.

    >>> quoted("judge"), quoted("x" * 100_000) == repr("x" * 100_000), len(quoted("x" * 100_000)) <= 120
    ("'judge'", False, True)
    """
    try:
        text = _QUOTES.repr(value)
    except ValueError:  # a whole number of more digits than Python puts into words
        return "a whole number of thousands of digits"
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - len(_CUT)]}{_CUT}"


def in_brief(names: Collection[str]) -> str:
    """Names as a mistake lists them: as many as one would read, and how many there are.

    >>> in_brief(["judge", "notice"]), in_brief(["x" * 90] * 9).endswith(", ... (9 in all)")
    ('judge, notice', True)
    """
    listed = ", ".join(names)
    return listed if len(listed) <= _LISTED else f"{listed[:_LISTED].rpartition(', ')[0]}, ... ({len(names)} in all)"


RENAMED = {"luck": "replicates"}
"""What keys of the configuration were called in earlier versions, and what they are called now."""
_LISTED = 420  # letters of names: with what was found and a question, a line that one reads


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that was probably meant, whatever its case.

    >>> nearest("jugde", ["judge", "desk"]), nearest("usa", ["AUS", "USA"]), nearest("amulet", ["judge"])
    ('judge', 'USA', None)
    """
    if len(name) > max(map(len, known), default=0) * 2:  # nothing is near it, and looking would take long
        return None
    folded = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), folded, n=1)
    return folded[found[0]] if found else None


def meant(found: object, known: Collection[str]) -> str:
    """A question, to end a mistake with, after the name that was probably meant; nothing where none comes near.

    >>> meant("jugde", ["judge", "notice"]), meant("x", ["judge"])
    ("; did you mean 'judge'?", '')
    >>> meant("luck", ["seeds", "replicates"])
    "; it is called 'replicates' now"
    """
    if (now := RENAMED.get(str(found))) in known:
        return f"; it is called {now!r} now"
    near = nearest(str(found), known)
    return f"; did you mean {near!r}?" if near and near != found else ""


_CUT = "..."
_QUOTES = Repr(
    maxlevel=_DEEP, maxstring=_LETTERS, maxother=_LETTERS, maxlong=_LETTERS, maxlist=_ENTRIES, maxtuple=_ENTRIES, maxdict=_ENTRIES,
    maxset=_ENTRIES,
)  # fmt: skip
