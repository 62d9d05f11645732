"""Which limiter keeps a client's quota: the one handed in, one that a URL names, or the usual one.

The limiters of this process are found again by whose quota they keep: the one piece of global state. Two
clients of one customer in one process spend the same quota, so they must share one limiter. An entry goes
when no client is left *and* its every token has returned: going with its last client, it would forget what a
script's previous client has just spent.
"""

import logging
import os
import threading
import weakref
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import reduce
from urllib.parse import unquote

from kentik_async.errors import ConfigError
from kentik_async.quota.limiter import LocalLimiter
from kentik_async.quota.limits import PACINGS, Pacing, Quota
from kentik_async.quota.protocols import Limiter

__all__ = ["Customer", "choose_limiter", "shared_limiter"]

_log = logging.getLogger("kentik_async")


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose quota is to be kept, and how.

    Attributes:
        endpoints: Where the requests go: each installation counts for itself.
        name: Whose quota it is.
        quota: The limits of non-query requests.
        query_quota: The limits of queries.
        pacing: "throughput", "courteous" or "auto".
        local: Whether the endpoints are on this machine: an emulator, which no other process spends.
    """

    endpoints: tuple[str, ...]
    name: str
    quota: Quota
    query_quota: Quota
    pacing: Pacing
    local: bool


def choose_limiter(limiter: Limiter | str | None, customer: Customer, owner: object) -> tuple[Limiter, bool]:
    """Return a client's limiter, and whether the client is to close it.

    Args:
        limiter: A limiter, which stays its maker's; "process:" for the process's own, "file:" or
            "file:PATH" for the one that all processes of this machine share, "redis://…" or "rediss://…"
            for one that all machines share; None for a file, or the process's own where the endpoints are
            on this machine or no file can be made.
        customer: Whose quota.
        owner: The client; held weakly.

    Raises:
        ConfigError: The URL has another form, or what it names cannot be used.
    """
    if limiter is None:
        return (_own(customer, owner), False) if customer.local else _usual(customer, owner)
    if not isinstance(limiter, str):
        if not isinstance(limiter, Limiter):
            raise ConfigError(f"limiter is {limiter!r}: give a URL such as 'file:', or a Limiter")
        return limiter, False
    scheme = limiter.partition(":")[0]
    if limiter == "process:":
        return _own(customer, owner), False
    if scheme == "file":
        return _file(unquote(limiter.removeprefix("file:").removeprefix("//")) or None, customer), True
    if scheme in {"redis", "rediss"}:
        from kentik_async.quota.redis.limiter import open_redis_limiter

        redis = open_redis_limiter(
            limiter,
            endpoints=customer.endpoints,
            customer=customer.name,
            quota=customer.quota,
            query_quota=customer.query_quota,
            pacing=customer.pacing,
        )
        return redis, True
    # Only the scheme is quoted: a URL may hold a password.
    raise ConfigError(
        f"limiter is a URL of kind {scheme!r}: give 'process:', 'file:', 'file:PATH', 'redis://…' or 'rediss://…'"
    )


def _usual(customer: Customer, owner: object) -> tuple[Limiter, bool]:
    try:
        return _file(None, customer), True
    except ConfigError as error:
        _log.warning("the quota is kept for this process alone: %s", error)
        return _own(customer, owner), False


def _file(path: str | None, customer: Customer) -> Limiter:
    from kentik_async.quota.file.opening import open_file_limiter

    return open_file_limiter(
        path,
        endpoints=customer.endpoints,
        customer=customer.name,
        quota=customer.quota,
        query_quota=customer.query_quota,
        pacing=customer.pacing,
    )


def _own(customer: Customer, owner: object) -> Limiter:
    return shared_limiter(
        owner, customer.endpoints, customer.name, customer.quota, customer.query_quota, customer.pacing
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    """What one client keeps to."""

    quota: Quota
    query_quota: Quota
    pacing: Pacing


@dataclass(slots=True)
class _Entry:
    limiter: LocalLimiter
    wishes: "weakref.WeakKeyDictionary[object, _Wish]" = field(default_factory=weakref.WeakKeyDictionary)

    def forgettable(self) -> bool:
        return not self.wishes and self.limiter.idle()

    def agree(self) -> None:
        """Keep to the most careful of the wishes of all present clients."""
        wishes = list(self.wishes.values())
        self.limiter.pacing = max((wish.pacing for wish in wishes), key=PACINGS.__getitem__)
        self.limiter.keep_to(
            {
                "non_query": reduce(Quota.combined, (wish.quota for wish in wishes)),
                "query": reduce(Quota.combined, (wish.query_quota for wish in wishes)),
            }
        )


@dataclass(slots=True)
class _Registry:
    entries: dict[Hashable, _Entry] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def unlock_in_child(self) -> None:
        """Make a new lock in a forked child: a thread of the parent may have held the old one."""
        self.lock = threading.Lock()


_registry = _Registry()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_registry.unlock_in_child)


def shared_limiter(
    owner: object,
    endpoints: tuple[str, ...],
    customer: str,
    quota: Quota,
    query_quota: Quota,
    pacing: Pacing,
) -> LocalLimiter:
    """Return the process's limiter for a customer's quota, made at the first request for it.

    Of the limits and pacings of all present owners the most careful apply.

    Args:
        owner: Who will use it; held weakly.
        endpoints: Where the requests go: each installation counts for itself.
        customer: Whose quota it is.
        quota: The limits of non-query requests.
        query_quota: The limits of queries.
        pacing: "throughput", "courteous" or "auto".
    """
    key = (endpoints, customer)
    with _registry.lock:
        entries = _registry.entries
        for stale in [other for other, entry in entries.items() if entry.forgettable()]:
            del entries[stale]
        entry = entries.get(key)
        if entry is None:
            entry = entries[key] = _Entry(LocalLimiter(quota, query_quota, pacing=pacing))
        entry.wishes[owner] = _Wish(quota, query_quota, pacing)
        entry.agree()
        return entry.limiter
