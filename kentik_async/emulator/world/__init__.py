"""The synthetic Internet that the emulated API describes."""
