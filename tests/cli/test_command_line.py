"""The command line as a user meets it: its streams, its exit status, and what it leaves behind."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sim.config import run_from_shell
from sim.sources.checksums import TABLES_FOLDER
from sim.world.record import ConfigError
from tests.shell import status_of

SMALL = ("states=synthetic", "states.synthetic.count=8", "people.rows=600", "demand.legitimate=60")
TINY = (*SMALL, "years=1", "seeds=2", "workers=1")
BOTH = {f"{name}{end}" for name in ("no_treaty", "as_adopted") for end in ("", ", staff follows")}
Here = Callable[..., subprocess.CompletedProcess[str]]
ROGATORY = (sys.executable, "-m", "experiments.cli")
LISTENING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from experiments.cli import shell; shell()"


def rogatory(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run([*ROGATORY, *arguments], capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str]) -> Here:
    """The command line in this process, with what it said."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        status = status_of(*arguments)
        said = capfd.readouterr()
        return subprocess.CompletedProcess([*arguments], status, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a tiny treaty leaves; the tests of this module share it and only read."""
    output = tmp_path_factory.mktemp("results")
    assert status_of("treaty", *TINY, f"output={output}") == 0
    (folder,) = (output / "treaty").iterdir()
    return folder


OF_NAMES = ("divine", "scenarios", "reproduce")  # these take no output
MISTAKES = [
    (("divine",), "no study is named 'divine'; accepted: demo, headline, law, treaty, run, compare, adaptation, validate, sweep, "),
    (("scenarios", "utopia"), "scenario: found 'utopia'; accepted: adaptive, "),
    (("scenarios", "judge", "a+"), "scenarios: found 'a+'; accepted: scenarios joined by '+'"),
    (("scenarios", "--all"), "scenarios: found '--all'; accepted: names"),
    (("scenarios", "years=3"), "scenarios: found 'years=3'; accepted: names"),
    (("reproduce", "--all"), "reproduce: found '--all'; accepted: names"),
    (("stores", "--all"), "stores: found '--all'; accepted: remove NAME ..., output=DIR, or nothing to list all"),
    (("stores", "years=3"), "stores: found 'years=3'; accepted: remove NAME ..., output=DIR"),
    (
        ("stores", "remvoe", "x"),
        "stores: found 'remvoe'; accepted: remove NAME ..., output=DIR, or nothing to list all; did you mean 'rem",
    ),
    (("stores", "own"), "stores: found 'own'; accepted: remove NAME ..., output=DIR"),
    (("stores", "remove"), "stores: found remove without a name; accepted: names that `rogatory stores` lists"),
    (("stores", "remove", "x"), "stores: found no store 'x'; accepted: names of stores in "),
    (("stores", "remove", "../x"), "stores: found '../x', which is no name; accepted: names of stores in "),
    (("run", "yaers=3"), "yaers: no such key; accepted:"),
    (("run", "review.rho=2"), "review.rho: found 2; accepted:"),
    (("run", "scenario=utopia"), "scenario: found 'utopia'; accepted: adaptive, "),
    (("run", "scenario=[]"), "scenario: found an empty list; accepted: one or more of adaptive, "),
    (("run", "scenario=[judge,judge]"), "scenario: found 'judge' twice"),
    (("run", "scenario=judge,notice"), "scenario: found 'judge,notice'; accepted: a name, or several as [a,b]"),
    (
        ("run", "scenario=[grave_harm,harm_and]"),
        "'grave' in configs/scenario/grave_harm.yaml and 'penalty_and_harm' in configs/",
    ),
    (("run", "scenario_name=mine"), "scenario_name: no such key; accepted: years, "),
    (("run", "design=utopia"), "design: found 'utopia'; accepted: "),
    (("run", "-m", "scenario=utopia"), "scenario: found 'utopia'; accepted: "),
    (("run", "--cfg", "job", "scenario=[judge"), "no override that can be read"),
    (("treaty", "scenario=[no_treaty]", "reforms=everywhere"), "which is the baseline of this study"),
    (("compare", "scenarios=[utopia]"), "scenario: found 'utopia'; accepted: "),
    (("compare", "scenario=judge"), "scenario: found 'scenario=judge' in a comparison; accepted: scenarios=[...]"),
    (("compare", "design=utopia"), "design: found 'utopia'; accepted: "),
    (("run", "offences.gossip.harm=0.1"), "gossip: no such key; accepted:"),
    (("run", "+instruments.hanoi.parties.extra.XYZ=true"), "no state has the code 'XYZ'"),
    (("run", "+instruments.hanoi.safeguards.amulet=must"), "no safeguard is named 'amulet'"),
    (("run", "instruments.hanoi.safeguards.form=often"), "found 'often'; accepted: 'absent', 'may' or 'must'"),
    (("run", "seed=1.5"), "seed: found 1.5; accepted: a whole number"),
    (("run", "states.table=nowhere.csv"), "nowhere.csv"),
    (("run", "=5"), "accepted: key=value"),
    (("treaty", "scenario=no_treaty"), "which is the baseline of this study"),
    (("run", "-m", "seed=1.5,2.5"), "seed: found 1.5"),
    (("run", "--cfg", "job", "nope=1"), "nope: no such key; accepted:"),
    (("run", "--cfg", "job", "years=99"), "years: found 99"),
    (("run", "seed=99999999999999999999"), "seed: found"),
    (("run", "start=9999-12-31"), "start: found"),
]


def through_hydra(arguments: tuple[str, ...]) -> bool:
    """Whether Hydra's own machinery is set going, which takes seconds."""
    return "-m" in arguments


@pytest.mark.parametrize(
    ("arguments", "line"),
    [pytest.param(*mistake, marks=pytest.mark.slow if through_hydra(mistake[0]) else ()) for mistake in MISTAKES],
    ids=[" ".join(a) for a, _ in MISTAKES],
)
def test_a_mistake_is_one_line_status_two_and_leaves_nothing(
    arguments: tuple[str, ...], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    study = arguments if arguments[0] in OF_NAMES else (*arguments, f"output={tmp_path / 'results'}")
    monkeypatch.chdir(tmp_path)
    assert status_of(*study) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    assert line in said.err
    assert "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "key", "spoil", "line"),
    [
        ("states", "states.table", lambda t: t.drop(columns="population"), "population"),
        ("states", "states.table", lambda t: pd.concat([t, t.head(1)]), "AFG"),
        ("penalties", "states.penalty_table", lambda t: t.assign(max_years=-t["max_years"]), "max_years"),
        ("penalties", "states.penalty_table", lambda t: t.assign(offence="gossip"), "gossip"),
    ],
)
def test_a_spoilt_table_is_one_line_and_leaves_nothing(
    name: str, key: str, spoil: Callable[[pd.DataFrame], pd.DataFrame], line: str, tmp_path: Path, here: Here
) -> None:
    table = tmp_path / f"{name}.csv"
    spoil(pd.read_csv(TABLES_FOLDER / f"{name}.csv")).to_csv(table, index=False)
    done = here("run", f"{key}={table}", f"output={tmp_path / 'results'}")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert line in done.stderr
    assert table.name in done.stderr
    assert list(tmp_path.iterdir()) == [table]


def test_help_and_a_mistake_import_nothing_slow() -> None:
    script = (
        "import sys; from experiments.cli import main; main(['--help']); main(['run', 'years=0']);"
        "slow = {'mesa', 'pandas', 'matplotlib'} & set(sys.modules); sys.exit(','.join(sorted(slow)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_process_of_its_own_shows_the_configuration_of_a_study() -> None:
    done = rogatory("run", "scenario=no_treaty", "--cfg", "job")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "scenario_name: no_treaty" in done.stdout


@pytest.mark.parametrize("flag", [("--cfg", "job"), ("-c", "job"), ("--cfg=job",)])
def test_the_configuration_is_shown_as_it_will_be_run(flag: tuple[str, ...], here: Here) -> None:
    done = here("run", *flag, "scenario=[notice,judge]", "reforms=everywhere", "design=host_shares", "years=3")
    assert done.returncode == 0, done.stderr
    shown = yaml.safe_load(done.stdout)
    assert (shown["scenario_name"], shown["design"], shown["years"]) == ("judge+notice@everywhere", "host_shares", 3)
    assert {text["safeguards"]["judge"] for text in shown["instruments"].values()} == {"must"}
    assert "reference" not in shown


def test_hydra_s_own_flags_still_reach_hydra(here: Here) -> None:
    done = here("run", "--cfg", "hydra", "years=3")
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["hydra"]["overrides"]["task"] == ["years=3"]


def test_scenarios_are_listed_and_told_by_name(here: Here) -> None:
    listing, told, helped = here("scenarios"), here("scenarios", "judge", "judge+notice"), here("scenarios", "--help")
    assert (listing.returncode, told.returncode, helped.returncode) == (0, 0, 0)
    assert listing.stderr == told.stderr == helped.stderr == ""
    assert "as_adopted" in listing.stdout
    assert "S08, what if" in listing.stdout
    assert told.stdout.count("instruments.hanoi.safeguards.judge: may -> must") == 2
    assert helped.stdout.startswith("usage: rogatory scenarios [NAME ...]")


def test_stores_are_listed_where_results_are_unless_another_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    monkeypatch.chdir(tmp_path)
    listing, elsewhere, helped = here("stores"), here("stores", "output=a", "output=b/c/"), here("stores", "remove", "x", "--help")
    assert (listing.stdout, elsewhere.stdout) == ("No stores in results/stores.\n", "No stores in b/c/stores.\n")
    assert helped.stdout.startswith(
        "usage: rogatory stores [output=DIR]\n       rogatory stores remove NAME [NAME ...] [output=DIR]\n"
    )
    assert [(done.returncode, done.stderr) for done in (listing, elsewhere, helped)] == [(0, "")] * 3
    endless = here("stores", f"output={'x' * 5000}")
    assert (endless.returncode, endless.stderr, len(endless.stdout) < 300) == (0, "", True)
    Path("file").touch()
    for output in ("", "file"):
        refused = here("stores", f"output={output}")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr == f"rogatory: stores: output: found {output!r}; accepted: a folder of results\n"


class Named:
    """A study of names that keeps what it was told."""

    def __init__(self, answer: int | BaseException | None) -> None:
        self.answer = answer
        self.told: tuple[str, ...] = ()

    def main(self, *names: str) -> int | None:
        self.told = names
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


ENDS: list[tuple[int | BaseException | None, int]] = [
    *((None, 0), (0, 0), (1, 1), (7, 7)),
    *((ConfigError("a mistake"), 2), (OSError("no room"), 3), (KeyboardInterrupt(), 130)),
]


@pytest.mark.parametrize(("answer", "status"), ENDS, ids=repr)
def test_a_study_of_names_gets_them_and_gives_the_exit_status(
    answer: int | BaseException | None, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = Named(answer)
    monkeypatch.setitem(sys.modules, "experiments.reference.reproduce", study)
    assert status_of("reproduce", "judge", "notice") == status
    assert study.told == ("judge", "notice")
    assert capsys.readouterr().err.count("\n") == (status in (2, 3, 130))


@pytest.mark.parametrize("study", ["compare", "explain"])
def test_a_study_of_keys_gets_its_overrides(study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Named(None)
    monkeypatch.setitem(sys.modules, f"experiments.studies.{study}", told)
    assert status_of(study, "scenarios=[judge,judge+notice]", "years=3") == 0
    assert told.told == ("scenarios=[judge,judge+notice]", "years=3")


@pytest.mark.slow
def test_a_multirun_sweeps_over_scenarios_and_keeps_the_design(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    run_from_shell(lambda *told: asked.append(told), ["-m", "scenario=[judge,notice],as_adopted", "design=host_shares"], "run")
    assert asked == [("scenario=[judge,notice]", "design=host_shares"), ("scenario=as_adopted", "design=host_shares")]


@pytest.mark.slow
def test_hydra_helps_with_a_study(here: Here) -> None:
    done = here("run", "--help")
    assert done.returncode == 0
    assert "scenario" in done.stdout


@pytest.mark.slow
def test_a_multirun_runs_every_job_and_reports_the_first_failure(tmp_path: Path) -> None:
    done = rogatory("run", "-m", *SMALL, "replicates=1", "seeds=2", "workers=1", "years=0,1", f"output={tmp_path}")
    assert done.returncode == 2
    assert "years: found 0" in done.stderr
    (store,) = (tmp_path / "stores").iterdir()
    assert len(pd.read_parquet(store / "runs")) == 2  # of the job that could be run, a row a seed


def test_a_study_writes_tables_figures_and_a_manifest(written: Path) -> None:
    names = {path.name for path in written.iterdir()}
    assert {"metrics.parquet", "summary.csv", "comparison.csv", "manifest.json", "targeted_change.png", "change_map.png"} <= names
    assert {"flows.png", "origins.csv"} <= names
    assert "targeted_rate.png" not in names  # two levels whose ranges overlap: the paired change stands in its place
    metrics = pd.read_parquet(written / "metrics.parquet")
    assert list(metrics.columns) == ["scenario", "world", "seed", "metric", "by", "level", "value", "count"]
    assert set(metrics["scenario"]) == BOTH
    assert set(zip(metrics["world"], metrics["seed"], strict=True)) == {(1, 1), (2, 2), (1, 10001), (2, 10002)}
    displaced = metrics[metrics["metric"] == "displacement_rate"]
    assert set(zip(displaced["scenario"], displaced["level"], strict=True)) == {
        ("as_adopted", "no_treaty"), ("as_adopted, staff follows", "no_treaty, staff follows")
    }  # fmt: skip
    comparison = pd.read_csv(written / "comparison.csv")
    assert list(comparison["capacity"].unique()) == ["before", "follows"]
    assert (comparison["worlds"].max(), comparison["runs"].max()) == (2, 4)
    assert comparison["chance_share"].notna().any()
    assert set(pd.read_parquet(written / "flows.parquet")["world"]) == {1, 2}


def test_the_manifest_says_how_to_rebuild_and_what_each_file_holds(written: Path) -> None:
    from sim.sources.checksums import sha256

    manifest = json.loads((written / "manifest.json").read_text())
    assert manifest["command"].startswith("rogatory treaty states=synthetic")
    assert manifest["seeds"] == [1, 10001, 2, 10002]
    assert set(manifest["scenarios"]) == BOTH
    assert {"numpy", "numba", "mesa"} <= set(manifest["versions"])
    for name, checksum in manifest["files"].items():
        assert sha256(written / name) == checksum


@pytest.mark.slow
def test_the_same_study_gives_the_same_bytes_in_another_process_and_whatever_the_workers(written: Path, tmp_path: Path) -> None:
    done = rogatory("treaty", *SMALL, "years=1", "seeds=2", "workers=2", f"output={tmp_path}")
    assert done.returncode == 0, done.stderr
    (again,) = (tmp_path / "treaty").iterdir()
    for name in (
        "metrics.parquet",
        "summary.csv",
        "comparison.csv",
        "flows.parquet",
        "fates.parquet",
        "origins.csv",
        "targeted_change.png",
    ):
        assert (again / name).read_bytes() == (written / name).read_bytes(), name


def test_requests_are_kept_when_asked_for(tmp_path: Path, here: Here) -> None:
    done = here("run", *SMALL, "years=1", "replicates=1", "seeds=1", "keep_requests=true", f"output={tmp_path}")
    assert done.returncode == 0, done.stderr
    (store,) = (tmp_path / "stores").iterdir()
    (point,) = pd.read_parquet(store / "points").query("scenario == 'as_adopted'")["point"]
    requests = pd.read_parquet(store / "requests" / f"{point}-1-0.parquet")
    assert {"id", "case", "requester", "requested", "status"} <= set(requests.columns)
    assert requests["id"].is_unique


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_keeps_its_store_and_leaves_no_page_that_looks_complete(
    how: signal.Signals, tmp_path: Path, here: Here
) -> None:
    # A test run in the background inherits a SIGINT that is ignored: the process under test must hear it all the same.
    command = [
        sys.executable,
        "-c",
        LISTENING,
        "run",
        *SMALL,
        "years=1",
        "seeds=10000",
        "workers=2",
        f"output={tmp_path / 'results'}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    folder = tmp_path / "results" / "run"
    try:
        for _ in range(600):
            if folder.exists() and any(folder.iterdir()):
                break
            time.sleep(0.1)
        time.sleep(3.0)
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    left = list(folder.rglob("*")) if folder.exists() else []
    assert not any(path.name == "manifest.json" for path in left)
    assert not any(not path.name.startswith(".partial-") for path in folder.iterdir()) if folder.exists() else True
    (store,) = (tmp_path / "results" / "stores").iterdir()
    checked = here("check", str(store))
    assert checked.returncode == 4, checked.stderr
    assert "missing" in checked.stdout + checked.stderr
    if how is not signal.SIGKILL:
        assert process.returncode == 130
        assert re.search(
            rf"^rogatory: interrupted; [\d,]+ runs? of this turn kept in {store}; the same command goes on$", errors, re.M
        )
        assert "Traceback" not in errors
        assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, here: Here) -> None:
    (tmp_path / "file").write_text("in the way")
    done = here("run", *TINY, f"output={tmp_path / 'file'}")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("rogatory: output: cannot write to")
    assert (tmp_path / "file").read_text() == "in the way"
