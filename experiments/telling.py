"""What a comparison says on the terminal: arms by what they protect, the frontier, and what to make of the numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table
from rich.text import Text

from experiments.amounts import counted, told_size, told_time
from experiments.letters import cut, formulas, inked, visible
from experiments.terminal import table_of
from sim.settings import Config

_WIDE = 118  # letters that the whole table needs
_NAME, _LEAST, _GAP = 56, 16, 3  # letters of an arm at most and at least, and between two columns
FEW_SEEDS = 8  # under which an interval by Student's t may leave the possible range
_COLUMNS = {"case_disclosure_rate": "cases saved [95 %]", "legit_met_rate": "needs met", "unanswered_share": "unanswered"}
_SPREADS = {"world_sd": "s.d. worlds", "event_sd": "s.d. luck"}
_HONEST = (
    "Conditional, relative answers: the true extent of abuse is unknown to anyone. Intervals are 95 %, on world means "
    "(Student's t; ratios by Fieller), one arm at a time; they say nothing of the parameters that are assumed."
)
Row = Mapping[Hashable, Any]
__all__ = ["FEW_SEEDS", "arms_table", "closing_lines", "counted", "told_formulas", "told_size", "told_time"]


def closing_lines(
    cooperation: pd.DataFrame,
    worlds: int,
    reasons: Iterable[str],
    timing: Mapping[str, float],
    written: object,
    missing: Iterable[str] = (),
) -> list[str]:
    """What stands under the table, a sentence a line.

    ``reasons`` say why a study stopped and what it cannot give, ``missing`` which files it lacks.
    """
    lacking = f", without {', '.join(missing)}" if missing else ""
    frontier = [visible(inked(str(name))) for name in cooperation.loc[cooperation["on_frontier"], "arm"]]
    few = (
        f"Only {counted(worlds, 'world')}: such intervals are wide and may leave the possible range." if worlds < FEW_SEEDS else ""
    )
    lines = (
        "Not outdone by another arm in both cases saved and needs met (point estimates; the baseline counts as an arm): "
        f"{', '.join(frontier) if frontier else 'none but the baseline'}.",
        *reasons,
        f"{told_time(timing['total_seconds']).capitalize()} in all; {timing['share_outside_array_code']:.0%} of the work outside "
        "array code.",
        f"Written to {written}: report.html, comparison (Parquet, CSV), cooperation (CSV), runs (Parquet), figures, "
        f"manifest.json{lacking}.",
        *told_formulas(map(str, cooperation["arm"])),
        _HONEST,
        few,
    )
    return [line for line in lines if line]


def told_formulas(names: Iterable[str]) -> list[str]:
    """A sentence on names that a spreadsheet would compute, if there are any: the tables hold them as they were written.

    >>> told_formulas(["judge"]), len(told_formulas(["=1+1", "judge"]))
    ([], 1)
    """
    found = formulas(names)
    if not found:
        return []
    return [
        f"A spreadsheet takes {', '.join(cut(found, _NAME).values())} for formulas: import CSV files as text, or read the Parquet."
    ]


def arms_table(comparison: pd.DataFrame, cooperation: pd.DataFrame, config: Config, size: tuple[int, int], width: int) -> Table:
    """Arms sorted by protection: change of disclosed cases, needs met and requests unanswered, and whose spread it is.

    ``config`` is the baseline's, ``size`` says how many worlds and lucks. A terminal narrower than the whole table gets its first
    two numbers.
    """
    shown = dict(list(_COLUMNS.items())[: None if width >= _WIDE else 2])
    spreads = _SPREADS if width >= _WIDE else {}
    heads = [*shown.values(), *spreads.values()]
    what = f"change against {config.scenario_name}, per cent of it"
    extent = f"{counted(size[0], 'world')} x {size[1]} luck, {counted(config.years, 'year')}, paired"
    table = table_of(f"{what}; {extent}", ["arm", *heads])
    rows = {(row["arm"], row["metric"]): row for row in comparison[comparison["by"] == "all"].to_dict("records")}
    ranked = cooperation.sort_values("protection", ascending=False, kind="stable", na_position="last")
    told: list[tuple[str, list[str | Text]]] = []
    for arm in ranked["arm"]:
        rate = rows.get((arm, "case_disclosure_rate"))
        changes = [_change(rows.get((arm, metric)), config.metrics.fewest_events, metric in _TURNED) for metric in shown]
        sizes = ["" if rate is None or np.isnan(rate[name]) else f"{rate[name]:.2g}" for name in spreads]
        told.append((str(arm), [*changes, *sizes]))
    named = cut((arm for arm, _ in told), _room(heads, [cells for _, cells in told], width))
    for arm, cells in told:
        table.add_row(named[arm], *cells)
    return table


def _room(heads: Sequence[str], rows: Sequence[Sequence[str | Text]], width: int) -> int:
    """Letters of an arm's name that leave every number whole on lines of that width."""
    taken = sum(max(map(len, column)) + _GAP for column in zip(heads, *rows, strict=True))
    return min(max(width - taken - _GAP, _LEAST), _NAME)


_TURNED = ("case_disclosure_rate",)  # told as what is saved


def _change(row: Row | None, fewest: int, turned: bool) -> str | Text:
    """A change in per cent with its interval, or why there is none."""
    if row is None:
        return "absent"
    if row["constructed_zero"]:
        return Text("0 by construction", style="dim")
    if min(row["events_baseline"], row["events"]) < fewest:
        return f"<{fewest} events"
    sign = -1.0 if turned else 1.0
    point, *limits = (sign * row[name] + 0.0 for name in ("percent", "percent_low", "percent_high"))
    if np.isnan(limits).any():
        return f"{point:+.1f} %"
    return f"{point:+.1f} % [{min(limits):+.1f}, {max(limits):+.1f}]"
