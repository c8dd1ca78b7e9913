"""The shipped posterior: equally likely sets of the few numbers that published figures speak of.

``configs/parameters/posterior.parquet`` has a column a key and a row a draw, all values in the units of the configuration;
``posterior.json`` beside it says which bank of runs and which patterns it came from, and by which commands it is made again
(docs/calibration.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.arrays import Reals
from sim.errors import ConfigError
from sim.places import config_folder

ROWS, ABOUT = "posterior.parquet", "posterior.json"
_FOLDER = "parameters"
_LETTERS = 16  # of a digest


class JointRows(NamedTuple):
    """Draws of a joint posterior, each as likely as any other."""

    keys: tuple[str, ...]  # [K]
    values: Reals  # [R, K] in the units of the configuration

    def at(self, share: float) -> Mapping[str, float]:
        """The row that lies at this share of them, from 0 to below 1, by key: what belongs together stays together."""
        row = self.values[int(share * len(self.values))]
        return dict(zip(self.keys, map(float, row), strict=True))


def posterior_place() -> Path:
    """The folder in which both files lie."""
    return config_folder() / _FOLDER


def shipped_rows() -> JointRows:
    """The shipped posterior. Raises ``ConfigError`` where there is none."""
    return _rows_of(posterior_place() / ROWS)


def posterior_digest() -> str:
    """Sixteen hexadecimal characters of the shipped posterior's numbers and keys. Raises ``ConfigError`` where there is none."""
    return digest_of(shipped_rows())


def digest_of(rows: JointRows) -> str:
    """Sixteen hexadecimal characters of the numbers and keys of a posterior, whatever file they stand in."""
    said = hashlib.sha256(json.dumps(rows.keys).encode())
    said.update(np.ascontiguousarray(rows.values, "<f8").tobytes())
    return said.hexdigest()[:_LETTERS]


def posterior_about() -> dict[str, Any]:
    """What is said of the shipped posterior: the bank, the patterns, the digests and the commands that make it again."""
    return dict(json.loads((posterior_place() / ABOUT).read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _rows_of(path: Path) -> JointRows:
    from pyarrow.parquet import read_table  # read by those alone who ask for it: it takes a while to import

    if not path.is_file():
        raise ConfigError(f"parameters.draw: found posterior, and no file {path}; accepted: default, prior, or that file made anew")
    table = read_table(path)
    values = np.column_stack([table.column(name).to_numpy().astype(np.float64) for name in table.column_names])
    return JointRows(tuple(table.column_names), values)
