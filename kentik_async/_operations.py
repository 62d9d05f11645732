"""The operations of the API: name, path, effect on the server, encoding and decoding. Pure.

The effect decides whether a failed request may be sent again. The verb does not: KMI's POSTs are reads.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Generic, Literal, ParamSpec, SupportsIndex, TypeAlias, TypeVar

import msgspec

from kentik_async._clock import utc_now
from kentik_async._codec import as_groups, kmi, plans, sites
from kentik_async._generated._runtime import MethodSpec
from kentik_async.errors import ValidationError
from kentik_async.models import (
    ASGroup,
    ASGroupList,
    ASNDetails,
    Insight,
    Market,
    Plan,
    Rankings,
    Records,
    Site,
)
from kentik_async.quota import QuotaClass
from kentik_async.retry import Effect

__all__ = [
    "UPDATE_AS_GROUP",
    "ObjectId",
    "Operation",
    "Protocol",
    "Request",
    "builds",
    "create_as_group",
    "create_site",
    "delete_as_group",
    "delete_site",
    "get_as_group",
    "get_asn_details",
    "get_asn_insights",
    "get_global_insights",
    "get_rankings",
    "get_site",
    "grpc_operation",
    "list_as_groups",
    "list_markets",
    "list_plans",
    "list_sites",
    "update_as_group",
    "update_site",
]

P = ParamSpec("P")
T = TypeVar("T")

Protocol: TypeAlias = Literal["grpc", "rest", "v6_rest"]
ObjectId: TypeAlias = str | SupportsIndex


@dataclass(frozen=True, slots=True)
class Operation:
    """What all requests of one operation have in common.

    Attributes:
        name: The name in errors and events: resource and method.
        protocol: "grpc" for the RPCs of API v6, which the client may send over REST; "rest" for API v5;
            "v6_rest" for a path of API v6 as JSON.
        verb: The HTTP method; for an RPC, that of the JSON mirror.
        effect: What a request does at the server, which decides whether it may be sent again.
        quota_class: The quota class that it counts in.
    """

    name: str
    protocol: Protocol
    verb: str
    effect: Effect
    quota_class: QuotaClass = "non_query"


# A Struct, because one is made for each call: a frozen dataclass takes twice as long.
class Request(msgspec.Struct, Generic[T], frozen=True):
    """One operation with its arguments; it can be sent any number of times. Its `repr` leaves out the body.

    Attributes:
        operation: The operation.
        path: The RPC's full name, or the path on the REST base URL.
        decode: Makes the result from the response's bytes; raises DecodeError.
        body: The encoded message or document.
        params: The URL's query parameters.
        on_arrival: Called with the response's bytes as soon as they arrive, before the next request is sent;
            the call fails with a KentikError that it raises.
        on_send: Called each time that it is sent, retries included.
        rpc: The RPC of a generated stub; None for the operations of this module.
    """

    operation: Operation
    path: str
    decode: Callable[[bytes], T]
    body: bytes = b""
    params: Mapping[str, str] | Sequence[tuple[str, str]] | None = None
    on_arrival: Callable[[bytes], None] | None = None
    on_send: Callable[[], None] | None = None
    rpc: MethodSpec | None = None

    def __repr__(self) -> str:
        return f"Request({self.operation!r}, {self.path!r}, params={self.params!r})"


_KMI = "/kentik.kmi.v202212.KmiService/"
_AS_GROUP = "/kentik.as_group.v202212.ASGroupService/"


def grpc_operation(name: str, verb: str, effect: Effect) -> Operation:
    """Return an operation of API v6."""
    return Operation(name, "grpc", verb, effect)


def _rest(name: str, verb: str, effect: Effect) -> Operation:
    return Operation(name, "rest", verb, effect)


_LIST_MARKETS = grpc_operation("kmi.list_markets", "GET", Effect.READ)
_GET_RANKINGS = grpc_operation("kmi.get_rankings", "POST", Effect.READ)
_GET_ASN_DETAILS = grpc_operation("kmi.get_asn_details", "POST", Effect.READ)
_GET_GLOBAL_INSIGHTS = grpc_operation("kmi.get_global_insights", "GET", Effect.READ)
_GET_ASN_INSIGHTS = grpc_operation("kmi.get_asn_insights", "GET", Effect.READ)
_LIST_AS_GROUPS = grpc_operation("as_groups.list", "GET", Effect.READ)
_GET_AS_GROUP = grpc_operation("as_groups.get", "GET", Effect.READ)
_CREATE_AS_GROUP = grpc_operation("as_groups.create", "POST", Effect.CREATE)
UPDATE_AS_GROUP = grpc_operation("as_groups.update", "PUT", Effect.REPLACE)
_DELETE_AS_GROUP = grpc_operation("as_groups.delete", "DELETE", Effect.REPLACE)
_LIST_SITES = _rest("sites.list", "GET", Effect.READ)
_GET_SITE = _rest("sites.get", "GET", Effect.READ)
_CREATE_SITE = _rest("sites.create", "POST", Effect.CREATE)
_UPDATE_SITE = _rest("sites.update", "PUT", Effect.REPLACE)
_DELETE_SITE = _rest("sites.delete", "DELETE", Effect.REPLACE)
_LIST_PLANS = _rest("plans.list", "GET", Effect.READ)


def builds(operation: Operation) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Name the operation in a `ValidationError` that building its request raises."""

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


@builds(_LIST_MARKETS)
def list_markets() -> Request[Records[Market]]:
    """KmiService.ListMarkets."""
    return Request(_LIST_MARKETS, _KMI + "ListMarkets", kmi.decode_markets, kmi.encode_list_markets())


@builds(_GET_RANKINGS)
def get_rankings(
    market_id: str, rank_type: str, ip: str, limit: int | None, now: Callable[[], datetime] = utc_now
) -> Request[Rankings]:
    """KmiService.GetRankings."""
    body = kmi.encode_rankings(market_id, rank_type, ip, limit)

    def decode(raw: bytes) -> Rankings:
        return kmi.decode_rankings(
            raw, market_id=market_id, rank_type=rank_type, ip=ip, limit=limit, fetched_at=now()
        )

    return Request(_GET_RANKINGS, _KMI + "GetRankings", decode, body)


@builds(_GET_ASN_DETAILS)
def get_asn_details(
    market_id: str,
    asn: int | str,
    type: str,
    ip: str,
    mutual_provider: str,
    mutual_customer: str,
    singlehomed_customer: str,
    now: Callable[[], datetime] = utc_now,
) -> Request[ASNDetails]:
    """KmiService.GetASNDetails."""
    body = kmi.encode_asn_details(
        market_id, asn, type, ip, mutual_provider, mutual_customer, singlehomed_customer
    )

    def decode(raw: bytes) -> ASNDetails:
        return kmi.decode_asn_details(raw, market_id=market_id, ip=ip, type=type, fetched_at=now())

    return Request(_GET_ASN_DETAILS, _KMI + "GetASNDetails", decode, body)


@builds(_GET_GLOBAL_INSIGHTS)
def get_global_insights(**options: Any) -> Request[Records[Insight]]:
    """KmiService.GetGlobalInsights."""
    body = kmi.encode_global_insights(**options)
    return Request(_GET_GLOBAL_INSIGHTS, _KMI + "GetGlobalInsights", kmi.decode_global_insights, body)


@builds(_GET_ASN_INSIGHTS)
def get_asn_insights(asn: int | str, **options: Any) -> Request[Records[Insight]]:
    """KmiService.GetASNInsights."""
    body = kmi.encode_asn_insights(asn, **options)
    return Request(_GET_ASN_INSIGHTS, _KMI + "GetASNInsights", kmi.decode_asn_insights, body)


@builds(_LIST_AS_GROUPS)
def list_as_groups() -> Request[ASGroupList]:
    """ASGroupService.ListASGroups."""
    return Request(
        _LIST_AS_GROUPS, _AS_GROUP + "ListASGroups", as_groups.decode_list, as_groups.encode_list()
    )


@builds(_GET_AS_GROUP)
def get_as_group(id: ObjectId) -> Request[ASGroup]:
    """ASGroupService.GetASGroup."""
    return Request(_GET_AS_GROUP, _AS_GROUP + "GetASGroup", as_groups.decode_get, as_groups.encode_get(id))


@builds(_CREATE_AS_GROUP)
def create_as_group(name: str, asns: Iterable[int | str]) -> Request[ASGroup]:
    """ASGroupService.CreateASGroup."""
    body = as_groups.encode_create(name, asns)
    return Request(_CREATE_AS_GROUP, _AS_GROUP + "CreateASGroup", as_groups.decode_create, body)


@builds(UPDATE_AS_GROUP)
def update_as_group(id: ObjectId, name: str, asns: Iterable[int | str]) -> Request[ASGroup]:
    """ASGroupService.UpdateASGroup."""
    body = as_groups.encode_update(id, name, asns)
    return Request(UPDATE_AS_GROUP, _AS_GROUP + "UpdateASGroup", as_groups.decode_update, body)


@builds(_DELETE_AS_GROUP)
def delete_as_group(id: ObjectId) -> Request[None]:
    """ASGroupService.DeleteASGroup."""
    body = as_groups.encode_delete(id)
    return Request(_DELETE_AS_GROUP, _AS_GROUP + "DeleteASGroup", as_groups.decode_delete, body)


@builds(_LIST_SITES)
def list_sites() -> Request[Records[Site]]:
    """Site List."""
    return Request(_LIST_SITES, "/sites", sites.decode_list)


@builds(_GET_SITE)
def get_site(id: int | str) -> Request[Site]:
    """Site Info."""
    return Request(_GET_SITE, sites.site_path(id), sites.decode_site)


@builds(_CREATE_SITE)
def create_site(site_name: str, lat: float | str, lon: float | str) -> Request[Site]:
    """Site Create."""
    return Request(_CREATE_SITE, "/site", sites.decode_site, sites.encode_create(site_name, lat, lon))


@builds(_UPDATE_SITE)
def update_site(id: int | str, **changed: Any) -> Request[Site]:
    """Site Update."""
    return Request(_UPDATE_SITE, sites.site_path(id), sites.decode_site, sites.encode_update(**changed))


@builds(_DELETE_SITE)
def delete_site(id: int | str) -> Request[None]:
    """Site Delete."""
    return Request(_DELETE_SITE, sites.site_path(id), _nothing)


@builds(_LIST_PLANS)
def list_plans() -> Request[Records[Plan]]:
    """Plan List."""
    return Request(_LIST_PLANS, "/plans", plans.decode_list)


def _nothing(_: bytes) -> None:
    """Decode a response that has no content."""
