"""What a store says of how its runs came about."""

import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from experiments.execution import comparison
from experiments.report import studied, study
from experiments.report.facts import facts_of, time_words
from experiments.store.sessions import SessionRecord
from experiments.studies import adaptation, compare, headline


def session(**said: Any) -> SessionRecord:
    usual = {
        "design": {"question": "what?"}, "command": "rogatory sweep design=a", "worlds": [3, 4], "replicates": 2, "seconds": 10.5,
        "code": {"commit": "abc", "dirty": False}, "versions": {"numpy": "2"},
    }  # fmt: skip
    return SessionRecord(Path("x"), usual | said)


def stored(*sessions: SessionRecord, done: list[tuple[str, int, int]], failed: list[tuple[str, int, int]]) -> Any:
    columns = ["point", "world_seed", "replicate"]
    failures = pd.DataFrame([(*key, "ValueError: no") for key in failed], columns=[*columns, "error"])
    return SimpleNamespace(
        sessions=list(sessions),
        latest=sessions[-1].said,
        points=pd.DataFrame({"point": ["p", "q", "q"]}),  # drawn points may meet: one run serves both
        runs=pd.DataFrame(done, columns=columns),
        failures=failures,
        whole_worlds=[
            world for world in range(9) if {("p", world, 0), ("p", world, 1), ("q", world, 0), ("q", world, 1)} <= {*done}
        ],
    )


def test_runs_that_failed_are_told_apart_from_those_that_are_missing() -> None:
    done = [("p", world, luck) for world in (3, 4, 5) for luck in (0, 1)] + [("q", 3, 0), ("q", 4, 0), ("q", 4, 1)]
    of_others = [("z", 4, 0), ("q", 4, 2)]  # of another design, and of a replicate that this one does not ask for
    facts = facts_of(stored(session(worlds=[3, 4, 5]), done=[*done, *of_others], failed=[("q", 3, 1), *of_others]))
    assert (facts["wanted"], facts["runs"], facts["missing"], len(facts["failed"])) == (12, 9, 2, 1)
    assert facts["failed"] == ["point q, world 3, replicate 1: ValueError: no"]
    assert (facts["seeds"], facts["replicates"]) == ([4], 2), "what answers rest on: the worlds in which no run is missing"
    assert facts["left_out"] == "2 of 3 worlds are left out: 3 runs missing in them, 1 of these failed"


def test_worlds_beyond_those_asked_for_count_where_runs_of_the_points_stand() -> None:
    whole = [(point, world, luck) for point in "pq" for world in (3, 4, 6) for luck in (0, 1)]
    facts = facts_of(stored(session(), done=[*whole, ("p", 7, 0), ("z", 8, 0)], failed=[]))
    assert facts["seeds"] == [3, 4, 6]
    assert facts["left_out"] == "1 of 4 worlds is left out: 3 runs missing in it"
    assert (facts["wanted"], facts["runs"], facts["missing"]) == (16, 13, 3)
    assert facts_of(stored(session(), done=whole, failed=[]))["left_out"] == ""


def test_worlds_that_are_read_and_were_not_asked_for_this_time_count_as_done() -> None:
    every = [(point, world, luck) for point in ("p", "q") for world in (2, 3, 4) for luck in (0, 1)]
    facts = facts_of(stored(session(), done=every, failed=[]))
    assert (facts["seeds"], facts["wanted"], facts["runs"], facts["missing"]) == ([2, 3, 4], 12, 12, 0)
    torn = facts_of(stored(session(), done=every[1:-1], failed=[]))
    assert (torn["seeds"], torn["wanted"], torn["runs"], torn["missing"]) == ([3], 12, 10, 2), (
        "a world that is not whole is not read, and told as left out"
    )


def test_worlds_that_were_asked_for_and_are_not_there_count_as_missing() -> None:
    facts = facts_of(stored(session(), done=[("p", 3, 0)], failed=[]))
    assert (facts["seeds"], facts["wanted"], facts["runs"], facts["missing"]) == ([], 8, 1, 7)


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


def test_a_page_of_a_finished_store_says_that_it_was_read_and_how_long_its_runs_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of reading a store stood on the pages of the reference as if it made the study again."""
    sessions = [
        session(seconds=600.0, runs=700), session(seconds=240.0, runs=60), session(seconds=3.0, runs=0),
        session(seconds=99.0, runs=5, design={"question": "else?"}), session(seconds=0.2, runs=0),
    ]  # fmt: skip
    monkeypatch.setattr(comparison, "StoredStudy", lambda _: stored(*sessions, done=[], failed=[]))
    plan = SimpleNamespace(folder=Path("x"), keys={*range(760)})
    told = {}
    for made in (0, 60, 760):
        ran: Any = SimpleNamespace(plan=plan, turn=SimpleNamespace(done=made))
        facts = comparison.time_facts(ran, 0.0)
        assert facts["session_seconds"] == 840.0, "of this design alone, and of sessions that ran"
        told[made] = time_words(facts | {"seconds": 12.0})
    assert told[0] == "read from a finished store in 12 seconds; the sessions that made its runs took 14 minutes"
    assert told[60].startswith("12 seconds for 60 of 760 runs, the others were in the store; the sessions")
    assert told[760] == "12 seconds"


def test_studies_of_arms_say_on_their_page_how_many_runs_they_made() -> None:
    for told in (headline, adaptation, compare):
        assert "time_facts(" in inspect.getsource(told)
