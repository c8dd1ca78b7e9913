"""Code of a user's own: imported from folders that are named on the command line, and from nowhere else.

It is read once, when a folder is named: a file that is edited meanwhile changes nothing of a study that runs. A module's name
holds the digest of its text, so that nothing that was compiled from another text is ever met. To another process the text itself
travels, from parent to worker; nothing that is kept on a disk carries code.
"""

from __future__ import annotations

import copyreg
import hashlib
import keyword
import re
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from types import ModuleType
from typing import NamedTuple

from sim.errors import ConfigError, quoted
from sim.world.record import Record

CODE_GROUPS = ("safeguard", "metric")
"""Folders in which a file of Python may lie beside its YAML."""
ENDING = ".py"
_TARGET = re.compile(r"(safeguard|metric)\.([A-Za-z_]\w*)\.([A-Za-z_]\w*)", re.ASCII)
_PREFIX = "rogatory_own_"
_LETTERS = 16  # hexadecimal characters of a module's name
_TOLD = 200  # letters of what Python says


class OwnCode(NamedTuple):
    """A file of Python as it was read."""

    group: str
    name: str
    path: str
    text: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text).hexdigest()

    @property
    def module(self) -> str:
        """The name under which it is imported."""
        seal = hashlib.sha256(f"{self.path}\0".encode("utf-8", "surrogateescape") + self.text).hexdigest()
        return f"{_PREFIX}{seal[:_LETTERS]}_{self.group}_{self.name}"


_code: ContextVar[tuple[OwnCode, ...]] = ContextVar("own code", default=())
_sent: dict[tuple[str, str], OwnCode] = {}  # in a worker: what its parent sent
_imported: dict[str, OwnCode] = {}  # by the name of the module
_one_at_a_time = threading.RLock()


def own_code() -> tuple[OwnCode, ...]:
    """The code of the folders that are named here; in a worker that of its parent."""
    return _code.get() or tuple(_sent.values())


def set_own_code(code: tuple[OwnCode, ...]) -> None:
    """Let this be the code of the folders that are named."""
    _code.set(code)


def is_module_name(name: str) -> bool:
    """Whether a file of Python may be called so."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


def is_target(target: str) -> bool:
    """Whether a ``_target_`` has the form of a record in a user's own file.

    >>> is_target("safeguard.curfew.Curfew"), is_target("os.system"), is_target("safeguard.a.b.C")
    (True, False, False)
    """
    return _TARGET.fullmatch(target) is not None


def record_at(target: str, group: str, key: str) -> type[Record]:
    """The record that a ``_target_`` names in a file of a folder that is named. Raises ``ConfigError``."""
    code = _code_of(target, group, key)
    module = imported(code)
    own = _records_of(module)
    named: object = vars(module).get(target.rpartition(".")[2])
    record = next((one for one in own if named is one), None)
    if record is None:
        known = ", ".join(one.__name__ for one in own) or "it has none"
        raise ConfigError(f"{key}._target_: found {quoted(target)}; accepted: a record of {code.path} ({known})")
    return record


def _code_of(target: str, group: str, key: str) -> OwnCode:
    """The file that a ``_target_`` names. Raises ``ConfigError`` where no folder that is named here has it in this group."""
    found = _TARGET.fullmatch(target)
    of, name = found.group(1, 2) if found else ("", "")
    files = [code for code in own_code() if code.group == group]
    code = next((code for code in files if code.name == name), None)
    if of == group and code is not None:
        return code
    known = ", ".join(f"{code.group}.{code.name}" for code in files)
    told = f"code of a folder that is not named here; accepted: {f'a record of {known}, or ' if known else ''}"
    raise ConfigError(f"{key}._target_: found {quoted(target)}, {told}--config-dir FOLDER with {group}/{name or 'NAME'}{ENDING}")


def _records_of(module: ModuleType) -> list[type[Record]]:
    """The records that a module itself defines."""
    found = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Record)]
    return [one for one in found if one.__module__ == module.__name__]


def own_code_of(record: type) -> OwnCode | None:
    """The file in which a record of a user's own is written; None for a record of ``sim``."""
    return _imported.get(record.__module__)


def text_of_module(name: str) -> str | None:
    """The text of a module of a user's own, as it was read; None for any other module."""
    code = _imported.get(name)
    return None if code is None else code.text.decode("utf-8", "replace")


def target_of(record: type) -> str:
    """The ``_target_`` of a record: where it is found again."""
    code = own_code_of(record)
    return f"{f'{code.group}.{code.name}' if code else record.__module__}.{record.__qualname__}"


def imported(code: OwnCode) -> ModuleType:
    """The module of a file, which runs once in a process. Raises ``ConfigError`` for what is no Python, or fails as it runs."""
    with _one_at_a_time:
        if code.module in _imported:
            return sys.modules[code.module]
        try:
            body = compile(code.text, code.path, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise ConfigError(f"{code.path}: line {error.lineno}: {_line(error.msg)}; accepted: a file of Python") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ConfigError(f"{code.path}: {_line(error)}; accepted: a file of Python") from None
        module = ModuleType(code.module)
        module.__file__ = code.path
        sys.modules[code.module] = module
        try:
            exec(body, vars(module))  # noqa: S102 - of a folder that the user named
        except BaseException as error:
            del sys.modules[code.module]
            if not isinstance(error, Exception | SystemExit):
                raise
            told = f"{type(error).__name__}: {_line(error)}".removesuffix(": ")
            wanted = "one file that imports numpy, sim and Python's own modules alone"
            raise ConfigError(f"{code.path}: cannot be imported ({told}); accepted: {wanted}") from None
        _imported[code.module] = code
        for record in _records_of(module):
            copyreg.pickle(record, _on_its_way)  # type: ignore[arg-type]
        return module


def _line(said: object) -> str:
    line = " ".join(str(said).split())
    return line if len(line) <= _TOLD else f"{line[:_TOLD]}..."


# --- to another process ---------------------------------------------------------------------------------------------------------


class Luggage:
    """The code of the folders that are named here, for a worker process: it knows the code once it has this."""

    def __init__(self, code: tuple[OwnCode, ...]) -> None:
        """Code as it was read."""
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        """The texts themselves travel: another machine may not have the folder."""
        return _unpacked, (self.code,)


def luggage() -> Luggage:
    """What a worker of this process has to be given."""
    return Luggage(own_code())


def _unpacked(code: tuple[OwnCode, ...]) -> Luggage:
    """What a parent sent, in its worker."""
    _sent.update({(one.group, one.name): one for one in code})
    return Luggage(code)


def _on_its_way(record: Record) -> tuple[object, ...]:
    """How a record of a user's own is pickled: with the text of the file in which it is written."""
    return _arrived, (_imported[type(record).__module__], type(record).__qualname__, record.__getstate__())


def _arrived(code: OwnCode, kind: str, state: dict[str, object]) -> Record:
    _sent.setdefault((code.group, code.name), code)
    record = getattr(imported(code), kind)
    made: Record = record.__new__(record)
    made.__setstate__(state)
    return made


def texts() -> Mapping[str, str]:
    """The digest of each file of code that is known here, by its place in its folder."""
    return {f"{code.group}/{code.name}{ENDING}": code.digest for code in own_code()}
