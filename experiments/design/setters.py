"""What a row of a table of points sets: the keys of its condition, of its levers' levels, and those that it names itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.design.designs import Design, LeverChoice, Settings, named_in_errors
from experiments.design.entries import POINT_COLUMNS
from experiments.design.scenarios import changes, scenario_overrides
from experiments.settings import StudyConfig
from sim.composition import SEARCHPATH
from sim.config import chooses, groups_chosen_by, key_of, refuse_nested
from sim.world.record import ConfigError

OF_THE_STUDY = (*StudyConfig.model_fields, "scenario", "reforms", "seed", "world_seed")
"""Keys of how a study is run: no point may set them."""


PointRow = dict[str, Any]  # column of a table of points -> what stands there


class Setters:
    """Turns a row into the keys that it sets; what a scenario changes is looked up once."""

    def __init__(self, design: Design, given: Sequence[str]) -> None:
        """A design, and the overrides that all of its points share."""
        self._design = design
        self._levels = design.levels_of
        self._known: dict[str, Settings] = {}
        self._shared = {key_of(override) for override in given if not chooses(override)}
        self._places = [override for override in given if key_of(override) == SEARCHPATH]
        self._chosen = {key_of(override) for override in given if chooses(override)}
        self._groups: dict[tuple[str, bool], set[str]] = {}  # of which a scenario (true) or an arm chooses a file
        self._agreeing: set[tuple[str, ...]] = set()  # combinations of keys of which none lies in another

    def __call__(self, row: PointRow) -> Settings:
        """The keys that a row sets and their values. Raises ``ConfigError`` for a key that two of its parts set differently."""
        out: Settings = {}
        if row["condition"]:
            _add(out, self._design.conditions[str(row["condition"])], f"condition {row['condition']}")
        for name, choices in self._levels.items():
            with named_in_errors(f"levers.{name}.{row[name]}"):
                found = self._settings(choices[row[name]])
            _add(out, found, f"{name} {row[name]}")
        drawn = {str(key): value for key, value in row.items() if key not in (*POINT_COLUMNS, *self._levels)}
        for key in drawn:
            if key in out:
                raise ConfigError(f"{key}: drawn, and set by a lever or a condition too; accepted: one of the two")
        for key in (*out, *drawn):
            if key.split(".")[0] in OF_THE_STUDY:
                raise ConfigError(f"{key}: no key of a point; accepted: what decides a run; seeds have axes of their own")
        self._refuse_chosen_twice(row, {*out, *drawn})
        keys = (*out, *drawn)
        if keys not in self._agreeing:  # one point would be two configurations, by the order in which its keys are set
            refuse_nested(keys, "set in a point")
            refuse_nested({*keys, *self._shared} - ({*keys} & self._shared), "set in a point or given")
            self._agreeing.add(keys)
        return out | drawn

    def _refuse_chosen_twice(self, row: PointRow, keys: set[str]) -> None:
        """A file chosen over another one leaves of that what it does not say: raise ``ConfigError`` for two choices in a group."""
        said = {key: f"{key}: set in a point" for key in keys}
        for name, choices in self._levels.items():
            if isinstance(choice := choices[row[name]], str):
                for group in self._groups_of(choice, scenario=True):
                    said[group] = f"{group}: chosen by {name} {row[name]}"
        policy = str(row["scenario"])
        by_policy = self._groups_of(policy, scenario=policy not in (self._design.arms or {}))
        for group, what in said.items():
            if group in self._chosen:
                raise ConfigError(f"{what}, and given too; accepted: one of the two")
            if group in by_policy:
                raise ConfigError(f"{what}, and by {policy} too; accepted: one of the two")

    def _groups_of(self, name: str, scenario: bool) -> set[str]:
        """The groups of which a scenario, or else an arm, chooses a file."""
        if (name, scenario) not in self._groups:
            own = scenario_overrides(name) if scenario else (self._design.arms or {})[name]
            self._groups[name, scenario] = groups_chosen_by(*self._places, *own)
        return self._groups[name, scenario]

    def _settings(self, choice: LeverChoice) -> Settings:
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
