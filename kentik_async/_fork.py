"""Makes forked children safe: they neither destroy a parent's connections nor inherit a lock of SQLite.

A gRPC channel hangs or crashes in a child when it is destroyed. A socket would remove itself from the event
notification that child and parent still share, and the parent would wait forever. A connection of SQLite
could change the parent's files.
"""

import os
import threading
import weakref
from collections.abc import Callable

__all__ = ["fork_lock", "keep_for_parent", "run_in_child"]

fork_lock = threading.RLock()
"""Held while a thread of the quota uses SQLite or closes its files, and while the process forks.

SQLite has locks that all databases share. If another thread holds one during a fork, it stays locked in the
child, and the child's next use of SQLite never ends.

Files that are half closed cannot be closed in the child.
"""

_alive: "weakref.WeakSet[object]" = weakref.WeakSet()
_kept: list[object] = []


def keep_for_parent(owner: object) -> None:
    """Never destroy `owner`, which holds connections, in a process forked from this one."""
    _alive.add(owner)


def run_in_child(hook: Callable[[], None]) -> None:
    """Call `hook` in each process forked from this one; hooks run in the order of these calls."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=hook)


run_in_child(lambda: _kept.extend(_alive))
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=fork_lock.acquire, after_in_parent=fork_lock.release, after_in_child=fork_lock.release
    )
