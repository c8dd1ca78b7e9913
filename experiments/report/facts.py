"""How the runs of a store came about, for its report: commands, seeds, what is missing or failed, time, code and versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.store.coverage import coverage_of
from experiments.store.reader import StoredStudy
from experiments.text import counted, thousands, time_text

Facts = Mapping[str, Any]
"""How a study was run, as its manifests tell: what each name holds is said where a page is written."""


def facts_of(study: StoredStudy, *commands: str) -> dict[str, Any]:
    """What ``write_study`` wants to know of a store; all sessions of its latest design count, ``commands`` came after them."""
    latest = study.latest
    sessions = [said for _, said in study.sessions if said["design"] == latest["design"]]
    coverage, ids = coverage_of(study), set(study.points["point"])
    failures = study.failures[study.failures["point"].isin(ids) & (study.failures["replicate"] < int(latest["replicates"]))]
    code = latest["code"]
    changed = " with changes that were not committed" if code.get("dirty") else ""
    return {
        "commands": list(dict.fromkeys([*(str(said["command"]) for said in sessions), *commands])),
        "seeds": coverage.whole,
        "left_out": coverage.told,
        "event_seeds": str(latest.get("event_seeds", "")),
        "replicates": int(latest["replicates"]),
        "wanted": coverage.wanted,
        "runs": coverage.wanted - coverage.missing,
        "missing": coverage.missing - coverage.failed,
        "failed": [
            f"point {row.point}, world {row.world_seed}, replicate {row.replicate}: {row.error}" for row in failures.itertuples()
        ],
        "seconds": sum(float(said.get("seconds", 0.0)) for said in sessions),
        "commit": f"{code['commit']}{changed}" if code.get("commit") else None,
        "sources": code.get("sources"),
        "versions": dict(latest["versions"]),
        "machine": dict(latest.get("machine") or {}),
    }


def time_words(facts: Facts) -> str:
    """How long a study took: its own seconds, and those of the runs where it found some or all of them in its store.

    Read are ``seconds`` and, where they are known, ``wanted`` (runs of the study), ``made`` (of these now) and ``session_seconds``
    (of all sessions that ran for it).

    >>> time_words({"seconds": 41.7})
    '42 seconds'
    >>> time_words({"seconds": 12.2, "wanted": 760, "made": 0, "session_seconds": 840.0})
    'read from a finished store in 12 seconds; the sessions that made its runs took 14 minutes'
    >>> time_words({"seconds": 60.0, "wanted": 760, "made": 40, "session_seconds": 840.0})
    '60 seconds for 40 of 760 runs, the others were in the store; the sessions that made its runs took 14 minutes'
    """
    own, wanted = time_text(float(facts["seconds"])), int(facts.get("wanted", 0))
    made = int(facts.get("made", wanted))
    if made >= wanted:
        return own
    told = f"{own} for {thousands(made)} of {counted(wanted, 'run')}, the others were in the store"
    whole = float(facts.get("session_seconds", 0.0))
    sessions = f"; the sessions that made its runs took {time_text(whole)}" if whole else ""
    return f"{told if made else f'read from a finished store in {own}'}{sessions}"
