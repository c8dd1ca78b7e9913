"""Breadth of offences, intent and the exemption of research in whole runs: they move whom they say, and nobody while neutral."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from sim.config import load
from sim.month import advance
from sim.result import Result
from sim.settings import Config
from sim.simulation import prepare, simulate
from sim.world.breadth import of_the_convention
from sim.world.vocabulary import HONEST, RECHARACTERISED
from tests.invariants.test_dials import CLEAR, SEED, differing
from tests.worlds import answered, files, office

RESEARCH = "unauthorised_research"
LABELS = {"illegal_access", "misuse_of_devices"}
AT_RISK = ("demand.pursuit.researcher=20.0",)  # hardly anybody pursues research as it is
BREADTH = "states.override.all.breadth"
DUTY = "instruments.hanoi.safeguards.dual_criminality=must"
EXEMPT = "+instruments.hanoi.safeguards.research_exempt=must"
NO_CRIME = f"states.override.signatories.penalties.{RESEARCH}=no_crime"


def clear(*overrides: str) -> Config:
    return load(*CLEAR, *AT_RISK, *overrides)


@cache
def ran(*overrides: str) -> Result:
    return simulate(clear(*overrides), seed=SEED)


def conduct_of(result: Result, ids: pd.Series) -> set[str]:
    """True conduct of the cases of some requests: what no table shows."""
    cases, names = result.finished.cases, np.array(result.finished.world.offences.names)
    return set(names[cases.conduct[np.isin(cases.id.astype(np.int64), ids.to_numpy(np.int64))]])


def disclosed(result: Result) -> set[int]:
    return set(result.cases.loc[result.cases["status"] == "disclosed", "id"])


# --- neutral values ---------------------------------------------------------------------------------------------------------------


def without_breadth(config: Config) -> Config:
    offences = {name: block.model_copy(update={"breadth": {}}) for name, block in config.offences.items()}
    return config.model_copy(update={"offences": offences})


def test_breadth_of_nothing_is_the_run_without_it() -> None:
    """Zero for every offence, nothing said of any, and a dial that says zero: one run."""
    plain = without_breadth(clear())
    zero = {
        name: block.model_copy(update={"breadth": {"autocracy": 0.0, "democracy": 0.0}} if block.offence_class in "AB" else {})
        for name, block in plain.offences.items()
    }
    runs = [plain, plain.model_copy(update={"offences": zero}), without_breadth(clear(f"{BREADTH}=0.0"))]
    tables = [simulate(config, SEED).requests for config in runs]
    assert len(tables[0]) > 1000
    for table in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], table)


def test_intent_without_absent_cells_changes_nothing() -> None:
    everywhere = f"offences.{RESEARCH}.penalties.crime_share={{autocracy:1.0,democracy:1.0}}"
    one, other = (ran(f"conduct.intent={word}", everywhere).requests for word in ("false", "true"))
    assert (one["label"] == RESEARCH).any()
    pd.testing.assert_frame_equal(one, other)


# --- breadth ----------------------------------------------------------------------------------------------------------------------


def test_a_dial_of_breadth_is_a_lever_for_the_convention_s_own_offences_alone() -> None:
    run = prepare(clear("states.override.signatories.breadth=0.6"), SEED)
    ruled, drawn = run.rules.ruled.states, run.world.states
    bound, own = drawn.groups["signatories"], of_the_convention(run.world.offences)
    assert (ruled.breadth[np.ix_(bound, own)] == 0.6).all()
    assert np.array_equal(ruled.breadth[~bound], drawn.breadth[~bound])
    assert not ruled.breadth[:, ~own].any()
    assert run.rules.run_in is not None
    assert np.array_equal(run.rules.run_in.ruled.states.breadth, drawn.breadth)


def test_breadth_moves_abusive_requests_on_protected_conduct_and_no_other_and_no_wish() -> None:
    narrow, broad = ran(f"{BREADTH}=0.0"), ran(f"{BREADTH}=0.5")
    moved = differing(narrow, broad)
    assert len(moved) > 100
    assert moved["abusive"].all()
    assert (moved["month"] >= 0).all() or set(moved.loc[moved["month"] < 0, "status"]) <= {"pending", "lapsed"}
    protected = {name for name, block in clear().offences.items() if block.offence_class == "D"}
    assert conduct_of(broad, moved["case"]) <= protected
    pd.testing.assert_frame_equal(narrow.cases.drop(columns="status"), broad.cases.drop(columns="status"))


def test_a_broad_offence_is_cited_for_true_facts() -> None:
    own = {name for name, block in clear().offences.items() if block.offence_class in "AB"}
    cited = []
    for result in (ran(f"{BREADTH}=0.0"), ran(f"{BREADTH}=0.5"), ran(f"{BREADTH}=1.0")):
        recast = result.requests.query("kind == 'recharacterised' and month >= 0 and alleged != @RESEARCH")
        cited.append(recast["label"].astype(str).isin(own).mean())
    assert cited[0] < 0.2 < cited[1] < cited[2]


def test_the_facts_are_a_crime_under_a_law_that_covers_them() -> None:
    """Dual criminality by conduct, at one desk: the label's law in the requested state decides, where there is one."""
    place = office().applying(1.0, "dual_criminality")
    label, conduct = place.offence("fraud"), place.offence("insult")
    crime = np.zeros_like(place.reading.crime)
    crime[:, :, label] = True
    for covers, punished, refused in ((False, True, True), (True, True, False), (True, False, True)):
        broad = np.zeros_like(place.reading.broad)
        broad[:, label, conduct] = covers
        here = place.read(crime=crime & punished, broad=broad)
        cases, docket = files(here, 20, abusive=True, kind=RECHARACTERISED, conduct="insult", label="fraud", alleged="insult")
        answered(here, cases, docket)
        reason = here.review.names.index("dual_criminality")
        assert (docket.reason == reason).all() if refused else (docket.reason != reason).all(), (covers, punished)
    honest = place.read(crime=crime, broad=np.ones_like(place.reading.broad))
    cases, docket = files(honest, 20, abusive=True, kind=HONEST, conduct="insult")
    answered(honest, cases, docket)
    assert (docket.reason == honest.review.names.index("dual_criminality")).all(), "no law on insult, none that covers it"


def test_refusals_for_want_of_a_crime_only_shrink_with_breadth_where_data_are() -> None:
    """The same requests, asked of states whose law covers more and more."""
    held = []
    for share in (0.0, 0.3, 1.0):
        broad = prepare(clear(DUTY, f"{BREADTH}={share}"), SEED).rules.reading.broad
        other = prepare(clear(DUTY, f"{BREADTH}=0.5"), SEED)
        other.rules = replace(other.rules, reading=other.rules.reading._replace(broad=broad))
        while other.month < other.months:
            advance(other)
        docket, rows = other.docket, slice(0, int(other.docket.used[0]))
        gate = other.rules.review.names.index("dual_criminality")
        refused = docket.reason[rows] == gate
        held.append(set(zip(docket.case[rows][refused].tolist(), docket.channel[rows][refused].tolist(), strict=True)))
    assert held[2] < held[1] < held[0]


# --- research ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("intent", ["false", "true"])
def test_where_research_is_no_crime_for_parties_nobody_else_s_case_moves(intent: str) -> None:
    plain, honest = ran(f"conduct.intent={intent}"), ran(f"conduct.intent={intent}", NO_CRIME)
    moved = differing(plain, honest)
    assert len(moved) > 20
    assert moved["abusive"].all()
    assert conduct_of(honest, moved["case"]) == {RESEARCH}
    assert (moved["group"].astype(str) == "researcher").mean() > 0.8


def test_parties_cite_access_for_no_honest_research_once_it_is_no_crime_there() -> None:
    signed = prepare(clear(), SEED).world.states
    parties = {code for code, bound in zip(signed.codes, signed.groups["signatories"], strict=True) if bound}

    def cites(*overrides: str) -> pd.DataFrame:
        rows = ran(*overrides).requests.query("kind == 'recharacterised' and alleged == @RESEARCH and month >= 0")
        return rows[rows["requester"].astype(str).isin(parties) & rows["label"].astype(str).isin(LABELS)]

    assert len(cites("conduct.intent=true")) > 10
    assert len(cites("conduct.intent=false", NO_CRIME)) > 10
    assert cites("conduct.intent=true", NO_CRIME).empty


def test_the_exemption_refuses_recast_research_under_the_treaty_and_nothing_else() -> None:
    plain, exempt = ran(), ran(EXEMPT)
    moved = differing(plain, exempt)
    assert len(moved) > 10
    assert set(moved["alleged"].astype(str)) == {RESEARCH}
    assert set(moved["label"].astype(str)) <= LABELS
    assert set(moved["kind"].astype(str)) == {"recharacterised"}
    refused = exempt.requests.query("reason == 'research_exempt'")
    assert set(refused["instrument"].astype(str)) == {"hanoi"}
    assert disclosed(exempt) <= disclosed(plain)


def test_the_exemption_is_kept_with_fidelity() -> None:
    kept = [disclosed(ran(EXEMPT, f"states.override.all.strength={share}")) for share in (0.0, 0.5, 1.0)]
    assert len(kept[0] - kept[2]) > 0
    rows = ran(EXEMPT, "states.override.all.strength=1.0").requests
    met = rows.query("instrument == 'hanoi' and alleged == @RESEARCH and kind == 'recharacterised'")
    met = met[met["label"].astype(str).isin(LABELS) & met["channel"].astype(str).isin(("formal", "emergency"))]
    assert len(met) > 5
    assert not met["granted_class"].notna().any()
