"""Which uncertain parameters move an outcome, and by how much: in themselves, and against the noise of worlds and luck."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.conditions import together
from experiments.analysis.drawn import Case, Drawn, UnsuitedError, drawn_of, outcome_cases
from experiments.analysis.measures import Sample, SensitivitySpec, main_of, measured_by, spread_over
from experiments.analysis.over_worlds import possible
from experiments.analysis.record import CHANGES, DISTANCES, MORRIS_COLUMNS, SHARES, Analysis, Drawing, spec_from
from experiments.analysis.replicates import variances_of, whole_groups, whole_worlds
from experiments.analysis.sensitivity_sentences import (
    _GROUP_NOUNS,
    MeasuredCase,
    answer_of,
    called,
    compared,
    intervals_of,
    stands_on,
    subject_of,
)
from experiments.analysis.surrogate import terms_of
from experiments.store.outcomes import Outcome, Study
from experiments.text import keyed, spoken
from sim.world.record import ConfigError

__all__ = ["SensitivitySpec", "analyse", "unsuited"]

_ROWS = {"sobol_bars": 0.5, "pawn_bars": 0.36, "tornado": 0.46}  # inches of a figure for each input
_TITLES = {
    "sobol_bars": "What moves",
    "pawn_bars": "What moves the distribution of",
    "morris_plane": "What moves",
    "tornado": "How far each input moves",
}
_PAGE = 2.8  # inches of a figure for all else
_COMPONENTS = {
    "parameters": "what the inputs do",
    "noise": "replicate noise left in a point's mean",
    "world": "of one run: what a world does to one point alone",
    "replicate": "of one run: what luck does to one point alone",
    "world_common": "of one run: what a world does to all points alike",
    "replicate_common": "of one run: what luck does to all points alike",
}
_BETWEEN = ("parameters", "noise")  # parts of the variance between points


def unsuited(study: Study) -> str | None:
    """Why the design does not suit: it wants draws by Sobol, Morris, Latin hypercube or a fractional factorial."""
    try:
        drawn_of(study)
    except UnsuitedError as error:
        return error.reason
    return None


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """Sensitivity of an outcome, policy by policy, and of what each further policy changes against the first.

    Tables: ``sensitivity`` (a row a scenario, input and index: value, simulation error as replicates vary and as draws vary, what
    noise alone would show, whether it is told from that), ``tornado`` (change from the low to the high end of each input, in
    the outcome's unit, with its range over worlds), ``variance`` (whose the variance is) and, where draws fill their ranges,
    ``spread`` (5 to 95 % over the draws, of a fitted surrogate and plain). A policy on fewer events than
    ``metrics.fewest_events`` has no number, nor has an end of a range. Raises ``ConfigError`` where the design does not suit, too
    few points are whole, or no policy has events enough.
    """
    spec, drawn = spec_from("sensitivity", SensitivitySpec, study.asked), drawn_of(study)
    fewest = study.config.metrics.fewest_events
    cases = sorted(outcome_cases(study, study.outcomes(outcome)), key=lambda case: not case.effect)
    every = [(case, _found(case, study, drawn, spec)) for case in cases]
    found = [one for _, one in every if one is not None]
    if not found:
        raise ConfigError(
            f"outcome: found fewer than {fewest} events of {outcome}; accepted: an outcome with more events (metrics.fewest_events)"
        )
    few = _few([case for case, one in every if one is None], fewest)
    return _put_together(found, drawn, outcome, spec, few)


def _put_together(
    found: Sequence[MeasuredCase], drawn: Drawn, outcome: Outcome, spec: SensitivitySpec, few: Sequence[str]
) -> Analysis:
    """What is found of all cases as one analysis; ``few`` says which cases have no number."""
    return Analysis(
        name="sensitivity",
        heading="What the answer depends on",
        question=f"Which of {len(drawn.factors)} uncertain inputs move the {called(outcome)}, and by how much?",
        answer=[sentence for one in found for sentence in answer_of(one, drawn, outcome, spec)],
        sure=[*(sentence for one in found for sentence in stands_on(one, drawn)), *intervals_of(drawn, spec), *few],
        tables={
            "sensitivity": together(one.tables.indices for one in found),
            "tornado": together(one.tables.tornado for one in found),
            "variance": together(map(_variance_table, found)),
            **_spreads(found, outcome),
        },
        drawings=[drawing for one in found for drawing in _drawings(one, drawn, outcome, spec, alone=len(found) == 1)],
    )


def _spreads(found: Sequence[MeasuredCase], outcome: Outcome) -> dict[str, pd.DataFrame]:
    """How far all inputs together move each case, as table ``spread``; none where no draws fill their ranges."""
    rows = [one.spread for one in found if one.spread is not None]
    return {"spread": pd.DataFrame(rows).assign(unit=outcome.unit)} if rows else {}


def _few(cases: Sequence[Case], fewest: int) -> list[str]:
    """A sentence about cases without a number; nothing where there is none."""
    named = "; ".join(spoken(case.label) for case in cases)
    return [f"Without a number, on fewer than {fewest} events (metrics.fewest_events): {named}."] if cases else []


def _found(case: Case, study: Study, drawn: Drawn, spec: SensitivitySpec) -> MeasuredCase | None:
    """One case, measured on what is whole of it; None on too few events. Raises ``ConfigError`` for too little."""
    fewest = study.config.metrics.fewest_events
    whole = (
        whole_worlds(case.outcomes) if drawn.method == "fractional" else whole_groups(case.outcomes, drawn.rows, spec.most_missing)
    )
    if not whole.worlds.any():
        raise ConfigError(f"points: found no world in which {case.label} ran whole; accepted: one or more")
    least = {"sobol": spec.fewest_base_points, "morris": spec.fewest_trajectories, "latin_hypercube": spec.fewest_draws}
    if whole.groups.sum() < least.get(drawn.method, 1):
        raise ConfigError(
            f"points: found {whole.groups.sum()} of {whole.groups.size} {_GROUP_NOUNS[drawn.method]} of {case.label} "
            "without a missing "
            f"outcome; accepted: {least[drawn.method]} or more (analysis.sensitivity)"
        )
    counts = np.stack([whole.counts_of(own) for own in case.counts])
    if counts.sum(axis=1).min() < fewest:
        return None
    sample = Sample(
        case.label, drawn, drawn.units[whole.kept], whole.replicates.values, counts, fewest, whole.replicates.kind == "world"
    )
    terms = terms_of(case.outcomes.points[whole.kept], study.design.uncertainties)
    spread = spread_over(sample, terms, _possible_of(case))
    return MeasuredCase(case, whole, variances_of(whole.runs[sample.apart]), measured_by(sample, spec), spread)


def _possible_of(case: Case) -> tuple[float, float]:
    """Least and greatest value that an outcome, or a difference of two policies in it, can have."""
    low, high = possible(case.outcomes.outcome)
    return (low - high, high - low) if case.effect else (low, high)


def _variance_table(one: MeasuredCase) -> pd.DataFrame:
    """Components of variance, a row each; a component that the layout cannot estimate has no row."""
    known = one.variances._asdict() | {"noise": one.variances.between - one.variances.parameters}
    rows = [
        (
            one.case.label,
            words,
            known[name],
            known[name] / known["between"] if name in _BETWEEN and known["between"] > 0 else np.nan,
        )
        for name, words in _COMPONENTS.items()
    ]
    return pd.DataFrame(rows, columns=["scenario", "component", "variance", "share_between_points"]).dropna(subset="variance")


def _drawings(one: MeasuredCase, drawn: Drawn, outcome: Outcome, spec: SensitivitySpec, *, alone: bool) -> Iterator[Drawing]:
    """The figures of one case: what the method ranks by, and the tornado."""
    table, tornado = one.tables.indices, one.tables.tornado
    main = table[table["index"] == main_of(table)].to_dict("records")
    order = ", ".join(f"{keyed(row['factor'])} {row['value']:.2g}" for row in main)

    def drawing(function: str, frame: pd.DataFrame, alt: str, **options: Any) -> Drawing:
        name = function if alone else f"{function}_{re.sub(r'[^a-z0-9]+', '_', one.case.label.lower())}"
        height = {"height_inches": _PAGE + _ROWS[function] * len(drawn.factors)} if function in _ROWS else {}
        title = {"title": f"{_TITLES[function]} {subject_of(one, outcome)}"}
        return Drawing(name, function, frame, " ".join(stands_on(one, drawn)), alt, title | height, options)

    shares = _shares(table)
    if drawn.method == "sobol" and shares["value"].notna().any():
        yield drawing("sobol_bars", shares, f"Bars of total and first-order shares: {order}.")
    if drawn.method == "latin_hypercube":
        yield drawing("pawn_bars", table[DISTANCES], f"Bars of distances between distributions: {order}.")
    if drawn.method == "morris":
        yield drawing("morris_plane", table[MORRIS_COLUMNS], f"Inputs by size and spread of their effect: {order}.",
                      unit=outcome.unit)  # fmt: skip
    names = ", ".join(map(keyed, tornado["factor"]))
    yield drawing("tornado", tornado[CHANGES], f"Bars of changes along each range, the largest first: {names}.",
                  unit=outcome.unit, bar=compared(drawn.method, spec))  # fmt: skip


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    """Both indices with what noise would have added to each; the raw ones where noise cannot be told apart."""
    raw = table[table["index"].isin(["S1_raw", "ST_raw"])].assign(index=lambda rows: rows["index"].str.removesuffix("_raw"))
    if not table["index"].eq("ST").any():
        return raw[SHARES]
    free = table[table["index"].isin(["S1", "ST"])].drop(columns="floor")
    return free.merge(raw[["factor", "index", "floor"]], on=["factor", "index"])[SHARES]
