"""Dials of states change rules and never the world; each moves what its meaning says, case by case, and nothing else."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.config import load
from sim.draws import Draws
from sim.result import Result
from sim.review.spec import application, care_of, force_codes, own_law_codes
from sim.rules import Rules, rules_of
from sim.settings import Config
from sim.simulation import prepare, simulate, world_of
from sim.world.vocabulary import GROUPS

CLEAR = (  # no load, naive requesters, one attempt, nobody is told; and enough abuse to see every effect
    *(
        "review.load=false",
        "review.domestic_notice=0.0",
        "review.firm_notice.share=0.0",
        "people.rows=2000",
        "demand.legitimate=150",
        "years=1",
    ),
    *("calibration_months=6", "demand.abusive_odds=0.5", "demand.abusive_most=2.0", "demand.abusive_most_per_person=1.0"),
)
SEED = 3
STATE, OFFENCE = "TUR", "false_news"
GROUP = "journalist"
SENSITIVE = "state_secrets"
NOTHING = -999.0  # stands where a request has no such value


def clear(*overrides: str) -> Config:
    mine = {override.partition("=")[0] for override in overrides}
    return load(*(usual for usual in CLEAR if usual.partition("=")[0] not in mine), *overrides)


@cache
def ran(*overrides: str) -> Result:
    return simulate(clear(*overrides), seed=SEED)


def drawn(config: Config) -> Any:
    return world_of(config, SEED).states


def as_numbers(column: pd.Series) -> pd.Series:
    return column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column.astype(float)


def by_id(result: Result) -> pd.DataFrame:
    """Requests by their id, every column as numbers."""
    return result.requests.set_index("id").apply(as_numbers).fillna(NOTHING)


def differing(one: Result, other: Result) -> pd.DataFrame:
    """Requests that only one of two runs has, or that they answer otherwise, as either run has them."""
    a, b = by_id(one), by_id(other)
    both = a.index.intersection(b.index)
    unlike = both[(a.loc[both] != b.loc[both]).any(axis=1)]
    told = one.requests.set_index("id"), other.requests.set_index("id")
    return pd.concat([told[0].drop(both), told[1].drop(both), told[0].loc[unlike], told[1].loc[unlike]])


def disclosed(result: Result) -> set[int]:
    cases = result.cases
    return set(cases.loc[cases["status"] == "disclosed", "id"])


def set_to(years: float | str, offence: str = OFFENCE, selector: str = "all") -> str:
    return f"states.override.{selector}.penalties.{offence}={years}"


# --- definitions ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offence", [OFFENCE, SENSITIVE])
def test_a_maximum_that_passes_the_gate_changes_only_requests_under_that_label(offence: str) -> None:
    moved = differing(ran(set_to(3.9, offence)), ran(set_to(4.0, offence)))
    assert len(moved) > 0
    assert set(moved["label"]) == {offence}


def test_above_the_gate_a_higher_maximum_changes_nothing() -> None:
    assert differing(ran(set_to(4.0)), ran(set_to(15.0))).empty


def test_between_two_gates_a_maximum_changes_nothing() -> None:
    """Other texts have gates of one and of three years."""
    assert differing(ran(set_to(3.0)), ran(set_to(3.9))).empty


def test_the_definitions_are_nested_in_what_the_treaty_reaches() -> None:
    reach = {}
    for name in ("liberal", "statutes", "expansive"):
        run = prepare(clear(f"definition={name}"), SEED)
        protected = run.world.offences.protected
        reach[name] = run.rules.law.reach[run.rules.names.index("hanoi")][:, protected] == 0
        crime = ~np.isnan(run.rules.maxima)
        assert np.array_equal(crime, ~np.isnan(run.world.states.penalties)), "crimes stay crimes, and none is made"
        assert np.array_equal(run.rules.maxima[:, ~protected], run.world.states.penalties[:, ~protected], equal_nan=True)
    assert not reach["liberal"].any()
    assert (reach["expansive"] == ~np.isnan(run.world.states.penalties[:, protected])).all()
    assert not (reach["statutes"] & ~reach["expansive"]).any()
    assert reach["statutes"].any()
    assert (reach["expansive"] & ~reach["statutes"]).any()


def test_what_is_no_crime_any_more_is_not_alleged() -> None:
    gone = ran(set_to("no_crime", selector=STATE)).requests
    filed = gone[(gone["requester"] == STATE) & gone["abusive"] & (gone["month"] >= 0)]
    assert len(filed) > 0
    assert not (filed["label"] == OFFENCE).any()
    assert (ran().requests.query("requester == @STATE and month >= 0")["label"] == OFFENCE).any()


def test_a_state_acts_on_its_own_definition_when_it_is_asked_too() -> None:
    """A crime that a requested state no longer punishes is none to its desk."""
    run = prepare(clear(set_to("no_crime", selector="USA")), SEED)
    row, k = run.world.states.codes.index("USA"), run.world.offences.names.index(OFFENCE)
    assert not run.rules.reading.crime[:, row, k].any()
    assert run.rules.run_in is not None
    assert run.rules.run_in.reading.crime[0, row, k] == (not np.isnan(run.world.states.penalties[row, k]))


# --- strength and acuity ----------------------------------------------------------------------------------------------------------


def strong(value: float) -> Result:
    return ran(f"review.strength={value}")


def test_a_larger_strength_never_discloses_more() -> None:
    levels = [disclosed(strong(value)) for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    for weak, firm in pairwise(levels):
        assert firm < weak


def test_nobodys_strength_is_the_run_without_the_key() -> None:
    pd.testing.assert_frame_equal(ran("review.strength=null", "review.acuity=1.0").requests, ran().requests)


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
@pytest.mark.parametrize(("strength", "kept"), [(0.0, 0.0), (1.0, 1.0)])
def test_no_habit_moves_a_strength_of_nothing_or_all(share: float, strength: float, kept: float) -> None:
    """In force is what a text names and what the own law of the requested state adds to it."""
    config = clear(f"review.strength={strength}", f"review.trait_share={share}")
    world = world_of(config, SEED)
    rules = rules_of(config.policy, world, False, 24)
    names = rules.review.names
    own = own_law_codes(config.instruments, config.safeguards, names, world.states)
    in_force = (force_codes(config.instruments, names)[:, :, None] > 0) | (own > 0)
    certain = np.array([config.safeguards[name].certain for name in names])[:, None, None]
    applies = rules.reading.applies
    assert (applies[~in_force] == 0).all()
    assert (applies[in_force & certain] == 1).all()
    assert (applies[in_force & ~certain] == kept).all()


def test_a_strength_stands_for_uptake_and_fidelity() -> None:
    one, other = ran("review.strength=0.4"), ran("states.override.all.uptake=0.4", "states.override.all.fidelity=0.4")
    pd.testing.assert_frame_equal(one.requests, other.requests)
    pd.testing.assert_frame_equal(one.requests, ran("states.override.all.strength=0.4").requests)


def test_a_states_own_strength_is_not_the_common_one() -> None:
    config = clear("review.strength=0.2", f"states.override.{STATE}.strength=1.0")
    world = world_of(config, SEED)
    applies = rules_of(config.policy, world, False, 24).reading.applies
    row = world.states.codes.index(STATE)
    assert set(np.unique(applies[:, :, row])) == {0.0, 1.0}
    assert ((applies > 0) & (applies < 1)).any()


def test_whoever_sees_twice_as_well_discloses_less_and_the_blind_more() -> None:
    rates = [len(disclosed(ran(f"review.acuity={acuity}"))) for acuity in (0.0, 1.0, 2.0)]
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == len(rates)


# --- levers, not facts ------------------------------------------------------------------------------------------------------------

EVERYTHING = (
    *(set_to(9.0, selector=STATE), f"states.override.{STATE}.strength=1.0", f"states.override.{STATE}.judicial=0.0"),
    *(f"states.override.{STATE}.skill=0.1", f"states.override.{STATE}.transfer_protection=0.0"),
    *(f"states.override.{STATE}.appetite.{GROUP}=0.3", f"states.override.{STATE}.hours=0.5"),
)


def test_an_override_changes_no_latent_case_and_no_person() -> None:
    plain, other = ran(), ran(*EVERYTHING)
    pd.testing.assert_frame_equal(plain.cases.drop(columns="status"), other.cases.drop(columns="status"))
    pd.testing.assert_frame_equal(plain.people.drop(columns="disclosures"), other.people.drop(columns="disclosures"))
    assert not differing(plain, other).empty


def test_an_override_belongs_to_the_scenario_and_neither_to_its_world_nor_to_the_reference() -> None:
    plain, other = clear(), clear(*EVERYTHING, "states.lists.near=[TUR,EGY]")
    assert plain.world_digest() == other.world_digest()
    assert plain.reference == other.reference
    assert plain.digest() != other.digest()
    assert plain.policy != other.policy


@pytest.mark.parametrize("dial", ["review.strength=1.0", "review.acuity=0.0", "definition=expansive", *EVERYTHING])
def test_a_dial_holds_from_the_windows_first_day(dial: str) -> None:
    plain, other = (run.requests.query("month < 0 and ended_day < 0").drop(columns="person") for run in (ran(), ran(dial)))
    assert len(plain) > 200
    pd.testing.assert_frame_equal(plain, other)


def test_the_value_as_drawn_changes_nothing() -> None:
    config = clear()
    states, row = drawn(config), drawn(config).codes.index(STATE)
    uptake, fidelity = (float(part[row]) for part in care_of(config.review, states))
    years = states.penalties[row]
    said = {
        f"penalties.{name}": ("no_crime" if np.isnan(years[k]) else repr(float(years[k])))
        for k, name in enumerate(world_of(config, SEED).offences.names)
        if config.offences[name].offence_class == "D"
    }
    said |= {"uptake": repr(uptake), "fidelity": repr(fidelity), "judicial": repr(float(states.judicial[row]))}
    said |= {"skill": repr(float(states.skill[row])), "transfer_protection": repr(float(states.data_protection[row]))}
    said |= {"hours": "1.0", **{f"appetite.{group}": "1.0" for group in GROUPS}}
    same = ran(*(f"states.override.{STATE}.{key}={value}" for key, value in said.items()))
    pd.testing.assert_frame_equal(same.requests, ran().requests)


def test_hours_are_those_of_the_world_times_a_factor() -> None:
    config = clear("states.override.Europe.hours=2.0", "review.load=true")
    world = world_of(config, SEED)
    rules = rules_of(config.policy, world, True, 24)
    european = np.array(world.states.region) == "Europe"
    assert np.array_equal(rules.capacity, np.where(european, 2.0, 1.0) * world.capacity)


def test_an_appetite_thins_what_a_state_asks_about_a_group_and_nothing_else() -> None:
    plain, thin, none = (ran(*more) for more in ((), *((f"states.override.all.appetite.{GROUP}={a}",) for a in (0.4, 0.0))))

    def asked(run: Result, meant: bool) -> set[int]:
        rows = run.requests.query("month >= 0 and channel != 'spontaneous'")
        return set(rows.loc[(rows["group"] == GROUP) == meant, "id"])

    assert asked(plain, False) == asked(thin, False) == asked(none, False)
    assert asked(none, True) == set()
    assert asked(thin, True) < asked(plain, True)
    assert len(asked(thin, True)) / len(asked(plain, True)) == pytest.approx(0.4, abs=0.06)


def test_protection_after_transfer_softens_misuse_alone() -> None:
    """Where no own law on transfers reads how well the receiver protects data: such a law sets conditions and declines."""
    usual = ("review.misuse_chance=0.9", "safeguards.transfer_law.own_law=null")
    open_to, closed = (ran(*usual, f"states.override.all.transfer_protection={p}").requests for p in (0.0, 1.0))
    window = closed["month"] >= 0
    assert (open_to.loc[window, "misused"] != "no").any()
    assert (closed.loc[window, "misused"] == "no").all()
    pd.testing.assert_frame_equal(open_to.drop(columns="misused"), closed.drop(columns="misused"))


def test_a_court_without_independence_sees_nothing() -> None:
    config = clear(f"states.override.{STATE}.judicial=0.0")
    world = world_of(config, SEED)
    rules = rules_of(config.policy, world, False, 24)
    row = world.states.codes.index(STATE)
    assert rules.reading.judicial[row] == 0
    plain = rules_of(clear().policy, world, False, 24)
    assert np.array_equal(rules.reading.pair_bar, plain.reading.pair_bar), "strictness stays"


# --- who is meant -----------------------------------------------------------------------------------------------------------------


def ruled(*overrides: str) -> tuple[Rules, Any]:
    config = clear(*overrides)
    world = world_of(config, SEED)
    return rules_of(config.policy, world, False, 24), world.states


def test_the_more_specific_selector_holds() -> None:
    given = {"all": 0.1, "signatories": 0.2, "Asia": 0.3, "electoral_autocracy": 0.4, "near": 0.5, "TUR": 0.6}
    rules, states = ruled("states.lists.near=[TUR,EGY]", *(f"states.override.{who}.skill={v}" for who, v in given.items()))
    regime = states.regime == 1
    for row, code in enumerate(states.codes):
        wanted = given["all"]
        if states.groups["signatories"][row]:
            wanted = given["signatories"]
        if states.region[row] == "Asia":
            wanted = given["Asia"]
        if regime[row]:
            wanted = given["electoral_autocracy"]
        if code in ("TUR", "EGY"):
            wanted = given["near"]
        if code == "TUR":
            wanted = given["TUR"]
        assert rules.reading.skill[row] == wanted, code


def test_keys_of_different_selectors_add_up() -> None:
    rules, states = ruled("definition=expansive", f"states.override.{STATE}.skill=0.9", set_to(2.0, selector=STATE))
    row, names = states.codes.index(STATE), world_of(clear(), SEED).offences.names
    assert rules.reading.skill[row] == 0.9
    assert rules.maxima[row, names.index(OFFENCE)] == 2.0
    others = [k for k, name in enumerate(names) if clear().offences[name].offence_class == "D" and name != OFFENCE]
    assert (np.nan_to_num(rules.maxima[row, others], nan=9.0) >= 4).all()


def test_training_helps_the_desk_that_a_dial_gave() -> None:
    config = clear("scenario=capacity", f"states.override.{STATE}.skill=0.05")
    world = world_of(config, SEED)
    rules = rules_of(config.policy, world, False, 24)
    row = world.states.codes.index(STATE)
    assert rules.run_in is not None
    assert rules.run_in.reading.skill[row] == 0.05
    gained = rules.reading.skill[row] - 0.05
    assert 0 < gained < 0.9
    assert prepare(config, SEED).rules.run_in.reading.skill[row] == world.states.skill[row]  # type: ignore[union-attr]


def test_legislatures_start_from_the_law_that_a_dial_made() -> None:
    config = clear("definition=liberal", "adaptation.legislatures.inflation=true", "adaptation.legislatures.rise=1000.0")
    run = prepare(config, SEED)
    assert run.polity is not None
    protected = run.world.offences.protected
    assert np.nanmax(run.polity.statutes.years[:, protected]) == 3.9
    assert np.nanmax(simulate(config, SEED).finished.world.states.penalties[:, protected]) > 3.9, "the world stays as drawn"


def test_a_luck_of_its_own_is_drawn_for_no_dial() -> None:
    """Dials read the draws that there are: the same habit serves every strength, so that states keep their order."""
    config = clear()
    world = world_of(config, SEED)
    names = ("human_rights",)
    forces = np.full((1, len(config.instruments)), 2.0)
    orders = []
    for strength in (0.2, 0.7):
        review = config.review.model_copy(update={"strength": strength})
        dialled = rules_of(config.policy.model_copy(update={"review": review}), world, False, 24)
        assert dialled.policy.review.strength == strength
        applied = application(review, world, config.safeguards, forces, names, _settled(config, strength, world))
        orders.append(np.argsort(applied[0, 0], kind="stable"))
    assert np.array_equal(*orders)
    assert Draws(SEED).root == Draws(world.seed).root


def _settled(config: Config, strength: float, world: Any) -> Any:
    from sim.world.dials import settled

    return settled(config.dials, strength, world.states, world.offences)
