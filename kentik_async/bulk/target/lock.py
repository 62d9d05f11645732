"""The lock of a target: the kernel releases it when its holder dies."""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from kentik_async.bulk.target.local import system_errors
from kentik_async.errors import TargetLockedError

__all__ = ["TargetLock", "is_locked"]

_LOOK = 0.01


class TargetLock:
    """A lock that is held."""

    def __init__(self, path: Path, target: object) -> None:
        """Take the lock.

        Args:
            path: The lock's file.
            target: The target, for messages.

        Raises:
            TargetLockedError: Another run holds it; the message names its process and machine.
            TargetError: The lock's file cannot be written.
        """
        with system_errors(target):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                _take(self._descriptor, target)
            except BaseException:
                os.close(self._descriptor)
                raise

    def release(self, after: Iterable[threading.Thread] = ()) -> None:
        """Release the lock, immediately or when all threads that may write to the target have ended."""
        running = [thread for thread in after if thread.is_alive()]
        if running:
            threading.Thread(target=self._release_after, args=(running,), daemon=True).start()
        else:
            self._release()

    def _release_after(self, threads: list[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        self._release()

    def _release(self) -> None:
        os.ftruncate(self._descriptor, 0)  # this process no longer holds it, though it may live on
        os.close(self._descriptor)


def is_locked(path: Path) -> bool:
    """Return whether a process holds a lock; its file may be missing, and nothing is locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Takes a shared lock for a moment: this fails exactly while another process holds the lock.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int, target: object) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            # A holder writes its name to the file. Without one, a process is only checking: see `is_locked`.
            if os.pread(descriptor, 1, 0):
                raise _refusal(descriptor, target) from None
            time.sleep(_LOOK)
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
