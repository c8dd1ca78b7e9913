"""Rebuild the committed results of the demo, and say which headline numbers moved: ``python -m experiments.reference``."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from experiments import demo
from experiments.summary import HEADLINE
from sim.config import load
from sim.sources.imputation import leave_one_out
from sim.sources.tables import read_penalties

REFERENCE = Path(__file__).parent.parent / "results" / "reference" / "demo"
PENALTIES = REFERENCE.parent / "penalties_leave_one_out.csv"
KEPT = ("comparison.csv", "manifest.json")
_DIGITS = "%.9g"
_ROUNDING = 1e-7  # relative: what those digits lose


def headline_runs(metrics: pd.DataFrame) -> pd.DataFrame:
    """The headline estimands of every run: ``scenario, seed, metric, by, level, value, count``."""
    wanted = pd.MultiIndex.from_tuples(HEADLINE, names=["metric", "by", "level"])
    keys = pd.MultiIndex.from_frame(metrics[["metric", "by", "level"]])
    columns = ["scenario", "seed", "metric", "by", "level", "value", "count"]
    return metrics.loc[keys.isin(wanted), columns].reset_index(drop=True)


def moved(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Headline numbers whose mean over runs changed: ``scenario, metric, level, old, new, z`` (paired by seed)."""
    keys = ["scenario", "metric", "by", "level", "seed"]
    both = old.merge(new, on=keys, suffixes=("_old", "_new"))
    both["change"] = both["value_new"] - both["value_old"]
    grouped = both.groupby(keys[:-1], sort=False)
    table = grouped.agg(old=("value_old", "mean"), new=("value_new", "mean"), spread=("change", "std"), runs=("change", "size"))
    table["z"] = (table["new"] - table["old"]) / (table["spread"] / table["runs"] ** 0.5)
    changed = ~np.isclose(table["old"], table["new"], rtol=_ROUNDING, atol=0.0)
    return table[changed].drop(columns=["spread", "runs"]).reset_index()


def penalties() -> pd.DataFrame:
    """Each known maximum penalty predicted from the others: how far drawn laws can be trusted."""
    config = load()
    known = read_penalties(offences=list(config.offences))
    return leave_one_out(known, config.offences, config.states.penalty_shrinkage, config.instruments["hanoi"].threshold_years)


def main() -> None:
    """Run the demo, replace the reference, print what moved."""
    penalties().to_csv(PENALTIES, index=False, float_format="%.4g")
    written = demo.main()
    new = headline_runs(pd.read_parquet(written / "metrics.parquet"))
    path = REFERENCE / "headline.csv"
    if path.exists():
        rows = moved(pd.read_csv(path), new)
        Console(width=150).print(rows.to_string(index=False) if len(rows) else "no headline number moved", highlight=False)
    REFERENCE.mkdir(parents=True, exist_ok=True)
    new.to_csv(path, index=False, float_format=_DIGITS)
    for source in [*(written / name for name in KEPT), *written.glob("*.png")]:
        shutil.copy(source, REFERENCE / source.name)


if __name__ == "__main__":
    main()
