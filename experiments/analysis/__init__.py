"""Arrays in, tables and sentences out."""
