"""Unit tests of how callers wait for the quota."""
