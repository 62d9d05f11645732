"""Every code block of the guide to bulk pulls runs, in order, against the emulator."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import PATIENCE, Shell, readiness, started
from tests.support.paths import ROOT

GUIDE = ROOT / "docs" / "bulk.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST_OF_A_DAY = "--date 2026-11-20"


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall(GUIDE.read_text(encoding="utf-8"))


def test_no_block_is_left_out() -> None:
    assert {language for language, _ in blocks()} == {"python", "console", "text"}
    assert GUIDE.read_text(encoding="utf-8").count("```") == 2 * len(blocks())


def test_every_block_runs(without_pandas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))  # root's pipelines are not in a home folder
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    with started("emulator", "--speed", "600") as process:
        shell = Shell(readiness(process))
        write_profiles(tmp_path / ".kentik", shell)
        for language, code in blocks():
            if language == "python":
                path = {} if "pandas" in code else {"PYTHONPATH": str(without_pandas)}
                run_program(code, {**shell.env, **path}, tmp_path)
            for line in code.splitlines() if language == "console" else ():
                run_command(line, shell, tmp_path)


def write_profiles(folder: Path, shell: Shell) -> None:
    folder.mkdir()
    for name in ("east", "west"):
        profile = {"email": shell.ready["email"], "api-key": shell.ready["token"], "customer": name}
        (folder / name).write_text(json.dumps(profile), encoding="utf-8")
        (folder / name).chmod(0o600)


def run_command(line: str, shell: Shell, folder: Path) -> None:
    assert line.startswith("$ kentik-async "), line
    if FIRST_OF_A_DAY in line:
        shell.control("advance")
    done = shell(*shlex.split(line)[2:], at=folder)
    assert done.out.strip(), line
    if "--asns" in line:  # the emulator generates its networks, which need not include those of the guide
        assert done.code in {0, 5}, (line, done.err)
    else:
        assert done.code == 0, (line, done.err)
        assert "warning" not in done.err.lower(), done.err


def run_program(code: str, env: dict[str, str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        env=env,
        cwd=folder,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, (code, done.stderr)
    assert done.stdout.strip(), code
    assert "warning" not in done.stderr.lower(), (code, done.stderr)
