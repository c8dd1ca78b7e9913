"""Names of files and folders that every system takes."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
import uuid

_PLAIN = re.compile(r"[^A-Za-z0-9._+@=-]")  # letters that some system does not take in a name, or reads as something else
_LETTERS = 100  # of a name; *assumption*: with stamp and ending well below the 255 bytes that file systems take
_DIGEST = 8  # hexadecimal digits that tell names apart whose letters were lost
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # what Windows takes for a device


def safe_name(text: str) -> str:
    """A name of one file or folder that every system takes, whatever the text: no path, nothing hidden, not too long.

    Text that is such a name stays as it is; from other text what is left is told apart by a digest.

    >>> safe_name("judge+notice@everywhere"), safe_name("../x")
    ('judge+notice@everywhere', '_x-d6b96a97')
    """
    plain = _PLAIN.sub("_", unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()).strip(".-")
    if plain and plain == text and len(plain) <= _LETTERS and not _DEVICES.fullmatch(plain):
        return plain
    plain = plain[: _LETTERS - _DIGEST - 1].rstrip(".-")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{plain.replace('.', '_') if _DEVICES.fullmatch(plain) else plain}-{digest}".lstrip("-")


def stamped(label: str) -> str:
    """A folder name that sorts by time and tells runs of one second apart."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{safe_name(label)}-{uuid.uuid4().hex[:4]}"
