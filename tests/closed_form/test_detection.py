"""A reading is signal detection: refusal rates are tails of a normal, two looks are a bivariate normal (model.md 3 and 7.3)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.config import load
from sim.draws import Draws
from sim.review.discrimination import Discrimination
from sim.review.safeguard import in_check_order
from sim.world.docket import Docket
from sim.world.vocabulary import EMERGENCY, EXECUTED, FABRICATED, FORMAL, GROUPS, HONEST, PRESERVATION, RECHARACTERISED, REFUSED
from tests.worlds import Office, answered, bare_world, ended, events, files, made_up, office, started, with_conduct

FILES = 40_000
LEAST_P = 1e-4  # a right model fails one such test in ten thousand; seeds are fixed, so it fails always or never


def refused(docket: Docket) -> NDArray[np.bool_]:
    return docket.status == REFUSED


def agrees(hits: int, trials: int, share: float) -> None:
    assert stats.binomtest(hits, trials, share).pvalue > LEAST_P, (hits / trials, share)


def desk_with(bar: float, *grounds: str) -> Office:
    return office().applying(1.0, *(grounds or ("discrimination",))).numbered("desk", bar=bar).numbered("discrimination", shift=0.0)


@pytest.mark.parametrize("bar", [-0.5, 1.0, 2.5])
def test_one_look_refuses_legitimate_files_at_the_tail_beyond_its_bar(bar: float) -> None:
    place = desk_with(bar)
    cases, docket = files(place, FILES, abusive=False, conduct="fraud")
    answered(place, cases, docket)
    agrees(int(refused(docket).sum()), FILES, stats.norm.sf(bar))


@pytest.mark.parametrize(
    ("bar", "v", "skill", "covers"), [(2.5, 2.2, 1.0, 1.0), (1.0, 2.0, 0.5, 1.0), (2.0, 3.0, 0.8, 0.3), (1.0, 2.0, 0.0, 1.0)]
)
def test_one_look_refuses_abusive_files_at_the_tail_beyond_bar_less_signal(
    bar: float, v: float, skill: float, covers: float
) -> None:
    place = desk_with(bar)
    scope = np.full_like(place.reading.covers, covers)
    place = place.read(strength=np.full(4, v), skill=np.full(2, skill), covers=scope)
    cases, docket = files(place, FILES, abusive=True)
    answered(place, cases, docket)
    agrees(int(refused(docket).sum()), FILES, stats.norm.sf(bar - v * skill * covers))


def test_article_40_22_refuses_the_more_the_more_its_list_covers_a_group() -> None:
    """The tail beyond bar less motive times coverage, group by group: women by sex, lawyers and whistleblowers in part."""
    covers, bar, v = config_covers("discrimination"), 1.5, 1.6
    place = desk_with(bar)
    table = np.zeros_like(place.reading.covers)
    table[place.review.names.index("discrimination"), :-1] = covers
    place, shares = place.read(strength=np.full(4, v), covers=table), {}
    for group, scope in zip(GROUPS, covers, strict=True):
        cases, docket = files(place, FILES, abusive=True, group=group)
        answered(place, cases, docket)
        shares[group] = refused(docket).mean()
        agrees(int(refused(docket).sum()), FILES, stats.norm.sf(bar - v * scope))
    assert shares["woman"] > shares["journalist"] > shares["lawyer"] > shares["whistleblower"]
    assert shares["woman"] == shares["minority"], "one list, one coverage, one luck"


def config_covers(ground: str) -> list[float]:
    """Coverage of the groups by a ground as it is configured."""
    covers = load().safeguards[ground].covers  # type: ignore[attr-defined]
    return [covers[group] for group in GROUPS]


@pytest.mark.parametrize(("kind", "v"), [(HONEST, 2.4), (RECHARACTERISED, 1.2), (FABRICATED, 0.6)])
def test_each_framing_shows_the_motive_with_its_own_strength(kind: int, v: float) -> None:
    place = desk_with(1.5).read(strength=np.array([2.4, 1.2, 0.6, 0.0]))
    cases, docket = files(place, FILES, abusive=True, kind=kind)
    answered(place, cases, docket)
    agrees(int(refused(docket).sum()), FILES, stats.norm.sf(1.5 - v))


def test_a_true_ordinary_offence_shows_its_selective_motive_alone() -> None:
    place = desk_with(1.0).read(strength=np.array([9.0, 9.0, 9.0, 0.5]))
    cases, docket = files(place, FILES, abusive=True, conduct="fraud")
    answered(place, cases, docket)
    agrees(int(refused(docket).sum()), FILES, stats.norm.sf(1.0 - 0.5))


def test_a_plausible_fabrication_shows_less() -> None:
    # v of a fabrication times (plausibility_from - plausibility): 1.0 * (1.6 - 0.9) = 0.7
    place = desk_with(1.0)
    place = place.read(plausible=np.full_like(place.reading.plausible, 0.9), strength=np.array([9.0, 9.0, 1.0, 9.0]))
    cases, docket = files(place, FILES, abusive=True, kind=FABRICATED, label="fraud", alleged="fraud")
    answered(place, cases, docket)
    agrees(int(refused(docket).sum()), FILES, stats.norm.sf(1.0 - 0.7))


@pytest.mark.parametrize(("visibility", "factor"), [(1.0, 1.0), (np.e, 1.25), (1e6, 2.0), (1e-6, 0.0)])
def test_motive_shows_more_for_the_visible_between_nothing_and_the_most(visibility: float, factor: float) -> None:
    # 1 + 0.25 * log visibility, within [0, 2]: the logarithm, for visibility is log-normal with median one
    place = desk_with(1.0).practised(visibility_slope=0.25, visibility_most=2.0).read(strength=np.full(4, 0.8))
    cases, docket = files(place, FILES, abusive=True, visibility=visibility)
    answered(place, cases, docket)
    agrees(int(refused(docket).sum()), FILES, stats.norm.sf(1.0 - 0.8 * factor))


@pytest.mark.parametrize("added", [-0.7, 0.4])
def test_what_stands_between_two_states_moves_every_bar_by_as_much(added: float) -> None:
    place = desk_with(1.0).applying(1.0, "judge").numbered("judge", bar=9.0).read(pair_bar=np.full((2, 2), added))
    cases, docket = files(place, FILES, abusive=False, conduct="fraud")
    answered(place, cases, docket)
    agrees(int(refused(docket).sum()), FILES, stats.norm.sf(1.0 + added))


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("abusive", [False, True])
def test_two_looks_are_a_bivariate_normal_with_correlation_rho(rho: float, abusive: bool) -> None:
    c_desk, c_judge, v, judicial = 1.0, 1.2, 1.3, 0.6
    place = desk_with(c_desk, "discrimination", "judge").numbered("judge", bar=c_judge, narrow_margin=0.0)
    place = place.read(strength=np.full(4, v), judicial=np.full(2, judicial))
    place = place.practised(shared_noise=np.sqrt(rho), own_noise=np.sqrt(1 - rho))
    cases, docket = files(place, FILES, abusive=abusive, conduct="insult" if abusive else "fraud")
    answered(place, cases, docket)
    shift = v if abusive else 0.0
    bars = np.array([c_desk - shift, c_judge - shift * judicial])
    passes = stats.multivariate_normal(mean=[0, 0], cov=[[1, rho], [rho, 1]]).cdf(bars)
    expected = FILES * np.array([stats.norm.sf(bars[0]), stats.norm.cdf(bars[0]) - passes, passes])
    by_desk = docket.grounds == place.bit("discrimination")
    by_judge = docket.grounds == place.bit("judge")
    seen = np.array([by_desk.sum(), by_judge.sum(), (docket.status == EXECUTED).sum()])
    assert seen.sum() == FILES
    assert stats.chisquare(seen, expected).pvalue > LEAST_P, (seen, expected)


def test_two_grounds_at_one_reading_share_their_luck() -> None:
    """Whoever the higher bar stops, the lower bar stops: there is one suspicion, not two."""
    place = desk_with(1.0, "discrimination", "ordre_public").numbered("ordre_public", shift=0.5)
    cases, docket = files(place, FILES, abusive=True)
    answered(place, cases, docket)
    low, high = (docket.grounds & place.bit(name) > 0 for name in ("discrimination", "ordre_public"))
    assert high.sum() > 1000 < (low & ~high).sum()
    assert not (high & ~low).any()


def test_the_same_desk_reads_the_same_case_alike_and_another_desk_anew() -> None:
    """With rho = 0 two desks of equal bar agree only by chance: share p * p + (1 - p) * (1 - p)."""
    place = desk_with(0.0).practised(shared_noise=0.0, own_noise=1.0)
    first, again, elsewhere = (files(place, FILES, conduct="fraud", requested=j) for j in (0, 0, 1))
    for cases, docket in (first, again, elsewhere):
        answered(place, cases, docket)
    assert np.array_equal(refused(first[1]), refused(again[1]))
    agrees(int((refused(first[1]) == refused(elsewhere[1])).sum()), FILES, 0.5)


@pytest.mark.parametrize(("channel", "effort"), [(FORMAL, 1.0), (EMERGENCY, 0.25), (PRESERVATION, 0.16)])
def test_effort_enters_as_a_square_root(channel: int, effort: float) -> None:
    place = desk_with(1.0).practised(preservation_effort=0.16).read(strength=np.full(4, 2.0), urgent_effort=np.full((2, 2), 0.25))
    cases, docket = files(
        place, FILES, abusive=True, channel=FORMAL if channel == PRESERVATION else channel, preserved=channel == PRESERVATION
    )
    answered(place, cases, docket)
    rows = docket.channel == channel
    agrees(int(refused(docket)[rows].sum()), FILES, stats.norm.sf(1.0 - 2.0 * np.sqrt(effort)))


@pytest.mark.parametrize(
    ("load", "power", "floor", "effort"), [(16.0, 0.5, 0.0, 0.25), (16.0, 0.5, 0.36, 0.36), (0.5, 0.5, 0.0, 1.0)]
)
def test_load_lowers_effort_by_its_power_down_to_a_floor(load: float, power: float, floor: float, effort: float) -> None:
    hours = 1e6  # enough for all of them in one month, so that effort alone is at work
    place = desk_with(1.0).read(strength=np.full(4, 2.0))
    place = place.practised(effort_power=power, effort_floor=floor, expected_hours=1.0, comfortable_months=FILES / (hours * load))
    cases, docket = files(place, FILES, abusive=True)
    queue = answered(place, cases, docket, loaded=True, capacity=hours)
    assert queue.effort[0].max() == 1.0  # of the state that nobody asks
    assert queue.effort[0, 0] == pytest.approx(effort)
    agrees(int(refused(docket).sum()), FILES, stats.norm.sf(1.0 - 2.0 * np.sqrt(effort)))


def test_lower_skill_and_less_effort_never_change_the_luck_of_a_file() -> None:
    """A sharper reader of abusive files refuses all that a duller one refuses: the accident of reading is the same."""
    stopped = []
    for skill in (0.2, 0.6, 1.0):
        place = desk_with(1.5).read(skill=np.full(2, skill))
        cases, docket = files(place, 5000, abusive=True)
        answered(place, cases, docket)
        stopped.append(refused(docket))
    assert stopped[0].sum() < stopped[1].sum() < stopped[2].sum()
    assert not (stopped[0] & ~stopped[1]).any()
    assert not (stopped[1] & ~stopped[2]).any()


def test_splitting_a_ground_in_two_changes_no_event() -> None:
    """A second record with the same rule, cover and bar at the same reading brings no information (both always applied)."""
    config = made_up("review.load=false")
    ground = config.safeguards["discrimination"].model_copy(update={"certain": True, "hours": 0.0})
    assert isinstance(ground, Discrimination)
    one = {**config.safeguards, "discrimination": ground}
    two = {**one, "discrimination_again": ground.model_copy(update={"order": ground.order + 1})}
    runs = []
    for safeguards in (one, two):
        texts = {
            name: text.model_copy(
                update={
                    "safeguards": {
                        **text.safeguards,
                        **dict.fromkeys(set(safeguards) - set(config.safeguards) | {"discrimination"}, "must"),
                    },
                    "stops_preservation": dict.fromkeys(set(safeguards) - set(config.safeguards) | {"discrimination"}, True),
                }
            )
            for name, text in config.instruments.items()
        }
        changed = with_conduct(config.model_copy(update={"safeguards": safeguards, "instruments": texts}), file_everything=True)
        world = runs[0].world if runs else bare_world(changed)
        runs.append(ended(started(changed, world, seed=3)))
    whole, split = (events(run) for run in runs)
    stopped = whole["grounds"].astype(bool)
    assert stopped.sum() > 200
    places = [np.uint64(in_check_order(two).index(name)) for name in ("discrimination", "discrimination_again")]
    once, again = ((split["grounds"].to_numpy() >> place) & np.uint64(1) for place in places)
    assert once.any()
    assert np.array_equal(once, again), "the two halves stand or fall together"
    same = [name for name in whole.columns if name not in ("grounds", "reason", "narrowed")]
    assert whole[same].equals(split[same])
    names = [tuple(sorted(made, key=lambda n: (made[n].order, n))) for made in (one, two)]
    named = [np.array([*order, ""])[frame["reason"]] for order, frame in zip(names, (whole, split), strict=True)]
    assert np.array_equal(*named)


def test_dossier_luck_is_nature_s_and_standard_normal_in_latent_cases() -> None:
    config = made_up("demand.legitimate=400")
    run = started(config, bare_world(config), seed=5)
    assert stats.kstest(run.cases.dossier, "norm").pvalue > LEAST_P
    assert np.array_equal(run.cases.dossier, Draws(5).normal("dossier", run.cases.id))
