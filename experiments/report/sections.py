"""The parts of the report, in the order in which a reader asks: what was asked, what came out, how sure, on what, and how again."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from experiments.figures.style import THIN, banded, counted, in_order, signed, spoken
from experiments.report.page import section, table, tag
from experiments.report.parameters import STATUSES
from experiments.report.pictures import SLICED, Picture, order_of, sliced
from experiments.report.told import (
    ABSENT,
    COOPERATION,
    DOWN,
    FEW,
    FIXED,
    PROTECTION,
    SUBJECTS,
    UNSURE,
    UP,
    Row,
    Study,
    changed,
    few,
    foreseen,
    listed,
    numbered,
    several,
    share,
    verdict,
    waited,
)
from sim.metrics import UNITS, absent_metrics

_GROUPS = (
    (DOWN, "They lower the share of abusive cases that end in disclosure"),
    (UP, "They raise it"),
    (UNSURE, "We cannot tell"),
    (FIXED, "They cannot move it, by construction"),
    (FEW, "Too few events"),
    (ABSENT, "No number"),
)
_MISS = 0.05  # chance with which a 95 % interval misses
_LARGEST = 8  # columns of a slice
_LEVELS = {"lgbtq": "LGBTQ people", "researcher": "security researchers"}


def title(study: Study) -> str:
    """What the page is called."""
    asked = several(len(study.arms), "scenario")
    return f"The UN Convention against Cybercrime and people at risk: {asked} compared with {_base(study)}"


def all_sections(study: Study, figures: Sequence[Picture], known: pd.DataFrame) -> list[Element]:
    """The whole content of the page."""
    parts = {
        "question": ("The question", question(study)),
        "answer": ("The answer", answer(study, figures)),
        "sure": ("How sure", sure(study)),
        "rests": ("What it rests on", rests(known)),
        "limits": ("Limits", limits(study)),
        "rebuild": ("How to rebuild it", rebuild(study)),
        "tables": ("Tables", tables(study)),
        "numbers": ("Every number behind it", numbers(known)),
    }
    links = [tag("li", tag("a", heading, href=f"#{identity}")) for identity, (heading, _) in parts.items()]
    header = tag("header", tag("h1", title(study)), brief(study), tag("nav", tag("ul", links), aria_label="Contents"))
    return [header, tag("main", [section(identity, heading, content) for identity, (heading, content) in parts.items()])]


def _base(study: Study) -> str:
    return spoken(study.first.scenario_name)


def _link(study: Study, arm: str) -> Element:
    return tag("a", study.names[arm], href=f"#arm-{arm}")


def _links(study: Study, arms: Sequence[str]) -> list[str | Element]:
    """Arms in a row, each a link to its answer."""
    out: list[str | Element] = []
    for place, arm in enumerate(arms):
        out += [_link(study, arm), ", " if place < len(arms) - 2 else " and " if place == len(arms) - 2 else ""]
    return out


# --- the answer in short --------------------------------------------------------------------------------------------------


def brief(study: Study) -> Element:
    """The answer in a few sentences."""
    down, up, unsure, fixed, few_, absent = (study.of(PROTECTION, kind) for kind, _ in _GROUPS)
    facts = study.facts
    runs = f"{several(facts['worlds'], 'world')} and {several(facts['luck'], 'turn')} of luck in each"
    opening = (
        f"{several(len(study.arms), 'scenario')} against “{_base(study)}”, in {runs}, {several(facts['years'], 'year')} a run: "
        f"{len(down)} clearly lower the share of abusive cases that end in disclosure, {len(up)} clearly raise it, "
        f"for {len(unsure)} we cannot tell, {len(fixed)} cannot move it by construction"
    )
    rest = [f"{len(few_)} have too few events"] * bool(few_) + [f"for {len(absent)} there is no number"] * bool(absent)
    content: list[Element] = [tag("p", "; ".join([opening, *rest]) + ".", class_="lead")]
    for arms, label in ((down[:3], "Strongest protection"), (up[::-1][:3], "Most harm")):
        if arms:
            content.append(tag("p", tag("b", f"{label}: "), [_said(study, arm) for arm in arms]))
    best = [arm for arm in study.arms if bool(study.cooperation.get(arm, {"on_frontier": False})["on_frontier"])]
    if best:
        content.append(tag("p", tag("b", "Not outdone"), " on protection and cooperation at once (by means): ", _links(study, best), "."))
    content.append(tag("p", "These answers are relative and conditional: nobody knows the true extent of abuse. See ",
                       tag("a", "Limits", href="#limits"), ".", class_="quiet"))  # fmt: skip
    return tag("div", content, class_="brief", role="note", aria_label="In short")


def _said(study: Study, arm: str) -> list[str | Element]:
    """One arm in half a sentence."""
    out: list[str | Element] = [_link(study, arm)]
    for metric, words in ((PROTECTION, "disclosures"), (COOPERATION, "needs met")):
        row = study.row(arm, metric)
        if row is not None and verdict(row, study.fewest) in (DOWN, UP, UNSURE):
            text = banded(row["percent"], row["percent_low"], row["percent_high"]).replace("(", "%, ").replace(")", "")
            out.append(f" ({words} {text})" if metric == PROTECTION else f" [{words} {text}]")
    return [*out, ". "]


# --- the parts ------------------------------------------------------------------------------------------------------------


def question(study: Study) -> list[Element]:
    """What was asked, by whom, scenario by scenario."""
    content = [
        tag(
            "p", "A state that investigates a serious crime can ask another state for electronic evidence. How often does such a "
            "request end with the data of a journalist, a dissident, an LGBTQ person, a member of a minority or a security "
            "researcher in the hands of a government that pursues them for what they said or are? How does that change with each "
            "proposed rule, and what does the rule cost in cooperation against real crime?",
        ),
        tag("p", f"Each scenario below changes something and is read against “{_base(study)}”; everything else, and all luck, "
            "is the same in both."),
    ]  # fmt: skip
    asked = []
    for arm in study.arms:
        header = study.headers.get(arm)
        text = numbered(header.question)[1] if header else "An arm of a design; its changes stand under How to rebuild it."
        asked.append((study.numbers.get(arm, ""), _link(study, arm), text, _motive(header.motive) if header else ""))
    rows = [(name, number, text, motive) for number, name, text, motive in asked]
    return [*content, table("The scenarios and who asked for them", ("scenario", "id", "question", "asked by"), rows, words=4)]


def _motive(motive: str) -> str:
    return motive.strip().rstrip(".")


def answer(study: Study, figures: Sequence[Picture]) -> list[Element]:
    """Figures, then a few sentences for each scenario, grouped by what the intervals allow to say."""
    content: list[Element] = [
        tag("p", "“Fall” and “rise” are said only where the whole interval lies on one side of zero. Percentages are "
            f"percentages of the value under “{_base(study)}”, not percentage points."),
    ]  # fmt: skip
    for figure in figures:
        image = tag("img", src=figure.address, alt=figure.alt)
        content.append(tag("figure", image, tag("figcaption", f"{figure.heading}. {figure.path.name}")))
    for kind, heading in _GROUPS:
        arms = study.of(PROTECTION, kind)
        if arms:
            content.append(tag("h3", f"{heading} ({len(arms)})"))
            for arm in arms if kind != UP else arms[::-1]:
                content += _answered(study, arm)
    return content


def _answered(study: Study, arm: str) -> list[Element]:
    """One scenario: its question, what changes, whether that was expected, and the counts."""
    header = study.headers.get(arm)
    number = study.numbers.get(arm, "")
    heading = tag("h4", f"{number} " * bool(number), study.names[arm], id=f"arm-{arm}")
    out = [heading]
    if header:
        out.append(tag("p", numbered(header.question)[1], class_="asked"))
    rows = [study.row(arm, metric) for metric in (PROTECTION, COOPERATION)]
    told = [changed(row, study.fewest) for row in rows]
    told.append(waited(study.cooperation.get(arm)) if study.verdict(arm, PROTECTION) != FIXED else "")
    if header and header.finding:
        told.append(f"Finding: {header.finding.strip()}")
    out.append(tag("p", " ".join(words for words in told if words)))
    quiet = [foreseen(row) for row in rows]
    first = rows[0]
    if first is not None:
        quiet.append(
            f"Disclosed abusive cases: {few(first['events_baseline'], study.fewest)} under the baseline, "
            f"{few(first['events'], study.fewest)} here; {several(first['worlds'], 'world')}, {several(first['runs'], 'run')}."
        )
        if first["baseline_name"] != study.first.scenario_name:
            quiet.append(f"Its baseline is “{spoken(first['baseline_name'])}”.")
    out.append(tag("p", " ".join(words for words in quiet if words), class_="quiet"))
    return out


def sure(study: Study) -> list[Element]:
    """Intervals, worlds against luck, expectations, and what is missing."""
    measured = [row for row in study.whole.values() if str(row["metric"]) in (PROTECTION, COOPERATION) and _measured(row, study)]
    content: list[Element] = [
        tag(
            "p", f"Each interval holds the true mean of the model in 95{THIN}% of such studies, over what is unknown about the world "
            "(drawn laws, hosting, treaties) and over luck. It says nothing of the parameters below, which are held. Of the "
            f"{len(measured)} intervals of the two headline scores about {max(round(_MISS * len(measured)), 1)} would miss by chance "
            "alone: a single result near zero deserves no headline.",
        ),
        tag("h3", "Unknown facts or luck?"),
        _spreads(study),
        tag("h3", "Did it go as expected?"),
        *_expectations(study),
        tag("h3", "What is missing"),
        tag("ul", [tag("li", words) for words in _missing(study)]),
    ]  # fmt: skip
    if study.facts.get("stopped"):
        content.append(tag("p", str(study.facts["stopped"])))
    return content


def _measured(row: Row, study: Study) -> bool:
    return verdict(row, study.fewest) in (DOWN, UP, UNSURE)


def _spreads(study: Study) -> Element:
    """Standard deviations of the paired differences, in per cent of the baseline."""
    rows = []
    for metric in (PROTECTION, COOPERATION):
        found = [row for arm in study.arms if (row := study.row(arm, metric)) is not None and _measured(row, study)]
        base = np.array([float(row["baseline"]) for row in found])
        spread = [100 * np.array([float(row[name]) for row in found]) / base for name in ("world_sd", "event_sd")]
        known = ~np.isnan(spread[0]) & ~np.isnan(spread[1])
        if not known.any():
            rows.append((SUBJECTS[metric], "", "", f"not known: {study.facts['luck']} luck a world"))
            continue
        middle = [f"{float(np.median(part[known])):.1f}{THIN}%" for part in spread]
        wider = int((spread[0] > spread[1])[known].sum())
        rows.append((SUBJECTS[metric], *middle, f"{wider} of {int(known.sum())}"))
    caption = (
        "Spread of the paired differences (standard deviation, in per cent of the baseline; median over the scenarios): where worlds "
        "spread more than luck, more worlds would narrow the interval, and longer runs would not."
    )
    return table(caption, ("score", "between worlds", "between turns of luck", "worlds spread more in"), rows)


def _expectations(study: Study) -> list[Element]:
    """How many expectations the intervals bear out, and which they contradict."""
    asked = [row for row in study.whole.values() if str(row["expected"] or "")]
    if not asked:
        return [tag("p", "Nothing was written down before the runs.")]
    fixed = [row for row in asked if bool(row["constructed_zero"])]
    free = [row for row in asked if not bool(row["constructed_zero"])]
    borne, against = ([row for row in free if row["agrees"] is wanted] for wanted in (True, False))
    words = (
        f"{several(len(asked), 'expectation')} had been written down before the runs: {len(borne)} are borne out, {len(against)} are "
        f"contradicted, {len(free) - len(borne) - len(against)} are open, {len(fixed)} concern what cannot move by construction."
    )
    out = [tag("p", words)]
    if against:
        items = [tag("li", _link(study, str(row["arm"])), f": {foreseen(row)}") for row in against if str(row["arm"]) in study.names]
        out += [tag("p", "Contradicted:"), tag("ul", items)]
    return out


def _missing(study: Study) -> list[str]:
    """What has no number, and why."""
    held = set(study.comparison["metric"])
    reasons = absent_metrics(study.first.run_out_months, study.first.review.load)
    gone = [metric for metric in UNITS if metric not in held]
    words = [f"{SUBJECTS.get(metric, spoken(metric))}: {reasons.get(metric, 'not in the tables of this study')}" for metric in gone]
    for kind, told in ((FEW, f"fewer than {study.fewest} events"), (ABSENT, "no number")):
        arms = [study.names[arm] for arm in study.of(PROTECTION, kind)]
        if arms:
            words.append(f"abusive cases disclosed, {told}: {listed(arms)}")
    rows = study.comparison
    thin = int(((rows["events"] < study.fewest) | (rows["events_baseline"] < study.fewest)).sum())
    words.append(f"{counted(thin)} of {counted(len(rows))} cells of the full table rest on fewer than {study.fewest} events and bear no number")
    return words


def rests(known: pd.DataFrame) -> list[Element]:
    """How many numbers are sourced, how many assumed, and which are to be swept."""
    counts = known["status"].value_counts()
    assumed, total = int(counts.get("assumed", 0)), len(known)
    content = [
        tag(
            "p", f"{counted(total)} numbers stand in the files that this comparison was composed of. {counted(assumed)} of them "
            f"({share(100 * assumed / total if total else 0.0)}) are assumed: a choice of the modeller without a source. “Sourced” means that a "
            "published figure stands behind the number, not that it fits the purpose exactly; “calibrated”, that it was set so that "
            "the model comes near a published pattern. The words read, inferred, secondary and unverified say how well the law's own "
            "text is known. All of them are listed at the end of this page.",
        ),
        table("Numbers by status", ("status", "numbers"), [(s, counted(int(counts[s]))) for s in STATUSES if s in counts.index]),
    ]  # fmt: skip
    swept = known[known["swept"]]
    if len(swept):
        lead = "These matter most and are least known: the project sweeps them in studies of their own. Here they are held at one value."
        content += [tag("p", lead), _parameter_table("Numbers held here and swept elsewhere", swept)]
    own = known[known["changed"]]
    if len(own):
        content.append(_parameter_table("Numbers that this comparison was run with instead of those in the files", own))
    return content


def _parameter_table(caption: str, rows: pd.DataFrame) -> Element:
    cells = rows[["key", "value", "unit", "range", "status", "source"]].itertuples(index=False, name=None)
    body = [(tag("code", key), value, unit, span, status, source) for key, value, unit, span, status, source in cells]
    wide = table(caption, ("key", "value", "unit", "range", "status", "source"), body, words=1)
    for cell in [cell for row in wide.iter("tr") for cell in list(row)[2:]]:
        cell.set("class", "words" if cell is list(wide.iter("tr"))[0] else "")
    return wide


def limits(study: Study) -> list[Element]:
    """What these answers are not."""
    said = [
        ("Relative.", "The true extent of abuse is unknown to everyone, and so are the levels here. What can be said is how a rule moves "
         "them, under the assumptions listed."),
        ("Conditional.", "Intervals cover unknown facts and luck, not the parameters. Another plausible set of parameters can move the "
         "size of an effect, and for small effects its direction."),
        ("Hosting.", "Where the data of people are hosted is an input with a guess of its own. A few hosts decide much of the result: "
         "read the table by requested state before generalising."),
        ("Nobody adapts" + (" in the baseline." if study.first.conduct.attempts == 1 else "."),
         "Unless a scenario says so, governments do not learn which door is open, reviewers do not learn whom to trust, and people do "
         "not fall silent. A rule that closes one door may look better here than it would after some years."),
        ("One person a request.", "Contacts, families and sources in the same mailbox are not counted; cases of several states are not "
         "modelled; the cohort of people at risk is closed."),
        ("Small numbers.", f"Fewer than {study.fewest} events pooled over all runs bear no rate."),
    ]  # fmt: skip
    return [tag("ul", [tag("li", tag("b", head), f" {text}") for head, text in said])]


def rebuild(study: Study) -> list[Element]:
    """The command, the commit, the seeds and the digests."""
    facts = study.facts
    seeds = [int(seed) for seed in facts["seeds"]]
    run = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 2 and seeds == [*range(seeds[0], seeds[-1] + 1)] else listed([*map(str, seeds)])
    versions = ", ".join(f"{name} {version}" for name, version in sorted(dict(facts["versions"]).items()))
    told = [
        ("Commit", str(facts["commit"] or "not known: not run from a repository")),
        ("World seeds", f"{run} ({several(len(seeds), 'world')}), each under {several(facts['luck'], 'turn')} of luck"),
        ("Window", several(facts["years"], "year")),
        ("Baseline", f"{facts['baseline']}"),
        ("Time", f"{counted(round(float(facts['seconds'])))} seconds"),
        ("Versions", versions),
    ]
    content = [
        tag("p", "The same command on the same commit gives the same numbers, on any machine with these versions:"),
        tag("pre", tag("code", str(facts["command"]))),
        tag("dl", [tag(name, text) for head, body in told for name, text in (("dt", head), ("dd", body))]),
        tag("p", "Beside this page lie comparison.csv (every row of these tables and all others), cooperation.csv, the runs, and "
            "manifest.json with the full configuration and the checksum of every file."),
    ]  # fmt: skip
    rows = [(spoken(name), tag("code", digest)) for name, digest in study.digests.items()]
    content.append(table("Digests: they change whenever anything changes that decides a result", ("scenario", "digest"), rows, words=2))
    data = [(name, tag("code", sum_)) for name, sum_ in study.first.data.items()]
    if data:
        content.append(table("Tables that were read, and their checksums (SHA-256)", ("table", "checksum"), data, words=2))
    return content


# --- tables ---------------------------------------------------------------------------------------------------------------


def tables(study: Study) -> list[Element]:
    """Headline numbers with their counts, further estimands, and slices."""
    order = order_of(study)
    rows = []
    for arm in order:
        for metric in (PROTECTION, COOPERATION):
            row = study.row(arm, metric)
            if row is not None:
                rows.append((_link(study, arm), SUBJECTS[metric], *_numbers(row, study)))
    head = (
        "scenario", "score", f"baseline, {THIN}%", f"scenario, {THIN}%", f"change, {THIN}%", "events, baseline", "events, scenario",
        "worlds", "runs", "expected", "as expected",
    )  # fmt: skip
    content = [table("Headline numbers. Levels are conditional on assumed parameters; the change is what can be quoted", head, rows, words=2)]
    others = [metric for metric in in_order(study.comparison.loc[study.comparison["by"] == "all", "metric"])
              if metric not in (PROTECTION, COOPERATION)]  # fmt: skip
    if others:
        body = [(_link(study, arm), *(_cell(study.row(arm, metric), study) for metric in others)) for arm in order]
        heads = ("scenario", *(SUBJECTS.get(metric, spoken(metric)) for metric in others))
        content.append(table("Further estimands: change in per cent of the baseline (95 % interval), events of the scenario", heads, body))
    for by, metric in SLICED.items():
        content += _slice(study, by, metric, order)
    return content


def _numbers(row: Row, study: Study) -> tuple[str, ...]:
    """The cells of one headline row."""
    kind = verdict(row, study.fewest)
    bare = {FIXED: "cannot move", FEW: f"<{study.fewest} events", ABSENT: "no number"}
    change = bare.get(kind) or banded(row["percent"], row["percent_low"], row["percent_high"])
    levels = [f"{100 * float(row[name]):.2f}" if not pd.isna(row[name]) else "" for name in ("baseline", "value")]
    expected = str(row["expected"] or "")
    agrees = "" if not expected else "cannot move" if kind == FIXED else "open" if pd.isna(row["agrees"]) else (
        "yes" if row["agrees"] else "no")  # fmt: skip
    events = [few(row[name], study.fewest) for name in ("events_baseline", "events")]
    return (*levels, change, *events, counted(row["worlds"]), counted(row["runs"]), expected, agrees)


def _cell(row: Row | None, study: Study) -> str:
    """A change with its interval and its events, or why there is none."""
    kind = verdict(row, study.fewest)
    if row is None or kind == ABSENT:
        return "–"
    if kind == FIXED:
        return "cannot move"
    if kind == FEW:
        return f"<{study.fewest} events"
    return f"{banded(row['percent'], row['percent_low'], row['percent_high'])}; {counted(row['events'])}"


def _slice(study: Study, by: str, metric: str, order: Sequence[str]) -> list[Element]:
    """Change and events by the levels of one slice."""
    part = sliced(study.comparison, (by,))
    if part.empty:
        return []
    events = part.groupby("level", sort=False, observed=True)["events_baseline"].max()
    levels = in_order(part["level"])
    if len(levels) > _LARGEST:
        levels = sorted(levels, key=lambda level: (-int(events[level]), level))[:_LARGEST]
    cells = {(str(row["arm"]), str(row["level"])): row for row in part.to_dict("records")}
    rows = [(_link(study, arm), *(_cell(cells.get((arm, level)), study) for level in levels)) for arm in order]
    before = [f"{_LEVELS.get(level, spoken(level))} ({few(events[level], study.fewest)} before)" for level in levels]
    caption = f"{SUBJECTS[metric].capitalize()}, by {'requested state' if by == 'requested' else by}: change in per cent (95 % interval), events"
    return [table(caption, ("scenario", *before), rows)]


def numbers(known: pd.DataFrame) -> list[Element]:
    """All parameters, a table a file."""
    content = [tag("p", "Keys are those of the configuration: any of them can be set on the command line, and the comparison run again. "
                   "The short names of the sources are explained in docs/sources.md.")]  # fmt: skip
    for file, rows in known.groupby("file", sort=False):
        content.append(_parameter_table(f"configs/{file}", rows))
    return content
