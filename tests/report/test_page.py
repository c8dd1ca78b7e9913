"""The page stands by itself: whole, escaped, accessible, the same every time, and every number in it is one of the tables."""

import base64
import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.design.designs import design_of
from experiments.report import REPORT, write_report
from experiments.report import pictures as drawing
from experiments.report.page import STYLE_SHEET
from experiments.report.sentences import comparison_study, numbered
from tests.report.examples import EFFECTS, FINDINGS, arms, comparison, cooperation, facts, figures, headers
from tests.report.reading import LEVELS, PLACES, Reader, read
from tests.shares import one_in


def written(folder: Path, **other: Any) -> str:
    given: dict[str, Any] = {
        "comparison": comparison(),
        "cooperation": cooperation(),
        "arms": arms(),
        "headers": headers(),
        "facts": facts(),
        "figures": figures(),
    }
    write_report(folder, **(given | other))
    return (folder / REPORT).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report")
    written(path)
    return path


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / REPORT).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def seen(html: str) -> Reader:
    return read(html)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures have tests of their own, and take most of the time."""
    monkeypatch.setattr(drawing, "plans", lambda study: [])


def test_it_returns_what_it_wrote_and_leaves_nothing_half_written(folder: Path) -> None:
    names = {"report.html", "forest.png", "plane.png", "plane_near.png", "slices_people.png", "slices_doors.png"}
    assert {path.name for path in folder.iterdir()} == names


@pytest.mark.usefixtures("undrawn")
def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    assert written(one) == written(two)


def test_pictures_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    study = comparison_study(comparison(), cooperation(), arms(), headers(), facts(), figures())
    plan = next(plan for plan in drawing.plans(study) if plan.name == "plane")
    settings = {**study.figures[plan.function], **plan.settings}
    again = drawing.save(drawing.draw(plan.function, plan.frame, plan.caption, settings, **plan.options), tmp_path / "a.png")
    assert again.read_bytes() == (folder / "plane.png").read_bytes()


def test_every_tag_is_closed_in_its_place(seen: Reader) -> None:
    assert not seen.faults
    assert not seen.open


def test_nothing_comes_from_elsewhere_and_nothing_runs(html: str, seen: Reader) -> None:
    sources = [value for _, attributes in seen.tags for key, value in attributes.items() if key in PLACES]
    assert all(value and value.startswith(("data:image/png;base64,", "#")) for value in sources)
    assert not {tag for tag, _ in seen.tags} & {"script", "link", "iframe", "object", "embed", "form", "base"}
    assert not re.search(r"@import|url\(|javascript:|\bon\w+=", html)
    (policy,) = [a["content"] for a in seen.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy).startswith("default-src 'none'")


def test_the_figures_are_inside_and_whole(seen: Reader) -> None:
    assert len(seen.all("img")) == 5
    for image in seen.all("img"):
        assert base64.b64decode(str(image["src"]).partition(",")[2]).startswith(b"\x89PNG")
        assert len(str(image["alt"])) > 40
        assert int(str(image["width"])) in (1200, 1560), "ten inches, or thirteen with its ranges on one line"


def test_it_is_light(html: str) -> None:
    assert len(html) < 1_500_000


def test_it_has_a_language_a_title_and_headings_in_order(seen: Reader) -> None:
    assert seen.all("html") == [{"lang": "en-GB"}]
    assert len([words for tag, words in seen.words if tag == "title" and words.strip()]) == 1
    ranks = [LEVELS[tag] for tag, _ in seen.tags if tag in LEVELS]
    assert ranks[0] == 1
    assert ranks.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(ranks))
    assert len(seen.all("main")) == 1


def test_every_heading_of_a_table_says_what_it_heads_and_every_table_what_it_is(seen: Reader) -> None:
    assert {attributes.get("scope") for attributes in seen.all("th")} == {"col", "row"}
    assert len(seen.all("caption")) == len(seen.all("table")) > 10


def test_every_link_within_the_page_leads_somewhere(seen: Reader) -> None:
    names = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(names) == len(set(names))
    links = {str(attributes["href"])[1:] for attributes in seen.all("a")}
    assert links <= set(names)
    assert {f"arm-{arm}" for arm in EFFECTS} <= links


def test_what_others_wrote_is_escaped(html: str, seen: Reader) -> None:
    assert "<b>nothing</b>" not in html
    assert seen.text.count("<b>nothing</b>") == 2 * len(EFFECTS)
    assert "press 000 & others" in seen.text


@pytest.mark.usefixtures("undrawn")
def test_markup_in_any_field_stays_text(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>\"'&"
    told = {"command": f"rogatory compare {evil}", "commit": evil, "stopped": evil, "versions": {evil: evil}}
    html = written(tmp_path, facts=facts() | told)
    assert "<script" not in html
    assert read(html).text.count(evil) == 5


def test_every_scenario_has_its_question_its_answer_and_its_motive(seen: Reader) -> None:
    for arm, header in headers().items():
        question = header.question.partition(", ")[2]
        assert f"W{question[1:]}" in seen.text
        assert header.motive.rstrip(".") in seen.text
        if arm in FINDINGS:
            assert FINDINGS[arm] in seen.text


def test_the_sentences_bear_the_numbers_of_the_table(seen: Reader) -> None:
    text = seen.text.replace("\u202f", " ")
    for arm, (percent, _, spread, _) in EFFECTS.items():
        if percent is not None and abs(percent) > max(spread, 10) and abs(percent) <= 100:
            verb = "fall" if percent < 0 else "rise"
            low, high = sorted((abs(percent - spread), abs(percent + spread)))
            told = f"{verb} by {abs(percent):.0f} %, in 8 of 8 worlds (range over worlds: {low:.0f} % to {high:.0f} %; simulation"
            assert told in text, arm


def test_counts_stand_beside_the_numbers(seen: Reader) -> None:
    frame = comparison()
    text = seen.text.replace("\u202f", "")
    for events in frame.loc[(frame["by"] == "all") & (frame["events"] >= 10) & ~frame["constructed_zero"], "events"]:
        assert str(events) in text
    assert "8 worlds, 16 runs" in seen.text


def test_it_says_how_to_rebuild_it(seen: Reader) -> None:
    for words in (
        facts()["command"],
        facts()["commit"],
        "numpy 2.5.5",
        "1 to 8; 2 replicates in each",
        arms()[0].baseline_config.digest(),
    ):
        assert words in seen.text
    for name, checksum in arms()[0].baseline_config.data.items():
        assert name in seen.text
        assert checksum in seen.text


def test_it_says_what_it_rests_on_and_what_it_is_not(seen: Reader) -> None:
    rests = ("are assumed", "review.uptake_max", "a scientific claim; swept 0.1-0.9", "configs/review/standard.yaml")
    limits = ("The true extent of abuse is unknown to everyone", "Nobody adapts.", "an input with a guess of its own")
    for words in rests + limits:
        assert words in seen.text


def test_contradicted_expectations_are_named(seen: Reader) -> None:
    assert "1 are contradicted" in seen.text
    expected = "Expected before the runs: abusive cases that end in disclosure to rise (the runs say otherwise)."
    assert f"harm instead: {expected}" in seen.text


def test_shares_of_what_was_filed_are_not_compared(tmp_path: Path, undrawn: None) -> None:
    frame = comparison()
    filed = frame[frame["metric"] == "notified_share"].assign(metric="abuse_share", percent=31.0, events=500, events_baseline=500)
    text = read(written(tmp_path, comparison=pd.concat([frame, filed]))).text
    assert "scenarios change what is filed" in text
    assert "abuse share" not in text


def test_questions_stand_in_the_order_of_their_ids(seen: Reader) -> None:
    ids = [data for tag, data in seen.words if tag == "td" and re.fullmatch(r"S\d\d", data)]
    assert ids == sorted(ids)
    assert len(ids) == len(EFFECTS)


AWKWARD = (
    *("one world", "one arm", "no header", "no slice", "no commit, odd seeds", "few events", "several baselines", "no delay"),
)


def awkward() -> dict[str, dict[str, Any]]:
    """Studies at the edge of what there can be."""
    frame, sides = comparison(), cooperation()
    loose = [name for name in frame.columns if name.endswith(("low", "high"))] + [
        "world_sd",
        "event_sd",
        "inside",
        "adjusted_p",
        "chance_share",
    ]
    one = frame.assign(**dict.fromkeys(loose, np.nan), worlds=1, runs=1, agrees=None)
    bounds = [name for name in sides.columns if name.endswith(("low", "high"))]
    only = arms()[:1]
    first = only[0].name
    bare = ["value", "baseline", "difference", "percent", "ratio", *loose]
    few = frame.assign(**dict.fromkeys(bare, np.nan), events=3, constructed_zero=False, agrees=None)
    return {
        "one world": {"comparison": one, "cooperation": sides.assign(**dict.fromkeys(bounds, np.nan))},
        "one arm": {"comparison": frame[frame["arm"] == first], "cooperation": sides[sides["arm"] == first], "arms": only},
        "no header": {"headers": {}},
        "no slice": {"comparison": frame[frame["by"] == "all"]},
        "no commit, odd seeds": {"facts": facts() | {"commit": None, "seeds": [3, 9], "stopped": "Stopped after 8 worlds."}},
        "few events": {"comparison": few, "cooperation": sides.assign(protection_percent=np.nan, delay_quantile="")},
        "several baselines": {"comparison": frame.assign(baseline_name="no_treaty for judge")},
        "no delay": {"comparison": frame[frame["metric"] != "legit_met_rate"],
                     "cooperation": sides.assign(cooperation_lost_percent=np.nan, on_frontier=False)},
    }  # fmt: skip


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("case", one_in(3, AWKWARD))
def test_an_awkward_study_still_has_a_whole_page(case: str, tmp_path: Path) -> None:
    cases = awkward()
    assert set(cases) == set(AWKWARD)
    seen = read(written(tmp_path, **cases[case]))
    assert not seen.faults
    assert not re.search(r"\b(nan|None|NaT|inf)\b", seen.text)


@pytest.mark.slow
@pytest.mark.parametrize("case", AWKWARD)
def test_an_awkward_study_still_has_its_figures(case: str, tmp_path: Path) -> None:
    assert "data:image/png" in written(tmp_path, **awkward()[case])


def test_a_plane_without_a_number_takes_little_room() -> None:
    given = {"comparison": comparison(), "cooperation": cooperation()} | awkward()["few events"]
    study = comparison_study(given["comparison"], given["cooperation"], arms(), headers(), facts(), figures())
    (plane,) = [plan for plan in drawing.plans(study) if plan.function == "plane"]
    assert plane.settings["height_inches"] < 3


@pytest.mark.usefixtures("undrawn")
def test_one_world_allows_no_claim(tmp_path: Path) -> None:
    seen = read(written(tmp_path, **awkward()["one world"]))
    assert "0 clearly lower the share" in seen.text
    assert "0 clearly raise it" in seen.text
    assert not re.search(r"(fall|rise) by \d", seen.text)


@pytest.mark.usefixtures("undrawn")
def test_a_write_that_fails_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / REPORT).write_text("old")

    def broken(*_: object, **__: object) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_text", broken)
    with pytest.raises(OSError, match="disk full"):
        write_report(tmp_path, comparison(), cooperation(), arms(), headers(), facts(), figures())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(REPORT, b"old")]


def test_the_colours_of_the_page_can_be_read() -> None:
    def light(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    named = dict(re.findall(r"--(\w+): (#\w{6})", STYLE_SHEET.read_text(encoding="utf-8")))
    for ink in ("ink", "muted", "link"):
        for ground in ("#ffffff", named["pale"]):
            assert (light(ground) + 0.05) / (light(named[ink]) + 0.05) > 4.5, (ink, ground)


@pytest.mark.usefixtures("undrawn")
def test_a_design_asks_its_own_question(tmp_path: Path) -> None:
    asked = design_of("threshold_sweep").question
    text = read(written(tmp_path, facts=facts() | {"question": asked})).text
    assert "What if a crime were serious from one, two, three, four (as adopted)" in text
    assert numbered(asked)[1] not in read(written(tmp_path, facts=facts() | {"question": ""})).text
