"""`kentik-async emulator`: its output when it is ready, and how it ends."""

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from kentik_async import KentikClient, Quota, RateLimitedError
from tests.cli.shell import KENTIK_ASYNC, PATIENCE, Shell, readiness, started
from tests.support.ports import reserved_port


def test_one_line_has_all_settings_of_a_client() -> None:
    with started("emulator", "--speed", "600", "--seed", "7", "--day", "2026-02-01") as process:
        ready = readiness(process)
        assert ready["pid"] == process.pid
        assert (ready["speed"], ready["seed"], ready["day"]) == (600, 7, "2026-02-01")
        assert Shell(ready)("auth", "status").code == 0
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.read() == "", "one line and no more"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_end_it_without_output(number: signal.Signals, code: int) -> None:
    """It prints nothing, not even for a malformed request."""
    with started("emulator") as process:
        ready = readiness(process)
        with socket.create_connection(("127.0.0.1", _port(ready))) as peer:
            peer.sendall(b"NOT HTTP\x00\r\n\r\n")
            assert b" 400 " in peer.recv(100)
        process.send_signal(number)
        _, words = process.communicate(timeout=PATIENCE)
        assert (process.returncode, words) == (code, "")


def test_it_ends_cleanly_under_a_call() -> None:
    with started("emulator", "--speed", "60", "--latency", "30") as process:
        ready = readiness(process)
        with socket.create_connection(("127.0.0.1", _port(ready))) as peer:
            head = f"GET /api/v5/sites HTTP/1.1\r\nHost: x\r\nX-CH-Auth-Email: {ready['email']}\r\n"
            peer.sendall(f"{head}X-CH-Auth-API-Token: {ready['token']}\r\n\r\n".encode())
            shell = Shell(ready)
            while not shell.control("report")["in_flight"]:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, words = process.communicate(timeout=PATIENCE)
        assert (process.returncode, words) == (0, "")


def _port(ready: dict[str, str]) -> int:
    return int(ready["rest_endpoint"].split(":")[2].split("/")[0])


def test_in_the_background_it_holds_no_stream() -> None:
    command = [*KENTIK_ASYNC, "emulator", "--background"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    pid = re.search(r"KENTIK_EMULATOR_PID=(\d+)", done.stdout)
    assert pid is not None
    os.kill(int(pid[1]), signal.SIGTERM)
    assert "the emulator runs in the background" in done.stderr


def test_in_the_background_a_failure_is_printed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*KENTIK_ASYNC, "emulator", "--background", "--rest-port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the emulator cannot listen: ")


def test_it_ends_with_the_program_that_started_it() -> None:
    with started("emulator", "--until-stdin-ends") as process:
        readiness(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=PATIENCE) == 0


def test_it_keeps_running_without_stdin() -> None:
    with started("emulator") as process:
        ready = readiness(process)
        assert process.stdin is not None
        process.stdin.close()
        assert Shell(ready)("sites", "list").code == 0
        assert process.poll() is None


def test_a_port_can_be_chosen_and_a_taken_one_is_2() -> None:
    with reserved_port() as free:
        port = str(free)
        with started("emulator", "--grpc-port", port) as process:
            assert readiness(process)["grpc_endpoint"].endswith(f":{port}")
            done = Shell({"env": {}})("emulator", "--rest-port", port)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: the emulator cannot listen: ")
    assert done.err.endswith("; use other ports\n")
    assert len(done.err.splitlines()) == 1


def test_an_address_of_another_machine_is_2() -> None:
    done = Shell({"env": {}})("emulator", "--host", "192.0.2.1")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: the emulator cannot listen: ")
    assert "use other ports" not in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_full_disk_of_the_log_is_one_warning() -> None:
    with started("emulator", "--log", "/dev/full") as process:
        ready = readiness(process)
        for _ in range(2):
            assert Shell(ready)("sites", "list").code == 0
        process.send_signal(signal.SIGTERM)
        _, words = process.communicate(timeout=PATIENCE)
    assert (process.returncode, words) == (
        0,
        "warning: cannot write /dev/full: No space left on device\n",
    )


async def test_strict_refuses_what_is_otherwise_counted() -> None:
    with started("emulator", "--strict") as process:
        ready = readiness(process)
        at = {"grpc_endpoint": ready["grpc_endpoint"], "rest_endpoint": ready["rest_endpoint"]}
        boundless = Quota(None, None, 0.0, None, None)
        async with KentikClient(
            ready["email"], ready["token"], **at, quota=boundless, max_wait=0.0
        ) as kentik:
            assert len(await kentik.sites.list()) == 3
            control = Shell(ready).control
            await asyncio.to_thread(control, "fail", {"delay": 3600.0})
            first = asyncio.create_task(kentik.sites.list())
            while not (await asyncio.to_thread(control, "report"))["in_flight"]:
                assert not first.done()
            with pytest.raises(RateLimitedError):
                await kentik.sites.list()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first


async def test_details_report_the_usage_of_other_clients() -> None:
    # The calls count for a whole minute, even if they take long.
    with started("emulator", "--details", "--speed", "1") as process:
        ready = readiness(process)
        at = {"grpc_endpoint": ready["grpc_endpoint"], "rest_endpoint": ready["rest_endpoint"]}
        for customer, calls, others in (("one", 10, 0), ("another", 1, 10)):
            async with KentikClient(ready["email"], ready["token"], **at, customer=customer) as kentik:
                await asyncio.gather(*(kentik.sites.list() for _ in range(calls)))
                assert (await kentik.quota.snapshot()).others == others


def test_the_help_example_works_as_a_block() -> None:
    text = subprocess.run(
        [*KENTIK_ASYNC, "emulator", "--help"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "100"},
        check=True,
        timeout=PATIENCE,
    ).stdout
    block = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    assert block[0].startswith("eval ")
    program = f'kentik-async() {{ {shlex.join(KENTIK_ASYNC)} "$@"; }}'
    done = subprocess.run(
        ["bash", "-euc", "\n".join([program, *block])],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, MARKET), done.stderr


MARKET = '{"market_id":"planet$earth","name":"Planet Earth"}'


def test_users_the_host_and_the_log_file(tmp_path: Path) -> None:
    log = tmp_path / "calls.ndjson"
    users = ("--user", "ann@example.com:first:token", "--user", "bob@example.com:second")
    with started("emulator", "--host", "127.0.0.2", *users, "--log", str(log)) as process:
        ready = readiness(process)
        assert ready["grpc_endpoint"].startswith("http://127.0.0.2:")
        assert ready["rest_endpoint"].startswith("http://127.0.0.2:")
        assert ready["email"] == "ann@example.com"
        assert Shell(ready)("sites", "list").code == 0
        bob = {"KENTIK_EMAIL": "bob@example.com", "KENTIK_API_TOKEN": "second"}
        assert Shell(ready)("sites", "get", "1", **bob).code == 0
        assert Shell(ready)("sites", "list", KENTIK_API_TOKEN="other").code == 3
    calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(call["user"], call["operation"], call["status"]) for call in calls] == [
        ("ann@example.com", "sites.list", 200),
        ("bob@example.com", "sites.get", 200),
        ("ann@example.com", "sites.list", 401),
    ]
    assert "first:token" not in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "localhost"], "error: host must be an IP address to listen on"),
        (["--user", "ann@example.com"], "error: --user must be EMAIL:TOKEN"),
        (["--user", "ann@example.com:t\t"], "error: --user must contain only printable ASCII characters"),
        (["--user", "ann@example.com:ä"], "error: --user must contain only printable ASCII characters"),
        (
            ["--user", "ann@example.com:1", "--user", "ann@example.com:2"],
            "error: users must have different email addresses; got 'ann@example.com' twice",
        ),
        (["--log", "/nowhere/calls"], "error: cannot write /nowhere/calls: No such file or directory"),
    ],
)
def test_wrong_options_are_one_line(arguments: list[str], said: str) -> None:
    done = Shell({"env": {}})("emulator", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(said)
    assert len(done.err.splitlines()) == 1
