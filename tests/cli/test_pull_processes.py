"""`kentik-async kmi pull` in other processes: signals, terminals, several customers concurrently."""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kentik_async.emulator import Emulator, User
from kentik_async.emulator.engine.dispatcher import Dispatcher, DispatchResult, IncomingRequest


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

    async def start(self, *arguments: str, under: str = "", **streams: Any) -> asyncio.subprocess.Process:
        both = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE} | streams
        command = [sys.executable, "-m", "kentik_async.cli", "kmi", *arguments]
        if under:  # a line of shell before it
            command = ["bash", "-c", f'{under}; exec "$@"', "bash", *command]
        return await asyncio.create_subprocess_exec(*command, env=self.environment, cwd=self.home, **both)

    async def __call__(self, *arguments: str, under: str = "") -> Ended:
        process = await self.start(*arguments, under=under)
        out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())


FEW = ("--markets", "US", "DE", "--rank-types", "customer_base", "peering_base")
USERS = [User("noc@one.example", "token-of-one"), User("noc@two.example", "token-of-two")]


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600, users=USERS) as emulator:
        yield emulator


@pytest.fixture
def kmi(emulator: Emulator, tmp_path: Path) -> CommandLine:
    return CommandLine(emulator, tmp_path)


async def test_ctrl_c_ends_cleanly_and_names_the_command_to_resume(
    kmi: CommandLine, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.latency = 0.01
    command = ("pull", "rankings", "data", "--markets", "US", "DE", "FR", "BR", "--date", "2026-11-20")
    process = await kmi.start(*command)
    while emulator.report().requests < 10:
        assert process.returncode is None
        await asyncio.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert f"Resume with: kentik-async kmi {' '.join(command)}" in err.decode()
    assert "Traceback" not in err.decode()
    plan = await plan_of(kmi, *command)
    assert plan["run_id"].startswith("2026-11-20.")
    assert 8 <= plan["saved"] < 48
    before = emulator.report().requests
    ended = await kmi(*command)
    assert ended.code == 0
    skipped = f"{plan['saved']} pages already downloaded; skipped"
    assert f"resuming run {plan['run_id']}: {skipped}" in ended.err
    assert emulator.report().requests - before == plan["calls"] == ended.rows[0]["calls"]
    assert plan["calls"] <= 48 - plan["saved"] + 2  # and the list of markets, and the check
    (report,) = ended.rows
    assert (report["run_id"], report["pages"], report["failed"]) == (plan["run_id"], 48, 0)


async def test_after_a_full_disk_the_same_command_resumes(kmi: CommandLine) -> None:
    command = ("pull", "rankings", "data", *FEW)
    full = await kmi(*command, under="ulimit -f 100")  # kB per file: the journal soon exceeds it
    assert (full.code, full.out) == (1, "")
    error = full.err.splitlines()[-1]
    assert error.startswith("error: cannot use the journal data/.kentik-async/journal.sqlite: ")
    again = await kmi(*command)
    assert again.code == 0
    assert "resuming run" in again.err


async def test_a_second_ctrl_c_is_as_clean(kmi: CommandLine, emulator: Emulator) -> None:
    emulator.latency = 0.01
    process = await kmi.start("pull", "rankings", "data", *FEW)
    while emulator.report().requests < 5:
        assert process.returncode is None
        await asyncio.sleep(0.001)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err.decode()
    again = await kmi("pull", "rankings", "data", *FEW)
    assert (again.code, again.rows[0]["pages"]) == (0, 8)


async def drawn_by(kmi: CommandLine, *arguments: str) -> str:
    """Run a command whose stderr is a terminal of 80 columns, and return its output there."""
    ours, theirs = pty.openpty()
    kmi.environment |= {"TERM": "xterm", "COLUMNS": "80"}
    process = await kmi.start(*arguments, stderr=theirs)
    os.close(theirs)
    reader = asyncio.create_task(asyncio.to_thread(read_all, ours))
    await process.communicate()
    assert process.returncode == 0
    return without_colours(await reader)


async def test_a_terminal_gets_a_bar_with_rate_and_quota(kmi: CommandLine, emulator: Emulator) -> None:
    emulator.latency = 0.06  # a bar is drawn every half second
    drawn = await drawn_by(kmi, "pull", "rankings", "data", "--markets", "US", "DE")
    assert re.search(r"\d/25.* \d+/min; [\d.]+ s left; quota \d+/min, [\d,]+/h", drawn)


async def test_a_terminal_gets_a_bar_for_each_customer(kmi: CommandLine, emulator: Emulator) -> None:
    emulator.latency = 0.06
    options = profiles(kmi, one="token-of-one", two="token-of-two")
    drawn = await drawn_by(kmi, "pull", "rankings", "data", "--markets", "US", "DE", *options)
    for customer in ("one", "two"):
        assert re.search(rf"{customer} .* \d/25.* \d+/min; [\d.]+ s left", drawn)


async def plan_of(kmi: CommandLine, *command: str) -> dict[str, Any]:
    """Return the current plan of a command."""
    (plan,) = (await kmi(*command, "--dry-run")).rows
    return plan


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)


def read_all(descriptor: int) -> str:
    data = b""
    with contextlib.suppress(OSError):  # Linux reports in this way that the other end of a terminal is closed
        while chunk := os.read(descriptor, 65_536):
            data += chunk
    os.close(descriptor)
    return data.decode()


def profiles(kmi: CommandLine, **tokens: str) -> list[str]:
    """Write a profile for each customer, and return the options that name them."""
    folder = kmi.home / ".kentik"
    folder.mkdir()
    for user, (name, token) in zip(USERS, tokens.items(), strict=True):
        (folder / name).write_text(json.dumps({"email": user.email, "api-key": token}), encoding="utf-8")
        (folder / name).chmod(0o600)
    return [word for name in tokens for word in ("--profile", name)]


def answer_both_at_once(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """Answer no request of an operation until both users have sent one, because a pull takes only 0.1 s.

    Otherwise one of them could end before the other has opened its target.
    """
    waiting: set[str | None] = set()
    both = asyncio.Event()
    serve = Dispatcher.serve

    async def serve_both(
        self: Dispatcher, incoming: IncomingRequest, work: Callable[[User], Any]
    ) -> DispatchResult:
        if incoming.operation == operation:
            waiting.add(incoming.credentials[0])
            if len(waiting) == len(USERS):
                both.set()
            await both.wait()
        return await serve(self, incoming, work)

    monkeypatch.setattr(Dispatcher, "serve", serve_both)


async def test_several_customers_pull_side_by_side_into_a_target_each(
    kmi: CommandLine, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_both_at_once(monkeypatch, "kmi.list_markets")
    options = profiles(kmi, one="token-of-one", two="token-of-two")
    ended = await kmi("pull", "rankings", "data", *FEW, *options)
    assert ended.code == 0, ended.err
    assert [row["target"] for row in ended.rows] == ["data/one", "data/two"]
    assert {row["pages"] for row in ended.rows} == {8}
    for line in ("one: data/one: 10 calls, ", "two: data/two: 10 calls, "):
        assert line in ended.err
    report = emulator.report()
    assert (report.requests, report.refused) == (20, 0)
    mine, yours = ([call.received for call in emulator.calls if call.user == user.email] for user in USERS)
    assert min(mine) < max(yours), "one did not wait for the other"
    assert min(yours) < max(mine)
    again = await kmi("pull", "rankings", "data", *FEW, *options)
    assert (again.code, {row["already_complete"] for row in again.rows}) == (0, {True})


async def test_the_failure_of_one_customer_is_not_the_others(kmi: CommandLine) -> None:
    options = profiles(kmi, one="not-my-token", two="token-of-two")
    ended = await kmi("pull", "rankings", "data", *FEW, *options)
    assert ended.code == 3
    assert [(row["target"], row["failed"]) for row in ended.rows] == [("data/two", 0)]
    (error,) = (line for line in ended.err.splitlines() if line.startswith("error: "))
    assert error.startswith("error: one: kmi.list_markets: gRPC UNAUTHENTICATED")


async def test_ctrl_c_prints_a_resume_command_for_each_customer(
    kmi: CommandLine, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.latency = 0.01
    answer_both_at_once(monkeypatch, "kmi.get_rankings")
    options = profiles(kmi, one="token-of-one", two="token-of-two")
    process = await kmi.start("pull", "rankings", "data", *FEW, *options)
    while {call.user for call in emulator.calls if call.operation == "kmi.get_rankings"} != {
        user.email for user in USERS
    }:
        assert process.returncode is None
        await asyncio.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err.decode()
    told = [line for line in err.decode().splitlines() if "interrupted; what was downloaded is kept" in line]
    same = f"kentik-async kmi pull rankings data/{{0}} {' '.join(FEW)} --profile {{0}}"
    assert sorted(line.partition("Resume with: ")[2] for line in told) == [
        same.format("one"),
        same.format("two"),
    ]
    for customer in ("one", "two"):
        plan = await plan_of(kmi, "pull", "rankings", f"data/{customer}", *FEW, "--profile", customer)
        assert plan["run_id"] is not None
        assert plan["calls"] + plan["saved"] in (9, 10)  # with the check, and perhaps the list of markets
    again = await kmi("pull", "rankings", "data/one", *FEW, "--profile", "one")
    assert again.code == 0
    assert "resuming run" in again.err
