"""Which source files decide what a module computes: the module itself and all that it imports, found by parsing.

An import counts wherever it stands: in a function, behind a condition, relative, by star, or for types alone, for a record's
order of fields is compiled too. Only what a package's own ``__init__`` imports for types does not count for the modules in it.
What is imported under a name that is made up as the program runs cannot be seen here.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    for path, package in _files_in(folder, name):
        is_package = path.stem == "__init__"
        module = package if is_package else f"{package}.{path.stem}"
        if module not in found or is_package:  # of both, Python takes the package
            found[module] = Source(path, _read(path), package)
    return found


def _files_in(folder: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Files of Python that an import can name, with the package in which each lies."""
    homes = {folder: name}
    for home, folders, files in os.walk(folder, followlinks=True):
        package = homes[Path(home)]
        folders[:] = [inner for inner in folders if inner.isidentifier() and inner != "__pycache__"]
        if package.count(".") > _DEEPEST:  # a link that leads back to where it stands
            folders.clear()
        homes |= {Path(home, inner): f"{package}.{inner}" for inner in folders}
        for file in files:
            if file.endswith(".py") and file.removesuffix(".py").isidentifier():
                yield Path(home, file), package


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
    taken = [*_taken(nodes, package)]
    named = [(one.full, one.typed) for one in taken if not one.is_star]
    run, typed = _apart([*named, *_reached(nodes, package, _bound_by(taken))])
    return Imports(run, typed, frozenset(one.full for one in taken if one.is_star))


class _Taken(NamedTuple):
    """A name that an import takes."""

    full: str  # dotted; of ``from a import *`` the module
    here: str  # how the module calls it
    means: str  # what that stands for: of ``import a.b`` only ``a``
    typed: bool  # for types alone

    @property
    def is_star(self) -> bool:
        """Whether it is all names of a module."""
        return self.here == "*"


def _taken(nodes: Iterable[tuple[ast.AST, bool]], package: str) -> Iterator[_Taken]:
    """All that the imports among the nodes take."""
    for node, typed in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                means = alias.name if alias.asname else alias.name.partition(".")[0]
                yield _Taken(alias.name, alias.asname or means, means, typed)
        elif isinstance(node, ast.ImportFrom):
            yield from _taken_from(node, package, typed)


def _taken_from(node: ast.ImportFrom, package: str, typed: bool) -> Iterator[_Taken]:
    """What ``from home import name`` takes; nothing if its home lies outside the package."""
    home = _absolute("." * node.level + (node.module or ""), package)
    for alias in node.names if home else ():
        full = home if alias.name == "*" else f"{home}.{alias.name}"
        yield _Taken(full, alias.asname or alias.name, full, typed)


def _bound_by(taken: Iterable[_Taken]) -> dict[str, set[str]]:
    """What each name of the module may stand for."""
    bound: dict[str, set[str]] = {}
    for one in taken:
        bound.setdefault(one.here, set()).add(one.means)
    return bound


def _reached(nodes: Iterable[tuple[ast.AST, bool]], package: str, bound: Mapping[str, set[str]]) -> Iterator[tuple[str, bool]]:
    """Dotted names that the nodes reach without an import statement, and whether for types alone."""
    for node, typed in nodes:
        if isinstance(node, ast.Call):
            yield from ((_absolute(name, package), typed) for name in _named(node))
        elif isinstance(node, ast.Attribute):
            yield from ((name, typed) for name in _reached_through(node, bound))


def _apart(named: Iterable[tuple[str, bool]]) -> tuple[frozenset[str], frozenset[str]]:
    """Names that count as the program runs, and those that count for types alone; a name that is empty is none."""
    found: dict[bool, set[str]] = {False: set(), True: set()}
    for name, typed in named:
        found[typed].add(name)
    return frozenset(found[False] - {""}), frozenset(found[True] - found[False] - {""})


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
    first = _with_takers({name for name in sources if begins(name, imports[name])}, imports)
    waiting, reached = [*first], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _modules_behind(name, imports[name], sources, typed=name in first or not sources[name].is_package)
    _refuse_unreadable(sources[name] for name in sorted(reached))
    return reached


def _modules_behind(name: str, imports: Imports, sources: Mapping[str, Source], typed: bool) -> set[str]:
    """Modules that decide what a module computes, at one step: what it imports and the packages of that and of itself.

    ``typed`` says whether what it imports for types alone counts.
    """
    words = {name} | imports.run | (imports.typed if typed else set()) | _starred(imports, sources)
    return {home for word in words for home in prefixes(word) if home in sources}


def _with_takers(first: set[str], imports: Mapping[str, Imports]) -> set[str]:
    """Modules, and those that take all names of one of them, however many steps away."""
    while more := {name for name in imports if name not in first and imports[name].stars & first}:
        first = first | more
    return first


def _refuse_unreadable(sources: Iterable[Source]) -> None:
    """Raise ``RogatoryError`` for the first file that is there and cannot be read."""
    for source in sources:
        if source.text is None:
            raise RogatoryError(f"{source.path}: cannot be read; accepted: sources of the simulation that can be read")


def _starred(imports: Imports, sources: Mapping[str, Source]) -> set[str]:
    """Modules whose names are all taken; of a package also those in it, for its ``__all__`` may name them."""
    return {*imports.stars} | {name for name in sources if name.rpartition(".")[0] in imports.stars}
