"""What a turn at a store says of itself: all that its runs rest on, and in the end how it went."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping

from experiments.design.seeds import EVENT_SEEDS
from experiments.execution.plan import Plan
from experiments.output import provenance
from experiments.store.identity import code_fingerprint
from experiments.store.store import Store
from sim.config import checked_config
from sim.world.leaves import changed_leaves, leaves_of

_ABSENT = "absent"  # in a configuration, where the first one has a key
JOB = "job_"
"""How the writers of a multirun's jobs begin: each knows its own point alone."""


class Session:
    """What happened in a session so far."""

    def __init__(self) -> None:
        """A turn that begins now, in which nothing has been run."""
        self.done = 0
        self.failed = 0
        self.seconds = 0.0  # in runs
        self.array_seconds = 0.0  # of these, in array code
        self.began = time.monotonic()
        self.own = 0.0  # in the store

    def add(self, other: Session) -> None:
        """Count the runs and seconds of another turn too."""
        for name in ("done", "failed", "seconds", "array_seconds", "own"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def how_it_ended(turn: Session, status: str) -> dict[str, object]:
    """What a manifest says once a turn has ended: its status, when, how many runs, and where its seconds went."""
    return {
        "status": status, "ended": _now(), "runs": turn.done, "failed": turn.failed, "run_seconds": round(turn.seconds, 2),
        "array_seconds": round(turn.array_seconds, 2), "store_seconds": round(turn.own, 2),
        "seconds": round(time.monotonic() - turn.began, 2),
    }  # fmt: skip


def manifest_of_turn(plan: Plan, store: Store) -> dict[str, object]:
    """Everything that is needed to rebuild or to doubt what this turn writes; of the configurations the first one in full."""
    (first, whole), *others = plan.points.bases.items()
    said = provenance(plan.command)
    return said | {
        "began": said["written"],
        "code": {"sources": code_fingerprint(), **said["code"]},
        "design": plan.design.model_dump(mode="json", exclude_defaults=True),
        "whole": not plan.writer.startswith(JOB),
        "points": store.write_points(plan.points.frame),
        "worlds": plan.worlds,
        "replicates": plan.replicates,
        "shard": list(plan.shard),
        "event_seeds": EVENT_SEEDS if whole.get("world_seed") is None else "seed + replicate number (0, 1, ...)",
        "bases": {first: whole},
        "changes": {name: _changed(whole, plain) for name, plain in others},
        "digests": {name: checked_config(plain).digest() for name, plain in plan.points.bases.items()},
        "tables": plan.identity["data"],
        "study": plan.asked.plain(),
    }


def _changed(base: Mapping[str, object], plain: Mapping[str, object]) -> dict[str, object]:
    """What a configuration has otherwise than another, by dotted key."""
    leaves = leaves_of(plain)
    return {key: leaves.get(key, _ABSENT) for key in changed_leaves(base, plain)}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
