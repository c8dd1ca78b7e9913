"""What the matrix of definitions and strengths says in sentences: the answer first, with its range over worlds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from experiments.analysis.headline import DISCLOSED_SHARE, FIRST_GROUPS, NEEDS_MET, TARGETED, Answer
from experiments.analysis.headline_today import PROTECTED
from experiments.analysis.ranges import mostly_chance, why_no_range
from experiments.analysis.summary import FRACTION
from experiments.design.grid import BEFORE, STATUTES, Cell
from experiments.statistics import FEWEST_WORLDS
from experiments.text import (
    PER_CENT,
    Row,
    alike,
    band,
    counted,
    in_a_row,
    number,
    spoken,
    thousands,
    unknown,
)
from sim.config import ADOPTED
from sim.world.vocabulary import GROUP_NAMES

NO_TREATY = Cell(scenario="no_treaty")
DEFINITIONS = {
    STATUTES: "laws as they stand",
    "liberal": "no protected act a serious crime",
    "expansive": "every protected crime a serious one",
    "catch_all": "catch-all offences, all serious",
}
"""A definition in each state's law, in words."""
GRAVE = "grave_harm"
TEXTS = {GRAVE: "serious is only grave harm", "no_treaty": "without the treaty"}
"""A text of the treaty, in words."""
STRENGTHS = {None: "as states use them today", 0.0: "no safeguard used", 1.0: "every safeguard used"}
CAPACITIES = {
    BEFORE: "where authorities keep the officers of the load before the treaty",
    "follows": "where states hire with the load",
}
"""Where a capacity of review holds, in words."""
PEOPLE = {str(group): name.several for group, name in GROUP_NAMES.items()}


def row_words(row: tuple[str, str]) -> str:
    """A row of the grid in words.

    >>> row_words(("liberal", "as_adopted")), row_words(("statutes", "grave_harm"))
    ('no protected act a serious crime', 'serious is only grave harm')
    >>> row_words(("liberal", "grave_harm"))
    'serious is only grave harm; no protected act a serious crime'
    """
    definition, scenario = row
    law = DEFINITIONS.get(definition, spoken(definition))
    if scenario == ADOPTED:
        return law
    text = TEXTS.get(scenario, spoken(scenario))
    return text if definition == STATUTES else f"{text}; {law}"


def strength_words(strength: float | None) -> str:
    """A column of the grid in words.

    >>> strength_words(None), strength_words(0.25), strength_words(1.0)
    ('as states use them today', '25 % used', 'every safeguard used')
    """
    return STRENGTHS.get(strength, "") or f"{100 * float(strength or 0.0):g} % used"


def share_words(value: float, more: str = "more", fewer: str = "fewer") -> str:
    """A change in per cent as more or fewer.

    >>> share_words(-31.4), share_words(4.21), share_words(0.0)
    ('31 % fewer', '4.2 % more', '0 % fewer')
    """
    return f"{number(abs(value))} % {more if value > 0 else fewer}"


def range_words(row: Row) -> str:
    """The range over worlds of a change; in how many it has its sign where not in all, and whether it is mostly chance."""
    low, high = float(row["percent_world_low"]), float(row["percent_world_high"])
    if unknown(low) or unknown(high):
        why = why_no_range(row)
        return "one world has no range" if why == "no range" else why
    if low * high >= 0:
        small, large = sorted((abs(low), abs(high)))
        reach = f"{number(small)} to {number(large)} %"
    else:
        reach = f"{share_words(low)} to {share_words(high)}"
    agreeing, worlds = int(row["worlds_agreeing"]), int(row["worlds"])
    sign = f"; that sign in {agreeing} of {worlds} worlds" if agreeing < worlds else ""
    return f"{reach}{sign}{'; mostly chance' if mostly_chance(row) else ''}"


def cell_words(row: Row | None, fewest: int, apart: str = " ") -> str:
    """A change against today as a cell of a table has it, per cent: its range over worlds, and in how many it has that sign.

    ``apart`` stands between the change, its range, and the word that most of it is chance.
    """
    if row is None:
        return "–"
    if min(float(row["events"]), float(row["events_baseline"])) < fewest:
        return f"<{fewest} events"
    middle, low, high = (float(row[name]) for name in ("percent", "percent_world_low", "percent_world_high"))
    if unknown(middle):
        return "no number"
    told, least, most = band(middle, low, high)
    if not (least and most):
        return told
    chance = f"{apart}mostly chance" if mostly_chance(row) else ""
    return f"{told}{apart}({least} to {most}; {int(row['worlds_agreeing'])} of {int(row['worlds'])}){chance}"


def error_words(row: Row | None, fewest: int) -> str:
    """The simulation error of a change in per cent, for a cell of a table; nothing where there is no number.

    >>> error_words(
    ...     {"percent": -9.0, "percent_error_low": -10.1, "percent_error_high": -7.9, "events": 50, "events_baseline": 60}, 10
    ... )
    'error −10.1 to −7.9'
    """
    if row is None or min(float(row["events"]), float(row["events_baseline"])) < fewest or unknown(row["percent"]):
        return ""
    _, low, high = band(*(float(row[name]) for name in ("percent", "percent_error_low", "percent_error_high")))
    return f"error {low} to {high}" if low and high else "error unbounded"


def level_words(row: Row | None, fewest: int) -> str:
    """A level of today with its range over worlds, a fraction in per cent; or why there is none.

    >>> level_words({"value": 0.012, "world_low": 0.008, "world_high": 0.021, "events": 50, "unit": "fraction of wishes"}, 10)
    '1.2 % (0.8 to 2.1)'
    >>> level_words({"value": 3.0149, "world_low": 1.9, "world_high": 4.25, "events": 50, "unit": "people a year"}, 10)
    '3.01 (1.90 to 4.25)'
    >>> level_words({"value": float("nan"), "events": 3}, 10)
    '<10 events'
    """
    if row is None:
        return "–"
    if float(row["events"]) < fewest:
        return f"<{fewest} events"
    if unknown(row["value"]):
        return "no number"
    share = str(row["unit"]).startswith(FRACTION)
    ends = [float(row[name]) * (PER_CENT if share else 1.0) for name in ("value", "world_low", "world_high")]
    middle, low, high = alike(ends, 2 if share else 3)
    return f"{middle}{' %' * share}" + (f" ({low} to {high})" if low and high else "")


def change_words(row: Row | None, fewest: int) -> str:
    """A change against today with its range, or why there is none."""
    if row is None:
        return "not asked"
    if min(float(row["events"]), float(row["events_baseline"])) < fewest:
        return f"fewer than {fewest} events"
    if unknown(row["percent"]):
        return "no number"
    return f"{share_words(float(row['percent']))} ({range_words(row)})"


def answers(answer: Answer) -> list[str]:
    """The answer: strength and definition, then both together and the treaty, then needs met; what was not run is left out.

    Each number is given under every capacity under which it was run.
    """
    liberal, expansive = Cell("liberal"), Cell("expansive")
    used, unused = Cell(strength=1.0), Cell(strength=0.0)
    sentences = [
        _sentences(answer, {"If states used every safeguard that the texts name": used, "If they used none": unused}),
        _sentences(
            answer,
            {
                "If no law made a protected act a serious crime": liberal,
                "If every law that forbids one made it serious": expansive,
                "If the treaty's own offences covered every such act besides": Cell("catch_all"),
            },
        ),
        _sentences(
            answer,
            {
                "The worst of these worlds (every protected crime serious, no safeguard used)": Cell("expansive", strength=0.0),
                "The best (none serious, every safeguard used)": Cell("liberal", strength=1.0),
            },
        ),
        _sentences(answer, {"Without the treaty": NO_TREATY}),
        _needs(
            answer,
            {"Every safeguard used": used, "None used": unused, "No protected act serious": liberal, "No treaty": NO_TREATY},
        ),
    ]
    return [sentence for sentence in sentences if sentence]


def _sentences(answer: Answer, cells: dict[str, Cell]) -> str:
    """A sentence for each cell: both groups of the question, under each capacity."""
    told = {opening: _by_capacity(answer, cell, _groups) for opening, cell in cells.items()}
    return " ".join(f"{opening}: {words}." for opening, words in told.items() if words)


def _groups(answer: Answer, cell: Cell) -> str:
    rows = {group: answer.row(cell, TARGETED, "group", group) for group in FIRST_GROUPS}
    return in_a_row([f"{PEOPLE[group]} {change_words(row, answer.fewest)}" for group, row in rows.items() if row is not None])


def _needs(answer: Answer, cells: dict[str, Cell]) -> str:
    told = {words: _by_capacity(answer, cell, _needs_of) for words, cell in cells.items()}
    rows = [f"{words}: {change}." for words, change in told.items() if change]
    return f"What real investigations pay or gain in needs met. {' '.join(rows)}" if rows else ""


def _needs_of(answer: Answer, cell: Cell) -> str:
    row = answer.row(cell, NEEDS_MET, "all")
    return "" if row is None else change_words(row, answer.fewest)


def _by_capacity(answer: Answer, cell: Cell, words: Callable[[Answer, Cell], str]) -> str:
    """The same words under each capacity, the others behind where they hold; nothing for what was not run."""
    told = _under(answer, cell, answer.capacities(), words)
    first = told.pop(cell.capacity, "")
    others = [f"; {capacity_words(capacity)}, {change}" for capacity, change in told.items() if change]
    return f"{first}{''.join(others)}" if first else ""


def capacity_words(capacity: str) -> str:
    """Where a capacity holds, in words.

    >>> capacity_words("follows")
    'where states hire with the load'
    """
    return CAPACITIES.get(capacity, f"under {spoken(capacity)}")


def lead(answer: Answer, capacities: Collection[str] | None = None) -> list[str]:
    """The answer in short: what safeguards do and cost, what definitions and the treaty do, each under every capacity it was run.

    ``capacities`` are those that are told, all of the answer's where none are named.
    """
    told = [capacity for capacity in answer.capacities() if capacities is None or capacity in capacities]
    used = _lead(_USED, _under(answer, Cell(strength=1.0), told, _both))
    sentences = [used, *([_lead(_COST, _under(answer, Cell(strength=1.0), told, _needs_in_short))] if used else [])]
    for opening, cell in _OPENINGS.items():
        sentences.append(_lead(f"{opening}, it would be {{first}}", _under(answer, cell, told, _both)))
    return [sentence for sentence in sentences if sentence]


_USED = (
    "If states used every safeguard that the texts already name, the data of {first} would reach a government that pursues them"
    "{where}"
)
_COST = "Real investigations would then have {first}"
_OPENINGS = {
    "If no law made a protected act a serious crime": Cell("liberal"),
    "Without the treaty": NO_TREATY,
    "If every protected crime were serious and no safeguard used": Cell("expansive", strength=0.0),
}


def brackets(answer: Answer) -> str:
    """How the numbers of ``lead`` and ``answers`` are read."""
    first = f" The first numbers hold {capacity_words(BEFORE)}." if len(answer.capacities()) > 1 else ""
    return f"In brackets stands the range over worlds. Every world has that sign unless it says otherwise.{first}"


def _under(answer: Answer, cell: Cell, capacities: Collection[str], words: Callable[[Answer, Cell], str]) -> dict[str, str]:
    """Words on a combination by capacity; empty where it has no number."""
    return {capacity: words(answer, cell._replace(capacity=capacity)) for capacity in capacities}


def _lead(sentence: str, told: Mapping[str, str]) -> str:
    """A sentence with the change under the first capacity, and those under the others behind it; nothing without the first."""
    (capacity, first), *others = [*told.items()] or [("", "")]
    if not first:
        return ""
    further = [f"; {capacity_words(other)}, {words}" for other, words in others if words]
    where = f" {capacity_words(capacity)}" if further else ""
    return f"{sentence.format(first=first, where=where)}{''.join(further)}."


def _both(answer: Answer, cell: Cell) -> str:
    """Both groups of the question with their change and its range; nothing where one has no number."""
    parts = []
    for group in FIRST_GROUPS:
        row = answer.row(cell, TARGETED, "group", group)
        if row is None or unknown(row["percent"]):
            return ""
        parts.append(f"{share_words(float(row['percent']))} {PEOPLE[group]} ({range_words(row)})")
    return in_a_row(parts)


def _needs_in_short(answer: Answer, cell: Cell) -> str:
    """The change in needs met and its range; nothing where there is no number."""
    row = answer.row(cell, NEEDS_MET, "all")
    if row is None or unknown(row["percent"]):
        return ""
    return f"{share_words(float(row['percent']))} needs met ({range_words(row)})"


def why(answer: Answer) -> str:
    """By which ways data are disclosed today, in a few sentences: how much a definition, and the treaty, can reach at all.

    Nothing where the answer has no table of today.
    """
    told = {capacity: words for capacity in answer.capacities() if (words := _ways(answer, capacity))}
    first = told.pop(Cell().capacity, "")
    if not first:
        return ""
    others = [f" {words[:1].upper()}{words[1:]}." for words in (f"{capacity_words(c)}: {ways}" for c, ways in told.items())]
    reach = (
        "A definition in the laws of states reaches only those that name a protected act, and only where the text asks for a "
        "serious crime."
    )
    grave = any(cell.scenario == GRAVE for cell in answer.cells)
    more = " The row of grave harm changes the text, and reaches ordinary offences too." if grave else ""
    return f"{first[:1].upper()}{first[1:]}. These shares overlap.{''.join(others)} {reach}{more}"


_WAYS = {
    ("instrument", "hanoi"): "went through the treaty",
    ("kind", "fabricated"): "rested on a fabricated charge",
    ("label", PROTECTED): "named a protected act as the crime",
}


def _ways(answer: Answer, capacity: str) -> str:
    """The shares of the abusive cases disclosed today under a capacity, each with its range over worlds."""
    rows = {words: answer.today(DISCLOSED_SHARE, *key, capacity) for key, words in _WAYS.items()}
    known = {words: row for words, row in rows.items() if row is not None and not unknown(row["value"])}
    told = [f"{level_words(row, answer.fewest)} {words}" for words, row in known.items()]
    whole = next((thousands(int(row["of"])) for row in known.values()), "")
    return f"of {whole} abusive cases disclosed today {in_a_row(told)}" if told else ""


def how_sure(worlds: int, replicates: int, years: int) -> str:
    """On what the ranges rest, and whether that is enough for a verdict."""
    rests = (
        f"Each range goes over {counted(worlds, 'world')} (draws of what nobody knows about the one real world), {replicates} "
        f"replicates of luck in each, {counted(years, 'year')}."
    )
    few = f" Under {FEWEST_WORLDS} worlds there is no verdict." if worlds < FEWEST_WORLDS else ""
    return rests + few
