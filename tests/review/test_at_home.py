"""A state's own cases: the power, the judge and the court in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from sim.metrics import Finished
from sim.review.at_home import AtHome, given_at_home
from sim.settings import Config
from sim.simulation import simulate
from tests.worlds import NO_JUDGE_BY_OWN_LAW, made_up, with_forces, with_review

BUSY = ("demand.abusive_odds=0.3", "states.synthetic.count=8", "states.hosting.home_default=0.6")
POWERLESS = ("states.powers.compels=0.0", "states.powers.listens=0.0")
NO_PARTY = ("instruments.hanoi.parties.base=none", "instruments.budapest.parties.base=none")


def home(**fields: object) -> AtHome:
    plain = {
        "powers": np.array([True, False]), "compels": np.array([True, False, False]), "judicial": np.array([0.5, 0.5, 1.0]),
        "own": np.array([0.2, 0.2, 0.2]), "owed": np.array([[0.8, 0.8, 0.1], [1.0, 1.0, 1.0]]),
    }  # fmt: skip
    return AtHome(**(plain | fields))  # type: ignore[arg-type]


def test_a_party_has_the_power_and_owes_the_judge_and_others_have_what_their_own_law_says() -> None:
    nobody, first = np.zeros((2, 3), bool), np.array([[True, True, True], [False] * 3])
    assert given_at_home(home(), nobody) == pytest.approx([1 - 0.5 * 0.2, 0, 0])
    assert given_at_home(home(), first) == pytest.approx([1 - 0.5 * 0.8, 1 - 0.5 * 0.8, 1 - 1.0 * 0.2])


def test_a_text_without_powers_gives_none_and_asks_for_no_judge() -> None:
    second = np.array([[False] * 3, [True, True, True]])
    assert given_at_home(home(), second) == pytest.approx([1 - 0.5 * 0.2, 0, 0])


def told(config: Config) -> tuple[float, Finished]:
    result = simulate(config, seed=4)
    rate = result.metrics.query("metric == 'domestic_rate' and by == 'all'")["value"].iloc[0]
    return float(rate), result.finished


def all_courts(judicial: float) -> str:
    return f"states.override.all.judicial={judicial}"


@pytest.mark.parametrize(("judicial", "strength"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.0), (0.0, 1.0), (0.6, 0.6)])
def test_the_rate_is_one_less_the_court_times_the_strength_where_all_have_the_power(judicial: float, strength: float) -> None:
    config = with_review(made_up(*BUSY, NO_JUDGE_BY_OWN_LAW, all_courts(judicial)), strength=strength, trait_share=0.0)
    asked = 1 - (1 - strength) ** 2  # a discretion that is used with this chance, and else a duty kept with it
    assert told(with_forces(config, "may", "judge"))[0] == pytest.approx(1 - judicial * strength, abs=1e-12)
    assert told(with_forces(config, "must", "judge"))[0] == pytest.approx(1 - judicial * asked, abs=1e-12)


def test_without_a_duty_a_discretion_at_home_is_left() -> None:
    config = with_review(made_up(*BUSY, NO_JUDGE_BY_OWN_LAW, all_courts(1.0)), strength=0.7, trait_share=0.0)
    assert told(with_forces(config, "absent", "judge"))[0] == pytest.approx(0.3)


def own_law_in(chance: float) -> tuple[str, ...]:
    """A judge by the own law of each state with this chance, whatever its courts."""
    return "safeguards.judge.own_law=must", f"states.own_law.judge.least={chance}", "states.own_law.judge.by_judicial=0.0"


@pytest.mark.parametrize("force", ["absent", "may"])
@pytest.mark.parametrize(("judicial", "strength"), [(1.0, 0.7), (0.5, 0.7), (0.6, 1.0)])
def test_own_law_is_a_duty_at_home_where_no_text_makes_it_one(judicial: float, strength: float, force: str) -> None:
    asked = 1 - (1 - strength) ** 2
    for chance, expected in ((0.0, strength), (1.0, asked)):
        config = with_review(made_up(*BUSY, *own_law_in(chance), all_courts(judicial)), strength=strength, trait_share=0.0)
        assert told(with_forces(config, force, "judge"))[0] == pytest.approx(1 - judicial * expected, abs=1e-12)


def test_the_rate_is_the_mean_of_cases_by_whether_the_states_own_law_wants_a_judge() -> None:
    config = with_review(made_up(*BUSY, *own_law_in(0.5), all_courts(0.8)), strength=0.7, trait_share=0.0)
    _, run = told(with_forces(config, "absent", "judge"))
    of_own_law = run.world.states.own_laws["judge"][run.cases.requester]
    asked = np.where(of_own_law, 1 - 0.3**2, 0.7)
    counted = (run.at_home > 0) & (run.cases.day >= run.opens)  # the months before are the reference's
    assert of_own_law[counted].any()
    assert not of_own_law[counted].all()
    assert run.at_home[counted] == pytest.approx(1 - 0.8 * asked[counted], abs=1e-12)
    assert told(with_forces(config, "must", "judge"))[0] == pytest.approx(1 - 0.8 * (1 - 0.3**2), abs=1e-12)


def test_no_power_gives_nothing_and_a_party_has_it() -> None:
    nobody, run = told(made_up(*BUSY, *POWERLESS, *NO_PARTY, "states.synthetic.liberal_share=0.0"))
    assert not run.world.states.compels.any()
    assert nobody == 0.0
    bound, _ = told(made_up(*BUSY, *POWERLESS, "states.synthetic.liberal_share=0.0"))
    assert bound > 0.5


def test_only_cases_at_home_are_counted_and_all_of_them_are_live_while_nobody_falls_silent() -> None:
    _, run = told(made_up(*BUSY))
    at_home = run.cases.abusive & run.cases.domestic
    assert at_home.sum() > 50
    assert not run.at_home[~at_home].any()
    assert not simulate(made_up(*BUSY), seed=4).absent.get("domestic_rate")


def test_a_wish_about_someone_who_has_fallen_silent_is_met_by_nobody() -> None:
    silence = ("adaptation.people.peers=true", "adaptation.exposure.chance=1.0", "adaptation.people.publicity=1.0")
    _, naive = told(made_up(*BUSY, "years=4"))
    _, silent = told(made_up(*BUSY, "years=4", *silence))
    dropped = (naive.at_home > 0) & (silent.at_home == 0)
    assert dropped.any()
    assert np.array_equal(naive.at_home[~dropped], silent.at_home[~dropped])
