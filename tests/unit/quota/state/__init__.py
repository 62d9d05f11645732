"""Unit tests of the rules of the quota."""
