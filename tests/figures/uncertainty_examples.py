"""Frames of the figures of uncertainty and discovery, of the size and shape that a study gives."""

import numpy as np
import pandas as pd

POLICIES = ("as_adopted", "judge", "central_review_binding", "reform_bundle", "no_treaty")
DRAWS = 24


def regrets() -> pd.DataFrame:
    """No treaty loses cooperation far beyond the others."""
    rng = np.random.default_rng(1)
    rows = [
        (policy, score, draw, 4.0 * (place + 1) + rng.normal() + 60.0 * (policy == "no_treaty" and score == "cooperation"), 4, 480)
        for score in ("protection", "cooperation", "balance")
        for place, policy in enumerate(POLICIES)
        for draw in range(DRAWS)
    ]
    return pd.DataFrame(rows, columns=["policy", "score", "future", "regret", "worlds", "runs"])


def levels() -> pd.DataFrame:
    units = {"case_disclosure_rate": "fraction of latent abusive cases", "legit_met_rate": "fraction of latent cross-border needs"}
    rows = [
        (name, unit, float(level), mean, 0.95 * mean, 1.05 * mean, 0.8 * mean, 1.2 * mean, 16, 4, 64)
        for name, unit in units.items()
        for level in (1, 2, 3, 4, 5, 6, 8, 10)
        for mean in [0.1 - 0.002 * level]
    ]
    columns = ["outcome", "unit", "level", "mean", "world_low", "world_high", "draw_low", "draw_high"]
    return pd.DataFrame(rows, columns=[*columns, "draws", "worlds", "runs"])


def box() -> pd.DataFrame:
    nan = float("nan")
    rows = [
        ("states.hosting.factor.IRL", 0.5, 1.5, 0.0, 0.3, nan, 1e-9, 1.0, "up to 0.8"),
        ("review.uptake_max", 0.1, 0.9, 0.45, 0.9, 0.0003, 0.012, 0.8, "0.46 to 0.82"),
        ("states.correlation", -0.9, 0.0, 0.0, 1.0, nan, nan, 0.1, ""),
        ("safeguards.discrimination.habit", nan, nan, 0.0, 1.0, nan, nan, 0.0, ""),
    ]
    columns = ["parameter", "least", "most", "low_unit", "high_unit", "low_quasi_p", "high_quasi_p", "found_again", "says"]
    more = {"coverage": 0.81, "density": 0.93, "draws": 256, "failing": 78, "worlds": 4, "runs": 2048}
    return pd.DataFrame(rows, columns=columns).assign(**more)


def plane() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": rng.uniform(0.5, 1.5, 60), "y": rng.uniform(0.1, 0.9, 60)})
    fails = (frame["x"] < 0.8) & (frame["y"] > 0.46)
    limits = {"x_low": np.nan, "x_high": 0.8, "y_low": 0.46, "y_high": np.nan}
    names = {"x_parameter": "states.hosting.factor.IRL", "y_parameter": "review.uptake_max"}
    return frame.assign(**names, **limits, fails=fails, sure=rng.random(60) < 0.7, worlds=4, runs=480)


def spans() -> pd.DataFrame:
    rows = [
        ("judge", -21.0, -36.0, -9.0, -38.0, "review.rho 0", -9.5, "visible fabricated 1.4", "", 420, 6),
        ("refuse_mandatory", -9.0, -14.0, -4.0, -16.0, "uptake max 0.1", -2.0, "recharacterised share 0.9", "", 380, 6),
        (
            "good_faith",
            -4.0,
            -8.0,
            1.0,
            -6.0,
            "hosting factor USA 0.5",
            1.2,
            "open framing a 1.6",
            "conduct.open_framing_a=1.6",
            390,
            6,
        ),
        ("notice", -0.6, -1.4, 0.2, -0.6, "as configured", -0.1, "direct share 0.7", "", 410, 6),
        ("sanction", 0.0, 0.0, 0.0, 0.0, "as configured", 0.0, "as configured", "", 410, 6),
        ("no_treaty", -12.0, np.nan, np.nan, -640.0, "treaties density −3", 5.0, "hosting concentration 15", "x", 400, 1),
        ("necessity", np.nan, np.nan, np.nan, np.nan, "", np.nan, "", "", 3, 6),
    ]
    columns = ["arm", "as_configured", "world_low", "world_high", "low", "low_assumption", "high", "high_assumption", "turns"]
    return pd.DataFrame(rows, columns=[*columns, "events", "worlds"])


def patterns() -> pd.DataFrame:
    """Every flag and verdict; draws of the prior for two, of the posterior for one; a value beyond the axis."""
    nan = float("nan")
    rows = [
        ("P7", "files refused", "5.6 %", "test", "in", True, "4.9 % [4.5, 5.5]", 8, 0.0, 1.0, 0.36, 0.3, 0.45, 0.1, 1.4, 0.3, 0.5),
        ("P7", "lapsed", "above 3", "test", "partly", True, "3 [2, 4]", 5, 0.0, 2.0, 0.1, -0.2, 0.4, 0.0, 0.9, nan, nan),
        ("P8", "p90", "18 to 30", "test", "out", True, "17 [16, 18]", 0, 0.0, 1.0, -0.1, -0.2, 0.0, nan, nan, nan, nan),
        ("P9", "stock", "1 to 5 years", "rejected", "out", False, "0.7", 0, 0.0, 1.0, -1.0, -1.0, -0.9, nan, nan, nan, nan),
        ("P11", "panel refuses", "2 %", "blind", "in", False, "2.2 %", 8, 0.0, 1.0, 0.6, nan, nan, nan, nan, nan, nan),
        ("P12", "x", "62 %", "not_computable", "none", False, "-", nan, 0.0, 1.0, nan, nan, nan, nan, nan, nan, nan),
        ("P14", "charges", "46 %", "input", "in", False, "42 %", 8, -1.0, 1.0, 0.4, 0.3, 0.5, nan, nan, nan, nan),
        ("P15", "a band", "no figure", "shown", "shown", False, "0.1 %", nan, nan, nan, nan, nan, nan, nan, nan, nan, nan),
    ]  # fmt: skip
    columns = ["pattern", "said", "target", "flag", "verdict", "counts", "words", "worlds_in", "bar_low", "bar_high", "at_value"]
    columns += ["at_world_low", "at_world_high", "at_prior_low", "at_prior_high", "at_posterior_low", "at_posterior_high"]
    return pd.DataFrame(rows, columns=columns).assign(worlds=8)


def calibration() -> pd.DataFrame:
    """One number identified, one not, one whose default and posterior lie beyond the axis."""
    rows = [
        ("review.lapse_per_year", "0.28 [0.14, 0.55]", -0.5, 0.4, 1.5, 0.95, 0.61, True, 0.89),
        ("demand.persistence", "0.87 [0.77, 0.96]", -1.7, 0.0, 1.8, 0.0, 1.03, False, 0.9),
        ("review.delay_months", "9 [7, 40]", 1.0, 2.2, 4.0, -3.1, 0.8, False, 0.85),
        ("review.rho", "0.5 [0.1, 0.9]", -1.6, 0.0, 1.6, np.nan, 1.0, False, 0.9),
    ]
    columns = ["key", "words", "score_low", "score_median", "score_high", "score_default", "spread", "identified", "coverage"]
    ranks = {f"rank_{place}": share for place, share in enumerate([0.25, 0.05, *[0.0875] * 8])}
    return pd.DataFrame(rows, columns=columns).assign(draws=718, **ranks)


def over_draws() -> pd.DataFrame:
    """Every verdict under two conditions; an effect beyond the axis, one without a range, one without a default."""
    nan = float("nan")
    rows = [
        ("judge", "on paper", -21.0, -19.0, -36.0, -9.0, -25.0, -14.0, 0.97, "holds", -23.0, -30.0, -15.0),
        ("notice", "on paper", -4.0, -3.0, -9.0, 1.0, -5.0, -1.0, 0.86, "likely", -3.0, -5.0, -1.0),
        ("sanction", "on paper", 0.4, 0.2, -2.0, 3.0, -0.5, 0.9, 0.55, "open", nan, nan, nan),
        ("necessity", "on paper", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, nan, "none", 0.0, 0.0, 0.0),
        ("no_treaty", "adapted", 160.0, 140.0, 90.0, 420.0, 120.0, 190.0, 1.0, "holds", 150.0, 100.0, 300.0),
        ("judge", "adapted", -9.0, -8.0, nan, nan, -9.0, -7.0, 1.0, "too few draws", -10.0, nan, nan),
        ("prejudice", "adapted", nan, nan, nan, nan, nan, nan, nan, "", nan, nan, nan),
    ]
    columns = ["arm", "condition", "change", "median", "median_draw_low", "median_draw_high", "lower_quarter", "upper_quarter"]
    columns += ["sign_share", "verdict", "default", "default_world_low", "default_world_high"]
    return pd.DataFrame(rows, columns=columns).assign(draws=200)


def best() -> pd.DataFrame:
    rows = [
        ("judge", "on paper", 0.62, 0.55, 0.69, 0.25, 1.8),
        ("notice", "on paper", 0.3, 0.24, 0.37, 0.25, 2.1),
        ("sanction", "on paper", 0.08, 0.05, 0.13, 0.25, 2.9),
        ("judge", "adapted", 0.2, 0.15, 0.26, 0.5, 1.7),
        ("notice", "adapted", 0.8, 0.74, 0.85, 0.5, 1.3),
    ]
    columns = ["arm", "condition", "best", "best_draw_error_low", "best_draw_error_high", "by_chance", "rank"]
    return pd.DataFrame(rows, columns=columns).assign(draws=200)


EXAMPLES = {
    "calibration": calibration,
    "conclusions": over_draws,
    "first_places": best,
    "regret": regrets,
    "fan": levels,
    "discovery_boxes": box,
    "discovery_plane": plane,
    "spans": spans,
    "patterns": patterns,
}
GIVEN = {"regret": {"order": POLICIES[::-1]}, "fan": {"line": 4.0, "label": "threshold years"}}
