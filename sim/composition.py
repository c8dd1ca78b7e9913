"""The one door to Hydra: files and overrides in, plain values out; whatever Hydra says comes out as one line."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from hydra import compose, initialize, main
from hydra.core.config_store import ConfigNode, ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ValueType
from hydra.core.plugins import Plugins
from hydra.core.utils import JobRuntime
from hydra.errors import HydraException
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim import places
from sim.errors import ConfigError, RogatoryError, in_brief, meant, quoted
from sim.own_files import JOINED, looking_in
from sim.places import (
    ROOT_FILE,
    accepted_options,
    by_path,
    config_path,
    folders,
    groups,
    is_path,
    option_name,
    options,
    own_options,
    path_of,
)
from sim.reading import package_in, yaml_in

HYDRA = "hydra"
SCENARIO, _DESIGN = "scenario", "design"
ADOPTED = "as_adopted"
"""The scenario that changes nothing."""
SEARCHPATH = "hydra.searchpath"
"""The one of Hydra's own settings that is more than a matter of ``-m``: folders in which names are looked up too."""
_MOST_LETTERS = 8_000
"""Letters of an override; *assumption*: a list of all states with room to spare."""
_GRAMMAR = "key=value in Hydra's grammar"
_OF_A_MULTIRUN = re.compile(r"hydra/launcher|hydra/sweeper|hydra\.(launcher|sweeper|sweep)(\.[\w.]+)?")
_NOWHERE = "pkg://hydra.conf"  # a place without a file of ours: what Hydra reads of them is handed to it
_VERSION = "1.3"
_LETTERS = 300  # of what Hydra says
_COMPOSITIONS = 128  # that are kept: a comparison composes one reference for all its scenarios
_TEXTS, _DIGESTS = 256, 4096  # files of which what they say, and what they hold, is kept
_DIGEST_BYTES = 16
_PIECES = re.compile(r"[\s/@.:]+")  # between the words of a package, and of an entry among the defaults


# --- overrides ----------------------------------------------------------------------------------------------------------------


def key_of(override: str) -> str:
    """The key that an override sets, without Hydra's signs for adding and deleting."""
    return override.partition("=")[0].lstrip("+~").strip()


def value_of(override: str) -> Any:
    """What stands behind the equals sign, as Hydra reads it. Raises ``ConfigError`` if it cannot be read."""
    return _parsed(override).value()


def _parsed(override: str) -> Any:
    try:
        return OverridesParser.create().parse_override(override)
    except (HydraException, RecursionError, ValueError):  # the last for a number of thousands of digits
        raise ConfigError(unread(override)) from None


def refuse_length(override: str) -> None:
    """Hydra reads some ten thousand letters a second, and more than once. Raises ``ConfigError`` for more than anybody types."""
    if len(override) > _MOST_LETTERS:
        told = f"{as_given(key_of(override))}: found an override of {len(override):,} letters"
        raise ConfigError(f"{told}; accepted: at most {_MOST_LETTERS:,}, or a file")


def unread(override: str) -> str:
    """What is said of an override that cannot be read."""
    return f"{as_given(override)}: no override that can be read; accepted: {_GRAMMAR}"


def as_given(words: str) -> str:
    """What was typed, on one line and no longer than a person would read."""
    return quoted(words)[1:-1]


def is_of_hydra(key: str) -> bool:
    """Whether a key is one of Hydra's own settings, or would become one by its package."""
    return any(re.split(r"[/.]", part.strip())[0] == HYDRA for part in re.split("[@:]", key))


def chooses(override: str) -> bool:
    """Whether an override chooses among the files of a group."""
    return override[:1].isalpha() and "=" in override and key_of(override) in groups()


def with_names(override: str) -> str:
    """The same override with each file that it chooses by its path under its name.

    Raises ``ConfigError`` for a list where one file is to be chosen: Hydra would take the last without a word.
    """
    group = key_of(override)
    value = value_of(override)
    if isinstance(value, list) and not is_list_of_choices(group):
        raise ConfigError(f"{group}: found the list {quoted(value)}; accepted: one of {accepted_options(group)}")
    if value is None or isinstance(value, bool | int | float):
        raise ConfigError(f"{group}: found {quoted(value)}; accepted: one of {accepted_options(group)}")
    if is_path(value):
        return f"{group}={option_name(group, value)}"
    if isinstance(value, list) and any(map(is_path, value)):
        return f"{group}=[{','.join(option_name(group, str(word)) for word in value)}]"
    return override


def is_list_of_choices(group: str) -> bool:
    """Whether several files of a group are composed: only where the defaults of ``configs/config.yaml`` have a list."""
    root = places.config_folder() / f"{ROOT_FILE}.yaml"
    return isinstance(chosen_in(yaml_in(root, config_path(root)) or {}).get(group), list)


EVERY = "*"
"""Stands among the defaults of ``configs/config.yaml`` for every file of a group, in the order of their names."""


def chosen_in(root: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """What the defaults of ``configs/config.yaml`` choose of each group, with every file named that ``EVERY`` stands for."""
    entries = [entry for entry in root.get("defaults") or () if isinstance(entry, Mapping)]
    return {group: _with_files(group, names) for entry in entries for group, names in entry.items()}


def _with_files(group: str, names: Any) -> Any:
    """The names that an entry among the defaults chooses, with the files of a user's own that join their group."""
    if names == EVERY:
        return options(group)
    joining = own_options(group) if group in JOINED else []
    listed_names = names if isinstance(names, list) else [names]
    return [*listed_names, *(name for name in joining if name not in listed_names)] if joining else names


def _with_every_file(root: Mapping[str, Any]) -> dict[str, Any]:
    """The root file with the names of all files that its defaults choose."""
    entries = root.get("defaults") or []
    named_all = [
        {group: _with_files(group, names) for group, names in entry.items()} if isinstance(entry, Mapping) else entry
        for entry in entries
    ]
    return {**root, "defaults": named_all}


# --- files ----------------------------------------------------------------------------------------------------------------------


class _File(ConfigNode):
    """A file as Hydra sees it; it is read when Hydra wants what it says, so that a bad one spoils only itself."""

    def __init__(self, path: Path) -> None:
        self.path, self.name, self.provider = path, path.name, "rogatory"
        self.group = path.parent.name if path.parent != places.config_folder() else None

    @property
    def node(self) -> DictConfig:
        """What the file says, unless Hydra has put a copy of its own in its place."""
        copied: DictConfig | None = self.__dict__.get("copied")
        return _said(self.path) if copied is None else copied

    @node.setter
    def node(self, copied: DictConfig) -> None:
        self.__dict__["copied"] = copied

    @property
    def package(self) -> str | None:  # type: ignore[override]
        """Where it goes."""
        return package_of(self.path)


def _said(path: Path) -> DictConfig:
    if path == places.config_folder() / f"{ROOT_FILE}.yaml":  # which files there are may change while it stays as it is
        return OmegaConf.create(_with_every_file(body_of(path)))
    mark = path.stat()
    return _said_then(path, config_path(path), (mark.st_mtime_ns, mark.st_size))


@lru_cache(maxsize=_TEXTS)
def _said_then(path: Path, place: str, stamp: tuple[int, int]) -> DictConfig:
    try:
        return OmegaConf.create(body_of(path))
    except OmegaConfBaseException as error:
        raise ConfigError(f"{place}: {_cut(str(error))}; accepted: a readable YAML file") from None


def body_of(path: Path) -> dict[str, Any]:
    """What a file that Hydra composes says. Raises ``ConfigError`` for what cannot be read or would reach Hydra itself.

    Hydra makes objects of what its own settings name (callbacks, handlers of logging): a file that set one could run any code.
    """
    place = config_path(path)
    body = yaml_in(path, place)
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ConfigError(f"{place}: found no map; accepted: key: value")
    if path not in _of_hydra():
        _refuse_reach(body, package_of(path), place)
    return body


def _of_hydra() -> tuple[Path, Path]:
    """The two committed files that may say how Hydra itself works."""
    return places.config_folder() / f"{ROOT_FILE}.yaml", places.config_folder() / HYDRA / "rogatory.yaml"


def package_of(path: Path) -> str | None:
    """Where Hydra puts what a file says: the word behind ``# @package`` among its first lines; None where there is none."""
    return package_in(path, config_path(path))


def _refuse_reach(body: Mapping[str, Any], package: str | None, place: str) -> None:
    defaults = body.get("defaults") or ()
    entries = defaults if isinstance(defaults, list) else [defaults]
    said = [str(word) for entry in entries for word in ([*entry.keys(), *entry.values()] if isinstance(entry, dict) else [entry])]
    for words in (*said, *([package] if package else ()), *(key for key in body if key == HYDRA)):
        if HYDRA in _PIECES.split(words) or "$" in words:
            raise ConfigError(f"{place}: found {quoted(words)}, which would reach Hydra itself; accepted: keys of the model")
    for key in _keys(body):
        if "." in key or not key:
            raise ConfigError(f"{place}: found the key {quoted(key)}; accepted: keys in each other, as in configs/")
    for value in _leaves(body):
        if isinstance(value, str) and re.search(r"\$\{.*:", value, re.DOTALL):
            raise ConfigError(f"{place}: found {quoted(value)}; accepted: a value, or ${{key}} of the configuration")


def _keys(value: Any) -> Iterator[str]:
    """All keys of the maps in a value."""
    if isinstance(value, Mapping):
        yield from value
    for entry in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _keys(entry)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list):
        for entry in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(entry)
    else:
        yield value


def _store() -> dict[str, Any]:
    """All files that Hydra may choose under the names by which it asks for them; designs are none of its business."""
    stored: dict[str, Any] = {path.name: _File(path) for path in places.config_folder().glob("*.yaml")}
    for group in (*groups(), HYDRA):
        if group != _DESIGN:
            stored[group] = {f"{name}.yaml": _File(path_of(group, name)) for name in options(group)}
    for (group, name), path in by_path().items():
        stored.get(group, {}).setdefault(f"{name}.yaml", _File(path))
    return stored


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Hydra over our files alone, whatever else in this process uses Hydra: all that it had is put back."""
    Plugins.instance()  # launchers and sweepers enter the store once, when they are first looked for
    here, store, running = GlobalHydra.instance(), ConfigStore.instance(), HydraConfig.instance()
    job, base = JobRuntime.instance(), VersionBase.instance()
    before = here.hydra, store.repo, running.cfg, job.conf, base.version_base
    theirs = {name: held for name, held in store.repo.items() if name in (HYDRA, "_dummy_empty_config_.yaml")}
    stored = _store()
    stored[HYDRA] = {**theirs.get(HYDRA, {}), **stored[HYDRA]}
    stored |= {name: held for name, held in theirs.items() if name != HYDRA}
    here.hydra, store.repo, running.cfg, job.conf = None, stored, None, OmegaConf.create()
    try:
        yield
    finally:
        GlobalHydra.set_instance(here)
        here.hydra, store.repo, running.cfg, job.conf, base.version_base = before


# --- composing ------------------------------------------------------------------------------------------------------------------


def by_hydra(overrides: Sequence[str]) -> dict[str, Any]:
    """What Hydra makes of overrides, in plain values that are kept: not to be written into. Raises ``ConfigError``."""
    return _composed_once(tuple(overrides), _contents(any(SCENARIO in override for override in overrides)))


def _contents(with_scenarios: bool) -> str:
    """Digest of what a composition is made from: every file but designs, and but scenarios where none is chosen."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    aside = (f"{_DESIGN}/",) if with_scenarios else (f"{_DESIGN}/", f"{SCENARIO}/")
    for folder in map(str, folders()):
        for file in _files(folder):
            name = file.path[len(folder) + 1 :].replace(os.sep, "/")
            if not name.startswith(aside) or name == f"{SCENARIO}/{ADOPTED}.yaml":
                mark = file.stat()
                digest.update(name.encode(errors="surrogateescape") + _digest_of(file.path, (mark.st_mtime_ns, mark.st_size)))
    for (group, name), path in sorted(by_path().items()):
        mark = path.stat()
        digest.update(f"{group}/{name}".encode() + _digest_of(str(path), (mark.st_mtime_ns, mark.st_size)))
    return digest.hexdigest()


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    """All YAML files below a folder, in the order of their names."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry.path)
        elif entry.name.endswith(".yaml"):
            yield entry


@lru_cache(maxsize=_DIGESTS)
def _digest_of(path: str, stamp: tuple[int, int]) -> bytes:
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=_DIGEST_BYTES).digest()


_one_at_a_time = threading.RLock()  # Hydra has one state a process


def _refuse_taken(overrides: Sequence[str]) -> None:
    """What joins a configuration unasked says nothing of what is there already: that would only hide it. Raises ``ConfigError``."""
    chosen = {key_of(override) for override in overrides}
    root = places.config_folder() / f"{ROOT_FILE}.yaml"
    for group in JOINED:
        if group in chosen or not own_options(group):
            continue
        said: dict[str, Path] = {}
        for path in (path_of(group, name) for name in chosen_in(yaml_in(root, config_path(root)))[group]):
            for key in _said_by(path):
                if (other := said.setdefault(key, path)) != path:
                    told = f"{path}: found {quoted(key)[1:-1]}, which {config_path(other)} says already"
                    raise ConfigError(f"{told}; accepted: a name of its own, or {group}=[...] without one of the two")


def _said_by(path: Path) -> list[str]:
    """Dotted keys that a file sets: of a block under its own name the block, of a file of blocks each of them."""
    package = package_of(path) or path.parent.name
    return [package] if "." in package else [f"{package}.{key}" for key in body_of(path)]


@lru_cache(maxsize=_COMPOSITIONS)
def _composed_once(overrides: tuple[str, ...], contents: str) -> dict[str, Any]:
    _refuse_taken(overrides)
    try:
        with _one_at_a_time, _own_hydra(), initialize(config_path=_NOWHERE, job_name="rogatory", version_base=_VERSION):
            plain = OmegaConf.to_container(compose(ROOT_FILE, overrides=list(overrides)), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(hydra_error(str(error), overrides)) from None
    except (ValueError, RecursionError) as error:  # what Hydra says of a group that is no name
        found = as_given(" ".join(overrides))
        raise ConfigError(f"{found}: {_cut(str(error))}; accepted: {_GRAMMAR}") from None
    return {str(key): value for key, value in plain.items()} if isinstance(plain, dict) else {}


def to_yaml(plain: Mapping[str, Any]) -> str:
    """Plain values as Hydra would show them."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(plain)))


def hydra_error(message: str, overrides: Sequence[str]) -> str:
    """Hydra's error as one line: key, what was found, what is accepted."""
    missing = re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'", message)
    if missing:
        group, found = missing.groups()
        return f"{group}: found {quoted(found)}; accepted: {accepted(group, found)}"
    unknown = re.search(r"is not in struct\s+full_key: (\S+)", message) or re.search(r"Could not override '([^']+)'", message)
    if unknown:
        return no_such(unknown[1])
    full_key = (re.findall(r"full_key: (\S+)", message) or [""])[0]
    quoted_key = (re.findall(r"'([^']+)'", message) or [""])[0]
    given = next((override for override in overrides if override in message), "")
    named = {full_key, quoted_key} | {*message.split()}
    given = given or next((override for override in overrides if key_of(override) in named), "")
    if "override_grammar" in message:
        return unread(given or " ".join(overrides))
    for pattern, words in _SAID.items():
        if re.search(pattern, message):
            refers = "nterpolation" in pattern
            given = given or next((word for word in overrides if ("${" in word if refers else word.startswith("~"))), "")
            key = key_of(given) or full_key or "configs/"
            return f"{as_given(key)}: found {as_given(given.partition('=')[2]) or 'nothing'}, {words}"
    return f"{as_given(given or ', '.join(overrides)) or 'configs/'}: {_cut(message)}; accepted: {_GRAMMAR}"


_SAID = {
    r"Ambiguous value|requires --multirun": "which are several values; accepted: one, a list as key=[a,b], or several runs with -m",
    r"Could not append": "where a value stands already; accepted: the key without +",
    r"Could not delete": "which is not there to be taken away; accepted: ~key of a key that is there",
    r"Error merging override": "which does not go there; accepted: a value of the kind that stands there",
    r"appears more than once": "which is chosen already; accepted: the key without +",
    r"find a match|No match|looks like a config group": "in a group that is not chosen from; accepted: one of configs/",
    r"Interpolation|interpolation": "which refers to what is not there; accepted: a value, or ${key} of the configuration",
    r"Missing mandatory|MissingMandatory": "a value that is still to be given; accepted: a value",
    r"Sweeping over Hydra": "several values for one of Hydra's own settings; accepted: one",
}


def accepted(group: str, found: str) -> str:
    """The options of a group; of scenarios that are joined as designs join them, the list that is meant."""
    several = found.split("+")
    if group == SCENARIO and len(several) > 1 and {*several} <= {*options(group)}:
        return f"[{','.join(several)}]"
    return accepted_options(group, found) if options(group) else "a group of configs/"


def no_such(full_key: str) -> str:
    """Where a dotted key leaves the configuration, and what there is at that place."""
    node: Any = by_hydra(())
    trail: list[str] = []
    for part in full_key.split("."):
        trail.append(part)
        if not isinstance(node, Mapping) or part not in node:
            break
        node = node[part]
    if node == {}:  # no record is empty: it is a map of whatever keys there are
        return f"{as_given('.'.join(trail))}: no such key; accepted: a new one as +{as_given(full_key)}=..."
    keys = [str(key) for key in node if key != "_target_"] if isinstance(node, Mapping) else []
    near, known = meant(trail[-1], keys), in_brief(keys)
    return f"{as_given('.'.join(trail))}: no such key; accepted: {known or 'no key below this one'}{near}"


def _cut(message: str) -> str:
    words = " ".join(message.split())
    return words if len(words) <= _LETTERS else f"{words[:_LETTERS]}..."


# --- from the shell ---------------------------------------------------------------------------------------------------------------

_MANY = ("-m", "--multirun")
_SHOWS = (*_MANY, "-h", "--help", "--hydra-help", "--resolve", "--version")
_OF_A_WORD: dict[str, tuple[str, ...]] = {
    "--cfg": ("job", "hydra", "all"),
    "--info": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
    "--package": (),
    "--config-dir": (),
}
_SHORT = {"-c": "--cfg", "-i": "--info", "-p": "--package", "-cd": "--config-dir"}
_PLACE = "--config-dir"
_TOGETHER = {"--resolve": ("--cfg", "--help"), "--package": ("--cfg",)}  # flags that mean something only beside another
_FLAGS = "--cfg job, -m, --config-dir FOLDER, --help, --info, --package KEY, --resolve"


class Asked(NamedTuple):
    """What was typed behind a study's name, sorted by who has to hear it."""

    flags: tuple[str, ...]  # of Hydra's: what they show, and -m
    overrides: tuple[str, ...]  # of the model, and folders of a user's own as ``SEARCHPATH``
    of_hydra: tuple[str, ...]  # how Hydra spreads the jobs of a multirun

    @property
    def many(self) -> bool:
        """Whether values given with commas are to be spread."""
        return any(flag in _MANY for flag in self.flags)

    @property
    def folders(self) -> list[str]:
        """Folders of a user's own, as they were named."""
        return [folder for word in self.overrides if key_of(word) == SEARCHPATH for folder in folders_in(word)]

    @property
    def is_to_run(self) -> bool:
        """Whether one configuration is to be run, or shown."""
        return not {*_MANY, "-h", "--help", "--hydra-help", "--version"} & {*self.flags}

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Asked:
        """Sort what was typed. Raises ``ConfigError`` for a flag, or a setting of Hydra's, that would do more or nothing."""
        flags, overrides, of_hydra, own = list[str](), list[str](), list[str](), list[str]()
        words = iter(arguments)
        for word in words:
            refuse_length(word)
            if word.startswith("-"):
                flag, value = _flag(word, words)
                if flag == _PLACE:
                    own.append(value)
                else:
                    flags.append(f"{flag}={value}" if value else flag)
            elif key_of(word) == SEARCHPATH:
                own += folders_in(word)
            else:
                (of_hydra if is_of_hydra(key_of(word)) else overrides).append(word)
        _refuse_idle(flags, of_hydra)
        kept = [f"{SEARCHPATH}=[{','.join(map(in_quotes, own))}]"] if own else []
        return cls(tuple(flags), (*overrides, *kept), tuple(of_hydra))


def _flag(word: str, words: Iterator[str]) -> tuple[str, str]:
    """A flag under its long name, and the word that belongs to it."""
    flag, equals, value = word.partition("=")
    flag = _SHORT.get(flag, flag)
    if word in _SHOWS:
        return word, ""
    if flag not in _OF_A_WORD:
        raise ConfigError(f"{as_given(word)}: no such flag; accepted: {_FLAGS}")
    found, known = value if equals else next(words, ""), _OF_A_WORD[flag]
    if not found or (known and found not in known):
        raise ConfigError(f"{flag}: found {quoted(found)}; accepted: {', '.join(known) or 'a word behind it'}")
    return flag, found


def _refuse_idle(flags: Sequence[str], of_hydra: Sequence[str]) -> None:
    """What would have no effect beside what else is there."""
    shown = {flag.partition("=")[0] for flag in flags}
    for flag, others in _TOGETHER.items():
        if flag in shown and not shown & {*others}:
            raise ConfigError(f"{flag}: found alone; accepted: together with {' or '.join(others)}")
    if "--cfg" in shown and shown & {*_MANY}:
        raise ConfigError("-m: found beside --cfg; accepted: one of the two")
    for word in of_hydra:
        would_make = word.startswith("~") or "_target_" in word  # or take away
        if not _OF_A_MULTIRUN.fullmatch(key_of(word)) or would_make or [*flags] in ([], ["--cfg=job"]):
            wanted = "hydra/launcher, hydra.launcher.*, hydra.sweep.* and hydra.sweeper.* with -m, and hydra.searchpath"
            raise ConfigError(f"{as_given(key_of(word))}: found one of Hydra's own settings; accepted: {wanted}")


def folders_in(override: str) -> list[str]:
    """The folders that ``hydra.searchpath=[...]`` names. Raises ``ConfigError`` for anything else."""
    value = value_of(override) if "=" in override else None
    entries = [value] if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ConfigError(f"{SEARCHPATH}: found {quoted(value)}; accepted: a list of folders, each laid out as configs/ is")
    return [re.sub("^file:/{2}", "", entry) for entry in entries]


def in_quotes(word: str) -> str:
    """A word as Hydra's grammar quotes it, whatever letters it has."""
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", word)  # backslashes count only before a quote, by Hydra's grammar
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{escaped[len(escaped) - trailing :]}'"


class _JobError(Exception):
    """A job's own failure on its way home from a launcher: what comes otherwise is the launcher's."""

    def __init__(self, own: Exception) -> None:
        super().__init__(own)  # or it could not travel between processes
        self.own = own


def spread(study: Callable[..., Any], asked: Asked, name: str) -> None:
    """Let Hydra show what its flags ask for, or hand a study the overrides of each job of a multirun.

    The study's first failure is kept and raised once Hydra is done, so that the other jobs still run. Raises ``ConfigError``
    for whatever Hydra finds wrong.
    """
    held = [word for word in asked.overrides if key_of(word) in (_DESIGN, SEARCHPATH)]  # Hydra would take a design for a group
    given = [_spread_names(word) if chooses(word) else word for word in asked.overrides if word not in held]
    _refuse_jobs(given)
    files = {at: str(path) for at, path in by_path().items()}
    failures: list[Exception] = []
    launchers = [word.partition("=")[2] for word in asked.of_hydra if key_of(word) == "hydra/launcher"]
    elsewhere = launchers[-1] if launchers and launchers[-1] != "basic" else None

    own = [folder for word in held if key_of(word) == SEARCHPATH for folder in folders_in(word)]

    def job(composed: DictConfig) -> None:
        try:
            with looking_in(*own):  # a launcher's process knows nothing of what the user named
                study(*(_with_paths(word, files) for word in HydraConfig.get().overrides.task), *held)
        except Exception as error:
            if elsewhere:  # in a process of a launcher: Hydra carries it home
                raise _JobError(error) from error
            failures.append(error)

    job.__module__, job.__qualname__ = __name__, name
    words = [*asked.flags, *given, *asked.of_hydra]
    with _as_program(name, words, scratch=asked.many and not any(key_of(word) == _SWEEP_DIR for word in asked.of_hydra)):
        try:
            with _own_hydra():
                main(version_base=_VERSION, config_path=_NOWHERE, config_name=ROOT_FILE)(job)()
        except _JobError as error:
            raise error.own from None
        except (HydraException, OmegaConfBaseException) as error:
            raise ConfigError(hydra_error(str(error), list(asked.overrides))) from None
        except (BrokenExecutor, MemoryError, OSError, RogatoryError):  # a lost worker, whoever started it; a disk
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {_cut(str(error))}"
            if elsewhere is None and isinstance(error, ValueError) and not asked.many:  # flags that do not go together
                raise ConfigError(f"{as_given(' '.join(words))}: {_cut(str(error))}; accepted: {_FLAGS}") from None
            if elsewhere is None:
                raise
            raise ConfigError(
                f"hydra/launcher: found {as_given(elsewhere)}, which could not start ({said}); accepted: hydra.launcher.* as it "
                "takes them here, or hydra/launcher=basic"
            ) from None
    if failures:
        raise failures[0]


MOST_JOBS = 10_000
"""Jobs of a multirun; *assumption*: Hydra composes each twice, which is hours; a design's points cost a thousandth of that."""


def _refuse_jobs(overrides: Sequence[str]) -> None:
    """Hydra would make all jobs before it begins one. Raises ``ConfigError`` for more than ``MOST_JOBS``."""
    count = 1
    for override in overrides:
        parsed = _parsed(override)
        if parsed.is_sweep_override() and parsed.is_discrete_sweep() and parsed.value_type != ValueType.GLOB_CHOICE_SWEEP:
            count *= sum(1 for _ in islice(parsed.sweep_string_iterator(), MOST_JOBS + 1))
        if count > MOST_JOBS:
            raise ConfigError(f"-m: found more than {MOST_JOBS:,} jobs; accepted: fewer, or a design with rogatory sweep")


_SWEEP_DIR = "hydra.sweep.dir"


@contextmanager
def _as_program(name: str, words: Sequence[str], scratch: bool) -> Iterator[None]:
    """Within it Hydra finds the words as a program's arguments, raises what is wrong, and has a folder of its own if it needs one.

    The folder is private to this user and gone in the end: Hydra keeps its settings there and nothing of ours.
    """
    argv, verbose = sys.argv, os.environ.get(_FULL_ERROR)
    os.environ[_FULL_ERROR] = "1"  # Hydra then raises instead of printing a traceback of its own
    try:
        with tempfile.TemporaryDirectory(prefix="rogatory-") if scratch else nullcontext() as folder:
            own = [] if folder is None else [f"{_SWEEP_DIR}={in_quotes(folder)}"]
            sys.argv = [f"rogatory {name}", *words, *own]
            yield
    finally:
        sys.argv = argv
        if verbose is None:
            del os.environ[_FULL_ERROR]
        else:
            os.environ[_FULL_ERROR] = verbose


_FULL_ERROR = "HYDRA_FULL_ERROR"


def _spread_names(override: str) -> str:
    """A choice of files, or several with commas, with each that is given by its path under its name."""
    parsed = _parsed(override)
    if not parsed.is_sweep_override():
        return with_names(override)
    if ".yaml" not in override or not parsed.is_choice_sweep():
        return override
    key = key_of(override)
    each = [with_names(f"{key}={word}").partition("=")[2] for word in parsed.sweep_string_iterator()]
    return f"{key}={','.join(each)}"


def _with_paths(override: str, files: Mapping[tuple[str, str], str]) -> str:
    """The way back: a job may be in another process, and its command is kept."""
    if not chooses(override) or not files:
        return override
    group, value = key_of(override), value_of(override)
    at = {name: in_quotes(path) for (of, name), path in files.items() if of == group}
    if isinstance(value, list):
        return f"{group}=[{','.join(at.get(str(word), str(word)) for word in value)}]"
    return f"{group}={at[value]}" if value in at else override
