"""What the in-process limiter costs, beside aiolimiter's single window, in one run.

    python benchmarks/limiter_cost.py [--rounds 15]

The two run in turn, round by round after a warm-up, so that whatever else the machine does meets both; the
medians of the CPU time and their ratios are printed, and a broken bound ends the run with 1. Ours keeps a
minute, an hour and a concurrency limit, and is told of each request's end; aiolimiter keeps one window.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Mapping

from aiolimiter import AsyncLimiter

from kentik_async import LocalLimiter, Quota

REQUESTS = 20_000
WAITERS = 10_000
ENDLESS = 10**9
RATE, WINDOW = 1000, 0.1  # requests in so many seconds: what the waiters wait for

Measure = Callable[[], Awaitable[float]]


def ours(concurrent: int) -> LocalLimiter:
    """Return our limiter, with windows that never bind."""
    return LocalLimiter(Quota(concurrent, None, 0.0, ENDLESS, ENDLESS))


async def our_request(concurrent: int) -> float:
    """Return the microseconds of one acquire and close that nobody contends for."""
    limiter = ours(concurrent)
    began = time.thread_time()
    for _ in range(REQUESTS):
        grant = await limiter.acquire("non_query")
        grant.close("answered")
    return (time.thread_time() - began) / REQUESTS * 1e6


async def their_request() -> float:
    """Return the microseconds of one acquire that nobody contends for."""
    limiter = AsyncLimiter(ENDLESS, 60)
    began = time.thread_time()
    for _ in range(REQUESTS):
        await limiter.acquire()
    return (time.thread_time() - began) / REQUESTS * 1e6


async def our_hand_over() -> float:
    """Return the microseconds for each of many tasks that wait for one slot and pass it on."""
    limiter = ours(1)

    async def call() -> None:
        grant = await limiter.acquire("non_query")
        grant.close("answered")

    held = await limiter.acquire("non_query")
    return await served(call, lambda: held.close("answered"))


async def our_waiter() -> float:
    """Return the microseconds for each of many tasks that wait for their turn in a window."""
    limiter = LocalLimiter(Quota(ENDLESS, None, 0.0, RATE, ENDLESS, minute=WINDOW))

    async def call() -> None:
        grant = await limiter.acquire("non_query")
        grant.close("answered")

    return await served(call)


async def their_waiter() -> float:
    """Return the same of a bucket of the same size that leaks as fast."""
    limiter = AsyncLimiter(RATE, WINDOW)

    async def call() -> None:
        await limiter.acquire()

    return await served(call)


async def served(call: Callable[[], Awaitable[None]], begin: Callable[[], None] = lambda: None) -> float:
    """Return the microseconds of CPU for each of many tasks started at once, the tasks' own included."""
    began = time.thread_time()
    tasks = [asyncio.ensure_future(call()) for _ in range(WAITERS)]
    await asyncio.sleep(0)
    begin()
    await asyncio.gather(*tasks)
    return (time.thread_time() - began) / WAITERS * 1e6


async def our_bytes() -> float:
    """Return the bytes of one of our waiters, its task included."""
    limiter = ours(1)
    await limiter.acquire("non_query")
    return await bytes_waiting(lambda: limiter.acquire("non_query"))


async def their_bytes() -> float:
    """Return the bytes of one of theirs, its task included."""
    limiter = AsyncLimiter(1, 1e6)
    await limiter.acquire()
    return await bytes_waiting(limiter.acquire)


async def bytes_waiting(acquire: Callable[[], Awaitable[object]]) -> float:
    """Return the bytes that each of many waiting calls takes, its task included."""
    gc.collect()
    tracemalloc.start()
    tasks = [asyncio.ensure_future(acquire()) for _ in range(WAITERS)]
    await asyncio.sleep(0)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return used / WAITERS


# The measures of a row, ours and theirs; how far the ratio may go.
ROWS: Mapping[str, tuple[Measure, Measure, float | None]] = {
    "acquire and close, one slot, µs": (lambda: our_request(1), their_request, 1.3),
    "acquire and close, 1000 slots, µs": (lambda: our_request(1000), their_request, 1.3),
    "waiter, in a window's turn, µs": (our_waiter, their_waiter, 0.6),
    "waiter, handed a slot, µs": (our_hand_over, their_waiter, 0.6),
    "waiter with its task, bytes": (our_bytes, their_bytes, None),
}
MOST_BYTES = 1300


async def medians(ours: Measure, theirs: Measure, rounds: int) -> tuple[float, float]:
    """Return the medians of both over so many rounds, after two that warm up."""
    figures: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 2):
        for measure, into in zip((ours, theirs), figures, strict=True):
            gc.collect()
            figure = await measure()
            if number >= 2:
                into.append(figure)
    return statistics.median(figures[0]), statistics.median(figures[1])


async def run(rounds: int) -> bool:
    """Print a table; return whether all bounds are kept."""
    kept = True
    print(f"{'':36}{'ours':>9}{'aiolimiter':>12}{'ratio':>7}{'bound':>7}")
    for name, (our_measure, their_measure, bound) in ROWS.items():
        counted = name.endswith("bytes")
        our, their = await medians(our_measure, their_measure, 1 if counted else rounds)
        kept &= our <= MOST_BYTES if counted else bound is None or our / their <= bound
        print(f"{name:36}{our:9.2f}{their:12.2f}{our / their:7.2f}{'' if bound is None else bound:>7}")
    return kept


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds to take the medians of (default: 15)")
    sys.exit(0 if asyncio.run(run(parser.parse_args().rounds)) else 1)


if __name__ == "__main__":
    main()
