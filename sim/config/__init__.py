"""What overrides and scenarios amount to: a checked ``Config``; every mistake becomes one line.

``given`` sorts overrides, ``scenarios`` says what a choice of scenarios holds, ``overlay`` writes values over a composition,
``nested`` works on dotted keys, ``derived`` adds what follows from the choice, ``keys`` knows which keys there are; ``loading``
puts it together, ``checking`` makes records of it.
"""

from sim.composition import ADOPTED, Asked, chooses, key_of, value_of
from sim.config.checking import checked_config, recorded, safeguards_of, written
from sim.config.derived import EVERYWHERE
from sim.config.keys import is_lever
from sim.config.loading import (
    as_yaml,
    composed,
    composed_values,
    groups_chosen_by,
    load,
    read_yaml,
    run_and_study_values,
    run_from_shell,
    scenario_of,
)
from sim.config.nested import map_at, meet, refuse_nested
from sim.config.overlay import with_overrides
from sim.own_files import looking_in
from sim.places import config_path, options, path_of
from sim.roles import DESIGNED, FACT, LEVER, Role, role_of

__all__ = [
    "ADOPTED",
    "DESIGNED",
    "EVERYWHERE",
    "FACT",
    "LEVER",
    "Asked",
    "Role",
    "as_yaml",
    "checked_config",
    "chooses",
    "composed",
    "composed_values",
    "config_path",
    "groups_chosen_by",
    "is_lever",
    "key_of",
    "load",
    "looking_in",
    "map_at",
    "meet",
    "options",
    "path_of",
    "read_yaml",
    "recorded",
    "refuse_nested",
    "role_of",
    "run_and_study_values",
    "run_from_shell",
    "safeguards_of",
    "scenario_of",
    "value_of",
    "with_overrides",
    "written",
]
