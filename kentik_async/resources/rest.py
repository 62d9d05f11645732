"""Requests to any path of API v5, or of API v6 as JSON, with the quota, errors and retries of all calls."""

import json
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from kentik_async._operations.request import Operation, Protocol, Request
from kentik_async._pipeline.caller import Caller
from kentik_async.errors import DecodeError, ValidationError
from kentik_async.quota import QUOTA_CLASSES, QuotaClass
from kentik_async.retry import Effect

__all__ = ["Rest"]

_EFFECTS: Mapping[str, Effect] = {
    "GET": Effect.READ,
    "HEAD": Effect.READ,
    "PUT": Effect.REPLACE,
    "DELETE": Effect.REPLACE,
    "POST": Effect.CREATE,
    "PATCH": Effect.CREATE,
}
_V6_PATH = re.compile(r"/[^/?]+/v\d{6}\w*(?:[/?]|$)")


class Rest:
    """Raw access to API v5, and to API v6 as JSON."""

    def __init__(self, caller: Caller) -> None:
        self._run = caller.run

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str | float] | None = None,
        quota_class: QuotaClass = "non_query",
        idempotent: bool | None = None,
    ) -> Any:
        """Send a request to an endpoint and return the decoded response.

        Args:
            method: GET, HEAD, PUT, DELETE, POST or PATCH.
            path: The path on the client's REST endpoint, such as "/devices"; not a URL. If its second
                segment is a version, as in "/kmi/v202212/markets", it is a path of API v6.
            json: The JSON document to send; None sends no body.
            params: The URL's query parameters; True and False are sent as "true" and "false".
            quota_class: The quota class that the request counts in: "query" for the v5 Query API.
            idempotent: Whether sending the request twice has the same result as sending it once, so that it
                may be sent again after a failure. By default True for GET, HEAD, PUT and DELETE.

        Returns:
            The decoded JSON, or None for an empty response.

        Raises:
            ValidationError: An argument is invalid; nothing was sent.
            DecodeError: The response is not JSON.
            KentikError: Any other error, as for every call.
        """
        try:
            request = _request(method, path, json, params, quota_class, idempotent)
        except ValidationError as error:
            error.operation = "rest.request"
            raise
        return await self._run(request)


def _request(
    method: str,
    path: str,
    document: Any,
    params: Mapping[str, str | float] | None,
    quota_class: QuotaClass,
    idempotent: bool | None,
) -> Request[Any]:
    verb = method.upper() if isinstance(method, str) else method
    if verb not in tuple(_EFFECTS):
        raise ValidationError(f"method must be one of {', '.join(_EFFECTS)}; got {method!r}")
    if quota_class not in QUOTA_CLASSES:
        raise ValidationError(f"quota_class must be one of {', '.join(QUOTA_CLASSES)}; got {quota_class!r}")
    path, query = _safe_path(path), None if params is None else _texts(params)
    protocol: Protocol = "v6_rest" if _V6_PATH.match(path) else "rest"
    operation = Operation(f"rest.{verb.lower()}", protocol, verb, _effect(verb, idempotent), quota_class)
    return Request(operation, path, _decode, _encode(document), query)


def _effect(verb: str, idempotent: bool | None) -> Effect:
    default = _EFFECTS[verb]
    if idempotent is None or (idempotent and default is not Effect.CREATE):
        return default
    return Effect.REPLACE if idempotent else Effect.CREATE


def _safe_path(path: str) -> str:
    """Reject a path that would send the token to another host or leave the base path."""
    allowed = 'a path on the REST endpoint that begins with one slash, such as "/devices"'
    if not isinstance(path, str) or not re.fullmatch(r"/(?!/)[!-~]*", path):
        raise ValidationError(f"path must be {allowed}; got {path!r}")
    segments = re.split(r"[/\\]", urllib.parse.unquote(path))
    if "\\" in path or ".." in segments or "#" in path:
        raise ValidationError(f"path must be {allowed}, without '..', '#' or backslashes; got {path!r}")
    return path


def _texts(params: Mapping[str, str | float]) -> dict[str, str]:
    if not isinstance(params, Mapping):
        raise ValidationError(f"params must be a mapping of names to strings or numbers; got {params!r}")
    texts = {name: _text(name, value) for name, value in params.items()}
    for name, text in texts.items():
        if not _can_be_sent(name + text):
            raise ValidationError(f"params must not contain lone surrogates; got {name!r}: {text!r}")
    return texts


def _text(name: object, value: object) -> str:
    if not isinstance(name, str) or not isinstance(value, str | int | float):
        raise ValidationError(
            f"params must be a mapping of names to strings or numbers; got {name!r}: {value!r}"
        )
    try:
        return str(value).lower() if isinstance(value, bool) else str(value)
    except ValueError:  # Python converts no integer of more than 4300 digits
        raise ValidationError(f"params[{name!r}] must have fewer than 4300 digits") from None


def _can_be_sent(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encode(document: Any) -> bytes:
    if document is None:
        return b""
    try:
        return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationError(f"json must be a JSON document: {error}") from None


def _decode(raw: bytes) -> Any:
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the response is not JSON: {str(error)[:200]}") from None
