"""Which source files decide what a module computes: the module itself and all that it imports, found by parsing.

An import counts wherever it stands: in a function, behind a condition, relative, by star, or for types alone, for a record's
order of fields is compiled too. Only what a package's own ``__init__`` imports for types does not count for the modules in it.
What is imported under a name that is made up as the program runs cannot be seen here.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator, Mapping
from importlib.util import resolve_name
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from sim.errors import RogatoryError


class Source(NamedTuple):
    """A module's file as it stands on the disk."""

    path: Path
    text: bytes | None  # None: it is there and cannot be read
    package: str  # in which its relative imports start

    @property
    def is_package(self) -> bool:
        """Whether the file is the ``__init__`` of a package."""
        return self.path.stem == "__init__"


class Imports(NamedTuple):
    """What a module imports, as dotted names: ``from a import b`` gives ``a.b``, be that a module or not."""

    run: frozenset[str]  # when it is loaded, or when a function of it is called
    typed: frozenset[str]  # under ``if TYPE_CHECKING`` alone
    stars: frozenset[str]  # modules of which it takes all names


NOTHING = Imports(frozenset(), frozenset(), frozenset())


def sources_in(folder: Path, name: str) -> dict[str, Source]:
    """Every module of the package ``name`` in a folder; a file whose name no import can say is none."""
    found: dict[str, Source] = {}
    homes = {folder: name}
    for home, folders, files in os.walk(folder, followlinks=True):
        package = homes[Path(home)]
        folders[:] = [inner for inner in folders if inner.isidentifier() and inner != "__pycache__"]
        if package.count(".") > _DEEPEST:  # a link that leads back to where it stands
            folders.clear()
        homes |= {Path(home, inner): f"{package}.{inner}" for inner in folders}
        for file in files:
            stem, dot, ending = file.rpartition(".")
            if ending == "py" and dot and stem.isidentifier():
                path = Path(home, file)
                module = package if stem == "__init__" else f"{package}.{stem}"
                if module not in found or stem == "__init__":  # of both, Python takes the package
                    found[module] = Source(path, _read(path), package)
    return found


_DEEPEST = 8  # packages within packages; *assumption*: more than anybody nests


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def imports_of(text: bytes, package: str) -> Imports:
    r"""What a module of a package imports; nothing for a text that is no Python, which nobody can import either.

    >>> sorted(imports_of(b"from . import b as c\nimport a.d\nx = c.E", "a").run)
    ['a.b', 'a.b.E', 'a.d']
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return NOTHING
    nodes = [*_nodes(tree)]
    found: dict[bool, set[str]] = {False: set(), True: set()}
    stars, bound = set[str](), dict[str, set[str]]()
    for node, typed in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[typed].add(alias.name)
                first = alias.name.partition(".")[0]
                bound.setdefault(alias.asname or first, set()).add(alias.name if alias.asname else first)
        elif isinstance(node, ast.ImportFrom):
            home = _absolute("." * node.level + (node.module or ""), package)
            for alias in node.names if home else ():
                if alias.name == "*":
                    stars.add(home)
                else:
                    found[typed].add(f"{home}.{alias.name}")
                    bound.setdefault(alias.asname or alias.name, set()).add(f"{home}.{alias.name}")
        elif isinstance(node, ast.Call):
            found[typed] |= {_absolute(name, package) for name in _named(node)}
    for node, typed in nodes:
        if isinstance(node, ast.Attribute):
            found[typed] |= set(_reached_through(node, bound))
    return Imports(frozenset(found[False] - {""}), frozenset(found[True] - found[False] - {""}), frozenset(stars))


def _nodes(tree: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Every node of a tree, and whether it stands for types alone."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, typed = waiting.pop()
        yield node, typed
        if isinstance(node, ast.If) and _for_types(node.test):
            waiting += [(inner, True) for inner in node.body] + [(inner, typed) for inner in node.orelse]
        else:
            waiting += [(inner, typed) for inner in ast.iter_child_nodes(node)]


def _for_types(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _absolute(name: str, package: str) -> str:
    try:
        return resolve_name(name, package)
    except ImportError:  # it leads out of the package
        return ""


def _named(call: ast.Call) -> Iterator[str]:
    """The module that ``import_module("...")`` or ``__import__("...")`` names."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called in ("import_module", "__import__") and call.args:
        first = call.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value:
            yield first.value


def _reached_through(node: ast.Attribute, bound: Mapping[str, set[str]]) -> Iterator[str]:
    """Dotted names that ``a.b.c`` may stand for, where ``a`` was imported."""
    inner, words = node.value, [node.attr]
    while isinstance(inner, ast.Attribute):
        words.append(inner.attr)
        inner = inner.value
    if isinstance(inner, ast.Name):
        yield from (".".join([home, *reversed(words)]) for home in bound.get(inner.id, ()))


def prefixes(name: str) -> Iterator[str]:
    """A dotted name and the packages it stands in.

    >>> list(prefixes("a.b.c"))
    ['a', 'a.b', 'a.b.c']
    """
    return accumulate(name.split("."), lambda home, inner: f"{home}.{inner}")


def lineage(sources: Mapping[str, Source], begins: Callable[[str, Imports], bool]) -> set[str]:
    """Modules that decide what those modules compute of which ``begins`` is true, these among them.

    A module that takes all names of one that begins, begins too. Raises ``RogatoryError`` for a file among them that cannot be
    read.
    """
    imports = {name: imports_of(source.text or b"", source.package) for name, source in sources.items()}
    first = {name for name in sources if begins(name, imports[name])}
    while more := {name for name in sources if name not in first and imports[name].stars & first}:
        first |= more
    waiting, reached = [*first], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            counts_typed = name in first or not sources[name].is_package
            words = {name} | imports[name].run | (imports[name].typed if counts_typed else set()) | _starred(imports[name], sources)
            waiting += {home for word in words for home in prefixes(word) if home in sources}
    for name in sorted(reached):
        if sources[name].text is None:
            raise RogatoryError(f"{sources[name].path}: cannot be read; accepted: sources of the simulation that can be read")
    return reached


def _starred(imports: Imports, sources: Mapping[str, Source]) -> set[str]:
    """Modules whose names are all taken; of a package also those in it, for its ``__all__`` may name them."""
    return {*imports.stars} | {name for name in sources if name.rpartition(".")[0] in imports.stars}
