"""What the hand-fused kernel reads: the model's tables, packed by hand so that what is read together lies together.

The kernel is written for one set of safeguards, with everything that may be switched off switched off; ``refuse_others`` says in
a line what stands against a configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sim.arrays import Ints, Keys, Reals
from sim.config import load
from sim.review.assembly import source_of
from sim.review.identifiers import parameter_columns
from sim.review.reading import Practice
from sim.review.use_limitation import UseLimitation
from sim.rules import Rules
from sim.run import Run
from sim.world.instruments import COVERED, LawInForce, texts_by_pair
from sim.world.record import ConfigError

GATES = ("scope", "seriousness", "form", "goodwill", "dual_criminality")
GROUNDS = (
    *("discrimination", "prejudice", "human_rights", "political_offence", "ordre_public", "own_law", "proportionality"),
    "transfer_law",
)
LOOKS = ("judge", "person")
DUTIES = ("use_limitation", "onward_transfer")
RISKS = ("own_use", "onward")  # that each of these duties holds back
STOPPING = (*GATES, *GROUNDS, *LOOKS)
"""Safeguards that may stop a request, in the global order of checks: their places are bits of the kernel's grounds."""
_CLEAR = 1e-6  # of a probability: more than roundings of papers to 32 bits and of their quantiles
_ELSEWHERE = ("desk", *DUTIES)
_MOST_TEXTS = 32  # bits of the packed number that says which bind a pair

PAIR = np.dtype([("bound", "u4"), ("freezes", "i1"), ("hurries", "i1"), ("polices", "i1"), ("pushes", "i1")], align=True)
"""Of requester and requested, when a wish is filed: texts that bind them, and the first text that opens each door."""
GATE = np.dtype([(name, "f8") for name in (*GATES, "desk")])
"""Of requested and text: chances that a state applies the gates, and that an authority reads the file at all."""
READER = np.dtype([(name, "f8") for name in (*GROUNDS, *LOOKS)])
"""Of requested and text: chances that a state applies what is read at a desk and after it."""
DUTY = np.dtype([(name, "f8") for name in DUTIES])
"""Of receiver and text."""
TOWARDS = np.dtype([(name, "f8") for name in ("bar", "standing", "gap", "urgent_effort")])
"""Of requested and requester: all that a desk thinks of those who ask."""
OPTION = np.dtype([("appeal", "f8"), ("key", "u8"), ("kind", "i4"), ("label", "i4")])
"""A name on a menu: its log appeal, the key of its label, and both codes."""
STATE = np.dtype(
    [("key", "u8"), *((name, "f8") for name in ("skill", "judicial", "notice", "record", "voluntary", "own_use", "onward"))]
)


class Numbers(NamedTuple):
    """The safeguards' own parameters: hours of an officer, bars and what they are shifted by, and what each has of its own."""

    quality_bar: float
    plainly_good: float  # a uniform from which papers are neither hopeless nor poor, whatever they are
    by_label: float
    desk_hours: float
    desk_bar: float
    discrimination_hours: float
    discrimination_shift: float
    prejudice_hours: float
    prejudice_shift: float
    prejudice_middle: float
    prejudice_per_record: float
    human_rights_hours: float
    human_rights_shift: float
    political_offence_hours: float
    political_offence_shift: float
    ordre_public_hours: float
    ordre_public_shift: float
    own_law_hours: float
    own_law_shift: float
    own_law_per_class: float
    proportionality_hours: float
    subscriber: float
    traffic: float
    content: float
    slip: float
    transfer_law_hours: float
    transfer_law_days: float
    declined: float
    condition_holds: float
    condition_audit: float
    judge_hours: float
    judge_bar: float
    judge_days: float
    narrow_margin: float
    person_hours: float
    person_bar: float
    person_insight: float
    notice_days: float
    gagged: float
    reached: float
    contests: float
    contest_days: float
    tip_off: float
    use_holds: float
    use_audit: float
    onward_holds: float
    onward_audit: float


class Tables(NamedTuple):
    """The rules of a run in one of its phases, as the kernel reads them; ``j`` is the requested state, ``i`` the requester."""

    pairs: NDArray[np.void]  # [N, N] PAIR by i, j
    gates: NDArray[np.void]  # [N, I] GATE by j
    readers: NDArray[np.void]  # [N, I] READER by j
    duties: NDArray[np.void]  # [N, I] DUTY by i
    towards: NDArray[np.void]  # [N, N] TOWARDS by j, i
    states: NDArray[np.void]  # [N] STATE
    covers: Reals  # [G + 1, grounds] personal scope; the first row is for nobody at risk
    stops: NDArray[np.bool_]  # [GATES and GROUNDS, I] what a text lets stand against preservation
    appetite: Reals  # [N, I] chance that a live wish is filed
    numbers: Numbers
    practice: Practice
    reach: NDArray[np.int8]  # [I, N, K] and what follows: as in ``LawInForce``
    offers: Keys
    established: NDArray[np.bool_]
    delay: Reals
    covered: NDArray[np.uint32]  # [N, K] texts, comity aside, that reach a label, by requester
    menu: NDArray[np.void]  # OPTION, those of one requester, group and conduct together
    menu_from: Ints  # [N, G, K] the first of these
    menu_until: Ints  # [N, G, K] and the one after the last
    punished: NDArray[np.bool_]  # and what follows: as in ``Habits``, of this phase
    unasked: Reals
    residence_log: float
    preservation_share: float
    direct_share: float
    police_share: float
    quality_abusive: float
    crime: NDArray[np.bool_]  # [I, N, K] and what follows: as in ``Reading``
    broad: NDArray[np.bool_]
    intercepts: NDArray[np.bool_]
    protected: NDArray[np.bool_]
    harm: Reals
    plausible: Reals
    strength: Reals
    goodwill: Reals
    live: Reals
    live_judged: NDArray[np.bool_]
    live_serious: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    gag_days: Reals
    capacity: Reals
    loaded: bool


# --- packing --------------------------------------------------------------------------------------------------------------


def tables_of(run: Run) -> tuple[Tables, Tables]:
    """The rules of the run-in, and those of the window. Raises ``ConfigError`` for a run that the kernel is not written for."""
    refuse_others(run)
    return _packed(run.rules.run_in or run.rules, 0), _packed(run.rules, 1)


def _packed(rules: Rules, phase: int) -> Tables:
    reading, law, habits = rules.reading, rules.law, rules.habits
    names, count = rules.review.names, rules.capacity.size
    by_state = reading.applies.transpose(2, 1, 0)  # [N, I, S]

    def chances(kind: np.dtype[np.void]) -> NDArray[np.void]:
        packed = np.zeros(by_state.shape[:2], kind)
        for name in kind.names or ():
            packed[name] = by_state[:, :, names.index(name)]
        return packed

    rows = [names.index(name) for name in (*GATES, *GROUNDS)]
    menu, begins, ends = _options(habits.menu[min(phase, len(habits.menu) - 1)], habits.label_keys)
    return Tables(
        pairs=_pairs(law, phase),
        gates=chances(GATE),
        readers=chances(READER),
        duties=chances(DUTY),
        towards=_table(
            TOWARDS,
            (count, count),
            bar=reading.pair_bar.T,
            standing=reading.standing.T,
            gap=reading.gap.T,
            urgent_effort=reading.urgent_effort.T,
        ),
        states=_table(
            STATE,
            (count,),
            key=reading.state_keys,
            skill=reading.skill,
            judicial=reading.judicial,
            notice=reading.firm_notice,
            record=reading.record,
            voluntary=reading.voluntary,
            own_use=reading.misuse[:, 0],
            onward=reading.misuse[:, 1],
        ),
        covers=np.ascontiguousarray(np.roll(reading.covers[[names.index(name) for name in GROUNDS]].T, 1, axis=0)),
        stops=np.ascontiguousarray(reading.stops[rows]),
        appetite=habits.appetite[:, None] * law.filing[None, :],
        numbers=_numbers(rules),
        practice=rules.practice,
        reach=law.reach,
        offers=law.offers,
        established=law.established,
        delay=law.delay,
        covered=_covered(law.reach),
        menu=menu,
        menu_from=begins,
        menu_until=ends,
        punished=habits.punished[min(phase, len(habits.punished) - 1)],
        unasked=habits.unasked,
        residence_log=habits.residence_log,
        preservation_share=habits.preservation_share,
        direct_share=habits.direct_share,
        police_share=habits.police_share,
        quality_abusive=habits.quality_abusive,
        crime=reading.crime,
        broad=reading.broad,
        intercepts=reading.intercepts,
        protected=reading.protected,
        harm=reading.harm,
        plausible=reading.plausible,
        strength=reading.strength,
        goodwill=reading.goodwill,
        live=reading.live,
        live_judged=reading.live_judged,
        live_serious=reading.live_serious,
        hidden=reading.hidden,
        gag_days=reading.gag_days,
        capacity=rules.capacity,
        loaded=rules.loaded,
    )


def _covered(reach: NDArray[np.int8]) -> NDArray[np.uint32]:
    covers = reach[:-1] == COVERED  # comity, the last, is no text
    bits = np.uint32(1) << np.arange(len(covers), dtype=np.uint32)
    return np.asarray((covers * bits[:, None, None]).sum(axis=0, dtype=np.uint32))


def _options(menu: Reals, keys: Keys) -> tuple[NDArray[np.void], Ints, Ints]:
    """What is on the menus ``[N, G, K, 3, K]``, one after the other, and where each menu begins and ends."""
    there = np.flatnonzero(menu > -np.inf)
    _, _, _, kinds, labels = np.unravel_index(there, menu.shape)
    packed = _table(OPTION, there.shape, appeal=menu.ravel()[there], key=keys[labels], kind=kinds, label=labels)
    size = menu.shape[3] * menu.shape[4]
    first = np.arange(0, menu.size, size)
    begins, ends = np.searchsorted(there, first), np.searchsorted(there, first + size)
    return packed, begins.reshape(menu.shape[:3]), ends.reshape(menu.shape[:3])


def _table(columns_of: np.dtype[np.void], shape: tuple[int, ...], **columns: NDArray[np.generic]) -> NDArray[np.void]:
    table = np.zeros(shape, columns_of)
    for name, column in columns.items():
        table[name] = column
    return table


def _pairs(law: LawInForce, phase: int) -> NDArray[np.void]:
    bound = texts_by_pair(law.after if phase else law.before)
    doors = {"freezes": law.preserves, "hurries": law.hurries, "polices": law.polices, "pushes": law.pushes}
    return _table(PAIR, bound.shape, bound=bound, **{name: table[phase] for name, table in doors.items()})


def _numbers(rules: Rules) -> Numbers:
    names = rules.review.names

    def of(name: str, column: str) -> float:
        return float(rules.reading.numbers[names.index(name), parameter_columns(rules.policy.safeguards[name]).index(column)])

    return Numbers(
        quality_bar=of("form", "quality_bar"),
        plainly_good=float(ndtr(max(of("form", "quality_bar"), rules.practice.supplement_bar))) + _CLEAR,
        by_label=of("dual_criminality", "by_label"),
        desk_hours=of("desk", "hours"),
        desk_bar=of("desk", "bar"),
        discrimination_hours=of("discrimination", "hours"),
        discrimination_shift=of("discrimination", "shift"),
        prejudice_hours=of("prejudice", "hours"),
        prejudice_shift=of("prejudice", "shift"),
        prejudice_middle=of("prejudice", "middle"),
        prejudice_per_record=of("prejudice", "per_record"),
        human_rights_hours=of("human_rights", "hours"),
        human_rights_shift=of("human_rights", "shift"),
        political_offence_hours=of("political_offence", "hours"),
        political_offence_shift=of("political_offence", "shift"),
        ordre_public_hours=of("ordre_public", "hours"),
        ordre_public_shift=of("ordre_public", "shift"),
        own_law_hours=of("own_law", "hours"),
        own_law_shift=of("own_law", "shift"),
        own_law_per_class=of("own_law", "per_class"),
        proportionality_hours=of("proportionality", "hours"),
        subscriber=of("proportionality", "subscriber"),
        traffic=of("proportionality", "traffic"),
        content=of("proportionality", "content"),
        slip=of("proportionality", "slip"),
        transfer_law_hours=of("transfer_law", "hours"),
        transfer_law_days=of("transfer_law", "delay_days"),
        declined=of("transfer_law", "declined"),
        condition_holds=of("transfer_law", "holds"),
        condition_audit=of("transfer_law", "audit"),
        judge_hours=of("judge", "hours"),
        judge_bar=of("judge", "bar"),
        judge_days=of("judge", "delay_days"),
        narrow_margin=of("judge", "narrow_margin"),
        person_hours=of("person", "hours"),
        person_bar=of("person", "bar"),
        person_insight=of("person", "insight"),
        notice_days=of("person", "notice_days"),
        gagged=of("person", "gagged"),
        reached=of("person", "reached"),
        contests=of("person", "contests"),
        contest_days=of("person", "contest_days"),
        tip_off=of("person", "tip_off"),
        use_holds=of("use_limitation", "holds"),
        use_audit=of("use_limitation", "audit"),
        onward_holds=of("onward_transfer", "holds"),
        onward_audit=of("onward_transfer", "audit"),
    )


# --- what it is not written for -----------------------------------------------------------------------------------------


@cache
def _written_for() -> str:
    """The review that the kernel is written after: that of the configuration as it comes."""
    return source_of(load().policy.safeguards)


def refuse_others(run: Run) -> None:
    """Raise ``ConfigError`` for a run that the kernel would tell wrongly: one line, with the key that stands against it."""
    for key, found, accepted in _against(run):
        raise ConfigError(f"{key}: found {found}; accepted by the hand-fused kernel: {accepted}")


def _against(run: Run) -> Iterator[tuple[str, object, str]]:
    for rules in (run.rules.run_in or run.rules, run.rules):
        if source_of(rules.policy.safeguards) != _written_for():
            yield "safeguards", "another review", "the standard set of safeguards"
        yield from _of_conduct(rules)
        yield from _of_texts(rules)
    yield from _of_change(run)


def _of_conduct(rules: Rules) -> Iterator[tuple[str, object, str]]:
    conduct, adaptation = rules.policy.conduct, rules.adaptation
    if adaptation.anyone:
        yield "conduct", "somebody who adapts", "naive"
    for key, found, accepted in (
        ("attempts", conduct.attempts, 1),
        ("fall_through", conduct.fall_through, True),
        ("legal_basis", conduct.legal_basis, "precedence"),
        ("file_everything", conduct.file_everything, False),
    ):
        if found != accepted:
            yield f"conduct.{key}", found, str(accepted)
    if (rules.habits.eager != 1.0).any():
        yield "dials", "states that file by the person's group", "none"


def _of_texts(rules: Rules) -> Iterator[tuple[str, object, str]]:
    if len(rules.names) > _MOST_TEXTS:
        yield "instruments", len(rules.names), f"at most {_MOST_TEXTS}"
    if rules.suspensions:
        yield f"instruments.{rules.names[next(iter(rules.suspensions))]}.safeguards.suspension", "a text that has it", "absent"
    for s, name in enumerate(rules.review.names):
        used = (rules.reading.applies[s] > 0.0).any(axis=1)
        if used.any() and name not in (*STOPPING, *_ELSEWHERE):
            yield f"instruments.{rules.names[int(np.argmax(used))]}.safeguards.{name}", "a text that has it", "absent"
    for name, risk in zip(DUTIES, RISKS, strict=True):
        rule = rules.policy.safeguards[name]
        if not isinstance(rule, UseLimitation) or rule.risk != risk:
            yield f"safeguards.{name}.risk", getattr(rule, "risk", "none"), risk


def _of_change(run: Run) -> Iterator[tuple[str, object, str]]:
    """What a file is known by from its filing on may not change with the window, and no rule within it."""
    before, after = run.rules.run_in, run.rules
    if run.config.shock:
        yield f"shock.{next(iter(run.config.shock))}", "rules that change within the window", "no shock"
    if before is None:
        return
    for key, pairs in (
        ("review.acuity", [(before.reading.strength, after.reading.strength)]),
        ("offences", [(before.reading.plausible, after.reading.plausible), (before.reading.protected, after.reading.protected)]),
        ("review", [(_known_at_filing(before.practice), _known_at_filing(after.practice))]),
    ):
        if not all(np.array_equal(old, new) for old, new in pairs):
            yield key, "another from the window on", "the same throughout"


def _known_at_filing(practice: Practice) -> Sequence[float]:
    return practice.visibility_slope, practice.visibility_most, practice.plausibility_from, practice.supplement_bar
