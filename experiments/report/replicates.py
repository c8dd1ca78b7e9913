"""Which figures a study draws, each with the caption that says what its bands are and how many runs it stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.analysis import frames
from experiments.analysis.ranges import range_in_words
from experiments.analysis.run_tables import RunTables
from experiments.figures import draw, save
from experiments.interrupts import raise_if_told
from experiments.settings import StudyConfig
from sim.settings import Config
from sim.world.vocabulary import DAYS_PER_MONTH

_HONEST = "Conditional on assumed parameters: read it relative to a baseline, not as a level."


DrawnFigure = tuple[pd.DataFrame, str, dict[str, Any]]  # frame, caption, options of its function


def drawn_for(configs: Sequence[Config]) -> list[str]:
    """Names of the figures that a study of one or two scenarios gets."""
    return [*_OF_EACH, *(_OF_TWO if len(configs) > 1 else ())]


def draw_all(
    folder: Path,
    configs: Sequence[Config],
    asked: StudyConfig,
    pooled: RunTables,
    summary: pd.DataFrame,
    comparison: pd.DataFrame | None,
) -> None:
    """Draw and save the figures of a study of one or two scenarios.

    One that cannot be drawn keeps no other from being drawn; the first failure is raised when all have been tried.
    """
    made, settings = _pages(configs, asked.seeds, pooled, summary, comparison), asked.figures
    failures: list[Exception] = []
    for name in drawn_for(configs):
        try:
            frame, caption, options = made[name]()
            save(draw(name, frame, caption, settings.get(name), **options), folder / f"{name}.png")
        except Exception as error:
            raise_if_told(error)
            error.add_note(f"figure: {name}")
            failures.append(error)
    if failures:
        raise failures[0]


_OF_EACH, _OF_TWO = ("targeted_rate", "flows", "fates", "backlog", "tile_map", "requested_side"), ("headline",)


def _pages(
    configs: Sequence[Config], seeds: int, pooled: RunTables, summary: pd.DataFrame, comparison: pd.DataFrame | None
) -> dict[str, Callable[[], DrawnFigure]]:
    """What each figure is made from, by its name; nothing is worked out before it is called."""
    last = configs[-1]
    fewest = last.metrics.fewest_events
    runs = f"{seeds} runs of {last.years} years a scenario."
    opens = pd.Timestamp(last.start)
    closes = opens + pd.to_timedelta(12 * last.years * DAYS_PER_MONTH, unit="D")
    shown = f"Scenario: {_plain(last)}; {seeds} runs of {last.years} years."
    few = {"fewest": fewest}
    worlds = seeds if last.world_seed is None else 1
    band = f"Line: {range_in_words(worlds)}; one replicate a world, so luck is in it; parameters are held."
    return {
        "targeted_rate": lambda: (frames.targeted_frame(summary), f"{band} {runs} {_HONEST}", few),
        "flows": lambda: (
            frames.flows_frame(pooled, last.scenario_name),
            f"{shown} {_HONEST}",
            few | {"names": frames.names_of(last)},
        ),
        "fates": lambda: (
            frames.fates_frame(pooled),
            f"All latent cases of the window, domestic ones too, all runs together (tables average the runs): {runs}",
            few,
        ),
        "backlog": lambda: (
            frames.backlog_frame(pooled, list(configs)),
            f"Mean over runs: {runs} Authorities named are those asked most in every run.",
            {"opens": opens, "closes": closes, "names": frames.names_of(last)},
        ),
        "tile_map": lambda: (
            frames.origins_frame(pooled, last.scenario_name, last),
            f"{shown} {_HONEST}",
            few | {"withheld": frames.thin_origins(pooled, last.scenario_name)},
        ),
        "requested_side": lambda: (
            frames.sides_frame(pooled),
            f"All runs together: {runs}",
            few | {"names": frames.names_of(last), "unsigned": frames.outside_of(last)},
        ),
        "headline": lambda: (
            frames.headline_frame(summary if comparison is None else comparison),
            f"{_plain(configs[-1])} less {_plain(configs[0])}, paired by seed. {band} {runs}",
            few,
        ),
    }


def _plain(config: Config) -> str:
    return config.scenario_name.replace("_", " ")
