"""A world from a configuration and a world seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from sim.draws import Draws
from sim.sources.csv_files import TableError
from sim.sources.direct import as_counted
from sim.sources.people import people_table
from sim.sources.rows import codes_of
from sim.sources.states import SourceTables, state_table
from sim.sources.synthetic import no_direct, no_exiles, no_own_laws, no_pairs, no_penalties, synthetic_states
from sim.sources.tables import packaged, read_direct, read_exiles, read_own_laws, read_pairs, read_penalties, read_states
from sim.world.snapshot import World
from sim.world.spec import DemandSpec, PeopleSpec, StatesSpec
from sim.world.states import StateTable
from sim.world.vocabulary import Offence, offences_of

_LEAST_STATES = 30  # rows under which a regression on six columns says nothing


def world_tables(spec: StatesSpec, blocks: Mapping[str, Offence], draws: Draws) -> SourceTables:
    """The tables that a world is made of, read and checked, or made up."""
    if spec.source == "synthetic":
        made_up = synthetic_states(spec.synthetic, draws)
        return SourceTables(made_up, no_pairs(), no_exiles(), no_penalties(), no_direct(), no_own_laws())
    files = [Path(file) if file else None for file in (spec.table, spec.penalty_table)]
    stamp = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in _files(files) if path.is_file())
    return SourceTables(*(table.copy() for table in _read_tables(*files, tuple(blocks), stamp)))


def _files(own: Sequence[Path | None]) -> list[Path]:
    return [*(path for path in own if path), *packaged()]


@lru_cache(maxsize=2)
def _read_tables(table: Path | None, penalties: Path | None, offences: tuple[str, ...], stamp: object) -> SourceTables:
    """The tables on file; reading and checking them takes a third of the time that a world takes, so they are kept.

    ``stamp`` changes when a file does.
    """
    states = read_states(table)
    if len(states) < _LEAST_STATES:
        name = Path(str(table)).name
        raise TableError(
            f"{name}: found {len(states)} states; accepted: at least {_LEAST_STATES}, for gaps are drawn from a regression"
        )
    here = codes_of(states)
    known = here if table is None else codes_of(read_states())  # an own table may have fewer states than these files name
    return SourceTables(
        states,
        _within(read_pairs(codes=known), ("a", "b"), here),
        _within(read_exiles(codes=known), ("origin", "host"), here),
        _within(read_penalties(penalties, known, list(offences)), ("code",), here),
        _within(as_counted(read_direct(codes=known), states if table is None else read_states()), ("code",), here),
        _within(read_own_laws(codes=known), ("code",), here),
    )


def _within(table: pd.DataFrame, columns: tuple[str, ...], codes: Collection[str]) -> pd.DataFrame:
    for column in columns:
        table = table[table[column].isin(codes)]
    return table.reset_index(drop=True)


def build_states(
    spec: StatesSpec, people: PeopleSpec, demand: DemandSpec, blocks: Mapping[str, Offence], world_seed: int
) -> StateTable:
    """The states of one world."""
    draws = Draws(world_seed)
    return state_table(world_tables(spec, blocks, draws), spec, people, demand, blocks, offences_of(blocks), draws)


def build_world(spec: StatesSpec, people: PeopleSpec, demand: DemandSpec, blocks: Mapping[str, Offence], world_seed: int) -> World:
    """All facts of one world; its authorities' capacity is still infinite."""
    states = build_states(spec, people, demand, blocks, world_seed)
    return World(
        seed=world_seed,
        states=states,
        people=people_table(people, states, Draws(world_seed)),
        offences=offences_of(blocks),
        capacity=np.full(states.count, np.inf),
    )
