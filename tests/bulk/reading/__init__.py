"""Tests of reading, checking and repairing saved targets."""
