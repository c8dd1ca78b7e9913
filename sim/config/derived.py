"""What follows from the choice: the scenarios' name, reforms in every text, the reference as adopted, checksums of the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.composition import key_of
from sim.config.keys import REFERENCE
from sim.config.nested import map_at, put_anew, take_away
from sim.errors import ConfigError, quoted
from sim.roles import LEVER, role_of
from sim.sources.checksums import checksums, file_fault
from sim.world.leaves import Plain, leaves_of
from sim.world.reforms import written_everywhere

EVERYWHERE = "everywhere"
"""The value of ``reforms`` that writes a scenario's changes of the treaty into every text."""
_TABLES = {"table": "states.csv", "penalty_table": "penalties.csv"}  # keys of a user's own table, and what each stands in for


def reforms_everywhere(plain: Mapping[str, object]) -> bool:
    """Whether a scenario's changes of the treaty are written into every text."""
    return plain.get("reforms") == EVERYWHERE


def name_of(scenarios: Sequence[str], everywhere: bool) -> str:
    """The one name of scenarios, with a mark where their reforms stand everywhere."""
    return "+".join(scenarios) + (f"@{EVERYWHERE}" if everywhere else "")


def with_reforms(chosen: Plain, adopted: Mapping[str, Plain], overrides: Sequence[str]) -> Plain:
    """The choice with its changes of the treaty in every text; where ``overrides`` say something of a text, that stands."""
    stated = [key.removeprefix("instruments.") for key in map(key_of, overrides) if key.startswith("instruments.")]
    return {**chosen, "instruments": written_everywhere(chosen["instruments"], adopted, stated)}


def reference_in(adopted: Mapping[str, object]) -> Plain:
    """The as-adopted reference: those parts of the composition as adopted with which a scenario is compared."""
    return {part: adopted[part] for part in REFERENCE}


def with_facts(adopted: Mapping[str, Any], given: Mapping[str, Any]) -> Plain:
    """The composition as adopted, with each fact and design key of the reference's parts as it is in another one; levers stay.

    A text or a safeguard that one of the two lacks is left alone: it is a lever that it is there at all.
    """
    plain = dict(adopted)
    for part in REFERENCE:
        ours, theirs = ({} if (part_of := one.get(part)) is None else part_of for one in (adopted, given))
        if ours == theirs:
            continue
        before, after = leaves_of({part: ours}), leaves_of({part: theirs})
        for key in {**before, **after}:
            if role_of(key) == LEVER or (key in before and key in after and before[key] == after[key]):
                continue
            *path, last = key.split(".")
            if any(map_at(one, ".".join(path)) is None for one in (adopted, given)):
                continue
            if key in after:
                put_anew(plain, [*path, last], after[key])
            else:
                take_away(plain, [*path, last])
    return plain


def table_checksums(chosen: Mapping[str, object]) -> dict[str, str]:
    """Checksums of the tables, by name of the file: what they hold, and not where they lie, decides a result.

    None where the states are not real. Raises ``ConfigError`` for a table of a user's own that cannot be read.
    """
    states = chosen.get("states")
    if not isinstance(states, Mapping) or states.get("source") != "real":
        return {}
    own = {key: Path(str(states[key])) for key in _TABLES if states.get(key)}
    for key, path in own.items():
        if fault := file_fault(path):
            raise ConfigError(f"states.{key}: found {quoted(str(states[key]))}, which {fault}; accepted: the path of a table")
    return checksums({_TABLES[key]: path for key, path in own.items()})
