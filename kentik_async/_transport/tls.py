"""The TLS settings of both protocols, and the reasons of failed connections."""

import os
import re
import ssl

from kentik_async._config import Trust

__all__ = ["reason_of", "ssl_context"]


def ssl_context(trust: Trust) -> ssl.SSLContext:
    """Return a context that verifies host name and chain, with TLS 1.2 or later.

    `trust.authorities` replace the system's authorities, as they do in gRPC.
    """
    if trust.authorities is None:
        context = ssl.create_default_context()
    else:
        context = ssl.create_default_context(cadata=trust.authorities.decode("ascii"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def reason_of(error: OSError) -> str:
    """Return the system's text for a failed connection; asyncio replaces it by the address."""
    number = error.errno
    if number is None:  # several addresses were tried and all failed
        quoted = re.search(r"\[Errno (\d+)\]", str(error))
        number = int(quoted[1]) if quoted else None
    if number is not None:
        return os.strerror(number)
    # asyncio gives no text when the peer closes the connection during the handshake.
    return str(error) or "the server closed the connection"
