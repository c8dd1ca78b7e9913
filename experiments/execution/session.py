"""A plan executed into its store, whatever comes between: what the store lacks is run, and the same command goes on.

Runs that are in the store already are not done again; the order, the engine and the number of workers change no table.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing, contextmanager, suppress
from typing import NamedTuple

from rich.console import Console

from experiments.console import Terminal
from experiments.errors import FAILED, INTERRUPTED, StoppedError
from experiments.execution.engines import engine_of
from experiments.execution.forecast import Ahead, projected
from experiments.execution.jobs import Batch, shared_of, trials, warm, work
from experiments.execution.manifest import Session, how_it_ended, manifest_of_turn
from experiments.execution.plan import Plan, refuse_unguarded_plan
from experiments.execution.progress import bar, print_failures
from experiments.interrupts import held
from experiments.store.identity import code_fingerprint
from experiments.store.requests import REQUESTS, files_of
from experiments.store.schema import Done, RunKey
from experiments.store.store import CHUNK, Store, writing
from experiments.text import counted, time_text
from sim.config import checked_config
from sim.world.record import RogatoryError

_TABLES = ("states.table", "states.penalty_table")  # keys of a user's own tables


Further = Callable[[Plan, Session], Plan | None]
"""What is to be run once a plan has been, or None where that is enough; it reads of the store what the plan asked for."""


class Ran(NamedTuple):
    """A plan that has been run to its end, with all that was asked for meanwhile."""

    plan: Plan
    turn: Session


def run_plan(plan: Plan, console: Console, further: Further | None = None) -> Ran:
    """Run what a plan still lacks, and what ``further`` asks for then. Raises ``StoppedError``, also for a run that failed."""
    refuse_unguarded_plan(plan)
    turn = Session()
    asked: Plan | None = plan
    try:
        with writing(plan.folder, plan.identity, plan.writer, plan.asked.mix) as store:
            while asked is not None:
                plan = asked
                conduct(plan, store, console, turn)
                asked = further(plan, turn) if further else None
            store.fold_rest()
            left = len(plan.keys - store.finished())
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, OSError, MemoryError) as error:  # before the first run, or after the last
        raise _halted(error, turn.done, plan) from None
    console.print(_closing(plan, turn, left), markup=False, highlight=False, soft_wrap=True)
    if turn.failed:
        raise StoppedError(f"{counted(turn.failed, 'run')} failed; the others are kept: rogatory check store={plan.folder}", FAILED)
    return Ran(plan, turn)


def conduct(plan: Plan, store: Store, console: Console, whole: Session) -> None:
    """Do what is not done yet, and keep it as it comes; an interrupt or a full disk loses no run that has ended.

    What happens is counted in the ``whole`` turn too, of which this may be a part.
    """
    turn = Session()
    try:
        with _session(plan, store, turn):
            _run_all(plan, store, turn, console)
    except (KeyboardInterrupt, BrokenExecutor, OSError, MemoryError) as error:
        raise _halted(error, whole.done + turn.done, plan, ran=True) from None
    finally:
        whole.add(turn)


@contextmanager
def runs_kept(plan: Plan) -> Iterator[None]:
    """Within it whatever ends a study says where its runs are: they need not be done again for tables and figures."""
    try:
        yield
    except RogatoryError:  # a mistake in what was asked: nothing was run for it
        raise
    except (Exception, KeyboardInterrupt) as error:
        goes_on = "; the same command goes on" if isinstance(error, KeyboardInterrupt | OSError | MemoryError) else ""
        error.add_note(f"what {plan.folder} holds is kept{goes_on}")
        raise


def timed(plan: Plan) -> Done:
    """One run of a plan, made in this process and kept nowhere: its last point, once all that its points need is compiled."""
    warm(trials([checked_config(plain) for plain in plan.points.bases.values()]))
    shared = shared_of(plan.points, plan.kept._replace(tables=plan.kept.tables - {REQUESTS}), code_fingerprint(), plan.folder)
    last = plan.batches[-1]
    (run,) = work(shared, Batch(last.keys[-1:], last.home))
    return run


@contextmanager
def _session(plan: Plan, store: Store, turn: Session) -> Iterator[None]:
    """The manifest of a turn stands in the store while it runs, and says in the end how it went."""
    said = manifest_of_turn(plan, store)
    name = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%f}Z-{plan.writer}"
    store.write_session(name, said | {"status": "running"})
    try:
        yield
    except BaseException:
        with suppress(OSError):  # a full disk has been told already
            store.write_session(name, said | how_it_ended(turn, "interrupted"))
        raise
    store.write_session(name, said | how_it_ended(turn, "failures" if turn.failed else "done"))


def _halted(error: BaseException, done: int, plan: Plan, ran: bool = False) -> StoppedError:
    """How a turn ended early; where it had not begun to run nothing is said of its runs."""
    what = f"{counted(done, 'run')} of this turn kept in {plan.folder}" if ran or done else f"what {plan.folder} held is kept"
    kept = f"{what}; the same command goes on"
    if isinstance(error, KeyboardInterrupt):
        return StoppedError(f"interrupted; {kept}", INTERRUPTED)
    return StoppedError(f"{type(error).__name__}: {' '.join(str(error).split())}; {kept}", FAILED)


def _run_all(plan: Plan, store: Store, turn: Session, console: Console) -> None:
    """Do and keep what of a plan's part the store lacks; then all of its order that is there becomes parts of the tables."""
    batches, finished = plan.batches, store.finished()
    order = [key for batch in batches for key in batch.keys]
    todo = [Batch(left, batch.home) for batch in batches if (left := tuple(key for key in batch.keys if key not in finished))]
    chunks = _Chunks(order, finished, store)
    if not todo:
        console.print(f"{counted(len(order), 'run')}: all there already.", highlight=False)
    else:
        store.configurations.refuse_others(_at_risk(plan, store))
        _do(todo, len(order), plan, store, turn, chunks)
    started = time.perf_counter()
    chunks.settle()
    turn.own += time.perf_counter() - started


def _do(todo: Sequence[Batch], asked: int, plan: Plan, store: Store, turn: Session, chunks: _Chunks) -> None:
    """Do batches of the ``asked`` runs of a plan, and keep what comes of each; how far they are is shown meanwhile."""
    count = sum(len(batch.keys) for batch in todo)
    workers = plan.workers_for(count)
    engine = engine_of(plan.asked.engine, workers)
    shared = shared_of(plan.points, plan.kept, code_fingerprint(), plan.folder, plan.writer)
    shown, told = Terminal(stderr=True), Counter[str]()
    with shown.status("compiling the rules (once; about half a minute on a new machine)"):
        warm(trials([checked_config(plain) for plain in plan.points.bases.values()]), workers)  # not once in each process
    with bar(shown) as progress, closing(engine(shared, todo)) as ended:
        task = progress.add_task(plan.folder.name, total=count, failed=0)
        for runs in ended:
            if not turn.done + turn.failed:
                start = time.monotonic() - turn.began - sum(run.seconds for run in runs)
                size = store.size_of_words(), files_of(plan.folder, runs) // len(runs)
                ahead = Ahead(asked - count, plan.pages, *size, plan.open_ended)
                words = projected(runs, todo, workers, max(start, 0.0), ahead)
                progress.console.print(words, highlight=False, soft_wrap=True)
            _keep(runs, store, chunks, turn)
            print_failures(runs, told, progress)
            progress.update(task, completed=turn.done + turn.failed, failed=turn.failed)


def _at_risk(plan: Plan, store: Store) -> Iterator[tuple[str, str]]:
    """Points with runs in the store whose configuration may be another one now, and its digest: before a run is made in vain.

    Other settings of a scenario or an arm are refused when the store is opened, unless the user mixes; a table that a point
    names for itself is nowhere compared. Whatever slips through is refused when its first run is to be kept.
    """
    there = store.configurations.points()
    for place, (point, (_, settings)) in enumerate(zip(plan.points.frame["point"], plan.points.settings, strict=True)):
        if point in there and (plan.asked.mix or any(key in _TABLES for key in settings)):
            yield point, plan.points.config(place).digest()


def _keep(ended: Sequence[Done], store: Store, chunks: _Chunks, turn: Session) -> None:
    started = time.perf_counter()
    with held():  # what is kept is counted too, or an interrupt would be told with the wrong number
        store.add(ended)
        for run in ended:
            turn.done, turn.failed = turn.done + (not run.error), turn.failed + bool(run.error)
            turn.seconds, turn.array_seconds = turn.seconds + run.seconds, turn.array_seconds + run.array_seconds
    chunks.tick(ended)
    turn.own += time.perf_counter() - started


class _Chunks:
    """Which thousand runs of the order are complete: they become a part when all before them have."""

    def __init__(self, order: Sequence[RunKey], finished: set[RunKey], store: Store) -> None:
        self._chunks = [order[first : first + CHUNK] for first in range(0, len(order), CHUNK)]
        self._home = {key: number for number, chunk in enumerate(self._chunks) for key in chunk}
        self._left = [sum(key not in finished for key in chunk) for chunk in self._chunks]
        self._next = 0
        self._store = store

    def tick(self, ended: Sequence[Done]) -> None:
        """Count what has ended."""
        for run in ended:
            self._left[self._home[run.key]] -= 1
        while self._next < len(self._chunks) - 1 and not self._left[self._next]:  # the last one is the settlement's
            self._fold_next()

    def settle(self) -> None:
        """The end of a turn: what is complete or will not be becomes parts, chunk by chunk, and failures their table."""
        while self._next < len(self._chunks):
            self._fold_next()
        self._store.settle_failures()

    def _fold_next(self) -> None:
        self._store.fold(self._chunks[self._next])
        self._next += 1


# --- telling ----------------------------------------------------------------------------------------------------------------------


def _closing(plan: Plan, turn: Session, left: int) -> str:
    own = turn.own + turn.seconds - turn.array_seconds
    share = f", {100 * own / turn.array_seconds:.1f} % of the compute time for runner and store" if turn.array_seconds else ""
    state = "complete" if not left else f"{counted(left, 'run')} missing"
    took = time_text(time.monotonic() - turn.began)
    return f"{counted(turn.done, 'run')} in {took}{share}. Store: {plan.folder} ({state})."
