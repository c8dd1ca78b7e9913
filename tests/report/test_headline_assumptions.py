"""The page of the headline shows, under each table, what single assumptions make of the combinations that the reference has."""

from __future__ import annotations

from typing import Any, cast
from xml.etree.ElementTree import tostring

import pandas as pd

from experiments.analysis.assumed import Assumed
from experiments.analysis.headline import Answer
from experiments.design.grid import Cell
from experiments.report.headline import HeadlinePage, _extremes
from experiments.report.pictures import Picture
from experiments.studies.headline import extreme_lines
from sim.config import load

KEY = ("targeted_rate", "group", "journalist")
CORNER, HALF = Cell("liberal", strength=1.0), Cell("liberal", strength=0.5)
ROW: dict[str, Any] = {
    "as_configured": -40.0, "low": -55.0, "low_assumption": "review.rho=0", "high": -10.0,
    "high_assumption": "conduct.direct_share=0.8", "turns": "",
}  # fmt: skip


def answer() -> Answer:
    rows = [dict(cell._asdict(), metric=KEY[0], by=KEY[1], level=KEY[2]) for cell in (CORNER, HALF)]
    return Answer({"matrix.csv": pd.DataFrame(rows)}, {"corner": CORNER, "half": HALF}, 10)


def page(assumed: Assumed | None) -> HeadlinePage:
    return HeadlinePage(answer(), cast(Picture, None), [], {}, load(), "", assumed)


def assumed() -> Assumed:
    return Assumed({("definition=liberal review.strength=1", "before", *KEY): ROW}, 6, 5)


def test_the_corner_that_the_reference_has_stands_under_the_table_with_the_size_of_that_study() -> None:
    (found,) = _extremes(page(assumed()), "before", KEY)
    text = tostring(found, encoding="unicode")
    assert "5 years, 6 worlds, reference study assumptions" in text
    for told in ("−40", "−55", "rho 0", "−10", "direct share 0.8", "never"):
        assert told in text
    assert text.count("<tr") == 2  # the heads, and one combination: the other has no number there


def test_where_the_reference_has_nothing_there_is_no_table() -> None:
    assert _extremes(page(None), "before", KEY) == []
    assert _extremes(page(assumed()), "before", ("legit_met_rate", "all", "all")) == []
    assert _extremes(page(assumed()), "follows", KEY) == []


def test_the_terminal_has_the_same_combination() -> None:
    table = extreme_lines(answer(), assumed(), "journalist")
    assert table is not None
    assert table.row_count == 1
    assert "5 years, 6 worlds" in str(table.title)
    assert extreme_lines(answer(), assumed(), "dissident") is None
