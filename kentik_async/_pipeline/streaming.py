"""Streaming RPCs through the pipeline: one grant from the first message to the stream's end.

The KMI and the AS groups have none; stubs made from other parts of the vendor's schema may.
"""

from collections.abc import AsyncGenerator
from typing import TypeVar

from kentik_async._operations import Request
from kentik_async._pipeline import CallOptions, Pipeline
from kentik_async._transport.base import Messages, StreamKind
from kentik_async.errors import KentikError, RateLimitedError

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
    """Send a streaming request and yield what is answered, as it comes.

    A refusal before the first answer is waited out and the request sent again, unless it is a stream
    itself, which cannot be sent twice. Nothing else is repeated.

    Args:
        pipeline: The client's pipeline.
        request: What to send; its body is `messages`.
        kind: Which sides stream.
        messages: The encoded message, or the stream of them.
        options: The caller's choices; `options.timeout` does not bound a stream.
        timeout: How long the whole stream may take, in seconds; None for no bound.

    Raises:
        KentikError: See the tree in `errors.py`.
    """
    call = pipeline.call(request, options)
    begun = False
    try:
        while True:
            async with pipeline.stream(call, kind, messages, timeout) as stream:
                async for raw in stream:
                    begun = True
                    yield request.decode(raw)
                reply = await stream.reply()
            if reply.error is None:
                return
            if begun or not isinstance(reply.error, RateLimitedError) or not isinstance(messages, bytes):
                raise reply.error
            pipeline.bear_refusal(call, reply.error)
    except KentikError as error:
        call.sign(error)
        raise
