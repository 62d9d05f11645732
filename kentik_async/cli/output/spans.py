"""Spans of time as people say them."""

__all__ = ["text_for_span"]


def text_for_span(seconds: float) -> str:
    """Return a span of time in the two units that matter."""
    for unit, smaller, length in (("h", "min", 3600), ("min", "s", 60)):
        if seconds >= length:
            whole, rest = divmod(seconds, length)
            return f"{whole:.0f} {unit} {int(rest * 60 / length):02} {smaller}"
    return f"{seconds:.1f} s"
