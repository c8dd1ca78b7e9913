"""Which estimands there are: the unit of each, the ways to slice, which way is better, and why a run may lack one."""

from __future__ import annotations

from typing import Literal

from sim.world.estimand import WithOwn
from sim.world.vocabulary import FOLLOW_UP_MONTHS

UNITS = WithOwn(
    {
        "case_disclosure_rate": "fraction of latent abusive cases",
        "cross_border_disclosure_rate": "fraction of latent cross-border abusive cases",
        "domestic_share": "fraction of latent abusive cases",
        "domestic_rate": "fraction of latent domestic abusive cases",
        "realtime_rate": "fraction of latent abusive cases",
        "realtime_months": "person-months per 100 000 at risk a year",
        "legit_met_rate": "fraction of latent cross-border needs",
        "legit_met_in_full": "fraction of latent cross-border needs",
        "legit_usable_rate": "fraction of latent cross-border needs",
        "legit_realtime_rate": "fraction of latent cross-border needs",
        "targeted_rate": "people per 100 000 at risk a year",
        "targeted_people": "people a year",
        "targeted_rate_treaty": "people per 100 000 at risk a year",
        "ever_targeted": "people per 100 000 at risk in the window",
        "attempted_rate": "fraction of latent abusive cases",
        "deterred_share": "fraction of latent abusive cases",
        "preserved_only": "fraction of latent abusive cases",
        "silenced_share": "fraction of latent abusive cases",
        "disclosure_severity": "severity per 100 000 at risk a year",
        "displacement_rate": "fraction of cases no longer disclosed through the treaty",
        "legit_delay_days": "days from need to execution",
        "unanswered_share": "fraction of requests filed",
        "backlog_months": "months of capacity",
        "secondary_use_rate": "people per 100 000 at risk a year",
        "spyware_rate": "people per 100 000 at risk a year",
        "notified_share": "fraction of disclosed abusive cases",
        "chilling": "fraction of own baseline expression lost, mean over people",
        "abuse_share": "fraction of executed requests",
        "block_rate": "fraction of decided abusive requests",
        "false_refusal_rate": "fraction of decided legitimate requests",
    },
    "unit",
)


SLICES = (
    *("all", "group", "requester", "requested", "label", "kind", "data_class", "instrument", "channel", "regime"),
    *("pair", "group_pair", "group_regime", "group_sides", "conduct", "purpose", "quantile", "risk", "window_years", "year"),
)
"""Ways in which estimands are sliced."""


# Which way is better for people or for cooperation; None where a change alone says neither.
WANTED: WithOwn[Literal["up", "down"] | None] = WithOwn(
    {
        "case_disclosure_rate": "down",
        "cross_border_disclosure_rate": "down",
        "domestic_share": None,  # a fact of the demand
        "domestic_rate": "down",
        "realtime_rate": "down",
        "realtime_months": "down",
        "legit_met_rate": "up",
        "legit_met_in_full": "up",
        "legit_usable_rate": "up",
        "legit_realtime_rate": "up",
        "targeted_rate": "down",
        "targeted_people": "down",
        "targeted_rate_treaty": "down",
        "ever_targeted": "down",
        "attempted_rate": "down",
        "deterred_share": "up",  # of abusive wishes
        "preserved_only": None,  # data frozen, which is a harm, and not disclosed, which is one less
        "silenced_share": "down",  # nothing is disclosed of what nobody dares to say
        "disclosure_severity": "down",
        "displacement_rate": "down",
        "legit_delay_days": "down",
        "unanswered_share": "down",
        "backlog_months": "down",
        "secondary_use_rate": "down",
        "spyware_rate": "down",
        "notified_share": "up",
        "chilling": "down",
        "abuse_share": "down",
        "block_rate": "up",  # abusive requests refused
        "false_refusal_rate": "down",
    },
    "wanted",
)


# Estimands of how cooperation works: what protection may cost, and never protection itself.
COOPERATION_ESTIMANDS = (
    *("legit_met_rate", "legit_met_in_full", "legit_usable_rate", "legit_realtime_rate", "legit_delay_days"),
    *("unanswered_share", "backlog_months", "false_refusal_rate"),
)


FOLLOWED = (
    *("case_disclosure_rate", "cross_border_disclosure_rate", "attempted_rate", "preserved_only", "notified_share"),
    *("legit_met_rate", "legit_met_in_full", "legit_usable_rate", "legit_delay_days", "displacement_rate"),
    *("realtime_rate", "legit_realtime_rate"),
)
"""Estimands that count by case what happened within ``FOLLOW_UP_MONTHS`` of the wish; a shorter run-out cannot give them."""


OF_LISTENING = ("realtime_rate", "realtime_months", "legit_realtime_rate")
"""Estimands of data that are collected as they come."""


def absent_metrics(
    follow_up_months: int, loaded: bool, spyware: bool, silence: bool = False, listening: bool = True
) -> dict[str, str]:
    """Estimands that a run cannot give, and why.

    ``silence`` says whether people can fall silent at all, ``listening`` whether anybody may want data as they come.
    """
    absent = {"displacement_rate": "compares two runs: sim.metrics.displacement_rate"}
    if not silence:
        absent |= dict.fromkeys(("chilling", "silenced_share"), "people's expression is constant while nobody adapts")
    if not listening:
        absent |= dict.fromkeys(OF_LISTENING, "nobody wants data as they come (demand.realtime_share is 0)")
    if follow_up_months < FOLLOW_UP_MONTHS:
        reason = f"follow-up of {follow_up_months} months; the definition wants {FOLLOW_UP_MONTHS}"
        absent |= dict.fromkeys(FOLLOWED, reason)
    if not spyware:
        absent["spyware_rate"] = "the outside option is off (conduct.spyware is 0)"
    if not loaded:
        absent["backlog_months"] = "capacity is infinite (review.load is off)"
    return absent
