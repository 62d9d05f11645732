"""Commands that manage objects."""
