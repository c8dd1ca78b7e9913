"""What each safeguard protects on paper, and what is left of it once everyone has adapted.

``rogatory adaptation [scenarios=[judge,notice]] [years=10] [seeds=10] [replicates=2]``: every scenario under requesters who go on
as they did and under ones who adapt, each against the baseline under the same conduct, in the same worlds and replicates.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table
from rich.text import Text

from experiments.analysis.adaptation import (
    ADAPTIVE,
    CONDUCTS,
    DISCLOSES,
    DISPLACED_TABLE,
    HEADLINE_TABLE,
    LEVELS,
    MOVED_TABLE,
    NAIVE,
    WHOLE_WINDOW,
    AdaptationSpec,
    adaptation_tables,
)
from experiments.analysis.ranges import mostly_chance, said_of_ranges, too_few_worlds
from experiments.analysis.record import spec_from
from experiments.console import Terminal, console_of, table_of
from experiments.design.arms import ArmRun, arm_runs_of
from experiments.design.comparisons import Arm, compare_arms
from experiments.design.designs import Design
from experiments.design.plain import arm_in_words
from experiments.design.scenarios import KINDS, NO_HEADERS, NOT_SAID, Header, by_kind, headers_of, kind_of, listing, ranked_of
from experiments.execution.comparison import (
    RUNS_FILE,
    Compared,
    check_all,
    comparison_plan,
    manifest_of_arms,
    run_all,
    runs_frame,
    time_facts,
)
from experiments.execution.forecast import drawing
from experiments.execution.session import runs_kept
from experiments.figures import draw, save
from experiments.figures.adaptation import ACROSS, MOST
from experiments.figures.style import FEWEST
from experiments.letters import cut
from experiments.output import Lacking, commit, stamped, whole_folder, write_csv, write_manifest
from experiments.report import REPORT
from experiments.report.adapted import alt_of, write_adapted
from experiments.report.pictures import Picture
from experiments.report.sentences import apart
from experiments.settings import StudyConfig, conduct_of_study
from experiments.statistics import FEWEST_WORLDS
from experiments.text import counted, distinct, time_text
from sim.config import key_of
from sim.result import package_versions
from sim.settings import Config
from sim.world.record import ConfigError

DIGITS = "%.6g"  # of the numbers of these tables
_ROW, _FURNITURE = 2.45, 1.7  # inches a row of panels; inches of title, legend and caption
_READING = (
    "A panel a scenario: the dashed line is what it would prevent if nobody adapted, the full line what it prevents once everyone "
    "does. The numbers of all scenarios stand in the table below."
)
_WIDE = 140  # letters of a line that has room for all columns
_LEAST = 24  # letters of its first column at least
_NAME = 56  # letters of a scenario in the terminal's table
_OURS = ("conduct", "scenario", "design")  # what the study sets itself
_QUESTION = "What does each scenario protect on paper, and what is left of it once everyone has adapted?"
_FIGURES = "figures"  # folder of the figure
_HONEST = (
    "Conditional, relative answers: nobody knows how requesters, reviewers, people and legislatures would adapt. Ranges say "
    "nothing of parameters that are held at one value; simulation errors stand in headline.csv."
)


def main(*overrides: str) -> Path:
    """Run, tell and write; returns the folder of results. Raises ``StoppedError`` where the figure or the page failed."""
    began = time.monotonic()
    with Terminal(stderr=True).status("composing the scenarios"):
        arms, asked = adaptation_arms(overrides)
    first = arms[0].baseline_config
    spec = checked_study(first, asked)
    arm_runs = arm_runs_of(arms)
    told_of_files = headers_of(arm_run.name.rpartition(" ")[0] for arm_run in arm_runs)
    check_all(arm_runs)
    console, command = console_of(), " ".join(["adaptation", *overrides])
    plan = comparison_plan(arm_runs, asked, adaptation_design(arm_runs), "adaptation", command, drawing(1, len(arms)))
    with whole_folder(Path(asked.output) / "adaptation", name := stamped("adaptation")) as folder, runs_kept(plan):
        ran = run_all(plan, arm_runs, console)
        runs_frame(ran.results, arm_runs).to_parquet(folder / RUNS_FILE, index=False)
        lacking, tables = Lacking(folder), dict[str, pd.DataFrame]()
        with lacking.spared(HEADLINE_TABLE, DISPLACED_TABLE, MOVED_TABLE):
            tables = adaptation_tables(ran.results, arm_runs, spec)
            for table, frame in tables.items():
                write_csv(frame, folder / table, DIGITS)
        if tables:
            with lacking.spared(REPORT, f"{_FIGURES}/adaptation.png"):
                page = dict(asked.figures["adaptation"])
                page["title"] = f"{page['title']}, against {arm_in_words(_plain(first), told_of_files)}"
                shown = tables[HEADLINE_TABLE], _size(ran, first), page
                picture = draw_figure(folder / _FIGURES, *shown, told_of_files)
                write_adapted(folder, list(tables.values()), arms, told_of_files, picture, _facts(command, ran, first, began))
        manifest = manifest_of_arms(folder, arm_runs, ran, time.monotonic() - began)
        write_manifest(folder, manifest | {"missing": lacking.why})
    written = Path(asked.output) / "adaptation" / name
    with lacking.told_after(written):
        if tables:
            fewest = first.metrics.fewest_events
            lines = headline_lines(tables[HEADLINE_TABLE], spec, _size(ran, first), told_of_files, console.width, fewest)
            console.print(lines)
        few = [f"{too_few_worlds(ran.worlds).capitalize()}."] if ran.worlds < FEWEST_WORLDS else []
        took = f"{time_text(time.monotonic() - began).capitalize()} in all."
        for line in (took, f"Written to {written}.", *few, said_of_ranges(ran.worlds), _HONEST):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return written


def adaptation_arms(overrides: Sequence[str]) -> tuple[list[Arm], StudyConfig]:
    """Each scenario under each conduct, against the baseline under the same. ``scenarios=all`` takes those meant to protect.

    Raises ``ConfigError`` for a key that the study sets itself.
    """
    for override in overrides:
        if key_of(override) in _OURS:
            raise ConfigError(f"{key_of(override)}: found {override!r}; accepted: scenarios=[...], the study sets the rest itself")
    asked = conduct_of_study(*overrides)
    if asked.scenarios == ["all"]:
        meant = ",".join(protecting(asked.baseline))
        overrides = [*(o for o in overrides if key_of(o) != "scenarios"), f"scenarios=[{meant}]"]
    arms = []
    for conduct in CONDUCTS:
        for arm in compare_arms([*overrides, f"conduct={conduct}"]):
            config, against = (
                side.model_copy(update={"scenario_name": f"{side.scenario_name} {conduct}"})
                for side in (arm.config, arm.baseline_config)
            )
            arms.append(Arm(f"{arm.name} {conduct}", config, against))
    return arms, asked


def adaptation_design(arm_runs: Sequence[ArmRun]) -> Design:
    """The study as a design: an arm each scenario and conduct, the baseline's among them."""
    named = {arm_run.name: arm_run.name.rpartition(" ") for arm_run in arm_runs}
    arms = {name: [f"scenario={scenario}", f"conduct={conduct}"] for name, (scenario, _, conduct) in named.items()}
    return Design(question=_QUESTION, baseline=arm_runs[0].name.rpartition(" ")[0], arms=arms)


def protecting(baseline: str) -> list[str]:
    """The safeguards, the bundles, and of who is bound what is expected to lower disclosures: staying out.

    A file of a user's own without a kind counts if its header expects that too.
    """
    known, wrong = listing()
    for line in wrong.values():
        Terminal(stderr=True).print(f"left out: {line}", markup=False, highlight=False, soft_wrap=True)
    return [name for name, header in known.items() if _protects(header) and name not in (baseline, *wrong)]


def _protects(header: Header) -> bool:
    """Whether a scenario is a reform, or else one that may lower disclosures and is expected to."""
    expected = header.kind in (NOT_SAID, "membership") and header.direction.get(DISCLOSES) == "down"
    return header.kind in ("safeguard", "bundle") or expected


def checked_study(config: Config, asked: StudyConfig) -> AdaptationSpec:
    """The study's settings, if its configuration suits it. Raises ``ConfigError``."""
    for key, found in (("world_seed", config.world_seed), ("until", asked.until)):
        if found is None:
            continue
        raise ConfigError(f"{key}: found {found}; accepted: null in this study, which runs seeds x replicates runs")
    return spec_from("adaptation", AdaptationSpec, asked)


def _plain(baseline: Config) -> str:
    """A baseline's name without its conduct."""
    return baseline.scenario_name.rpartition(" ")[0]


def _size(ran: Compared, first: Config) -> str:
    return f"{counted(ran.worlds, 'world')} x {ran.plan.replicates} replicates, {counted(first.years, 'year')}, paired"


# --- tables ---------------------------------------------------------------------------------------------------------------


def _facts(command: str, ran: Compared, first: Config, began: float) -> dict[str, Any]:
    """How the study was run, for its report."""
    return {
        "command": f"rogatory {command}", "seeds": ran.results.worlds, "replicates": ran.plan.replicates, "years": first.years,
        "worlds": ran.worlds, **time_facts(ran, began), "commit": commit(),
        "versions": package_versions(), "baseline": first.scenario_name,
    }  # fmt: skip


def draw_figure(
    folder: Path, headline: pd.DataFrame, size: str, page: Mapping[str, Any], told: Mapping[str, Header] = NO_HEADERS
) -> Picture:
    """The one figure: what is prevented in some years on paper and after adaptation, of safeguards and bundles alone.

    ``told`` are the headers of the scenarios; fewer panels make a lower figure.
    """
    caption = f"{size}. Conditional on assumed parameters; how anyone would adapt is assumed too."
    names = {name: arm_in_words(name, told) for name in distinct(headline["scenario"])}
    ranked = ranked_of(names, {name: kind_of(name, told) for name in names})
    shown = headline[headline["scenario"].astype(str).isin(ranked)]
    settings = dict(page)
    rows = ceil(min(len(ranked), int(settings.get("largest", MOST))) / ACROSS)
    settings["height_inches"] = min(settings["height_inches"], _FURNITURE + _ROW * rows)
    figure = draw("adaptation", shown, caption, settings, names=names)
    width, height = (round(float(inches) * figure.dpi) for inches in figure.get_size_inches())
    path = save(figure, folder / "adaptation.png")
    return Picture(path, str(settings["title"]), alt_of(shown, told), _READING, width, height)


# --- telling --------------------------------------------------------------------------------------------------------------


def headline_lines(
    headline: pd.DataFrame, spec: AdaptationSpec, size: str, told: Mapping[str, Header] = NO_HEADERS, width: int = _WIDE,
    fewest: int = FEWEST,
) -> Table:  # fmt: skip
    """The headline as a terminal shows it: protection on paper, after years of adaptation, what that takes, what it costs.

    Each with its range over worlds and the worlds that have its sign; a part each kind, by the headers in ``told``. Of
    the years the last alone, and on lines of fewer than ``_WIDE`` letters neither displacement nor needs: the page has it all.
    Scenarios go by their plain names; a number on fewer than ``fewest`` events is not given.
    """
    years = [str(year) for year in spec.years if str(year) in set(headline["year"])][-1:]
    held = {(r.scenario, r.conduct, r.year, r.measure): r for r in headline.itertuples(index=False)}
    columns = ["scenario", "on paper", *(f"year {year}" for year in years), "taken by it", "displaced", "needs lost"]
    beside = ["lost", "displaced", "cost"]
    if width < _WIDE:
        columns, beside = columns[:-2], beside[:1]
    table = table_of(f"cases saved, % of the baseline's (range over worlds in brackets), in worlds; {size}", columns)
    order = sorted(
        {str(name) for name in headline["scenario"]}, key=lambda name: -_value(held.get((name, NAIVE, WHOLE_WINDOW, "protection")))
    )
    table.columns[0].min_width, table.columns[0].justify = _LEAST, "left"
    words = apart({name: arm_in_words(name, told) for name in order})
    named, parts = cut(words.values(), _NAME), by_kind(order, {name: kind_of(name, told) for name in order})
    for name in (name for names in parts.values() for name in names):
        kind = kind_of(name, told)
        if name == parts[kind][0] and [*parts] != [NOT_SAID]:  # arms of no kind that is said need no heading
            table.add_row(Text(KINDS[kind].capitalize(), style="italic"), *[""] * (len(columns) - 1))
        places = [(NAIVE, WHOLE_WINDOW, "protection"), *((ADAPTIVE, year, "protection") for year in years)]
        places += [(ADAPTIVE, WHOLE_WINDOW, measure) for measure in beside]
        table.add_row(named[words[name]], *(_cell(held.get((name, *place)), fewest) for place in places))
    return table


def _value(row: Any) -> float:
    return -np.inf if row is None or np.isnan(row.value) else float(row.value)


def _cell(row: Any, fewest: int) -> str:
    """A number with its range and the worlds that agree, or why there is none; a share has no sign that worlds could have."""
    if row is None or row.constructed_zero:
        return "absent" if row is None else "cannot move"
    if np.isnan(row.value):
        return f"<{fewest} events" if min(row.events_baseline, row.events) < fewest else "no number"
    if np.isnan(row.world_low):
        return f"{row.value:.1f} [no range]"
    if row.measure not in LEVELS and row.value == row.world_low == row.world_high == 0 and row.events == row.events_baseline:
        return "0 in every run"
    return f"{row.value:.1f} [{row.world_low:.1f}, {row.world_high:.1f}]{_agreeing(row)}"


def _agreeing(row: Any) -> str:
    """In how many worlds a change has its sign, and whether it is mostly chance; nothing of a share."""
    chance = " chance" if mostly_chance({"chance_share": row.chance_share}) else ""
    return "" if row.measure in LEVELS else f" {row.worlds_agreeing:.0f}/{row.worlds}{chance}"
