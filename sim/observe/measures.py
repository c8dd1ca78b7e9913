"""What is computed of counts: concentration, how volume follows yield, who goes on without an answer, how much states differ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.arrays import Flags, Reals

_LEAST_LOG = 0.5  # requests that stand for none where a logarithm is taken
_FEWEST = 2  # points that a line needs, or states a spread


class Measured(NamedTuple):
    """A value with the number of things that it stands on; nan on too few."""

    value: float
    n: int


def gini(counts: NDArray[np.generic]) -> Measured:
    """Gini coefficient of the counts above zero, each of one requester: 0 where all are equal.

    >>> round(gini(np.array([1, 1, 1, 1])).value, 3), round(gini(np.array([0, 1, 3])).value, 3)
    (0.0, 0.25)
    """
    held = np.sort(np.asarray(counts, float)[np.asarray(counts) > 0])
    if not held.size:
        return Measured(np.nan, 0)
    rank = np.arange(1, held.size + 1)
    return Measured(float(2 * (rank * held).sum() / (held.size * held.sum()) - (held.size + 1) / held.size), held.size)


def top_share(counts: NDArray[np.generic], most: int) -> Measured:
    """Share of all that the ``most`` largest hold.

    >>> top_share(np.array([5, 1, 4]), 2).value
    0.9
    """
    held = np.sort(np.asarray(counts, float))[::-1]
    return share(float(held[:most].sum()), float(held.sum()), int((held > 0).sum()))


def share(part: float, whole: float, n: int | None = None) -> Measured:
    """A share, standing on its denominator unless ``n`` says otherwise; nan of nothing."""
    return Measured(part / whole if whole else np.nan, int(whole) if n is None else n)


def slope(x: Reals, y: Reals) -> Measured:
    """Slope of the least-squares line of ``y`` on ``x``; nan where ``x`` does not vary.

    >>> slope(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])).value
    2.0
    """
    if x.size < _FEWEST:
        return Measured(np.nan, x.size)
    apart = x - x.mean()
    spread = float((apart**2).sum())
    return Measured(float((apart * (y - y.mean())).sum()) / spread if spread else np.nan, x.size)


class Panel(NamedTuple):
    """Requester by half-year, those cells that have enough earlier requests."""

    who: NDArray[np.int64]  # row of the requester
    yields: Reals  # share answered in the earlier half-year
    growth: Reals  # log of the requests of the next one over those of this one


def growth_panel(requests: NDArray[np.integer], answered: NDArray[np.integer], earlier: int) -> Panel:
    """Growth from each half-year to the next ``[H, N]`` of requesters with at least ``earlier`` requests in the first of the two.

    A half-year without a request counts as half a one.
    """
    half, who = np.nonzero(requests[:-1] >= earlier)
    before, after = requests[half, who].astype(float), np.maximum(requests[half + 1, who], _LEAST_LOG)
    return Panel(who.astype(np.int64), answered[half, who] / before, np.log(after / before))


def pooled_slope(panel: Panel) -> Measured:
    """Slope of growth on the last yield over all cells."""
    return slope(panel.yields, panel.growth)


def within_slope(panel: Panel) -> Measured:
    """The same about the means of each requester, of whom only those with two cells or more say anything."""
    cells = np.bincount(panel.who)
    kept = cells[panel.who] >= _FEWEST
    who, yields, growth = panel.who[kept], panel.yields[kept], panel.growth[kept]
    return slope(yields - _means(who, yields), growth - _means(who, growth))


def _means(who: NDArray[np.int64], values: Reals) -> Reals:
    """The mean of its requester's cells, at each cell."""
    cells = np.maximum(np.bincount(who), 1)
    return np.asarray((np.bincount(who, weights=values) / cells)[who])


def zero_yield_persists(
    requests: NDArray[np.integer], answered: NDArray[np.integer], zero_from: int, persists_from: float, a_year: int
) -> Measured:
    """Of requesters that never had an answer in half-years ``[H, N]``, the share that still asks as much at the end.

    They asked at least ``zero_from`` times in the first year (``a_year`` half-years); as much is ``persists_from`` of the first
    year's requests in the last one.
    """
    if len(requests) <= a_year:
        return Measured(np.nan, 0)
    first, last = requests[:a_year].sum(axis=0), requests[-a_year:].sum(axis=0)
    never = (answered.sum(axis=0) == 0) & (first >= zero_from)
    return share(float((last[never] >= persists_from * first[never]).sum()), float(never.sum()))


def smallest_step(values: Reals) -> float:
    """The smallest rise from a value to the next one; below zero where the order breaks, nan where a value is missing.

    >>> round(smallest_step(np.array([0.0, 0.5, 0.4])), 2)
    -0.1
    """
    return float(np.diff(values).min())


def orders_between(hits: NDArray[np.integer], trials: NDArray[np.integer], tail: float) -> Measured:
    """Orders of magnitude between states whose shares lie at ``tail`` and ``1 - tail``, chance taken out.

    ``hits`` of ``trials``, both ``[N]``. The shares are taken for a beta distribution with the mean and the variance that are left
    when what binomial counts would vary by themselves is taken off (method of moments). Where nothing is left, states do not
    differ: zero orders.
    """
    n, states = trials.astype(float), int(trials.size)
    mean = float(hits.sum() / n.sum()) if states else 0.0
    if states < _FEWEST or not 0 < mean < 1:
        return Measured(np.nan, states)
    shares = hits / n
    chance = mean * (1 - mean) * float((1 / n).mean())
    between = (float(((shares - mean) ** 2).mean()) - chance) / (1 - float((1 / n).mean())) if float(n.min()) > 1 else np.nan
    if np.isnan(between):
        return Measured(np.nan, states)
    if between <= 0:
        return Measured(0.0, states)
    weight = mean * (1 - mean) / between - 1
    if weight <= 0:
        return Measured(np.nan, states)
    ends = special.betaincinv(mean * weight, (1 - mean) * weight, np.array([tail, 1 - tail]))
    least = float(1 / np.median(n))  # nobody tells a smaller share from none in a state with so many requests
    return Measured(float(np.log10(max(ends[1], least) / max(ends[0], least))), states)


def raw_orders(hits: NDArray[np.integer], trials: NDArray[np.integer]) -> Measured:
    """Orders of magnitude between the largest and the smallest share above zero, chance included."""
    held = hits > 0
    shares = hits[held] / trials[held]
    return Measured(float(np.log10(shares.max() / shares.min())) if held.any() else np.nan, int(trials.size))


def in_bands(liberal: Reals, edges: list[float]) -> NDArray[np.int64]:
    """Band ``[N]`` of a state's liberal democracy, 0 the least liberal."""
    return np.searchsorted(np.asarray(edges), liberal, side="right").astype(np.int64)


def band_shares(bands: NDArray[np.int64], hits: Reals, trials: Reals, count: int) -> tuple[Reals, Reals]:
    """Share and trials of each of ``count`` bands, from hits of trials ``[N]`` by requester."""
    part, whole = (np.bincount(bands, weights=values, minlength=count).astype(float) for values in (hits, trials))
    return np.divide(part, whole, out=np.full(count, np.nan), where=whole > 0), whole


def median_of(values: Reals, kept: Flags) -> Measured:
    """The median of the values that are kept."""
    return Measured(float(np.median(values[kept])) if kept.any() else np.nan, int(kept.sum()))
