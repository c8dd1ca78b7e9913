"""Whatever a user calls what is studied, a page holds that name as text, and nothing that the name would do."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments.analysis.record import Drawing
from experiments.design.plain import arm_in_words
from experiments.letters import visible
from experiments.report import adapted, write_report
from experiments.report import pictures as drawing
from experiments.report import study as studied
from experiments.report.page import anchor, page, tag
from experiments.report.parameters import parameters
from experiments.report.study import write_study
from experiments.settings import conduct_of_study
from experiments.studies import analyse
from tests.figures.hostile import HOSTILE
from tests.report import test_adapted_page as adaptation
from tests.report.examples import arms, comparison, cooperation, facts, figures, headers
from tests.report.reading import Reader, read
from tests.report.studies import analyses, design, study
from tests.shares import one_in

EVIL = (
    *HOSTILE,
    '"onmouseover="alert(1)',
    "</style></title><img src=x onerror=alert(1)>",
    "a b",
    "a~20~b",
    "#limits",
    "../../config",
    "n" * 300,
    "]]>",
    "javascript:alert(1)",
)
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def faults_of(html: str, tags: set[str]) -> list[str]:
    """What a name has done to a page beside standing in it."""
    html.encode("utf-8")
    seen = read(html)
    names = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    links = {str(attributes["href"])[1:] for attributes in seen.all("a")}
    found = [f"left open or closed twice: {fault}" for fault in seen.faults]
    found += [f"an element that the page has not: {name}" for name, _ in seen.tags if name not in tags]
    found += [f"an attribute that runs: {name}" for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    found += [f"an anchor twice: {name!a}" for name in set(names) if names.count(name) > 1]
    found += [f"an anchor with a space: {name!a}" for name in names if re.search(r"\s", str(name))]
    found += [f"a link that leads nowhere: {name!a}" for name in links - set(map(str, names))]
    found += [f"a sign that is not seen: {sign!a}" for sign in sorted(set(HIDDEN.findall(html)))]
    return found


def lacking(seen: Reader, names: list[str], worded: Callable[[str], str] = arm_in_words) -> list[str]:
    """Names whose words are nowhere on the page."""
    text = seen.text.replace("\n", " ")
    told = {name: re.sub(r"[ \n]+", " ", visible(worded(name), "\n\t")) for name in names}
    return [name for name in names if told[name] not in text]


def tags_of(html: str) -> set[str]:
    return {name for name, _ in read(html).tags}


def evil_of(frame: pd.DataFrame, column: str, other: dict[str, str]) -> pd.DataFrame:
    return frame.assign(**{column: pd.Series([other.get(name, name) for name in frame[column]], frame.index, object)})


def test_a_comparison_of_arms_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "plans", lambda study: [])
    known, whole = arms(), comparison()
    for name in ("usual", "evil"):
        (tmp_path / name).mkdir()
    usual = write_report(tmp_path / "usual", whole, cooperation(), known, headers(), facts(), figures())[0].read_text(
        encoding="utf-8"
    )
    other = dict(zip([arm.name for arm in known], EVIL, strict=False))
    evil = [arm._replace(name=other.get(arm.name, arm.name)) for arm in known]
    evil = [arm._replace(config=arm.config.model_copy(update={"scenario_name": arm.name})) for arm in evil]
    said = {
        other.get(name, name): header.model_copy(update={"motive": other.get(name, name)}) for name, header in headers().items()
    }
    tables = evil_of(whole, "arm", other), evil_of(cooperation(), "arm", other)
    told = facts() | {"command": " ".join(["rogatory compare", *EVIL]), "stopped": EVIL[6]}
    html = write_report(tmp_path / "evil", *tables, evil, said, told, figures())[0].read_text(encoding="utf-8")
    assert faults_of(html, tags_of(usual)) == []
    assert lacking(read(html), list(EVIL)) == []


def test_a_study_of_levers_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studied, "odd", lambda config, known: ())
    monkeypatch.setattr(studied, "suited", lambda made: {"frontier": EVIL[6], "threshold": None})
    usual = write_study(tmp_path / "usual", study(tmp_path), _undrawn(), {}).read_text(encoding="utf-8")
    whole = [name for name in EVIL if "\udc80" not in name]  # neither a file of YAML nor a table can hold half a sign
    levels: dict[str, Any] = {name: {} for name in whole}
    body = design().model_copy(
        update={"question": " ".join(whole), "levers": {name: {"off": {}, **levels} for name in whole}, "conditions": levels}
    )
    made = study(tmp_path, body)._replace(name=EVIL[0] + EVIL[6])
    table = pd.DataFrame({"lever": whole, "value": range(len(whole))})
    given = [one._replace(tables={EVIL[6]: table, EVIL[0]: table}, answer=[f"{name} is." for name in EVIL]) for one in _undrawn()]
    told = {"commands": list(EVIL), "failed": list(EVIL), "versions": {EVIL[6]: EVIL[6]}, "refused": {"frontier": EVIL[6]}}
    html = write_study(tmp_path / "evil", made, given, told).read_text(encoding="utf-8")
    assert faults_of(html, tags_of(usual) | {"b", "em", "code", "pre", "h3", "h4"}) == []
    assert lacking(read(html), [name for name in EVIL if name.strip()], str) == []


def test_what_a_figure_shows_is_told_of_arms_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For those who cannot see it: such names are text in the alternative text of a picture, and in no file's name."""
    files: list[Path] = []

    def saved(_: object, path: Path) -> Path:
        files.append(path)
        path.write_bytes(PIXEL)
        return path

    drawn: list[str] = []
    monkeypatch.setattr(drawing, "draw", lambda name, *_, **__: drawn.append(name) or Figure(figsize=(1, 1)))
    monkeypatch.setattr(drawing, "save", saved)
    known, whole = arms(), [name for name in EVIL if "\udc80" not in name]  # no table can hold half a sign
    other = dict(zip([arm.name for arm in known], whole, strict=False))
    evil = [arm._replace(name=other.get(arm.name, arm.name)) for arm in known]
    tables = evil_of(comparison(), "arm", other), evil_of(cooperation(), "arm", other)
    html = write_report(tmp_path, *tables, evil, {}, facts(), figures())[0].read_text(encoding="utf-8")
    seen = read(html)
    told = " ".join(str(image["alt"]) for image in seen.all("img"))
    assert len(seen.all("img")) == len(drawn) == len(files) > 1
    assert any(visible(arm_in_words(name)) in told for name in EVIL), told
    assert not HIDDEN.findall(told)
    assert all(set(image) <= {"src", "alt", "width", "height"} for image in seen.all("img")), "an attribute of a name's making"
    assert {path.name for path in files} <= {f"{name}.png" for name in drawing._READING}


@pytest.mark.parametrize("evil", [EVIL[:1], EVIL])
def test_names_of_a_users_making_are_plain_names_of_files(
    evil: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables and figures of an analysis are named by conditions and outcomes: each has a file, and each lies in the folder."""
    monkeypatch.setattr(analyse, "draw", lambda *_, **__: None)
    monkeypatch.setattr(analyse, "save", lambda _, path: path.write_bytes(b""))
    table = pd.DataFrame({"=name": ["=1"], "value": [1.0]})
    made = _undrawn()[0]._replace(
        tables={f"regret_{name}": table for name in evil},
        drawings=[Drawing(f"regret_{name}", "regret", table, name, name) for name in evil],
    )
    folder = tmp_path / "analysis"
    folder.mkdir()
    assert not analyse.write_analysis(made, SimpleNamespace(asked=conduct_of_study()), folder).why
    names = sorted(path.name for path in folder.iterdir())
    assert len({name.lower() for name in names}) == 3 * len(set(evil))
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+@=-]*\.(csv|parquet|png)", name) for name in names), names
    assert [path.name for path in tmp_path.iterdir()] == ["analysis"]


def _undrawn() -> list[Any]:
    return [analysis._replace(drawings=[]) for analysis in analyses()]


@pytest.mark.parametrize("place", one_in(4, [*range(0, len(EVIL), len(adaptation.SAVED))]))
def test_a_study_of_adaptation_of_scenarios_of_any_name(place: int, tmp_path: Path) -> None:
    other = dict(zip(adaptation.SAVED, EVIL[place:], strict=False))
    made = {"headline": adaptation.headline(), "displaced": adaptation.displaced(), "moved": adaptation.moved()}
    html = adaptation.written(tmp_path, **{name: evil_of(table, "scenario", other) for name, table in made.items()})
    assert faults_of(html, tags_of(adaptation.written(tmp_path))) == [], list(other.values())
    assert lacking(read(html), list(other.values())) == []


def test_an_anchor_is_one_word_and_no_two_names_share_one() -> None:
    anchors = [anchor("arm", name) for name in EVIL]
    assert len(set(anchors)) == len(EVIL)
    assert all(re.fullmatch(r"[A-Za-z0-9_+@.~-]+", name) for name in anchors)


def test_no_arm_is_read_as_a_file() -> None:
    """Its name may be a path, or longer than any file's."""
    assert len(parameters([*EVIL, "../config", "judge"], {})) == len(parameters(["judge"], {}))


def test_text_in_every_place_of_an_element_is_text() -> None:
    evil = "a\x00\x1b\udc80\u202e\"'<b>&"
    html = page(evil, [tag("p", evil, tag("b", evil), evil, title=evil, aria_label=evil)])
    html.encode("utf-8")
    seen = read(html)
    (paragraph,) = seen.all("p")
    assert paragraph == {"title": visible(evil), "aria-label": visible(evil)}
    assert [words for name, words in seen.words if name == "title"] == [visible(evil)]
    assert seen.text.count(visible(evil)) == 4


def test_the_pages_have_one_way_to_become_text() -> None:
    """Whatever is written as HTML is written by one module, which escapes it."""
    folder = Path(adapted.__file__).parent
    for path in sorted(folder.parent.rglob("*.py")):
        said = path.read_text(encoding="utf-8")
        if path.name != "page.py":
            assert "tostring" not in said, path.name
            assert "xml.etree" not in said or "import Element" in said, path.name
            assert not re.search(r"Element\(", said), path.name


def test_a_failure_that_shows_such_a_name_is_told_by_a_worker(request: pytest.FixtureRequest) -> None:
    """Else the session ends with an error of its own, and nobody learns what failed."""
    shown = pytest.TestReport("a test", ("a file", 1, ""), {}, "failed", " ".join(EVIL), "call", sections=[("out", EVIL[-1])])
    sent = request.config.hook.pytest_report_to_serializable(config=request.config, report=shown)
    assert any("\udc80" in name for name in EVIL)
    assert "\\udc80" in json.dumps(sent, ensure_ascii=False).encode("utf-8").decode("utf-8")
