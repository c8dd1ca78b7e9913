"""Which rows a wish writes, by which door and under which text; and that a share moves nothing but the rows it is about."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.arrays import Flags
from sim.conduct.doors import MOST_ROWS_A_CASE
from sim.conduct.menus import crimes_at_home, framing_menu, habits_of
from sim.conduct.retries import due_again, empty_book
from sim.config import load
from sim.metrics import Finished
from sim.run import Run
from sim.settings import Config
from sim.world.cases import RESIDENCE_SLOT
from sim.world.docket import empty_docket
from sim.world.instruments import COVERED, instrument_names
from sim.world.snapshot import World
from sim.world.vocabulary import (
    CHANNELS,
    CONTENT,
    DETERRED,
    DIRECT,
    EXECUTED,
    FIRST_SIDE_DOOR,
    FORMAL,
    HONEST,
    OPEN,
    POLICE,
    PRESERVATION,
    REFUSED,
    SPONTANEOUS,
    SUBSCRIBER,
    TRAFFIC,
)
from tests.worlds import FEWER_RULES, bare_world, ended, files, made_up, office, started

OLD_TEXTS = "instrument=[mlat,budapest,hanoi,comity]"
CLOSED = ("conduct.direct_share=0", "conduct.police_share=0", "conduct.spontaneous_most=0")
AS_ONCE = ("demand.persistence=0", "conduct.preservation_share=0.35")  # volume had no memory, and freezing was common
EAGER = ("review.load=false", "conduct.file_everything=true", "demand.abusive_odds=0.3")
FEW_FALSE_ALARMS = 1e-4
FAR = 4.5  # standard deviations
FILED = ("case", "requested", "instrument", "label", "alleged", "kind", "quality", "wanted", "filed_day", "attempt", "month")


@lru_cache(maxsize=4)
def world_of(seed: int = 1) -> World:
    return bare_world(made_up(*EAGER), seed)


@lru_cache(maxsize=40)
def run_of(*overrides: str) -> Run:
    run = started(made_up(*EAGER, *overrides), world_of())
    ended(run)
    return run


def rows_of(run: Run, *channels: int) -> NDArray[np.int64]:
    """Rows of these channels."""
    return np.flatnonzero(np.isin(run.docket.channel[: run.docket.used[0]], channels))


def formal_rows(run: Run) -> NDArray[np.int64]:
    return rows_of(run, *range(FIRST_SIDE_DOOR))


def keyed(run: Run, rows: NDArray[np.int64]) -> set[tuple[int, int]]:
    """Rows by case and requested state."""
    return set(zip(run.cases.id[run.docket.case[rows]].tolist(), run.docket.requested[rows].tolist(), strict=True))


def served(run: Run, rows: NDArray[np.int64]) -> Flags:
    """Whether the requested state hosts a service of the case."""
    return (run.cases.hosts[run.docket.case[rows], :RESIDENCE_SLOT] == run.docket.requested[rows, None]).any(axis=1)


def filings_digest(run: Finished) -> str:
    """Everything that the filing writes, as a digest; no review moves it while each case is filed once.

    Offences are counted without morality, which came later and stands among those of old.
    """
    digest = hashlib.sha256()
    names = run.world.offences.names
    place = np.array([-1 if name == "morality" else [old for old in names if old != "morality"].index(name) for name in names])
    for name in ("attempt", "month", "requested", "instrument", "channel", "wanted", "label", "alleged", "kind"):
        column = getattr(run.docket, name)
        digest.update((place[column] if name in ("label", "alleged") else column).astype("<i8").tobytes())
    digest.update(run.cases.id[run.docket.case].tobytes())
    digest.update(np.round(run.docket.filed_day, 6).tobytes())
    digest.update(np.round(run.docket.quality.astype(float), 3).tobytes())
    return digest.hexdigest()[:16]


# --- what was so before --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "digest"),
    [(1, "b13dd989a869af47"), (2, "08f7297e94174366")],
)
def test_with_every_further_door_closed_requests_are_filed_as_before_there_were_any(seed: int, digest: str) -> None:
    """The digests are of the code before there were further doors, texts and legal bases to choose, or any of ``FEWER_RULES``."""
    config = made_up(OLD_TEXTS, *CLOSED, *FEWER_RULES, *AS_ONCE)
    assert filings_digest(ended(started(config, bare_world(config, seed), seed))) == digest


def test_further_doors_leave_every_formal_request_as_it_is() -> None:
    shut, wide = run_of(*CLOSED), run_of("conduct.direct_share=0.9", "conduct.police_share=0.9", "conduct.spontaneous_most=0.9")
    for channels in ((PRESERVATION,), range(FIRST_SIDE_DOOR)):
        one, other = (rows_of(run, *channels) for run in (shut, wide))
        assert one.size > 500
        for name in (*FILED, "channel"):
            assert np.array_equal(getattr(shut.docket, name)[one], getattr(wide.docket, name)[other]), name
    assert wide.docket.used[0] > shut.docket.used[0] + 1000


# --- the order of a filing's rows ----------------------------------------------------------------------------------------


def test_the_rows_of_a_filing_stand_together_in_one_order_and_tell_one_story() -> None:
    run = run_of("conduct.direct_share=0.9", "conduct.police_share=0.9", "conduct.spontaneous_most=0.9")
    docket, used = run.docket, int(run.docket.used[0])
    rank = np.array([{SPONTANEOUS: 0, DIRECT: 1, POLICE: 2, PRESERVATION: 3}.get(c, 4) for c in range(len(CHANNELS))])
    place = rank[docket.channel[:used]]
    same = docket.case[1:used] == docket.case[: used - 1]
    assert (np.diff(place)[same] > 0).all()
    sizes = np.unique(docket.case[:used], return_counts=True)[1]
    assert sizes.sum() == used
    assert same.sum() == used - sizes.size, "rows of one case are neighbours"
    assert set(sizes) == set(range(1, MOST_ROWS_A_CASE + 1))
    for name in ("label", "alleged", "kind", "quality", "wanted", "requested", "filed_day", "attempt", "month"):
        column = getattr(docket, name)[:used]
        assert np.array_equal(column[1:][same], column[:-1][same]), name
    frozen = rows_of(run, PRESERVATION)
    assert (docket.channel[frozen + 1] < FIRST_SIDE_DOOR).all()
    assert np.array_equal(docket.case[frozen + 1], docket.case[frozen])


# --- to the firm ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_firm_is_asked_at_its_share_of_abusive_wishes_for_less_than_content_where_it_is(share: float) -> None:
    run = run_of(f"conduct.direct_share={share}")
    rows = formal_rows(run)
    docket, cases = run.docket, run.cases
    could = rows[cases.abusive[docket.case[rows]] & (docket.wanted[rows] < CONTENT) & served(run, rows)]
    asked = rows_of(run, DIRECT)
    assert keyed(run, asked) <= keyed(run, could)
    assert could.size > 300
    assert stats.binomtest(asked.size, could.size, share).pvalue > FEW_FALSE_ALARMS
    assert set(docket.instrument[asked]) == {len(run.rules.names) - 1}, "no text governs it"
    assert cases.abusive[docket.case[asked]].all(), "legitimate direct requests are counts, no rows"
    elsewhere = rows[cases.abusive[docket.case[rows]] & ~served(run, rows)]
    assert elsewhere.size > 5, "some wishes go to where the person lives"


def test_where_the_person_only_lives_there_is_no_firm_to_ask() -> None:
    """Every wish goes to the residence, if there is one: only those whose residence also hosts a service reach a firm."""
    run = run_of("conduct.direct_share=1", "conduct.residence_weight=1e9")
    rows = formal_rows(run)
    light = run.cases.abusive[run.docket.case[rows]] & (run.docket.wanted[rows] < CONTENT)
    assert keyed(run, rows_of(run, DIRECT)) == keyed(run, rows[light & served(run, rows)])
    assert (light & ~served(run, rows)).sum() > 50


# --- police to police ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.15, 0.8])
def test_police_ask_police_at_their_share_for_the_offences_of_the_convention_alone(share: float) -> None:
    run = run_of(f"conduct.police_share={share}")
    config = made_up(*EAGER)
    rows = formal_rows(run)
    docket = run.docket
    convention = run.world.offences.offence_class[docket.label[rows]] <= 1
    could = rows[convention & (docket.month[rows] >= config.run_in_months)]
    asked = rows_of(run, POLICE)
    assert keyed(run, asked) <= keyed(run, could)
    assert stats.binomtest(asked.size, could.size, share).pvalue > FEW_FALSE_ALARMS
    assert {run.rules.names[text] for text in docket.instrument[asked]} == {"hanoi"}
    abusive = run.cases.abusive[docket.case[asked]]
    assert 0 < abusive.mean() < 1, "true and pretended Convention offences alike"


def test_police_cooperation_shrinks_with_the_scope_of_its_text() -> None:
    run = run_of("conduct.police_share=0.8", "instruments.hanoi.reaches.B=never")
    labels = run.docket.label[rows_of(run, POLICE)]
    assert set(run.world.offences.offence_class[labels]) == {0}


# --- unasked -------------------------------------------------------------------------------------------------------------


def chances(run: Run, rows: NDArray[np.int64], most: float) -> NDArray[np.float64]:
    """What the closed form says of each filing in whose phase some text lets states share unasked."""
    states, case = run.world.states, run.docket.case[rows]
    i, j = run.cases.requester[case], run.docket.requested[rows]
    after = run.docket.month[rows] >= run.rules.treaty_from
    open_door = np.where(after, run.rules.law.pushes[1, i, j], run.rules.law.pushes[0, i, j]) >= 0
    own_crime = run.rules.reading.crime[-1, j, run.cases.conduct[case]]
    return most * states.alignment[i, j] * own_crime * open_door


def test_states_share_unasked_by_alignment_what_they_punish_themselves() -> None:
    run = run_of("conduct.spontaneous_most=0.9")
    rows, shared = formal_rows(run), rows_of(run, SPONTANEOUS)
    assert keyed(run, shared) <= keyed(run, rows)
    for abusive in (False, True):
        mine = rows[run.cases.abusive[run.docket.case[rows]] == abusive]
        count = (run.cases.abusive[run.docket.case[shared]] == abusive).sum()
        p = chances(run, mine, 0.9)
        assert p.sum() > 30
        assert abs(count - p.sum()) < FAR * np.sqrt((p * (1 - p)).sum())
    names = np.array(run.rules.names)[run.docket.instrument[shared]]
    assert set(names) == {"budapest", "hanoi"}
    before = run.docket.month[shared] < run.rules.treaty_from
    assert set(names[before]) == {"budapest"}, "Budapest Art 26 was there before"


# --- what a share moves --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "channel", "low", "high"),
    [("direct_share", DIRECT, 0.3, 0.6), ("police_share", POLICE, 0.1, 0.4), ("spontaneous_most", SPONTANEOUS, 0.2, 0.7)],
)
def test_a_larger_share_keeps_every_row_of_a_smaller_one(key: str, channel: int, low: float, high: float) -> None:
    few, many = (run_of(*(c for c in CLOSED if key not in c), f"conduct.{key}={share}") for share in (low, high))
    one, other = (keyed(run, rows_of(run, channel)) for run in (few, many))
    assert 0 < len(one) < len(other)
    assert one < other
    for further in {DIRECT, POLICE, SPONTANEOUS} - {channel}:
        assert not rows_of(few, further).size


def test_who_does_not_ask_formally_may_still_ask_the_firm_or_the_police_or_be_told() -> None:
    """The appetite of no case moves a row past the request paragraphs; a case without any row is deterred, any other is open."""
    shares = ("conduct.direct_share=0.5", "conduct.police_share=0.5", "conduct.spontaneous_most=0.5")
    eager = run_of(*shares)
    for appetite in (0.0, 0.5):
        config = made_up(*EAGER, *shares, f"conduct.appetite={appetite}").model_copy()
        config = config.model_copy(update={"conduct": config.conduct.model_copy(update={"file_everything": False})})
        run = started(config, world_of())
        ended(run)
        for channel in (DIRECT, POLICE, SPONTANEOUS):
            assert keyed(run, rows_of(run, channel)) == keyed(eager, rows_of(eager, channel)), CHANNELS[channel]
        formal = keyed(run, formal_rows(run))
        assert len(formal) < len(keyed(eager, formal_rows(eager)))
        assert bool(formal) == (appetite > 0)
        with_rows = np.zeros(run.cases.id.size, bool)
        with_rows[run.docket.case[: run.docket.used[0]]] = True
        assert (run.book.status[with_rows] == OPEN).all()
        assert not (run.book.status[~with_rows] == OPEN).any()
        assert (run.book.status[~with_rows] == DETERRED).sum() > 100
        last = run.book.last[with_rows]
        assert np.array_equal(run.docket.case[last], np.flatnonzero(with_rows))
        assert (np.delete(run.book.last, np.flatnonzero(with_rows)) == -1).all()
        following = run.docket.case[np.minimum(last + 1, run.docket.used[0] - 1)]
        assert ((following != run.docket.case[last]) | (last == run.docket.used[0] - 1)).all(), "the last row of its filing"


# --- a second attempt ----------------------------------------------------------------------------------------------------


def heard(rows: list[tuple[int, int, int, int, float]], month: int = 10) -> list[float]:
    """Days on which a case with one filing of such rows asks again: (channel, wanted, granted, status, ended day)."""
    place = office()
    cases, _ = files(place, 1)
    docket = empty_docket(len(rows))
    for m, (channel, wanted, granted, status, day) in enumerate(rows):
        docket.channel[m], docket.wanted[m], docket.granted[m] = channel, wanted, granted
        docket.status[m], docket.ended_day[m] = status, day
    docket.used[0] = len(rows)
    book = empty_book(cases.id.size)
    book.last[0], book.attempts[0] = len(rows) - 1, 1
    book.waiting[0], book.until[0], book.held[0] = 0, -np.inf, 1
    config = made_up("states.synthetic.count=2", "states.synthetic.hosts=1", "conduct.attempts=3", "conduct.retry_days=60")
    habits = habits_of(place.world, config.conduct, place.law)
    found, days = due_again(month, book, docket, habits)
    assert found.size in (0, 1)
    return days.tolist()


def test_a_case_asks_again_unless_some_row_gave_what_was_wanted() -> None:
    refused = (FORMAL, TRAFFIC, -1, REFUSED, 250.0)
    assert heard([refused]) == [310.0]
    assert heard([(FORMAL, TRAFFIC, SUBSCRIBER, EXECUTED, 250.0)]) == [], "a formal request that gave anything is enough"
    assert heard([(FORMAL, TRAFFIC, -1, REFUSED, np.nan)]) == [], "not answered yet"
    for channel in (SPONTANEOUS, DIRECT, POLICE):
        assert heard([(channel, TRAFFIC, TRAFFIC, EXECUTED, 200.0), refused]) == []
        assert heard([(channel, TRAFFIC, SUBSCRIBER, EXECUTED, 200.0), refused]) == [310.0]
        assert heard([(channel, TRAFFIC, -1, REFUSED, 200.0), refused]) == [310.0]
        assert heard([(channel, TRAFFIC, -1, REFUSED, 250.0)]) == [310.0], "whoever asked no authority hears at the door"
        assert heard([(channel, TRAFFIC, TRAFFIC, EXECUTED, 250.0)]) == []
        assert heard([(channel, TRAFFIC, -1, REFUSED, np.nan), refused]) == [], "a door has not answered yet"
    assert heard([(DIRECT, TRAFFIC, -1, REFUSED, 260.0), (POLICE, TRAFFIC, -1, REFUSED, 250.0)]) == [320.0]
    frozen = (PRESERVATION, TRAFFIC, -1, EXECUTED, 290.0)
    assert heard([frozen, refused]) == [310.0], "frozen data are no answer"


def test_attempts_count_filings_and_each_goes_to_another_state() -> None:
    shares = ("conduct.direct_share=0.5", "conduct.police_share=0.5", "conduct.spontaneous_most=0.5")
    run = run_of("conduct.attempts=3", "conduct.retry_days=10", *shares)
    docket, used = run.docket, int(run.docket.used[0])
    filings = np.unique(np.column_stack([docket.case[:used], docket.attempt[:used], docket.requested[:used]]), axis=0)
    count = np.bincount(filings[:, 0], minlength=run.cases.id.size)
    assert np.array_equal(count, run.book.attempts), "one filing an attempt, whatever its rows"
    assert set(count) == {0, 1, 2, 3}
    destinations = np.unique(filings[:, [0, 2]], axis=0)
    assert destinations.shape[0] == filings.shape[0]


def test_whoever_was_deterred_from_asking_formally_stays_so_when_a_side_door_fails() -> None:
    """With one propensity for all texts nobody whose first filing held no formal request ever makes one."""
    equal = [f"instruments.{name}.filing=1" for name in instrument_names(made_up().instruments)]
    config = made_up("review.load=false", "demand.abusive_odds=0.3", "conduct.attempts=3", "conduct.retry_days=10",
                     "conduct.appetite=0.5", "conduct.police_share=0.5", *equal)  # fmt: skip
    run = started(config, world_of())
    ended(run)
    docket, used = run.docket, int(run.docket.used[0])
    formal = np.zeros((run.cases.id.size, 3), bool)
    filed = np.zeros((run.cases.id.size, 3), bool)
    filed[docket.case[:used], docket.attempt[:used]] = True
    rows = formal_rows(run)
    formal[docket.case[rows], docket.attempt[rows]] = True
    again = filed[:, 1]
    assert (again & formal[:, 0]).sum() > 100
    assert (again & ~formal[:, 0]).sum() > 30
    assert np.array_equal(formal[again, 1], formal[again, 0])


# --- the legal basis -----------------------------------------------------------------------------------------------------


def test_requesters_choose_a_legal_basis_by_propensity_over_delay() -> None:
    weights = {"mlat": (0.9, 1.0), "budapest": (0.6, 0.5), "hanoi": (0.8, 2.0)}
    texts = [f"instruments.{name}.{key}={value}" for name, pair in weights.items()
             for key, value in zip(("filing", "delay_factor"), pair, strict=True)]  # fmt: skip
    run = run_of("conduct.legal_basis=requester_choice", OLD_TEXTS, *texts)
    law, docket, rows = run.rules.law, run.docket, formal_rows(run)
    i, j, label = run.cases.requester[docket.case[rows]], docket.requested[rows], docket.label[rows]
    after = docket.month[rows] >= run.rules.treaty_from
    weight = np.array([law.filing[t] / law.delay[t] for t in range(4)])[:, None]
    usable = np.where(after, law.after[:, i, j], law.before[:, i, j]) & (law.reach[:, i, label] == COVERED)
    usable[3] = ~usable[:3].any(axis=0)  # comity is nobody's choice
    p = weight * usable / (weight * usable).sum(axis=0)
    chosen = docket.instrument[rows] == np.arange(4)[:, None]
    assert not (chosen & ~usable).any()
    assert np.array_equal(chosen[3], usable[3])
    for text, name in enumerate(run.rules.names[:3]):
        contested = (p[text] > 0) & (p[text] < 1)
        assert contested.sum() > 300, name
        spread = np.sqrt((p[text] * (1 - p[text])).sum())
        assert abs(chosen[text].sum() - p[text].sum()) < FAR * spread, name


def test_a_case_that_is_filed_again_chooses_its_basis_anew() -> None:
    """The luck of the race is the attempt's own: else whoever chose a text once would choose it each time."""
    run = run_of("conduct.legal_basis=requester_choice", "conduct.attempts=3", OLD_TEXTS)
    law, docket, rows = run.rules.law, run.docket, formal_rows(run)
    rows = rows[docket.month[rows] >= run.rules.treaty_from]
    i, j = run.cases.requester[docket.case[rows]], docket.requested[rows].astype(np.int64)
    usable = law.after[:3, i, j] & (law.reach[:3, i, docket.label[rows]] == COVERED)
    met: dict[tuple[int, tuple[bool, ...]], int] = {}
    pairs = []
    for row, menu in zip(rows.tolist(), usable.T.tolist(), strict=True):
        key = int(docket.case[row]), tuple(menu)
        if sum(menu) > 1 and key in met:
            pairs.append((docket.instrument[met[key]], docket.instrument[row]))
        met.setdefault(key, row)
    assert len(pairs) > 50
    assert 0.2 < np.mean([one != other for one, other in pairs]) < 0.8


def test_a_basis_that_becomes_slower_loses_cases_and_moves_no_other() -> None:
    """A race: revaluing one option changes only the cases in which it wins or loses."""
    quick, slow = (run_of("conduct.legal_basis=requester_choice", f"instruments.hanoi.delay_factor={x}") for x in (1.0, 4.0))
    one, other = (run.docket.instrument[formal_rows(run)] for run in (quick, slow))
    hanoi = quick.rules.names.index("hanoi")
    moved = one != other
    assert moved.sum() > 100
    assert (one[moved] == hanoi).all()
    assert not (other[moved] == hanoi).any()


def test_a_basis_that_nobody_would_file_under_is_never_chosen() -> None:
    nothing = [f"instruments.{name}.filing=0" for name in ("mlat", "budapest", "hanoi")]
    run = run_of("conduct.legal_basis=requester_choice", OLD_TEXTS, *nothing)
    assert set(run.docket.instrument[formal_rows(run)]) == {3}


def test_by_precedence_the_order_decides_and_by_choice_it_does_not() -> None:
    """Under precedence a text that moves behind another loses their common cases; the requester's choice reads no order."""
    orders = ("instruments.mlat.order=40", "instruments.budapest.order=35")
    plain, turned = run_of(OLD_TEXTS), run_of(OLD_TEXTS, *orders)
    assert plain.rules.names != turned.rules.names

    def named(run: Run) -> NDArray[Any]:
        return np.array(run.rules.names)[run.docket.instrument[formal_rows(run)]]

    assert (named(plain) != named(turned)).sum() > 100
    free = "conduct.legal_basis=requester_choice"
    assert np.array_equal(named(run_of(OLD_TEXTS, free)), named(run_of(OLD_TEXTS, *orders, free)))


# --- texts that stop short -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", ["subscriber", "traffic"])
@pytest.mark.parametrize("fall_through", ["true", "false"])
def test_a_text_governs_no_request_for_data_that_it_does_not_offer(most: str, fall_through: str) -> None:
    full, less = (
        run_of(OLD_TEXTS, f"conduct.fall_through={fall_through}", f"instruments.mlat.most={most}") for most in ("content", most)
    )
    one, other = formal_rows(full), formal_rows(less)
    mlat, wanted = 0, full.docket.wanted[one]
    assert full.rules.names[mlat] == "mlat"
    governed = full.docket.instrument[one] == mlat
    beyond = wanted > {"subscriber": SUBSCRIBER, "traffic": TRAFFIC}[most]
    assert (governed & beyond).sum() > 50
    assert np.array_equal(less.docket.instrument[other] == mlat, governed & ~beyond)
    assert np.array_equal(less.docket.instrument[other][~governed], full.docket.instrument[one][~governed])


def test_the_second_protocol_brought_into_force_takes_subscriber_data_and_nothing_else() -> None:
    run = run_of("instruments.second_protocol.parties.base=budapest")
    rows = formal_rows(run)
    mine = rows[np.array(run.rules.names)[run.docket.instrument[rows]] == "second_protocol"]
    assert mine.size > 100
    assert set(run.docket.wanted[mine]) == {SUBSCRIBER}
    assert (run.docket.month[mine] >= run.rules.treaty_from).all()
    assert not (np.array(run_of().rules.names)[run_of().docket.instrument[formal_rows(run_of())]] == "second_protocol").any()


# --- pairs switched off --------------------------------------------------------------------------------------------------


def test_a_pair_that_a_text_no_longer_binds_takes_the_next_one_and_its_doors_too() -> None:
    """Hanoi is switched off for one requester: its filings go on under other law, its police door is shut, all else stays."""
    wide = ("conduct.police_share=0.8", "conduct.spontaneous_most=0.8")
    plain = run_of(*wide)
    counts = np.bincount(plain.cases.requester[plain.docket.case[rows_of(plain, POLICE)]])
    out = int(counts.argmax())
    law = plain.rules.law
    hanoi = plain.rules.names.index("hanoi")
    off = law.after.copy()
    off[hanoi, out, :] = False
    run = started(made_up(*EAGER, *wide), world_of(), law={"after": off})
    ended(run)
    assert (run.rules.law.polices == law.polices).all(), "the doors of the law are known from before; what is in force is asked"
    mine, his = (np.flatnonzero(r.cases.requester[r.docket.case[: r.docket.used[0]]] == out) for r in (run, plain))
    assert (plain.docket.instrument[his] == hanoi).sum() > 100
    assert not (run.docket.instrument[mine] == hanoi).any()
    assert np.array_equal(np.intersect1d(formal_rows(run), mine).size, np.intersect1d(formal_rows(plain), his).size)
    assert not (run.docket.channel[mine] == POLICE).any()
    pushed = mine[run.docket.channel[mine] == SPONTANEOUS]
    assert pushed.size > 20
    assert set(np.array(run.rules.names)[run.docket.instrument[pushed]]) == {"budapest"}
    others, same = (np.setdiff1d(np.arange(r.docket.used[0]), rows) for r, rows in ((run, mine), (plain, his)))
    for name in (*FILED, "channel"):
        assert np.array_equal(getattr(run.docket, name)[others], getattr(plain.docket, name)[same]), name


# --- what a protocol adds ------------------------------------------------------------------------------------------------


def speech_protocol(config: Config) -> Config:
    hanoi = config.instruments["hanoi"].model_copy(update={"adds": {"insult": True, "false_news": True}})
    return config.model_copy(update={"instruments": {**config.instruments, "hanoi": hanoi}})


def without_a_law(world: World, *names: str) -> World:
    """The same world in which no state punishes these offences."""
    penalties = world.states.penalties.copy()
    penalties[:, [world.offences.names.index(name) for name in names]] = np.nan
    return replace(world, states=replace(world.states, penalties=penalties))


def test_a_party_to_a_protocol_may_name_the_offence_that_it_adds_and_police_may_ask_for_it() -> None:
    config = made_up(*EAGER, "conduct.police_share=0.8")
    world = without_a_law(world_of(), "insult", "false_news")
    plain, reformed = (started(each, world) for each in (config, speech_protocol(config)))
    added = [world.offences.names.index(name) for name in ("insult", "false_news")]
    for run in (plain, reformed):
        ended(run)
    assert not np.isin(plain.docket.label[: plain.docket.used[0]], added).any(), "no law holds it, so nobody can cite it"
    cited = np.flatnonzero(np.isin(reformed.docket.label[: reformed.docket.used[0]], added))
    assert cited.size > 100
    assert (reformed.docket.month[cited] >= reformed.rules.treaty_from).all(), "before the window nothing is added"
    assert (reformed.docket.kind[cited] == HONEST).any()
    formal = np.intersect1d(cited, formal_rows(reformed))
    assert "hanoi" in set(np.array(reformed.rules.names)[reformed.docket.instrument[formal]])
    assert (reformed.docket.channel[cited] == POLICE).any()


def test_a_protocol_changes_nothing_before_it_is_in_force_and_no_request_on_an_ordinary_suspect() -> None:
    config = made_up(*EAGER)
    plain, reformed = (started(each, world_of()) for each in (config, speech_protocol(config)))
    for run in (plain, reformed):
        ended(run)
    assert plain.rules.habits.menu.shape[0] == 1
    assert reformed.rules.habits.menu.shape[0] == 2
    for rows in (
        [np.flatnonzero(run.docket.month[: run.docket.used[0]] < config.run_in_months) for run in (plain, reformed)],
        [np.flatnonzero(~run.cases.abusive[run.docket.case[: run.docket.used[0]]]) for run in (plain, reformed)],
    ):
        assert rows[0].size > 500
        for name in (*FILED, "channel"):
            assert np.array_equal(getattr(plain.docket, name)[rows[0]], getattr(reformed.docket, name)[rows[1]]), name


def test_only_parties_hold_what_a_protocol_adds() -> None:
    config = speech_protocol(load("people.rows=3000", "demand.legitimate=200", "years=1"))
    run = started(config, without_a_law(bare_world(config), "insult"), months=1)
    law, world = run.rules.law, run.world
    insult, other = world.offences.names.index("insult"), world.offences.names.index("blasphemy")
    before, after = crimes_at_home(world, law)
    assert not before[:, insult].any()
    assert np.array_equal(after[:, insult], world.states.groups["signatories"])
    assert np.array_equal(after[:, other], ~np.isnan(world.states.penalties[:, other]))
    menu = framing_menu(world, config.conduct, after)
    assert (menu[~after[:, insult]][:, :, insult, HONEST, insult] == 0).all()
    assert (menu[after[:, insult]][:, :, insult, HONEST, insult] > 0).all()
