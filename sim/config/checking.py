"""Plain values as records: a ``Config``, its safeguards and estimands; and the first thing that is wrong, as one line."""

from __future__ import annotations

import importlib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.config.keys import DERIVED, of_studies
from sim.errors import ConfigError, in_brief, meant, quoted
from sim.own_code import is_target, record_at, target_of
from sim.world.leaves import Plain
from sim.world.record import Record

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from sim.settings import Config  # it imports Numba, which a listing of scenarios does not need


def checked_config(plain: Mapping[str, Any]) -> Config:
    """Plain values as a ``Config``. Raises ``ConfigError`` for the first thing that is wrong."""
    from sim.settings import Config

    values = dict(plain)
    values["safeguards"] = safeguards_of(values.get("safeguards", {}), "safeguards")
    values["metrics"] = _with_estimands(values.get("metrics"))
    if "reference" in values:
        reference = dict(values["reference"])
        reference["safeguards"] = safeguards_of(reference["safeguards"], "safeguards")
        values["reference"] = reference
    return recorded(Config, values, of_studies())


def recorded[R: Record](kind: type[R], values: Mapping[str, Any], beside: Sequence[str] = ()) -> R:
    """Plain values as a record. Raises ``ConfigError`` for the first thing that is wrong.

    ``beside`` are keys that a user may also have meant by one that is not there: those of another record.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        raise ConfigError(_first_mistake(error, kind, beside=beside)) from None


def written(config: Config) -> Plain:
    """A configuration in plain values that ``checked_config`` reads as the same one: each safeguard with the record that it is.

    >>> from sim.config import load
    >>> checked_config(written(load("scenario=judge"))) == load("scenario=judge")
    True
    """
    plain = config.plain()
    for part, kinds in ((plain, config.safeguards), (plain["reference"], config.reference.safeguards)):
        part["safeguards"] = {name: {"_target_": target_of(type(kinds[name])), **body} for name, body in part["safeguards"].items()}
    for name, body in plain["metrics"].get("own", {}).items():
        plain["metrics"]["own"][name] = {"_target_": target_of(type(config.metrics.own[name])), **body}
    return plain


# --- records by their _target_ ----------------------------------------------------------------------------------------------------


def safeguards_of(blocks: Mapping[str, object], key: str) -> dict[str, Record]:
    """Each block as the record that its ``_target_`` names; targets are resolved only under ``sim.``. Raises ``ConfigError``."""
    if not isinstance(blocks, Mapping):
        raise ConfigError(f"{key}: found {quoted(blocks)}; accepted: a map of safeguards by name")
    return {name: _instance(block, f"{key}.{name}") for name, block in blocks.items()}


def _with_estimands(metrics: object) -> object:
    """The block of metrics with each of a user's own estimands as the record that its ``_target_`` names."""
    if not isinstance(metrics, Mapping) or not isinstance(metrics.get("own"), Mapping):
        return metrics
    return {**metrics, "own": {name: _instance(block, f"metrics.own.{name}", "metric") for name, block in metrics["own"].items()}}


def _instance(block: object, key: str, group: str = "safeguard") -> Record:
    """A block of values as the record that its ``_target_`` names, in ``sim`` or in a file of a user's own of this group."""
    if isinstance(block, Record):
        return block
    values = block if isinstance(block, Mapping) else {}
    target = values.get("_target_")
    own = isinstance(target, str) and is_target(target)
    record = record_at(str(target), group, key) if own else _record_of_sim(target, key)
    try:
        made = record(**{name: value for name, value in values.items() if name != "_target_"})
    except ValidationError as error:
        raise ConfigError(_first_mistake(error, record, key)) from None
    if own:
        from sim.own_checks import refuse_faults  # it knows the rules of review, which a listing does not need

        refuse_faults(made, group)
    return made


def _record_of_sim(target: object, key: str) -> type[Record]:
    """The record that a ``_target_`` names in the simulation itself. Raises ``ConfigError``."""
    if not isinstance(target, str) or not target.startswith("sim."):
        raise ConfigError(f"{key}._target_: found {quoted(target)}; accepted: the dotted path of a record under sim.")
    module_name, _, class_name = target.rpartition(".")
    try:
        record: object = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError):
        raise ConfigError(f"{key}._target_: nothing is named {quoted(target)}; accepted: a record under sim.") from None
    if not (isinstance(record, type) and issubclass(record, Record)):
        raise ConfigError(f"{key}._target_: found {quoted(target)}, which is no safeguard; accepted: a record under sim.")
    return record


# --- mistakes ---------------------------------------------------------------------------------------------------------------------

_WORDS = (  # what Pydantic says it wants, and how we say it
    (re.compile(r"^Input should be (a |an )?(valid )?"), ""),
    (re.compile("integer"), "a whole number"),
    (re.compile(r"dictionary( or instance of \w+)?"), "a map"),
)

_WRAPPED = (typing.Annotated, types.UnionType, typing.Union)  # what an annotation may be within


def _first_mistake(error: ValidationError, root: type[Record], key: str = "", beside: Sequence[str] = ()) -> str:
    """The first mistake in a record ``root``, which stands under ``key``, as one line; ``beside`` as in ``recorded``."""
    problem = error.errors(include_url=False)[0]
    location = [str(part) for part in problem["loc"] if part != "[key]"]
    place = ".".join([key, *location] if key else location) or "configuration"
    match problem["type"]:
        case "extra_forbidden":
            known = [*_fields(root, problem["loc"][:-1]), *(beside if len(problem["loc"]) == 1 else ())]
            return f"{place}: no such key; accepted: {_listed(known)}{meant(location[-1], known)}"
        case "missing":
            return f"{place}: found nothing; accepted: a value"
        case "value_error":
            text = str(problem["ctx"]["error"]) if "ctx" in problem else problem["msg"]
            return text if place == "configuration" else f"{place}.{text}"
    return (
        f"{place}: found {quoted(problem['input'])}; accepted: {_wanted(problem)}{', or null' * _may_be_null(root, problem['loc'])}"
    )


def _listed(known: Sequence[str]) -> str:
    return in_brief(known) or "the keys in configs/"


def _wanted(problem: ErrorDetails) -> str:
    """What a field accepts, in plain words."""
    if problem["type"].startswith("bool"):
        return "true or false"
    said = problem["msg"]
    for pattern, words in _WORDS:
        said = pattern.sub(words, said)
    return said


def _fields(root: type[Record], location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the record at a place; none where it is no record."""
    kind = _kind_at(root, location)
    while typing.get_origin(kind) in _WRAPPED:
        kind = typing.get_args(kind)[0]
    known = isinstance(kind, type) and issubclass(kind, Record)
    return [name for name in kind.model_fields if name not in DERIVED] if known else []


def _may_be_null(root: type[Record], location: tuple[int | str, ...]) -> bool:
    """Whether the field at a place may be left empty."""
    kind = _kind_at(root, location)
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    return type(None) in typing.get_args(kind)


def _kind_at(root: type[Record], location: tuple[int | str, ...]) -> Any:
    """What stands at a place of a record by its annotations; nothing is known below what is neither record nor map."""
    kind: Any = root
    for part in location:
        while typing.get_origin(kind) in _WRAPPED:
            kind = typing.get_args(kind)[0]
        if isinstance(kind, type) and issubclass(kind, Record):
            field = kind.model_fields.get(str(part))
            kind = None if field is None else field.annotation
        elif typing.get_origin(kind) is dict:
            kind = typing.get_args(kind)[1]
    return kind
