"""What every setting of a policy can move while nobody adapts; what a setting cannot move is zero by construction.

A zero that follows from how the model is made confirms no prediction: nobody could have found anything else. So each setting says
here which estimands it can move, some only where the texts leave room for it. A setting that is not named can move every one that
any policy can. Forces and numbers of safeguards say it themselves (``MOVES`` of their modules), unless the safeguard is nowhere in
force. Each declaration is judged by ``tests/invariants/test_moving.py``: nothing else moves by a bit, and what may move does
somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from sim.world.leaves import Plain, changed_leaves

Moves = frozenset[str] | None
"""Estimands that a setting can move; None stands for all that any policy can."""
EVERYTHING: Moves = None
NOTHING: frozenset[str] = frozenset()
AT_HOME = frozenset({"domestic_rate"})
"""Estimands of a state's own cases: Chapter IV alone moves them, and no rule of cooperation."""
OF_DEMAND = frozenset({"domestic_share"})
"""Estimands of the latent cases alone: facts of a world and its luck, which no policy can move, whoever adapts."""

_FORCE = re.compile(r"instruments\.[^.]+\.safeguards\.([^.]+)")
_DISPLACED = re.compile(r"instruments\.[^.]+\.displaces\.([^.]+)")
_OWN_NUMBER = re.compile(r"safeguards\.([^.]+)\..+")
_ABSENT = "absent"
_READ_NO_HARM = ("penalty", "grave", "penalty_and_grave")
_READ_NO_PENALTY = ("harm", "grave")
_CONDITION = "declined"  # the number of a ground that reads the gap between a law on transfers and a receiver's protection
_OF_A_REMEDY = re.compile(r"safeguards\.person\.(?:bar|insight|contests|contest_days)")
NARROWS = "narrow_margin"  # the number of a look that is a judge (``sim.review.judge``)
_HOME = re.compile(
    r"instruments\.[^.]+\.(?:parties\..+|powers|from_start)|dials\.lists\..+|dials\.override\.[^.]+\.(?:judicial|uptake|fidelity|strength)"
    r"|review\.(?:strength|uptake_max|fidelity_floor|trait_share)"
)
_CARE_OF = re.compile(r"safeguards\.([^.]+)\.(?:certain|kind|own_law)")
_TELLS = "tip_off"  # the number of a look that tells the person before disclosure (``sim.review.safeguard``)


class Declared(NamedTuple):
    """What the settings of some keys can move, where a condition holds on both sides of a comparison."""

    keys: str  # pattern of the whole dotted key; its one group, if any, is the text's name
    moves: frozenset[str]
    where: Callable[[Plain, str], bool]  # of the policy in plain values and that name


def always(policy: Plain, text: str) -> bool:
    """Under every policy."""
    return True


def binds_nobody(policy: Plain, text: str) -> bool:
    """Whether a text binds no state at all."""
    parties = policy["instruments"][text]["parties"]
    return parties["base"] == "none" and not any(parties["extra"].values())


def no_firm_tells(policy: Plain, text: str) -> bool:
    """Whether firms tell no user of an order."""
    return bool(policy["review"]["firm_notice"]["share"] == 0)


def keeps_silence(policy: Plain, text: str) -> bool:
    """Whether nobody is ever told of a request under a text."""
    return bool(policy["instruments"][text]["secrecy"] == "always")


def tells_nobody(policy: Plain, text: str) -> bool:
    """Whether nobody tells the person before disclosure of a request under a text.

    No look that tells stands in it or is added to it by a state's own law, and no firm tells.
    """
    if not no_firm_tells(policy, text):
        return False
    tells = [name for name, safeguard in policy["safeguards"].items() if _TELLS in safeguard]
    return not any(_stands(policy, text, name) or _added(policy, text, name) for name in tells)


def listens_not(policy: Plain, text: str) -> bool:
    """Whether a text has no collection of data as they come."""
    return bool(policy["instruments"][text]["realtime"] == "absent")


def weighs_nothing(policy: Plain, text: str) -> bool:
    """Whether a text asks of no class of offences that the crime be serious."""
    return "serious" not in policy["instruments"][text]["reaches"].values()


def reads_no_harm(policy: Plain, text: str) -> bool:
    """Whether a text's test of seriousness leaves the scale of harm unread."""
    return policy["instruments"][text]["seriousness"] in _READ_NO_HARM


def reads_no_penalty(policy: Plain, text: str) -> bool:
    """Whether a text's test of seriousness leaves penalties unread."""
    return policy["instruments"][text]["seriousness"] in _READ_NO_PENALTY


def asks_once(policy: Plain, text: str) -> bool:
    """Whether nobody files twice in a case."""
    return bool(policy["conduct"]["attempts"] == 1)


def has_no_load(policy: Plain, text: str) -> bool:
    """Whether authorities have endless hours."""
    return not policy["review"]["load"]


def reads_no_gap(policy: Plain, text: str) -> bool:
    """Whether no safeguard in force reads what a law on transfers wants: those that set a condition do."""
    return not any(_CONDITION in safeguard and _in_force(policy, name) for name, safeguard in policy["safeguards"].items())


def lists_nobody(policy: Plain, text: str) -> bool:
    """Whether no dial is for a named list."""
    dials = policy["dials"]
    return not dials["lists"].keys() & dials["override"].keys()


def no_spyware(policy: Plain, text: str) -> bool:
    """Whether there is no way outside all law."""
    return bool(policy["conduct"]["spyware"] == 0)


def without(share: str) -> Callable[[Plain, str], bool]:
    """Whether nobody takes a side way, by its share in ``conduct``."""
    return lambda policy, text: bool(policy["conduct"][share] == 0)


_LIVE = frozenset({"realtime_rate", "realtime_months", "legit_realtime_rate", "disclosure_severity"})
_TEXT = r"instruments\.([^.]+)\."
DECLARED = (
    Declared(_TEXT + r"(?!parties\b).+", NOTHING, binds_nobody),
    Declared(_TEXT + "secrecy", frozenset({"notified_share"}), tells_nobody),
    Declared(_TEXT + "gag_months_most", NOTHING, no_firm_tells),
    Declared(_TEXT + "gag_months_most", NOTHING, keeps_silence),
    Declared(_TEXT + r"realtime(?:_if\..+)?", _LIVE, always),
    Declared(_TEXT + r"realtime_if\..+", NOTHING, listens_not),
    Declared(_TEXT + "powers", _LIVE | AT_HOME, always),
    Declared(_TEXT + "threshold_years", NOTHING, reads_no_penalty),
    Declared(_TEXT + "harm_floor", NOTHING, reads_no_harm),
    Declared(_TEXT + "(?:threshold_years|harm_floor|seriousness)", NOTHING, weighs_nothing),
    Declared(r"conduct\.spyware(?:_states)?", frozenset({"spyware_rate"}), always),
    Declared(r"conduct\.spyware_states", NOTHING, no_spyware),
    Declared(r"conduct\.retry_days", NOTHING, asks_once),
    Declared(r"review\.(?:misuse|onward)_chance", frozenset({"secondary_use_rate"}), always),
    Declared(r"review\.usable\..+", frozenset({"legit_usable_rate"}), always),
    Declared(r"review\.realtime_months", frozenset({"realtime_months"}), always),
    Declared(r"review\.domestic_notice", frozenset({"notified_share"}), always),
    Declared(r"review\.firm_notice\.(?!share$).+", NOTHING, no_firm_tells),
    Declared(r"review\.(?:effort_power|effort_floor|comfortable_months)", NOTHING, has_no_load),
    Declared(r"review\.(?:police_days|police_answered)", NOTHING, without("police_share")),
    Declared(r"review\.direct_days", NOTHING, without("direct_share")),
    Declared(r"review\.spontaneous_days", NOTHING, without("spontaneous_most")),
    Declared(
        r"review\.preservation_(?:days|renewed|effort|delay)|instruments\.[^.]+\.stops_preservation\..+",
        NOTHING,
        without("preservation_share"),
    ),
    Declared(r"dials\.override\.[^.]+\.transfer_protection", frozenset({"secondary_use_rate"}), reads_no_gap),
    Declared(r"dials\.override\.[^.]+\.hours", NOTHING, has_no_load),
    Declared(r"dials\.lists\..+", NOTHING, lists_nobody),
    Declared(r"adaptation\..+", NOTHING, always),  # nobody adapts: only numbers can differ
)


def moved_by(before: Plain, after: Plain, of_safeguards: Mapping[str, Moves]) -> Moves:
    """Estimands that can differ between two policies in plain values while nobody adapts under either.

    ``of_safeguards`` holds the ``MOVES`` of each safeguard that both policies know.
    """
    return union(
        moved_by_setting(key, before, after, of_safeguards)
        for key, (old, new) in changed_leaves(before, after).items()
        if not (old is None and new is None)  # a dial that leaves a state its own, where there was no dial
        and not (_FORCE.fullmatch(key) and (old or _ABSENT) == (new or _ABSENT))
    )


def moves_at_home(before: Plain, after: Plain) -> bool:
    """Whether two policies in plain values differ in what decides a state's own cases: powers, parties, the judge's force."""
    for key, (old, new) in changed_leaves(before, after).items():
        of_judge = (found := _FORCE.fullmatch(key) or _CARE_OF.fullmatch(key)) and any(
            NARROWS in side["safeguards"].get(found[1], {}) for side in (before, after)
        )
        if not (old is None and new is None) and (of_judge or _HOME.fullmatch(key)):
            return True
    return False


def moved_by_setting(key: str, before: Plain, after: Plain, of_safeguards: Mapping[str, Moves]) -> Moves:
    """Estimands that one setting, by its dotted key, can move between two policies."""
    told = [
        declared.moves
        for declared in DECLARED
        if (found := re.fullmatch(declared.keys, key)) and all(_holds(declared, side, found) for side in (before, after))
    ]
    displaced = _DISPLACED.fullmatch(key)
    if said := displaced or _FORCE.fullmatch(key) or _OWN_NUMBER.fullmatch(key):
        moves, acts = of_safeguards.get(said[1]), _own_law if displaced else _in_force
        alive = any(acts(side, said[1]) for side in (before, after))
        remedies = _OF_A_REMEDY.fullmatch(key) and not all(no_firm_tells(side, "") for side in (before, after))
        if said[1] in of_safeguards and not alive and not remedies:
            moves = NOTHING
        told += [] if moves is None else [moves]
    return frozenset.intersection(*told) if told else EVERYTHING


def _holds(declared: Declared, policy: Plain, found: re.Match[str]) -> bool:
    """Whether the condition of a declaration holds under a policy; never of a text that the policy does not have."""
    name = found[1] if found.re.groups else ""
    return (not name or name in policy["instruments"]) and declared.where(policy, name)


def _in_force(policy: Plain, safeguard: str) -> bool:
    """Whether any text that binds somebody says more of a safeguard than that it is absent, or leaves it to a state's own law."""
    texts = [text for text in policy["instruments"] if not binds_nobody(policy, text)]
    return any(_stands(policy, text, safeguard) or _added(policy, text, safeguard) for text in texts)


def _stands(policy: Plain, text: str, safeguard: str) -> bool:
    """Whether a text says more of a safeguard than that it is absent."""
    return bool(policy["instruments"][text]["safeguards"].get(safeguard, _ABSENT) != _ABSENT)


def _added(policy: Plain, text: str, safeguard: str) -> bool:
    """Whether a state's own law may add a safeguard to a text."""
    return _own_law(policy, safeguard) and not policy["instruments"][text].get("displaces", {}).get(safeguard, False)


def _own_law(policy: Plain, safeguard: str) -> bool:
    """Whether a safeguard is in force where a state's own law has it, whatever the text."""
    return policy["safeguards"].get(safeguard, {}).get("own_law") is not None


def union(parts: Iterable[Moves]) -> Moves:
    """All that any of the parts can move.

    >>> sorted(union([frozenset({"a"}), frozenset({"b"})])), union([frozenset({"a"}), EVERYTHING])
    (['a', 'b'], None)
    """
    found: set[str] = set()
    for part in parts:
        if part is None:
            return EVERYTHING
        found |= part
    return frozenset(found)
