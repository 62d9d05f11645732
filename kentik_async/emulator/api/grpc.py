"""API v6 over gRPC."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from kentik_async.emulator.api.v6 import RPCS, Rpc
from kentik_async.emulator.engine.auth import User
from kentik_async.emulator.engine.dispatcher import Desk, Incoming, Outcome
from kentik_async.emulator.engine.faults import RefusalShape
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.tcp_proxy import Door
from kentik_async.emulator.world.state import State

__all__ = ["GrpcApp", "brief"]

_Context = grpc.aio.ServicerContext[bytes, bytes]


class GrpcApp:
    """Answers the calls of API v6 that come by gRPC.

    Bytes go in and out, so that an answer that is remembered is not serialised again.
    """

    def __init__(
        self, desk: Desk, state: State, *, shape: RefusalShape, door: Callable[[int], Door | None]
    ) -> None:
        self._desk = desk
        self._state = state
        self._shape: RefusalShape = shape
        self._door = door

    def handlers(self) -> Iterator[grpc.GenericRpcHandler]:
        """Yield a handler for each service."""
        for service, rpcs in groupby(RPCS, key=lambda rpc: rpc.service):
            methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
                rpc.spec.name: grpc.unary_unary_rpc_method_handler(self._behaviour(rpc)) for rpc in rpcs
            }
            yield grpc.method_handlers_generic_handler(service, methods)

    def _behaviour(self, rpc: Rpc) -> Callable[[bytes, _Context], Awaitable[bytes]]:
        async def behave(raw: bytes, context: _Context) -> bytes:
            door = self._door(int(context.peer().rpartition(":")[2]))
            received = asyncio.get_running_loop().time() if door is None else door.heard
            metadata = dict(context.invocation_metadata() or ())
            try:
                request = rpc.spec.request.FromString(raw)
            except DecodeError:
                request = None
            incoming = Incoming(
                operation=rpc.name,
                path=rpc.spec.path,
                transport="grpc",
                received=received,
                credentials=(_text(metadata, "x-ch-auth-email"), _text(metadata, "x-ch-auth-api-token")),
                scope=rpc.scope,
                writes=rpc.writes,
                arguments=brief(request) if request is not None else {},
            )

            def work(user: User) -> bytes:
                if request is None:
                    raise AnswerError("INVALID_ARGUMENT", f"the request is no {rpc.spec.request.__name__}")
                return rpc.answer(self._state, user.customer, request)

            outcome = await self._desk.serve(incoming, work)
            if door is not None:
                if outcome.dropped:
                    door.cut()
                else:
                    door.on_departure(outcome.leave)
            return await self._reply(outcome, context)

        return behave

    async def _reply(self, outcome: Outcome, context: _Context) -> bytes:
        fault = outcome.fault
        if outcome.dropped:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "connection cut")
        body = None if fault is None or fault.body is None else fault.body
        if outcome.error is not None:
            shape = (fault.shape if fault is not None else None) or self._shape
            details = outcome.error.message
            if body is not None:
                details = body if isinstance(body, str) else body.decode("utf-8", "replace")
            await _abort(context, outcome.error, details, shape, outcome.headers)
        if outcome.headers:
            context.set_trailing_metadata(tuple(outcome.headers.items()))
        if body is not None:
            return body.encode() if isinstance(body, str) else body
        return bytes(outcome.payload)


async def _abort(
    context: _Context, error: AnswerError, details: str, shape: RefusalShape, headers: Mapping[str, str]
) -> None:
    """End a call with an error; a refusal in the shape in which the vendor's gateway may show it."""
    code, trailers = grpc.StatusCode[error.code], (*headers.items(), *error.headers.items())
    if error.code == "RESOURCE_EXHAUSTED" and shape == "http2_429":
        # What a client makes of a plain HTTP 429 from a proxy that does not speak gRPC.
        code, details, trailers = grpc.StatusCode.UNAVAILABLE, "Received http2 header with status: 429", ()
    elif error.code == "RESOURCE_EXHAUSTED" and shape == "envoy":
        code, trailers = grpc.StatusCode.UNAVAILABLE, (*trailers, ("x-envoy-ratelimited", "true"))
    await context.abort(code, details, trailers)


def _text(metadata: Mapping[str, str | bytes], name: str) -> str | None:
    value = metadata.get(name)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def brief(message: Message) -> dict[str, Any]:
    """Return the fields that are set in a message, by name, for the record."""
    return {field.name: _plain(value) for field, value in message.ListFields()}


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return brief(value)
    if isinstance(value, str | int | float | bool):
        return value
    return [_plain(item) for item in value]
