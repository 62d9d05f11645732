"""The seam between the pipeline and whatever keeps the quota: a process's own ledger or a shared one."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kentik_async.quota.allowance import Allowance
from kentik_async.quota.rules import Outcome, QuotaClass

__all__ = ["Grant", "HeedfulGrant", "Limiter", "QuotaSnapshot"]


@dataclass(frozen=True, slots=True)
class QuotaSnapshot:
    """The state of one quota class at one instant.

    Attributes:
        quota_class: "non_query" or "query".
        in_flight: Requests that hold a slot, abandoned ones that still drain included.
        waiting: Requests that wait for quota.
        left_soft_minute: Requests left in the rolling minute before answers are delayed; None: no limit.
        left_hard_minute: Requests left in the rolling minute before refusals; None: no limit.
        left_hour: Requests left in the rolling hour; None: no limit.
        next_free: Seconds until one more request could go, those that wait left aside: 0.0 if now, None
            if a request in flight must end first.
        frozen: Whether a refusal holds everyone back.
        latency: The usual time from sending to an answer that is not delayed, in seconds; None before
            the first answer.
        pacing: "throughput" or "courteous": what holds at present.
        others: Requests of the rolling minute that somebody outside is taken to spend, by the server's
            answers; they are not among those left.
    """

    quota_class: QuotaClass
    in_flight: int
    waiting: int
    left_soft_minute: int | None
    left_hard_minute: int | None
    left_hour: int | None
    next_free: float | None
    frozen: bool
    latency: float | None
    pacing: str
    others: int = 0


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
            retry_after: With "refused": the pause that the server asked for, in seconds.
        """
        ...


@runtime_checkable
class HeedfulGrant(Grant, Protocol):
    """A grant that is of use to know what the server counts; a limiter of one's own may do without."""

    def heed(self, allowance: Allowance) -> None:
        """Enter what the server says is left; called before `close`, and never blocks.

        Args:
            allowance: What came with the answer to this grant's request.
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
        """Return in how many seconds `n` further requests would all be answered, if asked for now."""
        ...

    async def aclose(self) -> None:
        """Let go of everything held; those that wait end with ClientClosedError."""
        ...
