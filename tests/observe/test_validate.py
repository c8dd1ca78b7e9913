"""The table of patterns: verdicts by worlds, flags by what passes without its mechanism, and the line that sums up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

import sim.posterior
from experiments.analysis.orders import KeptOrders, kept_orders, refuse_strange_orders, said_of_orders
from experiments.analysis.record import spec_from
from experiments.analysis.validate import (
    BLIND,
    DRAWN,
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
    channels_of,
    fit_line,
    misses,
    of_arms,
    pattern_table,
    placed,
    score,
    score_line,
)
from experiments.execution.plan import Plan
from experiments.execution.session import Ran, run_plan
from experiments.settings import conduct_of_study
from experiments.store.reader import StoredStudy
from experiments.studies.validate import fitted_in, main, validation_arms
from sim.observe.patterns import Observable, Pattern
from sim.posterior import ROWS
from sim.world.record import ConfigError

SPEC = ValidateSpec(in_from=0.9, out_to=0.1, blind_from=0.5, draws=0, orders={}, orders_from=0.95)
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


def test_what_was_fitted_is_marked_and_a_posterior_within_tolerance_there_is_said_to_confirm_the_fit() -> None:
    default, draws = frame(x=[1.0] * 4, y=[1.0] * 4), frame(x=[1.0], y=[1.0])
    patterns = {"P1": pattern(x=observable(), y=observable())}
    told = pattern_table(patterns, {"default": default, "posterior": draws}, None, SPEC, ["P1.y"])
    assert told["fitted"].tolist() == [False, True]
    (line,) = fit_line(told)
    assert line == "The posterior was fitted to P1.y: in tolerance there, it confirms the fit and no more."
    assert fit_line(pattern_table(patterns, {"default": default, "prior": draws}, None, SPEC, ["P1.y"])) == [], "no posterior"
    assert fit_line(pattern_table(patterns, {"default": default, "posterior": draws}, None, SPEC)) == [], "nothing fitted"


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
    assert channels_of(patterns) == {"as configured": [], "c=3": ["c=3"]}
    unseen = pattern(x=observable(flag="not_computable", switch_off=...)).model_copy(update={"under": ["d=4"]})
    assert channels_of(patterns | {"P3": unseen}) == channels_of(patterns), "nothing is drawn where nothing is computable"


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
    ("analysis.validate.draws=-1", "analysis.validate.draws: found -1; accepted: greater than or equal to 0"),
    ("+analysis.validate.bank=bank", "analysis.validate.bank: no such key; accepted: in_from, out_to, blind_from, draws, orders"),
]


@pytest.mark.parametrize(("override", "words"), MISTAKES)
def test_a_mistake_is_one_line_that_says_where_and_what_is_accepted(override: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        spec_from("validate", ValidateSpec, conduct_of_study(override))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_pattern_of_the_list_is_there_and_no_other() -> None:
    assert list(conduct_of_study().patterns) == [f"P{number}" for number in range(1, 18)]


@pytest.mark.slow
def test_a_validation_runs_judges_draws_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = main(*TINY, f"output={tmp_path}", "analysis.validate.draws=0")
    names = {path.name for path in written.iterdir()}
    assert {"patterns.csv", "observed.parquet", "patterns.png", "report.html", "summary.md", "manifest.json"} <= names
    told = pd.read_csv(written / "patterns.csv")
    assert set(told["pattern"]) == set(conduct_of_study().patterns)
    assert told["off_share_in"].notna().any()
    assert (told["worlds"] <= 2).all()
    assert not told.loc[told["flag"] != TEST, "counts"].any()
    assert "tests in tolerance" in capsys.readouterr().out
    assert json.loads((written / "manifest.json").read_text())["scenarios"].keys() == {"no_treaty"}


@pytest.fixture
def made_up_posterior(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty rows of two numbers: what a validation does with a posterior rests on none that is shipped."""
    folder, rows = tmp_path_factory.mktemp("posterior"), np.arange(20) / 20
    columns = {"safeguards.desk.bar": 2.5 + rows, "review.lapse_per_year": 0.3 + 0.2 * rows}
    pq.write_table(pa.table(columns), folder / ROWS)
    monkeypatch.setattr(sim.posterior, "posterior_place", lambda: folder)


def validated(folder: Path, *more: str) -> pd.DataFrame:
    """The table of a tiny validation, by observable."""
    return pd.read_csv(main(*TINY, f"output={folder}", *more) / "patterns.csv").set_index(["pattern", "observable"])


def stores_of(folder: Path) -> dict[str, StoredStudy]:
    """The two stores of a validation, by what stands before the digest."""
    return {path.name.rpartition("-")[0]: StoredStudy(path) for path in (folder / "stores").iterdir()}


@pytest.mark.usefixtures("made_up_posterior")
def test_draws_fill_the_columns_of_their_source_and_change_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, drawn = (validated(tmp_path, f"analysis.validate.draws={draws}") for draws in (0, 3))
    of_draws = [f"{source}_{what}" for source in DRAWN for what in ("value", "low", "high", "draws", "share_in")]
    pd.testing.assert_frame_equal(plain.drop(columns=of_draws), drawn.drop(columns=of_draws))
    assert plain["prior_value"].isna().all()
    store = stores_of(tmp_path)["validate-draws"]
    rows = store.observed().merge(store.points[["point", "scenario"]], on="point")
    for source in DRAWN:
        own = rows[(rows["scenario"] == f"{source}, as configured") & (rows["observable"] == "register_refused")]["value"]
        assert own.nunique() == 3, "each world is a draw"
        refused = drawn.loc[("P7", "register_refused")]
        assert refused[f"{source}_draws"] == 3
        assert refused[f"{source}_value"] == pytest.approx(own.median(), rel=1e-5)
        panel = rows["scenario"].str.startswith(f"{source}, +instruments") & (rows["observable"] == "panel_refused_on_rights")
        known = rows[panel]["value"].dropna()
        assert drawn.loc[("P11", "panel_refused_on_rights"), f"{source}_draws"] == len(known) > 0
    assert (drawn["prior_value"] != drawn["posterior_value"]).any(), "each source is its own"
    said = capsys.readouterr().out
    for source in DRAWN:
        assert f"Of 3 draws of the {source} " in said


@pytest.mark.slow
@pytest.mark.usefixtures("made_up_posterior")
def test_the_same_command_runs_nothing_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    validated(tmp_path, "analysis.validate.draws=2")
    capsys.readouterr()
    validated(tmp_path, "analysis.validate.draws=2")
    assert capsys.readouterr().out.count("all there already") == 2
    validated(tmp_path, "analysis.validate.draws=3")
    points = len(stores_of(tmp_path)["validate-draws"].points)
    assert f"{points} runs in" in capsys.readouterr().out, "one world more in the same store"


@pytest.mark.usefixtures("made_up_posterior")
def test_an_interrupt_among_the_draws_says_where_both_stores_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(plan: Plan, console: Console) -> Ran:
        if plan.folder.name.startswith("validate-draws"):
            raise KeyboardInterrupt
        return run_plan(plan, console)

    monkeypatch.setattr("experiments.studies.validate.run_plan", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        main(*TINY, f"output={tmp_path}", "analysis.validate.draws=2")
    draws, kept = caught.value.__notes__
    assert "validate-draws-" in draws
    (store,) = (tmp_path / "stores").iterdir()
    assert str(store) in kept
    assert StoredStudy(store).coverage.whole == [1, 2]
    assert not list((tmp_path / "validate").glob("*"))


@pytest.mark.usefixtures("made_up_posterior")
def test_draws_of_a_named_store_are_kept_beside_it(tmp_path: Path) -> None:
    validated(tmp_path, "analysis.validate.draws=2", f"store={tmp_path}/mine/")
    assert {path.name for path in tmp_path.iterdir() if path.name != "validate"} == {"mine", "mine-draws"}


@pytest.mark.usefixtures("made_up_posterior")
def test_the_page_says_which_observables_were_fitted_and_what_the_posterior_is_worth_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("experiments.studies.validate.fitted_in", lambda asked: ["P7.register_refused"])
    written = main(*TINY, f"output={tmp_path}", "analysis.validate.draws=2")
    told = pd.read_csv(written / "patterns.csv")
    assert [*told[told["fitted"]]["observable"]] == ["register_refused"]
    assert {*pd.read_parquet(written / "draws.parquet")["source"]} == {*DRAWN}
    page, said = (written / "summary.md").read_text(), capsys.readouterr().out
    for text in (page, said):
        assert "fitted to P7.register_refused: in tolerance there, it confirms the fit and no more" in text
        assert "Of 2 draws of the prior" in text
    assert "prior: median [5 to 95 %], in tolerance" in page


@pytest.mark.parametrize("override", ["parameters=prior", "parameters=default", "parameters.draw=prior"])
def test_the_source_of_parameters_is_the_studys_own(override: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^parameters: found '\w+' in validate; accepted: nothing, for this study runs default, prior"
    ):
        validation_arms([override])


def test_the_list_of_fitted_observables_is_that_of_the_calibration() -> None:
    asked = conduct_of_study()
    wanted = asked.model_copy(update={"analysis": {"calibrate": {"observables": ["P7.register_refused"]}}})
    assert fitted_in(wanted) == ["P7.register_refused"]
    assert "P11.panel_refused_on_rights" not in fitted_in(asked)
    names = {f"{key}.{name}" for key, one in asked.patterns.items() for name in one.observables}
    assert {"P7.register_refused"} < {*fitted_in(asked)} < names


# --- orders that draws keep ---------------------------------------------------------------------------------------------------


def orders(draws: dict[str, list[float]], **of: str) -> list[KeptOrders]:
    above = observable(kind="order", low=0.0, high=...)
    patterns = {"P1": pattern(**dict.fromkeys(draws, above))}
    spec = SPEC.model_copy(update={"orders": of})
    return kept_orders(patterns, {"prior": frame(**draws)}, spec)


def test_the_share_of_draws_that_keep_all_orders_is_of_draws_and_not_of_orders() -> None:
    (kept,) = orders({"x": [1.0, 1.0, -1.0, 1.0], "y": [1.0, 1.0, 1.0, 0.0]}, A="P1.x", B="P1.y")
    assert kept == KeptOrders("prior", 4, {"A": 0.75, "B": 0.75}, 0.5)


def test_a_draw_without_a_value_keeps_no_order() -> None:
    (kept,) = orders({"x": [1.0, np.nan], "y": [1.0, 1.0]}, A="P1.x")
    assert kept == KeptOrders("prior", 2, {"A": 0.5}, 0.5)


def test_no_order_asked_for_is_none_told() -> None:
    assert orders({"x": [1.0]}) == []


def test_fewer_than_wanted_are_said_to_speak_against_the_source() -> None:
    few, enough = (said_of_orders(KeptOrders("prior", 100, {"A": share}, share), SPEC) for share in (0.94, 0.95))
    assert few.endswith("fewer, which speaks against the prior and not against the model.")
    assert "fewer" not in enough


def test_an_order_that_is_no_observable_is_refused_by_name() -> None:
    spec = SPEC.model_copy(update={"orders": {"P7": "P7.register_refsed"}})
    with pytest.raises(
        ConfigError,
        match=r"^analysis\.validate\.orders\.P7: found 'P7\.register_refsed'; accepted: .*did you mean 'P7\.register_re",
    ):
        refuse_strange_orders(conduct_of_study().patterns, spec)


def test_the_shipped_orders_are_observables() -> None:
    asked = conduct_of_study()
    refuse_strange_orders(asked.patterns, spec_from("validate", ValidateSpec, asked))
