"""The protocols of the quota: what the pipeline needs of a limiter, and what a limiter needs of a store."""

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from kentik_async.errors import KentikError
from kentik_async.quota.limits import Allowance, Outcome, QuotaClass
from kentik_async.quota.snapshot import QuotaSnapshot
from kentik_async.quota.state.messages import StoreReply
from kentik_async.quota.state.quota_state import QuotaState

__all__ = ["Change", "Grant", "HintAwareGrant", "Limiter", "QuotaSnapshot", "Store", "Wake"]

Change: TypeAlias = Callable[[QuotaState, float], StoreReply]
"""A pure change of the state: it is given the state and the present instant by the store's clock, and changes
the state in place. A store may call it again, on a fresh state, if what it made could not be committed."""

Wake: TypeAlias = Callable[[float], None]
"""Have the limiter report in so many seconds, at once if 0; never blocks, may be called from any thread."""


@runtime_checkable
class Grant(Protocol):
    """The right to send one request, held until it is closed."""

    def valid(self) -> bool:
        """Tell whether the right still holds; asked immediately before sending."""
        ...

    def close(self, outcome: Outcome, *, retry_after: float | None = None) -> None:
        """Give the slot back and enter how the request ended; never blocks, and only counts once.

        Args:
            outcome: "answered", also with an error; "refused", a rate limit; "not_sent", the server
                certainly never saw it: slot and token are as before; "unknown": it may still be working
                there, so the slot stays taken for `drain` seconds.
            retry_after: With "refused": the pause that the server requested, in seconds. What is not a
                finite number from 0 counts as none.
        """
        ...


@runtime_checkable
class HintAwareGrant(Grant, Protocol):
    """A grant that can use what the server says is left; a limiter of one's own may do without."""

    def apply_hint(self, allowance: Allowance) -> None:
        """Note what the server says is left, in the answer to this grant's request.

        Called before `close`; never blocks.
        """
        ...


@runtime_checkable
class Limiter(Protocol):
    """Keeper of one customer's quota, in both classes."""

    async def acquire(
        self,
        quota_class: QuotaClass,
        *,
        priority: int = 0,
        queued_since: float | None = None,
        max_wait: float | None = None,
    ) -> Grant:
        """Wait until one request may be sent.

        Args:
            quota_class: "non_query" or "query".
            priority: 1 high, 0 normal, -1 low; first come, first served within one.
            queued_since: The monotonic instant at which the call first asked, for a retry to keep its
                turn; now if omitted.
            max_wait: The longest wait, in seconds; None waits as long as it takes.

        Returns:
            The grant, to be closed exactly once.

        Raises:
            QuotaWaitError: The wait would exceed, or did exceed, `max_wait`.
            ClientClosedError: The limiter was closed.
        """
        ...

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return the present state of one class."""
        ...

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return in how many seconds `n` further requests would all be answered, if started now."""
        ...

    async def aclose(self) -> None:
        """Release everything held; those that wait end with ClientClosedError."""
        ...


class Store(Protocol):
    """Keeps the state of one quota class for one member, and shares it with the others.

    A *member* is one `ClassLimiter`, hence one process (or one limiter of several in it). All members of a
    class share one `QuotaState`. A store decides nothing about the quota. It has four duties:

    - Mutual exclusion: one change at a time, on the latest committed state.
    - Time: one clock for all members that never runs faster than the real one, and goes on while a machine
      sleeps. It may stand still; it may not jump forward. Instants are seconds as floats.
    - Liveness: when a member has died, somebody who commits afterwards enters that with
      `QuotaState.reclaim` before its own change; or the store has leases, and the state does it by itself.
    - Wake-up: it passes `StoreReply.wake` on after the commit, and calls a waiting member when a holder
      has died.

    The limiter calls `transact` under a lock of its own, and never again before the pending change has ended.
    Until then it does not touch the state. A store must not call it back from within in the same thread.

    Attributes:
        member: This member's name, unlike that of any other that shares the state, now or earlier.
        lease: For how many seconds after a report the state counts the member as alive; infinity if the
            store learns of deaths by itself. With a lease the store calls `wake(0.0)` early enough to renew
            it as long as the state that was committed knows it as a member.
        patience: How long a member that was told to come is waited for before others pass it, in seconds:
            longer than it takes to wake up and commit.
    """

    member: str
    lease: float
    patience: float

    @property
    def own_state(self) -> QuotaState | None:
        """The state, if only this limiter ever uses it, by its clock: it may change it itself; or None."""
        ...

    def bind(self, wake: Wake) -> None:
        """Note how the limiter is told to report; called once, before all else."""
        ...

    def transact(
        self, change: Change, later: Callable[[StoreReply | KentikError], None]
    ) -> StoreReply | None:
        """Make a change and commit it; never blocks.

        Args:
            change: The change.
            later: What to call, once and from any thread, when the change is committed after all or has
                failed permanently, if it could not be committed at once.

        Returns:
            The reply, committed; or None if `later` will be called with it.

        Raises:
            KentikError: It cannot be committed, and waiting would not help. Nothing was changed.
        """
        ...

    def holds(self) -> bool:
        """Tell whether all other members certainly still count this one as alive, so its grants hold."""
        ...

    def restart(self) -> None:
        """Begin anew in a forked child, as a new member that holds nothing; the parent keeps what it has."""
        ...

    def close(self) -> None:
        """Release everything at once; called, without a lease, after the last request has been entered."""
        ...

    async def aclose(self) -> None:
        """Commit the pending change if that is possible soon, then close; called instead with a lease."""
        ...
