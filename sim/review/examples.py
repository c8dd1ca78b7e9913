"""What the file of a safeguard shows of its own rule: rows of a truth table, and in which direction each number is stricter.

The rows of ``EXAMPLES`` are answers that a lawyer can check by hand. Those of ``STRICTER`` are pairs of values of one parameter:
under the second the safeguard gives no request more than under the first.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator, Sequence
from math import isclose
from types import ModuleType
from typing import NamedTuple

from sim.errors import quoted

Answer = bool | int | float


class Example(NamedTuple):
    """One row of a truth table: a hook, what it reads, and what it answers."""

    hook: str
    reads: dict[str, Answer]
    gives: Answer

    def __str__(self) -> str:
        """The row as a call."""
        return f"{self.hook}({', '.join(f'{name}={value}' for name, value in self.reads.items())})"


class Stricter(NamedTuple):
    """A parameter with a value, and another one under which the safeguard is stricter."""

    parameter: str
    weak: float
    strong: float


def example(hook: Callable[..., Answer], gives: Answer, /, **reads: Answer) -> Example:
    """A row of ``EXAMPLES``: what the hook answers when it reads these values.

    >>> def stands(quality, quality_bar):
    ...     return quality < quality_bar
    >>> str(example(stands, True, quality=-3.0, quality_bar=-2.2))
    'stands(quality=-3.0, quality_bar=-2.2)'
    """
    return Example(hook.__name__, reads, gives)


def fault_of(home: ModuleType, hooks: Sequence[str]) -> str | None:
    """What is wrong with the examples of a module that has these hooks, in one line; None if nothing is.

    Each hook needs an example, its answers must be those of the rule, and a hook that answers yes or no must be shown to do both,
    unless its rule is the same answer always.
    """
    rows: Sequence[Example] | None = getattr(home, "EXAMPLES", None)
    if hooks and not rows:
        return f"found no EXAMPLES; accepted: rows such as example({hooks[0]}, True, ...), at least one for each function"
    if rows and not all(isinstance(row, Example) for row in rows):
        return "found EXAMPLES that are no rows; accepted: rows such as example(stands, True, reach=1)"
    return next(_faults_in(home, hooks, rows or ()), None)


def _faults_in(home: ModuleType, hooks: Sequence[str], rows: Sequence[Example]) -> Iterator[str]:
    # What is wrong with the rows of each hook, and with rows of no hook
    for hook in hooks:
        yield from _faults_of(getattr(home, hook), [row for row in rows if row.hook == hook])
    known = ", ".join(hooks) or "no function"
    yield from (f"EXAMPLES: found {row}; accepted: rows of {known}" for row in rows if row.hook not in hooks)


def _faults_of(rule: Callable[..., Answer], rows: Sequence[Example]) -> Iterator[str]:
    # What is wrong with the rows of one hook, whose rule this is
    if not rows:
        yield f"EXAMPLES: found none of {rule.__name__}; accepted: at least one row for each function"
        return
    wanted = [*inspect.signature(rule).parameters]
    for row in rows:
        if {*row.reads} != {*wanted}:
            yield f"EXAMPLES: found {row}; accepted: a value for each of {', '.join(wanted)}, and no other"
        elif not is_answer(answer := _answer_of(rule, row), row.gives):
            found = f"raises {answer}" if isinstance(answer, Exception) else f"gives {quoted(answer)}"
            yield f"EXAMPLES: {row} {found}, and the row says {quoted(row.gives)}; accepted: what the rule gives"
    answers = {row.gives for row in rows}
    if len(answers) == 1 and isinstance(rows[0].gives, bool) and not _is_constant(rule):
        yield f"EXAMPLES: every row of {rule.__name__} gives {rows[0].gives}; accepted: a row of each answer"


def _answer_of(rule: Callable[..., Answer], row: Example) -> object:
    """What a rule answers; the exception that it raises instead."""
    try:
        return rule(**row.reads)
    except Exception as error:
        return error


def is_answer(found: object, wanted: Answer) -> bool:
    """Whether a rule answered what a row says: yes or no exactly, a number up to rounding."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    return isinstance(found, int | float) and isclose(found, wanted, abs_tol=_ROUNDING)


_ROUNDING = 1e-12  # answers are of the size of one


def _is_constant(rule: Callable[..., Answer]) -> bool:
    """Whether a rule gives one answer whatever it reads."""
    return {step.opname for step in dis.get_instructions(rule)} <= {"RESUME", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
