"""The description of the model in the ODD form, made from docstrings, comments and what was configured (Grimm and others 2020).

``odd`` gives three parts (overview, design concepts, details); ``blocks`` shows them as elements of a page or as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from experiments.report import odd_prose, prose
from experiments.report.blocks import Block, Grid, Items, Text, TextPart, docstring_blocks, listed_as
from experiments.report.code import Function, Step, calls_of, fields_of, module_of, record_doc
from experiments.report.named_draws import named_draws
from experiments.report.odd_details import METHODS, details
from sim.metrics import UNITS, absent_metrics
from sim.review.safeguard import SEES, VISIBLE
from sim.settings import Config
from sim.world import vocabulary
from sim.world.vocabulary import DAYS_PER_MONTH, FOLLOW_UP_MONTHS

_MODEL = "model.md"  # of docs/
_CALIBRATED = "Calibrated, and missed"  # its heading over the table of patterns
_DEEP = 3  # levels of calls that are told of a month
RECORDS = (
    ("States", "sim.world.states", "StateTable"),
    ("People at risk", "sim.world.people", "PeopleTable"),
    ("Latent cases", "sim.world.cases", "Cases"),
    ("What has become of each case", "sim.conduct.retries", "CaseBook"),
    ("Requests: the docket", "sim.world.docket", "Docket"),
    ("Authorities: lanes and hours", "sim.review.queue", "Queue"),
    ("Law in force", "sim.world.instruments", "LawInForce"),
    ("Suspensions", "sim.review.institutions", "Bench"),
    ("What people know of abuse", "sim.society.expression", "Climate"),
    ("People who were hit", "sim.society.expression", "Hits"),
    ("Public affairs", "sim.society.expression", "Talk"),
    ("What reviewers remember", "sim.review.memory", "Memories"),
    ("Who is bound by the treaty", "sim.society.membership", "Membership"),
    ("Statute books", "sim.society.legislatures", "Statutes"),
    ("The world", "sim.world.snapshot", "World"),
)
"""Heading, module and record of each kind of state variable."""


def odd(config: Config, known: pd.DataFrame) -> tuple[TextPart, TextPart, TextPart]:
    """Overview, design concepts and details of the model under a configuration.

    ``known`` are its numbers with what stands behind them (``experiments.report.parameters``).
    """
    return overview(config), concepts(config), details(config, known)


# --- overview -------------------------------------------------------------------------------------------------------------


def overview(config: Config) -> TextPart:
    """Purpose and patterns; entities, state variables and scales; process overview and scheduling."""
    return TextPart(
        "odd-overview",
        "The model (ODD): overview",
        [Text(odd_prose.FORM), Text(odd_prose.VALUES), _purpose(config), _entities(config), _process()],
    )


def _purpose(config: Config) -> TextPart:
    asked = Text(prose.question(config.people.groups))
    opening = [*docstring_blocks(module_of("sim.__init__").doc)[:1], asked, Text(odd_prose.PURPOSE)]
    return TextPart("odd-purpose", "1 Purpose and patterns", [*opening, *patterns()])


def patterns(path: Path | None = None) -> list[Block]:
    """The patterns and how near the model comes, from the documentation; a sentence where that is not at hand."""
    beside = Path(__file__).with_name(f"_{_MODEL}")  # in an installed wheel
    place = path or (beside if beside.is_file() else Path(__file__).parents[2] / "docs" / _MODEL)
    if not place.is_file():
        return [Text(odd_prose.NO_PATTERNS)]
    section = place.read_text(encoding="utf-8").partition(f"## {_CALIBRATED}")[2].partition("\n## ")[0]
    head, *rows = _rows(section.splitlines())
    opening = next(text.strip() for text in section.splitlines() if text.strip() and not text.startswith("|"))
    return [Text(odd_prose.PATTERNS), Text(opening), Grid("Patterns", head, rows, words=len(head))]


def _rows(lines: Iterable[str]) -> list[list[str]]:
    """Rows of the first Markdown table among lines, its headings first."""
    return [[cell.strip() for cell in text.strip("|").split("|")] for text in lines if re.match(r"\|(?!-)", text)]


def _entities(config: Config) -> TextPart:
    parts: list[Block] = [Text(odd_prose.ENTITIES), _scales(config), Text(odd_prose.AXES)]
    for heading, module, record in RECORDS:
        doc = record_doc(module, record)
        rows = [(f"`{c.name}`", c.shape, c.kind, c.meaning) for c in fields_of(module, record)]
        grid = Grid(f"{heading}: {module}.{record}", ("variable", "axes", "values", "meaning"), rows, words=4)
        parts.append(TextPart(f"odd-{record.lower()}", heading, [*docstring_blocks(doc), grid]))
    parts.append(TextPart("odd-names", "Names behind the codes", [_names()]))
    parts.append(
        TextPart("odd-offences", "Offences", [*docstring_blocks(record_doc("sim.world.vocabulary", "Offence")), _offences(config)])
    )
    return TextPart("odd-entities", "2 Entities, state variables and scales", parts)


_HOURS_ARE_FOR = {
    "before": "under the law before the treaty",
    "follows": "under the law before the treaty; from the window's first day under the scenario's own",
    "as_adopted": "under the treaty as adopted",
}


def _scales(config: Config) -> Grid:
    rows = [
        ("step", f"a month of {DAYS_PER_MONTH} days; events carry days"),
        ("run-in", f"{config.run_in_months} months without the treaty, texts of old in force"),
        ("window", f"{config.years} years from {config.start.isoformat()}"),
        (
            "run-out",
            f"{config.run_out_months} months, to follow each case for {FOLLOW_UP_MONTHS} from the wish",
        ),
        ("calibration of capacity", f"{config.calibration_months} months, {_HOURS_ARE_FOR[config.review.capacity]}"),
        (
            "states",
            "the members of the United Nations" if config.states.source == "real" else f"{config.states.synthetic.count}, made up",
        ),
        ("people at risk", f"{config.people.rows} rows, weighted to stand for all"),
    ]
    return Grid("Scales", ("what", "extent"), rows, words=2)


def _names() -> Grid:
    found = {name: value for name, value in vars(vocabulary).items() if name.isupper() and isinstance(value, tuple)}
    rows = [(f"`{name}`", ", ".join(f"{code} {word}" for code, word in enumerate(value))) for name, value in found.items()]
    return Grid("Codes and names (sim.world.vocabulary)", ("axis", "names"), rows, words=2)


def _offences(config: Config) -> Grid:
    ordered = sorted(config.offences.items(), key=lambda item: (item[1].offence_class, item[0]))
    rows = [
        (
            f"`{name}`",
            o.offence_class,
            o.article or "",
            "yes" if o.grave else "",
            f"{o.harm:g}",
            f"{o.demand_share:g}",
            f"{o.pretext:g}",
            f"{o.penalties.median_years:g}",
        )
        for name, o in ordered
    ]
    head = (
        "offence",
        "class",
        "article",
        "grave",
        "harm, 0 to 1",
        "weight of needs",
        "weight as a pretext",
        "median maximum where unknown, years",
    )
    return Grid("Offences in the order of the axis K", head, rows, words=4)


def _process() -> TextPart:
    month, run = module_of("sim.month").functions, module_of("sim.simulation").functions
    ending = module_of("sim.run").functions["finish"]
    advance = month["advance"]
    steps = _items(calls_of(advance, _DEEP, METHODS), ordered=True)
    rest = [Text(f"`{step.name}`: {step.said}") for step in (run["with_capacity"], ending)]
    return TextPart(
        "odd-process",
        "3 Process overview and scheduling",
        [
            Text(odd_prose.SCHEDULING),
            Text(f"`advance`: {advance.said}"),
            steps,
            Text("Before the first month and after the last:"),
            *rest,
        ],
    )


def _items(steps: Sequence[Step], ordered: bool = False) -> Items:
    """Steps as a nested list; conditions are told on the first level."""
    items = []
    for step in steps:
        words = _step(step.name, step.function)
        if words:
            where = f" If `{step.condition}`." if step.condition and ordered else ""
            items.append((words + where, _items(step.below) if step.below else None))
    return Items(items, ordered)


def _step(name: str, function: Function | None) -> str:
    if function is not None:
        return f"`{function.name}`: {function.in_short}"
    said = odd_prose.UNRESOLVED.get(name, "")
    return f"`{name}`: {said}" if said else ""


# --- design concepts ------------------------------------------------------------------------------------------------------


def concepts(config: Config) -> TextPart:
    """The eleven design concepts."""
    found: dict[str, tuple[str, list[Block]]] = {
        "principles": ("Basic principles", [listed_as(odd_prose.BASIC_PRINCIPLES)]),
        "emergence": ("Emergence", [Text(odd_prose.EMERGENCE)]),
        "adaptation": ("Adaptation", [Text(odd_prose.ADAPTATION_TEXT), _given(config)]),
        "objectives": ("Objectives", [Text(odd_prose.OBJECTIVES)]),
        "learning": ("Learning", [Text(odd_prose.LEARNING), Text(_remembers(config))]),
        "prediction": ("Prediction", [Text(odd_prose.PREDICTION)]),
        "sensing": ("Sensing", _sensing()),
        "interaction": ("Interaction", [Text(odd_prose.INTERACTION)]),
        "stochasticity": ("Stochasticity", [Text(odd_prose.STOCHASTICITY), _draws(config)]),
        "collectives": ("Collectives", [Text(odd_prose.COLLECTIVES)]),
        "observation": ("Observation", [Text(odd_prose.OBSERVATION), _estimands(config)]),
    }
    parts: list[Block] = [TextPart(f"odd-{name}", heading, blocks) for name, (heading, blocks) in found.items()]
    return TextPart("odd-concepts", "The model (ODD): design concepts", [TextPart("odd-design", "4 Design concepts", parts)])


def _given(config: Config) -> Text:
    conduct = config.conduct
    on = [f"`{actor}.{name}`" for actor, spec in config.adaptation for name, value in spec if value is True]
    said = f"Switched on here: {', '.join(on)}." if on else "Here every switch is off."
    basis = conduct.legal_basis.replace("_", " ")
    return Text(f"{said} `conduct.attempts` is {conduct.attempts} and `conduct.legal_basis` is {basis}.")


def _remembers(config: Config) -> str:
    texts = {
        name: [text for text, one in config.instruments.items() if one.safeguards.get(name, "absent") != "absent"]
        for name in ("panel", "suspension")
    }
    said = [f"`{name}` {'in ' + ', '.join(sorted(found)) if found else 'in no text'}" for name, found in texts.items()]
    return f"Here: {'; '.join(said)}."


def _sensing() -> list[Block]:
    hidden = [
        f"`{c.name}`: {c.meaning}" for _, module, record in RECORDS for c in fields_of(module, record) if "hidden" in c.meaning
    ]
    return [
        Text(odd_prose.SENSING),
        Grid("What a rule may read of a file (VISIBLE)", ("name", "meaning"), [(f"`{k}`", v) for k, v in VISIBLE.items()], words=2),
        Grid(
            "What a reader's acuity may follow from (SEES)", ("name", "meaning"), [(f"`{k}`", v) for k, v in SEES.items()], words=2
        ),
        Text("Hidden from every reviewer, columns of the cases:"),
        listed_as(hidden),
        Text(odd_prose.REQUESTERS_SEE),
    ]


def _draws(config: Config) -> Grid:
    """A row a purpose and law; keys and places are joined."""
    gathered: dict[tuple[str, str, str], tuple[list[str], list[str]]] = {}
    for draw in named_draws(config.safeguards):
        keys, places = gathered.setdefault((draw.of, draw.purpose, draw.law), ([], []))
        keys.append(f"``{', '.join(draw.keys)}``" if draw.keys else "none")
        places.append(f"``{draw.where.removeprefix('sim.')}``")
    rows = [
        (of, f"``{purpose}``", law, "; ".join(dict.fromkeys(keys)), ", ".join(dict.fromkeys(places)))
        for (of, purpose, law), (keys, places) in gathered.items()
    ]
    return Grid("Named draws", ("settled by", "purpose", "law", "keys", "drawn in"), rows, words=5)


def definitions() -> dict[str, Function]:
    """Each estimand's function: the first in `sim.metrics.estimands` that yields a value under its name."""
    found: dict[str, Function] = {}
    for function in module_of("sim.metrics.estimands").functions.values():
        if function.node is None or function.name in ("absent_metrics", "metrics_of"):
            continue
        for name in re.findall(r"'(\w+)'", function.source):
            if name in UNITS:
                found.setdefault(name, function)
    of_two = module_of("sim.metrics.displacement").functions
    return found | {"displacement_rate": of_two["displacement_rate"]}


def _estimands(config: Config) -> Grid:
    functions = definitions()
    absent = absent_metrics(
        config.run_out_months,
        config.review.load,
        config.conduct.spyware > 0,
        config.adaptation.people.falls_silent,
        config.demand.realtime_share > 0,
    )
    own = {name: module_of(type(estimand).__module__).doc for name, estimand in config.metrics.own.items()}
    rows = []
    for name, unit in UNITS.items():
        told_of = functions[name].doc.split("\n\nReturns")[0] if name in functions else own.get(name, "")
        missing = f"Not in these runs: {absent[name]}." if name in absent else ""
        rows.append((f"`{name}`", unit, " ".join(f"{told_of} {missing}".split())))
    return Grid("Estimands (sim.metrics)", ("estimand", "unit", "definition"), rows, words=3)
