"""What a report says of the runs of a study: how many, of what, which numbers they vary, and the design as it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml
from pydantic import ValidationError

from experiments.design.arms import APART
from experiments.design.designs import Design, Uncertainty
from experiments.design.scenarios import scenario_overrides
from experiments.report.facts import Facts
from experiments.report.parameters import notes_in, parameters, scenarios_in_name
from experiments.report.sentences import listed, several
from experiments.store.outcomes import Outcome, Study, conditions_in, scenarios_in
from experiments.text import spoken, thousands
from sim.config import composed, role_of
from sim.places import config_folder
from sim.world.leaves import changed_leaves
from sim.world.record import ConfigError

_DESIGN = "design.yaml"  # in a store
_NAMES = re.compile(r"\bdesign=")  # in a command
_NAMED = 8  # scenarios, outcomes or factors that are named in a row
_MINUTE, _HOUR = 60.0, 3600.0  # seconds
_HEADED = re.compile(r"^# (Motive|Expect): +(.+)$", re.MULTILINE)
_HEADS = {"Motive": "Why it is asked", "Expect": "Expected before the runs"}
_SHAPES = {"uniform": "evenly", "log": "evenly in the logarithm", "whole": "whole numbers", "prior": "by its prior, 5 to 95 %"}
_UNVARIED = {False: "none: no parameter is varied", True: "one a world, of every number that has a prior"}
_BEHIND = ("unit", "range", "role", "status", "source")  # of a number whose bounds stand beside it


class Extent(NamedTuple):
    """How many points, draws, worlds and replicates a study has."""

    points: int
    draws: int
    worlds: int
    replicates: int
    seeds: list[int]  # of the worlds that answers rest on
    without: int  # runs without a value of the outcome; none where that is not known
    rows: list[tuple[str, str]]  # head and text

    @property
    def told(self) -> str:
        """The extent in one sentence."""
        return f"{several(self.points, 'point')}. {self.told_replicates}"

    @property
    def told_replicates(self) -> str:
        """How many worlds and replicates, without a full stop."""
        if not self.worlds:
            return "How many worlds and replicates were run is not known"
        return f"{several(self.worlds, 'world')} (sets of unknown facts), {several(self.replicates, 'replicate')} in each"


def extent_of(study: Study, facts: Facts) -> Extent:
    """Points, worlds, replicates, years and runs of a study; what ``facts`` do not say is read from its outcome."""
    points = study.points
    worlds, replicates, without = _held(study)
    seeds = [int(seed) for seed in facts.get("seeds", worlds)]
    replicates = int(facts.get("replicates", replicates))
    draws = int(points["draw"].nunique())
    found = Extent(len(points), draws, len(seeds), replicates, seeds, without, [])
    return found._replace(rows=[*_design_rows(study, draws), *_run_rows(study, found, facts)])


def _held(study: Study) -> tuple[list[int], int, int]:
    """Worlds and replicates of the outcome that is asked for, and its runs without a value; nothing where the store lacks it."""
    try:
        outcomes = study.outcomes(Outcome.of(study.asked.outcome))
    except ConfigError:  # the store does not hold it
        return [], 0, 0
    return list(outcomes.worlds), outcomes.values.shape[2], int(pd.isna(outcomes.values).sum())


def _design_rows(study: Study, draws: int) -> list[tuple[str, str]]:
    """What a study crosses, as heads and texts; what it has none of has no row."""
    points, levers = study.points, list(study.design.levers)
    conditions = [name for name in conditions_in(points) if name]
    rows = [
        ("Points", f"{thousands(len(points))}: each a configuration with an id of its own"),
        ("Policies", _named(scenarios_in(points))),
        ("Levers", _named(levers) if levers else ""),
        ("Conditions", _named(conditions) if conditions else ""),
        ("Draws of parameters", thousands(draws) if study.design.uncertainties else _UNVARIED[study.config.draws]),
    ]
    return [row for row in rows if row[1]]


def _run_rows(study: Study, extent: Extent, facts: Facts) -> list[tuple[str, str]]:
    """What was run of a study and what was kept, as heads and texts; what is not known has no row."""
    worlds, replicates, left = several(extent.worlds, "world"), several(extent.replicates, "replicate"), facts.get("left_out")
    wanted = int(facts.get("wanted", extent.points * extent.worlds * extent.replicates))
    without = f"{thousands(extent.without)} ({spoken(Outcome.of(study.asked.outcome))})"
    rows = [
        ("Worlds and luck", f"{worlds}, {replicates} in each; the same for all points" if extent.seeds else ""),
        ("Worlds left out", f"{left}. Nothing on this page rests on them." if left else ""),
        ("Window", f"{several(study.config.years, 'year')} a run"),
        ("Runs", _runs(wanted, facts) if wanted else ""),
        ("Runs without a value", without if extent.without else ""),
        ("Outcomes kept", _named(study.design.outcomes) if study.design.outcomes else "all"),
        ("Time", _time(float(facts["seconds"])) if "seconds" in facts else ""),
    ]
    return [row for row in rows if row[1]]


def _named(names: list[str]) -> str:
    """Names in a row; of many the first."""
    shown = [spoken(name) for name in names[:_NAMED]]
    return f"{thousands(len(names))}: {', '.join(shown)} and others" if len(names) > _NAMED else listed(shown)


def _runs(wanted: int, facts: Facts) -> str:
    done, missing, failed = facts.get("runs"), int(facts.get("missing", 0)), len(list(facts.get("failed", ())))
    opening = f"{thousands(wanted)} wanted" if done is None else f"{thousands(int(done))} done of {thousands(wanted)}"
    return f"{opening}; {thousands(missing)} missing; {thousands(failed)} failed"


def _time(seconds: float) -> str:
    """A stretch of time in the unit that suits it.

    >>> _time(12.4), _time(600.0), _time(9000.0)
    ('12 seconds', '10 minutes', '2.5 hours')
    """
    if seconds < 2 * _MINUTE:
        return several(round(seconds), "second")
    return several(round(seconds / _MINUTE), "minute") if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} hours"


def numbers_behind(study: Study, facts: Facts) -> pd.DataFrame:
    """Numbers of the configuration with what stands behind them, and ``varied_numbers``: what the study moves shows its bounds."""
    design = study.design
    named = [*scenarios_in(study.points), *(level for choices in design.levels_of.values() for level in choices.values())]
    scenarios = [one for name in named if isinstance(name, str) for one in scenarios_in_name(name)]
    command = " ".join([*design.constants, *map(str, facts.get("commands", ()))])
    known = parameters(scenarios, study.config.plain(), command)
    known["varied"] = False
    for key, uncertainty in design.uncertainties.items():
        own = known["key"] == key
        known.loc[own, "value"] = "varied: " + " to ".join(_ends(uncertainty))
        known.loc[own, ["swept", "changed"]] = False
        known.loc[own, "varied"] = True
    known.loc[known["key"].isin(_chosen(study)), "changed"] = False
    return known


def _chosen(study: Study) -> set[str]:
    """Keys that the first point owes to its policy or condition: they are what is studied, and no departure from the files."""
    design = study.design
    maps = [*design.conditions.values(), *(choice for levels in design.levels_of.values() for choice in levels.values())]
    keys = {key for settings in maps if isinstance(settings, dict) for key in settings}
    try:
        return keys | set(changed_leaves(composed(), composed(*_policy_of(scenarios_in(study.points)[0], design))))
    except ConfigError:  # of a scenario whose file is gone, the store has the numbers, and nobody knows which are its own
        return keys


def _policy_of(name: str, design: Design) -> Sequence[str]:
    """The overrides that a point's scenario or arm stands for; one of several baselines has the facts of its first arm."""
    arms = design.arms or {}
    _, _, first = name.partition(APART)
    if name in arms or first not in arms:
        return arms[name] if name in arms else scenario_overrides(name)
    return [*scenario_overrides(design.baseline), *arms[first]]


def varied_numbers(study: Study, facts: Facts) -> list[tuple[str, ...]]:
    """A row a number that the study varies: key, from, to, how, what its note says, and its value in its own file."""
    said = {note.key: note._asdict() for note in notes_in(designed(study, facts).text)}
    own = parameters([], {}, " ".join(study.design.constants)).drop_duplicates("key").set_index("key")
    rows = []
    for key, uncertainty in study.design.uncertainties.items():
        note = next((one for place, one in said.items() if place.startswith(f"uncertainties.{key}.")), None)
        known = own.loc[key] if key in own.index else None
        behind = dict.fromkeys(_BEHIND, "") if known is None else {name: str(known[name]) for name in _BEHIND}
        if note is not None:
            behind = {name: str(note[name]) for name in _BEHIND}
        behind["role"] = behind["role"] or role_of(key)
        ends = _ends(uncertainty)
        way = "from a list" if uncertainty.values is not None else _SHAPES[uncertainty.shape]
        rows.append((key, ends[0], ends[-1], way, *behind.values(), "" if known is None else str(known["value"])))
    return rows


def _ends(uncertainty: Uncertainty) -> list[str]:
    """Bounds as text, or the list that is drawn from."""
    if uncertainty.values is not None:
        return [", ".join(map(str, uncertainty.values))]
    return [f"{end:g}" for end in (uncertainty.low, uncertainty.high) if end is not None]


def levers_of(design: Design) -> list[tuple[str, str, str]]:
    """Levers and levels: name, level, what it sets."""
    rows = []
    for name, choices in design.levels_of.items():
        for level, choice in choices.items():
            sets = choice if isinstance(choice, str) else "; ".join(f"{key} = {value}" for key, value in choice.items())
            rows.append((spoken(name), level, sets or "nothing"))
    return rows


class Written(NamedTuple):
    """A design as text."""

    text: str
    own: bool  # the file that was written, and not what it amounts to
    filed: bool  # whether there was a file at all
    otherwise: list[str]  # what was asked for beside the file, in sentences


def designed(study: Study, facts: Facts) -> Written:
    """The design as it was written, from the store or from the file that the commands name, if that says what was run."""
    design = study.design
    for path in _places(study, facts):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            found = _read(text)
            if found is not None and found.model_copy(update={"size": design.size, "keep": design.keep}) == design:
                return Written(text.rstrip(), True, True, _otherwise(found, design))
    plain = design.model_dump(mode="json", exclude_defaults=True)
    return Written(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100).rstrip(), False, _filed(facts), [])


def _otherwise(found: Design, design: Design) -> list[str]:
    """What the study has otherwise than the file, which other keys decide or the study itself."""
    sized = [f"Here with size {design.size}."] if found.size != design.size else []
    return sized + ([f"Here each run left {listed(design.keep)} too."] if found.keep != design.keep else [])


def _filed(facts: Facts) -> bool:
    """Whether the commands name a design; one that is not known may have."""
    commands = [str(command) for command in facts.get("commands", ())]
    return not commands or any(_NAMES.search(command) for command in commands)


def _places(study: Study, facts: Facts) -> list[Path]:
    """Where the design may have been written down."""
    named = [word for command in facts.get("commands", ()) for word in str(command).split() if word.startswith("design=")]
    names = dict.fromkeys([word.removeprefix("design=").strip("'\"") for word in named] + [study.name])
    files = [Path(name) if name.endswith(".yaml") else config_folder() / "design" / f"{name}.yaml" for name in names]
    return [study.folder / _DESIGN, *files]


def headed(study: Study, facts: Facts) -> list[tuple[str, str]]:
    """What the design's file says above its first key: who asked, and what was expected before the runs."""
    written = designed(study, facts)
    above = written.text.partition("\nquestion:")[0] if written.own else ""
    said = {found[1]: found[2].strip() for found in _HEADED.finditer(above)}
    return [(_HEADS[word], said[word]) for word in _HEADS if word in said]


def _read(text: str) -> Design | None:
    """The design that a text says, if it says one."""
    try:
        body = yaml.safe_load(text)
        return Design(**body) if isinstance(body, dict) else None
    except (yaml.YAMLError, ValidationError):
        return None
