"""The state of one quota class in Redis, as one member shares it with all others on all machines."""

import asyncio
import secrets
import weakref
from collections.abc import Callable

from kentik_async.errors import KentikError
from kentik_async.quota.limits import Quota
from kentik_async.quota.protocols import Change, Wake
from kentik_async.quota.redis.replica import Replica
from kentik_async.quota.redis.sync_loop import OnOutage, SyncLoop
from kentik_async.quota.redis.url import RedisAddress, RedisNames
from kentik_async.quota.state.messages import StoreReply

__all__ = ["RedisStore"]

_LEASE = 1 / 6  # of a minute: 10 s
_SHORTEST_LEASE = 1.0  # of a compressed minute too, or a busy machine would let it lapse
_PATIENCE = 1 / 10  # of a lease
_SHORTEST_PATIENCE = 0.25


class RedisStore:
    """One member's part in the state; see `Store`. Time is the server's, and whoever falls silent is dead."""

    exclusive = False

    def __init__(
        self,
        address: RedisAddress,
        names: RedisNames,
        quota: Quota,
        instant: Callable[[], float],
        on_outage: OnOutage,
    ) -> None:
        """Start without a connection: that is made when it is needed.

        Args:
            address: Where Redis is.
            names: Under what names the state stands there.
            quota: The limits that the member keeps to.
            instant: A clock of this process that goes on while the machine sleeps.
            on_outage: What to do when Redis is lost on the way.
        """
        self.lease = max(quota.minute * _LEASE, _SHORTEST_LEASE)
        self.patience = max(self.lease * _PATIENCE, _SHORTEST_PATIENCE)
        self._address, self._names, self._quota = address, names, quota
        self._instant = instant
        self._on_outage: OnOutage = on_outage
        self._waker = _Waker()
        self._begin()

    def bind(self, wake: Wake) -> None:
        """Note how the limiter is told to report; it is not kept alive by that."""
        self._waker.method = weakref.WeakMethod(wake)

    def transact(self, change: Change, later: Callable[[StoreReply | KentikError], None]) -> None:
        """Make a change, later."""
        self._sync_loop.commit(change, later)

    def holds(self) -> bool:
        """Tell whether the lease certainly still lasts."""
        return self._instant() < self._replica.lease_from + self.lease

    def restart(self) -> None:
        """Connect anew in a forked child, under a name of its own."""
        self._finalizer.detach()
        self._sync_loop.thread.abandon()
        self._begin()

    def close(self) -> None:
        """Close soon."""
        self._sync_loop.thread.stop()

    async def aclose(self) -> None:
        """Commit the pending change if that is possible within a second, then close."""
        ended = self._sync_loop.thread.stop()
        if ended is not None:
            await asyncio.wrap_future(ended)

    def _begin(self) -> None:
        self.member = secrets.token_hex(8)
        self._replica = Replica(self.member, self._quota, self.lease)
        self._sync_loop = SyncLoop(
            self._replica, self._address, self._names, self._instant, self._on_outage, self._waker.wake
        )
        # The thread ends when the limiter is forgotten.
        self._finalizer = weakref.finalize(self, self._sync_loop.thread.stop)
        self._finalizer.atexit = False


class _Waker:
    """Wakes a limiter that it does not keep alive."""

    def __init__(self) -> None:
        self.method: weakref.WeakMethod[Wake] | None = None

    def wake(self, delay: float) -> None:
        wake = self.method() if self.method is not None else None
        if wake is not None:
            wake(delay)
