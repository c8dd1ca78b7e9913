"""What the public debate says of the treaty, each claim with the key, scenario and estimand that answer it, and what was found.

``python -m experiments.reference.claims`` writes ``docs/claims.md`` from the committed results. Claims are those of five press
articles (treaty.md, press 000 to 004); the words are ours.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from experiments.analysis.ranges import mostly_chance
from experiments.console import console_of
from experiments.design.plain import plain_names
from experiments.output import naming
from experiments.reference.make import HEADLINE, REFERENCE_FOLDER, REPOSITORY, SCENARIOS, read_manifest
from experiments.text import Row, signed_band, spoken
from sim.metrics import UNITS

PAGE = REPOSITORY / "docs" / "claims.md"
_TABLES = {SCENARIOS: "comparison.csv", HEADLINE: "matrix.csv"}


class Asked(NamedTuple):
    """An estimand of an arm in a part of the reference."""

    arm: str
    metric: str
    by: str = "all"
    level: str = "all"
    part: str = SCENARIOS


class Claim(NamedTuple):
    """What is said, by whom, what of the model stands for it, and where the answer is."""

    name: str
    said: str
    by: str
    keys: tuple[str, ...]  # of the configuration
    asked: tuple[Asked, ...]


def _all(arm: str, *metrics: str) -> tuple[Asked, ...]:
    return tuple(Asked(arm, metric) for metric in metrics)


_RATE, _MET = "cross_border_disclosure_rate", "legit_met_rate"
_HANOI = "instruments.hanoi"
CLAIMS = (
    Claim(
        "The threshold",
        "Four years under the requester's own law is a low line, and repressive states punish speech with more.",
        "Electronic Frontier Foundation, Human Rights Watch (press 000, 002)",
        (f"{_HANOI}.threshold_years", f"{_HANOI}.seriousness"),
        (*_all("grave_harm", _RATE, _MET), Asked("liberal, as today", "targeted_rate", "group", "journalist", HEADLINE)),
    ),
    Claim(
        "Optional refusal",
        "A state may refuse what persecutes somebody; nothing says that it must.",
        "UN human-rights office, Global Initiative (press 000, 001)",
        (f"{_HANOI}.safeguards.discrimination", f"{_HANOI}.safeguards.political_offence", f"{_HANOI}.safeguards.prejudice"),
        (*_all("refuse_mandatory", _RATE, _MET), *_all("prejudice", _RATE)),
    ),
    Claim(
        "Scope",
        "Evidence may be asked for on any serious crime, far beyond attacks on computers.",
        "Electronic Frontier Foundation, a hundred organisations (press 000, 004)",
        (f"{_HANOI}.reaches.C", f"{_HANOI}.reaches.D"),
        (*_all("core_cyber", _RATE, _MET), *_all("convention_only", _RATE, _MET)),
    ),
    Claim(
        "Dual criminality",
        "Help is owed for what is no crime where the help is asked for.",
        "Electronic Frontier Foundation (press 002)",
        (f"{_HANOI}.safeguards.dual_criminality",),
        _all("dual_criminality", _RATE, _MET),
    ),
    Claim(
        "Oversight",
        "No judge has to look at a request, and no body watches over requests.",
        "Global Initiative, joint letters (press 000, 001)",
        (f"{_HANOI}.safeguards.judge", f"{_HANOI}.safeguards.panel"),
        (*_all("judge", _RATE, _MET), *_all("central_review_binding", _RATE, _MET)),
    ),
    Claim(
        "Secrecy",
        "Requests may stay secret without end, and nobody can contest what nobody knows.",
        "Cybersecurity Tech Accord (press 001, 002)",
        (f"{_HANOI}.secrecy", "review.firm_notice", f"{_HANOI}.safeguards.person"),
        (
            *_all("total_secrecy", _RATE, "notified_share"),
            *_all("secrecy_limited", _RATE, "notified_share"),
            *_all("notice", _RATE),
        ),
    ),
    Claim(
        "Good faith",
        "Researchers, journalists and whistleblowers who act in good faith have no shield.",
        "Access Now (press 004), Cybersecurity Tech Accord (press 002)",
        (f"{_HANOI}.safeguards.good_faith", f"{_HANOI}.safeguards.research_exempt"),
        (*_all("good_faith", _RATE, _MET), Asked("research_exempt", "case_disclosure_rate", "group", "researcher")),
    ),
    Claim(
        "Proportionality and privacy",
        "Necessity, legality and privacy are not named; proportionality is left to domestic law.",
        "Access Now (press 004)",
        (f"{_HANOI}.safeguards.proportionality",),
        _all("necessity", _RATE, _MET),
    ),
    Claim(
        "Firms compelled",
        "Firms must hand over data and cannot contest.",
        "Cybersecurity Tech Accord, Microsoft (press 001, 002)",
        (f"{_HANOI}.safeguards.provider",),
        _all("provider_pushback", _RATE, _MET),
    ),
    Claim(
        "Live collection",
        "The treaty brings collection in real time and interception across borders.",
        "Microsoft, Electronic Frontier Foundation (press 001, 000)",
        (f"{_HANOI}.realtime", "demand.realtime_share"),
        (*_all("no_realtime", "realtime_rate", _RATE), *_all("realtime_with_judge", "realtime_rate")),
    ),
    Claim(
        "Intent",
        "Access without right is a crime even where nobody meant harm.",
        "Microsoft, Cybersecurity Tech Accord (press 001, 002)",
        ("conduct.intent",),
        (
            Asked("dishonest_intent", "case_disclosure_rate", "group", "researcher"),
            Asked("dishonest_intent", _RATE),
        ),
    ),
    Claim(
        "Safeguards left to domestic law",
        "The safeguards that the text names are used as each state likes.",
        "Human Rights Watch (press 002), ARTICLE 19",
        ("review.strength", "review.uptake_max", "review.fidelity_floor"),
        tuple(
            Asked(arm, "targeted_rate", "group", "dissident", HEADLINE) for arm in ("statutes, strength 1", "statutes, strength 0")
        ),
    ),
    Claim(
        "Democracies out",
        "Democracies should not ratify.",
        "a former UN rapporteur (press 001), Access Now (press 004)",
        (f"{_HANOI}.parties.without_regimes.liberal_democracy",),
        (*_all("democracies_out", _RATE, _MET), *_all("democracies_out_placebo", _RATE)),
    ),
    Claim(
        "Forty ratifications",
        "The treaty binds once forty states have ratified.",
        "reports on the adoption (press 000, 001)",
        (f"{_HANOI}.parties.draw",),
        _all("forty", _RATE, _MET),
    ),
    Claim(
        "Capacity",
        "Help and training let poorer states investigate; training may teach abuse as well.",
        "supporters (press 002, 003), Global Initiative (press 000)",
        ("safeguards.training.hours_factor", f"{_HANOI}.safeguards.training"),
        (*_all("capacity", _MET, _RATE), *_all("capacity_volume", _RATE)),
    ),
    Claim(
        "Data protection",
        "Data leave for states without protection.",
        "EU Council, Electronic Frontier Foundation (press 003)",
        (f"{_HANOI}.safeguards.transfer_law", f"{_HANOI}.safeguards.use_limitation_audited"),
        (*_all("transfer_duty", _RATE, _MET), *_all("data_protection", "secondary_use_rate")),
    ),
    Claim(
        "Restrictive laws",
        "States will write harsher laws and point at the treaty.",
        "Human Rights Watch (press 002)",
        ("conduct.inflation", "definition"),
        (
            *_all("penalty_inflation", _RATE),
            Asked("expansive, as today", "targeted_rate", "group", "dissident", HEADLINE),
            Asked("catch-all, as today", "targeted_rate", "group", "dissident", HEADLINE),
        ),
    ),
    Claim(
        "LGBTQ conduct",
        "Where same-sex conduct is a crime, states will ask for those whom it concerns.",
        "Human Rights Watch, ARTICLE 19 (press 002)",
        ("offences.same_sex_conduct.penalties.median_years", "safeguards.discrimination.covers.lgbtq"),
        (
            Asked("no_treaty", "case_disclosure_rate", "group", "lgbtq"),
            Asked("coverage_extended", "case_disclosure_rate", "group", "lgbtq"),
        ),
    ),
    Claim(
        "Journalists charged",
        "Journalists are charged with false news, or with fraud and tax offences.",
        "Access Now (press 004), ARTICLE 19",
        ("conduct.recharacterised_share", "conduct.open_framing_a", "offences.fraud.pretext"),
        (
            Asked("no_treaty", "case_disclosure_rate", "group", "journalist"),
            Asked("good_faith", "case_disclosure_rate", "group", "journalist"),
        ),
    ),
    Claim(
        "Expanding offences",
        "National definitions of the treaty's own offences will grow, and a protocol may add more.",
        "UN human-rights office, Microsoft (press 001), ARTICLE 19",
        ("offences.fraud.breadth", f"{_HANOI}.adds"),
        (*_all("broad_offences", _RATE), *_all("narrow_offences", _RATE), *_all("speech_protocol", _RATE)),
    ),
    Claim(
        "Transnational repression",
        "States will reach critics who have left.",
        "Freedom Online Coalition (press 002)",
        (f"{_HANOI}.parties.base", "people.exile_slope"),
        (
            Asked("no_treaty", "case_disclosure_rate", "group", "dissident"),
            Asked("universal", "case_disclosure_rate", "group", "dissident"),
        ),
    ),
    Claim(
        "Admissibility",
        "Evidence that no judge allowed may be of no use in court.",
        "Global Initiative (press 000)",
        ("review.usable.judged", f"{_HANOI}.safeguards.judge"),
        _all("judge", "legit_usable_rate", _MET),
    ),
    Claim(
        "Powers at home",
        "The same powers hold at home, for any offence.",
        "ARTICLE 19, Electronic Frontier Foundation (press 000)",
        (f"{_HANOI}.safeguards.judge",),
        _all("judge", "domestic_rate"),
    ),
)
NOT_MODELLED = {
    "Firms between two laws": "a firm that one state orders and another forbids to give decides as its lawyers advise, and no "
    "count of such conflicts is public. Here a firm answers to the law of the state where it holds the data.",
    "Weakened security": "Article 28(4) lets states make people who know a system help to open it. What that does to encryption is "
    "damage to everybody's security, not a request about one person, and no request here stands for it.",
}
"""Claims that nothing here answers, each with the reason."""


def held(folder: Path = REFERENCE_FOLDER) -> dict[Asked, Row]:
    """The row of the reference behind each number that a claim asks for. Raises ``KeyError`` for one that is not there."""
    tables = {
        part: pd.read_csv(folder / part / name).set_index(["arm", "metric", "by", "level"]).sort_index()
        for part, name in _TABLES.items()
    }
    found: dict[Asked, Row] = {}
    for claim in CLAIMS:
        for asked in claim.asked:
            rows = tables[asked.part].loc[[(asked.arm, asked.metric, asked.by, asked.level)]]
            found[asked] = {str(name): value for name, value in rows.iloc[0].items()}
    return found


def told(row: Row) -> str:
    """A change in per cent with its range and in how many worlds it has its sign; ``<10`` where too few events are behind it.

    >>> row = {"percent": -9.0, "percent_world_low": -10.1, "percent_world_high": -7.9, "worlds_agreeing": 10.0, "worlds": 10}
    >>> row |= {"chance_share": 0.1}
    >>> told(row), told(row | {"percent": float("nan")}), told(row | {"percent": float("nan"), "constructed_zero": True})
    ('−9.0 (−10.1 to −7.9), 10 of 10', '<10', '0, cannot move')
    >>> told(row | {"chance_share": 0.9})
    '−9.0 (−10.1 to −7.9), 10 of 10; mostly chance'
    """
    if row.get("constructed_zero") in (True, "True"):
        return "0, cannot move"
    middle, low, high = (float(row[name]) for name in ("percent", "percent_world_low", "percent_world_high"))
    if isnan(middle):
        return "<10"
    if middle == 0 and (isnan(low) or low == high == 0):
        return "0"
    agreeing = float(row["worlds_agreeing"])
    counted = "" if isnan(agreeing) else f", {agreeing:.0f} of {row['worlds']:.0f}"
    return f"{signed_band(middle, low, high)}{counted}{'; mostly chance' * mostly_chance(row)}"


def _subject(asked: Asked) -> str:
    return f"`{asked.metric}`" + (f", {spoken(asked.level)}" if asked.by == "group" else "")


def table(found: Mapping[Asked, Row]) -> list[str]:
    """The table of claims in Markdown, a line a row: of each claim the words, the keys, and a line for every number."""
    names = plain_names([asked.arm for asked in found if asked.part == SCENARIOS])
    rows = [
        "| claim | keys | scenario | estimand | change, % (range over worlds), worlds of this sign |",
        "|---|---|---|---|---|",
    ]
    for claim in CLAIMS:
        keys = ", ".join(f"`{key}`" for key in claim.keys)
        for place, asked in enumerate(claim.asked):
            first = (f"**{claim.name}.** {claim.said} *{claim.by}*", keys) if place == 0 else ("", "")
            arm = f"`{asked.arm}`: {names[asked.arm]}" if asked.part == SCENARIOS else f"headline: {asked.arm}"
            rows.append(f"| {first[0]} | {first[1]} | {arm} | {_subject(asked)} | {told(found[asked])} |")
    return rows


def page(folder: Path = REFERENCE_FOLDER) -> str:
    """The text of ``docs/claims.md``, with the numbers of the committed results."""
    manifest = read_manifest(folder, SCENARIOS)
    found = held(folder)
    units = sorted({asked.metric for asked in found})
    lines = [
        "# What is said of the treaty, and what is found",
        "",
        "<!-- made by `python -m experiments.reference.claims`; a test compares it with the committed results -->",
        "",
        "Each claim of the public debate has the keys that stand for it here, the scenario that changes them, and the change",
        f"found. Changes are in per cent against the treaty as adopted, over {len(manifest['seeds'])} worlds with",
        f"{manifest['replicates']} replicates and ten years each. They hold while nobody adapts, with officers for the load before",
        "the treaty. In brackets stands the range over worlds; then in how many worlds the change has that sign. *Mostly chance*:",
        "luck is more than half of the variance of a world's value. `<10`: fewer than ten events before or after. Rows of the",
        "headline are against today's laws and today's care.",
        "",
        "A claim is not confirmed by a row, nor refuted: the true extent of abuse is unknown, and every strength is an assumption",
        "([model.md](model.md#what-rests-on-assumption-alone)). A row says what follows from the claim under these assumptions.",
        "",
        *table(found),
        "",
        "## Estimands",
        "",
        *(f"- `{metric}`: {UNITS[metric]}" for metric in units),
        "",
        "## Not modelled",
        "",
        *(f"- **{name}**: {reason}" for name, reason in NOT_MODELLED.items()),
        "",
        "Press 000 is GovTech, 001 Euronews, 002 Scientific American, 003 a blog on the treaty's main points, 004 Voice of",
        "America. Who said what, and where it was read, stands in [sources.md](sources.md).",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write ``docs/claims.md`` anew; the exit status is 0."""
    with naming(PAGE):
        PAGE.write_text(page(), encoding="utf-8", newline="")
    console_of().print(f"Written to {PAGE.relative_to(REPOSITORY)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
