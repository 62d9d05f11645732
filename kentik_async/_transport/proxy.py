"""Opens tunnels through an HTTP proxy (RFC 9110, CONNECT), to learn whether the proxy permits them."""

import asyncio
import base64
import urllib.parse

from kentik_async.errors import ConnectError

__all__ = ["ProxyAccess", "TunnelError", "open_tunnel"]


class TunnelError(Exception):
    """The proxy did not open the tunnel; the text says why."""


class ProxyAccess:
    """Remembers that a proxy rejected the credentials, so that a client sends a wrong password only once.

    Repeated wrong passwords lock accounts. All protocols and event loops of a client share one of these.
    """

    def __init__(self) -> None:
        self._refusal: str | None = None
        self._lock: asyncio.Lock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def check(self) -> None:
        """Raise the error of an earlier attempt whose credentials the proxy rejected.

        Raises:
            ConnectError: The proxy has rejected the credentials.
        """
        if self._refusal is not None:
            raise ConnectError(self._refusal)

    def rejected(self, *, with_credentials: bool) -> ConnectError:
        """Record that the proxy responded with 407, and return the error."""
        if with_credentials:
            self._refusal = "the proxy rejected the user name or password (HTTP 407); create a new client"
            return ConnectError(self._refusal)
        return ConnectError(
            "the proxy requires a user name and password (HTTP 407); set them in the proxy's URL"
        )

    def lock(self) -> asyncio.Lock:
        """Return the lock under which one connection at a time tries the credentials in the running loop."""
        loop = asyncio.get_running_loop()
        if self._lock is None or self._loop is not loop:
            self._lock, self._loop = asyncio.Lock(), loop
        return self._lock


async def open_tunnel(proxy: str, authority: str, access: ProxyAccess) -> asyncio.StreamWriter:
    """Open a tunnel and return its stream.

    Args:
        proxy: The proxy's URL, which may contain a user name and password.
        authority: `host:port` of the server.
        access: Remembers rejected credentials.

    Raises:
        ConnectError: The proxy rejects the credentials, or does not permit the tunnel (HTTP 4xx).
        TunnelError: The proxy cannot reach the server (HTTP 5xx), or its response is invalid.
        OSError: The proxy cannot be reached.
    """
    url = urllib.parse.urlsplit(proxy)
    credentials = None
    if url.username is not None:
        credentials = f"{urllib.parse.unquote(url.username)}:{urllib.parse.unquote(url.password or '')}"
    async with access.lock():
        access.check()
        reader, writer = await asyncio.open_connection(url.hostname, url.port or 80)
        try:
            writer.write(_connect_request(authority, credentials))
            status = _status_of(await reader.readuntil(b"\r\n\r\n"))
            _check_status(status, authority, access, with_credentials=credentials is not None)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
            raise TunnelError("the proxy did not respond to CONNECT with HTTP") from None
        except BaseException:
            writer.transport.abort()
            raise
    return writer


def _connect_request(authority: str, credentials: str | None) -> bytes:
    head = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"
    if credentials is not None:
        head += f"Proxy-Authorization: Basic {base64.b64encode(credentials.encode()).decode()}\r\n"
    return f"{head}\r\n".encode()


def _check_status(status: int, authority: str, access: ProxyAccess, *, with_credentials: bool) -> None:
    if status == 407:
        raise access.rejected(with_credentials=with_credentials)
    if 400 <= status < 500:
        raise ConnectError(f"the proxy does not permit a tunnel to {authority} (HTTP {status})")
    if not 200 <= status < 300:
        raise TunnelError(f"the proxy cannot open a tunnel to {authority} (HTTP {status})")


def _status_of(head: bytes) -> int:
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/") or not rest[:3].isdigit():
        raise TunnelError("the proxy did not respond to CONNECT with HTTP")
    return int(rest[:3])
