"""One state's law and care changed: what that does to whom it pursues, at which hosts, and to whom it is asked for.

``rogatory law definition=my.yaml``, where ``my.yaml`` says ``TUR: {penalties: {false_news: 4}}`` and, if wanted,
``all: {strength: 0.8}``. The changes are set against today in the same worlds and luck, all of them together and each alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.table import Table

from experiments.analysis.frames import names_of
from experiments.analysis.one_state import REQUESTED, REQUESTER, TABLE, Runs, state_table
from experiments.console import Terminal, console_of, table_of
from experiments.design.arms import ArmRun, arm_runs_of
from experiments.design.comparisons import Arm
from experiments.design.designs import OF_A_COMPARISON, Design, refuse_design, refuse_unheeded
from experiments.execution.comparison import check_all, comparison_plan, manifest_of_arms, run_all
from experiments.execution.session import runs_kept
from experiments.output import Lacking, stamped, whole_folder, write_csv, write_manifest
from experiments.settings import StudyConfig, asked_by
from experiments.store.reader import StoredStudy
from experiments.text import Row, band, band_decimals, counted, in_a_row, measured, spoken, time_text, unknown
from sim.draws import Draws
from sim.settings import Config
from sim.sources.worlds import build_states
from sim.world.dials import Dial
from sim.world.instruments import instrument_names, law_in_force
from sim.world.record import ConfigError, quoted
from sim.world.vocabulary import offences_of

TOGETHER = "all changes"
_QUESTION = "What does this change of law and care do to one state: whose data, at which hosts, for whom?"
_MOST = 12  # rows of a table on the terminal; the file has all
_HEADS = {"other": "which state", "group": "whose data", "label": "under which label"}
_VERBS = {REQUESTER: "{} asks: cases a year whose data it obtains", REQUESTED: "{} is asked: cases a year it discloses"}
_HONEST = (
    "Conditional, relative answers: latent cases are those of the law as drawn, so a new crime makes no new wish. Cases a year "
    "whose data were disclosed; in brackets the range over worlds of the paired difference and in how many worlds it has that sign."
)


def main(*overrides: str) -> Path:
    """Run, tell and write; returns the folder of results."""
    began = time.monotonic()
    with Terminal(stderr=True).status("composing the changes"):
        arms, states, asked = changed_arms(overrides)
    arm_runs, first = arm_runs_of(arms), arms[0].baseline_config
    check_all(arm_runs)
    console, command = console_of(), " ".join(["law", *overrides])
    design = Design(question=_QUESTION, baseline=first.scenario_name, scenarios=[first.scenario_name])
    plan = comparison_plan(arm_runs, asked, design, "law", command, 0.0)
    with whole_folder(Path(asked.output) / "law", name := stamped("-".join(states))) as folder, runs_kept(plan):
        ran = run_all(plan, arm_runs, console)
        lacking, table = Lacking(folder), pd.DataFrame()
        with lacking.spared(TABLE):
            runs = Runs(_points(plan.points.frame, arm_runs), ran.results.worlds, plan.replicates, first.years)
            table = state_table(StoredStudy(plan.folder).disclosures(), states, runs, first.metrics.fewest_events)
            write_csv(table, folder / TABLE, "%.6g")
        write_manifest(folder, manifest_of_arms(folder, arm_runs, ran, time.monotonic() - began) | {"missing": lacking.why})
    written = Path(asked.output) / "law" / name
    with lacking.told_after(written):
        if len(table):
            size = f"{counted(ran.worlds, 'world')} x {plan.replicates} replicates, {counted(first.years, 'year')}, paired"
            for state in states:
                tell(console, table[table["state"] == state], state, first, size)
        for line in (f"{time_text(time.monotonic() - began).capitalize()} in all.", f"Written to {written}.", _HONEST):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return written


def changed_arms(overrides: Sequence[str]) -> tuple[list[Arm], list[str], StudyConfig]:
    """All changes of ``states.override`` together and each selector's alone, each against today; and the states that are told.

    Raises ``ConfigError`` where nothing is changed, or no state is named.
    """
    config, asked = asked_by(*overrides)
    refuse_design(asked, "law")
    refuse_unheeded("law", overrides, *OF_A_COMPARISON, "baseline", "case", "person")
    dials = config.states.override
    if not dials:
        raise ConfigError(
            "definition: found no change of any state; accepted: definition=my.yaml with TUR: {penalties: {...}}, say"
        )
    states = [code for code in [asked.state, *dials] if code and code.isalpha() and code.isupper()]
    if not states:
        raise ConfigError(f"state: found none, and changes of {', '.join(map(quoted, dials))} alone; accepted: state=TUR, say")
    if config.world_seed is not None or asked.until is not None:
        raise ConfigError("world_seed, until: found one of them; accepted: null in this study, which runs seeds x replicates runs")
    today = _with(config, {}, "today")
    arms = [Arm(TOGETHER, _with(config, dials, TOGETHER), today)]
    if len(dials) > 1:
        arms += [Arm(selector, _with(config, {selector: dial}, selector), today) for selector, dial in dials.items()]
    return arms, list(dict.fromkeys(states)), asked


def _with(config: Config, dials: dict[str, Dial], name: str) -> Config:
    """The configuration with these changes of states and no other."""
    states = config.states.model_copy(update={"override": dials})
    return config.model_copy(update={"states": states, "scenario_name": name})


def _points(frame: pd.DataFrame, arm_runs: Sequence[ArmRun]) -> dict[str, str]:
    """The id of each arm's point, today's first."""
    return {arm_run.name: str(point) for arm_run, point in zip(arm_runs, frame["point"], strict=True)}


# --- telling --------------------------------------------------------------------------------------------------------------


def tell(console: Terminal, table: pd.DataFrame, state: str, config: Config, size: str) -> None:
    """The rows of one state: what it obtains and what it gives."""
    places = names_of(config)
    name, fewest = places.get(state, state), config.metrics.fewest_events
    console.print(gate_sentence(config, state, name), highlight=False, markup=False, soft_wrap=True)
    for role, part in table.groupby("role", sort=False):
        verb, whole = _VERBS[str(role)].format(name), part[part["by"] == "all"]
        if int(whole[["events_baseline", "events"]].to_numpy().max()) < fewest:
            line = f"{verb}: fewer than {fewest} cases in all runs, too few for a table ({TABLE} has the counts)."
            console.print(line, highlight=False, markup=False, soft_wrap=True)
            continue
        for by, head in _HEADS.items():
            console.print(_lines(part[part["by"].isin(["all", by])], f"{verb} ({size})", head, places, fewest))


def gate_sentence(config: Config, state: str, name: str) -> str:
    """Whether a text that asks for a serious crime binds the state in the first world: where none does, no maximum is weighed."""
    states = build_states(config.states, config.people, config.demand, config.offences, config.seed)
    law = law_in_force(config.instruments, states, offences_of(config.offences), Draws(config.seed), config.conduct.inflation)
    bound, texts = law.after[:, states.codes.index(state)].any(axis=1), instrument_names(config.instruments)
    gates = [text for place, text in enumerate(texts) if bound[place] and "serious" in config.instruments[text].reaches.values()]
    if not gates:
        return f"{name} is bound by no text that asks for a serious crime: nobody weighs its maxima."
    named = in_a_row([spoken(text) for text in gates])
    return f"{name} is bound by {named}, where the crime must be serious by the requester's own law."


def _lines(rows: pd.DataFrame, title: str, head: str, places: dict[str, str], fewest: int) -> Table:
    """Levels as rows: today's cases a year and what each arm changes; ``<10`` for what stands on too few events."""
    arms = list(dict.fromkeys(str(arm) for arm in rows["arm"]))
    table = table_of(title, [head, "today", *arms])
    levels = list(dict.fromkeys((str(by), str(level)) for by, level in zip(rows["by"], rows["level"], strict=True)))
    held = {(str(row["by"]), str(row["level"]), str(row["arm"])): row for row in rows.to_dict("records")}
    for by, level in levels[: _MOST + 1]:
        first = held[by, level, arms[0]]
        words = "all" if by == "all" else places.get(level, spoken(level))
        today = few_of(fewest) if unknown(first["baseline"]) else measured(float(first["baseline"]))
        table.add_row(words, today, *(_cell(held[by, level, arm], fewest) for arm in arms))
    return table


def few_of(fewest: int) -> str:
    """What stands in place of a number on too few events.

    >>> few_of(10)
    '<10'
    """
    return f"<{fewest}"


def _cell(row: Row, fewest: int) -> str:
    """A difference in cases a year with its range over worlds and the per cent; no number on too few events."""
    values = [float(row[name]) for name in ("difference", "world_low", "world_high")]
    if unknown(values[0]):
        return few_of(fewest)
    if int(row["events"]) == int(row["events_baseline"]) and not any(values):
        return "0 in every world"
    decimals = max(band_decimals(*values), 1)
    share = "" if unknown(row["percent"]) else f", {band(float(row['percent']), decimals=0)[0]} %"
    middle, low, high = band(*values, decimals=decimals)
    if not low or not high:
        return f"{middle}{share}"
    return f"{middle} ({low} to {high}; {int(row['worlds_agreeing'])} of {row['worlds']}){share}"
