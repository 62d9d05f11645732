"""The state of one quota class in Redis, shared by the members on all machines.

The store's own thread communicates with Redis: it does not depend on the event loops of the calls, and renews
the lease even if they are busy.
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

_OnReply: TypeAlias = Callable[[StoreReply | KentikError], None]

_LEASE = 1 / 6  # of a minute: 10 s
_SHORTEST_LEASE = 1.0  # seconds, also with a compressed minute: on a busy machine a shorter one would expire
_PATIENCE = 1 / 10  # of a lease
_SHORTEST_PATIENCE = 0.25
_RENEWAL = 0.3  # of a lease: when it is renewed
_ANSWER = 0.5  # of a lease: how long an answer may take
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds
_EXPIRY = 30 * 24 * 3600  # seconds until an idle state expires; the first user of a new state must wait
_CLOSE_TIMEOUT = 1.0  # seconds to commit the last reports after the limiter was closed
_CHECKED = "checked"

_log = logging.getLogger("kentik_async")


class RedisStore:
    """One member's store; see `Store`. It uses the server's clock; a member without reports loses its lease.

    Each member subscribes to a channel of its own, which tells it when to report. After its first commit it
    also subscribes to the channel of all members. A new member, or one that had to recreate the state, asks
    there for a report of all others, and is told on its own channel that the clock has been checked.
    """

    own_state = None

    def __init__(self, address: RedisAddress, prefix: str, quota: Quota) -> None:
        """Start without a connection; it is opened when it is needed.

        The key and the channels of the state begin with `prefix`, which is also the channel of all members.
        """
        self.lease = max(quota.minute * _LEASE, _SHORTEST_LEASE)
        self.patience = max(self.lease * _PATIENCE, _SHORTEST_PATIENCE)
        self._address, self._prefix, self._quota = address, prefix, quota
        self._instant = sleepless(SYSTEM_CLOCK).monotonic
        _stores.add(self)
        self.restart()

    def restart(self) -> None:
        """Start without a connection and with a new member name, also in a forked child."""
        self.member = secrets.token_hex(8)
        self._replica = Replica(self.member, self._quota, self.lease)
        self._connection = RedisConnection(
            self._address,
            f"{self._prefix}:state",
            self._instant,
            self._on_message,
            partial(self._wake, 0.0),  # if the state is lost, this member may have the only copy
            self.lease * _ANSWER,
        )
        self._changes: SimpleQueue[tuple[Change, _OnReply] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._stopped = False  # whether the thread must stop at once
        self._ever_connected = False
        self._checked = threading.Event()
        self._check_requests: set[str] = set()  # members that wait for a check of the clock
        self._renew_at = inf

    def bind(self, wake: Wake) -> None:
        """Set the function that makes the limiter report; when the limiter is collected, close the store."""
        self._wake_method = weakref.WeakMethod(wake, lambda _: self.close())

    def transact(self, change: Change, on_reply: _OnReply) -> None:
        """Make a change in the thread."""
        if self._stopped or (self._thread is None and self._closing.is_set()):
            raise ClientClosedError("the limiter is closed")
        self._changes.put((change, on_reply))
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="kentik_async redis", daemon=True)
            self._thread.start()

    def grants_valid(self) -> bool:
        """Return whether the lease has certainly not expired."""
        return self._instant() < self._replica.lease_from + self.lease

    def close(self) -> None:
        """Close soon."""
        self._closing.set()
        self._changes.put(None)  # wakes the thread

    async def aclose(self) -> None:
        """Commit the pending change if possible within a second, then close."""
        await asyncio.to_thread(self.finish)

    def finish(self) -> None:
        """Close, and wait until the thread has ended; after a second it must stop."""
        self.close()
        if self._thread is not None:
            self._thread.join(_CLOSE_TIMEOUT)
            self._stopped = True
            self._connection.close()

    def _serve(self) -> None:
        """Make the changes, one at a time, until the store is closed; runs in the thread."""
        while not (self._closing.is_set() and self._changes.empty()):
            self._process_next()
        self._stopped = True
        self._connection.close()
        while not self._changes.empty():
            self._process_next()

    def _process_next(self) -> None:
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
            outcome = self._commit_with_retries(change[0])
        except KentikError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 (after any error, no call may wait forever)
            outcome = KentikError(f"the quota in Redis at {self._address.place} cannot be used: {error!r}")
            if not self._stopped:  # otherwise another thread closed the connection while redis-py was reading
                _log.exception("%s", outcome)
        if isinstance(outcome, KentikError) and self._replica.reading is not None:
            self._renew_at = monotonic() + _LONGEST_PAUSE  # grants and the copy must still be reported
        change[1](outcome)

    def _commit_with_retries(self, change: Change) -> StoreReply:
        """Make and commit a change; if Redis becomes unavailable, wait for it."""
        place, pause = self._address.place, 0.0
        while not self._stopped:
            try:
                self._connect()
                return self._commit(change)
            except ConnectionLostError as error:
                if not self._ever_connected:
                    raise ConnectError(f"Redis at {place} cannot be reached: {error}") from None
                # An idle connection may have been closed: only the failure of a new one is logged.
                if pause == _FIRST_PAUSE:
                    _log.warning("Redis at %s is unavailable (%s): requests wait for it", place, error)
            self._stopped = self._closing.wait(pause)
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
        raise ClientClosedError("the limiter was closed")

    def _connect(self) -> None:
        """Connect. Without a reading of the clock, ask the members that have one to check the clock."""
        connection, known = self._connection, self._replica.reading is not None
        if connection.up:
            return
        connection.open(f"{self._prefix}:{self.member}", *([self._prefix] if known else []))
        self._ever_connected = True
        if not known:
            self._checked.clear()
            others = connection.publish(self._prefix, self.member)
            self._replica.possible_clock_jump = others > 0 and not self._checked.wait(2 * self.patience)

    def _read(self) -> Draft:
        return self._replica.read(self._connection.run_script())

    def _commit(self, change: Change) -> StoreReply:
        """Make and commit a change."""
        connection, replica, checks, tries = self._connection, self._replica, set(self._check_requests), 0
        draft = (None if checks else replica.fresh(self._instant())) or self._read()
        while True:
            reply = change(draft.state, draft.now)
            messages = [(f"{self._prefix}:{name}", f"{delay:.6f}") for name, delay in reply.wake]
            messages += [(f"{self._prefix}:{name}", _CHECKED) for name in checks]
            if draft.reset_reason:
                messages.append((self._prefix, self.member))
            prepared = replica.prepare(draft)
            arguments = [part for message in messages for part in message]
            answer = connection.run_script(*prepared, str(_EXPIRY * 1000), *arguments)
            if not answer.stored:
                break
            # Another member has committed before; the answer is its state.
            draft = replica.read(answer)
            tries += 1
            if tries > 2 and draft.state.turns.next_member != self.member:
                sleep(random.random() * min(0.001 * 2**tries, 0.05))
                draft = self._read()
        if replica.reading is None:
            connection.subscribe(self._prefix)
        ahead = replica.committed(draft, prepared, answer)
        self._check_requests -= checks
        if draft.reset_reason:
            _log.warning("Redis at %s %s", self._address.place, draft.reset_reason)
        self._renew_at = monotonic() + self.lease * _RENEWAL if self.member in draft.state.members else inf
        if ahead and reply.grants:
            sleep(ahead)
        return reply

    def _on_message(self, channel: bytes, text: bytes) -> None:
        message = text.decode()
        if message == _CHECKED:
            self._checked.set()
        elif channel != self._prefix.encode():
            self._wake(float(message))
        elif message != self.member:
            self._check_requests.add(message)
            self._wake(0.0)

    def _wake(self, delay: float) -> None:
        if (wake := self._wake_method()) is not None:
            wake(delay)


_stores: "weakref.WeakSet[RedisStore]" = weakref.WeakSet()


@atexit.register
def _finish_all() -> None:
    """Let the threads commit their last reports at the end of the process."""
    for store in list(_stores):
        store.finish()
