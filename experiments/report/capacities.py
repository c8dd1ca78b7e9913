"""Both capacities side by side: the same arm where officers are those of the load before the treaty, and where they follow it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from experiments.design.capacities import SIDES
from experiments.report.page import line, table, tag
from experiments.report.sentences import COOPERATION_METRIC, MEASURED, PROTECTION_METRIC, SUBJECTS, ComparisonStudy, few, verdict
from experiments.report.tables import linked, ranged
from experiments.text import unknown

TOLD = (
    "Whatever binds more or fewer states, or lets more or fewer requests in, changes the load of the authorities. Under “before” "
    "they keep the officers of the load before the treaty, so queues take part of what it gives; under “follows” states hire until "
    "they are as busy as they were. Each arm is read against the baseline under the same setting."
)
_METRICS = (PROTECTION_METRIC, COOPERATION_METRIC)


def side_by_side(study: ComparisonStudy, pairs: Sequence[tuple[str, str]]) -> list[Element]:
    """The two scores of each pair under both capacities; nothing where no arm stands under both."""
    if not pairs:
        return []
    heads = ("scenario", *(f"{SUBJECTS[metric]}, {side}" for metric in _METRICS for side in SIDES))
    body = [line(linked(study, pair[0]), *(_cell(study, arm, metric) for metric in _METRICS for arm in pair)) for pair in pairs]
    caption = "Both capacities side by side: change against the baseline, per cent (range over worlds; worlds with that sign)"
    return [tag("p", TOLD), table(caption, heads, body)]


def _cell(study: ComparisonStudy, arm: str, metric: str) -> str:
    """A change with its range and how many worlds agree, or why there is none."""
    row = study.row(arm, metric)
    if row is None or unknown(row["percent"]):
        return "no number"
    if verdict(row, study.fewest) not in MEASURED:
        return f"{few(row['events_baseline'], study.fewest)} and {few(row['events'], study.fewest)} events"
    return f"{ranged(row)}; {int(row['worlds_agreeing'])} of {int(row['worlds'])}"
