"""Matplotlib brought in so that nothing of the user's can stop it, and nothing of the user's is changed.

A notebook hands every command the name of its own backend, which may not be installed where the command runs; a file of settings
in the folder may be broken; a home may be read-only. None of these has a say in figures that are drawn into files.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_NAME = "matplotlib"
_BACKEND = "MPLBACKEND"
_WANTED = (_NAME, f"{_NAME}.font_manager", f"{_NAME}.figure", f"{_NAME}.backends.backend_agg")
_SETTINGS = "mpl-data"  # folder in the package that holds a file of settings as shipped
_OF_THE_SESSION = ("backend", "backend_fallback", "date.epoch", "interactive")  # settings that figures in files do not read


def bring_in() -> None:
    """Import Matplotlib, whatever the environment says of it; afterwards its backend is what the environment names, if it exists.

    Does nothing where it has been imported already: then its settings are the caller's own.
    """
    if _NAME in sys.modules:
        return
    named = os.environ.pop(_BACKEND, None)
    try:
        with _silent(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                _imported()
            except Exception:  # a file of settings that cannot be read: anything may be wrong with it
                _imported_as_shipped()
    finally:
        if named is not None:
            os.environ[_BACKEND] = named
    if named:
        with suppress(ValueError):
            import_module(_NAME).rcParams["backend"] = named


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing is logged of a broken line of settings, a folder that cannot be written, a list of fonts, a weight."""
    log = logging.getLogger(_NAME)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _imported() -> None:
    for name in _WANTED:
        import_module(name)


def _imported_as_shipped() -> None:
    """Import anew from within the folder of the settings as shipped: those of the working folder come first."""
    found = find_spec(_NAME)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no module named {_NAME!r}")
    for name in [name for name in sys.modules if name.partition(".")[0] == _NAME]:
        del sys.modules[name]
    with chdir(Path(found.origin).parent / _SETTINGS):
        _imported()


@contextmanager
def as_shipped(style: Mapping[str, Any]) -> Iterator[None]:
    """Matplotlib's settings as shipped, and a style over them; afterwards the user's own stand again.

    So a figure is the same bytes whatever the user's file of settings says.
    """
    library = import_module(_NAME)
    shipped = {key: value for key, value in library.rcParamsDefault.items() if key not in _OF_THE_SESSION}
    with library.rc_context(), _silent():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", library.MatplotlibDeprecationWarning)
            library.rcParams.update(shipped)
        library.rcParams.update(style)
        yield


bring_in()
