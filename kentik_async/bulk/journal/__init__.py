"""The journal of a target: every answer as it came, until its rows are in the tables."""
