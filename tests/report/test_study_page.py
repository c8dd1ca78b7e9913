"""The report of a study is one page that stands by itself: answers, how sure, figures, what was run, what it rests on, model."""

import base64
import itertools
import re
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.analysis.record import Analysis, Drawing
from experiments.design.designs import Design, design_from
from experiments.report import study as page
from experiments.report import study_prose
from experiments.report.studied import designed, headed, numbers_behind, varied_numbers
from experiments.report.study import _REPORT, suited, write_study
from experiments.report.tables import cells_of, text_columns
from experiments.store.outcomes import Outcome
from sim.config import load
from sim.world.record import ConfigError
from tests.report.browser import NARROW, WIDE, WITHOUT, browse, complaints, looked
from tests.report.reading import LEVELS, PLACES, Reader, read
from tests.report.studies import BODY, TEXT, analyses, design, facts, points, study

MODEL = "The model (ODD): overview"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    (path / "design.yaml").write_text(TEXT, encoding="utf-8")
    write_study(path / "out", study(path), analyses(), facts())
    return path


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "out" / _REPORT).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def seen(html: str) -> Reader:
    return read(html)


@pytest.fixture(scope="module")
def text(seen: Reader) -> str:
    return seen.text.replace("\u202f", " ")


@pytest.fixture
def undescribed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The description of the model has tests of its own, and takes most of the time."""
    monkeypatch.setattr(page, "odd", lambda config, known: ())


def rows_of(seen: Reader) -> str:
    """Cells of tables and lists of facts, one after another."""
    return "|".join(words.replace("\u202f", " ") for tag, words in seen.words if tag in ("td", "th", "dt", "dd", "code"))


def told(folder: Path, made: Any = None, given: list[Analysis] | None = None, said: dict[str, Any] | None = None) -> str:
    """The words of a page of its own."""
    where = write_study(
        folder / "out", made or study(folder), analyses() if given is None else given, facts() if said is None else said
    )
    return read(where.read_text(encoding="utf-8")).text.replace("\u202f", " ")


def without_figures() -> list[Analysis]:
    return [analysis._replace(drawings=[]) for analysis in analyses()]


# --- the page ------------------------------------------------------------------------------------------------------------


def test_it_writes_one_file_and_leaves_nothing_else(folder: Path) -> None:
    assert [path.name for path in (folder / "out").iterdir()] == [_REPORT]


@pytest.mark.slow
def test_the_same_study_gives_the_same_bytes(folder: Path, html: str, tmp_path: Path) -> None:
    again = write_study(tmp_path, study(folder), analyses(), facts())
    assert again == tmp_path / _REPORT
    assert again.read_text(encoding="utf-8") == html


def test_every_tag_is_closed_and_nothing_comes_from_elsewhere(html: str, seen: Reader) -> None:
    assert not seen.faults
    assert not seen.open
    sources = [value for _, attributes in seen.tags for key, value in attributes.items() if key in PLACES]
    assert all(value and value.startswith(("data:image/png;base64,", "#")) for value in sources)
    assert not {tag for tag, _ in seen.tags} & {"script", "link", "iframe", "object", "embed", "form", "base"}
    assert "default-src 'none'" in html


def test_headings_come_in_order_and_every_link_leads_somewhere(seen: Reader) -> None:
    ranks = [LEVELS[tag] for tag, _ in seen.tags if tag in LEVELS]
    assert ranks[0] == 1
    assert ranks.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(ranks))
    names = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(names) == len(set(names))
    links = [str(attributes["href"])[1:] for attributes in seen.all("a")]
    assert set(links) <= set(names)


def test_the_contents_lead_to_every_section_and_every_element_of_the_model(seen: Reader) -> None:
    places = [tag for tag, _ in seen.tags]
    start, end = places.index("nav"), places.index("main")
    links = {str(attributes["href"])[1:] for tag, attributes in seen.tags[start:end] if tag == "a"}
    sections = {str(attributes["aria-labelledby"]) for attributes in seen.all("section")}
    assert sections <= links
    assert {"odd-purpose", "odd-entities", "odd-process", "odd-design", "odd-initialisation", "odd-input", "odd-submodels"} <= links


def test_what_others_wrote_stays_text(html: str, seen: Reader) -> None:
    for markup in ("<protect>", "<it>", "<killed>"):
        assert markup not in html
        assert markup in seen.text


@pytest.mark.usefixtures("undescribed")
def test_markup_in_any_field_stays_text(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>\"'&"
    made = study(tmp_path, design_from(BODY | {"question": f"what, {evil}?"}, "test"))._replace(name=evil)
    given = [Analysis("a", evil, evil, [evil], [evil], {evil: pd.DataFrame({evil: [evil]})}, [])]
    where = write_study(
        tmp_path, made, given, facts() | {"commands": [evil], "failed": [evil], "commit": evil, "versions": {evil: evil}}
    )
    seen = read(where.read_text(encoding="utf-8"))
    assert not seen.all("script")
    assert seen.text.count(evil) > 9


# --- answers -------------------------------------------------------------------------------------------------------------


def test_every_sentence_of_every_analysis_is_there_with_the_most_important_first(text: str) -> None:
    for analysis in analyses():
        for sentence in (analysis.question, *analysis.answer, *analysis.sure):
            assert re.sub(r"[`*]", "", sentence) in text
    places = [text.index(re.sub("`", "", analysis.answer[0])) for analysis in analyses()]
    assert places == sorted(places)
    assert places[0] < text.index("The question")  # the answer in short comes first


def test_it_is_honest_about_what_it_is(text: str) -> None:
    for words in ("nobody knows the true extent of abuse", *study_prose.LIMITS.values()):
        assert words in text


def test_two_analyses_of_one_name_have_anchors_of_their_own(tmp_path: Path, undescribed: None) -> None:
    first = without_figures()[1]
    where = write_study(tmp_path, study(tmp_path), [first, first], facts())
    names = [attributes["id"] for _, attributes in read(where.read_text(encoding="utf-8")).tags if "id" in attributes]
    assert len(names) == len(set(names))
    assert {"analysis-attribution", "analysis-attribution-2"} <= set(names)


def test_parameters_and_replicates_are_told_apart(text: str) -> None:
    sure = text.partition("How sure Three things")[2].partition("What was run")[0]
    parameters, _, replicates = sure.partition("Replicates: worlds and luck")
    assert "3 numbers of the model were varied, in 16 draws (Latin hypercube)." in parameters
    assert re.search(r"\d{3} assumed numbers of the model were held at one value each", parameters)
    assert "6 worlds (sets of unknown facts), 2 replicates in each." in replicates
    assert "Too few worlds for a verdict: 6; 8 or more." in replicates


@pytest.mark.usefixtures("undescribed")
def test_a_study_that_varies_no_parameter_says_so(tmp_path: Path) -> None:
    held = {key: value for key, value in BODY.items() if key not in ("uncertainties", "draw", "size")}
    made = study(tmp_path, design_from(held, "test"))
    made = made._replace(points=points().drop(columns=list(design().uncertainties)).assign(draw=0))
    words = told(tmp_path, made, [])
    assert study_prose.HELD in words
    assert "none: no parameter is varied" in words
    assert study_prose.VARIED not in words


def test_the_figures_are_inside_with_their_captions_as_text(seen: Reader, text: str) -> None:
    drawings = [drawing for analysis in analyses() for drawing in analysis.drawings]
    assert len(seen.all("img")) == len(drawings) == 2
    for image, drawing in zip(seen.all("img"), drawings, strict=True):
        assert base64.b64decode(str(image["src"]).partition(",")[2]).startswith(b"\x89PNG")
        assert image["alt"] == drawing.alt
        assert drawing.caption in text
    assert "What <it> costs. Fourteen scenarios" in text


@pytest.mark.usefixtures("undescribed")
def test_a_figure_that_does_not_exist_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    wrong = Drawing("x", "dream", pd.DataFrame(), "", "")
    given = [analyses()[1]._replace(drawings=[wrong])]
    (tmp_path / _REPORT).write_text("old")
    with pytest.raises(ConfigError, match="no figure is named 'dream'"):
        write_study(tmp_path, study(tmp_path), given, facts())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(_REPORT, "old")]


def test_the_main_table_is_shown_and_cut_with_a_word_on_where_the_whole_is(seen: Reader, text: str) -> None:
    assert "The first 25 of 36 rows; the whole is the table indices.csv of the analysis." in text
    assert "convergence.csv: 4 rows, factor, kind, share, draw low, draw high, runs and told from zero" in text
    cells = [words for tag, words in seen.words if tag == "td"]
    assert "−0.0123" in cells
    assert cells.count("12\u202f345") == 25
    assert "−15.2" in cells


def test_the_numbers_of_a_column_share_their_decimals() -> None:
    frame = pd.DataFrame(
        {
            "name": ["a", "b", "c"],
            "share": [0.5, -0.01234, np.nan],
            "small": [3.2e-9, 4.0, 0.0],
            "days": [1200.0, 3.0, np.nan],
            "whole": [1, 20000, -3],
            "yes": [True, False, True],
        }
    )
    assert cells_of(frame) == [
        ["a", "0.5000", "3.2e-09", "1\u202f200", "1", "yes"],
        ["b", "−0.0123", "4", "3", "20\u202f000", "no"],
        ["c", "–", "0", "–", "−3", "yes"],
    ]
    assert cells_of(pd.DataFrame({"low": [0.1, 0.25], "high": [0.9, 1.0]})) == [["0.10", "0.9"], ["0.25", "1.0"]]
    assert text_columns(frame) == {0}


# --- without analyses ----------------------------------------------------------------------------------------------------


def feigned(monkeypatch: pytest.MonkeyPatch, name: str, answer: str | None) -> None:
    """An analysis that suits every study, or none."""
    home = ModuleType(f"experiments.analysis.{name}")
    home.__spec__ = ModuleSpec(home.__name__, None)
    home.unsuited = lambda study: answer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, home.__name__, home)


@pytest.mark.usefixtures("undescribed")
def test_without_an_analysis_it_says_which_would_suit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feigned(monkeypatch, "sensitivity", None)
    feigned(monkeypatch, "attribution", "wants levers (design.levers)")
    words = told(tmp_path, given=[])
    assert study_prose.NO_ANALYSIS in words
    assert "rogatory sensitivity levers_and_guesses" in words
    assert "attribution: wants levers (design.levers)" in words
    assert "rogatory attribution" not in words.replace(facts()["commands"][1], "")


@pytest.mark.usefixtures("undescribed")
def test_an_analysis_that_found_too_little_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feigned(monkeypatch, "sensitivity", None)
    words = told(tmp_path, given=[], said={"refused": {"sensitivity": "points: found 6; accepted: 20 or more"}})
    assert "sensitivity: points: found 6; accepted: 20 or more" in words
    assert "rogatory sensitivity" not in words


@pytest.mark.usefixtures("undescribed")
def test_what_has_been_analysed_is_not_offered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sensitivity", "attribution", "frontier"):
        feigned(monkeypatch, name, None)
    offered = told(tmp_path, given=without_figures(), said={})
    assert "rogatory frontier levers_and_guesses" in offered
    assert "rogatory sensitivity" not in offered


def test_every_analysis_that_there_is_can_say_whether_it_suits(tmp_path: Path) -> None:
    for why in suited(study(tmp_path)).values():
        assert why is None or why.strip()


@pytest.mark.usefixtures("undescribed")
def test_a_study_of_which_nothing_else_is_known_still_has_a_whole_page(tmp_path: Path) -> None:
    made = study(tmp_path)._replace(held={})
    where = write_study(tmp_path / "out", made, [], {})
    seen = read(where.read_text(encoding="utf-8"))
    assert not seen.faults
    assert not re.search(r"\b(nan|None|NaT|inf)\b", seen.text)
    assert "not known: not run from a repository" in seen.text
    assert "How many worlds and replicates were run is not known." in seen.text


# --- what was run, and on what it rests ----------------------------------------------------------------------------------


def test_it_says_what_was_run_and_what_is_missing(seen: Reader, text: str) -> None:
    rows = rows_of(seen)
    for words in (
        "Points|128: each a configuration",
        "Policies|as adopted|",
        "Levers|judge and threshold|",
        "Draws of parameters|16|",
        "Worlds and luck|6 worlds, 2 replicates in each; the same for all points|",
        "Window|10 years a run|",
        "Runs|1 533 done of 1 536; 0 missing; 2 failed|",
        "Runs without a value|3 (case disclosure rate)|",
        "Outcomes kept|case disclosure rate and legit met rate|",
        "Time|90 minutes|",
    ):
        assert words in rows, words
    assert all(words in text for words in facts()["failed"])


@pytest.mark.usefixtures("undescribed")
def test_how_many_lines_and_rows_are_shown_is_a_setting(tmp_path: Path) -> None:
    plain = study(tmp_path)
    changed = plain.asked.analysis | {"report": plain.asked.analysis["report"] | {"lines": 2, "rows": 3}}
    own = plain._replace(asked=plain.asked.model_copy(update={"analysis": changed}))
    failed = {"failed": [f"run {number} failed" for number in range(5)]}
    words = told(tmp_path, own, without_figures(), facts() | failed)
    assert "run 1 failed" in words
    assert "run 2 failed" not in words
    assert "The first 3 of 36 rows" in words


@pytest.mark.usefixtures("undescribed")
def test_many_failures_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    words = told(tmp_path, given=[], said=facts() | {"failed": [f"run {number} failed" for number in range(33)]})
    assert "run 19 failed" in words
    assert "run 20 failed" not in words
    assert "and 13 others" in words


def test_levers_levels_and_conditions_say_what_they_set(seen: Reader) -> None:
    rows = rows_of(seen)
    for words in (
        "|judge|off|nothing|judge|on|judge|",
        "|threshold|six|instruments.hanoi.threshold_years = 6.0|",
        "|ireland half|states.hosting.factor.IRL = 0.5|",
    ):
        assert words in rows


def test_the_design_stands_there_as_it_was_written_with_who_asked(text: str, folder: Path) -> None:
    assert " ".join(TEXT.split()) in " ".join(text.split())
    assert "Why it is asked: made up for a test." in text
    assert headed(study(folder), facts()) == [("Why it is asked", "made up for a test.")]


def test_a_file_that_says_something_else_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "design.yaml").write_text(TEXT.replace("high: 0.9", "high: 0.8"), encoding="utf-8")
    written = designed(study(tmp_path), facts())
    assert not written.own
    assert Design(**yaml.safe_load(written.text)) == design()
    assert headed(study(tmp_path), facts()) == []


def test_the_file_that_the_command_names_is_found_whatever_the_store_is_called(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace("size: 16", "size: 99"), encoding="utf-8")
    written = designed(study(tmp_path), {"commands": [f"rogatory sweep design={path} size=16"]})
    assert written.own
    assert written.otherwise == ["Here with size 16."]
    assert not designed(study(tmp_path), {"commands": ["rogatory sweep design=nowhere"]}).own


@pytest.mark.usefixtures("undescribed")
def test_sentences_begin_with_a_capital_and_the_design_is_not_asked_twice(tmp_path: Path) -> None:
    given = Analysis("a", "It", design().question, ["of two levers one does it."], ["over worlds."], {}, [])
    words = told(tmp_path, given=[given])
    assert "Of two levers one does it." in words
    assert "Over worlds." in words
    assert words.count("ow much does each lever <protect>") == 3  # the title, the heading and the design


@pytest.mark.usefixtures("undescribed")
def test_a_column_without_an_entry_is_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"lever": ["judge", "notice"], "condition": ["", ""], "review.rho": [1.0, 2.0], "rank": [np.nan, None]})
    where = write_study(tmp_path, study(tmp_path), [Analysis("a", "It", "what?", ["x."], [], {"t": frame}, [])], facts())
    assert "|lever|review.rho|judge|1|notice|2|" in rows_of(read(where.read_text(encoding="utf-8")))


def test_varied_numbers_show_their_bounds_unit_source_and_usual_value(folder: Path, text: str) -> None:
    rows = {row[0]: row[1:] for row in varied_numbers(study(folder), facts())}
    assert rows["review.rho"] == (
        "0.1",
        "0.9",
        "evenly",
        "correlation",
        "0-1",
        "fact",
        "assumed",
        "no two looks are wholly alike or wholly new",
        "0.5",
    )
    assert rows["demand.abusive_odds"][2] == "evenly in the logarithm"
    assert "no two looks are wholly alike or wholly new" in text


def test_where_the_design_is_silent_the_numbers_own_file_speaks(tmp_path: Path) -> None:
    rows = {row[0]: row for row in varied_numbers(study(tmp_path), facts())}
    assert rows["review.rho"][4:] == ("correlation of two looks", "0-1", "fact", "assumed", "prototype.md 8; swept", "0.5")


def test_a_varied_number_is_nowhere_told_as_held(folder: Path, text: str) -> None:
    known = numbers_behind(study(folder), facts())
    own = known[known["key"].isin(design().uncertainties)]
    assert len(own) == 3
    assert own["varied"].all()
    assert not own[["swept", "changed"]].any(axis=None)
    assert set(own["value"]) == {"varied: 0.1 to 0.9", "varied: 0.003 to 0.03"}
    assert "varied: 0.003 to 0.03" in text.partition(MODEL)[2]
    assert (known["key"] == "instruments.hanoi.threshold_years").any()


def test_what_an_arm_sets_is_no_departure_from_the_files(tmp_path: Path) -> None:
    arms = design_from({"question": "x?", "arms": {"low": ["instruments.hanoi.threshold_years=1"], "own": []}}, "test")
    first = load("instruments.hanoi.threshold_years=1", "people.rows=777")
    made = study(tmp_path, arms)._replace(config=first, points=pd.DataFrame({"scenario": ["low"]}))
    known = numbers_behind(made, {})
    assert list(known.loc[known["changed"], "key"]) == ["people.rows"]
    assert known.loc[known["key"] == "instruments.hanoi.threshold_years", "value"].item() == "1"


def test_assumed_numbers_are_counted_and_those_swept_elsewhere_are_named(text: str) -> None:
    rests = text.partition("stand in the files that this study was composed of.")[2].partition("Relative. The true extent")[0]
    assert re.search(r"\d{3} of them \(\d\d %\) are assumed", rests)
    assert "conduct.police_share" in rests
    assert "review.uptake_max" not in rests


def test_it_says_how_to_rebuild_it(text: str) -> None:
    rebuild = text.partition("How to rebuild it The same")[2].partition(MODEL)[0]
    for words in (*facts()["commands"], facts()["commit"], "numpy 2.0.0, rogatory 0.1.0", "0 to 5", study(Path()).config.digest()):
        assert words in rebuild


@pytest.mark.usefixtures("undescribed")
def test_tables_that_were_read_stand_with_their_checksums(tmp_path: Path) -> None:
    where = write_study(tmp_path, study(tmp_path)._replace(config=load()), [], facts())
    rows = rows_of(read(where.read_text(encoding="utf-8")))
    for name, checksum in load().data.items():
        assert f"|{name}|{checksum}" in rows


def test_the_model_is_described_on_the_page(text: str) -> None:
    for words in (MODEL, "7 Submodels", "Named draws", "configs/review/standard.yaml", "24, made up"):
        assert words in text


def test_an_outcome_that_the_study_lacks_is_no_obstacle(tmp_path: Path, undescribed: None) -> None:
    made = study(tmp_path)
    other = made._replace(asked=made.asked.model_copy(update={"outcome": str(Outcome("legit_met_rate"))}))
    words = told(tmp_path, other, [], facts() | {"seeds": [4, 5, 6], "replicates": 2})
    assert "3 worlds, 2 replicates in each" in words
    assert "Runs without a value" not in words


# --- in a real browser ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@WITHOUT
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_browser_shows_it_whole_at_any_width(folder: Path, tmp_path: Path, width: int) -> None:
    found = looked(folder / "out" / _REPORT, tmp_path, width)
    assert found["fetched"] == []
    assert found["scripts"] == 0
    assert found["scrolls"] <= found["width"] == width
    assert found["beyond"] == []
    assert found["faint"] == []
    assert all(shown >= 700 for _, _, shown in found["images"])


@pytest.mark.slow
@WITHOUT
def test_a_browser_has_nothing_to_complain_of_and_prints_it(folder: Path, tmp_path: Path) -> None:
    shown = browse(tmp_path, folder / "out" / _REPORT, "--dump-dom")
    assert "<h1>" in shown.dom
    assert not complaints(shown.log)
    path = tmp_path / "paper.pdf"
    browse(tmp_path, folder / "out" / _REPORT, f"--print-to-pdf={path}", "--no-pdf-header-footer")
    assert path.stat().st_size > 100_000
