"""The command line: ``rogatory STUDY key=value ...`` takes the study's name and hands it the rest, as overrides or as names."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from experiments.interrupts import STOPS, held, listening
from experiments.memory import look_seldom

STUDIES = {
    "demo": "the project's question run small: definitions of serious crime by strength of safeguards, in about a minute",
    "headline": "the same in full, with its page and heat map: rogatory headline seeds=10 replicates=2",
    "law": "one state's law and care changed: at which hosts and for whom that matters: rogatory law definition=my.yaml",
    "treaty": "the treaty as if ratified by all signatories against no treaty, with figures",
    "run": "one scenario under several seeds: rogatory run scenario=as_adopted years=10 seeds=20",
    "compare": "many scenarios against one baseline, paired by world: rogatory compare scenarios=[judge,judge+notice]",
    "adaptation": "what each safeguard protects on paper and after years of adaptation: rogatory adaptation seeds=10",
    "validate": "published patterns against what the model would publish, and what a pass is worth: rogatory validate seeds=16",
    "sweep": "a design of points, started, resumed or expanded in a store: rogatory sweep design=threshold_sweep seeds=10",
    "points": "the points of a design as CSV, without running them: rogatory points design=threshold_sweep",
    "stores": "the stores that are kept, with state and size; rogatory stores remove NAME ... deletes those",
    "check": "whether a store is whole and complete: rogatory check STORE",
    "sensitivity": "which parameters a store's outcomes hang on: rogatory sensitivity STORE outcome=legit_met_rate",
    "attribution": "what each safeguard of a lattice is worth: Shapley values and interactions",
    "frontier": "protection against cooperation over all configurations: knee, cheapest bundle that reaches a target",
    "robustness": "regret and satisficing of policies across parameter uncertainty",
    "discovery": "where in the space of parameters a safeguard fails (PRIM, CART)",
    "threshold": "what each line of seriousness does, with bands",
    "assumptions": "how far each effect moves under one assumption at a time, and which: rogatory assumptions STORE",
    "calibrate": "which numbers published figures speak of, on a bank of runs: rogatory calibrate STORE (after sweep design=bank)",
    "conclusions": "what survives draws of all numbers, how surely, and what would change it: rogatory conclusions STORE",
    "report": "all analyses that suit a store on one page, with the description of the model: rogatory report STORE",
    "explain": "one case, or one person at risk, told step by step under the baseline and a scenario: rogatory explain case=12",
    "rules": "the review as it is compiled, one loop of all safeguards, as text: rogatory rules scenario=judge",
    "states": "one state's law, care, hosting and texts, beside what dials change: rogatory states TUR definition=expansive",
    "keys": "every number of the configuration with unit, support, prior, status and source: rogatory keys lapse",
    "scenarios": "what each scenario asks and is expected to show; rogatory scenarios NAME ... tells those fully",
    "benchmark": "how fast it is on this machine, beside its draws alone and other frameworks: rogatory benchmark",
    "reproduce": "run the committed reference results again and judge each number; rogatory reproduce judge treaty ... those alone",
}
_ANALYSES = (
    "sensitivity",
    "attribution",
    "frontier",
    "robustness",
    "discovery",
    "threshold",
    "assumptions",
    "calibrate",
    "conclusions",
    "report",
)
_EXECUTED = (
    *("demo", "headline", "law", "treaty", "run", "compare", "adaptation", "validate", "sweep"),
)  # studies that run what a store lacks
OF_A_STORE = (*_ANALYSES, "check")
"""Studies whose first word may be a store."""
_PLACES = ("--config-dir", "-cd")
_BY_NAME = ("keys", "scenarios", "reproduce", "stores")  # studies that take names or words and no overrides
_USAGES = {
    "keys": "rogatory keys [WORD ...]",
    "stores": "rogatory stores [output=DIR]\n       rogatory stores remove NAME [NAME ...] [output=DIR]",
}
_SCENARIOS = "names of scenarios, or none for all"
_NAMED = {"keys": "words that stand in a key or in what is said of it, or none for all"}
_HELP = ("-h", "--help")
_DONE, _USAGE_ERROR, _FAILED, _DEFECT, _INTERRUPTED = 0, 2, 3, 5, 130
EXIT_STATUSES = (
    "0 done, 2 a mistake in what was asked, 3 a failure outside the model or runs, figures or pages that failed, "
    "4 reproduce found different numbers or check a fault, 5 a defect of Rogatory, 130 interrupted"
)
_TOLD = 500  # letters of a failure that are told


def usage() -> str:
    """The usage text: every study with one line on what it does."""
    width = max(map(len, STUDIES))
    listed = "\n".join(f"  {name:<{width}}  {about}" for name, about in STUDIES.items())
    return (
        "usage: rogatory STUDY [key=value ...]\n\n"
        f"studies:\n{listed}\n\n"
        "rogatory STUDY --help lists the keys, --cfg job prints the configuration, -m sweeps values given with commas.\n"
        f"{', '.join(_BY_NAME[:-1])} and {_BY_NAME[-1]} take names instead of keys; stores takes output=DIR too.\n\n"
        f"exit status: {EXIT_STATUSES}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run a study; the exit status is 0 or one of ``EXIT_STATUSES``, and whatever goes wrong is one line on the standard error."""
    given = sys.argv[1:] if arguments is None else arguments
    with listening() as stopped:
        return _answered(lambda: _main(given), given[0] if given else "", stopped)


def _main(given: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):  # a letter that a terminal does not have is no reason to stop
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if (strange := _first(given, lambda word: not _is_text(word))) is not None:
        return _say(f"found {_quoted(strange)}, which is no text; accepted: arguments in {_ENCODING}", _USAGE_ERROR)
    if not given or given[0] in ("-h", "--help", "help"):
        print(usage())
        return _DONE if given else _USAGE_ERROR
    name, rest = given[0], given[1:]
    if name == "--version":
        from importlib.metadata import version

        print(f"rogatory {version('rogatory')}")
        return _DONE
    if name not in STUDIES:
        return _say(f"no study is named {_quoted(name)}; accepted: {', '.join(STUDIES)}", _USAGE_ERROR)
    try:
        os.getcwd()  # noqa: PTH109 - to import paths takes time in which an interrupt is not yet caught
    except OSError:
        return _say("the current folder is not there any more; accepted: to be called from one that is", _USAGE_ERROR)
    return _by_name(name, rest) if name in _BY_NAME else _by_keys(name, rest)


def _first(words: list[str], wrong: Callable[[str], bool]) -> str | None:
    """The first word of which something is wrong; None where there is none."""
    return next(filter(wrong, words), None)


_ENCODING = "UTF-8"


def _is_text(word: str) -> bool:
    """Whether an argument is text, and not bytes that could not be read as such."""
    try:
        word.encode(_ENCODING)
    except UnicodeEncodeError:
        return False
    return "\0" not in word


# --- whatever goes wrong --------------------------------------------------------------------------------------------------------


def _answered(study: Callable[[], int], name: str, stopped: list[int]) -> int:
    """What a study ends with, or the status of what went wrong; that is told in one line."""
    try:
        return study()
    except KeyboardInterrupt as stop:
        return _interrupted(stop, name)
    except BrokenPipeError:
        return _unheard()
    except SystemExit as stop:
        return _ended(stop)
    except Exception as error:
        if stopped and not isinstance(getattr(error, "status", None), int):  # libraries make other errors of an interrupt
            return _interrupted(error, name)
        return _failed(error, name)


def _interrupted(stop: BaseException, name: str) -> int:
    return _say(f"interrupted; {_left_by(stop, name)}", _INTERRUPTED)


def _failed(error: Exception, name: str) -> int:
    """Tell a failure by its kind: what was asked, what is outside the model, or what is a defect."""
    from concurrent.futures import BrokenExecutor

    from experiments.errors import StoppedError
    from sim.world.record import RogatoryError

    status = _FAILED
    if isinstance(error, RogatoryError):
        line, status = " ".join(str(error).split()), _USAGE_ERROR
    elif isinstance(error, StoppedError):
        line, status = str(error), error.status
    elif isinstance(error, BrokenExecutor):
        line = f"a worker process died (too little memory?); {_left_by(error, name)}"
    elif isinstance(error, OSError | MemoryError):
        line = f"{_told(error)}; {_left_by(error, name)}"
    elif isinstance(error, ImportError):
        line = f"Rogatory is not installed whole: {_told(error)}; accepted: to install it anew"
    elif isinstance(error, RecursionError):
        line, status = f"found what lies too deep in itself; accepted: lists and maps of few levels ({_kept(error)})", _USAGE_ERROR
    else:
        place = "".join(f"; {note}" for note in _notes(error))
        line, status = f"a defect of Rogatory, not of what was asked: {_told(error)}{place} ({_kept(error)})", _DEFECT
    return _say(line, status)


def _told(error: BaseException) -> str:
    """An exception on one line, no longer than a person would read."""
    line = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    return line if len(line) <= _TOLD else f"{line[:_TOLD]}..."


def _kept(error: BaseException) -> str:
    """Where the traceback of a defect is: a file of its own, which nobody else can read."""
    import tempfile
    import traceback

    try:
        number, path = tempfile.mkstemp(prefix="rogatory-", suffix=".txt", text=True)
        with open(number, "w", encoding=_ENCODING, errors="backslashreplace") as file:  # noqa: PTH123 - a file that is open already
            file.writelines(traceback.format_exception(error))
    except Exception:  # nowhere to write: the line is all there is
        return "its traceback could not be kept: no folder for temporary files can be written"
    return f"traceback: {path}"


def _notes(error: BaseException) -> list[str]:
    return [" ".join(note.split()) for note in getattr(error, "__notes__", ())]


def _left_by(error: BaseException, name: str) -> str:
    """What is on the disk after a failure; a study that had written all says so itself."""
    if notes := _notes(error):
        return "; ".join(notes)
    return "what a store held is kept" if name in (*_EXECUTED, *OF_A_STORE) else "nothing was written"


def _ended(stop: SystemExit) -> int:
    """The status with which a library wants to end, with what it says."""
    if isinstance(stop.__context__, BrokenPipeError):
        return _unheard()
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or _DONE
    return _say(" ".join(str(stop.code).split()), _USAGE_ERROR)


def _unheard() -> int:
    """Whoever read the output has gone: what was written is whole, and nothing more is said."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _DONE


# --- the studies ----------------------------------------------------------------------------------------------------------------


def _by_name(name: str, rest: list[str]) -> int:
    """A study of names; its own exit status, if it gives one. Scenarios may lie in a folder of a user's own, stores too."""
    if any(word in _HELP for word in rest):
        print(f"usage: {_USAGES.get(name, f'rogatory {name} [NAME ...]')}\n\n{STUDIES[name]}")
        return 0
    if name == "stores":
        return _module("experiments.studies.stores").main(*rest) or _DONE
    places, names = _places_in(rest) if name == "scenarios" else ([], rest)
    if (strange := _first(names, lambda word: not word or word.startswith("-") or "=" in word)) is not None:
        return _say(f"{name}: found {_quoted(strange)}; accepted: {_NAMED.get(name, _SCENARIOS)}", _USAGE_ERROR)
    study = _module(_home_of(name))
    with _module("sim.own_files").looking_in(*places):
        return study.main(*names) or _DONE


def _places_in(given: list[str]) -> tuple[list[str], list[str]]:
    """Folders that are named as places of files of a user's own, and all other words."""
    places, others = list[str](), list[str]()
    words = iter(given)
    for word in words:
        flag, equals, place = word.partition("=")
        if flag in _PLACES:
            places.append(place if equals else next(words, ""))
        else:
            others.append(word)
    return places, others


def _home_of(study: str) -> str:
    """The module of a study."""
    return "experiments.reference.reproduce" if study == "reproduce" else f"experiments.studies.{study}"


def _module(name: str) -> Any:
    """A module with all that it imports; an interrupt waits for that, for libraries do not expect it meanwhile."""
    with held():
        return import_module(name)


def _by_keys(name: str, rest: list[str]) -> int:
    """A study of overrides; ``--cfg job`` shows what they amount to, with reforms written where they belong."""
    if (strange := _first(rest, lambda word: not word.strip(" =+~"))) is not None:
        return _say(f"{name}: found {_quoted(strange)}; accepted: key=value", _USAGE_ERROR)
    if name in OF_A_STORE and rest and not rest[0].startswith("-") and "=" not in rest[0]:
        rest = [f"store={rest[0]}", *rest[1:]]
    codes, rest = _codes_in(rest) if name == "states" else ([], rest)
    config = _module("sim.config")
    asked = config.Asked.of(rest)
    together = _module("experiments.studies.multirun").multirun_digest(asked.overrides) if name == "run" and asked.many else ""

    def settled(*overrides: str) -> None:
        _module("experiments.readable").refuse_unreadable(overrides)
        _module("experiments.settings").asked_by(*overrides)

    def study(*overrides: str) -> None:
        if together:
            _module("experiments.studies.multirun").main(together, *overrides)
        elif name in _ANALYSES:
            _module("experiments.studies.analyse").main(name, *overrides)
        elif name == "states":
            _module(_home_of(name)).main(codes, *overrides)
        else:
            _module(_home_of(name)).main(*overrides)

    if asked.flags == ("--cfg=job",):
        with _module("sim.own_files").looking_in(*asked.folders):
            settled(*asked.overrides)
            print(config.as_yaml(*asked.overrides), end="")
    else:
        config.run_from_shell(study, rest, name, settled)
    return _DONE


def _codes_in(rest: list[str]) -> tuple[list[str], list[str]]:
    """The codes with which the words of ``states`` begin, and all other words."""
    first = next((place for place, word in enumerate(rest) if "=" in word or word[0] in "-+~"), len(rest))
    return rest[:first], rest[first:]


def _quoted(word: str) -> str:
    from sim.world.record import quoted

    return quoted(word)


def _say(line: str, status: int) -> int:
    if sys.stderr is not None:
        from experiments.letters import visible

        with suppress(OSError, ValueError):  # whoever read it has gone
            print(visible(f"rogatory: {line}"), file=sys.stderr, flush=True)
    return status


# --- a process of its own -------------------------------------------------------------------------------------------------------


def shell() -> None:
    """Entry point of the console script: a process of its own, which ends here."""
    try:
        with held():
            _furnish()
        status = _flushed(main())
    except KeyboardInterrupt:
        status = _say("interrupted", _INTERRUPTED)
    for number in STOPS:  # it is over: nothing can be stopped any more
        signal.signal(number, signal.SIG_IGN)
    sys.exit(status)


def _furnish() -> None:
    """What holds in a process of our own: memory is tidied seldom, pictures need no window, and a library's words are one line."""
    import warnings

    look_seldom()
    os.environ["MPLBACKEND"] = "agg"  # a notebook leaves its own to whatever it calls
    sys.unraisablehook = _heed
    warnings.resetwarnings()
    for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", kind)
    warnings.showwarning = lambda message, category, *_: _warn(message)


def _warn(message: Warning | str) -> None:
    _say(f"warning: {' '.join(str(message).split())}", _DONE)


def _heed(dropped: sys.UnraisableHookArgs) -> None:
    """What was raised where nobody can catch it is told in one line; an interrupt is soon raised again."""
    if dropped.exc_value is not None and not isinstance(dropped.exc_value, KeyboardInterrupt):
        _say(f"warning: {_told(dropped.exc_value)}", _DONE)


def _flushed(status: int) -> int:
    """The status of what was done, if what it said could be said to the end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _unheard()
    except (OSError, ValueError) as error:
        _unheard()
        return status or _say(f"the output could not be written: {_told(error)}", _FAILED)
    return status


if __name__ == "__main__":
    shell()
