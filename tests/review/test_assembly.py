"""Rules are joined into one loop that holds no number and reads nothing that a reader of a file cannot see."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from sim.config import options
from sim.review import assembly, made, pipeline
from sim.review.assembly import assemble, parameter_table, source_of
from sim.review.identifiers import SEEN
from sim.review.safeguard import SEES, VISIBLE, Gate, Ground, hook_of, in_check_order, reads_of
from sim.world.record import ConfigError
from tests.worlds import made_up

ROOT = Path(__file__).resolve().parents[2]
HOOKS = ("stands", "acuity", "allows", "delays", "tells", "softens", "publishes")
HIDDEN = ("abusive", "conduct", "dossier", "strength", "person", "visibility", "kind", "noise_of_the_dossier", "evaded")
GATE = {"order": 45, "article": "a test", "hours": 0.0, "certain": True}


@pytest.fixture
def written() -> Iterator[types.ModuleType]:
    """A module for a rule that a test writes."""
    name = "sim.review.of_a_test"
    module = types.ModuleType(name)
    sys.modules[name] = module
    yield module
    del sys.modules[name]


def safeguard(module: types.ModuleType, signature: str, kind: type = Gate) -> object:
    """A record whose module's rule has the given signature."""
    exec(f"def stands({signature}):\n    return True", vars(module))
    return type("Written", (kind,), {"__module__": module.__name__})(**GATE)


@pytest.mark.parametrize("name", options("safeguard"))
def test_no_rule_reads_what_no_reader_can_see(name: str) -> None:
    record = made_up().safeguards[name]
    hooks = [hook for hook in HOOKS if hook_of(record, hook) is not None]
    assert hooks or record.kind == "institution"
    for hook in hooks:
        reads = reads_of(record, hook)
        assert not set(HIDDEN) & set(reads)
        assert set(reads) <= set(VISIBLE) | set(SEES) | set(type(record).model_fields) | {"by_label"}


def test_neither_abuse_nor_true_conduct_is_visible() -> None:
    assert not set(HIDDEN) & set(VISIBLE)


@pytest.mark.parametrize("hidden", ["abusive", "conduct", "dossier", "person", "evaded"])
def test_a_rule_that_wants_to_know_more_is_refused(hidden: str, written: types.ModuleType) -> None:
    asked = safeguard(written, f"quality, {hidden}")
    with pytest.raises(ConfigError, match=f"reads '{hidden}'"):
        reads_of(asked)
    with pytest.raises(ConfigError, match=f"reads '{hidden}'"):
        source_of({**made_up().safeguards, "written": asked})  # type: ignore[dict-item]


def test_a_rule_that_keeps_to_what_is_visible_is_taken(written: types.ModuleType) -> None:
    asked = safeguard(written, "quality, harm")
    assert "stands_" in source_of({**made_up().safeguards, "written": asked})  # type: ignore[dict-item]


@pytest.mark.parametrize("seen", ["signal", "noise", "bar", "covers"])
def test_a_gate_that_asks_for_what_only_a_look_sees_is_refused(seen: str, written: types.ModuleType) -> None:
    """A gate is law without judgement: it is applied before anyone reads, so it can see no suspicion."""
    asked = safeguard(written, seen)
    with pytest.raises(ConfigError, match=seen):
        source_of({**made_up().safeguards, "written": asked})  # type: ignore[dict-item]


def test_the_steps_before_the_reading_that_touch_the_truth_are_nature_s_alone() -> None:
    """In the joined text only the strength of the signal looks at abuse and true conduct; no rule's call does."""
    text = source_of(made_up().safeguards)
    nature = text[text.index("def strength_of") : text.index("def look_noise")]
    rest = text.replace(nature, "")
    assert "cases.abusive" in nature
    assert "cases.conduct" in nature
    assert "cases.abusive" not in rest
    assert "cases.conduct" not in rest


def test_the_joined_text_holds_no_parameter() -> None:
    """Another number in a YAML file makes another argument, never another text, so nothing is compiled anew."""
    config = made_up()
    text = source_of(config.safeguards)
    numbers = {
        name: value
        for name, record in config.safeguards.items()
        for field, value in record
        if isinstance(value, float) and value not in (0.0, 1.0)
    }
    assert len(numbers) > 5
    decimals = set(map(float, re.findall(r"(?<![\w.])\d+\.\d+(?:e-?\d+)?", text)))
    # what the life of a request itself needs: 0, 1, and the least uniform that a logarithm takes
    assert decimals <= {0.0, 1.0, 1e-16}, decimals
    for name, value in numbers.items():
        changed = {**config.safeguards}
        fields = [field for field, own in changed[name] if own == value]
        changed[name] = changed[name].model_copy(update=dict.fromkeys(fields, value + 0.125))
        assert source_of(changed) == text
        assert (
            parameter_table(changed, in_check_order(changed))
            != parameter_table(config.safeguards, in_check_order(config.safeguards))
        ).any()


def test_every_number_of_a_safeguard_reaches_the_loop() -> None:
    config = made_up()
    names = in_check_order(config.safeguards)
    table = parameter_table(config.safeguards, names)
    for name, record in config.safeguards.items():
        row = table[names.index(name)].tolist()
        for field, value in record:
            if isinstance(value, float):
                assert value in row or field in ("most", "by_alignment", "standing_from", "park_bar", "trust_floor"), (name, field)


def test_every_ground_of_the_desk_asks_the_text_whether_it_stops_preservation() -> None:
    config = made_up()
    names = in_check_order(config.safeguards)
    text = source_of(config.safeguards)
    desk = text[text.index("def read_desk") : text.index("def read_further")]
    grounds = [name.upper() for name in names if isinstance(config.safeguards[name], Ground)]
    assert re.findall(r"not preserving or reading\.stops\[(\w+), inst\]", desk) == grounds
    assert "preserving" not in text[text.index("def read_further") : text.index("def refuse")]


def test_an_equal_set_of_rules_is_joined_once() -> None:
    config = made_up()
    assert assemble(config.safeguards).serve is assemble(dict(reversed(config.safeguards.items()))).serve


def test_the_order_of_checks_is_a_number_and_then_the_name() -> None:
    names = in_check_order(made_up().safeguards)
    orders = [made_up().safeguards[name].order for name in names]
    assert orders == sorted(orders)
    kinds = [made_up().safeguards[name].kind for name in names]
    assert names.index("scope") == 0
    assert "look" not in kinds[: kinds.index("look")]


def test_a_ground_at_a_look_that_nobody_takes_is_an_error() -> None:
    config = made_up()
    lost = config.safeguards["discrimination"].model_copy(update={"look": "jury"})
    assert isinstance(lost, Ground)
    with pytest.raises(ConfigError, match="no look is named 'jury'"):
        source_of({**config.safeguards, "discrimination": lost})


def test_without_a_desk_there_is_no_review() -> None:
    safeguards = {name: record for name, record in made_up().safeguards.items() if name != "desk"}
    with pytest.raises(ConfigError, match="desk"):
        source_of(safeguards)


def test_more_safeguards_than_bits_are_refused() -> None:
    record = made_up().safeguards["form"]
    with pytest.raises(ConfigError, match="at most 63"):
        in_check_order({f"form_{number}": record for number in range(64)})


def test_the_names_that_the_assembler_makes_are_declared_for_readers() -> None:
    for name in ("gates", "read_desk", "read_further", "first_of"):
        assert name in made.__annotations__


def test_an_offence_of_the_truth_never_reaches_a_kernel_s_rule_by_another_name() -> None:
    """What a rule may read is written in one table; each entry leads to the file, the states or the reading, never to the case."""
    for word, (name, text) in product(("abusive", "conduct", "person", "dossier"), SEEN.items()):
        assert f"cases.{word}" not in text, name


@pytest.mark.slow
def test_review_may_be_imported_without_conduct() -> None:
    command = "import sys, sim.review.assembly, sim.review.spec; print([m for m in sys.modules if m.startswith('sim.conduct')])"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_loop_is_written_from_the_steps_as_they_were_loaded_whatever_their_files_hold_by_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    safeguards = made_up().safeguards
    before = source_of(safeguards)
    assembly._text_of.cache_clear()

    def edited(*given: object) -> object:
        raise AssertionError("a file was read again")

    for reader in ("findsource", "getsource", "getsourcelines"):
        monkeypatch.setattr(inspect, reader, edited)
    assert source_of(safeguards) == before
    for step in (*pipeline.STEPS, *pipeline.KERNELS):
        assert assembly._text_of(step).startswith(f"def {step.__name__}(")


@pytest.mark.parametrize("left", [b"", b"def receive("])
def test_a_generated_loop_that_was_cut_off_is_written_anew(left: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "CACHE", tmp_path / "kernels")
    text = f"# of {left!r}\nanswer = 42\n"
    path = Path(str(assembly._imported(text).__file__))
    monkeypatch.delitem(sys.modules, path.stem)
    path.write_bytes(left)
    assert assembly._imported(text).answer == 42
    monkeypatch.delitem(sys.modules, path.stem)
    assert path.read_text(encoding="utf-8") == text
