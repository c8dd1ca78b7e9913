"""Overrides, sorted by what has to happen with them; what no one may give, or gives twice, is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sim.composition import DESIGN, SCENARIO, as_given, chooses, is_of_hydra, key_of, unread, value_of, with_names
from sim.config.keys import DERIVED, MIXED, OPEN_MAPS, REFERENCE, is_lever, settable
from sim.config.nested import refuse_nested
from sim.config.scenarios import scenarios_of
from sim.errors import ConfigError, meant, quoted
from sim.places import is_file, is_path, options


class Given(NamedTuple):
    """Overrides, sorted by what has to happen with them."""

    scenarios: tuple[str, ...]  # sorted, without those that another one holds
    design: dict[str, str | None]  # a key beside a folder of that name, which Hydra would take for a group
    others: tuple[str, ...]  # as they were given

    @classmethod
    def of(cls, overrides: Sequence[str]) -> Given:
        """Sort overrides. Raises ``ConfigError`` for what cannot be read, is given twice or is nobody's to give."""
        _refuse_doubled(overrides)
        chosen = {group: [o for o in overrides if key_of(o).partition("@")[0] == group] for group in (SCENARIO, DESIGN)}
        taken = {*chosen[SCENARIO], *chosen[DESIGN]}
        others = (_as_new(override) for override in overrides if override not in taken)
        return cls(
            scenarios=scenarios_of(chosen[SCENARIO]),
            design={DESIGN: _design(chosen[DESIGN])} if chosen[DESIGN] else {},
            others=tuple(with_names(override) if chooses(override) else override for override in others),
        )

    @property
    def of_the_world(self) -> tuple[str, ...]:
        """What also holds as adopted, whatever the scenario; facts of the reference's own parts follow (``with_facts``)."""
        apart = [key_of(override).partition("@")[0].partition(".")[0] in REFERENCE for override in self.others]
        return tuple(override for override, later in zip(self.others, apart, strict=True) if not (later or is_lever(override)))


def _as_new(override: str) -> str:
    """A dial of states may be there or not, and is nobody's to add by a sign: it is taken as given either way."""
    return f"++{override}" if override.startswith(OPEN_MAPS) and "=" in override else override


def _design(given: Sequence[str]) -> str | None:
    """The design that is asked for, by its name or its path; None where none is. Raises ``ConfigError``."""
    found = value_of(given[0])
    if given[0].startswith(f"{DESIGN}=") and (
        found is None or found in options(DESIGN) or (is_path(found) and is_file(Path(found)))
    ):
        return None if found is None else str(found)
    wanted = f"{', '.join(options(DESIGN))}, or the path of a YAML file{meant(found, options(DESIGN))}"
    raise ConfigError(f"{DESIGN}: found {quoted(given[0].removeprefix(f'{DESIGN}='))}; accepted: {wanted}")


def _refuse_doubled(overrides: Sequence[str]) -> None:
    """A key that is given twice would silently keep its last value; and the reference is derived, never given.

    The same holds of two keys of which one lies in the other, unless the one above chooses among files.
    """
    seen: set[str] = set()
    for override in overrides:
        key = key_of(override)
        _refuse_key(key, override)
        if key in seen and "=" in override:
            raise ConfigError(f"{as_given(key)}: found twice among the overrides; accepted: once")
        if key == MIXED and "=" in override and isinstance(value_of(override), Mapping):
            raise ConfigError(f"{key}: found a map; accepted: an override a key, such as {key}.rho=0.5")
        seen.add(key)
    refuse_nested((key_of(override) for override in overrides if not chooses(override)), "given")


def _refuse_key(key: str, override: str) -> None:
    """Raise ``ConfigError`` for no key at all, one of Hydra's own, and one that follows from the choice."""
    if not key:
        raise ConfigError(unread(override))
    if is_of_hydra(key):
        raise ConfigError(f"{as_given(key)}: found one of Hydra's own settings; accepted: {', '.join(settable())}")
    if key.split(".", maxsplit=1)[0] in DERIVED:
        raise ConfigError(f"{as_given(key)}: no such key; accepted: {', '.join(settable())}")
