"""A real browser shows the page: without network, without errors, without overflowing, and so that it can be read.

Runs where a Chromium is found on the PATH; elsewhere it says that it was skipped.
"""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.image
import numpy as np
import pytest

from experiments.report import REPORT, write
from tests.report.examples import arms, comparison, cooperation, facts, headers

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-extensions", "--no-first-run", "--hide-scrollbars",
           "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--force-device-scale-factor=1")  # fmt: skip
SECONDS = 120
WIDE, NARROW = 1200, 400  # pixels
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"no browser on the PATH: {', '.join(NAMES)}"),
]

# The page is shown in a frame of a given width, unchanged; what surrounds it looks into it and writes down what it finds.
LOOK = """
const page = frame.contentDocument, view = frame.contentWindow, found = {};
const shown = [...page.body.querySelectorAll("*")].filter(e => e.getClientRects().length);
found.width = view.innerWidth;
found.scrolls = page.documentElement.scrollWidth;
const right = e => e.getBoundingClientRect().right;
found.beyond = shown.filter(e => !e.closest(".wide") && !e.matches(".skip") && right(e) > view.innerWidth + 1)
  .map(e => e.tagName + " " + e.textContent.slice(0, 40));
found.images = [...page.images].map(i => [i.naturalWidth, i.naturalHeight, Math.round(i.getBoundingClientRect().width)]);
found.fetched = view.performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith("data:"));
found.scripts = page.scripts.length;
found.text = page.body.innerText.length;
const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
const light = c => { const p = c.match(/[\\d.]+/g).slice(0, 3).map(v => linear(v / 255));
  return .2126 * p[0] + .7152 * p[1] + .0722 * p[2]; };
const ground = e => { for (; e; e = e.parentElement) { const c = view.getComputedStyle(e).backgroundColor;
  if (!/, 0\\)$|transparent/.test(c)) return c; } return "rgb(255, 255, 255)"; };
found.faint = shown.filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())).map(e => {
  const a = light(view.getComputedStyle(e).color), b = light(ground(e));
  return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.tagName + " " + e.textContent.slice(0, 30)];
}).filter(p => p[0] < CONTRAST);
document.body.dataset.found = JSON.stringify(found);
"""


class Shown(NamedTuple):
    """What a browser gave back."""

    dom: str
    log: str


def browse(folder: Path, page: Path, *options: str) -> Shown:
    """Open a page without a window; standard output is the document as it stands after loading."""
    profile = f"--user-data-dir={folder / 'profile'}"
    words = [str(BROWSER), *OPTIONS, profile, *options, page.resolve().as_uri()]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=True)
    return Shown(done.stdout, done.stderr)


def looked(report: Path, folder: Path, width: int) -> dict[str, Any]:
    """What the page looks like in a frame so wide."""
    inside = html.escape(report.read_text(encoding="utf-8"), quote=True)
    script = LOOK.replace("CONTRAST", str(LEAST_CONTRAST))
    onload = f"<script>const frame = document.querySelector('iframe'); frame.addEventListener('load', () => {{{script}}});</script>"
    around = folder / f"around{width}.html"
    frame = f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{inside}"></iframe>'
    around.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{frame}{onload}", encoding="utf-8")
    dom = browse(folder, around, "--dump-dom", f"--window-size={WIDE + 100},900").dom
    (found,) = re.findall(r'data-found="([^"]*)"', dom)
    seen: dict[str, Any] = json.loads(html.unescape(found))
    return seen


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser")
    write(path, comparison(), cooperation(), arms(), headers(), facts())
    return path


@pytest.fixture(scope="module", params=[WIDE, NARROW], ids=["wide", "narrow"])
def found(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    return looked(folder / REPORT, folder, request.param) | {"asked": request.param}


def complaints(log: str) -> list[str]:
    """What the page itself wrote to the console."""
    return [line for line in log.splitlines() if "CONSOLE" in line]


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
        assert wide == 1200
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
