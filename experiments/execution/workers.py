"""Worker processes: begun only where they can be, deaf to interrupts, and ended at once when their parent has to stop."""

from __future__ import annotations

import ast
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Lock
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType, ModuleType, TracebackType
from typing import Any, NoReturn, Self

from experiments.interrupts import deaf_children, held
from experiments.memory import look_seldom
from sim.world.record import ConfigError

_GRACE = 0.5  # seconds; *assumption*: in which a worker that is told to stop hands over a result that is on its way
_PATIENCE = 5.0  # seconds; *assumption*: after which a worker that was told to stop is killed
_LOOK = 2.0  # seconds without a result after which one asks whether a process has died; *assumption*. An interrupt that comes
# in the very moment before waiting begins is heard at its end.
_BEGUN_AGAIN = 79  # exit status of a process that found itself running its parent's script; no other part ends with it
_ASKS = ("__name__", "parent_process", "current_process")  # what a guard asks for
_STANDARD_ERROR = 2  # its file's number
_LEAVES = ("exit", "_exit")


class UnguardedError(ConfigError, SystemExit):
    """A script in which processes cannot begin; where nobody catches it a script ends with its line and no traceback."""

    def __init__(self, line: str) -> None:
        """``line`` says what is wrong and what is accepted; a script that ends with it has it as its status."""
        super().__init__(line)
        self.code = line


# --- where processes can begin ----------------------------------------------------------------------------------------------------


def refuse_unguarded(processes: int) -> None:
    """A process that begins runs the parent's script first: refuse one that would call the study again, or that it cannot read.

    In such a process itself, reached all the same, it ends without a word: the parent says what is wrong. Raises
    ``UnguardedError``.
    """
    if processes > 1:
        _refuse_unguarded(processes)


def _refuse_unguarded(processes: int) -> None:
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # set while the parent's script is run
        os._exit(_BEGUN_AGAIN)
    script = _script_of(sys.modules.get("__main__"))
    if script is None:
        return
    if not script.is_file():
        raise UnguardedError(
            f"workers: found {processes} processes in a script that they cannot read ({script.name}); accepted: workers=1, or a "
            "script in a file"
        )
    if not _is_guarded(script):
        _refuse(processes)


def _refuse(processes: int) -> NoReturn:
    raise UnguardedError(
        f"workers: found {processes} processes in a script that each of them would begin again; accepted: workers=1, or the call "
        'under a line `if __name__ == "__main__":`'
    )


def _script_of(main: ModuleType | None) -> Path | None:
    """The file that a new process runs before anything else (``multiprocessing.spawn``); None where there is none."""
    name, path = getattr(getattr(main, "__spec__", None), "name", None), getattr(main, "__file__", None)
    if path is None or (name is not None and (name == "__main__" or name.endswith(".__main__"))):
        return None
    return Path(path)


def _is_guarded(script: Path) -> bool:
    """Whether the line that runs now, of the script itself, is one that another process would not come to; true if unknown."""
    frame: FrameType | None = sys._getframe()
    main = vars(sys.modules["__main__"])
    while frame is not None:
        code = frame.f_code
        if frame.f_globals is main and code.co_name == "<module>" and Path(code.co_filename).absolute() == script.absolute():
            try:
                return stands_guarded(script.read_bytes(), frame.f_lineno)
            except (OSError, SyntaxError, ValueError, RecursionError):
                return True
        frame = frame.f_back
    return True


def stands_guarded(source: bytes | str, line: int) -> bool:
    """Whether a line of a script stands in a branch that asks who runs it, or behind one that leaves.

    >>> stands_guarded("main()", 1), stands_guarded("if __name__ == '__main__': main()", 1)
    (False, True)
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.BoolOp | ast.Match) and _asks(node):
            within = node.lineno <= line <= (node.end_lineno or node.lineno)
            if within or (node.lineno < line and any(map(_leaves, ast.walk(node)))):
                return True
    return False


def _asks(node: ast.If | ast.IfExp | ast.While | ast.BoolOp | ast.Match) -> bool:
    asked = node.subject if isinstance(node, ast.Match) else node if isinstance(node, ast.BoolOp) else node.test
    return any(_name(part) in _ASKS for part in ast.walk(asked))


def _leaves(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _name(node.func) in _LEAVES)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


# --- the processes of one piece of work -----------------------------------------------------------------------------------------


class Workers:
    """Processes for the length of a block: none is left behind, and after a failure or an interrupt none goes on."""

    def __init__(
        self, processes: int, begin: Callable[..., object], given: tuple[object, ...], large: tuple[object, ...] = ()
    ) -> None:  # fmt: skip
        """So many of them; each calls ``begin`` with what is ``given``, and then ``large``, before its first work.

        What is given must be small (some kilobytes): the library writes it to a process that has only just begun, and waits for
        ever where that dies before it has read all. So what may be ``large`` goes another way. Raises ``UnguardedError``.
        """
        _refuse_unguarded(processes)
        self._count = processes
        context = multiprocessing.get_context("spawn")
        self._reader, self._writer = context.Pipe(duplex=False)
        self._parcel = pickle.dumps(large)
        told = (begin, given, self._reader, context.Lock())
        self._pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=told)
        self._begun: dict[int, multiprocessing.process.BaseProcess] = {}
        self._ended: SimpleQueue[Future[Any]] = SimpleQueue()

    def submit[T, R](self, work: Callable[[T], R], task: T) -> Future[R]:
        """Ask for a piece of work, of which ``next_ended`` will tell. Raises ``BrokenProcessPool`` if a process has died."""
        with deaf_children():  # each begins here, when there is work for it
            future = self._pool.submit(_worked, work, task)
            self._begun |= getattr(self._pool, "_processes", None) or {}
            future.add_done_callback(self._ended.put)
        return future

    def next_ended(self) -> Future[Any]:
        """Wait for the end of any piece of work that was asked for; each is told once, in the order in which they end.

        The library's own ``wait`` and ``as_completed`` lock every future in turn: an interrupt among them leaves some locked,
        and the pool then waits for ever. It does so too where a process dies while it hands over a result: it is stopped then.
        """
        while True:
            try:
                return self._ended.get(timeout=_LOOK)
            except Empty:
                if any(process.exitcode is not None for process in self._begun.values()):
                    with held():
                        self._stop()

    def __enter__(self) -> Self:
        """Begin to hand over what is large; a process itself begins when there is work for it."""
        threading.Thread(target=self._hand_over, daemon=True).start()
        return self

    def _hand_over(self) -> None:
        """What is large, once for each process, until all have it or there is nobody left to read."""
        with suppress(OSError):
            for _ in range(self._count):
                self._writer.send_bytes(self._parcel)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Wait for the end of all. Raises ``UnguardedError`` where they came to nothing because they ran the parent's script."""
        with held():  # a second interrupt tears nothing apart
            broken = isinstance(error, BrokenProcessPool)
            if error is not None and not broken:
                self._stop()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._reader.close()  # now nobody reads: who still hands over comes to an end
        if broken and any(process.exitcode == _BEGUN_AGAIN for process in self._begun.values()):
            _refuse(self._count)

    def _stop(self) -> None:
        processes = [*self._begun.values()]
        for process in processes:
            process.terminate()
        waiting = {process.sentinel: process for process in processes}
        while waiting and (gone := wait([*waiting], _PATIENCE)):
            for sentinel in gone:
                del waiting[sentinel]  # type: ignore[arg-type]
        for process in waiting.values():
            process.kill()
            process.join()
        results = getattr(self._pool, "_result_queue", None)
        if results is not None:
            results._writer.close()  # now nobody holds it: who reads a result that was torn in the middle comes to its end


class _StoppedError(BaseException):
    """A worker was told to stop in the middle of its work."""


class _Own:
    """What a worker process knows of itself."""

    working = False
    stopping = False


def _begin(begin: Callable[..., object], given: tuple[object, ...], parcels: Connection, turn: Lock) -> None:
    follow_parent()
    look_seldom()
    with turn:
        parcel = parcels.recv_bytes()
    begin(*given, *pickle.loads(parcel))  # noqa: S301 - of our own parent


def _worked[T, R](work: Callable[[T], R], task: T) -> R:
    """One piece of work; a worker that was told to stop says that it is lost."""
    try:
        _Own.working = True
        if _Own.stopping:
            raise _StoppedError
        return work(task)
    except _StoppedError:
        raise BrokenProcessPool("a worker process was told to stop") from None
    finally:
        _Own.working = False


def follow_parent() -> None:
    """An interrupt is the parent's to handle; and a worker whose parent was killed ends too, or it would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _stop(number: int, frame: FrameType | None) -> None:
    """Give up what is being worked at; a result that is being handed over gets through, or its reader would wait for ever."""
    if _Own.stopping:
        return
    _Own.stopping = True
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_ERROR)  # whatever breaks from here on is nobody's concern
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, _GRACE)  # ends the process from outside: no lock and no long call can be in its way
    if _Own.working:
        raise _StoppedError


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
