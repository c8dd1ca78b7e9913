"""What is kept of one run once it has ended: small tables that can be pooled over replicates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.metrics import Finished, disclosures, displacement_rate, sliced
from sim.result import Result
from sim.review.safeguard import Ground, Look
from sim.world.vocabulary import (
    CASE_STATUSES,
    DAYS_PER_MONTH,
    DETERRED,
    DOMESTIC,
    EMPTY,
    LAPSED,
    NOT_LIVE,
    PARKED,
    REFUSED,
    SUSPENDED,
    WITHDRAWN,
)

STAGES = (
    "domestic",
    "not live",
    "deterred",
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
PURPOSES = ("legitimate", "abusive")
_FURTHER = {"panel": "refused by a panel", "provider": "contested", "person": "contested"}
HOSTS_SHOWN = 2  # authorities whose backlog is followed by name


class Tally(NamedTuple):
    """Tables of one run, each with its ``scenario`` and ``seed``."""

    metrics: pd.DataFrame  # metric, by, level, value, count
    flows: pd.DataFrame  # requester, requested, disclosures
    fates: pd.DataFrame  # purpose, stage, cases
    backlog: pd.DataFrame  # month, quantity, months
    origins: pd.DataFrame  # code, events, people
    sides: pd.DataFrame  # requested, purpose, requests


def tally_of(result: Result) -> Tally:
    """The tables of one run."""
    run = result.finished
    tables = (
        result.metrics,
        flows_of(run),
        fates_of(result),
        backlog_of(run),
        origins_of(run),
        sides_of(run),
    )
    for table in tables:
        table.insert(0, "seed", result.seed)
        table.insert(0, "scenario", result.config.scenario_name)
    return Tally(*tables)


def with_displacement(tally: Tally, run: Finished, other: Finished, baseline: str) -> Tally:
    """One row more: of the cases that ``run`` disclosed through the treaty, the share that ``other`` disclosed another way."""
    value, count = displacement_rate(run, other)
    row = tally.metrics.iloc[:1].assign(metric="displacement_rate", by="baseline", level=baseline, value=value, count=count)
    return tally._replace(metrics=pd.concat([tally.metrics, row], ignore_index=True))


def _given_on_people(run: Finished) -> NDArray[np.int64]:
    cut = sliced(run)
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
    """Where each latent case of the window ended, by its last formal request; rows in the order of ``STAGES``."""
    run = result.finished
    docket, names = run.docket, result.safeguard_names
    formal = np.flatnonzero(sliced(run).formal)
    stage = np.full(run.cases.id.size, STAGES.index("pending"))
    stage[run.case_status == DOMESTIC] = STAGES.index("domestic")
    stage[run.case_status == NOT_LIVE] = STAGES.index("not live")
    stage[run.case_status == DETERRED] = STAGES.index("deterred")
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
    stage[run.case_status == CASE_STATUSES.index("disclosed")] = STAGES.index("disclosed")
    cohort = sliced(run).cohort
    return pd.concat(
        pd.DataFrame(
            {
                "purpose": purpose,
                "stage": STAGES,
                "cases": np.bincount(stage[cohort & (run.cases.abusive == bool(code))], minlength=len(STAGES)),
            }
        )
        for code, purpose in enumerate(PURPOSES)
    ).reset_index(drop=True)


def backlog_of(run: Finished) -> pd.DataFrame:
    """Backlog in months of capacity: median and 90th percentile of authorities, and the two most asked."""
    if not np.isfinite(run.capacity).all():
        return pd.DataFrame({"month": np.array([], int), "quantity": [], "months": np.array([], float)})
    months = run.backlog / run.capacity[None, :]
    asked = np.bincount(run.docket.requested, minlength=run.capacity.size)
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


def sides_of(run: Finished) -> pd.DataFrame:
    """Requests of the window by requested state: legitimate and abusive ones filed, and disclosures of people at risk."""
    cut = sliced(run)
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
