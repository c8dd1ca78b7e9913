"""A workshop in which one line of a copy of ``sim`` is another, and the twin is docked to what comes of it, as plain Python.

``python -m tests.twin.mutating`` in the folder of the copy answers requests, a line of JSON each: the mutant's file and its two
texts, and the plain values of a configuration. Each is run by a child that imports the copy anew; what is no part of the project is
imported once, before. Only ``sim`` is another: the twin reads it for the tables of the world and the named draws, which no mutant
touches.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SEED = 5
_SECONDS = 120  # that one docking may take: a mutant may run in a circle
_STRANGERS = ("hydra", "mesa", "numba", "pandas", "platformdirs", "pydantic", "scipy.special", "scipy.stats", "yaml")
_SHOWN = 5  # differences that are told
_ALONE = {"NUMBA_DISABLE_JIT": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class Workshop:
    """A copy of ``sim`` in a folder, and the process that docks it."""

    def __init__(self, folder: Path) -> None:
        """Copy the package and the configuration, and begin to listen."""
        for name in ("sim", "configs"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        env = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")} | _ALONE
        env |= {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "ROGATORY_CACHE": str(folder / "cache")}
        command = [sys.executable, "-W", "ignore", "-m", "tests.twin.mutating"]
        self._process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def apart(self, values: dict[str, Any], file: str = "", old: str = "", new: str = "") -> list[str]:
        """What differs under a configuration between the twin and the copy in which a text of a file is another.

        Raises ``RuntimeError`` for a mutant that does not run to its end.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"values": values, "file": file, "old": old, "new": new}
        self._process.stdin.write(json.dumps(asked, default=str) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "failed" in answer:
            raise RuntimeError(answer["failed"])
        found: list[str] = answer["apart"]
        return found

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


# --- the process ------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def mutated(file: str, old: str, new: str) -> Iterator[None]:
    """The copy with another text in a file, while it lasts."""
    if not file:
        yield
        return
    path = Path(file)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")


def docked(values: dict[str, Any]) -> dict[str, Any]:
    """What differs, in a process that has not imported ``sim`` yet."""
    try:
        import sim
        from sim.config import checked_config
        from tests.twin import docking

        home = Path(str(sim.__file__))
        if not home.is_relative_to(Path.cwd()):
            return {"failed": f"{home} is no copy"}
        return {"apart": docking.differences(checked_config(values), SEED)[:_SHOWN]}
    except Exception:
        return {"failed": traceback.format_exc()}


def in_a_child(values: dict[str, Any]) -> dict[str, Any]:
    """The same in a child of its own."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(_SECONDS)
        os.close(read)
        with os.fdopen(write, "w", encoding="utf-8") as out:
            json.dump(docked(values), out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as told:
        answer = told.read()
    os.waitpid(child, 0)
    said: dict[str, Any] = json.loads(answer) if answer else {"failed": f"no answer within {_SECONDS} seconds"}
    return said


def main() -> None:
    """Answer one request after the other."""
    for name in _STRANGERS:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        with mutated(asked["file"], asked["old"], asked["new"]):
            answer = in_a_child(asked["values"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
