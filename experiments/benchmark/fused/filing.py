"""A wish becomes requests, fused by hand: destination, name, text, doors, gates and patience in one go, in local variables."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from experiments.benchmark.fused.desk import read_desk
from experiments.benchmark.fused.execution import contest, disclose, execute, survives_until, told_by_firm
from experiments.benchmark.fused.files import (
    DUAL,
    FORM,
    GOODWILL,
    H_DUAL,
    H_FORM,
    H_GOODWILL,
    H_SCOPE,
    H_SERIOUSNESS,
    SCOPE,
    SERIOUSNESS,
    Counters,
    File,
    Starts,
    applied,
    close,
    decide_on,
    heard,
    pair,
    refuse,
    whole,
)
from experiments.benchmark.fused.tables import Tables
from experiments.benchmark.fused.waiting import Waiting, queue_up
from sim.compiled import inlined, row
from sim.draws import absorb, exponential_quantile, gumbel_quantile, name_key, normal_quantile, opened, unit
from sim.review import dual_criminality
from sim.review.reading import SELECTIVE
from sim.review.side_doors import UNIT_FLOOR
from sim.world.cases import RESIDENCE_SLOT, Cases
from sim.world.instruments import COVERED, OUTSIDE, TOO_LIGHT
from sim.world.vocabulary import (
    CONTENT,
    DAYS_PER_YEAR,
    DETERRED,
    DIRECT,
    DIVERTED,
    DOMESTIC,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    FABRICATED,
    FORMAL,
    HONEST,
    LAPSED,
    NEVER_TOLD,
    OPEN,
    POLICE,
    PRESERVATION,
    REFUSED,
    SPONTANEOUS,
    SUBSCRIBER,
    TOLD_BEFORE,
    TRAFFIC,
)

_DESTINATION, _LABEL, _FILE, _QUALITY, _UNASKED, _FIRM, _POLICE, _PRESERVE = map(
    name_key, ("destination", "label", "file", "quality", "spontaneous", "direct", "police", "preserve")
)
_FIRST_ATTEMPT = np.uint64(0)
_no_crime = inlined(dual_criminality.stands)


class Ways(NamedTuple):
    """Hashes of the purposes of draws when a wish is filed, made once a run."""

    destination: np.uint64
    label: np.uint64
    file: np.uint64
    quality: np.uint64
    unasked: np.uint64
    firm: np.uint64
    police: np.uint64
    preserve: np.uint64


@inlined
def ways_of(seed: np.uint64) -> Ways:
    """All of them."""
    return Ways(
        opened(seed, _DESTINATION), opened(seed, _LABEL), opened(seed, _FILE), opened(seed, _QUALITY), opened(seed, _UNASKED),
        opened(seed, _FIRM), opened(seed, _POLICE), opened(seed, _PRESERVE),
    )  # fmt: skip


@inlined
def _state_asked(start: np.uint64, c: int, i: int, cases: Cases, tables: Tables) -> int:
    """The state that wins the race among those that hold evidence; -1 if nobody abroad does. One alone needs no luck."""
    begun = absorb(absorb(start, cases.id[c]), _FIRST_ATTEMPT)
    winner, luckiest, drawn = -1, -1.0, False
    for slot in range(RESIDENCE_SLOT):
        j = whole(cases.hosts[c, slot])
        if j < 0 or j == i or j == winner:  # noqa: PLR1714, SIM109 - a tuple costs the kernel time
            continue
        if winner < 0:
            winner = j
            continue
        if not drawn:
            luckiest, drawn = unit(absorb(begun, tables.states[row(winner)].key)), True
        luck = unit(absorb(begun, tables.states[row(j)].key))
        if luck > luckiest:
            luckiest, winner = luck, j
    home = whole(cases.hosts[c, RESIDENCE_SLOT])
    if home < 0 or home == i:
        return winner
    if winner < 0 or winner == home:
        return home
    if not drawn:
        luckiest = unit(absorb(begun, tables.states[row(winner)].key))
    luck = unit(absorb(begun, tables.states[row(home)].key))
    return home if gumbel_quantile(luck) + tables.residence_log > gumbel_quantile(luckiest) else winner


@inlined
def _named(start: np.uint64, c: int, i: int, cases: Cases, tables: Tables) -> tuple[int, int]:
    """Kind and label of an abusive request; (-1, -1) if the law offers none."""
    best, kind, label = -np.inf, -1, -1
    group, conduct = row(cases.group[c]), row(cases.conduct[c])
    begun = absorb(absorb(start, cases.id[c]), _FIRST_ATTEMPT)
    for place in range(tables.menu_from[i, group, conduct], tables.menu_until[i, group, conduct]):
        option = tables.menu[row(place)]
        appeal = option.appeal + gumbel_quantile(unit(absorb(absorb(begun, np.uint64(option.kind)), option.key)))
        if appeal > best:
            best, kind, label = appeal, whole(option.kind), whole(option.label)
    return kind, label


@inlined
def _first(texts: int, comity: int) -> int:
    """The first of these texts; comity where there is none."""
    if texts == 0:
        return comity
    text = 0
    while texts & 1 == 0:
        texts >>= 1
        text += 1
    return text


@inlined
def _strength(c: int, kind: int, label: int, cases: Cases, tables: Tables) -> float:
    """How plainly motive shows in an abusive file."""
    practice, shows = tables.practice, kind
    if kind == HONEST and not tables.protected[row(cases.conduct[c])]:
        shows = SELECTIVE
    v = tables.strength[row(shows)]
    if kind == FABRICATED:
        v *= max(practice.plausibility_from - tables.plausible[row(label), row(cases.group[c])], 0.0)
    if cases.visibility[c] > 0.0:
        v *= min(max(1.0 + practice.visibility_slope * np.log(cases.visibility[c]), 0.0), practice.visibility_most)
    return float(v)


@inlined
def _gated(starts: Starts, file: File, label: int, quality: np.float32, preserving: bool, tables: Tables) -> int:
    """Which gates stand against a request."""
    i, j, text = row(file.requester), row(file.requested), row(file.text)
    gate, reach, stood = tables.gates[j, text], tables.reach[text, i, row(label)], 0
    habits = pair(starts.applied, file.key, file.asked)
    if reach != COVERED:
        if reach == OUTSIDE and heard(SCOPE, file, preserving, tables) and applied(gate.scope, habits, H_SCOPE):
            stood |= 1 << SCOPE
        if reach == TOO_LIGHT and heard(SERIOUSNESS, file, preserving, tables) and applied(gate.seriousness, habits, H_SERIOUSNESS):
            stood |= 1 << SERIOUSNESS
    if quality < tables.numbers.quality_bar and heard(FORM, file, preserving, tables) and applied(gate.form, habits, H_FORM):
        stood |= 1 << FORM
    if gate.goodwill > 0.0 and heard(GOODWILL, file, preserving, tables):
        luck = unit(absorb(pair(starts.luck, file.key, file.asked), H_GOODWILL))
        if luck >= tables.goodwill[i, j] and applied(gate.goodwill, habits, H_GOODWILL):
            stood |= 1 << GOODWILL
    named, narrated = tables.crime[text, j, row(label)], tables.crime[text, j, row(file.alleged)]
    narrated = narrated or (tables.broad[j, row(label), row(file.alleged)] and named)
    stands = _no_crime(narrated, named, tables.numbers.by_label) and heard(DUAL, file, preserving, tables)
    if stands and applied(gate.dual_criminality, habits, H_DUAL):
        stood |= 1 << DUAL
    return stood


@inlined
def _as(file: File, text: int, channel: int, patience: float, frozen: float) -> File:
    """The same request by another way."""
    return File(
        file.case, file.key, file.asked, file.requester, file.requested, text, channel, file.abusive, file.wanted, file.alleged,
        file.group, file.secret, file.live, file.platform, file.residence, file.dossier, file.strength, file.filed, patience,
        frozen,
    )  # fmt: skip


# --- side doors -----------------------------------------------------------------------------------------------------------


@inlined
def _give(starts: Starts, file: File, day: float, granted: int, firm: int, tables: Tables, told: Counters) -> float:
    """Data come by a side door; returns the day if they are all that is wanted, else infinity."""
    decide_on(day, told)
    disclose(starts, file, day, granted, firm == TOLD_BEFORE, firm, False, tables, told)
    return day if granted >= file.wanted else np.inf


@inlined
def _share_unasked(starts: Starts, file: File, tables: Tables, told: Counters) -> float:
    told.filed[SPONTANEOUS, row(file.abusive)] += 1
    granted = min(file.wanted, tables.practice.residence_class)
    return _give(starts, file, file.filed + tables.practice.spontaneous_days, granted, NEVER_TOLD, tables, told)


@inlined
def _ask_firm(starts: Starts, file: File, tables: Tables, told: Counters) -> float:
    told.filed[DIRECT, row(file.abusive)] += 1
    practice = tables.practice
    day = file.filed + practice.direct_days
    if unit(pair(starts.provider, file.key, file.asked)) >= tables.states[row(file.requester)].voluntary:
        decide_on(day, told)
        close(file, REFUSED, day, told)
        return np.inf
    firm = told_by_firm(starts, file, file.filed, practice.direct_days, tables)
    if firm == TOLD_BEFORE:
        grounds, contested = contest(starts, file, practice.direct_days, tables)
        day += contested
        if grounds != 0:
            refuse(file, grounds, day, day, told)
            return np.inf
        told.told[row(file.abusive), TOLD_BEFORE] += 1
    return _give(starts, file, day, min(file.wanted, TRAFFIC), firm, tables, told)


@inlined
def _ask_police(starts: Starts, file: File, tables: Tables, told: Counters) -> float:
    told.filed[POLICE, row(file.abusive)] += 1
    practice, day = tables.practice, file.filed + tables.practice.police_days
    known = tables.towards[row(file.requested), row(file.requester)].standing >= practice.trust_floor
    if known and unit(pair(starts.police, file.key, file.asked)) < practice.police_answered:
        return _give(starts, file, day, SUBSCRIBER, NEVER_TOLD, tables, told)
    close(file, LAPSED, day, told)
    return np.inf


@inlined
def _freeze(starts: Starts, file: File, label: int, quality: np.float32, cases: Cases, tables: Tables, told: Counters) -> float:
    """A request to freeze the data comes before the formal one; returns the day until which they are frozen, or nan."""
    told.filed[PRESERVATION, row(file.abusive)] += 1
    practice, day = tables.practice, file.filed + tables.practice.preservation_delay
    stood = _gated(starts, file, label, quality, True, tables)
    desk = tables.gates[row(file.requested), row(file.text)].desk
    stood |= read_desk(starts, file, desk, practice.preservation_effort, True, cases.visibility, tables, told).stood
    if stood != 0:
        refuse(file, stood, day, file.filed, told)
        return np.nan
    decide_on(day, told)
    if day > survives_until(starts, file, practice):
        close(file, EMPTY, day, told)
        return np.nan
    close(file, EXECUTED, day, told)
    renewals = np.inf
    if practice.preservation_renewed < 1.0:
        luck = max(unit(pair(starts.renewal, file.key, file.asked)), UNIT_FLOOR)
        renewals = np.floor(np.log(luck) / np.log(max(practice.preservation_renewed, UNIT_FLOOR)))
    return float(day + practice.preservation_days * (1.0 + renewals))


# --- the wish -------------------------------------------------------------------------------------------------------------


@inlined
def file_wish(
    c: int, starts: Starts, ways: Ways, cases: Cases, tables: Tables, waiting: Waiting, told: Counters
) -> None:  # fmt: skip
    """All that one wish leads to in its month: requests that end at once are counted, and what waits becomes a record."""
    i = row(cases.requester[c])
    asked = -1 if cases.domestic[c] else _state_asked(ways.destination, c, i, cases, tables)
    if asked < 0:
        told.cases[DOMESTIC] += 1
        return
    j, abusive, conduct = row(asked), whole(cases.abusive[c]), whole(cases.conduct[c])
    kind, label = HONEST, conduct
    if abusive:
        kind, label = _named(ways.label, c, i, cases, tables)
        if kind < 0:
            told.cases[DETERRED] += 1
            return
    wanted, key, state_key = whole(cases.wanted[c]), cases.id[c], tables.states[j].key
    between, platform = tables.pairs[i, j], False
    for slot in range(RESIDENCE_SLOT):
        platform = platform or cases.hosts[c, slot] == asked
    binding = whole(between.bound) & whole(tables.offers[row(wanted)]) & whole(tables.covered[i, row(label)])
    text = _first(binding, tables.delay.size - 1)
    file = File(
        whole(c), key, state_key, whole(i), asked, text, FORMAL, abusive, wanted, label if kind == FABRICATED else conduct,
        whole(cases.group[c]) + 1, bool(cases.secret[c]), bool(cases.realtime[c]), platform,
        not platform and cases.hosts[c, RESIDENCE_SLOT] == asked, cases.dossier[c],
        _strength(c, kind, label, cases, tables) if abusive else 0.0, cases.day[c], np.inf, np.nan,
    )  # fmt: skip
    given, found = np.inf, False
    door = whole(between.pushes)
    if door >= 0 and tables.punished[j, row(conduct)] and unit(pair(ways.unasked, key, state_key)) < tables.unasked[i, j]:
        given = _share_unasked(starts, _as(file, door, SPONTANEOUS, np.inf, np.nan), tables, told)
        found = True
    if abusive and wanted < CONTENT and platform and unit(pair(ways.firm, key, state_key)) < tables.direct_share:
        comity = tables.delay.size - 1
        given = min(given, _ask_firm(starts, _as(file, comity, DIRECT, np.inf, np.nan), tables, told))
        found = True
    door = whole(between.polices)
    polices = door >= 0 and tables.established[row(door), row(label)] and tables.reach[row(door), i, row(label)] == COVERED
    if polices and unit(pair(ways.police, key, state_key)) < tables.police_share:
        given = min(given, _ask_police(starts, _as(file, door, POLICE, np.inf, np.nan), tables, told))
        found = True
    appetite = tables.appetite[i, row(text)]
    if appetite >= 1.0 or unit(absorb(ways.file, key)) < appetite:
        found = True
        hurried = bool(cases.urgent[c]) and between.hurries >= 0
        _ask_formally(_as(file, text, EMERGENCY if hurried else FORMAL, np.inf, np.nan), whole(between.freezes), kind, label, given,
                      starts, ways, cases, tables, waiting, told)  # fmt: skip
    told.cases[OPEN if found else DETERRED] += 1


@inlined
def _papers(start: np.uint64, file: File, kind: int, tables: Tables) -> np.float32:
    """Paperwork of a request, as far as anybody asks: where it is plainly good nobody asks how good."""
    luck = unit(absorb(absorb(start, file.key), np.uint64(kind)))
    if not file.abusive and luck > tables.numbers.plainly_good:
        return np.float32(np.inf)
    quality = normal_quantile(luck)
    return np.float32(quality + tables.quality_abusive if file.abusive else quality)


@inlined
def _ask_formally(
    file: File, door: int, kind: int, label: int, given: float, starts: Starts, ways: Ways, cases: Cases, tables: Tables,
    waiting: Waiting, told: Counters,
) -> None:  # fmt: skip
    """The formal request, and before it one to freeze the data; ``given`` is the day on which a side door gave all."""
    practice = tables.practice
    quality = _papers(ways.quality, file, kind, tables)
    told.filed[row(file.channel), row(file.abusive)] += 1
    frozen = np.nan
    if door >= 0 and unit(pair(ways.preserve, file.key, file.asked)) < tables.preservation_share:
        frozen = _freeze(starts, _as(file, door, PRESERVATION, np.inf, np.nan), label, quality, cases, tables, told)
    if given < np.inf:
        close(file, DIVERTED, given, told)
        return
    patience = np.inf
    if practice.lapse_per_year > 0.0:
        years = exponential_quantile(unit(pair(starts.patience, file.key, file.asked))) / practice.lapse_per_year
        patience = file.filed + years * DAYS_PER_YEAR
    file = _as(file, file.text, file.channel, patience, frozen)
    stood = _gated(starts, file, label, quality, False, tables)
    if stood != 0:
        refuse(file, stood, file.filed + practice.gate_days, file.filed, told)
    elif tables.gates[row(file.requested), row(file.text)].desk <= 0.0:  # an order to a firm, which no authority reads
        execute(starts, file, file.filed, file.wanted, False, tables, told)
    else:
        queue_up(file, bool(quality < practice.supplement_bar), waiting)
