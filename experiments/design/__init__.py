"""What to run: designs, points, samples, arms, scenarios, seeds."""
