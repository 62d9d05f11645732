"""The public snapshot of one quota class."""

from dataclasses import dataclass
from math import inf

from kentik_async.quota.limits import QuotaClass
from kentik_async.quota.state.messages import Terms
from kentik_async.quota.state.quota_state import QuotaState

__all__ = ["QuotaSnapshot", "snapshot_of"]


@dataclass(frozen=True, slots=True)
class QuotaSnapshot:
    """The state of one quota class at one instant.

    Attributes:
        quota_class: "non_query" or "query".
        in_flight: Requests that hold a slot, including abandoned ones that still drain.
        waiting: Requests that wait for quota.
        left_soft_minute: Requests left in the rolling minute before answers are delayed; None if unlimited.
        left_hard_minute: Requests left in the rolling minute before refusals; None if unlimited.
        left_hour: Requests left in the rolling hour; None if unlimited.
        next_free: Seconds until one more request could be sent, without regard to waiting requests: 0.0 if
            now, None if a request in flight must end first.
        frozen: Whether all requests are paused after a refusal.
        latency: The usual time from sending to an answer that is not delayed, in seconds; None before
            the first answer.
        pacing: "throughput" or "courteous": the pacing in use at present.
        others: The estimated requests of other programs in the rolling minute; they are subtracted from the
            requests left.
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


def snapshot_of(quota_class: QuotaClass, state: QuotaState, terms: Terms, waiting: int) -> QuotaSnapshot:
    """Return the present state of a quota class, for a member that has just reported."""
    quota, now = state.strictest_quota(), state.now
    minute, hour = state.log.used(quota, now)
    others = state.external.estimate(quota, now)
    free = state.free_at(quota, state.per_minute(quota, terms.pacing, now), now)
    return QuotaSnapshot(
        quota_class=quota_class,
        in_flight=state.log.in_flight,
        waiting=waiting + sum(state.turns.waiting_elsewhere(terms.member)),
        left_soft_minute=_left(quota.soft_per_minute, minute + others),
        left_hard_minute=_left(quota.hard_per_minute, minute + others),
        left_hour=_left(quota.per_hour, hour),
        next_free=None if free == inf else free - now,
        frozen=state.breaker.is_open,
        latency=state.latency.latency,
        pacing="courteous" if state.courteous(quota, terms.pacing) else "throughput",
        others=others,
    )


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(limit - used, 0)
