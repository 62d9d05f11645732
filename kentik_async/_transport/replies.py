"""Interprets responses: the error for the caller, and whether the server saw the request. Pure.

If there is no response, grpcio creates a status itself. Only its wording (checked for grpcio 1.51 to 1.85)
distinguishes it from a server's. The retry and the slot depend on whether the server acted.
"""

import json
import re
from collections.abc import Mapping

from msgspec.structs import replace

from kentik_async._transport.base import Reply
from kentik_async._transport.headers import Headers
from kentik_async._transport.rate_limit_headers import read_allowance
from kentik_async._transport.status_mapping import (
    QUOTED_HTTP_STATUS,
    Scrub,
    error_for_grpc,
    error_for_http,
    quoted_grpc_status,
)
from kentik_async.errors import APIError, ConnectError, DecodeError, RateLimitedError, UnavailableError
from kentik_async.quota import Outcome

__all__ = ["is_gateway_response", "reply_for_grpc", "reply_for_http", "reply_for_mirror"]

_NEVER_SENT = re.compile(r"failed to connect to all addresses|errors? resolving |DNS resolution failed")
"""How grpcio (1.51 to 1.85) reports that it found no connection for a call."""

_CONNECTION_LOST = re.compile(
    r"stream removed|socket closed|goaway|received rst_stream|(recv|send)msg:|connection reset|broken pipe"
    r"|keepalive|endpoint closing|transport closed|end of (tcp )?stream"
    r"|failed parsing http/?2|trying to connect an http1",
    re.IGNORECASE,
)
"""The start of its message if the connection, or the stream, ended before the response was complete."""

_NOT_GRPC = re.compile(r"Data frame with END_STREAM flag received")
"""Its message for HTTP 200 with a body that ends the stream: a gRPC response ends with trailers (grpcio
1.85)."""

_LIBRARY_STATUSES = frozenset({"UNAVAILABLE", "INTERNAL", "UNKNOWN", "CANCELLED"})
"""The statuses with which the library itself ends such a call; any other status comes from the server."""

_STREAM_RESET = re.compile(r"(Stream removed \(RST_STREAM \()?Received RST_STREAM with error code (11|12)\b")
_STREAM_RESET_STATUSES = frozenset({"RESOURCE_EXHAUSTED", "PERMISSION_DENIED"})
"""Two exceptions: HTTP/2's codes ENHANCE_YOUR_CALM and INADEQUATE_SECURITY. Neither comes from the API. If
the first counted as a rate limit, a create that the server may have carried out would be sent again.
"""

_HTTP_NOT_GRPC = (
    "the server responded with HTTP, not gRPC: grpc_endpoint may be wrong, or a proxy or the login page of a "
    "network may have intercepted the connection"
)

_GATEWAY_STATUSES = frozenset({408, 502, 504})
"""Statuses that only a gateway sends: the API did not respond in time, or the connection to it was lost."""

_GATEWAY_DETAILS = re.compile(r"upstream (request timeout|connect error)|stream timeout", re.IGNORECASE)
"""How Envoy words its own responses over gRPC (source/common/router and http/conn_manager of Envoy 1.3x)."""


def reply_for_http(status: int, headers: Mapping[str, str], body: bytes, *, scrub: Scrub = str) -> Reply:
    """Interpret an HTTP response.

    Args:
        status: The HTTP status.
        headers: The response's headers.
        body: The response's body.
        scrub: Removes secrets from the server's text.
    """
    allowance = read_allowance(headers.items())
    if 200 <= status < 300:
        return Reply(body, allowance=allowance, headers=headers.items(), http_status=status)
    error = error_for_http(status, body, headers, scrub=scrub)
    outcome: Outcome = "answered"
    if isinstance(error, RateLimitedError):
        outcome = "refused"
    elif is_gateway_response(status, body):
        outcome = "unknown"
    return Reply(error=error, outcome=outcome, allowance=allowance)


def reply_for_mirror(status: int, headers: Mapping[str, str], body: bytes, *, scrub: Scrub = str) -> Reply:
    """Interpret a response of the JSON mirror of API v6: errors are the same as over gRPC.

    Args:
        status: The HTTP status.
        headers: The response's headers.
        body: The response's body.
        scrub: Removes secrets from the server's text.
    """
    metadata = _with_rpc_metadata(headers)
    quoted = None if 200 <= status < 300 else quoted_grpc_status(status, body)
    if quoted is None:
        return reply_for_http(status, metadata, body, scrub=scrub)
    reply = reply_for_grpc(*quoted, metadata, connected=True, http_status=status, scrub=scrub)
    return replace(reply, allowance=read_allowance(metadata.items()))


def reply_for_grpc(
    status: str,
    details: str,
    trailers: Mapping[str, str],
    *,
    connected: bool,
    http_status: int | None = None,
    scrub: Scrub = str,
) -> Reply:
    """Interpret a gRPC status other than OK: the error, and whether the server saw the request.

    If there was no response, the library creates a status itself. Only its wording distinguishes it from
    a server's, and a server may use the same words when it forwards the status of a server behind it. So
    "never sent" counts only if there is also no connection.

    Args:
        status: The status's name.
        details: The status's message.
        trailers: The metadata, names in lower case.
        connected: Whether the channel has a connection now.
        http_status: The HTTP status of the JSON mirror's response that quotes the status; None over gRPC.
        scrub: Removes secrets from the server's text.
    """
    error = error_for_grpc(status, details, trailers, http_status=http_status, scrub=scrub)
    if status == "UNAVAILABLE" and not connected and _NEVER_SENT.match(details):
        return Reply(error=ConnectError(error.args[0]), outcome="not_sent")
    if status == "UNKNOWN" and _NOT_GRPC.search(details):
        # Not from the API, which may still have received the request.
        return Reply(error=DecodeError(_HTTP_NOT_GRPC), outcome="unknown")
    if isinstance(error, APIError) and _is_connection_lost(status, details):
        lost = UnavailableError(
            error.args[0], http_status=error.http_status, grpc_status=status, detail=error.detail
        )
        lost.retry_after, lost.headers = error.retry_after, error.headers
        return Reply(error=lost, outcome="unknown")
    if isinstance(error, RateLimitedError):
        return Reply(error=error, outcome="refused")
    unknown = status in _LIBRARY_STATUSES and not connected
    unknown = unknown or _is_gateway_status(status, details)
    return Reply(error=error, outcome="unknown" if unknown else "answered")


def is_gateway_response(status: int, body: bytes = b"") -> bool:
    """Return whether a gateway, not the API, sent this HTTP response: the API may still be working on it.

    Args:
        status: The HTTP status.
        body: The response's body. The API sends an error as a JSON object; a gateway sends HTML or plain
            text.
    """
    if status in _GATEWAY_STATUSES:
        return True
    return status >= 500 and not _is_json_object(body)


def _with_rpc_metadata(headers: Mapping[str, str]) -> Headers:
    """Return headers with the RPC's metadata under its own names too: grpc-gateway puts a prefix before it.

    A header of the same name comes first: `content-type` is that of the JSON document.
    """
    plain = Headers(headers.items())
    metadata = [
        (name.removeprefix("grpc-metadata-").removeprefix("grpc-trailer-"), value)
        for name, value in plain.items()
    ]
    return Headers([*plain.items(), *((name, value) for name, value in metadata if name not in plain)])


def _is_gateway_status(status: str, details: str) -> bool:
    quoted = QUOTED_HTTP_STATUS.search(details)
    if quoted:
        return is_gateway_response(int(quoted[1]))
    return status == "UNAVAILABLE" and _GATEWAY_DETAILS.search(details) is not None


def _is_connection_lost(status: str, details: str) -> bool:
    if status in _LIBRARY_STATUSES:
        return _CONNECTION_LOST.match(details) is not None
    return status in _STREAM_RESET_STATUSES and _STREAM_RESET.match(details) is not None


def _is_json_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False
