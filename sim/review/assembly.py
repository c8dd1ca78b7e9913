"""Joins the safeguards in the configuration and the steps of the pipeline into one compiled loop.

The generated module holds no number: every parameter is an argument. It is written beside the compiled code, in a folder named
by the fingerprint of all rule sources, under a name made of its own text, so that an edited rule can never meet a stale loop.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from sim.arrays import Reals
from sim.compiled import CACHE
from sim.draws import name_key
from sim.own_folder import PRIVATE
from sim.review import pipeline
from sim.review.safeguard import (
    Aftermath,
    Ground,
    Look,
    Safeguard,
    habit_of,
    home_of,
    hook_of,
    in_order,
    own_numbers,
    reads_of,
)
from sim.world.record import ConfigError

_DESK, _PANEL = "desk", "panel"
_SHARED_NUMBERS = ("hours", "bar", "shift", "delay_days", "tip_off")
_HOOKS = ("stands", "acuity", "allows", "delays", "tells", "softens", "publishes")

_HEADER = '''"""Generated from the safeguards {names}; written anew whenever a rule changes. Do not edit."""

from __future__ import annotations

from math import exp

import numpy as np

from sim.compiled import loop, step
from sim.draws import exponential_quantile, normal_quantile, u1, u2, u3
from sim.review.pipeline import *  # names of constants and records
from sim.review.pipeline import {constants}
{imports}

{rules}


@step
def first_of(grounds):
    for s in range(64):
        if (grounds >> np.uint64(s)) & np.uint64(1) != np.uint64(0):
            return s
    return -1


@step
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
    "data_class": "int(docket.cap[m])",
    "secret": "cases.secret[c]",
    "goodwill": "reading.goodwill[cases.requester[c], j]",
    "luck": "u3(seed, LUCK, ck, sk, np.uint64({key}))",
    "covers": "reading.covers[{s}, cases.group[c]]",
    "role": "role",
    "reach": "reach",
    "signal": "signal",
    "noise": "noise",
    "bar": "bar",
    "independence": "reading.judicial[j]",
    "wait": "wait",
    "kept": "kept",
    "skill": "reading.skill[j]",
    "judicial": "reading.judicial[j]",
    "size": "reading.size[j]",
    "effort": "effort",
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


def _call(name: str, s: int, safeguard: Safeguard, hook: str = "stands") -> str:
    columns, arguments = columns_of(safeguard), []
    for read in reads_of(safeguard, hook):
        if read in _SEEN:
            arguments.append(_SEEN[read].format(s=s, key=int(name_key(habit_of(name, safeguard)))))
        else:
            arguments.append(f"reading.numbers[{s}, {columns.index(read)}]")
    return f"{hook}_{s}({', '.join(arguments)})"


_OPEN_FILE = """    c, j, inst = docket.case[m], int(docket.requested[m]), int(docket.instrument[m])
    ck, sk = cases.id[c], reading.state_keys[j]
    stood = np.uint64(0)
"""


def _applied(name: str, s: int, safeguard: Safeguard) -> str:
    return f"applied(seed, reading, {s}, inst, j, ck, sk, np.uint64({int(name_key(habit_of(name, safeguard)))}))"


def _gates(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    lines = ["@step\ndef gates(seed, m, reach, cases, docket, reading, preserving):\n", _OPEN_FILE]
    for s, name in enumerate(names):
        if safeguards[name].kind == "gate":
            lines.append(
                f"    if (not preserving or reading.stops[{s}, inst]) and {_call(name, s, safeguards[name])} "
                f"and {_applied(name, s, safeguards[name])}:\n        stood |= np.uint64({1 << s})\n"
            )
    return "".join([*lines, "    return stood\n"])


def _narrowing(name: str, s: int, safeguard: Safeguard) -> list[str]:
    """What a safeguard leaves of the data class that is asked for."""
    if hook_of(safeguard, "allows") is None:
        return []
    return [
        f"allowed = {_call(name, s, safeguard, 'allows')}\n",
        "if allowed < docket.cap[m]:\n",
        "    docket.cap[m] = allowed\n",
        f"    if docket.narrowed[m] == -1:\n        docket.narrowed[m] = {s}\n",
    ]


def _indented(lines: list[str], indent: str) -> str:
    return "".join(indent + line for line in "".join(lines).splitlines(keepends=True))


def _reading_of(look: str, names: tuple[str, ...], safeguards: Mapping[str, Safeguard], indent: str, preserving: bool) -> str:
    """The text of one reading: one signal and one accident, shared by all grounds that are invoked at it."""
    at = names.index(look)
    lines = [
        f"signal = strength * {_call(look, at, safeguards[look], 'acuity')}\n",
        f"noise = look_noise(seed, cases.dossier[c], practice, ck, sk, np.uint64({int(name_key(look))}))\n",
        "if docket.flagged[m] == 1:\n    noise += practice.panel_advice\n" if look == _DESK else "",
        f"base = reading.numbers[{at}, 1] + reading.pair_bar[cases.requester[c], j]\n",
    ]
    for s, name in enumerate(names):
        safeguard = safeguards[name]
        if isinstance(safeguard, Ground) and safeguard.look == look:
            heard = f"(not preserving or reading.stops[{s}, inst]) and " if preserving else ""
            lines += [
                f"if {heard}{_applied(name, s, safeguard)}:\n",
                f"    hours += reading.numbers[{s}, 0]\n",
                f"    bar = base + reading.numbers[{s}, 2]\n",
                f"    if {_call(name, s, safeguard)}:\n        stood |= np.uint64({1 << s})\n",
                _indented(_narrowing(name, s, safeguard), "    "),
            ]
    lines += ["bar = base\n", f"if {_call(look, at, safeguards[look])}:\n    stood |= np.uint64({1 << at})\n"]
    return _indented([*lines, *_narrowing(look, at, safeguards[look])], indent)


def _read_panel(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    """The central unit's reading: its answer is the same wherever the request goes, so no requested state is in its draws."""
    opening = "@step\ndef read_panel(seed, m, cases, docket, reading, practice, effort, recalled):\n"
    if _PANEL not in names:
        return opening + "    return False\n"
    at = names.index(_PANEL)
    return (
        f"{opening}{_OPEN_FILE}"
        f"    if reading.applies[{at}, inst, j] <= 0.0:\n        return False\n"
        "    strength = strength_of(cases, docket, reading, practice, m)\n"
        f"    signal = strength * {_call(_PANEL, at, safeguards[_PANEL], 'acuity')}\n"
        f"    noise = look_noise(seed, cases.dossier[c], practice, ck, PANEL_KEY, np.uint64({int(name_key(_PANEL))}))\n"
        f"    bar = reading.numbers[{at}, 1] + reading.trust_bar[cases.requester[c]] - recalled\n"
        f"    return {_call(_PANEL, at, safeguards[_PANEL])}\n"
    )


def _screens(names: tuple[str, ...]) -> str:
    """Whether a central unit reads the requests under a text at all."""
    at = f"reading.applies[{names.index(_PANEL)}, inst, j] > 0.0" if _PANEL in names else "False"
    return f"@step\ndef screened(reading, inst, j):\n    return {at}\n"


def _desk_reads(names: tuple[str, ...]) -> str:
    """Whether an authority of the requested state sees the requests under a text at all; orders to firms pass it by."""
    return f"@step\ndef desk_reads(reading, inst, j):\n    return reading.applies[{names.index(_DESK)}, inst, j] > 0.0\n"


def _read_desk(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    at = names.index(_DESK)
    return (
        "@step\ndef read_desk(seed, m, cases, docket, reading, practice, effort, preserving):\n"
        f"{_OPEN_FILE}    hours = 0.0\n"
        f"    if not {_applied(_DESK, at, safeguards[_DESK])}:\n"
        "        return stood, -np.inf, hours\n"
        f"    hours += reading.numbers[{at}, 0]\n"
        "    strength = strength_of(cases, docket, reading, practice, m)\n"
        "    role = role_of(cases, practice, c)\n"
        f"{_reading_of(_DESK, names, safeguards, '    ', True)}"
        "    return stood, signal + noise, hours\n"
    )


def _read_further(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    lines = [
        "@step\ndef read_further(seed, m, cases, docket, reading, practice, wait):\n",
        _OPEN_FILE,
        "    hours, delay, told, tip_off, effort = 0.0, 0.0, False, 0.0, 1.0\n",
    ]
    further = [name for name in names if isinstance(safeguards[name], Look) and name not in (_DESK, _PANEL)]
    if further:
        lines.append("    strength = strength_of(cases, docket, reading, practice, m)\n")
        lines.append("    role = role_of(cases, practice, c)\n")
    for look in further:
        s, safeguard = names.index(look), safeguards[look]
        speaks = hook_of(safeguard, "tells") is not None
        open_file = "not reading.hidden[inst] and " if speaks else ""
        delays = _call(look, s, safeguard, "delays") if hook_of(safeguard, "delays") else f"reading.numbers[{s}, 3]"
        lines += [
            f"    if stood == np.uint64(0) and {open_file}{_applied(look, s, safeguard)}:\n",
            f"        hours += reading.numbers[{s}, 0]\n",
            _reading_of(look, names, safeguards, "        ", False),
            f"        delay += {delays}\n",
        ]
        if speaks:
            lines += [
                f"        if {_call(look, s, safeguard, 'tells')}:\n",
                f"            told = True\n            tip_off = reading.numbers[{s}, 4]\n",
            ]
    return "".join([*lines, "    return stood, delay, hours, told, tip_off\n"])


def _follow_up(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    """What follows disclosure: a duty of the receiver softens the chance of misuse."""
    lines = [
        "@step\ndef follow_up(seed, m, cases, docket, reading):\n",
        "    c, inst = docket.case[m], int(docket.instrument[m])\n",
        "    j = int(cases.requester[c])  # the receiving state: these duties are its own\n",
        "    ck, sk = cases.id[c], reading.state_keys[j]\n",
        "    own_use, onward = reading.misuse[j, 0], reading.misuse[j, 1]\n",
    ]
    for s, name in enumerate(names):
        safeguard = safeguards[name]
        if isinstance(safeguard, Aftermath) and hook_of(safeguard, "softens") is not None:
            factor = f"{_call(name, s, safeguard, 'softens')}"
            risk = columns_of(safeguard).index("onward")
            lines += [
                f"    if reading.applies[{s}, inst, j] > 0.0:\n",
                f"        kept = {_applied(name, s, safeguard)}\n",
                f"        factor = {factor}\n",
                f"        if reading.numbers[{s}, {risk}] > 0.0:\n            onward *= factor\n",
                "        else:\n            own_use *= factor\n",
            ]
    lines += [
        "    if u2(seed, LEAK, ck, sk) < own_use:\n        docket.misused[m] |= 1\n",
        "    if u2(seed, ONWARD, ck, sk) < onward:\n        docket.misused[m] |= 2\n",
    ]
    return "".join(lines)


def _publish(names: tuple[str, ...], safeguards: Mapping[str, Safeguard]) -> str:
    """Whether the requested state counts the request in public."""
    lines = ["@step\ndef publish(seed, m, cases, docket, reading):\n", _OPEN_FILE]
    for s, name in enumerate(names):
        safeguard = safeguards[name]
        if isinstance(safeguard, Aftermath) and hook_of(safeguard, "publishes") is not None:
            lines += [
                f"    kept = {_applied(name, s, safeguard)}\n",
                f"    if {_call(name, s, safeguard, 'publishes')}:\n        docket.published[m] = 1\n",
            ]
    return "".join(lines)


def source_of(safeguards: Mapping[str, Safeguard]) -> str:
    """Text of the generated module."""
    names = in_order(safeguards)
    if _DESK not in names:
        raise ConfigError(f"safeguards: the look 'desk' is missing; found {', '.join(names) or 'none'}")
    imports, rules = [], [f"LUCK = np.uint64({int(name_key('luck'))})  # of rules that leave it to chance"]
    for s, name in enumerate(names):
        safeguard = safeguards[name]
        if isinstance(safeguard, Ground) and not isinstance(safeguards.get(safeguard.look), Look):
            looks = ", ".join(n for n in names if isinstance(safeguards[n], Look))
            raise ConfigError(f"safeguards.{name}.look: no look is named {safeguard.look!r}; accepted: {looks}")
        imports.append(f"import {home_of(safeguard).__name__} as safeguard_{s}")
        rules += [f"{hook}_{s} = step(safeguard_{s}.{hook})" for hook in _HOOKS if hook_of(safeguard, hook) is not None]
    constants = sorted(name for name in vars(pipeline) if name.isupper() and name not in ("KERNELS", "STEPS"))
    steps = ["@step\n" + _text_of(step) for step in pipeline.STEPS]
    kernels = ["@loop\n" + _text_of(step) for step in pipeline.KERNELS]
    first_steps = steps[: pipeline.STEPS.index(pipeline.refuse)]
    rest = steps[pipeline.STEPS.index(pipeline.refuse) :]
    made = [make(names, safeguards) for make in (_gates, _read_panel, _read_desk, _read_further, _follow_up, _publish)] + [
        _screens(names),
        _desk_reads(names),
    ]
    header = _HEADER.format(
        names=", ".join(names), constants=", ".join(constants), imports="\n".join(imports), rules="\n".join(rules)
    )
    return header + "\n\n" + "\n\n".join([*first_steps, *made, *rest, *kernels])


_LINES = {  # of the files that hold steps, as they were loaded: they may be edited before a step is needed
    home: inspect.getsource(sys.modules[home]).splitlines(keepends=True)
    for home in {step.__module__ for step in (*pipeline.STEPS, *pipeline.KERNELS)}
}


@cache
def _text_of(step: Callable[..., Any]) -> str:
    """Source of a step; finding it takes longer than a tenth of a run."""
    return "".join(inspect.getblock(_LINES[step.__module__][step.__code__.co_firstlineno - 1 :]))


def _imported(text: str) -> ModuleType:
    digest = hashlib.blake2b((text + CACHE.name).encode(), digest_size=8).hexdigest()
    name = f"rogatory_rules_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    path = CACHE / f"{name}.py"
    if not path.is_file() or path.read_bytes() != text.encode():  # none, or cut off by a loss of power
        partial = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            partial.parent.mkdir(mode=PRIVATE, exist_ok=True)  # whoever tidied up may have thought it old
            partial.write_bytes(text.encode())
            partial.replace(path)
        except OSError as error:  # a full disk names nothing
            raise OSError(error.errno, error.strerror, str(path)) from None
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
