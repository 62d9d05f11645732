"""Faults of a gRPC server, or of a proxy in front of it, and the meaning of each."""

import asyncio
import gzip
import struct
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from kentik_async import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DeadlineExceededError,
    DecodeError,
    KentikError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    UnavailableError,
)
from tests.chaos.faults.base import ALL_BUT_CREATES, NEVER, READS, Fault
from tests.chaos.faults.bomb import BOMB
from tests.chaos.servers.http2 import GRPC, GrpcExchange
from tests.support.http2 import PING, WINDOW_UPDATE, http2_frame

__all__ = ["BROKEN", "CUTTING", "HARMLESS", "HEAVY", "PAGES", "REFUSALS", "SLOW", "STATUSES", "UNREADABLE"]

GrpcFault: TypeAlias = Fault[GrpcExchange]
Act: TypeAlias = Callable[[GrpcExchange], Awaitable[None]]
Meaning: TypeAlias = tuple[type[KentikError], frozenset[str]]

# By number, from the list of gRPC's specification.
_STATUSES: dict[int, Meaning] = {
    1: (ServerError, ALL_BUT_CREATES),  # CANCELLED: a server that is being stopped
    2: (ServerError, READS),  # UNKNOWN
    3: (BadRequestError, NEVER),  # INVALID_ARGUMENT
    4: (DeadlineExceededError, NEVER),  # DEADLINE_EXCEEDED
    5: (NotFoundError, NEVER),  # NOT_FOUND
    6: (ConflictError, NEVER),  # ALREADY_EXISTS
    7: (PermissionDeniedError, NEVER),  # PERMISSION_DENIED
    9: (BadRequestError, NEVER),  # FAILED_PRECONDITION
    10: (ConflictError, NEVER),  # ABORTED
    11: (BadRequestError, NEVER),  # OUT_OF_RANGE
    12: (ServerError, NEVER),  # UNIMPLEMENTED
    13: (ServerError, READS),  # INTERNAL
    14: (UnavailableError, ALL_BUT_CREATES),  # UNAVAILABLE
    15: (ServerError, NEVER),  # DATA_LOSS
    16: (AuthenticationError, NEVER),  # UNAUTHENTICATED
    99: (ServerError, READS),  # not in the list: treated as UNKNOWN
}
_EXHAUSTED, _UNAVAILABLE = 8, 14

STATUSES: list[GrpcFault] = [
    Fault(f"gRPC status {code}", lambda exchange, code=code: exchange.fail(code, "no"), *meaning)
    for code, meaning in _STATUSES.items()
]

# Only 404 has another meaning than over HTTP: the service does not exist, rather than the group.
_PAGES: dict[int, Meaning] = {
    302: (ServerError, NEVER),
    400: (BadRequestError, NEVER),
    401: (AuthenticationError, NEVER),
    403: (PermissionDeniedError, NEVER),
    404: (ServerError, NEVER),
    408: (UnavailableError, ALL_BUT_CREATES),
    409: (ConflictError, NEVER),
    413: (BadRequestError, NEVER),
    500: (ServerError, READS),
    502: (UnavailableError, ALL_BUT_CREATES),
    503: (UnavailableError, ALL_BUT_CREATES),
    504: (UnavailableError, ALL_BUT_CREATES),
}


def _page(status: int, body: bytes = b"<html>no</html>", *headers: tuple[str, str]) -> Act:
    named = ((":status", str(status)), ("content-type", "text/html"), *headers)
    return lambda exchange: exchange.page(*named, body=body)


PAGES: list[GrpcFault] = [
    Fault(f"HTTP {status} in HTML", _page(status), *meaning) for status, meaning in _PAGES.items()
]
"""Answers of proxies without gRPC support."""


def _refusal(name: str, act: Act) -> GrpcFault:
    return Fault(name, act, RateLimitedError, refuses=True)


REFUSALS: list[GrpcFault] = [
    _refusal(
        "RESOURCE_EXHAUSTED with retry-after",
        lambda exchange: exchange.fail(_EXHAUSTED, "slow down", ("retry-after", "0.01")),
    ),
    _refusal(
        "RESOURCE_EXHAUSTED with x-ratelimit-throttle-ms",
        lambda exchange: exchange.fail(_EXHAUSTED, "slow down", ("x-ratelimit-throttle-ms", "8")),
    ),
    _refusal("a bare HTTP 429", _page(429, b"", ("retry-after", "1"))),
    _refusal(
        "UNAVAILABLE with x-envoy-ratelimited",
        lambda exchange: exchange.fail(
            _UNAVAILABLE, "upstream", ("x-envoy-ratelimited", "true"), ("x-ratelimit-throttle-ms", "8")
        ),
    ),
]


def _resetting(code: int, *, after: int = 0) -> Act:
    """Reset the stream after a number of bytes of the message."""

    async def act(exchange: GrpcExchange) -> None:
        if after:
            exchange.headers(*GRPC, last=False)
            exchange.data(exchange.message[:after])
            await asyncio.sleep(0.001)
        exchange.reset(code)

    return act


def _reset(name: str, code: int, *, after: int = 0) -> GrpcFault:
    return Fault(name, _resetting(code, after=after), UnavailableError, ALL_BUT_CREATES, lingers=True)


# The codes are in RFC 9113, section 7.
RESETS: list[GrpcFault] = [
    *(_reset(f"RST_STREAM {code}", code) for code in (0, 1, 2, 3, 5, 7, 8, 11, 12, 13)),
    _reset("reset mid-message", 2, after=9),
    _reset("reset mid-prefix", 8, after=3),
]
"""Streams that are reset: it is not known whether the server acted."""


async def _truncated(exchange: GrpcExchange) -> None:
    await exchange.answer(exchange.message[:-1] if exchange.effect != "delete" else b"\0\0\0\0\1")


async def _without_a_status(exchange: GrpcExchange) -> None:
    exchange.headers(*GRPC, last=False)
    exchange.data(exchange.message, last=True)


BROKEN: list[GrpcFault] = [
    *RESETS,
    Fault("no status at the end", _without_a_status, DecodeError, lingers=True),
    Fault("a page of HTML with 200", _page(200, b"<html>" * 20), DecodeError, lingers=True),
]
"""Answers that end before they are complete, or are not gRPC."""


def _message(raw: bytes) -> Act:
    return lambda exchange: exchange.answer(b"\0" + struct.pack(">I", len(raw)) + raw)


UNREADABLE: list[GrpcFault] = [
    Fault("truncated message", _truncated, DecodeError),
    Fault("malformed protobuf", _message(b"\x0a\xff\xff\xff\xff\x0f"), DecodeError),
    Fault("HTML for a message", _message(b"<html><body>no</body></html>"), DecodeError),
    Fault("an empty message", _message(b""), DecodeError, spares=frozenset({"delete"})),
]
"""Complete answers that do not match the schema."""


async def _trickle(exchange: GrpcExchange) -> None:
    exchange.headers(*GRPC, last=False)
    for byte in exchange.message:
        exchange.data(bytes([byte]))
        await asyncio.sleep(0.001)
    await exchange.end(0, "")


async def _trickle_for_ever(exchange: GrpcExchange) -> None:
    exchange.headers(*GRPC, last=False)
    exchange.data(b"\0\0\1\0\0")
    await exchange.never_end(b" ")


SLOW: list[GrpcFault] = [
    Fault("silence", lambda exchange: exchange.never_end(), DeadlineExceededError),
    Fault("trickle without end", _trickle_for_ever, DeadlineExceededError),
    Fault("slow trickle", _trickle, None),
]


async def _oversized(exchange: GrpcExchange) -> None:
    exchange.headers(*GRPC, ("grpc-encoding", "gzip"), last=False)
    message = b"\1" + struct.pack(">I", len(BOMB)) + BOMB
    for place in range(0, len(message), 16_384):
        exchange.data(message[place : place + 16_384])
    await exchange.end(0, "")


HEAVY: list[GrpcFault] = [
    Fault("oversized message", _oversized, DecodeError),
    Fault(
        "oversized trailers",
        lambda exchange: exchange.answer(exchange.message, ("x-filling", "x" * 60_000)),
        DecodeError,
    ),
]
"""Answers that exceed the size limit."""


async def _cut(exchange: GrpcExchange) -> None:
    exchange.cut()


async def _cut_mid_message(exchange: GrpcExchange) -> None:
    exchange.headers(*GRPC, last=False)
    exchange.data(exchange.message[:9])
    await asyncio.sleep(0.001)
    exchange.cut()


async def _go_away_at_once(exchange: GrpcExchange) -> None:
    exchange.go_away(last=0)
    await asyncio.sleep(0.001)
    exchange.cut()


async def _go_away_after_this(exchange: GrpcExchange) -> None:
    exchange.go_away()
    await exchange.answer_well()
    await exchange.hang_up()


async def _go_away_angrily(exchange: GrpcExchange) -> None:
    exchange.go_away(last=0, code=11)
    await exchange.hang_up()


async def _noise(exchange: GrpcExchange) -> None:
    exchange.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def _go_away_in_time(exchange: GrpcExchange) -> None:
    exchange.go_away(last=2**31 - 1)
    await exchange.answer_well()


def _cutting(name: str, act: Act) -> GrpcFault:
    return Fault(name, act, UnavailableError, ALL_BUT_CREATES, lingers=True)


CUTTING: list[GrpcFault] = [
    _cutting("reset connection", _cut),
    _cutting("reset connection mid-message", _cut_mid_message),
    Fault("GOAWAY in good time", _go_away_in_time, None),
    _cutting("GOAWAY, nothing done", _go_away_at_once),
    Fault("GOAWAY after this one", _go_away_after_this, UnavailableError, ALL_BUT_CREATES),
    _cutting("GOAWAY in anger", _go_away_angrily),
    _cutting("noise", _noise),
]
"""Faults of the connection, which affect every request in flight on it."""


async def _compressed(exchange: GrpcExchange) -> None:
    body = gzip.compress(exchange.message[5:])
    exchange.headers(*GRPC, ("grpc-encoding", "gzip"), last=False)
    exchange.data(b"\1" + struct.pack(">I", len(body)) + body)
    await exchange.end(0, "")


async def _with_frames_between(exchange: GrpcExchange) -> None:
    exchange.headers(*GRPC, ("x-more", "y" * 2000), last=False)
    exchange.send(http2_frame(0xBE, 0, 0, b"unknown") + http2_frame(PING, 0, 0, b"12345678"))
    exchange.data(b"")
    exchange.data(exchange.message)
    exchange.send(http2_frame(WINDOW_UPDATE, 0, 0, b"\0\0\1\0"))
    await exchange.end(0, "all%20is%20well", ("x-even-more", "z"))


HARMLESS: list[GrpcFault] = [
    Fault("a compressed message", _compressed, None),
    Fault("frames between frames", _with_frames_between, None),
]
"""Answers that are unusual but valid."""
