"""`quota watch`: a live view of a quota that other programs use, without a request of its own."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kentik_async.quota import Quota
from kentik_async.quota.file.opening import open_file_limiter
from kentik_async.quota.protocols import Limiter
from tests.cli.shell import Shell, Terminal, started

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def path(shell: Shell, tmp_path: Path) -> Path:
    return tmp_path / "quota"


@pytest.fixture
async def busy(shell: Shell, path: Path) -> AsyncIterator[Limiter]:
    """Another program on the same quota, with one request in flight and one that waits."""
    speed = float(shell.ready["env"]["KENTIK_SPEED"])
    limiter = open_file_limiter(
        str(path),
        endpoints=(shell.ready["grpc_endpoint"], shell.ready["rest_endpoint"]),
        customer="demo@example.com",
        quota=Quota.NON_QUERY.scaled(speed),
        query_quota=Quota.QUERY.scaled(speed),
        pacing="throughput",
    )
    grant = await limiter.acquire("non_query")
    waiting = asyncio.create_task(limiter.acquire("non_query"))
    while not (await limiter.snapshot()).waiting:
        await asyncio.sleep(0)
    yield limiter
    assert grant.valid()
    waiting.cancel()
    await asyncio.wait([waiting])
    grant.close("not_sent")
    await limiter.aclose()


async def test_narrow_terminal_shows_other_programs(shell: Shell, path: Path, busy: Limiter) -> None:
    def watch() -> Terminal:
        terminal = Terminal(shell, "quota", "watch", "--limiter", f"file:{path}", COLUMNS="40")
        terminal.read_until(r"pacing +\w+ +\w+[^$]*pacing")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
        return terminal

    terminal = await asyncio.to_thread(watch)
    lines = CONTROL.sub("", terminal.screen).splitlines()
    assert max(map(len, lines)) <= 40
    rows = {line[:16].strip(): line[16:].split() for line in lines}
    assert rows["in flight"] == ["1/1", "0/4"]
    assert rows["waiting"] == ["1", "0"]
    assert rows["minute (hard)"] == ["1/60", "0/100"]
    assert rows["next request"] == ["on", "answer", "now"]
    assert lines[-1] == "interrupted"
    assert shell.operations() == []
    assert (await busy.snapshot()).in_flight == 1


async def test_one_look_as_json(shell: Shell, path: Path, busy: Limiter) -> None:
    arguments = ("quota", "watch", "--once", "--limiter", f"file:{path}")
    done = await asyncio.to_thread(shell.process, *arguments, "-o", "json")
    (row,) = done.rows
    state = row["non_query"]
    assert (state["in_flight"], state["waiting"], state["used_hour"], state["next_free"]) == (1, 1, 1, None)
    assert (row["query"]["in_flight"], row["query"]["next_free"]) == (0, 0.0)
    done = await asyncio.to_thread(shell.process, *arguments, "--jq", ".non_query.hard_per_minute")
    assert done.out == "60\n"
    done = await asyncio.to_thread(shell.process, *arguments)
    assert re.fullmatch(r"\S+ non-query: .* in flight 1/1, waiting 1, .*; query: .* now\n", done.out)


def test_a_pipe_gets_a_line_for_each_interval(
    shell: Shell, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in shell.env.items():
        monkeypatch.setenv(name, value)
    options = ("--interval", "0.1", "--limiter", f"file:{path}", "-o", "ndjson")
    with started("quota", "watch", *options) as process:
        assert process.stdout is not None
        assert [json.loads(process.stdout.readline())["query"]["waiting"] for _ in range(3)] == [0, 0, 0]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err) == (130, "interrupted\n")


def test_quota_of_a_process_is_only_its_own(shell: Shell) -> None:
    done = shell("quota", "watch", "--once")
    assert done.code == 0
    assert "warning: each process counts this quota for itself" in done.err
    for options, said in (
        (("--interval", "0"), "--interval must be a number of at least 0.1; got 0"),
        (("-o", "csv"), "'quota watch' writes table, json or ndjson"),
    ):
        done = shell("quota", "watch", *options)
        assert done.code == 2
        assert said in done.err
