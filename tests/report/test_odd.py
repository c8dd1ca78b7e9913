"""The description of the model cannot go stale: everything in the code that it must tell is looked for in it."""

import ast
import csv
import dataclasses
import inspect
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml

import sim.month
from experiments.report import odd_details, odd_prose
from experiments.report.blocks import CodeLines, Folded, Grid, Items, Text, TextPart, docstring_blocks, elements, inline, markdown
from experiments.report.code import Step, calls_of, fields_of, first_sentence, module_of, modules_in, parsed
from experiments.report.named_draws import LUCK, WORLD, named_draws, names_hashed, owner_of
from experiments.report.odd import RECORDS, concepts, definitions, odd, patterns
from experiments.report.odd_details import METHODS, NO_SUBMODELS
from experiments.report.page import tag
from experiments.report.parameters import lines_of, parameters
from sim.config import load
from sim.draws import Draws
from sim.metrics import UNITS, absent_metrics
from sim.month import advance
from sim.review.safeguard import SEES, VISIBLE, home_of, hook_of
from sim.review.spec import reading_of
from sim.run import finish
from sim.settings import Config
from sim.simulation import prepare, simulate
from sim.world import vocabulary
from sim.world.leaves import leaves_of
from tests.worlds import bare_world, made_up

ROOT = Path(__file__).resolve().parents[2]
GROUPS = ("states", "people", "demand", "offences", "instruments", "safeguards", "review", "conduct", "metrics")
OF_TIME = ("years", "run_in_months", "run_out_months", "calibration_months")
LIVE = {name: getattr(__import__(module, fromlist=[name]), name) for _, module, name in RECORDS}


@cache
def config() -> Config:
    return load()


@cache
def known() -> pd.DataFrame:
    return parameters(["as_adopted"], config().plain())


@cache
def parts() -> tuple[TextPart, ...]:
    return odd(config(), known())


@cache
def texts() -> dict[str, str]:
    """What stands under each heading and above the next, by its anchor, as Markdown."""
    every = [part for top in parts() for part in top.every()]
    return {
        part.identity: markdown(part._replace(blocks=[b for b in part.blocks if not isinstance(b, TextPart)])) for part in every
    }


def under(identity: str) -> str:
    """The whole text of a part."""
    part = next(part for top in parts() for part in top.every() if part.identity == identity)
    return markdown(part)


def blocks_of(part: TextPart) -> list[Any]:
    return [block for one in part.every() for block in one.blocks]


def flat(steps: list[Step]) -> list[Step]:
    return [one for step in steps for one in (step, *flat(step.below))]


# --- overview -------------------------------------------------------------------------------------------------------------


def test_it_has_the_seven_elements_and_eleven_concepts_in_their_order() -> None:
    headings = [block.heading for top in parts() for block in top.blocks if isinstance(block, TextPart)]
    assert [heading[0] for heading in headings] == list("1234567")
    design = next(block for block in parts()[1].blocks if isinstance(block, TextPart))
    assert [block.heading for block in design.blocks if isinstance(block, TextPart)] == [
        *("Basic principles", "Emergence", "Adaptation", "Objectives", "Learning", "Prediction", "Sensing", "Interaction"),
        *("Stochasticity", "Collectives", "Observation"),
    ]


def test_the_purpose_is_that_of_the_package_and_the_patterns_are_those_of_the_documentation() -> None:
    purpose = under("odd-purpose")
    assert first_sentence(str(sim.__doc__)) in purpose
    model = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    rows = [line for line in model.partition("## Calibrated")[2].partition("\n## ")[0].splitlines() if line.startswith("| ")]
    assert len(rows) > 8
    for row in rows:
        assert row.split("|")[1].strip() in purpose
        assert row.split("|")[3].strip() in purpose


def test_without_the_documentation_it_says_where_the_patterns_stand(tmp_path: Path) -> None:
    assert patterns(tmp_path / "none.md") == [Text(odd_prose.NO_PATTERNS)]


@pytest.mark.parametrize("record", [name for _, _, name in RECORDS])
def test_every_state_variable_is_there_with_a_meaning(record: str) -> None:
    live = LIVE[record]
    fields = live._fields if hasattr(live, "_fields") else [field.name for field in dataclasses.fields(live)]
    module = next(module for _, module, name in RECORDS if name == record)
    rows = fields_of(module, record)
    assert [row.name for row in rows] == list(fields)
    assert [row.name for row in rows if not row.meaning] == []
    text = under(f"odd-{record.lower()}")
    for row in rows:
        assert f"| `{row.name}` |" in text


def test_every_axis_is_named() -> None:
    shapes = " ".join(row.shape for _, module, record in RECORDS for row in fields_of(module, record))
    assert set(re.findall(r"\b[A-Z]\b", shapes)) <= set(re.findall(r"`([A-Z])`", odd_prose.AXES))


def test_every_name_behind_a_code_is_there() -> None:
    text = under("odd-names")
    for name in ("STATUSES", "CASE_STATUSES", "CHANNELS", "KINDS", "GROUPS", "DATA_CLASSES", "TOLD", "FORCES", "REGIMES"):
        assert f"`{name}`" in text
        assert all(f"{code} {word}" in text for code, word in enumerate(getattr(vocabulary, name)))


def test_every_offence_and_every_text_is_there() -> None:
    offences, instruments = under("odd-offences"), under("odd-instruments")
    assert all(f"| `{name}` |" in offences for name in config().offences)
    for name in config().instruments:
        (line,) = [line for line in instruments.splitlines() if line.startswith(f"- `{name}`: ")]
        assert len(line) > 40
    for field in type(config().instruments["hanoi"]).model_fields:
        assert field == "safeguards" or f"| `{field}` |" in instruments


def untold(text: str) -> list[str]:
    """Calls of ``advance``, in a text of its module, that the description would not tell."""
    function = parsed("sim.month", text).functions["advance"]
    steps = calls_of(function, 1, METHODS)
    return [
        step.name for step in steps if (step.function is None or not step.function.doc) and step.name not in odd_prose.UNRESOLVED
    ]


def test_every_call_of_a_month_is_told_in_the_order_of_the_source() -> None:
    source = inspect.getsource(sim.month.advance)
    assert untold(inspect.getsource(sim.month)) == []
    called = [
        getattr(node.func, "id", getattr(node.func, "attr", ""))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
    ]
    told_here = [name for name in called if name != "int"]
    process = texts()["odd-process"]
    lines = re.findall(r"^\d+\. `(\w+)`: \S", process, flags=re.MULTILINE)
    assert set(lines) == set(told_here)
    assert [source.index(f"{name}(") for name in lines] == sorted(source.index(f"{name}(") for name in lines)
    assert "If `rules.suspensions and phase`" in process


def test_a_call_that_nobody_described_would_be_noticed() -> None:
    source = inspect.getsource(sim.month)
    assert untold(source.replace("    make_room(", "    people_fall_silent(run)\n    make_room(")) == ["people_fall_silent"]
    assert untold(source.replace("    rules.review.serve(", "    rules.review.dream(")) == ["rules.review.dream"]


def test_the_words_for_calls_that_are_no_functions_are_still_needed() -> None:
    names = {step.name for step in calls_of(module_of("sim.month").functions["advance"], 1, METHODS)}
    assert set(odd_prose.UNRESOLVED) <= names


def test_every_step_of_the_review_that_is_compiled_says_what_it_does() -> None:
    from sim.review import pipeline

    for function in (*pipeline.STEPS, *pipeline.KERNELS):
        assert module_of(function.__module__).functions[function.__name__].doc
    made = module_of("sim.review.made").functions
    assert "gates" in made
    assert all(function.doc and function.node is None for function in made.values())


# --- design concepts ------------------------------------------------------------------------------------------------------


def spoken_texts() -> dict[str, str]:
    found = {name: value for name, value in vars(odd_prose).items() if name.isupper() and isinstance(value, str)}
    found |= {name: " ".join(value) for name, value in vars(odd_prose).items() if name.isupper() and isinstance(value, tuple)}
    return found


def is_there(name: str) -> bool:
    """Whether a marked name is something of the code, of the configuration or of the repository."""
    if re.fullmatch(r"[A-Z]", name) or name in UNITS or name in vocabulary.FORCES or hasattr(vocabulary, name):
        return True
    if name in leaves_of(config().plain()):
        return True
    if "/" in name:
        return (ROOT / name).exists()
    if name.startswith(("sim", "experiments")):
        place = ROOT.joinpath(*name.split("."))
        if place.is_dir() or place.with_suffix(".py").is_file():
            return True
        module, _, function = name.rpartition(".")
        return module.startswith("sim.") and function in module_of(module).functions
    return any(name in module_of(module).functions for module in modules_in())


@pytest.mark.parametrize("name", sorted(spoken_texts()))
def test_every_name_in_the_prose_is_still_there(name: str) -> None:
    assert [word for word in re.findall(r"`([^`]+)`", spoken_texts()[name]) if not is_there(word)] == []


def test_a_name_that_is_gone_would_be_noticed() -> None:
    assert not is_there("sim.conduct.dreaming")
    assert not is_there("conduct.temper")
    assert not is_there("sim.simulation.dream")


def test_the_prose_tells_every_mechanism_of_adaptation() -> None:
    """When this fails somebody has begun to learn in another way: ADAPTATION, LEARNING and INTERACTION are to be written anew."""
    told = odd_prose.ADAPTATION_TEXT + odd_prose.LEARNING
    fixed = {"choices", "demand", "direct", "doors", "filing", "menus", "retries", "spyware"}
    learned = {name for name in modules_in("sim.conduct") if name.rpartition(".")[2] not in fixed}
    for name in {*learned, *modules_in("sim.society"), "sim.review.memory"} - {"sim.conduct", "sim.society"}:
        assert f"`{name}`" in told, name
    switches = {f"adaptation.{actor}" for actor, _ in config().adaptation}
    assert switches == {
        f"adaptation.{actor}" for actor in ("requesters", "exposure", "people", "reviewers", "members", "legislatures")
    }


def test_what_is_switched_on_is_told() -> None:
    on = ("adaptation.requesters.volume", "adaptation.people.peers")
    assert "Here every switch is off." in texts()["odd-adaptation"]
    words = str(concepts(load(*(f"{key}=true" for key in on))))
    assert "Switched on here: `requesters.volume`, `people.peers`." in words


def test_with_every_switch_off_nobody_adapts() -> None:
    assert "nobody adapts" in absent_metrics(24, True, False)["chilling"]
    run = prepare(made_up("years=1"), seed=3)
    habits, reading = run.rules.habits, run.rules.reading
    before = {name: np.copy(getattr(habits, name)) for name in habits._fields} | {"bar": reading.pair_bar.copy()}
    while run.month < run.months:
        advance(run)
    finish(run)
    assert (run.expression == 1.0).all()
    assert run.rules.habits is habits
    assert all(np.array_equal(before[name], getattr(habits, name)) for name in habits._fields)
    assert np.array_equal(before["bar"], run.rules.reading.pair_bar)


def test_the_one_institution_that_remembers_is_the_panel() -> None:
    run = prepare(made_up("years=1"), seed=3)
    while run.month < run.months:
        advance(run)
    assert (run.queue.recalled == 0).all()
    assert "`panel` in no text; `suspension` in no text" in texts()["odd-learning"]


def test_what_a_reader_can_see_is_listed_and_what_is_hidden_is_named() -> None:
    sensing = texts()["odd-sensing"]
    for name, meaning in {**VISIBLE, **SEES}.items():
        assert f"| `{name}` | {meaning}" in sensing
    for name in ("abusive", "conduct"):
        assert f"- `{name}`: " in sensing
        assert name not in VISIBLE


def test_every_name_that_the_code_hashes_is_a_purpose_or_tells_a_look_apart() -> None:
    purposes = {draw.purpose for draw in named_draws(config().safeguards)}
    assert set(names_hashed().values()) - purposes == {"desk", "panel"}
    for name in modules_in():
        text = module_of(name).text
        for purpose in re.findall(r"\.(?:uniform|normal|gumbel)\(f?\"([^\"]+)\"", text) if name != "sim.draws" else []:
            assert purpose in purposes
    assert all(f"`{purpose}`" in texts()["odd-stochasticity"] for purpose in purposes)


class Asked(NamedTuple):
    """A draw that was made while a model ran."""

    seed: int
    purpose: str


def test_every_draw_that_is_made_while_the_model_runs_is_listed_under_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[Asked] = set()
    uniform = Draws.uniform

    def heard(self: Draws, purpose: str, *keys: Any) -> Any:
        asked.add(Asked(self.seed, purpose))
        return uniform(self, purpose, *keys)

    monkeypatch.setattr(Draws, "uniform", heard)
    world, luck = 11, 22
    sources = ("states=real", "people.rows=2000", "demand.legitimate=100", "years=1", "calibration_months=6", "conduct.spyware=0.1")
    for made in (made_up("years=1", "people.rows=999"), load(*sources)):
        simulate(made, seed=luck, world_seed=world)
    listed = {draw.purpose: draw for draw in named_draws(config().safeguards)}
    patterns_of = {re.compile(re.sub(r"\\\{\w+\\\}", r"\\w+", re.escape(name))): draw for name, draw in listed.items()}
    assert len(asked) > 20
    for seed, purpose in asked:
        found = [draw for pattern, draw in patterns_of.items() if pattern.fullmatch(purpose)]
        assert found, purpose
        if seed in (world, luck):  # another seed is derived of the world's: its calibration has luck of its own
            assert {draw.of for draw in found} == {WORLD if seed == world else LUCK}, purpose
            assert owner_of(purpose) == (WORLD if seed == world else LUCK)


def test_kernels_draw_by_the_law_and_the_keys_that_are_listed() -> None:
    found = {(draw.purpose, draw.where): draw for draw in named_draws(config().safeguards)}
    patience = found["patience", "sim.review.pipeline.receive"]
    assert patience.law == "exponential"
    assert patience.keys == ("cases.id[c]", "reading.state_keys[j]")
    assert found["destination", "sim.conduct.choices.choose_destination"].law == "Gumbel"
    assert found["look", "sim.review.reading.look_noise"].keys == ("case", "state", "look")
    assert found["luck", "sim.review.made.gates"].keys == ("ck", "sk", "'goodwill'")
    assert found["person", "sim.sources.people.ids_of"].of == "no seed"


def test_every_estimand_is_defined_by_the_function_that_yields_it() -> None:
    functions = definitions()
    table = next(block for block in blocks_of(parts()[1]) if isinstance(block, Grid) and block.caption.startswith("Estimands"))
    rows = {row[0].strip("`"): row for row in table.rows}
    assert list(rows) == list(UNITS)
    for name, (_, unit, definition) in rows.items():
        assert unit == UNITS[name]
        assert definition
        if name == "chilling":
            assert "nobody adapts" in definition
        else:
            assert functions[name].doc.split("\n\n")[0].split()[0] in definition
            assert name in functions[name].source or name == functions[name].name
    assert functions["deterred_share"].name == "abusive_fates"


# --- details --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "configs" / "safeguard").glob("*.yaml")))
def test_every_safeguard_is_told_with_its_rule_and_its_numbers(name: str) -> None:
    safeguard = config().safeguards[name]
    home = home_of(safeguard)
    text = under(f"odd-{home.__name__.replace('.', '-')}")
    assert " ".join(str(home.__doc__).split()) in text
    assert f"- `{name}`: {safeguard.kind}; {safeguard.article}; rank {safeguard.order};" in text
    for hook in ("stands", "acuity", "allows", "delays", "tells", "softens", "publishes"):
        function = hook_of(safeguard, hook)
        if function is not None:
            assert f"- `{hook}`: {str(function.__doc__).split('.')[0]}" in text
            assert ast.unparse(ast.parse(inspect.getsource(function)).body[0].body[-1]) in text  # type: ignore[attr-defined]
    for text_name, instrument in config().instruments.items():
        force = instrument.safeguards.get(name, "absent")
        assert (f"{text_name} {force}" in text) == (force != "absent")
    written = yaml.safe_load((ROOT / "configs" / "safeguard" / f"{name}.yaml").read_text(encoding="utf-8"))
    numbers = [
        key for key, value in written.items() if isinstance(value, int | float) and not isinstance(value, bool) and key != "order"
    ]
    for key in numbers:
        assert f"`safeguards.{name}.{key}`" in text


def test_every_safeguard_on_file_is_among_them() -> None:
    assert {path.stem for path in (ROOT / "configs" / "safeguard").glob("*.yaml")} == set(config().safeguards)


def test_every_number_of_the_composed_configuration_is_told_with_unit_and_source() -> None:
    keys = set(known()["key"])
    plain = config().plain()
    elsewhere = re.compile(
        r"(safeguards|instruments)\.\w+\.order|offences\.\w+\.pretext"
    )  # told as rank, order, weight as a pretext
    numbers = [
        key
        for key, value in leaves_of({name: plain[name] for name in (*GROUPS, *OF_TIME)}).items()
        if isinstance(value, int | float | list) and not isinstance(value, bool)
    ]
    assert len(numbers) > 600
    assert [key for key in numbers if key not in keys and not elsewhere.fullmatch(key)] == []
    shown = {tuple(row) for block in blocks_of(parts()[2]) if isinstance(block, Grid) for row in block.rows}
    for _, rows in known().groupby("file"):
        for key, *cells in lines_of(rows):
            assert (f"``{key}``", *cells) in shown
            assert cells[1]
            assert cells[6]


def test_every_column_of_every_table_that_is_read_is_told_with_its_checksum() -> None:
    for path in sorted((ROOT / "sim" / "sources" / "tables").glob("*.csv")):
        text = under(f"odd-table-{path.stem}")
        assert config().data[path.name] in text
        with path.open(encoding="utf-8") as file:
            for column in next(csv.reader(file)):
                assert f"| `{column}` |" in text, f"{path.name}: {column}"


def test_every_module_of_the_simulation_is_a_submodel_or_says_why_not() -> None:
    everything = under("odd-submodels")
    for package in ("sim.conduct", "sim.review", "sim.sources"):
        for name in modules_in(package):
            assert (name in NO_SUBMODELS) != (" ".join(module_of(name).doc.split("\n\n")[0].split()) in everything), name


def test_functions_are_folded_in_as_they_are_written() -> None:
    folds = [block for block in blocks_of(parts()[2]) if isinstance(block, Folded)]
    (pipeline,) = [fold for fold in folds if "sim.review.pipeline" in fold.summary]
    assert "return max(load**-practice.effort_power, practice.effort_floor) if load > 1.0 else 1.0" in pipeline.text
    assert '"""' not in pipeline.text


def test_setting_up_a_run_is_told_in_its_order() -> None:
    text = texts()["odd-initialisation"]
    places = [
        text.index(f"`{name}`: ")
        for name in ("world_of", "rules_of", "reading_of", "habits_of", "kept_latent_cases", "begin", "build_states")
    ]
    assert places == sorted(places)


def test_the_bar_of_a_pair_is_what_the_description_says() -> None:
    made = made_up()
    world, spec = bare_world(made), made.review
    run = prepare(made, seed=1)
    reading = reading_of(spec, world, made.safeguards, made.instruments, run.rules.review)
    states = world.states
    prior = np.log(spec.prior_at_zero / (1 - spec.prior_at_zero)) + spec.prior_slope * states.liberal
    usual = (prior * states.demand).sum() / states.demand.sum()
    wanted = (
        spec.c_align * (states.alignment - 1 / 2)
        + (spec.c_trust * (states.liberal - 1 / 2) - spec.c_prev * (prior - usual))[:, None]
        - spec.c_strict * states.strictness[None, :]
    )
    assert np.allclose(reading.pair_bar, wanted)
    assert "c_align * (alignment - 1/2) + c_trust * (liberal - 1/2) - c_strict * strictness - c_prev * (prior - usual)" in under(
        "odd-sim-review-spec"
    )


# --- under other configurations -------------------------------------------------------------------------------------------


def test_a_made_up_world_says_that_no_table_was_read() -> None:
    made = made_up()
    parts_then = odd(made, parameters([], made.plain(), "states=synthetic"))
    text = markdown(parts_then[2])
    assert "no table was read" in text
    assert "SHA-256" not in text
    assert "12, made up" in markdown(parts_then[0])


def test_what_a_scenario_puts_in_force_is_told_as_in_force() -> None:
    bundle = load("scenario=central_review")
    text = "\n".join(markdown(part) for part in odd(bundle, parameters([], bundle.plain())))
    assert "`panel` in hanoi" in text


def test_the_same_configuration_gives_the_same_description() -> None:
    again = odd(load(), parameters(["as_adopted"], load().plain()))
    assert again == parts()


# --- how it is written down -----------------------------------------------------------------------------------------------


def test_marks_become_elements_and_products_stay_products() -> None:
    marked = "``a * b`` and `c`, *leaning*, **heavy**, 2 * 3 * 4 and x*y*z"
    found = [(part.tag, part.text) for part in inline(marked) if not isinstance(part, str)]
    assert found == [("code", "a * b"), ("code", "c"), ("em", "leaning"), ("b", "heavy")]


def test_a_docstring_becomes_paragraphs_lists_and_drawn_tables_without_examples() -> None:
    doc = "One.\n\n- a\n  b\n- c\n\n===  ===\nx    y\n===  ===\n\n    indented\n\n>>> 1\n1"
    kinds = [type(block) for block in docstring_blocks(doc)]
    assert kinds == [Text, Items, CodeLines, CodeLines]


def test_no_mark_is_left_in_the_elements() -> None:
    page = tag("main", [element for part in parts() for element in elements(part, 2)])
    for node in page.iter():
        for words in (node.text, node.tail):
            if node.tag not in ("code", "pre") or words is node.tail:
                assert "``" not in (words or "")


def test_anchors_are_unique_and_headings_never_skip_a_rank() -> None:
    page = [element for part in parts() for element in elements(part, 2)]
    ids = [node.get("id") for element in page for node in element.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    ranks = [int(element.tag[1]) for element in page if re.fullmatch(r"h\d", element.tag)]
    assert ranks[0] == 2
    assert all(later - earlier <= 1 for earlier, later in pairwise(ranks))


def test_tables_in_markdown_have_as_many_cells_in_each_row() -> None:
    for part in parts():
        for block in re.split(r"\n\s*\n", markdown(part)):
            if block.startswith("| "):
                counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
                assert len(counts) == 1, block[:200]


def test_exempt_modules_are_there_and_needed() -> None:
    assert set(NO_SUBMODELS) <= set(modules_in())
    assert odd_details.METHODS.keys() <= module_of("sim.review.pipeline").functions.keys()
