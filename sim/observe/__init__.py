"""What would be published about a run: pure functions from a finished run to rows ``pattern, observable, value, n``.

Each module is one published source: firms, a census, a panel, a register. None reads what its source could not see
(``sim.observe.files``), and none moves anything: they come after the run, with draws of their own.
"""
