"""The RPCs in flight over gRPC: unary and streaming ones, and the replies to which they lead."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from itertools import chain
from typing import Any, Protocol

import msgspec

from kentik_async._transport.base import Reply
from kentik_async._transport.grpc.library import grpc
from kentik_async._transport.rate_limit_headers import read_allowance
from kentik_async.errors import ClientClosedError, DecodeError

__all__ = ["GrpcAttempt", "GrpcStream"]

_MESSAGE_NOT_SENT = "Internal error from Core"
"""The details of the status INTERNAL that the library sets if it cannot send a message of a stream."""


class _Transport(Protocol):
    def reply_for(self, status: str, details: str | None, metadata: Sequence[tuple[str, Any]]) -> Reply: ...


# A Struct, like `Reply`: a class with __init__ takes three times as long to create.
class GrpcAttempt(msgspec.Struct, eq=False):
    """One RPC in flight."""

    call: "grpc.aio.UnaryUnaryCall[bytes, bytes]"
    transport: _Transport

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        self.call.add_done_callback(callback)

    def cancel(self) -> bool:
        return self.call.cancel()

    async def reply(self) -> Reply:
        try:
            body: bytes | None = await self.call
        except grpc.aio.AioRpcError as failure:
            status, details = failure.code().name, failure.details()
            metadata = _joined(failure.initial_metadata(), failure.trailing_metadata())
        except KeyError as error:
            (status, details), metadata = _undefined_status(error), ()
        except asyncio.CancelledError:
            if not self.call.cancelled():
                raise
            return _cancelled()
        else:
            # The library returns None for a response with status OK and no complete message.
            if body is None:
                return Reply(error=DecodeError("the response has status OK but no complete message"))
            initial, trailing = await self.call.initial_metadata(), await self.call.trailing_metadata()
            # With `chain`, because unpacking calls the library's slow __len__ of both.
            metadata = tuple(chain(initial, trailing))
            allowance = read_allowance(metadata) if metadata else None
            return Reply(body, allowance=allowance, headers=metadata)
        # Outside the handler, so that the library's exception with its frames is not kept.
        return self.transport.reply_for(status, details, metadata)


class GrpcStream:
    """One streaming RPC in flight."""

    def __init__(self, call: Any, transport: _Transport, *, many: bool) -> None:
        """Read a call that has been started.

        Args:
            call: The library's call.
            transport: The transport that started it.
            many: Whether the responses are a stream too.
        """
        self._call = call
        self._transport = transport
        self._many = many
        self._cancelled = False
        self._status: tuple[str, str, Sequence[tuple[str, Any]]] | None = None
        call.add_done_callback(self._read_status)

    def _read_status(self, call: Any) -> tuple[str, str, Sequence[tuple[str, Any]]]:
        """Return the server's status: the library's own INTERNAL may replace it, or come before it.

        Both happen if the server ends the call before it has read all messages, because the library cannot
        send the next one (grpc/grpc issue 36066). So the status is read when it arrives and again at the end.
        """
        details, trailing = _result_of(call.details()), _result_of(call.trailing_metadata())
        if self._status is None or details != _MESSAGE_NOT_SENT:
            try:
                status = _result_of(call.code()).name
            except KeyError as error:
                status, details = _undefined_status(error)
            self._status = status, details, trailing
        return self._status

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            reading = asyncio.ensure_future(self._call.read() if self._many else _response_of(self._call))
            reading.add_done_callback(_retrieve_exception)
            # The reader's task does not await a task of the library: see `Session._response_in_time`.
            await asyncio.wait([reading])
            if reading.cancelled() or reading.exception() is not None:  # reported by reply()
                return
            raw = reading.result()
            if raw is grpc.aio.EOF or raw is None:  # None: see `GrpcAttempt.reply`
                return
            yield raw
            if not self._many:
                return

    async def reply(self) -> Reply:
        if self._cancelled:
            return _cancelled()
        initial = await self._call.initial_metadata()
        await self._call.trailing_metadata()  # waits for the status
        status, details, trailing = self._read_status(self._call)
        metadata = _joined(initial, trailing)
        if status == "OK":
            return Reply(allowance=read_allowance(metadata))
        if details == _MESSAGE_NOT_SENT:
            details = "a message could not be sent, because the call had ended"
        reply = self._transport.reply_for(status, details, metadata)
        if status == "DEADLINE_EXCEEDED":  # our own timeout: the server may still be working on it
            return Reply(error=reply.error, outcome="unknown")
        return reply

    def done(self) -> bool:
        return bool(self._call.done())

    def cancel(self) -> bool:
        self._cancelled = bool(self._call.cancel())
        return self._cancelled


def _result_of(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return the result of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as result:
        return result.value
    raise RuntimeError("the coroutine waits")


async def _response_of(call: Any) -> bytes:
    raw: bytes = await call
    return raw


def _retrieve_exception(reading: "asyncio.Future[Any]") -> None:
    """Retrieve a read's exception, so that asyncio does not log it: `reply()` reports it."""
    if not reading.cancelled():
        reading.exception()


def _cancelled() -> Reply:
    return Reply(error=ClientClosedError("the call was cancelled"), outcome="unknown")


def _undefined_status(error: KeyError) -> tuple[str, str]:
    """Return the status and details for a KeyError: grpcio 1.51 raises it for codes that it does not know."""
    return "UNKNOWN", f"status {error}, which gRPC does not define"


def _joined(initial: Any, trailing: Any) -> Sequence[tuple[str, Any]]:
    """Return initial and trailing metadata together; a gateway that refuses a call may send only one."""
    return (*(initial or ()), *(trailing or ()))
