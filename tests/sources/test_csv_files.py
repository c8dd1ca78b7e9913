"""A table is taken as it stands, or refused in one line that names the file and the line where it goes wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim.sources import csv_files
from sim.sources.checksums import checksums
from sim.sources.csv_files import CsvRow, NoHeaderError, TableError, csv_rows, much_like_a_number, number_in, sheet_of
from sim.world.record import ConfigError

GOOD: dict[str, tuple[bytes, list[CsvRow]]] = {
    "plain": (b"a,b\n1,2\n", [CsvRow(2, ["1", "2"])]),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", [CsvRow(2, ["1", "2"])]),
    "line ends of Windows": (b"a,b\r\n1,2\r\n3,4\r\n", [CsvRow(2, ["1", "2"]), CsvRow(3, ["3", "4"])]),
    "line ends of old": (b"a,b\r1,2\r3,4\r", [CsvRow(2, ["1", "2"]), CsvRow(3, ["3", "4"])]),
    "no last line end": (b"a,b\n1,2", [CsvRow(2, ["1", "2"])]),
    "blank lines at the end": (b"a,b\n1,2\n\n\n", [CsvRow(2, ["1", "2"])]),
    "quotes with a comma, a quote and a line end": (
        b'a,b\n"1,5","say ""no""\nor ""yes"""\n3,4\n',
        [CsvRow(2, ["1,5", 'say "no"\nor "yes"']), CsvRow(4, ["3", "4"])],
    ),
    "words that others take for nothing": (b"a,b\nNA,nan\nNULL,None\n", [CsvRow(2, ["NA", "nan"]), CsvRow(3, ["NULL", "None"])]),
    "an entry that is empty": (b"a,b\n,2\n1,\n", [CsvRow(2, ["", "2"]), CsvRow(3, ["1", ""])]),
    "zeros, marks and spaces as they stand": (
        b"a,b\n04, 2 \n1_000,1e-05\n",
        [CsvRow(2, ["04", " 2 "]), CsvRow(3, ["1_000", "1e-05"])],
    ),
    "letters of all the world": ("a,b\nö,\u2028\n".encode(), [CsvRow(2, ["ö", "\u2028"])]),
    "one column": (b"a\n1\n", [CsvRow(2, ["1"])]),
    "a separator of others in a quoted entry": (b"a,b\n1;2,3\n", [CsvRow(2, ["1;2", "3"])]),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_table_is_read_entry_by_entry_with_the_lines_of_its_rows(tmp_path: Path, name: str) -> None:
    text, rows = GOOD[name]
    path = tmp_path / "own.csv"
    path.write_bytes(text)
    assert sheet_of(path, "own.csv").rows == rows


BAD: dict[str, tuple[bytes, str]] = {
    "a comma too many in every row": (
        b"a,b\n1,2,\n",
        "line 2: found 3 entries under 2 columns (the line ends in a comma); accepted: 2",
    ),
    "a comma too many in one row": (b"a,b\n1,2\n1,2,\n", "line 3: found 3 entries under 2 columns (the line ends in a comma); "),
    "a comma too many in the header": (
        b"a,b,\n1,2,3\n",
        "line 1: found no name for column 3 (the line ends in a comma); accepted: ",
    ),
    "a comma too many everywhere": (b"a,b,\n1,2,\n", "line 1: found no name for column 3 (the line ends in a comma); accepted: "),
    "decimal commas": (
        b"a,b\n1,5,2\n",
        "line 2: found 3 entries under 2 columns; accepted: 2, as in the header, and an entry that ",
    ),
    "an entry too few": (b"a,b\n1,2\n1\n", "line 3: found 1 entry under 2 columns; accepted: 2, as in the header"),
    "another separator further down": (b"a,b\n1;2\n", "line 2: found 1 entry under 2 columns (semicolons separate nothing); "),
    "after a quoted line end": (b'a,b\n"1\n\n",2\n1\n', "line 5: found 1 entry under 2 columns; accepted: "),
    "semicolons": (b"a;b\n1,5;2\n", "line 1: found columns separated by semicolons; accepted: commas"),
    "tabs": (b"a\tb\n1\t2\n", "line 1: found columns separated by tabs; accepted: commas"),
    "bars": (b"a|b\n1|2\n", "line 1: found columns separated by upright bars; accepted: commas"),
    "a doubled column": (b"a,b,a\n1,2,3\n", "line 1: found column 'a' twice; accepted: each column once"),
    "a blank name": (b"a,,b\n1,2,3\n", "line 1: found no name for column 2; accepted: a name for every column"),
    "a name of spaces": (b"a, \n1,2\n", "line 1: found no name for column 2"),
    "spaces around a name": (b"a, b\n1,2\n", "line 1: found column ' b', with spaces around it; accepted: 'b'"),
    "a blank line first": (b"\na,b\n1,2\n", "line 1: found a blank line; accepted: the names of the columns"),
    "a blank line between": (b"a,b\n1,2\n\n3,4\n", "line 3: found a blank line; accepted: a row on every line"),
    "a row of commas": (b"a,b\n1,2\n,\n", "line 3: found a row without an entry; accepted: at least one entry"),
    "an empty entry in quotes": (b'a\n1\n""\n', "line 3: found a row without an entry; accepted: at least one entry"),
    "nothing": (b"", "found nothing in it; accepted: a header and at least one row"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "found nothing in it; accepted: "),
    "a header alone": (b"a,b\n", "found no row under the header; accepted: "),
    "Latin-1": (b"a,b\n1,2\n\xe9,3\n", "line 3: found byte 0xe9, which is no UTF-8 (Latin-1 or Windows-1252?); accepted: "),
    "Latin-1 on an old line": (b"a,b\r1,2\r3,\xfc\r", "line 3: found byte 0xfc, which is no UTF-8"),
    "cut off in a letter": (b"a,b\n1,\xc3", "line 2: found byte 0xc3, which is no UTF-8"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "found UTF-16; accepted: a CSV table in UTF-8"),
    "UTF-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), "line 1: found a zero byte (UTF-16?); accepted: "),
    "a zero byte": (b"a,b\n1,2\n3,\x00\n", "line 3: found a zero byte"),
    "a quote that is not closed": (
        b'a,b\n1,2\n"3,4\n5,6\n',
        "line 3: found a quote that is not closed; accepted: an entry in quotes",
    ),
    "letters after a quote": (b'a,b\n"3"x,4\n', "line 2: found letters after a closing quote, or a quote that is not closed"),
    "a quote that swallows others": (
        b'a,b\n"3,4\n5,"6"\n',
        "line 2: found letters after a closing quote, or a quote that is not closed",
    ),
    "a huge entry": (b"a,b\n1," + b"x" * 200_000 + b"\n", "line 2: found an entry of more than 131,072 letters"),
    "an open quote before much": (b'a,b\n"1,2\n' + b"3,4\n" * 50_000, "line 2: found an entry of more than 131,072 letters"),
    "a line of millions": (
        b"a,b\n" + b"1," * (1 << 22),
        "line 2: found more than 4,194,304 letters; accepted: a line for each row",
    ),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "line 1: found byte 0x89, which is no UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_table_is_refused_in_one_line_with_its_place(tmp_path: Path, name: str) -> None:
    text, wanted = BAD[name]
    path = tmp_path / "own.csv"
    path.write_bytes(text)
    with pytest.raises(TableError) as mistake:
        sheet_of(path, "own.csv")
    assert str(mistake.value).startswith(f"own.csv: {wanted}")
    assert "\n" not in str(mistake.value)
    assert len(str(mistake.value)) < 250


def test_more_rows_or_bytes_than_are_read_are_refused_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("a\n" + "1\n" * 9, encoding="utf-8")
    monkeypatch.setattr(csv_files, "_MOST_ROWS", 8)
    with pytest.raises(TableError, match=r"^own\.csv: line 10: found more than 8 rows; accepted: at most that many$"):
        sheet_of(path, "own.csv")
    with path.open("r+b") as file:
        file.truncate(csv_files.MOST_CSV_BYTES + 1)  # without a byte on the disk
    with pytest.raises(TableError, match=r"^own\.csv: found 1,073,741,825 bytes; accepted: a CSV table of at most 1,073,741,824$"):
        sheet_of(path, "own.csv")


@pytest.mark.parametrize("kind", ["nothing", "folder", "pipe", "device", "below a file", "zero byte", "a name too long", "a loop"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "own.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "a loop":
        path.symlink_to(path)
    elif kind == "below a file":
        path.touch()
        path /= "below.csv"
    elif kind == "zero byte":
        path = Path("own\0.csv")
    elif kind == "a name too long":
        path = tmp_path / ("x" * 300)
    for read in (lambda: sheet_of(path, "own.csv"), lambda: checksums({"states.csv": path})):
        with pytest.raises((TableError, ConfigError), match="; accepted: ") as mistake:
            read()
        assert "\n" not in str(mistake.value)


def test_a_file_of_a_publisher_may_have_lines_before_its_header_and_a_spare_column(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('"Source","World",\n\n"Code","2023",\n"AFG","1",\n\n"DEU","2",\n', encoding="utf-8")
    found = list(csv_rows(path, "own.csv", lambda entries: "Code" in entries, published=True))
    assert found == [CsvRow(3, ["Code", "2023"]), CsvRow(4, ["AFG", "1"]), CsvRow(6, ["DEU", "2"])]
    path.write_text('"Code","2023",\n"AFG","1","7"\n', encoding="utf-8")
    with pytest.raises(TableError, match="line 2: found 3 entries under 2 columns"):
        list(csv_rows(path, "own.csv", published=True))
    with pytest.raises(NoHeaderError, match="found no header as wanted"):
        list(csv_rows(path, "own.csv", lambda entries: "Land" in entries, published=True))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-3", -3),
        ("+5", 5),
        ("1000", 1000),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-05", 1e-05),
        ("1E5", 1e5),
        (" 2 ", 2),
    ],
)
def test_a_number_is_read_in_every_usual_way(text: str, value: float) -> None:
    assert number_in(text) == value
    assert type(number_in(text)) is type(value)


NO_NUMBERS = [
    *(
        "",
        "-",
        ".",
        "e5",
        "1_000",
        "1 000",
        "1'000",
        "1,5",
        "1.000,5",
        "04",
        "00",
        "-01",
        "1.2.3",
        "0x10",
        "0o7",
        "0b1",
        "1:30",
        "12:30:10",
    ),
    *(
        "inf",
        "-inf",
        ".inf",
        "Infinity",
        "nan",
        "NaN",
        ".nan",
        "NA",
        "1e400",
        "9" * 5000,
        "50%",
        "\u0663",
        "\uff13",
        "\u22123",
        "true",
        "1 2",
    ),
]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert number_in(text) is None


def test_what_a_reader_of_another_mind_takes_for_a_number_is_known() -> None:
    alike = [text for text in NO_NUMBERS if much_like_a_number(text)]
    words = {"", "-", ".", "e5", "NA", "\u0663", "\uff13", "\u22123", "true"}
    assert set(NO_NUMBERS) - set(alike) == words
    assert not any(map(much_like_a_number, ("2029-03-01", "content", "[1, 2]", "1", "0.5", "off")))
