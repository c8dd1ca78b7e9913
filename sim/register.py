"""The register of parameters: every number of the shipped configuration, with what the note on its line says of it.

One row a number: what it is, what it may be (support), what is plausible (prior), who changes it (role), how it is known (status,
``weak``, source), and which patterns of empirics.md 7.1 inform it. Designs, calibration and the manual read it; ``rogatory keys``
lists it. Numbers of a user's own files stand in no register, and nothing draws them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Literal

import yaml

from sim.composition import chosen_in
from sim.errors import ConfigError, meant
from sim.notes import Note, notes_in
from sim.places import ROOT_FILE, SUFFIX, config_folder, path_of
from sim.priors import Prior, prior_of
from sim.reading import package_in, yaml_in
from sim.roles import Role, role_of

Status = Literal["sourced", "calibrated", "read", "inferred", "secondary", "unverified", "assumed"]
PATTERNS = tuple(f"P{number}" for number in range(1, 18))
"""The patterns of empirics.md 7.1 that a parameter may be informed by."""
NO_SCIENCE = ("hydra", "figure", "scenario")
"""Groups without a parameter of every run."""
_GLOBAL = "_global_"
_NUMBER = r"-?\d+(?:\.\d+)?"
_BETWEEN = re.compile(rf"(?P<low>{_NUMBER})(?:-| to )(?P<high>{_NUMBER}|[a-z]+)")
_FROM = re.compile(rf">=?(?P<low>{_NUMBER})")
_LETTERS = 16  # of the digest


@dataclass(frozen=True)
class Parameter:
    """One number of the configuration.

    ``support`` is ``(low, high)``, infinite where the note names no end, and ``range`` the same as the note has it. ``prior`` is
    ``None`` where the note gives none: design keys, and levers of a reform. ``file`` is below ``configs/``.
    """

    key: str
    value: float
    unit: str
    support: tuple[float, float]
    range: str
    prior: Prior | None
    role: Role
    status: Status
    weak: bool
    source: str
    informs: tuple[str, ...]
    file: str
    line: int

    @property
    def drawn(self) -> bool:
        """Whether a draw of its prior may differ from its value."""
        return self.prior is not None and self.prior.moves


def register() -> tuple[Parameter, ...]:
    """Every number of the shipped configuration as it is composed without an override, in the order of its files.

    The numbers of a list share a key. Raises ``ConfigError`` for a note that cannot be read.

    >>> [rho] = [known for known in register() if known.key == "review.rho"]
    >>> rho.role, rho.support, rho.prior.words
    ('fact', (0.0, 1.0), 'U(0, 0.9)')
    """
    return _register_of(config_folder())


def drawable() -> Mapping[str, Parameter]:
    """The parameters of which a prior may draw another value, by key."""
    return _drawable_of(config_folder())


def parameter(key: str) -> Parameter:
    """The parameter of a dotted key. Raises ``ConfigError`` for a key that is no number of the register."""
    known = {one.key: one for one in register()}
    if key not in known:
        raise ConfigError(f"{key}: no number of the configuration; accepted: a key that `rogatory keys` lists{meant(key, known)}")
    return known[key]


def priors_digest() -> str:
    """Sixteen hexadecimal characters of all priors and supports: what decides a draw beside its seed."""
    said = [(one.key, one.prior.words, one.value, one.support) for one in drawable().values() if one.prior]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:_LETTERS]


@lru_cache(maxsize=1)
def _register_of(place: Path) -> tuple[Parameter, ...]:
    found: dict[str, list[Parameter]] = {}
    for path in files_chosen(place, alone=True):
        if path.is_file():
            own: dict[str, list[Parameter]] = {}
            for one in parameters_in(path, place):
                own.setdefault(one.key, []).append(one)
            found = {key: rows for key, rows in found.items() if key not in own} | own  # what a later file sets anew
    return tuple(one for rows in found.values() for one in rows)


@lru_cache(maxsize=1)
def _drawable_of(place: Path) -> Mapping[str, Parameter]:
    return {one.key: one for one in _register_of(place) if one.drawn}


def parameters_in(path: Path, place: Path) -> list[Parameter]:
    """The numbers of one file below a folder of the configuration. Raises ``ConfigError``: file, line, and what is wrong."""
    shown = path.relative_to(place).as_posix()
    notes = notes_in(path.read_text(encoding="utf-8"))
    lines: dict[int, list[float]] = {}
    for note in notes:
        lines.setdefault(note.line, []).append(float(note.value))
    return [_parameter(note, full_key(note.key, path, place), shown, tuple(lines[note.line])) for note in notes]


def full_key(key: str, path: Path, place: Path) -> str:
    """The dotted key of the configuration that a number of a file is written under."""
    package = package_in(path, path.name)
    stem = "" if path.parent == place and package is None else path.parent.name if package is None else package
    return key if stem in ("", _GLOBAL) else f"{stem}.{key}"


def _parameter(note: Note, key: str, file: str, line: tuple[float, ...]) -> Parameter:
    value, support = float(note.value), support_of(note.range)
    informs = tuple(note.informs.split())
    where = f"configs/{file}:{note.line}: {key}"
    if strange := [name for name in informs if name not in PATTERNS]:
        raise ConfigError(f"{where}: informs: no pattern is named {strange[0]!r}; accepted: {PATTERNS[0]} to {PATTERNS[-1]}")
    try:
        prior = prior_of(note.prior, value, *support, line, note.value.lstrip("+-").isdigit()) if note.prior else None
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return Parameter(
        key=key,
        value=value,
        unit=note.unit,
        support=support,
        range=note.range,
        prior=prior,
        role=note.role or role_of(key),  # type: ignore[arg-type]
        status=note.status,  # type: ignore[arg-type]
        weak=bool(note.weak),
        source=note.source,
        informs=informs,
        file=file,
        line=note.line,
    )


def support_of(text: str) -> tuple[float, float]:
    """Both ends of a range as a note writes it.

    >>> support_of("0-1"), support_of("-1 to 1 or null"), support_of(">=0"), support_of("any")
    ((0.0, 1.0), (-1.0, 1.0), (0.0, inf), (-inf, inf))
    """
    span = text.split(",", maxsplit=1)[0].removesuffix(" or null").strip()
    if between := _BETWEEN.fullmatch(span):
        high = between["high"]
        return float(between["low"]), inf if high.isalpha() else float(high)
    least = _FROM.fullmatch(span)
    return (float(least["low"]) if least else -inf), inf


# --- which files decide -----------------------------------------------------------------------------------------------------------


def files_chosen(place: Path, command: str = "", alone: bool = False) -> list[Path]:
    """Files of the configuration that a command reads, in the order in which a later one sets anew what an earlier one says.

    ``alone``: those of this place, and none of a user's own folders.
    """
    chosen = dict(word.split("=", 1) for word in command.split() if "=" in word)
    files = [place / f"{ROOT_FILE}{SUFFIX}"]
    for group, options in _defaults(place).items():
        picked = yaml.safe_load(chosen[group]) if group in chosen else options
        for option in [picked] if isinstance(picked, str) else picked:
            path = place / group / f"{option}{SUFFIX}"
            files += _with_bases(path if alone or path.is_file() else path_of(group, option))
    return files


def _defaults(place: Path) -> dict[str, str | list[str]]:
    """Groups and what is chosen of each where nothing else is said."""
    found = chosen_in(yaml_in(place / f"{ROOT_FILE}{SUFFIX}", f"{ROOT_FILE}{SUFFIX}") or {})
    return {group: options for group, options in found.items() if group not in NO_SCIENCE and "/" not in group}


def _with_bases(path: Path) -> list[Path]:
    """An option's file after those that it builds on by its own ``defaults``."""
    if not path.is_file():
        return [path]
    body = yaml_in(path, path.name) or {}
    bases = [name for name in body.get("defaults", []) if isinstance(name, str) and name != "_self_"]
    return [*(found for name in bases for found in _with_bases(path.with_name(f"{name}{SUFFIX}"))), path]
