"""Plain names: what a reader calls a scenario, an arm or a safeguard, as its file says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from experiments.design.scenarios import NO_HEADERS, Header, headers_of
from experiments.letters import inked
from experiments.text import distinct, spoken


def arm_in_words(arm: str, headers: Mapping[str, Header] = NO_HEADERS) -> str:
    """An arm's name in words: several scenarios at once, or one that is written into every text.

    Each scenario goes by the plain name that its file says; one without goes by its own name.

    >>> arm_in_words("judge+total_secrecy@everywhere")
    'judge + total secrecy, in every text'
    """
    if arm in headers and headers[arm].called:
        return inked(headers[arm].called)
    scenarios, at, where = arm.partition("@")
    parts = [headers[part].called if part in headers else "" for part in scenarios.split("+")]
    told = " + ".join(name or spoken(part) for name, part in zip(parts, scenarios.split("+"), strict=True))
    return inked(told + f"{at}{spoken(where)}".replace("@everywhere", ", in every text"))


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Names of arms, policies or levers with the words that a figure shows for them.

    >>> plain_names(["own_lever"])
    {'own_lever': 'own lever'}
    """
    arms = distinct(names)
    known = headers_of(arms)
    return {arm: arm_in_words(arm, known) for arm in arms}
