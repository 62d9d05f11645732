"""Full or closed standard streams give one clear line, never a traceback; messages are written to stderr."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.shell import KENTIK_ASYNC, PATIENCE, Shell


def bash(shell: Shell, redirected: str) -> "subprocess.CompletedProcess[str]":
    """Run a command line whose standard streams a shell redirects."""
    return subprocess.run(
        ["bash", "-c", f"{shlex.join(KENTIK_ASYNC)} {redirected}"],
        capture_output=True,
        encoding="utf-8",
        env=shell.env,
        check=False,
    )


@pytest.mark.parametrize(
    "command", ["--help", "--version", "kmi markets", "sites list -o table", "completion bash"]
)
def test_a_full_stdout_is_one_line(shell: Shell, command: str) -> None:
    done = bash(shell, f"{command} > /dev/full")
    assert (done.returncode, done.stderr) == (1, "error: cannot write to stdout: No space left on device\n")


@pytest.mark.parametrize("command", ["--help", "sites list", "sites list -o table"])
def test_a_closed_stdout_is_one_line(shell: Shell, command: str) -> None:
    done = bash(shell, f"{command} >&-")
    assert (done.returncode, done.stderr) == (1, "error: cannot write to stdout: it is closed\n")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "sites delete 1",
            "error: cannot ask for confirmation to delete site 1 without a terminal; add --yes",
        ),
        ("auth login", "error: --email is required if stdin is not a terminal"),
        ("raw POST /query --data -", "error: stdin is empty; --data - reads the JSON body from it"),
    ],
)
def test_a_closed_stdin_is_an_empty_one(shell: Shell, command: str, said: str) -> None:
    done = bash(shell, f"{command} <&-")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{said}\n")


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_messages_that_cannot_be_written_change_nothing_else(shell: Shell, stderr: str) -> None:
    failed = bash(shell, f"kmi rankings nowhere {stderr}")
    assert (failed.returncode, failed.stdout, failed.stderr) == (2, "", "")
    warned = bash(shell, f"quota watch --once --limiter process: {stderr}")
    assert warned.returncode == 0
    assert len(warned.stdout.splitlines()) == 1
    assert "non-query: " in warned.stdout


def test_a_pull_without_stderr(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "data"
    done = bash(shell, f"kmi pull rankings {target} --markets US --rank-types peering_base 2>&-")
    assert done.returncode == 0
    assert bash(shell, f"kmi status {target}").returncode == 0


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--quiet", []),
        ("--timeout=60", ["note: plans.list: HTTP 503; retrying in # s"]),
        (
            "--verbose",
            [
                "note: plans.list: attempt 1 failed after # s: HTTP 503",
                "note: plans.list: HTTP 503; retrying in # s",
                "note: plans.list: attempt 2 answered in # s",
            ],
        ),
        (
            "--debug",
            [
                "debug: plans.list: queued",
                "debug: plans.list: attempt 1 sent after # s in the queue",
                "note: plans.list: attempt 1 failed after # s: HTTP 503",
                "note: plans.list: HTTP 503; retrying in # s",
                "debug: plans.list: attempt 2 sent after # s in the queue",
                "note: plans.list: attempt 2 answered in # s",
            ],
        ),
    ],
)
def test_verbosity(shell: Shell, option: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # After a second in the queue, "sent" is printed as a note, and after two seconds the wait is.
    monkeypatch.setattr("kentik_async._pipeline.step_log._LONG_WAIT", PATIENCE)
    monkeypatch.setattr("kentik_async.cli.output.wait_notice._FIRST_CHECK", PATIENCE)
    shell.control("fail", {"status": 503})
    done = shell("plans", "list", option)
    assert done.rows
    lines = [re.sub(r"\d+\.\d+ s", "# s", line) for line in done.err.splitlines()]
    assert [line.replace(": scripted fault: 503", "") for line in lines] == expected
