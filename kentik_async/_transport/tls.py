"""TLS settings of both protocols, and a connection probe that reports why a connection fails."""

import asyncio
import os
import re
import socket
import ssl
import urllib.parse

from kentik_async._config import Endpoint, Trust
from kentik_async.errors import ConnectError

__all__ = ["Probe", "reason_of", "ssl_context"]

_LAST_REASON_TIMEOUT = 0.15
"""Seconds for one more probe when a caller that has already waited long needs the reason."""

_NO_RESPONSE = "no response"


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


class Probe:
    """Connects to an endpoint and disconnects, to learn the reason of a failure, which the libraries hide."""

    def __init__(self, endpoint: Endpoint, trust: Trust) -> None:
        """Prepare, without connecting.

        Args:
            endpoint: The server's address.
            trust: The trusted authorities, and the proxy; with a proxy, only the proxy itself is tried.
        """
        self._host, self._port, self._secure = endpoint.host, endpoint.port, endpoint.secure
        if trust.proxy is not None:
            proxy = urllib.parse.urlsplit(trust.proxy)
            self._host, self._port, self._secure = proxy.hostname or "", proxy.port or 80, False
        self._trust = trust
        self._context: ssl.SSLContext | None = None
        self._reason: str | None = None

    async def attempt(self, timeout: float) -> str | None:
        """Connect; return None on success, else the reason in a few words.

        Args:
            timeout: The longest that the attempt may take, in seconds.

        Raises:
            ConnectError: The server's certificate or host name is invalid; a retry would not help.
        """
        self._reason = None  # if the caller cancels this attempt, `last_reason` makes another one
        self._reason = reason = await self._attempt(timeout)
        return reason

    async def last_reason(self) -> str | None:
        """Return why the last attempt failed, or None if a connection can be made."""
        return self._reason or await self._attempt(_LAST_REASON_TIMEOUT)

    async def _attempt(self, timeout: float) -> str | None:
        if self._secure and self._context is None:
            self._context = ssl_context(self._trust)
        try:
            async with asyncio.timeout(timeout):
                _, writer = await asyncio.open_connection(
                    self._host,
                    self._port,
                    ssl=self._context,
                    server_hostname=self._host if self._secure else None,
                )
        except ssl.SSLCertVerificationError as error:
            raise ConnectError(f"the server's certificate is not trusted: {error.verify_message}") from None
        except ssl.SSLError as error:
            return f"TLS failed: {error.reason or error}"
        except socket.gaierror as error:
            return f"the host name cannot be resolved: {error.strerror}"
        except TimeoutError:
            return _NO_RESPONSE
        except OSError as error:
            return reason_of(error)
        except ValueError as error:  # UnicodeError: DNS cannot encode the name
            raise ConnectError(f"invalid host name: {error}") from None
        writer.transport.abort()
        return None
