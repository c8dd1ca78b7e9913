"""What one run leaves: its estimates, its views, and whom it disclosed. Its fingerprint is part of the code's of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from experiments.store.schema import DATA, GIVEN, OBSERVED, TRAVEL, VIEWS
from sim.metrics import SLICED_BY, UNITS, Finished, cohort_slices, disclosures, given_of, given_rows
from sim.observe.spec import ObserveSpec
from sim.result import Result
from sim.review.safeguard import Ground, Look
from sim.world.estimand import WithOwn
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DETERRED,
    DIRECT,
    DOMESTIC,
    EMPTY,
    GROUPS,
    LAPSED,
    NOT_LIVE,
    PARKED,
    REFUSED,
    SUSPENDED,
    WITHDRAWN,
)

HOURS_METRIC = "officer_hours"
"""An outlay of the authorities and no estimand: every run has it, and no study offers it as an outcome."""
UNITS_KEPT = WithOwn({**UNITS.committed, HOURS_METRIC: "officer-hours a year"}, "unit")
STAGES = (
    "domestic",
    "not live",
    "deterred",
    "refused by a firm",
    "declined without a duty",
    "refused at the gates",
    "refused by a panel",
    "refused at the desk",
    "refused by a court",
    "contested",
    "suspended",
    "withdrawn",
    "lapsed",
    "parked",
    "pending",
    "executed without data",
    "disclosed",
)
_PURPOSES = ("legitimate", "abusive")
_FURTHER = {"panel": "refused by a panel", "provider": "contested", "person": "contested"}
HOSTS_SHOWN = 2  # authorities whose backlog is followed by name


class Kept(NamedTuple):
    """What is kept of every run of a study."""

    outcomes: frozenset[str] = frozenset()  # estimands; none stands for all
    slices: frozenset[str] = frozenset()  # none stands for all
    tables: frozenset[str] = frozenset()  # beside the data: views, given, observed, requests
    observing: ObserveSpec | None = None  # how those who publish see a run, where what they publish is kept

    @property
    def parts(self) -> tuple[str, ...]:
        """The tables that a run hands over, the data first."""
        return tuple(name for name in TRAVEL if name == DATA or name in self.tables)


def run_tables_of(result: Result, kept: Kept) -> dict[str, pa.Table]:
    """What is kept of a run, by the name of the table; a missing value is missing, whatever bits it had."""
    return {name: _MADE[name](result, kept) for name in kept.parts}


def _data(result: Result, kept: Kept) -> pa.Table:
    rows = [*result.metrics.itertuples(index=False, name=None), (HOURS_METRIC, "all", "all", *hours_of(result))]
    wanted = [row for row in rows if (not kept.outcomes or row[0] in kept.outcomes) and (not kept.slices or row[1] in kept.slices)]
    return _table(DATA, zip(*wanted, strict=True) if wanted else [()] * len(TRAVEL[DATA]))


def hours_of(result: Result) -> tuple[float, int]:
    """Officer-hours a year that the formal requests of the cohort cost, and how many requests those are."""
    return float(result.counts.hours[0]) / result.finished.years, int(result.counts.formal.asked.sum())


def _table(name: str, columns: Iterable[Iterable[object]]) -> pa.Table:
    """A table as it travels, from its columns; a missing number is missing."""
    schema = TRAVEL[name]
    arrays = [
        pa.array(np.asarray(column, float) if pa.types.is_floating(field.type) else column, field.type, from_pandas=True)
        for field, column in zip(schema, columns, strict=True)
    ]
    return pa.table(arrays, schema=schema)


# --- views ------------------------------------------------------------------------------------------------------------------


def _views(result: Result, kept: Kept) -> pa.Table:
    """``view, a, b, value, count``: what figures pool over runs, each view with words in ``a`` and ``b`` of its own."""
    run = result.finished
    flows, fates, backlog, origins, sides = (
        flows_of(run),
        fates_of(result),
        backlog_of(run),
        origins_of(run),
        requested_sides_of(run),
    )
    parts = (
        ("flows", flows["requester"], flows["requested"], None, flows["disclosures"]),
        ("fates", fates["purpose"], fates["stage"], None, fates["cases"]),
        ("backlog", backlog["quantity"], backlog["month"], backlog["months"], None),
        ("origins", origins["code"], None, origins["people"], origins["events"]),
        ("sides", sides["requested"], sides["purpose"], None, sides["requests"]),
    )
    columns: list[list[object]] = [[], [], [], [], []]
    for view, a, b, value, count in parts:
        columns[0] += [view] * len(a)
        columns[1] += a.astype(str).tolist()
        columns[2] += [""] * len(a) if b is None else b.astype(str).tolist()
        columns[3] += [None] * len(a) if value is None else value.tolist()
        columns[4] += [0] * len(a) if count is None else count.tolist()
    return _table(VIEWS, columns)


def _given_on_people(run: Finished) -> NDArray[np.int64]:
    cut = cohort_slices(run)
    return cut.giving[run.cases.abusive[run.docket.case[cut.giving]]]


def flows_of(run: Finished) -> pd.DataFrame:
    """Disclosures of people at risk by pair of states (cohort of the window)."""
    rows = _given_on_people(run)
    count = run.world.states.count
    pair = run.cases.requester[run.docket.case[rows]] * count + run.docket.requested[rows]
    where, disclosed = np.unique(pair, return_counts=True)
    codes = np.array(run.world.states.codes)
    return pd.DataFrame(
        {"requester": codes[where // count], "requested": codes[where % count], "disclosures": disclosed.astype(np.int64)}
    )


def fates_of(result: Result) -> pd.DataFrame:
    """Where each latent case of the window ended, by its last formal request; rows in the order of ``STAGES``.

    A case without a formal request that asked a firm in vain was refused by a firm. ``disclosed`` are the cases that the estimands
    count: within the follow-up of the wish (model description, Estimands and footing). A request that gives its data later is
    pending when the follow-up ends.
    """
    run, cut = result.finished, cohort_slices(result.finished)
    docket, names = run.docket, result.safeguard_names
    formal = np.flatnonzero(cut.formal)
    stage = np.full(run.cases.id.size, STAGES.index("pending"))
    stage[run.case_status == DOMESTIC] = STAGES.index("domestic")
    stage[run.case_status == NOT_LIVE] = STAGES.index("not live")
    stage[run.case_status == DETERRED] = STAGES.index("deterred")
    direct = (docket.channel == DIRECT) & (docket.status == REFUSED)
    stage[docket.case[direct]] = STAGES.index("refused by a firm")
    desk = {s for s, name in enumerate(names) if getattr(result.config.safeguards[name], "look", name) == "desk"}
    refused_at = np.full(len(names), STAGES.index("refused at the gates"))
    for s, name in enumerate(names):
        if isinstance(result.config.safeguards[name], Look | Ground):
            further = _FURTHER.get(name, "refused by a court")
            refused_at[s] = STAGES.index("refused at the desk" if s in desk else further)
        elif name == "goodwill":
            refused_at[s] = STAGES.index("declined without a duty")
    status, reason = docket.status[formal], docket.reason[formal]
    last = stage[docket.case[formal]]
    for code, name in (
        (SUSPENDED, "suspended"),
        (WITHDRAWN, "withdrawn"),
        (LAPSED, "lapsed"),
        (PARKED, "parked"),
        (EMPTY, "executed without data"),
    ):
        last[status == code] = STAGES.index(name)
    turned_down = status == REFUSED
    last[turned_down] = refused_at[reason[turned_down]]
    stage[docket.case[formal]] = last  # rows come in order of filing: the last attempt is written last
    stage[docket.case[cut.giving]] = STAGES.index("disclosed")
    return pd.concat(
        pd.DataFrame(
            {
                "purpose": purpose,
                "stage": STAGES,
                "cases": np.bincount(stage[cut.cohort & (run.cases.abusive == bool(code))], minlength=len(STAGES)),
            }
        )
        for code, purpose in enumerate(_PURPOSES)
    ).reset_index(drop=True)


def backlog_of(run: Finished) -> pd.DataFrame:
    """Backlog in months of capacity: median and 90th percentile of authorities, and the two most asked."""
    if not np.isfinite(run.capacity).all():
        return pd.DataFrame({"month": np.array([], int), "quantity": [], "months": np.array([], float)})
    months = run.backlog / run.capacity
    asked = np.bincount(run.docket.requested, minlength=run.world.states.count)
    lines = {"median": np.median(months, axis=1), "90th percentile": np.quantile(months, 0.9, axis=1)}
    for j in np.argsort(-asked, kind="stable")[:HOSTS_SHOWN]:
        lines[run.world.states.codes[j]] = months[:, j]
    return pd.concat(
        pd.DataFrame({"month": np.arange(months.shape[0]) - run.first_month, "quantity": name, "months": values})
        for name, values in lines.items()
    ).reset_index(drop=True)


def origins_of(run: Finished) -> pd.DataFrame:
    """People targeted by origin: distinct (row, member) a calendar year, summed over the window's years; people at risk."""
    rows = disclosures(run)
    cases = run.docket.case[rows]
    year = np.floor((run.docket.executed_day[rows] - run.opens) / (12 * DAYS_PER_MONTH)).astype(np.int64)
    keys = np.unique(np.column_stack([run.cases.person[cases], run.cases.member[cases], year]), axis=0)
    people, states = run.world.people, run.world.states
    events = np.bincount(people.origin[keys[:, 0]], minlength=states.count)
    at_risk = np.bincount(people.origin, weights=people.weight, minlength=states.count)
    return pd.DataFrame({"code": states.codes, "events": events, "people": at_risk})


def requested_sides_of(run: Finished) -> pd.DataFrame:
    """Requests of the window by requested state: legitimate and abusive ones filed, and disclosures of people at risk."""
    cut = cohort_slices(run)
    rows = np.flatnonzero(cut.formal & cut.of_cohort)
    abusive = run.cases.abusive[run.docket.case[rows]]
    count = run.world.states.count
    parts = {
        "legitimate requests": run.docket.requested[rows[~abusive]],
        "abusive requests": run.docket.requested[rows[abusive]],
        "abusive disclosures": run.docket.requested[_given_on_people(run)],
    }
    return pd.concat(
        pd.DataFrame({"requested": run.world.states.codes, "purpose": purpose, "requests": np.bincount(codes, minlength=count)})
        for purpose, codes in parts.items()
    ).reset_index(drop=True)


# --- whom it disclosed --------------------------------------------------------------------------------------------------------


def _given(result: Result, kept: Kept) -> pa.Table:
    """A row each disclosure in an abusive case of the cohort: what pairs runs of one world and luck, case by case."""
    run = result.finished
    rows, found = given_rows(run), given_of(run)
    case = run.docket.case[rows]
    names = {by: np.array(found.levels[by], object)[found.codes[by]] for by in SLICED_BY}
    names["group"] = np.array(GROUPS, object)[run.cases.group[case]]
    names["requester"] = np.array(run.world.states.codes, object)[run.cases.requester[case]]
    columns = {
        "case": found.case, "person": run.world.people.ids[run.cases.person[case]].astype(np.int64),
        "member": run.cases.member[case].astype(np.int64), **names, "day": found.day - run.opens,
    }  # fmt: skip
    return _table(GIVEN, [columns[name] for name in TRAVEL[GIVEN].names])


# --- what would be published ---------------------------------------------------------------------------------------------------


def _observed(result: Result, kept: Kept) -> pa.Table:
    """``pattern, observable, value, n``: what firms, registers, a panel and a census would publish of the run."""
    if kept.observing is None:
        raise ValueError("a run whose observations are kept wants to be told how it is observed")
    frame = result.observed(kept.observing)
    return _table(OBSERVED, [frame[name].tolist() for name in TRAVEL[OBSERVED].names])


_MADE: Mapping[str, Callable[[Result, Kept], pa.Table]] = {DATA: _data, VIEWS: _views, GIVEN: _given, OBSERVED: _observed}
