"""Published patterns against what the model would publish: ``rogatory validate [seeds=16] [replicates=2] [years=5]``.

The run as configured, under no treaty unless a scenario is named, for that is the world in which the figures were observed; and an
arm for each mechanism that is turned off, by which *blind* is measured.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.table import Table

from experiments.analysis.ranges import said_of_ranges, too_few_worlds
from experiments.analysis.record import spec_from
from experiments.analysis.validate import (
    AS_CONFIGURED,
    SHOWN,
    Source,
    ValidateSpec,
    arms_of,
    in_units,
    misses,
    of_arms,
    pattern_table,
    placed,
    range_in_units,
    score_line,
)
from experiments.console import console_of, table_of
from experiments.design.arms import ArmRun, points_of_arms
from experiments.design.designs import OF_A_COMPARISON, Design, refuse_design, refuse_unheeded
from experiments.execution.comparison import changes_of, check_all
from experiments.execution.forecast import drawing
from experiments.execution.plan import Plan, planned
from experiments.execution.session import run_plan, runs_kept
from experiments.figures import draw, save
from experiments.output import Lacking, manifest_of, stamped, whole_folder, write_csv, write_manifest
from experiments.report.pictures import Picture
from experiments.report.validated import REPORT, SUMMARY, TITLE, Validated, worlds_in, write_validated
from experiments.settings import StudyConfig, asked_by
from experiments.statistics import FEWEST_WORLDS
from experiments.store.about import about_of
from experiments.store.places import asked_folder
from experiments.store.reader import StoredStudy
from experiments.text import Row, counted, time_text, unknown
from sim.config import key_of, load
from sim.settings import Config
from sim.world.record import ConfigError

TABLE, ROWS, FIGURE = "patterns.csv", "observed.parquet", "patterns.png"
DIGITS = "%.6g"
_USUAL = {"scenario": "no_treaty", "seeds": "16", "years": "5"}
"""What the study sets where nobody says otherwise; *assumption*: as the outside review, with twice its worlds."""
_KEPT = ("case_disclosure_rate",)  # the one estimand that its store holds beside what is published
_QUESTION = "Which published patterns could this model have published, and what is a pass worth?"
_HONEST = "A pass of an input or of a blind observable says nothing; what the model was calibrated to, it must pass."


def main(*overrides: str) -> Path:
    """Run, judge, tell and write; returns the folder of results. Raises ``StoppedError`` where the figure or the page failed."""
    began, console = time.monotonic(), console_of()
    arm_runs, asked = validation_arms(overrides)
    first = arm_runs[0].config
    spec = spec_from("validate", ValidateSpec, asked)
    check_all(arm_runs)
    of_bank = drawn_rows(spec, asked)
    plan = validation_plan(arm_runs, asked, " ".join(["validate", *overrides]))
    with whole_folder(Path(asked.output) / "validate", name := stamped("validate")) as folder, runs_kept(plan):
        plan = run_plan(plan, console).plan
        by_arm = observed_by_arm(plan)
        found, off = of_arms(asked.patterns, by_arm)
        found.to_parquet(folder / ROWS, index=False)
        lacking, table = Lacking(folder), None
        with lacking.spared(TABLE):
            table = pattern_table(asked.patterns, {"default": found, **of_bank}, off, spec)
            write_csv(table, folder / TABLE, DIGITS)
        if table is not None:
            with lacking.spared(FIGURE, REPORT, SUMMARY):
                size = _size(plan, first)
                picture = draw_patterns(folder, table, size, asked)
                facts = {"store": plan.folder.name, "runs": f"{len(plan.keys):,}", "seconds": f"{time.monotonic() - began:.0f}"}
                write_validated(folder, Validated(table, plan.command, size, first.scenario_name, facts), [picture])
        manifest = manifest_of(
            plan.command, [first], asked, folder, plan.folder, seconds=round(time.monotonic() - began, 1), seeds=plan.worlds,
            replicates=plan.replicates, absent={}, missing=lacking.why, arms=_changes(arm_runs),
        )  # fmt: skip
        write_manifest(folder, manifest)
    written = Path(asked.output) / "validate" / name
    with lacking.told_after(written):
        if table is not None:
            console.print(printed(table, _size(plan, first)))
            for line in (score_line(table), *misses(table)):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
        few = [f"{too_few_worlds(len(plan.worlds)).capitalize()}."] if len(plan.worlds) < FEWEST_WORLDS else []
        took = f"{time_text(time.monotonic() - began).capitalize()} in all."
        for line in (took, f"Written to {written}.", *few, said_of_ranges(len(plan.worlds)), _HONEST):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return written


def validation_arms(overrides: Sequence[str]) -> tuple[list[ArmRun], StudyConfig]:
    """The run as configured, then each arm that the table of patterns wants; and how the study is conducted.

    Raises ``ConfigError`` for a key that the study does not heed.
    """
    given = {key_of(override) for override in overrides}
    usual = [f"{key}={value}" for key, value in _USUAL.items() if key not in given]
    first, asked = asked_by(*usual, *overrides)
    refuse_design(asked, "validate")
    refuse_unheeded("validate", overrides, *OF_A_COMPARISON, "baseline", "case", "person", "state")
    if first.world_seed is not None:
        raise ConfigError(f"world_seed: found {first.world_seed}; accepted: null in this study, which runs seeds x replicates runs")
    arms = arms_of(asked.patterns)
    configs = {name: load(*usual, *overrides, *more) if more else first for name, more in arms.items()}
    return [ArmRun(name, config, 0) for name, config in configs.items()], asked


def validation_plan(arm_runs: Sequence[ArmRun], asked: StudyConfig, command: str) -> Plan:
    """What is to be run, of which little is kept but what would be published."""
    worlds = range(arm_runs[0].config.seed, arm_runs[0].config.seed + asked.seeds)
    design = Design(question=_QUESTION, baseline=AS_CONFIGURED, keep=["observed"], outcomes=list(_KEPT), slices=["all"])
    points = points_of_arms(arm_runs)
    return planned("validate", command, design, points, asked, worlds, asked.replicates, pages=drawing(1, len(arm_runs)))


def observed_by_arm(plan: Plan) -> dict[str, pd.DataFrame]:
    """What would be published under each arm, in the worlds and replicates that were asked for."""
    rows = StoredStudy(plan.folder).observed()
    rows = rows[rows["world_seed"].isin(plan.worlds) & (rows["replicate"] < plan.replicates)]
    points = dict(zip(plan.points.frame["point"], plan.points.frame["scenario"], strict=True))
    by_point = dict(tuple(rows.groupby("point", sort=False)))
    return {str(name): by_point[point].drop(columns="point") for point, name in points.items()}


def drawn_rows(spec: ValidateSpec, asked: StudyConfig) -> dict[Source, pd.DataFrame]:
    """What would be published of the runs of a bank, as rows of the prior; nothing where no bank is named.

    Raises ``ConfigError`` for a store that is not there, whose runs left nothing that would be published, or are no draws: those of
    another validation, say, would stand as the prior's.
    """
    if spec.bank is None:
        return {}
    folder = asked_folder(spec.bank, asked.output)
    rows, (base, *others) = StoredStudy(folder).observed(), about_of(folder)["identity"]["bases"].values()
    drawn = not others and base.get("parameters", {}).get("draw") == "prior"
    if rows.empty or not drawn:
        fault = "keep nothing that would be published" if rows.empty else "are no draws of the prior under one configuration"
        raise ConfigError(
            f"analysis.validate.bank: found {folder}, whose runs {fault}; accepted: a store of a design with keep: [observed] and "
            "parameters=prior, such as design=bank"
        )
    return {"prior": rows}


def _changes(arm_runs: Sequence[ArmRun]) -> dict[str, dict[str, object]]:
    """What each arm has otherwise than the run as configured."""
    plain = arm_runs[0].config.plain()
    return {arm.name: {"digest": arm.config.digest(), "changes": changes_of(arm.config.plain(), plain)} for arm in arm_runs}


def _size(plan: Plan, first: Config) -> str:
    worlds, years = counted(len(plan.worlds), "world"), counted(first.years, "year")
    return f"{worlds} x {counted(plan.replicates, 'replicate')}, {years}"


def draw_patterns(folder: Path, table: pd.DataFrame, size: str, asked: StudyConfig) -> Picture:
    """The figure: a row an observable that is drawn."""
    frame = placed(table)
    rows = frame.to_dict("records")
    frame["words"] = [_value(row) for row in rows]
    frame["worlds_in"] = [float("nan") if unknown(row["share_in"]) else worlds_in(row) for row in rows]
    settings = dict(asked.figures["patterns"])
    figure = draw("patterns", frame, f"{score_line(table)} {size}.", settings)
    width, height = (round(float(inches) * figure.dpi) for inches in figure.get_size_inches())
    path = save(figure, folder / FIGURE)
    alt = "; ".join(f"{row['pattern']} {row['said']}: {_value(row)}, target {row['target']}, {row['verdict']}" for row in rows)
    reading = "A row an observable: the bar is the tolerance, the dot the default; only diamonds are tests."
    return Picture(path, str(settings["title"]), alt, reading, width, height)


def _value(row: Row) -> str:
    return "-" if unknown(row["value"]) else f"{in_units(row['value'], row)} [{range_in_units(row)}]"


def printed(table: pd.DataFrame, size: str) -> Table:
    """The patterns that have a tolerance, for a terminal."""
    out = table_of(f"{TITLE}: {size}", ("pattern", "observable", "target", "default [range over worlds]", "flag", "verdict"))
    for column in out.columns[:3]:
        column.justify = "left"
    for row in table[table["verdict"] != SHOWN].to_dict("records"):
        inside = "" if unknown(row["share_in"]) else f" {worlds_in(row)}/{int(row['worlds'])}"
        flag = str(row["flag"]).replace("_", " ")
        out.add_row(str(row["pattern"]), str(row["said"]), str(row["target"]), _value(row), flag, f"{row['verdict']}{inside}")
    return out
