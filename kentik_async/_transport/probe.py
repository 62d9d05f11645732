"""A connection probe: it connects and disconnects, to learn whether and why connections fail."""

import asyncio
import socket
import ssl
import urllib.parse
from contextlib import AbstractAsyncContextManager, nullcontext

from kentik_async._config import Endpoint, Trust
from kentik_async._transport.proxy import ProxyAccess, TunnelError, open_tunnel
from kentik_async._transport.tls import reason_of, ssl_context
from kentik_async.errors import ConnectError

__all__ = ["Probe"]

_LAST_REASON_TIMEOUT = 0.15
"""Seconds for one more probe when a caller that has already waited long needs the reason."""

_NO_RESPONSE = "no response"


class Probe:
    """Connects to an endpoint, also through a proxy, and disconnects: the libraries hide why they fail."""

    def __init__(
        self, endpoint: Endpoint, trust: Trust, access: ProxyAccess, *, tunnels: bool = True
    ) -> None:
        """Prepare, without connecting.

        Args:
            endpoint: The server's address.
            trust: The trusted authorities, and the proxy.
            access: The known state of the proxy.
            tunnels: Whether requests to a plaintext endpoint pass a proxy in a tunnel, too.
        """
        self._endpoint = endpoint
        self._trust = trust
        self._access = access
        self._tunnels = tunnels or endpoint.secure
        self._context: ssl.SSLContext | None = None
        self._reason: str | None = None
        self._ever_connected = False

    async def attempt(self, timeout: float) -> str | None:
        """Connect; return None on success, else a short reason.

        Args:
            timeout: Maximum duration of the attempt, in seconds.

        Raises:
            ConnectError: A retry would not help: an untrusted certificate, an invalid host name, a proxy that
                rejects the credentials or the tunnel.
        """
        self._reason = None  # if the caller cancels this attempt, `last_reason` makes another one
        self._reason = reason = await self._attempt(timeout)
        return reason

    async def last_reason(self) -> str | None:
        """Return why the last attempt failed, or None if a connection can be made."""
        return self._reason or await self._attempt(_LAST_REASON_TIMEOUT)

    async def _attempt(self, timeout: float) -> str | None:
        if self._endpoint.secure and self._context is None:
            self._context = ssl_context(self._trust)
        try:
            # The time starts when it is this probe's turn: another one may try the proxy's password first.
            async with self._turn(), asyncio.timeout(timeout):
                writer = await self._connect()
        except ConnectError:  # first, because it is an OSError
            raise
        except ssl.SSLCertVerificationError as error:
            raise ConnectError(f"the server's certificate is not trusted: {error.verify_message}") from None
        except ssl.SSLError as error:
            return f"TLS failed: {error.reason or error}"
        except socket.gaierror as error:
            return f"the host name cannot be resolved: {error.strerror}"
        except TunnelError as error:
            return str(error)
        except TimeoutError:
            return _NO_RESPONSE
        except OSError as error:
            return reason_of(error)
        except ValueError as error:  # UnicodeError: DNS cannot encode the name
            raise ConnectError(f"invalid host name: {error}") from None
        writer.transport.abort()
        self._ever_connected = True
        return None

    def _turn(self) -> AbstractAsyncContextManager[None]:
        return self._access.trial() if self._tunnels and self._trust.proxy is not None else nullcontext()

    async def _connect(self) -> asyncio.StreamWriter:
        endpoint, proxy = self._endpoint, self._trust.proxy
        if proxy is None:
            name = endpoint.host if endpoint.secure else None
            _, writer = await asyncio.open_connection(
                endpoint.host, endpoint.port, ssl=self._context, server_hostname=name
            )
            return writer
        if not self._tunnels:
            return await self._connect_to_proxy(proxy)
        try:
            writer = await open_tunnel(proxy, endpoint.authority, self._access)
        except TunnelError as error:
            if self._ever_connected:
                raise  # can be retried: the server may be restarting behind the proxy
            raise ConnectError(str(error)) from None
        if self._context is not None:
            try:
                await writer.start_tls(self._context, server_hostname=endpoint.host)
            except BaseException:
                writer.transport.abort()
                raise
        return writer

    async def _connect_to_proxy(self, proxy: str) -> asyncio.StreamWriter:
        self._access.check()
        url = urllib.parse.urlsplit(proxy)
        _, writer = await asyncio.open_connection(url.hostname, url.port or 80)
        return writer
