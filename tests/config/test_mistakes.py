"""What the author of a configuration can do wrong is told in one line: the key, what was found, what is accepted."""

import csv
import pickle
import re
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from experiments.settings import asked_by
from sim.composition import Asked, multirun
from sim.config import load
from sim.simulation import prepare
from sim.sources.tables import TABLES_FOLDER, TableError
from sim.world.record import ConfigError, RogatoryError

SMALL = ("people.rows=500", "demand.legitimate=100", "years=1")


def told(error: type[RogatoryError], call: Callable[[], object]) -> str:
    """The one line that a mistake leads to."""
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert text.strip() == text
    assert "\n" not in text
    assert "Traceback" not in text
    return text


def refusal(*overrides: str) -> str:
    return told(ConfigError, lambda: asked_by(*overrides))


def late_refusal(*overrides: str) -> str:
    """For what only a world can tell: the run refuses to begin."""
    return told(ConfigError, lambda: prepare(load(*SMALL, *overrides), 1))


# Override, the key that the line must open with, and what it must say besides.
UNKNOWN = [
    ("+treshold=4", "treshold", "years"),
    ("+review.rhoo=0.3", "review.rhoo", "rho"),
    ("review.visible.honesty=1", "review.visible.honesty", "honest"),
    ("+instruments.hanoi.threshold=6", "instruments.hanoi.threshold", "threshold_years"),
    ("instruments.geneva.filing=0.5", "instruments.geneva", "hanoi"),
    ("+safeguards.form.bar=1", "safeguards.form.bar", "quality_bar"),
    ("+offences.fraud.penalties.mean=1", "offences.fraud.penalties.mean", "median_years"),
    ("+safeguards.discrimination.covers.poet=1", "safeguards.discrimination.covers.poet", "journalist"),
    ("+instruments.hanoi.reaches.E=always", "instruments.hanoi.reaches.E", "'A', 'B', 'C' or 'D'"),
]
RANGE = [
    ("review.rho=1.4", "review.rho", "1.4", "1"),
    ("review.rho=-0.1", "review.rho", "-0.1", "0"),
    ("review.delay_months=0", "review.delay_months", "0", "greater than 0"),
    ("demand.scale=0", "demand.scale", "0", "greater than 0"),
    ("demand.scale=nan", "demand.scale", "nan", "finite"),
    ("people.rows=0", "people.rows", "0", "1 to 50000000"),
    ("states.correlation=2", "states.correlation", "2", "-1 to 1, or null"),
    ("safeguards.judge.own_law=often", "safeguards.judge.own_law", "'often'", "'may', 'must' or 'kept', or null"),
    ("years=0", "years", "0", "1"),
    ("years=51", "years", "51", "50"),
    ("workers=0", "workers", "0", "1"),
    ("conduct.attempts=4", "conduct.attempts", "4", "1 to 3"),
    ("instruments.hanoi.threshold_years=-1", "instruments.hanoi.threshold_years", "-1", "0"),
    ("safeguards.discrimination.covers.journalist=1.4", "safeguards.discrimination.covers.journalist", "1.4", "1"),
    ("offences.fraud.penalties.median_years=-1", "offences.fraud.penalties.median_years", "-1", "greater than 0"),
]
KIND = [
    ("years=1.5", "years", "1.5", "a whole number"),
    ("seed=1.5", "seed", "1.5", "a whole number"),
    ("seed=abc", "seed", "'abc'", "a whole number"),
    ("seed=true", "seed", "True", "a whole number"),
    ("seed=null", "seed", "None", "a whole number"),
    ("world_seed=1.5", "world_seed", "1.5", "a whole number"),
    ("review.load=maybe", "review.load", "'maybe'", "true or false"),
    ("review.rho=high", "review.rho", "'high'", "number"),
    ("start=soon", "start", "'soon'", "date"),
    ("states.source=imagined", "states.source", "'imagined'", "'real' or 'synthetic'"),
    ("instruments.hanoi.parties.base=everyone", "instruments.hanoi.parties.base", "'everyone'", "'signatories'"),
    ("instruments.hanoi.safeguards.form=perhaps", "instruments.hanoi.safeguards.form", "'perhaps'", "'absent', 'may' or 'must'"),
    ("instruments.hanoi.safeguards.form=true", "instruments.hanoi.safeguards.form", "True", "'absent', 'may' or 'must'"),
]
NOBODY = [
    ("scenario=s99", "scenario", "'s99'", "as_adopted"),
    ("states=imagined", "states", "'imagined'", "synthetic"),
]
IN_A_LIST = ["safeguard=[scope,amulet]", "offence=[fraudulent]"]
NOBODY_IN_THE_WORLD = [
    ("+instruments.hanoi.parties.extra.ZZZ=true", "instruments.hanoi.parties.extra", "'ZZZ'", "ISO 3166-1"),
    ("+instruments.hanoi.safeguards.amulet=must", "instruments.hanoi.safeguards", "'amulet'", "dual_criminality"),
    ("+offences.insult.broader.treason=1", "offences.insult.broader", "'treason'", "extremism"),
    ("offences.insult.demand_share=0.1", "offences.insult.demand_share", "0.1", "0"),
    ("+states.hosting.home.ZZZ=0.5", "states.hosting.home", "'ZZZ'", "codes of the states table"),
    ("safeguards.discrimination.look=amulet", "safeguards.discrimination.look", "'amulet'", "desk, judge"),
    ("instruments.comity.parties.base=none", "instruments", "last", "comity"),
]
GRAMMAR = ["years={", "years", "a b=1", "years='1", "=3"]


@pytest.mark.parametrize(("override", "key", "accepted"), UNKNOWN, ids=[case[0] for case in UNKNOWN])
def test_an_unknown_key_is_named_with_its_neighbours(override: str, key: str, accepted: str) -> None:
    line = refusal(override)
    assert line.startswith(key)
    assert "accepted: " in line
    assert accepted in line.partition("accepted: ")[2]


@pytest.mark.parametrize(("override", "key", "found", "accepted"), RANGE + KIND + NOBODY, ids=lambda case: str(case)[:50])
def test_a_wrong_value_is_named_with_what_would_be_right(override: str, key: str, found: str, accepted: str) -> None:
    line = refusal(override)
    assert line.startswith(f"{key}: found {found}")
    assert "accepted: " in line
    assert accepted in line.partition("accepted: ")[2]


@pytest.mark.parametrize("override", IN_A_LIST)
def test_an_option_that_does_not_exist_is_named_in_a_list_too(override: str) -> None:
    group, _, listed = override.partition("=")
    line = refusal(override)
    assert group in line
    assert listed.strip("[]").rpartition(",")[2] in line


@pytest.mark.parametrize(("override", "key", "found", "accepted"), NOBODY_IN_THE_WORLD, ids=[c[0] for c in NOBODY_IN_THE_WORLD])
def test_a_name_that_the_world_lacks_is_refused_before_the_first_month(override: str, key: str, found: str, accepted: str) -> None:
    line = late_refusal(override)
    assert line.startswith(f"{key}: ")
    assert found in line
    assert "accepted: " in line or "must" in line
    assert accepted in line


@pytest.mark.parametrize("override", GRAMMAR)
def test_an_override_that_cannot_be_read_is_repeated(override: str) -> None:
    line = refusal("people.rows=500", override)
    assert override in line
    assert "accepted: " in line


@pytest.mark.parametrize("override", ["review=null", "states=3"])
def test_a_group_without_an_option_is_refused(override: str) -> None:
    line = refusal(override)
    assert override.partition("=")[0] in line


@pytest.mark.parametrize("doubled", [("years=1", "years=2"), ("scenario=no_treaty", "scenario=as_adopted"), ("years=1", "years=1")])
def test_an_override_given_twice_is_refused(doubled: tuple[str, str]) -> None:
    line = refusal(*doubled)
    assert line.startswith(doubled[0].partition("=")[0])


def test_the_reference_is_nobody_s_to_set() -> None:
    line = refusal("+reference.review.rho=0.1")
    assert line.startswith("reference")


def test_an_override_must_be_text() -> None:
    assert "accepted: overrides as text" in told(ConfigError, lambda: load(7))  # type: ignore[arg-type]


def test_a_mistake_is_the_same_mistake_twice() -> None:
    assert refusal("review.rho=1.4") == refusal("review.rho=1.4")
    assert load("years=3").years == 3  # and leaves nothing behind


def test_two_fields_that_contradict_each_other_are_named_together() -> None:
    line = refusal("review.utilisation_low=2")
    assert line.startswith("review.utilisation_low: found 2.0, above utilisation_high 1.15; accepted: ")


def states_table(folder: Path, change: Callable[[list[list[str]]], None]) -> str:
    with (TABLES_FOLDER / "states.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    path = folder / "states.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return f"states.table={path}"


def bad_table(folder: Path, change: Callable[[list[list[str]]], None]) -> str:
    config = load(*SMALL, states_table(folder, change))
    return told(TableError, lambda: prepare(config, 1))


def test_a_states_table_of_one_s_own_is_taken(tmp_path: Path) -> None:
    run = prepare(load(*SMALL, states_table(tmp_path, lambda rows: None)), 1)
    assert run.world.states.count == 193


def test_a_states_table_with_a_missing_column_is_refused(tmp_path: Path) -> None:
    def without(rows: list[list[str]]) -> None:
        place = rows[0].index("population")
        for row in rows:
            del row[place]

    line = bad_table(tmp_path, without)
    assert line.startswith("states.csv, line 1: column 'population' is missing; found ")


def test_a_states_table_with_a_doubled_state_is_refused(tmp_path: Path) -> None:
    line = bad_table(tmp_path, lambda rows: rows.append(rows[10]))
    assert line.startswith("states.csv, line 195, code: found ")
    assert "a second time; accepted is one row each" in line


def test_a_states_table_with_a_word_for_a_number_is_refused(tmp_path: Path) -> None:
    def word(rows: list[list[str]]) -> None:
        rows[1][rows[0].index("population")] = "many"

    assert bad_table(tmp_path, word) == "states.csv, line 2, population: found 'many'; accepted is a whole number of at least 0"


def test_a_states_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.csv"
    assert told(ConfigError, lambda: load(*SMALL, f"states.table={path}")).startswith(f"states.table: found '{path}', which cannot")


def test_a_penalty_below_zero_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for table in TABLES_FOLDER.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    penalties = tmp_path / "penalties.csv"
    penalties.write_text(penalties.read_text(encoding="utf-8").replace("TUR,insult,4.0,", "TUR,insult,-4.0,"), encoding="utf-8")
    monkeypatch.setattr("sim.sources.tables.TABLES_FOLDER", tmp_path)
    config = load("people.rows=500", "demand.legitimate=101", "years=1")  # a world that no other test has built
    line = told(TableError, lambda: prepare(config, 1))
    assert line.startswith("penalties.csv, line ")
    assert line.endswith("max_years: found '-4.0'; accepted is a number of at least 0, or nothing")


# --- launchers ------------------------------------------------------------------------------------------------------------------


def through(monkeypatch: pytest.MonkeyPatch, error: Exception, launcher: str = "ray") -> None:
    """What becomes of an error that comes out of Hydra."""

    def hydra(**given: object) -> Callable[[object], Callable[[], None]]:
        def run() -> None:
            raise error

        return lambda job: run

    monkeypatch.setattr(multirun, "main", hydra)
    asked = Asked.of(["-m", f"hydra/launcher={launcher}", "seed=1,2"])
    multirun.spread(lambda *given: None, asked, "run")


def test_a_launcher_that_cannot_start_is_told_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ValueError("When connecting to an existing cluster,\nnum_cpus and num_gpus must not be provided.")
    line = told(ConfigError, lambda: through(monkeypatch, own))
    assert line == (
        "hydra/launcher: found ray, which could not start (ValueError: When connecting to an existing cluster, num_cpus and "
        "num_gpus must not be provided.); accepted: hydra.launcher.* as it takes them here, or hydra/launcher=basic"
    )
    with pytest.raises(ValueError, match="When connecting"):
        through(monkeypatch, own, "basic")  # that one has nothing to start


@pytest.mark.parametrize("own", [ConfigError("a: found b; accepted: c"), ValueError("a fault of ours"), OSError("no space")])
def test_a_job_s_own_failure_comes_home_as_it_was(monkeypatch: pytest.MonkeyPatch, own: Exception) -> None:
    travelled = pickle.loads(pickle.dumps(multirun.JobError(own)))
    with pytest.raises(type(own), match=re.escape(str(own))):
        through(monkeypatch, travelled)


def test_a_lost_worker_is_no_mistake_of_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrokenExecutor):
        through(monkeypatch, BrokenExecutor("it died"), "joblib")
