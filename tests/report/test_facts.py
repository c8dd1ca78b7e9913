"""What a store says of how its runs came about."""

import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from experiments.report import studied, study
from experiments.report.facts import facts_of
from experiments.store.reader import Session


def session(**said: Any) -> Session:
    usual = {
        "design": {"question": "what?"}, "command": "rogatory sweep design=a", "worlds": [3, 4], "luck": 2, "seconds": 10.5,
        "code": {"commit": "abc", "dirty": False}, "versions": {"numpy": "2"},
    }  # fmt: skip
    return Session(Path("x"), usual | said)


def stored(*sessions: Session, done: list[tuple[str, int, int]], failed: list[tuple[str, int, int]]) -> Any:
    columns = ["point", "world_seed", "luck"]
    failures = pd.DataFrame([(*key, "ValueError: no") for key in failed], columns=[*columns, "error"])
    return SimpleNamespace(
        sessions=list(sessions),
        latest=sessions[-1].said,
        points=pd.DataFrame({"point": ["p", "q", "q"]}),  # drawn points may meet: one run serves both
        runs=pd.DataFrame(done, columns=columns),
        failures=failures,
    )


def test_runs_that_failed_are_told_apart_from_those_that_are_missing() -> None:
    done = [("p", world, luck) for world in (3, 4) for luck in (0, 1)] + [("q", 3, 0)]
    facts = facts_of(stored(session(), done=done, failed=[("q", 3, 1)]))
    assert (facts["runs"], facts["missing"], len(facts["failed"])) == (5, 2, 1)
    assert facts["failed"] == ["point q, world 3, luck 1: ValueError: no"]
    assert (facts["seeds"], facts["luck"]) == ([3, 4], 2)


def test_sessions_of_one_design_add_up_and_those_of_another_do_not() -> None:
    other = session(design={"question": "else?"}, command="rogatory sweep design=b", seconds=99.0)
    facts = facts_of(stored(session(), other, session(), session(command="rogatory sweep design=a seeds=9"), done=[], failed=[]))
    assert facts["commands"] == ["rogatory sweep design=a", "rogatory sweep design=a seeds=9"]
    assert facts["seconds"] == 31.5


def test_changes_that_were_not_committed_are_said() -> None:
    dirty = session(code={"commit": "abc", "dirty": True})
    assert facts_of(stored(dirty, done=[], failed=[]))["commit"] == "abc with changes that were not committed"
    assert facts_of(stored(session(code={"commit": None, "dirty": None}), done=[], failed=[]))["commit"] is None


def test_the_report_reads_what_a_store_says_and_nothing_else() -> None:
    text = inspect.getsource(study) + inspect.getsource(studied)
    read = set(re.findall(r"facts(?:\.get\(|\[)\"(\w+)\"", text))
    assert read - {"refused"} == facts_of(stored(session(), done=[], failed=[])).keys()  # what analyses refuse is not the store's


def test_commands_that_came_later_come_last() -> None:
    facts = facts_of(stored(session(), done=[], failed=[]), "rogatory report a")
    assert facts["commands"] == ["rogatory sweep design=a", "rogatory report a"]


def test_a_turn_that_has_not_ended_has_no_time_yet() -> None:
    running = session()
    del running.said["seconds"]
    assert facts_of(stored(running, done=[], failed=[]))["seconds"] == 0.0
