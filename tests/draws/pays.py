"""What named draws buy: the variance of a difference between two scenarios under named draws, one shared stream, independent seeds.

``python -m tests.draws`` makes ``results/reference/named_draws`` anew of what stands here. Small made-up worlds are told by the
twin (``tests.twin``), which can draw from a shared stream (``tests.draws.shared_stream``); the real world by the compiled model.

Every pair is a reform and the treaty as adopted in one world. ``ratio`` is the variance of their difference over what it is where
the two runs are independent, the sum of the variances of both; 0.1 means that a tenth of the runs give the same precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t as student

from sim.arrays import Reals
from sim.config import ADOPTED, load
from sim.settings import Config
from sim.simulation import simulate, world_of
from sim.world.vocabulary import DAYS_PER_MONTH, FOLLOW_UP_MONTHS
from tests.draws.shared_stream import Stream
from tests.twin.cases import cases_by_month
from tests.twin.draws import Luck
from tests.twin.facts import facts_of
from tests.twin.model import FORMAL, Twin
from tests.twin.things import Request

KEYS = {
    "disclosed": ("cross_border_disclosure_rate", "all", "all"),
    "through_treaty": ("case_disclosure_rate", "instrument", "hanoi"),
    "needs_met": ("legit_met_rate", "all", "all"),
}
"""The outcomes, as estimands of the catalogue: ``metric, by, level``."""
OUTCOMES = tuple(KEYS)
NAMED, AT_ONCE, MONTHLY, APART = "named", "stream_cases_first", "stream_month_by_month", "independent"
"""Luck by name; one stream from which all wishes are drawn first; one from which each month's are drawn in it; other seeds."""
TWIN_WORLD = (
    *("states=synthetic", "states.synthetic.count=10", "people.rows=600", "demand.legitimate=60", "years=1"),
    *("calibration_months=12", "run_in_months=6", "run_out_months=24"),
    *("demand.abusive_odds=0.6", "demand.abusive_floor=0.3", "demand.abusive_most=3.0", "demand.abusive_most_per_person=100.0"),
    "demand.foreign_share=0.2",
)
"""Ten states and some five thousand requests, most of them about people at risk, so that an outcome is no handful of events."""
_ROUNDING = 1e-9  # of the largest square
Outcomes = dict[str, float]
Told = Callable[[Config, int, int, str], Outcomes]


# --- one run ----------------------------------------------------------------------------------------------------------------------


def told_by_model(config: Config, world_seed: int, event_seed: int, luck: str = NAMED) -> Outcomes:
    """The outcomes of a run of the compiled model, which knows named draws alone."""
    if luck != NAMED:
        raise ValueError(f"the compiled model draws by name; found {luck}")
    metrics = simulate(config, event_seed, world_seed).metrics.set_index(["metric", "by", "level"])["value"]
    return {name: float(metrics.get(key, 0.0)) for name, key in KEYS.items()}


def told_by_twin(config: Config, world_seed: int, event_seed: int, luck: str = NAMED) -> Outcomes:
    """The outcomes of a run of the twin, counted as the catalogue defines them."""
    world = world_of(config, world_seed)
    drawn = Luck(event_seed) if luck == NAMED else Stream(event_seed)
    if luck == AT_ONCE:  # a name that has had its number keeps it
        list(cases_by_month(facts_of(world), config.demand, drawn, config.months))
    twin = Twin(config, world, event_seed, luck=drawn)
    twin.tell()
    return outcomes_of(twin)


def told_small(config: Config, world_seed: int, event_seed: int, luck: str = NAMED) -> Outcomes:
    """The same, faster: by name the compiled model agrees with the twin event for event (``tests/twin/test_docking.py``)."""
    told = told_by_model if luck == NAMED else told_by_twin
    return told(config, world_seed, event_seed, luck)


def outcomes_of(twin: Twin) -> Outcomes:
    """Shares of the window's cases that gave data within the follow-up."""
    config, gave = twin.config, _giving(twin.docket)
    stop = config.run_in_months + 12 * config.years
    cohort = [case for case in twin.cases if config.run_in_months <= case.month < stop]
    abusive = [case for case in cohort if case.abusive]
    abroad = [case for case in abusive if not case.domestic]
    needs = [case for case in cohort if not case.abusive and not case.domestic]
    treaty = twin.after.law.names.index("hanoi")
    return {
        "disclosed": sum(case.row in gave for case in abroad) / len(abroad),
        "through_treaty": sum(case.row in gave and gave[case.row].instrument == treaty for case in abusive) / len(abusive),
        "needs_met": sum(case.row in gave for case in needs) / len(needs),
    }


def _giving(docket: Sequence[Request]) -> dict[int, Request]:
    """By case the request that gave its data in time: the one that gave most, then the first."""
    found: dict[int, Request] = {}
    for row in docket:
        if row.granted < 0 or row.executed_day is None or row.channel == "preservation":
            continue
        enough = row.case.abusive or row.channel in FORMAL or row.granted >= row.wanted
        if not enough or row.executed_day - row.case.day > FOLLOW_UP_MONTHS * DAYS_PER_MONTH:
            continue
        best = found.get(row.case.row)
        if best is None or (-row.granted, row.executed_day) < (-best.granted, best.executed_day or 0.0):
            found[row.case.row] = row
    return found


# --- all runs ---------------------------------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """Which runs are made: every reform, and the text as adopted, in every pair of seeds under every kind of luck."""

    name: str
    overrides: tuple[str, ...]
    reforms: tuple[str, ...]
    seeds: tuple[tuple[int, int], ...]  # of world and events
    lucks: tuple[str, ...]
    told: Told
    elsewhere: tuple[int, int] = (0, 500_000)  # added to the seeds of a pair: those of its adopted side under independent seeds

    def configs(self) -> dict[str, Config]:
        """The configuration of each arm by its scenario, the text as adopted first."""
        return {name: load(*self.overrides, f"scenario={name}") for name in (ADOPTED, *self.reforms)}


def crossed(worlds: int, events: int) -> tuple[tuple[int, int], ...]:
    """So many event seeds in each of so many worlds."""
    return tuple((world, 1000 * world + event) for world in range(1, worlds + 1) for event in range(1, events + 1))


def each_its_own(worlds: int) -> tuple[tuple[int, int], ...]:
    """One event seed in each of so many worlds."""
    return tuple((world, world) for world in range(1, worlds + 1))


SMALL_REFORMS = ("notice", "grave_harm", "reform_bundle", "no_treaty")
REFORMS = ("judge", *SMALL_REFORMS, "universal")  # in made-up worlds all are members, and a judge changes too little to be measured
SAMPLES = (
    Sample(
        "small_worlds",
        TWIN_WORLD,
        SMALL_REFORMS,
        crossed(2, 15),
        (NAMED, AT_ONCE, MONTHLY),
        told_small,
    ),
    Sample("real_world", ("years=2",), REFORMS, crossed(2, 20), (NAMED,), told_by_model),
    Sample("over_worlds", ("years=2",), REFORMS, each_its_own(20), (NAMED,), told_by_model, (500, 500_000)),
)


def runs_of(sample: Sample) -> pd.DataFrame:
    """Every run of a sample: ``sample, luck, world_seed, event_seed, scenario``, and its outcomes.

    Under ``independent`` only the text as adopted is run: the reforms' runs under named draws are set against it.
    """
    configs, (further, later) = sample.configs(), sample.elsewhere
    wanted = [
        *((luck, world, event, name) for world, event in sample.seeds for luck in sample.lucks for name in configs),
        *((APART, world + further, event + later, ADOPTED) for world, event in sample.seeds),
    ]
    rows = [
        (
            sample.name,
            luck,
            world,
            event,
            name,
            *sample.told(configs[name], world, event, NAMED if luck == APART else luck).values(),
        )
        for luck, world, event, name in wanted
    ]
    return pd.DataFrame(rows, columns=["sample", "luck", "world_seed", "event_seed", "scenario", *OUTCOMES])


# --- variances --------------------------------------------------------------------------------------------------------------------


class Ratio(NamedTuple):
    """The variance of a difference over the sum of the variances of its two sides, with a 95 % interval."""

    ratio: float
    low: float
    high: float


def ratio_of(reform: Reals, adopted: Reals) -> Ratio:
    """Both sides ``[n]`` of so many pairs, as deviations from the means of their worlds; the interval is Miller's (1968).

    He leaves out one pair after another and takes Student's limits for the logarithm, which asks for no normal law. The ratio is
    unknown where one side is always the same, for then there is nothing to pair, and 0 where no pair differs; where only one does,
    there is no interval.
    """
    if not (np.ptp(reform) and np.ptp(adopted)):
        return Ratio(np.nan, np.nan, np.nan)
    whole, apart = _sums(reform - adopted), _sums(reform) + _sums(adopted)
    ratio = float(whole[0] / apart[0])
    if not (whole > 0.0).all():
        return Ratio(ratio, np.nan, np.nan)
    logs = np.log(whole[1:] / apart[1:])
    n = logs.size
    half = float(student.ppf(0.975, n - 1) * (n - 1) * logs.std(ddof=1) / np.sqrt(n))
    return Ratio(ratio, ratio * np.exp(-half), ratio * np.exp(half))


def _sums(values: Reals) -> Reals:
    """Mean squared deviation ``[1 + n]`` of all values, and without each of them; what is but rounding is none."""
    n, squares = values.size, (values - values.mean()) ** 2
    without = (squares.sum() - squares * n / (n - 1)) / (n - 1)
    found = np.concatenate([[squares.mean()], without])
    return np.where(found > _ROUNDING * squares.max(), found, 0.0)


def variances_of(runs: pd.DataFrame) -> pd.DataFrame:
    """By sample, outcome, luck and reform: both variances, and their ratio with its interval.

    ``variance`` is that of the difference, ``variance_apart`` the sum of those of both sides. Where a world has several pairs all
    are taken within worlds, otherwise over worlds.
    """
    rows = [
        row
        for sample, part in runs.groupby("sample", sort=False)
        for outcome in OUTCOMES
        for row in _rows_of(str(sample), outcome, part)
    ]
    return pd.DataFrame(rows)


def _rows_of(sample: str, outcome: str, part: pd.DataFrame) -> Iterator[dict[str, object]]:
    wide = {str(luck): _wide(rows, outcome) for luck, rows in part.groupby("luck", sort=False)}
    for luck, own in wide.items():
        sides = own if luck != APART else wide[NAMED].assign(**{ADOPTED: own[ADOPTED].to_numpy()})  # both in the order of seeds
        worlds = sides.index.get_level_values(0)
        means = sides.groupby(level=0).transform("mean") if worlds.has_duplicates else sides.mean()
        free = len(sides) - (worlds.nunique() if worlds.has_duplicates else 1)
        adopted = (sides - means)[ADOPTED].to_numpy(float)
        for name in [name for name in sides.columns if name != ADOPTED]:
            reform = (sides - means)[name].to_numpy(float)
            yield {
                "sample": sample,
                "outcome": outcome,
                "luck": luck,
                "reform": name,
                "worlds": worlds.nunique(),
                "pairs": len(sides),
                "as_adopted": sides[ADOPTED].mean(),
                "change": (sides[name] - sides[ADOPTED]).mean(),
                "variance": np.sum((reform - adopted) ** 2) / free,
                "variance_apart": (np.sum(reform**2) + np.sum(adopted**2)) / free,
                **ratio_of(reform, adopted)._asdict(),
            }


def _wide(rows: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """An outcome by pair of seeds and scenario, scenarios in the order of the runs."""
    table = rows.pivot(index=["world_seed", "event_seed"], columns="scenario", values=outcome).sort_index()
    return table[list(rows["scenario"].unique())]
