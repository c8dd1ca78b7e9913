"""The report of a study: one page of HTML that needs no network, from a sweep that has been run and the analyses made of it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from xml.etree.ElementTree import Element

import pandas as pd

from experiments.analysis.ranges import too_few_worlds
from experiments.analysis.record import Analysis, Drawing, ReportSpec, spec_from
from experiments.figures import draw, save
from experiments.output import safe_name
from experiments.report import prose, sections, study_prose
from experiments.report.blocks import TextPart, elements, inline
from experiments.report.facts import Facts
from experiments.report.odd import odd
from experiments.report.page import line, page, section, table, tag
from experiments.report.pictures import Picture
from experiments.report.sentences import listed, numbered, several
from experiments.report.studied import Extent, designed, extent_of, headed, levers_of, numbers_behind, varied_numbers
from experiments.report.tables import cells_of, text_columns
from experiments.settings import ANALYSES
from experiments.statistics import FEWEST_WORLDS
from experiments.store.outcomes import Study
from experiments.text import spoken, thousands

__all__ = ["_REPORT", "suited", "write_study"]

_REPORT = "report.html"
_PAGED = re.compile(r"rogatory (run|treaty|demo|headline|compare|adaptation)\b(?! -m)")  # studies that write a folder of their own
_DRAWS = {
    "grid": "every combination of a few values",
    "latin_hypercube": "Latin hypercube",
    "sobol": "Saltelli's scheme on a Sobol sequence",
    "morris": "Morris's trajectories",
    "fractional": "a fractional factorial of two levels",
    "ends": "one end of one number at a time, beside all as configured",
}


def write_study(folder: Path, study: Study, analyses: Sequence[Analysis], facts: Facts) -> Path:
    """Write ``report.html`` into ``folder``, whole or not at all; returns its path. The same input gives the same bytes.

    ``facts`` say how the study was run, each optional: ``commands`` (lines typed), ``seeds`` (of the worlds), ``replicates`` (event
    seeds a world), ``runs`` (done), ``missing`` (runs not done), ``failed`` (a line each), ``seconds``, ``commit``, ``sources``
    (fingerprint), ``event_seeds`` (how they follow), ``versions`` and ``machine`` (by name); ``facts_of`` gives those of a store.
    ``refused`` says why analyses that suit the design found too little to stand on.
    ``analyses`` come with the most important first; without any the page says which would suit. Raises ``ConfigError`` for a
    figure that is unknown, and ``ValueError`` for a frame without a column that its figure reads.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report, part = folder / _REPORT, folder / f".{_REPORT}.{os.getpid()}.part"
    text = page(f"{study.name}: {asked(study)}", _content(study, analyses, facts))
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(report)
    finally:
        part.unlink(missing_ok=True)
    return report


def suited(study: Study) -> dict[str, str | None]:
    """Each analysis that there is, with why it does not suit the study; nothing behind those that do."""
    return {
        name: import_module(f"experiments.analysis.{name}").unsuited(study) for name in study.asked.analysis if name in ANALYSES
    }


def asked(study: Study) -> str:
    """The design's question, as a sentence."""
    return numbered(study.design.question)[1]


def _content(study: Study, analyses: Sequence[Analysis], facts: Facts) -> list[Element]:
    extent = extent_of(study, facts)
    known, refused = numbers_behind(study, facts), dict(facts.get("refused", {}))
    ids = {place: _identity(analysis.name, place, analyses) for place, analysis in enumerate(analyses)}
    told = [(ids[place], analysis.heading, _analysis(analysis, study)) for place, analysis in enumerate(analyses)]
    parts = [
        ("question", "The question", _question(study, facts)),
        ("answer", "The answer", _answer(study, analyses, ids, refused, facts)),
        ("sure", "How sure", _sure(study, analyses, ids, extent, known)),
        *told,
        ("run", "What was run", _run(study, extent, facts)),
        ("rests", "What it rests on", _rests(study, known, facts)),
        ("limits", "Limits", sections.limits_section(_limits(study))),
        ("rebuild", "How to rebuild it", _rebuild(study, extent, facts)),
    ]
    model = odd(study.config, known)
    links = [tag("li", tag("a", heading, href=f"#{identity}")) for identity, heading, _ in parts]
    header = tag(
        "header",
        tag("p", f"Study {spoken(study.name)}", class_="quiet"),
        tag("h1", asked(study)),
        _brief(analyses, ids, extent, _silent(study, refused)),
        tag("nav", tag("ul", links, [_nested(part) for part in model]), aria_label="Contents", class_="contents"),
    )
    body = [section(identity, heading, content) for identity, heading, content in parts]
    return [
        header,
        tag("main", body, [tag("section", elements(part, 2), aria_labelledby=part.identity, class_="model") for part in model]),
    ]


def _identity(name: str, place: int, analyses: Sequence[Analysis]) -> str:
    """An anchor; two analyses of one name are told apart by their place."""
    again = any(other.name == name for other in analyses[:place])
    return f"analysis-{name}-{place + 1}" if again else f"analysis-{name}"


def _nested(part: TextPart) -> Element:
    """A part of the model in the contents, with the elements of the protocol below it."""
    below = [tag("li", tag("a", block.heading, href=f"#{block.identity}")) for block in part.blocks if isinstance(block, TextPart)]
    return tag("li", tag("a", part.heading, href=f"#{part.identity}"), tag("ul", below), class_="deep")


# --- question, answer, how sure -------------------------------------------------------------------------------------------


def _silent(study: Study, refused: Mapping[str, str]) -> str:
    """Why a page without an analysis has none."""
    fit = [name for name, why in suited(study).items() if why is None]
    if not fit:
        return study_prose.NONE_SUITS
    return study_prose.TOO_LITTLE if set(fit) <= refused.keys() else study_prose.NO_ANALYSIS


def _brief(analyses: Sequence[Analysis], ids: Mapping[int, str], extent: Extent, silent: str) -> Element:
    """The first sentence of each analysis, or why there is none."""
    firsts = [
        tag("li", inline(capital(analysis.answer[0])), " (", tag("a", analysis.heading, href=f"#{ids[place]}"), ")")
        for place, analysis in enumerate(analyses)
        if analysis.answer
    ]
    content = [tag("ul", firsts)] if firsts else [tag("p", silent, class_="lead")]
    small = f"{extent.told}. {prose.CONDITIONAL} See "
    content.append(tag("p", small, tag("a", "Limits", href="#limits"), ".", class_="quiet"))
    return tag("div", content, class_="brief", role="note", aria_label="In short")


def _question(study: Study, facts: Facts) -> list[Element]:
    written = [tag("p", tag("b", f"{head}: "), text) for head, text in headed(study, facts)]
    return [*written, tag("p", prose.question(study.config.people.groups)), tag("p", _compared(study))]


def _compared(study: Study) -> str:
    """What policies are read against: one baseline, one each, or nothing."""
    points = study.points
    read = points[(points["against"] != points["point"]) & points["against"].isin(points["point"])]
    names = [spoken(name) for name in dict.fromkeys(points.loc[points["point"].isin(read["against"]), "scenario"].astype(str))]
    if not names:
        return study_prose.ALONE
    if len(names) == 1:
        return study_prose.AGAINST.format(name=names[0]) + prose.SAME_LUCK
    return study_prose.EACH_AGAINST.format(count=thousands(len(names))) + prose.SAME_LUCK


def _answer(
    study: Study, analyses: Sequence[Analysis], ids: Mapping[int, str], refused: Mapping[str, str], facts: Facts
) -> list[Element]:
    """Every sentence of every analysis; then what else could be asked of these runs, and where their own study tells of them."""
    content: list[Element] = []
    for place, analysis in enumerate(analyses):
        content.append(tag("h3", tag("a", analysis.heading, href=f"#{ids[place]}")))
        content += _asked(analysis, study)
        content.append(tag("ul", [tag("li", inline(capital(sentence))) for sentence in analysis.answer]))
    if not analyses:
        content.append(tag("p", _silent(study, refused)))
    own = dict.fromkeys(found[1] for command in facts.get("commands", ()) if (found := _PAGED.match(str(command))))
    content += [tag("p", inline(study_prose.OWN_PAGE.format(name=name))) for name in own]
    return content + _further(study, {analysis.name for analysis in analyses}, refused)


def _further(study: Study, made: set[str], refused: Mapping[str, str]) -> list[Element]:
    """Analyses that were not made: those that would suit, and why others do not, or found too little."""
    known = {name: refused.get(name, why) for name, why in suited(study).items() if name not in made}
    fit = [tag("li", tag("code", f"rogatory {name} {study.name}")) for name, why in known.items() if why is None]
    unfit = [tag("li", f"{spoken(name)}: {why}") for name, why in known.items() if why is not None]
    content = [tag("p", study_prose.SUITS), tag("ul", fit)] if fit else []
    return content + ([tag("p", study_prose.SUITS_NOT), tag("ul", unfit)] if unfit else [])


def _sure(study: Study, analyses: Sequence[Analysis], ids: Mapping[int, str], extent: Extent, known: pd.DataFrame) -> list[Element]:
    """Parameters and replicates apart; then what ranges and intervals of each analysis hold."""
    assumed = known[(known["status"] == "assumed") & ~known["varied"]]
    numbers = several(len(assumed), "assumed number")
    held = f"{numbers} of the model were held at one value each: no range or interval here speaks of them."
    count = len(study.design.uncertainties)
    if count:
        way = "an adaptive search" if study.design.search else _DRAWS.get(str(study.design.draw), "a table made elsewhere")
        drawn = f"{several(count, 'number')} of the model were varied, in {several(extent.draws, 'draw')} ({way})."
        parameters = f"{drawn} {study_prose.DRAWN} {held}"
    elif study.config.draws:
        parameters = study_prose.PRIORS
    else:
        parameters = f"{study_prose.HELD} {held}"
    content = [
        tag("p", inline(study_prose.THREE_THINGS)),
        tag("h3", "Parameters"),
        tag("p", parameters),
        tag("h3", "Replicates: worlds and luck"),
        tag("p", " ".join([f"{extent.told_replicates}.", study_prose.PAIRED, *_caution(extent)])),
    ]
    for place, analysis in enumerate(analyses):
        if analysis.sure:
            content.append(tag("h3", "What ranges and intervals hold: ", tag("a", analysis.heading, href=f"#{ids[place]}")))
            content.append(tag("ul", [tag("li", inline(capital(sentence))) for sentence in analysis.sure]))
    return content


def _caution(extent: Extent) -> list[str]:
    if extent.worlds < 2:
        return [study_prose.ONE_WORLD]
    return [f"{too_few_worlds(extent.worlds).capitalize()}."] if extent.worlds < FEWEST_WORLDS else []


# --- one analysis ---------------------------------------------------------------------------------------------------------


def capital(words: str) -> str:
    """A sentence with a capital.

    >>> capital("of eight policies"), capital("`review.rho` decides"), capital("62 % is")
    ('Of eight policies', '`review.rho` decides', '62 % is')
    """
    return words[:1].upper() + words[1:]


def _asked(analysis: Analysis, study: Study) -> list[Element]:
    """The question of an analysis, where it is not the design's."""
    same = numbered(analysis.question)[1] == asked(study)
    return [] if same else [tag("p", inline(capital(analysis.question)), class_="asked")]


def _analysis(analysis: Analysis, study: Study) -> list[Element]:
    """Its question, its figures, its main table, and the names of the others."""
    content = _asked(analysis, study)
    content += [sections.figure_element(picture) for picture in analysis_figures(analysis.drawings, study.asked.figures)]
    if analysis.tables:
        (name, frame), *others = analysis.tables.items()
        most = _shown(study).rows
        content.append(_main_table(name, frame.head(most), frame))
        if len(frame) > most:
            content.append(
                tag("p", study_prose.CUT.format(shown=most, rows=thousands(len(frame)), name=safe_name(name)), class_="quiet")
            )
        if others:
            told = [
                tag(
                    "li",
                    tag("code", f"{safe_name(other)}.csv"),
                    f": {several(len(rows), 'row')}, {listed([_headed(column) for column in rows.columns])}",
                )
                for other, rows in others
            ]
            content += [tag("p", study_prose.FURTHER, class_="quiet"), tag("ul", told)]
    return content


def _main_table(name: str, head: pd.DataFrame, frame: pd.DataFrame) -> Element:
    """The head of a table, without the columns that are empty in all of it."""
    empty = [column for column in frame.columns if (frame[column].isna() | (frame[column].astype(str) == "")).all()]
    shown = frame.drop(columns=empty)
    return table(
        capital(spoken(name)), [_headed(column) for column in shown.columns], cells_of(head[[*shown]]), text_columns(shown)
    )


def _shown(study: Study) -> ReportSpec:
    return spec_from("report", ReportSpec, study.asked)


def _headed(column: object) -> str:
    """A column's name in words; a key of the configuration stays as it is."""
    return str(column) if "." in str(column) else spoken(column)


def analysis_figures(drawings: Sequence[Drawing], figures: Mapping[str, Mapping[str, object]]) -> list[Picture]:
    """The figures of an analysis, inside the page: their captions stand below them as text."""
    pictures = []
    with tempfile.TemporaryDirectory() as folder:
        for place, drawing in enumerate(drawings):
            settings = {**figures.get(drawing.function, {}), **drawing.settings}
            figure = draw(drawing.function, drawing.frame, "", settings, **drawing.options)
            width, height = (round(float(inches) * figure.dpi) for inches in figure.get_size_inches())
            path = save(figure, Path(folder) / f"{place}.png")
            title = str(settings.get("title") or spoken(drawing.name))
            picture = Picture(path, title, drawing.alt, drawing.caption, width, height)
            pictures.append(picture.carried())
    return pictures


# --- what was run, and on what it rests -----------------------------------------------------------------------------------


def _run(study: Study, extent: Extent, facts: Facts) -> list[Element]:
    """Points, worlds, replicates and years; what is missing; levers and conditions; the design."""
    failed = [str(words) for words in facts.get("failed", ())]
    content = [_pairs(extent.rows)]
    if extent.without or failed or facts.get("missing"):
        content.append(tag("p", study_prose.WITHOUT))
    content += _failed(failed, _shown(study).lines)
    levers = levers_of(study.design)
    if levers:
        content.append(
            table("Levers and their levels; the first is where a lever is off", ("lever", "level", "sets"), levers, words=3)
        )
    if study.design.conditions:
        rows = [(spoken(name), _settings(keys)) for name, keys in study.design.conditions.items()]
        content.append(table("Conditions, each crossed with everything else", ("condition", "sets"), rows, words=2))
    written = designed(study, facts)
    said = study_prose.DESIGN if written.own else study_prose.DUMPED if written.filed else study_prose.ASKED
    content += [tag("h3", "The design"), tag("p", " ".join([said, *written.otherwise]))]
    return [*content, tag("pre", tag("code", written.text))]


def _failed(failed: list[str], most: int) -> list[Element]:
    """The first lines on what failed, and how many more there are; nothing where nothing failed."""
    if not failed:
        return []
    rest = [f"and {several(len(failed) - most, 'other')}"] if len(failed) > most else []
    return [tag("h3", "What failed"), tag("ul", [tag("li", words) for words in failed[:most] + rest])]


def _settings(keys: Mapping[str, object]) -> str:
    return "; ".join(f"{key} = {value}" for key, value in keys.items()) or "nothing"


def _limits(study: Study) -> dict[str, str]:
    return prose.limits(study.config.adaptation.anyone, study.config.draws, study_prose.LIMITS)


def _pairs(rows: Sequence[tuple[str, str]]) -> Element:
    return tag("dl", [part for head, text in rows for part in (tag("dt", head), tag("dd", text))], class_="facts")


def _rests(study: Study, known: pd.DataFrame, facts: Facts) -> list[Element]:
    """The numbers that are varied, with their bounds; how many are assumed; which are held and swept elsewhere."""
    content = []
    if study.design.uncertainties:
        head = ("key", "from", "to", "drawn", "unit", "range", "role", "status", "source", "elsewhere held at")
        rows = [line(tag("code", key), *cells) for key, *cells in varied_numbers(study, facts)]
        content += [table(study_prose.VARIED, head, rows, words=len(head)), tag("p", study_prose.VARIED_TOLD, class_="quiet")]
    return content + sections.rests(known, "study", study.config.draws)


def _rebuild(study: Study, extent: Extent, facts: Facts) -> list[Element]:
    """Commands, commit, seeds, versions, digest and checksums."""
    commands = [str(command) for command in facts.get("commands", ())]
    content = [tag("p", study_prose.REBUILD)]
    if commands:
        content.append(tag("pre", tag("code", "\n".join(commands))))
    content += [_pairs(_made_by(study, extent, facts)), tag("p", study_prose.BESIDE)]
    sums = [(name, tag("code", checksum)) for name, checksum in study.config.data.items()]
    return [*content, table("Tables that were read (SHA-256)", ("table", "checksum"), sums, words=2)] if sums else content


def _made_by(study: Study, extent: Extent, facts: Facts) -> list[tuple[str, str]]:
    """Code, seeds, versions, machine and configuration of the runs, as heads and texts; what is not known is left out."""
    told = {
        "commit": str(facts.get("commit") or ""),
        "sources": str(facts.get("sources") or ""),
        "event_seeds": str(facts.get("event_seeds") or ""),
    }
    rows = [
        ("Commit", told["commit"] or "not known: not run from a repository"),
        ("Code that decides", told["sources"]),
        ("World seeds", sections.seeds_text(extent.seeds) if extent.seeds else "not known"),
        ("Event seeds", told["event_seeds"]),
        ("Versions", _by_name(facts.get("versions")) or "not known"),
        ("Machine", _by_name(facts.get("machine"))),
        ("Configuration of the first point", study.config.digest()),
    ]
    return [(head, words) for head, words in rows if words]


def _by_name(known: Mapping[str, object] | None) -> str:
    """Names with their values, in order of names; what has no value is left out."""
    return ", ".join(f"{name} {value}" for name, value in sorted((known or {}).items()) if value)
