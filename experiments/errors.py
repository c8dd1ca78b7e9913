"""How a study says that it ended early."""

from __future__ import annotations

FAILED, INTERRUPTED = 3, 130  # exit statuses, as the command line has them


class StoppedError(Exception):
    """A study that ended early and kept what it had: one line for people, and the exit status."""

    def __init__(self, line: str, status: int) -> None:
        """What happened, and how the process ends."""
        super().__init__(line, status)  # both, or it could not travel between processes
        self.status = status

    def __str__(self) -> str:
        """The message, one line for people."""
        return str(self.args[0])
