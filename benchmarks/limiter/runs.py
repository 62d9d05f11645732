"""One measurement of one limiter: a judged pull, the order of its turns, the cost of a turn and a waiter."""

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.limiter.judge import Journey, Rules, Server, in_minute, optimum
from benchmarks.limiter.peers import Peer

__all__ = ["NEVER_SHORT", "Judged", "bytes_a_waiter", "inversions", "judged", "turn", "waiter", "window_of"]

ENDLESS = 10**9

NEVER_SHORT = Rules(1, ENDLESS, 0.0, 3749, 3750)
"""Windows as large as the vendor's longest, which 3 700 requests do not exhaust."""

_TURNS = 3700
_FRESH = 5  # limiters, one after the other: a measurement of a few milliseconds would measure cold caches
_PATIENCE = 3.0  # vendor's seconds after which a caller gives up on a stuck request

Make = Callable[[], Peer]


@dataclass(frozen=True, slots=True)
class Judged:
    """The judge's result for a pull.

    Attributes:
        requests: The number of requests.
        over: The number of requests over each limit; "any": over at least one.
        delayed: The number of delayed answers.
        share: The fastest schedule's time divided by the pull's; above 1 if the rules were broken.
        minute: For each receipt, its minute and the number of requests in the rolling minute.
    """

    requests: int
    over: dict[str, int]
    delayed: int
    share: float
    minute: list[tuple[float, int]]


async def judged(
    make: Make,
    rules: Rules,
    trips: Sequence[Journey],
    *,
    give_up: float | None = None,
    best: Rules | None = None,
) -> Judged:
    """Start all calls at the same time and judge the requests that the server received.

    Args:
        make: Creates the limiter.
        rules: The rules of the server.
        trips: The times of each call.
        give_up: Seconds after which a caller stops waiting for its answer.
        best: The rules for the fastest schedule, if not the server's.
    """
    peer, server = make(), Server(rules)
    flights: set[asyncio.Task[None]] = set()

    async def call(journey: Journey) -> None:
        held = await peer.enter()
        flight = asyncio.create_task(server.serve(journey))
        flights.add(flight)
        if peer.drains:
            flight.add_done_callback(lambda _: peer.leave(held))
        try:
            await asyncio.wait([flight], timeout=give_up)
        finally:
            if not peer.drains:
                peer.leave(held)

    await asyncio.gather(*map(call, trips))
    await asyncio.gather(*flights)
    peer.close()
    return Judged(
        requests=len(trips),
        over=server.overruns(),
        delayed=sum(visit.delay > 0 for visit in server.visits),
        share=optimum(server.visits, best or rules) / server.took(),
        minute=in_minute(server.visits, rules.minute),
    )


def patience(speed: float) -> float:
    """Return the seconds after which callers give up, on a clock that runs faster by a factor."""
    return _PATIENCE / speed


async def inversions(make: Make, count: int) -> int:
    """Return how many of the calls, started in order, were served before an older call."""
    peer, order = make(), list[int]()

    async def call(number: int) -> None:
        held = await peer.enter()
        order.append(number)
        peer.leave(held)

    await asyncio.gather(*map(call, range(count)))
    peer.close()
    found, oldest = 0, count
    for number in reversed(order):
        found += number > oldest
        oldest = min(oldest, number)
    return found


def window_of(count: int) -> Rules:
    """Return rules under which half of the calls wait for a second; there are always enough slots."""
    return Rules(ENDLESS, ENDLESS, 0.0, count // 2, ENDLESS, minute=1.0, hour=60.0)


async def turn(make: Make) -> float:
    """Return the microseconds of CPU for a turn without competition."""
    took = 0.0
    for _ in range(_FRESH):
        peer = make()
        enter, leave = peer.enter, peer.leave
        began = time.process_time()
        for _ in range(_TURNS):
            leave(await enter())
        took += time.process_time() - began
        peer.close()
    return took / _TURNS / _FRESH * 1e6


async def waiter(make: Make, count: int) -> float:
    """Return the microseconds of CPU for each of the calls, started at the same time, with their tasks."""
    peer = make()

    async def call() -> None:
        peer.leave(await peer.enter())

    began = time.process_time()
    await asyncio.gather(*(call() for _ in range(count)))
    took = time.process_time() - began
    peer.close()
    return took / count * 1e6


async def bytes_a_waiter(make: Make, count: int) -> float:
    """Return the bytes of each waiting call, including its task.

    Args:
        make: Creates a limiter that first lets one request pass.
        count: The number of calls.
    """
    peer = make()
    held = await peer.enter()
    gc.collect()
    tracemalloc.start()
    tasks = [asyncio.ensure_future(peer.enter()) for _ in range(count)]
    for _ in range(5):
        await asyncio.sleep(0)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    peer.leave(held)
    peer.close()
    return used / count
