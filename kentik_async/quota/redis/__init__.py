"""The quota that all machines share, in Redis."""
