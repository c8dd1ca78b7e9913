"""The benchmark: every row is there or says why not, exponents and ratios are right, and what goes wrong is one line."""

from __future__ import annotations

import json
from concurrent.futures import BrokenExecutor
from math import isnan, log
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.benchmark import measuring, plan, runs
from experiments.benchmark.beside import A_STAGE, KERNEL, PEERS, TWIN
from experiments.benchmark.bound import BESIDE, FUSED
from experiments.benchmark.measures import _measured
from experiments.benchmark.plan import FLOOR, ROWS, SCALES, plan_of, sized
from experiments.benchmark.record import BenchmarkSpec, Job, Measured, Timed
from experiments.benchmark.runs import MONTHS, STAGES, WHOLE
from experiments.benchmark.tables import RATIOS, ratios_table, rows_table, scales_table, slopes_table
from experiments.statistics import exponent
from experiments.studies import benchmark
from experiments.studies.benchmark import costs_frame, scales_frame
from sim.config import load
from tests.shell import status_of

TINY = ("states=synthetic", "states.synthetic.count=8", "people.rows=300", "demand.legitimate=30", "years=1")
SHORT = ("calibration_months=6", "run_in_months=6", "run_out_months=6")
QUICK = "analysis.benchmark.quick=true"
SPEC = BenchmarkSpec(
    quick=False, parts=["model", "floor", "fused", "twin", "month", "draws", "processes", "start", "memory", "scale"], repeats=9,
    slow_repeats=5, a_month=5, most_requests=100, most_people=10_000_000, most_states=2000, short_runs=24,
)  # fmt: skip


def job(part: Any, row: str, kind: str = "bare", x: float = float("nan"), **given: Any) -> Job:
    config = load()
    return Job(kind, part, row, config, config, 3, x, given)


def timed(part: str, row: str, stage: str, seconds: list[float], size: float, of: str, x: float = float("nan")) -> list[Timed]:
    return [Timed(part, row, stage, repeat, each, size, of, x) for repeat, each in enumerate(seconds)]


def told(part: Any, row: str, *found: Timed, skipped: str = "", **more: Any) -> measuring.Told:
    return measuring.Told(job(part, row, **more), Measured(found, skipped=skipped))


# --- numbers ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", [0.0, 0.5, 1.0, 2.0])
def test_an_exponent_is_recovered_from_noisy_seconds_and_its_interval_holds_it(true: float) -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.05, (5, 4))
    points = [(x, 3.0 * x**true * float(np.exp(noise[r, k]))) for k, x in enumerate((1.0, 10.0, 100.0, 1000.0)) for r in range(5)]
    found, low, high = exponent(points)
    assert found == pytest.approx(true, abs=0.03)
    assert low < true < high


def test_two_points_have_an_exponent_and_no_interval() -> None:
    found, low, high = exponent([(1.0, 2.0), (2.0, 8.0)])
    assert found == pytest.approx(2.0)
    assert isnan(low)
    assert isnan(high)


def test_slopes_are_fitted_by_requests_that_were_counted_and_by_sizes_that_were_asked() -> None:
    found = [
        told("scale", "requests", *timed("scale", "requests", MONTHS, [0.1 * f, 0.1 * f], 1000.0 * f, "requests", f), x=f)
        for f in (1.0, 3.0, 10.0)
    ]
    found += [
        told("scale", "people", *timed("scale", "people", "world", [n**0.5, n**0.5], 7.0, "requests", n), x=n) for n in (1e5, 1e6)
    ]
    slopes = slopes_table(found).set_index("scale")
    assert slopes.loc["requests", "slope"] == pytest.approx(1.0)
    assert slopes.loc["requests", "x_to"] == 10_000.0
    assert slopes.loc["people", "slope"] == pytest.approx(0.5)
    assert set(scales_table(found)["x"]) == {1000.0, 3000.0, 10_000.0, 1e5, 1e6}


def test_rows_are_medians_with_their_spread_and_months_are_told_by_look_too() -> None:
    row = ROWS[plan.MODEL, plan.NAIVE]
    rows = rows_table([told("model", row, *timed("model", row, MONTHS, [0.3, 0.1, 0.2], 1000.0, "requests"))], looks=2.0)
    first, look = rows.to_dict("records")
    assert (first["seconds"], first["seconds_low"], first["seconds_high"], first["repeats"]) == (0.2, 0.1, 0.3, 3)
    assert (first["quartile_low"], first["quartile_high"]) == (pytest.approx(0.15), pytest.approx(0.25))
    assert first["ns"] == pytest.approx(200_000.0)
    assert first["a_second"] == pytest.approx(5000.0)
    assert (look["of"], look["ns"]) == ("looks", pytest.approx(100_000.0))


def test_ratios_divide_what_one_costs_and_say_why_there_is_none() -> None:
    found = [
        told("month", KERNEL, *timed("month", KERNEL, A_STAGE, [1.0, 2.0, 4.0], 100.0, "stages"), kind="month"),
        told("month", "AgentPy", *timed("month", "AgentPy", A_STAGE, [30.0, 40.0, 60.0], 50.0, "stages"), kind="month"),
        told("month", "AMBER", skipped="ambr is not installed", kind="month"),
    ]
    ratios = ratios_table(rows_table(found)).set_index("what")
    ours = ratios.loc["AgentPy against our kernel, the common month"]
    assert (ours["ratio"], ours["low"], ours["high"]) == (pytest.approx(40.0), pytest.approx(15.0), pytest.approx(120.0))
    assert ratios.loc["AMBER against our kernel, the common month", "skipped"] == "ambr is not installed"
    assert ratios.loc["adaptive against naive, months", "skipped"] == "was not measured"


def test_a_scale_of_people_goes_by_the_rows_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more rows stand apart than there are people: a time of rows that were only asked for would look like a low exponent."""
    monkeypatch.setattr(runs, "prepare", lambda *_: None)
    found = [*runs._repeated(job("scale", "people", x=1e7), lambda config, seed: runs.Staged({"world": 1.0}, 3, 42))]
    assert {one.x for one in found} == {42.0}
    assert {one.x for one in runs._repeated(job("scale", "states", x=8.0), lambda *_: runs.Staged({"world": 1.0}, 3, 42))} == {8.0}


def test_a_point_that_memory_does_not_hold_is_left_out_with_all_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[float]()

    def instead(one: Job, hands: object) -> Measured:
        asked.append(one.x)
        return Measured(tuple(timed("scale", "people", WHOLE, [1.0], 1.0, "requests", one.x)), 300.0 + one.x)

    monkeypatch.setattr(measuring, "apart", instead)
    monkeypatch.setattr(measuring, "free_memory", lambda: 2000.0)
    so_far = list[measuring.Told]()
    for x in (100.0, 1000.0, 10_000.0, 100_000.0):
        one = job("scale", "people", x=x)
        so_far.append(measuring.Told(one, measuring._one(one, so_far, None)))
    assert asked == [100.0, 1000.0]
    assert [bool(one.found.skipped) for one in so_far] == [False, False, True, True]
    assert "GiB are free" in so_far[-1].found.skipped


def test_a_death_costs_a_point_of_a_scale_and_ends_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(one: Job, hands: object) -> Measured:
        raise BrokenExecutor("terminated abruptly")

    monkeypatch.setattr(measuring, "apart", dies)
    assert "too little memory" in measuring._one(job("scale", "states", x=8.0), [], None).skipped
    with pytest.raises(BrokenExecutor):
        measuring._one(job("model", "the model, naive"), [], None)


def test_a_plan_has_every_part_and_no_scale_beyond_what_is_asked() -> None:
    jobs = plan_of((), SPEC, workers=2).others
    assert {one.part for one in jobs} == {*plan.PARTS} - {"floor"}
    sizes = {row: [one.x for one in jobs if (one.part, one.row) == ("scale", row)] for row in SCALES}
    assert sizes["requests"][-1] == 100.0
    assert sizes["people"] == [1e5, 3e5, 1e6, 3e6, 1e7]
    assert sizes["states"][-1] == 2000.0
    assert sizes["processes"] == [1.0, 2.0]
    few = plan_of((), SPEC.model_copy(update={"parts": ["month"]})).others
    assert [one.row for one in few] == [KERNEL, *PEERS]
    assert sized(SPEC.model_copy(update={"quick": True})).repeats == 2


def test_the_fused_months_stand_beside_the_models_or_say_what_stands_against_them() -> None:
    config = load(*TINY, *SHORT)
    found = _measured(Job("fused", "fused", FUSED, config, config, 2))
    assert not found.skipped
    assert [one.row for one in found.timed] == [BESIDE, FUSED] * 2
    assert len({one.size for one in found.timed}) == 1
    assert all(one.seconds > 0 for one in found.timed)
    ratios = ratios_table(rows_table([measuring.Told(job("fused", FUSED, kind="fused"), found)])).set_index("what")
    assert ratios.loc["the model's months against the same fused by hand", "ratio"] > 0
    other = load(*TINY, *SHORT, "conduct.attempts=3")
    assert _measured(Job("fused", "fused", FUSED, other, other, 2)).skipped.startswith("conduct.attempts: found 3; accepted")


# --- the command ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("analysis.benchmark.repeats=1",), "analysis.benchmark.repeats: found 1; accepted: "),
        (("analysis.benchmark.parts=[]",), "analysis.benchmark.parts: found []; accepted: "),
        (("analysis.benchmark.parts=[pies]",), "analysis.benchmark.parts"),
        (("seeds=3",), "seeds: found 3 in benchmark; accepted: nothing"),
        (("conduct=adaptive",), "conduct: found 'adaptive' in benchmark; accepted: nothing"),
        (("design=headline",), "design: found "),
        (("people.rows=-1",), "people.rows: found -1; accepted: "),
    ],
)
def test_a_mistake_is_one_line_and_status_two(
    words: tuple[str, ...], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert status_of("benchmark", *words, f"output={tmp_path}") == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1, error
    assert said in error
    assert not [*tmp_path.iterdir()]


def whole(folder: Path) -> Path:
    (found,) = (folder / "benchmark").iterdir()
    return found


def test_a_part_alone_is_measured_told_and_drawn(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of("benchmark", QUICK, "analysis.benchmark.parts=[month]", *TINY, *SHORT, f"output={tmp_path}") == 0
    written = whole(tmp_path)
    rows = pd.read_csv(written / "benchmark.csv")
    assert list(dict.fromkeys(rows["row"])) == [KERNEL, *PEERS]
    there = rows[rows["skipped"].isna()]
    assert {KERNEL, "Mesa, states are agents", "Mesa, requests are agents"} <= set(there["row"])
    assert (there["ns"] > 0).all()
    assert "none of its numbers is worth quoting" in capfd.readouterr().out
    manifest = json.loads((written / "manifest.json").read_text())
    assert {"costs.png", "report.html", "summary.md", "repeats.parquet", *(f"{n}.csv" for n in ("ratios", "slopes"))} <= {
        *manifest["files"]
    }
    assert manifest["missing"] == {}
    assert manifest["about"]["cores"]
    assert not {"host", "node", "user"} & set(manifest["about"])


@pytest.mark.slow
def test_a_tiny_run_has_every_row_or_says_why_not(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of("benchmark", QUICK, *TINY, *SHORT, "workers=2", f"output={tmp_path}") == 0
    written = whole(tmp_path)
    rows, ratios = pd.read_csv(written / "benchmark.csv"), pd.read_csv(written / "ratios.csv")
    assert {*ROWS.values(), FLOOR, FUSED, BESIDE, TWIN, KERNEL, *PEERS, plan.ONE, plan.TWO} <= set(rows["row"])
    naive = rows[rows["row"] == ROWS[plan.MODEL, plan.NAIVE]]
    assert {*STAGES, WHOLE} <= set(naive["stage"])
    assert (rows["skipped"].notna() | (rows["seconds"] > 0)).all()
    assert set(ratios["what"]) == {against.what for against in RATIOS}
    assert (ratios["skipped"].notna() | (ratios["ratio"] > 0)).all()
    draws = pd.read_csv(written / "draws.csv")
    assert {"look", "hours", "delay", "patience"} <= set(draws.loc[draws["stage"] == "months", "purpose"])
    scales = pd.read_csv(written / "scales.csv")
    assert set(scales["scale"]) == {*SCALES}
    assert {"scales.png", "costs.png"} <= {path.name for path in written.iterdir()}
    page = (written / "report.html").read_text()
    assert "Ratios" in page
    assert "the twin against idiomatic Mesa" in page


def test_figures_have_what_was_measured_and_nothing_else() -> None:
    row = ROWS[plan.MODEL, plan.NAIVE]
    found = [
        told(
            "model",
            row,
            *timed("model", row, MONTHS, [1.0], 10.0, "requests"),
            *timed("model", row, "world", [1.0], 10.0, "requests"),
        ),
        told("month", "AMBER", skipped="absent", kind="month"),
    ]
    assert list(costs_frame(rows_table(found))["label"]) == [f"{row}, months"]
    points = [
        told("scale", "states", *timed("scale", "states", stage, [x], 5.0, "requests", x), x=x)
        for x in (10.0, 20.0)
        for stage in ("world", "cases")
    ]
    frame = scales_frame(scales_table(points), slopes_table(points))
    assert set(frame["stage"]) == {"world"}
    assert frame["slope"].iloc[0] == pytest.approx(log(2.0) / log(2.0))


def test_a_worker_that_dies_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def dead(*given: object) -> list[measuring.Told]:
        raise BrokenExecutor("A process in the process pool was terminated abruptly")

    monkeypatch.setattr(benchmark, "made", dead)
    assert status_of("benchmark", QUICK, *TINY, f"output={tmp_path}") == 3
    assert capfd.readouterr().err.splitlines()[-1].startswith("rogatory: a worker process died (too little memory?)")
    assert not (tmp_path / "benchmark").exists()
