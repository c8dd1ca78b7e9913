"""Which files decide what a kernel computes: every way to import is followed, and what nothing imports does not count."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from sim import compiled, lineage
from sim.errors import RogatoryError
from sim.lineage import imports_of, sources_in
from sim.lineage import lineage as lineage_of

HOME = Path(lineage.__file__).parent
TREE = {
    "__init__": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from own.unused import Typed\n",
    "unused": "X = 1\n",
    "inner.__init__": "",
    "inner.values": "X = 1\n",
    "inner.deep.__init__": "",
    "inner.deep.values": "X = 1\n",
    "further": "from own.inner import values\n",
}


def tree(folder: Path, **modules: str) -> dict[str, lineage.Source]:
    """The modules of a made-up package ``own``, as files."""
    for name, text in (TREE | modules).items():
        path = folder / "own" / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sources_in(folder / "own", "own")


def reached(sources: dict[str, lineage.Source], *first: str) -> set[str]:
    """What those modules of the package reach, without the package and themselves."""
    names = {f"own.{name}" for name in first}
    found = lineage_of(sources, lambda name, imports: name in names)
    return {name.removeprefix("own.") for name in found - {"own"} - names}


VALUES = {"inner", "inner.values"}
DEEP = {"inner", "inner.deep", "inner.deep.values"}
WAYS = {
    "import own.inner.values": VALUES,
    "import own.inner.values as v": VALUES,
    "from own.inner.values import X": VALUES,
    "from own.inner.values import (\n    X as Y,\n)": VALUES,
    "from own.inner import values": VALUES,
    "from own.inner import values as v": VALUES,
    "from own.inner.values import *": VALUES,
    "from . import inner": {"inner"},
    "from .inner import values": VALUES,
    "from .inner.values import X": VALUES,
    "from own import further": {"further", *VALUES},
    "import os; import own.inner.values": VALUES,
    "from own.inner \\\n    import values": VALUES,
    "def f():\n    from own.inner.values import X\n    return X": VALUES,
    "class C:\n    import own.inner.values": VALUES,
    "try:\n    import own.inner.values\nexcept ImportError:\n    pass": VALUES,
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from own.inner.values import X": VALUES,
    "import typing\nif typing.TYPE_CHECKING:\n    pass\nelse:\n    from own.inner.values import X": VALUES,
    "import own.inner\ny = own.inner.deep.values.X": DEEP,
    "import own.inner as i\ny = i.deep.values.X": DEEP,
    "from own import inner\ndef f():\n    return inner.deep.values.X + 1": DEEP,
    "from importlib import import_module\nv = import_module('own.inner.values')": VALUES,
    "import importlib\nv = importlib.import_module('.inner.values', 'own')": VALUES,
    "v = __import__('own.inner.values')": VALUES,
    "from own.inner.deep import *": {*DEEP},
    "import own.inner.deep.values": DEEP,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_import_is_followed(way: str, tmp_path: Path) -> None:
    ast.parse(way)
    assert reached(tree(tmp_path, user=f"{way}\n"), "user") == WAYS[way]


@pytest.mark.parametrize(
    "way", ["from .values import X", "from . import values", "from .. import further", "from ..further import X"]
)
def test_relative_imports_start_where_the_module_is(way: str, tmp_path: Path) -> None:
    sources = tree(tmp_path, **{"inner.user": f"{way}\n", "inner.deep.__init__": "from ..values import X\n"})
    assert reached(sources, "inner.user") == ({"further", *VALUES} if "further" in way else VALUES)
    assert reached(sources, "inner.deep") == VALUES
    assert reached(sources, "inner.deep.values") == {"inner", "inner.deep", "inner.values"}  # its package is loaded on the way


@pytest.mark.parametrize(
    "text",
    [
        '"""import own.inner.values"""',
        "x = 'from own.inner import values'  # import own.inner.values",
        "import os.path\nimport ownership.inner",
        "import numpy as np\nnp.inner",
        "from ... import beyond_the_top",
        "not python at all (",
        "x = '\\0'\n",
        "\0",
    ],
)
def test_words_are_no_imports(text: str, tmp_path: Path) -> None:
    assert reached(tree(tmp_path, user=text), "user") == set()


def test_what_a_package_imports_for_types_is_nobodys_unless_a_kernel_stands_there(tmp_path: Path) -> None:
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from own import unused\n"
    sources = tree(tmp_path, **{"inner.__init__": typed, "user": "import own.inner.values\n"})
    assert reached(sources, "user") == VALUES
    assert "unused" in reached(sources, "inner")


def test_circles_end(tmp_path: Path) -> None:
    sources = tree(tmp_path, a="import own.b\n", b="from own import a\n")
    assert reached(sources, "a") == {"b"}


def test_what_takes_all_names_of_a_module_that_begins_begins_too(tmp_path: Path) -> None:
    sources = tree(tmp_path, a="", b="from own.a import *\n", c="from own.b import *\nimport own.unused\n", d="import own.b\n")
    assert reached(sources, "a") == {"b", "c", "unused"}


def test_files_that_no_import_can_name_are_left_alone(tmp_path: Path) -> None:
    package = tmp_path / "own"
    before = tree(tmp_path, user="import own.inner\n")
    (package / ".#user.py").symlink_to("me@nowhere:1")  # an editor's mark
    (package / "not-a-name.py").write_text("import own.unused\n")
    (package / "gone.py").symlink_to("nowhere.py")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "user.py").write_text("import own.unused\n")
    (package / "inner" / "loop").symlink_to(package, target_is_directory=True)  # leads back to where it stands
    (package / "notes.txt").write_text("import own.unused\n")
    after = sources_in(package, "own")
    assert before.keys() < after.keys()
    assert after["own.gone"].text is None
    assert not any("#" in name or "-" in name or "__pycache__" in name for name in after)
    assert reached(after, "user") == {"inner"}


def test_of_a_package_and_a_module_of_one_name_the_package_counts_as_for_python(tmp_path: Path) -> None:
    sources = tree(tmp_path, **{"both": "X = 1\n", "both.__init__": "X = 2\n"})
    assert sources["own.both"].path.name == "__init__.py"


def test_a_source_that_cannot_be_read_is_told_if_it_counts(tmp_path: Path) -> None:
    sources = tree(tmp_path, user="import own.gone\n", other="")
    sources["own.gone"] = lineage.Source(tmp_path / "own" / "gone.py", None, "own")
    assert reached(sources, "other") == set()
    with pytest.raises(RogatoryError, match=r"gone\.py: cannot be read; accepted: "):
        reached(sources, "user")


# --- the simulation itself ------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sources that the fingerprint is taken from; each text is parsed once."""
    home = tmp_path / "sim"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("__pycache__", "tables", "_configs"))
    monkeypatch.setattr(compiled, "_HOME", home)
    monkeypatch.setattr(lineage, "imports_of", lru_cache(maxsize=None)(imports_of))
    return home


def test_a_constant_in_any_module_that_a_kernel_reaches_changes_the_fingerprint_and_in_no_other(copy: Path) -> None:
    covered, before = {path.relative_to(copy).as_posix() for path in compiled.kernel_sources()}, compiled.fingerprint()
    wrong = []
    for path in sorted(copy.rglob("*.py")):
        text, name = path.read_bytes(), path.relative_to(copy).as_posix()
        path.write_bytes(text + b"\nA_CONSTANT = 20.0\n")
        if (compiled.fingerprint() != before) != (name in covered):
            wrong.append(name)
        path.write_bytes(text)
    assert wrong == []
    assert compiled.fingerprint() == before


def test_the_modules_that_words_had_left_out_are_covered_and_those_above_the_kernels_are_not() -> None:
    covered = {path.relative_to(HOME).as_posix() for path in compiled.kernel_sources()}
    held = {"vocabulary", "cases", "instruments", "docket", "people", "states"}
    assert {f"world/{name}.py" for name in held} < covered
    assert {f"review/{path.name}" for path in (HOME / "review").glob("*.py")} < covered
    assert {"__init__.py", "compiled.py", "draws.py", "conduct/filing.py", "result.py"} < covered
    assert not {"config.py", "model.py", "simulation.py", "sources/build.py", "sources/tables.py"} & covered


def test_a_constant_of_one_size_and_one_time_is_seen_by_the_same_process(copy: Path) -> None:
    path, before = copy / "world" / "vocabulary.py", compiled.fingerprint()
    text, mark = path.read_text(encoding="utf-8"), path.stat()
    assert text.count("DAYS_PER_MONTH = 30.4375") == 1
    path.write_text(text.replace("DAYS_PER_MONTH = 30.4375", "DAYS_PER_MONTH = 20.0000"), encoding="utf-8")
    os.utime(path, ns=(mark.st_atime_ns, mark.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (mark.st_size, mark.st_mtime_ns)
    assert compiled.fingerprint() != before


@pytest.mark.parametrize(
    "text",
    [
        "from sim.compiled import kernel",
        "from sim.draws import kernel as k",
        "import sim.draws as d\n@d.kernel\ndef f():\n    pass",
        "from .compiled import inlined",
        "from sim import compiled",
        "from sim.draws import *",
        "import numba",
        "from numba import njit",
    ],
)
def test_a_new_module_that_holds_a_kernel_is_covered_with_what_it_imports(text: str, copy: Path) -> None:
    (copy / "constants.py").write_text("X = 1\n")
    (copy / "own_rule.py").write_text(f"{text}\n")
    assert copy / "own_rule.py" in compiled.kernel_sources()
    assert copy / "constants.py" not in compiled.kernel_sources()
    (copy / "own_rule.py").write_text(f"{text}\nfrom sim.constants import X\n")
    assert copy / "constants.py" in compiled.kernel_sources()


def test_a_rule_of_review_is_covered_though_it_compiles_nothing(copy: Path) -> None:
    before = compiled.fingerprint()
    (copy / "review" / "own").mkdir()
    (copy / "review" / "own" / "rule.py").write_text("def stands(reach):\n    return True\n")
    assert compiled.fingerprint() != before


@pytest.mark.slow
def test_what_python_loads_for_the_kernels_is_covered() -> None:
    """The other way round: not what is written, but what is in fact loaded with every module that holds a kernel."""
    holders = [
        name
        for name, source in sources_in(HOME, "sim").items()
        if compiled._begins(name, imports_of(source.text or b"", source.package))
    ]
    code = f"import importlib, sys\nfor name in {sorted(holders)}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=HOME.parent, capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.split(".")[0] == "sim"}
    covered = lineage_of(sources_in(HOME, "sim"), compiled._begins)
    assert len(loaded) > 40
    assert loaded <= covered
