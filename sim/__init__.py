"""Rogatory: states with differing laws and safeguards exchange requests for electronic evidence.

>>> from sim import load, simulate
>>> result = simulate(load("states=synthetic", "people.rows=2000", "demand.legitimate=40", "years=1"), seed=7)
>>> list(result.metrics.columns)
['metric', 'by', 'level', 'value', 'count']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.config import load as load
    from sim.simulation import simulate as simulate

__all__ = ["load", "simulate"]
_DOORS = {"load": "sim.config", "simulate": "sim.simulation"}


def __getattr__(name: str) -> Any:
    """Import the heavy halves only when they are asked for."""
    if name in _DOORS:
        return getattr(import_module(_DOORS[name]), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
