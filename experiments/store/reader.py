"""A store opened for reading: its points, its runs, and each outcome as an array; nothing is locked and nothing written."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property, reduce
from itertools import product
from operator import and_
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from experiments.design.designs import Design, design_from
from experiments.design.entries import POINT_COLUMNS
from experiments.settings import StudyConfig, conducted
from experiments.store import point_tables
from experiments.store.about import about_of
from experiments.store.content import failures_in, kept_table, run_table
from experiments.store.coverage import Coverage, coverage_of, none_whole
from experiments.store.journal import journals_of, peek
from experiments.store.outcomes import Outcome, Outcomes
from experiments.store.parts import StoreError, read_part, table_parts
from experiments.store.placing import WORDS, Places, estimates_in, given_in, nobody
from experiments.store.results import EstimandKey, Results, RunPlace, levels_in, results_of
from experiments.store.schema import DATA, GIVEN, OBSERVED, VIEWS, Done, RunKey
from experiments.store.sessions import sessions_of
from sim.config import checked_config
from sim.metrics import UNITS, Given
from sim.settings import Config
from sim.world.record import ConfigError, quoted

_KEY = [*RunKey._fields]


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
            return checked_config(next(iter(self.latest["bases"].values())))
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
        frames = point_tables.read_points(self.folder, named)
        whole = pd.concat(frames, ignore_index=True).drop_duplicates(["point", "place"]).sort_values("place", kind="stable")
        whole["place"] = range(len(whole))
        order = [name for name in POINT_COLUMNS if name in whole.columns]
        return whole[[*order, *(name for name in whole.columns if name not in order)]].reset_index(drop=True)

    @cached_property
    def journalled(self) -> list[Done]:
        """Runs that stand in no table yet."""
        return [run for path in journals_of(self.folder) for run in peek(path)]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run, sorted; those still in a journal too."""
        journalled = self.journalled  # before the tables: a run that is moved meanwhile is met in both, and not in neither
        tables = [read_part(part) for part in table_parts(self.folder, "runs")]
        counted = {key for table in tables for key in keys_of(table)}
        new = [run for run in journalled if not run.error and run.key not in counted]
        if new:
            tables.append(run_table(new))
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

    def results(
        self, points: Sequence[str] | None = None, worlds: Sequence[int] | None = None, replicates: int | None = None,
        outcome: Outcome | None = None,
    ) -> Results:  # fmt: skip
        """All estimands, or one, of the points, worlds and replicates that are asked for, or of all that there are."""
        ids = list(dict.fromkeys(self.points["point"] if points is None else points))
        places = Places.of(
            ids, self._worlds() if worlds is None else worlds, self._replicates() if replicates is None else replicates
        )
        known: dict[EstimandKey, int] = {}
        wanted = None
        if outcome is not None:
            wanted = reduce(and_, (pc.field(name) == word for name, word in zip(WORDS, outcome, strict=True)))
        parts = [estimates_in(table, places, known) for table in self._tables(DATA, wanted)]
        return results_of([*known], parts, len(ids), list(places.worlds), places.replicates)

    def given(self, results: Results, points: Sequence[str]) -> dict[RunPlace, Given]:
        """Whom each run of the results disclosed, nobody perhaps; ``points`` are those of the results."""
        places = Places.of(points, results.worlds, results.values.shape[3])
        found = {run: given for table in self._tables(GIVEN) for run, given in given_in(table, places, results)}
        count, _, worlds, replicates = results.values.shape
        every = product(range(count), range(worlds), range(replicates))
        return {run: found.get(run) or nobody(levels_in(results, run)) for run in every}

    def views(self, name: str) -> pd.DataFrame:
        """The rows of one view, run by run: ``point, world_seed, replicate, a, b, value, count``."""
        tables = [table.drop_columns(["view"]).to_pandas() for table in self._tables(VIEWS, pc.field("view") == name)]
        return _once(tables)

    def disclosures(self) -> pd.DataFrame:
        """Every disclosure of a person at risk, run by run: columns as in the table of what was given."""
        return _once([table.to_pandas() for table in self._tables(GIVEN)])

    def observed(self) -> pd.DataFrame:
        """What would be published, run by run: ``point, world_seed, replicate, pattern, observable, value, n``."""
        return _once([table.to_pandas() for table in self._tables(OBSERVED)])

    def data(self) -> pd.DataFrame:
        """The estimates, run by run: columns as in the table of data."""
        return _once([table.to_pandas() for table in self._tables(DATA)])

    def _tables(self, name: str, wanted: pc.Expression | None = None) -> Iterator[pa.Table]:
        """The parts of a table, and last what of it is still in a journal."""
        new = [run for run in self.journalled if not run.error]
        for part in table_parts(self.folder, name):
            yield read_part(part, filters=wanted)
        if new:
            table = kept_table(name, new)
            yield table if wanted is None else table.filter(wanted)

    def outcomes(self, outcome: Outcome) -> Outcomes:
        """One outcome of all points, in the worlds that are whole and the replicates that were asked for.

        A value that a run has not is nan. Raises ``ConfigError`` if no run has it, or no world is whole.
        """
        coverage = self.coverage
        if not coverage.whole and len(self.runs):
            raise ConfigError(none_whole(self))
        worlds = coverage.whole
        results = self.results(worlds=worlds, replicates=int(self.latest["replicates"]), outcome=outcome)
        if not results.keys or outcome.metric not in UNITS:
            raise ConfigError(f"outcome: found {str(outcome)!r}, which no run in {self.folder} has; accepted: {self._held()}")
        place = pd.Series(range(results.values.shape[0]), list(dict.fromkeys(self.points["point"])))
        each = place[self.points["point"]].to_numpy()
        return Outcomes(outcome, self.points, results.values[each, 0], results.counts[each, 0], worlds)

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

    def _replicates(self) -> int:
        return 1 + int(self.runs["replicate"].max()) if len(self.runs) else 0

    def _held(self) -> str:
        names = {word for part in table_parts(self.folder, DATA)[:1] for word in read_part(part, ["metric"])["metric"].to_pylist()}
        return ", ".join(sorted(names & set(UNITS))) or "a store with runs"


def _once(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all frames; of a run that stands in two those of the first."""
    seen: set[tuple[Hashable, ...]] = set()
    kept = []
    for coded in frames:
        frame = coded.astype({name: str for name in coded.columns if isinstance(coded[name].dtype, pd.CategoricalDtype)})
        runs = pd.MultiIndex.from_frame(frame[_KEY])
        kept.append(frame[~runs.isin(seen)] if seen else frame)
        seen |= set(runs.unique())
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=_KEY)


def keys_of(table: pa.Table) -> list[RunKey]:
    """The runs that the rows of a table belong to."""
    return [RunKey(*row) for row in zip(*(table[name].to_pylist() for name in _KEY), strict=True)]
