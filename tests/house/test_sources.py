"""Whoever follows the source of a number finds it in docs/sources.md."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
MODULES = sorted((ROOT / "sim").rglob("*.py"))
PENALTIES = ROOT / "sim" / "sources" / "tables" / "penalties.csv"

NOTE = re.compile(r"(?:treaty|empirics|prototype)\.md \d+(?:\.\d+)?[a-z]?(?: no\. \d+)?")
DESIGN = re.compile(r"model description,? (?:section \d+|[A-Z]\w+)")
PATTERN = re.compile(r"\bP\d{1,2}\b")
BRACKETED = re.compile(r"\[([A-Z][\w-]*)\]")
ADDRESS = re.compile(r"https?://\S+|(?:[\w-]+\.)+[a-z]{2,}/\S*")


def entries(page: str) -> dict[str, str]:
    """Each heading and each first cell of a table, with the rest of its line."""
    found = {}
    for line in page.splitlines():
        if line.startswith("#"):
            found[line.lstrip("# ")] = ""
        elif line.startswith("| "):
            first, _, rest = line[2:].partition(" | ")
            found[first] = rest
    return found


ENTRIES = entries(PAGE)


def comments() -> str:
    """What the configuration says after its hash signs."""
    lines = (line for path in CONFIGS for line in path.read_text(encoding="utf-8").splitlines())
    return "\n".join(line.partition("#")[2] for line in lines)


def cited() -> list[str]:
    """Keys of notes in the configuration and in the code, as the page heads them."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES).replace(".md section ", ".md ")
    text = comments() + "\n" + code.replace('"Time"', "Time")
    return sorted({*NOTE.findall(text), *DESIGN.findall(text)})


def bracketed() -> list[str]:
    with PENALTIES.open(encoding="utf-8", newline="") as file:
        return sorted({key for row in csv.DictReader(file) for key in BRACKETED.findall(row["basis"])})


def pages() -> list[str]:
    """Keys of pages that the page itself mentions; a link in brackets is none."""
    return sorted(set(re.findall(r"\[([A-Z][\w-]*)\](?!\()", PAGE)))


def test_there_are_citations_of_every_note_and_keys_of_pages() -> None:
    assert {key.partition(" ")[0] for key in cited()} == {"treaty.md", "empirics.md", "prototype.md", "model"}
    assert bracketed()


@pytest.mark.parametrize("key", cited())
def test_every_citation_of_a_note_has_an_entry(key: str) -> None:
    assert key in ENTRIES


@pytest.mark.parametrize("pattern", sorted(set(PATTERN.findall(comments()))))
def test_every_pattern_that_is_calibrated_to_has_its_target_on_the_page(pattern: str) -> None:
    assert re.search(r"\d", ENTRIES[f"{pattern} of empirics.md 7.1"])


@pytest.mark.parametrize("key", bracketed())
def test_every_key_of_the_table_of_penalties_has_an_address(key: str) -> None:
    assert ADDRESS.search(ENTRIES[f"[{key}]"])


@pytest.mark.parametrize("key", pages())
def test_every_key_on_the_page_has_an_address(key: str) -> None:
    assert ADDRESS.search(ENTRIES[f"[{key}]"])


def test_a_missing_entry_is_noticed() -> None:
    assert "empirics.md 7.3 no. 1" not in entries("| empirics.md 7.3 no. 13 | pretexts |")
    assert NOTE.findall("as in treaty.md 3b and empirics.md 7.3 no. 13, not model.md 2") == [
        "treaty.md 3b",
        "empirics.md 7.3 no. 13",
    ]
