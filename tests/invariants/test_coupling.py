"""A further safeguard never grants more, case by case, under the conditions of model.md 7.5: an inclusion of sets, with no slack.

Conditions: fixed filings (everything is filed, each under the first text in force), no load, one attempt, no firm that tells its
user. Under a notice it need not hold: the earlier of two tellings counts, and a longer reading may let a gag end. What is compared
is the class of data disclosed in every single request; luck is shared, so that one violation refutes the coupling.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.metrics import Finished
from sim.settings import Config
from sim.world.snapshot import World
from tests.safeguards import covering, judged, stricter
from tests.shares import one_in
from tests.worlds import NO_FIRM_TELLS, NO_OWN_LAW, bare_world, ended, made_up, started, with_forces, with_review, with_safeguard

FIXED = (
    *("review.load=false", "conduct.file_everything=true", "conduct.fall_through=false", "demand.abusive_odds=0.1"),
    NO_FIRM_TELLS,
)
SEEDS = (1, 2)
SAFEGUARDS = judged()
"""All but the person, whose look tells the person, and what acts on states or after disclosure."""
NEVER_BITE = ("scope",)  # no text leaves a class out
SELDOM = ("research_exempt",)  # too little research under a label of access in a small world; its own tests show that it bites


def fixed(*overrides: str) -> Config:
    """Filings are fixed, and the central unit forgets: what it stops today lowers no bar tomorrow."""
    return with_safeguard(made_up(*FIXED, *overrides), "panel", memory=0.0)


@lru_cache(maxsize=4)
def world_of(seed: int) -> World:
    return bare_world(made_up(*FIXED), seed)


def run_of(config: Config, seed: int) -> Finished:
    return ended(started(config, world_of(seed), seed))


def given(run: Finished) -> NDArray[np.int8]:
    return run.docket.granted


def stronger_gives_no_more(weak: Config, strong: Config) -> int:
    """How many requests the stronger rule answers with less; asserts that it answers none with more."""
    less = 0
    for seed in SEEDS:
        one, other = run_of(weak, seed), run_of(strong, seed)
        for column in ("case", "requested", "instrument", "label", "alleged", "kind", "channel", "filed_day"):
            assert np.array_equal(getattr(one.docket, column), getattr(other.docket, column)), "filings must be fixed"
        assert one.docket.case.size > 5000
        assert not (given(other) > given(one)).any(), f"{(given(other) > given(one)).sum()} got more"
        less += int((given(other) < given(one)).sum())
    return less


@pytest.mark.parametrize("name", one_in(4, SAFEGUARDS))
@pytest.mark.parametrize(("weak", "strong"), [("absent", "may"), ("may", "must")])
def test_a_stronger_force_never_grants_more(name: str, weak: str, strong: str) -> None:
    """Without own law, beside which a text's word may add nothing: what own law keeps is kept whatever a text allows."""
    usual = fixed(*NO_OWN_LAW)
    less = stronger_gives_no_more(with_forces(usual, weak, name), with_forces(usual, strong, name))
    bites = name not in NEVER_BITE and not (weak == "may" and usual.safeguards[name].certain)
    assert name in SELDOM or (less > 0) == bites, f"{less} got less"


@pytest.mark.parametrize(("weak", "strong"), [("absent", "may"), ("may", "must")])
def test_safeguards_together_never_grant_more(weak: str, strong: str) -> None:
    names = [name for name in SAFEGUARDS if not fixed().safeguards[name].certain]
    assert stronger_gives_no_more(with_forces(fixed(), weak, *names), with_forces(fixed(), strong, *names)) > 0


def test_a_central_unit_that_binds_never_grants_more_than_none() -> None:
    binding = with_safeguard(fixed(), "panel", binding=True)
    assert stronger_gives_no_more(with_forces(binding, "absent", "panel"), with_forces(binding, "must", "panel")) > 0


def test_scope_bites_where_a_text_leaves_a_class_out() -> None:
    def narrow(config: Config) -> Config:
        text = config.instruments["hanoi"]
        reaches = {**text.reaches, "D": "never"}
        return config.model_copy(
            update={"instruments": {**config.instruments, "hanoi": text.model_copy(update={"reaches": reaches})}}
        )

    assert stronger_gives_no_more(fixed(), narrow(fixed())) > 0


@pytest.mark.parametrize("instrument", ["hanoi", "budapest", "comity"])
def test_a_reform_of_one_text_takes_only_from_requests_under_it(instrument: str) -> None:
    """Without own law: a state whose own law has a judge asks one under every text, and a reform that asks for one adds little."""
    usual = fixed(*NO_OWN_LAW)
    reformed = with_forces(usual, "must", "discrimination", "political_offence", "judge", instruments=[instrument])
    runs = [(run_of(usual, seed), run_of(reformed, seed)) for seed in SEEDS]
    changed = [given(one) != given(other) for one, other in runs]
    assert sum(rows.sum() for rows in changed) > 10
    for (one, _), rows in zip(runs, changed, strict=True):
        assert set(np.array(one.instruments)[one.docket.instrument[rows]]) <= {instrument}


@pytest.mark.parametrize(
    ("name", "field", "weak", "strong"),
    one_in(3, stricter()),
)
def test_a_lower_bar_never_grants_more(name: str, field: str, weak: float, strong: float) -> None:
    config = with_forces(fixed(), "must", "discrimination", "political_offence", "ordre_public", "own_law", "judge", "form", name)
    one, other = (with_safeguard(config, name, **{field: value}) for value in (weak, strong))
    assert stronger_gives_no_more(one, other) > 0


@pytest.mark.parametrize("field", ["bar", "insight"])
def test_a_lower_bar_of_a_central_unit_that_binds_never_grants_more(field: str) -> None:
    config = with_safeguard(with_forces(fixed(), "must", "panel"), "panel", binding=True)
    usual = getattr(config.safeguards["panel"], field)
    strong = with_safeguard(config, "panel", **{field: usual - 1.0 if field == "bar" else usual + 1.0})
    assert stronger_gives_no_more(config, strong) > 0


@pytest.mark.parametrize("name", covering())
def test_wider_coverage_never_grants_more(name: str) -> None:
    config = with_forces(fixed(), "must", name)
    groups = config.safeguards[name].covers  # type: ignore[attr-defined]
    bars = {"desk": 1.5}
    config = with_safeguard(config, "desk", bar=bars["desk"])
    wide = with_safeguard(config, name, covers=dict.fromkeys(groups, 1.0))
    narrow = with_safeguard(config, name, covers={group: 0.5 * value for group, value in groups.items()})
    assert stronger_gives_no_more(narrow, wide) > 0


def test_wider_coverage_touches_no_file_on_an_ordinary_suspect() -> None:
    config = with_forces(fixed(), "must", "discrimination")
    wide = with_safeguard(config, "discrimination", covers=dict.fromkeys(config.safeguards["discrimination"].covers, 1.0))  # type: ignore[attr-defined]
    one, other = run_of(config, 1), run_of(wide, 1)
    changed = one.docket.status != other.docket.status
    assert changed.any()
    assert one.cases.abusive[one.docket.case[changed]].all()


@pytest.mark.parametrize("seriousness", ["penalty", "penalty_and_harm"])
@pytest.mark.parametrize("years", [(1.0, 4.0), (4.0, 10.0)])
def test_a_higher_threshold_never_grants_more(seriousness: str, years: tuple[float, float]) -> None:
    """At a low floor of harm, where it is read: hardly any crime above the usual one carries less than four years."""
    usual = (f"instruments.hanoi.seriousness={seriousness}", "instruments.hanoi.harm_floor=0.3")
    one, other = (fixed(*usual, f"instruments.hanoi.threshold_years={value}") for value in years)
    assert stronger_gives_no_more(one, other) > 0


@pytest.mark.parametrize("seriousness", ["harm", "penalty_and_harm"])
def test_a_higher_floor_of_harm_never_grants_more(seriousness: str) -> None:
    one, other = (
        fixed(f"instruments.hanoi.seriousness={seriousness}", f"instruments.hanoi.harm_floor={value}") for value in (0.2, 0.6)
    )
    assert stronger_gives_no_more(one, other) > 0


@pytest.mark.parametrize("other", ["harm", "grave"])
def test_a_penalty_and_a_harm_together_are_stricter_than_either(other: str) -> None:
    strict = "instruments.hanoi.threshold_years=10"  # hardly any grave crime carries less than four
    kinds = (f"penalty_and_{other}", "penalty", other)
    both, penalty, harm = (fixed(f"instruments.hanoi.seriousness={kind}", strict) for kind in kinds)
    assert stronger_gives_no_more(penalty, both) > 0
    assert stronger_gives_no_more(harm, both) > 0


@pytest.mark.parametrize(("field", "weak", "strong"), [("uptake_max", 0.1, 0.9), ("fidelity_floor", 0.0, 1.0)])
def test_a_readier_reviewer_never_grants_more(field: str, weak: float, strong: float) -> None:
    config = with_forces(fixed(), "must", "discrimination", "judge")
    one, other = (with_review(config, **{field: value}) for value in (weak, strong))
    assert stronger_gives_no_more(one, other) > 0


def test_more_suspicion_between_two_states_never_grants_more() -> None:
    config = with_forces(fixed(), "must", "discrimination", "judge")
    one, other = (ended(started(config, world_of(1), 1, reading={"pair_bar": np.full((12, 12), bar)})) for bar in (0.5, -0.5))
    assert not (given(other) > given(one)).any()
    assert (given(other) < given(one)).any()


@pytest.mark.parametrize("name", ["visible.honest", "visible.recharacterised", "visible.fabricated", "visible.selective"])
def test_a_plainer_motive_never_grants_more(name: str) -> None:
    config = with_forces(fixed(), "must", "discrimination", "political_offence", "judge")
    field = name.split(".")[1]
    more = with_review(
        config, visible=config.review.visible.model_copy(update={field: getattr(config.review.visible, field) + 1.5})
    )
    assert stronger_gives_no_more(config, more) > 0


def test_parking_more_never_grants_more() -> None:
    """Without load a parked file is answered like any other; it cannot be answered sooner than one that was not parked."""
    assert stronger_gives_no_more(made_up(*FIXED), with_safeguard(made_up(*FIXED), "desk", park_bar=0.0)) >= 0


def test_a_desk_that_parks_never_grants_more_than_none() -> None:
    none, one = (with_forces(made_up(*FIXED), force, "desk") for force in ("absent", "must"))
    assert stronger_gives_no_more(none, one) > 0
