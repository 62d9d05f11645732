"""Opens tunnels through an HTTP proxy (RFC 9110, CONNECT), to learn whether the proxy permits them."""

import asyncio
import base64
import urllib.parse
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from kentik_async.errors import ConnectError

__all__ = ["ProxyAccess", "TunnelError", "open_tunnel", "split_proxy"]


class TunnelError(Exception):
    """The proxy did not open the tunnel; the text says why."""


class ProxyAccess:
    """Remembers that a proxy rejected the credentials, so that a client sends a wrong password only once.

    Repeated wrong passwords lock accounts. All protocols and event loops of a client share one of these.
    """

    def __init__(self) -> None:
        self._refusal: str | None = None
        self._accepted = False
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

    def accepted(self) -> None:
        """Record that the proxy accepted the credentials."""
        self._accepted = True

    def trial(self) -> AbstractAsyncContextManager[None]:
        """Return a block in which one connection at a time tries the credentials, until one succeeds."""
        if self._accepted:
            return nullcontext()
        loop = asyncio.get_running_loop()
        if self._lock is None or self._loop is not loop:
            self._lock, self._loop = asyncio.Lock(), loop
        return self._lock


def split_proxy(proxy: str) -> tuple[str, dict[str, str]]:
    """Return a proxy's URL without credentials, and the header that contains them, if there are any."""
    url = urllib.parse.urlsplit(proxy)
    bare = urllib.parse.urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))
    if url.username is None:
        return bare, {}
    login = f"{urllib.parse.unquote(url.username)}:{urllib.parse.unquote(url.password or '')}"
    return bare, {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


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
    url, (_, headers) = urllib.parse.urlsplit(proxy), split_proxy(proxy)
    access.check()
    reader, writer = await asyncio.open_connection(url.hostname, url.port or 80)
    try:
        writer.write(_connect_request(authority, headers))
        status = _status_of(await reader.readuntil(b"\r\n\r\n"))
        _check_status(status, authority, access, with_credentials=bool(headers))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        writer.transport.abort()
        raise TunnelError("the proxy did not respond to CONNECT with HTTP") from None
    except BaseException:
        writer.transport.abort()
        raise
    return writer


def _connect_request(authority: str, headers: Mapping[str, str]) -> bytes:
    fields = {"Host": authority, **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"CONNECT {authority} HTTP/1.1\r\n{head}\r\n".encode()


def _check_status(status: int, authority: str, access: ProxyAccess, *, with_credentials: bool) -> None:
    if status == 407:
        raise access.rejected(with_credentials=with_credentials)
    if 400 <= status < 500:
        raise ConnectError(f"the proxy does not permit a tunnel to {authority} (HTTP {status})")
    if not 200 <= status < 300:
        raise TunnelError(f"the proxy cannot open a tunnel to {authority} (HTTP {status})")
    access.accepted()


def _status_of(head: bytes) -> int:
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/") or not rest[:3].isdigit():
        raise TunnelError("the proxy did not respond to CONNECT with HTTP")
    return int(rest[:3])
