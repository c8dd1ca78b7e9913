"""Small worlds and single desks for tests: every number that a test reasons about is set by the test itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.arrays import Ints
from sim.conduct.demand import latent_cases
from sim.config import load
from sim.draws import Draws, name_keys
from sim.metrics import Finished
from sim.month import advance, begin
from sim.result import Result
from sim.review.assembly import Review, assemble
from sim.review.identifiers import parameter_columns
from sim.review.queue import Queue, empty_queue, waits
from sim.review.reading import Practice, Reading
from sim.review.spec import practice_of, reading_of
from sim.rules import rules_of
from sim.run import Run, finish
from sim.settings import Config
from sim.sources.worlds import build_world
from sim.world.cases import HOST_SLOTS, RESIDENCE_SLOT, Cases
from sim.world.docket import Docket, empty_docket
from sim.world.instruments import LawInForce, instrument_names, law_in_force
from sim.world.people import PeopleTable
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import CONTENT, DAYS_PER_MONTH, FORMAL, GROUPS, HONEST, LAPSED, PRESERVATION

SMALL = (
    "states=synthetic",
    "states.synthetic.count=12",
    "people.rows=3000",
    "demand.legitimate=200",
    "years=2",
    "calibration_months=12",
)
NO_JUDGE_BY_OWN_LAW = "safeguards.judge.own_law=null"
"""For tests of what a text says of judges: as adopted, the own law of some states wants one whatever the text."""

NO_OWN_LAW = tuple(f"safeguards.{name}.own_law=null" for name in ("judge", "person", "transfer_law"))
"""No state's own law adds a safeguard to a text."""
NO_FIRM_TELLS = "review.firm_notice.share=0.0"
NARROW_LAWS = tuple(
    f"offences.{name}.breadth={{autocracy: 0.0, democracy: 0.0}}"
    for name in (
        *("illegal_access", "illegal_interception", "data_interference", "system_interference", "misuse_of_devices", "forgery"),
        *("fraud", "child_abuse_material", "grooming", "intimate_images", "laundering"),
    )
)
"""No law on an offence of the Convention covers any protected conduct."""
FEWER_RULES = (
    *NO_OWN_LAW,
    NO_FIRM_TELLS,
    *NARROW_LAWS,
    *("conduct.intent=false", "safeguards.suspension.second_reading=false", "safeguards.desk.bar=2.5", "demand.realtime_share=0.0"),
    *("instruments.hanoi.safeguards.prejudice=absent", "instruments.hanoi.stops_preservation.prejudice=false"),
    *(f"people.per_million.{group}=0" for group in ("woman", "lawyer", "whistleblower")),
    "offence=[cyber_dependent,convention,serious,protected]",
)
"""As adopted but for what came later: own law, firms that tell, breadth, intent, live collection, prejudice, three groups.

Also without cyberstalking. Morality stays a crime, but nobody is pursued for it.
"""


@lru_cache(maxsize=64)
def made_up(*overrides: str) -> Config:
    """A small made-up world's configuration, as adopted but for the overrides; one of a key takes the place of the usual one."""
    mine = {override.split("=", 1)[0] for override in overrides}
    return load(*(usual for usual in SMALL if usual.split("=", 1)[0] not in mine), *overrides)


def with_forces(config: Config, force: str, *names: str, instruments: Iterable[str] | None = None) -> Config:
    """The same configuration where every text (or those named) gives the safeguards this force."""
    texts = dict(config.instruments)
    for text in texts if instruments is None else instruments:
        texts[text] = texts[text].model_copy(update={"safeguards": {**texts[text].safeguards, **dict.fromkeys(names, force)}})
    return config.model_copy(update={"instruments": texts})


def with_safeguard(config: Config, name: str, **fields: Any) -> Config:
    """The same configuration with other numbers in one safeguard."""
    return config.model_copy(update={"safeguards": {**config.safeguards, name: config.safeguards[name].model_copy(update=fields)}})


def with_review(config: Config, **fields: Any) -> Config:
    """The same configuration with other numbers in the practice of review; the reference, so the world, stays as it is."""
    return config.model_copy(update={"review": config.review.model_copy(update=fields)})


def with_conduct(config: Config, **fields: Any) -> Config:
    """The same configuration with other requesters."""
    return config.model_copy(update={"conduct": config.conduct.model_copy(update=fields)})


def bare_world(config: Config, seed: int = 1) -> World:
    """A world whose authorities have endless hours."""
    return build_world(config.states, config.people, config.demand, config.offences, seed)


def started(
    config: Config,
    world: World,
    seed: int = 1,
    months: int | None = None,
    loaded: bool = False,
    treaty_from: int | None = None,
    **replaced: dict[str, Any],
) -> Run:
    """A run at its beginning; ``law``, ``reading``, ``practice`` and ``habits`` take the fields that a test replaces."""
    rules = rules_of(config.policy, world, loaded, config.run_in_months if treaty_from is None else treaty_from)
    parts = {part: getattr(rules, part)._replace(**fields) for part, fields in replaced.items()}
    length = config.months if months is None else months
    draws = Draws(seed)
    return begin(config, world, replace(rules, **parts), latent_cases(world, config.demand, draws, length), draws, length)


def ended(run: Run) -> Finished:
    """The run at its end."""
    while run.month < run.months:
        advance(run)
    return finish(run)


NOTHING_EXPIRES = {
    "lapse_per_year": 0.0,
    "supplement_bar": -np.inf,
    "retention_log": np.inf,
    "park_bar": np.inf,
    "trust_floor": -np.inf,
}
"""Practice in which no file lapses, is sent back, or is parked, and no data expire."""


def cohort(world: World, cells: dict[tuple[int, int], dict[str, Any]], hosts: Ints | None = None, host: int = 0) -> PeopleTable:
    """People by (origin row, group): each cell gives ``visibility``, ``expression``, ``weight`` of its rows; all at one host."""
    states = world.states
    count = np.zeros(states.count * len(GROUPS), np.int64)
    for (origin, group), cell in cells.items():
        count[origin * len(GROUPS) + group] = len(cell["weight"])
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    rows = int(start[-1])
    order = sorted(cells)

    def joined(name: str) -> NDArray[np.float64]:
        return np.concatenate([np.asarray(cells[key][name], float) for key in order])

    cell_of = np.repeat(np.arange(count.size), count)
    origin = cell_of // len(GROUPS)
    omega = joined("weight") * joined("visibility") * joined("expression")
    cumulative = np.concatenate([np.cumsum(omega[a:b]) for a, b in pairwise(start)])
    placed = np.full((rows, 4), -1, np.int64)
    placed[:, 1] = host
    return PeopleTable(
        ids=np.arange(1, rows + 1, dtype=np.uint64),
        origin=origin,
        group=cell_of % len(GROUPS),
        residence=origin.copy(),
        hosts=placed if hosts is None else hosts,
        visibility=joined("visibility"),
        expression=joined("expression"),
        weight=joined("weight"),
        cell_start=start,
        cumulative=cumulative,
    )


# --- one desk ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Office:
    """Two neutral states, ``ASKS`` and ``HOLDS``; nothing is in force but the desk, and nothing lapses, expires or is parked."""

    world: World
    instruments: tuple[str, ...]
    review: Review
    columns: dict[str, tuple[str, ...]]
    law: LawInForce
    reading: Reading
    practice: Practice

    def applying(self, chance: float, *names: str) -> Office:
        """The same office where these safeguards are applied with this chance under every text."""
        applies = self.reading.applies.copy()
        for name in names:
            applies[self.review.names.index(name)] = chance
        return replace(self, reading=self.reading._replace(applies=applies))

    def numbered(self, name: str, **columns: float) -> Office:
        """The same office with other parameters in one safeguard's row."""
        numbers = self.reading.numbers.copy()
        for column, value in columns.items():
            place = self.columns[name].index(column) if column != "own" else 5
            numbers[self.review.names.index(name), place] = value
        return replace(self, reading=self.reading._replace(numbers=numbers))

    def read(self, **fields: Any) -> Office:
        """The same office with other tables."""
        return replace(self, reading=self.reading._replace(**fields))

    def practised(self, **fields: float) -> Office:
        """The same office with another practice."""
        return replace(self, practice=self.practice._replace(**fields))

    def ruled(self, **fields: Any) -> Office:
        """The same office under other law."""
        return replace(self, law=self.law._replace(**fields))

    def bit(self, *names: str) -> int:
        """The docket's grounds if exactly these stood."""
        return sum(1 << self.review.names.index(name) for name in names)

    def offence(self, name: str) -> int:
        """Row of an offence."""
        return self.world.offences.names.index(name)


HOLDS, ASKS = 0, 1


def office(config: Config | None = None) -> Office:
    """A neutral office: perfect skill, neutral bars, v = 2 however framed, all covered, all conduct a crime; no firm tells."""
    config = made_up("states.synthetic.count=2", "states.synthetic.hosts=1") if config is None else config
    world = bare_world(config)
    review = assemble(config.safeguards)
    reading = reading_of(config.review, world, config.safeguards, config.instruments, review)
    applies = np.zeros_like(reading.applies)
    applies[review.names.index("desk")] = 1.0
    n = world.states.count
    return Office(
        world=world,
        instruments=instrument_names(config.instruments),
        review=review,
        columns={name: parameter_columns(config.safeguards[name]) for name in review.names},
        law=law_in_force(config.instruments, world.states, world.offences, Draws(world.seed)),
        reading=reading._replace(
            applies=applies,
            skill=np.ones(n),
            judicial=np.ones(n),
            pair_bar=np.zeros((n, n)),
            standing=np.zeros((n, n)),
            firm_notice=np.zeros(n),
            goodwill=np.ones((n, n)),
            trust_bar=np.zeros(n),
            size=np.ones(n),
            misuse=np.zeros((n, 2)),
            crime=np.ones_like(reading.crime),
            covers=np.ones_like(reading.covers),
            plausible=np.full_like(reading.plausible, 0.6),
            strength=np.full(4, 2.0),
        ),
        practice=practice_of(config.review, config.safeguards, review.names)._replace(
            **NOTHING_EXPIRES, plausibility_from=1.6, visibility_slope=0.0, delay_log=0.0, delay_spread=0.0
        ),
    )


def files(
    place: Office,
    count: int,
    *,
    abusive: bool = False,
    kind: int = HONEST,
    conduct: str = "insult",
    label: str | None = None,
    alleged: str | None = None,
    group: str = "dissident",
    instrument: str = "hanoi",
    wanted: int = CONTENT,
    channel: int = FORMAL,
    quality: float | NDArray[np.float64] = 0.0,
    visibility: float = 1.0,
    day: NDArray[np.float64] | float = 1.0,
    requested: NDArray[np.int64] | int = HOLDS,
    resident_only: bool = False,
    preserved: bool = False,
    secret: bool = False,
    realtime: bool = False,
    first_id: int = 1,
    seed: int = 1,
) -> tuple[Cases, Docket]:
    """Files as the requesters would have written them: one case each, with a preservation request before it if asked."""
    ids = np.arange(first_id, first_id + count, dtype=np.uint64)
    days = np.broadcast_to(np.asarray(day, float), count).copy()
    asked = np.broadcast_to(np.asarray(requested, np.int64), count)
    hosts = np.full((count, HOST_SLOTS), -1, np.int64)
    hosts[:, RESIDENCE_SLOT if resident_only else 1] = asked
    true = place.offence(conduct)
    cases = Cases(
        id=ids,
        month=np.floor(days / DAYS_PER_MONTH).astype(np.int64),
        day=days,
        requester=np.full(count, ASKS),
        abusive=np.full(count, abusive),
        conduct=np.full(count, true),
        group=np.full(count, GROUPS.index(group) if abusive else -1),  # type: ignore[arg-type]
        person=np.full(count, 0 if abusive else -1),
        member=np.zeros(count, np.int64),
        visibility=np.full(count, visibility),
        wanted=np.full(count, wanted),
        hosts=hosts,
        domestic=np.zeros(count, bool),
        urgent=np.full(count, channel == 1),
        secret=np.full(count, secret),
        realtime=np.full(count, realtime),
        dossier=Draws(seed).normal("dossier", ids),
    )
    each = 2 if preserved else 1
    docket = empty_docket(each * count)
    docket.case[:] = np.repeat(np.arange(count), each)
    docket.month[:] = np.repeat(cases.month, each)
    docket.requested[:] = np.repeat(asked, each)
    docket.instrument[:] = place.instruments.index(instrument)
    docket.channel[:] = channel
    if preserved:
        docket.channel[::2] = PRESERVATION
    docket.wanted[:] = wanted
    docket.label[:] = true if label is None else place.offence(label)
    docket.alleged[:] = true if alleged is None else place.offence(alleged)
    docket.kind[:] = kind
    docket.quality[:] = np.repeat(np.broadcast_to(np.asarray(quality, float), count), each)
    docket.filed_day[:] = np.repeat(days, each)
    docket.used[0] = each * count
    return cases, docket


def answered(
    place: Office,
    cases: Cases,
    docket: Docket,
    *,
    months: int = 1,
    loaded: bool = False,
    capacity: float | NDArray[np.float64] = np.inf,
    seed: int = 1,
    monthly: Any = None,
) -> Queue:
    """Every file received in its month and served; the docket is written. ``monthly(month, queue)`` is called after each."""
    hours = np.broadcast_to(np.asarray(capacity, float), place.world.states.count).copy()
    room = docket.case.size
    queue = empty_queue(hours.size, months, room)
    upto = np.searchsorted(docket.month, np.arange(months + 1))
    root = Draws(seed).root
    for month in range(months):
        docket.used[0] = upto[month + 1]
        first = int(upto[month])
        place.review.receive(root, month, first, loaded, cases, docket, queue, place.law, place.reading, place.practice)
        place.review.serve(root, month, loaded, hours, cases, docket, queue, place.law, place.reading, place.practice)
        if monthly is not None:
            monthly(month, queue)
    return queue


def walked(docket: Docket, queue: Queue, state: int, lane: int) -> list[int]:
    """Rows that wait still in one lane of one authority, by following the links; who has given up stands there till then."""
    rows: list[int] = []
    m = int(queue.head[state, lane])
    while m != -1:
        rows.append(m)
        assert len(rows) <= queue.after.size, "the lane runs in a circle"
        m = int(queue.after[m])
    assert (rows[-1] if rows else -1) == queue.tail[state, lane]
    assert (docket.status[[m for m in rows if not waits(docket, m)]] == LAPSED).all()
    return [m for m in rows if waits(docket, m)]


# --- comparing -----------------------------------------------------------------------------------------------------------


def events(run: Finished) -> pd.DataFrame:
    """What happened, by names and ids alone: rows may stand anywhere, states may have other numbers."""
    docket, codes = run.docket, np.array(run.world.states.codes)
    frame = pd.DataFrame(
        {
            "case": run.cases.id[docket.case],
            "attempt": docket.attempt,
            "channel": docket.channel,
            "requester": codes[run.cases.requester[docket.case]],
            "requested": codes[docket.requested],
            "instrument": np.array(run.instruments)[docket.instrument],
            **{name: getattr(docket, name) for name in ("label", "alleged", "kind", "wanted", "granted", "status", "grounds")},
            **{name: getattr(docket, name) for name in ("reason", "narrowed", "filed_day", "decided_day", "executed_day")},
            "ended_day": docket.ended_day,
        }
    )
    return frame.sort_values(["case", "attempt", "channel"], ignore_index=True)


def fingerprint(result: Result) -> str:
    """Every byte of the three tables of a result, as a digest."""
    digest = hashlib.sha256()
    for frame in (result.requests, result.cases, result.metrics):
        for name in frame.columns:
            column = frame[name]
            digest.update(name.encode())
            if isinstance(column.dtype, pd.CategoricalDtype):
                digest.update(column.cat.codes.to_numpy().tobytes() + ",".join(map(str, column.cat.categories)).encode())
            elif column.dtype.kind in "biuf" and isinstance(column.dtype, np.dtype):
                digest.update(column.to_numpy().tobytes())
            else:
                digest.update("\n".join(map(str, column)).encode())
    return digest.hexdigest()


def told(seed: int, *overrides: str) -> str:
    """Digest of a whole run; importable, so that other processes can make the same run."""
    from sim.simulation import simulate

    return fingerprint(simulate(made_up(*overrides), seed=seed))


def with_state(world: World, code: str) -> World:
    """The same world with one more state that wants nothing, holds nothing, is bound by nothing and has nobody at risk."""
    states, people = world.states, world.people
    codes = tuple(sorted((*states.codes, code)))
    at = codes.index(code)

    def wider(array: NDArray[Any], value: Any, square: bool) -> NDArray[Any]:
        longer = np.insert(array, at, value, axis=0)
        return np.insert(longer, at, value, axis=1) if square else longer

    squares = ("exile_hosts", "host_share", "closeness", "alignment", "mlat")
    nothing = ("demand", "pursuit", "at_risk", "exile_share", "home_service", "direct_requests", "direct_emergency", *squares)
    changed: dict[str, Any] = {}
    for name, value in vars(states).items():
        if isinstance(value, dict):
            changed[name] = {key: wider(flags, False, False) for key, flags in value.items()}
        elif isinstance(value, np.ndarray) and name != "keys":
            changed[name] = wider(value, 0 if name in nothing else value[0], name in squares)
        elif isinstance(value, tuple) and name != "codes":
            changed[name] = (*value[:at], value[0], *value[at:])
    for name in squares:  # the copied first row of a square would be longer than its own columns: nothing is what it holds
        assert changed[name].shape == (len(codes), len(codes))
    larger = StateTable(**{**changed, "codes": codes, "keys": name_keys(codes)})
    moved = np.array([*range(at), *range(at + 1, len(codes)), -1])  # last: what -1, "none", becomes

    groups = len(GROUPS)
    cells = people.cell_start
    start = np.concatenate([cells[: at * groups + 1], np.full(groups, cells[at * groups]), cells[at * groups + 1 :]])
    further = replace(
        people, origin=moved[people.origin], residence=moved[people.residence], hosts=moved[people.hosts], cell_start=start
    )
    return World(world.seed, larger, further, world.offences, np.insert(world.capacity, at, world.capacity[0]))
