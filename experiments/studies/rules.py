"""The review as it is compiled, as text: ``rogatory rules [key=value ...]``."""

from __future__ import annotations

import sys

from rich.syntax import Syntax

from experiments.console import console_of
from experiments.settings import asked_by
from sim.review.assembly import place_of, source_of

_PYTHON = Syntax("", "python", background_color="default")


def main(*overrides: str) -> None:
    """Print the generated loop of the safeguards that are asked for, in colours on a terminal; tell where its file lies.

    Nothing is compiled and nothing written. Raises ``ConfigError`` for what is asked for amiss.
    """
    config, _ = asked_by(*overrides)
    text = source_of(config.safeguards)
    print(f"The file of this text, once a run has needed it: {place_of(text)}", file=sys.stderr)
    console = console_of()
    if console.is_terminal:
        console.print(_PYTHON.highlight(text), soft_wrap=True, end="")
    else:
        print(text, end="")
