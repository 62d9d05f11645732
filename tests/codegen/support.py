"""Paths, and running code in another interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.__main__ import main
from tests.support.paths import ROOT

GENERATED = ROOT / "kentik_async" / "_generated"
GOOGLEAPIS = Path("protovendor/github.com/googleapis/googleapis/google")


def run_python(code: str, *folders: Path, interpreter: str | Path = sys.executable) -> str:
    """Run code in a new interpreter where warnings are errors; return its output.

    Args:
        code: The program.
        folders: The folders that it can import from, besides the project.
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


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Return the message of a rejected command: one line on stderr, nothing on stdout, exit code 2."""
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("codegen: ")
    assert err.count("\n") == 1
    return err
