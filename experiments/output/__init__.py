"""Results on the disk: names, folders that are whole or absent, tables, what is lacking, and manifests."""

from experiments.output.folders import FULL, OutputError, naming, replaced_folder, whole_folder
from experiments.output.lacking import TRACES, Lacking, quoted_line
from experiments.output.manifests import (
    MANIFEST,
    commit,
    files_in,
    is_dirty,
    machine_facts,
    manifest_of,
    provenance,
    write_manifest,
)
from experiments.output.names import safe_name, stamped
from experiments.output.tables import csv_of, write_csv

__all__ = [
    "FULL",
    "MANIFEST",
    "TRACES",
    "Lacking",
    "OutputError",
    "commit",
    "csv_of",
    "files_in",
    "is_dirty",
    "machine_facts",
    "manifest_of",
    "naming",
    "provenance",
    "quoted_line",
    "replaced_folder",
    "safe_name",
    "stamped",
    "whole_folder",
    "write_csv",
    "write_manifest",
]
