"""A rollout from nothing to a retired version, with requests under way all the time."""
