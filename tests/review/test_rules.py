"""Each safeguard's rule as a table that a lawyer can read: is the ground there, and is it seen?"""

from __future__ import annotations

from math import isclose

import pytest

from sim.review import (
    desk,
    discrimination,
    dual_criminality,
    form,
    goodwill,
    judge,
    ordre_public,
    own_law,
    political_offence,
    scope,
    seriousness,
)
from sim.world.instruments import COVERED, OUTSIDE, TOO_LIGHT
from sim.world.vocabulary import CONTENT, SUBSCRIBER, TRAFFIC


@pytest.mark.parametrize(("reach", "stands"), [(COVERED, False), (OUTSIDE, True), (TOO_LIGHT, False)])
def test_scope_stands_where_the_text_does_not_reach_the_class_of_the_label(reach: int, stands: bool) -> None:
    assert scope.stands(reach) is stands


@pytest.mark.parametrize(("reach", "stands"), [(COVERED, False), (OUTSIDE, False), (TOO_LIGHT, True)])
def test_seriousness_stands_where_the_label_is_too_light(reach: int, stands: bool) -> None:
    assert seriousness.stands(reach) is stands


@pytest.mark.parametrize(
    ("test", "alleged_is_crime", "label_is_crime", "stands"),
    [
        ("conduct", True, True, False),
        ("conduct", True, False, False),  # another label for what is a crime here: no objection
        ("conduct", False, True, True),  # recharacterised: insult called extremism does not pass
        ("conduct", False, False, True),
        ("label", True, True, False),
        ("label", True, False, True),
        ("label", False, True, False),  # the test that relabelling exploits
        ("label", False, False, True),
    ],
)
def test_dual_criminality_asks_of_the_conduct_or_of_the_label(
    test: str, alleged_is_crime: bool, label_is_crime: bool, stands: bool
) -> None:
    assert dual_criminality.stands(alleged_is_crime, label_is_crime, float(test == "label")) is stands


@pytest.mark.parametrize(("quality", "stands"), [(-3.0, True), (-2.2, False), (0.0, False)])
def test_form_stands_under_the_bar_of_paperwork(quality: float, stands: bool) -> None:
    assert form.stands(quality, quality_bar=-2.2) is stands


@pytest.mark.parametrize(
    ("luck", "goodwill_there", "stands"), [(0.0, 0.0, True), (0.3, 0.5, False), (0.5, 0.5, True), (0.99, 1.0, False)]
)
def test_goodwill_is_a_chance(luck: float, goodwill_there: float, stands: bool) -> None:
    assert goodwill.stands(luck, goodwill_there) is stands


@pytest.mark.parametrize(("signal", "noise", "bar"), [(0.0, 0.0, 2.5), (9.0, 9.0, 2.5)])
def test_a_desk_never_refuses_on_a_feeling(signal: float, noise: float, bar: float) -> None:
    assert desk.stands(signal, noise, bar) is False


@pytest.mark.parametrize(("signal", "noise", "stands"), [(0.0, 2.7, True), (0.0, 2.5, False), (2.0, 0.7, True), (2.0, 0.5, False)])
def test_a_court_adds_what_it_sees_and_what_it_fears(signal: float, noise: float, stands: bool) -> None:
    assert judge.stands(signal, noise, bar=2.6) is stands


@pytest.mark.parametrize("rule", [discrimination.stands, ordre_public.stands])
@pytest.mark.parametrize(
    ("signal", "covers", "noise", "stands"),
    [
        (2.0, 1.0, 0.6, True),
        (2.0, 1.0, 0.4, False),
        (2.0, 0.3, 0.6, False),  # the same motive against somebody whom the list does not name
        (2.0, 0.0, 2.6, True),  # nobody is covered: accident alone
        (0.0, 1.0, 2.4, False),
    ],
)
def test_a_ground_weighs_the_motive_by_its_personal_scope(rule, signal: float, covers: float, noise: float, stands: bool) -> None:  # type: ignore[no-untyped-def]
    assert rule(signal=signal, covers=covers, noise=noise, bar=2.5) is stands


@pytest.mark.parametrize(
    ("alleged_is_protected", "signal", "noise", "stands"),
    [
        (True, 2.0, 0.6, True),
        (True, 2.0, 0.4, False),
        (False, 2.0, 0.6, False),  # a fabricated fraud: nothing political is narrated
        (False, 9.0, 2.4, False),
        (False, 0.0, 2.6, False),  # an ordinary crime is no political offence, however odd the file
    ],
)
def test_a_political_offence_must_be_narrated(alleged_is_protected: bool, signal: float, noise: float, stands: bool) -> None:
    assert political_offence.stands(signal, 1.0, alleged_is_protected, noise, 2.5) is stands


@pytest.mark.parametrize(("data_class", "stands"), [(SUBSCRIBER, False), (TRAFFIC, False), (CONTENT, True)])
def test_own_law_bites_the_sooner_the_more_intrusive_the_data(data_class: int, stands: bool) -> None:
    assert own_law.stands(0.0, 1.0, data_class, 0.5, noise=1.8, bar=2.5) is stands


@pytest.mark.parametrize(
    ("skill", "judicial", "effort", "seen"), [(1.0, 0.0, 1.0, 1.0), (0.8, 0.0, 0.25, 0.4), (0.0, 1.0, 1.0, 0.0)]
)
def test_a_desk_sees_by_skill_and_by_the_root_of_effort(skill: float, judicial: float, effort: float, seen: float) -> None:
    assert isclose(desk.acuity(skill, effort), seen)


@pytest.mark.parametrize(("judicial", "seen"), [(0.0, 0.0), (0.7, 0.7)])
def test_a_captured_court_sees_nothing(judicial: float, seen: float) -> None:
    assert judge.acuity(judicial) == seen
