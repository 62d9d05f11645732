"""Runs pytest in a folder as in a separate project, without this repository's settings."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["pytest_in"]

_HIDDEN = ("PYTEST_", "COV_", "KENTIK_", "KTAPI_")


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
