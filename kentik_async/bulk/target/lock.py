"""The lock of a target: the kernel releases it when its holder dies."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kentik_async.bulk.target.local import system_errors
from kentik_async.errors import TargetLockedError

__all__ = ["locked"]


@contextmanager
def locked(path: Path, target: object) -> Iterator[None]:
    """Hold a target's lock.

    Args:
        path: The lock's file.
        target: The target, for the message.

    Raises:
        TargetLockedError: Another run holds it; the message names its process and machine.
        TargetError: The lock cannot be written.
    """
    with system_errors(target):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with system_errors(target):
            _take(descriptor, target)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)  # nobody holds it, though the process may live on
    finally:
        os.close(descriptor)


def _take(descriptor: int, target: object) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _refusal(descriptor, target) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)


def _refusal(descriptor: int, target: object) -> TargetLockedError:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        pid, host = int(holder["pid"]), str(holder["host"])
    except (ValueError, KeyError, TypeError):
        return TargetLockedError(f"another run is writing to {target}: wait for it, or choose another target")
    return TargetLockedError(
        f"another run is writing to {target}: process {pid} on {host}; wait for it, or choose another target",
        pid=pid,
        host=host,
    )
