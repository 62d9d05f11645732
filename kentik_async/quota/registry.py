"""The limiters of this process, found again by whose quota they keep: the one piece of global state.

Two clients of one customer in one process spend the same quota, so they must share one ledger. An entry
goes when no client is left *and* its every token has returned: going with its last client, it would
forget what a script's previous client has just spent.
"""

import os
import threading
import weakref
from collections.abc import Hashable
from dataclasses import dataclass, field

from kentik_async.quota.limiter import LocalLimiter
from kentik_async.quota.rules import PACINGS, Pacing, Quota

__all__ = ["shared_limiter"]


@dataclass(slots=True)
class _Entry:
    limiter: LocalLimiter
    wishes: "weakref.WeakKeyDictionary[object, Pacing]" = field(default_factory=weakref.WeakKeyDictionary)

    def forgettable(self) -> bool:
        return not self.wishes and self.limiter.idle()


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

    Args:
        owner: Who will use it; held weakly.
        endpoints: Where the requests go: each installation counts for itself.
        customer: Whose quota it is.
        quota: The limits of non-query requests.
        query_quota: The limits of queries.
        pacing: The pacing wished for; of the wishes of all present owners the most careful holds.
    """
    key = (endpoints, customer, quota, query_quota)
    with _registry.lock:
        entries = _registry.entries
        for stale in [other for other, entry in entries.items() if entry.forgettable()]:
            del entries[stale]
        entry = entries.get(key)
        if entry is None:
            entry = entries[key] = _Entry(LocalLimiter(quota, query_quota, pacing=pacing))
        entry.wishes[owner] = pacing
        entry.limiter.pacing = max(entry.wishes.values(), key=PACINGS.__getitem__)
        return entry.limiter
