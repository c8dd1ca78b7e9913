"""Numbers into sentences that a lawyer or a journalist can quote: relative, with ranges, and silent where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.analysis.assumed import ArmExtremes
from experiments.analysis.contrasts import COMPARISON_COLUMNS, ENDS, RANKED
from experiments.analysis.frames import names_of
from experiments.analysis.ranges import in_worlds, mostly_chance, too_few_worlds, why_no_range
from experiments.design.capacities import baselines_of, capacity_pairs, officers_of
from experiments.design.comparisons import Arm
from experiments.design.plain import arm_in_words
from experiments.design.scenarios import KINDS, NOT_SAID, POLICIES, Header, by_kind, kind_of
from experiments.figures.style import present
from experiments.letters import apart_from
from experiments.report.facts import Facts
from experiments.statistics import DOWN, FEWEST_WORLDS, NO_VERDICT, UNSURE, UP, verdict_of
from experiments.text import THIN, Row, band, band_decimals, decimals_shown, spoken, thousands, unknown
from sim.metrics import UNITS
from sim.settings import Config

PROTECTION_METRIC, COOPERATION_METRIC = "cross_border_disclosure_rate", "legit_met_rate"
SLICED_METRIC = "case_disclosure_rate"  # the same over all abusive cases, which has slices by what was filed
AT_HOME = "domestic_share"  # what sets the two apart
_COMPARED = COMPARISON_COLUMNS
COOPERATED = (
    "arm",
    *(f"{name}_percent{end}" for name in ("protection", "cooperation_lost") for end in ("", *ENDS)),
    "delay_quantile",
    *(f"{name}{end}" for name in ("delay_days", "hours") for end in ("", *ENDS)),
    "delay_days_worlds_agreeing", *RANKED, "on_frontier", "worlds",
)  # fmt: skip
SUBJECTS = {
    PROTECTION_METRIC: "abusive cases that end in disclosure",
    SLICED_METRIC: "all abusive cases that end in disclosure",
    AT_HOME: "abusive cases whose evidence is at home",
    "domestic_rate": "abusive cases at home that end in disclosure",
    "realtime_rate": "abusive cases that end in live collection",
    "realtime_months": "months for which people at risk are listened to",
    COOPERATION_METRIC: "legitimate needs that are met",
    "legit_usable_rate": "legitimate needs met with evidence that a court admits",
    "legit_realtime_rate": "legitimate needs that end in live collection",
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
SAME, CANNOT_MOVE, FEW, ABSENT = "same", "fixed", "few", "absent"
MEASURED = (DOWN, UP, UNSURE, NO_VERDICT)  # verdicts on what has a number
_DOUBLE = 100.0  # per cent of a rise from which it is told as so many times the baseline
_WAYS = {"up": "to rise", "down": "to fall", "same": "not to change"}
_ESTIMAND = re.compile(rf"\b(?:{'|'.join(UNITS)})\b")
_IDENTITY = re.compile(r"^([A-Z]\d+[a-z]?\w?)[,:]\s*")


NO_WORDS: Mapping[str, str] = MappingProxyType({})


class ComparisonStudy(NamedTuple):
    """Tables, arms and facts from which the page of a comparison is made."""

    comparison: pd.DataFrame
    cooperation: dict[str, Row]  # by arm
    whole: dict[tuple[str, str], Row]  # by arm and metric: rows that are no slice
    arms: tuple[str, ...]  # in the order asked for
    names: dict[str, str]  # of arms, in words
    kinds: dict[str, str]  # of arms, keys of ``KINDS``
    numbers: dict[str, str]  # of arms: the id that opens a question, or nothing
    headers: dict[str, Header]  # by arm
    called: str  # the baseline in words
    first: Config  # the baseline, or the first of several
    places: dict[str, str]  # short names of states by code
    digests: dict[str, str]  # of the baselines and the arms
    facts: Facts
    figures: Mapping[str, Mapping[str, object]]  # settings of each
    extremes: ArmExtremes | None = None  # over single assumptions, where the repository holds them
    pairs: tuple[tuple[str, str], ...] = ()  # arms that are one but for capacity, as before and as it follows
    baselines: Mapping[str, str] = (
        NO_WORDS  # of arms, what tells the baseline of one from that of another; nothing where all share one
    )
    officers: str = ""  # which officers the authorities of all arms have; nothing where arms differ in that

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
        """Which way a metric goes: ``down, up, unsure, worlds`` (too few), ``same, fixed, few`` (events) or ``absent``."""
        return verdict(self.row(arm, metric), self.fewest)

    def of(self, metric: str, verdict: str, kinds: Container[str] = KINDS) -> list[str]:
        """Arms of some kinds with that verdict, the smallest change first."""
        found = [arm for arm in self.arms if self.verdict(arm, metric) == verdict and self.kinds[arm] in kinds]
        return sorted(found, key=lambda arm: float(np.nan_to_num((self.row(arm, metric) or {"percent": 0.0})["percent"])))


def comparison_study(
    comparison: pd.DataFrame,
    cooperation: pd.DataFrame,
    arms: Sequence[Arm],
    headers: Mapping[str, Header],
    facts: Facts,
    figures: Mapping[str, Mapping[str, object]],
    extremes: ArmExtremes | None = None,
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
        names=apart({arm.name: arm.called or arm_in_words(arm.name, headers) for arm in arms}),
        kinds={arm.name: kind_of(arm.name, headers) for arm in arms},
        numbers={name: numbered(header.question)[0] for name, header in told.items()},
        headers=told,
        called=arm_in_words(arms[0].baseline_config.scenario_name, headers),
        first=arms[0].baseline_config,
        places=names_of(arms[0].baseline_config),
        digests=arm_digests(arms),
        facts=facts,
        figures=figures,
        extremes=extremes,
        pairs=capacity_pairs(arms),
        baselines=baselines_of(arms),
        officers=officers_of(arms),
    )


def arm_digests(arms: Sequence[Arm]) -> dict[str, str]:
    """What tells one configuration from another: of each baseline, and of each arm."""
    digests: dict[str, str] = {}
    for arm in arms:
        name, digest = arm.baseline_config.scenario_name, arm.baseline_config.digest()
        digests[name if digests.get(name, digest) == digest else f"{name} for {arm.name}"] = digest
    return digests | {arm.name: arm.config.digest() for arm in arms}


def apart(names: Mapping[str, str]) -> dict[str, str]:
    """Names in words of which no two are the same.

    >>> apart({"a_b": "a b", "a b": "a b"})
    {'a_b': 'a b', 'a b': 'a b (2)'}
    """
    out: dict[str, str] = {}
    for name, words in names.items():
        out[name] = apart_from(words, out.values())
    return out


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
    """Which way a row of the comparison goes, by its range over worlds; ``worlds`` where they are too few for a verdict."""
    if row is None:
        return ABSENT
    if bool(row["constructed_zero"]):
        return CANNOT_MOVE
    if min(row["events_baseline"], row["events"]) < fewest:
        return FEW
    if np.isnan(row["difference"]):
        return ABSENT
    low, high = float(row["world_low"]), float(row["world_high"])
    if row["difference"] == 0 and row["events"] == row["events_baseline"] and not (low < 0 or high > 0):
        return SAME
    return verdict_of(low, high, int(row["worlds"]), float(row["chance_share"]))


def unsigned_percent(value: float, decimals: int = 0) -> str:
    """A percentage without its sign; more decimals for one that would read zero though it is not.

    >>> unsigned_percent(-38.4).replace(THIN, " "), unsigned_percent(5.94, 1).replace(THIN, " "), unsigned_percent(0.04)[:4]
    ('38 %', '5.9 %', '0.04')
    """
    return f"{abs(value):,.{decimals_shown(value, decimals)}f}".replace(",", THIN) + f"{THIN}%"


def interval(low: float, high: float, decimals: int = 0) -> str:
    """Two percentages, the smaller first; with their directions where they have two.

    >>> interval(-51.2, -24.9).replace(THIN, " "), interval(-2.0, 5.0).replace(THIN, " ")
    ('25 % to 51 %', '2 % fewer to 5 % more')
    """
    if low < 0 < high:
        return f"{sided(low, decimals)} to {sided(high, decimals)}"
    small, large = sorted((abs(low), abs(high)))
    return f"{unsigned_percent(small, decimals)} to {unsigned_percent(large, decimals)}"


def sided(value: float, decimals: int = 0) -> str:
    """A percentage as more or fewer.

    >>> sided(-12.0).replace(THIN, " "), sided(5.0).replace(THIN, " ")
    ('12 % fewer', '5 % more')
    """
    return f"{unsigned_percent(value, decimals)} {'fewer' if value < 0 else 'more'}"


def change_sentence(row: Row, fewest: int) -> str:
    """One sentence on one metric: what changes, in how many worlds and how far, or why that cannot be said."""
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
    """What moved, by how much, in how many worlds, how far they range, and how well the mean is known."""
    percent, decimals = float(row["percent"]), _decimals_of_row(row)
    agreeing, way = in_worlds(row), "fewer" if percent < 0 else "more"
    told = f"({_range(row, decimals)}; {_error(row, decimals)}{_chance(row)})"
    if kind == UNSURE:
        middle = f"{sided(percent, decimals)} on average, {way} {agreeing} {told}"
        return f"We cannot tell whether {subject} become more or fewer: {middle}"
    if kind == NO_VERDICT:
        few_worlds = too_few_worlds(int(row["worlds"]))
        if row["worlds"] < 2:
            return f"{opening}: {sided(percent, decimals)} in the only world; {few_worlds}"
        return f"{opening}: {sided(percent, decimals)} on average, {way} {agreeing} {told}; {few_worlds}"
    if percent > _DOUBLE:
        return f"{opening} rise to {float(row['ratio']):.1f} times the baseline, {agreeing} {told}"
    return f"{opening} {'fall' if kind == DOWN else 'rise'} by {unsigned_percent(percent, decimals)}, {agreeing} {told}"


def _chance(row: Row) -> str:
    return "; mostly chance" if mostly_chance(row) else ""


def _range(row: Row, decimals: int) -> str:
    """The range over worlds of a change in per cent, or of the ratio where the change is told as one."""
    low, high = float(row["percent_world_low"]), float(row["percent_world_high"])
    if np.isnan(low) or np.isnan(high):
        return why_no_range(row).replace("no range", "no range over worlds")
    return f"range over worlds: {_times_or_percent(row, low, high, decimals)}"


def _error(row: Row, decimals: int) -> str:
    """The simulation error of the mean, or that it has no bounds."""
    low, high = float(row["percent_error_low"]), float(row["percent_error_high"])
    if np.isnan(low) or np.isnan(high):
        return "simulation error of the mean: unbounded in per cent"
    return f"simulation error of the mean: {_times_or_percent(row, low, high, decimals)}"


def _times_or_percent(row: Row, low: float, high: float, decimals: int) -> str:
    if float(row["percent"]) > _DOUBLE:
        return f"{1 + low / 100:.1f} to {1 + high / 100:.1f} times"
    return interval(low, high, decimals)


def _decimals_of_row(row: Row) -> int:
    return band_decimals(*(float(row[f"percent{end}"]) for end in ("", *ENDS)))


def quick(row: Row, what: str, fewest: int) -> str:
    """One metric in a few words: the change, in how many worlds, and their range in brackets, or why there is none."""
    kind, percent = verdict(row, fewest), float(row["percent"])
    if kind not in MEASURED or np.isnan(percent):
        silent = {CANNOT_MOVE: "nothing can move", SAME: "no change in any run"}
        return f"{what}: {silent.get(kind, 'no number')}"
    low, high = float(row["percent_world_low"]), float(row["percent_world_high"])
    decimals = band_decimals(percent, low, high)
    reach = why_no_range(row) if np.isnan(low) or np.isnan(high) else _times_or_percent(row, low, high, decimals)
    if kind == UNSURE:
        way = "fewer" if percent < 0 else "more"
        return f"{what}: we cannot tell ({reach}; {way} {in_worlds(row)}{_chance(row)})"
    moved = f"{float(row['ratio']):.1f} times as many" if percent > _DOUBLE else sided(percent, decimals)
    few_worlds = "; too few worlds for a verdict" if kind == NO_VERDICT else ""
    return f"{moved} {what} {in_worlds(row)} ({reach}{_chance(row)}){few_worlds}"


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


def signed_limits(middle: float, low: float, high: float) -> str:
    """A number and its interval, whole where that does not read zero, with signs; nothing for what is missing.

    >>> signed_limits(-3.2, -5.0, -1.0), signed_limits(12.0, float("nan"), float("nan")), signed_limits(float("nan"), 0.0, 0.0)
    ('−3 (−5 to −1)', '+12', '')
    """
    words = band(float(middle), float(low), float(high), decimals=0)
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
    days, low, high = (float(row[f"delay_days{end}"]) for end in ("", "_world_low", "_world_high"))
    of = f"The day by which {unsigned_percent(100 * float(row['delay_quantile']))} of all needs are met"
    worlds = int(row["worlds"])
    if np.isnan(low) or np.isnan(high):
        return f"{of} moves by {days:+.0f} days on average; {too_few_worlds(worlds)}.".replace("-", "−")
    if max(abs(days), abs(low), abs(high)) < 1:
        return f"{of} moves by less than a day, if at all."
    kind = verdict_of(low, high, worlds, np.nan)  # of a delay the share of luck is not known
    if kind == NO_VERDICT:
        told = f"moves by {days:+.0f} days on average (range over worlds: {low:+.0f} to {high:+.0f})"
        return f"{of} {told.replace('-', '−')}; {too_few_worlds(worlds)}."
    if kind == UNSURE:
        return f"{of} does not clearly move (range over worlds: {low:+.0f} to {high:+.0f} days).".replace("-", "−")
    small, large = sorted((abs(low), abs(high)))
    agreeing = f"in {int(row['delay_days_worlds_agreeing'])} of {several(worlds, 'world')}"
    way = "later" if days > 0 else "sooner"
    return f"{of} comes {abs(days):.0f} days {way}, {agreeing} (range over worlds: {small:.0f} to {large:.0f})."


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
    if unknown(row["agrees"]) and row["worlds"] < FEWEST_WORLDS:
        return "too few worlds to tell"
    return "the worlds do not tell" if unknown(row["agrees"]) else "borne out" if row["agrees"] else "the runs say otherwise"


def plainly(text: str) -> str:
    """A sentence of a scenario's file, its estimands in words.

    >>> plainly("no effect on case_disclosure_rate, because nobody asks.")
    'no effect on all abusive cases that end in disclosure, because nobody asks.'
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


def several_of(arms: Sequence[str], kinds: Mapping[str, str]) -> str:
    """How many arms there are, by kind where all are policies to choose from.

    >>> several_of(["a", "b", "c"], {"a": "safeguard", "b": "safeguard", "c": "bundle"}), several_of(["a"], {"a": "control"})
    ('2 safeguards and 1 bundle', '1 scenario')
    """
    parts = by_kind(arms, kinds)
    if not {*parts} <= {*POLICIES}:
        return several(len(arms), "scenario")
    return listed([several(len(held), "scenario" if kind == NOT_SAID else kind) for kind, held in parts.items()])
