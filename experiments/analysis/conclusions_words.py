"""The tables of ``conclusions`` in sentences: what survives, what is best, what adaptation leaves, what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.analysis.assumptions import outcome_words
from experiments.statistics import LEVEL
from experiments.store.outcomes import Outcome
from experiments.text import PER_CENT, Row, band, counted, in_a_row, in_per_cent, keyed, number, spoken, unknown

__all__ = ["answers", "change_words", "outcome_words", "sure"]

_VERDICTS = {
    "holds": ("holds", "hold"),
    "likely": ("is likely", "are likely"),
    "open": ("is open", "are open"),
    "none": ("moves nothing in the median draw", "move nothing in the median draw"),
}  # one effect, several
_AT_MOST = 6  # arms of any other verdict that are named
_NO_VERDICT = ("", "too few draws")
_FIRM = ("holds", "likely")  # verdicts whose effects are told with their numbers
_KEY = ["arm", "condition", "metric", "by", "level"]


def answers(tables: Mapping[str, pd.DataFrame], outcomes: Sequence[Outcome], named: int) -> list[str]:
    """The answer: the outcome asked for, a sentence on each other, what would change it, and how far draws move it."""
    asked, *others = outcomes
    conditions = list(dict.fromkeys(tables["conclusions"]["condition"]))
    full = [_in_full(tables, asked, condition, named) for condition in conditions]
    brief = [_in_brief(tables, outcome, conditions) for outcome in others]
    return [*filter(None, [*full, *brief]), *_drivers(tables["drivers"], named), *_moved(tables["conclusions"], named)]


def _in_full(tables: Mapping[str, pd.DataFrame], outcome: Outcome, condition: str, named: int) -> str:
    own = {name: _of(table, outcome, condition) for name, table in tables.items()}
    told = [*_survives(own["conclusions"], named), *_best(own["ranking"], named), *_left(own["adapted"], named)]
    return f"{outcome_words(outcome).capitalize()}, {condition}. {' '.join(told)}" if told else ""


def _in_brief(tables: Mapping[str, pd.DataFrame], outcome: Outcome, conditions: Sequence[str]) -> str:
    """How many effects hold on one outcome, and the best safeguard, by condition."""
    told = list[str]()
    for condition in conditions:
        known = _of(tables["conclusions"], outcome, condition).dropna(subset=["change"])
        if known.empty:
            continue
        counts = [
            f"{count} {does[count != 1]}" for name, does in _VERDICTS.items() if (count := int((known["verdict"] == name).sum()))
        ]
        ranked = _ranked(_of(tables["ranking"], outcome, condition))
        best = f"; best safeguard {_best_words(ranked.iloc[0].to_dict())}" if len(ranked) else ""
        told.append(f"{condition} {', '.join(counts) or 'no verdict'} of {counted(len(known), 'effect')}{best}")
    return f"{outcome_words(outcome).capitalize()}: {'. '.join(f'{said[:1].upper()}{said[1:]}' for said in told)}." if told else ""


def _of(table: pd.DataFrame, outcome: Outcome, condition: str) -> pd.DataFrame:
    """The rows of one outcome under one condition."""
    rows = (table["metric"] == outcome.metric) & (table["by"] == outcome.by) & (table["level"] == outcome.level)
    return table[rows & (table["condition"] == condition)]


def change_words(row: Row) -> str:
    """A change with its median and range over draws, and the share of draws with its sign.

    >>> row = {"arm": "judge", "change": -21.4, "median": -19.0, "median_draw_low": -40.2, "median_draw_high": -3.0}
    >>> change_words(row | {"sign_share": 0.97})
    'judge −21 % (draws −40 to −3; same sign in 97 %)'
    """
    change, low, high = band(*(float(row[name]) for name in ("change", "median_draw_low", "median_draw_high")))
    told = f"draws {low} to {high}; " if low and high else ""
    share = "no sign" if unknown(row["sign_share"]) else f"same sign in {in_per_cent(float(row['sign_share']))}"
    return f"{spoken(row['arm'])} {change} % ({told}{share})"


def _survives(table: pd.DataFrame, named: int) -> list[str]:
    """How many effects have which verdict, those that hold with their numbers, the largest first."""
    known = table[table["change"].notna()]
    few = in_a_row([spoken(arm) for arm in table[table["change"].isna()]["arm"]])
    silent = [f"Without a number, on too few events: {few}."] if few else []
    if known.empty:
        return silent
    if (known["verdict"] == "too few draws").all():
        return [f"{counted(int(known['draws'].max()), 'draw')} give no verdict.", *silent]
    told = list[str]()
    for verdict, does in _VERDICTS.items():
        own = _largest(known[known["verdict"] == verdict], "change")
        if own.empty:
            continue
        firm = verdict in _FIRM
        most = named if firm else _AT_MOST
        names = [change_words(row) if firm else spoken(row["arm"]) for row in own.head(most).to_dict("records")]
        more = [f"{len(own) - most} more"] if len(own) > most else []
        told.append(f"{len(own)} of {counted(len(known), 'effect')} {does[len(own) != 1]}: {in_a_row([*names, *more])}.")
    return [*told, *silent]


def _largest(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows by the size of a number, the largest first."""
    return table.reindex(table[column].abs().sort_values(ascending=False, kind="stable").index)


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """The safeguards, the most often best first."""
    return table[table["ranked"].astype(bool)].sort_values("best", ascending=False, kind="stable")


def _best_words(row: Row) -> str:
    low, high = (in_per_cent(float(row[f"best_draw_error_{end}"])) for end in ("low", "high"))
    chance = in_per_cent(float(row["by_chance"]))
    return f"{spoken(row['arm'])} in {in_per_cent(float(row['best']))} of draws (95 %: {low} to {high}; were all alike {chance})"


def _best(table: pd.DataFrame, named: int) -> list[str]:
    """Which safeguard is best in how many draws, and how often other replicates agree."""
    rows = _ranked(table)
    if rows.empty:
        return []
    first, *others = rows.head(named).to_dict("records")
    ahead = "" if unknown(first["ahead"]) else f", then {number(float(first['ahead']), 1)} points ahead of the second"
    then = in_a_row([f"{spoken(row['arm'])} {in_per_cent(float(row['best']))}" for row in others])
    said = [f"Best safeguard: {_best_words(first)}{ahead}{f'; {then}' if then else ''}."]
    if unknown(first["replicates_agree"]):
        return said
    return [*said, f"Two replicates of a draw have the same best in {in_per_cent(float(first['replicates_agree']))}."]


def _left(table: pd.DataFrame, named: int) -> list[str]:
    """What the condition leaves of an improvement on paper, where that is told."""
    own = table[table["protects"].astype(bool) & table["left"].notna()]
    told = [
        f"{spoken(row['arm'])} {number(float(row['left']))} % (more than half is gone in {_share(row['halved'])} of draws, by "
        f"replicate noise alone in {_share(row['halved_by_luck'])})"
        for row in _largest(own, "on_paper").head(named).to_dict("records")
    ]
    return [f"Left of improvements on paper: {in_a_row(told)}."] if told else []


def _share(value: float) -> str:
    return "unknown" if unknown(value) else in_per_cent(float(value))


def _drivers(table: pd.DataFrame, named: int) -> list[str]:
    """Which numbers would change an effect, told from chance."""
    if table.empty:
        return []
    count = len(table.drop_duplicates(_KEY))
    told, sure = table[table["told"].astype(bool)], table[table["told_of_all"].astype(bool)]
    bar, numbers = float(table["bar"].max()), counted(int(table["numbers"].max()), "number")
    limit = (
        f"To be told among {numbers}, one must reach a rank correlation of {bar:.2f} ({PER_CENT * bar**2:.0f} % of the variance of "
        f"ranks); a true one of {float(table['findable'].max()):.2f} is found in four studies of five."
    )
    found = (
        f"What would change it: {len(told.drop_duplicates(_KEY))} of {counted(count, 'effect')} have a number that is told from "
        f"chance, where chance alone gives about {(1 - LEVEL) * count:.0f}. {limit}"
    )
    if sure.empty:
        return [f"{found} With all effects taken together no number is told."]
    counts = sure.groupby("key", sort=False).agg(effects=("arm", "size"), calibrated=("calibrated", "first"))
    counts = counts.sort_values("effects", ascending=False, kind="stable").head(named)
    said = [
        f"{keyed(key)} ({counted(row['effects'], 'effect')}, {'calibrated' if row['calibrated'] else 'never conditioned'})"
        for key, row in zip(map(str, counts.index), counts.to_dict("records"), strict=True)
    ]
    return [found, f"With all effects taken together most often: {in_a_row(said)}.", *_halves(sure)]


def _halves(told: pd.DataFrame) -> list[str]:
    """The sign that depends most on one number."""
    apart = (told["lower_half"] - told["upper_half"]).abs().fillna(0.0)
    if not (apart > 0).any():
        return []
    row = told.iloc[int(np.argmax(apart.to_numpy(float)))].to_dict()
    halves = f"{_share(row['lower_half'])} of draws in its lower half, {_share(row['upper_half'])} in its upper half"
    return [f"The sign depends most on {keyed(row['key'])}: {_whose(row)} goes {row['sign']} in {halves}."]


def _outcome_of(row: Row) -> Outcome:
    return Outcome(str(row["metric"]), str(row["by"]), str(row["level"]))


def _moved(table: pd.DataFrame, named: int) -> list[str]:
    """How far draws move each change from where it is at default values."""
    if "moved" not in table:
        return []
    known = table[table["moved"].notna()]
    if known.empty:
        return ["From default values to draws: no effect has a number in both."]
    far = _largest(known, "moved").head(named)
    told = [f"{_whose(row)} {_pair(row)}" for row in far.to_dict("records")]
    turned = known[known["turns"].astype(bool)]
    judged = known[~known["default_verdict"].isin(_NO_VERDICT) & ~known["verdict"].isin(_NO_VERDICT)]
    other = judged[judged["default_verdict"] != judged["verdict"]]
    verdicts = f"; the verdict changes in {len(other)} of {len(judged)}" if len(judged) else ""
    names = in_a_row([_whose(row) for row in turned.head(named).to_dict("records")])
    return [
        f"From default values to draws an effect moves by {number(float(known['moved'].abs().median()), 1)} points in the median, "
        f"most of all {in_a_row(told)}.",
        f"The sign changes in {len(turned)} of {counted(len(known), 'effect')}{f': {names}' if names else ''}{verdicts}.",
    ]


def _whose(row: Row) -> str:
    return f"{spoken(row['arm'])} ({row['condition']}, {outcome_words(_outcome_of(row))})"


def _pair(row: Row) -> str:
    default, change = band(float(row["default"]), float(row["change"]))
    return f"from {default} to {change} %"


def sure(tables: Mapping[str, pd.DataFrame], holds: float, likely: float, places: int) -> list[str]:
    """What these shares of draws hold and what they do not."""
    table, drivers = tables["conclusions"], tables["drivers"]
    known = table[table["change"].notna()]
    draws, replicates = counted(int(table["draws"].max()), "draw"), counted(int(table["replicates"].max()), "replicate")
    corrected, firm, soft = int(known["corrected_share"].notna().sum()), in_per_cent(holds), in_per_cent(likely)
    told = [
        f"{draws} of all numbers that have a prior, each in a world of its own with {replicates}. A share of draws is a "
        "probability only as far as the priors are. What is not drawn, the structure of the model first, is in none of these "
        "shares.",
        f"An effect holds if {firm} of draws or more have the sign of the median draw, and is likely from {soft} on. A draw "
        "without any change counts on neither side. Replicate noise makes signs disagree, so these shares err on the careful side: "
        "one_effect_share is the share that noise would leave if all draws had the same effect, coin_share what coins would give.",
        f"The share of signs without replicate noise (corrected_share) is given for {corrected} of {counted(len(known), 'effect')}."
        " For the others a draw's effect is mostly noise, or nothing moves. It assumes that effects in per cent are normal "
        "over draws.",
        "Changes are ratios of means over draws, so draws with a high baseline weigh more. Median and range are of each draw's own "
        f"per cent, in draws with enough events: {_span(known['draws_with_level'])} of {draws}. Signs and ranks are of all draws.",
    ]
    if tables["ranking"]["ranked"].astype(bool).any():
        told.append(
            f"Only safeguards are ranked; equals share places, and the first {places} count as the first. Replicate noise is in "
            "every order: best_again is the share of draws in which a safeguard that is first by one replicate is first by another."
        )
    if len(drivers):
        own = drivers.drop_duplicates("key")
        listed, calibrated = counted(len(own), "number"), int(own["calibrated"].sum())
        told.append(
            "Drivers are rank correlations with what the draws had, told beyond what the largest of all numbers reaches in 95 % of "
            f"shuffles. Of {listed} listed, {calibrated} are calibrated; the others are never conditioned on evidence. A "
            "correlation does not prove a cause, and of many small causes none is told."
        )
    return told


def _span(values: pd.Series[float]) -> str:
    if values.empty:
        return "none"
    least, most = int(values.min()), int(values.max())
    return f"{least}" if least == most else f"{least} to {most}"
