"""A group of people is one entry of the vocabulary and a full row of tables in the configuration."""

from __future__ import annotations

from functools import cache
from typing import get_args

import pytest

from sim.config import load
from sim.review.safeguard import Ground
from sim.settings import Config
from sim.world.vocabulary import GROUP_NAMES, GROUPS, Group

LISTED = {"minority", "dissident", "woman"}  # sex, race, language, religion, nationality, ethnic origin, political opinions
UNLISTED = {"journalist", "lgbtq", "researcher", "lawyer", "whistleblower"}


@cache
def config() -> Config:
    return load()


def test_the_vocabulary_names_every_group_once_and_in_one_order() -> None:
    assert get_args(Group) == GROUPS == tuple(GROUP_NAMES)
    for form in ([name.one for name in GROUP_NAMES.values()], [name.several for name in GROUP_NAMES.values()]):
        assert len(set(form)) == len(GROUPS)
        assert all(name.strip() == name and name for name in form)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_a_size_a_weight_offences_and_pretexts(group: Group) -> None:
    assert group in config().people.per_million
    assert config().demand.pursuit[group] > 0
    offences = config().offences.values()
    against = [offence.against[group] for offence in offences if offence.offence_class == "D"]
    assert sum(against) > 1
    assert sum(offence.pretext * offence.plausible[group] for offence in offences if offence.pretext > 0) > 0


@pytest.mark.parametrize("group", GROUPS)
def test_every_ground_says_how_far_it_covers_a_group(group: Group) -> None:
    """All of them, or nobody: a ground that reads no person, such as proportionality, has no such table."""
    grounds = {name: one for name, one in config().safeguards.items() if isinstance(one, Ground) and one.covers}
    assert len(grounds) >= 7
    assert [name for name, ground in grounds.items() if group not in ground.covers] == []


def test_nothing_but_a_group_stands_in_a_table_by_group() -> None:
    tables = [config().people.per_million, config().demand.pursuit, config().people.on_top, config().demand.same_sex_legal_factor]
    tables += [table for offence in config().offences.values() for table in (offence.against, offence.plausible)]
    assert all(set(table) <= set(GROUPS) for table in tables)


def test_article_40_22_covers_fully_whom_its_list_names_and_no_one_else() -> None:
    names = ("discrimination", "discrimination_extended", "prejudice", "prejudice_extended")
    covers = {name: config().safeguards[name].covers for name in names}  # type: ignore[attr-defined]
    for limb in ("discrimination", "discrimination_extended"):  # one clause, two limbs, one list
        assert covers[limb] == covers[limb.replace("discrimination", "prejudice")]
    assert set(GROUPS) == LISTED | UNLISTED
    assert all(covers["discrimination"][group] == 1 for group in LISTED)
    assert all(covers["discrimination"][group] < 1 for group in UNLISTED)
    assert all(covers["discrimination_extended"][group] >= covers["discrimination"][group] for group in GROUPS)


def test_a_group_is_there_where_anybody_is_in_it() -> None:
    assert load("people.per_million.lawyer=0").people.groups == tuple(
        group for group in config().people.groups if group != "lawyer"
    )
    assert load(*(f"people.per_million.{group}=1" for group in GROUPS)).people.groups == GROUPS
