"""What Chapter IV is used for at home: a state's own powers in its own cases, of any offence, and the judge who may stand between.

The powers of procedure are for any offence (Art 23(2)): no definition of a serious crime and no scope of cooperation reaches them.
Article 24 is their safeguard. Its paragraph 2 asks for a judge *as appropriate* and by domestic law, so the force that a text gives
to the judge is what its parties owe in their own cases: a discretion as adopted, a duty where a reform says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.arrays import Flags, Reals
from sim.review.judge import Judge
from sim.review.safeguard import OWN_FORCES, Safeguard, habit_of
from sim.review.spec import ReviewSpec, chance_by_force
from sim.world.dials import Settled
from sim.world.instruments import LawInForce
from sim.world.snapshot import World
from sim.world.vocabulary import FORCES

_LAWS_KEPT = 4  # of a run, before and after its window; memory, not science


class AtHome(NamedTuple):
    """What decides a state's own cases: ``I`` instruments, ``N`` states."""

    powers: Flags  # [I] texts whose parties must have the powers
    compels: Flags  # [N] the law has them without a text
    judicial: Reals  # [N] independence of its courts
    own: Reals  # [N] chance that a judge is asked where no text says so: a discretion, or what the state's own law wants
    owed: Reals  # [I, N] the same by each text


def at_home_of(
    spec: ReviewSpec,
    world: World,
    safeguards: Mapping[str, Safeguard],
    applies: Reals,
    names: tuple[str, ...],
    law: LawInForce,
    dialled: Settled | None = None,
) -> AtHome:
    """What decides domestic cases in a world under its texts; ``applies`` ``[S, I, N]`` is how often each safeguard is applied."""
    states = world.states
    own, owed = np.zeros(states.count), np.zeros(applies.shape[1:])
    for row, name in enumerate(names):
        judge = safeguards[name]
        if isinstance(judge, Judge):
            own = np.maximum(own, _by_own_law(spec, world, judge, habit_of(name, judge), dialled))
            owed = np.maximum(owed, applies[row])
    return AtHome(law.powers, states.compels, states.judicial, own, owed)


def _by_own_law(spec: ReviewSpec, world: World, judge: Judge, habit: str, dialled: Settled | None) -> Reals:
    """Chance that a judge is asked at home where no text says so, ``[N]``: a duty where own law wants one, else a discretion."""
    chance = chance_by_force(spec, world, habit, dialled)
    may: Reals = chance[FORCES.index("may")]
    if judge.own_law is None:
        return may
    wanted: Reals = chance[1 + OWN_FORCES.index(judge.own_law)]
    return np.where(world.states.own_laws[habit], wanted, may)


@dataclass(frozen=True)
class _Law:
    """What decides domestic cases before and after the window opens, as a cache key: one object is one law."""

    home: AtHome
    law: LawInForce

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Law) and self.home is other.home and self.law is other.law

    def __hash__(self) -> int:
        return hash((id(self.home), id(self.law)))


def at_home_under(home: AtHome, law: LawInForce) -> tuple[Reals, Reals]:
    """Chance ``[N]`` that a live domestic wish is met, before and after the window opens: the same in each month of a law."""
    return _given_under(_Law(home, law))


@lru_cache(maxsize=_LAWS_KEPT)
def _given_under(kept: _Law) -> tuple[Reals, Reals]:
    before, after = (given_at_home(kept.home, bound.any(axis=2)) for bound in (kept.law.before, kept.law.after))
    for chance in (before, after):
        chance.setflags(write=False)
    return before, after


def given_at_home(home: AtHome, bound: Flags) -> Reals:
    """Chance ``[N]`` that a live domestic wish is met, where ``bound`` ``[I, N]`` says which texts bind a state.

    The power exists by the state's own law or because a text that binds it obliges it to have it. Of all that it owes the firmest
    holds; a judge who is asked stops abuse with the independence of the court, *assumption*: ``1 - judicial * asked``.
    """
    obliged = bound & home.powers[:, None]
    asked = np.maximum(home.own, np.where(obliged, home.owed, 0.0).max(axis=0, initial=0.0))
    return np.where(home.compels | obliged.any(axis=0), 1.0 - home.judicial * asked, 0.0)
