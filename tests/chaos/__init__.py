"""Thousands of calls to a peer that misbehaves in every known way, and a count of the results."""
