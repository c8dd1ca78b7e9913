"""Which figures a study draws, each with the caption that says what its bands are and how many runs it stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.analysis import frames
from experiments.analysis.origins import origins_of
from experiments.analysis.ranges import range_in_words
from experiments.analysis.run_tables import RunTables
from experiments.design.capacities import arm_names
from experiments.design.plain import plain_names
from experiments.figures import draw, save
from experiments.interrupts import raise_if_told
from experiments.settings import StudyConfig
from experiments.text import counted
from sim.settings import Config
from sim.world.vocabulary import DAYS_PER_MONTH

_HONEST = "Conditional on assumed parameters: read it relative to a baseline, not as a level."


DrawnFigure = tuple[pd.DataFrame, str, dict[str, Any]]  # frame, caption, options of its function


def drawn_for(configs: Sequence[Config]) -> list[str]:
    """Names of the figures that a study of one or two scenarios gets."""
    return [*(_OF_TWO if len(configs) > 1 else _OF_ONE), *_OF_EACH]


def draw_all(
    folder: Path,
    configs: Sequence[Config],
    asked: StudyConfig,
    pooled: RunTables,
    summary: pd.DataFrame,
    comparison: pd.DataFrame | None,
) -> None:
    """Draw and save the figures of a study of one or two scenarios.

    Of a pair under both capacities ``headline`` shows both, all others the first.

    One that cannot be drawn keeps no other from being drawn; the first failure is raised when all have been tried.
    """
    first = pooled.of(arm_names(configs)[:2])
    made, settings = _pages(configs, asked.layout(configs[0].world_seed), first, summary, comparison), asked.figures
    failures: list[Exception] = []
    for name in drawn_for(configs):
        try:
            frame, caption, options = made[name]()
            page = _titled(dict(settings.get(name) or {}), name, configs)
            page = _as_tall_as(len(frame), page) if name == "headline" else page
            save(draw(name, frame, caption, page, **options), folder / f"{name}.png")
        except Exception as error:
            raise_if_told(error)
            error.add_note(f"figure: {name}")
            failures.append(error)
    if failures:
        raise failures[0]


def _titled(page: dict[str, Any], name: str, configs: Sequence[Config]) -> dict[str, Any]:
    """A figure's page with a title that says what a change is read against."""
    if name not in _OF_TWO or not page.get("title"):
        return page
    baseline = configs[0].scenario_name
    return page | {"title": f"{page['title']}, against “{plain_names([baseline])[baseline]}”"}


def _as_tall_as(rows: int, page: dict[str, Any]) -> dict[str, Any]:
    """The page of the headline, higher where it has more rows than one capacity gives."""
    more = max(rows - _ROWS, 0) * _ROW
    return page | {"height_inches": page["height_inches"] + more} if "height_inches" in page else page


_ROWS, _ROW = 13, 0.42  # rows of a page as it is configured; inches that a further one needs
_OF_ONE, _OF_TWO = ("targeted_rate", "tile_map"), ("targeted_change", "headline", "change_map")  # the first figures
_OF_EACH = ("flows", "fates", "backlog", "requested_side")


def _pages(
    configs: Sequence[Config],
    layout: tuple[int, int],
    pooled: RunTables,
    summary: pd.DataFrame,
    comparison: pd.DataFrame | None,
) -> dict[str, Callable[[], DrawnFigure]]:
    """What each figure is made from, by its name; nothing is worked out before it is called.

    ``layout`` says how many worlds there are, and how many replicates in each.
    """
    both, configs = configs, configs[:2]
    first, last = configs[0], configs[-1]
    fewest, (worlds, replicates) = last.metrics.fewest_events, layout
    spelt = plain_names(config.scenario_name for config in configs)
    officers = "" if len(both) == len(configs) else f" {_OFFICERS}"
    own = None if comparison is None else comparison[comparison["capacity"] == first.review.capacity]
    size = f"{counted(worlds, 'world')} × {counted(replicates, 'replicate')} of {counted(last.years, 'year')}"
    runs = f"{size} a scenario.{officers}"
    opens = pd.Timestamp(last.start)
    closes = opens + pd.to_timedelta(12 * last.years * DAYS_PER_MONTH, unit="D")
    shown = f"Scenario: {spelt[last.scenario_name]}; {size}.{officers}"
    few, named = {"fewest": fewest}, {"names": frames.names_of(last) | spelt}
    base = {"baseline": first.scenario_name} if len(configs) > 1 else {}
    said = {"baseline": spelt[first.scenario_name]}
    band = f"{_range_line(worlds, replicates)}; {'parameters are drawn in each world' if first.draws else 'parameters are held'}."
    return {
        "targeted_rate": lambda: (frames.targeted_frame(summary), f"{band} {runs} {_HONEST}", few),
        "targeted_change": lambda: (
            frames.targeted_change_frame(_known(own), summary, first.scenario_name, last.scenario_name),
            f"{band} {runs} {_HONEST}",
            few | said | {"scenario": spelt[last.scenario_name]},
        ),
        "headline": lambda: (
            frames.headline_frame(_known(comparison)),
            f"{band} {size} a scenario. {capacities_line(both, spelt)}".strip(),
            few | said,
        ),
        "flows": lambda: (frames.flows_frame(pooled, last.scenario_name), f"{shown} {_HONEST}", few | named),
        "fates": lambda: (frames.fates_frame(pooled), runs, few | {"names": spelt}),
        "backlog": lambda: (
            frames.backlog_frame(pooled, list(configs)),
            f"{runs} Authorities named are those asked most in every run.",
            {"opens": opens, "closes": closes} | named | base,
        ),
        "tile_map": lambda: _map_of(pooled, configs, spelt, f"{runs} {_HONEST}"),
        "change_map": lambda: _map_of(pooled, configs, spelt, f"{runs} {_HONEST}"),
        "requested_side": lambda: (
            frames.sides_frame(pooled),
            f"All runs together: {runs}",
            few | named | {"unsigned": frames.outside_of(last)} | base,
        ),
    }


_OFFICERS = "Officers are those of the load before the treaty (review.capacity=before)."


def capacities_line(configs: Sequence[Config], spelt: Mapping[str, str]) -> str:
    """Which baseline each row of a pair under both capacities is read against; nothing where there is one capacity."""
    if len(configs) == len(configs[:2]):
        return ""
    base = spelt[configs[0].scenario_name]
    return (
        f"First of each two: officers of the load before the treaty, against “{base}” under review.capacity=before. Second: states "
        f"hire until they are as busy as they were, against “{base}” under review.capacity=follows."
    )


def _range_line(worlds: int, replicates: int) -> str:
    """What a range is, and what a world's value."""
    if worlds == 1:
        return "One world: no range"
    mean = f"a world's value is the mean over {replicates} replicates"
    return f"Range: {range_in_words(worlds)}; {'one replicate a world, so luck is in it' if replicates == 1 else mean}"


def _map_of(pooled: RunTables, configs: Sequence[Config], spelt: Mapping[str, str], runs: str) -> DrawnFigure:
    """The map: what changes between two scenarios, or the rate in one, drawn in as far as few events make it noise."""
    last, change = configs[-1], len(configs) > 1
    frame = frames.origins_frame(origins_of(pooled, configs), last, change)
    per = "people disclosed per 100 000 at risk a year"
    after, before = spelt[last.scenario_name], spelt[configs[0].scenario_name]
    unit = f"change in {per}: {after} less {before}" if change else f"{per}: {after}"
    towards = "no change" if change else "the rate of all states together"
    words = (
        f"By state of origin. Numbers are drawn in towards {towards}, the more the fewer events stand behind them, so that small "
        f"states do not lead by luck; as they were, with their ranges over worlds, they stand in origins.csv. {runs}"
    )
    return frame, words, {"fewest": last.metrics.fewest_events, "unit": unit}


def _known(comparison: pd.DataFrame | None) -> pd.DataFrame:
    """The comparison of two scenarios. Raises ``ValueError`` where there is but one."""
    if comparison is None:
        raise ValueError("one scenario alone has no comparison")
    return comparison
