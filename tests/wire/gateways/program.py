"""A server program, such as nginx or squid, in another process."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["running"]


@contextmanager
def running(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    """Run a program while the block runs; the block starts when the program listens.

    Args:
        command: The program and its arguments; it must not become a daemon.
        port: The port on which it listens.
        log: The log file with the reason if it ends early.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not _listens(port):
            assert process.poll() is None, log.read_text() if log.exists() else f"{command[0]} ended"
            if time.monotonic() > end:
                pytest.fail(f"{command[0]} does not listen")
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
