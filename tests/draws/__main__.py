"""Make ``results/reference/named_draws`` anew: ``python -m tests.draws``, some minutes.

``runs.csv`` holds every run, ``variances.csv`` is made of it, ``variances.png`` shows that, and a manifest says by which code.
"""

from __future__ import annotations

import sys
import time

import pandas as pd

from experiments.console import console_of
from experiments.figures import in_few_colours
from experiments.output import files_in, provenance, replaced_folder, write_csv, write_manifest
from experiments.reference.checkout import all_committed
from experiments.reference.make import REFERENCE_FOLDER, REPOSITORY
from experiments.text import time_text
from tests.draws.pays import SAMPLES, runs_of, variances_of
from tests.draws.picture import drawn


def main() -> int:
    """Make every run, and of them the table and its figure; files that no commit holds are refused."""
    all_committed(REPOSITORY, REFERENCE_FOLDER)
    began = time.monotonic()
    runs = pd.concat([runs_of(sample) for sample in SAMPLES], ignore_index=True)
    with replaced_folder(REFERENCE_FOLDER, "named_draws") as into:
        write_csv(runs, into / "runs.csv", "%.9g")
        table = variances_of(pd.read_csv(into / "runs.csv"))
        write_csv(table, into / "variances.csv", "%.6g")
        picture = drawn(table, into / "variances.png")
        picture.write_bytes(in_few_colours(picture))  # to the eye the same, in a third of the bytes
        digests = {f"{sample.name}: {name}": config.digest() for sample in SAMPLES for name, config in sample.configs().items()}
        more = {"digests": digests, "files": files_in(into), "seconds": round(time.monotonic() - began, 1)}
        write_manifest(into, {**provenance(""), "command": "python -m tests.draws", **more})
    console_of().print(f"named draws: made anew in {time_text(time.monotonic() - began)}", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
