"""How fast the simulation is on this machine, beside its draws alone, the twin and other frameworks.

``rogatory benchmark [key=value ...]``: rows, ratios within the run and exponents of scales; ``analysis.benchmark`` says how much is
measured (``configs/analysis/benchmark.yaml``), all other keys which model. What each row means stands in docs/benchmark.md.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.analysis.record import spec_from
from experiments.benchmark.measuring import BUSY, Told, load_average, machine, made
from experiments.benchmark.plan import PARTS, SCALES, plan_of, sized
from experiments.benchmark.record import BenchmarkSpec
from experiments.benchmark.runs import MONTHS, REQUESTS, WHOLE
from experiments.benchmark.tables import (
    DRAWS_TABLE,
    RATIOS_TABLE,
    REPEATS_TABLE,
    ROWS_TABLE,
    SCALES_TABLE,
    SLOPES_TABLE,
    draws_table,
    looks_of,
    ratios_table,
    repeats_table,
    rows_table,
    scales_table,
    slopes_table,
)
from experiments.console import Terminal, console_of, table_of
from experiments.design.designs import OF_A_COMPARISON, refuse_design, refuse_unheeded
from experiments.figures import draw, save
from experiments.output import Lacking, files_in, provenance, stamped, whole_folder, write_csv, write_manifest
from experiments.output.manifests import MANIFEST_SCHEMA
from experiments.report.benchmark import REPORT, SUMMARY, Benchmark, write_benchmark
from experiments.report.pictures import Picture
from experiments.settings import StudyConfig, asked_by
from experiments.text import measured, time_text

_DIGITS = "%.6g"
_BUSY = "Others were at work here (load average {load:.1f}): do not quote these numbers."
_QUICK = "A quick run: none of its numbers is worth quoting."
_UNHEEDED = ("baseline", "case", "person", "state", "seeds", "replicates", "conduct", "world_seed", "keep_requests")
_PICTURES = {
    "costs": "What one request costs: a formal request in the model, one of the common month elsewhere.",
    "scales": "Straight lines are powers; an exponent of one is time in proportion.",
}
_STAGES = {"model": (WHOLE, MONTHS), "floor": (MONTHS,), "fused": (MONTHS,), "twin": (MONTHS,), "month": ("per request",)}
"""Stages of each part that the figure has."""


def main(*overrides: str) -> Path:
    """Measure, tell and write; returns the folder of results. Raises ``StoppedError`` where a figure or the page failed."""
    began, command = time.monotonic(), " ".join(["benchmark", *overrides])
    config, asked = asked_by(*overrides)
    refuse_design(asked, "benchmark")
    refuse_unheeded("benchmark", overrides, *OF_A_COMPARISON, *_UNHEEDED)
    given = spec_from("benchmark", BenchmarkSpec, asked)
    with Terminal(stderr=True).status("composing what is measured"):
        plan = plan_of(overrides, spec := sized(given), asked.workers)
    console, about, before = console_of(), machine(), load_average()
    if before > BUSY:
        console.print(_BUSY.format(load=before), highlight=False)
    with whole_folder(Path(asked.output) / "benchmark", name := stamped("quick" if spec.quick else "benchmark")) as folder:
        told = made(plan, Terminal(stderr=True))
        lacking = Lacking(folder)
        tables = write_tables(folder, told)
        found = Benchmark(
            tables[ROWS_TABLE], tables[RATIOS_TABLE], tables[DRAWS_TABLE], tables[SCALES_TABLE], tables[SLOPES_TABLE],
            PARTS, about, f"rogatory {command}", before, before > BUSY, spec.quick,
        )  # fmt: skip
        pictures = list[Picture]()
        for picture in _PICTURES:
            with lacking.spared(f"{picture}.png"):
                pictures.append(_drawn(folder, picture, tables, asked))
        with lacking.spared(REPORT, SUMMARY):
            write_benchmark(folder, found, pictures)
        manifest = {
            "schema": MANIFEST_SCHEMA, **provenance(command), "benchmark": spec.model_dump(), "load": before, "about": dict(about),
            "scenarios": {config.scenario_name: {"digest": config.digest(), "config": config.plain()}}, "tables": config.data,
            "study": asked.plain(), "files": files_in(folder), "missing": lacking.why, "seconds": time.monotonic() - began,
        }  # fmt: skip
        write_manifest(folder, manifest)
    written = Path(asked.output) / "benchmark" / name
    with lacking.told_after(written):
        tell(console, tables)
        marks = [_BUSY.format(load=before)] * (before > BUSY) + [_QUICK] * spec.quick
        for line in (*marks, f"{time_text(time.monotonic() - began).capitalize()} in all.", f"Written to {written}."):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return written


def write_tables(folder: Path, told: Sequence[Told]) -> dict[str, pd.DataFrame]:
    """All tables, written; by file name."""
    draws = draws_table(told)
    rows = rows_table(told, looks_of(draws))
    tables = {
        ROWS_TABLE: rows, RATIOS_TABLE: ratios_table(rows), DRAWS_TABLE: draws, SCALES_TABLE: scales_table(told),
        SLOPES_TABLE: slopes_table(told),
    }  # fmt: skip
    for name, table in tables.items():
        write_csv(table, folder / name, _DIGITS)
    repeats_table(told).to_parquet(folder / REPEATS_TABLE, index=False)
    return tables


# --- figures --------------------------------------------------------------------------------------------------------------


def costs_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """What the bars show: nanoseconds of one request, of each part the stages that stand for it."""
    chosen = rows[[row["stage"] in _STAGES.get(str(row["part"]), ()) and row["of"] == REQUESTS for _, row in rows.iterrows()]]
    label = chosen["row"] + [f", {stage}" if stage != "per request" else "" for stage in chosen["stage"]]
    return pd.DataFrame(
        {"label": label, "part": chosen["part"].map(PARTS), "ns": chosen["ns"], "low": chosen["ns_low"], "high": chosen["ns_high"]}
    ).reset_index(drop=True)


def scales_frame(scales: pd.DataFrame, slopes: pd.DataFrame) -> pd.DataFrame:
    """What the panels show: points of the stages that a scale was fitted to, with their exponents."""
    fitted = slopes[["scale", "stage", "slope", "low", "high"]].rename(columns={"low": "slope_low", "high": "slope_high"})
    held = scales[["scale", "x", "stage", "seconds", "seconds_low", "seconds_high"]]
    both = held.rename(columns={"seconds_low": "low", "seconds_high": "high"}).merge(fitted, on=["scale", "stage"])
    return both.assign(scale=both["scale"].map(SCALES))


def _drawn(folder: Path, name: str, tables: Mapping[str, pd.DataFrame], asked: StudyConfig) -> Picture:
    frame = costs_frame(tables[ROWS_TABLE]) if name == "costs" else scales_frame(tables[SCALES_TABLE], tables[SLOPES_TABLE])
    page: Mapping[str, Any] = asked.figures[name]
    figure = draw(name, frame, "Seconds belong to one machine and one hour.", page)
    width, height = (round(float(inches) * figure.dpi) for inches in figure.get_size_inches())
    alt = f"{page['title']}: {len(frame)} rows; the same numbers stand in the tables below."
    return Picture(save(figure, folder / f"{name}.png"), str(page["title"]), alt, _PICTURES[name], width, height)


# --- telling --------------------------------------------------------------------------------------------------------------


def tell(console: Terminal, tables: Mapping[str, pd.DataFrame]) -> None:
    """Rows, ratios and exponents on a terminal."""
    rows = table_of(
        "medians of the repeats, each measurement in a process of its own", ["state", "store", "seconds", "ns each", "of", "MiB"]
    )
    rows.columns[0].header, rows.columns[1].header = "row", "stage"
    for row in tables[ROWS_TABLE].to_dict("records"):
        if row["skipped"]:
            rows.add_row(str(row["row"]), f"skipped: {row['skipped']}")
        elif row["part"] != "draws":
            held = f"{row['mebibytes']:,.0f}" if row["mebibytes"] == row["mebibytes"] else ""
            rows.add_row(str(row["row"]), str(row["stage"]), f"{row['seconds']:.3g}", f"{row['ns']:,.3g}", str(row["of"]), held)
    console.print(rows)
    ratios = table_of("ratios within this run (least and greatest that both spreads allow)", ["state", "times", "range"])
    ratios.columns[0].header = "what"
    for row in tables[RATIOS_TABLE].to_dict("records"):
        limits = f"{measured(row['low'])} to {measured(row['high'])}"
        cells = ("skipped", str(row["skipped"])) if row["skipped"] else (measured(row["ratio"]), limits)
        ratios.add_row(str(row["what"]), *cells)
    console.print(ratios)
    if tables[SLOPES_TABLE].empty:
        return
    slopes = table_of("exponents of seconds by size (95 % interval)", ["state", "store", "exponent", "interval"])
    slopes.columns[0].header, slopes.columns[1].header = "scale", "stage"
    for row in tables[SLOPES_TABLE].to_dict("records"):
        limits = f"{row['low']:.2f} to {row['high']:.2f}" if row["low"] == row["low"] else ""
        slopes.add_row(str(row["scale"]), str(row["stage"]), f"{row['slope']:.2f}", limits)
    console.print(slopes)
