"""Requests to firms abroad: counts that follow from the facts of a world, are independent of every scenario, and add up."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from sim.conduct.direct import (
    DIRECT_PROCESSES,
    abroad_share,
    adapts,
    direct_counts,
    direct_frame,
    direct_years,
    voluntary_chance,
)
from sim.conduct.learning import is_adaptive
from sim.conduct.volume import yield_heard
from sim.config import load
from sim.draws import Draws
from sim.sources.worlds import build_states
from sim.world.dials import Dials
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.spec import DemandSpec
from sim.world.states import StateTable
from tests.worlds import bare_world, made_up, with_state

SCENARIOS = sorted((Path(__file__).resolve().parents[2] / "configs" / "scenario").glob("*.yaml"))
WORLDS = (1, 2, 3)
HABIT = {"elasticity": 0.0}  # volume follows nothing but itself
BANDS = ((0.0, 0.25), (0.25, 0.5), (0.5, 0.7), (0.7, 1.0))


@lru_cache(maxsize=8)
def real_states(seed: int) -> StateTable:
    config = load()
    return build_states(config.states, config.people, config.demand, config.offences, seed)


@lru_cache(maxsize=1)
def small() -> World:
    return bare_world(made_up())


def spec(**fields: Any) -> DemandSpec:
    demand = made_up().demand
    return demand.model_copy(update={"direct": demand.direct.model_copy(update=fields)})


def own(values: NDArray[Any], states: StateTable, *codes: str) -> list[float]:
    return [float(values[states.codes.index(code)]) for code in codes]


# ------------------------------------------------------------------------------------------------------------ facts


@pytest.mark.parametrize("seed", WORLDS)
def test_a_listed_count_is_the_same_in_every_world(seed: int) -> None:
    states = real_states(seed)
    assert own(states.direct_requests, states, "DEU", "IND", "RUS") == [86600, 127000, 10]
    assert own(states.direct_emergency, states, "DEU", "BLR") == [1140, 11]
    assert not any(own(states.drawn["direct_requests"], states, "DEU", "IND", "RUS"))


def test_a_state_that_is_not_listed_is_drawn_and_never_zero() -> None:
    """Hungary has no row in the firms' files; a zero would say that its police never asked."""
    hungary = [own(real_states(seed).direct_requests, real_states(seed), "HUN")[0] for seed in WORLDS]
    assert len(set(hungary)) == len(WORLDS)
    for seed in WORLDS:
        states = real_states(seed)
        assert own(states.drawn["direct_requests"], states, "HUN", "AND") == [1, 0]
        assert (states.direct_requests > 0).all()
        assert (states.direct_emergency > 0).all()


def test_where_firms_are_at_home_their_counts_are_no_requests_abroad() -> None:
    listed = {"USA": 142_000.0, "IRL": 1_410.0, "CHN": 841.0}
    for seed in WORLDS:
        states = real_states(seed)
        assert all(own(states.drawn["direct_requests"], states, *listed))
        assert not set(own(states.direct_requests, states, *listed)) & set(listed.values())


def test_a_process_that_is_not_listed_is_drawn_from_the_other() -> None:
    """Slovenia lists both; Luxembourg lists no emergencies, and so gets a small share of its ordinary requests."""
    states = real_states(1)
    assert own(states.drawn["direct_emergency"], states, "SVN", "LUX") == [0, 1]
    ordinary, emergency = own(states.direct_requests, states, "LUX")[0], own(states.direct_emergency, states, "LUX")[0]
    assert 0 < emergency < 0.15 * ordinary


def test_drawn_counts_are_bounded_by_what_people_online_make_likely() -> None:
    config = load("states=synthetic", "demand.direct.most_per_million=10", "demand.direct.level=1.0e6")
    states = build_states(config.states, config.people, config.demand, config.offences, 1)
    per_million = states.direct_requests / (states.at_risk[:, 0] / config.people.per_million["journalist"])
    home = np.diagonal(states.host_share)
    assert per_million == pytest.approx(10 * (1 - home))


def test_a_host_of_platforms_asks_abroad_only_for_the_rest() -> None:
    demand = load("states=synthetic", "states.synthetic.hosts=1")
    states = build_states(demand.states, demand.people, demand.demand, demand.offences, 1)
    assert states.direct_requests[0] == 0
    assert (states.direct_requests[1:] > 0).all()


@pytest.mark.parametrize("seed", WORLDS)
def test_closed_regimes_get_nothing_by_ordinary_request_unless_a_count_says_otherwise(seed: int) -> None:
    """Empirics 2.3: none of 3,003 requests. Turkey's 4 % of 476 and Belarus's nought of five are counts of their own."""
    states = real_states(seed)
    closed = (states.liberal < 0.25) & states.drawn["direct_answered"]
    assert closed.sum() > 20
    assert (states.direct_answered[closed] == 0).all()
    assert own(states.direct_answered, states, "BLR", "RUS", "PRK") == [0, 0, 0]
    assert 0.01 < own(states.direct_answered, states, "TUR")[0] < 0.08


@pytest.mark.parametrize("seed", WORLDS)
def test_answers_rise_with_liberal_democracy_and_emergencies_hardly_tell_states_apart(seed: int) -> None:
    """Patterns P4 and section 2.3: 0, 68, 70, 82 % by band in 2021-22; emergencies 67, 66, 64, 80 %."""
    states = real_states(seed)
    rows = [(states.liberal >= low) & (states.liberal < high) for low, high in BANDS]
    mean = [states.direct_answered[band].mean() for band in rows]
    assert mean == sorted(mean)
    abroad = ~np.isin(states.codes, ["USA", "IRL", "CHN"])
    volume = [np.average(states.direct_answered[b & abroad], weights=states.direct_requests[b & abroad]) for b in rows]
    assert volume[0] < 0.10
    assert volume[1:] == pytest.approx([0.68, 0.70, 0.82], abs=0.11)
    urgent = [states.direct_emergency_answered[band].mean() for band in rows]
    assert urgent[3] - urgent[0] < 0.5 < mean[3] - mean[0]


def test_requests_to_firms_are_as_unequal_as_the_firms_say() -> None:
    """Pattern P1: Gini 0.90 within 0.04, the first five 72-78 % within 8 points, of ninety states without the American one."""
    for seed in WORLDS:
        states = real_states(seed)
        total = (states.direct_requests + states.direct_emergency)[np.array(states.codes) != "USA"]
        largest = np.sort(total)[-90:]
        gini = 2 * (np.arange(1, 91) * largest).sum() / (90 * largest.sum()) - 91 / 90
        assert gini == pytest.approx(0.90, abs=0.04)
        assert 0.64 < largest[-5:].sum() / largest.sum() < 0.86


def test_a_share_of_one_answer_is_shrunk_and_a_share_of_thousands_is_not() -> None:
    """Cyprus got one of two answered; Germany 84.2 % of 86,600."""
    cyprus = [own(real_states(seed).direct_answered, real_states(seed), "CYP")[0] for seed in range(1, 9)]
    assert np.std(cyprus) > 0.05
    for seed in WORLDS:
        assert own(real_states(seed).direct_answered, real_states(seed), "DEU")[0] == pytest.approx(0.836, abs=0.01)


def test_a_state_at_home_that_does_not_exist_is_named() -> None:
    config, wrong = load(), spec(at_home={"XXX": True})
    with pytest.raises(ConfigError, match=r"^demand\.direct\.at_home: no state has the code 'XXX'; accepted: the codes"):
        build_states(config.states, config.people, wrong, config.offences, 1)


def test_a_spread_upside_down_is_named() -> None:
    with pytest.raises(ConfigError, match=r"spread_low: found 3\.0, above spread_high 2\.4; accepted: at most that"):
        load("demand.direct.spread_low=3.0")


# ----------------------------------------------------------------------------------------------------------- counts


def test_no_request_goes_to_a_firm_at_home_and_no_more_is_answered_than_asked() -> None:
    world, months = small(), 30
    counts = direct_counts(world, spec(), Draws(1), months)
    assert counts.processes == DIRECT_PROCESSES == ("ordinary", "emergency")
    assert counts.jurisdictions.tolist() == [0, 1, 2]
    assert counts.requested.shape == counts.answered.shape == (months, world.states.count, 3, 2)
    assert counts.answered.sum() > 1000
    assert (counts.answered <= counts.requested).all()
    assert (counts.answered >= 0).all()
    for place, host in enumerate(counts.jurisdictions):
        assert counts.requested[:, host, place].sum() == 0
        assert counts.requested[:, :, place].sum() > 1000


def test_requests_go_where_the_platforms_of_the_people_are() -> None:
    world = small()
    share, jurisdictions = abroad_share(world)
    assert share[5] == pytest.approx(world.states.host_share[5, jurisdictions])
    assert share[0] == pytest.approx([0, *world.states.host_share[0, 1:3] / world.states.host_share[0, 1:3].sum()])
    sent = direct_counts(world, spec(noise=0.0, **HABIT), Draws(3), 240).requested[:, :, :, 0].sum(axis=0)
    for state in np.flatnonzero(sent.sum(axis=1) > 2000):
        total = sent[state].sum()
        error = np.sqrt(share[state] * (1 - share[state]) / total)
        assert np.abs(sent[state] / total - share[state]).max() < 4.5 * error.max()


def test_counts_are_poisson_about_the_facts_of_a_year() -> None:
    """Without noise, each state's sum over twenty years is within five standard errors; so is the answered part."""
    world, years = small(), 20
    states = world.states
    counts = direct_counts(world, spec(noise=0.0, firms=2.0, **HABIT), Draws(5), 12 * years)
    for process, (year, chance) in enumerate(
        [
            (states.direct_requests, states.direct_answered),
            (states.direct_emergency, states.direct_emergency_answered),
        ]
    ):
        for got, mean in (
            (counts.requested[..., process].sum(axis=(0, 2)), 2 * years * year),
            (counts.answered[..., process].sum(axis=(0, 2)), 2 * years * year * chance),
        ):
            assert (np.abs(got - mean) <= 5 * np.sqrt(mean) + 1e-9).all()


def test_answered_and_unanswered_are_independent_so_that_their_sum_is_poisson() -> None:
    """Half answered: the variance of the sum over its mean is one; from one uniform for both parts it would be two."""
    count = small().states.count
    states = replace(small().states, direct_requests=np.full(count, 600.0), direct_answered=np.full(count, 0.5))
    requested = direct_counts(replace(small(), states=states), spec(noise=0.0, **HABIT), Draws(2), 600).requested
    cells = requested[:, 3:, :, 0].astype(float)
    ratio = cells.var(axis=0, ddof=1) / cells.mean(axis=0)
    assert cells.mean() == pytest.approx(600 * spec().direct.firms / 12 / 3, rel=0.01)
    assert ratio == pytest.approx(np.ones(ratio.shape), abs=5 * np.sqrt(2 / 599))


def busy(requests: float, answered: float = 0.5) -> World:
    """A world in which every state asks so many firms abroad a year that a half-year's count shows its rate."""
    count = small().states.count
    facts = {"direct_requests": np.full(count, requests), "direct_answered": np.full(count, answered)}
    return replace(small(), states=replace(small().states, direct_emergency=np.zeros(count), **facts))


def by_half_year(world: World, years: int, seed: int = 1, **fields: Any) -> NDArray[np.float64]:
    """Requests of each half-year and state over what the facts of the world let one expect, ``[H, N]``."""
    requested = direct_counts(world, spec(**fields), Draws(seed), 12 * years).requested.sum(axis=(2, 3))
    halves = requested.reshape(2 * years, 6, -1).sum(axis=1)
    return np.asarray(halves / (spec(**fields).direct.firms * world.states.direct_requests / 2))


def test_log_volume_returns_by_what_does_not_persist_and_is_as_scattered_at_any_time() -> None:
    """An autoregression: growth falls with volume at persistence - 1, and the spread is noise / sqrt(1 - persistence^2)."""
    logs = np.log(by_half_year(busy(1e7), 500, noise=0.33, persistence=0.87, **HABIT))
    slope = np.polyfit(logs[:-1].ravel(), np.diff(logs, axis=0).ravel(), 1)[0]
    steps = np.diff(logs, axis=0) - slope * logs[:-1]
    assert slope == pytest.approx(0.87 - 1, abs=5 * np.sqrt((1 - 0.87**2) / logs.size))
    assert steps.std() == pytest.approx(0.33, rel=5 / np.sqrt(2 * logs.size))
    spread = 0.33 / np.sqrt(1 - 0.87**2)
    effective = logs.size * (1 - 0.87) / (1 + 0.87)
    assert logs.std() == pytest.approx(spread, rel=5 / np.sqrt(effective))
    assert logs.mean() == pytest.approx(-(spread**2) / 2, abs=5 * spread / np.sqrt(effective))
    first = np.log([by_half_year(busy(1e7), 1, seed, noise=0.33, persistence=0.87, **HABIT)[0] for seed in range(60)])
    assert first.std() == pytest.approx(spread, rel=5 / np.sqrt(2 * first.size)), "it begins as if it had always been so"


def test_without_persistence_a_half_year_shares_its_luck_and_the_next_has_its_own() -> None:
    logs = np.log(by_half_year(busy(1e7), 500, noise=0.33, persistence=0.0, **HABIT))
    assert logs.std() == pytest.approx(0.33, rel=5 / np.sqrt(2 * logs.size))
    assert abs(np.corrcoef(logs[:-1].ravel(), logs[1:].ravel())[0, 1]) < 5 / np.sqrt(logs.size)
    months = direct_counts(busy(1e7), spec(noise=0.33, **HABIT), Draws(1), 600).requested.sum(axis=(2, 3))
    within = months.reshape(100, 6, -1)
    assert within.std(axis=1, ddof=1).max() / within.mean() < 0.01, "all that scatters within a half-year is counting"


@pytest.mark.parametrize(("answered", "usual"), [(0.2, 0.6), (0.9, 0.6)])
def test_volume_of_states_that_adapt_follows_yield_to_where_it_and_the_return_are_even(answered: float, usual: float) -> None:
    """At rest log volume is elasticity / adaptive_share * (yield - usual) / (1 - persistence); nothing where none does."""
    world = busy(1e8, usual)
    shares = world.states.direct_answered.copy()
    shares[3] = answered
    rest = (shares.size - 1) * usual + answered
    shares[4] = usual
    world = replace(world, states=replace(world.states, direct_answered=shares))
    mean = rest / shares.size
    fields = {"noise": 0.0, "persistence": 0.5, "elasticity": 0.2}
    everyone = np.log(by_half_year(world, 10, adaptive_share=1.0, **fields)[-1])
    nobody = np.log(by_half_year(world, 10, adaptive_share=0.0, **fields)[-1])
    assert everyone[3] == pytest.approx(0.2 * (answered - mean) / 0.5, abs=0.002)
    assert everyone[4] == pytest.approx(0.2 * (usual - mean) / 0.5, abs=0.002)
    assert nobody == pytest.approx(np.zeros(shares.size), abs=0.002)


def test_those_who_follow_yield_are_those_who_learn_by_formal_requests() -> None:
    world, config = small(), made_up()
    direct = config.demand.direct
    assert direct.adaptive_share == config.adaptation.requesters.adaptive_share
    assert np.array_equal(adapts(world, direct), is_adaptive(world, config.adaptation.requesters))
    assert 0 < adapts(world, direct).sum() < world.states.count


def test_one_answer_moves_volume_less_than_many() -> None:
    """The share of few answers is pulled towards the usual one by ``doubt`` answers' worth."""
    usual, given, heard = np.array([0.6]), np.array([0.0, 0.0, 0.0]), np.array([0.0, 1.0, 1000.0])
    found = yield_heard(given, heard, usual, 2.0)
    assert found == pytest.approx([0.6, 0.4, 1.2 / 1002])


def test_growth_multiplies_a_later_year() -> None:
    flat, grown = (by_half_year(busy(1e8), 3, growth=growth, **HABIT) for growth in (0.0, 0.25))
    month = np.exp(0.25 * np.arange(36) / 12).reshape(6, 6).mean(axis=1)
    assert grown / flat == pytest.approx(np.broadcast_to(month[:, None], flat.shape), rel=0.002)


def test_scale_multiplies_these_counts_too() -> None:
    world = busy(1e6)
    doubled = spec().model_copy(update={"scale": 2.0})
    once, twice = (direct_counts(world, each, Draws(1), 6).requested.sum(axis=(0, 2, 3)) for each in (spec(), doubled))
    assert twice / once == pytest.approx(np.full(once.size, 2.0), rel=0.01)


def test_the_same_seed_gives_the_same_counts_and_further_months_change_no_earlier_one() -> None:
    world = small()
    few, same, more = (direct_counts(world, spec(), Draws(1), months) for months in (7, 7, 40))
    assert np.array_equal(few.requested, same.requested)
    assert np.array_equal(few.answered, more.answered[:7])
    assert np.array_equal(few.requested, more.requested[:7])
    assert not np.array_equal(few.requested, direct_counts(world, spec(), Draws(2), 7).requested)


@pytest.mark.parametrize("code", ["A00", "AAF0", "ZZZ"])
def test_a_further_state_that_wants_nothing_changes_no_count(code: str) -> None:
    world = small()
    larger = with_state(world, code)
    at = larger.states.codes.index(code)
    before, after = (direct_counts(each, spec(), Draws(4), 24) for each in (world, larger))
    assert after.requested[:, at].sum() == 0
    assert np.array_equal(np.delete(after.requested, at, axis=1), before.requested)
    assert np.array_equal(np.delete(after.answered, at, axis=1), before.answered)


def test_facts_belong_to_the_world_and_luck_to_the_event_seed() -> None:
    config = made_up()
    one, again, other = (bare_world(config, seed).states for seed in (1, 1, 2))
    for name in ("direct_requests", "direct_emergency", "direct_answered", "direct_emergency_answered"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))
        assert one.drawn[name].all()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_no_scenario_changes_what_is_asked_of_firms_directly(scenario: Path) -> None:
    """Everything that the counts are made of is the world, the seed and these keys.

    Of ``states`` only dials may stand there, ``override`` and ``lists``: they change rules and never the world.
    """
    changed = yaml.safe_load(scenario.read_text(encoding="utf-8")) or {}
    assert set(changed.get("states", {})) <= {"override", "lists"} == set(Dials.model_fields)
    assert "people" not in changed
    assert not {"direct", "scale"} & set(changed.get("demand", {}))


# ----------------------------------------------------------------------------------------------------------- frames


def test_the_frame_holds_every_request_once_by_name() -> None:
    world = small()
    counts = direct_counts(world, spec(), Draws(1), 30)
    frame = direct_frame(counts, world, 6)
    assert list(frame.columns) == ["month", "requester", "jurisdiction", "process", "requested", "answered"]
    assert (frame["requested"] > 0).all()
    assert not frame.duplicated(["month", "requester", "jurisdiction", "process"]).any()
    assert frame["requested"].sum() == counts.requested.sum()
    assert frame["answered"].sum() == counts.answered.sum()
    assert frame["month"].min() == -6
    codes = world.states.codes
    cell = frame[(frame["month"] == 3) & (frame["requester"] == codes[7]) & (frame["jurisdiction"] == codes[2])]
    by_process = cell.set_index("process")["requested"]
    for process, name in enumerate(DIRECT_PROCESSES):
        assert by_process.get(name, 0) == counts.requested[9, 7, 2, process]


def test_years_of_the_window_leave_out_run_in_and_run_out() -> None:
    world = small()
    counts = direct_counts(world, spec(), Draws(1), 48)
    years = direct_years(counts, 12, 2)
    assert years["year"].tolist() == [1, 1, 2, 2]
    assert years["process"].tolist() == [*DIRECT_PROCESSES, *DIRECT_PROCESSES]
    frame = direct_frame(counts, world, 12)
    for row in years.to_dict("records"):
        of_year = frame[(frame["month"] // 12 + 1 == row["year"]) & (frame["process"] == row["process"])]
        assert (row["requested"], row["answered"]) == (of_year["requested"].sum(), of_year["answered"].sum())


def test_the_chance_of_a_voluntary_answer_is_the_answered_share() -> None:
    world = small()
    assert np.array_equal(voluntary_chance(world), world.states.direct_answered)
    assert voluntary_chance(world)[:6].mean() > voluntary_chance(world)[6:].mean()
