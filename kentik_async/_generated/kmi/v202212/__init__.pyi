"""kentik.kmi.v202212: its messages, enums, stubs and servicers.

Written by `kentik-async codegen`; changes made here are lost.
"""

from ..._runtime import Channel as _Channel
from ..._runtime import MethodSpec as _MethodSpec
from ..._runtime import UnaryUnary as _UnaryUnary
from collections.abc import Awaitable as _Awaitable
from collections.abc import Iterable as _Iterable
from collections.abc import Mapping as _Mapping
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer as _RepeatedCompositeFieldContainer
from google.protobuf.internal.containers import RepeatedScalarFieldContainer as _RepeatedScalarFieldContainer
from google.protobuf.message import Message as _Message
from grpc.aio import Server as _Server
from grpc.aio import ServicerContext as _ServicerContext
from typing import Any as _Any
from typing import ClassVar as _ClassVar
from typing import Literal as _Literal
from typing import Self as _Self

class Market(_Message):
    """A market: a country, a region, or the planet."""
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    market_id: str
    """Contains a `$`: `planet$earth`, `cc$US`."""
    name: str
    def __init__(
        self,
        *,
        market_id: str | None = None,
        name: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["market_id", "name"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class Ranking(_Message):
    """One row of a ranking."""
    ASN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    RANK_CHANGE_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_CHANGE_FIELD_NUMBER: _ClassVar[int]
    asn: int
    name: str
    rank: int
    rank_change: int
    """It may be negative, but the wire type has no sign: read it as 32-bit two's complement."""
    score: int
    score_change: int
    """Read it like rank_change."""
    def __init__(
        self,
        *,
        asn: int | None = None,
        name: str | None = None,
        rank: int | None = None,
        rank_change: int | None = None,
        score: int | None = None,
        score_change: int | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["asn", "rank", "rank_change", "score", "score_change"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn", "name", "rank", "rank_change", "score", "score_change"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class CustomerProvider(_Message):
    """A customer or a provider of the requested network."""
    ASN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SINGLEHOMED_CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    asn: int
    name: str
    score: int
    singlehomed_customer: bool
    """The customer has one provider only."""
    mutual_customer: bool
    """Each of the two is a customer of the other."""
    mutual_provider: bool
    def __init__(
        self,
        *,
        asn: int | None = None,
        name: str | None = None,
        score: int | None = None,
        singlehomed_customer: bool | None = None,
        mutual_customer: bool | None = None,
        mutual_provider: bool | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["asn", "mutual_customer", "mutual_provider", "score", "singlehomed_customer"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn", "mutual_customer", "mutual_provider", "name", "score", "singlehomed_customer"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class Peer(_Message):
    """A peer of the requested network."""
    ASN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PFX_COUNT_FIELD_NUMBER: _ClassVar[int]
    asn: int
    name: str
    pfx_count: int
    """Prefixes seen over the peering."""
    def __init__(
        self,
        *,
        asn: int | None = None,
        name: str | None = None,
        pfx_count: int | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["asn", "pfx_count"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn", "name", "pfx_count"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ASNDetails(_Message):
    """A network with its relations in one market."""
    ASN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_NAME_FIELD_NUMBER: _ClassVar[int]
    CUSTOMERS_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    PEERS_FIELD_NUMBER: _ClassVar[int]
    asn: int
    name: str
    country_name: str
    @property
    def customers(self) -> _RepeatedCompositeFieldContainer[CustomerProvider]: ...
    @property
    def providers(self) -> _RepeatedCompositeFieldContainer[CustomerProvider]: ...
    @property
    def peers(self) -> _RepeatedCompositeFieldContainer[Peer]: ...
    def __init__(
        self,
        *,
        asn: int | None = None,
        name: str | None = None,
        country_name: str | None = None,
        customers: _Iterable[CustomerProvider] | None = None,
        providers: _Iterable[CustomerProvider] | None = None,
        peers: _Iterable[Peer] | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["asn"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn", "country_name", "customers", "name", "peers", "providers"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class Insight(_Message):
    """A change of a network."""
    ASN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    asn: int
    name: str
    type: int
    """A number whose meaning is not published."""
    message: str
    created_at: str
    """Time as text."""
    def __init__(
        self,
        *,
        asn: int | None = None,
        name: str | None = None,
        type: int | None = None,
        message: str | None = None,
        created_at: str | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["asn", "type"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn", "created_at", "message", "name", "type"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ListMarketsRequest(_Message):
    def __init__(self) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ListMarketsResponse(_Message):
    MARKETS_FIELD_NUMBER: _ClassVar[int]
    @property
    def markets(self) -> _RepeatedCompositeFieldContainer[Market]: ...
    def __init__(
        self,
        *,
        markets: _Iterable[Market] | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["markets"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetRankingsRequest(_Message):
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    RANK_TYPE_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    market_id: str
    rank_type: str
    """customer_base (the default), customer_base_retail, customer_base_wholesome, customer_base_backbone,
    customer_growth or peering_base.
    """
    ip: str
    """v4 (the default) or v6."""
    limit: int
    """The maximum number of rows; without it the server uses its own limit."""
    def __init__(
        self,
        *,
        market_id: str | None = None,
        rank_type: str | None = None,
        ip: str | None = None,
        limit: int | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["limit"]) -> bool: ...
    def ClearField(self, field_name: _Literal["ip", "limit", "market_id", "rank_type"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetRankingsResponse(_Message):
    RANKINGS_FIELD_NUMBER: _ClassVar[int]
    INVALID_COUNT_FIELD_NUMBER: _ClassVar[int]
    @property
    def rankings(self) -> _RepeatedCompositeFieldContainer[Ranking]: ...
    invalid_count: int
    """The number of rows that the server could not render and omitted."""
    def __init__(
        self,
        *,
        rankings: _Iterable[Ranking] | None = None,
        invalid_count: int | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["invalid_count", "rankings"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetASNDetailsRequest(_Message):
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    ASN_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    SINGLEHOMED_CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    market_id: str
    asn: str
    """A decimal AS number, as text."""
    ip: str
    """v4 (the default) or v6."""
    type: str
    """Which relations: all (the default), customers, providers or peers."""
    mutual_provider: str
    """Mutual providers: all (the default), only or exclude."""
    mutual_customer: str
    """Mutual customers: all (the default), only or exclude."""
    singlehomed_customer: str
    """Customers with one provider: all (the default), only or exclude."""
    def __init__(
        self,
        *,
        market_id: str | None = None,
        asn: str | None = None,
        ip: str | None = None,
        type: str | None = None,
        mutual_provider: str | None = None,
        mutual_customer: str | None = None,
        singlehomed_customer: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["asn", "ip", "market_id", "mutual_customer", "mutual_provider", "singlehomed_customer", "type"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetASNDetailsResponse(_Message):
    ASN_DETAILS_FIELD_NUMBER: _ClassVar[int]
    @property
    def asn_details(self) -> ASNDetails: ...
    def __init__(
        self,
        *,
        asn_details: ASNDetails | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["asn_details"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn_details"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetGlobalInsightsRequest(_Message):
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    LOOKBACK_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    MAGNITUDE_FIELD_NUMBER: _ClassVar[int]
    limit: int
    """The maximum number of insights."""
    market_id: str
    ip: str
    """v4 or v6."""
    lookback: int
    """Days to look back."""
    @property
    def types(self) -> _RepeatedScalarFieldContainer[str]:
        """Kinds of insight; empty for all kinds."""
    magnitude: int
    """The minimum magnitude."""
    def __init__(
        self,
        *,
        limit: int | None = None,
        market_id: str | None = None,
        ip: str | None = None,
        lookback: int | None = None,
        types: _Iterable[str] | None = None,
        magnitude: int | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["ip", "limit", "lookback", "magnitude", "market_id"]) -> bool: ...
    def ClearField(self, field_name: _Literal["ip", "limit", "lookback", "magnitude", "market_id", "types"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetGlobalInsightsResponse(_Message):
    INSIGHTS_FIELD_NUMBER: _ClassVar[int]
    @property
    def insights(self) -> _RepeatedCompositeFieldContainer[Insight]: ...
    def __init__(
        self,
        *,
        insights: _Iterable[Insight] | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["insights"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetASNInsightsRequest(_Message):
    ASN_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    LOOKBACK_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    MAGNITUDE_FIELD_NUMBER: _ClassVar[int]
    asn: str
    """A decimal AS number, as text."""
    limit: int
    """The maximum number of insights."""
    market_id: str
    ip: str
    """v4 or v6."""
    lookback: int
    """Days to look back."""
    @property
    def types(self) -> _RepeatedScalarFieldContainer[str]:
        """Kinds of insight; empty for all kinds."""
    magnitude: int
    """The minimum magnitude."""
    def __init__(
        self,
        *,
        asn: str | None = None,
        limit: int | None = None,
        market_id: str | None = None,
        ip: str | None = None,
        lookback: int | None = None,
        types: _Iterable[str] | None = None,
        magnitude: int | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["ip", "limit", "lookback", "magnitude", "market_id"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn", "ip", "limit", "lookback", "magnitude", "market_id", "types"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetASNInsightsResponse(_Message):
    INSIGHTS_FIELD_NUMBER: _ClassVar[int]
    @property
    def insights(self) -> _RepeatedCompositeFieldContainer[Insight]: ...
    def __init__(
        self,
        *,
        insights: _Iterable[Insight] | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["insights"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class KmiServiceStub:
    """Reads market intelligence; no method changes data."""
    METHODS: _ClassVar[dict[str, _MethodSpec]]
    def __init__(self, channel: _Channel) -> None: ...
    list_markets: _UnaryUnary[ListMarketsRequest, ListMarketsResponse]
    """All markets."""
    ListMarkets: _UnaryUnary[ListMarketsRequest, ListMarketsResponse]
    """All markets."""
    get_rankings: _UnaryUnary[GetRankingsRequest, GetRankingsResponse]
    """The networks of a market, best first."""
    GetRankings: _UnaryUnary[GetRankingsRequest, GetRankingsResponse]
    """The networks of a market, best first."""
    get_asn_details: _UnaryUnary[GetASNDetailsRequest, GetASNDetailsResponse]
    """The customers, providers and peers of one network in a market."""
    GetASNDetails: _UnaryUnary[GetASNDetailsRequest, GetASNDetailsResponse]
    """The customers, providers and peers of one network in a market."""
    get_global_insights: _UnaryUnary[GetGlobalInsightsRequest, GetGlobalInsightsResponse]
    """The changes of all networks."""
    GetGlobalInsights: _UnaryUnary[GetGlobalInsightsRequest, GetGlobalInsightsResponse]
    """The changes of all networks."""
    get_asn_insights: _UnaryUnary[GetASNInsightsRequest, GetASNInsightsResponse]
    """The changes of one network."""
    GetASNInsights: _UnaryUnary[GetASNInsightsRequest, GetASNInsightsResponse]
    """The changes of one network."""

class KmiServiceServicer:
    """Reads market intelligence; no method changes data."""
    def ListMarkets(
        self, request: ListMarketsRequest, context: _ServicerContext[ListMarketsRequest, ListMarketsResponse]
    ) -> _Awaitable[ListMarketsResponse]: ...
    def GetRankings(
        self, request: GetRankingsRequest, context: _ServicerContext[GetRankingsRequest, GetRankingsResponse]
    ) -> _Awaitable[GetRankingsResponse]: ...
    def GetASNDetails(
        self, request: GetASNDetailsRequest, context: _ServicerContext[GetASNDetailsRequest, GetASNDetailsResponse]
    ) -> _Awaitable[GetASNDetailsResponse]: ...
    def GetGlobalInsights(
        self, request: GetGlobalInsightsRequest, context: _ServicerContext[GetGlobalInsightsRequest, GetGlobalInsightsResponse]
    ) -> _Awaitable[GetGlobalInsightsResponse]: ...
    def GetASNInsights(
        self, request: GetASNInsightsRequest, context: _ServicerContext[GetASNInsightsRequest, GetASNInsightsResponse]
    ) -> _Awaitable[GetASNInsightsResponse]: ...

def add_KmiServiceServicer_to_server(
    servicer: KmiServiceServicer, server: _Server
) -> None: ...
