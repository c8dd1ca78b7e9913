"""Joins the safeguards in the configuration and the steps of the pipeline into one compiled loop.

The generated module holds no number: every parameter is an argument. It is written beside the compiled code, in a folder named
by the fingerprint of all rule sources, under a name made of its own text, so that an edited rule can never meet a stale loop.
``rogatory rules`` prints it.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import inspect
import keyword
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np

from sim.arrays import Reals
from sim.compiled import CACHE
from sim.own_folder import PRIVATE
from sim.review import functions, pipeline, templates
from sim.review.execution import refuse
from sim.review.identifiers import Words, names_in, parameter_columns, words_of
from sim.review.safeguard import Ground, Look, Safeguard, in_check_order, own_numbers
from sim.world.record import ConfigError

StepFunction = Callable[..., object]
_TEXTS_KEPT = 64  # of generated modules; making one takes a hundredth of a second


@dataclass(frozen=True)
class Review:
    """The compiled review: names in the global order of checks, the two kernels of a month, and that of second readings."""

    names: tuple[str, ...]
    numbers: Reals  # [S, Q]
    receive: Callable[..., None]
    serve: Callable[..., None]
    reread: Callable[..., None]


def parameter_table(safeguards: Mapping[str, Safeguard], names: tuple[str, ...]) -> Reals:
    """Every parameter as a table ``[S, Q]``; zero where a safeguard has none of that name."""
    rows = []
    for name in names:
        safeguard, own = safeguards[name], own_numbers(safeguards[name])
        rows.append([float(own.get(column, getattr(safeguard, column, 0.0))) for column in parameter_columns(safeguard)])
    table = np.zeros((len(rows), max(map(len, rows), default=1)))
    for s, row in enumerate(rows):
        table[s, : len(row)] = row
    return table


# --- the text ---------------------------------------------------------------------------------------------------------------------


def source_of(safeguards: Mapping[str, Safeguard]) -> str:
    """Text of the generated module.

    Raises ``ConfigError`` without a desk, for a ground at a look that nobody takes, and for a rule that would read more than a
    reader of the file can see.
    """
    _refuse_unread(safeguards)
    words = _words(safeguards)
    first = pipeline.STEPS.index(refuse)  # the steps before it call none that is made from the safeguards
    before, after = pipeline.STEPS[:first], pipeline.STEPS[first:]
    made = functions.functions(words)
    body = [
        functions.header(words, "".join(made)),
        *(f"@step\n{_text_of(step)}" for step in before),
        *made,
        *(f"@step\n{_text_of(step)}" for step in after),
        *(f"@loop\n{_text_of(kernel)}" for kernel in pipeline.KERNELS),
    ]
    return "\n\n\n".join(text.strip("\n") for text in body) + "\n"


def rule_functions(safeguards: Mapping[str, Safeguard]) -> dict[str, tuple[int, str]]:
    """Functions of the generated module that are a safeguard's own: its place in the global order of checks, and the hook."""
    return {rule: (s, hook) for s, words in enumerate(_words(safeguards)) for hook, rule in words.rules.items()}


def _words(safeguards: Mapping[str, Safeguard]) -> tuple[Words, ...]:
    return words_of(safeguards, _taken())


@cache
def _taken() -> frozenset[str]:
    """Names that mean something in the generated module already, whatever the safeguards are."""
    steps = "".join(map(_text_of, (*pipeline.STEPS, *pipeline.KERNELS)))
    return frozenset({*vars(builtins), *keyword.kwlist, *_held(), *names_in(steps), *templates.names_used()})


def _refuse_unread(safeguards: Mapping[str, Safeguard]) -> None:
    """Raise ``ConfigError`` where nobody would read the file, or a ground."""
    names = in_check_order(safeguards)
    if functions.DESK not in names:
        raise ConfigError(f"safeguards: the look 'desk' is missing; found {', '.join(names) or 'none'}")
    looks = [name for name in names if isinstance(safeguards[name], Look)]
    for name in names:
        safeguard = safeguards[name]
        if isinstance(safeguard, Ground) and safeguard.look not in looks:
            raise ConfigError(f"safeguards.{name}.look: no look is named {safeguard.look!r}; accepted: {', '.join(looks)}")


def _held() -> set[str]:
    """Every name that a module with steps knows."""
    return {name for home in HOMES for name in vars(sys.modules[home])}


HOMES = tuple(sorted({step.__module__ for step in (*pipeline.STEPS, *pipeline.KERNELS)}))
"""Modules whose steps the generated module takes over, in alphabetical order."""
_LINES = {home: inspect.getsource(sys.modules[home]).splitlines(keepends=True) for home in HOMES}
"""Of each of them, as it was loaded: its file may be edited before a step is needed."""


@cache
def _text_of(step: StepFunction) -> str:
    """Source of a step; finding it takes longer than a tenth of a run."""
    return "".join(inspect.getblock(_LINES[step.__module__][step.__code__.co_firstlineno - 1 :]))


# --- the module -------------------------------------------------------------------------------------------------------------------


def place_of(text: str) -> Path:
    """Where a generated module is kept, once it has been needed."""
    digest = hashlib.blake2b((text + CACHE.name).encode(), digest_size=8).hexdigest()
    return CACHE / f"rogatory_rules_{digest}.py"


def _written(text: str) -> Path:
    """A generated module's file, written unless it stands there whole."""
    path = place_of(text)
    if not path.is_file() or path.read_bytes() != text.encode():  # none, or cut off by a loss of power
        partial = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            partial.parent.mkdir(mode=PRIVATE, exist_ok=True)  # whoever tidied up may have thought it old
            partial.write_bytes(text.encode())
            partial.replace(path)
        except OSError as error:  # a full disk names nothing
            raise OSError(error.errno, error.strerror, str(path)) from None
    return path


def _imported(text: str) -> ModuleType:
    name = place_of(text).stem
    if name in sys.modules:
        return sys.modules[name]
    path = _written(text)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the generated rules {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class _Kept:
    """Safeguards as a cache key: equal where names, kinds and all that their files say are equal."""

    safeguards: Mapping[str, Safeguard]
    said: tuple[tuple[str, type[Safeguard], str], ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and self.said == other.said

    def __hash__(self) -> int:
        return hash(self.said)


@lru_cache(maxsize=_TEXTS_KEPT)
def _text_for(kept: _Kept) -> str:
    return source_of(kept.safeguards)


def assemble(safeguards: Mapping[str, Safeguard]) -> Review:
    """The compiled review of these safeguards; compiled once, then read from the cache."""
    names = in_check_order(safeguards)
    said = tuple((name, type(safeguard), repr(safeguard)) for name, safeguard in safeguards.items())
    module = _imported(_text_for(_Kept(safeguards, said)))
    return Review(
        names=names,
        numbers=parameter_table(safeguards, names),
        receive=module.receive,
        serve=module.serve,
        reread=module.reread,
    )
