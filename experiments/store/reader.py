"""A store opened for reading: its points, its runs, and each outcome as an array; nothing is locked and nothing written."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from experiments.cube import Cube, Outcome
from experiments.designs import Design, design_from
from experiments.points import FIXED
from experiments.store import point_tables
from experiments.store.journal import journals_of, peek
from experiments.store.parts import StoreError, parts_of, read_part
from experiments.store.schema import Done, Key
from experiments.store.store import about_of, data_of, failures_in, runs_of
from sim.config import checked
from sim.places import is_folder
from sim.settings import Config
from sim.world.record import ConfigError

_KEY = [*Key._fields]
_SAID = {"design", "points", "worlds", "luck", "bases"}  # what is read of a session


class Session(NamedTuple):
    """What a writer said of its turn at the store."""

    path: Path
    said: dict[str, Any]


class StoredStudy:
    """The latest design of a store with everything that was run for it; a ``Study`` for analyses."""

    def __init__(self, folder: Path) -> None:
        """Open a folder. Raises ``StoreError`` for one that is no store, or has no session."""
        self.folder = folder
        self.name = folder.name
        self.about = about_of(folder)
        self.sessions = sessions_of(folder)
        if not self.sessions:
            raise StoreError(f"store: found no session in {folder}; accepted: a store that a sweep has written to")
        self.latest = self.sessions[-1].said

    @cached_property
    def design(self) -> Design:
        """The design of the latest session."""
        return design_from(self.latest["design"], str(self.sessions[-1].path))

    @cached_property
    def config(self) -> Config:
        """The composed configuration of the latest session's first base. Raises ``StoreError`` if it is of an older form."""
        try:
            return checked(next(iter(self.latest["bases"].values())))
        except ConfigError as error:
            raise StoreError(f"{self.sessions[-1].path}: {error} (written by another version?)") from None

    def under(self, asked: Config) -> Self:
        """The same study, analysed and drawn by the settings that are asked for now."""
        read_by = {name: getattr(asked, name) for name in ("analysis", "figures", "outcome", "metrics")}
        self.config = self.config.model_copy(update=read_by)
        return self

    @cached_property
    def points(self) -> pd.DataFrame:
        """The points of the latest sweep, in its order; those of a multirun's jobs add up."""
        alike = [said for _, said in self.sessions if said["design"] == self.latest["design"]]
        named = {self.latest["points"]} if self.latest.get("whole", True) else {said["points"] for said in alike}
        frames = point_tables.read(self.folder, named)
        whole = pd.concat(frames, ignore_index=True).drop_duplicates(["point", "place"]).sort_values("place", kind="stable")
        whole["place"] = range(len(whole))
        order = [name for name in FIXED if name in whole.columns]
        return whole[[*order, *(name for name in whole.columns if name not in order)]].reset_index(drop=True)

    @cached_property
    def journalled(self) -> list[Done]:
        """Runs that stand in no table yet."""
        return [run for path in journals_of(self.folder) for run in peek(path)]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run, sorted; those still in a journal too."""
        journalled = self.journalled  # before the tables: a run that is moved meanwhile is met in both, and not in neither
        tables = [read_part(part) for part in parts_of(self.folder, "runs")]
        counted = {key for table in tables for key in keys_of(table)}
        new = [run for run in journalled if not run.error and run.key not in counted]
        if new:
            tables.append(runs_of(new))
        if not tables:
            return pd.DataFrame(columns=[*_KEY, "event_seed"])
        whole: pd.DataFrame = pa.concat_tables(tables).to_pandas().drop_duplicates(_KEY)
        return whole.sort_values(_KEY, kind="stable").reset_index(drop=True)

    @cached_property
    def failures(self) -> pd.DataFrame:
        """One row a run that failed and has not succeeded since."""
        table: pd.DataFrame = failures_in(self.folder).to_pandas()
        late = [(*run.key, run.event_seed, run.error, run.traceback) for run in self.journalled if run.error]
        if late:
            table = pd.concat([table, pd.DataFrame(late, columns=table.columns)], ignore_index=True)
        good = set(zip(*(self.runs[name] for name in _KEY), strict=True))
        kept = [key not in good for key in zip(*(table[name] for name in _KEY), strict=True)]
        return (
            table[np.array(kept, bool)].drop_duplicates(_KEY, keep="last").sort_values(_KEY, kind="stable").reset_index(drop=True)
        )

    def data(self, metric: str, by: str | None = None, level: str | None = None) -> pd.DataFrame:
        """The rows of one estimand, run by run: columns as in the table of data."""
        wanted = pc.field("metric") == metric
        for name, value in (("by", by), ("level", level)):
            if value is not None:
                wanted &= pc.field(name) == value
        new = [run for run in self.journalled if not run.error]
        tables = [read_part(part, filters=wanted) for part in parts_of(self.folder, "data")]
        if new:
            tables.append(data_of(new).filter(wanted))
        whole = pd.concat([table.to_pandas().astype({"point": str}) for table in tables]) if tables else pd.DataFrame()
        return whole.drop_duplicates([*_KEY, "by", "level"]) if len(whole) else whole

    def cube(self, outcome: Outcome) -> Cube:
        """One outcome of all points; a run that is missing or has no value is nan. Raises ``ConfigError`` if no run has it."""
        rows = self.data(*outcome)
        if not len(rows):
            raise ConfigError(f"outcome: found {str(outcome)!r}, which no run in {self.folder} has; accepted: {self._held()}")
        worlds = sorted({int(seed) for seed in self.runs["world_seed"]})
        lucks = 1 + int(self.runs["luck"].max())
        ids = list(dict.fromkeys(self.points["point"]))
        rows = rows[rows["point"].isin(ids)]
        place = pd.Series(range(len(ids)), ids)
        values = np.full((len(ids), len(worlds), lucks), np.nan)
        counts = np.zeros(values.shape, np.int64)
        where = place[rows["point"]].to_numpy(), np.searchsorted(worlds, rows["world_seed"]), rows["luck"].to_numpy()
        values[where], counts[where] = rows["value"], rows["count"]
        each = place[self.points["point"]].to_numpy()
        return Cube(outcome, self.points, values[each], counts[each], worlds)

    def _held(self) -> str:
        names = {word for part in parts_of(self.folder, "data")[:1] for word in read_part(part, ["metric"])["metric"].to_pylist()}
        return ", ".join(sorted(names)) or "a store with runs"


def keys_of(table: pa.Table) -> list[Key]:
    """The runs that the rows of a table belong to."""
    return [Key(*row) for row in zip(*(table[name].to_pylist() for name in _KEY), strict=True)]


def sessions_of(folder: Path) -> list[Session]:
    """What each session said, the oldest first. Raises ``StoreError`` for one that cannot be read."""
    return [session_in(path) for path in sorted((folder / "sessions").glob("*.json"))]


def session_in(path: Path) -> Session:
    """What a session said. Raises ``StoreError`` if it cannot be read."""
    wanted = "accepted: the file as the sweep wrote it"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); {wanted}") from None
    if not isinstance(said, dict) or _SAID - said.keys():
        raise StoreError(f"{path}: is no session of a sweep; {wanted}")
    return Session(path, said)


def store_folder(asked: str, output: str) -> Path:
    """Where a store is: a path, or a name among the sweeps of ``output``."""
    return Path(asked) if "/" in asked or is_folder(Path(asked)) else Path(output) / "sweep" / asked
