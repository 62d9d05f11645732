"""A real redis-server, and real processes that pull from a strict server with the quota in it."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from kentik_async.quota import Quota
from tests.support.paths import ROOT

# Read at collection: later the test suite hides the environment variables.
_REQUIRED = os.environ.get("KENTIK_ASYNC_REQUIRE_REDIS") == "1"

_WORKER = Path(__file__).with_name("worker.py")


_OWN_PORTS = range(10_000, 22_000)
"""Below the ephemeral ports, so that no other program takes one before the server does."""


def free_port() -> int:
    """Return a free loopback port; a cluster node also uses the port that is 10 000 higher."""
    while True:
        port = random.choice(_OWN_PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe, socket.socket() as above:
            probe.bind(("127.0.0.1", port))
            above.bind(("127.0.0.1", port + 10_000))
            return port


class RedisServer:
    """An own redis-server on a free loopback port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        # Any: redis-py has common types for its sync and async clients.
        self.admin: Any = redis.Redis(port=self.port, protocol=2, retry=Retry(NoBackoff(), 0))

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self._folder),
        ]
        self._process = subprocess.Popen(
            [*command, "--save", "", *self._options], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        self._started = time.monotonic()
        deadline = self._started + 20
        while True:
            try:
                self.admin.ping()
            except redis.AuthenticationError:
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.02)
            else:
                return

    def age(self) -> float:
        """Return how many seconds it has been running."""
        return time.monotonic() - self._started

    def kill(self) -> None:
        """Kill the server, like a power failure."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)


@contextlib.contextmanager
def running_redis(folder: Path, *options: str) -> Iterator[RedisServer]:
    """Yield a running server. Without redis-server, skip the test, or fail if one is required."""
    if shutil.which("redis-server") is None:
        reason = "there is no redis-server on PATH (Debian, Ubuntu: apt install redis-server)"
        if _REQUIRED:
            pytest.fail(f"KENTIK_ASYNC_REQUIRE_REDIS=1, and {reason}")
        pytest.skip(reason)
    server = RedisServer(folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.admin.close()
        server.kill()


@dataclass
class Received:
    """One request at the strict server; instants by its own clock."""

    process: str
    received: float
    answered: float
    refused: bool


@dataclass
class StrictServer:
    """A server that applies the vendor's rules exactly, written from the rules and not from our code.

    A request counts from its receipt. It continues to run, whether its client is alive or not.
    """

    quota: Quota
    latency: float
    total: int
    log: list[Received] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    _hold: dict[str, float] = field(default_factory=dict)
    _greeted: int = 0
    _go: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _expected: int = 0
    _server: asyncio.Server | None = None
    port: int = 0

    async def open(self, processes: int) -> None:
        """Listen; no process starts before this number has connected."""
        self._expected = processes
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def hold_next(self, process: str, seconds: float) -> None:
        """Answer the next request of a process after so many seconds."""
        self._hold[process] = seconds

    def stop_after(self, count: int) -> None:
        """Answer so many more requests, then stop."""
        self.total = len(self.log) + count

    def refused(self) -> int:
        """Return how many requests were refused."""
        return sum(request.refused for request in self.log)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            hello, process = (await reader.readline()).decode().split()
            if hello == "first":
                self._greeted += 1
                if self._greeted >= self._expected:
                    self._go.set()
            await self._go.wait()
            writer.write(b"go\n")
            while await reader.readline():
                # In a task of its own: the end of the connection does not end the work.
                work = asyncio.create_task(self._work(process))
                self._tasks.add(work)
                work.add_done_callback(self._tasks.discard)
                writer.write(await asyncio.shield(work))
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _work(self, process: str) -> bytes:
        if len(self.log) >= self.total:
            return b"stop\n"
        quota, now = self.quota, time.monotonic()
        minute = sum(request.received > now - quota.minute for request in self.log)
        hour = sum(request.received > now - quota.hour for request in self.log)
        over = (
            (quota.max_concurrent is not None and self.in_flight >= quota.max_concurrent)
            or (quota.hard_per_minute is not None and minute >= quota.hard_per_minute)
            or (quota.per_hour is not None and hour >= quota.per_hour)
        )
        request = Received(process, now, now, over)
        self.log.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        delayed = quota.soft_per_minute is not None and minute >= quota.soft_per_minute
        seconds = self._hold.pop(process, None)
        if seconds is None:
            seconds = 0.0 if over else self.latency + (quota.soft_delay if delayed else 0.0)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.in_flight -= 1
            request.answered = time.monotonic()
            if len(self.log) >= self.total:
                self.done.set()
        return b"429\n" if over else b"ok\n"


_idle: list[subprocess.Popen[bytes]] = []


class Worker:
    """A process that pulls from the strict server as fast as its limiter allows.

    Processes are reused for several tasks, because a start takes longer than most tasks; see `stop_workers`.
    """

    def __init__(
        self, name: str, redis_url: str, server: StrictServer, customer: str, **settings: Any
    ) -> None:
        self.report: dict[str, Any] | None = None
        self.process = _idle.pop() if _idle else _start_worker()
        task = {"name": name, "url": redis_url, "port": server.port, "customer": customer, **settings}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({**task, "quota": asdict(server.quota)}).encode() + b"\n")
        self.process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def end(self, timeout: float = 30) -> dict[str, Any]:
        """Wait for the end of the task, and return its report."""
        if self.report is None:
            assert self.process.stdout is not None
            async with asyncio.timeout(timeout):
                line = await asyncio.to_thread(self.process.stdout.readline)
            assert line, f"process {self.process.pid} has ended: see its output"
            report: dict[str, Any] = json.loads(line)
            self.report = report
            _idle.append(self.process)
        return self.report

    def kill(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.communicate()


def _start_worker() -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-W", "error", str(_WORKER)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT)


def stop_workers() -> None:
    """End the idle processes."""
    while _idle:
        process = _idle.pop()
        process.communicate()  # the process ends when its input is closed
        assert process.returncode == 0
