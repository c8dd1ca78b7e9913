"""One request in the hand-fused kernel: local variables while it lives, and numbers in counters once it has ended.

Every function is taken into the kernel whole. Luck is the model's, draw by draw; only draws that change nothing are left out, and
hashes that several draws begin with are made once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from experiments.benchmark.fused.tables import STOPPING, Tables
from sim.arrays import Ints
from sim.compiled import inlined, row
from sim.draws import absorb, name_key, normal_quantile, opened, unit
from sim.review.execution import DELAY, LEAK, NOTICE, ONWARD, RETENTION, SPAN, TIPPED
from sim.review.notice import FIRM_NOTICE
from sim.review.pipeline import HOURS, PATIENCE, SUPPLEMENT
from sim.review.reading import APPLIED, LOOK, Practice
from sim.review.side_doors import POLICED, PROVIDER, RENEWAL
from sim.world.vocabulary import DAYS_PER_MONTH, LAPSED, REFUSED

LUCK, DP_ANSWER = map(name_key, ("luck", "dp_answer"))
_HABITS = {name: name_key(name) for name in STOPPING} | {"prejudice": name_key("discrimination")}  # one habit for both
H_SCOPE, H_SERIOUSNESS, H_FORM, H_GOODWILL, H_DUAL, H_DISCRIMINATION, H_PREJUDICE, H_HUMAN_RIGHTS, H_POLITICAL, H_ORDRE, \
    H_OWN_LAW, H_PROPORTIONALITY, H_TRANSFER, H_JUDGE, H_PERSON = (_HABITS[name] for name in STOPPING)  # fmt: skip
H_DESK, H_USE, H_ONWARD = map(name_key, ("desk", "use_limitation", "onward_transfer"))
N_DESK, N_JUDGE, N_PERSON = map(name_key, ("desk", "judge", "person"))
SCOPE, SERIOUSNESS, FORM, GOODWILL, DUAL, DISCRIMINATION, PREJUDICE, HUMAN_RIGHTS, POLITICAL, ORDRE, OWN_LAW, PROPORTIONALITY, \
    TRANSFER, JUDGE, PERSON = range(len(STOPPING))  # fmt: skip
_MONTHS_A_DAY = 1.0 / DAYS_PER_MONTH


class Starts(NamedTuple):
    """Hashes of the purposes of draws under a seed, made once a run."""

    applied: np.uint64
    look: np.uint64
    luck: np.uint64
    hours: np.uint64
    supplement: np.uint64
    answer: np.uint64
    delay: np.uint64
    retention: np.uint64
    notice: np.uint64
    tipped: np.uint64
    leak: np.uint64
    onward: np.uint64
    span: np.uint64
    firm: np.uint64
    patience: np.uint64
    provider: np.uint64
    police: np.uint64
    renewal: np.uint64


@inlined
def whole(number: int) -> int:
    """A number of any width as one of 64 bits."""
    return np.int64(number)  # type: ignore[return-value]  # to the checker it is a type of its own


@inlined
def starts_of(seed: np.uint64) -> Starts:
    """All of them."""
    return Starts(
        opened(seed, APPLIED), opened(seed, LOOK), opened(seed, LUCK), opened(seed, HOURS), opened(seed, SUPPLEMENT),
        opened(seed, DP_ANSWER), opened(seed, DELAY), opened(seed, RETENTION), opened(seed, NOTICE), opened(seed, TIPPED),
        opened(seed, LEAK), opened(seed, ONWARD), opened(seed, SPAN), opened(seed, FIRM_NOTICE), opened(seed, PATIENCE),
        opened(seed, PROVIDER), opened(seed, POLICED), opened(seed, RENEWAL),
    )  # fmt: skip


class File(NamedTuple):
    """One request in local variables: what its readers see, and what they do not."""

    case: int
    key: np.uint64  # of the case
    asked: np.uint64  # of the requested state
    requester: int
    requested: int
    text: int
    channel: int
    abusive: int
    wanted: int
    alleged: int
    group: int  # from 1; 0 for nobody at risk
    secret: bool
    live: bool  # wants what is to come
    platform: bool  # the requested state hosts a service of the case
    residence: bool  # it is where the person lives, and no more
    dossier: float
    strength: float  # how plainly motive shows
    filed: float
    patience: float
    frozen: float  # day until which the data are preserved; nan for never


class Counters(NamedTuple):
    """What is told of a run: nothing else is kept of a request that has ended."""

    filed: Ints  # [channels, 2] rows, by whether they are abusive
    outcomes: Ints  # [channels, 2, statuses]
    ended: Ints  # [statuses, T + 2] by month; the last but one is all after the run
    decided: Ints  # [T + 2] requests by the month in which yes or no is heard
    reasons: Ints  # [channels, 2, STOPPING]
    grounds: Ints  # [STOPPING]
    given: Ints  # [channels, 2, data classes]
    told: Ints  # [2, TOLD] but who is never told
    misused: Ints  # [2, MISUSED] but what is not
    narrowed: Ints  # [STOPPING]
    conditions: Ints  # [1] data that go on a condition alone, or would
    judged: Ints  # [2]
    realtime: Ints  # [2, 2] requests whose data are collected as they come, and months of that, by abusive
    cases: Ints  # [case statuses] as they are filed


@inlined
def month_of(day: float, months: int) -> int:
    """Month in which a day lies; the last place for all after the run."""
    month = min(int(day * _MONTHS_A_DAY), months)
    if day < month * DAYS_PER_MONTH:  # a product may round either way
        month -= 1
    elif month < months and day >= (month + 1) * DAYS_PER_MONTH:
        month += 1
    return month


@inlined
def close(file: File, status: int, day: float, told: Counters) -> None:
    """The request ends, and is a number from now on."""
    told.outcomes[row(file.channel), row(file.abusive), status] += 1
    told.ended[status, row(month_of(day, told.decided.size - 1))] += 1


@inlined
def decide_on(day: float, told: Counters) -> None:
    """The requester hears yes or no."""
    told.decided[row(month_of(day, told.decided.size - 1))] += 1


@inlined
def refuse(file: File, grounds: int, day: float, begun: float, told: Counters) -> None:
    """Refused on a day, unless the requester has given up by then."""
    if file.patience < day:
        close(file, LAPSED, max(file.patience, begun), told)
        return
    first = -1
    for s in range(len(STOPPING)):
        if (grounds >> s) & 1:
            told.grounds[s] += 1
            first = s if first < 0 else first
    told.reasons[row(file.channel), row(file.abusive), row(first)] += 1
    decide_on(day, told)
    close(file, REFUSED, day, told)


@inlined
def applied(chance: float, start: np.uint64, habit: np.uint64) -> bool:
    """Whether a state applies a safeguard in this case; ``start`` holds case and state.

    A uniform is at least zero and less than one, so that no branch is wanted for what is never or always applied.
    """
    return unit(absorb(start, habit)) < chance


@inlined
def pair(start: np.uint64, case: np.uint64, state: np.uint64) -> np.uint64:
    """The hash of a purpose, a case and a state."""
    return absorb(absorb(start, case), state)


@inlined
def look_noise(file: File, start: np.uint64, reader: np.uint64, practice: Practice) -> float:
    """Accident of one reading; ``start`` holds case and state."""
    return practice.shared_noise * file.dossier + practice.own_noise * normal_quantile(unit(absorb(start, reader)))


@inlined
def heard(s: int, file: File, preserving: bool, tables: Tables) -> bool:
    """Whether a ground is heard at all: against preservation only those that the text says."""
    return not preserving or tables.stops[s, row(file.text)]
