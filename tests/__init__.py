"""The test suite. CONTRIBUTING.md describes where to put a new test."""
