"""The one door to Numba: kernels whose cache can never outlive the source they were made from.

Numba's own cache watches only the file of the *calling* kernel, so a rule edited in its own file would go on giving its old
answer. Here the cache folder is named by a fingerprint of every source file that holds compiled code, and by the versions of
Numba and NumPy: any edit lands in an empty folder. Tables are arguments of kernels, never globals, for the same reason.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numba
import numpy as np
import platformdirs

_COMPILES = re.compile(r"\b(compiled|kernel|loop|inlined|step)\b")
_OURS = re.compile(r"kernels-[0-9a-f]{16}")  # nothing else in the folder is ever touched
_KEPT_CACHES = 4  # folders of former fingerprints that stay on disk, so that two checkouts do not evict each other at once


def kernel_sources() -> list[Path]:
    """Files under ``sim/`` that hold compiled code: each imports this module, or states a rule of review."""
    root = Path(__file__).parent
    return sorted(
        path
        for path in root.rglob("*.py")
        if path.parent.name == "review" or _COMPILES.search(path.read_text(encoding="utf-8")) or path == Path(__file__)
    )


def fingerprint() -> str:
    """Hexadecimal digest (16 characters) of all kernel sources, of Python's, Numba's and NumPy's version."""
    marks = ((path, path.stat()) for path in sorted(Path(__file__).parent.rglob("*.py")))
    return _fingerprint(tuple((path, mark.st_mtime_ns, mark.st_size) for path, mark in marks))


@lru_cache(maxsize=1)
def _fingerprint(stamp: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{sys.version_info[:2]} {numba.__version__} {np.__version__}".encode())
    for path in kernel_sources():
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def cache_folder() -> Path:
    """Where compiled code is kept: ``$ROGATORY_CACHE``, else the user's cache folder, else a temporary one."""
    chosen = os.environ.get("ROGATORY_CACHE")
    candidates = [Path(chosen)] if chosen else [Path(platformdirs.user_cache_dir("rogatory", appauthor=False))]
    candidates.append(Path(tempfile.gettempdir()) / f"rogatory-{os.getuid() if hasattr(os, 'getuid') else 'cache'}")
    for parent in candidates:
        if _writable(parent):
            folder = parent / f"kernels-{fingerprint()}"
            folder.mkdir(exist_ok=True)
            _forget_old(parent, folder)
            return folder
    raise OSError(f"no writable folder for compiled code among {', '.join(map(str, candidates))}; set ROGATORY_CACHE")


def _forget_old(parent: Path, current: Path) -> None:
    aged = []
    for folder in parent.iterdir():
        with contextlib.suppress(OSError):  # another process may be tidying up at the same moment
            if folder != current and folder.is_dir() and _OURS.fullmatch(folder.name):
                aged.append((folder.stat().st_mtime, folder))
    for _, folder in sorted(aged)[:-_KEPT_CACHES]:
        shutil.rmtree(folder, ignore_errors=True)


CACHE = cache_folder()
numba.config.CACHE_DIR = str(CACHE)


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile at first call, cached on disk; NumPy's rules for division, no fast-math: bits must not depend on the build."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=False)(function))


def loop[F: Callable[..., Any]](function: F) -> F:
    """A kernel that only writes into the arrays it is given, and allocates none.

    It is compiled without Numba's run-time reference counting (``_nrt=False``), which otherwise counts every array of every
    record at every step: four times slower on the month of this model. Allocating in it is an error at compile time.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=False, _nrt=False)(function))


def inlined[F: Callable[..., Any]](function: F) -> F:
    """A scalar rule or step to be called from kernels: compiled into its caller, never cached on its own.

    It is inlined by force (``forceinline``): a call would copy some hundred words of records, four to five times slower on the
    month of this model.
    """
    return cast(F, numba.njit(**_INSIDE)(function))


def step[F: Callable[..., Any]](function: F) -> F:
    """The same for the generated loop alone: no wrapper for Python (a call from there would crash), half the time to compile."""
    return cast(F, numba.njit(**_INSIDE, no_cpython_wrapper=True)(function))


_INSIDE: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": False, "_nrt": False, "forceinline": True}
