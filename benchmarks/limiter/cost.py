"""Measure the cost of the limiter of one process, compared with peers and with one call of the client.

    python -m benchmarks.limiter.cost [--rounds 15]

All measures of a row run in turn, round by round after a warm-up round, so that other load on the machine
affects all of them. Medians of the CPU time are printed, and the exit code is 1 if a bound is exceeded.
"""

import argparse
import asyncio
import gc
import statistics
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from benchmarks.limiter.judge import Rules
from benchmarks.limiter.peers import OURS, PEERS
from benchmarks.limiter.runs import NEVER_SHORT, bytes_a_waiter, turn, waiter, window_of
from benchmarks.overhead import compare, serving

WAITERS = 10_000
ONE_THROUGH = Rules(10**9, 10**9, 0.0, 1, 10**9, minute=1000.0, hour=10_000.0)
MOST_BYTES = 1300
OF_A_CALL = 0.05

Measure = Callable[[], Awaitable[float]]


def turns() -> dict[str, Measure]:
    """Return the microseconds of a turn without competition; ours also applies a concurrency limit."""
    return {
        name: partial(turn, partial(PEERS[name], NEVER_SHORT, 1 if name == OURS else None))
        for name in (OURS, "pyrate-limiter", "limits")
    }


def waiters() -> dict[str, Measure]:
    """Return the microseconds of each of many calls that wait for a window."""
    return {
        name: partial(waiter, partial(PEERS[name], window_of(WAITERS), None), WAITERS)
        for name in (OURS, "aiolimiter")
    }


def sizes() -> dict[str, Measure]:
    """Return the bytes of each of many waiting calls, including their tasks."""
    return {
        name: partial(bytes_a_waiter, partial(PEERS[name], ONE_THROUGH, None), WAITERS)
        for name in (OURS, "aiolimiter")
    }


def medians(measures: Mapping[str, Measure], rounds: int) -> dict[str, float]:
    """Return the median of each measure."""
    figures: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds + 1):
        for name, measure in measures.items():
            gc.collect()
            figure = asyncio.run(_await(measure))
            if number:
                figures[name].append(figure)
    return {name: statistics.median(values) for name, values in figures.items()}


def call_cost(rounds: int) -> float:
    """Return the microseconds of client CPU for one small call, including its turn."""
    with serving() as port:
        pairs = asyncio.run(compare(port, 1000, rounds))
    return statistics.median(facade for _, facade in pairs) * 1e6


def run(rounds: int) -> bool:
    """Print a table; return whether no bound is exceeded."""
    kept = True

    def row(name: str, figure: float, other: float, most: float) -> None:
        nonlocal kept
        kept &= figure <= other * most
        print(f"{name:44}{figure:10.2f}{other:12.2f}{figure / other:8.2f}{most:8.2f}", flush=True)

    print(f"{'':44}{'ours':>10}{'other':>12}{'ratio':>8}{'bound':>8}")
    found = medians(turns(), rounds)
    row("a turn, beside pyrate-limiter, µs", found[OURS], found["pyrate-limiter"], 1.0)
    row("a turn, beside limits, µs", found[OURS], found["limits"], 1.0)
    row("a turn, beside a small call, µs", found[OURS], call_cost(rounds), OF_A_CALL)
    found = medians(waiters(), max(rounds // 3, 1))
    row("each of 10,000 waiters, beside aiolimiter, µs", found[OURS], found["aiolimiter"], 0.8)
    found = medians(sizes(), 1)
    row("bytes a waiter, beside aiolimiter", found[OURS], found["aiolimiter"], 1.0)
    return kept and found[OURS] <= MOST_BYTES


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds for the medians (default: 15)")
    sys.exit(0 if run(parser.parse_args().rounds) else 1)


async def _await(measure: Measure) -> float:
    return await measure()


if __name__ == "__main__":
    main()
