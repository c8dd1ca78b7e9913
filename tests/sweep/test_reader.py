"""What is read of a store is what its runs were: of all of it or of a part, from tables and journals alike, whole worlds alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.cli import main
from experiments.design.designs import design_of
from experiments.design.points import points_of
from experiments.design.seeds import event_seed
from experiments.errors import StoppedError
from experiments.execution import session as execution
from experiments.store.coverage import none_whole
from experiments.store.journal import Journal, journal_path
from experiments.store.kept import hours_of
from experiments.store.outcomes import Outcome
from experiments.store.parts import file_checksum, table_parts
from experiments.store.reader import StoredStudy
from experiments.store.results import DISPLACEMENT, OFFICER_HOURS, Results, with_displacement
from experiments.store.schema import DATA, GIVEN, TRAVEL, VIEWS, Done, Packed, RunKey, packed
from experiments.store.store import WHOLE_STORE
from experiments.store.validate import faults_of
from experiments.studies.check import main as check
from sim.metrics import displacement_rate, displacement_rows, given_of
from sim.result import Result
from sim.simulation import simulate
from sim.world.record import ConfigError
from tests.sweep.small import TINY, done, opened, swept, tables

TEXT = "question: what does each do?\nscenarios: [as_adopted, judge, no_treaty]\nkeep: [given, views, observed]\n"
WORLDS, REPLICATES = [1, 2, 3], 2
ABUSED = "demand.abusive_odds=0.1"  # so that there is something to displace
EVERY = 7  # of the estimands whose outcomes are compared: one in so many


class Made(NamedTuple):
    """A study that was run in the store, and again by hand."""

    folder: Path
    points: list[str]
    runs: dict[tuple[int, int, int], Result]  # by places of point, world and luck


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    home = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setattr(execution, "CHUNK", 4)
        study = swept(f"seeds={len(WORLDS)}", f"replicates={REPLICATES}", ABUSED, text=TEXT)
        points = points_of(design_of("own.yaml"), [*TINY, ABUSED])
        runs = {
            (place, w, replicate): simulate(points.config(place), seed=event_seed(world, replicate), world_seed=world)
            for place in range(len(points.frame))
            for w, world in enumerate(WORLDS)
            for replicate in range(REPLICATES)
        }
        yield Made(home / study.folder, points.frame["point"].tolist(), runs)


@pytest.fixture
def copy(made: Made, tmp_path: Path) -> Path:
    """The store to be changed."""
    return Path(shutil.copytree(made.folder, tmp_path / "store"))


def same(one: Results, other: Results) -> None:
    assert (one.keys, one.worlds) == (other.keys, other.worlds)
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.counts, other.counts)


# --- the results -----------------------------------------------------------------------------------------------------------------


def test_results_are_what_their_runs_measured(made: Made) -> None:
    results = StoredStudy(made.folder).results()
    assert results.values.shape == (3, len(results.keys), len(WORLDS), REPLICATES)
    assert len(table_parts(made.folder, DATA)) == 5, "in several parts"
    measured = 0
    for (place, w, replicate), result in made.runs.items():
        rows = result.metrics.astype({"metric": str, "by": str, "level": str}).itertuples(index=False)
        told = {(row.metric, row.by, row.level): (row.value, row.count) for row in rows}
        told[OFFICER_HOURS] = hours_of(result)
        for k, key in enumerate(results.keys):
            value, count = told.pop(key, (np.nan, 0))
            found = results.values[place, k, w, replicate]
            assert found == value or (np.isnan(found) and np.isnan(value)), key
            assert results.counts[place, k, w, replicate] == count, key
            measured += 1
        assert not told, "every estimate of the run is in the results"
    assert measured == len(results.keys) * len(made.runs)


def test_outcomes_are_one_estimand_of_the_results(made: Made) -> None:
    study = StoredStudy(made.folder)
    results = study.results()
    places = [k for k, key in enumerate(results.keys) if key != OFFICER_HOURS]  # an outlay, and no estimand
    assert len(places) > 20 * EVERY
    for k in places[::EVERY]:
        key = results.keys[k]
        outcomes = study.outcomes(Outcome(*key))
        np.testing.assert_array_equal(outcomes.values, results.values[:, k])
        np.testing.assert_array_equal(outcomes.counts, results.counts[:, k])
        assert (outcomes.worlds, list(outcomes.points["point"])) == (WORLDS, made.points)
        alone = Results([key], results.values[:, [k]], results.counts[:, [k]], WORLDS)
        same(study.results(outcome=Outcome(*key)), alone)
    with pytest.raises(ConfigError, match=r"^outcome: found 'officer_hours', which no run in .* has; accepted: .*legit_met_rate"):
        study.outcomes(Outcome("officer_hours"))


PARTS: list[tuple[list[int], list[int], int]] = [
    ([0, 1, 2], [1, 2, 3], 1), ([2, 0], [3, 1], 2), ([1], [2], 2), ([1, 1, 0], [1], 1), ([0], [9, 2], 3),
]  # fmt: skip


@pytest.mark.parametrize(("places", "worlds", "replicates"), PARTS)
def test_results_hold_what_is_asked_for_in_that_order_and_nothing_else(
    made: Made, places: list[int], worlds: list[int], replicates: int
) -> None:
    study = StoredStudy(made.folder)
    whole = study.results()
    results = study.results([made.points[place] for place in places], worlds, replicates)
    kept = list(dict.fromkeys(places))
    assert results.worlds == worlds
    assert results.values.shape == (len(kept), len(results.keys), len(worlds), replicates)
    assert set(results.keys) <= set(whole.keys)
    for k, key in enumerate(results.keys):
        j = whole.keys.index(key)
        for a, w, replicate in np.ndindex(len(kept), len(worlds), replicates):
            wanted: tuple[float, int] = (np.nan, 0)
            if worlds[w] in WORLDS and replicate < REPLICATES:
                there = kept[a], j, WORLDS.index(worlds[w]), replicate
                wanted = whole.values[there], whole.counts[there]
            np.testing.assert_equal((results.values[a, k, w, replicate], results.counts[a, k, w, replicate]), wanted)
    rows = [w for w, world in enumerate(WORLDS) if world in worlds]
    known = ~np.isnan(whole.values[kept][:, :, rows, :replicates]).all(axis=(0, 2, 3))
    assert {key for key, one in zip(whole.keys, known, strict=True) if one} <= set(results.keys), "none that has a value is lost"


def unfolded(folder: Path, left: int, doubled: bool = False) -> list[Done]:
    """Put the runs of the last parts back into the journal, as a killed process leaves them; some may still be in the tables."""
    runs = []
    for part in table_parts(folder, "runs")[left:]:
        held = {name: next(one for one in table_parts(folder, name) if one.number == part.number) for name in TRAVEL}
        rows = {name: pq.read_table(one.path) for name, one in held.items()}
        start = dict.fromkeys(TRAVEL, 0)
        for row in pq.read_table(part.path).to_pylist():
            packs = {}
            for name, schema in TRAVEL.items():
                own = rows[name].slice(start[name], row[f"{name}_rows"]).select(schema.names).cast(schema)
                start[name] += row[f"{name}_rows"]
                packs[name] = as_packed(own.replace_schema_metadata(None), row[f"{name}_checksum"])
            key = RunKey(*(row[name] for name in RunKey._fields))
            runs.append(Done(key, row["event_seed"], row["digest"], row["code"], packs, "", "", 0.0, 0.0, 0.0))
        if not doubled:
            for one in (part, *held.values()):
                one.path.unlink()
    journal = Journal(journal_path(folder, WHOLE_STORE))
    journal.add(runs)
    journal.close()
    return runs


def as_packed(table: Any, checksum: int) -> Packed:
    found = packed(table)
    assert found.checksum == checksum, "and so each checksum is that of the run's own rows"
    return found


@pytest.mark.parametrize(("left", "doubled"), [(3, False), (0, False), (3, True)], ids=["some", "all", "in both"])
def test_runs_in_a_journal_are_read_as_those_in_tables(made: Made, copy: Path, left: int, doubled: bool) -> None:
    whole = StoredStudy(made.folder)
    assert len(unfolded(copy, left, doubled)) in (6, 18)
    study = StoredStudy(copy)
    assert len(study.journalled) in (6, 18)
    results = study.results()
    same(results, whole.results())
    same(study.results(made.points[1:], [2], 1), whole.results(made.points[1:], [2], 1))
    ours, theirs = study.given(results, made.points), whole.given(results, made.points)
    assert ours.keys() == theirs.keys() == made.runs.keys()
    for run, given in ours.items():
        assert given.levels == theirs[run].levels
        np.testing.assert_array_equal(given.case, theirs[run].case)
        assert all((given.codes[way] == theirs[run].codes[way]).all() for way in given.codes)
    order = ["point", "world_seed", "replicate"]
    for mine, other in ((study.data(), whole.data()), (study.views("flows"), whole.views("flows"))):
        pd.testing.assert_frame_equal(
            *(frame.sort_values(order, kind="stable").reset_index(drop=True) for frame in (mine, other)), check_exact=True
        )
    assert study.whole_worlds == WORLDS
    assert faults_of(copy) == []


# --- whom it disclosed ----------------------------------------------------------------------------------------------------------


def test_what_was_given_says_what_became_of_each_case_as_the_runs_themselves_say(made: Made) -> None:
    study = StoredStudy(made.folder)
    plain = study.results()
    given = study.given(plain, made.points)
    moved = 0
    for (place, w, replicate), result in made.runs.items():
        ours, theirs = given[place, w, replicate], given_of(result.finished)
        order, other = np.lexsort((ours.day, ours.case)), np.lexsort((theirs.day, theirs.case))
        np.testing.assert_array_equal(ours.case[order], theirs.case[other])
        words = [
            {way: np.array([*side.levels[way], ""], object)[side.codes[way]][rank] for way in side.codes}
            for side, rank in ((ours, order), (theirs, other))
        ]
        assert all((words[0][way] == words[1][way]).all() for way in words[0])
    results = with_displacement(plain, given, [0, 0, 0], ["as_adopted", "judge", "no_treaty"])
    key = (DISPLACEMENT, "baseline", "as_adopted")
    for (place, w, replicate), result in made.runs.items():
        before = made.runs[0, w, replicate].finished
        k = results.keys.index(key)
        found = results.values[place, k, w, replicate], int(results.counts[place, k, w, replicate])
        has_it = place > 0  # what is read against itself displaces nothing
        share, left = displacement_rate(before, result.finished) if has_it else (np.nan, 0)
        np.testing.assert_equal(found, (share, left))
        moved += left
        wanted = {row[:3]: row[3:] for row in displacement_rows(given_of(before), given_of(result.finished))} if has_it else {}
        for k, slice_of_it in enumerate(results.keys):
            if slice_of_it[0] == DISPLACEMENT and slice_of_it != key:
                value, count = wanted.get(slice_of_it, (np.nan, 0))
                np.testing.assert_equal(
                    (results.values[place, k, w, replicate], int(results.counts[place, k, w, replicate])), (value, count)
                )
    assert moved > 0, "something is displaced, or this would say nothing"


def test_each_run_says_how_many_rows_of_each_table_are_its_own(made: Made) -> None:
    runs = StoredStudy(made.folder).runs.set_index(["point", "world_seed", "replicate"])
    for name in TRAVEL:
        rows = pd.concat([pq.read_table(part.path).to_pandas() for part in table_parts(made.folder, name)])
        count = rows.astype({"point": str}).groupby(["point", "world_seed", "replicate"]).size()
        assert (runs[f"{name}_rows"] == count.reindex(runs.index, fill_value=0)).all()
        assert runs[f"{name}_rows"].sum() == len(rows)
        by_run = rows.astype({"point": str}).groupby(["point", "world_seed", "replicate"])
        said = {run: own.drop(columns=by_run.keys).to_csv(index=False) for run, own in by_run}
        pairs = {(said.get(run, ""), checksum) for run, checksum in runs[f"{name}_checksum"].items()}
        texts, checksums = ({pair[side] for pair in pairs} for side in (0, 1))
        assert len(pairs) == len(texts) == len(checksums) > 5, "one checksum where rows are the same, and only there"
    assert (runs["given_rows"] > 0).any()


@pytest.mark.parametrize("name", [GIVEN, VIEWS])
@pytest.mark.parametrize("what", ["a byte", "a value, sealed anew", "a row less, sealed anew", "gone"])
def test_a_changed_part_is_told_by_check(copy: Path, name: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    part = next(one for one in table_parts(copy, name) if pq.read_metadata(one.path).num_rows > 1)
    table = pq.read_table(part.path)
    if what == "gone":
        part.path.unlink()
        wanted = f"its {name} are missing or unreadable"
    elif what == "a byte":
        body = bytearray(part.path.read_bytes())
        body[len(body) // 3] ^= 1
        part.path.write_bytes(bytes(body))
        wanted = "is not what was written"
    else:
        column = "day" if name == GIVEN else "count"
        changed = pa.array(table[column].to_pandas() + 1, table.schema.field(column).type)
        other = table.slice(1) if "row" in what else table.set_column(table.schema.get_field_index(column), column, changed)
        pq.write_table(other.replace_schema_metadata(table.schema.metadata), part.path)
        part.path.rename(part.path.with_name(f"{part.path.stem[:-16]}{file_checksum(part.path)}.parquet"))
        wanted = "its runs have" if "row" in what else "are not what was written"
    with pytest.raises(StoppedError) as stopped:
        check(f"store={copy}")
    assert stopped.value.status == 4
    told = capsys.readouterr().out.splitlines()
    assert any(f"/{name}/" in line or "/runs/" in line for line in told if wanted in line), told


def test_a_sweep_keeps_further_tables_only_where_its_design_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = swept("seeds=1")
    assert {path.parent.name for path in study.folder.rglob("*.parquet")} == {"data", "points", "runs"}
    assert (study.runs[["given_rows", "given_checksum", "views_rows", "views_checksum"]] == 0).all(axis=None)
    one = swept("seeds=4", text="question: whom?\nscenarios: [as_adopted]\nkeep: [given]\n")
    assert (len(table_parts(one.folder, GIVEN)), len(table_parts(one.folder, VIEWS))) == (1, 0)
    assert (one.runs["given_rows"] > 0).any()
    assert ((one.runs["given_checksum"] != 0) == (one.runs["given_rows"] > 0)).all()


# --- whole worlds ---------------------------------------------------------------------------------------------------------------


def two(folder: Path, runs: list[Done], worlds: list[int], replicates: int = 1) -> StoredStudy:
    """A store of points a and b in which these runs stand, asked for in these worlds and replicates."""
    with opened(folder) as store:
        store.add(runs)
        store.fold([run.key for run in runs])
        store.settle_failures()
        said = {"points": StoredStudy(folder).latest["points"], "design": {"question": "?"}, "bases": {}, "study": {}}
        store.write_session("20270101T000000Z-all", said | {"worlds": worlds, "replicates": replicates})
    return StoredStudy(folder)


CASES = Outcome("case_disclosure_rate")


def test_a_world_in_which_a_run_is_missing_is_left_out(tmp_path: Path) -> None:
    runs = [done(point, world, value=world / 10) for point in "ab" for world in (1, 2, 3, 4)]
    short = [run for run in runs if run.key not in ((RunKey("b", 2, 0)), RunKey("a", 4, 0))]
    study = two(tmp_path, [*short, done("a", 4, error="boom")], [1, 2, 3, 4, 5])
    outcomes = study.outcomes(CASES)
    assert (outcomes.worlds, study.whole_worlds) == ([1, 3], [1, 3])
    np.testing.assert_array_equal(outcomes.values[:, :, 0], [[0.1, 0.3]] * 2)
    assert study.coverage.told == "3 of 5 worlds are left out: 4 runs missing in them, 1 of these failed"


def test_runs_of_other_points_and_replicates_make_no_world_whole_and_spoil_none(tmp_path: Path) -> None:
    runs = [
        done(point, world, replicate, value=0.1 * (1 + replicate)) for point in "ab" for world in (1, 2) for replicate in (0, 1)
    ]
    more = [done("z", 3), done("a", 1, 2), done("a", 2, 2, error="boom"), done("z", 1, error="boom")]
    study = two(tmp_path, [*runs, *more], [1, 2], replicates=2)
    assert (study.whole_worlds, study.coverage.told) == ([1, 2], "")
    outcomes = study.outcomes(CASES)
    assert outcomes.values.shape == (2, 2, 2), "the replicates that were asked for"
    np.testing.assert_array_equal(outcomes.values, np.broadcast_to([0.1, 0.2], (2, 2, 2)))
    fewer = two(tmp_path, [], [1], replicates=1)
    assert fewer.whole_worlds == [1, 2], "more worlds are there, and whole"
    assert fewer.outcomes(CASES).values.shape == (2, 2, 1)


def test_a_store_without_a_whole_world_has_no_outcomes(tmp_path: Path) -> None:
    study = two(tmp_path, [done("a", 1), done("b", 2), done("a", 2, error="boom")], [1, 2])
    with pytest.raises(ConfigError) as mistake:
        study.outcomes(CASES)
    assert str(mistake.value) == none_whole(study)
    assert str(mistake.value).startswith(
        f"store: found no whole world among the 2 of {tmp_path}, 2 runs missing, 1 of these failed; accepted: "
    )


def test_a_journalled_run_makes_a_world_whole(tmp_path: Path) -> None:
    two(tmp_path, [done("a", 1)], [1])
    with opened(tmp_path, "1_of_2") as store:
        store.add([done("b", 1)])
        assert StoredStudy(tmp_path).whole_worlds == [1]
        assert StoredStudy(tmp_path).outcomes(CASES).worlds == [1]


# --- stores of before -----------------------------------------------------------------------------------------------------------


def test_a_store_of_schema_1_is_refused_with_the_command_that_makes_its_runs_again(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    about = copy / "store.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"schema": "1"}))
    said = json.loads(next((copy / "sessions").glob("*.json")).read_text())["command"]
    wanted = f"{about}: found schema '1'; accepted: schema '5', or a new store (to make its runs again: {said})"
    before = tables(copy)
    monkeypatch.chdir(copy.parent)
    Path("own.yaml").write_text(TEXT, encoding="utf-8")
    for words in (["frontier", str(copy)], ["report", str(copy)], ["sweep", *TINY, "design=own.yaml", "store=./store"]):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert told == f"rogatory: {wanted.replace(str(about), 'store/store.json') if words[0] == 'sweep' else wanted}\n"
    assert main(["check", str(copy)]) == 4
    assert f"fault: {about}: found schema '1'; " in capsys.readouterr().out
    assert tables(copy) == before
