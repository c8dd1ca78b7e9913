"""Which test files stand nearest to what has changed: ``python -m tests.near REVISION`` prints them.

Near to a module are the test files that import it directly, or else its package: those in the folder of its name if it has one,
else all of them.
Near to what is no module (YAML, tables, documents) are the tests of the house. A test file that was changed is near to itself.
What depends on a change from further away is for ``make test``.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OF_FILES = ("tests/house", "tests/config")  # what is judged by reading files


def changed_since(revision: str) -> list[str]:
    """Files that differ from a revision, those that Git does not know yet among them."""
    asked = (["diff", "--name-only", "--diff-filter=d", revision], ["ls-files", "--others", "--exclude-standard"])
    listings = [subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout for words in asked]
    return sorted({name for listing in listings for name in listing.splitlines()})


def imported_by(source: str) -> Iterator[str]:
    """Dotted names that a module imports: ``from a.b import c`` may mean ``a.b`` or ``a.b.c``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def dotted(path: str) -> str:
    """The module in a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def _imports_of(path: Path) -> frozenset[str]:
    return frozenset(imported_by(path.read_text(encoding="utf-8")))


def near(changed: list[str]) -> list[str]:
    """Test files and folders to be run for changed files."""
    tests = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "tests").rglob("test_*.py"))}
    imports = {name: _imports_of(path) for name, path in tests.items()}
    found = {name for name in OF_FILES if any(not other.endswith(".py") for other in changed)} | (tests.keys() & {*changed})
    for module in (dotted(name) for name in changed if name.endswith(".py")):
        importers = _importers_of(module, imports)
        own = {name for name in importers if name.split("/")[1] in module.split(".")}
        found |= own or importers
    return sorted(name for name in found if name in OF_FILES or not any(name.startswith(f"{folder}/") for folder in found))


def _importers_of(module: str, imports: Mapping[str, frozenset[str]]) -> set[str]:
    """Test files that import a module; where none does, those that import the package which hands out what it makes."""
    importers = {name for name in imports if module in imports[name]}
    package = module.rpartition(".")[0]
    return _importers_of(package, imports) if not importers and "." in package else importers


if __name__ == "__main__":
    print(" ".join(near(changed_since(sys.argv[1]))))
