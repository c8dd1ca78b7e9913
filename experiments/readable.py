"""Files that a study is asked to read, looked at before anything is imported that takes longer than to read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.config import composed, key_of, path_of, read_yaml, value_of
from sim.places import groups, is_file, is_path

_NAMED_BY = {"design": "design", "scenarios": "scenario", "baseline": "scenario"}
"""Keys of a study that name files, and the folder of ``configs/`` where those are that have a name only."""


def refuse_unreadable(overrides: Sequence[str]) -> None:
    """Raise ``ConfigError`` for a file that is no YAML, or for what the composition refuses.

    Whatever else is wrong with a file of a study is found when the study reads it.
    """
    for path in _named(overrides):
        if is_file(path):
            read_yaml(path)
    composed(*overrides)


def _named(overrides: Sequence[str]) -> Iterator[Path]:
    """Where the files are that a study's own keys and choices name; what they name otherwise is for the study to refuse."""
    for override in overrides:
        key = key_of(override)
        group = _NAMED_BY.get(key, key)
        if group not in groups() or "=" not in override:
            continue
        value = value_of(override)
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, str):
                words = [entry] if group == "design" else entry.partition("@")[0].split("+")
                yield from (Path(word) if is_path(word) else path_of(group, word) for word in words)
