"""What overrides and scenarios amount to: a checked ``Config``; every mistake becomes one line."""

from __future__ import annotations

import copy
import importlib
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from sim.composition import (
    _DESIGN,
    ADOPTED,
    SCENARIO,
    SEARCHPATH,
    Asked,
    accepted,
    as_given,
    body_of,
    by_hydra,
    chooses,
    chosen_in,
    folders_in,
    is_list_of_choices,
    is_of_hydra,
    key_of,
    no_such,
    package_of,
    refuse_length,
    spread,
    to_yaml,
    unread,
    value_of,
    with_names,
)
from sim.errors import in_brief, meant
from sim.own_code import is_target, record_at, target_of
from sim.own_files import looking_in
from sim.places import (
    accepted_options,
    config_folder,
    config_path,
    groups,
    is_file,
    is_known,
    is_path,
    option_name,
    options,
    path_of,
)
from sim.reading import yaml_in
from sim.sources.checksums import checksums, file_fault
from sim.world.leaves import leaves_of
from sim.world.record import ConfigError, Record, quoted
from sim.world.reforms import REFORMED, written_everywhere

if TYPE_CHECKING:
    from sim.settings import Config  # it imports Numba, which a listing of scenarios does not need

__all__ = [
    "ADOPTED",
    "EVERYWHERE",
    "Asked",
    "as_yaml",
    "checked_config",
    "chooses",
    "composed",
    "composed_values",
    "config_path",
    "is_policy",
    "key_of",
    "load",
    "looking_in",
    "meet",
    "options",
    "path_of",
    "read_yaml",
    "recorded",
    "refuse_nested",
    "run_and_study_values",
    "run_from_shell",
    "safeguards_of",
    "scenario_of",
    "value_of",
    "with_overrides",
    "written",
]
EVERYWHERE = "everywhere"
"""The value of ``reforms`` that writes a scenario's changes of the treaty into every text."""
_SETS = re.compile(r"(\+{0,2})[A-Za-z_][\w.-]*=")  # an override that gives one key a value
_MAY = {"": (True,), "+": (False,), "++": (True, False)}  # whether the key may be there already, by Hydra's sign
_CONFIG = "configs/config.yaml"
_OWN = "_self_"  # a file's own body among its defaults
_DERIVED = ("reference", "data", "scenario_name")  # fields of Config that follow from the others
_MIXED = "review"  # the part that holds policy beside facts of the authorities
_REFERENCE = ("instruments", "safeguards", "review", "conduct", "adaptation")  # parts of the as-adopted reference
_POLICY_GROUPS = ("scenario", "instrument", "instruments", "safeguard", "safeguards", "conduct", "adaptation", "review")


def load(*overrides: str) -> Config:
    """A checked configuration from overrides in Hydra's grammar.

    >>> load("scenario=no_treaty", "years=5").years
    5

    ``scenario=[a,b]`` composes scenarios: their order means nothing, and two that set one key to different values are
    refused. Raises ``ConfigError``: one line that names the key, what was found and what is accepted.
    """
    return checked_config(run_and_study_values(*overrides)[0])


def composed_values(*overrides: str) -> dict[str, Any]:
    """Everything that ``load`` checks, in plain values: what was chosen, the reference and the checksums of the tables."""
    return copy.deepcopy(run_and_study_values(*overrides)[0])


def run_and_study_values(*overrides: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What decides a run, as ``composed_values`` has it; and what ``configs/`` gives beside it, for whoever conducts studies.

    Others may hold parts of both: they are not to be written into.
    """
    plain = _plain_of(*overrides)
    apart = _beside_runs(config_folder())
    return {key: value for key, value in plain.items() if key not in apart}, {key: plain[key] for key in plain if key in apart}


@cache
def _beside_runs(folder: Path) -> tuple[str, ...]:
    """Keys of the committed configuration of which a run knows nothing, in its order."""
    from sim.settings import Config

    body = yaml_in(folder / "config.yaml", _CONFIG)
    chosen = chosen_in(body)
    files = [
        folder / group / f"{name}.yaml"
        for group, names in chosen.items()
        if (folder / group).is_dir()
        for name in ([names] if isinstance(names, str) else names)
        if (folder / group / f"{name}.yaml").is_file()
    ]
    packages = {(package_of(path) or path.parent.name).partition(".")[0] for path in files}
    of_no_study = {"defaults", "hydra", "_global_", *Config.model_fields}
    return tuple(key for key in (*body, *sorted(packages - body.keys())) if key not in of_no_study)


def _plain_of(*overrides: str) -> dict[str, Any]:
    """Both parts together."""
    with _in_own_places(overrides) as rest:
        given = _Given.of(rest)
        reference = _composed(given.of_the_world)
        plain = {**_written(given, reference), "reference": {part: reference[part] for part in _REFERENCE}}
        return plain | {"data": _checksums(plain)}


@contextmanager
def _in_own_places(overrides: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Within it names are looked up in the folders of ``hydra.searchpath`` too; the other overrides are handed on.

    Their code is not imported: overrides may come from a file, and only a user names a folder of code.
    """
    for override in overrides:
        if not isinstance(override, str):
            raise ConfigError(f"load: found {quoted(override)}; accepted: overrides as text, such as 'years=5'")
        refuse_length(override)
    places = [folder for override in overrides if key_of(override) == SEARCHPATH for folder in folders_in(override)]
    with looking_in(*places, named=False):
        yield tuple(override for override in overrides if key_of(override) != SEARCHPATH)


def with_overrides(plain: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What ``composed_values`` gives, with some dotted keys set otherwise; the original stays as it was.

    The same as composing anew with ``++key=value`` for each, a hundred times faster: a map joins what is there, anything else
    takes its place. What is no policy reaches the reference too. A value of ``None`` stands where the key is optional, never
    for taking a key away. Raises ``ConfigError`` for two keys of which one lies in the other, for what follows from other
    choices or is to be worked out, and for words of the treaty where reforms stand everywhere: they are composed.
    """
    out = dict(plain)
    everywhere = plain.get("reforms") == EVERYWHERE
    refuse_nested(settings)
    for key, value in settings.items():
        path = key.split(".")
        if path[0] in (*_DERIVED, SCENARIO, _DESIGN, "reforms") or key in (_MIXED, "") or is_of_hydra(key):
            raise ConfigError(f"{as_given(key)}: no key that can be varied; accepted: a dotted key of the configuration")
        if key in groups() and not isinstance(value, Mapping):
            wanted = f"keys in it, such as {key}.KEY, or arms" if key in plain else "arms"
            raise ConfigError(f"{key}: found {quoted(value)}, a choice among files; accepted: {wanted}")
        if everywhere and meet(key, f"instruments.{REFORMED}"):
            raise ConfigError(f"{key}: varied under reforms={EVERYWHERE}; accepted: under reforms={REFORMED}, or as arms")
        if not _is_written_as_it_is(value, maps=True):
            raise ConfigError(f"{key}: found {quoted(value)}, which is to be worked out; accepted: a value")
        _put_anew(out, path, value)
        if path[0] in _REFERENCE and not is_policy(key):
            _put_anew(out, ["reference", *path], value)
    return out | {"data": _checksums(out)} if any(key.split(".")[0] == "states" for key in settings) else out


def refuse_nested(settings: Iterable[str], says: str = "set") -> None:
    """Two settings of which one lies in the other would depend on their order. Raises ``ConfigError``."""
    keys = {*settings}
    for key in sorted(keys):
        for above in _above(key):
            if above in keys:
                raise ConfigError(f"{as_given(key)}: {says}, and {as_given(above)} too, in which it lies; accepted: one of the two")


def meet(one: str, other: str) -> bool:
    """Whether two dotted keys are one, or one lies in the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _put_anew(nested: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Write a value, copying the maps on the way and no others: what shares them stays as it was. A map joins a map."""
    for name in path[:-1]:
        below = nested.get(name)
        nested[name] = dict(below) if isinstance(below, Mapping) else {}
        nested = nested[name]
    nested[path[-1]] = _joined(nested.get(path[-1]), value)


def _joined(before: Any, value: Any) -> Any:
    """What Hydra makes of a value where another stands."""
    if not isinstance(value, Mapping):
        return value
    known = before if isinstance(before, Mapping) else {}
    return {**known, **{name: _joined(known.get(name), entry) for name, entry in value.items()}}


def composed(*overrides: str) -> dict[str, Any]:
    """The same as plain values and unchecked, without what is derived from them but the scenario's name."""
    with _in_own_places(overrides) as rest:
        given = _Given.of(rest)
        return copy.deepcopy(_written(given, _composed(given.of_the_world)))


def as_yaml(*overrides: str) -> str:
    """What ``load`` would check and take, as text: with the scenarios' name, and reforms written where they belong."""
    load(*overrides)
    return to_yaml(composed(*overrides))


def _written(given: _Given, reference: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, under its name, with the reforms where they belong."""
    chosen = _composed(given.others, given.scenarios)
    everywhere = chosen.get("reforms") == EVERYWHERE
    if everywhere and isinstance(chosen.get("instruments"), Mapping):
        stated = [key.removeprefix("instruments.") for key in map(key_of, given.others) if key.startswith("instruments.")]
        chosen = {**chosen, "instruments": written_everywhere(chosen["instruments"], reference["instruments"], stated)}
    name = "+".join(given.scenarios) + (f"@{EVERYWHERE}" if everywhere else "")
    return {**chosen, **given.design, "scenario_name": name}


class _Given(NamedTuple):
    """Overrides, sorted by what has to happen with them."""

    scenarios: tuple[str, ...]  # sorted, without those that another one holds
    design: dict[str, str | None]  # a key beside a folder of that name, which Hydra would take for a group
    others: tuple[str, ...]  # as they were given

    @classmethod
    def of(cls, overrides: Sequence[str]) -> _Given:
        _refuse_doubled(overrides)
        chosen = {group: [o for o in overrides if key_of(o).partition("@")[0] == group] for group in (SCENARIO, _DESIGN)}
        taken = {*chosen[SCENARIO], *chosen[_DESIGN]}
        others = (override for override in overrides if override not in taken)
        return cls(
            scenarios=_scenarios(chosen[SCENARIO]),
            design={_DESIGN: _design(chosen[_DESIGN])} if chosen[_DESIGN] else {},
            others=tuple(with_names(override) if chooses(override) else override for override in others),
        )

    @property
    def of_the_world(self) -> tuple[str, ...]:
        """What also holds as adopted, whatever the scenario."""
        return tuple(override for override in self.others if not is_policy(override))


def scenario_of(*overrides: str) -> str:
    """The one name of the scenarios that overrides choose, in whatever order: sorted, and none that another one holds.

    >>> scenario_of("scenario=[notice,judge]")
    'judge+notice'

    Raises ``ConfigError`` for an unknown one, or two that contradict each other.
    """
    with _in_own_places(overrides) as rest:
        return "+".join(_Given.of(rest).scenarios)


def read_yaml(path: Path) -> Any:
    """What a YAML file says, in plain values; each key is the word that was written. Raises ``ConfigError``.

    A file that says nothing is an empty map.
    """
    said = yaml_in(path, config_path(path))
    return {} if said is None else said


def _design(given: Sequence[str]) -> str | None:
    found = value_of(given[0])
    if given[0].startswith(f"{_DESIGN}=") and (
        found is None or found in options(_DESIGN) or (is_path(found) and is_file(Path(found)))
    ):
        return None if found is None else str(found)
    wanted = f"{', '.join(options(_DESIGN))}, or the path of a YAML file{meant(found, options(_DESIGN))}"
    raise ConfigError(f"{_DESIGN}: found {quoted(given[0].removeprefix(f'{_DESIGN}='))}; accepted: {wanted}")


def _scenarios(given: Sequence[str]) -> tuple[str, ...]:
    """The scenarios that an override asks for: sorted, each once, and none that another one lists among its own defaults."""
    if not given:
        return (ADOPTED,)
    override, known = given[0], in_brief(options(SCENARIO))
    value = value_of(override)
    words = [str(name) for name in value] if isinstance(value, list) else [str(value)]
    if not override.startswith(f"{SCENARIO}=") or not isinstance(value, str | list):
        found = as_given(override.removeprefix(f"{SCENARIO}="))
        raise ConfigError(f"{SCENARIO}: found '{found}'; accepted: a name, or several as [a,b], of {known}")
    if not words:
        raise ConfigError(f"{SCENARIO}: found an empty list; accepted: one or more of {known}")
    names = [option_name(SCENARIO, word) for word in words]
    for place, name in enumerate(names):
        if not is_known(SCENARIO, name):
            raise ConfigError(f"{SCENARIO}: found {quoted(name)}; accepted: {accepted(SCENARIO, name)}")
        if name in names[:place]:
            raise ConfigError(f"{SCENARIO}: found {quoted(words[place])} twice; accepted: each name once")
    parts = {name: _parts(name) for name in names}
    _refuse_clash({part: body for held in parts.values() for part, body in held.items()})
    held = {part for name in names for part in parts[name] if part != name}
    return tuple(sorted({*names} - held - {ADOPTED})) or (ADOPTED,)


def _parts(name: str, above: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """Every file that a scenario is composed of, itself included: ``{name: leaves}``.

    A choice among another group counts as a leaf too, under the key that chooses (``override /conduct``).
    """
    path = path_of(SCENARIO, name)
    body = body_of(path)
    parts: dict[str, dict[str, Any]] = {}
    leaves = leaves_of({key: value for key, value in body.items() if key != "defaults"})
    for derived in body.keys() & {*_DERIVED}:
        raise ConfigError(
            f"{config_path(path)}: found {derived!r}, which follows from the choice; accepted: {', '.join(_settable())}"
        )
    defaults = body.get("defaults") or ()
    for entry in defaults if isinstance(defaults, list | tuple) else (defaults,):
        if isinstance(entry, Mapping):
            _refuse_lists(entry, path)
            leaves |= {str(key): value for key, value in entry.items()}
        elif entry in (*above, name):
            raise ConfigError(
                f"{config_path(path)}: defaults: found {entry!r}, which holds {name!r} itself; accepted: other scenarios"
            )
        elif entry != _OWN and not (isinstance(entry, str) and is_known(SCENARIO, entry)):
            wanted = f"{_OWN}, {accepted_options(SCENARIO, entry)}"
            raise ConfigError(f"{config_path(path)}: defaults: found {quoted(entry)}; accepted: {wanted}")
        elif entry != _OWN:
            parts |= _parts(entry, (*above, name))
    return parts | {name: leaves}


def _refuse_lists(entry: Mapping[str, Any], path: Path) -> None:
    """Of several files where one is chosen Hydra would take the last without a word."""
    for key, value in entry.items():
        group = key.split("/")[-1].partition("@")[0].strip()
        if isinstance(value, list) and not is_list_of_choices(group):
            raise ConfigError(
                f"{config_path(path)}: defaults: {key}: found the list {quoted(value)}; accepted: one of {accepted_options(group)}"
            )


def _refuse_clash(parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Scenarios add up only where no two of them say different things of one key."""
    said: dict[str, tuple[str, Any]] = {}
    for name, leaves in sorted(parts.items()):
        for key, value in leaves.items():
            other, before = said.setdefault(key, (name, value))
            if before != value:
                raise _clash(key, (other, quoted(before)), (name, quoted(value)))
    for key, (name, _) in said.items():
        for above in _above(key):
            if above in said:  # a value where another file has a map
                raise _clash(above, (said[above][0], quoted(said[above][1])), (name, "a map"))


def _above(key: str) -> Iterator[str]:
    """The dotted keys in which a key lies."""
    parts = key.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))


def _clash(key: str, one: tuple[str, str], other: tuple[str, str]) -> ConfigError:
    (a, before), (b, after) = sorted((one, other))
    return ConfigError(
        f"{key}: found {before} in {config_path(path_of(SCENARIO, a))} and {after} in {config_path(path_of(SCENARIO, b))}; "
        "accepted: scenarios that set a key to one value"
    )


def _checksums(chosen: Mapping[str, Any]) -> dict[str, str]:
    """What the tables hold, and not where they lie, decides a result."""
    states = chosen.get("states")
    if not isinstance(states, Mapping) or states.get("source") != "real":
        return {}
    own = {"table": states.get("table"), "penalty_table": states.get("penalty_table")}
    for key, path in own.items():
        if path and (fault := file_fault(Path(str(path)))):
            raise ConfigError(f"states.{key}: found {quoted(str(path))}, which {fault}; accepted: the path of a table")
    names = {"table": "states.csv", "penalty_table": "penalties.csv"}
    return checksums({names[key]: Path(str(path)) for key, path in own.items() if path})


def _refuse_doubled(overrides: Sequence[str]) -> None:
    """A key that is given twice would silently keep its last value; and the reference is derived, never given.

    The same holds of two keys of which one lies in the other, unless the one above chooses among files.
    """
    seen: set[str] = set()
    for override in overrides:
        key = key_of(override)
        if not key:
            raise ConfigError(unread(override))
        if is_of_hydra(key):
            raise ConfigError(f"{as_given(key)}: found one of Hydra's own settings; accepted: {', '.join(_settable())}")
        if key in seen and "=" in override:
            raise ConfigError(f"{as_given(key)}: found twice among the overrides; accepted: once")
        if key.split(".")[0] in _DERIVED:
            raise ConfigError(f"{as_given(key)}: no such key; accepted: {', '.join(_settable())}")
        if key == _MIXED and "=" in override and isinstance(value_of(override), Mapping):
            raise ConfigError(f"{key}: found a map; accepted: an override a key, such as {key}.rho=0.5")
        seen.add(key)
    refuse_nested((key_of(override) for override in overrides if not chooses(override)), "given")


def _settable() -> list[str]:
    from sim.settings import Config

    return [*(name for name in Config.model_fields if name not in _DERIVED), *_beside_runs(config_folder())]


def is_policy(override: str) -> bool:
    """Whether an override belongs to what a scenario may change; the as-adopted reference is composed without it.

    Of the review only what is a fact of the authorities (``CAPACITY_KEYS``) reaches the reference.
    """
    key = key_of(override).split("@")[0].split(".")
    if key[0] == "review" and len(key) > 1:
        from sim.settings import CAPACITY_KEYS

        return key[1] not in CAPACITY_KEYS
    return key[0] in _POLICY_GROUPS


def _composed(overrides: Sequence[str], scenarios: Sequence[str] = (ADOPTED,)) -> dict[str, Any]:
    """What overrides and scenarios make of the files, in plain values. Raises ``ConfigError``.

    Hydra composes each set of choices among files once. Values, and scenarios that hold values alone, are written over
    that: the same as to compose all of it anew, in a hundredth of the time. Whatever else is asked for goes to Hydra whole.
    What is handed out shares its maps with what is kept: it is not to be written into.
    """
    choices = tuple(override for override in overrides if chooses(override))
    values = [override for override in overrides if override not in choices]
    named = () if tuple(scenarios) == (ADOPTED,) else (f"{SCENARIO}=[{','.join(scenarios)}]",)
    found = None
    if not named or _hold_values_alone(scenarios):
        found = _with_values(by_hydra(choices), scenarios if named else (), values)
    return by_hydra((*overrides, *named)) if found is None else found


def _with_values(composed: Mapping[str, Any], scenarios: Sequence[str], values: Sequence[str]) -> dict[str, Any] | None:
    """A composition over which scenarios, then overrides, have written their values; None where an override does more than that.

    The composition stays as it is: maps are copied on the way to what is written.
    """
    plain = dict(composed)
    for name in scenarios:
        for body in _parts(name).values():
            for key, value in body.items():
                _put_anew(plain, key.split("."), value)
    for override in values:
        key, sign = key_of(override), _SETS.match(override)
        if sign is None or not _is_written_as_it_is(value := value_of(override)):
            return None
        above, _, last = key.rpartition(".")
        node = _at(plain, above)
        if not sign[1] and (node is None or last not in node):
            raise ConfigError(no_such(key))
        if node is None or isinstance(node.get(last), Mapping) or (last in node) not in _MAY[sign[1]]:
            return None
        _put_anew(plain, key.split("."), value)
    return plain


def _at(plain: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """The map under a dotted key; None if there is none."""
    node: Any = plain
    for name in filter(None, key.split(".")):
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else None


def _hold_values_alone(scenarios: Sequence[str]) -> bool:
    """Whether the files of scenarios only set values, with nothing that Hydra would have to work out.

    They are written over the text as adopted, which Hydra would leave out: so that one may hold no value.
    """
    parts = {part: body for name in scenarios for part, body in _parts(name).items()}
    return not _parts(ADOPTED)[ADOPTED] and all(_holds_values_alone(part, body) for part, body in parts.items())


def _holds_values_alone(name: str, leaves: Mapping[str, Any]) -> bool:
    path = path_of(SCENARIO, name)
    body = body_of(path)
    whole = all(value != {} for value in _maps_in(body))
    chosen = any(isinstance(entry, Mapping) for entry in body.get("defaults") or ())
    return package_of(path) == "_global_" and whole and not chosen and all(map(_is_written_as_it_is, leaves.values()))


def _maps_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """All maps in a value, itself included if it is one."""
    if isinstance(value, Mapping):
        yield value
    for entry in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _maps_in(entry)


def _is_written_as_it_is(value: Any, maps: bool = False) -> bool:
    """Whether a value is one that Hydra takes over as it stands: nothing to interpolate or still to be given.

    A map is none of them, unless ``maps`` says so.
    """
    if isinstance(value, list):
        return all(_is_written_as_it_is(entry, maps) for entry in value)
    if isinstance(value, Mapping):
        return maps and all(_is_written_as_it_is(entry, maps) for entry in value.values())
    if isinstance(value, str):
        return "$" not in value and value != "???"
    return value is None or isinstance(value, bool | int | float)


def checked_config(plain: Mapping[str, Any]) -> Config:
    """Plain values as a ``Config``. Raises ``ConfigError`` for the first thing that is wrong."""
    from sim.settings import Config

    values = dict(plain)
    values["safeguards"] = safeguards_of(values.get("safeguards", {}), "safeguards")
    values["metrics"] = _with_estimands(values.get("metrics"))
    if "reference" in values:
        reference = dict(values["reference"])
        reference["safeguards"] = safeguards_of(reference["safeguards"], "safeguards")
        values["reference"] = reference
    return recorded(Config, values, _beside_runs(config_folder()))


def recorded[R: Record](kind: type[R], values: Mapping[str, Any], beside: Sequence[str] = ()) -> R:
    """Plain values as a record. Raises ``ConfigError`` for the first thing that is wrong.

    ``beside`` are keys that a user may also have meant by one that is not there: those of another record.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        raise ConfigError(_first(error, kind, beside=beside)) from None


def written(config: Config) -> dict[str, Any]:
    """A configuration in plain values that ``checked_config`` reads as the same one: each safeguard with the record that it is.

    >>> checked_config(written(load("scenario=judge"))) == load("scenario=judge")
    True
    """
    plain = config.plain()
    for part, kinds in ((plain, config.safeguards), (plain["reference"], config.reference.safeguards)):
        part["safeguards"] = {name: {"_target_": target_of(type(kinds[name])), **body} for name, body in part["safeguards"].items()}
    for name, body in plain["metrics"].get("own", {}).items():
        plain["metrics"]["own"][name] = {"_target_": target_of(type(config.metrics.own[name])), **body}
    return plain


def safeguards_of(blocks: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Each block as the record that its ``_target_`` names; targets are resolved only under ``sim.``. Raises ``ConfigError``."""
    if not isinstance(blocks, Mapping):
        raise ConfigError(f"{key}: found {quoted(blocks)}; accepted: a map of safeguards by name")
    return {name: _instance(block, f"{key}.{name}") for name, block in blocks.items()}


def _with_estimands(metrics: Any) -> Any:
    """The block of metrics with each of a user's own estimands as the record that its ``_target_`` names."""
    if not isinstance(metrics, Mapping) or not isinstance(metrics.get("own"), Mapping):
        return metrics
    return {**metrics, "own": {name: _instance(block, f"metrics.own.{name}", "metric") for name, block in metrics["own"].items()}}


def _instance(block: Any, key: str, group: str = "safeguard") -> Any:
    if isinstance(block, Record):
        return block
    target = block.get("_target_") if isinstance(block, Mapping) else None
    own = isinstance(target, str) and is_target(target)
    record = record_at(str(target), group, key) if own else _record_of_sim(target, key)
    try:
        made = record(**{name: value for name, value in block.items() if name != "_target_"})
    except ValidationError as error:
        raise ConfigError(_first(error, record, key)) from None
    if own:
        from sim.own_checks import refuse_faults  # it knows the rules of review, which a listing does not need

        refuse_faults(made, group)
    return made


def _record_of_sim(target: object, key: str) -> type[Record]:
    """The record that a ``_target_`` names in the simulation itself. Raises ``ConfigError``."""
    if not isinstance(target, str) or not target.startswith("sim."):
        raise ConfigError(f"{key}._target_: found {quoted(target)}; accepted: the dotted path of a record under sim.")
    module_name, _, class_name = target.rpartition(".")
    try:
        record: object = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError):
        raise ConfigError(f"{key}._target_: nothing is named {quoted(target)}; accepted: a record under sim.") from None
    if not (isinstance(record, type) and issubclass(record, Record)):
        raise ConfigError(f"{key}._target_: found {quoted(target)}, which is no safeguard; accepted: a record under sim.")
    return record


def _first(error: ValidationError, root: type[Record], key: str = "", beside: Sequence[str] = ()) -> str:
    """The first mistake as one line."""
    problem = error.errors(include_url=False)[0]
    location = [str(part) for part in problem["loc"] if part != "[key]"]
    place = ".".join([key, *location] if key else location) or "configuration"
    kind, message = problem["type"], problem["msg"]
    if kind == "extra_forbidden":
        known = _fields(root, problem["loc"][:-1]) + ([*beside] if len(problem["loc"]) == 1 else [])
        return f"{place}: no such key; accepted: {in_brief(known) or 'the keys in configs/'}{meant(location[-1], known)}"
    if kind == "missing":
        return f"{place}: found nothing; accepted: a value"
    if kind == "value_error":
        text = str(problem["ctx"]["error"]) if "ctx" in problem else message
        return text if place == "configuration" else f"{place}.{text}"
    if kind.startswith("bool"):
        return f"{place}: found {quoted(problem['input'])}; accepted: true or false"
    wanted = re.sub(r"^Input should be (a |an )?(valid )?", "", message).replace("integer", "a whole number")
    wanted = re.sub(r"dictionary( or instance of \w+)?", "a map", wanted)
    return f"{place}: found {quoted(problem['input'])}; accepted: {wanted}"


def _fields(root: type[Record], location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the record at a place; none where it is no record."""
    kind: Any = root
    for part in location:
        if isinstance(kind, type) and issubclass(kind, Record):
            kind = kind.model_fields[str(part)].annotation
        while typing.get_origin(kind) in (typing.Annotated, types.UnionType, typing.Union):
            kind = typing.get_args(kind)[0]
        if typing.get_origin(kind) is dict and part not in getattr(root, "model_fields", {}):
            kind = typing.get_args(kind)[1]
    known = isinstance(kind, type) and issubclass(kind, Record)
    return [name for name in kind.model_fields if name not in _DERIVED] if known else []


def run_from_shell(study: Callable[..., Any], arguments: Sequence[str], name: str, settled: Callable[..., Any] = load) -> None:
    """Hand a study its overrides; with flags (``--help``, ``--cfg hydra``, multirun) Hydra reads the arguments first.

    Folders of a user's own (``--config-dir``, ``hydra.searchpath``) hold for all that the study does, and reach it as an override,
    so that they are kept in its command. Every mistake comes out as an exception of ours, never as Hydra's own report.
    ``settled`` refuses what is asked for amiss, before anything is done: ``load`` knows what decides a run, and no study.
    """
    asked = Asked.of(arguments)
    with looking_in(*asked.folders):
        if asked.is_to_run:
            settled(*asked.overrides)  # a mistake reads the same here and from Python
        if asked.flags:
            spread(study, asked, name)
        else:
            study(*asked.overrides)
