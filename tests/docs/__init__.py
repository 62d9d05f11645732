"""The documents and examples match the software."""
