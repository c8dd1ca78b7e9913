"""Joins the safeguards in the configuration and the steps of the pipeline into one compiled loop.

The generated module holds no number: every parameter is an argument. It is written beside the compiled code, under a name
made of its own text and of the fingerprint of all rule sources, so that an edited rule can never meet a stale loop.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from sim.compiled import CACHE, fingerprint
from sim.draws import Reals, name_key
from sim.review import pipeline
from sim.review.safeguard import Ground, Look, Safeguard, home_of, in_order, own_numbers, reads_of
from sim.world.record import ConfigError

_DESK = "desk"
_SHARED_NUMBERS = ("hours", "bar", "shift", "delay_days", "narrow_margin")

_HEADER = '''"""Generated from the safeguards {names}; written anew whenever a rule changes. Do not edit."""

from __future__ import annotations

from math import exp

import numpy as np

from sim.compiled import inlined, loop
from sim.draws import exponential_quantile, normal_quantile, u2, u3
from sim.review.pipeline import *  # names of constants and records
from sim.review.pipeline import {constants}
{imports}

{rules}


@inlined
def first_of(grounds):
    for s in range(64):
        if (grounds >> np.uint64(s)) & np.uint64(1) != np.uint64(0):
            return s
    return -1


@inlined
def applied(seed, reading, s, inst, j, ck, sk, key):
    p = reading.applies[s, inst, j]
    return p > 0.0 and (p >= 1.0 or u3(seed, APPLIED, ck, sk, key) < p)

'''

_SEEN = {
    "alleged_is_crime": "reading.crime[inst, j, docket.alleged[m]]",
    "label_is_crime": "reading.crime[inst, j, docket.label[m]]",
    "alleged_is_protected": "reading.protected[docket.alleged[m]]",
    "label_is_protected": "reading.protected[docket.label[m]]",
    "harm": "reading.harm[docket.alleged[m]]",
    "quality": "docket.quality[m]",
    "data_class": "docket.wanted[m]",
    "goodwill": "reading.goodwill[cases.requester[c], j]",
    "luck": "u3(seed, LUCK, ck, sk, np.uint64({key}))",
    "covers": "reading.covers[{s}, cases.group[c]]",
    "reach": "reach",
    "signal": "signal",
    "noise": "noise",
    "bar": "bar",
}


@dataclass(frozen=True)
class Review:
    """The compiled review: names in the global order of checks, and the two kernels of a month."""

    names: tuple[str, ...]
    numbers: Reals  # [S, Q]
    receive: Callable[..., None]
    serve: Callable[..., None]


def columns_of(safeguard: Safeguard) -> tuple[str, ...]:
    """Which parameter stands in which column of ``numbers``."""
    own = tuple(name for name in own_numbers(safeguard) if name not in _SHARED_NUMBERS)
    return (*_SHARED_NUMBERS, *own)


def numbers_of(safeguards: Mapping[str, Safeguard], names: tuple[str, ...]) -> Reals:
    """Every parameter as a table ``[S, Q]``; zero where a safeguard has none of that name."""
    rows = []
    for name in names:
        safeguard, own = safeguards[name], own_numbers(safeguards[name])
        rows.append([float(own.get(column, getattr(safeguard, column, 0.0))) for column in columns_of(safeguard)])
    table = np.zeros((len(rows), max(map(len, rows), default=1)))
    for s, row in enumerate(rows):
        table[s, : len(row)] = row
    return table


def _call(name: str, s: int, safeguard: Safeguard) -> str:
    columns, arguments = columns_of(safeguard), []
    for read in reads_of(safeguard):
        if read in _SEEN:
            arguments.append(_SEEN[read].format(s=s, key=int(name_key(name))))
        else:
            arguments.append(f"reading.numbers[{s}, {columns.index(read)}]")
    return f"stands_{s}({', '.join(arguments)})"


_OPEN_FILE = """    c, j, inst = docket.case[m], int(docket.requested[m]), int(docket.instrument[m])
    ck, sk = cases.id[c], reading.state_keys[j]
    stood = np.uint64(0)
"""


def _gates(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    lines = ["@inlined\ndef gates(seed, m, reach, cases, docket, reading):\n", _OPEN_FILE]
    for s, name in enumerate(names):
        if safeguards[name].kind == "gate":
            lines.append(
                f"    if {_call(name, s, safeguards[name])} and applied(seed, reading, {s}, inst, j, ck, sk, "
                f"np.uint64({int(name_key(name))})):\n        stood |= np.uint64({1 << s})\n"
            )
    return "".join([*lines, "    return stood\n"])


def _reading_of(look: str, names: tuple[str, ...], safeguards: Mapping[str, Safeguard], indent: str, preserving: bool) -> str:
    """The text of one reading: one signal and one accident, shared by all grounds that are invoked at it."""
    at = names.index(look)
    lines = [
        f"signal = strength * acuity_{at}(reading.skill[j], reading.judicial[j], effort)\n",
        f"noise = look_noise(seed, cases.dossier[c], practice, ck, sk, np.uint64({int(name_key(look))}))\n",
        f"base = reading.numbers[{at}, 1] + reading.pair_bar[cases.requester[c], j]\n",
    ]
    for s, name in enumerate(names):
        safeguard = safeguards[name]
        if isinstance(safeguard, Ground) and safeguard.look == look:
            heard = f"(not preserving or reading.stops[{s}, inst]) and " if preserving else ""
            lines += [
                f"if {heard}applied(seed, reading, {s}, inst, j, ck, sk, np.uint64({int(name_key(name))})):\n",
                f"    hours += reading.numbers[{s}, 0]\n",
                f"    bar = base + reading.numbers[{s}, 2]\n",
                f"    if {_call(name, s, safeguard)}:\n        stood |= np.uint64({1 << s})\n",
            ]
    lines += ["bar = base\n", f"if {_call(look, at, safeguards[look])}:\n    stood |= np.uint64({1 << at})\n"]
    return "".join(indent + line for line in "".join(lines).splitlines(keepends=True))


def _read_desk(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    at = names.index(_DESK)
    return (
        "@inlined\ndef read_desk(seed, m, cases, docket, reading, practice, effort, preserving):\n"
        f"{_OPEN_FILE}    hours = 0.0\n"
        f"    if not applied(seed, reading, {at}, inst, j, ck, sk, np.uint64({int(name_key(_DESK))})):\n"
        "        return stood, -np.inf, hours\n"
        f"    hours += reading.numbers[{at}, 0]\n"
        "    strength = strength_of(cases, docket, reading, practice, m)\n"
        f"{_reading_of(_DESK, names, safeguards, '    ', True)}"
        "    return stood, signal + noise, hours\n"
    )


def _read_further(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    lines = [
        "@inlined\ndef read_further(seed, m, cases, docket, reading, practice):\n",
        _OPEN_FILE,
        "    hours, delay, narrowed_by, effort = 0.0, 0.0, -1, 1.0\n",
    ]
    further = [name for name in names if isinstance(safeguards[name], Look) and name != _DESK]
    if further:
        lines.append("    strength = strength_of(cases, docket, reading, practice, m)\n")
    for look in further:
        s, key = names.index(look), int(name_key(look))
        lines += [
            f"    if stood == np.uint64(0) and applied(seed, reading, {s}, inst, j, ck, sk, np.uint64({key})):\n",
            f"        hours += reading.numbers[{s}, 0]\n        delay += reading.numbers[{s}, 3]\n",
            _reading_of(look, names, safeguards, "        ", False),
            f"        if narrowed_by == -1 and 0.0 < reading.numbers[{s}, 4] > base - signal - noise:\n",
            f"            narrowed_by = {s}\n",
        ]
    return "".join([*lines, "    return stood, narrowed_by, delay, hours\n"])


def source_of(safeguards: Mapping[str, Safeguard]) -> str:
    """Text of the generated module."""
    names = in_order(safeguards)
    if _DESK not in names:
        raise ConfigError(f"safeguards: the look 'desk' is missing; found {', '.join(names) or 'none'}")
    imports, rules = [], [f"LUCK = np.uint64({int(name_key('luck'))})  # of gates that leave it to chance"]
    for s, name in enumerate(names):
        safeguard = safeguards[name]
        if isinstance(safeguard, Ground) and not isinstance(safeguards.get(safeguard.look), Look):
            looks = ", ".join(n for n in names if isinstance(safeguards[n], Look))
            raise ConfigError(f"safeguards.{name}.look: no look is named {safeguard.look!r}; accepted: {looks}")
        imports.append(f"import {home_of(safeguard).__name__} as safeguard_{s}")
        rules.append(f"stands_{s} = inlined(safeguard_{s}.stands)")
        if isinstance(safeguard, Look):
            rules.append(f"acuity_{s} = inlined(safeguard_{s}.acuity)")
    constants = sorted(name for name in vars(pipeline) if name.isupper() and name not in ("KERNELS", "STEPS"))
    steps = ["@inlined\n" + inspect.getsource(step) for step in pipeline.STEPS]
    kernels = ["@loop\n" + inspect.getsource(step) for step in pipeline.KERNELS]
    first_steps = steps[: pipeline.STEPS.index(pipeline.preserve)]
    rest = steps[pipeline.STEPS.index(pipeline.preserve) :]
    made = [_gates(names, safeguards), _read_desk(names, safeguards), _read_further(names, safeguards)]
    header = _HEADER.format(
        names=", ".join(names), constants=", ".join(constants), imports="\n".join(imports), rules="\n".join(rules)
    )
    return header + "\n\n" + "\n\n".join([*first_steps, *made, *rest, *kernels])


def _imported(text: str) -> ModuleType:
    digest = hashlib.blake2b((text + fingerprint()).encode(), digest_size=8).hexdigest()
    name = f"rogatory_rules_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    path = CACHE / f"{name}.py"
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    spec = importlib.util.spec_from_file_location(name, Path(path))
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the generated rules {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def assemble(safeguards: Mapping[str, Safeguard]) -> Review:
    """The compiled review of these safeguards; compiled once, then read from the cache."""
    names = in_order(safeguards)
    module = _imported(source_of(safeguards))
    return Review(names=names, numbers=numbers_of(safeguards, names), receive=module.receive, serve=module.serve)
