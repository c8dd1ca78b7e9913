"""Under ``parameters=posterior`` calibrated numbers are a row of the shipped posterior, and all others come from their priors."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

import sim.posterior
import sim.settings
from experiments.settings import conduct_of_study
from sim import simulate
from sim.config import load
from sim.config.checking import checked_config, written
from sim.draws import Draws
from sim.errors import ConfigError
from sim.parameters import ROW, drawn, is_possible, resolved, shares, tries
from sim.posterior import JointRows, digest_of, posterior_about, posterior_digest, posterior_place, shipped_rows
from sim.register import drawable, priors_digest
from sim.settings import Config

SMALL = ("people.rows=1000", "years=1", "run_in_months=12", "run_out_months=24")


@cache
def drawing(source: str) -> Config:
    return load(*SMALL, f"parameters={source}")


def test_the_shipped_posterior_is_of_the_numbers_that_are_calibrated_and_of_the_priors_as_they_stand() -> None:
    """Who changes a prior, a calibrated number or a draw must calibrate anew (docs/calibration.md)."""
    rows, about = shipped_rows(), posterior_about()
    assert list(rows.keys) == conduct_of_study().analysis["calibrate"]["parameters"] == about["parameters"]
    assert about["digest"] == posterior_digest()
    assert about["priors"] == priors_digest()
    assert about["observables"] == conduct_of_study().analysis["calibrate"]["observables"]
    assert len(rows.values) == about["rows"] > 900
    assert about["commands"]


def test_every_shipped_value_lies_within_the_support_and_the_reach_of_its_prior() -> None:
    rows, known = shipped_rows(), drawable()
    for place, key in enumerate(rows.keys):
        prior = known[key].prior
        assert prior is not None
        assert prior.quantile(0.0) <= rows.values[:, place].min()
        assert rows.values[:, place].max() <= prior.quantile(1.0)
        assert len(np.unique(rows.values[:, place])) > 0.2 * len(rows.values)  # draws, not one point


def test_every_shipped_row_is_a_configuration() -> None:
    rows, bare = shipped_rows(), load(*SMALL)
    for row in rows.values[:: max(1, len(rows.values) // 40)]:
        assert is_possible(bare, dict(zip(rows.keys, map(float, row), strict=True)))
    assert not is_possible(bare, {"review.utilisation_low": 1.2, "review.utilisation_high": 0.9})


def test_calibrated_numbers_are_one_row_and_all_others_are_those_of_the_prior() -> None:
    rows = shipped_rows()
    for world in (3, 4, 5):
        values, before = drawn(drawing("posterior"), world), drawn(drawing("prior"), world)
        assert tries(drawing("posterior"), world) == tries(drawing("prior"), world) == 1
        assert values.keys() == before.keys()
        assert [values[key] for key in rows.keys] in rows.values.tolist()
        assert {key for key in values if values[key] != before[key]} == set(rows.keys)
        whole = resolved(drawing("posterior"), world)
        assert whole.review.lapse_per_year == values["review.lapse_per_year"] == whole.reference.review.lapse_per_year


def test_every_row_is_as_likely_as_any_other() -> None:
    rows = JointRows(("a",), np.arange(20.0)[:, None])
    found = [rows.at(float(Draws(world).uniform(ROW, 0)))["a"] for world in range(4000)]
    assert stats.chisquare(np.bincount(np.array(found, int), minlength=20)).pvalue > 0.001
    assert (rows.at(0.0)["a"], rows.at(np.nextafter(1, 0))["a"]) == (0.0, 19.0)


def test_a_calibrated_number_that_is_given_or_set_apart_stays_and_its_row_goes_on_without_it() -> None:
    own = load(*SMALL, "parameters=posterior", "review.delay_months=7.5")
    apart = load(*SMALL, "parameters=posterior", "parameters.except.review.delay_months=true")
    values = drawn(drawing("posterior"), 3)
    without = {key: value for key, value in values.items() if key != "review.delay_months"}
    assert drawn(own, 3) == drawn(apart, 3) == without
    assert resolved(own, 3).review.delay_months == 7.5
    assert resolved(apart, 3).review.delay_months == load().review.delay_months


def test_it_has_a_digest_of_its_own_which_other_rows_change(monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawing("posterior").digest(), drawing("posterior").world_digest()
    assert before != (drawing("prior").digest(), drawing("prior").world_digest())
    prior = drawing("prior").digest()
    assert checked_config(written(drawing("posterior"))) == drawing("posterior")
    monkeypatch.setattr(sim.settings, "posterior_digest", lambda: "another")
    assert drawing("posterior").digest() != before[0]
    assert drawing("posterior").world_digest() != before[1]
    assert drawing("prior").digest() == prior


def test_digests_are_of_numbers_and_keys_and_of_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = JointRows(("review.rho", "demand.spread"), np.array([[0.1, 0.5], [0.2, 0.6]]))
    pq.write_table(pa.table(dict(zip(rows.keys, rows.values.T, strict=True))), tmp_path / "posterior.parquet", compression="gzip")
    monkeypatch.setattr(sim.posterior, "posterior_place", lambda: tmp_path)
    assert shipped_rows().keys == rows.keys
    assert shipped_rows().values.tolist() == rows.values.tolist()
    assert posterior_digest() == digest_of(rows)
    assert digest_of(rows._replace(values=rows.values + 1e-12)) != digest_of(rows)
    assert digest_of(rows._replace(keys=("review.rho", "demand.noise"))) != digest_of(rows)


def test_without_its_file_it_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.posterior, "posterior_place", lambda: tmp_path)
    with pytest.raises(
        ConfigError, match=r"parameters.draw: found posterior, and no file .*; accepted: default, prior, or that file"
    ):
        shipped_rows()


def test_a_run_says_from_what_its_numbers_were_drawn() -> None:
    result = simulate(drawing("posterior"), 4)
    assert result.manifest["parameters"] == "posterior"
    assert result.drawn == drawn(drawing("posterior"), 4)


def test_where_numbers_lie_in_their_priors_is_known_of_draws_of_the_prior_alone() -> None:
    lies, values = shares(drawing("prior"), 6), drawn(drawing("prior"), 6)
    assert lies.keys() == values.keys()
    for key in ("review.rho", "demand.persistence", "safeguards.judge.bar"):
        prior = drawable()[key].prior
        assert prior is not None
        assert prior.quantile(lies[key]) == values[key]
    with pytest.raises(ConfigError, match=r"parameters.draw: found posterior; accepted: prior"):
        shares(drawing("posterior"), 6)


def test_the_folder_of_the_posterior_is_that_of_its_group() -> None:
    assert (posterior_place() / "posterior.yaml").is_file()
