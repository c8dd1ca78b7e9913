"""No file may run code: what would reach Hydra's own settings, of which Hydra makes objects, is refused before anything is made."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from experiments.cli import main
from sim.composition import Asked
from sim.config import load, run_from_shell
from sim.world.record import ConfigError
from tests.config.own_files import OwnFiles, in_place
from tests.shares import one_in

MARK = "it_ran"


class Bomb:
    """Makes a folder where it is unpickled."""

    def __init__(self, where: str) -> None:
        self.where = where

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.mkdir, (Path(self.where),)  # type: ignore[return-value]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnFiles:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bomb.pickle").write_bytes(pickle.dumps(Bomb(str(tmp_path / MARK))))
    return in_place(OwnFiles(tmp_path / "configs"), monkeypatch)


CALL = "_target_: os.mkdir, path: it_ran"
PICKLED = "_target_: pandas.read_pickle, filepath_or_buffer: bomb.pickle"
G = "# @package _global_\n"
FILES = {
    "callbacks": f"{G}hydra: {{callbacks: {{x: {{{CALL}}}}}}}",
    "callbacks with a pickle": f"{G}hydra: {{callbacks: {{x: {{{PICKLED}}}}}}}",
    "handlers of logging": f"{G}hydra: {{job_logging: {{version: 1, handlers: {{x: {{(): os.mkdir, path: it_ran}}}}}}}}",
    "handlers of Hydra's logging": f"{G}hydra: {{hydra_logging: {{version: 1, handlers: {{x: {{(): os.mkdir, path: it_ran}}}}}}}}",
    "a launcher": f"{G}hydra: {{launcher: {{{CALL}}}}}",
    "a sweeper": f"{G}hydra: {{sweeper: {{{CALL}}}}}",
    "a folder to write to": f"{G}hydra: {{sweep: {{dir: it_ran}}}}",
    "a package": f"# @package hydra.callbacks.x\n{CALL.replace(', ', chr(10))}",
    "a package from the root": f"# @package _global_.hydra.callbacks.x\n{CALL.replace(', ', chr(10))}",
    "a package after other words": f"# Question: ?\n#   @package   hydra\ncallbacks: {{x: {{{CALL}}}}}",
    "a default": f"{G}defaults:\n  - override /hydra/job_logging: default",
    "a default by its package": f"{G}defaults:\n  - /conduct@hydra.callbacks: naive",
    "a default by its package from the root": f"{G}defaults:\n  - /conduct@_global_.hydra.callbacks: naive",
    "a default that is worked out": f"{G}defaults:\n  - /conduct@${{output}}: naive",
    "a default that is a word": f"{G}defaults:\n  - /hydra/output/default",
    "an optional default": f"{G}defaults:\n  - optional hydra/launcher: joblib",
    "the search path": f"{G}hydra: {{searchpath: [pkg://os]}}",
    "in quotes": f'{G}"hydra": {{callbacks: {{x: {{{CALL}}}}}}}',
    "by an anchor": f"{G}x: &x {{callbacks: {{x: {{{CALL}}}}}}}\nhydra: *x",
    "by a merge": f"{G}x: &x {{hydra: {{callbacks: {{x: {{{CALL}}}}}}}}}\n<<: *x",
    "by a dotted key": f"{G}hydra.callbacks.x: {{{CALL}}}",
    "by a resolver": f"{G}output: ${{oc.env:HOME}}",
    "by a resolver of Hydra": f"{G}output: ${{hydra:runtime.cwd}}",
    "by a nested resolver": f"{G}output: '${{oc.decode:${{oc.env:HOME}}}}'",
}


@pytest.mark.parametrize("way", one_in(6, [*FILES]))
def test_a_scenario_that_would_reach_hydra_is_refused_before_anything_is_made(
    way: str, own: OwnFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write("scenario/own.yaml", FILES[way])
    for words in (["run", "-m", "scenario=own,judge"], ["run", "scenario=own"], ["run", "--cfg", "all", "scenario=own"]):
        assert main(words) == 2, words
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(
            f"rogatory: {tmp_path}/configs/scenario/own.yaml: " if own is None else "rogatory: configs/scenario/own.yaml: "
        )
        assert "accepted: " in line
    assert not (tmp_path / MARK).exists()
    assert not (tmp_path / "results").exists()


GROUPS = ("conduct/keen", "states/mine", "safeguard/mine")


@pytest.mark.parametrize("place", GROUPS)
def test_no_file_of_another_group_reaches_hydra_either(
    place: str, own: OwnFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group, name = place.split("/")
    own.write(f"{place}.yaml", FILES["callbacks"])
    for words in (["run", "-m", f"{group}={name}", "seed=1,2"], ["run", f"{group}={name}"]):
        assert main(words) == 2
        assert "which would reach Hydra itself; accepted: keys of the model" in capsys.readouterr().err
    assert not (tmp_path / MARK).exists()


def test_a_design_that_says_hydra_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    bodies = [
        f"question: what if\nhydra: {{callbacks: {{x: {{{CALL}}}}}}}\nscenarios: [judge]",
        "question: what if\nconstants: ['+hydra.callbacks.x={_target_:os.mkdir,path:it_ran}']\nscenarios: [judge]",
        "question: what if\narms: {a: ['hydra/launcher=joblib']}",
        f"question: what if\nconditions: {{a: {{hydra.callbacks.x: {{{CALL}}}}}}}",
    ]
    for body in bodies:
        Path("own.yaml").write_text(body, encoding="utf-8")
        for words in (["sweep", "-m", "design=own.yaml", "shard=1/2,2/2"], ["sweep", "design=own.yaml"]):
            assert main(words) == 2
            said = capsys.readouterr().err.splitlines()
            assert len(said) == 1, said
    assert [path.name for path in tmp_path.iterdir()] == ["own.yaml"]


REFUSED = [
    "+hydra.callbacks.x={_target_:os.mkdir,path:it_ran}", "hydra.job_logging=null", "hydra/job_logging=default",
    "hydra.verbose=true",
    "hydra.launcher._target_=os.mkdir", "hydra.launcher.x={_target_:os.mkdir,path:it_ran}",
    "+hydra.launcher.x._target_=os.mkdir", "hydra.run.dir=it_ran", "hydra.job.chdir=true",
    "hydra.mode=MULTIRUN", "hydra/callbacks=x", "+hydra/env=x", "~hydra.sweep", "hydra.output_subdir=it_ran", "hydra={}",
    "conduct@hydra.callbacks.x=naive", "+conduct@hydra.callbacks.x=naive", "hydra@x=y", "hydra=rogatory",
]  # fmt: skip


def test_on_the_command_line_launchers_and_sweeps_alone_are_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    faults = []
    for word in REFUSED:
        for words in (["run", "-m", word, "seed=1,2"], ["run", word], ["run", "--cfg", "job", word]):
            status, said = main(words), capsys.readouterr().err.splitlines()
            if status != 2 or len(said) != 1 or "accepted: " not in said[0]:
                faults.append((words, status, said[:2]))
    assert not faults
    assert not [*tmp_path.iterdir()]
    allowed = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "+hydra.launcher.ray.init.num_cpus=2", "hydra.sweep.dir=x"]
    asked = Asked.of(["-m", *allowed, "hydra.sweeper.max_batch_size=2", "years=2,3"])
    assert asked.of_hydra == (*allowed, "hydra.sweeper.max_batch_size=2")
    assert asked.overrides == ("years=2,3",)


FLAGS = [
    ["--experimental-rerun=bomb.pickle"], ["--experimental-rerun", "bomb.pickle"], ["--experimental-r=bomb.pickle"],
    ["-cp", "/tmp"],
    ["--config-path=/tmp"], ["--config-name=own"], ["-cn", "own"], ["--mul"], ["--inf"], ["-x"], ["--"], ["-"], ["-mx"],
    ["-years=3"],
    ["--shell-completion", "install=bash"], ["--cfg"], ["--cfg", "nonsense"], ["--info", "nonsense"], ["--run"], ["--resolve"],
]  # fmt: skip


def test_a_flag_that_is_not_known_is_one_line_and_runs_nothing(
    own: OwnFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = []
    for flags in FLAGS:
        status, said = main(["run", *flags, "years=1"]), capsys.readouterr().err.splitlines()
        if status != 2 or len(said) != 1 or "accepted: " not in said[0]:
            faults.append((flags, status, said[:2]))
    assert not faults
    assert not (tmp_path / MARK).exists()


def test_hydra_s_settings_are_none_of_a_load() -> None:
    with pytest.raises(ConfigError, match=r"^hydra\.sweep\.dir: found one of Hydra's own settings; accepted: "):
        load("hydra.sweep.dir=x")


def test_a_multirun_s_folder_is_its_own_and_gone_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    scratch = tmp_path / "tmp 'x"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    seen = []

    def study(*overrides: str) -> None:
        seen.extend((path.name, oct(path.stat().st_mode & 0o777)) for path in scratch.iterdir())

    run_from_shell(study, ["-m", "seed=1,2"], "run")
    assert len(seen) == 2
    assert {mode for _, mode in seen} == {"0o700"}
    assert not [*scratch.iterdir()]
