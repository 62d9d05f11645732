"""Observing calls: spans, metrics, log lines."""
