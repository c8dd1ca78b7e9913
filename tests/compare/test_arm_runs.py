"""Who runs against whom under which seeds: pairs share everything but policy, replicates share nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import numpy as np
import pytest

from experiments.console import Terminal
from experiments.design.arms import ArmRun, arm_runs_of, points_of_arms
from experiments.design.comparisons import Arm
from experiments.design.designs import Design
from experiments.design.seeds import MOST_WORLDS, event_seed
from experiments.execution import session as execution
from experiments.execution.comparison import comparison_plan, read_results
from experiments.execution.engines import engine_of
from experiments.execution.jobs import Batch, Engine, Shared, batches_of, one_by_one, shared_of, work
from experiments.execution.plan import Plan
from experiments.execution.session import run_plan
from experiments.settings import conduct_of_study
from experiments.store.kept import Kept, hours_of
from experiments.store.reader import StoredStudy
from experiments.store.results import DISPLACEMENT, OFFICER_HOURS, Results
from experiments.store.schema import Done, RunKey, unpacked
from experiments.studies.replication import replication_plan
from sim import simulation
from sim.metrics import displacement_rate, given_of
from sim.simulation import simulate
from sim.world.record import ConfigError
from tests.worlds import made_up, with_forces

TINY = ("states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1")


def arm(name: str = "no_treaty", *facts: str) -> Arm:
    """An arm against the text as adopted, in a tiny world."""
    return Arm(name, made_up(*TINY, *facts, f"scenario={name}"), made_up(*TINY, *facts))


def keys_of(arm_runs: Sequence[ArmRun], worlds: Sequence[int], replicates: int) -> list[RunKey]:
    """All runs of a line-up, in the order in which they are done."""
    return [key for batch in batches_of(points_of_arms(arm_runs), worlds, replicates) for key in batch.keys]


def done_by(arm_runs: Sequence[ArmRun], worlds: Sequence[int], replicates: int) -> list[Done]:
    """All runs of a line-up, done here."""
    points = points_of_arms(arm_runs)
    shared = shared_of(points, Kept(), "code", Path())
    return [run for batch in one_by_one(batches_of(points, worlds, replicates)) for run in work(shared, batch)]


def test_no_two_replicates_share_an_event_seed() -> None:
    arm_runs = arm_runs_of([arm()])
    keys = keys_of(arm_runs, [*range(1, 301), *range(MOST_WORLDS - 20, MOST_WORLDS + 1)], 5)
    replicates = {(key.world_seed, key.replicate) for key in keys}
    assert len(keys) == len(arm_runs) * len(replicates) == len(arm_runs) * 321 * 5
    assert len({event_seed(*replicate) for replicate in replicates}) == len(replicates)


def test_more_worlds_than_event_seeds_tell_apart_are_refused() -> None:
    with pytest.raises(ConfigError, match=f"^seeds: found {MOST_WORLDS + 1}; accepted: at most {MOST_WORLDS}$"):
        keys_of(arm_runs_of([arm()]), range(1, MOST_WORLDS + 2), 1)


def test_further_worlds_and_replicates_leave_the_seeds_of_the_others_alone() -> None:
    arm_runs = arm_runs_of([arm()])
    few, many = keys_of(arm_runs, range(7, 10), 2), keys_of(arm_runs, range(7, 17), 4)
    assert set(few) <= set(many)
    assert keys_of(arm_runs, range(10, 17), 4) == [key for key in many if key.world_seed >= 10]


def test_the_first_replicate_of_a_world_is_the_run_under_its_seed() -> None:
    assert event_seed(5, 0) == 5
    arm_runs = arm_runs_of([arm()])
    for arm_run, run in zip(arm_runs, done_by(arm_runs, [5], 1), strict=True):
        assert (run.error, run.event_seed, run.digest) == ("", 5, arm_run.config.digest())
        alone = simulate(arm_run.config, seed=5)
        found = unpacked(run.tables["data"].content).to_pandas()
        assert found["metric"].iloc[-1] == OFFICER_HOURS[0]
        assert tuple(found.iloc[-1][["value", "count"]]) == hours_of(alone)
        rows = found.iloc[:-1]
        assert len(rows) == len(alone.metrics) > 50
        for name in alone.metrics.columns:
            same = rows[name].to_numpy(), alone.metrics[name].to_numpy()
            assert np.array_equal(*same, equal_nan=name == "value"), name


def test_a_second_replicate_is_another_run_in_the_same_world() -> None:
    first, second = done_by(arm_runs_of([arm()])[:1], [5], 2)
    assert (first.event_seed, second.event_seed) == (5, 10_005)
    assert first.tables["data"].checksum != second.tables["data"].checksum


def test_all_arms_of_a_replicate_meet_one_world_and_its_cases() -> None:
    base = made_up(*TINY)
    arms = [arm(), *(Arm(name, with_forces(base, "must", name), base) for name in ("judge", "discrimination"))]
    arm_runs = arm_runs_of(arms)
    simulation._world.cache_clear()
    simulation._cases.cache_clear()
    assert [run.key.point for run in done_by(arm_runs, [3], 1)] == points_of_arms(arm_runs).frame["point"].tolist()
    assert simulation._world.cache_info().misses == 1
    assert simulation._cases.cache_info().misses == 1
    done_by(arm_runs, [3], 2)
    assert simulation._world.cache_info().misses == 1, "the second replicate meets the same world"
    assert simulation._cases.cache_info().misses == 2, "and cases of its own"


def test_a_point_knows_whom_it_is_read_against() -> None:
    arm_runs = arm_runs_of([arm(), arm("no_treaty", "states.synthetic.liberal_share=0.9")._replace(name="liberal")])
    frame = points_of_arms(arm_runs).frame
    assert frame["scenario"].tolist() == [arm_run.name for arm_run in arm_runs]
    assert frame["against"].tolist() == [frame["point"].iloc[arm_run.against] for arm_run in arm_runs]


def test_arms_with_a_world_of_their_own_are_read_against_their_own_baseline() -> None:
    few, many = arm(), arm("no_treaty", "states.synthetic.liberal_share=0.9")
    arm_runs = arm_runs_of([few, many._replace(name="liberal")])
    assert [(arm_run.name, arm_run.against) for arm_run in arm_runs] == [
        ("as_adopted for no_treaty", 0), ("no_treaty", 0), ("as_adopted for liberal", 2), ("liberal", 2),
    ]  # fmt: skip


def test_arms_of_one_world_stand_together_whatever_the_order_asked_for() -> None:
    base, other = made_up(*TINY), made_up(*TINY, "states.synthetic.liberal_share=0.9")
    strict = with_forces(base, "must", "judge")
    arms = [Arm("a", strict, base), Arm("b", other, other), Arm("c", base, strict)]
    digests = [arm_run.config.world_digest() for arm_run in arm_runs_of(arms)]
    assert digests == sorted(digests, key=digests.index)


@pytest.mark.parametrize(
    ("fact", "key"),
    [
        ("years=2", "years"),
        ("states.synthetic.liberal_share=0.9", "states.synthetic.liberal_share"),
        ("demand.scale=2.0", "demand.scale"),
        ("review.rho=0.1", "review.rho"),
        ("review.capacity=follows", "review.capacity"),
    ],
)
def test_an_arm_that_cannot_be_paired_is_refused(fact: str, key: str) -> None:
    mine = {"years": TINY[:3]}.get(key, TINY)
    odd = Arm("odd", made_up(*mine, fact), made_up(*TINY))
    with pytest.raises(ConfigError, match=f"odd: {key} is not that of its baseline as_adopted; accepted: "):
        arm_runs_of([odd])
    with pytest.raises(ConfigError, match=f"as_adopted: {key} is not that of its baseline as_adopted; accepted: "):
        replication_plan("treaty", "?", [odd.baseline_config, odd.config], conduct_of_study(), [])


# --- read from a store ----------------------------------------------------------------------------------------------------


def plan_in(folder: Path, arm_runs: Sequence[ArmRun], seeds: int = 2, replicates: int = 2) -> Plan:
    """A study of these entries with a store in a folder."""
    study = conduct_of_study(f"seeds={seeds}", f"replicates={replicates}", "workers=1", f"store={folder}")
    design = Design(question="q?", scenarios=[arm_run.name for arm_run in arm_runs])
    return comparison_plan(arm_runs, study, design, "compare", "compare", 0.0)


def results_in(folder: Path, arm_runs: Sequence[ArmRun], seeds: int = 2, replicates: int = 2) -> Results:
    """What is read of that store when all that it lacks has been run."""
    return read_results(run_plan(plan_in(folder, arm_runs, seeds, replicates), Terminal(quiet=True)).plan, arm_runs)


@pytest.fixture(scope="module")
def pair() -> list[ArmRun]:
    """No treaty against the text as adopted."""
    return arm_runs_of([arm()])


@pytest.fixture(scope="module")
def whole(pair: list[ArmRun], tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Both in two worlds and replicates, run in the usual order and at once."""
    return results_in(tmp_path_factory.mktemp("whole") / "store", pair)


def same(one: Results, other: Results) -> None:
    assert one.keys == other.keys
    assert one.worlds == other.worlds
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert np.array_equal(one.counts, other.counts)


def in_order(order: Callable[[Sequence[Batch]], Sequence[Batch]]) -> Callable[..., Engine]:
    """An engine that is asked for the batches in another order than that of the study."""

    def made(*asked: object) -> Engine:
        def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
            yield from engine_of(*asked)(shared, order(batches))  # type: ignore[arg-type]

        return engine

    return made


def test_results_hold_every_run_and_what_each_pair_displaced(whole: Results) -> None:
    assert whole.worlds == [1, 2]
    assert whole.values.shape == (2, len(whole.keys), 2, 2)
    assert not np.isnan(whole.values[:, whole.keys.index(OFFICER_HOURS)]).any()
    assert len(whole.keys) == len(set(whole.keys)) > 50


def test_results_are_the_same_whatever_came_first(
    whole: Results, pair: list[ArmRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "engine_of", in_order(lambda batches: batches[::-1]))
    same(whole, results_in(tmp_path / "backwards", pair))


def test_results_are_the_same_whatever_else_its_store_holds(whole: Results, pair: list[ArmRun], tmp_path: Path) -> None:
    """Worlds and replicates that were asked for before, or come later, are no part of it; nor is when a run was done."""
    results_in(tmp_path / "grown", pair, seeds=1, replicates=1)
    more = results_in(tmp_path / "grown", pair, seeds=3, replicates=2)
    assert more.values.shape[2:] == (3, 2)
    same(whole, results_in(tmp_path / "grown", pair))
    first = more.keys.index(OFFICER_HOURS)
    assert np.array_equal(more.values[:, first, :2], whole.values[:, whole.keys.index(OFFICER_HOURS)])


def test_what_a_pair_displaced_is_told_of_every_run_where_nobody_was_disclosed_too(tmp_path: Path) -> None:
    """Also where the part of the table has rows of no run that is asked for."""
    arm_runs = arm_runs_of([arm("no_treaty", "demand.abusive_odds=0.1", "review.capacity=as_adopted")])
    results = results_in(tmp_path / "store", arm_runs, seeds=2, replicates=1)
    runs = {(a, w): simulate(arm_runs[a].config, seed=w + 1).finished for a in (0, 1) for w in (0, 1)}
    assert [given_of(runs[1, w]).case.size > 0 for w in (0, 1)] == [False, True], "in one world nobody is disclosed"
    place = results.keys.index((DISPLACEMENT, "baseline", "as_adopted"))
    assert results.values[1, place, 0, 0] == 0.0 < results.values[1, place, 1, 0]
    for w in (0, 1):
        share, left = displacement_rate(runs[0, w], runs[1, w])
        assert left > 0
        assert (results.values[1, place, w, 0], results.counts[1, place, w, 0]) == (share, left)
    assert np.isnan(results.values[0, place]).all()
    alone = StoredStudy(tmp_path / "store")
    silent = [str(points_of_arms(arm_runs).frame["point"][1])]
    (found,) = alone.given(alone.results(silent, [1], 1), silent).values()
    assert not found.case.size


def test_the_numbers_of_results_are_those_of_the_runs(whole: Results, pair: list[ArmRun]) -> None:
    for place, arm_run in enumerate(pair):
        alone = simulate(arm_run.config, seed=event_seed(2, 1), world_seed=2).metrics
        for metric, by, level, value, count in alone.itertuples(index=False, name=None):
            where = place, whole.keys.index((metric, by, level)), 1, 1
            assert np.array_equal(whole.values[where], value, equal_nan=True)
            assert whole.counts[where] == count
