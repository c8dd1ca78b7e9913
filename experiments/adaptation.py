"""What each safeguard protects on paper, and what is left of it once everyone has adapted.

``rogatory adaptation [scenarios=[judge,notice]] [years=10] [seeds=10] [luck=2]``: every scenario under requesters who go on as
they did and under ones who adapt, each against the baseline under the same conduct, in the same worlds and lucks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, StrictInt
from pydantic_core import PydanticCustomError
from rich.table import Table

from experiments.analysis.record import spec_from
from experiments.board import DISPLACEMENT, Board, Key
from experiments.compare import RUNS, Compared, check_all, manifest_of_arms, plan_of, run_all, runs_frame
from experiments.designs import Arm, Design, compare_arms
from experiments.execution import runs_kept
from experiments.figures import draw, save
from experiments.forecast import drawing
from experiments.letters import cut
from experiments.lineup import Entry, line_up
from experiments.output import Lacking, commit, stamped, whole_folder, write_manifest
from experiments.paired import Ratios, gap_of, half_width, mean_of, ratio_of
from experiments.report import REPORT
from experiments.report.adapted import alt_of, write_adapted
from experiments.report.pictures import Picture
from experiments.scenarios import headers_of, listing
from experiments.settings import StudyConfig, study_of
from experiments.telling import counted, told_time
from experiments.terminal import Terminal, console_of, table_of
from sim.config import key_of
from sim.result import package_versions
from sim.settings import Config
from sim.world.ranges import Range
from sim.world.record import ConfigError, Record

Reals = NDArray[np.float64]
NAIVE, ADAPTIVE = "naive", "adaptive"
CONDUCTS = (NAIVE, ADAPTIVE)
PROTECTS = "case_disclosure_rate"
COOPERATES = "legit_met_rate"
WHOLE = "all"  # years of the window together
DISPLACED_BY = ("kind", "channel", "instrument", "requested")  # the ways in which displaced cases are told apart
HEADLINE_TABLE, DISPLACED_TABLE, MOVED_TABLE = "headline.csv", "displaced.csv", "moved.csv"
DIGITS = "%.6g"  # of the numbers of these tables
SILENCE = "silenced_share"
PER_CENT = 100.0
_ROW, _FURNITURE = 0.26, 2.6  # inches a scenario; inches of title, legend, headings, axis and caption
_READING = (
    "A row a scenario: right of the line it saves abusive disclosures; a disc left of its stroke saves less than that year on "
    "paper. The same numbers stand in the table below."
)
_NAME = 56  # letters of a scenario in the terminal's table
_OURS = ("conduct", "scenario", "design")  # what the study sets itself
_QUESTION = "What does each scenario protect on paper, and what is left of it once everyone has adapted?"
_FIGURES = "figures"  # folder of the figure
_HONEST = (
    "Conditional, relative answers: nobody knows how requesters, reviewers, people and legislatures would adapt. Intervals are "
    "95 %, on world means; they say nothing of the parameters that are assumed."
)
HEADLINE = (
    *("scenario", "conduct", "year", "measure", "value", "world_low", "world_high", "unit"),
    *("events_baseline", "events", "worlds"),
)
MOVED = (
    *("scenario", "by", "level", "naive", "adaptive", "moved", "moved_world_low", "moved_world_high", "unit"),
    *("events_naive", "events_adaptive", "worlds"),
)
WHERE = ("scenario", "conduct", "by", "level", "value", "world_low", "world_high", "count", "of")


def _each_once(years: list[int]) -> list[int]:
    if len(set(years)) < len(years):
        raise PydanticCustomError("twice", "each year once")
    return years


class Spec(Record):
    """What is told of each scenario."""

    years: Annotated[list[Annotated[StrictInt, Range(1, 50)]], Field(min_length=1), AfterValidator(_each_once)]


class Side(NamedTuple):
    """One scenario under one conduct, and what it is read against."""

    scenario: str
    conduct: str
    place: int  # in the line-up
    against: int


def main(*overrides: str) -> Path:
    """Run, tell and write; returns the folder of results. Raises ``StoppedError`` where the figure or the page failed."""
    began = time.monotonic()
    with Terminal(stderr=True).status("composing the scenarios"):
        arms, asked = chosen_arms(overrides)
    first = arms[0].baseline_config
    spec = checked(first, asked)
    entries = line_up(arms)
    told_of_files = headers_of(arm.name.rpartition(" ")[0] for arm in arms)
    check_all(entries)
    console, command = console_of(), " ".join(["adaptation", *overrides])
    plan = plan_of(entries, asked, design_asked(entries), "adaptation", command, drawing(1, len(arms)))
    with whole_folder(Path(asked.output) / "adaptation", name := stamped("adaptation")) as folder, runs_kept(plan):
        ran = run_all(plan, entries, console)
        runs_frame(ran.board, entries).to_parquet(folder / RUNS, index=False)
        lacking, tables = Lacking(folder), dict[str, pd.DataFrame]()
        with lacking.spared(HEADLINE_TABLE, DISPLACED_TABLE, MOVED_TABLE):
            tables = tables_of(ran.board, entries, spec)
            for table, frame in tables.items():
                frame.to_csv(folder / table, index=False, float_format=DIGITS)
        if tables:
            with lacking.spared(REPORT, f"{_FIGURES}/adaptation.png"):
                picture = draw_figure(folder / _FIGURES, tables[HEADLINE_TABLE], _size(ran, first), asked.figures["adaptation"])
                write_adapted(folder, list(tables.values()), arms, told_of_files, picture, _facts(command, ran, first, began))
        manifest = manifest_of_arms(folder, entries, ran, time.monotonic() - began)
        write_manifest(folder, manifest | {"missing": lacking.why})
    written = Path(asked.output) / "adaptation" / name
    with lacking.told_after(written):
        if tables:
            console.print(told(tables[HEADLINE_TABLE], spec, _size(ran, first)))
        for line in (f"{told_time(time.monotonic() - began).capitalize()} in all.", f"Written to {written}.", _HONEST):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return written


def chosen_arms(overrides: Sequence[str]) -> tuple[list[Arm], StudyConfig]:
    """Each scenario under each conduct, against the baseline under the same. ``scenarios=all`` takes those meant to protect.

    Raises ``ConfigError`` for a key that the study sets itself.
    """
    for override in overrides:
        if key_of(override) in _OURS:
            raise ConfigError(f"{key_of(override)}: found {override!r}; accepted: scenarios=[...], the study sets the rest itself")
    asked = study_of(*overrides)
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


def design_asked(entries: Sequence[Entry]) -> Design:
    """The study as a design: an arm each scenario and conduct, the baseline's among them."""
    named = {entry.name: entry.name.rpartition(" ") for entry in entries}
    arms = {name: [f"scenario={scenario}", f"conduct={conduct}"] for name, (scenario, _, conduct) in named.items()}
    return Design(question=_QUESTION, baseline=entries[0].name.rpartition(" ")[0], arms=arms)


def protecting(baseline: str) -> list[str]:
    """Scenarios whose header says that fewer cases are disclosed: the safeguards, the bundles, and staying out."""
    known, wrong = listing()
    for line in wrong.values():
        Terminal(stderr=True).print(f"left out: {line}", markup=False, highlight=False, soft_wrap=True)
    return [name for name, header in known.items() if header.direction.get(PROTECTS) == "down" and name not in (baseline, *wrong)]


def checked(config: Config, asked: StudyConfig) -> Spec:
    """The study's settings, if its configuration suits it. Raises ``ConfigError``."""
    for key, found in (("world_seed", config.world_seed), ("until", asked.until)):
        if found is None:
            continue
        raise ConfigError(f"{key}: found {found}; accepted: null in this study, which runs seeds x luck replicates")
    return spec_from("adaptation", Spec, asked)


def sides_of(entries: Sequence[Entry]) -> list[Side]:
    """The arms of a line-up, named by scenario and conduct."""
    named = [(place, entry, entry.name.rpartition(" ")) for place, entry in enumerate(entries) if entry.against != place]
    return [Side(scenario, conduct, place, entry.against) for place, entry, (scenario, _, conduct) in named]


def _size(ran: Compared, first: Config) -> str:
    return f"{counted(ran.worlds, 'world')} x {ran.plan.luck} luck, {counted(first.years, 'year')}, paired"


# --- tables ---------------------------------------------------------------------------------------------------------------


def tables_of(board: Board, entries: Sequence[Entry], spec: Spec) -> dict[str, pd.DataFrame]:
    """The three tables of the study, by file name."""
    sides, fewest = sides_of(entries), entries[0].config.metrics.fewest_events
    return {
        HEADLINE_TABLE: headline_of(board, sides, spec, fewest),
        DISPLACED_TABLE: where_of(board, sides, fewest),
        MOVED_TABLE: moved_of(board, sides, entries, fewest),
    }


def headline_of(board: Board, sides: Sequence[Side], spec: Spec, fewest: int) -> pd.DataFrame:
    """``HEADLINE``, a row a scenario, conduct, year and measure.

    ``protection``: per cent of the baseline's disclosures (by year of the wish, or of the whole window) that are prevented;
    ``cost``: per cent of its needs met that are not; ``lost``: points of protection that adaptation takes, naive less adaptive,
    in the rows of the adaptive; ``displaced``: per cent of what the treaty no longer gives that is had another way, mean over
    worlds, each counting alike; ``silenced``: per cent of the wishes about people at risk that nobody has because somebody has
    fallen silent, which protects nobody but counts as a case less. Intervals on world means: ratios by Fieller, their
    differences by linearisation. Fewer than ``fewest`` events on a side give no number.
    """
    rows: list[dict[str, Any]] = []
    naive = {side.scenario: side for side in sides if side.conduct == NAIVE}
    years = [WHOLE, *(str(year) for year in spec.years)]
    for side in sides:
        for year in years:
            for measure, metric in (("protection", PROTECTS), ("cost", COOPERATES)):
                key = (metric, "all", "all") if year == WHOLE else (metric, "year", year)
                if key not in board.keys:
                    continue
                pair = _pair(board, side, key)
                events = _events(board, side, key)
                rows.append(_row(side, year, measure, _prevented(ratio_of(*pair)), events, fewest, _worlds(pair)))
                if side.conduct == ADAPTIVE and measure == "protection" and side.scenario in naive:
                    plain = naive[side.scenario]
                    gap = gap_of(pair, _pair(board, plain, key))  # more disclosed of the baseline's than under habit
                    taken = Ratios(*(PER_CENT * part for part in gap))
                    least = tuple(min(pair) for pair in zip(events, _events(board, plain, key), strict=True))
                    rows.append(_row(side, year, "lost", taken, (least[0], least[1]), fewest, _worlds(pair)))
        rows += [*_displaced(board, side, fewest), *_silenced(board, side, fewest)]
    return pd.DataFrame(rows, columns=list(HEADLINE))


def _prevented(found: Ratios) -> Ratios:
    return Ratios(PER_CENT * (1 - found.ratio), PER_CENT * (1 - found.high), PER_CENT * (1 - found.low))


def _pair(board: Board, side: Side, key: Key) -> tuple[Reals, Reals]:
    """World means under the scenario and under its baseline, ``[W]`` each, of runs that both have."""
    k = board.keys.index(key)
    above, below = board.values[side.place, k], board.values[side.against, k]
    both = ~(np.isnan(above) | np.isnan(below))
    return mean_of(np.where(both, above, np.nan)), mean_of(np.where(both, below, np.nan))


def _events(board: Board, side: Side, key: Key) -> tuple[int, int]:
    k = board.keys.index(key)
    return int(board.counts[side.against, k].sum()), int(board.counts[side.place, k].sum())


def _worlds(pair: tuple[Reals, Reals]) -> int:
    return int((~np.isnan(pair[0])).sum())


def _row(
    side: Side, year: str, measure: str, found: Ratios, events: tuple[int, int], fewest: int, worlds: int
) -> dict[str, Any]:  # fmt: skip
    known = min(events) >= fewest or (measure == "displaced" and events[0] >= fewest)
    value, low, high = (float(part) if known else np.nan for part in found)
    return {
        "scenario": side.scenario, "conduct": side.conduct, "year": year, "measure": measure, "value": value, "world_low": low,
        "world_high": high, "unit": _UNITS[measure], "events_baseline": events[0], "events": events[1], "worlds": worlds,
    }  # fmt: skip


def _silenced(board: Board, side: Side, fewest: int) -> Iterator[dict[str, Any]]:
    """The share of wishes that silence ended, where people may fall silent."""
    if (key := (SILENCE, "all", "all")) not in board.keys:
        return
    k = board.keys.index(key)
    values = mean_of(board.values[side.place, k])
    if np.isnan(values).all():
        return
    yield _row(side, WHOLE, "silenced", _share(values), _events(board, side, key), fewest, int((~np.isnan(values)).sum()))


_UNITS = {
    "protection": "% of the baseline's disclosures",
    "cost": "% of the baseline's needs met",
    "lost": "points of protection",
    "displaced": "% of cases the treaty no longer gives",
    "silenced": "% of wishes about people at risk",
    "moved": "% of the baseline's disclosures while nobody adapts",
}


def _share(values: Reals) -> Ratios:
    """Mean over worlds ``[W]`` with its interval, in per cent."""
    mean, half = mean_of(values), half_width(values)
    return Ratios(*(PER_CENT * part for part in (mean, mean - half, mean + half)))


def _displaced(board: Board, side: Side, fewest: int) -> Iterator[dict[str, Any]]:
    """The share displaced, if the treaty gave anything that the scenario stops."""
    found = [k for k, (metric, by, _) in enumerate(board.keys) if metric == DISPLACEMENT and by == "baseline"]
    for k in found:
        shares, left = board.values[side.place, k], board.counts[side.place, k]
        values, moved = mean_of(shares), round(float(np.nansum(shares * left)))
        if np.isnan(values).all():
            continue
        share = _share(values)
        yield _row(side, WHOLE, "displaced", share, (int(left.sum()), moved), fewest, int((~np.isnan(values)).sum()))


def where_of(board: Board, sides: Sequence[Side], fewest: int) -> pd.DataFrame:
    """``WHERE``: of what the treaty no longer gives, the per cent that is had by each kind of label, channel, text and host."""
    rows = []
    whole = [k for k, (metric, by, _) in enumerate(board.keys) if metric == DISPLACEMENT and by == "baseline"]
    for side in sides:
        left = sum(int(board.counts[side.place, k].sum()) for k in whole)
        for k, (metric, by, level) in enumerate(board.keys):
            if metric != DISPLACEMENT or by not in DISPLACED_BY or left < fewest:
                continue
            values, count = mean_of(board.values[side.place, k]), int(board.counts[side.place, k].sum())
            if not count:
                continue
            rows.append((side.scenario, side.conduct, by, level, *map(float, _share(values)), count, left))
    return pd.DataFrame(rows, columns=list(WHERE))


def moved_of(board: Board, sides: Sequence[Side], entries: Sequence[Entry], fewest: int) -> pd.DataFrame:
    """``MOVED``: how adaptation moves disclosures between kinds of label, channels, texts and hosts, scenario by scenario.

    All in per cent of what the baseline discloses while nobody adapts, so the parts of a scenario add up to its whole and
    scenarios can be compared; ``moved`` is adaptive less naive under the same scenario, with its interval over worlds. The baseline
    itself is a scenario here. Levels with fewer than ``fewest`` events under both are left out.
    """
    naive = {side.scenario: side for side in sides if side.conduct == NAIVE}
    adaptive = {side.scenario: side for side in sides if side.conduct == ADAPTIVE}
    some = next(iter(naive.values()))
    places = {entries[some.against].name.rpartition(" ")[0]: (some.against, adaptive[some.scenario].against)}
    places |= {name: (side.place, adaptive[name].place) for name, side in naive.items() if name in adaptive}
    whole = mean_of(board.values[some.against, board.keys.index((PROTECTS, "all", "all"))])
    rows = []
    for k, (metric, by, level) in enumerate(board.keys):
        if metric != PROTECTS or by not in (*DISPLACED_BY, "all"):
            continue
        for scenario, (before, after) in places.items():
            events = [int(board.counts[place, k].sum()) for place in (before, after)]
            if max(events) < fewest:
                continue
            sides_of_it = [mean_of(np.nan_to_num(board.values[place, k])) for place in (before, after)]
            gap = gap_of((sides_of_it[1], whole), (sides_of_it[0], whole))
            levels = [PER_CENT * float(ratio_of(side, whole).ratio) for side in sides_of_it]
            told = [PER_CENT * float(part) for part in gap]
            rows.append((scenario, by, level, *levels, *told, _UNITS["moved"], *events, int((~np.isnan(whole)).sum())))
    return pd.DataFrame(rows, columns=list(MOVED)).sort_values(["scenario", "by", "level"], kind="stable").reset_index(drop=True)


def _facts(command: str, ran: Compared, first: Config, began: float) -> dict[str, Any]:
    """How the study was run, for its report."""
    return {
        "command": f"rogatory {command}", "seeds": ran.board.worlds, "luck": ran.plan.luck, "years": first.years,
        "worlds": ran.worlds, "seconds": round(time.monotonic() - began, 1), "commit": commit(),
        "versions": package_versions(), "baseline": first.scenario_name,
    }  # fmt: skip


def draw_figure(folder: Path, headline: pd.DataFrame, size: str, page: Mapping[str, Any]) -> Picture:
    """The one figure: protection on paper and after adaptation, displacement, cost; lower where scenarios are few."""
    caption = f"{size}. Conditional on assumed parameters; how anyone would adapt is assumed too."
    settings = dict(page)
    settings["height_inches"] = min(settings["height_inches"], _FURNITURE + _ROW * headline["scenario"].nunique())
    figure = draw("adaptation", headline, caption, settings)
    width, height = (round(float(inches) * figure.dpi) for inches in figure.get_size_inches())
    path = save(figure, folder / "adaptation.png")
    return Picture(path, str(settings["title"]), alt_of(headline), _READING, width, height)


# --- telling --------------------------------------------------------------------------------------------------------------


def told(headline: pd.DataFrame, spec: Spec, size: str) -> Table:
    """The headline as a terminal shows it: protection on paper, after years of adaptation, what that takes, what it costs."""
    years = [str(year) for year in spec.years if str(year) in set(headline["year"])]
    held = {(r.scenario, r.conduct, r.year, r.measure): r for r in headline.itertuples(index=False)}
    columns = ["scenario", "on paper", *(f"year {year}" for year in years), "taken by it", "displaced", "needs lost"]
    table = table_of(f"cases saved, % of the baseline's; {size}", columns)
    order = sorted(
        {str(name) for name in headline["scenario"]}, key=lambda name: -_value(held.get((name, NAIVE, WHOLE, "protection")))
    )
    named = cut(order, _NAME)
    for name in order:
        cells = [_cell(held.get((name, NAIVE, WHOLE, "protection")))]
        cells += [_cell(held.get((name, ADAPTIVE, year, "protection"))) for year in years]
        cells += [_cell(held.get((name, ADAPTIVE, WHOLE, measure))) for measure in ("lost", "displaced", "cost")]
        table.add_row(named[name], *cells)
    return table


def _value(row: Any) -> float:
    return -np.inf if row is None or np.isnan(row.value) else float(row.value)


def _cell(row: Any) -> str:
    if row is None:
        return "absent"
    if np.isnan(row.value):
        return "few events"
    if np.isnan(row.world_low):
        return f"{row.value:.1f}"
    return f"{row.value:.1f} [{row.world_low:.1f}, {row.world_high:.1f}]"
