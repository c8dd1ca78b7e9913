"""What a law that asks for dishonest intent, or one that covers more than it should, does to the menus of labels."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.conduct.menus import ConductSpec, broader_labels, framing_menu
from sim.world.breadth import covering, of_the_convention
from sim.world.snapshot import World
from sim.world.vocabulary import FABRICATED, GROUPS, HONEST, RECHARACTERISED, Offences
from tests.worlds import bare_world, made_up

RESEARCH = "unauthorised_research"
ACCESS, DEVICES, EXTORTION = "illegal_access", "misuse_of_devices", "extortion"
SHARE = 0.35  # of framed requests that keep the facts, as adopted


@cache
def plain() -> World:
    return bare_world(made_up("states.synthetic.count=40"))


def spec(intent: bool = False) -> ConductSpec:
    return made_up().conduct.model_copy(update={"intent": intent, "recharacterised_share": SHARE})


def with_breadth(share: float, world: World | None = None) -> World:
    """The same world where each of the Convention's own offences is as broad as that, in every state."""
    world = plain() if world is None else world
    breadth = np.where(of_the_convention(world.offences), share, 0.0) * np.ones_like(world.states.penalties)
    return replace(world, states=replace(world.states, breadth=breadth))


def without(name: str, world: World | None = None) -> World:
    """The same world where no state makes a crime of this conduct."""
    world = plain() if world is None else world
    penalties = world.states.penalties.copy()
    penalties[:, place(name)] = np.nan
    return replace(world, states=replace(world.states, penalties=penalties))


def place(name: str) -> int:
    return plain().offences.names.index(name)


def law_of(world: World) -> NDArray[np.bool_]:
    return ~np.isnan(world.states.penalties)


def menu_of(world: World, intent: bool = False) -> NDArray[np.float64]:
    return framing_menu(world, spec(intent), law_of(world))


def recast(world: World, conduct: str, intent: bool = False) -> NDArray[np.float64]:
    """Weights of the labels under which true facts are recast, ``[N, K]``: the same for every group."""
    weights = menu_of(world, intent)[:, :, place(conduct), RECHARACTERISED]
    assert (weights == weights[:, :1]).all()
    return weights[:, 0]


# --- breadth ----------------------------------------------------------------------------------------------------------------------


def test_a_larger_breadth_covers_all_that_a_smaller_one_does() -> None:
    held = [covering(with_breadth(share)) > 0 for share in (0.0, 0.1, 0.4, 0.8, 1.0)]
    for less, more in pairwise(held):
        assert not (less & ~more).any()
        assert less.sum() < more.sum()
    assert not held[0].any()


def test_a_breadth_of_one_covers_every_protected_conduct_by_every_offence_of_the_convention() -> None:
    offences = plain().offences
    wanted = of_the_convention(offences)[:, None] & offences.protected[None, :]
    assert wanted.sum() == of_the_convention(offences).sum() * offences.protected.sum() > 100
    assert (covering(with_breadth(1.0)) == wanted).all()


def test_what_a_breadth_covers_is_that_share_of_laws() -> None:
    offences = plain().offences
    pairs = np.outer(of_the_convention(offences), offences.protected)
    covers = covering(with_breadth(0.3))[:, pairs]
    assert set(np.unique(covers)) == {0.0, 0.3}
    assert (covers > 0).mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / covers.size))


def test_the_draw_belongs_to_state_label_and_conduct_and_not_to_their_rows() -> None:
    world = with_breadth(0.5)
    rows = np.array([7, 2])
    assert np.array_equal(covering(world, rows), covering(world)[rows])
    kept = np.array([k for k, name in enumerate(world.offences.names) if name != "grooming"])
    fewer = Offences(
        names=tuple(world.offences.names[k] for k in kept),
        **{
            name: (array[np.ix_(kept, kept)] if name in ("broader", "exempt_from") else array[kept])
            for name, array in world.offences._asdict().items()
            if name != "names"
        },
    )
    states = replace(world.states, penalties=world.states.penalties[:, kept], breadth=world.states.breadth[:, kept])
    assert np.array_equal(covering(replace(world, offences=fewer, states=states)), covering(world)[:, kept][:, :, kept])


def test_on_the_menu_are_the_labels_that_a_law_covers_the_conduct_with_and_that_there_are() -> None:
    world = with_breadth(0.4)
    covers, law, offences = covering(world) > 0, law_of(world), world.offences
    for conduct in np.flatnonzero(offences.protected):
        name = offences.names[conduct]
        exempt = offences.exempt_from[conduct] & ~law[:, [conduct]]
        wanted = law & ((offences.broader[conduct] > 0) | (covers[:, :, conduct] & ~exempt))
        assert np.array_equal(recast(world, name) > 0, wanted), name


def test_a_larger_breadth_only_adds_labels_to_the_menu() -> None:
    for name in ("insult", "same_sex_conduct", RESEARCH):
        held = [recast(with_breadth(share), name) > 0 for share in (0.0, 0.2, 0.7, 1.0)]
        for less, more in pairwise(held):
            assert not (less & ~more).any()
            assert less.sum() < more.sum()


def test_two_labels_by_hand() -> None:
    """One label that the conduct had, one that joins: halves; and the share that keeps the facts as the formula has it."""
    offences = plain().offences
    extremism, fraud, terrorism = map(place, ("extremism", "fraud", "terrorism"))
    law = np.zeros((1, len(offences.names)), bool)
    law[0, [fraud, terrorism]] = True
    covers = np.zeros((1, len(offences.names)))
    covers[0, fraud] = 0.4
    covers[0, place("laundering")] = 0.9  # which that law does not have
    assert offences.broader[extremism, terrorism] == 1.0
    shares, kept = broader_labels(extremism, law, covers, offences, spec())
    assert shares[0, [fraud, terrorism]].tolist() == [0.5, 0.5]
    assert shares.sum() == 1.0
    assert kept[0, 0] == pytest.approx(1 - (1 - 0.35) * (1 - 0.4))
    covers[0, fraud] = 0.0
    shares, kept = broader_labels(extremism, law, covers, offences, spec())
    assert shares[0, terrorism] == 1.0
    assert kept[0, 0] == SHARE, "to the last bit"


def test_a_label_that_the_conduct_had_counts_once() -> None:
    offences = plain().offences
    secrets, access = place("state_secrets"), place(ACCESS)
    law, covers = np.ones((1, len(offences.names)), bool), np.zeros((1, len(offences.names)))
    covers[0, access] = 0.2
    shares, _ = broader_labels(secrets, law, covers, offences, spec())
    assert offences.broader[secrets, access] == 0.7
    assert shares[0, access] == pytest.approx(1 / 1.3)


def test_shares_of_a_menu_add_up_as_they_did() -> None:
    """Wherever there are labels for true facts and for false ones, all that is framed is named somehow."""
    for world in (plain(), with_breadth(0.5), with_breadth(1.0)):
        weights, before = menu_of(world), menu_of(plain())
        assert (weights >= 0).all()
        assert np.array_equal(weights[:, :, :, HONEST], before[:, :, :, HONEST])
        kinds, old = weights.sum(axis=4), before.sum(axis=4)
        whole = (old[..., RECHARACTERISED] > 0) & (old[..., FABRICATED] > 0)
        assert whole[:, :, world.offences.protected].mean() > 0.9
        assert kinds.sum(axis=3)[whole] == pytest.approx(old.sum(axis=3)[whole], abs=1e-12)
        assert (kinds[whole][:, RECHARACTERISED] >= old[whole][:, RECHARACTERISED] - 1e-12).all()


def test_where_the_law_covers_everything_nobody_invents_facts() -> None:
    weights = menu_of(with_breadth(1.0))[:, :, place("insult")]
    assert (weights[:, :, FABRICATED] == 0).all()
    assert (weights[:, :, RECHARACTERISED].sum(axis=2) > 0).all()


def test_without_breadth_the_menus_are_those_of_a_law_that_covers_nothing() -> None:
    assert not plain().states.breadth[:, ~of_the_convention(plain().offences)].any()
    bare, protected = with_breadth(0.0), plain().offences.protected
    weights = menu_of(bare)
    for conduct in np.flatnonzero(protected):
        offered = bare.offences.broader[conduct] * law_of(bare)
        total = offered.sum(axis=1, keepdims=True)
        shares = np.divide(offered, total, out=np.zeros_like(offered), where=total > 0)
        framed = weights[:, 0, conduct, RECHARACTERISED].sum(axis=1, keepdims=True)
        assert weights[:, 0, conduct, RECHARACTERISED] == pytest.approx(framed * shares)


# --- intent -----------------------------------------------------------------------------------------------------------------------


def test_where_research_is_no_crime_provisions_on_access_and_devices_leave_its_menu() -> None:
    world = without(RESEARCH, with_breadth(0.0))
    before, after = recast(world, RESEARCH), recast(world, RESEARCH, intent=True)
    law = law_of(world)
    for name in (ACCESS, DEVICES):
        assert ((before[:, place(name)] > 0) == law[:, place(name)]).all()
        assert not after[:, place(name)].any()
    left = law[:, place(EXTORTION)]
    assert left.sum() > 30
    assert after[left, place(EXTORTION)] == pytest.approx(before[left].sum(axis=1)), "what is left is normed anew"


def test_fabrications_and_all_other_conduct_stay() -> None:
    world = without(RESEARCH, with_breadth(0.0))
    before, after = menu_of(world), menu_of(world, intent=True)
    moved = np.zeros(before.shape, bool)
    moved[:, :, place(RESEARCH), RECHARACTERISED] = True
    assert np.array_equal(before[~moved], after[~moved])
    assert after[:, GROUPS.index("researcher"), place(RESEARCH), FABRICATED, place(ACCESS)].any()


def test_intent_changes_nothing_where_research_is_a_crime() -> None:
    world = with_breadth(0.0)
    crime = law_of(world)[:, place(RESEARCH)]
    assert 0 < crime.sum() < crime.size
    before, after = menu_of(world), menu_of(world, intent=True)
    assert np.array_equal(before[crime], after[crime])
    assert not np.array_equal(before[~crime], after[~crime])


def test_where_no_other_label_is_left_the_race_is_among_the_other_kinds() -> None:
    world = without(EXTORTION, without(RESEARCH, with_breadth(0.0)))
    weights = menu_of(world, intent=True)[:, GROUPS.index("researcher"), place(RESEARCH)]
    assert not weights[:, RECHARACTERISED].any()
    assert not weights[:, HONEST].any()
    assert (weights[:, FABRICATED].sum(axis=1) > 0).all()


def test_no_breadth_brings_back_what_asks_for_dishonest_intent() -> None:
    world = without(RESEARCH, with_breadth(1.0))
    weights = recast(world, RESEARCH, intent=True)
    assert not weights[:, [place(ACCESS), place(DEVICES)]].any()
    fraud = law_of(world)[:, place("fraud")]
    assert (weights[fraud, place("fraud")] > 0).all(), "what does not ask for it covers research too"
    crime = law_of(plain())[:, place(RESEARCH)] & law_of(plain())[:, place(ACCESS)]
    assert (recast(with_breadth(1.0), RESEARCH, intent=True)[crime, place(ACCESS)] > 0).all()
