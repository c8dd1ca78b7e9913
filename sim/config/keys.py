"""Which keys there are: those that follow from others, those of studies alone, and those that a scenario may change."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sim.composition import chosen_in, key_of, package_of
from sim.places import config_folder
from sim.reading import yaml_in
from sim.roles import LEVER, role_of

DERIVED = ("reference", "data", "scenario_name")
"""Fields of ``Config`` that follow from the others."""
OPEN_MAPS = ("states.override.", "states.lists.", "parameters.except.", "shock.")
"""Maps of whatever selectors, lists, keys and shocks somebody names."""
MIXED = "review"
"""A part that holds levers and design beside facts, and that no map is written over."""
REFERENCE = ("instruments", "safeguards", "review", "conduct", "adaptation")
"""Parts of the as-adopted reference."""
_CHOSEN_BY_SCENARIOS = ("conduct", "adaptation")
"""Groups of which a scenario may choose another file."""


def is_lever(override: str) -> bool:
    """Whether an override belongs to what a scenario may change; run-in, reference and baseline are composed without it."""
    key = key_of(override).split("@")[0]
    return key in _CHOSEN_BY_SCENARIOS or role_of(key) == LEVER


def settable() -> list[str]:
    """The keys at the top that can be given: those that decide a run, then those of studies."""
    from sim.settings import Config

    return [*(name for name in Config.model_fields if name not in DERIVED), *of_studies()]


def of_studies() -> tuple[str, ...]:
    """Keys of the committed configuration of which a run knows nothing, in its order."""
    return _of_studies_in(config_folder())


@cache
def _of_studies_in(folder: Path) -> tuple[str, ...]:
    from sim.settings import Config

    body = yaml_in(folder / "config.yaml", "configs/config.yaml")
    files = [
        folder / group / f"{name}.yaml"
        for group, names in chosen_in(body).items()
        for name in ([names] if isinstance(names, str) else names)
    ]
    packages = {(package_of(path) or path.parent.name).partition(".")[0] for path in files if path.is_file()}
    of_no_study = {"defaults", "hydra", "_global_", *Config.model_fields}
    return tuple(key for key in (*body, *sorted(packages - body.keys())) if key not in of_no_study)
