"""Unit tests of the quota in Redis."""
