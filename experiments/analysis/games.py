"""The levers of a study as cooperative games, one in each world and parameter draw; Shapley values of them as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from experiments.analysis import shapley
from experiments.analysis.over_worlds import OverWorlds, over_worlds
from experiments.design.designs import Design
from experiments.design.sampling import orders_of
from experiments.statistics import LEVEL, Limits, max_t, mean_of
from experiments.store.outcomes import Outcome, Outcomes, conditions_in
from experiments.text import PER_CENT
from sim.arrays import Reals
from sim.metrics import WANTED
from sim.world.record import ConfigError

PAIR = 2  # orders of an antithetic pair


class Game(NamedTuple):
    """One outcome under one condition as a game in each of ``W`` worlds and ``D`` parameter draws."""

    outcome: Outcome
    condition: str
    levers: list[str]  # [k]
    codes: NDArray[np.int64]  # [P] the set of levers that is on at each point, in rising order
    values: Reals  # [D, W, P] the outcome, mean over the replicates in which every point has a value
    single: Reals  # [D, W, L, P] the same of single replicates
    orders: NDArray[np.int64] | None  # [O, k] that stand for all; None where every set is there
    runs: int  # behind each point
    counts: NDArray[np.int64]  # [P] events pooled over runs and draws
    fewest: int  # of them, under which no number is shown

    @property
    def events(self) -> tuple[int, int]:
        """Pooled, behind all off and all on."""
        return int(self.counts[0]), int(self.counts[-1])

    @property
    def few(self) -> bool:
        """Whether all off or all on, which every value sums to, stands on too few events for a number."""
        return min(self.events) < self.fewest

    @property
    def off(self) -> Reals:
        """The outcome with every lever off, mean over draws, ``[W]``."""
        return mean_of(self.values[..., 0].T)

    @property
    def on(self) -> Reals:
        """The outcome with every lever on, mean over draws, ``[W]``."""
        return mean_of(self.values[..., -1].T)

    @property
    def rises(self) -> bool:
        """Whether a positive value is a rise of the outcome: of what is better up. Of all else it is a fall."""
        return WANTED[self.outcome.metric] == "up"

    @property
    def saved(self) -> Reals:
        """By how much each set betters the outcome, ``[D, W, P]``: the game itself; what it adds to, or takes off, the outcome."""
        return self._saved(self.values)

    @property
    def saved_single(self) -> Reals:
        """The same of single replicates, ``[D, W, L, P]``."""
        return self._saved(self.single)

    def _saved(self, values: Reals) -> Reals:
        off = values[..., :1]
        return np.asarray(values - off if self.rises else off - values)


class Estimate(NamedTuple):
    """Means with intervals of ``k`` quantities that vary by world and, where orders are sampled, by pair of orders."""

    value: Reals  # [k]
    se_worlds: Reals  # [k] standard error from the spread between worlds
    se_orders: Reals  # [k] from the spread between pairs of orders; zero where every set is there
    free: Reals  # [k] degrees of freedom of both together (Satterthwaite 1946)
    by_world: Reals  # [k, W] mean over orders
    runs: Reals | None = None  # [k, W, L] the same of single replicates, where it is known

    @property
    def over_worlds(self) -> OverWorlds:
        """What worlds say of each, ``[k]``."""
        half = self.half()
        return over_worlds(self.by_world, self.value, Limits(self.value - half, self.value + half), self.runs)

    @property
    def adjusted_p(self) -> Reals:
        """Chance of a mean so far from zero if all were nothing, adjusted for all of them (max-t); missing on too few worlds."""
        return max_t(self.by_world)

    def half(self, level: float = LEVEL) -> Reals:
        """Half of a central interval, ``[k]``: both sources of simulation error together; missing without a spread."""
        quantile = stats.t.ppf(0.5 + level / 2, np.where(self.free > 0, self.free, np.nan))
        return np.asarray(np.where(self._error == 0, 0.0, quantile * self._error))

    @property
    def _error(self) -> Reals:
        return np.hypot(self.se_worlds, self.se_orders)

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Which are told apart from zero, ``[k]``, on worlds enough for a verdict.

        The range over worlds leaves zero out, the adjusted p of all together is small, and so is the error of sampled orders.
        """
        apart = (self.adjusted_p <= 1 - LEVEL) & (np.abs(self.value) > self.half())
        return np.asarray(self.over_worlds.clear & apart)


def codes_wanted(design: Design) -> NDArray[np.int64]:
    """Codes of the points that a design's levers come to, in rising order."""
    count = len(design.levers)
    if design.choose == "all":
        return np.arange(1 << count)
    orders = orders_of(design)
    steps = np.cumsum(np.left_shift(1, orders), axis=1)
    return np.unique(np.append(steps, 0))


def games_in(points: pd.DataFrame, design: Design) -> Iterator[pd.DataFrame]:
    """The points of each condition and parameter draw: one game each."""
    for condition in conditions_in(points):
        of_it = points[points["condition"] == condition]
        if design.draw is None:
            yield of_it
        else:
            yield from (part for _, part in of_it.groupby("draw", sort=False))


def levers_on(points: pd.DataFrame, design: Design) -> NDArray[np.bool_]:
    """Which levers are on at each point, ``[P, k]``: at their second level."""
    return np.stack([(points[name] == list(levels)[1]).to_numpy(bool) for name, levels in design.levels_of.items()], axis=1)


def whole_runs(values: Reals) -> NDArray[np.bool_]:
    """Runs ``[W, L]`` in which every point has a value, so that all points stand on the same runs."""
    return np.asarray(~np.isnan(values).any(axis=0))


def game_of(outcomes: Outcomes, design: Design, condition: str, fewest: int = 0) -> Game:
    """One outcome of the lattice under one condition. Raises ``ConfigError`` where no run has a value at every point.

    No number is to be shown that compares sets on fewer than ``fewest`` events.
    """
    part = outcomes.of(condition=condition)
    whole = whole_runs(part.values)
    if not whole.any():
        raise ConfigError(
            f"outcome: found no run in which every point has a value of {outcomes.outcome}; accepted: an outcome with more events"
        )
    runs = np.where(whole, part.values, np.nan)[:, whole.any(axis=1)]  # [points, W, L]
    means = mean_of(runs)
    codes, events = shapley.codes_of(levers_on(part.points, design)), np.where(whole, part.counts, 0).sum(axis=(1, 2))
    frame = part.points.assign(place=range(len(part.points)))
    places = [of_it["place"].to_numpy()[np.argsort(codes[of_it["place"]])] for of_it in games_in(frame, design)]
    orders = orders_of(design) if design.choose == "permutations" else None
    return Game(
        outcomes.outcome,
        condition,
        list(design.levers),
        np.sort(codes[places[0]]),
        np.stack([means[rows].T for rows in places]),
        np.stack([np.moveaxis(runs[rows], 0, -1) for rows in places]),
        orders[: len(orders) // PAIR * PAIR] if orders is not None else None,  # an odd one has no partner
        int(whole.sum()) * len(places),
        np.sum([events[rows] for rows in places], axis=0),
        fewest,
    )


def values_of(game: Game) -> tuple[Reals, Reals]:
    """Shapley values ``[B, W, k]``, mean over draws, and ``[D, k]``, mean over worlds and orders.

    ``B`` counts antithetic pairs of orders, and is one where every set is there.
    """
    found = _by_order(game, game.saved)  # [D, W, B, k]
    return np.asarray(found.mean(axis=0).swapaxes(0, 1)), np.asarray(found.mean(axis=(1, 2)))


def _by_order(game: Game, saved: Reals) -> Reals:
    """Shapley values ``[..., B, k]`` of games ``[..., P]``, a row a pair of orders, or one where every set is there."""
    if game.orders is None:
        return shapley.shapley(saved)[..., None, :]
    added = shapley.contributions(game.orders, game.codes, saved)  # [..., O, k]
    return np.asarray(added.reshape(*added.shape[:-2], -1, PAIR, added.shape[-1]).mean(axis=-2))


def _last_first(values: Reals) -> Reals:
    """``[k, ...]`` from ``[..., k]``."""
    return np.moveaxis(values, -1, 0)


def estimate(values: Reals, sampled: bool, runs: Reals | None = None) -> Estimate:
    """Means of ``[B, W, k]`` over blocks of orders and worlds, with the errors of both apart.

    ``runs`` ``[W, L, k]`` are the values of single replicates.

    Orders and worlds are crossed. The two errors are added as if they shared nothing, though what is particular to an order in
    a world counts in both, which makes intervals a little too wide. With fewer than ten pairs of orders they are a little too
    narrow: contributions of single orders are far from normal.
    """
    blocks, worlds = values.shape[:2]
    with np.errstate(invalid="ignore", divide="ignore"):
        se_worlds = _error(values.mean(axis=0))
        se_orders = _error(values.mean(axis=1)) if sampled else np.zeros(values.shape[2])
        split = se_worlds**4 / max(worlds - 1, 0) + (se_orders**4 / (blocks - 1) if sampled else 0.0)
        free = np.where(split > 0, (se_worlds**2 + se_orders**2) ** 2 / split, max(worlds - 1, 0))
    by_world = _last_first(values.mean(axis=0))
    return Estimate(values.mean(axis=(0, 1)), se_worlds, se_orders, free, by_world, None if runs is None else _last_first(runs))


def _error(values: Reals) -> Reals:
    """Standard error of means over the first axis; missing under two."""
    count = len(values)
    return np.asarray(values.std(axis=0, ddof=1) / np.sqrt(count)) if count > 1 else np.full(values.shape[1:], np.nan)


def shares_of(game: Game) -> pd.DataFrame:
    """One row a lever, the largest value first; ``percent`` is of the mean outcome with all off, taken as a fixed scale.

    ``value`` is the Shapley value: by how much the lever betters the outcome, in its unit; ``positive`` says whether a positive
    number is a fall of the outcome or a rise (of what is better up). ``first_in`` and ``last_in`` are the same alone and after all
    others, missing where orders are sampled and none shows it. The simulation error holds that of sampled orders too;
    ``value_draw_low`` and ``value_draw_high`` hold 95 % of the draws. ``adjusted_p`` and ``clear`` are those of ``Estimate``.
    """
    by_world, by_draw = values_of(game)
    found = estimate(by_world, game.orders is not None, _by_order(game, game.saved_single).mean(axis=(0, -2)))
    frame = pd.DataFrame({"outcome": str(game.outcome), "condition": game.condition, "lever": game.levers})
    frame["rank"] = stats.rankdata(-found.value, method="min").astype(int)
    frame = frame.assign(**_limited("value", found))
    frame["se_worlds"], frame["se_orders"] = found.se_worlds, found.se_orders
    frame["percent"] = _percent(found.value, game)
    none, every = np.zeros(len(game.levers), int), np.full(len(game.levers), game.codes.size - 1)
    for name, before, after in (("first_in", none, _alone(game)), ("last_in", _but(game), every)):
        frame = frame.assign(**_limited(name, _between(game, before, after)))
    if len(by_draw) > 1:
        ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        frame["value_draw_low"], frame["value_draw_high"] = np.quantile(by_draw, ends, axis=0)
    frame["adjusted_p"], frame["clear"] = found.adjusted_p, found.clear
    frame["worlds"], frame["inside"], frame["positive"] = found.over_worlds.worlds, found.over_worlds.inside, _positive(game)
    return frame.sort_values("rank", kind="stable", ignore_index=True)


def _positive(game: Game) -> str:
    return "rises" if game.rises else "falls"


def _percent(values: Reals, game: Game) -> Reals:
    off = float(game.off.mean())
    return np.asarray(PER_CENT * values / off if off else np.full(np.shape(values), np.nan))


def _limited(name: str, found: Estimate) -> dict[str, NDArray[Any]]:
    """Columns of a number and of what worlds say of it, in a table with several; a number that is missing has no worlds."""
    columns = found.over_worlds.columns(name)
    known = ~np.isnan(found.value)
    return {name: found.value} | {key: np.where(known, column, np.nan) for key, column in columns.items()}


def _alone(game: Game) -> NDArray[np.int64]:
    """Places of the sets that hold one lever, ``[k]``; -1 where a set is not there."""
    return _places(game, np.left_shift(1, np.arange(len(game.levers))))


def _but(game: Game) -> NDArray[np.int64]:
    """Places of the sets that hold all levers but one, ``[k]``."""
    return _places(game, game.codes[-1] - np.left_shift(1, np.arange(len(game.levers))))


def _places(game: Game, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    found = np.minimum(np.searchsorted(game.codes, codes), game.codes.size - 1)
    return np.asarray(np.where(game.codes[found] == codes, found, -1))


def _between(game: Game, before: NDArray[np.int64], after: NDArray[np.int64]) -> Estimate:
    """What is bettered from one set to the next, places ``[k]``; missing where one is not there (-1) or on too few events."""
    found, runs = (saved[..., after] - saved[..., before] for saved in (game.saved, game.saved_single))  # [D, W, k], [D, W, L, k]
    told = (before >= 0) & (after >= 0) & (np.minimum(game.counts[before], game.counts[after]) >= game.fewest)
    by_world, by_run = (np.where(told, part.mean(axis=0), np.nan) for part in (found, runs))
    return estimate(by_world[None], sampled=False, runs=by_run)


def together_of(game: Game) -> pd.DataFrame:
    """One row: all off, all on, by how much all better it together, and what values and alone-effects sum to.

    ``positive`` says what a positive number is. ``sum_values`` equals ``joint`` (efficiency). ``overlap`` is by how much the
    effects of each lever alone, summed, exceed the joint effect; where all of them better the outcome, it is negative where
    levers reinforce each other.
    """
    alone = _alone(game)
    joint = _between(game, np.zeros(1, int), np.array([game.codes.size - 1]))
    told = (alone >= 0).all() and (game.counts[alone] >= game.fewest).all()
    summed, by_run = (
        saved[..., alone].sum(axis=-1) if told else np.full(saved.shape[:-1], np.nan) for saved in (game.saved, game.saved_single)
    )
    apart, apart_runs = summed - game.saved[..., -1], by_run - game.saved_single[..., -1]
    overlap = estimate(apart.mean(axis=0)[None, :, None], sampled=False, runs=apart_runs.mean(axis=0)[..., None])
    row: dict[str, object] = {"outcome": str(game.outcome), "condition": game.condition}
    row |= {"all_off": float(game.off.mean()), "all_on": float(game.on.mean())}
    row |= {key: column[0] for key, column in _limited("joint", joint).items()}
    row |= {"percent": float(_percent(joint.value, game)[0]), "sum_values": float(values_of(game)[0].mean(axis=(0, 1)).sum())}
    row |= {"sum_first_in": float(summed.mean())}
    row |= {key: column[0] for key, column in _limited("overlap", overlap).items()}
    row |= {
        "worlds": game.values.shape[1],
        "inside": float(joint.over_worlds.inside[0]),
        "runs": game.runs,
        "events_off": game.events[0],
        "events_on": game.events[1],
    }
    row |= {"positive": _positive(game)}
    return pd.DataFrame([row])


def interactions_of(game: Game) -> pd.DataFrame:
    """One row a pair: the Shapley interaction index, in the outcome's unit; negative where both better the outcome and overlap.

    ``adjusted_p`` and ``clear`` are those of ``Estimate``, of all pairs together.
    """
    one, other = np.triu_indices(len(game.levers), 1)
    index, runs = (
        shapley.shapley_interactions(saved).mean(axis=0)[..., one, other] for saved in (game.saved, game.saved_single)
    )  # [W, pairs], [W, L, pairs]
    found = estimate(index[None], sampled=False, runs=runs)
    frame = pd.DataFrame({"outcome": str(game.outcome), "condition": game.condition}, index=range(len(one)))
    frame["lever"], frame["other"] = np.array(game.levers)[one], np.array(game.levers)[other]
    frame = frame.assign(value=found.value, **found.over_worlds.columns(), adjusted_p=found.adjusted_p)
    frame["percent"], frame["clear"], frame["positive"] = _percent(found.value, game), found.clear, _positive(game)
    return frame
