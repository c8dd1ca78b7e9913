"""The report of a comparison: one page of HTML that needs no network, with the figures inside, and the figures as files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from experiments.analysis.assumed import ArmExtremes
from experiments.analysis.capacities import BothCapacities
from experiments.design.capacities import capacity_pairs
from experiments.design.comparisons import Arm
from experiments.design.scenarios import Header
from experiments.report import prose, sections
from experiments.report.facts import Facts
from experiments.report.page import page
from experiments.report.parameters import parameters, scenarios_in_name
from experiments.report.pictures import draw_comparison
from experiments.report.sentences import comparison_study

__all__ = ["REPORT", "capacity_pairs", "write_report"]

REPORT = "report.html"


def write_report(
    folder: Path,
    comparison: pd.DataFrame,
    cooperation: pd.DataFrame,
    arms: Sequence[Arm],
    headers: Mapping[str, Header],
    facts: Facts,
    figures: Mapping[str, Mapping[str, object]],
    extremes: ArmExtremes | None = None,
    both: BothCapacities | None = None,
) -> list[Path]:
    """Write ``report.html`` and the figures it shows into ``folder``; returns what was written.

    ``comparison`` and ``cooperation`` are the tables of ``rogatory compare``, ``headers`` what the scenarios' files say of
    themselves, ``facts`` how the study was run: ``command, seeds, replicates, years, worlds, seconds, commit, versions, baseline,
    stopped``, and ``question`` of a design; ``figures`` are the settings of each, ``extremes`` what single
    assumptions make of the arms, ``both`` what the reference found under both capacities. The same input gives the same bytes.
    Raises ``ValueError`` for a table without a column that is read.
    """
    study = comparison_study(comparison, cooperation, arms, headers, facts, figures, extremes)
    pictures = draw_comparison(study, folder)
    known = parameters(
        [name for arm in arms for name in scenarios_in_name(arm.config.scenario_name)], study.first.plain(), str(facts["command"])
    )
    text = page(prose.TITLE, sections.all_sections(study, pictures, known, capacity_pairs(arms), both))
    report = folder / REPORT
    part = folder / f".{REPORT}.{os.getpid()}.part"
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(report)
    finally:
        part.unlink(missing_ok=True)
    return [report, *(picture.path for picture in pictures)]
