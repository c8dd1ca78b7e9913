"""A study under Hydra's own program: what its flags show, and the jobs of a multirun, wherever a launcher runs them."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, nullcontext
from itertools import islice

from hydra import main
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import ValueType
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from sim.composition.composing import NOWHERE, VERSION, committed, own_hydra
from sim.composition.overrides import DESIGN, SEARCHPATH, as_given, chooses, in_quotes, key_of, parsed, value_of, with_names
from sim.composition.shell import FLAGS, Asked
from sim.composition.wording import cut, hydra_error
from sim.errors import ConfigError, RogatoryError
from sim.own_files import looking_in
from sim.places import ROOT_FILE, by_path

MOST_JOBS = 10_000
"""Jobs of a multirun; *assumption*: Hydra composes each twice, which is hours; a design's points cost a thousandth of that."""
_SWEEP_DIR = "hydra.sweep.dir"
_FULL_ERROR = "HYDRA_FULL_ERROR"
_NAMED_AFTER = "sim.composition"  # Hydra calls a job by the last word of its function's module


class JobError(Exception):
    """A job's own failure on its way home from a launcher: what comes otherwise is the launcher's."""

    def __init__(self, own: Exception) -> None:
        super().__init__(own)  # or it could not travel between processes
        self.own = own


def spread(study: Callable[..., object], asked: Asked, name: str) -> None:
    """Let Hydra show what its flags ask for, or hand a study the overrides of each job of a multirun.

    The study's first failure is kept and raised once Hydra is done, so that the other jobs still run. Raises ``ConfigError``
    for whatever Hydra finds wrong.
    """
    held = [word for word in asked.overrides if key_of(word) in (DESIGN, SEARCHPATH)]  # Hydra would take a design for a group
    given = [_spread_names(word) if chooses(word) else word for word in asked.overrides if word not in held]
    _refuse_jobs(given)
    launcher = _launcher_in(asked.of_hydra)
    failures: list[Exception] = []
    job = _job_of(study, held, asked.folders, failures if launcher is None else None)
    job.__module__, job.__qualname__ = _NAMED_AFTER, name
    words = [*asked.flags, *given, *asked.of_hydra]
    scratch = asked.many and not any(key_of(word) == _SWEEP_DIR for word in asked.of_hydra)
    with _as_program(name, words, scratch), _in_one_line(asked, words, launcher), own_hydra():
        main(version_base=VERSION, config_path=NOWHERE, config_name=ROOT_FILE)(job)()
    if failures:
        raise failures[0]


def _launcher_in(of_hydra: Sequence[str]) -> str | None:
    """The launcher that takes jobs to other processes; None where they run in this one."""
    launchers = [word.partition("=")[2] for word in of_hydra if key_of(word) == "hydra/launcher"]
    return launchers[-1] if launchers and launchers[-1] != "basic" else None


def _job_of(
    study: Callable[..., object], held: Sequence[str], own: Sequence[str], failures: list[Exception] | None
) -> Callable[[DictConfig], None]:
    """One job as Hydra calls it: the study with the overrides of this job and those that Hydra did not get to see (``held``).

    A failure joins ``failures``; without such a list the job runs in a launcher's process, and Hydra carries the failure home.
    """
    files = {at: str(path) for at, path in by_path().items()}

    def job(composed: DictConfig) -> None:
        try:
            with looking_in(*own):  # a launcher's process knows nothing of what the user named
                study(*(_with_paths(word, files) for word in HydraConfig.get().overrides.task), *held)
        except Exception as error:
            if failures is None:
                raise JobError(error) from error
            failures.append(error)

    return job


@contextmanager
def _in_one_line(asked: Asked, words: Sequence[str], launcher: str | None) -> Iterator[None]:
    """Within it whatever Hydra or a launcher finds wrong comes out as ``ConfigError``; what is a job's own stays as it is."""
    try:
        yield
    except JobError as error:
        raise error.own from None
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(hydra_error(str(error), list(asked.overrides), committed)) from None
    except (BrokenExecutor, MemoryError, OSError, RogatoryError):  # a lost worker, whoever started it; a disk
        raise
    except Exception as error:
        if launcher is not None:
            said = f"{type(error).__name__}: {cut(str(error))}"
            raise ConfigError(
                f"hydra/launcher: found {as_given(launcher)}, which could not start ({said}); accepted: hydra.launcher.* as it "
                "takes them here, or hydra/launcher=basic"
            ) from None
        if isinstance(error, ValueError) and not asked.many:  # flags that do not go together
            raise ConfigError(f"{as_given(' '.join(words))}: {cut(str(error))}; accepted: {FLAGS}") from None
        raise


def _refuse_jobs(overrides: Sequence[str]) -> None:
    """Hydra would make all jobs before it begins one. Raises ``ConfigError`` for more than ``MOST_JOBS``."""
    count = 1
    for override in overrides:
        read = parsed(override)
        if read.is_sweep_override() and read.is_discrete_sweep() and read.value_type != ValueType.GLOB_CHOICE_SWEEP:
            count *= sum(1 for _ in islice(read.sweep_string_iterator(), MOST_JOBS + 1))
        if count > MOST_JOBS:
            raise ConfigError(f"-m: found more than {MOST_JOBS:,} jobs; accepted: fewer, or a design with rogatory sweep")


@contextmanager
def _as_program(name: str, words: Sequence[str], scratch: bool) -> Iterator[None]:
    """Within it Hydra finds the words as a program's arguments, raises what is wrong, and has a folder of its own if it needs one.

    The folder is private to this user and gone in the end: Hydra keeps its settings there and nothing of ours.
    """
    argv, verbose = sys.argv, os.environ.get(_FULL_ERROR)
    os.environ[_FULL_ERROR] = "1"  # Hydra then raises instead of printing a traceback of its own
    try:
        with tempfile.TemporaryDirectory(prefix="rogatory-") if scratch else nullcontext() as folder:
            own = [] if folder is None else [f"{_SWEEP_DIR}={in_quotes(folder)}"]
            sys.argv = [f"rogatory {name}", *words, *own]
            yield
    finally:
        sys.argv = argv
        if verbose is None:
            del os.environ[_FULL_ERROR]
        else:
            os.environ[_FULL_ERROR] = verbose


def _spread_names(override: str) -> str:
    """A choice of files, or several with commas, with each that is given by its path under its name."""
    read = parsed(override)
    if not read.is_sweep_override():
        return with_names(override)
    if ".yaml" not in override or not read.is_choice_sweep():
        return override
    key = key_of(override)
    each = [with_names(f"{key}={word}").partition("=")[2] for word in read.sweep_string_iterator()]
    return f"{key}={','.join(each)}"


def _with_paths(override: str, files: Mapping[tuple[str, str], str]) -> str:
    """The way back: a job may be in another process, and its command is kept."""
    if not chooses(override) or not files:
        return override
    group, value = key_of(override), value_of(override)
    at = {name: in_quotes(path) for (of, name), path in files.items() if of == group}
    if isinstance(value, list):
        return f"{group}=[{','.join(at.get(str(word), str(word)) for word in value)}]"
    return f"{group}={at[value]}" if value in at else override
