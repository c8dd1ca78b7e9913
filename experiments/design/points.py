"""A design as one plain table: a row a point with an id that never changes, and what each point sets."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml

from experiments.design.designs import Choice, Design, Settings, stack_of, told_of
from experiments.design.sampling import combinations_of, draws_of, refuse_count, refuse_size
from experiments.design.scenarios import changes, choice_of
from experiments.letters import from_cell
from experiments.settings import StudyConfig
from sim.config import ADOPTED, checked, chooses, is_policy, key_of, meet, plain_of, refuse_nested, varied
from sim.settings import Config
from sim.sources.csv_files import TableError, much_like_a_number, number_in, sheet_of
from sim.world.leaves import Plain
from sim.world.record import ConfigError, quoted

FIXED = ("point", "place", "scenario", "condition", "draw", "against")
"""Columns of every table of points; one column a lever and one an uncertainty follow."""
_ID_LETTERS = 12
OF_THE_STUDY = (*StudyConfig.model_fields, "scenario", "reforms", "seed", "world_seed")
"""Keys of how a study is run: no point may set them."""
_TEXTS = ("point", "scenario", "condition", "against")
_MADE_ANEW = ("point", "place", "against")  # columns of a table that follow from the others
LINE = "line"
"""Name of the index of a table that was read from a file: the line on which each row begins."""
_MOST_DRAW = 2**31 - 1  # *assumption*: more draws than anybody makes
_LEVELS_TRIED = 64  # values of a column that is no uncertainty


Row = dict[str, Any]  # column of a table of points -> what stands there
_Levels = Mapping[str, Mapping[str, Choice]]  # lever -> its levels by name


class Points(NamedTuple):
    """The points of a design."""

    frame: pd.DataFrame  # [P] columns FIXED, levers, uncertainties
    bases: dict[str, Plain]  # scenario or arm -> composed configuration in plain values
    settings: list[tuple[str, Settings]]  # [P] the base of each point, and the keys that it sets otherwise

    def config(self, place: int) -> Config:
        """The configuration of a point. Raises ``ConfigError`` for a value out of range."""
        base, settings = self.settings[place]
        return checked(varied(self.bases[base], settings))


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
        return points_from(_table_in(design.table), design, overrides, f"table: {design.table}")
    refuse_count(design)
    draws = draws_of(design)
    rows: list[Row] = [
        {"scenario": policy, "condition": condition, "draw": draw} | levers | {str(key): value for key, value in values.items()}
        for policy, levers in _policies(design)
        for condition in design.conditions or [""]
        for draw, values in enumerate(draws.to_dict("records"))
    ]
    return points_of_rows(rows, design, overrides)


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
    known = [*FIXED, *design.levers, *design.uncertainties]
    for name in map(str, frame.columns):
        if name not in known and "." not in name:
            raise ConfigError(f"{place}: column {quoted(name)}: no such key; accepted: {', '.join([*known, 'a dotted key'])}")
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


def _unsaid(design: Design) -> Row:
    """What a row stands for where it says nothing: the first policy, the first condition, each lever's first level."""
    first: Row = {"scenario": _first_policy(design), "condition": next(iter(design.conditions), "")}
    return first | {name: next(iter(choices)) for name, choices in design.levels_of.items()}


def _said_in(given: Mapping[Hashable, Any], design: Design, levels: _Levels, where: str) -> Row:
    """What a row of a table says, by column; what it leaves empty is not among it. Raises ``ConfigError`` with ``where``."""
    return {
        str(column): _entry(str(column), value, design, levels, f"{where}: {column}")
        for column, value in given.items()
        if not (str(column) in _MADE_ANEW or pd.isna(value))
    }


def _entry(name: str, value: object, design: Design, levels: _Levels, where: str) -> object:
    """The entry of one column of a row. Raises ``ConfigError`` for one that the design does not know."""
    entry = str(value) if name in _TEXTS or name in levels else _read(str(value), where)
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


def _number_draws(rows: list[Row]) -> None:
    """Rows that say nothing of their draw get its number: those with the same values of all dotted keys are of one draw."""
    known: dict[str, int] = {}
    for row in rows:
        values = repr(sorted((key, value) for key, value in row.items() if "." in key))
        row.setdefault("draw", known.setdefault(values, len(known)))


def _table_in(path: str) -> pd.DataFrame:
    """A CSV file as text, indexed by the lines of the file; only an empty entry is missing. Raises ``ConfigError``."""
    if not Path(path).is_file():
        raise ConfigError(f"table: found {quoted(path)}, which is no file; accepted: the path of a CSV file")
    try:
        sheet = sheet_of(Path(path), f"table: {path}", may_be_empty=True)
    except TableError as error:
        raise ConfigError(str(error)) from None
    entries = [[from_cell(entry) or None for entry in row.entries] for row in sheet.rows]
    return pd.DataFrame(
        entries, pd.Index([row.line for row in sheet.rows], name=LINE), [*map(from_cell, sheet.header)], dtype=object
    )


class _Entries(yaml.SafeLoader):
    """YAML without what YAML 1.1 makes of ``04``, ``1_000``, ``1:30`` and ``2029-03-01``: numbers as in JSON, and text."""


_KEPT = ("bool", "null", "merge")  # of what a plain word may stand for
_INT, _FLOAT = r"[-+]?(?:0|[1-9][0-9]*)", r"[-+]?(?:(?:0|[1-9][0-9]*)\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_Entries.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] in _KEPT]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _form in (("int", _INT), ("float", _FLOAT)):
    _Entries.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_form})$"), list("-+.0123456789"))


def _read(text: str, place: str) -> object:
    """An entry as YAML reads it; but numbers in every usual way (1e-05), and whole ones as such (3.0), as their column had them.

    What YAML would take for something else than what stands there is refused: ``04`` and ``1:30`` for numbers of another base,
    ``1_000`` and ``nan`` for numbers, ``#N/A`` for nothing. In quotes they are text.
    """
    wanted = "accepted: a number such as 1000 or 1e-05, true, false, or text as YAML has it"
    if much_like_a_number(text):
        raise ConfigError(f"{place}: found {quoted(text)}; {wanted}, in quotes where it looks like a number")
    number = number_in(text)
    if number is not None:
        return _whole(number)
    try:
        value = _as_json_or_yaml(text)
        _refuse_endless(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(f"{place}: found {quoted(text)}; {wanted}") from None
    if (value is None and text.strip().lower() not in ("null", "~")) or (
        isinstance(value, list | dict) and text.strip()[0] not in "[{"
    ):
        raise ConfigError(f"{place}: found {quoted(text)}; {wanted}, in quotes if it is text")
    return _whole(value)


def _as_json_or_yaml(text: str) -> object:
    """What a text says. Raises ``ValueError`` and ``YAMLError``."""
    with suppress(ValueError):
        return json.loads(text)
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, yaml.SafeLoader)):
        raise ValueError("text that repeats itself")
    return yaml.load(text, _Entries)  # noqa: S506 - a safe loader that knows fewer kinds


def _refuse_endless(value: object) -> None:
    """A number within a list or a map that no double holds. Raises ``ValueError``."""
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_endless(entry)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("no number")


def entry_of(value: object) -> str:
    """A value as an entry of a table that is read back as the same value.

    >>> [entry_of(value) for value in (0.5, True, None, "content", "on", "04", [1, "a"], {"a": None})]
    ['0.5', 'true', 'null', 'content', '"on"', '"04"', '[1, "a"]', '{"a": null}']
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        try:
            if value and _read(value, "") == value:
                return value
        except ConfigError:
            pass
    return json.dumps(value, ensure_ascii=False, default=str)


def _whole(value: Any) -> Any:
    """Three and 3.0 are one number."""
    if isinstance(value, Mapping):
        return {name: _whole(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


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
    rows: Sequence[Row], design: Design, overrides: Sequence[str], named: Callable[[int], str] = _by_number
) -> Points:
    """Points from rows of ``scenario, condition, draw``, levers and dotted keys.

    Mistakes call the rows as ``named`` does. Raises ``ConfigError``.
    """
    rows = [{**row, "scenario": _policy_of(str(row["scenario"]), design)} for row in rows]
    bases = {name: _base(name, design, overrides) for name in dict.fromkeys(row["scenario"] for row in rows)}
    _refuse_twins(bases, design)
    set_by = _Setters(design, [*design.constants, *overrides])
    settings = [(str(row["scenario"]), set_by(row)) for row in rows]
    frame = pd.DataFrame(rows)
    frame.insert(0, "point", [point_id(*pair) for pair in settings])
    frame.insert(1, "place", range(len(frame)))
    frame["against"] = _against(frame, design, bases)
    frame = frame[[*FIXED, *(name for name in frame.columns if name not in FIXED)]]
    doubled = frame["point"].duplicated()
    if doubled.any() and design.draw is None and design.search is None:  # drawn points may meet: one run serves all
        again = frame.loc[doubled].iloc[0]
        first = frame.index[frame["point"] == again["point"]][0]
        raise ConfigError(f"points: found {named(int(again['place']))} twice (as {named(int(first))}); accepted: each point once")
    found = Points(frame, bases, settings)
    _refuse_two_under_one_id(found, named)
    _try_bounds(found, design)
    _try_ends(found, design, named)
    return found


def _against(frame: pd.DataFrame, design: Design, bases: Mapping[str, Plain]) -> list[str]:
    """The id of each point's baseline: of a search its first point, else the baseline's policy under the same condition and draw.

    All levers are at their first level there. Nothing where the design has no such point, or none of the same worlds and cases.
    """
    if design.search is not None:
        return [str(frame["point"].iloc[0])] * len(frame)
    world = {name: checked(plain).world_digest() for name, plain in bases.items()} if design.arms else dict.fromkeys(bases, "")
    firsts = {name: next(iter(levels)) for name, levels in design.levels_of.items()}
    place = [(world[row["scenario"]], row["condition"], row["draw"]) for row in frame.to_dict("records")]
    there: dict[tuple[str, str, int], str] = {}
    for where, row in zip(place, frame.to_dict("records"), strict=True):
        if is_baseline(str(row["scenario"]), design) and all(row[name] == first for name, first in firsts.items()):
            there.setdefault(where, str(row["point"]))
    return [there.get(where, "") for where in place]


def is_baseline(scenario: str, design: Design) -> bool:
    """Whether a policy's name stands for the baseline, or an arm says the same as it does."""
    said = (design.arms or {}).get(scenario)
    return said in ([f"scenario={design.baseline}"], [] if design.baseline == ADOPTED else None) or scenario == design.baseline


def _refuse_two_under_one_id(found: Points, named: Callable[[int], str]) -> None:
    """Rows of one id must be one point: they set the same keys to the same values, in whatever order."""
    first: dict[str, int] = {}
    for place, point in enumerate(found.frame["point"]):
        before = first.setdefault(point, place)
        if before != place and not _alike(found.settings[before], found.settings[place]):
            if found.config(before).digest() == found.config(place).digest():
                continue
            told = f"points: found {named(before)} and {named(place)} under one id, {point}, as two configurations"
            raise ConfigError(f"{told}; accepted: one of them")


def _alike(one: tuple[str, Settings], other: tuple[str, Settings]) -> bool:
    """Whether two points set the same keys of one base to the same values, in one order."""
    return one[0] == other[0] and list(_whole(one[1]).items()) == list(_whole(other[1]).items())


def _policy_of(name: str, design: Design) -> str:
    """An arm as it is named; scenarios under the one name of their policy."""
    return name if design.arms and name in design.arms else stack_of(name)


def _refuse_twins(bases: Mapping[str, Plain], design: Design) -> None:
    """Two arms that name the same scenarios in another order and are one configuration would be one policy twice.

    Arms of other names may be alike: what they are called is theirs.
    """
    alike: dict[str, list[str]] = {}
    for name in design.arms or ():
        if name in bases and "+" in name:
            alike.setdefault("+".join(sorted(re.split(r"[+@]", name))), []).append(name)
    for first, *others in alike.values():
        for other in others:
            if checked(bases[first]).digest() == checked(bases[other]).digest():
                raise ConfigError(f"arms.{other}: found the configuration of arms.{first}; accepted: each policy once")


def point_id(scenario: str, settings: Settings) -> str:
    """Twelve hexadecimal characters that follow from what a point sets and from nothing else.

    >>> point_id("judge", {"review.rho": 1.0, "people.rows": 9}) == point_id("judge", {"people.rows": 9, "review.rho": 1})
    True
    """
    text = json.dumps([scenario, _whole(settings)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LETTERS]


def _base(name: str, design: Design, overrides: Sequence[str]) -> Plain:
    """The composed configuration of a scenario or an arm under the design's constants and the user's overrides."""
    refuse_scenario(overrides)
    given = {key_of(override) for override in overrides}
    constants = [constant for constant in design.constants if key_of(constant) not in given]
    try:
        own = design.arms[name] if design.arms and name in design.arms else [*choice_of(name, "scenarios")]
        plain = plain_of(*constants, *overrides, *own)
        checked(plain)
    except ConfigError:
        with told_of("constants" if constants else ""):
            checked(plain_of(*constants, *overrides))
        with told_of(_written_as(name, design)):
            raise
    return plain | {"scenario_name": name}


def _written_as(name: str, design: Design) -> str:
    """The key under which a design names a policy."""
    if design.arms and name in design.arms:
        return f"arms.{name}"
    return "scenarios" if name in (design.scenarios or ()) else "baseline" if name == design.baseline else "table"


class _Setters:
    """Turns a row into the keys that it sets; what a scenario changes is looked up once."""

    def __init__(self, design: Design, given: Sequence[str]) -> None:
        """A design, and the overrides that all of its points share."""
        self._design = design
        self._levels = design.levels_of
        self._known: dict[str, Settings] = {}
        self._shared = {key_of(override) for override in given if not chooses(override)}
        self._agreeing: set[tuple[str, ...]] = set()  # combinations of keys of which none lies in another

    def __call__(self, row: Row) -> Settings:
        out: Settings = {}
        if row["condition"]:
            _add(out, self._design.conditions[str(row["condition"])], f"condition {row['condition']}")
        for name, choices in self._levels.items():
            with told_of(f"levers.{name}.{row[name]}"):
                found = self._settings(choices[row[name]])
            _add(out, found, f"{name} {row[name]}")
        drawn = {str(key): value for key, value in row.items() if key not in (*FIXED, *self._levels)}
        for key in drawn:
            if key in out:
                raise ConfigError(f"{key}: drawn, and set by a lever or a condition too; accepted: one of the two")
        for key in (*out, *drawn):
            if key.split(".")[0] in OF_THE_STUDY:
                raise ConfigError(f"{key}: no key of a point; accepted: what decides a run; seeds have axes of their own")
        keys = (*out, *drawn)
        if keys not in self._agreeing:  # one point would be two configurations, by the order in which its keys are set
            refuse_nested(keys, "set in a point")
            refuse_nested({*keys, *self._shared} - ({*keys} & self._shared), "set in a point or given")
            self._agreeing.add(keys)
        return out | drawn

    def _settings(self, choice: Choice) -> Settings:
        if not isinstance(choice, str):
            return choice
        if choice not in self._known:
            found = changes(choice)
            lost = [key for key, (before, after) in found.items() if after is None and before is not None]
            if lost:
                raise ConfigError(f"{choice}: takes away {lost[0]}; accepted as a lever: a scenario that sets keys")
            self._known[choice] = {key: after for key, (_, after) in found.items()}
        return self._known[choice]


def _add(out: Settings, more: Settings, said: str) -> None:
    for key, value in more.items():
        if key in out and out[key] != value:
            raise ConfigError(f"{key}: {said} sets {value!r} and another lever {out[key]!r}; accepted: levers that agree")
        out[key] = value


def _try_bounds(found: Points, design: Design) -> None:
    """Each bound of each uncertainty must be one that its key accepts, whether or not a draw comes near it."""
    base, settings = found.settings[0]
    for key, known in design.uncertainties.items():
        bounds = known.values if known.values is not None else [known.low, known.high]
        for bound in bounds:
            value = int(bound) if known.shape == "whole" and isinstance(bound, float) else bound
            try:
                checked(varied(found.bases[base], settings | {key: value}))
            except ConfigError as error:
                raise ConfigError(f"uncertainties.{key}: {error}") from None


def _try_ends(found: Points, design: Design, named: Callable[[int], str]) -> None:
    """The first point with each value that is the least or greatest of its column, or the first of its level, must be runnable.

    Raises ``ConfigError``: the mistake is told under the key of the design that sets what is wrong.
    """
    tried: set[int] = set()
    for column in found.frame.columns.difference(["point", "place", "draw", "against"], sort=False):
        values = found.frame[column]
        numeric = pd.api.types.is_numeric_dtype(values) and bool(values.notna().any())
        if numeric:
            tried |= {int(values.argmin()), int(values.argmax())}
        if not numeric or column not in design.uncertainties:
            tried |= {int(place) for place in (~values.astype(str).duplicated()).to_numpy().nonzero()[0][:_LEVELS_TRIED]}
    for place in sorted(tried):
        try:
            found.config(place)
        except ConfigError as error:
            with told_of(_set_by(found.frame.iloc[place], design, str(error).partition(":")[0], named(place))):
                raise


def _set_by(row: pd.Series, design: Design, key: str, named: str) -> str:
    """Where a design sets a key, or what lies above or below it, in a point; empty where nothing of it does."""
    for place, choice in _chosen_in(row, design).items():
        if isinstance(choice, Mapping) and any(meet(key, other) for other in choice):
            return place
    drawn = [str(column) for column in row.index if "." in str(column) and meet(key, str(column))]
    return "" if not drawn else "uncertainties" if design.table is None else f"table: {design.table}: {named}"


def _chosen_in(row: pd.Series, design: Design) -> dict[str, Choice]:
    """The levels and the condition that a point has, each under its key in the design."""
    chosen: dict[str, Choice] = {f"levers.{name}.{row[name]}": choices[row[name]] for name, choices in design.levels_of.items()}
    if row["condition"]:
        chosen[f"conditions.{row['condition']}"] = design.conditions[row["condition"]]
    return chosen


def touches_world(key: str) -> bool:
    """Whether a key may change a world: everything that is not policy."""
    return not is_policy(key)


OF_THE_SWEEP = frozenset(StudyConfig.model_fields) - {"scenarios", "baseline", "until", "most_seeds", "case", "person"}
"""Keys of how a sweep is run, and not of what its runs are."""


def refuse_fixed_world(config: Config) -> None:
    """A sweep's worlds follow from ``seed`` and ``seeds``. Raises ``ConfigError`` where another one is fixed."""
    if config.world_seed is not None:
        raise ConfigError(f"world_seed: found {config.world_seed} in a sweep; accepted: null, with seed=... seeds=... luck=...")


def of_the_sweep(override: str) -> bool:
    """Whether an override says how a sweep is run, and nothing of what its runs are."""
    return key_of(override).split(".")[0] in OF_THE_SWEEP
