"""One scenario under several seeds."""

from __future__ import annotations

from pathlib import Path

from experiments.designs import refuse_design
from experiments.study import conduct_study
from sim.config import load


def main(*overrides: str) -> Path:
    """Run the configured scenario."""
    config = load(*overrides)
    refuse_design(config, "run")
    return conduct_study("run", [config], config.scenario_name, overrides)
