"""Whatever a user calls what is studied, a figure shows that name and nothing else: no formula, no empty box, nothing cut off."""

import ast
import inspect
import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments.figures import CODED, FIGURES, draw, glyphs, save
from experiments.figures.glyphs import FONT, drawable, signs_of
from experiments.figures.style import LONG, short_names, wide
from experiments.letters import JOINERS
from experiments.text import THIN
from tests.figures.examples import EXAMPLES, GIVEN, SETTINGS
from tests.figures.hostile import COLUMNS, HOSTILE, renamed
from tests.figures.test_pages import labels, no_text_is_cut_off_by_the_page, no_two_texts_overlap, written
from tests.shares import some_fast

ROOT = Path(__file__).resolve().parents[2]
CLOSE = 6.0  # pixels by which extents may share an edge where names leave less room: a third of a line, most of it empty
SVG = "http://www.w3.org/2000/svg"
STEP = 6  # names by which two drawings of one figure differ: few figures hold more
TURNS = range(0, len(HOSTILE), STEP)


def turned(place: int) -> tuple[str, ...]:
    return HOSTILE[place:] + HOSTILE[:place]


def page(name: str, names: tuple[str, ...]) -> Figure:
    frame, given, _ = renamed(name, names)
    title = f"{SETTINGS[name]['title']} {names[0]}"
    return draw(name, frame, f"Said of {names[0]} and {names[1]}.", SETTINGS[name] | {"title": title}, **given)


def faults_of(name: str, names: tuple[str, ...]) -> list[str]:
    """What is wrong with a figure of such names; a warning is an error anyway."""
    try:
        figure = page(name, names)
        figure.savefig(io.BytesIO(), format="png")
    except Exception as error:  # every fault of every figure is listed, whatever it is
        return [f"{name}, {names[0][:20]!a}: {type(error).__name__}: {error}"]
    found = []
    for judge in (no_text_is_cut_off_by_the_page, partial(no_two_texts_overlap, touch=CLOSE)):
        try:
            judge(figure)
        except AssertionError as error:
            found.append(f"{name}, {names[0][:20]!a}: {str(error)[:200]!a}")
    for text in written(figure):
        said = text.get_text()
        found += [f"{name}: read as a formula: {said!a}"] * (text._preprocess_math(said)[1] is not False)
        plain = "".join(sign for sign in said if sign not in ("\n", THIN, *JOINERS))
        found += [f"{name}: a sign that is not seen: {said!a}"] * (not plain.isprintable())
        found += [f"{name}: a sign that no font has: {said!a}"] * any(ord(sign) not in signs_of(FONT) for sign in plain)
    return found


def test_every_figure_has_columns_of_names() -> None:
    assert set(COLUMNS) == set(FIGURES)


@pytest.mark.parametrize("name", some_fast(list(FIGURES), ["flows", "backlog", "pareto", "tornado"]))
def test_a_figure_of_hostile_names_is_drawn(name: str) -> None:
    assert faults_of(name, turned(0)) == []


@pytest.mark.slow
def test_all_figures_show_all_hostile_names_without_a_fault() -> None:
    """One list of all faults, over all kinds of figures and all names."""
    faults = [fault for name in FIGURES for place in TURNS for fault in faults_of(name, turned(place))]
    assert not faults, "\n".join(faults)


PLAIN = (
    *("$x^2$", "100%", 'a<b>&"c"', r"\alpha \$y", "права человека", "حقوق", "Ünïcode", "{x} %s", "[bold red]"),
    *("=1", "-x", "@SUM(A1)", "\\", "]]>--><!--"),
)
CODES = {
    "判决": r"\u5224\u51b3",
    "a\x1b[31m\r\n": r"a\x1b[31m\r\n",
    "a\u202eb": r"a\u202eb",
    "\u200b": r"\u200b",
    "\udc80": r"\udc80",
    "  ": "“  ”",
}


def tags_in(figure: Figure) -> set[str]:
    """Kinds of elements in a figure as SVG, which fails unless it is well formed."""
    out = io.BytesIO()
    figure.savefig(out, format="svg")
    return {str(node.tag) for node in ElementTree.fromstring(out.getvalue()).iter()}


@pytest.mark.parametrize("name", some_fast(list(FIGURES), ["flows", "forest"]))
def test_a_name_is_no_markup_in_a_figure_that_is_a_text_itself(name: str) -> None:
    usual = draw(name, EXAMPLES[name](), "Said.", SETTINGS[name] | {"title": "Title"}, **GIVEN.get(name, {}))
    markup = ("<script>alert(1)</script>", "]]>--><!--", "</g></svg>&amp;", "&#0;", 'a" onload="b')
    assert tags_in(page(name, (*markup, *HOSTILE))) <= tags_in(usual) | {
        f"{{{SVG}}}{kind}" for kind in ("use", "path", "g", "defs")
    }


def forest_of(names: Sequence[str]) -> list[str]:
    """Lines of a forest whose first arms have these names."""
    frame = EXAMPLES["forest"]()
    other = dict(zip(frame["arm"].unique(), names, strict=False))
    frame["arm"] = pd.Series([other.get(arm, arm) for arm in frame["arm"]], dtype=object)
    return labels(draw("forest", frame, "Said.", SETTINGS["forest"])).split("\n")


def test_a_name_that_our_font_has_stands_as_it_is() -> None:
    lines = forest_of(PLAIN)
    assert {*PLAIN} <= {*lines}
    assert CODED not in " ".join(lines)


def test_a_name_that_cannot_be_seen_or_drawn_stands_legibly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "_others", list)  # a machine with no font but ours
    lines = forest_of([*CODES, "x" * 200])
    assert {*CODES.values()} <= {*lines}
    assert any(line.startswith("xxx") and "…" in line for line in lines)
    assert CODED in " ".join(lines)


def test_a_sign_is_drawn_with_a_font_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an installed font has what ours lacks, it is drawn, and no other font is asked for."""
    held = {"Other Script": frozenset(map(ord, "判决")), "Another": frozenset(map(ord, "判")), FONT: signs_of(FONT)}
    monkeypatch.setattr(glyphs, "_others", lambda: ["Empty", "Other Script", "Another"])
    monkeypatch.setattr(glyphs, "signs_of", lambda family: held.get(family, frozenset()))
    safe = drawable(pd.DataFrame({"arm": ["判决", "judge"]}), {})
    assert safe.fonts == [FONT, "Other Script"]
    assert list(safe.frame["arm"]) == ["判决", "judge"]
    assert not safe.coded


def test_texts_that_differ_still_differ_and_find_each_other() -> None:
    frame = pd.DataFrame({"arm": pd.Series(["\x1b", r"\x1b", " ", "“ ”", "judge"], dtype=object), "value": range(5)})
    safe = drawable(frame, {"names": {"\x1b": "escape"}, "order": ["judge", "\x1b"], "near": True})
    told = list(safe.frame["arm"])
    assert told == [r"\x1b (2)", r"\x1b", "“ ” (2)", "“ ”", "judge"]
    assert safe.words == {"names": {r"\x1b (2)": "escape"}, "order": ["judge", r"\x1b (2)"], "near": True}
    assert frame["arm"].iloc[0] == "\x1b"


def test_usual_names_are_left_as_they_are() -> None:
    frame = EXAMPLES["forest"]()
    assert drawable(frame, {"names": {"IRL": "Ireland"}}).frame is frame


def test_two_names_that_are_cut_alike_are_told_apart() -> None:
    one, other = ("x" * 50 + middle + "y" * 50 for middle in "ab")
    words = short_names([one, other], most=LONG)
    assert words[one] != words[other]
    assert max(map(wide, words.values())) < LONG + len(" (2) ")


def test_no_name_is_lost_from_a_legend() -> None:
    """The library leaves out labels that begin with an underscore."""
    for name in ("targeted_rate", "backlog", "requested_side"):
        frame, given, _ = renamed(name, ("_lead", "_second", *HOSTILE))
        ax = draw(name, frame, settings=SETTINGS[name], **given).axes[0]
        legend = ax.get_legend()
        assert legend is not None
        assert sorted(text.get_text().strip("_ ").removesuffix(" (baseline)") for text in legend.get_texts()) == [
            "lead",
            "second",
        ], name


def test_a_long_combination_of_scenarios_keeps_its_parts_where_they_are_dots() -> None:
    """A label is made of its parts; to cut it before they are told apart would change what is on."""
    frame = EXAMPLES["pareto"]()
    figure = draw("pareto", frame, settings=SETTINGS["pareto"])
    assert {"central review binding", "dual criminality"} <= set(labels(figure).split("\n"))


def test_a_title_and_a_caption_are_broken_by_their_width(tmp_path: Path) -> None:
    figure = draw("headline", EXAMPLES["headline"](), "W" * 900 + " a\nb", SETTINGS["headline"] | {"title": "判 W\n" * 60})
    no_text_is_cut_off_by_the_page(figure)
    assert save(figure, tmp_path / "a.png").stat().st_size > 0


def words_of(tree: ast.AST) -> set[str]:
    """Every name that a module uses or imports."""
    nodes = list(ast.walk(tree))
    imported = {part for node in nodes if isinstance(node, ast.alias) for part in node.name.split(".")}
    return imported | {getattr(node, "id", getattr(node, "attr", "")) for node in nodes}


def test_nothing_measures_or_styles_text_past_the_door() -> None:
    """Formulas are switched off and fonts are chosen in one place: what is measured or drawn elsewhere would be read otherwise."""
    homes = {"rc_context": "library.py", "rcParams": "library.py", "TextPath": "labels.py", "pyplot": "", "set_parse_math": ""}
    used = {path.name: words_of(ast.parse(path.read_bytes())) for path in sorted((ROOT / "experiments").rglob("*.py"))}
    assert not [f"{name}: {word}" for name, words in used.items() for word in homes.keys() & words if name != homes[word]]
    assert {homes[word] for word in homes} - {""} <= {name for name, words in used.items() if homes.keys() & words}


def test_figures_are_drawn_through_the_door_alone() -> None:
    """Only ``draw`` calls a figure's function, for it alone has made every text safe."""
    named = {function.__name__ for function in FIGURES.values()}
    package = ROOT / "experiments/figures"
    faults = []
    for path in sorted((ROOT / "experiments").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            imports = isinstance(node, ast.ImportFrom) and str(node.module).startswith("experiments.figures.")
            if imports and path != package / "__init__.py":
                taken = {alias.name for alias in node.names if node.module.rpartition(".")[2] != "style"} & named
                faults += [f"{path.relative_to(ROOT)}: imports {name}" for name in taken]
            calls = isinstance(node, ast.Subscript) and ast.unparse(node.value) == "FIGURES"
            if calls and path != package / "__init__.py":
                faults.append(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
    assert not faults, "\n".join(faults)
    assert "drawable(" in inspect.getsource(draw)
