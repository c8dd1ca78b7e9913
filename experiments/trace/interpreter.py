"""The compiled kernels as the plain functions they were written as, with every call about a chosen row on record.

Each kernel keeps its text (``py_func``) and the names it was compiled with. A copy of those names, in which every compiled
rule stands for its own text, runs the same lines in plain Python; a recorder notes what each rule was given and what it said.
Draws stay compiled: their bits are promised, and every one of them is noted with its purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from sim import draws
from sim.compiled import kernel

_LEAVES = frozenset(name for name, value in vars(draws).items() if hasattr(value, "py_func"))
_NUMBERS = (bool, int, float, np.generic)
_ROW = "m"  # by this name every step of the review calls a row of the docket
DRAW = "draw:"  # opens the name of a draw, whose purpose follows


@dataclass
class Call:
    """A rule, a step or a draw: what it was given (numbers only), what it said, and the calls made inside it."""

    name: str
    given: dict[str, Any]
    said: Any = None
    inner: list[Call] = field(default_factory=list)

    def find(self, *names: str) -> Iterator[Call]:
        """Calls of these names, here and inside."""
        return (call for call in self.walk() if call.name in names)

    def walk(self) -> Iterator[Call]:
        """The call itself and all inside it, in the order in which they began."""
        yield self
        for call in self.inner:
            yield from call.walk()


class Recorder:
    """Keeps the calls about chosen rows; everything else passes without a note."""

    def __init__(self) -> None:
        """Nothing is on record, and no row is chosen."""
        self.rows: frozenset[int] = frozenset()
        self.calls: dict[int, list[Call]] = {}
        self._open: list[list[Call]] = []
        self._spaces: dict[int, dict[str, Any]] = {}
        self._purposes: dict[int, str] = {}

    @contextmanager
    def everything(self, row: int = 0) -> Iterator[list[Call]]:
        """Note every call of the block, whatever row it is about."""
        noted = self.calls.setdefault(row, [])
        self._open.append(noted)
        try:
            with np.errstate(all="ignore"):  # compiled code neither warns nor stops at an infinity
                yield noted
        finally:
            self._open.pop()

    def plain(self, compiled: Any) -> Callable[..., Any]:
        """A compiled kernel's own text, run in plain Python; calls of compiled rules inside it can be noted."""
        written: FunctionType = compiled.py_func
        names = self._names_of(written.__globals__)
        return FunctionType(written.__code__, names, written.__name__, written.__defaults__, written.__closure__)

    def _names_of(self, home: dict[str, Any]) -> dict[str, Any]:
        """The names of a module in which compiled rules stand for their own text."""
        if id(home) not in self._spaces:
            names = self._spaces[id(home)] = dict(home)
            for name, value in home.items():
                if isinstance(value, np.uint64):  # the key of a purpose, under its name
                    self._purposes.setdefault(int(value), name.strip("_").lower())  # a habit of that name comes later
                elif hasattr(value, "py_func"):
                    names[name] = self._draw(name, value) if name in _LEAVES else self._rule(name, value)
        return self._spaces[id(home)]

    def _draw(self, name: str, compiled: Any) -> Callable[..., Any]:
        """A draw, or a quantile, compiled to be called from here; a hash that comes out as an integer gets its type back."""
        words, called = parameters_of(compiled), _callable(name)

        def drawn(*given: Any) -> Any:
            said = called(*given)
            said = np.uint64(said) if isinstance(said, int) else said
            if self._open:
                numbers = dict(zip(words, given, strict=True))
                purpose = self._purposes.get(int(numbers["purpose"])) if "purpose" in numbers else None
                self._open[-1].append(Call(name if purpose is None else DRAW + purpose, numbers, said))
            return said

        return drawn

    def _rule(self, name: str, compiled: Any) -> Callable[..., Any]:
        function, words = self.plain(compiled), parameters_of(compiled)
        place = words.index(_ROW) if _ROW in words else -1

        def told(*given: Any) -> Any:
            if self._open:
                return self._noted(name, function, words, given)
            if place >= 0 and int(given[place]) in self.rows:
                with self.everything(int(given[place])):
                    return self._noted(name, function, words, given)
            return function(*given)

        return told

    def _noted(self, name: str, function: Callable[..., Any], words: tuple[str, ...], given: tuple[Any, ...]) -> Any:
        numbers: dict[str, Any] = {}
        for word, value in zip(words, given, strict=True):
            if isinstance(value, _NUMBERS):
                numbers[word] = value
            elif isinstance(value, tuple) and all(isinstance(part, _NUMBERS) for part in value):
                numbers |= getattr(value, "_asdict", dict)()  # a record of numbers, such as one filing's paper
        call = Call(name, numbers)
        self._open[-1].append(call)
        self._open.append(call.inner)
        try:
            call.said = function(*given)
        finally:
            self._open.pop()
        return call.said


@cache
def _callable(name: str) -> Callable[..., Any]:
    """A draw by name as a kernel of its own: what is made to be inlined cannot be called from Python."""
    written: Callable[..., Any] = getattr(draws, name).py_func
    return kernel(written)


def parameters_of(compiled: Any) -> tuple[str, ...]:
    """Names of what a compiled function takes, in order."""
    code = compiled.py_func.__code__
    return tuple(code.co_varnames[: code.co_argcount])
