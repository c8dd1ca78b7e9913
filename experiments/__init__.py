"""Studies: each asks the model one question and writes tables, figures and a manifest."""
