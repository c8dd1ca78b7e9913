"""States as columns: what each one punishes, protects, hosts and wants; one row a state, in the order of their codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Keys, Reals

MADE_UP = "Synthetic"
"""Region of every state of a made-up world, which has none of the states that a text may name."""
_LETTERS = 26  # of the alphabet; codes of three of them are more than a made-up world may have states


def made_up_code(number: int) -> str:
    """The code of a made-up state by its place.

    >>> made_up_code(0), made_up_code(27)
    ('AAA', 'ABB')
    """
    letters = [number // _LETTERS**2 % _LETTERS, number // _LETTERS % _LETTERS, number % _LETTERS]
    return "".join(chr(ord("A") + letter) for letter in letters)


@dataclass(frozen=True)
class StateTable:
    """``N`` states; every array is read-only. Attributes that the sources lack are drawn per world and marked in ``drawn``."""

    codes: tuple[str, ...]  # [N] ISO 3166-1 alpha-3
    names: tuple[str, ...]  # [N] short English names
    keys: Keys  # [N] stable keys of the codes
    place: Reals  # [N, 2] longitude and latitude in degrees, for drawing only
    region: tuple[str, ...]  # [N] UN M49 region
    regime: NDArray[np.int64]  # [N] 0 closed autocracy .. 3 liberal democracy (V-Dem)
    liberal: Reals  # [N] liberal democracy index in [0, 1]
    commitment: Reals  # [N] civil-liberties commitment in [0, 1]: how readily a discretion is used
    rule: Reals  # [N] rule of law scaled to [0, 1]: how faithfully a duty is kept
    judicial: Reals  # [N] judicial independence in [0, 1]
    strictness: Reals  # [N] latent strictness, standardised
    repression: Reals  # [N] latent repression, standardised
    skill: Reals  # [N] of the central authority's desk, in [0, 1]
    data_protection: Reals  # [N] in [0, 1]: none, a draft, a law
    terror: Reals  # [N] political terror as published, standardised
    transfer_law: Reals  # [N] strength in [0, 1] of its own law on transfers to police abroad
    protection: Reals  # [N] of a person against its own authorities, in [0, 1]: courts, rule of law, civil liberties
    demand: Reals  # [N] legitimate cross-border needs per month, before frailty
    pursuit: Reals  # [N, G] abusive wishes per month
    at_risk: Reals  # [N, G] people at risk by origin, persons
    exile_share: Reals  # [N] share of them living abroad
    exile_hosts: Reals  # [N, N] where exiles of an origin live; rows sum to one (or zero)
    home_service: Reals  # [N] probability that a person uses a service under home jurisdiction
    host_share: Reals  # [N, N] jurisdiction of foreign platforms by origin; rows sum to one
    closeness: Reals  # [N, N] weight with which a subject abroad lives in another state; zero diagonal
    alignment: Reals  # [N, N] political closeness in [0, 1], symmetric
    penalties: Reals  # [N, K] maximum years; nan where the conduct is no crime
    penalty_known: Flags  # [N, K] read from a statute or a report, not drawn
    breadth: Reals  # [N, K] chance that the law on an offence of the Convention covers a given protected conduct
    compels: Flags  # [N] the law of today can compel that stored data are given
    listens: Flags  # [N] the law of today knows collection in real time
    intercept_from: Reals  # [N] maximum in years from which content may be intercepted
    direct_requests: Reals  # [N] ordinary requests a year to the two firms that publish counts
    direct_emergency: Reals  # [N] emergency requests a year to the same
    direct_answered: Reals  # [N] share of the ordinary ones answered with some data, hardly ever content
    direct_emergency_answered: Reals  # [N] share of the emergency ones answered with some data
    groups: dict[str, Flags]  # named sets of states: signatories, budapest, eu, directive, adequate, ...
    own_laws: dict[str, Flags]  # by safeguard: states whose own law has it, whatever a text says
    mlat: Flags  # [N, N] bilateral mutual legal assistance treaty in force, symmetric
    drawn: dict[str, Flags]  # column: where its value was drawn and not read

    def __post_init__(self) -> None:
        """Refuse a doubled or unsorted state, and freeze every array."""
        if list(self.codes) != sorted(set(self.codes)):
            raise ValueError("states must come sorted by code, each once")
        for value in vars(self).values():
            for array in value.values() if isinstance(value, dict) else (value,):
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)

    @property
    def count(self) -> int:
        """Number of states ``N``."""
        return len(self.codes)

    @property
    def made_up(self) -> bool:
        """Whether this is a made-up world for tests and theory."""
        return set(self.region) == {MADE_UP}
