"""Interrupts at their time: what must not be torn apart is finished first, and what begins meanwhile never hears of them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
Handler = Callable[[int, FrameType | None], object]


@contextmanager
def held() -> Iterator[None]:
    """Within it being told to stop is only noted; afterwards it is handled, once.

    Signals that are ignored, or that end a process without asking Python, stay as they are. Only the main thread can hold them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before: dict[int, Handler] = {}
    try:
        for number in _STOPS:
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        first = before[came[0]] if came else None
        _handle_again(before)
        if first is not None:
            first(came[0], None)


def _handle_again(handlers: dict[int, Handler]) -> None:
    """Set all of them, even where one of those already set raises meanwhile."""
    try:
        for number in [*handlers]:
            signal.signal(number, handlers[number])
            del handlers[number]
    finally:
        if handlers:
            _handle_again(handlers)


@contextmanager
def deaf_children() -> Iterator[None]:
    """Processes that begin within it never hear an interrupt of the terminal: it is their parent's to handle.

    They inherit what is blocked, from their first instruction on. Where signals cannot be blocked (Windows) nothing happens.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    with held():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
