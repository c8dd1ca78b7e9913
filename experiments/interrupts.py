"""Interrupts at their time: what must not be torn apart is finished first, and what begins meanwhile never hears of them."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""How a process is told to stop."""
_REMINDER = getattr(signal, "SIGALRM", None)  # not where signals are few (Windows)
_HELD = STOPS if _REMINDER is None else (*STOPS, _REMINDER)
_REMIND = 1.0  # seconds; *assumption*: soon enough for whoever waits, and no load
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
        for number in _HELD:
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        handlers = dict(before)
        _handle_again(before)
        if came:  # asked last: until the handlers are back one more may come
            number = min(came, key=lambda number: number == _REMINDER)
            handlers[number](number, None)


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


@contextmanager
def listening() -> Iterator[list[int]]:
    """Being told to stop raises ``KeyboardInterrupt``, whatever the signal; the list holds what came.

    Code in C that asks Python for something may drop what is raised there, and go on: Numba does where it looks at arguments.
    So it is raised again each second until it has begun to be heard. In another thread than the main one nobody is told.
    """
    before, stopped = dict[int, Any](), list[int]()
    _told.clear()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)
        _told.append(number)
        _remind()
        raise KeyboardInterrupt

    def again(number: int, frame: FrameType | None) -> None:
        if stopped:
            _remind()
            if not _is_heard():
                raise KeyboardInterrupt

    try:
        if threading.current_thread() is threading.main_thread():
            for number in STOPS:
                if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                    before[number] = signal.signal(number, stop)
            if _REMINDER is not None:
                before[_REMINDER] = signal.signal(_REMINDER, again)
        yield stopped
    finally:
        if _REMINDER in before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        _handle_again(before)


def raise_if_told(error: BaseException) -> None:
    """Raise ``KeyboardInterrupt`` if there was one since ``listening`` began: a library may have made this error of it."""
    if _told:
        raise KeyboardInterrupt from error


_told: list[int] = []  # signals since this process began to listen


def _remind() -> None:
    if _REMINDER is not None:
        signal.setitimer(signal.ITIMER_REAL, _REMIND)


def _is_heard() -> bool:
    """Whether an interrupt is on its way up, or what it was made into: what is done meanwhile is not to be torn apart."""
    error = sys.exception()
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None
