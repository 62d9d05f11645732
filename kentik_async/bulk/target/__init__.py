"""A target: where its files are, and who may write to it."""
