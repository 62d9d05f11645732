"""One quota class shared through Redis, as one process takes part in it.

Calls wait here, and the process waits in Redis for all of them together: ten thousand waiting calls are one
entry there, and take turns with the other processes as one.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from kentik_async._clock import Clock
from kentik_async.errors import ClientClosedError, KentikError
from kentik_async.quota.limits import Outcome, Pacing, Quota, QuotaClass
from kentik_async.quota.protocols import QuotaSnapshot
from kentik_async.quota.queue import Waiter, WaitQueue
from kentik_async.quota.rate_limit_header import Allowance
from kentik_async.quota.redis_account import Account
from kentik_async.quota.redis_address import RedisAddress, RedisNames
from kentik_async.quota.redis_courier import OnOutage, RedisCourier, Sight
from kentik_async.quota.redis_lease import sleepless
from kentik_async.quota.redis_script import Limits
from kentik_async.quota.redis_view import View
from kentik_async.quota.report import too_long
from kentik_async.quota.waiting.event_loops import LoopTimer as Home

__all__ = ["RedisGrant", "RedisLane"]

_ROUND_TRIP = 1.0  # seconds that a call may take longer than its max_wait while Redis has not answered yet


class RedisGrant:
    """The right to send one request; see `Grant`."""

    __slots__ = ("_id", "_lane")

    def __init__(self, lane: "RedisLane", grant: int) -> None:
        self._lane = lane
        self._id = grant

    def valid(self) -> bool:
        """Tell whether the right still holds: not closed, and its lease in Redis cannot have ended."""
        return self._lane.valid(self._id)

    def apply_hint(self, allowance: Allowance) -> None:
        """Note what the server says is left, to be told to Redis with the end."""
        self._lane.heed(self._id, allowance)

    def close(self, outcome: Outcome, *, retry_after: float | None = None) -> None:
        """Note how the request ended, to be told to Redis; never blocks, and only the first call counts."""
        self._lane.end(self._id, outcome, retry_after)


@dataclass(slots=True, eq=False)
class _Bound:
    """How long one call is willing to wait.

    Attributes:
        max_wait: The bound.
        till: The instant of its end.
        ahead: How many calls of this process were to go before it.
        handed: How many grants had been handed out then.
        expiry: The timer.
    """

    max_wait: float
    till: float
    ahead: int
    handed: int
    expiry: asyncio.TimerHandle


class RedisLane:
    """One class of one customer's quota, in one event loop of this process."""

    def __init__(
        self,
        quota_class: QuotaClass,
        quota: Quota,
        pacing: Pacing,
        *,
        address: RedisAddress,
        names: RedisNames,
        clock: Clock,
        on_outage: OnOutage,
        past: "RedisLane | None" = None,
    ) -> None:
        """Start in the running loop; nothing is sent to Redis before the first call.

        Args:
            quota_class: The class's name.
            quota: Its limits.
            pacing: The pacing wished for.
            address: Where Redis is.
            names: Where the ledger stands there.
            clock: Where time comes from.
            on_outage: What to do when Redis is lost on the way.
            past: The lane of an earlier event loop of this process, whose used tokens to remember.
        """
        self._quota_class: QuotaClass = quota_class
        self._quota = quota
        self._pacing: Pacing = pacing
        self._monotonic = clock.monotonic
        self._instant = sleepless(clock).monotonic
        self._loop = asyncio.get_running_loop()
        self._queue: WaitQueue[RedisGrant] = WaitQueue()
        self._handed = 0
        self._viewed: tuple[Sight, View] | None = None
        self._closed = False
        limits = Limits.of(quota, pacing, names.prefix)
        self._account: Account = Account(limits, past._account if past else None)
        self._courier = RedisCourier(self, self._account, limits, address, names, self._instant, on_outage)
        self._home = Home(self._loop, self._courier.kick)

    async def acquire(self, priority: int, queued_since: float | None, max_wait: float | None) -> RedisGrant:
        """Queue up and return the grant when its turn has come; see `Limiter.acquire`."""
        if self._closed:
            raise ClientClosedError("the limiter is closed")
        since = self._monotonic() if queued_since is None else queued_since
        waiter: Waiter[RedisGrant] = Waiter(priority, since, self._home, self._loop.create_future())
        bound = None if max_wait is None else self._bound(waiter, max_wait)
        self._queue.push(waiter)
        self._courier.tell_if_needed()
        try:
            return await waiter.future
        except BaseException:  # also GeneratorExit: the loop was closed, and the coroutine collected
            self._withdraw(waiter)
            raise
        finally:
            if bound is not None:
                bound.expiry.cancel()

    def valid(self, grant: int) -> bool:
        """Tell whether a grant's lease in Redis cannot have ended."""
        return self._account.valid(grant, self._instant())

    def heed(self, grant: int, allowance: Allowance) -> None:
        """Note what the server says is left, with the answer to a granted request."""
        self._account.heed(grant, allowance)

    def end(self, grant: int, outcome: Outcome, retry_after: float | None) -> None:
        """Note how a granted request ended."""
        self._account.end(grant, outcome, retry_after)
        self._courier.kick()

    async def snapshot(self) -> QuotaSnapshot:
        """Return the present state."""
        view = self._view(await self._courier.sight())
        return view.snapshot(self._quota_class, len(self._queue))

    async def estimate(self, n: int) -> float:
        """Return in how many seconds those that wait here and `n` more would all be answered."""
        view = self._view(await self._courier.sight())
        return view.end_of(len(self._queue) + n)

    async def aclose(self) -> None:
        """Let go of everything; those that wait end with ClientClosedError."""
        self._closed = True
        self.turn_away(ClientClosedError("the limiter was closed"))
        await self._courier.aclose()

    def waiting(self) -> int:
        """Return how many calls wait."""
        return len(self._queue)

    def hand_out(self, grants: list[int]) -> None:
        """Give grants to those whose turn it is; what nobody wants goes back."""
        queue = self._queue
        for grant in grants:
            while (waiter := queue.peek()) is not None and waiter.lost():
                queue.discard(waiter)
            if waiter is None:
                self.end(grant, "not_sent", None)
                continue
            queue.pop()
            self._handed += 1
            waiter.future.set_result(RedisGrant(self, grant))

    def turn_away(self, error: KentikError) -> None:
        """End the waiting of all that wait."""
        for waiter in list(self._queue):
            self._queue.discard(waiter)
            if not waiter.future.done():
                waiter.future.set_exception(type(error)(str(error)))

    def _view(self, sight: Sight) -> View:
        """Return what a look shows; many who asked at once share one."""
        if self._viewed is None or self._viewed[0] is not sight:
            self._viewed = sight, View(*sight, self._quota, self._pacing)
        return self._viewed[1]

    def _withdraw(self, waiter: Waiter[RedisGrant]) -> None:
        waiter.left = True
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().close("not_sent")
        else:
            self._queue.discard(waiter)
            if not self._loop.is_closed():
                self._courier.tell_if_needed()

    def _bound(self, waiter: Waiter[RedisGrant], max_wait: float) -> _Bound:
        """Let a call wait no longer than it will, and no time at all if that would be in vain."""
        bound = _Bound(
            max_wait,
            self._monotonic() + max_wait,
            self._queue.ahead_of(waiter.priority, waiter.queued_since),
            self._handed,
            self._loop.call_later(max(max_wait, _ROUND_TRIP), self._expire, waiter, max_wait, None),
        )
        self._courier.sight().add_done_callback(partial(self._judge, waiter, bound))
        return bound

    def _judge(self, waiter: Waiter[RedisGrant], bound: _Bound, sight: "asyncio.Future[Sight]") -> None:
        if sight.cancelled() or sight.exception() is not None or waiter.future.done():
            return
        left = bound.till - self._monotonic()
        ahead = max(bound.ahead - (self._handed - bound.handed), 0)
        view = self._view(sight.result())
        estimate = view.start_of(ahead, until=max(left, 0.0))
        bound.expiry.cancel()
        if estimate > left and view.eases_in > left:  # what is eased meanwhile is not foreseen
            self._expire(waiter, bound.max_wait, estimate)
        else:
            bound.expiry = self._loop.call_later(left, self._expire, waiter, bound.max_wait, None)

    def _expire(self, waiter: Waiter[RedisGrant], max_wait: float, estimate: float | None) -> None:
        self._queue.discard(waiter)
        if waiter.future.done():
            return
        waiter.future.set_exception(too_long(self._quota_class, max_wait, estimate))
