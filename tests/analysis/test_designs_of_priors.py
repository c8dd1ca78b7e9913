"""A design that says ``prior`` in place of bounds draws as the register has it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.design.designs import PRIOR_ENDS, Design, Uncertainty, design_from
from experiments.design.sampling import ends_of, parameter_draws, unit_draws, unit_of
from sim.register import drawable
from sim.world.record import ConfigError

KEYS = ("review.rho", "review.lapse_per_year", "demand.abusive_odds")


def design(draw: str = "latin_hypercube", **said: object) -> Design:
    asked = {"question": "what if?", "draw": draw, "size": 64, "uncertainties": dict.fromkeys(KEYS, "prior"), **said}
    return design_from(asked, "made up")


def test_draws_are_quantiles_of_the_priors_between_5_and_95_per_cent() -> None:
    draws, unit = parameter_draws(design()), unit_draws(design())
    first, last = PRIOR_ENDS
    for place, key in enumerate(KEYS):
        prior = drawable()[key].prior
        assert prior is not None
        wanted = [prior.quantile(float(first + share * (last - first))) for share in unit[:, place]]
        assert draws[key].tolist() == pytest.approx(wanted)
        assert np.median(draws[key]) == pytest.approx(prior.quantile(0.5), rel=0.05)


def test_ends_are_those_of_the_prior_and_not_of_its_support() -> None:
    values = {end.key: [] for end in ends_of(design("ends"))}  # type: dict[str, list[object]]
    for end in ends_of(design("ends")):
        values[end.key].append(end.value)
    for key in KEYS:
        prior = drawable()[key].prior
        assert prior is not None
        assert values[key] == pytest.approx([prior.quantile(share) for share in PRIOR_ENDS])


def test_a_part_of_a_key_stands_for_all_numbers_below_it_that_have_a_prior() -> None:
    below = {key for key in drawable() if key.startswith("demand.direct.")}
    asked = design(uncertainties={"demand.direct": "prior"})
    assert set(asked.uncertainties) == below
    assert len(below) > 5


def test_whole_numbers_stay_whole() -> None:
    whole = next(key for key, one in drawable().items() if one.prior is not None and one.prior.whole)
    draws = parameter_draws(design(uncertainties={whole: "prior"}))
    assert all(isinstance(value, int) for value in draws[whole].tolist())


def test_a_place_in_the_unit_cube_is_found_again_from_its_value() -> None:
    asked = design(size=8)
    unit, draws = unit_draws(asked), parameter_draws(asked)
    for place, key in enumerate(KEYS):
        found = [unit_of(float(value), asked.uncertainties[key]) for value in draws[key]]
        assert found == pytest.approx(unit[:, place].tolist(), abs=1e-6)


def test_a_design_is_read_again_as_it_was_written() -> None:
    asked = design()
    assert design_from(asked.model_dump(), "again") == asked
    assert parameter_draws(design_from(asked.model_dump(), "again")).equals(parameter_draws(asked))


def test_what_is_no_number_with_a_prior_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"uncertainties: review.roh: no number with a prior stands there; .*did you mean"):
        design(uncertainties={"review.roh": "prior"})
    with pytest.raises(ConfigError, match=r"prior is what the word prior stands for in place of bounds; accepted: KEY: prior"):
        design(uncertainties={"review.rho": {"low": 0.1, "high": 0.5, "shape": "prior"}})
    with pytest.raises(ValueError, match="in place of bounds"):
        Uncertainty(low=0.1, high=0.5, prior="review.rho")
