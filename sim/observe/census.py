"""What those who count cases count: what is written on requests, whom they are about, and what people are charged with.

A census knows who is a journalist; the firm and the authority need not. Nobody here knows what a request was really for: a charge
is what the request cites.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays import Flags, Reals
from sim.observe.files import Filed, of_names
from sim.observe.firms import BANDS
from sim.observe.measures import Measured, in_bands, orders_between, raw_orders, share, smallest_step
from sim.observe.rows import Row
from sim.observe.spec import ObserveSpec, Rung
from sim.world.states import StateTable
from sim.world.vocabulary import GROUPS, Offences


def rows_of_census(files: Filed, states: StateTable, offences: Offences, spec: ObserveSpec, closes: float) -> Iterator[Row]:
    """P13, P14 and P15, of the first formal requests of the window."""
    held = files.where(files.formal & (files.attempt == 0) & (files.filed >= 0) & (files.filed < closes))
    yield from _openness(held, states, offences.protected, spec)
    yield from _charges(held, offences.names, spec)
    yield from _ladder(held, states.liberal, spec)


def _openness(held: Filed, states: StateTable, protected: Flags, spec: ObserveSpec) -> Iterator[Row]:
    """How far states of one kind differ in the share of their requests that name an offence of expression."""
    trials = np.bincount(held.requester, minlength=states.count)
    hits = np.bincount(held.requester[protected[held.label]], minlength=states.count)
    alike = (states.liberal < spec.labels_below) & (trials >= spec.labels_from)
    yield Row("P13", "requests_orders_as_trait", *orders_between(hits[alike], trials[alike], spec.trait_tail))
    yield Row("P13", "requests_orders_raw", *raw_orders(hits[alike], trials[alike]))


def _charges(held: Filed, offences: tuple[str, ...], spec: ObserveSpec) -> Iterator[Row]:
    about = held.where(held.group == GROUPS.index(spec.census.group))
    everyone = held.where(held.group >= 0)
    terror, state = (of_names(charged.label, offences, named) for charged, named in (
        (everyone, spec.census.terror), (about, spec.census.state),
    ))  # fmt: skip
    yield Row("P14", "census_terror", *share(float(terror.sum()), float(terror.size)))
    yield Row("P14", "census_state", *share(float(state.sum()), float(state.size)))


def _ladder(held: Filed, liberal: Reals, spec: ObserveSpec) -> Iterator[Row]:
    shares = []
    for name, rung in spec.ladder.items():
        found = _targeting(held, liberal, rung)
        shares.append(found.value)
        yield Row("P15", f"ladder_{name}", *found)
    yield Row("P15", "ladder_step", smallest_step(np.array(shares)) if shares else np.nan, int(held.group.size))
    bands = in_bands(liberal, spec.bands)[held.requester]
    for place, name in enumerate(BANDS):
        inside = bands == place
        yield Row("P15", f"band_{name}", *share(float((inside & (held.group >= 0)).sum()), float(inside.sum())))


def _targeting(held: Filed, liberal: Reals, rung: Rung) -> Measured:
    """Share of the requests of some requesters that are about people of some groups."""
    asks = liberal[held.requester]
    inside = (asks >= rung.liberal_from) & ((asks < rung.liberal_to) | (rung.liberal_to >= 1))
    about = of_names(held.group, GROUPS, {str(group): meant for group, meant in rung.groups.items()})
    return share(float((inside & about).sum()), float(inside.sum()))


def rows_of_survey(lost: Reals | None, at_risk: Reals) -> Iterator[Row]:
    """P17: expression given up, of all people at risk, mean over the window's months ``[T, G]``; nan where nobody falls silent."""
    people = float(at_risk.sum())
    known = lost is not None and lost.size > 0 and people > 0
    value = float(lost.sum(axis=1).mean()) / people if lost is not None and known else np.nan
    yield Row("P17", "survey_expression_lost", value, int(people) if known else 0)
