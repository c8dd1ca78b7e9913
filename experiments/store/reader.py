"""A store opened for reading: its points, its runs, and each outcome as an array; nothing is locked and nothing written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, reduce
from itertools import product
from operator import and_
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from experiments.design.designs import Design, design_from
from experiments.design.points import FIXED
from experiments.settings import StudyConfig, conducted
from experiments.store import point_tables
from experiments.store.journal import journals_of, peek
from experiments.store.outcomes import Cube, Outcome
from experiments.store.parts import StoreError, parts_of, read_part
from experiments.store.results import Board, Key, Rows, Run, board_of, levels_of
from experiments.store.schema import DATA, GIVEN, VIEWS, Done
from experiments.store.schema import Key as RunKey
from experiments.store.store import about_of, failures_in, runs_of, table_of
from experiments.text import counted
from sim.config import checked
from sim.metrics import UNITS, WAYS, Given
from sim.settings import Config
from sim.world.record import ConfigError, quoted

_KEY = [*RunKey._fields]
_WORDS = ("metric", "by", "level")
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
            raise StoreError(f"store: found no session in {folder}; accepted: a store that a study has written to")
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
            own = [quoted(str(folder)) for folder in self.latest.get("own_files") or ()]
            told = f"written with --config-dir {' --config-dir '.join(own)}" if own else "written by another version?"
            raise StoreError(f"{self.sessions[-1].path}: {error} ({told})") from None

    @cached_property
    def asked(self) -> StudyConfig:
        """How the latest session was conducted, which says how it is read and drawn too."""
        return conducted(self.latest["study"])

    def under(self, config: Config, asked: StudyConfig) -> Self:
        """The same study, analysed and drawn by the settings that are asked for now."""
        self.config, self.asked = self.config.model_copy(update={"metrics": config.metrics}), asked
        return self

    @cached_property
    def points(self) -> pd.DataFrame:
        """The points of the latest design, in its order; those of a multirun's jobs add up."""
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

    def board(
        self, points: Sequence[str] | None = None, worlds: Sequence[int] | None = None, lucks: int | None = None,
        outcome: Outcome | None = None,
    ) -> Board:  # fmt: skip
        """All estimands, or one, of the points, worlds and lucks that are asked for, or of all that there are."""
        ids = list(dict.fromkeys(self.points["point"] if points is None else points))
        places = Places.of(ids, self._worlds() if worlds is None else worlds, self._lucks() if lucks is None else lucks)
        known: dict[Key, int] = {}
        wanted = None
        if outcome is not None:
            wanted = reduce(and_, (pc.field(name) == word for name, word in zip(_WORDS, outcome, strict=True)))
        parts = [rows_of(table, places, known) for table in self._tables(DATA, wanted)]
        return board_of([*known], parts, len(ids), list(places.worlds), places.lucks)

    def given(self, board: Board, points: Sequence[str]) -> dict[Run, Given]:
        """Whom each run of a board disclosed, nobody perhaps; ``points`` are those of the board."""
        places = Places.of(points, board.worlds, board.values.shape[3])
        found = {run: given for table in self._tables(GIVEN) for run, given in given_in(table, places, board)}
        count, _, worlds, lucks = board.values.shape
        every = product(range(count), range(worlds), range(lucks))
        return {run: found.get(run) or nobody(levels_of(board, run)) for run in every}

    def views(self, name: str) -> pd.DataFrame:
        """The rows of one view, run by run: ``point, world_seed, luck, a, b, value, count``."""
        tables = [table.drop_columns(["view"]).to_pandas() for table in self._tables(VIEWS, pc.field("view") == name)]
        return _once(tables)

    def data(self) -> pd.DataFrame:
        """The estimates, run by run: columns as in the table of data."""
        return _once([table.to_pandas() for table in self._tables(DATA)])

    def _tables(self, name: str, wanted: pc.Expression | None = None) -> Iterator[pa.Table]:
        """The parts of a table, and last what of it is still in a journal."""
        new = [run for run in self.journalled if not run.error]
        for part in parts_of(self.folder, name):
            yield read_part(part, filters=wanted)
        if new:
            table = table_of(name, new)
            yield table if wanted is None else table.filter(wanted)

    def cube(self, outcome: Outcome) -> Cube:
        """One outcome of all points, in the worlds that are whole and the lucks that were asked for.

        A value that a run has not is nan. Raises ``ConfigError`` if no run has it, or no world is whole.
        """
        coverage = self.coverage
        if not coverage.whole and len(self.runs):
            raise ConfigError(none_whole(self))
        worlds = coverage.whole
        board = self.board(worlds=worlds, lucks=int(self.latest["luck"]), outcome=outcome)
        if not board.keys or outcome.metric not in UNITS:
            raise ConfigError(f"outcome: found {str(outcome)!r}, which no run in {self.folder} has; accepted: {self._held()}")
        place = pd.Series(range(board.values.shape[0]), list(dict.fromkeys(self.points["point"])))
        each = place[self.points["point"]].to_numpy()
        return Cube(outcome, self.points, board.values[each, 0], board.counts[each, 0], worlds)

    @property
    def whole_worlds(self) -> list[int]:
        """Worlds in which every point of the latest design has every run that was asked for."""
        return self.coverage.whole

    @cached_property
    def coverage(self) -> Coverage:
        """How far the latest design has been run."""
        return coverage_of(self)

    def _worlds(self) -> list[int]:
        return sorted({int(seed) for seed in self.runs["world_seed"]})

    def _lucks(self) -> int:
        return 1 + int(self.runs["luck"].max()) if len(self.runs) else 0

    def _held(self) -> str:
        names = {word for part in parts_of(self.folder, DATA)[:1] for word in read_part(part, ["metric"])["metric"].to_pylist()}
        return ", ".join(sorted(names & set(UNITS))) or "a store with runs"


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


def coverage_of(study: StoredStudy) -> Coverage:
    """How far the latest design of a store has been run."""
    ids, lucks = set(study.points["point"]), int(study.latest["luck"])
    runs, failures = (
        frame[frame["point"].isin(ids) & (frame["luck"] < lucks)] if len(frame) else frame for frame in (study.runs, study.failures)
    )
    count = runs.groupby("world_seed").size()
    there = dict(zip(map(int, count.index.tolist()), count.tolist(), strict=True))
    each = len(ids) * lucks
    worlds = sorted({*map(int, study.latest["worlds"]), *there})
    whole = [world for world in worlds if there.get(world, 0) == each]
    failed = int(failures["world_seed"].isin(worlds).sum()) if len(failures) else 0
    return Coverage(worlds, whole, each * len(worlds), each * len(worlds) - sum(there.values()), failed)


def none_whole(study: StoredStudy) -> str:
    """What is wrong with a store of which no world is whole."""
    found = study.coverage
    failed = f", {found.failed} of these failed" if found.failed else ""
    return (
        f"store: found no whole world among the {len(found.worlds)} of {study.folder}, {found.gaps} missing{failed}; "
        "accepted: a store with a world in which no run is missing (the same command goes on)"
    )


class Places(NamedTuple):
    """Where the runs that are asked for stand."""

    points: dict[str, int]
    worlds: dict[int, int]
    lucks: int

    @classmethod
    def of(cls, points: Sequence[str], worlds: Sequence[int], lucks: int) -> Places:
        """In the order in which they are asked for."""
        point = {name: place for place, name in enumerate(dict.fromkeys(points))}
        return cls(point, {world: place for place, world in enumerate(dict.fromkeys(worlds))}, lucks)

    def runs(self, table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Places ``[3, R]`` of the runs of rows, and which rows are of a run that is asked for."""
        point = _coded(table["point"], self.points)
        seeds, inverse = np.unique(table["world_seed"].to_numpy(), return_inverse=True)
        world = np.array([self.worlds.get(int(seed), -1) for seed in seeds], np.int64)[inverse]
        luck = table["luck"].to_numpy().astype(np.int64)
        return np.stack([point, world, luck]), (point >= 0) & (world >= 0) & (luck < self.lucks)


def rows_of(table: pa.Table, places: Places, known: dict[Key, int]) -> Rows:
    """The estimates of a table that are asked for; estimands that were not ``known`` become so."""
    run, wanted = places.runs(table)
    columns = [_words(table[name]) for name in _WORDS]
    sizes = [max(len(words), 1) for _, words in columns]
    code = np.ravel_multi_index(tuple(codes[wanted] for codes, _ in columns), tuple(sizes))
    distinct, inverse = np.unique(code, return_inverse=True)
    parts = zip(columns, np.unravel_index(distinct, sizes), strict=True)
    metric, by, level = ([words[code] for code in part] for (_, words), part in parts)
    at = np.array([known.setdefault(key, len(known)) for key in zip(metric, by, level, strict=True)], np.int64)
    value = table["value"].to_numpy().astype(float)
    return Rows(run[:, wanted], at[inverse], value[wanted], table["count"].to_numpy()[wanted])


def given_in(table: pa.Table, places: Places, board: Board) -> Iterator[tuple[Run, Given]]:
    """The disclosures of each run in a table that is asked for."""
    run, wanted = places.runs(table)
    rows = np.flatnonzero(wanted)
    shape = tuple(int(size) for size in run.max(axis=1, initial=0) + 1)
    at = np.ravel_multi_index(tuple(np.maximum(run[:, rows], 0)), shape)
    order = np.argsort(at, kind="stable")
    case, day = table["case"].to_numpy()[rows[order]], table["day"].to_numpy()[rows[order]]
    ways = {way: _words(table[way]) for way in WAYS}
    for number, part in zip(*_groups(at[order]), strict=True):
        place, world, luck = (int(axis) for axis in np.unravel_index(number, shape))
        here = place, world, luck
        levels = levels_of(board, here)
        mine = rows[order][part]
        codes = {way: _into(codes[mine], words, levels[way]) for way, (codes, words) in ways.items()}
        yield here, Given(case[part], day[part], levels, codes)


def nobody(levels: Mapping[str, tuple[str, ...]]) -> Given:
    """What a run leaves that disclosed nothing on anybody."""
    none = np.zeros(0, np.int64)
    return Given(none, none.astype(float), levels, dict.fromkeys(levels, none))


def _groups(sorted_codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[slice]]:
    """Distinct codes, and where each stands."""
    distinct, starts = np.unique(sorted_codes, return_index=True)
    ends = [*starts[1:], sorted_codes.size][: starts.size]  # a table may have no row of any run that is asked for
    return distinct, [slice(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _into(codes: NDArray[np.int64], words: Sequence[str], levels: Sequence[str]) -> NDArray[np.int64]:
    place = {level: number for number, level in enumerate(levels)}
    return np.array([place.get(word, -1) for word in words], np.int64)[codes]


def _words(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """A coded column as codes and words."""
    whole = column.unify_dictionaries().combine_chunks()
    return whole.indices.to_numpy().astype(np.int64), whole.dictionary.to_pylist()


def _coded(column: pa.ChunkedArray, places: Mapping[str, int]) -> NDArray[np.int64]:
    """A coded column as places; -1 for a word that has none."""
    codes, words = _words(column)
    return np.array([places.get(word, -1) for word in words], np.int64)[codes]


def _once(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all frames; of a run that stands in two those of the first."""
    seen: set[Any] = set()
    kept = []
    for coded in frames:
        frame = coded.astype({name: str for name in coded.columns if isinstance(coded[name].dtype, pd.CategoricalDtype)})
        runs = pd.MultiIndex.from_frame(frame[_KEY])
        kept.append(frame[~runs.isin(seen)] if seen else frame)
        seen |= set(runs.unique())
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=_KEY)


def missing_of(study: StoredStudy) -> pd.DataFrame:
    """Runs that the latest design asks for and the store does not have: ``point, world_seed, luck``."""
    latest = study.latest
    wanted = [
        RunKey(point, world, number)
        for point in dict.fromkeys(study.points["point"])
        for world in latest["worlds"]
        for number in range(latest["luck"])
    ]
    have = set(study.runs[_KEY].itertuples(index=False, name=None))
    return pd.DataFrame([key for key in wanted if key not in have], columns=_KEY)


def keys_of(table: pa.Table) -> list[RunKey]:
    """The runs that the rows of a table belong to."""
    return [RunKey(*row) for row in zip(*(table[name].to_pylist() for name in _KEY), strict=True)]


def sessions_of(folder: Path) -> list[Session]:
    """What each session said, the oldest first. Raises ``StoreError`` for one that cannot be read."""
    return [session_in(path) for path in sorted((folder / "sessions").glob("*.json"))]


def session_in(path: Path) -> Session:
    """What a session said. Raises ``StoreError`` if it cannot be read."""
    wanted = "accepted: the file as it was written"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); {wanted}") from None
    if not isinstance(said, dict) or _SAID - said.keys():
        raise StoreError(f"{path}: is no session of a study; {wanted}")
    return Session(path, said)
