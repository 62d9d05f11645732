"""Saves pulls into targets: from requests over the journal to the tables."""
