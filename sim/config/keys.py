"""Which keys there are: those that follow from others, those of studies alone, and those that a scenario may change."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sim.composition import chosen_in, key_of, package_of
from sim.places import config_folder
from sim.reading import yaml_in

DERIVED = ("reference", "data", "scenario_name")
"""Fields of ``Config`` that follow from the others."""
MIXED = "review"
"""The part that holds policy beside facts of the authorities."""
_POLICY_GROUPS = ("scenario", "instrument", "instruments", "safeguard", "safeguards", "conduct", "adaptation", "definition", MIXED)


def is_policy(override: str) -> bool:
    """Whether an override belongs to what a scenario may change; the as-adopted reference is composed without it.

    Of the review only what is a fact of the authorities (``CAPACITY_KEYS``) reaches the reference.
    """
    key = key_of(override).split("@")[0].split(".")
    if key[0] == "states" and len(key) > 1:
        from sim.settings import OF_DIALS

        return key[1] in OF_DIALS
    if key[0] == MIXED and len(key) > 1:
        from sim.settings import CAPACITY_KEYS

        return key[1] not in CAPACITY_KEYS
    return key[0] in _POLICY_GROUPS


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
