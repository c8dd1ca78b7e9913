"""The points of a design as one plain table, without running them: ``rogatory points design=NAME``."""

from __future__ import annotations

import sys

from experiments.design.designs import design_of
from experiments.design.points import as_entries, idle_sentence, points_of, refuse_scenario, sized
from experiments.design.sampling import size_sentence
from experiments.output import csv_of
from experiments.settings import conduct_of_study
from sim.config import key_of, options
from sim.world.record import ConfigError


def main(*overrides: str) -> None:
    """Print a design's points as CSV, to be kept, changed and read back (``table`` of a design)."""
    config = conduct_of_study(*overrides)
    if config.design is None:
        raise ConfigError(f"design: found none; accepted: one of {', '.join(options('design'))}, or the path of a YAML file")
    refuse_scenario(overrides)
    design = sized(design_of(config.design), config.size)
    of_all = [word for word in overrides if key_of(word) not in ("design", "size")]
    if told := size_sentence(design):
        print(told, file=sys.stderr)
    points = points_of(design, of_all)
    if told := idle_sentence(points.frame, design):
        print(told, file=sys.stderr)
    print(csv_of(as_entries(points)), end="")
