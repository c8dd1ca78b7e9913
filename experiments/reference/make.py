"""The committed results: ``python -m experiments.reference [headline] [treaty] [scenarios] ...`` makes them anew.

``results/reference/`` holds the project's own question, the treaty against no treaty, every scenario against the text as adopted,
membership and scope under both capacities, what is left of the safeguards once everyone has adapted, the check of the drawn laws,
and how fast it all is on one machine. It says which headline numbers moved: these lines belong into the changelog, under
**Regression**. ``rogatory reproduce`` reads what is written here, but for assumptions and the benchmark. Nothing is made from
files that no commit holds.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.adaptation import DISPLACED_TABLE, HEADLINE_TABLE, MOVED_TABLE, WHOLE_WINDOW
from experiments.analysis.assumptions import EXTREMES
from experiments.analysis.contrasts import COMPARISON_COLUMNS, ENDS
from experiments.analysis.headline import CLASSES_TABLE, MATRIX_TABLE, NUMBERS, TARGETED
from experiments.analysis.headline_today import TODAY_KEYS, TODAY_NUMBERS, TODAY_TABLE
from experiments.analysis.origins import COLUMNS as ORIGIN_COLUMNS
from experiments.analysis.summary import HEADLINE_ESTIMANDS, PAIR_COUNTS, PAIR_NUMBERS
from experiments.benchmark.tables import DRAWS_TABLE, RATIOS_TABLE, ROWS_TABLE, SCALES_TABLE, SLOPES_TABLE
from experiments.console import Terminal, console_of
from experiments.design.grid import Cell
from experiments.design.seeds import event_seed, world_of
from experiments.figures import in_few_colours
from experiments.output import MANIFEST, csv_of, naming, whole_folder, write_csv, write_manifest
from experiments.reference.checkout import all_committed
from experiments.reference.posterior import ship
from experiments.reference.tolerances import TableKind, gap_scales, level_scales, share_scales
from experiments.store.results import EstimandKey
from experiments.studies import adaptation, analyse, benchmark, compare, headline, sweep, treaty
from experiments.studies.adaptation import DIGITS
from experiments.text import counted, time_text
from sim.config import ADOPTED, key_of, load
from sim.posterior import posterior_place
from sim.sources.checksums import sha256
from sim.sources.imputation import leave_one_out
from sim.sources.tables import read_penalties
from sim.world.record import RogatoryError, quoted

REPOSITORY = Path(__file__).parents[2]
REFERENCE_FOLDER = REPOSITORY / "results" / "reference"
HEADLINE, TREATY, SCENARIOS, ADAPTATION_PART, PENALTIES = "headline", "treaty", "scenarios", "adaptation", "penalties"
CAPACITIES = "capacities"
"""What membership and scope change where officers are those of the load before the treaty, and where states hire with the load."""
ASSUMPTIONS, CALIBRATION, CONCLUSIONS = "assumptions", "calibration", "conclusions"
BENCHMARK = "benchmark"
"""Seconds of one machine: what is measured again is never the same, so nothing of it is compared."""
ORIGINS_FILE = "origins.csv"
"""Of the treaty: what the map of changes draws, by state of origin, with ranges over worlds."""
PENALTIES_FILE = "penalties_leave_one_out.csv"
EXTREMES_FILE = f"{EXTREMES}.csv"
_TEXTS_OF_EXTREMES = dict.fromkeys(("changes", "condition", "low_assumption", "high_assumption", "turns"), str)
_COMPARED = ("scenarios=all", "seeds=10", "replicates=2")  # ``rogatory compare`` with these gives the scenarios
ADAPTED = ("seeds=10", "replicates=2")  # ``rogatory adaptation`` with these gives what is left of the safeguards
_SLICE = ("metric", "by", "level")
_SHOWN = ("all", "group")  # slices of the headline estimands that ``comparison.csv`` keeps
# Adjusted p and ranks are not judged: they hang on which arms stand in the table, so a part of the arms, run again, gives others.
_STEPS = ("worlds_agreeing", "chance_share")  # one tipped event may turn a sign; they follow from numbers that are judged
_EFFECT = tuple(
    name
    for name in COMPARISON_COLUMNS[COMPARISON_COLUMNS.index("baseline") : COMPARISON_COLUMNS.index("inside") + 1]
    if name not in _STEPS
)
_ENDS = ("", *ENDS)
_BOTH = ("protection", "cooperation_lost")
_COSTS = ("delay_days", "hours", "secondary_use")
_OVER_WORLDS = ("world_low", "world_high", "error_low", "error_high")
_OPENING = (*HEADLINE_ESTIMANDS[:2], *(key for key in HEADLINE_ESTIMANDS if key[0] == TARGETED))  # of the project's own question
_FIRST = HEADLINE_ESTIMANDS[:2]  # of every arm in the list of what moved, and in the runs of the study of adaptation
_CELLED = ("arm", *Cell._fields, *_SLICE, "unit")
_MATRIX = TableKind(_CELLED, tuple(name for name in NUMBERS if name not in _STEPS), "%.6g", level_scales)
TABLE_KINDS = {
    HEADLINE: {
        "runs.csv": TableKind(("arm", "world_seed", "event_seed", *_SLICE), ("value", "count"), "%.9g"),
        MATRIX_TABLE: _MATRIX,
        CLASSES_TABLE: _MATRIX,
        TODAY_TABLE: TableKind(TODAY_KEYS, TODAY_NUMBERS, "%.6g", share_scales),
    },
    CAPACITIES: {
        "runs.csv": TableKind(("arm", "world_seed", "event_seed", *_SLICE), ("value", "count"), "%.9g"),
        "comparison.csv": TableKind(("arm", "baseline_name", *_SLICE, "unit"), _EFFECT, "%.6g", level_scales),
    },
    TREATY: {
        "headline.csv": TableKind(("scenario", "seed", *_SLICE), ("value", "count"), "%.9g"),
        "comparison.csv": TableKind(
            ("capacity", *_SLICE, "unit"),
            tuple(name for name in (*PAIR_NUMBERS, *PAIR_COUNTS) if name not in _STEPS),
            "%.6g",
            level_scales,
        ),
        ORIGINS_FILE: TableKind(
            ORIGIN_COLUMNS[:1],
            tuple(name for name in ORIGIN_COLUMNS[1:] if name not in (*_STEPS, "noise_sd", "kept")),  # of numbers that are judged
            "%.6g",
            level_scales,
        ),
    },
    SCENARIOS: {
        "runs.csv": TableKind(("arm", "world_seed", "event_seed", *_SLICE), ("value", "count"), "%.9g"),
        "comparison.csv": TableKind(("arm", "baseline_name", *_SLICE, "unit"), _EFFECT, "%.6g", level_scales),
        "cooperation.csv": TableKind(
            ("arm", "baseline_name"),
            (
                *(f"{name}{part}{end}" for name in _BOTH for part in ("", "_percent") for end in _ENDS),
                *(f"{name}{end}" for name in _COSTS for end in _ENDS),
                "worlds", "runs",
            ),
            "%.6g",
        ),
    },
    ADAPTATION_PART: {
        "runs.csv": TableKind(("arm", "world_seed", "event_seed", *_SLICE), ("value", "count"), "%.9g"),
        HEADLINE_TABLE: TableKind(
            ("scenario", "conduct", "year", "measure", "unit"),
            ("value", *_OVER_WORLDS, "events_baseline", "events", "worlds"),
            DIGITS,
            share_scales,
        ),
        DISPLACED_TABLE: TableKind(
            ("scenario", "conduct", "by", "level"), ("value", *_OVER_WORLDS, "count", "of", "worlds"), DIGITS, share_scales
        ),
        MOVED_TABLE: TableKind(
            ("scenario", "by", "level", "unit"),
            ("naive", "adaptive", "moved", *(f"moved_{end}" for end in _OVER_WORLDS), "events_naive", "events_adaptive", "worlds"),
            DIGITS,
            gap_scales,
        ),
    },
    PENALTIES: {
        PENALTIES_FILE: TableKind(
            ("code", "offence"), ("max_years", "predicted_median", "low", "high", "predicted_serious"), "%.4g"
        )
    },
}  # fmt: skip
"""The tables of each part that is reproduced, by file name."""
_BENCHMARK_TABLES = (ROWS_TABLE, RATIOS_TABLE, DRAWS_TABLE, SCALES_TABLE, SLOPES_TABLE)
_EXTREMES_DIGITS = "%.6g"
_CONCLUSION_TABLES = ("conclusions.csv", "ranking.csv", "adapted.csv", "drivers.csv")
_AT_DEFAULT = ("parameters=default", "seeds=16")
"""What stands beside the draws: as many worlds as `rogatory validate` has."""
_CALIBRATION_TABLES = ("calibration.csv", "correlations.csv", "ranks.csv", "figures.csv")
_MOST = 2_500_000  # bytes of a part; its report is kept if it fits
_ROUNDING = 1e-7  # relative: what the digits of a run's numbers lose
_Tables = dict[str, pd.DataFrame]
Manifest = Mapping[str, Any]
"""What a committed manifest says, as JSON has it: command, seeds, code, machine, versions, configurations, checksums."""


class ReadingError(RogatoryError):
    """The committed results cannot be read."""


# --- what is kept ---------------------------------------------------------------------------------------------------------


def of_headline(frame: pd.DataFrame, estimands: Sequence[EstimandKey] = HEADLINE_ESTIMANDS) -> pd.Series:
    """Which rows of a table with ``metric, by, level`` are headline estimands."""
    keys = pd.MultiIndex.from_frame(frame[list(_SLICE)].astype(str))
    return pd.Series(keys.isin(list(estimands)), frame.index)


def headline_runs(metrics: pd.DataFrame) -> pd.DataFrame:
    """The headline estimands of every run of a study: ``scenario, seed, metric, by, level, value, count``."""
    kind = TABLE_KINDS[TREATY]["headline.csv"]
    return metrics.loc[of_headline(metrics), [*kind.keys, *kind.numbers]].reset_index(drop=True)


def headline_runs_of_arms(runs: pd.DataFrame) -> pd.DataFrame:
    """The headline estimands of every run of a comparison, each by arm, world seed and event seed.

    A row rests on its arm's configuration and these two seeds alone: an arm can be run again without the others.
    """
    kind = TABLE_KINDS[SCENARIOS]["runs.csv"]
    rows = runs[of_headline(runs)]
    seeds = [event_seed(int(world), int(replicate)) for world, replicate in zip(rows["world_seed"], rows["replicate"], strict=True)]
    return rows.assign(event_seed=np.array(seeds, np.int64))[[*kind.keys, *kind.numbers]].reset_index(drop=True)


def kept_comparison(comparison: pd.DataFrame) -> pd.DataFrame:
    """Of every arm the headline estimands, whole and by group of people; other slices are left to whoever runs the command."""
    names = {metric for metric, _, _ in HEADLINE_ESTIMANDS}
    return comparison[comparison["metric"].isin(names) & comparison["by"].isin(_SHOWN)].reset_index(drop=True)


def kept_tables(runs: pd.DataFrame, comparison: pd.DataFrame, cooperation: pd.DataFrame) -> _Tables:
    """The tables of a comparison that are committed, by file name."""
    return {"runs.csv": headline_runs_of_arms(runs), "comparison.csv": kept_comparison(comparison), "cooperation.csv": cooperation}


def kept_adaptation(runs: pd.DataFrame, tables: _Tables) -> _Tables:
    """The tables of a study of adaptation that are committed: its own, and of every run what protection and cost are made of."""
    return {"runs.csv": headline_runs_of_arms(runs[of_headline(runs, _FIRST)]), **tables}


def penalties() -> pd.DataFrame:
    """Each known maximum penalty predicted from the others: how far drawn laws can be trusted."""
    config = load()
    known = read_penalties(offences=list(config.offences))
    return leave_one_out(known, config.offences, config.states.penalty_shrinkage, config.instruments["hanoi"].threshold_years)


# --- making it anew -------------------------------------------------------------------------------------------------------


def refresh_treaty(folder: Path, *overrides: str) -> str:
    """Run the treaty against no treaty and keep its comparison, its runs' headline numbers and its figures; returns what moved."""
    written = treaty.main(*overrides)
    runs = headline_runs(pd.read_parquet(written / "metrics.parquet"))
    before = _runs_before(folder / TREATY / "headline.csv")
    origins = pd.read_csv(written / ORIGINS_FILE, keep_default_na=False, na_values=[""])  # no code of a state is a missing value
    tables = {"headline.csv": runs, "comparison.csv": pd.read_csv(written / "comparison.csv"), ORIGINS_FILE: origins}
    _replace(folder / TREATY, TREATY, tables, written)
    return moves_text(moved_numbers(*map(by_world_of_treaty, (before, runs)))) if before is not None else ""


def refresh_scenarios(folder: Path, *overrides: str) -> str:
    """Run every scenario, or what the overrides of a comparison choose, and keep what is committed; returns what moved."""
    written = compare.main(*(overrides or _COMPARED))
    tables = kept_tables(
        pd.read_parquet(written / "runs.parquet"),
        pd.read_parquet(written / "comparison.parquet"),
        pd.read_csv(written / "cooperation.csv"),
    )
    before = _runs_before(folder / SCENARIOS / "runs.csv")
    baseline = str(tables["cooperation.csv"]["baseline_name"].iloc[0])
    _replace(folder / SCENARIOS, SCENARIOS, tables, written)
    return "" if before is None else moves_text(moved_numbers(*map(by_world, (before, tables["runs.csv"]))), baseline)


def refresh_headline(folder: Path, *overrides: str) -> str:
    """Run the project's own question in full and keep its tables, figure and page; returns what moved."""
    written = headline.main(*overrides)
    runs = pd.read_parquet(written / "runs.parquet")
    own = {name: pd.read_csv(written / name, keep_default_na=True) for name in (MATRIX_TABLE, CLASSES_TABLE)}
    own[TODAY_TABLE] = pd.read_csv(written / TODAY_TABLE, dtype={"of": "Int64"})
    before = _runs_before(folder / HEADLINE / "runs.csv")
    tables = kept_headline(runs, own)
    _replace(folder / HEADLINE, HEADLINE, tables, written)
    return "" if before is None else moves_text(moved_numbers(*map(by_world, (before, tables["runs.csv"]))), ADOPTED)


def kept_headline(runs: pd.DataFrame, own: _Tables) -> _Tables:
    """The tables of the project's own question that are committed: its own, and of every run the numbers that they open with."""
    return {"runs.csv": headline_runs_of_arms(runs[of_headline(runs, _OPENING)]), **own}


def refresh_capacities(folder: Path, *overrides: str) -> str:
    """Run membership and scope under both capacities, or another design that is named, and keep what opens its tables.

    Returns what moved.
    """
    named = any(key_of(override) == "design" for override in overrides)
    written = compare.main(*([] if named else [f"design={CAPACITIES}"]), *overrides)
    tables = kept_capacities(pd.read_parquet(written / "runs.parquet"), pd.read_parquet(written / "comparison.parquet"))
    before = _runs_before(folder / CAPACITIES / "runs.csv")
    _replace(folder / CAPACITIES, CAPACITIES, tables, written)
    return "" if before is None else moves_text(moved_numbers(*map(by_world, (before, tables["runs.csv"]))), ADOPTED)


def kept_capacities(runs: pd.DataFrame, comparison: pd.DataFrame) -> _Tables:
    """The tables of both capacities that are committed: the headline estimands of every arm, and of every run the first two."""
    return {"runs.csv": headline_runs_of_arms(runs[of_headline(runs, _FIRST)]), "comparison.csv": kept_comparison(comparison)}


def refresh_adaptation(folder: Path, *overrides: str) -> str:
    """Run the study of adaptation, or what the overrides choose of it, and keep its tables; returns what moved."""
    written = adaptation.main(*(overrides or ADAPTED))
    own = {name: _told(written / name) for name in (HEADLINE_TABLE, DISPLACED_TABLE, MOVED_TABLE)}
    tables = kept_adaptation(pd.read_parquet(written / "runs.parquet"), own)
    path = folder / ADAPTATION_PART / HEADLINE_TABLE
    before = _told(path) if path.exists() else None
    _replace(folder / ADAPTATION_PART, ADAPTATION_PART, tables, written)
    return "" if before is None else years_text(moved_years(before, tables[HEADLINE_TABLE]))


def refresh_assumptions(folder: Path, *overrides: str) -> str:
    """Run the design of single assumptions, or what the overrides make of it, and keep its extremes; returns how many moved.

    It is resumed where it was stopped. ``rogatory reproduce`` does not run it again: it takes as long as all other parts together.
    """
    given = overrides or (f"design={ASSUMPTIONS}",)
    store = sweep.main(*given)
    apart = [word for word in given if key_of(word) == "output"]
    written = analyse.main(ASSUMPTIONS, f"store={store}", *apart) / ASSUMPTIONS
    fresh = pd.read_csv(written / EXTREMES_FILE, dtype=_TEXTS_OF_EXTREMES, keep_default_na=False, na_values=[""])
    path = folder / ASSUMPTIONS / EXTREMES_FILE
    before = path.read_text(encoding="utf-8") if path.exists() else None
    _replace(folder / ASSUMPTIONS, ASSUMPTIONS, {EXTREMES_FILE: fresh}, written, _EXTREMES_DIGITS)
    if before is None:
        return ""
    changed = len(set(path.read_text(encoding="utf-8").splitlines()) - set(before.splitlines()))
    return f"{counted(changed, 'row')} of extremes moved" if changed else "no extreme moved"


def refresh_calibration(folder: Path, *overrides: str, place: Path | None = None) -> str:
    """Run the bank of prior draws, calibrate on it, keep the tables and ship the posterior; returns whether that moved.

    ``place`` is where the posterior goes, the configuration's own folder if none is said. ``rogatory reproduce`` does not run
    it again: whoever draws from another posterior asks another question, and the bank takes twenty minutes.
    """
    store = sweep.main(*(overrides or ("design=bank",)))
    apart = [word for word in overrides if key_of(word) == "output"]
    written = analyse.main("calibrate", f"store={store}", *apart) / "calibrate"
    _replace(folder / CALIBRATION, CALIBRATION, _tables_in(written, _CALIBRATION_TABLES), written, _EXTREMES_DIGITS)
    settings = json.loads((written / MANIFEST).read_text(encoding="utf-8"))["settings"]["calibrate"]
    return ship(written, place or posterior_place(), settings)


def refresh_conclusions(folder: Path, *overrides: str) -> str:
    """Run the design of conclusions with all numbers drawn, and at default values beside it; returns which verdicts are others.

    ``rogatory reproduce`` does not run it again: it takes as long as all other parts together.
    """
    given = overrides or (f"design={CONCLUSIONS}",)
    store, default = sweep.main(*given), sweep.main(*given, *_AT_DEFAULT)
    apart = [word for word in given if key_of(word) == "output"]
    beside = f"analysis.{CONCLUSIONS}.beside={default}"
    written = analyse.main(CONCLUSIONS, f"store={store}", beside, *apart) / CONCLUSIONS
    fresh, path = _tables_in(written, _CONCLUSION_TABLES), folder / CONCLUSIONS / _CONCLUSION_TABLES[0]
    before = pd.read_csv(path, keep_default_na=False, na_values=[""]) if path.exists() else None
    _replace(folder / CONCLUSIONS, CONCLUSIONS, fresh, written, _EXTREMES_DIGITS)
    return "" if before is None else _verdicts_moved(before, fresh[_CONCLUSION_TABLES[0]])


def _verdicts_moved(old: pd.DataFrame, new: pd.DataFrame) -> str:
    keys = ["arm", "condition", *_SLICE]
    both = old[[*keys, "verdict"]].merge(new[[*keys, "verdict"]], on=keys, suffixes=("_before", "_now"))
    moved = both[both["verdict_before"].fillna("") != both["verdict_now"].fillna("")]
    return moved.to_string(index=False) if len(moved) else "no verdict moved"


def _tables_in(written: Path, names: Sequence[str]) -> _Tables:
    return {name: pd.read_csv(written / name, keep_default_na=False, na_values=[""]) for name in names}


def refresh_benchmark(folder: Path, *overrides: str) -> str:
    """Measure how fast it is on this machine, and keep tables, figures and page; returns the ratios as they are now.

    ``rogatory reproduce`` does not measure it again: seconds are no result of the model.
    """
    written = benchmark.main(*overrides)
    tables = {name: pd.read_csv(written / name) for name in _BENCHMARK_TABLES}
    _replace(folder / BENCHMARK, BENCHMARK, tables, written, _EXTREMES_DIGITS)
    return str(tables[RATIOS_TABLE][["what", "ratio", "low", "high"]].to_string(index=False))


def _told(path: Path) -> pd.DataFrame:
    """A table of a study of adaptation; a year is a name."""
    return pd.read_csv(path, dtype={"year": str})


def refresh_penalties(folder: Path) -> str:
    """Predict the known penalties anew; returns how many predictions moved."""
    path, digits = folder / PENALTIES_FILE, TABLE_KINDS[PENALTIES][PENALTIES_FILE].digits
    text = csv_of(penalties(), digits)
    before = path.read_text(encoding="utf-8") if path.exists() else text
    folder.mkdir(parents=True, exist_ok=True)
    with naming(path):
        path.write_text(text, encoding="utf-8", newline="")
    changed = len(set(text.splitlines()) - set(before.splitlines()))
    return f"{counted(changed, 'prediction')} moved" if changed else "no prediction moved"


def _runs_before(path: Path) -> pd.DataFrame | None:
    return pd.read_csv(path) if path.exists() else None


def _replace(folder: Path, part: str, tables: _Tables, written: Path, digits: str | None = None) -> None:
    """Put tables, figures and manifest of a study in the place of what was there; ``digits`` where the part is not reproduced."""
    with whole_folder(folder.parent, fresh := f".new-{part}") as into:
        for name, table in tables.items():
            write_csv(table, into / name, digits or TABLE_KINDS[part][name].digits)
        for source in sorted(written.rglob("*.png")):
            (into / source.name).write_bytes(in_few_colours(source))  # to the eye the same, in a third of the bytes
        manifest = json.loads((written / MANIFEST).read_text(encoding="utf-8"))
        held = sum(path.stat().st_size for path in (*into.iterdir(), written / MANIFEST))
        for report in (*written.glob("*.md"), *written.glob("*.html")):
            if held + report.stat().st_size <= _MOST:
                shutil.copy(report, into / report.name)
        manifest["files"] = {path.name: sha256(path) for path in sorted(into.iterdir())}
        write_manifest(into, manifest)
    shutil.rmtree(folder, ignore_errors=True)
    (folder.parent / fresh).replace(folder)


# --- what moved -----------------------------------------------------------------------------------------------------------


def by_world(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs of a comparison as those of a study: an arm is a scenario, a world a seed, its replicates are averaged."""
    mean = runs.groupby(["arm", "world_seed", *_SLICE], sort=False, observed=True)["value"].mean().reset_index()
    mean.columns = pd.Index(["scenario", "seed", *_SLICE, "value"])
    return mean.astype(dict.fromkeys(["scenario", *_SLICE], str))


def by_world_of_treaty(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs of the treaty by world, each the mean over its replicates."""
    named = runs.assign(arm=runs["scenario"], world_seed=runs["seed"].map(world_of))
    return by_world(named)


def moved_numbers(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Headline numbers whose mean over seeds changed: ``scenario, metric, by, level, old, new, z`` (paired by seed)."""
    keys = ["scenario", *_SLICE, "seed"]
    both = old.merge(new, on=keys, suffixes=("_old", "_new"))
    both["change"] = both["value_new"] - both["value_old"]
    grouped = both.groupby(keys[:-1], sort=False)
    table = grouped.agg(old=("value_old", "mean"), new=("value_new", "mean"), spread=("change", "std"), runs=("change", "size"))
    table["z"] = (table["new"] - table["old"]) / (table["spread"] / table["runs"] ** 0.5)
    changed = ~np.isclose(table["old"], table["new"], rtol=_ROUNDING, atol=0.0, equal_nan=True)
    return table[changed].drop(columns=["spread", "runs"]).reset_index()


def moves_text(rows: pd.DataFrame, baseline: str | None = None) -> str:
    """What moved, as lines; given a baseline, its numbers in full, of the other arms the first two estimands and how many more."""
    if rows.empty:
        return "no headline number moved"
    if baseline is None:
        return rows.to_string(index=False)
    shown = rows[of_headline(rows, _FIRST) | (rows["scenario"] == baseline)]
    more = f"\nand {counted(len(rows) - len(shown), 'further headline number')} of the arms" if len(rows) > len(shown) else ""
    return f"{shown.to_string(index=False)}{more}"


def moved_years(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Numbers of the headline table of adaptation that changed: ``scenario, conduct, measure, year, old, new`` and new limits.

    A number that one side lacks has changed.
    """
    keys = ["scenario", "conduct", "measure", "year"]
    both = old[[*keys, "value"]].merge(
        new[[*keys, "value", *_OVER_WORLDS[:2]]], on=keys, how="outer", suffixes=("_old", "_new"), sort=False
    )
    table = both.rename(columns={"value_old": "old", "value_new": "new"})[[*keys, "old", "new", *_OVER_WORLDS[:2]]]
    same = np.isclose(table["old"], table["new"], rtol=10 * _ROUNDING, atol=0.0, equal_nan=True)
    return table[~same].reset_index(drop=True)


def years_text(rows: pd.DataFrame) -> str:
    """What moved, as lines: numbers of the whole window in full, of single years how many."""
    if rows.empty:
        return "no headline number moved"
    shown = rows[rows["year"] == WHOLE_WINDOW].drop(columns="year")
    more = len(rows) - len(shown)
    lines = [shown.to_string(index=False)] if len(shown) else []
    return "\n".join([*lines, f"and {counted(more, 'further headline number')} of single years"] if more else lines)


REFRESH: dict[str, Callable[[Path], str]] = {
    PENALTIES: refresh_penalties,
    CALIBRATION: refresh_calibration,  # before all that draws from the posterior
    CONCLUSIONS: refresh_conclusions,
    ASSUMPTIONS: refresh_assumptions,  # before the pages that show it
    HEADLINE: refresh_headline,
    TREATY: refresh_treaty,
    SCENARIOS: refresh_scenarios,
    CAPACITIES: refresh_capacities,
    ADAPTATION_PART: refresh_adaptation,
    BENCHMARK: refresh_benchmark,
}


# --- reading it -----------------------------------------------------------------------------------------------------------


def read_manifest(folder: Path, part: str) -> Manifest:
    """The manifest of a part that has one. Raises ``ReadingError`` for one that is missing or damaged."""
    path = folder / part / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise _missing(path) from None
    except ValueError as error:
        raise ReadingError(f"{reference_path(path)}: cannot be read ({error}); accepted: what git has") from None
    wanted = ("command", "seeds", "scenarios", "versions", "machine", "code", "tables", "files", "seconds")
    if not isinstance(manifest, dict):
        raise ReadingError(f"{reference_path(path)}: found no manifest; accepted: what git has")
    lacking = [key for key in (*wanted, *(["arms", "replicates"] if part != TREATY else [])) if key not in manifest]
    if lacking:
        raise ReadingError(f"{reference_path(path)}: lacks {', '.join(lacking)}; accepted: what git has")
    return dict(manifest)


def read_tables(folder: Path, part: str) -> _Tables:
    """The tables of a part, every cell a text. Raises ``ReadingError`` for one that is missing or damaged."""
    where = folder if part == PENALTIES else folder / part
    return {name: _read(where / name, kind) for name, kind in TABLE_KINDS[part].items()}


def _read(path: Path, kind: TableKind) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError:
        raise _missing(path) from None
    except ValueError as error:  # pandas' own errors among them
        raise ReadingError(
            f"{reference_path(path)}: cannot be read ({' '.join(str(error).split())}); accepted: what git has"
        ) from None
    if lacking := [name for name in (*kind.keys, *kind.numbers) if name not in table]:
        raise ReadingError(f"{reference_path(path)}: found no column {', '.join(lacking)}; accepted: what git has")
    for name in kind.numbers:
        known = table.loc[table[name] != "", name]
        wrong = known[pd.to_numeric(known, errors="coerce").isna()]
        if len(wrong):
            raise ReadingError(f"{reference_path(path)}: {name}: found {wrong.iloc[0]!r}; accepted: numbers (what git has)")
    if doubled := int(table.duplicated(list(kind.keys)).sum()):
        raise ReadingError(f"{reference_path(path)}: found {counted(doubled, 'row')} twice; accepted: what git has")
    return table


def _missing(path: Path) -> ReadingError:
    return ReadingError(
        f"{reference_path(path)}: not found; accepted: a checkout of the repository, which holds the reference results"
    )


def reference_path(path: Path) -> str:
    """A file of the reference as it is named to people: its place under ``results/``."""
    at = max((k for k, part in enumerate(path.parts) if part == "results"), default=len(path.parts) - 2)
    return "/".join(path.parts[at:])


def known_parts(names: Sequence[str]) -> None:
    """Raises ``RogatoryError`` for a name that is no part of the reference."""
    for name in names:
        if name not in REFRESH:
            raise RogatoryError(f"reference: found {quoted(name)}; accepted: {', '.join(REFRESH)}")


def main(names: Sequence[str] = (), folder: Path = REFERENCE_FOLDER) -> int:
    """Make the named parts anew, or all; print what moved and how long it took.

    The exit status is 0, or 2 for an unknown part and for a checkout with files that no commit holds: then nothing is made.
    """
    console = console_of()
    try:
        known_parts(names)
        all_committed(REPOSITORY, REFERENCE_FOLDER)
    except RogatoryError as error:
        Terminal(stderr=True).print(str(error), highlight=False, soft_wrap=True)
        return 2
    for part in names or REFRESH:
        began = time.monotonic()
        lines = REFRESH[part](folder)
        console.rule(f"{part}: made anew in {time_text(time.monotonic() - began)}", align="left")
        for line in lines.splitlines():
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0
