"""What the runs of a store rest on, and how it is said that something else is meant to join them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from experiments.output import commit
from experiments.store.kept import Kept
from sim.own_code import texts
from sim.result import package_versions
from sim.settings import Config
from sim.world.leaves import Plain, changed_leaves, leaves_of

_LETTERS = 12
_OF_A_RUN = "experiments/store/kept.py"
_SIZES = ("question", "seeds", "replicates", "size")  # of a design
_MOST = 4  # keys of one base that are told
_DECIDE = ("python", "numpy", "numba", "scipy")  # packages whose version may change a number


class Identity(TypedDict):
    """Code, data, versions and settings that all runs of a store share."""

    code: str  # of the simulation's sources
    commit: str | None
    data: dict[str, str]  # checksums of the tables that are read
    versions: dict[str, str]
    bases: dict[str, Plain]  # scenario or arm -> what its configuration decides
    kept: dict[str, list[str]]  # outcomes, slices and tables


def code_fingerprint() -> str:
    """Twelve hexadecimal characters of the sources that decide what a run leaves: all of ``sim``, and the tables of a run.

    Code of a user's own counts too, where there is some.
    """
    own = texts()
    if not own:
        return _of_ours()
    return hashlib.sha256(json.dumps([_of_ours(), own], sort_keys=True).encode()).hexdigest()[:_LETTERS]


@cache
def _of_ours() -> str:
    here = Path(__file__).parents[2]
    total = hashlib.sha256()
    sources = [*(path for path in (here / "sim").rglob("*.py") if path.is_file()), here / _OF_A_RUN]  # a link to nothing is none
    for path in sorted(sources):
        total.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:_LETTERS]


def identity_of(bases: Mapping[str, Config], kept: Kept) -> Identity:
    """What the runs of these configurations would rest on."""
    versions = package_versions()
    first = next(iter(bases.values()))
    return Identity(
        code=code_fingerprint(),
        commit=commit(),
        data=first.data,
        versions={name: versions[name] for name in _DECIDE},
        bases={name: config.decisive() for name, config in bases.items()},
        kept=_kept_in_words(kept),
    )


def _kept_in_words(kept: Kept) -> dict[str, list[str]]:
    """What is kept, each part as a list; how a run is observed is a part where its observations are kept."""
    said = {name: sorted(getattr(kept, name)) for name in ("outcomes", "slices", "tables")}
    if kept.observing is None:
        return said
    leaves = leaves_of(kept.observing.model_dump(mode="json"))
    return said | {"observing": [f"{key}={value}" for key, value in leaves.items()]}


def store_digest(identity: Identity, design: Mapping[str, object]) -> str:
    """Twelve hexadecimal characters of all that decides the runs of a study, but for how many there are of them.

    So more worlds, replicates or draws go into the same store, and whatever else changes into another.
    """
    decisive = {name: part for name, part in identity.items() if name != "commit"}
    asked = {name: part for name, part in design.items() if name not in _SIZES}
    return hashlib.sha256(json.dumps([decisive, asked], sort_keys=True, default=str).encode()).hexdigest()[:_LETTERS]


def differences(known: Mapping[str, Any], asked: Identity) -> list[str]:
    """What differs, each in a few words; scenarios that only one side has do not count.

    >>> differences(
    ...     {"code": "a", "data": {}, "versions": {}, "bases": {}, "kept": {}},
    ...     Identity(code="b", commit=None, data={}, versions={}, bases={}, kept={}),
    ... )
    ['code of the simulation is b, not a']
    """
    told = []
    if known["code"] != asked["code"]:
        told.append(f"code of the simulation is {asked['code']}, not {known['code']}")
    for part, word in (("data", "table"), ("versions", "version of"), ("kept", "kept")):
        for key, (before, after) in changed_leaves(known[part], dict(asked[part])).items():  # type: ignore[literal-required]
            told.append(f"{word} {key} is {_short(after)}, not {_short(before)}")
    for name in known["bases"].keys() & asked["bases"].keys():
        changed = changed_leaves(known["bases"][name], asked["bases"][name])
        told += [f"{name}: {key} is {_short(after)}, not {_short(before)}" for key, (before, after) in [*changed.items()][:_MOST]]
        if len(changed) > _MOST:
            told.append(f"{name}: {len(changed) - _MOST} keys more")
    return told


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _LETTERS + _LETTERS else f"{text[:_LETTERS]}..."
