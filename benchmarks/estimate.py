"""Compare `kentik.quota.estimate(n)` with the measured time, against an emulator.

    python benchmarks/estimate.py [--speed 60] [--rounds 5]

An emulator in another process applies the vendor's rules on a compressed clock. A new client makes some
calls, estimates the time of a number of further calls, and makes them. At speed 60 a delayed answer takes
25 ms, and each millisecond that client, server and machine add is 4 % of it.
"""

import argparse
import asyncio
import statistics
import time
from typing import Any

from optimum import MARKETS, client, control, emulator

BEFORE = (0, 1, 5, 25, 60)
COUNTS = (50, 300)


async def error(ready: dict[str, Any], speed: float, before: int, count: int) -> float:
    """Return the error of the estimate, as a share of the measured time."""
    control(ready, "reset", "POST")
    async with client(ready, speed) as kentik:

        async def pull(calls: int) -> None:
            await asyncio.gather(*(kentik.kmi.get_rankings(MARKETS[n % len(MARKETS)]) for n in range(calls)))

        await pull(before)
        estimate, began = await kentik.quota.estimate(count), time.monotonic()
        await pull(count)
        return estimate / (time.monotonic() - began) - 1


def main() -> None:
    """Run the cases in turn, after a warm-up, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    process, ready = emulator(options.speed)
    cases = [(before, count) for before in BEFORE for count in COUNTS]
    errors: dict[tuple[int, int], list[float]] = {case: [] for case in cases}
    try:
        for number in range(options.rounds + 1):
            for before, count in cases if number else [(0, 30)]:
                missed = asyncio.run(error(ready, options.speed, before, count))
                if number:
                    errors[before, count].append(missed)
    finally:
        process.terminate()
        process.wait()
    print(f"speed {options.speed:g}, {options.rounds} rounds")
    print("| answers before | calls asked about | median error | worst |\n|---:|---:|---:|---:|")
    for (before, count), missed in errors.items():
        worst = max(missed, key=abs)
        print(f"| {before} | {count} | {statistics.median(missed):+.1%} | {worst:+.1%} |")


if __name__ == "__main__":
    main()
