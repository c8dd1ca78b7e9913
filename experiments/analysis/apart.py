"""Which policies of a study are no policies to choose from: who is bound, stress tests and controls are in no ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.design.scenarios import KINDS, POLICIES, headers_of, kind_of
from experiments.store.outcomes import Outcomes
from experiments.text import in_a_row, in_quotation_marks

APART_TABLE = "not_ranked"


def set_apart(labels: Sequence[str], baseline: str) -> dict[str, str]:
    """Policies that are not ranked, each with its kind (a key of ``KINDS``); none where nothing else is left to rank.

    The baseline is what all are read against and is never set apart.
    """
    known = headers_of(labels)
    kinds = {label: kind_of(label, known) for label in labels if label != baseline}
    apart = {label: kind for label, kind in kinds.items() if kind not in POLICIES}
    return apart if len(apart) < len(kinds) else {}


def of_labels(outcomes: Outcomes, labels: Sequence[str], kept: Sequence[str]) -> Outcomes:
    """The points of some policies alone; ``labels`` ``[P]`` tells each point's policy."""
    rows = np.isin(labels, [*kept])
    return outcomes._replace(
        points=outcomes.points[rows].reset_index(drop=True), values=outcomes.values[rows], counts=outcomes.counts[rows]
    )


def told_apart(apart: Mapping[str, str]) -> list[str]:
    """A sentence on what is not ranked; nothing where all is."""
    if not apart:
        return []
    named = [f"{in_quotation_marks(label)} ({KINDS[kind]})" for label, kind in apart.items()]
    return [f"Not ranked: {in_a_row(named)}. What they change stands in the table {in_quotation_marks(APART_TABLE)}."]
