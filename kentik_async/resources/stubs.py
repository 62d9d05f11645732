"""Any generated stub under the same quota, errors and retries as the rest."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError as WireError
from google.protobuf.message import Message

from kentik_async._generated._runtime import MethodSpec
from kentik_async._operations import Operation, Request
from kentik_async._pipeline.caller import Caller
from kentik_async._pipeline.streaming import run_stream
from kentik_async._transport.base import Messages, StreamKind
from kentik_async.errors import ConfigError, DecodeError, KentikError, ValidationError
from kentik_async.retry import Effect

__all__ = ["StubChannel", "stub_channel"]

_Deserializer: TypeAlias = Callable[[bytes], Any]
_Messages: TypeAlias = AsyncIterable[Message] | Iterable[Message]


def stub_channel(caller: Caller, stub_class: object) -> "StubChannel":
    """Return what a stub of that class is to be made on.

    Raises:
        ConfigError: The class was not made by `python -m codegen`.
    """
    methods = getattr(stub_class, "METHODS", None)
    if not isinstance(methods, Mapping):
        name = getattr(stub_class, "__name__", repr(stub_class))
        raise ConfigError(f"{name} is no stub made by `python -m codegen`: it carries no METHODS")
    return StubChannel(caller, {spec.path: spec for spec in methods.values()})


class StubChannel:
    """Makes callables as a `grpc.aio.Channel` does; what they send goes through the pipeline."""

    def __init__(self, caller: Caller, methods: Mapping[str, MethodSpec]) -> None:
        self._caller = caller
        self._methods = methods

    def unary_unary(self, method: str, *, response_deserializer: _Deserializer, **_: Any) -> "_Method":
        """Make the callable of an RPC without streams: its calls are awaited."""
        return _Unary(self._caller, self._methods[method], response_deserializer)

    def unary_stream(self, method: str, *, response_deserializer: _Deserializer, **_: Any) -> "_Method":
        """Make the callable of an RPC that answers a stream: its calls are iterated over."""
        return _UnaryStream(self._caller, self._methods[method], response_deserializer)

    def stream_unary(self, method: str, *, response_deserializer: _Deserializer, **_: Any) -> "_Method":
        """Make the callable of an RPC that is sent a stream: its calls are awaited."""
        return _StreamUnary(self._caller, self._methods[method], response_deserializer)

    def stream_stream(self, method: str, *, response_deserializer: _Deserializer, **_: Any) -> "_Method":
        """Make the callable of an RPC with both streams: its calls are iterated over."""
        return _StreamStream(self._caller, self._methods[method], response_deserializer)


class _Method:
    """One RPC of a stub."""

    def __init__(self, caller: Caller, spec: MethodSpec, deserialize: _Deserializer) -> None:
        self._caller = caller
        self._spec = spec
        self._decode = partial(_decode, deserialize)
        self._name = spec.path.rpartition(".")[2].replace("/", ".")

    def _caller_with(self, timeout: float | None) -> Caller:
        if timeout is None:
            return self._caller
        return replace(self._caller, options=replace(self._caller.options, timeout=timeout))

    def _request(self, body: bytes, idempotent: bool | None, metadata: object) -> Request[Any]:
        if metadata is not None:
            raise ValidationError(f"{self._name} takes no metadata: credentials go along by themselves")
        verb = self._spec.verb or "POST"
        if verb == "GET" and idempotent is not False:
            effect = Effect.READ
        else:
            effect = Effect.REPLACE if idempotent else Effect.CREATE
        return Request(Operation(self._name, "grpc", verb, effect), self._spec.path, self._decode, body)

    def _encode(self, message: Message) -> bytes:
        if not isinstance(message, self._spec.request):
            kind = type(message).__name__
            raise ValidationError(f"{self._name} takes a {self._spec.request.__name__}, not a {kind}")
        return message.SerializeToString()

    def _stream(
        self, kind: StreamKind, request: Request[Any], messages: Messages, timeout: float | None
    ) -> AsyncGenerator[Any, None]:
        # Validates the timeout; how long a stream waits and lasts is otherwise its own.
        options = self._caller_with(timeout).options
        return run_stream(self._caller.pipeline, request, kind, messages, options, timeout)

    async def _stream_out(
        self, kind: StreamKind, request: Request[Any], messages: "_Outgoing", timeout: float | None
    ) -> AsyncGenerator[Any, None]:
        async with aclosing(self._stream(kind, request, aiter(messages), timeout)) as answers:
            try:
                async for answer in answers:
                    yield answer
            except KentikError:
                if messages.failure is not None:
                    raise messages.failure from None
                raise


class _Unary(_Method):
    async def __call__(
        self,
        request: Message,
        *,
        timeout: float | None = None,
        metadata: None = None,
        idempotent: bool | None = None,
    ) -> Any:
        asked = self._request(self._encode(request), idempotent, metadata)
        return await self._caller_with(timeout).run(asked)


class _UnaryStream(_Method):
    def __call__(
        self,
        request: Message,
        *,
        timeout: float | None = None,
        metadata: None = None,
        idempotent: bool | None = None,
    ) -> AsyncGenerator[Any, None]:
        asked = self._request(b"", idempotent, metadata)
        return self._stream("unary_stream", asked, self._encode(request), timeout)


class _StreamUnary(_Method):
    async def __call__(
        self,
        request_iterator: _Messages,
        *,
        timeout: float | None = None,
        metadata: None = None,
        idempotent: bool | None = None,
    ) -> Any:
        asked = self._request(b"", idempotent, metadata)
        messages = _Outgoing(request_iterator, self._encode)
        answers = [answer async for answer in self._stream_out("stream_unary", asked, messages, timeout)]
        if not answers:
            raise DecodeError(f"{self._name} was answered without a message")
        return answers[0]


class _StreamStream(_Method):
    def __call__(
        self,
        request_iterator: _Messages,
        *,
        timeout: float | None = None,
        metadata: None = None,
        idempotent: bool | None = None,
    ) -> AsyncGenerator[Any, None]:
        asked = self._request(b"", idempotent, metadata)
        return self._stream_out("stream_stream", asked, _Outgoing(request_iterator, self._encode), timeout)


class _Outgoing:
    """The messages that a caller streams, and how they failed: the library breaks off and says nothing."""

    def __init__(self, messages: _Messages, encode: Callable[[Message], bytes]) -> None:
        self._messages = messages
        self._encode = encode
        self.failure: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            if isinstance(self._messages, AsyncIterable):
                async for message in self._messages:
                    yield self._encode(message)
            else:
                for message in self._messages:
                    yield self._encode(message)
        except Exception as error:
            self.failure = error
            raise


def _decode(deserialize: _Deserializer, raw: bytes) -> Any:
    try:
        return deserialize(raw)
    except WireError as error:
        raise DecodeError(f"the answer is not the message that the schema promises: {error}") from None
