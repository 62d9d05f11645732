"""The error of code generation."""

from __future__ import annotations

__all__ = ["CodegenError"]


class CodegenError(Exception):
    """Code generation is not possible. The command prints the one-line message and exits with 2."""
