"""The details of the ODD description: initialisation, input data, and every submodel with its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from experiments.report import odd_prose
from experiments.report.blocks import Block, CodeLines, Folded, Grid, Items, Text, TextPart, docstring_blocks, listed_as
from experiments.report.code import _SIM, Function, Step, calls_of, module_of, modules_in, record_doc
from experiments.report.parameters import SHOWN_COLUMNS, lines_of
from sim.places import config_folder
from sim.review.safeguard import home_of, in_check_order, moves_of
from sim.settings import Config
from sim.world.instruments import Instrument, instrument_names
from sim.world.leaves import leaves_of

METHODS = {"receive": "sim.review.pipeline", "serve": "sim.review.pipeline"}
"""Methods of the compiled review, and the module in which their text stands."""
NO_SUBMODELS = {
    **dict.fromkeys(
        ("sim.sources.build", "sim.sources.recipes", "sim.sources.releases", "sim.sources.providers"),
        "makes the committed tables, runs in no simulation",
    ),
    "sim.sources.checksums": "what is read is the same as what is committed",
}
"""Modules of the packages below that decide nothing in a run, and why."""
_PACKAGES = {
    "What states choose": "sim.conduct",
    "The life of a request": "sim.review",
    "What follows in public": "sim.society",
    "Where worlds come from": "sim.sources",
}
_LAW = ("sim.world.instruments", "sim.world.reforms", "sim.world.breadth")
_DEEP = 2  # levels of calls that are told of the setting-up
_SHAPED = ("safeguards", "parties", "stops_preservation", "displaces")  # fields of a text with a table or an entry of their own
_PLAIN = ("states", "people", "demand", "conduct", "review", "metrics")  # groups whose words and switches are listed
_KEYS = ("key", "value", *SHOWN_COLUMNS)


def details(config: Config, known: pd.DataFrame) -> TextPart:
    """Initialisation, input data, submodels."""
    parts = [_initialisation(), _input(config), _submodels(config, known)]
    return TextPart("odd-details", "The model (ODD): details", parts)


# --- initialisation and input ---------------------------------------------------------------------------------------------


def _initialisation() -> TextPart:
    functions = module_of("sim.simulation").functions
    steps = [step for step in calls_of(functions["prepare"], _DEEP + 1, METHODS) if step.function is not None and step.function.doc]
    built = calls_of(module_of("sim.sources.worlds").functions["build_world"], _DEEP, METHODS)
    return TextPart(
        "odd-initialisation",
        "5 Initialisation",
        [
            Text(odd_prose.INITIALISATION),
            _tree(steps),
            Text("A world (`sim.sources.worlds`, `build_world`):"),
            _tree([step for step in built if step.function is not None and step.function.doc]),
        ],
    )


def _tree(steps: Sequence[Step]) -> Items:
    meant = [(step.function, step.below) for step in steps if step.function is not None]
    return Items([(f"`{function.name}`: {function.in_short}", _tree(below) if below else None) for function, below in meant])


def _input(config: Config) -> TextPart:
    """The tables, column by column, as the file beside them describes them."""
    text = (_SIM / "sources" / "tables" / "COLUMNS.md").read_text(encoding="utf-8")
    opening, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    parts: list[Block] = [Text(odd_prose.INPUT), *(docstring_blocks(opening.partition("\n")[2]))]
    if not config.data:
        parts = [Text("This world is made up: no table was read. What follows describes the tables of the real one."), *parts]
    for section in sections:
        name, _, body = section.partition("\n")
        checksum = config.data.get(name.strip())
        said = [Text(f"SHA-256 of the table that was read: `{checksum}`.")] if checksum else []
        parts.append(
            TextPart(f"odd-table-{name.strip().partition('.')[0]}", name.strip(), [*said, *_described(name.strip(), body)])
        )
    own = [name for name in config.data if f"## {name}" not in text]
    if own:
        parts.append(Text("Tables of the user's own: " + ", ".join(f"`{name}` ({config.data[name]})" for name in own) + "."))
    return TextPart("odd-input", "6 Input data", parts)


def _described(name: str, body: str) -> Iterator[Block]:
    """Paragraphs and tables of a Markdown section."""
    for block in re.split(r"\n\s*\n", body.strip()):
        if block.startswith("|"):
            head, _, *rows = [[cell.strip() for cell in text.strip().strip("|").split("|")] for text in block.splitlines()]
            yield Grid(f"{name}: {'columns' if head[0] == 'column' else 'keys'}", head, rows, words=len(head))
        else:
            yield from docstring_blocks(block)


# --- submodels ------------------------------------------------------------------------------------------------------------


def _submodels(config: Config, known: pd.DataFrame) -> TextPart:
    homes = {home_of(safeguard).__name__ for safeguard in config.safeguards.values()}
    parts: list[Block] = [Text(odd_prose.SUBMODELS)]
    for heading, package in _PACKAGES.items():
        modules = [described(name) for name in modules_in(package) if not _is_safeguard(name) and name not in NO_SUBMODELS]
        opening = docstring_blocks(module_of(f"{package}.__init__").doc)
        parts.append(TextPart(f"odd-{package.replace('.', '-')}", heading, [*opening, *modules]))
    safeguards = [_safeguard(home, config, known) for home in _by_rank(homes, config)]
    parts.append(TextPart("odd-safeguards", "Safeguards", [*_law(config), *safeguards]))
    parts.append(TextPart("odd-instruments", "Instruments", [*_texts(config), *(described(name) for name in _LAW)]))
    parts += [described("sim.draws"), *_parameters(config, known)]
    return TextPart("odd-submodels", "7 Submodels", parts)


def _is_safeguard(name: str) -> bool:
    return "\nMOVES" in module_of(name).text


def _by_rank(homes: set[str], config: Config) -> list[str]:
    """Modules of safeguards in the order of their first one."""
    rank = {name: place for place, name in enumerate(in_check_order(config.safeguards))}
    return sorted(homes, key=lambda home: min(rank[n] for n, one in config.safeguards.items() if home_of(one).__name__ == home))


def described(name: str) -> TextPart:
    """A module: its sentence, then what each function says of itself."""
    module = module_of(name)
    functions = [function for function in module.functions.values() if function.doc]
    blocks: list[Block] = [*docstring_blocks(module.doc)]
    if functions:
        blocks.append(listed_as([f"`{function.name}`: {one_line_doc(function)}" for function in functions]))
    written = [module.source_of(function) for function in module.functions.values() if function.node is not None]
    if written:
        blocks.append(Folded(f"The functions of {name} as they are written", "\n\n".join(written)))
    return TextPart(f"odd-{name.replace('.', '-')}", f"`{name}`", blocks)


def one_line_doc(function: Function) -> str:
    """A function's docstring on one line, without its examples."""
    return " ".join(
        " ".join(paragraph.split()) for paragraph in function.doc.split("\n\n") if not paragraph.lstrip().startswith(">>>")
    )


def _law(config: Config) -> list[Block]:
    """Safeguards by texts."""
    texts = instrument_names(config.instruments)
    rows = []
    for name in in_check_order(config.safeguards):
        forces = [config.instruments[text].safeguards.get(name, "absent") for text in texts]
        kind = config.safeguards[name].kind
        own = getattr(config.safeguards[name], "own_law", None) or ""
        rows.append((f"`{name}`", kind, own, *("" if force == "absent" else force for force in forces)))
    head = ("safeguard", "kind", "own law", *(text.replace("_", " ") for text in texts))
    return [Text(odd_prose.LAW), Grid("What each text says of each safeguard", head, rows, words=len(head))]


def _safeguard(home: str, config: Config, known: pd.DataFrame) -> TextPart:
    """A module of a safeguard with all that is configured of it."""
    module = module_of(home)
    names = [name for name in in_check_order(config.safeguards) if home_of(config.safeguards[name]).__name__ == home]
    record = type(config.safeguards[names[0]]).__name__
    blocks: list[Block] = [*docstring_blocks(module.doc), Text(f"`{record}`: {' '.join(record_doc(home, record).split())}")]
    blocks.append(listed_as([_configured(name, config) for name in names]))
    hooks = [function for function in module.functions.values() if function.node is not None]
    if hooks:
        blocks.append(listed_as([f"`{hook.name}`: {one_line_doc(hook)}" for hook in hooks]))
        blocks.append(CodeLines("\n\n".join(hook.source for hook in hooks)))
    for name in names:
        rows = known[known["file"] == f"safeguard/{name}.yaml"]
        if len(rows):
            blocks.append(grid_of(f"configs/safeguard/{name}.yaml", rows))
    return TextPart(f"odd-{home.replace('.', '-')}", ", ".join(names).replace("_", " "), blocks)


def _configured(name: str, config: Config) -> str:
    """Kind, article, rank and reach of a safeguard."""
    safeguard = config.safeguards[name]
    moves = moves_of(safeguard)
    force = {text: one.safeguards.get(name, "absent") for text, one in config.instruments.items()}
    stands = ", ".join(f"{text} {force[text]}" for text in instrument_names(config.instruments) if force[text] != "absent")
    can = "any estimand" if moves is None else ", ".join(f"`{one}`" for one in sorted(moves)) or "no estimand"
    plainly = "applied by every state wherever in force" if safeguard.certain else "applied as a state's habit has it"
    words = _choices(safeguard.model_dump(mode="json"))
    opening = f"`{name}`: {safeguard.kind}; {safeguard.article}; rank {safeguard.order}; {plainly}"
    if own := getattr(safeguard, "own_law", None):
        shut = ", ".join(
            text for text in instrument_names(config.instruments) if config.instruments[text].displaces.get(name, False)
        )
        stands = f"{stands or 'in no text here'}; {own} by a state's own law{f' but under {shut}' if shut else ''}"
    return f"{opening}; in force: {stands or 'in no text here'}; can move {can} while nobody adapts{words}."


def _choices(record: Mapping[str, object]) -> str:
    """What a safeguard's record says in words and switches beyond its kind's."""
    told_already = ("kind", "order", "article", "certain")
    found = {key: value for key, value in record.items() if key not in told_already and isinstance(value, str | bool)}
    return "".join(f"; {key} {str(value).lower()}" for key, value in found.items())


def _texts(config: Config) -> list[Block]:
    """The instruments as configured."""
    names = instrument_names(config.instruments)
    listed = [f"`{name}`: {said}" for name in names if (said := _said_of(name))]
    fields = [field for field in type(config.instruments[names[0]]).model_fields if field not in _SHAPED]
    plain = [_plain(config.instruments[name]) for name in names]
    shown = [*fields, "parties", "stops_preservation", "displaces"]
    rows = [(f"`{field}`", *(_short(text[field]) for text in plain)) for field in shown]
    return [
        listed_as(listed),
        Grid("Texts as configured", ("field", *(name.replace("_", " ") for name in names)), rows, words=len(names) + 1),
    ]


def _plain(text: Instrument) -> dict[str, object]:
    """An instrument as plain values, without what it leaves open of its parties."""
    plain = text.model_dump(mode="json")
    return plain | {"parties": {key: value for key, value in plain["parties"].items() if value}}


def _said_of(name: str) -> str:
    """The line that opens a text's file."""
    path = config_folder() / "instrument" / f"{name}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()[1:2] if path.is_file() else []
    return lines[0].lstrip("# ") if lines and lines[0].startswith("#") else ""


def _short(value: object) -> str:
    """A value of a text in few words: of a map the entries that say something."""
    if isinstance(value, Mapping):
        return ", ".join(
            str(key) if inner is True else f"{key}: {_short(inner)}"
            for key, inner in value.items()
            if inner not in (False, None, "never")
        )
    return {None: "", True: "yes", False: "no"}.get(value, str(value)) if value is None or isinstance(value, bool) else str(value)


def _parameters(config: Config, known: pd.DataFrame) -> list[TextPart]:
    """All numbers that stand in no safeguard's file, and the words and switches beside them."""
    rest = known[~known["file"].str.startswith("safeguard/")]
    grids: list[Block] = [grid_of(f"configs/{file}", rows) for file, rows in rest.groupby("file", sort=False)]
    plain = config.plain()
    switches = [
        (f"`{group}.{key}`", "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value))
        for group in _PLAIN
        for key, value in leaves_of(plain[group]).items()
        if value is None or isinstance(value, str | bool)
    ]
    return [
        TextPart("odd-parameters", "Parameters", [Text("Those of safeguards stand above, each under its own."), *grids]),
        TextPart("odd-switches", "Words and switches", [Grid("What is set and is no number", ("key", "value"), switches, words=2)]),
    ]


def grid_of(caption: str, rows: pd.DataFrame) -> Grid:
    """Numbers with what stands behind them."""
    return Grid(caption, _KEYS, [(f"``{key}``", *cells) for key, *cells in lines_of(rows)], words=len(_KEYS))
