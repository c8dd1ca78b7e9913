"""Firms that tell their users of an order before they hand data over, unless they must keep silent.

Secrecy that a requester asks for (Hanoi Art 40(20)) binds the requested state. The state silences the firm by its own law, as
Articles 25, 29 and 30 want it to be able to: a gag, which may have an end. These are the firms' policies and the states' law, so
they act under every text. The functions are source texts of the compiled loop, like those of ``sim.review.pipeline``.
"""

from __future__ import annotations

import numpy as np

from sim.compiled import row
from sim.draws import name_key, u2
from sim.review.reading import Practice, Reading
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.vocabulary import NEVER_TOLD, TOLD_AFTER, TOLD_BEFORE

FIRM_NOTICE = name_key("firm_notice")


def is_platform(cases: Cases, c: int, j: int) -> bool:
    """Whether state ``j`` hosts one of the case's platforms (and not only the person's residence)."""
    found = False
    for slot in range(cases.hosts.shape[1] - 1):  # no array expression here: the loop may not allocate
        found = found or cases.hosts[c, slot] == j
    return found


def told_by_firm(
    seed: np.uint64, m: int, served: float, wait: float, cases: Cases, docket: Docket, reading: Reading, practice: Practice
) -> int:
    """When a firm tells its user of an order: before it hands data over, after that, or never.

    The order reaches it on the day ``served``, and it hands over ``wait`` days later. It tells ``firm_days`` before that, if it
    is a firm that tells (``firm_notice`` by case and requested state), the order came early enough, and the case is not secret or
    its gag, counted from the filing, has ended. Where only the time or the gag stood against it, it tells afterwards.
    """
    c, j, inst = row(docket.case[m]), row(docket.requested[m]), row(docket.instrument[m])
    if reading.firm_notice[j] <= 0.0 or reading.hidden[inst] or not is_platform(cases, c, j):
        return NEVER_TOLD
    if u2(seed, FIRM_NOTICE, cases.id[c], reading.state_keys[j]) >= reading.firm_notice[j]:
        return NEVER_TOLD
    gagged_until = docket.filed_day[m] + reading.gag_days[inst, j] if cases.secret[c] else -np.inf
    if wait > practice.firm_days and served + wait - practice.firm_days >= gagged_until:
        return TOLD_BEFORE
    return TOLD_AFTER if gagged_until < np.inf else NEVER_TOLD
