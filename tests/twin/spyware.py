"""The outside option, off unless it is set: where no request gave the data, a few states break into the device (docs/model.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.twin.draws import Luck
from tests.twin.facts import Facts
from tests.twin.things import Case

if TYPE_CHECKING:
    from sim.conduct.menus import ConductSpec


def taken_by_spyware(cases: Iterable[Case], spec: ConductSpec, facts: Facts, luck: Luck) -> list[Case]:
    """Abusive cases whose data were taken so: live, held abroad and given by nobody in the end (``case.status`` says so)."""
    if spec.spyware <= 0.0:
        return []
    by_repression = sorted(range(facts.n), key=lambda i: -facts.states.repression[i])  # of two alike the first by code
    able = set(by_repression[: spec.spyware_states])
    return [
        case
        for case in cases
        if case.abusive
        and case.requester in able
        and case.status not in ("domestic", "not_live", "disclosed")
        and luck.uniform("spyware", case.id) < spec.spyware
    ]
