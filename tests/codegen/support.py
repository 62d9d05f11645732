"""Where things lie, and how another interpreter is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

GOOGLEAPIS = Path("protovendor/github.com/googleapis/googleapis/google")


def run_python(code: str, *folders: Path, interpreter: str | Path = sys.executable) -> str:
    """Runs code in a fresh interpreter where warnings are errors; returns what it prints.

    Args:
        code: The program.
        folders: What it can import from, beside the project.
        interpreter: The Python to run.
    """
    done = subprocess.run(
        [interpreter, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*folders, ROOT]))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
