"""Docking: the twin and the compiled model run under the same configuration and seed, and every event is held against the other.

``dock(config, seed)`` gives what differs, readably, and how many cases are excused; ``differences`` and ``excused`` give the one
or the other. A difference is excused only where suspicion stood within ``NEAR`` of the bar that it was held against: where a twin
whose bars all lie so much higher, or lower, differs from the model in nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

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
_SINGLE = 1e-6  # of what the docket keeps in single precision


class Pair(NamedTuple):
    """Both told to their end."""

    twin: Twin
    real: Finished
    run: Run


class Docked(NamedTuple):
    """What a docking found."""

    differences: list[str]
    excused: int  # cases that fell to either side of a bar by rounding


def model_told(config: Config, seed: int, world_seed: int | None = None) -> Run:
    """The compiled model, told to its end."""
    run = prepare(config, seed, world_seed)
    while run.month < run.months:
        advance(run)
    return run


def twin_of(run: Run, seed: int, nudge: float = 0.0) -> Twin:
    """The twin of a run that was told, told too; hours that follow the load are taken from the run."""
    hired: Mapping[int, list[float]] | None = None
    if run.config.review.load and run.config.review.capacity == "follows":
        hired = {month: run.hours[month].tolist() for month in range(run.months)}
    twin = Twin(run.config, run.world, seed, hired, nudge)
    twin.tell()
    return twin


def pair(config: Config, seed: int, world_seed: int | None = None) -> Pair:
    """Twin and model of a configuration and a seed."""
    run = model_told(config, seed, world_seed)
    return Pair(twin_of(run, seed), finish(run), run)


def said_by_twin(row: Request) -> dict[str, Any]:
    """A row of the twin, days and paperwork apart."""
    return {
        "case": row.case.row,
        "channel": row.channel,
        **{name: getattr(row, name) for name in (*_CODES, *_AFTER)},
        "status": row.status,
        "grounds": row.grounds,
        "flagged": row.flagged,
        "told": row.told,
        "evaded": row.evaded,
        "misused": MISUSED[("own_use" in row.misused) + 2 * ("onward" in row.misused)],
        "published": row.published,
        "second": row.second,
        "judged": row.judged,
        "usable": row.usable,
    }


def said_by_model(docket: dict[str, list[Any]], m: int) -> dict[str, Any]:
    """The same row of the docket in the same words."""
    return {
        "case": docket["case"][m],
        "channel": CHANNELS[docket["channel"][m]],
        **{name: docket[name][m] for name in (*_CODES, *_AFTER)},
        "status": STATUSES[docket["status"][m]],
        "grounds": {s for s in range(64) if docket["grounds"][m] >> s & 1},
        "flagged": bool(docket["flagged"][m]),
        "told": TOLD[docket["told"][m]],
        "evaded": EVASIONS[docket["evaded"][m]],
        "misused": MISUSED[docket["misused"][m]],
        "published": bool(docket["published"][m]),
        "second": SECOND_READINGS[docket["second"][m]],
        "judged": bool(docket["judged"][m]),
        "usable": docket["usable"][m],
    }


def _days_apart(row: Request, docket: dict[str, list[Any]], m: int) -> Iterator[tuple[str, object, object]]:
    for name in DAYS:
        ours, theirs = getattr(row, name), docket[name][m]
        known = theirs == theirs
        if (ours is not None) != known or (known and ours != theirs and not abs(ours - theirs) <= NEAR):
            yield name, ours, theirs if known else None
    for name in ("quality", "hours"):
        ours, theirs = getattr(row, name), docket[name][m]
        if not abs(ours - theirs) <= _SINGLE * max(1.0, abs(ours)):
            yield name, ours, theirs


def rows_apart(twin: Twin, real: Finished) -> list[str]:
    """Each column of each request on which the two differ; after rows that are not of the same case nothing more is said."""
    docket, found = {name: getattr(real.docket, name).tolist() for name in real.docket._fields}, []
    docket["usable"] = real.usable.tolist()
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


def wishes_apart(twin: Twin, real: Finished) -> list[str]:
    """Each particular of a latent case that is another."""
    found = []
    for name in real.cases._fields:
        for case, theirs in zip(twin.cases, getattr(real.cases, name).tolist(), strict=True):
            ours = getattr(case, name)
            if ours != (tuple(theirs) if name == "hosts" else theirs):
                found.append(f"case {case.row} {name}: twin {ours}, model {theirs}")
    return found


def cases_apart(twin: Twin, real: Finished) -> list[str]:
    """Each case that ended otherwise, and whose device was broken into in one alone."""
    found, spied = [], {case.row for case in twin.spied if case.month >= real.first_month}
    for case, code, hit, met in zip(twin.cases, real.case_status.tolist(), real.spied.tolist(), real.at_home.tolist(), strict=True):
        if not abs(case.at_home - met) <= NEAR:
            found.append(f"case {case.row} at home: twin {case.at_home}, model {met}")
        if case.status != CASE_STATUSES[code]:
            found.append(f"case {case.row} status: twin {case.status}, model {CASE_STATUSES[code]}")
        if (case.row in spied) != hit:
            found.append(f"case {case.row} spyware: twin {case.row in spied}, model {hit}")
    return found


def people_apart(twin: Twin, run: Run) -> list[str]:
    """Each person who says more or less in the end."""
    both = zip(twin.voices.expression, run.expression.tolist(), strict=True)
    return [f"person {p} expression: twin {a}, model {b}" for p, (a, b) in enumerate(both) if abs(a - b) > NEAR]


def law_apart(twin: Twin, run: Run) -> list[str]:
    """Each pair bound by other texts in the month after the last, and each maximum that is another by then."""
    found, states, texts = [], range(twin.facts.n), range(len(twin.after.law.names))
    in_force = twin.in_force_in(twin.month)
    for i in states:
        for j in states:
            theirs = tuple(t for t in texts if run.in_force[t, i, j])
            if theirs != in_force[i][j]:
                found.append(f"pair {i} {j} texts: twin {in_force[i][j]}, model {theirs}")
    for i, row in enumerate(run.rules.maxima.tolist()):
        for k, theirs in enumerate(row):
            ours = twin.after.law.maxima[i][k]
            if ours != (theirs if theirs == theirs else None):
                found.append(f"state {i} maximum of offence {k}: twin {ours}, model {theirs}")
    return found


def authorities_apart(twin: Twin, run: Run) -> list[str]:
    """Each month in which an authority worked other hours, and each volume that a requester files otherwise in the end."""
    found = []
    for state in twin.states:
        for month in range(twin.month):
            ours, theirs = state.authority.spent[month], float(run.queue.spent[month, state.row])
            if not abs(ours - theirs) <= NEAR * max(1.0, theirs):
                found.append(f"state {state.row} month {month} hours: twin {ours}, model {theirs}")
        for purpose, line in enumerate(run.mind.volume[:, state.row].tolist()):
            for text, theirs in enumerate(line):
                ours = twin.learners.minds[state.row].volume[purpose][text]
                if not abs(ours - theirs) <= NEAR * theirs:
                    found.append(f"state {state.row} purpose {purpose} text {text} volume: twin {ours}, model {theirs}")
    return found


def apart(both: Pair) -> list[str]:
    """Everything in which twin and model differ."""
    twin, real, run = both
    if len(twin.cases) != real.case_status.size:
        return [f"cases: twin {len(twin.cases)}, model {real.case_status.size}"]
    found = wishes_apart(twin, real) + rows_apart(twin, real) + cases_apart(twin, real) + people_apart(twin, run)
    return found + law_apart(twin, run) + authorities_apart(twin, run)


def _otherwise(one: Twin, other: Twin) -> int:
    """Cases whose first differing answer tells two twins apart; one at least."""
    both = zip(one.docket, other.docket, strict=False)
    return len({mine.case.row for mine, yours in both if said_by_twin(mine) != said_by_twin(yours)}) or 1


def dock(config: Config, seed: int, world_seed: int | None = None) -> Docked:
    """Hold twin and model against each other under a configuration and a seed."""
    both = pair(config, seed, world_seed)
    found = apart(both)
    if found:
        for nudge in (NEAR, -NEAR):
            nudged = twin_of(both.run, seed, nudge)
            if not apart(both._replace(twin=nudged)):
                return Docked([], _otherwise(both.twin, nudged))
    return Docked(found, 0)


def differences(config: Config, seed: int, world_seed: int | None = None) -> list[str]:
    """Everything in which twin and model differ, but for what is excused."""
    return dock(config, seed, world_seed).differences


def excused(config: Config, seed: int, world_seed: int | None = None) -> int:
    """How many cases differ by no more than rounding at a bar."""
    return dock(config, seed, world_seed).excused
