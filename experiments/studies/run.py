"""One scenario under several seeds."""

from __future__ import annotations

from pathlib import Path

from experiments.design.designs import OF_A_COMPARISON, refuse_design, refuse_unheeded
from experiments.settings import asked_by
from experiments.studies.replication import conduct_study


def main(*overrides: str) -> Path:
    """Run the configured scenario under its seeds, and write tables, figures and a manifest."""
    config, asked = asked_by(*overrides)
    refuse_design(asked, "run")
    refuse_unheeded("run", overrides, *OF_A_COMPARISON, "baseline", "case", "person", "state")
    return conduct_study("run", "What does one scenario do?", [config], asked, config.scenario_name, overrides)
