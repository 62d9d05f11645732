"""Unit tests of kentik_async.models."""
