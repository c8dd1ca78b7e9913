"""The role of every key: the table of ``sim.roles`` and the notes in ``configs/`` say the same."""

import re
from pathlib import Path

import pytest

from sim.config import load, role_of
from sim.notes import notes_in
from sim.roles import DESIGNED, FACT, IN_A_TEXT_AS_ADOPTED, LEVER, ROLES
from tests.house.test_numbers import CONFIGS

OF_STUDIES = ("analysis", "engine", "figure", "hydra")  # all design: a run knows nothing of them, and their notes name no role
FILES = sorted(path for path in CONFIGS.rglob("*.yaml") if path.relative_to(CONFIGS).parts[0] not in OF_STUDIES)
_PACKAGE = re.compile(r"^# @package (\S+)")
_AXES = {"uncertainties": 1, "conditions": 2, "levers": 3}  # parts of a design's key before the key that it sets


def key_in(path: Path, text: str, key: str) -> str:
    """The key of the configuration that a number of a file sets; the number's own key in a design where it sets none."""
    parts = key.split(".")
    if path.parent.name == "design":
        return ".".join(part for part in parts[_AXES.get(parts[0], 0) :] if part != "<<")
    package = _PACKAGE.match(text)
    stem = package[1] if package else "" if path.parent == CONFIGS else path.parent.name
    return key if stem in ("", "_global_") else f"{stem}.{key}"


def shown(path: Path) -> str:
    return path.relative_to(CONFIGS).as_posix()


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_the_note_behind_every_number_names_the_role_that_a_program_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    faults = [
        f"{shown(path)}:{line}: {key}: the note says {role or 'no role'}, sim.roles says {wanted}"
        for key, _, line, _, _, role, *_ in notes_in(text)
        if role != (wanted := role_of(key_in(path, text, key)))
    ]
    assert not faults, "\n".join(faults)


def test_safeguards_whose_numbers_are_facts_are_those_that_a_text_as_adopted_or_own_law_has() -> None:
    adopted = load().reference
    named = {name for text in adopted.instruments.values() for name, force in text.safeguards.items() if force != "absent"}
    by_law = {name for name, safeguard in adopted.safeguards.items() if getattr(safeguard, "own_law", None) is not None}
    assert named | by_law == set(IN_A_TEXT_AS_ADOPTED)


@pytest.mark.parametrize(
    ("key", "role"),
    [
        ("review.rho", FACT),
        ("review.visible.fabricated", FACT),
        ("review.capacity", DESIGNED),
        ("review.load", DESIGNED),
        ("review.strength", LEVER),
        ("review.acuity", LEVER),
        ("conduct.appetite", FACT),
        ("conduct.attempts", LEVER),
        ("conduct.intent", FACT),
        ("offences.fraud.breadth.autocracy", FACT),
        ("safeguards.research_exempt.hours", LEVER),
        ("conduct.inflation.to_years", LEVER),
        ("instruments.hanoi.filing", FACT),
        ("instruments.hanoi.order", DESIGNED),
        ("instruments.hanoi.threshold_years", LEVER),
        ("instruments.mine.parties.base", LEVER),
        ("safeguards.judge.bar", FACT),
        ("safeguards.judge.order", DESIGNED),
        ("safeguards.panel.binding", LEVER),
        ("adaptation.requesters.pull", LEVER),
        ("states.treaties.density", FACT),
        ("states.override.TUR.skill", LEVER),
        ("states.override.signatories.breadth", LEVER),
        ("people.rows", DESIGNED),
        ("years", DESIGNED),
        ("analysis.frontier.gain", DESIGNED),
    ],
)
def test_a_key_has_the_role_of_the_longest_entry_that_it_lies_under(key: str, role: str) -> None:
    assert role_of(key) == role
    assert role in ROLES
