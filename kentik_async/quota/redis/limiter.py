"""Opens a limiter from a Redis URL; the only module of this store that does not need redis-py to import."""

from collections.abc import Sequence

from kentik_async.errors import ConfigError
from kentik_async.quota.limiter import StoreLimiter
from kentik_async.quota.limits import Pacing, Quota, QuotaClass

__all__ = ["open_redis_limiter"]


def open_redis_limiter(
    url: str,
    *,
    endpoints: Sequence[str],
    customer: str,
    quota: Quota = Quota.NON_QUERY,
    query_quota: Quota = Quota.QUERY,
    pacing: Pacing = "auto",
) -> StoreLimiter:
    """Return a limiter that shares a customer's quota through Redis 6.2 or newer, or Valkey.

    Nothing is opened yet. See `RedisAddress.parse` for the URL and `Customer` for the other arguments.

    Raises:
        ConfigError: An argument is invalid, or redis-py is not installed.
    """
    try:
        from kentik_async.quota.redis.store import RedisStore
        from kentik_async.quota.redis.url import RedisAddress, prefix_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "redis":
            raise
        raise ConfigError(
            "limiter is a Redis URL and redis-py is not installed: pip install 'kentik-async[redis]'"
        ) from None
    address = RedisAddress.parse(url)
    quotas: dict[QuotaClass, Quota] = {"non_query": quota, "query": query_quota}
    return StoreLimiter(
        quotas,
        lambda name: RedisStore(address, prefix_of(endpoints, customer, name), quotas[name]),
        pacing=pacing,
    )
