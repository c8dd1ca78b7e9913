"""What somebody may write on a command line for a key of the configuration, sensible or not, and nothing of what comes of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

DIGITS = 5000  # of a whole number that Python does not put into words
LETTERS = 100_000  # of a text that nobody would read
NUMBERS = (
    *("0", "-0.0", "-1", "1", "-1e-9", "1e-9", "0.5", "2", "1.0000001", "1e6", "1e12", "1e30", "-1e30", "1e-30", "1e-300", "1e308"),
    *("inf", "-inf", "nan", "1_000", "0x10", "04", "9" * 30, "9" * DIGITS, "-" + "9" * DIGITS, "1e400", "5.0", "2.5"),
)
WORDS = (
    *("true", "false", "null", "''", '""', "x", "'x'", "'0.5'", "'1'", "yes", "None", "usa", "XX", "USA", "'hello world'"),
    *(
        "x" * LETTERS,
        f"'{'é' * LETTERS}'",
        "é",
        "日本",
        "'日本'",
        "'\\u0000'",
        r"'a\nb'",
        "'a\nb'",
        "a\tb",
        "'#'",
        "'a: b'",
        "%s",
        "{0}",
    ),
    *("2027-01-01", "'2027-01-01'", "2027-13-01", "9999-12-31", "0001-01-01", "12:30", "/", "../..", "/etc/passwd", "~", "."),
)
SHAPES = (
    *("[]", "[1]", "[x]", "[[1]]", "[[[[[[1]]]]]]", "[null]", "[true,false]", "{}", "{a:1}", "{x:{y:z}}", "{1:2}", "{USA:true}"),
    *("[1,2,3,4,5,6,7,8,9,10]", f"[{','.join(['1'] * 5000)}]", "{true:1}", "{null:null}", "{'':1}"),
)
REFERENCES = (
    "???",
    "${years}",
    "${oc.env:HOME}",
    "${missing}",
    "${oc.env:NOTHING_OF_THE_KIND}",
    "${}",
    "${review}",
    "${nope:1}",
    "$",
)
TORN = (
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "(",
    ")",
    "[1",
    "1]",
    "{a",
    "{a:",
    "'x",
    "x'",
    '"x',
    "[1}",
    "\\",
    "a,b",
    "1,2",
    "a=b",
    "=",
    "a b",
    "",
)
CALLS = (
    "range(1,3)",
    "choice(1,2)",
    "interval(0,1)",
    "int('1')",
    "float(1)",
    "glob(*)",
    "shuffle(1,2)",
    "json_str('{}')",
    "nope(1)",
)
VALUES = (*NUMBERS, *WORDS, *SHAPES, *REFERENCES, *TORN, *CALLS)


class Try(NamedTuple):
    """One command line, and the key that it is about."""

    key: str
    arguments: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The same at a length that can be read."""
        return " ".join(word if len(word) <= 80 else f"{word[:60]}...({len(word)} letters)" for word in self.arguments)


def entries(plain: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key of a configuration with what stands there: maps and what lies in them alike."""
    for name, value in plain.items():
        key = f"{above}.{name}" if above else str(name)
        yield key, value
        if isinstance(value, Mapping):
            yield from entries(value, key)


def written(value: Any) -> str:
    """A plain value in Hydra's grammar."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{written(str(name))}:{written(below)}" for name, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", r"\'") + "'"


def near(value: Any) -> list[str]:
    """A value in the grammar, and what lies beside it."""
    if isinstance(value, bool):
        return [written(value), written(not value)]
    if isinstance(value, int | float):
        return [written(part) for part in (value, -value, value + 1, value - 1, value * 10, value / 10, value * 1000, value * 1e9)]
    if isinstance(value, str) and value:
        return [
            written(part) for part in (value, value.upper(), value[:-1], value + value[-1], f" {value}", f"{value} ", value[::-1])
        ]
    return [written(value)]


def tries_of(key: str, value: Any) -> list[Try]:
    """Every command line about one key."""
    of_value = [f"{key}={text}" for text in dict.fromkeys((*near(value), *VALUES))]
    first = near(value)[0]
    other = [
        *(
            f"+{key}={first}",
            f"++{key}={first}",
            f"~{key}",
            f"~{key}={first}",
            f"~{key}=nothing",
            f"{key}",
            f"{key}=",
            f"{key}@x={first}",
        ),
        *(f"{key}.unknown=1", f"+{key}.unknown=1", f"++{key}.unknown=x", f"+{key}.unknown.below=true", f"~{key}.unknown"),
        *(f"{key[:-1]}=1", f"{key}{key[-1]}=1", f"+{key}s=1", f"{key.upper()}={first}", f"{key} = {first}", f" {key}={first}"),
        *(f".{key}={first}", f"{key}.={first}", f"{key}..x={first}", f"{key}[0]={first}", f"+++{key}={first}", f"-{key}={first}"),
    ]
    doubled = [(f"{key}={first}", f"{key}={first}"), (f"{key}={first}", f"++{key}={first}"), (f"~{key}", f"+{key}={first}")]
    return [Try(key, (word,)) for word in (*of_value, *other)] + [Try(key, words) for words in doubled]


def sample(entries_: Sequence[tuple[str, Any]], size: int, seed: int) -> list[Try]:
    """So many command lines about keys that are drawn, each group of keys as likely as every other at each step down."""
    rng = random.Random(seed)
    tree: dict[str, list[tuple[str, Any]]] = {}
    for key, value in entries_:
        tree.setdefault(key.partition(".")[0], []).append((key, value))
    groups = sorted(tree)
    drawn = []
    for _ in range(size):
        key, value = rng.choice(tree[rng.choice(groups)])
        drawn.append(rng.choice(tries_of(key, value)))
    return drawn
