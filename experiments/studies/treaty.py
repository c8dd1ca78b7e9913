"""The main job: the 193 members of the United Nations, with the treaty as if ratified by all signatories, against no treaty.

Membership changes the load of authorities. So both arms run twice: with the officers of the load before the treaty, and where
states hire with the load; unless ``review.capacity`` says which.
"""

from __future__ import annotations

from pathlib import Path

from experiments.design.capacities import CAPACITY, FOLLOWS, under_both
from experiments.design.designs import OF_A_COMPARISON, refuse_design, refuse_unheeded
from experiments.settings import StudyConfig, asked_by
from experiments.studies.replication import conduct_study
from sim.config import load
from sim.settings import Config
from sim.world.record import ConfigError

_BASELINE = "no_treaty"
TREATY_QUESTION = "What does the treaty change against a world without it?"


def main(*overrides: str) -> Path:
    """Compare the chosen scenario (as adopted, unless another is named) with no treaty under the same seeds."""
    arms, asked = treaty_arms(*overrides)
    return conduct_study("treaty", TREATY_QUESTION, arms, asked, f"{arms[1].scenario_name}-against-{_BASELINE}", overrides)


def treaty_arms(*overrides: str) -> tuple[list[Config], StudyConfig]:
    """No treaty and the chosen scenario under the same overrides, the same two where states hire, and how all are run.

    Raises ``ConfigError``.
    """
    chosen, asked = asked_by(*overrides)
    refuse_design(asked, "treaty")
    refuse_unheeded("treaty", overrides, *OF_A_COMPARISON, "baseline", "case", "person", "state")
    others = [override for override in overrides if not override.startswith("scenario=")]
    baseline = load(*others, f"scenario={_BASELINE}")
    if chosen.scenario_name == baseline.scenario_name:
        raise ConfigError(f"scenario: found {_BASELINE!r}, which is the baseline of this study; accepted: any other scenario")
    if not under_both(chosen, overrides):
        return [baseline, chosen], asked
    hired = f"{CAPACITY}={FOLLOWS}"
    return [baseline, chosen, load(*others, f"scenario={_BASELINE}", hired), load(*overrides, hired)], asked
