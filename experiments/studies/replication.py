"""What every study does with its replicates: tables, figures, a manifest, and a short table on the terminal."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from math import isnan
from pathlib import Path

import pandas as pd
from rich.table import Table

from experiments.analysis.origins import origins_of
from experiments.analysis.ranges import error_in_percent, mostly_chance, percent_in_range, said_of_ranges, too_few_worlds
from experiments.analysis.run_tables import VIEW_NAMES, RunTables, event_seeds_of, run_tables_in
from experiments.analysis.summary import beside, comparison_of, headline_of, summary_of
from experiments.console import Terminal, console_of, table_of
from experiments.design.arms import ArmRun, check_pair, points_of_arms
from experiments.design.capacities import arm_names
from experiments.design.designs import Design
from experiments.execution.forecast import drawing
from experiments.execution.plan import Plan, planned
from experiments.execution.session import run_plan, runs_kept
from experiments.letters import cut
from experiments.output import Lacking, manifest_of, stamped, whole_folder, write_csv, write_manifest
from experiments.report.replicates import draw_all, drawn_for
from experiments.settings import StudyConfig
from experiments.statistics import FEWEST_WORLDS
from experiments.text import Row, counted
from sim.config import key_of
from sim.metrics import absent_metrics
from sim.settings import Config
from sim.simulation import check
from sim.world.record import ConfigError
from sim.world.states import StateTable

_WIDE, _WIDEST = 140, 190  # letters that a comparison with percentages needs; that one with units needs too
_SUMMARIES, _ORIGINS = ("summary.csv", "comparison.csv"), "origins.csv"
_LUCK = "With one replicate a world the range holds luck too (replicates=2 would tell them apart)."
_CHANCE = "Chance: mostly chance, luck is more than half of what tells worlds apart."
_HEAD = 18  # letters of a column's name


def replication_plan(study: str, question: str, arms: Sequence[Config], asked: StudyConfig, overrides: Sequence[str]) -> Plan:
    """A study of one scenario, or of a baseline and another one, under one capacity or both.

    Raises ``ConfigError`` for what only shows against the states, and for two that do not meet the same worlds and cases.
    """
    first, names = arms[0], arm_names(arms)
    known: dict[tuple[str, int], StateTable] = {}
    for place, config in enumerate(arms):
        check(config, known)
        check_pair(config.scenario_name, config, arms[place - place % 2])
    design = Design(question=question, baseline=names[0], scenarios=names, keep=["views", "given"])
    arm_runs = [ArmRun(name, config, place - place % 2) for place, (name, config) in enumerate(zip(names, arms, strict=True))]
    points = points_of_arms(arm_runs)
    fixed, (count, replicates) = first.world_seed, asked.layout(first.world_seed)
    worlds = range(first.seed, first.seed + count) if fixed is None else [fixed]
    _refuse_replicates_of_one_world(fixed, overrides)
    command, pages = " ".join([study, *overrides]), drawing(len(drawn_for(arms)))
    return planned(study, command, design, points, asked, worlds, replicates, pages=pages)


def _refuse_replicates_of_one_world(fixed: int | None, overrides: Sequence[str]) -> None:
    """Raise ``ConfigError`` for ``replicates`` beside a fixed world, in which every seed is another replicate."""
    if fixed is not None and any(key_of(override) == "replicates" for override in overrides):
        raise ConfigError(f"replicates: found beside world_seed={fixed}; accepted: seeds=N, for in one world seeds are replicates")


def conduct_study(
    study: str, question: str, arms: Sequence[Config], asked: StudyConfig, label: str, overrides: Sequence[str]
) -> Path:  # fmt: skip
    """Run what the store lacks, summarise, draw and write; returns the folder of results.

    With two configurations the first is the baseline of paired differences; two more are the same pair under the other capacity,
    and figures but ``headline`` are of the first two. ``overrides`` are kept as the command.
    """
    first, console, began = arms[0], console_of(), time.monotonic()
    plan = replication_plan(study, question, arms, asked, overrides)
    with whole_folder(Path(asked.output) / study, name := stamped(label)) as folder, runs_kept(plan):
        pooled = run_tables_in(run_plan(plan, console).plan)
        write_runs(folder, pooled)
        lacking, tables = Lacking(folder), None
        with lacking.spared(*(_SUMMARIES if len(arms) > 1 else _SUMMARIES[:1])):
            tables = summary_tables(pooled, arms)
            write_summary_tables(folder, *tables)
        with lacking.spared(_ORIGINS):
            write_csv(origins_of(pooled, arms[:2]), folder / _ORIGINS, "%.6g")
        if tables is not None:
            with lacking.spared(*(f"{figure}.png" for figure in drawn_for(arms))):
                draw_all(folder, arms, asked, pooled, *tables)
        measured = set(pooled.metrics["metric"])
        told = absent_metrics(
            first.run_out_months,
            first.review.load,
            arms[-1].conduct.spyware > 0,
            arms[-1].adaptation.people.falls_silent,
            first.demand.realtime_share > 0,
        )
        absent = {metric: reason for metric, reason in told.items() if metric not in measured}
        manifest = manifest_of(
            plan.command, arms, asked, folder, plan.folder, seconds=round(time.monotonic() - began, 1), seeds=event_seeds_of(plan),
            world_seed=first.world_seed, absent=absent, missing=lacking.why, scenarios=_configurations(arms),
        )  # fmt: skip
        write_manifest(folder, manifest)
    written = Path(asked.output) / study / name
    with lacking.told_after(written):
        if tables is not None:
            console.print(printed(*tables, arms, asked, console.width))
        _tell(console, written, plan, lacking.why)
    return written


def _configurations(arms: Sequence[Config]) -> dict[str, dict[str, object]]:
    """Digest and configuration of every arm, by its name."""
    named = zip(arm_names(arms), arms, strict=True)
    return {name: {"digest": config.digest(), "config": config.plain()} for name, config in named}


_HELD = "Neither speaks of parameters that are held at one value."


def _tell(console: Terminal, written: Path, plan: Plan, missing: Collection[str]) -> None:
    """Where the results are, and what to make of them."""
    store, worlds = plan.folder, len(plan.worlds)
    lacking = f", without {', '.join(missing)}" if missing else ""
    lines = [
        f"Written to {written}: tables (Parquet, CSV), figures (PNG), manifest.json{lacking}. Runs: {store}.",
        "Conditional, relative answers: the true extent of abuse is unknown to anyone. "
        f"{said_of_ranges(worlds)} {_LUCK if plan.replicates == 1 else _CHANCE} {_HELD}",
    ]
    if worlds < FEWEST_WORLDS:
        lines.append(f"{too_few_worlds(worlds).capitalize()}.")
    for line in lines:
        console.print(line, highlight=False, markup=False)


def summary_tables(pooled: RunTables, configs: Sequence[Config]) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The summary of each configuration, and the comparison of two, capacity by capacity."""
    fewest = configs[0].metrics.fewest_events
    summary = summary_of(pooled.metrics, fewest)
    if len(configs) == 1:
        return summary, None
    return summary, comparison_of_pairs(pooled.metrics, configs)


def comparison_of_pairs(metrics: pd.DataFrame, configs: Sequence[Config]) -> pd.DataFrame:
    """``comparison_of`` each pair of configurations, with a column ``capacity`` in front that says whose load has officers."""
    names, fewest = arm_names(configs), configs[0].metrics.fewest_events
    tables = []
    for place in range(0, len(configs), 2):
        table = comparison_of(metrics, names[place], names[place + 1], fewest)
        table.insert(0, "capacity", configs[place].review.capacity)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def write_runs(folder: Path, pooled: RunTables) -> None:
    """Write the metrics of every run (Parquet)."""
    pooled.metrics.to_parquet(folder / "metrics.parquet", index=False)
    for name in VIEW_NAMES:
        getattr(pooled, name).to_parquet(folder / f"{name}.parquet", index=False)


def write_summary_tables(folder: Path, summary: pd.DataFrame, comparison: pd.DataFrame | None) -> None:
    """Write the summary and the comparison (CSV)."""
    for name, table in zip(_SUMMARIES, (summary, comparison), strict=True):
        if table is not None:
            write_csv(table, folder / name, "%.6g")


def printed(
    summary: pd.DataFrame, comparison: pd.DataFrame | None, configs: Sequence[Config], asked: StudyConfig, width: int
) -> Table:  # fmt: skip
    """The headline estimands with their ranges over worlds, for a terminal of so many letters.

    Of a comparison a narrower terminal gets no units, and a narrow one no percentages either.
    """
    worlds, replicates = asked.layout(configs[0].world_seed)
    runs = f"{counted(worlds, 'world')} x {counted(replicates, 'replicate')}, {counted(configs[0].years, 'year')}"
    if comparison is None:
        columns = ("estimand", "mean [range over worlds]", "simulation error", "events", "unit")
        table = table_of(f"{configs[0].scenario_name}: {runs}", columns)
        for row in headline_of(summary).to_dict("records"):
            table.add_row(_named(row), *_level(row, configs[0]), f"{row['events']:,}", row["unit"])
        return table
    before, after = configs[0].scenario_name, configs[1].scenario_name
    sides = list(dict.fromkeys(config.review.capacity for config in configs))
    more = ["change [range]", "simulation error", "unit"][: 3 if width >= _WIDEST else 2 if width >= _WIDE else 0]
    columns_of_pair = ["estimand", *cut((before, after), _HEAD).values(), "difference [range over worlds]", "worlds", *more]
    each = f", each under review.capacity={' and '.join(sides)}"
    table = table_of(f"{after} against {before}{each}: {runs}, paired; worlds: how many agree in sign", tuple(columns_of_pair))
    for row in beside(headline_of(comparison), sides).to_dict("records"):
        values = [*_pair(row, configs[0].metrics.fewest_events), row["unit"]]
        named = _named(row) if row["capacity"] == sides[0] else f"  {row['capacity']}"
        table.add_row(named, *values[: len(columns_of_pair) - 1])
    return table


def _named(row: Row) -> str:
    return str(row["metric"]) if row["level"] == "all" else f"{row['metric']} {row['level']}"


def _level(row: Row, config: Config) -> tuple[str, str]:
    """A mean with its range over worlds, and its simulation error."""
    if row["events"] < config.metrics.fewest_events:
        return f"<{config.metrics.fewest_events} events", ""
    ends = f"{row['world_low']:.4g}, {row['world_high']:.4g}"
    error = "none" if isnan(row["error_low"]) else f"{row['error_low']:.4g} to {row['error_high']:.4g}"
    return f"{row['mean']:.4g} [{'no range' if isnan(row['world_low']) else ends}]{_chance(row)}", error


def _chance(row: Row) -> str:
    """Whether luck is more than half of what tells worlds apart, behind a range or behind worlds."""
    return " chance" if mostly_chance(row) else ""


def _pair(row: Row, fewest: int) -> list[str]:
    """Baseline, scenario, difference, worlds that agree, change and simulation error of one estimand."""
    if row["events"] < fewest:
        return ["", "", f"<{fewest} events", "", "", ""]
    ends = f"{row['world_low']:+.3g}, {row['world_high']:+.3g}"
    return [
        f"{row['baseline']:.4g}",
        f"{row['scenario']:.4g}",
        f"{row['difference']:+.3g} [{'no range' if isnan(row['world_low']) else ends}]",
        f"{row['worlds_agreeing']:.0f}/{row['worlds']}{_chance(row)}",
        percent_in_range(row),
        error_in_percent(row),
    ]
