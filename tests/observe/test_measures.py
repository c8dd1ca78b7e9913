"""What is computed of counts, on tables small enough to work out by hand."""

import numpy as np
import pytest

from sim.draws import Draws, name_keys
from sim.observe.measures import (
    band_shares,
    gini,
    growth_panel,
    in_bands,
    orders_between,
    pooled_slope,
    raw_orders,
    slope,
    smallest_step,
    top_share,
    within_slope,
    zero_yield_persists,
)
from sim.observe.thinning import binomials, counts_by_firm, files_of, slots_of


def test_equal_requesters_have_no_gini_and_one_who_asks_all_has_the_most_there_is() -> None:
    assert gini(np.full(7, 3)).value == pytest.approx(0)
    one_of_ten = np.array([1] * 9 + [10**9])
    assert gini(one_of_ten).value == pytest.approx(0.9, abs=1e-6)  # (n - 1) / n


def test_the_gini_is_half_the_mean_absolute_difference_over_the_mean() -> None:
    counts = np.array([1, 2, 4, 13])
    apart = np.abs(counts[:, None] - counts[None, :]).mean()
    assert gini(counts).value == pytest.approx(apart / (2 * counts.mean()))


def test_who_never_asked_is_not_listed() -> None:
    assert gini(np.array([0, 0, 1, 3])) == gini(np.array([1, 3]))
    assert gini(np.array([0, 0])).n == 0
    assert np.isnan(gini(np.array([0, 0])).value)


def test_the_share_of_the_first_is_of_all_requests() -> None:
    assert top_share(np.array([5, 1, 4, 0]), 2) == (0.9, 3)


def test_the_slope_is_that_of_the_line_through_the_points() -> None:
    assert slope(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])).value == pytest.approx(2)
    assert np.isnan(slope(np.array([1.0, 1.0]), np.array([0.0, 5.0])).value)


def test_growth_is_counted_from_cells_with_enough_earlier_requests_alone() -> None:
    requests, answered = np.array([[10, 9], [20, 90], [40, 0]]), np.array([[5, 9], [20, 9], [0, 0]])
    panel = growth_panel(requests, answered, earlier=10)
    assert panel.who.tolist() == [0, 0, 1]  # nine requests of the second state say nothing of its growth
    assert panel.yields.tolist() == [0.5, 1.0, 0.1]
    assert panel.growth == pytest.approx([np.log(2), np.log(2), np.log(0.5 / 90)])  # none stands for half a one


def test_the_slope_within_states_leaves_out_what_tells_states_apart() -> None:
    """Each state's growth rises by 0.4 with its own yield; the state with the greater yields grows less."""
    who, yields = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    growth = 0.4 * yields - 0.5 * who
    panel = growth_panel(np.full((2, 1), 10), np.full((2, 1), 5), 10)._replace(who=who, yields=yields, growth=growth)
    assert within_slope(panel).value == pytest.approx(0.4)
    assert pooled_slope(panel).value < 0


def test_a_state_with_one_cell_says_nothing_within() -> None:
    panel = growth_panel(np.array([[10, 10], [20, 40]]), np.array([[5, 1], [0, 0]]), 10)
    assert within_slope(panel).n == 0
    assert pooled_slope(panel).n == 2


def test_zero_yield_states_that_persist_are_those_with_half_their_first_volume_in_the_end() -> None:
    flat, decays, answered_once, small = [10, 10, 10, 10], [10, 10, 3, 2], [10, 10, 10, 10], [1, 1, 1, 1]
    requests = np.array([flat, decays, answered_once, small]).T
    answers = np.zeros_like(requests)
    answers[1, 2] = 1
    assert zero_yield_persists(requests, answers, zero_from=10, persists_from=0.5, a_year=2) == (0.5, 2)


def test_a_window_of_one_year_tells_nothing_of_persistence() -> None:
    assert zero_yield_persists(np.ones((2, 3)), np.zeros((2, 3)), 1, 0.5, 2).n == 0


def test_the_smallest_step_is_negative_where_the_order_breaks() -> None:
    assert smallest_step(np.array([0.1, 0.4, 0.3])) == pytest.approx(-0.1)
    assert np.isnan(smallest_step(np.array([0.1, np.nan, 0.3])))


def test_bands_are_cut_at_their_edges() -> None:
    assert in_bands(np.array([0.0, 0.25, 0.49, 0.7, 1.0]), [0.25, 0.5, 0.7]).tolist() == [0, 1, 1, 3, 3]
    shares, whole = band_shares(np.array([0, 0, 2]), np.array([1.0, 0, 3]), np.array([2.0, 2, 4]), 3)
    assert shares.tolist() == pytest.approx([0.25, np.nan, 0.75], nan_ok=True)
    assert whole.tolist() == [4, 0, 4]


def test_states_that_differ_by_chance_alone_are_no_orders_apart() -> None:
    luck = Draws(5).uniform("test", np.arange(4000))
    hits = binomials(luck, np.full(4000, 50), 0.2)
    assert orders_between(hits, np.full(4000, 50), 0.05).value < 0.15
    assert raw_orders(hits, np.full(4000, 50)).value > 0.5  # which chance alone would widen


def test_the_span_of_states_with_a_trait_is_that_of_the_trait() -> None:
    from scipy import special

    draws, many = Draws(6), 4000
    trait = draws.beta(2.0, 6.0, "trait", np.arange(many))
    hits = np.array(
        [binomials(u[None], np.array([400]), p)[0] for u, p in zip(draws.uniform("hits", np.arange(many)), trait, strict=True)]
    )
    low, high = special.betaincinv(2.0, 6.0, [0.05, 0.95])
    assert orders_between(hits, np.full(many, 400), 0.05).value == pytest.approx(np.log10(high / low), abs=0.05)


# --- thinning -----------------------------------------------------------------------------------------------------------------


def test_a_binomial_is_the_least_count_whose_distribution_function_reaches_the_luck() -> None:
    from scipy import stats

    luck = Draws(1).uniform("test", np.arange(3000))
    trials = (Draws(2).uniform("test", np.arange(3000)) ** 4 * 60_000).astype(np.int64)
    for chance in (0.025, 0.39, 0.97):
        assert (binomials(luck, trials, chance) == stats.binom.ppf(luck, trials, chance)).all()


def test_all_of_nothing_is_nothing_and_a_chance_of_one_takes_all() -> None:
    trials = np.array([0, 4, 9])
    assert binomials(np.full(3, 0.999), trials, 0.0).tolist() == [0, 0, 0]
    assert binomials(np.full(3, 0.001), trials, 1.0).tolist() == [0, 4, 9]


def test_thinning_keeps_the_means_and_the_firms_never_have_more_than_there_is() -> None:
    counts = np.full((40, 500), 30)
    keys = (np.arange(40, dtype=np.uint64)[:, None], name_keys(tuple(map(str, range(500))))[None, :])
    parts = counts_by_firm(counts, {"google": 0.39, "apple": 0.025}, Draws(3), "test", *keys)
    for name, share in (("google", 0.39), ("apple", 0.025)):
        error = np.sqrt(share * (1 - share) / counts.sum())
        assert parts[name].sum() / counts.sum() == pytest.approx(share, abs=4 * error)
    assert (sum(parts.values()) <= counts).all()
    assert np.corrcoef(parts["google"].ravel(), parts["apple"].ravel())[0, 1] < 0  # as the parts of one whole


def test_no_file_is_two_firms() -> None:
    slots = slots_of({"google": 0.4, "apple": 0.3})
    case, attempt = np.arange(20_000, dtype=np.uint64), np.zeros(20_000, np.int8)
    taken = {name: files_of(slot, Draws(4), "test", case, attempt) for name, slot in slots.items()}
    assert not (taken["google"] & taken["apple"]).any()
    assert taken["google"].mean() == pytest.approx(0.4, abs=0.015)
    assert taken["apple"].mean() == pytest.approx(0.3, abs=0.015)


def test_a_file_is_its_firms_whatever_else_is_there() -> None:
    slot, case = slots_of({"google": 0.4})["google"], np.arange(100, dtype=np.uint64)
    whole = files_of(slot, Draws(4), "test", case, np.zeros(100, np.int8))
    assert (files_of(slot, Draws(4), "test", case[::-7], np.zeros(100, np.int8)[::-7]) == whole[::-7]).all()
