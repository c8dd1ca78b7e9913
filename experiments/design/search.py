"""An adaptive design, a generation at a time: which policies to run next, given how those before them fared.

Nothing is kept between calls but what was run. The sampler is made anew with the same seed, asked again for everything that it
asked before, and told again what came of it, so that the next generation depends on the seed and on results alone: not on
workers, interruptions or the order in which runs ended.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isclose, isnan
from types import ModuleType
from typing import TYPE_CHECKING

from experiments.design.designs import Design, Search, Uncertainty
from experiments.design.setters import PointRow
from sim.world.record import ConfigError

if TYPE_CHECKING:  # an extra: whoever searches has it
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

ScoredRow = tuple[
    PointRow, Sequence[float] | None
]  # a row, and its objectives in the order of the design; None where its runs failed
_WAYS = {"down": "minimize", "up": "maximize"}


def next_generation(
    design: Design, history: Sequence[Sequence[ScoredRow]], adopted: Mapping[str, object] | None = None
) -> list[PointRow]:
    """The rows of the generation that follows ``history``, ``design.search.generation`` of them; one may come twice.

    The first generation opens with the two ends: every lever at its first level, which is the baseline, and every lever at its
    last. ``adopted`` gives these two their values of the uncertainties; without it they are drawn. A result that is missing or no
    number is told as failed. Raises ``ConfigError`` without optuna, and where the history is not what the design asked for.
    """
    search = design.search
    if search is None:
        raise ConfigError("search: found none in the design; accepted: a design with search")
    with _quiet() as optuna:
        space = {name: _distribution(optuna, known) for name, known in _known(design).items()}
        sampler = _sampler(optuna, search, design.draw_seed)
        study = optuna.create_study(directions=[_WAYS[way] for way in search.objectives.values()], sampler=sampler)
        for end in _ends(design, adopted or {}):
            study.enqueue_trial(end)
        for number, generation in enumerate(history):
            trials = _asked(study, space, len(generation))
            whole = 0
            for trial, (row, values) in zip(trials, generation, strict=True):
                _refuse_strangers(trial.params, row, number)
                whole += _tell(optuna, study, trial, values)
            if search.sampler == "nsga2":
                # A generation counts as whole although some of it failed; else the next would be drawn at random again.
                sampler.population_size = max(1, whole)
        return [dict(trial.params) for trial in _asked(study, space, search.generation)]


def is_over(design: Design, history: Sequence[Sequence[ScoredRow]]) -> bool:
    """Whether a search has had all its generations."""
    return design.search is None or len(history) >= design.search.generations


def _known(design: Design) -> dict[str, Uncertainty | list[str]]:
    """What is searched: the levels of each lever, and the bounds of each uncertainty."""
    return {name: [*levels] for name, levels in design.levels_of.items()} | dict(design.uncertainties)


def _ends(design: Design, adopted: Mapping[str, object]) -> Iterator[PointRow]:
    """Every lever at its first level, and every lever at its last, where there are levers."""
    for place in (0, -1) if design.levers else ():
        yield {name: list(levels)[place] for name, levels in design.levels_of.items()} | dict(adopted)


def _distribution(optuna: ModuleType, known: Uncertainty | list[str]) -> BaseDistribution:
    found = optuna.distributions
    if isinstance(known, list):
        return found.CategoricalDistribution(known)
    if known.values is not None:
        return found.CategoricalDistribution(known.values)
    if known.low is None or known.high is None:
        raise ValueError("an uncertainty without values has both bounds")
    if known.shape == "whole":
        return found.IntDistribution(int(known.low), int(known.high))
    return found.FloatDistribution(known.low, known.high, log=known.shape == "log")


def _sampler(optuna: ModuleType, search: Search, seed: int) -> BaseSampler:
    """NSGA-II (Deb and others 2002), or the tree-structured Parzen estimator for several objectives (Ozaki and others 2022)."""
    if search.sampler == "nsga2":
        return optuna.samplers.NSGAIISampler(population_size=search.generation, seed=seed)
    return optuna.samplers.TPESampler(n_startup_trials=search.generation, constant_liar=True, seed=seed)


def _asked(study: Study, space: Mapping[str, BaseDistribution], count: int) -> list[Trial]:
    """A whole generation, asked for before any of it is told."""
    return [study.ask(dict(space)) for _ in range(count)]


def _tell(optuna: ModuleType, study: Study, trial: Trial, values: Sequence[float] | None) -> bool:
    """Tell what came of a trial, and whether anything did."""
    if values is None or any(isnan(value) for value in values):
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return False
    study.tell(trial, [float(value) for value in values])
    return True


def _refuse_strangers(asked: Mapping[str, object], row: Mapping[str, object], number: int) -> None:
    """What was run must be what is asked for again: else the design, the seed or the library is another one."""
    for name, wanted in asked.items():
        found = row.get(name)
        same = isclose(wanted, found) if isinstance(wanted, float) and isinstance(found, int | float) else wanted == found
        if not same:
            raise ConfigError(
                f"search: found {name} {found!r} in generation {number + 1}; accepted: {wanted!r}, as this design asks"
            )


@contextmanager
def _quiet() -> Iterator[ModuleType]:
    """Optuna, imported only here, without its log and its warnings about what is new. Raises ``ConfigError`` without it."""
    try:
        import optuna
    except ImportError:
        raise ConfigError("search: wants optuna; pip install 'rogatory[adaptive]'") from None
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield optuna
    finally:
        optuna.logging.set_verbosity(before)
