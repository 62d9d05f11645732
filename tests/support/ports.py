"""Reserved ports of this machine, which no other program gets while there is no listener."""

import os
import socket
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["keep_port", "reserved_port"]


@contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a free port; only a socket with SO_REUSEADDR, as servers use it, can listen there meanwhile."""
    with _bound() as place:
        yield int(place.getsockname()[1])


def keep_port(owner: object) -> int:
    """Return a port that is reserved until its owner is collected; 0 if no server could listen there."""
    if sys.platform != "linux":
        return 0
    with _bound() as place:
        port = int(place.getsockname()[1])
        weakref.finalize(owner, os.close, place.detach())
    return port


def _bound() -> socket.socket:
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place
