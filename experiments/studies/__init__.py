"""One command a file: a design, an analysis, a page."""
