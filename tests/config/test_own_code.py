"""A user's own safeguards, offences and metrics: code of a folder that is named, and of no other."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.cli import main
from experiments.store.identity import code_fingerprint
from sim.config import checked_config, load, looking_in, options, written
from sim.metrics import SLICES
from sim.own_code import luggage, own_code
from sim.simulation import simulate
from sim.world.estimand import own_rows
from sim.world.record import ConfigError
from tests.sweep.small import TINY

DOC = Path(__file__).resolve().parents[2] / "docs" / "own_files.md"
RICH = ("demand.abusive_odds=0.5", "demand.abusive_most=2.0", "demand.abusive_most_per_person=1.0")
BLOCK = re.compile(r"`mine/(\S+?)`.*?```(?:yaml|python)\n(.*?)```", re.DOTALL)
RULE, NUMBERS, METRIC = "safeguard/curfew.py", "safeguard/curfew.yaml", "metric/content_share.py"
MARK = "it_ran"
RUNS = f"open({MARK!r}, 'w').close()\n"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the worked example, as the documentation has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.places._by_path", {})
    for place, text in BLOCK.findall(DOC.read_text(encoding="utf-8")):
        path = tmp_path / "mine" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "mine"


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command line says of a mistake, which is one line and exit status 2."""
    status = main(["run", *words, "--cfg", "job"])
    line = capsys.readouterr().err
    assert status == 2, line
    assert line.count("\n") == 1
    assert "accepted: " in line
    assert "defect" not in line
    return line


def edited(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


# --- what works -----------------------------------------------------------------------------------------------------------------


def test_a_folder_adds_to_every_configuration_and_changes_nothing_outside_it(mine: Path) -> None:
    before = load(*TINY)
    with looking_in("mine"):
        config = load(*TINY)
        assert config.safeguards.keys() - before.safeguards.keys() == {"curfew"}
        assert config.offences.keys() - before.offences.keys() == {"rumour"}
        assert [*config.metrics.own] == ["content_share"]
        assert checked_config(written(config)) == config
    after = load(*TINY)
    assert after == before
    assert after.digest() == before.digest()
    assert "own" not in before.plain()["metrics"]


def test_the_rule_is_that_of_the_file_and_reads_the_numbers_beside_it(mine: Path) -> None:
    with looking_in("mine"):
        curfew = load(*TINY).safeguards["curfew"]
    home = sys.modules[type(curfew).__module__]
    assert home.__file__ == str(mine / RULE)
    assert [home.stands(data_class, harm, curfew.least_harm) for data_class, harm in ((2, 0.1), (2, 1.0), (0, 0.1))] == [
        True,
        False,
        False,
    ]


@pytest.mark.slow
def test_the_safeguard_acts_and_the_metric_counts(mine: Path) -> None:
    with looking_in("mine"):
        free, held = (simulate(load(*TINY, *RICH, f"scenario={name}")) for name in ("as_adopted", "with_curfew"))
    requests = held.requests
    stopped = requests["reason"] == "curfew"
    assert stopped.any()
    assert (requests.loc[stopped, "data_class"] == "content").all()
    assert not (free.requests["reason"] == "curfew").any()
    assert (held.requests["label"] == "rumour").any() or (held.requests["alleged"] == "rumour").any()
    shares = [run.metrics.set_index("metric").loc["content_share"] for run in (free, held)]
    assert shares[0]["value"] > shares[1]["value"] >= 0.0
    given = free.finished
    rows = [m for m in range(given.docket.case.size) if given.docket.granted[m] == 2]
    assert shares[0]["count"] <= len(rows)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A comparison with two worker processes."""
    home, before = tmp_path_factory.mktemp("compared"), Path.cwd()
    for place, text in BLOCK.findall(DOC.read_text(encoding="utf-8")):
        path = home / "mine" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    os.chdir(home)
    try:
        words = ["scenarios=[with_curfew]", "seeds=2", "replicates=1", "workers=2", "output=out", "store=kept"]
        assert main(["compare", "--config-dir", "mine", *TINY, *RICH, *words]) == 0
        yield home
    finally:
        os.chdir(before)


@pytest.mark.slow
def test_a_study_has_the_metric_in_its_tables_and_the_files_in_its_manifest(compared: Path) -> None:
    (table,) = (compared / "out").rglob("comparison.csv")
    rows = pd.read_csv(table)
    assert "content_share" in set(rows["metric"])
    assert set(rows.loc[rows["metric"] == "content_share", "unit"]) == {"fraction of disclosures in abusive cases"}
    manifest = json.loads((table.parent / "manifest.json").read_text(encoding="utf-8"))
    files = manifest["own_files"][str(compared / "mine")]
    assert {"safeguard/curfew.py", "safeguard/curfew.yaml", "metric/content_share.py", "offence/rumour.yaml"} <= files.keys()
    page = next((compared / "out").rglob("report.html")).read_text(encoding="utf-8")
    assert "content_share" in page


@pytest.mark.slow
def test_a_store_is_read_and_resumed_only_where_its_folder_is_named_again(
    compared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["report", "out/stores/kept"], ["check", "out/stores/kept"]):
        capsys.readouterr()
        main(words)
        line = capsys.readouterr().err
        assert "defect" not in line, line
    assert main(["report", "out/stores/kept"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "code of a folder that is not named here; accepted: --config-dir " in line
    assert main(["report", "out/stores/kept", "--config-dir", "mine"]) == 0


def test_what_travels_is_the_text_and_is_known_where_it_arrives(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.own_code._sent", {})
    with looking_in("mine"):
        config = load(*TINY)
        parcel = pickle.dumps((config, luggage(), written(config)))
    (mine / RULE).unlink()
    assert own_code() == ()
    arrived, _, plain = pickle.loads(parcel)
    assert {code.name for code in own_code()} == {"curfew", "content_share"}
    assert arrived == config == checked_config(plain)


@pytest.mark.slow
def test_another_process_knows_the_code_once_it_has_the_luggage(mine: Path) -> None:
    with looking_in("mine"):
        config = load(*TINY)
        parcel = pickle.dumps((config, luggage(), written(config)))
    (mine / "safeguard" / "curfew.py").unlink()  # what was read is what travels
    (mine.parent / "parcel").write_bytes(parcel)
    program = (
        "import pickle; from sim.config import checked_config\n"
        "config, _, plain = pickle.loads(open('parcel', 'rb').read())\n"
        "assert checked_config(plain) == config\n"
        "print(type(config.safeguards['curfew']).__name__)"
    )
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Curfew"), done.stderr


def test_a_folder_and_an_edit_of_it_have_fingerprints_of_their_own(mine: Path) -> None:
    found = [code_fingerprint()]
    for harm in ("least_harm", "0.5 * least_harm"):
        edited(mine / RULE, "harm < least_harm", f"harm < {harm}")
        with looking_in("mine"):
            found.append(code_fingerprint())
    assert len({*found}) == 3
    assert code_fingerprint() == found[0]


@pytest.mark.slow
def test_a_file_that_changes_is_other_code(mine: Path) -> None:
    def stopped() -> int:
        with looking_in("mine"):
            run = simulate(load(*TINY, *RICH, "scenario=with_curfew"))
            return int((run.requests["reason"] == "curfew").sum())

    before = stopped()
    edited(mine / "safeguard" / "curfew.py", "harm < least_harm", "harm < 0.5 * least_harm")
    edited(mine / "safeguard" / "curfew.py", "True, data_class=CONTENT, harm=0.4", "True, data_class=CONTENT, harm=0.2")
    assert 0 < stopped() < before


# --- code that the user did not point to ------------------------------------------------------------------------------------------


def test_a_configuration_that_names_a_folder_runs_nothing(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(mine / "safeguard" / "curfew.py", "MOVES = EVERYTHING", f"MOVES = EVERYTHING\n{RUNS}")
    told = "code of a folder that is not named here; accepted: --config-dir FOLDER with safeguard/curfew.py"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(f"hydra.searchpath=['{mine}']")
    design = f"question: what if\nconstants: [\"hydra.searchpath=['{mine}']\"]\nscenarios: [judge]\n"
    Path("own.yaml").write_text(design, encoding="utf-8")
    assert main(["points", *TINY, "design=own.yaml"]) == 2
    assert told in capsys.readouterr().err
    for words in (f"--config-dir: {mine}", f"hydra: {{searchpath: ['{mine}']}}", f"defaults: [hydra: {mine}]"):
        Path("evil.yaml").write_text(f"# @package _global_\n{words}\n", encoding="utf-8")
        refusal(capsys, "scenario=evil.yaml")
    assert not Path(MARK).exists()


TARGETS = (
    "os.system", "safeguard.os.system", "safeguard.curfew.os", "safeguard.curfew.stands", "safeguard.curfew.Gate", "curfew.Curfew",
    "safeguard.curfew.Curfew.x", "safeguard...mine.curfew.Curfew", "safeguard/curfew.Curfew", "metric.content_share.ContentShare",
    "safeguard.curfew.__builtins__", "rogatory_own_x.Curfew", "safeguard.nowhere.X", "/mine/safeguard/curfew.Curfew", "",
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_leads_to_a_record_of_its_own_file_alone(target: str, mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(mine / "safeguard" / "curfew.yaml", "safeguard.curfew.Curfew", f'"{target}"')
    assert "safeguards.curfew._target_: " in refusal(capsys, "--config-dir", "mine")


def test_a_link_out_of_the_folder_is_refused(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "safeguard" / "curfew.py").rename(mine.parent / "elsewhere.py")
    (mine / "safeguard" / "curfew.py").symlink_to(mine.parent / "elsewhere.py")
    assert "found a link that leads out of" in refusal(capsys, "--config-dir", "mine")


def test_a_group_that_is_a_link_out_of_the_folder_is_refused(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "safeguard").rename(mine.parent / "elsewhere")
    (mine / "safeguard").symlink_to(mine.parent / "elsewhere", target_is_directory=True)
    assert "found a link that leads out of" in refusal(capsys, "--config-dir", "mine")


def test_a_folder_may_be_named_by_a_link(mine: Path) -> None:
    Path("other").symlink_to(mine, target_is_directory=True)
    with looking_in("other"):
        assert "curfew" in load(*TINY).safeguards


def test_no_name_hides_a_module(mine: Path) -> None:
    for ending in ("py", "yaml"):
        (mine / "safeguard" / f"curfew.{ending}").rename(mine / "safeguard" / f"numpy.{ending}")
    edited(mine / "safeguard" / "numpy.yaml", "safeguard.curfew.", "safeguard.numpy.")
    edited(mine / "safeguard" / "numpy.yaml", "safeguards.curfew", "safeguards.numpy")
    edited(mine / "safeguard" / "numpy.py", "MOVES = EVERYTHING", "import numpy\n\nassert numpy.zeros\nMOVES = EVERYTHING")
    (mine / "scenario" / "with_curfew.yaml").unlink()
    with looking_in("mine"):
        assert "numpy" in load(*TINY).safeguards
    assert sys.modules["numpy"] is np


def test_two_folders_of_one_name_each_give_their_own(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = mine.parent / "second" / "mine"
    (other / "safeguard").mkdir(parents=True)
    for ending in ("py", "yaml"):
        text = (mine / "safeguard" / f"curfew.{ending}").read_text(encoding="utf-8")
        (other / "safeguard" / f"late.{ending}").write_text(text.replace("curfew", "late").replace("grave", "the gravest"))
    with looking_in("mine", str(other)):
        found = load(*TINY).safeguards
        assert type(found["late"]) is not type(found["curfew"])
        assert len(own_code()) == 3
    (other / "safeguard" / "late.yaml").rename(other / "safeguard" / "curfew.yaml")
    (other / "safeguard" / "late.py").rename(other / "safeguard" / "curfew.py")
    assert "found a name that " in refusal(capsys, "--config-dir", "mine", "--config-dir", str(other))


# --- mistakes -------------------------------------------------------------------------------------------------------------------

# fmt: off
FAULTS: dict[str, tuple[str, str, str, str]] = {
    "syntax": (RULE, "class Curfew(Gate):", "class Curfew(Gate:", "curfew.py: line 11: "),
    "a null byte": (RULE, "MOVES = EVERYTHING", "MOVES = EVERYTHING\0", "curfew.py: "),
    "raises": (RULE, "MOVES = EVERYTHING", "MOVES = 1 / 0", "cannot be imported (ZeroDivisionError: division by zero)"),
    "leaves": (RULE, "MOVES = EVERYTHING", "raise SystemExit(0)", "cannot be imported (SystemExit: 0)"),
    "a sibling": (
        RULE,
        "MOVES = EVERYTHING",
        "import helper",
        "cannot be imported (ModuleNotFoundError: No module named 'helper')",
    ),
    "no hook": (RULE, "def stands", "def stand", "cannot be imported (NameError"),
    "no examples": (RULE, "EXAMPLES = (", "ROWS = (", "found no EXAMPLES; accepted: rows such as example(stands, True, ...)"),
    "a false example": (
        RULE,
        "example(stands, False, data_class=TRAFFIC",
        "example(stands, True, data_class=TRAFFIC",
        "gives False",
    ),
    "no moves": (RULE, "MOVES = EVERYTHING", "", "found no MOVES"),
    "a strange move": (RULE, "MOVES = EVERYTHING", "MOVES = frozenset({'x'})", "MOVES: no estimand is named 'x'"),
    "no docstring": (RULE, '"""Content may be asked', '0, """Content may be asked', "found no docstring"),
    "a bare number": (RULE, "harm < least_harm", "harm < 0.77 * least_harm", "line 19: found the number 0.77 without a name"),
    "no ends": (RULE, "least_harm: Unit", "least_harm: float", "Curfew.least_harm: found a number without ends"),
    "reads the truth": (RULE, "def stands(data_class", "def stands(abusive, data_class", "reads 'abusive'"),
    "cannot be compiled": (RULE, "return data_class ==", "return print(data_class).x or data_class ==", "EXAMPLES"),
    "a wrong hook": (
        RULE,
        "\n\nclass",
        "\n\ndef softens(kept):\n    return kept\n\n\nclass",
        "found 'softens' in the file of a Gate",
    ),
    "no kind": (
        RULE,
        "class Curfew(Gate)",
        "from sim.world.record import Record\n\n\nclass Curfew(Record)",
        "curfew.order: no such",
    ),
    "out of range": (NUMBERS, "least_harm: 0.9", "least_harm: 1.9", "safeguards.curfew.least_harm: found 1.9; accepted: "),
    "a missing number": (NUMBERS, "least_harm: 0.9", "# least_harm: 0.9", "safeguards.curfew.least_harm: found nothing"),
    "no note": (NUMBERS, "; assumed: an example", "", "line 7: least_harm: found a number that does not say what it is"),
    "no package": (
        NUMBERS,
        "# @package safeguards.curfew",
        "# a rule",
        "found no line # @package; accepted: # @package safeguards",
    ),
    "another's package": (NUMBERS, "safeguards.curfew\n", "safeguards.judge\n", "found # @package safeguards.judge; accepted: "),
    "a global package": (NUMBERS, "safeguards.curfew\n", "_global_\n", "found # @package _global_; accepted: "),
    "an offence that is there": ("offence/rumour.yaml", "offences.rumour\n", "offences\n", "offences.offence_class: found"),
    "no measure": (METRIC, "def measured", "def measure", "content_share.py: found no function 'measured'"),
    "a strange unit": (
        "metric/content_share.yaml",
        "unit: fraction",
        "unit: [fraction]\n#",
        "metrics.own.content_share.unit: found",
    ),
    "a strange way": (
        "metric/content_share.yaml",
        "wanted: down",
        "wanted: away",
        "metrics.own.content_share.wanted: found 'away'",
    ),
}
# fmt: on


@pytest.mark.parametrize("case", FAULTS)
def test_a_mistake_is_one_line(case: str, mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, before, after, told = FAULTS[case]
    edited(mine / place, before, after)
    assert told in refusal(capsys, "--config-dir", "mine")


FILES: dict[str, tuple[str, str]] = {
    "scenario/mine.py": ("", "found code in the group scenario; accepted: code in safeguard and metric"),
    "safeguard/lonely.py": ("", "found without lonely.yaml beside it"),
    "safeguard/cur-few.py": ("", "found the name 'cur-few'"),
    "safeguard/class.py": ("", "found the name 'class'"),
    "safeguard/judge.yaml": ("# @package safeguards.judge\n", "found a name that configs/safeguard/judge.yaml has"),
    "metric/targeted_rate.yaml": (
        "# @package metrics.own.targeted_rate\n_target_: metric.content_share.ContentShare\nunit: x\nwanted: null\n",
        "found the name of an estimand that there is",
    ),
    "offence/insulting.yaml": (
        "# @package offences\ninsult: {harm: 0.1}  # a; 0-1; assumed: b\n",
        "offences.insult, which configs/",
    ),
    "metric/other.yaml": (
        "# @package metrics\nquantiles: []\n",
        "metrics.quantiles, which configs/metric/standard.yaml says already",
    ),
}


@pytest.mark.parametrize("place", FILES)
def test_a_file_that_cannot_be_taken_is_one_line(place: str, mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, told = FILES[place]
    (mine / place).write_text(text, encoding="utf-8")
    assert told in refusal(capsys, "--config-dir", "mine")


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator reads everything")
def test_a_file_that_cannot_be_read_is_one_line(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "safeguard" / "curfew.py").chmod(0)
    assert "accepted: a readable file of Python" in refusal(capsys, "--config-dir", "mine")


def test_a_group_that_is_chosen_goes_without_ones_own(mine: Path) -> None:
    (mine / "scenario" / "with_curfew.yaml").unlink()
    with looking_in("mine"):
        others = [name for name in options("safeguard") if name != "curfew"]
        assert "curfew" not in load(*TINY, f"safeguard=[{','.join(others)}]").safeguards


ROWS = ("('all', 'all', 1.0)", "('nowhere', 'all', 1.0, 1)", "('all', 'all', 'x', 1)", "3", "('all','all',1.0,-1)")
MEASURES = 'yield "all", "all", content / rows.size if rows.size >= estimand.fewest else nan, content'


@pytest.mark.parametrize("rows", ROWS)
def test_a_metric_that_gives_no_row_names_its_file(rows: str, mine: Path) -> None:
    text = (mine / METRIC).read_text(encoding="utf-8")
    (mine / METRIC).write_text(f"{text.rpartition('    rows = ')[0]}    yield {rows}\n", encoding="utf-8")
    with looking_in("mine"):
        own = load(*TINY).metrics.own
        with pytest.raises(ConfigError, match=r"content_share\.py: measured: found .*; accepted: by"):
            [*own_rows(None, None, own, SLICES)]


@pytest.mark.slow
def test_a_run_with_a_metric_that_gives_no_row_names_its_file(mine: Path) -> None:
    edited(mine / METRIC, MEASURES, f"yield {ROWS[0]}")
    with looking_in("mine"):
        run = simulate(load(*TINY))
    with pytest.raises(ConfigError, match=r"content_share\.py: measured: found .*; accepted: by"):
        run.metrics  # noqa: B018
