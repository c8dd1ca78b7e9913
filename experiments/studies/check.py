"""Whether a store is whole and complete: ``rogatory check store=NAME``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from experiments.console import console_of, table_of
from experiments.errors import StoppedError
from experiments.settings import conduct_of_study
from experiments.store.coverage import missing_of
from experiments.store.parts import table_parts
from experiments.store.places import asked_folder
from experiments.store.reader import StoredStudy
from experiments.store.validate import content_checksum, faults_of
from experiments.text import counted

_FAULTS = 4  # exit status
_MOST_TOLD = 20  # lines of one kind


def main(*overrides: str) -> None:
    """Tell what a store holds and what is wrong with it. Raises ``StoppedError`` if anything is, or is missing."""
    asked = conduct_of_study(*overrides)
    folder = asked_folder(asked.store, asked.output)
    console = console_of()
    faults = faults_of(folder)
    _tell(console, "fault", faults)
    if faults:
        raise StoppedError(f"{counted(len(faults), 'fault')} in {folder}; each line above says what mends it", _FAULTS)
    study = StoredStudy(folder)
    missing, failures = missing_of(study), study.failures
    console.print(f"{folder}: {study.design.question}", highlight=False, soft_wrap=True)
    console.print(_summary(study, folder))
    _tell(console, "alike", _alike(study))
    _tell(console, "failed", [f"{_run(row)}: {row.error}" for row in failures.itertuples()])
    _tell(console, "missing", [_run(row) for row in missing.itertuples()])
    if len(missing):
        failed = len(missing.merge(failures[list(missing.columns)]))
        raise StoppedError(
            f"{folder}: {counted(len(missing), 'run')} missing, {failed} of them failed; the same command goes on", _FAULTS
        )
    console.print("The store is whole and complete.")


def _summary(study: StoredStudy, folder: Path) -> object:
    table = table_of("", ("what", "count"))
    runs = study.runs
    for what, count in (
        ("points", study.points["point"].nunique()),
        ("worlds", runs["world_seed"].nunique()),
        ("replicates", runs["replicate"].nunique()),
        ("runs", len(runs)),
        ("of these in a journal", len(study.journalled)),
        ("failures", len(study.failures)),
        ("sessions", len(study.sessions)),
        ("parts", len(table_parts(folder, "runs"))),
    ):
        table.add_row(what, f"{count:,}")
    table.add_row("content", content_checksum(folder))
    table.add_row("code", ", ".join(sorted(set(runs["code"]))) if len(runs) else "")
    return table


def _alike(study: StoredStudy) -> list[str]:
    """Points of other ids that are one configuration, so that their runs are the same."""
    if study.runs.empty:
        return []
    runs = study.runs[study.runs["point"].isin(study.points["point"])]
    found = runs.drop_duplicates(["digest", "point"]).groupby("digest", sort=False)["point"].agg(list)
    return [f"points {', '.join(points)}: one configuration under {len(points)} ids" for points in found if len(points) > 1]


def _run(row: object) -> str:
    return f"point {row.point}, world {row.world_seed}, replicate {row.replicate}"  # type: ignore[attr-defined]


def _tell(console: Console, word: str, lines: Sequence[str]) -> None:
    for line in lines[:_MOST_TOLD]:
        console.print(f"{word}: {line}", markup=False, highlight=False, soft_wrap=True)
    if len(lines) > _MOST_TOLD:
        console.print(f"{word}: {len(lines) - _MOST_TOLD:,} more", highlight=False)
