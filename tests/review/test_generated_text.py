"""The generated loop can be read: whatever safeguards are called, each has names of its own in it and none is a position."""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections import Counter
from itertools import cycle
from typing import Any

import numpy as np
import pytest

from sim.draws import name_key
from sim.review.assembly import HOMES, parameter_table, rule_functions, source_of
from sim.review.identifiers import HOOKS, SEEN, SHARED, parameter_columns, words_of
from sim.review.safeguard import Safeguard, habit_of, hook_of, in_check_order
from sim.world.record import ConfigError
from tests.worlds import made_up

WIDEST = 132
HOSTILE = (
    *("class", "None", "print", "np", "exp", "step", "u3", "m", "stood", "signal", "numbers", "bar", "hours", "shift"),
    *("DESK", "Judge", "desk_key", "provider", "applied", "luck", "gates", "first_of", "read_desk", "stands", "close"),
    *("a-b", "a_b", "a.b", "a b", "7th", "_", "", "ünï", "判", "ß", "ﬁ", "\n", '"', '"""', "'", "\\", "{row}", "{", "}", "$name"),
    *("judge_narrow", "stood_judge", "habit_judge", "x" * 41, "x" * 42, "y" * 500, "import os\nos.abort()"),
)
"""Names that a safeguard may have by which a text could be led astray."""


def text_of(safeguards: dict[str, Safeguard]) -> tuple[str, ast.Module]:
    text = source_of(safeguards)
    compile(text, "generated", "exec")
    return text, ast.parse(text)


def with_name(name: str, model: str) -> dict[str, Safeguard]:
    """The usual safeguards, and another one of that kind and name."""
    usual = made_up().safeguards
    return {**usual, name: usual[model]} if name not in usual else dict(usual)


def assigned(tree: ast.Module) -> list[str]:
    """Names that the module gives a meaning at its top, in their order; ``*`` apart."""
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found += [alias.asname or alias.name for alias in node.names if alias.name != "*"]
        elif isinstance(node, ast.FunctionDef):
            found.append(node.name)
    return found


def faults_of(safeguards: dict[str, Safeguard]) -> list[str]:
    """What a reader of the text of these safeguards would stumble over."""
    text, tree = text_of(safeguards)
    lines = text.splitlines()
    found = [f"a line of {len(line)} letters" for line in lines if len(line) > WIDEST]
    found += ["a line that ends in blanks"] * any(line != line.rstrip() for line in lines)
    found += [f"a position: {place}" for place in re.findall(r"(?:numbers|applies|stops|covers)\[\d[^\]]*\]", text)]
    found += [f"a column by its number: {place}" for place in re.findall(r"numbers\[\w+, \d+\]", text)]
    found += [f"a bit or key by its number: {number}" for number in re.findall(r"np\.uint64\((\d+)\)", text) if number not in "01"]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            doc = ast.get_docstring(node)
            found += [f"{node.name} does not say what it is"] * (not doc)
            found += [f"{node.name} does not stand apart"] * (lines[node.lineno - 3 - 1 : node.lineno - 1 - 1] != ["", ""])
    found += [f"{name} means two things" for name, count in Counter(assigned(tree)).items() if count > 1]
    mine = {node.targets[0].id for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    found += [
        f"{name} hides a name of the pipeline" for name in mine & {name for home in HOMES for name in vars(sys.modules[home])}
    ]
    return found


def test_the_text_of_the_usual_safeguards_is_without_fault() -> None:
    assert not faults_of(made_up().safeguards)


def test_whatever_a_safeguard_is_called_the_text_can_be_read() -> None:
    found = [
        f"{name!r}: {fault}"
        for name, model in zip(HOSTILE, cycle(("form", "judge", "own_law")))
        for fault in faults_of(with_name(name, model))
    ]
    assert not found, "\n".join(found)


def test_names_that_are_alike_in_letters_are_told_apart_all_at_once() -> None:
    record = made_up().safeguards["form"]
    many = {**dict.fromkeys(HOSTILE[: 63 - 2], record), **{name: made_up().safeguards[name] for name in ("desk", "panel")}}
    assert not faults_of(many)


def test_constants_hold_what_their_names_say() -> None:
    """Rows are places in the global order, bits stand at these places, keys are those of the names, columns those of the table."""
    for name in ("judge_narrow", "a-b", "y" * 500, '"""', "import os\nos.abort()"):
        safeguards = with_name(name, "judge")
        space: dict[str, Any] = {}
        exec(compile(source_of(safeguards), "generated", "exec"), space)
        names, table = in_check_order(safeguards), parameter_table(safeguards, in_check_order(safeguards))
        for words in words_of(safeguards, ()):
            assert words.row.isidentifier()
            assert not keyword.iskeyword(words.row)
        rules = rule_functions(safeguards)
        assert sorted(rules.values()) == sorted(
            (s, hook) for s, one in enumerate(names) for hook in HOOKS if hook_of(safeguards[one], hook) is not None
        )
        for rule, (s, hook) in rules.items():
            assert space[rule].py_func is hook_of(safeguards[names[s]], hook)
        place = names.index(name)
        slug = next(rule for rule, owner in rules.items() if owner == (place, "stands")).removeprefix("stands_")
        assert space[f"STOOD_{slug.upper()}"] == np.uint64(1 << place)
        assert space[f"NOISE_{slug.upper()}"] == name_key(name)
        assert space[f"HABIT_{slug.upper()}"] == name_key(habit_of(name, safeguards[name]))
        column = next(value for key, value in space.items() if key.startswith(slug.upper()) and "NARROW_MARGIN" in key)
        assert table[place, column] == safeguards[name].narrow_margin  # type: ignore[attr-defined]
        for column, shared in enumerate(SHARED.values()):
            assert space[shared] == column
        assert parameter_columns(safeguards[name])[: len(SHARED)] == tuple(SHARED)


def test_a_parameter_whose_constant_would_be_another_safeguards_gets_one_of_its_own() -> None:
    """``judge`` has a ``narrow_margin``: a safeguard ``judge_narrow`` with a ``margin`` would share its constant's name."""
    usual = made_up().safeguards
    text = source_of({**usual, "judge_narrow_margin": usual["form"]})
    values = re.findall(r"^(JUDGE_NARROW_MARGIN\w*) = (\d+)$", text, re.MULTILINE)
    assert len(values) == len(dict(values)) > 1


def test_whatever_a_rule_may_read_is_a_name_of_the_loop() -> None:
    for words in SEEN.values():
        ast.parse(words.format(row="ROW", habit="HABIT"), mode="eval")


def test_safeguards_in_another_order_make_the_same_text() -> None:
    usual = made_up().safeguards
    assert source_of(usual) == source_of(dict(reversed(usual.items())))


@pytest.mark.parametrize("look", ["", "nobody", "form"])
def test_a_ground_at_what_is_no_look_is_refused_whatever_that_is_called(look: str) -> None:
    usual = made_up().safeguards
    with pytest.raises(ConfigError, match="no look is named"):
        source_of({**usual, "own_law": usual["own_law"].model_copy(update={"look": look})})  # type: ignore[attr-defined]
