"""A peer that misbehaves in every way known, thousands of calls to it, and a count of what became of each."""
