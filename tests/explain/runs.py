"""Pairs of small runs, each with some cases under observation; kept, because several tests read the same."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from experiments.trace.divergence import Divergence, differing, divergence
from experiments.trace.recording import Witnessed, witness
from sim.settings import Config
from sim.simulation import simulate
from tests.worlds import made_up, with_conduct, with_forces, with_safeguard

SEED = 3
_ORDINARY = 60  # cases of ordinary needs that are kept beside those of people at risk


def loaded() -> Config:
    """The small world as adopted, with queues."""
    return made_up()


def unloaded() -> Config:
    """The same where nobody waits for anybody."""
    return made_up("review.load=false")


def everything(config: Config) -> Config:
    """Every safeguard a duty under every text, a binding panel, three attempts by the requester's own choice, and spyware."""
    busy = with_conduct(config, attempts=3, retry_days=30.0, legal_basis="requester_choice", spyware=0.5, police_share=0.5)
    return with_safeguard(with_forces(busy, "must", *busy.safeguards), "panel", binding=True)


def with_threshold(config: Config, years: float, text: str = "hanoi") -> Config:
    """The same configuration with another line of seriousness in one text."""
    changed = config.instruments[text].model_copy(update={"threshold_years": years})
    return config.model_copy(update={"instruments": {**config.instruments, text: changed}})


def filed(seen: Witnessed, every: int) -> list[int]:
    """Some of the cases that were asked about, evenly over the run."""
    return [int(case) for case in np.unique(seen.finished.docket.case)[::every]]


def observed(config: Config, every: int = 12) -> tuple[Witnessed, list[int]]:
    """A run with every so manieth of the cases that it asked about under observation, and their rows."""
    cases = filed(witness(config, [], SEED), every)
    return witness(config, cases, SEED), cases


def partings(a: Config, b: Config, most: int = 120, days: bool = True) -> list[Divergence | None]:
    """Where the lives part of the cases that differ between two runs, at most so many of them."""
    rows = differing(simulate(a, SEED), simulate(b, SEED), days)
    rows = rows[:: max(rows.size // most, 1)]
    seen = witness(a, rows, SEED), witness(b, rows, SEED)
    assert not [stray for one in seen for stray in one.strays]
    return [divergence(*seen, int(row)) for row in rows]


REFUSALS = ("discrimination", "political_offence", "ordre_public", "own_law", "judge")


@lru_cache(maxsize=1)
def with_refusals_a_duty() -> tuple[Witnessed, Witnessed, tuple[int, ...]]:
    """As adopted, and with every ground of refusal and the judge a duty of every text: both runs and the cases that differ."""
    changed = with_forces(unloaded(), "must", *REFUSALS)
    result = simulate(unloaded(), SEED)
    rows = differing(result, simulate(changed, SEED))
    abusive = result.finished.cases.abusive[rows]
    rows = rows[abusive | (np.cumsum(~abusive) <= _ORDINARY)]
    return witness(unloaded(), rows, SEED), witness(changed, rows, SEED), tuple(rows.tolist())
