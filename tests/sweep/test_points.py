"""A point is known by what it sets; however a design is written, grown, saved or brought from elsewhere."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.cli import main
from experiments.design.designs import Design, design_from, design_of
from experiments.design.entries import entry_of, read_entry, table_in
from experiments.design.points import point_id, points_from, points_of, sized
from experiments.design.table import Points
from experiments.store.parts import read_part, table_parts
from sim.config import checked_config, composed_values, load, with_overrides
from sim.sources.tables import TABLES_FOLDER
from sim.world.record import ConfigError
from tests.sweep.small import TINY, design, opened

DRAWN = """\
question: what if
levers:
  judge: judge
  line: {four: {}, six: {instruments.hanoi.threshold_years: 6}}
conditions:
  as_guessed: {}
  blind: {review.rho: 0.1}
uncertainties:
  review.misuse_chance: {low: 1.0e-7, high: 1.0e-3, shape: log}
  conduct.spyware_states: {low: 3, high: 40, shape: whole}
  conduct.fall_through: {values: [true, false]}
  demand.legitimate: {values: [60, 61.5]}
draw: latin_hypercube
size: 5
"""


def points(text: str, folder: Path, *overrides: str) -> Points:
    return points_of(design_of(str(design(folder, text))), [*TINY[:2], *overrides])


def ids(found: Points) -> set[str]:
    return set(found.frame["point"])


# --- ids ------------------------------------------------------------------------------------------------------------------------


def test_the_order_in_which_levers_and_uncertainties_are_written_changes_no_id() -> None:
    levers: dict[str, Any] = {"judge": "judge", "line": {"four": {}, "six": {"instruments.hanoi.threshold_years": 6}}}
    unsure: dict[str, Any] = {"review.rho": {"values": [0.2, 0.4]}, "conduct.spyware_states": {"values": [3, 4]}}

    def reversed_of(entries: dict[str, Any]) -> dict[str, Any]:
        return dict(reversed(entries.items()))

    one, other = (
        Design(question="what if", levers=a, uncertainties=b, draw="grid")
        for a, b in ((levers, unsure), (reversed_of(levers), reversed_of(unsure)))
    )
    assert ids(points_of(one, TINY)) == ids(points_of(other, TINY))


def test_a_further_lever_that_is_off_and_a_constant_leave_ids_as_they_are() -> None:
    levers: dict[str, Any] = {"judge": "judge"}
    before = ids(points_of(Design(question="what if", levers=levers), TINY))
    more = ids(points_of(Design(question="what if", levers={"notice": "notice"} | levers), TINY))
    assert before < more
    assert ids(points_of(Design(question="what if", levers=levers, constants=["review.rho=0.3"]), TINY)) == before


def test_three_and_three_point_nought_are_one_point_and_true_is_another() -> None:
    assert point_id("a", {"x": 3, "y": [1.0]}) == point_id("a", {"y": [1], "x": 3.0})
    assert len({point_id("a", {"x": value}) for value in (1, True, "1", None, 1.5)}) == 5


def test_a_larger_sobol_design_holds_the_smaller_one() -> None:
    def drawn(size: int) -> list[str]:
        unsure: dict[str, Any] = {"review.rho": {"low": 0.1, "high": 0.9}, "review.misuse_chance": {"low": 0.1, "high": 0.9}}
        return list(points_of(Design(question="what if", uncertainties=unsure, draw="sobol", size=size), TINY).frame["point"])

    small, large = drawn(4), drawn(8)
    assert large[: len(small)] == small
    assert len(large) == 2 * len(small)


def drawn(body: dict[str, Any]) -> Points:
    return points_of(design_from({"question": "what if"} | body, "own.yaml"), TINY)


def test_scenarios_in_another_order_are_one_point_and_a_single_one_keeps_its_id() -> None:
    one, other = (drawn({"scenarios": ["judge", stack]}) for stack in ("judge+notice", "notice+as_adopted+judge"))
    assert list(one.frame["scenario"]) == list(other.frame["scenario"]) == ["judge", "judge+notice"]
    assert list(one.frame["point"]) == list(other.frame["point"])
    assert list(one.frame["point"]) == [point_id("judge", {}), point_id("judge+notice", {})], "as they always were"
    assert one.config(1).digest() == load(*TINY, "scenario=[notice,judge]").digest()


def test_scenarios_of_a_table_and_the_baseline_of_levers_are_named_in_one_order(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("scenario\nnotice+judge@everywhere\njudge\n", encoding="utf-8")
    found = drawn({"scenarios": ["as_adopted"], "table": f"{tmp_path}/own.csv"})
    assert list(found.frame["scenario"]) == ["judge+notice@everywhere", "judge"]
    design = design_from({"question": "what if", "baseline": "notice+judge", "levers": {"sanction": "sanction"}}, "own.yaml")
    assert design.baseline == "judge+notice"
    assert list(points_of(design, TINY).frame["scenario"]) == ["judge+notice"] * 2


STACKED = {"judge+notice": ["scenario=[judge,notice]"], "notice+judge": ["scenario=[notice,judge]"]}
TWICE: list[tuple[dict[str, Any], str]] = [
    (
        {"scenarios": ["judge+notice", "notice+judge"]},
        "scenarios: found 'judge+notice' twice, in this order or another; accepted: ",
    ),
    ({"scenarios": ["judge", "as_adopted+judge"]}, "scenarios: found 'judge' twice, in this order or another; accepted: each "),
    ({"arms": STACKED}, "arms.notice+judge: found the configuration of arms.judge+notice; accepted: each policy once"),
]


@pytest.mark.parametrize(("body", "wanted"), TWICE, ids=["scenarios", "one that changes nothing", "arms"])
def test_one_policy_under_two_orders_of_its_name_is_refused(body: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ConfigError) as mistake:
        drawn(body)
    assert wanted in str(mistake.value)


def test_arms_that_are_stacked_to_different_ends_are_two_points() -> None:
    apart = STACKED | {"notice+judge": ["scenario=[notice,judge]", "instruments.hanoi.threshold_years=6"]}
    assert list(drawn({"arms": apart}).frame["scenario"]) == ["judge+notice", "notice+judge"]


NAMES = """\
question: what if
levers:
  judge: {off: {}, on: judge}
  line: {4: {}, 6.5: {instruments.hanoi.threshold_years: 6.5}, null: {instruments.hanoi.threshold_years: 7}}
conditions:
  yes: {}
  no: {review.load: off}
"""


def test_words_that_yaml_has_for_truth_are_names_where_names_stand(tmp_path: Path) -> None:
    found = points(NAMES, tmp_path)
    quoted = NAMES.replace("{off: {}, on: judge}", """{'off': {}, "on": judge}""")
    assert list(found.frame["judge"].unique()) == ["off", "on"]
    assert list(found.frame["line"].unique()) == ["4", "6.5", "null"]
    assert list(found.frame["condition"].unique()) == ["yes", "no"]
    assert found.settings[1][1] == {"review.load": False}, "values are read as ever"
    assert ids(points(quoted, tmp_path)) == ids(found)
    assert list(design_of(str(design(tmp_path, "question: what if\narms: {on: [], no: [scenario=judge]}\n"))).arms or ()) == [
        "on",
        "no",
    ]


# --- varied ---------------------------------------------------------------------------------------------------------------------

KEYS: dict[str, dict[str, Any]] = {  # of everything that is no part of TINY: one composition tells them all
    "policy": {
        "review.rho": 0.31, "review.load": False, "instruments.hanoi.threshold_years": 6, "instruments.hanoi.filing": 0.5,
        "instruments.mlat.safeguards.judge": "must", "safeguards.judge.hours": 3.5, "conduct.attempts": 2, "conduct.spyware": 0.1,
    },
    "facts of the authorities": {"review.hours_median": 7.0, "review.capacity_floor": 0.2, "review.gate_days": 3},
    "facts of the world": {
        "states.synthetic.liberal_share": 0.4, "states.hosting.home.CHN": 0.8, "demand.abusive_odds": 0.02, "demand.scale": 2,
        "demand.direct.growth": 0.01, "people.visibility_spread": 1, "people.per_million.journalist": 100,
        "offences.child_abuse_material.penalties.median_years": 7, "offences.child_abuse_material.grave": False,
    },
    "time and what is told": {
        "metrics.fewest_events": 3, "run_in_months": 6, "run_out_months": 0, "calibration_months": 12, "start": "2029-03-01",
    },
    "what is none": {"demand.abusive_wants": None, "states.correlation": None},
}  # fmt: skip


@pytest.mark.parametrize("scenario", ["as_adopted", "reform_bundle"])
@pytest.mark.parametrize("which", KEYS)
def test_what_is_varied_is_what_would_be_composed_and_the_base_stays_as_it_was(scenario: str, which: str) -> None:
    base = (f"scenario={scenario}", *TINY)
    plain = composed_values(*base)
    before = copy.deepcopy(plain)
    settings = KEYS[which]
    composed = load(*base, *(f"{key}={word(value)}" for key, value in settings.items()))
    other = checked_config(with_overrides(plain, settings))
    assert plain == before
    assert other.plain() == composed.plain()
    assert (other.digest(), other.world_digest()) == (composed.digest(), composed.world_digest())
    assert other.digest() != checked_config(plain).digest() or which == "what is none"


def word(value: object) -> str:
    """A value in Hydra's grammar."""
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool | None) else str(value)


def test_another_table_of_states_shows_in_the_checksums_of_what_is_varied(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_bytes((TABLES_FOLDER / "states.csv").read_bytes() + b"\n")
    plain = composed_values()
    other = checked_config(with_overrides(plain, {"states.table": str(table), "states.hosting.factor.IRL": 0.5}))
    composed = load(f"states.table={table}", "+states.hosting.factor.IRL=0.5")
    assert (other.digest(), other.world_digest()) == (composed.digest(), composed.world_digest())
    assert other.data != checked_config(plain).data


@pytest.mark.parametrize("key", ["scenario", "design", "data", "reference.review.rho", "scenario_name", "reforms"])
def test_what_follows_from_other_choices_cannot_be_varied(key: str) -> None:
    with pytest.raises(ConfigError, match=f"^{key}: no key that can be varied; accepted: "):
        with_overrides(composed_values(*TINY), {key: "x"})


def test_words_of_the_treaty_are_not_varied_where_reforms_stand_everywhere() -> None:
    plain = composed_values(*TINY, "reforms=everywhere")
    with pytest.raises(ConfigError, match=r"^instruments\.hanoi\.threshold_years: varied under reforms=everywhere; accepted: "):
        with_overrides(plain, {"instruments.hanoi.threshold_years": 6})
    with_overrides(plain, {"review.rho": 0.3})


# --- tables brought from elsewhere ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("through", ["csv", "parquet"])
def test_a_saved_table_of_points_gives_the_same_points_again(tmp_path: Path, through: str) -> None:
    drawn = points(DRAWN, tmp_path)
    frame = drawn.frame
    if through == "parquet":
        with opened(tmp_path / "store") as store:
            store.write_points(frame)
        frame = read_part(table_parts(tmp_path / "store", "points")[-1]).to_pandas()
    frame.to_csv(tmp_path / "points.csv", index=False)
    read = points(f"{DRAWN}table: {tmp_path}/points.csv\n", tmp_path)
    assert list(read.frame["point"]) == list(drawn.frame["point"])
    assert [read.config(place).digest() for place in range(6)] == [drawn.config(place).digest() for place in range(6)]
    assert list(read.frame["draw"]) == list(drawn.frame["draw"])
    assert (drawn.frame["review.misuse_chance"] < 1e-4).any(), "numbers such as 1e-05 are what this is about"


def test_an_empty_entry_of_a_table_means_the_default(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("review.rho,people.rows,judge\n0.3,400,on\n,300,\n0.5,,off\n", encoding="utf-8")
    found = points(f"question: what if\nlevers: {{judge: judge}}\ntable: {tmp_path}/own.csv\n", tmp_path)
    assert [dict(settings) for _, settings in found.settings[1:]] == [{"people.rows": 300}, {"review.rho": 0.5}]
    found.frame.to_csv(tmp_path / "again.csv", index=False)
    again = points(f"question: what if\nlevers: {{judge: judge}}\ntable: {tmp_path}/again.csv\n", tmp_path)
    assert list(again.frame["point"]) == list(found.frame["point"])
    assert again.config(1).digest() == found.config(1).digest()


AS_TEXT: dict[str, list[Any]] = {  # of each key values that its column may hold together
    "demand.abusive_wants": [None, "content", "traffic"],
    "states.correlation": [None, 0.5, 0],
    "review.load": [True, False],
    "people.rows": [300, 400.0],
    "start": ["2029-03-01", "2030-01-01"],
    "conduct.own": [
        "on",
        "null",
        "04",
        "1e5",
        "1_000",
        "nan",
        " a",
        "#",
        "",
        "a: b",
        "'",
        '"',
        "[",
        "~",
        "NA",
        "NO",
        "ö, ü",
        "a\nb",
    ],
    "review.odd": [[1, 2.5, "on", None, True], {"a": None, "b": [0.1]}, [], {}, 1e-07, 1e300, -0.5, 10**20],
}


@pytest.mark.parametrize("key", AS_TEXT)
def test_a_value_is_the_same_value_after_it_was_an_entry(tmp_path: Path, key: str) -> None:
    values = AS_TEXT[key]
    pd.DataFrame({key: map(entry_of, values)}).to_csv(tmp_path / "own.csv", index=False)
    found = [read_entry(text, key) for text in table_in(f"{tmp_path}/own.csv")[key]]
    assert found == values
    assert [type(value) for value in found if not isinstance(value, int)] == [
        type(value) for value in values if not (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ]


def test_points_that_set_a_key_to_nothing_are_printed_and_read_back_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "own.csv"
    table.write_text("states.correlation,instruments.mlat.safeguards.judge\nnull,must\n0.5,absent\n,must\n", encoding="utf-8")
    own = f"question: what if\nscenarios: [judge]\ntable: {table}\n"
    before = points(own, tmp_path)
    assert [settings for _, settings in before.settings] == [
        {"states.correlation": None, "instruments.mlat.safeguards.judge": "must"},
        {"states.correlation": 0.5, "instruments.mlat.safeguards.judge": "absent"},
        {"instruments.mlat.safeguards.judge": "must"},
    ]
    assert main(["points", *TINY[:2], f"design={tmp_path}/own.yaml"]) == 0
    table.write_text(capsys.readouterr().out, encoding="utf-8")
    assert points(own, tmp_path).settings == before.settings
    assert list(points(own, tmp_path).frame["point"]) == list(before.frame["point"])


def test_a_table_of_points_is_found_column_by_column_whatever_their_order(tmp_path: Path) -> None:
    one = "review.uptake_max,review.rho,judge\r\n0.3,0.4,on\r\n"
    other = "\ufeffjudge,review.rho,review.uptake_max\non,4e-1, 0.3\n\n"
    found = []
    for text in (one, other):
        (tmp_path / "own.csv").write_text(text, encoding="utf-8", newline="")
        found.append(points(f"question: what if\nlevers: {{judge: judge}}\ntable: {tmp_path}/own.csv\n", tmp_path))
    assert list(found[0].frame["point"]) == list(found[1].frame["point"])
    config = found[1].config(0)
    assert (config.review.uptake_max, config.review.rho) == (0.3, 0.4)


TABLES = [
    ("rho\n0.3\n", r"table.csv: column 'rho': no such key; accepted: point, place, scenario,.* a dotted key$"),
    ("review.rhoo\n0.3\n", r"table.csv: line 2: review\.rhoo: no such key; accepted: load, "),
    ("review.rho\n0.3\n1.3\n0.4\n", r"table.csv: line 3: review\.rho: found 1\.3; accepted: "),
    ("review.rho\nhigh\n", r"table.csv: line 2: review\.rho: found 'high'; accepted: "),
    ("review.rho\n'\n", r"table.csv: line 2: review\.rho: found \"'\"; accepted: "),
    ("review.rho\n", r"table.csv: found no row; accepted: "),
    ("", r": table: .*table.csv: found nothing in it; accepted: a header and at least one row$"),
    ("a,b\n1,2,3\n1,2\n1,2,3,4,5\n", r": table: .*table.csv: line 2: found 3 entries under 2 columns; accepted: 2, as in "),
    ("review.rho,review.uptake_max\n0.3,0.4,\n0.5,0.6,\n", r"table.csv: line 2: found 3 entries under 2 columns \(the line ends"),
    ("review.rho;review.uptake_max\n0,3;0,4\n", r"table.csv: line 1: found columns separated by semicolons; accepted: commas"),
    ("review.rho,review.rho\n0.3,0.4\n", r"table.csv: line 1: found column 'review\.rho' twice; accepted: "),
    ("review.rho\n0.3\n\n0.4\n", r"table.csv: line 3: found a blank line; accepted: "),
    ("review.rho,judge\n0.3,on\n,\n", r"table.csv: line 3: found a row without an entry; accepted: "),
    (" review.rho\n0.3\n", r"table.csv: line 1: found column ' review\.rho', with spaces around it; accepted: 'review\.rho'$"),
    ('review.rho,judge\n0.3,"on\n0.4,off\n', r"table.csv: line 2: found a quote that is not closed; accepted: "),
    ("people.rows\n0100\n", r"table.csv: line 2: people\.rows: found '0100'; accepted: a number such as 1000 or 1e-05, "),
    ("people.rows\n300\n1_000\n", r"table.csv: line 3: people\.rows: found '1_000'; accepted: a number such as 1000 or 1e-05, "),
    ("review.rho\nnan\n", r"table.csv: line 2: review\.rho: found 'nan'; accepted: a number"),
    ("review.rho\n#N/A\n", r"table.csv: line 2: review\.rho: found '#N/A'; accepted: a number"),
    ('review.rho\n"0,3"\n', r"table.csv: line 2: review\.rho: found '0,3'; accepted: a number"),
    ("review.rho\nNA\n", r"table.csv: line 2: review\.rho: found 'NA'; accepted: "),
    ("draw,review.rho\n-1,0.3\n", r"table.csv: line 2: draw: found '-1'; accepted: a whole number from 0 to 2147483647"),
    ("draw,review.rho\none,0.3\n", r"table.csv: line 2: draw: found 'one'; accepted: a whole number from 0 to "),
    ('judge,review.rho\n"on",0.3\n"off\n\n",0.4\n', r"table.csv: line 3: judge: found 'off\\n\\n'; accepted: off, on"),
    ('review.rho,judge\n0.3,on\n0.4,off\n3,"off"\n', r"table.csv: line 4: review\.rho: found 3; accepted: "),
    ("review.rho\n0.3\n0.3\n", r": points: found line 3 twice \(as line 2\); accepted: "),
    ("judge\nperhaps\n", r"table.csv: line 2: judge: found 'perhaps'; accepted: off, on"),
    ("condition\nelsewhere\n", r"table.csv: line 2: condition: found 'elsewhere'; accepted: "),
    ("scenario\nutopia\n", r": table: scenario: found 'utopia'; accepted: adaptive, "),
]


@pytest.mark.parametrize(("table", "wanted"), TABLES, ids=[told[:40] for _, told in TABLES])
def test_a_table_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, table: str, wanted: str) -> None:
    (tmp_path / "table.csv").write_text(table, encoding="utf-8")
    with pytest.raises(ConfigError, match=wanted) as mistake:
        points(f"question: what if\nlevers: {{judge: judge}}\ntable: {tmp_path}/table.csv\n", tmp_path)
    assert "\n" not in str(mistake.value)
    assert str(mistake.value).startswith(f"{tmp_path}/own.yaml: "), "whoever has many designs wants to know which"


# --- mistakes in designs --------------------------------------------------------------------------------------------------------

UNSURE = "question: what if\ndraw: {draw}\nuncertainties:\n  {key}: {{{bounds}}}\n"
MISTAKES = [
    (UNSURE.format(draw="grid", key="review.rhoo", bounds="low: 0, high: 1"), "review.rhoo: no such key; accepted: load, "),
    (UNSURE.format(draw="grid", key="review.rho", bounds="low: 0.5, high: 1.5"), "review.rho: found 1.5; accepted: "),
    (UNSURE.format(draw="grid", key="review.rho", bounds="low: 0.5, high: 0.1"), "found low 0.5 and high 0.1; accepted: low below"),
    (UNSURE.format(draw="grid", key="review.rho", bounds="lo: 0.5"), "uncertainties.review.rho.lo: no such key; accepted: low, "),
    (UNSURE.format(draw="sobol", key="review.rho", bounds="low: 0, high: 1") + "size: 6\n", "size: found 6 base points of a Sobol"),
    (UNSURE.format(draw="dice", key="review.rho", bounds="low: 0, high: 1"), "draw: found 'dice'; accepted: "),
    ("question: what if\nscenarios: [utopia]\n", "scenario: found 'utopia'; accepted: adaptive, "),
    ("question: what if\nlevers: {judge: utopia}\n", "scenario: found 'utopia'; accepted: adaptive, "),
    (
        "question: what if\nlevers: {line: {six: {instruments.hanoi.treshold: 6}}}\n",
        "instruments.hanoi.treshold: no such key; accepted: ",
    ),
    ("question: what if\nscenarios: []\n", "scenarios: found []; accepted: "),
    ("question: what if\nconstants: [yaers=3]\nlevers: {judge: judge}\n", "yaers: no such key; accepted: "),
    ("question: what if\nleevers: {judge: judge}\n", "leevers: no such key; accepted: question, "),
    ("levers: {judge: judge}\n", "question: found nothing; accepted: a whole question"),
    ("", "question: found nothing; accepted: a whole question"),
    ("- a\n- b\n", "found no map; accepted: question, "),
    ("question: [\n", "; accepted: a readable YAML file"),
    ("question: what if\nscenarios: [utopia]\nconstants: [years=2]\n", "own.yaml: scenarios: scenario: found 'utopia'; accepted: "),
    ("question: what if\nscenarios: ['a b']\n", "own.yaml: scenarios: found 'a b'; accepted: scenarios joined by"),
    ("question: what if\nscenarios: [judge, judge]\n", "own.yaml: scenarios: found 'judge' twice, in this order or another; "),
    ("question: what if\nscenarios: [3]\n", "own.yaml: scenarios.0: found 3; accepted: at least one name of a scenario, as text"),
    ("question: what if\nconstants: [yaers=3]\n", "own.yaml: constants: yaers: no such key; accepted: "),
    ("question: what if\nconstants: [3]\n", "own.yaml: constants.0: found 3; accepted: a list of overrides as text"),
    ("question: what if\narms: {a: [yaers=3]}\n", "own.yaml: arms.a: yaers: no such key; accepted: "),
    ("question: what if\narms: {a: [review.rho=3]}\n", "own.yaml: arms.a: review.rho: found 3; accepted: "),
    ("question: what if\narms: {a: [scenario]}\n", "own.yaml: arms.a: scenario: "),
    ("question: what if\nbaseline: utopia\nlevers: {judge: judge}\n", "own.yaml: baseline: scenario: found 'utopia'; accepted: "),
    ("question: what if\nlevers: {judge: utopia}\n", "own.yaml: levers.judge.on: scenario: found 'utopia'; accepted: "),
    (
        "question: what if\nlevers: {judge: 3}\n",
        "own.yaml: levers.judge: found 3; accepted: levers by name, each the name of a scen",
    ),
    ("question: what if\nlevers: {line: {a: {}, b: 3}}\n", "own.yaml: levers.line.b: found 3; accepted: levers by name, each "),
    ("question: what if\nlevers: {line: {a: {review.rho: 3}}}\n", "own.yaml: levers.line.a: review.rho: found 3; accepted: "),
    ("question: what if\nlevers: {line: {a: {seed: 3}}}\n", "own.yaml: seed: no key of a point; accepted: "),
    (
        "question: what if\nlevers: {one: {a: {review.rho: 0.1}}, other: {b: {review.rho: 0.2}}}\n",
        "own.yaml: review.rho: other b sets 0.2 and another lever 0.1; accepted: levers that agree",
    ),
    ("question: what if\nlevers: {a: {x: {}}, b: judge}\nchoose: fractional\n", "own.yaml: levers.a: found 1 levels; accepted: "),
    (
        "question: what if\nlevers: {judge: on}\n",
        "own.yaml: levers.judge: found the YAML truth value true; accepted: levers by name, ",
    ),
    (
        "question: what if\nscenarios: [judge, no]\n",
        'scenarios.1: found the YAML truth value false; accepted: at least one name of a scenario, as text (a word such as "on" in',
    ),
    (
        "question: what if\nbaseline: off\n",
        "own.yaml: baseline: found the YAML truth value false; accepted: the name of a scenario",
    ),
    ("question: what if\non: 3\n", "own.yaml: on: no such key; accepted: question, "),
    ("question: what if\nlevers: {judge: {on: judge, 'on': {}}}\n", "own.yaml: "),
    ("question: what if\nlevers: [judge]\n", "own.yaml: levers: found ['judge']; accepted: levers by name, "),
    (
        "question: what if\nconditions: {a: 3}\n",
        "own.yaml: conditions.a: found 3; accepted: conditions by name, each with keys to set",
    ),
    ("question: what if\nconditions: {a: {review.rho: 3}}\n", "own.yaml: conditions.a: review.rho: found 3; accepted: "),
    ("question: what if\noutcomes: [joy]\n", "own.yaml: outcomes: found 'joy'; accepted: "),
    (
        "question: what if\nlevers: {judge: judge}\nsearch: {sampler: tpe, generation: 2, generations: 1, objectives: {joy: up}}\n",
        "own.yaml: search.objectives: found 'joy'; accepted: ",
    ),
    ("question: what if\nsearch: 3\n", "own.yaml: search: found 3; accepted: sampler, generation, "),
    (
        "question: what if\nuncertainties: {review.rho: 3}\ndraw: grid\n",
        "own.yaml: uncertainties.review.rho: found 3; accepted: low, ",
    ),
    (
        UNSURE.format(draw="grid", key="review.rho", bounds="values: [[1], 2]"),
        "own.yaml: uncertainties.review.rho.values.0: found [1]; ",
    ),
    (
        UNSURE.format(draw="morris", key="review.rho", bounds="low: 0, high: 1") + "levels: 3\n",
        "own.yaml: levels: found 3 of a Morris",
    ),
    (
        "question: what if\ndraw: grid\nlevels: 64\nuncertainties:\n"
        + "".join(f"  review.{key}: {{low: 0, high: 1}}\n" for key in ("rho", "misuse_chance", "onward_chance", "uptake_max")),
        "own.yaml: levels: found 16,777,216 points of a grid; accepted: at most 1,000,000, or another draw",
    ),
    ("question: what if\nlevers: {judge: judge}\nscenarios: [judge]\n", "own.yaml: levers: found beside scenarios; accepted: "),
    ("question: what if\ntable: nowhere.csv\n", "table: found 'nowhere.csv', which is no file; accepted: the path of a CSV file"),
]


@pytest.mark.parametrize(("text", "wanted"), MISTAKES, ids=[told[:40] for _, told in MISTAKES])
def test_a_design_that_cannot_be_run_is_told_in_one_line(tmp_path: Path, text: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as mistake:
        points(text, tmp_path)
    assert wanted in str(mistake.value)
    assert "\n" not in str(mistake.value)
    assert str(mistake.value).startswith(f"{tmp_path}/own.yaml: "), "whoever has many designs wants to know which"


@pytest.mark.parametrize("study", ["sweep", "points"])
def test_what_was_typed_is_not_blamed_on_a_design(tmp_path: Path, study: str, capsys: pytest.CaptureFixture[str]) -> None:
    own = design(tmp_path, UNSURE.format(draw="sobol", key="review.rho", bounds="low: 0, high: 1"))
    for word, wanted in (
        ("size=6", "size: found 6 base points"),
        ("scenario=judge", "scenario: found in a sweep"),
        ("luk=1", "luk: "),
    ):
        assert main([study, *TINY, f"design={own}", word]) == 2
        assert capsys.readouterr().err.startswith(f"rogatory: {wanted}")


def test_a_design_keeps_its_file_in_mind_when_its_size_is_changed(tmp_path: Path) -> None:
    small = sized(design_of(str(design(tmp_path, "question: what if\nscenarios: [utopia]\n"))), 8)
    with pytest.raises(ConfigError, match=r"own\.yaml: scenarios: "):
        points_of(small, TINY)


def test_a_design_that_cannot_be_run_ends_with_status_two_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in (1, 6, 13, 15):
        design(tmp_path, MISTAKES[place][0])
        assert main(["sweep", *TINY, "design=own.yaml", "output=out"]) == 2
        told = capsys.readouterr().err
        assert MISTAKES[place][1] in told
        assert told.count("\n") == 1
        assert not Path("out").exists(), "nothing is made before the design is known to be right"


def test_the_points_of_a_design_are_printed_as_a_table_that_can_be_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["points", *TINY, f"design={design(tmp_path)}"]) == 0
    printed = tmp_path / "printed.csv"
    printed.write_text(capsys.readouterr().out, encoding="utf-8")
    assert list(pd.read_csv(printed)["judge"]) == ["off", "off", "on", "on"]


def test_rows_from_elsewhere_with_the_same_values_are_of_one_draw() -> None:
    rows = [{"scenario": policy, "review.rho": rho} for rho in ("0.2", "0.4") for policy in ("as_adopted", "judge")]
    design = Design(question="does it pair?", scenarios=["as_adopted", "judge"])
    points = points_from(pd.DataFrame(rows), design, [], "own.csv")
    assert points.frame["draw"].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            {"conditions": {"a": {"review.rho": 0.2}}, "uncertainties": {"review.rho": {"low": 0.1, "high": 0.9}}},
            r"^review\.rho: drawn, and set by a lever or a condition too",
        ),
        (
            {"uncertainties": {"review.uptake_max": {"low": 0.1, "high": 1.02}}},
            r"^uncertainties\.review\.uptake_max: .* 1\.02",
        ),
        ({"uncertainties": {"seed": {"low": 1, "high": 9, "shape": "whole"}}}, r"^seed: no key of a point"),
    ],
    ids=["set twice", "an end that no draw comes near", "a key of the study"],
)
def test_what_a_point_cannot_set_is_refused(body: dict[str, Any], line: str) -> None:
    design = Design(question="may it?", draw="latin_hypercube", size=2, **body)
    with pytest.raises(ConfigError, match=line):
        points_of(design, list(TINY))


def test_a_slice_that_nothing_has_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"slices: found 'grup'; accepted: all, group"):
        design_from({"question": "is it there?", "slices": ["grup"]}, "own.yaml")


def test_designs_are_equal_by_what_they_say_and_not_by_their_file(tmp_path: Path) -> None:
    for name in ("one.yaml", "other.yaml"):
        (tmp_path / name).write_text("question: does it matter where this stands?\nscenarios: [judge]\n", encoding="utf-8")
    one, other = (design_of(str(tmp_path / name)) for name in ("one.yaml", "other.yaml"))
    assert one == other
    assert one != one.model_copy(update={"size": one.size + 1})
