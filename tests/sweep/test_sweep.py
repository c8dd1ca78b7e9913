"""A sweep is started, stopped, resumed, grown and shared out, and its tables hold what the design asks for, once."""

from __future__ import annotations

import errno
import pickle
import re
import shutil
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.cli import main
from experiments.errors import StoppedError
from experiments.execution import jobs, manifest
from experiments.execution import progress as progress_module
from experiments.execution import session as execution
from experiments.execution.forecast import Ahead, projected
from experiments.execution.jobs import Batch, Engine, Shared, one_by_one
from experiments.store import identity
from experiments.store.kept import HOURS_METRIC
from experiments.store.parts import StoreError, table_parts
from experiments.store.reader import StoredStudy
from experiments.store.schema import DATA, VIEWS, Done, Packed, RunKey
from experiments.store.validate import content_checksum, faults_of
from experiments.studies import sweep
from experiments.studies.multirun import multirun_digest
from experiments.studies.sweep import sweep_plan
from sim.config import checked_config, with_overrides
from sim.simulation import simulate
from sim.sources.checksums import TABLES_FOLDER
from sim.world.record import ConfigError
from tests.shares import one_in, some_fast
from tests.sweep.small import LEVERS, TINY, done, swept, tables

RUNS = 8  # of the design of four points in two worlds
STORE = Path("out/stores/own")
NAMED = "store=own"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


Order = Callable[[list[Batch]], list[Batch]]


def made_up(order: Order = lambda batches: batches, stop: int | None = None, error: BaseException | None = None) -> Any:
    """Makes engines that do no run, but make up what comes of it; after so many they end with an error."""

    def engine_of(*given: object) -> Engine:
        def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
            for number, batch in enumerate(order(one_by_one(batches))):
                if number == stop and error is not None:
                    raise error
                value = (int(batch.keys[0].point, 16) % 97) / 97
                yield [done(*key, value=value)._replace(code=shared.code) for key in batch.keys]

        return engine

    return engine_of


@pytest.fixture
def unreal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Sweeps that take no time: what the runs give is made up from their point."""
    monkeypatch.setattr(execution, "engine_of", made_up())
    monkeypatch.setattr(execution, "warm", lambda tried, workers: None)
    monkeypatch.setattr(execution, "CHUNK", 3)
    return monkeypatch


# --- real runs ------------------------------------------------------------------------------------------------------------------


def test_a_sweep_runs_each_point_as_the_same_configuration_would_be_run_alone(capsys: pytest.CaptureFixture[str]) -> None:
    study = swept()
    assert len(study.runs) == RUNS
    assert faults_of(study.folder) == []
    assert "8 runs in" in capsys.readouterr().out
    points = study.points.set_index("point")
    row = study.runs[study.runs["world_seed"] == 2].iloc[-1]
    changed = {"on": ["scenario=judge"], "off": []}[points.loc[row["point"], "judge"]]
    changed += {"six": ["instruments.hanoi.threshold_years=6"], "four": []}[points.loc[row["point"], "line"]]
    from sim.config import load

    config = load(*TINY, *changed)
    assert row["digest"] == config.digest()
    alone = simulate(config, seed=2).metrics
    kept = study.data()
    kept = kept[(kept["point"] == row["point"]) & (kept["world_seed"] == 2) & (kept["metric"] != HOURS_METRIC)]
    both = alone.astype({"metric": str, "by": str, "level": str}).merge(
        kept.astype({"metric": str, "by": str, "level": str}), on=["metric", "by", "level"], suffixes=("", "_kept")
    )
    assert len(both) == len(alone) == len(kept)
    pd.testing.assert_series_equal(both["value"], both["value_kept"], check_names=False, check_exact=True)
    pd.testing.assert_series_equal(both["count"], both["count_kept"], check_names=False, check_exact=True)

    before = tables(study.folder)
    swept()
    assert "8 runs: all there already." in capsys.readouterr().out
    assert tables(study.folder) == before


def test_only_the_outcomes_and_slices_that_a_design_keeps_are_kept() -> None:
    study = swept("seeds=1", text=f"{LEVERS}outcomes: [legit_met_rate]\nslices: [all]\n")
    (part,) = table_parts(study.folder, "data")
    found = pd.read_parquet(part.path)
    assert set(found["metric"].astype(str)) == {"legit_met_rate"}
    assert set(found["by"].astype(str)) == {"all"}
    assert len(found) == 4


def test_a_point_that_fails_is_kept_with_its_traceback_and_the_others_are_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fragile(config: Any, **seeds: Any) -> Any:
        if config.instruments["hanoi"].threshold_years == 6 and seeds["world_seed"] == 1:
            raise FloatingPointError("a rate of\nminus one")
        return simulate(config, **seeds)

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "simulate", fragile)
        with pytest.raises(StoppedError) as stopped:
            swept(NAMED)
    assert stopped.value.status == 3
    assert str(stopped.value).startswith("2 runs failed; the others are kept: rogatory check store=")
    told = capsys.readouterr()
    assert told.err.count("FloatingPointError: a rate of minus one") == 2
    study = StoredStudy(STORE)
    assert (len(study.runs), len(study.failures)) == (6, 2)
    assert all("fragile" in text for text in study.failures["traceback"])
    assert main(["check", "own", "output=out"]) == 4
    assert "2 runs missing, 2 of them failed; the same command goes on" in capsys.readouterr().err

    mended = swept(NAMED)  # what failed is tried again, and nothing else
    assert (len(mended.runs), len(mended.failures)) == (RUNS, 0)
    assert "2 runs in" in capsys.readouterr().out
    assert faults_of(mended.folder) == []


# --- stopped and resumed --------------------------------------------------------------------------------------------------------


def shuffled(batches: list[Batch]) -> list[Batch]:
    return sorted(batches, key=lambda batch: batch.keys[0].point[::-1])


@pytest.mark.parametrize("order", one_in(3, [shuffled, lambda batches: batches, lambda batches: batches[::-1]]))
def test_wherever_a_sweep_is_stopped_it_is_resumed_to_the_same_bytes(unreal: pytest.MonkeyPatch, order: Order) -> None:
    study = swept()
    whole = tables(study.folder)
    assert len(table_parts(study.folder, "runs")) == 3, "in thousands, which are threes here"
    for stop in range(RUNS):
        folder = study.folder
        shutil.rmtree(folder)
        unreal.setattr(execution, "engine_of", made_up(order, stop, KeyboardInterrupt()))
        with pytest.raises(StoppedError) as stopped:
            swept()
        assert stopped.value.status == 130
        assert str(stopped.value).startswith(f"interrupted; {stop} run{'s' if stop != 1 else ''} of this turn kept in ")
        assert len(StoredStudy(folder).runs) == stop
        unreal.setattr(execution, "engine_of", made_up(order))
        assert tables(swept().folder) == whole


@pytest.mark.parametrize("stop", one_in(3, [1, 0, 5]))
def test_a_full_disk_ends_a_sweep_with_a_line_and_status_three(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stop: int
) -> None:
    with unreal.context() as patch:
        patch.setattr(execution, "engine_of", made_up(stop=stop, error=OSError(errno.ENOSPC, "No space left on device")))
        Path("own.yaml").write_text(LEVERS)
        status = main(["sweep", *TINY, "design=own.yaml", "workers=1", "output=out", "seeds=2", "replicates=1", NAMED])
    told = capsys.readouterr().err
    assert status == 3
    wanted = f"No space left on device; {stop} run{'' if stop == 1 else 's'} of this turn kept in out/stores/own; the same command"
    assert wanted in told
    assert "Traceback" not in told
    assert len(swept(NAMED).runs) == RUNS


def test_what_is_left_in_the_journal_of_another_design_becomes_a_part_too(unreal: pytest.MonkeyPatch) -> None:
    with unreal.context() as patch:
        patch.setattr(execution, "engine_of", made_up(stop=5, error=KeyboardInterrupt()))
        with pytest.raises(StoppedError):
            swept(NAMED)
    study = swept(NAMED, text=LEVERS.replace("  judge: judge\n", ""))
    assert len(study.runs) == 6, "five of the one, and what the other asks besides"
    assert not study.journalled
    assert faults_of(study.folder) == []


# --- grown ----------------------------------------------------------------------------------------------------------------------

SOBOL = """\
question: what if
draw: sobol
size: 2
uncertainties:
  review.rho: {low: 0.1, high: 0.9}
  review.misuse_chance: {low: 0.1, high: 0.9}
"""
HYPERCUBE = SOBOL.replace("sobol", "latin_hypercube").replace("size: 2", "size: 3")
MORE: dict[str, tuple[str, list[str], str, list[str], int, int]] = {
    "seeds": (LEVERS, [], LEVERS, ["seeds=4"], 8, 16),
    "replicates": (LEVERS, [], LEVERS, ["replicates=3"], 8, 24),
    "a lever": (LEVERS, [NAMED], LEVERS.replace("levers:\n", "levers:\n  notice: notice\n"), [], 8, 16),
    "Sobol points": (SOBOL, [], SOBOL, ["size=4"], 16, 32),
    "Latin hypercube points": (HYPERCUBE, [], HYPERCUBE, ["size=5"], 6, 16),
}


@pytest.mark.parametrize("what", some_fast(list(MORE), ["replicates", "Sobol points"]))
def test_a_sweep_grows_without_doing_again_what_is_there(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    text, named, larger, more, before, after = MORE[what]
    first = swept(*named, text=text)
    kept = tables(first.folder)
    assert len(first.runs) == before
    grown = swept(*named, *more, text=larger)
    assert grown.folder == first.folder
    assert len(grown.runs) == after
    stay = kept if what != "a lever" else {path: mark for path, mark in kept.items() if not path.startswith("points")}
    assert stay.items() <= tables(grown.folder).items(), "the parts that were there stay, but that points get a new column"
    assert len(pd.read_parquet(grown.folder / "points")) == len(first.points) + (
        len(grown.points) if what not in ("seeds", "replicates") else 0
    )
    assert f"{after - before} runs in" in capsys.readouterr().out
    assert faults_of(grown.folder) == []
    assert main(["check", "own", "output=out"]) == 0
    swept(*named, text=text)  # and what was asked before is still all there
    assert f"{before} runs: all there already." in capsys.readouterr().out


def other_code(patch: pytest.MonkeyPatch) -> list[str]:
    patch.setattr(execution, "code_fingerprint", lambda: "0therc0de")
    patch.setattr(identity, "code_fingerprint", lambda: "0therc0de")
    patch.setattr(manifest, "code_fingerprint", lambda: "0therc0de")
    return []


def other_package(patch: pytest.MonkeyPatch) -> list[str]:
    versions = identity.package_versions()
    patch.setattr(identity, "package_versions", lambda: versions | {"numpy": "9.9.9"})
    return []


def other_table(patch: pytest.MonkeyPatch) -> list[str]:
    from sim.sources.tables import TABLES_FOLDER

    Path("mine.csv").write_bytes((TABLES_FOLDER / "states.csv").read_bytes() + b"\n")
    return ["states.table=mine.csv"]


OTHERS: list[tuple[Callable[[pytest.MonkeyPatch], list[str]], str]] = [
    (lambda patch: ["years=2"], "as_adopted: years is 2, not 1"),
    (lambda patch: ["outcome=legit_met_rate", "review.rho=0.3"], "as_adopted: review.rho is 0.3, not "),
    (other_code, "code of the simulation is 0therc0de, not "),
    (other_package, "version of numpy is 9.9.9, not "),
    (other_table, "table states.csv is "),
]


@pytest.mark.parametrize(("change", "wanted"), one_in(2, OTHERS), ids=[told for _, told in OTHERS])
def test_runs_of_other_code_or_data_are_refused_and_named(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], change: Callable[[pytest.MonkeyPatch], list[str]], wanted: str
) -> None:
    real = ["states=real"] if change is other_table else []
    Path("own.yaml").write_text(LEVERS)
    words = [word for word in TINY if not (real and word.startswith("states")) and not word.startswith("years")]
    base = ["sweep", *words, *real, "design=own.yaml", "workers=1", "output=out", "seeds=2", "replicates=1", NAMED]
    years = ["years=1"]
    assert main([*base, *years]) == 0
    before = tables(STORE)
    more = change(unreal)
    years = [] if "years=2" in more else years
    capsys.readouterr()
    assert main([*base, *years, *more]) == 2
    told = capsys.readouterr().err
    assert "holds runs of other code or data: " in told
    assert wanted in told
    assert "; accepted: store=NAME for a new one, or mix=true" in told
    assert told.count("\n") == 1
    assert tables(STORE) == before
    if change is other_code:
        assert main([*base, *years, *more, "mix=true"]) == 0


# --- one point, one configuration -----------------------------------------------------------------------------------------------


def honest(ran: list[RunKey]) -> Any:
    """Makes engines that make up what comes of a run, but for its configuration's digest."""

    def engine_of(*given: object) -> Engine:
        def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
            for batch in one_by_one(batches):
                ran.extend(batch.keys)
                base, settings = shared.settings[batch.keys[0].point]
                digest = checked_config(with_overrides(shared.bases[base], settings)).digest()
                yield [done(*key)._replace(code=shared.code, digest=digest) for key in batch.keys]

        return engine

    return engine_of


def test_other_settings_are_mixed_under_no_point_that_has_runs(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[RunKey] = []
    unreal.setattr(execution, "engine_of", honest(ran))
    folder = swept(NAMED).folder
    before, ran[:] = tables(folder), []
    sweeping = ["sweep", *TINY, "design=own.yaml", "workers=1", "output=out", "seeds=3", "replicates=1", "mix=true", NAMED]
    capsys.readouterr()
    assert main([*sweeping, "review.rho=0.3"]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert "has runs of point " in told
    assert "; accepted: one configuration for a point, or store=NAME for a new store" in told
    assert ran == [], "it is told before a run is made in vain"
    runs = {path: mark for path, mark in tables(folder).items() if not path.startswith("points")}
    assert runs.items() <= before.items()
    assert faults_of(folder) == []
    assert main(sweeping) == 0
    assert len(StoredStudy(folder).runs) == RUNS + 4


def test_a_table_of_a_point_s_own_that_was_changed_is_another_configuration(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[RunKey] = []
    unreal.setattr(execution, "engine_of", honest(ran))
    table = Path("mine.csv")
    table.write_bytes((TABLES_FOLDER / "states.csv").read_bytes())
    words = ("states=real", *(word for word in TINY if not word.startswith("states")))
    Path("own.yaml").write_text("question: does it stay?\nconditions: {theirs: {}, mine: {states.table: mine.csv}}\n")
    sweeping = ["sweep", *words, "design=own.yaml", "workers=1", "output=out", "replicates=1", NAMED]
    assert main([*sweeping, "seeds=1"]) == 0
    before, ran[:] = tables(STORE), []
    table.write_bytes(table.read_bytes().replace(b",1,", b",0,", 1))
    capsys.readouterr()
    assert main([*sweeping, "seeds=2"]) == 2
    assert "has runs of point " in capsys.readouterr().err
    assert ran == []
    assert before.items() <= tables(STORE).items()
    table.write_bytes((TABLES_FOLDER / "states.csv").read_bytes())
    assert main([*sweeping, "seeds=2"]) == 0


@pytest.mark.slow
def test_a_multirun_mixes_no_two_configurations_of_a_point(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.csv").write_bytes((TABLES_FOLDER / "penalties.csv").read_bytes())
    asked = [
        "run",
        "-m",
        *TINY,
        "replicates=1",
        "seeds=1",
        "output=out",
        "workers=1",
        "states.penalty_table=mine.csv",
        "scenario=as_adopted,judge",
    ]
    asked = ["states=real" if word == "states=synthetic" else word for word in asked if not word.startswith("states.synthetic")]
    assert main([*asked, "store=own"]) == 0
    folder = STORE
    before = tables(folder)
    Path("mine.csv").write_text(Path("mine.csv").read_text(encoding="utf-8").replace(",4.0,", ",4.5,", 1), encoding="utf-8")
    capsys.readouterr()
    more = [word.replace("seeds=1", "seeds=2") for word in asked]
    assert main([*more, "store=own", "mix=true"]) == 2
    assert "has runs of point " in capsys.readouterr().err
    assert {path: mark for path, mark in tables(folder).items() if not path.startswith("points")}.items() <= before.items()
    assert faults_of(folder) == []


# --- shared out -----------------------------------------------------------------------------------------------------------------


def test_shards_in_any_order_hold_together_what_one_sweep_holds(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = swept().folder
    whole = content_checksum(folder)
    shutil.rmtree(folder)
    capsys.readouterr()
    for shard in ("3/3", "1/3", "2/3"):
        swept(f"shard={shard}")
        assert ("missing" in capsys.readouterr().out) == (shard != "2/3")
    assert content_checksum(folder) == whole
    assert faults_of(folder) == []
    assert main(["check", "own", "output=out"]) == 0
    capsys.readouterr()
    swept()
    assert "8 runs: all there already." in capsys.readouterr().out


MISTAKES = [
    (["shard=5/4"], "shard: found '5/4'; accepted: a number and how many there are, such as 1/4"),
    (["world_seed=3"], "world_seed: found 3 in a sweep; accepted: null"),
    (["scenario=judge"], "scenario: found in a sweep; accepted: "),
    (["store=./own.yaml"], "store: cannot write to own.yaml (File exists); accepted: a folder that can be written"),
    (["store=."], "store: found ., which holds 'own.yaml' and no store.json; accepted: a store, or an empty folder"),
    (["engine=cloud"], "engine: found 'cloud'; accepted: local, ray"),
    (["design=nowhere.yaml"], "design: found 'nowhere.yaml'; accepted: "),
]


@pytest.mark.parametrize(("given", "wanted"), MISTAKES, ids=[" ".join(given) for given, _ in MISTAKES])
def test_a_mistake_in_what_is_asked_is_one_line_and_status_two(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: list[str], wanted: str
) -> None:
    Path("own.yaml").write_text(LEVERS)
    plain = [] if given[0].startswith("design") else ["design=own.yaml"]
    assert main(["sweep", *TINY, *plain, *given]) == 2
    told = capsys.readouterr().err
    assert wanted in told
    assert told.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["own.yaml"]


@pytest.mark.parametrize("asked", ["0/4", "x", "1/0", "-1/2", "1/2/3", "1", "99999/99999"])
def test_a_shard_is_a_number_and_how_many_there_are(asked: str) -> None:
    assert sweep._shard("4/4") == (4, 4)
    with pytest.raises(ConfigError, match=f"^shard: found '{asked}'; accepted: "):
        sweep._shard(asked)


def test_no_design_and_two_that_would_write_at_once_are_one_line(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", *TINY]) == 2
    assert capsys.readouterr().err.startswith("rogatory: design: found none; accepted: one of ")
    statuses = []

    def at_once(*given: object) -> Engine:
        statuses.append(main(["sweep", *TINY, "design=own.yaml", "workers=1", "output=out", "seeds=2", "replicates=1"]))
        result: Engine = made_up()()
        return result

    unreal.setattr(execution, "engine_of", at_once)
    assert len(swept().runs) == RUNS
    assert statuses == [2]
    assert "is being written by another run; accepted: one run at a time, or shards of one sweep" in capsys.readouterr().err


# --- run -m ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_multirun_lands_in_one_store_and_the_second_call_does_nothing_anew(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        "run",
        "-m",
        *TINY,
        "scenario=as_adopted,judge",
        "instruments.hanoi.threshold_years=6",
        "replicates=1",
        "seeds=1",
        "output=out",
    ]
    assert main(asked) == 0
    (folder,) = Path("out/stores").iterdir()
    study = StoredStudy(folder)
    assert len(study.runs) == len(study.points) == 2
    assert sorted(study.points["scenario"]) == ["as_adopted", "judge"]
    assert list(study.points["instruments.hanoi.threshold_years"]) == [6, 6]
    assert main(["check", str(folder)]) == 0
    before = tables(folder)
    capsys.readouterr()
    assert main([*asked, "workers=1"]) == 0
    assert capsys.readouterr().out.count("1 run: all there already.") == 2
    assert tables(folder) == before


@pytest.mark.slow
def test_scenarios_in_two_orders_are_one_point_of_a_multirun(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["run", "-m", *TINY, "scenario=[judge,notice],[notice,judge]", "replicates=1", "seeds=1", "output=out", "workers=1"]
    assert main(asked) == 0
    study = StoredStudy(next(Path("out/stores").iterdir()))
    assert (list(study.points["scenario"]), len(study.runs)) == (["judge+notice"], 1)
    assert "1 run: all there already." in capsys.readouterr().out
    assert main([word.replace("scenario=[judge,notice],[notice,judge]", "scenario=judge+notice") for word in asked]) == 2
    assert capsys.readouterr().err.endswith("rogatory: scenario: found 'judge+notice'; accepted: [judge,notice]\n")


def test_jobs_of_one_multirun_share_a_store_wherever_they_are_done() -> None:
    words = ["-m", "scenario=a,b", "years=2"]
    more = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "workers=1", "output=there", "engine=ray"]
    assert multirun_digest(words) == multirun_digest([*more, *reversed(words)])
    assert multirun_digest(words) != multirun_digest(["-m", "scenario=a,b", "years=3"])


@pytest.mark.slow
def test_a_job_that_fails_is_told_and_the_other_jobs_are_done(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["run", "-m", *TINY, "review.rho=0.3,3,0.4", "replicates=1", "seeds=1", "output=out", "workers=1"]
    assert main(asked) == 2
    told = capsys.readouterr().err
    assert "rogatory: review.rho: found 3; accepted: " in told
    assert "Traceback" not in told
    assert len(StoredStudy(next(Path("out/stores").iterdir())).runs) == 2


@pytest.mark.slow
def test_a_fixed_world_is_no_part_of_a_multirun(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-m", *TINY, "scenario=judge", "world_seed=3", "output=out"]) == 2
    assert "world_seed: found 3 in a sweep; accepted: null" in capsys.readouterr().err


# --- pieces ---------------------------------------------------------------------------------------------------------------------


class Remembered:
    """Stands in for a store: which chunks were folded, and when."""

    def __init__(self) -> None:
        self.folded: list[list[RunKey]] = []
        self.settled = 0

    def fold(self, order: list[RunKey]) -> None:
        self.folded.append(order)

    def settle_failures(self) -> None:
        self.settled += 1


def chunks_of(finished: set[RunKey]) -> tuple[Any, Remembered, list[RunKey]]:
    order = [RunKey("a", world, 0) for world in range(7)]
    store: Any = Remembered()
    return execution._Chunks(order, finished, store), store, order


def test_a_chunk_is_folded_when_it_and_all_before_it_are_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "CHUNK", 3)
    chunks, store, order = chunks_of(set())
    chunks.tick([done(*key) for key in order[3:6]])
    assert store.folded == []
    chunks.tick([done(*order[0]), done(*order[1])])
    assert store.folded == []
    chunks.tick([done(*order[2], error="a failure has ended too")])
    assert store.folded == [order[:3], order[3:6]]
    chunks.tick([done(*order[6])])
    assert store.folded == [order[:3], order[3:6]], "the last one may grow"
    chunks.settle()
    assert store.folded == [order[:3], order[3:6], order[6:]]
    assert store.settled == 1


def test_what_is_there_already_counts_for_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "CHUNK", 3)
    chunks, store, order = chunks_of({RunKey("a", 0, 0), RunKey("a", 2, 0)})
    chunks.tick([done(*order[1])])
    assert store.folded == [order[:3]]
    chunks.settle()
    assert [len(chunk) for chunk in store.folded] == [3, 3, 1]


NOTHING = Ahead(0, 0.0, 0, 0, False)


def first_run(point: str, seconds: float, world_seconds: float, size: int = 2000) -> Done:
    """A run whose tables take so many bytes."""
    tables = {DATA: Packed(bytes(size - 500), 1, 1), VIEWS: Packed(bytes(500), 1, 1)}
    return done(point)._replace(seconds=seconds, world_seconds=world_seconds, tables=tables)


def test_the_time_and_the_room_that_are_projected_count_runs_and_worlds() -> None:
    first = [first_run("a", 12.0, 10.0), first_run("b", 2.0, 0.0, size=4000)]
    todo = [Batch(tuple(RunKey("a", 1, replicate) for replicate in range(50)), True), Batch((RunKey("a", 2, 0),), True)]
    told = projected(first, todo, 2, 0.0, NOTHING)
    assert told == "projected: about 61 seconds for 51 runs in 2 worlds on 2 processes; 46 kB on disk"
    alone = projected(first, todo[1:], 1, 0.0, NOTHING._replace(there=7, words=10_000, files=5_000))
    assert alone == "projected: about 12 seconds for 1 run in 1 world (7 there already) on 1 process; 57 kB on disk", (
        "those that are there take room too, and so do the words and files of a store"
    )


def test_the_time_that_is_projected_counts_the_start_the_pages_and_the_processes_that_have_work() -> None:
    first = [first_run("a", 12.0, 10.0)]
    batch = Batch(tuple(RunKey("a", 1, replicate) for replicate in range(8)), 0)
    assert projected(first, [batch], 2, 44.4, NOTHING) == (
        "projected: about 71 seconds for 8 runs in 1 world on 2 processes, 44 seconds of it to compile and to start; 5 kB on disk"
    ), "one process has all the work"
    assert projected(first, [batch, batch], 2, 0.0, NOTHING).startswith("projected: about 26 seconds for 16 runs in 1 world"), (
        "both build the world"
    )
    assert projected(first, [batch], 2, 44.4, NOTHING._replace(pages=5.0, open_ended=True)) == (
        "projected: at least about 76 seconds for 8 runs in 1 world on 2 processes, 44 seconds of it to compile and to start, 5 "
        "seconds of it for tables and figures; 5 kB on disk"
    ), "and more may be asked for when these have ended"


class Clock:
    """Time that passes when somebody says so."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


def test_what_compiling_and_starting_took_is_in_the_time_that_is_told(
    unreal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()

    def compiled(tried: object, workers: int) -> None:
        clock.now += 30.0

    def started(*given: object) -> Engine:
        def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
            clock.now += 10.0  # processes begin
            for key in (key for batch in batches for key in batch.keys):
                clock.now += 2.0
                yield [done(*key)._replace(code=shared.code, seconds=2.0, world_seconds=0.0)]

        return engine

    unreal.setattr(execution, "time", clock)
    unreal.setattr(manifest, "time", clock)
    unreal.setattr(execution, "warm", compiled)
    unreal.setattr(execution, "engine_of", started)
    swept()
    told = capsys.readouterr()
    wanted = r"projected: about 56 seconds for 8 runs in 2 worlds on 1 process, 40 seconds of it to compile and to start; \d+ kB"
    assert re.search(wanted, told.err)
    assert "8 runs in 56 seconds" in told.out, "and so it was"


def test_failures_of_one_kind_are_told_five_times(capsys: pytest.CaptureFixture[str]) -> None:
    from collections import Counter

    from rich.console import Console

    with progress_module.bar(Console(width=150)) as progress:
        progress_module.print_failures([done("a", world, error="boom [x]") for world in range(9)], Counter(), progress)
    found = capsys.readouterr().out
    assert found.count("boom [x]") == 5
    assert "failed: point a, world 4, replicate 0: boom [x]; further ones alike are only counted" in found


def test_a_store_that_holds_a_damaged_part_is_not_written_to(unreal: pytest.MonkeyPatch) -> None:
    folder = swept().folder
    path = table_parts(folder, "runs")[0].path
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(
        StoreError, match=r"cannot be read .*; accepted: a whole Parquet file; remove it, then the same command makes"
    ):
        swept()
    path.unlink()
    assert len(swept().runs) == RUNS
    assert faults_of(folder) == []


def test_more_worlds_than_event_seeds_can_tell_apart_are_refused(unreal: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"^seeds: found 10001; accepted: "):
        swept("seeds=10001")


@pytest.mark.parametrize(
    "error", [StoppedError("2 runs failed", 3), ConfigError("a: found b; accepted: c"), StoreError("store: x")]
)
def test_what_ends_a_job_travels_between_processes(error: Exception) -> None:
    found = pickle.loads(pickle.dumps(error))
    assert (type(found), str(found), vars(found)) == (type(error), str(error), vars(error))


def test_a_search_cannot_be_shared_out() -> None:
    with pytest.raises(ConfigError, match=r"^shard: found '1/2' with a search"):
        sweep_plan(["design=frontier_search", "shard=1/2"])
