"""From overrides to what a run and a study are given: in plain values, as text, or as a checked ``Config``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.composition import SEARCHPATH, Asked, chooses, folders_in, key_of, refuse_length, spread, to_yaml, value_of
from sim.config.checking import checked_config
from sim.config.derived import name_of, reference_in, reforms_everywhere, table_checksums, with_facts, with_reforms
from sim.config.given import Given
from sim.config.keys import of_studies
from sim.config.overlay import composition_of, with_keys_apart
from sim.config.scenarios import choose_files, groups_chosen, refuse_facts
from sim.errors import ConfigError, quoted
from sim.own_files import looking_in
from sim.places import config_path
from sim.reading import yaml_in
from sim.world.leaves import Plain

if TYPE_CHECKING:
    from sim.settings import Config  # it imports Numba, which a listing of scenarios does not need


def load(*overrides: str) -> Config:
    """A checked configuration from overrides in Hydra's grammar.

    >>> load("scenario=no_treaty", "years=5").years
    5

    ``scenario=[a,b]`` composes scenarios: their order means nothing, and two that set one key to different values are
    refused. Raises ``ConfigError``: one line that names the key, what was found and what is accepted.
    """
    return checked_config(run_and_study_values(*overrides)[0])


def composed_values(*overrides: str) -> Plain:
    """Everything that ``load`` checks, in plain values: what was chosen, the reference and the checksums of the tables."""
    return copy.deepcopy(run_and_study_values(*overrides)[0])


def run_and_study_values(*overrides: str) -> tuple[Plain, Plain]:
    """What decides a run, as ``composed_values`` has it; and what ``configs/`` gives beside it, for whoever conducts studies.

    Others may hold parts of both: they are not to be written into.
    """
    plain = _with_what_follows(*overrides)
    apart = of_studies()
    return {key: value for key, value in plain.items() if key not in apart}, {key: plain[key] for key in plain if key in apart}


def composed(*overrides: str) -> Plain:
    """What was chosen in plain values and unchecked, without what is derived from it but the scenario's name."""
    with _in_own_places(overrides) as rest:
        given = Given.of(rest)
        return copy.deepcopy(_chosen_and_adopted(given)[0])


def as_yaml(*overrides: str) -> str:
    """What ``load`` would check and take, as text: with the scenarios' name, and reforms written where they belong."""
    load(*overrides)
    return to_yaml(composed(*overrides))


def scenario_of(*overrides: str) -> str:
    """The one name of the scenarios that overrides choose, in whatever order: sorted, and none that another one holds.

    >>> scenario_of("scenario=[notice,judge]")
    'judge+notice'

    Raises ``ConfigError`` for an unknown one, or two that contradict each other.
    """
    with _in_own_places(overrides) as rest:
        return "+".join(Given.of(rest).scenarios)


def groups_chosen_by(*overrides: str) -> set[str]:
    """The groups of which overrides choose a file, by themselves or by a scenario that does.

    >>> groups_chosen_by("definition=liberal", "scenario=judge", "years=5")
    {'definition'}
    """
    with _in_own_places(overrides) as rest:
        given = Given.of(rest)
        own = {key_of(override).partition("@")[0] for override in given.others if chooses(override)}
        return own | groups_chosen(given.scenarios)


def read_yaml(path: Path) -> Any:
    """What a YAML file says, in plain values; each key is the word that was written. Raises ``ConfigError``.

    A file that says nothing is an empty map.
    """
    said = yaml_in(path, config_path(path))
    return {} if said is None else said


def _with_what_follows(*overrides: str) -> Plain:
    """What was chosen, for runs and for studies, with the reference and the checksums that follow from it."""
    with _in_own_places(overrides) as rest:
        given = Given.of(rest)
        chosen, adopted = _chosen_and_adopted(given)
        plain = {**chosen, "reference": reference_in(adopted)}
        return plain | {"data": table_checksums(plain)}


def _chosen_and_adopted(given: Given) -> tuple[Plain, Plain]:
    """What was chosen, under the scenarios' name and with the reforms where they belong; and the composition as adopted.

    Both have the same facts and design: scenarios may not set them, and overrides of them reach both.
    """
    chosen = composition_of(given.others, given.scenarios)
    adopted = composition_of(given.of_the_world)
    refuse_facts(given.scenarios, adopted)
    plainly = chosen if not choose_files(given.scenarios) else composition_of(given.others)
    adopted = with_facts(adopted, plainly)
    everywhere = reforms_everywhere(chosen)
    if everywhere and isinstance(chosen.get("instruments"), Mapping):
        chosen = with_reforms(chosen, adopted["instruments"], given.others)
    by_hand = {key_of(override): value_of(override) for override in given.others if "=" in override and not chooses(override)}
    chosen = with_keys_apart(chosen, by_hand)
    return {**chosen, **given.design, "scenario_name": name_of(given.scenarios, everywhere)}, adopted


@contextmanager
def _in_own_places(overrides: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Within it names are looked up in the folders of ``hydra.searchpath`` too; the other overrides are handed on.

    Their code is not imported: overrides may come from a file, and only a user names a folder of code.
    """
    for override in overrides:
        if not isinstance(override, str):
            raise ConfigError(f"load: found {quoted(override)}; accepted: overrides as text, such as 'years=5'")
        refuse_length(override)
    places = [folder for override in overrides if key_of(override) == SEARCHPATH for folder in folders_in(override)]
    with looking_in(*places, named=False):
        yield tuple(override for override in overrides if key_of(override) != SEARCHPATH)


def run_from_shell(
    study: Callable[..., object], arguments: Sequence[str], name: str, settled: Callable[..., object] = load
) -> None:
    """Hand a study its overrides; with flags (``--help``, ``--cfg hydra``, multirun) Hydra reads the arguments first.

    Folders of a user's own (``--config-dir``, ``hydra.searchpath``) hold for all that the study does, and reach it as an override,
    so that they are kept in its command. Every mistake comes out as an exception of ours, never as Hydra's own report.
    ``settled`` refuses what is asked for amiss, before anything is done: ``load`` knows what decides a run, and no study.
    """
    asked = Asked.of(arguments)
    with looking_in(*asked.folders):
        if asked.is_to_run:
            settled(*asked.overrides)  # a mistake reads the same here and from Python
        if asked.flags:
            spread(study, asked, name)
        else:
            study(*asked.overrides)
