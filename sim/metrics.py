"""Estimands: one function each, over the arrays of one finished run. Denominators are latent, so no treatment moves them.

Cohort: cases that arise in the window, followed to the end of the run-out. A metric whose follow-up is too short is absent
and says why. Units stand in ``UNITS``; ``count`` is the number of events behind a value, before any division.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Reals
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.estimand import WithOwn, own_rows
from sim.world.snapshot import World
from sim.world.spec import MetricsSpec
from sim.world.vocabulary import (
    CHANNELS,
    DATA_CLASSES,
    DAYS_PER_MONTH,
    DETERRED,
    DISCLOSED,
    DIVERTED,
    EMPTY,
    EXECUTED,
    FIRST_SIDE_DOOR,
    FOLLOW_UP_MONTHS,
    GROUPS,
    IN_PART,
    KINDS,
    LAPSED,
    NOT_LIVE,
    PARKED,
    PENDING,
    PRESERVATION,
    REFUSED,
    REGIMES,
    SPONTANEOUS,
    WITHDRAWN,
)

Row = tuple[str, str, str, float, int]
PER = 100_000.0  # people: the base of rates

UNITS = WithOwn(
    {
        "case_disclosure_rate": "fraction of latent abusive cases",
        "legit_met_rate": "fraction of latent cross-border needs",
        "legit_met_in_full": "fraction of latent cross-border needs",
        "targeted_rate": "people per 100 000 at risk a year",
        "targeted_people": "people a year",
        "targeted_rate_treaty": "people per 100 000 at risk a year",
        "ever_targeted": "people per 100 000 at risk in the window",
        "attempted_rate": "fraction of latent abusive cases",
        "deterred_share": "fraction of latent abusive cases",
        "preserved_only": "fraction of latent abusive cases",
        "silenced_share": "fraction of latent abusive cases",
        "disclosure_severity": "severity per 100 000 at risk a year",
        "displacement_rate": "fraction of cases no longer disclosed through the treaty",
        "legit_delay_days": "days from need to execution",
        "unanswered_share": "fraction of requests filed",
        "backlog_months": "months of capacity",
        "secondary_use_rate": "people per 100 000 at risk a year",
        "spyware_rate": "people per 100 000 at risk a year",
        "notified_share": "fraction of disclosed abusive cases",
        "chilling": "fraction of own baseline expression lost, mean over people",
        "abuse_share": "fraction of executed requests",
        "block_rate": "fraction of decided abusive requests",
        "false_refusal_rate": "fraction of decided legitimate requests",
    },
    "unit",
)
SLICES = (
    *("all", "group", "requester", "requested", "label", "kind", "data_class", "instrument", "channel", "regime"),
    *("conduct", "purpose", "quantile", "risk", "window_years", "year"),
)
"""Ways in which estimands are sliced."""

# Which way is better for people or for cooperation; None where a change alone says neither.
WANTED: WithOwn[Literal["up", "down"] | None] = WithOwn(
    {
        "case_disclosure_rate": "down",
        "legit_met_rate": "up",
        "legit_met_in_full": "up",
        "targeted_rate": "down",
        "targeted_people": "down",
        "targeted_rate_treaty": "down",
        "ever_targeted": "down",
        "attempted_rate": "down",
        "deterred_share": "up",  # of abusive wishes
        "preserved_only": None,  # data frozen, which is a harm, and not disclosed, which is one less
        "silenced_share": "down",  # nothing is disclosed of what nobody dares to say
        "disclosure_severity": "down",
        "displacement_rate": "down",
        "legit_delay_days": "down",
        "unanswered_share": "down",
        "backlog_months": "down",
        "secondary_use_rate": "down",
        "spyware_rate": "down",
        "notified_share": "up",
        "chilling": "down",
        "abuse_share": "down",
        "block_rate": "up",  # abusive requests refused
        "false_refusal_rate": "down",
    },
    "wanted",
)

# Estimands of how cooperation works: what protection may cost, and never protection itself.
COOPERATION = (
    *("legit_met_rate", "legit_met_in_full", "legit_delay_days"),
    *("unanswered_share", "backlog_months", "false_refusal_rate"),
)


class Finished(NamedTuple):
    """One run, told to its end: what the metrics read."""

    world: World
    cases: Cases
    case_status: NDArray[np.int8]  # [C]
    docket: Docket
    instruments: tuple[str, ...]
    first_month: int  # of the window
    years: int
    months: int  # in all
    backlog: Reals  # [T, N] hours
    capacity: Reals  # [N]
    lost: Reals | None  # [T, G] people's worth of expression lost; None while nobody falls silent
    blows: Ints  # [T, G] cases of which their person or peers learned
    spying: bool  # whether there is any spyware
    spied: Flags  # [C] ended in spyware, the option outside all law: never part of another estimand

    @property
    def opens(self) -> float:
        """First day of the window."""
        return self.first_month * DAYS_PER_MONTH

    @property
    def closes(self) -> float:
        """Day after the last of the window."""
        return self.opens + self.years * 12 * DAYS_PER_MONTH

    @property
    def ends(self) -> float:
        """Last day of the run-out."""
        return self.months * DAYS_PER_MONTH


class Sliced(NamedTuple):
    """Masks and codes that several estimands share."""

    cohort: Flags  # [C] arises in the window
    abusive: Flags  # [C] latent abusive cases of the cohort
    needs: Flags  # [C] latent legitimate cross-border needs of the cohort
    giving: Ints  # docket rows that gave data, one a case: the most intrusive, then the earliest
    formal: Flags  # [M]
    of_cohort: Flags  # [M]


def giving_rows(docket: Docket, cases: Cases) -> Ints:
    """Docket rows that gave the data a case is about.

    An ordinary need is not met by a side door that gave less than was asked for; a person at risk is disclosed by it all the same.
    """
    gave = np.flatnonzero((docket.granted >= 0) & (docket.channel != PRESERVATION))
    enough = (docket.channel[gave] < FIRST_SIDE_DOOR) | (docket.granted[gave] >= docket.wanted[gave])
    return gave[cases.abusive[docket.case[gave]] | enough]


def cohort_of(run: Finished) -> Flags:
    """Cases ``[C]`` that arise in the window."""
    return (run.cases.month >= run.first_month) & (run.cases.month < run.first_month + 12 * run.years)


def sliced(run: Finished) -> Sliced:
    """The cohort and the requests that gave its data."""
    window = cohort_of(run)
    docket, cases = run.docket, run.cases
    formal = docket.channel < FIRST_SIDE_DOOR
    of_cohort = window[docket.case]
    gave = giving_rows(docket, cases)
    rows = gave[of_cohort[gave]]
    giving = rows[one_a_case(docket.case[rows], docket.granted[rows], docket.executed_day[rows])]
    return Sliced(
        cohort=window,
        abusive=window & run.cases.abusive,
        needs=window & ~run.cases.abusive & ~run.cases.domestic,
        giving=giving,
        formal=formal,
        of_cohort=of_cohort,
    )


def one_a_case(case: NDArray[np.integer[Any]], granted: NDArray[np.integer[Any]], day: Reals) -> Ints:
    """Of several rows ``[D]`` of one case the one that gave most, then the one that gave first; their places, in order."""
    often = np.bincount(case, minlength=1)[case] > 1
    several = np.flatnonzero(often)
    order = np.lexsort((several, day[several], -granted[several].astype(np.int64), case[several]))
    ranked = several[order]
    first = np.ones(several.size, bool)
    first[1:] = case[ranked[1:]] != case[ranked[:-1]]
    return np.sort(np.concatenate([np.flatnonzero(~often), ranked[first]]))


def _counted(codes: NDArray[np.integer[Any]], names: tuple[str, ...]) -> Ints:
    return np.bincount(codes, minlength=len(names)) if codes.size else np.zeros(len(names), np.int64)


def _request_slices(run: Finished, rows: Ints) -> Iterator[tuple[str, tuple[str, ...], Ints]]:
    """The ways to slice by what was filed: name of the slice, its levels, codes of the given docket rows."""
    docket, states, offences = run.docket, run.world.states, run.world.offences
    yield "requested", states.codes, docket.requested[rows].astype(np.int64)
    yield "instrument", run.instruments, docket.instrument[rows].astype(np.int64)
    yield "channel", CHANNELS, docket.channel[rows].astype(np.int64)
    yield "kind", KINDS, docket.kind[rows].astype(np.int64)
    yield "label", offences.names, docket.label[rows].astype(np.int64)
    yield "data_class", DATA_CLASSES, np.maximum(docket.granted[rows], 0).astype(np.int64)


def _by_case(
    metric: str, run: Finished, hit: Ints, whole: Ints, own: tuple[str, tuple[str, ...], NDArray[np.integer[Any]]]
) -> Iterator[Row]:
    """Cases hit over all cases, and so in every slice known before anyone files: ``own``, requester, regime, year of the wish."""
    yield _row(metric, "all", "all", hit.size, whole.size)
    requester, states = run.cases.requester, run.world.states
    year = (run.cases.month.astype(np.int64) - run.first_month) // 12
    for by, levels, codes in (
        own,
        ("requester", states.codes, requester),
        ("regime", REGIMES, states.regime[requester]),
        ("year", tuple(str(number) for number in range(1, run.years + 1)), year),
    ):
        yield from _rows(metric, by, levels, _counted(codes[hit], levels), _counted(codes[whole], levels))


def _by_request(metric: str, run: Finished, rows: Ints, whole: int) -> Iterator[Row]:
    """Requests that gave data over all latent cases, by what was filed: these slices add up to the whole."""
    for by, levels, codes in _request_slices(run, rows):
        yield from _rows(metric, by, levels, _counted(codes, levels), np.full(len(levels), whole))


def case_disclosure_rate(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Latent abusive cases that end in disclosure by any modelled channel, over latent abusive cases.

    By group, requester and regime the denominator is the slice's own; by what was filed it is all latent abusive cases, so
    those slices add up to the whole.
    """
    latent = np.flatnonzero(cut.abusive)
    rows = cut.giving[run.cases.abusive[run.docket.case[cut.giving]]]
    own = ("group", GROUPS, run.cases.group)
    yield from _by_case("case_disclosure_rate", run, run.docket.case[rows], latent, own)
    yield from _by_request("case_disclosure_rate", run, rows, latent.size)


def legit_met_rate(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Latent legitimate cross-border needs met within 24 months by any channel, over such needs."""
    needs = np.flatnonzero(cut.needs)
    rows = cut.giving[~run.cases.abusive[run.docket.case[cut.giving]]]
    waited = run.docket.executed_day[rows] - run.cases.day[run.docket.case[rows]]
    rows = rows[waited <= FOLLOW_UP_MONTHS * DAYS_PER_MONTH]
    own = ("conduct", run.world.offences.names, run.cases.conduct)
    yield from _by_case("legit_met_rate", run, run.docket.case[rows], needs, own)
    yield from _by_request("legit_met_rate", run, rows, needs.size)


def legit_met_in_full(run: Finished, cut: Sliced) -> Iterator[Row]:
    """The same needs, met within 24 months with all the data that were wanted: what narrowing costs."""
    docket, needs = run.docket, np.flatnonzero(cut.needs)
    rows = cut.giving[~run.cases.abusive[docket.case[cut.giving]]]
    waited = docket.executed_day[rows] - run.cases.day[docket.case[rows]]
    full = rows[(waited <= FOLLOW_UP_MONTHS * DAYS_PER_MONTH) & (docket.granted[rows] >= docket.wanted[rows])]
    yield _row("legit_met_in_full", "all", "all", full.size, needs.size)


def people_at_risk(run: Finished) -> Reals:
    """Real people the cohort stands for, by group, shape ``[G]``."""
    return np.bincount(run.world.people.group, weights=run.world.people.weight, minlength=len(GROUPS))


def given_in_window(run: Finished) -> Flags:
    """Docket rows ``[M]`` of the cohort that gave data on a day of the window: what a yearly rate counts.

    Side doors too: a person whose name the police passed on before the request itself was met has been disclosed then.
    """
    docket = run.docket
    given = (docket.granted >= 0) & (docket.channel != PRESERVATION) & cohort_of(run)[docket.case]
    return np.asarray(given & (docket.executed_day < run.closes))


def disclosures(run: Finished, treaty_only: bool = False) -> Ints:
    """Docket rows of the cohort that gave data on a person at risk on a day of the window.

    What is disclosed during the run-out counts for the case (``case_disclosure_rate``), not for a calendar year.
    """
    found = given_in_window(run) & run.cases.abusive[run.docket.case]
    if treaty_only:
        found &= run.docket.instrument == run.instruments.index("hanoi") if "hanoi" in run.instruments else False
    return np.flatnonzero(found)


def distinct_people(run: Finished, rows: Ints, yearly: bool) -> Ints:
    """How many distinct (row, member) pairs are among docket rows, by group ``[G]``; with ``yearly`` once a calendar year."""
    cases = run.docket.case[rows]
    year = np.floor((run.docket.executed_day[rows] - run.opens) / (12 * DAYS_PER_MONTH)).astype(np.int64)
    keys = np.column_stack([run.cases.person[cases], run.cases.member[cases], year if yearly else np.zeros_like(year)])
    unique = np.unique(keys, axis=0) if rows.size else keys.reshape(0, 3)
    return _counted(run.world.people.group[unique[:, 0]], GROUPS)


def targeted(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Distinct people disclosed in a calendar year, mean over years: as a rate by group, as a count over all groups."""
    at_risk = people_at_risk(run)
    for metric, rows in (
        ("targeted_rate", disclosures(run)),
        ("targeted_rate_treaty", disclosures(run, treaty_only=True)),
    ):
        people = distinct_people(run, rows, yearly=True)
        yield from _rows(metric, "group", GROUPS, people, at_risk * run.years / PER)
        if metric == "targeted_rate":
            yield "targeted_people", "all", "all", float(people.sum()) / run.years, int(people.sum())
    ever = distinct_people(run, disclosures(run), yearly=False)
    yield from _rows("ever_targeted", "group", GROUPS, ever, at_risk / PER)
    yield _row("ever_targeted", "window_years", str(run.years), int(ever.sum()), at_risk.sum() / PER)


def abusive_fates(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Of latent abusive cases: filed, wished and not filed, preserved and never disclosed."""
    latent = np.flatnonzero(cut.abusive)
    filed = np.zeros(cut.cohort.size, bool)
    filed[run.docket.case[run.docket.channel != SPONTANEOUS]] = True
    preserved = np.zeros(cut.cohort.size, bool)
    frozen = (run.docket.channel == PRESERVATION) & (run.docket.status == EXECUTED)
    preserved[run.docket.case[frozen]] = True
    status = run.case_status
    for metric, mask in (
        ("attempted_rate", filed),
        ("deterred_share", status == DETERRED),
        ("preserved_only", preserved & (status != DISCLOSED)),
    ):
        hit = latent[mask[latent]]
        yield _row(metric, "all", "all", hit.size, latent.size)
        groups = _counted(run.cases.group[hit], GROUPS), _counted(run.cases.group[latent], GROUPS)
        yield from _rows(metric, "group", GROUPS, *groups)


def disclosure_severity(run: Finished, cut: Sliced, spec: MetricsSpec) -> Iterator[Row]:
    """Severity weights of the data classes given on people at risk, per 100 000 of the group a year."""
    rows = disclosures(run)
    rows = rows[one_a_case(run.docket.case[rows], run.docket.granted[rows], run.docket.executed_day[rows])]
    weight = np.array([spec.severity[name] for name in DATA_CLASSES])[run.docket.granted[rows]]
    group = run.cases.group[run.docket.case[rows]]
    at_risk, total = people_at_risk(run), np.bincount(group, weights=weight, minlength=len(GROUPS))
    for level, value, people, count in zip(GROUPS, total, at_risk, _counted(group, GROUPS), strict=True):
        yield (
            "disclosure_severity",
            "group",
            level,
            value * PER / (people * run.years) if people else np.nan,
            int(count),
        )


def legit_delay_days(run: Finished, cut: Sliced, spec: MetricsSpec) -> Iterator[Row]:
    """Quantiles of the cumulative incidence of execution among latent needs; not filing, refusal and lapse compete.

    Every need of the cohort is followed for 24 months, so the incidence at day d is the plain share met by then. A quantile
    beyond the incidence at 24 months is not reached: its value is missing, its count the number met.
    """
    rows = cut.giving[~run.cases.abusive[run.docket.case[cut.giving]]]
    waited = run.docket.executed_day[rows] - run.cases.day[run.docket.case[rows]]
    days = np.sort(waited[waited <= FOLLOW_UP_MONTHS * DAYS_PER_MONTH])
    needs = int(cut.needs.sum())
    for share in spec.quantiles:
        place = int(np.ceil(share * needs)) - 1
        value = float(days[place]) if needs and place < days.size else np.nan
        yield "legit_delay_days", "quantile", f"{share:g}", value, int(days.size)


def unanswered_share(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Requests that end in silence (lapsed, or still parked or pending at the end), over requests filed in the window."""
    rows = np.flatnonzero(cut.formal & cut.of_cohort & (run.docket.status != DIVERTED))
    silent = np.isin(run.docket.status[rows], (LAPSED, PARKED, PENDING))
    yield _row("unanswered_share", "all", "all", int(silent.sum()), rows.size)
    codes, levels = run.docket.requested[rows].astype(np.int64), run.world.states.codes
    yield from _rows("unanswered_share", "requested", levels, _counted(codes[silent], levels), _counted(codes, levels))
    kinds = run.cases.abusive[run.docket.case[rows]].astype(np.int64)
    names = ("legitimate", "abusive")
    yield from _rows("unanswered_share", "purpose", names, _counted(kinds[silent], names), _counted(kinds, names))


def backlog_months(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Expected remaining hours of the files waiting, over monthly capacity: mean over the window's months."""
    window = run.backlog[run.first_month : run.first_month + 12 * run.years]
    months = int(window.shape[0])
    yield "backlog_months", "all", "all", float(window.mean(axis=0).sum() / run.capacity.sum()), months
    for code, hours, capacity in zip(run.world.states.codes, window.mean(axis=0), run.capacity, strict=True):
        yield "backlog_months", "requested", code, float(hours / capacity), months


def secondary_use_rate(run: Finished, cut: Sliced) -> Iterator[Row]:
    """People at risk harmed by data disclosed for another case, whatever that case was about.

    Each disclosure harms one person at risk beyond it with a chance that falls with the receiver's data protection, by use
    beyond the case or by transfer to a third state (``leak`` and ``onward`` by case and receiver). Both chances are
    *assumption*: no source counts such use, so only its change between scenarios means anything.
    """
    rows = np.flatnonzero(given_in_window(run))
    whole = people_at_risk(run).sum() * run.years / PER
    for by, level, bits in (("all", "all", 3), ("risk", "own_use", 1), ("risk", "onward", 2)):
        harmed = rows[(run.docket.misused[rows] & bits) > 0]
        yield _row("secondary_use_rate", by, level, int(np.unique(run.docket.case[harmed]).size), whole)


def chilling(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Loss of expression against each person's own baseline, mean over people at risk and the window's months.

    Its count are the cases that people learned of in the window: their own, and their peers' that became public.
    """
    if run.lost is None:
        return
    window = slice(run.first_month, run.first_month + 12 * run.years)
    lost, blows, people = run.lost[window].mean(axis=0), run.blows[window].sum(axis=0), people_at_risk(run)
    yield "chilling", "all", "all", float(lost.sum() / people.sum()), int(blows.sum())
    for level, loss, whole, count in zip(GROUPS, lost, people, blows, strict=True):
        if whole:
            yield "chilling", "group", level, float(loss / whole), int(count)


def silenced_share(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Latent abusive cases that nobody wishes for any more because the person has fallen silent, over latent abusive cases.

    What ``case_disclosure_rate`` owes to silence and not to protection can be at most this.
    """
    latent = np.flatnonzero(cut.abusive)
    hit = latent[run.case_status[latent] == NOT_LIVE]
    yield _row("silenced_share", "all", "all", hit.size, latent.size)
    groups = _counted(run.cases.group[hit], GROUPS), _counted(run.cases.group[latent], GROUPS)
    yield from _rows("silenced_share", "group", GROUPS, *groups)


def spyware_rate(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Distinct people reached by spyware after the law gave nothing: a column of its own, never part of a disclosure rate."""
    hit = np.flatnonzero(run.spied & cut.abusive)
    keys = np.column_stack([run.cases.person[hit], run.cases.member[hit], (run.cases.month[hit] - run.first_month) // 12])
    people = _counted(run.world.people.group[np.unique(keys, axis=0)[:, 0]], GROUPS)
    yield from _rows("spyware_rate", "group", GROUPS, people, people_at_risk(run) * run.years / PER)


def notified_share(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Disclosed abusive cases whose person is ever told, before disclosure or after it."""
    rows = cut.giving[run.cases.abusive[run.docket.case[cut.giving]]]
    told = run.docket.told[rows]
    yield _row("notified_share", "all", "all", int((told > 0).sum()), rows.size)


def diagnostics(run: Finished, cut: Sliced) -> Iterator[Row]:
    """Abuse among what was executed, and refusals among what was decided.

    Selected on filing, so never to be compared between scenarios that change filing.
    """
    docket = run.docket
    rows = np.flatnonzero(cut.formal & cut.of_cohort)
    abusive = run.cases.abusive[docket.case[rows]]
    executed = np.isin(docket.status[rows], (EXECUTED, IN_PART, EMPTY))
    refused = docket.status[rows] == REFUSED
    answered = ~np.isnan(docket.decided_day[rows]) & (docket.status[rows] != WITHDRAWN)
    decided = answered | executed | refused
    for by, levels, codes in (
        ("all", ("all",), np.zeros(rows.size, np.int64)),
        ("instrument", run.instruments, docket.instrument[rows].astype(np.int64)),
        ("regime", REGIMES, run.world.states.regime[run.cases.requester[docket.case[rows]]]),
    ):
        for metric, part, whole in (
            ("abuse_share", executed & abusive, executed),
            ("block_rate", refused & abusive, decided & abusive),
            ("false_refusal_rate", refused & ~abusive, decided & ~abusive),
        ):
            yield from _rows(metric, by, levels, _counted(codes[part], levels), _counted(codes[whole], levels))


def _row(metric: str, by: str, level: str, part: float, whole: float) -> Row:
    return metric, by, level, float(part / whole) if whole else np.nan, int(part)


def _rows(metric: str, by: str, levels: tuple[str, ...], part: Ints, whole: NDArray[np.generic]) -> Iterator[Row]:
    """One row a level that anything could have happened in."""
    for level, numerator, denominator in zip(levels, part, whole, strict=True):
        if denominator:
            yield _row(metric, by, level, numerator, denominator)


def absent_metrics(follow_up_months: int, loaded: bool, spyware: bool, silence: bool = False) -> dict[str, str]:
    """Estimands that a run cannot give, and why; ``silence`` says whether people can fall silent at all."""
    absent = {"displacement_rate": "compares two runs: sim.metrics.displacement_rate"}
    if not silence:
        absent |= dict.fromkeys(("chilling", "silenced_share"), "people's expression is constant while nobody adapts")
    if follow_up_months < FOLLOW_UP_MONTHS:
        reason = f"follow-up of {follow_up_months} months; the definition wants {FOLLOW_UP_MONTHS}"
        absent |= {"legit_met_rate": reason, "legit_met_in_full": reason, "legit_delay_days": reason}
    if not spyware:
        absent["spyware_rate"] = "the outside option is off (conduct.spyware is 0)"
    if not loaded:
        absent["backlog_months"] = "capacity is infinite (review.load is off)"
    return absent


def metrics_of(run: Finished, spec: MetricsSpec) -> tuple[pd.DataFrame, dict[str, str]]:
    """All estimands of one run, tidy (``metric, by, level, value, count``), and why some are absent."""
    cut = sliced(run)
    follow_up = run.months - run.first_month - 12 * run.years
    absent = absent_metrics(follow_up, bool(np.isfinite(run.capacity).all()), run.spying, run.lost is not None)
    rows = [*case_disclosure_rate(run, cut)]
    if "legit_met_rate" not in absent:
        rows += [*legit_met_rate(run, cut), *legit_met_in_full(run, cut), *legit_delay_days(run, cut, spec)]
    rows += [*targeted(run, cut), *abusive_fates(run, cut), *disclosure_severity(run, cut, spec), *unanswered_share(run, cut)]
    if "backlog_months" not in absent:
        rows += backlog_months(run, cut)
    rows += [*secondary_use_rate(run, cut), *notified_share(run, cut), *diagnostics(run, cut)]
    if run.lost is not None:
        rows += [*chilling(run, cut), *silenced_share(run, cut)]
    if run.spying:
        rows += spyware_rate(run, cut)
    rows += own_rows(run, cut, spec.own, SLICES)
    frame = pd.DataFrame(rows, columns=["metric", "by", "level", "value", "count"])
    return frame.astype({"value": float, "count": np.int64}), absent


class Given(NamedTuple):
    """Every disclosure of a run in an abusive case of the cohort, ``D`` rows in the order of the docket."""

    case: Ints  # [D] the same in every run of the same world and luck
    day: Reals  # [D]
    levels: Mapping[str, tuple[str, ...]]  # by way of slicing (``WAYS``)
    codes: Mapping[str, Ints]  # [D] each into its levels


class Displaced(NamedTuple):
    """What became under B of cases that A disclosed through the treaty and B did not."""

    left: int  # such cases
    rows: Ints  # of B's disclosures: the ways by which it disclosed those that it did, one a case

    @property
    def share(self) -> float:
        """Share of them that B disclosed another way."""
        return float(self.rows.size / self.left) if self.left else np.nan


WAYS = ("requested", "instrument", "channel", "kind", "label", "data_class")
"""Ways in which what was disclosed is sliced by what was filed."""


def given_rows(run: Finished) -> Ints:
    """Docket rows that gave data in an abusive case of the cohort; of several in one case all."""
    rows = giving_rows(run.docket, run.cases)
    return rows[cohort_of(run)[run.docket.case[rows]] & run.cases.abusive[run.docket.case[rows]]]


def given_of(run: Finished) -> Given:
    """The disclosures of a run that ``displaced`` pairs."""
    rows = given_rows(run)
    ways = {by: (levels, codes) for by, levels, codes in _request_slices(run, rows)}
    ids = run.cases.id[run.docket.case[rows]].astype(np.int64)
    levels, codes = ({by: ways[by][part] for by in WAYS} for part in (0, 1))
    return Given(ids, run.docket.executed_day[rows], levels, codes)  # type: ignore[arg-type]


def displaced(a: Given, b: Given, treaty: str = "hanoi") -> Displaced:
    """Cases disclosed through the treaty under A and not under B, by pairing, and how B disclosed them instead.

    Through the treaty is by any of its doors; another way is one that gave nothing under A. Both are runs of one world and luck.
    """

    def through(side: Given) -> tuple[Ints, Ints]:
        """Cases by the treaty, and by another text."""
        known = side.levels["instrument"]
        of_it = side.codes["instrument"] == (known.index(treaty) if treaty in known else -1)
        return np.unique(side.case[of_it]), np.unique(side.case[~of_it])

    (treaty_a, other_a), (treaty_b, other_b) = through(a), through(b)
    left = np.setdiff1d(treaty_a, treaty_b, assume_unique=True)
    moved = np.setdiff1d(np.intersect1d(left, other_b, assume_unique=True), other_a, assume_unique=True)
    rows = np.flatnonzero(np.isin(b.case, moved))
    places = np.searchsorted(moved, b.case[rows])
    return Displaced(left.size, rows[one_a_case(places, b.codes["data_class"][rows], b.day[rows])])


def displacement_rate(a: Finished, b: Finished, treaty: str = "hanoi") -> tuple[float, int]:
    """Of cases disclosed through the treaty under A and not under B, the share disclosed another way under B, by pairing.

    Returns the fraction and the number of cases disclosed through the treaty under A and not under B. Raises ``ValueError``
    for two runs that do not share their cases.
    """
    if not np.array_equal(a.cases.id, b.cases.id):
        raise ValueError("two runs of different world or event seeds share no cases: displacement pairs case by case")
    found = displaced(given_of(a), given_of(b), treaty)
    return found.share, found.left


def displacement_rows(a: Given, b: Given, treaty: str = "hanoi") -> Iterator[Row]:
    """``displacement_rate`` by where displaced cases went: kind and label, channel, text and requested state; slices add up."""
    found = displaced(a, b, treaty)
    for by, levels in b.levels.items():
        codes = _counted(b.codes[by][found.rows], levels)
        yield from _rows("displacement_rate", by, levels, codes, np.full(len(levels), found.left))
