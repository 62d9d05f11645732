"""One soak: rounds of load with faults, and measurements between the rounds, with no call in flight."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from kentik_async import KentikClient, LocalLimiter, Quota
from kentik_async.cli.demo.process import EmulatorProcess, emulator_process
from tests.soak.faults import Faults
from tests.soak.gauge import FLAT_MB, Sample, growth, take
from tests.soak.load import Load

__all__ = ["Course", "soak"]

_ROUND = 10.0
_DRAIN = 1.5
"""Maximum seconds that the server works on a request after a timeout or a cancellation, including faults.

In real time at any speed, because a loaded machine may delay the server.
"""

_FEWEST_ROUNDS = 4

_AT_REST = 5.0
"""Seconds after the end of the last caller within which the last slot must be free."""


@dataclass
class Course:
    """The result of a soak.

    Attributes:
        samples: The measurements between the rounds.
        requests: The number of requests received by the server.
        refused: The number of requests it refused, by script or by the rules.
        violations: Requests that exceeded a limit.
        overruns: Violations that arrived while another request was in flight.
        faults: Requests with a fault.
        ended: How the calls ended, by the name of the error.
        wrong: Descriptions of the problems.
    """

    samples: list[Sample] = field(default_factory=list)
    requests: int = 0
    refused: int = 0
    violations: int = 0
    overruns: int = 0
    faults: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def judge(self) -> list[str]:
        """Return a line for each criterion that is not met."""
        missed = list(dict.fromkeys(self.wrong))
        if self.violations:
            missed.append(f"{self.violations} requests exceeded the quota, {self.overruns} the concurrency")
        grown = growth(self.samples, _memory)
        if grown > FLAT_MB:
            missed.append(f"resident memory grew by {grown:.1f} MB")
        for name in ("descriptors", "tasks"):
            grown = growth(self.samples, lambda sample, name=name: getattr(sample, name))
            if grown > 0:
                missed.append(f"{grown:g} more {name} at rest")
        if not self.ended.get("done"):
            missed.append("no call succeeded")
        return missed

    def verdict(self) -> str:
        """Return the result on one line."""
        missed = self.judge()
        first, last = self.samples[0], self.samples[-1]
        parts = (
            f"{last.calls} calls, {self.requests} requests, {self.faults} faults",
            f"{last.seconds / 60:.1f} min",
            f"{self.violations} violations",
            f"{self.refused} refusals, {'all' if not self.violations else 'not all'} provoked",
            f"memory {first.memory:.1f} to {last.memory:.1f} MB",
            f"{growth(self.samples, _memory):+.2f} MB from the second quarter to the last",
            f"descriptors {first.descriptors} to {last.descriptors}",
            f"tasks {first.tasks} to {last.tasks}",
        )
        head = f"FAILED ({'; '.join(missed)})" if missed else "PASSED"
        return f"{head}: {', '.join(parts)}"


async def soak(*, minutes: float, speed: float, tasks: int, seed: int, tell: Callable[[str], None]) -> Course:
    """Run the load against an emulator in another process.

    Args:
        minutes: The duration, in real time.
        speed: The clock speed-up factor of the emulator.
        tasks: The number of tasks.
        seed: The seed of all random numbers.
        tell: Called with a line about each round.
    """
    course, began = Course(), time.monotonic()
    seconds = min(minutes * 60 / _FEWEST_ROUNDS, _ROUND)
    async with emulator_process(speed=speed, seed=seed) as emulator, _client(emulator) as kentik:
        load = Load(kentik, tasks=tasks, seed=seed)
        faults = Faults(emulator.ready["control"], seed)
        while len(course.samples) < _FEWEST_ROUNDS or time.monotonic() - began < minutes * 60:
            await _round(load, faults, seconds)
            await _settle(kentik, course)
            await _ask(faults, course)
            await _connect(kentik)
            course.samples.append(take(began, load.calls, course.violations))
            course.ended, course.wrong = dict(load.ended), course.wrong + load.wrong
            load.wrong = []
            tell(f"{course.samples[-1]}")
    return course


def _client(emulator: EmulatorProcess) -> KentikClient:
    quota = replace(Quota.NON_QUERY.scaled(emulator.speed), drain=_DRAIN)
    ready = emulator.ready
    return KentikClient(
        ready["email"],
        ready["token"],
        grpc_endpoint=ready["grpc_endpoint"],
        rest_endpoint=ready["rest_endpoint"],
        quota=quota,
        limiter=LocalLimiter(quota, Quota.QUERY.scaled(emulator.speed)),
    )


async def _round(load: Load, faults: Faults, seconds: float) -> None:
    rain = asyncio.create_task(faults.rain())
    try:
        await load.run(seconds)
    finally:
        rain.cancel()
        with suppress(asyncio.CancelledError):
            await rain


async def _settle(kentik: KentikClient, course: Course) -> None:
    """Wait until the last request has drained: a call that then still waits or holds a slot has leaked."""
    until = time.monotonic() + _AT_REST
    while True:
        snapshot = await kentik.quota.snapshot()
        if not (snapshot.in_flight or snapshot.waiting):
            return
        if time.monotonic() > until:
            course.wrong.append(f"left at rest: {snapshot.in_flight} in flight, {snapshot.waiting} waiting")
            return
        await asyncio.sleep(0.02)


async def _ask(faults: Faults, course: Course) -> None:
    """Add the server's record of a round, and reset it, so that the sum does not take longer each time."""
    report = await faults.report()
    course.requests += report["requests"]
    course.refused += report["refused"]
    course.violations += report["violations"]
    course.overruns += report["concurrency_overruns"]
    course.faults += report["faults"]
    if report["violations"]:
        course.wrong += await faults.violations()
    if report["in_flight"]:
        course.wrong.append(f"the server still worked on {report['in_flight']} when every slot was free")
    await faults.reset()


async def _connect(kentik: KentikClient) -> None:
    """Open the connections that a fault has closed, so that every sample counts the same ones."""
    await kentik.kmi.list_markets()
    await kentik.sites.list()


def _memory(sample: Sample) -> float:
    return sample.memory
