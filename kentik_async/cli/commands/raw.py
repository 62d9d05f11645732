"""`kentik-async raw`: sends requests to any path of API v5, or of API v6 as JSON."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from kentik_async.cli.context import Context, Ctx
from kentik_async.cli.parameters import Flag
from kentik_async.errors import ValidationError

__all__ = ["raw"]


async def raw(
    method: str,
    path: str,
    /,
    *,
    data: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    query: list[str] | None = None,
    query_class: Flag = False,
    idempotent: Flag = False,
    context: Ctx,
) -> None:
    """Send a request to any path of API v5 or API v6.

    The response is printed as JSON. If it is a list of objects, or an object
    whose only field is such a list, it can also be printed as table, csv or
    ndjson, with one row per object.

    For example:

      kentik-async raw GET /devices
      kentik-async raw GET /kmi/v202212/markets
      kentik-async raw GET /users --query limit=10 -o table
      kentik-async raw PUT /site/3 --data '{"site": {"lat": 50.1}}'
      kentik-async raw POST /query/topXdata --data @query.json --query-class

    Args:
        method: HTTP method: GET, HEAD, PUT, DELETE, POST or PATCH.
        path: Path below the base URL of API v5, such as /devices, or path of
            API v6, with a version, such as /kmi/v202212/markets.
        data: JSON body: the text, @FILE, or - for stdin.
        query: Query parameter as NAME=VALUE; may be repeated.
        query_class: Count the request in the query class, which has its own rate limits.
        idempotent: Retry the request after failures; use it if repeating the request is safe.
        context: The command context.
    """
    document, parameters = _document(data), _parameters(query or ())
    quota_class: Literal["query", "non_query"] = "query" if query_class else "non_query"
    async with context.client() as kentik:
        answer = await kentik.rest.request(
            method,
            path,
            json=document,
            params=parameters or None,
            quota_class=quota_class,
            idempotent=True if idempotent else None,
        )
    _print(context, answer)


def _print(context: Context, answer: Any) -> None:
    printer = context.printer
    rows = _rows(answer)
    if answer is None:
        context.notes.note("the response is empty")
    elif rows is None or printer.form == "json":
        printer.document(answer)
    else:
        fields = list(dict.fromkeys(name for row in rows for name in row))
        printer.rows(rows, fields)


def _rows(answer: Any) -> list[dict[str, Any]] | None:
    """Return the rows of a list of objects, or of an object whose only field is such a list; else None."""
    if isinstance(answer, dict) and len(answer) == 1:
        (answer,) = answer.values()
    if isinstance(answer, list) and all(isinstance(row, dict) for row in answer):
        return answer
    return None


def _document(data: str | None) -> Any:
    if data is None:
        return None
    source, text = "--data", data
    try:
        if data == "-":
            source = "stdin"
            text = sys.stdin.read()
        elif data.startswith("@"):
            source = data[1:]
            text = Path(source).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise ValidationError(f"cannot read {source}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        if data == "-" and not text.strip():
            raise ValidationError("stdin is empty; --data - reads the JSON body from it") from None
        raise ValidationError(f"{source} is not valid JSON: {error}") from None


def _parameters(query: Sequence[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for text in query:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise ValidationError(f"--query must be NAME=VALUE; got {text!r}")
        parameters[name] = value
    return parameters
