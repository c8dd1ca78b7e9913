"""One run: ``advance`` is a month as a sentence; everything here is arrays, Mesa's shell stands in ``sim.model``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from sim.conduct.demand import latent_cases
from sim.draws import Draws
from sim.enactment import (
    check_society,
)
from sim.month import advance, begin
from sim.result import Result
from sim.review.safeguard import in_check_order
from sim.review.spec import force_codes
from sim.rules import rules_of
from sim.run import Run, finish
from sim.settings import Config
from sim.sources.worlds import build_states, build_world
from sim.world.cases import Cases
from sim.world.dials import settled
from sim.world.instruments import law_in_force
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import (
    offences_of,
)

MOST_SEED = 2**62  # tables hold seeds as signed 64-bit integers


def with_capacity(config: Config, world: World) -> World:
    """Settle every authority's hours: its as-adopted load of a calibration period, over the utilisation its world draws.

    The load is that of the reference texts, unloaded, under luck of the world seed's own; so capacity is a fact of the world
    and no scenario recalibrates it. A floor stands for the smallest office.
    """
    draws = Draws(world.seed).derived("calibration")
    rules = rules_of(config.reference, world, loaded=False, treaty_from=0)
    cases = latent_cases(world, config.demand, draws, config.calibration_months)
    run = begin(config, world, rules, cases, draws, config.calibration_months)
    while run.month < run.months:
        advance(run)
    hours = run.queue.spent.mean(axis=0)
    practice = config.reference.review
    low, high = practice.utilisation_low, practice.utilisation_high
    utilisation = low + (high - low) * Draws(world.seed).uniform("fact:utilisation", world.states.keys)
    return world.with_capacity(np.maximum(hours / utilisation, practice.capacity_floor))


@dataclass(frozen=True)
class _Settled:
    """A configuration as a cache key: equal where everything is equal that decides a world."""

    config: Config
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Settled) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@lru_cache(maxsize=1)
def _world(settled: _Settled, world_seed: int) -> World:
    config = settled.config
    world = build_world(config.states, config.people, config.demand, config.offences, world_seed)
    return with_capacity(config, world)


@lru_cache(maxsize=1)
def _cases(settled: _Settled, world_seed: int, event_seed: int, months: int) -> Cases:
    return latent_cases(_world(settled, world_seed), settled.config.demand, Draws(event_seed), months)


def world_of(config: Config, world_seed: int) -> World:
    """The world of a configuration and seed; the last one built is kept, so that scenarios of one seed share it."""
    return _world(_Settled(config, config.world_digest()), world_seed)


def kept_latent_cases(config: Config, world: World, event_seed: int) -> Cases:
    """The latent cases of a world and event seed; the last ones are kept, so that scenarios of one seed share them."""
    return _cases(_Settled(config, config.world_digest()), world.seed, event_seed, config.months)


def check(config: Config, known: dict[tuple[str, int], StateTable] | None = None) -> None:
    """Raise ``ConfigError`` (or a table's error) for what only shows against the states: codes, safeguards, tables.

    ``known`` keeps the states of each world that was built, for further configurations of the same world.
    """
    known, world = {} if known is None else known, (config.world_digest(), config.seed)
    if world not in known:
        known[world] = build_states(config.states, config.people, config.demand, config.offences, config.seed)
    states = known[world]
    law_in_force(config.instruments, states, offences_of(config.offences), Draws(config.seed))
    force_codes(config.instruments, in_check_order(config.safeguards))
    settled(config.dials, config.review.strength, states, offences_of(config.offences))
    if config.adaptation.amends:
        check_society(config.policy, states, offences_of(config.offences))


def _checked_seed(key: str, seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= MOST_SEED:
        raise ConfigError(f"{key}: found {seed!r}; accepted: a whole number from 0 to {MOST_SEED}")
    return int(seed)


def prepare(config: Config, seed: int | None = None, world_seed: int | None = None) -> Run:
    """A run ready for its first month. ``seed`` sets event and world seed alike unless ``world_seed`` is given."""
    event_seed = config.seed if seed is None else _checked_seed("seed", seed)
    fixed = config.world_seed if world_seed is None else _checked_seed("world_seed", world_seed)
    world = world_of(config, event_seed if fixed is None else fixed)
    rules = rules_of(config.policy, world, loaded=config.review.load, treaty_from=config.run_in_months)
    before = config.policy.before_dials
    if config.reforms_later:  # older texts are reformed on the window's first day, and not before
        before = before.model_copy(update={"instruments": config.reference.instruments})
    if before != config.policy:
        early = rules_of(before, world, config.review.load, config.run_in_months)
        rules = replace(rules, run_in=early.run_in or early)
    return begin(config, world, rules, kept_latent_cases(config, world, event_seed), Draws(event_seed), config.months)


def simulate(config: Config, seed: int | None = None, world_seed: int | None = None) -> Result:
    """Run a configuration to its end.

    ``seed`` sets world and event seed alike unless ``world_seed`` is given here or in the configuration. The same
    configuration and seeds give the same tables, byte for byte, on any day and in any process.
    """
    run = prepare(config, seed, world_seed)
    while run.month < run.months:
        advance(run)
    return Result(finish(run), config, run.draws.seed)
