"""Unit tests of the quota in a file."""
