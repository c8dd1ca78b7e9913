"""``rogatory states`` lists the states with their classes and tells one as its world has it."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest

from experiments.console import Terminal
from experiments.studies import states as study
from sim.config import load
from sim.review.spec import care_of
from sim.rules import rules_of
from sim.settings import Config
from sim.simulation import world_of
from tests.cli.test_command_line import Here, here

__all__ = ["here"]
SMALL = ("people.rows=500", "demand.legitimate=100", "calibration_months=6")
SEED = 1


def told(config: Config, code: str) -> study.State:
    world = world_of(config, SEED)
    before, after = (rules_of(policy, world, True, 24) for policy in (config.policy.before_dials, config.policy))
    return study.State(world.states.codes.index(code), config, world, before, after)


def test_all_states_are_listed_with_their_classes(here: Here) -> None:
    done = here("states", "states.lists.near=[TUR,EGY]", *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("World of seed 1: 193 states.")
    (turkey,) = [line for line in done.stdout.splitlines() if line.strip().startswith("TUR")]
    for word in ("electoral autocracy", "Asia", "signatories", "budapest", "near"):
        assert word in turkey


def test_a_state_is_told_as_its_world_has_it() -> None:
    config = load(*SMALL)
    state = told(config, "TUR")
    states, k = state.states, state.world.offences.names.index("insult")
    law = {name: rest for name, *rest in study.law_of(state)}
    assert len(law) == len(state.world.offences.names)
    assert law["insult"][:3] == ["D", f"{states.penalties[state.row, k]:.3g}", "yes"]
    assert "art. 299" in law["insult"][3]
    for name, (_, maximum, over, source) in law.items():
        j = state.world.offences.names.index(name.replace(" ", "_"))
        years = states.penalties[state.row, j]
        assert maximum == ("no crime" if np.isnan(years) else f"{years:.3g}")
        assert (over == "yes") == (years >= 4)
        assert (source == "drawn") == (not states.penalty_known[state.row, j])
    care = {name: value for name, value, _ in study.care_told(state)}
    uptake, fidelity = care_of(config.review, states)
    assert care["uptake"] == f"{uptake[state.row]:.2f}"
    assert care["fidelity"] == f"{fidelity[state.row]:.2f}"
    assert care["strength"] == "its own"
    assert not any("->" in value for value in care.values())


def test_what_an_override_changes_stands_beside_what_was() -> None:
    config = load(*SMALL, "definition=liberal", "states.override.TUR.strength=1.0", "states.override.TUR.hours=2.0")
    state = told(config, "TUR")
    law = {name: rest for name, *rest in study.law_of(state)}
    assert law["insult"][1:3] == ["4 -> 3.9", "yes -> no"]
    assert law["fraud"][1] == f"{state.states.penalties[state.row, state.world.offences.names.index('fraud')]:.3g}"
    care = {name: value for name, value, _ in study.care_told(state)}
    assert care["strength"] == "its own -> 1.00"
    assert care["uptake"].endswith("-> 1.00")
    assert "->" not in care["judicial"]
    old, new = map(float, care["officer-hours a month"].split(" -> "))
    assert new == pytest.approx(2 * old, rel=0.1)


def test_hosting_is_by_region_of_the_user_and_partners_are_those_of_the_law() -> None:
    state = told(load(*SMALL), "USA")
    shares = dict(study.hosting_of_state(state))
    assert set(shares) == {"Africa", "Americas", "Asia", "Europe", "Oceania"}
    for region, share in shares.items():
        users = np.array([home == region for home in state.states.region])
        assert state.states.host_share[users, state.row] == pytest.approx(share)
    assert study.hosting_of_state(told(load(*SMALL), "TUR")) == []
    texts = {name: (since, partners) for name, since, partners in study.instruments_of(told(load(*SMALL), "TUR"))}
    assert texts["hanoi"][0] == "with the window"
    assert texts["hanoi"][1].startswith("71 states: ")
    assert "comity" not in texts


@pytest.mark.parametrize(
    ("word", "near"), [("TUX", "TUR (Türkiye)"), ("turkiye", "TUR (Türkiye)"), ("x" * 7000, "AFG"), ("ü", "AFG")]
)
def test_a_wrong_code_is_one_line_with_the_nearest(word: str, near: str, here: Here) -> None:
    done = here("states", word, *SMALL)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert near in done.stderr
    assert len(done.stderr) < 600


def test_a_code_is_known_in_whatever_case(here: Here) -> None:
    assert here("states", "tur", *SMALL).stdout.startswith("Türkiye (TUR)")


def test_a_wrong_dial_is_told_before_anything_is_shown(here: Here) -> None:
    done = here("states", "TUR", "states.override.TUR.strenght=1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rogatory: states.override.TUR.strenght: no such key; accepted: ")


def test_the_page_fits_a_narrow_terminal(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(study, "console_of", lambda: Terminal(file=stream, width=60))
    assert here("states", "TUR", *SMALL).returncode == 0
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 79  # what a terminal lays out at least
    assert re.search(r"insult +D +4 +yes", stream.getvalue())


def test_the_world_that_is_shown_is_named_by_its_seed(here: Here) -> None:
    assert "World of seed 7." in here("states", "TUR", "seed=7", *SMALL).stdout
    assert "World of seed 5." in here("states", "TUR", "seed=7", "world_seed=5", *SMALL).stdout
