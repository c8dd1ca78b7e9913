"""The command line: ``rogatory STUDY key=value ...`` takes the study's name and hands it the rest, as overrides or as names."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import BrokenExecutor
from importlib import import_module

STUDIES = {
    "demo": "the treaty as if ratified by all signatories against no treaty, with figures",
    "run": "one scenario under several seeds: rogatory run scenario=as_adopted years=10 seeds=20",
    "compare": "many scenarios against one baseline, paired by world: rogatory compare scenarios=[judge,judge+notice]",
    "adaptation": "what each safeguard protects on paper and after years of adaptation: rogatory adaptation seeds=10",
    "sweep": "a design of points, started, resumed or expanded in a store: rogatory sweep design=threshold_sweep seeds=10",
    "points": "the points of a design as CSV, without running them: rogatory points design=threshold_sweep",
    "check": "whether a store is whole and complete: rogatory check STORE",
    "sensitivity": "which parameters a store's outcomes hang on: rogatory sensitivity STORE outcome=legit_met_rate",
    "attribution": "what each safeguard of a lattice is worth: Shapley values and interactions",
    "frontier": "protection against cooperation over all configurations: knee, cheapest bundle that reaches a target",
    "robustness": "regret and satisficing of policies across parameter uncertainty",
    "discovery": "where in the space of parameters a safeguard fails (PRIM, CART)",
    "threshold": "what each line of seriousness does, with bands",
    "report": "all analyses that suit a store on one page, with the description of the model: rogatory report STORE",
    "explain": "one case, or one person at risk, told step by step under the baseline and a scenario: rogatory explain case=12",
    "scenarios": "what each scenario asks and is expected to show; rogatory scenarios NAME ... tells those fully",
    "reproduce": "run the committed reference results again and judge each number; rogatory reproduce judge demo ... those alone",
}
_ANALYSES = ("sensitivity", "attribution", "frontier", "robustness", "discovery", "threshold", "report")
OF_A_STORE = (*_ANALYSES, "check")
"""Studies whose first word may be a store."""
_BY_NAME = ("scenarios", "reproduce")  # studies that take names and no overrides
_SHOW = (("--cfg", "job"), ("-c", "job"), ("--cfg=job",))
_HELP = ("-h", "--help")
_USAGE_ERROR, _FAILED, _INTERRUPTED = 2, 3, 130
STATUSES = (
    "0 done, 2 a mistake in what was asked, 3 a failure outside the model or runs that failed, "
    "4 reproduce found different numbers or check a fault, 130 interrupted"
)


def usage() -> str:
    """What can be asked."""
    width = max(map(len, STUDIES))
    listed = "\n".join(f"  {name:<{width}}  {about}" for name, about in STUDIES.items())
    return (
        "usage: rogatory STUDY [key=value ...]\n\n"
        f"studies:\n{listed}\n\n"
        "rogatory STUDY --help lists the keys, --cfg job prints the configuration, -m sweeps values given with commas.\n"
        f"{' and '.join(_BY_NAME)} take names instead of keys.\n\n"
        f"exit status: {STATUSES}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run a study; the exit status is 0 or one of ``STATUSES``."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if given else _USAGE_ERROR
    name, rest = given[0], given[1:]
    if name == "--version":
        from importlib.metadata import version

        print(f"rogatory {version('rogatory')}")
        return 0
    if name not in STUDIES:
        return _say(f"no study is named {name!r}; accepted: {', '.join(STUDIES)}", _USAGE_ERROR)
    return _run(name, rest)


def _run(name: str, rest: list[str]) -> int:
    signal.signal(signal.SIGTERM, _interrupt)  # being told to stop tidies up like an interrupt
    try:
        return _ask(name, rest)
    except KeyboardInterrupt:
        kept = "what the store held is kept" if name in ("sweep", *OF_A_STORE) else "nothing was written"
        return _say(f"interrupted; {kept}", _INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has gone: what was written is whole
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _ask(name: str, rest: list[str]) -> int:
    from experiments.stopped import StoppedError
    from sim.world.record import RogatoryError

    try:
        return _by_name(name, rest) if name in _BY_NAME else _by_keys(name, rest)
    except RogatoryError as error:
        return _say(" ".join(str(error).split()), _USAGE_ERROR)
    except StoppedError as stopped:
        return _say(str(stopped), stopped.status)
    except BrokenExecutor:
        return _say("a worker process died (too little memory?); nothing was written", _FAILED)
    except BrokenPipeError:
        raise
    except (OSError, MemoryError) as error:
        return _say(f"{type(error).__name__}: {' '.join(str(error).split())}; nothing was written", _FAILED)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else _FAILED


def _by_name(name: str, rest: list[str]) -> int:
    """A study of names; its own exit status, if it gives one."""
    if any(word in _HELP for word in rest):
        print(f"usage: rogatory {name} [NAME ...]\n\n{STUDIES[name]}")
        return 0
    for word in rest:
        if word.startswith("-") or "=" in word:
            return _say(f"{name}: found {word!r}; accepted: names of scenarios, or none for all", _USAGE_ERROR)
    return import_module(f"experiments.{name}").main(*rest) or 0


def _by_keys(name: str, rest: list[str]) -> int:
    """A study of overrides; ``--cfg job`` shows what they amount to, with reforms written where they belong."""
    from sim.config import as_yaml, run_from_shell

    many = name == "run" and any(word in rest for word in ("-m", "--multirun"))
    together = import_module("experiments.multirun").told(rest) if many else ""

    def study(*overrides: str) -> None:
        if many:
            import_module("experiments.multirun").main(together, *overrides)
        elif name in _ANALYSES:
            import_module("experiments.analysis").main(name, *overrides)
        else:
            import_module(f"experiments.{name}").main(*overrides)

    if name in OF_A_STORE and rest and not rest[0].startswith("-") and "=" not in rest[0]:
        rest = [f"store={rest[0]}", *rest[1:]]
    shown = [words for words in _SHOW if all(word in rest for word in words)]
    overrides = [word for word in rest if not shown or word not in shown[0]]
    if shown and not any(word.startswith("-") for word in overrides):
        print(as_yaml(*overrides), end="")
    else:
        run_from_shell(study, rest, name)
    return 0


def _say(line: str, status: int) -> int:
    print(f"rogatory: {line}", file=sys.stderr)
    return status


def shell() -> None:
    """Entry point of the console script."""
    sys.exit(main())


if __name__ == "__main__":
    shell()
