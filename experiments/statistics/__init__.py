"""The one place where an interval is made: ranges over worlds first, simulation error beside them, claims on many arms together."""

from experiments.statistics.arms import Leads, Ranks, leads, max_t, rank_range
from experiments.statistics.means import (
    LEVEL,
    Components,
    Limits,
    Ratios,
    components_of,
    gap_of,
    half_width,
    mean_of,
    needed_worlds,
    quantile_of,
    ratio_of,
    simulation_error,
)
from experiments.statistics.worlds import (
    DOWN,
    FEWEST_WORLDS,
    MOSTLY_CHANCE,
    NO_VERDICT,
    UNSURE,
    UP,
    SignCount,
    WorldRange,
    chance_inside,
    chance_share,
    own_percent,
    sign_count,
    verdict_of,
    world_range,
    world_values,
)

__all__ = [
    "DOWN", "FEWEST_WORLDS", "LEVEL", "MOSTLY_CHANCE", "NO_VERDICT", "UNSURE", "UP", "Components", "Leads", "Limits", "Ranks",
    "Ratios", "SignCount", "WorldRange", "chance_inside", "chance_share", "components_of", "gap_of", "half_width", "leads",
    "max_t", "mean_of", "needed_worlds", "own_percent", "quantile_of", "rank_range", "ratio_of", "sign_count",
    "simulation_error", "verdict_of", "world_range", "world_values",
]  # fmt: skip
