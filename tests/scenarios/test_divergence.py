"""Whatever a scenario does to a case begins at what the scenario changes (model.md 7.10): paired lives part at its own rules.

No scenario has a table of its own here: the rules at which lives may part are read from what its file changes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.design import scenarios
from experiments.trace.divergence import Divergence, differing, parting
from experiments.trace.events import life_of
from experiments.trace.facts import RULES
from experiments.trace.recording import witness
from sim.config import load, options
from sim.result import Result
from sim.review.safeguard import home_of, hook_of
from sim.settings import Config
from sim.simulation import simulate
from sim.world.docket import Docket
from sim.world.vocabulary import EMERGENCY
from tests.shares import SOME_SCENARIOS, some_fast
from tests.worlds import NO_JUDGE_BY_OWN_LAW, made_up

SCENARIOS = some_fast([name for name in options("scenario") if name != "as_adopted"], SOME_SCENARIOS)
SEED = 1
TOLD = 40  # differing cases of a scenario that are told step by step
FULL_OF_ABUSE = (
    *("demand.abusive_odds=0.5", "demand.abusive_most=2.0", "demand.abusive_most_per_person=1.0"),
    *("years=1", "run_in_months=2", "calibration_months=6"),
    "review.load=false",  # in a queue one file's fate is every later file's
    *("review.misuse_chance=0.6", "review.onward_chance=0.6", "review.domestic_notice=0.9", "review.firm_notice.share=0.8"),
    *("demand.realtime_share=0.3", "demand.realtime_most=0.6"),
    *(f"safeguards.{name}.below=1.0" for name in ("training", "training_volume", "training_screening")),
)
MADE_UP = ("people.rows=800", "demand.legitimate=15", NO_JUDGE_BY_OWN_LAW, *FULL_OF_ABUSE)
"""A made-up world whose hosts, few as they are, would all want a judge by own law: then no text that asks for one changes it."""
REAL = ("people.rows=1000", "demand.legitimate=90", *FULL_OF_ABUSE)
"""The real world with few rows, for texts that name states."""

CODE = re.compile(r"[A-Z]{3}")
Keys = dict[str, tuple[Any, Any]]
changes = cache(scenarios.changes)


def full_of_abuse(scenario: str, names_states: bool) -> Config:
    """A small world in which what is rare happens, under a scenario."""
    chosen = f"scenario={scenario}"
    return load(*REAL, chosen) if names_states else made_up(*MADE_UP, chosen)


def names_states(changed: Keys) -> bool:
    """Whether a scenario is about states, or a set of them, that no made-up world has."""
    return any(CODE.fullmatch(key.rpartition(".")[2]) or key.endswith(".parties.base") for key in changed)


# --- from what is changed to where lives may part ------------------------------------------------------------------------


def rules_of(key: str, config: Config) -> set[str]:
    """Rules at which two lives may part where one word of the configuration is changed."""
    top, first, *rest = key.split(".")
    if top == "states":
        return OF_A_DIAL[rest[1]]
    if top == "safeguards":
        return rules_of_safeguard(first, config)
    if top == "conduct":
        return OF_CONDUCT[first]
    assert top == "instruments", f"nothing is known of {key}"
    if rest[0] in ("safeguards", "stops_preservation"):
        return rules_of_safeguard(rest[1], config)
    return OF_A_TEXT[rest[0]]


def rules_of_safeguard(name: str, config: Config) -> set[str]:
    """A safeguard itself; an institution by its module; where it softens what follows, the misuse that follows."""
    safeguard = config.safeguards[name]
    if safeguard.kind == "institution":
        return {home_of(safeguard).__name__.rpartition(".")[2]}
    return {name, "misuse"} if hook_of(safeguard, "softens") else {name}


OF_A_TEXT = {
    "parties": {"parties"},
    "reaches": {"scope", "seriousness", "side_door"},
    "seriousness": {"seriousness"},
    "threshold_years": {"seriousness"},
    "harm_floor": {"seriousness"},
    "adds": {"added", "scope", "seriousness", "label", "dual_criminality", "side_door"},
    "obliges": {"dual_criminality", "side_door"},
    "most": {"instrument"},
    "filing": {"appetite", "instrument"},
    "delay_factor": {"execution", "instrument"},
    "side_doors": {"side_door"},
    "secrecy": {"notice", "person", "firm_notice"},
    "gag_months_most": {"firm_notice"},
    "powers": {"realtime"},
    "realtime": {"realtime"},
    "realtime_if": {"realtime"},
}
OF_A_DIAL = {
    "penalties": {"penalties"},
    "breadth": {"breadth"},
}
OF_CONDUCT = {
    "attempts": {"destination"},
    "legal_basis": {"instrument"},
    "inflation": {"seriousness"},
    "spyware": {"spyware"},
    "spyware_states": {"spyware"},
}


def texts_of(changed: Keys) -> set[str]:
    """The texts whose words a scenario changes."""
    return {key.split(".")[1] for key in changed if key.startswith("instruments.")}


# --- two runs of one world -----------------------------------------------------------------------------------------------


@cache
def as_adopted(real: bool) -> tuple[Config, Result]:
    config = full_of_abuse("as_adopted", real)
    return config, simulate(config, seed=SEED)


@cache
def compared(scenario: str) -> tuple[Config, Result, NDArray[np.int64]]:
    """A scenario's run, and the rows of all cases that go otherwise than as adopted."""
    real = names_states(changes(scenario))
    config = full_of_abuse(scenario, real)
    result = simulate(config, seed=SEED)
    return config, result, differing(as_adopted(real)[1], result)


def chosen_by_id(result: Result, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """So many rows, by the ids of their cases: these are hashes."""
    return rows[np.argsort(result.finished.cases.id[rows])][:TOLD]


@cache
def partings(scenario: str) -> tuple[Divergence | None, ...]:
    """Where the lives of some differing cases part."""
    config, result, rows = compared(scenario)
    baseline, _ = as_adopted(names_states(changes(scenario)))
    told = chosen_by_id(result, rows)
    one, other = (witness(each, told, seed=SEED) for each in (baseline, config))
    assert not one.strays
    assert not other.strays
    return tuple(parting(life_of(one, int(case)), life_of(other, int(case))) for case in told)


def used_by(docket: Docket, rows: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Cases with a request among the rows."""
    found = np.zeros(count, bool)
    found[docket.case[rows]] = True
    return found


# --- the tests -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whatever_a_scenario_does_to_a_case_begins_at_what_it_changes(scenario: str) -> None:
    some_lives_change_and_others_stay(scenario)
    lives_part_at_what_is_changed(scenario)
    if texts_of(changes(scenario)):
        lives_that_part_over_a_text_part_over_that_text_alone(scenario)
    if of_the_text_alone(scenario):
        no_case_changes_that_never_meets_the_text(scenario)


def some_lives_change_and_others_stay(scenario: str) -> None:
    _, result, rows = compared(scenario)
    baseline = as_adopted(names_states(changes(scenario)))[1]
    assert np.array_equal(baseline.finished.cases.id, result.finished.cases.id)
    assert 0 < rows.size < baseline.finished.cases.id.size


def lives_part_at_what_is_changed(scenario: str) -> None:
    changed = changes(scenario)
    config = compared(scenario)[0]
    allowed = set().union(*(rules_of(key, config) for key in changed))
    assert allowed <= {*RULES, *config.safeguards}
    elsewhere = [parted for parted in partings(scenario) if parted is None or parted.rule not in allowed]
    assert not elsewhere, f"{len(elsewhere)} part elsewhere, the first: {elsewhere[0]}"


def lives_that_part_over_a_text_part_over_that_text_alone(scenario: str) -> None:
    """Every word on which the step rested and that belongs to a text belongs to the text that was changed."""
    changed = texts_of(changes(scenario))
    for parted in partings(scenario):
        assert parted is not None
        if parted.one is None or parted.other is None:
            continue
        given = parted.one.given, parted.other.given
        if "reach" in given[0]:
            codes = [each["reach"] for each in given]
            assert {text for text in codes[0].keys() | codes[1].keys() if codes[0].get(text) != codes[1].get(text)} <= changed
        if "in_force" in given[0]:
            assert set(given[0]["in_force"]) ^ set(given[1]["in_force"]) <= changed
        if parted.rule == "side_door" and "side_doors" not in {key.split(".")[2] for key in changes(scenario)}:
            ways = [{way[0] for way in fact.outcome} for fact in (parted.one, parted.other)]
            assert ways[0] ^ ways[1] <= {"police", "spontaneous"}, (
                "Art 47 asks what a text makes an offence, 40(4) what the sender punishes"
            )
        if parted.why == ("applied",) and None not in (given[0]["applied"], given[1]["applied"]):
            assert given[0]["force"] != given[1]["force"]


def of_the_text_alone(scenario: str) -> bool:
    """Whether a scenario changes what a text says of requests, and nothing of a state: its authority, or what its law punishes."""
    config, keys = load(), changes(scenario)
    return all(key.startswith("instruments.") and not {"training", "label"} & rules_of(key, config) for key in keys)


def no_case_changes_that_never_meets_the_text(scenario: str) -> None:
    """Said of every differing case, by the docket alone: in one of the two runs a request of it stands under that text, or uses
    the urgent lane, which that text may open for requests under another.
    """
    _, result, rows = compared(scenario)
    baseline = as_adopted(names_states(changes(scenario)))[1]
    met = np.zeros(result.finished.cases.id.size, bool)
    for run in (baseline.finished, result.finished):
        texts = [run.instruments.index(text) for text in texts_of(changes(scenario))]
        under = np.isin(run.docket.instrument, texts) | (run.docket.channel == EMERGENCY)
        met |= used_by(run.docket, under, met.size)
    assert met[rows].all(), f"{(~met[rows]).sum()} of {rows.size}"


def test_most_scenarios_change_a_text_and_most_of_these_nothing_else() -> None:
    """So that what is looked at only there is looked at."""
    names = [name for name in options("scenario") if name != "as_adopted"]
    assert len([name for name in names if texts_of(changes(name))]) > 0.8 * len(names)
    assert len([name for name in names if of_the_text_alone(name)]) > 0.6 * len(names)
