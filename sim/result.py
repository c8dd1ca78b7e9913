"""What a run returns: frames with names instead of codes, made when asked for."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Mapping
from functools import cached_property
from importlib import metadata

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.arrays import Keys
from sim.compiled import kernel
from sim.conduct.direct import DirectCounts, direct_counts, direct_frame
from sim.draws import Draws, absorb, name_key, opened
from sim.errors import RogatoryError
from sim.metrics import Counted, Finished, Sliced, cohort_slices, counted_whole, disclosures, measured
from sim.observe.published import observed_rows
from sim.observe.rows import Row
from sim.observe.spec import ObserveSpec
from sim.review.safeguard import in_check_order
from sim.settings import Config
from sim.world.shocks import answered_shares
from sim.world.vocabulary import (
    CASE_STATUSES,
    CHANNELS,
    DATA_CLASSES,
    DAYS_PER_MONTH,
    FIRST_SIDE_DOOR,
    GROUPS,
    KINDS,
    MISUSED,
    NOTHING_USABLE,
    SECOND_READINGS,
    STATUSES,
    TOLD,
)

_REQUEST = name_key("request")
_ID_MASK = np.uint64(0x7FFFFFFFFFFFFFFF)  # ids fit a signed integer, so that tables of any library can hold them
_PANEL = "panel"  # the safeguard whose reading an observer may count
_PACKAGES = ("rogatory", "mesa", "numpy", "pandas", "numba", "scipy", "hydra-core", "pyarrow", "pydantic")


@kernel
def _request_ids(case_ids: Keys, ways: Keys) -> Keys:
    out = np.empty_like(case_ids)
    start = opened(np.uint64(0), _REQUEST)
    for m in range(case_ids.size):
        out[m] = absorb(absorb(start, case_ids[m]), ways[m]) & _ID_MASK
    return out


def names_of_codes(codes: NDArray[np.generic], names: tuple[str, ...]) -> pd.Categorical[str]:
    """Codes as names; a negative code is missing."""
    return pd.Categorical.from_codes(codes.astype(np.int64), categories=pd.Index(list(names)))


def month_starts(start: dt.date, months: NDArray[np.int64]) -> pd.DatetimeIndex:
    """First day of each month counted from the window's first: calendar months, however long the model's are."""
    return pd.DatetimeIndex([pd.Timestamp(start) + pd.DateOffset(months=int(month)) for month in months])


def package_versions() -> dict[str, str]:
    """Versions of the packages that results rest on."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


class Result:
    """One finished run. Days count from the first day of the window; the run-in has negative days."""

    def __init__(
        self, finished: Finished, config: Config, seed: int, drawn: Mapping[str, float] | None = None, drawn_from: str = "prior"
    ) -> None:
        """Keep the arrays; frames are made on demand. ``drawn`` are the parameters that the world drew, by dotted key."""
        self.finished = finished
        self.config = config
        self.seed = seed
        self.drawn = dict(drawn or {})
        self.drawn_from = drawn_from

    @cached_property
    def cut(self) -> Sliced:
        """The cohort, and what is so of its requests."""
        return cohort_slices(self.finished)

    @cached_property
    def counts(self) -> Counted:
        """What is counted of all cases and requests."""
        return counted_whole(self.finished, self.cut)

    @cached_property
    def _measured(self) -> tuple[pd.DataFrame, dict[str, str]]:
        return measured(self.finished, self.cut, self.counts, self.config.metrics)

    @property
    def metrics(self) -> pd.DataFrame:
        """Estimands, tidy: ``metric, by, level, value, count``; units in ``sim.metrics.UNITS``."""
        return self._measured[0]

    @property
    def absent(self) -> dict[str, str]:
        """Estimands that this run cannot give, and why."""
        return self._measured[1]

    def dates(self, days: pd.Series) -> pd.Series:
        """Days since the window opened as dates."""
        return pd.Timestamp(self.config.start) + pd.to_timedelta(days, unit="D")

    def _with_rows(self) -> Finished:
        """The run. Raises ``RogatoryError`` where its rows were not kept."""
        if self.finished.folded is not None:
            raise RogatoryError("rows: found False: cases and requests were counted and not kept; accepted: True, for such a table")
        return self.finished

    @cached_property
    def requests(self) -> pd.DataFrame:
        """One row a request, formal or by a side door; ``abusive`` and ``conduct`` are hidden from every reviewer."""
        run, docket = self._with_rows(), self.finished.docket
        case, states, offences = docket.case, self.finished.world.states, self.finished.world.offences
        person = run.cases.person[case]
        known = person >= 0
        ids = np.zeros(case.size, np.int64)
        ids[known] = run.world.people.ids[person[known]].astype(np.int64)
        ways = (docket.attempt.astype(np.uint64) * np.uint64(len(CHANNELS))) + docket.channel.astype(np.uint64)
        stopped = tuple(self.safeguard_names)
        return pd.DataFrame(
            {
                "id": _request_ids(run.cases.id[case], ways).astype(np.int64),
                "case": run.cases.id[case].astype(np.int64),
                "month": docket.month.astype(np.int64) - run.first_month,
                "requester": names_of_codes(run.cases.requester[case], states.codes),
                "requested": names_of_codes(docket.requested, states.codes),
                "instrument": names_of_codes(docket.instrument, run.instruments),
                "channel": names_of_codes(docket.channel, CHANNELS),
                "data_class": names_of_codes(docket.wanted, DATA_CLASSES),
                "granted_class": names_of_codes(docket.granted, DATA_CLASSES),
                "label": names_of_codes(docket.label, offences.names),
                "alleged": names_of_codes(docket.alleged, offences.names),
                "conduct": names_of_codes(run.cases.conduct[case], offences.names),
                "kind": names_of_codes(docket.kind, KINDS),
                "group": names_of_codes(run.cases.group[case], GROUPS),
                "person": _masked(ids, known),
                "abusive": run.cases.abusive[case],
                "status": names_of_codes(docket.status, STATUSES),
                "reason": names_of_codes(docket.reason, stopped),
                "filed_day": docket.filed_day - run.opens,
                "decided_day": docket.decided_day - run.opens,
                "executed_day": docket.executed_day - run.opens,
                "ended_day": docket.ended_day - run.opens,
                "hours": docket.hours.astype(float),
                "narrowed_by": names_of_codes(docket.narrowed, stopped),
                "condition": names_of_codes(docket.condition, stopped),
                "flagged": docket.flagged > 0,
                "told": names_of_codes(docket.told, TOLD),
                "evaded": docket.evaded == NOTHING_USABLE,
                "misused": names_of_codes(docket.misused, MISUSED),
                "published": docket.published > 0,
                "second_reading": names_of_codes(docket.second, SECOND_READINGS),
                "judged": docket.judged > 0,
                "realtime_months": docket.realtime.astype(np.int64),
            }
        )

    @property
    def safeguard_names(self) -> tuple[str, ...]:
        """Names of the safeguards in the global order of checks."""
        return in_check_order(self.config.safeguards)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a latent case, filed or not."""
        run, cases = self._with_rows(), self.finished.cases
        states, offences = run.world.states, run.world.offences
        known = cases.person >= 0
        ids = np.zeros(cases.id.size, np.int64)
        ids[known] = run.world.people.ids[cases.person[known]].astype(np.int64)
        return pd.DataFrame(
            {
                "id": cases.id.astype(np.int64),
                "month": cases.month - run.first_month,
                "day": cases.day - run.opens,
                "requester": names_of_codes(cases.requester, states.codes),
                "abusive": cases.abusive,
                "conduct": names_of_codes(cases.conduct, offences.names),
                "group": names_of_codes(cases.group, GROUPS),
                "person": _masked(ids, known),
                "member": cases.member,
                "data_class": names_of_codes(cases.wanted, DATA_CLASSES),
                "urgent": cases.urgent,
                "secret": cases.secret,
                "realtime": cases.realtime,
                "status": names_of_codes(run.case_status, CASE_STATUSES),
            }
        )

    @cached_property
    def people(self) -> pd.DataFrame:
        """One row of the cohort of people at risk, with the disclosures it suffered in the window."""
        run, people = self.finished, self.finished.world.people
        states = run.world.states
        hit = run.cases.person[run.docket.case[disclosures(run)]]
        return pd.DataFrame(
            {
                "id": people.ids.astype(np.int64),
                "origin": names_of_codes(people.origin, states.codes),
                "residence": names_of_codes(people.residence, states.codes),
                "group": names_of_codes(people.group, GROUPS),
                "visibility": people.visibility,
                "expression": people.expression,
                "weight": people.weight,
                "disclosures": np.bincount(hit, minlength=people.count).astype(np.int64),
            }
        )

    @cached_property
    def monthly(self) -> pd.DataFrame:
        """One row a month and authority: requests filed and ended, hours of backlog and the officer-hours of that month."""
        run = self._with_rows()
        months, count = run.backlog.shape
        month = np.repeat(np.arange(months) - run.first_month, count)
        states = np.tile(np.arange(count), months)
        flow = {}
        formal = run.docket.channel < FIRST_SIDE_DOOR
        for name, day in (("filed", run.docket.filed_day), ("ended", run.docket.ended_day)):
            seen = formal & ~np.isnan(day)
            place = np.floor(day[seen] / DAYS_PER_MONTH).astype(np.int64) * count + run.docket.requested[seen]
            flow[name] = np.bincount(place, minlength=months * count)[: months * count]
        return pd.DataFrame(
            {
                "month": month,
                "date": np.repeat(month_starts(self.config.start, np.arange(months) - run.first_month), count),
                "requested": names_of_codes(states, run.world.states.codes),
                **flow,
                "backlog_hours": run.backlog.ravel(),
                "capacity_hours": run.capacity.ravel(),
            }
        )

    @cached_property
    def direct(self) -> pd.DataFrame:
        """Legitimate requests to firms abroad by month, requester, jurisdiction and process: counts, the same in every scenario."""
        return direct_frame(self.direct_counts, self.finished.world, self.finished.first_month)

    @cached_property
    def direct_counts(self) -> DirectCounts:
        """The same as arrays, run-in and run-out among them."""
        run, config = self.finished, self.config
        shares = None
        if config.shock:
            upheavals = [config.upheaval(month - run.first_month) for month in range(run.months)]
            shares = answered_shares(run.world, upheavals, config.dials)
        return direct_counts(run.world, config.demand, Draws(self.seed), run.months, shares)

    def observed(self, spec: ObserveSpec) -> pd.DataFrame:
        """What firms, registers, a panel and a census would publish: one row an observable, ``pattern, observable, value, n``.

        Observers come after the run and move nothing. Raises ``RogatoryError`` where rows were not kept.
        """
        texts, names = self.config.instruments, self.safeguard_names
        read = any(
            _PANEL in names and name in texts and texts[name].safeguards.get(_PANEL, "absent") != "absent"
            for name, meant in spec.register_texts.items()
            if meant
        )
        found = observed_rows(self._with_rows(), self.direct_counts, spec, Draws(self.seed), tuple(names), read)
        return pd.DataFrame(found, columns=list(Row._fields))

    @property
    def manifest(self) -> dict[str, object]:
        """Provenance: configuration, its digest, seeds, checksums of the tables, versions, what is absent and why.

        Where parameters were drawn, the configuration is that of the world, and ``drawn`` has what it drew.
        """
        return {
            "scenario": self.config.scenario_name,
            "config_digest": self.config.digest(),
            "world_digest": self.config.world_digest(),
            "seed": self.seed,
            "world_seed": self.finished.world.seed,
            "months": {
                "run_in": self.config.run_in_months,
                "window": 12 * self.config.years,
                "run_out": self.config.run_out_months,
            },
            "tables": self.config.data,
            "versions": package_versions(),
            "absent": self.absent,
            "config": self.config.plain(),
            **({"parameters": self.drawn_from, "drawn": self.drawn} if self.drawn else {}),
        }


def _masked(values: NDArray[np.int64], known: NDArray[np.bool_]) -> pd.Series:
    column = pd.Series(values, dtype="Int64")
    return column.mask(~known)
