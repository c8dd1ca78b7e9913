"""How many keyed draws a run evaluates, by stage, purpose and kind: its own code run as plain Python, each draw counted.

This needs a process in which nothing is compiled (``NUMBA_DISABLE_JIT=1``), so the world is small; demand and officers are scaled
together, so that queues are as full as in the whole one. A draw is counted where it is evaluated: what a rule leaves alone costs
nothing and is not there.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.benchmark.record import AbsentError, Job, Measured, Timed
from experiments.benchmark.runs import formal_requests
from sim import draws
from sim.conduct.demand import latent_cases
from sim.month import advance
from sim.simulation import prepare, world_of

ONE, TWO, THREE, FURTHER = "one key", "two keys", "three keys", "a further key"
NORMAL, EXPONENTIAL, GUMBEL = "normal", "exponential", "Gumbel"
KINDS = (ONE, TWO, THREE, FURTHER, NORMAL, EXPONENTIAL, GUMBEL)
"""Uniforms by how many keys are absorbed (``FURTHER``: one, by a race whose start is shared), and marginals made of a uniform."""
LOOK = "look"
APART = " | "  # between purpose and kind
_UNIFORMS = {"u1": ONE, "u2": TWO, "u3": THREE}
_MARGINALS = {"normal_quantile": NORMAL, "exponential_quantile": EXPONENTIAL, "gumbel_quantile": GUMBEL}


class Tally:
    """Draws as they are evaluated, by purpose and kind."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.counts: Counter[tuple[int | str, str]] = Counter()
        self.inside = 0  # a function of draws calls others: only the outermost counts
        self.last: int | str = ""

    def count(self, purpose: int | str, kind: str, times: int = 1) -> None:
        """So many draws, unless they are parts of one that was counted."""
        if not self.inside:
            self.counts[purpose, kind] += times
            self.last = purpose

    def within(self, function: Callable[..., Any], *given: Any) -> Any:
        """What a function gives, nothing in it being counted."""
        self.inside += 1
        try:
            return function(*given)
        finally:
            self.inside -= 1


def _wrapped(tally: Tally) -> dict[str, Callable[..., Any]]:
    """Stand-ins for the scalar forms of draws that count."""

    def uniform(original: Callable[..., Any], kind: str) -> Callable[..., Any]:
        def drawn(seed: Any, purpose: Any, *keys: Any) -> Any:
            tally.count(int(purpose), kind)
            return tally.within(original, seed, purpose, *keys)

        return drawn

    def marginal(original: Callable[..., Any], kind: str) -> Callable[..., Any]:
        def made(u: Any) -> Any:
            tally.count(tally.last, kind)
            return original(u)

        return made

    def opened(original: Callable[..., Any]) -> Callable[..., Any]:
        def begun(seed: Any, purpose: Any) -> Any:
            if not tally.inside:
                tally.last = int(purpose)
            return original(seed, purpose)

        return begun

    def unit(original: Callable[..., Any]) -> Callable[..., Any]:
        def one(h: Any) -> Any:
            tally.count(tally.last, FURTHER)
            return original(h)

        return one

    out = {name: uniform(getattr(draws, name), kind) for name, kind in _UNIFORMS.items()}
    out |= {name: marginal(getattr(draws, name), kind) for name, kind in _MARGINALS.items()}
    return out | {"opened": opened(draws.opened), "unit": unit(draws.unit)}


def _bind(tally: Tally) -> list[dict[str, Any]]:
    """Put the stand-ins wherever a module, or generated code, holds the originals; these are returned.

    Arrays of draws are counted by their size.
    """
    instead = [(getattr(draws, name), stand_in) for name, stand_in in _wrapped(tally).items()]
    holders = list[dict[str, Any]]()
    for original, stand_in in instead:
        for held in [held for held in gc.get_referrers(original) if isinstance(held, dict) and "__builtins__" in held]:
            holders.append(held)
            held.update({name: stand_in for name, value in held.items() if value is original})
    uniform, kinds = draws.Draws.uniform, (ONE, TWO, THREE)

    def array(self: draws.Draws, purpose: str, *keys: Any) -> Any:
        size = int(np.broadcast(*(np.asarray(draws.as_keys(key)) for key in keys)).size)
        tally.count(purpose, kinds[min(len(keys), len(kinds)) - 1], size)
        return tally.within(uniform, self, purpose, *keys)

    draws.Draws.uniform = array  # type: ignore[method-assign]
    return holders


def _names(holders: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Purposes by their keys: the names of the constants that hold them."""
    found: dict[int, str] = {}
    for held in holders:
        found |= {int(v): k.strip("_").lower().replace("_", " ") for k, v in held.items() if isinstance(v, np.uint64)}
    return found


def counted_draws(job: Job) -> Measured:
    """The draws of a small run, by stage (cases, months), purpose and kind: seconds are nothing, ``count`` is per request or case.

    Draws of arrays, which the cases of a month take for every state, whatever its demand, are told per month of the run.
    """
    import numba

    if not numba.config.DISABLE_JIT:
        raise AbsentError("draws can be counted only where nothing is compiled (NUMBA_DISABLE_JIT=1)")
    with np.errstate(over="ignore"):
        return Measured(tuple(_counted(job)))


def _counted(job: Job) -> Iterator[Timed]:
    config, tally = job.config, Tally()
    world = world_of(config, config.seed)
    run = prepare(config, config.seed)
    holders = _bind(tally)
    cases = latent_cases(world, config.demand, draws.Draws(config.seed), config.months)
    of_cases, tally.counts = tally.counts, Counter()
    while run.month < run.months:
        advance(run)
    names = _names(holders)
    for stage, counts, of, size in (
        ("cases", of_cases, "cases", float(cases.id.size)),
        ("months", tally.counts, "requests", float(formal_requests(run))),
    ):
        for (purpose, kind), many in sorted(counts.items(), key=lambda entry: -entry[1]):
            if isinstance(purpose, str) and stage == "cases" and purpose:
                yield Timed(job.part, f"{purpose}{APART}{kind}", stage, 0, 0.0, many / config.months, "months")
            else:
                named = purpose if isinstance(purpose, str) else names.get(purpose, f"{purpose:x}")
                yield Timed(job.part, f"{named}{APART}{kind}", stage, 0, 0.0, many / size, of)
