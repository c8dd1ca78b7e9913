"""Under which assumptions a reform fails: a box over the unknown numbers, found by PRIM and by a tree (scenario discovery).

After Bryant and Lempert (2010). A draw fails where the reform saves less than it should, or costs more. What a draw shows is a
mean over few worlds, so a draw near the threshold may be on the wrong side: such draws are marked unsure. A box can always be
found, in noise too: a permutation test tells whether this one is better than chance, resampled draws tell whether it would be found
again, and how good it is on draws that did not choose it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.analysis.conditions import together, unsaid, where, with_condition
from experiments.analysis.failing import DiscoverySpec, Failing, FailureBox, failing_in, find, is_worth, unit_draws_of
from experiments.analysis.over_worlds import RANGE_TOLD, chance_told, ranged
from experiments.analysis.policies import no_comparison, paired_conditions, selected, silent, unpaired
from experiments.analysis.prim import EXTRA, PACKAGE, ParameterBox, Quality, is_installed, quality_of, quasi_p
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.spread import TAILS, left_out, share_limits
from experiments.design.designs import Uncertainty
from experiments.design.sampling import scaled, unit_of
from experiments.store.outcomes import Outcome, Study
from experiments.text import Row, counted, in_a_row, in_per_cent, low_to_high, number, spoken
from sim.arrays import Reals
from sim.world.record import ConfigError

_Known = Mapping[str, Uncertainty]
_NAME = "discovery"
_FEWEST = 2  # draws
_TWO = 2  # parameters that a plane has


def unsuited(study: Study) -> str | None:
    """Why no box can be looked for in this study; None if one can."""
    if not is_installed():
        return f"wants the package {PACKAGE} ({EXTRA})"
    return no_comparison(study)


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """The box of assumptions in which a policy fails.

    Raises ``ConfigError`` without the EMA workbench, or for a policy that the design does not have.
    """
    if reason := no_comparison(study):
        raise ConfigError(f"store: found {study.name!r}, which does not suit {_NAME}: it {reason}; accepted: another store")
    spec = spec_from(_NAME, DiscoverySpec, study.asked)
    every = [_looked_at(study, outcome, condition, spec) for condition in paired_conditions(study)]
    told = [one for one in every if one.tables]
    if not told:
        few = unsaid([one for one in every if one.few])
        return silent(_NAME, every[0].heading, every[0].question, outcome, ("condition", "parameter", "low", "high", "says"), few)
    return _put_together(told, [*unsaid([one for one in every if not one.tables]), *unpaired(study)])


def _put_together(told: Sequence[Looked], sure: Sequence[str]) -> Analysis:
    """What is found under all conditions as one analysis; ``sure`` are sentences that hold whatever the condition."""
    return Analysis(
        name=_NAME,
        heading=in_a_row(list(dict.fromkeys(one.heading for one in told))),
        question=" ".join(dict.fromkeys(one.question for one in told)),
        answer=[said for one in told for said in where(one.condition, one.answer)],
        sure=[*dict.fromkeys(said for one in told for said in where(one.condition, one.sure)), *sure],
        tables={name: together(one.tables[name] for one in told) for name in told[0].tables},
        drawings=[drawing for one in told for drawing in one.drawings],
    )


class Looked(NamedTuple):
    """What is found under one condition; no tables where nothing can be said."""

    condition: str
    heading: str
    question: str
    answer: list[str]
    sure: list[str]
    tables: dict[str, pd.DataFrame]
    drawings: list[Drawing]
    few: list[str]  # that there are too few events


def _looked_at(study: Study, outcome: Outcome, condition: str, spec: DiscoverySpec) -> Looked:
    """The box under one condition."""
    known = {key: one for key, one in study.design.uncertainties.items() if key in study.points}
    failing = failing_in(study, outcome, spec, condition)
    heading = f"Where {spoken(failing.policy)} fails"
    question = f"Under which assumptions does {spoken(failing.policy)} {_failure(spec)}?"
    if len(failing.fails) < _FEWEST or failing.few:
        return Looked(condition, heading, question, [], [], {}, [], failing.few)
    x = unit_draws_of(failing.futures, known)
    found = _searched(x, failing, spec)
    told = found if found is not None and is_worth(found, spec) else None
    tables = {
        _NAME: limits_table(told, x, failing, known),
        "boxes": boxes_table(found, x, failing, known, spec),
        "trajectory": trajectory_table(found, x, failing),
        "draws": draws_table(told, x, failing, known),
    }
    return Looked(
        condition,
        heading,
        question,
        [_count(failing, spec), *(_none(found, failing, spec) if told is None else _box(told, x, failing, tables))],
        [*failing.unseen, *_sure(found, x, failing, spec)],
        {name: with_condition(table, condition, len(table.columns)) for name, table in tables.items()},
        [] if told is None else [_of_condition(one, condition) for one in _drawings(told, failing, tables, spec)],
        [],
    )


def _searched(x: Reals, failing: Failing, spec: DiscoverySpec) -> FailureBox | None:
    """The box that a search finds; None where too few draws fail, or too few do not."""
    enough = spec.fewest <= failing.fails.sum() <= len(failing.fails) - spec.fewest
    return find(x, failing.fails, spec) if enough else None


def _of_condition(drawing: Drawing, condition: str) -> Drawing:
    if not condition:
        return drawing
    titled = drawing.settings | {"title": f"{drawing.settings['title']} ({spoken(condition)})"}
    return drawing._replace(name=f"{drawing.name}_{condition}", settings=titled)


# --- tables ---------------------------------------------------------------------------------------------------------------


def limits_table(found: FailureBox | None, x: Reals, failing: Failing, known: _Known) -> pd.DataFrame:
    """``parameter, least, most, low, high, low_unit, high_unit, low_quasi_p, high_quasi_p, found_again, says``, a row a parameter.

    ``low`` and ``high`` are the ends of the box, no limits of an uncertain number; they are missing where the box does not
    restrict, or where values are words. ``_unit`` are the same in the range of the draws, 0 to 1, ``_quasi_p`` what each end is
    worth; ``found_again`` is the share of resampled draws that restrict the parameter. The narrowest come first.
    """
    box = ParameterBox(np.full(len(known), -np.inf), np.full(len(known), np.inf)) if found is None else found.box
    values, low, high = quasi_p(box, x, failing.fails), np.maximum(box.low, 0.0), np.minimum(box.high, 1.0)
    again = np.full(len(known), np.nan) if found is None else found.again.limited.any(2).mean(0)
    rows = []
    for k, (key, one) in enumerate(known.items()):
        least, most = ends_of(0.0, 1.0, one)
        inner = ends_of(low[k], high[k], one)
        rows.append(
            {
                "parameter": key,
                "least": _number(least),
                "most": _number(most),
                "low": _number(inner[0]) if np.isfinite(box.low[k]) else np.nan,
                "high": _number(inner[1]) if np.isfinite(box.high[k]) else np.nan,
                "low_unit": low[k],
                "high_unit": high[k],
                "low_quasi_p": values[k, 0],
                "high_quasi_p": values[k, 1],
                "found_again": again[k],
                "says": _says(box, k, one),
            }
        )
    table = pd.DataFrame(rows).assign(width=high - low)
    return table.sort_values("width", kind="stable", ignore_index=True).drop(columns="width")


def ends_of(low: float, high: float, known: Uncertainty) -> tuple[object, object]:
    """Least and greatest value between two limits in the unit cube; of whole numbers and lists those whose middle lies between.

    >>> ends_of(0.3, 1.0, Uncertainty(low=1, high=4, shape="whole")), ends_of(0.0, 0.25, Uncertainty(low=1, high=16, shape="log"))
    ((2, 4), (1.0, 2.0))
    """
    if known.values is None and known.shape != "whole":
        first, last = scaled(np.array([[low], [high]]), {"": known})[""]
        return float(first), float(last)
    every = known.values or list(range(int(known.low or 0), int(known.high or 0) + 1))
    held = [value for value in every if low <= unit_of(value, known) <= high] or every
    return held[0], held[-1]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan


def _says(box: ParameterBox, k: int, known: Uncertainty) -> str:
    """What a box says of a parameter; nothing if it does not restrict it."""
    ends = ends_of(max(box.low[k], 0.0), min(box.high[k], 1.0), known)
    low, high = (f"{value:.3g}" if isinstance(value, float) else str(value) for value in ends)
    if low == high:
        return low
    if np.isfinite([box.low[k], box.high[k]]).all():
        return f"{low} to {high}"
    return f"up to {high}" if np.isfinite(box.high[k]) else f"from {low} on" if np.isfinite(box.low[k]) else ""


def boxes_table(found: FailureBox | None, x: Reals, failing: Failing, known: _Known, spec: DiscoverySpec) -> pd.DataFrame:
    """``method, box, coverage, density, mass, phi, draws, chance, worth, says``: PRIM's box, then the tree's leaves."""
    rows: list[dict[str, object]] = []
    if found is not None:
        rows.append(_row("prim", 0, found.box, x, failing, known) | {"chance": found.chance, "worth": is_worth(found, spec)})
        rows += [_row("cart", place, leaf, x, failing, known) for place, leaf in enumerate(found.leaves)]
    columns = ["method", "box", *Quality._fields, "draws", "chance", "worth", "says"]
    return pd.DataFrame(rows, columns=columns).astype({"worth": "boolean"})


def _row(method: str, place: int, box: ParameterBox, x: Reals, failing: Failing, known: _Known) -> dict[str, object]:
    said = [f"{key} {_says(box, k, one)}" for k, (key, one) in enumerate(known.items()) if box.restricted[k]]
    quality = quality_of(box, x, failing.fails)._asdict()
    return {"method": method, "box": place, **quality, "draws": int(box.holds(x).sum()), "says": "; ".join(said) or "everything"}


def trajectory_table(found: FailureBox | None, x: Reals, failing: Failing) -> pd.DataFrame:
    """``step, draws, restricted, coverage, density, mass, phi, chosen``, a row a step of PRIM."""
    rows = [
        {
            "step": place,
            "draws": int(box.holds(x).sum()),
            "restricted": int(box.restricted.sum()),
            **quality_of(box, x, failing.fails)._asdict(),
            "chosen": found is not None and place == found.step,
        }
        for place, box in enumerate(found.steps if found is not None else [])
    ]
    return pd.DataFrame(rows, columns=["step", "draws", "restricted", *Quality._fields, "chosen"])


def draws_table(found: FailureBox | None, x: Reals, failing: Failing, known: _Known) -> pd.DataFrame:
    """``future, saved, lost, fails, worlds_failing, sure, inside`` and the parameters, a row a future, in per cent of its baseline.

    ``worlds_failing`` counts the worlds in which it fails by itself. No numbers on too few events of the draw.
    """
    inside = np.zeros(len(x), bool) if found is None else found.box.holds(x)
    own = {"saved": failing.saved, "lost": failing.lost, "fails": failing.fails, "worlds_failing": failing.worlds_failing}
    own |= {"sure": failing.sure, "inside": inside}
    return pd.concat([pd.DataFrame({"future": np.arange(len(x)), **own}), failing.futures[[*known]]], axis=1)


# --- what it says ---------------------------------------------------------------------------------------------------------


def _failure(spec: DiscoverySpec) -> str:
    words = f"save less than {spec.fails_below:g} %"
    return words if spec.costs_above is None else f"{words} or cost more than {spec.costs_above:g} % of cooperation"


def _count(failing: Failing, spec: DiscoverySpec) -> str:
    count, surely = int(failing.fails.sum()), int((failing.fails & failing.sure).sum())
    low, high = share_limits(count / len(failing.fails), len(failing.fails))
    told = (
        f"{spoken(failing.policy).capitalize()} fails in {count} of {counted(len(failing.fails), 'draw')} "
        f"(simulation error over draws {in_per_cent(low)} to {in_per_cent(high)}{_alone(failing)}): there it would "
        f"{_failure(spec)}."
    )
    return f"{told} {surely} of these failures lie further from the threshold than replicate noise reaches." if count else told


def _alone(failing: Failing) -> str:
    """In what share of the draws it fails in single worlds; nothing for one world."""
    low, high = (float(end) for end in failing.by_world)
    return "" if np.isnan(low) else f"; world by world in {in_per_cent(low)} to {in_per_cent(high)} of them"


def _none(found: FailureBox | None, failing: Failing, spec: DiscoverySpec) -> list[str]:
    """Why no box of assumptions is shown, as a list of sentences."""
    if found is None:
        which = "fail" if failing.fails.sum() < spec.fewest else "do not"
        return [f"There is no box of assumptions to tell: fewer than {counted(spec.fewest, 'draw')} {which}."]
    return [
        "No box of assumptions is worth reporting: in labels shuffled at random one as good turns up with a chance of "
        f"{number(found.chance, 2)} (worth reporting: up to {spec.chance:g}). Either none of these numbers decides, or noise "
        "hides it."
    ]


def _box(found: FailureBox, x: Reals, failing: Failing, tables: dict[str, pd.DataFrame]) -> list[str]:
    limits = tables[_NAME]
    narrow = limits[limits["says"] != ""].to_dict("records")
    outside = ~found.box.holds(x)
    coverage, density = 100 * np.nanpercentile(found.again.qualities[:, :2], (50.0, *TAILS), axis=0).T
    told = [
        f"It fails where {in_a_row([f'{row["parameter"]} is {row["says"]}' for row in narrow])}: "
        f"there {in_per_cent(found.quality.density)} of the draws fail, elsewhere "
        f"{in_per_cent(float(failing.fails[outside].mean()))}, and "
        f"{in_per_cent(found.quality.coverage)} of all failures lie there (phi {number(found.quality.phi, 2)}).",
        f"On draws that did not choose it, {number(density[0], 0)} % of those in such a box fail "
        f"({low_to_high(density[1], density[2], 0)} over resampled draws), and it holds {number(coverage[0], 0)} % of the failures "
        f"({low_to_high(coverage[1], coverage[2], 0)}).",
        "Restricted again in resampled draws: "
        f"{in_a_row([f'{row["parameter"]} in {in_per_cent(row["found_again"])}' for row in narrow])}. "
        f"In labels shuffled at random a box as good turns up with a chance of {number(found.chance, 2)}.",
    ]
    if found.leaves:
        inside = np.any([leaf.holds(x) for leaf in found.leaves], axis=0)
        leaves = "one leaf" if len(found.leaves) == 1 else f"{len(found.leaves)} leaves"
        told.append(
            f"A classification tree finds {leaves} in which most draws fail: "
            f"{in_per_cent(float(failing.fails[inside].mean()))} of their "
            f"draws do, {in_per_cent(float((inside & failing.fails).sum() / failing.fails.sum()))} of all failures (boxes.csv)."
        )
    return told


def _sure(found: FailureBox | None, x: Reals, failing: Failing, spec: DiscoverySpec) -> list[str]:
    told = [
        f"{counted(len(x), 'draw')}, each a mean over {counted(failing.worlds, 'world')}, paired with the baseline and "
        "in per cent of the baseline in the same draw. Replicate "
        f"noise: {counted(int((~failing.sure).sum()), 'draw')} lie so near the threshold that it may have put them on the wrong "
        "side.",
        "The box is about parameter uncertainty. Shares of draws are no probabilities: the ranges say what is held possible, not "
        "how likely it is. The threshold is a value judgement (analysis.discovery.fails_below).",
    ]
    row: Row = {name: column.item() for name, column in failing.shared.columns().items()}
    told.append(
        "What worlds do to all draws alike moves all of them against the threshold, and not their order: of what is saved, mean "
        f"over draws, in per cent {ranged(row)}. {chance_told(failing.worlds)} {RANGE_TOLD}"
    )
    if found is not None:
        told.append(
            f"A box can be found in noise too: {counted(spec.permutations, 'permutation')} of the labels tell its chance, "
            f"{counted(spec.resamples, 'bootstrap sample')} of the draws whether it is found again. Quasi-p values are no levels "
            "of significance, for the box was chosen to look well."
        )
        sure = failing.sure
        if failing.fails[sure].any() and not sure.all():
            own = quality_of(found.box, x[sure], failing.fails[sure])
            told.append(
                f"Without the draws near the threshold {in_per_cent(own.density)} of those in the box fail, and it holds "
                f"{in_per_cent(own.coverage)} of the failures."
            )
    if failing.among > 1:
        told.append(
            f"{spoken(failing.policy).capitalize()} was not chosen for its merits: of {failing.among} policies it is the one that "
            "fails in nearest to half of the draws, where a box is easiest to find (analysis.discovery.policy names another)."
        )
    if failing.bound:
        told.append(
            f"Of Sobol's scheme only rows drawn by themselves are looked at: {counted(failing.bound, 'row')} made of them "
            "by changing one number would be counted as independent draws."
        )
    told += [*filter(None, [left_out(failing.dropped)]), *selected(failing.undefined)]
    return told


# --- figures --------------------------------------------------------------------------------------------------------------


def _drawings(found: FailureBox, failing: Failing, tables: dict[str, pd.DataFrame], spec: DiscoverySpec) -> list[Drawing]:
    limits, draws = tables[_NAME], tables["draws"]
    counts = {"draws": len(draws), "failing": int(failing.fails.sum()), "worlds": failing.worlds, "runs": failing.runs}
    caption = f"{spoken(failing.policy).capitalize()} fails where it would {_failure(spec)}."
    title = f"Where {spoken(failing.policy)} fails"
    told = [
        Drawing(
            name="discovery_boxes",
            function="discovery_boxes",
            frame=limits.assign(coverage=found.quality.coverage, density=found.quality.density, **counts),
            caption=caption,
            alt=f"Limits of the box in which {spoken(failing.policy)} fails: {tables['boxes'].iloc[0]['says']}.",
            settings={"title": f"{title}: the box of assumptions"},
        )
    ]
    numeric = limits[limits["least"].notna()]
    held = numeric[numeric["says"] != ""]  # the narrowest first; then what resamples restrict most often
    rest = numeric[numeric["says"] == ""].sort_values("found_again", ascending=False, kind="stable")
    pair = [str(name) for name in (*held["parameter"], *rest["parameter"])][:_TWO]
    if len(pair) == _TWO:
        told.append(
            Drawing(
                name="discovery_plane",
                function="discovery_plane",
                frame=plane_frame(draws, limits, pair).assign(worlds=failing.worlds, runs=failing.runs),
                caption=caption,
                alt=f"Draws by {pair[0]} and {pair[1]}: failing ones are marked, most of them within the limits of the box.",
                settings={"title": f"{title}: the two most telling assumptions"},
            )
        )
    return told


def plane_frame(draws: pd.DataFrame, limits: pd.DataFrame, pair: Sequence[str]) -> pd.DataFrame:
    """``x, y, fails, sure, inside`` and, for both axes, ``_parameter, _low, _high``, a row a draw.

    ``low`` and ``high`` are ends of the box, missing where it has none.
    """
    of = {str(row["parameter"]): row for row in limits.to_dict("records")}
    frame = draws[["fails", "sure", "inside"]].copy()
    for axis, key in zip("xy", pair, strict=True):
        frame[axis], frame[f"{axis}_parameter"] = draws[key].astype(float), key
        for end in ("low", "high"):
            frame[f"{axis}_{end}"] = float(of[key][end])
    return frame
