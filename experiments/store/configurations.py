"""One point, one configuration: all runs of a point are of the same one, or they are kept out of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from experiments.store.journal import digests_in, journals_of
from experiments.store.parts import StoreError, TablePart, read_part, table_parts

_COLUMNS = ["point", "digest"]


class Configurations:
    """The digest of the configuration under which the runs of each point were made, by whichever writer."""

    def __init__(self, folder: Path) -> None:
        """No table of runs has been read yet."""
        self._folder = folder
        self._known: dict[str, str] | None = None
        self._read: set[Path] = set()  # parts never change

    def look(self) -> None:
        """Read what is new in journals, then in tables: a run that is moved meanwhile is met in both, and not in neither.

        Raises ``StoreError`` where a point has two.
        """
        self._known = {} if self._known is None else self._known
        for path in journals_of(self._folder):
            self._take(digests_in(path))
        for part in table_parts(self._folder, "runs"):
            if part.path not in self._read:
                self._take(point_digests(read_part(part, _COLUMNS)))
                self._read.add(part.path)

    def refuse_others(self, asked: Iterable[tuple[str, str]]) -> list[str]:
        """Points and digests that are to join; returns the points that no run was of before.

        Raises ``StoreError`` where one is not that of the point's runs, or two of them differ.
        """
        if self._known is None:
            self.look()
        known = dict(self._known or {})
        fresh = []
        for point, digest in asked:
            if point not in known:
                fresh.append(point)
            self._refuse(point, known.setdefault(point, digest), digest)
        self._known = known
        return fresh

    def points(self) -> set[str]:
        """The points that have runs."""
        if self._known is None:
            self.look()
        return set(self._known or {})

    def _take(self, found: Iterable[tuple[str, str]]) -> None:
        known = self._known if self._known is not None else {}
        for point, digest in found:
            self._refuse(point, known.setdefault(point, digest), digest)

    def _refuse(self, point: str, before: str, digest: str) -> None:
        if before != digest:
            raise StoreError(
                f"store: {self._folder} has runs of point {point} under configuration {before}, and others are under {digest}; "
                "accepted: one configuration for a point, or store=NAME for a new store"
            )


def point_digests(runs: pa.Table) -> list[tuple[str, str]]:
    """Each point of a table of runs with each digest of its configurations, once."""
    rows = zip(*(runs[name].to_pylist() for name in _COLUMNS), strict=True)
    return list(dict.fromkeys(rows))


def conflicts_in(runs: Iterable[tuple[TablePart, pa.Table]], journals: Mapping[Path, Iterable[tuple[str, str]]]) -> dict[Path, str]:
    """Files whose runs are of another configuration of their point than those of a file before, or of the same: in a few words."""
    known: dict[str, tuple[str, str]] = {}
    told: dict[Path, str] = {}
    files = [*((part.path, point_digests(table)) for part, table in runs), *journals.items()]
    for path, found in files:
        for point, digest in found:
            before, where = known.setdefault(point, (digest, path.name))
            if before != digest and path not in told:
                told[path] = f"has runs of point {point} under configuration {digest}, and {where} has others under {before}"
    return told
