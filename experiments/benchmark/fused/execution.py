"""Execution in the hand-fused kernel: the judge, the firm, the person, the delay, and whether data remain; here a file ends."""

from __future__ import annotations

from math import exp, floor
from typing import NamedTuple

import numpy as np

from experiments.benchmark.fused.files import (
    H_JUDGE,
    H_ONWARD,
    H_PERSON,
    H_TRANSFER,
    H_USE,
    JUDGE,
    N_JUDGE,
    N_PERSON,
    PERSON,
    Counters,
    File,
    Starts,
    applied,
    close,
    decide_on,
    look_noise,
    pair,
    refuse,
    whole,
)
from experiments.benchmark.fused.tables import Numbers, Tables
from sim.compiled import inlined, row
from sim.draws import absorb, normal_quantile, unit
from sim.review import judge, person
from sim.review.execution import DESK_KEY, LIVE_KEY, OWN_USE, PASSED_ON
from sim.review.reading import Practice
from sim.world.vocabulary import (
    CONTENT,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    IN_PART,
    LAPSED,
    NEVER_TOLD,
    TOLD_AFTER,
    TOLD_BEFORE,
    TRAFFIC,
)

_judges = inlined(judge.stands)
_narrows = inlined(judge.allows)
_appeals = inlined(person.stands)
_waits_for = inlined(person.delays)
_tells = inlined(person.tells)


@inlined
def told_by_firm(starts: Starts, file: File, served: float, wait: float, tables: Tables) -> int:
    """When a firm tells its user of an order: before it hands data over, after that, or never."""
    notice, practice = tables.states[row(file.requested)].notice, tables.practice
    if notice <= 0.0 or tables.hidden[row(file.text)] or not file.platform:
        return NEVER_TOLD
    if unit(pair(starts.firm, file.key, file.asked)) >= notice:
        return NEVER_TOLD
    gagged_until = file.filed + tables.gag_days[row(file.text), row(file.requested)] if file.secret else -np.inf
    if wait > practice.firm_days and served + wait - practice.firm_days >= gagged_until:
        return TOLD_BEFORE
    return TOLD_AFTER if gagged_until < np.inf else NEVER_TOLD


@inlined
def contest(starts: Starts, file: File, wait: float, tables: Tables) -> tuple[int, float]:
    """Whoever is told by the firm goes to court: the ground that then stands, and the days."""
    own, practice, state = tables.numbers, tables.practice, tables.states[row(file.requested)]
    signal = file.strength * own.person_insight
    noise = look_noise(file, pair(starts.look, file.key, file.asked), N_PERSON, practice)
    bar = own.person_bar + tables.towards[row(file.requested), row(file.requester)].bar
    luck = unit(pair(starts.firm, file.key, file.asked))
    stands = _appeals(
        signal, noise, bar, wait, practice.firm_days, False, 0.0, state.notice, own.contests, luck, state.judicial
    )  # fmt: skip
    days = _waits_for(wait, practice.firm_days, False, 0.0, state.notice, own.contests, luck, own.contest_days)
    return whole(stands) << PERSON, days


@inlined
def misuse(starts: Starts, file: File, conditional: bool, tables: Tables, told: Counters) -> None:
    """Use beyond the case and transfer to a third state, softened by the receiver's duties."""
    own, state, duty = tables.numbers, tables.states[row(file.requester)], tables.duties[row(file.requester), row(file.text)]
    own_use, onward = state.own_use, state.onward
    case, receiver = file.key, state.key
    if duty.use_limitation > 0.0 or duty.onward_transfer > 0.0:
        habits = pair(starts.applied, case, receiver)
        if duty.use_limitation > 0.0:
            kept = applied(duty.use_limitation, habits, H_USE)
            own_use *= _held_back(kept, starts, case, receiver, H_USE, own.use_audit, own.use_holds)
        if duty.onward_transfer > 0.0:
            kept = applied(duty.onward_transfer, habits, H_ONWARD)
            onward *= _held_back(kept, starts, case, receiver, H_ONWARD, own.onward_audit, own.onward_holds)
    if conditional:
        factor = _held_back(False, starts, case, receiver, H_TRANSFER, own.condition_audit, own.condition_holds)
        own_use, onward = min(own_use, factor * state.own_use), min(onward, factor * state.onward)
    found = 0
    if unit(pair(starts.leak, case, receiver)) < own_use:
        found |= OWN_USE
    if unit(pair(starts.onward, case, receiver)) < onward:
        found |= PASSED_ON
    if found:
        told.misused[row(file.abusive), row(found)] += 1


@inlined
def _held_back(
    kept: bool, starts: Starts, case: np.uint64, receiver: np.uint64, duty: np.uint64, audit: float, holds: float
) -> float:  # fmt: skip
    """Factor on a chance of misuse: a duty that is kept, or audited, holds back a share of it."""
    if kept or (audit > 0.0 and unit(absorb(pair(starts.luck, case, receiver), duty)) < audit):
        return 1.0 - holds
    return 1.0


@inlined
def disclose(
    starts: Starts, file: File, day: float, granted: int, warned: bool, firm: int, conditional: bool, tables: Tables, told: Counters
) -> None:
    """Data go to the requester; ``warned``: the person was told before, and has been counted."""
    told.given[row(file.channel), row(file.abusive), row(granted)] += 1
    misuse(starts, file, conditional, tables, told)
    if not warned:
        quiet = tables.hidden[row(file.text)] or file.secret
        if firm == TOLD_AFTER or (not quiet and unit(absorb(starts.notice, file.key)) < tables.practice.domestic_notice):
            told.told[row(file.abusive), TOLD_AFTER] += 1
    close(file, IN_PART if granted < file.wanted else EXECUTED, day, told)


@inlined
def survives_until(starts: Starts, file: File, practice: Practice) -> float:
    """Day to which the data last if nobody freezes them; a case is filed on its day."""
    luck = normal_quantile(unit(pair(starts.retention, file.key, file.asked)))
    return file.filed + exp(practice.retention_log + practice.retention_spread * luck)


@inlined
def collect_live(starts: Starts, file: File, granted: int, judged: bool, tables: Tables, told: Counters) -> None:
    """Go on as the data come, where a case is marked so and the requested state's law allows it."""
    if not file.live or granted < TRAFFIC:
        return
    j, text = row(file.requested), row(file.text)
    chance = tables.live[text, j]
    ranged = granted == CONTENT or tables.live_serious[text]
    if chance <= 0.0 or (ranged and not tables.intercepts[j, row(file.alleged)]) or (tables.live_judged[text] and not judged):
        return
    if chance >= 1.0 or unit(absorb(pair(starts.applied, file.key, file.asked), LIVE_KEY)) < chance:
        told.realtime[row(file.abusive), 0] += 1
        told.realtime[row(file.abusive), 1] += 1 + floor(
            tables.practice.realtime_months * unit(absorb(starts.span, file.key))
        )  # fmt: skip


@inlined
def _told_by_state(starts: Starts, file: File, wait: float, own: Numbers) -> bool:
    """Whether the state's own notice reaches the person in time."""
    luck = unit(absorb(pair(starts.luck, file.key, file.asked), H_PERSON))
    return bool(_tells(wait, own.notice_days, file.secret, own.gagged, own.reached, luck))


@inlined
def _before_judge(starts: Starts, file: File, cap: int, tables: Tables, told: Counters) -> tuple[int, int]:
    """What a judge makes of a file: the ground that stands, and the class of data that is left."""
    own, stood = tables.numbers, 0
    signal = file.strength * tables.states[row(file.requested)].judicial
    noise = look_noise(file, pair(starts.look, file.key, file.asked), N_JUDGE, tables.practice)
    bar = own.judge_bar + tables.towards[row(file.requested), row(file.requester)].bar
    if _judges(signal, noise, bar):
        stood = 1 << JUDGE
    allowed = _narrows(signal, noise, bar, own.narrow_margin, cap)
    if allowed < cap:
        told.narrowed[JUDGE] += whole(cap == file.wanted)  # who narrows first is noted
        cap = allowed
    told.judged[row(file.abusive)] += 1
    return stood, cap


@inlined
def _before_person(starts: Starts, file: File, wait: float, tables: Tables) -> tuple[int, float, bool]:
    """What the person does in time: the ground that then stands, the days that it takes, and whether the person knew."""
    own = tables.numbers
    if wait <= own.notice_days:  # the data are gone before anybody can be told
        return 0, 0.0, False
    luck = unit(absorb(pair(starts.luck, file.key, file.asked), H_PERSON))
    signal = file.strength * own.person_insight
    noise = look_noise(file, pair(starts.look, file.key, file.asked), N_PERSON, tables.practice)
    bar = own.person_bar + tables.towards[row(file.requested), row(file.requester)].bar
    independence = tables.states[row(file.requested)].judicial
    stands = _appeals(
        signal, noise, bar, wait, own.notice_days, file.secret, own.gagged, own.reached, own.contests, luck, independence
    )  # fmt: skip
    days = _waits_for(wait, own.notice_days, file.secret, own.gagged, own.reached, own.contests, luck, own.contest_days)
    return whole(stands) << PERSON, days, _tells(wait, own.notice_days, file.secret, own.gagged, own.reached, luck)


class Further(NamedTuple):
    """What becomes of a file after the desk, before anything is handed over."""

    stood: int
    cap: int
    hours: float
    delay: float  # days, at the pace of the lane
    contested: float  # of these, those of a contest that a firm's notice brings
    firm: int  # when the firm tells, a code of ``TOLD``
    warned: bool  # the state has told the person
    judged: bool


@inlined
def _further(
    starts: Starts, file: File, day: float, cap: int, pace: float, wait: float, tables: Tables, told: Counters
) -> Further:  # fmt: skip
    """The judge, the firm and the person, each after the one before."""
    own, reader = tables.numbers, tables.readers[row(file.requested), row(file.text)]
    habits = pair(starts.applied, file.key, file.asked)
    stood, delay, hours, contested, firm, warned = 0, 0.0, 0.0, 0.0, NEVER_TOLD, False
    judged = applied(reader.judge, habits, H_JUDGE)
    if judged:
        hours += own.judge_hours
        stood, cap = _before_judge(starts, file, cap, tables, told)
        delay += own.judge_days
    if stood == 0:
        firm = told_by_firm(starts, file, day + pace * delay, wait, tables)
        summoned = not tables.hidden[row(file.text)] and applied(reader.person, habits, H_PERSON)
        first = firm == TOLD_BEFORE and summoned and own.notice_days <= wait - tables.practice.firm_days
        if first and _told_by_state(starts, file, wait, own):
            firm = NEVER_TOLD  # who was told by the state by then is told once
        if firm == TOLD_BEFORE:
            stood, contested = contest(starts, file, wait, tables)
            delay += contested
        elif summoned:
            hours += own.person_hours
            stood, days, warned = _before_person(starts, file, wait, tables)
            delay += days
    return Further(stood, cap, hours, delay * pace, contested * pace, firm, warned, judged)


@inlined
def execute(starts: Starts, file: File, day: float, cap: int, conditional: bool, tables: Tables, told: Counters) -> float:
    """What follows once the desk lets a file pass; returns the authority's hours. The file ends here, whatever comes of it."""
    practice, begun = tables.practice, day
    luck = normal_quantile(unit(absorb(pair(starts.delay, file.key, file.asked), DESK_KEY)))
    pace = practice.urgent_delay if file.channel == EMERGENCY else 1.0
    wait = exp(practice.delay_log + practice.delay_spread * luck)
    wait *= tables.delay[row(file.text)]
    wait *= pace
    if conditional:
        day += tables.numbers.transfer_law_days * pace
    found = _further(starts, file, day, cap, pace, wait, tables, told)
    heard = day + found.delay
    if found.stood != 0:
        refuse(file, found.stood, heard, begun, told)
        return found.hours
    done = heard + wait
    if file.patience >= heard:
        decide_on(heard, told)
    if file.patience < done:
        close(file, LAPSED, max(file.patience, begun), told)
    else:
        _hand_over(starts, file, done, found, conditional, tables, told)
    return found.hours


@inlined
def _hand_over(
    starts: Starts, file: File, done: float, found: Further, conditional: bool, tables: Tables, told: Counters
) -> None:  # fmt: skip
    """Data are given as far as they remain; what is frozen is there, whatever its own time would have been."""
    before = found.warned or found.firm == TOLD_BEFORE
    if before:
        told.told[row(file.abusive), TOLD_BEFORE] += 1
    due = done - found.contested
    if not file.frozen >= due:
        gone = due > survives_until(starts, file, tables.practice)
        if found.warned:
            gone = gone or unit(pair(starts.tipped, file.key, file.asked)) < tables.numbers.tip_off
        if gone:
            close(file, EMPTY, done, told)
            return
    granted = min(file.wanted, found.cap)
    if file.residence:
        granted = min(granted, tables.practice.residence_class)
    disclose(starts, file, done, granted, before, found.firm, conditional, tables, told)
    collect_live(starts, file, granted, found.judged, tables, told)
