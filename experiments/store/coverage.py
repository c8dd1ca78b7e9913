"""How far a design has been run: which worlds of a store are whole, and which runs are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd

from experiments.store.schema import RunKey
from experiments.text import counted

_KEY = [*RunKey._fields]


class Coverage(NamedTuple):
    """How far a design has been run: in the worlds that were asked for, and in others in which runs of its points stand."""

    worlds: list[int]  # all of these
    whole: list[int]  # those in which no run is missing
    wanted: int  # runs
    missing: int  # of these, in the other worlds
    failed: int  # of those that are missing

    @property
    def told(self) -> str:
        """How many worlds are left out and why; nothing where none is.

        >>> Coverage([1, 2, 3], [1], 24, 3, 1).told
        '2 of 3 worlds are left out: 3 runs missing in them, 1 of these failed'
        >>> Coverage([1, 2], [1], 4, 1, 1).told, Coverage([1], [1], 4, 0, 0).told
        ('1 of 2 worlds is left out: 1 run missing in it, which failed', '')
        """
        left = len(self.worlds) - len(self.whole)
        if not left:
            return ""
        be, them = ("is", "it") if left == 1 else ("are", "them")
        return f"{left} of {counted(len(self.worlds), 'world')} {be} left out: {self.gaps} missing in {them}{self._of_these}"

    @property
    def gaps(self) -> str:
        """How many runs are missing."""
        return counted(self.missing, "run")

    @property
    def _of_these(self) -> str:
        if not self.failed:
            return ""
        return ", which failed" if self.missing == 1 else f", {self.failed} of these failed"


class Stored(Protocol):
    """What is read of a store: its latest session and points, the runs that went well, and those that failed."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def latest(self) -> dict[str, Any]:
        """What the latest session says."""

    @property
    def points(self) -> pd.DataFrame:
        """The points of the latest design."""

    @property
    def runs(self) -> pd.DataFrame:
        """Runs that went well, a row each."""

    @property
    def failures(self) -> pd.DataFrame:
        """Runs that failed, a row each."""

    @property
    def coverage(self) -> Coverage:
        """How far the latest design has been run."""


def coverage_of(study: Stored) -> Coverage:
    """How far the latest design of a store has been run."""
    ids, replicates = set(study.points["point"]), int(study.latest["replicates"])
    runs, failures = (
        frame[frame["point"].isin(ids) & (frame["replicate"] < replicates)] if len(frame) else frame
        for frame in (study.runs, study.failures)
    )
    count = runs.groupby("world_seed").size()
    there = dict(zip(map(int, count.index.tolist()), count.tolist(), strict=True))
    each = len(ids) * replicates
    worlds = sorted({*map(int, study.latest["worlds"]), *there})
    whole = [world for world in worlds if there.get(world, 0) == each]
    failed = int(failures["world_seed"].isin(worlds).sum()) if len(failures) else 0
    return Coverage(worlds, whole, each * len(worlds), each * len(worlds) - sum(there.values()), failed)


def none_whole(study: Stored) -> str:
    """What is wrong with a store of which no world is whole."""
    found = study.coverage
    failed = f", {found.failed} of these failed" if found.failed else ""
    return (
        f"store: found no whole world among the {len(found.worlds)} of {study.folder}, {found.gaps} missing{failed}; "
        "accepted: a store with a world in which no run is missing (the same command goes on)"
    )


def missing_of(study: Stored) -> pd.DataFrame:
    """Runs that the latest design asks for and the store does not have: ``point, world_seed, replicate``."""
    latest = study.latest
    wanted = [
        RunKey(point, world, number)
        for point in dict.fromkeys(study.points["point"])
        for world in latest["worlds"]
        for number in range(latest["replicates"])
    ]
    have = set(study.runs[_KEY].itertuples(index=False, name=None))
    return pd.DataFrame([key for key in wanted if key not in have], columns=_KEY)
