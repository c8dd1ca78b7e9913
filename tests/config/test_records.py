"""A configuration is two records: what decides a run, and how a study is conducted; whatever belongs to neither is refused."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path

import pytest
import yaml

from experiments.cli import STUDIES
from experiments.settings import StudyConfig, asked_by, conduct_of_study
from experiments.studies import compare, run, sweep
from sim.config import composed, load, run_and_study_values
from sim.settings import Config
from sim.world.record import ConfigError
from tests.shell import status_of

DERIVED = {"reference", "data"}  # of the run, from what else is chosen
OF_NAMES = ("keys", "scenarios", "reproduce", "stores")  # studies that take no keys
OF_KEYS = [study for study in STUDIES if study not in OF_NAMES]
OF_A_STUDY = {
    "seeds": "3", "replicates": "5", "until": "0.5", "most_seeds": "7", "scenarios": "[judge]", "baseline": "no_treaty",
    "design": "pairs", "size": "8", "workers": "3", "engine": "ray", "output": "elsewhere", "store": "mine", "shard": "1/2",
    "mix": "true", "keep_requests": "true", "outcome": "legit_met_rate", "analysis.frontier.full": "judge",
    "figures.forest.dpi": "90", "observe.earlier": "20", "patterns.P1.name": "uneven", "case": "3", "person": "4", "state": "TUR",
}  # fmt: skip
BAD = [
    ("seeds=0", "seeds: found 0; accepted: "),
    ("seeds=true", "seeds: found True; accepted: "),
    ("replicates=1001", "replicates: found 1001; accepted: "),
    ("workers=x", "workers: found 'x'; accepted: a whole number"),
    ("workers=0", "workers: found 0; accepted: "),
    ("until=2", "until: found 2; accepted: "),
    ("most_seeds=null", "most_seeds: found None; accepted: "),
    ("size=1.5", "size: found 1.5; accepted: a whole number"),
    ("mix=maybe", "mix: found 'maybe'; accepted: true or false"),
    ("keep_requests=2", "keep_requests: found 2; accepted: true or false"),
    ("figures.forest.dpi=1e9", "figures.forest.dpi: found 1000000000.0; accepted: "),
    ("figures.forest.dpi=1000000000", "figures.forest.dpi: found 1000000000; accepted: "),
    ("+figures.utopia.dpi=90", "figures.utopia: "),
    ("analysis.utopia.x=1", "analysis.utopia: no such key; accepted: "),
    ("+analysis.utopia.x=1", "analysis.utopia: no analysis is named 'utopia'; accepted: "),
    ("engine.name=spark", "engine.name: found 'spark'; accepted: 'local' or 'ray'"),
    ("engine.tries=11", "engine.tries: found 11; accepted: "),
    ("engine=spark", "engine: found 'spark'; accepted: "),
    ("case=-1", "case: found -1; accepted: "),
    ("~seeds", "seeds: found nothing; accepted: a value"),
    ("~engine.tries", "engine.tries: found nothing; accepted: a value"),
    ("+engine.more=1", "engine.more: no such key; accepted: name, address, tries"),
    ("outcome=[a]", "outcome: found "),
    ("output=null", "output: found None; accepted: "),
]


@cache
def as_it_is() -> Config:
    return load()


def told(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit status of the command line in this process, and what it said."""
    capfd.readouterr()
    status = status_of(*arguments)
    said = capfd.readouterr()
    return status, said.out, said.err


def fault_of(arguments: list[str], line: str, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """What is wrong with how a mistake is answered in an empty working directory; nothing if nothing is."""
    status, out, err = told(arguments, capfd)
    command = shlex.join(arguments)
    found = [f"{command}: exit status {status}"] if status != 2 else []
    found += [f"{command}: said {out[:80]!r}"] if out else []
    found += [f"{command}: {err!r}"] if err.count("\n") != 1 or not err.startswith(f"rogatory: {line}") else []
    return found + [f"{command}: left {path.name}" for path in Path().iterdir()]


# --- which key stands where -------------------------------------------------------------------------------------------------------


def test_no_key_stands_in_both_records_and_together_they_are_the_configuration() -> None:
    of_a_run, of_a_study = {*Config.model_fields}, {*StudyConfig.model_fields}
    assert of_a_run & of_a_study == set()
    assert (of_a_run | of_a_study) - DERIVED == {*composed()}
    assert [{*part} for part in run_and_study_values()] == [of_a_run, of_a_study]
    assert {key.partition(".")[0] for key in OF_A_STUDY} == of_a_study


def test_what_a_study_is_asked_decides_no_run_and_reaches_its_record() -> None:
    plain = conduct_of_study().plain()
    for key, value in OF_A_STUDY.items():
        config, asked = asked_by(f"{key}={value}")
        assert config == as_it_is(), key
        assert config.digest() == as_it_is().digest()
        changed = {name for name, entry in asked.plain().items() if entry != plain[name]}
        assert changed == {key.partition(".")[0]}, key


def test_a_bad_value_of_a_study_is_no_matter_of_a_run() -> None:
    for override in ("seeds=0", "workers=x", "until=2", "figures.forest.dpi=1e9", "engine.name=spark", "mix=maybe"):
        assert load(override) == as_it_is()
        with pytest.raises(ConfigError, match=rf"^{override.partition('=')[0]}: found .*; accepted: "):
            conduct_of_study(override)


def test_a_scenario_says_nothing_of_how_a_study_is_conducted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is a key of the design: an arm and its baseline share it, and a scenario is one of them."""
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("# @package _global_\nseeds: 3\n", encoding="utf-8")
    said = r"^seeds: found 3 in .*mine\.yaml, though it is a key of the design, .*accepted: as an override, such as seeds=3$"
    with pytest.raises(ConfigError, match=said):
        conduct_of_study("scenario=mine.yaml")


# --- a key of neither -------------------------------------------------------------------------------------------------------------


UNKNOWN = [
    ("+foo=1", "foo: no such key; accepted: scenario_name", ""),
    ("++foo=1", "foo: no such key; accepted: ", ""),
    ("+foo.bar=1", "foo: no such key; accepted: ", ""),
    ("+yeers=1", "yeers: no such key; accepted: ", "did you mean 'years'?"),
    ("+wrokers=1", "wrokers: no such key; accepted: ", "did you mean 'workers'?"),
    ("wrokers=1", "wrokers: no such key; accepted: ", "did you mean 'workers'?"),
    ("+figurs={a:1}", "figurs: no such key; accepted: ", "did you mean 'figures'?"),
    ("+keep_request=true", "keep_request: no such key; accepted: ", "did you mean 'keep_requests'?"),
]


@pytest.mark.parametrize(("override", "line", "near"), [(o, line.removesuffix("scenario_name"), near) for o, line, near in UNKNOWN])
def test_a_key_of_neither_record_is_refused_with_the_nearest_of_both(
    override: str, line: str, near: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["run", override], ["compare", override], ["run", "--cfg", "job", override]):
        status, out, err = told(arguments, capfd)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert err.startswith(f"rogatory: {line}")
        assert err.endswith(f"{near}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_nobody_may_set_is_answered_with_the_keys_of_both_records() -> None:
    with pytest.raises(ConfigError, match=r"^reference: no such key; accepted: years, .*") as told:
        load("reference=1")
    accepted = str(told.value).partition("accepted: ")[2].split(", ")
    assert {*accepted} == {*composed()} - {"scenario_name"}


@pytest.mark.parametrize(
    ("place", "text", "asked"),
    [
        ("mine.yaml", "# @package _global_\nsedes: 3\n", ["scenario=mine.yaml"]),
        ("own/scenario/mine.yaml", "# @package _global_\nsedes: 3\n", ["--config-dir", "own", "scenario=mine"]),
        ("own/engine/mine.yaml", "# @package _global_\nsedes: 3\n", ["--config-dir", "own", "engine=mine"]),
        ("own/engine/mine.yaml", "# @package sedes\nname: local\n", ["--config-dir", "own", "engine=mine"]),
        ("own/engine/mine.yaml", "# @package _global_\nsedes: 3\n", ["hydra.searchpath=[own]", "engine=mine"]),
    ],
)
def test_a_key_of_neither_record_in_a_file_is_refused_with_the_nearest(
    place: str, text: str, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.places._by_path", {})
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    Path(place).write_text(text, encoding="utf-8")
    status, out, err = told(["run", *asked], capfd)
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("rogatory: sedes: no such key; accepted: ")
    assert err.endswith("did you mean 'seeds'?\n")


# --- a bad value ------------------------------------------------------------------------------------------------------------------


def test_a_bad_value_of_a_study_is_refused_by_every_study_before_it_makes_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    studies = [[study] for study in OF_KEYS] + [["run", "--cfg", "job"], ["sweep", "--cfg=job"], ["check", "nowhere"]]
    few = [bad for bad in BAD if bad[0] in ("seeds=0", "figures.forest.dpi=1e9", "engine.name=spark")]
    faults = [fault for study in studies for bad, line in few for fault in fault_of([*study, bad], line, capfd)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("study", ["compare", "sweep"])
def test_every_kind_of_bad_value_of_a_study_is_one_line(
    study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    faults = [fault for bad, line in BAD for fault in fault_of([study, bad], line, capfd)]
    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.parametrize("bad", ["seeds=0", "workers=x"])
def test_a_bad_value_of_a_study_is_refused_by_a_multirun(
    bad: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = told(["run", "-m", "years=1,2", bad], capfd)
    assert status == 2
    assert err.count("\n") == 1, err
    assert [path.name for path in tmp_path.rglob("*")] == []


def test_a_study_that_is_called_from_python_refuses_a_bad_value_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for study in (run.main, compare.main, sweep.main):
        with pytest.raises(ConfigError, match=r"^seeds: found 0; accepted: "):
            study("seeds=0", "design=threshold_sweep") if study is sweep.main else study("seeds=0")
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_that_is_shown_holds_both_records(capfd: pytest.CaptureFixture[str]) -> None:
    status, out, err = told(["run", "--cfg", "job", "seeds=3", "years=2"], capfd)
    assert (status, err) == (0, "")
    shown = yaml.safe_load(out)
    assert (shown["seeds"], shown["years"]) == (3, 2)
    assert {*shown} == {*composed()}
