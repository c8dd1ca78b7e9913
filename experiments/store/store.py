"""A store opened for writing: one writer (or disjoint shards), the same code and data throughout, nothing done twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout

from experiments.interrupts import held as holding
from experiments.output import FULL, naming
from experiments.store import point_tables
from experiments.store.about import about_of, keeps_requests, kept_in, told_about, write_whole
from experiments.store.configurations import Configurations
from experiments.store.content import failures_of, good_in, kept_table, keys_in, rows_by_run, run_table
from experiments.store.identity import Identity, differences
from experiments.store.journal import Journal, journal_path, journals_of
from experiments.store.locks import WHOLE_STORE, take_store
from experiments.store.parts import STORED_TABLES, StoreError, TablePart, discard, next_number, table_parts, write_part
from experiments.store.places import ABOUT, LOCKS, SESSIONS
from experiments.store.requests import REQUESTS, lacking, ownerless, requests_of
from experiments.store.schema import DATA, FAILURES, Done, RunKey
from sim.world.record import RogatoryError

CHUNK = 1000
"""Runs a part of the tables; *assumption*: parts of some megabytes."""


class Store:
    """A store that this process writes to."""

    def __init__(self, folder: Path, writer: str, journal: Journal) -> None:
        """A store in ``folder`` that ``writing`` has opened under the name ``writer``, and this writer's journal."""
        self.folder = folder
        self.writer = writer
        self.journal = journal
        self.configurations = Configurations(folder)
        self._keeps_requests = keeps_requests(folder)
        self._standing: dict[RunKey, dict[str, object]] | None = None  # rows of the table of runs, where they are asked for

    def finished(self) -> set[RunKey]:
        """Runs that need not be done again: in the tables, or in any journal without a failure.

        Where requests are kept, a run whose file of them is not there is to be done again, for that file alone.
        """
        found = good_in(self.folder)
        return found - lacking(self.folder, found) if self._keeps_requests else found

    def add(self, ended: Sequence[Done]) -> None:
        """Keep runs that have ended, on the disk when this returns.

        Raises ``StoreError`` for runs of another configuration than those of their point, whoever made these; none is kept then.
        """
        if self._keeps_requests:
            ended = [run for run in ended if not self._stands(run)]
        fresh = self.configurations.refuse_others((run.key.point, run.digest) for run in ended if not run.error)
        self.journal.add(ended)
        if fresh and self.writer != WHOLE_STORE:  # of two that meet a point together, the later sees what the earlier wrote
            try:
                self.configurations.look()
            except StoreError:
                self.journal.drop(run.key for run in ended)
                raise

    def _stands(self, run: Done) -> bool:
        """Whether a run is in the tables, so that it was done again for its requests alone. Raises ``StoreError`` if it differs."""
        if self._standing is None:
            self._standing = rows_by_run(table_parts(self.folder, "runs"))
        before = self._standing.get(run.key)
        if before is None or run.error:
            return before is not None
        if before != run_table([run]).to_pylist()[0]:
            requests_of(self.folder, run.key).unlink(missing_ok=True)  # they would be another run's
            raise StoreError(
                f"store: {self.folder} has no requests of point {run.key.point}, world {run.key.world_seed}, "
                f"replicate {run.key.replicate}, "
                "and the same run comes out otherwise now; accepted: the code, versions and machine that made it, or a new store"
            )
        return True

    def fold(self, order: Sequence[RunKey]) -> None:
        """Put the journalled runs among ``order`` into one part of runs and of data, in that order."""
        place = {key: number for number, key in enumerate(order)}
        runs = [run for run in self.journal.held() if run.key in place and not run.error]
        if runs:
            runs.sort(key=lambda run: place[run.key])
            number = next_number(self.folder, self.writer)
            for name in runs[0].tables:
                write_part(self.folder, name, self.writer, number, kept_table(name, runs))
            write_part(self.folder, "runs", self.writer, number, run_table(runs))  # from here on they count
            self._standing = None
            self._forget(runs)

    def fold_rest(self) -> None:
        """What is journalled and was asked for by no order of this turn (by a design that was run before) becomes a part too."""
        self.fold([run.key for run in self.journal.held() if not run.error])

    def settle_failures(self) -> None:
        """One table of the failures that no later try mended; the writer of all takes over those of shards."""
        failed = [run for run in self.journal.held() if run.error]
        old = self._failed_before()
        if not (failed or old):
            return
        mended = {run.key for run in failed} | keys_in(self.folder)
        before = rows_by_run(old)
        kept = [row for key, row in before.items() if key not in mended]
        if failed or len(old) > 1 or len(kept) < len(before):
            table = pa.concat_tables([pa.Table.from_pylist(kept, FAILURES), failures_of(failed)])
            self._replace_failures(old, table)
            self._forget(failed)

    def _failed_before(self) -> list[TablePart]:
        """The tables of failures that this writer may replace: its own, and of the writer of all everybody's."""
        return [part for part in table_parts(self.folder, "failures") if self.writer in (WHOLE_STORE, part.writer)]

    def _replace_failures(self, old: Iterable[TablePart], table: pa.Table) -> None:
        """Write one table of failures, if there are any, before the old ones are removed."""
        if len(table):
            write_part(self.folder, "failures", self.writer, next_number(self.folder, self.writer), table)
        discard(part.path for part in old)

    def _forget(self, runs: Iterable[Done]) -> None:
        """Take runs from the journal that stand in the tables now."""
        self.journal.drop(run.key for run in runs)

    def write_points(self, frame: pd.DataFrame) -> str:
        """Keep a table of points; returns the name of the file. One that is there already is not written again."""
        return point_tables.keep_points(self.folder, self.folder / LOCKS, self.writer, frame)

    def size_of_words(self) -> int:
        """Bytes of what the store says of itself and of its sessions, beside its tables."""
        return sum(path.stat().st_size for path in ((self.folder / ABOUT), *(self.folder / SESSIONS).glob("*.json")))

    def write_session(self, name: str, session: Mapping[str, object]) -> None:
        """Keep the manifest of a session, replacing what it said at its beginning."""
        text = json.dumps(session, indent=1, default=str) + "\n"  # in its own order: that of levers has a meaning
        write_whole(self.folder / SESSIONS / f"{name}.json", text)


@contextmanager
def writing(folder: Path, identity: Identity, writer: str = WHOLE_STORE, mix: bool = False) -> Iterator[Store]:
    """Open a store to write to, making it if it is not there.

    The writer ``WHOLE_STORE`` has it alone; others (shards, jobs of one sweep) share it, each name once at a time. Raises
    ``StoreError`` where somebody else writes, where the schema is another, where code or data differ from those of the runs in
    it (unless ``mix``), where a point has runs of two configurations, where the folder holds something else, and where it
    cannot be written; ``OSError`` on a full disk.
    """
    _refuse_strangers(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    is_new = not (folder / ABOUT).exists()
    with ExitStack() as held:
        try:
            with naming(folder):
                for path in (folder, folder / LOCKS, folder / SESSIONS):
                    path.mkdir(parents=True, exist_ok=True)
                take_store(held, folder, writer)
        except Timeout:
            raise StoreError(
                f"store: {folder} is being written by another run; accepted: one run at a time, or shards of one sweep"
            ) from None
        except OSError as error:
            if error.errno in FULL:
                raise
            told = f"store: cannot write to {folder} ({error.strerror}); accepted: a folder that can be written"
            raise StoreError(told) from None
        try:
            with FileLock(folder / LOCKS / "about.lock"):
                _settle_identity(folder, identity, mix)
            _tidy(folder, writer)
            Configurations(folder).look()
            _adopt(folder, writer)
            point_tables.unify_types(folder, folder / LOCKS)
            with closing(Journal(journal_path(folder, writer))) as journal:
                yield Store(folder, writer, journal)
        except RogatoryError:
            if is_new and writer == WHOLE_STORE:
                _withdraw(folder, made)
            raise


def _withdraw(folder: Path, made: Sequence[Path]) -> None:
    """Remove a store that was begun for what is refused, unless something was run; ``made`` are folders that were not there."""
    if journals_of(folder) or any(table_parts(folder, table) for table in STORED_TABLES if table != "points"):
        return
    with holding():
        (folder / ABOUT).unlink(missing_ok=True)  # first: without it the rest is no store
        for home in (LOCKS, SESSIONS, *STORED_TABLES, REQUESTS, "journal"):
            shutil.rmtree(folder / home, ignore_errors=True)
        for path in made:
            with suppress(OSError):
                path.rmdir()


def _refuse_strangers(folder: Path) -> None:
    """A folder of something else is no place for a store."""
    if not folder.is_dir() or (folder / ABOUT).exists():
        return
    ours = {*STORED_TABLES, LOCKS, SESSIONS, REQUESTS, "journal"}
    strange = sorted(path.name for path in folder.iterdir() if path.name not in ours and not path.name.startswith("."))
    if strange:
        raise StoreError(f"store: found {folder}, which holds {strange[0]!r} and no {ABOUT}; accepted: a store, or an empty folder")


def _settle_identity(folder: Path, identity: Identity, mix: bool) -> None:
    about = folder / ABOUT
    if not about.exists():
        if any(table_parts(folder, table) for table in ("runs", "data")):
            raise StoreError(f"store: {folder} has runs and no {ABOUT}; accepted: a store, or an empty folder")
        write_whole(about, told_about(identity))
        return
    known = about_of(folder)["identity"]
    _refuse_other_tables(folder, *(tables.get("tables", ()) for tables in (known["kept"], identity["kept"])))
    told = differences(known, identity)
    if told and not mix:
        raise StoreError(
            f"store: {folder} holds runs of other code or data: {'; '.join(told)}; accepted: store=NAME for a new one, or mix=true"
        )
    new = identity["bases"].keys() - known["bases"].keys()
    if new:
        known["bases"] |= {name: identity["bases"][name] for name in new}
        write_whole(about, told_about(known))


def _refuse_other_tables(folder: Path, known: Iterable[str], asked: Iterable[str]) -> None:
    """All runs of a store leave the same tables: of parts that lack one nobody could say whether it was lost."""
    if {*known} != {*asked}:
        there, wanted = (", ".join(sorted({DATA, *tables})) for tables in (known, asked))
        raise StoreError(
            f"store: {folder} keeps {there} of its runs, not {wanted}; accepted: the same, or store=NAME for a new one"
        )


def _tidy(folder: Path, writer: str) -> None:
    """Remove what a killed run of this writer left: unfinished files, and data or runs of which the other half is missing.

    The writer of all does so for every writer, and removes requests whose run was never kept. Runs whose data are gone are made
    again.
    """
    drafts = ".*.part" if writer == WHOLE_STORE else f".*-{writer}-*.part"
    discard([path for home in ("", SESSIONS, *STORED_TABLES, REQUESTS) for path in (folder / home).glob(drafts)])
    discard(_torn(folder, writer))
    if writer == WHOLE_STORE and keeps_requests(folder):
        discard(ownerless(folder, good_in(folder)))


def _torn(folder: Path, writer: str) -> list[Path]:
    """A writer's parts of runs, and of what they leave, of which another half is missing."""
    sides = [
        {(part.writer, part.number): part.path for part in table_parts(folder, table) if writer in (WHOLE_STORE, part.writer)}
        for table in ("runs", *kept_in(folder))
    ]
    whole = set.intersection(*map(set, sides))
    return [side[key] for side in sides for key in side if key not in whole]


def _adopt(folder: Path, writer: str) -> None:
    """Forget what is journalled and in the tables too; the writer of all puts into the tables what shards left in journals."""
    for path in journals_of(folder):
        if writer in (WHOLE_STORE, path.stem):
            with closing(Journal(path)) as journal:
                counted = keys_in(folder)
                journal.drop([run.key for run in journal.held() if run.key in counted])
                if path.stem != writer:
                    store = Store(folder, path.stem, journal)
                    store.fold_rest()
                    store.settle_failures()


__all__ = ["CHUNK", "WHOLE_STORE", "Store", "writing"]
