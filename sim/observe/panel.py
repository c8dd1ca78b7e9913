"""What a body like INTERPOL's task force would refuse of all that is filed, where a panel reads before the requested state does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.observe.files import Filed, of_names
from sim.observe.measures import Measured, share
from sim.observe.rows import Row
from sim.observe.spec import ObserveSpec


def rows_of_panel(files: Filed, texts: tuple[str, ...], read: bool, spec: ObserveSpec, closes: float) -> Iterator[Row]:
    """P11: of the requests filed under the register's texts, the share against which the panel advised; nan where none reads.

    It reads for rights and politics alone; what alerts are refused for besides (identity, form, purpose) nobody here decides
    centrally.
    """
    filed = (files.filed >= 0) & (files.filed < closes)
    held = files.where(files.formal & filed & of_names(files.text, texts, spec.register_texts))
    found = share(float(held.flagged.sum()), float(held.flagged.size)) if read else Measured(np.nan, 0)
    yield Row("P11", "panel_refused_on_rights", *found)
