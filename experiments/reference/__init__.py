"""The committed results: how they are made, reproduced and judged."""
