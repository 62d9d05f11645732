"""RPCs: their facts, the types of stub methods, and the two sides of a service.

Written by `kentik-async codegen`; changes made here are lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Protocol, TypeAlias, TypeVar

from google.protobuf.message import Message

__all__ = [
    "Channel",
    "MethodSpec",
    "Server",
    "StreamStream",
    "StreamUnary",
    "Stub",
    "UnaryStream",
    "UnaryUnary",
    "bind",
    "serve",
    "unimplemented",
]

_Req_contra = TypeVar("_Req_contra", contravariant=True)
_Resp_co = TypeVar("_Resp_co", covariant=True)
_Metadata = Iterable[tuple[str, str | bytes]]

Server: TypeAlias = Any
"""A `grpc.aio.Server`; messages and stubs do not need grpc."""


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """The facts of one RPC.

    Attributes:
        name: `GetRankings`.
        path: The path on the wire: `/kentik.kmi.v202212.KmiService/GetRankings`.
        verb: The HTTP verb of the JSON mirror; empty if the schema has none.
        http_path: The path template of the JSON mirror; empty if the schema has none.
        body: `*`, the request field that is the HTTP body, or empty for none.
        client_streaming: Whether the client sends a stream.
        server_streaming: Whether the server sends a stream.
        request: The class of the request message.
        response: The class of the response message.
        python_name: `get_rankings`; empty if another RPC of the service has this name.
        doc: The comment of the proto.
    """

    name: str
    path: str
    verb: str
    http_path: str
    body: str
    client_streaming: bool
    server_streaming: bool
    request: type[Message]
    response: type[Message]
    python_name: str = ""
    doc: str = ""

    @property
    def kind(self) -> str:
        """The method of a channel: `unary_unary`, `unary_stream`, `stream_unary` or `stream_stream`."""
        kinds = {False: "unary", True: "stream"}
        return f"{kinds[self.client_streaming]}_{kinds[self.server_streaming]}"


class Channel(Protocol):
    """The channel of a stub: a `grpc.aio.Channel`, or any object with the same methods."""

    def unary_unary(
        self, method: str, request_serializer: Any = ..., response_deserializer: Any = ...
    ) -> Any:
        """Return the callable of an RPC without streams."""
        ...

    def unary_stream(
        self, method: str, request_serializer: Any = ..., response_deserializer: Any = ...
    ) -> Any:
        """Return the callable of an RPC with a response stream."""
        ...

    def stream_unary(
        self, method: str, request_serializer: Any = ..., response_deserializer: Any = ...
    ) -> Any:
        """Return the callable of an RPC with a request stream."""
        ...

    def stream_stream(
        self, method: str, request_serializer: Any = ..., response_deserializer: Any = ...
    ) -> Any:
        """Return the callable of an RPC with both streams."""
        ...


class UnaryUnary(Protocol[_Req_contra, _Resp_co]):
    """An RPC without streams. `idempotent` is for channels that retry; a plain channel rejects it."""

    def __call__(
        self,
        request: _Req_contra,
        *,
        timeout: float | None = ...,
        metadata: _Metadata | None = ...,
        idempotent: bool | None = ...,
    ) -> Awaitable[_Resp_co]: ...


class UnaryStream(Protocol[_Req_contra, _Resp_co]):
    """An RPC with a response stream."""

    def __call__(
        self,
        request: _Req_contra,
        *,
        timeout: float | None = ...,
        metadata: _Metadata | None = ...,
        idempotent: bool | None = ...,
    ) -> AsyncIterable[_Resp_co]: ...


class StreamUnary(Protocol[_Req_contra, _Resp_co]):
    """An RPC with a request stream."""

    def __call__(
        self,
        request_iterator: AsyncIterable[_Req_contra] | Iterable[_Req_contra],
        *,
        timeout: float | None = ...,
        metadata: _Metadata | None = ...,
        idempotent: bool | None = ...,
    ) -> Awaitable[_Resp_co]: ...


class StreamStream(Protocol[_Req_contra, _Resp_co]):
    """An RPC with both streams."""

    def __call__(
        self,
        request_iterator: AsyncIterable[_Req_contra] | Iterable[_Req_contra],
        *,
        timeout: float | None = ...,
        metadata: _Metadata | None = ...,
        idempotent: bool | None = ...,
    ) -> AsyncIterable[_Resp_co]: ...


class Stub:
    """The client side of a service. An instance has a callable for each RPC, under one or two names.

    Attributes:
        METHODS: The facts of each RPC, by its name.
    """

    METHODS: ClassVar[Mapping[str, MethodSpec]] = {}

    def __init__(self, channel: Channel) -> None:
        bind(self, channel)

    def __init_subclass__(cls) -> None:
        """Give the class a documented function for each RPC. The callables of an instance replace them."""
        for spec in cls.METHODS.values():
            for name in (spec.name, spec.python_name):
                if name and name not in cls.__dict__:
                    setattr(cls, name, _documented(cls, name, spec))


def bind(stub: object, channel: Channel) -> None:
    """Create a callable of the channel for each of a stub's `METHODS`."""
    # Of the class: an RPC named METHODS hides them from instances.
    methods: Mapping[str, MethodSpec] = getattr(type(stub), "METHODS", {})
    for spec in methods.values():
        make = getattr(channel, spec.kind)
        call = make(
            spec.path,
            request_serializer=spec.request.SerializeToString,
            response_deserializer=spec.response.FromString,
        )
        setattr(stub, spec.name, call)
        if spec.python_name:
            setattr(stub, spec.python_name, call)


async def unimplemented(servicer: object, request: object, context: Any) -> NoReturn:
    """Answer UNIMPLEMENTED: the default for RPCs that a servicer does not define."""
    import grpc  # imported here because messages do not need grpc

    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")
    raise AssertionError


def serve(service: str, methods: Mapping[str, MethodSpec], servicer: object, server: Server) -> None:
    """Add a servicer to a server.

    Args:
        service: The vendor's name of the service: `kentik.kmi.v202212.KmiService`.
        methods: The RPCs by name.
        servicer: An object with a method for each RPC.
        server: A `grpc.aio.Server` that has not started.
    """
    import grpc  # imported here because messages do not need grpc

    library: Any = grpc
    handlers: dict[str, Any] = {}
    for name, spec in methods.items():
        make = getattr(library, f"{spec.kind}_rpc_method_handler")
        handlers[name] = make(
            getattr(servicer, name),
            request_deserializer=spec.request.FromString,
            response_serializer=spec.response.SerializeToString,
        )
    server.add_generic_rpc_handlers((library.method_handlers_generic_handler(service, handlers),))


def _documented(owner: type[Stub], name: str, spec: MethodSpec) -> Callable[..., NoReturn]:
    """Return a function that is for documentation only."""

    def method(
        self: object,
        request: object,
        *,
        timeout: float | None = None,
        metadata: _Metadata | None = None,
        idempotent: bool | None = None,
    ) -> NoReturn:
        raise TypeError(f"{owner.__name__}.{name} must be called on an instance of {owner.__name__}")

    method.__name__, method.__qualname__ = name, f"{owner.__qualname__}.{name}"
    method.__module__ = owner.__module__
    sent = f"{'a stream of ' if spec.client_streaming else ''}{spec.request.__name__}"
    received = f"{'a stream of ' if spec.server_streaming else ''}{spec.response.__name__}"
    types = f"Takes {sent}, returns {received}."
    method.__doc__ = f"{spec.doc}\n\n{types}" if spec.doc else types
    return method
