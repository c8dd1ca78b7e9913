"""Orders that draws of parameters keep: what priors may hardly ever turn round, or it is they that are wrong and not the world.

The check before any fitting (empirics.md 7.3): fewer than five draws of a hundred should violate one of a few orders that every
source agrees on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.analysis.validate import DRAWN, Source, ValidateSpec, named
from experiments.text import in_a_row, percent
from sim.errors import meant
from sim.observe.patterns import Observable, Pattern
from sim.world.record import ConfigError, quoted


class KeptOrders(NamedTuple):
    """How many draws of one source keep the orders."""

    source: Source
    draws: int
    each: Mapping[str, float]  # share of draws that keep an order, by its name
    together: float  # share that keep all of them


def refuse_strange_orders(patterns: Mapping[str, Pattern], spec: ValidateSpec) -> None:
    """Raise ``ConfigError`` for an order that is no observable with a tolerance."""
    known = _bounded(patterns)
    for name, wanted in spec.orders.items():
        if wanted not in known:
            raise ConfigError(
                f"analysis.validate.orders.{name}: found {quoted(wanted)}; accepted: an observable of configs/pattern that has a "
                f"tolerance, as PATTERN.OBSERVABLE{meant(wanted, known)}"
            )


def _bounded(patterns: Mapping[str, Pattern]) -> dict[str, Observable]:
    """Observables that have a tolerance, by name."""
    every = ((named(key, name), one) for key, pattern in patterns.items() for name, one in pattern.observables.items())
    return {name: one for name, one in every if one.bounded}


def kept_orders(patterns: Mapping[str, Pattern], observed: Mapping[Source, pd.DataFrame], spec: ValidateSpec) -> list[KeptOrders]:
    """The orders that the draws of each source keep; ``observed`` has columns as in ``OBSERVED_COLUMNS``, and a draw is a world.

    A draw that does not show what an order is about does not keep it. Nothing where no order is asked for.
    """
    if not spec.orders:
        return []
    known = _bounded(patterns)
    orders = {name: (wanted, known[wanted]) for name, wanted in spec.orders.items()}
    return [_kept(source, observed[source], orders) for source in DRAWN if source in observed]


def _kept(source: Source, frame: pd.DataFrame, orders: Mapping[str, tuple[str, Observable]]) -> KeptOrders:
    worlds = frame["world_seed"].unique()
    values = frame.assign(named=frame["pattern"] + "." + frame["observable"]).groupby(["named", "world_seed"])["value"].mean()
    held = {
        name: [observable.holds(float(values.get((wanted, world), np.nan))) for world in worlds]
        for name, (wanted, observable) in orders.items()
    }
    every = np.array(list(held.values()), bool)  # [orders, draws]
    return KeptOrders(
        source, len(worlds), {name: float(np.mean(flags)) for name, flags in held.items()}, float(every.all(0).mean())
    )


def said_of_orders(kept: KeptOrders, spec: ValidateSpec) -> str:
    """How many draws keep the orders, beside how many should.

    >>> spec = ValidateSpec(in_from=0.9, out_to=0.1, blind_from=0.5, draws=200, orders={}, orders_from=0.95)
    >>> kept = KeptOrders("prior", 200, {"P1": 1.0, "P7": 0.9}, 0.9)
    >>> for part in said_of_orders(kept, spec).replace("\u202f", " ").split("; "):
    ...     print(part)
    Of 200 draws of the prior 90 % keep the orders of P1 (100 %) and P7 (90 %) together
    wanted are 95 %: fewer, which speaks against the prior and not against the model.
    """
    each = in_a_row([f"{name} ({percent(share)})" for name, share in kept.each.items()])
    enough = kept.together >= spec.orders_from
    fault = "" if enough else f": fewer, which speaks against the {kept.source} and not against the model"
    return (
        f"Of {kept.draws} draws of the {kept.source} {percent(kept.together)} keep the orders of {each} together; "
        f"wanted are {percent(spec.orders_from)}{fault}."
    )
