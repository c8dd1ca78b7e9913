"""Tiny worlds in which every number of the configuration is taken to its ends, and what must hold of them all the same."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from sim.config import checked_config, composed_values, with_overrides
from sim.metrics import UNITS
from sim.settings import Config
from sim.simulation import check, simulate
from sim.world.record import ConfigError
from tests.ends import ends_at
from tests.fuzz.tries import within

MADE_UP = (
    "states=synthetic",
    "states.synthetic.count=5",
    "people.rows=200",
    "demand.legitimate=20",
    "years=1",
    "calibration_months=6",
)
EVERYONE = ("conduct=adaptive", "adaptation.members.joining=true", "adaptation.members.quorum=2", "adaptation.exposure.chance=0.9")
ON = ("conduct.spyware=0.3", "demand.abusive_odds=0.3", "demand.abusive_most_per_person=1.0")
REAL = ("people.rows=2000", "demand.legitimate=60", "years=1", "calibration_months=6")
ROUNDING = 1e-9
SECONDS = 60.0  # that one run may take, its compilation included
_NO_RUN = ("seed",)  # which decides no more than another run
_LONG = ("years", "run_in_months", "run_out_months", "calibration_months", "people.rows", "states.synthetic.count", "demand.scale")
"""Sizes: their upper ends are what a machine takes hours for, and are tried by hand."""


@cache
def plain(*overrides: str) -> dict[str, Any]:
    return composed_values(*overrides)


def numbers() -> list[str]:
    """Every number that decides a run, by its dotted key."""
    config = checked_config(plain(*MADE_UP))
    return [key for key, value in _leaves(plain(*MADE_UP)) if _is_number(value) and not _is_aside(key) and _ends(config, key)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_aside(key: str) -> bool:
    """Whether a number decides no run, or is a place: of safeguards, whose rules are compiled anew, or of texts."""
    return key.startswith(_NO_RUN) or (key.startswith(("safeguards.", "instruments.")) and key.endswith(".order"))


def _leaves(node: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        key = f"{above}.{name}" if above else str(name)
        if isinstance(value, Mapping):
            yield from _leaves(value, key)
        elif key.split(".")[0] not in ("reference", "data"):
            yield key, value


def _ends(config: Config, key: str) -> tuple[float, ...]:
    """The ends to be tried: what lies just inside where an end itself is left out."""
    ends = ends_at(config, key)
    if ends is None:
        return ()
    low = np.nextafter(ends.low, ends.high) if ends.above else ends.low
    high = np.nextafter(ends.high, ends.low) if ends.below else ends.high
    return tuple(int(end) if ends.whole else float(end) for end in (low, high))


def values_of(key: str) -> list[float]:
    """What is tried of a key: both ends, but for sizes, and the least and the closest to nothing that lies between them."""
    low, high = _ends(checked_config(plain(*MADE_UP)), key)
    tried = [low] if key in _LONG else [low, high]
    if low <= 0 < high and isinstance(low, float):
        tried += [5e-324, 0.0, -0.0]
    return list({repr(value): value for value in tried}.values())


def faults_at(key: str, value: Any, *overrides: str) -> list[str]:
    """What is wrong with a run in which one number is so; nothing if nothing is, or if another number forbids it from the start."""
    try:
        config = checked_config(with_overrides(plain(*overrides), {key: value}))
    except ConfigError as error:
        return [] if any(word in str(error) for word in TOGETHER) else [f"refused: {str(error)[:300]}"]
    return faults_of_a_run(config)


def faults_of_a_run(config: Config) -> list[str]:
    """What is wrong with a run of a configuration that was accepted."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            with within(SECONDS):
                check(config)
                result = simulate(config)
                table, *_ = result.metrics, result.requests, result.cases, result.people, result.monthly, result.direct
        except Exception as error:
            return [f"{type(error).__name__}: {str(error)[:300]}"]
    found = [f"warned: {warning.message} ({warning.filename.rpartition('/')[2]}:{warning.lineno})" for warning in warned]
    # of delay a quantile may not be reached: then its value is missing
    lacking = table["value"].isna() & (table["count"] > 0) & (table["metric"] != "legit_delay_days")
    found += [f"no value: {row.metric} {row.by} {row.level}" for row in table[lacking].itertuples()]
    found += [f"infinite: {row.metric} {row.by} {row.level}" for row in table[np.isinf(table["value"])].itertuples()]
    shares = table[[UNITS[metric].startswith("fraction") for metric in table["metric"]]]
    outside = shares[(shares["value"] < 0) | (shares["value"] > 1 + ROUNDING)]
    found += [f"{row.metric} {row.by} {row.level} is {row.value}" for row in outside.itertuples()]
    return list(dict.fromkeys(found))


TOGETHER = (
    *("states.synthetic.hosts", "demand.direct.spread_low", "class D is protected conduct", "review.utilisation_low"),
    "above compels",  # a law that listens compels too
    *("demand.legitimate: ", "demand.direct.most_per_million: "),
)
"""Refusals of numbers that are possible each, and not together."""
