"""Estimands over the arrays of one finished run, or of two. Denominators are latent, so no treatment moves them."""

from sim.metrics.catalogue import COOPERATION_ESTIMANDS, FOLLOWED, SLICES, UNITS, WANTED, absent_metrics
from sim.metrics.cohort import Finished, Sliced, cohort_of, cohort_slices, disclosures, giving_rows, one_a_case, people_at_risk
from sim.metrics.counts import Counted, added
from sim.metrics.displacement import (
    SLICED_BY,
    Displaced,
    Given,
    displaced,
    displacement_rate,
    displacement_rows,
    given_of,
    given_rows,
)
from sim.metrics.estimands import counted, counted_whole, measured, metrics_of

__all__ = [
    "COOPERATION_ESTIMANDS",
    "FOLLOWED",
    "SLICED_BY",
    "SLICES",
    "UNITS",
    "WANTED",
    "Counted",
    "Displaced",
    "Finished",
    "Given",
    "Sliced",
    "absent_metrics",
    "added",
    "cohort_of",
    "cohort_slices",
    "counted",
    "counted_whole",
    "disclosures",
    "displaced",
    "displacement_rate",
    "displacement_rows",
    "given_of",
    "given_rows",
    "giving_rows",
    "measured",
    "metrics_of",
    "one_a_case",
    "people_at_risk",
]
