"""What people do about it: whoever was hit falls silent for a while, peers who hear of it a little, and some move to safer tools.

Expression is relative to a person's own baseline and thins wishes: what is not said is not wished for. Nothing here sees what a
reviewer thinks, or knows of a request that nobody told of: people know what they were told, who was arrested, what became public.

A row of the cohort stands for ``weight`` people. What all of them share (peers) is written to the row as it is; what hit one of
them (``member``) counts for that one's share, so that the row holds their mean. Wishes pick a member evenly, so that as many
wishes fall away as if everyone had a row of their own, on average; now and then it is another member's of the same row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Keys, Reals
from sim.compiled import inlined, kernel
from sim.draws import Draws, name_key, u1, u2
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.people import PeopleTable
from sim.world.ranges import FactorOrNone, Months, Unit
from sim.world.record import Record
from sim.world.snapshot import World
from sim.world.vocabulary import GROUPS, HAS_MOVED, MOVES_IF_TOLD, PRESERVATION

_Codes = NDArray[np.int8]
_ARRESTED, _EVADED, _TOOLS = map(name_key, ("arrested", "evaded", "tools"))


class People(Record):
    """How people at risk adapt: which of them fall silent or take cover, how much, and for how long."""

    own: bool
    peers: bool
    tools: bool
    own_loss: Unit
    receptivity: Unit
    publicity: FactorOrNone
    lasting: Unit
    half_life_months: Months
    arrest_at_home: Unit
    arrest_abroad: Unit
    moves: Unit
    evades: Unit

    @property
    def falls_silent(self) -> bool:
        """Whether anybody says less than before."""
        return self.own or self.peers

    @property
    def adapts(self) -> bool:
        """Whether anybody does anything about what happened."""
        return self.falls_silent or self.tools


class Hits(NamedTuple):
    """People who know that their data were asked for or given: a row a case, in order of person, member and month."""

    person: Ints  # row of the cohort
    member: Ints  # which of the people that the row stands for
    month: Ints  # in which they learned


class Talk(NamedTuple):
    """Public affairs, a row a case: who hears of them, since when, and how many."""

    cell: Ints  # origin and group of whom it is about: ``origin * G + group``
    month: Ints  # in which it became public
    publicity: Reals  # share of the cell that hears of it


class Climate(NamedTuple):
    """What people know so far, and what it has cost; flags and ``lost`` are written in place."""

    hits: Hits  # whose own case they know of
    talk: Talk  # what became public
    knows: Flags  # [C] the person of the case knows
    public: Flags  # [C] the case is a public affair
    hit: Flags  # [P] someone of the row was hit
    receptive: Reals  # [P] part of expression that a person gives up after a case of which all hear; a lasting trait
    at_stake: Reals  # [N * G] people's worth of expression that a cell gives up then
    lost: Reals  # [T, G] people's worth of expression lost in a month


def climate_of(world: World, spec: People, cases: int, months: int) -> Climate:
    """Nobody has heard anything yet. While nobody adapts nothing is drawn and little is kept."""
    people, none = world.people, np.empty(0, np.int64)
    cells = people.cell_start.size - 1
    receptive = receptivity(world, spec) if spec.peers else np.empty(0)
    at_stake = np.bincount(cell_of(people), people.weight * receptive, minlength=cells) if spec.peers else np.zeros(cells)
    return Climate(
        hits=Hits(none, none, none),
        talk=Talk(none, none, np.empty(0)),
        knows=np.zeros(cases if spec.adapts else 0, bool),
        public=np.zeros(cases if spec.adapts else 0, bool),
        hit=np.zeros(people.count if spec.adapts else 0, bool),
        receptive=receptive,
        at_stake=at_stake,
        lost=np.zeros((months, len(GROUPS))),
    )


def cell_of(people: PeopleTable, rows: Ints | slice = slice(None)) -> Ints:
    """Cell of these rows of the cohort, or of all: people of one origin and group are peers."""
    return np.asarray(people.origin[rows] * len(GROUPS) + people.group[rows])


def receptivity(world: World, spec: People) -> Reals:
    """Part of expression that each gives up after a publicised case ``[P]``: ``u ** (1 / mean - 1)``, so beta (m / (1 - m), 1).

    A lasting trait of the row (``trait:receptivity`` by person). The mean is the share of writers who gave up a topic
    (empirics.md section 5, PEN); the form is *assumption*: one number gives it, everyone's rises with the mean, and most hardly
    react (at a mean of 0.16 more than half lose under a twentieth), as in the experiment of Stoycheff 2016.
    """
    u = Draws(world.seed).uniform("trait:receptivity", world.people.ids)
    return np.zeros_like(u) if spec.receptivity == 0.0 else np.asarray(u ** (1.0 / spec.receptivity - 1.0))


def publicity(visibility: Reals, spec: People) -> Reals:
    """Share of the peers who hear of a case: in proportion to the person's visibility (median one), at most all; *assumption*."""
    return np.minimum(spec.publicity * visibility, 1.0)


def remaining(months: Ints, spec: People) -> Reals:
    """Part of a loss that is left after so many months: some lasts, the rest halves every half-life (empirics.md 7.3 no. 49)."""
    return np.asarray(spec.lasting + (1.0 - spec.lasting) * 0.5 ** (months / spec.half_life_months))


# --- who knows -----------------------------------------------------------------------------------------------------------


def take_in(
    climate: Climate, spec: People, month: int, ended: Ints, public: Ints, docket: Docket, cases: Cases, world: World, draws: Draws
) -> Climate:
    """The climate after a month: ``ended`` are rows about people at risk that ended in it, ``public`` those that came to light.

    Who was told (before or after), arrested, or named in public knows, once a case; peers hear of a case once.
    """
    answers = docket.case, docket.channel, docket.granted, docket.told
    about = cases.id, cases.requester, cases.person, world.people.residence
    learned = _learned(draws.root, ended, public, *answers, *about, climate.knows, spec.arrest_at_home, spec.arrest_abroad)
    affairs = _fresh(docket.case[public], climate.public)
    cells = cell_of(world.people, cases.person[affairs].astype(np.int64))
    climate.hit[cases.person[learned]] = True
    hits = Hits(cases.person[learned].astype(np.int64), cases.member[learned].astype(np.int64), np.full(learned.size, month))
    talk = Talk(cells, np.full(affairs.size, month), publicity(cases.visibility[affairs], spec))
    return climate._replace(hits=_sorted_in(climate.hits, hits), talk=_longer(climate.talk, talk))


@kernel
def _learned(
    seed: np.uint64,
    ended: Ints,
    public: Ints,
    case: NDArray[np.integer],
    channel: NDArray[np.integer],
    granted: NDArray[np.integer],
    told: _Codes,
    ids: Keys,
    requester: NDArray[np.integer],
    persons: NDArray[np.integer],
    residence: Ints,
    knows: Flags,
    at_home: float,
    abroad: float,
) -> Ints:
    """Cases whose person learns of them now, once each; ``knows`` is kept in place.

    Data may lead to an arrest (``arrested`` by case), more often where the person lives in the requester's state (empirics.md
    7.3 no. 47); that the month is that of the data is *assumption*.
    """
    found, count = np.empty(ended.size + public.size, np.int64), 0
    for k in range(found.size):
        m = ended[k] if k < ended.size else public[k - ended.size]
        c = case[m]
        news = k >= ended.size or told[m] > 0
        if not news and granted[m] >= 0 and channel[m] != PRESERVATION:
            news = u1(seed, _ARRESTED, ids[c]) < (at_home if residence[persons[c]] == requester[c] else abroad)
        if news and not knows[c]:
            knows[c] = True
            found[count] = c
            count += 1
    return found[:count]


def _fresh(cases: Ints, known: Flags) -> Ints:
    """Of these cases those that were not known, once each and in order; they are known from now on."""
    new = np.unique(cases[~known[cases]])
    known[new] = True
    return new


def _longer(talk: Talk, more: Talk) -> Talk:
    return Talk(*(np.concatenate(parts) for parts in zip(talk, more, strict=True)))


def _sorted_in(hits: Hits, more: Hits) -> Hits:
    """Both in order of person and member, so that each one's stand together; ``more`` is later."""
    if more.person.size == 0:
        return hits
    order = np.lexsort((more.member, more.person))
    return Hits(*_merged(hits, Hits(*(column[order] for column in more))))


@kernel
def _merged(hits: Hits, more: Hits) -> tuple[Ints, Ints, Ints]:
    size = hits.person.size + more.person.size
    person, member, month = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    old, new = 0, 0
    for k in range(size):
        if new == more.person.size:
            earlier = True
        elif old == hits.person.size:
            earlier = False
        elif hits.person[old] != more.person[new]:
            earlier = hits.person[old] < more.person[new]
        else:
            earlier = hits.member[old] <= more.member[new]
        if earlier:
            person[k], member[k], month[k] = hits.person[old], hits.member[old], hits.month[old]
            old += 1
        else:
            person[k], member[k], month[k] = more.person[new], more.member[new], more.month[new]
            new += 1
    return person, member, month


# --- who falls silent ----------------------------------------------------------------------------------------------------


def chill(talk: Talk, month: int, spec: People, cells: int) -> Reals:
    """How cold it is in each cell in a month, 0 to 1: ``1 - product(1 - publicity * remaining)`` over its affairs.

    Each affair finds whoever the others have left unmoved. It acts from the month after it became public.
    """
    calm = np.ones(cells)
    np.multiply.at(calm, talk.cell, 1.0 - talk.publicity * remaining(month - 1 - talk.month, spec))
    return 1.0 - calm


def left_to(hits: Hits, month: int, spec: People, people: PeopleTable) -> tuple[Ints, Reals]:
    """Rows of the cohort in which someone was hit, and what is left of the row's expression, as its members' mean.

    A member loses ``own_loss`` at each case that it learns of; losses of several cases add up as ``1 - product(1 - loss)``.
    """
    return _left(hits, month, spec.own_loss * remaining(np.arange(month), spec), people.weight)


@kernel
def _left(hits: Hits, month: int, loss: Reals, weights: Reals) -> tuple[Ints, Reals]:
    """``left_to``, with what a case costs by its age in months."""
    size = hits.person.size
    rows, left = np.empty(size, np.int64), np.empty(size)
    count, k = 0, 0
    while k < size:
        row, weight, lost = hits.person[k], weights[hits.person[k]], 0.0
        while k < size and hits.person[k] == row:
            member, kept = hits.member[k], 1.0
            while k < size and hits.person[k] == row and hits.member[k] == member:
                kept *= 1.0 - loss[month - 1 - hits.month[k]]
                k += 1
            lost += min(weight - member, 1.0) / weight * (1.0 - kept)  # of the row: the last member may be less than one person
        rows[count], left[count] = row, 1.0 - lost
        count += 1
    return rows[:count], left[:count]


def speak(climate: Climate, spec: People, month: int, people: PeopleTable, expression: Reals) -> None:
    """Settle ``expression`` ``[P]`` of a month, in place, and note what is lost; what nothing ever reached stays as it is."""
    lost = np.zeros(len(GROUPS))
    cells = people.cell_start.size - 1
    cold = chill(climate.talk, month, spec, cells) if spec.peers else np.zeros(cells)
    if spec.peers:
        _cool(expression, cold, np.unique(climate.talk.cell), climate.receptive, people.cell_start)
    lost += np.bincount(np.arange(cells) % len(GROUPS), cold * climate.at_stake, minlength=len(GROUPS))
    if spec.own and climate.hits.person.size:
        hit, left = left_to(climate.hits, month, spec, people)
        among = 1.0 - cold[cell_of(people, hit)] * climate.receptive[hit] if spec.peers else np.ones(hit.size)
        expression[hit] = among * left
        lost += np.bincount(people.group[hit], people.weight[hit] * among * (1.0 - left), minlength=len(GROUPS))
    if month < climate.lost.shape[0]:
        climate.lost[month] = lost


@kernel
def _cool(expression: Reals, cold: Reals, cells: Ints, receptive: Reals, cell_start: Ints) -> None:
    """What peers say in these cells, in place: those that ever heard of an affair, for a chill may be over."""
    for cell in cells:
        for row in range(cell_start[cell], cell_start[cell + 1]):
            expression[row] = 1.0 - cold[cell] * receptive[row]


def blows(climate: Climate, people: PeopleTable) -> Ints:
    """Cases by the month in which the person learned, and affairs by that in which peers heard, ``[T, G]``."""
    found = np.zeros(climate.lost.shape, np.int64)
    np.add.at(found, (climate.hits.month, people.group[climate.hits.person]), 1)
    np.add.at(found, (climate.talk.month, climate.talk.cell % len(GROUPS)), 1)
    return found


# --- who takes cover -----------------------------------------------------------------------------------------------------


def moved_share(talk: Talk, spec: People, cells: int) -> Reals:
    """Share of each cell that has moved to safer tools, 0 to 1: ``moves`` of those who hear of an affair; nobody moves back."""
    stayed = np.ones(cells)
    np.multiply.at(stayed, talk.cell, 1.0 - spec.moves * talk.publicity)
    return 1.0 - stayed


def take_cover(climate: Climate, spec: People, first: int, docket: Docket, cases: Cases, world: World, draws: Draws) -> None:
    """Mark in the docket, from row ``first``, requests filed today about people of whom nothing usable will be found.

    Who was hit has moved; of the peers those whose luck (``tools`` by person and member, the same for good) lies under the
    share that has. Of the requests about them ``evades`` find nothing usable (``evaded`` by case). Others move, with the chance
    ``moves``, once they are told before execution; what was frozen by then is not lost to the requester.
    """
    used, people = int(docket.used[0]), world.people
    share = moved_share(climate.talk, spec, people.cell_start.size - 1)
    _mark(
        draws.root, docket.case[first:used], docket.evaded[first:used], cases.id, cases.abusive, cases.person, cases.member,
        people.ids, people.origin, people.group, climate.hit, climate.hits, share, spec.evades, spec.moves,
    )  # fmt: skip


@kernel
def _mark(
    seed: np.uint64,
    case: NDArray[np.integer],
    evaded: _Codes,
    ids: Keys,
    abusive: Flags,
    persons: NDArray[np.integer],
    members: NDArray[np.integer],
    person_ids: Keys,
    origin: Ints,
    group: Ints,
    hit: Flags,
    hits: Hits,
    moved: Reals,
    evades: float,
    moves: float,
) -> None:
    """``take_cover`` for requests filed today, by case and mark; ``moved`` by cell."""
    for r in range(case.size):
        c = case[r]
        if not abusive[c]:
            continue
        person, member = persons[c], members[c]
        share = moved[origin[person] * len(GROUPS) + group[person]]
        if hit[person] and _was_hit(hits, person, member):
            share = 1.0
        luck = u2(seed, _TOOLS, person_ids[person], np.uint64(member))
        if u1(seed, _EVADED, ids[c]) >= evades:
            evaded[r] = 0
        elif luck < share:
            evaded[r] = HAS_MOVED
        elif luck < 1.0 - (1.0 - share) * (1.0 - moves):
            evaded[r] = MOVES_IF_TOLD
        else:
            evaded[r] = 0


@inlined
def _was_hit(hits: Hits, person: int, member: int) -> bool:
    """Whether this one of the people of a row was hit, and not another one of them."""
    k = np.searchsorted(hits.person, person)
    while k < hits.person.size and hits.person[k] == person:
        if hits.member[k] == member:
            return True
        k += 1
    return False
