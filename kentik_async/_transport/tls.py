"""TLS settings common to both protocols, and plain connection attempts that say why none can be made."""

import asyncio
import os
import re
import socket
import ssl
import urllib.parse

from kentik_async._config import Endpoint, Trust
from kentik_async.errors import ConnectError

__all__ = ["Probe", "reason_of", "ssl_context"]

_LAST_WORD_TIMEOUT = 0.15
"""Who asks for the reason has waited long enough already, in seconds."""

_NO_ANSWER = "no answer"


def ssl_context(trust: Trust) -> ssl.SSLContext:
    """Return a context that verifies host and chain, speaks TLS 1.2 or later, and trusts as told.

    Authorities that are given replace the machine's, as they do in gRPC.
    """
    if trust.authorities is None:
        context = ssl.create_default_context()
    else:
        context = ssl.create_default_context(cadata=trust.authorities.decode("ascii"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def reason_of(error: OSError) -> str:
    """Say in the system's words why a connection failed; asyncio puts the address in their place."""
    number = error.errno
    if number is None:  # several addresses were tried in vain
        quoted = re.search(r"\[Errno (\d+)\]", str(error))
        number = int(quoted[1]) if quoted else None
    if number is not None:
        return os.strerror(number)
    # asyncio has no words for a peer that hangs up in mid-handshake.
    return str(error) or "the server closed the connection"


class Probe:
    """Connects to an endpoint and hangs up: for the reasons that the libraries keep to themselves."""

    def __init__(self, endpoint: Endpoint, trust: Trust) -> None:
        """Prepare, without connecting.

        Args:
            endpoint: Where to.
            trust: Whom to trust, and the proxy; behind one its own reachability is all that is tried.
        """
        self._host, self._port, self._secure = endpoint.host, endpoint.port, endpoint.secure
        if trust.proxy is not None:
            proxy = urllib.parse.urlsplit(trust.proxy)
            self._host, self._port, self._secure = proxy.hostname or "", proxy.port or 80, False
        self._trust = trust
        self._context: ssl.SSLContext | None = None
        self._reason: str | None = None

    async def attempt(self, timeout: float) -> str | None:
        """Connect; return None if that worked, else the reason in a few words.

        Args:
            timeout: How long it may take, in seconds.

        Raises:
            ConnectError: The server cannot be trusted; trying again would not help.
        """
        self._reason = self._reason or _NO_ANSWER  # if this attempt is broken off
        self._reason = reason = await self._attempt(timeout)
        return reason

    async def last_word(self) -> str | None:
        """Say why no connection can be made, as the last complete attempt found it; None if one can."""
        return self._reason or await self._attempt(_LAST_WORD_TIMEOUT)

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
            return _NO_ANSWER
        except OSError as error:
            return reason_of(error)
        except ValueError as error:  # UnicodeError: no name that DNS could carry
            raise ConnectError(f"the host name is none: {error}") from None
        writer.transport.abort()
        return None
