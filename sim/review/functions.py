"""What stands in the templates: the functions of the generated loop that hang on which safeguards there are, each as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import indent

from sim.review import templates
from sim.review.identifiers import NOTHING_ELSE, SHARED, Words, names_in
from sim.review.judge import Judge
from sim.review.safeguard import Aftermath, Gate, Ground, Look, home_of, weighs
from sim.review.templates import filled

DESK, PANEL, PERSON = "desk", "panel", "person"
_TOLD_BY_FIRM = {
    "notice_days": "practice.firm_days",
    "secret": "False",
    "gagged": "0.0",
    "reached": "reading.firm_notice[j]",
    "luck": "u2(seed, FIRM_NOTICE, ck, sk)",
}
"""What the person's rules read where a firm has told: it reaches its share, and where it speaks no gag stands against it."""
_TOLD_IN_FACT = {"wait": "np.inf", "secret": "False", "reached": "1.0", "luck": "0.0"}
"""The same where a court has heard the person: only whether it is convinced is asked again."""
_WIDEST = 120  # letters of a condition that stands on one line


def _all(*conditions: str) -> str:
    """A condition that holds if all of these do, over several lines where it is long."""
    line = " and ".join(conditions)
    if len(line) <= _WIDEST and "\n" not in line:
        return line
    return conditions[0] if len(conditions) == 1 else f"(\n{indent('\nand '.join(conditions), '    ')}\n)"


def _lines(pieces: Iterable[str]) -> str:
    return "\n".join(pieces)


def header(safeguards: Sequence[Words], body: str) -> str:
    """The beginning of the module: imports, and of each safeguard its rules and those constants that ``body`` names."""
    named = names_in(body)
    blocks = []
    for place, words in enumerate(safeguards):
        constants = [f"{name} = {value}" for name, value in words.constants(place) if name in named or name == words.row]
        rules = [f"{rule} = step({words.home}.{hook})" for hook, rule in words.rules.items()]
        blocks.append(_lines([f"# --- {words.row}: {_article(words.safeguard.kind)}", *constants, *rules]))
    ruled = [words for words in safeguards if words.rules]
    return filled(
        templates.HEADER,
        count=str(len(safeguards)),
        imports=_lines(f"import {home_of(words.safeguard).__name__} as {words.home}" for words in ruled),
        shared=_lines(f"{name} = {column}" for column, name in enumerate(SHARED.values())),
        safeguards="\n\n".join(blocks),
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def functions(safeguards: Sequence[Words]) -> list[str]:
    """The functions that hang on which safeguards there are, each as text."""
    by_name = {words.name: words for words in safeguards}
    desk, panel = by_name[DESK], by_name.get(PANEL)
    return [
        _gates(safeguards),
        _read_panel(panel),
        _read_desk(desk, safeguards),
        _contest(by_name.get(PERSON)),
        _read_further(safeguards),
        _read_again(safeguards),
        _follow_up(safeguards),
        filled(templates.CONDITION_DAYS),
        _publish(safeguards),
        filled(templates.SCREENED, applies=f"reading.applies[{panel.row}, inst, j] > 0.0" if panel else "False"),
        filled(templates.DESK_READS, row=desk.row),
    ]


def _gates(safeguards: Sequence[Words]) -> str:
    gates = [
        filled(templates.STANDS, condition=_all(templates.HEARD.format(row=gate.row), gate.call(), gate.applied), bit=gate.bit)
        for gate in safeguards
        if isinstance(gate.safeguard, Gate)
    ]
    return filled(templates.GATES, file=filled(templates.FILE), gates=_lines(gates))


def _read_panel(panel: Words | None) -> str:
    if panel is None:
        return filled(templates.NO_PANEL)
    return filled(
        templates.READ_PANEL,
        file=filled(templates.FILE),
        row=panel.row,
        acuity=panel.call("acuity"),
        noise=panel.noise,
        bar=panel.number("bar"),
        stands=panel.call(),
    )


def _read_desk(desk: Words, safeguards: Sequence[Words]) -> str:
    grounds = [_ground(ground, templates.HEARD.format(row=ground.row)) for ground in _grounds_at(desk, safeguards)]
    return filled(
        templates.READ_DESK,
        file=filled(templates.FILE),
        applied=desk.applied,
        hours=desk.number("hours"),
        reading=_reading(desk, grounds, filled(templates.ADVICE)),
    )


def _read_further(safeguards: Sequence[Words]) -> str:
    looks = [look for look in safeguards if _reads_after_the_desk(look)]
    texts = {look.name: _further_look(look, safeguards) for look in looks}
    person = next((look for look in looks if look.name == PERSON), None)
    firm = filled(templates.FIRM_TELLS, earlier="" if person is None else _earlier(person))
    texts |= {PERSON: _lines([firm, texts[PERSON]])} if person else {"": firm}
    return filled(
        templates.READ_FURTHER,
        file=filled(templates.FILE),
        opening=filled(templates.OPENING) if looks else "",
        looks=_lines(texts.values()),
    )


def _earlier(person: Words) -> str:
    """That the state has told the person before the firm would; nothing for a look that tells nobody."""
    if "tells" not in person.rules:
        return ""
    days = [f"{person.number('notice_days')} <= wait - practice.firm_days"] * ("notice_days" in person.columns)
    condition = _all("firm == TOLD_BEFORE", *days, person.applied, person.call("tells"))
    return filled(templates.STATE_TELLS_EARLIER, condition=condition)


def _contest(person: Words | None) -> str:
    if person is None or not _reads_after_the_desk(person):
        return filled(templates.NO_CONTEST)
    return filled(
        templates.CONTEST,
        file=filled(templates.FILE),
        acuity=person.call("acuity"),
        noise=templates.NOISE.format(key=person.noise),
        bar=person.number("bar"),
        stands=person.call(instead=_TOLD_BY_FIRM),
        bit=person.bit,
        days=person.call("delays", instead=_TOLD_BY_FIRM) if "delays" in person.rules else person.number("delay_days"),
    )


def _read_again(safeguards: Sequence[Words]) -> str:
    looks = [look for look in safeguards if isinstance(look.safeguard, Look)]
    of_substance = [words.bit for words in safeguards if weighs(words.safeguard)]
    return filled(
        templates.READ_AGAIN,
        file=filled(templates.FILE),
        looks=_lines(_look_again(look, safeguards) for look in looks),
        of_substance=_lines(f"weighed |= {bit}" for bit in of_substance),
    )


def _look_again(look: Words, safeguards: Sequence[Words]) -> str:
    """A second reading by a look: it asks of its own grounds, and of itself, by an accident of its own."""
    grounds = _grounds_at(look, safeguards)
    reading = _reading(
        look,
        [_ground(ground) for ground in grounds],
        filled(templates.ADVICE) if look.name == DESK else "",
        noise=templates.NOISE_AGAIN,
        trust=templates.OF_THE_REQUESTER if look.name == PANEL else templates.OF_THE_PAIR,
        instead=_TOLD_IN_FACT if "tells" in look.rules else NOTHING_ELSE,
    )
    return filled(
        templates.LOOK_AGAIN,
        name=look.row,
        bit=look.bit,
        grounds=_lines(f"own |= {ground.bit}" for ground in grounds),
        reading=reading,
    )


def _reads_after_the_desk(words: Words) -> bool:
    return isinstance(words.safeguard, Look) and words.name not in (DESK, PANEL)


def _further_look(look: Words, safeguards: Sequence[Words]) -> str:
    """One reader after the desk; one who speaks to the person reads nothing that the text keeps from everybody."""
    speaks = "tells" in look.rules
    return filled(
        templates.FURTHER_LOOK,
        name=look.row,
        condition=_all(
            "stood == np.uint64(0)",
            *["firm != TOLD_BEFORE"] * (look.name == PERSON),
            *["not reading.hidden[inst]"] * speaks,
            look.applied,
        ),
        hours=look.number("hours"),
        reading=_reading(look, [_ground(ground) for ground in _grounds_at(look, safeguards)]),
        delay=look.call("delays") if "delays" in look.rules else look.number("delay_days"),
        telling=filled(templates.TELLING, tells=look.call("tells"), tip_off=look.number("tip_off")) if speaks else "",
        judging=filled(templates.JUDGING) if isinstance(look.safeguard, Judge) else "",
    )


def _grounds_at(look: Words, safeguards: Sequence[Words]) -> list[Words]:
    return [words for words in safeguards if isinstance(words.safeguard, Ground) and words.safeguard.look == look.name]


def _reading(
    look: Words,
    grounds: Iterable[str],
    advice: str = "",
    noise: str | None = None,
    trust: str = templates.OF_THE_PAIR,
    instead: Mapping[str, str] = NOTHING_ELSE,
) -> str:
    """One reading of a file: one signal and one accident, shared by all grounds that are invoked at it."""
    return filled(
        templates.READING,
        acuity=look.call("acuity"),
        noise=templates.NOISE.format(key=look.noise) if noise is None else noise,
        advice=advice,
        bar=look.number("bar"),
        trust=trust,
        grounds=_lines(grounds),
        stands=look.call(instead=instead),
        bit=look.bit,
        narrowing=_narrowing(look),
    )


def _ground(ground: Words, *conditions: str) -> str:
    return filled(
        templates.GROUND,
        condition=_all(*conditions, ground.applied),
        hours=ground.number("hours"),
        shift=ground.number("shift"),
        stands=ground.call(),
        bit=ground.bit,
        narrowing=_narrowing(ground),
        condition_set=_condition_set(ground),
    )


def _condition_set(ground: Words) -> str:
    """That data go on a ground's condition alone."""
    return (
        filled(templates.CONDITION_SET, conditions=ground.call("conditions"), row=ground.row)
        if "conditions" in ground.rules
        else ""
    )


def _narrowing(words: Words) -> str:
    """What a look or a ground leaves of the data class that is asked for."""
    return filled(templates.NARROWING, allows=words.call("allows"), row=words.row) if "allows" in words.rules else ""


def _follow_up(safeguards: Sequence[Words]) -> str:
    duties = [
        filled(templates.DUTY, row=duty.row, applied=duty.applied, softens=duty.call("softens"), onward=duty.number("onward"))
        for duty in safeguards
        if isinstance(duty.safeguard, Aftermath) and "softens" in duty.rules
    ]
    conditions = [
        filled(templates.CONDITION_DUTY, row=ground.row, softens=ground.call("softens"))
        for ground in safeguards
        if isinstance(ground.safeguard, Ground) and "softens" in ground.rules
    ]
    return filled(templates.FOLLOW_UP, duties=_lines(duties), conditions=_lines(conditions))


def _publish(safeguards: Sequence[Words]) -> str:
    counts = [
        filled(templates.PUBLISHED, applied=duty.applied, publishes=duty.call("publishes"))
        for duty in safeguards
        if isinstance(duty.safeguard, Aftermath) and "publishes" in duty.rules
    ]
    return filled(templates.PUBLISH, file=filled(templates.FILE), published=_lines(counts))
