"""Numbers that a world draws: a configuration and a world seed give a configuration in which every parameter has a value.

A world seed is one draw of all that has a prior (``sim.register``). Each value is the prior's quantile of a named draw, keyed by
the parameter's own key: arms, replicates and the baseline of a world share it, order never matters, and a further parameter moves
no other. Under ``parameters=posterior`` the few numbers that published figures speak of are a row of the shipped posterior instead
(``sim.posterior``); all others are drawn from their priors as ever. What somebody set otherwise than the shipped file, or named in
``parameters.except``, stays. Draws that contradict each other are drawn again, all of them, with the next number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import ValidationError

from sim.arrays import Reals
from sim.draws import Draws, name_keys
from sim.posterior import shipped_rows
from sim.register import Parameter, drawable
from sim.settings import Config, Parameters
from sim.world.leaves import put
from sim.world.record import ConfigError, Record

PURPOSE, ROW = "parameter", "posterior row"
"""Of the named draws: a number by its prior, and which row of the posterior."""
MOST_TRIES = 100
"""Draws after which priors and constraints are taken to contradict each other; *assumption*: few are refused."""
_WORLDS_KEPT = 64  # whose draws are kept while their runs are done


def resolved(config: Config, world_seed: int) -> Config:
    """The configuration of one world: drawn numbers in their places, and ``parameters`` back at default.

    The same object where nothing is drawn. Raises ``ConfigError`` where no draw of many is a configuration.
    """
    return _settled(_Asked(config, config.digest()), world_seed).config if config.draws else config


def drawn(config: Config, world_seed: int) -> dict[str, float]:
    """What a world draws, by dotted key; empty where ``parameters`` are at default. A pure function of both.

    Raises ``ConfigError`` as ``resolved`` does.
    """
    return dict(_settled(_Asked(config, config.digest()), world_seed).values) if config.draws else {}


def shares(config: Config, world_seed: int) -> dict[str, float]:
    """Where in its prior each number lies that a world draws, as the share of the prior below it, by dotted key.

    Under ``parameters=prior`` these are even and independent, but for draws that contradicted each other and were drawn again.
    Raises ``ConfigError`` as ``resolved`` does, and for a configuration whose numbers are not drawn from their priors.
    """
    if config.parameters.draw != "prior":
        raise ConfigError(f"parameters.draw: found {config.parameters.draw}; accepted: prior")
    parameters = to_draw(config)
    luck = _luck(parameters, world_seed, tries(config, world_seed) - 1)
    return {one.key: float(u) for one, u in zip(parameters, luck, strict=True)}


def to_draw(config: Config) -> tuple[Parameter, ...]:
    """The parameters that a world of this configuration draws: those with a prior whose value is the shipped one."""
    return _shipped_in(config, config)


def tries(config: Config, world_seed: int) -> int:
    """How many draws it took until one was a configuration; 0 where nothing is drawn."""
    return _settled(_Asked(config, config.digest()), world_seed).tries if config.draws else 0


@dataclass(frozen=True)
class _Asked:
    """A configuration as a cache key: equal where everything is equal that decides a run."""

    config: Config
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@dataclass(frozen=True)
class _Settled:
    """What a world drew, and the configuration that this makes."""

    config: Config
    values: Mapping[str, float]
    tries: int


@lru_cache(maxsize=_WORLDS_KEPT)
def _settled(asked: _Asked, world_seed: int) -> _Settled:
    config = asked.config
    bare, refusal = config.model_copy(update={"parameters": Parameters()}), ""
    own, adopted = to_draw(config), _shipped_in(config.reference, config)
    for number in range(MOST_TRIES):
        fitted = _fitted(config, world_seed, number)
        values = _values(own, world_seed, number, fitted)
        try:
            made = with_values(bare, values, _values(adopted, world_seed, number, fitted))
            return _Settled(made, values, number + 1)
        except ValidationError as error:
            refusal = refusal or error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    raise ConfigError(
        f"parameters.draw: none of {MOST_TRIES} draws of world {world_seed} is a configuration ({refusal}); "
        "accepted: parameters=default, or parameters.except of the keys that contradict each other"
    )


def _shipped_in(part: Record, config: Config) -> tuple[Parameter, ...]:
    """Parameters with a prior that a configuration, or its reference, has at their shipped value, but for those set apart."""
    found = (one for one in drawable().values() if _value_at(part, one.key) == one.value)
    return tuple(one for one in found if not config.parameters.is_apart(one.key))


def _fitted(config: Config, world_seed: int, number: int) -> Mapping[str, float]:
    """The row of the posterior in the draw of one world with this number; empty under priors alone."""
    if config.parameters.draw != "posterior":
        return {}
    return shipped_rows().at(float(Draws(world_seed).uniform(ROW, number)))


def _values(parameters: Sequence[Parameter], world_seed: int, number: int, fitted: Mapping[str, float]) -> dict[str, float]:
    """The values of parameters in the draw of one world with this number, by dotted key; those of ``fitted`` as they are there."""
    luck = _luck(parameters, world_seed, number)
    drawn_from = {one.key: one.prior.quantile(float(u)) for one, u in zip(parameters, luck, strict=True) if one.prior}
    return {key: fitted.get(key, value) for key, value in drawn_from.items()}


def _luck(parameters: Sequence[Parameter], world_seed: int, number: int) -> Reals:
    """Where in their priors the parameters lie in the draw of one world with this number, ``[P]`` from 0 to 1."""
    keys = name_keys([one.key for one in parameters])
    return np.asarray(Draws(world_seed).uniform(PURPOSE, keys, number), np.float64)


def is_possible(config: Config, values: Mapping[str, float]) -> bool:
    """Whether numbers, by dotted key, make a configuration where they hold before the window too, as drawn ones do."""
    try:
        holding(config, values)
    except ValidationError:
        return False
    return True


def holding(config: Config, values: Mapping[str, float]) -> Config:
    """The configuration in which numbers, by dotted key, hold, before the window too, and no further one is drawn.

    Raises pydantic's ``ValidationError`` for numbers that contradict each other, and ``KeyError`` for a key that is not there.
    """
    before = {key: value for key, value in values.items() if _value_at(config.reference, key) is not None}
    return with_values(config.model_copy(update={"parameters": Parameters()}), values, before)


def with_values(config: Config, values: Mapping[str, float], of_reference: Mapping[str, float]) -> Config:
    """A configuration with numbers set otherwise, by dotted key, and others in its reference; checked anew.

    Raises pydantic's ``ValidationError`` for what a record refuses, and ``KeyError`` for a key that is not there.
    """
    tree: dict[str, Any] = {}
    for key, value in {**values, **{f"reference.{key}": value for key, value in of_reference.items()}}.items():
        put(tree, key, value)
    made: Config = _rebuilt(config, tree)
    return made


def _rebuilt(node: Any, tree: Mapping[str, Any]) -> Any:
    """A record or a map with the leaves of a tree in place of its own; every record on the way is checked anew."""
    own = {name: getattr(node, name) for name in type(node).model_fields} if isinstance(node, Record) else dict(node)
    for name, below in tree.items():
        own[name] = _rebuilt(own[name], below) if isinstance(below, dict) else type(own[name])(below)
    if not isinstance(node, Record):
        return own
    fields = type(node).model_fields
    return type(node)(**{fields[name].alias or name: value for name, value in own.items()})


def _value_at(part: Record, key: str) -> object:
    """What stands at a dotted key; nothing where it is not there."""
    node: object = part
    for name in key.split("."):
        node = _below(node, name)
    return node


def _below(node: object, name: str) -> object:
    if isinstance(node, Record):
        return getattr(node, name, None)
    return node.get(name) if isinstance(node, Mapping) else None
