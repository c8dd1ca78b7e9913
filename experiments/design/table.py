"""The table of a design's points, each with the configuration that it stands for."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from experiments.design.designs import Settings
from sim.config import checked_config, with_overrides
from sim.settings import Config
from sim.world.leaves import Plain


class Points(NamedTuple):
    """The points of a design."""

    frame: pd.DataFrame  # [P] columns POINT_COLUMNS, levers, uncertainties
    bases: dict[str, Plain]  # scenario or arm -> composed configuration in plain values
    settings: list[tuple[str, Settings]]  # [P] the base of each point, and the keys that it sets otherwise

    def config(self, place: int) -> Config:
        """The configuration of a point. Raises ``ConfigError`` for a value out of range."""
        base, settings = self.settings[place]
        return checked_config(with_overrides(self.bases[base], settings))
