"""`kentik-async demo` with few calls: its output, and that its emulator never outlives it."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import KENTIK_ASYNC, PATIENCE, started

QUICK = ("demo", "--calls", "40", "--speed", "240")


def demo(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*KENTIK_ASYNC, *QUICK, *arguments],
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env={**os.environ, **env},
        check=False,
        timeout=PATIENCE,
    )


def test_the_four_runs_and_the_verdict() -> None:
    done = demo()
    assert done.returncode == 0, done.stderr
    out = done.stdout
    for run in ("a  all at once", "b  one by one", "c  one by one", "d  all at once, kentik-async"):
        assert len(re.findall(rf"^{re.escape(run)}", out, re.MULTILINE)) == 1
    assert "planet$earth, customer_base, v4" in out
    assert re.search(r"^0 refused: each of the 50 requests of run d", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80
    for title in ("generating test data", "(a) ", "(b) ", "(c) ", "(d) "):
        assert title in done.stderr
    assert re.search(r"^Estimated time for 40 calls: \d\.\d s", done.stderr, re.MULTILINE)
    assert "\x1b" not in out + done.stderr


def test_the_figures_for_programs() -> None:
    nowhere = "http://127.0.0.1:9"  # a proxy is not used for servers on this machine
    done = demo("-o", "json", "--quiet", http_proxy=nowhere, https_proxy=nowhere)
    assert done.returncode == 0
    assert done.stderr == ""
    a, b, c, d = json.loads(done.stdout)
    assert [run["calls"] for run in (a, b, c, d)] == [40, 40, 40, 50], "ten of run d's are interactive"
    assert [run["refused"] for run in (b, c, d)] == [0, 0, 0]
    assert (a["optimum"], a["median"]) == (None, None)
    assert all(0 < run["optimum"] < 1 for run in (c, d))
    # Run b is compared with the server's times of run c, which may be longer than all of run b.
    assert b["optimum"] == pytest.approx(c["busy"] / b["seconds"], abs=0.01, rel=0.01)
    assert 0 < d["median"] <= d["worst"]
    pauses = 40 * 60 / 20 / 240
    assert b["seconds"] - b["busy"] > pauses, "the safe pause is not the fastest way"


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def eventually(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_emulator_ends_with_the_demo(number: signal.Signals) -> None:
    # At this speed the pauses of run b take 12 s in total, so it has not ended when the signal arrives.
    with started("demo", "--calls", "40", "--speed", "10") as process:
        assert process.stderr is not None
        while not process.stderr.readline().startswith("(b)"):
            assert process.poll() is None
        (emulator,) = children(process.pid)
        os.kill(process.pid, number)
        _, words = process.communicate(timeout=PATIENCE)
        if number is not signal.SIGKILL:
            assert process.returncode == 130
            assert words.splitlines()[-1] == "interrupted"
            assert "Traceback" not in words
            assert gone(emulator), "it was waited for"
        assert eventually(lambda: gone(emulator))
