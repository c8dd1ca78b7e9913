"""What Hydra says is wrong, as one line for people: the key, what was found, what is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sim.composition.overrides import GRAMMAR, SCENARIO, as_given, key_of, unread
from sim.errors import in_brief, meant, quoted
from sim.places import accepted_options, options

_LETTERS = 300  # of what Hydra says
_NO_FILE = re.compile(r"Could not (?:find|load) '([^']+)/([^'/]+)'")


def _takes_away(override: str) -> bool:
    return override.startswith("~")


def _refers(override: str) -> bool:
    return "${" in override


class _Complaint(NamedTuple):
    """Something that Hydra says, and what we say instead."""

    pattern: str  # of Hydra's message
    says: str  # what was found amiss, and what is accepted
    is_meant: Callable[[str], bool] = _takes_away  # of which override it speaks where it names none


_COMPLAINTS = (
    _Complaint(
        r"Ambiguous value|requires --multirun",
        "which are several values; accepted: one, a list as key=[a,b], or several runs with -m",
    ),
    _Complaint(r"Could not append", "where a value stands already; accepted: the key without +"),
    _Complaint(r"Could not delete", "which is not there to be taken away; accepted: ~key of a key that is there"),
    _Complaint(r"Error merging override", "which does not go there; accepted: a value of the kind that stands there"),
    _Complaint(r"appears more than once", "which is chosen already; accepted: the key without +"),
    _Complaint(r"find a match|No match|looks like a config group", "in a group that is not chosen from; accepted: one of configs/"),
    _Complaint(
        r"Interpolation|interpolation",
        "which refers to what is not there; accepted: a value, or ${key} of the configuration",
        _refers,
    ),
    _Complaint(r"Missing mandatory|MissingMandatory", "a value that is still to be given; accepted: a value"),
    _Complaint(r"Sweeping over Hydra", "several values for one of Hydra's own settings; accepted: one"),
)


def hydra_error(message: str, overrides: Sequence[str], committed: Callable[[], Mapping[str, object]]) -> str:
    """Hydra's error as one line: key, what was found, what is accepted.

    ``committed`` gives the configuration without overrides, for what stands at a place where a key is not.
    """
    if missing := _NO_FILE.search(message):
        group, found = missing.groups()
        return f"{group}: found {quoted(found)}; accepted: {accepted(group, found)}"
    if unknown := _key_not_there(message):
        return no_such(unknown, committed())
    given = _override_in(message, overrides)
    if "override_grammar" in message:
        return unread(given or " ".join(overrides))
    if complaint := next((one for one in _COMPLAINTS if re.search(one.pattern, message)), None):
        return _reworded(complaint, message, given or next(filter(complaint.is_meant, overrides), ""))
    return f"{as_given(given or ', '.join(overrides)) or 'configs/'}: {cut(message)}; accepted: {GRAMMAR}"


def _reworded(complaint: _Complaint, message: str, given: str) -> str:
    """A complaint of Hydra's about an override in our words; nothing is ``given`` where it speaks of a file."""
    key = key_of(given) or _full_key(message) or "configs/"
    return f"{as_given(key)}: found {as_given(given.partition('=')[2]) or 'nothing'}, {complaint.says}"


def _override_in(message: str, overrides: Sequence[str]) -> str:
    """The override that a message has whole, or else the one whose key it names; nothing where there is none."""
    whole = next((override for override in overrides if override in message), "")
    named = {_full_key(message), _first(r"'([^']+)'", message), *message.split()}
    return whole or next((override for override in overrides if key_of(override) in named), "")


def _key_not_there(message: str) -> str:
    """The dotted key of which a message says that the configuration does not have it; nothing where it says no such thing."""
    return _first(r"is not in struct\s+full_key: (\S+)", message) or _first(r"Could not override '([^']+)'", message)


def _full_key(message: str) -> str:
    return _first(r"full_key: (\S+)", message)


def _first(pattern: str, message: str) -> str:
    """What the group of a pattern holds where it first fits; nothing where it never does."""
    found = re.search(pattern, message)
    return found[1] if found else ""


def accepted(group: str, found: str) -> str:
    """The options of a group; of scenarios that are joined as designs join them, the list that is meant."""
    several = found.split("+")
    if group == SCENARIO and len(several) > 1 and {*several} <= {*options(group)}:
        return f"[{','.join(several)}]"
    return accepted_options(group, found) if options(group) else "a group of configs/"


def no_such(full_key: str, committed: Mapping[str, object]) -> str:
    """Where a dotted key leaves the committed configuration, and what there is at that place."""
    node: object = committed
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


def cut(message: str) -> str:
    """A message on one line, and no longer than a person would read."""
    words = " ".join(message.split())
    return words if len(words) <= _LETTERS else f"{words[:_LETTERS]}..."
