"""What a study prints is text and can be printed, whatever names are made of and whatever the terminal is."""

import ast
import io
import itertools
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from experiments.analysis.record import Analysis, Drawing, ReportSpec
from experiments.analysis.summary import PAIR_COUNTS, PAIR_NUMBERS
from experiments.console import Terminal, console_of
from experiments.figures.fan import COLUMNS as FAN
from experiments.output import safe_name, stamped, whole_folder
from experiments.settings import conduct_of_study
from experiments.studies.analyse import print_analysis, write_analysis
from experiments.studies.compare import arms_table, closing_lines
from experiments.studies.replication import printed, table_of
from experiments.text import formulas_sentence
from sim.compiled import CACHE
from tests.cli.test_command_line import status_of
from tests.figures.hostile import HOSTILE
from tests.report.examples import comparison, cooperation, standing

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\ud800-\udfff]")
NAMES = [name for name in HOSTILE if "\udc80" not in name]  # what a table can hold


def said(*parts: object, encoding: str = "utf-8", width: int = 150) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    console = Terminal(file=stream, width=width)
    for part in parts:
        console.print(part)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252", "koi8-r"])
def test_every_name_is_printed_as_text_on_every_stream(encoding: str) -> None:
    """One list of all names that are lost, eaten, or steer the terminal."""
    faults = []
    for name in HOSTILE:
        table = table_of(f"of {name}", ["arm", name])
        table.add_row(name, "12.5 %")
        text = said(f"Said of {name}.", Text(f"{name} once more"), table, encoding=encoding)
        faults += [f"{name!a}: {sign!a}" for sign in set(HIDDEN.findall(text))]
        plain = name if name.isprintable() and name.isascii() and len(name) < 50 else ""
        faults += [f"{name!a}: lost"] * (text.count(plain) < 5)
    assert not faults, "\n".join(faults)


def test_what_is_usual_is_printed_as_it_is_and_in_letters_of_english_where_there_are_no_others() -> None:
    assert said("−3.2 → +4 “judge” [x] :smile: Ünï 判") == "−3.2 → +4 “judge” [x] :smile: Ünï 判\n"
    assert said("−3.2 → +4 “judge” [x] Ü", encoding="ascii") == '-3.2 -> +4 "judge" [x] \\xdc\n'


def test_a_path_of_other_bytes_can_be_told() -> None:
    assert said("Written to results/\udcff\x1b]0;title\x07.") == "Written to results/\\udcff\\x1b]0;title\\x07.\n"


def test_styles_stay_where_a_text_is_usual() -> None:
    stream = io.StringIO()
    console = Terminal(file=stream, force_terminal=True, color_system="standard", width=80)
    console.print(Text("zero", style="bold"), highlight=False)
    console.print("zero", style="bold", highlight=False)
    assert stream.getvalue() == "\x1b[1mzero\x1b[0m\n" * 2


@pytest.mark.parametrize("columns", ["0", "1", "19", "abc", "", "-5", "²", "٣", "9" * 30, "80", "1e3"])
def test_no_width_that_the_environment_claims_stops_a_table_or_empties_it(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "LINES"):
        monkeypatch.setenv(name, columns)
    stream = io.StringIO()
    console = Terminal(file=stream, force_terminal=True, color_system=None)
    table = table_of("title", ["arm", "value"])
    table.add_row("judge", "12")
    console.print(table)
    console.print("words")
    assert 79 <= console.width < 10_000
    assert {"judge", "12", "words"} <= set(stream.getvalue().split())


def tables() -> list[Table]:
    """Each table of a study that holds names, with hostile ones."""
    whole, scores = comparison(), cooperation()
    other = dict(zip(whole["arm"].unique(), NAMES, strict=False))
    whole["arm"], scores["arm"] = whole["arm"].replace(other), scores["arm"].replace(other)
    first = standing()
    pair = [first.model_copy(update={"scenario_name": name}) for name in (NAMES[2], "+".join(["judge"] * 50))]
    row = {
        "metric": "legit_met_rate",
        "level": "all",
        "by": "all",
        "unit": "fraction",
        "events": 99,
        "percent": 1.0,
        "runs": 2,
        "capacity": "before",
    }
    numbers = dict.fromkeys(PAIR_NUMBERS, 1.0) | dict.fromkeys(PAIR_COUNTS, 99)
    asked = conduct_of_study("seeds=9")
    return [
        arms_table(whole, scores, pair[0], (8, 2), 150),
        printed(pd.DataFrame(), pd.DataFrame([row | numbers]), pair, asked, 150),
    ]


def test_long_names_push_no_number_out_of_a_table() -> None:
    arms, pair = (said(table) for table in tables())
    assert "-31.0 % [+25.0, +37.0]" not in arms
    for number in ("+31.0 % [+25.0, +37.0] 8/8", "-5.2 % [", "0 by construction", "+28.0 to +34.0", "(1 to 3)"):
        assert number in arms
    assert "+1 [+1, +1]" in pair
    assert "+1.0 % [+1.0, +1.0]" in pair, "no percentage without its range"
    assert max(map(cell_len, (arms + pair).split("\n"))) <= 150
    assert not HIDDEN.search(arms + pair)
    for width, encoding in ((79, "utf-8"), (150, "ascii")):
        scores = comparison(), cooperation()
        names = dict(zip(scores[0]["arm"].unique(), NAMES, strict=False))
        narrow = arms_table(*(frame.replace({"arm": names}) for frame in scores), standing(), (8, 2), width)
        text = said(narrow, encoding=encoding, width=width)
        assert "+31.0 % [+25.0, +37.0]" in text
        assert "-5.2 % [-5.9, -4.5]" in text


def test_an_analysis_tells_names_as_text_and_warns_of_those_that_a_spreadsheet_computes() -> None:
    frame = pd.DataFrame({"lever": NAMES, "value": range(len(NAMES))})
    made = Analysis("a", "A", "[bold]what?[/]", [f"{name} is." for name in NAMES], [], {NAMES[0]: frame}, [])
    stream = io.StringIO()
    print_analysis(made, Terminal(file=stream, width=150), ReportSpec(rows=99, lines=9, terminal_rows=99, terminal_columns=9))
    text = stream.getvalue()
    assert "[bold]what?[/]" in text
    assert "[bold red]a[/] is." in text
    assert "A spreadsheet would compute =1+1, +A1+B1, -2+3, @SUM(A1)" in " ".join(text.split())
    assert not HIDDEN.search(text)


def test_a_comparison_warns_of_names_that_a_spreadsheet_computes() -> None:
    scores = cooperation().replace({"arm": {"judge": "=HYPERLINK(1)", "notice": "-0.5", "capacity": "@SUM(A1)"}})
    timing = {"total_seconds": 1.0, "share_outside_array_code": 0.1}
    (line,) = [line for line in closing_lines(scores, 9, [], timing, "there") if "spreadsheet" in line]
    assert "=HYPERLINK(1)" in line
    assert "@SUM(A1)" in line
    assert "-0.5" not in line
    assert formulas_sentence(["judge", "+1", "-2e3"]) == []


def test_a_study_prints_through_the_door_alone() -> None:
    """Another console would read markup in names, and let them steer the terminal."""
    faults = []
    for path in sorted((ROOT / "experiments").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            called = isinstance(node, ast.Call) and ast.unparse(node.func)
            if called == "Console":
                faults.append(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
            if called and called.endswith("from_markup"):
                faults.append(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
    assert not faults, "\n".join(faults)


def test_a_pipe_is_as_wide_as_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert (console_of().width, console_of(10_000).width) == (150, 10_000)


ENVIRONMENTS = [
    {"PYTHONIOENCODING": "ascii", "COLUMNS": "²", "NO_COLOR": "1", "TERM": "dumb"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "COLUMNS": "0", "HOME": "", "TMPDIR": "/proc/none"},
]


def environment(**other: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **other}


@pytest.mark.slow
@pytest.mark.parametrize("other", ENVIRONMENTS, ids=str)
def test_no_environment_stops_what_is_told(other: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "experiments.cli", "scenarios", "judge"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(**other), capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"instruments.hanoi.safeguards.judge: may -> must" in done.stdout


SMALL = ("states=synthetic", "states.synthetic.count=8", "people.rows=600", "demand.legitimate=60", "years=1", "seeds=1")
HOSTILE_PLACES = [
    {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONWARNINGS": "error", "COLUMNS": "0"},
    {"MPLBACKEND": "nonsense", "HOME": "/proc/none", "TMPDIR": "/proc/none", "PYTHONIOENCODING": "ascii", "TERM": "dumb"},
]


@pytest.mark.slow
@pytest.mark.parametrize("other", HOSTILE_PLACES, ids=str)
def test_no_environment_stops_a_study_or_changes_its_figures(other: dict[str, str], tmp_path: Path) -> None:
    """As from a cell of a notebook, whose backend every command inherits; beside a file of settings that cannot be read."""
    (tmp_path / "matplotlibrc").write_bytes(b"text.usetex: True\n\xff")
    assert status_of("run", *SMALL, "workers=1", f"output={tmp_path / 'usual'}") == 0
    command = [sys.executable, "-m", "experiments.cli", "run", *SMALL, "workers=1", f"output={tmp_path / 'other'}"]
    around = environment(**other, ROGATORY_CACHE=str(CACHE.parent))
    done = subprocess.run(command, cwd=tmp_path, env=around, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"atplotlib" not in done.stderr
    usual, made = (sorted((tmp_path / name / "run").glob("*/*.png")) for name in ("usual", "other"))
    assert len(usual) == len(made) > 0
    assert [path.read_bytes() for path in usual] == [path.read_bytes() for path in made]


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["0", "1", "²"])
def test_a_terminal_of_any_width_is_told_all(columns: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "experiments.cli", "scenarios", "judge"]
    screen, behind = pty.openpty()
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(COLUMNS=columns, TERM="xterm"), stdout=behind, stderr=behind
    ) as run:
        os.close(behind)
        text = b"".join(itertools.takewhile(bool, iter(lambda: _read(screen), None)))
    os.close(screen)
    assert run.returncode == 0
    assert b"Traceback" not in text
    assert b"must" in text


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 65_536)
    except OSError:  # whoever wrote has gone
        return b""


def test_a_file_is_named_within_its_folder_and_like_names_have_files_of_their_own() -> None:
    names = [*HOSTILE, "../../x", "a/b", "a\\b", "a:b", "x" * 300, "x" * 301, "CON", "-rf", ".hidden", ""]
    made = [safe_name(f"pareto_{name}") for name in names]
    assert len(set(made)) == len(names)
    assert all(re.fullmatch(r"[\w.+@=-]+", name, re.ASCII) for name in made)
    assert all(Path("there", name).parent == Path("there") and len(name) <= 100 for name in made)
    assert safe_name("pareto_as_adopted") == "pareto_as_adopted"


@pytest.mark.parametrize("label", ["/own/design.yaml-against-as_adopted", "+".join(["judge"] * 60), "..", "\udc80"])
def test_a_folder_of_results_has_a_name_whatever_it_is_of(label: str, tmp_path: Path) -> None:
    """A name that no folder can have would be noticed when all has been run, and lose it."""
    with whole_folder(tmp_path / "compare", stamped(label)) as folder:
        (folder / "a").write_text("kept")
    (made,) = (tmp_path / "compare").iterdir()
    assert (made / "a").read_text() == "kept"


def test_an_analysis_writes_into_its_folder_alone(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.0]})
    made = Analysis("a", "A", "what?", ["so."], [], {"../t": frame}, [Drawing("../../p", "fan", pd.DataFrame(columns=FAN), "", "")])
    (tmp_path / "deep" / "er").mkdir(parents=True)
    write_analysis(made, SimpleNamespace(asked=SimpleNamespace(figures={})), tmp_path / "deep" / "er")  # type: ignore[arg-type]
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*"))
    assert [name.rpartition("/")[0] for name in names] == ["deep/er"] * 3
