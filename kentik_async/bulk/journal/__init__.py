"""The journal of a target: every answer as received, until its rows are in the tables."""
