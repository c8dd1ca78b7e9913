"""What a shock cannot say is refused in one line: where, what was found, what is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.config import load
from sim.settings import Config
from sim.simulation import check, prepare
from sim.world.record import ConfigError
from tests.worlds import SMALL

MISTAKES = {  # what is said, and how the line begins and what it names as accepted
    "{at: 1, set: {people: {rows: 5}}}": ("shock.one.set.people: found a key that no month reads anew", "keys of review, conduct"),
    "{at: 1, set: {years: 5}}": ("shock.one.set.years: found a key that no month reads anew", "instruments or safeguards"),
    "{at: 1, set: {demand: {scale: 2.0}}}": ("shock.one.set.demand: found a key that no month", "of states: penalties"),
    "{at: 1, set: {adaptation: {requesters: {pull: 1.0}}}}": ("shock.one.set.adaptation: found a key", "accepted"),
    "{at: 1, set: {liberl: 0.1}}": ("shock.one.set.liberl: found a key that no month", "did you mean 'liberal'?"),
    "{at: 1, set: {review: {load: false}}}": (
        "shock.one.set.review.load: found a key that is of the design",
        "another key",
    ),
    "{at: 1, set: {review: {capacity_floor: 9.0}}}": ("shock.one.set.review.capacity_floor: found a key that sets the hours", ""),
    "{at: 1, set: {conduct: {attempts: 2}}}": ("shock.one.set.conduct.attempts: found a key that is read once a run", ""),
    "{at: 1, set: {instruments: {hanoi: {order: 2}}}}": (
        "shock.one.set.instruments.hanoi.order: found a key that is read",
        "",
    ),
    "{at: 1, set: {safeguards: {judge: {order: 2}}}}": ("shock.one.set.safeguards.judge.order: found a key that is read", ""),
    "{at: 1, set: {review: {rho: 3.0}}}": ("shock.one.set.review.rho: found 3.0", "from 0 to 1"),
    "{at: 1, set: {review: {hours: 3.0}}}": ("shock.one.set.review.hours: no such key", "hours_median"),
    "{at: 1, set: {review: 3.0}}": ("shock.one.set.review: found 3.0", "keys in it"),
    "{at: 1, set: {conduct: {legal_basis: whim}}}": ("shock.one.set.conduct.legal_basis: found 'whim'", "requester_choice"),
    "{at: 1, set: {instruments: {hanoi: {safeguards: {judge: often}}}}}": (
        "shock.one.set.instruments.hanoi.safeguards.judge: found 'often'",
        "must",
    ),
    "{at: 1, set: {instruments: {hanoi: {safeguards: {jugde: must}}}}}": (
        "shock.one.set.instruments.hanoi.safeguards: no safeguard is named 'jugde'",
        "did you mean 'judge'?",
    ),
    "{at: 1, set: {instruments: {hanoy: {filing: 0.1}}}}": ("shock.one.set.instruments: nothing is named 'hanoy'", "'hanoi'?"),
    "{at: 1, set: {instruments: {hanoi: {binds: 3}}}}": ("shock.one.set.instruments.hanoi.binds: found 3", "true or false"),
    "{at: 1, set: {instruments: {comity: {binds: false}}}}": ("shock.one.set.instruments.comity.binds: found the text", "another"),
    "{at: 1, set: {safeguards: {guard: {bar: 1.0}}}}": ("shock.one.set.safeguards: nothing is named 'guard'", "judge"),
    "{at: 1, set: {safeguards: {judge: {bar: high}}}}": ("shock.one.set.safeguards.judge.bar: found 'high'", "number"),
    "{at: 1, states: AAA, set: {review: {rho: 0.1}}}": (
        "shock.one.set.review.rho: found for AAA, but it is the same",
        "binds",
    ),
    "{at: 1, states: AAA, set: {penalties: {murder: 1.0}}}": ("shock.one.set.penalties: found 'murder'", "an offence of class D"),
    "{at: 1, states: AAA, set: {penalties: {insult: 300.0}}}": (
        "shock.one.set.penalties.insult: found 300.0",
        "years from 0",
    ),
    "{at: 1, states: AAA, set: {liberal: 1.5}}": ("shock.one.set.liberal: found 1.5", "from 0 to 1"),
    "{at: 1, states: AAA, set: {liberal: null}}": ("shock.one.set.liberal: found null", "a value, or no such key"),
    "{at: 1, states: AAA, set: {compels: 0.4}}": ("shock.one.set.compels: found 0.4", "true or false"),
    "{at: 1, states: AAA, set: {strength: 0.5, uptake: 0.5}}": ("shock.one.set.uptake: found beside strength", "one of the two"),
    "{at: 1, states: nowhere, set: {liberal: 0.1}}": ("shock.one.states: found 'nowhere'", "signatories"),
    "{at: 1, states: [AAA, nowhere], set: {liberal: 0.1}}": ("shock.one.states: found 'nowhere'", "liberal_democracy"),
    "{at: 24, set: {review: {rho: 0.1}}}": ("shock.one.at: found 24", "from 0 to 23"),
    "{at: -1, set: {review: {rho: 0.1}}}": ("shock.one.at: found -1", "a whole number from 0"),
    "{at: 1.5, set: {review: {rho: 0.1}}}": ("shock.one.at: found 1.5", "a whole number"),
    "{at: 1, fade: 0, set: {review: {rho: 0.1}}}": ("shock.one.fade: found 0", "greater than 0"),
    "{at: 1, set: {review.rho: 0.1, review: {rho: 0.2}}}": ("shock.one.set.review.rho: found twice", "accepted: once"),
    "{set: {review: {rho: 0.1}}}": ("shock.one.at: found nothing", "a value"),
    "{at: 1}": ("shock.one.set: found nothing", "a value"),
    "{at: 1, sets: {}}": ("shock.one", "accepted"),
}


def made(*overrides: str) -> Config:
    return load(*SMALL, *overrides)


@pytest.mark.parametrize("said", MISTAKES)
def test_what_a_shock_cannot_say_is_refused_in_one_line(said: str) -> None:
    begins, accepted = MISTAKES[said]
    with pytest.raises(ConfigError) as told:
        made(f"shock.one={said}")
    line = str(told.value)
    assert line.startswith(begins), line
    assert accepted in line, line
    assert "\n" not in line


def test_a_state_that_this_world_lacks_is_refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match=r"^shock\.one\.states: found 'TUR', which is no state of this world"):
        check(made("shock.one={at: 1, states: TUR, set: {liberal: 0.1}}"))


def test_a_shock_for_nobody_is_refused() -> None:
    config = made("shock.one={at: 1, states: [], set: {liberal: 0.1}}")
    with pytest.raises(ConfigError, match=r"^shock\.one\.states: found no state that they reach"):
        check(config)


def test_where_parties_join_and_leave_by_themselves_no_shock_moves_them() -> None:
    for keys in ("binds: false", "parties: {without: {AAA: true}}"):
        with pytest.raises(ConfigError, match=r"^shock\.one\.set\.instruments\.hanoi: found parties, which join and leave"):
            made("conduct=adaptive", f"shock.one={{at: 1, set: {{instruments: {{hanoi: {{{keys}}}}}}}}}")
    made("conduct=adaptive", "shock.one={at: 1, states: AAA, set: {instruments: {budapest: {binds: true}}}}")


def test_hours_are_not_set_where_they_follow_the_load() -> None:
    with pytest.raises(ConfigError, match=r"^shock\.one\.set\.hours: found 2\.0 under review\.capacity=follows"):
        made("review.capacity=follows", "shock.one={at: 1, states: AAA, set: {hours: 2.0}}")


def test_keys_with_dots_and_keys_within_keys_say_the_same() -> None:
    dotted = made("shock.one={at: 1, set: {review.rho: 0.1, instruments.hanoi.safeguards.judge: must, penalties.insult: 5}}")
    nested = made(
        "shock.one.at=1",
        "shock.one.set.review.rho=0.1",
        "shock.one.set.instruments.hanoi.safeguards.judge=must",
        "shock.one.set.penalties.insult=5",
    )
    assert dotted.shock == nested.shock
    assert dotted.digest() == nested.digest()


def test_a_scenario_file_may_hold_a_shock_and_its_baseline_has_none(tmp_path: Path) -> None:
    file = tmp_path / "turn.yaml"
    file.write_text(
        "# @package _global_\n# Question: what if laws turn?\n# Expect: more requests.\n# Direction: case_disclosure_rate up\n"
        "shock: {turn: {at: 6, states: AAA, set: {penalties: {protected: {least: 8.0}}, review: {}}}}\n"
    )
    config = made(f"scenario={file}")
    assert config.shock["turn"].at == 6
    assert config.scenario_name == "turn"
    assert config.world_digest() == made().world_digest()
    assert config.footing() == made().footing()
    assert prepare(config, 3).shaken == {config.run_in_months + 6}
    later = made(f"scenario={file}", "shock.turn.at=9", "shock.turn.fade=12")
    assert (later.shock["turn"].at, later.shock["turn"].fade) == (9, 12.0)
    assert later.shock["turn"].set == config.shock["turn"].set


def test_a_configuration_with_shocks_is_written_and_read_as_the_same() -> None:
    from sim.config import checked_config, written

    config = made("shock.one={at: 1, states: [AAA], set: {penalties: {insult: {least: 4}}, liberal: 0.1}, fade: 3}")
    assert checked_config(written(config)) == config
    assert config.plain()["shock"]["one"]["at"] == 1
