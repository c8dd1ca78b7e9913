"""Compiled code never outlives its source: an edit in another file than the kernel's is seen at once."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import sim
from sim import compiled, own_folder
from sim.compiled import baked, inlined, kernel

PROBE = """
import numpy as np
from sim.compiled import kernel
from sim.draws import normal_quantile

@kernel
def probe(u):
    return normal_quantile(u)
"""
RUN = """
import probe, sim.compiled
print(probe.probe(0.975), sim.compiled.fingerprint(), sum(probe.probe.stats.cache_hits.values()))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of those files of ``sim`` that compile, and a kernel in a file of its own that calls a rule of theirs."""
    package = tmp_path / "checkout" / "sim"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in ("arrays.py", "compiled.py", "draws.py", "errors.py", "inlining.py", "lineage.py", "own_folder.py"):
        shutil.copy(Path(sim.__file__).parent / name, package / name)
    (package.parent / "probe.py").write_text(PROBE)
    return package.parent


def run(checkout: Path, code: str, **environment: str) -> list[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("NUMBA_", "PYTHONPATH"))}
    env |= {"ROGATORY_CACHE": str(checkout.parent / "cache"), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_an_edited_rule_is_compiled_anew_and_an_unchanged_one_comes_from_the_cache(checkout: Path) -> None:
    value, before, hits = run(checkout, RUN)
    assert float(value) == pytest.approx(1.959963984540054)
    assert hits == "0"
    assert run(checkout, RUN) == [value, before, "1"]

    rule = checkout / "sim" / "draws.py"
    text = rule.read_text(encoding="utf-8")
    old, new = "return -num / den if q < 0.0 else num / den", "return num / den if q < 0.0 else -num / den"
    assert text.count(old) == 1
    rule.write_text(text.replace(old, new), encoding="utf-8")
    edited, after, hits = run(checkout, RUN)
    assert float(edited) == -float(value)
    assert after != before
    assert hits == "0"

    rule.write_text(text, encoding="utf-8")
    assert run(checkout, RUN) == [value, before, "1"]  # the former folder is still there


FINGERPRINT = "import sim.compiled; print(sim.compiled.fingerprint())"


VOCABULARY = """
from sim.compiled import kernel
from sim.world.vocabulary import DAYS_PER_MONTH

@kernel
def months(days):
    return days / DAYS_PER_MONTH
"""


@pytest.mark.slow
def test_a_constant_of_the_vocabulary_gives_with_a_full_cache_what_it_gives_with_an_empty_one(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(Path(sim.__file__).parent, checkout / "sim", ignore=shutil.ignore_patterns("__pycache__", "tables"))
    (checkout / "sim" / "review" / "own_rule.py").write_text(VOCABULARY)
    code = "import sim.review.own_rule as r; print(r.months(60.875), sum(r.months.stats.cache_hits.values()))"
    assert run(checkout, code) == ["2.0", "0"]
    assert run(checkout, code) == ["2.0", "1"]
    path = checkout / "sim" / "world" / "vocabulary.py"
    text, mark = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(text.replace("DAYS_PER_MONTH = 30.4375", "DAYS_PER_MONTH = 20.0000"), encoding="utf-8")
    os.utime(path, ns=(mark.st_atime_ns, mark.st_mtime_ns))
    full = run(checkout, code)
    shutil.rmtree(tmp_path / "cache")
    assert full == run(checkout, code) == [str(60.875 / 20.0), "0"]


@pytest.mark.slow
def test_former_folders_are_forgotten_but_for_four(checkout: Path) -> None:
    rule, seen = checkout / "sim" / "draws.py", list[str]()
    for k in range(7):
        rule.write_text(rule.read_text(encoding="utf-8") + f"# {k}\n", encoding="utf-8")
        seen += run(checkout, FINGERPRINT)
    kept = {folder.name.removeprefix("kernels-") for folder in (checkout.parent / "cache").glob("kernels-*")}
    assert len(set(seen)) == 7
    assert seen[-1] in kept
    assert len(kept) == 5
    assert kept <= set(seen)


def test_folders_that_are_no_caches_are_left_alone(checkout: Path) -> None:
    theirs = [checkout.parent / "cache" / f"thesis {k}" for k in range(6)]
    for folder in theirs:
        folder.mkdir(parents=True)
    run(checkout, FINGERPRINT)
    assert all(folder.exists() for folder in theirs)


# --- the folder's name ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for notes, and a copy of a few sources that the fingerprint is taken from."""
    home = tmp_path / "sim"
    home.mkdir()
    for name in ("__init__.py", "compiled.py", "draws.py", "errors.py", "inlining.py", "lineage.py", "own_folder.py"):
        shutil.copy(Path(sim.__file__).parent / name, home / name)
    (home / "constants.py").write_text("X = 1\n")
    monkeypatch.setattr(compiled, "_HOME", home)
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


def test_which_sources_count_is_noted_under_what_they_hold_and_a_note_is_never_older(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = list[int]()
    found = compiled.lineage
    monkeypatch.setattr(compiled, "lineage", lambda *given: parsed.append(1) or found(*given))
    first = compiled.fingerprint(notes)
    assert compiled.fingerprint(notes) == first == compiled.fingerprint()
    assert len(parsed) == 2  # once for the note, once without notes
    assert [path.stat().st_mode & 0o777 for path in notes.iterdir()] == [0o600]

    rule = compiled._HOME / "draws.py"
    text, mark = rule.read_text(encoding="utf-8"), rule.stat()
    rule.write_text(text + "from sim.constants import X\n", encoding="utf-8")  # another file begins to count
    second = compiled.fingerprint(notes)
    (compiled._HOME / "constants.py").write_text("X = 2\n")
    third = compiled.fingerprint(notes)
    assert len({first, second, third}) == 3
    assert third == compiled.fingerprint()
    rule.write_text(text, encoding="utf-8")
    os.utime(rule, ns=(mark.st_atime_ns, mark.st_mtime_ns))
    assert compiled.fingerprint(notes) == first  # what no kernel reaches has changed since


@pytest.mark.parametrize("damage", [b"", b"sim", b"0123456789abcdef\nsim sim.draws", b"\xff\xfe", b"\n"])
def test_a_note_that_was_cut_off_or_is_another_ones_is_written_anew(damage: bytes, notes: Path) -> None:
    first = compiled.fingerprint(notes)
    (note,) = notes.iterdir()
    whole = note.read_bytes()
    note.write_bytes(damage)
    assert compiled.fingerprint(notes) == first
    assert note.read_bytes() == whole
    note.write_bytes(whole.replace(b"sim.draws", b""))
    assert compiled.fingerprint(notes) == first


def test_a_note_that_others_could_write_to_is_not_believed(notes: Path) -> None:
    first = compiled.fingerprint(notes)
    (note,) = notes.iterdir()
    names = "sim sim.compiled"
    note.write_text(f"{own_folder._seal(names)}\n{names}", encoding="utf-8")
    assert compiled.fingerprint(notes) != first  # it is believed while it is ours alone
    note.write_text(f"{own_folder._seal(names)}\n{names}", encoding="utf-8")
    note.chmod(0o666)
    assert compiled.fingerprint(notes) == first


def test_without_a_place_for_notes_the_fingerprint_is_the_same(notes: Path) -> None:
    assert compiled.fingerprint(notes / "nowhere") == compiled.fingerprint(notes)


OTHERWISE: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "processor": lambda patch: patch.setattr(compiled.llvm, "get_host_cpu_name", lambda: "another"),
    "features": lambda patch: patch.setattr(
        compiled.llvm, "get_host_cpu_features", lambda: SimpleNamespace(flatten=lambda: "+another")
    ),
    "triple": lambda patch: patch.setattr(compiled.llvm, "get_default_triple", lambda: "another"),
    "llvm": lambda patch: patch.setattr(compiled.llvm, "llvm_version_info", (99, 0, 0)),
    "llvmlite": lambda patch: patch.setattr(compiled, "llvmlite_version", "99"),
    "numba": lambda patch: patch.setattr(compiled.numba, "__version__", "99"),
    "numpy": lambda patch: patch.setattr(compiled.np, "__version__", "99"),
    "python": lambda patch: patch.setattr(compiled.sys, "version", "99"),
    "libc": lambda patch: patch.setattr(compiled.os, "confstr", lambda name: "another", raising=False),
    "bounds": lambda patch: patch.setattr(compiled.numba.config, "BOUNDSCHECK", 1),
    "optimisation": lambda patch: patch.setattr(compiled.numba.config, "OPT", 0),
    "vectors": lambda patch: patch.setattr(compiled.numba.config, "LOOP_VECTORIZE", 0),
    "library of functions": lambda patch: patch.setattr(compiled.numba.config, "USING_SVML", True),
    "a setting of a later Numba": lambda patch: patch.setattr(compiled.numba.config, "FAST_AND_LOOSE", 1, raising=False),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_another_version_processor_or_setting_has_another_folder(what: str, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if what == "libc" and platform.libc_ver()[0] != "glibc":
        pytest.skip("a library without a name")
    before = compiled.fingerprint(notes)
    OTHERWISE[what](monkeypatch)
    assert compiled.fingerprint(notes) != before


@pytest.mark.parametrize("setting", ["NUMBA_NUM_THREADS", "CACHE_DIR", "CACHE_LOCATOR_CLASSES", "COLOR_SCHEME"])
def test_what_changes_no_code_has_the_same_folder(setting: str, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = compiled.fingerprint(notes)
    monkeypatch.setattr(compiled.numba.config, setting, "7")
    assert compiled.fingerprint(notes) == before


# --- what a kernel was compiled from ----------------------------------------------------------------------------------------------


class Made(NamedTuple):
    a: float
    b: float = 1.0


def made(text: str, **names: Any) -> Any:
    """The function ``f`` of a text."""
    space: dict[str, Any] = {"__name__": "made", "np": np, **names}
    exec(text, space)
    return space["f"]


CALLED = "def g(x):\n    return x + C\n"
CHANGES: dict[str, tuple[Any, Any]] = {
    "a constant": (made("def f(x):\n    return x + C", C=30.4375), made("def f(x):\n    return x + C", C=20.0)),
    "its last bit": (made("def f(x):\n    return x + C", C=0.1), made("def f(x):\n    return x + C", C=np.nextafter(0.1, 1))),
    "its type": (made("def f(x):\n    return x + C", C=1), made("def f(x):\n    return x + C", C=1.0)),
    "a literal": (made("def f(x):\n    return x + 1"), made("def f(x):\n    return x + 2")),
    "a scalar": (made("def f(x):\n    return x + C", C=np.uint64(1)), made("def f(x):\n    return x + C", C=np.uint64(2))),
    "its width": (made("def f(x):\n    return x + C", C=np.uint64(1)), made("def f(x):\n    return x + C", C=np.uint32(1))),
    "a table": (made("def f(x):\n    return C[x]", C=np.zeros(2)), made("def f(x):\n    return C[x]", C=np.ones(2))),
    "a tuple": (made("def f(x):\n    return C[x]", C=(1, 2)), made("def f(x):\n    return C[x]", C=(1, 3))),
    "a field": (made("def f(x):\n    return x.a"), made("def f(x):\n    return x.b")),
    "a default": (made("def f(x, y=1):\n    return x + y"), made("def f(x, y=2):\n    return x + y")),
    "a closure": (
        made("def h(c):\n    def f(x):\n        return x + c\n    return f\nf = h(1)"),
        made("def h(c):\n    def f(x):\n        return x + c\n    return f\nf = h(2)"),
    ),
    "an inner function": (
        made("def f(x):\n    def g(y):\n        return y + C\n    return g(x)", C=1),
        made("def f(x):\n    def g(y):\n        return y + C\n    return g(x)", C=2),
    ),
    "what is called": (
        made("def f(x):\n    return g(x)", g=inlined(made("def f(x):\n    return x"))),
        made("def f(x):\n    return g(x)", g=inlined(made("def f(x):\n    return -x"))),
    ),
    "a constant of what is called": (
        made("def f(x):\n    return g(x)", g=inlined(made("def f(x):\n    return x + C", C=1))),
        made("def f(x):\n    return g(x)", g=inlined(made("def f(x):\n    return x + C", C=2))),
    ),
    "how it is called": (
        made("def f(x):\n    return g(x)", g=inlined(made("def f(x):\n    return x"))),
        made("def f(x):\n    return g(x)", g=kernel(made("def f(x):\n    return x"))),
    ),
    "a constant of a module": (
        made("def f(x):\n    return x + m.C", m=ModuleType("m")),
        made("def f(x):\n    return x + m.C", m=ModuleType("m")),
    ),
    "a default of a record": (
        made("def f(x):\n    return R(x)", R=Made),
        made("def f(x):\n    return R(x)", R=NamedTuple("Made", [("a", float), ("b", float)])),
    ),
}
for number, function in enumerate(CHANGES["a constant of a module"]):
    function.__globals__["m"].C = number


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_is_compiled_in_counts(what: str) -> None:
    one, other = CHANGES[what]
    assert baked(one) != baked(other)
    assert baked(one) == baked(one)


def test_what_is_not_compiled_in_does_not_count() -> None:
    text = "def f(x):\n    return x + C"
    assert baked(made(text, C=1, D=1)) == baked(made(text, C=1, D=2)) == baked(made(f"\n\n{text}", C=1))


def test_functions_that_call_each_other_come_to_an_end() -> None:
    f = inlined(made("def f(x):\n    return f(x - 1) if x > 0 else C", C=1))
    before = baked(f.py_func)
    f.py_func.__globals__["f"] = f
    f.py_func.__globals__["C"] = 2
    assert baked(f.py_func) != before


def test_names_of_the_fields_of_a_record_count() -> None:
    one, other = NamedTuple("Record", [("a", float), ("b", float)]), NamedTuple("Record", [("b", float), ("a", float)])
    types = [(compiled.numba.typeof(record(1.0, 2.0)),) for record in (one, other)]
    assert compiled._fields(types[0]) != compiled._fields(types[1])
    inner = [(compiled.numba.typeof((record(1.0, 2.0), 1)),) for record in (one, other)]
    assert compiled._fields(inner[0]) != compiled._fields(inner[1])


BY_HAND = """
import constants
{change}
import probe
print(probe.probe(2.0), sum(probe.probe.stats.cache_hits.values()))
"""
OWN = """
import constants
from sim.compiled import inlined, kernel

X = constants.X

@inlined
def rule(u):
    return u * X

@kernel
def probe(u):
    return rule(u) + constants.Y
"""


@pytest.fixture
def own(checkout: Path) -> Path:
    """A kernel outside ``sim`` whose constants come from a third file."""
    (checkout / "constants.py").write_text("X = 10.0\nY = 0.25\n")
    (checkout / "probe.py").write_text(OWN)
    return checkout


@pytest.mark.slow
def test_a_constant_that_is_set_by_hand_or_stands_outside_the_simulation_is_compiled_in_and_stays_with_nobody_else(
    own: Path,
) -> None:
    plain, by_hand = BY_HAND.format(change=""), BY_HAND.format(change="constants.X = 1.0")
    assert run(own, by_hand) == ["2.25", "0"]
    assert run(own, plain) == ["20.25", "0"]  # not what the other had left
    assert run(own, by_hand) == ["2.25", "1"]  # nor the other way round: each finds its own again
    assert run(own, plain) == ["20.25", "1"]
    (own / "constants.py").write_text("X = 10.0\nY = 0.75\n")
    assert run(own, plain) == ["20.75", "0"]


@pytest.mark.slow
def test_bytecode_that_python_takes_for_fresh_poisons_nothing(own: Path) -> None:
    """Python itself is deceived by an edit of one size and one time; once it looks again, the answer must be the new one."""
    plain, writes = BY_HAND.format(change=""), {"PYTHONDONTWRITEBYTECODE": ""}
    constants = own / "constants.py"
    assert run(own, plain, **writes) == ["20.25", "0"]
    mark = constants.stat()
    constants.write_text("X = 20.0\nY = 0.25\n")
    os.utime(constants, ns=(mark.st_atime_ns, mark.st_mtime_ns))
    assert run(own, plain, **writes) == ["20.25", "1"]  # from the bytecode of before
    shutil.rmtree(own / "__pycache__")
    assert run(own, plain, **writes) == ["40.25", "0"]


@pytest.mark.slow
def test_what_is_damaged_on_the_disk_is_compiled_anew(own: Path) -> None:
    plain = BY_HAND.format(change="")
    assert run(own, plain) == ["20.25", "0"]
    for ending, damage in (("nbi", b""), ("nbc", b""), ("nbc", b"no pickle at all")):
        (held,) = (own.parent / "cache").rglob(f"probe.probe-*.{ending}")
        held.write_bytes(damage)
        assert run(own, plain) == ["20.25", "0"], (ending, damage)
    assert run(own, plain) == ["20.25", "1"]


@pytest.mark.slow
def test_code_that_stands_under_another_ones_number_is_not_taken(own: Path) -> None:
    """Two processes that compile at once may both take the number that is free; then one file holds the other's code."""
    both = "import probe; print(probe.probe(2.0), probe.probe(2), sum(probe.probe.stats.cache_hits.values()))"
    assert run(own, both) == ["20.25", "20.25", "0"]
    first, second = sorted((own.parent / "cache").rglob("probe.probe-*.nbc"))
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    assert run(own, both) == ["20.25", "20.25", "0"]
    assert run(own, both) == ["20.25", "20.25", "2"]


@pytest.mark.slow
def test_settings_of_numba_lead_no_kernel_to_another_place(own: Path) -> None:
    plain = BY_HAND.format(change="")
    elsewhere = {"NUMBA_CACHE_DIR": str(own.parent / "theirs"), "NUMBA_CACHE_LOCATOR_CLASSES": "InTreeCacheLocator"}
    run(own, plain, **elsewhere)
    assert run(own, plain, **elsewhere) == ["20.25", "1"]
    assert not (own.parent / "theirs").exists()
    assert not [*own.rglob("*.nbi")]


@pytest.mark.slow
def test_a_kernel_that_stands_in_no_file_is_compiled_and_kept_nowhere(own: Path) -> None:
    typed = "from sim.compiled import kernel\nf = kernel(lambda x: x + 1)\nprint(f(1))"
    assert run(own, typed) == ["2"]
    assert not [*(own.parent / "cache").rglob("*.nbi")]


@pytest.mark.slow
def test_a_cache_that_goes_away_or_fills_up_stops_nothing(own: Path) -> None:
    gone = "import shutil, sim.compiled\nshutil.rmtree(sim.compiled.CACHE)\nimport probe\nprint(probe.probe(2.0))"
    assert run(own, gone) == ["20.25"]
    full = (
        "import sim.compiled, probe\n"
        "from numba.core import caching\n"
        "def full(*given): raise OSError(28, 'No space left on device')\n"
        "caching.IndexDataCacheFile._save_data = full\n"
        "print(probe.probe(2))"
    )
    assert run(own, full) == ["20.25"]
