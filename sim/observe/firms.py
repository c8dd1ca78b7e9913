"""What a firm publishes each half-year: requests by requester and channel, how many gave some data, how many gave content.

A firm counts what reaches it and nothing else: its part of the direct requests, which is all that it knows of volumes abroad, the
files that were put to it directly, and the formal requests that reach it through the authorities of the states where it is. It
reads the requester and the channel; it does not know whom a request pursues.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Reals
from sim.conduct.direct import DirectCounts
from sim.draws import Draws, name_keys
from sim.observe.files import Filed, of_names
from sim.observe.measures import (
    Measured,
    band_shares,
    gini,
    growth_panel,
    in_bands,
    median_of,
    pooled_slope,
    share,
    slope,
    smallest_step,
    top_share,
    within_slope,
    zero_yield_persists,
)
from sim.observe.rows import Row
from sim.observe.spec import ObserveSpec
from sim.observe.thinning import Slot, counts_by_firm, files_of, slots_of
from sim.world.states import StateTable
from sim.world.vocabulary import CONTENT, DAYS_PER_MONTH, DIRECT

MONTHS_OF_REPORT = 6
"""Months of a report: firms publish by half-years."""
A_YEAR = 12 // MONTHS_OF_REPORT
TOP = (5, 10)
"""How many of the largest requesters the sources name together (empirics.md 1.5)."""
BANDS = ("lowest", "lower", "upper", "highest")
"""Bands of the requester's liberal democracy, the least liberal first."""
_DIRECT, _FILE, _MLA = "observe:direct", "observe:file", "observe:mla"
ORDINARY, EMERGENCY = range(2)  # places among the processes of direct counts


class Report(NamedTuple):
    """All reports of one firm over the window, ``H`` half-years; its own state's requests are not in it."""

    requests: NDArray[np.int64]  # [H, N, Q] direct
    answered: NDArray[np.int64]  # [H, N, Q] of these with some data
    content: NDArray[np.int64]  # [H, N, Q] of these with content
    mla: NDArray[np.int64]  # [H, N] through the authorities of the states where it is


def reports_of(
    counts: DirectCounts,
    files: Filed,
    states: StateTable,
    texts: tuple[str, ...],
    spec: ObserveSpec,
    draws: Draws,
    first_month: int,
    months: int,
) -> dict[str, Report]:
    """The reports of each firm of ``spec``, from ``first_month`` of the counts on, over the whole half-years of ``months``."""
    halves = months // MONTHS_OF_REPORT
    shares = {name: firm.share for name, firm in spec.firms.items()}
    all_asked, all_met = (_by_half(part, first_month, halves) for part in (counts.requested, counts.answered))
    keys = (
        states.keys[None, :, None],
        np.arange(halves, dtype=np.uint64)[:, None, None],
        name_keys(counts.processes)[None, None, :],
    )
    met = counts_by_firm(all_met, shares, draws, f"{_DIRECT}:answered", *keys)
    unmet = counts_by_firm(all_asked - all_met, shares, draws, f"{_DIRECT}:unanswered", *keys)
    direct, formal = slots_of(shares), slots_of({name: firm.mla_share for name, firm in spec.firms.items()})
    out = {}
    for name, firm in spec.firms.items():
        abroad = np.array([code != firm.home for code in states.codes])
        put = _files(files, direct[name], draws, halves, abroad)
        passed = _passed(files, formal[name], states, texts, spec, draws, halves, abroad)
        requests, answered = met[name] + unmet[name], met[name]
        requests[:, ~abroad], answered[:, ~abroad] = 0, 0
        some, content = put.where(put.granted >= 0), put.where(put.granted == CONTENT)
        out[name] = Report(
            requests + _counted(put, halves, states.count, len(counts.processes)),
            answered + _counted(some, halves, states.count, len(counts.processes)),
            _counted(content, halves, states.count, len(counts.processes)),
            _counted(passed, halves, states.count, 1)[:, :, 0],
        )
    return out


def _by_half(counts: NDArray[np.integer], first_month: int, halves: int) -> NDArray[np.int64]:
    """Counts ``[T, N, H, Q]`` summed over jurisdictions and half-years, ``[halves, N, Q]``."""
    window = counts[first_month : first_month + halves * MONTHS_OF_REPORT].sum(axis=2)
    return np.asarray(window.reshape(halves, MONTHS_OF_REPORT, *window.shape[1:]).sum(axis=1), np.int64)


def _half_of(files: Filed) -> Ints:
    """In which half-year of the window each request was filed."""
    return np.floor(files.filed / (MONTHS_OF_REPORT * DAYS_PER_MONTH)).astype(np.int64)


def _files(files: Filed, slot: Slot, draws: Draws, halves: int, abroad: Flags) -> Filed:
    """Files put to the firm itself in the window."""
    half = _half_of(files)
    put = files.where((files.channel == DIRECT) & (half >= 0) & (half < halves) & abroad[files.requester])
    return put.where(files_of(slot, draws, _FILE, put.case, put.attempt))


def _passed(
    files: Filed,
    slot: Slot,
    states: StateTable,
    texts: tuple[str, ...],
    spec: ObserveSpec,
    draws: Draws,
    halves: int,
    abroad: Flags,
) -> Filed:
    """Formal requests that reach the firm through an authority of a state where it is."""
    half = _half_of(files)
    through = of_names(files.requested, states.codes, spec.mla_hosts) & ~of_names(files.text, texts, spec.texts_apart)
    passed = files.where(files.formal & through & (half >= 0) & (half < halves) & abroad[files.requester])
    return passed.where(files_of(slot, draws, _MLA, passed.case, passed.attempt))


def _counted(files: Filed, halves: int, states: int, processes: int) -> NDArray[np.int64]:
    """Files by half-year, requester and process; with one process alone all are of it."""
    process = files.urgent.astype(np.int64) * (processes > 1)
    place = (_half_of(files) * states + files.requester) * processes + process
    return np.bincount(place, minlength=halves * states * processes).reshape(halves, states, processes)


# --- what is said of them -------------------------------------------------------------------------------------------------------


def rows_of_firms(reports: Mapping[str, Report], states: StateTable, spec: ObserveSpec) -> Iterator[Row]:
    """The observables of every firm by itself: P1 to P6 and P16."""
    bands = in_bands(states.liberal, spec.bands)
    for name, report in reports.items():
        for pattern, observable, found in _of_firm(report, bands, spec):
            yield Row(pattern, f"{name}_{observable}", *found)


def _of_firm(report: Report, bands: Ints, spec: ObserveSpec) -> Iterator[tuple[str, str, Measured]]:
    asked, met = report.requests[:, :, ORDINARY], report.answered[:, :, ORDINARY]
    lately, mla = asked[-A_YEAR * spec.volume_years :].sum(axis=0), report.mla[-A_YEAR * spec.mla_years :].sum(axis=0)
    direct, formal = gini(lately), gini(mla)
    yield "P1", "gini", direct
    for most in TOP:
        yield "P1", f"top{most}_share", top_share(lately, most)
    yield "P2", "mla_gini", formal
    yield "P2", f"mla_top{TOP[0]}_share", top_share(mla, TOP[0])
    yield "P2", "mla_requesters", Measured(float((mla > 0).sum()) if mla.any() else np.nan, int(mla.sum()))
    yield "P2", "gini_above_mla", Measured(direct.value - formal.value, min(direct.n, formal.n))
    yield from _ratios(report)
    yield from _by_band(asked, met, bands, spec)
    panel = growth_panel(asked, met, spec.earlier)
    yield "P5", "pooled_slope", pooled_slope(panel)
    yield "P5", "within_slope", within_slope(panel)
    span = slice(-A_YEAR * spec.zero_years, None)
    yield "P6", "persisting", zero_yield_persists(asked[span], met[span], spec.zero_from, spec.persists_from, A_YEAR)
    yield "P16", "content_share", share(float(report.content.sum()), float(report.requests.sum()))


def _ratios(report: Report) -> Iterator[tuple[str, str, Measured]]:
    formal, direct = report.mla.sum(axis=1).astype(float), report.requests.sum(axis=(1, 2)).astype(float)
    known = (formal > 0) & (direct > 0)
    years = np.flatnonzero(known) / A_YEAR
    yield "P3", "mla_to_direct", share(float(formal.sum()), float(direct.sum()), int(formal.sum()))
    yield "P3", "trend", slope(years, np.log(formal[known] / direct[known]))


def _by_band(asked: Ints, met: Ints, bands: Ints, spec: ObserveSpec) -> Iterator[tuple[str, str, Measured]]:
    lately, given = (part[-A_YEAR * spec.volume_years :].sum(axis=0).astype(float) for part in (asked, met))
    shares, whole = band_shares(bands, given, lately, len(BANDS))
    for name, value, n in zip(BANDS, shares, whole, strict=True):
        yield "P4", f"answered_{name}", Measured(float(value), int(n))
    yield "P4", "answered_step", Measured(smallest_step(shares), int(whole.sum()))
    each: Reals = np.divide(given, lately, out=np.full(given.size, np.nan), where=lately > 0)
    yield "P4", "median_state_lower", median_of(each, (bands == 1) & (lately > 0))
