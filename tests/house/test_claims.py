"""The table of claims: what it names exists, what it tells the reference holds, and what it asks can be run."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from experiments.design.designs import design_of
from experiments.reference import claims
from experiments.reference.claims import CLAIMS, NOT_MODELLED, PAGE, Asked
from experiments.reference.make import HEADLINE, REFERENCE_FOLDER, SCENARIOS
from experiments.text import spoken
from sim import load, simulate
from sim.config import options
from sim.metrics import UNITS
from sim.world.leaves import leaves_of

OF_THE_ISSUE = (
    *("threshold", "optional refusal", "scope", "dual criminality", "oversight", "secrecy", "good faith"),
    *("proportionality and privacy", "firms compelled", "live collection", "intent", "safeguards left to domestic law"),
    *("democracies out", "forty ratifications", "capacity", "data protection", "restrictive laws", "lgbtq conduct"),
    *("journalists charged", "expanding offences", "transnational repression", "admissibility"),
)
ASKED = list(dict.fromkeys(asked for claim in CLAIMS for asked in claim.asked))


def test_the_page_is_what_the_committed_results_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == claims.page()


def test_every_claim_of_the_debate_is_there_or_says_why_not() -> None:
    told = [claim.name.lower().removeprefix("the ") for claim in CLAIMS]
    assert {*OF_THE_ISSUE} <= {*told}
    assert len(told) == len({*told})
    assert {"Firms between two laws", "Weakened security"} <= {*NOT_MODELLED}
    assert all(claim.keys and claim.asked for claim in CLAIMS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_the_keys_of_a_claim_exist(claim: claims.Claim) -> None:
    """In the configuration, or among what one of its scenarios sets."""
    known = {*leaves_of(load().model_dump(mode="json"))}
    for asked in claim.asked:
        if asked.part == SCENARIOS:
            known |= {*leaves_of(load(f"scenario={asked.arm}").model_dump(mode="json"))}
    for key in claim.keys:
        found = any(name == key or name.startswith(f"{key}.") for name in known)
        assert found or key in {"definition"}, key


def test_scenarios_estimands_and_slices_exist() -> None:
    scenarios, arms = options("scenario"), design_of("headline").arms
    for asked in ASKED:
        assert asked.metric in UNITS
        assert asked.arm in (scenarios if asked.part == SCENARIOS else arms), asked
    assert all(len({*claim.asked}) == len(claim.asked) for claim in CLAIMS)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.arm}-{asked.metric}-{asked.level}")
def test_a_number_of_the_page_is_in_the_reference(asked: Asked) -> None:
    """Told here by hand from the committed table, digits and signs apart."""
    name = "comparison.csv" if asked.part == SCENARIOS else "matrix.csv"
    table = pd.read_csv(REFERENCE_FOLDER / asked.part / name)
    same = (table["arm"] == asked.arm) & (table["metric"] == asked.metric)
    row = table[same & (table["by"] == asked.by) & (table["level"] == asked.level)].iloc[0]
    told = claims.told({str(key): value for key, value in row.items()})
    if pd.isna(row["percent"]):
        assert told == ("0, cannot move" if str(row.get("constructed_zero")) == "True" else "<10")
    else:
        exact = [float(row[column]) for column in ("percent", "percent_world_low", "percent_world_high")]
        texts = re.findall(r"[-+]?[\d.]+", told.replace("−", "-").replace("\u202f", "").split(",")[0])
        assert len(texts) == (3 if any(exact) else 1)
        for text, value in zip(texts, exact, strict=False):
            assert abs(float(text) - value) <= 0.501 * 10.0 ** -len(text.partition(".")[2]), (told, exact)
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    subject = f"`{asked.metric}`" + (f", {spoken(asked.level)}" if asked.by == "group" else "")
    arm = f"| `{asked.arm}`: " if asked.part == SCENARIOS else f"| headline: {asked.arm} |"
    assert [line for line in lines if arm in line and line.endswith(f"| {subject} | {told} |")]


@pytest.mark.slow
@pytest.mark.parametrize("arm", sorted({asked.arm for asked in ASKED if asked.part == SCENARIOS}))
def test_a_claim_can_be_run(arm: str) -> None:
    """Two worlds, one year: the scenario runs and yields each estimand that the claim names, as the baseline does."""
    for scenario in (arm, "as_adopted"):
        for seed in (1, 2):
            metrics = simulate(load(f"scenario={scenario}", "years=1"), seed=seed).metrics
            for asked in ASKED:
                if asked.arm == arm and asked.part == SCENARIOS:
                    same = (metrics["metric"] == asked.metric) & (metrics["by"] == asked.by) & (metrics["level"] == asked.level)
                    assert same.sum() == 1, (scenario, asked)


@pytest.mark.slow
@pytest.mark.parametrize("arm", sorted({asked.arm for asked in ASKED if asked.part == HEADLINE}))
def test_a_claim_of_the_headline_can_be_run(arm: str) -> None:
    for seed in (1, 2):
        metrics = simulate(load(*design_of("headline").arms[arm], "years=1"), seed=seed).metrics
        for asked in ASKED:
            if asked.arm == arm:
                assert ((metrics["metric"] == asked.metric) & (metrics["level"] == asked.level)).any()


def test_the_page_is_found_from_the_manual() -> None:
    assert "claims.md" in (Path(PAGE).parents[1] / "README.md").read_text(encoding="utf-8")
