"""A choice of scenarios: which ones are asked for, what each is composed of, and that no two contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sim.composition import (
    ADOPTED,
    SCENARIO,
    accepted,
    as_given,
    body_of,
    is_list_of_choices,
    package_of,
    value_of,
)
from sim.config.keys import DERIVED, REFERENCE, is_lever, settable
from sim.config.nested import above, is_written_as_it_is, map_at, maps_in
from sim.errors import ConfigError, in_brief, quoted
from sim.places import accepted_options, config_path, is_known, option_name, options, path_of
from sim.roles import FACT, LEVER, role_of
from sim.world.leaves import Plain, leaves_of

_OF_FIXED_KEYS = ("review", "conduct")  # parts in which a key that is not there is a mistake, and no fact that is added
GROUP = "/"  # in the key of an entry that chooses a file of a group
_AT_THE_TOP = "_global_"  # the package of a file whose keys are those of the configuration
_OWN = "_self_"  # a file's own body among its defaults


def scenarios_of(given: Sequence[str]) -> tuple[str, ...]:
    """The scenarios that an override asks for: sorted, each once, and none that another one lists among its own defaults."""
    if not given:
        return (ADOPTED,)
    names = _names_in(given[0])
    parts = {name: parts_of(name) for name in names}
    _refuse_clash({part: body for held in parts.values() for part, body in held.items()})
    held = {part for name in names for part in parts[name] if part != name}
    return tuple(sorted({*names} - held - {ADOPTED})) or (ADOPTED,)


def _names_in(override: str) -> list[str]:
    """The names of the scenarios that an override lists, as it lists them. Raises ``ConfigError`` for one unknown or doubled."""
    words = _words_in(override)
    names = [option_name(SCENARIO, word) for word in words]
    for place, name in enumerate(names):
        if not is_known(SCENARIO, name):
            raise ConfigError(f"{SCENARIO}: found {quoted(name)}; accepted: {accepted(SCENARIO, name)}")
        if name in names[:place]:
            raise ConfigError(f"{SCENARIO}: found {quoted(words[place])} twice; accepted: each name once")
    return names


def _words_in(override: str) -> list[str]:
    """What stands in a choice of scenarios: names and paths of files."""
    value, known = value_of(override), in_brief(options(SCENARIO))
    if not override.startswith(f"{SCENARIO}=") or not isinstance(value, str | list):
        found = as_given(override.removeprefix(f"{SCENARIO}="))
        raise ConfigError(f"{SCENARIO}: found '{found}'; accepted: a name, or several as [a,b], of {known}")
    if not value and isinstance(value, list):
        raise ConfigError(f"{SCENARIO}: found an empty list; accepted: one or more of {known}")
    return [str(name) for name in value] if isinstance(value, list) else [value]


def parts_of(name: str, outer: tuple[str, ...] = ()) -> dict[str, Plain]:
    """Every file that a scenario is composed of, itself included: ``{name: leaves}``; ``outer`` are those that it is a part of.

    A choice among another group counts as a leaf too, under the key that chooses (``override /conduct``).
    """
    path = path_of(SCENARIO, name)
    body = body_of(path)
    _refuse_derived(body, path)
    leaves = _in_package(package_of(path), {key: value for key, value in body.items() if key != "defaults"})
    parts: dict[str, Plain] = {}
    for entry in _defaults_in(body):
        if isinstance(entry, Mapping):
            _refuse_lists(entry, path)
            leaves |= {str(key): value for key, value in entry.items()}
        elif (part := _part_in(entry, (*outer, name), path)) is not None:
            parts |= parts_of(part, (*outer, name))
    return parts | {name: leaves}


def _in_package(package: str | None, said: Plain) -> dict[str, Plain]:
    """The leaves of what a file says, each under the key at which Hydra puts it."""
    prefix = f"{SCENARIO}." if package is None else "" if package == _AT_THE_TOP else f"{package}."
    return {f"{prefix}{key}": value for key, value in leaves_of(said).items()}


def _defaults_in(body: Mapping[str, object]) -> Sequence[object]:
    defaults = body.get("defaults") or ()
    return defaults if isinstance(defaults, list | tuple) else (defaults,)


def _part_in(entry: object, outer: tuple[str, ...], path: Path) -> str | None:
    """The scenario that an entry among the defaults names; None for the file's own body.

    Raises ``ConfigError`` for what is no scenario, and for one that is being composed already (``outer``).
    """
    if entry in outer:
        holds = f"defaults: found {entry!r}, which holds {outer[-1]!r} itself"
        raise ConfigError(f"{config_path(path)}: {holds}; accepted: other scenarios")
    if entry == _OWN:
        return None
    if isinstance(entry, str) and is_known(SCENARIO, entry):
        return entry
    wanted = f"{_OWN}, {accepted_options(SCENARIO, entry)}"
    raise ConfigError(f"{config_path(path)}: defaults: found {quoted(entry)}; accepted: {wanted}")


def _refuse_derived(body: Mapping[str, object], path: Path) -> None:
    """Raise ``ConfigError`` for a key that follows from the choice: no file may give it."""
    for derived in body.keys() & {*DERIVED}:
        raise ConfigError(
            f"{config_path(path)}: found {derived!r}, which follows from the choice; accepted: {', '.join(settable())}"
        )


def _refuse_lists(entry: Mapping[str, object], path: Path) -> None:
    """Of several files where one is chosen Hydra would take the last without a word."""
    for key, value in entry.items():
        group = _group_in(key)
        if isinstance(value, list) and not is_list_of_choices(group):
            raise ConfigError(
                f"{config_path(path)}: defaults: {key}: found the list {quoted(value)}; accepted: one of {accepted_options(group)}"
            )


def _refuse_clash(parts: Mapping[str, Mapping[str, object]]) -> None:
    """Scenarios add up only where no two of them say different things of one key."""
    said: dict[str, tuple[str, object]] = {}
    for name, leaves in sorted(parts.items()):
        for key, value in leaves.items():
            other, before = said.setdefault(key, (name, value))
            if before != value:
                raise _clash(key, (other, quoted(before)), (name, quoted(value)))
    for key, (name, _) in said.items():
        for outer in above(key):
            if outer in said:  # a value where another file has a map
                raise _clash(outer, (said[outer][0], quoted(said[outer][1])), (name, "a map"))


def _clash(key: str, one: tuple[str, str], other: tuple[str, str]) -> ConfigError:
    """That two files, each with what it says, contradict each other in a key."""
    (a, before), (b, after) = sorted((one, other))
    return ConfigError(
        f"{key}: found {before} in {config_path(path_of(SCENARIO, a))} and {after} in {config_path(path_of(SCENARIO, b))}; "
        "accepted: scenarios that set a key to one value"
    )


def choose_files(scenarios: Sequence[str]) -> bool:
    """Whether a scenario chooses another file of a group."""
    return any(GROUP in key for name in scenarios for leaves in parts_of(name).values() for key in leaves)


def groups_chosen(scenarios: Sequence[str]) -> set[str]:
    """The groups of which scenarios choose another file; ``scenarios`` are names."""
    return {_group_in(key) for name in scenarios for leaves in parts_of(name).values() for key in leaves if GROUP in key}


def refuse_facts(scenarios: Sequence[str], adopted: Mapping[str, object]) -> None:
    """Raise ``ConfigError`` for a scenario that sets what is no lever; ``adopted`` is the composition without it.

    A text or a safeguard of its own has facts of its own, which nothing else shares.
    """
    for name in scenarios:
        for part, leaves in parts_of(name).items():
            for key, value in leaves.items():
                of_all = _group_of_all(key) if GROUP in key else _key_of_all(key, adopted)
                if of_all is not None:
                    what = "a fact of the world" if role_of(of_all.lstrip("+")) == FACT else "a key of the design"
                    raise ConfigError(
                        f"{key}: found {quoted(value)} in {config_path(path_of(SCENARIO, part))}, though it is {what}, the same in "
                        f"every scenario; accepted: as an override, such as {of_all}={value}"
                    )


def _key_of_all(key: str, adopted: Mapping[str, object]) -> str | None:
    """A key as an override gives it, where every scenario has the same of it; None for a lever, and for what a scenario adds.

    A key that is not there yet is of all too where it makes a world or measures it: ``+`` says that it is new.
    """
    role, head = role_of(key), key.partition(".")[0]
    if role == LEVER:
        return None
    outer, _, last = key.rpartition(".")
    there = map_at(adopted, outer)
    if there is not None and last in there:
        return key
    of_a_world = head not in REFERENCE and isinstance(adopted.get(head), Mapping)
    is_new_fact = there is not None and role == FACT and head not in _OF_FIXED_KEYS
    return f"+{key}" if of_a_world or is_new_fact else None


def _group_of_all(key: str) -> str | None:
    """The group of a choice among files, where every scenario has the same file of it; None for one of a scenario's own.

    What another file of the reference's parts says of facts is refused when it is checked.
    """
    group = _group_in(key)
    return None if is_lever(group) or group in REFERENCE else group


def _group_in(key: str) -> str:
    """The group of which an entry among the defaults chooses a file.

    >>> _group_in("override /demand"), _group_in("/offence@offences.mine")
    ('demand', 'offence')
    """
    return key.rsplit(GROUP, maxsplit=1)[-1].partition("@")[0].strip()


def hold_values_alone(scenarios: Sequence[str]) -> bool:
    """Whether the files of scenarios only set values, with nothing that Hydra would have to work out.

    They are written over the text as adopted, which Hydra would leave out: so that one may hold no value.
    """
    parts = {part: body for name in scenarios for part, body in parts_of(name).items()}
    return not parts_of(ADOPTED)[ADOPTED] and all(_holds_values_alone(part, body) for part, body in parts.items())


def _holds_values_alone(name: str, leaves: Mapping[str, object]) -> bool:
    path = path_of(SCENARIO, name)
    body = body_of(path)
    whole = all(value != {} for value in maps_in(body))
    chosen = any(isinstance(entry, Mapping) for entry in body.get("defaults") or ())
    return package_of(path) == _AT_THE_TOP and whole and not chosen and all(map(is_written_as_it_is, leaves.values()))
