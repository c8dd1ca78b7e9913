"""Which files of a checkout no commit holds: the committed results may come from committed files alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

from experiments.letters import cut
from experiments.text import counted
from sim.world.record import RogatoryError

_LOOKS = ("git", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--")
_LONGEST = 60.0  # seconds that git may take; assumption
_STATE = 3  # signs before the name of a file: two letters for its state and a space
_NAMED = 3  # files that a refusal names
_ROOM = 60  # signs of a file's name that a refusal shows


class UncommittedError(RogatoryError):
    """The code that would make the committed results is in no commit, or nobody can say whether it is."""


def uncommitted(root: Path, results: Path) -> list[str] | None:
    """Files below ``root`` that no commit holds, in order, without those below ``results``; None where git cannot say.

    A new folder of which nothing is committed stands for its files. Files that git ignores do not count.
    ``results`` may lie outside ``root``.
    """
    apart = [f":(exclude,literal){results.relative_to(root).as_posix()}"] if results.is_relative_to(root) else []
    try:
        done = subprocess.run([*_LOOKS, ".", *apart], cwd=root, capture_output=True, timeout=_LONGEST, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return sorted(entry[_STATE:].decode("utf-8", "replace") for entry in done.stdout.split(b"\0") if entry)


def all_committed(root: Path, results: Path) -> None:
    """Raises ``UncommittedError``, one line, unless a commit holds every file below ``root`` that is not below ``results``."""
    found = uncommitted(root, results)
    if found is None:
        raise UncommittedError(
            "reference: found no git checkout here; accepted: a checkout with every change committed (clone the repository)"
        )
    if not found:
        return
    named = ", ".join(cut(found[:_NAMED], _ROOM).values())
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    raise UncommittedError(
        f"reference: found {counted(len(found), 'file')} that no commit holds ({named}{more}); "
        "accepted: a checkout with every change committed, but for results/reference (git commit, or git stash -u)"
    )
