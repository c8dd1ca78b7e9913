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

from sim.draws import Draws, Reals
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.people import PeopleTable
from sim.world.record import Record
from sim.world.snapshot import World
from sim.world.vocabulary import GROUPS, MOVED, MOVES_IF_TOLD, PRESERVATION, NonNegative, Positive, Unit

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]


class People(Record):
    """How people at risk adapt: which of them fall silent or take cover, how much, and for how long."""

    own: bool
    peers: bool
    tools: bool
    own_loss: Unit
    receptivity: Unit
    publicity: NonNegative
    lasting: Unit
    half_life_months: Positive
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
    """People who know that their data were asked for or given: a row a case, in the order in which they learned."""

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


def arrested(rows: Ints, docket: Docket, cases: Cases, people: PeopleTable, spec: People, draws: Draws) -> Flags:
    """Which of these rows, which gave data on people at risk, led to an arrest (``arrested`` by case).

    In reach is whoever lives in the requester's state (empirics.md 7.3 no. 47); the month is that of the data, *assumption*.
    """
    case = docket.case[rows]
    in_reach = people.residence[cases.person[case]] == cases.requester[case]
    chance = np.where(in_reach, spec.arrest_at_home, spec.arrest_abroad)
    return np.asarray(draws.uniform("arrested", cases.id[case]) < chance)


def take_in(
    climate: Climate, spec: People, month: int, ended: Ints, public: Ints, docket: Docket, cases: Cases, world: World, draws: Draws
) -> Climate:
    """The climate after a month: ``ended`` are rows about people at risk that ended in it, ``public`` those that came to light.

    Who was told (before or after), arrested, or named in public knows, once a case; peers hear of a case once.
    """
    gave = ended[(docket.granted[ended] >= 0) & (docket.channel[ended] != PRESERVATION)]
    seized = gave[arrested(gave, docket, cases, world.people, spec, draws)]
    told = ended[docket.told[ended] > 0]
    learned = _fresh(docket.case[np.concatenate([told, seized, public])], climate.knows)
    affairs = _fresh(docket.case[public], climate.public)
    cells = cell_of(world.people, cases.person[affairs].astype(np.int64))
    climate.hit[cases.person[learned]] = True
    hits = Hits(cases.person[learned].astype(np.int64), cases.member[learned].astype(np.int64), np.full(learned.size, month))
    talk = Talk(cells, np.full(affairs.size, month), publicity(cases.visibility[affairs], spec))
    return climate._replace(hits=_longer(climate.hits, hits), talk=_longer(climate.talk, talk))


def _fresh(cases: Ints, known: Flags) -> Ints:
    """Of these cases those that were not known, once each and in order; they are known from now on."""
    new = np.unique(cases[~known[cases]])
    known[new] = True
    return new


def _longer[Table: (Hits, Talk)](table: Table, more: Table) -> Table:
    return type(table)(*(np.concatenate(parts) for parts in zip(table, more, strict=True)))


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
    most = int(hits.member.max()) + 1
    keys, which = np.unique(hits.person * most + hits.member, return_inverse=True)
    kept = np.ones(keys.size)
    np.multiply.at(kept, which, 1.0 - spec.own_loss * remaining(month - 1 - hits.month, spec))
    person, member = keys // most, keys % most
    weight = people.weight[person]
    part = np.minimum(weight - member, 1.0) / weight  # of the row: the last member may be less than one person
    first = np.flatnonzero(np.diff(person, prepend=-1))  # keys come in order of rows
    return person[first], 1.0 - np.add.reduceat(part * (1.0 - kept), first)


def speak(climate: Climate, spec: People, month: int, people: PeopleTable, expression: Reals) -> None:
    """Settle ``expression`` ``[P]`` of a month, in place, and note what is lost; only rows that anything reached are touched."""
    lost = np.zeros(len(GROUPS))
    cells = people.cell_start.size - 1
    cold = chill(climate.talk, month, spec, cells) if spec.peers else np.zeros(cells)
    for cell in np.flatnonzero(cold):
        rows = slice(int(people.cell_start[cell]), int(people.cell_start[cell + 1]))
        expression[rows] = 1.0 - cold[cell] * climate.receptive[rows]
    lost += np.bincount(np.arange(cells) % len(GROUPS), cold * climate.at_stake, minlength=len(GROUPS))
    if spec.own and climate.hits.person.size:
        hit, left = left_to(climate.hits, month, spec, people)
        among = 1.0 - cold[cell_of(people, hit)] * climate.receptive[hit] if spec.peers else np.ones(hit.size)
        expression[hit] = among * left
        lost += np.bincount(people.group[hit], people.weight[hit] * among * (1.0 - left), minlength=len(GROUPS))
    if month < climate.lost.shape[0]:
        climate.lost[month] = lost


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
    rows = np.arange(first, int(docket.used[0]))
    rows = rows[cases.abusive[docket.case[rows]]]
    if rows.size == 0:
        return
    case, people = docket.case[rows], world.people
    person, member = cases.person[case].astype(np.int64), cases.member[case].astype(np.int64)
    share = moved_share(climate.talk, spec, people.cell_start.size - 1)[cell_of(people, person)]
    near = np.flatnonzero(climate.hit[person])  # someone of the row was hit: it need not be this member
    share[near[_among(person[near], member[near], climate.hits)]] = 1.0
    luck = draws.uniform("tools", people.ids[person], member)
    usable = draws.uniform("evaded", cases.id[case]) >= spec.evades
    warned = 1.0 - (1.0 - share) * (1.0 - spec.moves)
    docket.evaded[rows] = np.where(usable, 0, np.where(luck < share, MOVED, np.where(luck < warned, MOVES_IF_TOLD, 0)))


def _among(person: Ints, member: Ints, hits: Hits) -> Flags:
    """Which of these people were hit."""
    if person.size == 0:
        return np.zeros(0, bool)
    same = (person[:, None] == hits.person[None, :]) & (member[:, None] == hits.member[None, :])  # few times few
    return np.asarray(same.any(axis=1))
