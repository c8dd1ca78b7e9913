"""What legislatures do once a treaty has a gate: maxima rise to it, allies copy, joining brings new laws, a protocol adds offences.

A text that reaches an offence from so many years on gives whoever it keeps out a reason to threaten as many. So a threshold is
no constant of nature: what a higher one shuts out comes back by the statute book, year after year, where repression is high and
the gate was felt. A legislature sees its own wishes and the law in force, and nothing of who reads a request or how.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import StrictFloat

from sim.arrays import Flags, Ints, Keys, Reals
from sim.draws import Draws
from sim.world.cases import Cases
from sim.world.instruments import COVERED, TOO_LIGHT
from sim.world.ranges import FactorOrNone, Range, Rate, StateCount, Unit, YearsOrNone
from sim.world.record import Record
from sim.world.states import StateTable
from sim.world.vocabulary import Offences

_MONTHS = 12


class Legislatures(Record):
    """How legislatures answer to a treaty; each mechanism has a switch of its own."""

    inflation: bool
    diffusion: bool
    restrictive: bool
    protocol: bool
    rise: Rate
    repression_slope: Annotated[StrictFloat, Range(0, 20)]
    blocked: FactorOrNone
    copying: Rate
    new_laws: Rate
    new_laws_years: YearsOrNone
    new_laws_on: dict[str, Unit]
    protocol_years: YearsOrNone
    protocol_parties: StateCount
    protocol_adds: dict[str, bool]

    @property
    def raises(self) -> bool:
        """Whether maxima may rise in January."""
        return self.inflation or self.diffusion

    @property
    def acts(self) -> bool:
        """Whether any law may change."""
        return self.raises or self.restrictive or self.protocol


class Statutes(NamedTuple):
    """The statute books as they have become."""

    years: Reals  # [N, K] maximum years; nan where the conduct is no crime
    since: Ints  # [N, K] calendar year in which the maximum was raised or the law was made; 0 where it stands as it stood
    months: Ints  # [N] months since the last January in which a text with a gate bound the state


def statutes_of(states: StateTable) -> Statutes:
    """The statute books of a world before anyone has changed them."""
    return Statutes(
        years=states.penalties.copy(),
        since=np.zeros(states.penalties.shape, np.int64),
        months=np.zeros(states.count, np.int64),
    )


def pressure(spec: Legislatures, repression: Reals) -> Reals:
    """How much more than the average state each one's legislature restricts, ``[N]``; the mean over states is one.

    ``exp(repression_slope * repression)``, so that a rate counted over all states stays their mean whatever the slope.
    """
    weight = np.exp(spec.repression_slope * repression)
    return np.asarray(weight / weight.mean())


def gate_above(reach: NDArray[np.int8], lifted: NDArray[np.int8], bound: Flags, threshold: Reals, held: Flags) -> Reals:
    """The years to which a maximum must rise to pass the gate of a text that binds the state, ``[N, K]``; nan where there is none.

    ``reach`` ``[I, N, K]`` is what each text makes of a label today and ``lifted`` the same with every maximum at its threshold
    ``[I]``: where a text weighs harm besides, no maximum helps and none is raised. ``held`` ``[N, K]`` are the protected
    conducts that a state punishes. Of several gates the highest counts.
    """
    shut = (reach == TOO_LIGHT) & (lifted == COVERED) & bound[:, :, None]
    years = np.where(shut, threshold[:, None, None], -np.inf).max(axis=0, initial=-np.inf)
    return np.where(held & np.isfinite(years), years, np.nan)


def blocked_share(wishes: Ints, cases: Cases, too_light: Flags, in_force: Flags, protected: Flags) -> Reals:
    """Share of each state's wishes about protected conduct that a gate kept from a text in force, ``[N]``; 0 where it had none.

    ``wishes`` are case rows; ``too_light`` ``[I, N, K]`` by text, requester and label; ``in_force`` ``[I, N, N]``. A requester
    knows its own conduct codes and reads the text: that a label is too light need not be asked. A wish counts as blocked where
    a text binds the requester to some state that holds the evidence and the honest label is too light for it, whatever else
    was then done.
    """
    states = in_force.shape[1]
    wishes = wishes[cases.abusive[wishes] & protected[cases.conduct[wishes]]]
    who, conduct, hosts = cases.requester[wishes], cases.conduct[wishes], cases.hosts[wishes]
    binds = (in_force[:, who[:, None], hosts] & (hosts >= 0)[None]).any(axis=2)  # [I, wishes]
    shut = (too_light[:, who, conduct] & binds).any(axis=0)
    total, stopped = (np.bincount(part, minlength=states) for part in (who, who[shut]))
    return np.divide(stopped, total, out=np.zeros(states), where=total > 0)


def copied_share(changed: Flags, alignment: Reals) -> Reals:
    """Share of other states, weighed by how near they stand, that have raised or made the same law, ``[N, K]``."""
    near = alignment.copy()
    np.fill_diagonal(near, 0.0)
    total = near.sum(axis=1, keepdims=True)
    weight = np.divide(near, total, out=np.zeros_like(near), where=total > 0)
    found, somewhere = np.zeros(changed.shape), changed.any(axis=0)
    # no matrix product: its sums may depend on the number of threads
    found[:, somewhere] = np.einsum("ij,jk->ik", weight, changed[:, somewhere].astype(np.float64))
    return found


def rise_hazard(spec: Legislatures, repression: Reals, blocked: Reals, copied: Reals) -> Reals:
    """Yearly hazard ``[N, K]`` that a maximum rises to the gate.

    ``pressure * (rise * (1 + blocked * share blocked) + copying * share of near states that have it)``; diffusion spreads what
    others began, so that alone it changes nothing.
    """
    own = spec.rise * (1.0 + spec.blocked * blocked) if spec.inflation else np.zeros(blocked.size)
    from_others = spec.copying * copied if spec.diffusion else np.zeros(copied.shape)
    return np.asarray(pressure(spec, repression)[:, None] * (own[:, None] + from_others))


def happens(hazard: Reals, exposure: Reals, luck: Reals) -> Flags:
    """Whether what has a yearly hazard comes within ``exposure`` years.

    One uniform is compared, so that what comes under a lower hazard comes under a higher one too.
    """
    return np.asarray(luck < -np.expm1(-hazard * exposure))


def january(
    statutes: Statutes, gate: Reals, hazard: Reals, year: int, keys: tuple[Keys, Keys], luck: Draws
) -> Statutes:  # fmt: skip
    """The statute books after a January: maxima under a gate ``[N, K]`` (nan where there is none) rise to it, none falls.

    ``keys`` are those of states and offences: ``penalty_rise`` by state, offence and year. A state to which a text applied for
    a part of the year alone has that part's chance.
    """
    drawn = luck.uniform("penalty_rise", keys[0][:, None], keys[1][None, :], np.array(year))
    rises = np.isfinite(gate) & happens(hazard, statutes.months[:, None] / _MONTHS, drawn)
    return Statutes(
        years=np.where(rises, np.maximum(statutes.years, gate), statutes.years),
        since=np.where(rises, year, statutes.since),
        months=np.zeros_like(statutes.months),
    )


def laws_on_joining(spec: Legislatures, states: StateTable, offences: Offences, luck: Draws) -> Reals:
    """Maxima ``[N, K]`` of the laws against protected conduct that each state would make on joining; nan for none.

    Joining brings forward ``new_laws_years`` of the rate at which states made disinformation laws, more where repression is
    high (``restrict`` by state and offence); ``new_laws_on`` weighs offences against false news. The maximum is one of those
    of the states that punish the conduct already (``restrict:years`` by state and offence: their quantile).
    """
    weight = np.array([spec.new_laws_on.get(name, 0.0) for name in offences.names]) * offences.protected
    expected = spec.new_laws * spec.new_laws_years * pressure(spec, states.repression)[:, None] * weight[None, :]
    keys = states.keys[:, None], offences.keys[None, :]
    made = np.isnan(states.penalties) & happens(expected, np.ones(1), luck.uniform("restrict", *keys))
    rank = luck.uniform("restrict:years", *keys)
    years = np.full(made.shape, np.nan)
    for k in np.flatnonzero(made.any(axis=0)):
        known = np.sort(states.penalties[~np.isnan(states.penalties[:, k]), k])
        if known.size:
            years[made[:, k], k] = known[(rank[made[:, k], k] * known.size).astype(np.int64)]
    return years


def statutes_on_joining(statutes: Statutes, bound: Flags, planned: Reals, year: int) -> Statutes:
    """The statute books once the states ``[N]`` that are bound have made the laws that they planned for it."""
    new = bound[:, None] & np.isnan(statutes.years) & ~np.isnan(planned)
    if not new.any():
        return statutes
    return statutes._replace(years=np.where(new, planned, statutes.years), since=np.where(new, year, statutes.since))


def protocol_binds(spec: Legislatures, parties: int, months: int) -> bool:
    """Whether the protocol is in force ``months`` after the window opened: late enough, and with parties enough (Arts 61, 62)."""
    return spec.protocol and months >= spec.protocol_years * _MONTHS and parties >= spec.protocol_parties
