"""Shapley values: the joint effect of several safeguards divided among them, and where they overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import StrictInt

from experiments.analysis.conditions import together
from experiments.analysis.games import (
    PAIR,
    Game,
    codes_wanted,
    game_of,
    games_in,
    interactions_of,
    levers_on,
    shares_of,
    together_of,
    whole_runs,
)
from experiments.analysis.over_worlds import RANGE_TOLD, chance_told, ranged, verdict_in
from experiments.analysis.policies import single_ends
from experiments.analysis.ranges import too_few_worlds
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.shapley import codes_of
from experiments.design.designs import Design
from experiments.design.entries import POINT_COLUMNS
from experiments.design.plain import plain_names
from experiments.design.sampling import orders_of
from experiments.statistics import DOWN, NO_VERDICT, UP
from experiments.store.outcomes import Outcome, Outcomes, Study, conditions_in
from experiments.text import PER_CENT, in_a_row, in_quotation_marks, number, spoken, under
from sim.world.ranges import Range
from sim.world.record import ConfigError, Record

_NAME = "attribution"
_LEVELS = 2  # of a lever in a game: off and on
type Line = pd.Series[Any]  # one row of a table, by column
_FEWEST_PAIRS = 2  # of antithetic orders, for a spread


class AttributionSpec(Record):
    """Settings of ``configs/analysis/attribution.yaml``."""

    also: str | None  # a second estimand that is shared out beside the one asked for, where the store holds it
    named: Annotated[StrictInt, Range(1, 1000)]  # levers that a sentence names with their figures; more is no sentence


def unsuited(study: Study) -> str | None:
    """Why no attribution can be made of a study; None where it can."""
    design = study.design
    if not design.levers or design.search is not None or design.choose == "fractional":
        return "wants levers (design.levers) with choose: all or permutations"
    for name, levels in design.levels_of.items():
        if len(levels) != _LEVELS:
            return f"wants two levels of each lever; {name} has {len(levels)}"
    if reason := single_ends(design):
        return reason
    if design.choose == "permutations" and len(orders_of(design)) < PAIR * _FEWEST_PAIRS:
        return f"wants {PAIR * _FEWEST_PAIRS} permutations or more; found {design.permutations}"
    return _incomplete(study.points, design)


def _incomplete(points: pd.DataFrame, design: Design) -> str | None:
    """What is missing or too much among the points of a design that could be a game."""
    strangers = [str(name) for name in points if name not in (*POINT_COLUMNS, *design.levers, *design.uncertainties)]
    if strangers:
        return f"wants points that differ in levers and draws alone; they differ in {strangers[0]}"
    wanted = codes_wanted(design)
    for part in games_in(points, design):
        codes = codes_of(levers_on(part, design))
        if not np.array_equal(np.sort(codes), wanted):
            found = f"{np.unique(codes).size} of them in {codes.size} points"
            return f"wants each of {wanted.size} combinations of the levers once; found {found}"
    return None


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """Share the joint effect of the levers out among them, condition by condition.

    Every point met the same worlds and replicates, so a lever's value is computed in each world, and its interval stands on the
    spread over worlds. A game whose all off or all on stands on fewer events than ``metrics.fewest_events`` has no number.
    Raises ``ConfigError`` where no run has a value at every point, or no game of the outcome a number.
    """
    fewest = study.config.metrics.fewest_events
    spec = spec_from(_NAME, AttributionSpec, study.asked)
    outcome_arrays = [study.outcomes(outcome), *_beside(study, outcome, spec)]
    every = [
        game_of(outcomes, study.design, condition, fewest)
        for outcomes in outcome_arrays
        for condition in conditions_in(outcomes.points)
    ]
    games = [game for game in every if not game.few]
    if not any(game.outcome == outcome for game in games):
        raise ConfigError(
            f"outcome: found fewer than {fewest} events of {outcome} with all levers off, or with all on; accepted: an outcome "
            "with more events (metrics.fewest_events)"
        )
    tables = _tables(games)
    return Analysis(
        _NAME,
        "Which safeguard did how much",
        study.design.question,
        [under(game.condition, said) for game in games for said in _told(game, tables, spec.named, game.outcome == outcome)],
        list(_sure(games, tables, [game for game in every if game.few])),
        tables,
        list(_drawings(games, tables)),
    )


def _tables(games: Sequence[Game]) -> dict[str, pd.DataFrame]:
    """Values of levers and joint effects of every game; interactions of those in which every combination was run."""
    exact = [game for game in games if game.orders is None and len(game.levers) > 1]
    tables = {"attribution": together(map(shares_of, games)), "together": together(map(together_of, games))}
    return tables | ({"interactions": together(map(interactions_of, exact))} if exact else {})


def _beside(study: Study, outcome: Outcome, spec: AttributionSpec) -> list[Outcomes]:
    """The second outcome, where it is another one and the store holds it."""
    if spec.also is None or spec.also == str(outcome):
        return []
    also = Outcome.of(spec.also)
    try:
        outcomes = study.outcomes(also)
    except ConfigError:
        return []
    told = all(whole_runs(outcomes.of(condition=condition).values).any() for condition in conditions_in(outcomes.points))
    return [outcomes] if told else []


# --- sentences ------------------------------------------------------------------------------------------------------------


def _of(table: pd.DataFrame, game: Game) -> pd.DataFrame:
    """Rows of the table of Shapley values for one game."""
    kept: pd.DataFrame = table[(table["outcome"] == str(game.outcome)) & (table["condition"] == game.condition)]
    return kept.reset_index(drop=True)


class JointDirection(NamedTuple):
    """Which way all levers together move an outcome, in words."""

    falls: bool
    worse: bool  # against what is wanted of it, or a rise where neither is better: tables then have negative numbers
    all: str  # what all do
    each: str  # what each does


def _way(game: Game) -> JointDirection:
    """Which way all levers together move the outcome of a game."""
    falls = float(game.on.mean()) <= float(game.off.mean())
    worse = float(game.saved[..., -1].mean()) < 0
    return JointDirection(falls, worse, *(("take off", "takes off") if falls else ("add", "adds")))


def _told(game: Game, tables: dict[str, pd.DataFrame], most: int, main: bool) -> Iterator[str]:
    """What one game says; of an outcome told beside the main one only what all do together and who does most."""
    shares, whole = _of(tables["attribution"], game), _of(tables["together"], game).iloc[0]
    what, way = spoken(str(game.outcome)), _way(game)
    turn = -1.0 if way.worse else 1.0  # sentences tell the size of what happens, tables whether it is better
    scale = turn * PER_CENT / whole["all_off"] if whole["all_off"] else np.nan
    moved = _banded_in(whole, "joint", scale)
    yield (
        f"all {len(game.levers)} safeguards together {f'take {moved} off' if way.falls else f'add {moved} to'} {what}, which goes "
        f"from {whole['all_off']:.3g} to {whole['all_on']:.3g} ({game.outcome.unit})."
    )
    top = shares.reindex(shares["value"].abs().sort_values(ascending=False, kind="stable").index[:most])
    parts = [f"{in_quotation_marks(row['lever'])} {_banded_in(row, 'value', scale)}" for _, row in top.iterrows()]
    if len(shares) > most:
        rest = (shares["value"].sum() - top["value"].sum()) * scale
        parts.append(f"the other {len(shares) - most} {number(rest)} %")
    yield f"shared out over all orders of adoption (Shapley values), these are {in_a_row(parts)}."
    if not main:
        return
    if not np.isnan(whole["overlap"]):
        yield _overlap(whole, scale, way)
    yield from _unclear(shares)
    if "interactions" in tables:
        yield from _pairs_told(_of(tables["interactions"], game), scale, way)


def _unclear(shares: pd.DataFrame) -> Iterator[str]:
    """Which levers cannot be told from zero once all are judged at once; nothing where each can, or where there is no verdict."""
    if verdict_in(shares.iloc[0], "value") == NO_VERDICT:
        yield f"which of them are told apart from zero is not said: {too_few_worlds(int(shares['worlds'].iloc[0]))}."
        return
    unclear = [in_quotation_marks(str(lever)) for lever in shares.loc[~shares["clear"], "lever"]]
    if not unclear:
        return
    if len(unclear) == len(shares):
        yield f"when all are judged at once, none of the {len(shares)} is told apart from zero."
    else:
        yield f"when all are judged at once, all but {in_a_row(unclear)} are told apart from zero."


def _banded_in(row: Line, name: str, scale: float) -> str:
    """A number of a row in per cent, with what worlds say of it; its columns bear its name where the row has several."""
    own = name if f"{name}_world_low" in row.index else ""
    return f"{number(float(row[name]) * scale)} % {ranged(row, own, scale, None)}"


def _overlap(whole: Line, scale: float, way: JointDirection) -> str:
    """That effects of levers alone do not sum to their joint effect."""
    alone, apart = (
        f"what each {way.each} alone sums to {number(whole['sum_first_in'] * scale)} %",
        _banded_in(whole, "overlap", scale),
    )
    verdict = verdict_in(whole, "overlap")
    if verdict == NO_VERDICT:
        return (
            f"{alone}; the difference from what all {way.all} together is {apart}, without a verdict on {whole['worlds']} worlds."
        )
    if verdict == (DOWN if way.worse else UP):
        return f"{alone}, {apart} more than all together: they overlap, so such effects must not be added up."
    if verdict == (UP if way.worse else DOWN):
        less = _banded_in(whole, "overlap", -scale)
        return f"{alone}, {less} less than all together: they reinforce each other, so such effects must not be added up."
    return f"{alone}, not told apart from what all {way.all} together (difference {apart})."


def _pairs_told(pairs: pd.DataFrame, scale: float, way: JointDirection) -> Iterator[str]:
    """The strongest overlap and the strongest support among pairs that stay clear of zero."""
    for sign, words in ((-1.0, "overlap most"), (1.0, "reinforce each other most")):
        of_it = pairs[pairs["clear"] & (np.sign(pairs["value"] * scale) == sign)]
        if len(of_it):
            row = of_it.loc[of_it["value"].abs().idxmax()]
            points = _banded_in(row, "value", sign * scale).replace(" %", " points", 1)
            yield (
                f"{in_quotation_marks(row['lever'])} and {in_quotation_marks(row['other'])} {words}: together they "
                f"{way.all} {points} "
                f"{'less' if sign < 0 else 'more'} than the sum of what each {way.each}, on average over what else is on "
                "(points: per cent of the outcome with all off)."
            )


def _sure(games: Sequence[Game], tables: dict[str, pd.DataFrame], few: Sequence[Game]) -> Iterator[str]:
    """What the intervals hold and what they do not."""
    first, together = games[0], tables["together"]
    draws, worlds = first.values.shape[:2]
    yield (
        f"{worlds} worlds: every combination met the same worlds and replicates, so all differences are paired. "
        f"{chance_told(worlds)} {RANGE_TOLD} Percentages are of the mean outcome with all off"
        f"{', over all draws and worlds' if draws > 1 else ''}, the divisor taken as known."
    )
    if draws > 1:
        yield (
            f"All numbers are means over {draws} parameter draws, and their ranges hold worlds and luck alone; value_draw_low "
            "and value_draw_high hold 95 % of the draws: what is not known of the parameters; each draw is a mean over few runs, "
            "so replicate noise is in it."
        )
    else:
        yield "Parameters are held at one value each: no interval speaks of what is not known about them."
    if first.orders is not None:
        yield (
            f"Values are means over {len(first.orders)} random orders in antithetic pairs. The simulation error adds that of "
            "having drawn so few orders (se_orders) to that between worlds (se_worlds), and the range over worlds holds it too; "
            "interactions are not estimated from orders."
        )
    yield (
        f"{len(tables['attribution'])} values are given. Those marked clear have a range over worlds that leaves zero out and an "
        "adjusted p under 0.05, which holds for all values of one outcome and condition together (max-t)."
    )
    gap = float((together["sum_values"] - together["joint"]).abs().max())
    yield f"The values sum to the joint effect, as they must; the largest difference, by rounding, is {gap:.0e}."
    yield (
        "A Shapley value shares a joint effect out, every order of adoption weighing the same; it does not foretell what one "
        "safeguard would do by itself (first_in) or on top of all others (last_in)."
    )
    for game in few:
        where = f" ({spoken(game.condition)})" if game.condition else ""
        yield (
            f"Without a number: {spoken(str(game.outcome))}{where}, with fewer than {game.fewest} events behind all off or all on "
            "(metrics.fewest_events)."
        )
    if any((game.counts < game.fewest).any() for game in games):
        yield (
            "Some combinations stand on fewer events than a number may (metrics.fewest_events): no effect alone (first_in) or on "
            "top of all others (last_in) is shown that rests on one of them."
        )


# --- figures --------------------------------------------------------------------------------------------------------------


def _drawings(games: Sequence[Game], tables: dict[str, pd.DataFrame]) -> Iterator[Drawing]:
    """A waterfall a condition, with both outcomes in it, and a map of interactions for each game."""
    shares = tables["attribution"].merge(tables["together"][["outcome", "condition", "all_off"]], on=["outcome", "condition"])
    for condition in dict.fromkeys(game.condition for game in games):
        of_it = [game for game in games if game.condition == condition]
        yield Drawing(
            _file("shapley_waterfall", condition),
            "shapley_waterfall",
            shares[shares["condition"] == condition].drop(columns="condition").reset_index(drop=True),
            _standing(of_it[0]),
            f"Waterfall of {in_a_row([spoken(str(game.outcome)) for game in of_it])} by safeguard; numbers in attribution.csv.",
            {"title": _title(f"How much each safeguard {_way(of_it[0]).each}, against none of them", condition)},
            {"names": plain_names(shares["lever"])},
        )
    for game in games:
        if game.orders is None and len(game.levers) > 1:
            yield Drawing(
                _file("interactions", str(game.outcome).replace(".", "_"), game.condition),
                "interactions",
                _of(tables["interactions"], game).drop(columns=["outcome", "condition"]).assign(all_off=float(game.off.mean())),
                _standing(game),
                f"Heat map of how pairs of safeguards interact in {spoken(str(game.outcome))}; numbers in interactions.csv.",
                {"title": _title(f"Where safeguards overlap: {spoken(str(game.outcome))}", game.condition)},
                {"order": list(_of(tables["attribution"], game)["lever"]), "rises": game.rises, "worse": _way(game).worse}
                | {"names": plain_names(game.levers)},
            )


def _file(*parts: str) -> str:
    return "_".join(part for part in parts if part)


def _standing(game: Game) -> str:
    """Caption of a figure: on how many worlds, replicates and draws its numbers rest."""
    levers, worlds = len(game.levers), game.values.shape[1]
    sets = f"All {game.codes.size} combinations" if game.orders is None else f"{len(game.orders)} random orders"
    draws = f", mean over {game.values.shape[0]} parameter draws" if game.values.shape[0] > 1 else ", parameters held"
    return f"{sets} of {levers} safeguards, {game.runs} runs each in {worlds} worlds{draws}."


def _title(words: str, condition: str) -> str:
    return f"{words} ({spoken(condition)})" if condition else words
