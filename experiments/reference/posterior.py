"""The posterior as it is shipped: draws of the calibrated numbers, and beside them what they came from and how to make them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.output import MANIFEST, naming
from sim.posterior import ABOUT, ROWS, JointRows, digest_of
from sim.register import priors_digest

_DRAWS = "posterior.parquet"
COMMANDS = ("rogatory sweep design=bank", "rogatory calibrate STORE", "python -m experiments.reference calibration")
"""The first two make the same draws in a folder of results; the last does both and puts them where they are shipped."""


def ship(written: Path, place: Path, settings: Mapping[str, Any]) -> str:
    """Put the draws of a calibration into the folder of the configuration, with what is said of them; returns whether they moved.

    ``written`` is the folder of ``rogatory calibrate``, ``settings`` are ``configs/analysis/calibrate.yaml`` as it was asked.
    """
    frame = pd.read_parquet(written / _DRAWS)
    rows = JointRows(tuple(frame.columns), np.ascontiguousarray(frame.to_numpy(np.float64)))
    manifest = json.loads((written / MANIFEST).read_text(encoding="utf-8"))
    about = {
        "parameters": list(rows.keys),
        "observables": list(settings["observables"]),
        "rows": len(rows.values),
        "digest": digest_of(rows),
        "priors": priors_digest(),
        "bank": {"store": manifest["store"], "runs": manifest["runs"], "ran": manifest["ran"]},
        "seed": settings["seed"],
        "commands": list(COMMANDS),
        "code": manifest["code"],
        "versions": manifest["versions"],
        "written": manifest["written"],
    }
    before = json.loads((place / ABOUT).read_text(encoding="utf-8"))["digest"] if (place / ABOUT).is_file() else ""
    with naming(place / ROWS):
        pq.write_table(pa.table({key: rows.values[:, at] for at, key in enumerate(rows.keys)}), place / ROWS, compression="zstd")
        (place / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8", newline="")
    return (
        "the posterior is as it was"
        if before == about["digest"]
        else f"the posterior is {about['digest']}, before {before or 'none'}"
    )
