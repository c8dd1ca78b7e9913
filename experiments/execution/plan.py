"""What is to be run: a design's points in so many worlds and replicates, and the store that keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.design.designs import Design
from experiments.design.table import Points
from experiments.execution.jobs import Batch, batches_of, seconds_of, worker_count
from experiments.execution.workers import refuse_unguarded
from experiments.settings import StudyConfig
from experiments.store.identity import Identity, identity_of, store_digest
from experiments.store.kept import Kept
from experiments.store.places import store_folder
from experiments.store.requests import REQUESTS
from experiments.store.schema import OBSERVED, RunKey
from experiments.store.store import WHOLE_STORE
from sim.config import checked_config
from sim.world.record import ConfigError, quoted


class Plan(NamedTuple):
    """A design that is to be executed: which runs, and into which store."""

    command: str
    design: Design
    asked: StudyConfig
    points: Points
    worlds: list[int]
    replicates: int
    kept: Kept
    identity: Identity
    folder: Path
    writer: str = WHOLE_STORE
    shard: tuple[int, int] = (1, 1)  # number and how many
    overrides: tuple[str, ...] = ()  # that reach every point
    pages: float = 0.0  # seconds that tables and figures will take after the runs
    open_ended: bool = False  # whether more may be asked for when these runs have ended

    @property
    def batches(self) -> list[Batch]:
        """What this job has to do, if nothing were there yet."""
        number, of = self.shard
        return batches_of(self.points, self.worlds, self.replicates)[number - 1 :: of]

    def workers_for(self, tasks: int) -> int:
        """Processes for so many of its runs: on this machine no more than there is work for, unless so many were asked for."""
        if self.asked.engine.name != "local":
            return worker_count(self.asked.workers, tasks)
        each = max(seconds_of(checked_config(plain)) for plain in self.points.bases.values())
        return worker_count(self.asked.workers, tasks, each)

    @property
    def keys(self) -> set[RunKey]:
        """All runs, of every shard."""
        return {
            RunKey(point, world, number)
            for point in self.points.frame["point"]
            for world in self.worlds
            for number in range(self.replicates)
        }


def planned(
    study: str,
    command: str,
    design: Design,
    points: Points,
    asked: StudyConfig,
    worlds: Sequence[int],
    replicates: int,
    **more: Any,
) -> Plan:
    """The plan of a study; its store is the one that is named, or ``<output>/stores/<study>-<digest>``.

    The digest covers whatever decides a run and not how many there are of them: more worlds and replicates expand the store. Raises
    ``ConfigError`` for a part of a study that is no sweep.
    """
    if asked.shard is not None and "shard" not in more:
        raise ConfigError(f"shard: found {quoted(asked.shard)} in {study}; accepted: null, for it is sweeps that are done in parts")
    tables = frozenset([*design.keep, *([REQUESTS] if asked.keep_requests else [])])
    kept = Kept(frozenset(design.outcomes), frozenset(design.slices), tables, asked.observe if OBSERVED in tables else None)
    identity = identity_of({name: checked_config(plain) for name, plain in points.bases.items()}, kept)
    digest = store_digest(identity, design.model_dump(mode="json", exclude_defaults=True))
    folder = store_folder(asked.store or f"{study}-{digest}", asked.output)
    plan = Plan(command, design, asked, points, list(worlds), replicates, kept, identity, folder, **more)
    refuse_unguarded_plan(plan)  # before anything is written: a process that begins the script again goes no further
    return plan


def refuse_unguarded_plan(plan: Plan) -> None:
    """Raise ``UnguardedError`` for a plan with several processes of this machine in a script where none can begin."""
    if plan.asked.engine.name == "local":
        refuse_unguarded(plan.workers_for(sum(len(batch.keys) for batch in plan.batches)))
