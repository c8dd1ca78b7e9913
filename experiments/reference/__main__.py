"""Make the committed results anew: ``python -m experiments.reference [treaty] [scenarios] [adaptation] [penalties]``."""

from __future__ import annotations

import sys

from experiments.reference.make import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
