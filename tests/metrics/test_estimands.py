"""Every estimand, told again from its definition with nothing but the result's frames and plain Python."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from itertools import product
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from sim.config import load
from sim.draws import Draws
from sim.metrics import (
    COOPERATION_ESTIMANDS,
    FOLLOWED,
    UNITS,
    WANTED,
    Finished,
    displaced,
    displacement_rate,
    displacement_rows,
    given_of,
    given_rows,
)
from sim.metrics.estimands import pair_rows
from sim.result import Result
from sim.simulation import simulate
from sim.world.vocabulary import GROUPS

MONTH = 30.4375  # days
FOLLOW_UP = 24 * MONTH
SIDES = ("autocracies", "democracies")
REGIMES = ("closed_autocracy", "electoral_autocracy", "electoral_democracy", "liberal_democracy")
EVENTFUL = (  # short, with many abusive cases, leaks and notices, so that nothing is compared at zero only
    *("years=2", "demand.abusive_odds=0.2", "demand.secret_share=0.4", "demand.urgent_share=0.2"),
    *("review.misuse_chance=0.6", "review.onward_chance=0.3", "review.domestic_notice=0.5", "conduct.spyware=1"),
    *("demand.realtime_share=0.3", "demand.realtime_most=0.6", "instruments.hanoi.realtime=obliges"),
    "states.powers.intercept_median_years=1.5",
)
WORLDS = {
    "made up": ("states=synthetic", "states.synthetic.count=8", "people.rows=300", "demand.legitimate=120"),
    "real": ("people.rows=1500", "demand.legitimate=250"),
    "unloaded": ("states=synthetic", "states.synthetic.count=6", "people.rows=200", "demand.legitimate=90", "review.load=false"),
}
WORLDS["few people"] = (  # the same person meets with it in several years
    *("states=synthetic", "states.synthetic.count=6", "people.rows=200", "demand.legitimate=200"),
    "demand.abusive_most_per_person=3",
    *(f"people.per_million.{group}=1" for group in GROUPS),
)
CLASSES = ("subscriber", "traffic", "content")
Row = dict[Hashable, Any]
Told = dict[tuple[str, str], tuple[float, int]]  # (by, level): value and count


class Retold:
    """A result as lists of rows, and the definitions of the model description, section 5, over them."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.years = result.config.years
        self.days = self.years * 12 * MONTH
        self.requests: list[Row] = result.requests.to_dict("records")
        self.cases: list[Row] = result.cases.to_dict("records")
        self.by_id = {case["id"]: case for case in self.cases}
        states = result.finished.world.states
        self.codes = states.codes
        self.regime = {code: REGIMES[level] for code, level in zip(states.codes, states.regime, strict=True)}
        self.protection = dict(zip(states.codes, states.data_protection, strict=True))
        people = result.people
        self.at_risk = {group: float(people.loc[people["group"] == group, "weight"].sum()) for group in GROUPS}
        self.cohort = [case for case in self.cases if 0 <= case["month"] < 12 * self.years]
        self.ids = {case["id"] for case in self.cohort}
        self.formal = [row for row in self.requests if row["channel"] in ("formal", "emergency")]
        self.of_cohort = [row for row in self.formal if row["case"] in self.ids]
        answers = [row for row in self.requests if row["channel"] != "preservation" and isinstance(row["granted_class"], str)]
        self.giving_ever = self.best([row for row in answers if self.enough(row)])
        self.giving = self.best([row for row in answers if self.enough(row) and self.in_time(row, "executed_day")])
        self.abusive = [case for case in self.cohort if case["abusive"]]
        self.abroad = [case for case in self.abusive if case["status"] != "domestic"]
        self.needs = [case for case in self.cohort if not case["abusive"] and case["status"] != "domestic"]
        self.in_window = [row for row in answers if row["case"] in self.ids and row["executed_day"] < self.days]
        self.disclosed_on_people = [row for row in self.in_window if row["abusive"]]

    def in_time(self, row: Row, day: str) -> bool:
        """Every case is followed for 24 months from the wish."""
        return bool(row[day] - self.by_id[row["case"]]["day"] <= FOLLOW_UP)

    def pairs(self, rows: list[Row], whole: list[Row], by_group: bool) -> Told:
        """Requests that gave data by the classes of requester and requested, over all cases of the requester's class."""
        found: Told = {}
        for asks in REGIMES:
            of_class = [case for case in whole if self.regime[str(case["requester"])] == asks]
            mine = [row for row in rows if self.regime[str(row["requester"])] == asks]
            cells = {"": (of_class, mine)}
            if by_group:
                cells = {f"{g}|": ([c for c in of_class if c["group"] == g], [r for r in mine if r["group"] == g]) for g in GROUPS}
            for group, (cases, gave) in cells.items():
                if not cases:
                    continue
                if group:
                    found["group_regime", group + asks] = (len(gave) / len(cases), len(gave))
                for answers in REGIMES:
                    hit = sum(self.regime[str(row["requested"])] == answers for row in gave)
                    found["group_pair" if group else "pair", f"{group}{asks}>{answers}"] = (hit / len(cases), hit)
        return found | (self.sides(rows, whole) if by_group else {})

    def sides(self, rows: list[Row], whole: list[Row]) -> Told:
        """The same by group with autocracies and democracies alone on either side."""
        found: Told = {}
        for group, asks, answers in product(GROUPS, SIDES, SIDES):
            cases = [case for case in whole if case["group"] == group and self.side(case["requester"]) == asks]
            gave = [row for row in rows if row["group"] == group and self.side(row["requester"]) == asks]
            if cases:
                hit = sum(self.side(row["requested"]) == answers for row in gave)
                found["group_sides", f"{group}|{asks}>{answers}"] = (hit / len(cases), hit)
        return found

    def side(self, state: object) -> str:
        """Whether a state is an autocracy, closed or electoral, or a democracy."""
        return "autocracies" if self.regime[str(state)].endswith("autocracy") else "democracies"

    def enough(self, row: Row) -> bool:
        """A side door that gives less than was asked for meets no ordinary need."""
        formal = row["channel"] in ("formal", "emergency")
        return bool(row["abusive"] or formal or CLASSES.index(row["granted_class"]) >= CLASSES.index(row["data_class"]))

    def best(self, rows: list[Row]) -> list[Row]:
        """One row a case: the most intrusive, then the earliest."""
        kept: dict[Any, Row] = {}
        for row in rows:
            rival = kept.get(row["case"])
            rank = -CLASSES.index(row["granted_class"]), row["executed_day"]
            if rival is None or rank < (-CLASSES.index(rival["granted_class"]), rival["executed_day"]):
                kept[row["case"]] = row
        return list(kept.values())

    def own(self, case: Row) -> dict[str, str]:
        """Slices known before anyone files."""
        known = {"requester": str(case["requester"]), "regime": self.regime[str(case["requester"])]}
        known["year"] = str(1 + int(case["day"] // (12 * MONTH)))
        return known | ({"group": str(case["group"])} if case["abusive"] else {"conduct": str(case["conduct"])})

    def rate(self, hit: Iterable[Row], whole: list[Row]) -> Told:
        """Hit cases over all cases, whole and by the cases' own slices."""
        hits, wholes = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for counter, cases in ((hits, hit), (wholes, whole)):
            for case in cases:
                counter[("all", "all")] += 1
                for by, level in self.own(case).items():
                    counter[(by, level)] += 1
        return {key: (hits[key] / wholes[key], hits[key]) for key in wholes}

    def filed_slices(self, rows: list[Row], whole: int) -> Told:
        """Giving requests by what was filed, over all latent cases."""
        found: Counter[tuple[str, str]] = Counter()
        for row in rows:
            for by in ("requested", "instrument", "channel", "kind", "label"):
                found[(by, str(row[by]))] += 1
            found[("data_class", str(row["granted_class"]))] += 1
        return {key: (count / whole, count) for key, count in found.items()}

    def case_disclosure_rate(self) -> Told:
        rows = [row for row in self.giving if row["abusive"] and row["case"] in self.ids]
        hit = [self.by_id[case] for case in {row["case"] for row in rows}]
        told = self.rate(hit, self.abusive) | self.filed_slices(rows, len(self.abusive))
        return told | self.pairs(rows, self.abusive, by_group=False) | self.pairs(rows, self.abusive, by_group=True)

    def cross_border_disclosure_rate(self) -> Told:
        rows = [row for row in self.giving if row["abusive"] and row["case"] in self.ids]
        hit = [self.by_id[case] for case in {row["case"] for row in rows}]
        told = self.rate(hit, self.abroad) | self.pairs(rows, self.abroad, by_group=False)
        return told | self.pairs(rows, self.abroad, by_group=True)

    def domestic_share(self) -> Told:
        return self.rate([case for case in self.abusive if case["status"] == "domestic"], self.abusive)

    def legit_met_rate(self) -> Told:
        rows = [row for row in self.giving if not row["abusive"] and row["case"] in self.ids]
        hit = [self.by_id[case] for case in {row["case"] for row in rows}]
        told = self.rate(hit, self.needs) | self.filed_slices(rows, len(self.needs))
        return told | self.pairs(rows, self.needs, by_group=False)

    def distinct(self, rows: list[Row], yearly: bool) -> Counter[str]:
        seen = set()
        for row in rows:
            case = self.by_id[row["case"]]
            year = int(row["executed_day"] // (12 * MONTH)) if yearly else 0
            seen.add((str(case["group"]), case["person"], case["member"], year))
        return Counter(group for group, *_ in seen)

    def by_group(self, counts: Counter[str], years: int) -> Told:
        return {
            ("group", group): (1e5 * counts[group] / people / years, counts[group])
            for group, people in self.at_risk.items()
            if people > 0
        }

    def targeted_rate(self) -> Told:
        return self.by_group(self.distinct(self.disclosed_on_people, yearly=True), self.years)

    def targeted_people(self) -> Told:
        count = self.distinct(self.disclosed_on_people, yearly=True).total()
        told: Told = {("all", "all"): (count / self.years, count)}
        for asks in REGIMES:
            for answers in REGIMES:
                rows = [
                    row
                    for row in self.disclosed_on_people
                    if (self.regime[str(row["requester"])], self.regime[str(row["requested"])]) == (asks, answers)
                ]
                people = self.distinct(rows, yearly=True).total()
                told["pair", f"{asks}>{answers}"] = (people / self.years, people)
        return told

    def targeted_rate_treaty(self) -> Told:
        through = [row for row in self.disclosed_on_people if row["instrument"] == "hanoi"]
        return self.by_group(self.distinct(through, yearly=True), self.years)

    def ever_targeted(self) -> Told:
        counts = self.distinct(self.disclosed_on_people, yearly=False)
        total, people = counts.total(), sum(self.at_risk.values())
        return self.by_group(counts, 1) | {("window_years", str(self.years)): (1e5 * total / people, total)}

    def attempted_rate(self) -> Told:
        filed = {row["case"] for row in self.requests if row["channel"] != "spontaneous" and self.in_time(row, "filed_day")}
        return self.only_group([case for case in self.abusive if case["id"] in filed])

    def deterred_share(self) -> Told:
        return self.only_group([case for case in self.abusive if case["status"] == "deterred"])

    def preserved_only(self) -> Told:
        done = [row for row in self.requests if row["channel"] == "preservation" and row["status"] == "executed"]
        frozen = {row["case"] for row in done if self.in_time(row, "executed_day")}
        given = {row["case"] for row in self.giving}
        return self.only_group([case for case in self.abusive if case["id"] in frozen - given])

    def only_group(self, hit: list[Row]) -> Told:
        return {key: told for key, told in self.rate(hit, self.abusive).items() if key[0] in ("all", "group")}

    def disclosure_severity(self) -> Told:
        weight, live_weight = self.result.config.metrics.severity, self.result.config.metrics.severity_live
        total: dict[str, float] = defaultdict(float)
        counts: Counter[str] = Counter()
        ranked: dict[Any, list[Row]] = defaultdict(list)
        for row in self.disclosed_on_people:
            ranked[row["case"]].append(row)
        for rows in ranked.values():
            row = self.best([row for row in rows if row["realtime_months"]] or rows)[0]
            total[str(row["group"])] += live_weight if row["realtime_months"] else weight[row["granted_class"]]
            counts[str(row["group"])] += 1
        return {("group", g): (1e5 * total[g] / people / self.years, counts[g]) for g, people in self.at_risk.items() if people}

    def legit_delay_days(self) -> Told:
        needs = {case["id"] for case in self.needs}
        waited = []
        for row in self.giving:
            if row["case"] in needs:
                days = row["executed_day"] - self.by_id[row["case"]]["day"]
                if days <= FOLLOW_UP:
                    waited.append(days)
        told: Told = {}
        for share in self.result.config.metrics.quantiles:
            reached = [day for day in sorted(waited) if sum(other <= day for other in waited) >= share * len(needs)]
            told[("quantile", f"{share:g}")] = (reached[0] if reached else math.nan, len(waited))
        return told

    def unanswered_share(self) -> Told:
        silent, whole = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for row in self.of_cohort:
            if row["status"] == "diverted":
                continue
            purpose = "abusive" if row["abusive"] else "legitimate"
            for key in (("all", "all"), ("requested", str(row["requested"])), ("purpose", purpose)):
                whole[key] += 1
                silent[key] += row["status"] in ("lapsed", "parked", "pending")
        return {key: (silent[key] / whole[key], silent[key]) for key in whole}

    def backlog_months(self) -> Told:
        monthly = self.result.monthly
        if np.isinf(monthly["capacity_hours"]).any():
            return {}
        window = monthly[(monthly["month"] >= 0) & (monthly["month"] < 12 * self.years)]
        months, waits = 12 * self.years, window["backlog_hours"] / window["capacity_hours"]
        by_state = waits.groupby(window["requested"], observed=False).mean()
        told: Told = {("requested", str(code)): (value, months) for code, value in by_state.items()}
        both = window.groupby("month")[["backlog_hours", "capacity_hours"]].sum()
        return told | {("all", "all"): ((both["backlog_hours"] / both["capacity_hours"]).mean(), months)}

    def legit_met_in_full(self) -> Told:
        full = {
            row["case"]
            for row in self.giving
            if not row["abusive"]
            and row["case"] in self.ids
            and row["executed_day"] - self.by_id[row["case"]]["day"] <= FOLLOW_UP
            and CLASSES.index(row["granted_class"]) >= CLASSES.index(row["data_class"])
        }
        return {("all", "all"): (len(full) / len(self.needs), len(full))}

    def legit_usable_rate(self) -> Told:
        """Nobody is trained here; the luck of a case is the run's."""
        usable = self.result.config.review.usable
        luck = {case["id"]: float(Draws(self.result.seed).uniform("usable", np.uint64(case["id"]))) for case in self.needs}
        used = [
            self.by_id[row["case"]]
            for row in self.giving
            if row["case"] in luck and luck[row["case"]] < usable.plain + (usable.judged if row["judged"] else 0.0)
        ]
        return self.rate(used, self.needs)

    def live(self, abusive: bool) -> list[Row]:
        """One row a case by which data are collected as they come: the longest."""
        kept: dict[Any, Row] = {}
        for row in self.requests:
            if (
                row["realtime_months"]
                and row["case"] in self.ids
                and row["abusive"] == abusive
                and self.in_time(row, "executed_day")
            ):
                rival = kept.get(row["case"])
                if rival is None or row["realtime_months"] > rival["realtime_months"]:
                    kept[row["case"]] = row
        return list(kept.values())

    def realtime_rate(self) -> Told:
        rows = self.live(abusive=True)
        return self.rate([self.by_id[row["case"]] for row in rows], self.abusive) | self.filed_slices(rows, len(self.abusive))

    def legit_realtime_rate(self) -> Told:
        return self.rate([self.by_id[row["case"]] for row in self.live(abusive=False)], self.needs)

    def realtime_months(self) -> Told:
        total: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for row in self.live(abusive=True):
            if row["executed_day"] < self.days:
                total[str(row["group"])] += row["realtime_months"]
                counts[str(row["group"])] += 1
        return {("group", g): (1e5 * total[g] / people / self.years, counts[g]) for g, people in self.at_risk.items() if people}

    def domestic_rate(self) -> Told:
        """Power by own law, as a party to Budapest or, in the window, to the treaty, less what a judge who is asked stops.

        A judge is asked at the state's discretion, or as a duty where its own law wants one before disclosure.
        """
        world, config = self.result.finished.world, self.result.config
        states, review = world.states, config.review
        signed, budapest = states.groups["signatories"], states.groups["budapest"]
        chance = {}
        for row, code in enumerate(states.codes):
            trait = float(Draws(world.seed).normal("trait:applied", "judge", states.keys[row]))
            uptake = review.uptake_max * float(states.commitment[row])
            fidelity = review.fidelity_floor + (1 - review.fidelity_floor) * float(states.rule[row])
            duty = config.safeguards["judge"].own_law == "must" and states.own_laws["judge"][row]
            said = uptake + (1 - uptake) * fidelity if duty else uptake  # as adopted no text says more than `may`
            latent = NormalDist().inv_cdf(said) + math.sqrt(review.trait_share) * trait
            asked = NormalDist().cdf(latent / math.sqrt(1 - review.trait_share))
            power = bool(signed[row] or budapest[row] or states.compels[row])
            chance[code] = (1 - float(states.judicial[row]) * asked) * power
        at_home = [case for case in self.abusive if case["status"] == "domestic"]
        told: Told = {}
        for by, level in {key for case in at_home for key in (("all", "all"), *self.own(case).items()) if key[0] != "year"}:
            mine = [case for case in at_home if by == "all" or self.own(case)[by] == level]
            given = [chance[str(case["requester"])] for case in mine]
            told[by, level] = (sum(given) / len(mine), sum(one > 0 for one in given))
        return told

    def secondary_use_rate(self) -> Told:
        ways = {"own_use": ("own_use", "both"), "onward": ("onward", "both")}
        people = sum(self.at_risk.values())
        leaks = {level: len({row["case"] for row in self.in_window if row["misused"] in kinds}) for level, kinds in ways.items()}
        harmed = len({row["case"] for row in self.in_window if row["misused"] != "no"})
        told = {("all", "all"): (1e5 * harmed / people / self.years, harmed)}
        return told | {("risk", level): (1e5 * count / people / self.years, count) for level, count in leaks.items()}

    def spyware_rate(self) -> Told:
        """Every abusive case that ended without data, of the most repressive states, where the chance is one."""
        states = self.result.finished.world.states
        most = sorted(range(states.count), key=lambda row: -states.repression[row])[: self.result.config.conduct.spyware_states]
        spies = {states.codes[row] for row in most}
        ended = ("deterred", "ended", "open")
        hit = [case for case in self.abusive if case["status"] in ended and str(case["requester"]) in spies]
        people = {(str(case["group"]), case["person"], case["member"], case["month"] // 12) for case in hit}
        count = Counter(group for group, *_ in people)
        return {("group", g): (1e5 * count[g] / at_risk / self.years, count[g]) for g, at_risk in self.at_risk.items() if at_risk}

    def notified_share(self) -> Told:
        hit = [row for row in self.giving if row["abusive"] and row["case"] in self.ids]
        told = sum(row["told"] != "never" for row in hit)
        return {("all", "all"): (told / len(hit), told)}

    def selected(self, part: str, abusive: bool | None) -> Told:
        """Diagnostics: selected on filing."""
        executed = ("executed", "executed_in_part", "executed_empty")
        hits, wholes = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for row in self.of_cohort:
            answered = not math.isnan(row["decided_day"]) and row["status"] != "withdrawn"
            inside = row["status"] in executed or (part == "refused" and (row["status"] == "refused" or answered))
            if not inside or (abusive is not None and row["abusive"] != abusive):
                continue
            hit = row["status"] == "refused" if part == "refused" else row["abusive"]
            keys = (("all", "all"), ("instrument", str(row["instrument"])), ("regime", self.regime[str(row["requester"])]))
            for key in keys:
                wholes[key] += 1
                hits[key] += hit
        return {key: (hits[key] / wholes[key], hits[key]) for key in wholes}

    def abuse_share(self) -> Told:
        return self.selected("abusive", None)

    def block_rate(self) -> Told:
        return self.selected("refused", abusive=True)

    def false_refusal_rate(self) -> Told:
        return self.selected("refused", abusive=False)


BY_PAIRING = {"displacement_rate", "chilling", "silenced_share"}  # or while people adapt: tests/society
ESTIMANDS = sorted(set(UNITS) - BY_PAIRING)


@pytest.fixture(scope="module", params=WORLDS)
def retold(request: pytest.FixtureRequest) -> Retold:
    return Retold(simulate(load(*WORLDS[request.param], *EVENTFUL), seed=11))


def measured(result: Result, metric: str) -> Told:
    rows = result.metrics[result.metrics["metric"] == metric]
    told = {(str(r.by), str(r.level)): (float(r.value), int(r.count)) for r in rows.itertuples(index=False)}
    assert len(told) == len(rows), "a level stands twice"
    return told


def test_the_worlds_of_these_tests_are_eventful(retold: Retold) -> None:
    assert len(retold.disclosed_on_people) > 10
    assert len(retold.needs) > 500
    assert {row["status"] for row in retold.formal} >= {"executed", "refused", "lapsed", "withdrawn", "executed_empty"}
    assert any(row["status"] == "executed_in_part" for row in retold.formal)


@pytest.mark.parametrize("metric", ESTIMANDS)
def test_an_estimand_equals_its_definition(retold: Retold, metric: str) -> None:
    expected: Told = getattr(retold, metric)()
    found = measured(retold.result, metric)
    events = {key: told for key, told in found.items() if told[1] or key in expected}
    assert {key for key in events if key not in expected} == set(), "counted what the definition does not"
    assert {key for key in expected if key not in found} == set(), "forgot what the definition counts"
    for key, (value, count) in expected.items():
        assert found[key][0] == pytest.approx(value, rel=1e-9, nan_ok=True), key
        assert found[key][1] == count, key
    for key in set(found) - set(expected):
        assert found[key] == (0.0, 0), key


def test_who_is_hit_in_two_years_counts_twice_a_year_and_once_in_the_window() -> None:
    result = simulate(load(*WORLDS["few people"], *EVENTFUL), seed=11)
    yearly, ever = (sum(count for _, count in measured(result, metric).values()) for metric in ("targeted_rate", "ever_targeted"))
    assert yearly > ever / 2 > 0  # ever_targeted stands twice: by group, and over all


def test_every_metric_has_a_unit_and_none_is_without_a_name(retold: Retold) -> None:
    named = set(retold.result.metrics["metric"]) | set(retold.result.absent)
    assert named == set(UNITS)
    assert not set(retold.result.metrics["metric"]) & set(retold.result.absent)
    assert all(unit.strip() for unit in UNITS.values())


def test_slices_add_up_to_the_whole(retold: Retold) -> None:
    frame = retold.result.metrics
    summed = ("case_disclosure_rate", "cross_border_disclosure_rate", "domestic_share", "legit_met_rate", "unanswered_share")
    for metric in (*summed, "abuse_share", "block_rate", "false_refusal_rate"):
        rows = frame[frame["metric"] == metric]
        whole = int(rows.loc[rows["by"] == "all", "count"].iloc[0])
        for by, slices in rows[rows["by"] != "all"].groupby("by"):
            assert int(slices["count"].sum()) == whole, (metric, by)
    for metric in ("case_disclosure_rate", "legit_met_rate"):
        rows = frame[frame["metric"] == metric]
        whole = float(rows.loc[rows["by"] == "all", "value"].iloc[0])
        for by in ("requested", "instrument", "channel", "kind", "label", "data_class"):
            assert rows.loc[rows["by"] == by, "value"].sum() == pytest.approx(whole), (metric, by)


def test_people_add_up_over_groups_and_the_treaty_is_a_part(retold: Retold) -> None:
    yearly, treaty, ever, all_groups = (
        measured(retold.result, metric) for metric in ("targeted_rate", "targeted_rate_treaty", "ever_targeted", "targeted_people")
    )
    assert sum(count for _, count in yearly.values()) == all_groups[("all", "all")][1]
    for key, (_, count) in yearly.items():
        assert treaty[key][1] <= count
        assert ever[key][1] <= count
    assert ever.pop(("window_years", "2"))[1] == sum(count for _, count in ever.values())


def test_the_people_table_counts_the_same_disclosures(retold: Retold) -> None:
    assert int(retold.result.people["disclosures"].sum()) == len(retold.disclosed_on_people)


def test_cases_disclosed_and_requests_that_gave_data_agree(retold: Retold) -> None:
    disclosed = {case["id"] for case in retold.cases if case["status"] == "disclosed"}
    assert disclosed == {row["case"] for row in retold.giving_ever} >= {row["case"] for row in retold.giving}


def test_a_metric_with_too_short_a_follow_up_is_absent_with_the_reason() -> None:
    result = simulate(load(*WORLDS["made up"], "years=1", "run_out_months=23"), seed=2)
    for metric in FOLLOWED:
        assert metric not in set(result.metrics["metric"])
        assert result.absent[metric] == "follow-up of 23 months; the definition wants 24"
    assert {"domestic_share", "deterred_share", "targeted_rate"} <= set(result.metrics["metric"])
    assert result.manifest["absent"] == result.absent


def test_a_follow_up_of_just_24_months_is_enough() -> None:
    result = simulate(load(*WORLDS["made up"], "years=1", "run_out_months=24", "demand.realtime_share=0.1"), seed=2)
    assert set(FOLLOWED) - {"displacement_rate"} <= set(result.metrics["metric"]), "of single runs"


def test_backlog_is_absent_without_load_and_says_why(retold: Retold) -> None:
    loaded = retold.result.config.review.load
    assert ("backlog_months" in set(retold.result.metrics["metric"])) == loaded
    assert loaded or "review.load" in retold.result.absent["backlog_months"]


def pair(*overrides: str) -> tuple[Result, Result]:
    world = (*WORLDS["real"], *EVENTFUL)
    return simulate(load(*world), seed=4), simulate(load(*world, *overrides), seed=4)


def through(result: Result, treaty: bool) -> set[int]:
    """Cases of the cohort in which data were given within the follow-up: an answer may come later, above all after a remedy."""
    rows = result.requests.merge(result.cases[["id", "day"]].rename(columns={"id": "case"}), on="case")
    rows = rows[rows["executed_day"] - rows["day"] <= FOLLOW_UP]
    cohort = result.cases.loc[result.cases["month"].between(0, 12 * result.config.years - 1), "id"]
    rows = rows[rows["granted_class"].notna() & (rows["channel"] != "preservation") & rows["abusive"] & rows["case"].isin(cohort)]
    return set(rows.loc[(rows["instrument"] == "hanoi") == treaty, "case"])


@pytest.mark.parametrize("reform", ["scenario=no_treaty", "instruments.hanoi.threshold_years=10"])
def test_displacement_is_told_case_by_case(reform: str) -> None:
    a, b = pair(reform)
    lost = through(a, treaty=True) - through(b, treaty=True)
    share, count = displacement_rate(a.finished, b.finished)
    assert count == len(lost) > 0
    assert share == pytest.approx(len(lost & through(b, treaty=False)) / len(lost))


@pytest.mark.parametrize("reform", ["scenario=no_treaty", "instruments.hanoi.threshold_years=10"])
def test_where_displaced_cases_went_adds_up_to_the_whole(reform: str) -> None:
    a, b = (result.finished for result in pair(reform))
    share, count = displacement_rate(a, b)
    sides = given_of(a), given_of(b)
    found = displaced(*sides)
    assert found.left == count > 0
    rows = given_rows(b)[found.rows]
    assert np.unique(b.docket.case[rows]).size == rows.size, "one way a case"
    assert (b.docket.instrument[rows] != b.instruments.index("hanoi")).all()
    sums: dict[str, float] = {}
    for _, by, _, value, _ in displacement_rows(*sides):
        sums[by] = sums.get(by, 0.0) + value
    assert set(sums) == {"requested", "instrument", "channel", "kind", "label", "data_class"}
    for by, whole in sums.items():
        assert whole == pytest.approx(share, abs=1e-12), by


def test_nothing_is_displaced_between_a_run_and_itself() -> None:
    a, b = pair()
    share, count = displacement_rate(a.finished, b.finished)
    assert count == 0
    assert math.isnan(share)


def test_displacement_refuses_runs_that_share_no_cases() -> None:
    config = load(*WORLDS["made up"], *EVENTFUL)
    with pytest.raises(ValueError, match="share no cases"):
        displacement_rate(simulate(config, seed=1).finished, simulate(config, seed=2).finished)


def test_denominators_do_not_move_with_the_treaty() -> None:
    a, b = pair("scenario=no_treaty")
    for metric in ("case_disclosure_rate", "legit_met_rate", "attempted_rate"):
        wholes = []
        for result in (a, b):
            row = result.metrics.query("metric == @metric and by == 'all'").iloc[0]
            wholes.append(row["count"] / row["value"])
        assert wholes[0] == pytest.approx(wholes[1]), metric


def test_the_frame_is_tidy(retold: Retold) -> None:
    frame = retold.result.metrics
    assert list(frame.columns) == ["metric", "by", "level", "value", "count"]
    assert not frame.duplicated(["metric", "by", "level"]).any()
    assert frame["value"].dtype == np.float64
    assert frame["count"].dtype == np.int64
    assert (frame["count"] >= 0).all()
    fractions = frame["metric"].map(UNITS).str.startswith("fraction")
    assert frame.loc[fractions, "value"].dropna().between(0, 1).all()
    assert isinstance(frame, pd.DataFrame)


def test_every_estimand_has_a_direction_or_says_that_it_has_none() -> None:
    assert list(WANTED) == list(UNITS)
    assert set(WANTED.values()) == {"up", "down", None}
    assert set(COOPERATION_ESTIMANDS) <= {name for name, way in WANTED.items() if way}


def test_a_good_thing_of_people_at_risk_is_wanted_up_and_a_harm_down() -> None:
    assert {name for name, way in WANTED.items() if way == "up"} == {
        *("legit_met_rate", "legit_met_in_full", "legit_usable_rate", "legit_realtime_rate"),
        *("deterred_share", "notified_share", "block_rate"),
    }
    assert WANTED["attempted_rate"] == WANTED["case_disclosure_rate"] == "down"


# --- pairs of classes, and an equal follow-up ----------------------------------------------------------------------------


def levels_of(result: Result, metric: str, by: str) -> dict[str, tuple[float, int]]:
    return {level: told for (way, level), told in measured(result, metric).items() if way == by}


@pytest.mark.parametrize("metric", ["case_disclosure_rate", "cross_border_disclosure_rate", "legit_met_rate"])
def test_the_cells_of_a_requesters_class_add_up_to_its_rate(retold: Retold, metric: str) -> None:
    cells, rows = levels_of(retold.result, metric, "pair"), levels_of(retold.result, metric, "regime")
    assert len(cells) == 4 * len(rows)
    for asks, (value, count) in rows.items():
        own = [cells[f"{asks}>{answers}"] for answers in REGIMES]
        assert sum(part for part, _ in own) == pytest.approx(value)
        assert sum(events for _, events in own) == count


@pytest.mark.parametrize("metric", ["case_disclosure_rate", "cross_border_disclosure_rate"])
def test_the_cells_of_a_group_and_class_add_up_to_its_rate_and_groups_to_the_pair(retold: Retold, metric: str) -> None:
    cells, rows = levels_of(retold.result, metric, "group_pair"), levels_of(retold.result, metric, "group_regime")
    pairs, groups = levels_of(retold.result, metric, "pair"), levels_of(retold.result, metric, "group")
    assert rows
    assert len(cells) == 4 * len(rows)
    for level, (value, _) in rows.items():
        assert sum(cells[f"{level}>{answers}"][0] for answers in REGIMES) == pytest.approx(value)
    for pair, (_, count) in pairs.items():
        assert sum(cells[f"{group}|{pair}"][1] for group in groups if f"{group}|{pair}" in cells) == count
    for group, (_, count) in groups.items():
        assert sum(events for level, (_, events) in rows.items() if level.startswith(f"{group}|")) == count


def test_the_two_footings_differ_by_what_is_at_home(retold: Retold) -> None:
    case, twin, home = (
        measured(retold.result, metric) for metric in ("case_disclosure_rate", "cross_border_disclosure_rate", "domestic_share")
    )
    assert 0.02 < home["all", "all"][0] < 0.95
    for key in [key for key in twin if key[0] in ("all", "group", "requester", "regime", "year")]:
        assert twin[key][1] == case[key][1]
        assert case[key][0] == pytest.approx(twin[key][0] * (1 - home[key][0])), key


def test_people_of_all_pairs_are_at_least_the_people(retold: Retold) -> None:
    cells = levels_of(retold.result, "targeted_people", "pair")
    whole = measured(retold.result, "targeted_people")["all", "all"][1]
    assert len(cells) == 16
    assert whole <= sum(count for _, count in cells.values()) <= len(retold.disclosed_on_people)


HAND = (  # case, requester's and requested's class, group; -1: nobody disclosed it
    *((0, 3, 0), (0, 3, 1), (0, 2, 0), (0, -1, 0), (0, -1, 1)),
    *((2, 0, 1), (2, -1, 1)),
)


def test_pairs_by_hand_and_in_any_order_of_the_rows() -> None:
    """Seven wishes, four disclosed: the numbers are counted on paper."""
    for order in (np.arange(7), np.array([6, 2, 4, 0, 5, 1, 3])):
        asks, answers, group = (np.array([HAND[place][part] for place in order]) for part in range(3))
        given = np.flatnonzero(answers >= 0)
        run = cast(
            Finished,
            SimpleNamespace(
                cases=SimpleNamespace(requester=asks, group=group),
                docket=SimpleNamespace(case=given, requested=answers[given]),
                world=SimpleNamespace(states=SimpleNamespace(regime=np.arange(4))),
            ),
        )
        rows = np.arange(given.size)
        told = {(by, level): (value, count) for _, by, level, value, count in pair_rows("m", run, rows, np.arange(7))}
        closed, electoral, liberal = REGIMES[0], REGIMES[2], REGIMES[3]
        assert told["pair", f"{closed}>{liberal}"] == (2 / 5, 2)
        assert told["pair", f"{closed}>{electoral}"] == (1 / 5, 1)
        assert told["pair", f"{closed}>{closed}"] == (0.0, 0)
        assert told["pair", f"{electoral}>{closed}"] == (1 / 2, 1)
        assert told["group_regime", f"journalist|{closed}"] == (2 / 3, 2)
        assert told["group_pair", f"journalist|{closed}>{liberal}"] == (1 / 3, 1)
        assert told["group_pair", f"dissident|{closed}>{liberal}"] == (1 / 2, 1)
        assert told["group_pair", f"dissident|{electoral}>{closed}"] == (1 / 2, 1)
        assert told["group_sides", "journalist|autocracies>democracies"] == (2 / 3, 2)
        assert told["group_sides", "dissident|autocracies>democracies"] == (1 / 2, 1)
        assert told["group_sides", "dissident|democracies>autocracies"] == (1 / 2, 1)
        assert {by for by, _ in told} == {"pair", "group_regime", "group_pair", "group_sides"}
        assert len(told) == 2 * 4 + 3 + 3 * 4 + 3 * 2  # a level in which nothing could have happened has no row


def test_a_longer_run_out_changes_nothing_that_is_counted_by_case() -> None:
    """Whoever is followed for 24 months is followed no longer because the run goes on."""
    slow = ("review.delay_months=14", "review.lapse_per_year=0.05", "conduct.preservation_share=0.35")
    world = (*WORLDS["made up"], *EVENTFUL, *slow)
    short, long = (simulate(load(*world, f"run_out_months={months}"), seed=11) for months in (24, 48))
    for metric in (*FOLLOWED, "domestic_share", "deterred_share"):
        before, after = measured(short, metric), measured(long, metric)
        assert before.keys() == after.keys()
        np.testing.assert_array_equal(list(before.values()), list(after.values()), metric)
    late = Retold(long)
    assert sum(row["abusive"] and row["case"] in late.ids for row in late.giving_ever) > 1.02 * len(
        [row for row in late.giving if row["abusive"] and row["case"] in late.ids]
    ), "nothing came late: the test shows nothing"
