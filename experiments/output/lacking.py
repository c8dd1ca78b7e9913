"""What a folder of results lacks although the runs are done, and why."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from experiments.errors import FAILED, StoppedError
from experiments.interrupts import raise_if_told
from experiments.output.manifests import MANIFEST

TRACES = "failures.txt"
"""What went wrong while something was drawn or told, in full."""


class Lacking:
    """What could not be written into a folder of results although the runs are done, and why."""

    def __init__(self, folder: Path) -> None:
        """A record in which nothing is missing yet."""
        self._folder = folder
        self.why: dict[str, str] = {}  # by name of the file

    @contextmanager
    def spared(self, *names: str) -> Iterator[None]:
        """A failure within it costs the files of these names that are not there yet, and nothing else."""
        try:
            yield
        except Exception as error:
            raise_if_told(error)
            why = " ".join(f"{type(error).__name__}: {error}".split())
            self.why |= {name: quoted_line(why) for name in names if not (self._folder / name).exists()}
            with suppress(OSError), (self._folder / TRACES).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(traceback.format_exception(error))

    @contextmanager
    def told_after(self, written: Path) -> Iterator[None]:
        """What is said when all is written: a failure says where results are. Raises ``StoppedError`` if anything is missing."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            error.add_note(f"all that was computed is in {written}")
            raise
        if self.why:
            names, (why, *others) = ", ".join(self.why), list(dict.fromkeys(self.why.values()))
            more = f"; {len(others)} more in {MANIFEST}" if others else ""
            raise StoppedError(f"{written} lacks {names} ({why}{more}); what else was computed is there", FAILED)


def quoted_line(text: str) -> str:
    """Text on one line, no longer than a person would read."""
    line = " ".join(text.split())
    return line if len(line) <= _LINE else f"{line[:_LINE]}..."


_LINE = 300  # letters
