"""A name that means nothing is refused when the configuration is read: before a world is built, and wherever it stands."""

from __future__ import annotations

import pytest

from experiments.settings import asked_by
from sim.config import load
from sim.errors import nearest
from sim.review.spec import ReviewSpec
from sim.world.record import ConfigError

CODES = "accepted: ISO 3166-1 alpha-3 codes of the states table (AFG, AGO, "
LONGER = "safeguards.discrimination_extended"
LISTED = "instruments.hanoi.parties.base=listed"
STRANGERS = [  # overrides, what the line opens with, what it says is accepted
    (
        ("safeguards.discrimination_extended.habit=discrimnation",),
        "safeguards.discrimination_extended.habit: no safeguard",
        "null for",
    ),
    (("safeguards.discrimination.habit=discrimination_extended",), "safeguards.discrimination.habit: no safeguard", "null for"),
    (("safeguards.onward_transfer.habit=x",), "safeguards.onward_transfer.habit: no safeguard with a habit of its own", "null for"),
    (("safeguards.discrimination.look=dsek",), "safeguards.discrimination.look: no look is named 'dsek'; accepted: ", "desk"),
    (("+instruments.hanoi.safeguards.jugde=must",), "instruments.hanoi.safeguards: no safeguard is named 'jugde'", "judge"),
    (("+instruments.hanoi.stops_preservation.x=true",), "instruments.hanoi.stops_preservation: no safeguard is named 'x'", "judge"),
    (("+instruments.hanoi.adds.fake_news=true",), "instruments.hanoi.adds: no offence is named 'fake_news'", "false_news"),
    (("+offences.insult.broader.treson=1",), "offences.insult.broader: no offence is named 'treson'", "extremism"),
    (("+adaptation.legislatures.protocol_adds.x=true",), "adaptation.legislatures.protocol_adds: found 'x'", "extremism"),
    (("+adaptation.legislatures.new_laws_on.fraud=0.1",), "adaptation.legislatures.new_laws_on: found 'fraud'", "assembly"),
    (("adaptation.members.text=hanio",), "adaptation.members.text: found 'hanio'; accepted: ", "a text that is not"),
    (("+states.hosting.platforms.Afrika={USA:1.0}",), "states.hosting.platforms: no region is named 'Afrika'", "Africa, Americas"),
    (("+figures.forrest.dpi=120",), "figures.forrest: no figure is named 'forrest'; accepted: ", "fates"),
    (("+figures.fates.largest=3",), "figures.fates.largest: no such key", "title, width_inches"),
    (("+analysis.robust.seed=1",), "analysis.robust: no analysis is named 'robust'", "robustness"),
]
PLACES_OF_STATES = [
    *(
        "instruments.hanoi.parties.extra.{}=true",
        "instruments.hanoi.parties.without.{}=true",
        "adaptation.members.ratified.{}=true",
    ),
    *(
        "states.hosting.home.{}=0.1",
        "states.hosting.factor.{}=1.0",
        "states.hosting.platforms.Europe.{}=0.1",
        "states.online_pct.{}=1.0",
    ),
    *("demand.observed_not.{}=true", "demand.direct.at_home.{}=true"),
    *(f"states.transfers.{name}.{{}}=true" for name in ("directive", "adequate", "adequate_by_proxy")),
    *("states.transfers.own.{}=0.5", "review.firm_notice.factor.{}=0.5", "review.firm_notice.gag_months_of.{}=6"),
]
NO_CODES = ("XX", "usa", "ZZZ", "Germany", "USA-GBR")


def refusal(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        asked_by(*overrides)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 600
    return line


@pytest.mark.parametrize(("overrides", "opens", "accepted"), STRANGERS, ids=[" ".join(case[0]) for case in STRANGERS])
def test_an_unknown_name_is_refused_with_those_that_are_known(overrides: tuple[str, ...], opens: str, accepted: str) -> None:
    line = refusal(*overrides)
    assert line.startswith(opens)
    assert accepted in line.partition("accepted: ")[2]


@pytest.mark.parametrize("code", NO_CODES)
@pytest.mark.parametrize("place", PLACES_OF_STATES)
def test_the_code_of_a_state_is_checked_wherever_it_stands(place: str, code: str) -> None:
    line = refusal(f"+{place.format(code)}")
    assert line.startswith(f"{place.partition('.{}')[0]}: no state has the code {code!r}")
    assert CODES in line
    assert ("did you mean 'USA'?" in line) is (code == "usa")


@pytest.mark.parametrize("code", NO_CODES)
def test_the_codes_of_sure_parties_and_of_pairs_are_checked_too(code: str) -> None:
    sure = refusal(f"instruments.hanoi.parties.draw={{count:40,liberal_slope:0.0,sure:{{{code}:true}}}}")
    assert sure.startswith(f"instruments.hanoi.parties.draw.sure: no state has the code {code!r}")
    if "-" not in code:  # USA-GBR is a pair
        assert refusal(LISTED, f"+instruments.hanoi.parties.pairs.{code}=true").startswith(
            "instruments.hanoi.parties.pairs: found "
        )
        pair = refusal(LISTED, f"+instruments.hanoi.parties.pairs.{code}-USA=true")
        assert pair.startswith(f"instruments.hanoi.parties.pairs: no state has the code {code!r}")


def test_names_that_are_known_are_taken() -> None:
    load(LISTED, "+instruments.hanoi.parties.pairs.GBR-USA=true", "+demand.observed_not.FRA=true", "+states.hosting.factor.IRL=0.5")
    made_up = load("states=synthetic", "states.synthetic.count=30", "+instruments.hanoi.parties.extra.ABD=true")
    assert made_up.instruments["hanoi"].parties.extra == {"ABD": True}
    assert "'ABE'" in refusal("states=synthetic", "states.synthetic.count=30", "+instruments.hanoi.parties.extra.ABE=true")


def test_a_habit_is_null_its_own_or_that_of_a_safeguard_that_has_its_own() -> None:
    for habit in ("null", "discrimination", "discrimination_extended", "judge"):
        load(f"safeguards.discrimination_extended.habit={habit}")


def test_the_nearest_name_is_found_whatever_its_case_and_never_for_a_text_of_great_length() -> None:
    assert nearest("JUDGE", ["judge", "desk"]) == "judge"
    assert nearest("x" * 100_000, ["judge", "desk"]) is None
    assert nearest("judge", []) is None


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("demand.legitimate=1e7", "demand.legitimate"),
        ("demand.direct.growth=1.0", "demand.direct.most_per_million"),
        ("~offences.fraud.penalties.crime_share.democracy", "offences.fraud.penalties.crime_share.democracy"),
        ("~instruments.hanoi.reaches.A", "instruments.hanoi.reaches.A"),
        ("~metrics.severity.content", "metrics.severity.content"),
        ("demand.abusive_wants={content:0.0}", "demand.abusive_wants"),
        ("review.rho=true", "review.rho"),
        ("review.prior_at_zero=0.0", "review.prior_at_zero"),
        ("demand.spread=1e30", "demand.spread"),
        ("figures.fates.dpi=100000", "figures.fates.dpi"),
    ],
)
def test_what_could_not_be_run_is_refused_when_it_is_read(override: str, key: str) -> None:
    assert refusal(override).startswith(f"{key}: found ")


@pytest.mark.parametrize("found", ["04", "/", ""])
def test_safeguards_that_are_no_map_are_a_mistake_and_no_defect(found: str) -> None:
    with pytest.raises(ConfigError, match=r"^safeguards: found .*; accepted: a map of safeguards by name$"):
        load(f"safeguards='{found}'")


@pytest.mark.parametrize("override", ["people=${missing}", "engine=${nope:1}", "adaptation=${oc.env:NOTHING_OF_THE_KIND}"])
def test_what_refers_to_nothing_names_its_key(override: str) -> None:
    key, _, value = override.partition("=")
    with pytest.raises(ConfigError) as told:
        load(override)
    assert str(told.value).startswith(f"{key}: found {value}, which refers to what is not there")


def test_an_unknown_key_is_told_briefly_and_asked_back() -> None:
    with pytest.raises(ConfigError) as told:
        load("+review.c_stricts=1")
    assert str(told.value).endswith(f"({len(ReviewSpec.model_fields)} in all); did you mean 'c_strict'?")
    assert len(str(told.value)) < 600
