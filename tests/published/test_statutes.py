"""What statutes and signatures say is what the model's law says."""

import numpy as np
import pandas as pd
import pytest

from sim.config import load
from sim.draws import Draws
from sim.settings import Config
from sim.simulation import world_of
from sim.sources.tables import read_penalties, read_states
from sim.world.instruments import COVERED, OUTSIDE, TOO_LIGHT, instrument_names, law_in_force
from sim.world.snapshot import World

SMALL = ("people.rows=500", "demand.legitimate=100", "years=1")
SEEDS = (1, 2, 3)
SIGNATORIES = """DZA AGO AUS AUT AZE BLR BEL BRA BRN BFA KHM CHL CHN COD CRI CIV CUB CZE PRK DJI DOM ECU EGY FRA GHA GRC
GNB IRN IRL JAM KAZ LAO LBY LUX MDV MYS MLI MAR MUS MOZ NAM NRU NIC NGA PLW PNG PER PHL POL PRT QAT RUS RWA SAU SVK SVN
ESP LKA SWE TZA THA TGO TUR UGA GBR URY UZB VEN VNM ZAF ZWE"""  # of the Convention by November 2025, UN depositary

KNOWN = [  # state, offence, years: the statute as cited in penalties.csv
    ("TUR", "insult", 4.0),  # Criminal Code art. 299: one to four years
    ("THA", "insult", 15.0),  # Criminal Code s. 112: three to fifteen years a count
    ("DEU", "illegal_access", 3.0),  # Criminal Code s. 202a
    ("DEU", "data_interference", 2.0),  # Criminal Code s. 303a
    ("GBR", "illegal_access", 2.0),  # Computer Misuse Act s. 1
    ("USA", "illegal_access", 1.0),  # 18 USC 1030, simple access
    ("RUS", "false_news", 15.0),  # Criminal Code art. 207.3
    ("VNM", "extremism", 20.0),  # Penal Code art. 117
    ("PAK", "blasphemy", 60.0),  # Penal Code s. 295-C, death
    ("UGA", "same_sex_conduct", 60.0),  # Anti-Homosexuality Act 2023, death
    ("NGA", "same_sex_conduct", 14.0),
    ("NGA", "false_news", 3.0),  # Cybercrimes Act s. 24(1)
]


@pytest.fixture(scope="module")
def config() -> Config:
    return load(*SMALL)


@pytest.fixture(scope="module")
def worlds(config: Config) -> list[World]:
    return [world_of(config, seed) for seed in SEEDS]


def reach(config: Config, world: World, instrument: str, code: str, offence: str, **changed: object) -> int:
    """0 covered, 1 outside, 2 too light: how a text takes a label of a requester."""
    texts = dict(config.instruments)
    texts[instrument] = texts[instrument].model_copy(update=changed)
    law = law_in_force(texts, world.states, world.offences, Draws(1))
    place = instrument_names(texts).index(instrument), world.states.codes.index(code), world.offences.names.index(offence)
    return int(law.reach[place])


@pytest.mark.parametrize(("code", "offence", "years"), KNOWN)
def test_a_known_maximum_is_the_statute_s_in_every_world(worlds: list[World], code: str, offence: str, years: float) -> None:
    for world in worlds:
        place = world.states.codes.index(code), world.offences.names.index(offence)
        assert world.states.penalties[place] == years
        assert world.states.penalty_known[place]


def test_every_row_of_the_table_reaches_every_world(worlds: list[World]) -> None:
    table = read_penalties()
    for world in worlds:
        assert int(world.states.penalty_known.sum()) == len(table)
        for row in table.itertuples(index=False):
            place = world.states.codes.index(str(row.code)), world.offences.names.index(str(row.offence))
            assert world.states.penalties[place] == row.max_years


@pytest.mark.parametrize(
    ("code", "offence", "line", "expected"),
    [
        ("TUR", "insult", 4.0, COVERED),  # "at least four years" (Art 2(h)): exactly four is serious
        ("TUR", "insult", np.nextafter(4.0, 5.0), TOO_LIGHT),  # "more than four" would free it
        ("THA", "insult", 4.0, COVERED),
        ("THA", "insult", 15.0, COVERED),
        ("THA", "insult", 16.0, TOO_LIGHT),
        ("NIC", "false_news", 4.0, COVERED),
        ("PAK", "false_news", 4.0, TOO_LIGHT),
        ("NGA", "false_news", 4.0, TOO_LIGHT),  # three years
        ("NGA", "defamation", 4.0, COVERED),  # five years, by the limb on threats
        ("NGA", "extortion", 4.0, COVERED),
        ("DEU", "insult", 4.0, TOO_LIGHT),
        ("DEU", "defamation", 4.0, COVERED),
        ("IND", "extremism", 30.0, COVERED),  # life
    ],
)
def test_the_four_year_gate_reads_the_requester_s_own_law(
    config: Config, worlds: list[World], code: str, offence: str, line: float, expected: int
) -> None:
    for world in worlds:
        assert reach(config, world, "hanoi", code, offence, threshold_years=line) == expected


def test_two_years_are_not_serious(config: Config, worlds: list[World]) -> None:
    """As insulting the nation, Criminal Code of Turkey art. 301; here a law of two years for the same label."""
    for world in worlds:
        penalties = world.states.penalties.copy()
        penalties[world.states.codes.index("TUR"), world.offences.names.index("insult")] = 2.0
        lighter = type(world.states)(**{**vars(world.states), "penalties": penalties})
        law = law_in_force(config.instruments, lighter, world.offences, Draws(1))
        place = lighter.codes.index("TUR"), world.offences.names.index("insult")
        assert law.reach[instrument_names(config.instruments).index("hanoi")][place] == TOO_LIGHT
        assert law.reach[instrument_names(config.instruments).index("mlat")][place] == COVERED  # one year is enough there


@pytest.mark.parametrize(("code", "offence"), [("DEU", "illegal_access"), ("USA", "illegal_access"), ("DEU", "data_interference")])
def test_an_offence_of_the_convention_is_within_it_at_any_penalty(
    config: Config, worlds: list[World], code: str, offence: str
) -> None:
    for world in worlds:
        assert world.states.penalties[world.states.codes.index(code), world.offences.names.index(offence)] < 4
        assert reach(config, world, "hanoi", code, offence) == COVERED
        assert reach(config, world, "hanoi", code, offence, threshold_years=60.0) == COVERED


def test_the_convention_s_own_offences_are_those_of_articles_7_to_17(config: Config) -> None:
    articles = {offence.article for offence in config.offences.values() if offence.offence_class in "AB"}
    assert articles == {str(article) for article in range(7, 18)}
    assert {offence.article for offence in config.offences.values() if offence.offence_class in "CD"} == {None}


def test_the_text_as_adopted_says_what_its_articles_say(config: Config) -> None:
    hanoi, budapest = config.instruments["hanoi"], config.instruments["budapest"]
    assert hanoi.threshold_years == 4.0  # Art 2(h)
    assert hanoi.seriousness == "penalty"
    assert {name: hanoi.safeguards[name] for name in ("discrimination", "dual_criminality", "ordre_public", "own_law")} == {
        "discrimination": "may",  # Art 40(22)
        "dual_criminality": "may",  # Art 40(8)
        "ordre_public": "may",  # Art 40(21)(b)
        "own_law": "may",  # Art 40(21)(c)
    }
    assert hanoi.safeguards["political_offence"] == "absent"
    assert budapest.safeguards["political_offence"] == "may"  # Art 27(4)(a)
    assert hanoi.side_doors.preservation  # Art 42
    assert hanoi.side_doors.emergency  # Art 41
    assert not hanoi.from_start


def test_journalism_and_orientation_are_not_on_the_list_of_article_40_22(config: Config) -> None:
    covers = config.safeguards["discrimination"].covers
    assert covers["minority"] == covers["dissident"] == 1.0
    assert max(covers["journalist"], covers["lgbtq"], covers["researcher"]) < 1.0


def bound(config: Config, world: World) -> set[str]:
    """States between which the treaty is in force in the window."""
    law = law_in_force(config.instruments, world.states, world.offences, Draws(1))
    pairs = law.after[instrument_names(config.instruments).index("hanoi")]
    return {code for code, any_pair in zip(world.states.codes, pairs.any(axis=1), strict=True) if any_pair}


def test_the_71_signatories_and_canada_are_bound(config: Config, worlds: list[World]) -> None:
    wanted = {*SIGNATORIES.split(), "CAN"}
    assert len(wanted) == 72
    assert bound(config, worlds[0]) == wanted


def test_the_united_states_and_germany_are_not_bound(config: Config, worlds: list[World]) -> None:
    assert not {"USA", "DEU", "IND", "JPN", "KEN"} & bound(config, worlds[0])


def test_the_treaty_binds_nobody_before_the_window(config: Config, worlds: list[World]) -> None:
    law = law_in_force(config.instruments, worlds[0].states, worlds[0].offences, Draws(1))
    hanoi = instrument_names(config.instruments).index("hanoi")
    assert not law.before[hanoi].any()
    assert int(law.after[hanoi].sum()) == 72 * 71
    assert not np.trace(law.after[hanoi])


def test_without_the_treaty_nobody_is_bound(worlds: list[World]) -> None:
    assert bound(load(*SMALL, "scenario=no_treaty"), worlds[0]) == set()


def test_the_treaties_of_the_united_states_are_those_of_the_table(worlds: list[World]) -> None:
    known = read_states()["us_mlat"]
    for world in worlds:
        row = world.states.codes.index("USA")
        for treaties in (world.states.mlat[row], world.states.mlat[:, row]):
            assert {code for code, has in zip(world.states.codes, treaties, strict=True) if has} == set(known.index[known == 1])


def test_the_convention_of_1959_binds_every_pair_of_the_council_of_europe(worlds: list[World]) -> None:
    states = read_states()
    for world in worlds:
        member = states.loc[list(world.states.codes), "coe_member"].to_numpy() == 1
        pairs = world.states.mlat[np.ix_(member, member)]
        assert pairs.sum() == member.sum() * (member.sum() - 1)


def test_same_sex_conduct_is_a_crime_where_ilga_says_so(worlds: list[World]) -> None:
    states = read_states()
    for world in worlds:
        punished = ~np.isnan(world.states.penalties[:, world.offences.names.index("same_sex_conduct")])
        listed = states.loc[list(world.states.codes), "samesex_criminalised"].to_numpy() == 1
        assert np.array_equal(punished, listed)


def test_outside_is_not_too_light(config: Config, worlds: list[World]) -> None:
    narrow = {**config.instruments["hanoi"].reaches, "D": "never"}
    assert reach(config, worlds[0], "hanoi", "THA", "insult", reaches=narrow) == OUTSIDE
    assert isinstance(read_penalties(), pd.DataFrame)
