"""What a quota file must be taken to have held, where that cannot be read off it. Pure.

Both answers err to "spent": the vendor counts what was sent, whether or not we remember it.
"""

from collections.abc import Iterable
from itertools import count, islice, takewhile

from kentik_async.quota.file_entry import Entry, State
from kentik_async.quota.limits import Quota

__all__ = ["after_reboot", "at_worst"]


def at_worst(quota: Quota, now: float, wall: float) -> list[Entry]:
    """Return the latest requests that the limits allow to have been made, the oldest first.

    The rolling minute is full, and so was each one before it until the hour's limit was reached. With the
    vendor's numbers non-query requests go on after one minute, for 60 a minute never fill an hour's 3750;
    queries, whose hour is full after 15 bursts of 100, for 46.

    Args:
        quota: The limits.
        now: The present monotonic instant.
        wall: The same by the wall clock.
    """
    burst = quota.hard_per_minute
    total = quota.per_hour if quota.per_hour is not None else burst
    if total is None:
        return []
    ages = (0.0 if burst is None else number // burst * quota.minute for number in count())
    recent = list(islice(takewhile(lambda age: age < quota.hour, ages), total))
    return [_used(now - age, wall - age) for age in reversed(recent)]


def after_reboot(entries: Iterable[Entry], quota: Quota, now: float, wall: float) -> list[Entry]:
    """Return what an earlier run of the machine has entered, on the monotonic clock of this run.

    All of it happened before the machine started, the zero of the clock, and is never taken for later. A
    power cut loses what was not yet on disk, half a minute at most: so a minute's requests are taken to
    have been made just before. What was in flight drains from now.

    Args:
        entries: What the file holds.
        quota: The limits.
        now: The present monotonic instant.
        wall: The same by the wall clock.
    """
    started = wall - now
    used: list[Entry] = []
    draining: list[Entry] = []
    for entry in entries:
        ended = entry.state in (State.USED, State.REFUSED)
        if ended or (entry.state == State.DRAINING and entry.wall <= wall):
            stamp = min(entry.wall - started, 0.0)
            used.append(_used(stamp, started + stamp, took=max(entry.stamp - entry.sent, 0.0)))
        elif entry.state in (State.IN_FLIGHT, State.DRAINING):
            until, wall_until = now + quota.drain, wall + quota.drain
            draining.append(Entry(0, sent=now, stamp=until, wall=wall_until, state=State.DRAINING))
    used.sort(key=lambda entry: entry.stamp)
    lost = quota.hard_per_minute if quota.hard_per_minute is not None else quota.per_hour
    used += [_used(0.0, started)] * (lost or 0)
    return used + draining


def _used(stamp: float, wall: float, took: float = 0.0) -> Entry:
    return Entry(0, sent=stamp - took, stamp=stamp, wall=wall, state=State.USED)
