"""The desk of the hand-fused kernel: all grounds of a file weighed in one go, with hardly a branch."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.benchmark.fused.files import (
    DISCRIMINATION,
    H_DESK,
    H_DISCRIMINATION,
    H_HUMAN_RIGHTS,
    H_ORDRE,
    H_OWN_LAW,
    H_POLITICAL,
    H_PREJUDICE,
    H_PROPORTIONALITY,
    H_TRANSFER,
    HUMAN_RIGHTS,
    N_DESK,
    ORDRE,
    OWN_LAW,
    POLITICAL,
    PREJUDICE,
    PROPORTIONALITY,
    TRANSFER,
    Counters,
    File,
    Starts,
    applied,
    heard,
    look_noise,
    pair,
    whole,
)
from experiments.benchmark.fused.tables import Tables
from sim.compiled import inlined, row
from sim.draws import unit
from sim.review import (
    discrimination,
    human_rights,
    ordre_public,
    own_law,
    political_offence,
    prejudice,
    proportionality,
    transfer_law,
)
from sim.review.reading import Practice

_discriminates = inlined(discrimination.stands)
_prejudices = inlined(prejudice.stands)
_suppresses = inlined(human_rights.stands)
_political = inlined(political_offence.stands)
_offends = inlined(ordre_public.stands)
_by_own_law = inlined(own_law.stands)
_too_much = inlined(proportionality.stands)
_carried = inlined(proportionality.allows)
_declines = inlined(transfer_law.stands)
_on_condition = inlined(transfer_law.conditions)
_FIRST_GROUND = DISCRIMINATION  # columns of ``Tables.covers`` begin with it


@inlined
def role_of(case: int, visibility: NDArray[np.float64], group: int, practice: Practice) -> float:
    """How plainly the person's role shows; of nobody at risk nothing does."""
    if group == 0:
        return 0.0
    shown = 1.0
    if visibility[row(case)] > 0.0:
        shown = min(max(1.0 + practice.visibility_slope * np.log(visibility[row(case)]), 0.0), practice.visibility_most)
    return practice.role_strength * shown


class Read(NamedTuple):
    """What the desk makes of a file."""

    stood: int
    suspicion: float
    hours: float
    cap: int
    conditional: bool


@inlined
def _prejudiced(file: File, noise: float, base: float, visibility: NDArray[np.float64], tables: Tables) -> bool:
    """Whether a person whom the list covers would be worse off in the hands of this requester."""
    own, covers = tables.numbers, tables.covers[row(file.group), PREJUDICE - _FIRST_GROUND]
    role, record = role_of(file.case, visibility, file.group, tables.practice), tables.states[row(file.requester)].record
    bar = base + own.prejudice_shift
    return bool(_prejudices(role, covers, record, own.prejudice_middle, own.prejudice_per_record, noise, bar))


@inlined
def _on_shields(
    file: File, habits: np.uint64, signal: float, noise: float, base: float, preserving: bool, visibility: NDArray[np.float64],
    tables: Tables,
) -> tuple[int, float]:  # fmt: skip
    """Grounds that weigh motive or role against a bar: which stand, and their hours with the desk's own."""
    own, group, stood = tables.numbers, row(file.group), 0
    reader = tables.readers[row(file.requested), row(file.text)]
    weighs = heard(DISCRIMINATION, file, preserving, tables) & applied(reader.discrimination, habits, H_DISCRIMINATION)
    hours = own.desk_hours + (own.discrimination_hours if weighs else 0.0)
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
    stands = _by_own_law(signal, covers, file.wanted, own.own_law_per_class, noise, bar)
    stood |= whole(weighs & stands) << OWN_LAW
    return stood, hours


@inlined
def read_desk(
    starts: Starts, file: File, desk: float, effort: float, preserving: bool, visibility: NDArray[np.float64], tables: Tables,
    told: Counters,
) -> Read:  # fmt: skip
    """All grounds of the desk in one go; ``desk`` is the chance that it reads such files at all."""
    own, habits = tables.numbers, pair(starts.applied, file.key, file.asked)
    if desk < 1.0 and not applied(desk, habits, H_DESK):
        return Read(0, -np.inf, 0.0, file.wanted, False)
    reader = tables.readers[row(file.requested), row(file.text)]
    towards = tables.towards[row(file.requested), row(file.requester)]
    signal = file.strength * (tables.states[row(file.requested)].skill * sqrt(effort))
    noise = look_noise(file, pair(starts.look, file.key, file.asked), N_DESK, tables.practice)
    stood, hours = _on_shields(file, habits, signal, noise, own.desk_bar + towards.bar, preserving, visibility, tables)
    cap, conditional = file.wanted, False
    if heard(PROPORTIONALITY, file, preserving, tables) and applied(reader.proportionality, habits, H_PROPORTIONALITY):
        hours += own.proportionality_hours
        harm = tables.harm[row(file.alleged)]
        stood |= whole(_too_much(harm, own.subscriber, own.slip, noise)) << PROPORTIONALITY
        allowed = _carried(harm, own.traffic, own.content, own.slip, noise, cap)
        if allowed < cap:
            cap = allowed
            told.narrowed[PROPORTIONALITY] += 1
    if heard(TRANSFER, file, preserving, tables) and applied(reader.transfer_law, habits, H_TRANSFER):
        hours += own.transfer_law_hours
        if towards.gap > 0.0:  # without a gap nothing is declined, and nothing goes on a condition
            answer = unit(pair(starts.answer, file.key, file.asked))
            stood |= whole(_declines(answer, own.declined, towards.gap)) << TRANSFER
            conditional = _on_condition(answer, own.declined, towards.gap)
            told.conditions[0] += whole(conditional)
    return Read(stood, signal + noise, hours, cap, conditional)
