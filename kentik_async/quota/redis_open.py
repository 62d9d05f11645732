"""From a Redis URL to a limiter: the one module of this back end that needs no redis-py to be imported."""

from collections.abc import Sequence
from typing import Literal

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.errors import ConfigError
from kentik_async.quota.limits import Pacing, Quota
from kentik_async.quota.protocols import Limiter

__all__ = ["open_redis_limiter"]


def open_redis_limiter(
    url: str,
    *,
    endpoints: Sequence[str],
    customer: str,
    quota: Quota | None = None,
    query_quota: Quota | None = None,
    pacing: Pacing = "auto",
    on_outage: Literal["wait", "raise"] = "wait",
    clock: Clock = SYSTEM_CLOCK,
) -> Limiter:
    """Return a limiter that shares one customer's quota through Redis; nothing is opened yet.

    Args:
        url: `redis[s]://[user[:password]@]host[:port][/database][?option=…]`; Redis from 6.2, or Valkey.
        endpoints: Where the requests go: each installation counts for itself.
        customer: Whose quota it is; all processes must name it alike.
        quota: The limits of non-query requests; the vendor's by default.
        query_quota: The limits of queries; the vendor's by default.
        pacing: "throughput", "courteous" or "auto"; the most careful of all who wait or hold decides.
        on_outage: "wait" for Redis when it is lost on the way, or "raise" ConnectError.
        clock: Where time comes from in this process.

    Raises:
        ConfigError: An argument is unusable, or redis-py is not installed.
    """
    try:
        from kentik_async.quota.redis_limiter import RedisLimiter
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "redis":
            raise
        raise ConfigError(
            "limiter is a Redis URL and redis-py is not installed: pip install 'kentik-async[redis]'"
        ) from None
    return RedisLimiter(
        url,
        endpoints=endpoints,
        customer=customer,
        quota=quota,
        query_quota=query_quota,
        pacing=pacing,
        on_outage=on_outage,
        clock=clock,
    )
