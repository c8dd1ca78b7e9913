"""Which configurations a comparison sets against which baseline: the arms of a design, or scenarios by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from experiments.design.designs import Design, design_of, file_of, named_in_errors
from experiments.design.scenarios import headers_of, scenario_overrides
from experiments.settings import StudyConfig, conduct_of_study
from sim.config import is_lever, key_of, load, options, value_of
from sim.settings import Config
from sim.world.record import ConfigError, quoted

_OF_THE_ARM = ("scenario", "reforms")  # what an arm's name stands for, and what no baseline takes over


class Arm(NamedTuple):
    """One configuration under its name, and what it is read against in the same world."""

    name: str
    config: Config  # its ``scenario_name`` is the arm's name
    baseline_config: Config
    called: str = ""  # its plain name, where it is a scenario of which a file says one


def arms_of(design_name: str, overrides: Sequence[str]) -> list[Arm]:
    """The arms of a design, each with a baseline of its own that differs from it in levers alone.

    The user's ``overrides`` reach arms and baselines alike, but for ``scenario`` and ``reforms``, which reach the arms alone,
    and for ``baseline``, which names another one. The design's constants, ``seeds`` and ``replicates`` hold where the user says
    nothing else. An arm's own overrides reach its baseline unless they are levers: facts and design are shared.
    Raises ``ConfigError``, also for what a design says and a comparison cannot do.
    """
    design, file = design_of(design_name), file_of(design_name)
    asked = conduct_of_study(*overrides)
    if not design.arms:
        raise ConfigError(f"{file}: found no arms to compare; accepted: rogatory sweep design={design_name}")
    _refuse_unheeded(design_name, design, overrides)
    said = _said_by(design, overrides)
    if said:
        _composed(f"{file}: constants", *said, *_but_for_arms(overrides))
    overrides = [*said, *overrides]
    if any(key_of(override) == "baseline" for override in overrides):
        baseline = scenario_overrides(asked.baseline, "baseline")
    else:
        baseline = scenario_overrides(design.baseline, f"{file}: baseline")
        _composed(f"{file}: baseline", *_but_for_arms(overrides), *baseline)
    arms = [_arm(name, own, overrides, baseline, f"{file}: arms.{name}") for name, own in design.arms.items()]
    _refuse_baselines_alone(file, arms)
    return arms


def _refuse_baselines_alone(file: str, arms: Sequence[Arm]) -> None:
    """Raise ``ConfigError`` for an arm that bears its baseline's name and is another, and for a design with no arm beside it."""
    namesakes = [arm for arm in arms if arm.name == arm.baseline_config.scenario_name]
    for arm in namesakes:
        if arm.config.digest() != arm.baseline_config.digest():
            raise ConfigError(f"{file}: arms.{arm.name}: found another scenario under the baseline's name; accepted: another name")
    if len(namesakes) == len(arms):
        raise ConfigError(f"{file}: arms: found none beside the baseline {arms[0].name}; accepted: at least one")


def _arm(name: str, own: Sequence[str], overrides: Sequence[str], baseline: Sequence[str], place: str) -> Arm:
    """An arm of a design with its baseline, to which of the arm's ``own`` overrides those go that are no levers."""
    facts = [override for override in _but_for_arms(own) if not is_lever(override)]
    config, against = _composed(place, *overrides, *own), _composed(place, *_but_for_arms(overrides), *facts, *baseline)
    return Arm(name, config.model_copy(update={"scenario_name": name}), against, _called(own))


def _called(own: Iterable[str]) -> str:
    """The plain name of an arm that is a scenario as it stands, or that scenario with officers that follow the load.

    >>> _called(["scenario=no_treaty", "review.capacity=follows"]), _called(["scenario=no_treaty", "seed=3"])
    ('without the treaty, staff follows', '')
    """
    said = {key_of(override): str(value_of(override)) for override in own}
    scenario, capacity = said.pop("scenario", ""), said.pop("review.capacity", "")
    known = headers_of([scenario]) if scenario and not said else {}
    if scenario not in known or not known[scenario].called or capacity not in ("", "follows"):
        return ""
    return f"{known[scenario].called}{', staff follows' * bool(capacity)}"


def _but_for_arms(overrides: Iterable[str]) -> list[str]:
    """The overrides that reach baselines too: all but the choice of scenarios."""
    return [override for override in overrides if key_of(override) not in _OF_THE_ARM]


def _said_by(design: Design, overrides: Sequence[str]) -> list[str]:
    """What a design says of every arm and of its size, as overrides; what the user says of the same keys holds instead."""
    given = {key_of(override) for override in overrides}
    size = [f"{key}={value}" for key, value in (("seeds", design.seeds), ("replicates", design.replicates)) if value is not None]
    return [override for override in (*design.constants, *size) if key_of(override) not in given]


def _refuse_unheeded(design_name: str, design: Design, overrides: Sequence[str]) -> None:
    """Nothing is accepted without effect. Raises ``ConfigError`` for what a comparison of a design's arms would not heed."""
    file, given = file_of(design_name), {key_of(override) for override in overrides}
    for key in sorted(design.model_fields_set - _COMPARED):
        raise ConfigError(
            f"{file}: {key}: found in a design whose arms are compared; accepted: {', '.join(_COMPARED_IN_ORDER)}, or "
            f"rogatory sweep design={design_name}"
        )
    for key in sorted(given & _UNHEEDED):
        raise ConfigError(f"{key}: found beside design={design_name}; accepted: what the design says, for it names the arms")
    for constant in design.constants:
        if key_of(constant) in _OF_THE_CHOICE:
            raise ConfigError(f"{file}: constants: found {quoted(constant)}; accepted: other keys, for the arms name scenarios")
    for name, own in (design.arms or {}).items():
        for override in own:
            if key_of(override).split(".")[0] in _OF_THE_STUDY:
                raise ConfigError(
                    f"{file}: arms.{name}: found {quoted(override)}; accepted: keys in which runs of a study can differ"
                )


_COMPARED_IN_ORDER = ("question", "baseline", "constants", "arms", "seeds", "replicates")
_COMPARED = frozenset(_COMPARED_IN_ORDER)
_UNHEEDED = frozenset(("scenarios", "size"))  # keys of a user that a design's comparison has no use for
_OF_THE_CHOICE = ("scenario", "scenarios", "baseline", "design")
_OF_THE_STUDY = (*StudyConfig.model_fields, "seed", "world_seed")
"""Keys that are the study's and not one arm's."""


def _composed(place: str, *overrides: str) -> Config:
    """A configuration; a mistake names the place where it was written."""
    with named_in_errors(place):
        return load(*overrides)


def compare_arms(overrides: Sequence[str]) -> list[Arm]:
    """The arms of a comparison: ``scenarios`` (all, or names such as ``judge+notice@everywhere``) against ``baseline``.

    Every override reaches arms and baseline alike; ``reforms=everywhere`` among them makes each arm one with ``@everywhere``.
    A name is given as ``scenario_name`` gives it: sorted, and without scenarios that another one holds. All arms share one
    baseline and one world. Raises ``ConfigError``.
    """
    asked = conduct_of_study(*overrides)
    for override in _of_key("scenario", overrides):
        raise ConfigError(f"scenario: found {override!r} in a comparison; accepted: scenarios=[...] and baseline=...")
    of_all = [override for override in overrides if key_of(override) != "reforms"]
    suffix = _of_key("reforms", overrides)
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


def _of_key(key: str, overrides: Iterable[str]) -> list[str]:
    """The overrides of one key."""
    return [override for override in overrides if key_of(override) == key]


def _chosen(arm: str, reforms: Sequence[str], key: str = "scenarios") -> tuple[str, ...]:
    """An arm's overrides, with those of ``reforms`` unless its name says so itself."""
    named = scenario_overrides(arm, key)
    return named if any(key_of(override) == "reforms" for override in named) else (*named, *reforms)


def _all_but(baseline: str) -> list[str]:
    plain = baseline.partition("@")[0]
    return [name for name in options("scenario") if name != plain]
