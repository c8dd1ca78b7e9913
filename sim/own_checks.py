"""What a safeguard or an estimand of a user's own must be: the same as the committed ones, judged before anything runs."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType

from pydantic.fields import FieldInfo

from sim.compiled import kernel
from sim.errors import ConfigError, quoted
from sim.metrics import UNITS
from sim.own_code import OwnCode, own_code_of
from sim.review.examples import Example, fault_of, is_answer
from sim.review.safeguard import Aftermath, Gate, Ground, Institution, Look, reads_of
from sim.review.suspension import Suspension
from sim.review.training import Training
from sim.world.estimand import MEASURED, Estimand
from sim.world.ranges import Range
from sim.world.record import Record

_REQUIRED: Mapping[type[Record], tuple[str, ...]] = {
    Gate: ("stands",),
    Look: ("stands", "acuity"),
    Ground: ("stands",),
    Aftermath: (),
    Institution: (),
}
_ALLOWED: Mapping[type[Record], tuple[str, ...]] = {
    Gate: ("stands",),
    Look: ("stands", "acuity", "allows", "delays", "tells"),
    Ground: ("stands", "allows"),
    Aftermath: ("softens", "publishes"),
    Institution: (),
}
_HOOKS = ("stands", "acuity", "allows", "delays", "tells", "softens", "publishes")
_ANSWERS: Mapping[str, tuple[type, ...]] = {"stands": (bool,), "tells": (bool,), "publishes": (bool,), "allows": (int,)}
_NUMBER = (float, int)  # what the other functions give
_WITH: Mapping[str, str] = {"tells": "tip_off", "softens": "onward"}  # hooks, and the number that has to stand beside each
_ACT = (Suspension, Training)  # the institutions that the months know
_READ = 3  # arguments of ``measured``
_PLAIN = {0, 1, 2, -1, 0.5, 3}  # numbers that need no name: indices, halves, signs, squares
_TOLD = 160  # letters of what the compiler says
_judged: set[type] = set()


def refuse_faults(made: Record, group: str) -> None:
    """Raise ``ConfigError`` for the first thing that is wrong with a record of a user's own and with the file it is written in."""
    code = own_code_of(type(made))
    if code is None or type(made) in _judged:
        return
    home = sys.modules[type(made).__module__]
    faults = _of_safeguard(made, home) if group == "safeguard" else _of_estimand(made, home)
    for fault in (*_of_module(home, code), *_of_numbers(type(made))):
        raise ConfigError(f"{code.path}: {fault}")
    for fault in faults:
        raise ConfigError(f"{code.path}: {fault}")
    _judged.add(type(made))


def _of_module(home: ModuleType, code: OwnCode) -> Iterator[str]:
    """What is wrong with a file as it is written: no docstring at its head, or a number without a name."""
    if not (home.__doc__ or "").strip():
        yield "found no docstring; accepted: a sentence that a jurist would sign, at the head of the file"
    for node in ast.parse(code.text).body:
        if not _is_constant(node):
            for line, value in _literals(node):
                wanted = "a parameter of the record, or a constant in capitals"
                yield f"line {line}: found the number {value} without a name; accepted: {wanted}"


def _is_constant(node: ast.stmt) -> bool:
    """Whether a statement gives a value to names in capitals alone."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return bool(names) and all(name == name.upper() for name in names)


def _literals(node: ast.AST) -> Iterator[tuple[int, float]]:
    """Numbers that stand in a part of a file without being a range or one of the plain ones, each with its line."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("Field", "Range"):
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool) and node.value not in _PLAIN:
            yield node.lineno, node.value
        return
    for child in ast.iter_child_nodes(node):
        yield from _literals(child)


def _of_numbers(kind: type[Record]) -> Iterator[str]:
    """Fields of a record that hold a number without two ends, as sentences."""
    for name, field in kind.model_fields.items():
        if field.annotation in (int, float) and not _has_ends(field):
            yield f"{kind.__name__}.{name}: found a number without ends; accepted: a kind of sim.world.ranges, such as Unit or Days"


def _has_ends(field: FieldInfo) -> bool:
    said = field.metadata
    low = any(hasattr(one, "ge") or hasattr(one, "gt") for one in said)
    high = any(hasattr(one, "le") or hasattr(one, "lt") for one in said)
    return any(isinstance(one, Range) for one in said) or (low and high)


# --- safeguards -----------------------------------------------------------------------------------------------------------------


def _of_safeguard(made: Record, home: ModuleType) -> Iterator[str]:
    """What is wrong with a safeguard: its kind, ``MOVES``, its functions, their examples, and what these give once compiled."""
    kind = next((kind for kind in _REQUIRED if isinstance(made, kind)), None)
    if kind is None:
        yield f"{type(made).__name__}: found no safeguard; accepted: a record of {', '.join(one.__name__ for one in _REQUIRED)}"
        return
    if kind is Institution and not isinstance(made, _ACT):
        yield f"{type(made).__name__}: found an institution that nothing acts by; accepted: Gate, Look, Ground, Aftermath"
    yield from _of_moves(home)
    hooks = [hook for hook in _HOOKS if hasattr(home, hook)]
    yield from _of_hooks(made, kind, home, hooks)
    if fault := fault_of(home, hooks):
        yield fault
    for row in getattr(home, "EXAMPLES", ()):
        yield from _of_compiled(row, home)


def _of_moves(home: ModuleType) -> Iterator[str]:
    """What is wrong with ``MOVES``, the estimands that a safeguard can move while nobody adapts."""
    if not hasattr(home, "MOVES"):
        yield "found no MOVES; accepted: EVERYTHING, or a frozenset of the estimands that it can move while nobody adapts"
        return
    moves = home.MOVES
    if moves is not None and not isinstance(moves, frozenset):
        yield f"MOVES: found {quoted(moves)}; accepted: EVERYTHING, or a frozenset of estimands"
    elif strange := sorted(str(name) for name in moves or () if name not in UNITS):
        yield f"MOVES: no estimand is named {quoted(strange[0])}; accepted: {', '.join(UNITS)}"


def _of_hooks(made: Record, kind: type[Record], home: ModuleType, hooks: list[str]) -> Iterator[str]:
    """What is wrong with a safeguard's functions: one that its kind needs is lacking, or one is there that it does not have."""
    for hook in _REQUIRED[kind]:
        if hook not in hooks:
            yield f"found no function {hook!r}; accepted: {', '.join(_REQUIRED[kind])} in the file of a {kind.__name__}"
    if kind is Aftermath and not hooks:
        yield "found no function; accepted: softens or publishes in the file of an Aftermath"
    for hook in hooks:
        if hook not in _ALLOWED[kind]:
            known = ", ".join(_ALLOWED[kind]) or "no function of that name"
            yield f"found {hook!r} in the file of a {kind.__name__}; accepted: {known}"
        yield from _of_hook(made, home, hook)


def _of_hook(made: Record, home: ModuleType, hook: str) -> Iterator[str]:
    """What is wrong with one function: it is none, reads what nobody sees, or lacks the number that it goes with."""
    if not isinstance(getattr(home, hook), FunctionType):
        yield f"{hook}: found no function; accepted: def {hook}(...)"
        return
    try:
        reads_of(made, hook)
    except ConfigError as error:
        yield str(error).replace(f"{home.__name__}.", "").replace(f"{home.__name__}: ", "")
    except (TypeError, ValueError):
        wanted = "numbers, or a method numbers() that gives them"
        yield f"{type(made).__name__}: found a parameter that is no number; accepted: {wanted}"
    beside = _WITH.get(hook)
    if beside and beside not in {*type(made).model_fields, *_numbers_of(made)}:
        yield f"{hook}: found without the number {beside!r}; accepted: a parameter of that name beside it"


def _numbers_of(made: Record) -> Mapping[str, float]:
    numbers: Mapping[str, float] = made.numbers() if hasattr(made, "numbers") else {}
    return numbers


def _of_compiled(row: Example, home: ModuleType) -> Iterator[str]:
    """What is wrong with an example once its rule is compiled: another answer, or one of a kind that the months do not take."""
    rule = getattr(home, row.hook)
    wanted = _ANSWERS.get(row.hook, _NUMBER)
    if type(row.gives) not in wanted:
        yield f"EXAMPLES: {row} gives {quoted(row.gives)}; accepted: {' or '.join(kind.__name__ for kind in wanted)}"
        return
    try:
        answer = kernel(rule)(*(row.reads[name] for name in inspect.signature(rule).parameters))
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        told = " ".join(lines[:3])[:_TOLD]
        yield f"{row.hook}: cannot be compiled ({told}); accepted: arithmetic, comparisons and functions of math on what it reads"
        return
    if not is_answer(answer, row.gives):
        yield f"EXAMPLES: {row} gives {quoted(answer)} when it is compiled; accepted: {quoted(row.gives)}"


# --- estimands ------------------------------------------------------------------------------------------------------------------


def _of_estimand(made: Record, home: ModuleType) -> Iterator[str]:
    """What is wrong with an estimand: its record, or the function that measures it."""
    if not isinstance(made, Estimand):
        yield f"{type(made).__name__}: found no estimand; accepted: a record of sim.world.estimand.Estimand"
    rule = getattr(home, MEASURED, None)
    if not isinstance(rule, FunctionType) or len(inspect.signature(rule).parameters) != _READ:
        yield f"found no function {MEASURED!r}; accepted: def {MEASURED}(run, cut, estimand), which gives (by, level, value, count)"
