"""The world as plain tables: lists of Python numbers by row, converted once, so that no rule meets an array.

``facts_of(world)`` gives ``Facts``. Names are those of ``sim.world.states.StateTable``, ``PeopleTable`` and ``Offences``. Where a
conduct is no crime its maximum is ``None``. Keys are whole numbers for ``tests.twin.draws``. What dials set comes as another
``Facts`` with other columns (``tests.twin.dials``), so a rule reads ``facts.states.judicial`` and asks no more.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from sim.world.people import PeopleTable
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import GROUPS, Offences
from tests.twin.draws import Luck, name_key


@dataclass(frozen=True, slots=True)
class States:
    """One row a state; tables of pairs are by row and row."""

    codes: tuple[str, ...]
    keys: list[int]
    region: tuple[str, ...]
    regime: list[int]
    liberal: list[float]
    commitment: list[float]
    rule: list[float]
    judicial: list[float]
    strictness: list[float]
    repression: list[float]
    skill: list[float]
    data_protection: list[float]
    terror: list[float]
    transfer_law: list[float]
    protection: list[float]
    demand: list[float]
    pursuit: list[list[float]]
    at_risk: list[list[float]]
    home_service: list[float]
    host_share: list[list[float]]
    closeness: list[list[float]]
    alignment: list[list[float]]
    penalties: list[list[float | None]]  # maximum years; None where the conduct is no crime
    breadth: list[list[float]]
    compels: list[bool]
    listens: list[bool]
    intercept_from: list[float]
    direct_answered: list[float]
    groups: dict[str, list[bool]]
    own_laws: dict[str, list[bool]]
    mlat: list[list[bool]]


@dataclass(frozen=True, slots=True)
class People:
    """One row a person at risk (or several alike); tuples of numbers, which Python need not look through for rubbish."""

    ids: tuple[int, ...]
    origin: tuple[int, ...]
    group: tuple[int, ...]
    residence: tuple[int, ...]
    hosts: tuple[tuple[int, ...], ...]
    visibility: tuple[float, ...]
    expression: tuple[float, ...]
    weight: tuple[float, ...]
    cell_start: tuple[int, ...]
    cumulative: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Conducts:
    """One row an offence."""

    names: tuple[str, ...]
    keys: list[int]
    offence_class: list[int]
    protected: list[bool]
    harm: list[float]
    grave: list[bool]
    demand_share: list[float]
    wants: list[list[float]]
    against: list[list[float]]
    pretext: list[float]
    plausible: list[list[float]]
    broader: list[list[float]]  # by conduct and label
    exempt_from: list[list[bool]]  # by conduct and label
    breadth: list[list[float]]


@dataclass(frozen=True, slots=True)
class Facts:
    """A world."""

    seed: int
    luck: Luck  # of the world's seed
    states: States
    people: People
    offences: Conducts
    capacity: list[float]  # officer-hours a month of each authority
    n: int  # states
    k: int  # offences
    g: int  # groups
    group_keys: list[int]


def _plain(value: Any) -> Any:
    """A value without arrays."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _frozen(column: list[Any]) -> tuple[Any, ...]:
    """A column of cells, or of lists of cells, as tuples: Python need not look through them for rubbish."""
    return tuple(map(tuple, column)) if column and isinstance(column[0], list) else tuple(column)


def _table(kind: type[Any], source: StateTable | PeopleTable | Offences) -> dict[str, Any]:
    """The columns that a plain table has, of a table of arrays."""
    return {column.name: _plain(getattr(source, column.name)) for column in fields(kind)}


def facts_of(world: World) -> Facts:
    """The plain tables of a world."""
    states = _table(States, world.states)
    states["penalties"] = [[None if cell != cell else cell for cell in row] for row in states["penalties"]]
    return Facts(
        seed=world.seed,
        luck=Luck(world.seed),
        states=States(**states),
        people=People(**{name: _frozen(column) for name, column in _table(People, world.people).items()}),
        offences=Conducts(**_table(Conducts, world.offences)),
        capacity=world.capacity.tolist(),
        n=world.states.count,
        k=len(world.offences.names),
        g=len(GROUPS),
        group_keys=[name_key(group) for group in GROUPS],
    )
