"""The one door to Hydra: files and overrides in, plain values out; whatever Hydra says comes out as one line.

``overrides`` reads what was typed, ``defaults`` what the root file chooses, ``files`` what a file may say; ``composing`` asks
Hydra, ``wording`` puts its complaints into one line; ``shell`` sorts a command's words, ``multirun`` hands a study its jobs.
"""

from sim.composition.composing import by_hydra, no_such_key, to_yaml
from sim.composition.defaults import EVERY, chosen_in, is_list_of_choices
from sim.composition.files import DEFINITION, PACKAGES, body_of, package_of
from sim.composition.multirun import MOST_JOBS, spread
from sim.composition.overrides import (
    ADOPTED,
    DESIGN,
    HYDRA,
    SCENARIO,
    SEARCHPATH,
    as_given,
    chooses,
    folders_in,
    in_quotes,
    is_of_hydra,
    key_of,
    refuse_length,
    unread,
    value_of,
    with_names,
)
from sim.composition.shell import Asked
from sim.composition.wording import accepted, hydra_error, no_such

__all__ = [
    "ADOPTED",
    "DEFINITION",
    "DESIGN",
    "EVERY",
    "HYDRA",
    "MOST_JOBS",
    "PACKAGES",
    "SCENARIO",
    "SEARCHPATH",
    "Asked",
    "accepted",
    "as_given",
    "body_of",
    "by_hydra",
    "chooses",
    "chosen_in",
    "folders_in",
    "hydra_error",
    "in_quotes",
    "is_list_of_choices",
    "is_of_hydra",
    "key_of",
    "no_such",
    "no_such_key",
    "package_of",
    "refuse_length",
    "spread",
    "to_yaml",
    "unread",
    "value_of",
    "with_names",
]
