"""The path of the repository; the package under test may be installed elsewhere."""

from pathlib import Path

__all__ = ["ROOT"]

ROOT = Path(__file__).resolve().parents[2]
"""The root of the repository."""
