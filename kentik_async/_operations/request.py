"""A request: one operation with its arguments, and the function that decodes its response."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Generic, Literal, ParamSpec, SupportsIndex, TypeAlias, TypeVar

import msgspec

from kentik_async.errors import ValidationError
from kentik_async.quota import QuotaClass
from kentik_async.retry import Effect

if TYPE_CHECKING:
    from kentik_async._generated._runtime import MethodSpec

__all__ = ["ObjectId", "Operation", "Protocol", "Request", "builds", "rest_operation", "rpc_operation"]

P = ParamSpec("P")
T = TypeVar("T")

Protocol: TypeAlias = Literal["grpc", "rest", "v6_rest"]
ObjectId: TypeAlias = str | SupportsIndex


@dataclass(frozen=True, slots=True)
class Operation:
    """The properties that all requests of one operation share.

    Attributes:
        name: The name in errors and events: resource and method.
        protocol: "grpc" for the RPCs of API v6, which the client may send over REST; "rest" for API v5;
            "v6_rest" for a path of API v6 as JSON.
        verb: The HTTP method; for an RPC, that of the JSON mirror.
        effect: The effect of a request on the server; it decides whether the request may be sent again.
        quota_class: The quota class in which its requests count.
    """

    name: str
    protocol: Protocol
    verb: str
    effect: Effect
    quota_class: QuotaClass = "non_query"


# A Struct, because each call creates one: a frozen dataclass takes twice as long.
class Request(msgspec.Struct, Generic[T], frozen=True):
    """One operation with its arguments; it can be sent any number of times. Its `repr` leaves out the body.

    Attributes:
        operation: The operation.
        path: The RPC's full name, or the path on the REST base URL.
        decode: Decodes the response's bytes into the result; raises DecodeError.
        body: The encoded message or document.
        params: The URL's query parameters.
        on_arrival: Called with the response's bytes as soon as they arrive, before the next request is sent;
            the call fails with a KentikError that it raises.
        on_send: Called each time that the request is sent, retries included.
        rpc: The RPC of a generated stub; None for the operations of this package.
        written_back: Whether a changed copy of the response replaces the object. Then a value that JSON
            cannot represent is an error, because the write would remove it.
    """

    operation: Operation
    path: str
    decode: Callable[[bytes], T]
    body: bytes = b""
    params: Mapping[str, str] | Sequence[tuple[str, str]] | None = None
    on_arrival: Callable[[bytes], None] | None = None
    on_send: Callable[[], None] | None = None
    rpc: "MethodSpec | None" = None
    written_back: bool = False

    def __repr__(self) -> str:
        return f"Request({self.operation!r}, {self.path!r}, params={self.params!r})"


def rpc_operation(name: str, verb: str, effect: Effect) -> Operation:
    """Return an operation of API v6."""
    return Operation(name, "grpc", verb, effect)


def rest_operation(name: str, verb: str, effect: Effect) -> Operation:
    """Return an operation of API v5."""
    return Operation(name, "rest", verb, effect)


def builds(operation: Operation) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator that names the operation in each `ValidationError` of the decorated function."""

    def decorate(build: Callable[P, T]) -> Callable[P, T]:
        @wraps(build)
        def build_named(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return build(*args, **kwargs)
            except ValidationError as error:
                error.operation = operation.name
                raise

        return build_named

    return decorate
