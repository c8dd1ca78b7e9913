"""Amounts as people say them: how many, how long, how large, how long ago."""

from __future__ import annotations

from math import ceil

_SECONDS_TOLD = 90.0  # seconds up to which a time is told in seconds
_STEPS = ((60.0, "minute"), (3600.0, "hour"), (86_400.0, "day"))  # seconds of each


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "arm"), counted(2, "arm")
    ('1 arm', '2 arms')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def told_time(seconds: float) -> str:
    """A time as people say it.

    >>> told_time(41.7), told_time(312.0)
    ('42 seconds', '6 minutes')
    """
    return f"{max(round(seconds), 1)} seconds" if seconds < _SECONDS_TOLD else f"{ceil(seconds / 60)} minutes"


def told_age(seconds: float) -> str:
    """How long ago something was, in whole minutes, hours or days that have passed.

    >>> told_age(-5.0), told_age(59.0), told_age(61.0), told_age(7200.0), told_age(1e7)
    ('just now', 'just now', '1 minute ago', '2 hours ago', '115 days ago')
    """
    told = "just now"
    for step, noun in _STEPS:
        if seconds >= step:
            told = f"{counted(int(seconds // step), noun)} ago"
    return told


def told_size(size: float) -> str:
    """Bytes as people say them.

    >>> told_size(512.0), told_size(3.4e6), told_size(2.1e9)
    ('1 kB', '3 MB', '2.1 GB')
    """
    for factor, unit, digits in ((1e9, "GB", 1), (1e6, "MB", 0)):
        if size >= factor:
            return f"{size / factor:.{digits}f} {unit}"
    return f"{max(size / 1e3, 1):.0f} kB"
