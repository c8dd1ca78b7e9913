"""The one door to Numba: compiled code that can never outlive the sources, the versions or the processor it was made from.

Numba's own cache watches only the file of the *calling* kernel, so a rule or a constant edited in its own file would go on
giving its old answer. Here two things stand in the way. The cache folder is named by a fingerprint of every source that a kernel
can reach (``sim.lineage``), of the versions of Python, NumPy, Numba and its compiler, of Numba's settings and of the processor:
any edit lands in an empty folder. And a kernel is found again only under what it was in fact compiled from (``_Exact``): its own
code, that of all it calls, and the value of every constant, however it came by it. Tables are arguments of kernels, never
globals, for the same reason.

Compiled code is run as it is found, so that it is loaded only from folders of our own (``sim.own_folder``).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import numba
import numpy as np
from llvmlite import __version__ as llvmlite_version
from llvmlite import binding as llvm
from numba.core import caching
from numba.core.runtime import rtsys

from sim.errors import ConfigError, RogatoryError, quoted
from sim.inlining import Inlined, Whole
from sim.lineage import Imports, Source, lineage, sources_in
from sim.own_folder import (
    VARIABLE,
    candidates,
    chosen_folder,
    close_to_others,
    folder_fault,
    made,
    private_folder,
    sealed_text,
    unwritable,
    write_sealed,
)

_DECORATORS = ("kernel", "loop", "inlined", "step")
_HOME = Path(__file__).parent
_US = __name__.partition(".")[0]
_OURS = {  # nothing else in the folder is ever touched; so many of former sources stay, lest two checkouts evict each other
    re.compile(r"kernels-[0-9a-f]{16}"): 4,
    re.compile(r"reached-[0-9a-f]{16}"): 64,
}
_NO_MATTER = frozenset({"CACHE_DIR", "CACHE_LOCATOR_CLASSES", "NUMBA_NUM_THREADS", "NUMBA_DEFAULT_NUM_THREADS", "COLOR_SCHEME"})
"""Settings of Numba that change no code: where it is kept, threads of loops that we do not have, colours."""


# --- what compiled code hangs on --------------------------------------------------------------------------------------------------


def _begins(name: str, imports: Imports) -> bool:
    """Whether a module holds a kernel, or may hold a rule that becomes one: it asks for a decorator, from here or second hand."""
    return name == __name__ or f"{name}.".startswith(f"{_US}.review.") or any(map(_is_door, imports.run | imports.stars))


def _is_door(word: str) -> bool:
    home, _, last = word.rpartition(".")
    second_hand = home.startswith(f"{_US}.") and last in _DECORATORS
    return __name__ in (word, home) or second_hand or word == "numba" or word.startswith("numba.")


def kernel_sources() -> list[Path]:
    """Files under ``sim/`` on which compiled code hangs: those with a kernel or a rule of review, and all that they import."""
    sources = sources_in(_HOME, _US)
    return sorted(sources[name].path for name in lineage(sources, _begins))


def fingerprint(notes: Path | None = None) -> str:
    """Hexadecimal digest (16 characters) of all kernel sources and of the machine that compiles them.

    Which sources those are is looked up in the folder ``notes``, under the digest of *all* sources as they stand: a note cannot
    be older than what it was made from. Without it, or for sources that are new there, they are parsed.
    """
    sources = sources_in(_HOME, _US)
    digest = hashlib.blake2b(compiler_facts().encode(), digest_size=8)
    for name in _reached(sources, notes):
        digest.update(_entry(name, sources[name]))
    return digest.hexdigest()


def _entry(name: str, source: Source) -> bytes:
    text = source.text or b""
    return f"{name} {len(text)}\n".encode() + text


def _reached(sources: Mapping[str, Source], notes: Path | None) -> list[str]:
    if notes is None:
        return sorted(lineage(sources, _begins))
    every = hashlib.blake2b(sys.version.encode(), digest_size=8)
    for name, source in sorted(sources.items()):
        every.update(_entry(name, source))
    note = notes / f"reached-{every.hexdigest()}"
    if names := sealed_text(note):
        return names.split()
    names = " ".join(sorted(lineage(sources, _begins)))
    with contextlib.suppress(OSError):
        write_sealed(note, names)
    return names.split()


def compiler_facts() -> str:
    """What compiled code hangs on besides the sources: versions, settings of Numba, the processor, the library of logarithms."""
    settings = {key: value for key, value in vars(numba.config).items() if key.isupper() and key not in _NO_MATTER}
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", ()) else None
    processor = (llvm.get_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    versions = (sys.version, numba.__version__, np.__version__, llvmlite_version, llvm.llvm_version_info)
    return repr((versions, processor, libc, sorted((key, str(value)) for key, value in settings.items())))


# --- where it is kept -------------------------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where compiled code is kept: ``$ROGATORY_CACHE``, else the user's cache folder, else one for temporary files.

    Only a folder of our own that nobody else can write to will do. Raises ``ConfigError`` where the one that was chosen is none.
    Where there is no other, a new one serves this process and those it starts, and is removed at its end; raises
    ``RogatoryError`` where there is no room for that.
    """
    chosen = chosen_folder()
    if chosen:
        folder, fault = _kernels_in(chosen)
        if fault:
            accepted = "a folder of your own that nobody else can write to, or none"
            raise ConfigError(f"{VARIABLE}: found {quoted(os.environ[VARIABLE])}, {fault}; accepted: {accepted}")
        return folder
    for parent, temporary in candidates():
        close_to_others(parent)  # what we make inside is for ourselves alone, and what others made there is not taken
        folder, fault = _kernels_in(parent, temporary)
        if not fault:
            return folder
    return _last_resort()


def _kernels_in(parent: Path, temporary: bool = False) -> tuple[Path, str]:
    """The folder for the code of today's sources, and why it will not do, in words that follow a comma."""
    fault = made(parent) or folder_fault(parent, temporary)
    if fault:
        return parent, f"which {fault}"
    folder = parent / f"kernels-{fingerprint(parent)}"
    fault = made(folder) or folder_fault(folder, temporary) or unwritable(folder)
    if fault:
        return folder, f"whose {folder.name} {fault}"
    with contextlib.suppress(OSError):
        os.utime(folder)  # what is in use is forgotten last
        _forget_old(parent, folder)
    return folder, ""


def _last_resort() -> Path:
    try:
        parent = private_folder()
        folder, fault = _kernels_in(parent)
        lacking = unwritable(folder)
    except OSError as error:
        lacking = str(error.strerror)
    if lacking:
        told = f"{VARIABLE}: found none, and no other folder in which compiled code could be kept ({lacking})"
        raise RogatoryError(f"{told}; accepted: a folder of your own that nobody else can write to")
    if not fault:
        os.environ[VARIABLE] = str(parent)  # or each process that this one starts would compile for itself
    return folder


def _forget_old(parent: Path, current: Path) -> None:
    for ours, most in _OURS.items():
        aged = []
        for path in parent.iterdir():
            with contextlib.suppress(OSError):  # another process may be tidying up at the same moment
                if path != current and ours.fullmatch(path.name):
                    aged.append((path.stat().st_mtime, path))
        for _, path in sorted(aged)[:-most]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


CACHE = cache_folder()


# --- what a kernel was compiled from ----------------------------------------------------------------------------------------------


class _Exact(caching.FunctionCache):  # type: ignore[misc]
    """Compiled code of one kernel on the disk, each with what it was made from; what is damaged there counts as absent."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code, or None. A file that was cut off, by a loss of power say, is made anew.

        What stands under our number is ours only if it says so: of two processes that write at once, each may take the same one.
        Numba would first load all that a compilation needs (``refresh``), a quarter of a second in every process; code that is
        compiled already needs its memory management alone. Where it has to compile it loads the rest itself.
        """
        rtsys.initialize(target_context)
        key = self._key(sig, target_context)
        try:
            held = self._cache_file.load(key)
            return self._impl.rebuild(target_context, held[1]) if held is not None and held[0] == key else None
        except Exception:  # a damaged pickle raises what it likes
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled code. Where it cannot be kept, on a full disk say, it still runs."""
        if self._impl.check_cachable(data):
            key = self._key(sig, data.target_context)
            with contextlib.suppress(OSError):
                self._impl.locator.ensure_cache_path()
                self._cache_file.save(key, (key, self._impl.reduce(data)))

    def _key(self, signature: Any, context: Any) -> Any:
        return (*self._index_key(signature, context.codegen()), baked(self._py_func), _fields(signature))


def baked(function: FunctionType) -> str:
    """Digest of all that is compiled into a function: its code, that of what it calls, and every constant they name.

    Values count as they are now, wherever they come from: an edited file, a module put in another's place, a name set by hand.
    """
    words: list[str] = []
    _tell(function, set(), words.append)
    return hashlib.blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _tell(value: object, seen: set[int], say: Callable[[str], None]) -> None:
    """Say a value in words that another process would use too."""
    written = getattr(value, "py_func", value)
    if isinstance(written, FunctionType):
        if id(written) not in seen:
            seen.add(id(written))
            say(repr(sorted(getattr(value, "targetoptions", {}).items())))
            _tell((written.__defaults__, _cells(written)), seen, say)
            _tell_code(written.__code__, written.__globals__, seen, say)
    elif isinstance(value, np.ndarray | np.generic):
        say(f"{value.dtype.str} {value.shape} {value.tobytes().hex()}")
    elif isinstance(value, tuple | list):
        say(f"{type(value).__qualname__} of {len(value)}")
        for part in value:
            _tell(part, seen, say)
    elif isinstance(value, bool | int | float | complex | str | bytes | None):
        say(f"{type(value).__qualname__} {value!r}")
    else:  # a type, a function of NumPy's: what it does follows from versions and sources
        say(f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}")
        say(repr((getattr(value, "_fields", ()), sorted(getattr(value, "_field_defaults", {}).items()))))


def _cells(function: FunctionType) -> tuple[object, ...]:
    return tuple(cell.cell_contents for cell in function.__closure__ or ())


def _tell_code(code: CodeType, names: Mapping[str, object], seen: set[int], say: Callable[[str], None]) -> None:
    say(f"{code.co_code.hex()} {code.co_names} {code.co_varnames}")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _tell_code(constant, names, seen, say)
        else:
            _tell(constant, seen, say)
    for name in code.co_names:
        value = names.get(name)
        if isinstance(value, ModuleType):
            if value.__name__ not in ("numpy", "math"):  # these hang on versions
                for inner in code.co_names:
                    _tell(getattr(value, inner, None), seen, say)
        elif name in names:
            _tell(value, seen, say)


def _fields(signature: Any) -> str:
    """Names of the fields of all records among the types of a signature: Numba itself tells them by their types alone."""
    return repr([(getattr(one, "fields", ()), _fields(getattr(one, "types", ()))) for one in getattr(signature, "args", signature)])


_settings = threading.Lock()  # Numba's are one for all threads


def _cached[F: Callable[..., object]](function: F, **options: bool | str) -> F:
    """Compile at first call, cached on disk where the function stands in a file."""
    made_up = numba.njit(**options, no_cfunc_wrapper=True, pipeline_class=Whole)(function)
    if hasattr(made_up, "enable_caching") and Path(function.__code__.co_filename).is_file():
        with _settings:
            before = numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES
            numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = str(CACHE), "UserProvidedCacheLocator"  # and none else
            try:
                made_up._cache = _Exact(function)
            except (OSError, RuntimeError):  # the folder went away or is full: it runs, and is compiled by each process
                pass
            finally:
                numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = before
    return cast(F, made_up)


# --- decorators -------------------------------------------------------------------------------------------------------------------


def kernel[F: Callable[..., object]](function: F) -> F:
    """Compile at first call, cached on disk; NumPy's rules for division, no fast-math: bits must not depend on the build."""
    return _cached(function, nogil=True, error_model="numpy", fastmath=False)


def loop[F: Callable[..., object]](function: F) -> F:
    """A kernel that only writes into the arrays it is given, and allocates none.

    It is compiled without Numba's run-time reference counting (``_nrt=False``), which otherwise counts every array of every
    record at every step: four times slower on the month of this model. Allocating in it is an error at compile time.
    """
    return _cached(function, nogil=True, error_model="numpy", fastmath=False, _nrt=False)


def inlined[F: Callable[..., object]](function: F) -> F:
    """A scalar rule or step to be called from kernels: compiled into its caller, never cached on its own.

    It is inlined by force (``forceinline``): a call would copy some hundred words of records, four to five times slower on the
    month of this model.
    """
    return function if numba.config.DISABLE_JIT else cast(F, Inlined(function, _INSIDE))


step = inlined
"""The same, as the generated loop calls it."""


_INSIDE: dict[str, bool | str] = {"nogil": True, "error_model": "numpy", "fastmath": False, "_nrt": False, "forceinline": True}


@inlined
def row(place: int) -> int:
    """A row of a table, as compiled code takes it quickest: unsigned, so that nothing is counted from the end.

    Every other index costs a comparison and a choice. Only for rows from 0 on; arithmetic on it is signed again, for it has
    32 bits. The month of this model takes a seventh less.
    """
    return np.uint32(place)  # type: ignore[return-value]  # to the checker it is a type of its own
