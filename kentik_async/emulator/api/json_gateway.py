"""API v6 as JSON over HTTP, the way grpc-gateway maps it: paths and bodies from the schema's facts."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from kentik_async.emulator.api.v6 import RPCS, Rpc
from kentik_async.emulator.errors import GRPC_CODES, AnswerError

__all__ = ["error_body", "read", "routes", "write"]

# protobuf 5.26 renamed the option that prints fields of implicit presence even when they hold the default.
_DEFAULTS = next(
    name
    for name in ("always_print_fields_with_no_presence", "including_default_value_fields")
    if name in inspect.signature(json_format.MessageToDict).parameters
)
# The vendor's page prints a path and words that its schema does not have.
_PRINTED_PATHS = {"kmi.get_rankings": "/kmi/v202212/market/{market_id}/rankings/{rank_type}"}
_PRINTED_RELATIONS = {"customer": "customers", "provider": "providers", "peer": "peers"}


def routes() -> Iterator[tuple[Rpc, str]]:
    """Yield each call with its path, `{a.b}` written `{a__b}`; a call may have more than one path."""
    for rpc in RPCS:
        yield rpc, _route(rpc.spec.http_path)
        if rpc.name in _PRINTED_PATHS:
            yield rpc, _route(_PRINTED_PATHS[rpc.name])


def read(rpc: Rpc, raw: bytes, placeholders: Mapping[str, str], query: Iterable[tuple[str, str]]) -> Message:
    """Return the request that an HTTP request stands for.

    Args:
        rpc: The call.
        raw: The HTTP request's body.
        placeholders: The values in the path, by the route's names.
        query: The query's parameters.

    Raises:
        AnswerError: 400; the body is no JSON of the schema's form, or a value is not of its field's type.
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
    except (UnicodeDecodeError, RecursionError):
        raise AnswerError("INVALID_ARGUMENT", "the body is no JSON") from None
    if rpc.name == "kmi.get_asn_details":
        relation = getattr(request, "type", "")
        _set(request, ["type"], [_PRINTED_RELATIONS.get(relation, relation)])
    return request


def write(rpc: Rpc, serialized: bytes) -> dict[str, Any]:
    """Return the JSON of an answer, with the schema's JSON names, as the gateway prints it."""
    options: dict[str, Any] = {_DEFAULTS: True}
    return json_format.MessageToDict(rpc.spec.response.FromString(serialized), **options)


def error_body(error: AnswerError) -> dict[str, Any]:
    """Return the gateway's JSON for an error."""
    return {"code": GRPC_CODES[error.code][0], "message": error.message, "details": []}


def _route(template: str) -> str:
    return re.sub(r"{([^}]*)}", lambda match: "{" + match[1].replace(".", "__") + "}", template)


def _set(message: Message, names: list[str], values: list[str]) -> None:
    """Set a field from text: a repeated one to all values, another to the last; an unknown one is ignored."""
    *outer, name = names
    for part in outer:
        inner = getattr(message, part, None)
        if not isinstance(inner, Message):
            return
        message = inner
    repeated = hasattr(getattr(message, name, None), "extend")
    json_format.ParseDict({name: values if repeated else values[-1]}, message, ignore_unknown_fields=True)
