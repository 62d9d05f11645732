"""Selects a client's limiter: the given one, the one that a URL names, or the default one.

The registry of this process's limiters, by customer, is the only global state. Two clients of one customer
use the same quota, so they must share one limiter. An entry is removed when it has no client *and* every
token has returned: if it were removed with its last client, the next client would not know the recent usage.
"""

import logging
import threading
import weakref
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any
from urllib.parse import unquote

from kentik_async._fork import run_in_child
from kentik_async.errors import ConfigError
from kentik_async.quota.limiter import LocalLimiter
from kentik_async.quota.limits import PACINGS, Pacing, Quota
from kentik_async.quota.protocols import Limiter

__all__ = ["Customer", "choose_limiter", "shared_limiter"]

_log = logging.getLogger("kentik_async")


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer of a client, with limits and pacing.

    Attributes:
        endpoints: The servers: each installation has its own count.
        name: The customer's name; all processes must use the same.
        quota: The limits of non-query requests.
        query_quota: The limits of queries.
        pacing: "throughput", "courteous" or "auto".
        local: Whether the endpoints are on this machine: an emulator, which no other process uses.
    """

    endpoints: tuple[str, ...]
    name: str
    quota: Quota
    query_quota: Quota
    pacing: Pacing
    local: bool

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments that open a limiter."""
        names = ("endpoints", "quota", "query_quota", "pacing")
        return {"customer": self.name, **{name: getattr(self, name) for name in names}}


def choose_limiter(limiter: Limiter | str | None, customer: Customer, owner: object) -> tuple[Limiter, bool]:
    """Return a client's limiter, and whether the client must close it.

    Args:
        limiter: A limiter, which the client does not close; "process:" for the limiter of this process,
            "file:" or "file:PATH" for the one that all processes of this machine share, "redis://…" or
            "rediss://…" for one that all machines share; None for a file, or for the limiter of this process
            if the endpoints are on this machine or no file can be made.
        customer: The customer, with limits and pacing.
        owner: The client; a weak reference is kept.

    Raises:
        ConfigError: The URL is invalid, or the limiter that it names cannot be used.
    """
    if limiter is None and not customer.local:
        try:
            return _file(None, customer), True
        except ConfigError as error:
            _log.warning("the quota is not shared with other processes: %s", error)
    if limiter in (None, "process:"):
        return shared_limiter(owner, customer), False
    if not isinstance(limiter, str):
        if not isinstance(limiter, Limiter):
            raise ConfigError(f"limiter must be a URL such as 'file:', or a Limiter; got {limiter!r}")
        return limiter, False
    scheme = limiter.partition(":")[0]
    if scheme == "file":
        return _file(unquote(limiter.removeprefix("file:").removeprefix("//")) or None, customer), True
    if scheme in {"redis", "rediss"}:
        from kentik_async.quota.redis.limiter import open_redis_limiter

        return open_redis_limiter(limiter, **customer.arguments()), True
    # Only the scheme is quoted: a URL may hold a password.
    raise ConfigError(
        "limiter must be 'process:', 'file:', 'file:PATH', 'redis://…' or 'rediss://…'; "
        f"got a URL of type {scheme!r}"
    )


def _file(path: str | None, customer: Customer) -> Limiter:
    from kentik_async.quota.file.opening import open_file_limiter

    return open_file_limiter(path, **customer.arguments())


@dataclass(slots=True)
class _Entry:
    limiter: LocalLimiter
    owners: "weakref.WeakKeyDictionary[object, Customer]" = field(default_factory=weakref.WeakKeyDictionary)

    def agree(self) -> None:
        """Apply the strictest limits and pacing of all present owners."""
        customers = list(self.owners.values())
        self.limiter.set_limits(
            reduce(Quota.combined, (customer.quota for customer in customers)),
            reduce(Quota.combined, (customer.query_quota for customer in customers)),
            max((customer.pacing for customer in customers), key=PACINGS.__getitem__),
        )


@dataclass(slots=True)
class _Registry:
    entries: dict[Hashable, _Entry] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def unlock(self) -> None:
        self.lock = threading.Lock()


_registry = _Registry()
run_in_child(_registry.unlock)  # a thread of the parent may have held the lock


def shared_limiter(owner: object, customer: Customer) -> LocalLimiter:
    """Return this process's limiter of a customer; make it if there is none.

    The strictest limits and pacing of all present owners apply. Only a weak reference to an owner is kept.
    """
    key = (customer.endpoints, customer.name)
    with _registry.lock:
        entries = _registry.entries
        for stale in [key for key, entry in entries.items() if not entry.owners and entry.limiter.idle()]:
            del entries[stale]
        entry = entries.get(key)
        if entry is None:
            limiter = LocalLimiter(customer.quota, customer.query_quota, pacing=customer.pacing)
            entry = entries[key] = _Entry(limiter)
        entry.owners[owner] = customer
        entry.agree()
        return entry.limiter
