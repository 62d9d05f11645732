"""Keeps a parent process's connections alive in its forked children, where destroying them is unsafe.

A gRPC channel hangs or crashes in a child when it is destroyed. A socket would remove itself from the event
notification that child and parent still share, and the parent would wait forever.
"""

import os
import weakref

__all__ = ["keep_for_parent"]

_alive: "weakref.WeakSet[object]" = weakref.WeakSet()
_kept: list[object] = []


def keep_for_parent(owner: object) -> None:
    """Never destroy `owner`, which holds connections, in a process forked from this one."""
    _alive.add(owner)


def _keep_all() -> None:
    _kept.extend(_alive)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_all)
