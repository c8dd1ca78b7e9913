"""Analyses of a store: each a file with a question, tables, figures and sentences; ``conduct`` runs one and writes it."""

from __future__ import annotations
