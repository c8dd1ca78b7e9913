"""How those who publish see what is filed: which firms, which texts and which authorities, over how long; no run knows of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictFloat, StrictInt, model_validator

from sim.world.ranges import Inner, Range, Unit
from sim.world.record import Record
from sim.world.vocabulary import Group

Count = Annotated[StrictInt, Range(1, 1_000_000)]
"""Requests or files from which a share is said."""
YearsSeen = Annotated[StrictInt, Range(1, 50)]
"""Of a window, which has fifty at most."""
_BANDS = 3  # edges between the four bands in which the sources report


class FirmSpec(Record):
    """A firm that publishes how many requests it received."""

    share: Unit  # of all direct requests to firms abroad
    mla_share: Unit  # of formal requests to the states where the firms are
    home: str  # code of the state whose own requests are no requests from abroad


class CensusSpec(Record):
    """A count of people of one group who are pursued, and what they are charged with."""

    group: Group
    terror: dict[str, bool]  # offences that count as terrorism or extremism
    state: dict[str, bool]  # offences that count as against the state or false news


class Rung(Record):
    """Whose requests, and about whom, are counted at one place of the ladder of targeting."""

    liberal_from: Unit  # liberal democracy of the requester
    liberal_to: Unit  # under it, but for 1
    groups: dict[Group, bool]

    @model_validator(mode="after")
    def _ordered(self) -> Rung:
        if self.liberal_from >= self.liberal_to:
            raise ValueError(f"liberal_from: found {self.liberal_from}, not below liberal_to {self.liberal_to}; accepted: below it")
        return self


class ObserveSpec(Record):
    """The observation process."""

    firms: dict[str, FirmSpec]
    mla_hosts: dict[str, bool]  # states through which formal requests reach the firms
    texts_apart: dict[str, bool]  # texts whose requests a firm does not count as diplomatic
    register_texts: dict[str, bool]  # texts whose requests a central authority counts
    bands: Annotated[list[Inner], Field(min_length=_BANDS, max_length=_BANDS)]  # of liberal democracy
    volume_years: YearsSeen
    mla_years: YearsSeen
    zero_years: YearsSeen
    zero_from: Count
    persists_from: Unit
    earlier: Count
    grants_from: Count
    housekeeping_years: Annotated[StrictFloat, Range(0, 100)]
    labels_from: Count
    labels_below: Unit
    trait_tail: Annotated[StrictFloat, Range(0, 0.5, inside=True)]
    census: CensusSpec
    ladder: dict[str, Rung]

    @model_validator(mode="after")
    def _possible(self) -> ObserveSpec:
        if self.bands != sorted(set(self.bands)):
            raise ValueError(f"bands: found {self.bands}; accepted: three numbers, each above the one before")
        for kind in ("share", "mla_share"):
            if (total := sum(getattr(firm, kind) for firm in self.firms.values())) > 1:
                raise ValueError(f"firms: found shares ({kind}) that add up to {total:g}; accepted: at most 1")
        return self
