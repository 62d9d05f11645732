"""Faults of an HTTP server, and the meaning of each."""

import asyncio
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
from tests.chaos.servers.http1 import RestExchange

__all__ = ["BROKEN", "CUTTING", "HARMLESS", "HEAVY", "REFUSALS", "SLOW", "STATUSES", "UNREADABLE"]

RestFault: TypeAlias = Fault[RestExchange]
Act: TypeAlias = Callable[[RestExchange], Awaitable[None]]

HTML = b"<html><head><title>Something is wrong</title></head><body>" + b"<p>please wait</p>" * 50

_MEANING: dict[int, tuple[type[KentikError], frozenset[str]]] = {
    302: (ServerError, NEVER),
    400: (BadRequestError, NEVER),
    401: (AuthenticationError, NEVER),
    403: (PermissionDeniedError, NEVER),
    404: (NotFoundError, NEVER),
    408: (UnavailableError, ALL_BUT_CREATES),
    409: (ConflictError, NEVER),
    412: (ConflictError, NEVER),
    413: (BadRequestError, NEVER),
    500: (ServerError, READS),
    501: (ServerError, NEVER),
    502: (UnavailableError, ALL_BUT_CREATES),
    503: (UnavailableError, ALL_BUT_CREATES),
    504: (UnavailableError, ALL_BUT_CREATES),
}


def _saying(status: int, body: bytes, kind: str = "application/json", *headers: str) -> Act:
    return lambda exchange: exchange.answer(status, body, *headers, kind=kind)


def _statuses(status: int) -> list[RestFault]:
    error, again = _MEANING[status]
    elsewhere = ("Location: https://elsewhere.invalid/",) if status == 302 else ()
    return [
        Fault(
            f"HTTP {status}",
            _saying(status, b'{"error": "no"}', "application/json", *elsewhere),
            error,
            again,
        ),
        Fault(f"HTTP {status} in HTML", _saying(status, HTML, "text/html", *elsewhere), error, again),
    ]


STATUSES: list[RestFault] = [fault for status in _MEANING for fault in _statuses(status)]
"""Error answers, in the vendor's form and in the form of gateways."""


def _refusal(name: str, *headers: str) -> RestFault:
    act = _saying(429, b'{"error": "slow down"}', "application/json", *headers)
    return Fault(name, act, RateLimitedError, refuses=True)


REFUSALS: list[RestFault] = [
    _refusal("429 with Retry-After", "Retry-After: 0.01"),
    _refusal("429 with x-ratelimit-throttle-ms", "x-ratelimit-throttle-ms: 8"),
    _refusal("429 without a word"),
]


def _sending(raw: bytes, *, reset: bool) -> Act:
    """Send the given part and nothing more."""

    async def act(exchange: RestExchange) -> None:
        if raw:
            await exchange.send(raw)
            await asyncio.sleep(0.001)
        if reset:
            exchange.cut()
        else:
            await exchange.hang_up()

    return act


_HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n{"site": {"id":'
_HALF_A_CHUNK = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"site"'


def _broken(name: str, raw: bytes, *, reset: bool = False) -> RestFault:
    return Fault(name, _sending(raw, reset=reset), UnavailableError, ALL_BUT_CREATES, lingers=True)


BROKEN: list[RestFault] = [
    _broken("hang-up before the answer", b""),
    _broken("reset before the answer", b"", reset=True),
    _broken("half a head", b"HTTP/1.1 200 OK\r\nContent-Le"),
    _broken("truncated body", _HALF),
    _broken("reset mid-body", _HALF, reset=True),
    _broken("truncated chunk", _HALF_A_CHUNK),
    _broken("reset mid-chunk", _HALF_A_CHUNK, reset=True),
    _broken("noise", b"\x00\xff\xfe garbage\r\n\r\n"),
    _broken("another protocol", b"SSH-2.0-OpenSSH_9.6\r\n"),
    _broken("a head without end", b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 20_000),
    _broken(
        "a body that is no gzip", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    ),
]
"""Answers that end before they are complete, or are not HTTP."""

_UNREAD = frozenset({"delete"})
"""The calls with an empty answer, whose content cannot be wrong."""


def _unreadable(name: str, body: bytes, kind: str = "application/json") -> RestFault:
    return Fault(name, _saying(200, body, kind), DecodeError, spares=_UNREAD)


UNREADABLE: list[RestFault] = [
    _unreadable("a page of HTML with 200", HTML, "text/html"),
    _unreadable("malformed JSON", b'{"site": {"id": 1, "site_name": "x"'),
    _unreadable("JSON of another form", b'[{"site": 1}]'),
    _unreadable("JSON nested too deep", b"[" * 50_000),
    _unreadable("bytes that are no text", b'{"site": {"id": 1, "site_name": "\xff\xfe"}}'),
    _unreadable("nothing at all", b""),
]
"""Complete answers that do not match the schema."""


async def _trickle(exchange: RestExchange) -> None:
    body = exchange.document
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
    for place in range(0, len(body), 8):
        await asyncio.sleep(0.002)
        await exchange.send(body[place : place + 8])


async def _trickle_for_ever(exchange: RestExchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n")
    await exchange.never_end(b" ")


SLOW: list[RestFault] = [
    Fault("silence", lambda exchange: exchange.never_end(), DeadlineExceededError),
    Fault("trickle without end", _trickle_for_ever, DeadlineExceededError),
    Fault("slow trickle", _trickle, None),
]


HEAVY: list[RestFault] = [
    Fault("oversized body", _saying(200, BOMB, "application/json", "Content-Encoding: gzip"), DecodeError),
]
"""Answers that exceed the size limit."""


async def _after_hints(exchange: RestExchange) -> None:
    await exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
    await exchange.answer_well()


async def _in_chunks(exchange: RestExchange) -> None:
    chunks = b"".join(b"1;ext=1\r\n%c\r\n" % byte for byte in exchange.document)
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")


async def _without_length(exchange: RestExchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + exchange.document)
    await exchange.hang_up()


HARMLESS: list[RestFault] = [
    Fault("early hints", _after_hints, None),
    Fault("chunks of a byte", _in_chunks, None),
    Fault("a body up to the end of the connection", _without_length, None),
    Fault(
        "JSON by another name",
        lambda exchange: exchange.answer(200, exchange.document, kind="text/html"),
        None,
    ),
    Fault(
        "the last of a connection",
        lambda exchange: exchange.answer(200, exchange.document, "Connection: close"),
        None,
    ),
]
"""Answers that are unusual but valid."""


async def _stale(exchange: RestExchange) -> None:
    await exchange.answer_well()
    await exchange.hang_up()


CUTTING: list[RestFault] = [
    Fault("stale connection", _stale, UnavailableError, ALL_BUT_CREATES),
]
"""Faults of a connection on which the next request may already be in flight."""
