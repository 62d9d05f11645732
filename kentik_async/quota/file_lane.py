"""One quota class in a file that all processes of the machine share, as one process takes part in it.

Calls wait here, first come, first served within a priority, and the process waits for its turn among the
others for all of them together.
"""

from math import inf
from threading import get_ident

from kentik_async._clock import Clock
from kentik_async.errors import ClientClosedError, ConfigError, KentikError
from kentik_async.quota.file_callers import Callers
from kentik_async.quota.file_entry import State
from kentik_async.quota.file_flight import Flight
from kentik_async.quota.file_grant import FileGrant
from kentik_async.quota.file_lock import Flock
from kentik_async.quota.file_mirror import Mirror
from kentik_async.quota.file_place import Place
from kentik_async.quota.file_store import Store
from kentik_async.quota.file_view import Outlook
from kentik_async.quota.limits import Outcome, Pacing, Quota, QuotaClass
from kentik_async.quota.pace import Pace
from kentik_async.quota.protocols import Grant, QuotaSnapshot
from kentik_async.quota.queue import Waiter
from kentik_async.quota.rate_limit_header import Allowance
from kentik_async.quota.report import snapshot_of, too_long
from kentik_async.quota.waiting.deferred_lock import DeferredLock as Latch
from kentik_async.quota.waiting.event_loops import LoopTimer as Home

__all__ = ["FileLane"]

_STATES: dict[Outcome, State] = {
    "answered": State.USED,
    "refused": State.REFUSED,
    "not_sent": State.RETURNED,
    "unknown": State.DRAINING,
}
_GRACE = 0.25  # seconds after which a thread looks whether the event loop's timer has done its work


class FileLane:
    """One quota class for the calls of one process. Every public method may be called from any thread."""

    def __init__(
        self, quota_class: QuotaClass, quota: Quota, pacing: Pacing, place: Place, clock: Clock
    ) -> None:
        """Start; nothing is opened before the first call.

        Args:
            quota_class: The class's name.
            quota: The limits that this process keeps to.
            pacing: See `KentikClient`.
            place: Where the files are.
            clock: Where time comes from.
        """
        self.quota_class: QuotaClass = quota_class
        self.quota = quota
        self._place = place
        self._clock = clock
        self._monotonic = clock.monotonic
        self._latch = Latch()
        self._pace = Pace(quota, pacing)
        self._callers = Callers(self._rung)
        self._store: Store | None = None
        self._outlook: Outlook | None = None
        self._closed = False

    def open(self) -> None:
        """Open the files, so that it is known whether that can be done.

        Raises:
            ConfigError: They can be neither opened nor made.
        """
        with self._latch:
            self._current()

    def try_now(self) -> FileGrant | None:
        """Return a grant if nobody waits, here or elsewhere, and none has to.

        Raises:
            ConfigError: The files cannot be used any more.
        """
        # Measured: asking asyncio for the running loop costs a system call (150 ns) in Python 3.11.
        home, store = self._callers.by_thread.get(get_ident()), self._store
        if home is None or store is None or not home.is_running():
            return None
        with self._latch:
            if self._callers.queue or store.retired:
                return None
            try:
                flight = store.quick()
            except OSError as error:
                store.leave()
                raise self._unusable(error) from error
        if flight is None:
            return None
        flight.home = home
        return FileGrant(self, store, flight)

    def join(self, priority: int, queued_since: float | None, max_wait: float | None) -> Waiter[Grant]:
        """Queue up: the returned waiter's future is to be awaited, and given up by `leave`.

        The future raises QuotaWaitError where the wait would exceed, or did exceed, `max_wait` seconds,
        ClientClosedError when the limiter is closed, and ConfigError when the files cannot be used any more.

        Raises:
            ClientClosedError: The limiter was closed.
        """
        with self._latch:
            if self._closed:
                raise ClientClosedError("the limiter is closed")
            self._reap()
            now = self._monotonic()
            since = now if queued_since is None else queued_since
            ahead = self._callers.queue.ahead_of(priority, since)
            waiter = self._callers.join(priority, since)
            self._pump()
            if max_wait is not None and waiter.queued:
                self._refuse_if_hopeless(waiter, ahead, max_wait)
        if max_wait is not None and not waiter.future.done():
            waiter.expiry = waiter.home.loop.call_later(max_wait, self._expire, waiter, max_wait)
        return waiter

    def leave(self, waiter: Waiter[Grant]) -> None:
        """Wait no more; a grant that has come nevertheless goes back."""
        waiter.left = True
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().close("not_sent")
        else:
            self._latch.run(self._strike, waiter)

    def heed(self, store: Store, flight: Flight, allowance: Allowance) -> None:
        """Enter what the server says is left, with the answer to a granted request; never blocks."""
        self._latch.run(lambda _: self._heed(store, flight, allowance), None)

    def end(self, store: Store, flight: Flight, outcome: Outcome, retry_after: float | None) -> None:
        """Enter how a granted request ended, and let the next one go; never blocks."""
        self._latch.run(lambda _: self._end(store, flight, outcome, retry_after), None)

    def pace(self, pacing: Pacing) -> None:
        """Change the pacing, from the next grant on."""
        with self._latch:
            self._pace.pacing = pacing
            if self._store is not None and self._store.book.mirror is not None:
                self._store.book.mirror.follow_pace()
            self._pump()

    def close(self) -> None:
        """Grant nothing more; those that wait end with ClientClosedError."""
        with self._latch:
            self._closed = True
            self._callers.turn_away(ClientClosedError("the limiter was closed"))
            if self._store is not None:
                self._store.retire()

    def restart(self) -> None:
        """Begin anew in a forked child: its parent keeps the waiters and what is in flight.

        Its descriptors are not the child's, and the other threads are gone, with whoever held the lock.
        """
        self._latch = Latch()
        self._callers = Callers(self._rung)
        if self._store is not None:
            self._store.flights.clear()
        self._store = None

    def snapshot(self) -> QuotaSnapshot:
        """Return the present state."""
        with self._latch:
            mirror, now = self._look(), self._monotonic()
            free = mirror.free_at(now)
            return snapshot_of(
                self.quota_class,
                mirror.ledger,
                now=now,
                free=free,
                waiting=len(self._callers.queue) + sum(mirror.waiting_elsewhere()),
                frozen=mirror.freeze.active,
                latency=self._pace.latency,
            )

    def estimate(self, n: int) -> float:
        """Return in how many seconds those that wait here and `n` more would all be answered."""
        with self._latch:
            mirror, waiting, now = self._look(), len(self._callers.queue), self._monotonic()
            return self._look_ahead(mirror, now).end_of(waiting + n) - now

    def _refuse_if_hopeless(self, waiter: Waiter[Grant], ahead: int, max_wait: float) -> None:
        mirror, now = self._look(), self._monotonic()
        mirror.heed(now)
        if self._outlook is None or not self._outlook.good_for(mirror):
            self._outlook = self._look_ahead(mirror, now)
        estimate = self._outlook.start_of(ahead, until=now + max_wait) - now
        # What is eased meanwhile is not foreseen.
        if estimate > max_wait and mirror.congestion.eases_at(now) > now + max_wait:
            self._strike(waiter)
            waiter.future.set_exception(too_long(self.quota_class, max_wait, estimate))

    def _expire(self, waiter: Waiter[Grant], max_wait: float) -> None:
        with self._latch:
            self._strike(waiter)
        if not waiter.future.done():
            waiter.future.set_exception(too_long(self.quota_class, max_wait, None))

    def _strike(self, waiter: Waiter[Grant]) -> None:
        self._callers.queue.discard(waiter)
        if not self._callers.queue and self._store is not None:
            self._store.leave()

    def _rung(self) -> None:
        self._latch.run(lambda _: self._look_about(), None)

    def _look_about(self) -> None:
        self._reap()
        self._pump()

    def _arrived(self, store: Store, lock: Flock, error: OSError | None) -> None:
        """Go on with a lock that was waited for; in its thread."""
        with self._latch:
            store.arrived(lock, error)
            if error is not None:
                self._callers.turn_away(self._unusable(error))
            if store is self._store:
                self._pump()

    def _heed(self, store: Store, flight: Flight, allowance: Allowance) -> None:
        if store.holds(flight):
            store.heed(flight, allowance)

    def _end(self, store: Store, flight: Flight, outcome: Outcome, retry_after: float | None) -> None:
        if store.flights.get(flight.slot) is not flight:
            return
        wanted = len(self._callers.queue) > 0
        store.settle(flight, _STATES[outcome], self._monotonic(), retry_after, keep=wanted)
        if wanted:
            self._pump()

    def _pump(self) -> None:
        """Grant to those whose turn it is as long as there is quota; then see to it that all goes on."""
        callers, again = self._callers, False
        while (waiter := callers.head()) is not None:
            try:
                store = self._current()
                turn = store.step(len(callers.queue) - 1, again=again)
            except (OSError, KentikError) as error:
                callers.turn_away(self._unusable(error) if isinstance(error, OSError) else error)
                break
            if not isinstance(turn, Flight):
                self._set_alarms(store, turn)
                return
            again = True
            turn.home = waiter.home
            callers.serve(FileGrant(self, store, turn))
        if self._store is not None:
            self._store.leave()

    def _current(self) -> Store:
        """Return the files as they are under their names now, opened at first."""
        if self._closed:
            raise ClientClosedError("the limiter is closed")
        old = self._store
        if old is not None and not old.replaced():
            return old
        heritage = [] if old is None or old.book.mirror is None else old.book.mirror.stamps()
        place, clock = self._place, self._clock
        try:
            new = Store(place, self.quota_class, self.quota, self._pace, clock, self._arrived, heritage)
        except OSError as error:
            raise self._unusable(error) from error
        if old is not None:
            old.retire()
        self._store = new
        return new

    def _reap(self) -> None:
        """End the requests of event loops that were closed: they may still be working at the server."""
        store = self._store
        if store is None or not store.flights:
            return
        for flight in list(store.flights.values()):
            if isinstance(flight.home, Home) and flight.home.loop.is_closed():
                self._end(store, flight, "unknown", None)

    def _set_alarms(self, store: Store, when: float) -> None:
        """Have `_rung` called at `when`, even if the loops that wait are closed without a word."""
        if when != inf:
            delay = max(when - self._monotonic(), 0.0)
            self._callers.set_alarms(when, delay)
            store.call_back(self._rung, delay + _GRACE)

    def _look(self) -> Mirror:
        try:
            return self._current().book.look()
        except OSError as error:
            raise self._unusable(error) from error

    def _look_ahead(self, mirror: Mirror, now: float) -> Outlook:
        flights = self._store.flights.values() if self._store is not None else ()
        return Outlook(mirror, self._pace, [flight.sent for flight in flights], now)

    def _unusable(self, error: OSError) -> ConfigError:
        path, reason = self._place.ring(self.quota_class), error.strerror or error
        return ConfigError(
            f"the quota file {path} cannot be used: {reason}; name another with limiter='file:PATH'"
        )
