"""Where each case ended: every latent case stands in one stage, and what a firm refused is no case that waits."""

import numpy as np
import pytest

from experiments.store.kept import fates_of
from sim.config import load
from sim.metrics import cohort_slices
from sim.result import Result
from sim.simulation import simulate
from sim.world.vocabulary import DAYS_PER_MONTH, DIRECT, ENDED, FIRST_SIDE_DOOR, FOLLOW_UP_MONTHS, REFUSED

SMALL = ("states=synthetic", "states.synthetic.count=12", "people.rows=1500", "demand.legitimate=60", "years=1")


@pytest.fixture(scope="module")
def result() -> Result:
    return simulate(load(*SMALL), seed=3)


def test_every_latent_case_of_the_cohort_stands_in_one_stage(result: Result) -> None:
    run, found = result.finished, fates_of(result)
    cohort = cohort_slices(run).cohort
    for purpose, abusive in (("abusive", True), ("legitimate", False)):
        assert found.loc[found["purpose"] == purpose, "cases"].sum() == (cohort & (run.cases.abusive == abusive)).sum()


def test_a_case_that_only_asked_a_firm_in_vain_was_refused_by_a_firm(result: Result) -> None:
    run, found = result.finished, fates_of(result)
    docket, cohort = run.docket, cohort_slices(run).cohort & run.cases.abusive
    formal, vain = np.zeros(cohort.size, bool), np.zeros(cohort.size, bool)
    formal[docket.case[docket.channel < FIRST_SIDE_DOOR]] = True
    vain[docket.case[(docket.channel == DIRECT) & (docket.status == REFUSED)]] = True
    wanted = int((cohort & vain & ~formal & (run.case_status == ENDED)).sum())
    counts = found[found["purpose"] == "abusive"].set_index("stage")["cases"]
    assert wanted > 0
    assert counts["refused by a firm"] == wanted
    assert counts["pending"] < wanted


def test_only_what_was_disclosed_within_the_follow_up_is_disclosed(result: Result) -> None:
    """Any disclosure up to the run's end counted once: 319 cases against 316 of the estimand over five years."""
    run = result.finished
    gave = cohort_slices(run).giving
    late = gave[:: 1 + gave.size // 20]
    executed = run.docket.executed_day.copy()
    executed[late] = run.cases.day[run.docket.case[late]] + FOLLOW_UP_MONTHS * DAYS_PER_MONTH + 1
    changed = Result(run._replace(docket=run.docket._replace(executed_day=executed)), result.config, result.seed)
    cut, found = cohort_slices(changed.finished), fates_of(changed)
    assert 0 < cut.giving.size < gave.size
    for purpose, abusive in (("abusive", True), ("legitimate", False)):
        counts = found[found["purpose"] == purpose].set_index("stage")["cases"]
        assert counts["disclosed"] == (run.cases.abusive[run.docket.case[cut.giving]] == abusive).sum()
        assert counts.sum() == (cut.cohort & (run.cases.abusive == abusive)).sum()
