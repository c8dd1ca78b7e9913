"""What a sensitivity analysis says in sentences: what moves the outcome, what cannot be told from nothing, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.analysis.drawn import Case, Drawn, Method
from experiments.analysis.measures import ALL, MeasureTables, SensitivitySpec, SpreadOverDraws, joint, main_of
from experiments.analysis.ranges import too_few_worlds
from experiments.analysis.replicates import Variances, WholeGroups
from experiments.analysis.surrogate import SURROGATE_TOLD, drawn_told
from experiments.statistics import FEWEST_WORLDS
from experiments.store.outcomes import Outcome
from experiments.text import Row, alike, in_a_row, keyed, percent, spoken, thousands

_GROUP_NOUNS: dict[Method, str] = {
    "sobol": "base points",
    "morris": "trajectories",
    "latin_hypercube": "draws",
    "fractional": "designs",
}
"""Points that only serve together, in the plural."""
_MEANS = {
    "ST": "share of the variance that the inputs make, alone and with others",
    "ST_raw": "share of the variance between points, alone and with others, replicate noise included",
    "mu_star": "mean size of the change along the whole range",
    "pawn": "distance between the outcome's distributions with and without knowing the input, at most 1",
    "effect": "change from the low to the high level, at the average of the others",
}
_IN_PERCENT, _IN_UNITS = ("ST", "ST_raw"), ("mu_star", "effect")
_KINDS = {"world": "worlds", "replicate": "replicates of one world"}


class MeasuredCase(NamedTuple):
    """One outcome of one policy with its sensitivity tables and variances."""

    case: Case
    whole: WholeGroups
    variances: Variances
    tables: MeasureTables
    spread: SpreadOverDraws | None = None  # where draws fill their ranges

    @property
    def worlds(self) -> int:
        """How many worlds it stands on; replicates of one world are one."""
        return self.whole.replicates.values.shape[1] if self.whole.replicates.kind == "world" else 1


def called(outcome: Outcome) -> str:
    """An outcome in words.

    >>> called(Outcome.of("targeted_rate.group.lgbtq"))
    'targeted rate (group lgbtq)'
    """
    return spoken(outcome.metric) + ("" if outcome.by == "all" else f" ({spoken(outcome.by)} {spoken(outcome.level)})")


def subject_of(one: MeasuredCase, outcome: Outcome) -> str:
    """What the inputs move, in words: the outcome, or a difference of two policies in it."""
    words = spoken(one.case.label)
    return f"the change of the {called(outcome)}, {words}" if one.case.effect else f"the {called(outcome)}, {words}"


def compared(method: Method, spec: SensitivitySpec) -> str:
    """What a bar of the tornado compares."""
    if method == "morris":
        return "mean change along the whole range"
    if method == "fractional":
        return "from the mean at the low level to that at the high one"
    return f"from the mean of the lowest {percent(spec.ends)} of an input's draws to that of the highest"


def answer_of(one: MeasuredCase, drawn: Drawn, outcome: Outcome, spec: SensitivitySpec) -> Iterator[str]:
    """What moves the outcome, the most first; which way; what cannot be told from nothing; how much of it all is noise."""
    table, index = one.tables.indices, main_of(one.tables.indices)
    main = table[(table["index"] == index) & (table["factor"] != ALL)]
    told, untold = main[main["told"]], set(main.loc[~main["told"] & main["value"].notna(), "factor"])
    subject = subject_of(one, outcome)
    if main[["error_low", "error_high"]].isna().all(axis=None):
        few = f"the simulation error of {_MEANS[index]} is not known on {_runs_told(one)}"
        yield f"Which inputs move {subject} is not said: {few}."
    elif one.worlds < FEWEST_WORLDS:
        largest = _ranked(main[main["value"].notna()].to_dict("records"), index in _IN_PERCENT, spec.named)
        yield f"Which inputs move {subject} is not said: {too_few_worlds(one.worlds)}."
        yield f"In these worlds the largest are {largest} ({_MEANS[index]}{_unit(index, outcome)}; in brackets simulation error)."
        yield _direction(one, str(main["factor"].iloc[0]), outcome)
    elif told.empty:
        yield f"No input's effect on {subject} is told from nothing ({_MEANS[index]})."
    else:
        ranked = _ranked(told.to_dict("records"), index in _IN_PERCENT, spec.named)
        meaning = f"{_MEANS[index]}{_unit(index, outcome)}"
        yield f"What moves {subject}, the most first: {ranked} ({meaning}; in brackets simulation error)."
        yield _direction(one, str(told["factor"].iloc[0]), outcome)
    tornado = one.tables.tornado
    besides = tornado[tornado["told"] & tornado["factor"].isin(untold)]
    if not besides.empty:
        ranked = _ranked([row | {"value": row["change"]} for row in besides.to_dict("records")], False, spec.named)
        yield f"A change from end to end of its range is told {'besides ' if len(told) else ''}for {ranked} ({outcome.unit})."
    nothing = [name for name in main["factor"] if name in untold - set(besides["factor"])]
    if nothing and len(nothing) < len(main) and one.worlds >= FEWEST_WORLDS:
        yield f"Not to be told from nothing: {in_a_row([keyed(name) for name in nothing])}."
    yield from _spread(one, subject, outcome)
    yield from _interplay(one, spec.vague)
    yield _noise(one, drawn)


def _unit(index: str, outcome: Outcome) -> str:
    """The unit of an index after its meaning; nothing where it has none."""
    return f", {outcome.unit}" if index in _IN_UNITS else ""


def _ranked(rows: Sequence[Row], in_percent: bool, most: int) -> str:
    """Inputs with their figures; only the first few by name."""
    named = "; ".join(f"{keyed(row['factor'])} {_figure(row, in_percent)}" for row in rows[:most])
    return named + (f"; and {len(rows) - most} more" if len(rows) > most else "")


def _figure(row: Row, in_percent: bool) -> str:
    """A value with the interval that holds both simulation errors; a share and its limits lie in [0, 1].

    >>> row = {"value": 0.02, "draw_error_low": 0.0, "draw_error_high": 0.07, "error_low": 0.0, "error_high": 0.06}
    >>> " ".join(_figure(row, in_percent=True).split())
    '2 % (0 % to 8 %)'
    """
    below, above = _sides(row)
    values = np.array([row["value"], row["value"] - below, row["value"] + above])
    if np.isnan(below):
        values = values[:1]
    if in_percent:
        values = np.clip(values, 0.0, 1.0)
    words = [percent(float(value)).replace("-", "−") for value in values] if in_percent else alike(values.tolist())
    return f"{words[0]} (not known)" if len(words) == 1 else f"{words[0]} ({words[1]} to {words[2]})"


def _runs_told(one: MeasuredCase) -> str:
    """On how many worlds, or replicates of the only one, a case stands."""
    count = one.whole.replicates.values.shape[1]
    noun = _KINDS[one.whole.replicates.kind] if count != 1 else "world with one replicate"
    return f"{thousands(count)} {noun}"


def _sides(row: Row) -> tuple[float, float]:
    """How far an interval of both simulation errors reaches below and above the value; missing where neither is known."""
    below, above = (
        joint(*(abs(row[f"{name}_{end}"] - row["value"]) for name in ("draw_error", "error"))) for end in ("low", "high")
    )
    return float(below), float(above)


def _direction(one: MeasuredCase, factor: str, outcome: Outcome) -> str:
    """Which way the input that matters most moves the outcome."""
    row = next(row for row in one.tables.tornado.to_dict("records") if row["factor"] == factor)
    ends = f"{row['lowest']} to {row['highest']}"
    if np.isnan(row["change"]):
        return f"How far it moves along the range of {keyed(factor)} ({ends}) has no number: an end stands on too few events."
    drawn = _figure({**row, "value": row["change"]}, in_percent=False)
    if one.worlds < FEWEST_WORLDS:
        return f"From end to end of the range of {keyed(factor)} ({ends}) its change is {drawn}, {outcome.unit}{_worlds_told(row)}."
    if not row["told"]:
        return (
            f"Along the range of {keyed(factor)} ({ends}) it moves both ways or unevenly: no change from end to end is told "
            f"({drawn}, {outcome.unit}{_worlds_told(row)})."
        )
    way = "rises" if row["change"] > 0 else "falls"
    return f"It {way} with {keyed(factor)} (range {ends}): change {drawn}, {outcome.unit}{_worlds_told(row)}."


def _worlds_told(row: Row) -> str:
    """In what range and with what sign a change stands in single worlds; nothing where there is but one."""
    if np.isnan(row["world_low"]):
        return ""
    low, high = alike([row["world_low"], row["world_high"]])
    return f"; range over {row['worlds']} worlds {low} to {high}, in {row['worlds_agreeing']} of {row['worlds']}"


def _spread(one: MeasuredCase, subject: str, outcome: Outcome) -> Iterator[str]:
    """How far all inputs together move the outcome, where draws fill their ranges."""
    if one.spread is not None:
        drawn = drawn_told(pd.Series(one.spread._asdict()))
        yield f"With all inputs drawn together, {subject} ranges from {drawn}, {outcome.unit}."


def _interplay(one: MeasuredCase, vague: float) -> Iterator[str]:
    """What of the variance the inputs make each for itself, where that is known well enough to say it."""
    table = one.tables.indices
    for row in table[(table["factor"] == ALL) & table["value"].notna()].to_dict("records"):
        if max(_sides(row)) <= vague:
            share = _figure(row, in_percent=True)
            yield f"Each for itself the inputs make {share} of that variance; the rest, if any, is interplay."


def _noise(one: MeasuredCase, drawn: Drawn) -> str:
    share = one.variances.noise_share
    if one.whole.replicates.values.shape[1] < 2:
        return "With one replicate a point, replicate noise cannot be told from what the inputs do; it is in all of these figures."
    if np.isnan(share):
        return "The outcome is the same at every point."
    if share >= 1:
        return "All of the variance between the points' means may be replicate noise: more worlds, or wider ranges, would tell."
    fate = "; it is taken out of the shares" if drawn.method == "sobol" else ""
    return f"Replicate noise makes {percent(max(share, 0.0))} of the variance between the points' means{fate}."


def stands_on(one: MeasuredCase, drawn: Drawn) -> Iterator[str]:
    """How many points, worlds and replicates one case stands on, and what was left out."""
    whole = one.whole
    points, worlds, replicates = whole.runs.shape
    runs = int((~np.isnan(whole.runs)).sum())
    unit = (
        ""
        if drawn.method in ("latin_hypercube", "fractional")
        else f" ({thousands(int(whole.groups.sum()))} {_GROUP_NOUNS[drawn.method]})"
    )
    yield (
        f"{spoken(one.case.label).capitalize()}: {thousands(points)} points{unit} of {len(drawn.factors)} inputs, each in "
        f"{thousands(worlds)} world{'s' * (worlds > 1)} with {replicates} replicate{'s' * (replicates > 1)}, "
        f"{thousands(runs)} runs."
    )
    dropped = int((~whole.groups).sum())
    if dropped:
        of = f"{thousands(whole.groups.size)} {_GROUP_NOUNS[drawn.method]}"
        yield f"Left out for a missing outcome: {thousands(dropped)} of {of}."
    without = int((~whole.worlds).sum())
    if without:
        yield f"Left out as not whole: {thousands(without)} of {thousands(whole.worlds.size)} {_KINDS[whole.replicates.kind]}."


def intervals_of(drawn: Drawn, spec: SensitivitySpec) -> Iterator[str]:
    """What the intervals hold, and what they do not."""
    if drawn.method == "fractional":
        yield (
            "Simulation errors are 95 % intervals over worlds (Student's t): nothing is drawn, so they hold no uncertainty of "
            "parameters."
        )
    else:
        yield (
            f"Simulation errors are 95 % intervals: draw_error as {_GROUP_NOUNS[drawn.method]} vary (bootstrap, "
            f"{thousands(spec.resamples)} resamples), error as worlds vary, or the replicates of one world (jackknife, "
            "Student's t). The tables keep the two apart; in sentences an interval holds both where both are known (root of the "
            "sum of squares). Both shrink with computing time: an index speaks of the mean over worlds. How a change stands in "
            "single worlds, draws of what nobody knows about the one real world, says its range over worlds (tornado.csv)."
        )
    yield (
        f"Nothing is told from nothing under {FEWEST_WORLDS} worlds, for then there is no verdict; a change from end to end only "
        "where the range over worlds lies on one side of zero, beyond the simulation error."
    )
    yield from _of_method(drawn.method, spec)
    yield "Of the inputs without any effect, about one in twenty will seem to have one in each table."
    if drawn.method in ("sobol", "latin_hypercube"):
        yield SURROGATE_TOLD
    yield "No interval holds what lies outside the ranges: inputs that stand still here, other bounds, another model."


def _of_method(method: Method, spec: SensitivitySpec) -> Iterator[str]:
    if method == "sobol":
        yield (
            "Shares are of the variance of the expected outcome: products are taken between different worlds only, so replicate "
            "noise drops out, also where points share their seeds. Rows that end in _raw are the usual estimates, with noise."
        )
    if method in ("sobol", "latin_hypercube"):
        yield (
            f"A distance (PAWN) counts as told where it exceeds what 95 of 100 dummy inputs without effect stay under (of "
            f"{thousands(spec.dummies)} tried), in the worlds that were run."
        )
    if method == "morris":
        yield "An effect counts as told where its interval lies above what replicate noise would show, or its direction is clear."
