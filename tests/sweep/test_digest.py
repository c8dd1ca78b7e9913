"""A store's name ends in a digest of whatever decides a run, and of nothing that says how many there are or how they are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.design.arms import arm_runs_of
from experiments.design.comparisons import Arm
from experiments.execution import comparison
from experiments.execution.plan import Plan
from experiments.settings import StudyConfig, asked_by
from experiments.store import identity
from experiments.studies import adaptation, compare, run, sweep
from experiments.studies import replication as study
from tests.shares import some_fast
from tests.sweep.small import LEVERS, TINY, design

DRAWN = "question: what if\nuncertainties: {review.rho: {low: 0.1, high: 0.9}}\ndraw: latin_hypercube\nsize: 4\n"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def of_sweep(*words: str, text: str = LEVERS) -> Plan:
    design(Path(), text)
    return sweep.sweep_plan([*TINY, "design=own.yaml", *words])


def of_run(*words: str) -> Plan:
    config, asked = asked_by(*TINY, *words)
    return study.replication_plan("run", run.__doc__ or "", [config], asked, words)


def of_arms(chosen: tuple[list[Arm], StudyConfig], name: str, words: tuple[str, ...]) -> Plan:
    entries = arm_runs_of(chosen[0])
    asked = compare.compared_design(*chosen) if name == "compare" else adaptation.adaptation_design(entries)
    return comparison.comparison_plan(entries, chosen[1], asked, name, " ".join(words), 0.0)


def of_compare(*words: str) -> Plan:
    chosen = () if any(word.startswith("scenarios=") for word in words) else ("scenarios=[judge]",)
    return of_arms(compare.compared_arms([*TINY, *chosen, *words]), "compare", words)


def of_adaptation(*words: str) -> Plan:
    return of_arms(adaptation.adaptation_arms([*TINY, "scenarios=[judge]", *words]), "adaptation", words)


STUDIES: dict[str, Callable[..., Plan]] = {
    "sweep": of_sweep, "run": of_run, "compare": of_compare, "adaptation": of_adaptation,
}  # fmt: skip
SAME = ["seeds=3", "replicates=4", "workers=2", "outcome=legit_met_rate", "figures.forest.dpi=90", "analysis.frontier.often=0.8",
        "engine=ray", "case=3", "most_seeds=400", "mix=true"]  # fmt: skip
OTHER = ["review.rho=0.3", "years=2", "metrics.fewest_events=3", "keep_requests=true", "people.rows=400", "conduct.attempts=2",
         "seed=7"]  # fmt: skip
"""The first world's seed is of a configuration, and so of its digest: a study that begins elsewhere has a store of its own."""
EACH = pytest.mark.parametrize("name", some_fast(list(STUDIES), ["compare"]))


def digest(plan: Plan) -> str:
    name, _, letters = plan.folder.name.rpartition("-")
    assert name in (*STUDIES, "own")
    assert len(letters) == 12
    assert set(letters) <= set("0123456789abcdef")
    return letters


def asked(name: str, *words: str) -> Plan:
    """Of words that repeat one of ours, the later holds."""
    ours = {word.partition("=")[0] for word in words}
    plain = [word for word in TINY if word.partition("=")[0] in ours]
    if not plain:
        return STUDIES[name](*words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{__name__}.TINY", tuple(word for word in TINY if word not in plain))
        return STUDIES[name](*words)


@EACH
def test_how_many_runs_there_are_and_how_they_are_made_and_told_does_not_change_the_store(name: str) -> None:
    plain = asked(name)
    assert {word: digest(asked(name, word)) for word in SAME} == dict.fromkeys(SAME, digest(plain))
    elsewhere = asked(name, "output=there")
    assert (elsewhere.folder.name, elsewhere.folder.parent) == (plain.folder.name, Path("there/stores"))


@EACH
def test_whatever_decides_a_run_or_what_is_kept_of_it_changes_the_store(name: str) -> None:
    found = {word: digest(asked(name, word)) for word in OTHER} | {"": digest(asked(name))}
    assert len(set(found.values())) == len(found), found


def test_until_asks_for_more_of_the_same_store() -> None:
    assert digest(of_compare("until=0.01")) == digest(of_compare()) == digest(of_compare("until=0.5", "seeds=20"))


def test_other_scenarios_and_another_baseline_are_another_store() -> None:
    plans = [
        of_compare(),
        of_compare("baseline=notice"),
        of_arms(compare.compared_arms([*TINY, "scenarios=[notice]"]), "compare", ()),
    ]
    assert len({digest(plan) for plan in plans}) == len(plans)


SAME_DESIGN = {
    "another question": DRAWN.replace("what if", "and what then"),
    "more draws": DRAWN.replace("size: 4", "size: 8"),
    "worlds and replicates of its own": f"{DRAWN}seeds: 5\nreplicates: 3\n",
    "what is the default": f"{DRAWN}keep: []\n",
}
OTHER_DESIGN = {
    "other bounds": DRAWN.replace("0.9", "0.8"),
    "another draw": DRAWN.replace("latin_hypercube", "sobol"),
    "a further table": f"{DRAWN}keep: [given]\n",
    "two further tables": f"{DRAWN}keep: [given, views]\n",
    "an outcome alone": f"{DRAWN}outcomes: [legit_met_rate]\n",
    "a way to slice alone": f"{DRAWN}slices: [all]\n",
    "a constant": f"{DRAWN}constants: [review.misuse_chance=0.001]\n",
    "another seed of its draws": f"{DRAWN}draw_seed: 2\n",
    "another baseline": f"{DRAWN}baseline: judge\n",
}


def test_a_design_s_sizes_and_question_do_not_change_its_store_and_whatever_else_it_says_does() -> None:
    plain = digest(of_sweep(text=DRAWN))
    assert {what: digest(of_sweep(text=text)) for what, text in SAME_DESIGN.items()} == dict.fromkeys(SAME_DESIGN, plain)
    assert digest(of_sweep("size=8", text=DRAWN)) == plain
    other = {what: digest(of_sweep(text=text)) for what, text in OTHER_DESIGN.items()} | {"": plain}
    assert len(set(other.values())) == len(other), other


def test_other_code_other_tables_and_other_packages_are_another_store(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = digest(of_sweep())
    versions = identity.package_versions()
    with monkeypatch.context() as patch:
        patch.setattr(identity, "package_versions", lambda: versions | {"pyarrow": "0.0.1"})
        assert digest(of_sweep()) == plain, "a package that decides no number"
        patch.setattr(identity, "package_versions", lambda: versions | {"numpy": "0.0.1"})
        assert digest(of_sweep()) != plain
    with monkeypatch.context() as patch:
        patch.setattr(identity, "code_fingerprint", lambda: "0therc0de")
        assert digest(of_sweep()) != plain
    with monkeypatch.context() as patch:
        patch.setattr(identity, "commit", lambda: "0" * 40)
        assert digest(of_sweep()) == plain, "a commit that changes no code is none"


def test_a_store_that_is_named_is_the_one_that_is_named() -> None:
    for name, plan in STUDIES.items():
        assert plan("store=mine").folder == Path("results/stores/mine"), name
        assert plan("store=./mine", "output=there").folder == Path("mine"), name
