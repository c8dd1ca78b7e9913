"""How fast it is: runs, compilation and draws, in one table."""
