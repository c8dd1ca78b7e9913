"""Names of what stands elsewhere in a configuration: each one that is hashed, or looked up, must be known before anything runs.

A misspelt name would otherwise draw luck of its own (a habit), mean nothing (a state's code), or be told of in the middle of a run.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sim.errors import meant, quoted
from sim.review.safeguard import Ground, Look, Safeguard
from sim.society.legislatures import Legislatures
from sim.sources.checksums import TABLES_FOLDER
from sim.world.dials import ALL, PROTECTED, SIGNATORIES
from sim.world.instruments import Instrument, Parties
from sim.world.shocks import Shock
from sim.world.spec import DemandSpec, StatesSpec
from sim.world.states import MADE_UP, made_up_code
from sim.world.vocabulary import REGIMES, Offence

if TYPE_CHECKING:
    from sim.review.spec import ReviewSpec  # it imports Numba, which a listing of scenarios does not need

_STATES, _PENALTIES = TABLES_FOLDER / "states.csv", TABLES_FOLDER / "penalties.csv"
_TABLES = 16  # of which codes and regions are kept
_SHOWN = 6  # codes in a message
_PAIR = 2  # states of a pair


class Naming(NamedTuple):
    """A place where names stand, and those that are known there."""

    key: str
    names: Iterable[str]
    known: Collection[str]
    told: str  # what is said of one that is not: "no safeguard is named {}"
    accepted: str = ""  # in place of all that are known


class Geography(NamedTuple):
    """Codes and regions of the states that a configuration may name, in their order."""

    codes: Mapping[str, None]
    regions: Mapping[str, None]
    hosts: tuple[str, ...] | None  # states that host platforms in a made-up world; None in the real one
    accepted: str  # codes, in a message


def first_stranger(places: Iterable[Naming]) -> str | None:
    """The first name that is not known, as one line with the nearest that is; None if all are."""
    for key, names, known, told, accepted in places:
        for name in names:
            if name not in known:
                return f"{key}: {told.format(quoted(name))}; accepted: {accepted or ', '.join(known) or 'none'}{meant(name, known)}"
    return None


def geography(spec: StatesSpec) -> Geography | None:
    """What states there are; None where their table cannot be read, which is told when it is."""
    made_up = spec.source == "synthetic"
    path = Path(spec.table) if spec.table and not made_up else _STATES
    count, hosts = (spec.synthetic.count, spec.synthetic.hosts) if made_up else (0, 0)
    try:
        mark = path.stat()
        return _read(path, count, hosts, (mark.st_mtime_ns, mark.st_size))
    except (OSError, ValueError, csv.Error, KeyError):
        return None


@lru_cache(maxsize=_TABLES)
def _read(path: Path, count: int, hosts: int, stamp: object) -> Geography:
    """A table's codes and regions, and those of so many made-up states; beside these, texts name real states in vain."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["code"] or "", row["region"] or "") for row in csv.DictReader(file)]
    own = tuple(made_up_code(number) for number in range(count))
    codes = dict.fromkeys([*(code for code, _ in rows), *own])
    regions = dict.fromkeys([*sorted({region for _, region in rows}), *([MADE_UP] if own else [])])
    shown = ", ".join(list(codes)[:_SHOWN])
    return Geography(codes, regions, own[:hosts] or None, f"ISO 3166-1 alpha-3 codes of the states table ({shown}, ...)")


@lru_cache(maxsize=1)
def _offences_on_file() -> frozenset[str]:
    with _PENALTIES.open(encoding="utf-8", newline="") as file:
        return frozenset(row["offence"] for row in csv.DictReader(file))


def of_safeguards(safeguards: Mapping[str, Safeguard], on_file: Iterable[str]) -> Iterator[Naming]:
    """Looks that read for a ground, and habits that are shared.

    A habit is null, for one of its own, or the name of a safeguard that has its own: two that are to share a new one name one
    of them. ``on_file`` are further safeguards whose habit may be shared though they are left out here.
    """
    looks = [name for name, safeguard in safeguards.items() if isinstance(safeguard, Look)]
    own = [name for name, safeguard in safeguards.items() if getattr(safeguard, "habit", None) in (None, name)]
    known = list(dict.fromkeys([*own, *(name for name in on_file if name not in safeguards)]))
    for name, safeguard in safeguards.items():
        if isinstance(safeguard, Ground):
            yield Naming(f"safeguards.{name}.look", [safeguard.look], looks, "no look is named {}")
        habit = getattr(safeguard, "habit", None)
        if habit not in (None, name):
            accepted = f"null for a habit of its own, or a safeguard that has one: {', '.join(known)}"
            yield Naming(f"safeguards.{name}.habit", [habit], known, "no safeguard with a habit of its own is named {}", accepted)


def of_texts(
    instruments: Mapping[str, Instrument], safeguards: Collection[str], offences: Collection[str], where: Geography | None
) -> Iterator[Naming]:
    """Safeguards, offences and states that texts name."""
    for text, instrument in instruments.items():
        key = f"instruments.{text}"
        yield Naming(f"{key}.safeguards", instrument.safeguards, safeguards, "no safeguard is named {}")
        yield Naming(f"{key}.stops_preservation", instrument.stops_preservation, safeguards, "no safeguard is named {}")
        yield Naming(f"{key}.displaces", instrument.displaces, safeguards, "no safeguard is named {}")
        yield Naming(f"{key}.adds", instrument.adds, offences, "no offence is named {}")
        if where:
            yield from _of_parties(f"{key}.parties", instrument.parties, where)


def _of_parties(key: str, parties: Parties, where: Geography) -> Iterator[Naming]:
    yield _codes(f"{key}.extra", parties.extra, where)
    yield _codes(f"{key}.without", parties.without, where)
    yield _codes(f"{key}.draw.sure", parties.draw.sure if parties.draw else (), where)
    pairs = [pair.split("-") for pair in parties.pairs]
    torn = [pair for pair, codes in zip(parties.pairs, pairs, strict=True) if len(codes) != _PAIR or codes[0] == codes[1]]
    yield Naming(f"{key}.pairs", torn, (), "found {}", "two codes of states with a hyphen, such as GBR-USA")
    yield _codes(f"{key}.pairs", [code for codes in pairs for code in codes], where)


def _codes(key: str, names: Iterable[str], where: Geography) -> Naming:
    return Naming(key, names, where.codes, "no state has the code {}", where.accepted)


def of_offences(offences: Mapping[str, Offence]) -> Iterator[Naming]:
    """Names that offences refer to: their broader labels, and those that exempt them."""
    for name, offence in offences.items():
        yield Naming(f"offences.{name}.broader", offence.broader, offences, "no offence is named {}")
        yield Naming(f"offences.{name}.exempt_from", offence.exempt_from, offences, "no offence is named {}")


def of_legislatures(spec: Legislatures, offences: Mapping[str, Offence]) -> Iterator[Naming]:
    """Offences that parliaments may make; those on file too while nobody makes any."""
    known = list(offences) if spec.acts else [*offences, *sorted(_offences_on_file() - set(offences))]
    protected = [name for name in known if name not in offences or offences[name].offence_class == "D"]
    yield Naming("adaptation.legislatures.new_laws_on", spec.new_laws_on, sorted(protected), "found {}")
    yield Naming("adaptation.legislatures.protocol_adds", spec.protocol_adds, known, "found {}")


def of_dials(spec: StatesSpec, offences: Mapping[str, Offence], where: Geography | None) -> Iterator[Naming]:
    """Selectors of dials, the lists that they may name, and the offences whose maxima they set."""
    protected = [name for name, offence in offences.items() if offence.offence_class == "D"]
    if where is not None:
        taken = {*where.codes, *where.regions, *REGIMES, SIGNATORIES, ALL}
        for name, codes in spec.lists.items():
            if name in taken:
                yield Naming(f"states.lists.{name}", [name], (), "found {}, which means something else", "another name")
            if not codes:
                yield Naming(f"states.lists.{name}", [""], (), "found no state", where.accepted)
            yield _codes(f"states.lists.{name}", codes, where)
        yield _selectors("states.override", spec.override, spec, where)
    for selector, dial in spec.override.items():
        accepted = f"{PROTECTED}, or an offence of class D: {', '.join(protected)}"
        yield Naming(f"states.override.{selector}.penalties", dial.penalties, [PROTECTED, *protected], "found {}", accepted)


def _selectors(key: str, names: Iterable[str], spec: StatesSpec, where: Geography) -> Naming:
    selectors = [*spec.lists, *REGIMES, *where.regions, SIGNATORIES, ALL]
    told = f"{', '.join(selectors)}, a list of states.lists, or {where.accepted}"
    return Naming(key, names, {*selectors, *where.codes}, "found {}", told)


def of_shocks(
    shocks: Mapping[str, Shock], spec: StatesSpec, offences: Mapping[str, Offence], where: Geography | None
) -> Iterator[Naming]:
    """Whom shocks are for, and the offences whose maxima they set."""
    protected = [name for name, offence in offences.items() if offence.offence_class == "D"]
    for name, shock in shocks.items():
        if where is not None:
            yield _selectors(f"shock.{name}.states", shock.selectors, spec, where)
        accepted = f"{PROTECTED}, or an offence of class D: {', '.join(protected)}"
        yield Naming(f"shock.{name}.set.penalties", shock.of_states.penalties, [PROTECTED, *protected], "found {}", accepted)


def of_review(spec: ReviewSpec, where: Geography | None) -> Iterator[Naming]:
    """States that the practice of review names."""
    if where:
        yield _codes("review.firm_notice.factor", spec.firm_notice.factor, where)
        yield _codes("review.firm_notice.gag_months_of", spec.firm_notice.gag_months_of, where)


def of_states(spec: StatesSpec, demand: DemandSpec, ratified: Iterable[str], where: Geography | None) -> Iterator[Naming]:
    """States and regions wherever they stand beside the texts."""
    if where is None:
        return
    hosting, key = spec.hosting, "states.hosting"
    yield Naming(f"{key}.platforms", hosting.platforms, where.regions, "no region is named {}")
    for region, shares in hosting.platforms.items():
        yield _codes(f"{key}.platforms.{region}", shares, where)
    yield _codes(f"{key}.home", hosting.home, where)
    yield _codes(f"{key}.factor", hosting.factor, where)
    real = sorted({code for shares in hosting.platforms.values() for code in shares})
    hosts = (*(where.hosts or ()), *real)  # those of the real world, where it is made up, are told when it is made
    yield Naming(f"{key}.factor", hosting.factor, hosts, "found {}, which hosts nowhere")
    yield _codes("states.online_pct", spec.online_pct, where)
    law = spec.transfers
    for table, named in (("directive", law.directive), ("adequate", law.adequate), ("adequate_by_proxy", law.adequate_by_proxy)):
        yield _codes(f"states.transfers.{table}", named, where)
    yield _codes("states.transfers.own", law.own, where)
    yield _codes("demand.observed_not", demand.observed_not, where)
    yield _codes("demand.direct.at_home", demand.direct.at_home, where)
    yield _codes("adaptation.members.ratified", ratified, where)
