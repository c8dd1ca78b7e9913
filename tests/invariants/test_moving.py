"""What a setting says that it can move is all that it moves, by a bit; and where its condition fails it does move something."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pytest

from experiments.analysis.movable import movable
from sim.config import checked_config, composed_values, load, with_overrides
from sim.metrics import UNITS
from sim.metrics.moving import AT_HOME, DECLARED, EVERYTHING, NOTHING, OF_DEMAND, moved_by, moved_by_setting, moves_at_home
from sim.settings import Config
from sim.simulation import simulate
from sim.world.leaves import leaves_of
from tests.shares import rotating_seed

BUSY = (  # small, with many abusive cases, notices and harm, and full desks
    *("states=synthetic", "states.synthetic.count=8", "people.rows=300", "demand.legitimate=120", "years=1"),
    *("calibration_months=12", "demand.abusive_odds=0.2", "demand.secret_share=0.2", "demand.urgent_share=0.2"),
    *("review.utilisation_low=1.2", "review.utilisation_high=1.5", "review.capacity_floor=0.1"),
)
STEADY = {  # what else makes events frequent, unless a case says otherwise
    "review.misuse_chance": 0.6, "review.onward_chance": 0.3, "review.domestic_notice": 0.5, "conduct.police_share": 0.4,
    "conduct.spontaneous_most": 0.1, "review.firm_notice.share": 0.0,
}  # fmt: skip
SEED = 13


class Case(NamedTuple):
    """Settings under which a declaration holds, what is then set otherwise, and settings under which it does not hold."""

    base: dict[str, object]
    change: dict[str, object]
    elsewhere: dict[str, object] | None = None  # None: the condition always holds


NO_PARTIES: dict[str, object] = {"instruments.hanoi.parties.base": "none"}
LIGHT: dict[str, object] = {"instruments.hanoi.reaches.C": "always", "instruments.hanoi.reaches.D": "always"}
BY_HARM: dict[str, object] = {"instruments.hanoi.seriousness": "harm"}
WITH_NOTICE: dict[str, object] = {"instruments.hanoi.safeguards.person": "must"}
UNLOADED: dict[str, object] = {"review.load": False}
MUCH_ABUSE: dict[str, object] = {"demand.abusive_odds": 1.0, "demand.abusive_most_per_person": 2.0}  # for looks to see or miss
CONGESTED: dict[str, object] = MUCH_ABUSE | {"review.comfortable_months": 1.0, "review.effort_floor": 0.0}
FIRMS: dict[str, object] = {"review.firm_notice.share": 0.9, "demand.secret_share": 0.5}
DUTY: dict[str, object] = {"instruments.hanoi.safeguards.dual_criminality": "must", "conduct.preservation_share": 0.9}
NO_OWN_LAW: dict[str, object] = {f"safeguards.{name}.own_law": None for name in ("judge", "person", "transfer_law")}
OWN_TRANSFER_LAW: dict[str, object] = {"safeguards.transfer_law.own_law": "kept"}
OWN_JUDGE: dict[str, object] = {"safeguards.judge.own_law": "must"}
OWN_NOTICE: dict[str, object] = {"safeguards.person.own_law": "must"}
EVERYBODY: dict[str, object] = {"states.lists.few": [f"AA{letter}" for letter in "ABCDEFGH"]}
LISTENED: dict[str, object] = {
    "demand.realtime_share": 1.0, "demand.realtime_most": 1.0, "instruments.hanoi.realtime": "obliges",
    "states.powers.intercept_median_years": 0.01,
}  # fmt: skip
POWERLESS: dict[str, object] = {"states.powers.compels": 0.0, "states.powers.listens": 0.0}
CASES = {
    "a text that binds nobody: its test": Case(NO_PARTIES, {"instruments.hanoi.threshold_years": 1.0}, {}),
    "a text that binds nobody: its use": Case(NO_PARTIES, {"instruments.hanoi.filing": 0.3}, {}),
    "a text that binds nobody: a duty": Case(NO_PARTIES, {"instruments.hanoi.safeguards.judge": "must"}, {}),
    "a text that binds nobody: a door": Case(NO_PARTIES, {"instruments.hanoi.side_doors.police": False}, {}),
    "a text that binds nobody: its rank": Case(NO_PARTIES, {"instruments.hanoi.order": 5}, {}),
    "a text that binds nobody: a new offence": Case(NO_PARTIES, {"instruments.hanoi.adds.false_news": True}, {}),
    "secrecy where nobody is told in time": Case({}, {"instruments.hanoi.secrecy": "always"}, WITH_NOTICE),
    "secrecy where a firm tells in time": Case({}, {"instruments.hanoi.secrecy": "always"}, FIRMS),
    "a term to gags on firms that tell nobody": Case({}, {"instruments.comity.gag_months_most": 0.0}, FIRMS),
    "a term to gags where silence is kept always": Case(
        FIRMS | {"instruments.comity.secrecy": "always"}, {"instruments.comity.gag_months_most": 0.0}, FIRMS
    ),
    "gags on firms that tell nobody": Case({}, {"review.firm_notice.gag_months": 0.0}, FIRMS),
    "notice by firms that give none": Case({}, {"review.firm_notice.days": 90.0}, FIRMS),
    "a remedy that nobody learns of": Case({}, {"safeguards.person.contests": 1.0}, FIRMS),
    "courts before which nobody goes": Case({}, {"safeguards.person.bar": -3.0}, FIRMS),
    "a risk of tip-off that firms do not bring": Case(FIRMS, {"safeguards.person.tip_off": 1.0}, WITH_NOTICE),
    "years where harm decides": Case(BY_HARM, {"instruments.hanoi.threshold_years": 9.0}, {}),
    "harm where years decide": Case({}, {"instruments.hanoi.harm_floor": 0.9}, BY_HARM),
    "a test that no class must pass": Case(LIGHT, {"instruments.hanoi.seriousness": "grave"}, {}),
    "spyware": Case({"conduct.spyware": 0.5}, {"conduct.spyware": 0.9}),
    "spyware where there was none": Case({}, {"conduct.spyware": 0.5}),
    "states that would have spyware": Case({}, {"conduct.spyware_states": 2}, {"conduct.spyware": 0.9}),
    "days until a second filing": Case({}, {"conduct.retry_days": 5.0}, {"conduct.attempts": 3}),
    "use beyond the case": Case({}, {"review.misuse_chance": 0.1}),
    "transfer to a third state": Case({}, {"review.onward_chance": 0.05}),
    "notice at home": Case({}, {"review.domestic_notice": 0.05}),
    "collection as it comes": Case(LISTENED, {"instruments.hanoi.realtime": "absent"}),
    "a judge before it": Case(LISTENED, {"instruments.hanoi.realtime_if.judged": True}),
    "its limits where a text has none of it": Case(
        LISTENED | {"instruments.hanoi.realtime": "absent"}, {"instruments.hanoi.realtime_if.judged": True}, LISTENED
    ),
    "its length": Case(LISTENED, {"review.realtime_months": 2}),
    "powers that parties must have": Case(
        LISTENED | POWERLESS | {"states.synthetic.liberal_share": 0.0}, {"instruments.hanoi.powers": False}
    ),
    "what a court admits": Case({}, {"review.usable.plain": 0.3}),
    "haste without a queue": Case(UNLOADED, {"review.effort_power": 3.0}, CONGESTED),
    "the least effort without a queue": Case(UNLOADED, {"review.effort_floor": 1.0}, CONGESTED),
    "comfort without a queue": Case(UNLOADED, {"review.comfortable_months": 0.1}, MUCH_ABUSE),
    "officers whom no colleague asks": Case({"conduct.police_share": 0.0}, {"review.police_answered": 0.1}, {}),
    "firms that nobody asks": Case({"conduct.direct_share": 0.0}, {"review.direct_days": 900.0}, {}),
    "what nobody shares unasked": Case({"conduct.spontaneous_most": 0.0}, {"review.spontaneous_days": 900.0}, {}),
    "freezing that nobody asks for": Case(
        {"conduct.preservation_share": 0.0}, {"review.preservation_days": 5.0}, {"conduct.preservation_share": 0.9}
    ),
    "grounds against no freezing": Case(
        DUTY | {"conduct.preservation_share": 0.0}, {"instruments.hanoi.stops_preservation.dual_criminality": True}, DUTY
    ),
    "memory of those who remember nothing": Case(
        {}, {"adaptation.reviewers.prior_files": 1.0}, {"adaptation.reviewers.trust": True}
    ),
    "a look that no text knows": Case({}, {"safeguards.panel.bar": -1.0}, {"instruments.hanoi.safeguards.panel": "must"}),
    "protection once received": Case({}, {"states.override.all.transfer_protection": 1.0}, UNLOADED | OWN_TRANSFER_LAW),
    "a judge kept out where own law wants none": Case({}, {"instruments.hanoi.displaces.judge": True}, OWN_JUDGE),
    "officers without a queue": Case(UNLOADED, {"states.override.all.hours": 0.2}, {}),
    "a list that no dial names": Case(
        {"states.override.all.skill": 0.1}, {"states.lists.few": ["AAA", "AAB"]}, {"states.override.few.hours": 0.05} | EVERYBODY
    ),
    "a duty on use": Case(
        {"instruments.hanoi.safeguards.use_limitation": "absent"}, {"instruments.hanoi.safeguards.use_limitation": "must"}
    ),
}  # fmt: skip


@lru_cache(maxsize=2)
def plain_values() -> dict[str, object]:
    return with_overrides(composed_values(*BUSY), STEADY | NO_OWN_LAW)


def config_of(*settings: dict[str, object]) -> Config:
    merged: dict[str, object] = {}
    for part in settings:
        merged |= part
    return checked_config(with_overrides(plain_values(), merged))


@lru_cache(maxsize=16)
def numbers_of(digest: str) -> dict[tuple[str, str, str], tuple[float, int]]:
    rows = simulate(_CONFIGS[digest], seed=SEED).metrics.itertuples(index=False, name=None)
    return {(metric, by, level): (value, count) for metric, by, level, value, count in rows}


_CONFIGS: dict[str, Config] = {}


def moved_between(before: Config, after: Config) -> set[str]:
    """Estimands of which any number differs by a bit, or which only one side has."""
    for config in (before, after):
        _CONFIGS[config.digest()] = config
    old, new = numbers_of(before.digest()), numbers_of(after.digest())
    both = old.keys() | new.keys()
    return {key[0] for key in both if not np.array_equal(old.get(key, ()), new.get(key, ()), equal_nan=True)}


@pytest.mark.parametrize("name", CASES)
def test_a_setting_moves_nothing_but_what_it_declares_and_that_somewhere(name: str) -> None:
    case = CASES[name]
    before, after = config_of(case.base), config_of(case.base, case.change)
    may = movable(after, before)
    assert may is not None
    assert may < UNITS.keys() - OF_DEMAND, "it declares nothing"
    moved = moved_between(before, after)
    assert moved <= may
    if case.elsewhere is None:
        assert moved == may, "what it may move is not reached"
        return
    assert not may or moved == may
    before, after = config_of(case.elsewhere), config_of(case.elsewhere, case.change)
    freer = movable(after, before)
    assert freer is not None
    assert freer > may
    assert moved_between(before, after) - may, "it moves nothing elsewhere: the condition shows nothing"
    assert moved_between(before, after) <= freer


def test_every_declaration_has_its_case() -> None:
    told = {key: re.sub("^states[.](?=override|lists)", "dials.", key) for case in CASES.values() for key in case.change}
    changed = [(config_of(case.base), told[key]) for case in CASES.values() for key in case.change]
    for declared in DECLARED:
        found = [re.fullmatch(declared.keys, key) and holds(declared.where, config, key) for config, key in changed]
        assert any(found), declared.keys


def holds(where: object, config: Config, key: str) -> bool:
    return bool(where(config.policy.model_dump(mode="json"), key.split(".")[1]))  # type: ignore[operator]


def test_a_look_that_own_law_adds_is_in_force_though_no_text_names_it() -> None:
    plain, ours = (config_of(settings).policy.model_dump(mode="json") for settings in ({}, OWN_NOTICE))
    secret = "instruments.hanoi.secrecy"
    assert moved_by_setting(secret, plain, plain, {}) == frozenset({"notified_share"})
    assert moved_by_setting(secret, ours, ours, {}) is EVERYTHING
    moves: dict[str, frozenset[str] | None] = {"person": EVERYTHING}
    assert moved_by_setting("safeguards.person.bar", plain, plain, moves) == NOTHING
    assert moved_by_setting("safeguards.person.bar", ours, ours, moves) is EVERYTHING
    shut = config_of(OWN_NOTICE, {"instruments.hanoi.displaces.person": True}).policy.model_dump(mode="json")
    assert moved_by_setting(secret, shut, shut, {}) == frozenset({"notified_share"})


def test_a_judge_by_own_law_moves_what_happens_at_home() -> None:
    plain, ours = (config_of(settings).policy.model_dump(mode="json") for settings in ({}, OWN_JUDGE))
    assert moves_at_home(plain, ours)
    assert not moves_at_home(plain, config_of(OWN_NOTICE).policy.model_dump(mode="json"))


def test_what_stands_nowhere_moves_everything() -> None:
    plain = config_of({}).plain()
    for key in ("review.rho", "conduct.appetite", "instruments.hanoi.parties.base", "instruments.gone.secrecy", "anything.else"):
        assert moved_by_setting(key, plain, plain, {}) is EVERYTHING, key


def test_an_equal_policy_moves_nothing_and_a_force_not_named_is_absent() -> None:
    plain, other = config_of({}).plain(), config_of({"instruments.hanoi.safeguards.panel": "absent"}).plain()
    assert moved_by(plain, plain, {}) == moved_by(plain, other, {}) == NOTHING


def test_numbers_of_adaptation_move_nothing_while_nobody_adapts() -> None:
    """All at once, each a little off: the ones that a naive run reads would show."""
    before, rng = config_of({}), np.random.default_rng(rotating_seed())
    leaves = leaves_of(before.plain()["adaptation"])
    numbers = {f"adaptation.{key}": value for key, value in leaves.items() if isinstance(value, float) and value}
    assert len(numbers) > 20
    after = config_of({key: float(value) * rng.uniform(0.95, 0.99) for key, value in numbers.items()})
    assert movable(after, before) == NOTHING
    assert moved_between(before, after) == set()


def test_no_policy_moves_a_fact_of_demand_even_while_all_adapt() -> None:
    """Without own law on judges, so that the reform is a large one."""
    usual = (*BUSY, "safeguards.judge.own_law=null")
    before, after = load(*usual), load(*usual, "conduct=adaptive", "scenario=judge")
    may = movable(after, before)
    assert may is not None
    assert may & OF_DEMAND == set()
    assert {"case_disclosure_rate", "chilling"} <= may
    moved = moved_between(before, after)
    assert "case_disclosure_rate" in moved
    assert not moved & OF_DEMAND


def test_another_world_moves_anything() -> None:
    before = config_of({})
    assert movable(config_of({"demand.abusive_odds": 0.3}), before) is None
    assert movable(config_of({"years": 2}), before) is None


ANY_VALUE = {  # settings with a limit as adopted, and values among which chance chooses
    "instruments.hanoi.secrecy": ("requested", "always"),
    "instruments.mlat.secrecy": ("requested", "always"),
    "instruments.comity.secrecy": ("requested", "always"),
    "instruments.hanoi.safeguards.use_limitation": ("absent", "may", "must"),
    "instruments.mlat.safeguards.onward_transfer": ("absent", "may", "must"),
    "instruments.comity.safeguards.publication": ("absent", "may", "must"),
    "conduct.spyware_states": (0, 3, 8),
}
ANY_SHARE = (  # the same, any number from 0 to 1
    *("instruments.hanoi.harm_floor", "instruments.budapest.harm_floor", "conduct.spyware", "review.misuse_chance"),
    *("review.onward_chance", "review.domestic_notice", "safeguards.use_limitation.holds", "safeguards.onward_transfer.audit"),
)
ANY_DAYS = ("conduct.retry_days", "safeguards.person.notice_days", "safeguards.panel.delay_days")  # any number of days


@pytest.mark.parametrize("turn", range(4))
def test_settings_with_a_limit_move_nothing_beyond_it_whatever_their_values_together(turn: int) -> None:
    rng = np.random.default_rng([rotating_seed(), turn])
    chosen: dict[str, object] = {key: values[rng.integers(len(values))] for key, values in ANY_VALUE.items()}
    chosen |= {key: float(rng.random()) for key in ANY_SHARE} | {key: float(rng.uniform(0, 400)) for key in ANY_DAYS}
    picked = [key for key in chosen if rng.random() < 0.7]
    before, after = config_of({"conduct.spyware": 0.4}), config_of({"conduct.spyware": 0.4}, {key: chosen[key] for key in picked})
    may = movable(after, before)
    assert may is not None
    assert may <= {"notified_share", "spyware_rate", "secondary_use_rate"}
    moved = moved_between(before, after)
    assert moved <= may, (rotating_seed(), picked)


OF_SCOPE: dict[str, dict[str, object]] = {
    "a higher line": {"instruments.hanoi.threshold_years": 9.0},
    "grave harm alone": {"instruments.hanoi.seriousness": "grave"},
    "no offence of others": {"instruments.hanoi.reaches.C": "never", "instruments.hanoi.reaches.D": "never"},
    "other crimes": {"states.override.all.penalties": {"protected": "no_crime"}},
    "a duty to refuse": {"instruments.hanoi.safeguards.discrimination": "must"},
}


@pytest.mark.parametrize("name", OF_SCOPE)
def test_no_scope_and_no_definition_moves_a_states_own_cases(name: str) -> None:
    before, after = config_of({}), config_of(OF_SCOPE[name])
    may = movable(after, before)
    assert may is not None
    assert not may & AT_HOME
    moved = moved_between(before, after)
    assert moved, "nothing moved at all: the case shows nothing"
    assert not moved & AT_HOME


@pytest.mark.parametrize(
    "change",
    [
        {"instruments.hanoi.safeguards.judge": "must"},
        {"instruments.hanoi.parties.base": "none"},
        {"states.override.all.judicial": 1.0},
        {"review.strength": 1.0},
    ],
)
def test_powers_parties_and_the_judge_move_a_states_own_cases(change: dict[str, object]) -> None:
    before, after = config_of(POWERLESS), config_of(POWERLESS, change)
    may = movable(after, before)
    assert may is not None
    assert may >= AT_HOME
    assert moved_between(before, after) >= AT_HOME
