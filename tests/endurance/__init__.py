"""Cancellations, clocks that jump, processes that sleep, callers who leave a mess."""
