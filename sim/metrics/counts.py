"""What is counted of a run's cases and requests: numbers that add up, so that cases may be counted part by part."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays import Ints, Reals


class Filed(NamedTuple):
    """How many docket rows there are of each way in which they were filed, in the order of ``request_slices``, and by pair."""

    requested: Ints
    instrument: Ints
    channel: Ints
    kind: Ints
    label: Ints
    data_class: Ints
    pair: Ints  # by the classes of requester and requested, see ``PAIRS``


class Wished(NamedTuple):
    """How many of some latent cases there are in every slice that is known before anyone files."""

    own: Ints  # by group, or by conduct
    requester: Ints  # [N]
    regime: Ints  # by class of the requester
    year: Ints  # of the window, in which it was wished for

    @property
    def total(self) -> int:
        """How many there are in all."""
        return int(self.year.sum())


class Formal(NamedTuple):
    """How many formal requests of the cohort there are."""

    ended: Ints  # [status, 2 decided, 2 abusive, I, class of the requester]
    asked: Ints  # [status, 2 abusive, N requested]


class Counted(NamedTuple):
    """What estimands read of ordinary needs, and of all requests alike; parts of a run add up (``added``)."""

    needs: Wished  # latent legitimate cross-border needs, by conduct
    met: Wished  # of these, met within the follow-up
    filed: Filed  # the requests that met them
    in_full: Ints  # [1] of these, with all the data that were wanted
    usable: Wished  # needs met with data that a court would admit
    live: Wished  # needs that end in live collection
    days: Reals  # from each need that was met to its data, in no order
    formal: Formal  # requests of the cohort, abusive or not
    misused: Ints  # [3] cases whose data did harm beyond them: in any way, by own use, by transfer
    hours: Reals  # [1] officer-hours that formal requests of the cohort cost


def added(one: Counted, other: Counted) -> Counted:
    """Counts of two parts of a run as one: numbers are summed, days stand one after the other."""
    days, none = np.concatenate([one.days, other.days]), np.empty(0)
    whole: Counted = _sum(one._replace(days=none), other._replace(days=none))
    return whole._replace(days=days)


def _sum(one: Any, other: Any) -> Any:
    return type(one)(*map(_sum, one, other)) if isinstance(one, tuple) else one + other
