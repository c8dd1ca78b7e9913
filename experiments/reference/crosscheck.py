"""The calibration once more by another method and another library: sequential Monte Carlo (pyabc's ABC-SMC).

``python -m experiments.reference.crosscheck STORE [runs=1500] [particles=100] [seed=1]``. The question is that of ``calibrate``:
the same numbers, as scores under the same priors, and the same figures. Every draw is a run of its own, under the configuration of
the bank ``STORE``, in a world that the bank does not have, which draws all other numbers from their priors. SMC uses no run of the
bank.

A run is as far from the figures as its farthest figure, in half widths of its tolerance. A run that breaks an order, or lacks a
figure, is infinitely far. Populations of draws come nearer step by step: each is drawn about the one before and weighted so that
the priors stay as they are (Toni and others 2009). At a distance of one every figure lies in its tolerance. That is the question of
the regression too: both take a figure for known evenly within its tolerance. At a distance above one the answer is that for
tolerances so much wider, and posteriors are wider. The regression is therefore asked again, with tolerances as wide as what was
reached, and the two answers are compared there. The answer at the tolerances themselves stands beside them.

``runs=0`` makes no run and compares the draws that are committed anew. pyabc is the dependency group ``crosscheck``.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import ValidationError
from scipy import stats

from experiments.analysis.calibrate import (
    CalibrateSpec,
    Figures,
    figures_of,
    keeps_orders,
    parameters_of,
    read_as,
    scores_of,
    target_of,
    unsuited,
    values_at,
    values_of,
)
from experiments.analysis.posterior import Bank, blurred, posterior
from experiments.analysis.record import spec_from
from experiments.console import Terminal, console_of
from experiments.output import MANIFEST, files_in, provenance, replaced_folder, write_csv, write_manifest
from experiments.reference.make import REFERENCE_FOLDER
from experiments.settings import asked_by
from experiments.store.places import asked_folder
from experiments.store.reader import StoredStudy
from experiments.text import counted
from sim.arrays import Reals
from sim.draws import Draws
from sim.observe.spec import ObserveSpec
from sim.parameters import holding, resolved
from sim.register import Parameter
from sim.settings import Config
from sim.simulation import simulate
from sim.world.record import ConfigError, RogatoryError, quoted

PART = "crosscheck"
"""The folder below ``results/reference``."""
TABLE, DRAWS_TABLE = "crosscheck.csv", "draws.csv"
CROSS_COLUMNS = (
    *("key", "distance", "smc_mean", "smc_mean_error", "smc_spread", "smc_spread_error"),
    *("wide_mean", "wide_mean_error", "wide_spread", "wide_spread_error", "mean_gap", "spread_gap", "agrees"),
    *("mean_score", "mean_score_error", "spread", "spread_error"),
)
"""Scores in standard deviations of the prior with Monte Carlo errors: by SMC, by regression at the same ``distance``, the gaps
between these in their errors, and by regression at the tolerances themselves."""
FIRST_WORLD = 1_000_000
"""World seed of the first run; *assumption*: far from those of any bank, which begin at nought."""
DEFAULTS: Mapping[str, int] = {"runs": 1500, "particles": 100, "seed": 1}
"""What a run of the command has unless it is asked otherwise; *assumption*: half an hour on one core."""
FAR = 2.0
"""Errors beyond which two answers count as different; *assumption*: of a score of gaps one lies beyond by chance."""
_LEAST = {"runs": 0, "particles": 10, "seed": 0}
_MOST = 1_000_000
_KEPT = 0.5  # share of a population nearer than the distance of the next one; assumption
_ANY = 1e9  # distance of the first population: all that keeps the orders and shows the figures
_WIDER = 1.5  # variance of what is drawn from, of that of a population; assumption
_PARTS = 10  # of a bank, each left out once
_WEIGHT, _AWAY = "weight", "distance"
_DIGITS = "%.6g"
_MISSING = f"{PART}: found no pyabc; accepted: an environment with the dependency group {PART} (uv pip install --group {PART})"
_WANTED = "STORE [runs=1500] [particles=100] [seed=1]"


class SpentError(Exception):
    """All runs are done."""


class Sampled(NamedTuple):
    """The last population that is whole."""

    scores: Reals  # [A, P]
    weights: Reals  # [A], adding up to one
    distances: Reals  # [A]
    populations: list[dict[str, float]]  # distance, runs and effective draws of each

    @property
    def reached(self) -> float:
        """The distance within which all draws lie."""
        return self.populations[-1]["distance"]


class Moments(NamedTuple):
    """Means and standard deviations of scores, with Monte Carlo errors; all ``[P]``."""

    mean: Reals
    mean_error: Reals
    spread: Reals
    spread_error: Reals


# --- how far a run is from the figures ------------------------------------------------------------------------------------------


def distance(shown: Mapping[str, float], figures: Figures) -> float:
    """How far figures of a run, by name, are from those observed: half widths of the tolerance of that which is farthest.

    One or less where every figure lies in its tolerance; infinite where an order is broken or a figure is not shown.
    """
    if not all(figures.observables[name].holds(shown.get(name, np.nan)) for name in figures.orders):
        return float("inf")
    away = [_away(figures, name, shown.get(name, np.nan)) for name in figures.measured]
    return max(away, default=0.0) if np.isfinite(away).all() else float("inf")


def _away(figures: Figures, name: str, value: float) -> float:
    one = figures.observables[name]
    middle, half = target_of(one)
    return float(abs(read_as(one, np.array([value]))[0] - middle) / half)


class Simulator(NamedTuple):
    """Runs of a bank's configuration in which the calibrated numbers are as asked for."""

    config: Config
    parameters: Sequence[Parameter]
    figures: Figures
    observe: ObserveSpec

    def configured(self, world: int, scores: Reals) -> Config | None:
        """The configuration of a world with the numbers at these scores ``[P]``, before the window too; None where none can be."""
        values = values_at(self.parameters, scores[None, :])[0]
        try:
            return holding(
                resolved(self.config, world), dict(zip([one.key for one in self.parameters], map(float, values), strict=True))
            )
        except ValidationError:
            return None

    def shown(self, config: Config, world: int) -> dict[str, float]:
        """What would be published of the first run of a world, by figure."""
        rows = simulate(config, seed=world, world_seed=world).observed(self.observe)
        names = rows["pattern"].astype(str) + "." + rows["observable"].astype(str)
        return {name: float(value) for name, value in zip(names, rows["value"], strict=True)}

    def away(self, world: int, scores: Reals) -> float:
        """How far the run of a world with the numbers at these scores is from the figures; infinite where there is no such run."""
        config = self.configured(world, scores)
        return float("inf") if config is None else distance(self.shown(config, world), self.figures)


# --- sampling -------------------------------------------------------------------------------------------------------------------


def sampled(away: Callable[[int, Reals], float], count: int, runs: int, particles: int, seed: int) -> Sampled:
    """Draw ``count`` scores from standard normal priors nearer and nearer, within so many runs.

    ``away`` gives the distance of the run of a number (0, 1, ...) with scores ``[P]``. Told to stop (Ctrl-C), it keeps the
    populations that are whole. Raises ``ConfigError`` where pyabc is not installed or the runs do not make one population.
    """
    done = 0

    def model(drawn: Mapping[str, float]) -> dict[str, float]:
        nonlocal done
        if done >= runs:
            raise SpentError
        found = away(done, np.array([drawn[_name(place)] for place in range(count)]))
        done += 1
        return {_AWAY: max(found, 1.0)}  # within the tolerances all runs are alike

    with _pyabc() as pyabc, tempfile.TemporaryDirectory() as place:
        np.random.seed(seed)  # noqa: NPY002 (pyabc draws from NumPy's global state)
        prior = pyabc.Distribution(**{_name(place): pyabc.RV("norm", 0, 1) for place in range(count)})
        sampler = pyabc.ABCSMC(
            model,
            prior,
            lambda run, _: run[_AWAY],
            population_size=particles,
            transitions=_one_normal(pyabc),
            eps=pyabc.QuantileEpsilon(initial_epsilon=_ANY, alpha=_KEPT),
            sampler=pyabc.sampler.SingleCoreSampler(),
        )
        history = sampler.new(f"sqlite:///{Path(place) / 'draws.db'}", {_AWAY: 0.0})
        with suppress(SpentError, KeyboardInterrupt):
            sampler.run(minimum_epsilon=1.0)
        return _last_of(history, count, runs)


def _one_normal(pyabc: ModuleType) -> Any:
    """Draw each population from one normal law about the one before, as wide as it and a half.

    Steps from single draws, as pyabc has them unless told otherwise, leave four effective draws of sixty among twelve numbers.
    """

    def fit(self: Any, X: pd.DataFrame, w: Reals) -> None:
        self.mean = w @ X.to_numpy(float)
        self.spread = np.sqrt(_WIDER * (w @ (X.to_numpy(float) - self.mean) ** 2))

    def rvs_single(self: Any) -> Any:
        drawn = np.random.normal(self.mean, self.spread)  # noqa: NPY002 (pyabc draws from NumPy's global state)
        return pyabc.Parameter(dict(zip(self.X.columns, map(float, drawn), strict=True)))

    def pdf(self: Any, x: Any) -> Any:
        if isinstance(x, pd.DataFrame):
            return np.array([pdf(self, row) for _, row in x.iterrows()])
        at = np.array([x[name] for name in self.X.columns])
        return float(np.prod(stats.norm.pdf(at, self.mean, self.spread)))

    made = {"__init__": lambda self: None, "fit": fit, "rvs_single": rvs_single, "pdf": pdf}
    return type("OneNormal", (pyabc.transition.Transition,), made)()


def _name(place: int) -> str:
    return f"s{place}"


@contextmanager
def _pyabc() -> Iterator[ModuleType]:
    """The library, which says nothing of its own."""
    try:
        import pyabc
        import pyabc.sampler
        import pyabc.transition
    except ImportError:
        raise ConfigError(_MISSING) from None
    log = logging.getLogger("ABC")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield pyabc
    finally:
        log.setLevel(before)


def _last_of(history: Any, count: int, runs: int) -> Sampled:
    if history.max_t < 0:
        raise ConfigError(f"runs: found {runs}, too few for one population; accepted: more runs, or fewer particles")
    whole = history.get_all_populations()
    populations = []
    for row in whole[whole["t"] >= 0].to_dict("records"):
        near = float(row["epsilon"])
        if near == _ANY:  # the first population has no limit: as far as it goes
            near = float(history.get_weighted_distances(int(row["t"]))["distance"].max())
        _, weights = history.get_distribution(0, int(row["t"]))
        effective = float(1 / np.sum(np.asarray(weights) ** 2))
        populations.append({_AWAY: near, "runs": int(row["samples"]), "effective": round(effective, 1)})
    frame, weights = history.get_distribution(0, history.max_t)
    distances = history.get_weighted_distances(history.max_t)["distance"]
    scores = frame[[_name(place) for place in range(count)]].to_numpy(float)
    return Sampled(scores, np.asarray(weights, float), distances.to_numpy(float), populations)


# --- moments and their errors ---------------------------------------------------------------------------------------------------


def moments_of(scores: Reals, weights: Reals) -> Moments:
    """Of weighted draws ``[A, P]``; errors as of importance sampling, as if draws were independent (delta method)."""
    mean = weights @ scores
    away = (scores - mean) ** 2
    spread = np.sqrt(weights @ away)
    mean_error = np.sqrt(weights**2 @ away)
    return Moments(mean, mean_error, spread, np.sqrt(weights**2 @ (away - spread**2) ** 2) / (2 * spread))


def regressed(scores: Reals, plain: Reals, targets: Reals, wide: float, seed: int) -> Moments:
    """The posterior by regression where tolerances are ``wide`` times as wide, with errors by leaving out each tenth of the bank.

    ``scores`` ``[D, P]``, ``plain`` what the runs show ``[D, S]``, ``targets`` middles and half widths ``[S, 2]``.
    """
    bank = Bank(scores, blurred(plain, wide * targets[:, 1], Draws(seed)))
    found = posterior(bank, targets[:, 0])
    parts = np.arange(len(scores)) % _PARTS
    others = [posterior(Bank(bank.scores[parts != one], bank.seen[parts != one]), targets[:, 0]) for one in range(_PARTS)]
    mean_error, spread_error = (_left_out([getattr(other, name) for other in others]) for name in ("mean", "spread"))
    return Moments(found.mean, mean_error, found.spread, spread_error)


def _left_out(found: Sequence[Reals]) -> Reals:
    """The error of a number ``[P]`` from what it is without each part (jackknife)."""
    return np.asarray(np.sqrt((len(found) - 1) * np.var(found, axis=0)))


def cross_table(keys: Sequence[str], reached: float, smc: Moments, wide: Moments, plain: Moments) -> pd.DataFrame:
    """A row a number, columns ``CROSS_COLUMNS``."""
    gaps = {
        name: (getattr(smc, name) - getattr(wide, name)) / np.hypot(getattr(smc, f"{name}_error"), getattr(wide, f"{name}_error"))
        for name in ("mean", "spread")
    }
    columns = {
        "key": list(keys),
        "distance": np.full(len(keys), reached),
        **{f"smc_{name}": values for name, values in smc._asdict().items()},
        **{f"wide_{name}": values for name, values in wide._asdict().items()},
        **{f"{name}_gap": gap for name, gap in gaps.items()},
        "agrees": np.maximum(*np.abs(list(gaps.values()))) <= FAR,
        "mean_score": plain.mean,
        "mean_score_error": plain.mean_error,
        "spread": plain.spread,
        "spread_error": plain.spread_error,
    }
    return pd.DataFrame(columns)[list(CROSS_COLUMNS)]


# --- the command ----------------------------------------------------------------------------------------------------------------


def asked_for(words: Sequence[str]) -> tuple[str, dict[str, int]]:
    """The store and the numbers of a command line. Raises ``ConfigError`` for anything else."""
    stores = [word for word in words if "=" not in word]
    if len(stores) != 1:
        raise ConfigError(f"{PART}: found {counted(len(stores), 'store')}; accepted: {_WANTED}")
    asked = dict(DEFAULTS)
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            continue
        if name not in asked:
            raise ConfigError(f"{PART}: found {quoted(name)}; accepted: {_WANTED}")
        if not value.isdecimal() or not _LEAST[name] <= int(value) <= _MOST:
            raise ConfigError(f"{name}: found {quoted(value)}; accepted: a whole number from {_LEAST[name]} to {_MOST}")
        asked[name] = int(value)
    return stores[0], asked


def simulator_of(study: StoredStudy, spec: CalibrateSpec) -> Simulator:
    """What makes runs as those of a bank. Raises ``ConfigError`` for a store that is no bank."""
    if reason := unsuited(study):
        raise ConfigError(f"store: found {study.name!r}, which does not suit {PART}: it {reason}; accepted: a bank of runs")
    return Simulator(study.config, parameters_of(spec), figures_of(spec, study.asked.patterns), study.asked.observe)


def check_same(simulator: Simulator, values: pd.DataFrame) -> None:
    """Run the first world of a bank again. Raises ``ConfigError`` where it shows other figures: the bank is of other code."""
    world = int(values.index[0])
    again = simulator.shown(resolved(simulator.config, world), world)
    for name, value in values.loc[world].items():
        if not np.isclose(again.get(str(name), np.nan), value, equal_nan=True):
            raise ConfigError(
                f"store: found {name} of world {world} at {value:g}, here {again[str(name)]:g}; accepted: a bank of this code"
            )


def crosscheck(store: str, runs: int, particles: int, seed: int, folder: Path = REFERENCE_FOLDER) -> pd.DataFrame:
    """Sample, compare and write ``crosscheck.csv``, ``draws.csv`` and the manifest into ``folder/crosscheck``; returns the table.

    Raises ``ConfigError`` for a store that is no bank of this code, without pyabc, and for ``runs=0`` where no draws are kept.
    """
    asked = asked_by()
    study = StoredStudy(asked_folder(store, asked[1].output)).under(*asked)
    spec = spec_from("calibrate", CalibrateSpec, study.asked)
    simulator = simulator_of(study, spec)
    values = values_of(study.observed(), simulator.figures)
    if runs:
        check_same(simulator, values)
        found = sampled(
            lambda number, scores: simulator.away(FIRST_WORLD + number, scores), len(spec.parameters), runs, particles, seed
        )
        facts = _facts_of(found, particles, seed)
    else:
        found, facts = _kept(folder / PART, spec.parameters)
    kept = values[keeps_orders(values, simulator.figures)]
    scores = scores_of(study.config, list(kept.index), spec.parameters)
    plain, targets = _plain(kept, simulator.figures)
    wide = [regressed(scores, plain, targets, width, spec.seed) for width in (found.reached, 1.0)]
    table = cross_table(spec.parameters, found.reached, moments_of(found.scores, found.weights), *wide)
    draws = pd.DataFrame(found.scores, columns=spec.parameters).assign(**{_WEIGHT: found.weights, _AWAY: found.distances})
    with replaced_folder(folder, PART) as into:
        write_csv(table, into / TABLE, _DIGITS)
        write_csv(draws[[_WEIGHT, _AWAY, *spec.parameters]], into / DRAWS_TABLE, _DIGITS)
        bank = {"store": study.folder.name, "runs": len(values), "kept": len(kept)}
        write_manifest(into, facts | {"bank": bank, "files": files_in(into)})
    return table


def _plain(values: pd.DataFrame, figures: Figures) -> tuple[Reals, Reals]:
    """What runs show ``[D, S]`` on the scales of the measured figures, and middles and half widths of these ``[S, 2]``."""
    chosen = [(name, figures.observables[name]) for name in figures.measured]
    seen = np.column_stack([read_as(one, values[name].to_numpy(float)) for name, one in chosen])
    return seen, np.array([target_of(one) for _, one in chosen])


def _facts_of(found: Sampled, particles: int, seed: int) -> dict[str, Any]:
    """What a manifest says of draws; the command is that which ends with them, however the runs ended here."""
    runs = sum(int(one["runs"]) for one in found.populations)
    facts: dict[str, Any] = dict(provenance(""))
    facts["command"] = f"python -m experiments.reference.{PART} STORE runs={runs} particles={particles} seed={seed}"
    facts["versions"] = facts["versions"] | {name: version(name) for name in ("pyabc", "scikit-learn")}
    return facts | {
        "first_world": FIRST_WORLD,
        "reached": found.reached,
        "runs": runs,
        "populations": found.populations,
    }


def _kept(folder: Path, keys: Sequence[str]) -> tuple[Sampled, dict[str, Any]]:
    """The draws that are committed, and what is said of them. Raises ``ConfigError`` where there are none of these numbers."""
    if not (folder / MANIFEST).is_file():
        raise ConfigError(f"runs: found 0 and no draws in {folder.name}; accepted: runs, of which draws are kept")
    facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    draws = pd.read_csv(folder / DRAWS_TABLE)
    if list(draws.columns) != [_WEIGHT, _AWAY, *keys]:
        raise ConfigError(f"runs: found 0 and draws of other numbers in {folder.name}; accepted: runs, of which draws are kept")
    weights = draws[_WEIGHT].to_numpy(float)
    return Sampled(
        draws[list(keys)].to_numpy(float), weights / weights.sum(), draws[_AWAY].to_numpy(float), facts["populations"]
    ), facts


def sentence_of(table: pd.DataFrame) -> str:
    """How far the two answers agree, in a sentence or two."""
    gaps = table[["mean_gap", "spread_gap"]].abs().to_numpy()
    beyond = int((gaps > FAR).sum())
    different = [str(key) for key in table.loc[~table["agrees"], "key"]]
    told = f" ({', '.join(different)})" if different else ""
    return (
        f"At {table['distance'].iloc[0]:.3g} times the tolerances {beyond} of {gaps.size} means and spreads differ by more than "
        f"{FAR:g} Monte Carlo errors{told}; {gaps.size * 0.0455:.1f} would by chance. The largest gap is {gaps.max():.2g} errors."
    )


def main(words: Sequence[str]) -> int:
    """Do what a command line asks, and print how far the answers agree; 0, or 2 with one line for what cannot be done."""
    try:
        store, asked = asked_for(words)
        table = crosscheck(store, asked["runs"], asked["particles"], asked["seed"])
    except RogatoryError as error:
        Terminal(stderr=True).print(str(error), highlight=False, soft_wrap=True)
        return 2
    console_of().print(sentence_of(table), highlight=False, markup=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
