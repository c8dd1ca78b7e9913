"""Many scenarios against one baseline, paired run by run: what each protects, what it costs, and how sure that is.

``rogatory compare scenarios=all baseline=as_adopted seeds=10 luck=2``, or ``design=threshold_sweep`` for the arms of a design.
The baseline is the line that the others are read against and no arm of its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console

from experiments import report
from experiments.board import Board, with_displacement
from experiments.contrasts import PROTECTION, comparison_of, contrast_of, cooperation_of
from experiments.cube import Outcome
from experiments.designs import Arm, Design, arms_of, compare_arms, design_of, sized_by, told_of
from experiments.execution import Plan, Turn, planned, run_plan, runs_kept
from experiments.forecast import drawing
from experiments.jobs import EVENT_SEEDS
from experiments.lineup import Entry, line_up, points_of_entries
from experiments.output import Lacking, commit, manifest_of, stamped, whole_folder, write_manifest
from experiments.paired import half_width, mean_of, needed_worlds
from experiments.run_tables import UNITS_KEPT
from experiments.scenarios import Header, headers_of
from experiments.settings import StudyConfig, study_of
from experiments.store.reader import StoredStudy
from experiments.telling import arms_table, closing_lines
from experiments.terminal import Terminal, console_of
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
_QUESTION = "What does each arm protect, what does it cost, and how sure is that?"
_FIGURES = 4  # forest, planes and slices
_ABSENT = "absent"  # in an arm, where its baseline has a key


class Compared(NamedTuple):
    """All runs of a study side by side, and how it went."""

    board: Board
    plan: Plan
    turn: Turn
    stopped: str  # why it stopped where it did; empty without ``until``
    unreached: tuple[str, ...]  # arms whose interval is still too wide

    @property
    def worlds(self) -> int:
        """How many there are."""
        return len(self.board.worlds)


def main(*overrides: str) -> Path:
    """Compare, write and tell; returns the folder of results. Raises ``StoppedError`` where a figure or the page failed."""
    began = time.monotonic()
    with Terminal(stderr=True).status("composing the arms"):
        arms, asked = chosen_arms(overrides)
    first = arms[0].baseline_config
    _check_study(first, asked)
    entries = line_up(arms)
    told = headers_of(arm.name for arm in arms)
    check_all(entries)
    console, command = console_of(), " ".join(["compare", *overrides])
    plan = plan_of(entries, asked, design_asked(arms, asked), "compare", command, drawing(_FIGURES, len(arms)))
    with whole_folder(Path(asked.output) / "compare", name := stamped(_label(arms, asked))) as folder, runs_kept(plan):
        ran = run_all(plan, entries, console)
        own = time.monotonic()
        runs_frame(ran.board, entries).to_parquet(folder / RUNS, index=False)
        lacking, tables = Lacking(folder), None
        with lacking.spared(*TABLES):
            tables = tables_of(ran.board, entries, _places(arms, entries), told)
            write_tables(folder, *tables)
        if tables is not None:
            facts = {
                "command": f"rogatory {command}", "seeds": ran.board.worlds, "luck": ran.plan.luck, "years": first.years,
                "worlds": ran.worlds, "seconds": round(time.monotonic() - began, 1), "commit": commit(),
                "versions": package_versions(), "baseline": first.scenario_name, "stopped": ran.stopped,
                "question": plan.design.question if asked.design else "",
            }  # fmt: skip
            with lacking.spared(*_PAGE):
                report.write(folder, *tables, arms, told, facts, asked.figures)
        timing = timing_of(ran, time.monotonic() - own, time.monotonic() - began)
        write_manifest(folder, _manifest(folder, entries, ran, timing, tables) | {"missing": lacking.why})
    written = Path(asked.output) / "compare" / name
    with lacking.told_after(written):
        if tables is not None:
            comparison, cooperation = tables
            console.print(arms_table(comparison, cooperation, first, (ran.worlds, ran.plan.luck), console.width))
            reasons = [ran.stopped, *_unsaid(ran.board)]
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


def chosen_arms(overrides: Sequence[str]) -> tuple[list[Arm], StudyConfig]:
    """The arms of the design that is named, or else the scenarios that are; and how the study is conducted.

    Raises ``ConfigError``.
    """
    asked = study_of(*overrides)
    if asked.design is None:
        return compare_arms(overrides), asked
    return arms_of(asked.design, overrides), sized_by(design_of(asked.design), asked, overrides)


def design_asked(arms: Sequence[Arm], asked: StudyConfig) -> Design:
    """The design that is named, or one of the scenarios that are compared."""
    if asked.design is not None:
        return design_of(asked.design)
    return Design(question=_QUESTION, baseline=arms[0].baseline_config.scenario_name, scenarios=[arm.name for arm in arms])


def _check_study(config: Config, asked: StudyConfig) -> None:
    if config.world_seed is not None:
        raise ConfigError(
            f"world_seed: found {config.world_seed}; accepted: null in compare, whose worlds are seed, seed + 1, ... "
            f"(one world under many lucks: seed={config.world_seed} seeds=1 luck=20)"
        )
    if asked.until is not None and asked.most_seeds < max(asked.seeds, FEWEST_WORLDS):
        raise ConfigError(
            f"most_seeds: found {asked.most_seeds}; accepted: at least {max(asked.seeds, FEWEST_WORLDS)}, with which until begins"
        )


def _places(arms: Sequence[Arm], entries: Sequence[Entry]) -> list[int]:
    """Where each arm stands in the line-up, in the order asked for."""
    place = {entry.name: a for a, entry in enumerate(entries) if entry.against != a}
    return [place[arm.name] for arm in arms]


def _label(arms: Sequence[Arm], asked: StudyConfig) -> str:
    baseline = arms[0].baseline_config
    design = Path(asked.design).stem if asked.design else ""  # of a design that is a file, its name and not its path
    named = design or (arms[0].name if len(arms) == 1 else f"{len(arms)}-arms")
    return f"{named}-against-{baseline.scenario_name}"


# --- running --------------------------------------------------------------------------------------------------------------


def plan_of(entries: Sequence[Entry], asked: StudyConfig, design: Design, study: str, command: str, pages: float) -> Plan:
    """What is to be run first: ``seeds`` worlds, or those with which ``until`` begins."""
    first, kept = entries[0].config.seed, design.model_copy(update={"keep": ["views", "given"]})
    least = asked.seeds if asked.until is None else max(asked.seeds, FEWEST_WORLDS)
    more = {"pages": pages, "open_ended": asked.until is not None}
    return planned(study, command, kept, points_of_entries(entries), asked, range(first, first + least), asked.luck, **more)


def run_all(plan: Plan, entries: Sequence[Entry], console: Console) -> Compared:
    """Run what the store lacks: the worlds of the plan, or as many as ``until`` asks for."""
    looks = Looks(entries, plan.asked.until, plan.asked.most_seeds)
    plan, turn = run_plan(plan, console, None if plan.asked.until is None else looks.further)
    return Compared(read_board(plan, entries), plan, turn, looks.told, tuple(looks.wide))


def read_board(plan: Plan, entries: Sequence[Entry]) -> Board:
    """All that a plan asked for, with what was displaced."""
    study, ids = StoredStudy(plan.folder), [str(point) for point in plan.points.frame["point"]]
    board = study.board(ids, plan.worlds, plan.luck)
    against = [ids.index(point) for point in plan.points.frame["against"]]
    return with_displacement(board, study.given(board, ids), against, [entry.name for entry in entries])


class Looks:
    """The looks of a study that goes on until its intervals are narrow enough."""

    def __init__(self, entries: Sequence[Entry], wanted: float | None, most: int) -> None:
        """None is taken yet."""
        self._entries, self._wanted, self._most = entries, wanted, most
        self._after: list[int] = []
        self.wide: dict[str, float] = {}  # half-widths that are still too wide

    def further(self, plan: Plan, turn: Turn) -> Plan | None:
        """Look at the worlds that were asked for, and no others that the store may hold; ask for more while an arm wants them."""
        if self._wanted is None or turn.failed:
            return None
        worlds = len(plan.worlds)
        self._after.append(worlds)
        board = StoredStudy(plan.folder).board(plan.points.frame["point"].tolist(), plan.worlds, plan.luck, Outcome(PROTECTION[0]))
        halves = half_widths(board, self._entries)
        self.wide = {name: half for name, half in halves.items() if not half <= self._wanted}
        if not self.wide or worlds >= self._most:
            return None
        more = next_look(worlds, max(self.wide.values()), self._wanted, self._most)
        return plan._replace(worlds=[plan.worlds[0] + number for number in range(more)])

    @property
    def told(self) -> str:
        """Why the study stopped where it did; nothing where it was not to look."""
        return "" if self._wanted is None else _stopped(self._wanted, self._after, self.wide)


def half_widths(board: Board, entries: Sequence[Entry]) -> dict[str, float]:
    """Half of the 95 % interval of each arm's paired difference in ``case_disclosure_rate``."""
    if PROTECTION not in board.keys:  # nobody wished for anything abusive
        return {entry.name: np.nan for a, entry in enumerate(entries) if entry.against != a}
    k = board.keys.index(PROTECTION)
    pairs = [(entry, a) for a, entry in enumerate(entries) if entry.against != a]
    return {entry.name: float(half_width(mean_of(board.values[a, k] - board.values[entry.against, k]))) for entry, a in pairs}


def next_look(worlds: int, half: float, wanted: float, most: int) -> int:
    """Worlds at the next look: as many as the widest arm needs by its spread so far, at most twice as many as now."""
    return min(max(needed_worlds(worlds, half, wanted), worlds + 1), 2 * worlds, most)


def _stopped(wanted: float, looks: Sequence[int], wide: Mapping[str, float]) -> str:
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


def timing_of(ran: Compared, own: float, total: float) -> dict[str, float | int]:
    """Where the seconds of a turn went: in array code (worlds, months, metrics), in the rest of runs, in tables and figures."""
    turn = ran.turn
    outside = turn.seconds - turn.array_seconds + own
    return {
        "total_seconds": round(total, 2),
        "runs": turn.done,
        "array_seconds": round(turn.array_seconds, 2),
        "other_run_seconds": round(turn.seconds - turn.array_seconds, 2),
        "tables_and_figures_seconds": round(own, 2),
        "share_outside_array_code": round(outside / (turn.array_seconds + outside), 4),
    }


def _manifest(
    folder: Path,
    entries: Sequence[Entry],
    ran: Compared,
    timing: Mapping[str, float],
    tables: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> dict[str, Any]:
    """The manifest of a comparison: how it stopped, what it cannot say, what no other arm outdoes, and where the time went."""
    frontier = [] if tables is None else tables[1].loc[tables[1]["on_frontier"], "arm"]
    return manifest_of_arms(folder, entries, ran, timing["total_seconds"]) | {
        "stopped": ran.stopped,
        "unreached": list(ran.unreached),
        "unsaid": _unsaid(ran.board),
        "frontier": [str(name) for name in frontier],
        "timing": dict(timing),
    }


def manifest_of_arms(folder: Path, entries: Sequence[Entry], ran: Compared, seconds: float) -> dict[str, Any]:
    """The manifest of a study of arms: the first baseline's configuration in full, every other one as what it changes."""
    first = entries[0].config
    plain = first.plain()
    arms = {
        entry.name: {
            "baseline": entries[entry.against].name,
            "digest": entry.config.digest(),
            "world_digest": entry.config.world_digest(),
            "changes": changes_of(entry.config.plain(), plain),
        }
        for entry in entries
    }
    return manifest_of(
        ran.plan.command, [first], ran.plan.asked, folder, ran.plan.folder, seconds=round(seconds, 1), arms=arms,
        seeds=ran.board.worlds, luck=ran.plan.luck, event_seeds=EVENT_SEEDS, absent=_absences(first, ran.board), missing={},
    )  # fmt: skip


def _absences(config: Config, board: Board) -> dict[str, str]:
    """Estimands that the runs cannot give, and why."""
    measured = {metric for metric, _, _ in board.keys}
    told = absent_metrics(
        config.run_out_months, config.review.load, config.conduct.spyware > 0, config.adaptation.people.falls_silent
    )
    return {metric: reason for metric, reason in told.items() if metric not in measured}


def _unsaid(board: Board) -> list[str]:
    """What the number of replicates cannot tell, and why."""
    said = []
    if board.values.shape[3] == 1:
        said.append("No s.d. of worlds and luck: with one luck a world the two cannot be told apart (luck=2 would).")
    if len(board.worlds) == 1:
        said.append("No intervals: worlds are the independent units, and one has no spread.")
    return said
