"""Published patterns against what the model would publish: ``rogatory validate [seeds=16] [replicates=2] [years=5]``.

The run as configured, under no treaty unless a scenario is named, for that is the world in which the figures were observed; and an
arm for each mechanism that is turned off, by which *blind* is measured. Then draws of the parameters, of their priors and of the
posterior: a second plan with a store of its own, in which each world is a draw.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from rich.console import Console
from rich.table import Table

from experiments.analysis.orders import kept_orders, refuse_strange_orders, said_of_orders
from experiments.analysis.ranges import said_of_ranges, too_few_worlds
from experiments.analysis.record import spec_from
from experiments.analysis.validate import (
    AS_CONFIGURED,
    DEFAULT,
    DRAWN,
    SHOWN,
    Source,
    ValidateSpec,
    arm_name,
    arms_of,
    as_observed,
    channels_of,
    drawn_in,
    fit_line,
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
from experiments.store.places import store_folder
from experiments.store.reader import StoredStudy
from experiments.text import Row, counted, in_a_row, percent, time_text, unknown
from sim.config import key_of, load
from sim.observe.patterns import Pattern
from sim.settings import Config
from sim.world.record import ConfigError

TABLE, ROWS, DRAWN_ROWS, FIGURE = "patterns.csv", "observed.parquet", "draws.parquet", "patterns.png"
DRAWS = "validate-draws"
"""What stands before the digest in the name of the store of draws."""
DIGITS = "%.6g"
_USUAL = {"scenario": "no_treaty", "seeds": "16", "years": "5"}
"""What the study sets where nobody says otherwise; *assumption*: as the outside review, with twice its worlds."""
_OF_WORDS = ("pattern", "observable", "target", "flag")  # columns of the terminal's table that stand left
_SOURCE_KEYS = frozenset({"parameters", "parameters.draw"})  # which the study sets itself
_KEPT = ("case_disclosure_rate",)  # the one estimand that its store holds beside what is published
_QUESTION = "Which published patterns could this model have published, and what is a pass worth?"
_HONEST = "A pass of an input or of a blind observable says nothing; what the model was calibrated to, it must pass."


class _Judged(NamedTuple):
    """What came of the runs: the table of patterns, and a sentence a source on the orders that its draws keep."""

    table: pd.DataFrame
    orders: list[str]


def main(*overrides: str) -> Path:
    """Run, judge, tell and write; returns the folder of results. Raises ``StoppedError`` where the figure or the page failed."""
    began, console = time.monotonic(), console_of()
    arm_runs, asked = validation_arms(overrides)
    spec = spec_from("validate", ValidateSpec, asked)
    refuse_strange_orders(asked.patterns, spec)
    drawn = drawn_arms(overrides, asked.patterns) if spec.draws else []
    for line_up in (arm_runs, drawn):
        check_all(line_up)
    first, plans = arm_runs[0].config, validation_plans(arm_runs, drawn, asked, spec, " ".join(["validate", *overrides]))
    size = _size(plans[0], first, spec.draws)
    with whole_folder(Path(asked.output) / "validate", name := stamped("validate")) as folder, ExitStack() as kept:
        for plan in plans:
            kept.enter_context(runs_kept(plan))  # of those that were begun
            run_plan(plan, console)
        lacking, judged = Lacking(folder), None
        with lacking.spared(ROWS, TABLE):
            judged = _judged(plans, asked, spec, folder)
        if judged is not None:
            with lacking.spared(FIGURE, REPORT, SUMMARY):
                picture = draw_patterns(folder, judged.table, size, asked)
                facts = _facts_of(plans) | {"seconds": f"{time.monotonic() - began:.0f}"}
                write_validated(folder, Validated(*judged, plans[0].command, size, first.scenario_name, facts), [picture])
        manifest = manifest_of(
            plans[0].command, [first], asked, folder, plans[0].folder, seconds=round(time.monotonic() - began, 1),
            seeds=plans[0].worlds, replicates=plans[0].replicates, absent={}, missing=lacking.why,
            arms=_changes([*arm_runs, *drawn]), draws=_manifest_of_draws(plans),
        )  # fmt: skip
        write_manifest(folder, manifest)
    written = Path(asked.output) / "validate" / name
    with lacking.told_after(written):
        if judged is not None:
            console.print(printed(judged.table, size))
            _say(console, [score_line(judged.table), *misses(judged.table), *fit_line(judged.table), *judged.orders])
        worlds = len(plans[0].worlds)
        few = [f"{too_few_worlds(worlds).capitalize()}."] if worlds < FEWEST_WORLDS else []
        took = f"{time_text(time.monotonic() - began).capitalize()} in all."
        _say(console, [took, f"Written to {written}.", *few, said_of_ranges(worlds), _HONEST])
    return written


def _say(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _judged(plans: Sequence[Plan], asked: StudyConfig, spec: ValidateSpec, folder: Path) -> _Judged:
    """Read what would be published, write it and the table into the folder, and judge."""
    found, off = of_arms(asked.patterns, observed_by_arm(plans[0]))
    found.to_parquet(folder / ROWS, index=False)
    of_draws = observed_by_source(asked.patterns, observed_by_arm(plans[1])) if len(plans) > 1 else {}
    if of_draws:
        rows = [frame.assign(source=source) for source, frame in of_draws.items()]
        pd.concat(rows, ignore_index=True).to_parquet(folder / DRAWN_ROWS, index=False)
    table = pattern_table(asked.patterns, {DEFAULT: found, **of_draws}, off, spec, fitted_in(asked))
    write_csv(table, folder / TABLE, DIGITS)
    return _Judged(table, [said_of_orders(one, spec) for one in kept_orders(asked.patterns, of_draws, spec)])


def validation_arms(overrides: Sequence[str]) -> tuple[list[ArmRun], StudyConfig]:
    """The run as configured, then each arm that the table of patterns wants; and how the study is conducted.

    Raises ``ConfigError`` for a key that the study does not heed.
    """
    first, asked = asked_by(*_with_usual(overrides))
    refuse_design(asked, "validate")
    refuse_unheeded("validate", overrides, *OF_A_COMPARISON, "baseline", "case", "person", "state")
    if first.world_seed is not None:
        raise ConfigError(f"world_seed: found {first.world_seed}; accepted: null in this study, which runs seeds x replicates runs")
    if first.draws or not _SOURCE_KEYS.isdisjoint(map(key_of, overrides)):
        raise ConfigError(
            f"parameters: found {first.parameters.draw!r} in validate; accepted: nothing, for this study runs "
            f"{in_a_row([DEFAULT, *DRAWN])} itself"
        )
    arms = arms_of(asked.patterns)
    configs = {name: load(*_with_usual(overrides), *more) if more else first for name, more in arms.items()}
    return [ArmRun(name, config, 0) for name, config in configs.items()], asked


def drawn_arms(overrides: Sequence[str], patterns: Mapping[str, Pattern]) -> list[ArmRun]:
    """Each channel that a pattern is observed under, with the parameters drawn from each source."""
    configs = {
        _drawn_name(source, arm): load(*_with_usual(overrides), f"parameters={source}", *more)
        for source in DRAWN
        for arm, more in channels_of(patterns).items()
    }
    return [ArmRun(name, config, place) for place, (name, config) in enumerate(configs.items())]


def _drawn_name(source: str, arm: str) -> str:
    return f"{source}, {arm}"


def _with_usual(overrides: Sequence[str]) -> list[str]:
    """Overrides, after what the study sets where they say nothing."""
    given = {key_of(override) for override in overrides}
    return [*(f"{key}={value}" for key, value in _USUAL.items() if key not in given), *overrides]


def validation_plans(
    arm_runs: Sequence[ArmRun], drawn: Sequence[ArmRun], asked: StudyConfig, spec: ValidateSpec, command: str
) -> list[Plan]:
    """What is to be run, of which little is kept but what would be published: the arms, and the draws if there are any."""
    first = arm_runs[0].config.seed
    pages = drawing(1, len(arm_runs))
    design = Design(question=_QUESTION, baseline=AS_CONFIGURED, keep=["observed"], outcomes=list(_KEPT), slices=["all"])
    worlds = range(first, first + asked.seeds)
    more = {"open_ended": True} if drawn else {"pages": pages}
    plan = planned("validate", command, design, points_of_arms(arm_runs), asked, worlds, asked.replicates, **more)
    if not drawn:
        return [plan]
    apart = asked.model_copy(update={"store": _store_of_draws(asked)})
    of_draws = design.model_copy(update={"baseline": drawn[0].name})
    worlds = range(first, first + spec.draws)
    return [plan, planned(DRAWS, command, of_draws, points_of_arms(drawn), apart, worlds, 1, pages=pages)]


def _store_of_draws(asked: StudyConfig) -> str | None:
    """Where the draws are kept: beside the store that was named, for runs of another design do not belong in it."""
    if asked.store is None:
        return None
    named = store_folder(asked.store, asked.output)
    return f"{named.parent / named.name}-draws/"


def observed_by_source(patterns: Mapping[str, Pattern], by_arm: Mapping[str, pd.DataFrame]) -> dict[Source, pd.DataFrame]:
    """Rows of each source, each pattern's from the channel that it is observed under; ``by_arm`` has those of ``drawn_arms``."""
    arms = channels_of(patterns)
    seen = {key: pattern for key, pattern in patterns.items() if arm_name(pattern.under) in arms}
    return {source: as_observed(seen, {arm: by_arm[_drawn_name(source, arm)] for arm in arms}) for source in DRAWN}


def fitted_in(asked: StudyConfig) -> list[str]:
    """The observables that the shipped posterior was conditioned on."""
    return list(asked.analysis["calibrate"]["observables"])


def observed_by_arm(plan: Plan) -> dict[str, pd.DataFrame]:
    """What would be published under each arm, in the worlds and replicates that were asked for."""
    rows = StoredStudy(plan.folder).observed()
    rows = rows[rows["world_seed"].isin(plan.worlds) & (rows["replicate"] < plan.replicates)]
    points = dict(zip(plan.points.frame["point"], plan.points.frame["scenario"], strict=True))
    by_point = dict(tuple(rows.groupby("point", sort=False)))
    return {str(name): by_point[point].drop(columns="point") for point, name in points.items()}


def _changes(arm_runs: Sequence[ArmRun]) -> dict[str, dict[str, object]]:
    """What each arm has otherwise than the run as configured."""
    plain = arm_runs[0].config.plain()
    return {arm.name: {"digest": arm.config.digest(), "changes": changes_of(arm.config.plain(), plain)} for arm in arm_runs}


def _size(plan: Plan, first: Config, draws: int) -> str:
    worlds, years = counted(len(plan.worlds), "world"), counted(first.years, "year")
    more = f"; {in_a_row([f'{counted(draws, "draw")} of the {source}' for source in DRAWN])}" if draws else ""
    return f"{worlds} x {counted(plan.replicates, 'replicate')}, {years}{more}"


def _sources(names: Sequence[str]) -> str:
    return in_a_row([f"the {name}" for name in names])


def _facts_of(plans: Sequence[Plan]) -> dict[str, str]:
    """Stores and runs, for the page."""
    told = {"store": plans[0].folder.name, "runs": f"{len(plans[0].keys):,}"}
    if len(plans) == 1:
        return told
    return told | {"store of draws": plans[1].folder.name, "runs of draws": f"{len(plans[1].keys):,}"}


def _manifest_of_draws(plans: Sequence[Plan]) -> dict[str, object]:
    """Where the draws are and how many; empty without any."""
    if len(plans) == 1:
        return {}
    store = str(plans[1].folder)
    return {"store": store, "sources": list(DRAWN), "seeds": plans[1].worlds, "replicates": plans[1].replicates}


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
    drawn = _sources(drawn_in(table))
    bars = f"; narrow bars are 5 to 95 % of draws of {drawn}" if drawn else ""
    reading = f"A row an observable: the wide bar is the tolerance, the dot the default{bars}. Only diamonds are tests."
    return Picture(path, str(settings["title"]), alt, reading, width, height)


def _value(row: Row) -> str:
    return "-" if unknown(row["value"]) else f"{in_units(row['value'], row)} [{range_in_units(row)}]"


def printed(table: pd.DataFrame, size: str) -> Table:
    """The patterns that have a tolerance, for a terminal; of draws the share that lies within it."""
    drawn = drawn_in(table)
    columns = ("pattern", "observable", "target", "default [range over worlds]", *drawn, "flag", "verdict")
    out = table_of(f"{TITLE}: {size}", columns)
    for column in out.columns:
        if column.header in _OF_WORDS:
            column.justify, column.no_wrap = "left", column.header == "pattern"
    for row in table[table["verdict"] != SHOWN].to_dict("records"):
        inside = "" if unknown(row["share_in"]) else f" {worlds_in(row)}/{int(row['worlds'])}"
        flag = str(row["flag"]).replace("_", " ") + (", fitted" if row["fitted"] else "")
        shares = [_share(row[f"{source}_share_in"]) for source in drawn]
        out.add_row(
            str(row["pattern"]), str(row["said"]), str(row["target"]), _value(row), *shares, flag, f"{row['verdict']}{inside}"
        )
    if drawn:
        out.caption = f"Under {in_a_row(drawn)}: the share of draws in tolerance."
    return out


def _share(share: float) -> str:
    return "-" if unknown(share) else percent(share)
