"""What requesters learn: long-run choices follow what pays, batches know no order, volume follows yield, habit stays habit."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, logit

from sim.arrays import Reals
from sim.conduct.filing import file_requests
from sim.conduct.learning import (
    _WAYS,
    Answers,
    Learning,
    Ledger,
    Mind,
    answers_of,
    get_used_to,
    heard_outcome,
    is_adaptive,
    learn,
    ledger_of,
    mind_of,
    note_outcomes,
    payoffs,
    volumes,
    way_of,
)
from sim.conduct.menus import habits_of
from sim.conduct.retries import empty_book
from sim.month import advance
from sim.settings import Config
from sim.world.cases import RESIDENCE_SLOT, Cases
from sim.world.docket import Docket, empty_docket
from sim.world.instruments import texts_by_pair
from sim.world.record import ConfigError
from sim.world.vocabulary import (
    CASE_STATUSES,
    DIRECT,
    DISCLOSED,
    DIVERTED,
    EMERGENCY,
    EXECUTED,
    FIRST_SIDE_DOOR,
    FORMAL,
    KINDS,
    LAPSED,
    OFFENCE_CLASSES,
    POLICE,
    PRESERVATION,
    REFUSED,
    REGIMES,
    SPONTANEOUS,
    TRAFFIC,
)
from tests.worlds import ASKS, FEWER_RULES, Office, bare_world, ended, files, made_up, office, started

CLOSED = ("conduct.direct_share=0", "conduct.police_share=0", "conduct.spontaneous_most=0", "conduct.preservation_share=0")
THREE = ("states.synthetic.count=3", "states.synthetic.hosts=2", "conduct.attempts=3", *CLOSED)
FEW_FALSE_ALARMS = 1e-4
FAR = 4.5  # standard deviations


def spec_of(**fields: Any) -> Learning:
    """Learning as configured, but for these fields."""
    return made_up().adaptation.requesters.model_copy(update={"adaptive_share": 1.0, **fields})


def learners(place: Office, **fields: Any) -> tuple[Learning, Mind]:
    spec = spec_of(**fields)
    return spec, mind_of(place.world, spec, len(place.instruments), 0.05)


def chosen(config: Config, place: Office, mind: Mind, cases: Cases, month: int = 0) -> tuple[Docket, Reals]:
    """The rows that all these cases write, filed for sure, and the menu (kind, label) that their requester has."""
    habits = habits_of(place.world, config.conduct, place.law)._replace(file_everything=True)
    docket = empty_docket(6 * cases.id.size)
    expression = np.ones(place.world.people.count + 1)
    wishes, days = np.arange(cases.id.size), np.full(cases.id.size, 1.0)
    bound = texts_by_pair(place.law.after)
    file_requests(
        np.uint64(7), month, 1, bound, wishes, days, expression, cases, empty_book(cases.id.size), docket, place.law, habits, mind
    )
    with np.errstate(over="ignore"):
        return docket, np.exp(habits.menu[-1, ASKS, cases.group[0], cases.conduct[0]])


def wishes(place: Office, count: int, first_id: int = 1, hosts: tuple[int, ...] = (0,), resident: int = -1) -> Cases:
    """Abusive wishes of one state about one conduct, whose data lie with these hosts."""
    cases, _ = files(place, count, abusive=True, wanted=TRAFFIC, first_id=first_id)
    held = np.full_like(cases.hosts, -1)
    held[:, 1 : 1 + len(hosts)] = hosts
    held[:, RESIDENCE_SLOT] = resident
    return cases._replace(hosts=held)


def governed(place: Office, config: Config, requested: int) -> NDArray[np.int64]:
    """The text that governs each label between the requester and a state, for traffic data: the first that reaches it."""
    found = np.full(len(place.world.offences.names), len(place.instruments) - 1)
    for text in reversed(range(len(place.instruments) - 1)):
        reached = place.law.after[text, ASKS, requested] & (place.law.reach[text, ASKS] == 0) & (place.law.most[text] >= TRAFFIC)
        found[reached] = text
    return found


def values_at(place: Office, config: Config, mind: Mind, requested: int, way: int = 0) -> Reals:
    """What the requester holds each (kind, label) to be worth with a host, over what was expected."""
    text, kinds = governed(place, config, requested), np.arange(len(KINDS))[:, None]
    labels = np.arange(len(text))[None, :]
    return mind.value[ASKS, text[None, :], mind.place[requested], mind.frame[kinds, labels], way]


def agree(found: NDArray[np.int64], shares: Reals) -> None:
    """Counts are what these shares give, by chi-squared over the cells that expect five."""
    assert found[shares == 0].sum() == 0
    expected = shares * found.sum()
    small = expected < 5
    observed = np.append(found[~small], found[small].sum())
    wanted = np.append(expected[~small], expected[small].sum())
    kept = wanted > 0
    assert stats.chisquare(observed[kept], wanted[kept]).pvalue > FEW_FALSE_ALARMS


def counted(docket: Docket, labels: int, requested: int | None = None) -> NDArray[np.int64]:
    rows = np.arange(docket.used[0])
    if requested is not None:
        rows = rows[docket.requested[rows] == requested]
    table = np.zeros((len(KINDS), labels), np.int64)
    np.add.at(table, (docket.kind[rows], docket.label[rows]), 1)
    return table


# --- choice --------------------------------------------------------------------------------------------------------------


def test_labels_are_chosen_by_habit_times_the_exponential_of_what_they_are_worth() -> None:
    config, place = made_up(*THREE), office(made_up(*THREE))
    _, mind = learners(place, labels=True, pull=3.0)
    mind.value[:] = np.random.default_rng(1).normal(0.0, 0.4, mind.value.shape)
    docket, menu = chosen(config, place, mind, wishes(place, 20_000))
    weight = menu * np.exp(3.0 * values_at(place, config, mind, 0))
    agree(counted(docket, menu.shape[1]), weight / weight.sum())
    plain, _ = chosen(config, place, mind._replace(pull=np.zeros_like(mind.pull)), wishes(place, 20_000))
    agree(counted(plain, menu.shape[1]), menu / menu.sum())


def test_a_destination_and_then_a_label_are_one_choice_among_all_ways() -> None:
    config, place = made_up(*THREE), office(made_up(*THREE))
    _, mind = learners(place, labels=True, destinations=True, pull=3.0)
    mind = mind._replace(place=np.arange(3))  # three kinds of destination
    mind.value[:] = np.random.default_rng(2).normal(0.0, 0.4, mind.value.shape)
    hosts = (0, 2)
    docket, menu = chosen(config, place, mind, wishes(place, 30_000, hosts=hosts))
    weight = np.stack([menu * np.exp(3.0 * values_at(place, config, mind, host)) for host in hosts])
    found = np.stack([counted(docket, menu.shape[1], host) for host in hosts])
    agree(found, weight / weight.sum())


def test_destinations_alone_are_chosen_by_the_mean_worth_of_habits_labels() -> None:
    config, place = made_up(*THREE), office(made_up(*THREE))
    _, mind = learners(place, destinations=True, pull=3.0)
    mind = mind._replace(place=np.arange(3))
    mind.value[:] = np.random.default_rng(3).normal(0.0, 0.4, mind.value.shape)
    docket, menu = chosen(config, place, mind, wishes(place, 30_000, hosts=(0, 2)))
    worth = np.array([(menu * values_at(place, config, mind, host)).sum() / menu.sum() for host in (0, 2)])
    shares = np.exp(3.0 * worth) / np.exp(3.0 * worth).sum()
    agree(np.array([counted(docket, menu.shape[1], host).sum() for host in (0, 2)]), shares)
    agree(counted(docket, menu.shape[1], 0), menu / menu.sum())


@pytest.mark.parametrize("destinations", [False, True])
def test_revaluing_one_way_changes_only_the_races_in_which_it_wins(destinations: bool) -> None:
    """In each race on its own: who had that host already moves to that way; others move to the host, and label as habit has it."""
    config, place = made_up(*THREE), office(made_up(*THREE))
    _, mind = learners(place, labels=True, destinations=destinations, pull=3.0)
    mind = mind._replace(place=np.arange(3))
    cases = wishes(place, 4000, hosts=(0, 2))
    before, menu = chosen(config, place, mind, cases)
    likeliest = int(np.argmax(menu[2]))  # pretext
    text, frame = int(governed(place, config, 0)[likeliest]), mind.frame[2, likeliest]
    mind.value[ASKS, text, 0, frame, 0] = 0.3
    after, _ = chosen(config, place, mind, cases)
    rows = slice(0, int(before.used[0]))
    assert np.array_equal(before.case[rows], after.case[rows])
    came = (before.requested != after.requested)[rows]
    relabelled = ((before.label != after.label) | (before.kind != after.kind))[rows]
    stayed = relabelled & ~came & (after.requested[rows] == 0)
    assert stayed.sum() > 20
    assert (mind.frame[after.kind[rows], after.label[rows]][stayed] == frame).all(), "what moved moved to what is worth more"
    assert not (relabelled & ~came & (after.requested[rows] == 2)).any()
    assert came.any() == destinations
    assert (after.requested[rows][came] == 0).all(), "a host that is worth more loses nobody"


@pytest.mark.parametrize("paying", ["all", "fabrications"])
def test_in_the_long_run_choices_are_the_boltzmann_distribution_of_what_ways_pay(paying: str) -> None:
    config, place = made_up(*THREE), office(made_up(*THREE))
    spec, mind = learners(place, labels=True, pull=2.0, rate=0.2, cost=0.0, framing_cost=0.0)
    for month in range(60):
        docket, _ = chosen(config, place, mind, wishes(place, 300, first_id=1 + 300 * month), month)
        rows = np.arange(docket.used[0])
        success = np.ones(rows.size, bool) if paying == "all" else docket.kind[rows] == 2
        docket.status[rows] = np.where(success, EXECUTED, LAPSED)
        docket.granted[rows] = np.where(success, docket.wanted[rows], -1)
        learn(mind, spec, answers_of(rows, docket, wishes(place, 300, first_id=1 + 300 * month)))
    docket, menu = chosen(config, place, mind, wishes(place, 20_000, first_id=10**6))
    true = np.ones(3) if paying == "all" else np.array([0.0, 0.0, 1.0])
    weight = menu * np.exp(2.0 * (true - spec.prior))[:, None]
    tried = values_at(place, config, mind, 0)[menu > 0.01 * menu.max()]
    assert np.abs(np.abs(tried) - spec.prior).max() < 0.02, "values have arrived"
    agree(counted(docket, menu.shape[1]), weight / weight.sum())
    if paying == "all":
        agree(counted(docket, menu.shape[1]), menu / menu.sum())


@pytest.mark.parametrize(("channel", "habit", "worth"), [(DIRECT, 0.5, -0.4), (POLICE, 0.15, 0.4), (EMERGENCY, 0.05, 0.5)])
def test_firm_police_and_pretence_are_chosen_with_habits_odds_times_the_exponential_of_worth(
    channel: int, habit: float, worth: float
) -> None:
    """Of all to whom the way is open, which is how many take it whose habit is to take it always."""
    settings = (*THREE[:2], "conduct.spontaneous_most=0", "conduct.preservation_share=0", "conduct.direct_share=0")
    key = {DIRECT: "conduct.direct_share", POLICE: "conduct.police_share"}.get(channel)
    place = office(made_up(*settings))
    _, mind = learners(place, channels=True, pull=3.0)
    mind.value[..., _WAYS.index(channel)] = worth

    def taken(share: float, held: Mind) -> int:
        config = made_up(*(s for s in settings if s.split("=")[0] != key), *([f"{key}={share}"] if key else ()))
        docket, _ = chosen(config, place, held._replace(urgent_log=float(logit(share))), wishes(place, 20_000))
        return int((docket.channel[: docket.used[0]] == channel).sum())

    whole = taken(1.0, mind)
    assert whole > 2000
    wanted = expit(logit(habit) + 3.0 * worth)
    assert abs(taken(habit, mind) / whole - wanted) < FAR * np.sqrt(wanted * (1 - wanted) / whole)
    if key:  # an emergency that is worth no more than another request is pretended as the case has it
        plain = taken(habit, mind._replace(pull=np.zeros_like(mind.pull)))
        assert abs(plain / whole - habit) < FAR * np.sqrt(habit * (1 - habit) / whole)


# --- learning ------------------------------------------------------------------------------------------------------------


def some_answers(place: Office, count: int, seed: int = 5) -> Answers:
    rng = np.random.default_rng(seed)
    given = rng.random(count) < 0.4
    return Answers(
        requester=rng.integers(0, place.world.states.count, count),
        abusive=rng.random(count) < 0.7,
        text=rng.integers(0, len(place.instruments), count),
        requested=rng.integers(0, place.world.states.count, count),
        residence=rng.random(count) < 0.2,
        kind=rng.integers(0, len(KINDS), count),
        label=rng.integers(0, len(place.world.offences.names), count),
        channel=rng.choice(_WAYS, count),
        given=given,
        full=given & (rng.random(count) < 0.7),
        reasoned=~given & (rng.random(count) < 0.5),
    )


def test_a_month_in_one_batch_is_what_a_bare_loop_makes_of_it() -> None:
    place = office(made_up(*THREE))
    spec, mind = learners(place, labels=True)
    rng = np.random.default_rng(6)
    mind.value[:] = rng.normal(0, 0.3, mind.value.shape)
    answers = some_answers(place, 4000)
    held: dict[tuple[int, ...], list[tuple[float, float]]] = defaultdict(list)
    for r in range(4000):
        if not answers.abusive[r]:
            continue
        pay = 1.0 if answers.full[r] else spec.partial if answers.given[r] else 0.0
        pay -= spec.cost + (0.0, spec.framing_cost / 2, spec.framing_cost)[answers.kind[r]]
        rate = spec.rate * (spec.reasons if answers.reasoned[r] else 1.0)
        place_kind = int(place.world.states.regime[answers.requested[r]]) + len(REGIMES) * bool(answers.residence[r])
        frame = answers.kind[r] * len(OFFENCE_CLASSES) + int(place.world.offences.offence_class[answers.label[r]])
        way = (int(answers.requester[r]), int(answers.text[r]), place_kind, int(frame), _WAYS.index(int(answers.channel[r])))
        held[way].append((rate, pay - spec.prior))
    wanted = mind.value.copy()
    for way, heard in held.items():
        mean = sum(rate * pay for rate, pay in heard) / sum(rate for rate, _ in heard)
        for rate, _ in heard:
            wanted[way] += rate * (mean - wanted[way])
    learn(mind, spec, answers)
    np.testing.assert_allclose(mind.value, wanted, rtol=0, atol=1e-12)


def test_no_order_of_the_answers_changes_a_bit() -> None:
    place = office(made_up(*THREE))
    answers = some_answers(place, 3000)
    order = np.random.default_rng(8).permutation(3000)
    minds = []
    for heard in (answers, Answers(*(part[order] for part in answers))):
        spec, mind = learners(place, labels=True)
        learn(mind, spec, heard)
        minds.append(mind.value.tobytes())
    assert minds[0] == minds[1]


def test_silence_pays_as_little_as_a_refusal_and_a_reason_teaches_faster() -> None:
    place = office(made_up(*THREE))
    spec, _ = learners(place, labels=True)
    paid = payoffs(spec)
    assert (paid[:, 2] == paid[:, 3]).all()
    framing = np.array([0.0, spec.framing_cost / 2, spec.framing_cost])
    np.testing.assert_allclose(paid[:, 2] + spec.prior, -spec.cost - framing)
    one = some_answers(place, 1)._replace(given=np.array([False]), full=np.array([False]), abusive=np.array([True]))
    moved = []
    for reasoned in (False, True):
        _, mind = learners(place, labels=True)
        learn(mind, spec, one._replace(reasoned=np.array([reasoned])))
        moved.append(mind.value.sum())
    assert moved[1] == pytest.approx(spec.reasons * moved[0])
    assert moved[0] == pytest.approx(spec.rate * paid[one.kind[0], 2])


def test_creatures_of_habit_and_honest_needs_learn_no_way() -> None:
    place = office(made_up(*THREE))
    spec, mind = learners(place, labels=True)
    learn(mind._replace(pull=np.zeros_like(mind.pull)), spec, some_answers(place, 500))
    learn(mind, spec, some_answers(place, 500)._replace(abusive=np.zeros(500, bool)))
    assert not mind.value.any()
    learn(mind, spec, some_answers(place, 500))
    assert mind.value.any()


def test_about_as_many_states_learn_as_do_not_and_the_trait_lasts() -> None:
    world = bare_world(made_up("states.synthetic.count=190"))
    shares = [is_adaptive(world, spec_of(adaptive_share=share)) for share in (0.2, 0.5, 0.8)]
    assert (shares[0] <= shares[1]).all()
    assert (shares[1] <= shares[2]).all(), "one draw a state, whatever the share"
    assert abs(shares[1].mean() - 0.5) < FAR * np.sqrt(0.25 / 190)


def test_requesters_are_shown_their_aims_and_the_answer_and_nothing_of_who_read_it() -> None:
    """The views lack every other column, so that reading one more would fail here."""
    place = office(made_up(*THREE))
    cases, docket = files(place, 6, abusive=True)
    docket.channel[:] = [FORMAL, EMERGENCY, PRESERVATION, POLICE, SPONTANEOUS, DIRECT]
    docket.status[:] = [EXECUTED, REFUSED, EXECUTED, LAPSED, EXECUTED, REFUSED]
    docket.reason[1] = 3
    docket.granted[0] = docket.wanted[0]
    told = ("case", "requested", "instrument", "channel", "wanted", "granted", "label", "kind", "status", "reason")
    shown: Any = SimpleNamespace(**{name: getattr(docket, name) for name in told})
    own: Any = SimpleNamespace(requester=cases.requester, abusive=cases.abusive, hosts=cases.hosts)
    answers = answers_of(np.arange(6), shown, own)
    assert answers.channel.tolist() == [FORMAL, EMERGENCY, POLICE, DIRECT], "freezing and unasked sharing are no answers"
    assert heard_outcome(answers).tolist() == [0, 3, 2, 2]
    docket.status[0] = DIVERTED
    assert answers_of(np.arange(6), shown, own).channel.tolist() == [EMERGENCY, POLICE, DIRECT]
    ways = way_of(answers, mind_of(place.world, spec_of(labels=True), len(place.instruments), 0.05))
    assert ways[4].tolist() == [_WAYS.index(c) for c in (FORMAL, EMERGENCY, POLICE, DIRECT)]


# --- volume --------------------------------------------------------------------------------------------------------------


def fitted(growth: Reals, last: Reals, level: Reals) -> tuple[Reals, Reals]:
    """Within-state slopes of log growth on the last yield and on log volume, with their standard errors; ``[N, T]`` each."""
    x = np.stack([last - last.mean(1, keepdims=True), level - level.mean(1, keepdims=True)], axis=-1).reshape(-1, 2)
    y = (growth - growth.mean(1, keepdims=True)).ravel()
    slope, *_ = np.linalg.lstsq(x, y, rcond=None)
    rest = y - x @ slope
    return slope, np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * rest.var())


@pytest.mark.parametrize("doubt", [0.0, None], ids=["none", "as on file"])
def test_a_panel_of_requesters_shows_the_measured_slope_of_volume_on_yield(doubt: float | None) -> None:
    """As the slope was measured: log growth on last disclosure rate, half-years, states with at least ten earlier requests."""
    n, rounds = 400, 22
    world = bare_world(made_up("states.synthetic.count=400"))
    spec = spec_of(volume=True, adaptive_share=0.5, **({} if doubt is None else {"doubt": doubt}))
    adaptive = is_adaptive(world, spec)
    rng = np.random.default_rng(4)
    volume, wanted = np.ones((2, n, 1)), rng.lognormal(5.5, 0.5, n)
    ledger = ledger_of(n, 1, spec)
    ledger.usual[:] = 0.6
    logs, yields, true = [], [], rng.beta(3, 2, n)
    for _ in range(rounds + 1):
        filed = np.maximum(rng.poisson(wanted * volume[0, :, 0]), 10)
        given = rng.binomial(filed, np.clip(true + rng.normal(0, 0.15, n), 0, 1))
        logs.append(np.log(wanted * volume[0, :, 0]))
        yields.append(given / filed)
        ledger.heard[0, :, 0], ledger.given[0, :, 0] = filed, given
        volume = volumes(volume, ledger, spec, adaptive)
    level, seen = np.array(logs).T, np.array(yields).T
    growth = np.diff(level, axis=1)
    moved = growth[~adaptive]
    assert not moved.any(), "creatures of habit go on"
    slope, error = fitted(growth[adaptive], seen[adaptive, :-1], level[adaptive, :-1])
    blurred = 0.0 if doubt == 0.0 else 0.02  # of a slope on the yield itself, where some answers are doubted
    assert slope[0] == pytest.approx(spec.elasticity / 0.5, abs=1e-6 + FAR * error[0] + blurred)
    assert slope[1] == pytest.approx(-spec.reversion, abs=1e-6 + FAR * error[1] + 0.1 * blurred)
    every, spread = fitted(growth, seen[:, :-1], level[:, :-1])
    assert every[0] == pytest.approx(adaptive.mean() * spec.elasticity / 0.5, abs=FAR * spread[0] + 0.02)
    for measured, clustered in ((0.195, 0.056), (0.414, 0.154)):  # empirics.md 2.7: pooled, and within states
        assert abs(every[0] - measured) < 1.96 * clustered, "inside the measured interval"


def test_at_the_usual_yield_volume_rests_and_without_any_it_falls_to_a_floor() -> None:
    spec = spec_of(volume=True, doubt=0.0)
    ledger = ledger_of(3, 1, spec)
    ledger.usual[:] = 0.5
    ledger.heard[:] = 40
    ledger.given[:, 0], ledger.given[:, 1], ledger.given[:, 2] = 20, 0, 40
    volume = np.ones((2, 3, 1))
    for _ in range(200):
        volume = volumes(volume, ledger, spec, np.array([True, True, True]))
    assert volume[0, 0, 0] == 1.0
    floor = 0.5 * spec.elasticity / spec.reversion
    np.testing.assert_allclose(np.log(volume[0, 1:, 0]), [-floor, floor])
    ledger.heard[:] = ledger.given[:] = 0
    again = volumes(volume, ledger, spec, np.array([True, True, True]))
    np.testing.assert_allclose(np.log(again), (1 - spec.reversion) * np.log(volume)), "who hears nothing tries again"


def test_what_requesters_are_used_to_is_the_share_that_gave_data_by_purpose() -> None:
    place, rng, spec = office(made_up(*THREE)), np.random.default_rng(9), spec_of(doubt=0.0, prior=0.25)
    ledger: Ledger = ledger_of(place.world.states.count, len(place.instruments), spec)
    assert (ledger.usual == 0.25).all(), "before anything is heard"
    cases, docket = files(place, 2000)
    cases = cases._replace(abusive=rng.random(2000) < 0.3)
    docket.channel[:] = rng.integers(0, 6, 2000)
    docket.granted[:] = rng.integers(-1, 2, 2000)
    docket.instrument[:] = rng.integers(0, 2, 2000)
    docket.attempt[:] = rng.integers(0, 3, 2000)
    docket.status[:] = np.where(rng.random(2000) < 0.2, DIVERTED, EXECUTED)
    rows = np.flatnonzero(rng.random(2000) < 0.8)
    note_outcomes(rows, ledger, docket, cases)
    counts = np.isin(docket.channel[rows], (FORMAL, EMERGENCY)) & (docket.status[rows] != DIVERTED) & (docket.attempt[rows] == 0)
    asked = [rows[counts & (cases.abusive[rows] == purpose)] for purpose in (False, True)]
    assert ledger.heard.sum(axis=(1, 2)).tolist() == [part.size for part in asked]
    get_used_to(ledger, spec)
    for usual, part in zip(ledger.usual, asked, strict=True):
        gave = docket.granted[part] >= 0
        np.testing.assert_allclose(usual[:2], [gave[docket.instrument[part] == text].mean() for text in (0, 1)])
        np.testing.assert_allclose(usual[2:], gave.mean()), "a text of which nobody has heard is one among all"
    assert not ledger.heard.any()


def test_where_nothing_has_changed_volume_rests_however_much_texts_differ() -> None:
    """Favours give less than duties do, and did so long before anyone adapted."""
    spec = spec_of(doubt=0.0)
    ledger = ledger_of(2, 3, spec)
    for _ in range(2):
        ledger.heard[:, :, :2] = 100
        ledger.given[:, :, 0], ledger.given[:, :, 1] = 80, 10
        volume = volumes(np.ones((2, 2, 3)), ledger, spec, np.array([True, True]))
        get_used_to(ledger, spec)
    np.testing.assert_allclose(volume, 1.0)


# --- in a run ------------------------------------------------------------------------------------------------------------

EAGER = ("review.load=false", "demand.abusive_odds=0.3", "years=4")
LEARNS = "adaptation.requesters."


def whole_run(*overrides: str, attempts: int = 3, seed: int = 1) -> Any:
    config = made_up(*EAGER, f"conduct.attempts={attempts}", *overrides)
    return ended(started(config, bare_world(config, seed), seed))


def same_docket(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one.docket, other.docket, strict=True))


def test_with_every_switch_off_no_parameter_of_learning_changes_a_bit() -> None:
    numbers = ("pull=8", "rate=0.3", "reasons=2", "cost=0.3", "framing_cost=0.4", "adaptive_share=1", "elasticity=1", "prior=0.2")
    assert same_docket(whole_run(), whole_run(*(LEARNS + number for number in numbers)))


@pytest.mark.parametrize("idle", ["rate=0", "pull=0"])
def test_whoever_takes_nothing_in_goes_on_by_habit(idle: str) -> None:
    """A rate of zero is a number that may be asked for; answers that weigh nothing have no mean."""
    everything = tuple(f"{LEARNS}{switch}=true" for switch in ("labels", "destinations", "channels"))
    assert same_docket(whole_run(attempts=1), whole_run(*everything, f"{LEARNS}{idle}", attempts=1))


@pytest.mark.parametrize(("key", "most"), [("pull", 50), ("cost", 5), ("framing_cost", 5)])
def test_the_strongest_settings_leave_every_wish_somebody_to_ask_and_stronger_ones_are_refused(key: str, most: float) -> None:
    extreme = (f"{LEARNS}pull=50", f"{LEARNS}cost=5", f"{LEARNS}framing_cost=5", f"{LEARNS}prior=1", f"{LEARNS}rate=0.9")
    run = whole_run(*extreme, f"{LEARNS}labels=true", f"{LEARNS}destinations=true", f"{LEARNS}adaptive_share=1")
    domestic = CASE_STATUSES.index("domestic")
    assert np.array_equal(run.case_status == domestic, whole_run().case_status == domestic), "home is where the data are"
    with pytest.raises(
        ConfigError, match=rf"^adaptation.requesters.{key}: found {most + 1}; accepted: less than or equal to {most}"
    ):
        made_up(f"{LEARNS}{key}={most + 1}")


@pytest.mark.parametrize("switch", ["labels", "destinations", "channels", "volume"])
def test_each_switch_alone_changes_what_happens_and_without_pull_or_slope_nothing(switch: str) -> None:
    plain = whole_run()
    assert not same_docket(plain, whole_run(f"{LEARNS}{switch}=true"))
    idle = "elasticity=0" if switch == "volume" else "pull=0"
    assert same_docket(plain, whole_run(f"{LEARNS}{switch}=true", f"{LEARNS}{idle}"))
    assert same_docket(plain, whole_run(f"{LEARNS}{switch}=true", f"{LEARNS}adaptive_share=0"))


@pytest.mark.parametrize(("rules", "much"), [((), False), (FEWER_RULES, True)], ids=["as adopted", "fewer rules"])
def test_where_all_learn_honest_labels_give_way_to_what_pays(rules: tuple[str, ...], much: bool) -> None:
    """First filings alone: in a second one honest labels have been used up. Over four worlds, for in one luck may say otherwise.

    As adopted little is to be gained: broad laws put honest labels in scope, and prejudice and own law ask no label.
    """
    learned = (f"{LEARNS}labels=true", f"{LEARNS}adaptive_share=1", f"{LEARNS}rate=0.3")
    honest, disclosed = np.zeros((2, 2)), np.zeros(2)
    for seed in range(1, 5):
        for place, more in enumerate(((), learned)):
            run = whole_run(*rules, *more, seed=seed)
            docket, cases = run.docket, run.cases
            formal = (docket.channel < FIRST_SIDE_DOOR) & (docket.attempt == 0) & cases.abusive[docket.case]
            late = formal & (docket.month > run.first_month + 12) & run.world.offences.protected[cases.conduct[docket.case]]
            honest[place] += (docket.kind[late] == 0).sum(), late.sum()
            disclosed[place] += (run.case_status == DISCLOSED).sum()
    naive, wise = honest[:, 0] / honest[:, 1]
    assert wise < (0.95 if much else 1.0) * naive
    assert not much or disclosed[1] > disclosed[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_where_ordinary_requests_fail_emergencies_are_pretended_more_often(seed: int) -> None:
    naive, wise = (whole_run(f"{LEARNS}channels={on}", f"{LEARNS}adaptive_share=1", seed=seed) for on in ("false", "true"))
    pretended = [
        (run.docket.channel[(run.docket.channel < FIRST_SIDE_DOOR) & run.cases.abusive[run.docket.case]] == EMERGENCY).mean()
        for run in (naive, wise)
    ]
    assert pretended[1] > 1.5 * pretended[0]


def test_a_case_is_filed_three_times_at_most_and_never_twice_the_same_way() -> None:
    run = whole_run(*(f"{LEARNS}{switch}=true" for switch in ("labels", "destinations")), f"{LEARNS}adaptive_share=1")
    rows = np.flatnonzero(run.cases.abusive[run.docket.case])
    classes = run.world.offences.offence_class[run.docket.label[rows]]
    filings = {
        (int(c), int(a)): (int(j), int(k), int(o))
        for c, a, j, k, o in zip(
            run.docket.case[rows], run.docket.attempt[rows], run.docket.requested[rows], run.docket.kind[rows], classes, strict=True
        )
    }
    by_case: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for (case, _), way in filings.items():
        by_case[case].append(way)
    sizes = [len(ways) for ways in by_case.values()]
    assert max(sizes) == 3
    assert all(len(set(ways)) == len(ways) for ways in by_case.values())
    same_state = sum(len({way[0] for way in ways}) < len(ways) for ways in by_case.values())
    assert same_state > 20, "the same state is asked again under another label"


def test_firm_and_police_of_a_state_are_asked_once_a_case_whatever_the_label() -> None:
    """Their answer knows no label: asked again they say the same, and one refusal would teach as two or three."""
    switches = (f"{LEARNS}{switch}=true" for switch in ("labels", "channels"))
    run = whole_run(*switches, f"{LEARNS}adaptive_share=1", "conduct.direct_share=0.9", "conduct.police_share=0.9")
    for channel in (DIRECT, POLICE, SPONTANEOUS):
        rows = np.flatnonzero(run.docket.channel == channel)
        asked = np.stack([run.docket.case[rows], run.docket.requested[rows]])
        assert rows.size > 20
        assert np.unique(asked, axis=1).shape == asked.shape
    formal = run.docket.channel < FIRST_SIDE_DOOR
    asked = np.stack([run.docket.case[formal], run.docket.requested[formal]])
    assert np.unique(asked, axis=1).shape[1] < asked.shape[1], "the desk is asked again under another label"


def test_a_creature_of_habit_that_never_gets_anything_does_not_stop_and_one_that_learns_does() -> None:
    none = ("review.lapse_per_year=1000", "conduct.direct_share=0", "conduct.police_share=0", "conduct.spontaneous_most=0")
    counts = {}
    for share in (0.0, 1.0):
        learns = (f"{LEARNS}volume=true", f"{LEARNS}adaptive_share={share}", f"{LEARNS}elasticity=0.54", f"{LEARNS}doubt=0")
        config = made_up(*EAGER, "conduct.attempts=1", *learns, *none)
        run = started(config, bare_world(made_up(*EAGER)))
        while run.month < run.rules.treaty_from:
            advance(run)
        assert not run.ledger.usual.any(), "nobody was ever given anything"
        run.ledger.usual[:] = 0.5  # they have known better times
        run = ended(run)
        month = run.docket.month[(run.docket.channel < 2)]
        counts[share] = [int(((month >= first) & (month < first + 12)).sum()) for first in (12, run.first_month + 36)]
        deterred = (run.case_status == CASE_STATUSES.index("deterred")).sum()
        counts[share].append(int(deterred))
    assert counts[0.0][1] > 0.8 * counts[0.0][0]
    assert counts[1.0][1] < 0.6 * counts[0.0][1]
    assert counts[1.0][2] > counts[0.0][2], "wished and not filed"


def test_only_states_that_learn_ask_again_and_not_in_the_run_in() -> None:
    run = whole_run(f"{LEARNS}attempts=3", attempts=1)
    adaptive = is_adaptive(run.world, spec_of(adaptive_share=0.5))
    again = np.flatnonzero(run.docket.attempt > 0)
    assert again.size > 100
    assert adaptive[run.cases.requester[run.docket.case[again]]].all()
    assert (run.docket.month[again] > run.first_month).all()
    assert run.docket.attempt.max() == 2
    everyone = whole_run(attempts=3)
    assert {int(a) for a in everyone.docket.attempt[~adaptive[everyone.cases.requester[everyone.docket.case]]]} == {0, 1, 2}
    assert same_docket(whole_run(attempts=1), whole_run(f"{LEARNS}attempts=3", f"{LEARNS}adaptive_share=0", attempts=1))
