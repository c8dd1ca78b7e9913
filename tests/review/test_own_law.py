"""Own law beside the texts, transfers under it (Hanoi Art 36(1)), and prejudice to the person (Art 40(22), second limb)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.config import load
from sim.draws import Draws
from sim.metrics import Finished
from sim.review.assembly import assemble
from sim.review.spec import application, care_of, force_codes, gap_of, own_law_codes, reading_of
from sim.settings import Config
from sim.sources.own_laws import drawn_laws, transfer_law_of
from sim.sources.tables import TAGS, read_own_laws, read_states
from sim.world.dials import as_ruled, settled
from sim.world.instruments import instrument_names
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import EMERGENCY, EXECUTED, OWN_LAWS, REFUSED
from tests.worlds import (
    HOLDS,
    NO_OWN_LAW,
    Office,
    answered,
    bare_world,
    ended,
    events,
    files,
    made_up,
    office,
    started,
    with_forces,
    with_safeguard,
)

COUNT = 40_000


@cache
def bare() -> Config:
    """A small made-up world's configuration, in which no own law puts a safeguard in force."""
    return made_up(*NO_OWN_LAW)


@cache
def texts() -> tuple[str, ...]:
    return instrument_names(bare().instruments)


def own(config: Config, **forces: str) -> Config:
    """The same configuration where own law gives these safeguards a force, before the window too."""
    for name, force in forces.items():
        config = with_safeguard(config, name, own_law=force)
    return config


def with_states(world: World, **fields: Any) -> World:
    return replace(world, states=replace(world.states, **fields))


def applies(config: Config, world: World) -> NDArray[np.float64]:
    names = assemble(config.safeguards).names
    forces = force_codes(config.instruments, names)
    laws = own_law_codes(config.instruments, config.safeguards, names, world.states)
    return application(config.review, world, config.safeguards, forces, names, None, laws)


def row_of(config: Config, name: str) -> int:
    return assemble(config.safeguards).names.index(name)


# --- own law as a force ---------------------------------------------------------------------------------------------------


def test_without_own_law_every_chance_is_that_of_the_text() -> None:
    world = bare_world(bare())
    names = assemble(bare().safeguards).names
    forces = force_codes(bare().instruments, names)
    assert np.array_equal(applies(bare(), world), application(bare().review, world, bare().safeguards, forces, names))


@pytest.mark.parametrize(("name", "force"), [("judge", "must"), ("judge", "may"), ("person", "may"), ("person", "must")])
def test_own_law_gives_the_chance_that_the_same_force_in_every_text_gives(name: str, force: str) -> None:
    """Bit for bit for the states whose law has it, nothing for all others, and nothing where the text displaces it."""
    world, row = bare_world(bare()), row_of(bare(), name)
    law = world.states.own_laws[name]
    assert 0 < law.sum() < law.size
    found = applies(own(with_forces(bare(), "absent", name), **{name: force}), world)[row]
    by_text = applies(with_forces(bare(), force, name), world)[row]
    shut = np.array([bare().instruments[text].displaces.get(name, False) for text in texts()])
    assert np.array_equal(found[~shut][:, law], by_text[~shut][:, law])
    assert (by_text[~shut][:, law] > 0).any()
    assert (found[:, ~law] == 0).all()
    assert (found[shut] == 0).all()


@pytest.mark.parametrize("force", ["may", "must", "kept"])
@pytest.mark.parametrize("text", ["absent", "may", "must"])
def test_own_law_never_lowers_a_chance_and_a_text_never_lowers_that_of_own_law(force: str, text: str) -> None:
    world, row = bare_world(bare()), row_of(bare(), "judge")
    alone = applies(own(with_forces(bare(), "absent", "judge"), judge=force), world)[row]
    by_text = applies(with_forces(bare(), text, "judge"), world)[row]
    both = applies(own(with_forces(bare(), text, "judge"), judge=force), world)[row]
    assert np.array_equal(both, np.maximum(alone, by_text))


def test_what_own_law_keeps_is_kept_with_fidelity_and_a_duty_of_the_text_adds_the_rest() -> None:
    config = with_forces(own(bare(), transfer_law="kept"), "absent", "transfer_law")
    config = config.model_copy(update={"review": config.review.model_copy(update={"trait_share": 0.0})})
    world, row = bare_world(config), row_of(config, "transfer_law")
    law = world.states.own_laws["transfer_law"]
    uptake, fidelity = care_of(config.review, world.states)
    open_to = np.array([not config.instruments[text].displaces.get("transfer_law", False) for text in texts()])
    kept = applies(config, world)[row][open_to]
    np.testing.assert_allclose(kept[:, law], np.broadcast_to(fidelity[law], kept[:, law].shape))
    duty = applies(with_forces(config, "must", "transfer_law"), world)[row][open_to]
    np.testing.assert_allclose(duty, np.broadcast_to(uptake + (1 - uptake) * fidelity, duty.shape))


def test_a_strength_stands_for_the_care_with_which_own_law_is_kept() -> None:
    for strength, chance in ((0.0, 0.0), (1.0, 1.0)):
        config = own(bare(), judge="must", person="may", transfer_law="kept")
        config = config.model_copy(update={"review": config.review.model_copy(update={"strength": strength})})
        world = bare_world(config)
        names = assemble(config.safeguards).names
        dialled = settled(config.dials, strength, world.states, world.offences)
        reading = reading_of(config.review, world, config.safeguards, config.instruments, assemble(config.safeguards), dialled)
        for name in ("judge", "person", "transfer_law"):
            law = world.states.own_laws[name]
            assert (reading.applies[names.index(name), texts().index("comity")][law] == chance).all(), name


def test_own_law_on_what_no_law_is_known_of_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^safeguards\.desk\.own_law: found 'must'.*accepted: null but for judge, person, transfer_law"
    ):
        applies(own(bare(), desk="must"), bare_world(bare()))


def test_each_text_says_what_it_keeps_out_of_own_law() -> None:
    texts = load().instruments
    shut = {name: {text for text, one in texts.items() if one.displaces.get(name)} for name in ("judge", "person", "transfer_law")}
    assert shut["judge"] == {"e_evidence", "cloud_act", "second_protocol"}
    assert shut["transfer_law"] == {"e_evidence", "eio", "cloud_act", "second_protocol"}
    assert shut["person"] == set()
    with pytest.raises(ConfigError, match=r"^instruments\.hanoi\.displaces: no safeguard is named 'jugde'"):
        load("+instruments.hanoi.displaces.jugde=true")


SMALL = ("years=1", "people.rows=1500", "demand.abusive_odds=0.1", "review.load=false", "conduct.attempts=1", *NO_OWN_LAW)


@lru_cache(maxsize=8)
def run_of(text: str, law: str | None, everybody: bool) -> Finished:
    """A run in which Hanoi says ``text`` of the judge and own law ``law``, of everybody or of those whose law it is."""
    config = with_forces(made_up(*SMALL), "absent", "judge")
    config = with_forces(config, text, "judge", instruments=["hanoi"])
    config = own(config, judge=law) if law else config
    world = bare_world(config)
    if everybody:
        world = with_states(world, own_laws={**world.states.own_laws, "judge": np.ones(world.states.count, bool)})
    return ended(started(config, world))


def given_in(run: Finished) -> set[int]:
    """Cases in which data were given through the treaty."""
    rows = (run.docket.granted >= 0) & (run.docket.instrument == run.instruments.index("hanoi"))
    return set(run.cases.id[run.docket.case[rows]].tolist())


def test_a_judge_of_everybodys_own_law_is_a_judge_of_every_text_that_lets_it_in() -> None:
    config = made_up(*SMALL)
    open_to = [text for text in texts() if not config.instruments[text].displaces.get("judge")]
    config = with_forces(with_forces(config, "absent", "judge"), "must", "judge", instruments=open_to)
    assert events(run_of("absent", "must", True)).equals(events(ended(started(config, bare_world(config)))))


def test_a_duty_of_the_treaty_adds_stops_to_those_of_own_law_and_removes_none() -> None:
    by_law, with_duty = given_in(run_of("absent", "must", False)), given_in(run_of("must", "must", False))
    free = given_in(run_of("absent", None, False))
    assert with_duty <= by_law <= free
    assert with_duty < by_law < free
    everybody = given_in(run_of("must", "must", True))
    assert everybody == given_in(run_of("absent", "must", True)), "where every state has the law the duty adds nothing"


# --- transfers ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def real() -> tuple[Config, World]:
    config = load("people.rows=1000", *NO_OWN_LAW)
    return config, bare_world(config)


def gap_between(states: StateTable, requester: str, requested: str) -> float:
    return float(gap_of(states)[states.codes.index(requester), states.codes.index(requested)])


def test_nothing_falls_short_within_the_directive_and_towards_adequate_receivers() -> None:
    _, world = real()
    states = world.states
    for requester, requested in (
        ("HUN", "IRL"),
        ("NOR", "DEU"),
        ("GBR", "FRA"),
        ("FRA", "GBR"),
        ("POL", "GBR"),
        ("USA", "IRL"),
        ("JPN", "NLD"),
        ("RUS", "USA"),
    ):
        assert gap_between(states, requester, requested) == 0, (requester, requested)
    for requester in ("RUS", "CHN", "SAU", "TUR", "EGY"):
        assert gap_between(states, requester, "IRL") == gap_between(states, requester, "GBR") > 0.4, requester
    assert gap_between(states, "BRA", "IRL") > 0
    assert gap_between(states, "RUS", "TUR") < gap_between(states, "RUS", "IRL")


def test_a_gap_is_what_the_law_wants_beyond_protection() -> None:
    _, world = real()
    states = world.states
    law, shield = np.linspace(0, 1, states.count), np.linspace(1, 0, states.count) ** 2
    nobody = {name: np.zeros(states.count, bool) for name in states.groups}
    gap = gap_of(replace(states, transfer_law=law, protection=shield, groups=nobody))
    np.testing.assert_allclose(gap, np.maximum(law[None, :] - shield[:, None], 0))


def test_a_statute_on_paper_protects_nobody_from_the_state_that_made_it() -> None:
    """Russia and China have laws on data protection; what counts is what binds their authorities."""
    _, world = real()
    shield = dict(zip(world.states.codes, world.states.protection, strict=True))
    assert max(shield["RUS"], shield["CHN"]) < 0.4
    assert min(shield["DEU"], shield["USA"], shield["NZL"]) > 0.8


def test_a_dial_of_protection_closes_the_gap_and_its_absence_opens_it() -> None:
    _, world = real()
    for protection, most in ((1.0, 0.0), (0.0, 1.0)):
        config = load("people.rows=1000", f"+states.override.RUS.transfer_protection={protection}")
        ruled = as_ruled(world, settled(config.dials, None, world.states, world.offences)).states
        assert gap_between(ruled, "RUS", "IRL") == most
        assert gap_between(ruled, "TUR", "IRL") == gap_between(world.states, "TUR", "IRL")


def transferring(gap: float, chance: float = 1.0, **numbers: float) -> Office:
    place = office().applying(chance, "transfer_law").read(gap=np.full((2, 2), gap))
    return place.numbered("transfer_law", **numbers) if numbers else place


@pytest.mark.parametrize(("gap", "chance", "declined"), [(0.5, 1.0, 0.3), (0.9, 0.6, 0.3), (1.0, 1.0, 1.0), (0.4, 1.0, 0.0)])
@pytest.mark.parametrize("abusive", [False, True])
def test_the_chance_of_a_decline_is_the_share_times_the_gap_whatever_the_motive(
    gap: float, chance: float, declined: float, abusive: bool
) -> None:
    place = transferring(gap, chance, declined=declined)
    cases, docket = files(place, COUNT, abusive=abusive)
    answered(place, cases, docket)
    stood = docket.status == REFUSED
    expected = chance * declined * gap
    assert abs(stood.mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / COUNT) + 1e-12
    assert (docket.grounds[stood] == place.bit("transfer_law")).all()
    if chance == 1:
        luck = Draws(1).uniform("dp_answer", cases.id, np.broadcast_to(place.reading.state_keys[HOLDS], COUNT))
        assert np.array_equal(stood, luck < expected)


def test_what_is_not_declined_goes_fourteen_days_later_on_condition() -> None:
    before, after = office(), transferring(0.5)
    (cases, plain), (_, docket) = files(before, 4000), files(after, 4000)
    answered(before, cases, plain)
    answered(after, cases, docket)
    granted = docket.status == EXECUTED
    assert 0.8 < granted.mean() < 0.9
    np.testing.assert_allclose(docket.executed_day[granted] - plain.executed_day[granted], 14.0)
    np.testing.assert_allclose(docket.decided_day[granted] - plain.decided_day[granted], 14.0)
    assert (docket.condition[granted] == after.review.names.index("transfer_law")).all()
    assert (docket.condition[~granted] == -1).all()


def test_haste_shortens_the_condition_as_it_shortens_every_delay() -> None:
    before, after = office(), transferring(0.5, declined=0.0)
    (cases, plain), (_, docket) = files(before, 50, channel=EMERGENCY), files(after, 50, channel=EMERGENCY)
    answered(before, cases, plain)
    answered(after, cases, docket)
    np.testing.assert_allclose(docket.executed_day - plain.executed_day, 14.0 * after.practice.urgent_delay)


def test_no_gap_no_condition_and_no_law_no_ground() -> None:
    for place in (transferring(0.0), transferring(0.9, 0.0)):
        cases, docket = files(place, 500)
        answered(place, cases, docket)
        assert (docket.status == EXECUTED).all()
        assert (docket.condition == -1).all()


def test_freezing_is_no_transfer() -> None:
    place = transferring(1.0, declined=1.0)
    cases, docket = files(place, 500, preserved=True)
    answered(place, cases, docket)
    assert (docket.status[::2] == EXECUTED).all()
    assert (docket.status[1::2] == REFUSED).all()


@pytest.mark.parametrize("duty", [False, True])
def test_a_condition_that_is_audited_holds_back_misuse_in_the_place_of_a_duty(duty: bool) -> None:
    """Misuse of 0.5 falls by 0.7 where an audit (0.5) comes or a duty is kept (0.4): never twice."""
    place = transferring(0.5, declined=0.0).read(misuse=np.full((2, 2), 0.5))
    kept = 0.4 if duty else 0.0
    place = place.applying(kept, "use_limitation", "onward_transfer")
    cases, docket = files(place, COUNT)
    answered(place, cases, docket)
    expected = 0.5 * (1 - 0.7 * (1 - (1 - kept) * 0.5))
    for bit in (1, 2):
        found = (docket.misused & bit > 0).mean()
        assert abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / COUNT), bit


def test_the_declined_are_the_same_under_a_larger_share_and_more() -> None:
    stood = []
    for declined in (0.1, 0.3, 1.0):
        place = transferring(0.7, 0.8, declined=declined)
        cases, docket = files(place, 3000)
        answered(place, cases, docket)
        stood.append(docket.status == REFUSED)
    assert (stood[0] <= stood[1]).all()
    assert (stood[1] < stood[2]).any()
    assert (stood[1] <= stood[2]).all()


def test_real_cooperation_pays_and_the_order_and_e_evidence_do_not() -> None:
    """Everywhere in force and at its strictest: fewer needs are met, and neither text of the Union loses a request."""
    config = load("people.rows=2000", "demand.legitimate=1500", "years=1", "review.load=false", "conduct.attempts=1", *NO_OWN_LAW)
    config = with_safeguard(config, "transfer_law", declined=1.0)
    world = bare_world(config)
    plain, strict = (ended(started(one, world)) for one in (config, own(config, transfer_law="kept")))
    met = [int(((run.docket.granted >= 0) & ~run.cases.abusive[run.docket.case]).sum()) for run in (plain, strict)]
    assert met[1] < 0.99 * met[0]
    place = strict.instruments.index
    declined = strict.docket.grounds >> np.uint64(row_of(config, "transfer_law")) & np.uint64(1) > 0
    conditions = strict.docket.condition >= 0
    for text in ("e_evidence", "eio"):
        there = strict.docket.instrument == place(text)
        assert there.any(), text
        assert not (declined | conditions)[there].any(), text
    assert declined[strict.docket.instrument == place("hanoi")].any()
    assert conditions[strict.docket.instrument == place("mlat")].any()


# --- prejudice ------------------------------------------------------------------------------------------------------------


def prejudging(record: float, bar: float = 1.0) -> Office:
    place = office().applying(1.0, "prejudice").read(record=np.full(2, record))
    return place.numbered("desk", bar=bar)


@pytest.mark.parametrize(("record", "counted"), [(-2.0, 0.0), (-9.0, 0.0), (0.0, 0.5), (1.0, 0.75), (2.0, 1.0), (7.0, 1.0)])
def test_prejudice_stands_by_role_and_record(record: float, counted: float) -> None:
    """Refused at 1 - Phi(bar - role * clip(0.5 + 0.25 record, 0, 1)): at a record of -2 by accident alone."""
    place = prejudging(record)
    cases, docket = files(place, COUNT, abusive=True)
    answered(place, cases, docket)
    stood = docket.status == REFUSED
    expected = stats.norm.sf(1.0 - place.practice.role_strength * counted)
    assert abs(stood.mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / COUNT)
    assert (docket.grounds[stood] == place.bit("prejudice")).all()


def test_whoever_has_no_role_is_stopped_by_accident_alone_whatever_the_record() -> None:
    stood = []
    for record in (-3.0, 3.0):
        place = prejudging(record)
        cases, docket = files(place, 5000)
        answered(place, cases, docket)
        stood.append(docket.status == REFUSED)
    assert np.array_equal(stood[0], stood[1])


def test_prejudice_is_one_clause_with_discrimination() -> None:
    """One habit, one luck, one accident: in force together the two stop a file in which nothing shows exactly where one does."""
    chances = {}
    for names in (("discrimination",), ("discrimination", "prejudice")):
        place = prejudging(0.0).applying(0.0, "prejudice").applying(0.4, *names)
        cases, docket = files(place, 5000)
        answered(place, cases, docket)
        chances[names] = docket.status == REFUSED
    assert np.array_equal(*chances.values())
    config = with_forces(bare(), "may", "prejudice", "discrimination")
    found = applies(config, bare_world(config))
    assert np.array_equal(found[row_of(config, "prejudice")], found[row_of(config, "discrimination")])


def test_the_record_is_political_terror_as_published_and_no_pursuit() -> None:
    config, world = real()
    assert abs(world.states.terror.mean()) < 1e-12
    assert world.states.terror.std() == pytest.approx(1.0)
    published = read_states()["political_terror"]
    listed = published.notna().to_numpy()
    assert np.corrcoef(world.states.terror[listed], published[listed])[0, 1] == pytest.approx(1.0)
    reading = reading_of(config.review, world, config.safeguards, config.instruments, assemble(config.safeguards))
    hidden = with_states(world, pursuit=world.states.pursuit * 7)
    other = reading_of(config.review, hidden, config.safeguards, config.instruments, assemble(config.safeguards))
    assert np.array_equal(reading.record, other.record)
    assert np.array_equal(reading.gap, other.gap)


# --- tables ---------------------------------------------------------------------------------------------------------------


def test_every_statement_of_own_law_has_a_basis_a_tag_and_a_state() -> None:
    table = read_own_laws()
    assert set(table.code) <= set(read_states().index)
    assert set(table.law) == set(OWN_LAWS)
    assert set(table.tag) <= set(TAGS)
    assert (table.basis.str.len() > 15).all()
    assert table[table.tag != "unverified"].basis.str.contains(r"\[[A-Z]+\]").all()
    for law in OWN_LAWS:
        assert {0, 1} == set(table[table.law == law].holds), law


def test_what_is_known_is_taken_and_all_else_is_drawn_the_likelier_the_freer_the_courts() -> None:
    config, world = real()
    table = read_own_laws()
    for law in OWN_LAWS:
        known = table[table.law == law].set_index("code").holds
        for code, holds in known.items():
            place = world.states.codes.index(str(code))
            assert world.states.own_laws[law][place] == bool(holds)
            assert not world.states.drawn[f"own_law_{law}"][place]
        assert world.states.drawn[f"own_law_{law}"].sum() == world.states.count - known.size
    codes = tuple(f"{number:05d}" for number in range(20_000))
    for judicial, chance in ((0.0, 0.2), (1.0, 0.8)):
        laws, drawn = drawn_laws(config.states.own_law, table, codes, np.full(len(codes), judicial), Draws(3))
        assert abs(laws["judge"].mean() - chance) < 0.015
        assert drawn["own_law_judge"].all()
    assert np.array_equal(laws["judge"], Draws(3).uniform("fact:own_law", np.array(codes), "judge") < 0.8)


def test_the_strength_of_a_law_on_transfers_follows_the_lists() -> None:
    config, _ = real()
    strength = dict(zip(read_states().index, transfer_law_of(config.states.transfers, read_states()), strict=True))
    assert {strength[code] for code in ("DEU", "IRL", "DNK", "NOR", "CHE", "GBR")} == {1.0}
    assert strength["TUR"] == 0.5
    assert strength["RUS"] == 0.25
    assert strength["USA"] == 0.0
