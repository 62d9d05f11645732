"""The test suite. CONTRIBUTING.md says where a new test goes."""
