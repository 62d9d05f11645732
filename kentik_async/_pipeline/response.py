"""The metadata of a response: `Response`, and the caller that records it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from kentik_async._pipeline.call import CallState
from kentik_async._pipeline.caller import Caller
from kentik_async._transport.headers import Headers

__all__ = ["Recorder", "Response"]

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Response(Generic[T_co]):
    """A result and the metadata of its response; the last response if the method sends several requests.

    Attributes:
        result: What the method returns without `with_response`.
        headers: The response's headers; names ignore case. Over gRPC: initial and trailing metadata together.
        http_status: The HTTP status; None over gRPC.
        grpc_status: The name of the gRPC status; None over REST.
        request_id: The header `x-request-id`; None if absent.
        attempts: The number of times that this request was sent.
        waited: Seconds in the queue, for all attempts together.
        elapsed: Seconds of the last attempt, from sending to the response.
    """

    result: T_co
    headers: Mapping[str, str] = field(repr=False)
    http_status: int | None
    grpc_status: str | None
    request_id: str | None
    attempts: int
    waited: float
    elapsed: float


class Recorder:
    """Records the calls of one method.

    Attributes:
        caller: Runs requests like the given caller.
    """

    def __init__(self, caller: Caller) -> None:
        self.caller = replace(caller, on_call=self._remember)
        self._calls: list[CallState] = []

    def response(self, result: T) -> Response[T]:
        """Return the result with the metadata of the last response."""
        call = self._calls[-1]
        reply = call.reply
        if reply is None:
            raise RuntimeError("the last call has no response")
        # An edit makes one call for each write, because the object is read again after a failed one.
        operation = call.request.operation.name
        same = [one for one in self._calls if one.request.operation.name == operation]
        headers = Headers(reply.headers)
        return Response(
            result=result,
            headers=headers,
            http_status=reply.http_status,
            grpc_status="OK" if reply.http_status is None else None,
            request_id=headers.get("x-request-id"),
            attempts=sum(one.sent for one in same),
            waited=sum(one.waited for one in same),
            elapsed=call.elapsed,
        )

    def _remember(self, call: CallState) -> None:
        self._calls.append(call)
