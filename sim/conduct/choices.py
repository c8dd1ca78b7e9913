"""Which state is asked, what the request is called and which text governs it: races among ways, never a reshuffling.

A race gives each option its log weight plus a standard Gumbel number of its own, and the largest wins (a multinomial logit).
Revaluing one option therefore changes only the cases in which that option wins or loses. Requesters who learn add what a way
is worth to them, in log odds.

In all functions ``c`` is the row of a case, ``i`` of the requester, ``j`` of the requested state, ``slot`` one of the case's
places of evidence and ``attempt`` the number of its filing, from 0; ``bound`` ``[N, N]`` says which texts bind a pair,
by requester and requested: bit t for the text of row t.
"""

from __future__ import annotations

from math import exp, log

import numpy as np

from sim.arrays import Keys
from sim.compiled import inlined, row
from sim.conduct.learning import ORDINARY, Mind
from sim.conduct.menus import Habits
from sim.conduct.retries import CaseBook, tried_so
from sim.draws import absorb, gumbel_quantile, name_key, opened, unit
from sim.world.cases import HOST_SLOTS, RESIDENCE_SLOT, Cases
from sim.world.instruments import COVERED, LawInForce

_DESTINATION, _LABEL, _BASIS = map(name_key, ("destination", "label", "basis"))
_REGIMES = 4  # kinds of destination as hosts; the same as residence states come after them


@inlined
def texts_binding(c: int, j: int, bound: Keys, cases: Cases, law: LawInForce) -> np.uint64:
    """Texts, comity aside, that bind the requester and state ``j`` and offer the class of data wanted: bit t for row t."""
    found: np.uint64 = bound[row(cases.requester[c]), j] & law.offers[row(cases.wanted[c])]
    return found


@inlined
def governing_text(
    seed: np.uint64, c: int, attempt: int, texts: np.uint64, label: int, cases: Cases, law: LawInForce, habits: Habits
) -> int:  # fmt: skip
    """Row of the text that governs: the first in force for the pair that covers label and data, or the requester's choice of these.

    The choice is a race with the propensity to file under a text over its delay as weights. Comity, the last, is no text: it
    is nobody's choice and governs where no text does. Without fall-through the first in force governs, whatever its scope, so
    that the gates can refuse; but no text governs data that it does not offer at all.
    """
    i, comity = row(cases.requester[c]), int(law.filing.size) - 1
    if texts == np.uint64(0):
        return comity
    best, winner = -np.inf, comity
    start = np.uint64(0)
    if habits.by_choice:
        start = absorb(absorb(opened(seed, _BASIS), cases.id[c]), np.uint64(attempt))
    for text in range(comity):
        if (texts >> np.uint64(text)) & np.uint64(1) == np.uint64(0):
            continue
        if habits.fall_through and law.reach[text, i, label] != COVERED:
            continue
        if not habits.by_choice:
            return text
        appeal = log(law.filing[text]) - log(law.delay[text]) + gumbel_quantile(unit(absorb(start, law.keys[text])))
        if appeal > best:
            best, winner = appeal, text
    return winner


@inlined
def hosts_service(c: int, j: int, cases: Cases) -> bool:
    """Whether state ``j`` hosts a service of the case, and not only the person's residence."""
    found = False
    for slot in range(RESIDENCE_SLOT):
        found = found or cases.hosts[c, slot] == j
    return found


@inlined
def place_of(c: int, slot: int, cases: Cases, mind: Mind) -> int:
    """Place of a destination in ``Mind.value``: its regime as a host, or that plus ``_REGIMES`` as the residence alone."""
    j = row(cases.hosts[c, slot])
    return int(mind.place[j]) + (0 if hosts_service(c, j, cases) else _REGIMES)


@inlined
def worth_of(i: int, text: int, place: int, frame: int, way: int, mind: Mind) -> float:
    """What is added to the log weight of a way: its learned value over what was expected, times the requester's pull."""
    return float(mind.pull[i] * mind.value[i, text, place, frame, way])


@inlined
def chooses_by_worth(c: int, cases: Cases, mind: Mind) -> bool:
    """Whether the ways of a case are weighed by what they are worth: an abusive wish, of a state that adapts."""
    return bool(cases.abusive[c] and mind.pull[row(cases.requester[c])] > 0.0)


@inlined
def _promise(
    seed: np.uint64, c: int, attempt: int, phase: int, slot: int, bound: Keys, cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> float:  # fmt: skip
    """What a destination promises over what habit expects of it, in log odds: minus infinity where every frame was tried.

    Where labels are chosen by value this is the log of the sum over the menu of habit times ``exp(worth)``, so that the choice
    of a destination and then of a label is one choice among all ways (McFadden 1978); where they are not, the mean worth.
    """
    i, j, place = row(cases.requester[c]), row(cases.hosts[c, slot]), place_of(c, slot, cases, mind)
    menu = habits.menu[min(phase, habits.menu.shape[0] - 1), i, cases.group[c], cases.conduct[c]]
    whole, valued = 0.0, 0.0
    texts = texts_binding(c, j, bound, cases, law)
    for k in range(3):
        for option in range(menu.shape[1]):
            if menu[k, option] == -np.inf:
                continue
            habit, frame = exp(menu[k, option]), int(mind.frame[k, option])
            whole += habit
            if mind.labels and tried_so(c, j, frame, book):
                continue
            text = governing_text(seed, c, attempt, texts, option, cases, law, habits)
            worth = worth_of(i, text, place, frame, ORDINARY, mind)
            if mind.labels:
                valued += habit * exp(worth) if worth != 0.0 else habit
            else:
                valued += habit * worth
    if whole == 0.0:
        return 0.0
    if not mind.labels:
        return valued / whole
    return log(valued / whole) if valued > 0.0 else -np.inf


@inlined
def _weighs_hosts(c: int, attempt: int, cases: Cases, mind: Mind) -> bool:
    """Whether a destination is weighed by what it promises: in choosing it, or to pass by one whose every label was tried."""
    if not (cases.abusive[c] and mind.pull[row(cases.requester[c])] > 0.0):
        return False
    return bool(mind.destinations or (mind.labels and attempt > 0))


@inlined
def _can_be_asked(c: int, slot: int, cases: Cases, book: CaseBook) -> bool:
    """Whether a slot holds evidence abroad, in a state that is not crossed off."""
    host = cases.hosts[c, slot]
    return bool(host >= 0 and host != cases.requester[c] and (book.tried[c] >> np.uint8(slot)) & np.uint8(1) == np.uint8(0))


@inlined
def _most_promising(
    seed: np.uint64, c: int, attempt: int, phase: int, bound: Keys, cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> int:  # fmt: skip
    """The slot that wins the same race where destinations are weighed by what they promise; -1 if none is left."""
    best, winner = -np.inf, -1
    start = absorb(absorb(opened(seed, _DESTINATION), cases.id[c]), np.uint64(attempt))
    for slot in range(HOST_SLOTS):
        if not _can_be_asked(c, slot, cases, book):
            continue
        appeal = gumbel_quantile(unit(absorb(start, habits.state_keys[row(cases.hosts[c, slot])])))
        if slot == RESIDENCE_SLOT:
            appeal += habits.residence_log
        promise = _promise(seed, c, attempt, phase, slot, bound, cases, book, law, habits, mind)
        appeal += promise if mind.destinations or promise == -np.inf else 0.0
        if appeal > best:
            best, winner = appeal, slot
    return winner


@inlined
def choose_destination(
    seed: np.uint64, c: int, attempt: int, phase: int, bound: Keys, cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> int:  # fmt: skip
    """The slot that wins the race among states that hold evidence and can be asked (again); -1 if none is left."""
    if _weighs_hosts(c, attempt, cases, mind):
        return _most_promising(seed, c, attempt, phase, bound, cases, book, law, habits, mind)
    start = absorb(absorb(opened(seed, _DESTINATION), cases.id[c]), np.uint64(attempt))
    luckiest, winner = -1.0, -1
    for slot in range(RESIDENCE_SLOT):  # of equal weights the largest uniform wins, as its Gumbel number would
        if _can_be_asked(c, slot, cases, book):
            luck = unit(absorb(start, habits.state_keys[row(cases.hosts[c, slot])]))
            if luck > luckiest:
                luckiest, winner = luck, slot
    if not _can_be_asked(c, RESIDENCE_SLOT, cases, book):
        return winner
    best = gumbel_quantile(luckiest) if winner >= 0 else -np.inf
    luck = unit(absorb(start, habits.state_keys[row(cases.hosts[c, RESIDENCE_SLOT])]))
    return RESIDENCE_SLOT if gumbel_quantile(luck) + habits.residence_log > best else winner


@inlined
def choose_framing(
    seed: np.uint64, c: int, attempt: int, phase: int, slot: int, bound: Keys, cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> tuple[int, int]:  # fmt: skip
    """Kind and label of an abusive request; (-1, -1) if the law offers none."""
    best, kind, label = -np.inf, -1, -1
    i, j = row(cases.requester[c]), row(cases.hosts[c, slot])
    menu = habits.menu[min(phase, habits.menu.shape[0] - 1), i, cases.group[c], cases.conduct[c]]
    start = absorb(absorb(opened(seed, _LABEL), cases.id[c]), np.uint64(attempt))
    learns = mind.labels and mind.pull[i] > 0.0
    place = place_of(c, slot, cases, mind) if learns else 0
    texts = texts_binding(c, j, bound, cases, law) if learns else np.uint64(0)
    for k in range(3):
        for option in range(menu.shape[1]):
            if menu[k, option] == -np.inf:
                continue
            luck = unit(absorb(absorb(start, np.uint64(k)), habits.label_keys[option]))
            appeal = menu[k, option] + gumbel_quantile(luck)
            if learns:
                frame = int(mind.frame[k, option])
                if tried_so(c, j, frame, book):
                    continue
                text = governing_text(seed, c, attempt, texts, option, cases, law, habits)
                appeal += worth_of(i, text, place, frame, ORDINARY, mind)
            if appeal > best:
                best, kind, label = appeal, k, option
    return kind, label
