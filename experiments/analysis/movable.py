"""Which estimands an arm can move at all: what it cannot is zero by construction, and no prediction that came true."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.store.kept import UNITS_KEPT
from sim.metrics.moving import AT_HOME, EVERYTHING, OF_DEMAND, Moves, moved_by, moves_at_home, union
from sim.review.safeguard import home_of
from sim.settings import Config, Policy
from sim.world.estimand import own_estimands
from sim.world.leaves import Plain, changed_leaves

_OF_POLICY = (*Policy.model_fields, "reference", "reforms", "scenario_name")
_SHOCK = "shock"
_LEVERS_ELSEWHERE = ("states.override.", "states.lists.")  # dials of states: ``Policy.dials``, though they stand beside facts


def movable(config: Config, baseline: Config) -> frozenset[str] | None:
    """Estimands that an arm's changes can move; None stands for all, where the arm lies in another world or another time."""
    sides = config.plain(), baseline.plain()
    others = changed_leaves(*({name: part for name, part in side.items() if name not in (*_OF_POLICY, _SHOCK)} for side in sides))
    if any(not key.startswith(_LEVERS_ELSEWHERE) for key in others):
        return None
    moves: Moves = EVERYTHING
    fixed = OF_DEMAND
    if sides[0].get(_SHOCK) != sides[1].get(_SHOCK):
        return frozenset(UNITS_KEPT.committed) - OF_DEMAND | own_estimands().keys()  # a shock may set anything but a world
    if not config.adaptation.anyone and not baseline.adaptation.anyone:
        known = _moves_of_safeguards(config, baseline)
        pairs = list(zip(_policies_of(config), _policies_of(baseline), strict=True))
        moves = union(moved_by(before, after, known) for after, before in pairs)
        fixed |= frozenset() if any(moves_at_home(before, after) for after, before in pairs) else AT_HOME
    if moves is None:
        moves = frozenset(UNITS_KEPT.committed) - fixed
    return moves | own_estimands().keys()  # a user's own may be moved by anything


def _policies_of(config: Config) -> Iterator[Plain]:
    """What holds in the window, and what held before it and set capacity."""
    yield config.policy.model_dump(mode="json")
    before = config.reference.model_dump(mode="json")
    if config.reference.review.capacity != "as_adopted":  # a text that comes with the window binds nobody before it
        texts = config.reference.instruments
        before["instruments"] = {
            name: text if texts[name].from_start else text | {"parties": texts[name].unbound().parties.model_dump(mode="json")}
            for name, text in before["instruments"].items()
        }
    yield before


def _moves_of_safeguards(config: Config, baseline: Config) -> dict[str, Moves]:
    """``MOVES`` of the safeguards that both sides know, as the same record."""
    both = {name for name in config.safeguards if type(config.safeguards[name]) is type(baseline.safeguards.get(name))}
    return {name: getattr(home_of(config.safeguards[name]), "MOVES", EVERYTHING) for name in both}
