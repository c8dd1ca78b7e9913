"""How the runs of a store came about, for its report: commands, seeds, what is missing or failed, time, code and versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.store.coverage import coverage_of
from experiments.store.reader import StoredStudy

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
