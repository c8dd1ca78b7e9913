"""Two lives part where the scenario changed something, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from experiments.trace.divergence import differing, divergence, parting
from experiments.trace.facts import Fact, Life
from experiments.trace.recording import witness
from sim.review.spec import FirmNotice
from sim.settings import Config
from sim.simulation import simulate
from tests.explain.runs import SEED, loaded, partings, unloaded, with_threshold
from tests.shares import one_in
from tests.worlds import made_up, with_conduct, with_forces, with_review, with_safeguard


def telling(config: Config) -> FirmNotice:
    """Firms tell four users of five, and no gag outlasts half a year."""
    return config.review.firm_notice.model_copy(update={"share": 0.8, "gag_months": 6.0})


CHANGES: dict[str, tuple[Callable[[Config], Config], set[tuple[str, str]]]] = {
    "a force at the desk": (lambda c: with_forces(c, "must", "discrimination"), {("desk", "discrimination")}),
    "two forces": (
        lambda c: with_forces(c, "must", "discrimination", "ordre_public"),
        {("desk", "discrimination"), ("desk", "ordre_public")},
    ),
    "a force taken away": (lambda c: with_forces(c, "absent", "own_law"), {("desk", "own_law")}),
    "a gate": (lambda c: with_forces(c, "must", "dual_criminality"), {("gate", "dual_criminality")}),
    "a judge": (lambda c: with_forces(c, "must", "judge"), {("look", "judge")}),
    "a judge's bar": (lambda c: with_safeguard(c, "judge", bar=1.9), {("look", "judge")}),
    "a ground's own bar": (lambda c: with_safeguard(c, "own_law", shift=-0.5), {("desk", "own_law")}),
    "the desk's bar": (lambda c: with_safeguard(c, "desk", bar=1.5), {("desk", "desk")}),
    "notice": (lambda c: with_forces(c, "must", "person"), {("look", "person")}),
    "firms": (lambda c: with_forces(c, "must", "provider"), {("look", "provider")}),
    "firms that tell": (lambda c: with_review(c, firm_notice=telling(c)), {("look", "firm_notice")}),
    "advice": (lambda c: with_forces(c, "must", "panel"), {("panel", "panel")}),
    "a panel": (lambda c: with_safeguard(with_forces(c, "must", "panel"), "panel", binding=True), {("panel", "panel")}),
    "public statistics": (lambda c: with_forces(c, "must", "publication"), {("aftermath", "publication")}),
    "a threshold": (lambda c: with_threshold(c, 8.0), {("instrument", "seriousness")}),
    "patience": (lambda c: with_review(c, lapse_per_year=1.5), {("execution", "patience")}),
    "retention": (lambda c: with_review(c, retention_months=3.0), {("retention", "retention")}),
    "supplements": (lambda c: with_review(c, supplement_answered=0.2), {("supplement", "supplement")}),
    "appetite": (lambda c: with_conduct(c, appetite=0.5), {("appetite", "appetite")}),
    "framing": (lambda c: with_conduct(c, recharacterised_share=0.9), {("label", "label")}),
}


@pytest.mark.parametrize("change", one_in(4, list(CHANGES)))
def test_without_load_every_case_that_differs_parts_at_the_changed_rule(change: str) -> None:
    apply, places = CHANGES[change]
    parted = partings(unloaded(), apply(unloaded()), most=40)
    assert len(parted) >= 3
    assert {(d.step, d.rule) if d else None for d in parted} == places


def test_without_fall_through_a_threshold_parts_lives_at_the_gate() -> None:
    one = with_conduct(unloaded(), fall_through=False)
    parted = partings(one, with_threshold(one, 8.0))
    assert {(d.step, d.rule) for d in parted if d} == {("gate", "seriousness")}


def test_who_is_bound_parts_lives_at_the_legal_basis_or_at_a_side_door() -> None:
    parted = partings(unloaded(), made_up("review.load=false", "scenario=no_treaty"))
    assert {(d.step, d.rule) for d in parted if d} == {("instrument", "parties"), ("side_door", "parties")}


def test_a_suspension_is_named_wherever_it_bites() -> None:
    one = with_forces(unloaded(), "must", "discrimination", "ordre_public", "own_law", "political_offence")
    sharp = with_safeguard(one, "suspension", refusals=2.0, share=0.02)
    parted = partings(sharp, with_forces(sharp, "must", "suspension"))
    assert {d.rule for d in parted if d} == {"suspension"}
    assert {d.step for d in parted if d} <= {"instrument", "side_door"}


def test_what_hours_do_is_the_training_s() -> None:
    offered = with_safeguard(loaded(), "training_volume", below=1.0, hours_factor=3.0)
    parted = partings(offered, with_forces(offered, "must", "training_volume"))
    assert {d.rule for d in parted if d} <= {"training", "queue", "effort"}
    assert ("queue", "training") in {(d.step, d.rule) for d in parted if d}


ALL = "states.override.all."
DIALLED: dict[str, tuple[tuple[str, ...], tuple[str, ...], set[tuple[str, str]]]] = {
    "skill": ((f"{ALL}skill=0.05",), (), {("desk", "skill")}),
    "judicial": ((f"{ALL}judicial=0.0",), ("judge",), {("look", "judicial")}),  # by a judge, or by a remedy after a firm's notice
    "uptake": ((f"{ALL}uptake=1.0",), (), {("look", "uptake"), ("gate", "uptake"), ("desk", "uptake"), ("aftermath", "uptake")}),
    "fidelity": ((f"{ALL}fidelity=0.0",), ("judge",), {(step, "fidelity") for step in ("gate", "desk", "look", "aftermath")}),
    "strength": ((f"{ALL}strength=1.0",), (), {(step, "strength") for step in ("gate", "desk", "look", "aftermath")}),
    "strength of all": (("review.strength=0.5",), (), {(step, "strength") for step in ("gate", "desk", "look", "aftermath")}),
    "more years": (
        (f"{ALL}penalties={{protected:12.0}}",), (), {(step, "penalties") for step in ("instrument", "gate", "label")}
    ),
    "a definition": (("definition=liberal",), (), {(step, "penalties") for step in ("instrument", "gate", "label")}),
    "no crime": (
        (f"{ALL}penalties={{protected:no_crime}}",), ("dual_criminality",), {("label", "penalties"), ("gate", "penalties")}
    ),
    "breadth": ((f"{ALL}breadth=0.6",), (), {("label", "breadth"), ("gate", "breadth")}),
    "a catch-all definition": (
        (f"{ALL}breadth=1.0", f"{ALL}penalties={{protected:{{least:4.0}}}}"),
        ("dual_criminality",),
        {("label", "breadth"), ("gate", "breadth"), *((step, "penalties") for step in ("instrument", "gate", "label"))},
    ),
    "appetite": (
        (f"{ALL}appetite={{journalist:0.0,dissident:0.0}}",), (), {("appetite", "appetite"), ("side_door", "appetite")}
    ),
}  # fmt: skip


@pytest.mark.parametrize("dial", DIALLED)
def test_what_a_dial_does_is_the_dial_s_and_no_training_s(dial: str) -> None:
    settings, duties, places = DIALLED[dial]
    one, other = (with_forces(made_up("review.load=false", *more), "must", *duties) for more in ((), settings))
    parted = partings(one, other, most=20)
    assert len(parted) >= 3
    assert {(d.step, d.rule) if d else None for d in parted} <= places


@pytest.mark.parametrize(("own_law", "step"), [("null", "aftermath"), ("kept", "desk")])
def test_a_receiver_s_protection_is_seen_at_the_desk_under_a_law_on_transfers_else_in_misuse(own_law: str, step: str) -> None:
    base = ("review.load=false", f"safeguards.transfer_law.own_law={own_law}")
    parted = partings(made_up(*base), made_up(*base, f"{ALL}transfer_protection=0.0"), most=60)
    assert len(parted) >= 2
    assert {(d.step, d.rule) if d else None for d in parted} == {(step, "transfer_protection")}


def test_what_courts_do_for_those_who_are_told_by_a_firm_is_the_courts_doing() -> None:
    """No judge and no notice by the state: courts matter for the remedy after a firm's notice alone."""
    silent = (f"safeguards.{name}.own_law=null" for name in ("judge", "person"))
    base = ("review.load=false", *silent, "demand.secret_share=0.3", "review.firm_notice.share=0.6")
    one, other = (with_forces(made_up(*base, *more), "absent", "judge", "person") for more in ((), (f"{ALL}judicial=0.0",)))
    parted = partings(one, other, most=20)
    assert len(parted) >= 3
    assert {(d.step, d.rule, d.why) if d else None for d in parted} == {("look", "judicial", ("independence",))}
    assert {d.one.rule for d in parted if d and d.one} == {"firm_notice"}


RESEARCHED = (  # enough of it to see what rules about it do
    *("review.load=false", "conduct.intent=true", "demand.pursuit.researcher=200.0"),
    *("demand.abusive_odds=0.5", "demand.abusive_most=2.0", "demand.abusive_most_per_person=1.0"),
)


def test_where_research_is_no_crime_lives_part_at_the_menu_or_at_the_gate_of_the_state_asked() -> None:
    one, other = (
        with_forces(made_up(*RESEARCHED, *more), "must", "dual_criminality")
        for more in ((), (f"{ALL}penalties={{unauthorised_research:no_crime}}",))
    )
    parted = partings(one, other, most=30)
    assert {(d.step, d.rule) if d else None for d in parted} == {("label", "penalties"), ("gate", "penalties")}
    left = [d.other.given["left"] for d in parted if d and d.step == "label" and d.other]
    assert {label for labels in left for label in labels} == {"illegal_access", "misuse_of_devices"}


def test_the_exemption_of_research_is_named_where_it_refuses() -> None:
    one = made_up(*RESEARCHED)
    parted = partings(one, with_forces(one, "must", "research_exempt"), most=30)
    assert len(parted) >= 3
    assert {(d.step, d.rule) if d else None for d in parted} == {("gate", "research_exempt")}


def test_what_a_dial_of_hours_does_is_no_training_s() -> None:
    places = [(d.step, d.rule) for d in partings(loaded(), made_up(f"{ALL}hours=0.3"), most=40) if d]
    assert set(places) <= {("queue", "hours"), ("queue", "queue"), ("parking", "queue")}
    assert places.count(("queue", "hours")) > 5


def test_under_load_other_cases_part_in_the_queue_alone() -> None:
    """More work for the authority moves days of files that the judge never saw."""
    parted = partings(loaded(), with_forces(loaded(), "must", "judge"), most=120)
    places = {(d.step, d.rule) for d in parted if d}
    assert places <= {("look", "judge"), ("queue", "queue"), ("queue", "effort"), ("parking", "queue")}
    assert ("look", "judge") in places
    assert ("queue", "queue") in places


def test_identical_scenarios_do_not_part() -> None:
    one, other = simulate(loaded(), SEED), simulate(made_up("output=elsewhere"), SEED)
    assert not differing(one, other).size
    assert partings(loaded(), loaded()) == []


def test_lives_of_cases_that_do_not_differ_do_not_part() -> None:
    changed = with_forces(unloaded(), "must", "discrimination")
    differ = differing(simulate(unloaded(), SEED), simulate(changed, SEED))
    filed = np.unique(witness(unloaded(), [], SEED).finished.docket.case)
    alike = [int(case) for case in np.setdiff1d(filed, differ)[::60]]
    seen = witness(unloaded(), alike, SEED), witness(changed, alike, SEED)
    decisive = [divergence(*seen, case) for case in alike]
    assert len(alike) > 80
    assert not [d for d in decisive if d is not None]


# --- which cases differ --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [True, False])
def test_the_cases_that_differ_are_those_whose_rows_differ_in_the_tables(days: bool) -> None:
    """Retold in pandas: group the published tables by case and compare what stands there."""
    a, b = simulate(loaded(), SEED), simulate(with_forces(loaded(), "must", "discrimination", "judge"), SEED)
    columns = ["channel", "requested", "instrument", "data_class", "granted_class", "label", "status", "reason"]
    columns += [
        "narrowed_by",
        "told",
        "misused",
        "published",
        *(["filed_day", "decided_day", "executed_day", "ended_day"] if days else []),
    ]
    told: list[dict[int, list[str]]] = [{}, {}]
    for result, by_case in zip((a, b), told, strict=True):
        frame = result.requests[["case", *columns]].round(5)
        for case, *row in frame.itertuples(index=False):
            by_case.setdefault(int(case), []).append(str(row))
    ids = a.finished.cases.id.astype(np.int64)
    status = a.finished.case_status != b.finished.case_status
    expected = {row for row, case in enumerate(ids) if told[0].get(int(case)) != told[1].get(int(case)) or status[row]}
    found = set(differing(a, b, days).tolist())
    assert expected <= found
    grounds_alone = found - expected  # a second ground that stood is no column of the table
    assert len(grounds_alone) <= 0.1 * len(found)
    assert len(found) > 100


# --- causes, by hand -----------------------------------------------------------------------------------------------------


def ground(outcome: str | None, rule: str = "discrimination", **given: Any) -> Fact:
    known = {"applied": True, "read": {"signal": 1.0, "bar": 2.0}, "sight": {"skill": 0.8, "effort": 1.0}, "own": {}}
    return Fact((0, 6, 9, 1), "desk", rule, outcome, (), {**known, "look": "desk", **given})


def queued(day: float, effort: float, **given: Any) -> Fact:
    return Fact((0, 6, 8, 0), "queue", "queue", None, (day, effort), {"capacity": 10.0, **given})


def ended(status: str, rule: str = "execution") -> Fact:
    return Fact((0, 6, 14, 1), "execution", rule, (status, None), (9.0,), {"reason": None})


def parted_at(one: list[Fact], other: list[Fact]) -> tuple[str, str] | None:
    found = parting(Life("one", "ended", tuple(one)), Life("other", "ended", tuple(other)))
    return (found.step, found.rule) if found else None


def test_a_ground_that_only_a_rested_reader_sees_is_the_load_s_doing() -> None:
    tired = {"read": {"signal": 0.5, "bar": 2.0}, "sight": {"skill": 0.8, "effort": 0.3}}
    assert parted_at([queued(5.0, 1.0), ground("stood")], [queued(5.0, 0.3), ground(None, **tired)]) == ("queue", "effort")


@pytest.mark.parametrize(("follows", "rule"), [(False, "training"), (True, "capacity")])
def test_other_hours_are_the_training_s_or_of_officers_who_follow_the_load(follows: bool, rule: str) -> None:
    hired = queued(4.0, 1.0, capacity=12.0, follows=follows)
    assert parted_at([queued(5.0, 1.0, follows=follows)], [hired]) == ("queue", rule)


def test_a_ground_that_only_a_trained_reader_sees_is_the_training_s() -> None:
    raw = {"read": {"signal": 0.5, "bar": 2.0}, "sight": {"skill": 0.4, "effort": 1.0}}
    assert parted_at([ground("stood")], [ground(None, **raw)]) == ("desk", "training")


def test_a_dial_that_both_lives_have_leaves_what_training_does_to_training() -> None:
    raw = {"read": {"signal": 0.5, "bar": 2.0}, "sight": {"skill": 0.4, "effort": 1.0}, "dialled": {"skill": 0.4}}
    assert parted_at([ground("stood", dialled={"skill": 0.4})], [ground(None, **raw)]) == ("desk", "training")
    assert parted_at([ground("stood", dialled={})], [ground(None, **raw)]) == ("desk", "skill")


def test_another_force_is_its_own_cause_beside_a_dial_of_care() -> None:
    other = {"applied": False, "force": "may", "dialled": {"strength": 0.0}}
    assert parted_at([ground("stood", force="must")], [ground(None, **other)]) == ("desk", "discrimination")
    assert parted_at([ground("stood", force="may")], [ground(None, **other)]) == ("desk", "strength")


def test_a_ground_that_is_applied_in_one_life_is_its_own_cause_whatever_the_load() -> None:
    tired = {"applied": False, "sight": {"skill": 0.8, "effort": 0.3}}
    assert parted_at([queued(5.0, 1.0), ground("stood")], [queued(7.0, 0.3), ground(None, **tired)]) == ("desk", "discrimination")


def test_a_ground_applied_in_vain_changes_nothing() -> None:
    assert parted_at([ground(None)], [ground(None, applied=False)]) is None


def test_an_end_that_differs_for_a_delay_is_the_delay_s() -> None:
    assert parted_at([queued(5.0, 1.0), ended("executed")], [queued(8.0, 1.0), ended("lapsed", "patience")]) == ("queue", "queue")


def test_an_end_that_differs_on_the_same_days_is_its_own_cause() -> None:
    assert parted_at([queued(5.0, 1.0), ended("executed")], [queued(5.0, 1.0), ended("lapsed", "patience")]) == (
        "execution",
        "patience",
    )


def test_a_file_that_is_read_in_one_life_alone_is_the_queue_s_doing() -> None:
    assert parted_at([queued(5.0, 1.0), ground("stood")], [ended("lapsed", "patience")]) == ("queue", "queue")


def test_another_day_counts_if_nothing_else_differs() -> None:
    assert parted_at([queued(5.0, 1.0), ended("executed")], [queued(8.0, 1.0), ended("executed")]) == ("queue", "queue")
    assert parted_at([queued(5.0, 1.0)], [queued(5.0, 0.5)]) == ("queue", "effort")
    assert parted_at([queued(5.0, 1.0)], [queued(5.0, 1.0)]) is None
