"""What is wrong with the points of a design is found before anything runs: two that are one, and ends that no run accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pandas as pd

from experiments.design.designs import Design, LeverChoice, Settings, named_in_errors
from experiments.design.entries import whole
from experiments.design.setters import OF_THE_STUDY
from experiments.design.table import Points
from sim.config import DESIGNED, checked_config, meet, role_of, with_overrides
from sim.settings import Config
from sim.world.leaves import Plain
from sim.world.record import ConfigError

_LEVELS_TRIED = 64  # values of a column that is no uncertainty


def refuse_two_under_one_id(found: Points, named: Callable[[int], str]) -> None:
    """Rows of one id must be one point: they set the same keys to the same values, in whatever order."""
    first: dict[str, int] = {}
    for place, point in enumerate(found.frame["point"]):
        before = first.setdefault(point, place)
        if before != place and not _alike(found.settings[before], found.settings[place]):
            if found.config(before).digest() == found.config(place).digest():
                continue
            told = f"points: found {named(before)} and {named(place)} under one id, {point}, as two configurations"
            raise ConfigError(f"{told}; accepted: one of them")


def _alike(one: tuple[str, Settings], other: tuple[str, Settings]) -> bool:
    """Whether two points set the same keys of one base to the same values, in one order."""
    return one[0] == other[0] and list(whole(one[1]).items()) == list(whole(other[1]).items())


def refuse_roles(design: Design) -> None:
    """How an experiment is run is never drawn, and no policy: raise ``ConfigError`` for a design key among what is varied."""
    for key in design.uncertainties:
        if _is_design(key):
            raise ConfigError(
                f"uncertainties.{key}: found a key that says how an experiment is run, which is never drawn; accepted: facts of "
                "the world and levers (conditions may set it)"
            )
    for lever, levels in design.levels_of.items():
        for level, choice in levels.items():
            for key in choice if isinstance(choice, Mapping) else ():
                if _is_design(key):
                    raise ConfigError(
                        f"levers.{lever}.{level}: found {key}, which a policy and its baseline must share; accepted: levers, or "
                        "a condition that sets it"
                    )


def _is_design(key: str) -> bool:
    """Whether a key that decides a run says how an experiment is run; keys of studies have a refusal of their own."""
    first = key.partition(".")[0]
    return first in Config.model_fields and first not in OF_THE_STUDY and role_of(key) == DESIGNED


def refuse_twins(bases: Mapping[str, Plain], design: Design) -> None:
    """Two arms that name the same scenarios in another order and are one configuration would be one policy twice.

    Arms of other names may be alike: what they are called is theirs.
    """
    alike: dict[str, list[str]] = {}
    for name in design.arms or ():
        if name in bases and "+" in name:
            alike.setdefault("+".join(sorted(re.split(r"[+@]", name))), []).append(name)
    for first, *others in alike.values():
        for other in others:
            if checked_config(bases[first]).digest() == checked_config(bases[other]).digest():
                raise ConfigError(f"arms.{other}: found the configuration of arms.{first}; accepted: each policy once")


def try_bounds(found: Points, design: Design) -> None:
    """Each bound of each uncertainty must be one that its key accepts, whether or not a draw comes near it."""
    base, settings = found.settings[0]
    for key, known in design.uncertainties.items():
        bounds = known.values if known.values is not None else [known.low, known.high]
        for bound in bounds:
            value = int(bound) if known.shape == "whole" and isinstance(bound, float) else bound
            try:
                checked_config(with_overrides(found.bases[base], settings | {key: value}))
            except ConfigError as error:
                raise ConfigError(f"uncertainties.{key}: {error}") from None


def try_ends(found: Points, design: Design, named: Callable[[int], str]) -> None:
    """The first point with each value that is the least or greatest of its column, or the first of its level, must be runnable.

    Raises ``ConfigError``: the mistake is told under the key of the design that sets what is wrong.
    """
    tried: set[int] = set()
    for column in found.frame.columns.difference(["point", "place", "draw", "against"], sort=False):
        values = found.frame[column]
        numeric = pd.api.types.is_numeric_dtype(values) and bool(values.notna().any())
        if numeric:
            tried |= {int(values.argmin()), int(values.argmax())}
        if not numeric or column not in design.uncertainties:
            tried |= {int(place) for place in (~values.astype(str).duplicated()).to_numpy().nonzero()[0][:_LEVELS_TRIED]}
    for place in sorted(tried):
        try:
            found.config(place)
        except ConfigError as error:
            with named_in_errors(_set_by(found.frame.iloc[place], design, str(error).partition(":")[0], named(place))):
                raise


def _set_by(row: pd.Series, design: Design, key: str, named: str) -> str:
    """Where a design sets a key, or what lies above or below it, in a point; empty where nothing of it does."""
    for place, choice in _chosen_in(row, design).items():
        if isinstance(choice, Mapping) and any(meet(key, other) for other in choice):
            return place
    drawn = [str(column) for column in row.index if "." in str(column) and meet(key, str(column))]
    return "" if not drawn else "uncertainties" if design.table is None else f"table: {design.table}: {named}"


def _chosen_in(row: pd.Series, design: Design) -> dict[str, LeverChoice]:
    """The levels and the condition that a point has, each under its key in the design."""
    chosen: dict[str, LeverChoice] = {
        f"levers.{name}.{row[name]}": choices[row[name]] for name, choices in design.levels_of.items()
    }
    if row["condition"]:
        chosen[f"conditions.{row['condition']}"] = design.conditions[row["condition"]]
    return chosen
