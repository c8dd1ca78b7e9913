"""What reviewers remember of a requester: what they refused and gave themselves, and what became public of abuse.

Nobody here sees whether a case is abusive. An authority knows what it gave and what it refused in substance, and reads in the
newspapers what came of it, years later. Memory is kept by requester and requested state, ``[N, N]``, and fades. *Trust* starts
at the regime's and moves with files of one's own; the *record* of exposed abuse raises suspicion and reaches other reviewers
in part, or as a whole where statistics of the text are published or a central unit screens; after a *scandal* cooperation may
be suspended, one way; pretended *emergencies* that came to light make the urgent lane read more closely.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Keys, Reals
from sim.compiled import kernel
from sim.draws import Draws
from sim.review.reading import Reading
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.ranges import Files, Spread, Strength, Unit, Years
from sim.world.record import Record
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DIRECT,
    EMERGENCY,
    FIRST_SIDE_DOOR,
    MONTHS_PER_YEAR,
    REFUSED,
)


class Memory(Record):
    """How reviewers take in what they have seen and read; each switch works alone."""

    trust: bool
    record: bool
    scandals: bool
    emergencies: bool
    prior_files: Files
    severity: Files
    trust_halves_years: Years
    c_record: Strength
    spill: Unit
    record_halves_years: Years
    suspends: Unit
    scandal_years: Years
    scandal_spread: Spread
    fulfilment: Unit

    @property
    def remembers(self) -> bool:
        """Whether anything is remembered at all."""
        return self.trust or self.record or self.scandals or self.emergencies

    @property
    def keeps(self) -> float:
        """Share of trust's experience that lasts a month."""
        return float(0.5 ** (1.0 / (MONTHS_PER_YEAR * self.trust_halves_years)))

    @property
    def keeps_record(self) -> float:
        """Share of a record that lasts a month."""
        return float(0.5 ** (1.0 / (MONTHS_PER_YEAR * self.record_halves_years)))


class Memories(NamedTuple):
    """What reviewers remember, by requester and requested state; written month by month."""

    given: Reals  # [N, N] requests of one's own that were met and of which nothing bad is known, fading
    wronged: Reals  # [N, N] requests of one's own that were refused in substance, fading
    record: Reals  # [N, N] exposed abuse, one's own fully, others' in part, fading
    pretended: Reals  # [N, N] the same of pretended emergencies
    central: Reals  # [N] the record that a central unit keeps, by requester
    resumes: Ints  # [N, N] first month in which a requested state that broke off answers again; 0 if it never did


class Unremembered(NamedTuple):
    """What memory moves in ``Reading``, as it is where nothing is remembered; the same fields."""

    pair_bar: Reals  # [N, N]
    standing: Reals  # [N, N]
    trust_bar: Reals  # [N]
    goodwill: Reals  # [N, N]
    urgent_effort: Reals  # [N, N]


class Decisions(NamedTuple):
    """What authorities themselves decided of ``R`` requests: no more than stands in their own files."""

    requester: Ints
    requested: Ints
    given: Flags
    refused: Flags  # in substance: on a ground or by a look


class News(NamedTuple):
    """Abuse that has become public, ``A`` affairs: what a newspaper reader knows."""

    case: Keys  # id, which names the luck of what follows
    requester: Ints
    requested: Ints  # the state whose authority, or whose firm, gave the data
    text: Ints
    urgent: Flags  # the data were given in a hurry: the emergency was pretended
    own: Flags  # an authority gave them, and not a firm by itself
    counted: Flags  # the authority has the request among those it met
    pooled: Flags  # all parties to the text learn the whole of it: published statistics, or a central unit's file
    age: Reals  # months since the data were given


def nothing_remembered(states: int) -> Memories:
    """Memories of reviewers who have seen nothing: zeros, by pairs of ``states`` states."""

    def pairs() -> Reals:
        return np.zeros((states, states))

    return Memories(pairs(), pairs(), pairs(), pairs(), np.zeros(states), np.zeros((states, states), np.int64))


def unremembered(reading: Reading) -> Unremembered:
    """The tables of a reading that memory moves, as they are where nothing is remembered."""
    return Unremembered(*(getattr(reading, name) for name in Unremembered._fields))


def decisions_of(rows: Ints, docket: Docket, requester: NDArray[np.integer], judged: Flags) -> Decisions:
    """What authorities see of their own decisions among these rows; ``requester`` by case.

    ``judged`` ``[S]`` are the safeguards whose refusals are of substance and the authority's own. What lapsed, was withdrawn
    or found no data teaches nobody; neither does a side door, which the authority's desk does not see.
    """
    return Decisions(
        *_decided(
            rows, docket.case, docket.requested, docket.channel, docket.granted, docket.status, docket.reason, requester, judged
        )
    )


@kernel
def _decided(
    rows: Ints,
    case: NDArray[np.integer],
    requested: NDArray[np.integer],
    channel: NDArray[np.integer],
    granted: NDArray[np.integer],
    status: NDArray[np.integer],
    reason: NDArray[np.integer],
    requester: NDArray[np.integer],
    judged: Flags,
) -> tuple[Ints, Ints, Flags, Flags]:
    """The columns of ``Decisions``, from those of the docket that an authority has in its own files."""
    asks, holds = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    given, refused = np.empty(rows.size, np.bool_), np.empty(rows.size, np.bool_)
    count = 0
    for m in rows:
        if channel[m] >= FIRST_SIDE_DOOR:
            continue
        met = granted[m] >= 0
        upheld = status[m] == REFUSED and reason[m] >= 0 and judged[reason[m]]
        if met or upheld:
            asks[count], holds[count], given[count], refused[count] = requester[case[m]], requested[m], met, upheld
            count += 1
    return asks[:count], holds[:count], given[:count], refused[:count]


def news_of(rows: Ints, month: int, opens: int, docket: Docket, cases: Cases, screened: Flags) -> News:
    """What stands in the newspapers about these rows, whose abuse became public this month.

    ``opens`` is the month from which authorities count, ``screened`` ``[I]`` the texts with a central unit.
    """
    case, text = docket.case[rows], docket.instrument[rows].astype(np.int64)
    formal = docket.channel[rows] < FIRST_SIDE_DOOR
    met = np.floor(docket.ended_day[rows] / DAYS_PER_MONTH)
    return News(
        case=cases.id[case],
        requester=cases.requester[case].astype(np.int64),
        requested=docket.requested[rows].astype(np.int64),
        text=text,
        urgent=docket.channel[rows] == EMERGENCY,
        own=docket.channel[rows] != DIRECT,
        counted=formal & (met >= opens),
        pooled=(screened[text] & formal) | (docket.published[rows] == 1),
        age=month - met,
    )


def parties_of(after: Flags, news: News) -> Flags:
    """Who is bound by each text under which something is pooled, ``[I, N]``; from what is in force between whom, ``[I, N, N]``."""
    bound = np.zeros(after.shape[:2], np.bool_)
    for text in np.unique(news.text[news.pooled]):
        bound[text] = after[text].any(axis=0) | after[text].any(axis=1)
    return bound


def fade(memories: Memories, spec: Memory) -> None:
    """Multiply old experience and old affairs by the shares of them that last a month, in place."""
    if spec.trust:
        memories.given[:] *= spec.keeps
        memories.wronged[:] *= spec.keeps
    for affairs in (memories.record, memories.pretended, memories.central):
        affairs[:] *= spec.keeps_record


@kernel
def experience(memories: Memories, decisions: Decisions) -> None:
    """Authorities count what they gave and what they refused, in place; whole numbers, so no order matters."""
    for r in range(decisions.requester.size):
        i, j = decisions.requester[r], decisions.requested[r]
        if decisions.given[r]:
            memories.given[i, j] += 1.0
        if decisions.refused[r]:
            memories.wronged[i, j] += 1.0


def heard_by(news: News, parties: Flags, spill: float) -> Reals:
    """How much of each affair each state's reviewers take to heart, ``[A, N]``.

    The state whose data were abused all of it, another a share ``spill`` (empirics.md 7.3 no. 42), or all of it too where it
    is party to the text and what is known under the text is pooled. The requester learns nothing about itself.
    """
    affairs = np.arange(news.case.size)
    heard = np.where(news.pooled[:, None] & parties[news.text], 1.0, spill)
    heard[affairs, news.requested] = 1.0
    heard[affairs, news.requester] = 0.0
    return heard


def record_news(memories: Memories, spec: Memory, news: News, parties: Flags) -> None:
    """The affairs of a month enter records and trust, in place.

    What an authority had counted as met is taken off again, as far as it had not faded: it is no credit. That it was abused weighs
    once, in the record, and not in trust as well.
    """
    heard = heard_by(news, parties, spec.spill)
    np.add.at(memories.record, news.requester, heard)
    np.add.at(memories.pretended, news.requester[news.urgent], heard[news.urgent])
    np.add.at(memories.central, news.requester, np.where(news.pooled, 1.0, spec.spill))
    if spec.trust:
        pair = news.requester[news.own], news.requested[news.own]
        np.subtract.at(memories.given, pair, (news.counted * spec.keeps**news.age)[news.own])
        np.maximum(memories.given, 0.0, out=memories.given)


def outrage(news: News, commitment: Reals, alignment: Reals) -> Reals:
    """How readily the requested states break off with the requesters, ``[A]`` in [0, 1]: ``commitment * (1 - alignment)``.

    *Assumption*: the two cases behind the figure are states committed to civil liberties and requesters far from them
    (Lithuania and Belarus, Cyprus and Russia); a state that shares the requester's ends is not outraged.
    """
    return np.asarray(commitment[news.requested] * (1.0 - alignment[news.requester, news.requested]))


def break_off(memories: Memories, spec: Memory, news: News, month: int, readiness: Reals, state_keys: Keys, draws: Draws) -> Flags:
    """Which affairs make the requested state suspend cooperation with the requester, ``[A]``; the terms are written down.

    With the chance ``suspends * readiness`` (``scandal`` by case and requested state) and for a log-normal while
    (``scandal:length``), from next month (empirics.md 7.3 no. 41). Only an authority that gave data breaks off. The requester
    may still be asked: nothing is mutual. A further scandal makes a term longer, never shorter.
    """
    key = state_keys[news.requested]
    broken = news.own & (draws.uniform("scandal", news.case, key) < spec.suspends * readiness)
    if broken.any():
        spread = spec.scandal_spread * draws.normal("scandal:length", news.case[broken], key[broken])
        length = np.maximum(np.rint(MONTHS_PER_YEAR * spec.scandal_years * np.exp(spread)), 1.0).astype(np.int64)
        np.maximum.at(memories.resumes, (news.requester[broken], news.requested[broken]), month + 1 + length)
    return broken


def broken_in(memories: Memories, month: int) -> Flags:
    """Who does not cooperate with whom in a month, ``[N, N]`` by requester and requested."""
    return np.asarray(memories.resumes > month)


def gained(given: Reals, wronged: Reals, liberal: Reals, spec: Memory) -> Reals:
    """What experience has added to the regime's trust, which lies in [0, 1] as the sum does.

    Trust is the share of what was met among all that was seen, a refusal weighing ``severity`` files, with
    ``prior_files`` files' worth of the regime's: ``(prior * liberal + given) / (prior + given + severity * wronged)``.
    """
    seen = given + spec.severity * wronged
    return np.asarray((given - liberal * seen) / (seen + spec.prior_files))


@kernel
def as_trusted(
    pair_bar: Reals, standing: Reals, memories: Memories, liberal: Reals, severity: float, prior_files: float, c_trust: float
) -> tuple[Reals, Reals, Reals]:
    """Bars and standing ``[N, N]`` with ``c_trust`` times the trust gained by each pair, and what to add for all together ``[N]``.

    See ``gained``; a kernel, since it is taken anew for every pair every month.
    """
    bars, trusted, pooled = np.empty_like(pair_bar), np.empty_like(standing), np.empty(liberal.size)
    for i in range(liberal.size):
        all_given, all_wronged = 0.0, 0.0
        for j in range(liberal.size):
            given, wronged = memories.given[i, j], memories.wronged[i, j]
            more = 0.0
            if given > 0.0 or wronged > 0.0:
                seen = given + severity * wronged
                more = c_trust * ((given - liberal[i] * seen) / (seen + prior_files))
                all_given += given
                all_wronged += wronged
            bars[i, j] = pair_bar[i, j] + more
            trusted[i, j] = standing[i, j] + more
        seen = all_given + severity * all_wronged
        pooled[i] = c_trust * ((all_given - liberal[i] * seen) / (seen + prior_files))
    return bars, trusted, pooled


@kernel
def _lower(bars: Reals, record: Reals, known: Ints, c_record: float) -> None:
    """Take ``c_record * log(1 + record)`` off the bars of these requesters, in place; most of a row is what spilled over, alike."""
    for i in known:
        last, less = 0.0, 0.0
        for j in range(record.shape[1]):
            if record[i, j] != last:
                last = record[i, j]
                less = c_record * np.log1p(last)
            bars[i, j] -= less


@kernel
def _look_closely(effort: Reals, pretended: Reals, known: Ints) -> None:
    """The urgent lane's effort goes towards one, ``1 - (1 - usual) * exp(-record)``, in place."""
    for i in known:
        last, slack = 0.0, 1.0
        for j in range(pretended.shape[1]):
            if pretended[i, j] != last:
                last = pretended[i, j]
                slack = np.exp(-last)
            if last != 0.0:
                effort[i, j] = 1.0 - (1.0 - effort[i, j]) * slack


def as_remembered(
    memories: Memories, plain: Unremembered, spec: Memory, c_trust: float, liberal: Reals, month: int
) -> Unremembered:
    """What reviewers read by in a month, given what they remember.

    Bars and standing move by ``c_trust`` times the trust gained, bars also by ``-c_record * log(1 + record)`` (section 3 of the
    model's description); a central unit pools all authorities' experience. Where cooperation is broken off comity answers with
    ``fulfilment`` at most. The urgent lane's effort goes from its usual one towards one: ``1 - (1 - usual) * exp(-record)``.
    """
    pair_bar, standing, trust_bar, goodwill, urgent = plain
    if spec.trust:
        weights = spec.severity, spec.prior_files, c_trust
        pair_bar, standing, pooled = as_trusted(pair_bar, standing, memories, liberal, *weights)
        trust_bar = trust_bar + pooled
    known = np.flatnonzero(memories.record.any(axis=1))  # requesters of whom anything is known
    if spec.record and known.size:
        pair_bar, trust_bar = pair_bar if spec.trust else pair_bar.copy(), trust_bar.copy()
        _lower(pair_bar, memories.record, known, spec.c_record)
        trust_bar[known] -= spec.c_record * np.log1p(memories.central[known])
    if spec.emergencies and known.size:
        urgent = urgent.copy()
        _look_closely(urgent, memories.pretended, known)
    if spec.scandals:
        broken = np.flatnonzero(broken_in(memories, month))
        if broken.size:
            goodwill = goodwill.copy()
            goodwill.reshape(-1)[broken] = np.minimum(goodwill.reshape(-1)[broken], spec.fulfilment)
    return Unremembered(pair_bar, standing, trust_bar, goodwill, urgent)
