"""Compositions kept on the disk: Hydra takes a second to compose the committed files, which are the same from run to run.

One is found again only under all that it was made from: what every file holds, the overrides, our sources, and the versions of
Hydra, OmegaConf, PyYAML and Python. Files of a user's own are always composed anew, and so is what is to be worked out of the
machine or the hour. Mistakes are not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import hydra
import omegaconf
import yaml

from sim.lineage import sources_in
from sim.own_folder import folder_for_notes, sealed_text, write_sealed
from sim.places import by_path, own_folders
from sim.world.leaves import Plain

_HOME = Path(__file__).parents[1]
_OURS = re.compile(r"composed-[0-9a-f]{32}")
_MOST = 64  # that stay, of those made or used last
_DIGEST_BYTES = 16


def kept(overrides: Sequence[str], contents: str) -> Plain | None:
    """What was kept of these overrides and of files that hold ``contents``; None where nothing was."""
    folder = folder_for_notes() if _may_be_kept(overrides) else None
    if folder is None:
        return None
    path = folder / _name(overrides, contents)
    if not (text := sealed_text(path)):
        return None
    with contextlib.suppress(OSError):
        path.touch()  # what is in use is forgotten last
    plain: Plain = json.loads(text)
    return plain


def keep(overrides: Sequence[str], contents: str, plain: Plain) -> None:
    """Keep what was composed, where there is a place for it and it comes back as it was."""
    folder = folder_for_notes(to_write=True) if _may_be_kept(overrides) else None
    with contextlib.suppress(OSError, TypeError, ValueError):  # a full disk; what no file can hold
        text = json.dumps(plain)
        if folder is not None and json.loads(text) == plain:
            write_sealed(folder / _name(overrides, contents), text)
            _forget_old(folder)


def _may_be_kept(overrides: Sequence[str]) -> bool:
    return not own_folders() and not by_path() and not any("$" in override for override in overrides)


def _name(overrides: Sequence[str], contents: str) -> str:
    made_from = repr((_makers(), tuple(overrides), contents)).encode("utf-8", "surrogatepass")
    return f"composed-{hashlib.blake2b(made_from, digest_size=_DIGEST_BYTES).hexdigest()}"


@cache
def _makers() -> str:
    """Digest of whatever makes a composition: our sources, as they stood when first asked, and the libraries."""
    versions = (sys.version, hydra.__version__, omegaconf.__version__, yaml.__version__)
    digest = hashlib.blake2b(repr(versions).encode(), digest_size=_DIGEST_BYTES)
    for name, source in sorted(sources_in(_HOME, _HOME.name).items()):
        text = source.text or b""
        digest.update(f"{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _forget_old(folder: Path) -> None:
    aged = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # another process may be tidying up at the same moment
            if _OURS.fullmatch(path.name):
                aged.append((path.stat().st_mtime, path))
    for _, path in sorted(aged)[:-_MOST]:
        path.unlink(missing_ok=True)
