"""``rogatory keys`` lists the register of parameters, finds what has a word, and tells single numbers in full."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies.keys import TOLD_FULLY, lines_with
from sim.errors import ConfigError
from sim.posterior import shipped_rows
from sim.register import register
from tests.shell import status_of


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert status_of("keys", *words) == 0
    return capsys.readouterr().out


def test_without_a_word_every_number_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys)
    numbers, drawn = len(register()), sum(one.drawn for one in register())
    assert f"{numbers:,}".replace(",", " ") in text.replace("\u202f", " ").replace("\xa0", " ")
    assert f"{drawn} of them drawn under parameters=prior" in text
    for word in ("review.rho", "U(0, 0.9)", "safeguards.judge.bar", "design"):
        assert word in text


def test_a_number_is_told_with_prior_support_source_file_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "review.lapse_per_year")
    (one,) = [one for one in register() if one.key == "review.lapse_per_year"]
    for said in (
        "review.lapse_per_year = 0.4", "hazard per year", "0-1000000", "G(0.25, 2) (median 0.21, 90 % from 0.0444 to 0.593)",
        "fact", "calibrated", "P7 P9", one.source, f"configs/{one.file}:{one.line}",
    ):  # fmt: skip
        assert said in text
    assert text.count("written in") == 1


def test_numbers_of_one_line_are_told_together(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "discrimination.covers", "women")
    assert "safeguards.discrimination.covers = minority 1, dissident 1, journalist 0.6" in text
    assert "each odds x LN(1, 0.5)\n" in text


def test_every_word_narrows_the_search_and_a_whole_key_is_found_alone() -> None:
    weak = lines_with(["weak"])
    assert all(one.weak or "weak" in one.source for line in weak for one in line)
    assert 0 < len(lines_with(["weak", "REVIEW"])) < len(weak)
    assert [line[0].key for line in lines_with(["demand.spread"])] == ["demand.spread"]
    assert len(lines_with(["spread"])) > TOLD_FULLY


def test_a_pattern_finds_what_it_informs_and_no_other_pattern_s() -> None:
    found = [one for line in lines_with(["p1"]) for one in line]
    assert found
    assert all("P1" in one.informs for one in found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("laspe",), "keys: found 'laspe', which no number has; accepted: "),
        (("review.roh",), "did you mean 'review.rho'?"),
        (("weak", "nowhere"), "keys: found 'nowhere' beside 'weak'"),
        (("+",), "accepted: words with a letter or a digit"),
        (("a=b",), "keys: found 'a=b'; accepted: words"),
    ],
)
def test_a_word_that_matches_nothing_is_one_line_with_the_nearest_name(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("keys", *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_the_nearest_part_of_a_key_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'lapse'"):
        lines_with(["laspe"])


def test_a_calibrated_number_is_told_with_its_posterior(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(told(capsys, "review.lapse_per_year").split())
    column = shipped_rows().values[:, shipped_rows().keys.index("review.lapse_per_year")]
    low, middle, high = np.quantile(column, (0.05, 0.5, 0.95))
    assert f"posterior median {middle:.3g}, 90 % from {low:.3g} to {high:.3g} (docs/calibration.md)" in text
    assert "posterior" not in told(capsys, "review.rho")
