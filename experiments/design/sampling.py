"""Draws of uncertain parameters and choices of levers: from a design's words to rows, by the libraries of the field."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.design.designs import PRIOR, PRIOR_ENDS, Design, Uncertainty, Value
from sim.priors import Prior
from sim.register import parameter
from sim.world.record import ConfigError

MOST_FACTORIAL = 16  # levers of which every combination is listed
MOST_POINTS = 1_000_000
"""Points of a design; *assumption*: they are made in a minute, and no machine runs more of them."""
_TOLD_FROM = 10_000  # points: about a second to make
ENDS: Literal["ends"] = "ends"
"""The draw that sets one end of one uncertainty at a time."""
_FRACTIONAL = 2  # levels of a fractional factorial


def parameter_draws(design: Design) -> pd.DataFrame:
    """One row a parameter draw, one column an uncertainty under its dotted key; a design without any has one empty row.

    The order of rows is the method's own: the estimators of Sobol, Morris and factorial designs read it. A value that a draw leaves
    as it is configured is missing: with ``draw: ends`` the first row sets nothing, each further one a single key (``ends_of``).
    """
    if not design.uncertainties:
        return pd.DataFrame(index=range(1))
    if design.draw == ENDS:
        rows = [{}, *({end.key: end.value} for end in ends_of(design))]
        return pd.DataFrame(rows, columns=list(design.uncertainties), dtype=object)
    return scaled(unit_draws(design), design.uncertainties)


def count_of_draws(design: Design) -> int:
    """How many rows ``parameter_draws`` has, without making them."""
    factors = len(design.uncertainties)
    if not factors:
        return 1
    if design.draw == "grid":
        return math.prod(_steps(known, design.levels) for known in design.uncertainties.values())
    if design.draw == "fractional":
        return _hadamard(factors)
    if design.draw == ENDS:
        return 1 + len(ends_of(design))
    return design.size * {"latin_hypercube": 1, "sobol": factors + 2, "morris": factors + 1}[str(design.draw)]


class End(NamedTuple):
    """One end of one uncertainty, which a draw sets alone."""

    draw: int  # the number of the draw; 0 sets nothing
    key: str
    value: Value


def ends_of(design: Design) -> list[End]:
    """The low end and the high end of each uncertainty, or each of its ``values``, in the order of the design.

    >>> asked = Design(question="what if?", draw="ends", uncertainties={"review.rho": Uncertainty(low=0.0, high=0.9)})
    >>> [tuple(end) for end in ends_of(asked)]
    [(1, 'review.rho', 0.0), (2, 'review.rho', 0.9)]
    """
    both = [(key, value) for key, known in design.uncertainties.items() for value in _both_ends(known)]
    return [End(number, key, value) for number, (key, value) in enumerate(both, 1)]


def _both_ends(known: Uncertainty) -> list[Value]:
    if known.values is not None:
        return list(known.values)
    ends = _bound(known.low), _bound(known.high)
    return [int(end) for end in ends] if known.shape == "whole" else list(ends)


def _hadamard(factors: int) -> int:
    """Rows of SALib's two-level design: the power of two above the factors, and its mirror image."""
    return 2 << (factors - 1).bit_length()


def count_of(design: Design) -> int:
    """How many points a design has, without making them: policies, times conditions, times draws; of a search, what it may ask."""
    if design.search is not None:
        return design.search.generation * design.search.generations
    policies = len(design.arms or design.scenarios or [design.baseline])
    if design.levers:
        levels = [len(choices) for choices in design.levels_of.values()]
        chosen = {"all": math.prod(levels), "fractional": _hadamard(len(levels)), "permutations": _passed(design)}
        policies = chosen[design.choose]
    return policies * max(len(design.conditions), 1) * count_of_draws(design)


def _passed(design: Design) -> int:
    """At most so many combinations lie on the way of the orders of a design of permutations."""
    return min(design.permutations * (len(design.levers) + 1), 1 << len(design.levers))


def refuse_count(design: Design) -> None:
    """Before any point is made. Raises ``ConfigError`` for more than ``MOST_POINTS``."""
    _refuse_grid(design)
    count = count_of(design)
    if count > MOST_POINTS:
        raise ConfigError(f"points: found {count:,}; accepted: at most {MOST_POINTS:,}: fewer levels, conditions or draws")


def _refuse_grid(design: Design) -> None:
    rows = count_of_draws(design) if design.draw == "grid" else 0
    if rows > MOST_POINTS:
        raise ConfigError(f"levels: found {rows:,} points of a grid; accepted: at most {MOST_POINTS:,}, or another draw")


def size_sentence(design: Design) -> str:
    """How many points will be made, where making them takes a while; empty elsewhere, and where a table has them."""
    count = 0 if design.table or design.search else count_of(design)
    most = "at most " if design.draw == ENDS or (design.levers and design.choose == "permutations") else ""
    return f"making {most}{count:,} points" if count >= _TOLD_FROM else ""


def unit_draws(design: Design) -> NDArray[np.float64]:
    """The draws in the unit cube ``[rows, factors]``.

    ``sobol``: Saltelli's scheme without second order, ``size`` (a power of two) times factors + 2 rows, whose first half is the
    design of half the size. ``morris``: ``size`` trajectories of factors + 1 rows. ``latin_hypercube``: ``size`` rows.
    ``fractional``: two levels, a Hadamard design. ``grid``: every combination of ``levels`` values.
    """
    if design.draw == ENDS:
        raise ConfigError("draw: found ends, which sets one key at a time; accepted: a draw that fills the unit cube")
    count, size = len(design.uncertainties), design.size
    problem = problem_of(list(design.uncertainties))
    if design.draw == "grid":
        _refuse_grid(design)
        steps = [np.linspace(0.0, 1.0, _steps(known, design.levels)) for known in design.uncertainties.values()]
        return np.array(list(product(*steps)), float)
    if design.draw == "latin_hypercube":
        from scipy.stats import qmc

        return np.asarray(qmc.LatinHypercube(count, rng=np.random.default_rng(design.draw_seed)).random(size))
    if design.draw == "sobol":
        refuse_size(design)
        from SALib.sample import sobol

        return np.asarray(sobol.sample(problem, size, calc_second_order=False, scramble=True, seed=design.draw_seed))
    if design.draw == "morris":
        if design.levels % 2:
            raise ConfigError(f"levels: found {design.levels} of a Morris design; accepted: an even number")
        from SALib.sample import morris

        return np.asarray(morris.sample(problem, size, num_levels=design.levels, seed=design.draw_seed))
    from SALib.sample import ff

    return np.asarray(ff.sample(problem))[:, :count]  # dummy columns are the analysis's to rebuild


def refuse_size(design: Design) -> None:
    """Sobol's scheme is balanced at powers of two alone. Raises ``ConfigError``."""
    if design.draw == "sobol" and design.size & (design.size - 1):
        raise ConfigError(f"size: found {design.size} base points of a Sobol design; accepted: a power of two")


def _steps(known: Uncertainty, levels: int) -> int:
    if known.values is not None:
        return len(known.values)
    if known.shape == "whole":
        return min(levels, int(_bound(known.high) - _bound(known.low)) + 1)
    return levels


def problem_of(names: Sequence[str]) -> dict[str, object]:
    """SALib's description of the unit cube."""
    return {"num_vars": len(names), "names": [*names], "bounds": [[0.0, 1.0]] * len(names)}


def scaled(unit: NDArray[np.float64], uncertainties: Mapping[str, Uncertainty]) -> pd.DataFrame:
    """Draws in the unit cube as values between the bounds, each by its shape."""
    return pd.DataFrame({key: _scaled(unit[:, place], known) for place, (key, known) in enumerate(uncertainties.items())})


def _scaled(u: NDArray[np.float64], known: Uncertainty) -> list[Value]:
    if known.values is not None:
        last = len(known.values) - 1
        return [known.values[min(int(share * len(known.values)), last)] for share in u]
    low, high = _bound(known.low), _bound(known.high)
    if known.shape == "whole":
        return [min(math.floor(low + share * (high - low + 1)), int(high)) for share in u]  # int() would draw zero twice as often
    if known.shape == PRIOR:
        least, most = PRIOR_ENDS
        spread = np.array([_prior_of(known).quantile(float(least + share * (most - least))) for share in u])
    else:
        spread = low * (high / low) ** u if known.shape == "log" else low + u * (high - low)
    return [float(value) for value in np.clip(spread, low, high)]  # rounding must not leave the bounds


def unit_of(value: Value, known: Uncertainty) -> float:
    """Where a value lies between its bounds: the unit cube's coordinate, the middle of the step for whole numbers and lists."""
    if known.values is not None:
        return (known.values.index(value) + 0.5) / len(known.values)
    low, high = _bound(known.low), _bound(known.high)
    if known.shape == "whole":
        return (int(value) - low + 0.5) / (high - low + 1)
    if known.shape == PRIOR:
        first, last = PRIOR_ENDS
        return (_prior_of(known).share_below(float(value)) - first) / (last - first)
    if known.shape == "log":
        return float(np.log(float(value) / low) / np.log(high / low))
    return (float(value) - low) / (high - low)


def _prior_of(known: Uncertainty) -> Prior:
    prior = parameter(known.prior or "").prior
    if prior is None:
        raise ConfigError(f"uncertainties.{known.prior}: found no prior; accepted: keys that `rogatory keys` lists with one")
    return prior


def _bound(value: float | None) -> float:
    if value is None:
        raise ValueError("an uncertainty without values has both bounds")
    return value


def combinations_of(design: Design) -> list[dict[str, str]]:
    """The chosen combinations of the levers' levels: ``{lever: level}`` each; one empty one without levers.

    ``all`` lists every one, the first level of each first; ``fractional`` a two-level Hadamard design; ``permutations`` all that
    ``permutations`` random orders pass through as levers are switched on one by one. Raises ``ConfigError``.
    """
    levels = {name: list(choices) for name, choices in design.levels_of.items()}
    if design.choose == "all":
        if len(levels) > MOST_FACTORIAL:
            raise ConfigError(f"levers: found {len(levels)}; accepted: at most {MOST_FACTORIAL} with choose: all, or permutations")
        return [dict(zip(levels, chosen, strict=True)) for chosen in product(*levels.values())]
    for name, choices in levels.items():
        if len(choices) != _FRACTIONAL:
            raise ConfigError(f"levers.{name}: found {len(choices)} levels; accepted: two with choose: {design.choose}")
    if design.choose == "fractional":
        from SALib.sample import ff

        rows = np.asarray(ff.sample(problem_of(list(levels))))[:, : len(levels)] > 0  # its two levels are 0 and 1
    else:
        rows = np.unique(np.concatenate([chain_of(order) for order in orders_of(design)]), axis=0)
    return [{name: levels[name][int(on)] for name, on in zip(levels, row, strict=True)} for row in rows]


def orders_of(design: Design) -> NDArray[np.int64]:
    """The random orders of a design of permutations, ``[permutations, levers]``: each order is followed by its reverse.

    A permutation and its reverse are antithetic: their errors in a Shapley value mostly cancel (Mitchell and others 2022).
    """
    rng = np.random.default_rng(design.draw_seed)
    pairs = (design.permutations + 1) // 2
    orders = [rng.permutation(len(design.levers)) for _ in range(pairs)]
    return np.array([order for one in orders for order in (one, one[::-1])])[: design.permutations]


def chain_of(order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which levers are on as they are switched on in an order: ``[levers + 1, levers]``."""
    on = np.zeros((order.size + 1, order.size), bool)
    for step, lever in enumerate(order):
        on[step + 1 :, lever] = True
    return on
