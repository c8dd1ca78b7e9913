"""Small frames made by hand, one a figure, of the size and shape that a study gives."""

from pathlib import Path

import pandas as pd
import yaml

from experiments.figures.adaptation import COLUMNS as ADAPTATION
from experiments.figures.forest import COLUMNS as FOREST
from experiments.figures.plane import COLUMNS as PLANE
from experiments.figures.slices import COLUMNS as SLICES
from sim.world.vocabulary import GROUPS
from tests.figures import sensitivity_examples, uncertainty_examples
from tests.figures.attribution_examples import LEVERS, pairs_of_levers, policies, waterfall
from tests.figures.heat_map_examples import changes
from tests.report.examples import comparison, cooperation

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    name: settings
    for path in sorted((ROOT / "configs/figure").glob("*.yaml"))
    for name, settings in (yaml.safe_load(path.read_text()) or {}).items()
}
SCENARIOS = ("as_adopted", "no_treaty")
PURPOSES = ("abusive disclosures", "abusive requests", "legitimate requests")
ENDS = ("world_low", "world_high", "error_low", "error_high")
PLACES = pd.read_csv(ROOT / "sim/sources/tables/places.csv")
NAMES = dict(zip(PLACES["code"], PLACES["name"], strict=True))


def rates() -> pd.DataFrame:
    rows = [
        (scenario, group, 4.0 - i - j / 2, 3.0 - i * 0.7 - j / 2, 5.0 - i - j / 2, 3, 4 if group == "lgbtq" else 300, 0.4 + 0.2 * j)
        for j, scenario in enumerate(SCENARIOS)
        for i, group in enumerate(GROUPS[:3])
    ]
    return pd.DataFrame(rows, columns=["scenario", "group", "mean", "low", "high", "runs", "events", "chance_share"])


def pairs() -> pd.DataFrame:
    to = ("IRL", "USA", "CHN", "SGP", "BRA")
    codes = list(PLACES["code"])[:60]
    rows = [(a, to[(i * i) % 5], 200 // (i + 1) + 1, 3) for i, a in enumerate(codes) if a not in to]
    return pd.DataFrame(rows, columns=["requester", "requested", "disclosures", "runs"])


def stages() -> pd.DataFrame:
    counts = {
        "abusive": {
            "domestic": 125,
            "deterred": 405,
            "filed: refused at the desk": 200,
            "lapsed": 180,
            "parked": 15,
            "disclosed": 75,
        },
        "legitimate": {
            "domestic": 1000,
            "filed: refused at the gates": 500,
            "lapsed": 500,
            "executed without data": 300,
            "disclosed": 700,
        },
    }
    rows = [(s, p, stage, n) for s in SCENARIOS for p, of in reversed(counts.items()) for stage, n in of.items()]
    return pd.DataFrame(rows, columns=["scenario", "purpose", "stage", "cases"])


def queues() -> pd.DataFrame:
    dates = pd.date_range("2025-01-01", periods=60, freq="MS")
    level = {"median": 0.0, "q90": 0.7, "USA": 3.0, "IRL": 2.0, "CHN": 0.72}
    rows = [
        (date, scenario, quantity, 0.8 * mean, 1.4 * mean, 8, mean)
        for scenario in SCENARIOS
        for quantity, months in level.items()
        for i, date in enumerate(dates)
        for mean in [months * (0.5 if scenario == "no_treaty" and quantity != "USA" else 1.0) * (1 + 0.01 * (i % 7))]
    ]
    return pd.DataFrame(rows, columns=["date", "scenario", "quantity", "low", "high", "worlds", "months"])


def world() -> pd.DataFrame:
    events = pd.Series(range(len(PLACES))) % 40
    value = 0.5 * (1.0 + events) ** 1.5
    before = events.clip(lower=3) - events % 3
    return PLACES.assign(clear=events % 2 == 0, value=value, events_baseline=before, events=events)


def differences() -> pd.DataFrame:
    rows = [
        ("case_disclosure_rate", -38.2, -51.0, -25.0, "fraction of latent abusive cases", 1261),
        ("legit_met_rate", -5.94, -14.0, 2.0, "fraction of latent cross-border needs", 133339),
        ("backlog_months", 12.0, 4.0, 20.0, "months of capacity", 180),
        *((f"targeted_rate {group}", 60.0, 11.0, 109.0, "from 1.95", 400) for group in GROUPS[:5]),
        ("notified_share", 77.0, -80.0, 160.0, "fraction of disclosed abusive cases", 5),
    ]
    return pd.DataFrame(
        [
            (name, mean, low, high, mean - 3.0, mean + 3.0, 9, 10, 0.2, unit, events, "")
            for name, mean, low, high, unit, events in rows
        ],
        columns=["metric", "difference", *ENDS, "agreeing", "worlds", "chance_share", "unit", "events", "beside"],
    )


def changes_by_group() -> pd.DataFrame:
    """Journalists surely more, dissidents surely fewer, LGBTQ people with few events, researchers not told, minorities a giant."""
    rows = [
        ("journalist", 2.0, 25.0, 10.0, 40.0, 300),
        ("dissident", 3.0, -15.0, -30.0, -2.0, 400),
        ("lgbtq", 0.1, 77.0, 66.0, 88.0, 4),
        ("researcher", 1.0, 5.0, -20.0, 30.0, 40),
        ("minority", 2.5, 60.0, 20.0, 900.0, 250),
    ]
    return pd.DataFrame(
        [(g, b, b * (1 + m / 100), m, low, high, m - 3.0, m + 3.0, 10, 10, 0.2, n, n) for g, b, m, low, high, n in rows],
        columns=[
            "group",
            "baseline",
            "value",
            "difference",
            *ENDS,
            "agreeing",
            "worlds",
            "chance_share",
            "events_baseline",
            "events",
        ],
    )


def changed_world() -> pd.DataFrame:
    return world().assign(value=lambda frame: frame["events"] / 10 - 2.0)


def asked() -> pd.DataFrame:
    number = {
        "USA": 6400,
        "IRL": 4400,
        "CHN": 980,
        "SGP": 949,
        "JPN": 670,
        "GBR": 314,
        "KOR": 272,
        "ARE": 250,
        "BRA": 168,
        "FRA": 90,
    }
    number |= {"ZAF": 60, "ITA": 30, "KEN": 6}
    rows = [
        (scenario, code, purpose, n / sum(number.values()), n // (1 + 9 * (purpose == PURPOSES[0])))
        for scenario in SCENARIOS
        for purpose in PURPOSES
        for code, n in number.items()
    ]
    return pd.DataFrame(rows, columns=["scenario", "requested", "purpose", "share", "requests"])


def compared() -> pd.DataFrame:
    frame = comparison()
    return frame.loc[frame["by"] == "all", [*FOREST]].reset_index(drop=True)


def weighed() -> pd.DataFrame:
    return cooperation().assign(chance_share=0.1)[[*PLANE]]


def cut() -> pd.DataFrame:
    frame = comparison().rename(columns={"low": "world_low", "high": "world_high"})
    frame = frame.rename(columns={f"percent_{end}": f"percent_world_{end}" for end in ("low", "high")})
    return frame.loc[frame["by"].isin(["channel", "requested"]), [*SLICES]].reset_index(drop=True)


def on_paper_and_after() -> pd.DataFrame:
    """Two scenarios that protect and one that hardly does, while nobody adapts and in three years of adaptation."""
    saved = {"reform_bundle": (17.0, 20.0, 18.0, 12.0), "core_cyber": (19.0, 22.0, 16.0, 9.0), "necessity": (0.4, 0.2, 0.1, -0.3)}
    rows = []
    for scenario, values in saved.items():
        told = [("naive", "all", "protection", values[0]), ("naive", "all", "displaced", 3.0), ("naive", "all", "cost", 0.6)]
        told += [("adaptive", year, "protection", value) for year, value in zip(("1", "3", "10"), values[1:], strict=True)]
        told += [("adaptive", "all", "displaced", 7.0), ("adaptive", "all", "cost", 0.9)]
        rows += [(scenario, *one, one[-1] - 2.0, one[-1] + 2.5, 400, 10) for one in told]
    return pd.DataFrame(rows, columns=[*ADAPTATION])


def costs() -> pd.DataFrame:
    rows = [("a model", "ours", 310.0, 290.0, 400.0), ("its draws", "ours", 90.0, 80.0, 95.0), ("else", "theirs", 2.1e4, 2e4, 3e4)]
    return pd.DataFrame(rows, columns=["label", "part", "ns", "low", "high"])


def scales() -> pd.DataFrame:
    rows = [
        (scale, x, stage, seconds := 0.1 * k * (x / 193) ** power, 0.9 * seconds, 1.2 * seconds, power, power - 0.04, power + 0.04)
        for scale, power in (("requests", 1.0), ("people", 0.9), ("states", 1.8), ("processes", -0.9))
        for k, stage in enumerate(("world", "months", "whole run"), start=1)
        for x in (193.0, 600.0, 2000.0)
    ]
    return pd.DataFrame(rows, columns=["scale", "x", "stage", "seconds", "low", "high", "slope", "slope_low", "slope_high"])


EXAMPLES = {
    "costs": costs,
    "scales": scales,
    "adaptation": on_paper_and_after,
    "targeted_rate": rates,
    "flows": pairs,
    "fates": stages,
    "backlog": queues,
    "tile_map": world,
    "change_map": changed_world,
    "targeted_change": changes_by_group,
    "headline": differences,
    "requested_side": asked,
    "forest": compared,
    "plane": weighed,
    "slices": cut,
    "shapley_waterfall": waterfall,
    "heat_map": changes,
    "interactions": pairs_of_levers,
    "pareto": policies,
    **sensitivity_examples.EXAMPLES,
    **uncertainty_examples.EXAMPLES,
}
GIVEN = {
    "targeted_change": {"baseline": "no treaty", "scenario": "as adopted"},
    "headline": {"baseline": "no treaty"},
    "flows": {"names": NAMES},
    "requested_side": {"names": NAMES, "unsigned": ("USA",), "baseline": "no_treaty"},
    "plane": {"near": True, "baseline": "as_adopted"},
    "slices": {"names": NAMES, "baseline": "the treaty as adopted"},
    "interactions": {"order": LEVERS},
    "pareto": {"baseline": "as_adopted", "order": LEVERS},
    "backlog": {"names": NAMES, "opens": "2026-01-01", "closes": "2029-01-01", "baseline": "no_treaty"},
    **sensitivity_examples.GIVEN,
    **uncertainty_examples.GIVEN,
}
