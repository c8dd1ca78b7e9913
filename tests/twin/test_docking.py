"""The twin and the compiled model agree event for event: every request, case, person, text in force, officer-hour and volume.

Small made-up worlds in which much is asked about people at risk, so that each rule is met; the real world in small once.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from sim.config import load
from tests.twin import docking
from tests.twin.docking import Pair

SMALL = (
    *("states=synthetic", "states.synthetic.count=8", "people.rows=300", "demand.legitimate=30", "years=1"),
    *("calibration_months=6", "run_in_months=12", "run_out_months=12"),
)
ROUGH = (
    *("states=synthetic", "states.synthetic.count=12", "people.rows=600", "demand.legitimate=40", "years=2"),
    *("calibration_months=6", "run_in_months=12", "run_out_months=12"),
    *("demand.abusive_odds=0.6", "demand.abusive_floor=0.3", "demand.abusive_most=3.0", "demand.abusive_most_per_person=100.0"),
    *("demand.foreign_share=0.2", "demand.false_urgent_share=0.2", "demand.secret_share=0.5"),
    *("demand.realtime_share=0.3", "demand.realtime_most=0.5", "review.misuse_chance=0.5", "review.onward_chance=0.4"),
)
"""Much abuse, and much of everything that is rare."""
LOUD = (
    *("conduct=adaptive", "adaptation.requesters.pull=8.0", "adaptation.requesters.rate=0.3"),
    *("adaptation.exposure.chance=0.6", "adaptation.exposure.lag_months=3.0", "adaptation.people.publicity=2.0"),
    *("adaptation.reviewers.suspends=1.0", "adaptation.legislatures.rise=1.0", "adaptation.legislatures.copying=1.0"),
    *("adaptation.legislatures.new_laws=1.0", "adaptation.legislatures.protocol_years=1.0"),
    *("adaptation.legislatures.protocol_parties=3", "adaptation.members.leave_hazard=0.2", "adaptation.members.notice_days=90.0"),
)
"""Everybody adapts, and fast."""
JOINING = ("adaptation.members.joining=true", "adaptation.members.quorum=3", "adaptation.members.hazard=2.0")
LEAVING = ("adaptation.members.leaving=true", "adaptation.members.leave_hazard=0.5", "adaptation.members.notice_days=40.0")
OTHERS = (
    *("research_exempt", "panel", "discrimination_extended", "prejudice_extended", "good_faith", "transfer_law", "provider"),
    *("person", "publication", "suspension", "training"),
)
EVERYTHING = tuple(f"+instruments.hanoi.safeguards.{name}=must" for name in OTHERS)
DIALS = (
    "+states.override={all: {uptake: 0.9}, closed_autocracy: {penalties: {protected: {most: 3.0}, insult: no_crime,"
    " blasphemy: 7.0}, appetite: {journalist: 0.3, dissident: 0.0}, hours: 0.5}, AAB: {fidelity: 0.1, judicial: 0.9, skill: 0.9,"
    " transfer_protection: 0.8, breadth: 1.0}, mine: {hours: 2.0, breadth: 0.5}}",
    "+states.lists={mine: [AAC, AAD]}",
)
CORNERS: dict[str, tuple[str, ...]] = {
    "naive": (),
    "endless hours": ("review.load=false",),
    "adaptive": LOUD,
    "adaptive, endless hours": (*LOUD, "review.load=false"),
    "short hours": (*LOUD, "review.utilisation_low=1.5", "review.utilisation_high=3.0"),
    "relabelling": ("conduct=relabel", "conduct.attempts=3", "conduct.legal_basis=requester_choice"),
    "no fall-through": ("conduct.fall_through=false", "conduct.attempts=3", "conduct.retry_days=5.0"),
    "choice without fall-through": ("conduct.fall_through=false", "conduct.legal_basis=requester_choice"),
    "everything is filed": ("conduct.file_everything=true", "conduct.intent=false", "conduct.residence_weight=0.0"),
    "destinations alone": ("adaptation.requesters.destinations=true", "adaptation.requesters.attempts=3"),
    "channels alone": ("adaptation.requesters.channels=true", "adaptation.requesters.pull=10.0"),
    "volume alone": ("adaptation.requesters.volume=true",),
    "joining": (*JOINING, *LEAVING),
    "joining, trained and hired": (*JOINING, "scenario=capacity", "review.capacity=follows"),
    "hours as adopted": ("review.capacity=as_adopted",),
    "no run-in": (*LOUD, "run_in_months=0"),
    "starts in July": (*LOUD, "start=2027-07-01"),
    "liberal": ("definition=liberal",),
    "catch-all": ("definition=catch_all", *LOUD),
    "research is no crime": ("+states.override={all: {breadth: 1.0, penalties: {unauthorised_research: no_crime}}}",),
    "core crimes": ("scenario=core_cyber",),
    "no care": ("review.strength=0.0",),
    "all care": ("review.strength=1.0", "review.acuity=2.0"),
    "dials": (*DIALS, *LOUD),
    "every safeguard": EVERYTHING,
    "every safeguard everywhere": (*EVERYTHING, *LOUD, "reforms=everywhere", "safeguards.panel.binding=true"),
    "suspended at once": (
        *(*EVERYTHING, "conduct.attempts=3", "safeguards.suspension.refusals=1", "safeguards.suspension.share=0.1"),
        *("safeguards.suspension.months=4", "safeguards.suspension.reciprocal=true"),
    ),
    "spyware": ("conduct.spyware=0.5", "conduct.spyware_states=4"),
}
SHOCKED = (
    "shock.turn={at: 3, states: [closed_autocracy, AAB], set: {liberal: 0.05, terror: 2.0, strength: 0.9, hours: 0.5,"
    " judicial: 0.9, penalties: {protected: {least: 5.0}, insult: no_crime}, breadth: 0.8, appetite: {dissident: 0.4}}, fade: 2.5}",
    "shock.pact={at: 6, states: [AAA, AAB, AAC], set: {instruments: {cloud_act: {binds: true}, mlat: {binds: true}}}}",
    "shock.party={at: 0, states: AAD, set: {instruments: {budapest: {binds: true}}, repression: 2.0, transfer_protection: 0.1}}",
    "shock.leaves={at: 9, states: AAA, set: {instruments: {budapest: {binds: false}}, uptake: 0.9, skill: 0.1}, fade: 3}",
    "shock.frictions={at: 8, set: {review: {rho: 0.2, hours_median: 4.0, c_trust: 1.5}, conduct: {direct_share: 0.9},"
    " instruments: {hanoi: {threshold_years: 6.0, safeguards: {judge: must, training: must}, delay_factor: 0.3}},"
    " safeguards: {desk: {bar: 2.0}, person: {contests: 0.9}}}, fade: 4}",
)
"""A shock of each kind, lasting and fading, from the first day and later."""
CORNERS |= {
    "shocked": SHOCKED,
    "shocked, adaptive": (*SHOCKED, *LOUD),
    "shocked, parties fixed": (
        *(*SHOCKED, *LOUD, "adaptation.members.leaving=false"),
        "shock.joins={at: 7, states: [AAE, AAF], set: {instruments: {hanoi: {binds: true}}, penalties: {false_news: 9.0}}}",
        "+instruments.hanoi.parties.without={AAE: true, AAF: true}",
    ),
    "shocked, hours follow": (*(word.replace(" hours: 0.5,", "") for word in SHOCKED), "review.capacity=follows"),
}
SCENARIOS = sorted(path.stem for path in Path("configs/scenario").glob("*.yaml"))


def shown(found: list[str]) -> str:
    return "\n".join([f"{len(found)} differences", *found[:20]])


@cache
def corner(name: str) -> Pair:
    said = CORNERS[name]
    ours = {key.partition("=")[0].lstrip("+") for key in said}
    kept = [key for key in ROUGH if key.partition("=")[0] not in ours]
    return docking.pair(load(*kept, *(key.removeprefix("+") if key == "run_in_months=0" else key for key in said)), 5)


def test_naive_and_adaptive_worlds_dock() -> None:
    for said in ((), ("review.load=false",), ("conduct=adaptive",), SHOCKED):
        found = docking.dock(load(*SMALL, *said), 3)
        assert not found.differences, shown(found.differences)
        assert found.excused == 0


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_docks(scenario: str) -> None:
    found = docking.differences(load(*SMALL, f"scenario={scenario}"), 3)
    assert not found, shown(found)


@pytest.mark.exhaustive
@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "adaptive"])
def test_every_scenario_docks_where_everybody_adapts(scenario: str) -> None:
    found = docking.differences(load(*ROUGH, *LOUD, f"scenario={scenario}", "reforms=everywhere"), 6)
    assert not found, shown(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", CORNERS)
def test_corners_dock(name: str) -> None:
    found = docking.apart(corner(name))
    assert not found, shown(found)


@pytest.mark.slow
def test_the_real_world_docks() -> None:
    """All texts, memberships, groups and laws of the real world, in small."""
    real = ("people.rows=2000", "demand.legitimate=200", "years=1", "calibration_months=6", "run_in_months=6", "run_out_months=6")
    for said in (("scenario=second_protocol", *LOUD), ("scenario=democracies_out_placebo",)):
        found = docking.differences(load(*real, "demand.abusive_odds=0.1", "demand.abusive_most_per_person=10.0", *said), 2)
        assert not found, shown(found)


@pytest.mark.slow
def test_what_is_compared_happens() -> None:
    """Each word of the docket and of the book of cases stands in some row of the corners."""
    pairs = [corner(name) for name in CORNERS]
    rows = [row for both in pairs for row in both.twin.docket]
    cases = Counter(case.status for both in pairs for case in both.twin.cases)
    assert cases.keys() == {"domestic", "not_live", "deterred", "open", "disclosed", "ended"}
    assert len({row.status for row in rows}) == 10
    assert {row.channel for row in rows} == {"formal", "emergency", "preservation", "police", "spontaneous", "direct"}
    assert {row.told for row in rows} == {"never", "after", "before"}
    assert {row.second for row in rows} == {"none", "confirmed", "not_confirmed"}
    assert {row.evaded for row in rows} == {"none", "moved", "moves_if_told", "nothing_usable"}
    assert {what for row in rows for what in row.misused} == {"own_use", "onward"}
    assert {row.kind for row in rows} == {0, 1, 2}
    assert {row.attempt for row in rows} == {0, 1, 2}
    assert any(row.published for row in rows)
    assert any(row.flagged for row in rows)
    assert any(row.judged for row in rows)
    assert len({row.realtime for row in rows}) > 4
    assert len({row.reason for row in rows}) > 15
    adaptive = corner("adaptive").twin
    assert adaptive.polity is not None
    assert adaptive.polity.extended
    assert adaptive.polity.changed
    assert any(memory.resumes for memory in adaptive.reviewers.memories)
    assert min(adaptive.voices.expression) < 1.0
    assert any(both.twin.spied for both in pairs)


def test_a_bar_moved_by_rounding_is_excused_and_by_more_is_not() -> None:
    """The twin under bars that lie a hair higher is the same; under bars that lie a tenth higher it is told apart."""
    both = docking.pair(load(*SMALL), 3)
    assert not docking.apart(both._replace(twin=docking.twin_of(both.run, 3, docking.NEAR)))
    assert docking.apart(both._replace(twin=docking.twin_of(both.run, 3, 0.1)))
