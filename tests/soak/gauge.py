"""Measurements of this process, and the criterion for constant memory."""

import asyncio
import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FLAT_MB", "Sample", "growth", "take"]

FLAT_MB = 5.0
"""Allowed growth of resident memory between the second and the last quarter of a run."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """A measurement at a time with no call in flight.

    Attributes:
        seconds: Since the start.
        memory: Resident memory, in MB.
        descriptors: Open file descriptors.
        tasks: Tasks that are alive.
        calls: Calls that have ended since the start, with any result.
        violations: Requests that exceeded a limit since the start, by the server's record.
    """

    seconds: float
    memory: float
    descriptors: int
    tasks: int
    calls: int
    violations: int


def take(began: float, calls: int, violations: int) -> Sample:
    """Measure this process now."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Sample(
        seconds=time.monotonic() - began,
        memory=resident * _PAGE / 1e6,
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        tasks=len(asyncio.all_tasks()),
        calls=calls,
        violations=violations,
    )


def growth(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    """Return the increase of a measure from the second to the last quarter of a run (medians).

    The first quarter is omitted: pools fill, modules are imported, and the allocator grows.
    """
    quarter = max(len(samples) // 4, 1)
    early, late = samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]
    return statistics.median(map(of, late)) - statistics.median(map(of, early))
