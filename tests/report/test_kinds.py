"""On the page of a comparison safeguards and bundles are ranked; membership, stress and controls stand apart."""

import re
from pathlib import Path
from typing import Any

import pytest

import experiments.report.pictures as drawing
from experiments.design.scenarios import KINDS, Header
from experiments.report import REPORT, write_report
from experiments.report.sentences import ComparisonStudy, comparison_study
from tests.report.examples import arms, comparison, cooperation, facts, figures, headers
from tests.report.reading import read

APART = {"forty": "membership", "universal": "membership", "adaptive": "stress", "no_treaty": "control"}
"""Scenarios of the example that are no policies, of a kind each; all others are safeguards, but for the bundle."""


def of_kinds() -> dict[str, Header]:
    """The headers of the example with a kind and a plain name each."""
    return {
        arm: header.model_copy(
            update={
                "kind": APART.get(arm, "bundle" if arm.endswith("bundle") else "safeguard"),
                "called": f"plainly {arm.replace('_', ' ')}",
            }
        )
        for arm, header in headers().items()
    }


def study_of_kinds() -> ComparisonStudy:
    return comparison_study(comparison(), cooperation(), arms(), of_kinds(), facts(), figures())


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("kinds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "plans", lambda study: [])  # figures have tests of their own, and take most of the time
        write_report(folder, comparison(), cooperation(), arms(), of_kinds(), facts(), figures())
    return (folder / REPORT).read_text(encoding="utf-8")


def caption_of(kind: str) -> str:
    return f": {KINDS[kind]}"


def tables_in(html: str) -> dict[str, str]:
    """The text of each table by its caption."""
    found = re.findall(r"<table.*?</table>", html, flags=re.DOTALL)
    return {re.sub(r"<[^>]+>", "", re.search(r"<caption.*?</caption>", one, re.DOTALL)[0]): one for one in found}  # type: ignore[index]


def test_each_kind_has_a_table_of_its_own_of_both_scores(html: str) -> None:
    tables = tables_in(html)
    for kind in ("safeguard", "bundle", "membership", "stress", "control"):
        own = [text for caption, text in tables.items() if caption_of(kind) in caption]
        assert len(own) == 3, kind
        for arm, header in of_kinds().items():
            for text in own[:1]:
                assert (f"plainly {arm.replace('_', ' ')}<" in text) == (header.kind == kind and arm in own_arms()), (kind, arm)


def own_arms() -> set[str]:
    """Arms with a row of the first score."""
    frame = comparison()
    return set(frame[(frame["by"] == "all") & (frame["metric"] == "cross_border_disclosure_rate")]["arm"])


def test_the_answer_in_short_ranks_policies_and_counts_them_by_kind(html: str) -> None:
    brief = str(html.partition('class="brief"')[2].partition("<nav")[0])
    ranked, _, others = brief.partition("Not ranked")
    assert re.search(r"\d+ safeguards and \d bundles? against", ranked)
    for arm in APART:
        assert f"plainly {arm.replace('_', ' ')}<" not in ranked, arm
    assert "plainly no treaty<" not in others, "a control leads nowhere"
    assert "plainly universal<" in others


def test_the_plane_holds_policies_alone_and_names_the_baseline_in_its_title() -> None:
    plans = {plan.name: plan for plan in drawing.plans(study_of_kinds())}
    assert not set(APART) & set(plans["plane"].frame["arm"])
    assert set(APART) <= set(plans["forest"].frame["arm"])
    for name in ("forest", "plane"):
        assert plans[name].settings["title"].endswith("against as adopted")
        assert plans[name].options["kinds"]["forty"] == "membership"
    assert f"{len(APART)} scenarios on membership, stress or control" in plans["plane"].caption


def test_where_nothing_is_a_policy_all_is_shown_as_it_comes() -> None:
    other: dict[str, Any] = {arm: header.model_copy(update={"kind": "stress"}) for arm, header in of_kinds().items()}
    study = comparison_study(comparison(), cooperation(), arms(), other, facts(), figures())
    plans = {plan.name: plan for plan in drawing.plans(study)}
    assert "judge" in set(plans["plane"].frame["arm"])


def test_two_scenarios_of_one_plain_name_are_told_apart() -> None:
    twins = {arm: header.model_copy(update={"called": "the same"}) for arm, header in of_kinds().items()}
    study = comparison_study(comparison(), cooperation(), arms(), twins, facts(), figures())
    assert len(set(study.names.values())) == len(study.arms)


def test_the_page_is_whole(html: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    assert not read(html).faults
