"""Where worlds come from: real tables with provenance, and synthetic worlds for tests and theory."""
