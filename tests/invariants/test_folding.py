"""A run without rows is the same run: the same events, every estimand to the last bit, and a docket that does not grow."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from sim import folding, simulation
from sim.config import key_of, load
from sim.errors import ConfigError, RogatoryError
from sim.metrics import Given, given_of
from sim.month import advance
from sim.result import Result
from sim.run import Run, finish
from sim.simulation import prepare
from tests.twin.test_docking import CORNERS, ROUGH

SEED = 5
SHORT = 5  # months of a page: some cases outlast several
EVERYDAY = (
    *("naive", "adaptive, endless hours", "every safeguard everywhere", "suspended at once"),
    *("joining, trained and hired", "spyware"),
)


def words_of(corner: str, *words: str) -> list[str]:
    """A small world in which much is rare, with what is special in this corner, and ``words`` above both."""
    found = list[str]()
    for said in (words, CORNERS[corner], ROUGH):
        keys = {key_of(word) for word in found}
        found += [word.removeprefix("+") if key_of(word) == "run_in_months" else word for word in said if key_of(word) not in keys]
    return found


def whole(*words: str, rows: bool) -> tuple[Run, Result]:
    run = prepare(load(*words), SEED, rows=rows)
    while run.month < run.months:
        advance(run)
    return run, Result(finish(run), run.config, SEED)


@cache
def with_rows(corner: str) -> tuple[Run, Result]:
    return whole(*words_of(corner), rows=True)


def assert_same_disclosures(one: Given, other: Given) -> None:
    assert np.array_equal(one.case, other.case)
    assert np.array_equal(one.day, other.day)
    for by, codes in one.codes.items():
        assert np.array_equal(codes, other.codes[by]), by


def check(corner: str) -> None:
    (kept, told), (folded, counted) = with_rows(corner), whole(*words_of(corner), rows=False)
    pd.testing.assert_frame_equal(told.metrics, counted.metrics, check_exact=True)
    assert told.absent == counted.absent
    assert np.array_equal(told.counts.hours, counted.counts.hours)
    assert_same_disclosures(given_of(told.finished), given_of(counted.finished))
    pd.testing.assert_frame_equal(told.people, counted.people)
    for name in ("spent", "backlog", "effort", "waiting", "parked", "screening", "debt", "held"):
        assert np.array_equal(getattr(kept.queue, name), getattr(folded.queue, name)), name
    assert np.array_equal(kept.expression, folded.expression)
    assert np.array_equal(kept.mind.volume, folded.mind.volume)
    assert np.array_equal(kept.mind.value, folded.mind.value)
    assert np.array_equal(kept.in_force, folded.in_force)
    assert folded.cases.id.size < kept.cases.id.size
    assert folded.cases.abusive.sum() == kept.cases.abusive.sum()


@pytest.mark.parametrize("corner", EVERYDAY)
def test_a_run_without_rows_is_the_same_run(corner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "PAGE", SHORT)
    check(corner)


@pytest.mark.slow
@pytest.mark.parametrize("page", [1, 12, 24])
@pytest.mark.parametrize("corner", CORNERS)
def test_so_it_is_in_every_corner_and_with_pages_of_any_length(corner: str, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "PAGE", page)
    check(corner)


@pytest.mark.parametrize("corner", ["naive", "adaptive"])
def test_cases_that_are_drawn_page_by_page_are_those_that_runs_share(corner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_rows(corner)
    monkeypatch.setattr(folding, "PAGE", SHORT)
    monkeypatch.setattr(simulation, "_CASES_SHARED", 0)
    monkeypatch.setattr(simulation, "kept_latent_cases", lambda *_: pytest.fail("drawn at once"))
    check(corner)


def most_held(years: int) -> tuple[int, int]:
    """The most rows of the docket, and ordinary needs, that a run without rows holds at once after its first pages."""
    run, rows, needs = prepare(load(*words_of("naive", f"years={years}")), SEED, rows=False), 0, 0
    while run.month < run.months:
        advance(run)
        if run.month > 2 * folding.PAGE:
            about_needs = ~run.cases.abusive[run.docket.case[: run.docket.used[0]]]
            rows, needs = max(rows, int(about_needs.sum())), max(needs, int((~run.cases.abusive).sum()))
    return rows, needs


def test_what_a_run_without_rows_holds_of_ordinary_needs_does_not_grow_with_its_years() -> None:
    (rows, needs), (later_rows, later_needs) = most_held(6), most_held(24)
    assert rows > 300
    assert later_rows < 1.25 * rows
    assert later_needs < 1.25 * needs


def test_tables_that_want_rows_say_that_there_are_none() -> None:
    _, result = whole(*words_of("naive"), rows=False)
    for name in ("requests", "cases", "monthly"):
        with pytest.raises(
            RogatoryError, match=r"^rows: found False: cases and requests were counted and not kept; accepted: True"
        ):
            getattr(result, name)


def test_a_user_s_own_estimand_wants_rows() -> None:
    config = load(*words_of("naive"))
    own = config.model_copy(update={"metrics": config.metrics.model_copy(update={"own": {"mine": object()}})})
    with pytest.raises(ConfigError, match=r"^rows: found False with own estimands"):
        prepare(own, SEED, rows=False)
