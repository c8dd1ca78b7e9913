"""The project's own question run small, in about a minute: three definitions of serious crime by three strengths of safeguards."""

from __future__ import annotations

from pathlib import Path

from experiments.studies.headline import conduct

DESIGN = "headline_small"


def main(*overrides: str) -> Path:
    """Run, tell and write as ``rogatory headline design=headline_small`` does; returns the folder of results."""
    return conduct("demo", overrides, DESIGN)
