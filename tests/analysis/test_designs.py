"""Every design on file becomes points at once, and the ends of its ranges can be run."""

from functools import cache

import pytest

from experiments.design.designs import design_of
from experiments.design.points import points_of
from experiments.design.table import Points
from sim.config import options
from sim.simulation import simulate
from tests.shares import one_in, some_fast

TINY = ("people.rows=500", "demand.legitimate=60", "years=1")
DESIGNS = some_fast(options("design"), ["host_shares", "sensitivity", "threshold_sweep", "safeguards_sampled"])
DRAWN = ("discovery", "robustness", "screening", "sensitivity", "threshold_fan")


@cache
def points(name: str, *overrides: str) -> Points:
    design = design_of(name)
    return points_of(design.model_copy(update={"size": min(design.size, 64)}), overrides)


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_becomes_points_with_ids_of_their_own(name: str) -> None:
    frame = points(name).frame
    assert len(frame) > (name != "bank")  # of which each world draws its own numbers
    assert frame["point"].is_unique


@pytest.mark.parametrize("name", DRAWN)
def test_each_number_is_drawn_over_its_whole_range(name: str) -> None:
    frame = points(name).frame
    for key, known in design_of(name).uncertainties.items():
        assert known.low is not None
        assert known.high is not None
        room = 0.1 * (known.high - known.low)
        assert known.low <= frame[key].min() <= known.low + room
        assert known.high - room <= frame[key].max() <= known.high


@pytest.mark.parametrize("name", one_in(5, DRAWN))
def test_the_first_and_the_last_point_can_be_run(name: str) -> None:
    found = points(name, *TINY)
    for place in (0, len(found.frame) - 1):
        assert len(simulate(found.config(place), seed=1).metrics)


@pytest.mark.parametrize("name", ["discovery", "robustness", "threshold_fan"])
def test_the_numbers_of_every_headline_are_swept(name: str) -> None:
    assert set(design_of(name).uncertainties) == {
        *("states.treaties.density", "states.hosting.concentration", "states.hosting.factor.IRL", "states.hosting.factor.USA"),
        *("states.correlation", "review.uptake_max", "review.visible.fabricated", "conduct.open_framing_a"),
    }


def test_the_sizes_of_the_designs_are_what_a_day_can_run() -> None:
    assert len(points("robustness").frame) == 9 * 64
    assert len(points("assumptions").frame) == 18 * 2 * (1 + 2 * 17)
    assert len(points("sensitivity").frame) == 12 * 64
    assert len(points("threshold_fan").frame) == 8 * 32
    assert len(design_of("screening").uncertainties) == 29


def test_the_fan_starts_as_adopted() -> None:
    first = points("threshold_fan").frame["threshold"].iloc[0]
    assert design_of("threshold_fan").levels_of["threshold"][first] == {"instruments.hanoi.threshold_years": 4}
