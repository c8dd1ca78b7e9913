"""What is known once no number is taken for granted, how sure, and what would change it.

Each world of the store is a draw of all numbers. Every arm is read against the baseline of its own condition in the same draws
(``over_draws``); safeguards are ranked in each draw (``first_places``); what adaptation leaves is told beside what is on paper
(``left_over``); and the drawn numbers that go with an effect are looked for (``drivers``). Shares of draws are probabilities only
as far as the priors are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import StrictFloat, StrictInt

from experiments.analysis import conclusions_words as words
from experiments.analysis.bundles import labels_of
from experiments.analysis.drivers import Bar, bar_of, bar_of_all, correlations, shares_by_half
from experiments.analysis.first_places import Firsts, firsts
from experiments.analysis.left_over import left_over
from experiments.analysis.over_draws import Paired, coin_share, corrected_share, luck_of, one_effect_share, paired, signs_of
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.spread import share_limits
from experiments.design.changes import changes_of_policy
from experiments.design.scenarios import headers_of, kind_of
from experiments.settings import StudyConfig
from experiments.statistics import FEWEST_WORLDS, chance_share, mean_of, ratio_of, world_range
from experiments.store.outcomes import Outcome, Study
from experiments.text import PER_CENT, spoken
from sim.arrays import Flags, Reals
from sim.metrics import SLICES, UNITS, WANTED
from sim.parameters import drawn
from sim.register import drawable
from sim.world.ranges import Range, Seed
from sim.world.record import ConfigError, Record

CONCLUSIONS, RANKING, ADAPTED, DRIVERS = "conclusions", "ranking", "adapted", "drivers"
ON_PAPER = "on paper"
"""The condition of an arm whose name says none."""
BETWEEN = ", "
"""Between an arm and its condition in one name."""
HOLDS, LIKELY, OPEN, NONE, TOO_FEW = "holds", "likely", "open", "none", "too few draws"
"""Verdicts, the surest first; ``none``: the median draw is not moved at all."""
SAFEGUARD = "safeguard"
TOLD = (
    "targeted_rate.group.journalist",
    "targeted_rate.group.dissident",
    "case_disclosure_rate",
    "cross_border_disclosure_rate",
    "legit_met_rate",
)
"""Outcomes that the tables have beside the one that is asked for: those of the project's own question."""
_KEY = ("arm", "condition", "metric", "by", "level")
CONCLUSION_COLUMNS = (
    *_KEY, "verdict", "change", "change_error_low", "change_error_high", "median", "median_draw_low", "median_draw_high",
    "lower_quarter", "upper_quarter", "draws_with_level", "sign", "sign_share", "sign_share_draw_error_low",
    "sign_share_draw_error_high", "share_down", "share_up", "share_nil", "coin_share", "one_effect_share", "corrected_share",
    "kept", "chance_share", "baseline", "value", "events_baseline", "events", "draws", "replicates", "years", "kind", "changes",
)  # fmt: skip
DEFAULT_COLUMNS = ("default", "default_world_low", "default_world_high", "default_verdict", "worlds", "moved", "turns")
"""Beside them where a store at default values is named."""
RANKING_COLUMNS = (
    *_KEY, "kind", "ranked", "change", "best", "best_draw_error_low", "best_draw_error_high", "by_chance", "best_again",
    "among_first", "rank", "rank_draw_low", "rank_draw_high", "ahead", "behind", "replicates_agree", "orders_alike", "safeguards",
    "draws",
)  # fmt: skip
ADAPTED_COLUMNS = (
    *_KEY, "on_paper", "under_condition", "paper_verdict", "protects", "left", "left_draw_low", "left_draw_high", "halved",
    "halved_draw_error_low", "halved_draw_error_high", "halved_by_luck", "turned", "draws", "rank_on_paper", "rank", "rank_moves",
)  # fmt: skip
DRIVER_COLUMNS = (
    *_KEY, "place", "key", "correlation", "bar", "told", "bar_of_all", "told_of_all", "findable", "calibrated", "status", "sign",
    "lower_half", "upper_half", "numbers", "draws",
)  # fmt: skip
_NAME = "conclusions"
_HEADING = "What is known once no number is taken for granted"
_QUESTION = "Which effects keep their sign whatever the numbers are, which safeguard is best, and what would change that?"
_TWO = 2


class ConclusionsSpec(Record):
    """Settings of ``conclusions``, from ``configs/analysis/conclusions.yaml``."""

    holds_from: Annotated[StrictFloat, Range(0.5, 1)]
    likely_from: Annotated[StrictFloat, Range(0.5, 1)]
    corrected_least: Annotated[StrictFloat, Range(0, 1)]
    places: Annotated[StrictInt, Range(1, 100)]
    shuffles: Annotated[StrictInt, Range(100, 100_000)]
    seed: Seed
    drivers: Annotated[StrictInt, Range(1, 100)]
    named: Annotated[StrictInt, Range(1, 1000)]
    beside: str | None


class Place(NamedTuple):
    """Where a policy stands: an arm under a condition."""

    arm: str
    condition: str


class Read(NamedTuple):
    """One outcome of a store: each arm of each condition with its baseline."""

    outcome: Outcome
    pairs: dict[Place, Paired]
    worlds: list[int]  # [W] world seeds, of which each is a draw
    fewest: int  # events under which no number is given

    def told(self, place: Place) -> bool:
        """Whether both sides rest on events enough for a number."""
        pair = self.pairs[place]
        return bool(min(pair.seen.sum(), pair.seen_before.sum()) >= self.fewest and pair.level > 0)


def unsuited(study: Study) -> str | None:
    """Why nothing can be concluded from this study; None if something can."""
    design = study.design
    if design.search is not None or design.uncertainties or design.levers:
        found = "an adaptive search" if design.search else "design.uncertainties" if design.uncertainties else "design.levers"
        return f"wants arms or scenarios whose worlds draw all numbers (parameters=prior or posterior), not {found}"
    names = labels_of(study.points, design)
    if design.baseline not in names:
        return f"wants the baseline {design.baseline} among its arms"
    if not any(place.arm != design.baseline for place in placed(names, design.baseline).values()):
        return "wants an arm besides the baseline (design.arms or scenarios)"
    if not study.config.draws:
        return "wants worlds that each draw all numbers (parameters=prior or posterior), not parameters=default"
    return None


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """What survives draws of all numbers, for the outcome asked for and for those of the project's question.

    Tables: ``conclusions`` (columns ``CONCLUSION_COLUMNS``), ``ranking`` (``RANKING_COLUMNS``), ``adapted`` (``ADAPTED_COLUMNS``)
    and ``drivers`` (``DRIVER_COLUMNS``). Raises ``ConfigError`` where the design does not suit, where the store lacks the outcome
    that is asked for, and where the store beside it does not match.
    """
    if reason := unsuited(study):
        raise ConfigError(f"store: found {study.name!r}, which does not suit {_NAME}: it {reason}; accepted: another store")
    spec = spec_from(_NAME, ConclusionsSpec, study.asked)
    reads = [read(study, one) for one in _outcomes(study, outcome)]
    arms = list(dict.fromkeys(place.arm for place in reads[0].pairs))
    known = headers_of(arms)
    kinds = {arm: kind_of(arm, known) for arm in arms}
    table = _in_order(pd.concat([conclusion_table(one, kinds, study, spec) for one in reads], ignore_index=True))
    if spec.beside is not None:
        table = with_default(table, _default_table(spec, study, reads, kinds))
    ranking = pd.concat([ranking_table(one, kinds, table, spec) for one in reads], ignore_index=True)
    adapted = pd.concat([adapted_table(one, table, ranking) for one in reads], ignore_index=True)
    drivers = driver_table(reads, numbers_of(study, reads[0].worlds), calibrated_in(study.asked), table, spec)
    tables = {CONCLUSIONS: table, RANKING: ranking, ADAPTED: adapted, DRIVERS: drivers}
    return Analysis(
        name=_NAME,
        heading=_HEADING,
        question=_QUESTION,
        answer=words.answers(tables, [one.outcome for one in reads], spec.named),
        sure=words.sure(tables, spec.holds_from, spec.likely_from, spec.places),
        tables={name: one for name, one in tables.items() if name == CONCLUSIONS or len(one)},
        drawings=[drawing for one in reads for drawing in _drawings(one.outcome, table, ranking)],
    )


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Columns as ``CONCLUSION_COLUMNS`` has them."""
    return table[[*CONCLUSION_COLUMNS]]


def _outcomes(study: Study, asked: Outcome) -> Iterator[Outcome]:
    """The outcome that is asked for, and those of the question that the store holds."""
    yield asked
    for text in TOLD:
        one = Outcome.of(text) if text.partition(".")[0] in UNITS else None
        if one is not None and one != asked and one.by in SLICES and _holds(study, one):
            yield one


def _holds(study: Study, outcome: Outcome) -> bool:
    try:
        study.outcomes(outcome)
    except ConfigError:
        return False
    return True


# --- arms, conditions and their baselines ------------------------------------------------------------------------------------


def placed(names: list[str], baseline: str) -> dict[str, Place]:
    """Arm and condition of each name: the condition is what stands behind the first comma from which on a baseline is named too.

    >>> found = placed(["today", "judge", "today, adapted", "judge, adapted", "serious, all"], "today")
    >>> [tuple(place) for place in found.values()][2:]
    [('today', 'adapted'), ('judge', 'adapted'), ('serious, all', 'on paper')]
    """
    return {name: _place_of(name, names, baseline) for name in dict.fromkeys(names)}


def _place_of(name: str, names: list[str], baseline: str) -> Place:
    parts = name.split(BETWEEN)
    for count in range(1, len(parts)):
        condition = BETWEEN.join(parts[count:])
        if f"{baseline}{BETWEEN}{condition}" in names:
            return Place(BETWEEN.join(parts[:count]), condition)
    return Place(name, ON_PAPER)


def read(study: Study, outcome: Outcome) -> Read:
    """One outcome of every arm beside its baseline, draw by draw. Raises ``ConfigError`` where the store does not hold it.

    A condition of the design (``design.conditions``) is one of an arm as well.
    """
    outcomes, baseline = study.outcomes(outcome), study.design.baseline
    names = labels_of(outcomes.points, study.design)
    of_name = placed(names, baseline)
    rows: dict[Place, int] = {}
    for row, (name, crossed) in enumerate(zip(names, outcomes.points["condition"].astype(str), strict=True)):
        own = of_name[name]
        said = BETWEEN.join(filter(None, (crossed, own.condition if own.condition != ON_PAPER else "")))
        rows.setdefault(Place(own.arm, said or ON_PAPER), row)
    values, counts = outcomes.values, outcomes.counts
    pairs = {
        place: paired(values[base], values[row], counts[base], counts[row])
        for place, row in rows.items()
        if place.arm != baseline and (base := rows.get(Place(baseline, place.condition))) is not None
    }
    return Read(outcome, pairs, outcomes.worlds, study.config.metrics.fewest_events)


# --- what survives ----------------------------------------------------------------------------------------------------------------


def conclusion_table(held: Read, kinds: Mapping[str, str], study: Study, spec: ConclusionsSpec) -> pd.DataFrame:
    """One outcome's rows of ``conclusions``; a pair on too few events has a row without numbers."""
    said = changes_of_policy(study.design)
    rows = []
    for place, pair in held.pairs.items():
        whole = place.arm if place.condition == ON_PAPER else f"{place.arm}{BETWEEN}{place.condition}"
        numbers = conclusion_of(pair, held.fewest, spec) if held.told(place) else {"verdict": "", "sign": ""}
        sizes = {
            "events_baseline": int(pair.seen_before.sum()),
            "events": int(pair.seen.sum()),
            "draws": int((~np.isnan(pair.effects)).sum()),
            "replicates": pair.before.shape[1],
            "years": study.config.years,
            "kind": kinds.get(place.arm, ""),
            "changes": said.get(whole, said.get(place.arm, place.arm)),
        }
        rows.append(_about(place, held.outcome) | numbers | sizes)
    return pd.DataFrame(rows, columns=list(CONCLUSION_COLUMNS))


def _about(place: Place, outcome: Outcome) -> dict[str, Any]:
    return dict(zip(_KEY, (*place, *outcome), strict=True))


def conclusion_of(pair: Paired, fewest: int, spec: ConclusionsSpec) -> dict[str, Any]:
    """The numbers of one row of ``conclusions``, changes in per cent."""
    signs, luck = signs_of(pair.effects), luck_of(pair)
    whole = np.where(np.isnan(pair.effects), np.nan, pair.levels)
    ratio = ratio_of(whole + pair.effects, whole)
    change = PER_CENT * pair.pooled
    own = PER_CENT * np.where(pair.enough(fewest), pair.relative, np.nan)
    known = own[~np.isnan(own)]
    spread = world_range(own)
    quarters = np.quantile(known, [0.25, 0.5, 0.75]) if known.size else [np.nan] * 3
    corrected = corrected_share(pair, luck, spec.corrected_least)
    low, high = share_limits(signs.share, signs.of)
    return {
        "verdict": verdict_of(signs.share, signs.of, change * signs.side, spec),
        "change": change,
        "change_error_low": PER_CENT * (max(float(ratio.low), 0.0) - 1) if not np.isnan(ratio.low) else np.nan,
        "change_error_high": PER_CENT * (float(ratio.high) - 1),
        "median": float(quarters[1]),
        "median_draw_low": float(spread.low),
        "median_draw_high": float(spread.high),
        "lower_quarter": float(quarters[0]),
        "upper_quarter": float(quarters[2]),
        "draws_with_level": known.size,
        "sign": {-1: "down", 0: "none", 1: "up"}[signs.side],
        "sign_share": signs.share,
        "sign_share_draw_error_low": low,
        "sign_share_draw_error_high": high,
        "share_down": signs.down / signs.of,
        "share_up": signs.up / signs.of,
        "share_nil": signs.nil / signs.of,
        "coin_share": coin_share(signs.down + signs.up, signs.of),
        "one_effect_share": one_effect_share(pair, luck),
        "corrected_share": corrected.share,
        "kept": corrected.kept,
        "chance_share": float(chance_share(pair.runs)),
        "baseline": pair.level,
        "value": float(mean_of(mean_of(pair.after))),
    }


def verdict_of(share: float, draws: int, along: float, spec: ConclusionsSpec) -> str:
    """How sure a sign is: ``share`` of so many draws are on the side of the median; ``along``: the pooled change on that side.

    Where the pooled change has the other sign than the median draw, it is open.
    """
    if draws < FEWEST_WORLDS:
        return TOO_FEW
    if np.isnan(share):
        return NONE
    if along < 0:
        return OPEN
    return HOLDS if share >= spec.holds_from else LIKELY if share >= spec.likely_from else OPEN


# --- beside the default -----------------------------------------------------------------------------------------------------------


def _default_table(spec: ConclusionsSpec, study: Study, reads: list[Read], kinds: Mapping[str, str]) -> pd.DataFrame:
    """The same table of the store at default values. Raises ``ConfigError`` where that store does not match."""
    from experiments.store.places import asked_folder
    from experiments.store.reader import StoredStudy

    try:
        other = StoredStudy(asked_folder(spec.beside, study.asked.output))
    except ConfigError as error:
        raise ConfigError(f"analysis.conclusions.beside: {str(error).removeprefix('store: ')}") from None
    refuse_beside(other, study)
    held = [one.outcome for one in reads if _holds(other, one.outcome)]
    tables = [conclusion_table(read(other, outcome), kinds, other, spec) for outcome in held]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(CONCLUSION_COLUMNS))


def refuse_beside(other: Study, study: Study) -> None:
    """Raise ``ConfigError`` where a store may not stand beside another: it draws too, or has other arms."""
    place = f"analysis.conclusions.beside: found {other.name!r}"
    if other.config.draws:
        raise ConfigError(f"{place}, whose worlds draw their numbers too; accepted: a store at parameters=default")
    own, theirs = (set(labels_of(one.points, one.design)) for one in (study, other))
    if other.design.baseline != study.design.baseline or not own <= theirs:
        lacks = sorted(own - theirs)
        told = f"which lacks the arm {lacks[0]!r}" if lacks else f"whose baseline is {other.design.baseline!r}"
        raise ConfigError(f"{place}, {told}; accepted: a store of the same design")


def with_default(table: pd.DataFrame, default: pd.DataFrame) -> pd.DataFrame:
    """``conclusions`` with the change at default values beside it, its range over worlds, and how far draws move it."""
    kept = {
        "change": "default", "median_draw_low": "default_world_low", "median_draw_high": "default_world_high",
        "verdict": "default_verdict", "draws": "worlds",
    }  # fmt: skip
    beside = default[[*_KEY, *kept]].rename(columns=kept)
    both = table.merge(beside, on=list(_KEY), how="left")
    both["default_verdict"] = both["default_verdict"].fillna("")
    both["moved"] = both["change"] - both["default"]
    both["turns"] = (both["change"] * both["default"]).astype(float) < 0
    return both


# --- who is best ------------------------------------------------------------------------------------------------------------------


def ranking_table(held: Read, kinds: Mapping[str, str], table: pd.DataFrame, spec: ConclusionsSpec) -> pd.DataFrame:
    """Places of the safeguards under each condition, and all other arms unranked; no rows where neither more nor less is better."""
    way = WANTED[held.outcome.metric]
    if way is None:
        return pd.DataFrame(columns=list(RANKING_COLUMNS))
    rows: list[dict[str, Any]] = []
    changes = _numbers_at(table, held.outcome, "change")
    for condition in dict.fromkeys(place.condition for place in held.pairs):
        own = [place for place in held.pairs if place.condition == condition and held.told(place)]
        ranked = [place for place in own if kinds.get(place.arm) == SAFEGUARD]
        if len(ranked) < _TWO:
            ranked = []
        good = np.array([(1 if way == "up" else -1) * held.pairs[place].runs for place in ranked])
        found = firsts(good, spec.places) if ranked else None
        for place in (*ranked, *(one for one in own if one not in ranked)):
            about = _about(place, held.outcome) | {"kind": kinds.get(place.arm, ""), "change": changes[place]}
            told = found is not None and place in ranked
            more = _ranked_row(found, ranked.index(place), held.pairs[place].level) if found and told else {}
            rows.append(about | {"ranked": told} | more)
    return pd.DataFrame(rows, columns=list(RANKING_COLUMNS)).astype({"ranked": bool})


def _ranked_row(found: Firsts, a: int, level: float) -> dict[str, Any]:
    """The numbers of a safeguard; leads in per cent of the baseline's mean over draws."""
    low, high = share_limits(float(found.best[a]), found.draws)
    return {
        "best": found.best[a],
        "best_draw_error_low": low,
        "best_draw_error_high": high,
        "by_chance": 1 / len(found.best),
        "best_again": found.again[a],
        "among_first": found.among_first[a],
        "rank": found.rank[a],
        "rank_draw_low": found.rank_low[a],
        "rank_draw_high": found.rank_high[a],
        "ahead": PER_CENT * found.ahead[a] / level,
        "behind": PER_CENT * found.behind[a] / level,
        "replicates_agree": found.agree,
        "orders_alike": found.alike,
        "safeguards": len(found.best),
        "draws": found.draws,
    }


def _numbers_at(table: pd.DataFrame, outcome: Outcome, column: str) -> dict[Place, Any]:
    """A column of one outcome, by place."""
    own = _of_outcome(table, outcome)
    return {Place(str(row["arm"]), str(row["condition"])): row[column] for row in own.to_dict("records")}


def _of_outcome(table: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """The rows of one outcome."""
    return table[(table["metric"] == outcome.metric) & (table["by"] == outcome.by) & (table["level"] == outcome.level)]


# --- what adaptation leaves -------------------------------------------------------------------------------------------------------


def adapted_table(held: Read, table: pd.DataFrame, ranking: pd.DataFrame) -> pd.DataFrame:
    """What each condition leaves of the effect that an arm has on paper; no rows where there is no arm of both."""
    rows = []
    changes, verdicts = (_numbers_at(table, held.outcome, column) for column in ("change", "verdict"))
    ranks = _numbers_at(ranking, held.outcome, "rank")
    good = {"up": 1, "down": -1}.get(WANTED[held.outcome.metric] or "", 0)
    for place, pair in held.pairs.items():
        paper = Place(place.arm, ON_PAPER)
        if place == paper or paper not in held.pairs or not (held.told(place) and held.told(paper)):
            continue
        ours = {
            "on_paper": changes[paper],
            "under_condition": changes[place],
            "paper_verdict": verdicts[paper],
            "protects": bool(good * changes[paper] > 0),
            "rank_on_paper": ranks.get(paper, np.nan),
            "rank": ranks.get(place, np.nan),
        }
        ours["rank_moves"] = float(ours["rank"]) - float(ours["rank_on_paper"])
        found = left_over(held.pairs[paper], pair, held.fewest)
        if verdicts[paper] in (HOLDS, LIKELY):
            low, high = share_limits(found.halved, found.draws)
            ours |= {
                "left": PER_CENT * found.pooled,
                "left_draw_low": PER_CENT * found.low,
                "left_draw_high": PER_CENT * found.high,
                "halved": found.halved,
                "halved_draw_error_low": low,
                "halved_draw_error_high": high,
                "halved_by_luck": found.halved_by_luck,
                "turned": found.turned,
            }
        rows.append(_about(place, held.outcome) | {"draws": found.draws} | ours)
    return pd.DataFrame(rows, columns=list(ADAPTED_COLUMNS))


# --- what would change it ---------------------------------------------------------------------------------------------------------


class Numbers(NamedTuple):
    """What the worlds drew: only numbers that differ between them."""

    keys: list[str]  # [K]
    values: Reals  # [W, K]


def numbers_of(study: Study, worlds: list[int]) -> Numbers:
    """The numbers that each world drew, in the order of the register."""
    every = [drawn(study.config, world) for world in worlds]
    keys = [key for key in (every[0] if every else {}) if len({one[key] for one in every}) > 1]
    return Numbers(keys, np.array([[one[key] for key in keys] for one in every], float).reshape(len(every), len(keys)))


def calibrated_in(asked: StudyConfig) -> frozenset[str]:
    """Keys of the numbers that a calibration conditions on published figures; all others keep their priors."""
    found = asked.analysis.get("calibrate")
    named = found.get("parameters") if isinstance(found, dict) else None
    return frozenset(map(str, named)) if isinstance(named, list | dict) else frozenset()


def driver_table(
    reads: list[Read], numbers: Numbers, calibrated: frozenset[str], table: pd.DataFrame, spec: ConclusionsSpec
) -> pd.DataFrame:
    """The numbers that go most with each effect; no rows for an effect that is the same in all draws, or in too few of them."""
    known, bars, rows = drawable(), dict[bytes, Bar](), list[dict[str, Any]]()
    for held in reads:
        signs = _numbers_at(table, held.outcome, "sign")
        for place, pair in held.pairs.items():
            use = pair.enough(held.fewest) & ~np.isnan(pair.relative)
            if not held.told(place) or not numbers.keys or len(set(pair.relative[use])) < _TWO:
                continue
            bar = bars.setdefault(use.tobytes(), bar_of(numbers.values[use], spec.shuffles, spec.seed))
            if np.isnan(bar.told):
                continue
            about = _about(place, held.outcome) | {"bar": bar.told, "findable": bar.found, "sign": signs[place]}
            for number, (k, found) in enumerate(_strongest(pair, numbers, use, spec.drivers), 1):
                key = numbers.keys[k]
                low, high = shares_by_half(_on_side(pair, use, str(signs[place])), numbers.values[use, k])
                rows.append(
                    about
                    | {
                        "place": number,
                        "key": key,
                        "correlation": found,
                        "told": bool(abs(found) > bar.told),
                        "calibrated": key in calibrated,
                        "status": known[key].status if key in known else "",
                        "lower_half": low,
                        "upper_half": high,
                        "numbers": len(numbers.keys),
                        "draws": int(use.sum()),
                    }
                )
    table_of_all = pd.DataFrame(rows, columns=list(DRIVER_COLUMNS))
    tests = len(numbers.keys) * len(table_of_all.drop_duplicates(list(_KEY)))
    table_of_all["bar_of_all"] = [bar_of_all(int(draws), tests) for draws in table_of_all["draws"]]
    table_of_all["told_of_all"] = table_of_all["correlation"].abs() > table_of_all["bar_of_all"]
    return table_of_all.astype({"told": bool, "told_of_all": bool, "calibrated": bool})


def _strongest(pair: Paired, numbers: Numbers, use: Flags, count: int) -> list[tuple[int, float]]:
    """The numbers with the largest rank correlations, and these."""
    found = correlations(pair.relative[use], numbers.values[use])
    return [(int(k), float(found[k])) for k in np.argsort(-np.abs(found), kind="stable")[:count]]


def _on_side(pair: Paired, use: Flags, sign: str) -> Reals:
    """One where a draw's effect has this sign, zero elsewhere; missing where there is none."""
    side = {"down": -1.0, "up": 1.0}.get(sign, np.nan)
    return np.where(np.isnan(side), np.nan, (np.sign(pair.effects[use]) == side).astype(float))


# --- figures ----------------------------------------------------------------------------------------------------------------------


def _drawings(outcome: Outcome, table: pd.DataFrame, ranking: pd.DataFrame) -> Iterator[Drawing]:
    """Both figures of one outcome; none where no arm has a number."""
    own = _of_outcome(table, outcome)
    own = own[own["change"].notna()]
    if own.empty:
        return
    name, said = str(outcome).replace(".", "_"), words.outcome_words(outcome)
    held = own[own["verdict"] == HOLDS]
    draws = int(own["draws"].max())
    yield Drawing(
        name=f"conclusions_{name}",
        function="conclusions",
        frame=own,
        caption="Against the baseline of the same condition in the same draw.",
        alt=f"Effects of {len(own)} arms on {said} over {draws} draws of all numbers. {len(held)} of them keep their sign.",
        settings={"title": f"{said.capitalize()}: what each arm changes, whatever the numbers are"},
    )
    places = _of_outcome(ranking, outcome)
    places = places[places["ranked"].astype(bool)]
    if not places.empty:
        first = max(places.to_dict("records"), key=lambda row: float(row["best"]))
        yield Drawing(
            name=f"first_places_{name}",
            function="first_places",
            frame=places,
            caption="Safeguards by their own baseline in the same draws.",
            alt=f"Share of draws in which each safeguard is best for {said}. Most: {spoken(first['arm'])} {first['condition']}, "
            f"{PER_CENT * float(first['best']):.0f} per cent.",
            settings={"title": f"{said.capitalize()}: in how many draws each safeguard is the best"},
        )
