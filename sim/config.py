"""The one door to Hydra: YAML and overrides in, a checked ``Config`` out; every mistake becomes one line."""

from __future__ import annotations

import importlib
import os
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir, main
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from sim.settings import CAPACITY_KEYS, Config
from sim.sources.checksums import checksums
from sim.world.record import ConfigError, Record

_ROOT = "config"
_DERIVED = ("reference", "data")  # fields of Config that follow from the others
_POLICY_GROUPS = ("scenario", "instrument", "instruments", "safeguard", "safeguards", "conduct", "review")


def config_folder() -> Path:
    """Where the YAML files are: beside ``sim`` in a checkout, inside it in an installed wheel."""
    inside = Path(__file__).parent / "_configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def load(*overrides: str) -> Config:
    """A checked configuration from overrides in Hydra's grammar.

    >>> load("scenario=no_treaty", "years=5").years
    5

    Raises ``ConfigError``: one line that names the key, what was found and what is accepted.
    """
    for override in overrides:
        if not isinstance(override, str):
            raise ConfigError(f"load: found {override!r}; accepted: overrides as text, such as 'years=5'")
    if GlobalHydra.instance().is_initialized():
        return _load(list(overrides))
    with initialize_config_dir(version_base="1.3", config_dir=str(config_folder().resolve())):
        return _load(list(overrides))


def _load(overrides: list[str]) -> Config:
    _refuse_doubled(overrides)
    chosen = _composed(overrides)
    reference = _composed([o for o in overrides if not _is_policy(o)])
    plain = {
        **chosen,
        "data": _checksums(chosen),
        "reference": {k: reference[k] for k in ("instruments", "safeguards", "review", "conduct")},
    }
    return checked(plain)


def _checksums(chosen: Mapping[str, Any]) -> dict[str, str]:
    """What the tables hold, and not where they lie, decides a result."""
    states = chosen.get("states")
    if not isinstance(states, Mapping) or states.get("source") != "real":
        return {}
    own = {"states": states.get("table"), "penalties": states.get("penalty_table")}
    return checksums({f"{name}.csv": Path(str(path)) for name, path in own.items() if path})


def _refuse_doubled(overrides: list[str]) -> None:
    """A key that is given twice would silently keep its last value; and the reference is derived, never given."""
    seen: set[str] = set()
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~").strip()
        if key in seen and "=" in override:
            raise ConfigError(f"{key}: found twice among the overrides; accepted: once")
        if key.split(".")[0] in _DERIVED:
            raise ConfigError(
                f"{key}: no such key; accepted: {', '.join(name for name in Config.model_fields if name not in _DERIVED)}"
            )
        seen.add(key)


def _is_policy(override: str) -> bool:
    """Whether an override belongs to what a scenario may change; the as-adopted reference is composed without it.

    Of the review only what is a fact of the authorities (``CAPACITY_KEYS``) reaches the reference.
    """
    key = override.partition("=")[0].lstrip("+~").split("@")[0].split(".")
    if key[0] == "review" and len(key) > 1:
        return key[1] not in CAPACITY_KEYS
    return key[0] in _POLICY_GROUPS


def _composed(overrides: list[str]) -> dict[str, Any]:
    try:
        config = compose(_ROOT, overrides=overrides)
        plain = OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_told(str(error), overrides)) from None
    except ValueError as error:  # what Hydra says of a group that is no name
        found = " ".join(overrides)
        raise ConfigError(f"{found}: {' '.join(str(error).split())}; accepted: key=value in Hydra's grammar") from None
    return {str(key): value for key, value in plain.items() if key != "hydra"} if isinstance(plain, dict) else {}


def _told(message: str, overrides: list[str]) -> str:
    """Hydra's error as one line: key, what was found, what is accepted."""
    missing = re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'", message)
    if missing:
        group, found = missing.groups()
        options = sorted(path.stem for path in (config_folder() / group).glob("*.yaml"))
        return f"{group}: found {found!r}; accepted: {', '.join(options) or 'a group of configs/'}"
    unknown = re.search(r"is not in struct\s+full_key: (\S+)", message) or re.search(r"Could not override '([^']+)'", message)
    if unknown:
        return _no_such(unknown.group(1))
    if "override_grammar" in message:
        found = next((o for o in overrides if o in message), " ".join(overrides))
        return f"{found}: no override that can be read; accepted: key=value in Hydra's grammar"
    return f"{', '.join(overrides) or 'configs/'}: {' '.join(message.split())}"


def _standing() -> dict[str, Any]:
    """The configuration without overrides, inside or outside a running Hydra."""
    if GlobalHydra.instance().is_initialized():
        return _composed([])
    with initialize_config_dir(version_base="1.3", config_dir=str(config_folder().resolve())):
        return _composed([])


def _no_such(full_key: str) -> str:
    """Where a dotted key leaves the configuration, and what there is at that place."""
    node: Any = _standing()
    trail: list[str] = []
    for part in full_key.split("."):
        trail.append(part)
        if not isinstance(node, Mapping) or part not in node:
            break
        node = node[part]
    keys = [str(key) for key in node if key != "_target_"] if isinstance(node, Mapping) else []
    return f"{'.'.join(trail)}: no such key; accepted: {', '.join(keys) or 'no key below this one'}"


def checked(plain: Mapping[str, Any]) -> Config:
    """Plain values as a ``Config``. Raises ``ConfigError`` for the first thing that is wrong."""
    values = dict(plain)
    values["safeguards"] = safeguards_of(values.get("safeguards", {}), "safeguards")
    if "reference" in values:
        reference = dict(values["reference"])
        reference["safeguards"] = safeguards_of(reference["safeguards"], "safeguards")
        values["reference"] = reference
    try:
        return Config(**values)
    except ValidationError as error:
        raise ConfigError(_first(error, Config)) from None


def safeguards_of(blocks: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Each block as the record that its ``_target_`` names; targets are resolved only under ``sim.``."""
    return {name: _instance(block, f"{key}.{name}") for name, block in blocks.items()}


def _instance(block: Any, key: str) -> Any:
    if isinstance(block, Record):
        return block
    target = block.get("_target_") if isinstance(block, Mapping) else None
    if not isinstance(target, str) or not target.startswith("sim."):
        raise ConfigError(f"{key}._target_: found {target!r}; accepted: the dotted path of a record under sim.")
    module_name, _, class_name = target.rpartition(".")
    try:
        record = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError):
        raise ConfigError(f"{key}._target_: nothing is named {target!r}; accepted: a record under sim.") from None
    if not (isinstance(record, type) and issubclass(record, Record)):
        raise ConfigError(f"{key}._target_: found {target!r}, which is no safeguard; accepted: a record under sim.")
    try:
        return record(**{name: value for name, value in block.items() if name != "_target_"})
    except ValidationError as error:
        raise ConfigError(_first(error, record, key)) from None


def _first(error: ValidationError, root: type[Record], key: str = "") -> str:
    """The first mistake as one line."""
    problem = error.errors(include_url=False)[0]
    location = [str(part) for part in problem["loc"] if part != "[key]"]
    place = ".".join([key, *location] if key else location) or "configuration"
    kind, message = problem["type"], problem["msg"]
    if kind == "extra_forbidden":
        return f"{place}: no such key; accepted: {_fields(root, problem['loc'][:-1])}"
    if kind == "missing":
        return f"{place}: found nothing; accepted: a value"
    if kind == "value_error":
        text = str(problem["ctx"]["error"]) if "ctx" in problem else message
        return text if place == "configuration" else f"{place}.{text}"
    if kind.startswith("bool"):
        return f"{place}: found {problem['input']!r}; accepted: true or false"
    wanted = re.sub(r"^Input should be (a |an )?(valid )?", "", message).replace("integer", "a whole number")
    return f"{place}: found {problem['input']!r}; accepted: {wanted}"


def _fields(root: type[Record], location: tuple[int | str, ...]) -> str:
    kind: Any = root
    for part in location:
        if isinstance(kind, type) and issubclass(kind, Record):
            kind = kind.model_fields[str(part)].annotation
        while typing.get_origin(kind) in (typing.Annotated, types.UnionType, typing.Union):
            kind = typing.get_args(kind)[0]
        if typing.get_origin(kind) is dict and part not in getattr(root, "model_fields", {}):
            kind = typing.get_args(kind)[1]
    known = isinstance(kind, type) and issubclass(kind, Record)
    return ", ".join(name for name in kind.model_fields if name not in _DERIVED) if known else "the keys in configs/"


def _is_choice(argument: str) -> bool:
    """What follows a flag such as ``--cfg`` and is no override."""
    return argument in ("job", "hydra", "all", "defaults", "config")


def run_from_shell(study: Callable[..., Any], arguments: Sequence[str], name: str) -> None:
    """Hand a study's arguments to Hydra (overrides, ``--cfg job``, ``--help``, multirun), and its overrides to the study.

    Every mistake comes out as an exception of ours, never as Hydra's own report: the study's first failure is kept and
    raised once Hydra is done, so that in a multirun the other jobs still run.
    """
    failures: list[Exception] = []

    def job(composed: DictConfig) -> None:
        try:
            study(*HydraConfig.get().overrides.task)
        except Exception as error:
            failures.append(error)

    if not {"-m", "--multirun", "-h", "--help", "--hydra-help", "--version"} & set(arguments):
        load(
            *(a for a in arguments if not a.startswith("-") and not _is_choice(a))
        )  # a mistake reads the same here and from Python
    job.__module__, job.__qualname__ = __name__, name
    before = sys.argv
    sys.argv = [f"rogatory {name}", *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing a traceback of its own
    try:
        main(version_base="1.3", config_path=str(config_folder().resolve()), config_name=_ROOT)(job)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_told(str(error), list(arguments))) from None
    finally:
        sys.argv = before
    if failures:
        raise failures[0]
