"""Cancellations, clocks that jump, suspended processes, callers that do not clean up."""
