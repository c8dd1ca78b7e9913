"""Figures are the same bytes, and are drawn at all, whatever the environment says of the drawing library."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import pandas as pd
import pytest

from experiments.figures import draw, library, save
from experiments.figures.library import as_shipped, bring_in

RATES = {"scenario": ["a"], "group": ["$x$"], "mean": [4.0], "low": [3.0], "high": [5.0], "runs": [3], "events": [300],
         "chance_share": [0.1]}  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]
DRAW = """
import hashlib, os, sys
from experiments.figures import draw, library, save
import matplotlib, pandas
named = os.environ.get("MPLBACKEND", "")
made = save(draw("targeted_rate", pandas.DataFrame(%s), "Said."), sys.argv[1])
assert os.environ.get("MPLBACKEND", "") == named
assert "matplotlib.pyplot" not in sys.modules
print(hashlib.sha256(made.read_bytes()).hexdigest(), matplotlib.get_backend(auto_select=False))
"""
INLINE = "module://matplotlib_inline.backend_inline"
STRANGE = {"text.usetex": True, "font.family": ["serif"], "lines.linewidth": 9.0, "savefig.dpi": 30, "axes.grid": True}
FILES = {
    "broken": b"garbage\nfigure.dpi: many\nno.such.key: 1\n",
    "strange": b"text.usetex: True\nfont.family: serif\nsavefig.dpi: 30\naxes.grid: True\nfigure.facecolor: black\n",
    "backend": b"backend: nonsense\n",
    "bytes": b"\xff\xfe\x00",
}


def bytes_of(path: Path) -> str:
    made = save(draw("targeted_rate", pd.DataFrame(RATES), "Said."), path)
    return hashlib.sha256(made.read_bytes()).hexdigest()


def elsewhere(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A figure drawn by a process of its own in that folder."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MPL", "MATPLOTLIB"))}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", DRAW % RATES, str(folder / "a.png")],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_settings_of_the_caller_change_no_byte_and_stand_afterwards(tmp_path: Path) -> None:
    usual = bytes_of(tmp_path / "a.png")
    with mpl.rc_context(STRANGE):
        before = dict(mpl.rcParams)
        assert bytes_of(tmp_path / "b.png") == usual
        assert dict(mpl.rcParams) == before
    assert before["text.usetex"]


def test_a_figure_is_drawn_without_the_list_of_open_figures(tmp_path: Path) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    own = pyplot.figure()
    try:
        backend = mpl.get_backend()
        bytes_of(tmp_path / "a.png")
        assert pyplot.get_fignums() == [own.number]
        assert mpl.get_backend() == backend
    finally:
        pyplot.close(own)


def test_what_a_figure_sets_is_undone_even_when_it_fails() -> None:
    before = dict(mpl.rcParams)
    with as_shipped({"font.size": 30.0}):
        assert mpl.rcParams["font.size"] == 30.0
    assert dict(mpl.rcParams) == before
    with pytest.raises(ValueError, match="no column"):
        draw("targeted_rate", pd.DataFrame(RATES).iloc[:, :-1])
    assert dict(mpl.rcParams) == before


def test_a_library_that_is_there_already_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    before = dict(mpl.rcParams)
    bring_in()
    assert os.environ["MPLBACKEND"] == "nonsense"
    assert dict(mpl.rcParams) == before


class Strict(dict[str, str]):
    """Settings that refuse a backend that is not there, as the library's do."""

    def __setitem__(self, key: str, value: str) -> None:
        if value == INLINE:
            raise ValueError(f"{value} is not a valid value for {key}")
        super().__setitem__(key, value)


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize(("backend", "kept"), [(INLINE, {}), ("svg", {"backend": "svg"}), (None, {})])
def test_the_library_is_imported_without_the_backend_that_the_environment_names(
    backend: str | None, kept: dict[str, str], broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, settings = [], Strict()

    def imported() -> None:
        seen.append(os.environ.get("MPLBACKEND"))
        if broken and len(seen) == 1:
            raise UnicodeDecodeError("utf-8", b"", 0, 1, "a file of settings that cannot be read")

    monkeypatch.delenv("MPLBACKEND", raising=False)
    if backend is not None:
        monkeypatch.setenv("MPLBACKEND", backend)
    monkeypatch.setattr(library, "_NAME", "not_imported_yet")
    monkeypatch.setattr(library, "_imported", imported)
    monkeypatch.setattr(library, "_imported_as_shipped", imported)
    monkeypatch.setattr(library, "import_module", lambda name: SimpleNamespace(rcParams=settings))
    bring_in()
    assert seen == [None] * (1 + broken)
    assert os.environ.get("MPLBACKEND") == backend
    assert settings == kept


@pytest.mark.slow
@pytest.mark.parametrize("backend", [INLINE, "module://x", "nonsense", "TkAgg", "", "é\udc80"])
def test_no_backend_stops_or_changes_a_figure(backend: str, tmp_path: Path) -> None:
    done = elsewhere(tmp_path, MPLBACKEND=backend)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    digest, kept = (done.stdout + " ").split(" ", 1)
    assert digest.strip() == bytes_of(tmp_path / "b.png")
    assert kept.strip() == (backend if backend in ("module://x", "TkAgg") else "None")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "place"), [*((name, "folder") for name in FILES), ("bytes", "MATPLOTLIBRC"), ("bytes", "MPLCONFIGDIR")]
)
def test_no_file_of_settings_stops_or_changes_a_figure(name: str, place: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ((tmp_path if place == "folder" else home) / "matplotlibrc").write_bytes(FILES[name])
    done = elsewhere(tmp_path, **({} if place == "folder" else {place: str(home)}), MPLBACKEND=INLINE)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.split()[0] == bytes_of(tmp_path / "b.png")


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "XDG_CONFIG_HOME": "/proc/none"},
        {"MPLCONFIGDIR": "/proc/none", "TMPDIR": "/proc/none"},
        {"HOME": ""},
        {"MATPLOTLIBRC": "/proc/none", "SOURCE_DATE_EPOCH": "1"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        {"DISPLAY": ":99", "QT_QPA_PLATFORM": "none"},
    ],
    ids=str,
)
def test_no_folder_stops_or_changes_a_figure_or_is_told_of(environment: dict[str, str], tmp_path: Path) -> None:
    done = elsewhere(tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.split()[0] == bytes_of(tmp_path / "b.png")
