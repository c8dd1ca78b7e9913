"""The page of the headline: what it says of today, of what a definition shuts out, of luck, and of the files beside it."""

from __future__ import annotations

from typing import Any, cast
from xml.etree.ElementTree import tostring

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.headline import BY_CLASSES, NUMBERS, Answer
from experiments.analysis.headline_today import OF_DISCLOSED, TODAY_KEYS, TODAY_NUMBERS
from experiments.design.grid import Cell
from experiments.reference.make import HEADLINE, TABLE_KINDS
from experiments.report.headline import BESIDE, HeadlinePage, _cell, _classes, _cost, _sure, _ways, what_a_dial_leaves
from experiments.report.pictures import Picture
from sim.config import load
from sim.metrics import UNITS

PAIR = ("case_disclosure_rate", BY_CLASSES, "journalist|autocracies>democracies")
RARE = ("case_disclosure_rate", BY_CLASSES, "journalist|democracies>autocracies")
NEEDS = ("legit_met_rate", "all", "all")
PEOPLE = ("targeted_rate", "group", "journalist")  # of whom the tables speak
CELLS = {"liberal": Cell("liberal"), "liberal, follows": Cell("liberal", capacity="follows")}


def change(cell: Cell, key: tuple[str, str, str], **more: object) -> dict[str, object]:
    told: dict[str, object] = dict.fromkeys(NUMBERS, np.nan)
    told |= cell._asdict() | dict(zip(("metric", "by", "level"), key, strict=True)) | {"unit": UNITS[key[0]]}
    told |= {"percent": -2.5, "percent_world_low": -4.1, "percent_world_high": 0.0, "worlds_agreeing": 9, "worlds": 10}
    told |= {"percent_error_low": -3.4, "percent_error_high": -1.6, "chance_share": 0.7, "events_baseline": 90, "events": 80}
    return told | more


def level(capacity: str, key: tuple[str, str, str], **more: object) -> dict[str, object]:
    told: dict[str, object] = dict.fromkeys([*TODAY_KEYS, *TODAY_NUMBERS], np.nan)
    told |= (
        {"capacity": capacity} | dict(zip(("metric", "by", "level"), key, strict=True)) | {"unit": UNITS.get(key[0], OF_DISCLOSED)}
    )
    return told | {"value": 0.0123, "world_low": 0.008, "world_high": 0.021, "events": 90, "worlds": 10} | more


def answer() -> Answer:
    keys = (PAIR, RARE, NEEDS, PEOPLE)
    few = {key: {"events": 3, "percent": np.nan} if key == RARE else {} for key in keys}
    rows = [change(cell, key, **few[key]) for cell in CELLS.values() for key in keys]
    today = [level(cell.capacity, key) for cell in CELLS.values() for key in (PAIR, NEEDS)]
    today += [level("before", RARE, value=np.nan, events=3), level("before", ("disclosed_share", "kind", "fabricated"), value=0.49)]
    return Answer({"matrix.csv": pd.DataFrame(rows)}, CELLS, 10, pd.DataFrame(today))


def page(**more: Any) -> HeadlinePage:
    return HeadlinePage(answer(), cast(Picture, None), [], {"worlds": 10, "replicates": 2, "years": 10}, load(), "", **more)


def text(*parts: Any) -> str:
    return " ".join("".join(part.itertext()) if not isinstance(part, str) else part for part in parts)


def test_todays_share_has_a_unit_and_a_range_and_few_events_no_number() -> None:
    assert text(_cell(page(), Cell(), PAIR)).startswith("1.2 % (0.8 to 2.1)")
    assert text(_cell(page(), Cell(), RARE)) == "<10 events"
    assert text(_cell(page(), Cell("liberal"), RARE)) == "<10 events"
    told = text(*_classes(page()))
    assert "nan" not in told
    assert "1.2 % (0.8 to 2.1)" in told
    assert "today, share of wishes" in told


def test_a_cell_has_its_simulation_error_smaller_and_says_what_is_mostly_chance() -> None:
    found = _cell(page(), Cell("liberal"), PAIR)
    assert not isinstance(found, str)
    assert [small.text for small in found.iter("span") if small.get("class") == "count"] == ["error −3.4 to −1.6", "80"]
    assert "(−4.1 to 0.0; 9 of 10)<br>mostly chance" in tostring(found, encoding="unicode", method="html")


def test_the_page_says_how_many_changes_are_mostly_chance_and_that_they_are_marked() -> None:
    assert "marked “mostly chance” in every table and sentence" in text(*_sure(page()))


def test_costs_stand_under_both_capacities() -> None:
    told = text(*_cost(page()))
    assert "Legitimate needs met, where authorities keep the officers of the load before the treaty: change" in told
    assert "Legitimate needs met, where states hire with the load: change" in told
    assert "share of latent cross-border needs" in told


def test_the_ways_of_today_stand_in_a_table_by_capacity() -> None:
    told = text(_ways(page()))
    assert "49 %" in told
    assert "where states hire with the load" in told


def test_nothing_is_said_to_come_again_where_requesters_ask_once() -> None:
    told = what_a_dial_leaves(load())
    assert load().conduct.attempts == 1
    assert "ask once" in told
    assert "by another text that binds both states and covers it, or by comity" in told
    assert "pretext" not in told
    assert "again" not in told


@pytest.mark.parametrize(
    ("override", "words"),
    [("conduct=adaptive", "adapt"), ("conduct.fall_through=false", "its gate stops what a definition shuts out")],
)
def test_what_a_dial_leaves_is_told_by_the_conduct_of_the_study(override: str, words: str) -> None:
    assert words in what_a_dial_leaves(load(override))
    assert words not in what_a_dial_leaves(load())


def test_the_files_that_the_page_names_for_the_reference_are_those_that_it_keeps() -> None:
    own, kept = BESIDE.split("results/reference")
    for name in TABLE_KINDS[HEADLINE]:
        assert name in own or name in kept
    assert "it has no comparison.csv" in kept
    assert "comparison.csv" not in TABLE_KINDS[HEADLINE]
