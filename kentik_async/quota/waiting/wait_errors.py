"""Why a call does not wait for quota any longer."""

from kentik_async.errors import QuotaWaitError
from kentik_async.quota.limits import QuotaClass

__all__ = ["wait_too_long"]


def wait_too_long(quota_class: QuotaClass, max_wait: float, estimate: float | None) -> QuotaWaitError:
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
