"""The search: the same seed asks the same, an interrupted one goes on as if nothing had been, and it gets near a known front."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from experiments.design.designs import Design, design_of
from experiments.design.search import ScoredRow, is_over, next_generation
from experiments.design.setters import PointRow
from sim.world.record import ConfigError
from tests.shares import one_in

SAMPLERS = ("nsga2", "tpe")
SPACE = {
    "review.rho": {"low": 0.0, "high": 1.0},
    "review.hours": {"low": 0.1, "high": 10.0, "shape": "log"},
    "conduct.attempts": {"low": 1, "high": 3, "shape": "whole"},
    "people.kind": {"values": ["x", "y"]},
}


def design(sampler: str = "nsga2", generation: int = 8, seed: int = 1, **given: Any) -> Design:
    search = {"sampler": sampler, "generation": generation, "generations": 20}
    search |= {"objectives": {"case_disclosure_rate": "down", "legit_met_rate": "up"}}
    levers = {"judge": "judge", "notice": "notice", "line": {"four": {}, "five": {"a.b": 5}, "six": {"a.b": 6}}}
    return Design(question="what if so?", search=search, draw_seed=seed, **({"levers": levers, "uncertainties": SPACE} | given))


def objectives(row: PointRow) -> tuple[float, float]:
    on = sum(level == "on" for level in row.values())
    return 0.2 - 0.02 * on - 0.01 * row.get("review.rho", 0.0), 0.5 - 0.01 * on**2


def run(
    design: Design, generations: int, judge: Callable[[PointRow], Sequence[float] | None] = objectives
) -> list[list[ScoredRow]]:
    history: list[list[ScoredRow]] = []
    for _ in range(generations):
        history.append([(row, judge(row)) for row in next_generation(design, history)])
    return history


@pytest.mark.parametrize("sampler", one_in(2, SAMPLERS))
def test_the_same_seed_asks_the_same_and_another_one_something_else(sampler: str) -> None:
    assert run(design(sampler), 4) == run(design(sampler), 4)
    assert run(design(sampler), 2) != run(design(sampler, seed=2), 2)


def test_a_row_holds_a_level_of_each_lever_and_a_value_within_its_bounds() -> None:
    for generation in run(design(generation=30), 3):
        assert len(generation) == 30
        for row, _ in generation:
            assert set(row) == {"judge", "notice", "line", *SPACE}
            assert row["judge"] in ("off", "on")
            assert row["line"] in ("four", "five", "six")
            assert 0 <= row["review.rho"] <= 1
            assert 0.1 <= row["review.hours"] <= 10
            assert row["conduct.attempts"] in (1, 2, 3)
            assert isinstance(row["conduct.attempts"], int)
            assert row["people.kind"] in ("x", "y")


def test_the_first_two_rows_are_the_ends() -> None:
    first, second, *_ = next_generation(design(), [])
    levers = ("judge", "notice", "line")
    assert [first[name] for name in levers] == ["off", "off", "four"]
    assert [second[name] for name in levers] == ["on", "on", "six"]


def test_the_ends_have_the_values_that_hold_as_adopted() -> None:
    adopted = {"review.rho": 0.25, "review.hours": 2.0, "conduct.attempts": 1, "people.kind": "y"}
    first, second, third, *_ = next_generation(design(), [], adopted)
    assert {name: first[name] for name in adopted} == {name: second[name] for name in adopted} == adopted
    assert {name: third[name] for name in adopted} != adopted


def test_a_search_without_levers_has_no_ends() -> None:
    assert len(next_generation(design(levers={}), [])) == 8


@pytest.mark.parametrize("sampler", one_in(2, SAMPLERS))
def test_a_search_that_goes_on_after_an_interruption_asks_what_it_would_have_asked(sampler: str) -> None:
    whole = run(design(sampler), 5)
    for done in range(5):
        stored = [[({**row}, values) for row, values in generation] for generation in whole[:done]]  # as if read again
        assert next_generation(design(sampler), stored) == [row for row, _ in whole[done]]


def test_a_number_that_lost_its_last_digit_on_the_way_through_a_file_is_the_same_number() -> None:
    history = run(design(), 2)
    kept = [[(row | {"review.rho": float(f"{row['review.rho']:.14g}")}, values) for row, values in one] for one in history]
    assert next_generation(design(), kept) == next_generation(design(), history)


def test_a_history_of_another_design_is_refused() -> None:
    history = run(design(), 2)
    with pytest.raises(ConfigError, match=r"^search: found .* in generation 1; accepted: .*, as this design asks"):
        next_generation(design(seed=2), history)
    history[1][3] = (history[1][3][0] | {"judge": "perhaps"}, None)
    with pytest.raises(ConfigError, match=r"^search: found judge 'perhaps' in generation 2; accepted: 'o"):
        next_generation(design(), history)


@pytest.mark.parametrize("sampler", one_in(2, SAMPLERS))
def test_what_failed_is_told_as_failed_and_never_as_good(sampler: str) -> None:
    """Everything that is on fails; a search that took failures for results would go there."""

    def judge(row: PointRow) -> Sequence[float] | None:
        return None if row["judge"] == "on" else (float("nan"), 0.5) if row["line"] == "six" else objectives(row)

    last = run(design(sampler, generation=16), 8, judge)[-1]
    assert sum(values is None for _, values in last) < len(last) / 2


def test_a_generation_of_which_some_failed_has_children_all_the_same() -> None:
    """Else the second generation would be drawn at random again, and of twenty levers that all pay ten would be on."""

    def judge(row: PointRow) -> Sequence[float] | None:
        good = sum(level == "on" for level in row.values())
        return None if good % 5 == 0 else (-float(good), float(good))

    wide = design(generation=200, levers={f"l{number}": "judge" for number in range(20)}, uncertainties={})
    first, second = run(wide, 2, judge)
    assert any(values is None for _, values in first)
    early, late = (sum(sum(level == "on" for level in row.values()) for row, _ in one) / 200 for one in (first, second))
    assert early == pytest.approx(10, abs=0.5)
    assert late > 10.6


def test_a_generation_that_failed_altogether_is_followed_by_another() -> None:
    assert len(run(design(), 3, lambda row: None)[-1]) == 8


def test_a_policy_may_be_asked_for_twice() -> None:
    small = design(generation=12, levers={"judge": "judge", "notice": "notice"}, uncertainties={})
    rows = [tuple(row.items()) for row, _ in run(small, 3)[-1]]
    assert len(rows) == 12 > len(set(rows))


@pytest.mark.slow
def test_it_comes_near_a_front_that_is_known() -> None:
    """Twelve levers of which each pays or costs by itself: on the front stand those with the first levers on, and no later ones."""
    worth = [1.0 / (1 + number) for number in range(12)]  # what each takes off for a cost of one

    def judge(row: PointRow) -> tuple[float, float]:
        on = [row[f"l{number:02}"] == "on" for number in range(12)]
        return -sum(gain for gain, held in zip(worth, on, strict=True) if held), -float(sum(on))

    wide = design(generation=32, levers={f"l{number:02}": "judge" for number in range(12)}, uncertainties={})
    found: dict[float, float] = {}
    for generation in run(wide, 12, judge):
        for _, values in generation:
            assert values is not None
            found[-values[1]] = max(found.get(-values[1], 0.0), -values[0])
    best = {float(count): sum(worth[:count]) for count in range(13)}
    assert found[0.0] == 0.0
    near = [found.get(count, 0.0) / best[count] for count in best if count]
    assert sum(near) / len(near) > 0.97


def test_it_says_when_it_is_over() -> None:
    assert not is_over(design(), [])
    assert is_over(design(), [[]] * 20)


def test_a_design_without_a_search_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"^search: found none in the design; accepted: "):
        next_generation(Design(question="q?", scenarios=["judge"]), [])


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"^search: wants optuna; pip install 'rogatory\[adaptive\]'$"):
        next_generation(design(), [])


def test_it_says_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    run(design("tpe"), 2)
    assert capfd.readouterr() == ("", "")


def test_the_search_on_file_asks_for_policies_of_its_levers() -> None:
    on_file = design_of("frontier_search")
    rows = next_generation(on_file, [])
    assert len(rows) == 32
    assert set(rows[0].values()) == {"off", "four"}
    assert rows[1]["threshold_years"] == "eight"
