"""What reviewers remember: trust by their own files, a record of exposed abuse, scandals one way, pretended emergencies."""

from __future__ import annotations

import inspect
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sim.review.memory
from sim.adapting import first_told
from sim.config import load
from sim.draws import Draws, name_keys
from sim.metrics import Finished
from sim.month import advance
from sim.review.memory import (
    Decisions,
    Memories,
    Memory,
    News,
    Unremembered,
    as_remembered,
    break_off,
    broken_in,
    decisions_of,
    experience,
    fade,
    gained,
    heard_by,
    news_of,
    nothing_remembered,
    outrage,
    parties_of,
    record_news,
)
from sim.run import Run, finish
from sim.society.exposure import Affairs
from sim.world.cases import Cases
from sim.world.docket import Docket, empty_docket
from sim.world.record import ConfigError
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DIRECT,
    DIVERTED,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    FIRST_SIDE_DOOR,
    FORMAL,
    LAPSED,
    POLICE,
    REFUSED,
    SUSPENDED,
    WITHDRAWN,
)
from tests.worlds import bare_world, made_up, started

SWITCHES = ("trust", "record", "scandals", "emergencies")
HIDDEN = ("abusive", "conduct", "group", "person", "member", "visibility", "dossier")
FAR = 4.5  # standard deviations
KEYS = name_keys(("A", "B", "C", "D"))
ASKS, HOLDS, OTHER, FAR_OFF = range(4)  # a requester and three whom it asks


def spec_of(**fields: Any) -> Memory:
    """Memory as configured, every switch on, but for these fields."""
    on = dict.fromkeys(SWITCHES, True)
    return made_up().adaptation.reviewers.model_copy(update={**on, **fields})


def news(count: int = 1, **fields: Any) -> News:
    """Affairs of ASKS with data of HOLDS, each of a case of its own, met last month under the first text."""
    given: dict[str, Any] = {
        "requester": ASKS,
        "requested": HOLDS,
        "text": 0,
        "urgent": False,
        "own": True,
        "counted": True,
        "pooled": False,
        "age": 1.0,
        **fields,
    }
    return News(np.arange(1, count + 1, dtype=np.uint64), *(np.full(count, given[name]) for name in News._fields[1:]))


def decisions(given: int, refused: int) -> Decisions:
    """So many requests of ASKS that HOLDS met, and so many that it refused in substance."""
    count = given + refused
    met = np.arange(count) < given
    return Decisions(np.full(count, ASKS), np.full(count, HOLDS), met, ~met)


PARTIES = np.array([[True, True, True, False], [False, True, False, True]])  # of two texts
PLAIN = Unremembered(
    pair_bar=np.linspace(-0.5, 0.5, 16).reshape(4, 4),
    standing=np.linspace(-0.3, 0.3, 16).reshape(4, 4),
    trust_bar=np.linspace(-0.2, 0.2, 4),
    goodwill=np.linspace(0.1, 0.7, 16).reshape(4, 4),
    urgent_effort=np.full((4, 4), 0.6),
)
LIBERAL = np.array([0.1, 0.4, 0.8, 0.6])


# --- trust ----------------------------------------------------------------------------------------------------------------


def test_trust_is_a_running_mean_that_starts_at_the_regime_s() -> None:
    spec, rng = spec_of(prior_files=20.0, severity=28.0), np.random.default_rng(1)
    given, wronged = rng.uniform(0, 200, (4, 4)), rng.uniform(0, 9, (4, 4))
    wanted = (20.0 * LIBERAL[:, None] + given) / (20.0 + given + 28.0 * wronged)
    assert np.allclose(LIBERAL[:, None] + gained(given, wronged, LIBERAL[:, None], spec), wanted)
    assert ((wanted > 0) & (wanted < 1)).all()


def test_nothing_seen_and_an_endless_prior_leave_the_regime_s_trust_to_the_last_bit() -> None:
    nothing = gained(np.zeros((4, 4)), np.zeros((4, 4)), LIBERAL[:, None], spec_of())
    assert not nothing.any()
    unmoved = as_remembered(full(), PLAIN, spec_of(prior_files=1e300, record=False), 0.6, LIBERAL, 1)
    assert np.array_equal(unmoved.pair_bar, PLAIN.pair_bar)
    assert np.array_equal(unmoved.standing, PLAIN.standing)
    assert np.array_equal(unmoved.trust_bar, PLAIN.trust_bar)


def test_as_many_refusals_as_are_usual_leave_trust_at_a_half_however_many_files() -> None:
    spec = spec_of(severity=28.0)
    for files in (1e4, 1e8):
        found = LIBERAL + gained(np.full(4, 28.0 * files), np.full(4, files), LIBERAL, spec)
        assert np.allclose(found, 0.5, atol=1e-4)


def test_what_was_met_raises_trust_and_what_was_refused_lowers_it_more() -> None:
    spec = spec_of()
    met, refused = (gained(np.array([g]), np.array([w]), np.array([0.5]), spec)[0] for g, w in ((1.0, 0.0), (0.0, 1.0)))
    assert 0 < met < -refused


def test_authorities_count_whole_files_in_any_order() -> None:
    seen, memories, again = decisions(7, 3), nothing_remembered(4), nothing_remembered(4)
    experience(memories, seen)
    order = np.random.default_rng(3).permutation(10)
    experience(again, Decisions(*(part[order] for part in seen)))
    assert memories.given[ASKS, HOLDS] == 7.0
    assert memories.wronged[ASKS, HOLDS] == 3.0
    assert memories.given.sum() + memories.wronged.sum() == 10.0
    assert all(np.array_equal(one, other) for one, other in zip(memories, again, strict=True))


def test_old_experience_and_old_affairs_fade_by_their_half_lives() -> None:
    spec, memories = spec_of(trust_halves_years=5.0, record_halves_years=3.0), full()
    was = Memories(*(part.copy() for part in memories))
    for _ in range(36):
        fade(memories, spec)
    assert np.allclose(memories.record, was.record / 2)
    assert np.allclose(memories.pretended, was.pretended / 2)
    assert np.allclose(memories.central, was.central / 2)
    for _ in range(24):
        fade(memories, spec)
    assert np.allclose(memories.given, was.given / 2)
    assert np.allclose(memories.wronged, was.wronged / 2)
    assert np.array_equal(memories.resumes, was.resumes)


def full() -> Memories:
    """Memories of much."""
    rng = np.random.default_rng(2)
    tables = [rng.uniform(0, 5, (4, 4)) for _ in range(4)]
    return Memories(*tables, rng.uniform(0, 5, 4), np.zeros((4, 4), np.int64))


def test_what_was_met_and_then_exposed_is_met_no_more() -> None:
    """Met four months ago among others: what is left of it is taken off; the abuse weighs in the record, and there alone."""
    spec, memories = spec_of(), nothing_remembered(4)
    experience(memories, decisions(3, 0))
    for _ in range(4):
        fade(memories, spec)
    record_news(memories, spec, news(age=4.0), PARTIES)
    assert np.isclose(memories.given[ASKS, HOLDS], 2 * spec.keeps**4)
    assert not memories.wronged.any()
    assert memories.record[ASKS, HOLDS] == 1.0
    record_news(memories, spec, news(3, age=4.0), PARTIES)
    assert memories.given[ASKS, HOLDS] == 0.0, "never under nothing"


@pytest.mark.parametrize(("fields", "met"), [({}, 4.5), ({"counted": False}, 5.0), ({"own": False}, 5.0)])
def test_what_an_authority_never_counted_is_not_taken_off_and_a_firm_s_answer_is_not_its_own(
    fields: dict[str, bool], met: float
) -> None:
    memories = nothing_remembered(4)
    experience(memories, decisions(5, 0))
    record_news(memories, spec_of(trust_halves_years=1.0), news(age=12.0, **fields), PARTIES)
    assert memories.given[ASKS, HOLDS] == pytest.approx(met)
    assert not memories.wronged.any()


# --- records --------------------------------------------------------------------------------------------------------------


def test_an_affair_counts_fully_where_the_data_were_and_in_part_elsewhere() -> None:
    heard = heard_by(news(requested=OTHER), PARTIES, 0.25)
    assert heard.tolist() == [[0.0, 0.25, 1.0, 0.25]]
    assert heard_by(news(requested=OTHER), PARTIES, 0.0).tolist() == [[0.0, 0.0, 1.0, 0.0]]


def test_what_is_pooled_reaches_all_parties_of_its_text_in_full_and_others_in_part() -> None:
    assert heard_by(news(pooled=True), PARTIES, 0.25).tolist() == [[0.0, 1.0, 1.0, 0.25]]
    assert heard_by(news(pooled=True, text=1), PARTIES, 0.25).tolist() == [[0.0, 1.0, 0.25, 1.0]]


def test_records_add_up_by_affair_and_pretended_emergencies_have_one_of_their_own() -> None:
    memories, spec = nothing_remembered(4), spec_of(spill=0.25)
    record_news(memories, spec, news(3), PARTIES)
    record_news(memories, spec, news(2, requested=OTHER, urgent=True), PARTIES)
    assert memories.record[ASKS].tolist() == [0.0, 3 + 2 * 0.25, 2 + 3 * 0.25, 5 * 0.25]
    assert memories.pretended[ASKS].tolist() == [0.0, 2 * 0.25, 2.0, 2 * 0.25]
    assert not memories.record[1:].any()
    assert memories.central[ASKS] == 5 * 0.25


def test_a_central_unit_keeps_in_full_what_it_screened_and_what_is_published() -> None:
    memories = nothing_remembered(4)
    record_news(memories, spec_of(spill=0.1), news(2, pooled=True), PARTIES)
    assert memories.central.tolist() == [2.0, 0.0, 0.0, 0.0]


def test_the_parties_of_a_text_are_all_whom_it_binds_to_anyone() -> None:
    after = np.zeros((2, 4, 4), bool)
    after[0, ASKS, HOLDS] = after[1, OTHER, HOLDS] = after[1, HOLDS, OTHER] = True
    assert parties_of(after, news(pooled=True)).tolist() == [[True, True, False, False], [False] * 4]
    assert parties_of(after, news(pooled=True, text=1)).tolist() == [[False] * 4, [False, True, True, False]]
    assert not parties_of(after, news()).any()


def test_a_record_lowers_every_bar_by_its_logarithm_and_experience_shifts_bars_and_standing() -> None:
    spec, memories = spec_of(c_record=0.6, emergencies=False), full()
    now = as_remembered(memories, PLAIN, spec, 0.7, LIBERAL, 1)
    more = 0.7 * gained(memories.given, memories.wronged, LIBERAL[:, None], spec)
    assert np.allclose(now.pair_bar, PLAIN.pair_bar + more - 0.6 * np.log(1 + memories.record))
    assert np.allclose(now.standing, PLAIN.standing + more)
    pooled = 0.7 * gained(memories.given.sum(axis=1), memories.wronged.sum(axis=1), LIBERAL, spec)
    assert np.allclose(now.trust_bar, PLAIN.trust_bar + pooled - 0.6 * np.log(1 + memories.central))
    assert now.urgent_effort is PLAIN.urgent_effort


def test_pretended_emergencies_bring_the_urgent_lane_towards_a_full_reading() -> None:
    memories, spec = full(), spec_of(trust=False, record=False, scandals=False)
    now = as_remembered(memories, PLAIN, spec, 0.6, LIBERAL, 1)
    assert np.allclose(now.urgent_effort, 1 - 0.4 * np.exp(-memories.pretended))
    assert ((now.urgent_effort > 0.6) & (now.urgent_effort < 1)).all()
    assert now.pair_bar is PLAIN.pair_bar


def test_nothing_is_written_into_what_holds_where_nothing_is_remembered() -> None:
    before = [part.copy() for part in PLAIN]
    memories = full()
    memories.resumes[:] = 9
    as_remembered(memories, PLAIN, spec_of(), 0.6, LIBERAL, 3)
    assert all(np.array_equal(one, other) for one, other in zip(before, PLAIN, strict=True))


# --- scandals -------------------------------------------------------------------------------------------------------------


def scandals(count: int, **fields: Any) -> tuple[NDArray[np.bool_], Memories]:
    memories, affairs = nothing_remembered(4), {name: fields.pop(name) for name in News._fields if name in fields}
    return break_off(memories, spec_of(**fields), news(count, **affairs), 30, np.ones(count), KEYS, Draws(5)), memories


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_an_affair_is_a_scandal_with_the_chance_on_file(chance: float) -> None:
    broken, _ = scandals(4000, suspends=chance)
    assert abs(broken.sum() - 4000 * chance) <= FAR * np.sqrt(4000 * chance * (1 - chance))


def test_the_committed_break_off_with_the_distant_and_nobody_with_friends() -> None:
    alignment = np.array([[1.0, 0.0, 1.0, 0.2], [0.0, 1.0, 0.5, 0.5], [1.0, 0.5, 1.0, 0.5], [0.2, 0.5, 0.5, 1.0]])
    commitment = np.array([0.0, 1.0, 1.0, 0.5])
    found = [outrage(news(requested=j), commitment, alignment)[0] for j in (HOLDS, OTHER, FAR_OFF)]
    assert found == [1.0, 0.0, 0.4]
    assert not outrage(news(requester=HOLDS, requested=ASKS), commitment, alignment).any()
    count = 4000
    affairs = news(count, requested=FAR_OFF)
    ready = outrage(affairs, commitment, alignment)
    broken = break_off(nothing_remembered(4), spec_of(suspends=0.5), affairs, 30, ready, KEYS, Draws(5))
    assert abs(broken.sum() - count * 0.2) < FAR * np.sqrt(count * 0.2 * 0.8)


def test_a_scandal_lasts_a_log_normal_while_from_next_month() -> None:
    spec, lengths = spec_of(suspends=1.0, scandal_years=3.0, scandal_spread=1.0), []
    for case in range(1, 2001):
        memories = nothing_remembered(4)
        break_off(memories, spec, news()._replace(case=np.array([case], np.uint64)), 30, np.ones(1), KEYS, Draws(5))
        lengths.append(int(memories.resumes[ASKS, HOLDS]) - 31)
    logs = np.log(lengths)
    assert abs(logs.mean() - np.log(36)) < FAR / np.sqrt(2000)
    assert abs(logs.std() - 1.0) < FAR / np.sqrt(2 * 2000)


def test_a_scandal_ends_cooperation_one_way_and_of_one_pair_for_its_term() -> None:
    _, memories = scandals(1, suspends=1.0, scandal_years=2.0, scandal_spread=0.0)
    for month, broken in ((31, True), (54, True), (55, False)):
        found = broken_in(memories, month)
        assert found[ASKS, HOLDS] == broken
        assert found.sum() == broken
        now = as_remembered(memories, PLAIN, spec_of(fulfilment=0.05), 0.6, LIBERAL, month)
        assert now.goodwill[ASKS, HOLDS] == (0.05 if broken else PLAIN.goodwill[ASKS, HOLDS])
        assert now.goodwill[HOLDS, ASKS] == PLAIN.goodwill[HOLDS, ASKS]


def test_a_favour_that_was_rarer_than_that_stays_as_rare() -> None:
    _, memories = scandals(1, suspends=1.0)
    assert (
        as_remembered(memories, PLAIN, spec_of(fulfilment=0.9), 0.6, LIBERAL, 31).goodwill[ASKS, HOLDS]
        == PLAIN.goodwill[ASKS, HOLDS]
    )


def test_a_further_scandal_never_shortens_a_term() -> None:
    _, memories = scandals(1, suspends=1.0, scandal_years=9.0, scandal_spread=0.0)
    break_off(memories, spec_of(suspends=1.0, scandal_years=1.0, scandal_spread=0.0), news(), 40, np.ones(1), KEYS, Draws(5))
    assert memories.resumes[ASKS, HOLDS] == 31 + 108


def test_a_state_whose_firm_gave_by_itself_has_nothing_to_break_off() -> None:
    broken, memories = scandals(50, suspends=1.0, own=False)
    assert not broken.any()
    assert not memories.resumes.any()


# --- what they see --------------------------------------------------------------------------------------------------------

NAMES = ("scope", "judge", "panel")
JUDGED = np.array([False, True, False])


def page() -> Docket:
    """Requests that ended in every way; see the test."""
    docket = empty_docket(9)
    docket.used[0] = 9
    docket.case[:] = np.arange(9)
    docket.requested[:] = HOLDS
    docket.ended_day[:] = 10 * DAYS_PER_MONTH + 1
    rows = [
        (EXECUTED, 2, -1, FORMAL),
        (EXECUTED, 2, -1, EMERGENCY),
        (REFUSED, -1, 1, FORMAL),
        (REFUSED, -1, 0, FORMAL),
        (REFUSED, -1, 2, FORMAL),
        (LAPSED, -1, -1, FORMAL),
        (EMPTY, -1, -1, FORMAL),
        (WITHDRAWN, -1, -1, FORMAL),
        (EXECUTED, 0, -1, POLICE),
    ]
    for m, (status, granted, reason, channel) in enumerate(rows):
        docket.status[m], docket.granted[m], docket.reason[m], docket.channel[m] = status, granted, reason, channel
    return docket


def test_authorities_learn_of_what_they_met_and_of_what_they_refused_in_substance_alone() -> None:
    seen = decisions_of(np.arange(9), page(), np.full(9, ASKS, np.int32), JUDGED)
    assert seen.given.tolist() == [True, True, False]
    assert seen.refused.tolist() == [False, False, True]
    assert (seen.requester == ASKS).all()
    assert (seen.requested == HOLDS).all()


def test_news_are_what_a_newspaper_reader_knows_and_no_hidden_column_is_needed() -> None:
    """A table of cases with nothing but names and requesters is enough, and the code asks for nothing else."""
    docket = page()
    docket.channel[8] = DIRECT
    docket.instrument[1] = 1
    docket.published[8] = 1
    cases: Any = SimpleNamespace(id=np.arange(9, dtype=np.uint64), requester=np.full(9, ASKS, np.int32))
    told = news_of(np.array([0, 1, 8]), 14, 10, docket, cases, np.array([False, True]))
    assert told.own.tolist() == [True, True, False]
    assert told.counted.tolist() == [True, True, False]
    assert told.urgent.tolist() == [False, True, False]
    assert told.pooled.tolist() == [False, True, True]
    assert told.age.tolist() == [4.0, 4.0, 4.0]
    assert not news_of(np.array([0]), 14, 11, docket, cases, np.array([False, True])).counted[0]
    assert set(HIDDEN) < set(Cases._fields)
    text = inspect.getsource(sim.review.memory)
    assert not [name for name in HIDDEN if f".{name}" in text]


def test_two_answers_of_one_state_on_one_case_are_one_affair() -> None:
    docket = empty_docket(4)
    docket.case[:] = [0, 0, 0, 1]
    docket.requested[:] = [HOLDS, HOLDS, OTHER, HOLDS]
    affairs = Affairs(np.arange(4), np.array([5, 7, 7, 7]))
    rows = np.array([1, 2, 3])
    assert first_told(rows, affairs, 7, docket).tolist() == [2, 3]
    assert first_told(np.array([0]), affairs, 5, docket).tolist() == [0]
    assert first_told(np.array([0, 1]), Affairs(np.arange(2), np.array([5, 5])), 5, docket).tolist() == [0]
    assert first_told(rows[:0], affairs, 6, docket).size == 0


# --- in a run -------------------------------------------------------------------------------------------------------------

ABUSED = ("demand.abusive_odds=0.2", "review.load=false", "years=5")
OPEN = ("adaptation.exposure.chance=0.6", "adaptation.exposure.lag_months=3")
REVIEWERS = "adaptation.reviewers."


@cache
def whole_run(*overrides: str, seed: int = 1) -> Finished:
    config = made_up(*ABUSED, *overrides)
    run = started(config, bare_world(made_up(*ABUSED)), seed)
    while run.month < run.months:
        advance(run)
    return finish(run)


def same_docket(one: Finished, other: Finished) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one.docket, other.docket, strict=True))


def test_with_every_switch_off_no_parameter_of_memory_changes_a_bit() -> None:
    numbers = ("prior_files=1", "severity=99", "c_record=3", "spill=1", "suspends=1", "fulfilment=0", "scandal_years=9")
    assert same_docket(whole_run(*OPEN), whole_run(*OPEN, *(REVIEWERS + number for number in numbers)))


IDLE = {"trust": "prior_files=1e9", "record": "c_record=0", "scandals": "suspends=0", "emergencies": None}


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_switch_alone_changes_what_happens_and_at_its_neutral_value_nothing(switch: str) -> None:
    hurried = ("demand.false_urgent_share=0.6",)
    plain, on = whole_run(*OPEN, *hurried), f"{REVIEWERS}{switch}=true"
    changed = ("review.urgent_effort=0.1",) if switch == "emergencies" else ()
    assert not same_docket(whole_run(*OPEN, *hurried, *changed), whole_run(*OPEN, *hurried, *changed, on))
    neutral = IDLE[switch]
    if neutral is not None:
        assert same_docket(plain, whole_run(*OPEN, *hurried, on, REVIEWERS + neutral))
    else:
        full_effort = "review.urgent_effort=1"
        assert same_docket(whole_run(*OPEN, *hurried, full_effort), whole_run(*OPEN, *hurried, full_effort, on))


def test_where_nothing_ever_comes_to_light_only_trust_moves() -> None:
    closed = "adaptation.exposure.chance=0"
    for switch in SWITCHES:
        assert same_docket(whole_run(closed), whole_run(closed, f"{REVIEWERS}{switch}=true")) == (switch != "trust")


def test_the_run_in_is_naive() -> None:
    on = [f"{REVIEWERS}{switch}=true" for switch in SWITCHES]
    one, other = whole_run(*OPEN), whole_run(*OPEN, *on)
    opens = one.first_month * DAYS_PER_MONTH
    early = [run.docket.ended_day < opens for run in (one, other)]
    assert early[0].sum() == early[1].sum() > 100
    assert np.array_equal(one.docket.granted[early[0]], other.docket.granted[early[1]])


def remembering(run: Run) -> None:
    while run.month < run.months:
        advance(run)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_records_exposed_requesters_get_less_and_their_needs_are_refused_more(seed: int) -> None:
    config = made_up(*ABUSED, *OPEN, f"{REVIEWERS}record=true", f"{REVIEWERS}c_record=1.2")
    run = started(config, bare_world(made_up(*ABUSED)), seed)
    remembering(run)
    known = run.memories.record.sum(axis=1) > np.median(run.memories.record.sum(axis=1))
    assert 0 < known.sum() < known.size
    with_records, without = finish(run), whole_run(*OPEN, seed=seed)
    disclosed, refused = [], []
    for end in (without, with_records):
        docket, cases = end.docket, end.cases
        exposed = known[cases.requester[docket.case]] & (docket.channel < FIRST_SIDE_DOOR)
        judged = (docket.status == REFUSED) & (docket.reason >= 0) & run.rules.judged[docket.reason]
        abusive = cases.abusive[docket.case]
        disclosed.append(int((exposed & abusive & (docket.granted >= 0)).sum()))
        refused.append(int((exposed & ~abusive & judged).sum()))
    assert disclosed[1] < disclosed[0]
    assert refused[1] > refused[0]


def test_trust_by_experience_follows_what_authorities_found() -> None:
    """Where a requester's files were refused more than is usual trust falls under a half, and where less it rises above."""
    config = made_up(*ABUSED, "adaptation.exposure.chance=0", f"{REVIEWERS}trust=true", f"{REVIEWERS}prior_files=1")
    run = started(config, bare_world(made_up(*ABUSED)))
    remembering(run)
    given, wronged = run.memories.given, run.memories.wronged
    spec, liberal = config.adaptation.reviewers, run.world.states.liberal
    busy = given + wronged > 20
    assert busy.sum() > 10
    trust = liberal[:, None] + gained(given, wronged, liberal[:, None], spec)
    share = wronged[busy] / (given + wronged)[busy]
    usual = 1 / (1 + spec.severity)
    assert (trust[busy][share < usual / 1.5] > 0.5).all()
    assert (trust[busy][share > 1.5 * usual] < 0.5).all()
    moved = run.rules.reading.standing - run.plain.standing
    assert np.allclose(moved, config.review.c_trust * (trust - liberal[:, None]))


def broken_run(*overrides: str) -> tuple[Run, list[NDArray[np.bool_]], list[NDArray[np.bool_]]]:
    """A run in which every affair is a scandal: who had broken off with whom, and what was in force, by month."""
    scandal = (f"{REVIEWERS}scandals=true", f"{REVIEWERS}suspends=1", f"{REVIEWERS}scandal_years=1")
    config = made_up(*ABUSED, *OPEN, *scandal, *overrides)
    run = started(config, bare_world(made_up(*ABUSED)))
    broken, in_force = [], []
    while run.month < run.months:
        broken.append(broken_in(run.memories, run.month))
        in_force.append(run.in_force.copy() if run.month >= run.rules.treaty_from else run.rules.law.before)
        advance(run)
    return run, broken, in_force


def test_whoever_broke_off_answers_by_no_text_and_is_still_answered() -> None:
    run, broken, in_force = broken_run()
    law, opens = run.rules.law.after, run.rules.treaty_from
    assert sum(one.any() for one in broken) > 12
    alone = 0
    for month in range(opens, run.months):
        wanted = law.copy()
        wanted[:-1, broken[month]] = False
        assert np.array_equal(in_force[month], wanted)
        alone += int((broken[month] & ~broken[month].T & law[:-1].any(axis=0).T).sum())
    assert alone > 10, "most break off one way"


def test_of_a_pair_that_broke_off_nothing_in_flight_outlives_the_month_and_new_requests_are_favours() -> None:
    run, broken, _ = broken_run()
    used = int(run.docket.used[0])
    docket = Docket._make(column[:used] for column in run.docket)
    requester = run.cases.requester[docket.case]
    formal = docket.channel < FIRST_SIDE_DOOR
    apart = np.array([broken[m][i, j] for m, i, j in zip(docket.month, requester, docket.requested, strict=True)])
    assert (formal & apart).sum() > 20
    assert (docket.instrument[formal & apart] == len(run.rules.names) - 1).all()
    stopped = docket.status == SUSPENDED
    assert stopped.sum() > 5
    begun = 0
    for month in range(run.rules.treaty_from, run.months - 1):
        fresh = broken[month + 1] & ~broken[month]
        if not fresh.any():
            continue
        closes = (month + 1) * DAYS_PER_MONTH
        pair = fresh[requester, docket.requested] & formal & (docket.filed_day < closes) & (docket.status != DIVERTED)
        assert not (docket.ended_day[pair] > closes).any()
        assert not np.isnan(docket.ended_day[pair]).any()
        begun += int((docket.ended_day[pair] == closes).sum())
        assert (docket.status[pair & (docket.ended_day == closes)] == SUSPENDED).all()
        against = fresh.T[requester, docket.requested] & ~fresh[requester, docket.requested]
        assert not (stopped & against & (docket.ended_day == closes)).any()
    assert begun > 0


def test_the_review_is_compiled_once_whatever_is_remembered() -> None:
    config = made_up(*ABUSED, *OPEN, *(f"{REVIEWERS}{switch}=true" for switch in SWITCHES))
    run = started(config, bare_world(made_up(*ABUSED)))
    kernels: list[Any] = [run.rules.review.receive, run.rules.review.serve]
    for _ in range(run.rules.treaty_from):
        advance(run)
    before = [len(kernel.signatures) for kernel in kernels]
    remembering(run)
    assert [len(kernel.signatures) for kernel in kernels] == before


@pytest.mark.parametrize("wrong", ["spill=1.5", "suspends=-1", "prior_files=0", "fulfilment=2", "scandal_years=0", "c_record=-1"])
def test_a_number_that_cannot_be_is_refused_in_one_line(wrong: str) -> None:
    with pytest.raises(ConfigError, match=rf"adaptation\.reviewers\.{wrong.split('=', maxsplit=1)[0]}") as caught:
        load(f"{REVIEWERS}{wrong}")
    assert "\n" not in str(caught.value)
