"""How a study is conducted: how many runs, where they are done and kept, and how they are read, drawn and told.

What decides a run is ``sim.settings.Config`` and stands nowhere here. Both come from one composition.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictFloat, StrictInt, ValidationError

from sim.config import checked_config, recorded, run_and_study_values
from sim.errors import meant
from sim.naming import Naming, first_stranger
from sim.observe.patterns import Pattern
from sim.observe.spec import ObserveSpec
from sim.settings import Config
from sim.world.leaves import Plain
from sim.world.ranges import Id, Range
from sim.world.record import Record, quoted

ANALYSES = (
    "sensitivity",
    "attribution",
    "frontier",
    "robustness",
    "discovery",
    "threshold",
    "assumptions",
    "calibrate",
    "conclusions",
)
"""The analyses of a store, a module of ``experiments.analysis`` each."""
_WITH_SETTINGS = (
    *ANALYSES,
    "adaptation",
    "benchmark",
    "report",
    "validate",
)  # what each accepts is said and checked where it is made
Names = Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]


class EngineSpec(Record):
    """Where the runs of a sweep are done."""

    name: Literal["local", "ray"]
    address: str | None = None  # of a Ray that is there already; null starts one here
    tries: Annotated[StrictInt, Field(ge=1, le=10)]  # of a run whose worker died


class Page(Record):
    """What ``configs/figure`` says of a figure; more inches than a wall, or dots than an eye tells apart, only fill memory."""

    title: str
    width_inches: Annotated[StrictFloat, Range(4, 40)]
    height_inches: Annotated[StrictFloat, Range(4, 40)]
    dpi: Annotated[StrictInt, Range(30, 300)]


class LongPage(Page):
    """Settings of a figure that shows the largest of many."""

    largest: Annotated[StrictInt, Range(1, 1000)]


class FrontPage(Page):
    """Settings of a figure that names so many policies."""

    most: Annotated[StrictInt, Range(1, 1000)]


PAGES: dict[str, type[Page]] = {
    **dict.fromkeys(
        ("targeted_rate", "targeted_change", "fates", "backlog", "headline", "forest", "plane", "costs", "scales"), Page
    ),
    **dict.fromkeys(("tile_map", "change_map"), Page),
    **dict.fromkeys(
        ("heat_map", "shapley_waterfall", "interactions", "morris_plane", "regret", "fan", "discovery_boxes", "discovery_plane"),
        Page,
    ),
    **dict.fromkeys(("flows", "requested_side", "slices", "sobol_bars", "pawn_bars", "tornado", "adaptation"), LongPage),
    "pareto": FrontPage,
    "heat_map": Page,
    "spans": Page,
    "calibration": Page,
    "conclusions": Page,
    "first_places": Page,
    "patterns": Page,
}
"""Figures whose settings stand in the configuration, and what each takes; ``experiments.figures`` draws them."""


def _pages(figures: dict[str, Plain]) -> dict[str, Plain]:
    """Settings of figures as they are. Raises ``ValueError`` for a figure that there is not, or a setting that it does not take."""
    for name, settings in figures.items():
        if name not in PAGES:
            raise ValueError(first_stranger([Naming(name, [name], PAGES, "no figure is named {}")]))
        try:
            PAGES[name](**settings)
        except ValidationError as error:
            raise ValueError(_of_page(name, error)) from None
    return figures


def _of_page(name: str, error: ValidationError) -> str:
    """The first mistake in the settings of a figure, as one line."""
    problem = error.errors(include_url=False)[0]
    key, fields = ".".join([name, *map(str, problem["loc"])]), ", ".join(PAGES[name].model_fields)
    if problem["type"] == "extra_forbidden":
        return f"{key}: no such key; accepted: {fields}{meant(problem['loc'][-1], list(PAGES[name].model_fields))}"
    if problem["type"] == "missing":
        return f"{key}: found nothing; accepted: a value"
    return f"{key}: found {quoted(problem['input'])}; accepted: {problem['msg'].removeprefix('Input should be ')}"


def _known_analyses(analysis: dict[str, Plain]) -> dict[str, Plain]:
    """Settings of analyses as they are. Raises ``ValueError`` for an analysis that there is not."""
    if strange := first_stranger([Naming(name, [name], _WITH_SETTINGS, "no analysis is named {}") for name in analysis]):
        raise ValueError(strange)
    return analysis


class StudyConfig(Record):
    """How a study is conducted; nothing of it decides a run."""

    seeds: Annotated[StrictInt, Field(ge=1, le=10_000)]  # worlds
    replicates: Annotated[StrictInt, Field(ge=1, le=1000)]  # event seeds a world
    until: Annotated[StrictFloat, Range(1e-6, 1)] | None  # of a difference of rates
    most_seeds: Annotated[StrictInt, Field(ge=1, le=10_000)]
    scenarios: Names  # "all" for every one
    baseline: str
    design: str | None
    size: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None
    workers: Annotated[StrictInt, Field(ge=1, le=1024)] | None
    engine: EngineSpec
    output: str
    store: str | None
    shard: str | None
    mix: bool
    keep_requests: bool
    outcome: str
    analysis: Annotated[dict[str, Plain], AfterValidator(_known_analyses)]  # settings of each analysis of a store
    figures: Annotated[dict[str, Plain], AfterValidator(_pages)]
    observe: ObserveSpec  # how those who publish see a run
    patterns: dict[str, Pattern]  # published figures that runs are held against, P1 to P17
    case: Id | None
    person: Id | None
    state: str | None

    def plain(self) -> Plain:
        """The same as plain values, for manifests."""
        return self.model_dump(mode="json")

    def layout(self, world_seed: int | None) -> tuple[int, int]:
        """How many worlds ``run`` and ``treaty`` have, and how many replicates in each: one fixed world meets every seed."""
        return (self.seeds, self.replicates) if world_seed is None else (1, self.seeds)


def asked_by(*overrides: str) -> tuple[Config, StudyConfig]:
    """What decides the runs and how the study is conducted, from one composition. Raises ``ConfigError``."""
    run, study = run_and_study_values(*overrides)
    return checked_config(run), conducted(study)


def conduct_of_study(*overrides: str) -> StudyConfig:
    """How a study is conducted. Raises ``ConfigError``."""
    return conducted(run_and_study_values(*overrides)[1])


def conducted(plain: Mapping[str, object]) -> StudyConfig:
    """Plain values as a ``StudyConfig``. Raises ``ConfigError`` for the first thing that is wrong."""
    return recorded(StudyConfig, copy.deepcopy(dict(plain)))  # a record takes free maps as they are: it gets its own
