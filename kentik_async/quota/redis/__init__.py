"""The store of all machines, in Redis."""
