"""Whether a wish becomes a request: the month's loop over wishes, which thins them and never reshuffles them.

Order of choice: destination first (a platform's jurisdiction, or the residence state), then kind and label, then the
instrument that reaches the label and the data for this pair (``sim.conduct.choices``), then the channel
(``sim.conduct.doors``).
"""

from __future__ import annotations

import numpy as np

from sim.arrays import Ints, Keys, Reals
from sim.compiled import inlined, loop, row
from sim.conduct.choices import choose_destination, choose_framing, chooses_by_worth, governing_text, place_of, texts_binding
from sim.conduct.doors import Paper, ask_formally, go_round
from sim.conduct.learning import Mind
from sim.conduct.menus import Habits
from sim.conduct.retries import CaseBook, cross_off, leave, met_before, wait
from sim.draws import name_key, normal_quantile, u1, u2
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.instruments import LawInForce
from sim.world.vocabulary import DETERRED, DOMESTIC, FABRICATED, FIRST_SIDE_DOOR, HONEST, NOT_LIVE, OPEN

_FILE, _LIVE, _QUALITY = map(name_key, ("file", "live", "quality"))


@inlined
def _where(
    seed: np.uint64, c: int, attempt: int, phase: int, bound: Keys, expression: Reals, cases: Cases,
    book: CaseBook, law: LawInForce, habits: Habits, mind: Mind,
) -> int:  # fmt: skip
    """The slot of the state to ask; -1 where nobody abroad is, or the wish is not live: then the book says so."""
    if cases.domestic[c]:
        book.status[c] = DOMESTIC
        return -1
    if attempt == 0 and cases.abusive[c] and u1(seed, _LIVE, cases.id[c]) >= expression[row(cases.person[c])]:
        book.status[c] = NOT_LIVE
        return -1
    slot = choose_destination(seed, c, attempt, phase, bound, cases, book, law, habits, mind)
    if slot < 0 and attempt == 0:
        book.status[c] = DOMESTIC
    return slot


@inlined
def _named(
    seed: np.uint64, c: int, attempt: int, phase: int, slot: int, bound: Keys, cases: Cases, book: CaseBook,
    law: LawInForce, habits: Habits, mind: Mind,
) -> tuple[int, int]:  # fmt: skip
    """Kind and label of a request: a legitimate one is called what it is; (-1, -1) if the law offers an abusive one none."""
    if not cases.abusive[c]:
        return HONEST, int(cases.conduct[c])
    return choose_framing(seed, c, attempt, phase, slot, bound, cases, book, law, habits, mind)


@inlined
def _asks_formally(
    seed: np.uint64, c: int, attempt: int, text: int, cases: Cases, book: CaseBook, docket: Docket, law: LawInForce, habits: Habits,
    mind: Mind,
) -> bool:  # fmt: skip
    """Whether the formal request is made: by the propensity to file under its text, or because it was made before."""
    i = row(cases.requester[c])
    appetite = habits.appetite[i] * law.filing[text] * mind.volume[int(cases.abusive[c]), i, text]
    if habits.file_everything:
        appetite = 1.0
    appetite *= habits.eager[i, cases.group[c]]
    asked = attempt > 0 and docket.channel[row(book.last[c])] < FIRST_SIDE_DOOR  # whoever has asked formally asks so again
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
    if filed and mind.labels and chooses_by_worth(c, cases, mind):
        return int(mind.frame[kind, label])
    return -1


@loop
def file_requests(
    seed: np.uint64,
    month: int,
    phase: int,
    bound: Keys,
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

    ``phase`` is 0 in the run-in and 1 from the window's first day; ``bound`` ``[N, N]`` says which texts bind a pair this month,
    by requester and requested, bit t for the text of row t: ``law.before`` or ``law.after`` less what is suspended.
    """
    for w in range(wishes.size):
        c = row(wishes[w])
        attempt = int(book.attempts[c])
        slot = _where(seed, c, attempt, phase, bound, expression, cases, book, law, habits, mind)
        if slot < 0:
            continue
        j = row(cases.hosts[c, slot])
        kind, label = _named(seed, c, attempt, phase, slot, bound, cases, book, law, habits, mind)
        if kind < 0:
            leave(c, attempt, book)
            continue
        text = governing_text(seed, c, attempt, texts_binding(c, j, bound, cases, law), label, cases, law, habits)
        formal = _asks_formally(seed, c, attempt, text, cases, book, docket, law, habits, mind)
        quality = _quality(seed, c, kind, cases, habits)
        alleged = label if kind == FABRICATED else int(cases.conduct[c])
        paper = Paper(c, attempt, month, days[w], j, label, alleged, kind, quality, place_of(c, slot, cases, mind))
        before = docket.used[0]
        go_round(seed, phase, met_before(c, j, book), paper, bound, cases, docket, law, habits, mind)
        if formal:
            ask_formally(seed, phase, text, paper, bound, cases, docket, law, habits, mind)
        filed = docket.used[0] > before
        if filed:
            book.status[c] = OPEN
            book.attempts[c] += 1
            book.last[c] = docket.used[0] - 1
        elif attempt == 0:
            book.status[c] = DETERRED
            continue
        if book.attempts[c] < (mind.attempts[row(cases.requester[c])] if phase else habits.attempts):
            wait(c, book)
        cross_off(c, attempt, j, _frame_tried(c, kind, label, filed, cases, mind), cases, book)
