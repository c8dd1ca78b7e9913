"""A design as its file has it: a question, and the axes along which the points that answer it lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, StrictFloat, StrictInt, ValidationError, model_validator
from pydantic_core import ErrorDetails

from experiments.design.scenarios import scenario_overrides
from experiments.settings import StudyConfig
from sim.config import ADOPTED, config_path, key_of, options, path_of, read_yaml, scenario_of, value_of
from sim.errors import meant
from sim.metrics import SLICES, UNITS
from sim.places import is_file, is_path
from sim.priors import prior_of
from sim.register import Parameter, drawable
from sim.world.ranges import Seed
from sim.world.record import ConfigError, Record, quoted

_FEWEST_VALUES = 2

Settings = dict[str, Any]  # dotted key -> value
Value = float | int | bool | str  # that an uncertainty may have
LeverChoice = str | Settings  # a scenario's name, or keys to set


def stack_of(name: str) -> str:
    """A choice of scenarios under the one name of its policy: joined in alphabetical order, without those that another one holds.

    >>> stack_of("notice+judge@everywhere")
    'judge+notice@everywhere'

    No order of scenarios means anything, for two that contradict each other are refused; so two stacks of one name compose to
    the same configuration. A file that is named by its path goes by its name. A single scenario, and what is none, keep theirs.
    """
    names, at, where = name.partition("@")
    if "+" not in names and not is_path(names):
        return name
    try:
        return scenario_of(scenario_overrides(name)[0]) + at + where
    except ConfigError:  # told where the scenarios are composed
        return name


Stack = Annotated[str, AfterValidator(stack_of)]


class Uncertainty(Record):
    """One unknown number of the model, drawn between two bounds or from a list."""

    low: StrictFloat | None = None
    high: StrictFloat | None = None
    shape: Literal["uniform", "log", "whole", "prior"] = "uniform"  # log: uniform in the logarithm; whole: bounds included
    values: list[Value] | None = None  # instead of bounds: each equally likely
    prior: str | None = None  # of shape prior: the key of the register whose prior is drawn from, between the bounds

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.values is not None:
            if self.low is not None or self.high is not None:
                raise ValueError("found bounds beside values; accepted: one of the two")
            if len(self.values) < _FEWEST_VALUES or len({str(value) for value in self.values}) < len(self.values):
                raise ValueError(f"values: found {quoted(self.values)}; accepted: two or more, each once")
        elif self.low is None or self.high is None:
            raise ValueError("found one bound or none; accepted: low and high, or values")
        else:
            _refuse_bounds(self.low, self.high, self.shape)
        if (self.prior is None) == (self.shape == "prior"):
            raise ValueError("shape: prior is what the word prior stands for in place of bounds; accepted: KEY: prior")
        return self


PRIOR = "prior"
"""In place of bounds: as the register has it."""
PRIOR_ENDS = (0.05, 0.95)
"""Shares of a prior between which a design draws from it; *assumption*: ends that somebody would hold possible."""


def _with_priors(uncertainties: object) -> object:
    """What a file says of uncertainties, with the register's in place of the word ``prior``; under a part of a key, of all below.

    Raises ``ValueError`` for a key below which no number has a prior.
    """
    if not isinstance(uncertainties, Mapping):
        return uncertainties
    found: dict[object, object] = {}
    for key, known in uncertainties.items():
        if known != PRIOR:
            found[key] = known
            continue
        below = {name: one for name, one in drawable().items() if name == key or name.startswith(f"{key}.")}
        if not below:
            near = meant(key, {name.rpartition(".")[0] for name in drawable()} | set(drawable()))
            raise ValueError(
                f"{key}: no number with a prior stands there; accepted: keys that `rogatory keys` lists with a prior{near}"
            )
        found |= {name: _of_prior(one) for name, one in below.items()}
    return found


def _of_prior(one: Parameter) -> dict[str, object]:
    """An uncertainty as the register has it: whole numbers evenly between the ends of their prior, all others by its shape."""
    prior = one.prior or prior_of("fixed", one.value)
    low, high = (float(prior.quantile(share)) for share in PRIOR_ENDS)
    return (
        {"low": low, "high": high, "shape": "whole"} if prior.whole else {"low": low, "high": high, "shape": PRIOR, PRIOR: one.key}
    )


def _refuse_bounds(low: float, high: float, shape: str) -> None:
    """Raise ``ValueError`` for bounds between which nothing can be drawn in a shape."""
    if not low < high:
        raise ValueError(f"found low {low:g} and high {high:g}; accepted: low below high")
    if shape == "log" and low <= 0:
        raise ValueError(f"found low {low:g} for a logarithm; accepted: above zero")
    if shape == "whole" and (low % 1 or high % 1):
        raise ValueError(f"found bounds {low:g} and {high:g}; accepted: whole numbers where the shape is whole")


class Search(Record):
    """How an adaptive design looks for good configurations: Optuna's sampler, asked for a generation at a time."""

    sampler: Literal["nsga2", "tpe"]
    generation: Annotated[StrictInt, Field(ge=2, le=1000)]  # points asked for at once, whatever the number of workers
    generations: Annotated[StrictInt, Field(ge=1, le=1000)]
    objectives: Annotated[dict[str, Literal["up", "down"]], Field(min_length=1)]  # estimand -> where it is wanted


class Design(Record):
    """A file of ``configs/design/``: a question and the points that answer it.

    Policies are one of: named ``arms``, ``scenarios``, or ``levers`` chosen by ``choose``. Each policy meets each condition and
    each draw of the ``uncertainties``, and each of these points every world seed and event seed.
    """

    question: str
    baseline: Stack = ADOPTED
    constants: list[str] = []  # overrides in Hydra's grammar that hold everywhere
    arms: Annotated[dict[str, list[str]], Field(min_length=1)] | None = None  # name -> overrides in Hydra's grammar
    scenarios: Annotated[list[Stack], Field(min_length=1)] | None = None  # names, joined by + and with @everywhere or without
    levers: dict[str, str | dict[str, LeverChoice]] = {}  # name -> a scenario (off or on), or levels by name
    choose: Literal["all", "fractional", "permutations"] = "all"  # of the levers' combinations
    permutations: Annotated[StrictInt, Field(ge=1, le=100_000)] = 50  # assumed: Shapley values within a few per cent of the largest
    conditions: dict[str, Settings] = {}  # name -> keys, crossed with everything
    uncertainties: Annotated[dict[str, Uncertainty], BeforeValidator(_with_priors)] = {}  # dotted key -> bounds, or the word prior
    draw: Literal["grid", "latin_hypercube", "sobol", "morris", "fractional", "ends"] | None = None
    size: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 64  # draws, base points of Sobol, trajectories of Morris
    levels: Annotated[StrictInt, Field(ge=2, le=64)] = 4  # of a grid, of Morris
    draw_seed: Seed = 1
    table: str | None = None  # path of a CSV with points made elsewhere
    search: Search | None = None
    keep: list[Literal["views", "given", "observed"]] = []  # further tables that every run leaves
    outcomes: list[str] = []  # estimands that are kept; none stands for all
    slices: list[str] = []  # ways to slice that are kept; none stands for all
    seeds: Annotated[StrictInt, Field(ge=1, le=10_000)] | None = None  # worlds
    replicates: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None  # event seeds a world
    _place: str = PrivateAttr("")  # the file that it was read from, as mistakes name it

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ways = [name for name in ("arms", "scenarios", "levers") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(f"{ways[1]}: found beside {ways[0]}; accepted: one of arms, scenarios and levers")
        self._refuse_halves()
        self._refuse_namesake()
        _refuse_unknown("slices", self.slices, SLICES)
        _refuse_unknown("outcomes", self.outcomes, UNITS)
        _refuse_unknown("search.objectives", self.search.objectives if self.search else (), UNITS)
        return self

    def _refuse_namesake(self) -> None:
        """Raise ``ValueError`` for an arm with the baseline's name that says something else: it would be read as the baseline."""
        own = (self.arms or {}).get(self.baseline)
        same: list[list[str]] = [[f"scenario={self.baseline}"], *([[]] if self.baseline == ADOPTED else [])]
        if own is not None and own not in same:
            raise ValueError(f"arms.{self.baseline}: found another scenario under the baseline's name; accepted: another name")

    def _refuse_halves(self) -> None:
        """Raise ``ValueError`` for a search that has nothing to search, or another way beside it, and for draws of nothing."""
        if self.search is not None:
            if self.arms or self.scenarios or self.draw or not (self.levers or self.uncertainties):
                raise ValueError("search: found without levers or uncertainties, or beside other ways; accepted: these alone")
        elif bool(self.uncertainties) != bool(self.draw) and not self.table:
            raise ValueError("draw: found without uncertainties, or they without it; accepted: both or neither")

    def __eq__(self, other: object) -> bool:
        """Designs are equal by what they say, whatever file they were read from."""
        return isinstance(other, Design) and self.model_dump() == other.model_dump()

    __hash__ = Record.__hash__

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Within it every mistake names the file of the design."""
        with named_in_errors(self._place):
            yield

    @property
    def levels_of(self) -> dict[str, dict[str, LeverChoice]]:
        """Each lever's levels by name; a lever that is one scenario is off or on."""
        return {name: {"off": {}, "on": lever} if isinstance(lever, str) else dict(lever) for name, lever in self.levers.items()}


def _refuse_unknown(key: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise ``ValueError`` for the first name under a key that is none of the known ones."""
    for name in names:
        if name not in known:
            raise ValueError(f"{key}: found {quoted(name)}; accepted: {', '.join(known)}")


@contextmanager
def named_in_errors(place: str) -> Iterator[None]:
    """Within it a mistake names the place where it was written, once."""
    try:
        yield
    except ConfigError as error:
        if not place or str(error).startswith(f"{place}: "):
            raise
        raise ConfigError(f"{place}: {error}") from None


def design_of(name: str) -> Design:
    """The design of that name, or in the file of that path. Raises ``ConfigError`` for what is not there or cannot be read."""
    path = _path(name)
    if not is_file(path):
        raise ConfigError(f"design: found {quoted(name)}; accepted: the path of a YAML file, or {', '.join(options('design'))}")
    body = read_yaml(path)
    if not isinstance(body, dict):
        raise ConfigError(f"{config_path(path)}: found no map; accepted: {', '.join(Design.model_fields)}")
    return design_from(body, config_path(path))


def design_from(body: Mapping[str, object], place: str) -> Design:
    """A design from what its file says; its mistakes are told with the place, now and later. Raises ``ConfigError``."""
    try:
        design = Design.model_validate(body)
        design._place = place
        return design
    except ValidationError as error:
        problem = _deepest(error)
        key = ".".join(_path_in(problem["loc"]))
        if problem["type"] == "extra_forbidden":
            known = _BELOW.get(str(problem["loc"][0]), Design) if len(problem["loc"]) > 1 else Design
            names = list(known.model_fields)
            near = meant(problem["loc"][-1], names)
            raise ConfigError(f"{place}: {key}: no such key; accepted: {', '.join(names)}{near}") from None
        if problem["type"] == "value_error":
            told = str(problem["ctx"]["error"])
            raise ConfigError(f"{place}: {key}: {told}" if key else f"{place}: {told}") from None
        found, wanted = _found(problem), problem["msg"].removeprefix("Input should be ")
        if problem["type"] == "model_type":
            wanted = ", ".join(_BELOW[str(problem["loc"][0])].model_fields)
        quoted = ' (a word such as "on" in quotes)' if isinstance(problem["input"], bool) else ""
        wanted = _ACCEPTED.get(str(problem["loc"][0]), wanted)
        raise ConfigError(f"{place}: {key}: found {found}; accepted: {wanted}{quoted}") from None


def _deepest(error: ValidationError) -> ErrorDetails:
    """The first mistake; where one of several forms is accepted, what is wrong in the form that comes nearest."""
    problems = error.errors(include_url=False)
    place = problems[0]["loc"][:_NAMED]
    return max((problem for problem in problems if problem["loc"][:_NAMED] == place), key=lambda problem: len(problem["loc"]))


def _path_in(location: Sequence[int | str]) -> list[str]:
    """The keys of a mistake as they stand in the file, without the forms that were tried."""
    tried = _FORMS.get(str(location[0]), ()) if location else ()
    return [str(part) for place, part in enumerate(location) if place not in tried and part != "[key]"]


def _found(problem: ErrorDetails) -> str:
    """What was found; a word that YAML reads as a truth value would not be recognised otherwise."""
    if isinstance(problem["input"], bool):
        return f"the YAML truth value {str(problem['input']).lower()}"
    return "nothing" if problem["type"] == "missing" else quoted(problem["input"])


_NAMED = 2  # parts of a key that say which lever, arm or uncertainty it is of
_FORMS = {"levers": (2, 4), "uncertainties": (4,)}  # places in a mistake's key that name no key but a form that is accepted
_BELOW: dict[str, type[Record]] = {"uncertainties": Uncertainty, "search": Search}
_ACCEPTED = {
    "question": "a whole question",
    "baseline": "the name of a scenario",
    "arms": "at least one arm, each a list of overrides as text",
    "scenarios": "at least one name of a scenario, as text",
    "levers": "levers by name, each the name of a scenario, or levels by name, each one or keys to set",
    "conditions": "conditions by name, each with keys to set",
    "constants": "a list of overrides as text",
}


def refuse_design(asked: StudyConfig, study: str) -> None:
    """A study that reads no design does not take one for nothing. Raises ``ConfigError``."""
    if asked.design is not None:
        raise ConfigError(
            f"design: found {quoted(asked.design)} in {study}; accepted: null, for it is rogatory compare and rogatory sweep that "
            "read designs"
        )


OF_A_COMPARISON = ("scenarios", "until", "most_seeds", "size", "outcome")
"""Keys that only comparisons, sweeps and analyses heed."""


def refuse_unheeded(study: str, overrides: Sequence[str], *unheeded: str) -> None:
    """Nothing is accepted without effect. Raises ``ConfigError`` for a key of other studies that this one would not heed."""
    for override in overrides:
        if (key := key_of(override)) in unheeded and (value := value_of(override)) is not None:
            raise ConfigError(f"{key}: found {quoted(value)} in {study}; accepted: nothing, for this study does not read it")


def sized_by(design: Design, asked: StudyConfig, overrides: Sequence[str]) -> StudyConfig:
    """How a study is conducted, with the worlds and replicates of a design where the user says nothing of them."""
    given = {key_of(override) for override in overrides}
    said = {key: getattr(design, key) for key in ("seeds", "replicates") if key not in given and getattr(design, key) is not None}
    return asked.model_copy(update=said)


def _path(name: str) -> Path:
    return Path(name) if name.endswith(".yaml") else path_of("design", name)


def file_of(design_name: str) -> str:
    """The path of a design's file, as mistakes name it."""
    return config_path(_path(design_name))
