"""The committed results once more: each number identical, within tolerance, or different; the exit status says which.

``rogatory reproduce`` runs every scenario of ``results/reference`` again under the seeds of its manifest, the treaty against
none, the study of adaptation and the check of the drawn laws too; ``rogatory reproduce judge treaty`` those alone. Nothing is
written. What *within tolerance* means and when it is granted stands in ``experiments/reference/tolerances.py``. The exit status
is 0 when every number is identical or within tolerance and ``CHANGED`` when one is different.
"""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.analysis.adaptation import adaptation_tables as adapted_tables
from experiments.analysis.contrasts import FURTHER_USE, arm_comparison, contrast_of, contrast_tables, cooperation_of
from experiments.analysis.headline import headline_tables
from experiments.analysis.headline_today import TODAY_TABLE, baselines_of, today_table
from experiments.analysis.origins import origins_of
from experiments.analysis.run_tables import run_tables_in
from experiments.console import Terminal, console_of
from experiments.design.arms import ArmRun, arm_runs_of
from experiments.design.capacities import arm_names
from experiments.design.designs import Design, design_of
from experiments.design.scenarios import headers_of
from experiments.errors import INTERRUPTED, StoppedError
from experiments.execution.comparison import comparison_plan, run_all, runs_frame
from experiments.execution.forecast import work_of
from experiments.execution.plan import Plan
from experiments.execution.session import run_plan, timed
from experiments.reference.explained import changed_since, damage, strangeness
from experiments.reference.make import (
    ADAPTATION_PART,
    ASSUMPTIONS,
    BENCHMARK,
    CAPACITIES,
    HEADLINE,
    ORIGINS_FILE,
    PENALTIES,
    PENALTIES_FILE,
    REFERENCE_FOLDER,
    SCENARIOS,
    TABLE_KINDS,
    TREATY,
    Manifest,
    _Tables,
    headline_runs,
    kept_adaptation,
    kept_capacities,
    kept_headline,
    kept_tables,
    penalties,
    read_manifest,
    read_tables,
)
from experiments.reference.tolerances import (
    DIFFERENT,
    EVENTS,
    OF_WORLDS,
    SHARE,
    WITHIN,
    SubjectVerdict,
    as_text,
    judged,
    subject_verdict,
)
from experiments.settings import StudyConfig
from experiments.statistics import mean_of
from experiments.store.results import DISCLOSED_ABROAD, LEGITIMATE_NEEDS_MET, OFFICER_HOURS, Results
from experiments.studies import adaptation, headline, treaty
from experiments.studies import replication as study
from experiments.studies.compare import compared_arms, compared_design
from experiments.text import counted, time_text
from sim.config import key_of, options
from sim.settings import Config
from sim.world.record import RogatoryError

PARTS = (HEADLINE, TREATY, CAPACITIES, ADAPTATION_PART, PENALTIES)  # that are reproduced whole; of the scenarios each can be named
CHANGED = 4  # exit status: a number is different
_ELSEWHERE = "another machine or other versions than the reference's"


class Reference(NamedTuple):
    """The committed results as they were read: manifests and tables by part."""

    manifests: dict[str, Manifest]  # by part; the penalties have none
    tables: dict[str, _Tables]  # by part

    @property
    def arms(self) -> list[str]:
        """Scenarios of the reference, the baseline among them."""
        return list(self.manifests[SCENARIOS]["arms"])


class RunAgain(NamedTuple):
    """Tables of a part that was run again, what their numbers are measured by, and the configurations."""

    tables: _Tables
    scales: dict[str, pd.DataFrame]  # of a table, by file name; where none is given a table's numbers are measured by its kind
    configs: dict[str, Config]  # by subject


class Found(NamedTuple):
    """What is found of one part, once it has been run again."""

    outcomes: list[SubjectVerdict]  # a row a subject
    notes: list[str]  # what may explain a difference
    elsewhere: bool  # whether it was run on another machine, or with other versions, than the reference


def main(*names: str) -> int:
    """Run the named scenarios and parts again (all of them without a name), tell each number's verdict."""
    reading = read_reference(REFERENCE_FOLDER)
    chosen = chosen_of(names, reading)
    console, began = console_of(), time.monotonic()
    named = named_in(chosen, reading)
    todo = {part: todo_of(part, reading.manifests.get(part, {}), here) for part, (_, here) in named.items()}
    console.print(f"{counted(len(chosen), 'part')} of the reference once more; {forecast(todo)}", highlight=False, soft_wrap=True)
    found = [found_of(part, reading, todo[part], gone) for part, (gone, _) in named.items()]
    outcomes = [row for one in found for row in one.outcomes]
    print_verdicts(found, outcomes, time.monotonic() - began, console)
    return 0 if all(outcome.stands for outcome in outcomes) else CHANGED


def print_verdicts(found: Sequence[Found], outcomes: Sequence[SubjectVerdict], seconds: float, console: Console) -> None:
    """Print the table of outcomes, the notes of every part, and the verdict on all."""
    console.print(verdict_table(outcomes))
    for note in [note for one in found for note in one.notes]:
        console.print(f"Note on {note}.", highlight=False, markup=False, soft_wrap=True)
    style = "bold red" if any(row.different for row in outcomes) else None
    told = conclusion(outcomes, any(one.elsewhere for one in found), seconds)
    console.print(told, style=style, highlight=False, soft_wrap=True)


def named_in(chosen: Sequence[str], reading: Reference) -> dict[str, tuple[list[str], list[str]]]:
    """The parts that are to be run again, each with its scenarios that are no longer on file, and those that are."""
    arms = [name for name in chosen if name not in PARTS]
    of_part = {SCENARIOS: arms} if arms else {}
    of_part |= {part: adapted_in(reading.manifests[part]) if part == ADAPTATION_PART else arms for part in PARTS if part in chosen}
    return {part: on_file_and_gone(of_it) for part, of_it in of_part.items()}


def found_of(part: str, reading: Reference, todo: Todo, gone: Sequence[str]) -> Found:
    """Run one part again and judge its numbers; ``gone`` are scenarios of it that are no longer on file."""
    manifest = reading.manifests.get(part, reading.manifests[SCENARIOS])
    strange = strangeness(manifest)
    again = made_again(part, todo)
    subjects = [*again.configs, *gone] if part == SCENARIOS else [part]
    outcomes = [subject_verdict(name, verdicts(part, reading.tables[part], again, bool(strange), name)) for name in subjects]
    notes = [*strange, *damage(REFERENCE_FOLDER, part, reading.manifests.get(part)), *changed_since(again.configs, manifest)]
    if part in (SCENARIOS, ADAPTATION_PART):
        notes += [f"no scenario is named {name} any more" for name in gone]
    return Found(outcomes, [f"{part}: {note}" for note in notes], bool(strange))


def read_reference(folder: Path) -> Reference:
    """The whole reference. Raises ``ReadingError``: one line, before anything runs."""
    manifests = {part: read_manifest(folder, part) for part in (HEADLINE, TREATY, SCENARIOS, CAPACITIES, ADAPTATION_PART)}
    return Reference(manifests, {part: read_tables(folder, part) for part in TABLE_KINDS})


def chosen_of(names: Sequence[str], reading: Reference) -> list[str]:
    """What is to be run again, each once. Raises ``RogatoryError`` for a name that the reference does not have."""
    known = [*reading.arms, *PARTS]
    if ASSUMPTIONS in names:
        raise RogatoryError(
            f"reproduce: found {ASSUMPTIONS!r}, which is not run again here, for it takes as long as all other parts together; "
            f"accepted: python -m experiments.reference {ASSUMPTIONS}, which makes it anew and counts what moved"
        )
    if BENCHMARK in names:
        raise RogatoryError(
            f"reproduce: found {BENCHMARK!r}, which is not compared, for its seconds belong to a machine and an hour; "
            f"accepted: rogatory {BENCHMARK}, which measures this one"
        )
    for name in names:
        if name not in known:
            raise RogatoryError(f"reproduce: found {name!r}; accepted: {', '.join(known)}")
    return list(dict.fromkeys(names)) or known


def on_file_and_gone(arms: Sequence[str]) -> tuple[list[str], list[str]]:
    """Scenarios of the reference that are no longer on file, and those that are."""
    on_file = set(options("scenario"))
    gone = [arm for arm in arms if not set(arm.partition("@")[0].split("+")) <= on_file]
    return gone, [arm for arm in arms if arm not in gone]


# --- running again --------------------------------------------------------------------------------------------------------


class Todo(NamedTuple):
    """A part that is to be run again."""

    plan: Plan | None  # None where nothing is simulated
    again: Callable[[Path, Console], RunAgain]  # runs it into a folder


def made_again(part: str, todo: Todo) -> RunAgain:
    """Run a part again, in a store that is gone when this returns, or stops: what says where it was is said without it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return todo.again(Path(folder), Terminal(quiet=True))
        except StoppedError as stopped:
            if stopped.status == INTERRUPTED:
                raise KeyboardInterrupt from None
            why = str(stopped).partition("; ")[0]
            raise StoppedError(f"{part}: {why}; nothing can be said of it, and nothing was written", stopped.status) from None


def todo_of(part: str, manifest: Manifest, arms: Sequence[str]) -> Todo:
    """A part to be run again; of the scenarios, and of the study of adaptation, the arms named."""
    if part == PENALTIES:
        return Todo(None, lambda *_: RunAgain({PENALTIES_FILE: penalties()}, {}, {}))
    if part in _WHOLE:
        return _WHOLE[part](manifest)
    if not arms:
        return Todo(None, lambda *_: RunAgain({}, {}, {}))
    return adaptation_again(manifest, arms) if part == ADAPTATION_PART else scenarios_again(manifest, arms)


def overrides_of(manifest: Manifest, *without: str) -> list[str]:
    """The overrides of the command that made a part, without where it was written and by how many, and without some keys."""
    words = shlex.split(str(manifest["command"]))[2:]
    return [word for word in words if key_of(word) not in ("output", *without)]


def scenarios_again(manifest: Manifest, arms: Sequence[str]) -> Todo:
    """Scenarios and the baseline that they are read against, under the worlds and replicates of the manifest."""
    arm_runs, asked = arm_runs_again(manifest, arms)
    plan = comparison_plan(arm_runs, asked, _design_of(arm_runs), "compare", "reproduce", 0.0)

    def again(folder: Path, console: Console) -> RunAgain:
        results = run_all(plan._replace(folder=folder), arm_runs, console).results
        places = [place for place, arm_run in enumerate(arm_runs) if arm_run.against != place]
        contrasts = [contrast_of(results, arm_runs, place, arm_runs[0].config.metrics.fewest_events) for place in places]
        runs = runs_frame(results, arm_runs)
        configs = {arm_run.name: arm_run.config for arm_run in arm_runs}
        if not contrasts:
            return RunAgain({"runs.csv": kept_tables(runs, _none(), _none())["runs.csv"]}, {}, configs)
        cooperation = cooperation_of(results, contrasts, headers_of(arms))
        tables = kept_tables(runs, arm_comparison(results, contrasts, {}), cooperation)
        return RunAgain(tables, {"cooperation.csv": cooperation_scales(results, arm_runs, cooperation)}, configs)

    return Todo(plan, again)


def _design_of(arm_runs: Sequence[ArmRun]) -> Design:
    return Design(question="What the reference says of scenarios.", scenarios=[arm_run.name for arm_run in arm_runs])


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=["metric", "by", "level"])


def arm_runs_again(manifest: Manifest, arms: Sequence[str]) -> tuple[list[ArmRun], StudyConfig]:
    """The baseline of the reference, then the arms named; the baseline alone if it is the only one named. And how they are run."""
    baseline = next(name for name, arm in manifest["arms"].items() if arm["baseline"] == name)
    named = [arm for arm in arms if arm != baseline]
    some = named or [next(name for name in manifest["arms"] if name != baseline)]
    chosen, asked = compared_arms([*overrides_of(manifest, "scenarios"), f"scenarios=[{','.join(some)}]"])
    arm_runs = arm_runs_of(chosen)
    return (arm_runs if named else arm_runs[:1]), asked


def cooperation_scales(results: Results, arm_runs: Sequence[ArmRun], cooperation: pd.DataFrame) -> pd.DataFrame:
    """What the numbers of ``cooperation.csv`` are measured by: the baseline's level of the estimand, per cents by a hundred."""
    keys = {
        "protection": DISCLOSED_ABROAD,
        "cooperation_lost": LEGITIMATE_NEEDS_MET,
        "hours": OFFICER_HOURS,
        "secondary_use": FURTHER_USE,
    }
    levels = {name: _level(results, arm_runs[0], key) for name, key in keys.items()}
    columns: dict[str, float | list[float]] = {}
    for name in TABLE_KINDS[SCENARIOS]["cooperation.csv"].numbers:
        if name.startswith("delay_days"):
            shares = cooperation["delay_quantile"].astype(str)
            columns[name] = [_level(results, arm_runs[0], ("legit_delay_days", "quantile", share)) for share in shares]
        else:
            family = next((family for family in levels if name.startswith(family)), "")
            columns[name] = 100.0 if "percent" in name else levels.get(family, 0.0)
    scales = pd.DataFrame({"arm": cooperation["arm"]} | columns)
    ends = [name for name in columns if name.endswith(OF_WORLDS)]
    scales[ends] *= len(results.worlds)  # one world's value, on so many fewer events
    return scales


def _level(results: Results, arm_run: ArmRun, key: tuple[str, str, str]) -> float:
    """The baseline's mean of an estimand over all runs; zero where there is none."""
    if key not in results.keys:
        return 0.0
    level = float(np.abs(mean_of(mean_of(results.values[arm_run.against, results.keys.index(key)]))))
    return 0.0 if np.isnan(level) else level


def adapted_in(manifest: Manifest) -> list[str]:
    """Scenarios of the study of adaptation, each once; the baseline is none of them."""
    arms = [name for name, arm in manifest["arms"].items() if arm["baseline"] != name]
    return list(dict.fromkeys(name.rpartition(" ")[0] for name in arms))


def adapting(manifest: Manifest, scenarios: Sequence[str]) -> tuple[list[ArmRun], StudyConfig]:
    """These scenarios and their baselines under each conduct, as the study lines them up; and how they are run."""
    arms, asked = adaptation.adaptation_arms([*overrides_of(manifest, "scenarios"), f"scenarios=[{','.join(scenarios)}]"])
    return arm_runs_of(arms), asked


def adaptation_again(manifest: Manifest, scenarios: Sequence[str]) -> Todo:
    """The study of adaptation under the worlds and replicates of its manifest."""
    arm_runs, asked = adapting(manifest, scenarios)
    spec = adaptation.checked_study(arm_runs[0].config, asked)
    plan = comparison_plan(arm_runs, asked, adaptation.adaptation_design(arm_runs), "adaptation", "reproduce", 0.0)

    def again(folder: Path, console: Console) -> RunAgain:
        results = run_all(plan._replace(folder=folder), arm_runs, console).results
        tables = kept_adaptation(runs_frame(results, arm_runs), adapted_tables(results, arm_runs, spec))
        return RunAgain(tables, {}, {arm_run.name: arm_run.config for arm_run in arm_runs})

    return Todo(plan, again)


def treaty_again(manifest: Manifest) -> Todo:
    """The treaty against no treaty under the seeds of its manifest."""
    arms, asked = treaty.treaty_arms(*overrides_of(manifest))
    plan = study.replication_plan("treaty", treaty.TREATY_QUESTION, arms, asked, ["reproduce"])

    def again(folder: Path, console: Console) -> RunAgain:
        pooled = run_tables_in(run_plan(plan._replace(folder=folder), console).plan)
        comparison = study.comparison_of_pairs(pooled.metrics, arms)
        tables = {
            "headline.csv": headline_runs(pooled.metrics),
            "comparison.csv": comparison,
            ORIGINS_FILE: origins_of(pooled, arms[:2]),
        }
        return RunAgain(tables, {}, dict(zip(arm_names(arms), arms, strict=True)))

    return Todo(plan, again)


def headline_again(manifest: Manifest) -> Todo:
    """The project's own question under the worlds and replicates of its manifest."""
    arms, cells, asked = headline.grid_arms(overrides_of(manifest))
    arm_runs, names = arm_runs_of(arms), [arm.name for arm in arms]
    plan = comparison_plan(arm_runs, asked, design_of(asked.design or headline.DESIGN), "headline", "reproduce", 0.0)

    def again(folder: Path, console: Console) -> RunAgain:
        results = run_all(plan._replace(folder=folder), arm_runs, console).results
        comparison, _ = contrast_tables(results, arm_runs, [places_of(arm_runs)[name] for name in names], {})
        today = today_table(results, baselines_of(arm_runs, cells), arms[0].baseline_config)
        tables = kept_headline(runs_frame(results, arm_runs), headline_tables(comparison, cells) | {TODAY_TABLE: today})
        return RunAgain(tables, {}, {arm_run.name: arm_run.config for arm_run in arm_runs})

    return Todo(plan, again)


def capacities_again(manifest: Manifest) -> Todo:
    """Membership and scope under both capacities, under the worlds and replicates of the manifest."""
    arms, asked = compared_arms(overrides_of(manifest))
    arm_runs, names = arm_runs_of(arms), [arm.name for arm in arms]
    plan = comparison_plan(arm_runs, asked, compared_design(arms, asked), "compare", "reproduce", 0.0)

    def again(folder: Path, console: Console) -> RunAgain:
        results = run_all(plan._replace(folder=folder), arm_runs, console).results
        comparison, _ = contrast_tables(results, arm_runs, [places_of(arm_runs)[name] for name in names], {})
        tables = kept_capacities(runs_frame(results, arm_runs), comparison)
        return RunAgain(tables, {}, {arm_run.name: arm_run.config for arm_run in arm_runs})

    return Todo(plan, again)


def places_of(arm_runs: Sequence[ArmRun]) -> dict[str, int]:
    """Where each arm stands in the line-up, by its name; baselines are none."""
    return {arm_run.name: place for place, arm_run in enumerate(arm_runs) if arm_run.against != place}


_WHOLE: dict[str, Callable[[Manifest], Todo]] = {HEADLINE: headline_again, TREATY: treaty_again, CAPACITIES: capacities_again}
"""Parts that are run again by their manifest alone."""


# --- judging --------------------------------------------------------------------------------------------------------------


def verdicts(part: str, then: _Tables, again: RunAgain, elsewhere: bool, subject: str) -> list[pd.DataFrame]:
    """Each table of a part number by number; of the scenarios the rows of one arm."""
    arm = subject if part == SCENARIOS else None
    found = []
    for name, kind in TABLE_KINDS[part].items():
        fresh = again.tables.get(name)
        if fresh is None and subject in again.configs:
            continue  # the baseline alone is in no contrast
        before = _of(then[name], arm)
        after = before.iloc[:0] if fresh is None else as_text(_of(fresh, arm), kind.digits)
        if name in again.scales:
            scales = before[["arm"]].merge(again.scales[name], on="arm", how="left")
        else:
            scales = kind.scales(before, kind)
        found.append(judged(before, after, kind, scales, elsewhere))
    return found


def _of(table: pd.DataFrame, arm: str | None) -> pd.DataFrame:
    return table if arm is None else table[table["arm"].astype(str) == arm].reset_index(drop=True)


# --- telling --------------------------------------------------------------------------------------------------------------


def forecast(todo: Mapping[str, Todo]) -> str:
    """How long it will take, from one run of each part, made here and now."""
    plans = [one.plan for one in todo.values() if one.plan is not None]
    if not plans:
        return "nothing of it is simulated"
    began = time.monotonic()
    with Terminal(stderr=True).status("compiling the rules, and timing one run of each part"):
        tried = [(plan, timed(plan)) for plan in plans]
    seconds = sum(work_of(plan.batches, plan.workers_for(len(plan.keys)), [run]) for plan, run in tried)
    spent = time.monotonic() - began
    runs = sum(len(plan.keys) for plan in plans)
    return f"projected: about {time_text(seconds + spent * len(plans))} for {counted(runs, 'run')}"


def verdict_table(outcomes: Sequence[SubjectVerdict]) -> Table:
    """Table of verdicts, one row for each subject (a scenario or a part)."""
    table = Table(title="The reference against what the code gives now", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("reference", no_wrap=True)
    for column in ("numbers", "identical", WITHIN, DIFFERENT):
        table.add_column(column, justify="right")
    table.add_column("worst", ratio=1)
    for row in outcomes:
        bad = Text(f"{row.different:,}", style="bold red" if row.different else "")
        table.add_row(row.subject, f"{row.numbers:,}", f"{row.identical:,}", f"{row.within:,}", bad, row.worst)
    return table


def conclusion(outcomes: Sequence[SubjectVerdict], elsewhere: bool, seconds: float) -> str:
    """The verdict on all, in words."""
    numbers, within, different = (sum(getattr(row, name) for row in outcomes) for name in ("numbers", "within", "different"))
    if different:
        bad = [row.subject for row in outcomes if row.different]
        verdict = f"Different: {different:,} of {numbers:,} numbers, in {', '.join(bad)}"
    elif within:
        verdict = f"Reproduced within tolerance: {within:,} of {numbers:,} numbers are not identical"
    else:
        verdict = f"Reproduced: all {numbers:,} numbers are identical"
    rule = (
        f"within tolerance is {100 * SHARE:g} % of a number's scale, or what {EVENTS} events weigh in it, on {_ELSEWHERE}: "
        "the last bit of a logarithm may tip single events there"
        if elsewhere
        else "on the machine and with the versions of the reference nothing but identity is accepted"
    )
    return f"{verdict} ({rule}). {time_text(seconds).capitalize()}; nothing was written."
