"""A target: the paths of its files, and the lock that controls who may write to it."""
