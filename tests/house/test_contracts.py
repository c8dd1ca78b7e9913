"""The rules of the house that a machine can keep: arrows, addresses, pins, docstrings, and what lies at the top."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-all.txt")
MODULES = sorted(path for folder in ("sim", "experiments") for path in (ROOT / folder).rglob("*.py"))
AT_THE_TOP = {
    *("sim", "configs", "experiments", "results", "tests", "docs"),
    *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff"),
    *("pyproject.toml", "Makefile", *LOCKS),
}

# Written in pieces, so that this file does not hold what it looks for.
REGISTRIES = (
    r"pypi\." + "org",
    "python" + "hosted",
    "(?<!emit-)index" + "-url",
    "(?<!emit-)find" + "-links",
    "file:" + "//",
)
REGISTRY = re.compile("|".join(REGISTRIES), re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.:/~$}-])/" + r"(?:root|home|Users|work|opt|mnt)/\w" + r"|\b[A-Z]:\\" + r"Users\\")

# One forbidden import for every contract, as {module: its text}.
CROOKED = {
    "staircase": {"sim/world/states.py": "import sim.review.queue"},
    "studies": {"sim/metrics.py": "import experiments.studies.run"},
    "hydra": {"experiments/studies/run.py": "import omegaconf"},
    "mesa": {"sim/world/states.py": "import mesa"},
    "matplotlib": {"experiments/studies/run.py": "from matplotlib import pyplot"},
    "rooms": {"experiments/store/reader.py": "import experiments.studies.run"},
    "rooms, unplaced file": {"experiments/elsewhere.py": ""},
    "commands": {"experiments/studies/treaty.py": "import experiments.studies.run"},
    "staircase, siblings": {"sim/conduct/demand.py": "import sim.review.queue"},
    "staircase, unplaced file": {"sim/elsewhere.py": ""},
}
STRAIGHT = {
    "sim/__init__.py": "",
    "sim/compiled.py": "",
    "sim/draws.py": "import sim.compiled",
    "sim/world/__init__.py": "",
    "sim/world/states.py": "",
    "sim/review/__init__.py": "",
    "sim/review/queue.py": "import sim.draws, sim.world.states",
    "sim/conduct/__init__.py": "",
    "sim/conduct/demand.py": "import sim.world.states",
    "sim/metrics.py": "",
    "sim/settings.py": "import sim.review.queue, sim.conduct.demand",
    "sim/result.py": "import sim.settings, sim.metrics",
    "sim/simulation.py": "import sim.result",
    "sim/model.py": "import mesa, sim.simulation",
    "sim/config.py": "import sim.composition, sim.settings",
    "sim/composition.py": "import hydra, omegaconf",
    "experiments/__init__.py": "",
    "experiments/studies/run.py": "import sim.config, sim.model",
    "experiments/studies/__init__.py": "",
    "experiments/studies/treaty.py": "",
    "experiments/store/__init__.py": "",
    "experiments/store/reader.py": "",
    "experiments/figures.py": "import matplotlib",
}


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    words = [sys.executable, "-c", command, "--no-cache", "--no-logo", *options]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def written(files: dict[str, str], folder: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return folder


def tracked() -> list[Path]:
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [Path(name) for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    found = [re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", line) for line in lines]
    return {canonicalize_name(pin[1]): pin[2] for pin in found if pin}


def test_arrows_only_point_down() -> None:
    answer = lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_straight_staircase_is_accepted(tmp_path: Path) -> None:
    answer = lint_imports(written(STRAIGHT, tmp_path))
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("contract", CROOKED)
def test_an_arrow_that_points_up_is_noticed(contract: str, tmp_path: Path) -> None:
    name = contract.partition(",")[0]
    answer = lint_imports(written(STRAIGHT | CROOKED[contract], tmp_path), "--contract", name)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "1 broken" in answer.stdout, answer.stdout + answer.stderr


def test_no_tracked_file_names_a_registry_or_a_machine() -> None:
    faults = []
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8").splitlines(), start=1):
            faults += [f"{name}:{number}: {fault[0]}" for fault in (REGISTRY.search(line), MACHINE_PATH.search(line)) if fault]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path", ["/ro" + "ot/x", "see /ho" + "me/me/x", "'/wo" + "rk/x'", "C:" + r"\Users\me"])
def test_a_machine_path_is_recognised(path: str) -> None:
    assert MACHINE_PATH.search(path)


@pytest.mark.parametrize(
    "path", ["https://example.org/home/page", "sim" + "/work" + "/x", "~" + "/work" + "/x", "$HOME/opt/x", "home" + "/work"]
)
def test_an_ordinary_path_is_let_through(path: str) -> None:
    assert not MACHINE_PATH.search(path)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_hold_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not [line for line in text.splitlines() if line.startswith("-")], "options belong in the Makefile"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_carries_a_hash(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8"))
    bare = [block.split()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]
    assert not bare


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_pin_every_dependency_within_its_range(lock: str) -> None:
    declared = list(project()["project"]["dependencies"])
    if lock != LOCKS[0]:
        declared += project()["dependency-groups"]["dev"]
    if lock == LOCKS[2]:
        declared += [*project()["dependency-groups"]["readers"], *chain(*project()["project"]["optional-dependencies"].values())]
    pinned = pins(lock)
    for wanted in map(Requirement, declared):
        version = pinned.get(canonicalize_name(wanted.name))
        assert version is not None, f"{lock} does not pin {wanted.name}: make lock"
        assert version in wanted.specifier, f"{lock} pins {wanted.name} {version}, outside {wanted.specifier}: make lock"


def test_lock_files_agree() -> None:
    runtime, development, everything = map(pins, LOCKS)
    assert runtime.items() <= development.items() <= everything.items()


def test_what_the_tests_of_discovery_and_search_want_is_installed_by_setup() -> None:
    """They belong to `make test`, which follows `make setup` and no extras."""
    extras, development = project()["project"]["optional-dependencies"], project()["dependency-groups"]["dev"]
    assert {*extras["adaptive"], *extras["discovery"]} <= {*development}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_says_what_it_is(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_bytes())), f"{module.relative_to(ROOT)} has no docstring"


def test_the_top_holds_only_the_agreed_names() -> None:
    strangers = {name.parts[0] for name in tracked()} - AT_THE_TOP
    strangers = {name for name in strangers if not name.startswith(".") and not re.fullmatch(r"requirements.*\.txt", name)}
    assert not strangers
