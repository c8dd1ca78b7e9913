"""Designs: which configurations a comparison sets against which baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationError

from experiments.scenarios import choice_of
from sim.config import is_policy, key_of, load, options, path_of, read_yaml, shown
from sim.settings import Config
from sim.world.record import ConfigError, Record

_OF_THE_ARM = ("scenario", "reforms")  # what an arm's name stands for, and what no baseline takes over


class Design(Record):
    """A file of ``configs/design/``: a question and the arms that answer it."""

    question: str
    baseline: str
    arms: Annotated[dict[str, list[str]], Field(min_length=1)]  # name -> overrides in Hydra's grammar


class Arm(NamedTuple):
    """One configuration under its name, and what it is read against in the same world."""

    name: str
    config: Config  # its ``scenario_name`` is the arm's name
    baseline_config: Config


def design_of(name: str) -> Design:
    """The design of that name. Raises ``ConfigError`` for one that is not there or cannot be read."""
    if name not in options("design"):
        raise ConfigError(f"design: found {name!r}; accepted: {', '.join(options('design'))}")
    path = path_of("design", name)
    body = read_yaml(path)
    if not isinstance(body, dict):
        raise ConfigError(f"{shown(path)}: found no map; accepted: {', '.join(Design.model_fields)}")
    try:
        return Design(**body)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            raise ConfigError(f"{shown(path)}: {place}: no such key; accepted: {', '.join(Design.model_fields)}") from None
        found = "nothing" if problem["type"] == "missing" else repr(problem["input"])
        raise ConfigError(f"{shown(path)}: {place}: found {found}; accepted: {_ACCEPTED[str(problem['loc'][0])]}") from None


_ACCEPTED = {
    "question": "a whole question",
    "baseline": "the name of a scenario",
    "arms": "at least one arm, each a list of overrides as text",
}


def arms_of(design_name: str, overrides: Sequence[str]) -> list[Arm]:
    """The arms of a design, each with a baseline of its own that differs from it in policy alone.

    The user's ``overrides`` reach arms and baselines alike, but for ``scenario`` and ``reforms``, which reach the arms alone,
    and for ``baseline``, which names another one. An arm's own overrides reach its baseline unless they are policy (what a
    scenario may change: the texts, the safeguards, the review, the conduct). Raises ``ConfigError``.
    """
    design, asked = design_of(design_name), load(*overrides)
    of_all = [override for override in overrides if key_of(override) not in _OF_THE_ARM]
    if any(key_of(override) == "baseline" for override in overrides):
        baseline = choice_of(asked.baseline, "baseline")
    else:
        baseline = choice_of(design.baseline, f"{_file(design_name)}: baseline")
        _composed(f"{_file(design_name)}: baseline", *of_all, *baseline)
    arms = []
    for name, own in design.arms.items():
        facts = [override for override in own if not is_policy(override) and key_of(override) not in _OF_THE_ARM]
        place = f"{_file(design_name)}: arms.{name}"
        config, against = _composed(place, *overrides, *own), _composed(place, *of_all, *facts, *baseline)
        arms.append(Arm(name, config.model_copy(update={"scenario_name": name}), against))
    return arms


def _file(design_name: str) -> str:
    return shown(path_of("design", design_name))


def _composed(place: str, *overrides: str) -> Config:
    """A configuration; a mistake names the place where it was written."""
    try:
        return load(*overrides)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def compare_arms(overrides: Sequence[str]) -> list[Arm]:
    """The arms of a comparison: ``scenarios`` (all, or names such as ``judge+notice@everywhere``) against ``baseline``.

    Every override reaches arms and baseline alike; ``reforms=everywhere`` among them makes each arm one with ``@everywhere``.
    A name is given as ``scenario_name`` gives it: sorted, and without scenarios that another one holds. All arms share one
    baseline and one world. Raises ``ConfigError``.
    """
    asked = load(*overrides)
    for override in overrides:
        if key_of(override) == "scenario":
            raise ConfigError(f"scenario: found {override!r} in a comparison; accepted: scenarios=[...] and baseline=...")
    of_all = [override for override in overrides if key_of(override) != "reforms"]
    suffix = [override for override in overrides if key_of(override) == "reforms"]
    baseline = load(*of_all, *_chosen(asked.baseline, suffix, "baseline"))
    names = _all_but(baseline.scenario_name) if asked.scenarios == ["all"] else asked.scenarios
    arms: dict[str, Arm] = {}
    for name in names:
        config = load(*of_all, *_chosen(name, suffix))
        if config.scenario_name == baseline.scenario_name:
            raise ConfigError(f"scenarios: found {name!r}, which is the baseline; accepted: any other choice")
        if config.scenario_name in arms:
            raise ConfigError(f"scenarios: found {name!r} twice; accepted: each choice once")
        arms[config.scenario_name] = Arm(config.scenario_name, config, baseline)
    if not arms:
        raise ConfigError(f"scenarios: found nothing to compare; accepted: all, or names among {', '.join(options('scenario'))}")
    return list(arms.values())


def _chosen(arm: str, reforms: Sequence[str], key: str = "scenarios") -> tuple[str, ...]:
    """An arm's overrides, with those of ``reforms`` unless its name says so itself."""
    named = choice_of(arm, key)
    return named if any(key_of(override) == "reforms" for override in named) else (*named, *reforms)


def _all_but(baseline: str) -> list[str]:
    plain = baseline.partition("@")[0]
    return [name for name in options("scenario") if name != plain]
