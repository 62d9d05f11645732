"""Streaming RPCs through the pipeline: one grant from the first message to the end of the stream.

KMI and AS groups have no streaming RPCs; stubs generated from other APIs of the vendor may have some.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from kentik_async._operations.request import Request
from kentik_async._pipeline.call import CallOptions, CallState
from kentik_async._pipeline.pipeline import Pipeline
from kentik_async._pipeline.session import close_grant
from kentik_async._transport.base import Messages, Stream, StreamKind, StreamTransport
from kentik_async.errors import ConfigError, RateLimitedError

__all__ = ["run_stream"]

T = TypeVar("T")


async def run_stream(
    pipeline: Pipeline,
    request: Request[T],
    kind: StreamKind,
    messages: Messages,
    options: CallOptions,
    timeout: float | None,
) -> AsyncGenerator[T, None]:
    """Send a streaming request and yield the responses as they arrive.

    A request that is rate-limited before its first response is sent again, unless the request itself is a
    stream, which cannot be sent twice. Nothing else is retried.

    Args:
        pipeline: The client's pipeline.
        request: The request; its body is `messages`.
        kind: Which sides of the RPC stream.
        messages: The encoded message, or the stream of them.
        options: The caller's options; `options.timeout` does not apply to a stream.
        timeout: The maximum time of the whole stream, in seconds; None for no limit.

    Raises:
        KentikError: See the tree in `errors.py`.
    """
    call = pipeline.call(request, options)
    begun = False
    try:
        while True:
            async with _open_stream(pipeline, call, kind, messages, timeout) as stream:
                async for raw in stream:
                    begun = True
                    yield request.decode(raw)
                reply = await stream.reply()
            if reply.error is None:
                break
            if begun or not isinstance(reply.error, RateLimitedError) or not isinstance(messages, bytes):
                raise reply.error  # noqa: TRY301 (`call.fail` sets its operation)
            pipeline.queue_again(call, reply.error)
    except BaseException as error:
        call.fail(error)
        raise
    if call.trace is not None:
        call.trace.end(sent=call.sent, waited=call.waited)


@asynccontextmanager
async def _open_stream(
    pipeline: Pipeline, call: CallState, kind: StreamKind, messages: Messages, timeout: float | None
) -> AsyncIterator[Stream]:
    """Start a streaming call when the quota allows, and hold its grant until the block ends."""
    session = pipeline.session()
    connector = session.connector(call.request.operation.protocol)
    transport = connector.transport
    if not isinstance(transport, StreamTransport):
        raise ConfigError(f"{call.request.operation.name} is a stream, which needs transport='grpc'")
    if not call.sent:
        call.report("queued", 0.0)
    grant = await session.admit(call, connector)
    sent = pipeline.monotonic()
    try:
        stream = transport.stream(kind, call.request.path, messages, timeout)
    except BaseException:
        grant.close("not_sent")
        raise
    call.sent += 1
    call.report("sent", call.waited)
    session.track(stream)
    try:
        yield stream
    finally:
        session.untrack(stream)
        if stream.done():
            reply = await stream.reply()
            close_grant(grant, reply)
            call.report_end(reply, pipeline.monotonic() - sent)
        else:
            stream.cancel()
            grant.close("unknown")
