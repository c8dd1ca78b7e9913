"""Make the committed results anew: ``python -m experiments.reference [PART ...]``.

Parts are ``penalties``, ``calibration``, ``conclusions``, ``assumptions``, ``headline``, ``treaty``, ``scenarios``,
``capacities``, ``adaptation`` and ``benchmark``; none means all, in that order.
"""

from __future__ import annotations

import sys

from experiments.reference.make import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
