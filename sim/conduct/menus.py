"""How requesters behave, and how they name what they ask for: the menus of labels for each conduct and group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import StrictInt

from sim.arrays import Ints, Keys, Reals
from sim.draws import Draws
from sim.world.breadth import covering
from sim.world.instruments import Inflation, LawInForce
from sim.world.ranges import Bar, Days, NonNegative, Range, Shape, StateCount, Unit
from sim.world.record import Record
from sim.world.snapshot import World
from sim.world.vocabulary import (
    FABRICATED,
    GROUPS,
    HONEST,
    RECHARACTERISED,
    Offences,
)


class ConductSpec(Record):
    """How requesters behave while they do not learn."""

    attempts: Annotated[StrictInt, Range(1, 3)]  # a way each: more would need more columns of the case book
    retry_days: Days
    open_framing_a: Shape
    open_framing_b: Shape
    recharacterised_share: Unit
    residence_weight: NonNegative
    appetite: Unit
    preservation_share: Unit
    fall_through: bool
    quality_abusive: Bar
    file_everything: bool
    legal_basis: Literal["precedence", "requester_choice"]
    direct_share: Unit
    police_share: Unit
    spontaneous_most: Unit
    spyware: Unit
    spyware_states: StateCount
    inflation: Inflation | None
    intent: bool  # where a protected conduct is no crime, offences that ask for dishonest intent do not reach it


class Habits(NamedTuple):
    """What the filing kernel reads of requesters: menus and propensities."""

    menu: Reals  # [1 or 2, N, G, K, 3, K] log appeal of (kind, label) by requester, group and conduct; -inf if not on the menu;
    # before and after the window opens, where a text that adds offences tells them apart
    label_keys: Keys  # [K]
    state_keys: Keys  # [N]
    residence_log: float
    appetite: Reals  # [N] share of live cases that a state files at a propensity of one
    eager: Reals  # [N, G + 1] factor on a state's own ways of asking by the person's group; the last is for nobody at risk
    preservation_share: float
    direct_share: float
    police_share: float
    unasked: Reals  # [N, N] chance that a state shares unasked what it punishes itself, by requester and requested
    punished: NDArray[np.bool_]  # [1 or 2, N, K] what each state punishes, before and after the window opens where these differ
    by_choice: bool  # the requester chooses among the texts that reach the request
    fall_through: bool
    quality_abusive: float
    file_everything: bool
    attempts: int
    retry_days: float


def open_framing(world: World, spec: ConductSpec, draws: Draws) -> Reals:
    """Each state's openness: the chance that a protected conduct is named as what it is (empirics.md 3.6), shape ``[N]``."""
    return 1.0 - draws.beta(spec.open_framing_a, spec.open_framing_b, "trait:framing", world.states.keys)


def crimes_at_home(world: World, law: LawInForce) -> NDArray[np.bool_]:
    """What each state punishes by its own law, ``[1 or 2, N, K]``: before and after the window opens where these differ.

    A party to a text that adds an offence must punish it, so its law then holds it, with a maximum that nobody knows; the text
    covers it at any. Other duties to punish (Hanoi Arts 7-17) change no menu: what a law of today lacks there is drawn as lacking.
    """
    crimes = ~np.isnan(world.states.penalties)
    if not law.adds.any():
        return crimes[None]
    party = np.stack([law.before, law.after]).any(axis=3)  # [2, I, N]
    held: NDArray[np.bool_] = crimes | (party[:, :, :, None] & law.adds[None, :, None, :]).any(axis=1)
    return held


def unasked_sharing(world: World, spec: ConductSpec) -> Reals:
    """Chance that a state sends evidence of what it punishes itself unasked (Art 40(4)), ``[N, N]`` by receiver and sender.

    In proportion to alignment, *assumption*. The sender knows the facts, which it holds, and judges them by its own law: so a
    state that punishes no insult volunteers nobody who insulted.
    """
    return np.asarray(spec.spontaneous_most * world.states.alignment)


def habits_of(world: World, spec: ConductSpec, law: LawInForce) -> Habits:
    """The menus of one world under its texts, and what else decides how requests are made."""
    crimes = crimes_at_home(world, law)
    with np.errstate(divide="ignore"):
        residence_log = float(np.log(spec.residence_weight))
    return Habits(
        menu=_log_menu(world, spec, crimes),
        label_keys=world.offences.keys,
        state_keys=world.states.keys,
        residence_log=residence_log,
        appetite=np.full(world.states.count, spec.appetite),
        eager=np.ones((world.states.count, len(GROUPS) + 1)),
        preservation_share=spec.preservation_share,
        direct_share=spec.direct_share,
        police_share=spec.police_share,
        unasked=unasked_sharing(world, spec),
        punished=crimes,
        by_choice=spec.legal_basis == "requester_choice",
        fall_through=spec.fall_through,
        quality_abusive=spec.quality_abusive,
        file_everything=spec.file_everything,
        attempts=spec.attempts,
        retry_days=spec.retry_days,
    )


def _log_menu(world: World, spec: ConductSpec, laws: NDArray[np.bool_]) -> Reals:
    """Logarithms of the weights of ``framing_menu`` under each law, the laws first.

    Filled conduct by conduct, because it is among the largest tables; most weights are zero, and no logarithm is taken of these.
    """
    logs = np.full((len(laws), *_shape(laws[0])), -np.inf)
    for row, law in enumerate(laws):
        for conduct, weight in enumerate(_framings(world, spec, law, None)):
            on_offer = weight != 0
            logs[row, :, :, conduct][on_offer] = np.log(weight[on_offer])
    return logs


def _shape(law: NDArray[np.bool_]) -> tuple[int, ...]:
    n, k = law.shape
    return n, len(GROUPS), k, 3, k


def framing_menu(world: World, spec: ConductSpec, law: NDArray[np.bool_], rows: Ints | None = None) -> Reals:
    """Weights of kind and label by requester, group and conduct, ``[N, G, K, 3, K]``; ``law`` is what each state punishes.

    With ``rows`` of these states alone, and ``law`` of these.

    Of a class D conduct: the honest label with the state's openness, a broader label for the same facts, or the facts and the
    label of another crime, by its weight as a pretext and its plausibility against the group. Labels that the requester's law
    lacks are off the menu; what is left shares the appeal. A true ordinary offence (a selective case) is labelled as it is.
    Which broader labels there are, and how often they are taken, is ``broader_labels``. Where there is none, the race is among
    the other kinds alone.
    """
    menu = np.empty(_shape(law))
    for conduct, weight in enumerate(_framings(world, spec, law, rows)):
        menu[:, :, conduct] = weight
    return menu


def _framings(world: World, spec: ConductSpec, law: NDArray[np.bool_], rows: Ints | None) -> Iterator[Reals]:
    """The weights of ``framing_menu`` of one conduct after the other, ``[N, G, 3, K]``."""
    offences = world.offences
    n, k = law.shape
    openness = open_framing(world, spec, Draws(world.seed))
    covers = covering(world, rows)
    if rows is not None:
        openness = openness[rows]
    pretext = offences.pretext[None, None, :] * offences.plausible.T[None, :, :] * (law & ~offences.protected)[:, None, :]
    total = pretext.sum(axis=2, keepdims=True)
    pretext = np.divide(pretext, total, out=np.zeros_like(pretext), where=total > 0)
    for conduct in range(k):
        weight = np.zeros((n, len(GROUPS), 3, k))
        if offences.protected[conduct]:
            weight[:, :, HONEST, conduct] = (openness * law[:, conduct])[:, None]
            broader, share = broader_labels(conduct, law, covers[:, :, conduct], offences, spec)
            framed = (1 - openness)[:, None]
            weight[:, :, RECHARACTERISED, :] = (framed * share * broader)[:, None, :]
            weight[:, :, FABRICATED, :] = framed[:, :, None] * (1 - share[:, :, None]) * pretext
        else:
            weight[:, :, HONEST, conduct] = 1.0
        yield weight


def broader_labels(
    conduct: int, law: NDArray[np.bool_], covers: Reals, offences: Offences, spec: ConductSpec
) -> tuple[Reals, Reals]:
    """Shares of the labels under which true facts are recast, ``[N, K]``, and the share of framed requests that do so, ``[N, 1]``.

    ``law`` ``[N, K]`` is what each state punishes, ``covers`` ``[N, K]`` the breadth of its law on each label where that covers the
    conduct, else zero. A label that covers it joins with weight one, and the share ``s`` becomes ``1 - (1 - s) (1 - most)`` with
    ``most`` the largest such breadth: the facts are true, and the label is in scope at any penalty. Under ``intent`` labels that
    ask for dishonest intent (Arts 7(2), 11(2)) leave the menu where the conduct is no crime by itself.
    """
    offered, joined = offences.broader[conduct][None, :] * law, covers * law
    exempt = offences.exempt_from[conduct][None, :] & ~law[:, [conduct]]
    joined[exempt] = 0.0  # a law that asks for dishonest intent covers no honest act, however broad others are
    if spec.intent:
        offered[exempt] = 0.0
    offered = np.maximum(offered, joined > 0)
    total = offered.sum(axis=1, keepdims=True)
    shares = np.divide(offered, total, out=np.zeros_like(offered), where=total > 0)
    most, own = joined.max(axis=1, keepdims=True), spec.recharacterised_share
    return shares, np.where(most > 0, 1 - (1 - own) * (1 - most), own)
