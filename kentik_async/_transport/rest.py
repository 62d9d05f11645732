"""The REST wire: bytes in and out, statuses to errors; no policy.

aiohttp is imported with the first transport, for it costs more than all the rest of the package. It would
repeat requests on a stale connection and follow redirects, token and all, so both are switched off.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kentik_async._config import Credentials, Endpoint, Trust
from kentik_async._operations import Request
from kentik_async._transport.base import MAX_ANSWER_BYTES, Reply
from kentik_async._transport.status_mapping import error_for_http, gateway_answered
from kentik_async._transport.tls import Probe, reason_of, ssl_context
from kentik_async.errors import (
    ClientClosedError,
    ConnectError,
    DeadlineExceededError,
    DecodeError,
    KentikError,
    RateLimitedError,
    UnavailableError,
)
from kentik_async.quota import Outcome, read_allowance

if TYPE_CHECKING:
    from types import SimpleNamespace

    import aiohttp

__all__ = ["RestTransport"]

_CONTENT = {"Content-Type": "application/json"}
_ATTEMPT_TIMEOUT = 5.0
_CHUNK_BYTES = 1 << 16


class _SecondSendError(Exception):
    """aiohttp was about to send a request a second time on its own."""


class _TooLargeError(Exception):
    """The answer is larger than is accepted."""


class _RestFlight:
    """One exchange under way."""

    __slots__ = ("_task",)

    def __init__(self, task: "asyncio.Task[Reply]") -> None:
        self._task = task

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        self._task.add_done_callback(callback)

    def cancel(self) -> bool:
        return self._task.cancel()

    async def reply(self) -> Reply:
        if self._task.cancelled():
            return Reply(error=ClientClosedError("the call was broken off"), outcome="unknown")
        return self._task.result()


class RestTransport:
    """Requests over one connection pool, in one event loop; the pool is made by the first use."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials, trust: Trust, agent: str) -> None:
        """Prepare, without connecting; the first takes as long as importing aiohttp.

        Args:
            endpoint: The base URL; requests name paths on it.
            credentials: As whom.
            trust: Whom to trust, and the proxy.
            agent: How the client introduces itself.
        """
        import_module("aiohttp")  # not by the first request: that would hold its slot meanwhile
        self._endpoint = endpoint
        self._credentials = credentials
        # With each request, not with the session: a session's own headers go to the proxy too, in the clear.
        self._headers = {**dict(credentials.headers()), "User-Agent": agent, "Accept": "application/json"}
        self._trust = trust
        self._probe = Probe(endpoint, trust)
        self._session: aiohttp.ClientSession | None = None

    def ready(self) -> bool:
        """HTTP connects by the request: nothing speaks against one until it fails."""
        return True

    async def dial(self) -> bool:
        """Try whether a connection can be made."""
        return await self._probe.attempt(_ATTEMPT_TIMEOUT) is None

    async def diagnose(self) -> str:
        """Say why no connection could be made."""
        return await self._probe.last_word() or "the server accepts connections again"

    def start(self, request: Request[Any], timeout: float) -> _RestFlight:
        """Send a request."""
        return _RestFlight(asyncio.get_running_loop().create_task(self._exchange(request, timeout)))

    async def aclose(self) -> None:
        """Close all connections; exchanges under way are broken off."""
        if self._session is not None:
            await self._session.close()

    def forsake(self) -> None:
        """Let go of the pool."""
        session, self._session = self._session, None
        if session is None:
            return
        # Its closing enters first that it is closed, and then waits for the event loop, which is no more.
        closing = session.close()
        with suppress(StopIteration, RuntimeError):
            closing.send(None)
        closing.close()

    async def _exchange(self, request: Request[Any], timeout: float) -> Reply:
        import aiohttp  # see the module's docstring

        session = self._session or self._open()
        try:
            async with session.request(
                request.operation.verb,
                self._endpoint.url + request.path,
                data=request.body or None,
                params=request.params,
                headers=self._headers | _CONTENT if request.body else self._headers,
                timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=_ATTEMPT_TIMEOUT),
                allow_redirects=False,
                proxy=self._trust.proxy,
                trace_request_ctx={},
            ) as answer:
                status, headers, body = answer.status, dict(answer.headers), await _read(answer)
        except Exception as failure:  # noqa: BLE001 (a flight reports its end, whatever the library raised)
            error, outcome = _failure(failure)
        else:
            if not 200 <= status < 300:
                body = self._credentials.scrub(body.decode("utf-8", "replace")).encode()
            return reply_for_answer(status, headers, body)
        # Outside the handler: the library's own exception, with its frames, is not dragged along.
        return Reply(error=error, outcome=outcome)

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp  # see the module's docstring

        tracing = aiohttp.TraceConfig()
        tracing.on_connection_create_start.append(_forbid_second_send)
        tracing.on_connection_reuseconn.append(_forbid_second_send)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # how many fly at once is the limiter's business
                ssl=ssl_context(self._trust) if self._endpoint.secure else True,
            ),
            skip_auto_headers=["Content-Type"],
            trace_configs=[tracing],
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self._session


def reply_for_answer(status: int, headers: dict[str, str], body: bytes) -> Reply:
    """Tell what an HTTP answer means. Pure.

    Args:
        status: The HTTP status.
        headers: The answer's headers.
        body: The answer's body.
    """
    allowance = read_allowance(headers.items())
    if 200 <= status < 300:
        return Reply(body, allowance=allowance)
    error = error_for_http(status, body, headers)
    outcome: Outcome = "answered"
    if isinstance(error, RateLimitedError):
        outcome = "refused"
    elif gateway_answered(status, body):
        outcome = "unknown"
    return Reply(error=error, outcome=outcome, allowance=allowance)


async def _read(answer: "aiohttp.ClientResponse") -> bytes:
    chunks, size = [], 0
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise _TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def _failure(failure: Exception) -> tuple[KentikError, Outcome]:
    if isinstance(failure, _TooLargeError):
        return DecodeError(f"the answer is larger than the {MAX_ANSWER_BYTES} bytes accepted"), "answered"
    unconnected = _why_unconnected(failure)
    if unconnected is not None:
        return ConnectError(f"no connection: {unconnected}"), "not_sent"
    if isinstance(failure, TimeoutError):
        return DeadlineExceededError("no answer in time"), "answered"
    kind = type(failure).__name__.lstrip("_")
    return UnavailableError(f"the connection was lost before the answer was complete ({kind})"), "unknown"


def _why_unconnected(failure: Exception) -> str | None:
    """Say why nothing could be sent; None where something may have been."""
    import aiohttp  # see the module's docstring

    if isinstance(failure, ssl.SSLCertVerificationError):  # before its siblings: it lacks their os_error
        return "the server's certificate is not trusted"
    if isinstance(failure, aiohttp.ClientConnectorError):
        return reason_of(failure.os_error)
    if isinstance(failure, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {failure.status}"
    if isinstance(failure, aiohttp.ServerTimeoutError):
        return "no answer in time"
    return None


async def _forbid_second_send(_: object, context: "SimpleNamespace", __: object) -> None:
    tries: dict[str, bool] = context.trace_request_ctx
    if tries:
        raise _SecondSendError
    tries["sent"] = True
