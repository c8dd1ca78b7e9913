"""Rows of a store's tables as arrays: where each stands among the points, worlds and replicates that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.store.results import EstimandKey, Results, Rows, RunPlace, levels_in
from sim.metrics import SLICED_BY, Given

WORDS = ("metric", "by", "level")


class Places(NamedTuple):
    """Where the runs that are asked for stand."""

    points: dict[str, int]
    worlds: dict[int, int]
    replicates: int

    @classmethod
    def of(cls, points: Sequence[str], worlds: Sequence[int], replicates: int) -> Places:
        """Points and worlds numbered from 0 in the order in which they are asked for; one that comes twice has one place."""
        point = {name: place for place, name in enumerate(dict.fromkeys(points))}
        return cls(point, {world: place for place, world in enumerate(dict.fromkeys(worlds))}, replicates)

    def runs(self, table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Places ``[3, R]`` of the runs of rows, and which rows are of a run that is asked for."""
        point = _coded(table["point"], self.points)
        seeds, inverse = np.unique(table["world_seed"].to_numpy(), return_inverse=True)
        world = np.array([self.worlds.get(int(seed), -1) for seed in seeds], np.int64)[inverse]
        replicate = table["replicate"].to_numpy().astype(np.int64)
        return np.stack([point, world, replicate]), (point >= 0) & (world >= 0) & (replicate < self.replicates)


def estimates_in(table: pa.Table, places: Places, known: dict[EstimandKey, int]) -> Rows:
    """The estimates of a table that are asked for; estimands that were not ``known`` become so."""
    run, wanted = places.runs(table)
    columns = [_words(table[name]) for name in WORDS]
    sizes = [max(len(words), 1) for _, words in columns]
    code = np.ravel_multi_index(tuple(codes[wanted] for codes, _ in columns), tuple(sizes))
    distinct, inverse = np.unique(code, return_inverse=True)
    parts = zip(columns, np.unravel_index(distinct, sizes), strict=True)
    metric, by, level = ([words[code] for code in part] for (_, words), part in parts)
    at = np.array([known.setdefault(key, len(known)) for key in zip(metric, by, level, strict=True)], np.int64)
    value = table["value"].to_numpy().astype(float)
    return Rows(run[:, wanted], at[inverse], value[wanted], table["count"].to_numpy()[wanted])


def given_in(table: pa.Table, places: Places, results: Results) -> Iterator[tuple[RunPlace, Given]]:
    """The disclosures of each run in a table that is asked for."""
    run, wanted = places.runs(table)
    rows = np.flatnonzero(wanted)
    shape = tuple(int(size) for size in run.max(axis=1, initial=0) + 1)
    at = np.ravel_multi_index(tuple(np.maximum(run[:, rows], 0)), shape)
    order = np.argsort(at, kind="stable")
    case, day = table["case"].to_numpy()[rows[order]], table["day"].to_numpy()[rows[order]]
    ways = {way: _words(table[way]) for way in SLICED_BY}
    for number, part in zip(*_groups(at[order]), strict=True):
        place, world, replicate = (int(axis) for axis in np.unravel_index(number, shape))
        here = place, world, replicate
        levels = levels_in(results, here)
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
