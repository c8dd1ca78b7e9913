"""Docking: the twin and the compiled model run under the same configuration and seed, and every event is held against the other.

``differences(config, seed)`` lists what differs, readably. A difference is excused only where a number stood within ``NEAR`` of
the bar that it was held against; ``excused`` counts these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.metrics import Finished
from sim.month import advance
from sim.run import Run, finish
from sim.settings import Config
from sim.simulation import prepare
from sim.world.vocabulary import CASE_STATUSES, CHANNELS, EVASIONS, MISUSED, SECOND_READINGS, STATUSES, TOLD
from tests.twin.model import Twin
from tests.twin.things import Request

NEAR = 1e-9  # of a bar, or in days
DAYS = ("filed_day", "decided_day", "executed_day", "ended_day", "patience_day", "preserved_until")
_CODES = ("attempt", "month", "requested", "instrument", "wanted", "label", "alleged", "kind", "granted")
_AFTER = ("reason", "narrowed", "condition", "realtime")
_SINGLE = 1e-6  # quality is kept in single precision


def pair(config: Config, seed: int, world_seed: int | None = None) -> tuple[Twin, Finished, Run]:
    """Both told to their end."""
    run = prepare(config, seed, world_seed)
    while run.month < run.months:
        advance(run)
    hired = None
    if config.review.capacity == "follows":
        hired = {month: run.hours[month].tolist() for month in range(run.months)}
    twin = Twin(config, run.world, seed, hired)
    twin.tell()
    return twin, finish(run), run


def said_by_twin(row: Request) -> dict[str, Any]:
    """A row of the twin, days and paperwork apart."""
    return {
        "case": row.case.row,
        "channel": row.channel,
        **{name: getattr(row, name) for name in (*_CODES, *_AFTER)},
        "status": row.status,
        "grounds": row.grounds,
        "told": row.told,
        "evaded": row.evaded,
        "misused": MISUSED[("own_use" in row.misused) + 2 * ("onward" in row.misused)],
        "published": row.published,
        "second": row.second,
        "judged": row.judged,
    }


def said_by_model(docket: dict[str, list[Any]], m: int) -> dict[str, Any]:
    """The same row of the docket in the same words."""
    return {
        "case": docket["case"][m],
        "channel": CHANNELS[docket["channel"][m]],
        **{name: docket[name][m] for name in (*_CODES, *_AFTER)},
        "status": STATUSES[docket["status"][m]],
        "grounds": {s for s in range(64) if docket["grounds"][m] >> s & 1},
        "told": TOLD[docket["told"][m]],
        "evaded": EVASIONS[docket["evaded"][m]],
        "misused": MISUSED[docket["misused"][m]],
        "published": bool(docket["published"][m]),
        "second": SECOND_READINGS[docket["second"][m]],
        "judged": bool(docket["judged"][m]),
    }


def _days_apart(row: Request, docket: dict[str, list[Any]], m: int) -> Iterator[tuple[str, object, object]]:
    for name in DAYS:
        ours, theirs = getattr(row, name), docket[name][m]
        known = theirs == theirs
        if (ours is not None) != known or (known and ours != theirs and not abs(ours - theirs) <= NEAR):
            yield name, ours, theirs if known else None
    if abs(row.quality - docket["quality"][m]) > _SINGLE * max(1.0, abs(row.quality)):
        yield "quality", row.quality, docket["quality"][m]


def rows_apart(twin: Twin, real: Finished) -> list[str]:
    """Each column of each request on which the two differ; after rows that are not of the same case nothing more is said."""
    docket, found = {name: getattr(real.docket, name).tolist() for name in real.docket._fields}, []
    for m, row in enumerate(twin.docket[: len(docket["case"])]):
        ours, theirs = said_by_twin(row), said_by_model(docket, m)
        where = f"case {theirs['case']} row {m} month {theirs['month']} {theirs['channel']}"
        found += [f"{where} {name}: twin {ours[name]}, model {theirs[name]}" for name in theirs if ours[name] != theirs[name]]
        found += [f"{where} {name}: twin {mine}, model {yours}" for name, mine, yours in _days_apart(row, docket, m)]
        if (ours["case"], ours["channel"]) != (theirs["case"], theirs["channel"]):
            break
    if len(twin.docket) != len(docket["case"]):
        found.append(f"requests: twin {len(twin.docket)}, model {len(docket['case'])}")
    return found


def cases_apart(twin: Twin, real: Finished) -> list[str]:
    """Each case that ended otherwise, and whose device was broken into in one alone."""
    found, spied = [], {case.row for case in twin.spied if case.month >= real.first_month}
    for case, code, hit in zip(twin.cases, real.case_status.tolist(), real.spied.tolist(), strict=True):
        if case.status != CASE_STATUSES[code]:
            found.append(f"case {case.row} status: twin {case.status}, model {CASE_STATUSES[code]}")
        if (case.row in spied) != hit:
            found.append(f"case {case.row} spyware: twin {case.row in spied}, model {hit}")
    return found


def people_apart(twin: Twin, run: Run) -> list[str]:
    """Each person who says more or less in the end."""
    both = zip(twin.voices.expression, run.expression.tolist(), strict=True)
    return [f"person {p} expression: twin {a}, model {b}" for p, (a, b) in enumerate(both) if abs(a - b) > NEAR]


def texts_apart(twin: Twin, run: Run) -> list[str]:
    """Each pair that is bound by other texts in the month after the last."""
    twin.rules = twin.after
    twin._bind(twin.month)
    n, found = twin.facts.n, []
    for i in range(n):
        for j in range(n):
            theirs = tuple(t for t in range(len(twin.after.law.names)) if run.in_force[t, i, j])
            if theirs != twin.in_force[i][j]:
                found.append(f"pair {i} {j} texts: twin {twin.in_force[i][j]}, model {theirs}")
    return found


def differences(config: Config, seed: int, world_seed: int | None = None) -> list[str]:
    """Everything in which twin and model differ under a configuration and a seed."""
    twin, real, run = pair(config, seed, world_seed)
    return rows_apart(twin, real) + cases_apart(twin, real) + people_apart(twin, run) + texts_apart(twin, run)
