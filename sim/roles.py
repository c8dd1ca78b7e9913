"""What a key of the configuration stands for: a fact of the world, a lever of a reform, or the design of an experiment.

A *fact* is unknown, and true in every scenario alike: drawn or overridden it reaches the run-in, the load from which capacity is
set, and the baseline. A *lever* is what a reform changes: it reaches the scenario alone, from the window's first day. A *design*
key says how an experiment is run, holds for an arm and its baseline alike, and is never drawn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

Role = Literal["fact", "lever", "design"]
FACT: Final = "fact"
LEVER: Final = "lever"
DESIGNED: Final = "design"
ROLES: tuple[Role, ...] = (FACT, LEVER, DESIGNED)

IN_A_TEXT_AS_ADOPTED = (
    *("desk", "discrimination", "dual_criminality", "form", "goodwill", "human_rights", "judge", "onward_transfer"),
    *("person", "prejudice", "transfer_law"),
    *("ordre_public", "own_law", "political_offence", "proportionality", "scope", "seriousness", "use_limitation"),
)
"""Safeguards that a text names as it was adopted, or that own law has: how they work is a fact. All others are made by a reform."""

REMEDY = ("bar", "insight", "contests", "contest_days")
"""Numbers of the person's look that hold for whoever is told by a firm too, and so under every text."""

_ANY = "*"
_TABLE: dict[str, Role] = {
    # the world and what happens in it
    "states": FACT,
    "states.override": LEVER,
    "states.lists": LEVER,
    "states.source": DESIGNED,
    "states.table": DESIGNED,
    "states.penalty_table": DESIGNED,
    "states.synthetic.count": DESIGNED,
    "people": FACT,
    "people.rows": DESIGNED,
    "demand": FACT,
    "offences": FACT,
    # how authorities read; capacity and load say how an experiment treats their hours
    "review": FACT,
    "review.load": DESIGNED,
    "review.capacity": DESIGNED,
    "review.strength": LEVER,
    "review.acuity": LEVER,
    # how requesters ask: what they are used to is a fact, what a scenario makes them do is not
    "conduct": FACT,
    "conduct.attempts": LEVER,
    "conduct.retry_days": LEVER,
    "conduct.fall_through": LEVER,
    "conduct.legal_basis": LEVER,
    "conduct.inflation": LEVER,
    "conduct.spyware": LEVER,
    "conduct.spyware_states": LEVER,
    "conduct.file_everything": LEVER,
    "adaptation": LEVER,
    # what changes within the window, whatever it is
    "shock": LEVER,
    # the words of a text are levers; how it is used, how fast it works and whether it binds already are facts
    "instruments": LEVER,
    "instruments.*.filing": FACT,
    "instruments.*.delay_factor": FACT,
    "instruments.*.from_start": FACT,
    "instruments.*.order": DESIGNED,
    # how a safeguard works
    "safeguards": LEVER,
    **{f"safeguards.{name}": FACT for name in IN_A_TEXT_AS_ADOPTED},
    **{f"safeguards.person.{name}": FACT for name in REMEDY},
    "safeguards.*.order": DESIGNED,
    # choices among files
    "scenario": LEVER,
    "reforms": LEVER,
    "definition": LEVER,
    "offence": FACT,
    "instrument": LEVER,
    "safeguard": LEVER,
}
"""The role of a part and of all below it, but for what stands here more exactly; ``*`` is any name. All else is design."""
_KEYS_KEPT = 4096  # keys of a configuration with room to spare


@lru_cache(maxsize=_KEYS_KEPT)
def role_of(key: str) -> Role:
    """The role of a dotted key: that of the longest entry of the table that it lies under; of two as long the one without ``*``.

    >>> role_of("review.rho"), role_of("review.load"), role_of("safeguards.panel.binding"), role_of("instruments.hanoi.filing")
    ('fact', 'design', 'lever', 'fact')
    """
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        plain = ".".join(parts[:length])
        if plain in _TABLE:
            return _TABLE[plain]
        for place in range(1, length):
            starred = ".".join([*parts[:place], _ANY, *parts[place + 1 : length]])
            if starred in _TABLE:
                return _TABLE[starred]
    return DESIGNED
