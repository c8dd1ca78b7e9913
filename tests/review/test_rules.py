"""Each safeguard's rule as a table that a lawyer can read, in the safeguard's own file: is the ground there, and is it seen?"""

from __future__ import annotations

import types
from collections.abc import Callable

import pytest

from sim.review.examples import Example, example, fault_of
from sim.review.safeguard import Institution
from sim.world.record import Record
from tests.safeguards import MODULES, NAMES, record_of, rule_of, stricter

HOOKS = ("stands", "acuity", "allows", "conditions", "delays", "tells", "softens", "publishes")


def hooks_in(home: types.ModuleType) -> list[str]:
    return [hook for hook in HOOKS if hasattr(home, hook)]


@pytest.mark.parametrize("module", MODULES)
def test_a_rule_answers_as_the_examples_in_its_file_say(module: str) -> None:
    home = rule_of(module)
    fault = fault_of(home, hooks_in(home))
    assert fault is None, f"sim/review/{module}.py: {fault}"


@pytest.mark.parametrize("module", MODULES)
def test_a_stricter_value_is_one_that_the_record_takes(module: str) -> None:
    records = [record_of(name) for name in NAMES if record_of(name).__module__ == f"sim.review.{module}"]
    rows = getattr(rule_of(module), "STRICTER", ())
    assert all(row.parameter in record.model_fields and row.weak != row.strong for row in rows for record in records)
    answers = any(issubclass(record, Record) and not issubclass(record, Institution) for record in records)
    assert answers == bool(hooks_in(rule_of(module)))


def test_the_numbers_that_make_a_safeguard_stricter_are_found_from_the_folder() -> None:
    assert {name for name, *_ in stricter()} >= {"judge", "panel", "proportionality"}
    assert all(name in NAMES for name, *_ in stricter())


# --- what is found wrong ---------------------------------------------------------------------------------------------------------


def stands(quality: float, quality_bar: float) -> bool:
    """The paperwork is hopeless."""
    return quality < quality_bar


def acuity(skill: float) -> float:
    """All of it."""
    return skill


RIGHT = (example(stands, True, quality=-3.0, quality_bar=-2.0), example(stands, False, quality=0.0, quality_bar=-2.0))
WRONG: dict[str, tuple[tuple[Example, ...] | None, str]] = {
    "none": (None, "found no EXAMPLES"),
    "no row": ((), "found no EXAMPLES"),
    "a false row": ((RIGHT[0], example(stands, True, quality=0.0, quality_bar=-2.0)), "gives False, and the row says True"),
    "one answer": ((RIGHT[0],), "every row of stands gives True; accepted: a row of each answer"),
    "too little": ((*RIGHT, example(stands, True, quality=-3.0)), "accepted: a value for each of quality, quality_bar"),
    "too much": ((*RIGHT, example(stands, True, quality=-3.0, quality_bar=0.0, harm=1.0)), "accepted: a value for each of"),
    "another function": ((*RIGHT, example(acuity, 1.0, skill=1.0)), "accepted: rows of stands"),
}


def written(rows: object, **hooks: Callable[..., object]) -> types.ModuleType:
    home = types.ModuleType("written")
    vars(home).update(hooks)
    if rows is not None:
        vars(home)["EXAMPLES"] = rows
    return home


@pytest.mark.parametrize("case", WRONG)
def test_a_table_that_lacks_something_or_errs_is_told(case: str) -> None:
    rows, told = WRONG[case]
    assert told in str(fault_of(written(rows, stands=stands), ["stands"]))


def test_a_table_that_is_whole_is_taken() -> None:
    assert fault_of(written(RIGHT, stands=stands), ["stands"]) is None
    assert fault_of(written(None), []) is None
    assert "found none of acuity" in str(fault_of(written(RIGHT, stands=stands, acuity=acuity), ["stands", "acuity"]))


def test_rows_that_are_none_are_told() -> None:
    assert "are no rows" in str(fault_of(written(((1.0, True),), stands=stands), ["stands"]))
