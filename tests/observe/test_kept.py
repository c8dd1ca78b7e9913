"""What would be published can be kept in a store, and comes back as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.settings import conduct_of_study
from experiments.store.identity import identity_of
from experiments.store.kept import Kept, run_tables_of
from experiments.store.schema import OBSERVED, packed, unpacked
from sim.config import load
from sim.errors import RogatoryError
from sim.simulation import simulate
from tests.sweep.small import LEVERS, TINY, swept


def kept() -> Kept:
    return Kept(tables=frozenset([OBSERVED]), observing=conduct_of_study().observe)


def test_a_sweep_keeps_what_would_be_published_of_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = swept(text=LEVERS + "keep: [observed]\n")
    rows = study.observed()
    runs = rows.groupby(["point", "world_seed", "replicate"])
    assert len(runs) == len(study.runs) == 8
    assert runs.ngroup().nunique() == 8
    assert set(runs.size()) == {len(rows) // 8}
    point, world, number = next(iter(runs.groups))
    first = rows[(rows["point"] == point) & (rows["world_seed"] == world) & (rows["replicate"] == number)]
    run = study.runs.set_index(["point", "world_seed", "replicate"]).loc[(point, world, number)]
    again = simulate(load(*TINY, "scenario=as_adopted"), seed=int(run["event_seed"]), world_seed=int(world)).observed(
        conduct_of_study().observe
    )
    direct = again[again["observable"].isin(["google_gini", "apple_top5_share"])]["value"].tolist()
    assert first[first["observable"].isin(["google_gini", "apple_top5_share"])]["value"].tolist() == direct


def test_a_table_travels_as_it_is_and_a_missing_value_is_missing() -> None:
    result = simulate(load(*TINY), seed=1)
    table = run_tables_of(result, kept())[OBSERVED]
    back = unpacked(packed(table).content).to_pandas()
    frame = result.observed(conduct_of_study().observe)
    assert back["observable"].tolist() == frame["observable"].tolist()
    assert np.array_equal(back["value"].to_numpy(float), frame["value"].to_numpy(float), equal_nan=True)
    assert table.column("value").null_count == int(frame["value"].isna().sum()) > 0


def test_a_run_without_its_rows_cannot_be_observed() -> None:
    with pytest.raises(RogatoryError, match="rows: found False"):
        simulate(load(*TINY), seed=1, rows=False).observed(conduct_of_study().observe)


def test_how_a_run_is_observed_is_part_of_a_store_that_keeps_it_and_of_no_other() -> None:
    bases = {"as_adopted": load(*TINY)}
    other = conduct_of_study("observe.earlier=20").observe
    assert identity_of(bases, kept()) != identity_of(bases, kept()._replace(observing=other))
    assert "observing" not in identity_of(bases, Kept())["kept"]
    assert "observe" not in load(*TINY).plain()  # it decides no run
