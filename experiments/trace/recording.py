"""A run in which every step about chosen cases is on record, taken from the compiled run's own tables as it goes.

The run itself is the compiled one. In a month in which something happens to a chosen request, the same kernel is run once
more in plain Python on a copy of what it was given, and must leave the request as the compiled one left it: ``strays`` names
what differs, and a retelling with strays is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.trace.interpreter import Call, Recorder, parameters_of
from sim.conduct.doors import MOST_ROWS_A_CASE
from sim.conduct.filing import file_requests
from sim.conduct.learning import Mind
from sim.conduct.retries import empty_book, wishes_of_month
from sim.metrics import Finished
from sim.month import advance
from sim.review.queue import NONE, Queue
from sim.rules import Rules
from sim.run import Run, finish
from sim.settings import Config
from sim.simulation import prepare
from sim.world.docket import Docket, empty_docket
from sim.world.instruments import texts_by_pair

_DAY_TOLERANCE = 1e-9  # days, relative: a logarithm may differ in its last bit between two libraries
_SERVED = "serve"


@dataclass(frozen=True)
class Stage:
    """What one kernel did about one request in one month."""

    kernel: str
    month: int
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Occasion:
    """A case comes up, for the first time or again: what its requester's book said of it on that day."""

    month: int
    day: float  # since the start of the run-in
    status: int
    attempts: int
    tried: int
    ways: tuple[int, ...]  # state and frame of what was filed before
    last_channel: int | None  # of the last row that it filed
    mind: Mind  # what requesters had learned by then
    expression: float  # of the person then, relative to baseline; one where nobody at risk is concerned


@dataclass(frozen=True)
class Witnessed:
    """A finished run and, of the chosen cases, every step on record."""

    config: Config
    run: Run
    finished: Finished
    stages: Mapping[int, tuple[Stage, ...]]  # by docket row
    occasions: Mapping[int, tuple[Occasion, ...]]  # by case row
    in_force: Mapping[int, NDArray[np.bool_]]  # by month, where suspensions, scandals, parties or shocks changed it
    rules: Mapping[int, Rules]  # by month, where the law, shocks or what reviewers remember changed them
    strays: tuple[str, ...]

    def rules_at(self, month: int) -> Rules:
        """The rules of a month: those of the run-in until the window opens; then of each month, where anything changes them."""
        return self.rules.get(month, _rules_at(self.run, month))

    def requests_of(self, case: int) -> NDArray[np.int64]:
        """Docket rows of a case, in order of filing."""
        return np.flatnonzero(self.finished.docket.case == case)


def _rules_at(run: Run, month: int) -> Rules:
    return run.rules if month >= run.rules.treaty_from or run.rules.run_in is None else run.rules.run_in


def witness(config: Config, cases: Iterable[int], seed: int | None = None, world_seed: int | None = None) -> Witnessed:
    """Run a configuration to its end with the given case rows under observation."""
    run = prepare(config, seed, world_seed)
    watch = _Watch(frozenset(map(int, cases)))
    run.rules = _observed(run.rules, watch)
    in_force: dict[int, NDArray[np.bool_]] = {}
    rules: dict[int, Rules] = {}
    while run.month < run.months:
        watch.look_at_wishes(run, _rules_at(run, run.month))
        if run.rules.revocable or run.polity is not None or run.shaken:
            in_force[run.month] = run.in_force.copy()
        if run.polity is not None or run.shaken:
            rules[run.month] = _rules_at(run, run.month)
        month, held = run.month, _rules_at(run, run.month)
        advance(run)
        if month in watch.months and run.rules.adaptation.reviewers.remembers:
            rules[month] = held
    return Witnessed(
        config=run.config,
        run=run,
        finished=finish(run),
        stages=_held(watch.stages),
        occasions=_held(watch.occasions),
        in_force=in_force,
        rules=rules,
        strays=tuple(watch.strays),
    )


def _observed(rules: Rules, watch: _Watch) -> Rules:
    """The same rules, with a watch over every kernel of the review."""
    kernels = {name: kernel for name, kernel in vars(rules.review).items() if hasattr(kernel, "py_func")}
    changes: dict[str, Any] = {name: watch.over(name, kernel) for name, kernel in kernels.items()}
    review = replace(rules.review, **changes)
    return replace(rules, review=review, run_in=None if rules.run_in is None else replace(rules.run_in, review=review))


def _held[T](lists: Mapping[int, list[T]]) -> dict[int, tuple[T, ...]]:
    """The same, which nobody can add to."""
    return {key: tuple(found) for key, found in lists.items()}


class _Watch:
    """Stands between the run and its kernels."""

    def __init__(self, cases: frozenset[int]) -> None:
        self.stages: dict[int, list[Stage]] = {}
        self.occasions: dict[int, list[Occasion]] = {}
        self.strays: list[str] = []
        self.months: set[int] = set()  # in which something happened to a chosen case
        self._cases = np.array(sorted(cases), np.int64)
        self._rows: list[int] = []  # chosen rows that have not ended
        self._seen = 0
        self._recorder = Recorder()

    def look_at_wishes(self, run: Run, rules: Rules) -> None:
        """Note which chosen cases come up in the month that is about to begin."""
        docket = run.docket
        book = run.book._replace(waiting=run.book.waiting.copy(), until=run.book.until.copy(), held=run.book.held.copy())
        wishes, days = wishes_of_month(run.month, run.edges, run.cases, book, docket, rules.habits)
        for w in np.flatnonzero(np.isin(wishes, self._cases)):
            c = int(wishes[w])
            last = int(book.last[c])
            channel = int(docket.channel[last]) if last >= 0 else None
            so_far = int(book.status[c]), int(book.attempts[c]), int(book.tried[c]), tuple(book.ways[c].tolist())
            person = int(run.cases.person[c])
            expressed = float(run.expression[person]) if person >= 0 else 1.0
            occasion = Occasion(run.month, float(days[w]), *so_far, channel, _copied(run.mind), expressed)
            self.occasions.setdefault(c, []).append(occasion)
            self.months.add(run.month)

    def over(self, name: str, kernel: Any) -> Callable[..., Any]:
        """The compiled kernel, retold in plain Python whenever it touches a chosen row."""
        words = parameters_of(kernel)
        written = self._recorder.plain(kernel)

        def watched(*given: Any) -> Any:
            asked = dict(zip(words, given, strict=True))
            docket: Docket = asked["docket"]
            self._look_for_new(docket)
            if not self._rows:
                return kernel(*given)
            copies = {word: _copied(value) for word, value in asked.items()}
            said = kernel(*given)
            changed = [m for m in self._rows if _row(docket, m) != _row(copies["docket"], m)]
            if changed:
                self._retell(name, written, copies, docket, changed)
            self._rows = [m for m in self._rows if np.isnan(docket.ended_day[m])]
            return said

        return watched

    def _look_for_new(self, docket: Docket) -> None:
        used = int(docket.used[0])
        fresh = np.flatnonzero(np.isin(docket.case[self._seen : used], self._cases)) + self._seen
        self._rows += fresh.tolist()
        self._seen = used

    def _retell(self, name: str, written: Callable[..., Any], copies: dict[str, Any], docket: Docket, changed: list[int]) -> None:
        month = int(copies["month"]) if "month" in copies else int(docket.month[changed[0]])
        if name == _SERVED:
            _leave_others_out(copies["queue"], copies["docket"], changed, bool(copies["loaded"]))
        self.months.add(month)
        self._recorder.rows, self._recorder.calls = frozenset(changed), {}
        with np.errstate(all="ignore"):
            written(*copies.values())
        for m in changed:
            self.stages.setdefault(m, []).append(Stage(name, month, tuple(self._recorder.calls.get(m, []))))
        self.strays += [f"{name}, month {month}: {stray}" for stray in _strays(docket, copies["docket"], changed)]
        self._recorder.rows = frozenset()


def _copied(value: Any) -> Any:
    """A table of arrays with those copied that may be written."""
    if isinstance(value, np.ndarray):
        return value.copy() if value.flags.writeable else value
    if isinstance(value, tuple):
        kind: Any = type(value)
        return kind._make(map(_copied, value)) if hasattr(kind, "_make") else value
    return value


def _row(docket: Docket, m: int) -> tuple[bytes, ...]:
    return tuple(column[m].tobytes() for column in docket[1:])


def _strays(truth: Docket, told: Docket, rows: list[int]) -> Iterator[str]:
    """Retold rows that differ from the compiled ones, with the column in which they do."""
    columns: Any = zip(Docket._fields[1:], truth[1:], told[1:], strict=True)
    for name, one, other in columns:
        same = np.isclose(one[rows], other[rows], rtol=_DAY_TOLERANCE, atol=0.0, equal_nan=True)
        yield from (f"request {m}, {name}" for m in np.array(rows)[~same])


def _leave_others_out(queue: Queue, docket: Docket, rows: list[int], loaded: bool) -> None:
    """Empty the lanes of the authorities that nothing is asked about; without load, of all other files too.

    Authorities share nothing within a month; and without load the files of one authority do not share its hours either.
    """
    asked = np.unique(docket.requested[rows])
    others = np.ones(queue.head.shape[0], bool)
    others[asked] = False
    queue.head[others], queue.tail[others], queue.held[others] = NONE, NONE, 0
    if loaded:
        return
    chosen = set(rows)
    for j in asked:
        for lane in range(queue.head.shape[1]):
            kept, m = [], int(queue.head[j, lane])
            while m != NONE:
                if m in chosen:
                    kept.append(m)
                m = int(queue.after[m])
            queue.head[j, lane], queue.tail[j, lane] = (kept[0], kept[-1]) if kept else (NONE, NONE)
            queue.held[j, lane] = len(kept)
            for m, following in zip(kept, [*kept, NONE][1:], strict=True):
                queue.after[m] = following


# --- filing --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filing:
    """One time that a wish came up: what was drawn and chosen, and the rows that came of it."""

    month: int
    day: float  # since the start of the run-in
    attempt: int
    calls: tuple[Call, ...]
    rows: Docket  # as written on the day of filing, before anyone at the requested state touched it
    status: int  # of the case after this
    expression: float  # of the person then, relative to baseline
    volume: NDArray[np.float64]  # [2, N, I] factor that requesters' experience put on the propensity to file by then


@lru_cache(maxsize=1)
def _filing() -> tuple[Recorder, Callable[..., None], tuple[str, ...]]:
    recorder = Recorder()
    return recorder, recorder.plain(file_requests), parameters_of(file_requests)


def filings_of(seen: Witnessed, case: int) -> tuple[Filing, ...]:
    """Every time that a case came up, retold from the text of the filing kernel."""
    run = seen.run
    recorder, written, words = _filing()
    told = []
    for occasion in seen.occasions[case]:
        cases = _only(run.cases, case)._replace(person=np.zeros(1, np.int32))
        book, rows = empty_book(cases.id.size), empty_docket(1 + MOST_ROWS_A_CASE)
        book.status[0], book.attempts[0], book.tried[0] = occasion.status, occasion.attempts, occasion.tried
        book.ways[0] = occasion.ways
        if occasion.last_channel is not None:
            book.last[0], rows.channel[0], rows.used[0] = 0, occasion.last_channel, 1
        before = int(rows.used[0])
        asked = {
            "seed": run.draws.root,
            "month": occasion.month,
            "phase": int(occasion.month >= run.rules.treaty_from),
            "bound": texts_by_pair(law_of(seen, occasion.month)),
            "wishes": np.array([0]),
            "days": np.array([occasion.day]),
            "expression": np.array([occasion.expression]),
            "cases": cases,
            "book": book,
            "docket": rows,
            "law": seen.rules_at(occasion.month).law,
            "habits": seen.rules_at(occasion.month).habits,
            "mind": occasion.mind,
        }
        recorder.calls = {}
        with recorder.everything() as calls:
            written(*(asked[word] for word in words))
        new: Docket = Docket._make([rows.used - before, *(column[before : int(rows.used[0])] for column in rows[1:])])
        told.append(
            Filing(
                occasion.month,
                occasion.day,
                occasion.attempts,
                tuple(calls),
                new,
                int(book.status[0]),
                occasion.expression,
                occasion.mind.volume,
            )
        )
    return tuple(told)


def law_of(seen: Witnessed, month: int) -> NDArray[np.bool_]:
    """Which texts are in force between whom in a month, ``[I, N, N]``."""
    law = seen.rules_at(month).law
    return seen.in_force.get(month, law.after) if month >= seen.run.rules.treaty_from else law.before


def _only(table: Any, row: int) -> Any:
    """A table of arrays cut to one row."""
    return type(table)._make(column[row : row + 1] for column in table)
