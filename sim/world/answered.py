"""How far firms abroad follow a state's liberal score when that changes within a run: the answered share along the regression.

A state's answered share (``StateTable.direct_answered``) stands for its liberal score and for what is its own besides. A change
of the score moves the first and leaves the second: the log odds go along the slope of the regression
(``demand.direct.answered_liberal_slope``), whatever they are today.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from sim.arrays import Reals


def answered_after(share: Reals, change: Reals, slope: float) -> Reals:
    """Answered shares ``[N]`` after liberal scores have changed by ``change`` ``[N]``; ``slope`` is log odds per unit of the score.

    A share of 0 or 1 stays what it is: firms that answer nobody of a closed regime go on so. Where nothing changes, the share
    is the same to the last bit. Source of the slope: empirics.md 7.3 no. 26.

    >>> answered_after(np.array([0.5, 0.0, 0.2]), np.array([-0.25, 0.5, 0.0]), 4.0).round(3).tolist()
    [0.269, 0.0, 0.2]
    """
    return moved_by(share, slope * change)


def moved_by(share: Reals, odds: Reals) -> Reals:
    """Shares whose log odds have moved by ``odds``, in any one form; 0, 1, and what does not move, stay to the last bit."""
    moved = (odds != 0.0) & (share > 0.0) & (share < 1.0)
    inner = np.where(moved, share, 0.5)  # a share whose log odds can be taken
    return np.where(moved, special.expit(special.logit(inner) + odds), share)
