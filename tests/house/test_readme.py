"""What the README tells a reader to type really runs (with fewer people and years)."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.cli import EXIT_STATUSES, OF_A_STORE, STUDIES
from experiments.design.designs import design_of
from experiments.design.plain import plain_names
from experiments.design.scenarios import POLICIES, headers_of, kind_of
from experiments.reference.make import ADAPTATION_PART, PENALTIES, REFERENCE_FOLDER, TREATY
from sim.config import options
from tests.shares import some_fast
from tests.shell import status_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
SMALLER = {
    "years": "years=1",
    "size": "size=8",  # base points, of which a Sobol index wants eight
    "seeds": "seeds=1",
    "people.rows": "people.rows=4000",
    "replicates": "replicates=1",
    "until": "until=1",  # so wide that the first look is the last
    "most_seeds": "most_seeds=10",  # the fewest worlds with which until begins
}
FEW = ("people.rows=4000", "demand.legitimate=400", "workers=1")
TINY = ("states=synthetic", "states.synthetic.count=8", "people.rows=500", "demand.legitimate=60", "workers=1")
ANY = ("demand.abusive_odds=0.3", "metrics.fewest_events=1")  # so that a handful of runs has rates to show
OF_NAMES = ("keys", "scenarios", "reproduce", "stores")  # studies that take no keys
OF_THE_QUESTION = ("headline", "demo")  # their designs say how many worlds, unless they are asked
MANY_RUNS = (
    "compare",
    "adaptation",
    "validate",
    "explain",
    "sweep",
    "points",
    *OF_THE_QUESTION,
)  # a world for each arm, replicate or point


def blocks(language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def smaller(words: list[str]) -> list[str]:
    """A command of the README as typed, with fewer people, years, worlds, replicates and scenarios."""
    study, *rest = words
    if study in OF_NAMES or "--cfg" in rest:
        return words
    asked = [SMALLER.get(word.partition("=")[0], word) for word in rest]
    if study == "compare":
        asked = ["seeds=2" if word == "seeds=1" else word for word in asked]
    if study in MANY_RUNS and not any(word.startswith("years=") for word in asked):
        asked.append("years=1")
    if study == "sweep" and not any(word.startswith("seeds=") for word in asked):
        asked.append("seeds=2")
    if study in OF_THE_QUESTION:
        asked += [f"{key}=1" for key in ("seeds", "replicates") if not any(word.startswith(f"{key}=") for word in asked)]
    if study == "validate" and not any(word.startswith("analysis.validate.draws=") for word in asked):
        asked.append("analysis.validate.draws=2")
    if study == "adaptation" and not any(word.startswith("scenarios=") for word in asked):
        asked.append("scenarios=[judge,core_cyber]")  # which are meant without a name is tested in tests/compare
    return [study, *asked, *(few_for(asked) if study in MANY_RUNS else FEW)]


def few_for(asked: list[str]) -> tuple[str, ...]:
    """A made-up world, but for designs that name states of the real one."""
    drawn = [design_of(word.removeprefix("design=")).uncertainties for word in asked if word.startswith("design=")]
    return TINY[2:] if any(key.startswith("states.hosting.factor") for keys in drawn for key in keys) else TINY


def told(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    """What a command prints, in this process."""
    status = status_of(*arguments)
    said = capfd.readouterr()
    assert status == 0, said.err
    assert "Traceback" not in said.err
    return said.out


def ran(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "experiments.cli", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if "rogatory" in line]
TYPED = [shlex.split(command, comments=True) for command in COMMANDS]
AGAIN = [words[1:] for words in TYPED if words[1] == "reproduce"]
WITH_A_STORE = [words[1:] for words in TYPED if words[1] in (*OF_A_STORE, "sweep")]
OTHERS = [words[1:] for words in TYPED if words[1:] not in (*AGAIN, *WITH_A_STORE)]
ELSEWHERE = ("treaty", "demo", "benchmark")  # studies that tests/cli runs at every `make test`
STUDIED = dict.fromkeys(words[0] for words in OTHERS if words[0] not in ELSEWHERE)
FIRST = [next(words for words in OTHERS if words[0] == study) for study in STUDIED]
SWEPT = [words for words in WITH_A_STORE if words[0] == "sweep"]
FAST = ("threshold_sweep",)  # the store that every `make test` fills
BANK = "bank"  # whose analysis wants a hundred draws


def test_every_command_is_typed_as_make_installs_it_and_every_study_is_shown() -> None:
    assert {words[0] for words in TYPED} == {".venv/bin/rogatory"}
    assert {words[1] for words in TYPED} == set(STUDIES)


@pytest.mark.parametrize("command", some_fast([shlex.join(words) for words in OTHERS], [shlex.join(words) for words in FIRST]))
def test_a_command_of_the_readme_runs(command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command)
    arguments = smaller(words)
    if words[0] not in OF_NAMES and "--cfg" not in words:
        arguments.append(f"output={tmp_path}")
    assert told(arguments, capfd)


@pytest.mark.parametrize(
    "store",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in (words[1].removeprefix("design=") for words in SWEPT)
        if name != BANK
    ],
)
def test_a_sweep_of_the_readme_runs_and_its_analyses_read_it(store: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    commands = [words for words in WITH_A_STORE if words[1] in (store, f"design={store}")]
    for words in commands:
        asked = [word if word != "seeds=1" else "seeds=2" for word in (smaller(words) if words[0] == "sweep" else words)]
        assert told([*asked, *ANY, f"output={tmp_path}"], capfd), words


@pytest.mark.slow
def test_the_bank_of_the_readme_is_swept_and_calibrated_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Small worlds keep few orders, so two figures that each of them shows are all that is asked."""
    sweep, calibrate = [words for words in WITH_A_STORE if words[1] in (BANK, f"design={BANK}")]
    few = [word for word in TINY if not word.startswith("demand.")]  # which would not be drawn
    assert told([*sweep, "years=2", "seeds=130", *few, f"output={tmp_path}"], capfd)
    asked = "analysis.calibrate.observables=[P7.register_refused,P8.register_median_months]"
    assert "Known numbers of 130 draws" in " ".join(told([*calibrate, asked, f"output={tmp_path}"], capfd).split())


def test_every_store_that_the_readme_reads_is_swept_there() -> None:
    swept = {words[1].removeprefix("design=") for words in SWEPT}
    assert {words[1] for words in WITH_A_STORE if words[0] != "sweep"} <= swept


@pytest.mark.parametrize("words", AGAIN, ids=" ".join)
def test_what_the_readme_reproduces_is_a_scenario_or_a_part_of_the_reference(words: list[str]) -> None:
    assert words[1:]
    assert set(words[1:]) <= {*options("scenario"), TREATY, ADAPTATION_PART, PENALTIES}


@pytest.mark.slow
@pytest.mark.parametrize("words", AGAIN, ids=" ".join)
def test_what_the_readme_reproduces_is_reproduced(words: list[str]) -> None:
    done = ran(words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_exit_statuses_of_the_readme_are_those_of_the_command_line() -> None:
    (told,) = re.findall(r"## Exit status\n\n(.*?)\n\n", README, re.DOTALL)
    assert re.findall(r"`(\d+)`", told) == re.findall(r"(?:^|, )(\d+) ", EXIT_STATUSES)


def told_of(found: pd.Series[float]) -> str:
    """A number with its range, each with one decimal, and more where one of them would read zero though it is not."""
    numbers = [float(found[column]) for column in ("value", "world_low", "world_high")]
    if np.isnan(numbers[0]):
        return "<10"
    decimals = next(places for places in range(1, 6) if all(round(number, places) or not number for number in numbers))
    value, low, high = (f"{number + 0.0:.{decimals}f}" for number in numbers)  # no zero has a sign
    return f"{value} [{low}, {high}]"


def test_the_table_of_adaptation_is_that_of_the_reference() -> None:
    held = pd.read_csv(REFERENCE_FOLDER / ADAPTATION_PART / "headline.csv", dtype={"year": str}).set_index(
        ["scenario", "conduct", "year", "measure"]
    )
    (block,) = re.findall(r"^\| what changes \| scenario \| saved on paper .*?\n((?:\|.*\n)+)", README, re.MULTILINE)
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()[1:]]
    names = [name.strip("`") for _, name, *_ in rows]
    scenarios = list(dict.fromkeys(held.index.get_level_values("scenario")))
    kinds = headers_of(scenarios)
    ranked = [name for name in scenarios if kind_of(name, kinds) in POLICIES]
    ranked.sort(key=lambda name: -float(held.loc[(name, "naive", "all", "protection"), "value"]))
    assert names == [*ranked[:10], "no_treaty"], "the ten that save most on paper, and membership apart from them"
    assert [plain for plain, *_ in rows] == [plain_names(names)[name] for name in names]
    years = [("naive", "all", "protection"), *(("adaptive", year, "protection") for year in ("1", "3", "10"))]
    beside = [("adaptive", "10", "lost"), ("adaptive", "all", "displaced"), ("adaptive", "all", "cost")]
    for name, (_, _, *cells) in zip(names, rows, strict=True):
        for cell, place in zip(cells, [*years, *beside], strict=True):
            assert cell == told_of(held.loc[(name, *place)]), (name, place)


OF_CONCLUSIONS = {
    "every safeguard that the texts name is used": "every safeguard used",
    "no safeguard is used": "no safeguard used",
    "no protected act is a serious crime": "no protected act serious",
    "every protected crime is a serious one": "every protected crime serious",
    "no treaty": "no treaty",
}
OF_OFFICERS = {"as before the treaty": "on paper", "follow the load": "staff follows", "as before, all adapt": "adapted"}


def told_sure(found: pd.Series[float]) -> str:
    """A change with the middle 90 % of draws, and in how many of them its sign stands."""
    numbers = [float(found[column]) for column in ("change", "median_draw_low", "median_draw_high")]
    least = min(2, max(0, *(1 - int(np.floor(np.log10(abs(number)))) for number in numbers[:1] if number)))
    decimals = next(places for places in range(least, 6) if all(round(number, places) or not number for number in numbers))
    change, low, high = (f"{number + 0.0:.{decimals}f}" for number in numbers)
    share = "" if pd.isna(found["sign_share"]) else f" {100 * float(found['sign_share']):.0f} %"
    return f"{change} [{low}, {high}], {found['verdict']}{share}"


def test_what_the_readme_knows_is_what_the_reference_concludes() -> None:
    held = pd.read_csv(REFERENCE_FOLDER / "conclusions" / "conclusions.csv", keep_default_na=False, na_values=[""])
    rows_of = held.set_index(["arm", "condition", "metric", "level"])
    (draws, block) = re.findall(r"^\| over (\d+) draws of all numbers, % .*?\n((?:\|.*\n)+)", README, re.MULTILINE)[0]
    assert int(draws) == held["draws"].max()
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()[1:]]
    assert list(dict.fromkeys(row[0] for row in rows)) == [*OF_CONCLUSIONS]
    assert {row[1] for row in rows} == {*OF_OFFICERS}
    places = [("targeted_rate", "journalist"), ("targeted_rate", "dissident"), ("legit_met_rate", "all")]
    for name, officers, *cells in rows:
        for cell, place in zip(cells, places, strict=True):
            assert cell == told_sure(rows_of.loc[(OF_CONCLUSIONS[name], OF_OFFICERS[officers], *place)]), (name, officers, place)


OF_THE_ANSWER = {
    "every safeguard that the texts name is used": "statutes, strength 1",
    "no safeguard is used": "statutes, strength 0",
    "no protected act is a serious crime": "liberal, as today",
    "every protected crime is a serious one": "expansive, as today",
    "catch-all offences, all serious": "catch-all, as today",
    "no treaty": "no treaty",
}


def test_the_answer_of_the_readme_is_that_of_the_reference() -> None:
    held = pd.read_csv(REFERENCE_FOLDER / "headline" / "matrix.csv").set_index(["arm", "metric", "level"])
    (block,) = re.findall(r"^\| change against today, % .*?\n((?:\|.*\n)+)", README, re.MULTILINE)
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()[1:]]
    assert [row[0] for row in rows[::2]] == [row[0] for row in rows[1::2]] == [*OF_THE_ANSWER]
    places = [("targeted_rate", "journalist"), ("targeted_rate", "dissident"), ("legit_met_rate", "all")]
    for name, officers, *cells in rows:
        arm = OF_THE_ANSWER[name] + {"as before the treaty": "", "follow the load": ", staff follows"}[officers]
        for cell, place in zip(cells, places, strict=True):
            found = held.loc[(arm, *place)]
            exact = [float(found[column]) for column in ("percent", "percent_world_low", "percent_world_high")]
            told = [float(number) for number in re.findall(r"-?[\d.]+", cell)]
            for number, text in zip(exact, re.findall(r"-?[\d.]+", cell), strict=True):
                decimals = len(text.partition(".")[2])
                assert text == f"{number + 0.0:.{decimals}f}", (name, officers, place)
                assert (float(text) == 0) == (number == 0), (name, officers, place)  # no end reads zero that is none
            assert told[1] <= told[0] <= told[2]


def test_what_the_readme_says_of_assumptions_is_in_the_reference() -> None:
    held = pd.read_csv(REFERENCE_FOLDER / "assumptions" / "extremes.csv")
    saves, adds = r"every safeguard used saves (\d+) or (\d+) % .*", r"none used adds (\d+) or (\d+) % .*"
    told = re.search(rf"{saves} {adds} Of (\d+) effects,\s(\d+) change", README, re.DOTALL)
    assert told is not None
    whole = held[(held["metric"] == "cross_border_disclosure_rate") & (held["condition"] == "before")].set_index("arm")
    every, none = whole.loc["liberal, strength 1"], whole.loc["liberal, strength 0"]
    ends = [-every["low"], -every["high"], none["low"], none["high"]]
    assert [int(number) for number in told.groups()] == [*(round(end) for end in ends), len(held), held["turns"].notna().sum()]
    named = [every["low_assumption"], every["high_assumption"], none["low_assumption"], none["high_assumption"]]
    assert named == [f"review.uptake_max={end}" for end in (0.1, 0.9, 0.1, 0.9)]


def test_every_design_of_the_readme_is_on_file() -> None:
    (told,) = re.findall(r"A design \(.*?\) is a list of arms on file: (.*?)\.", README)
    of_arms = {name for name in options("design") if design_of(name).arms and design_of(name).draw is None}
    assert set(re.findall(r"`(\w+)`", told)) == of_arms
    (listed,) = re.findall(r"## Designs on file\n\n(.*?)\n\n## ", MANUAL, re.DOTALL)
    assert set(re.findall(r"^\| `(\w+)`", listed, re.MULTILINE)) == set(options("design"))


def test_the_python_of_the_readme_runs() -> None:
    (block,) = blocks("python")
    exec(compile(block.replace("20000", "4000").replace("years=2", "years=1"), "README.md", "exec"), {})


def test_every_file_that_the_readme_links_to_exists() -> None:
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert linked
    missing = [name for name in linked if not (ROOT / name).exists()]
    assert not missing
