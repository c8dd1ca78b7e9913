"""A range is never written so that it leaves out its own mean, nor so that what is not zero reads zero; wherever it is shown."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from experiments.analysis.headline_words import cell_words
from experiments.analysis.ranges import error_in_percent, percent_in_range
from experiments.figures import FIGURES
from experiments.report.sentences import quick
from experiments.report.tables import ranged
from experiments.text import THIN, band, number
from tests.report.test_sentences import row

PERCENT = st.floats(-500, 500, allow_nan=False)


def read(words: str) -> float:
    return float(words.replace(THIN, "").replace("−", "-"))


@given(st.tuples(PERCENT, PERCENT, PERCENT), st.sampled_from([None, 0, 1]))
def test_a_mean_lies_within_its_range_as_both_are_written_and_what_is_not_zero_does_not_read_zero(
    values: tuple[float, float, float], decimals: int | None
) -> None:
    low, middle, high = sorted(values)
    told = [read(words) for words in band(middle, low, high, decimals=decimals)]
    assert told[1] <= told[0] <= told[2]
    for value, shown in zip((middle, low, high), told, strict=True):
        assert (shown == 0) == (abs(value) <= 0.00005)


def need(**other: Any) -> dict[str, Any]:
    """Needs met of the page of the project's own question, as the reference had them."""
    return row(0.171, 0.037, 0.499) | other


def test_a_small_change_keeps_its_ends_on_pages_in_sentences_and_on_the_terminal() -> None:
    assert cell_words(need(), 10) == "+0.2 (+0.04 to +0.5; 10 of 10)"
    assert ranged(need()) == "+0.2 (+0.04 to +0.5)"
    assert percent_in_range(need()) == "+0.2 % [+0.04, +0.5]"
    assert error_in_percent(need(percent_error_low=0.03, percent_error_high=0.3)) == "+0.03 to +0.3"
    assert "(0.04 % to 0.5 %)" in quick(need(), "needs met", 10).replace(THIN, " ")
    assert number(0.04, 1) == "0.04"


def test_the_heat_map_gives_ends_the_decimals_of_their_mean() -> None:
    cell = {"panel": "dissidents", "row": "a", "column": "b", "value": 0.6, "low": 0.21, "high": 1.13, "agreeing": 10, "worlds": 10}
    ax = FIGURES["heat_map"](pd.DataFrame([cell | {"events": 500, "today": False}]), Figure().subplots())
    words = [text.get_text() for inner in ax.child_axes for text in inner.texts]
    assert words[:2] == ["+0.6", "(+0.2 to +1.1)"]


def test_a_change_without_a_range_says_that_a_world_has_no_baseline() -> None:
    told = need(percent=360.0, percent_world_low=np.nan, percent_world_high=np.nan, percent_worlds=6.0, worlds=8)
    assert ranged(told).replace(THIN, " ") == "+360 (no range: baseline 0 in 2 of 8 worlds)"
    assert percent_in_range(told).replace(THIN, " ") == "+360 % [no range: baseline 0 in 2 of 8 worlds]"
    assert ranged(told | {"percent": 0.0}).startswith("0"), "it can move"
