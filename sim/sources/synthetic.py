"""Made-up tables of any size, in the columns of the real ones, for tests and theory."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from sim.draws import Draws
from sim.sources.direct import AS_COUNTED
from sim.world.spec import Synthetic
from sim.world.states import MADE_UP, made_up_code

_POPULATION = 2.0e7  # persons, median of the made-up states


def synthetic_states(spec: Synthetic, draws: Draws) -> pd.DataFrame:
    """A states table of ``spec.count`` rows: liberal states have courts, free speech and the platforms, the others do not.

    The first ``round(liberal_share * count)`` codes are liberal; the first ``hosts`` codes hold the platforms.
    """
    codes = [made_up_code(number) for number in range(spec.count)]
    key = np.array(codes)
    liberal = np.arange(spec.count) < round(spec.liberal_share * spec.count)
    z = {name: draws.normal(f"fact:synthetic_{name}", key) for name in ("size", "income", "rule", "speech", "court", "ideal")}
    side = np.where(liberal, 1.0, -1.0)
    speech = special.expit(1.8 * side + 0.5 * z["speech"])
    return pd.DataFrame(
        {
            "name": [f"State {code}" for code in codes],
            "region": MADE_UP,
            "subregion": MADE_UP,
            "lon": np.linspace(-150.0, 150.0, spec.count),
            "lat": 40.0 * np.sin(np.arange(spec.count)),
            "population": _POPULATION * np.exp(z["size"]),
            "internet_pct": 100 * special.expit(1.0 + 0.3 * side),
            "gdp_per_head": np.exp(9.5 + 0.4 * side + 0.5 * z["income"]),
            "government_effectiveness": side + 0.4 * z["rule"],
            "rule_of_law": side + 0.4 * z["rule"],
            "online_service": special.expit(0.5 * side),
            "regime": np.where(liberal, 3, 0),
            "liberal_democracy": np.where(liberal, 0.55, 0.02) + 0.3 * speech * liberal + 0.2 * speech * ~liberal,
            "free_expression": speech,
            "physical_integrity": speech,
            "judicial_constraints": special.expit(1.8 * side + 0.5 * z["court"]),
            "court_independence": 1.2 * side + 0.4 * z["court"],
            "journalist_safety": 1.2 * side + 0.4 * z["speech"],
            "civil_society_freedom": 1.2 * side + 0.4 * z["speech"],
            "online_arrests": -side + 0.4 * z["speech"],
            "political_terror": np.where(liberal, 1.0, 4.0),
            "speech_removal_share": np.where(liberal, 0.05, 0.5),
            "hanoi_signatory": 1,
            "hanoi_signed_later": 0,
            "budapest_party": liberal.astype(int),
            "us_mlat": 0,
            "iccpr_party": 1,
            "data_protection_law": liberal.astype(float),
            "samesex_criminalised": (~liberal).astype(int),
            "eu_member": 0,
            "coe_member": 0,
            "common_law": 0,
            "ideal_point": side + 0.4 * z["ideal"],
            "mla_requests_to_google": 0,
            "exiles_abroad": 0.01 * _POPULATION * np.exp(z["size"]) * ~liberal,
            "emigrants": 0,
        },
        index=pd.Index(codes, name="code"),
    )


def no_pairs() -> pd.DataFrame:
    """An empty table of pairs."""
    return pd.DataFrame({"a": [], "b": [], "contiguous": [], "defence_alliance": [], "shared_blocs": []})


def no_exiles() -> pd.DataFrame:
    """An empty table of exiles: they then live by closeness."""
    return pd.DataFrame({"origin": [], "host": [], "people": []})


def no_direct() -> pd.DataFrame:
    """No firm lists a request: every count and share is drawn."""
    empty = np.array([], float)
    names = ("ordinary", "ordinary_answered", "emergency", "emergency_answered", *AS_COUNTED)
    return pd.DataFrame({"code": [], **dict.fromkeys(names, empty)})


def no_own_laws() -> pd.DataFrame:
    """No state's own law is known: whether it wants a judge or a notice is drawn."""
    return pd.DataFrame({"code": [], "law": [], "holds": np.array([], int), "basis": [], "tag": []})


def no_penalties() -> pd.DataFrame:
    """No statute is known: every maximum is drawn."""
    return pd.DataFrame({"code": [], "offence": [], "max_years": np.array([], float), "basis": [], "tag": []})
