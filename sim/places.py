"""Where the files of the configuration are: the committed folder, folders of a user's own, and files named by their path."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

from sim.errors import ConfigError, in_brief, meant, quoted

SUFFIX = ".yaml"
ROOT_FILE = "config"
_HYDRA = "hydra"  # the group of Hydra's own settings, which is nobody's to add to
_NAME = re.compile(r"\w[\w-]*")
_own: ContextVar[tuple[Path, ...]] = ContextVar("own folders", default=())
_by_path: dict[tuple[str, str], Path] = {}  # group and name -> the file that was last named by its path


def config_folder() -> Path:
    """Where the YAML files are: beside ``sim`` in a checkout, inside it in an installed wheel."""
    inside = Path(__file__).parent / "_configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def folders() -> tuple[Path, ...]:
    """The committed folder, and those that are looked in too."""
    return config_folder(), *_own.get()


def groups() -> list[str]:
    """The folders of ``configs/`` from which a file can be chosen."""
    return sorted(path.name for path in config_folder().iterdir() if path.is_dir() and path.name != _HYDRA)


def own_folders() -> tuple[Path, ...]:
    """The folders of a user's own that are looked in too."""
    return _own.get()


def set_own_folders(own: tuple[Path, ...]) -> None:
    """Let these be the folders of a user's own; ``sim.own_files`` says what may lie in them."""
    _own.set(own)


def is_name(word: str) -> bool:
    """Whether a file can be chosen by this name."""
    return _NAME.fullmatch(word) is not None


def options(group: str) -> list[str]:
    """Names of the files in a folder of ``configs/``, and in the same folder of a user's own."""
    return sorted({path.stem for folder in folders() for path in (folder / group).glob(f"*{SUFFIX}")})


def own_options(group: str) -> list[str]:
    """Names of the files in the same folder of a user's own alone."""
    return sorted({path.stem for folder in _own.get() for path in (folder / group).glob(f"*{SUFFIX}")})


def is_known(group: str, name: str) -> bool:
    """Whether a name is an option, or of a file that was named by its path."""
    return name in options(group) or (group, name) in _by_path


def path_of(group: str, name: str) -> Path:
    """Where an option of a group is written; an unknown one would be in ``configs/``."""
    places = [folder / group / f"{name}{SUFFIX}" for folder in folders()]
    named = _by_path.get((group, name), places[0])
    return next((path for path in places if path.is_file()), named)


def by_path() -> dict[tuple[str, str], Path]:
    """The files that were named by their path and are there still, by group and name."""
    return {at: path for at, path in _by_path.items() if path.is_file()}


def is_path(word: object) -> bool:
    """Whether a choice names a file by its path."""
    return isinstance(word, str) and word.endswith(SUFFIX)


def option_name(group: str, word: str) -> str:
    """The name of an option that may be given by its path: a file goes by its name without the ending from now on.

    >>> option_name("scenario", "judge")
    'judge'

    Raises ``ConfigError`` for a path where no file is, or whose name is an option's already.
    """
    if not is_path(word):
        return word
    path = Path(word).absolute()
    if not is_file(path):
        raise ConfigError(
            f"{group}: found {quoted(word)}, which is no file; accepted: the path of a YAML file, or {accepted_options(group)}"
        )
    if not _NAME.fullmatch(path.stem):
        raise ConfigError(f"{group}: found {quoted(word)}; accepted: a file whose name has letters, digits, _ and - alone")
    if path.stem in options(group) and path_of(group, path.stem) != path:
        taken = config_path(path_of(group, path.stem))
        raise ConfigError(f"{group}: found {quoted(word)}, a name that {taken} has; accepted: a file of another name")
    _by_path[group, path.stem] = path
    return path.stem


def is_file(path: Path) -> bool:
    """Whether a file is there; there is none of a name that no file can have."""
    return _is(path, Path.is_file)


def is_folder(path: Path) -> bool:
    """Whether a folder is there."""
    return _is(path, Path.is_dir)


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def accepted_options(group: str, found: object = None) -> str:
    """The options of a group as a mistake lists them, with the one that is likely meant."""
    known = options(group)
    return in_brief(known) + meant(found, known)


def config_path(path: Path) -> str:
    """A file of the configuration as it is named to people."""
    folder = config_folder()
    return f"configs/{path.relative_to(folder).as_posix()}" if path.is_relative_to(folder) else path.as_posix()
