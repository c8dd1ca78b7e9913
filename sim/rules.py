"""What decides a case besides the case itself: law, review, habits and capacity of a scenario in a world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Reals
from sim.conduct.menus import Habits, habits_of
from sim.draws import Draws
from sim.review.assembly import Review, assemble
from sim.review.at_home import AtHome, at_home_of, at_home_under
from sim.review.institutions import trained
from sim.review.panel import Panel
from sim.review.reading import Practice, Reading
from sim.review.safeguard import weighs
from sim.review.spec import care_of, practice_of, reading_of
from sim.review.suspension import Suspension
from sim.review.training import Training
from sim.settings import Adaptation, Policy
from sim.world.dials import Settled, as_ruled, settled
from sim.world.instruments import LawInForce, instrument_names, law_in_force
from sim.world.shocks import CALM, Upheaval, bindings_of, struck_dials, struck_policy, struck_world
from sim.world.snapshot import World


@dataclass(frozen=True)
class Rules:
    """Everything that decides what happens to a case, besides the case itself."""

    names: tuple[str, ...]  # of the instruments, in order
    law: LawInForce
    reading: Reading
    practice: Practice
    review: Review
    habits: Habits
    capacity: Reals  # [N] officer-hours a month, training included
    trained: NDArray[np.bool_]  # [N] who has had a programme of training
    home: AtHome  # what decides domestic cases
    suspensions: dict[int, Suspension]  # the rule of each text (its row) that suspends requesters
    judged: NDArray[np.bool_]  # [S] safeguards whose refusals are of substance: they weigh the file
    central: NDArray[np.bool_]  # [S] the central unit that screens files, where there is one
    c_trust: float  # what a bar gains by trust
    adaptation: Adaptation  # who adapts from the window's first day on
    policy: Policy  # that these rules were made of
    maxima: Reals  # [N, K] maximum years by law; nan where the conduct is no crime
    ruled: World  # the world as these rules have it: what dials of states set is in the place of what was drawn
    dialled: Settled  # what dials set, state by state
    loaded: bool
    treaty_from: int  # month from which the window's law is in force
    upheaval: Upheaval  # shocks that these rules were made under
    run_in: Rules | None  # what holds until then, where it is more than the law that changes: a scenario begins with the window

    @property
    def revocable(self) -> bool:
        """Whether a text in force between two states can be suspended between them."""
        return bool(self.suspensions) or self.adaptation.reviewers.scandals

    @property
    def at_home(self) -> tuple[Reals, Reals]:
        """Chance ``[N]`` that a live domestic wish is met, before and after the window opens."""
        return at_home_under(self.home, self.law)


def rules_of(policy: Policy, world: World, loaded: bool, treaty_from: int, upheaval: Upheaval = CALM) -> Rules:
    """The rules of a scenario in a world, in a month with these shocks."""
    policy, dials, blows = struck_policy(policy, upheaval.blows), policy.dials, upheaval.blows
    world = struck_world(world, upheaval, dials)
    dialled, hours = settled(dials, policy.review.strength, world.states, world.offences), world.capacity
    world = as_ruled(world, dialled)
    if blows:
        world, dialled = struck_dials(world, dialled, care_of(policy.review, world.states, dialled), hours, blows, dials)
    review = assemble(policy.safeguards)
    texts = instrument_names(policy.instruments)
    bindings = bindings_of(blows, dials, world.states)
    law = law_in_force(policy.instruments, world.states, world.offences, Draws(world.seed), policy.conduct.inflation, bindings)
    reading = reading_of(policy.review, world, policy.safeguards, policy.instruments, review, dialled)
    habits = habits_of(world, policy.conduct, law)._replace(eager=dialled.eager)
    rules = Rules(
        names=texts,
        law=law,
        reading=reading,
        practice=practice_of(policy.review, policy.safeguards, review.names),
        review=review,
        habits=habits,
        capacity=world.capacity,
        trained=np.zeros(world.states.count, bool),
        home=at_home_of(policy.review, world, policy.safeguards, reading.applies, review.names, law, dialled),
        suspensions={
            row: rule
            for row, text in enumerate(texts[:-1])  # nobody can be suspended from comity, which is no text
            for name, rule in policy.safeguards.items()
            if isinstance(rule, Suspension) and policy.instruments[text].safeguards.get(name, "absent") != "absent"
        },
        judged=np.array([weighs(policy.safeguards[name]) for name in review.names]),
        central=np.array([isinstance(policy.safeguards[name], Panel) for name in review.names]),
        c_trust=policy.review.c_trust,
        adaptation=policy.adaptation,
        policy=policy,
        maxima=world.states.penalties,
        ruled=world,
        dialled=dialled,
        loaded=loaded,
        treaty_from=treaty_from,
        upheaval=upheaval,
        run_in=None,
    )
    return replace(with_training(rules, world), run_in=rules) if _programmes(policy, law) else rules


def with_training(rules: Rules, world: World) -> Rules:
    """The same rules where the states that the texts bind today have had the training that these texts offer.

    ``world`` is that of the rules, ``ruled``: who is trained has the desk and the hours that dials gave it. Where capacity follows
    the load, the load is what trained states have: training adds no officers to that.
    """
    programmes = _programmes(rules.policy, rules.law)
    if not programmes:
        return rules
    helped = trained(world.states.skill, programmes)
    return replace(
        rules,
        reading=rules.reading._replace(skill=helped.skill),
        trained=helped.part,
        habits=rules.habits._replace(appetite=np.full(world.states.count, rules.policy.conduct.appetite) * helped.filing),
        capacity=rules.capacity if follows(rules.policy) else world.with_capacity(world.capacity * helped.hours).capacity,
    )


def follows(policy: Policy) -> bool:
    """Whether authorities' hours follow the load of the law that the window brings."""
    return policy.review.capacity == "follows"


def _programmes(policy: Policy, law: LawInForce) -> list[tuple[Training, NDArray[np.bool_]]]:
    """Each training programme with the states that the texts offering it bind."""
    found = []
    for name, rule in policy.safeguards.items():
        if isinstance(rule, Training):
            texts = instrument_names(policy.instruments)
            rows = [r for r, text in enumerate(texts) if policy.instruments[text].safeguards.get(name, "absent") != "absent"]
            if rows:
                found.append((rule, law.after[rows].any(axis=(0, 2))))
    return found
