"""Analyses of a store: each a file with a question, tables, figures and sentences; ``main`` runs one and writes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
from rich.console import Console

from experiments.analysis.record import Analysis, ReportSpec, spec_from
from experiments.console import Terminal, console_of, table_of
from experiments.figures import draw, save
from experiments.interrupts import raise_if_told
from experiments.letters import cut
from experiments.output import Lacking, files_in, provenance, quoted_line, replaced_folder, safe_name, write_csv, write_manifest
from experiments.settings import ANALYSES, asked_by
from experiments.store.coverage import none_whole
from experiments.store.outcomes import Outcome
from experiments.store.places import asked_folder
from experiments.store.reader import StoredStudy
from experiments.text import counted, formulas_sentence
from sim.world.record import ConfigError

_LETTERS = 56  # of a cell in the terminal's table


def main(name: str, *overrides: str) -> Path:
    """Do one analysis of a store, or report on all that suit it; returns the folder written. Raises ``ConfigError``."""
    asked = asked_by(*overrides)
    study = StoredStudy(asked_folder(asked[1].store, asked[1].output)).under(*asked)
    outcome = Outcome.of(study.asked.outcome)
    console = console_of()
    _tell_gaps(study, console)
    if name == "report":
        return _report(study, outcome, overrides, console)
    module = _module(name)
    if reason := module.unsuited(study):
        suited = [other for other in ANALYSES if other != name and not _module(other).unsuited(study)]
        raise ConfigError(
            f"store: found {study.name!r}, which does not suit {name}: it {reason}; accepted here: {', '.join(suited) or 'report'}"
        )
    shown, whole = spec_from("report", ReportSpec, study.asked), outcome == Outcome.of("case_disclosure_rate")
    place = study.folder / "analysis" / (name if whole else safe_name(f"{name}-{outcome}"))
    with replaced_folder(place.parent, place.name) as folder:
        with Terminal(stderr=True).status(name):
            analysis: Analysis = module.analyse(study, outcome)
        lacking = write_analysis(analysis, study, folder)
        manifest = manifest_of_analysis(f"{name} {' '.join(overrides)}", study, folder)
        write_manifest(folder, manifest | {"missing": lacking.why})
    with lacking.told_after(place):
        print_analysis(analysis, console, shown)
        console.print(f"Written to {place}.", highlight=False, soft_wrap=True)
    return place.parent


def _module(name: str) -> ModuleType:
    return import_module(f"experiments.analysis.{name}")


def _tell_gaps(study: StoredStudy, console: Console) -> None:
    if not len(study.runs):
        raise ConfigError(f"store: {study.folder} holds no run yet; accepted: a store with runs")
    if study.runs["code"].nunique() > 1:
        console.print(f"Runs of {study.runs['code'].nunique()} states of the code stand side by side (mix=true).", highlight=False)
    if not study.coverage.whole:
        raise ConfigError(none_whole(study))
    if told := study.coverage.told:
        console.print(f"{told}.", highlight=False, soft_wrap=True)


def write_analysis(analysis: Analysis, study: StoredStudy, folder: Path) -> Lacking:
    """Tables as CSV and Parquet, figures as PNG; a figure that cannot be drawn spoils nothing else. Returns what is missing."""
    for title, table in analysis.tables.items():
        name = safe_name(title)
        write_csv(table, folder / f"{name}.csv", "%.8g")
        table.to_parquet(folder / f"{name}.parquet", index=False)
    lacking = Lacking(folder)
    for drawing in analysis.drawings:
        name = f"{safe_name(drawing.name)}.png"
        with lacking.spared(name):
            settings = {**study.asked.figures.get(drawing.function, {}), **drawing.settings}
            save(draw(drawing.function, drawing.frame, drawing.caption, settings, **drawing.options), folder / name)
    return lacking


def manifest_of_analysis(command: str, study: StoredStudy, folder: Path) -> dict[str, Any]:
    """What an analysis rests on: the store's own manifest tells of the runs."""
    return {
        **provenance(command),
        "store": study.name,
        "sessions": [session.path.name for session in study.sessions],
        "ran": [{name: session.said[name] for name in ("command", "code")} for session in study.sessions],
        "runs": len(study.runs),
        "failures": len(study.failures),
        "settings": study.asked.analysis,
        "files": files_in(folder),
    }


def print_analysis(analysis: Analysis, console: Console, shown_of: ReportSpec) -> None:
    """The answer, how sure it is, and the head of the main table."""
    console.print(analysis.question, style="bold", highlight=False, markup=False)
    for sentence in (*analysis.answer, *analysis.sure):
        console.print(sentence, highlight=False, markup=False)
    name, frame = next(iter(analysis.tables.items()))
    shown = frame.iloc[: shown_of.terminal_rows, : shown_of.terminal_columns]
    size = f"{len(shown)} of {counted(len(frame), 'row')}, {shown.shape[1]} of {counted(frame.shape[1], 'column')}"
    table = table_of(f"{name}.csv ({size})", [str(column) for column in shown.columns])
    cells = [[_cell(value) for value in row] for row in shown.itertuples(index=False, name=None)]
    named = cut((cell for row in cells for cell in row if cell), _LETTERS)
    for row in cells:
        table.add_row(*(named.get(cell, cell) for cell in row))
    console.print(table)
    for sentence in formulas_sentence(_words(analysis)):
        console.print(sentence, highlight=False)


def _words(analysis: Analysis) -> Iterator[str]:
    """Every text in the tables of an analysis."""
    for table in analysis.tables.values():
        for column in table.select_dtypes(exclude="number"):
            yield from (value for value in table[column].unique() if isinstance(value, str))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    return "" if pd.isna(value) else str(value)


def suiting(study: StoredStudy, outcome: Outcome) -> tuple[list[Analysis], dict[str, str]]:
    """Every analysis that suits a study's design, and why those that do and still find too little refuse."""
    found, refused = [], {}
    for name in ANALYSES:
        module = _module(name)
        if module.unsuited(study) is None:
            try:
                found.append(module.analyse(study, outcome))
            except ConfigError as error:
                refused[name] = str(error)
            except Exception as error:  # a defect: the others are told all the same
                raise_if_told(error)
                refused[name] = quoted_line(f"it failed ({type(error).__name__}: {error})")
    return found, refused


def _report(study: StoredStudy, outcome: Outcome, overrides: Sequence[str], console: Console) -> Path:
    from experiments.report.facts import facts_of
    from experiments.report.study import write_study

    with replaced_folder(study.folder, "report") as folder:
        with Terminal(stderr=True).status("analysing"):
            analyses, refused = suiting(study, outcome)
        facts = facts_of(study, f"rogatory report {' '.join(overrides)}") | {"refused": refused}
        write_study(folder, study, analyses, facts)
        write_manifest(folder, manifest_of_analysis(f"report {' '.join(overrides)}", study, folder))
    none = f"{', '.join(refused)} found too little: the page says why" if refused else "no analysis suits its design"
    told = ", ".join(analysis.name for analysis in analyses) or none
    console.print(f"Report: {study.folder / 'report' / 'report.html'} ({told}).", highlight=False, markup=False, soft_wrap=True)
    return study.folder / "report"
