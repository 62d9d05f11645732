"""Unit tests of kentik_async.quota."""
