"""`kentik-async kmi pull`, `kmi status` and `kmi diff` as their users meet them: a process of its own."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kentik_async.emulator import Emulator

FEW = ("--markets", "US", "planet:earth", "--rank-types", "customer_base", "--ips", "v4")


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class CommandLine:
    def __init__(self, emulator: Emulator, home: Path) -> None:
        names = ("email", "token", "grpc_endpoint", "rest_endpoint")
        email, token, grpc, rest = (emulator.connection[name] for name in names)
        self.environment = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "KENTIK_EMAIL": email,
            "KENTIK_API_TOKEN": token,
            "KENTIK_GRPC_ENDPOINT": grpc,
            "KENTIK_REST_ENDPOINT": rest,
            "KENTIK_SPEED": "600",
        }
        self.home = home

    async def start(self, *arguments: str, **streams: Any) -> asyncio.subprocess.Process:
        both = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE} | streams
        command = (sys.executable, "-m", "kentik_async.cli", "kmi", *arguments)
        return await asyncio.create_subprocess_exec(*command, env=self.environment, cwd=self.home, **both)

    async def __call__(self, *arguments: str) -> Ended:
        process = await self.start(*arguments)
        out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
def kmi(emulator: Emulator, tmp_path: Path) -> CommandLine:
    return CommandLine(emulator, tmp_path)


async def test_a_dry_run_tells_what_it_takes_and_spends_the_list_of_markets_alone(
    kmi: CommandLine, emulator: Emulator, tmp_path: Path
) -> None:
    ended = await kmi("pull", "rankings", "data", "--dry-run")
    calls = len(emulator.state.markets) * 6 * 2 + 3
    assert (ended.code, ended.out) == (0, "")
    assert f"data: {calls - 1:,} calls, " in ended.err
    assert f"up to {len(emulator.state.markets) * 12 * 600:,} rows" in ended.err
    assert [call.operation for call in emulator.calls] == ["kmi.list_markets"]
    assert not (tmp_path / "data").exists()


async def test_a_pull_lands_and_once_more_it_costs_nothing(kmi: CommandLine, emulator: Emulator) -> None:
    first = await kmi("pull", "all", "data", *FEW, "--top", "2")
    (report,) = first.rows
    assert first.code == 0, first.err
    assert report["calls"] == emulator.report().requests
    assert report["failed"] == 0
    again = await kmi("pull", "all", "data", *FEW, "--top", "2")
    assert again.code == 0
    assert "has finished: nothing was asked for" in again.err
    assert again.rows == [report | {"calls": 0, "already_complete": True}]
    assert report["calls"] == emulator.report().requests


async def test_failed_pages_end_with_five_and_are_told(kmi: CommandLine) -> None:
    ended = await kmi("pull", "rankings", "data", "--markets", "US", "ZZ", "--rank-types", "customer_base")
    assert ended.code == 5
    assert "2 pages failed" in ended.err
    assert ended.rows[0]["failed"] == 2


async def test_more_than_a_day_is_asked_about(kmi: CommandLine, emulator: Emulator) -> None:
    kmi.environment["KENTIK_SPEED"] = "1"
    ended = await kmi("pull", "all", "data")
    assert ended.code == 2
    assert "not meant for full data extraction" in ended.err
    assert "--allow-multi-day" in ended.err.splitlines()[-1]
    assert emulator.report().requests == 1


async def test_a_locked_target_ends_with_six_and_names_the_holder(
    kmi: CommandLine, emulator: Emulator, tmp_path: Path
) -> None:
    state = tmp_path / "data" / ".kentik-async"
    state.mkdir(parents=True)
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        lock.flush()
        ended = await kmi("pull", "rankings", "data", *FEW)
    assert ended.code == 6
    assert f"process {os.getpid()} on {socket.gethostname()}" in ended.err
    assert emulator.report().requests == 0


async def test_ctrl_c_ends_cleanly_and_the_command_it_names_goes_on(
    kmi: CommandLine, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.latency = 0.01
    command = ("pull", "rankings", "data", "--markets", "US", "DE", "FR", "BR", "--date", "2026-11-20")
    process = await kmi.start(*command)
    while emulator.report().requests < 10:
        await asyncio.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert f"Resume with: kentik-async kmi {' '.join(command)}" in err.decode()
    assert "Traceback" not in err.decode()
    (run,) = (await kmi("status", "data")).rows
    assert (run["state"], run["done"] + run["left"]) == ("interrupted", 4 * 12 + 1)
    before = emulator.report().requests
    ended = await kmi(*command)
    assert ended.code == 0
    assert f"resuming run 2026-11-20.1: {run['done']} pages there" in ended.err
    assert emulator.report().requests - before <= run["left"] + 2
    (run,) = (await kmi("status", "data")).rows
    assert (run["state"], run["done"], run["left"], run["failed"]) == ("complete", 49, 0, 0)


WRONG = {
    ("pull", "rankings", "data", "--date", "yesterday"): "--date is 'yesterday': give YYYY-MM-DD",
    ("pull", "details", "data"): "give either --asns",
    ("pull", "details", "data", "--asns", "3356"): "--asns needs --markets",
    ("pull", "details", "data", "--asns", "x", "--markets", "US"): "'x'",
    ("pull", "all", "data", "--top", "0"): "top is 0",
    ("pull", "rankings", "data", "--leave", "-1"): "leave is -1",
    ("pull", "rankings", "data", "--store", "excel"): "excel",
    ("diff", "data", "--from", "2026-11-20"): "--to",
}


async def test_a_wrong_command_line_ends_with_two_and_sends_nothing(
    kmi: CommandLine, emulator: Emulator
) -> None:
    for ended, (arguments, said) in zip(
        await asyncio.gather(*(kmi(*arguments) for arguments in WRONG)), WRONG.items(), strict=True
    ):
        assert ended.code == 2, arguments
        assert said in ended.err, arguments
    assert emulator.report().requests == 0


async def test_a_folder_without_a_pull_is_one_line(kmi: CommandLine) -> None:
    ended = await kmi("status", "nothing")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: no pull was saved in nothing")


async def test_diff_is_what_the_server_says_changed(kmi: CommandLine, emulator: Emulator) -> None:
    then = emulator.state.day
    await kmi("pull", "all", "data", *FEW, "--top", "2", "--date", "2026-11-19")
    emulator.advance_day(3)
    await kmi("pull", "all", "data", *FEW, "--top", "2", "--date", "2026-11-20")
    ended = await kmi("diff", "data", "--from", "2026-11-19", "--to", "2026-11-20", "--market", "us")
    old, new = (
        {row.asn: row.rank for row in emulator.state.rankings("cc$US", day=day)}
        for day in (then, emulator.state.day)
    )
    truth = {
        asn: "entered" if asn not in old
        else "left" if asn not in new
        else "rose" if (new[asn] or 0) < (old[asn] or 0)
        else "fell"
        for asn in {*old, *new}
        if old.get(asn) != new.get(asn)
    }  # fmt: skip
    found = {row["asn"]: row["change"] for row in ended.rows if row["rank_type"]}
    assert found == truth
    assert {"rose", "fell"} <= set(truth.values())
    neighbours = {
        (row["asn"], row["relation"], row["related_asn"], row["change"])
        for row in ended.rows
        if row["relation"]
    }
    firsts = [
        {row.asn for row in emulator.state.rankings("cc$US", day=day)[:2]}
        for day in (then, emulator.state.day)
    ]
    assert neighbours == {
        change
        for asn in firsts[0] & firsts[1]
        for change in changed_neighbours(emulator, "cc$US", asn or 0, then)
    }


def changed_neighbours(emulator: Emulator, market: str, asn: int, then: Any) -> set[tuple[Any, ...]]:
    old, new = (
        {
            (asn, relation, row.asn)
            for relation, rows in (("customer", found.customers), ("provider", found.providers))
            for row in rows
        }
        for found in (emulator.state.asn_details(market, asn, day=day) for day in (then, emulator.state.day))
    )
    return {(*row, "new") for row in new - old} | {(*row, "lost") for row in old - new}


async def test_a_terminal_gets_a_bar_with_rate_and_quota(kmi: CommandLine) -> None:
    ours, theirs = pty.openpty()
    kmi.environment |= {"TERM": "xterm", "COLUMNS": "160"}
    process = await kmi.start("pull", "rankings", "data", "--markets", "US", "DE", stderr=theirs)
    os.close(theirs)
    reader = asyncio.create_task(asyncio.to_thread(read_all, ours))
    await process.communicate()
    drawn = await reader
    assert process.returncode == 0
    assert "a minute" in drawn
    assert "quota for" in drawn


def read_all(descriptor: int) -> str:
    data = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end of a terminal is closed
        while chunk := os.read(descriptor, 65_536):
            data += chunk
    os.close(descriptor)
    return data.decode()
