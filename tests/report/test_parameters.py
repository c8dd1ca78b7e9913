"""The table of parameters holds every number of the configuration with what its comment says."""

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from experiments.report import prose, sections
from experiments.report.parameters import (
    NOTE_COLUMNS,
    PARAMETER_COLUMNS,
    SHOWN_COLUMNS,
    SOURCE_STATUSES,
    joined_numbers,
    lines_of,
    parameters,
)
from sim.config import load

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
CONFIG = """\
defaults:
  - hydra: rogatory
  - looks: strict
  - words: [one, two]
  - figure: standard
  - scenario: plain
  - override hydra/job_logging: disabled

years: 10  # years; 1-50; assumed: the horizon
name: x  # no number; any; assumed: x
silent: 3
"""
STRICT = """\
# @package review.looks
bar: 2.4  # noise s.d.; any; calibrated: courts refuse 2-7 %, P10
share: {a: 0.1, b: 0.4}  # share; 0-1; sourced: somewhere; swept 0.1-0.9
levels: [1, 2]  # level; >=0; read: Art 2(h)
"""


def numbers_in(path: Path) -> list[str]:
    """Values of all numbers of a YAML file, whatever their place."""

    def walk(node: object) -> list[object]:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in walk(value)]
        if isinstance(node, list):
            return [leaf for value in node for leaf in walk(value)]
        return [node]

    leaves = walk(yaml.safe_load(path.read_text(encoding="utf-8")))
    numbers = [leaf for leaf in leaves if isinstance(leaf, int | float) and not isinstance(leaf, bool)]
    numbers += [leaf for leaf in leaves if isinstance(leaf, str) and re.fullmatch(r"[\d.]+e\d+", leaf)]  # to YAML 1.1 no number
    return [f"{float(leaf):g}" for leaf in numbers]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"config": CONFIG, "looks/strict": STRICT, "looks/lax": "bar: 9.0  # noise s.d.; any; assumed: x\n"}
    files |= {"words/one": "a: 1  # unit; any; assumed: x\n", "words/two": "b: 2  # unit; any; unverified: y\n"}
    files |= {"figure/standard": "width: 3  # inches; >0; assumed: x\n"}
    files |= {
        "scenario/plain": "# @package _global_\n",
        "scenario/lower": "# @package _global_\ngate: {years: 2}  # years; >0; read: Art 2\n",
    }
    for name, text in files.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def by_key(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop_duplicates("key").set_index("key")


def test_a_number_is_listed_with_unit_range_status_and_source(folder: Path) -> None:
    table = parameters([], {}, folder=folder)
    assert list(table.columns) == list(PARAMETER_COLUMNS)
    bar = by_key(table).loc["review.looks.bar"]
    assert tuple(bar[["file", "value", "unit", "range", "status"]]) == (
        "looks/strict.yaml",
        "2.4",
        "noise s.d.",
        "any",
        "calibrated",
    )
    assert bar["source"] == "courts refuse 2-7 %, P10"
    assert list(table.loc[table["key"] == "review.looks.levels", "value"]) == ["1", "2"]
    assert {"years", "words.a", "words.b"} <= set(table["key"])


def test_what_is_no_number_or_no_science_is_not_listed(folder: Path) -> None:
    keys = set(parameters([], {}, folder=folder)["key"])
    assert not keys & {"name", "silent", "figure.width", "width", "looks.bar"}


def test_a_number_that_is_swept_elsewhere_is_marked(folder: Path) -> None:
    table = parameters([], {}, folder=folder)
    assert set(table.loc[table["swept"], "key"]) == {"review.looks.share.a", "review.looks.share.b"}


def test_a_value_that_the_run_took_instead_stands_in_the_table(folder: Path) -> None:
    table = by_key(parameters([], {"years": 3, "review": {"looks": {"bar": 2.4}}}, folder=folder))
    assert (table.loc["years", "value"], bool(table.loc["years", "changed"])) == ("3", True)
    assert not table.loc["review.looks.bar", "changed"]


def test_another_option_on_the_command_line_is_the_one_that_is_listed(folder: Path) -> None:
    table = parameters([], {}, "rogatory compare looks=lax words=[two] scenarios=[a,b] years=3", folder)
    assert set(table["key"]) == {"years", "looks.bar", "words.b"}


def test_a_scenario_brings_its_own_numbers(folder: Path) -> None:
    table = parameters(["lower", "plain", "lower", "arm_of_a_design"], {"gate": {"years": 4}}, folder=folder)
    (row,) = table[table["file"] == "scenario/lower.yaml"].to_dict("records")
    assert (row["key"], row["value"], row["changed"]) == ("gate.years", "2", False)


def test_the_real_configuration_is_listed_whole() -> None:
    composed = load()
    table = parameters([], composed.plain())
    assert set(table["status"]) <= set(SOURCE_STATUSES)
    assert not table["changed"].any()
    assert {path.rpartition("/")[0] for path in table["file"]} >= {
        "review",
        "demand",
        "safeguard",
        "instrument",
        "offence",
        "states",
    }
    for path, rows in table.groupby("file"):
        written = Counter(numbers_in(CONFIGS / str(path)))
        found = Counter(f"{float(value):g}" for value in rows["value"])
        assert not found - written, path
        assert sum((written - found).values()) <= 1, path  # `order` is no parameter


def test_an_override_shows_in_the_real_configuration() -> None:
    composed = load("review.uptake_max=0.9")
    table = by_key(parameters([], composed.plain(), "rogatory compare review.uptake_max=0.9"))
    assert list(table.index[table["changed"]]) == ["review.uptake_max"]
    assert table.loc["review.uptake_max", "value"] == "0.9"


def test_numbers_of_one_line_share_a_key() -> None:
    assert joined_numbers(["a.b.x", "a.b.y.z"], ["1", "2"]) == ("a.b", "x 1, y.z 2")


def test_an_option_that_builds_on_another_tells_the_numbers_of_both_and_each_once() -> None:
    """`conduct=adaptive` stands on `naive`, and sets one number of the group `adaptation` anew."""
    config = load("conduct=adaptive")
    known = parameters([], config.plain(), "rogatory run conduct=adaptive")
    plain = parameters([], load().plain(), "rogatory run")
    assert set(known["key"]) == set(plain["key"])
    (attempts,) = known[known["key"] == "adaptation.requesters.attempts"].to_dict("records")
    assert (attempts["file"], attempts["value"], attempts["changed"]) == ("conduct/adaptive.yaml", "3", False)
    assert (known["file"] == "conduct/naive.yaml").sum() == (plain["file"] == "conduct/naive.yaml").sum() > 10
    assert not known["changed"].any()


def test_a_table_shows_the_prior_what_informs_it_and_a_weak_source() -> None:
    known = parameters([], load().plain())
    assert set(NOTE_COLUMNS) <= set(known.columns)
    rows = {key: cells for key, *cells in lines_of(known)}
    assert rows["review.lapse_per_year"][: 1 + len(SHOWN_COLUMNS) - 1] == [
        "0.4",
        "hazard per year",
        "0-1000000",
        "fact",
        "G(0.25, 2)",
        "P7 P9",
        "calibrated",
    ]
    assert rows["review.utilisation_high"][6] == "assumed, weak"
    assert rows["years"][4:6] == ["", ""]


def test_where_worlds_draw_the_numbers_the_page_says_so_and_holds_none_of_them() -> None:
    known = parameters([], load().plain())
    plain, drawn = (" ".join(part for one in sections.rests(known, drawn=way) for part in one.itertext()) for way in (False, True))
    assert "review.rho" in plain  # swept elsewhere
    assert "review.rho" not in drawn
    assert "parameters=prior" in drawn
    assert "parameters=prior" not in plain
    assert "are held" in prose.ranges(False)
    assert "are held" not in prose.ranges(True)
    assert prose.limits(False, True)["Conditional"] != prose.LIMITS["Conditional"] == prose.limits(False)["Conditional"]
