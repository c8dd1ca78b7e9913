"""Numbers of today are judged like any other of the headline."""

from __future__ import annotations

import pandas as pd
import pytest

from experiments.analysis.headline_today import TODAY_KEYS, TODAY_NUMBERS, TODAY_TABLE
from experiments.reference.make import HEADLINE, TABLE_KINDS
from experiments.reference.reproduce import RunAgain, verdicts
from experiments.reference.tolerances import DIFFERENT, IDENTICAL, as_text

ROW = (
    "before",
    "disclosed_share",
    "kind",
    "fabricated",
    "fraction of abusive cases disclosed",
    0.49,
    0.4,
    0.55,
    0.45,
    0.5,
    49,
    100,
    10,
)


def table(value: float = 0.49) -> pd.DataFrame:
    return pd.DataFrame([ROW], columns=[*TODAY_KEYS, *TODAY_NUMBERS]).assign(value=value)


@pytest.mark.parametrize(("value", "verdict"), [(0.49, IDENTICAL), (0.48, DIFFERENT)])
def test_todays_numbers_are_judged_like_any_other(value: float, verdict: str) -> None:
    kinds = TABLE_KINDS[HEADLINE]
    nothing = {name: pd.DataFrame(columns=[*kind.keys, *kind.numbers], dtype=str) for name, kind in kinds.items()}
    then = nothing | {TODAY_TABLE: as_text(table(), kinds[TODAY_TABLE].digits)}
    found = verdicts(HEADLINE, then, RunAgain(nothing | {TODAY_TABLE: table(value)}, {}, {}), False, HEADLINE)
    judged = pd.concat(found)
    assert judged.loc[judged["column"] == "value", "verdict"].tolist() == [verdict]
