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
from kentik_async.emulator.engine.dispatcher import Dispatcher, DispatchResult, IncomingRequest
from kentik_async.emulator.engine.faults import RefusalShape
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.tcp_proxy import ProxiedConnection
from kentik_async.emulator.world.state import EmulatorState

__all__ = ["GrpcApp", "brief"]

_Context = grpc.aio.ServicerContext[bytes, bytes]


class GrpcApp:
    """Serves API v6 over gRPC.

    Handlers return bytes, so that cached answers are not serialized again.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        state: EmulatorState,
        *,
        refusal_shape: RefusalShape,
        connection: Callable[[int], ProxiedConnection | None],
    ) -> None:
        self._dispatcher = dispatcher
        self._state = state
        self._refusal_shape: RefusalShape = refusal_shape
        self._connection = connection

    def handlers(self) -> Iterator[grpc.GenericRpcHandler]:
        """Yield the handler of each service."""
        for service, rpcs in groupby(RPCS, key=lambda rpc: rpc.service):
            methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
                rpc.spec.name: grpc.unary_unary_rpc_method_handler(self._behaviour(rpc)) for rpc in rpcs
            }
            yield grpc.method_handlers_generic_handler(service, methods)

    def _behaviour(self, rpc: Rpc) -> Callable[[bytes, _Context], Awaitable[bytes]]:
        async def behave(raw: bytes, context: _Context) -> bytes:
            connection = self._connection(int(context.peer().rpartition(":")[2]))
            received = asyncio.get_running_loop().time() if connection is None else connection.last_received
            metadata = dict(context.invocation_metadata() or ())
            try:
                request = rpc.spec.request.FromString(raw)
            except DecodeError:
                request = None
            incoming = IncomingRequest(
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
                    raise AnswerError(
                        "INVALID_ARGUMENT", f"the request is not a valid {rpc.spec.request.__name__}"
                    )
                return rpc.answer(self._state, user.customer, request)

            result = await self._dispatcher.serve(incoming, work)
            if connection is not None:
                if result.dropped:
                    connection.cut()
                else:
                    connection.on_next_send(result.on_sent)
            return await self._reply(result, context)

        return behave

    async def _reply(self, result: DispatchResult, context: _Context) -> bytes:
        fault = result.fault
        if result.dropped:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "connection cut")
        body = None if fault is None or fault.body is None else fault.body
        if result.error is not None:
            shape = (fault.shape if fault is not None else None) or self._refusal_shape
            details = result.error.message
            if body is not None:
                details = body if isinstance(body, str) else body.decode("utf-8", "replace")
            await _abort(context, result.error, details, shape, result.headers)
        if result.headers:
            context.set_trailing_metadata(tuple(result.headers.items()))
        if body is not None:
            return body.encode() if isinstance(body, str) else body
        return bytes(result.payload)


async def _abort(
    context: _Context, error: AnswerError, details: str, shape: RefusalShape, headers: Mapping[str, str]
) -> None:
    """End a call with an error. A refusal has one of the forms that the vendor's gateway may give it."""
    code, trailers = grpc.StatusCode[error.code], (*headers.items(), *error.headers.items())
    if error.code == "RESOURCE_EXHAUSTED" and shape == "http2_429":
        # gRPC clients report this for a plain HTTP 429 from a proxy that does not speak gRPC.
        code, details, trailers = grpc.StatusCode.UNAVAILABLE, "Received http2 header with status: 429", ()
    elif error.code == "RESOURCE_EXHAUSTED" and shape == "envoy":
        code, trailers = grpc.StatusCode.UNAVAILABLE, (*trailers, ("x-envoy-ratelimited", "true"))
    await context.abort(code, details, trailers)


def _text(metadata: Mapping[str, str | bytes], name: str) -> str | None:
    value = metadata.get(name)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def brief(message: Message) -> dict[str, Any]:
    """Return the set fields of a message by name, for the call log."""
    return {field.name: _plain(value) for field, value in message.ListFields()}


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return brief(value)
    if isinstance(value, str | int | float | bool):
        return value
    return [_plain(item) for item in value]
