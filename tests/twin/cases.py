"""Latent cases: who wishes for which evidence on whom, by the world and the seed alone.

Legitimate needs are Poisson by state, offence and month under a gamma frailty of the half-year, most of which stays; abusive
wishes are Poisson by state and group. A case's id is the hash of state, offence or group, month and
ordinal, and all that is particular to it is drawn by its id: nothing here knows a scenario.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from math import exp, floor, sqrt
from operator import attrgetter
from statistics import NormalDist

from sim.draws import poisson_quantile
from sim.world.spec import DemandSpec
from sim.world.vocabulary import DATA_CLASSES, DAYS_PER_MONTH, TRAFFIC
from tests.twin.draws import Luck, both, gamma_at
from tests.twin.facts import Facts
from tests.twin.things import Case

# Of a case: conduct, group, person, member, visibility, class wanted, urgent, hosts, whether a service at home holds the data.
Particulars = tuple[int, int, int, int, float, int, bool, tuple[int, ...], bool]

_HALF_YEAR = 6  # months
_SERVICES = 4  # places of evidence that are services; the last place is the state of residence
_HOME = 99  # key of the service at home, apart from those of the platforms
_SIGNED = 2**63 - 1  # ids leave the highest bit clear


def running_shares(weights: list[float]) -> list[float]:
    """Running sums of shares; zeros where nothing weighs anything."""
    total, sums, whole = 0.0, [], sum(weights)
    for weight in weights:
        total += weight / whole if whole > 0 else 0.0
        sums.append(total)
    return sums


def picked(running: list[float], aim: float, start: int = 0, stop: int | None = None) -> int:
    """First place whose running sum exceeds ``aim``; the last one if rounding leaves none."""
    return bisect_right(running, aim, start, (len(running) if stop is None else stop) - 1)


def events(u: float, mean: float) -> int:
    """How many events there are, by a Poisson law; that there are none is plain where ``mean``, which is more than the chance of
    any, is far below what ``u`` leaves.
    """
    return 0 if 4.0 * mean < 1.0 - u else poisson_quantile(u, mean)


class Wishing:
    """What the cases of a world are drawn from."""

    def __init__(self, facts: Facts, spec: DemandSpec, luck: Luck) -> None:
        """Work out the tables once."""
        states, offences, people = facts.states, facts.offences, facts.people
        self.facts, self.spec, self.luck = facts, spec, luck
        cells = people.cell_start
        self.rows = [[cells[i * facts.g + g + 1] - cells[i * facts.g + g] for g in range(facts.g)] for i in range(facts.n)]
        at_risk = [sum(states.at_risk[i]) if any(self.rows[i]) else 0.0 for i in range(facts.n)]
        self.conduct = [[self._conducts(i, g) for g in range(facts.g)] for i in range(facts.n)]
        self.wants = [running_shares(wants) for wants in offences.wants]
        self.abusive_wants = self.wants
        if spec.abusive_wants is not None:
            self.abusive_wants = [running_shares([spec.abusive_wants.get(d, 0.0) for d in DATA_CLASSES])] * facts.k
        self.foreign = [running_shares([near * at_risk[o] for o, near in enumerate(row)]) for row in states.closeness]
        self.abroad = [running_shares(row) for row in states.closeness]
        self.jurisdictions = [h for h in range(facts.n) if any(row[h] > 0 for row in states.host_share)]
        self.platform = [running_shares([row[h] for h in self.jurisdictions]) for row in states.host_share]
        self.realtime = [min(spec.realtime_share * exp(spec.realtime_slope * r), spec.realtime_most) for r in states.repression]

    def _conducts(self, i: int, g: int) -> list[float]:
        """Running shares of the conduct that an abusive wish is about: mostly what is protected, else a true ordinary offence."""
        offences, penalties = self.facts.offences, self.facts.states.penalties[i]
        protected, ordinary = [], []
        for k in range(self.facts.k):
            weight = self.spec.not_a_crime_weight if penalties[k] is None else 1.0
            protected.append(offences.against[k][g] * weight if offences.protected[k] else 0.0)
            ordinary.append(0.0 if offences.protected[k] else offences.pretext[k] * weight)
        of_them, of_others, selective = max(sum(protected), 1e-300), max(sum(ordinary), 1e-300), self.spec.selective_share
        both = zip(protected, ordinary, strict=True)
        return running_shares([(1 - selective) * p / of_them + selective * o / of_others for p, o in both])

    def counts(self, months: int) -> Iterator[list[list[int]]]:
        """How many cases there are, month by month, by state, and offence or group."""
        u, keys, means = self.luck.uniform, self.facts.offences.keys + self.facts.group_keys, list[list[float]]()
        levels = [0.0] * self.facts.n
        for t in range(months):
            if t % _HALF_YEAR == 0:
                levels = [self._level(i, t // _HALF_YEAR, before) for i, before in enumerate(levels)]
                means = self._means(levels)
            yield [
                [events(u("cases", state_key, key, t), mean) for key, mean in zip(keys, row, strict=True)]
                for state_key, row in zip(self.facts.states.keys, means, strict=True)
            ]

    def _level(self, i: int, half: int, before: float) -> float:
        """How busy a half-year is, as a standard normal: ``persistence`` of the last one's, the rest its own."""
        new, kept = self.luck.normal("frailty", self.facts.states.keys[i], half), self.spec.persistence
        return kept * before + sqrt(1 - kept**2) * new if half else new

    def _means(self, levels: list[float]) -> list[list[float]]:
        """How many cases are expected in each month of a half-year, by state, and offence or group."""
        facts, states, offences = self.facts, self.facts.states, self.facts.offences
        means = []
        for i in range(facts.n):
            frailty = gamma_at(NormalDist().cdf(levels[i]), self.spec.frailty_shape)
            row = [
                0.0 if states.penalties[i][k] is None else frailty * (states.demand[i] * offences.demand_share[k])
                for k in range(facts.k)
            ]
            means.append(row + [states.pursuit[i][g] if self.rows[i][g] else 0.0 for g in range(facts.g)])
        return means

    def about_a_subject(self, key: int, i: int, k: int) -> Particulars:
        """The particulars of a legitimate need: an ordinary suspect, who may live abroad, and the platforms used there."""
        u = self.luck.uniform
        hosts, lives = [-1] * (_SERVICES + 1), i
        domestic = u("host", key, _HOME) < self.facts.states.home_service[i]
        if u("subject", key) < self.spec.subject_abroad:
            lives = hosts[_SERVICES] = picked(self.abroad[i], u("subject:state", key))
            domestic = False
        for slot in range(floor(u("platforms", key) * self.spec.subject_platforms_most) + 1):
            host = self.jurisdictions[picked(self.platform[lives], u("host", key, slot))]
            if host == i:
                domestic = True
            elif host not in hosts[1:_SERVICES]:
                hosts[slot + 1] = host
        wanted = picked(self.wants[k], u("class", key))
        urgent = u("urgent", key) < self.spec.urgent_share
        return k, -1, -1, 0, 1.0, wanted, urgent, tuple(hosts), domestic

    def about_a_person(self, key: int, i: int, g: int) -> Particulars:
        """The particulars of an abusive wish: a person at risk, now and then of another state, and where their data lie."""
        u, people, groups = self.luck.uniform, self.facts.people, self.facts.g
        origin = i
        if u("foreign", key) < self.spec.foreign_share:
            abroad = picked(self.foreign[i], u("foreign:origin", key))
            origin = abroad if self.rows[abroad][g] else i
        start, stop = people.cell_start[origin * groups + g], people.cell_start[origin * groups + g + 1]
        person = picked(people.cumulative, u("person", key) * people.cumulative[stop - 1], start, stop)
        conduct = picked(self.conduct[i][g], u("conduct", key))
        member = floor(u("member", key) * people.weight[person])
        wanted = picked(self.abusive_wants[conduct], u("class", key))
        urgent = u("urgent", key) < self.spec.false_urgent_share
        services, residence = people.hosts[person], people.residence[person]
        hosts = (*services, residence if residence not in (origin, i) else -1)
        return conduct, g, person, member, people.visibility[person], wanted, urgent, hosts, i in services

    def case(self, t: int, i: int, cell: int, ordinal: int) -> Case:
        """One case; ``cell`` is an offence, or a group after all offences. Its row is settled later."""
        facts, luck, u = self.facts, self.luck, self.luck.uniform
        offence = cell < facts.k
        cell_key = facts.offences.keys[cell] if offence else facts.group_keys[cell - facts.k]
        key = both(both(luck.start("cases"), facts.states.keys[i], cell_key), t, ordinal) & _SIGNED
        particulars = self.about_a_subject(key, i, cell) if offence else self.about_a_person(key, i, cell - facts.k)
        conduct, group, person, member, visibility, wanted, urgent, hosts, domestic = particulars
        realtime = wanted >= TRAFFIC and u("realtime", key) < self.realtime[i]
        day = (t + u("day", key)) * DAYS_PER_MONTH
        secret = realtime or u("secret", key) < self.spec.secret_share
        about = conduct, group, person, member, visibility, wanted, hosts, domestic
        return Case(-1, key, t, day, i, not offence, *about, urgent, secret, realtime, luck.normal("dossier", key))


def cases_by_month(facts: Facts, spec: DemandSpec, luck: Luck, months: int) -> Iterator[list[Case]]:
    """The cases of each month in order of (day, id); a month is drawn when it is asked for."""
    wishing, drawn = Wishing(facts, spec, luck), 0
    for t, month in enumerate(wishing.counts(months)):
        new = [
            wishing.case(t, i, cell, ordinal)
            for i, row in enumerate(month)
            for cell, count in enumerate(row)
            for ordinal in range(count)
        ]
        new.sort(key=attrgetter("day", "id"))
        for row, case in enumerate(new, drawn):
            case.row = row
        drawn += len(new)
        yield new
