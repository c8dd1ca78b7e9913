"""One run: ``advance`` is a month as a sentence; everything here is arrays, Mesa's shell stands in ``sim.model``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from sim.arrays import Reals
from sim.conduct.demand import Demand, cases_of, demand_of, expected_cases, latent_cases, usual
from sim.draws import Draws
from sim.enactment import check_society
from sim.folding import pages_drawn, pages_in
from sim.month import advance, begin
from sim.parameters import drawn, resolved
from sim.result import Result
from sim.review.safeguard import in_check_order
from sim.review.spec import force_codes
from sim.rules import Rules, follows, rules_of
from sim.run import Pages, Run, finish
from sim.settings import Config
from sim.sources.worlds import build_states, build_world
from sim.world.cases import Cases, empty_cases
from sim.world.dials import settled
from sim.world.instruments import law_in_force
from sim.world.record import ConfigError
from sim.world.shocks import Blow, Shock, bindings_of, reached_by, refuse_nobody, struck_policy
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import offences_of

MOST_SEED = 2**62  # tables hold seeds as signed 64-bit integers


def with_capacity(config: Config, world: World) -> World:
    """Settle every authority's hours: its load of a calibration period before the treaty, over the utilisation its world draws.

    The load is that of the reference under the law of the run-in, unloaded and naive, under luck of the world seed's own. Nothing
    that a scenario changes enters it, so hours are a fact of the world. Under ``review.capacity=as_adopted`` the treaty is in force
    throughout. A floor stands for the smallest office.
    """
    config = resolved(config, world.seed)
    months = config.calibration_months
    treaty_from = 0 if config.reference.review.capacity == "as_adopted" else months
    return world.with_capacity(_hours_for(config, world, rules_of(config.reference, world, False, treaty_from)))


def _hours_for(config: Config, world: World, rules: Rules) -> Reals:
    """Officer-hours a month ``[N]`` at which the mean load under these rules is the utilisation that the world draws."""
    practice = config.reference.review
    low, high = practice.utilisation_low, practice.utilisation_high
    utilisation = low + (high - low) * Draws(world.seed).uniform("fact:utilisation", world.states.keys)
    return np.maximum(calibrated_load(config, world, rules) / utilisation, practice.capacity_floor)


def calibrated_load(config: Config, world: World, rules: Rules) -> Reals:
    """Officer-hours a month ``[N]`` that a calibration period under these rules asks for, mean over its months.

    Needs are as many as is usual: hours are set for the mean of all half-years, for a busy one lasts beyond the period.
    """
    draws = Draws(world.seed).derived("calibration")
    cases = cases_of(usual(demand_of(world, config.demand)), draws, 0, config.calibration_months)
    run = begin(config, world, rules, cases, draws, config.calibration_months)
    while run.month < run.months:
        advance(run)
    return np.asarray(run.queue.spent.mean(axis=0))


def rules_at_opening(config: Config, rules: Rules) -> Rules:
    """A scenario's rules as they are on the window's first day, for a calibration: naive, unloaded, in force throughout."""
    return replace(rules, adaptation=config.reference.adaptation, loaded=False, treaty_from=0, run_in=None)


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
def _bare(settled: _Settled, world_seed: int) -> World:
    config = settled.config
    return build_world(config.states, config.people, config.demand, config.offences, world_seed)


@lru_cache(maxsize=1)
def _world(settled: _Settled, world_seed: int) -> World:
    config = settled.config
    return with_capacity(config, _bare(_Settled(config, config.bare_digest()), world_seed))


@lru_cache(maxsize=1)
def _cases(settled: _Settled, world_seed: int, event_seed: int, months: int) -> Cases:
    return latent_cases(_world(settled, world_seed), settled.config.demand, Draws(event_seed), months)


@lru_cache(maxsize=1)
def _rules_as_adopted(settled: _Settled, world_seed: int, loaded: bool, treaty_from: int) -> Rules:
    return rules_of(settled.config.reference, _world(settled, world_seed), loaded, treaty_from)


@dataclass(frozen=True)
class _Opening:
    """A scenario's rules on the window's first day as a cache key: equal where all is equal that decides its load."""

    config: Config
    world: World
    rules: Rules
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Opening) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


_CASES_SHARED = 500_000
"""Cases that are kept for other runs of the seed although a run wants them page by page (30 MiB); memory, not science."""
_SCENARIOS_KEPT = 64  # of whose loads are kept while others of the same world are run


@lru_cache(maxsize=_SCENARIOS_KEPT)
def _hours_of_opening(opening: _Opening) -> Reals:
    hours = _hours_for(opening.config, opening.world, opening.rules)
    hours.setflags(write=False)
    return hours


def hours_that_follow(config: Config, world: World, rules: Rules) -> Reals:
    """Officer-hours a month ``[N]`` as if states had hired until the old utilisation is reached, for the law of one day.

    ``rules`` are those of that day, with the parties and the maxima that adaptation has by then: the window's first, and that on
    which a text which waited for its parties begins to bind.
    """
    own = rules_at_opening(config, rules)
    said = hashlib.sha256(f"{config.world_digest()} {world.seed}".encode())
    said.update(json.dumps(own.policy.model_dump(mode="json", exclude={"adaptation"}), sort_keys=True).encode())
    said.update(repr(own.upheaval).encode() if own.upheaval.blows else b"")
    for array in (own.law.after, own.law.reach, own.law.adds, own.maxima, own.reading.crime, own.habits.appetite):
        said.update(np.ascontiguousarray(array).tobytes())
    return _hours_of_opening(_Opening(config, world, own, said.hexdigest()))


def world_of(config: Config, world_seed: int) -> World:
    """The world of a configuration and seed; the last one built is kept, so that scenarios of one seed share it."""
    config = resolved(config, world_seed)
    return _world(_Settled(config, config.world_digest()), world_seed)


def keep_facts(config: Config, world_seed: int, event_seed: int, rows: bool) -> None:
    """Build what runs of one world and luck share, so that the next one finds it."""
    config = resolved(config, world_seed)
    world = world_of(config, world_seed)
    if rows or shares_cases(config, demand_of(world, config.demand)):
        kept_latent_cases(config, world, event_seed)


def shares_cases(config: Config, demand: Demand) -> bool:
    """Whether the cases of a run are kept for others although it wants them page by page."""
    return expected_cases(demand, config.months) <= _CASES_SHARED


def kept_latent_cases(config: Config, world: World, event_seed: int) -> Cases:
    """The latent cases of a world and event seed; the last ones are kept, so that scenarios of one seed share them."""
    config = resolved(config, world.seed)
    return _cases(_Settled(config, config.world_digest()), world.seed, event_seed, config.months)


def check(config: Config, known: dict[tuple[str, int], StateTable] | None = None) -> None:
    """Raise ``ConfigError`` (or a table's error) for what only shows against the states: codes, safeguards, tables.

    ``known`` keeps the states of each world that was built, for further configurations of the same world.
    """
    config = resolved(config, config.seed)
    known, world = {} if known is None else known, (config.world_digest(), config.seed)
    if world not in known:
        known[world] = build_states(config.states, config.people, config.demand, config.offences, config.seed)
    states = known[world]
    law_in_force(config.instruments, states, offences_of(config.offences), Draws(config.seed))
    force_codes(config.instruments, in_check_order(config.safeguards))
    settled(config.dials, config.review.strength, states, offences_of(config.offences))
    for name, shock in config.shock.items():
        _check_shock(config, name, shock, states)
    if config.adaptation.amends:
        check_society(config.policy, states, offences_of(config.offences))


def _check_shock(config: Config, name: str, shock: Shock, states: StateTable) -> None:
    """Raise ``ConfigError`` for what of a shock only shows against the states."""
    alone = (Blow(name, shock, 1.0),)
    refuse_nobody(name, shock, reached_by(name, shock, config.dials, states))
    policy, bindings = struck_policy(config.policy, alone), bindings_of(alone, config.dials, states)
    offences, inflation = offences_of(config.offences), policy.conduct.inflation
    law_in_force(policy.instruments, states, offences, Draws(config.seed), inflation, bindings)


def _checked_seed(key: str, seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= MOST_SEED:
        raise ConfigError(f"{key}: found {seed!r}; accepted: a whole number from 0 to {MOST_SEED}")
    return int(seed)


def seeds_of(config: Config, seed: int | None = None, world_seed: int | None = None) -> tuple[int, int]:
    """Event and world seed of a run, from what is given and what the configuration says. Raises ``ConfigError``."""
    event_seed = config.seed if seed is None else _checked_seed("seed", seed)
    fixed = config.world_seed if world_seed is None else _checked_seed("world_seed", world_seed)
    return event_seed, event_seed if fixed is None else fixed


def prepare(config: Config, seed: int | None = None, world_seed: int | None = None, rows: bool = True) -> Run:
    """A run ready for its first month. ``seed`` sets event and world seed alike unless ``world_seed`` is given.

    Where the configuration draws its parameters the run has them as its world draws them (``run.config``).

    ``rows`` says whether all cases and requests stay in it. Raises ``ConfigError`` where a user's own estimand wants them.
    """
    if config.metrics.own and not rows:
        raise ConfigError("rows: found False with own estimands, which read every request; accepted: True")
    event_seed, of_world = seeds_of(config, seed, world_seed)
    config = resolved(config, of_world)
    world = world_of(config, of_world)
    opening = config.upheaval(0)
    rules = rules_of(config.policy, world, config.review.load, config.run_in_months, opening)
    if config.policy != config.reference or follows(config.policy) or opening.blows:  # a scenario begins on the window's first day
        before = _rules_before(config, world)
        rules = replace(rules, run_in=before.run_in or before)
    draws = Draws(event_seed)
    pages = None if rows else _pages(config, world, draws)
    cases = kept_latent_cases(config, world, event_seed) if pages is None else empty_cases(0)
    run = begin(config, world, rules, cases, draws, config.months)
    run.pages = pages
    run.shaken = frozenset(config.run_in_months + month for month in config.months_of_change if month)
    if config.review.load and follows(config.policy):
        run.hires = partial(hours_that_follow, config, world)
        run.rules = replace(run.rules, capacity=run.hires(run.rules))
    return run


def _pages(config: Config, world: World, draws: Draws) -> Pages:
    """The cases of a run page by page: those that other runs of the seed share, unless they are too many to be kept."""
    demand = demand_of(world, config.demand)
    if shares_cases(config, demand):
        return pages_in(kept_latent_cases(config, world, draws.seed), config.months)
    return pages_drawn(demand, draws, config.months)


def _rules_before(config: Config, world: World) -> Rules:
    """The rules of the run-in, which are the reference's."""
    policy, loaded, treaty_from = config.policy_before, config.review.load, config.run_in_months
    if policy is config.reference:
        return _rules_as_adopted(_Settled(config, config.world_digest()), world.seed, loaded, treaty_from)
    return rules_of(policy, world, loaded, treaty_from)


def simulate(config: Config, seed: int | None = None, world_seed: int | None = None, rows: bool = True) -> Result:
    """Run a configuration to its end.

    ``seed`` sets world and event seed alike unless ``world_seed`` is given here or in the configuration. The same
    configuration and seeds give the same tables, byte for byte, on any day and in any process.

    Without ``rows`` the estimands are the same, memory hardly grows with simulated time, and the result has no table of cases,
    of requests or of months. Where parameters are drawn, the result's configuration has them as its world drew them.
    """
    run = prepare(config, seed, world_seed, rows)
    while run.month < run.months:
        advance(run)
    return Result(finish(run), run.config, run.draws.seed, drawn(config, run.world.seed), config.parameters.draw)
