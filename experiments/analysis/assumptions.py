"""How far the effect of each policy moves under one assumption at a time, and which assumption moves it furthest.

A store of ``draw: ends`` holds every policy as all numbers are configured, and again with one end of one unknown number alone. In
each of these draws a policy is read against the baseline *of the same draw*, in the same worlds and replicates. What is told is the
change in per cent, a ratio of means over worlds: as configured with its range over worlds, and beside it the least and the greatest
over the ends, each with the assumption that makes it. Numbers that move together are not asked here: that is what a design of
draws over ranges is for (``robustness``, ``sensitivity``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import StrictInt

from experiments.analysis.bundles import baseline_of, labels_of
from experiments.analysis.conditions import together, where
from experiments.analysis.policies import Policies, policies_of
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.spread import complete_part
from experiments.design.changes import changes_of_policy
from experiments.design.designs import Design
from experiments.design.points import idle_sentence
from experiments.design.sampling import ENDS
from experiments.statistics import FEWEST_WORLDS, half_width, mean_of, own_percent, world_range
from experiments.store.outcomes import Outcome, Study, conditions_in
from experiments.text import PER_CENT, Row, band, counted, in_a_row, spoken, unknown
from sim.arrays import Flags, Reals
from sim.metrics import SLICES, UNITS
from sim.world.ranges import Range
from sim.world.record import ConfigError, Record

EXTREMES, ENDS_TABLE = "extremes", "ends"
AS_CONFIGURED = "as configured"
"""In place of an assumption: no end moves the effect further that way."""
EXTREME_COLUMNS = (
    "arm", "condition", "metric", "by", "level", "as_configured", "world_low", "world_high", "low", "low_assumption", "high",
    "high_assumption", "turns", "events", "worlds", "years", "low_clear", "high_clear", "changes",
)  # fmt: skip
"""``changes``: what the arm sets; the numbers are per cent; ``_clear``: told from the configured change by more than luck."""
END_COLUMNS = (
    "arm", "condition", "metric", "by", "level", "key", "value", "change", "shift", "shift_error_low", "shift_error_high",
    "events", "worlds",
)  # fmt: skip
"""A row an end: its change in per cent, and by how many points that differs from the configured one, with simulation error."""
APART = "; "
"""Between several assumptions in one entry."""
_ROUNDING = 1e-9  # per cent up to which two changes are one
_NAME = "assumptions"
_HEADING = "Which assumption makes which extreme"
_QUESTION = "If one number that nobody knows were at its end, which effects would be larger, smaller or turned round, and by which?"
_TOLD = (
    "targeted_rate.group.journalist",
    "targeted_rate.group.dissident",
    "case_disclosure_rate",
    "cross_border_disclosure_rate",
    "legit_met_rate",
)
"""Outcomes that the table has beside the one that is asked for: those of the project's own question."""


class AssumptionsSpec(Record):
    """Settings of ``assumptions``, from ``configs/analysis/assumptions.yaml``."""

    named: Annotated[StrictInt, Range(1, 1000)]  # policies that a sentence names


class Moved(NamedTuple):
    """One policy under one condition: its change in every draw, ``D`` of them, the configured one first."""

    ends: list[tuple[str, object]]  # [D - 1] key and value
    change: Reals  # [D] per cent of the baseline in the same draw; missing on too few events
    worlds: Reals  # [D, W] each world's difference in per cent of the draw's mean baseline; their mean is the change
    own: Reals  # [W] each world's own change in per cent, as configured
    events: NDArray[np.int64]  # [D] the smaller of both sides, pooled

    @property
    def shift(self) -> Reals:
        """By how many points each end moves the change, ``[D - 1]``."""
        return np.asarray(self.change[1:] - self.change[0])

    @property
    def error(self) -> Reals:
        """Half of the 95 % interval of each shift, worlds paired, ``[D - 1]``; missing with one world."""
        return half_width(self.worlds[1:] - self.worlds[0])

    @property
    def clear(self) -> Flags:
        """Shifts that are told from luck, ``[D - 1]``."""
        return np.asarray(np.abs(self.shift) > self.error)


def unsuited(study: Study) -> str | None:
    """Why no extremes can be named in this study; None if they can."""
    design = study.design
    if design.draw != ENDS or not design.uncertainties or design.search is not None:
        found = "an adaptive search" if design.search else f"draw: {design.draw}" if design.draw else "no draw"
        return f"wants one end at a time (design.draw: {ENDS}), not {found}"
    base = baseline_of(study.points, design)
    if base is None:
        return f"wants the baseline {design.baseline} among its policies in every draw"
    if set(labels_of(study.points, design)) == {base}:
        return "wants a policy besides the baseline (design.scenarios, arms or levers)"
    ends = _assumed(study.points, design)
    if not any(not said for said in ends):
        return "wants a draw in which all numbers are as configured"
    return None if any(ends) else "wants an end that is not what is configured anyway"


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """Extremes of every policy's effect over the ends, for the outcome asked for and for those of the project's question.

    Tables: ``extremes`` (columns ``EXTREME_COLUMNS``) and ``ends`` (``END_COLUMNS``). Raises ``ConfigError`` where the design does
    not suit, and where the store lacks the outcome that is asked for.
    """
    if reason := unsuited(study):
        raise ConfigError(f"store: found {study.name!r}, which does not suit {_NAME}: it {reason}; accepted: another store")
    spec = spec_from(_NAME, AssumptionsSpec, study.asked)
    told = [(one, _tables(study, one)) for one in _outcomes(study, outcome)]
    extremes, ends = (together(tables[place] for _, tables in told) for place in (0, 1))
    main, held = told[0][1][0], conditions_in(study.points)
    answer = [said for one in held for said in where(one, _answers(main[main["condition"] == one], ends, outcome, spec))]
    return Analysis(
        name=_NAME,
        heading=_HEADING,
        question=_QUESTION,
        answer=answer,
        sure=_sure(study, extremes, ends),
        tables={EXTREMES: extremes, ENDS_TABLE: ends},
        drawings=[
            drawing
            for one, (table, _) in told
            for name in (held if one == outcome else held[:1])
            if (drawing := _drawing(table, one, name, len(held))) is not None
        ],
    )


def _outcomes(study: Study, asked: Outcome) -> Iterator[Outcome]:
    """The outcome that is asked for, and those of the question that the store holds."""
    yield asked
    for text in _TOLD:
        if text.partition(".")[0] not in UNITS:
            continue
        one = Outcome.of(text)
        if one != asked and (one.by in SLICES) and _held(study, one):
            yield one


def _held(study: Study, outcome: Outcome) -> bool:
    try:
        study.outcomes(outcome)
    except ConfigError:
        return False
    return True


# --- numbers --------------------------------------------------------------------------------------------------------------


def _tables(study: Study, outcome: Outcome) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One outcome's rows of both tables."""
    every = study.outcomes(outcome)
    extremes, ends = list[dict[str, Any]](), list[dict[str, Any]]()
    baseline, fewest = str(baseline_of(study.points, study.design)), study.config.metrics.fewest_events
    said = changes_of_policy(study.design)
    for condition in conditions_in(study.points):
        outcomes = every.of(condition=condition)
        held = policies_of(outcomes, labels_of(outcomes.points, study.design))
        for name in held.names:
            if name == baseline or baseline not in held.names:
                continue
            moved = moved_by_ends(held, name, baseline, study.design, fewest)
            about = {"arm": name, "condition": condition, **dict(zip(("metric", "by", "level"), outcome, strict=True))}
            extremes.append(about | {"changes": said.get(name, name), "years": study.config.years} | _extremes(moved))
            ends += [about | row for row in _end_rows(moved)]
    return pd.DataFrame(extremes, columns=list(EXTREME_COLUMNS)), pd.DataFrame(ends, columns=list(END_COLUMNS))


def moved_by_ends(held: Policies, name: str, baseline: str, design: Design, fewest: int) -> Moved:
    """A policy's change in every draw, in the worlds and replicates that it and the baseline have in all of these draws."""
    assumed = _assumed(held.futures, design)
    first = next((d for d, said in enumerate(assumed) if not said), None)
    order = [] if first is None else [first, *(d for d, said in enumerate(assumed) if said)]
    after, before = (held.of(one)[order] for one in (name, baseline))
    counts = [held.counts[held.names.index(one)][order] for one in (name, baseline)]
    known = ~(np.isnan(after) | np.isnan(before))
    whole_worlds = known.all((0, 2))
    kept = known.copy()
    if whole_worlds.any():  # the same worlds in every draw
        kept &= whole_worlds[:, None]
    else:
        part = complete_part(known)
        kept &= part.draws[:, None, None] & part.worlds[:, None] & part.replicates
    after, before = (np.where(kept, side, np.nan) for side in (after, before))
    events = np.min([np.where(kept, side, 0).sum((1, 2)) for side in counts], axis=0)
    mine, theirs = mean_of(after), mean_of(before)  # [D, W]
    level = mean_of(theirs)[:, None]
    worlds = PER_CENT * np.divide(mine - theirs, level, out=np.full(mine.shape, np.nan), where=level > 0)
    worlds[events < fewest] = np.nan
    own = own_percent(theirs[0], mine[0]) if order else np.zeros(0)
    return Moved([_one(assumed[d]) for d in order[1:]], mean_of(worlds), worlds, own, np.asarray(events, np.int64))


def _one(end: Sequence[tuple[str, object]]) -> tuple[str, object]:
    """An end as key and value; of a table in which a draw sets several keys, all of them as one."""
    return end[0] if len(end) == 1 else (APART.join(f"{key}={_value(value)}" for key, value in end), "")


def _assumed(points: pd.DataFrame, design: Design) -> list[list[tuple[str, object]]]:
    """The keys that each point's draw sets, with their values."""
    keys = [key for key in design.uncertainties if key in points]
    return [[(key, row[key]) for key in keys if not unknown(row[key])] for row in points[keys].to_dict("records")]


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def assumption(key: str, value: object) -> str:
    """An assumption as the configuration would have it.

    >>> assumption("review.rho", 0.9), assumption("review.load", False)
    ('review.rho=0.9', 'review.load=false')
    """
    return f"{key}={_value(value)}" if value != "" else key


def assumption_words(said: str) -> str:
    """Assumptions of a table's entry in words that fit a figure.

    >>> assumption_words("states.hosting.factor.IRL=1.5"), assumption_words("as configured")
    ('hosting factor IRL 1.5', 'as configured')
    """
    return APART.join(map(_words, said.split(APART)))


def _words(one: str) -> str:
    key, _, value = one.partition("=")
    return f"{spoken(key.partition('.')[2] or key).replace('.', ' ')} {value.replace('-', '−')}".strip()


def _extremes(moved: Moved) -> dict[str, Any]:
    """The numbers of a row of ``extremes``."""
    nothing = dict.fromkeys(("as_configured", "world_low", "world_high", "low", "high"), np.nan)
    words = {"low_assumption": "", "high_assumption": "", "low_clear": False, "high_clear": False, "turns": ""}
    size = {"events": int(moved.events[0]) if moved.events.size else 0, "worlds": int((~np.isnan(moved.own)).sum())}
    if not moved.change.size or np.isnan(moved.change[0]):
        return {**nothing, **words, **size}
    first, clear = float(moved.change[0]), moved.clear
    whole = bool((np.isnan(moved.own) == np.isnan(moved.worlds[0])).all())  # else the mean rests on worlds without a baseline too
    spread = world_range(moved.own if whole else np.full(moved.own.shape, np.nan))
    names = [assumption(*end) for end in moved.ends]
    row: dict[str, Any] = {"as_configured": first, "world_low": float(spread.low), "world_high": float(spread.high), **size}
    for side, choose in (("low", np.nanargmin), ("high", np.nanargmax)):
        place = int(choose(moved.change))
        if abs(float(moved.change[place]) - first) <= _ROUNDING:  # equals are not told apart
            place = 0
        row |= {
            side: float(moved.change[place]),
            f"{side}_assumption": names[place - 1] if place else AS_CONFIGURED,
            f"{side}_clear": bool(place and clear[place - 1]),
        }
    against = np.flatnonzero(moved.change[1:] * np.sign(first) < 0)
    against = against[np.abs(moved.change[1:][against]) > _ROUNDING]
    return row | {"turns": APART.join(names[place] for place in against)}


def _end_rows(moved: Moved) -> Iterator[dict[str, Any]]:
    """The numbers of the rows of ``ends``."""
    for d, ((key, value), shift, error) in enumerate(zip(moved.ends, moved.shift, moved.error, strict=True), 1):
        yield {
            "key": key, "value": _value(value), "change": moved.change[d], "shift": shift, "shift_error_low": shift - error,
            "shift_error_high": shift + error, "events": int(moved.events[d]), "worlds": int((~np.isnan(moved.worlds[d])).sum()),
        }  # fmt: skip


# --- what it says ---------------------------------------------------------------------------------------------------------


def _answers(table: pd.DataFrame, ends: pd.DataFrame, outcome: Outcome, spec: AssumptionsSpec) -> list[str]:
    """Sentences about one outcome under one condition, the effects that move furthest first."""
    known = table[table["as_configured"].notna()]
    few = table[table["as_configured"].isna()]["arm"]
    named, left = outcome_words(outcome), in_a_row([spoken(name) for name in few])
    silent = [f"Without a number for {named}: {left} (too few events, or no baseline)."]
    if known.empty:
        return silent
    wide = known.assign(_width=known["high"] - known["low"]).sort_values("_width", ascending=False, kind="stable")
    shown = [row for row in wide.head(spec.named).to_dict("records") if row["_width"] > 0]
    turned = known[known["turns"] != ""]
    sentences = [
        f"{named.capitalize()}, change against the baseline of the same draw. Furthest apart under one assumption: "
        f"{'; '.join(map(span_words, shown)) or 'none moves at all'}."
    ]
    if turned.empty:
        sentences.append(f"No single assumption turns the sign of any of {counted(len(known), 'effect')}.")
    else:
        told = [f"{spoken(row['arm'])} ({_all_words(row['turns'])})" for row in turned.to_dict("records")]
        sentences.append(f"The sign turns in {len(turned)} of {counted(len(known), 'effect')}: {'; '.join(told)}.")
    names = pd.concat([known["low_assumption"], known["high_assumption"]])
    most = names[names != AS_CONFIGURED].value_counts()
    if len(most):
        first = [f"{assumption_words(str(name))} ({count} of {2 * len(known)})" for name, count in most.head(spec.named).items()]
        sentences.append(f"Assumptions that make most extremes: {in_a_row(first)}.")
    return [*sentences, *(silent if len(few) else [])]


def outcome_words(outcome: Outcome) -> str:
    """An outcome in words.

    >>> outcome_words(Outcome("targeted_rate", "group", "journalist")), outcome_words(Outcome("legit_met_rate"))
    ('targeted rate of group journalist', 'legit met rate')
    """
    return spoken(outcome.metric) if outcome.by == "all" else spoken(f"{outcome.metric} of {outcome.by} {outcome.level}")


def _all_words(said: str) -> str:
    return in_a_row([assumption_words(one) for one in said.split(APART)])


def span_words(row: Row) -> str:
    """An effect as configured, with its range over worlds, and its extremes with the assumptions that make them."""
    first, low, high = band(*(float(row[name]) for name in ("as_configured", "world_low", "world_high")))
    told = f"{spoken(row['arm'])} {first} %"
    if not unknown(row["world_low"]):
        told += f" (range over {counted(row['worlds'], 'world')} {low} to {high})"
    return f"{told}, from {extreme_words(row)}"


def extreme_words(row: Row) -> str:
    """Both extremes of a row of ``extremes``, each with its assumption.

    >>> row = {"low": -31.2, "low_assumption": "review.rho=0.9", "high": -2.0, "high_assumption": "as configured"}
    >>> extreme_words(row)
    '−31 % (rho 0.9) to −2 % (as configured)'
    """
    ends = band(float(row.get("as_configured", float("nan"))), float(row["low"]), float(row["high"]))[1:]
    low, high = (
        f"{end} % ({assumption_words(str(row[f'{side}_assumption']))})" for end, side in zip(ends, ("low", "high"), strict=True)
    )
    return f"{low} to {high}"


def _sure(study: Study, extremes: pd.DataFrame, ends: pd.DataFrame) -> list[str]:
    """What these extremes hold and what they do not."""
    worlds, draws = int(extremes["worlds"].max()), study.points["draw"].nunique()
    named = pd.concat(
        [extremes[[f"{side}_assumption", f"{side}_clear"]].set_axis(["said", "clear"], axis=1) for side in ("low", "high")]
    )
    named = named[~named["said"].isin(["", AS_CONFIGURED])]
    told = [
        f"{counted(draws - 1, 'end')} of {counted(len(study.design.uncertainties), 'unknown number')}, one at a time, each in the "
        f"same {counted(worlds, 'world')}, {counted(study.config.years, 'year')}. Two numbers that are off together are not asked; "
        "the ends are judgements, and no probability lies behind them.",
        "The range over worlds goes over draws of what nobody knows of the one real world, all numbers as configured; an extreme "
        "is the mean over these worlds under one assumption. Neither holds the other.",
        f"An extreme is the furthest of {counted(draws, 'mean')}, so luck alone puts some distance between them: "
        f"{int(named['clear'].sum())} of {counted(len(named), 'named extreme')} differ from the configured change by more than the "
        "simulation error of the paired difference (95 %, Student's t over worlds; columns low_clear and high_clear).",
    ]
    if worlds < FEWEST_WORLDS:
        told.append(f"Under {FEWEST_WORLDS} worlds a sign that turns is what these worlds show, and no verdict.")
    still = ends.groupby("key", sort=False)["shift"].apply(lambda one: bool((one.fillna(0.0).abs() <= _ROUNDING).all()))
    idle = [assumption_words(f"{key}") for key, nothing in still.items() if nothing]
    if idle:
        told.append(f"Nothing here moves with {in_a_row(idle)}.")
    if same := idle_sentence(study.points, study.design):
        told.append(f"{same[:1].upper()}{same[1:]}.")
    return told


def _drawing(table: pd.DataFrame, outcome: Outcome, condition: str, conditions: int) -> Drawing | None:
    """The figure of one outcome under one condition; None where no policy has a number."""
    own = table[(table["condition"] == condition) & table["as_configured"].notna()]
    if own.empty:
        return None
    shown = own.assign(
        low_assumption=[assumption_words(str(said)) for said in own["low_assumption"]],
        high_assumption=[assumption_words(str(said)) for said in own["high_assumption"]],
    )
    first = max(own.to_dict("records"), key=lambda row: float(row["high"]) - float(row["low"]))
    under = f"; {spoken(condition)}" if conditions > 1 else ""
    return Drawing(
        name="_".join(filter(None, ("spans", str(outcome).replace(".", "_"), condition if conditions > 1 else ""))),
        function="spans",
        frame=shown,
        caption=f"Baseline of the same draw{under}; per cent of it; one assumption at a time.",
        alt=f"Effects of {len(own)} policies on {outcome_words(outcome)}, with their range over worlds and under one assumption at "
        f"a time. Widest: {span_words(first)}.",
        settings={"title": f"{outcome_words(outcome).capitalize()}: how far each effect moves under one assumption"},
    )
