"""Mesa's door: a shell that shows the run and changes nothing in it."""

import gc
import logging
import subprocess
import sys
import weakref
from pathlib import Path

import mesa
import numpy as np
import pandas as pd
import pytest

from sim.config import load
from sim.model import AGENT_REPORTERS, MODEL_REPORTERS, EvidenceModel, StateAgent
from sim.month import advance
from sim.result import Result
from sim.settings import Config
from sim.simulation import prepare, simulate
from sim.world.record import RogatoryError

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("people.rows=1000", "demand.legitimate=200", "years=1")
SEED = 5
FRAMES = ("metrics", "requests", "cases", "people", "monthly")


@pytest.fixture(scope="module")
def config() -> Config:
    return load(*SMALL)


@pytest.fixture(scope="module")
def finished(config: Config) -> EvidenceModel:
    model = EvidenceModel(config, seed=SEED)
    model.run()
    return model


def same(a: Result, b: Result) -> bool:
    """Byte for byte: values, types, missing cells."""
    for frame in FRAMES:
        left, right = getattr(a, frame), getattr(b, frame)
        pd.testing.assert_frame_equal(left, right, check_exact=True)
        if left.to_csv().encode() != right.to_csv().encode():
            return False
    return a.manifest == b.manifest


def test_mesa_s_shell_returns_what_simulate_returns(config: Config, finished: EvidenceModel) -> None:
    assert same(finished.result(), simulate(config, seed=SEED))


def test_stepping_by_run_for_or_by_step_is_the_same(config: Config, finished: EvidenceModel) -> None:
    by_step, at_once = EvidenceModel(config, seed=SEED), EvidenceModel(config, seed=SEED)
    while by_step.running:
        by_step.step()
    at_once.run_for(config.months)
    assert same(by_step.result(), at_once.result())
    assert same(by_step.result(), finished.result())


def test_a_step_is_a_month(config: Config) -> None:
    model = EvidenceModel(config, seed=SEED)
    assert (model.time, model.month, str(model.date)) == (0.0, -24, "2024-12-31")
    model.step()
    assert (model.time, model.month) == (1.0, -23)
    model.run_for(23)
    assert (model.month, str(model.date)) == (0, "2027-01-01")
    assert model.running


def test_the_model_stops_after_the_last_month_and_nothing_happens_beyond(config: Config) -> None:
    model = EvidenceModel(config, seed=SEED)
    model.run_for(config.months - 1)
    assert model.running
    model.step()
    assert not model.running
    before = model.result()
    model.run_for(3)
    assert model.month == config.months - config.run_in_months
    assert same(before, model.result())
    assert same(before, model.run())


def test_an_unfinished_run_has_no_result(config: Config) -> None:
    model = EvidenceModel(config, seed=SEED)
    model.run_for(2)
    with pytest.raises(RogatoryError, match=r"^result: found a run after 2 of 60 months; accepted: a finished one"):
        model.result()


def test_mesa_s_words_for_a_seed_are_understood(config: Config) -> None:
    assert EvidenceModel(config, rng=SEED).progress.draws.seed == SEED
    assert EvidenceModel(config, rng=np.int64(SEED)).progress.draws.seed == SEED
    assert EvidenceModel(config, seed=SEED).progress.draws.seed == SEED
    assert EvidenceModel(config).progress.draws.seed == config.seed
    drawn = [EvidenceModel(config, rng=np.random.default_rng(3), world_seed=SEED).progress.draws.seed for _ in range(2)]
    assert drawn[0] == drawn[1]
    other = EvidenceModel(config, rng=np.random.SeedSequence(4), world_seed=SEED)
    assert other.progress.draws.seed not in drawn
    assert other.progress.world.seed == SEED
    with pytest.raises(ValueError, match="accepted: one of them"):
        EvidenceModel(config, seed=1, rng=1)


def test_without_a_configuration_the_texts_are_as_adopted() -> None:
    model = EvidenceModel(seed=SEED)
    assert model.progress.config == load()


def test_mesa_s_generators_decide_nothing(config: Config, finished: EvidenceModel) -> None:
    model = EvidenceModel(config, seed=SEED)
    while model.running:
        model.random.random()
        model.rng.random()
        model.step()
    assert same(model.result(), finished.result())


def test_a_state_is_a_view_of_its_row(finished: EvidenceModel) -> None:
    run = finished.progress
    states = run.world.states
    assert finished.agents.get("code") == list(states.codes)
    for agent in (finished.state("IRL"), finished.state("TUR")):
        assert agent.name == states.names[agent.row]
        assert agent.region == states.region[agent.row]
        assert agent.capacity_hours == run.world.capacity[agent.row]
        assert agent.waiting == run.queue.waiting[-1, agent.row]
        assert agent.parked == run.queue.parked[-1, agent.row]
        assert agent.backlog_hours == run.queue.backlog[-1, agent.row]
        assert agent.backlog_months == agent.backlog_hours / agent.capacity_hours
        assert agent.effort == run.queue.effort[-1, agent.row]
    own = {name for name in vars(finished.state("IRL")) if not name.startswith("_")}
    assert own == {"model", "unique_id", "pos", "row"}, "a view owns no data"
    with pytest.raises(RogatoryError, match="no state has the code 'XXX'"):
        finished.state("XXX")


def test_a_state_counts_what_the_frames_count(finished: EvidenceModel) -> None:
    rows = finished.result().requests
    rows = rows[rows["channel"].isin(["formal", "emergency"])]
    given = rows[rows["granted_class"].notna()]
    refused = rows[rows["status"] == "refused"]
    counts = {
        "requests_received": rows["requested"],
        "requests_made": rows["requester"],
        "disclosures": given["requested"],
        "disclosures_obtained": given["requester"],
        "abusive_disclosures": given.loc[given["abusive"], "requested"],
        "refusals": refused["requested"],
    }
    codes = finished.agents.get("code")
    for name, states in counts.items():
        wanted = states.value_counts().reindex(codes, fill_value=0).tolist()
        assert finished.agents.get(name) == wanted, name
        assert all(type(value) is int for value in finished.agents.get(name)), name
    assert finished.requests_filed == len(rows)
    assert finished.disclosures == len(given)
    assert finished.abusive_disclosures == int(given["abusive"].sum())
    assert finished.refusals == len(refused)


def test_what_is_settled_for_a_later_day_has_not_happened_yet(config: Config) -> None:
    model = EvidenceModel(config, seed=SEED)
    whole = simulate(config, seed=SEED).requests
    for months in (1, 12, 30):
        model.run_for(months - int(model.time))
        today = model.month * 30.4375
        formal = whole[(whole["channel"].isin(["formal", "emergency"])) & (whole["filed_day"] < today)]
        assert model.requests_filed == len(formal)
        assert model.disclosures == int((formal["granted_class"].notna() & (formal["executed_day"] < today)).sum())


def test_the_tools_of_an_agent_set_work(finished: EvidenceModel) -> None:
    assert len(finished.agents) == 193
    assert finished.agent_types == [StateAgent]
    regimes = finished.agents.groupby("regime").count()
    assert set(regimes) == {"closed_autocracy", "electoral_autocracy", "electoral_democracy", "liberal_democracy"}
    assert sum(regimes.values()) == 193
    assert finished.agents.agg("requests_received", sum) == finished.requests_filed
    finished.agents.do("step")
    finished.agents.shuffle_do("step")
    assert finished.agents.select(lambda state: state.waiting > 10**9).to_list() == []


def test_nothing_is_collected_unless_asked_for(config: Config) -> None:
    model = EvidenceModel(config, seed=SEED)
    model.run_for(2)
    assert model.datacollector is None
    assert model._tallied is None


def test_mesa_s_collector_works_as_its_users_expect(config: Config) -> None:
    model = EvidenceModel(config, seed=SEED)
    collector = model.collector(
        model_reporters={"month": "month", "backlog": "backlog_hours", "states": lambda m: len(m.agents)},
        agent_reporters={"code": "code", "waiting": "waiting", "hours": lambda state: state.capacity_hours},
    )
    assert isinstance(collector, mesa.DataCollector)
    assert model.datacollector is collector
    model.run_for(5)
    table = collector.get_model_vars_dataframe()
    assert table["month"].tolist() == list(range(-24, -18))
    assert table["states"].tolist() == [193] * 6
    assert table["backlog"].iloc[0] == 0
    assert table["backlog"].iloc[-1] == model.progress.queue.backlog[4].sum() > 0
    agents = collector.get_agent_vars_dataframe()
    assert agents.index.names == ["Step", "AgentID"]
    assert len(agents) == 6 * 193
    assert agents.loc[5.0, "waiting"].tolist() == model.progress.queue.waiting[4].tolist()


def test_the_usual_reporters_are_there_for_the_asking(config: Config) -> None:
    model = EvidenceModel(config, seed=SEED)
    collector = model.collector()
    model.run_for(2)
    assert tuple(collector.get_model_vars_dataframe().columns) == MODEL_REPORTERS
    assert tuple(collector.get_agent_vars_dataframe().columns) == AGENT_REPORTERS


def test_collecting_changes_nothing(config: Config, finished: EvidenceModel) -> None:
    model = EvidenceModel(config, seed=SEED)
    model.collector(model_reporters={"filed": "requests_filed"})
    assert same(model.run(), finished.result())
    filed = model.datacollector.get_model_vars_dataframe()["filed"]
    assert len(filed) == config.months + 1
    assert filed.is_monotonic_increasing
    assert filed.iloc[-1] == finished.requests_filed


def test_mesa_says_nothing(config: Config, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        EvidenceModel(config, seed=SEED).run_for(3)
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.name.startswith("MESA")]


def test_a_model_that_nobody_holds_is_forgotten(config: Config) -> None:
    model = EvidenceModel(config, seed=SEED)
    model.run_for(1)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_another_listener_hears_every_month(config: Config) -> None:
    model, heard = EvidenceModel(config, seed=SEED), []
    model.progress.listeners.append(lambda run: heard.append(run.month))
    model.run_for(4)
    assert heard == [1, 2, 3, 4]
    assert model.progress.month == 4
    bare = prepare(config, SEED)
    for _ in range(4):
        advance(bare)
    assert np.array_equal(bare.queue.waiting[:4], model.progress.queue.waiting[:4])


@pytest.mark.slow
@pytest.mark.parametrize("module", ["sim", "sim.simulation", "sim.config", "sim.result"])
def test_a_run_without_mesa_s_door_leaves_mesa_alone(module: str) -> None:
    program = f"import sys, {module}; sys.exit(sum(name.partition('.')[0] in ('mesa', 'matplotlib') for name in sys.modules))"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
