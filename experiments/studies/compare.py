"""Many scenarios against one baseline, paired run by run: what each protects, what it costs, and how sure that is.

``rogatory compare scenarios=all baseline=as_adopted seeds=10 replicates=2``, or ``design=threshold_sweep`` for the arms of a
design. The baseline is the line that the others are read against and no arm of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table
from rich.text import Text

from experiments import report
from experiments.analysis.assumed import extremes_of_arms
from experiments.analysis.capacities import SCORES, BothCapacities, both_of_arms
from experiments.analysis.contrasts import COMPARISON_FILES, contrast_tables, write_contrast_tables
from experiments.analysis.ranges import error_in_percent, percent_in_range, said_of_ranges, too_few_worlds
from experiments.console import Terminal, console_of, table_of
from experiments.design.arms import ArmRun, arm_runs_of
from experiments.design.capacities import SIDES
from experiments.design.changes import changes_of_policy, changes_of_scenario
from experiments.design.comparisons import Arm, arms_of, compare_arms
from experiments.design.designs import Design, design_of, sized_by
from experiments.design.scenarios import KINDS, NOT_SAID, POLICIES, by_kind, headers_of
from experiments.execution.comparison import (
    FIRST_LOOK_WORLDS,
    RUNS_FILE,
    Compared,
    check_all,
    comparison_plan,
    manifest_of_arms,
    run_all,
    runs_frame,
    time_facts,
    timing_of,
)
from experiments.execution.forecast import drawing
from experiments.execution.session import runs_kept
from experiments.letters import cut, inked, visible
from experiments.output import Lacking, commit, stamped, whole_folder, write_manifest
from experiments.settings import StudyConfig, conduct_of_study
from experiments.statistics import FEWEST_WORLDS
from experiments.store.results import Results
from experiments.text import Row, counted, formulas_sentence, in_per_cent, time_text
from sim.result import package_versions
from sim.settings import Config
from sim.world.record import ConfigError

_PAGE = (report.REPORT, "forest.png", "plane.png")
_QUESTION = "What does each arm protect, what does it cost, and how sure is that?"
_FIGURES = 4  # forest, planes and slices


def main(*overrides: str) -> Path:
    """Compare, write and tell; returns the folder of results. Raises ``StoppedError`` where a figure or the page failed."""
    began = time.monotonic()
    with Terminal(stderr=True).status("composing the arms"):
        arms, asked = compared_arms(overrides)
    first = arms[0].baseline_config
    _check_study(first, asked)
    arm_runs = arm_runs_of(arms)
    told = headers_of([first.scenario_name, *(arm.name for arm in arms)])
    check_all(arm_runs)
    console, command = console_of(), " ".join(["compare", *overrides])
    plan = comparison_plan(arm_runs, asked, compared_design(arms, asked), "compare", command, drawing(_FIGURES, len(arms)))
    with whole_folder(Path(asked.output) / "compare", name := stamped(_label(arms, asked))) as folder, runs_kept(plan):
        ran = run_all(plan, arm_runs, console)
        own = time.monotonic()
        runs_frame(ran.results, arm_runs).to_parquet(folder / RUNS_FILE, index=False)
        lacking, tables, both = Lacking(folder), None, None
        with lacking.spared(*COMPARISON_FILES):
            tables = contrast_tables(ran.results, arm_runs, _places(arms, arm_runs), told)
            write_contrast_tables(folder, *tables)
        if tables is not None:
            facts = {
                "command": f"rogatory {command}", "seeds": ran.results.worlds,
                "replicates": ran.plan.replicates, "years": first.years,
                "worlds": ran.worlds, **time_facts(ran, began), "commit": commit(),
                "versions": package_versions(), "baseline": first.scenario_name, "stopped": ran.stopped,
                "question": plan.design.question if asked.design else "",
            }  # fmt: skip
            with lacking.spared(*_PAGE):
                both = both_of_arms(arms, _changes(arms, asked), _paired(arms), asked.design)
                extremes = extremes_of_arms(first, _changes(arms, asked))
                report.write_report(folder, *tables, arms, told, facts, asked.figures, extremes, both)
        timing = timing_of(ran, time.monotonic() - own, time.monotonic() - began)
        write_manifest(folder, _manifest(folder, arm_runs, ran, timing, tables) | {"missing": lacking.why})
    written = Path(asked.output) / "compare" / name
    with lacking.told_after(written):
        if tables is not None:
            comparison, cooperation = tables
            console.print(arms_table(comparison, cooperation, first, (ran.worlds, ran.plan.replicates), console.width))
            if both is not None and both.arms:
                console.print(capacities_table(both))
            reasons = [both.how if both else "", ran.stopped, *_unsaid(ran.results)]
            for line in closing_lines(cooperation, ran.worlds, reasons, timing, written, lacking.why):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
    return written


def compared_arms(overrides: Sequence[str]) -> tuple[list[Arm], StudyConfig]:
    """The arms of the design that is named, or else the scenarios that are; and how the study is conducted.

    Raises ``ConfigError``.
    """
    asked = conduct_of_study(*overrides)
    if asked.design is None:
        return compare_arms(overrides), asked
    return arms_of(asked.design, overrides), sized_by(design_of(asked.design), asked, overrides)


def compared_design(arms: Sequence[Arm], asked: StudyConfig) -> Design:
    """The design that is named, or one of the scenarios that are compared."""
    if asked.design is not None:
        return design_of(asked.design)
    return Design(question=_QUESTION, baseline=arms[0].baseline_config.scenario_name, scenarios=[arm.name for arm in arms])


def _changes(arms: Sequence[Arm], asked: StudyConfig) -> dict[str, str]:
    """What each arm changes, as one line."""
    if asked.design is not None:
        return changes_of_policy(design_of(asked.design))
    return {arm.name: changes_of_scenario(arm.name) for arm in arms}


def _paired(arms: Sequence[Arm]) -> set[str]:
    """Arms that the study has under both capacities."""
    return {name for pair in report.capacity_pairs(arms) for name in pair}


def _check_study(config: Config, asked: StudyConfig) -> None:
    if config.world_seed is not None:
        raise ConfigError(
            f"world_seed: found {config.world_seed}; accepted: null in compare, whose worlds are seed, seed + 1, ... "
            f"(one world under many replicates: seed={config.world_seed} seeds=1 replicates=20)"
        )
    if asked.until is not None and asked.most_seeds < max(asked.seeds, FIRST_LOOK_WORLDS):
        raise ConfigError(
            f"most_seeds: found {asked.most_seeds}; accepted: at least {max(asked.seeds, FIRST_LOOK_WORLDS)}, with "
            "which until begins"
        )


def _places(arms: Sequence[Arm], arm_runs: Sequence[ArmRun]) -> list[int]:
    """Where each arm stands in the line-up, in the order asked for."""
    place = {arm_run.name: a for a, arm_run in enumerate(arm_runs) if arm_run.against != a}
    return [place[arm.name] for arm in arms]


def _label(arms: Sequence[Arm], asked: StudyConfig) -> str:
    baseline = arms[0].baseline_config
    design = Path(asked.design).stem if asked.design else ""  # of a design that is a file, its name and not its path
    named = design or (arms[0].name if len(arms) == 1 else f"{len(arms)}-arms")
    return f"{named}-against-{baseline.scenario_name}"


# --- running --------------------------------------------------------------------------------------------------------------


# --- writing --------------------------------------------------------------------------------------------------------------


def _manifest(
    folder: Path,
    arm_runs: Sequence[ArmRun],
    ran: Compared,
    timing: Mapping[str, float],
    tables: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> dict[str, Any]:
    """The manifest of a comparison: how it stopped, what it cannot say, what no other arm outdoes, and where the time went."""
    frontier = [] if tables is None else tables[1].loc[tables[1]["on_frontier"], "arm"]
    return manifest_of_arms(folder, arm_runs, ran, timing["total_seconds"]) | {
        "stopped": ran.stopped,
        "unreached": list(ran.unreached),
        "unsaid": _unsaid(ran.results),
        "frontier": [str(name) for name in frontier],
        "timing": dict(timing),
    }


def _unsaid(results: Results) -> list[str]:
    """What the number of replicates cannot tell, and why."""
    said = []
    if results.values.shape[3] == 1:
        said.append("No share of chance: with one replicate a world the two cannot be told apart (replicates=2 would).")
    if len(results.worlds) == 1:
        said.append("No ranges and no errors: worlds are the independent units, and one has no spread.")
    return said


_WIDE, _WIDEST = 118, 160  # letters that ranks need beside two numbers; that a third number needs too
_NAME, _LEAST, _GAP = 56, 16, 3  # letters of an arm at most and at least, and between two columns
_COLUMNS = {
    "cross_border_disclosure_rate": "cases saved [range] worlds",
    "legit_met_rate": "needs met",
    "unanswered_share": "unanswered",
}
_BESIDE = ("sim. error", "chance", "rank (range)", "leads")  # of the cases saved
_HONEST = "Conditional, relative answers: the true extent of abuse is unknown to anyone."
_UNSPOKEN = "Worlds: how many agree in sign with the mean. No range speaks of parameters that are held at one value."


def closing_lines(
    cooperation: pd.DataFrame,
    worlds: int,
    reasons: Iterable[str],
    timing: Mapping[str, float],
    written: object,
    missing: Iterable[str] = (),
) -> list[str]:
    """What stands under the table, a sentence a line.

    ``reasons`` say why a study stopped and what it cannot give, ``missing`` which files it lacks.
    """
    lacking = f", without {', '.join(missing)}" if missing else ""
    frontier = [visible(inked(str(name))) for name in cooperation.loc[cooperation["on_frontier"], "arm"]]
    few = f"{too_few_worlds(worlds).capitalize()}." if worlds < FEWEST_WORLDS else ""
    lines = (
        f"{_rivals(cooperation)} that no other{_of_its_baseline(cooperation)} outdoes in both cases saved and needs met "
        "(by means; the baseline counts as one): "
        f"{', '.join(frontier) if frontier else 'none but the baseline'}.",
        *reasons,
        f"{time_text(timing['total_seconds']).capitalize()} in all; {timing['share_outside_array_code']:.0%} of the work outside "
        "array code.",
        f"Written to {written}: report.html, comparison (Parquet, CSV), cooperation (CSV), runs (Parquet), figures, "
        f"manifest.json{lacking}.",
        *formulas_sentence(map(str, cooperation["arm"])),
        f"{_HONEST} {said_of_ranges(worlds)} {_UNSPOKEN}",
        few,
    )
    return [line for line in lines if line]


def arms_table(comparison: pd.DataFrame, cooperation: pd.DataFrame, config: Config, size: tuple[int, int], width: int) -> Table:
    """A table of arms, a part each kind, in each the one that protects most first, for a terminal of so many letters.

    Columns: change of disclosed cases, of needs met and of requests unanswered, each in per cent of the baseline with its range
    over worlds and in how many of them it has that sign; then of the cases saved the simulation error, the share of chance, the
    rank with its range over worlds, and the share of worlds in which the arm leads. ``config`` is the baseline's, ``size`` says how
    many worlds and replicates. A terminal narrower than the whole table gets its first two numbers.
    """
    shown = dict(list(_COLUMNS.items())[: None if width >= _WIDEST else 2])
    beside = _BESIDE if width >= _WIDE else ()
    heads = [*shown.values(), *beside]
    what = f"change against {config.scenario_name}, per cent of it"
    extent = f"{counted(size[0], 'world')} x {size[1]} replicates, {counted(config.years, 'year')}, paired"
    table = table_of(f"{what}; {extent}", ["arm", *heads])
    rows = {(row["arm"], row["metric"]): row for row in comparison[comparison["by"] == "all"].to_dict("records")}
    ranked = cooperation.sort_values("protection", ascending=False, kind="stable", na_position="last")["arm"]
    parts = by_kind(map(str, ranked), kinds_in(cooperation))
    scores = {str(score["arm"]): score for score in cooperation.to_dict("records")}
    told: list[tuple[str, list[str | Text]]] = []
    for arm in (arm for arms in parts.values() for arm in arms):
        score = scores[arm]
        changes = [_change(rows.get((arm, metric)), config.metrics.fewest_events, metric in _TURNED) for metric in shown]
        of_cases = _beside(rows.get((arm, "cross_border_disclosure_rate")), score) if beside else []
        told.append((str(arm), [*changes, *of_cases]))
    named = cut((arm for arm, _ in told), _room(heads, [cells for _, cells in told], width))
    held = dict(told)
    for kind, arms in parts.items():
        if [*parts] != [NOT_SAID]:  # arms that a design names are of one part, which needs no heading
            table.add_row(Text(KINDS[kind].capitalize(), style="italic"), *("" for _ in heads))
        for arm in arms:
            table.add_row(named[arm], *held[arm])
    return table


def capacities_table(both: BothCapacities) -> Table:
    """What the reference found under both capacities of arms that change membership or scope, two lines an arm."""
    title = f"membership and scope under both capacities, change in per cent; {both.size}"
    table = table_of(title, ["arm", "capacity", "cases saved [range] worlds", "needs met [range] worlds"])
    for arm in both.arms:
        for side in SIDES:
            rows = [both.rows[arm, side, metric] for metric in SCORES]
            cells = [
                f"{percent_in_range(row, -1 if metric in _TURNED else 1)} {row['worlds_agreeing']:.0f}/{row['worlds']}"
                for metric, row in zip(SCORES, rows, strict=True)
            ]
            table.add_row(arm if side == SIDES[0] else "", side, *cells)
    return table


def _rivals(cooperation: pd.DataFrame) -> str:
    """What those are called that stand on the frontier."""
    held = {kind for kind in kinds_in(cooperation).values() if kind in POLICIES}
    return "Safeguards and bundles" if held and NOT_SAID not in held else "Arms"


def _of_its_baseline(cooperation: pd.DataFrame) -> str:
    """That only arms with the same baseline are set against each other, where there are several."""
    several = "baseline_name" in cooperation and cooperation["baseline_name"].nunique() > 1
    return " with the same baseline" if several else ""


def kinds_in(cooperation: pd.DataFrame) -> dict[str, str]:
    """The kind of each arm of a table; of a table without kinds nothing is said."""
    return dict(zip(cooperation["arm"].map(str), cooperation["kind"], strict=True)) if "kind" in cooperation else {}


def _beside(row: Row | None, score: Row) -> list[str]:
    """What stands beside the cases saved: simulation error, share of chance, rank and lead; empty where it is not known."""
    error = "" if row is None or np.isnan(row["percent"]) else error_in_percent(row, -1)
    chance = "" if row is None or np.isnan(row["chance_share"]) else in_per_cent(float(row["chance_share"]))
    rank, low, high, lead = (float(score[f"protection_{name}"]) for name in ("rank", "rank_low", "rank_high", "leads"))
    if np.isnan(rank):
        return [error, chance, "", ""]
    reach = "no range" if np.isnan(low) else f"{low:.0f} to {high:.0f}"
    return [error, chance, f"{rank:.1f} ({reach})", in_per_cent(lead)]


def _room(heads: Sequence[str], rows: Sequence[Sequence[str | Text]], width: int) -> int:
    """Letters of an arm's name that leave every number whole on lines of that width."""
    taken = sum(max(map(len, column)) + _GAP for column in zip(heads, *rows, strict=True))
    return min(max(width - taken - _GAP, _LEAST), _NAME)


_TURNED = ("cross_border_disclosure_rate",)  # told as what is saved


def _change(row: Row | None, fewest: int, turned: bool) -> str | Text:
    """A change in per cent with its range and the worlds that agree, or why there is none."""
    if row is None:
        return "absent"
    if row["constructed_zero"]:
        return Text("0 by construction", style="dim")
    if min(row["events_baseline"], row["events"]) < fewest:
        return f"<{fewest} events"
    if np.isnan(row["percent"]):
        return percent_in_range(row)
    return f"{percent_in_range(row, -1 if turned else 1)} {row['worlds_agreeing']:.0f}/{row['worlds']}"
