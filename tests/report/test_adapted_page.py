"""The page of a study of adaptation stands by itself, says what its tables say, and stays silent where they do."""

import base64
import itertools
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.design.comparisons import Arm
from experiments.design.scenarios import headers
from experiments.report import prose
from experiments.report.adapted import _REPORT, alt_of, write_adapted
from experiments.report.pictures import Picture
from experiments.studies.adaptation import adaptation_arms, draw_figure
from tests.report.browser import NARROW, WIDE, WITHOUT, browse, complaints, looked
from tests.report.examples import facts, figures
from tests.report.reading import LEVELS, PLACES, Reader, read
from tests.shares import one_in

TINY = ("states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=40")
SAVED = {"reform_bundle": (17.0, 12.0), "core_cyber": (19.0, 21.0), "judge": (6.0, 5.8)}  # on paper, after adaptation
YEARS = ("1", "3", "10")


@cache
def arms() -> tuple[Arm, ...]:
    return tuple(adaptation_arms([*TINY, f"scenarios=[{','.join(SAVED)}]"])[0])


def headline() -> pd.DataFrame:
    """Adaptation clearly takes from one, gives to another, and of the third nobody can tell."""
    rows: list[tuple[Any, ...]] = []
    for name, (paper, after) in SAVED.items():
        half = 1.0 if name != "judge" else 2.0
        found = [("naive", "all", "protection", paper), ("adaptive", "all", "protection", after), ("naive", "all", "cost", 0.4)]
        found += [("adaptive", year, "protection", after + 1.5 - place) for place, year in enumerate(YEARS)]
        found += [
            ("adaptive", "all", "lost", paper - after),
            ("adaptive", "all", "displaced", 7.0),
            ("adaptive", "all", "cost", 0.9),
        ]
        rows += [(name, *one, one[-1] - half, one[-1] + half, "%", 4321, 3456, 10) for one in found]
    names = ["scenario", "conduct", "year", "measure", "value", "world_low", "world_high", "unit", "events_baseline", "events"]
    return beside(pd.DataFrame(rows, columns=[*names, "worlds"]), "value").assign(adjusted_p=0.01, constructed_zero=False)


def beside(table: pd.DataFrame, value: str, name: str = "") -> pd.DataFrame:
    """The same with what else worlds say of a number: nine of ten agree, little is luck, the error is small."""
    more = {"worlds_agreeing": 9, "error_low": table[value] - 0.1, "error_high": table[value] + 0.1, "chance_share": 0.2}
    return table.assign(**{f"{name}{key}": column for key, column in more.items()})


def displaced() -> pd.DataFrame:
    rows = [(name, "adaptive", "kind", "fabricated", 3.5, 1.5, 5.5, 42, 700) for name in SAVED]
    rows += [
        ("judge", "adaptive", "kind", "recharacterised", 0.2, -0.4, 0.8, 3, 700),
        ("judge", "naive", "kind", "fabricated", 9, 8, 10, 50, 700),
    ]
    return pd.DataFrame(rows, columns=["scenario", "conduct", "by", "level", "value", "world_low", "world_high", "count", "of"])


def moved() -> pd.DataFrame:
    rows = [("as_adopted", "all", "all", 100.0, 118.8, 18.8, 11.9, 25.8, 3238, 3845)]
    rows += [(name, "channel", "emergency", 7.0, 12.3, 5.3, 0.9, 9.7, 226, 399) for name in ("as_adopted", *SAVED)]
    ends = ["moved", "moved_world_low", "moved_world_high", "events_naive", "events_adaptive"]
    table = pd.DataFrame(rows, columns=["scenario", "by", "level", "naive", "adaptive", *ends]).assign(worlds=10)
    return beside(table, "moved", "moved_")


def picture(folder: Path) -> Picture:
    path = folder / "adaptation.png"
    Image.new("RGB", (130, 50), "white").save(path)
    return Picture(path, "Protection", alt_of(headline()), "A row a scenario.", 130, 50)


def written(folder: Path, **other: Any) -> str:
    tables = {"headline": headline(), "displaced": displaced(), "moved": moved()} | other
    told = facts() | {"command": "rogatory adaptation seeds=8 replicates=2"} | other.get("facts", {})
    frames = [tables[name] for name in ("headline", "displaced", "moved")]
    report = write_adapted(folder, frames, arms(), other.get("headers", headers()), picture(folder), told)
    assert report == folder / _REPORT
    return report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("adapted"))


@pytest.fixture(scope="module")
def seen(html: str) -> Reader:
    return read(html)


@pytest.fixture(scope="module")
def text(seen: Reader) -> str:
    return seen.text.replace("\u202f", " ")


def test_it_is_whole_and_fetches_nothing(html: str, seen: Reader) -> None:
    assert not seen.faults
    assert not seen.open
    sources = [value for _, attributes in seen.tags for key, value in attributes.items() if key in PLACES]
    assert all(value and value.startswith(("data:image/png;base64,", "#")) for value in sources)
    assert not {tag for tag, _ in seen.tags} & {"script", "link", "iframe", "object", "embed", "form", "base"}
    (image,) = seen.all("img")
    assert base64.b64decode(str(image["src"]).partition(",")[2]).startswith(b"\x89PNG")
    assert len(str(image["alt"])) > 40
    ranks = [LEVELS[tag] for tag, _ in seen.tags if tag in LEVELS]
    assert ranks.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(ranks))
    assert len(html) < 700_000


def test_every_link_leads_somewhere(seen: Reader) -> None:
    names = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(names) == len(set(names))
    links = {str(attributes["href"])[1:] for attributes in seen.all("a")}
    assert links <= set(names)
    assert {f"scenario-{name}" for name in SAVED} <= links


def test_the_same_tables_give_the_same_bytes(html: str, tmp_path: Path) -> None:
    assert written(tmp_path) == html


def test_the_answer_tells_from_whom_adaptation_takes(text: str) -> None:
    assert "2 safeguards and 1 bundle against “the treaty as adopted”: 3 clearly protect on paper, 3 once" in text
    assert "from 1 adaptation clearly takes protection away" in text
    for heading, name in (
        ("takes protection away", "civil society's demands"),
        ("once everyone has adapted (1)", "crimes against computers alone"),
        ("cannot tell", "judge must authorise"),
    ):
        assert re.search(rf"{re.escape(heading)}[^.?]{{0,60}}S\d\d {name}", text), heading
    own = "itself adaptation gives 19 % more disclosures, in 9 of 10 worlds (range over 10 worlds: 12 % more to 26 % more)"
    assert own in text
    assert "is clearly told from zero in 2. Clearly: the range" in text
    assert "not mostly chance. With all scenarios of a score judged together" in text
    assert "95 % interval" not in text


def test_the_sentences_bear_the_numbers_of_the_tables(text: str) -> None:
    assert "Saved on paper 17 % (16 % to 18 %); after adaptation 12 % (11 % to 13 %)" in text
    assert "by year 14 % in year 1, 12 % in year 3 and 12 % in year 10" in text
    assert "Taken by adaptation, in points: +5.0 (+4.0 to +6.0), in 9 of 10 worlds; simulation error +4.9 to +5.1." in text
    assert "4 321 under the baseline and 3 456 here on paper" in text
    assert "3.5 % (1.5 % to 5.5 %) 42" in text
    assert "+5.3 (+0.9 to +9.7) 399" in text


def test_a_way_with_few_events_has_no_number_and_naive_ones_are_not_shown(text: str) -> None:
    assert "<10 events" in text
    assert "0.2 % (−0.4 %" not in text
    assert "9.0 % (8.0 %" not in text


def changed(where: dict[str, Any], **columns: Any) -> pd.DataFrame:
    """The headline with other numbers in some rows."""
    frame = headline()
    rows = (frame[[*where]] == pd.Series(where)).all(axis=1)
    for name, value in columns.items():
        frame.loc[rows, name] = value
    return frame


def test_what_is_mostly_chance_is_not_counted_as_clear(tmp_path: Path) -> None:
    lucky = changed({"scenario": "judge", "measure": "protection"}, chance_share=0.6)
    seen = read(written(tmp_path, headline=lucky)).text
    assert "2 clearly protect on paper, 2 once" in seen
    assert "is not mostly chance. " in seen
    taken = changed({"scenario": "reform_bundle", "measure": "lost"}, chance_share=0.6)
    assert "from 0 adaptation clearly takes protection away" in read(written(tmp_path, headline=taken)).text


ZERO = {"value": 0.0, "world_low": 0.0, "world_high": 0.0, "error_low": 0.0, "error_high": 0.0, "worlds_agreeing": 0}


def test_what_cannot_move_is_said_not_to_and_is_no_verdict_on_adaptation(tmp_path: Path) -> None:
    frame = changed({"scenario": "judge"}, **ZERO, events=4321)
    frame.loc[(frame["scenario"] == "judge") & (frame["conduct"] == "naive"), "constructed_zero"] = True
    seen = read(written(tmp_path, headline=frame)).text.replace("\u202f", " ")
    assert "Cannot move on paper, by construction; the same as the baseline in every run after adaptation." in seen
    assert re.search(r"They change no disclosure in any run, whoever adapts \(1\)[^.?]{0,60}judge must authorise", seen)
    assert "cannot tell what adaptation does" not in seen
    assert re.search(r"judge must authorise\s*cannot move\s*0 in every run\s*0 in every run", seen)
    assert "0 of 10 worlds" not in seen


def test_a_level_has_neither_a_sign_nor_worlds_that_agree(tmp_path: Path) -> None:
    more = headline()[lambda f: f["measure"] == "displaced"].assign(measure="silenced", value=0.4, world_low=0.1, world_high=0.9)
    seen = read(written(tmp_path, headline=pd.concat([headline(), more]))).text.replace("\u202f", " ")
    assert "0.4 (0.1 to 0.9) 3 456 cases; 4 321 under the baseline" in seen
    assert "7.0 (6.0 to 8.0) 3 456 of 4 321 cases" in seen
    assert "+0.4" not in seen
    assert "+7.0" not in seen


def test_a_share_on_few_cases_is_shown_as_few_events(tmp_path: Path) -> None:
    few = changed({"scenario": "judge", "measure": "displaced"}, value=np.nan, world_low=np.nan, world_high=np.nan, events=8)
    ways = displaced().assign(value=lambda f: f["value"].where(f["count"] >= 10))
    seen = read(written(tmp_path, headline=few, displaced=ways)).text
    assert "1 of " in seen
    assert seen.count("<10 events") == 2


def test_membership_has_tables_of_its_own_and_never_leads_those_of_safeguards(tmp_path: Path) -> None:
    swap = {"core_cyber": "no_treaty"}
    frames = {
        name: frame.assign(scenario=frame["scenario"].replace(swap))
        for name, frame in (("headline", headline()), ("displaced", displaced()), ("moved", moved()))
    }
    seen = read(written(tmp_path, **frames)).text
    for caption in ("Displaced, per cent, by kind of label", "Moved by adaptation, points, by"):
        parts = seen.split(caption)[1:]
        assert len(parts) == 2
        assert ": safeguards and bundles" in parts[0][:200]
        assert "who is bound, and what else is in force" in parts[1][:200]


def test_it_says_who_adapts_what_it_rests_on_and_what_it_is_not(text: str) -> None:
    for words in (
        "labels, destinations, channels and volume",
        "inflation, diffusion, restrictive and protocol",
        "own, peers and tools",
    ):
        assert words in text
    assert "adaptation.requesters.attempts" in text
    assert "configs/adaptation/standard.yaml" in text
    assert "How anyone adapts is assumed." in text
    assert "Nobody adapts." not in text
    assert "Silence is no protection" in text
    for word in (
        facts()["commit"],
        "rogatory adaptation seeds=8 replicates=2",
        arms()[0].config.digest(),
        arms()[-1].config.digest(),
    ):
        assert word in text


def test_limits_speak_of_those_who_adapt() -> None:
    assert list(prose.limits(False)) == list(prose.LIMITS)
    assert prose.limits(False)["Nobody adapts"] == prose.LIMITS["Nobody adapts"]
    told = prose.limits(True)
    assert len(told) == len(prose.LIMITS)
    assert "Nobody adapts" not in told
    assert list(told).index("How anyone adapts is assumed") == list(prose.LIMITS).index("Nobody adapts")


def test_what_others_wrote_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>\"'&"
    html = written(tmp_path, facts={"command": f"rogatory adaptation {evil}", "commit": evil})
    assert "<script" not in html
    assert read(html).text.count(evil) == 2


def awkward() -> dict[str, dict[str, Any]]:
    """Studies at the edge of what there can be."""
    frame, ways = headline(), moved()
    ends = {"world_low": np.nan, "world_high": np.nan, "error_low": np.nan, "error_high": np.nan}
    return {
        "one world": {"headline": frame.assign(**ends, worlds=1), "displaced": displaced().assign(**ends),
                      "moved": ways.assign(moved_world_low=np.nan, moved_world_high=np.nan, worlds=1),
                      "facts": {"worlds": 1, "replicates": 1}},
        "few events": {"headline": frame.assign(value=np.nan, **ends, events=3), "displaced": displaced().iloc[:0],
                       "moved": ways.iloc[:0]},
        "no header": {"headers": {}},
        "no single year": {"headline": frame[frame["year"] == "all"]},
        "no cost": {"headline": frame[frame["measure"] == "protection"]},
        "no commit": {"facts": {"commit": None, "seeds": [3, 9]}},
    }  # fmt: skip


@pytest.mark.parametrize("case", one_in(3, list(awkward())))
def test_an_awkward_study_still_has_a_whole_page(case: str, tmp_path: Path) -> None:
    seen = read(written(tmp_path, **awkward()[case]))
    assert not seen.faults
    assert not re.search(r"\b(nan|None|NaT|inf)\b", seen.text)
    if case == "few events":
        assert "0 clearly protect on paper, 0 once" in seen.text
    if case == "one world":
        assert "2 safeguards and 1 bundle against “the treaty as adopted”: too few worlds for a verdict: 1; 8 or more." in seen.text
        assert "Too few worlds for a verdict on what adaptation does to them (3)" in seen.text
        assert "clearly" not in seen.text.partition("The question")[0]
        assert re.search(r"Saved on paper 17\s% \(no range\)", seen.text)


@pytest.mark.parametrize("worlds", [7, 8])
def test_under_eight_worlds_nothing_is_called_clear(worlds: int, tmp_path: Path) -> None:
    few = {"headline": headline().assign(worlds=worlds), "moved": moved().assign(worlds=worlds)}
    seen = read(written(tmp_path, **few, facts={"worlds": worlds})).text
    assert ("too few worlds for a verdict: 7; 8 or more" in seen) == (worlds == 7)
    assert ("3 clearly protect on paper" in seen) == (worlds == 8)


def test_a_write_that_fails_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / _REPORT).write_text("old")

    def broken(*_: object, **__: object) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_text", broken)
    with pytest.raises(OSError, match="disk full"):
        written(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {_REPORT, "adaptation.png"}
    assert (tmp_path / _REPORT).read_bytes() == b"old"


def test_few_scenarios_take_little_room(tmp_path: Path) -> None:
    drawn = draw_figure(tmp_path, headline(), "8 worlds", figures()["adaptation"])
    assert drawn.path == tmp_path / "adaptation.png"
    with Image.open(drawn.path) as image:
        assert image.size == pytest.approx((drawn.width, drawn.height), abs=1)
    assert drawn.height < drawn.width / 3


@pytest.mark.slow
@WITHOUT
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_browser_shows_it_without_overflowing(width: int, tmp_path: Path) -> None:
    written(tmp_path)
    found = looked(tmp_path / _REPORT, tmp_path, width)
    assert found["fetched"] == []
    assert found["scrolls"] <= found["width"]
    assert found["beyond"] == []
    assert found["faint"] == []
    assert not complaints(browse(tmp_path, tmp_path / _REPORT, "--dump-dom").log)
