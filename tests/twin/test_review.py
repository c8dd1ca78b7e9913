"""The twin's review, fed with what the real run filed, writes the same rows: each safeguard in a small world where it is busy."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.twin.fed import differences, small
from tests.twin.things import Request

BUSY = (
    "demand.abusive_odds=1.0",
    "demand.abusive_most=2.0",
    "demand.abusive_most_per_person=1000.0",
    "demand.false_urgent_share=0.2",
    "demand.secret_share=0.5",
    "demand.realtime_share=0.5",
    "demand.realtime_most=0.9",
    "review.misuse_chance=0.6",
    "review.onward_chance=0.5",
    "review.domestic_notice=0.4",
    "review.firm_notice.gag_months=6.0",
)
"""Much abuse, and much that follows it."""

CASES: dict[str, tuple[str, ...]] = {
    "as adopted": (),
    "endless hours": ("review.load=false",),
    "hours are short": ("review.utilisation_low=2.0", "review.utilisation_high=3.0", "review.lapse_per_year=0.1"),
    "bundle": ("scenario=reform_bundle", "reforms=everywhere", "safeguards.desk.bar=1.5"),
    "unit advises": (
        *("scenario=central_review", "safeguards.panel.hours_a_month=3.0", "safeguards.panel.memory_files=3.0"),
        *("reforms=everywhere", "safeguards.panel.advice=0.6", "safeguards.desk.bar=3.0", "review.strength=0.8"),
    ),
    "unit decides": ("scenario=central_review_binding", "reforms=everywhere"),
    "sanction": (
        *("scenario=sanction", "reforms=everywhere", "safeguards.suspension.refusals=1.0", "safeguards.suspension.share=0.02"),
        *("+instruments.hanoi.safeguards.panel=must", "safeguards.panel.binding=true", "safeguards.panel.bar=3.0"),
        *("+instruments.hanoi.safeguards.provider=must", "+instruments.hanoi.safeguards.person=must"),
    ),
    "courts": (
        *("scenario=notice", "reforms=everywhere", "review.load=false", "+states.override.all.judicial=1.0"),
        *("safeguards.person.contests=1.0", "safeguards.person.notice_days=20.0", "safeguards.person.gagged=0.1"),
        *("review.strength=1.0", "review.retention_months=2.0", "safeguards.person.insight=3.0"),
    ),
    "silence": ("scenario=total_secrecy", "review.load=false"),
    "broad laws": (
        *("scenario=speech_protocol", "reforms=everywhere", "review.strength=1.0", "+states.override.all.breadth=0.6"),
        "offences.fraud.penalties.crime_share={autocracy: 0.4, democracy: 0.4}",
        "offences.illegal_access.penalties.crime_share={autocracy: 0.4, democracy: 0.4}",
    ),
    "no desk": ("instruments.hanoi.safeguards.desk=absent", "instruments.hanoi.stops_preservation={}"),
    "sanction by the treaty alone": (
        *("scenario=sanction", "safeguards.suspension.refusals=1.0", "safeguards.suspension.share=0.0", "review.strength=1.0"),
        *("safeguards.suspension.within_months=2.0", "safeguards.suspension.months=2.0", "safeguards.suspension.reciprocal=false"),
        *("review.load=false", "safeguards.desk.bar=1.5"),
    ),
    "no second reading": (
        *("scenario=sanction", "reforms=everywhere", "safeguards.suspension.second_reading=false"),
        *("safeguards.suspension.share=0.4", "safeguards.suspension.refusals=1.0", "safeguards.suspension.months=1.0"),
    ),
    "training": (
        *("scenario=capacity", "safeguards.training.below=0.9", "safeguards.training.skill_gain=0.4"),
        "+instruments.hanoi.parties.without={AAB: true}",
    ),
    "research": ("scenario=research_exempt", "safeguards.dual_criminality.test=label"),
    "listening": ("scenario=realtime_with_judge", "review.load=false", "states.powers.intercept_median_years=2.0"),
    "listening, serious alone": (
        *(
            "scenario=realtime_serious",
            "reforms=everywhere",
            "states.powers.listens=0.9",
            "states.powers.intercept_median_years=2.0",
        ),
        "demand.abusive_wants={subscriber: 0.0, traffic: 0.5, content: 0.5}",
    ),
    "dials": (
        *("+states.override.all.judicial=1.0", "+states.override.liberal_democracy.strength=1.0"),
        *("+states.override.closed_autocracy.uptake=0.3", "review.trait_share=1.0"),
    ),
}
pytestmark = pytest.mark.slow


@cache
def told(name: str) -> tuple[list[str], list[Request]]:
    return differences(small(*BUSY, *CASES[name]))


@pytest.mark.parametrize("name", CASES)
def test_same_events(name: str) -> None:
    apart, rows = told(name)
    assert not apart, "\n".join(apart[:20])
    assert len(rows) > 500


def test_what_is_compared_happens() -> None:
    """Every status, every telling and every misuse stands in some row of these runs, and most safeguards are a reason."""
    rows = [row for name in CASES for row in told(name)[1]]
    statuses = Counter(row.status for row in rows)
    assert statuses.keys() == {
        *("pending", "parked", "executed", "executed_in_part", "executed_empty", "refused", "withdrawn", "lapsed", "diverted"),
        "suspended",
    }
    assert {row.told for row in rows} == {"never", "after", "before"}
    assert {what for row in rows for what in row.misused} == {"own_use", "onward"}
    assert {row.second for row in rows} == {"none", "confirmed", "not_confirmed"}
    assert any(row.published for row in rows)
    assert any(row.flagged for row in rows)
    assert any(row.realtime for row in rows)
    assert any(row.condition >= 0 for row in rows)
    assert len({row.narrowed for row in rows}) > 2
    assert len({row.reason for row in rows}) > 12
