"""What every study does with its replicates: tables, figures, a manifest, and a short table on the terminal."""

from __future__ import annotations

import time
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from experiments.letters import cut
from experiments.output import Lacking, manifest_of, stamped, whole_folder, write_manifest
from experiments.pictures import draw_all, drawn_for
from experiments.processes import refuse_unguarded
from experiments.runs import crew_size, replicates
from experiments.summary import comparison_of, headline_of, summary_of
from experiments.tally import Tally
from experiments.terminal import Terminal, console_of
from sim.metrics import absent_metrics
from sim.settings import Config
from sim.simulation import check

_WIDE = 125  # letters that a comparison with units and percentages needs
FEW_SEEDS = 8  # under which an interval by Student's t may leave the possible range
_SUMMARIES = ("summary.csv", "comparison.csv")
_BROKEN = ("unit", "arm", "scenario")  # columns whose words may go on on another line
_HEAD = 24  # letters of a column's name
_TABLES = ("flows", "fates", "backlog", "origins", "sides")


def conduct_study(study: str, configs: Sequence[Config], label: str, overrides: Sequence[str]) -> Path:
    """Run, summarise, draw and write; returns the folder of results.

    With two configurations the first is the baseline of paired differences; ``overrides`` are kept as the command.
    """
    first = configs[0]
    refuse_unguarded(crew_size(first.workers, first.seeds))
    for config in configs:
        check(config)
    console, began = console_of(), time.monotonic()
    with whole_folder(Path(first.output) / study, name := stamped(label)) as folder:
        pooled = replicates(configs, keep=folder if first.keep_requests else None)
        write_runs(folder, pooled)
        lacking, tables = Lacking(folder), None
        with lacking.spared(*(_SUMMARIES if len(configs) > 1 else _SUMMARIES[:1])):
            tables = tables_of(pooled, configs)
            write_tables(folder, *tables)
        if tables is not None:
            with lacking.spared(*(f"{figure}.png" for figure in drawn_for(configs))):
                draw_all(folder, configs, pooled, *tables)
        measured = set(pooled.metrics["metric"])
        told = absent_metrics(
            first.run_out_months, first.review.load, configs[-1].conduct.spyware > 0, configs[-1].adaptation.people.falls_silent
        )
        absent = {metric: reason for metric, reason in told.items() if metric not in measured}
        command, took = " ".join([study, *overrides]), time.monotonic() - began
        write_manifest(folder, manifest_of(command, list(configs), folder, took, absent, lacking.why))
    written = Path(first.output) / study / name
    with lacking.told_after(written):
        if tables is not None:
            console.print(printed(*tables, configs, console.width < _WIDE))
        _tell(console, written, first, lacking.why)
    return written


def _tell(console: Terminal, written: Path, first: Config, missing: Collection[str]) -> None:
    """Where the results are, and what to make of them."""
    lacking = f", without {', '.join(missing)}" if missing else ""
    lines = [
        f"Written to {written}: tables (Parquet, CSV), figures (PNG), manifest.json{lacking}.",
        "Conditional, relative answers: the true extent of abuse is unknown to anyone. Intervals are 95 %, over worlds and luck; "
        "they say nothing of the parameters that are assumed.",
    ]
    if first.seeds < FEW_SEEDS:
        lines.append(f"Only {first.seeds} seeds: such intervals are wide and may leave the possible range.")
    for line in lines:
        console.print(line, highlight=False, markup=False)


def tables_of(pooled: Tally, configs: Sequence[Config]) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The summary of each configuration, and the comparison of two."""
    fewest = configs[0].metrics.fewest_events
    summary = summary_of(pooled.metrics, fewest)
    if len(configs) == 1:
        return summary, None
    return summary, comparison_of(pooled.metrics, configs[0].scenario_name, configs[1].scenario_name, fewest)


def write_runs(folder: Path, pooled: Tally) -> None:
    """What was run, as Parquet."""
    pooled.metrics.to_parquet(folder / "metrics.parquet", index=False)
    for name in _TABLES:
        getattr(pooled, name).to_parquet(folder / f"{name}.parquet", index=False)


def write_tables(folder: Path, summary: pd.DataFrame, comparison: pd.DataFrame | None) -> None:
    """What people read, as CSV."""
    for name, table in zip(_SUMMARIES, (summary, comparison), strict=True):
        if table is not None:
            table.to_csv(folder / name, index=False, float_format="%.6g")


def printed(summary: pd.DataFrame, comparison: pd.DataFrame | None, configs: Sequence[Config], narrow: bool) -> Table:
    """The headline estimands with their intervals; a narrow terminal gets neither units nor percentages."""
    runs = f"{configs[0].seeds} seeds, {configs[0].years} years"
    if comparison is None:
        table = table_of(f"{configs[0].scenario_name}: {runs}", ("estimand", "mean [95 %]", "events", "unit"))
        for row in headline_of(summary).to_dict("records"):
            value = _interval(row["mean"], row["low"], row["high"], row["events"], configs[0])
            table.add_row(_named(row), value, f"{row['events']:,}", row["unit"])
        return table
    before, after = configs[0].scenario_name, configs[1].scenario_name
    columns = ["estimand", *cut((before, after), _HEAD).values(), "difference [95 %]"] + ([] if narrow else ["change", "unit"])
    table = table_of(f"{after} against {before}: {runs}, paired by seed", tuple(columns))
    for row in headline_of(comparison).to_dict("records"):
        few = row["events"] < configs[0].metrics.fewest_events
        if few:
            values = ["", "", f"<{configs[0].metrics.fewest_events} events", ""]
        else:
            band = f"{row['difference']:+.3g} [{row['low']:+.3g}, {row['high']:+.3g}]"
            values = [f"{row['baseline']:.4g}", f"{row['scenario']:.4g}", band, f"{row['percent']:+.1f} %"]
        table.add_row(_named(row), *(values[:3] if narrow else [*values, row["unit"]]))
    return table


def table_of(title: str, columns: Sequence[str]) -> Table:
    """An empty table; columns of words stand left, of numbers right. Where there is little room names are broken, never numbers."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        words = column in ("estimand", "unit", "arm")
        table.add_column(column, justify="left" if words else "right", no_wrap=column not in _BROKEN)
    return table


def _named(row: Mapping[Hashable, Any]) -> str:
    return str(row["metric"]) if row["level"] == "all" else f"{row['metric']} {row['level']}"


def _interval(mean: float, low: float, high: float, events: int, config: Config) -> str:
    if events < config.metrics.fewest_events:
        return f"<{config.metrics.fewest_events} events"
    return f"{mean:.4g} [{low:.4g}, {high:.4g}]"
