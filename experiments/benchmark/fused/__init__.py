"""The model's months as one kernel written by hand for one configuration: the upper bound of what its stages could reach."""
