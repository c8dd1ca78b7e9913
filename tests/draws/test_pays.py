"""Named draws pay: a difference between two scenarios varies far less than under one shared stream or under independent seeds."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from experiments.output import MANIFEST, files_in
from experiments.reference.make import REFERENCE_FOLDER
from sim.config import ADOPTED, load
from tests.draws.pays import (
    AT_ONCE,
    MONTHLY,
    NAMED,
    OUTCOMES,
    SAMPLES,
    TWIN_WORLD,
    Outcomes,
    ratio_of,
    told_by_model,
    told_by_twin,
    told_small,
    variances_of,
)
from tests.draws.shared_stream import Stream
from tests.twin.draws import Luck

FOLDER = REFERENCE_FOLDER / "named_draws"
SMALLER = (
    *(key for key in TWIN_WORLD if not key.startswith(("states.synthetic.count", "demand.legitimate"))),
    *("states.synthetic.count=6", "demand.legitimate=30"),
)
SEEDS = range(1, 11)


def near(told: Outcomes, other: Outcomes) -> bool:
    return all(abs(told[name] - other[name]) < 1e-12 for name in OUTCOMES)


def test_a_stream_gives_its_numbers_in_the_order_in_which_names_are_first_asked_for() -> None:
    one, other = Stream(7), Stream(7)
    first = one.uniform("look", 1)
    assert first == other.uniform("patience", 99, 3), "whatever the name"
    assert one.uniform("look", 2) != first == one.uniform("look", 1), "and a name keeps its number"
    start = one.hashed("label", 5)
    assert one.after(start, 1) == one.after(start, 1) != one.after(start, 2)
    assert Luck(7).uniform("label", 5, 1) == Luck(7).after(Luck(7).hashed("label", 5), 1)


def test_a_stream_has_the_laws_of_named_draws() -> None:
    named, stream = Luck(3), Stream(3)
    laws: list[Callable[[Luck, int], float]] = [
        lambda luck, k: luck.uniform("a", k),
        lambda luck, k: luck.normal("b", k),
    ]
    for law in laws:
        ours, theirs = (np.array([law(luck, k) for k in range(4000)]) for luck in (named, stream))
        assert abs(ours.mean() - theirs.mean()) < 6.0 * np.sqrt((ours.var() + theirs.var()) / 4000)


def test_what_the_twin_counts_is_what_the_catalogue_defines() -> None:
    for scenario in (ADOPTED, "reform_bundle"):
        config = load(*SMALLER, f"scenario={scenario}")
        assert near(told_by_twin(config, 1, 5), told_by_model(config, 1, 5))


def test_all_wishes_are_the_same_in_two_arms_only_where_they_are_drawn_first() -> None:
    config = load(*SMALLER)
    assert not near(told_by_twin(config, 1, 5, AT_ONCE), told_by_twin(config, 1, 5, MONTHLY))
    with pytest.raises(ValueError, match="draws by name"):
        told_by_model(config, 1, 5, MONTHLY)


def test_named_draws_pay_and_a_shared_stream_does_not() -> None:
    """Needs met under a reform, in a small world: no more than half the variance of independent seeds, where a twelfth is usual."""
    configs = [load(*SMALLER, f"scenario={name}") for name in ("grave_harm", ADOPTED)]

    def ratio(luck: str) -> tuple[float, float, float]:
        sides = [np.array([told_small(config, 1, seed, luck)["needs_met"] for seed in SEEDS]) for config in configs]
        return ratio_of(*(side - side.mean() for side in sides))

    named, stream = ratio(NAMED), ratio(MONTHLY)
    assert named[0] < 0.5
    assert stream[0] > 2.0 * named[0]
    assert stream[2] > 0.8, "independent seeds are within its interval, or nearly"


def test_the_ratio_is_that_of_the_definition_and_its_interval_holds_the_truth() -> None:
    rng, held = np.random.default_rng(5), 0
    for _ in range(40):
        shared, own = rng.normal(size=40), rng.normal(size=(2, 40))
        sides = 3.0 * shared + own  # variance of the difference 2, of both sides 20
        ratio, low, high = ratio_of(*(side - side.mean() for side in sides))
        expected = np.var(sides[0] - sides[1]) / (np.var(sides[0]) + np.var(sides[1]))
        assert ratio == pytest.approx(expected)
        held += low < 0.1 < high
    assert held >= 33
    same = np.arange(5.0)
    assert ratio_of(same, same).ratio == 0.0
    assert np.isnan(ratio_of(same, np.zeros(5)).ratio)


def test_the_committed_table_follows_from_the_committed_runs() -> None:
    held, made = pd.read_csv(FOLDER / "variances.csv"), variances_of(pd.read_csv(FOLDER / "runs.csv"))
    pd.testing.assert_frame_equal(held, made, rtol=1e-4, check_dtype=False)
    manifest = json.loads((FOLDER / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["code"]["dirty"] is False
    assert manifest["files"] == {name: digest for name, digest in files_in(FOLDER).items() if name != MANIFEST}


def test_a_committed_run_is_the_same_again() -> None:
    runs, small = pd.read_csv(FOLDER / "runs.csv"), SAMPLES[0]
    config, (world, event) = small.configs()["notice"], small.seeds[0]
    held = runs[(runs["sample"] == small.name) & (runs["event_seed"] == event) & (runs["scenario"] == "notice")].set_index("luck")
    for luck in small.lucks:
        now = small.told(config, world, event, luck)
        assert all(abs(now[name] - float(str(held.loc[luck, name]))) < 1e-6 for name in OUTCOMES)
