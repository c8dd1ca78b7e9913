"""Many scenarios against one baseline, paired run by run: what each protects, what it costs, and how sure that is.

``rogatory compare scenarios=all baseline=as_adopted seeds=10 luck=2``, or ``design=threshold_sweep`` for the arms of a design.
The baseline is the line that the others are read against and no arm of its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console

from experiments import report
from experiments.contrasts import PROTECTION, comparison_of, contrast_of, cooperation_of
from experiments.designs import Arm, arms_of, compare_arms, told_of
from experiments.lineup import UNITS_KEPT, Board, Entry, Measured, Task, board_of, line_up, measure, tasks_of
from experiments.output import Lacking, commit, manifest_of, stamped, whole_folder, write_manifest
from experiments.paired import half_width, mean_of, needed_worlds
from experiments.processes import refuse_unguarded
from experiments.runs import Spread, crew, crew_size, progress_bar
from experiments.scenarios import Header, headers_of
from experiments.telling import arms_table, closing_lines, counted, told_time
from experiments.terminal import Terminal, console_of
from sim.config import load
from sim.metrics import absent_metrics
from sim.result import package_versions
from sim.settings import Config
from sim.simulation import check
from sim.world.record import ConfigError
from sim.world.states import StateTable

FEWEST_WORLDS = 10  # before ``until`` may stop: intervals at the stopping time then cover 93 to 95 % (tests/compare)
RUNS = "runs.parquet"
TABLES = ("comparison.csv", "comparison.parquet", "cooperation.csv")
_PAGE = (report.REPORT, "forest.png", "plane.png")
_ABSENT = "absent"  # in an arm, where its baseline has a key


class Ran(NamedTuple):
    """All replicates of a study, and how it went."""

    board: Board
    worlds: int
    stopped: str  # why it stopped where it did; empty without ``until``
    unreached: tuple[str, ...]  # arms whose interval is still too wide
    seconds: float  # in all replicates together
    array_seconds: float  # of these, in worlds, months and metrics
    processes: int


def main(*overrides: str) -> Path:
    """Compare, write and tell; returns the folder of results. Raises ``StoppedError`` where a figure or the page failed."""
    began = time.monotonic()
    with Terminal(stderr=True).status("composing the arms"):
        arms = chosen_arms(overrides)
    first = arms[0].baseline_config
    _check_study(first)
    entries = line_up(arms)
    refuse_unguarded(processes_of(first))
    told = headers_of(arm.name for arm in arms)
    check_all(entries)
    console = console_of()
    with whole_folder(Path(first.output) / "compare", name := stamped(_label(arms))) as folder:
        ran = run_all(entries, console)
        own = time.monotonic()
        runs_frame(ran.board, entries).to_parquet(folder / RUNS, index=False)
        lacking, tables = Lacking(folder), None
        with lacking.spared(*TABLES):
            tables = tables_of(ran.board, entries, _places(arms, entries), told)
            write_tables(folder, *tables)
        command = " ".join(["compare", *overrides])
        if tables is not None:
            facts = {
                "command": f"rogatory {command}", "seeds": ran.board.worlds, "luck": first.luck, "years": first.years,
                "worlds": ran.worlds, "seconds": round(time.monotonic() - began, 1), "commit": commit(),
                "versions": package_versions(), "baseline": first.scenario_name, "stopped": ran.stopped,
            }  # fmt: skip
            with lacking.spared(*_PAGE):
                report.write(folder, *tables, arms, told, facts)
        timing = timing_of(ran, time.monotonic() - own, time.monotonic() - began)
        write_manifest(folder, _manifest(command, folder, entries, ran, timing, tables) | {"missing": lacking.why})
    written = Path(first.output) / "compare" / name
    with lacking.told_after(written):
        if tables is not None:
            comparison, cooperation = tables
            console.print(arms_table(comparison, cooperation, first, ran.worlds, console.width))
            reasons = [ran.stopped, *_unsaid(first, ran.board)]
            for line in closing_lines(cooperation, ran.worlds, reasons, timing, written, lacking.why):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
    return written


def check_all(entries: Sequence[Entry]) -> None:
    """What only shows against the states, in every configuration that will be run. Raises ``ConfigError``."""
    known: dict[tuple[str, int], StateTable] = {}
    for entry in entries:
        with told_of("" if entry.config.scenario_name == entries[entry.against].name else entry.name):
            check(entry.config, known)


def tables_of(
    board: Board, entries: Sequence[Entry], places: Sequence[int], told: Mapping[str, Header]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The arms at ``places`` against their baselines, estimand by estimand; and what protection costs in cooperation."""
    fewest = entries[0].config.metrics.fewest_events
    contrasts = [contrast_of(board, entries, place, fewest) for place in places]
    return comparison_of(board, contrasts, told), cooperation_of(board, contrasts)


def chosen_arms(overrides: Sequence[str]) -> list[Arm]:
    """The arms of the design that is named, or else the scenarios that are. Raises ``ConfigError``."""
    design = load(*overrides).design
    return arms_of(design, overrides) if design else compare_arms(overrides)


def _check_study(config: Config) -> None:
    if config.world_seed is not None:
        raise ConfigError(
            f"world_seed: found {config.world_seed}; accepted: null in compare, whose worlds are seed, seed + 1, ... "
            f"(one world under many lucks: seed={config.world_seed} seeds=1 luck=20)"
        )
    if config.until is not None and config.most_seeds < max(config.seeds, FEWEST_WORLDS):
        raise ConfigError(
            f"most_seeds: found {config.most_seeds}; accepted: at least {max(config.seeds, FEWEST_WORLDS)}, with which until begins"
        )


def _places(arms: Sequence[Arm], entries: Sequence[Entry]) -> list[int]:
    """Where each arm stands in the line-up, in the order asked for."""
    place = {entry.name: a for a, entry in enumerate(entries) if entry.against != a}
    return [place[arm.name] for arm in arms]


def _label(arms: Sequence[Arm]) -> str:
    baseline = arms[0].baseline_config
    design = Path(baseline.design).stem if baseline.design else ""  # of a design that is a file, its name and not its path
    named = design or (arms[0].name if len(arms) == 1 else f"{len(arms)}-arms")
    return f"{named}-against-{baseline.scenario_name}"


# --- running --------------------------------------------------------------------------------------------------------------


def run_all(entries: Sequence[Entry], console: Console) -> Ran:
    """All replicates: ``seeds`` worlds, or as many as ``until`` asks for; the time they will take is told first."""
    config = entries[0].config
    wanted = config.until
    worlds = config.seeds if wanted is None else max(config.seeds, FEWEST_WORLDS)
    most = worlds if wanted is None else config.most_seeds
    shown = Terminal(stderr=True)
    processes = processes_of(config)
    done: dict[Task, Measured] = {}
    looks: list[int] = []
    with crew(processes, [entry.config for entry in entries], shown) as spread:
        while True:
            todo = tasks_of(config.seed, range(looks[-1] if looks else 0, worlds), config.luck)
            _gather(entries, todo, done, spread, processes, (console, shown))
            looks.append(worlds)
            board = board_of(done)
            halves = half_widths(board, entries)
            wide = {name: half for name, half in halves.items() if wanted is not None and not half <= wanted}
            if wanted is None or not wide or worlds >= most:
                break
            worlds = next_look(worlds, max(wide.values()), wanted, most, ceil(processes / config.luck))
    busy = sum(measured.seconds for measured in done.values())
    arrays = sum(measured.array_seconds for measured in done.values())
    return Ran(board, worlds, _stopped(wanted, looks, wide), tuple(wide), busy, arrays, processes)


def processes_of(config: Config) -> int:
    """How many processes share the replicates of a study."""
    most = config.seeds if config.until is None else config.most_seeds
    return crew_size(config.workers, most * config.luck)


def half_widths(board: Board, entries: Sequence[Entry]) -> dict[str, float]:
    """Half of the 95 % interval of each arm's paired difference in ``case_disclosure_rate``."""
    if PROTECTION not in board.keys:  # nobody wished for anything abusive
        return {entry.name: np.nan for a, entry in enumerate(entries) if entry.against != a}
    k = board.keys.index(PROTECTION)
    pairs = [(entry, a) for a, entry in enumerate(entries) if entry.against != a]
    return {entry.name: float(half_width(mean_of(board.values[a, k] - board.values[entry.against, k]))) for entry, a in pairs}


def next_look(worlds: int, half: float, wanted: float, most: int, least: int) -> int:
    """Worlds at the next look: as many as the widest arm needs by its spread so far, at most twice as many as now."""
    return min(max(needed_worlds(worlds, half, wanted), worlds + least), 2 * worlds, most)


def _gather(
    entries: Sequence[Entry], todo: Sequence[Task], done: dict[Task, Measured], spread: Spread, processes: int,
    consoles: tuple[Console, Console],
) -> None:  # fmt: skip
    """Do what is to do; the first replicate of a study tells how long it will take."""
    results = spread(partial(measure, entries), todo)
    told, shown = consoles
    if not done:
        with shown.status("timing the first replicate"):
            place, measured = next(results)
        done[todo[place]] = measured
        told.print(projected(entries, len(todo), processes, measured.seconds), highlight=False)
    with progress_bar(shown, "replicates") as progress:
        task = progress.add_task(_arms(entries), total=len(todo), completed=sum(t in done for t in todo))
        for place, measured in results:
            done[todo[place]] = measured
            progress.advance(task)


def projected(entries: Sequence[Entry], replicates: int, processes: int, seconds: float) -> str:
    """How long a study will take, from the time of one of its replicates."""
    about = told_time(seconds * ceil(replicates / processes))
    least = "at least " if entries[0].config.until is not None else ""
    on = f"{processes} process{'es' if processes > 1 else ''}"
    return f"projected: {least}about {about} for {_arms(entries)} x {counted(replicates, 'replicate')} on {on}"


def _arms(entries: Sequence[Entry]) -> str:
    arms = sum(entry.against != a for a, entry in enumerate(entries))
    return counted(arms, "arm") if arms else "the baseline alone"


def _stopped(wanted: float | None, looks: Sequence[int], wide: Mapping[str, float]) -> str:
    if wanted is None:
        return ""
    how = f"looked at after {', '.join(map(str, looks))} worlds; intervals are those at the stopping time"
    if not wide:
        return f"Stopped after {looks[-1]} worlds: every arm's half-width is at most {wanted:g} ({how})."
    widest = ", ".join(f"{name} ({half:.2g})" for name, half in sorted(wide.items(), key=lambda item: -item[1]))
    return f"Stopped at most_seeds, {looks[-1]} worlds: the half-width is still above {wanted:g} for {widest} ({how})."


# --- writing --------------------------------------------------------------------------------------------------------------


def write_tables(folder: Path, comparison: pd.DataFrame, cooperation: pd.DataFrame) -> None:
    """The comparison (Parquet and CSV), and protection against cooperation (CSV)."""
    comparison.astype({"agrees": "boolean"}).to_parquet(folder / "comparison.parquet", index=False)
    comparison.to_csv(folder / "comparison.csv", index=False, float_format="%.6g")
    cooperation.to_csv(folder / "cooperation.csv", index=False, float_format="%.6g")


def runs_frame(board: Board, entries: Sequence[Entry]) -> pd.DataFrame:
    """One row for each run and estimand: ``arm, world_seed, luck, metric, by, level, unit, value, count``."""
    a, k, w, j = np.nonzero((board.counts > 0) | ~np.isnan(board.values))
    columns: dict[str, Any] = {
        "arm": _named(a, [entry.name for entry in entries]),
        "world_seed": np.array(board.worlds, np.int64)[w],
        "luck": j,
    }
    columns |= {name: _named(k, [key[part] for key in board.keys]) for part, name in enumerate(("metric", "by", "level"))}
    columns["unit"] = _named(k, [UNITS_KEPT[key[0]] for key in board.keys])
    return pd.DataFrame(columns | {"value": board.values[a, k, w, j], "count": board.counts[a, k, w, j]})


def _named(codes: Any, names: Sequence[str]) -> Any:
    distinct = list(dict.fromkeys(names))
    place = np.array([distinct.index(name) for name in names])
    return pd.Categorical.from_codes(place[codes], categories=pd.Index(distinct))


def changes_of(config: Mapping[str, Any], baseline: Mapping[str, Any], stem: str = "") -> dict[str, Any]:
    """What a configuration has otherwise than another, by dotted key.

    >>> changes_of({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3, "d": 4}})
    {'a.c': 2, 'a.d': 'absent'}
    """
    changed: dict[str, Any] = {}
    for key in dict.fromkeys([*config, *baseline]):
        mine, theirs = config.get(key, _ABSENT), baseline.get(key, _ABSENT)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            changed |= changes_of(mine, theirs, f"{stem}{key}.")
        elif mine != theirs:
            changed[f"{stem}{key}"] = mine
    return changed


def timing_of(ran: Ran, own: float, total: float) -> dict[str, float | int]:
    """Where the seconds went: in array code (worlds, months, metrics), in the rest of the replicates, in tables and figures."""
    outside = ran.seconds - ran.array_seconds + own
    return {
        "total_seconds": round(total, 2),
        "processes": ran.processes,
        "array_seconds": round(ran.array_seconds, 2),
        "other_replicate_seconds": round(ran.seconds - ran.array_seconds, 2),
        "tables_and_figures_seconds": round(own, 2),
        "share_outside_array_code": round(outside / (ran.array_seconds + outside), 4),
    }


def _manifest(
    command: str,
    folder: Path,
    entries: Sequence[Entry],
    ran: Ran,
    timing: Mapping[str, float],
    tables: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> dict[str, Any]:
    """The manifest of a comparison: how it stopped, what it cannot say, what no other arm outdoes, and where the time went."""
    frontier = [] if tables is None else tables[1].loc[tables[1]["on_frontier"], "arm"]
    return manifest_of_arms(command, folder, entries, ran.board, timing["total_seconds"]) | {
        "stopped": ran.stopped,
        "unreached": list(ran.unreached),
        "unsaid": _unsaid(entries[0].config, ran.board),
        "frontier": [str(name) for name in frontier],
        "timing": dict(timing),
    }


def manifest_of_arms(command: str, folder: Path, entries: Sequence[Entry], board: Board, seconds: float) -> dict[str, Any]:
    """The manifest of a study of arms: the first baseline's configuration in full, every other one as what it changes."""
    first = entries[0].config
    plain = first.plain()
    manifest = manifest_of(command, [first], folder, seconds, _absences(first, board))
    del manifest["world_seed"]
    arms = {
        entry.name: {
            "baseline": entries[entry.against].name,
            "digest": entry.config.digest(),
            "world_digest": entry.config.world_digest(),
            "changes": changes_of(entry.config.plain(), plain),
        }
        for entry in entries
    }
    return manifest | {
        "seeds": board.worlds,
        "luck": first.luck,
        "event_seeds": "world seed + 10000 x luck number (0, 1, ...)",
        "arms": arms,
    }


def _absences(config: Config, board: Board) -> dict[str, str]:
    """Estimands that the runs cannot give, and why."""
    measured = {metric for metric, _, _ in board.keys}
    told = absent_metrics(
        config.run_out_months, config.review.load, config.conduct.spyware > 0, config.adaptation.people.falls_silent
    )
    return {metric: reason for metric, reason in told.items() if metric not in measured}


def _unsaid(config: Config, board: Board) -> list[str]:
    """What the number of replicates cannot tell, and why."""
    said = []
    if config.luck == 1:
        said.append("No s.d. of worlds and luck: with one luck a world the two cannot be told apart (luck=2 would).")
    if len(board.worlds) == 1:
        said.append("No intervals: worlds are the independent units, and one has no spread.")
    return said
