"""The command line: ``rogatory STUDY key=value ...`` takes the study's name and hands the rest to Hydra."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import BrokenExecutor
from importlib import import_module

STUDIES = {
    "demo": "the treaty as if ratified by all signatories against no treaty, with figures",
    "run": "one scenario under several seeds: rogatory run scenario=as_adopted years=10 seeds=20",
}
_USAGE_ERROR, _FAILED, _INTERRUPTED = 2, 3, 130


def usage() -> str:
    """What can be asked."""
    width = max(map(len, STUDIES))
    listed = "\n".join(f"  {name:<{width}}  {about}" for name, about in STUDIES.items())
    return (
        "usage: rogatory STUDY [key=value ...]\n\n"
        f"studies:\n{listed}\n\n"
        "rogatory STUDY --help lists the keys, --cfg job prints the configuration, -m sweeps values given with commas."
    )


def main(arguments: list[str] | None = None) -> int:
    """Run a study; the exit status is 0, 2 for a user's mistake, 3 for a failure outside the model, 130 when interrupted."""
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
        return _say("interrupted; nothing was written", _INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has gone: what was written is whole
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _ask(name: str, rest: list[str]) -> int:
    from sim.config import run_from_shell
    from sim.world.record import RogatoryError

    def study(*overrides: str) -> None:
        import_module(f"experiments.{name}").main(*overrides)

    try:
        run_from_shell(study, rest, name)
    except RogatoryError as error:
        return _say(" ".join(str(error).split()), _USAGE_ERROR)
    except BrokenExecutor:
        return _say("a worker process died (too little memory?); nothing was written", _FAILED)
    except BrokenPipeError:
        raise
    except (OSError, MemoryError) as error:
        return _say(f"{type(error).__name__}: {' '.join(str(error).split())}; nothing was written", _FAILED)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else _FAILED
    return 0


def _say(line: str, status: int) -> int:
    print(f"rogatory: {line}", file=sys.stderr)
    return status


def shell() -> None:
    """Entry point of the console script."""
    sys.exit(main())


if __name__ == "__main__":
    shell()
