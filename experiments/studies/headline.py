"""The project's own question: who is targeted how often, by the definition of serious crime and the strength of safeguards.

``rogatory headline [design=headline] [seeds=10] [replicates=2]``; ``rogatory demo`` runs it small. The design's arms are a grid:
definitions (``definition=...``) or texts (``scenario=...``) by strengths (``review.strength=...``), each against today's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from experiments.analysis.assumed import ASSUMED, EXTREME_HEADS, Assumed, assumed_for, extreme_cells
from experiments.analysis.contrasts import COMPARISON_FILES, contrast_tables, write_contrast_tables
from experiments.analysis.headline import (
    APART,
    BY_CLASSES,
    CLASSES_TABLE,
    FIRST_GROUPS,
    MATRIX_TABLE,
    TARGETED,
    TOWARDS,
    Answer,
    headline_tables,
)
from experiments.analysis.headline_today import TODAY_TABLE, baselines_of, today_table
from experiments.analysis.headline_words import (
    NO_TREATY,
    PEOPLE,
    answers,
    brackets,
    capacity_words,
    cell_words,
    how_sure,
    lead,
    level_words,
    row_words,
    strength_words,
    why,
)
from experiments.analysis.survives import HEADS, SURVIVES, Survives, sure_cells, survives_for
from experiments.console import Terminal, console_of, table_of
from experiments.design.arms import ArmRun, arm_runs_of
from experiments.design.capacities import OFFICERS
from experiments.design.comparisons import Arm, arms_of
from experiments.design.designs import design_of, sized_by
from experiments.design.grid import BEFORE, Cell, cells_of
from experiments.execution.comparison import (
    RUNS_FILE,
    Compared,
    check_all,
    comparison_plan,
    manifest_of_arms,
    run_all,
    runs_frame,
    time_facts,
)
from experiments.execution.forecast import drawing
from experiments.execution.session import runs_kept
from experiments.figures import draw, save
from experiments.output import Lacking, commit, stamped, whole_folder, write_csv, write_manifest
from experiments.report.headline import REPORT, HeadlinePage, alt_of, frame_of, write_headline
from experiments.report.pictures import Picture
from experiments.settings import StudyConfig, conduct_of_study
from experiments.text import counted, time_text
from sim.config import key_of
from sim.result import package_versions
from sim.settings import Config
from sim.world.record import ConfigError

DIGITS = "%.6g"  # of the numbers of these tables
DESIGN = "headline"
"""The design that the study has where it names none."""
_PICTURE = "heat_map.png"
_LABEL, _CELL = 36, 27  # letters of a definition, and of a cell with its range, in a map on the terminal
_OURS = ("scenario", "scenarios", "definition", "review.strength", "review.capacity", "baseline")  # what the arms say
_READING = (
    "A row is a definition of serious crime, a column how readily states use the safeguards that the texts name: blue cells are "
    "combinations under which fewer people are targeted than today."
)
_BEFORE = f"The map holds {capacity_words(BEFORE)}; cells {capacity_words('follows')} stand in tables below."
_HONEST = (
    "Conditional, relative answers: the true extent of abuse is unknown to anyone. Ranges go over worlds, draws of what nobody "
    "knows of the one real world; they say nothing of parameters that are held at one value."
)


def main(*overrides: str) -> Path:
    """Run, tell and write; returns the folder of results. Raises ``StoppedError`` where the figure or the page failed."""
    return conduct("headline", overrides)


def conduct(study: str, overrides: Sequence[str], design: str = DESIGN) -> Path:
    """The study under its name, with the design that the overrides name, or else this one."""
    began = time.monotonic()
    with Terminal(stderr=True).status("composing the arms"):
        arms, cells, asked = grid_arms(overrides, design)
    arm_runs = arm_runs_of(arms)
    first = next(arm.baseline_config for arm in arms if cells[arm.name].capacity == BEFORE)
    check_all(arm_runs)
    console, command = console_of(), " ".join([study, *overrides])
    plan = comparison_plan(arm_runs, asked, design_of(asked.design or design), study, command, drawing(1, len(arms)))
    with whole_folder(Path(asked.output) / study, name := stamped(Path(asked.design or design).stem)) as folder, runs_kept(plan):
        ran = run_all(plan, arm_runs, console)
        runs_frame(ran.results, arm_runs).to_parquet(folder / RUNS_FILE, index=False)
        lacking, answer, reason, assumed, survives = Lacking(folder), None, "", assumed_for(first), survives_for(first)
        with lacking.spared(*COMPARISON_FILES, MATRIX_TABLE, CLASSES_TABLE, TODAY_TABLE):
            answer = Answer(*_tables(folder, ran, arms, arm_runs, cells))
            reason = why(answer)
        if answer is not None:
            with lacking.spared(REPORT, _PICTURE):
                facts = _facts(command, ran, first, began)
                picture = draw_figure(folder, answer, _size(ran, first), asked.figures["heat_map"])
                write_headline(folder, HeadlinePage(answer, picture, arms, facts, first, reason, assumed, survives))
        write_manifest(folder, manifest_of_arms(folder, arm_runs, ran, time.monotonic() - began) | {"missing": lacking.why})
    written = Path(asked.output) / study / name
    with lacking.told_after(written):
        if answer is not None:
            tell(console, answer, reason, ran, first, assumed, survives)
        for line in (f"{time_text(time.monotonic() - began).capitalize()} in all.", f"Written to {written}.", _HONEST):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return written


def grid_arms(overrides: Sequence[str], design: str = DESIGN) -> tuple[list[Arm], dict[str, Cell], StudyConfig]:
    """The arms of the design, where each stands in the grid, and how the study is conducted.

    Raises ``ConfigError`` for a key that the arms set themselves, and for a design that is no grid read against today.
    """
    for override in overrides:
        if key_of(override) in _OURS:
            raise ConfigError(f"{key_of(override)}: found {override!r}; accepted: a design whose arms say it (design=mine.yaml)")
    asked = conduct_of_study(*overrides)
    name = asked.design or design
    of = design_of(name)
    cells = cells_of(of, name)
    if any(cell == Cell(capacity=cell.capacity) for cell in cells.values()):
        raise ConfigError(f"design: found today's own cell among the arms of {name}; accepted: arms that differ from it")
    if BEFORE not in {cell.capacity for cell in cells.values()}:
        raise ConfigError(f"design: found no arm under review.capacity={BEFORE} in {name}; accepted: one or more")
    for key, found in (("until", asked.until),):
        if found is not None:
            raise ConfigError(f"{key}: found {found}; accepted: null in this study, which runs seeds x replicates runs")
    return arms_of(name, overrides), cells, sized_by(of, asked, overrides)


def _tables(
    folder: Path, ran: Compared, arms: Sequence[Arm], arm_runs: Sequence[ArmRun], cells: Mapping[str, Cell]
) -> tuple[dict[str, pd.DataFrame], Mapping[str, Cell], int, pd.DataFrame]:
    """What an answer is made from: the tables of the cells, where these stand, the fewest events, and today. All are written."""
    place = {arm_run.name: a for a, arm_run in enumerate(arm_runs) if arm_run.against != a}
    comparison, cooperation = contrast_tables(ran.results, arm_runs, [place[arm.name] for arm in arms], {})
    write_contrast_tables(folder, comparison, cooperation)
    tables, first = headline_tables(comparison, cells), arms[0].baseline_config
    today = today_table(ran.results, baselines_of(arm_runs, cells), first)
    for name, frame in (tables | {TODAY_TABLE: today}).items():
        write_csv(frame, folder / name, DIGITS)
    return tables, cells, first.metrics.fewest_events, today


def _size(ran: Compared, first: Config) -> str:
    return f"{counted(ran.worlds, 'world')} x {ran.plan.replicates} replicates, {counted(first.years, 'year')}, paired"


def _facts(command: str, ran: Compared, first: Config, began: float) -> dict[str, Any]:
    """How the study was run, for its page."""
    return {
        "command": f"rogatory {command}", "seeds": ran.results.worlds, "replicates": ran.plan.replicates, "years": first.years,
        "worlds": ran.worlds, **time_facts(ran, began), "commit": commit(),
        "versions": package_versions(), "baseline": first.scenario_name,
    }  # fmt: skip


def draw_figure(folder: Path, answer: Answer, size: str, page: Mapping[str, Any]) -> Picture:
    """The heat map of the question's two groups."""
    officers = f"{OFFICERS[BEFORE].capitalize()} in all cells."
    caption = f"{size}. {officers} Conditional on assumed parameters: read it relative to today, not as a level."
    options = {"fewest": answer.fewest, "across": "how readily states use safeguards"}
    figure = draw("heat_map", frame_of(answer), caption, page, **options)
    width, height = (round(float(inches) * figure.dpi) for inches in figure.get_size_inches())
    path = save(figure, folder / _PICTURE)
    reading = f"{_READING} {_BEFORE}" if len(answer.capacities()) > 1 else _READING
    return Picture(path, str(page["title"]), alt_of(answer), reading, width, height)


# --- telling --------------------------------------------------------------------------------------------------------------


def tell(
    console: Terminal,
    answer: Answer,
    reason: str,
    ran: Compared,
    first: Config,
    assumed: Assumed | None = None,
    survives: Survives | None = None,
) -> None:
    """The answer on a terminal: a table for each group of the question, who asks whom, and sentences."""
    size = _size(ran, first)
    for group in FIRST_GROUPS:
        console.print(group_lines(answer, group, size, console.width))
        if assumed is not None and (lines := extreme_lines(answer, assumed, group)) is not None:
            console.print(lines)
        if survives is not None and (known := sure_lines(answer, survives, group)) is not None:
            console.print(known)
    if answer.levels(BY_CLASSES):
        console.print(class_lines(answer))
    console.print("The answer", style="bold", highlight=False)
    sure = how_sure(ran.worlds, ran.plan.replicates, first.years)
    for line in filter(None, [*(lead(answer) or answers(answer)), brackets(answer), reason, sure]):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def group_lines(answer: Answer, group: str, size: str, width: int) -> Table:
    """Definitions and strengths for one group: as a map of cells where a line of ``width`` letters holds one, else cell by cell."""
    grid = answer.grid(BEFORE)
    title = f"{PEOPLE[group]} whose data reach a government that pursues them: change against today, % (range over worlds; {size})"

    def told(place: tuple[str, str], strength: float | None, apart: str) -> str:
        cell = Cell(*place, strength)
        return _cell(answer, cell, group, apart)

    if width >= _LABEL + _CELL * len(grid.columns):
        table = table_of(title, ["definition", *(strength_words(strength) for strength in grid.columns)])
        for place in grid.rows:
            table.add_row(row_words(place), *(told(place, strength, "\n") for strength in grid.columns))
        return table
    table = table_of(title, ["definition", "safeguards", "change"])
    for place in grid.rows:
        for strength in grid.columns:
            if answer.row(Cell(*place, strength), TARGETED, "group", group) is not None:
                named = "" if strength is not None and place != NO_TREATY.row else row_words(place)
                table.add_row(named, strength_words(strength), told(place, strength, " "))
    return table


def extreme_lines(answer: Answer, assumed: Assumed, group: str) -> Table | None:
    """What single assumptions make of the combinations, for one group; None where the committed study has none of them."""
    found = {
        cell: row
        for cell in answer.cells
        if cell.capacity == BEFORE and (row := assumed.of_cell(cell, TARGETED, "group", group)) is not None
    }
    if not found:
        return None
    table = table_of(f"{PEOPLE[group]}: {ASSUMED.lower()}, % ({assumed.size})", ["combination", *EXTREME_HEADS])
    for cell, row in found.items():
        table.add_row(f"{row_words(cell.row)}, {strength_words(cell.strength)}", *extreme_cells(row))
    return table


def sure_lines(answer: Answer, survives: Survives, group: str) -> Table | None:
    """What draws of all numbers leave of the combinations, for one group; None where the committed study has none of them."""
    found = {
        cell: row
        for cell in answer.cells
        if cell.capacity == BEFORE and (row := survives.of_cell(cell, TARGETED, "group", group)) is not None
    }
    if not found:
        return None
    table = table_of(f"{PEOPLE[group]}: {SURVIVES.lower()} ({survives.size})", ["combination", *HEADS])
    for cell, row in found.items():
        table.add_row(f"{row_words(cell.row)}, {strength_words(cell.strength)}", *sure_cells(row))
    return table


def _cell(answer: Answer, cell: Cell, group: str, apart: str) -> str:
    """A cell on a terminal: today's level, or a change; ``apart`` stands between it and what it rests on."""
    if cell == Cell() and (level := answer.today(TARGETED, "group", group)) is not None:
        return f"today: {level_words(level, answer.fewest)}{apart}per 100 000 a year"
    return cell_words(answer.row(cell, TARGETED, "group", group), answer.fewest, apart)


def class_lines(answer: Answer) -> Table:
    """Who asks and who is asked, of the question's groups: today's share of wishes disclosed, and three changes."""
    chosen = {"none protected serious": Cell("liberal"), "all safeguards used": Cell(strength=1.0), "no treaty": NO_TREATY}
    title = "who asks, who is asked: share of wishes that end in disclosure today (range over worlds), and its change, %"
    table = table_of(title, ["group", "who asks", "who is asked", "today", *chosen])
    for level in answer.levels(BY_CLASSES):
        group, _, pair = level.partition(APART)
        if group not in FIRST_GROUPS:
            continue
        asking, _, asked = pair.partition(TOWARDS)
        key = ("case_disclosure_rate", BY_CLASSES, level)
        changes = [cell_words(answer.row(cell, *key), answer.fewest, "\n") for cell in chosen.values()]
        table.add_row(PEOPLE[group], asking, asked, level_words(answer.today(*key), answer.fewest), *changes)
    return table
