"""Estimands: one function each, over the arrays of one finished run. Denominators are latent, so no treatment moves them.

Cohort: cases that arise in the window. What is counted by case is followed for 24 months from the wish, abusive or not; where
the run-out is shorter, such an estimand is absent and says why. Units stand in ``UNITS``; ``count`` is the number of events
behind a value, before any division.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

import numpy as np
import pandas as pd

from sim.arrays import Ints, in_order
from sim.metrics.catalogue import SLICES, UNITS, absent_metrics
from sim.metrics.cohort import ABUSIVE, FILED, FORMAL, GAVE, LIVE, OF_COHORT, PRESERVED, Finished, Sliced, cohort_slices, one_a_case
from sim.metrics.counts import Counted, Filed, Wished, added
from sim.metrics.slicing import (
    GROUP_PAIRS,
    GROUP_REGIMES,
    GROUP_SIDES,
    PAIRS,
    PER,
    SIDES,
    counts_by_name,
    filed,
    formal_requests,
    request_slices,
    row,
    rows_of,
    wished,
)
from sim.world.estimand import EstimateRow, own_rows
from sim.world.spec import MetricsSpec
from sim.world.vocabulary import (
    DATA_CLASSES,
    DAYS_PER_MONTH,
    DETERRED,
    DIVERTED,
    EMPTY,
    EXECUTED,
    GROUPS,
    IN_PART,
    LAPSED,
    NOT_LIVE,
    PARKED,
    PENDING,
    REFUSED,
    REGIMES,
    WITHDRAWN,
)

_NO_TEXT = -1  # the code of a text that there is not
_HARM = (("all", "all", 3), ("risk", "own_use", 1), ("risk", "onward", 2))
"""Ways in which data did harm beyond their case: slice, level, bits of ``Docket.misused``."""


def _by_case(metric: str, run: Finished, hit: Wished, whole: Wished, own: tuple[str, tuple[str, ...]]) -> Iterator[EstimateRow]:
    """Cases hit over all cases, and so in every slice known before anyone files: ``own``, requester, regime, year of the wish."""
    yield row(metric, "all", "all", hit.total, whole.total)
    yield from rows_of(metric, *own, hit.own, whole.own)
    yield from rows_of(metric, "requester", run.world.states.codes, hit.requester, whole.requester)
    yield from rows_of(metric, "regime", REGIMES, hit.regime, whole.regime)
    yield from rows_of(metric, "year", tuple(str(number) for number in range(1, run.years + 1)), hit.year, whole.year)


def _by_group(metric: str, run: Finished, hit: Ints, latent: Ints) -> Iterator[EstimateRow]:
    """``_by_case`` of abusive cases, whose own slice is the group of the person at risk."""
    hits, whole = (wished(run, cases, run.cases.group, GROUPS) for cases in (hit, latent))
    yield from _by_case(metric, run, hits, whole, ("group", GROUPS))


def _by_conduct(metric: str, run: Finished, hit: Wished, needs: Wished) -> Iterator[EstimateRow]:
    """``_by_case`` of needs, whose own slice is the conduct."""
    yield from _by_case(metric, run, hit, needs, ("conduct", run.world.offences.names))


def counted(run: Finished, cut: Sliced) -> Counted:
    """What is counted of the cases and requests that a finished run holds: those that were folded are not among them."""
    cases, docket, met = run.cases, run.docket, cut.met

    def needs(rows: Ints) -> Wished:
        return wished(run, rows, cases.conduct, run.world.offences.names)

    gave = cut.rows(GAVE)
    gave = gave[docket.misused[gave] > 0]
    return Counted(
        needs=needs(np.flatnonzero(cut.needs)),
        met=needs(docket.case[met]),
        filed=filed(run, met),
        in_full=np.array([(docket.granted[met] >= docket.wanted[met]).sum()]),
        usable=needs(docket.case[met[run.usable[met]]]),
        live=needs(docket.case[live_rows(run, cut, abusive=False)]),
        days=docket.executed_day[met] - cases.day[docket.case[met]],
        formal=formal_requests(run, cut),
        misused=np.array([np.unique(docket.case[gave[(docket.misused[gave] & bits) > 0]]).size for _, _, bits in _HARM]),
        hours=np.array([docket.hours[cut.rows(OF_COHORT, FORMAL)].sum(dtype=float)]),
    )


def counted_whole(run: Finished, cut: Sliced) -> Counted:
    """What is counted of all cases and requests of a run, folded or not."""
    found = counted(run, cut)
    return found if run.folded is None else added(run.folded, found)


def _by_request(metric: str, run: Finished, rows: Filed, whole: int) -> Iterator[EstimateRow]:
    """Requests that gave data over all latent cases, by what was filed: these slices add up to the whole."""
    for (by, levels, _), counts in zip(request_slices(run, np.empty(0, np.int64)), rows, strict=False):
        yield from rows_of(metric, by, levels, counts, np.full(len(levels), whole))


def _by_pair(metric: str, cells: Ints, whole: Ints) -> Iterator[EstimateRow]:
    """Requests that gave data by pairs of classes, over the cases ``whole`` of each requester's class; see ``pair_rows``."""
    yield from rows_of(metric, "pair", PAIRS, cells, np.repeat(whole, len(REGIMES)))


def pair_rows(metric: str, run: Finished, rows: Ints, whole: Ints) -> Iterator[EstimateRow]:
    """Requests ``[D]`` that gave data by the classes of requester and requested, over all cases ``whole`` of the requester's class.

    A case has up to five hosts and no requested state before it is filed, so the cells of a requester's class share a
    denominator and add up to that class's rate. The same within each group, and each group by the requester's class and by two
    classes on each side (``SIDES``).
    """
    classes = len(REGIMES)
    asks, answers = _regimes_of(run, rows)
    wished_by = run.world.states.regime[run.cases.requester[whole]].astype(np.int64)
    yield from _by_pair(metric, counts_by_name(asks * classes + answers, PAIRS), counts_by_name(wished_by, REGIMES))
    on, about = (run.cases.group[cases].astype(np.int64) for cases in (run.docket.case[rows], whole))
    hit = on * classes + asks
    cases = counts_by_name(about * classes + wished_by, GROUP_REGIMES)
    yield from rows_of(metric, "group_regime", GROUP_REGIMES, counts_by_name(hit, GROUP_REGIMES), cases)
    cells = counts_by_name(hit * classes + answers, GROUP_PAIRS)
    yield from rows_of(metric, "group_pair", GROUP_PAIRS, cells, np.repeat(cases, classes))
    sides, each = len(SIDES), classes // len(SIDES)
    cells = counts_by_name((on * sides + asks // each) * sides + answers // each, GROUP_SIDES)
    cases = counts_by_name(about * sides + wished_by // each, tuple(f"{one}|{side}" for one in GROUPS for side in SIDES))
    yield from rows_of(metric, "group_sides", GROUP_SIDES, cells, np.repeat(cases, sides))


def _regimes_of(run: Finished, rows: Ints) -> tuple[Ints, Ints]:
    """Classes of the requester and of the requested of docket rows ``[D]``."""
    regime = run.world.states.regime.astype(np.int64)
    return regime[run.cases.requester[run.docket.case[rows]]], regime[run.docket.requested[rows]]


def case_disclosure_rate(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Latent abusive cases that end in disclosure within 24 months by any modelled channel, over latent abusive cases.

    By group, requester and regime the denominator is the slice's own; by what was filed it is all latent abusive cases, so
    those slices add up to the whole; by pairs of classes it is all of the requester's class, so a requester's row adds up.
    """
    latent, rows = np.flatnonzero(cut.abusive), cut.disclosed
    yield from _by_group("case_disclosure_rate", run, run.docket.case[rows], latent)
    yield from _by_request("case_disclosure_rate", run, filed(run, rows), latent.size)
    yield from pair_rows("case_disclosure_rate", run, rows, latent)


def cross_border_disclosure_rate(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """The same over latent abusive cases whose evidence is not at home: the footing of ``legit_met_rate``.

    Evidence at home is never asked for abroad, so the numerator is that of ``case_disclosure_rate``. What was filed has no slices
    of its own here: they are those of ``case_disclosure_rate`` times one factor, 1 / (1 - ``domestic_share``).
    """
    latent, rows = np.flatnonzero(cut.abroad), cut.disclosed
    yield from _by_group("cross_border_disclosure_rate", run, run.docket.case[rows], latent)
    yield from pair_rows("cross_border_disclosure_rate", run, rows, latent)


def domestic_share(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Latent abusive cases whose evidence is at home, over latent abusive cases: no request abroad is ever made in them.

    A fact of the demand, which no policy moves.
    """
    latent = np.flatnonzero(cut.abusive)
    at_home = latent[run.cases.domestic[latent]]
    yield from _by_group("domestic_share", run, at_home, latent)


def legit_met_rate(run: Finished, counts: Counted) -> Iterator[EstimateRow]:
    """Latent legitimate cross-border needs met within 24 months by any channel, over such needs."""
    yield from _by_conduct("legit_met_rate", run, counts.met, counts.needs)
    yield from _by_request("legit_met_rate", run, counts.filed, counts.needs.total)
    yield from _by_pair("legit_met_rate", counts.filed.pair, counts.needs.regime)


def legit_met_in_full(run: Finished, counts: Counted) -> Iterator[EstimateRow]:
    """The same needs, met within 24 months with all the data that were wanted: what narrowing costs."""
    yield row("legit_met_in_full", "all", "all", int(counts.in_full[0]), counts.needs.total)


def legit_usable_rate(run: Finished, counts: Counted) -> Iterator[EstimateRow]:
    """The same needs, met within 24 months with data that a court would admit.

    More are admitted where a judge of the requested state read the request, and where the requester was trained: *assumption*
    (``review.usable``). So it is by construction that a judge raises the usable share of met needs. What is found is whether that
    outweighs the needs that a judge refuses, or delays past their requester's patience.
    """
    yield from _by_conduct("legit_usable_rate", run, counts.usable, counts.needs)


def live_rows(run: Finished, cut: Sliced, abusive: bool) -> Ints:
    """Docket rows of the cohort by which data are collected as they come, begun within the follow-up; one a case, the longest."""
    docket, live = run.docket, cut.rows(LIVE)
    rows: Ints = live[((cut.facts[live] & ABUSIVE) > 0) == abusive]
    return rows[one_a_case(docket.case[rows], docket.realtime[rows], docket.executed_day[rows])]


def realtime_rate(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Latent abusive cases that end in live collection within 24 months of the wish, over latent abusive cases.

    Never more than ``case_disclosure_rate``, case by case: live collection goes on from data that were given.
    """
    latent, rows = np.flatnonzero(cut.abusive), live_rows(run, cut, abusive=True)
    yield from _by_group("realtime_rate", run, run.docket.case[rows], latent)
    yield from _by_request("realtime_rate", run, filed(run, rows), latent.size)


def realtime_months(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Months for which people at risk are listened to, per 100 000 of the group a year; of each case the longest span, whole.

    Its count are the cases. Spans that begin in the window count to their end, if that comes after it.
    """
    rows = live_rows(run, cut, abusive=True)
    rows = rows[run.docket.executed_day[rows] < run.closes]
    group = run.cases.group[run.docket.case[rows]]
    months = np.bincount(group, weights=run.docket.realtime[rows], minlength=len(GROUPS))
    for level, total, people, count in zip(GROUPS, months, cut.at_risk, counts_by_name(group, GROUPS), strict=True):
        if people:
            yield "realtime_months", "group", level, total * PER / (people * run.years), int(count)


def legit_realtime_rate(run: Finished, counts: Counted) -> Iterator[EstimateRow]:
    """Latent legitimate cross-border needs that end in live collection within 24 months, over such needs."""
    yield from _by_conduct("legit_realtime_rate", run, counts.live, counts.needs)


def domestic_rate(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Latent domestic abusive cases that the state's own powers disclose, over latent domestic abusive cases.

    An expected value over the cases that are live: power by own law or as a party, times one less ``judicial`` times the chance
    that a judge is asked (``sim.review.at_home``). No request is made, so no reader is simulated and no luck drawn. The count are
    live cases with any chance of it. It stands on its own: no other estimand holds any part of it. Powers are for any offence
    (Art 23(2)), so no definition of a serious crime and no scope moves it.
    """
    cases, states = run.cases, run.world.states
    latent = np.flatnonzero(cut.abusive & cases.domestic)
    chance = run.at_home[latent]
    requester = cases.requester[latent].astype(np.int64)
    for by, levels, codes in (
        ("all", ("all",), np.zeros(latent.size, np.int64)),
        ("group", GROUPS, cases.group[latent].astype(np.int64)),
        ("requester", states.codes, requester),
        ("regime", REGIMES, states.regime[requester].astype(np.int64)),
    ):
        whole = counts_by_name(codes, levels)
        given = np.bincount(codes, weights=chance, minlength=len(levels))
        live = counts_by_name(codes[chance > 0], levels)
        for level, value, count, cases_of in zip(levels, given, live, whole, strict=True):
            if cases_of:
                yield "domestic_rate", by, level, float(value / cases_of), int(count)


def distinct_people(run: Finished, rows: Ints, yearly: bool) -> Ints:
    """How many distinct (row, member) pairs are among docket rows, by group ``[G]``; with ``yearly`` once a calendar year."""
    cases = run.docket.case[rows]
    year = np.floor((run.docket.executed_day[rows] - run.opens) / (12 * DAYS_PER_MONTH)).astype(np.int64)
    keys = np.column_stack([run.cases.person[cases], run.cases.member[cases], year if yearly else np.zeros_like(year)])
    unique = np.unique(keys, axis=0) if rows.size else keys.reshape(0, 3)
    return counts_by_name(run.world.people.group[unique[:, 0]], GROUPS)


def distinct_by(run: Finished, rows: Ints, codes: Ints, names: tuple[str, ...]) -> Ints:
    """How many distinct (row, member, calendar year) are among docket rows of each name ``[L]``; one may be of several."""
    cases = run.docket.case[rows]
    year = np.floor((run.docket.executed_day[rows] - run.opens) / (12 * DAYS_PER_MONTH)).astype(np.int64)
    keys = np.column_stack([codes, run.cases.person[cases], run.cases.member[cases], year])
    return counts_by_name(np.unique(keys, axis=0)[:, 0], names)


def targeted(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Distinct people disclosed in a calendar year, mean over years: as a rate by group, as a count over all groups.

    ``targeted_people`` by pairs of classes of requester and requested counts a person whom two pairs disclosed in one year in
    both, so its cells may add up to more than the whole.
    """
    at_risk, found = cut.at_risk, cut.rows(GAVE, ABUSIVE)
    by_treaty = run.docket.instrument[found] == (run.instruments.index("hanoi") if "hanoi" in run.instruments else _NO_TEXT)
    for metric, rows in (("targeted_rate", found), ("targeted_rate_treaty", found[by_treaty])):
        people = distinct_people(run, rows, yearly=True)
        yield from rows_of(metric, "group", GROUPS, people, at_risk * run.years / PER)
        if metric == "targeted_rate":
            yield "targeted_people", "all", "all", float(people.sum()) / run.years, int(people.sum())
            asks, answers = _regimes_of(run, rows)
            of_pairs = distinct_by(run, rows, asks * len(REGIMES) + answers, PAIRS)
            yield from rows_of("targeted_people", "pair", PAIRS, of_pairs, np.full(len(PAIRS), run.years))
    ever = distinct_people(run, found, yearly=False)
    yield from rows_of("ever_targeted", "group", GROUPS, ever, at_risk / PER)
    yield row("ever_targeted", "window_years", str(run.years), int(ever.sum()), float(in_order(at_risk)) / PER)


def abusive_fates(run: Finished, cut: Sliced, followed: Container[str]) -> Iterator[EstimateRow]:
    """Of latent abusive cases: filed, wished and not filed, preserved and not disclosed, within 24 months of the wish.

    Whether a wish is filed at all is settled in its month, so that share needs no follow-up.
    """
    latent = np.flatnonzero(cut.abusive)
    reached, disclosed = cut.reached[latent], np.isin(latent, run.docket.case[cut.disclosed])
    for metric, mask in (
        ("attempted_rate", (reached & FILED) > 0),
        ("deterred_share", run.case_status[latent] == DETERRED),
        ("preserved_only", ((reached & PRESERVED) > 0) & ~disclosed),
    ):
        if metric not in followed:
            continue
        hit = latent[mask]
        yield row(metric, "all", "all", hit.size, latent.size)
        groups = counts_by_name(run.cases.group[hit], GROUPS), counts_by_name(run.cases.group[latent], GROUPS)
        yield from rows_of(metric, "group", GROUPS, *groups)


def disclosure_severity(run: Finished, cut: Sliced, spec: MetricsSpec) -> Iterator[EstimateRow]:
    """Severity weights of the data classes given on people at risk, per 100 000 of the group a year; live data have their own."""
    rows = cut.rows(GAVE, ABUSIVE)
    live = run.docket.realtime[rows] > 0
    intrusion = run.docket.granted[rows] + len(DATA_CLASSES) * live  # data that go on as they come stand above any that are stored
    best = one_a_case(run.docket.case[rows], intrusion, run.docket.executed_day[rows])
    rows, live = rows[best], live[best]
    weight = np.array([spec.severity[name] for name in DATA_CLASSES])[run.docket.granted[rows]]
    weight = np.where(live, spec.severity_live, weight)
    group = run.cases.group[run.docket.case[rows]]
    at_risk, total = cut.at_risk, np.bincount(group, weights=weight, minlength=len(GROUPS))
    for level, value, people, count in zip(GROUPS, total, at_risk, counts_by_name(group, GROUPS), strict=True):
        if people:
            yield "disclosure_severity", "group", level, value * PER / (people * run.years), int(count)


def legit_delay_days(counts: Counted, spec: MetricsSpec) -> Iterator[EstimateRow]:
    """Quantiles of the cumulative incidence of execution among latent needs; not filing, refusal and lapse compete.

    Every need of the cohort is followed for 24 months, so the incidence at day d is the plain share met by then. A quantile
    beyond the incidence at 24 months is not reached: its value is missing, its count the number met.
    """
    days, total = counts.days, counts.needs.total
    places = [int(np.ceil(share * total)) - 1 for share in spec.quantiles]
    if reached := [place for place in places if place < days.size]:
        days = np.partition(days, reached)
    for share, place in zip(spec.quantiles, places, strict=True):
        value = float(days[place]) if total and place < days.size else np.nan
        yield "legit_delay_days", "quantile", f"{share:g}", value, int(days.size)


def unanswered_share(run: Finished, counts: Counted) -> Iterator[EstimateRow]:
    """Requests that end in silence (lapsed, or still parked or pending at the end), over requests filed in the window."""
    requests = counts.formal
    filed = requests.asked.sum(axis=0) - requests.asked[DIVERTED]  # [2, N]
    silent = requests.asked[[LAPSED, PARKED, PENDING]].sum(axis=0)
    yield row("unanswered_share", "all", "all", int(silent.sum()), int(filed.sum()))
    yield from rows_of("unanswered_share", "requested", run.world.states.codes, silent.sum(axis=0), filed.sum(axis=0))
    yield from rows_of("unanswered_share", "purpose", ("legitimate", "abusive"), silent.sum(axis=1), filed.sum(axis=1))


def backlog_months(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Expected remaining hours of the files waiting, over the hours of the month: mean over the window's months."""
    window = slice(run.first_month, run.first_month + 12 * run.years)
    waiting, hours = run.backlog[window], run.capacity[window]
    months = int(waiting.shape[0])
    yield "backlog_months", "all", "all", float((waiting.sum(axis=1) / hours.sum(axis=1)).mean()), months
    for code, value in zip(run.world.states.codes, (waiting / hours).mean(axis=0), strict=True):
        yield "backlog_months", "requested", code, float(value), months


def secondary_use_rate(run: Finished, cut: Sliced, counts: Counted) -> Iterator[EstimateRow]:
    """People at risk harmed by data disclosed for another case, whatever that case was about.

    Each disclosure harms one person at risk beyond it with a chance that falls with the receiver's data protection, by use
    beyond the case or by transfer to a third state (``leak`` and ``onward`` by case and receiver). Both chances are
    *assumption*: no source counts such use, so only its change between scenarios means anything.
    """
    whole = float(in_order(cut.at_risk)) * run.years / PER
    for (by, level, _), harmful in zip(_HARM, counts.misused.tolist(), strict=True):
        yield row("secondary_use_rate", by, level, harmful, whole)


def chilling(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Loss of expression against each person's own baseline, mean over people at risk and the window's months.

    Its count are the cases that people learned of in the window: their own, and their peers' that became public.
    """
    if run.lost is None:
        return
    window = slice(run.first_month, run.first_month + 12 * run.years)
    lost, blows, people = run.lost[window].mean(axis=0), run.blows[window].sum(axis=0), cut.at_risk
    yield "chilling", "all", "all", float(in_order(lost) / in_order(people)), int(blows.sum())
    for level, loss, whole, count in zip(GROUPS, lost, people, blows, strict=True):
        if whole:
            yield "chilling", "group", level, float(loss / whole), int(count)


def silenced_share(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Latent abusive cases that nobody wishes for any more because the person has fallen silent, over latent abusive cases.

    What ``case_disclosure_rate`` owes to silence and not to protection can be at most this.
    """
    latent = np.flatnonzero(cut.abusive)
    hit = latent[run.case_status[latent] == NOT_LIVE]
    yield row("silenced_share", "all", "all", hit.size, latent.size)
    groups = counts_by_name(run.cases.group[hit], GROUPS), counts_by_name(run.cases.group[latent], GROUPS)
    yield from rows_of("silenced_share", "group", GROUPS, *groups)


def spyware_rate(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Distinct people reached by spyware after the law gave nothing: a column of its own, never part of a disclosure rate."""
    hit = np.flatnonzero(run.spied & cut.abusive)
    keys = np.column_stack([run.cases.person[hit], run.cases.member[hit], (run.cases.month[hit] - run.first_month) // 12])
    people = counts_by_name(run.world.people.group[np.unique(keys, axis=0)[:, 0]], GROUPS)
    yield from rows_of("spyware_rate", "group", GROUPS, people, cut.at_risk * run.years / PER)


def notified_share(run: Finished, cut: Sliced) -> Iterator[EstimateRow]:
    """Abusive cases disclosed within 24 months whose person is ever told, before disclosure or after it."""
    told = run.docket.told[cut.disclosed] > 0
    yield row("notified_share", "all", "all", int(told.sum()), told.size)


def diagnostics(run: Finished, counts: Counted) -> Iterator[EstimateRow]:
    """Abuse among what was executed, and refusals among what was decided.

    Selected on filing, so never to be compared between scenarios that change filing.
    """
    ended = counts.formal.ended
    undecided, heard = ended[:, 0], ended[:, 1]  # [status, 2 abusive, I, class of the requester]
    executed = ended[[EXECUTED, IN_PART, EMPTY]].sum(axis=(0, 1))
    refused = ended[REFUSED].sum(axis=0)
    decided = heard.sum(axis=0) - heard[WITHDRAWN] + undecided[[EXECUTED, IN_PART, EMPTY, REFUSED]].sum(axis=0)
    for by, levels, others in (("all", ("all",), (0, 1)), ("instrument", run.instruments, 1), ("regime", REGIMES, 0)):
        for metric, part, whole in (
            ("abuse_share", executed[1], executed.sum(axis=0)),
            ("block_rate", refused[1], decided[1]),
            ("false_refusal_rate", refused[0], decided[0]),
        ):
            yield from rows_of(metric, by, levels, *(np.atleast_1d(counts.sum(axis=others)) for counts in (part, whole)))


def metrics_of(run: Finished, spec: MetricsSpec) -> tuple[pd.DataFrame, dict[str, str]]:
    """All estimands of one run, tidy (``metric, by, level, value, count``), and why some are absent."""
    cut = cohort_slices(run)
    return measured(run, cut, counted_whole(run, cut), spec)


def measured(run: Finished, cut: Sliced, counts: Counted, spec: MetricsSpec) -> tuple[pd.DataFrame, dict[str, str]]:
    """``metrics_of`` a run whose cases and requests have been cut and counted."""
    follow_up = run.months - run.first_month - 12 * run.years
    loaded = bool(np.isfinite(run.capacity).all())
    absent = absent_metrics(follow_up, loaded, run.spying, run.lost is not None, run.listening)
    followed = UNITS.keys() - absent.keys()
    rows = [*domestic_share(run, cut), *domestic_rate(run, cut)]
    if "case_disclosure_rate" in followed:
        rows += [*case_disclosure_rate(run, cut), *cross_border_disclosure_rate(run, cut), *notified_share(run, cut)]
        rows += [*legit_met_rate(run, counts), *legit_met_in_full(run, counts)]
        rows += [*legit_delay_days(counts, spec), *legit_usable_rate(run, counts)]
    if "realtime_rate" in followed:
        rows += [*realtime_rate(run, cut), *legit_realtime_rate(run, counts)]
    if run.listening:
        rows += realtime_months(run, cut)
    rows += [*targeted(run, cut), *abusive_fates(run, cut, followed)]
    rows += [*disclosure_severity(run, cut, spec), *unanswered_share(run, counts)]
    if "backlog_months" not in absent:
        rows += backlog_months(run, cut)
    rows += [*secondary_use_rate(run, cut, counts), *diagnostics(run, counts)]
    if run.lost is not None:
        rows += [*chilling(run, cut), *silenced_share(run, cut)]
    if run.spying:
        rows += spyware_rate(run, cut)
    rows += own_rows(run, cut, spec.own, SLICES)
    metric, by, level, value, count = zip(*rows, strict=True)
    words = {"metric": metric, "by": by, "level": level}
    return pd.DataFrame({**words, "value": np.array(value, float), "count": np.array(count, np.int64)}), absent
