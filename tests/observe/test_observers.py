"""Observers of a run: they see what is published, nothing hidden, each its own, and they move nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from experiments.settings import conduct_of_study
from sim.config import load
from sim.draws import Draws
from sim.metrics import Finished
from sim.observe.files import Filed, filed_in
from sim.observe.firms import Report, reports_of, rows_of_firms
from sim.observe.measures import in_bands
from sim.observe.published import observed_rows
from sim.observe.registers import rows_of_registers
from sim.observe.rows import Row
from sim.observe.spec import ObserveSpec
from sim.result import Result
from sim.simulation import simulate
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    EXECUTED,
    FORMAL,
    IN_PART,
    LAPSED,
    PENDING,
    REFUSED,
    WITHDRAWN,
)
from tests.worlds import SMALL

SAFEGUARDS = ("form", "judge")
TEXTS = ("mlat", "hanoi")
CLOSES = 2 * DAYS_PER_YEAR


@cache
def spec() -> ObserveSpec:
    return conduct_of_study().observe


@cache
def result(*overrides: str) -> Result:
    return simulate(load(*SMALL, *overrides), seed=3)


@cache
def reached() -> ObserveSpec:
    """With firms that half of the made-up states reach by formal requests."""
    codes = result().finished.world.states.codes
    return spec().model_copy(update={"mla_hosts": dict.fromkeys(codes[::2], True)})


def rows(run: Finished, asked: ObserveSpec | None = None, seed: int = 3) -> list[Row]:
    told = result()
    return observed_rows(run, told.direct_counts, asked or reached(), Draws(seed), tuple(told.safeguard_names), panel_reads=False)


def same(one: list[Row], other: list[Row]) -> bool:
    return repr(one) == repr(other)  # nan is nan


def values(found: list[Row]) -> dict[str, float]:
    return {row.observable: row.value for row in found}


# --- what they may not see ------------------------------------------------------------------------------------------------------

HIDDEN_OF_CASES = ("abusive", "conduct", "dossier", "secret", "realtime", "wanted", "person", "member", "visibility")
HIDDEN_OF_REQUESTS = ("kind", "alleged", "quality", "grounds", "evaded", "misused", "hours", "told", "published", "second")


@pytest.mark.parametrize("name", HIDDEN_OF_CASES)
def test_an_observer_sees_nothing_of_a_case_that_is_hidden(name: str) -> None:
    run = result().finished
    shuffled = run._replace(cases=run.cases._replace(**{name: getattr(run.cases, name)[::-1].copy()}))
    assert same(rows(shuffled), rows(run))


@pytest.mark.parametrize("name", HIDDEN_OF_REQUESTS)
def test_an_observer_sees_nothing_of_a_request_that_is_hidden(name: str) -> None:
    run = result().finished
    shuffled = run._replace(docket=run.docket._replace(**{name: getattr(run.docket, name)[::-1].copy()}))
    assert same(rows(shuffled), rows(run))


def test_what_is_seen_does_count() -> None:
    """Otherwise the two tests above could not fail."""
    run = result().finished
    for name in ("label", "status", "requested", "channel"):
        shuffled = run._replace(docket=run.docket._replace(**{name: getattr(run.docket, name)[::-1].copy()}))
        assert not same(rows(shuffled), rows(run)), name


def test_firms_and_registers_do_not_know_whom_a_request_pursues() -> None:
    run = result().finished
    unknown = run._replace(cases=run.cases._replace(group=np.full_like(run.cases.group, -1)))
    of_census = ("P14", "P15")
    assert same(*([row for row in rows(one) if row.pattern not in of_census] for one in (unknown, run)))


# --- each its own ---------------------------------------------------------------------------------------------------------------


def reports(asked: ObserveSpec) -> dict[str, Report]:
    told, run = result(), result().finished
    states, texts = run.world.states, run.instruments
    return reports_of(told.direct_counts, filed_in(run), states, texts, asked, Draws(3), run.first_month, 24)


def with_shares(**shares: float) -> ObserveSpec:
    firms = {name: spec().firms["google"].model_copy(update={"share": share, "mla_share": share}) for name, share in shares.items()}
    return spec().model_copy(update={"firms": firms, "mla_hosts": dict.fromkeys(result().finished.world.states.codes, True)})


def test_firms_that_share_everything_together_count_everything_once() -> None:
    told, run = result(), result().finished
    parts = reports(with_shares(a=0.5, b=0.3, c=0.2))
    direct = told.direct_counts.requested[run.first_month : run.first_month + 24].sum(axis=2)
    files = filed_in(run)
    inside = (files.filed >= 0) & (files.filed < 24 * DAYS_PER_MONTH)
    put = int((inside & (files.channel == 5)).sum())
    assert sum(int(part.requests.sum()) for part in parts.values()) == int(direct.sum()) + put
    assert sum(int(part.mla.sum()) for part in parts.values()) == int((inside & files.formal).sum())


def test_a_firm_counts_the_same_whoever_else_publishes() -> None:
    """The first in the order of names draws first; the others have their part of what is left."""
    alone, beside = reports(with_shares(a=0.3))["a"], reports(with_shares(a=0.3, b=0.6))["a"]
    assert all((one == other).all() for one, other in zip(alone, beside, strict=True))


def test_more_of_the_market_is_more_of_everything() -> None:
    little, much = reports(with_shares(a=0.1))["a"], reports(with_shares(a=0.9))["a"]
    assert (little.requests <= much.requests).all()
    assert (little.mla <= much.mla).all()
    assert little.requests.sum() / much.requests.sum() == pytest.approx(1 / 9, abs=0.03)


def test_a_firms_own_state_is_not_abroad() -> None:
    run = result().finished
    busiest = int(result().direct_counts.requested.sum(axis=(0, 2, 3)).argmax())
    code = run.world.states.codes[busiest]
    firm = spec().firms["google"].model_copy(update={"home": code, "share": 0.9})
    found = reports(spec().model_copy(update={"firms": {"google": firm}}))["google"]
    assert found.requests[:, busiest].sum() == found.mla[:, busiest].sum() == 0
    assert found.requests.sum() > 0


def test_answers_are_part_of_the_requests_of_their_cell() -> None:
    for part in reports(with_shares(a=0.5, b=0.3)).values():
        assert (part.answered <= part.requests).all()
        assert (part.content <= part.answered).all()


# --- they move nothing, and order says nothing ------------------------------------------------------------------------------------


def test_the_order_of_requests_says_nothing() -> None:
    run = result().finished
    order = np.argsort(Draws(9).uniform("order", np.arange(run.docket.case.size)))
    turned = run.docket._replace(**{name: getattr(run.docket, name)[order] for name in run.docket._fields[1:]})
    got, known = values(rows(run._replace(docket=turned))), values(rows(run))
    assert got == pytest.approx(known, nan_ok=True)


def test_observing_twice_is_observing_once_and_leaves_the_run_alone() -> None:
    told = result()
    before = {name: column.copy() for name, column in told.finished.docket._asdict().items()}
    assert told.observed(spec()).equals(told.observed(spec()))
    assert all(np.array_equal(before[name], column, equal_nan=True) for name, column in told.finished.docket._asdict().items())


def test_other_luck_of_the_observers_is_another_part_of_the_same_run() -> None:
    run = result().finished
    one, other = values(rows(run)), values(rows(run, seed=4))
    assert one["register_refused"] == other["register_refused"]
    assert one["google_gini"] != other["google_gini"]


def test_a_panel_is_seen_where_one_reads_and_nowhere_else() -> None:
    none = values([Row(*row) for row in result().observed(spec()).itertuples(index=False)])
    assert np.isnan(none["panel_refused_on_rights"])
    reads = result(
        "+instruments.mlat.safeguards.panel=must", "+instruments.budapest.safeguards.panel=must", "safeguards.panel.bar=-100.0"
    )
    found = {row.observable: row for row in reads.observed(spec()).itertuples(index=False)}["panel_refused_on_rights"]
    assert found.n > 100
    assert found.value > 0.9  # a bar that everything is above: it advises against all that reaches it


# --- registers, by hand -----------------------------------------------------------------------------------------------------------


def files(**columns: Any) -> Filed:
    size = len(next(iter(columns.values())))
    whole = {name: np.zeros(size, np.int64) for name in Filed._fields}
    whole |= {name: np.full(size, np.nan) for name in ("filed", "decided", "executed", "ended")}
    whole |= {name: np.full(size, -1) for name in ("reason", "narrowed", "granted", "group")}
    whole |= {"formal": np.ones(size, np.bool_), "channel": np.full(size, FORMAL), "judged": np.zeros(size, np.bool_)}
    return Filed(**whole | {name: np.asarray(column) for name, column in columns.items()})


def register(found: Filed, bands: tuple[int, ...] = (0,)) -> dict[str, Row]:
    told = spec().model_copy(update={"grants_from": 1, "housekeeping_years": 1.0})
    return {row.observable: row for row in rows_of_registers(found, np.array(bands), TEXTS, SAFEGUARDS, told, CLOSES)}


def test_dispositions_are_shares_of_the_files_that_ended_in_the_window() -> None:
    status = [EXECUTED, IN_PART, REFUSED, WITHDRAWN, LAPSED, LAPSED, LAPSED, LAPSED, PENDING, REFUSED]
    ended = [10.0] * 8 + [np.nan, -5.0]  # the last before the window
    found = register(files(status=status, ended=ended, filed=[-20.0] * 10))
    shares = {name: found[f"register_{name}"].value for name in ("granted", "refused", "withdrawn", "otherwise")}
    assert shares == pytest.approx({"granted": 0.25, "refused": 0.125, "withdrawn": 0.125, "otherwise": 0.5})
    assert found["register_refused"].n == 8
    assert found["register_lapsed_to_refused"].value == 4


def test_files_of_other_texts_and_side_doors_are_in_no_register() -> None:
    found = register(files(status=[REFUSED, REFUSED, EXECUTED], ended=[1.0] * 3, text=[1, 0, 0], formal=[True, False, True]))
    assert found["register_granted"][2:] == (1.0, 1)


def test_delays_are_from_filing_to_execution_in_months() -> None:
    months = np.arange(1.0, 12.0)
    found = register(
        files(filed=np.zeros(11), executed=months * DAYS_PER_MONTH, ended=months * DAYS_PER_MONTH, status=[EXECUTED] * 11)
    )
    assert found["register_median_months"].value == pytest.approx(6)
    assert found["register_p90_months"].value == pytest.approx(10)
    assert found["register_mean_months"].value == pytest.approx(6)


def test_the_stock_is_what_is_open_on_the_last_day_over_what_ended_in_the_year_before() -> None:
    last = CLOSES - DAYS_PER_YEAR
    filed = [0.0, 0.0, 0.0, CLOSES + 1, 0.0, 0.0]
    ended = [np.nan, CLOSES + 5, last + 1, np.nan, last - 1, last + 2]
    status = [PENDING, EXECUTED, EXECUTED, PENDING, LAPSED, LAPSED]
    found = register(files(filed=filed, ended=ended, status=status))
    assert found["register_stock_years"].value == pytest.approx(2 / 2)
    # a year on the books more: the file that lapsed before the last year ends in it, the one within it is open still
    assert found["register_stock_years_with_lapsed"].value == pytest.approx(3 / 2)


def test_a_court_refuses_and_modifies_of_what_it_read() -> None:
    judge = SAFEGUARDS.index("judge")
    found = register(
        files(
            decided=[1.0] * 5,
            status=[REFUSED, EXECUTED, EXECUTED, EXECUTED, REFUSED],
            reason=[judge, -1, -1, -1, 0],
            narrowed=[-1, judge, -1, -1, -1],
            judged=[True, True, True, True, False],
        )
    )
    assert found["register_court_refused_of_read"][2:] == (0.25, 4)
    assert found["register_court_modified_of_read"][2:] == (0.25, 4)
    assert found["register_court_refused_of_decided"][2:] == (0.2, 5)


def test_the_order_of_grants_is_by_the_band_of_the_requester() -> None:
    asked = np.repeat(np.arange(4), 10)
    granted = np.concatenate([np.arange(10) < many for many in (1, 3, 7, 8)])
    status = np.where(granted, EXECUTED, REFUSED)
    found = register(files(requester=asked, status=status, ended=np.ones(40)), bands=(0, 1, 2, 3))
    assert [found[f"register_granted_{band}"].value for band in ("lowest", "lower", "upper", "highest")] == [0.1, 0.3, 0.7, 0.8]
    assert found["register_granted_step"].value == pytest.approx(0.1)


# --- firms, by hand ---------------------------------------------------------------------------------------------------------


def test_the_ratio_of_formal_to_direct_requests_and_its_trend_are_those_of_the_reports() -> None:
    states = result().finished.world.states
    requests, mla = np.zeros((4, states.count, 2), np.int64), np.zeros((4, states.count), np.int64)
    requests[:, 0, 0], mla[:, 0] = 1000, [8, 4, 2, 1]
    report = Report(requests, requests // 2, requests * 0, mla)
    found = {row.observable: row for row in rows_of_firms({"g": report}, states, spec())}
    assert found["g_mla_to_direct"].value == pytest.approx(15 / 4000)
    assert found["g_trend"].value == pytest.approx(-2 * np.log(2))  # a halving each half-year
    assert found["g_gini"].value == 0
    assert found["g_content_share"].value == 0


def test_answers_by_band_pool_the_requests_of_all_its_states() -> None:
    states = result().finished.world.states
    bands = in_bands(states.liberal, spec().bands)
    requests = np.zeros((4, states.count, 2), np.int64)
    requests[:, :, 0] = 10 * (bands + 1)
    report = Report(requests, requests * (bands == bands.max())[None, :, None], requests * 0, requests[:, :, 0] * 0)
    found = {row.observable: row for row in rows_of_firms({"g": report}, states, spec())}
    for band, name in enumerate(("lowest", "lower", "upper", "highest")):
        known = (bands == band).any()
        assert found[f"g_answered_{name}"].value == pytest.approx(float(band == bands.max()) if known else np.nan, nan_ok=True)


def test_every_observable_of_a_pattern_is_one_that_an_observer_gives_or_is_not_computable() -> None:
    given = {(row.pattern, row.observable) for row in rows(result().finished)}
    known = conduct_of_study().patterns
    named = {(key, name): one for key, pattern in known.items() for name, one in pattern.observables.items()}
    assert [name for name, one in named.items() if name not in given and one.flag != "not_computable"] == []
    assert {(p, o) for p, o in given if not o.startswith("apple")} <= named.keys()
