"""How a study's points were drawn, and the outcomes over those draws: each policy's, and what each further policy changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.design.designs import Design, Uncertainty
from experiments.design.sampling import combinations_of, scaled, unit_draws
from experiments.store.outcomes import Outcomes, Study
from sim.arrays import Reals
from sim.world.record import ConfigError

Method = Literal["sobol", "morris", "latin_hypercube", "fractional"]
_ROWS: dict[Method, Callable[[int, int], int]] = {
    "sobol": lambda _, factors: factors + 2,
    "morris": lambda _, factors: factors + 1,
    "latin_hypercube": lambda _, __: 1,
    "fractional": lambda count, _: count,
}  # rows that only serve together, from how many draws and how many factors there are
_CLOSE = 1e-9  # relative: a number that was written down and read again


class Drawn(NamedTuple):
    """The draws that each policy meets, in the order of the method."""

    method: Method
    factors: list[str]  # [D] dotted keys, or levers
    ends: list[tuple[str, str]]  # [D] what stands at the low and at the high end of each
    units: Reals  # [n, D] in the unit cube
    rows: int  # rows that only serve together: a base point, a trajectory, a draw, a whole design
    levels: int  # of Morris


class Case(NamedTuple):
    """One outcome of one policy under one condition, over all parameter draws."""

    label: str  # a policy, or "one against another"
    outcomes: Outcomes
    effect: bool  # whether it is the difference of two policies, paired by draw, world and luck
    counts: tuple[NDArray[np.int64], ...]  # [P, W, L] of each policy in it: events behind its values


class UnsuitedError(ConfigError):
    """A design whose points do not serve; ``reason`` says what is wanted of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"design: {reason}")
        self.reason = reason


def drawn_of(study: Study) -> Drawn:
    """How the points were drawn. Raises ``UnsuitedError`` where they do not serve."""
    design = study.design
    method = next((name for name in _ROWS if name == design.draw), None)
    if design.search is None and method is not None:
        return _of_uncertainties(study.points, design, method)
    if design.search is None and design.draw is None and design.levers and design.choose == "fractional":
        return _of_levers(study.points, design)
    found = "an adaptive search" if design.search else f"draw: {design.draw}" if design.draw else "no draw"
    raise UnsuitedError(f"wants draw: {', '.join(_ROWS)}, or levers with choose: fractional; found {found}")


def _of_uncertainties(points: pd.DataFrame, design: Design, method: Method) -> Drawn:
    known, units = design.uncertainties, unit_draws(design)
    _agree(points, scaled(units, known), design)
    return Drawn(method, list(known), [_ends(one) for one in known.values()], units, _ROWS[method](*units.shape), design.levels)


def _of_levers(points: pd.DataFrame, design: Design) -> Drawn:
    wanted = pd.DataFrame(combinations_of(design))
    _agree(points, wanted, design)
    ends = [(low, high) for low, high in design.levels_of.values()]
    units = np.array(
        [[row[name] == high for name, (_, high) in zip(wanted, ends, strict=True)] for row in wanted.to_dict("records")]
    )
    return Drawn("fractional", list(design.levers), ends, units.astype(float), len(units), design.levels)


def outcome_cases(study: Study, outcomes: Outcomes) -> Iterator[Case]:
    """Each policy under each condition, and after them what each further policy changes against the first, draw by draw."""
    policies = _policies(study.points, study.design)
    parts = [
        outcomes._replace(points=rows, values=outcomes.values[rows.index], counts=outcomes.counts[rows.index])
        for _, rows in policies
    ]
    for (label, _), part in zip(policies, parts, strict=True):
        yield Case(label, part, False, (part.counts,))
    first: dict[str, int] = {}
    for place, ((label, rows), part) in enumerate(zip(policies, parts, strict=True)):
        base = first.setdefault(str(rows["condition"].iloc[0]), place)
        if base != place:
            change = part._replace(values=part.values - parts[base].values)
            yield Case(f"{label} against {policies[base][0]}", change, True, (part.counts, parts[base].counts))


def _policies(points: pd.DataFrame, design: Design) -> list[tuple[str, pd.DataFrame]]:
    """Each policy under each condition with its rows, in the order of the design."""
    columns = ["scenario", "condition", *(design.levers if design.draw else ())]
    table = points.reset_index(drop=True)
    table = table.assign(condition=table["condition"].fillna(""))
    found: list[tuple[str, pd.DataFrame]] = []
    for key, rows in table.groupby(columns, sort=False):
        scenario, condition, *levels = map(str, key)
        told = [f"{name} {level}" for name, level in zip(design.levers, levels, strict=False)]
        found.append((", ".join([scenario, *told, *([condition] if condition else [])]), rows))
    return found


def _agree(points: pd.DataFrame, wanted: pd.DataFrame, design: Design) -> None:
    """Every policy must have met exactly the draws of the design, in their order."""
    for label, rows in _policies(points, design):
        if len(rows) != len(wanted) or not all(_same(rows[str(name)], wanted[name]) for name in wanted.columns):
            raise UnsuitedError(f"wants every policy to meet the draws of its design in their order; found others for {label}")


def _same(found: pd.Series[Any], wanted: pd.Series[Any]) -> bool:
    if pd.api.types.is_numeric_dtype(wanted.dtype):
        numbers = pd.to_numeric(found, errors="coerce").to_numpy(float)
        return bool(np.allclose(numbers, wanted.to_numpy(float), rtol=_CLOSE, atol=0.0))
    return list(map(str, found)) == list(map(str, wanted))


def _ends(known: Uncertainty) -> tuple[str, str]:
    """What stands at the ends of an uncertainty, as text."""
    ends = (known.values[0], known.values[-1]) if known.values is not None else (known.low, known.high)
    low, high = (f"{end:g}" if isinstance(end, float) else str(end) for end in ends)
    return low, high
