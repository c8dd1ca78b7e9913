"""Frameworks that are not installed cannot be looked through for examples."""

from importlib.util import find_spec

_NEEDED = {"agentpy_states.py": "agentpy", "ambr_rows.py": "ambr"}
collect_ignore = [file for file, package in _NEEDED.items() if find_spec(package) is None]
