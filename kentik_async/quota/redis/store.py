"""The state of one quota class in Redis, as one member shares it with all others on all machines.

A thread of the store's own speaks with Redis: it outlives the event loops that calls wait in, and renews the
lease however busy they are.
"""

import asyncio
import atexit
import logging
import random
import secrets
import threading
import weakref
from collections.abc import Callable
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any, TypeAlias, TypeVar

from kentik_async.errors import ClientClosedError, ConnectError, KentikError
from kentik_async.quota.limits import Quota
from kentik_async.quota.protocols import Change, View, Wake
from kentik_async.quota.redis.connection import ConnectionLostError, RedisConnection
from kentik_async.quota.redis.replica import Draft, Replica
from kentik_async.quota.redis.url import RedisAddress
from kentik_async.quota.state.messages import StoreReply

__all__ = ["RedisStore"]

R = TypeVar("R")
_Job: TypeAlias = tuple[Callable[[], Any], Callable[[Any], None]]

_LEASE = 1 / 6  # of a minute: 10 s
_SHORTEST_LEASE = 1.0  # of a compressed minute too, or a busy machine would let it lapse
_PATIENCE = 1 / 10  # of a lease: how long a member that was told to come is waited for
_SHORTEST_PATIENCE = 0.25
_RENEWAL = 0.3  # of a lease: after so long it is renewed
_ANSWER = 0.5  # of a lease: how long an answer may take
_CHECK = 0.1  # of a lease: how long those who know the time may take to say so
_SHORTEST_CHECK = 0.5
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_KEEP = 30 * 24 * 3600  # seconds for which an idle state is kept; its next user would have to wait

_FAREWELL = 1.0  # seconds for which what has ended may still be told after the limiter was closed

_CHECKED = "checked"

_log = logging.getLogger("kentik_async")


class RedisStore:
    """One member's part in the state; see `Store`. Time is the server's, and whoever falls silent is dead.

    A member listens to a channel of its own: there it is told when to report. Who has committed listens to
    the channel of all too: who does not know the time, or had to remake the state, asks there for a report
    of everyone else, and is told on its own channel that the clock has been checked.
    """

    exclusive = False

    def __init__(
        self, address: RedisAddress, prefix: str, quota: Quota, instant: Callable[[], float]
    ) -> None:
        """Start without a connection: that is made when it is needed.

        Args:
            address: Where Redis is.
            prefix: What the key and the channels of the state begin with; also the channel of all.
            quota: The limits that the member keeps to.
            instant: A clock of this process that goes on while the machine sleeps.
        """
        self.lease = max(quota.minute * _LEASE, _SHORTEST_LEASE)
        self.patience = max(self.lease * _PATIENCE, _SHORTEST_PATIENCE)
        self._address, self._prefix, self._quota, self._instant = address, prefix, quota, instant
        self._begin()

    def bind(self, wake: Wake) -> None:
        """Note how the limiter is told to report; when that is forgotten the store is closed."""
        self._wake_method = weakref.WeakMethod(wake, lambda _: self.close())

    def transact(self, change: Change, later: Callable[[StoreReply | KentikError], None]) -> None:
        """Make a change, later."""
        self._put((partial(self._commit, change), later))

    def inspect(self, view: View[R], later: Callable[[R | KentikError], None]) -> None:
        """Look at the state, later."""
        self._put((partial(self._look, view), later))

    def holds(self) -> bool:
        """Tell whether the lease certainly still lasts."""
        return self._instant() < self._replica.lease_from + self.lease

    def restart(self) -> None:
        """Connect anew in a forked child, under a name of its own."""
        self._begin()

    def close(self) -> None:
        """Close soon."""
        self._closing.set()
        self._jobs.put((_nothing, _ignore))  # the thread looks up

    async def aclose(self) -> None:
        """Commit the pending change if that is possible within a second, then close."""
        self.close()
        await asyncio.to_thread(self.finish)

    def finish(self) -> None:
        """Wait until the thread has ended, for a second at the most: then it must give up."""
        if self._thread is not None:
            self._thread.join(_FAREWELL)
            self._over = True
            self._connection.close()

    def _begin(self) -> None:
        self.member = secrets.token_hex(8)
        self._channel = self._channel_of(self.member)
        self._replica = Replica(self.member, self._quota, self.lease)
        self._connection = RedisConnection(
            self._address,
            f"{self._prefix}:state",
            self._instant,
            self._hear,
            self._lost,
            self.lease * _ANSWER,
        )
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._over = False  # the time to do anything is over
        self._met = False
        self._leap = False
        self._checked = threading.Event()
        self._asked_by: set[str] = set()
        self._renew_at = inf

    def _put(self, job: _Job) -> None:
        if self._over or (self._thread is None and self._closing.is_set()):
            raise ClientClosedError("the limiter is closed")
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="kentik_async redis", daemon=True)
            _stores.add(self)
            self._thread.start()

    def _serve(self) -> None:
        """Do one job after the other until the store is closed; in the thread."""
        while not (self._closing.is_set() and self._jobs.empty()):
            self._attend()
        self._over = True
        self._connection.close()
        while not self._jobs.empty():
            self._attend()

    def _attend(self) -> None:
        try:
            seconds = None if self._renew_at == inf else max(self._renew_at - monotonic(), 0.0)
            work, later = self._jobs.get(timeout=seconds)
        except Empty:
            self._renew_at = inf
            self._wake(0.0)
            return
        outcome: Any = ClientClosedError("the limiter was closed")
        try:
            if not self._over:
                outcome = work() if work is _nothing else self._in_touch(work)
        except KentikError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 (whatever it is, nobody may wait for ever because of it)
            _log.exception("the quota in Redis at %s cannot be used", self._address.place)
            outcome = KentikError(f"the quota in Redis at {self._address.place} cannot be used: {error!r}")
        later(outcome)

    def _in_touch(self, work: Callable[[], R]) -> R:
        """Do some work with Redis; if that is lost on the way, wait for it."""
        connection, pause = self._connection, 0.0
        while True:
            stale = connection.up
            try:
                self._meet()
                return work()
            except ConnectionLostError as error:
                if stale:
                    continue  # a connection that lay idle may have been cut: a new one tells
                if not self._met:
                    raise ConnectError(f"Redis at {connection.place} cannot be reached: {error}") from None
                if not pause:
                    _log.warning("Redis at %s is lost (%s): requests wait for it", connection.place, error)
            except Exception:
                if self._replica.reading is not None:
                    self._renew_in(_LONGEST_PAUSE)  # what is held, or known, is still to be told
                raise
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
            if self._closing.wait(pause):
                self._over = True
                raise ClientClosedError("the limiter was closed")

    def _meet(self) -> None:
        """Connect; and if this member does not know the time, ask those who do whether the clock was set."""
        connection, known = self._connection, self._replica.reading is not None
        if connection.up:
            return
        connection.open(self._channel, *([self._prefix] if known else []))
        self._met = True
        if not known:
            self._checked.clear()
            others = connection.publish(self._prefix, self.member)
            self._leap = others > 0 and not self._checked.wait(max(self.lease * _CHECK, _SHORTEST_CHECK))

    def _read(self) -> Draft:
        return self._replica.read(self._connection.read(), leap=self._leap)

    def _look(self, view: View[R]) -> R:
        draft = self._read()
        return view(draft.state, draft.now)

    def _commit(self, change: Change) -> StoreReply:
        """Make and commit a change."""
        connection, replica, asked_by, tries = self._connection, self._replica, set(self._asked_by), 0
        known = replica.reading is not None
        draft = (None if asked_by else replica.fresh(self._instant())) or self._read()
        while True:
            reply = change(draft.state, draft.now)
            told = [(self._channel_of(name), f"{delay:.6f}") for name, delay in reply.wake]
            told += [(self._channel_of(name), _CHECKED) for name in asked_by]
            if draft.remade:
                told.append((self._prefix, self.member))
            prepared = replica.prepare(draft)
            messages = [part for message in told for part in message]
            stored = connection.commit(*prepared, str(_KEEP * 1000), *messages)
            if not stored.held:
                break
            # Another was faster, and the answer is what that has made.
            draft = replica.read(stored, leap=self._leap)
            tries += 1
            if tries > 2 and draft.state.turns.told != self.member:
                sleep(random.random() * min(0.001 * 2**tries, 0.05))
                draft = self._read()
        ahead = replica.committed(draft, prepared, stored)
        self._leap = False
        self._asked_by -= asked_by
        if not known:
            connection.subscribe(self._prefix)
        if draft.remade:
            _log.warning(
                "Redis at %s %s, so it may lack what was used latest: requests wait for %.1f s",
                connection.place,
                draft.remade,
                replica.quiet,
            )
        self._renew_in(self.lease * _RENEWAL if reply.present else inf)
        if ahead and reply.grants:
            sleep(ahead)
        return reply

    def _channel_of(self, member: str) -> str:
        return f"{self._prefix}:{member}"

    def _hear(self, channel: bytes, text: bytes) -> None:
        message = text.decode()
        if channel == self._prefix.encode():
            if message != self.member:
                self._asked_by.add(message)
                self._wake(0.0)
        elif message == _CHECKED:
            self._checked.set()
        else:
            self._wake(float(message))

    def _lost(self) -> None:
        """Connect again: this member may be the only one that knows what a lost state held."""
        if self._replica.reading is not None:
            self._wake(0.0)

    def _renew_in(self, delay: float) -> None:
        self._renew_at = monotonic() + delay

    def _wake(self, delay: float) -> None:
        wake = self._wake_method()
        if wake is not None:
            wake(delay)


def _nothing() -> None:
    """Only wake the thread."""


def _ignore(_: object) -> None:
    """Leave what comes of it."""


_stores: "weakref.WeakSet[RedisStore]" = weakref.WeakSet()
"""Those that have had a thread."""


@atexit.register
def _finish_all() -> None:
    """Let the threads tell what has ended; they do not outlive the program."""
    stores = list(_stores)
    for store in stores:
        store.close()
    for store in stores:
        store.finish()
