"""The points of a store are one table for whoever reads their folder, however the store grew and whatever a key may be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.store import point_tables
from experiments.store.parts import StoreError, file_checksum, table_parts
from experiments.store.reader import StoredStudy
from experiments.store.schema import SCHEMA, VERSION_KEY, RunKey
from experiments.store.store import WHOLE_STORE, Store, writing
from experiments.store.validate import faults_of
from tests.shares import some_fast
from tests.sweep.small import IDENTITY, done, tables

FIXED = {
    "point": "string", "place": "int64", "scenario": "string", "condition": "string", "draw": "int64", "against": "string",
}  # fmt: skip


def points(start: int = 0, **columns: list[Any]) -> pd.DataFrame:
    """A table of points whose keys have these values."""
    count = len(next(iter(columns.values())))
    fixed = {"point": [f"p{start + n}" for n in range(count)], "place": range(count), "scenario": "as_adopted", "condition": ""}
    fixed |= {"draw": range(count), "against": f"p{start}"}
    return pd.DataFrame(fixed | {name.replace("__", "."): values for name, values in columns.items()})


@contextmanager
def opened(folder: Path, *frames: pd.DataFrame, name: str = "1", writer: str = WHOLE_STORE) -> Iterator[Store]:
    """A store into which sweeps of these points were begun, one after the other."""
    with writing(folder, IDENTITY, writer) as store:
        for number, frame in enumerate(frames):
            said = {
                "points": store.write_points(frame),
                "design": {"question": f"{name}{number}"},
                "worlds": [1],
                "replicates": 1,
                "bases": {},
            }
            store.write_session(f"2026010{name}T00000{number}Z-{writer}", said)
        yield store


def begun(folder: Path, *frames: pd.DataFrame, name: str = "1", writer: str = WHOLE_STORE) -> None:
    with opened(folder, *frames, name=name, writer=writer):
        pass


def as_once(folder: Path, frame: pd.DataFrame, number: int = 1) -> Path:
    """A table of points as it was once written: whatever types its columns happened to have."""
    home = folder / "points"
    home.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata({VERSION_KEY: SCHEMA.encode()})
    pq.write_table(table, home / "new", compression="zstd")
    path = home / f"points-all-{number:05d}-{file_checksum(home / 'new')}.parquet"
    (home / "new").rename(path)
    said = {"points": path.name, "design": {"question": f"0{number}"}, "worlds": [1], "replicates": 1, "bases": {}}
    (folder / "sessions").mkdir(exist_ok=True)
    (folder / "sessions" / f"2025010{number}T000000Z-all.json").write_text(json.dumps(said))
    about = {"schema": SCHEMA, "identity": IDENTITY}
    (folder / "store.json").write_text(json.dumps(about))
    return path


def types_in(folder: Path) -> dict[str, str]:
    """The one type of each column of all tables."""
    schemas = [pq.read_schema(part.path) for part in table_parts(folder, "points")]
    assert all(schema.equals(schemas[0]) for schema in schemas), schemas
    return {field.name: str(field.type) for field in schemas[0]}


def study(folder: Path, name: str) -> pd.DataFrame:
    """The points of the session that asked this."""
    held = StoredStudy(folder)
    held.latest = next(session.said for session in held.sessions if session.said["design"]["question"] == name)
    return held.points


# --- one type a column ------------------------------------------------------------------------------------------------------------

COLUMNS: dict[str, tuple[list[list[Any]], str, list[Any]]] = {
    "whole, then not": ([[1, 2], [0.5, 1.0]], "double", [1, 2, 0.5, 1]),
    "not, then whole": ([[0.5, 1.0], [1, 2]], "double", [0.5, 1, 1, 2]),
    "whole always": ([[1, 2], [3, 4]], "double", [1, 2, 3, 4]),
    "truth": ([[True, False], [False]], "bool", [True, False, False]),
    "truth and nothing": ([[True, None], [False]], "bool", [True, None, False]),
    "words": ([["a", "b"], ["c", None]], "string", ["a", "b", "c", None]),
    "nothing, then numbers": ([[None, None], [1, 2]], "double", [None, None, 1, 2]),
    "nothing, then words": ([[None], ["x"]], "string", [None, "x"]),
    "nothing ever": ([[None], [None]], "string", [None, None]),
    "numbers, then words": ([[1, 0.5], ["x", "1"]], "string", ["1.0", "0.5", '"x"', '"1"']),
    "words, then numbers": ([["x", "1"], [1]], "string", ['"x"', '"1"', "1"]),
    "words, then mixed": ([["x"], [1, "x"]], "string", ['"x"', "1", '"x"']),
    "mixed twice": ([[1, "low"], [True, None]], "string", ["1", '"low"', "true", None]),
    "truth, then numbers": ([[True], [1.5]], "string", ["true", "1.5"]),
    "numbers and nothing": ([[1, None], [2]], "double", [1, None, 2]),
    "lists": ([[["a", 1], []], [[0.5]]], "string", ['["a", 1]', "[]", "[0.5]"]),
    "maps": ([[{"a": 1}, {"b": None}], [1]], "string", ['{"a": 1}', '{"b": null}', "1"]),
    "too large for a double": ([[2**60 + 1], [1]], "string", [str(2**60 + 1), "1"]),
    "large numbers": ([[10**22, 1], [1e300]], "string", ["10000000000000000000000", "1", "1e+300"]),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_each_column_has_one_type_in_all_tables_and_each_value_is_kept(tmp_path: Path, case: str) -> None:
    halves, kind, wanted = COLUMNS[case]
    frames = [points(10 * number, review__key=values) for number, values in enumerate(halves)]
    begun(tmp_path, *frames)
    assert types_in(tmp_path) == FIXED | {"review.key": kind}
    whole = pd.read_parquet(tmp_path / "points").sort_values("point")
    assert [None if pd.isna(value) else value for value in whole["review.key"]] == wanted
    assert faults_of(tmp_path) == []


@pytest.mark.parametrize("case", some_fast(list(COLUMNS), ["whole, then not", "words, then mixed", "lists"]))
def test_what_an_earlier_sweep_asked_for_is_read_as_if_it_were_alone(tmp_path: Path, case: str) -> None:
    frames = [points(10 * number, review__key=values, b=["x"] * len(values)) for number, values in enumerate(COLUMNS[case][0])]
    begun(tmp_path / "both", *frames)
    for number, frame in enumerate(frames):
        begun(tmp_path / str(number), frame)
        alone, among = StoredStudy(tmp_path / str(number)).points, study(tmp_path / "both", f"1{number}")
        pd.testing.assert_frame_equal(among, alone, check_exact=True)


def test_whole_numbers_come_back_whole_and_columns_in_the_order_of_their_design(tmp_path: Path) -> None:
    frame = points(zeta=["on", "off"], people__rows=[300, 400], review__rho=[0.5, 1.0], alpha=["a", "b"])
    begun(tmp_path, frame, points(5, people__rows=[0.5], beta=["x"]))
    read = study(tmp_path, "10")
    assert list(read.columns) == list(frame.columns)
    assert str(read["people.rows"].dtype) == "int64"
    assert read["people.rows"].tolist() == [300, 400]
    assert list(types_in(tmp_path)) == [*FIXED, "alpha", "beta", "people.rows", "review.rho", "zeta"]


def test_a_column_that_one_design_has_alone_is_missing_in_the_others(tmp_path: Path) -> None:
    begun(tmp_path, points(judge=["on", "off"]), points(5, judge=["on"], line=["six"], review__rho=[0.25]))
    whole = pd.read_parquet(tmp_path / "points").set_index("point")
    assert whole["line"].isna().tolist() == [True, True, False]
    assert whole["review.rho"].tolist()[2] == 0.25
    assert list(study(tmp_path, "10").columns) == [*FIXED, "judge"]


def test_a_table_that_is_there_is_not_written_again_whatever_became_of_it(tmp_path: Path) -> None:
    frame = points(people__rows=[300, 400])
    begun(tmp_path, frame, points(5, people__rows=[0.5], judge=["on"]), frame)
    assert len(table_parts(tmp_path, "points")) == 2
    before = tables(tmp_path)
    begun(tmp_path, frame, name="2")
    assert tables(tmp_path) == before


@pytest.mark.parametrize("library", some_fast(["pandas", "polars", "duckdb"], ["pandas"]))  # the others come with `make extras`
def test_other_libraries_read_the_folder_of_a_store_that_grew(tmp_path: Path, library: str) -> None:
    reader = pytest.importorskip(library)
    with opened(
        tmp_path,
        points(people__rows=[300, 400], demand__x=["a", "b"], on__off=[True, None], none=[None, None]),
        points(5, people__rows=[0.5, 1.5], judge=["on", "off"], demand__x=[1, "b"], on__off=[1, [2]], none=[1, 2]),
    ) as store:
        for number in range(2):
            store.add([done(f"p{number}", 1, 0), done("p5", 1, number, error="boom" if number else "")])
            store.fold_rest()
            store.settle_failures()
            store.add([done("p6", 2, number, error="boom")])
        store.settle_failures()
    for table, rows in (("points", 4), ("runs", 3), ("data", 6), ("failures", 3)):
        paths = f"{tmp_path}/{table}/*.parquet"
        if library == "pandas":
            found = pd.read_parquet(tmp_path / table)
        elif library == "polars":
            found = reader.scan_parquet(paths).collect().to_pandas()
        else:
            found = reader.sql(f"SELECT * FROM read_parquet('{paths}')").df()
        assert len(found) == rows
        if table == "points":
            found = found.sort_values("point")
            assert found["people.rows"].tolist() == [300, 400, 0.5, 1.5]
            assert found["demand.x"].tolist() == ['"a"', '"b"', "1", '"b"']
            assert found["none"].tolist()[2:] == [1, 2]
            assert found["judge"].tolist()[2:] == ["on", "off"]


@pytest.mark.parametrize("table", ["runs", "data", "failures"])
def test_a_table_of_runs_with_another_type_is_a_fault(tmp_path: Path, table: str) -> None:
    with opened(tmp_path, points(judge=["on"])) as store:
        store.add([done("p0"), done("p1", error="boom")])
        store.fold_rest()
        store.settle_failures()
    assert faults_of(tmp_path) == []
    (part,) = table_parts(tmp_path, table)
    held = pq.read_table(part.path)
    other = held.set_column(1, "world_seed", held["world_seed"].cast(pa.int32())).replace_schema_metadata(held.schema.metadata)
    pq.write_table(other, part.path)
    part.path.rename(part.path.with_name(f"{part.path.stem[:-16]}{file_checksum(part.path)}.parquet"))
    assert any("world_seed (int32)" in fault and "world_seed (int64)" in fault for fault in faults_of(tmp_path))


# --- stores of an older version -------------------------------------------------------------------------------------------------

ONCE = [
    points(people__rows=[300, 400], demand__x=["a", "b"], lists=[["a"], ["b", "c"]], none=[None, None]),
    points(5, people__rows=[0.5, 1.5], demand__x=["1", '"b"'], judge=["on", "off"], none=[1, 2]),
]


def test_a_store_that_was_left_mixed_is_read_as_it_is_and_told_by_check(tmp_path: Path) -> None:
    paths = [as_once(tmp_path, frame, number) for number, frame in enumerate(ONCE, 1)]
    assert study(tmp_path, "01")["people.rows"].tolist() == [300, 400]
    assert study(tmp_path, "02")["people.rows"].tolist() == [0.5, 1.5]
    told = [fault for fault in faults_of(tmp_path) if "people.rows" in fault]
    where = f"int64 in {paths[0].name} and double in {paths[1].name}"
    assert told == [f"{tmp_path}/points: column people.rows is {where}; the same command writes them alike"]


def test_a_store_that_was_left_mixed_is_one_table_once_it_is_opened(tmp_path: Path) -> None:
    for number, frame in enumerate(ONCE, 1):
        as_once(tmp_path, frame, number)
    before = [study(tmp_path, name) for name in ("01", "02")]
    with writing(tmp_path, IDENTITY):
        pass
    kinds = {"demand.x": "string", "judge": "string", "lists": "string", "none": "double", "people.rows": "double"}
    assert types_in(tmp_path) == FIXED | kinds
    whole = pd.read_parquet(tmp_path / "points").sort_values("point")
    assert whole["people.rows"].tolist() == [300, 400, 0.5, 1.5]
    assert whole["demand.x"].tolist() == ['"a"', '"b"', "1", '"b"']
    assert [study(tmp_path, name)["people.rows"].tolist() for name in ("01", "02")] == [[300, 400], [0.5, 1.5]]
    assert [list(study(tmp_path, name).columns) for name in ("01", "02")] == [list(frame.columns) for frame in before]
    assert faults_of(tmp_path) == []
    mark = tables(tmp_path)
    with writing(tmp_path, IDENTITY):
        pass
    assert tables(tmp_path) == mark, "nothing is written anew where nothing changed"


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("death", range(5))
def test_a_process_that_dies_while_tables_are_written_anew_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, death: int
) -> None:
    for folder in (tmp_path / "whole", tmp_path / "killed"):
        for number, frame in enumerate(ONCE, 1):
            as_once(folder, frame, number)
    with writing(tmp_path / "whole", IDENTITY):
        pass
    folder, steps = tmp_path / "killed", iter(range(1000))

    def mortal(real: Any) -> Any:
        def step(*given: Any) -> Any:
            if next(steps) == death:
                raise Killed
            return real(*given)

        return step

    with monkeypatch.context() as patch:
        for name in ("write_part", "discard"):
            patch.setattr(point_tables, name, mortal(getattr(point_tables, name)))
        try:
            with writing(folder, IDENTITY):
                assert death == 4, "two are written and two removed"
        except Killed:
            pass
    assert [study(folder, name)["people.rows"].tolist() for name in ("01", "02")] == [[300, 400], [0.5, 1.5]]
    with writing(folder, IDENTITY):
        pass
    assert tables(folder) == tables(tmp_path / "whole")
    assert faults_of(folder) == []


def test_shards_that_began_before_find_their_points_after_another_wrote_them_anew(tmp_path: Path) -> None:
    with opened(tmp_path, points(people__rows=[300]), writer="1_of_2") as one:
        with opened(tmp_path, points(5, people__rows=[0.5], judge=["on"]), name="2", writer="2_of_2") as other:
            other.add([done("p5")])
        one.add([done("p0")])
    assert study(tmp_path, "10")["people.rows"].tolist() == [300]
    assert faults_of(tmp_path) == []
    assert {RunKey(*row) for row in StoredStudy(tmp_path).runs[["point", "world_seed", "replicate"]].itertuples(index=False)} == {
        RunKey("p0", 1, 0),
        RunKey("p5", 1, 0),
    }


def test_a_table_that_is_replaced_while_it_is_read_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(tmp_path, points(people__rows=[300]))
    real, turns = point_tables.read_part, iter(range(100))

    def read(part: Any, *given: Any) -> Any:
        if next(turns) == 0:
            monkeypatch.setattr(point_tables, "read_part", real)
            begun(tmp_path, points(5, people__rows=[0.5]), name="2")
        return real(part, *given)

    monkeypatch.setattr(point_tables, "read_part", read)
    names = [part.path.name for part in table_parts(tmp_path, "points")]
    assert point_tables.read_points(tmp_path, names)[0]["people.rows"].tolist() == [300]
    with pytest.raises(StoreError, match=r"points-all-00009-.*: is missing; accepted: the file as it was written"):
        point_tables.read_points(tmp_path, [f"points-all-00009-{'0' * 16}.parquet"])
