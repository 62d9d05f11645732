"""The runtime of the generated packages: registers messages, binds stubs, serves servicers.

Written by `python -m codegen`; changes made here are lost.
"""

from __future__ import annotations

import copyreg
import pkgutil
import re
from collections.abc import AsyncIterable, Awaitable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import Any, NoReturn, Protocol, TypeVar

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

__all__ = ["MethodSpec", "bind", "load", "serve", "unimplemented"]

_ROOT = __name__.rpartition(".")[0]
_OWN = "kentik_async"
_PREFIX = _OWN if _ROOT == "kentik_async._generated" else f"{_OWN}/{re.sub(r'[^A-Za-z0-9_]', '_', _ROOT)}"
"""Prefix of the registered file names. A generated tree outside the SDK has a different prefix, because it
may contain other versions of the SDK's protos, and both must work in one process."""


_Req_contra = TypeVar("_Req_contra", contravariant=True)
_Resp_co = TypeVar("_Resp_co", covariant=True)
_Metadata = Iterable[tuple[str, str | bytes]]


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


def load(module: str) -> dict[str, Any]:
    """Register the messages and enums of a package in the default pool.

    Args:
        module: The `__name__` of the package; its `descriptors.binpb` is in the same folder.

    Returns:
        The names that the package binds: message classes, enums and their values.

    Raises:
        TypeError: Other messages are registered under the same names.
    """
    result: dict[str, Any] = {}
    for name in _files(module.removeprefix(f"{_ROOT}.").replace(".", "/")):
        file = _register(name)
        for message in file.message_types_by_name.values():
            result[message.name] = _message_class(message, module, message.name)
        for enum in file.enum_types_by_name.values():
            result[enum.name] = EnumTypeWrapper(enum)
            result.update({value.name: value.number for value in enum.values})
    return result


def bind(stub: Any, channel: Channel) -> None:
    """Create a callable of the channel for each of a stub's `METHODS`."""
    for spec in stub.METHODS.values():
        make = getattr(channel, spec.kind)
        call = make(
            spec.path,
            request_serializer=spec.request.SerializeToString,
            response_deserializer=spec.response.FromString,
        )
        setattr(stub, spec.name, call)


async def unimplemented(servicer: object, request: object, context: Any) -> NoReturn:
    """Answer UNIMPLEMENTED: the default for RPCs that a servicer does not define."""
    import grpc  # imported here because messages do not need grpc

    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")
    raise AssertionError


def serve(service: str, methods: Mapping[str, MethodSpec], servicer: object, server: Any) -> None:
    """Add a servicer to a server.

    Args:
        service: The vendor's name of the service: `kentik.kmi.v202212.KmiService`.
        methods: The RPCs by name.
        servicer: An object with a method for each RPC.
        server: A `grpc.aio.Server` that has not started.
    """
    import grpc  # imported here because messages do not need grpc

    handlers = {}
    for name, spec in methods.items():
        make = getattr(grpc, f"{spec.kind}_rpc_method_handler")
        handlers[name] = make(
            getattr(servicer, name),
            request_deserializer=spec.request.FromString,
            response_serializer=spec.response.SerializeToString,
        )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))


@cache
def _files(package: str) -> Mapping[str, descriptor_pb2.FileDescriptorProto]:
    """Return the files of a package by name; `package` is its folder below the root."""
    data = pkgutil.get_data(_ROOT, f"{package}/descriptors.binpb")
    if data is None:
        raise ImportError(f"{_ROOT}/{package}/descriptors.binpb is missing")
    files = descriptor_pb2.FileDescriptorSet.FromString(data).file
    if _PREFIX != _OWN:
        for file in files:
            _move(file)
    return {file.name: file for file in files}


def _move(file: descriptor_pb2.FileDescriptorProto) -> None:
    """Rename a file and its types with the prefix of this tree."""
    file.name = _moved(file.name)
    file.package = _moved(file.package)
    file.dependency[:] = [_moved(name) for name in file.dependency]
    messages, fields = [*file.message_type], [*file.extension]
    while messages:
        message = messages.pop()
        messages += message.nested_type
        fields += [*message.field, *message.extension]
    for field in fields:
        if field.type_name:  # a scalar must not have an empty one
            field.type_name = _moved(field.type_name)
        if field.extendee:
            field.extendee = _moved(field.extendee)


def _moved(name: str) -> str:
    """Return the name of a file, package or type with the prefix of this tree; keep well-known names."""
    types = _PREFIX.replace("/", ".")
    for old, new in ((f"{_OWN}/", f"{_PREFIX}/"), (f"{_OWN}.", f"{types}."), (f".{_OWN}.", f".{types}.")):
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


@cache
def _register(name: str) -> Any:
    """Add a file to the default pool, after the files that it imports; return its descriptor.

    This works file by file, because two packages may import each other although no two files do.
    """
    pool = descriptor_pool.Default()
    if not name.startswith(f"{_PREFIX}/"):
        import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        return pool.FindFileByName(name)
    package = name.removeprefix(f"{_PREFIX}/").rpartition("/")[0]
    file = _files(package)[name]
    for dependency in file.dependency:
        _register(dependency)
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindFileByName(name)


def _message_class(descriptor: Any, module: str, qualname: str) -> type[Message]:
    """Return the class of a message with its nested classes. Pickle finds each by its module and name."""
    result: type[Message] = GetMessageClass(descriptor)
    result.__module__ = module
    result.__qualname__ = qualname
    if descriptor.containing_type is not None:
        # By default, protobuf finds a nested class only if the unpickling process has already imported it.
        copyreg.pickle(result, _reduce)
    for nested in descriptor.nested_types:
        if not nested.GetOptions().map_entry:
            setattr(result, nested.name, _message_class(nested, module, f"{qualname}.{nested.name}"))
    for enum in descriptor.enum_types:
        setattr(result, enum.name, EnumTypeWrapper(enum))
    return result


def _reduce(message: Message) -> tuple[Any, tuple[str, str, bytes]]:
    kind = type(message)
    return _restore, (kind.__module__, kind.__qualname__, message.SerializePartialToString())


def _restore(module: str, qualname: str, data: bytes) -> Message:
    message: Message = attrgetter(qualname)(import_module(module))()
    message.MergeFromString(data)
    return message
