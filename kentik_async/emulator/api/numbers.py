"""Reads the numbers that the APIs send as text."""

__all__ = ["decimal"]


def decimal(text: str) -> int | None:
    """Return the value of a decimal number of up to 20 digits; None for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None
