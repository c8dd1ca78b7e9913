"""Records that a YAML file fills: frozen, no unknown keys, ranges stated at the field."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A block of configuration; an unknown key or a value out of range is refused when it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class RogatoryError(Exception):
    """What a user can have done wrong; its text is one line for people, shown without a traceback (exit status 2)."""


class ConfigError(RogatoryError):
    """A configuration that cannot be run: names the key, what was found and what is accepted."""
