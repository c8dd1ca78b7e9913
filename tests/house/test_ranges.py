"""Every number of the configuration has two ends: in its record, and in the comment behind it, which says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from experiments import analysis, settings
from experiments.figures import FIGURES
from experiments.settings import ANALYSES, asked_by
from sim.config import checked_config, composed_values, load, run_and_study_values
from sim.world.record import Record
from tests.ends import Ends, ends_at, numbers_of
from tests.house.test_numbers import BETWEEN, CONFIGS, FILES, Cell, comment_of, shown  # fmt: skip
from tests.house.test_numbers import numbers_of as cells_of

OF_ANOTHER = "it stands for a number of another key, which checks it"
EXCEPTIONS: dict[str, str] = {
    "Uncertainty.low": OF_ANOTHER,
    "Uncertainty.high": OF_ANOTHER,
    "Uncertainty.values.*": OF_ANOTHER,
}
"""Numbers without two ends, each with its reason."""
MANY_KINDS = ("figure",)  # groups in which one comment stands behind numbers of several kinds: their record alone says their ends
_PACKAGE = re.compile(r"# @package (\S+)")
_GLOBAL = "_global_"
_SEEDS = "whole number"


@cache
def records() -> tuple[type[Record], ...]:
    """Every record there is: those of all modules that a study imports."""
    for path in sorted((CONFIGS.parent / "sim").rglob("*.py")) + sorted((CONFIGS.parent / "experiments").rglob("*.py")):
        if "(Record)" in path.read_text(encoding="utf-8"):
            import_module(".".join(path.relative_to(CONFIGS.parent).with_suffix("").parts))
    return tuple(dict.fromkeys(_below(Record)))


def _below(kind: type[Record]) -> Iterator[type[Record]]:
    for other in kind.__subclasses__():
        if other.__module__.startswith(("sim.", "experiments.")):
            yield other
        yield from _below(other)


def own_numbers(record: type[Record]) -> list[tuple[str, Ends]]:
    """Numbers of a record but for those of the records in it."""
    inner = {name for name, field in record.model_fields.items() for other in records() if other.__name__ in str(field.annotation)}
    return [(f"{record.__name__}.{place}", ends) for place, ends in numbers_of(record) if place.split(".")[0] not in inner]


def test_every_number_of_every_record_has_two_ends_and_is_no_truth_value() -> None:
    found = [number for record in records() for number in own_numbers(record)]
    assert len(found) > 150
    faults = {place for place, ends in found if not ends.stated or not ends.strict}
    assert faults == set(EXCEPTIONS), f"without two ends: {faults - set(EXCEPTIONS)}; excepted in vain: {set(EXCEPTIONS) - faults}"


def test_every_number_of_the_composed_configuration_has_two_ends() -> None:
    apart = ("reference", "data", "analysis", "figures")  # the first follow, the others have records of their own
    faults, seen = [], 0
    for record, plain in zip(asked_by(), run_and_study_values(), strict=True):
        for key, value in leaves(plain):
            if key.split(".")[0] in apart or not isinstance(value, int | float) or isinstance(value, bool):
                continue
            seen += 1
            ends = ends_at(record, key)
            if ends is None or not ends.stated:
                faults.append(key)
    assert seen > 700
    assert faults == []


def leaves(node: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        key = f"{above}.{name}" if above else str(name)
        if isinstance(value, dict):
            yield from leaves(value, key)
        else:
            yield key, value


def test_every_shipped_number_lies_within_its_ends_and_the_least_step_beyond_is_refused() -> None:
    """The ends are what the record does: an end is taken, and what lies beyond it is refused."""
    plain, config = composed_values(), load()
    for key in (
        "review.rho",
        "demand.spread",
        "conduct.residence_weight",
        "states.synthetic.liberal_share",
        "safeguards.judge.bar",
    ):
        ends = ends_at(config, key)
        assert ends is not None
        for value, fits in ((ends.low, True), (ends.high, True), (ends.low - 1e-6, False), (ends.high * (1 + 1e-9) + 1e-9, False)):
            assert _takes(plain, key, value) is fits, f"{key}={value}"


def _takes(plain: dict[str, Any], key: str, value: float) -> bool:
    from sim.config import with_overrides
    from sim.world.record import ConfigError

    try:
        checked_config(with_overrides(plain, {key: value}))
    except ConfigError as error:
        assert str(error).startswith(f"{key}: found ")  # noqa: PT017
        return False
    return True


def test_the_figures_and_analyses_that_have_settings_are_those_that_there_are() -> None:
    assert set(settings.PAGES) == set(FIGURES)
    homes = (import_module(f"experiments.analysis.{module.name}") for module in iter_modules(analysis.__path__))
    assert {home.__name__.rpartition(".")[2] for home in homes if hasattr(home, "analyse")} == set(ANALYSES)
    for name, page in settings.PAGES.items():
        extra = set(page.model_fields) - set(settings.Page.model_fields)
        assert extra <= set(FIGURES[name].__kwdefaults__ or {}), name


@cache
def everything() -> tuple[Record, ...]:
    """Both records with every key that a file may set: what is null as adopted stands there."""
    return asked_by(
        *("conduct.inflation={to_years:4,repression_from:0}", "instruments.hanoi.parties.draw={count:40,sure:{},liberal_slope:0}"),
        *("definition=expansive", "states.override.signatories.breadth=0.5"),
        *("world_seed=1", "until=0.01", "workers=1", "size=1", "case=1", "person=1", "states.correlation=0"),
    )


def key_of(path: Path, cell: Cell) -> str:
    """The dotted key of the configuration that a number of a file is written under."""
    package = _PACKAGE.match(path.read_text(encoding="utf-8"))
    stem = package[1] if package else "" if path.parent == CONFIGS else path.parent.name
    return cell.key if stem in ("", _GLOBAL) else f"{stem}.{cell.key}"


def ends_meant(path: Path, cell: Cell) -> Ends | None:
    """The ends of the number that a cell of a file stands for; None where its file is no part of the configuration."""
    key = key_of(path, cell)
    if path.parent.name == "design":
        parts = cell.key.removesuffix(".low").removesuffix(".high").removesuffix(".values").split(".")
        tails = (".".join(parts[place:]) for place in range(1, len(parts)))
        return next((ends for tail in tails if (ends := ends_of_key(tail))), None)
    if key.startswith("analysis."):
        _, name, *rest = key.split(".")
        return dict(numbers_of(_spec(name))).get(".".join(rest)) or dict(numbers_of(_spec(name))).get(f"{rest[0]}.*")
    return ends_of_key(key)


def ends_of_key(key: str) -> Ends | None:
    """The ends of the number at a dotted key, whichever record holds it."""
    return next((ends for record in everything() if (ends := ends_at(record, key))), None)


def _spec(name: str) -> type[Record]:
    homes = {
        "robustness": "experiments.analysis.regret",
        "report": "experiments.analysis.record",
        "sensitivity": "experiments.analysis.measures",
    }
    homes |= {
        "frontier": "experiments.analysis.scored",
        "discovery": "experiments.analysis.failing",
        "benchmark": "experiments.benchmark.record",
    }
    module = import_module(homes.get(name, f"experiments.analysis.{name}"))
    record: type[Record] = getattr(module, f"{name.capitalize()}Spec")
    return record


def range_of(ends: Ends) -> str:
    """Ends as a comment states them.

    >>> range_of(Ends(0, 1, False, False, False, True)), range_of(Ends(-1, 1, False, False, False, True))
    ('0-1', '-1 to 1')
    """
    low, high = (str(int(end)) if end == int(end) else f"{end:.6f}".rstrip("0") for end in (ends.low, ends.high))
    return f"{low} to {high}" if ends.low < 0 else f"{low}-{high}"


def fault_of(cell: Cell, ends: Ends, comment: str) -> str:
    """What a comment says otherwise than the record; nothing if nothing."""
    span = comment.split(";")[1].split(",", maxsplit=1)[0].removesuffix(" or null").strip() if comment.count(";") > 1 else ""
    stated = BETWEEN.fullmatch(span)
    if span == _SEEDS and ends.high >= 2**62:
        return ""
    if stated is None or stated["high"].isalpha():
        return "" if stated else f"the comment says {span!r}; the record {range_of(ends)!r}"
    same = float(stated["low"]) == ends.low and float(stated["high"]) == ends.high
    return "" if same else f"the comment says {span!r}; the record {range_of(ends)!r}"


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name not in MANY_KINDS], ids=shown)
def test_the_range_in_a_comment_is_that_of_the_record(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines, faults = text.splitlines(), []
    for cell in cells_of(text):
        ends = ends_meant(path, cell)
        if ends is None:
            if path.parent.name != "design":  # whose own numbers are a design's
                faults.append(f"{shown(path)}:{cell.line + 1}: {cell.key}: no number of the configuration")
        elif fault := fault_of(cell, ends, comment_of(lines[cell.line])):
            faults.append(f"{shown(path)}:{cell.line + 1}: {cell.key}: {fault}")
    assert not faults, "\n".join(faults)


def test_a_comment_that_says_another_range_is_noticed() -> None:
    share, slope = Ends(0, 1, False, False, False, True), Ends(-5, 5, False, False, False, True)
    cell = Cell("a", 0.5, 0)
    assert not fault_of(cell, share, "share; 0-1; assumed: x")
    assert not fault_of(cell, slope, "log odds; -5 to 5; assumed: x")
    for span in (">=0", "any", "0-2", "-1 to 1", "whole number"):
        assert fault_of(cell, share, f"share; {span}; assumed: x"), span
