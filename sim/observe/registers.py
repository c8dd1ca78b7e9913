"""What a central authority's yearly statistics show: how files end, how long they take, what is pending, what courts do.

A register counts the files of its texts, by the day on which something happened to them, legitimate and abusive ones alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays import Flags, Ints, Reals
from sim.observe.files import Filed, of_names
from sim.observe.firms import BANDS
from sim.observe.measures import Measured, band_shares, share, smallest_step
from sim.observe.rows import Row
from sim.observe.spec import ObserveSpec
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    EXECUTED,
    IN_PART,
    LAPSED,
    PARKED,
    PENDING,
    REFUSED,
    WITHDRAWN,
)

_JUDGE = "judge"
_OPEN = (PENDING, PARKED)
_GRANTED = (EXECUTED, IN_PART)
_TAIL = 0.9  # the decile of delays that P8 names


def rows_of_registers(
    files: Filed, liberal: Ints, texts: tuple[str, ...], safeguards: tuple[str, ...], spec: ObserveSpec, closes: float
) -> Iterator[Row]:
    """P4 (the order at the formal desk) and P7 to P10; ``liberal`` ``[N]`` is the band of a requester."""
    held = files.where(files.formal & of_names(files.text, texts, spec.register_texts))
    finalised = held.where(_within(held.ended, closes) & ~np.isin(held.status, _OPEN))
    for pattern, observable, found in (
        *_grants(finalised, liberal, spec),
        *_dispositions(finalised),
        *_delays(held, closes),
        *_stocks(held, spec, closes),
        *_courts(held, safeguards, closes),
    ):
        yield Row(pattern, f"register_{observable}", *found)


def _within(day: Reals, closes: float) -> Flags:
    """Whether a day lies in the window."""
    return np.asarray((day >= 0) & (day < closes))


def _grants(finalised: Filed, liberal: Ints, spec: ObserveSpec) -> Iterator[tuple[str, str, Measured]]:
    granted = np.isin(finalised.status, _GRANTED)
    shares, whole = band_shares(liberal[finalised.requester], granted.astype(float), np.ones(granted.size), len(BANDS))
    shares = np.where(whole >= spec.grants_from, shares, np.nan)
    for name, value, n in zip(BANDS, shares, whole, strict=True):
        yield "P4", f"granted_{name}", Measured(float(value), int(n))
    yield "P4", "granted_step", Measured(smallest_step(shares), int(whole.sum()))


def _dispositions(finalised: Filed) -> Iterator[tuple[str, str, Measured]]:
    status, n = finalised.status, finalised.status.size
    refused, withdrawn, lapsed = (int((status == code).sum()) for code in (REFUSED, WITHDRAWN, LAPSED))
    granted = int(np.isin(status, _GRANTED).sum())
    yield "P7", "refused", share(refused, n)
    yield "P7", "withdrawn", share(withdrawn, n)
    yield "P7", "granted", share(granted, n)
    yield "P7", "otherwise", share(n - refused - withdrawn - granted, n)
    yield "P7", "lapsed_to_refused", share(lapsed, refused, lapsed + refused)


def _delays(held: Filed, closes: float) -> Iterator[tuple[str, str, Measured]]:
    months = ((held.executed - held.filed) / DAYS_PER_MONTH)[_within(held.executed, closes)]
    n = months.size
    yield "P8", "median_months", Measured(float(np.median(months)) if n else np.nan, n)
    yield "P8", "p90_months", Measured(float(np.quantile(months, _TAIL)) if n else np.nan, n)
    yield "P8", "mean_months", Measured(float(months.mean()) if n else np.nan, n)


def _stocks(held: Filed, spec: ObserveSpec, closes: float) -> Iterator[tuple[str, str, Measured]]:
    yield "P9", "stock_years", _stock_years(held.filed, held.ended, closes)
    kept = spec.housekeeping_years * DAYS_PER_YEAR  # a file of which nobody speaks any more stays on the books so long
    yield (
        "P9",
        "stock_years_with_lapsed",
        _stock_years(held.filed, np.where(held.status == LAPSED, held.ended + kept, held.ended), closes),
    )


def _stock_years(filed: Reals, ended: Reals, closes: float) -> Measured:
    """Files open on the last day over those that ended in the year before it."""
    open_then = (filed < closes) & ~(ended < closes)
    disposed = int(((ended >= closes - DAYS_PER_YEAR) & (ended < closes)).sum())
    return share(float(open_then.sum()), float(disposed), int(open_then.sum()) + disposed)


def _courts(held: Filed, safeguards: tuple[str, ...], closes: float) -> Iterator[tuple[str, str, Measured]]:
    judge = safeguards.index(_JUDGE) if _JUDGE in safeguards else len(safeguards)
    decided = held.where(_within(held.decided, closes))
    refused, modified = decided.reason == judge, decided.narrowed == judge
    refused &= decided.status == REFUSED
    for name, base in (("read", decided.judged), ("decided", np.ones(decided.judged.size, np.bool_))):
        whole = float(base.sum())
        yield "P10", f"court_refused_of_{name}", share(float((refused & base).sum()), whole)
        yield "P10", f"court_modified_of_{name}", share(float((modified & base).sum()), whole)
