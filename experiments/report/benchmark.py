"""The page of a benchmark: ratios first, then rows with their spread, draws, scales and the machine; in Markdown too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from experiments.report.blocks import Grid, Text, TextPart, elements, listed_as, markdown
from experiments.report.page import page, tag
from experiments.report.pictures import Picture
from experiments.report.sections import figure_element
from experiments.text import Row, measured, thousands, unknown

REPORT, SUMMARY = "report.html", "summary.md"
TITLE = "How fast Rogatory is on one machine"
_HONEST = (
    "Seconds belong to one machine and one hour. Ratios of rows of one run say a little more, and this page is read by them. All "
    "rows were measured one after the other in one command, each in a process of its own after a warm-up; times are medians, in "
    "brackets the least and the greatest repeat."
)
_BUSY = "**Others were at work on this machine (load average {load:.1f}): do not quote these numbers.**"
_QUICK = "**A quick run: a small world and two repeats, to see whether it works. None of its numbers is worth quoting.**"
_MOST_DRAWS = 24  # rows of draws on the page


class Benchmark(NamedTuple):
    """What a page of a benchmark tells."""

    rows: pd.DataFrame
    ratios: pd.DataFrame
    draws: pd.DataFrame
    scales: pd.DataFrame
    slopes: pd.DataFrame
    parts: Mapping[str, str]  # what each part is called
    machine: Mapping[str, str]
    command: str
    load: float  # average while it was measured
    busy: bool
    quick: bool


def write_benchmark(folder: Path, found: Benchmark, pictures: Sequence[Picture]) -> None:
    """Write ``summary.md`` and ``report.html``."""
    whole = told(found)
    (folder / SUMMARY).write_text(markdown(whole), encoding="utf-8")
    first, *others = elements(whole, 1)
    content = tag("main", first, [figure_element(picture) for picture in pictures], others)
    (folder / REPORT).write_text(page(TITLE, [content]), encoding="utf-8")


def told(found: Benchmark) -> TextPart:
    """The benchmark in words and tables."""
    marks = [Text(_QUICK)] if found.quick else []
    marks += [Text(_BUSY.format(load=found.load))] if found.busy else []
    parts: list[TextPart | None] = [_ratios(found.ratios)]
    parts += [_rows(found, part, name) for part, name in found.parts.items() if (found.rows["part"] == part).any()]
    parts += [_draws(found.draws), _scales(found), _machine(found)]
    return TextPart("answer", TITLE, [*marks, Text(_HONEST), *(part for part in parts if part is not None)])


def _ratios(ratios: pd.DataFrame) -> TextPart:
    rows = [
        [str(row["what"]), str(row["skipped"]) or f"{measured(row['ratio'])} [{measured(row['low'])}, {measured(row['high'])}]"]
        for row in ratios.to_dict("records")
    ]
    words = "Medians over medians; in brackets the least that both spreads allow, and the greatest."
    return TextPart("ratios", "Ratios", [Text(words), Grid("Ratios within this run", ["what", "times"], rows, 1)])


def _rows(found: Benchmark, part: str, name: str) -> TextPart:
    table = found.rows[found.rows["part"] == part].to_dict("records")
    head = ["row", "stage", "seconds", "counted", "ns each", "a second", "MiB"]
    rows = [_line(row) for row in table if not row["skipped"]]
    left_out = [f"{row['row']}: skipped, {row['skipped']}" for row in table if row["skipped"]]
    blocks: list[Grid | Text] = [Grid(name, head, rows, 2)] if rows else []
    return TextPart(f"part-{part}", name, [*blocks, *([listed_as(left_out)] if left_out else [])])


def _line(row: Row) -> list[str]:
    counted = f"{thousands(row['count'])} {row['of']}"
    seconds = f"{_number(row['seconds'])} [{_number(row['seconds_low'])}, {_number(row['seconds_high'])}]"
    held = "" if unknown(row["mebibytes"]) else thousands(row["mebibytes"])
    each = f"{_number(row['ns'])} [{_number(row['ns_low'])}, {_number(row['ns_high'])}]"
    return [str(row["row"]), str(row["stage"]), seconds, counted, each, _number(row["a_second"]), held]


def _number(value: float) -> str:
    """A number with about three digits, however small.

    >>> _number(0.00123), _number(41.7)
    ('0.00123', '41.7')
    """
    return "" if unknown(value) else f"{value:.3g}" if 0 < abs(value) < 1 else measured(value)


def _draws(draws: pd.DataFrame) -> TextPart | None:
    if draws.empty:
        return None
    largest = draws.sort_values("draws", ascending=False).head(_MOST_DRAWS).to_dict("records")
    rows = [
        [str(row["stage"]), str(row["purpose"]), str(row["kind"]), f"{_number(row['draws'])} a {row['per']}"] for row in largest
    ]
    words = (
        "Counted by running the model's own code as plain Python in a small world. A purpose goes by its constant's name. Uniforms "
        "go by their keys; a normal, exponential or Gumbel is made of a uniform that stands in another row."
    )
    grid = Grid("The most frequent draws", ["stage", "purpose", "kind", "draws"], rows, 3)
    return TextPart("draws", "Draws that a run evaluates", [Text(words), grid])


def _scales(found: Benchmark) -> TextPart:
    rows = [
        [
            str(row["scale"]), str(row["stage"]),
            f"{row['slope']:.2f}" + ("" if unknown(row["low"]) else f" [{row['low']:.2f}, {row['high']:.2f}]"),
            f"{_number(row['x_from'])} to {_number(row['x_to'])}", str(row["points"]),
        ]
        for row in found.slopes.to_dict("records")
    ]  # fmt: skip
    words = "Exponents of seconds by size, fitted on logarithmic axes to all repeats, with their 95 % interval."
    left_out = [
        f"{row['scale']}, {_number(row['x'])}: skipped, {row['skipped']}"
        for row in found.scales.to_dict("records")
        if row["skipped"]
    ]
    grid = Grid("Exponents", ["scale", "stage", "exponent", "sizes", "points"], rows, 2)
    return TextPart("scales", "How the time grows", [Text(words), grid, *([listed_as(left_out)] if left_out else [])])


def _machine(found: Benchmark) -> TextPart:
    said = {**found.machine, "command": f"``{found.command}``"}
    rows = [[name, value] for name, value in said.items()]
    return TextPart("machine", "The machine", [Grid("The machine and the versions", ["what", "which"], rows, 2)])
