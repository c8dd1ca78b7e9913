"""What every study does with its replicates: tables, figures, a manifest, and a short table on the terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from experiments.output import manifest_of, stamped, whole_folder, write_manifest
from experiments.runs import replicates
from experiments.summary import comparison_of, headline_of, summary_of
from experiments.tally import Tally
from sim.metrics import absent_metrics
from sim.settings import Config
from sim.simulation import check

_TABLES = ("flows", "fates", "backlog", "origins", "sides")


def conduct_study(study: str, configs: Sequence[Config], label: str) -> Path:
    """Run, summarise, draw and write; returns the folder of results.

    With two configurations the first is the baseline of paired differences.
    """
    for config in configs:
        check(config)
    console, began = Console(), time.monotonic()
    with whole_folder(Path(configs[0].output) / study, name := stamped(label)) as folder:
        pooled = replicates(configs, keep=folder if configs[0].keep_requests else None)
        fewest = configs[0].metrics.fewest_events
        summary = summary_of(pooled.metrics, fewest)
        comparison = None
        if len(configs) == 2:
            comparison = comparison_of(pooled.metrics, configs[0].scenario_name, configs[1].scenario_name, fewest)
        write_tables(folder, pooled, summary, comparison)
        # draw_all(folder, configs, pooled, summary, comparison)
        absent = absent_metrics(configs[0].run_out_months, configs[0].review.load)
        write_manifest(folder, manifest_of(study, list(configs), folder, time.monotonic() - began, absent))
    written = Path(configs[0].output) / study / name
    console.print(printed(summary, comparison, configs))
    console.print(f"Written to {written}: tables (Parquet, CSV), figures (PNG), manifest.json.", highlight=False)
    console.print(
        "Conditional, relative answers: the true extent of abuse is unknown to anyone. Intervals are 95 %, over worlds and luck; "
        "they say nothing of the parameters that are assumed.",
        highlight=False,
    )
    return written


def write_tables(folder: Path, pooled: Tally, summary: pd.DataFrame, comparison: pd.DataFrame | None) -> None:
    """Runs as Parquet, what people read as CSV."""
    pooled.metrics.to_parquet(folder / "metrics.parquet", index=False)
    for name in _TABLES:
        getattr(pooled, name).to_parquet(folder / f"{name}.parquet", index=False)
    summary.to_csv(folder / "summary.csv", index=False, float_format="%.6g")
    if comparison is not None:
        comparison.to_csv(folder / "comparison.csv", index=False, float_format="%.6g")


def printed(summary: pd.DataFrame, comparison: pd.DataFrame | None, configs: Sequence[Config]) -> Table:
    """The headline estimands with their intervals."""
    runs = f"{configs[0].seeds} seeds, {configs[0].years} years"
    if comparison is None:
        table = Table(title=f"{configs[0].scenario_name}: {runs}", title_justify="left")
        for column, side in (("estimand", "left"), ("mean [95 %]", "right"), ("unit", "left"), ("events", "right")):
            table.add_column(column, justify=side)  # type: ignore[arg-type]
        for row in headline_of(summary).itertuples():
            table.add_row(_named(row), _interval(row.mean, row.low, row.high, row.events, configs[0]), row.unit, f"{row.events:,}")
        return table
    table = Table(title=f"{configs[1].scenario_name} against {configs[0].scenario_name}: {runs}, paired", title_justify="left")
    for column in ("estimand", configs[0].scenario_name, configs[1].scenario_name, "difference [95 %]", "change", "unit"):
        table.add_column(column, justify="left" if column in ("estimand", "unit") else "right")
    for row in headline_of(comparison).itertuples():
        table.add_row(
            _named(row), f"{row.baseline:.4g}", f"{row.scenario:.4g}", f"{row.difference:+.3g} [{row.low:+.3g}, {row.high:+.3g}]",
            f"{row.percent:+.1f} %", row.unit,
        )  # fmt: skip
    return table


def _named(row) -> str:  # type: ignore[no-untyped-def]
    return row.metric if row.level == "all" else f"{row.metric} {row.level}"


def _interval(mean: float, low: float, high: float, events: int, config: Config) -> str:
    if events < config.metrics.fewest_events:
        return f"<{config.metrics.fewest_events} events"
    return f"{mean:.4g} [{low:.4g}, {high:.4g}]"
