"""Which figures a study draws, each with the caption that says what its bands are and how many runs it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments import frames
from experiments.figures import draw, save
from experiments.tally import Tally
from sim.settings import Config
from sim.world.vocabulary import DAYS_PER_MONTH

_BAND = "Intervals: 95 % over replicates (worlds and luck together; parameters are held)."
_HONEST = "Conditional on assumed parameters: read it relative to a baseline, not as a level."


def draw_all(
    folder: Path, configs: Sequence[Config], pooled: Tally, summary: pd.DataFrame, comparison: pd.DataFrame | None
) -> None:
    """Draw and save the figures of a study of one or two scenarios."""
    last = configs[-1]
    settings, fewest = last.figures, last.metrics.fewest_events
    runs = f"{last.seeds} runs of {last.years} years a scenario."
    opens = pd.Timestamp(last.start)
    closes = opens + pd.to_timedelta(12 * last.years * DAYS_PER_MONTH, unit="D")
    shown = f"Scenario: {_plain(last)}; {last.seeds} runs of {last.years} years."
    thin = {"fewest": fewest, "withheld": frames.thin_origins(pooled, last.scenario_name)}
    few, names = {"fewest": fewest}, {"names": frames.names_of(last)}
    pages: list[tuple[str, pd.DataFrame, str, dict[str, Any]]] = [
        ("targeted_rate", frames.targeted_frame(summary), f"{_BAND} {runs} {_HONEST}", few),
        ("flows", frames.flows_frame(pooled, last.scenario_name), f"{shown} {_HONEST}", few | names),
        (
            "fates",
            frames.fates_frame(pooled),
            f"All latent cases of the window, domestic ones too, all runs together (tables average the runs): {runs}",
            few,
        ),
        (
            "backlog",
            frames.backlog_frame(pooled, list(configs)),
            f"Mean over runs: {runs} Authorities named are those asked most in every run.",
            {"opens": opens, "closes": closes} | names,
        ),
        ("tile_map", frames.origins_frame(pooled, last.scenario_name, last), f"{shown} {_HONEST}", thin),
        (
            "requested_side",
            frames.sides_frame(pooled),
            f"All runs together: {runs}",
            few | names | {"unsigned": frames.outside_of(last)},
        ),
    ]
    if comparison is not None:
        caption = f"{_plain(configs[-1])} less {_plain(configs[0])}, paired by seed. {_BAND} {runs}"
        pages.append(("headline", frames.headline_frame(comparison), caption, few))
    for name, frame, caption, options in pages:
        save(draw(name, frame, caption, settings.get(name), **options), folder / f"{name}.png")


def _plain(config: Config) -> str:
    return config.scenario_name.replace("_", " ")
