"""The requests of each run, a Parquet file each, where a store keeps them: written whole or not at all, each with whose it is."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.output import naming
from experiments.store.parts import StoreError
from experiments.store.schema import SCHEMA, VERSION_KEY, Done, RunKey

REQUESTS = "requests"
"""Where runs leave their requests, a file each, if they are to be kept."""
RUN_KEY = b"rogatory_run"
"""In the metadata of a file: which run it is of, as JSON."""
_NAME = re.compile(r"\w+-\d+-\d+\.parquet")
_OF_A_RUN = (*RunKey._fields, "event_seed", "digest", "code")


def requests_of(folder: Path, key: RunKey) -> Path:
    """The file in which a run's requests are."""
    return folder / REQUESTS / _named(key)


def _named(key: RunKey) -> str:
    return f"{key.point}-{key.world_seed}-{key.replicate}.parquet"


def write_requests(requests: pd.DataFrame, folder: Path, run: Done, writer: str) -> None:
    """Write the requests of a run into its store: first under a hidden name and down to the disk, then under its own in one step.

    Raises ``OSError`` that names the folder on a disk that is full, cannot be written, or does not hold the store.
    """
    final = requests_of(folder, run.key)
    draft = final.with_name(f".{REQUESTS}-{writer}-{final.stem}.{uuid.uuid4().hex[:8]}.part")
    table = pa.Table.from_pandas(requests, preserve_index=False)
    said = {VERSION_KEY: SCHEMA.encode(), RUN_KEY: json.dumps(said_of(run)).encode()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **said})
    try:
        with naming(final.parent):
            final.parent.mkdir(exist_ok=True)
            pq.write_table(table, draft, compression="zstd", write_page_checksum=True)
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(final)
    finally:
        draft.unlink(missing_ok=True)


def said_of(run: Done) -> dict[str, str | int]:
    """What a file says of the run that it is of."""
    return {name: getattr(run.key if name in RunKey._fields else run, name) for name in _OF_A_RUN}


def files_of(folder: Path, runs: Iterable[Done]) -> int:
    """Bytes of the files of runs; none where they are not kept."""
    total = 0
    for run in runs:
        with suppress(OSError):
            total += requests_of(folder, run.key).stat().st_size
    return total


def lacking(folder: Path, keys: Iterable[RunKey]) -> set[RunKey]:
    """The runs among ``keys`` whose file is not there."""
    there = _names(folder)
    return {key for key in keys if _named(key) not in there}


def ownerless(folder: Path, keys: Iterable[RunKey]) -> list[Path]:
    """Files that are of none of the runs ``keys``: those of runs that ended when nobody was left to keep them."""
    owned = {_named(key) for key in keys}
    return [folder / REQUESTS / name for name in sorted(_names(folder) - owned) if _NAME.fullmatch(name)]


def strangers_in(folder: Path) -> list[Path]:
    """Files that bear no name of a run."""
    return [folder / REQUESTS / name for name in sorted(_names(folder)) if not _NAME.fullmatch(name)]


def _names(folder: Path) -> set[str]:
    try:
        return {name for name in os.listdir(folder / REQUESTS) if not name.startswith(".")}  # noqa: PTH208 - of a million files
    except FileNotFoundError:
        return set()


def refuse_damaged(folder: Path, run: Mapping[str, Any]) -> None:
    """Read the file of a run to its end; ``run`` is its row of the table of runs.

    Raises ``StoreError`` for a file that is not whole, or is not of this run.
    """
    path = requests_of(folder, RunKey(*(run[name] for name in RunKey._fields)))
    try:
        with path.open("rb") as file:
            table = pq.read_table(file, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{path}: cannot be read ({' '.join(str(error).split())[:_SHORT]})") from None
    said = (table.schema.metadata or {}).get(RUN_KEY, b"{}")
    try:
        of = json.loads(said)
    except ValueError:
        of = None
    other = [name for name in _OF_A_RUN if not isinstance(of, dict) or of.get(name) != run[name]]
    if other:
        raise StoreError(f"{path}: holds the requests of another run than its own (by {', '.join(other)})")


_SHORT = 120  # letters of a library's complaint
