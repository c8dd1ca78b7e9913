"""Writing results: a folder appears whole, under its final name, or not at all."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import time
import traceback
import unicodedata
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import FAILED, StoppedError
from experiments.interrupts import held
from experiments.letters import as_cell
from sim.errors import RogatoryError, quoted
from sim.sources.checksums import sha256

if TYPE_CHECKING:  # to list stores takes no simulation
    import pandas as pd

    from experiments.settings import StudyConfig
    from sim.settings import Config

MANIFEST = "manifest.json"
_ASIDE = re.compile(r"\.(?P<age>new|old)-[0-9a-f]{8}-(?P<name>.+)")
_ABANDONED = 86_400.0  # seconds after which an unfinished folder belongs to nobody
SCHEMA = 1  # of the tables in a results folder
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""A disk that is full or broken, or a file longer than is allowed: no mistake in what was asked."""
_OF_A_DISK = (*FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ESTALE)
_NOT_RESULTS = (str(Path(__file__).parents[1] / "sim") + os.sep, f"{os.sep}numba{os.sep}", f"{os.sep}multiprocessing{os.sep}")


class OutputError(RogatoryError):
    """Results cannot be written; what was there before is whole."""


# --- names ----------------------------------------------------------------------------------------------------------------------

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


# --- folders --------------------------------------------------------------------------------------------------------------------

_ROOM = 160  # letters of a name; *assumption*: no file in a folder of results has a longer one


@contextmanager
def naming(path: Path, draft: Path | None = None) -> Iterator[None]:
    """Within it an error of the disk names what could not be written: ``path``, or what lies in it where that is a folder.

    ``draft`` is where it is written until it is whole. The libraries that write tables and pictures name nothing.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            of_a_disk = error.errno in _OF_A_DISK or (type(error) is OSError and error.errno is None)
            if not of_a_disk or _is_of_no_results(error):
                raise
            told = OSError(f"{path}: {' '.join(str(error).split())}")
            raise (told if error.errno is None else OSError(error.errno, os.strerror(error.errno), str(path))) from None
        name = str(error.filename)
        if draft is None or not name.startswith(str(draft)) or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, f"{path}{name.removeprefix(str(draft))}") from None


def _is_of_no_results(error: BaseException) -> bool:
    """Whether it was raised below the simulation, its compiler or the processes: they write nothing that is a result."""
    return any(part in frame.filename for frame in traceback.extract_tb(error.__traceback__) for part in _NOT_RESULTS)


def _sweep(parent: Path) -> None:
    """Remove what runs that were killed long ago left unfinished, or aside when something else had taken its place."""
    aside = [folder for folder, _, name in _aside(parent) if (parent / name).exists()]
    for folder in (*parent.glob(".partial-*"), *aside):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)


def _aside(parent: Path) -> list[tuple[Path, str, str]]:
    """Whole folders that stand aside: each with "new" or "old" and the name under which it is to be, or was, seen."""
    named = ((folder, _ASIDE.fullmatch(folder.name)) for folder in sorted(parent.glob(".*-*")))
    return [(folder, found["age"], found["name"]) for folder, found in named if found]


@contextmanager
def whole_folder(parent: Path, name: str, shown: str | None = None) -> Iterator[Path]:
    """A folder to write into, renamed to ``parent/name`` when the block ends well and removed when it does not.

    Errors of the disk name it as ``parent/shown``. Raises ``OutputError`` before the block begins where its end could not come to
    be: the place cannot be written, the path is too long for it, or the name is taken.
    """
    final, partial = parent / name, parent / f".partial-{name}-{uuid.uuid4().hex[:8]}"  # longer than the final name: that fits too
    made: list[Path] = []
    try:
        with held():
            made += _settled(parent, partial, final)
        with naming(parent / (shown or name), partial):
            yield partial
            if final.exists():
                raise OutputError(f"output: {final} is there already; accepted: a name that is free")
            with held():
                partial.replace(final)
    finally:
        with held():
            shutil.rmtree(partial, ignore_errors=True)
            for folder in made:  # a run that failed leaves not even an empty folder behind
                with suppress(OSError):
                    folder.rmdir()


def _settled(parent: Path, partial: Path, final: Path) -> list[Path]:
    """Make the place of results; returns the folders that were not there before, the innermost first. Raises ``OutputError``."""
    made: list[Path] = []
    try:
        made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
        taken = final.exists()
        with naming(parent, partial):
            partial.mkdir(parents=True)
            (partial / ("x" * _ROOM)).touch()
            (partial / ("x" * _ROOM)).unlink()
    except (OSError, ValueError) as error:  # the latter where a path holds what no file system takes
        shutil.rmtree(partial, ignore_errors=True)
        for folder in made:
            with suppress(OSError, ValueError):
                folder.rmdir()
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        told = getattr(error, "strerror", None) or error
        raise OutputError(
            f"output: cannot write to {quoted(str(parent))} ({told}); accepted: a folder that can be written"
        ) from None
    _sweep(parent)
    if taken:
        shutil.rmtree(partial, ignore_errors=True)
        raise OutputError(f"output: {final} is there already; accepted: a name that is free")
    return made


@contextmanager
def replaced_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder to write into that takes the place of ``parent/name`` when the block ends well; until then that one stays."""
    _put_back(parent, name)
    mark = uuid.uuid4().hex[:8]
    final, new, old = parent / name, parent / f".new-{mark}-{name}", parent / f".old-{mark}-{name}"
    with whole_folder(parent, new.name, name) as folder:
        yield folder
    with held():
        try:
            if final.exists():
                final.replace(old)
            new.replace(final)
        except OSError:
            if old.exists() and not final.exists():
                old.replace(final)
            raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _put_back(parent: Path, name: str) -> None:
    """Where a run was killed between two renames, whole folders stand aside and none in their place: the newest goes there."""
    waiting = sorted((age, folder) for folder, age, meant in _aside(parent) if meant == name)  # "new" before "old"
    if waiting and not (parent / name).exists():
        with suppress(OSError):
            waiting[0][1].replace(parent / name)


# --- what a folder lacks --------------------------------------------------------------------------------------------------------

TRACES = "failures.txt"
"""What went wrong while something was drawn or told, in full."""


class Lacking:
    """What could not be written into a folder of results although the runs are done, and why."""

    def __init__(self, folder: Path) -> None:
        """Nothing is missing yet."""
        self._folder = folder
        self.why: dict[str, str] = {}  # by name of the file

    @contextmanager
    def spared(self, *names: str) -> Iterator[None]:
        """A failure within it costs the files of these names that are not there yet, and nothing else."""
        try:
            yield
        except Exception as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())
            self.why |= {name: quoted_line(why) for name in names if not (self._folder / name).exists()}
            with suppress(OSError), (self._folder / TRACES).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(traceback.format_exception(error))

    @contextmanager
    def told_after(self, written: Path) -> Iterator[None]:
        """What is said when all is written: a failure says where results are. Raises ``StoppedError`` if anything is missing."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            error.add_note(f"all that was computed is in {written}")
            raise
        if self.why:
            names, (why, *others) = ", ".join(self.why), list(dict.fromkeys(self.why.values()))
            more = f"; {len(others)} more in {MANIFEST}" if others else ""
            raise StoppedError(f"{written} lacks {names} ({why}{more}); what else was computed is there", FAILED)


def quoted_line(text: str) -> str:
    """Text on one line, no longer than a person would read."""
    line = " ".join(text.split())
    return line if len(line) <= _LINE else f"{line[:_LINE]}..."


_LINE = 300  # letters


def csv_of(frame: pd.DataFrame, digits: str | None = None) -> str:
    """A table as the text of a CSV file, numbers by ``digits``; names that a spreadsheet would compute reach it as text."""
    safe = frame.rename(columns=lambda name: as_cell(str(name)))
    for place, kind in enumerate(frame.dtypes):
        if kind.kind == "O":  # texts, and categories of them
            named = frame.iloc[:, place].astype(object)
            safe.isetitem(place, [as_cell(entry) if isinstance(entry, str) else entry for entry in named])
    return str(safe.to_csv(index=False, float_format=digits))


def write_csv(frame: pd.DataFrame, path: Path, digits: str | None = None) -> None:
    """A table as a CSV file that people open. Raises ``OSError`` where it cannot be written."""
    path.write_text(csv_of(frame, digits), encoding="utf-8", newline="")


def stamped(label: str) -> str:
    """A folder name that sorts by time and tells runs of one second apart."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{safe_name(label)}-{uuid.uuid4().hex[:4]}"


def _git(*arguments: str) -> str | None:
    try:
        here = Path(__file__).parent
        done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def commit() -> str | None:
    """The commit of the code that runs; None outside a checkout."""
    return _git("rev-parse", "HEAD")


def is_dirty() -> bool | None:
    """Whether the checkout has changes that no commit holds; None outside one."""
    changed = _git("status", "--porcelain")
    return None if changed is None else bool(changed)


def machine() -> dict[str, Any]:
    """What numbers may depend on in their last bit: the processor that code is compiled for and the library of logarithms."""
    compiler = import_module("llvmlite.binding")  # Numba's
    return {
        "system": platform.platform(),
        "kind": platform.system(),
        "processor": platform.machine(),
        "cpu": compiler.get_host_cpu_name(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "cores": os.cpu_count(),
    }


def provenance(command: str) -> dict[str, Any]:
    """What every manifest says, of runs and of pages: the command, when, by which code, where and with which packages."""
    from sim.own_files import digests
    from sim.result import package_versions  # it imports the model, which a listing of stores does not need

    own = digests()
    return {
        "command": f"rogatory {command}",
        "written": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "code": {"commit": commit(), "dirty": is_dirty()},
        "machine": machine(),
        "versions": package_versions(),
        **({"own_files": own} if own else {}),
    }


def files_in(folder: Path) -> dict[str, str]:
    """The checksum of every file of a folder, by its name."""
    return {path.name: sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def manifest_of(
    command: str, configs: Sequence[Config], asked: StudyConfig, folder: Path, store: Path, **more: Any
) -> dict[str, Any]:  # fmt: skip
    """Everything that is needed to rebuild or to doubt the files of ``folder``, which were made from the runs in ``store``.

    Among ``more`` are ``seconds``, ``absent`` (estimands that the runs cannot give, with why) and ``missing`` (files likewise).
    """
    return {
        "schema": SCHEMA,
        **provenance(command),
        "store": str(store),
        "tables": configs[0].data,
        "study": asked.plain(),
        "scenarios": {c.scenario_name: {"digest": c.digest(), "config": c.plain()} for c in configs},
        "files": files_in(folder),
        **more,
    }


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """The manifest comes last: a folder without one is not finished."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
