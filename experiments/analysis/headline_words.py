"""What the matrix of definitions and strengths says in sentences: the answer first, with its range over worlds."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from experiments.analysis.headline import FIRST_GROUPS, NEEDS_MET, TARGETED, Answer
from experiments.analysis.ranges import why_no_range
from experiments.design.grid import STATUTES, Cell
from experiments.statistics import FEWEST_WORLDS
from experiments.text import Row, band, counted, in_a_row, number, percent, spoken, thousands, unknown
from sim.config import ADOPTED
from sim.settings import Config
from sim.world.vocabulary import OFFENCE_CLASSES

NO_TREATY = Cell(scenario="no_treaty")
DEFINITIONS = {
    STATUTES: "laws as they stand",
    "liberal": "no protected act a serious crime",
    "expansive": "every protected crime a serious one",
}
"""A definition in each state's law, in words."""
TEXTS = {"grave_harm": "serious is only grave harm", "no_treaty": "without the treaty"}
"""A text of the treaty, in words."""
STRENGTHS = {None: "as states use them today", 0.0: "no safeguard used", 1.0: "every safeguard used"}
PEOPLE = {
    "journalist": "journalists", "dissident": "dissidents", "lgbtq": "LGBTQ people", "researcher": "security researchers",
    "minority": "members of minorities",
}  # fmt: skip


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
    """The range over worlds of a change, and in how many it has its sign; nothing with one world."""
    low, high = float(row["percent_world_low"]), float(row["percent_world_high"])
    if unknown(low) or unknown(high):
        why = why_no_range(row)
        return "one world has no range" if why == "no range" else why
    if low * high >= 0:
        small, large = sorted((abs(low), abs(high)))
        reach = f"{number(small)} to {number(large)} %"
    else:
        reach = f"{share_words(low)} to {share_words(high)}"
    return f"{reach} over worlds, that sign in {int(row['worlds_agreeing'])} of {int(row['worlds'])}"


def cell_words(row: Row | None, fewest: int, apart: str = " ") -> str:
    """A change against today as a cell of a table has it, per cent: its range over worlds, and in how many it has that sign.

    ``apart`` stands between the change and its range.
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
    return f"{told}{apart}({least} to {most}; {int(row['worlds_agreeing'])} of {int(row['worlds'])})"


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
    """The answer: strength and definition, then both together and the treaty, then needs met; what was not run is left out."""
    liberal, expansive = Cell("liberal"), Cell("expansive")
    used, unused = Cell(strength=1.0), Cell(strength=0.0)
    sentences = [
        _sentence(answer, {"If states used every safeguard that the texts name": used, "if they used none": unused}),
        _sentence(
            answer,
            {"If no law made a protected act a serious crime": liberal, "if every law that forbids one made it serious": expansive},
        ),
        _sentence(
            answer,
            {
                "The worst of these worlds (every protected crime serious, no safeguard used)": Cell("expansive", strength=0.0),
                "the best (none serious, every safeguard used)": Cell("liberal", strength=1.0),
            },
        ),
        _sentence(answer, {"Without the treaty": NO_TREATY}),
        _needs(answer, {"every safeguard used": used, "none": unused, "no protected act serious": liberal, "no treaty": NO_TREATY}),
    ]
    return [sentence for sentence in sentences if sentence]


def _sentence(answer: Answer, cells: dict[str, Cell]) -> str:
    parts = []
    for opening, cell in cells.items():
        rows = {group: answer.row(cell, TARGETED, "group", group) for group in FIRST_GROUPS}
        if all(row is None for row in rows.values()):
            continue
        told = [f"{PEOPLE[group]} {change_words(row, answer.fewest)}" for group, row in rows.items() if row is not None]
        parts.append(f"{opening}: {in_a_row(told)}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _needs(answer: Answer, cells: dict[str, Cell]) -> str:
    rows = {words: answer.row(cell, NEEDS_MET, "all") for words, cell in cells.items()}
    told = [f"{words} {change_words(row, answer.fewest)}" for words, row in rows.items() if row is not None]
    return f"Real investigations pay or gain in needs met: {'; '.join(told)}." if told else ""


def lead(answer: Answer) -> list[str]:
    """Two sentences: what safeguards and definitions do to journalists and dissidents, and what the treaty does; how sure."""
    used, liberal = _both(answer, Cell(strength=1.0)), _both(answer, Cell("liberal"))
    without, worst = _both(answer, NO_TREATY), _both(answer, Cell("expansive", strength=0.0))
    sentences = []
    if used and liberal:
        sentences.append(
            f"If states used every safeguard that the texts already name, the data of {used} would reach a government that pursues "
            f"them; if no law made a protected act a serious crime, those of {liberal}."
        )
    if without:
        also = f"; were every protected crime serious and no safeguard used, those of {worst}" if worst else ""
        sentences.append(f"Without the treaty it would be the data of {without}{also}.")
    return sentences


def _both(answer: Answer, cell: Cell) -> str:
    """Both groups of the question with their change and its range; nothing where one has no number."""
    parts = []
    for group in FIRST_GROUPS:
        row = answer.row(cell, TARGETED, "group", group)
        if row is None or unknown(row["percent"]):
            return ""
        parts.append(f"{share_words(float(row['percent']))} {PEOPLE[group]} ({range_words(row)})")
    return in_a_row(parts)


def why(comparison: pd.DataFrame, arms: Collection[str], config: Config) -> str:
    """By which ways data are disclosed today, in one sentence: how much a definition, and the treaty, can reach at all.

    ``comparison`` has the slices of ``case_disclosure_rate``, ``arms`` are those that are read against today; nothing where it
    lacks them.
    """
    rows = comparison[(comparison["metric"] == "case_disclosure_rate") & comparison["arm"].isin([*arms])]
    today = rows.drop_duplicates(["by", "level"])
    events = {
        (str(by), str(level)): int(count)
        for by, level, count in zip(today["by"], today["level"], today["events_baseline"], strict=True)
    }
    whole = events.get(("all", "all"), 0)
    own = [name for name, offence in config.offences.items() if offence.offence_class == OFFENCE_CLASSES[-1]]
    parts = {
        "went through the treaty": events.get(("instrument", "hanoi")),
        "rested on a fabricated charge": events.get(("kind", "fabricated")),
        "named a protected act as the crime": sum(events.get(("label", name), 0) for name in own),
    }
    told = [f"{percent(count / whole)} {words}" for words, count in parts.items() if count is not None and whole]
    reach = "A definition reaches only those that name a protected act, and only where the text asks for a serious crime."
    return f"Of {thousands(whole)} abusive cases disclosed today {in_a_row(told)}. {reach}" if told else ""


def how_sure(worlds: int, replicates: int, years: int) -> str:
    """On what the ranges rest, and whether that is enough for a verdict."""
    rests = (
        f"Each range goes over {counted(worlds, 'world')} (draws of what nobody knows about the one real world), {replicates} "
        f"replicates of luck in each, {counted(years, 'year')}."
    )
    few = f" Under {FEWEST_WORLDS} worlds there is no verdict." if worlds < FEWEST_WORLDS else ""
    return rests + few
