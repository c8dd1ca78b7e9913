"""Rows of tables by the names that stand in them, and what several readers take from a row."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from sim.arrays import Ints, Reals


def codes_of(table: pd.DataFrame) -> tuple[str, ...]:
    """The codes by which a table of states is indexed, ``[N]``, in its order."""
    return tuple(map(str, table.index.tolist()))


def rows_of(names: Iterable[str], listed: Iterable[str]) -> Ints:
    """The place of each name in a list without doubles, one a name; -1 for a name that is not listed.

    >>> rows_of(["b", "x"], ["a", "b"]).tolist()
    [1, -1]
    """
    place = {name: row for row, name in enumerate(listed)}
    return np.array([place.get(name, -1) for name in names], np.int64)


def users_of(table: pd.DataFrame) -> Reals:
    """Internet users ``[N]``, persons."""
    return np.asarray(table["population"].to_numpy(float) * table["internet_pct"].to_numpy(float) / 100)
