"""Saves pulls into targets: from the requests through the journal to the tables."""
