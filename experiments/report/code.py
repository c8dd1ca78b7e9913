"""The code as a reader finds it: docstrings, the order of calls, the fields of records with their comments; nothing is imported."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import sim
from sim.own_code import text_of_module

_SIM = Path(sim.__file__).parent
_SHAPE = re.compile(r"^(\[[^\]]*\])\s*")
_SENTENCE = re.compile(r"(?<=[a-z0-9)`*\]][.?!])\s+(?=[A-Z`*])")
_KINDS = {
    "yes or no": ("bool", "Flags", "NDArray[np.bool_]"),
    "whole number": ("int", "Ints", *(f"NDArray[np.{kind}]" for kind in ("int8", "int16", "int32", "int64", "uint8"))),
    "bits": ("NDArray[np.uint64]",),
    "key of 64 bits": ("Keys",),
    "number": ("float", "Reals", "NDArray[np.float64]", "NDArray[np.float32]"),
    "words": ("str", "tuple[str, ...]"),
}
_WORDS = {annotation: kind for kind, annotations in _KINDS.items() for annotation in annotations}
_TOOLS = ("sim.draws", "sim.compiled")  # modules whose functions are no step of a process


class Function(NamedTuple):
    """A function as it is written; or a name that is declared there and made elsewhere."""

    module: str
    name: str
    doc: str
    node: ast.FunctionDef | None  # None: declared alone

    @property
    def said(self) -> str:
        """The first paragraph of its docstring, on one line."""
        return " ".join(self.doc.split("\n\n")[0].split())

    @property
    def in_short(self) -> str:
        """The first sentence of its docstring."""
        return first_sentence(self.doc)

    @property
    def source(self) -> str:
        """The function in short: without docstring and comments."""
        if self.node is None:
            return self.name
        body = self.node.body[1:] if self.doc and len(self.node.body) > 1 else self.node.body
        bare = ast.FunctionDef(self.node.name, self.node.args, body, [], self.node.returns, self.node.type_comment, type_params=[])
        return ast.unparse(ast.fix_missing_locations(bare))


class FieldDoc(NamedTuple):
    """A field of a record as the description of the model shows it."""

    name: str
    kind: str  # in words
    shape: str  # axes in brackets, or nothing
    meaning: str


class Module(NamedTuple):
    """A module of the simulation, read from its file."""

    name: str
    doc: str
    tree: ast.Module
    text: str

    @property
    def functions(self) -> dict[str, Function]:
        """Functions at the top, in their order, and names that are declared with a comment and made elsewhere."""
        found = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = Function(self.name, node.name, ast.get_docstring(node) or "", node)
            elif isinstance(node, ast.AnnAssign) and node.value is None and isinstance(node.target, ast.Name):
                found[node.target.id] = Function(self.name, node.target.id, self.comments.get(node.lineno, ""), None)
        return found

    def source_of(self, function: Function) -> str:
        """A function as it is written, with its comments and without its docstring."""
        node = function.node
        if node is None:
            return ""
        lines = self.text.splitlines()
        spoken = range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1) if function.doc else range(0)
        return "\n".join(lines[row - 1] for row in range(node.lineno, (node.end_lineno or 0) + 1) if row not in spoken)

    @property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes at the top of the module, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @property
    def comments(self) -> dict[int, str]:
        """What stands behind the sign of a comment, by line; lines of nothing but a comment go on with the one above."""
        return _comments(self.text)

    @property
    def imported(self) -> dict[str, str]:
        """Names that come from other modules of the simulation, be it for types alone, with these."""
        nodes = [node for node in _imports_of(self.tree) if (node.module or "").startswith("sim.")]
        return {alias.asname or alias.name: str(node.module) for node in nodes for alias in node.names}


def _imports_of(tree: ast.Module) -> list[ast.ImportFrom]:
    """``from x import y`` at the top of a module, also under a condition there, as for types alone."""
    inner = [node for branch in tree.body if isinstance(branch, ast.If) for node in branch.body]
    return [node for node in (*tree.body, *inner) if isinstance(node, ast.ImportFrom)]


@lru_cache(maxsize=256)
def module_of(name: str) -> Module:
    """A module by its dotted name. Raises ``FileNotFoundError`` where there is none."""
    if (own := text_of_module(name)) is not None:
        return parsed(name, own)
    place = _SIM.joinpath(*name.split(".")[1:])
    path = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
    return parsed(name, path.read_text(encoding="utf-8"))


def parsed(name: str, text: str) -> Module:
    """A module from its text."""
    tree = ast.parse(text)
    return Module(name, ast.get_docstring(tree) or "", tree, text)


def modules_in(package: str = "sim") -> list[str]:
    """Dotted names of a package's modules, without the package itself, in alphabetical order."""
    place = _SIM.joinpath(*package.split(".")[1:])
    found = [path.relative_to(_SIM).with_suffix("").parts for path in place.rglob("*.py") if path.name != "__init__.py"]
    return sorted(".".join(["sim", *parts]) for parts in found)


@lru_cache(maxsize=64)
def _comments(text: str) -> dict[int, str]:
    found: dict[int, str] = {}
    first = 0
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        row, said = token.start[0], token.string.lstrip("#").strip()
        alone = not lines[row - 1][: token.start[1]].strip()
        if alone and found and row == first + 1:
            place = max(found)
            found[place] += f" {said}"
        elif not alone:
            found[row] = said
        first = row
    return found


def first_sentence(doc: str) -> str:
    r"""The first sentence of a docstring, on one line.

    >>> first_sentence("Expedited preservation (Hanoi Art 42); quick,\nfew grounds. It freezes.")
    'Expedited preservation (Hanoi Art 42); quick, few grounds.'
    """
    return _SENTENCE.split(" ".join(doc.split("\n\n", maxsplit=1)[0].split()), maxsplit=1)[0]


def fields_of(module: str, record: str) -> list[FieldDoc]:
    """The fields of a record with what their comments say."""
    place = module_of(module)
    comments = place.comments
    found = []
    for node in place.classes[record].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            said = comments.get(node.end_lineno or node.lineno, "")
            shape = _SHAPE.match(said)
            annotation = ast.unparse(node.annotation)
            meaning = said[shape.end() :] if shape else said
            found.append(FieldDoc(node.target.id, _WORDS.get(annotation, annotation), shape[1] if shape else "", meaning))
    return found


def record_doc(module: str, record: str) -> str:
    """The docstring of a class."""
    return ast.get_docstring(module_of(module).classes[record]) or ""


class Step(NamedTuple):
    """A call within a function: what is called, under which condition, and what that calls in turn."""

    name: str  # as it is written
    function: Function | None  # None where no function of the simulation is meant
    condition: str  # the test of the branch in which it stands, or nothing
    below: list[Step]


def calls_of(function: Function, depth: int, methods: Mapping[str, str]) -> list[Step]:
    """Calls in the order of the source, each name once, ``depth`` levels deep; ``methods`` says whose a method's name is.

    Names that are no functions of the simulation (constructors, arithmetic, arrays) are told on the first level alone.
    """
    return _steps(function, depth, methods, set())


def _steps(function: Function, depth: int, methods: Mapping[str, str], told: set[str]) -> list[Step]:
    """The same without the calls within functions that are ``told`` already; those that are told here join them."""
    steps = []
    for key, step in _called_by(function, methods).items():
        if step.function is None or key in told or depth <= 1:
            steps.append(step)
        else:
            told.add(key)
            below = _steps(step.function, depth - 1, methods, told)
            steps.append(step._replace(below=[one for one in below if one.function is not None and one.function.doc]))
    return steps


def _called_by(function: Function, methods: Mapping[str, str]) -> dict[str, Step]:
    """What a function itself calls, each once: by its full name if it is a function of the simulation, else as it is written."""
    found: dict[str, Step] = {}
    for call, condition in _calls(function.node.body if function.node else [], ""):
        name = ast.unparse(call.func)
        meant = _meant(call.func, function.module, methods)
        if meant is None:
            found.setdefault(name, Step(name, None, condition, []))
        elif meant.module not in _TOOLS:
            found.setdefault(f"{meant.module}.{meant.name}", Step(name, meant, condition, []))
    return found


def _calls(body: list[ast.stmt], condition: str) -> Iterator[tuple[ast.Call, str]]:
    """Calls with the condition under which they are made, those within a call before it."""
    for statement in body:
        for head in _heads(statement):
            yield from ((call, condition) for call in _nested(head))
        for block, under in _blocks(statement, condition):
            yield from _calls(block, under)


def _heads(statement: ast.stmt) -> list[ast.AST]:
    """What of a statement comes before the statements in it: its test, or what it goes through; all of it where none are in it."""
    if not _inner(statement):
        return [statement]
    parts = [getattr(statement, name, None) for name in ("test", "iter")]
    return [part for part in parts if isinstance(part, ast.AST)]


def _blocks(statement: ast.stmt, condition: str) -> list[tuple[list[ast.stmt], str]]:
    """The blocks of statements in a statement, each with the condition under which it is run."""
    if isinstance(statement, ast.If):
        test = ast.unparse(statement.test)
        return [(statement.body, test), (statement.orelse, f"not ({test})")]
    return [(block, condition) for block in _inner(statement)]


def _inner(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks of statements that lie in a statement."""
    blocks = [getattr(statement, name, None) for name in ("body", "orelse")]
    return [block for block in blocks if isinstance(block, list)]


def _nested(node: ast.AST) -> Iterator[ast.Call]:
    for child in ast.iter_child_nodes(node):
        yield from _nested(child)
    if isinstance(node, ast.Call):
        yield node


def _meant(called: ast.expr, module: str, methods: Mapping[str, str]) -> Function | None:
    """The function that a call means, if it is one of the simulation's."""
    if isinstance(called, ast.Name):
        place = module_of(module)
        if called.id in place.functions:
            return place.functions[called.id]
        if called.id in place.imported:
            return module_of(place.imported[called.id]).functions.get(called.id)
    if isinstance(called, ast.Attribute) and called.attr in methods:
        return module_of(methods[called.attr]).functions.get(called.attr)
    return None
