"""Unit tests of waiting for the quota."""
