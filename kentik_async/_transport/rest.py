"""The REST transport: sends and receives bytes, maps statuses to errors, and applies no policy.

aiohttp is imported with the first transport, because its import takes longer than that of the rest of the
package. By default aiohttp sends requests again on a stale connection and follows redirects, with the token;
both are switched off.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kentik_async._config import Credentials, Endpoint, Trust
from kentik_async._operations.request import Request
from kentik_async._transport.base import MAX_RESPONSE_BYTES, Reply
from kentik_async._transport.headers import Headers
from kentik_async._transport.probe import Probe
from kentik_async._transport.proxy import ProxyAccess, split_proxy
from kentik_async._transport.replies import reply_for_http
from kentik_async._transport.tls import reason_of, ssl_context
from kentik_async.errors import (
    ClientClosedError,
    ConnectError,
    DeadlineExceededError,
    DecodeError,
    KentikError,
    UnavailableError,
)
from kentik_async.quota import Outcome

if TYPE_CHECKING:
    from types import SimpleNamespace

    import aiohttp

__all__ = ["RestTransport"]

_CONTENT = {"Content-Type": "application/json"}
_CHECK_HEADERS = frozenset({"User-Agent", "Proxy-Authorization"})
"""The headers of a request without the user's credentials."""

_ATTEMPT_TIMEOUT = 5.0
_CHUNK_BYTES = 1 << 16


class _SecondSendError(Exception):
    """Raised when aiohttp is about to send a request a second time on its own."""


class _TooLargeError(Exception):
    """The response is larger than `MAX_RESPONSE_BYTES`."""


class _RestAttempt:
    """One HTTP exchange in flight."""

    __slots__ = ("_task",)

    def __init__(self, task: "asyncio.Task[Reply]") -> None:
        self._task = task

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        self._task.add_done_callback(callback)

    def cancel(self) -> bool:
        return self._task.cancel()

    async def reply(self) -> Reply:
        if self._task.cancelled():
            return Reply(error=ClientClosedError("the call was cancelled"), outcome="unknown")
        return self._task.result()


class RestTransport:
    """Requests over one connection pool, in one event loop; the first use opens the pool."""

    def __init__(
        self, endpoint: Endpoint, credentials: Credentials, trust: Trust, access: ProxyAccess, user_agent: str
    ) -> None:
        """Prepare, without connecting; the first transport imports aiohttp.

        Args:
            endpoint: The base URL; the paths of requests are relative to it.
            credentials: The user's e-mail address and token.
            trust: The trusted authorities, and the proxy.
            access: The known state of the proxy.
            user_agent: The client's name and version.
        """
        import_module("aiohttp")  # not in the first request, which would hold its slot during the import
        self._endpoint = endpoint
        self._credentials = credentials
        # With each request, not with the session: a session's headers are sent to the proxy too, unencrypted.
        self._headers = {
            **dict(credentials.headers()),
            "User-Agent": user_agent,
            "Accept": "application/json",
        }
        self._trust = trust
        self._access = access
        # The proxy's credentials are sent as UTF-8, like those of gRPC and the probe; aiohttp uses Latin-1.
        self._proxy: str | None = None
        self._proxy_headers: dict[str, str] = {}
        if trust.proxy is not None:
            self._proxy, self._proxy_headers = split_proxy(trust.proxy)
        if not endpoint.secure:  # the proxy reads the request itself
            self._headers |= self._proxy_headers
        self._read_reply: Callable[..., Reply] = reply_for_http
        # aiohttp sends plaintext requests to the proxy itself, not through a tunnel.
        self._probe = Probe(endpoint, trust, access, tunnels=False)
        self._session: aiohttp.ClientSession | None = None
        self._reachable = False

    def ready(self) -> bool:
        """Return whether the latest connection succeeded; HTTP connects with the request."""
        return self._reachable

    async def connect(self) -> bool:
        """Test whether a connection can be made."""
        self._reachable = await self._probe.attempt(_ATTEMPT_TIMEOUT) is None
        return self._reachable

    async def diagnose(self) -> str:
        """Return why no connection could be made."""
        return await self._probe.last_reason() or "the server accepts connections again"

    def start(self, request: Request[Any], timeout: float) -> _RestAttempt:
        """Send a request."""
        sent = self._prepared(request)
        return _RestAttempt(asyncio.get_running_loop().create_task(self._exchange(sent, timeout)))

    async def aclose(self) -> None:
        """Close all connections; exchanges in flight are cancelled."""
        if self._session is not None:
            await self._session.close()

    def discard(self) -> None:
        """Drop the pool."""
        session, self._session = self._session, None
        if session is None:
            return
        # close() first marks the session as closed, and then waits for the event loop, which no longer
        # exists.
        closing = session.close()
        with suppress(StopIteration, RuntimeError):
            closing.send(None)
        closing.close()

    async def _exchange(self, request: Request[Any], timeout: float) -> Reply:
        import aiohttp  # see the module's docstring

        session = self._session or self._open()
        try:
            self._access.check()  # a connection of the pool may have been refused meanwhile
            async with session.request(
                request.operation.verb,
                self._endpoint.url + request.path,
                data=request.body or None,
                params=request.params,
                headers=self._headers | _CONTENT if request.body else self._headers,
                timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=_ATTEMPT_TIMEOUT),
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
                trace_request_ctx={},
            ) as response:
                if response.status == 407 and self._proxy is not None and not self._endpoint.secure:
                    raise self._access.rejected(with_credentials=bool(self._proxy_headers))  # noqa: TRY301 (as below)
                status, headers = response.status, Headers(response.headers.items())
                body = await _read(response)
        except Exception as failure:  # noqa: BLE001 (an attempt reports its end, whatever the library raised)
            error, outcome = self._failure(failure)
        else:
            return self._read_reply(status, headers, body, scrub=self._credentials.scrub)
        # Outside the handler, so that the library's exception and its frames are released.
        if outcome == "not_sent":
            self._reachable = False
        return Reply(error=error, outcome=outcome)

    def _prepared(self, request: Request[Any]) -> Request[Any]:
        return request

    async def _status_of_head(self, timeout: float) -> int | None:
        """Return the HTTP status of HEAD /, sent without credentials; None without a response."""
        import aiohttp  # see the module's docstring

        try:
            async with (self._session or self._open()).request(
                "HEAD",
                f"{self._endpoint.url}/",
                headers={name: value for name, value in self._headers.items() if name in _CHECK_HEADERS},
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
                trace_request_ctx={},
            ) as response:
                return response.status
        except Exception:  # noqa: BLE001 (whatever the library raised, there was no response)
            return None

    def _failure(self, failure: Exception) -> tuple[KentikError, Outcome]:
        import aiohttp  # see the module's docstring

        if isinstance(failure, _TooLargeError):
            message = f"the response is larger than the limit of {MAX_RESPONSE_BYTES} bytes"
            return DecodeError(message), "answered"
        if isinstance(failure, ConnectError):  # the proxy's refusal
            return failure, "not_sent"
        if isinstance(failure, aiohttp.ClientHttpProxyError) and failure.status == 407:
            return self._access.rejected(with_credentials=bool(self._proxy_headers)), "not_sent"
        reason = _reason_not_sent(failure)
        if reason is not None:
            return ConnectError(f"no connection: {reason}"), "not_sent"
        if isinstance(failure, TimeoutError):
            return DeadlineExceededError("no response in time"), "answered"
        name = type(failure).__name__.lstrip("_")
        return UnavailableError(
            f"the connection was lost before the response was complete ({name})"
        ), "unknown"

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp  # see the module's docstring

        tracing = aiohttp.TraceConfig()
        tracing.on_connection_create_start.append(_forbid_second_send)
        tracing.on_connection_reuseconn.append(_forbid_second_send)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # the limiter bounds the number of concurrent requests
                ssl=ssl_context(self._trust) if self._endpoint.secure else True,
            ),
            skip_auto_headers=["Content-Type"],
            trace_configs=[tracing],
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self._session


async def _read(response: "aiohttp.ClientResponse") -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_RESPONSE_BYTES:
            raise _TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def _reason_not_sent(failure: Exception) -> str | None:
    """Return why nothing could be sent; None if something may have been sent."""
    import aiohttp  # see the module's docstring

    if isinstance(
        failure, ssl.SSLCertVerificationError
    ):  # tested first: unlike the other classes it has no os_error
        return "the server's certificate is not trusted"
    if isinstance(failure, aiohttp.ClientConnectorError):
        return reason_of(failure.os_error)
    if isinstance(failure, aiohttp.ClientHttpProxyError):
        return f"the proxy responded with HTTP {failure.status}"
    if isinstance(failure, aiohttp.ServerTimeoutError):
        return "no response in time"
    return None


async def _forbid_second_send(_: object, context: "SimpleNamespace", __: object) -> None:
    sends: dict[str, bool] = context.trace_request_ctx
    if sends:
        raise _SecondSendError
    sends["sent"] = True
