"""Four processes that pull together from a server that applies the rules exactly: by file, by Redis."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kentik_async.quota import Quota
from tests.multiprocess.file import harness as file_harness
from tests.multiprocess.redis import harness as redis_harness

__all__ = ["PROCESSES", "Shared", "by_file", "by_redis", "seconds", "served_by_file"]

PROCESSES = 4
_FAIR_FROM = 20
"""Turns are counted from the 21st request of each process, when all processes have started."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The server's view of several processes.

    Attributes:
        requests: The number of requests that it received.
        refused: The number of requests that it refused.
        most_flying: The largest number of requests in flight.
        share: The fastest schedule's time divided by the measured time.
        turns: The number of requests of each process, counted from the 21st on, the smallest first.
    """

    requests: int
    refused: int
    most_flying: int
    share: float
    turns: Sequence[int]

    @property
    def spread(self) -> float:
        """The relative difference between the largest and the smallest number of turns."""
        return self.turns[-1] / self.turns[0] - 1 if self.turns and self.turns[0] else float("inf")


async def served_by_file(
    path: Path, quota: Quota, latency: float, calls: int, processes: int = PROCESSES
) -> file_harness.StrictServer:
    """Let processes share a file, each with four waiting calls at any time; return the server."""
    server = file_harness.StrictServer(quota, latency, calls)
    await server.open(processes)
    workers = [file_harness.Worker(f"p{number}", path, server, calls=4) for number in range(processes)]
    for worker in workers:
        await worker.end(600)
    await server.close()
    return server


async def by_file(path: Path, quota: Quota, latency: float, calls: int) -> Shared:
    """Let four processes share a file, each with four waiting calls at any time."""
    server = await served_by_file(path, quota, latency, calls)
    names = [visit.process for visit in server.visits]
    share = file_harness.fastest(quota, latency, calls) / seconds(server)
    return Shared(calls, len(server.refused()), server.most_flying, share, _turns(names))


async def by_redis(url: str, quota: Quota, latency: float, calls: int) -> Shared:
    """Let four processes share a Redis server, each with four waiting calls at any time."""
    server = redis_harness.StrictServer(quota, latency, calls)
    await server.open(PROCESSES)
    customer = uuid.uuid4().hex
    workers = [redis_harness.Worker(f"p{number}", url, server, customer) for number in range(PROCESSES)]
    await server.done.wait()
    for worker in workers:
        await worker.end(600)
    await server.close()
    took = max(request.answered for request in server.log) - server.log[0].received
    names = [request.process for request in server.log]
    share = file_harness.fastest(quota, latency, calls) / took
    return Shared(calls, server.refused(), server.most_flying, share, _turns(names))


def seconds(server: file_harness.StrictServer) -> float:
    """Return the seconds from the first receipt to the last answer."""
    return max(visit.finished or 0.0 for visit in server.visits) - server.visits[0].received


def _turns(names: Sequence[str]) -> list[int]:
    """Return the turns of each process after the first turns of each."""
    counts: Counter[str] = Counter()
    for place, name in enumerate(names):
        if len(counts) == PROCESSES and min(counts.values()) >= _FAIR_FROM:
            return sorted(Counter(names[place:]).values())
        counts[name] += 1
    return []
