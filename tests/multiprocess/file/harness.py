"""Real processes that pull from a strict server with one quota file, and the fastest possible schedule."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kentik_async.quota import Quota
from tests.multiprocess.pauses import note_pauses
from tests.support.paths import ROOT

_WORKER = Path(__file__).with_name("worker.py")

ENDLESS = 3000
"""More requests than any test has: their number is not known, because a process may start slowly."""


@dataclass(slots=True)
class Visit:
    """One request, as the server saw it; instants by its clock, which is the machine's."""

    process: str
    received: float
    finished: float | None = None
    over: str | None = None


@dataclass
class StrictServer:
    """A server that applies the vendor's rules exactly, written from the rules and not from our code.

    A request counts from its receipt. It continues to run, whether its client is alive or not.
    `pauses` are those of this process.
    """

    quota: Quota
    latency: float
    total: int
    visits: list[Visit] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    port: int = 0
    workers: "list[Worker]" = field(default_factory=list)
    pauses: list[Any] = field(default_factory=list)
    _held: dict[str, asyncio.Event] = field(default_factory=dict)
    _spent: range = range(0)
    _long: dict[str, float] = field(default_factory=dict)
    _expected: int = 1
    _come: set[str] = field(default_factory=set)
    _go: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def open(self, processes: int) -> None:
        """Listen; all processes start together, when this number has connected."""
        self._expected = processes
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks.add(asyncio.create_task(note_pauses(self.pauses)))

    async def close(self) -> None:
        """Stop the server, and end the remaining processes."""
        for worker in self.workers:
            worker.kill()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def work_long(self, process: str, seconds: float) -> None:
        """Answer the next request of a process after so many seconds."""
        self._long[process] = seconds

    def hold(self, process: str) -> asyncio.Event:
        """Answer the next request of a process when the event is set."""
        return self._held.setdefault(process, asyncio.Event())

    def stop_after(self, count: int) -> None:
        """Answer so many more requests, then stop."""
        self.total = len(self.visits) + count

    def refuse_between(self, first: int, last: int) -> None:
        """Refuse the requests from `first` to before `last`: another program has used the quota."""
        self._spent = range(first, last)

    async def until(self, count: int, process: str | None = None) -> Visit:
        """Wait until so many requests were received, of one process or of all; return the last one."""
        async with self._seen:
            await self._seen.wait_for(lambda: len(self._of(process)) >= count)
        return self._of(process)[count - 1]

    async def until_next(self, process: str, count: int = 1) -> Visit:
        """Wait for so many more requests of a process; return the last one."""
        return await self.until(len(self._of(process)) + count, process)

    def refused(self) -> list[Visit]:
        """Return the requests that exceeded a limit."""
        return [visit for visit in self.visits if visit.over is not None]

    def turns(self, since: int = 0) -> dict[str, int]:
        """Return the number of requests of each process, from position `since` on."""
        counts: dict[str, int] = {}
        for visit in self.visits[since:]:
            counts[visit.process] = counts.get(visit.process, 0) + 1
        return counts

    def _of(self, process: str | None) -> list[Visit]:
        return [visit for visit in self.visits if process in (None, visit.process)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            name = (await reader.readline()).decode().strip()
            self._come.add(name)
            if len(self._come) >= self._expected:
                self._go.set()
            await self._go.wait()
            writer.write(b"go\n")
            while await reader.readline():
                # In a task of its own: the end of the connection does not end the work.
                work = asyncio.create_task(self._work(name))
                self._tasks.add(work)
                work.add_done_callback(self._tasks.discard)
                writer.write(await asyncio.shield(work))
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _work(self, name: str) -> bytes:
        if len(self.visits) >= self.total:
            return b"stop\n"
        now, quota = time.monotonic(), self.quota
        minute = self._within(now, quota.minute)
        visit = Visit(name, now, over=self._over(now, minute))
        self.visits.append(visit)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        async with self._seen:
            self._seen.notify_all()
        delayed = quota.soft_per_minute is not None and minute >= quota.soft_per_minute
        usual = self.latency + (quota.soft_delay if delayed else 0.0)
        held = self._held.pop(name, None)
        if held is not None:
            await held.wait()
        await asyncio.sleep(self._long.pop(name, 0.0 if visit.over else usual))
        self.in_flight -= 1
        visit.finished = time.monotonic()
        return b"429\n" if visit.over else b"ok\n"

    def _over(self, now: float, minute: int) -> str | None:
        quota = self.quota
        if len(self.visits) in self._spent:
            return "used by another program"
        if quota.max_concurrent is not None and self.in_flight >= quota.max_concurrent:
            return f"{self.in_flight} in flight"
        if quota.hard_per_minute is not None and minute >= quota.hard_per_minute:
            return f"{minute} in a minute"
        if quota.per_hour is not None and (hour := self._within(now, quota.hour)) >= quota.per_hour:
            return f"{hour} in an hour"
        return None

    def _within(self, now: float, window: float) -> int:
        return sum(visit.received + window > now for visit in self.visits)


def fastest(quota: Quota, latency: float, count: int) -> float:
    """Return how long the fastest schedule takes, from the first receipt to the last answer."""
    received: list[float] = []
    ends: list[float] = []
    slots = quota.max_concurrent or count
    for _ in range(count):
        start = ends[-slots] if len(ends) >= slots else 0.0
        for limit, window in ((quota.hard_per_minute, quota.minute), (quota.per_hour, quota.hour)):
            if limit is not None and len(received) >= limit:
                start = max(start, received[-limit] + window)
        soft = quota.soft_per_minute
        delayed = soft is not None and sum(then + quota.minute > start for then in received) >= soft
        received.append(start)
        ends.append(start + latency + (quota.soft_delay if delayed else 0.0))
        ends.sort()
    return ends[-1]


class Worker:
    """A process that pulls from the strict server as fast as its limiter allows."""

    def __init__(self, name: str, path: Path, server: StrictServer, **settings: Any) -> None:
        self.name = name
        task = {
            "name": name,
            "path": str(path),
            "port": server.port,
            "quota": asdict(server.quota),
            **settings,
        }
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(_WORKER), json.dumps(task)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
        )
        server.workers.append(self)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    async def until_stopped(self) -> None:
        """Wait until a signal has stopped it."""
        status = Path(f"/proc/{self.process.pid}/stat")
        while status.read_text().rpartition(")")[2].split()[0] != "T":
            await asyncio.sleep(0.005)

    async def end(self, timeout: float = 60) -> dict[str, Any]:
        """Wait for the end of the process, and return its report."""
        out, err = await asyncio.to_thread(self.process.communicate, None, timeout)
        assert self.process.returncode == 0, err.decode()
        report: dict[str, Any] = json.loads(out)
        report["warnings"] = err.decode()
        return report

    def kill(self) -> None:
        """Kill the process, as the kernel does when memory is short."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()
