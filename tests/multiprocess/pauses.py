"""Records when a busy machine did not run a process: such a process misses turns.

A worker loads this file by its path, because importing `tests` could also import `kentik_async` from the
folder of the tests instead of the installed one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["note_pauses", "paused", "with_missed_turns"]

_STEP = 0.01
_LATE = 0.02


async def note_pauses(pauses: list[Any]) -> None:
    """Record the intervals in which this process was ready but did not run, by the machine's clock."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(_STEP)
        now = time.monotonic()
        if now - before > _STEP + _LATE:
            pauses.append((before, now))


def paused(pauses: Iterable[Sequence[float]], begin: float, end: float) -> float:
    """Return the seconds between two instants in which a process did not run, at most."""
    return sum(max(min(last, end) - max(first, begin), 0.0) for first, last in pauses)


def with_missed_turns(
    turns: Sequence[tuple[str, float]], pauses: Mapping[str, Iterable[Sequence[float]]]
) -> dict[str, int]:
    """Count the turns of each process, by its name and the instant.

    A process that did not run is credited with the turns of the busiest other process in that time.
    """
    counts = dict(Counter(name for name, _ in turns))
    for name, own in pauses.items():
        for begin, end in own:
            meanwhile = Counter(other for other, instant in turns if begin <= instant <= end)
            missed = max(meanwhile.values(), default=0) - meanwhile[name]
            counts[name] = counts.get(name, 0) + missed
    return counts
