"""Values, and scenarios that hold values alone, written over a composition: what Hydra would make anew, a hundred times faster."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sim.composition import (
    ADOPTED,
    DEFINITION,
    DESIGN,
    PACKAGES,
    SCENARIO,
    as_given,
    body_of,
    by_hydra,
    chooses,
    is_of_hydra,
    key_of,
    no_such_key,
    value_of,
)
from sim.config.derived import EVERYWHERE, reforms_everywhere, table_checksums
from sim.config.keys import DERIVED, MIXED, OPEN_MAPS, REFERENCE
from sim.config.nested import is_written_as_it_is, map_at, meet, put_anew, refuse_nested, take_away
from sim.config.scenarios import hold_values_alone, parts_of
from sim.errors import ConfigError, quoted
from sim.places import accepted_options, groups, is_known, option_name, path_of
from sim.roles import LEVER, role_of
from sim.world.leaves import Plain, leaves_of
from sim.world.reforms import REFORMED

_SETS = re.compile(r"(\+{0,2})[A-Za-z_][\w.-]*=")  # an override that gives one key a value
_MAY = {"": (True,), "+": (False,), "++": (True, False)}  # whether the key may be there already, by Hydra's sign
_PARAMETERS, _APART, _AS_WRITTEN = "parameters", "except", "default"
_NOT_VARIED = (*DERIVED, SCENARIO, DESIGN, "reforms")  # keys at the top from which, or with which, all else would change


def composition_of(overrides: Sequence[str], scenarios: Sequence[str] = (ADOPTED,)) -> Plain:
    """What overrides and scenarios make of the files, in plain values. Raises ``ConfigError``.

    Hydra composes each set of choices among files once. Values, and scenarios that hold values alone, are written over
    that: the same as to compose all of it anew, in a hundredth of the time. Whatever else is asked for goes to Hydra whole.
    What is handed out shares its maps with what is kept: it is not to be written into.
    """
    choices = tuple(override for override in overrides if chooses(override))
    values = [override for override in overrides if override not in choices]
    named = () if tuple(scenarios) == (ADOPTED,) else (f"{SCENARIO}=[{','.join(scenarios)}]",)
    found = None
    if not named or hold_values_alone(scenarios):
        found = with_values(by_hydra(choices), scenarios if named else (), values)
    return by_hydra((*overrides, *named)) if found is None else found


def with_values(composition: Mapping[str, object], scenarios: Sequence[str], overrides: Sequence[str]) -> Plain | None:
    """A composition over which scenarios, then overrides, have written their values; None where an override does more than that.

    The composition stays as it is: maps are copied on the way to what is written.
    """
    plain = dict(composition)
    for name in scenarios:
        for leaves in parts_of(name).values():
            for key, value in leaves.items():
                put_anew(plain, key.split("."), value)
    return plain if all(_is_set(plain, override) for override in overrides) else None


def _is_set(plain: Plain, override: str) -> bool:
    """Write the value of an override; whether that is all that the override does: otherwise nothing is written.

    Raises ``ConfigError`` for a key that is not there and is not said to be new.
    """
    key, sign = key_of(override), _SETS.match(override)
    if sign is not None and key.startswith(OPEN_MAPS) and is_written_as_it_is(value := value_of(override), maps=True):
        put_anew(plain, key.split("."), value)  # a map of whatever keys there are
        return True
    if sign is None or not is_written_as_it_is(value := value_of(override)):
        return False
    outer, _, last = key.rpartition(".")
    node = map_at(plain, outer)
    if not sign[1] and (node is None or last not in node):
        raise ConfigError(no_such_key(key))
    if node is None or isinstance(node.get(last), Mapping) or (last in node) not in _MAY[sign[1]]:
        return False
    put_anew(plain, key.split("."), value)
    return True


def with_overrides(plain: Mapping[str, object], settings: Mapping[str, object]) -> Plain:
    """What ``composed_values`` gives, with some dotted keys set otherwise; the original stays as it was.

    The same as composing anew with ``++key=value`` for each, a hundred times faster: a map joins what is there, anything else
    takes its place. What is no lever reaches the reference too. A value of ``None`` stands where the key is optional, never
    for taking a key away. Raises ``ConfigError`` for two keys of which one lies in the other, for what follows from other
    choices or is to be worked out, and for words of the treaty where reforms stand everywhere: they are composed.
    """
    out = dict(plain)
    refuse_nested(settings)
    for key, value in _definition_first(settings):
        _refuse_setting(plain, key, value)
        path = key.split(".")
        put_anew(out, path, value)
        if path[0] in REFERENCE:
            _set_facts(out, key, value)
    out = with_keys_apart(out, settings, levers=True)
    return out | {"data": table_checksums(out)} if any(key.split(".")[0] == "states" for key in settings) else out


def with_keys_apart(plain: Plain, settings: Mapping[str, object], levers: bool = False) -> Plain:
    """A composition in which facts that somebody sets are no longer drawn, if it draws its numbers; the original stays as it was.

    A number of which a user or a design says the value has that value in every world. ``levers`` says that this holds of levers
    too: of those of a point, not of those of an arm, which must share with its baseline what is drawn.
    """
    parameters = plain.get(_PARAMETERS)
    if not isinstance(parameters, Mapping) or parameters.get("draw", _AS_WRITTEN) == _AS_WRITTEN:
        return plain
    from sim.register import drawable  # it imports SciPy, which a listing of scenarios does not need

    said = parameters.get(_APART)
    apart = leaves_of(said) if isinstance(said, Mapping) else {}
    keys = leaves_of(settings).keys()
    known = [name for name in drawable() if levers or role_of(name) != LEVER]
    given = [name for name in known if any(f"{name}.".startswith(f"{key}.") for key in keys)]
    return {**plain, _PARAMETERS: {**parameters, _APART: dict.fromkeys(given, True) | apart}}


def _set_facts(plain: Plain, key: str, value: object) -> None:
    """Write what is no lever into the reference, where the reference has the text or the safeguard that it is of."""
    for one in _maps_in(key, value):  # a map in place of a fact, which the check then refuses
        outer, _, last = one.rpartition(".")
        held = map_at(plain, f"reference.{outer}")
        if role_of(one) != LEVER and held is not None and last in held and not isinstance(held[last], Mapping):
            take_away(plain, ["reference", *one.split(".")])
    found = leaves_of({key: value}) if isinstance(value, Mapping) else {key: value}
    for fact, worth in found.items():
        if role_of(fact) != LEVER and map_at(plain, f"reference.{fact.rpartition('.')[0]}") is not None:
            put_anew(plain, ["reference", *fact.split(".")], worth)


def _maps_in(key: str, value: object) -> Iterator[str]:
    """The dotted keys of a value and of all in it that are maps."""
    if isinstance(value, Mapping):
        yield key
        for name, inner in value.items():
            yield from _maps_in(f"{key}.{name}", inner)


def _definition_first(settings: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The settings, a ``definition`` by its name or path as the dials that its file sets: other dials are written over these.

    Raises ``ConfigError`` for an unknown one.
    """
    if (chosen := settings.get(DEFINITION)) is not None:
        if not isinstance(chosen, str) or not is_known(DEFINITION, name := option_name(DEFINITION, chosen)):
            raise ConfigError(f"{DEFINITION}: found {quoted(chosen)}; accepted: {accepted_options(DEFINITION, chosen)}")
        yield PACKAGES[DEFINITION], body_of(path_of(DEFINITION, name))
    yield from ((key, value) for key, value in settings.items() if key != DEFINITION)


def _refuse_setting(plain: Mapping[str, object], key: str, value: object) -> None:
    """Raise ``ConfigError`` for a key that cannot be set over what ``composed_values`` gave, and for a value to be worked out."""
    if key.split(".", maxsplit=1)[0] in _NOT_VARIED or key in (MIXED, "") or is_of_hydra(key):
        raise ConfigError(f"{as_given(key)}: no key that can be varied; accepted: a dotted key of the configuration")
    if key in groups() and not isinstance(value, Mapping):
        wanted = f"keys in it, such as {key}.KEY, or arms" if key in plain else "arms"
        raise ConfigError(f"{key}: found {quoted(value)}, a choice among files; accepted: {wanted}")
    if reforms_everywhere(plain) and meet(key, f"instruments.{REFORMED}"):
        raise ConfigError(f"{key}: varied under reforms={EVERYWHERE}; accepted: under reforms={REFORMED}, or as arms")
    if not is_written_as_it_is(value, maps=True):
        raise ConfigError(f"{key}: found {quoted(value)}, which is to be worked out; accepted: a value")
