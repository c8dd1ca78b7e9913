"""The parts of the report, in the order in which a reader asks: what was asked, what came out, how sure, on what, and how again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from experiments.analysis.capacities import BothCapacities
from experiments.analysis.ranges import mostly_chance, range_in_words, too_few_worlds
from experiments.design.scenarios import KINDS, POLICIES, by_kind
from experiments.report import prose
from experiments.report.blocks import inline
from experiments.report.capacities import beside_alone, side_by_side
from experiments.report.facts import Facts, time_words
from experiments.report.page import anchor, line, section, table, tag
from experiments.report.parameters import SHOWN_COLUMNS, SOURCE_STATUSES, lines_of
from experiments.report.pictures import Picture, order_of
from experiments.report.sentences import (
    ABSENT,
    CANNOT_MOVE,
    COOPERATION_METRIC,
    FEW,
    MEASURED,
    PROTECTION_METRIC,
    SAME,
    SUBJECTS,
    ComparisonStudy,
    few,
    foreseen,
    listed,
    numbered,
    plainly,
    quick,
    sentences_of,
    several,
    several_of,
    unsigned_percent,
    waited,
)
from experiments.report.tables import linked, tables
from experiments.statistics import DOWN, FEWEST_WORLDS, NO_VERDICT, UNSURE, UP
from experiments.text import THIN, Row, in_per_cent, spoken, thousands, unknown
from sim.metrics import UNITS, absent_metrics

_GROUPS = {
    DOWN: "They lower the share of abusive cases that end in disclosure",
    UP: "They raise it",
    UNSURE: "We cannot tell",
    NO_VERDICT: "Too few worlds for a verdict",
    SAME: "Nothing moved in any run",
    CANNOT_MOVE: "They cannot move it, by construction",
    FEW: "Too few events",
    ABSENT: "No number",
}
_COUNTS = {
    DOWN: "{} clearly lower the share of abusive cases that end in disclosure",
    UP: "{} clearly raise it",
    UNSURE: "for {} we cannot tell",
    NO_VERDICT: "for {} there are too few worlds for a verdict",
    SAME: "{} changed it in no run",
    CANNOT_MOVE: "{} cannot move it by construction",
    FEW: "{} have too few events",
    ABSENT: "for {} there is no number",
}
_ASKED = ("scenario", "name on file", "id", "kind", "question", "asked by")
_CONTROL = "control"  # a check on a method, which leads nowhere
_HEADLINE = (PROTECTION_METRIC, COOPERATION_METRIC)
_LAST = "~"  # after every id
_TOLD_P = 0.05  # adjusted p under which a mean difference is told from zero with all scenarios judged together
_FIRST = 3  # scenarios named first


def all_sections(
    study: ComparisonStudy,
    figures: Sequence[Picture],
    known: pd.DataFrame,
    pairs: Sequence[tuple[str, str]] = (),
    both: BothCapacities | None = None,
) -> list[Element]:
    """The whole content of the page; ``pairs`` are arms under both capacities, ``both`` is what the reference has of others."""
    parts = {
        "question": ("The question", question(study)),
        "answer": ("The answer", answer(study, figures)),
        "sure": ("How sure", sure(study)),
        "rests": ("What it rests on", rests(known, drawn=study.first.draws)),
        "limits": ("Limits", limits_section(prose.limits(study.first.adaptation.anyone, study.first.draws))),
        "rebuild": ("How to rebuild it", rebuild(study.facts, study.digests, study.first.data)),
        "tables": ("Tables", [*side_by_side(study, pairs), *beside_alone(study, both), *tables(study)]),
        "numbers": ("Every number behind it", numbers(known)),
    }
    links = [tag("li", tag("a", heading, href=f"#{identity}")) for identity, (heading, _) in parts.items()]
    header = tag("header", tag("h1", prose.TITLE), brief(study), tag("nav", tag("ul", links), aria_label="Contents"))
    return [header, tag("main", [section(identity, heading, content) for identity, (heading, content) in parts.items()])]


def _base(study: ComparisonStudy) -> str:
    return f"“{study.called}”"


# --- the answer in short --------------------------------------------------------------------------------------------------


def brief(study: ComparisonStudy) -> Element:
    """The answer in a few sentences."""
    kinds = _ranked(study)
    arms = {verdict: study.of(PROTECTION_METRIC, verdict, kinds) for verdict in _GROUPS}
    counts = [words.format(len(arms[kind])) for kind, words in _COUNTS.items() if arms[kind] or kind in (DOWN, UP)]
    best = [arm for arm in arms[DOWN] if study.undominated(arm)]
    lists = {
        "Strongest protection": arms[DOWN][:_FIRST],
        "Best bargains: no other of them, nor the baseline, protects more at a lower price (by means)": best,
        "Most harm": arms[UP][::-1][:_FIRST],
    }
    for kind in by_kind(study.arms, study.kinds):
        if kind not in (*kinds, _CONTROL):
            moved = [*study.of(PROTECTION_METRIC, UP, (kind,))[::-1], *study.of(PROTECTION_METRIC, DOWN, (kind,))]
            moved.sort(key=lambda arm: -_size(study, arm))
            lists[f"Not ranked: {KINDS[kind]}, the largest changes first"] = moved[:_FIRST]
    ranked = [arm for arm in study.arms if study.kinds[arm] in kinds]
    content = [
        tag(
            "p",
            f"{several_of(ranked, study.kinds)} against {_base(study)}: {listed(counts)}.",
            class_="lead",
        )
    ]
    for heading, named in lists.items():
        if named:
            content.append(tag("p", tag("b", f"{heading}."), class_="over"))
            content.append(tag("ul", [tag("li", linked(study, arm), f": {_brief(study, arm)}") for arm in named]))
    facts, worlds = study.facts, int(study.facts["worlds"])
    runs = f"{several(worlds, 'world')} (sets of unknown facts), {several(facts['replicates'], 'replicate')} in each"
    small = f"{runs}, {several(facts['years'], 'year')} a run; in brackets {range_in_words(worlds)}. {prose.CONDITIONAL} See "
    content.append(tag("p", small, tag("a", "Limits", href="#limits"), ".", class_="quiet"))
    return tag("div", content, class_="brief", role="note", aria_label="In short")


def _ranked(study: ComparisonStudy) -> tuple[str, ...]:
    """Kinds among which arms are ranked: those of policies to choose from, or all where there is none of them."""
    return POLICIES if any(kind in POLICIES for kind in study.kinds.values()) else tuple(KINDS)


def _size(study: ComparisonStudy, arm: str) -> float:
    return abs(float(np.nan_to_num((study.row(arm, PROTECTION_METRIC) or {"percent": 0.0})["percent"])))


def _brief(study: ComparisonStudy, arm: str) -> str:
    """One scenario in half a sentence, for the brief answer."""
    rows = ((study.row(arm, PROTECTION_METRIC), "such disclosures"), (study.row(arm, COOPERATION_METRIC), "legitimate needs met"))
    told = [quick(row, what, study.fewest) for row, what in rows if row is not None]
    return "; ".join([*told, *_led(study.cooperation.get(arm))]) + "."


def _led(row: Row | None) -> list[str]:
    """Where an arm ranks by what it protects, and in what share of the worlds it leads; nothing where that is not known."""
    if row is None or unknown(row["protection_rank"]):
        return []
    rank, low, high = (float(row[f"protection_rank{end}"]) for end in ("", "_low", "_high"))
    reach = f" ({low:.0f} to {high:.0f} over worlds)" if not np.isnan(low) else ""
    return [f"rank {rank:.1f}{reach}, leads in {in_per_cent(float(row['protection_leads']))} of worlds"]


# --- question and answer --------------------------------------------------------------------------------------------------


def question(study: ComparisonStudy) -> list[Element]:
    """What was asked, by whom, scenario by scenario."""
    rows = []
    for arm in sorted(study.arms, key=lambda arm: (study.numbers.get(arm, _LAST), study.names[arm])):
        header = study.headers.get(arm)
        asked = (numbered(header.question)[1], header.motive.strip().rstrip(".")) if header else (prose.NO_HEADER, "")
        rows.append((linked(study, arm), tag("code", arm), study.numbers.get(arm, ""), study.kinds[arm], *asked))
    return [
        tag("p", prose.question(study.first.people.groups)),
        *([tag("p", tag("b", numbered(words)[1]))] if (words := str(study.facts.get("question", ""))) else []),
        tag("p", f"Each scenario below changes something and is read against {_base(study)}; {prose.SAME_LUCK}"),
        table("The scenarios and who asked for them", _ASKED, rows, words=len(_ASKED)),
    ]


def answer(study: ComparisonStudy, figures: Sequence[Picture]) -> list[Element]:
    """Figures, then a few sentences for each scenario, grouped by what the worlds allow to say."""
    content = [tag("p", f"{prose.FALL_AND_RISE} Percentages are of the value under {_base(study)}, not percentage points.")]
    content += [figure_element(figure) for figure in figures]
    ranked = _ranked(study)
    for verdict, heading in _GROUPS.items():
        arms = study.of(PROTECTION_METRIC, verdict, ranked)
        if arms:
            content.append(tag("h3", f"{heading} ({len(arms)})"))
            strongest_first = arms[::-1] if verdict == UP else arms
            content.append(tag("div", [_answered(study, arm) for arm in strongest_first], class_="answers"))
    for kind, arms in by_kind(order_of(study), study.kinds).items():
        if kind not in ranked:
            content.append(tag("h3", f"Not ranked: {KINDS[kind]} ({len(arms)})"))
            content.append(tag("div", [_answered(study, arm) for arm in arms], class_="answers"))
    return content


def figure_element(figure: Picture) -> Element:
    """A figure inside the page; it scrolls by itself where the page is narrower."""
    image = tag("img", src=figure.address, alt=figure.alt, width=str(figure.width), height=str(figure.height))
    around = tag("div", image, class_="wide", role="group", aria_label=figure.heading, tabindex="0")
    return tag("figure", around, tag("figcaption", tag("b", f"{figure.heading}. "), figure.reading))


def _answered(study: ComparisonStudy, arm: str) -> Element:
    """One scenario: its question, what changes, whether that was expected, and the counts."""
    header = study.headers.get(arm)
    rows = [row for metric in _HEADLINE if (row := study.row(arm, metric)) is not None]
    told = [*sentences_of(rows, study.fewest), *_told_besides(study, arm)]
    quiet = [foreseen(rows), *(_counts(row, study) for row in rows[:1])]
    return tag(
        "div",
        tag("h4", f"{study.numbers.get(arm, '')} {study.names[arm]}".strip(), id=anchor("arm", arm)),
        tag("p", numbered(header.question)[1], class_="asked") if header else None,
        tag("p", " ".join(words for words in told if words)),
        tag("p", " ".join(words for words in quiet if words), class_="quiet"),
    )


def _told_besides(study: ComparisonStudy, arm: str) -> list[str]:
    """How long needs wait, where the scenario can move anything, and what its file says was found."""
    fixed = study.verdict(arm, PROTECTION_METRIC) in (CANNOT_MOVE, SAME)
    header = study.headers.get(arm)
    told = [] if fixed else [waited(study.cooperation.get(arm))]
    return told + ([f"Finding: {plainly(header.finding)}"] if header and header.finding else [])


def _counts(row: Row, study: ComparisonStudy) -> str:
    """One line: the events, worlds and runs behind the sentences on a scenario."""
    before, after = few(row["events_baseline"], study.fewest), few(row["events"], study.fewest)
    other = row["baseline_name"] != study.first.scenario_name
    against = f" Its baseline is “{spoken(row['baseline_name'])}”." if other else ""
    runs = f"{several(row['worlds'], 'world')}, {several(row['runs'], 'run')}"
    return f"Abusive cases disclosed: {before} under the baseline, {after} here; {runs}.{against}"


# --- how sure -------------------------------------------------------------------------------------------------------------


def sure(study: ComparisonStudy) -> list[Element]:
    """Ranges and errors, worlds against luck, expectations, and what is missing."""
    worlds = int(study.facts["worlds"])
    range_told = range_in_words(worlds)
    what = [f"{range_told[0].upper()}{range_told[1:]}.", prose.ranges(study.first.draws), prose.ERRORS, _together(study)]
    content = [
        tag("p", " ".join(what)),
        tag("h3", "Unknown facts or luck?"),
        _spreads(study),
        tag("h3", "Did it go as expected?"),
        *_expectations(study),
        tag("h3", "What is missing"),
        tag("ul", [tag("li", words) for words in _missing(study)]),
    ]
    return [*content, tag("p", str(study.facts["stopped"]))] if study.facts["stopped"] else content


def _together(study: ComparisonStudy) -> str:
    """How many mean differences of the two headline scores are told from zero with all scenarios judged together."""
    worlds = int(study.facts["worlds"])
    if worlds < FEWEST_WORLDS:
        return f"{too_few_worlds(worlds).capitalize()}."
    rows = [row for arm in study.arms for metric in _HEADLINE if (row := study.row(arm, metric)) is not None]
    known = [row for row in rows if not unknown(row["adjusted_p"])]
    told = sum(float(row["adjusted_p"]) <= _TOLD_P for row in known)
    return f"{prose.TOGETHER} {thousands(told)} of {thousands(len(known))} mean differences are told from zero."


def _spreads(study: ComparisonStudy) -> Element:
    """Standard deviations of the paired differences, in per cent of the baseline, and how many are mostly chance."""
    rows = []
    for metric in _HEADLINE:
        found = [study.whole[arm, metric] for arm in study.arms if study.verdict(arm, metric) in MEASURED]
        columns = np.array([[row["world_sd"], row["event_sd"], row["baseline"]] for row in found], float).reshape(-1, 3)
        worlds, replicate, base = columns[~np.isnan(columns).any(axis=1)].T
        if base.size:
            middle = [f"{100 * float(np.median(part / base)):.1f}{THIN}%" for part in (worlds, replicate)]
            rows.append((SUBJECTS[metric], *middle, f"{sum(map(mostly_chance, found))} of {base.size}"))
        else:
            rows.append((SUBJECTS[metric], "", "", "not known from one replicate a world"))
    return table(prose.SPREADS, ("score", "between worlds", "between replicates", "mostly chance in"), rows)


def _expectations(study: ComparisonStudy) -> list[Element]:
    """How many expectations the worlds bear out, and which they contradict."""
    asked = [row for row in study.whole.values() if str(row["expected"] or "")]
    if not asked:
        return [tag("p", "Nothing was written down before the runs.")]
    fates = [_fate(row) for row in asked]
    counts = ", ".join(f"{fates.count(fate)} {words}" for fate, words in _FATES.items())
    out = [tag("p", f"{several(len(asked), 'expectation')} had been written down before the runs: {counts}.")]
    against = [row for row, fate in zip(asked, fates, strict=True) if fate == "against"]
    if against:
        items = [tag("li", linked(study, str(row["arm"])), f": {foreseen([row])}") for row in against]
        out += [tag("p", "Contradicted:"), tag("ul", items)]
    return out


_FATES = {
    "for": "are borne out",
    "against": "are contradicted",
    "open": "are open",
    "fixed": "concern what cannot move by construction",
}
"""What becomes of an expectation, in words."""


def _fate(row: Row) -> str:
    """What became of an expectation: a key of ``_FATES``."""
    if bool(row["constructed_zero"]):
        return "fixed"
    if unknown(row["agrees"]):
        return "open"
    return "for" if bool(row["agrees"]) else "against"


def _missing(study: ComparisonStudy) -> list[str]:
    """What has no number, and why."""
    rows, fewest = study.comparison, study.fewest
    first = study.first
    reasons = absent_metrics(
        first.run_out_months,
        first.review.load,
        first.conduct.spyware > 0,
        first.adaptation.people.falls_silent,
        first.demand.realtime_share > 0,
    )
    gone = [metric for metric in UNITS if metric not in set(rows["metric"])]
    words = [f"{SUBJECTS.get(metric, spoken(metric))}: {reasons.get(metric, 'not in this comparison')}" for metric in gone]
    for kind, told in ((FEW, f"fewer than {fewest} events"), (ABSENT, "no number")):
        arms = [study.names[arm] for arm in study.of(PROTECTION_METRIC, kind)]
        words += [f"{SUBJECTS[PROTECTION_METRIC]}, {told}: {listed(arms)}"] * bool(arms)
    thin = int((rows[["events", "events_baseline"]].min(axis=1) < fewest).sum())
    cells = f"{thousands(thin)} of {thousands(len(rows))} rows of the full table"
    return [*words, f"{cells} rest on fewer than {fewest} events on a side and bear no number"]


# --- what it rests on -----------------------------------------------------------------------------------------------------


def rests(known: pd.DataFrame, of: str = "comparison", drawn: bool = False) -> list[Element]:
    """How many numbers are sourced, how many assumed, and which are to be swept; ``of`` says of what.

    ``drawn`` says that worlds drew the numbers that have a prior, which are then not held.
    """
    counts = known["status"].value_counts()
    assumed, total = int(counts.get("assumed", 0)), max(len(known), 1)
    opening = f"{thousands(len(known))} numbers stand in the files that this {of} was composed of."
    part = f"{thousands(assumed)} of them ({unsigned_percent(100 * assumed / total)}) are assumed:"
    rows = [(status, thousands(int(counts[status]))) for status in SOURCE_STATUSES if status in counts.index]
    content = [tag("p", f"{opening} {part} {prose.STATUS_MEANINGS}"), table("Numbers by status", ("status", "numbers"), rows)]
    moved = drawn & ~known["prior"].isin(["", "fixed"])
    if drawn:
        content.append(tag("p", inline(prose.DRAWN.format(count=thousands(int(moved.sum()))))))
    held = known[known["swept"] & ~moved]
    if len(held):
        content += [tag("p", prose.SWEPT), _parameters("Numbers held here and swept elsewhere", held)]
    if known["changed"].any():
        content.append(_parameters(f"Numbers that this {of} took instead of those in the files", known[known["changed"]]))
    return content


def numbers(known: pd.DataFrame) -> list[Element]:
    """All parameters, a table a file."""
    files = known.groupby("file", sort=False)
    return [tag("p", prose.KEYS), *(_parameters(f"configs/{file}", rows) for file, rows in files)]


def _parameters(caption: str, rows: pd.DataFrame) -> Element:
    """Numbers with what stands behind them; those of one line of a file share a row."""
    body = [line(tag("code", key), *cells) for key, *cells in lines_of(rows)]
    return table(caption, ("key", "value", *SHOWN_COLUMNS), body, words=1 + len(SHOWN_COLUMNS))


def limits_section(said: Mapping[str, str]) -> list[Element]:
    """What these answers are not."""
    return [tag("ul", [tag("li", tag("b", f"{head}."), f" {text}") for head, text in said.items()])]


# --- rebuilding it --------------------------------------------------------------------------------------------------------


def rebuild(facts: Facts, digests: Mapping[str, str], data: Mapping[str, str], beside: str = prose.BESIDE) -> list[Element]:
    """The command, the commit, the seeds, the digests of all configurations and the checksums of the tables that were read."""
    told = {
        "Commit": str(facts["commit"] or "not known: not run from a repository"),
        "World seeds": f"{seeds_text([int(seed) for seed in facts['seeds']])}; {several(facts['replicates'], 'replicate')} in each",
        "Window": several(facts["years"], "year"),
        "Baseline": str(facts["baseline"]),
        "Time": time_words(facts),
        "Versions": ", ".join(f"{name} {version}" for name, version in sorted(dict(facts["versions"]).items())),
    }
    rows = [(tag("code", name), tag("code", digest)) for name, digest in digests.items()]
    sums = [(name, tag("code", checksum)) for name, checksum in data.items()]
    content = [
        tag("p", prose.SAME_NUMBERS),
        tag("pre", tag("code", str(facts["command"]))),
        tag("dl", [part for head, text in told.items() for part in (tag("dt", head), tag("dd", text))]),
        tag("p", beside),
        table(prose.DIGESTS, ("scenario", "digest"), rows, words=2),
    ]
    return [*content, table("Tables that were read (SHA-256)", ("table", "checksum"), sums, words=2)] if sums else content


def seeds_text(seeds: Sequence[int]) -> str:
    """Seeds in a row, short where they follow each other."""
    following = len(seeds) > 2 and list(seeds) == [*range(seeds[0], seeds[0] + len(seeds))]
    return f"{seeds[0]} to {seeds[-1]}" if following else listed([str(seed) for seed in seeds])
