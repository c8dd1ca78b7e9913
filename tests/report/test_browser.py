"""A real browser shows the page: without network, without errors, without overflowing, and so that it can be read.

Runs where a Chromium is found on the PATH; elsewhere it says that it was skipped.
"""

from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from experiments.report import REPORT, write_report
from tests.report.browser import NARROW, WIDE, WITHOUT, browse, complaints, looked
from tests.report.examples import arms, comparison, cooperation, facts, figures, headers

pytestmark = [pytest.mark.slow, WITHOUT]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser")
    write_report(path, comparison(), cooperation(), arms(), headers(), facts(), figures())
    return path


@pytest.fixture(scope="module", params=[WIDE, NARROW], ids=["wide", "narrow"])
def found(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    return looked(folder / REPORT, folder, request.param) | {"asked": request.param}


def test_the_page_opens_without_a_word_on_the_console(folder: Path) -> None:
    shown = browse(folder, folder / REPORT, "--dump-dom")
    assert "<h1>" in shown.dom
    assert not complaints(shown.log)


def test_a_page_that_reaches_out_would_be_heard(folder: Path) -> None:
    worse = folder / "worse.html"
    text = (folder / REPORT).read_text(encoding="utf-8")
    worse.write_text(text.replace("</main>", '<img src="https://example.org/a.png" alt=""></main>'), encoding="utf-8")
    assert any("Content Security Policy" in line for line in complaints(browse(folder, worse, "--dump-dom").log))


def test_nothing_is_fetched_and_nothing_runs(found: dict[str, Any]) -> None:
    assert found["fetched"] == []
    assert found["scripts"] == 0
    assert found["text"] > 10_000


def test_the_page_is_no_wider_than_the_window(found: dict[str, Any]) -> None:
    assert found["width"] == found["asked"]
    assert found["scrolls"] <= found["width"]
    assert found["beyond"] == []


def test_every_figure_is_there_and_large_enough_to_read(found: dict[str, Any]) -> None:
    assert len(found["images"]) == 5
    for wide, high, shown in found["images"]:
        assert wide in (1200, 1560), "ten inches, or thirteen with its ranges on one line"
        assert high > 600
        assert 700 <= shown <= 1000


def test_every_text_stands_out_from_its_ground(found: dict[str, Any]) -> None:
    assert found["faint"] == []


def test_a_screenshot_is_no_blank_sheet(folder: Path) -> None:
    path = folder / "screen.png"
    browse(folder, folder / REPORT, f"--screenshot={path}", f"--window-size={WIDE},2000")
    picture = matplotlib.image.imread(path)
    assert picture.shape[:2] == (2000, WIDE)
    assert 0.01 < float((np.asarray(picture)[:, :, :3].mean(axis=2) < 0.5).mean()) < 0.5


def test_on_paper_no_table_leaves_the_page(folder: Path) -> None:
    path = folder / "paper.pdf"
    browse(folder, folder / REPORT, f"--print-to-pdf={path}", "--no-pdf-header-footer")
    assert path.read_bytes().startswith(b"%PDF")
    assert path.stat().st_size > 100_000
