"""Arrays by what they hold: the types of which every table of the model is made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Keys = NDArray[np.uint64]  # of named draws


def in_order(values: Reals) -> Reals:
    """Sums along the last axis, entry after entry: a further entry of zero at its end changes no bit.

    ``sum`` adds up eight entries and more in another order than fewer, and the last bit hangs on it.
    """
    return np.asarray(np.add.accumulate(values, axis=-1)[..., -1])
