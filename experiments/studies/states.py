"""A state as the model has it, and the classes of all: ``rogatory states [CODE ...] [key=value ...]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from experiments.console import console_of
from experiments.settings import asked_by
from experiments.text import counted, in_a_row, percent
from sim.draws import Draws
from sim.parameters import resolved
from sim.review.spec import care_of
from sim.rules import Rules, rules_of
from sim.settings import Config, Policy
from sim.simulation import check, world_of
from sim.sources.tables import read_penalties
from sim.sources.worlds import build_states
from sim.world.breadth import covered_share
from sim.world.dials import reached
from sim.world.record import ConfigError, quoted
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import GROUPS, OFFENCE_CLASSES, REGIMES

_NEAREST = 3  # codes in a mistake
_PARTNERS = 12  # codes of a list of partners; *assumption*: what one reads
_SOURCES = {
    "uptake": "free_expression",
    "fidelity": "rule_of_law",
    "judicial": "judicial_constraints",
    "skill": "government_effectiveness",
    "transfer_protection": "data_protection_law",
}
"""Columns of the states table from which an attribute is made."""
_OWN_LAWS = {"judge": "a judge before disclosure", "person": "the person concerned is told"}
_MEANINGS = {
    "uptake": "chance that a discretion is used",
    "fidelity": "chance that a duty is kept, where no discretion is used",
    "judicial": "what a court sees, and how independent it is",
    "skill": "of the authority's desk",
    "transfer_protection": "of data that are received",
}


def main(codes: Sequence[str], *overrides: str) -> None:
    """List the states with their classes, or tell those that are named; what overrides change stands beside what was drawn.

    Raises ``ConfigError`` for a code that no state has.
    """
    config, _ = asked_by(*overrides)
    check(config)
    seed = config.seed if config.world_seed is None else config.world_seed
    config = resolved(config, seed)
    states = build_states(config.states, config.people, config.demand, config.offences, seed)
    rows = [_row(code, states) for code in codes]
    console = console_of()
    if not rows:
        _say(console, f"World of seed {seed}: {counted(states.count, 'state')}.")
        console.print(_listing(states, config))
        _say(console, "rogatory states CODE tells one fully; an override beside it shows what it would change.")
        return
    world = world_of(config, seed)
    before, after = (rules_of(policy, world, config.review.load, config.run_in_months) for policy in _policies(config))
    for row in rows:
        _tell(console, State(row, config, world, before, after))


def _policies(config: Config) -> tuple[Policy, Policy]:
    """What holds before the window, and within it."""
    return config.policy.before_dials, config.policy


def _row(code: str, states: StateTable) -> int:
    """The place of a state that is named by its code, in whatever case. Raises ``ConfigError`` with the nearest ones."""
    if code.upper() in states.codes:
        return states.codes.index(code.upper())
    known = {**{c.lower(): c for c in states.codes}, **{n.lower(): c for n, c in zip(states.names, states.codes, strict=True)}}
    near = list(dict.fromkeys(known[word] for word in get_close_matches(code.lower()[:60], known, n=_NEAREST, cutoff=0.5)))
    shown = near or states.codes[:_NEAREST]
    named = ", ".join(f"{c} ({states.names[states.codes.index(c)]})" for c in shown)
    raise ConfigError(f"states: found {quoted(code)}; accepted: a code of this world, such as {named}; rogatory states lists them")


def _listing(states: StateTable, config: Config) -> Table:
    """One row a state: code, name, regime, region, and the named sets to which it belongs."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("state", "name", "regime", "region", "belongs to"):
        table.add_column(column, no_wrap=column == "state")
    for row, code in enumerate(states.codes):
        regime = REGIMES[states.regime[row]].replace("_", " ")
        table.add_row(*map(Text, (code, states.names[row], regime, states.region[row], ", ".join(_sets(row, states, config)))))
    return table


def _sets(row: int, states: StateTable, config: Config) -> list[str]:
    lists = [name for name in config.states.lists if reached(name, config.dials, states)[1][row]]
    return [*(name for name, members in states.groups.items() if members[row]), *lists]


# --- one state ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """One state in its world, under the rules as drawn and as overrides have them."""

    row: int
    config: Config
    world: World
    before: Rules
    after: Rules

    @property
    def states(self) -> StateTable:
        """All states, as drawn."""
        return self.world.states

    @property
    def code(self) -> str:
        """Its code."""
        return self.states.codes[self.row]


def law_of(state: State) -> Iterator[tuple[str, str, str, str, str]]:
    """Its law, an offence a row: name, class, maximum (old -> new), whether over the treaty's gate (old -> new), and the source."""
    offences, row = state.world.offences, state.row
    gate = state.config.instruments[state.config.adaptation.members.text].threshold_years
    bases = _bases(state)
    for k in np.lexsort((np.array(offences.names), offences.offence_class)):
        old, new = state.states.penalties[row, k], state.after.maxima[row, k]
        known = state.states.penalty_known[row, k]
        yield (
            offences.names[k].replace("_", " "),
            OFFENCE_CLASSES[offences.offence_class[k]],
            _changed(old, new, _years),
            _changed(old, new, lambda years: "yes" if years >= gate else "no"),
            bases.get(offences.names[k], "known") if known else "drawn",
        )


def _bases(state: State) -> dict[str, str]:
    """Where each known maximum was read, by offence; nothing in a made-up world."""
    spec = state.config.states
    if spec.source != "real":
        return {}
    table = read_penalties(Path(spec.penalty_table) if spec.penalty_table else None, codes=state.states.codes)
    own: pd.DataFrame = table[table["code"] == state.code]
    return {str(row.offence): f"{row.basis} ({row.tag})" for row in own.itertuples()}


def care_told(state: State) -> Iterator[tuple[str, str, str]]:
    """Its attributes: name, value (old -> new), and what that is; ``drawn`` where the sources lack it."""
    states, row = state.states, state.row
    drawn = dict(zip(("uptake", "fidelity"), care_of(state.config.review, states), strict=True))
    drawn |= {"judicial": states.judicial, "skill": states.skill, "transfer_protection": states.data_protection}
    ruled = state.after.ruled.states
    dialled = dict(zip(("uptake", "fidelity"), care_of(state.config.review, states, state.after.dialled), strict=True))
    dialled |= {"judicial": ruled.judicial, "skill": state.after.reading.skill, "transfer_protection": ruled.data_protection}
    for name, values in drawn.items():
        made = states.drawn.get(_SOURCES[name])
        how = "drawn" if made is not None and made[row] else "from the sources"
        yield name.replace("_", " "), _changed(values[row], dialled[name][row], _share), f"{_MEANINGS[name]}; {how}"
    before, after = covered_share(state.world, row), covered_share(state.after.ruled, row)
    yield (
        "breadth",
        _changed(before, after, _share),
        "pairs of a Convention offence and protected conduct that its law covers; drawn",
    )
    yield from _own_law_told(state)
    strength = state.after.dialled.strength[row]
    yield "strength", "its own" if np.isnan(strength) else f"its own -> {_share(strength)}", "stands for uptake and fidelity"
    hours = _changed(state.before.capacity[row], state.after.capacity[row], lambda h: f"{h:.0f}" if h >= 10 else f"{h:.1f}")
    review = state.config.reference.review
    low, high = review.utilisation_low, review.utilisation_high
    share = low + (high - low) * float(Draws(state.world.seed).uniform("fact:utilisation", states.keys)[row])
    floor = " (the floor: the load is less)" if state.world.capacity[row] <= review.capacity_floor else ""
    yield "officer-hours a month", hours, f"utilisation drawn: {percent(share)}{floor}"
    for group, factor in zip(GROUPS, state.after.habits.eager[row], strict=False):
        if factor != 1:
            yield f"appetite for {group}", f"1 -> {factor:g}", "factor on what it asks of its own accord"


def _own_law_told(state: State) -> Iterator[tuple[str, str, str]]:
    """Its own law: whether it wants a judge and a notice by itself, and how its law on transfers meets other states' protection."""
    states, row, ruled = state.states, state.row, state.after.ruled.states
    for law, meaning in _OWN_LAWS.items():
        how = "drawn" if states.drawn[f"own_law_{law}"][row] else "known"
        yield f"own law: {law}", "yes" if states.own_laws[law][row] else "no", f"{meaning}; {how}"
    yield "own law: transfers", _share(states.transfer_law[row]), "strength of its law on transfers to police abroad; assumed"
    protection = _changed(states.protection[row], ruled.protection[row], _share)
    yield "protection", protection, "of a person against its own authorities, as laws on transfers read it"


def hosting_of_state(state: State) -> list[tuple[str, float]]:
    """Share of foreign platforms that it hosts, by the region of their users: the largest first, none that is nothing."""
    states = state.states
    shares = {region: float(states.host_share[states.region.index(region), state.row]) for region in sorted(set(states.region))}
    return sorted(((region, share) for region, share in shares.items() if share > 0), key=lambda pair: -pair[1])


def instruments_of(state: State) -> Iterator[tuple[str, str, str]]:
    """Each text that binds it to somebody in the window: name, since when, and with whom."""
    codes = np.array(state.states.codes)
    for text, name in enumerate(state.after.names[:-1]):
        partners = codes[state.after.law.after[text, state.row]]
        if partners.size:
            since = "before the window" if state.config.instruments[name].from_start else "with the window"
            listed = ", ".join(partners[:_PARTNERS]) + (", ..." if partners.size > _PARTNERS else "")
            yield name.replace("_", " "), since, f"{counted(partners.size, 'state')}: {listed}"


def _changed(old: float, new: float, told: Callable[[float], str]) -> str:
    a, b = told(old), told(new)
    return a if old == new or (np.isnan(old) and np.isnan(new)) or a == b else f"{a} -> {b}"


def _years(value: float) -> str:
    return "no crime" if np.isnan(value) else f"{value:.3g}"


def _share(value: float) -> str:
    return f"{value:.2f}"


# --- printing -------------------------------------------------------------------------------------------------------------------


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False)


def _rows(console: Console, title: str, columns: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", ratio=1 if place == len(columns) - 1 else None)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(Padding(table, (1, 0, 0, 0)))


def _tell(console: Console, state: State) -> None:
    states, row, config = state.states, state.row, state.config
    console.print(f"{states.names[row]} ({state.code})", style="bold", highlight=False)
    regime = REGIMES[states.regime[row]].replace("_", " ")
    sets = _sets(row, states, config)
    classes = f"{regime}; {states.region[row]}; {in_a_row(sets) if sets else 'in no named set'}"
    _say(console, f"{classes}. World of seed {state.world.seed}.")
    if config.policy != config.policy.before_dials:
        _say(console, "old -> new: what dials change, from the window's first day on. No wish, person or host is another.")
    gate = config.instruments[config.adaptation.members.text].threshold_years
    _rows(console, "Law", ("offence", "class", "maximum, years", f"reaches {gate:g} years", "source"), law_of(state))
    _rows(console, "Care", ("attribute", "value", "what it is"), care_told(state))
    hosts = hosting_of_state(state)
    told = ", ".join(f"{percent(share)} of those used in {region}" for region, share in hosts) or "none"
    home = percent(float(states.home_service[row]))
    _say(console, f"\nHosts of foreign platforms: {told}. {home} of its people use a service at home.")
    _rows(console, "Texts", ("text", "in force", "with"), instruments_of(state))
