"""How many cells of a table look clear of zero although nothing moved, on made-up worlds where nothing does."""

import numpy as np
import pytest

from experiments.statistics import world_range
from experiments.statistics.many import chance_clear

CELLS = 20_000


@pytest.mark.parametrize("worlds", [8, 10, 18, 19, 25, 39, 60])
def test_no_more_cells_are_clear_by_chance_than_is_said(worlds: int) -> None:
    ends = world_range(np.random.default_rng(worlds).normal(size=(CELLS, worlds)))
    clear = float(((ends.low > 0) | (ends.high < 0)).mean())
    said = float(chance_clear(np.array(worlds)))
    assert clear <= said + 3 * np.sqrt(said / CELLS) + 1e-9
    if worlds < 19:
        assert clear == pytest.approx(said, abs=4 * np.sqrt(said / CELLS) + 1e-9)


def test_too_few_worlds_give_no_verdict_and_so_none_by_chance() -> None:
    assert chance_clear(np.array([0, 1, 7])).tolist() == [0.0, 0.0, 0.0]
    assert chance_clear(np.zeros(0)).size == 0
