"""How fast the simulation is, and beside what: the measurements of ``rogatory benchmark``, each made in a process of its own."""
