"""Every scenario on file says what it asks, who asked it and what it should do; the catalogue of the manual says the same."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.analysis.movable import movable
from experiments.design.comparisons import arms_of
from experiments.design.designs import design_of
from experiments.design.scenarios import KINDS, NAME_LETTERS, NOT_SAID, Header, header_of, headers
from sim.config import load
from sim.metrics import UNITS
from sim.world.instruments import Instrument
from sim.world.leaves import leaves_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "configs" / "scenario"
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
CATALOGUE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
HEADLINES = ("case_disclosure_rate", "legit_met_rate")
BASELINE = "as_adopted"

IDENTITY = re.compile(r"(S\d\d[a-z]?), (what if .+\?)")
SENTENCE = re.compile(r"[A-Za-z].+[^. ]\.")
NOTE = re.compile(r"treaty\.md (?:4, S\d\d[a-z]?|\d[a-z]?)|prototype\.md \d(?:\.\d+)?|model description section \d")
PAGE = re.compile(r"\[([A-Z][\w-]*)\]")
MADE_OF = re.compile(r"`(\w+)`")
CHANGE = re.compile(r"`([\w.]+): ([^`]+)`")
SINGLES = (
    *("central_review_binding", "coverage_extended", "data_protection", "dual_criminality", "good_faith", "grave_harm"),
    *("harm_and", "judge", "necessity", "notice", "provider_pushback", "refuse_mandatory"),
)
CONTRADICTORY = ("grave_harm", "harm_and")  # two definitions of one word
SPELLED_OUT = ("coverage_extended", "refuse_mandatory")  # the files differ on the short list, and the pair means the long one


def header(name: str) -> Header:
    return header_of(FOLDER / f"{name}.yaml")


def identity(name: str) -> str:
    said = IDENTITY.fullmatch(header(name).question)
    assert said, f"{name}.yaml: wanted is '# Question: S.., what if ...?'"
    return said[1]


def body(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")) or {}


def parts(name: str) -> Iterator[str]:
    """The scenarios that a file is made of, itself included."""
    yield name
    for entry in body(name).get("defaults", []):
        yield from parts(entry)


def first_cells(page: str) -> set[str]:
    """Headings, and the first cell of every row of a table."""
    lines = page.splitlines()
    return {line.lstrip("# ") for line in lines if line.startswith("#")} | {
        line[2:].partition(" | ")[0] for line in lines if line.startswith("| ")
    }


KNOWN = first_cells(SOURCES)


def rows() -> dict[str, list[str]]:
    """Rows of the catalogue that stand for a file, by its name."""
    found = {}
    for line in CATALOGUE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 8 and (named := MADE_OF.fullmatch(cells[1])):
            assert named[1] not in found, f"{named[1]} stands twice in the catalogue"
            found[named[1]] = cells
    return found


ROWS = rows()


def full_key(key: str) -> str:
    """A change as the catalogue writes it, as a dotted key of the configuration."""
    first, *rest = key.split(".")
    if first in ("conduct", "states") or (first == "safeguards" and len(rest) > 1):  # a safeguard's own record
        return key
    return f"instruments.hanoi.{key}" if first in Instrument.model_fields else f"instruments.{key}"


@pytest.mark.parametrize("name", FILES)
def test_a_question_opens_with_its_number(name: str) -> None:
    assert identity(name)


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_its_kind_and_a_plain_name_that_is_not_the_files(name: str) -> None:
    said = header(name)
    assert said.kind in KINDS
    assert said.kind != NOT_SAID
    assert 0 < len(said.called) <= NAME_LETTERS
    assert said.called != name.replace("_", " ")


def test_no_two_scenarios_have_one_plain_name() -> None:
    named = [header(name).called.casefold() for name in FILES]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("name", FILES)
def test_what_is_expected_to_disclose_more_or_changes_conduct_is_no_safeguard(name: str) -> None:
    said = header(name)
    if said.kind in ("safeguard", "bundle"):
        assert said.direction.get("case_disclosure_rate") != "up"
        assert "conduct" not in body(name)


@pytest.mark.parametrize("name", FILES)
def test_who_is_bound_is_membership_or_a_control_and_nothing_else_is(name: str) -> None:
    texts = body(name).get("instruments", {})
    bound = any("parties" in text for text in texts.values())
    assert bound == (header(name).kind == "membership" or name == "democracies_out_placebo")


def test_what_is_made_of_others_is_a_bundle_and_its_parts_are_safeguards() -> None:
    made = [name for name in FILES if "defaults" in body(name)]
    assert made == [name for name in FILES if header(name).kind == "bundle"]
    assert {header(part).kind for name in made for part in parts(name) if part != name} == {"safeguard"}


def test_the_controls_are_the_baseline_and_the_placebo() -> None:
    assert [name for name in FILES if header(name).kind == "control"] == [BASELINE, "democracies_out_placebo"]


def test_every_number_stands_for_one_file() -> None:
    numbers = [identity(name) for name in FILES]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", FILES)
def test_motive_expectation_and_finding_are_whole_sentences(name: str) -> None:
    said = header(name)
    for sentence in (said.motive, said.expect, *([said.finding] if said.finding else [])):
        assert SENTENCE.fullmatch(sentence), sentence


@pytest.mark.parametrize("name", FILES)
def test_a_motive_cites_an_entry_of_the_page_of_sources(name: str) -> None:
    motive = header(name).motive
    notes, pages = NOTE.findall(motive), PAGE.findall(motive)
    assert notes, f"{name}.yaml: the motive cites no note"
    for note in notes:
        key, _, number = note.partition(", ")
        assert key in KNOWN, note
        if number:
            assert number == identity(name), f"{name}.yaml cites {number}"
            assert number in KNOWN or re.search(rf"\b{number}\b", variants()), number
    for page in pages:
        assert f"[{page}]" in KNOWN, page


def variants() -> str:
    """Numbers that the page of sources declares as variants of ours, ranges such as 'S05b to S05d' written out."""
    (line,) = re.findall(r"Variants under these numbers.*?\n\n", SOURCES, flags=re.DOTALL)
    for stem, low, high in re.findall(r"(S\d\d)([a-z]) to S\d\d([a-z])", line):
        line += " ".join(f" {stem}{chr(letter)}" for letter in range(ord(low), ord(high) + 1))
    return str(line)


@pytest.mark.parametrize("name", [name for name in FILES if name != BASELINE])
def test_a_direction_names_estimands_and_a_headline_unless_the_sum_is_open(name: str) -> None:
    said = header(name)
    assert set(said.direction) <= set(UNITS), set(said.direction) - set(UNITS)
    assert set(HEADLINES) & set(said.direction) or "is open" in said.expect


def test_the_baseline_expects_no_direction() -> None:
    assert header(BASELINE).direction == {}
    assert not body(BASELINE)


@pytest.mark.parametrize("name", FILES)
def test_what_moves_nothing_says_why_and_says_what_moves_instead(name: str) -> None:
    said = header(name)
    still = [metric for metric in HEADLINES if said.direction.get(metric) == "same"]
    if still:
        assert said.finding
        assert re.fullmatch(rf"no effect (by construction )?on {' and '.join(still)}, because .+\.", said.finding)
        assert {"up", "down"} & set(said.direction.values())
    elif said.finding:
        assert re.fullmatch(r".*\b(no effect of \w+ on|case_disclosure_rate|legit_met_rate)\b.*, because .+\.", said.finding)


def test_a_zero_by_construction_is_told_as_one_and_nothing_else_is() -> None:
    """What a scenario cannot move is no finding of the runs; a file says so just where the settings do."""
    base, faults = load(f"scenario={BASELINE}"), {}
    for name in FILES:
        said, moves = header(name), movable(load(f"scenario={name}"), base)
        assert moves is not None
        fixed = set(said.direction) - moves
        assert not {said.direction[metric] for metric in fixed} - {"same"}, f"{name} expects what it cannot move to move"
        if bool(fixed) != ("by construction" in (said.finding or "")):
            faults[name] = fixed
    assert not faults


@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_maps_only_but_for_the_scenarios_it_is_made_of(name: str) -> None:
    assert not [key for key, value in leaves_of(body(name)).items() if isinstance(value, list) and key != "defaults"]


@pytest.mark.parametrize("name", FILES)
def test_a_reform_is_written_into_the_treaty_alone(name: str) -> None:
    """What is done in all texts is `reforms=everywhere`, and never a file; but for silence, which is the states' own law."""
    texts = set(body(name).get("instruments", {}))
    everywhere = texts == set(load().instruments) and name == "total_secrecy"
    assert texts <= {"hanoi"} or everywhere or (texts == {"second_protocol"} and name == "second_protocol")


def test_no_two_parts_of_a_bundle_say_different_things_of_one_key() -> None:
    bundles = [name for name in FILES if "defaults" in body(name)]
    assert "reform_bundle" in bundles
    for name in bundles:
        said: dict[str, Any] = {}
        for part in parts(name):
            for key, value in leaves_of({k: v for k, v in body(part).items() if k != "defaults"}).items():
                assert said.setdefault(key, value) == value, f"{name}: {part} on {key}"


def test_the_bundle_is_made_of_what_the_catalogue_says() -> None:
    said = MADE_OF.findall(ROWS["reform_bundle"][5])
    assert set(said) == set(parts("reform_bundle")) - {"reform_bundle"}


def test_every_file_has_its_row_in_the_catalogue_and_every_row_its_file() -> None:
    assert set(ROWS) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_catalogue_gives_a_scenario_its_number(name: str) -> None:
    assert ROWS[name][0] == identity(name)


@pytest.mark.parametrize("name", FILES)
def test_the_catalogue_gives_a_scenario_its_kind_and_its_plain_name(name: str) -> None:
    assert ROWS[name][2:4] == [header(name).kind, header(name).called]


@pytest.mark.parametrize("name", [name for name in FILES if "defaults" not in body(name)])
def test_the_catalogue_tells_exactly_what_a_file_changes(name: str) -> None:
    told = {full_key(key): yaml.safe_load(value) for key, value in CHANGE.findall(ROWS[name][5])}
    assert told == leaves_of(body(name))


@pytest.mark.parametrize("name", FILES)
def test_the_catalogue_says_whether_a_mechanism_is_sourced(name: str) -> None:
    assert re.match(r"(source|assumption|both|as its parts)\b", ROWS[name][7]), ROWS[name][7]


def clashes(names: tuple[str, ...]) -> list[str]:
    """Keys of which two scenarios say different things."""
    maps: list[Mapping[str, Any]] = [leaves_of(body(name)) for name in names]
    return [key for one, other in combinations(maps, 2) for key in one.keys() & other.keys() if one[key] != other[key]]


UNCHANGED = "as_it_stands"  # the baseline as an arm of its own, against which a store of the design is read


def test_the_pairs_are_every_single_reform_and_every_pair_that_has_a_meaning() -> None:
    arms = design_of("pairs").arms
    assert arms.pop(UNCHANGED) == []
    pairs = [pair for pair in combinations(SINGLES, 2) if pair != CONTRADICTORY]
    assert set(arms) == {*SINGLES, *("+".join(pair) for pair in pairs)}
    assert all(arms[name] == [f"scenario={name}"] for name in SINGLES)
    for pair in pairs:
        if pair != SPELLED_OUT:
            assert arms["+".join(pair)] == [f"scenario=[{','.join(pair)}]"]


def test_no_pair_clashes_but_those_that_have_no_arm_of_their_own_files() -> None:
    assert [pair for pair in combinations(SINGLES, 2) if clashes(pair)] == [SPELLED_OUT, CONTRADICTORY]


def test_each_reform_of_the_text_stands_in_the_treaty_alone_and_in_all_texts() -> None:
    arms = design_of("everywhere").arms
    assert arms.pop(UNCHANGED) == []
    singles = [name for name in arms if "@" not in name]
    assert set(SINGLES) <= set(singles) <= set(FILES)
    assert arms == {
        f"{name}{where}": [f"scenario={name}", *(["reforms=everywhere"] if where else [])]
        for name in singles
        for where in ("", "@everywhere")
    }


@pytest.mark.slow
@pytest.mark.parametrize("design", ["pairs", "everywhere"])
def test_every_arm_of_a_design_composes_and_differs_from_its_baseline(design: str) -> None:
    for arm in arms_of(design, ()):
        assert (arm.config.digest() == arm.baseline_config.digest()) == (arm.name == UNCHANGED), arm.name


def test_the_longer_list_as_a_duty_is_stronger_than_either_of_its_parts() -> None:
    text = load(*design_of("pairs").arms["+".join(SPELLED_OUT)]).instruments["hanoi"]
    assert text.safeguards["discrimination_extended"] == text.safeguards["political_offence"] == "must"
    assert text.safeguards["discrimination"] == "absent"
    assert {name for name, stops in text.stops_preservation.items() if stops} >= {"discrimination_extended", "political_offence"}


def test_headers_are_read_for_every_file() -> None:
    assert sorted(headers()) == FILES
