"""Whether, where, how and under which label a wish becomes a request: thinning and Gumbel races, never a reshuffling.

Order of choice: destination first (a platform's jurisdiction, or the residence state), then kind and label, then the
instrument that reaches the label and the data for this pair, then the channel. Revaluing one option changes only the cases in
which that option wins or loses.

A filing writes its rows in this order: what the other state shares unasked, a request to the firm, one from police to police,
one to freeze the data, and the formal request. The first three do not depend on whether the formal request is made.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints, Reals
from sim.compiled import inlined, loop
from sim.conduct.learning import Mind
from sim.conduct.menus import Habits
from sim.conduct.retries import CaseBook
from sim.draws import absorb, gumbel_quantile, name_key, normal_quantile, opened, u1, u2, unit
from sim.world.cases import HOST_SLOTS, RESIDENCE_SLOT, Cases
from sim.world.docket import Docket
from sim.world.instruments import COVERED, LawInForce
from sim.world.vocabulary import (
    CONTENT,
    DETERRED,
    DIRECT,
    DOMESTIC,
    EMERGENCY,
    FABRICATED,
    FIRST_SIDE_DOOR,
    FORMAL,
    HONEST,
    NOT_LIVE,
    OPEN,
    PENDING,
    POLICE,
    PRESERVATION,
    SPONTANEOUS,
)

_DESTINATION, _LABEL, _FILE, _LIVE = map(name_key, ("destination", "label", "file", "live"))
_QUALITY, _PRESERVE, _BASIS = map(name_key, ("quality", "preserve", "basis"))
_UNASKED, _FIRM, _POLICE, _URGENT = map(name_key, ("spontaneous", "direct", "police", "urgent"))
_ORDINARY, _HURRIED, _BY_POLICE, _BY_FIRM = range(4)  # places of ``learning.WAYS`` in a requester's values
_REGIMES = 4  # kinds of destination as hosts; the same as residence states come after them
_FRAMES = 16  # more than there are kinds and classes of labels: a way is a state times this and a frame
MOST_ROWS_A_CASE = 5  # rows that one filing may write: shared unasked, to the firm, police to police, to freeze, formal


class Paper(NamedTuple):
    """What all rows of one filing have in common."""

    case: int
    attempt: int
    month: int
    day: float
    requested: int
    label: int
    alleged: int
    kind: int
    quality: float
    place: int  # kind of the destination


@inlined
def _texts(c: int, j: int, in_force: NDArray[np.bool_], cases: Cases, law: LawInForce) -> np.uint64:
    """The texts, comity aside, that bind the requester and state ``j`` and offer such data: bit t for text t."""
    found, i = np.uint64(0), cases.requester[c]
    for text in range(int(in_force.shape[0]) - 1):
        if in_force[text, i, j] and law.most[text] >= cases.wanted[c]:
            found |= np.uint64(1) << np.uint64(text)
    return found


@inlined
def _instrument(
    seed: np.uint64, c: int, attempt: int, texts: np.uint64, label: int, cases: Cases, law: LawInForce, habits: Habits
) -> int:  # fmt: skip
    """The text that governs: the first in force for the pair that covers label and data, or the requester's choice of these.

    The choice is a race with the propensity to file under a text over its delay as weights. Comity, the last, is no text: it
    is nobody's choice and governs where no text does. Without fall-through the first in force governs, whatever its scope, so
    that the gates can refuse; but no text governs data that it does not offer at all.
    """
    i, comity = cases.requester[c], int(law.filing.size) - 1
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
def _serves(c: int, j: int, cases: Cases) -> bool:
    """Whether state ``j`` hosts a service of the case, and not only the person's residence."""
    found = False
    for slot in range(RESIDENCE_SLOT):
        found = found or cases.hosts[c, slot] == j
    return found


@inlined
def _place(c: int, slot: int, cases: Cases, mind: Mind) -> int:
    """The kind of a destination: its regime, as a host or as the state where the person lives."""
    j = int(cases.hosts[c, slot])
    return int(mind.place[j]) + (0 if _serves(c, j, cases) else _REGIMES)


@inlined
def _worth(i: int, text: int, place: int, frame: int, way: int, mind: Mind) -> float:
    """What a way is worth to a requester over what was expected, in log odds of choosing it."""
    return float(mind.pull[i] * mind.value[i, text, place, frame, way])


@inlined
def _learns(c: int, cases: Cases, mind: Mind) -> bool:
    """Whether the ways of a case are weighed by what they are worth: an abusive wish, of a state that adapts."""
    return bool(cases.abusive[c] and mind.pull[cases.requester[c]] > 0.0)


@inlined
def _used(c: int, j: int, frame: int, book: CaseBook) -> bool:
    """Whether the case has been filed in this frame with this state before."""
    way = j * _FRAMES + frame
    return bool(book.ways[c, 0] == way or book.ways[c, 1] == way)


@inlined
def _met(c: int, j: int, book: CaseBook) -> bool:
    """Whether the case has been filed with this state before, under another label."""
    return bool(book.ways[c, 0] // _FRAMES == j or book.ways[c, 1] // _FRAMES == j)


@inlined
def _promise(
    seed: np.uint64, c: int, attempt: int, phase: int, slot: int, in_force: NDArray[np.bool_], cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> float:  # fmt: skip
    """What a destination promises over what habit expects of it, in log odds: minus infinity where every frame was tried.

    Where labels are chosen by value this is the log of the sum over the menu of habit times ``exp(worth)``, so that the choice
    of a destination and then of a label is one choice among all ways (McFadden 1978); where they are not, the mean worth.
    """
    i, j, place = cases.requester[c], int(cases.hosts[c, slot]), _place(c, slot, cases, mind)
    menu = habits.menu[min(phase, habits.menu.shape[0] - 1), i, cases.group[c], cases.conduct[c]]
    whole, valued = 0.0, 0.0
    texts = _texts(c, j, in_force, cases, law)
    for k in range(3):
        for option in range(menu.shape[1]):
            if menu[k, option] == -np.inf:
                continue
            habit, frame = exp(menu[k, option]), int(mind.frame[k, option])
            whole += habit
            if mind.labels and _used(c, j, frame, book):
                continue
            text = _instrument(seed, c, attempt, texts, option, cases, law, habits)
            worth = _worth(i, text, place, frame, _ORDINARY, mind)
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
    if not (cases.abusive[c] and mind.pull[cases.requester[c]] > 0.0):
        return False
    return bool(mind.destinations or (mind.labels and attempt > 0))


@inlined
def _destination(
    seed: np.uint64, c: int, attempt: int, phase: int, in_force: NDArray[np.bool_], cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> int:  # fmt: skip
    """The slot that wins the race among states that hold evidence and can be asked (again); -1 if none is left."""
    best, winner = -np.inf, -1
    start = absorb(absorb(opened(seed, _DESTINATION), cases.id[c]), np.uint64(attempt))
    i, tried, weighs = cases.requester[c], book.tried[c], _weighs_hosts(c, attempt, cases, mind)
    for slot in range(HOST_SLOTS):
        host = cases.hosts[c, slot]
        if host < 0 or host == i or (tried >> np.uint8(slot)) & np.uint8(1):
            continue
        appeal = gumbel_quantile(unit(absorb(start, habits.state_keys[host])))
        if slot == RESIDENCE_SLOT:
            appeal += habits.residence_log
        if weighs:
            promise = _promise(seed, c, attempt, phase, slot, in_force, cases, book, law, habits, mind)
            appeal += promise if mind.destinations or promise == -np.inf else 0.0
        if appeal > best:
            best, winner = appeal, slot
    return winner


@inlined
def _framing(
    seed: np.uint64, c: int, attempt: int, phase: int, slot: int, in_force: NDArray[np.bool_], cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> tuple[int, int]:  # fmt: skip
    """Kind and label of an abusive request; (-1, -1) if the law offers none."""
    best, kind, label = -np.inf, -1, -1
    i, j = cases.requester[c], int(cases.hosts[c, slot])
    menu = habits.menu[min(phase, habits.menu.shape[0] - 1), i, cases.group[c], cases.conduct[c]]
    start = absorb(absorb(opened(seed, _LABEL), cases.id[c]), np.uint64(attempt))
    learns = mind.labels and mind.pull[i] > 0.0
    place = _place(c, slot, cases, mind) if learns else 0
    texts = _texts(c, j, in_force, cases, law) if learns else np.uint64(0)
    for k in range(3):
        for option in range(menu.shape[1]):
            if menu[k, option] == -np.inf:
                continue
            luck = unit(absorb(absorb(start, np.uint64(k)), habits.label_keys[option]))
            appeal = menu[k, option] + gumbel_quantile(luck)
            if learns:
                frame = int(mind.frame[k, option])
                if _used(c, j, frame, book):
                    continue
                text = _instrument(seed, c, attempt, texts, option, cases, law, habits)
                appeal += _worth(i, text, place, frame, _ORDINARY, mind)
            if appeal > best:
                best, kind, label = appeal, k, option
    return kind, label


@inlined
def _chance(share: float, worth: float) -> float:
    """A habit's share moved by what the way is worth, in log odds; the share itself where it is worth what was expected."""
    if worth == 0.0 or share <= 0.0 or share >= 1.0:
        return share
    return 1.0 / (1.0 + exp(-(log(share / (1.0 - share)) + worth)))


@inlined
def _door(channel: int, first: int, i: int, j: int, in_force: NDArray[np.bool_], law: LawInForce) -> int:
    """The first text in force that has a side door; ``first`` is that, unless it is switched off for the pair; -1 for none."""
    if first < 0 or in_force[first, i, j]:
        return first
    for text in range(in_force.shape[0]):
        if law.opens[channel, text] and in_force[text, i, j]:
            return text
    return -1


@inlined
def _write(text: int, channel: int, paper: Paper, cases: Cases, docket: Docket) -> None:
    """One more row of the docket."""
    m = docket.used[0]
    docket.case[m] = paper.case
    docket.attempt[m] = paper.attempt
    docket.month[m] = paper.month
    docket.requested[m] = paper.requested
    docket.instrument[m] = text
    docket.channel[m] = channel
    docket.wanted[m] = cases.wanted[paper.case]
    docket.label[m] = paper.label
    docket.alleged[m] = paper.alleged
    docket.kind[m] = paper.kind
    docket.quality[m] = paper.quality
    docket.status[m] = PENDING
    docket.filed_day[m] = paper.day
    docket.used[0] = m + 1


@inlined
def _go_round(
    seed: np.uint64, phase: int, again: bool, paper: Paper, in_force: NDArray[np.bool_], cases: Cases, docket: Docket,
    law: LawInForce, habits: Habits, mind: Mind,
) -> None:  # fmt: skip
    """What comes past the request paragraphs: shared unasked, from the firm, from police to police.

    The firm is asked by no text, for less than content, where it is and not where the person lives; rows are of abusive wishes
    alone, because the legitimate ones are hundreds of times as many and stand in a table of counts. Police ask police for
    the offences of the text itself (Art 47). Neither reads the label as a desk does: ``again``, in a state where the case was
    filed under another one, they would answer as before, and nobody asks them, nor shares anew.
    """
    if again:
        return
    _share_unasked(seed, phase, paper, in_force, cases, docket, law, habits)
    _ask_firm(seed, paper, in_force, cases, docket, habits, mind)
    _ask_police(seed, phase, paper, in_force, cases, docket, law, habits, mind)


@inlined
def _share_unasked(
    seed: np.uint64, phase: int, paper: Paper, in_force: NDArray[np.bool_], cases: Cases, docket: Docket, law: LawInForce,
    habits: Habits,
) -> None:  # fmt: skip
    """The other state shares what it holds, where a text in force lets it and its own law punishes the true conduct."""
    c, j = paper.case, paper.requested
    i = cases.requester[c]
    door = _door(SPONTANEOUS, int(law.pushes[phase, i, j]), i, j, in_force, law)
    punished = habits.punished[min(phase, habits.punished.shape[0] - 1), j, cases.conduct[c]]
    if door >= 0 and punished and u2(seed, _UNASKED, cases.id[c], habits.state_keys[j]) < habits.unasked[i, j]:
        _write(door, SPONTANEOUS, paper, cases, docket)


@inlined
def _ask_firm(
    seed: np.uint64, paper: Paper, in_force: NDArray[np.bool_], cases: Cases, docket: Docket, habits: Habits, mind: Mind
) -> None:  # fmt: skip
    """The requester of an abusive wish asks the firm for less than content, where the firm is."""
    c, j = paper.case, paper.requested
    if not (cases.abusive[c] and cases.wanted[c] < CONTENT and _serves(c, j, cases)):
        return
    text, worth = int(in_force.shape[0]) - 1, 0.0
    if mind.channels and _learns(c, cases, mind):
        worth = _worth(cases.requester[c], text, int(mind.place[j]), int(mind.frame[paper.kind, paper.label]), _BY_FIRM, mind)
    if u2(seed, _FIRM, cases.id[c], habits.state_keys[j]) < _chance(habits.direct_share, worth):
        _write(text, DIRECT, paper, cases, docket)


@inlined
def _ask_police(
    seed: np.uint64, phase: int, paper: Paper, in_force: NDArray[np.bool_], cases: Cases, docket: Docket, law: LawInForce,
    habits: Habits, mind: Mind,
) -> None:  # fmt: skip
    """Police ask police, where a text in force has that door, for offences of the text itself that it covers at this label."""
    c, j = paper.case, paper.requested
    i = cases.requester[c]
    door = _door(POLICE, int(law.polices[phase, i, j]), i, j, in_force, law)
    if door < 0 or not law.established[door, paper.label] or law.reach[door, i, paper.label] != COVERED:
        return
    worth = 0.0
    if mind.channels and _learns(c, cases, mind):
        worth = _worth(i, door, paper.place, int(mind.frame[paper.kind, paper.label]), _BY_POLICE, mind)
    if u2(seed, _POLICE, cases.id[c], habits.state_keys[j]) < _chance(habits.police_share, worth):
        _write(door, POLICE, paper, cases, docket)


@inlined
def _hurries(seed: np.uint64, text: int, paper: Paper, cases: Cases, mind: Mind) -> bool:
    """Whether the case is urgent, or is said to be: a pretence is chosen by what it is worth beyond asking in the ordinary way."""
    c = paper.case
    i = cases.requester[c]
    if not (mind.channels and _learns(c, cases, mind)):
        return bool(cases.urgent[c])
    frame = int(mind.frame[paper.kind, paper.label])
    more = _worth(i, text, paper.place, frame, _HURRIED, mind) - _worth(i, text, paper.place, frame, _ORDINARY, mind)
    if more == 0.0:
        return bool(cases.urgent[c])
    return u1(seed, _URGENT, cases.id[c]) < 1.0 / (1.0 + exp(-(mind.urgent_log + more)))


@inlined
def _ask(
    seed: np.uint64, phase: int, text: int, paper: Paper, in_force: NDArray[np.bool_], cases: Cases, docket: Docket,
    law: LawInForce, habits: Habits, mind: Mind,
) -> None:  # fmt: skip
    """The formal request, and before it one to freeze the data where a text in force has that door."""
    c, j = paper.case, paper.requested
    i = cases.requester[c]
    door = _door(PRESERVATION, int(law.preserves[phase, i, j]), i, j, in_force, law)
    if door >= 0 and u2(seed, _PRESERVE, cases.id[c], habits.state_keys[j]) < habits.preservation_share:
        _write(door, PRESERVATION, paper, cases, docket)
    hurried = _hurries(seed, text, paper, cases, mind) and _door(EMERGENCY, int(law.hurries[phase, i, j]), i, j, in_force, law) >= 0
    _write(text, EMERGENCY if hurried else FORMAL, paper, cases, docket)


@inlined
def _where(
    seed: np.uint64, c: int, attempt: int, phase: int, in_force: NDArray[np.bool_], expression: Reals, cases: Cases,
    book: CaseBook, law: LawInForce, habits: Habits, mind: Mind,
) -> int:  # fmt: skip
    """The slot of the state to ask; -1 where nobody abroad is, or the wish is not live: then the book says so."""
    if cases.domestic[c]:
        book.status[c] = DOMESTIC
        return -1
    if attempt == 0 and cases.abusive[c] and u1(seed, _LIVE, cases.id[c]) >= expression[cases.person[c]]:
        book.status[c] = NOT_LIVE
        return -1
    slot = _destination(seed, c, attempt, phase, in_force, cases, book, law, habits, mind)
    if slot < 0 and attempt == 0:
        book.status[c] = DOMESTIC
    return slot


@inlined
def _wait(c: int, book: CaseBook) -> None:
    """Enter a case among those that may be filed again once their last filing has ended."""
    book.waiting[book.held[0]] = c
    book.until[book.held[0]] = -np.inf
    book.held[0] += 1


@inlined
def _leave(c: int, attempt: int, book: CaseBook) -> None:
    """The law offers no label today: a wish never filed is given up, one filed before waits for another law."""
    if attempt == 0:
        book.status[c] = DETERRED
    else:
        _wait(c, book)


@inlined
def _cross_off(c: int, attempt: int, j: int, frame: int, cases: Cases, book: CaseBook) -> None:
    """What has been tried is not tried again: the state, or where labels are chosen (``frame`` at least 0) this frame with it.

    One state is one destination, however many services it hosts.
    """
    if frame >= 0:
        if attempt < book.ways.shape[1]:
            book.ways[c, attempt] = j * _FRAMES + frame
        return
    for other in range(HOST_SLOTS):
        if cases.hosts[c, other] == j:
            book.tried[c] |= np.uint8(1 << other)


@inlined
def _named(
    seed: np.uint64, c: int, attempt: int, phase: int, slot: int, in_force: NDArray[np.bool_], cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> tuple[int, int]:  # fmt: skip
    """Kind and label of a request: a legitimate one is called what it is; (-1, -1) if the law offers an abusive one none."""
    if not cases.abusive[c]:
        return HONEST, int(cases.conduct[c])
    return _framing(seed, c, attempt, phase, slot, in_force, cases, book, law, habits, mind)


@inlined
def _asks_formally(
    seed: np.uint64, c: int, attempt: int, text: int, cases: Cases, book: CaseBook, docket: Docket, law: LawInForce, habits: Habits,
    mind: Mind,
) -> bool:  # fmt: skip
    """Whether the formal request is made: by the propensity to file under its text, or because it was made before."""
    i = cases.requester[c]
    appetite = habits.appetite[i] * law.filing[text] * mind.volume[int(cases.abusive[c]), i, text]
    if habits.file_everything:
        appetite = 1.0
    asked = attempt > 0 and docket.channel[book.last[c]] < FIRST_SIDE_DOOR  # whoever has asked formally asks so again
    return bool(asked or u1(seed, _FILE, cases.id[c]) < appetite)


@inlined
def _quality(seed: np.uint64, c: int, kind: int, cases: Cases, habits: Habits) -> float:
    """Paperwork of a request, standard normal but for what abusive ones differ by."""
    quality = normal_quantile(u2(seed, _QUALITY, cases.id[c], np.uint64(kind)))
    if cases.abusive[c]:
        quality += habits.quality_abusive
    return quality


@inlined
def _frame_tried(c: int, kind: int, label: int, filed: bool, cases: Cases, mind: Mind) -> int:
    """The frame that is not to be tried again with this state; -1 where labels are not chosen, so that the state is not."""
    if filed and mind.labels and _learns(c, cases, mind):
        return int(mind.frame[kind, label])
    return -1


@loop
def file_requests(
    seed: np.uint64,
    month: int,
    phase: int,
    in_force: NDArray[np.bool_],
    wishes: Ints,
    days: Reals,
    expression: Reals,
    cases: Cases,
    book: CaseBook,
    docket: Docket,
    law: LawInForce,
    habits: Habits,
    mind: Mind,
) -> None:
    """File what is wished for this month; ``wishes`` are case rows in order of ``days``, ``expression`` relative to baseline.

    ``phase`` is 0 in the run-in and 1 from the window's first day; ``in_force`` ``[I, N, N]`` says which texts bind a pair this
    month, by requester and requested: ``law.before`` or ``law.after`` less what is suspended.
    """
    for w in range(wishes.size):
        c = wishes[w]
        attempt = int(book.attempts[c])
        slot = _where(seed, c, attempt, phase, in_force, expression, cases, book, law, habits, mind)
        if slot < 0:
            continue
        j = int(cases.hosts[c, slot])
        kind, label = _named(seed, c, attempt, phase, slot, in_force, cases, book, law, habits, mind)
        if kind < 0:
            _leave(c, attempt, book)
            continue
        text = _instrument(seed, c, attempt, _texts(c, j, in_force, cases, law), label, cases, law, habits)
        formal = _asks_formally(seed, c, attempt, text, cases, book, docket, law, habits, mind)
        quality = _quality(seed, c, kind, cases, habits)
        alleged = label if kind == FABRICATED else int(cases.conduct[c])
        paper = Paper(c, attempt, month, days[w], j, label, alleged, kind, quality, _place(c, slot, cases, mind))
        before = docket.used[0]
        _go_round(seed, phase, _met(c, j, book), paper, in_force, cases, docket, law, habits, mind)
        if formal:
            _ask(seed, phase, text, paper, in_force, cases, docket, law, habits, mind)
        filed = docket.used[0] > before
        if filed:
            book.status[c] = OPEN
            book.attempts[c] += 1
            book.last[c] = docket.used[0] - 1
        elif attempt == 0:
            book.status[c] = DETERRED
            continue
        if book.attempts[c] < (mind.attempts[cases.requester[c]] if phase else habits.attempts):
            _wait(c, book)
        _cross_off(c, attempt, j, _frame_tried(c, kind, label, filed, cases, mind), cases, book)
