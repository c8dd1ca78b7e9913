"""How well unknown maximum penalties are guessed: each known one predicted from the others."""

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.config import load
from sim.settings import Config
from sim.sources.imputation import leave_one_out
from sim.sources.tables import read_penalties
from sim.sources.worlds import build_world
from sim.world.breadth import covering

LINE = 4.0  # years, Art 2(h)


@pytest.fixture(scope="module")
def config() -> Config:
    return load()


@pytest.fixture(scope="module")
def predicted(config: Config) -> pd.DataFrame:
    return leave_one_out(read_penalties(), config.offences, config.states.penalty_shrinkage, LINE)


def brier(frame: pd.DataFrame) -> tuple[float, float]:
    """Of the prediction that a cell is serious, and of the share of serious cells as everybody's prediction."""
    serious = frame["serious"].astype(float)
    return float(((frame["predicted_serious"] - serious) ** 2).mean()), float(((serious.mean() - serious) ** 2).mean())


def test_a_cell_is_predicted_from_the_others_alone(config: Config, predicted: pd.DataFrame) -> None:
    table = read_penalties()
    for cell in predicted.itertuples(index=False):
        block = config.offences[str(cell.offence)]
        others = table[(table["offence"] == cell.offence) & (table["code"] != cell.code) & (table["max_years"] > 0)]
        logs = [math.log(years) for years in others["max_years"]]
        shrinkage = config.states.penalty_shrinkage
        centre = (shrinkage * math.log(block.penalties.median_years) + sum(logs)) / (shrinkage + len(logs))
        law = NormalDist(centre, block.penalties.spread)
        assert cell.predicted_median == pytest.approx(math.exp(centre))
        assert cell.low == pytest.approx(math.exp(law.inv_cdf(0.1)))
        assert cell.high == pytest.approx(math.exp(law.inv_cdf(0.9)))
        assert cell.predicted_serious == pytest.approx(1 - law.cdf(math.log(LINE)))
        assert cell.inside == (cell.low <= cell.max_years <= cell.high)
        assert cell.serious == (cell.max_years >= LINE)


def test_every_known_crime_is_predicted_once(predicted: pd.DataFrame) -> None:
    table = read_penalties()
    assert len(predicted) == int((table["max_years"] > 0).sum())
    assert not predicted.duplicated(["code", "offence"]).any()


def test_without_shrinkage_the_known_cells_alone_decide(config: Config) -> None:
    table = pd.DataFrame({"code": ["AAA", "BBB", "CCC"], "offence": "insult", "max_years": [2.0, 8.0, 32.0]})
    alone = leave_one_out(table, config.offences, 0.0, LINE)
    assert np.allclose(alone["predicted_median"], [16.0, 8.0, 4.0])
    prior = leave_one_out(table, config.offences, 1e12, LINE)
    assert np.allclose(prior["predicted_median"], config.offences["insult"].penalties.median_years)


def report(predicted: pd.DataFrame) -> str:
    inside, count = int(predicted["inside"].sum()), len(predicted)
    above = int((predicted["max_years"] > predicted["high"]).sum())
    ours, base = brier(predicted)
    return (
        f"the 80 % interval holds {inside} of {count} ({inside / count:.0%}), {above} of {count - inside} misses lie above it; "
        f"Brier score {ours:.3f}, base rate {base:.3f}"
    )


def test_the_interval_holds_as_many_cells_as_it_claims(predicted: pd.DataFrame) -> None:
    """44 of 61 (72 %): fewer than claimed, within binomial reason; 13 of the 17 misses are laws graver than the interval."""
    inside = int(predicted["inside"].sum())
    chance = stats.binomtest(inside, len(predicted), 0.8).pvalue
    assert chance > 0.05, report(predicted)


def test_seriousness_is_guessed_better_than_by_the_base_rate(predicted: pd.DataFrame) -> None:
    ours, base = brier(predicted)
    assert ours < base, report(predicted)


def test_the_report_says_how_well_it_went(predicted: pd.DataFrame) -> None:
    assert report(predicted) == (
        "the 80 % interval holds 44 of 61 (72%), 13 of 17 misses lie above it; Brier score 0.176, base rate 0.185"
    )


def test_a_further_offence_changes_no_draw_of_the_others(config: Config) -> None:
    """Draws are named by offences: a maximum, a breadth and what it covers stay what they are, whoever joins the list."""
    further = {**config.offences, "another": config.offences["intimate_images"]}
    few, more = (
        build_world(config.states, config.people.model_copy(update={"rows": 500}), config.demand, offences, 1)
        for offences in (config.offences, further)
    )
    kept = [more.offences.names.index(name) for name in few.offences.names]
    assert len(more.offences.names) == len(kept) + 1
    assert np.array_equal(more.states.penalties[:, kept], few.states.penalties, equal_nan=True)
    assert np.array_equal(more.states.breadth[:, kept], few.states.breadth)
    broad = [replace(world, states=replace(world.states, breadth=np.full_like(world.states.breadth, 0.5))) for world in (few, more)]
    assert np.array_equal(covering(broad[1])[:, kept][:, :, kept], covering(broad[0]))
