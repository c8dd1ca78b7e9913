"""Every number says what it is: in the configuration by its comment, in the code by its name."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
FILES = sorted(path for path in CONFIGS.rglob("*.yaml") if path.relative_to(CONFIGS).parts[0] != "hydra")
STATUSES = ("sourced", "calibrated", "assumed", "read", "inferred", "secondary", "unverified")
NO_PARAMETER = {"order"}  # place in a list, decides only who is named first
SAFEGUARDS = sorted((CONFIGS / "safeguard").glob("*.yaml"))

ROLES = ("fact", "lever", "design")
COMMENT = re.compile(
    rf"(?P<unit>[^;]*\w[^;]*); (?P<range>[^;]+); (?:(?P<role>{'|'.join(ROLES)}); )?"
    r"(?:prior (?P<prior>[^;]*\w[^;]*); )?(?P<weak>weak; )?(?:informs (?P<informs>P\d+(?: P\d+)*); )?"
    rf"(?P<status>{'|'.join(STATUSES)}): (?P<source>\S.*)"
)
NUMBER = r"-?\d+(?:\.\d+)?"
BETWEEN = re.compile(rf"(?P<low>{NUMBER})(?:-| to )(?P<high>{NUMBER}|[a-z]+)")
FROM = re.compile(rf"(?P<sign>>=|>)(?P<low>{NUMBER})")

PLAIN = {0, 1, 2, -1, 0.5, 3}  # indices, halves, signs, squares
CONVERSIONS = {12, 100, 1e6}  # months a year, per cent, per million
GUARD = 1e-9  # at most: keeps a division or a logarithm away from zero
BIT_WORK = {"sim/draws.py", "sim/compiled.py"}  # constants of published hashes and quantile functions
RANGES = {"Field", "Range", "NumberColumn", "_known", "_flag", "_count"}  # ranges stated at the field are the field's documentation
EXEMPT_FILES = {
    "sim/sources/synthetic.py": "a made-up world: its numbers are the definition",
    **dict.fromkeys(
        ("sim/sources/build.py", "sim/sources/recipes.py", "sim/sources/releases.py", "sim/sources/providers.py"),
        "column positions and rounding of published files; results are checked by their checksums",
    ),
}


class Cell(NamedTuple):
    """One number of a YAML file."""

    key: str
    value: float
    line: int


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def cells(node: yaml.Node | None, key: tuple[str, ...] = ()) -> Iterator[Cell]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from cells(value, (*key, name.value))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from cells(value, key)
    elif isinstance(node, yaml.ScalarNode) and node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
        yield Cell(".".join(key), float(node.value), node.start_mark.line)


def numbers_of(text: str) -> list[Cell]:
    return [cell for cell in cells(yaml.compose(text)) if cell.key.rpartition(".")[2] not in NO_PARAMETER]


def comment_of(line: str) -> str:
    """What stands behind the first ``#`` outside quotation marks."""
    quoted = ""
    for place, letter in enumerate(line):
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'":
            quoted = letter
        elif letter == "#" and (place == 0 or line[place - 1] == " "):
            return line[place + 1 :].strip()
    return ""


def fault_of(cell: Cell, comment: str) -> str:
    """What is wrong with a number's comment; nothing if nothing is."""
    said = COMMENT.fullmatch(comment)
    if not said:
        return f"the comment is {comment!r}; wanted is 'unit; range; role; status: source'"
    span = said["range"].split(",")[0].removesuffix(" or null").strip()
    between, least = BETWEEN.fullmatch(span), FROM.fullmatch(span)
    if between:
        high = float(between["high"]) if re.fullmatch(NUMBER, between["high"]) else float("inf")
        inside = float(between["low"]) <= cell.value <= high
    elif least:
        inside = cell.value >= float(least["low"]) if least["sign"] == ">=" else cell.value > float(least["low"])
    elif re.fullmatch(NUMBER, span):
        inside = cell.value == float(span)
    elif span == "whole number":
        inside = cell.value == int(cell.value)
    elif span == "any":
        inside = True
    else:
        return f"the range {span!r} cannot be read; wanted is a-b, a to b, >=a, >a, a, any or whole number"
    return "" if inside else f"{cell.value:g} lies outside its own range {span!r}"


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_every_number_in_the_configuration_says_unit_range_and_source(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    faults = []
    for cell in numbers_of(text):
        fault = fault_of(cell, comment_of(lines[cell.line]))
        if fault:
            faults.append(f"{shown(path)}:{cell.line + 1}: {cell.key}: {fault}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "line",
    [
        "a: 1",
        "a: 1  # hours",
        "a: 1  # hours; >=0; assumed",
        "a: 1  # hours; >=0; guessed: nobody",
        "a: 1  # ; >=0; assumed: x",
        "a: 1  # share; 0-0.5; assumed: x",
        "a: 0  # years; >0; assumed: x",
        "a: 1  # years; some; assumed: x",
        "a: 1.5  # years; whole number; assumed: x",
        "a: {b: 0.1, c: 1.4}  # shares; 0-1; assumed: x",
        "a: 1  # hours; >=0; fact; prior ; assumed: x",
        "a: 1  # hours; >=0; weak; prior U(0, 2); assumed: x",
        "a: 1  # hours; >=0; fact; informs 7; assumed: x",
        "a: 1  # hours; >=0; fact; doubtful; assumed: x",
    ],
)
def test_a_silent_number_is_noticed(line: str) -> None:
    assert any(fault_of(cell, comment_of(line)) for cell in numbers_of(line))


@pytest.mark.parametrize(
    "line",
    [
        "a: 1  # hours; >=0; assumed: x; swept",
        "order: 3",
        'a: "7"',
        "a: null",
        "a: 2027-01-01",
        "a: {b: 0.1, c: 0.4}  # shares; 0-1; read: Art 2(h)",
        "a: -2  # log odds; any; unverified: x, # y",
        "a: -0.5  # correlation; -1 to 1; inferred: x",
        "a: 1  # hours; >=0; fact; prior LN(1, 0.5); weak; informs P2 P7; assumed: x",
    ],
)
def test_a_number_that_speaks_is_let_through(line: str) -> None:
    assert not any(fault_of(cell, comment_of(line)) for cell in numbers_of(line))


@pytest.mark.parametrize("path", SAFEGUARDS, ids=shown)
def test_a_safeguard_and_its_record_have_the_same_fields(path: Path) -> None:
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    module, _, name = written["_target_"].rpartition(".")
    record = getattr(import_module(module), name)
    assert set(written) - {"_target_"} == set(record.model_fields) - {"kind"}


def test_every_safeguard_module_has_a_configuration() -> None:
    modules = {path.stem for path in (ROOT / "sim" / "review").glob("*.py") if "\nMOVES" in path.read_text(encoding="utf-8")}
    targets = {yaml.safe_load(path.read_text(encoding="utf-8"))["_target_"].split(".")[2] for path in SAFEGUARDS}
    assert modules == targets


def commented_lines(source: str) -> set[int]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


def is_constant(node: ast.stmt) -> bool:
    """An assignment to names in capitals, at the top of a module."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return bool(names) and all(name.id == name.id.upper() for name in names)


def literals(node: ast.AST) -> Iterator[ast.Constant]:
    """Numbers below a node that call for a name."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in RANGES:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        if node.value not in PLAIN | CONVERSIONS and not 0 < node.value <= GUARD:
            yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


def nameless(source: str) -> list[tuple[int, float]]:
    """Line and value of each number in a module that neither a name nor a comment explains."""
    tree, found = ast.parse(source), []
    comments = commented_lines(source)
    for place, node in enumerate(tree.body):
        following = tree.body[place + 1] if place + 1 < len(tree.body) else None
        told = (
            isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant) and isinstance(following.value.value, str)
        )
        for literal in literals(node):
            explained = is_constant(node) and (
                told or literal.lineno in comments or node.lineno - 1 in comments or node.lineno in comments
            )
            if not explained:
                found.append((literal.lineno, literal.value))
    return found


# Numbers that stand in the code all the same, with the reason. Lines are not named: they move. "owed": a name is still due.
WITH_REASON: dict[str, dict[float, str]] = {
    "sim/conduct/demand.py": {
        4: "foreign, urgent ...: places in the tuple of shares, and the last slot of a person's hosts",
    },
    "sim/model.py": {6: "codes shown in a message"},
    "sim/review/assembly.py": {8: "bytes of a digest"},
    "sim/review/safeguard.py": {63: "bits of the column of grounds"},
    "sim/settings.py": {16: "characters of a digest"},
    "sim/sources/imputation.py": {
        4: "regimes of the world",
        0.9: "upper end of a central 80 per cent interval, as its docstring says",
    },
    "sim/sources/tables.py": {40: "names shown in a message"},
    "sim/world/instruments.py": {6: "codes shown in a message"},
}


@pytest.mark.parametrize("path", sorted((ROOT / "sim").rglob("*.py")), ids=shown)
def test_no_number_in_the_code_is_without_a_name(path: Path) -> None:
    name = shown(path)
    if name in BIT_WORK or name in EXEMPT_FILES:
        return
    known = WITH_REASON.get(name, {})
    found = nameless(path.read_text(encoding="utf-8"))
    faults = [f"{name}:{line}: {value!r}" for line, value in found if value not in known]
    assert not faults, "give these a name at the top of the module, with a comment, or a place in configs/:\n" + "\n".join(faults)
    assert set(known) <= {value for _, value in found}, f"an exemption for {name} is no longer needed"
