"""Hydra over our files alone: what overrides make of them, in plain values, each composition once."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from hydra import compose, initialize
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobRuntime
from hydra.errors import HydraException
from hydra.version import VersionBase
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim.composition.defaults import chosen_by_root
from sim.composition.files import body_of, files_of_groups, package_of, root_files
from sim.composition.kept import keep, kept
from sim.composition.overrides import ADOPTED, DESIGN, GRAMMAR, HYDRA, SCENARIO, as_given, key_of
from sim.composition.wording import cut, hydra_error, no_such
from sim.errors import ConfigError, quoted
from sim.own_files import JOINED
from sim.places import ROOT_FILE, by_path, config_path, folders, own_options, path_of
from sim.world.leaves import Plain

NOWHERE = "pkg://hydra.conf"
"""A place without a file of ours: what Hydra reads of them is handed to it."""
VERSION = "1.3"
"""Of Hydra, whose ways hold."""
_COMPOSITIONS = 128  # that are kept: a comparison composes one reference for all its scenarios
_DIGESTS = 4096  # files of which the digest of what they hold is kept
_DIGEST_BYTES = 16
_one_at_a_time = threading.RLock()  # Hydra has one state a process


def by_hydra(overrides: Sequence[str]) -> Plain:
    """What Hydra makes of overrides, in plain values that are kept: not to be written into. Raises ``ConfigError``."""
    return composed_once(tuple(overrides), _contents(any(SCENARIO in override for override in overrides)))


@lru_cache(maxsize=_COMPOSITIONS)
def composed_once(overrides: tuple[str, ...], contents: str) -> Plain:
    """The same for files that hold ``contents``, a digest: what is kept is of no use once a file has changed."""
    _refuse_taken(overrides)
    plain = kept(overrides, contents)
    if plain is None:
        plain = _composed(overrides)
        keep(overrides, contents, plain)
    return plain


def _composed(overrides: Sequence[str]) -> Plain:
    try:
        with _one_at_a_time, own_hydra(), initialize(config_path=NOWHERE, job_name="rogatory", version_base=VERSION):
            plain = OmegaConf.to_container(compose(ROOT_FILE, overrides=list(overrides)), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(hydra_error(str(error), overrides, committed)) from None
    except (ValueError, RecursionError) as error:  # what Hydra says of a group that is no name
        found = as_given(" ".join(overrides))
        raise ConfigError(f"{found}: {cut(str(error))}; accepted: {GRAMMAR}") from None
    return {str(key): value for key, value in plain.items()} if isinstance(plain, dict) else {}


def committed() -> Plain:
    """The configuration as it is without an override."""
    return by_hydra(())


def no_such_key(full_key: str) -> str:
    """What is said of a dotted key that the configuration does not have: where it leaves it, and what there is at that place."""
    return no_such(full_key, committed())


def to_yaml(plain: Mapping[str, object]) -> str:
    """Plain values as Hydra would show them."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(plain)))


@contextmanager
def own_hydra() -> Iterator[None]:
    """Hydra over our files alone, whatever else in this process uses Hydra: all that it had is put back."""
    Plugins.instance()  # launchers and sweepers enter the store once, when they are first looked for
    here, store, running = GlobalHydra.instance(), ConfigStore.instance(), HydraConfig.instance()
    job, base = JobRuntime.instance(), VersionBase.instance()
    before = here.hydra, store.repo, running.cfg, job.conf, base.version_base
    theirs = {name: held for name, held in store.repo.items() if name in (HYDRA, "_dummy_empty_config_.yaml")}
    ours = files_of_groups()
    stored = {**root_files(), **ours, **theirs, HYDRA: {**theirs.get(HYDRA, {}), **ours[HYDRA]}}
    here.hydra, store.repo, running.cfg, job.conf = None, stored, None, OmegaConf.create()
    try:
        yield
    finally:
        GlobalHydra.set_instance(here)
        here.hydra, store.repo, running.cfg, job.conf, base.version_base = before


# --- of what a composition is made ------------------------------------------------------------------------------------------------


def _contents(with_scenarios: bool) -> str:
    """Digest of what a composition is made from: every file but designs, and but scenarios where none is chosen."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    aside = (f"{DESIGN}/",) if with_scenarios else (f"{DESIGN}/", f"{SCENARIO}/")
    for folder in map(str, folders()):
        digest.update(b"/")
        for file in _files(folder):
            name = file.path[len(folder) + 1 :].replace(os.sep, "/")
            if not name.startswith(aside) or name == f"{SCENARIO}/{ADOPTED}.yaml":
                mark = file.stat()
                digest.update(name.encode(errors="surrogateescape") + _digest_of(file.path, (mark.st_mtime_ns, mark.st_size)))
    for (group, name), path in sorted(by_path().items()):
        mark = path.stat()
        digest.update(f"{group}/{name}".encode() + _digest_of(str(path), (mark.st_mtime_ns, mark.st_size)))
    return digest.hexdigest()


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    """All YAML files below a folder, in the order of their names."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry.path)
        elif entry.name.endswith(".yaml"):
            yield entry


@lru_cache(maxsize=_DIGESTS)
def _digest_of(path: str, stamp: tuple[int, int]) -> bytes:
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=_DIGEST_BYTES).digest()


def _refuse_taken(overrides: Sequence[str]) -> None:
    """What joins a configuration unasked says nothing of what is there already: that would only hide it. Raises ``ConfigError``."""
    chosen = {key_of(override) for override in overrides}
    for group in JOINED:
        if group in chosen or not own_options(group):
            continue
        said: dict[str, Path] = {}
        for path in (path_of(group, name) for name in chosen_by_root()[group]):
            for key in _said_by(path):
                if (other := said.setdefault(key, path)) != path:
                    told = f"{path}: found {quoted(key)[1:-1]}, which {config_path(other)} says already"
                    raise ConfigError(f"{told}; accepted: a name of its own, or {group}=[...] without one of the two")


def _said_by(path: Path) -> list[str]:
    """Dotted keys that a file sets: of a block under its own name the block, of a file of blocks each of them."""
    package = package_of(path) or path.parent.name
    return [package] if "." in package else [f"{package}.{key}" for key in body_of(path)]
