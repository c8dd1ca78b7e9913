"""Numbers into sentences that a lawyer or a journalist can quote: relative, with intervals, and silent where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.analysis.frames import names_of
from experiments.design.comparisons import Arm
from experiments.design.scenarios import Header
from experiments.figures.style import present
from experiments.letters import inked
from experiments.report.facts import Facts
from experiments.text import THIN, Row, decimals_of, signed, spoken, thousands, unknown
from sim.metrics import UNITS
from sim.settings import Config

PROTECTION_METRIC, COOPERATION_METRIC = "case_disclosure_rate", "legit_met_rate"
_COMPARED = (
    "arm", "baseline_name", "metric", "by", "level", "unit", "baseline", "value", "difference", "low", "high",
    "ratio", "ratio_low", "ratio_high", "percent", "percent_low", "percent_high", "world_sd", "event_sd",
    "events_baseline", "events", "worlds", "runs", "constructed_zero", "expected", "agrees",
)  # fmt: skip
COOPERATED = (
    "arm", "protection_percent", "protection_percent_low", "protection_percent_high", "cooperation_lost_percent",
    "cooperation_lost_percent_low", "cooperation_lost_percent_high", "delay_quantile", "delay_days", "delay_days_low",
    "delay_days_high", "hours", "hours_low", "hours_high", "on_frontier",
)  # fmt: skip
SUBJECTS = {
    PROTECTION_METRIC: "abusive cases that end in disclosure",
    COOPERATION_METRIC: "legitimate needs that are met",
    "targeted_people": "people at risk whose data are disclosed",
    "targeted_rate": "people disclosed",
    "attempted_rate": "abusive cases that are filed",
    "deterred_share": "abusive cases wished for and not filed",
    "preserved_only": "abusive cases preserved and never disclosed",
    "unanswered_share": "requests left unanswered",
    "backlog_months": "backlog of the authorities",
    "secondary_use_rate": "people harmed by further use",
    "spyware_rate": "people reached by spyware",
    "ever_targeted": "people ever disclosed",
    "disclosure_severity": "severity of what is disclosed",
    "legit_delay_days": "delay until needs are met",
    "displacement_rate": "disclosures displaced to another way",
    "targeted_rate_treaty": "people disclosed through the treaty",
    "notified_share": "disclosed persons who are ever told",
    "chilling": "expression lost",
    "silenced_share": "abusive cases that nobody wishes for because people have fallen silent",
}
DOWN, UP, UNSURE, SAME, CANNOT_MOVE, FEW, ABSENT = "down", "up", "unsure", "same", "fixed", "few", "absent"
_DOUBLE = 100.0  # per cent of a rise from which it is told as so many times the baseline
_UNBOUNDED = (
    "the interval of the percentage has no bounds, but the whole interval of the difference lies on that side of zero",
    "no interval can be given, so we cannot tell",
)
_WAYS = {"up": "to rise", "down": "to fall", "same": "not to change"}
_ESTIMAND = re.compile(rf"\b(?:{'|'.join(UNITS)})\b")
_IDENTITY = re.compile(r"^([A-Z]\d+[a-z]?\w?)[,:]\s*")


class ComparisonStudy(NamedTuple):
    """Tables, arms and facts from which the page of a comparison is made."""

    comparison: pd.DataFrame
    cooperation: dict[str, Row]  # by arm
    whole: dict[tuple[str, str], Row]  # by arm and metric: rows that are no slice
    arms: tuple[str, ...]  # in the order asked for
    names: dict[str, str]  # of arms, in words
    numbers: dict[str, str]  # of arms: the id that opens a question, or nothing
    headers: dict[str, Header]  # by arm
    first: Config  # the baseline, or the first of several
    places: dict[str, str]  # short names of states by code
    digests: dict[str, str]  # of the baselines and the arms
    facts: Facts
    figures: Mapping[str, Mapping[str, object]]  # settings of each

    @property
    def fewest(self) -> int:
        """Pooled events under which no number is told."""
        return self.first.metrics.fewest_events

    def undominated(self, arm: str) -> bool:
        """Whether neither another arm nor the baseline is as good on both scores and better on one."""
        return arm in self.cooperation and bool(self.cooperation[arm]["on_frontier"])

    def row(self, arm: str, metric: str) -> Row | None:
        """The row of a metric's whole, if there is one."""
        return self.whole.get((arm, metric))

    def verdict(self, arm: str, metric: str) -> str:
        """Which way a metric goes: ``down, up, unsure, same, fixed, few`` or ``absent``."""
        return verdict(self.row(arm, metric), self.fewest)

    def of(self, metric: str, kind: str) -> list[str]:
        """Arms with that verdict, the smallest change first."""
        found = [arm for arm in self.arms if self.verdict(arm, metric) == kind]
        return sorted(found, key=lambda arm: float(np.nan_to_num((self.row(arm, metric) or {"percent": 0.0})["percent"])))


def comparison_study(
    comparison: pd.DataFrame,
    cooperation: pd.DataFrame,
    arms: Sequence[Arm],
    headers: Mapping[str, Header],
    facts: Facts,
    figures: Mapping[str, Mapping[str, object]],
) -> ComparisonStudy:
    """The tables by name and arm. Raises ``ValueError`` for a missing column."""
    table = present(comparison, _COMPARED)
    wholes = table[table["by"] == "all"].to_dict("records")
    told = {arm.name: headers[name] for arm in arms for name in [arm.name] if name in headers}
    return ComparisonStudy(
        comparison=table,
        cooperation={str(row["arm"]): row for row in present(cooperation, COOPERATED).to_dict("records")},
        whole={(str(row["arm"]), str(row["metric"])): row for row in wholes},
        arms=tuple(arm.name for arm in arms),
        names={arm.name: arm_in_words(arm.name) for arm in arms},
        numbers={name: numbered(header.question)[0] for name, header in told.items()},
        headers=told,
        first=arms[0].baseline_config,
        places=names_of(arms[0].baseline_config),
        digests=arm_digests(arms),
        facts=facts,
        figures=figures,
    )


def arm_digests(arms: Sequence[Arm]) -> dict[str, str]:
    """What tells one configuration from another: of each baseline, and of each arm."""
    digests: dict[str, str] = {}
    for arm in arms:
        name, digest = arm.baseline_config.scenario_name, arm.baseline_config.digest()
        digests[name if digests.get(name, digest) == digest else f"{name} for {arm.name}"] = digest
    return digests | {arm.name: arm.config.digest() for arm in arms}


def arm_in_words(arm: str) -> str:
    """An arm's name in words: several scenarios at once, or one that is written into every text.

    >>> arm_in_words("judge+total_secrecy@everywhere")
    'judge + total secrecy, in every text'
    """
    return inked(spoken(arm).replace("+", " + ").replace("@everywhere", ", in every text"))


def numbered(question: str) -> tuple[str, str]:
    """The id that opens a scenario's question, and the question itself, as a sentence.

    >>> numbered("S06, what if a judge had to agree?")
    ('S06', 'What if a judge had to agree?')
    >>> numbered("what if?")
    ('', 'What if?')
    """
    found = _IDENTITY.match(question)
    rest = question[found.end() :] if found else question
    return (found[1] if found else ""), rest[:1].upper() + rest[1:]


def verdict(row: Row | None, fewest: int) -> str:
    """Which way a row of the comparison goes, by its interval."""
    if row is None:
        return ABSENT
    if bool(row["constructed_zero"]):
        return CANNOT_MOVE
    if min(row["events_baseline"], row["events"]) < fewest:
        return FEW
    if np.isnan(row["difference"]):
        return ABSENT
    if row["difference"] == 0 and row["events"] == row["events_baseline"] and not (row["low"] < 0 or row["high"] > 0):
        return SAME
    return DOWN if row["high"] < 0 else UP if row["low"] > 0 else UNSURE


def unsigned_percent(value: float, decimals: int = 0) -> str:
    """A percentage without its sign.

    >>> unsigned_percent(-38.4).replace(THIN, " "), unsigned_percent(5.94, 1).replace(THIN, " ")
    ('38 %', '5.9 %')
    """
    return f"{abs(value):,.{decimals}f}".replace(",", THIN) + f"{THIN}%"


def interval(low: float, high: float, decimals: int = 0) -> str:
    """Two percentages of one sign, the smaller first.

    >>> interval(-51.2, -24.9).replace(THIN, " ")
    '25 % to 51 %'
    """
    small, large = sorted((abs(low), abs(high)))
    return f"{unsigned_percent(small, decimals)} to {unsigned_percent(large, decimals)}"


def sided(value: float, decimals: int = 0) -> str:
    """A percentage as more or fewer.

    >>> sided(-12.0).replace(THIN, " "), sided(5.0).replace(THIN, " ")
    ('12 % fewer', '5 % more')
    """
    return f"{unsigned_percent(value, decimals)} {'fewer' if value < 0 else 'more'}"


def change_sentence(row: Row, fewest: int) -> str:
    """One sentence on one metric: what changes, with its interval, or why that cannot be said."""
    metric = str(row["metric"])
    subject = SUBJECTS.get(metric, spoken(metric))
    opening = subject[0].upper() + subject[1:]
    kind = verdict(row, fewest)
    if kind in (SAME, CANNOT_MOVE, FEW, ABSENT) or np.isnan(row["percent"]):
        return f"{opening}: {_silent(row, kind, fewest)}."
    return f"{_moved(row, kind, opening, subject)}."


def _silent(row: Row, kind: str, fewest: int) -> str:
    """Why there is no number."""
    if kind in (SAME, CANNOT_MOVE):
        return "no change in any run" if kind == SAME else "nothing can move by construction"
    if kind == FEW:
        before, after = few(row["events_baseline"], fewest), few(row["events"], fewest)
        return f"fewer than {fewest} events on one side (baseline {before}, here {after}), too few for a number"
    return "no number can be given against this baseline"


def _moved(row: Row, kind: str, opening: str, subject: str) -> str:
    """What moved, by how much, and how surely."""
    percent, low, high = (float(row[name]) for name in ("percent", "percent_low", "percent_high"))
    decimals = _decimals(percent, low, high)
    if np.isnan(low) or np.isnan(high):
        return f"{opening}: {sided(percent, decimals)} on average; {_UNBOUNDED[kind == UNSURE]}"
    if kind == UNSURE:
        reach = f"from {sided(low, decimals)} to {sided(high, decimals)}"
        return f"We cannot tell whether {subject} become more or fewer: the 95{THIN}% interval reaches {reach}"
    if percent > _DOUBLE:
        middle, least, most = (f"{float(row[name]):.1f}" for name in ("ratio", "ratio_low", "ratio_high"))
        return f"{opening} rise to {middle} times the baseline (95{THIN}% interval: {least} to {most} times)"
    verb = "fall" if kind == DOWN else "rise"
    return f"{opening} {verb} by {unsigned_percent(percent, decimals)} (95{THIN}% interval: {interval(low, high, decimals)})"


def quick(row: Row, what: str, fewest: int) -> str:
    """One metric in a few words: the change and its interval in brackets, or why there is none."""
    kind = verdict(row, fewest)
    percent, low, high = (float(row[name]) for name in ("percent", "percent_low", "percent_high"))
    if kind not in (DOWN, UP, UNSURE) or np.isnan(percent) or np.isnan(low) or np.isnan(high):
        silent = {CANNOT_MOVE: "nothing can move", SAME: "no change in any run"}
        return f"{what}: {silent.get(kind, 'no number')}"
    decimals = _decimals(percent, low, high)
    if kind == UNSURE:
        return f"{what}: we cannot tell ({sided(low, decimals)} to {sided(high, decimals)})"
    if percent > _DOUBLE:
        times = [f"{float(row[name]):.1f}" for name in ("ratio", "ratio_low", "ratio_high")]
        return f"{times[0]} times as many {what} ({times[1]} to {times[2]})"
    return f"{sided(percent, decimals)} {what} ({interval(low, high, decimals)})"


def sentences_of(rows: Sequence[Row], fewest: int) -> list[str]:
    """Sentences on several metrics of one scenario; one for all where none of them can move, or none did."""
    kinds = {verdict(row, fewest) for row in rows}
    subjects = listed([SUBJECTS.get(str(row["metric"]), spoken(row["metric"])) for row in rows])
    if kinds == {CANNOT_MOVE}:
        return [f"Nothing can move by construction: {subjects} are the same in every run."]
    return (
        [f"Nothing moved in any run: neither {subjects.replace(' and ', ' nor ')}."]
        if kinds == {SAME}
        else [change_sentence(row, fewest) for row in rows]
    )


def _decimals(*values: float) -> int:
    return decimals_of([value for value in values if not np.isnan(value)])


def signed_limits(middle: float, low: float, high: float) -> str:
    """A number and its interval, whole, with signs; nothing for what is missing.

    >>> signed_limits(-3.2, -5.0, -1.0), signed_limits(12.0, float("nan"), float("nan")), signed_limits(float("nan"), 0.0, 0.0)
    ('−3 (−5 to −1)', '+12', '')
    """
    words = [signed(float(value), 0) for value in (middle, low, high)]
    return f"{words[0]} ({words[1]} to {words[2]})" if all(words) else words[0]


def few(events: float, fewest: int) -> str:
    """A count of events; below ``fewest`` only that it is smaller.

    >>> few(3, 10), few(12, 10)
    ('<10', '12')
    """
    return thousands(events) if events >= fewest else f"<{fewest}"


def waited(row: Row | None) -> str:
    """One sentence on delay, or nothing."""
    if row is None or unknown(row["delay_days"]) or not str(row["delay_quantile"]):
        return ""
    days, low, high = (float(row[name]) for name in ("delay_days", "delay_days_low", "delay_days_high"))
    of = f"The day by which {unsigned_percent(100 * float(row['delay_quantile']))} of all needs are met"
    if np.isnan(low) or np.isnan(high):
        return f"{of} moves by {days:+.0f} days on average; no interval can be given.".replace("-", "−")
    if max(abs(days), abs(low), abs(high)) < 1:
        return f"{of} moves by less than a day, if at all."
    if low <= 0 <= high:
        return f"{of} does not clearly move ({low:+.0f} to {high:+.0f} days).".replace("-", "−")
    small, large = sorted((abs(low), abs(high)))
    return f"{of} comes {abs(days):.0f} days {'later' if days > 0 else 'sooner'} ({small:.0f} to {large:.0f})."


def foreseen(rows: Sequence[Row]) -> str:
    """One sentence on where some metrics were expected to go and whether they did; nothing where nothing was expected."""
    words = []
    for row in rows:
        if str(row["expected"] or ""):
            subject = SUBJECTS.get(str(row["metric"]), spoken(row["metric"]))
            words.append(f"{subject} {_WAYS[str(row['expected'])]} ({_borne_out(row)})")
    return f"Expected before the runs: {listed(words)}." if words else ""


def _borne_out(row: Row) -> str:
    if bool(row["constructed_zero"]):
        return "they cannot move, by construction"
    return "the interval does not tell" if unknown(row["agrees"]) else "borne out" if row["agrees"] else "the runs say otherwise"


def plainly(text: str) -> str:
    """A sentence of a scenario's file, its estimands in words.

    >>> plainly("no effect on case_disclosure_rate, because nobody asks.")
    'no effect on abusive cases that end in disclosure, because nobody asks.'
    """
    return _ESTIMAND.sub(lambda found: SUBJECTS.get(found[0], spoken(found[0])), text.strip())


def listed(words: Sequence[str]) -> str:
    """Words in a row.

    >>> listed([]), listed(["a"]), listed(["a", "b", "c"])
    ('none', 'a', 'a, b and c')
    """
    if len(words) < 2:
        return words[0] if words else "none"
    return f"{', '.join(words[:-1])} and {words[-1]}"


def several(number: int, one: str, many: str = "") -> str:
    """A number and its noun.

    >>> several(1, "reform"), several(3, "reform")
    ('1 reform', '3 reforms')
    """
    return f"{thousands(number)} {one if number == 1 else many or one + 's'}"
