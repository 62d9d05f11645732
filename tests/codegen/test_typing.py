"""Generated code in type checkers: the `.pyi` files and correct usage pass, wrong usage does not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def project(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that uses the tree."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(tree, folder / "zootree")
    shutil.copy(Path(__file__).with_name("typed_usage.txt"), folder / "usage.py")
    return folder


def refused_lines(project: Path) -> set[int]:
    """Return the marked lines of the usage."""
    lines = (project / "usage.py").read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("  # error")}


def run(*command: str, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def test_mypy(project: Path) -> None:
    options = ["--strict", "--cache-dir", str(project / "cache"), "--no-error-summary"]
    said = run(sys.executable, "-m", "mypy", *options, "-p", "zootree", "-m", "usage", cwd=project)
    places = re.findall(r"^(\S+?):(\d+): error:", said, re.MULTILINE)
    assert {file for file, _ in places} == {"usage.py"}, said
    assert {int(line) for _, line in places} == refused_lines(project), said


def test_basedpyright(project: Path) -> None:
    settings = {"include": ["zootree", "usage.py"], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    options = ["--outputjson", "--pythonpath", sys.executable]
    report = json.loads(run(sys.executable, "-m", "basedpyright", *options, cwd=project))
    found = report["generalDiagnostics"]
    assert {Path(one["file"]).name for one in found} == {"usage.py"}, found
    assert {one["range"]["start"]["line"] + 1 for one in found} == refused_lines(project), found
