"""Worker processes: where they cannot begin one line says so, an interrupt is one line at any time, and none is left behind."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType, ModuleType

import pytest

from experiments import cli, interrupts
from experiments.errors import StoppedError
from experiments.execution import workers as processes
from experiments.execution.workers import UnguardedError, Workers, refuse_unguarded, stands_guarded
from experiments.interrupts import deaf_children, held, listening
from experiments.output import Lacking
from experiments.store.places import STORES, stores_in
from experiments.store.reader import StoredStudy
from experiments.store.validate import faults_of
from sim.world.record import ConfigError

TINY = ("states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1")
ROOT = Path(__file__).parents[2]

# --- scripts ----------------------------------------------------------------------------------------------------------------

GUARDED = [
    ("if __name__ == '__main__':\n    main()", 2),
    ('if "__main__" == __name__:\n    print(1)\n    if True:\n        main(\n            1)', 4),
    ("def go():\n    main()\nif __name__ == '__main__': go()", 3),
    ("if 1 == 1 and __name__ == '__main__':\n    main()", 2),
    ("if __name__ != '__main__':\n    pass\nelse:\n    main()", 4),
    ("try:\n    if __name__ == '__main__':\n        main()\nfinally:\n    pass", 3),
    ("import multiprocessing as m\nif m.parent_process() is None:\n    main()", 3),
    ("import sys\nif __name__ != '__main__':\n    sys.exit()\nmain()", 4),
    ("if __name__ != '__main__':\n    raise SystemExit\nmain()", 3),
    ("__name__ == '__main__' and main()", 1),
    ("main() if __name__ == '__main__' else None", 1),
    ("match __name__:\n    case '__main__':\n        main()", 3),
]
BARE = [
    ("main()", 1),
    ("if __name__ == '__main__':\n    pass\nmain()", 3),
    ("import sys\nif len(sys.argv) > 1:\n    main()", 3),
    ("name = '__main__'\nif name == '__main__':\n    main()", 3),
    ("'''if __name__ == '__main__':'''\nmain()", 2),
    ("def go():\n    if __name__ == '__main__':\n        main()\nmain()", 4),
    ("main(\n    1,\n)\nif __name__ == '__main__':\n    pass", 1),
]


@pytest.mark.parametrize(("script", "line"), GUARDED)
def test_a_call_that_no_other_process_comes_to_stands_guarded(script: str, line: int) -> None:
    assert stands_guarded(script, line)


@pytest.mark.parametrize(("script", "line"), BARE)
def test_a_call_that_each_process_would_make_again_does_not(script: str, line: int) -> None:
    assert not stands_guarded(script, line)


def as_main(monkeypatch: pytest.MonkeyPatch, script: Path, text: str, **known: object) -> None:
    """Run a text as Python runs the script that it was started with."""
    main = ModuleType("__main__")
    vars(main).update({"__file__": str(script), "__spec__": None, "ask": refuse_unguarded} | known)
    monkeypatch.setitem(sys.modules, "__main__", main)
    exec(compile(text, str(script), "exec"), vars(main))


def test_a_script_without_a_guard_is_refused_before_anything_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, text = tmp_path / "mine.py", "def go():\n    ask(2)\n\n\ngo()\n"
    script.write_text(text, encoding="utf-8")
    with pytest.raises(UnguardedError) as told:
        as_main(monkeypatch, script, text)
    assert str(told.value).startswith("workers: found 2 processes in a script that each of them would begin again; accepted: ")
    assert 'if __name__ == "__main__":' in str(told.value)
    assert isinstance(told.value, ConfigError)
    assert isinstance(told.value, SystemExit)
    assert told.value.code == str(told.value)
    as_main(monkeypatch, script, text.replace("ask(2)", "ask(1)"))


def test_a_script_that_no_process_can_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnguardedError, match=r"^workers: found 3 processes in a script that they cannot read \(<stdin>\)"):
        as_main(monkeypatch, Path("<stdin>"), "ask(3)")


@pytest.mark.parametrize("known", [{"__file__": None}, {"__spec__": type("Spec", (), {"name": "tool.__main__"})}])
def test_where_no_script_would_be_run_again_nothing_is_refused(known: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    as_main(monkeypatch, Path("<input>"), "ask(3)", **known)


def test_a_guarded_script_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, text = tmp_path / "mine.py", "if __name__ == '__main__':\n    ask(2)\n"
    script.write_text(text, encoding="utf-8")
    as_main(monkeypatch, script, text)


STUDY = f"""
main({", ".join(map(repr, TINY))}, "seeds=2", "workers=2", "output=out")
"""
WAYS = {
    "run": "from experiments.studies.run import main" + STUDY,
    "compare": "from experiments.studies.compare import main" + STUDY.replace("main(", "main('scenarios=[judge]', "),
    "sweep": "from experiments.studies.sweep import main" + STUDY.replace("main(", "main('design=threshold_sweep', "),
    "a thread": "from experiments.studies.run import main\nfrom threading import Thread\nt = Thread(target=lambda: "
    + STUDY.strip()
    + ")\nt.start(); t.join()",
    "caught": "from experiments.studies.run import main\nfrom sim.world.record import ConfigError\nimport sys\ntry:\n    "
    + STUDY.strip()
    + "\nexcept ConfigError as error:\n    print(error, file=sys.stderr)\n    sys.exit(1)",
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_an_unguarded_script_ends_with_one_line_and_leaves_nothing(way: str, tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(WAYS[way], encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, env=home(), check=False)
    lines = done.stderr.splitlines()
    if way == "a thread":  # Python itself tells what ends a thread
        assert "UnguardedError: workers: found 2 processes" in lines[-1]
    else:
        assert (len(lines), done.returncode) == (1, 1), done.stderr
        assert lines[0].startswith("workers: found 2 processes in a script that each of them would begin again")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.slow
def test_a_script_on_standard_input_is_one_line_and_a_command_runs(tmp_path: Path) -> None:
    text = WAYS["run"]
    piped = subprocess.run([sys.executable, "-"], input=text, capture_output=True, text=True, cwd=tmp_path, env=home(), check=False)
    assert piped.returncode == 1
    assert piped.stderr.count("\n") == 1
    assert piped.stderr.startswith("workers: found 2 processes in a script that they cannot read (<stdin>)")
    assert list(tmp_path.iterdir()) == []
    given = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=tmp_path, env=home(), check=False)
    assert given.returncode == 0, given.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def home() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


# --- interrupts --------------------------------------------------------------------------------------------------------------


def test_an_interrupt_waits_until_what_it_would_tear_is_done() -> None:
    done: list[str] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what comes behind it is what is tested
            with held():
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
                done.append("inside")
            done.append("behind")
        with held():
            done.append("again")
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == ["inside", "again"]


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be blocked here")
def test_a_process_that_begins_meanwhile_never_hears_an_interrupt() -> None:
    with deaf_children():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"], stderr=subprocess.PIPE)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (0, b"")
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def nothing() -> None:
    """What a worker begins with."""


def asleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def killed(_: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_work_that_is_under_way_is_given_up_at_once_when_its_parent_stops() -> None:
    with pytest.raises(KeyError), Workers(2, nothing, ()) as hands:  # noqa: PT012
        hands.submit(asleep, 0.0).result()
        for _ in range(8):
            hands.submit(asleep, 300.0)
        began = time.monotonic()
        raise KeyError
    assert time.monotonic() - began < 30
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_a_worker_that_dies_breaks_the_others_work_and_nobody_waits() -> None:
    with pytest.raises(BrokenProcessPool), Workers(2, nothing, ()) as hands:
        hands.submit(killed, 0.0).result()
    assert multiprocessing.active_children() == []


def test_an_interrupt_that_comes_while_handlers_are_set_again_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    set_it = signal.signal
    before = set_it(signal.SIGINT, signal.default_int_handler)
    came = iter([signal.SIGINT])

    def restore(number: int, handler: object) -> object:
        for one in came:
            signal.raise_signal(one)
        return set_it(number, handler)  # type: ignore[arg-type]

    try:
        with pytest.raises(KeyboardInterrupt), held():
            monkeypatch.setattr(signal, "signal", restore)
    finally:
        monkeypatch.undo()
        set_it(signal.SIGINT, before)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody else has set what happens at an interrupt, and a dropped one is raised again at once."""
    monkeypatch.setattr(interrupts, "_REMIND", 0.05)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("soon")
def test_an_interrupt_that_is_dropped_on_its_way_is_raised_again_until_it_is_heard() -> None:
    began, ticks, dropped = time.monotonic(), iter(range(1000)), 0
    with listening() as stopped:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        for _ in range(2):
            try:
                for _ in ticks:
                    time.sleep(0.01)
            except KeyboardInterrupt:
                dropped += 1
    assert (dropped, stopped) == (2, [signal.SIGINT])
    assert time.monotonic() - began < 10
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.usefixtures("soon")
def test_what_an_interrupt_tidies_up_is_not_interrupted_by_the_same() -> None:
    tidied = list[str]()

    def worked() -> Iterator[int]:
        try:
            yield 1
        finally:
            time.sleep(0.12)
            tidied.append("a generator that is closed")

    def study() -> None:
        work = worked()
        try:
            with closing(work):
                next(work)
                signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            time.sleep(0.12)
            tidied.append("told")
            raise StoppedError("interrupted", 130) from error
        finally:
            time.sleep(0.12)
            tidied.append("what it was made into")

    with pytest.raises(StoppedError), listening():
        study()
    assert tidied == ["a generator that is closed", "told", "what it was made into"]


class Interruption(BaseException):
    """What an interrupt raises here."""


def test_an_interrupt_of_waiting_leaves_no_work_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """``wait`` and ``as_completed`` fail this: among their hundreds of locks an interrupt leaves some."""
    monkeypatch.setattr(processes, "_LOOK", 0.01)

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interruption

    free = list[bool]()
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyError), Workers(1, nothing, ()) as hands:  # noqa: PT012
            futures = [hands.submit(asleep, 300.0) for _ in range(300)]
            for place in range(200):
                with suppress(Interruption):
                    signal.setitimer(signal.ITIMER_REAL, 1e-5 * (1 + place))
                    hands.next_ended()
            signal.setitimer(signal.ITIMER_REAL, 0)
            look = threading.Thread(target=lambda: free.extend(map(is_free, futures)))
            look.start()
            look.join()
            raise KeyError
    finally:
        signal.signal(signal.SIGALRM, before)
    assert free == [True] * 300
    assert multiprocessing.active_children() == []


def is_free(future: Future[object]) -> bool:
    """Whether another thread may take its lock."""
    taken = future._condition.acquire(blocking=False)
    if taken:
        future._condition.release()
    return taken


class Slow:
    """A result over which its reader takes its time."""

    def __reduce__(self) -> tuple[object, ...]:
        return time.sleep, (4.0,)


def slow_to_read(seconds: float) -> Slow:
    time.sleep(seconds)
    return Slow()


def keep_the_reader_busy(hands: Workers) -> None:
    """Two processes have begun, and a second from now who reads their results is at one of them for four.

    The reader hands out work too: whatever else is asked for must be before that second is over.
    """
    for _ in range(2):
        hands.submit(asleep, 0.5)
    for _ in range(2):
        hands.next_ended()
    hands.submit(slow_to_read, 1.0)


def long_result(seconds: float) -> bytes:
    time.sleep(seconds)
    return bytes(1 << 22)


def dies_in_its_result(seconds: float) -> bytes:
    threading.Timer(seconds + 0.5, os._exit, (1,)).start()
    return long_result(seconds)


@pytest.mark.slow
def test_a_result_that_is_torn_in_the_middle_holds_up_nobody() -> None:
    with pytest.raises(KeyError), Workers(2, nothing, ()) as hands:  # noqa: PT012
        keep_the_reader_busy(hands)
        hands.submit(long_result, 2.0)
        time.sleep(2.5)
        raise KeyError
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_a_worker_that_dies_in_the_middle_of_its_result_is_noticed() -> None:
    began = time.monotonic()
    with pytest.raises(BrokenProcessPool), Workers(2, nothing, ()) as hands:  # noqa: PT012
        keep_the_reader_busy(hands)
        dying = hands.submit(dies_in_its_result, 2.0)
        while hands.next_ended() is not dying:
            pass
        dying.result()
    assert time.monotonic() - began < 30
    assert multiprocessing.active_children() == []


STILLBORN = """
import os, sys
from concurrent.futures.process import BrokenProcessPool
if __name__ == "__mp_main__":
    os._exit(1)  # as one that is killed when it has only just begun
from experiments.execution.workers import Workers
from tests.cli.test_processes import SIZE, asleep, sized
if __name__ == "__main__":
    try:
        with Workers(2, sized, (), (bytes(SIZE),)) as hands:
            hands.submit(asleep, 0.0)
            hands.next_ended().result()
    except BrokenProcessPool:
        sys.exit(7)
"""
SIZE = 1 << 22  # bytes: more than a pipe holds
given_to_this: list[bytes] = []


def sized(large: bytes) -> None:
    given_to_this.append(large)


def size_given(_: float) -> int:
    time.sleep(1.0)  # so that the other process gets some too
    return len(given_to_this[0])


@pytest.mark.slow
def test_a_process_that_dies_before_it_has_read_what_it_is_given_holds_up_nobody(tmp_path: Path) -> None:
    script = tmp_path / "stillborn.py"
    script.write_text(STILLBORN)
    done = subprocess.run([sys.executable, str(script)], env=home(), capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (7, "")


@pytest.mark.slow
def test_each_process_is_given_what_is_large_and_nobody_goes_on_handing_over() -> None:
    with Workers(2, sized, (), (bytes(SIZE),)) as hands:
        for _ in range(4):
            hands.submit(size_given, 0.0)
        assert [hands.next_ended().result() for _ in range(4)] == [SIZE] * 4
    with Workers(3, sized, (), (bytes(SIZE),)) as hands:
        assert hands.submit(size_given, 0.0).result() == SIZE, "two others have not begun"
    for _ in range(100):
        if not (left := [thread.name for thread in threading.enumerate() if "_hand_over" in thread.name]):
            break
        time.sleep(0.1)
    assert left == []


def locks_its_threads(_: float) -> None:
    with threading._active_limbo_lock:  # type: ignore[attr-defined]
        time.sleep(300)


@pytest.mark.slow
def test_a_worker_in_which_no_thread_can_begin_is_stopped_without_being_killed() -> None:
    with pytest.raises(KeyError), Workers(1, nothing, ()) as hands:  # noqa: PT012
        hands.submit(asleep, 0.0).result()
        hands.submit(locks_its_threads, 0.0)
        time.sleep(0.5)
        began, workers = time.monotonic(), multiprocessing.active_children()
        raise KeyError
    assert time.monotonic() - began < 4
    assert [worker.exitcode for worker in workers] == [-signal.SIGALRM]


def test_handlers_come_back_even_where_one_of_them_raises_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    restored, set_it = list[int](), signal.signal

    def restore(number: int, handler: object) -> object:
        restored.append(number)
        before = set_it(number, handler)  # type: ignore[arg-type]
        if restored.count(number) == 2 and number == signal.SIGINT:
            raise KeyboardInterrupt
        return before

    own = {number: set_it(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    before = {number: signal.getsignal(number) for number in own}
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
            with held():
                monkeypatch.setattr(signal, "signal", restore)
                restored.append(signal.SIGINT)
        monkeypatch.undo()
        assert {number: signal.getsignal(number) for number in own} == before
    finally:
        for number, handler in own.items():
            set_it(number, handler)


@pytest.mark.slow
def test_processes_that_ended_because_they_ran_the_script_are_told_by_their_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_BEGUN_AGAIN", -signal.SIGKILL)
    with pytest.raises(UnguardedError, match=r"^workers: found 2 processes in a script"), Workers(2, nothing, ()) as hands:
        hands.submit(killed, 0.0).result()


LISTENING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from experiments.cli import shell; shell()"
MOMENTS = {
    "run": (0.2, 0.5, 1.0, 2.0, 4.0, 7.0),
    "compare": (1.0, 4.0),
    "sweep": (1.0, 6.0),
    "run -m": (2.0, 8.0),
}
ASKED = {
    "run": ("run", *TINY, "replicates=1", "seeds=10000", "workers=2"),
    "compare": ("compare", *TINY, "seeds=5000", "replicates=2", "workers=2", "scenarios=[judge]"),
    "adaptation": (
        "adaptation",
        *TINY,
        "seeds=5000",
        "replicates=1",
        "workers=2",
        "scenarios=[judge]",
        "analysis.adaptation.years=[1]",
    ),
    "sweep": ("sweep", *TINY, "design=threshold_sweep", "seeds=2000", "replicates=2", "workers=2"),
    "run -m": ("run", "-m", *TINY[:-1], "years=1,2", "replicates=1", "seeds=500", "workers=2"),
}


@contextmanager
def group(study: str, output: Path) -> Iterator[subprocess.Popen[str]]:
    """A study as a terminal starts it: the leader of a group of processes that hears an interrupt as one."""
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENING, *ASKED[study], f"output={output}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def living(group: int) -> list[str]:
    """Processes of a group that still run; who has ended and is not yet buried does not."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, of = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state not in "ZX":
                found.append(folder.name)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="wants /proc")
@pytest.mark.parametrize(("study", "moment"), [(study, moment) for study, moments in MOMENTS.items() for moment in moments])
def test_an_interrupt_of_the_whole_group_is_one_line_at_any_moment(study: str, moment: float, tmp_path: Path) -> None:
    output = tmp_path / "results"
    with group(study, output) as process:
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        for _ in range(50):
            if not (left := living(process.pid)):
                break
            time.sleep(0.1)
    said = (line for line in errors.splitlines() if line.strip())
    lines = [line for line in said if " left " not in line and not line.startswith("projected: ")]  # but for the bar and forecast
    assert process.returncode == 130, errors
    assert len(lines) == 1, errors
    assert lines[0].startswith("rogatory: interrupted")
    assert left == []
    assert results_in(output) == []
    for store in stores_in(str(output)):
        assert faults_of(store) == []


def results_in(output: Path) -> list[Path]:
    """Whatever of results can be seen, or was begun and left; stores are none."""
    return [path for home in sorted(output.glob("*")) if home.name != STORES for path in (home, *home.glob("*"))]


WATCHED = """
import os, signal, sys, threading
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
from experiments.studies import adaptation
from experiments import cli
from experiments.studies import compare
from experiments.execution import session as execution
from experiments.execution import workers as processes
from experiments.studies import replication as study

def told(owner, name, after=False):
    real, (state, said, how, all_of_them) = getattr(owner, name), (sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    def watched(*given, **more):
        if not after:
            said.touch()
        if state == "drawing":  # half a second of it is left: less than a busy machine may keep another process waiting
            stop = os.killpg if all_of_them else os.kill
            threading.Timer(0.1, stop, (os.getpid(), how)).start()
        found = real(*given, **more)
        if after:
            said.touch()
        return found
    setattr(owner, name, watched)

STATES = {
    "compiling": [(execution, "warm")],
    "starting workers": [(processes.Workers, "submit", True)],
    "running": [(execution, "_keep", True)],
    "drawing": [(study, "draw_all"), (compare.report, "write_report"), (adaptation, "write_adapted")],
}
if __name__ == "__main__":
    for place in STATES[sys.argv[1]]:
        told(*place)
    del sys.argv[1:5]
    cli.shell()
"""
STATES = [
    *(("run", state, "SIGINT", True) for state in ("compiling", "starting workers", "running", "drawing")),
    *(("compare", state, "SIGTERM", True) for state in ("starting workers", "running", "drawing")),
    *(("compare", state, "SIGINT", False) for state in ("running", "drawing")),
    *(("adaptation", state, "SIGTERM", False) for state in ("running", "drawing")),
]
KEPT = re.compile(
    r"rogatory: interrupted; (?:([\d,]+) runs? of this turn kept in (\S+)|what (\S+) h\w+ is kept); the same command goes on"
)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="wants /proc")
@pytest.mark.parametrize(("study", "state", "how", "all_of_them"), STATES)
def test_a_study_that_is_told_to_stop_says_truly_what_it_keeps_and_goes_on(
    study: str, state: str, how: str, all_of_them: bool, tmp_path: Path
) -> None:
    output, said, script = tmp_path / "results", tmp_path / "said", tmp_path / "watched.py"
    script.write_text(WATCHED)
    words = [*ASKED[study], f"output={output}"]
    few = [word for word in words if not word.startswith("seeds")] + ["seeds=2"]
    environment = home() | ({"ROGATORY_CACHE": str(tmp_path / "cache")} if state == "compiling" else {})
    sent = (str(int(signal.Signals[how])), "all" if all_of_them else "")
    process = subprocess.Popen(
        [sys.executable, str(script), state, str(said), *sent, *(few if state == "drawing" else words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    try:
        while not said.exists() and process.poll() is None:
            time.sleep(0.02)
        began = time.monotonic()
        if state != "drawing":  # where it tells itself
            assert process.poll() is None, f"ended before it was {state}"
            time.sleep(2.0 if state == "compiling" else 0.0)
            (os.killpg if all_of_them else os.kill)(process.pid, signal.Signals[how])
        _, errors = process.communicate(timeout=120)
        took = time.monotonic() - began
        time.sleep(1.0)
        left = living(process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    lines = [line for line in errors.splitlines() if line.startswith("rogatory: ")]
    assert (process.returncode, len(lines), left) == (130, 1, []), errors
    assert "Traceback" not in errors
    assert took < 30, "obeyed within seconds, on a machine that has others to obey"
    kept = KEPT.fullmatch(lines[0])
    assert kept, lines
    (store,) = stores_in(str(output))
    assert kept[2] == str(store) or (state == "drawing" and kept[3] == str(store))
    assert results_in(output) == []
    assert faults_of(store) == []
    there = len(StoredStudy(store).runs)
    assert state == "drawing" or there == int(kept[1].replace(",", ""))
    assert bool(there) == (state in ("running", "drawing"))
    assert cli.main([word if word != "workers=2" else "workers=1" for word in few]) == 0
    assert stores_in(str(output)) == [store], "the same command, with fewer worlds, goes on in the same store"


@pytest.fixture
def heeded() -> Iterator[None]:
    """A shell starts what runs in the background with interrupts ignored, and they stay so: here one is heeded."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_what_a_library_makes_of_an_interrupt_is_no_failure_of_what_was_being_written(tmp_path: Path) -> None:
    lacking = Lacking(tmp_path)

    def library() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as stop:
            raise ValueError(f"a library's own words for {type(stop).__name__}") from None

    with pytest.raises(KeyboardInterrupt), listening(), lacking.spared("page.html"):
        library()
    assert not lacking.why
    with listening(), lacking.spared("page.html"):
        raise ValueError("a fault of its own, long after that interrupt")
    assert lacking.why == {"page.html": "ValueError: a fault of its own, long after that interrupt"}
