"""What each scenario asks and is expected to show: ``rogatory scenarios [NAME ...]``."""

from __future__ import annotations

import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.console import console_of
from experiments.design.scenarios import KINDS, Header, by_kind, changes, headers_of, listing, scenario_overrides
from sim.config import ADOPTED
from sim.places import option_name


def main(*names: str) -> int:
    """List the scenarios, or tell those that are named; the exit status is 0."""
    console = console_of()
    if not names:
        known, wrong = listing()
        console.print(scenario_rows(known))
        console.print("rogatory scenarios NAME tells one fully.", highlight=False)
        for line in wrong.values():
            print(f"rogatory: {' '.join(line.split())}", file=sys.stderr)
        return 0
    told = [(name, changes(name), headers_of([name])) for name in map(_by_its_name, names)]
    for name, changed, known in told:
        _tell(console, name, changed, known)
    return 0


def scenario_rows(known: dict[str, Header]) -> Table:
    """One row a scenario, a part each kind."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_lines=False)
    table.add_column("scenario", no_wrap=True)
    table.add_column("plain name", ratio=1)
    for column in ("question", "expected", "finding"):
        table.add_column(column, ratio=2 if column == "question" else 1)
    for kind, names in by_kind(known, {name: header.kind for name, header in known.items()}).items():
        table.add_row(Text(KINDS[kind].capitalize(), style="bold"), *[""] * 5)
        for name in names:
            header = known[name]
            table.add_row(*map(Text, (name, header.called, header.question, _ways(header), header.finding or "")))
    return table


def _ways(header: Header) -> str:
    return "; ".join(f"{metric} {way}" for metric, way in header.direction.items())


def _by_its_name(choice: str) -> str:
    """A choice in which each file that is named by its path goes by its name. Raises ``ConfigError`` where none is."""
    scenario_overrides(choice)
    names, at, where = choice.partition("@")
    return "+".join(option_name("scenario", name) for name in names.split("+")) + at + where


def _tell(console: Console, name: str, changed: dict[str, tuple[object, object]], known: dict[str, Header]) -> None:
    console.print(name, style="bold", highlight=False)
    for part in name.partition("@")[0].split("+"):
        header = known[part]
        if header.called:
            console.print(header.called, markup=False, highlight=False)
        for line in (f"Kind: {header.kind}", header.question, f"Motive: {header.motive}", f"Expected: {header.expect}"):
            console.print(line, markup=False, highlight=False)
        if header.direction:
            console.print(f"Direction: {_ways(header)}", markup=False, highlight=False)
        if header.finding:
            console.print(f"Finding: {header.finding}", markup=False, highlight=False)
    console.print(f"Changes against {ADOPTED}:" if changed else f"Changes nothing against {ADOPTED}.", highlight=False)
    for key, (before, after) in changed.items():
        console.print(f"  {key}: {_word(before)} -> {_word(after)}", markup=False, highlight=False)


def _word(value: object) -> str:
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
