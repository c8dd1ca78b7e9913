"""Components of variance: an outcome's total spread divided among parameter draws, worlds, their interaction, and replicates.

Every point of a study meets the same worlds and, in each world, the same replicates (common random numbers). So draws ``D`` are
crossed with worlds ``W``, and replicates ``L`` are nested in worlds and crossed with draws:

    y = mean + draw + world + draw x world + luck in the world + draw x luck in the world.

All terms are random with expectation zero; each variance is estimated by the analysis of variance, mean squares set equal to what
they estimate (Searle, Casella and McCulloch 1992, chapter 4). The estimates are unbiased, and so may be negative where the true
variance is near zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from experiments.analysis.over_worlds import UNBOUNDED, over_worlds
from experiments.statistics import LEVEL, mean_of, simulation_error
from experiments.text import counted, in_a_row
from sim.arrays import Flags, Reals

TAILS = (5.0, 95.0)  # per cent: the ends of every band over parameter draws; assumed: nine draws of ten, named so in every sentence
_FEWEST = 2  # of anything that is to have a spread


class SpreadShares(NamedTuple):
    """What each source adds to the variance of one run; missing where the layout cannot tell.

    Without a second replicate, what luck adds is part of ``world`` and ``interaction``, and ``replicate`` is missing.
    """

    parameter: float  # between draws: what would be left with endless worlds and replicates
    world: float  # between worlds, the same in every draw
    interaction: float  # how far worlds differ in what a draw does
    replicate: float  # between replicates of one world
    draws: int  # complete ones
    worlds: int
    replicates: int
    dropped: int  # draws left out because a run of theirs has no value

    @property
    def shares(self) -> dict[str, float]:
        """Shares of the variance of one run, negative estimates taken as zero; missing ones are left out."""
        known = {name: max(value, 0.0) for name, value in zip(self._fields[:4], self[:4], strict=True) if not np.isnan(value)}
        whole = sum(known.values())
        return {name: value / whole for name, value in known.items()} if whole > 0 else dict.fromkeys(known, 0.0)


class Bands(NamedTuple):
    """A mean with what worlds and what draws do to it, apart; missing where there is one world, or one draw."""

    mean: float
    world_low: float  # range over worlds of a world's mean over the draws
    world_high: float
    worlds_agreeing: int  # that have the sign of the mean
    error_low: float  # simulation error of the mean (Student's t on world means), the draws taken as they are
    error_high: float
    chance_share: float  # of luck in the variance of a world's mean; missing without a second replicate
    inside: float  # chance that a further world falls into the range
    draw_low: float  # 5th to 95th percentile over draws of the mean over worlds, with some replicate noise left in it
    draw_high: float
    parameter_sd: float  # between draws, replicate noise taken out
    draws: int
    worlds: int
    runs: int
    dropped: int  # draws left out because a run of theirs has no value


class CompletePart(NamedTuple):
    """The largest table without holes in a study that may be unfinished: which of its draws, worlds and replicates."""

    draws: Flags  # [D]
    worlds: Flags  # [W]
    replicates: Flags  # [L]
    dropped: tuple[int, int, int]  # draws, worlds and replicates left out; worlds and replicates without any run are not missed

    def of(self, values: Reals) -> Reals:
        """The same of ``[..., D, W, L]``."""
        return np.asarray(values[..., self.draws, :, :][..., self.worlds, :][..., self.replicates])


def complete_part(known: Flags, begun: Flags | None = None) -> CompletePart:
    """The draws, worlds and replicates of ``[D, W, L]`` that hold most runs together and lack none.

    A study that was stopped while it grew has worlds, replicates or draws that are only begun. They are left out, and not the
    finished runs beside them: replicates that few draws have are tried without, then draws with holes are dropped; the largest
    rest counts.
    ``begun`` ``[D, W, L]`` tells where there is any run, if that is more than what is known.
    """
    counts = known.sum(0)  # [W, L]
    best = tuple(np.zeros(size, bool) for size in known.shape)
    most = 0
    for least in np.unique(counts[counts > 0]):
        worlds, replicates = _rectangle(counts >= least)
        draws = known[:, worlds][:, :, replicates].all((1, 2))
        size = int(draws.sum() * worlds.sum() * replicates.sum())
        if size > most:
            best, most = (draws, worlds, replicates), size
    there = known if begun is None else begun
    all_of = len(known), int(there.any((0, 2)).sum()), int(there.any((0, 1)).sum())
    dropped = all_of[0] - int(best[0].sum()), all_of[1] - int(best[1].sum()), all_of[2] - int(best[2].sum())
    return CompletePart(best[0], best[1], best[2], dropped)


def _rectangle(had: Flags) -> tuple[Flags, Flags]:
    """Worlds and replicates without a hole, ``[W]`` and ``[L]`` from ``[W, L]``: the emptiest are dropped one by one."""
    worlds, replicates = had.any(1), had.any(0)
    while not had[np.ix_(worlds, replicates)].all():
        of_world = np.where(worlds, had[:, replicates].mean(1), np.inf)
        of_replicate = np.where(replicates, had[worlds].mean(0), np.inf)
        side, shares = (worlds, of_world) if of_world.min() <= of_replicate.min() else (replicates, of_replicate)
        side[int(shares.argmin())] = False
    return worlds, replicates


def left_out(dropped: Sequence[int]) -> str:
    """A sentence about draws, worlds and replicates that are left out; nothing where none is.

    >>> left_out((1, 0, 2)), left_out((0, 0, 0))
    ('Left out: 1 draw and 2 replicates, for a run of theirs is missing or has no value.', '')
    """
    parts = [counted(count, noun) for count, noun in zip(dropped, ("draw", "world", "replicate"), strict=True) if count]
    return f"Left out: {in_a_row(parts)}, for a run of theirs is missing or has no value." if parts else ""


def share_limits(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share of so many independent draws, never of no width (Wilson 1927); missing where there is no draw.

    >>> [round(limit, 3) for limit in share_limits(0.0, 64)], [round(limit, 3) for limit in share_limits(0.5, 64)]
    ([0.0, 0.057], [0.381, 0.619])
    """
    if not count or np.isnan(share):
        return float("nan"), float("nan")
    square = float(special.ndtri(0.5 + LEVEL / 2)) ** 2
    middle, over = share + square / (2 * count), 1 + square / count
    half = float(np.sqrt(square * (share * (1 - share) + square / (4 * count)) / count))
    return max((middle - half) / over, 0.0), min((middle + half) / over, 1.0)


def complete(values: Reals) -> tuple[Reals, int]:
    """The largest part of ``[D, W, L]`` in which every run has a value, and how many draws were left out (``complete_part``)."""
    kept = complete_part(~np.isnan(values))
    return kept.of(values), kept.dropped[0]


def spread_components(values: Reals) -> SpreadShares:
    """The components of variance of ``[D, W, L]``, draws without all their runs left out."""
    table, dropped = complete(values)
    D, W, L = table.shape
    nan = float("nan")
    if D == 0:
        return SpreadShares(nan, nan, nan, nan, D, W, L, dropped)
    cells = table.mean(2)  # [D, W]
    of_draw, of_world, whole = cells.mean(1), cells.mean(0), float(cells.mean())
    of_replicate = table.mean(0)  # [W, L]
    crossed = cells - of_draw[:, None] - of_world + whole
    rest = table - cells[:, :, None] - of_replicate + of_world[:, None]
    draw = _square(W * L * (of_draw - whole) ** 2, D - 1)
    world = _square(D * L * (of_world - whole) ** 2, W - 1)
    both = _square(L * crossed**2, (D - 1) * (W - 1))
    replicate = _square(D * (of_replicate - of_world[:, None]) ** 2, W * (L - 1))
    own = _square(rest**2, W * (D - 1) * (L - 1))
    parameter = (draw - both) / (W * L)
    if D < _FEWEST:
        return SpreadShares(nan, (world - (replicate if L > 1 else 0.0)) / L, nan, replicate, D, W, L, dropped)
    if L < _FEWEST:
        return SpreadShares(parameter, (world - both) / D, both, nan, D, W, L, dropped)
    return SpreadShares(
        parameter=parameter,
        world=(world - both - replicate + own) / (D * L),
        interaction=(both - own) / L,
        replicate=own + (replicate - own) / D,
        draws=D,
        worlds=W,
        replicates=L,
        dropped=dropped,
    )


def _square(squares: Reals, free: int) -> float:
    """A mean square; missing without a degree of freedom."""
    return float(squares.sum() / free) if free > 0 else float("nan")


def bands_of(values: Reals, possible: tuple[float, float] = UNBOUNDED) -> Bands:
    """What a table or a figure says of ``[D, W, L]``: the mean, and what worlds and parameters do to it apart.

    ``values`` may be paired differences; ``possible`` are the least and the greatest value that there can be. Draws without all
    their runs are left out and counted.
    """
    table, dropped = complete(values)
    (D, W), nan = table.shape[:2], float("nan")
    if D == 0:
        return Bands(nan, nan, nan, 0, nan, nan, nan, nan, nan, nan, nan, D, W, 0, dropped)
    runs = table.mean(0)  # [W, L]
    of_world, cells = runs.mean(1), table.mean(2)
    mean = float(cells.mean())
    found = over_worlds(of_world, np.array(mean), simulation_error(of_world, possible), runs)
    low, high = np.percentile(cells.mean(1), TAILS) if D >= _FEWEST else (nan, nan)
    parameter = spread_components(table).parameter
    return Bands(
        mean=mean,
        world_low=float(found.low),
        world_high=float(found.high),
        worlds_agreeing=int(found.agreeing),
        error_low=float(found.error_low),
        error_high=float(found.error_high),
        chance_share=float(found.chance),
        inside=float(found.inside),
        draw_low=float(low),
        draw_high=float(high),
        parameter_sd=float(np.sqrt(max(parameter, 0.0))) if not np.isnan(parameter) else nan,
        draws=D,
        worlds=W,
        runs=table.size,
        dropped=dropped,
    )


def noise_of(cells: Reals) -> Reals:
    """Variance that replicate noise adds to the spread of means over worlds between draws, from ``[..., D, W]``; shape ``[...]``.

    What worlds do alike in every draw shifts all of them and adds nothing. Missing under two draws or two worlds.
    """
    of_draw, of_world = mean_of(cells)[..., None], cells.mean(-2, keepdims=True)
    crossed = cells - of_draw - of_world + cells.mean((-2, -1), keepdims=True)
    D, W = cells.shape[-2:]
    free = (D - 1) * (W - 1) * W
    return np.asarray((crossed**2).sum((-2, -1)) / free if free > 0 else np.full(cells.shape[:-2], np.nan))


def steadied(cells: Reals) -> Reals:
    """Means over worlds ``[..., D]`` from ``[..., D, W]``, drawn in towards their mean until they spread as much as without noise.

    Quantiles and shares over draws that are read off plain means are too extreme, for noise widens them. Drawn in so that their
    variance is what the analysis of variance gives for endless worlds, they have the right mean and the right spread (Louis 1984).
    With one world nothing is known of the noise, and the means stay as they are.
    """
    means = mean_of(cells)
    return means if min(cells.shape[-2:]) < _FEWEST else drawn_in(means, noise_of(cells))


def drawn_in(means: Reals, noise: Reals) -> Reals:
    """``[..., D]`` drawn in towards their mean until their variance is smaller by ``noise`` ``[...]``, or nothing is left of it."""
    middle, seen = mean_of(means)[..., None], means.var(-1, ddof=1)
    kept = np.divide(np.maximum(seen - noise, 0.0), seen, out=np.zeros_like(seen), where=seen > 0)
    return np.asarray(middle + np.sqrt(kept)[..., None] * (means - middle))
