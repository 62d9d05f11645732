"""Unit tests of kentik_async.state."""
