"""Unit tests of kentik_async._transport."""
