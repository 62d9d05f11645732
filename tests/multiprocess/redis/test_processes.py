"""Four processes, a real Redis and a server that applies the rules exactly, on a faster clock.

A minute of the quota lasts 1 s, or 3 s where a test counts turns. A lease always lasts 1 s.
"""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kentik_async.quota import Quota
from tests.multiprocess.pauses import with_missed_turns
from tests.multiprocess.redis.harness import RedisServer, StrictServer, Worker, running_redis, stop_workers
from tests.multiprocess.redis.helpers import know_as_unused

QUOTA = Quota.NON_QUERY.scaled(60)
LATENCY = 0.05 / 60
SLOWER = Quota.NON_QUERY.scaled(20)  # on a busy machine a process loses fewer turns
SLOWER_LATENCY = 0.05 / 20
ROOMY = Quota(1, None, 0.0, 10_000, 10_000, drain=0.2)
"""No process reaches its limits; lease and patience are those of a real minute."""
LEASE = 1.0
ROOMY_LEASE = 10.0
ENDLESS = 3000
"""More requests than any test has: how many there are before a certain process has a turn is not known."""
SLACK = 5.0  # seconds, for a busy machine


@pytest.fixture(scope="module", autouse=True)
def _workers() -> Iterator[None]:
    yield
    stop_workers()


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    return server


@asynccontextmanager
async def pull(
    redis: RedisServer, total: int, settings: dict[str, Any] | None = None, processes: int = 4, **worker: Any
) -> AsyncIterator[tuple[StrictServer, list[Worker]]]:
    """Processes that pull so many answers together; `settings` are only for the first one."""
    server = StrictServer(worker.pop("quota", QUOTA), worker.pop("latency", LATENCY), total)
    await server.open(processes)
    customer = uuid.uuid4().hex
    know_as_unused(redis, customer, ("https://grpc.api.kentik.com:443",))
    workers: list[Worker] = []
    try:
        for number in range(processes):
            own = settings if settings and number == 0 else {}
            workers.append(Worker(f"w{number}", redis.url, server, customer, **{**worker, **own}))
        yield server, workers
        await ended(workers)
    finally:
        await server.close()
        for left in workers:
            if left.report is None:
                left.kill()


async def ended(workers: list[Worker]) -> list[dict[str, Any]]:
    """Return the reports of the processes that were not killed."""
    return [await worker.end() for worker in workers if worker.process.returncode != -signal.SIGKILL]


async def until(server: StrictServer, count: int, process: str | None = None) -> None:
    """Wait until so many requests were received, of one process or of all."""
    async with asyncio.timeout(60):
        while sum(process in (None, request.process) for request in server.log) < count:
            await asyncio.sleep(0.005)


async def until_held(server: StrictServer, process: str, seconds: float) -> None:
    """Answer the next request of a process after so many seconds; wait until it is received."""
    server.hold_next(process, seconds)
    while server.log[-1].process != process or not server.in_flight:
        await asyncio.sleep(0.001)


async def finished(server: StrictServer) -> None:
    async with asyncio.timeout(90):
        await server.done.wait()


def check(server: StrictServer) -> None:
    """Check that no request was refused, only one was in flight at once, and no window was exceeded."""
    assert server.refused() == 0
    assert server.most_in_flight == 1
    received = [request.received for request in server.log]
    quota = server.quota
    for limit, window in ((quota.hard_per_minute, quota.minute), (quota.per_hour, quota.hour)):
        for first, last in zip(received, received[limit:], strict=False):
            assert last - first >= window


def gaps(server: StrictServer) -> list[float]:
    """Return the idle times of the server between requests."""
    return [
        later.received - earlier.answered for earlier, later in zip(server.log, server.log[1:], strict=False)
    ]


async def test_four_processes_take_turns(redis: RedisServer) -> None:
    total = 220  # on a busy machine each misses some turns, all alike in the long run
    async with pull(redis, total, quota=SLOWER, latency=SLOWER_LATENCY) as (server, workers):
        await finished(server)
        check(server)
        reports = await ended(workers)
        names = [f"w{number}" for number in range(4)]
        turns = [(request.process, request.received) for request in server.log[20:]]
        had = [sum(name == process for process, _ in turns) for name in names]
        fair = with_missed_turns(
            turns, {name: report["pauses"] for name, report in zip(names, reports, strict=True)}
        )
        assert max(had) <= 1.2 * min(fair[name] for name in names)


async def test_four_processes_at_the_hard_limit_are_never_refused(redis: RedisServer) -> None:
    quota = Quota(1, None, 0.0, 60, 3750, minute=1.0, hour=60.0, drain=0.3)
    total = 121  # the last request is sent after two minutes
    async with pull(redis, total, quota=quota, latency=SLOWER_LATENCY) as (server, _):
        await finished(server)
        check(server)


async def test_a_process_killed_in_flight_costs_lease_and_drain(redis: RedisServer) -> None:
    async with pull(redis, ENDLESS, processes=3) as (server, workers):
        await until(server, 30)
        await until_held(server, "w1", QUOTA.drain)
        workers[1].kill()
        killed, count = time.monotonic(), len(server.log)
        await until(server, count + 1)
        assert server.log[count].received - killed < LEASE + QUOTA.drain + SLACK
        server.stop_after(30)
        await finished(server)
        check(server)


async def test_a_process_killed_while_waiting_costs_nothing(redis: RedisServer) -> None:
    async with pull(redis, ENDLESS, processes=3, quota=ROOMY) as (server, workers):
        await until(server, 30)
        await until_held(server, "w2", 0.2)
        workers[1].kill()
        server.stop_after(30)
        await finished(server)
        check(server)
        assert max(gaps(server)) < 0.9 * ROOMY_LEASE


async def test_a_grant_is_invalid_after_a_long_stop(redis: RedisServer) -> None:
    async with pull(redis, ENDLESS, {"stop_after": 3}) as (server, workers):
        await until(server, 10)
        async with asyncio.timeout(30):
            while not stopped(workers[0]):
                await asyncio.sleep(0.01)
        count = len(server.log)
        had = sum(request.process == "w0" for request in server.log)
        await until(server, count + 20)  # the others continue
        workers[0].send(signal.SIGCONT)
        await until(server, had + 10, "w0")
        server.stop_after(0)
        check(server)
        assert max(gaps(server)) < LEASE + QUOTA.drain + SLACK
        (report, *_) = await ended(workers)
        # Once, unless the busy machine stopped the process for as long at another grant.
        long = [end - begin for begin, end in report["pauses"] if end - begin > LEASE / 2]
        assert 1 <= report["invalid"] <= max(len(long), 1)
        assert report["answered"] > 10


async def test_a_process_stopped_in_flight_does_not_exceed_limits(redis: RedisServer) -> None:
    async with pull(redis, ENDLESS) as (server, workers):
        await until(server, 30)
        await until_held(server, "w3", 0.1)
        workers[3].send(signal.SIGSTOP)
        count = len(server.log)
        await until(server, count + 20)
        workers[3].send(signal.SIGCONT)
        server.stop_after(30)
        await finished(server)
        check(server)


@pytest.mark.parametrize(
    "memory", [(), ("--appendonly", "yes", "--appendfsync", "always")], ids=["empty", "kept"]
)
async def test_redis_restarted_during_a_pull(tmp_path: Any, memory: tuple[str, ...]) -> None:
    with running_redis(tmp_path, *memory) as redis:
        async with pull(redis, 60, processes=2) as (server, workers):
            await until(server, 30)
            await asyncio.to_thread(redis.kill)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(redis.start)
            await finished(server)
            check(server)
            assert sum(report["answered"] for report in await ended(workers)) == 60


async def test_redis_emptied_during_a_pull(redis: RedisServer) -> None:
    async with pull(redis, ENDLESS, processes=2) as (server, _):
        await until(server, 30)
        await until_held(server, "w0", 0.4)
        await asyncio.to_thread(redis.admin.flushall)
        server.stop_after(30)
        await finished(server)
        check(server)


def stopped(worker: Worker) -> bool:
    pid, status = os.waitpid(worker.process.pid, os.WNOHANG | os.WUNTRACED)
    return pid != 0 and os.WIFSTOPPED(status)
