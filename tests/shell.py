"""The command line in this process: another process for each call would spend most of its time on imports."""

from __future__ import annotations

import signal

from experiments.cli import main


def status_of(*arguments: str) -> int:
    """The exit status of the command line; a handler that it leaves for SIGTERM is taken back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        return main([*arguments])
    finally:
        signal.signal(signal.SIGTERM, before)
