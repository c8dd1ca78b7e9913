"""The table of patterns: verdicts by worlds, flags by what passes without its mechanism, and the line that sums up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.validate import (
    BLIND,
    IN,
    INPUT,
    NONE,
    OUT,
    PARTLY,
    REJECTED,
    SHOWN,
    TEST,
    ValidateSpec,
    arm_name,
    arms_of,
    misses,
    of_arms,
    pattern_table,
    placed,
    score,
    score_line,
)
from experiments.settings import conduct_of_study
from experiments.store.reader import StoredStudy
from experiments.studies import sweep
from experiments.studies.validate import main
from sim.observe.patterns import Observable, Pattern
from sim.world.record import ConfigError

SPEC = ValidateSpec(in_from=0.9, out_to=0.1, blind_from=0.5, bank=None)
TINY = (
    *("states=synthetic", "states.synthetic.count=8", "people.rows=500", "demand.legitimate=60", "years=1", "calibration_months=6"),
    *("workers=1", "seeds=2", "replicates=1", "run_out_months=0", "run_in_months=6"),
)


def observable(**more: Any) -> Observable:
    plain: dict[str, Any] = {
        "said": "a number",
        "target": "1",
        "low": 0.5,
        "high": 1.5,
        "flag": TEST,
        "reason": "so",
        "switch_off": [],
    }
    return Observable(**{key: value for key, value in (plain | more).items() if value is not ...})


def pattern(**observables: Observable) -> Pattern:
    return Pattern(name="a pattern", source="s", about="a", teaches="It teaches.", observables=observables)


def frame(**values: list[float]) -> pd.DataFrame:
    rows = [(w, 0, "P1", name, value, 10) for name, held in values.items() for w, value in enumerate(held)]
    return pd.DataFrame(rows, columns=["world_seed", "replicate", "pattern", "observable", "value", "n"])


def table(found: pd.DataFrame, off: pd.DataFrame | None = None, **observables: Observable) -> pd.DataFrame:
    return pattern_table({"P1": pattern(**observables)}, {"default": found}, off, SPEC).set_index("observable")


def test_a_verdict_is_by_the_share_of_worlds_within_the_tolerance() -> None:
    names = ("all", "half", "nobody", "missing", "without")
    found = frame(all=[1.0] * 4, half=[1.0, 1.0, 2.0, 2.0], nobody=[2.0] * 4, missing=[np.nan] * 4, without=[1.0] * 4)
    told = {name: observable() for name in names} | {"without": observable(low=..., high=..., switch_off=...)}
    verdicts = table(found, **told)
    assert verdicts["verdict"].to_dict() == {"all": IN, "half": PARTLY, "nobody": OUT, "missing": NONE, "without": SHOWN}
    assert verdicts.loc["half", ["share_in", "value", "world_low", "world_high"]].tolist() == [0.5, 1.5, 1.0, 2.0]


def test_a_worlds_value_is_the_mean_over_its_replicates() -> None:
    two = pd.concat([frame(x=[0.0, 1.0]), frame(x=[2.0, 1.0]).assign(replicate=1)])
    assert table(two, x=observable()).loc["x", ["share_in", "world_low", "world_high"]].tolist() == [1.0, 1.0, 1.0]


def test_an_order_must_hold_strictly() -> None:
    order = observable(kind="order", low=0.0, high=...)
    assert not order.holds(0.0)
    assert order.holds(1e-9)
    assert observable(low=0.0).holds(0.0)
    assert not observable().holds(float("nan"))


def test_a_test_that_passes_with_its_mechanism_off_is_measured_to_be_blind_and_does_not_count() -> None:
    found, off = frame(sees=[1.0] * 4, blind=[1.0] * 4), frame(sees=[9.0, 9.0, 9.0, 1.0], blind=[1.0, 1.0, 9.0, 9.0])
    told = table(found, off, sees=observable(), blind=observable())
    assert told["flag"].to_dict() == {"sees": TEST, "blind": BLIND}
    assert told["counts"].to_dict() == {"sees": True, "blind": False}
    assert told["off_share_in"].to_dict() == {"sees": 0.25, "blind": 0.5}


def test_only_tests_count_in_the_line_and_a_pattern_is_in_if_all_of_its_are() -> None:
    given = observable(flag=INPUT, switch_off=...)
    refused = observable(rejected="because", low=5.0, high=6.0)
    found = frame(good=[1.0] * 4, bad=[9.0] * 4, given=[9.0] * 4, refused=[1.0] * 4)
    none = frame(good=[9.0] * 4, bad=[9.0] * 4, refused=[9.0] * 4)
    one = table(found, none, good=observable(), given=given, refused=refused).reset_index()
    assert score(one) == (1, 1)
    assert one.set_index("observable")["flag"].to_dict() == {"good": TEST, "given": INPUT, "refused": REJECTED}
    two = table(found, none, good=observable(), bad=observable()).reset_index()
    assert score(two) == (0, 1)
    assert score_line(two).startswith("0 of 1 tests in tolerance (1 of 2 observables).")
    (miss,) = misses(two)
    assert miss.startswith("P1, a number: 9 [9, 9], target 1; in tolerance in 0")
    assert miss.endswith("It teaches.")


def test_draws_of_parameters_have_columns_of_their_own_that_are_empty_until_there_are_any() -> None:
    default = frame(x=[1.0] * 4)
    assert np.isnan(table(default, x=observable()).loc["x", "prior_value"])
    draws = pd.concat([frame(x=[float(k)]).assign(point=f"draw {k}") for k in range(101)])
    told = pattern_table({"P1": pattern(x=observable())}, {"default": default, "prior": draws, "posterior": draws[:3]}, None, SPEC)
    row = told.iloc[0]
    assert row[["prior_low", "prior_value", "prior_high", "prior_draws"]].tolist() == [5.0, 50.0, 95.0, 101]
    assert row["posterior_draws"] == 3
    assert row["value"] == 1.0  # which draws do not move


def test_a_frame_without_a_column_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the frame has no column n"):
        table(frame(x=[1.0]).drop(columns="n"), x=observable())


def test_places_are_on_an_axis_on_which_the_tolerance_reaches_from_0_to_1() -> None:
    ratio = observable(kind="ratio", low=0.01, high=1.0)
    found = frame(x=[1.0] * 4, y=[0.1] * 4, z=[3.0] * 4, far=[99.0] * 4)
    told = table(found, x=observable(), y=ratio, z=observable(high=...), far=observable()).reset_index()
    rows = placed(told).set_index("observable")
    assert rows["at_value"].to_dict() == pytest.approx({"x": 0.5, "y": 0.5, "z": 1.0, "far": 2.0})
    assert rows.loc["z", ["bar_low", "bar_high"]].tolist() == [0.0, 2.0]


def test_arms_are_the_run_as_configured_and_every_mechanism_off_each_once() -> None:
    off = observable(switch_off=["a=1"])
    patterns = {"P1": pattern(x=off, y=off), "P2": pattern(z=observable(switch_off=["b=2"])).model_copy(update={"under": ["c=3"]})}
    assert list(arms_of(patterns)) == ["as configured", "a=1", "c=3", "c=3 b=2"]
    by_arm = {name: frame(x=[k], y=[k]) for k, name in enumerate(arms_of(patterns))}
    by_arm |= {name: part.assign(pattern="P2", observable="z") for name, part in by_arm.items() if name.startswith("c")}
    found, without = of_arms(patterns, by_arm)
    assert found[["observable", "value"]].to_numpy().tolist() == [["x", 0], ["y", 0], ["z", 2], ["z", 2]]
    assert without[["observable", "value"]].drop_duplicates().to_numpy().tolist() == [["x", 1], ["y", 1], ["z", 3]]
    assert arm_name(["c=3", "b=2"]) == "c=3 b=2"


MISTAKES = [
    (
        "patterns.P7.observables.register_refused.low=0.5",
        "patterns.P7.observables.register_refused.low: found 0.5, not below high 0.1",
    ),
    ("patterns.P7.observables.register_refused.flag=maybe", "patterns.P7.observables.register_refused.flag: found 'maybe'"),
    ("~patterns.P7.observables.register_refused.switch_off", "switch_off: found nothing beside flag test"),
    ("observe.bands=[0.5,0.25,0.7]", "observe.bands: found [0.5, 0.25, 0.7]; accepted: three numbers, each above the one before"),
    ("observe.firms.apple.share=0.9", "observe.firms: found shares (share) that add up to 1.29; accepted: at most 1"),
    ("analysis.validate.out_to=0.95", "out_to: found 0.95, not below in_from 0.9"),
]


@pytest.mark.parametrize(("override", "words"), MISTAKES)
def test_a_mistake_is_one_line_that_says_where_and_what_is_accepted(override: str, words: str) -> None:
    from experiments.analysis.record import spec_from

    with pytest.raises(ConfigError) as caught:
        spec_from("validate", ValidateSpec, conduct_of_study(override))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_pattern_of_the_list_is_there_and_no_other() -> None:
    assert list(conduct_of_study().patterns) == [f"P{number}" for number in range(1, 18)]


@pytest.mark.slow
def test_a_validation_runs_judges_draws_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = main(*TINY, f"output={tmp_path}")
    names = {path.name for path in written.iterdir()}
    assert {"patterns.csv", "observed.parquet", "patterns.png", "report.html", "summary.md", "manifest.json"} <= names
    told = pd.read_csv(written / "patterns.csv")
    assert set(told["pattern"]) == set(conduct_of_study().patterns)
    assert told["off_share_in"].notna().any()
    assert (told["worlds"] <= 2).all()
    assert not told.loc[told["flag"] != TEST, "counts"].any()
    assert "tests in tolerance" in capsys.readouterr().out
    assert json.loads((written / "manifest.json").read_text())["scenarios"].keys() == {"no_treaty"}


def bank(folder: Path, *keep: str, draw: str = "prior") -> str:
    """A store of four draws of a tiny world; its path."""
    design = folder / "bank.yaml"
    design.write_text(
        "question: what would be published?\nbaseline: no_treaty\nscenarios: [no_treaty]\n"
        f"constants: [parameters={draw}]\nkeep: [{', '.join(keep)}]\noutcomes: [legit_met_rate]\nslices: [all]\n"
    )
    tiny = [word for word in TINY if not word.startswith("seeds=")]
    sweep.main(f"design={design}", *tiny, "seeds=4", f"output={folder}", f"store={folder}/draws/")
    return f"{folder}/draws/"


def test_a_bank_fills_the_columns_of_the_prior_and_changes_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = bank(tmp_path, "observed")
    plain, drawn = (
        pd.read_csv(main(*TINY, f"output={tmp_path}", *more) / "patterns.csv").set_index("observable")
        for more in ((), (f"analysis.validate.bank={asked}",))
    )
    shared = [name for name in plain.columns if not name.startswith("prior_")]
    pd.testing.assert_frame_equal(plain[shared], drawn[shared])
    assert plain["prior_value"].isna().all()
    refused = drawn.loc["register_refused"]
    assert refused["prior_draws"] == 4
    rows = StoredStudy(Path(asked)).observed()
    values = rows[rows["observable"] == "register_refused"]["value"]
    assert values.nunique() == 4, "each world is a draw"
    assert refused["prior_value"] == pytest.approx(values.median(), rel=1e-5)
    capsys.readouterr()


def test_a_store_that_holds_nothing_published_is_no_bank(tmp_path: Path) -> None:
    asked = bank(tmp_path, "given")
    with pytest.raises(
        ConfigError, match=r"analysis\.validate\.bank: found .*draws, whose runs keep nothing that would be published"
    ):
        main(*TINY, f"output={tmp_path}", f"analysis.validate.bank={asked}")


def test_runs_that_draw_nothing_are_no_bank(tmp_path: Path) -> None:
    asked = bank(tmp_path, "observed", draw="default")
    with pytest.raises(ConfigError, match="whose runs are no draws of the prior under one configuration; accepted"):
        main(*TINY, f"output={tmp_path}", f"analysis.validate.bank={asked}")
