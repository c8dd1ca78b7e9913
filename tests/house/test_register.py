"""The register of parameters: every number says what is plausible of it, and says no more than its source does."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.errors import ConfigError
from sim.notes import FULL_FORM
from sim.priors import FORMS, Prior, prior_of
from sim.register import PATTERNS, Parameter, parameters_in, priors_digest, register
from sim.roles import DESIGNED, FACT, LEVER
from tests.house.test_numbers import CONFIGS, FILES, ROOT, shown

UNDER_DRAWN_LEVERS = "adaptation."  # levers that say what nobody knows of the world: how anyone adapts

FIXED = {
    # what a text or a law says
    "review.preservation_days", "states.transfers.own.USA",
    # what a definition or an origin of a scale says
    "demand.scale", "demand.direct.reference_users", "demand.direct.reference_income", "demand.direct.reference_liberal",
    "conduct.appetite", "instruments.mlat.filing", "instruments.mlat.delay_factor", "states.transfers.under_directive",
    "safeguards.discrimination.shift", "safeguards.prejudice.shift", "safeguards.proportionality.shift",
    "safeguards.transfer_law.shift",
    "safeguards.use_limitation.audit", "safeguards.onward_transfer.audit", "safeguards.desk.delay_days",
    "safeguards.person.delay_days", "offences.same_sex_conduct.penalties.crime_share.autocracy",
    "offences.same_sex_conduct.penalties.crime_share.democracy",
    # how the model is built, or made up
    "demand.subject_platforms_most", "people.platforms_most", "people.certainty_share",
    "states.synthetic.liberal_share", "states.synthetic.hosts",
    # what every world draws by itself
    "demand.direct.liberal_slope", "demand.direct.liberal_slope_spread", "demand.direct.spread_low", "demand.direct.spread_high",
}  # fmt: skip
"""Facts of which no prior is drawn, but for zeros, ones and single weights; and firms that tell nobody."""

OF_EMPIRICS = {
    "demand.users_slope": "N(0.24, 0.09)",  # no. 2
    "demand.income_slope": "N(0.46, 0.21)",
    "demand.liberal_slope": "N(1.3, 0.9)",
    "demand.frailty_shape": "LN(4, 0.5)",
    "demand.abusive_floor": "B(1, 500)",  # no. 9
    "demand.direct.answered_liberal_slope": "N(6, 2)",  # no. 26
    "demand.direct.answered_volume_slope": "N(0.6, 0.2)",
    "review.hours_median": "LN(2, 0.8)",  # no. 19
    "review.lapse_per_year": "G(0.25, 2)",  # no. 37
    "review.domestic_notice": "U(0, 0.1)",  # no. 38
    "safeguards.person.contests": "U(0.05, 0.5)",  # no. 44
    "safeguards.person.contest_days": "U(90, 180)",  # no. 36, three to six months
    "adaptation.requesters.elasticity": "N(0.27, 0.12)",  # no. 6
    "adaptation.requesters.adaptive_share": "B(3, 4)",  # no. 7, one less the share of habit
    "adaptation.requesters.framing_cost": "LN(0.1, 0.8)",  # no. 15
    "adaptation.exposure.chance": "B(1, 12)",  # no. 40
    "adaptation.reviewers.suspends": "B(4, 4)",  # no. 41
    "adaptation.reviewers.spill": "U(0, 0.5)",  # no. 42
    "adaptation.reviewers.fulfilment": "U(0, 0.4)",  # no. 43
    "adaptation.people.arrest_at_home": "B(2, 3)",  # no. 47
    "adaptation.people.arrest_abroad": "B(1, 20)",
    "adaptation.people.receptivity": "B(16, 84)",  # no. 48
    "adaptation.people.moves": "B(27, 73)",
    "adaptation.people.half_life_months": "U(6, 36)",  # no. 49
    "adaptation.people.evades": "U(0.2, 0.7)",  # no. 50
}
"""Priors that empirics.md 7.3 states for a number of the model."""

INFORMED = {
    "demand.abusive_odds": "P15",
    "demand.abusive_slope": "P15",
    "review.lapse_per_year": "P7 P9",
    "review.supplement_answered": "P7",
    "demand.liberal_slope": "P2",
    "review.retention_months": "P7",
    "review.utilisation_low": "P7 P8 P9",
    "review.utilisation_high": "P7 P8 P9",
    "safeguards.judge.bar": "P10",
    "safeguards.desk.bar": "P7",
    "review.delay_months": "P8",
}
"""What an outside measurement found that patterns identify."""

HONEST = {
    "adaptation.requesters.adaptive_share": ("assumed", True),
    "review.c_prev": ("assumed", False),
    "review.utilisation_low": ("assumed", True),
    "review.utilisation_high": ("assumed", True),
    "demand.abusive_most": ("sourced", True),
    "review.domestic_notice": ("sourced", True),
    "demand.urgent_share": ("assumed", True),
    "offences.defamation.penalties.median_years": ("assumed", False),
    "offences.blasphemy.penalties.median_years": ("assumed", False),
}
"""Statuses that said more than their source, as they are now."""

FAR = {
    "demand.direct.growth", "offences.defamation.penalties.median_years", "review.lapse_per_year", "demand.abusive_floor",
    "review.c_prev", "review.firm_notice.share", "adaptation.exposure.chance",
    "adaptation.people.arrest_abroad", "demand.secret_share", "offences.illegal_access.pretext", "instruments.budapest.filing",
    "adaptation.requesters.adaptive_share", "demand.direct.adaptive_share", "states.hosting.home_default",
    *(f"offences.{name}.harm" for name in ("child_abuse_material", "trafficking", "terrorism")),
    "offences.blasphemy.penalties.median_years",
}  # fmt: skip
"""Numbers whose default lies outside the middle fifth of their prior: the source says otherwise, or the shape is skewed."""


@cache
def by_key() -> dict[str, Parameter]:
    return {one.key: one for one in register()}


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_every_note_of_every_file_parses(path: Path) -> None:
    for one in parameters_in(path, CONFIGS):
        assert one.unit
        assert one.source
        assert one.support[0] <= one.value <= one.support[1], one.key


def test_the_register_has_each_fact_once_with_its_file_and_line() -> None:
    facts = [one for one in register() if one.role == FACT]
    assert len(facts) == len({one.key for one in facts}) > 800
    for one in facts[::50]:
        line = (CONFIGS / one.file).read_text(encoding="utf-8").splitlines()[one.line - 1]
        assert one.source in line
        assert one.key.rpartition(".")[2] in line


def test_every_fact_has_a_prior_and_no_key_of_a_design_or_a_reform_has_one() -> None:
    assert [one.key for one in register() if one.role == FACT and one.prior is None] == []
    assert [one.key for one in register() if one.role == DESIGNED and one.prior] == []
    drawn_levers = [one.key for one in register() if one.role == LEVER and one.prior]
    assert drawn_levers
    assert [key for key in drawn_levers if not key.startswith(UNDER_DRAWN_LEVERS)] == []


def test_what_is_fixed_is_named_here_or_is_nothing_all_or_a_weight_alone() -> None:
    fixed = {one.key for one in register() if one.prior and one.prior.shape == "fixed"}
    plain = {key for key in fixed if by_key()[key].value in (0.0, 1.0)}
    assert fixed - plain <= FIXED
    assert {key for key in plain - FIXED if not key.startswith(("offences.", "safeguards.", "review.firm_notice.factor"))} == set()
    assert fixed >= FIXED


def test_every_default_lies_within_the_central_99_per_cent_of_its_prior() -> None:
    assert [one.key for one in register() if one.prior and not one.prior.holds(one.value)] == []


def test_priors_have_their_middle_near_the_default_but_for_those_that_are_named_here() -> None:
    own = [one for one in register() if one.drawn and one.prior and one.prior.shape != "Dir"]
    assert {one.key for one in own if one.prior and not one.prior.holds(one.value, 0.2)} == FAR


@pytest.mark.parametrize("key", OF_EMPIRICS)
def test_a_prior_that_the_research_states_is_taken_as_it_is(key: str) -> None:
    prior = by_key()[key].prior
    assert prior is not None
    assert prior.words == OF_EMPIRICS[key]


def test_patterns_inform_what_was_found_that_they_identify() -> None:
    assert {key: " ".join(by_key()[key].informs) for key in INFORMED} == INFORMED
    assert {name for one in register() for name in one.informs} <= set(PATTERNS)


def test_no_status_says_more_than_its_source() -> None:
    assert {key: (by_key()[key].status, by_key()[key].weak) for key in HONEST} == HONEST


def test_the_form_of_a_note_is_told_to_contributors() -> None:
    page = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert FULL_FORM in page
    assert [form for form in FORMS.values() if f"`{form}`" not in page] == []
    assert "docs/parameters.md" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


# --- what a note may say ----------------------------------------------------------------------------------------------------------


def a_file(tmp_path: Path, line: str) -> Path:
    path = tmp_path / "demand" / "mine.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{line}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "a: 1  # x; 0-2; fact; prior LX(1, 2); assumed: y",
            "configs/demand/mine.yaml:1: demand.a: prior: found 'LX(1, 2)'; accepted",
        ),
        ("a: 1  # x; 0-2; fact; prior LN(1); assumed: y", "accepted: LN(median, s.d. of log)"),
        ("a: 1  # x; 0-2; fact; prior U(2, 1); assumed: y", "with low below high"),
        ("a: 1  # x; 0-2; fact; prior N(1, 0); assumed: y", "with an s.d. above 0"),
        ("a: 1  # x; 0-2; fact; prior B(-1, 2); assumed: y", "with numbers above 0"),
        ("a: 1  # x; 0-2; fact; prior fixed(1); assumed: y", "accepted: fixed"),
        ("a: 1  # x; 0-2; fact; prior each x LN(1, 1); assumed: y", "on a line of 1; accepted: a shape without each"),
        ("a: {b: 1, c: 2}  # x; 0-2; fact; prior LN(1, 1); assumed: y", "on a line of 2; accepted: each x"),
        ("a: {b: 0, c: 0}  # x; 0-2; fact; prior Dir(9); assumed: y", "add up to 0"),
        ("a: 1  # x; 0-2; fact; informs P18; assumed: y", "no pattern is named 'P18'; accepted: P1 to P17"),
    ],
)
def test_a_note_that_cannot_be_read_is_one_line_that_says_where_and_what_is_accepted(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        parameters_in(a_file(tmp_path, line), tmp_path)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_all_parts_of_a_note_are_read(tmp_path: Path) -> None:
    line = "a: 1.5  # hours; 0-2 or null; fact; prior LN(1, 0.5); weak; informs P2 P17; sourced: a page; and more"
    (one,) = parameters_in(a_file(tmp_path, line), tmp_path)
    assert (one.key, one.value, one.unit, one.support, one.range) == ("demand.a", 1.5, "hours", (0.0, 2.0), "0-2 or null")
    assert (one.role, one.status, one.weak, one.source) == ("fact", "sourced", True, "a page; and more")
    assert (one.informs, one.file, one.line) == (("P2", "P17"), "demand/mine.yaml", 1)
    assert one.prior == Prior("LN", (1.0, 0.5), "", 1.5, 0.0, 2.0)


# --- quantiles --------------------------------------------------------------------------------------------------------------------

UNIFORMS = np.linspace(0.001, 0.999, 41)
KNOWN = {
    "LN(2, 0.5)": stats.lognorm(0.5, scale=2),
    "N(0.3, 0.4)": stats.norm(0.3, 0.4),
    "B(2, 5)": stats.beta(2, 5),
    "G(0.25, 2)": stats.gamma(2, scale=0.125),
    "U(0.1, 0.7)": stats.uniform(0.1, 0.6),
    "logU(0.2, 5)": stats.loguniform(0.2, 5),
}


@pytest.mark.parametrize("text", KNOWN)
def test_a_quantile_is_that_of_the_shape(text: str) -> None:
    prior = prior_of(text, 0.5)
    assert np.allclose([prior.quantile(u) for u in UNIFORMS], KNOWN[text].ppf(UNIFORMS), rtol=1e-9)


@pytest.mark.parametrize("text", KNOWN)
def test_a_prior_is_cut_to_the_support_and_normed_again(text: str) -> None:
    low, high, law = 0.25, 0.6, KNOWN[text]
    prior = prior_of(text, 0.5, low, high)
    drawn = np.array([prior.quantile(u) for u in UNIFORMS])
    assert ((drawn >= low) & (drawn <= high)).all()
    within = (law.cdf(drawn) - law.cdf(low)) / (law.cdf(high) - law.cdf(low))
    assert np.allclose(within, UNIFORMS, atol=1e-9)


def test_what_each_number_of_a_line_draws_is_relative_to_its_own_value() -> None:
    line = (0.2, 0.8)
    factor, added = prior_of("each x LN(1, 0.3)", 0.2, line=line), prior_of("each + N(0, 0.1)", 0.8, line=line)
    odds = prior_of("each odds x LN(1, 0.7)", 0.8, 0, 1, line)
    u = 0.9
    assert factor.quantile(u) == pytest.approx(0.2 * stats.lognorm(0.3).ppf(u))
    assert added.quantile(u) == pytest.approx(0.8 + stats.norm(0, 0.1).ppf(u))
    drawn = odds.quantile(u)
    assert drawn / (1 - drawn) == pytest.approx(4 * stats.lognorm(0.7).ppf(u))
    assert [prior_of("each odds x LN(1, 0.7)", end, 0, 1, (0.0, 1.0)).quantile(u) for end in (0.0, 1.0)] == [0.0, 1.0]
    assert prior_of("each x LN(1, 0.3)", 0.0, line=(0.0, 1.0)).quantile(u) == 0.0


def test_a_dirichlet_draws_the_marginal_of_each_number_of_its_line() -> None:
    line = (0.6, 0.3, 0.1)
    priors = [prior_of("Dir(20)", value, 0, 1, line) for value in line]
    for prior, value in zip(priors, line, strict=True):
        law = stats.beta(20 * value, 20 * (1 - value))
        assert np.allclose([prior.quantile(u) for u in UNIFORMS], law.ppf(UNIFORMS), rtol=1e-9)


def test_a_number_that_is_written_whole_is_drawn_whole() -> None:
    prior = prior_of("U(3, 9)", 6, 1, 120, whole=True)
    assert {prior.quantile(u) for u in UNIFORMS} == set(map(float, range(3, 10)))


@given(st.sampled_from(sorted(KNOWN)), st.floats(0, 1), st.floats(0, 1))
def test_a_quantile_rises_with_its_share_and_stays_within_the_support(text: str, one: float, other: float) -> None:
    prior = prior_of(text, 0.5, 0.01, 3.0)
    low, high = sorted((one, other))
    assert 0.01 <= prior.quantile(low) <= prior.quantile(high) <= 3.0


def test_every_shipped_prior_has_finite_ends_that_lie_in_its_support() -> None:
    for one in register():
        if one.prior:
            drawn = [one.prior.quantile(u) for u in (0.0, 1e-9, 0.5, 1 - 1e-9, 1.0)]
            assert drawn == sorted(drawn), one.key
            assert one.support[0] <= drawn[0] <= drawn[-1] <= one.support[1], one.key


def test_the_digest_of_the_priors_is_that_of_what_decides_a_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim import register as module

    before = priors_digest()
    assert before == priors_digest()
    (one,) = [one for one in module.drawable().values() if one.key == "review.rho"]
    other = Parameter(**{**vars(one), "prior": prior_of("U(0, 0.8)", one.value, *one.support)})
    monkeypatch.setattr(module, "drawable", lambda: {"review.rho": other})
    with_other = priors_digest()
    monkeypatch.setattr(module, "drawable", lambda: {"review.rho": one})
    assert with_other != priors_digest()
