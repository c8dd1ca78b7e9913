"""How a file reads: the tables and scalars of the review, how plainly motive shows, and the accident of each reading.

The functions are source texts of the compiled loop, like those of ``sim.review.pipeline``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Keys, Reals
from sim.compiled import row
from sim.draws import name_key, normal_quantile, u2, u3
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.vocabulary import FABRICATED, HONEST, KINDS

LOOK, APPLIED, SECOND_READING = map(name_key, ("look", "applied", "second_reading"))
SELECTIVE = len(KINDS)  # place in ``Reading.strength`` of a true ordinary offence, opened because of who the person is


class Reading(NamedTuple):
    """Everything that the review reads besides the file itself."""

    applies: Reals  # [S, I, N] probability that a state applies a safeguard under an instrument
    state_keys: Keys  # [N]
    skill: Reals  # [N]
    judicial: Reals  # [N]
    pair_bar: Reals  # [N, N] what is added to every bar, by requester and requested
    standing: Reals  # [N, N] trust and alignment, by requester and requested
    trust_bar: Reals  # [N] what is added to a central unit's bar, by requester
    voluntary: Reals  # [N] chance that a firm gives a requester what is not content, unasked by any court
    size: Reals  # [N] hosted data under a state's jurisdiction against the largest host's, in [0, 1]
    misuse: Reals  # [N, 2] chance of use beyond the case, and of transfer to a third state, by receiver
    hidden: NDArray[np.bool_]  # [I] texts under which nobody is ever told
    record: Reals  # [N] published standing of requesters towards people at risk, standardised
    gap: Reals  # [N, N] what a law on transfers wants beyond the receiver's protection, by requester and requested
    firm_notice: Reals  # [N] share of orders of which a firm under a state's law tells its user
    gag_days: Reals  # [I, N] days from the filing after which a firm under a state's law may speak of a secret case; inf: never
    goodwill: Reals  # [N, N] chance of assistance without a duty
    urgent_effort: Reals  # [N, N] factor on effort in the urgent lane, by requester and requested
    crime: NDArray[np.bool_]  # [I, N, K] whether a state punishes a conduct, or is bound by the text to punish it
    broad: NDArray[np.bool_]  # [N, K, K] whether a state's law on a label covers a protected conduct
    exempt: NDArray[np.bool_]  # [K, K] whether a label reaches a conduct with dishonest intent alone, by conduct and label
    live: Reals  # [I, N] probability that a state collects data as they come under an instrument
    live_judged: NDArray[np.bool_]  # [I] only where a judge has read the file
    live_serious: NDArray[np.bool_]  # [I] traffic too only for offences for which content may be intercepted
    intercepts: NDArray[np.bool_]  # [N, K] content may be intercepted for a conduct by a state's own law
    protected: NDArray[np.bool_]  # [K]
    harm: Reals  # [K]
    stops: NDArray[np.bool_]  # [S, I] grounds that a text lets stand against preservation
    covers: Reals  # [S, G + 1] personal scope; the last column is for nobody at risk
    plausible: Reals  # [K, G + 1] credibility of a pretext
    strength: Reals  # [4] v of honest, recharacterised, fabricated, selective, as readers see it (review.acuity)
    numbers: Reals  # [S, Q] the safeguards' own parameters


class Practice(NamedTuple):
    """Scalars of the review: hours, delays, patience and the noise of reading."""

    shared_noise: float  # square root of rho
    own_noise: float  # square root of 1 - rho
    visibility_slope: float
    visibility_most: float
    plausibility_from: float
    hours_log: float
    hours_spread: float
    expected_hours: float
    delay_log: float  # log days
    delay_spread: float
    lapse_per_year: float
    supplement_bar: float
    supplement_answered: float
    supplement_days: float
    supplement_hours: float
    urgent_delay: float
    gate_days: float
    park_bar: float
    trust_floor: float
    preservation_days: float
    preservation_renewed: float
    preservation_effort: float
    preservation_delay: float
    retention_log: float  # log days
    retention_spread: float
    residence_class: int
    role_strength: float
    domestic_notice: float
    firm_days: float  # between a firm's notice and its hand-over
    panel_binding: bool
    panel_place: int  # its bit among the grounds
    panel_advice: float
    panel_days: float
    panel_capacity: float  # hours a month
    panel_hours: float  # a file
    panel_memory: float
    panel_kept: float
    panel_files: float
    police_days: float
    police_answered: float
    spontaneous_days: float
    direct_days: float
    realtime_months: int  # most months for which data are collected as they come
    effort_power: float
    effort_floor: float
    comfortable_months: float


def strength_of(cases: Cases, docket: Docket, reading: Reading, practice: Practice, m: int) -> float:
    """How plainly motive shows in this file to a perfect reader: zero in a legitimate one (nature's side of the score)."""
    c = row(docket.case[m])
    if not cases.abusive[c]:
        return 0.0
    kind = row(docket.kind[m])
    if kind == HONEST and not reading.protected[row(cases.conduct[c])]:
        kind = row(SELECTIVE)
    v = reading.strength[kind]
    if kind == FABRICATED:
        v *= max(practice.plausibility_from - reading.plausible[row(docket.label[m]), cases.group[c]], 0.0)
    if cases.visibility[c] > 0.0:
        shown = 1.0 + practice.visibility_slope * np.log(cases.visibility[c])
        v *= min(max(shown, 0.0), practice.visibility_most)
    return float(v)


def role_of(cases: Cases, practice: Practice, c: int) -> float:
    """How plainly the person's role shows to whoever looks them up: nothing to find where nobody at risk is concerned."""
    if cases.group[c] < 0:
        return 0.0
    shown = 1.0
    if cases.visibility[c] > 0.0:
        shown = min(max(1.0 + practice.visibility_slope * np.log(cases.visibility[c]), 0.0), practice.visibility_most)
    return float(practice.role_strength * shown)


def is_crime(m: int, inst: int, j: int, docket: Docket, reading: Reading) -> bool:
    """Whether what a file narrates is a crime in a requested state, whatever its label (Art 35(3)).

    It is if the state punishes the conduct, or if its law on what the label names covers the conduct.
    """
    label, alleged = row(docket.label[m]), row(docket.alleged[m])
    covered = reading.broad[j, label, alleged] and reading.crime[inst, j, label]
    return bool(reading.crime[inst, j, alleged] or covered)


def look_noise(seed: np.uint64, dossier: float, practice: Practice, case: np.uint64, state: np.uint64, look: np.uint64) -> float:
    """Accident of one reading: the dossier's share and the look's own; the same desk gives the same answer to the same case."""
    return practice.shared_noise * dossier + practice.own_noise * normal_quantile(u3(seed, LOOK, case, state, look))


def second_noise(seed: np.uint64, dossier: float, practice: Practice, case: np.uint64, state: np.uint64) -> float:
    """Accident of a second reading of the same file by the same reader: the dossier's share, and an accident of its own."""
    return practice.shared_noise * dossier + practice.own_noise * normal_quantile(u2(seed, SECOND_READING, case, state))
