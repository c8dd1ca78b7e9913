"""The short way by which tests come to many configurations ends where ``load`` does."""

import pytest

from sim.config import load
from sim.world.record import ConfigError
from tests.worlds import SMALL, quick, sorted_out


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("states=synthetic", "scenario=judge"),
        (*SMALL, "scenario=judge", "review.rho=0.3", "review.hours_median=4", "demand.abusive_wants=null"),
        ("+states.hosting.factor.IRL=0.5", "start=2031-02-01", "run_in_months=6", "conduct=adaptive", "conduct.appetite=0.5"),
        ("people.rows=900", "scenario=judge", "reforms=everywhere", "instruments.hanoi.threshold_years=6"),
        ("safeguards.discrimination.covers.lgbtq=1.0", "states.treaties.density=-3", "offences.fraud.harm=0.2", "seeds=3"),
    ],
)
def test_what_is_quickly_made_is_what_is_loaded(overrides: tuple[str, ...]) -> None:
    made, loaded = quick(*overrides), load(*overrides)
    assert made == loaded
    assert (made.digest(), made.world_digest()) == (loaded.digest(), loaded.world_digest())


def test_choices_are_composed_and_numbers_are_set() -> None:
    asked = ("scenario=judge", "years=3", "+a.b=1", "conduct=adaptive", "demand.scale=2", "a.list=[1,2]", "design=own.yaml")
    assert sorted_out(asked) == (("years=3", "demand.scale=2"), tuple(o for o in asked if o not in ("years=3", "demand.scale=2")))
    assert sorted_out(("years=3", "reforms=everywhere")) == ((), ("years=3", "reforms=everywhere"))


@pytest.mark.parametrize("wrong", ["review.rho=2", "years=0", "demand.scales=1"])
def test_what_is_refused_is_refused_in_the_same_words(wrong: str) -> None:
    with pytest.raises(ConfigError) as quickly:
        quick(wrong)
    with pytest.raises(ConfigError) as loaded:
        load(wrong)
    assert str(quickly.value).partition("; accepted")[0] == str(loaded.value).partition("; accepted")[0]
