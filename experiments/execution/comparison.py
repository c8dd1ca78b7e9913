"""Arms run against their baselines: as many worlds as were asked for, or as ``until`` needs; and what is kept of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console

from experiments.design.arms import ArmRun, points_of_arms
from experiments.design.designs import Design, named_in_errors
from experiments.design.seeds import EVENT_SEEDS
from experiments.execution.manifest import Session
from experiments.execution.plan import Plan, planned
from experiments.execution.session import run_plan
from experiments.output import manifest_of
from experiments.settings import StudyConfig
from experiments.statistics import half_width, mean_of, needed_worlds
from experiments.store.kept import UNITS_KEPT
from experiments.store.outcomes import Outcome
from experiments.store.reader import StoredStudy
from experiments.store.results import CASES_DISCLOSED, Results, with_displacement
from sim.metrics import absent_metrics
from sim.settings import Config
from sim.simulation import check
from sim.world.states import StateTable

FIRST_LOOK_WORLDS = 10  # before ``until`` may stop: simulation errors at the stopping time then cover 93 to 95 % (tests/compare)
RUNS_FILE = "runs.parquet"
_ABSENT = "absent"  # in an arm, where its baseline has a key


class Compared(NamedTuple):
    """All runs of a study side by side, and how it went."""

    results: Results
    plan: Plan
    turn: Session
    stopped: str  # why it stopped where it did; empty without ``until``
    unreached: tuple[str, ...]  # arms whose interval is still too wide

    @property
    def worlds(self) -> int:
        """How many worlds were run."""
        return len(self.results.worlds)


def check_all(arm_runs: Sequence[ArmRun]) -> None:
    """What only shows against the states, in every configuration that will be run. Raises ``ConfigError``."""
    known: dict[tuple[str, int], StateTable] = {}
    for arm_run in arm_runs:
        with named_in_errors("" if arm_run.config.scenario_name == arm_runs[arm_run.against].name else arm_run.name):
            check(arm_run.config, known)


def comparison_plan(arm_runs: Sequence[ArmRun], asked: StudyConfig, design: Design, study: str, command: str, pages: float) -> Plan:
    """What is to be run first: ``seeds`` worlds, or those with which ``until`` begins."""
    first, kept = arm_runs[0].config.seed, design.model_copy(update={"keep": ["views", "given"]})
    least = asked.seeds if asked.until is None else max(asked.seeds, FIRST_LOOK_WORLDS)
    more = {"pages": pages, "open_ended": asked.until is not None}
    return planned(study, command, kept, points_of_arms(arm_runs), asked, range(first, first + least), asked.replicates, **more)


def run_all(plan: Plan, arm_runs: Sequence[ArmRun], console: Console) -> Compared:
    """Run what the store lacks: the worlds of the plan, or as many as ``until`` asks for."""
    looks = Looks(arm_runs, plan.asked.until, plan.asked.most_seeds)
    plan, turn = run_plan(plan, console, None if plan.asked.until is None else looks.further)
    return Compared(read_results(plan, arm_runs), plan, turn, looks.told, tuple(looks.wide))


def read_results(plan: Plan, arm_runs: Sequence[ArmRun]) -> Results:
    """All that a plan asked for, with what was displaced."""
    study, ids = StoredStudy(plan.folder), [str(point) for point in plan.points.frame["point"]]
    results = study.results(ids, plan.worlds, plan.replicates)
    against = [ids.index(point) for point in plan.points.frame["against"]]
    return with_displacement(results, study.given(results, ids), against, [arm_run.name for arm_run in arm_runs])


class Looks:
    """The looks of a study that goes on until its intervals are narrow enough."""

    def __init__(self, arm_runs: Sequence[ArmRun], wanted: float | None, most: int) -> None:
        """No look is taken yet. ``wanted`` is the half-width that is narrow enough (None: no look), ``most`` the worlds at most."""
        self._arm_runs, self._wanted, self._most = arm_runs, wanted, most
        self._after: list[int] = []
        self.wide: dict[str, float] = {}  # half-widths that are still too wide

    def further(self, plan: Plan, turn: Session) -> Plan | None:
        """Look at the worlds that were asked for, and no others that the store may hold; ask for more while an arm wants them."""
        if self._wanted is None or turn.failed:
            return None
        worlds = len(plan.worlds)
        self._after.append(worlds)
        results = StoredStudy(plan.folder).results(
            plan.points.frame["point"].tolist(), plan.worlds, plan.replicates, Outcome(CASES_DISCLOSED[0])
        )
        halves = half_widths(results, self._arm_runs)
        self.wide = {name: half for name, half in halves.items() if not half <= self._wanted}
        if not self.wide or worlds >= self._most:
            return None
        more = next_look(worlds, max(self.wide.values()), self._wanted, self._most)
        return plan._replace(worlds=[plan.worlds[0] + number for number in range(more)])

    @property
    def told(self) -> str:
        """Why the study stopped where it did; nothing where it was not to look."""
        return "" if self._wanted is None else _stopped(self._wanted, self._after, self.wide)


def half_widths(results: Results, arm_runs: Sequence[ArmRun]) -> dict[str, float]:
    """Half of the simulation error (95 %) of each arm's paired difference in ``case_disclosure_rate``."""
    if CASES_DISCLOSED not in results.keys:  # nobody wished for anything abusive
        return {arm_run.name: np.nan for a, arm_run in enumerate(arm_runs) if arm_run.against != a}
    k = results.keys.index(CASES_DISCLOSED)
    pairs = [(arm_run, a) for a, arm_run in enumerate(arm_runs) if arm_run.against != a]
    return {
        arm_run.name: float(half_width(mean_of(results.values[a, k] - results.values[arm_run.against, k]))) for arm_run, a in pairs
    }


def next_look(worlds: int, half: float, wanted: float, most: int) -> int:
    """Worlds at the next look: as many as the widest arm needs by its spread so far, at most twice as many as now."""
    return min(max(needed_worlds(worlds, half, wanted), worlds + 1), 2 * worlds, most)


def _stopped(wanted: float, looks: Sequence[int], wide: Mapping[str, float]) -> str:
    how = f"looked at after {', '.join(map(str, looks))} worlds; simulation errors are those at the stopping time"
    if not wide:
        return f"Stopped after {looks[-1]} worlds: every arm's half-width is at most {wanted:g} ({how})."
    widest = ", ".join(f"{name} ({half:.2g})" for name, half in sorted(wide.items(), key=lambda item: -item[1]))
    return f"Stopped at most_seeds, {looks[-1]} worlds: the half-width is still above {wanted:g} for {widest} ({how})."


def runs_frame(results: Results, arm_runs: Sequence[ArmRun]) -> pd.DataFrame:
    """One row for each run and estimand: ``arm, world_seed, replicate, metric, by, level, unit, value, count``."""
    a, k, w, j = np.nonzero((results.counts > 0) | ~np.isnan(results.values))
    columns: dict[str, pd.Categorical[str] | NDArray[np.int64]] = {
        "arm": _named(a, [arm_run.name for arm_run in arm_runs]),
        "world_seed": np.array(results.worlds, np.int64)[w],
        "replicate": j,
    }
    columns |= {name: _named(k, [key[part] for key in results.keys]) for part, name in enumerate(("metric", "by", "level"))}
    columns["unit"] = _named(k, [UNITS_KEPT[key[0]] for key in results.keys])
    return pd.DataFrame(columns | {"value": results.values[a, k, w, j], "count": results.counts[a, k, w, j]})


def _named(codes: NDArray[np.int64], names: Sequence[str]) -> pd.Categorical[str]:
    """Names ``[N]`` by code; names that come twice are one category."""
    distinct = list(dict.fromkeys(names))
    place = np.array([distinct.index(name) for name in names])
    return pd.Categorical.from_codes(place[codes], categories=pd.Index(distinct))


def changes_of(config: Mapping[str, object], baseline: Mapping[str, object], stem: str = "") -> dict[str, object]:
    """What a configuration has otherwise than another, by dotted key.

    >>> changes_of({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3, "d": 4}})
    {'a.c': 2, 'a.d': 'absent'}
    """
    changed: dict[str, object] = {}
    for key in dict.fromkeys([*config, *baseline]):
        mine, theirs = config.get(key, _ABSENT), baseline.get(key, _ABSENT)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            changed |= changes_of(mine, theirs, f"{stem}{key}.")
        elif mine != theirs:
            changed[f"{stem}{key}"] = mine
    return changed


def time_facts(ran: Compared, began: float) -> dict[str, float | int]:
    """How long a study took since ``began``, for its page: ``seconds``, runs ``wanted`` and ``made`` now, ``session_seconds``.

    The last are those of all sessions at the store that ran for the same design.
    """
    study = StoredStudy(ran.plan.folder)
    alike = [said for _, said in study.sessions if said["design"] == study.latest["design"]]
    return {
        "seconds": round(time.monotonic() - began, 1),
        "wanted": len(ran.plan.keys),
        "made": ran.turn.done,
        "session_seconds": sum(float(said.get("seconds", 0.0)) for said in alike if said.get("runs")),
    }


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


def manifest_of_arms(folder: Path, arm_runs: Sequence[ArmRun], ran: Compared, seconds: float) -> dict[str, object]:
    """The manifest of a study of arms: the first baseline's configuration in full, every other one as what it changes."""
    first = arm_runs[0].config
    plain = first.plain()
    arms = {
        arm_run.name: {
            "baseline": arm_runs[arm_run.against].name,
            "digest": arm_run.config.digest(),
            "world_digest": arm_run.config.world_digest(),
            "changes": changes_of(arm_run.config.plain(), plain),
        }
        for arm_run in arm_runs
    }
    return manifest_of(
        ran.plan.command, [first], ran.plan.asked, folder, ran.plan.folder, seconds=round(seconds, 1), arms=arms,
        seeds=ran.results.worlds, replicates=ran.plan.replicates, event_seeds=EVENT_SEEDS,
        absent=_absences(first, ran.results), missing={},
    )  # fmt: skip


def _absences(config: Config, results: Results) -> dict[str, str]:
    """Estimands that the runs cannot give, and why."""
    measured = {metric for metric, _, _ in results.keys}
    told = absent_metrics(
        config.run_out_months,
        config.review.load,
        config.conduct.spyware > 0,
        config.adaptation.people.falls_silent,
        config.demand.realtime_share > 0,
    )
    return {metric: reason for metric, reason in told.items() if metric not in measured}
