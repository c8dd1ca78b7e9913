"""Every table of an analysis names its limits alike, and they hold what they say: worlds, simulation error, or draws."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.record import Analysis
from experiments.design.designs import Design, Uncertainty
from experiments.design.points import _against
from experiments.design.sampling import combinations_of, parameter_draws
from experiments.settings import ANALYSES, StudyConfig, conduct_of_study
from experiments.store.outcomes import ArrayStudy, Outcome, outcomes_from
from experiments.studies.analyse import _module
from sim.config import load
from sim.settings import Config
from tests.shares import one_in

CASES, NEEDS = Outcome("case_disclosure_rate"), Outcome("legit_met_rate")
WORLDS, SIZE = 5, 24
TINY = 1e-5  # of a per cent: Fieller takes the root of what rounding leaves
NAMED = re.compile(r"(?:\w+_)?(?:world|error|draw|draw_error)_(?:low|high)")
ENDS_OF_A_BOX = {
    "discovery": {"low", "high", "x_low", "x_high", "y_low", "y_high"},
    "assumptions": {"low", "high"},  # of a span, each with the assumption that makes it
}  # ends of a range, no limits of a number
NUMBERS = {f"review.x{k}": Uncertainty(low=0.0, high=1.0) for k in range(2)}
QUICK = {
    "conclusions": {"shuffles": 100},
    "frontier": {"splits": 10},
    "robustness": {"resamples": 40},
    "discovery": {"permutations": 19, "resamples": 10, "fails_below": 10.0, "fewest": 2},
    "sensitivity": {"resamples": 60},
}
DRAWN = {"uncertainties": NUMBERS, "draw": "latin_hypercube", "size": SIZE}
LINES = {str(years): {"instruments.hanoi.threshold_years": years} for years in (4, 2, 6, 8)}
DESIGNS = {
    "sensitivity": [
        Design(question="what if?", **(DRAWN | {"size": 64})),
        Design(question="what if?", uncertainties=NUMBERS, draw="sobol", size=16),
        Design(question="what if?", uncertainties=NUMBERS, draw="morris", size=8),
    ],
    "attribution": [Design(question="what if?", levers={"a": "a", "b": "b"}, **DRAWN)],
    "frontier": [Design(question="what if?", levers={"a": "a", "b": "b"}, **DRAWN)],
    "robustness": [Design(question="what if?", levers={"a": "a", "b": "b"}, **DRAWN)],
    "discovery": [Design(question="what if?", levers={"a": "a", "b": "b"}, **(DRAWN | {"size": 96}))],
    "threshold": [Design(question="what if?", levers={"line": LINES}, **DRAWN)],
    "assumptions": [Design(question="what if?", levers={"a": "a", "b": "b"}, uncertainties=NUMBERS, draw="ends")],
    "conclusions": [Design(question="what if?", scenarios=["as_adopted", "judge", "notice"])],
}
WORLDS_ARE_DRAWS = ("conclusions",)  # each world draws all numbers: one range holds both
NO_RANGE_OVER_WORLDS = ("discovery", *WORLDS_ARE_DRAWS)
EVERY = [(name, place) for name, designs in DESIGNS.items() for place in range(len(designs))]


def points_of(design: Design) -> pd.DataFrame:
    policies = combinations_of(design) if design.levers else [{}]
    rows = [
        {"scenario": scenario, "condition": "", "draw": draw} | levers | values
        for scenario in design.scenarios or [design.baseline]
        for levers in policies
        for draw, values in enumerate(parameter_draws(design).to_dict("records"))
    ]
    frame = pd.DataFrame(rows)
    frame.insert(0, "point", [f"p{number:04}" for number in range(len(frame))])
    frame.insert(1, "place", range(len(frame)))
    frame["against"] = _against(frame, design, [("", "")] * len(frame))
    return frame


@cache
def analysed(name: str, place: int, worlds: bool, draws: bool) -> Analysis:
    """One analysis of a study whose outcomes depend on the policy, and on worlds or draws or both."""
    design, rng = DESIGNS[name][place], np.random.default_rng(3)
    points = points_of(design)
    strength = sum((points[lever] == "on") * (0.10 + 0.07 * k) for k, lever in enumerate(design.levers))
    if "line" in points:
        strength = points["line"].astype(float) / 20
    if design.scenarios:
        strength = np.array([{"judge": 0.1, "notice": 0.17}.get(name, 0.0) for name in points["scenario"]])
    x0, x1 = (
        points[key].to_numpy(float, na_value=0.5) if draws and key in points else np.full(len(points), 0.5) for key in NUMBERS
    )
    saved = np.asarray(strength + np.zeros(len(points))) * 2 * x0
    cases = (0.2 + 0.1 * x1**2 + 0.05 * x0 * x1) * (1 - saved)
    needs = (0.6 - 0.1 * x1) * (1 - 0.1 * saved)
    held = {}
    for outcome, means in ((CASES, cases), (NEEDS, needs)):
        common, of_policy = rng.normal(size=WORLDS), rng.normal(size=WORLDS)
        noise = 0.01 * common + 0.02 * np.asarray(strength + np.zeros(len(points)))[:, None] * of_policy  # alike in every draw
        if not design.levers:
            noise = noise + 0.01 * rng.normal(size=(len(points), WORLDS))  # what worlds do alike moves no index
        held[outcome] = outcomes_from(outcome, points, (means[:, None] + worlds * noise)[:, :, None])
    return _module(name).analyse(ArrayStudy("told", design, points, config_of(name), quick(), Path(), held), CASES)


@cache
def config_of(name: str) -> Config:
    return load(*(["parameters=prior"] if name in WORLDS_ARE_DRAWS else []))


@cache
def quick() -> StudyConfig:
    """The standard settings of analyses, but for numbers that take time."""
    asked = conduct_of_study()
    return asked.model_copy(update={"analysis": {name: {**own, **QUICK.get(name, {})} for name, own in asked.analysis.items()}})


def limits_of(table: pd.DataFrame) -> list[str]:
    return [str(column) for column in table.columns if re.search(r"(?:^|_)(?:low|high)$", str(column))]


def widths(found: Analysis, kind: str) -> list[float]:
    """Of every interval of a kind that has bounds, over all tables."""
    out: list[float] = []
    for table in found.tables.values():
        told = table[~table["measure"].str.contains("share")] if "measure" in table else table  # Wilson's limits always stand apart
        for low in [column for column in limits_of(told) if column.endswith(f"{kind}_low")]:
            apart = (told[low.removesuffix("low") + "high"] - told[low]).to_numpy(float)
            out += apart[~np.isnan(apart)].tolist()
    return out


def errors(found: Analysis) -> list[float]:
    """Widths of simulation errors over worlds, and not of those over draws."""
    own = {name: table[[column for column in table if "draw_error" not in column]] for name, table in found.tables.items()}
    return widths(found._replace(tables=own), "error")


def test_every_analysis_is_looked_at() -> None:
    assert {*DESIGNS, "calibrate"} == set(ANALYSES)  # which reads no outcome and says nothing over worlds


@pytest.mark.parametrize(("name", "place"), one_in(2, EVERY))
def test_limits_in_tables_and_figures_say_whether_they_hold_worlds_or_draws(name: str, place: int) -> None:
    found = analysed(name, place, worlds=True, draws=True)
    frames = found.tables | {f"drawing {drawing.name}": drawing.frame for drawing in found.drawings}
    odd = {
        (title, column)
        for title, frame in frames.items()
        for column in limits_of(frame)
        if not NAMED.fullmatch(column) and column not in ENDS_OF_A_BOX.get(name, ())
    }
    assert odd == set()
    assert (name == "discovery") == (not any(NAMED.fullmatch(column) for frame in frames.values() for column in limits_of(frame)))


@pytest.mark.parametrize(("name", "place"), one_in(2, EVERY))
def test_limits_of_a_kind_are_a_pair_and_a_row_with_several_values_says_of_which(name: str, place: int) -> None:
    for table in analysed(name, place, worlds=True, draws=True).tables.values():
        named = [column for column in limits_of(table) if NAMED.fullmatch(column)]
        values = {re.sub(r"(?:^|_)(?:world|draw_error|error|surrogate_draw|draw)_(?:low|high)$", "", column) for column in named}
        assert all(column.removesuffix("low") + "high" in named for column in named if column.endswith("low"))
        assert values <= {""} or (values <= set(table.columns) and "" not in values)


@pytest.mark.parametrize(("name", "place"), one_in(2, [case for case in EVERY if case[0] not in NO_RANGE_OVER_WORLDS]))
def test_limits_over_worlds_hold_worlds_and_no_draws(name: str, place: int) -> None:
    assert max(widths(analysed(name, place, worlds=False, draws=True), "world")) < TINY
    assert max(widths(analysed(name, place, worlds=True, draws=True), "world")) > 1e-3


@pytest.mark.parametrize("name", ["attribution", "robustness", "threshold"])
def test_limits_over_draws_hold_draws_and_no_worlds(name: str) -> None:
    assert max(widths(analysed(name, 0, worlds=True, draws=False), "draw")) < TINY
    assert max(widths(analysed(name, 0, worlds=False, draws=True), "draw")) > 1e-3


@pytest.mark.parametrize("place", range(len(DESIGNS["sensitivity"])))
def test_limits_over_draws_of_an_index_stand_where_worlds_are_quiet(place: int) -> None:
    assert max(widths(analysed("sensitivity", place, worlds=False, draws=True), "draw_error")) > 1e-3


@pytest.mark.parametrize(("name", "place"), one_in(2, [case for case in EVERY if case[0] not in NO_RANGE_OVER_WORLDS]))
def test_simulation_errors_over_worlds_hold_worlds_and_no_draws(name: str, place: int) -> None:
    assert max(errors(analysed(name, place, worlds=False, draws=True))) < TINY
    assert max(errors(analysed(name, place, worlds=True, draws=True))) > 1e-3


@pytest.mark.parametrize(("name", "place"), one_in(2, EVERY))
def test_a_table_with_limits_over_worlds_says_how_many_and_in_how_many_the_sign_holds(name: str, place: int) -> None:
    for title, table in analysed(name, place, worlds=True, draws=True).tables.items():
        if any(column.endswith("world_low") for column in table):
            assert (table["worlds"].dropna() == WORLDS).all(), title
        if "clear" in table:
            assert not table["clear"].any(), title  # on five worlds there is no verdict
        if "adjusted_p" in table:
            assert table["adjusted_p"].isna().all(), title
