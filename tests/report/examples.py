"""Made-up results of a comparison, of the size and the awkwardness that a real one has."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.contrasts import RANKED
from experiments.design.comparisons import Arm
from experiments.design.scenarios import Header
from experiments.report.sentences import _COMPARED
from experiments.settings import conduct_of_study
from sim.config import load
from sim.metrics import UNITS
from sim.settings import Config
from sim.world.vocabulary import CHANNELS, GROUPS, REGIMES

# arm: change of abusive disclosures and of needs met (% of the baseline), spread of both, days of delay; None: cannot move
EFFECTS: dict[str, tuple[float | None, float | None, float, float]] = {
    "adaptive": (9.0, -0.4, 6.0, 1.0),
    "capacity": (14.0, 4.1, 3.0, -21.0),
    "capacity_screening": (-6.0, -0.6, 4.0, 2.0),
    "capacity_volume": (18.0, 4.9, 3.0, -26.0),
    "central_review": (-3.0, -0.2, 5.0, 4.0),
    "central_review_binding": (-31.0, -5.2, 6.0, 17.0),
    "convention_only": (-44.0, -12.0, 8.0, 3.0),
    "core_cyber": (-52.0, -21.0, 8.0, 5.0),
    "coverage_extended": (-7.0, -0.1, 2.0, 0.5),
    "data_protection": (None, None, 0.0, 0.0),
    "democracies_only": (-61.0, -9.0, 10.0, -4.0),
    "democracies_out": (-27.0, -14.0, 15.0, 6.0),
    "democracies_out_placebo": (-22.0, -13.0, 16.0, 5.0),
    "dual_criminality_preservation": (-24.5, -3.2, 5.0, 1.0),
    "forty": (-19.0, -7.0, 12.0, -1.0),
    "good_faith": (-4.0, -0.3, 2.0, 0.2),
    "grave_harm": (-38.0, -17.0, 7.0, 4.0),
    "grave_harm_and": (-41.0, -18.0, 7.0, 4.0),
    "great_host_out": (-70.0, -33.0, 9.0, -11.0),
    "harm_and_dual_criminality": (-49.0, -19.5, 7.0, 5.0),
    "harm_instead": (-12.0, 3.0, 9.0, 1.0),
    "hr_removed": (21.0, 0.8, 6.0, -2.0),
    "judge": (-15.0, -4.4, 5.0, 28.0),
    "minimal_bundle": (-36.0, -4.0, 6.0, 2.0),
    "necessity": (-9.0, -1.0, 3.0, 3.0),
    "no_treaty": (-25.5, -4.3, 8.0, -6.0),
    "notice": (None, None, 0.0, 0.0),
    "penalty_inflation": (11.0, 0.1, 4.0, 1.0),
    "provider_pushback": (-2.0, -0.9, 4.0, 8.0),
    "publication": (None, None, 0.0, 0.0),
    "reform_bundle": (-78.0, -26.0, 6.0, 41.0),
    "refuse_mandatory": (-13.0, -0.8, 3.0, 1.0),
    "requester_choice": (5.0, 0.6, 7.0, 0.0),
    "sanction": (-1.0, -0.1, 3.0, 0.0),
    "second_protocol": (6.0, 3.3, 4.0, -9.0),
    "speech_protocol": (88.0, 0.2, 14.0, 3.0),
    "spyware": (96.0, 0.0, 20.0, 0.0),
    "threshold_6": (-20.0, -8.0, 6.0, 2.0),
    "total_secrecy": (None, None, 0.0, 0.0),
    "universal": (640.0, 61.0, 55.0, 19.0),
    "usa_joins": (240.0, 38.0, 35.0, 31.0),
}
HOSTS = {"IRL": 0.55, "USA": 0.18, "SGP": 0.08, "GBR": 0.05, "CHN": 0.05, "DEU": 0.04, "JPN": 0.03, "KEN": 0.002}
SHARES = {
    "group": dict(zip(GROUPS, (0.26, 0.44, 0.04, 0.003, 0.257), strict=False)),
    "regime": dict(zip(REGIMES, (0.5, 0.4, 0.08, 0.02), strict=True)),
    "channel": dict(zip(CHANNELS, (0.6, 0.2, 0.1, 0.09, 0.008, 0.002), strict=True)),
    "requested": HOSTS,
}
NAN = float("nan")
WORLDS, LUCK, BASE = 8, 2, {"cross_border_disclosure_rate": (0.0546, 3932), "legit_met_rate": (0.371, 813_971)}
FINDINGS = {
    "data_protection": "no effect, because use limitation acts after the disclosure.",
    "notice": "no effect, because a person told afterwards has already been disclosed.",
    "publication": "no effect, because nobody reads the statistics while nobody adapts.",
    "total_secrecy": "no effect, because nobody is told under the baseline either.",
}


def _row(
    arm: str, metric: str, by: str, level: str, base: float, counted: int, percent: float | None, spread: float, want: str
) -> dict[str, Any]:
    fixed, percent = percent is None, percent or 0.0
    half = 0.0 if fixed else spread * (1.0 if by == "all" else 2.2)
    events = round(counted * (1 + percent / 100))
    few = min(events, counted) < 10
    low, high = (0.0, 0.0) if fixed else (NAN, NAN) if few else (percent - half, percent + half)
    side = {"up": low > 0, "down": high < 0, "same": fixed or low <= 0 <= high}
    other = {"up": high < 0, "down": low > 0, "same": not (fixed or low <= 0 <= high)}
    agrees = None if not want or few or fixed or not (side[want] or other[want]) else side[want]
    lucky = abs(percent) < 5  # mostly chance: what lies on one side of zero then bears nothing out
    agrees = None if lucky and (low > 0 or high < 0) else agrees
    middle, low, high, half = (NAN,) * 4 if few or fixed else (percent, low, high, half)
    value, base = (NAN, NAN) if few else (base if fixed else base * (1 + middle / 100), base)
    return {
        "arm": arm, "baseline_name": "as_adopted", "metric": metric, "by": by, "level": level, "unit": UNITS[metric],
        "baseline": base, "value": value, "difference": base * middle / 100,
        "world_low": base * low / 100, "world_high": base * high / 100, "worlds_agreeing": WORLDS if abs(middle) > half else 5.0,
        "error_low": base * (middle - half / 2) / 100, "error_high": base * (middle + half / 2) / 100,
        "percent": middle, "percent_world_low": low, "percent_world_high": high, "percent_worlds": WORLDS,
        "percent_error_low": middle - half / 2, "percent_error_high": middle + half / 2, "ratio": 1 + middle / 100,
        "ratio_error_low": 1 + (middle - half / 2) / 100, "ratio_error_high": 1 + (middle + half / 2) / 100,
        "world_sd": base * half / 100, "event_sd": base * half / 160, "chance_share": 0.7 if lucky and not (few or fixed) else 0.1,
        "events_baseline": counted, "events": events, "worlds": WORLDS, "runs": WORLDS * LUCK, "inside": 7 / 9,
        "adjusted_p": NAN if by != "all" or few or fixed else 0.0078 if abs(middle) > half else 0.6,
        "constructed_zero": fixed, "expected": want, "agrees": agrees,
    }  # fmt: skip


def comparison() -> pd.DataFrame:
    """All rows that the headline, the groups and the slices need."""
    luck = np.random.default_rng(7)
    rows = []
    for arm, (abusive, needs, spread, _) in EFFECTS.items():
        want = "" if arm == "forty" else "same" if abusive is None else "up" if abusive > 3 else "down"
        want = "up" if arm == "harm_instead" else want
        for metric, change, width in (("cross_border_disclosure_rate", abusive, spread), ("legit_met_rate", needs, spread / 9)):
            base, counted = BASE[metric]
            foreseen = want if metric == "cross_border_disclosure_rate" else ""
            rows.append(_row(arm, metric, "all", "all", base, counted, change, width, foreseen))
        for by, levels in SHARES.items():
            metric = "targeted_rate" if by == "group" else "case_disclosure_rate"
            for level, share in levels.items():
                moved = None if abusive is None else max(abusive + luck.normal(0, 9), -97.0)
                rows.append(_row(arm, metric, by, level, share, round(3932 * share), moved, spread, ""))
        people = None if abusive is None else abusive * 0.97
        rows.append(_row(arm, "targeted_people", "all", "all", 46.4, 3714, people, spread, ""))
        rows.append(_row(arm, "notified_share", "all", "all", 0.02, 7, 300.0, 90.0, ""))
    return pd.DataFrame(rows)[[*_COMPARED]]


def cooperation() -> pd.DataFrame:
    """One row an arm, with the efficient ones marked."""
    rows = []
    (cases, _), (needs, _) = BASE["cross_border_disclosure_rate"], BASE["legit_met_rate"]
    points = {arm: (-(abusive or 0.0), -(met or 0.0)) for arm, (abusive, met, _, _) in EFFECTS.items()}
    for arm, (abusive, _, spread, days) in EFFECTS.items():
        width = spread if abusive is not None else float("nan")
        (saved, lost), row = points[arm], {"arm": arm, "baseline_name": "as_adopted"}
        for name, base, middle, half in (("protection", cases, saved, width), ("cooperation_lost", needs, lost, width / 9)):
            ends = {"": middle, "_world_low": middle - half, "_world_high": middle + half}
            ends |= {"_error_low": middle - half / 2, "_error_high": middle + half / 2}
            row |= {f"{name}{end}": base * value / 100 for end, value in ends.items()}
            row |= {f"{name}_percent{end}": value for end, value in ends.items()}
            row |= {f"{name}_worlds_agreeing": 8.0}
        others = [*points.values(), (0.0, 0.0)]
        beaten = any((s >= saved and c < lost) or (s > saved and c <= lost) for s, c in others)
        late = days if arm != "forty" else float("nan")
        row |= {"delay_quantile": "0.25" if arm != "forty" else ""}
        for name, middle, half in (("delay_days", late, 2.0), ("hours", 120.0 * lost, 10.0 * lost), ("secondary_use", 0.0, 0.01)):
            row |= {name: middle, f"{name}_worlds_agreeing": 8.0}
            for kind, part in (("world", 1.0), ("error", 0.5)):
                row |= {f"{name}_{kind}_low": middle - part * half, f"{name}_{kind}_high": middle + part * half}
        rank = sorted((-other for other, _ in points.values())).index(-saved) + 1.0 if abusive is not None else NAN
        row |= dict(zip(RANKED, (rank, max(rank - 2, 1), rank + 2, float(rank == 1), 0.001 * (rank - 1)), strict=True))
        row |= {"on_frontier": not beaten}
        rows.append(row | {"worlds": WORLDS, "runs": WORLDS * LUCK})
    return pd.DataFrame(rows)


def headers() -> dict[str, Header]:
    """What the files of the scenarios say about themselves."""
    return {
        arm: Header(
            name=arm,
            question=f"S{number:02d}, what if the treaty were as {arm.replace('_', ' ')} has it, and <b>nothing</b> else changed?",
            motive=f"treaty.md 4, S{number:02d} (press 000 & others).",
            expect="fewer disclosures of people at risk; some needs are lost.",
            direction={"case_disclosure_rate": "down"},
            finding=FINDINGS.get(arm),
        )
        for number, arm in enumerate(EFFECTS)
    }


@cache
def standing() -> Config:
    """One configuration stands for all: what the report reads of it is not what the arms differ in."""
    return load()


def arms() -> list[Arm]:
    """All arms, in the order asked for."""
    return [Arm(arm, standing().model_copy(update={"scenario_name": arm}), standing()) for arm in EFFECTS]


@cache
def figures() -> dict[str, Any]:
    """The settings of each figure, as on file."""
    return conduct_of_study().figures


def facts() -> dict[str, Any]:
    """How the study was run."""
    return {
        "command": "rogatory compare scenarios=all years=10 seeds=8 replicates=2",
        "seeds": list(range(1, WORLDS + 1)),
        "replicates": LUCK,
        "years": 10,
        "worlds": WORLDS,
        "seconds": 5231.4,
        "commit": "6602503ab12cd34ef56ab78cd90ef12ab34cd56e",
        "versions": {"python": "3.12.11", "numpy": "2.5.5", "rogatory": "0.1.0"},
        "baseline": "as_adopted",
        "stopped": "",
    }
