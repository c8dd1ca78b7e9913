"""Small sweeps for tests: a tiny world, a design of four points, and stores of made-up runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from experiments.store.identity import Identity
from experiments.store.reader import StoredStudy
from experiments.store.schema import DATA, TRAVEL, Done, RunKey, packed
from experiments.store.store import WHOLE_STORE, Store, writing
from experiments.studies.sweep import main

TINY = ("states=synthetic", "states.synthetic.count=8", "people.rows=500", "demand.legitimate=60", "years=1")
LEVERS = """\
question: what do a judge and a higher line change?
levers:
  judge: judge
  line: {four: {}, six: {instruments.hanoi.threshold_years: 6.0}}
"""
IDENTITY = Identity(code="c0de", commit=None, data={"a.csv": "1"}, versions={"numpy": "2"}, bases={"as_adopted": {}}, kept={})


def design(folder: Path, text: str = LEVERS, name: str = "own") -> Path:
    """A design in a file of its own."""
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def swept(*more: str, text: str = LEVERS) -> StoredStudy:
    """The store ``out/stores/own-...`` of the working directory after the design was run into it.

    The same words each time: a composition is kept by its words, and takes a second.
    """
    design(Path(), text)
    given = {override.partition("=")[0] for override in more}
    plain = (
        f"{key}={value}" for key, value in (("workers", 1), ("output", "out"), ("seeds", 2), ("replicates", 1)) if key not in given
    )
    return StoredStudy(main(*TINY, "design=own.yaml", *plain, *more))


def tables(folder: Path) -> dict[str, str]:
    """Checksum of every Parquet file of a store by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
    }


# --- made-up runs ---------------------------------------------------------------------------------------------------------------


def done(point: str, world: int = 1, replicate: int = 0, *, value: float = 0.5, error: str = "") -> Done:
    """A run of two estimates, or a failure."""
    words = [("case_disclosure_rate", "all", "all"), ("legit_met_rate", "group", "lgbtq")]
    values, counts = np.array([value, np.nan]), np.array([10, 0])
    columns = [pa.array([row[place] for row in words]) for place in range(3)]
    table = pa.table([*columns, pa.array(values, from_pandas=True), pa.array(counts)], schema=TRAVEL[DATA])
    tables, told = ({}, "Traceback: line 1") if error else ({DATA: packed(table)}, "")
    return Done(RunKey(point, world, replicate), world + 10_000 * replicate, "d1ge57", "c0de", tables, error, told, 1.0, 0.9, 0.5)


@contextmanager
def opened(folder: Path, writer: str = WHOLE_STORE, identity: Identity = IDENTITY, mix: bool = False) -> Iterator[Store]:
    """A store of made-up runs, open for writing; it has a session and a table of points, so that it can be read."""
    with writing(folder, identity, writer, mix) as store:
        points = pd.DataFrame(
            {"point": ["a", "b"], "place": [0, 1], "scenario": "as_adopted", "condition": "", "draw": [0, 0], "against": "a"}
        )
        said = {
            "points": store.write_points(points),
            "design": {"question": "?"},
            "worlds": [1, 2],
            "replicates": 1,
            "bases": {},
            "study": {},
        }
        store.write_session(f"20260101T000000Z-{writer}", said)
        yield store


def runs_in(folder: Path) -> list[tuple[str, int, int]]:
    """The runs of a store, journalled ones too."""
    return list(StoredStudy(folder).runs[["point", "world_seed", "replicate"]].itertuples(index=False, name=None))
