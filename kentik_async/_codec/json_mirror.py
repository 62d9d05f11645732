"""Translates between protobuf messages and the JSON mirror of API v6, as google.api.http defines it. Pure."""

import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message

from kentik_async._codec.json_messages import message_from_dict
from kentik_async._generated._runtime import MethodSpec
from kentik_async.errors import ConfigError, DecodeError, ValidationError

__all__ = ["JsonRequest", "from_json", "to_json"]

_PLACEHOLDER = re.compile(r"{([^}=]+)(?:=[^}]*)?}")
_MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class JsonRequest:
    """An RPC as an HTTP request.

    Attributes:
        path: The path, percent-encoded.
        params: The query parameters; a repeated field is repeated.
        body: The JSON document; empty for none.
    """

    path: str
    params: tuple[tuple[str, str], ...]
    body: bytes


def to_json(rpc: MethodSpec, serialized: bytes) -> JsonRequest:
    """Translate the request message of an RPC.

    Args:
        rpc: The RPC.
        serialized: The message's bytes.

    Raises:
        ConfigError: The schema has no path in the JSON mirror for the RPC.
        ValidationError: A field that is part of the path is empty, or a URL cannot contain a value.
    """
    if not rpc.http_path:
        raise ConfigError(f"{rpc.name} has no path in the JSON mirror of API v6; use transport='grpc'")
    message = rpc.request.FromString(serialized)
    names = _PLACEHOLDER.findall(rpc.http_path)
    texts = {name: _path_text(rpc, message, name) for name in names}
    for name in names:
        owner, field = _owner(message, name)
        owner.ClearField(field)
    path = _PLACEHOLDER.sub(lambda match: texts[match[1]], rpc.http_path)
    if rpc.body == "*":
        return JsonRequest(path, (), msgspec.json.encode(json_format.MessageToDict(message)))
    body = b""
    if rpc.body:
        document = json_format.MessageToDict(message, preserving_proto_field_name=True)
        body = msgspec.json.encode(document.get(rpc.body, {}))
        message.ClearField(rpc.body)
    fields = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return JsonRequest(path, tuple(_params(rpc, fields)), body)


def from_json(rpc: MethodSpec, raw: bytes, *, known_names: bool = False) -> bytes:
    """Return the bytes of the response message that a JSON document represents; unknown fields are ignored.

    Args:
        rpc: The RPC.
        raw: The document; it may be empty if the message has no fields.
        known_names: Whether an unknown name of an enum value is an error; otherwise it is ignored.

    Raises:
        DecodeError: The document is not JSON, or not such a message.
    """
    if not raw.strip() and not rpc.response.DESCRIPTOR.fields:
        return b""
    name = rpc.response.__name__
    try:
        document = msgspec.json.decode(raw)
        if not isinstance(document, dict):
            raise DecodeError(f"cannot read the response: expected a JSON object with a {name}")
        message = message_from_dict(rpc.response, document, known_names=known_names)
        return message.SerializePartialToString()
    except json_format.ParseError as error:
        raise DecodeError(f"cannot read the response as {name}: {str(error)[:200]}") from None
    except (msgspec.DecodeError, UnicodeError):
        pass
    except (RecursionError, ValueError, AttributeError, TypeError) as error:
        # json_format does not check some types: for a list instead of an object, Python raises the error.
        raise DecodeError(f"cannot read the response as {name}: {type(error).__name__}") from None
    start = raw[:_MAX_SHOWN].decode("utf-8", "replace")
    raise DecodeError(
        f"cannot read the response: expected JSON, got {len(raw)} bytes that begin with {start!r}; a proxy "
        "or the login page of a network may have intercepted the connection"
    )


def _owner(message: Message, name: str) -> tuple[Message, str]:
    *outer, field = name.split(".")
    for part in outer:
        message = getattr(message, part)
    return message, field


def _path_text(rpc: MethodSpec, message: Message, name: str) -> str:
    owner, field = _owner(message, name)
    value = getattr(owner, field)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text in ("", ".", ".."):
        # Such a value would select another path.
        raise ValidationError(
            f"{name} must not be empty, '.' or '..', because it is in the path of {rpc.name}; got {text!r}"
        )
    return urllib.parse.quote(text, safe="")


def _params(rpc: MethodSpec, fields: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _params(rpc, value, f"{prefix}{name}.")
            continue
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, dict | list):
                raise ValidationError(
                    f"{prefix}{name} of {rpc.name} is a list of messages, which a URL cannot contain; "
                    "use transport='grpc'"
                )
            yield f"{prefix}{name}", str(item).lower() if isinstance(item, bool) else str(item)
