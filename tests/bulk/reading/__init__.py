"""Tests of what reads, checks and repairs saved targets."""
