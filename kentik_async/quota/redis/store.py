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
from typing import TypeAlias

from kentik_async._clock import SYSTEM_CLOCK, sleepless
from kentik_async.errors import ClientClosedError, ConnectError, KentikError
from kentik_async.quota.limits import Quota
from kentik_async.quota.protocols import Change, Wake
from kentik_async.quota.redis.connection import ConnectionLostError, RedisConnection
from kentik_async.quota.redis.replica import Draft, Replica
from kentik_async.quota.redis.url import RedisAddress
from kentik_async.quota.state.messages import StoreReply

__all__ = ["RedisStore"]

_Later: TypeAlias = Callable[[StoreReply | KentikError], None]

_LEASE = 1 / 6  # of a minute: 10 s
_SHORTEST_LEASE = 1.0  # of a compressed minute too, or a busy machine would let it lapse
_PATIENCE = 1 / 10  # of a lease
_SHORTEST_PATIENCE = 0.25
_RENEWAL = 0.3  # of a lease: after so long it is renewed
_ANSWER = 0.5  # of a lease: how long an answer may take
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds
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

    own_state = None

    def __init__(self, address: RedisAddress, prefix: str, quota: Quota) -> None:
        """Start without a connection: that is made when it is needed.

        The key and the channels of the state begin with `prefix`, which is also the channel of all.
        """
        self.lease = max(quota.minute * _LEASE, _SHORTEST_LEASE)
        self.patience = max(self.lease * _PATIENCE, _SHORTEST_PATIENCE)
        self._address, self._prefix, self._quota = address, prefix, quota
        self._instant = sleepless(SYSTEM_CLOCK).monotonic
        _stores.add(self)
        self.restart()

    def restart(self) -> None:
        """Begin without a connection, in a forked child too, under a name of its own."""
        self.member = secrets.token_hex(8)
        self._replica = Replica(self.member, self._quota, self.lease)
        self._connection = RedisConnection(
            self._address,
            f"{self._prefix}:state",
            self._instant,
            self._hear,
            partial(self._wake, 0.0),  # this member may be the only one that knows what a lost state held
            self.lease * _ANSWER,
        )
        self._changes: SimpleQueue[tuple[Change, _Later] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._over = False  # the time to do anything is over
        self._met = False
        self._checked = threading.Event()
        self._asked_by: set[str] = set()
        self._renew_at = inf

    def bind(self, wake: Wake) -> None:
        """Note how the limiter is told to report; when that is forgotten the store is closed."""
        self._wake_method = weakref.WeakMethod(wake, lambda _: self.close())

    def transact(self, change: Change, later: _Later) -> None:
        """Make a change, later."""
        if self._over or (self._thread is None and self._closing.is_set()):
            raise ClientClosedError("the limiter is closed")
        self._changes.put((change, later))
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="kentik_async redis", daemon=True)
            self._thread.start()

    def holds(self) -> bool:
        """Tell whether the lease certainly still lasts."""
        return self._instant() < self._replica.lease_from + self.lease

    def close(self) -> None:
        """Close soon."""
        self._closing.set()
        self._changes.put(None)  # the thread looks up

    async def aclose(self) -> None:
        """Commit the pending change if that is possible within a second, then close."""
        await asyncio.to_thread(self.finish)

    def finish(self) -> None:
        """Close, and wait until the thread has ended; after a second it must give up."""
        self.close()
        if self._thread is not None:
            self._thread.join(_FAREWELL)
            self._over = True
            self._connection.close()

    def _serve(self) -> None:
        """Make one change after the other until the store is closed; in the thread."""
        while not (self._closing.is_set() and self._changes.empty()):
            self._attend()
        self._over = True
        self._connection.close()
        while not self._changes.empty():
            self._attend()

    def _attend(self) -> None:
        try:
            seconds = max(self._renew_at - monotonic(), 0.0)
            change = self._changes.get(timeout=min(seconds, threading.TIMEOUT_MAX))
        except Empty:
            change, self._renew_at = None, inf
            self._wake(0.0)
        if change is None:
            return
        outcome: StoreReply | KentikError
        try:
            outcome = self._in_touch(change[0])
        except KentikError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 (whatever it is, nobody may wait for ever because of it)
            outcome = KentikError(f"the quota in Redis at {self._address.place} cannot be used: {error!r}")
            if not self._over:  # then redis-py was reading what another thread has closed
                _log.exception("%s", outcome)
        if isinstance(outcome, KentikError) and self._replica.reading is not None:
            self._renew_at = monotonic() + _LONGEST_PAUSE  # what is held, or known, is still to be told
        change[1](outcome)

    def _in_touch(self, change: Change) -> StoreReply:
        """Make and commit a change; if Redis is lost on the way, wait for it."""
        place, pause = self._address.place, 0.0
        while not self._over:
            try:
                self._meet()
                return self._commit(change)
            except ConnectionLostError as error:
                if not self._met:
                    raise ConnectError(f"Redis at {place} cannot be reached: {error}") from None
                # A connection that lay idle may have been cut: only what a new one tells counts.
                if pause == _FIRST_PAUSE:
                    _log.warning("Redis at %s is lost (%s): requests wait for it", place, error)
            self._over = self._closing.wait(pause)
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
        raise ClientClosedError("the limiter was closed")

    def _meet(self) -> None:
        """Connect; and if this member does not know the time, ask those who do whether the clock was set."""
        connection, known = self._connection, self._replica.reading is not None
        if connection.up:
            return
        connection.open(f"{self._prefix}:{self.member}", *([self._prefix] if known else []))
        self._met = True
        if not known:
            self._checked.clear()
            others = connection.publish(self._prefix, self.member)
            self._replica.leap = others > 0 and not self._checked.wait(2 * self.patience)

    def _read(self) -> Draft:
        return self._replica.read(self._connection.exchange())

    def _commit(self, change: Change) -> StoreReply:
        """Make and commit a change."""
        connection, replica, asked_by, tries = self._connection, self._replica, set(self._asked_by), 0
        draft = (None if asked_by else replica.fresh(self._instant())) or self._read()
        while True:
            reply = change(draft.state, draft.now)
            told = [(f"{self._prefix}:{name}", f"{delay:.6f}") for name, delay in reply.wake]
            told += [(f"{self._prefix}:{name}", _CHECKED) for name in asked_by]
            if draft.remade:
                told.append((self._prefix, self.member))
            prepared = replica.prepare(draft)
            messages = [part for message in told for part in message]
            stored = connection.exchange(*prepared, str(_KEEP * 1000), *messages)
            if not stored.held:
                break
            # Another was faster, and the answer is what that has made.
            draft = replica.read(stored)
            tries += 1
            if tries > 2 and draft.state.turns.told != self.member:
                sleep(random.random() * min(0.001 * 2**tries, 0.05))
                draft = self._read()
        if replica.reading is None:
            connection.subscribe(self._prefix)
        ahead = replica.committed(draft, prepared, stored)
        self._asked_by -= asked_by
        if draft.remade:
            _log.warning("Redis at %s %s", self._address.place, draft.remade)
        self._renew_at = monotonic() + self.lease * _RENEWAL if self.member in draft.state.members else inf
        if ahead and reply.grants:
            sleep(ahead)
        return reply

    def _hear(self, channel: bytes, text: bytes) -> None:
        message = text.decode()
        if message == _CHECKED:
            self._checked.set()
        elif channel != self._prefix.encode():
            self._wake(float(message))
        elif message != self.member:
            self._asked_by.add(message)
            self._wake(0.0)

    def _wake(self, delay: float) -> None:
        if (wake := self._wake_method()) is not None:
            wake(delay)


_stores: "weakref.WeakSet[RedisStore]" = weakref.WeakSet()


@atexit.register
def _finish_all() -> None:
    """Let the threads tell what has ended; they do not outlive the program."""
    for store in list(_stores):
        store.finish()
