"""One scenario under several seeds."""

from __future__ import annotations

from pathlib import Path

from experiments.design.designs import refuse_design
from experiments.settings import asked_by
from experiments.studies.replication import conduct_study


def main(*overrides: str) -> Path:
    """Run the configured scenario under its seeds, and write tables, figures and a manifest."""
    config, asked = asked_by(*overrides)
    refuse_design(asked, "run")
    return conduct_study("run", "What does one scenario do?", [config], asked, config.scenario_name, overrides)
