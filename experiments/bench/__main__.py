"""How fast the simulation is: ``python -m experiments.bench``."""

from __future__ import annotations

from experiments.bench.measure import main

if __name__ == "__main__":
    main()
