"""The shared ledger as this process sees it at one instant, in the terms of a ledger of its own. Pure.

Instants are seconds from the look on: the present is 0.
"""

import struct
from collections.abc import Iterable
from math import inf

from kentik_async.quota.forecast import Forecast
from kentik_async.quota.freeze import Freeze
from kentik_async.quota.ledger import Ledger
from kentik_async.quota.limits import Pacing, Quota, QuotaClass
from kentik_async.quota.pace import Pace
from kentik_async.quota.protocols import QuotaSnapshot
from kentik_async.quota.redis_script import LOG_ENTRY, Look, microseconds
from kentik_async.quota.report import snapshot_of

__all__ = ["View"]


class View:
    """What one look at the ledger shows.

    Attributes:
        eases_in: In how many seconds others will be taken to spend less; infinity if they spend nothing.
    """

    def __init__(self, look: Look, log: bytes, quota: Quota, pacing: Pacing) -> None:
        """Read a look.

        Args:
            look: The ledger's state.
            log: Its log, as the script keeps it.
            quota: The limits.
            pacing: The pacing wished for, in case there is no ledger yet.
        """
        now = look.now
        self._waiting_elsewhere = look.waiting
        self._flights = [_seconds(at, now) for at in look.holds]
        self._pace = Pace(quota, pacing)
        if look.latency >= 0:
            self._pace.take_over(look.latency / 1_000_000)
        courteous = look.courteous if look.known else self._pace.courteous()
        self._ledger = ledger = Ledger(quota, courteous=courteous)
        ledger.others = look.others
        self.eases_in = _seconds(look.eases, now) if look.others else inf
        ended = _entries(look, log, microseconds(quota.minute) / 60_000)
        ledger.stamp([(_seconds(sent, now), _seconds(used, now)) for sent, used in ended])
        ledger.draining.extend(_seconds(item.till, now) for item in look.draining)
        ledger.take(len(look.holds) + len(look.draining))
        self._refused = look.frozen
        self._freeze = freeze = Freeze(quota)
        # A ledger that may have been lost holds everyone back just as a refusal does, and as does an answer
        # that said that nothing is left.
        held = max(_seconds(look.gate, now), _seconds(look.hold, now))
        freeze.until = max(held, _seconds(look.till, now) if look.frozen else -inf)
        freeze.active = look.frozen or freeze.until > 0
        freeze.probing = look.frozen and look.probing
        self._forecast: Forecast | None = None

    def snapshot(self, quota_class: QuotaClass, waiting: int) -> QuotaSnapshot:
        """Return the state for the user.

        Args:
            quota_class: The class.
            waiting: How many calls wait in this process.
        """
        return snapshot_of(
            quota_class,
            self._ledger,
            now=0.0,
            free=max(self._ledger.free_at(0.0), self._freeze.free_at(0.0)),
            waiting=waiting + sum(self._waiting_elsewhere),
            frozen=self._refused,
            latency=self._pace.latency,
        )

    def start_of(self, position: int, *, until: float) -> float:
        """Return in how many seconds the call that waits at that position here, from 0, will be sent."""
        ahead = position + _turns(self._waiting_elsewhere, position + 1)
        return self._foresee().start_of(ahead, until=until)

    def end_of(self, count: int) -> float:
        """Return in how many seconds the first `count` calls that wait here will all have been answered."""
        return self._foresee().end_of(count + _turns(self._waiting_elsewhere, count))

    def _foresee(self) -> Forecast:
        if self._forecast is None:
            self._forecast = Forecast(self._ledger, self._freeze, 0.0, self._pace, self._flights)
        return self._forecast


def _entries(look: Look, log: bytes, tick: float) -> list[tuple[float, float]]:
    """Return when requests were sent and when their tokens were used, oldest first."""
    kept = [(used - ticks * tick, used) for used, ticks in struct.iter_unpack(LOG_ENTRY, log)]
    if look.used <= look.size:
        return kept[: look.used]
    oldest = look.used % look.size if look.size else 0
    return kept[oldest:] + kept[:oldest]


def _turns(waiting: Iterable[int], count: int) -> int:
    """Return how many turns others have among the first `count` of this process: they take turns with it."""
    return sum(min(calls, count) for calls in waiting)


def _seconds(instant: float, now: int) -> float:
    return (instant - now) / 1_000_000
