"""The JSON mirror of API v6: the mapping between HTTP and messages, as in grpc-gateway."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from kentik_async.emulator.api.v6 import RPCS, Rpc
from kentik_async.emulator.errors import GRPC_CODES, AnswerError

__all__ = ["error_body", "read", "routes", "write"]

# protobuf 5.26 renamed the option that prints fields with default values.
_DEFAULTS = next(
    name
    for name in ("always_print_fields_with_no_presence", "including_default_value_fields")
    if name in inspect.signature(json_format.MessageToDict).parameters
)
# The vendor's page has a path and relation names that its schema does not have.
_PRINTED_PATHS = {"kmi.get_rankings": "/kmi/v202212/market/{market_id}/rankings/{rank_type}"}
_PRINTED_RELATIONS = {"customer": "customers", "provider": "providers", "peer": "peers"}


def routes() -> Iterator[tuple[Rpc, str]]:
    """Yield each call with each of its paths, with `{a.b}` written as `{a__b}`."""
    for rpc in RPCS:
        yield rpc, _route(rpc.spec.http_path)
        if rpc.name in _PRINTED_PATHS:
            yield rpc, _route(_PRINTED_PATHS[rpc.name])


def read(rpc: Rpc, raw: bytes, placeholders: Mapping[str, str], query: Iterable[tuple[str, str]]) -> Message:
    """Return the request message of an HTTP request.

    Args:
        rpc: The call.
        raw: The body of the HTTP request.
        placeholders: The values in the path, by the names in the route.
        query: The query parameters.

    Raises:
        AnswerError: 400; the body is not valid JSON, or a value has the wrong type.
    """
    request = rpc.spec.request()
    try:
        if rpc.spec.body and raw:
            json_format.Parse(raw, request, ignore_unknown_fields=True)
        if not rpc.spec.body:
            parameters: dict[str, list[str]] = {}
            for name, value in query:
                parameters.setdefault(name, []).append(value)
            for name, values in parameters.items():
                _set(request, name.split("."), values)
        for name, value in placeholders.items():
            _set(request, name.split("__"), [value])
    except json_format.ParseError as error:
        raise AnswerError("INVALID_ARGUMENT", str(error)) from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise AnswerError("INVALID_ARGUMENT", "the body is not valid JSON") from None
    if rpc.name == "kmi.get_asn_details":
        relation = getattr(request, "type", "")
        _set(request, ["type"], [_PRINTED_RELATIONS.get(relation, relation)])
    return request


def write(rpc: Rpc, serialized: bytes) -> dict[str, Any]:
    """Return an answer as JSON, with the JSON names of the schema."""
    options: dict[str, Any] = {_DEFAULTS: True}
    return json_format.MessageToDict(rpc.spec.response.FromString(serialized), **options)


def error_body(error: AnswerError) -> dict[str, Any]:
    """Return an error as the gateway writes it."""
    return {"code": GRPC_CODES[error.code][0], "message": error.message, "details": []}


def _route(template: str) -> str:
    return re.sub(r"{([^}]*)}", lambda match: "{" + match[1].replace(".", "__") + "}", template)


def _set(message: Message, names: list[str], values: list[str]) -> None:
    """Set a field from text: a repeated one to all values, others to the last. Ignore unknown fields."""
    *outer, name = names
    for part in outer:
        inner = getattr(message, part, None)
        if not isinstance(inner, Message):
            return
        message = inner
    repeated = hasattr(getattr(message, name, None), "extend")
    json_format.ParseDict({name: values if repeated else values[-1]}, message, ignore_unknown_fields=True)
