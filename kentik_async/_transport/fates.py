"""What became of an RPC's request, told from the status that the call ended with. Pure.

gRPC's library invents statuses where there is no answer, and marks them in no way but by their words, which
are those of grpcio 1.51 to 1.85. Whether the server acted decides over repeating a request and over its slot.
"""

import re

from kentik_async._transport.base import Reply
from kentik_async._transport.status_mapping import error_for_grpc, gateway_answered_grpc
from kentik_async.errors import APIError, ConnectError, RateLimitedError, UnavailableError

__all__ = ["reply_for_status"]

_NEVER_SENT = re.compile(r"failed to connect to all addresses|errors? resolving |DNS resolution failed")
"""How the library says that it found no connection for a call (grpcio 1.51 to 1.85)."""

_BROKEN_OFF = re.compile(
    r"stream removed|socket closed|goaway|received rst_stream|(recv|send)msg:|connection reset|broken pipe"
    r"|keepalive|endpoint closing|transport closed|end of (tcp )?stream"
    r"|failed parsing http/?2|trying to connect an http1",
    re.IGNORECASE,
)
"""How it begins to say that the connection, or the stream, ended before the answer was there."""

_LIBRARY_STATUSES = frozenset({"UNAVAILABLE", "INTERNAL", "UNKNOWN", "CANCELLED"})
"""What the library itself ends such a call with; any other status is an answer."""

_RESET = re.compile(r"(Stream removed \(RST_STREAM \()?Received RST_STREAM with error code (11|12)\b")
_RESET_STATUSES = frozenset({"RESOURCE_EXHAUSTED", "PERMISSION_DENIED"})
"""But for two of HTTP/2's codes, ENHANCE_YOUR_CALM and INADEQUATE_SECURITY: neither is a word of the API's,
and whoever took the first for a refusal would repeat a create that the server may have carried out.
"""


def reply_for_status(status: str, details: str, trailers: dict[str, str], *, connected: bool) -> Reply:
    """Tell what a status other than OK says of the request's fate. Pure.

    The library invents statuses where there is no answer, and marks them in no way: their words are known,
    but a server may use the same ones, when it hands on what a server behind it met. So "never sent" is
    believed only where there is no connection either.

    Args:
        status: The status's name.
        details: Its message.
        trailers: The metadata.
        connected: Whether the connection stands.
    """
    error = error_for_grpc(status, details, trailers)
    if status == "UNAVAILABLE" and not connected and _NEVER_SENT.match(details):
        return Reply(error=ConnectError(error.args[0]), outcome="not_sent")
    if isinstance(error, APIError) and _is_broken_off(status, details):
        lost = UnavailableError(error.args[0], grpc_status=status, detail=error.detail)
        return Reply(error=lost, outcome="unknown")
    if isinstance(error, RateLimitedError):
        return Reply(error=error, outcome="refused")
    fate_unknown = status in _LIBRARY_STATUSES and not connected
    fate_unknown = fate_unknown or gateway_answered_grpc(status, details)
    return Reply(error=error, outcome="unknown" if fate_unknown else "answered")


def _is_broken_off(status: str, details: str) -> bool:
    if status in _LIBRARY_STATUSES:
        return _BROKEN_OFF.match(details) is not None
    return status in _RESET_STATUSES and _RESET.match(details) is not None
