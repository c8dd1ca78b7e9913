"""Records that a YAML file fills: frozen, no unknown keys, ranges stated at the field; and how a mistake is worded."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sim.errors import ConfigError, RogatoryError, quoted

__all__ = ["ConfigError", "Record", "RogatoryError", "quoted"]


class Record(BaseModel):
    """A block of configuration; an unknown key or a value out of range is refused when it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)
