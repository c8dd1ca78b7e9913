"""What one override says: its key, its value and the files that it chooses, as Hydra's grammar reads them."""

from __future__ import annotations

import re
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from sim.composition.defaults import is_list_of_choices
from sim.errors import ConfigError, quoted
from sim.places import accepted_options, groups, is_path, option_name

HYDRA = "hydra"
SCENARIO, DESIGN = "scenario", "design"
ADOPTED = "as_adopted"
"""The scenario that changes nothing."""
SEARCHPATH = "hydra.searchpath"
"""The one of Hydra's own settings that is more than a matter of ``-m``: folders in which names are looked up too."""
GRAMMAR = "key=value in Hydra's grammar"
_MOST_LETTERS = 8_000
"""Letters of an override; *assumption*: a list of all states with room to spare."""


def key_of(override: str) -> str:
    """The key that an override sets, without Hydra's signs for adding and deleting."""
    return override.partition("=")[0].lstrip("+~").strip()


def value_of(override: str) -> Any:
    """What stands behind the equals sign, as Hydra reads it. Raises ``ConfigError`` if it cannot be read."""
    return parsed(override).value()


def parsed(override: str) -> Override:
    """An override as Hydra reads it. Raises ``ConfigError`` if it cannot be read."""
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
    return f"{as_given(override)}: no override that can be read; accepted: {GRAMMAR}"


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
