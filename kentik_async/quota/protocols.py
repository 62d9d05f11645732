"""The protocols between the pipeline and a limiter, and between a limiter and a store."""

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from kentik_async.errors import KentikError
from kentik_async.quota.limits import Allowance, Outcome, QuotaClass
from kentik_async.quota.snapshot import QuotaSnapshot
from kentik_async.quota.state.messages import StoreReply
from kentik_async.quota.state.quota_state import QuotaState

__all__ = ["Change", "Grant", "HintAwareGrant", "Limiter", "QuotaSnapshot", "Store", "Wake"]

Change: TypeAlias = Callable[[QuotaState, float], StoreReply]
"""A pure change of the state. Its arguments are the state, which it changes in place, and the present instant
by the store's clock. A store may call it again, on a fresh state, if the commit failed."""

Wake: TypeAlias = Callable[[float], None]
"""Makes the limiter report in so many seconds, at once if 0. Never blocks; may be called from any thread."""


@runtime_checkable
class Grant(Protocol):
    """The right to send one request, held until it is closed."""

    def valid(self) -> bool:
        """Return whether the grant is still valid; called immediately before sending."""
        ...

    def close(self, outcome: Outcome, *, retry_after: float | None = None) -> None:
        """Return the slot and record how the request ended. Never blocks; only the first call has an effect.

        Args:
            outcome: "answered", also with an error; "refused" by a rate limit; "not_sent": the server
                certainly did not receive it, so slot and token are returned; "unknown": it may still be
                running there, so the slot stays taken for `drain` seconds.
            retry_after: With "refused": the pause that the server requested, in seconds. A value that is
                negative or not finite is ignored.
        """
        ...


@runtime_checkable
class HintAwareGrant(Grant, Protocol):
    """A grant that uses the remaining requests that the server reports; optional for your own limiter."""

    def apply_hint(self, allowance: Allowance) -> None:
        """Store the remaining requests that the server reported in the answer to this grant's request.

        Called before `close`; never blocks.
        """
        ...


@runtime_checkable
class Limiter(Protocol):
    """Enforces one customer's quota, in both classes."""

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
            priority: 1 high, 0 normal, -1 low; first come, first served within a priority.
            queued_since: The monotonic instant at which the call first waited, so that a retry keeps its
                turn; now by default.
            max_wait: The longest wait, in seconds; None for no limit.

        Returns:
            The grant. Close it exactly once.

        Raises:
            QuotaWaitError: The wait would exceed, or did exceed, `max_wait`.
            ClientClosedError: The limiter was closed.
        """
        ...

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return the present state of one class."""
        ...

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return the seconds until `n` more requests would all be answered, if started now."""
        ...

    async def aclose(self) -> None:
        """Release all resources; waiting calls end with ClientClosedError."""
        ...


class Store(Protocol):
    """Keeps the state of one quota class for one member, and shares it with the other members.

    A *member* is one `ClassLimiter`, hence one process (or one of several limiters in it). All members of a
    class share one `QuotaState`. A store has no rules of the quota. It has four tasks:

    - Mutual exclusion: one change at a time, on the latest committed state.
    - Time: one clock for all members, which never runs faster than real time and continues while a machine
      sleeps. It may stop; it must not jump forward. Instants are seconds as floats.
    - Liveness: after a member has died, the next member that commits calls `QuotaState.reclaim` before its
      own change. Or the store has leases, and the state reclaims expired ones by itself.
    - Wake-up: it delivers `StoreReply.wake` after the commit, and wakes a waiting member when a member with
      a grant has died.

    The limiter calls `transact` under its own lock, and not again before the pending change has ended. Until
    then it does not use the state. A store must not call the limiter from inside `transact`.

    Attributes:
        member: This member's name, different from all members that share or have shared the state.
        lease: How many seconds after a report the state considers the member alive; infinity if the store
            detects deaths by itself. With a lease, the store calls `wake(0.0)` early enough to renew it while
            the committed state contains the member.
        patience: How many seconds other members wait for a member that has the next turn before they
            overtake it: longer than it takes to wake up and commit.
    """

    member: str
    lease: float
    patience: float

    @property
    def own_state(self) -> QuotaState | None:
        """The state if only this limiter uses it, so that it may change it directly; otherwise None."""
        ...

    def bind(self, wake: Wake) -> None:
        """Set the function that makes the limiter report; called once, before all other methods."""
        ...

    def transact(
        self, change: Change, on_reply: Callable[[StoreReply | KentikError], None]
    ) -> StoreReply | None:
        """Make a change and commit it; never blocks.

        Args:
            change: The change.
            on_reply: If the change cannot be committed at once, this is called once, from any thread, when
                the change was committed or has failed permanently.

        Returns:
            The reply, if the change was committed; None if `on_reply` will be called with it.

        Raises:
            KentikError: The change cannot be committed, and waiting would not help. Nothing was changed.
        """
        ...

    def grants_valid(self) -> bool:
        """Return whether all other members certainly consider this one alive, so its grants are valid."""
        ...

    def restart(self) -> None:
        """Start again in a forked child, as a new member without grants; the parent keeps its grants."""
        ...

    def close(self) -> None:
        """Release everything at once; without a lease, called after the last request was recorded."""
        ...

    async def aclose(self) -> None:
        """Commit the pending change if possible soon, then close; with a lease, called instead of `close`."""
        ...
