"""A design as one plain table: a row a point with an id that never changes, and what each point sets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import wraps
from typing import Any

import pandas as pd

from experiments.design.designs import Design, LeverChoice, Settings, named_in_errors, stack_of
from experiments.design.entries import LINE, POINT_COLUMNS, entry_of, read_entry, table_in, whole
from experiments.design.sampling import ENDS, End, combinations_of, ends_of, parameter_draws, refuse_count, refuse_size
from experiments.design.scenarios import scenario_overrides
from experiments.design.setters import PointRow, Setters
from experiments.design.table import Points
from experiments.design.trials import refuse_roles, refuse_twins, refuse_two_under_one_id, try_bounds, try_ends
from experiments.settings import StudyConfig
from sim.config import ADOPTED, checked_config, composed_values, is_lever, key_of, map_at
from sim.errors import meant
from sim.settings import Config
from sim.world.leaves import Plain, leaves_of
from sim.world.record import ConfigError, quoted

_ID_LETTERS = 12
_TEXTS = ("point", "scenario", "condition", "against")
_MADE_ANEW = ("point", "place", "against")  # columns of a table that follow from the others
_MOST_DRAW = 2**31 - 1  # *assumption*: more draws than anybody makes
_Levels = Mapping[str, Mapping[str, LeverChoice]]  # lever -> its levels by name


def _in_its_file[**P](making: Callable[P, Points]) -> Callable[P, Points]:
    """Mistakes of a design name its file, whoever makes points of it."""

    @wraps(making)
    def made(*given: P.args, **more: P.kwargs) -> Points:
        design = next(value for value in (*given, *more.values()) if isinstance(value, Design))
        with design.telling():
            return making(*given, **more)

    return made


@_in_its_file
def points_of(design: Design, overrides: Sequence[str]) -> Points:
    """All points of a design, policies first, then conditions, then draws; the user's ``overrides`` reach all of them.

    A design with a table of its own takes its points from there. Raises ``ConfigError`` for an unknown key or scenario, a value
    out of range (the ends of every uncertainty and every level are tried), or two points that are the same.
    """
    if design.table is not None:
        return points_from(table_in(design.table), design, overrides, f"table: {design.table}")
    refuse_count(design)
    draws = _draws(design, overrides)
    rows: list[PointRow] = [
        {"scenario": policy, "condition": condition, "draw": draw} | levers | values
        for policy, levers in _policies(design)
        for condition in design.conditions or [""]
        for draw, values in draws.items()
    ]
    return points_of_rows(rows, design, overrides)


def _draws(design: Design, overrides: Sequence[str]) -> dict[int, Settings]:
    """The keys that each draw sets, by its number. Of single ends, one that changes no policy has no point."""
    if design.draw != ENDS:
        rows = parameter_draws(design).to_dict("records")
        return {number: {str(key): value for key, value in values.items()} for number, values in enumerate(rows)}
    bases = [_base(name, design, overrides) for name in dict.fromkeys(name for name, _ in _policies(design))]
    told = [end for end in ends_of(design) if not all(_stands(end, base) for base in bases)]
    return {0: {}} | {end.draw: {end.key: end.value} for end in told}


def _stands(end: End, base: Plain) -> bool:
    """Whether a configuration has the value of an end anyway."""
    path, _, name = end.key.rpartition(".")
    there = map_at(base, path)
    return there is not None and name in there and bool(whole(there[name]) == whole(end.value))


def idle_ends(points: pd.DataFrame, design: Design) -> list[End]:
    """Ends that are equal to the configured value, so that they have no points: their results are those of the first draw."""
    if design.draw != ENDS or design.table is not None:
        return []
    there = set(points["draw"])
    return [end for end in ends_of(design) if end.draw not in there]


def idle_sentence(points: pd.DataFrame, design: Design) -> str:
    """Which ends are not run because they are what is configured; empty where there is none."""
    idle = [f"{end.key}={end.value}" for end in idle_ends(points, design)]
    return f"as configured, so not run twice: {', '.join(idle)}" if idle else ""


def as_entries(points: Points) -> pd.DataFrame:
    """The points as entries of a table: read back (``points_from``), each row is the same point."""
    frame = points.frame.copy()
    for column in frame.columns:
        if "." in str(column):
            set_so = [settings for _, settings in points.settings]
            frame[column] = [entry_of(settings[column]) if column in settings else "" for settings in set_so]
    return frame


def refuse_scenario(overrides: Sequence[str]) -> None:
    """Which scenarios there are is the design's to say. Raises ``ConfigError``."""
    if any(key_of(override) == "scenario" for override in overrides):
        raise ConfigError("scenario: found in a sweep; accepted: what the design says of scenarios, arms and levers")


def sized(design: Design, size: int | None) -> Design:
    """A design of another size, if one is asked for. Raises ``ConfigError``: the mistake is not the design's."""
    if size is None:
        return design
    other = design.model_copy(update={"size": size})
    refuse_size(other)
    return other


@_in_its_file
def points_from(frame: pd.DataFrame, design: Design, overrides: Sequence[str], place: str) -> Points:
    """Points that were written down before, or elsewhere: columns ``scenario``, ``condition``, levers, dotted keys.

    A column that is missing means: as in the baseline, the lever's first level, the default. Text is read as YAML reads it.
    Raises ``ConfigError`` for a column or an entry that the design does not know.
    """
    known = [*POINT_COLUMNS, *design.levers, *design.uncertainties]
    for name in map(str, frame.columns):
        if name not in known and "." not in name:
            every = ", ".join([*known, "a dotted key"])
            raise ConfigError(f"{place}: column {quoted(name)}: no such key; accepted: {every}{meant(name, known)}")
    names, levels = _named(frame), design.levels_of
    unsaid = _unsaid(design)
    rows = [
        unsaid | _said_in(given, design, levels, f"{place}: {names(number)}")
        for number, given in enumerate(frame.to_dict("records"))
    ]
    if not rows:
        raise ConfigError(f"{place}: found no row; accepted: a table with a row a point")
    _number_draws(rows)
    return points_of_rows(rows, design, overrides, names)


def _unsaid(design: Design) -> PointRow:
    """What a row stands for where it says nothing: the first policy, the first condition, each lever's first level."""
    first: PointRow = {"scenario": _first_policy(design), "condition": next(iter(design.conditions), "")}
    return first | {name: next(iter(choices)) for name, choices in design.levels_of.items()}


def _said_in(given: Mapping[Hashable, Any], design: Design, levels: _Levels, where: str) -> PointRow:
    """What a row of a table says, by column; what it leaves empty is not among it. Raises ``ConfigError`` with ``where``."""
    return {
        str(column): _entry(str(column), value, design, levels, f"{where}: {column}")
        for column, value in given.items()
        if not (str(column) in _MADE_ANEW or pd.isna(value))
    }


def _entry(name: str, value: object, design: Design, levels: _Levels, where: str) -> object:
    """The entry of one column of a row. Raises ``ConfigError`` for one that the design does not know."""
    entry = str(value) if name in _TEXTS or name in levels else read_entry(str(value), where)
    if name in levels and entry not in levels[name]:
        raise ConfigError(f"{where}: found {quoted(entry)}; accepted: {', '.join(levels[name])}")
    if name == "condition" and entry not in (*design.conditions, ""):
        raise ConfigError(f"{where}: found {quoted(entry)}; accepted: {', '.join(design.conditions) or 'nothing'}")
    if name == "draw" and not (type(entry) is int and 0 <= entry <= _MOST_DRAW):
        raise ConfigError(f"{where}: found {quoted(value)}; accepted: a whole number from 0 to {_MOST_DRAW}")
    return entry


def _named(frame: pd.DataFrame) -> Callable[[int], str]:
    """How the rows of a table are named: by the line of its file where that is known, else by their number, from 1."""
    if frame.index.name == LINE:
        return lambda place: f"line {frame.index[place]}"
    return _by_number


def _by_number(place: int) -> str:
    return f"row {place + 1}"


def _number_draws(rows: list[PointRow]) -> None:
    """Rows that say nothing of their draw get its number: those with the same values of all dotted keys are of one draw."""
    known: dict[str, int] = {}
    for row in rows:
        values = repr(sorted((key, value) for key, value in row.items() if "." in key))
        row.setdefault("draw", known.setdefault(values, len(known)))


def _first_policy(design: Design) -> str:
    return next(iter(design.arms or design.scenarios or [design.baseline]))


def _policies(design: Design) -> list[tuple[str, dict[str, str]]]:
    """Each policy's scenario or arm, with the levels of its levers. Raises ``ConfigError`` for a scenario that comes twice."""
    if design.levers:
        return [(design.baseline, levels) for levels in combinations_of(design)]
    for place, name in enumerate(design.scenarios or []):
        if name in (design.scenarios or [])[:place]:
            raise ConfigError(f"scenarios: found {name!r} twice, in this order or another; accepted: each policy once")
    return [(name, {}) for name in design.arms or design.scenarios or [design.baseline]]


@_in_its_file
def points_of_rows(
    rows: Sequence[PointRow], design: Design, overrides: Sequence[str], named: Callable[[int], str] = _by_number
) -> Points:
    """Points from rows of ``scenario, condition, draw``, levers and dotted keys.

    Mistakes call the rows as ``named`` does. Raises ``ConfigError``.
    """
    refuse_roles(design)
    rows = [{**row, "scenario": _policy_of(str(row["scenario"]), design)} for row in rows]
    bases = {name: _base(name, design, overrides) for name in dict.fromkeys(row["scenario"] for row in rows)}
    refuse_twins(bases, design)
    set_by = Setters(design, [*design.constants, *overrides])
    settings = [(str(row["scenario"]), set_by(row)) for row in rows]
    frame = pd.DataFrame(rows)
    frame.insert(0, "point", [point_id(*pair) for pair in settings])
    frame.insert(1, "place", range(len(frame)))
    frame["against"] = _against(frame, design, _footings(bases, settings))
    frame = frame[[*POINT_COLUMNS, *(name for name in frame.columns if name not in POINT_COLUMNS)]]
    doubled = frame["point"].duplicated()
    if doubled.any() and design.draw is None and design.search is None:  # drawn points may meet: one run serves all
        again = frame.loc[doubled].iloc[0]
        first = frame.index[frame["point"] == again["point"]][0]
        raise ConfigError(f"points: found {named(int(again['place']))} twice (as {named(int(first))}); accepted: each point once")
    found = Points(frame, bases, settings)
    refuse_two_under_one_id(found, named)
    try_bounds(found, design)
    try_ends(found, design, named)
    return found


def _footings(bases: Mapping[str, Plain], settings: Sequence[tuple[str, Settings]]) -> list[tuple[str, str]]:
    """What each point shares with whatever it can be read against: its policy's footing, and all that it sets but levers."""
    footing = {name: checked_config(plain).footing() for name, plain in bases.items()}
    return [(footing[name], _not_levers_in(own)) for name, own in settings]


def _not_levers_in(settings: Settings) -> str:
    """The facts and design keys that a point sets, with their values, as text."""
    leaves = {leaf: value for key, given in settings.items() for leaf, value in _leaves_at(key, given).items()}
    return json.dumps([(key, whole(leaves[key])) for key in sorted(leaves) if touches_world(key)], default=str)


def _leaves_at(key: str, value: object) -> Mapping[str, object]:
    return leaves_of({key: value}) if isinstance(value, Mapping) else {key: value}


def _against(frame: pd.DataFrame, design: Design, footings: Sequence[tuple[str, str]]) -> list[str]:
    """The id of each point's baseline: of a search its first point, else the baseline's policy under the same condition and draw.

    All levers are at their first level there. Nothing where the design has no such point, or none of the same worlds and cases.
    """
    if design.search is not None:
        return [str(frame["point"].iloc[0])] * len(frame)
    firsts = {name: next(iter(levels)) for name, levels in design.levels_of.items()}
    place = [(at, row["condition"], row["draw"]) for at, row in zip(footings, frame.to_dict("records"), strict=True)]
    there: dict[tuple[tuple[str, str], str, int], str] = {}
    for where, row in zip(place, frame.to_dict("records"), strict=True):
        if is_baseline(str(row["scenario"]), design) and all(row[name] == first for name, first in firsts.items()):
            there.setdefault(where, str(row["point"]))
    return [there.get(where, "") for where in place]


def is_baseline(scenario: str, design: Design) -> bool:
    """Whether a policy's name stands for the baseline, or an arm says the same as it does."""
    said = (design.arms or {}).get(scenario)
    return said in ([f"scenario={design.baseline}"], [] if design.baseline == ADOPTED else None) or scenario == design.baseline


def _policy_of(name: str, design: Design) -> str:
    """An arm as it is named; scenarios under the one name of their policy."""
    return name if design.arms and name in design.arms else stack_of(name)


def point_id(scenario: str, settings: Settings) -> str:
    """Twelve hexadecimal characters that follow from what a point sets and from nothing else.

    >>> point_id("judge", {"review.rho": 1.0, "people.rows": 9}) == point_id("judge", {"people.rows": 9, "review.rho": 1})
    True
    """
    text = json.dumps([scenario, whole(settings)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LETTERS]


def _base(name: str, design: Design, overrides: Sequence[str]) -> Plain:
    """The composed configuration of a scenario or an arm under the design's constants and the user's overrides."""
    refuse_scenario(overrides)
    given = {key_of(override) for override in overrides}
    constants = [constant for constant in design.constants if key_of(constant) not in given]
    try:
        own = design.arms[name] if design.arms and name in design.arms else [*scenario_overrides(name, "scenarios")]
        plain = composed_values(*constants, *overrides, *own)
        checked_config(plain)
    except ConfigError:
        with named_in_errors("constants" if constants else ""):
            checked_config(composed_values(*constants, *overrides))
        with named_in_errors(_written_as(name, design)):
            raise
    return plain | {"scenario_name": name}


def _written_as(name: str, design: Design) -> str:
    """The key under which a design names a policy."""
    if design.arms and name in design.arms:
        return f"arms.{name}"
    return "scenarios" if name in (design.scenarios or ()) else "baseline" if name == design.baseline else "table"


def touches_world(key: str) -> bool:
    """Whether a key may change a world: all but levers."""
    return not is_lever(key)


OF_THE_SWEEP = frozenset(StudyConfig.model_fields) - {"scenarios", "baseline", "until", "most_seeds", "case", "person", "state"}
"""Keys of how a sweep is run, and not of what its runs are."""


def refuse_fixed_world(config: Config) -> None:
    """A sweep's worlds follow from ``seed`` and ``seeds``. Raises ``ConfigError`` where another one is fixed."""
    if config.world_seed is not None:
        raise ConfigError(
            f"world_seed: found {config.world_seed} in a sweep; accepted: null, with seed=... seeds=... replicates=..."
        )


def of_the_sweep(override: str) -> bool:
    """Whether an override says how a sweep is run, and nothing of what its runs are."""
    return key_of(override).split(".")[0] in OF_THE_SWEEP
