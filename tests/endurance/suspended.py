"""Processes that are stopped and continued: `python -m tests.endurance.suspended --seconds 90`.

This happens when a laptop's lid is closed, or an orchestrator freezes the process: the server and the clock
continue. After the process continues, no limit may be exceeded, and no call may wait forever.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from kentik_async.emulator import BackgroundEmulator, Emulator

__all__ = ["Outcome", "stopped_under_way"]

_PULLER = Path(__file__).with_name("puller.py")


@dataclass
class Outcome:
    """The result.

    Attributes:
        ended: How the calls ended, by the name of the error.
        violations: Requests that exceeded a limit, by the server's own record.
        seconds: The total duration.
    """

    ended: Counter[str]
    violations: int
    seconds: float


def stopped_under_way(
    limiter: str, *, speed: float, processes: int, calls: int, stops: int, seconds: float, seed: int
) -> Outcome:
    """Let processes pull, and stop one of them again and again.

    Args:
        limiter: Their limiter, as for `KentikClient`.
        speed: The clock speed-up factor.
        processes: The number of processes.
        calls: The number of calls of each process.
        stops: How often a process is stopped.
        seconds: The duration of each stop.
        seed: The seed of the random times.
    """
    chance, began = random.Random(seed), time.monotonic()
    with BackgroundEmulator(Emulator(speed=speed)) as emulator:
        pullers = [_start(emulator, limiter, calls) for _ in range(processes)]
        try:
            _until_first_request(emulator)
            for _ in range(stops):
                time.sleep(chance.uniform(0.0, 20.0 / speed))
                victim = chance.choice(pullers)
                victim.send_signal(signal.SIGSTOP)
                time.sleep(seconds)
                victim.send_signal(signal.SIGCONT)
            ended = sum((_ended(puller) for puller in pullers), Counter[str]())
        finally:
            for puller in pullers:
                puller.kill()
                puller.communicate()
        return Outcome(ended, emulator.report().violations, time.monotonic() - began)


def _start(emulator: BackgroundEmulator, limiter: str, calls: int) -> "subprocess.Popen[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(_PULLER), limiter, str(calls)],
        env={**kept, **emulator.env, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def _until_first_request(emulator: BackgroundEmulator) -> None:
    deadline = time.monotonic() + 30
    while not emulator.calls:
        if time.monotonic() > deadline:
            raise TimeoutError("no call was made")
        time.sleep(0.005)


def _ended(puller: "subprocess.Popen[str]") -> Counter[str]:
    out, err = puller.communicate(timeout=600)
    if puller.returncode:
        raise RuntimeError(err)
    return Counter(json.loads(out))


def main() -> int:
    """Run it on the real clock, and return 0 if no limit was exceeded and no call was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.suspended", description=__doc__)
    parser.add_argument("--seconds", type=float, default=90.0, help="how long each stop lasts")
    parser.add_argument("--stops", type=int, default=1)
    parser.add_argument("--calls", type=int, default=60, help="of each process")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--speed", type=float, default=1.0, help="of the emulator's clock")
    parser.add_argument("--limiter", default=None, help="by default a new file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = stopped_under_way(
            given.limiter or f"file:{folder}/quota",
            speed=given.speed,
            processes=given.processes,
            calls=given.calls,
            stops=given.stops,
            seconds=given.seconds,
            seed=time.time_ns(),
        )
    expected = given.processes * given.calls
    late = outcome.ended["DeadlineExceededError"]
    kept = outcome.violations == 0 and outcome.ended["done"] + late == expected and late <= given.stops
    print(
        f"{'PASSED' if kept else 'FAILED'}: {dict(outcome.ended)} of {expected} calls in {given.processes} "
        f"processes, stopped {given.stops} times for {given.seconds:g} s, {outcome.violations} violations, "
        f"{outcome.seconds:.0f} s"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
