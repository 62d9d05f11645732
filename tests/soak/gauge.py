"""What is measured of this process, and when it counts as flat."""

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
"""How much the resident memory may differ between the second and the last quarter of a run."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """A measurement at a moment with nothing in flight.

    Attributes:
        seconds: Since the start.
        memory: Resident memory, in MB.
        descriptors: Open file descriptors.
        tasks: Tasks that are alive.
        calls: Calls that have ended since the start, whatever their end.
        violations: Requests that exceeded a limit since the start, by the server's record.
    """

    seconds: float
    memory: float
    descriptors: int
    tasks: int
    calls: int
    violations: int


def take(began: float, calls: int, violations: int) -> Sample:
    """Look at this process now."""
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
    """Return by how much a measure is higher in the last quarter of a run than in the second: medians.

    The first quarter is left out: pools fill, modules are imported, the allocator finds its size.
    """
    quarter = max(len(samples) // 4, 1)
    early, late = samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]
    return statistics.median(map(of, late)) - statistics.median(map(of, early))
