"""A folder of a user's own, laid out as ``configs/`` is: what lies in it must have an effect, and its numbers say what they are.

A folder that is named (on the command line, or by ``looking_in``) may hold code beside its YAML; one that a configuration names
is looked in for names alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sim import places
from sim.errors import ConfigError, in_brief, quoted
from sim.notes import NOTE_FORM, silent_in
from sim.own_code import CODE_GROUPS, ENDING, OwnCode, is_module_name, own_code, set_own_code
from sim.places import SUFFIX, config_path, groups, is_folder, is_name, options, path_of
from sim.reading import MOST_YAML_BYTES, package_in, text_of, yaml_in
from sim.world.estimand import OwnEstimand, own_estimands, set_own_estimands

JOINED = ("safeguard", "offence", "metric")
"""Groups that a file in a folder of a user's own joins without being chosen."""
OF_ONE_ESTIMAND = "metrics.own"
"""Where the files of a user's own estimands go, each under its name."""
_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "safeguard": ("safeguards.{name}",),
    "offence": ("offences", "offences.{name}"),
    "metric": (f"{OF_ONE_ESTIMAND}.{{name}}", "metrics"),
}
"""What may stand behind ``# @package`` in a file that joins its group."""
_TAKEN = ("officer_hours", "own")  # no estimands, and names of what stands beside them


@contextmanager
def looking_in(*own: str, named: bool = True) -> Iterator[None]:
    """Within it a name is looked up in these folders too; each is laid out as ``configs/`` is.

    ``named`` says that the user named them, so that their code may be imported. Raises ``ConfigError`` for what is no folder, for
    a file in it that would have no effect (one of no group, or one whose name is taken), for a number that does not say what it
    is, and for code that cannot be read or lies elsewhere.
    """
    folders, code, estimands = places.own_folders(), own_code(), own_estimands()
    further, known = list(code), dict(estimands)
    try:
        for word in own:
            folder = Path(word).absolute()
            if folder not in places.own_folders():
                _refuse_idle(folder, word)
                _refuse_silent(folder)
                places.set_own_folders((*places.own_folders(), folder))
            if named:
                further += [one for one in _code_in(folder) if one.path not in {had.path for had in further}]
                known |= _estimands_in(folder)
        if named:
            set_own_code(tuple(further))
            set_own_estimands(known)
        yield
    finally:
        places.set_own_folders(folders)
        set_own_code(code)
        set_own_estimands(estimands)


def digests() -> dict[str, dict[str, str]]:
    """SHA-256 of every file of each folder that is looked in, by the folder and the file's place in it; of code as it was read."""
    read = {code.path: code.digest for code in own_code()}
    found = {}
    for folder in places.own_folders():
        files = sorted(
            [*folder.glob(f"*/*{SUFFIX}"), *(path for group in CODE_GROUPS for path in (folder / group).glob(f"*{ENDING}"))]
        )
        found[str(folder)] = {
            path.relative_to(folder).as_posix(): read.get(str(path)) or hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if path.is_file()
        }
    return found


def _refuse_idle(folder: Path, word: str) -> None:
    """Raise ``ConfigError`` for what is no folder, for one without a file, and for a file that would have no effect."""
    if not word or not is_folder(folder):
        raise ConfigError(f"--config-dir: found {quoted(word)}, which is no folder; accepted: a folder with {', '.join(groups())}")
    files = sorted(path.relative_to(folder) for path in (*folder.glob(f"*{SUFFIX}"), *folder.glob(f"*/*{SUFFIX}")))
    files = [path for path in files if not path.parts[0].startswith(".")]
    if not files:
        raise ConfigError(
            f"--config-dir: found {quoted(word)} without a file; accepted: files such as {word}/scenario/mine{SUFFIX}"
        )
    for file in files:
        _refuse_useless(folder / file, file)


def _refuse_useless(path: Path, file: Path) -> None:
    """Raise ``ConfigError`` for a file that nobody could choose: of no group, or of a name that is none or is taken."""
    group, name = file.parts[0], file.stem
    if len(file.parts) == 1 or group not in groups():
        raise ConfigError(f"{path}: found in no group; accepted: files in {', '.join(groups())}")
    if not is_name(name):
        raise ConfigError(f"{path}: found the name {quoted(name)}; accepted: letters, digits, _ and -")
    if name in options(group):
        raise ConfigError(f"{path}: found a name that {config_path(path_of(group, name))} has; accepted: another name")


def _refuse_silent(folder: Path) -> None:
    """Raise ``ConfigError`` for a file that joins unasked and does not say where it goes, or of a number what it is."""
    for group in JOINED:
        for path in sorted((folder / group).glob(f"*{SUFFIX}")):
            yaml_in(path, config_path(path))  # or it is no YAML at all
            accepted = [package.format(name=path.stem) for package in _PACKAGES[group]]
            package = package_in(path, config_path(path))
            if package not in accepted:
                found = "no line # @package" if package is None else f"# @package {quoted(package)[1:-1]}"
                raise ConfigError(f"{path}: found {found}; accepted: # @package {' or '.join(accepted)}")
            if silent := silent_in(text_of(path, config_path(path))):
                key, line = silent[0]
                raise ConfigError(f"{path}: line {line}: {key}: found a number that does not say what it is; accepted: {NOTE_FORM}")


def _code_in(folder: Path) -> Iterator[OwnCode]:
    """The files of Python in a folder, each beside the YAML of its name."""
    for group in groups():
        for path in sorted((folder / group).glob(f"*{ENDING}")):
            if group not in CODE_GROUPS:
                raise ConfigError(f"{path}: found code in the group {group}; accepted: code in {' and '.join(CODE_GROUPS)}")
            if path.name.startswith("__"):  # of tools, for packages
                continue
            if not is_module_name(path.stem):
                raise ConfigError(
                    f"{path}: found the name {quoted(path.stem)}; accepted: letters, digits and _, as Python has them"
                )
            if not path.with_suffix(SUFFIX).is_file():
                raise ConfigError(f"{path}: found without {path.stem}{SUFFIX} beside it; accepted: both")
            yield OwnCode(group, path.stem, str(path), _read(path, folder))


def _read(path: Path, folder: Path) -> bytes:
    """A file's bytes. Raises ``ConfigError`` for one that lies outside the folder, is too long or cannot be read."""
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(f"{path}: found a link that leads out of {folder}; accepted: code that lies in the folder itself")
        if not path.is_file():
            raise ConfigError(f"{path}: found no file; accepted: a file of Python")
        if path.stat().st_size > MOST_YAML_BYTES:
            raise ConfigError(f"{path}: found {path.stat().st_size:,} bytes; accepted: at most {MOST_YAML_BYTES:,}")
        return path.read_bytes()
    except (OSError, RuntimeError) as error:  # the latter for links in a circle
        told = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ConfigError(f"{path}: {told}; accepted: a readable file of Python") from None


def _estimands_in(folder: Path) -> dict[str, OwnEstimand]:
    """The estimands of a folder, with what must be known of them before their code runs."""
    found = {}
    for path in sorted((folder / "metric").glob(f"*{SUFFIX}")):
        place = config_path(path)
        if package_in(path, place) != f"{OF_ONE_ESTIMAND}.{path.stem}":
            continue
        if path.stem in _TAKEN or path.stem in _committed():
            raise ConfigError(f"{path}: found the name of an estimand that there is; accepted: another name than {_brief()}")
        body = yaml_in(path, place)
        said = body if isinstance(body, dict) else {}
        if isinstance(said.get("unit"), str) and said.get("wanted") in ("up", "down", None):  # or its record refuses it
            found[path.stem] = OwnEstimand(said["unit"], said.get("wanted"))
    return found


def _committed() -> Mapping[str, str]:
    from sim.metrics import UNITS  # pandas, which a listing of scenarios does not need

    return UNITS.committed


def _brief() -> str:
    return in_brief([*_committed()])
