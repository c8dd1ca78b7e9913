"""One analysis under several conditions: what each says and its tables, put together; conditions of which nothing is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import pandas as pd

from experiments.analysis.policies import reason_for_silence
from experiments.text import under


class Conditional(Protocol):
    """What an analysis finds under one condition; the condition is empty where there is one alone."""

    @property
    def condition(self) -> str:
        """The condition's name."""

    @property
    def few(self) -> list[str]:
        """Sentences about policies on too few events."""


def where(condition: str, sentences: Iterable[str]) -> list[str]:
    """Sentences with the condition that they hold under; as they are where there is none."""
    return [under(condition, said) if condition else said for said in sentences]


def unsaid(found: Sequence[Conditional]) -> list[str]:
    """Why nothing is said under some conditions, a sentence each."""
    return [reason_for_silence(one.condition, one.few) for one in found]


def with_condition(table: pd.DataFrame, condition: str, place: int = 0) -> pd.DataFrame:
    """A copy of a table with the condition in a column of its own, at that place."""
    own = table.copy()
    own.insert(place, "condition", pd.Series(condition, index=own.index, dtype=object))
    return own


def together(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Tables of several conditions, cases or outcomes below one another."""
    return pd.concat(list(tables), ignore_index=True)
