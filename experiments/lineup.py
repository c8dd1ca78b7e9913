"""Who runs against whom, under which seeds, and what is kept of it: numbers alone, so that many arms cost little but runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.designs import Arm
from sim.metrics import UNITS, Finished, displacement_rate, displacement_rows, sliced
from sim.settings import Config
from sim.simulation import simulate
from sim.world.record import ConfigError

Key = tuple[str, str, str]  # metric, by, level
HOURS: Key = ("officer_hours", "all", "all")  # an outlay of the authorities and no estimand: ``cooperation.csv`` alone shows it
UNITS_KEPT = {**UNITS, HOURS[0]: "officer-hours a year"}
DISPLACEMENT = "displacement_rate"
_TREATY = "hanoi"  # whose disclosures may be displaced
MOST_WORLDS = 10_000  # in one study: the distance between event seeds of one world
_FREE = ("scenario_name", "reforms", "instruments", "safeguards", "review", "conduct", "adaptation")  # what an arm may change


class Entry(NamedTuple):
    """One configuration that is run in every replicate."""

    name: str
    config: Config
    against: int  # place of its baseline in the line-up; its own place for a baseline


class Task(NamedTuple):
    """One replicate: all entries meet the same world and the same luck."""

    world: int  # world seed
    luck: int  # 0, 1, ...
    event: int  # event seed


class Measured(NamedTuple):
    """What is kept of a replicate: ``K`` numbers of each of ``A`` entries; a missing value is an estimand without one."""

    keys: list[Key]
    values: NDArray[np.float64]  # [K, A]
    counts: NDArray[np.int64]  # [K, A]
    seconds: float  # in all
    array_seconds: float  # in worlds, months and metrics


class Board(NamedTuple):
    """All replicates side by side."""

    keys: list[Key]  # [K] in the order of ``UNITS``
    values: NDArray[np.float64]  # [A, K, W, L]
    counts: NDArray[np.int64]  # [A, K, W, L]
    worlds: list[int]  # [W] world seeds


def event_seed(world: int, luck: int) -> int:
    """Seed of the ``luck``-th luck of a world: the world's own, then every ten thousandth after it.

    So the first luck of a world is the run that ``rogatory run`` makes under that seed; no two replicates of a study share an
    event seed; and none changes when worlds or lucks are added.

    >>> event_seed(7, 0), event_seed(7, 1), event_seed(8, 0)
    (7, 10007, 8)
    """
    return world + MOST_WORLDS * luck


def tasks_of(first: int, worlds: Iterable[int], luck: int) -> list[Task]:
    """Replicates of the worlds numbered from ``first``, world by world."""
    return [Task(first + w, number, event_seed(first + w, number)) for w in worlds for number in range(luck)]


def line_up(arms: Sequence[Arm]) -> list[Entry]:
    """Every baseline once, followed by its arms; worlds that several baselines share come together, as the last one built is kept.

    Raises ``ConfigError`` for an arm that cannot be paired: one whose world, cases or estimands are not its baseline's.
    """
    groups: dict[str, list[Arm]] = {}
    for arm in arms:
        _check_pair(arm)
        groups.setdefault(arm.baseline_config.digest(), []).append(arm)
    entries: list[Entry] = []
    names = [group[0].baseline_config.scenario_name for group in groups.values()]
    worlds = [group[0].baseline_config.world_digest() for group in groups.values()]
    for group in sorted(groups.values(), key=lambda group: worlds.index(group[0].baseline_config.world_digest())):
        baseline, place = group[0].baseline_config, len(entries)
        name = baseline.scenario_name
        entries.append(Entry(name if names.count(name) == 1 else f"{name} for {group[0].name}", baseline, place))
        entries += [Entry(arm.name, arm.config, place) for arm in group]
    return entries


def _check_pair(arm: Arm) -> None:
    ours, theirs = arm.config.plain(), arm.baseline_config.plain()
    for key in ours:
        if key not in _FREE and ours[key] != theirs[key]:
            raise ConfigError(
                f"{arm.name}: {key} is not that of its baseline {arm.baseline_config.scenario_name}; accepted: arms that differ in "
                f"{', '.join(_FREE[2:])} alone, so that both meet the same worlds and cases"
            )


def hours_of(run: Finished) -> tuple[float, int]:
    """Officer-hours a year that the formal requests of the cohort cost, and how many requests those are."""
    cut = sliced(run)
    rows = cut.formal & cut.of_cohort
    return float(run.docket.hours[rows].sum(dtype=float)) / run.years, int(rows.sum())


def measure(entries: Sequence[Entry], task: Task) -> Measured:
    """One replicate: every entry under the same seeds; displacement is told of the baseline's disclosures under each arm."""
    began, arrays = time.perf_counter(), 0.0
    place: dict[Key, int] = {}
    found: list[tuple[int, int, float, int]] = []
    baseline: Finished | None = None
    for a, entry in enumerate(entries):
        started = time.perf_counter()
        result = simulate(entry.config, seed=task.event, world_seed=task.world)
        metrics, run = result.metrics, result.finished
        arrays += time.perf_counter() - started
        rows = list(metrics.itertuples(index=False, name=None))
        rows.append((*HOURS, *hours_of(run)))
        if entry.against == a:
            baseline = run
        elif baseline is not None and all(_TREATY in side.instruments for side in (baseline, run)):
            rows.append((DISPLACEMENT, "baseline", entries[entry.against].name, *displacement_rate(baseline, run, _TREATY)))
            rows += displacement_rows(baseline, run, _TREATY)
        found += [(place.setdefault(row[:3], len(place)), a, *row[3:]) for row in rows]
    k, of, value, count = zip(*found, strict=True)
    values = np.full((len(place), len(entries)), np.nan)
    counts = np.zeros(values.shape, np.int64)
    values[k, of], counts[k, of] = value, count
    return Measured(list(place), values, counts, time.perf_counter() - began, arrays)


def _rank(key: Key) -> tuple[int, bool, str, str]:
    metric, by, level = key
    return list(UNITS_KEPT).index(metric), by != "all", by, level


def board_of(done: Mapping[Task, Measured]) -> Board:
    """All replicates side by side, worlds and lucks in order of their seeds, keys in the order of ``UNITS``."""
    keys = sorted({key for measured in done.values() for key in measured.keys}, key=_rank)
    rows = {key: row for row, key in enumerate(keys)}
    worlds = sorted({task.world for task in done})
    lucks = 1 + max(task.luck for task in done)
    entries = next(iter(done.values())).values.shape[1]
    values = np.full((entries, len(keys), len(worlds), lucks), np.nan)
    counts = np.zeros(values.shape, np.int64)
    for task, measured in done.items():
        here = [rows[key] for key in measured.keys]
        w = worlds.index(task.world)
        values[:, here, w, task.luck] = measured.values.T
        counts[:, here, w, task.luck] = measured.counts.T
    return Board(keys, values, counts, worlds)
