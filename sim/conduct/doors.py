"""The rows that one filing writes: what comes past the request paragraphs, one to freeze the data, and the formal request.

Their order in the docket: what the other state shares unasked, a request to the firm, one from police to police, one to freeze
the data, and the formal request. The first three do not depend on whether the formal request is made.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

import numpy as np

from sim.arrays import Keys
from sim.compiled import inlined, row
from sim.conduct.choices import chooses_by_worth, hosts_service, worth_of
from sim.conduct.learning import BY_FIRM, BY_POLICE, HURRIED, ORDINARY, Mind
from sim.conduct.menus import Habits
from sim.draws import name_key, u1, u2
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.instruments import COVERED, LawInForce
from sim.world.vocabulary import CONTENT, DIRECT, EMERGENCY, FORMAL, PENDING, POLICE, PRESERVATION, SPONTANEOUS

_UNASKED, _FIRM, _POLICE = map(name_key, ("spontaneous", "direct", "police"))
_PRESERVE, _URGENT = map(name_key, ("preserve", "urgent"))
MOST_ROWS_A_CASE = 5  # rows that one filing may write: shared unasked, to the firm, police to police, to freeze, formal


class Paper(NamedTuple):
    """What all rows of one filing have in common; all but ``day`` and ``quality`` are rows of tables or codes."""

    case: int
    attempt: int
    month: int
    day: float  # since the start of the run-in
    requested: int
    label: int
    alleged: int
    kind: int
    quality: float  # paperwork, standard normal
    place: int  # of the destination in ``Mind.value``


@inlined
def _chance(share: float, worth: float) -> float:
    """A share in [0, 1] after adding ``worth`` to its log odds; 0 and 1 stay what they are."""
    if worth == 0.0 or share <= 0.0 or share >= 1.0:
        return share
    return 1.0 / (1.0 + exp(-(log(share / (1.0 - share)) + worth)))


@inlined
def _door(channel: int, first: int, i: int, j: int, bound: Keys, law: LawInForce) -> int:
    """Row of the first text in force between ``i`` and ``j`` that opens the side door ``channel``; -1 for none.

    ``first`` is that row by the law alone: it is the answer unless the text is switched off for this pair.
    """
    texts = bound[i, j]
    if first < 0 or (texts >> np.uint64(first)) & np.uint64(1) != np.uint64(0):
        return first
    for text in range(law.opens.shape[1]):
        if law.opens[channel, text] and (texts >> np.uint64(text)) & np.uint64(1) != np.uint64(0):
            return text
    return -1


@inlined
def _write(text: int, channel: int, paper: Paper, cases: Cases, docket: Docket) -> None:
    """Add a pending row to the docket, under the text of row ``text`` and by ``channel``; all else is the paper's."""
    m = row(docket.used[0])
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
    docket.used[0] += 1


@inlined
def go_round(
    seed: np.uint64, phase: int, again: bool, paper: Paper, bound: Keys, cases: Cases, docket: Docket,
    law: LawInForce, habits: Habits, mind: Mind,
) -> None:  # fmt: skip
    """Write the rows that pass by the paragraphs on requests: shared unasked, to the firm, from police to police.

    The firm is asked by no text, for less than content, where it is and not where the person lives; rows are of abusive wishes
    alone, because the legitimate ones are hundreds of times as many and stand in a table of counts. Police ask police for
    the offences of the text itself (Art 47). Neither reads the label as a desk does: ``again``, in a state where the case was
    filed under another one, they would answer as before, and nobody asks them, nor shares anew.
    """
    if again:
        return
    _share_unasked(seed, phase, paper, bound, cases, docket, law, habits)
    _ask_firm(seed, paper, cases, docket, law, habits, mind)
    _ask_police(seed, phase, paper, bound, cases, docket, law, habits, mind)


@inlined
def _share_unasked(
    seed: np.uint64, phase: int, paper: Paper, bound: Keys, cases: Cases, docket: Docket, law: LawInForce,
    habits: Habits,
) -> None:  # fmt: skip
    """The other state shares what it holds, where a text in force lets it and its own law punishes the true conduct."""
    c, j = paper.case, paper.requested
    i = row(cases.requester[c])
    door = _door(SPONTANEOUS, int(law.pushes[phase, i, j]), i, j, bound, law)
    punished = habits.punished[min(phase, habits.punished.shape[0] - 1), j, row(cases.conduct[c])]
    if door >= 0 and punished and u2(seed, _UNASKED, cases.id[c], habits.state_keys[j]) < habits.unasked[i, j]:
        _write(door, SPONTANEOUS, paper, cases, docket)


@inlined
def _ask_firm(
    seed: np.uint64, paper: Paper, cases: Cases, docket: Docket, law: LawInForce, habits: Habits, mind: Mind
) -> None:  # fmt: skip
    """The requester of an abusive wish asks the firm for less than content, where the firm is."""
    c, j = paper.case, paper.requested
    if not (cases.abusive[c] and cases.wanted[c] < CONTENT and hosts_service(c, j, cases)):
        return
    text, worth = int(law.filing.size) - 1, 0.0
    if mind.channels and chooses_by_worth(c, cases, mind):
        worth = worth_of(row(cases.requester[c]), text, int(mind.place[j]), int(mind.frame[paper.kind, paper.label]), BY_FIRM, mind)
    eager = habits.eager[row(cases.requester[c]), cases.group[c]]
    if u2(seed, _FIRM, cases.id[c], habits.state_keys[j]) < _chance(habits.direct_share, worth) * eager:
        _write(text, DIRECT, paper, cases, docket)


@inlined
def _ask_police(
    seed: np.uint64, phase: int, paper: Paper, bound: Keys, cases: Cases, docket: Docket, law: LawInForce,
    habits: Habits, mind: Mind,
) -> None:  # fmt: skip
    """Police ask police, where a text in force has that door, for offences of the text itself that it covers at this label."""
    c, j = paper.case, paper.requested
    i = row(cases.requester[c])
    door = _door(POLICE, int(law.polices[phase, i, j]), i, j, bound, law)
    if door < 0 or not law.established[door, paper.label] or law.reach[door, i, paper.label] != COVERED:
        return
    worth = 0.0
    if mind.channels and chooses_by_worth(c, cases, mind):
        worth = worth_of(i, door, paper.place, int(mind.frame[paper.kind, paper.label]), BY_POLICE, mind)
    if u2(seed, _POLICE, cases.id[c], habits.state_keys[j]) < _chance(habits.police_share, worth) * habits.eager[i, cases.group[c]]:
        _write(door, POLICE, paper, cases, docket)


@inlined
def _hurries(seed: np.uint64, text: int, paper: Paper, cases: Cases, mind: Mind) -> bool:
    """Whether the case is urgent, or is said to be: a pretence is chosen by what it is worth beyond asking in the ordinary way."""
    c = paper.case
    i = row(cases.requester[c])
    if not (mind.channels and chooses_by_worth(c, cases, mind)):
        return bool(cases.urgent[c])
    frame = int(mind.frame[paper.kind, paper.label])
    more = worth_of(i, text, paper.place, frame, HURRIED, mind) - worth_of(i, text, paper.place, frame, ORDINARY, mind)
    if more == 0.0:
        return bool(cases.urgent[c])
    return u1(seed, _URGENT, cases.id[c]) < 1.0 / (1.0 + exp(-(mind.urgent_log + more)))


@inlined
def ask_formally(
    seed: np.uint64, phase: int, text: int, paper: Paper, bound: Keys, cases: Cases, docket: Docket,
    law: LawInForce, habits: Habits, mind: Mind,
) -> None:  # fmt: skip
    """The formal request, and before it one to freeze the data where a text in force has that door."""
    c, j = paper.case, paper.requested
    i = row(cases.requester[c])
    door = _door(PRESERVATION, int(law.preserves[phase, i, j]), i, j, bound, law)
    if door >= 0 and u2(seed, _PRESERVE, cases.id[c], habits.state_keys[j]) < habits.preservation_share:
        _write(door, PRESERVATION, paper, cases, docket)
    hurried = _hurries(seed, text, paper, cases, mind) and _door(EMERGENCY, int(law.hurries[phase, i, j]), i, j, bound, law) >= 0
    _write(text, EMERGENCY if hurried else FORMAL, paper, cases, docket)
