"""The messages of a command while it waits for quota, and when it does not wait."""

import math
import signal
import time

import pytest

from tests.cli.shell import PATIENCE, Shell, started


def test_no_quota_is_4(shell: Shell) -> None:
    shell.control("fail", {"n": 50, "status": 429, "retry_after": 30})
    done = shell.process("kmi", "markets", "--max-wait", "1")
    assert done.code == 4
    # If the process started slowly, it also prints that it waits; grpcio 1.51 has empty words at the end.
    (error,) = (line for line in done.err.splitlines() if line.startswith("error: "))
    assert error.startswith("error: kmi.list_markets: ")
    assert "Traceback" not in done.err


def test_a_long_wait_for_quota_is_noted(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shell.env.items():
        monkeypatch.setenv(name, value)
    shell.control("fail", {"n": 1, "status": 429, "retry_after": 3600})
    began = time.monotonic()
    with started("sites", "list") as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        elapsed = time.monotonic() - began
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    words = "note: waiting for quota: the server refused a request; next request in "
    assert said.startswith(words)
    # The refusal came after the start, and the note at least two seconds after the refusal.
    assert math.floor(3600 - elapsed) <= int(said.removeprefix(words).removesuffix(" s\n")) <= 3600
    assert elapsed >= 2


def test_a_refused_request_is_sent_again(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kentik_async.cli.output.wait_notice._FIRST_CHECK", PATIENCE)
    shell.control("fail", {"n": 1, "status": 429, "retry_after": 1})
    done = shell("sites", "list")
    assert (done.code, done.err) == (0, "")
    assert shell.operations() == ["sites.list"] * 2
