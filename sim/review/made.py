"""The functions that the assembler makes from the safeguards in force, declared here for readers and checkers of the steps.

None of them has a text of its own: ``sim.review.templates`` holds what they are made of, and ``rogatory rules`` prints them.
The steps import them for types alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

gates: Callable[..., np.uint64]  # Which gates stand against the request: bit s for safeguard s.
screened: Callable[..., bool]  # Whether a central unit reads the requests under a text at all.
desk_reads: Callable[..., bool]  # Whether an authority of the requested state sees the requests under a text at all.
read_panel: Callable[..., bool]  # The central unit's reading: its answer is the same wherever the request goes.
read_desk: Callable[..., tuple[np.uint64, float, float]]  # The desk's reading, one accident for all grounds that are invoked at it.
read_further: Callable[..., tuple[np.uint64, float, float, bool, float, int, float]]  # Judge, firm and person, one after the other.
contest: Callable[..., tuple[np.uint64, float]]  # Whoever is told by the firm may go to court: the ground that stands, and days.
read_again: Callable[..., np.uint64]  # A second reading of a refused file: which of its grounds of substance stand again.
follow_up: Callable[..., None]  # What follows disclosure: a duty of the receiver softens the chance of misuse.
condition_days: Callable[..., float]  # Days until the requester has accepted the condition on which data are given.
publish: Callable[..., None]  # Whether the requested state counts the request in public.
first_of: Callable[[np.uint64], int]  # The first safeguard in the global order among those that stand against the request.
