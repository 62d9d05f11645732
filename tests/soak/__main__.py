"""`python -m tests.soak`: 64 tasks over both transports with faults; prints a verdict, draws a picture."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from tests.soak.plot import save
from tests.soak.run import soak

_SPEED = 600.0
_TASKS = 64


def main() -> int:
    """Run a soak and return 0 if all criteria were met."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long, in real time")
    parser.add_argument("--speed", type=float, default=_SPEED, help="of the emulator's clock")
    parser.add_argument("--tasks", type=int, default=_TASKS, help="how many call at once")
    parser.add_argument("--seed", type=int, default=None, help="of calls and faults; drawn if not given")
    parser.add_argument("--plot", type=Path, default=Path("build/soak.png"), help="where the picture goes")
    parser.add_argument("--verbose", action="store_true", help="a line for each round")
    given = parser.parse_args()
    seed = time.time_ns() % 1_000_000 if given.seed is None else given.seed
    conditions = f"{given.minutes:g} min, {given.tasks} tasks, speed {given.speed:g}, --seed {seed}"
    print(f"soak: {conditions}", flush=True)
    tell = print if given.verbose else lambda _: None
    course = asyncio.run(
        soak(minutes=given.minutes, speed=given.speed, tasks=given.tasks, seed=seed, tell=tell)
    )
    for name, count in sorted(course.ended.items(), key=lambda pair: -pair[1]):
        print(f"  {count:>8} {name}")
    print(course.verdict())
    given.plot.parent.mkdir(parents=True, exist_ok=True)
    save(course.samples, f"soak: {conditions}", given.plot)
    print(f"plot: {given.plot}")
    return 1 if course.judge() else 0


if __name__ == "__main__":
    sys.exit(main())
