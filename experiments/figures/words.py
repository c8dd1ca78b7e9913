"""What figures call estimands and groups of people."""

from __future__ import annotations

import textwrap

from experiments.text import spoken
from sim.world.vocabulary import GROUP_NAMES

_LETTERS = 12  # of a group's name on a line
GROUPS: dict[str, str] = {
    group: "\n".join(textwrap.wrap(name.short, _LETTERS, break_long_words=False)) for group, name in GROUP_NAMES.items()
}
"""Groups of people as rows and legends have them."""
METRICS = {
    "case_disclosure_rate": "abusive cases disclosed",
    "cross_border_disclosure_rate": "cross-border abusive cases disclosed",
    "legit_met_rate": "legitimate needs met",
    "legit_usable_rate": "usable evidence given",
    "legit_realtime_rate": "legitimate live collection",
    "domestic_rate": "domestic abusive cases disclosed",
    "realtime_rate": "abusive live collection",
    "realtime_months": "months of listening to people at risk",
    "targeted_people": "people disclosed",
    "targeted_rate": "people disclosed",
    "targeted_rate_treaty": "people disclosed by the treaty",
    "attempted_rate": "abusive cases filed",
    "deterred_share": "abusive cases deterred",
    "unanswered_share": "requests left unanswered",
    "secondary_use_rate": "people harmed by further use",
    "notified_share": "people ever told",
    "backlog_months": "backlog",
}


def named(estimand: str) -> str:
    """An estimand in words, with the group it is sliced by, if any.

    >>> named("targeted_rate journalist"), named("own_metric"), named("targeted_rate.group.lgbtq")
    ('people disclosed: journalists', 'own metric', 'people disclosed: LGBTQ people')
    """
    name, _, level = estimand.replace(".group.", " ").partition(" ")
    group = " ".join(GROUPS.get(level, spoken(level)).split())
    return METRICS.get(name, spoken(name)) + (f": {group}" if level else "")
