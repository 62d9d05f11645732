"""The vendor's own SDK, kentik-api, and ours in one virtual environment, created once per run."""

import os
import subprocess
import sys
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from tests.support.paths import ROOT

__all__ = ["PYTHON_IS_TOO_NEW", "SKIPPED", "python_with_both"]

SKIPPED = pytest.mark.skipif(not os.environ.get("CI"), reason="the installation takes a minute: CI only")
PYTHON_IS_TOO_NEW = pytest.mark.skipif(sys.version_info >= (3, 12), reason="its old grpcio has no wheel")


def python_with_both(factory: pytest.TempPathFactory) -> Path:
    """Return the environment's Python; the first worker that needs it creates the environment."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, made = shared / "vendor_sdk", shared / "vendor_sdk.made"
    python = folder / "bin" / "python"
    with (shared / "vendor_sdk.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not made.exists():
            # Without its own pip, and compiled only when imported, which takes a third of the time.
            run("venv", "--without-pip", str(folder))
            pip = ("pip", "--python", str(python), "install", "-qq", "--disable-pip-version-check")
            # In one command, so that one resolver must find versions for both.
            run(*pip, "--no-compile", str(ROOT), "kentik-api==1.0.7")
            made.touch()
    return python


def run(module: str, *arguments: str) -> None:
    """Run a module's program; its output is in the error."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
