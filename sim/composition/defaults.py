"""What the defaults of ``configs/config.yaml`` choose, with every file named that joins a group unasked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sim import places
from sim.own_files import JOINED
from sim.places import ROOT_FILE, config_path, options, own_options
from sim.reading import yaml_in
from sim.world.leaves import Plain

EVERY = "*"
"""Stands among the defaults of ``configs/config.yaml`` for every file of a group, in the order of their names."""


def root_path() -> Path:
    """Where ``configs/config.yaml`` is."""
    return places.config_folder() / f"{ROOT_FILE}.yaml"


def chosen_by_root() -> dict[str, str | list[str]]:
    """What the root file chooses of each group. Raises ``ConfigError`` where it cannot be read."""
    root = root_path()
    return chosen_in(yaml_in(root, config_path(root)) or {})


def is_list_of_choices(group: str) -> bool:
    """Whether several files of a group are composed: only where the defaults of ``configs/config.yaml`` have a list."""
    return isinstance(chosen_by_root().get(group), list)


def chosen_in(root: Mapping[str, object]) -> dict[str, str | list[str]]:
    """What the defaults of a root file choose of each group, with every file named that ``EVERY`` stands for."""
    return {group: names for entry in _entries(root) if isinstance(entry, Mapping) for group, names in _with_files(entry).items()}


def with_every_file(root: Mapping[str, object]) -> Plain:
    """A root file with the names of all files that its defaults choose."""
    return {**root, "defaults": [_with_files(entry) if isinstance(entry, Mapping) else entry for entry in _entries(root)]}


def _entries(root: Mapping[str, object]) -> list[object]:
    defaults = root.get("defaults")
    return defaults if isinstance(defaults, list) else []


def _with_files(entry: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    """An entry among the defaults, ``{group: names}``, with the files of a user's own that join their group."""
    return {group: _all_names(group, names) for group, names in entry.items()}


def _all_names(group: str, names: str | list[str]) -> str | list[str]:
    if names == EVERY:
        return options(group)
    joining = own_options(group) if group in JOINED else []
    listed_names = names if isinstance(names, list) else [names]
    return [*listed_names, *(name for name in joining if name not in listed_names)] if joining else names
