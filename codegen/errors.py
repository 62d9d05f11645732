"""The one error of code generation: what the user asked for cannot be done."""

from __future__ import annotations

__all__ = ["CodegenError"]


class CodegenError(Exception):
    """Carries one line for the user; the command prints it and ends with 2."""
