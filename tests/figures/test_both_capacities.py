"""The headline under both capacities: two rows an estimand, the second named, and what is mostly chance is said and grey."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments.analysis.frames import headline_frame
from experiments.analysis.summary import PAIR_COUNTS, PAIR_NUMBERS
from experiments.figures.intervals import headline


def comparison(*capacities: str, share: float = 0.2) -> pd.DataFrame:
    rows = [
        {"capacity": capacity, "metric": metric, "by": "all", "level": "all", "unit": "fraction"}
        | dict.fromkeys(PAIR_NUMBERS, 5.0)
        | dict.fromkeys(PAIR_COUNTS, 99)
        | {"chance_share": share, "worlds": 9, "worlds_agreeing": 9.0}
        for capacity in capacities
        for metric in ("legit_met_rate", "unanswered_share")
    ]
    return pd.DataFrame(rows)


def words_of(frame: pd.DataFrame) -> list[str]:
    ax = Figure().subplots()
    headline(frame, ax, baseline="no treaty")
    return [text.get_text() for text in ax.texts]


def test_an_estimand_has_its_two_capacities_one_under_the_other() -> None:
    frame = headline_frame(comparison("before", "follows"))
    assert list(frame["metric"]) == ["legit_met_rate"] * 2 + ["unanswered_share"] * 2
    assert list(frame["beside"]) == ["", "follows"] * 2
    assert words_of(frame).count("… where states hire with the load") == 2


@pytest.mark.parametrize("capacity", ["before", "follows"])
def test_one_capacity_alone_has_a_row_an_estimand(capacity: str) -> None:
    frame = headline_frame(comparison(capacity))
    assert list(frame["beside"]) == ["", ""]
    assert "… where states hire with the load" not in words_of(frame)


def test_what_is_mostly_chance_is_said_in_its_row() -> None:
    said = " ".join(words_of(headline_frame(comparison("before", share=0.7))))
    assert "in 9 of 9 worlds, mostly chance" in said
    assert "mostly chance;" not in " ".join(words_of(headline_frame(comparison("before", share=0.2))))
