"""Every code block of the guide to declared state runs, in order, against the emulator."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from kentik_async.state import Document
from tests.cli.shell import PATIENCE, Shell, readiness, started
from tests.support.paths import ROOT

GUIDE = ROOT / "docs" / "state.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall(GUIDE.read_text(encoding="utf-8"))


def run(command: list[str], shell: Shell, folder: Path) -> str:
    """Run a program in a folder and return what it prints."""
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        env={**shell.env, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")},
        cwd=folder,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert "warning" not in done.stderr.lower(), done.stderr
    return done.stdout


def run_commands(code: str, shell: Shell, folder: Path) -> str:
    """Run the commands of a block, and return what they print."""
    lines = [line.removeprefix("$ ") for line in code.splitlines()]
    if "$(" in code:  # a script of its own; otherwise in this process, which is faster
        called = f'kentik-async() {{ "{sys.executable}" -m kentik_async.cli "$@"; }}\nset -e\n'
        return run(["bash", "-c", called + "\n".join(lines)], shell, folder)
    printed = ""
    for line in lines:
        command, _, file = line.partition(" > ")
        if not command.startswith("kentik-async "):
            printed += run(["bash", "-c", line], shell, folder)
            continue
        done = shell(*shlex.split(command)[1:], at=folder, XDG_STATE_HOME=str(folder / "state"))
        assert done.code == 0, (line, done.out, done.err)
        if file:
            (folder / file).write_text(done.out)
        printed += done.out
    return printed


def test_no_block_is_left_out() -> None:
    assert {language for language, _ in blocks()} == {"yaml", "python", "console", "text"}
    assert GUIDE.read_text(encoding="utf-8").count("```") == 2 * len(blocks())


def test_every_block_runs(tmp_path: Path) -> None:
    printed = ""
    with started("emulator", "--speed", "6000") as process:
        shell = Shell(readiness(process))
        for language, code in blocks():
            if language == "yaml":
                assert len(Document.parse(code).entries) == 3
            elif language == "console":
                printed = run_commands(code, shell, tmp_path)
            elif language == "text":
                plan = code.splitlines()
                assert "\n".join(plan[:-1]) in printed
                assert plan[-1].split("about")[0] in printed
            else:
                assert run([sys.executable, "-c", code], shell, tmp_path).startswith("0 changes, 0 calls")
    assert (tmp_path / "plan.md").read_text().startswith("### Plan: 2 to update")
    assert list((tmp_path / "state" / "kentik-async" / "backups").iterdir())


def test_the_measured_figures_are_those_of_tests() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name in re.findall(r"KENTIK_ASYNC_STATE_\w+", text):
        assert any(name in path.read_text() for path in (ROOT / "tests" / "state").glob("*.py"))
