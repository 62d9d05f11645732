"""Unit tests of kentik_async.cli."""
