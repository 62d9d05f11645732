"""Handlers of API v5: sites, plans, and a minimal query API.

Source: Kentik KB, "Site and Plan APIs".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kentik_async.emulator.api.numbers import decimal
from kentik_async.emulator.engine.call_log import QuotaClass
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.customer import CustomerData

__all__ = ["V5_CALLS", "V5Call"]

JSON = Mapping[str, Any]

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True, slots=True)
class V5Call:
    """One call of API v5.

    Attributes:
        name: The name of the operation, such as "sites.get".
        method: The HTTP method.
        path: The path below `/api/v5`, with at most one `{placeholder}`.
        status: The HTTP status of a successful answer.
        quota_class: The quota class that it counts in.
        answer: The handler: takes the customer's data, the value of the placeholder, and the body; returns
            the answer as JSON, or None for an empty one; raises AnswerError.
    """

    name: str
    method: str
    path: str
    status: int
    quota_class: QuotaClass
    answer: Callable[[CustomerData, str, Any], JSON | None]

    @property
    def writes(self) -> bool:
        """Whether it changes data."""
        return self.method != "GET" and self.quota_class == "non_query"


def _list_sites(customer: CustomerData, _: str, body: Any) -> JSON:
    del body
    return {"sites": list(customer.sites.values())}


def _get_site(customer: CustomerData, site_id: str, body: Any) -> JSON:
    del body
    return {"site": customer.site(_id(site_id))}


def _create_site(customer: CustomerData, _: str, body: Any) -> JSON:
    fields = _fields(body)
    for name in ("site_name", "lat", "lon"):
        if name not in fields:
            raise AnswerError(400, f"{name} is required")
    return {"site": _with_text(customer.create_site(fields), "company_id")}


def _update_site(customer: CustomerData, site_id: str, body: Any) -> JSON:
    site = customer.site(_id(site_id))
    site.update(_fields(body))
    return {"site": _with_text(site, "id", "company_id")}


def _with_text(site: JSON, *names: str) -> JSON:
    """Return a site with some numbers as text, as the vendor's API does after a change."""
    return {name: str(value) if name in names else value for name, value in site.items()}


def _delete_site(customer: CustomerData, site_id: str, body: Any) -> None:
    del body
    customer.delete_site(_id(site_id))


def _list_plans(customer: CustomerData, _: str, body: Any) -> JSON:
    del body
    return {"plans": customer.plans}


def _query(customer: CustomerData, name: str, body: Any) -> JSON:
    """Answer any query with a small table, to exercise the limits of the query class."""
    if not isinstance(body, dict):
        raise AnswerError(400, "the body must be a JSON object")
    rows = [{"key": f"AS{64496 + n}", "avg_bits_per_sec": 9.0e9 / (n + 1)} for n in range(5)]
    return {
        "results": [{"bucket": "Left +Y Axis", "query": name, "data": rows}],
        "company_id": customer.company_id,
    }


def _fields(body: Any) -> dict[str, Any]:
    """Return the validated fields of a site, in `{"site": {…}}` or directly in the body.

    The vendor's page allows both forms, and numbers as text.
    """
    site = body.get("site", body) if isinstance(body, dict) else None
    if not isinstance(site, dict):
        raise AnswerError(400, 'the body must be {"site": {…}}, or an object with the fields of a site')
    fields: dict[str, Any] = {}
    for name, value in site.items():
        if name == "site_name":
            fields[name] = _site_name(value)
        elif name == "lat":
            fields[name] = _degrees(name, value, 90.0)
        elif name == "lon":
            fields[name] = _degrees(name, value, 180.0)
        else:
            raise AnswerError(400, f"unknown field {name!r} of site; allowed: site_name, lat, lon")
    return fields


def _site_name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9 _-]{3,40}", value):
        raise AnswerError(
            400, f"site_name must be 3 to 40 letters, digits, spaces, underscores and hyphens; got {value!r}"
        )
    return value


def _degrees(name: str, value: Any, most: float) -> float:
    number = not isinstance(value, bool) and isinstance(value, int | float)
    text = isinstance(value, str) and re.fullmatch(_NUMBER, value) is not None
    try:
        degrees = float(value) if number or text else None
    except OverflowError:
        degrees = None
    if degrees is None or not -most <= degrees <= most:
        raise AnswerError(400, f"{name} must be a number from {-most:g} to {most:g}; got {value!r}")
    return degrees


def _id(text: str) -> int:
    site_id = decimal(text)
    if site_id is None:
        raise AnswerError(400, f"site id must be a number of up to 20 digits; got {text[:60]!r}")
    return site_id


V5_CALLS = (
    V5Call("sites.list", "GET", "/sites", 200, "non_query", _list_sites),
    V5Call("sites.get", "GET", "/site/{id}", 200, "non_query", _get_site),
    V5Call("sites.create", "POST", "/site", 201, "non_query", _create_site),
    V5Call("sites.update", "PUT", "/site/{id}", 200, "non_query", _update_site),
    V5Call("sites.delete", "DELETE", "/site/{id}", 204, "non_query", _delete_site),
    V5Call("plans.list", "GET", "/plans", 200, "non_query", _list_plans),
    V5Call("query", "POST", "/query/{name}", 200, "query", _query),
)
