"""Whatever study left a store: it can be checked, and its report says what was asked, what was run, and what can be said of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from experiments.analysis import frontier
from experiments.design.arms import APART
from experiments.design.designs import Design, design_of
from experiments.design.entries import POINT_COLUMNS
from experiments.report import study as page
from experiments.report import study_prose
from experiments.report.studied import designed, numbers_behind
from experiments.report.study import write_study
from experiments.settings import conduct_of_study
from experiments.store.outcomes import ArrayStudy, Outcomes
from experiments.store.places import stores_in
from experiments.studies import adaptation, analyse, check, compare, multirun, run, treaty
from experiments.studies import replication as study
from tests.report.reading import Reader, read
from tests.report.studies import OUTCOME, config
from tests.shares import some_fast

TINY = (
    "states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "demand.abusive_odds=0.6",
    "years=1", "calibration_months=12", "workers=1", "seeds=2",
)  # fmt: skip
DESIGN = """\
# Motive: somebody asked.
question: does a stricter judge pay, whatever the load?
arms:
  judge: [scenario=judge]
  judge busy: [scenario=judge, demand.scale=2.0]
seeds: 2
replicates: 1
"""
NONE, EACH = study_prose.NONE_SUITS, study_prose.EACH_AGAINST.format(count=2)


class Kind(NamedTuple):
    """A study, its question, how many runs it has, what its page says, and which analyses suit it."""

    make: Callable[[Path], Any]
    question: str
    runs: int
    said: tuple[str, ...]
    analyses: tuple[str, ...] = ()


def made(main: Callable[..., Any], *asked: str) -> Callable[[Path], Any]:
    return lambda output: main(*TINY, *asked, f"output={output}")


def designed_arms(output: Path) -> Path:
    (output / "own.yaml").write_text(DESIGN, encoding="utf-8")
    return compare.main(*TINY[:-1], f"design={output / 'own.yaml'}", f"output={output}")


def jobs(output: Path) -> None:
    for rho in (0.2, 0.7):
        multirun.main("af4028b5", *TINY, "replicates=1", f"review.rho={rho}", f"output={output}")


KINDS = {
    "run": Kind(made(run.main, "replicates=1"), "What does one scenario do?", 2, (NONE, study_prose.ALONE, study_prose.ASKED)),
    "treaty": Kind(
        made(treaty.main, "replicates=1"), treaty.TREATY_QUESTION, 8,
        (NONE, EACH, study_prose.ASKED),
    ),
    "compare": Kind(
        made(compare.main, "scenarios=[no_treaty,judge]", "replicates=1"), "What does each arm protect, what does it cost", 6,
        ("Policies are read against “as adopted”", study_prose.ASKED), ("frontier",),
    ),
    "design": Kind(
        designed_arms, "Does a stricter judge pay, whatever the load?", 8,
        (NONE, EACH, "Why it is asked: somebody asked.", "Here each run left",
         "# Motive: somebody asked.", f"found 2: as_adopted{APART}judge"),
    ),
    "adaptation": Kind(
        made(adaptation.main, "scenarios=[judge]", "replicates=1", "analysis.adaptation.years=[1]"),
        "What does each scenario protect on paper, and what is left of it once everyone has adapted?", 8,
        (NONE, EACH, study_prose.ASKED, "found 2: as_adopted naive and as_adopted adaptive"),
    ),
    "multirun": Kind(
        jobs, "What does each combination of what was spelled out do?", 4, (NONE, study_prose.ALONE, study_prose.ASKED),
    ),
}  # fmt: skip
PAGED = {name: name for name in ("run", "treaty", "compare", "adaptation")} | {"design": "compare"}


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of the studies themselves, and the description of the model, have tests of their own."""
    monkeypatch.setattr(study, "draw_all", lambda *_: None)
    monkeypatch.setattr(compare.report, "write_report", lambda *_: [])
    monkeypatch.setattr(adaptation, "draw_figure", lambda *_: None)
    monkeypatch.setattr(adaptation, "write_adapted", lambda *_: None)
    monkeypatch.setattr(page, "odd", lambda config, known: ())


def worded(words: str) -> str:
    """As a page has it, without marks of code."""
    return " ".join(re.sub(r"[`*]", "", words).split())


def text_of(seen: Reader) -> str:
    return " ".join(seen.text.replace("\u202f", " ").split())


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_an_analysis_that_found_too_little_is_not_called_unsuited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = [word if not word.startswith("demand.abusive_odds") else "demand.abusive_odds=0.02" for word in TINY]
    compare.main(*quiet, "scenarios=[no_treaty,judge]", "replicates=1", f"output={tmp_path}")
    (store,) = stores_in(str(tmp_path))
    capsys.readouterr()
    analyse.main("report", *quiet, f"store={store.name}", f"output={tmp_path}")
    assert "(frontier found too little: the page says why)." in capsys.readouterr().out


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", some_fast([*KINDS], ["run", "adaptation"]))
def test_the_store_of_any_study_is_checked_and_reported(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind = KINDS[name]
    kind.make(tmp_path)
    (store,) = stores_in(str(tmp_path))
    capsys.readouterr()
    check.main(f"store={store.name.rpartition('-')[0] if name != 'multirun' else store.name}", f"output={tmp_path}")
    assert "The store is whole and complete." in capsys.readouterr().out
    folder = analyse.main("report", *TINY, f"store={store.name}", f"output={tmp_path}")
    assert folder == store / "report"
    analysed = ", ".join(kind.analyses) or "no analysis suits its design"
    assert f"Report: {folder / 'report.html'} ({analysed})." in capsys.readouterr().out
    seen = read((folder / "report.html").read_text(encoding="utf-8"))
    assert not seen.faults
    words = text_of(seen)
    assert not re.search(r"\b(nan|None|NaT|inf)\b", words)
    assert f"{kind.runs} done of {kind.runs}; 0 missing; 0 failed" in words
    for said in (kind.question, *kind.said):
        assert worded(said) in words, said
    assert (worded(NONE) in words) == (NONE in kind.said) == (not kind.analyses)
    own = worded(study_prose.OWN_PAGE.format(name=PAGED.get(name, "")))
    assert (own in words) == (name in PAGED)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["store"], manifest["runs"]) == (store.name, kind.runs)


@pytest.mark.usefixtures("undrawn")
def test_a_report_counts_the_worlds_that_are_read_and_those_that_were_asked_for(tmp_path: Path) -> None:
    """A store may hold more worlds than its latest command asked for; they are read too."""
    run.main(*TINY[:-1], "replicates=1", "seeds=3", f"output={tmp_path}")
    run.main(*TINY[:-1], "replicates=1", "seeds=2", f"output={tmp_path}")
    (store,) = stores_in(str(tmp_path))
    folder = analyse.main("report", f"store={store}")
    words = text_of(read((folder / "report.html").read_text(encoding="utf-8")))
    assert "3 worlds, 1 replicate in each" in words
    assert "3 done of 3; 0 missing; 0 failed" in words


# --- made up --------------------------------------------------------------------------------------------------------------


def told(folder: Path, design: Design, *rows: tuple[str, str]) -> ArrayStudy:
    """A study of these policies, each with the one that it is read against."""
    ids = {name: f"id of {name}" for name, _ in rows}
    points = pd.DataFrame(
        [(ids[name], place, name, "", 0, ids.get(against, "")) for place, (name, against) in enumerate(rows)],
        columns=[*POINT_COLUMNS],
    )
    assert "against" in points
    values = np.full((len(rows), 4, 1), 0.5)
    held = {OUTCOME: Outcomes(OUTCOME, points, values, np.full(values.shape, 1000), [1, 2, 3, 4])}
    return ArrayStudy("made-up", design, points, config(), conduct_of_study(), folder, held)


ARMS = Design(question="q?", arms={"busy": ["demand.scale=2.0"], "quiet": []})
BASES = (f"as_adopted{APART}busy", f"as_adopted{APART}quiet")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("as_adopted", "as_adopted")], study_prose.ALONE),
        ([("as_adopted", "as_adopted"), ("judge", "as_adopted")], study_prose.AGAINST.format(name="as adopted")),
        ([(BASES[0], BASES[0]), ("busy", BASES[0]), (BASES[1], BASES[1]), ("quiet", BASES[1])], EACH),
        ([("judge", ""), ("notice", "")], study_prose.ALONE),
    ],
)
def test_a_page_says_what_policies_are_read_against(
    rows: list[tuple[str, str]], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "odd", lambda config, known: ())
    design = ARMS if "busy" in dict(rows) else Design(question="q?", scenarios=[name for name, _ in rows])
    words = text_of(read(write_study(tmp_path, told(tmp_path, design, *rows), [], {}).read_text(encoding="utf-8")))
    assert worded(said) in words
    assert sum(worded(other) in words for other in (study_prose.ALONE, study_prose.AGAINST.format(name="as adopted"), EACH)) == 1


def test_policies_of_several_baselines_are_on_no_frontier(tmp_path: Path) -> None:
    rows = [(BASES[0], BASES[0]), ("busy", BASES[0]), (BASES[1], BASES[1]), ("quiet", BASES[1])]
    why = frontier.unsuited(told(tmp_path, ARMS, *rows))
    assert why == ("wants one baseline that all policies are read against; found 2: as_adopted for busy and as_adopted for quiet")
    assert frontier.unsuited(told(tmp_path, ARMS, *[(name, BASES[0]) for name, _ in rows])) is None


def test_what_the_facts_of_an_arm_set_in_its_baseline_is_no_departure_from_the_files(tmp_path: Path) -> None:
    rows = [(BASES[0], BASES[0]), ("busy", BASES[0])]
    scaled = config().model_copy(update={"demand": config().demand.model_copy(update={"scale": 2.0})})
    known = numbers_behind(told(tmp_path, ARMS, *rows)._replace(config=scaled), {}).set_index("key")
    assert known.loc["demand.scale", "value"] == "2"
    assert not known.loc["demand.scale", "changed"]


def test_a_store_outlives_the_file_of_its_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "odd", lambda config, known: ())
    for name in ("gone_since", "own/gone.yaml", "a name that is no choice"):
        study = told(tmp_path, Design(question="q?", scenarios=["as_adopted"]), (name, name))
        assert write_study(tmp_path, study, [], {}).is_file()


def test_a_design_that_stands_in_no_file_is_told_apart_from_one_that_is_not_at_hand(tmp_path: Path) -> None:
    study = told(tmp_path, Design(question="q?"), ("as_adopted", "as_adopted"))
    for commands, filed in (
        (["rogatory run seeds=2"], False),
        (["rogatory sweep design=gone.yaml"], True),
        (["rogatory run seeds=2", "rogatory compare 'design=gone.yaml'"], True),
        ([], True),
    ):
        assert designed(study, {"commands": commands}).filed == filed
    lines = design_of("threshold_sweep")
    kept = designed(
        study._replace(design=lines.model_copy(update={"keep": ["views", "given"]})), {"commands": ["design=threshold_sweep"]}
    )
    assert kept.own
    assert kept.otherwise == ["Here each run left views and given too."]


@pytest.mark.parametrize(
    ("suits", "refused", "said"),
    [
        ({"frontier": "wants more"}, {}, study_prose.NONE_SUITS),
        ({"frontier": None, "threshold": "wants more"}, {"frontier": "found too few"}, study_prose.TOO_LITTLE),
        ({"frontier": None, "threshold": None}, {"frontier": "found too few"}, study_prose.NO_ANALYSIS),
    ],
)
def test_a_page_without_an_analysis_says_why(
    suits: dict[str, str | None], refused: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "odd", lambda config, known: ())
    monkeypatch.setattr(page, "suited", lambda study: suits)
    study = told(tmp_path, Design(question="q?"), ("as_adopted", "as_adopted"))
    words = text_of(read(write_study(tmp_path, study, [], {"refused": refused}).read_text(encoding="utf-8")))
    assert words.count(worded(said)) == 2, "in short, and under the answer"
    every = (study_prose.NONE_SUITS, study_prose.TOO_LITTLE, study_prose.NO_ANALYSIS)
    assert [worded(other) in words for other in every].count(True) == 1
