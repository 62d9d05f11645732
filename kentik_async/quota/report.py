"""What callers are told of a quota, wherever it is kept: its present state, and why a wait is too long."""

from math import inf

from kentik_async.errors import QuotaWaitError
from kentik_async.quota.ledger import Ledger
from kentik_async.quota.limits import QuotaClass
from kentik_async.quota.protocols import QuotaSnapshot

__all__ = ["snapshot_of", "too_long"]


def snapshot_of(
    quota_class: QuotaClass,
    ledger: Ledger,
    *,
    now: float,
    free: float,
    waiting: int,
    frozen: bool,
    latency: float | None,
) -> QuotaSnapshot:
    """Return the state of a quota class.

    Args:
        quota_class: The class.
        ledger: What was used and what is in flight, and what others are taken to spend.
        now: The present instant.
        free: The instant from which one more request could go; infinity if one in flight must end first.
        waiting: How many requests wait.
        frozen: Whether a refusal holds everyone back.
        latency: How long an answer takes that is not delayed; None before the first.
    """
    quota, (minute, hour) = ledger.quota, ledger.used(now)
    return QuotaSnapshot(
        quota_class=quota_class,
        in_flight=ledger.in_flight,
        waiting=waiting,
        left_soft_minute=_left(quota.soft_per_minute, minute + ledger.others),
        left_hard_minute=_left(quota.hard_per_minute, minute + ledger.others),
        left_hour=_left(quota.per_hour, hour),
        next_free=None if free == inf else free - now,
        frozen=frozen,
        latency=latency,
        pacing="courteous" if ledger.courteous else "throughput",
        others=ledger.others,
    )


def too_long(quota_class: QuotaClass, max_wait: float, estimate: float | None) -> QuotaWaitError:
    """Return the error of a call that would wait, or has waited, too long.

    Args:
        quota_class: The class.
        max_wait: How long the call is willing to wait, in seconds.
        estimate: How long it would wait; None if that is not known.
    """
    kind = quota_class.replace("_", "-")
    known = "" if estimate is None else f"; it frees in about {estimate:.1f} s"
    return QuotaWaitError(
        f"no {kind} quota within max_wait={max_wait:g} s{known}: wait longer, or start fewer calls",
        max_wait=max_wait,
        estimate=estimate,
    )


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(limit - used, 0)
