"""Invariants, with counterexamples searched by hypothesis."""
