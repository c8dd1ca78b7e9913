"""The page of a validation: the score, what misses teach, every pattern in a figure and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from experiments.analysis.validate import drawn_in, fit_line, in_units, misses, range_in_units, score_line
from experiments.report.blocks import Grid, Text, TextPart, elements, listed_as, markdown
from experiments.report.page import page, tag
from experiments.report.pictures import Picture
from experiments.report.sections import figure_element
from experiments.text import Row, distinct, percent, unknown
from sim.observe.patterns import Observable, Pattern

REPORT, SUMMARY = "report.html", "summary.md"
TITLE = "Published patterns against what the model would publish"
_HONEST = (
    "A pass says that a figure which others publish could have come from this model. It says so only of a test: an *input* cannot "
    "fail, a *blind* observable passes with its mechanism off, and neither counts. Many tests rest on numbers that were calibrated "
    "to the same pattern; the column of reasons says where. No default was fitted for this page."
)
_FLAGS = "test, input, blind (measured: in tolerance although the mechanism is off), rejected, or not computable"


class Validated(NamedTuple):
    """What a page of a validation tells."""

    table: pd.DataFrame
    orders: Sequence[str]  # which draws keep, a sentence a source
    command: str
    size: str  # worlds, replicates, years
    scenario: str
    facts: Mapping[str, str]


def write_validated(folder: Path, found: Validated, pictures: Sequence[Picture]) -> None:
    """Write ``summary.md`` and ``report.html``."""
    whole = told(found)
    (folder / SUMMARY).write_text(markdown(whole), encoding="utf-8")
    first, *others = elements(whole, 1)
    content = tag("main", first, [figure_element(picture) for picture in pictures], others)
    (folder / REPORT).write_text(page(TITLE, [content]), encoding="utf-8")


def told(found: Validated) -> TextPart:
    """The validation in words and tables."""
    table = found.table
    lost = misses(table)
    words = [Text(f"**{score_line(table)}**"), Text(f"{found.size}, scenario `{found.scenario}`. {_HONEST}")]
    missed = TextPart("misses", "Misses, and what they teach", [listed_as(lost) if lost else Text("No test is missed.")])
    run = TextPart("run", "The run", [Grid("How it was made", ["what", "which"], [[*pair] for pair in _made(found)], 2)])
    return TextPart("answer", TITLE, [*words, missed, _patterns(table, found.orders), _worth(table), run])


def _made(found: Validated) -> list[tuple[str, str]]:
    return [("command", f"``{found.command}``"), *found.facts.items()]


def _patterns(table: pd.DataFrame, orders: Sequence[str]) -> TextPart:
    drawn = drawn_in(table)
    of_draws = [f"{source}: median [5 to 95 %], in tolerance" for source in drawn]
    head = ["pattern", "observable", "target", "tolerance", "default [range]", *of_draws, "flag", "fitted", "verdict"]
    rows = [
        [
            str(row["pattern"]), str(row["said"]), str(row["target"]), tolerance(row),
            f"{in_units(row['value'], row)} [{range_in_units(row)}]" if not unknown(row["value"]) else "-",
            *(_of_draws(row, source) for source in drawn),
            str(row["flag"]).replace("_", " "), "yes" if row["fitted"] else "", _verdict(row),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    words = (
        f"Flags: {_FLAGS}. In brackets the range over worlds. A verdict says in how many worlds the default lies within the "
        "tolerance."
    )
    more = [Text(line) for line in (*fit_line(table), *orders)]
    return TextPart("patterns", "Every pattern", [Text(words), Grid("Patterns of empirics.md 7.1", head, rows, 2), *more])


def tolerance(row: Mapping[Any, Any]) -> str:
    """The tolerance of an observable in its units; a dash where there is none."""
    low, high = (in_units(row[end], row) for end in ("low", "high"))
    if unknown(row["low"]):
        return "-" if unknown(row["high"]) else f"{'under' if row['kind'] == 'order' else 'at most'} {high}"
    if unknown(row["high"]):
        return f"{'above' if row['kind'] == 'order' else 'at least'} {low}"
    return f"{low} to {high}"


def _of_draws(row: Row, source: str) -> str:
    if unknown(row[f"{source}_value"]):
        return "-"
    ends = ", ".join(in_units(row[f"{source}_{end}"], row) for end in ("low", "high"))
    inside = "" if unknown(row[f"{source}_share_in"]) else f", {percent(row[f'{source}_share_in'])}"
    return f"{in_units(row[f'{source}_value'], row)} [{ends}]{inside}"


def _verdict(row: Row) -> str:
    if unknown(row["share_in"]):
        return {"none": "no value"}.get(str(row["verdict"]), "-")
    return f"{row['verdict']} {worlds_in(row)}/{int(row['worlds'])}"


def worlds_in(row: Mapping[Any, Any]) -> int:
    """In how many worlds an observable lies within its tolerance."""
    return round(float(row["share_in"]) * int(row["worlds"]))


def _worth(table: pd.DataFrame) -> TextPart:
    """Why each flag, and what each observable gives with its mechanism off."""
    bounded = table[table["verdict"] != "shown"]
    rows = [
        [
            str(row["pattern"]), str(row["said"]), str(row["flag"]).replace("_", " "), str(row["flag_reason"]),
            "-" if unknown(row["off_value"]) else in_units(row["off_value"], row),
            "-" if unknown(row["off_share_in"]) else f"{100 * row['off_share_in']:.0f} %",
        ]
        for row in bounded.to_dict("records")
    ]  # fmt: skip
    head = ["pattern", "observable", "flag", "why", "with its mechanism off", "worlds in tolerance then"]
    teaches = [
        f"**{name}** {part['name'].iloc[0]}: {part['about'].iloc[0]}. {part['teaches'].iloc[0]}" for name, part in _parts(table)
    ]
    return TextPart("worth", "What a pass is worth", [Grid("Flags", head, rows, 4), listed_as(teaches)])


def list_of_patterns(patterns: Mapping[str, Pattern]) -> TextPart:
    """Every pattern and observable as ``configs/pattern`` has them, for the manual."""
    rows = [
        [
            key if place == 0 else "", observable.said, observable.target, tolerance(_ends(observable)),
            "rejected" if observable.rejected else observable.flag.replace("_", " "), observable.rejected or observable.reason,
            _switched(observable),
        ]
        for key, pattern in patterns.items()
        for place, observable in enumerate(pattern.observables.values())
    ]  # fmt: skip
    head = ["pattern", "observable", "target", "tolerance", "flag", "why", "mechanism off"]
    names = [f"**{key}** {pattern.name} ({pattern.source}). About: {pattern.about}." for key, pattern in patterns.items()]
    return TextPart("list", "The patterns", [listed_as(names), Grid("Observables of each pattern", head, rows, 7)])


def _ends(observable: Observable) -> dict[str, Any]:
    low, high = (float("nan") if end is None else end for end in (observable.low, observable.high))
    return {"low": low, "high": high, "kind": observable.kind, "target": observable.target}


def _switched(observable: Observable) -> str:
    """The overrides of the arm in which a test's mechanism is off."""
    if observable.switch_off is None:
        return ""
    return ", ".join(f"`{one}`" for one in observable.switch_off) or "none as configured"


def _parts(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(name, table[table["pattern"] == name]) for name in distinct(table["pattern"])]
