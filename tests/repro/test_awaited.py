"""A table that a reference was made before: it is read as soon as a manifest names it, and a note says that it is not judged."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis.headline_today import TODAY_KEYS, TODAY_NUMBERS, TODAY_TABLE
from experiments.reference.explained import damage
from experiments.reference.make import (
    AWAITED,
    HEADLINE,
    ORIGINS_FILE,
    TABLE_KINDS,
    TREATY,
    ReadingError,
    read_manifest,
    read_tables,
)
from experiments.reference.reproduce import RunAgain, verdicts
from experiments.reference.tolerances import DIFFERENT, IDENTICAL

FACTS = ("command", "seeds", "scenarios", "versions", "machine", "tables", "seconds", "arms", "replicates")
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A headline of empty tables, without that of today."""
    part = tmp_path / HEADLINE
    part.mkdir()
    for name, kind in TABLE_KINDS[HEADLINE].items():
        if name != TODAY_TABLE:
            pd.DataFrame(columns=[*kind.keys, *kind.numbers]).to_csv(part / name, index=False)
    named(tmp_path)
    return tmp_path


def named(folder: Path, *names: str) -> None:
    """A manifest that names some tables."""
    told = {key: dict[str, str]() for key in FACTS} | {"code": {"commit": None, "dirty": False}, "files": dict.fromkeys(names, "")}
    (folder / HEADLINE / "manifest.json").write_text(json.dumps(told))


def test_a_table_that_the_manifest_does_not_name_is_awaited_and_a_note_says_so(folder: Path) -> None:
    assert TODAY_TABLE not in read_tables(folder, HEADLINE)
    notes = damage(folder, HEADLINE, read_manifest(folder, HEADLINE))
    assert f"{TODAY_TABLE} is not judged: the reference was made before it was kept" in notes


def test_a_table_that_the_manifest_names_is_read_and_must_be_there(folder: Path) -> None:
    named(folder, TODAY_TABLE)
    with pytest.raises(ReadingError, match=TODAY_TABLE):
        read_tables(folder, HEADLINE)
    table().to_csv(folder / HEADLINE / TODAY_TABLE, index=False)
    assert len(read_tables(folder, HEADLINE)[TODAY_TABLE]) == 1


def test_only_tables_that_were_added_are_awaited(folder: Path) -> None:
    (folder / HEADLINE / "matrix.csv").unlink()
    with pytest.raises(ReadingError, match=r"matrix\.csv"):
        read_tables(folder, HEADLINE)
    assert AWAITED == {HEADLINE: (TODAY_TABLE,), TREATY: (ORIGINS_FILE,)}


@pytest.mark.parametrize(("value", "verdict"), [(0.49, IDENTICAL), (0.48, DIFFERENT)])
def test_todays_numbers_are_judged_like_any_other(folder: Path, value: float, verdict: str) -> None:
    named(folder, TODAY_TABLE)
    table().to_csv(folder / HEADLINE / TODAY_TABLE, index=False)
    then = {TODAY_TABLE: read_tables(folder, HEADLINE)[TODAY_TABLE]}
    (found,) = verdicts(HEADLINE, then, RunAgain({TODAY_TABLE: table(value)}, {}, {}), False, HEADLINE)
    assert found.loc[found["column"] == "value", "verdict"].tolist() == [verdict]
