"""One quota class at work: the books and the queue behind one lock, and who wakes whom.

There is no polling and no sleeping task a waiter: an answer wakes the next waiter, and where only time
can help, one timer an event loop does.
"""

from collections.abc import Callable
from contextlib import suppress

from kentik_async.errors import ClientClosedError
from kentik_async.quota.allowance import Allowance
from kentik_async.quota.books import Books
from kentik_async.quota.forecast import Forecast
from kentik_async.quota.home import Home, Homes
from kentik_async.quota.latch import Latch
from kentik_async.quota.queue import Waiter, WaitQueue
from kentik_async.quota.report import snapshot_of, too_long
from kentik_async.quota.rules import Outcome, Pacing, Quota, QuotaClass
from kentik_async.quota.seam import QuotaSnapshot
from kentik_async.quota.tray import LaneGrant, Tray

__all__ = ["Lane"]

_LAID_OUT = 128
"""Permits and tokens laid out at once: the work under the lock is then 5 % of an uncontended request."""


class Lane:
    """The state of one quota class in one process. Every public method may be called from any thread.

    Attributes:
        quota_class: The class's name.
        quota: Its limits.
        monotonic: The clock.
        tray: What may go this instant, and who is on the way.
    """

    def __init__(
        self, quota_class: QuotaClass, quota: Quota, pacing: Pacing, monotonic: Callable[[], float]
    ) -> None:
        """Start with nothing used.

        Args:
            quota_class: The class's name.
            quota: Its limits.
            pacing: See `KentikClient`.
            monotonic: The clock.
        """
        self.quota_class: QuotaClass = quota_class
        self.quota = quota
        self.monotonic = monotonic
        self.tray = Tray(self, monotonic)
        self._latch = Latch()
        self._books = Books(quota, pacing)
        self._ledger, self._freeze = self._books.ledger, self._books.freeze
        self._queue: WaitQueue[LaneGrant] = WaitQueue()
        self._homes = Homes(self._rung)
        self._forecast: Forecast | None = None
        self._closed = False

    def join(self, priority: int, queued_since: float | None, max_wait: float | None) -> Waiter[LaneGrant]:
        """Queue up: the returned waiter's future is to be awaited, and given up by `leave`.

        Raises:
            QuotaWaitError: The wait would exceed `max_wait` seconds; the future raises it when it did.
            ClientClosedError: The limiter was closed; the future raises it when it is.
        """
        with self._latch:
            if self._closed:
                raise ClientClosedError("the limiter is closed")
            now, home = self.monotonic(), self.tray.home()
            since = now if queued_since is None else queued_since
            # Where others wait there is no quota, and what wakes them wakes this one, if its loop is known.
            behind = self._queue and max_wait is None and home is not None
            if home is None:
                home = self._enter_home()
            waiter: Waiter[LaneGrant] = Waiter(priority, since, home, home.loop.create_future())
            if behind:
                self._queue.push(waiter)
                return waiter
            self._take_in()
            if max_wait is not None:
                self._refuse_hopeless(now, priority, since, max_wait)
                waiter.expiry = home.loop.call_later(max_wait, self._expire, waiter, max_wait)
            self._queue.push(waiter)
            self._pump(now)
            return waiter

    def leave(self, waiter: Waiter[LaneGrant]) -> None:
        """Wait no more; a grant that has come nevertheless goes back."""
        waiter.left = True
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().close("not_sent")
        else:
            self._latch.run(self._queue.discard, waiter)

    def told(self, grant: LaneGrant, allowance: Allowance) -> None:
        """Enter what the server says is left, with the answer to a grant's request; never blocks."""
        self._latch.run(self._told, grant, allowance)

    def end(self, grant: LaneGrant, outcome: Outcome, retry_after: float | None) -> None:
        """Enter how a granted request ended, and let the next one go; never blocks."""
        self._latch.run(self._end, grant, outcome, retry_after)

    def look(self) -> None:
        """Look again who may go; never blocks."""
        self._latch.run(self._look)

    def pace(self, pacing: Pacing) -> None:
        """Change the pacing, from the next grant on."""
        with self._latch:
            self._take_in()
            self._books.pace.pacing = pacing
            self._books.follow_pace()
            self._forecast = None
            self._pump(self.monotonic())

    def close(self) -> None:
        """Grant nothing more; those that wait end with ClientClosedError."""
        with self._latch:
            self._closed = True
            self._take_in()
            for waiter in list(self._queue):
                self._queue.discard(waiter)
                with suppress(RuntimeError):  # a closed loop has nobody left to tell
                    waiter.home.loop.call_soon_threadsafe(_fail, waiter)

    def restart(self) -> None:
        """Begin anew in a forked child: its parent keeps the waiters and the requests in flight.

        What was used so far and what is in flight counts as used here too. The other threads are gone,
        and with them whoever may have held the lock.
        """
        self._latch = Latch()
        self._take_in()
        self.tray.holders.clear()
        self._ledger.end_all(self.monotonic())
        self._freeze.probing = False
        self._queue = WaitQueue()
        self._homes = Homes(self._rung)
        self.tray.homes = {}

    def idle(self) -> bool:
        """Tell whether this lane holds nothing that must be remembered."""
        with self._latch:
            self._count()
            return not self._queue and not self._freeze.active and self._ledger.idle(self.monotonic())

    def snapshot(self) -> QuotaSnapshot:
        """Return the present state."""
        with self._latch:
            self._count()
            now = self.monotonic()
            self._books.heed(now)
            return snapshot_of(
                self.quota_class,
                self._ledger,
                now=now,
                free=self._books.free_at(now),
                waiting=len(self._queue),
                frozen=self._freeze.active,
                latency=self._books.pace.latency,
            )

    def estimate(self, n: int) -> float:
        """Return in how many seconds those that wait and `n` more would all be answered."""
        with self._latch:
            self._count()
            now = self.monotonic()
            self._books.heed(now)
            waiting = len(self._queue)
            forecast = self._foresee(now)
        return forecast.end_of(waiting + n) - now

    def _enter_home(self) -> Home:
        """Enter the running loop as the one at home in this thread."""
        self._reap()
        home = self._homes.enter()
        self.tray.homes = self._homes.by_thread
        return home

    def _refuse_hopeless(self, now: float, priority: int, queued_since: float, max_wait: float) -> None:
        if self._books.heed(now) or self._forecast is None:
            self._forecast = self._foresee(now)
        ahead = self._queue.ahead_of(priority, queued_since)
        estimate = self._forecast.start_of(ahead, until=now + max_wait) - now
        # What is eased meanwhile is not foreseen.
        if estimate > max_wait and self._books.eases_at(now) > now + max_wait:
            raise too_long(self.quota_class, max_wait, estimate)

    def _foresee(self, now: float) -> Forecast:
        flights = [grant.sent for grant in list(self.tray.holders)]
        opening = max(now, self._books.congestion.hold)
        return Forecast(self._ledger, self._freeze, opening, self._books.pace, flights)

    def _expire(self, waiter: Waiter[LaneGrant], max_wait: float) -> None:
        with self._latch:
            self._queue.discard(waiter)
        if not waiter.future.done():
            waiter.future.set_exception(too_long(self.quota_class, max_wait, None))

    def _rung(self) -> None:
        self._latch.run(self._look_about)

    def _look_about(self) -> None:
        self._count()
        self._pump(self.monotonic())

    def _look(self) -> None:
        self._take_in()
        self._pump(self.monotonic())

    def _told(self, grant: LaneGrant, allowance: Allowance) -> None:
        self._take_in()
        now = self.monotonic()
        self._books.told(now, self._later(grant), allowance)
        self._pump(now)

    def _end(self, grant: LaneGrant, outcome: Outcome, retry_after: float | None) -> None:
        self._take_in()
        now = self.monotonic()
        self._enter(grant, outcome, retry_after, now)
        self._pump(now)

    def _pump(self, now: float) -> None:
        """Grant to those whose turn it is as long as there is quota; then see to it that all goes on."""
        queue, room = self._queue, -1.0
        if self._books.heed(now):
            self._forecast = None
        while (waiter := queue.peek()) is not None:
            if waiter.lost():
                queue.discard(waiter)
                continue
            if room < 0:
                room = self._books.room(now)
            if room < 1:
                self._set_alarms(now)
                return
            queue.pop()
            self._hand_over(waiter, now)
            room -= 1
        self._lay_out(now)

    def _hand_over(self, waiter: Waiter[LaneGrant], now: float) -> None:
        self._freeze.granted()
        self._ledger.take()
        self._forecast = None
        grant = LaneGrant(self.tray, waiter.home, self._freeze.epoch, now)
        self.tray.holders.add(grant)
        if waiter.home is self.tray.home():
            waiter.future.set_result(grant)
            return
        try:
            waiter.home.loop.call_soon_threadsafe(_deliver, waiter, grant)
        except RuntimeError:  # its loop was closed this moment
            self.tray.holders.discard(grant)
            self._enter(grant, "not_sent", None, now)

    def _enter(self, grant: LaneGrant, outcome: Outcome, retry_after: float | None, now: float) -> None:
        self._forecast = None
        later = self._later(grant) if outcome == "refused" else 0
        self._books.end(outcome, grant.sent, grant.epoch, now, retry_after=retry_after, later=later)

    def _later(self, grant: LaneGrant) -> int:
        """Return how many requests under way were sent after a grant's."""
        return sum(other.sent > grant.sent for other in list(self.tray.holders))

    def _lay_out(self, now: float) -> None:
        """Lay out what may go whatever happens next; nobody is waiting."""
        if self._closed or self._freeze.active or self._books.congestion.hold > now:
            return
        ledger, soft = self._ledger, self.quota.soft_per_minute
        slots, tokens = ledger.room(now)
        if soft is not None and (undelayed := soft - ledger.used(now)[0]) > 0:
            # Passing the soft limit is worth a fresh look at the latency and the pacing.
            tokens = min(tokens, undelayed)
        permits = int(max(min(slots, tokens, _LAID_OUT), 0))
        spare = int(min(tokens - permits, _LAID_OUT))
        if permits > 0 or spare > 0:
            ledger.take(permits)
            self.tray.lay_out(self._freeze.epoch, permits, spare)

    def _count(self) -> None:
        """Bring the sums up to date, those in closed event loops left out."""
        self._take_in()
        self._reap()

    def _take_in(self) -> None:
        """Take in the tray, so that the sums are the present ones."""
        tray, ledger = self.tray, self._ledger
        if not (tray.open or tray.permits or tray.ended):
            return
        unused = tray.take_in()
        ended = [tray.ended.popleft() for _ in range(len(tray.ended))]
        if unused or ended:
            self._forecast = None
            ledger.give_back(unused)
        if ended:
            self._books.stamp(ended)

    def _reap(self) -> None:
        """Take the slots of holders whose event loop was closed: their requests may still be working."""
        if not self._homes.drop_closed():
            return
        now = self.monotonic()
        self.tray.homes = self._homes.by_thread
        for grant in [grant for grant in list(self.tray.holders) if grant.home.loop.is_closed()]:
            with suppress(KeyError):  # closed by another thread this moment
                self.tray.holders.remove(grant)
                self._enter(grant, "unknown", None, now)

    def _set_alarms(self, now: float) -> None:
        """See to it that somebody looks again when one may go, if nothing happens before."""
        when = min(self._books.free_at(now), self._books.eases_at(now))
        if self._homes.several:
            # The loop of those in flight may be closed, and their slots then nobody gives back.
            when = min(when, now + max(self.quota.drain, self.quota.minute / 60))
        self._homes.ring_at(when, when - now)


def _deliver(waiter: Waiter[LaneGrant], grant: LaneGrant) -> None:
    if waiter.left or waiter.future.done():
        grant.close("not_sent")
    else:
        waiter.future.set_result(grant)


def _fail(waiter: Waiter[LaneGrant]) -> None:
    if not waiter.future.done():
        waiter.future.set_exception(ClientClosedError("the limiter was closed"))
