"""Functions that kernels take in whole: Numba writes them down once, and makes machine code only of the kernel that calls them.

Left to itself, Numba makes a program of every function that a kernel calls: once for every constant that it is called with, each
with its wrappers, each optimised with all that it calls in turn, and none of them ever run. That is half of what it takes to
compile this model. Optimisation here never changes a number: no kernel allows ``fastmath``.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, update_wrapper
from typing import Any

import numba
from numba import types
from numba.core import codegen, compiler
from numba.core.errors import TypingError


class Inlined:
    """A function for kernels to take in. Python may call it too: then it is a kernel of its own."""

    def __init__(self, function: Callable[..., Any], options: Mapping[str, bool | str]) -> None:
        """``options`` are Numba's, for the function as it stands in a kernel."""
        update_wrapper(self, function)
        self.py_func, self.targetoptions = function, dict(options)
        self._text = _of_any_constant(numba.njit(**options, **_NO_DOORS, pipeline_class=_Text)(function))
        self._numba_type_ = types.Dispatcher(self._text)  # which does not keep it

    def __call__(self, *given: Any) -> Any:
        """What the function gives, compiled."""
        return self._alone(*given)

    @cached_property
    def _alone(self) -> Callable[..., Any]:
        made: Callable[..., Any] = numba.njit(**self.targetoptions, pipeline_class=Whole)(self.py_func)
        return made


_NO_DOORS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Ways in for Python and for C, which a text has no need of."""


def _of_any_constant(text: Any) -> Any:
    """Write a function down once for all constants of a type: where it is taken in, each comes to its place anyway.

    A function that cannot do without knowing them, because it leads to other types, is written down for each.
    """
    found = text.get_call_template

    def template(given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        try:
            return found(tuple(map(types.unliteral, given)), {name: types.unliteral(one) for name, one in named.items()})
        except TypingError:
            return found(given, named)

    text.get_call_template = template
    return text


class Whole(compiler.Compiler):  # type: ignore[misc]
    """Numba's compiler for what has functions taken in: what these need to run, to print say, is handed to the machine code."""

    def compile_extra(self, func: Any) -> Any:
        """The compiled function."""
        with _rubbish_left():
            made = super().compile_extra(func)
        for environment in made._find_referenced_environments():
            made.library.codegen.set_env(environment.env_name, environment)
        return made


@contextmanager
def _rubbish_left() -> Iterator[None]:
    """Within it rubbish is seldom looked for: what Numba makes stays until the end, and each look takes longer than the last."""
    usual = gc.get_threshold()
    gc.set_threshold(max(usual[0], _OBJECTS), *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


_OBJECTS = 50_000  # that are made before rubbish is looked for: a hundred megabytes more at most


class _Text(compiler.Compiler):  # type: ignore[misc]
    """Numba's compiler as far as the text that others take in."""

    def define_pipelines(self) -> Any:
        """The usual ones, over a library that ends with the text."""
        state = self.state
        state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return super().define_pipelines()


class _Library(codegen.JITCodeLibrary):  # type: ignore[misc]
    """Text for others to take in: it is simplified, and the rest is left to whoever takes it in."""

    @property
    def codegen(self) -> _NoMachine:
        """Where machine code would be looked for."""
        return _NoMachine()

    def get_pointer_to_function(self, name: str) -> int:
        """Where machine code begins: nowhere."""
        self._ensure_finalized()
        return 0

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _NoMachine:
    """No place for machine code: nothing can be put there."""

    def set_env(self, name: str, environment: object) -> None:
        """Nothing: ``Whole`` does it, where there is machine code."""
