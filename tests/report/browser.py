"""A browser without a window: opens a page, measures it in a frame of a given width, and tells what it complains of."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-extensions", "--no-first-run", "--hide-scrollbars",
           "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--force-device-scale-factor=1")  # fmt: skip
SECONDS = 120
WIDE, NARROW = 1200, 400  # pixels
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3

WITHOUT = pytest.mark.skipif(BROWSER is None, reason=f"no browser on the PATH: {', '.join(NAMES)}")

# The page is shown in a frame of a given width, unchanged; what surrounds it looks into it and writes down what it finds.
LOOK = """
const page = frame.contentDocument, view = frame.contentWindow, found = {};
page.querySelectorAll("details").forEach(folded => { folded.open = true; });
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


def complaints(log: str) -> list[str]:
    """What the page itself wrote to the console."""
    return [line for line in log.splitlines() if "CONSOLE" in line]
