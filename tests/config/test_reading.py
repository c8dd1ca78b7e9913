"""The one reader of YAML: within bounds, in plain values, every key a word; and what it says is what Hydra's own would say."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from sim import reading
from sim.reading import MOST_DEEP, MOST_ENTRIES, MOST_YAML_BYTES, yaml_in, yaml_of
from sim.world.record import ConfigError
from tests.config.own_files import CONFIGS

SECONDS = 2.0  # far more than a refusal takes, far less than a bomb would


def refusal(text: str) -> str:
    began = time.monotonic()
    with pytest.raises(ConfigError) as mistake:
        yaml_of(text, "own.yaml")
    assert time.monotonic() - began < SECONDS
    line = str(mistake.value)
    assert line.startswith("own.yaml: ")
    assert "; accepted: " in line
    assert "\n" not in line
    assert len(line) < 500
    return line


def laughs(levels: int, wide: int = 9, flow: str = "[{}]") -> str:
    """Each line is as many times the one before."""
    lines = [f"a0: &a0 {flow.format(', '.join(['x'] * wide))}"]
    lines += [f"a{n}: &a{n} {flow.format(', '.join([f'*a{n - 1}'] * wide))}" for n in range(1, levels)]
    return "\n".join(lines)


MERGES = "\n".join(["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9))])
BOMBS = {
    "nine lines of aliases": laughs(9),
    "aliases in maps": laughs(9, flow="{{p: [{}]}}"),
    "merges of merges": MERGES,
    "brackets": "a: " + "[" * 3000,
    "closed brackets": "a: " + "[" * 3000 + "]" * 3000,
    "braces": "a: " + "{a: " * 3000,
    "dashes": "- " * 3000,
    "indents": "\n".join(" " * depth + "a:" for depth in range(2000)),
    "itself": "a: &a [*a]",
    "itself, deeper": "a: &a {b: {c: *a}}",
    "many entries": "a: [" + "1," * (MOST_ENTRIES + 1) + "]",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_before_it_is_made(bomb: str) -> None:
    refusal(BOMBS[bomb])


def test_what_lies_within_the_bounds_is_read() -> None:
    deep = "[" * (MOST_DEEP - 1) + "]" * (MOST_DEEP - 1)
    assert yaml_of(f"a: {deep}", "own.yaml")["a"] is not None
    assert len(yaml_of(laughs(4), "own.yaml")["a3"]) == 9
    assert yaml_of("a: &a {b: 1}\nc: {<<: *a, d: 2}", "own.yaml")["c"] == {"b": 1, "d": 2}


ODD = {
    "a: !!python/object/apply:os.system [ls]": "line 1: could not determine a constructor",
    "a: !!python/object/apply:pathlib.Path [x]": "line 1: could not determine a constructor",
    "a: !!set {x}": "found {'x'}",
    "a: !!binary aGk=": "found b'hi'",
    "a: !!timestamp 2020-01-01": "found datetime.date(2020, 1, 1)",
    "? [a, b]\n: 1": "line 1: found a key that is no word",
    "? {a: 1}\n: 1": "line 1: found a key that is no word",
    "a: 1\nb: 2\na: 3": "line 3: found the key 'a' twice",
    "on: 1\n'on': 2": "line 2: found the key 'on' twice",
    "a: *b": "line 1: found undefined alias",
    "a: 1\n--- \nb: 2": "line 2: ",
    "a: [": "line 2: ",
    "a: \x00": "unacceptable character",
    f"a: {'9' * 5000}": "Exceeds the limit (4300 digits)",
    f"? {'k' * 100_000}\n: 1\n? {'k' * 100_000}\n: 1": "line 3: found the key 'kkkkk",
}


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:30])
def test_what_is_no_plain_value_is_one_line_that_names_the_place(text: str) -> None:
    assert refusal(text).startswith(f"own.yaml: {ODD[text]}")


def test_every_key_is_the_word_that_was_written() -> None:
    words = [
        "NO",
        "no",
        "on",
        "off",
        "Yes",
        "true",
        "null",
        "~",
        "1e3",
        "04",
        "1:30",
        "0x10",
        "1_000",
        "2020-01-01",
        ".5",
        "=",
        "-1",
    ]
    said = yaml_of("\n".join(f"{word}: {{{word}: 1}}" for word in words), "own.yaml")
    assert said == {word: {word: 1} for word in words}


def in_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): in_words(entry) for key, entry in value.items()}
    return [in_words(entry) for entry in value] if isinstance(value, list) else value


def theirs(text: str) -> Any:
    return in_words(OmegaConf.to_container(OmegaConf.create(text)))


def test_a_file_says_what_it_says_to_hydra() -> None:
    texts = {str(path): path.read_text(encoding="utf-8") for path in sorted(CONFIGS.rglob("*.yaml"))}
    texts["values"] = (
        "a: [1e-5, 1E3, .5, 1., -0.0, 1_000, 0x10, 010, 1:30, on, NO, ~, null, 2020-01-01, .inf, '1', 1.5e, 12e03, +1, '', '${a}']"
    )
    differing = [name for name, text in texts.items() if repr(theirs(text)) != repr(yaml_of(text, name) or {})]
    assert not differing
    assert len(texts) > 100


def test_both_of_the_library_s_loaders_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert issubclass(reading._Loader, reading._LIBRARY)
    assert yaml_of("a: [1e-5, NO, 04]", "own.yaml") == {"a": [1e-5, False, 4]}


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device", "huge", "latin", "utf-16"])
def test_what_is_no_readable_file_is_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(MOST_YAML_BYTES + 1)
    elif kind == "latin":
        path.write_bytes("a: é".encode("latin-1"))
    elif kind == "utf-16":
        path.write_bytes("a: 1".encode("utf-16"))
    with pytest.raises(ConfigError, match=r"^own\.yaml: [^\n]+; accepted: [^\n]+$"):
        yaml_in(path, "own.yaml")


def test_a_mark_of_byte_order_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(b"\xef\xbb\xbfyears: 3\n")
    assert yaml_in(tmp_path / "own.yaml", "own.yaml") == {"years": 3}


def test_what_is_handed_out_is_the_caller_s_own_and_an_edit_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("a: [1]", encoding="utf-8")
    yaml_in(path, "own.yaml")["a"].append(2)
    assert yaml_in(path, "own.yaml") == {"a": [1]}
    path.write_text("a: [1, 3]", encoding="utf-8")
    assert yaml_in(path, "own.yaml") == {"a": [1, 3]}
