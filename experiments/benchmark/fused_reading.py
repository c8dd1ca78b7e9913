"""What becomes of one file, fused by hand: read, executed and folded into counters, all in local variables.

Every function is taken into the kernel whole. Luck is the model's, draw by draw; only draws that change nothing are left out, and
hashes that several draws begin with are made once.
"""

from __future__ import annotations

from math import exp, floor, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.benchmark.fused_tables import STOPPING, Numbers, Tables
from sim.arrays import Ints
from sim.compiled import inlined, row
from sim.draws import absorb, name_key, normal_quantile, opened, unit
from sim.review import (
    human_rights,
    judge,
    ordre_public,
    own_law,
    person,
    political_offence,
    prejudice,
    proportionality,
    transfer_law,
)
from sim.review import discrimination as discriminates
from sim.review.execution import DELAY, DESK_KEY, LEAK, LIVE_KEY, NOTICE, ONWARD, OWN_USE, PASSED_ON, RETENTION, SPAN, TIPPED
from sim.review.notice import FIRM_NOTICE
from sim.review.pipeline import HOURS, PATIENCE, SUPPLEMENT
from sim.review.reading import APPLIED, LOOK, Practice
from sim.review.side_doors import POLICED, PROVIDER, RENEWAL
from sim.world.vocabulary import (
    CONTENT,
    DAYS_PER_MONTH,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    IN_PART,
    LAPSED,
    NEVER_TOLD,
    REFUSED,
    TOLD_AFTER,
    TOLD_BEFORE,
    TRAFFIC,
)

LUCK, DP_ANSWER = map(name_key, ("luck", "dp_answer"))
_HABITS = {name: name_key(name) for name in STOPPING} | {"prejudice": name_key("discrimination")}  # one habit for both
H_SCOPE, H_SERIOUSNESS, H_FORM, H_GOODWILL, H_DUAL, H_DISCRIMINATION, H_PREJUDICE, H_HUMAN_RIGHTS, H_POLITICAL, H_ORDRE, \
    H_OWN_LAW, H_PROPORTIONALITY, H_TRANSFER, H_JUDGE, H_PERSON = (_HABITS[name] for name in STOPPING)  # fmt: skip
H_DESK, H_USE, H_ONWARD = map(name_key, ("desk", "use_limitation", "onward_transfer"))
N_DESK, N_JUDGE, N_PERSON = map(name_key, ("desk", "judge", "person"))
SCOPE, SERIOUSNESS, FORM, GOODWILL, DUAL, DISCRIMINATION, PREJUDICE, HUMAN_RIGHTS, POLITICAL, ORDRE, OWN_LAW, PROPORTIONALITY, \
    TRANSFER, JUDGE, PERSON = range(len(STOPPING))  # fmt: skip
_MONTHS_A_DAY = 1.0 / DAYS_PER_MONTH
_FIRST_GROUND = DISCRIMINATION  # columns of ``Tables.covers`` begin with it


class Starts(NamedTuple):
    """Hashes of the purposes of draws under a seed, made once a run."""

    applied: np.uint64
    look: np.uint64
    luck: np.uint64
    hours: np.uint64
    supplement: np.uint64
    answer: np.uint64
    delay: np.uint64
    retention: np.uint64
    notice: np.uint64
    tipped: np.uint64
    leak: np.uint64
    onward: np.uint64
    span: np.uint64
    firm: np.uint64
    patience: np.uint64
    provider: np.uint64
    police: np.uint64
    renewal: np.uint64


@inlined
def whole(number: int) -> int:
    """A number of any width as one of 64 bits."""
    return np.int64(number)  # type: ignore[return-value]  # to the checker it is a type of its own


@inlined
def starts_of(seed: np.uint64) -> Starts:
    """All of them."""
    return Starts(
        opened(seed, APPLIED), opened(seed, LOOK), opened(seed, LUCK), opened(seed, HOURS), opened(seed, SUPPLEMENT),
        opened(seed, DP_ANSWER), opened(seed, DELAY), opened(seed, RETENTION), opened(seed, NOTICE), opened(seed, TIPPED),
        opened(seed, LEAK), opened(seed, ONWARD), opened(seed, SPAN), opened(seed, FIRM_NOTICE), opened(seed, PATIENCE),
        opened(seed, PROVIDER), opened(seed, POLICED), opened(seed, RENEWAL),
    )  # fmt: skip


class File(NamedTuple):
    """One request in local variables: what its readers see, and what they do not."""

    case: int
    key: np.uint64  # of the case
    asked: np.uint64  # of the requested state
    requester: int
    requested: int
    text: int
    channel: int
    abusive: int
    wanted: int
    alleged: int
    group: int  # from 1; 0 for nobody at risk
    secret: bool
    live: bool  # wants what is to come
    platform: bool  # the requested state hosts a service of the case
    residence: bool  # it is where the person lives, and no more
    dossier: float
    strength: float  # how plainly motive shows
    filed: float
    patience: float
    frozen: float  # day until which the data are preserved; nan for never


class Counters(NamedTuple):
    """What is told of a run: nothing else is kept of a request that has ended."""

    filed: Ints  # [channels, 2] rows, by whether they are abusive
    outcomes: Ints  # [channels, 2, statuses]
    ended: Ints  # [statuses, T + 2] by month; the last but one is all after the run
    decided: Ints  # [T + 2] requests by the month in which yes or no is heard
    reasons: Ints  # [channels, 2, STOPPING]
    grounds: Ints  # [STOPPING]
    given: Ints  # [channels, 2, data classes]
    told: Ints  # [2, TOLD] but who is never told
    misused: Ints  # [2, MISUSED] but what is not
    narrowed: Ints  # [STOPPING]
    conditions: Ints  # [1] data that go on a condition alone, or would
    judged: Ints  # [2]
    realtime: Ints  # [2, 2] requests whose data are collected as they come, and months of that, by abusive
    cases: Ints  # [case statuses] as they are filed


@inlined
def month_of(day: float, months: int) -> int:
    """Month in which a day lies; the last place for all after the run."""
    month = min(int(day * _MONTHS_A_DAY), months)
    if day < month * DAYS_PER_MONTH:  # a product may round either way
        month -= 1
    elif month < months and day >= (month + 1) * DAYS_PER_MONTH:
        month += 1
    return month


@inlined
def close(file: File, status: int, day: float, told: Counters) -> None:
    """The request ends, and is a number from now on."""
    told.outcomes[row(file.channel), row(file.abusive), status] += 1
    told.ended[status, row(month_of(day, told.decided.size - 1))] += 1


@inlined
def decide_on(day: float, told: Counters) -> None:
    """The requester hears yes or no."""
    told.decided[row(month_of(day, told.decided.size - 1))] += 1


@inlined
def refuse(file: File, grounds: int, day: float, begun: float, told: Counters) -> None:
    """Refused on a day, unless the requester has given up by then."""
    if file.patience < day:
        close(file, LAPSED, max(file.patience, begun), told)
        return
    first = -1
    for s in range(len(STOPPING)):
        if (grounds >> s) & 1:
            told.grounds[s] += 1
            first = s if first < 0 else first
    told.reasons[row(file.channel), row(file.abusive), row(first)] += 1
    decide_on(day, told)
    close(file, REFUSED, day, told)


@inlined
def applied(chance: float, start: np.uint64, habit: np.uint64) -> bool:
    """Whether a state applies a safeguard in this case; ``start`` holds case and state.

    A uniform is at least zero and less than one, so that no branch is wanted for what is never or always applied.
    """
    return unit(absorb(start, habit)) < chance


@inlined
def pair(start: np.uint64, case: np.uint64, state: np.uint64) -> np.uint64:
    """The hash of a purpose, a case and a state."""
    return absorb(absorb(start, case), state)


@inlined
def look_noise(file: File, start: np.uint64, reader: np.uint64, practice: Practice) -> float:
    """Accident of one reading; ``start`` holds case and state."""
    return practice.shared_noise * file.dossier + practice.own_noise * normal_quantile(unit(absorb(start, reader)))


@inlined
def role_of(case: int, visibility: NDArray[np.float64], group: int, practice: Practice) -> float:
    """How plainly the person's role shows; of nobody at risk nothing does."""
    if group == 0:
        return 0.0
    shown = 1.0
    if visibility[row(case)] > 0.0:
        shown = min(max(1.0 + practice.visibility_slope * np.log(visibility[row(case)]), 0.0), practice.visibility_most)
    return practice.role_strength * shown


# --- the desk -------------------------------------------------------------------------------------------------------------


class Read(NamedTuple):
    """What the desk makes of a file."""

    stood: int
    suspicion: float
    hours: float
    cap: int
    conditional: bool


@inlined
def heard(s: int, file: File, preserving: bool, tables: Tables) -> bool:
    """Whether a ground is heard at all: against preservation only those that the text says."""
    return not preserving or tables.stops[s, row(file.text)]


@inlined
def _prejudiced(file: File, noise: float, base: float, visibility: NDArray[np.float64], tables: Tables) -> bool:
    """Whether a person whom the list covers would be worse off in the hands of this requester."""
    own, covers = tables.numbers, tables.covers[row(file.group), PREJUDICE - _FIRST_GROUND]
    role, record = role_of(file.case, visibility, file.group, tables.practice), tables.states[row(file.requester)].record
    bar = base + own.prejudice_shift
    return bool(_prejudices(role, covers, record, own.prejudice_middle, own.prejudice_per_record, noise, bar))


@inlined
def read_desk(
    starts: Starts, file: File, desk: float, effort: float, preserving: bool, visibility: NDArray[np.float64], tables: Tables,
    told: Counters,
) -> Read:  # fmt: skip
    """All grounds of the desk in one go; ``desk`` is the chance that it reads such files at all."""
    own, practice = tables.numbers, tables.practice
    habits = pair(starts.applied, file.key, file.asked)
    if not applied(desk, habits, H_DESK):
        return Read(0, -np.inf, 0.0, file.wanted, False)
    reader, group = tables.readers[row(file.requested), row(file.text)], row(file.group)
    towards, state = tables.towards[row(file.requested), row(file.requester)], tables.states[row(file.requested)]
    stood, hours, cap, conditional = 0, own.desk_hours, file.wanted, False
    signal = file.strength * (state.skill * sqrt(effort))
    noise = look_noise(file, pair(starts.look, file.key, file.asked), N_DESK, practice)
    base = own.desk_bar + towards.bar
    weighs = heard(DISCRIMINATION, file, preserving, tables) & applied(reader.discrimination, habits, H_DISCRIMINATION)
    hours += own.discrimination_hours if weighs else 0.0
    stands = _discriminates(signal, tables.covers[group, DISCRIMINATION - _FIRST_GROUND], noise, base + own.discrimination_shift)
    stood |= whole(weighs & stands) << DISCRIMINATION
    weighs = heard(PREJUDICE, file, preserving, tables) & applied(reader.prejudice, habits, H_PREJUDICE)
    hours += own.prejudice_hours if weighs else 0.0
    stood |= whole(weighs and _prejudiced(file, noise, base, visibility, tables)) << PREJUDICE
    weighs = heard(HUMAN_RIGHTS, file, preserving, tables) & applied(reader.human_rights, habits, H_HUMAN_RIGHTS)
    hours += own.human_rights_hours if weighs else 0.0
    stands = _suppresses(signal, tables.covers[group, HUMAN_RIGHTS - _FIRST_GROUND], noise, base + own.human_rights_shift)
    stood |= whole(weighs & stands) << HUMAN_RIGHTS
    weighs = heard(POLITICAL, file, preserving, tables) & applied(reader.political_offence, habits, H_POLITICAL)
    hours += own.political_offence_hours if weighs else 0.0
    covers, facts = tables.covers[group, POLITICAL - _FIRST_GROUND], tables.protected[row(file.alleged)]
    stands = _political(signal, covers, facts, noise, base + own.political_offence_shift)
    stood |= whole(weighs & stands) << POLITICAL
    weighs = heard(ORDRE, file, preserving, tables) & applied(reader.ordre_public, habits, H_ORDRE)
    hours += own.ordre_public_hours if weighs else 0.0
    stands = _offends(signal, tables.covers[group, ORDRE - _FIRST_GROUND], noise, base + own.ordre_public_shift)
    stood |= whole(weighs & stands) << ORDRE
    weighs = heard(OWN_LAW, file, preserving, tables) & applied(reader.own_law, habits, H_OWN_LAW)
    hours += own.own_law_hours if weighs else 0.0
    covers, bar = tables.covers[group, OWN_LAW - _FIRST_GROUND], base + own.own_law_shift
    stands = _by_own_law(signal, covers, cap, own.own_law_per_class, noise, bar)
    stood |= whole(weighs & stands) << OWN_LAW
    if heard(PROPORTIONALITY, file, preserving, tables) and applied(reader.proportionality, habits, H_PROPORTIONALITY):
        hours += own.proportionality_hours
        harm = tables.harm[row(file.alleged)]
        if _too_much(harm, own.subscriber, own.slip, noise):
            stood |= 1 << PROPORTIONALITY
        allowed = _carried(harm, own.traffic, own.content, own.slip, noise, cap)
        if allowed < cap:
            cap = allowed
            told.narrowed[PROPORTIONALITY] += 1
    if heard(TRANSFER, file, preserving, tables) and applied(reader.transfer_law, habits, H_TRANSFER):
        hours += own.transfer_law_hours
        if towards.gap > 0.0:  # without a gap nothing is declined, and nothing goes on a condition
            answer = unit(pair(starts.answer, file.key, file.asked))
            if _declines(answer, own.declined, towards.gap):
                stood |= 1 << TRANSFER
            if _on_condition(answer, own.declined, towards.gap):
                conditional = True
                told.conditions[0] += 1
    return Read(stood, signal + noise, hours, cap, conditional)


_discriminates, _prejudices, _suppresses = map(inlined, (discriminates.stands, prejudice.stands, human_rights.stands))
_offends = inlined(ordre_public.stands)
_political, _by_own_law, _too_much = map(inlined, (political_offence.stands, own_law.stands, proportionality.stands))
_carried, _declines, _on_condition = map(inlined, (proportionality.allows, transfer_law.stands, transfer_law.conditions))
_judges, _narrows, _appeals = map(inlined, (judge.stands, judge.allows, person.stands))
_waits_for, _tells = map(inlined, (person.delays, person.tells))


# --- execution ------------------------------------------------------------------------------------------------------------


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
def execute(starts: Starts, file: File, day: float, cap: int, conditional: bool, tables: Tables, told: Counters) -> float:
    """What follows once the desk lets a file pass; returns the authority's hours. The file ends here, whatever comes of it."""
    own, practice = tables.numbers, tables.practice
    reader, state = tables.readers[row(file.requested), row(file.text)], tables.states[row(file.requested)]
    luck = normal_quantile(unit(absorb(pair(starts.delay, file.key, file.asked), DESK_KEY)))
    pace = practice.urgent_delay if file.channel == EMERGENCY else 1.0
    wait = exp(practice.delay_log + practice.delay_spread * luck)
    wait *= tables.delay[row(file.text)]
    wait *= pace
    begun = day
    if conditional:
        day += own.transfer_law_days * pace
    habits = pair(starts.applied, file.key, file.asked)
    stood, delay, hours, warned, tip_off, contested, firm = 0, 0.0, 0.0, False, 0.0, 0.0, NEVER_TOLD
    judged = applied(reader.judge, habits, H_JUDGE)
    if judged:
        hours += own.judge_hours
        signal = file.strength * state.judicial
        noise = look_noise(file, pair(starts.look, file.key, file.asked), N_JUDGE, practice)
        bar = own.judge_bar + tables.towards[row(file.requested), row(file.requester)].bar
        if _judges(signal, noise, bar):
            stood = 1 << JUDGE
        allowed = _narrows(signal, noise, bar, own.narrow_margin, cap)
        if allowed < cap:
            told.narrowed[JUDGE] += whole(cap == file.wanted)  # who narrows first is noted
            cap = allowed
        delay += own.judge_days
        told.judged[row(file.abusive)] += 1
    if stood == 0:
        firm = told_by_firm(starts, file, day + pace * delay, wait, tables)
        summoned = not tables.hidden[row(file.text)] and applied(reader.person, habits, H_PERSON)
        if firm == TOLD_BEFORE and own.notice_days <= wait - practice.firm_days:
            if summoned and _told_by_state(starts, file, wait, own):
                firm = NEVER_TOLD
        if firm == TOLD_BEFORE:
            stood, contested = contest(starts, file, wait, tables)
            delay += contested
        elif summoned:
            hours += own.person_hours
            if wait > own.notice_days:  # or the data are gone before anybody can be told
                luck = unit(absorb(pair(starts.luck, file.key, file.asked), H_PERSON))
                signal = file.strength * own.person_insight
                noise = look_noise(file, pair(starts.look, file.key, file.asked), N_PERSON, practice)
                bar = own.person_bar + tables.towards[row(file.requested), row(file.requester)].bar
                if _appeals(
                    signal, noise, bar, wait, own.notice_days, file.secret, own.gagged, own.reached, own.contests, luck,
                    state.judicial,
                ):  # fmt: skip
                    stood = 1 << PERSON
                delay += _waits_for(
                    wait, own.notice_days, file.secret, own.gagged, own.reached, own.contests, luck, own.contest_days
                )
                if _tells(wait, own.notice_days, file.secret, own.gagged, own.reached, luck):
                    warned, tip_off = True, own.tip_off
    delay *= pace
    contested *= pace
    if stood != 0:
        refuse(file, stood, day + delay, begun, told)
        return hours
    done = day + delay + wait
    if file.patience >= day + delay:
        decide_on(day + delay, told)
    if file.patience < done:
        close(file, LAPSED, max(file.patience, begun), told)
        return hours
    granted = min(file.wanted, cap)
    if file.residence:
        granted = min(granted, practice.residence_class)
    if warned or firm == TOLD_BEFORE:
        told.told[row(file.abusive), TOLD_BEFORE] += 1
    due = done - contested
    if not file.frozen >= due:  # what is frozen is there, whatever its own time would have been
        gone = due > survives_until(starts, file, practice)
        if warned:
            gone = gone or unit(pair(starts.tipped, file.key, file.asked)) < tip_off
        if gone:
            close(file, EMPTY, done, told)
            return hours
    disclose(starts, file, done, granted, warned or firm == TOLD_BEFORE, firm, conditional, tables, told)
    collect_live(starts, file, granted, judged, tables, told)
    return hours


@inlined
def _told_by_state(starts: Starts, file: File, wait: float, own: Numbers) -> bool:
    """Whether the state's own notice reaches the person in time."""
    luck = unit(absorb(pair(starts.luck, file.key, file.asked), H_PERSON))
    return _tells(wait, own.notice_days, file.secret, own.gagged, own.reached, luck)
