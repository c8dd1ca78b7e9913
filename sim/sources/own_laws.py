"""Own law: which states want a judge or a notice by themselves, and how strong their law on transfers to police abroad is.

What a table says is taken; what it does not say is drawn once a world, the likelier the more independent a state's courts are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sim.arrays import Flags, Reals
from sim.draws import Draws, name_keys
from sim.sources.rows import codes_of, rows_of
from sim.world.spec import OwnLawChance, Transfers
from sim.world.vocabulary import OWN_LAWS, OwnLaw


def drawn_laws(
    chances: Mapping[OwnLaw, OwnLawChance], known: pd.DataFrame, codes: tuple[str, ...], judicial: Reals, draws: Draws
) -> tuple[dict[str, Flags], dict[str, Flags]]:
    """Which states' own law has each of ``OWN_LAWS``, ``[N]``; and under ``own_law_<law>`` where that was drawn and not read.

    ``known`` has a row for each state and law that somebody has read. All others hold with chance ``least + by_judicial *
    judicial``, at most one: *assumption*; ``fact:own_law`` by state and law.
    """
    laws: dict[str, Flags] = {}
    drawn: dict[str, Flags] = {}
    of_law, said = np.array(known["law"].tolist(), dtype=str), known["holds"].to_numpy() > 0
    there = rows_of(known["code"].tolist(), codes)
    for law in OWN_LAWS:
        chance = np.minimum(chances[law].least + chances[law].by_judicial * judicial, 1.0)
        holds = draws.uniform("fact:own_law", name_keys(codes), law) < chance
        guessed, read = np.ones(len(codes), bool), (of_law == law) & (there >= 0)
        holds[there[read]], guessed[there[read]] = said[read], False
        laws[law], drawn[f"own_law_{law}"] = holds, guessed
    return laws, drawn


def bound_by_directive(spec: Transfers, table: pd.DataFrame) -> Flags:
    """States bound by Directive (EU) 2016/680, ``[N]``: members of the Union, and those beside them that Schengen binds to it."""
    return (table["eu_member"].to_numpy(float) > 0) | _named(spec.directive, codes_of(table))


def held_adequate(spec: Transfers, codes: tuple[str, ...]) -> Flags:
    """Receivers to which a transfer needs nothing further, ``[N]``: by a decision under the directive, or by proxy."""
    return _named(spec.adequate, codes) | _named(spec.adequate_by_proxy, codes)


def transfer_law_of(spec: Transfers, table: pd.DataFrame) -> Reals:
    """Strength of a state's own law on transfers to police abroad, ``[N]`` in [0, 1]. *Assumption*: lists of treaties and laws.

    Most where Directive (EU) 2016/680 binds (its Articles 35 to 39 ask for adequacy, safeguards or an exception); less for a
    member of the Council of Europe with a law on data protection (Convention 108); least for any other law, for most of them
    leave police out.
    """
    law = np.nan_to_num(table["data_protection_law"].to_numpy(float))
    council = (table["coe_member"].to_numpy(float) > 0) & (law > 0)
    strength = np.where(council, spec.under_convention, spec.under_law * law)
    strength = np.where(bound_by_directive(spec, table), spec.under_directive, strength)
    own = [spec.own.get(code, np.nan) for code in codes_of(table)]
    return np.where(np.isnan(own), strength, own)


def protection_of(table: pd.DataFrame, rule: Reals) -> Reals:
    """Protection of a person against a state's own authorities, ``[N]`` in [0, 1]. *Assumption*: three parts of equal weight.

    Courts that hold the executive to the law (V-Dem, judicial constraints), rule of law (``rule`` ``[N]``, scaled to [0, 1]),
    and civil liberties (V-Dem, the mean of free expression and physical integrity). These are what Article 36(2)(a) of
    Directive (EU) 2016/680 names: rule of law, respect for human rights, and effective redress. A statute is none of them.
    """
    liberties = (table["free_expression"].to_numpy(float) + table["physical_integrity"].to_numpy(float)) / 2
    return np.asarray((table["judicial_constraints"].to_numpy(float) + rule + liberties) / 3)


def _named(named: Mapping[str, bool], codes: tuple[str, ...]) -> Flags:
    """The states that a map names and means, ``[N]``; one that a made-up world does not have is nobody."""
    return np.isin(codes, [code for code, meant in named.items() if meant])
