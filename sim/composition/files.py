"""What a file may say before Hydra sees it, and the shelf from which Hydra takes the files that it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from hydra.core.config_store import ConfigNode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim import places
from sim.composition.defaults import root_path, with_every_file
from sim.composition.overrides import DESIGN, HYDRA
from sim.composition.wording import cut
from sim.errors import ConfigError, quoted
from sim.places import by_path, config_path, groups, options, path_of
from sim.reading import package_in, yaml_in
from sim.world.leaves import Plain

_TEXTS = 256  # files of which what they say is kept
_PIECES = re.compile(r"[\s/@.:]+")  # between the words of a package, and of an entry among the defaults

DEFINITION = "definition"
"""The group of definitions of serious crime: each file is a map of dials by selector and needs no line that says where it goes."""
PACKAGES = {DEFINITION: "states.override"}


class _File(ConfigNode):
    """A file as Hydra sees it; it is read when Hydra wants what it says, so that a bad one spoils only itself."""

    def __init__(self, path: Path, of: str = "") -> None:
        self.path, self.name, self.provider, self.of = path, path.name, "rogatory", of
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
        """Where it goes: as it says, or where all files of its group do that say nothing."""
        return package_of(self.path) or PACKAGES.get(self.of)


def _said(path: Path) -> DictConfig:
    """What a file says, as OmegaConf holds it."""
    if path == root_path():  # which files there are may change while it stays as it is
        return OmegaConf.create(with_every_file(body_of(path)))
    mark = path.stat()
    return _said_then(path, config_path(path), (mark.st_mtime_ns, mark.st_size))


@lru_cache(maxsize=_TEXTS)
def _said_then(path: Path, place: str, stamp: tuple[int, int]) -> DictConfig:
    try:
        return OmegaConf.create(body_of(path))
    except OmegaConfBaseException as error:
        raise ConfigError(f"{place}: {cut(str(error))}; accepted: a readable YAML file") from None


def body_of(path: Path) -> Plain:
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
    return root_path(), places.config_folder() / HYDRA / "rogatory.yaml"


def package_of(path: Path) -> str | None:
    """Where Hydra puts what a file says: the word behind ``# @package`` among its first lines; None where there is none."""
    return package_in(path, config_path(path))


def _refuse_reach(body: Mapping[str, object], package: str | None, place: str) -> None:
    """Raise ``ConfigError`` for whatever in a file would reach Hydra's own settings or its resolvers."""
    for words in _places_named(body, package):
        if HYDRA in _PIECES.split(words) or "$" in words:
            raise ConfigError(f"{place}: found {quoted(words)}, which would reach Hydra itself; accepted: keys of the model")
    for key in _keys(body):
        if "." in key or not key:
            raise ConfigError(f"{place}: found the key {quoted(key)}; accepted: keys in each other, as in configs/")
    for value in _leaves(body):
        if isinstance(value, str) and re.search(r"\$\{.*:", value, re.DOTALL):
            raise ConfigError(f"{place}: found {quoted(value)}; accepted: a value, or ${{key}} of the configuration")


def _places_named(body: Mapping[str, object], package: str | None) -> Iterator[str]:
    """Words that say where something goes or comes from: among the defaults, behind ``# @package``, and the key of Hydra itself."""
    defaults = body.get("defaults") or ()
    for entry in defaults if isinstance(defaults, list) else [defaults]:
        yield from map(str, [*entry.keys(), *entry.values()] if isinstance(entry, dict) else [entry])
    if package:
        yield package
    if HYDRA in body:
        yield HYDRA


def _keys(value: object) -> Iterator[str]:
    """All keys of the maps in a value."""
    if isinstance(value, Mapping):
        yield from value
    for entry in entries_of(value):
        yield from _keys(entry)


def _leaves(value: object) -> Iterator[object]:
    """All that is neither a map nor a list in a value."""
    if not isinstance(value, Mapping | list):
        yield value
    for entry in entries_of(value):
        yield from _leaves(entry)


def entries_of(value: object) -> Iterable[object]:
    """What a map or a list holds; nothing for any other value."""
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def root_files() -> dict[str, ConfigNode]:
    """Files of the committed folder that belong to no group, by name."""
    return {path.name: _File(path) for path in places.config_folder().glob("*.yaml")}


def files_of_groups() -> dict[str, dict[str, ConfigNode]]:
    """Files of each group under the names by which Hydra asks for them; designs are none of its business."""
    stored: dict[str, dict[str, ConfigNode]] = {
        group: {f"{name}.yaml": _File(path_of(group, name), group) for name in options(group)}
        for group in (*groups(), HYDRA)
        if group != DESIGN
    }
    for (group, name), path in by_path().items():
        stored.get(group, {}).setdefault(f"{name}.yaml", _File(path, group))
    return stored
