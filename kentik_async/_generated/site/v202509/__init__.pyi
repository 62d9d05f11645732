"""kentik.site.v202509: its messages, enums, stubs and servicers.

Written by `kentik-async codegen`; changes made here are lost.
"""

from ..._runtime import Channel as _Channel
from ..._runtime import Enum as _Enum
from ..._runtime import MethodSpec as _MethodSpec
from ..._runtime import UnaryUnary as _UnaryUnary
from collections.abc import Awaitable as _Awaitable
from collections.abc import Iterable as _Iterable
from collections.abc import Mapping as _Mapping
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer as _RepeatedCompositeFieldContainer
from google.protobuf.internal.containers import RepeatedScalarFieldContainer as _RepeatedScalarFieldContainer
from google.protobuf.message import Message as _Message
from grpc.aio import Server as _Server
from grpc.aio import ServicerContext as _ServicerContext
from typing import Any as _Any
from typing import ClassVar as _ClassVar
from typing import Final as _Final
from typing import Literal as _Literal
from typing import Self as _Self

class _SiteTypeValues:
    class ValueType(int): ...

class SiteType(_SiteTypeValues, _SiteTypeValues.ValueType, _Enum):  # type: ignore[misc]  # mypy rejects two int bases
    """What a site is used for."""
    SITE_TYPE_UNSPECIFIED = 0
    SITE_TYPE_DATA_CENTER = 1
    SITE_TYPE_CLOUD = 2
    SITE_TYPE_BRANCH = 3
    SITE_TYPE_CONNECTIVITY = 4
    SITE_TYPE_CUSTOMER = 5
    SITE_TYPE_OTHER = 6

SITE_TYPE_UNSPECIFIED: _Final[SiteType]
SITE_TYPE_DATA_CENTER: _Final[SiteType]
SITE_TYPE_CLOUD: _Final[SiteType]
SITE_TYPE_BRANCH: _Final[SiteType]
SITE_TYPE_CONNECTIVITY: _Final[SiteType]
SITE_TYPE_CUSTOMER: _Final[SiteType]
SITE_TYPE_OTHER: _Final[SiteType]

class SiteIpAddressClassification(_Message):
    """The networks of a site, by their use."""
    INFRASTRUCTURE_NETWORKS_FIELD_NUMBER: _ClassVar[int]
    USER_ACCESS_NETWORKS_FIELD_NUMBER: _ClassVar[int]
    OTHER_NETWORKS_FIELD_NUMBER: _ClassVar[int]
    @property
    def infrastructure_networks(self) -> _RepeatedScalarFieldContainer[str]: ...
    @property
    def user_access_networks(self) -> _RepeatedScalarFieldContainer[str]: ...
    @property
    def other_networks(self) -> _RepeatedScalarFieldContainer[str]: ...
    def __init__(
        self,
        *,
        infrastructure_networks: _Iterable[str] | None = None,
        user_access_networks: _Iterable[str] | None = None,
        other_networks: _Iterable[str] | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["infrastructure_networks", "other_networks", "user_access_networks"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class Layer(_Message):
    """A layer of a site's architecture."""
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_IDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    @property
    def device_ids(self) -> _RepeatedScalarFieldContainer[str]: ...
    def __init__(
        self,
        *,
        name: str | None = None,
        device_ids: _Iterable[str] | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["device_ids", "name"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class LayerSet(_Message):
    """Layers of a site's architecture that are on one level."""
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    @property
    def layers(self) -> _RepeatedCompositeFieldContainer[Layer]: ...
    def __init__(
        self,
        *,
        layers: _Iterable[Layer] | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["layers"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class PostalAddress(_Message):
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    POSTAL_CODE_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    address: str
    """Street and number."""
    city: str
    region: str
    """State, province or canton."""
    postal_code: str
    country: str
    def __init__(
        self,
        *,
        address: str | None = None,
        city: str | None = None,
        region: str | None = None,
        postal_code: str | None = None,
        country: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["address", "city", "country", "postal_code", "region"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class PeeringDBSiteMapping(_Message):
    """Connects a site with a facility of PeeringDB."""
    ID_FIELD_NUMBER: _ClassVar[int]
    SITE_ID_FIELD_NUMBER: _ClassVar[int]
    PEERINGDB_FAC_ID_FIELD_NUMBER: _ClassVar[int]
    EDATE_FIELD_NUMBER: _ClassVar[int]
    CDATE_FIELD_NUMBER: _ClassVar[int]
    COMPANY_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    site_id: str
    peeringdb_fac_id: str
    @property
    def edate(self) -> _timestamp_pb2.Timestamp:
        """When it was last changed."""
    @property
    def cdate(self) -> _timestamp_pb2.Timestamp:
        """When it was created."""
    company_id: str
    def __init__(
        self,
        *,
        id: str | None = None,
        site_id: str | None = None,
        peeringdb_fac_id: str | None = None,
        edate: _timestamp_pb2.Timestamp | None = None,
        cdate: _timestamp_pb2.Timestamp | None = None,
        company_id: str | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["cdate", "edate"]) -> bool: ...
    def ClearField(self, field_name: _Literal["cdate", "company_id", "edate", "id", "peeringdb_fac_id", "site_id"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class Site(_Message):
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    POSTAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_CLASSIFICATION_FIELD_NUMBER: _ClassVar[int]
    ARCHITECTURE_FIELD_NUMBER: _ClassVar[int]
    SITE_MARKET_FIELD_NUMBER: _ClassVar[int]
    PEERINGDB_SITE_MAPPING_FIELD_NUMBER: _ClassVar[int]
    id: str
    """Set by the server; empty in a create request."""
    title: str
    lat: float
    """Degrees; 0 if unknown."""
    lon: float
    @property
    def postal_address(self) -> PostalAddress: ...
    type: SiteType.ValueType
    @property
    def address_classification(self) -> SiteIpAddressClassification: ...
    @property
    def architecture(self) -> _RepeatedCompositeFieldContainer[LayerSet]: ...
    @property
    def site_market(self) -> SiteMarket: ...
    @property
    def peeringdb_site_mapping(self) -> _RepeatedCompositeFieldContainer[PeeringDBSiteMapping]: ...
    def __init__(
        self,
        *,
        id: str | None = None,
        title: str | None = None,
        lat: float | None = None,
        lon: float | None = None,
        postal_address: PostalAddress | None = None,
        type: SiteType.ValueType | str | None = None,
        address_classification: SiteIpAddressClassification | None = None,
        architecture: _Iterable[LayerSet] | None = None,
        site_market: SiteMarket | None = None,
        peeringdb_site_mapping: _Iterable[PeeringDBSiteMapping] | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["address_classification", "postal_address", "site_market"]) -> bool: ...
    def ClearField(self, field_name: _Literal["address_classification", "architecture", "id", "lat", "lon", "peeringdb_site_mapping", "postal_address", "site_market", "title", "type"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ListSitesRequest(_Message):
    def __init__(self) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ListSitesResponse(_Message):
    SITES_FIELD_NUMBER: _ClassVar[int]
    INVALID_COUNT_FIELD_NUMBER: _ClassVar[int]
    @property
    def sites(self) -> _RepeatedCompositeFieldContainer[Site]: ...
    invalid_count: int
    """The number of sites that the server could not render and omitted."""
    def __init__(
        self,
        *,
        sites: _Iterable[Site] | None = None,
        invalid_count: int | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["invalid_count", "sites"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetSiteRequest(_Message):
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(
        self,
        *,
        id: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["id"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetSiteResponse(_Message):
    SITE_FIELD_NUMBER: _ClassVar[int]
    @property
    def site(self) -> Site: ...
    def __init__(
        self,
        *,
        site: Site | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class CreateSiteRequest(_Message):
    SITE_FIELD_NUMBER: _ClassVar[int]
    @property
    def site(self) -> Site: ...
    def __init__(
        self,
        *,
        site: Site | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class CreateSiteResponse(_Message):
    SITE_FIELD_NUMBER: _ClassVar[int]
    @property
    def site(self) -> Site: ...
    def __init__(
        self,
        *,
        site: Site | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class UpdateSiteRequest(_Message):
    SITE_FIELD_NUMBER: _ClassVar[int]
    @property
    def site(self) -> Site:
        """The whole site: omitted fields become empty. `id` selects the site."""
    def __init__(
        self,
        *,
        site: Site | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class UpdateSiteResponse(_Message):
    SITE_FIELD_NUMBER: _ClassVar[int]
    @property
    def site(self) -> Site: ...
    def __init__(
        self,
        *,
        site: Site | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class DeleteSiteRequest(_Message):
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(
        self,
        *,
        id: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["id"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class DeleteSiteResponse(_Message):
    def __init__(self) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class SiteMarket(_Message):
    """A market: a named set of sites."""
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    NUMBER_OF_SITES_FIELD_NUMBER: _ClassVar[int]
    CDATE_FIELD_NUMBER: _ClassVar[int]
    EDATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    """Set by the server; empty in a create request."""
    name: str
    description: str
    number_of_sites: int
    @property
    def cdate(self) -> _timestamp_pb2.Timestamp:
        """When it was created."""
    @property
    def edate(self) -> _timestamp_pb2.Timestamp:
        """When it was last changed."""
    def __init__(
        self,
        *,
        id: str | None = None,
        name: str | None = None,
        description: str | None = None,
        number_of_sites: int | None = None,
        cdate: _timestamp_pb2.Timestamp | None = None,
        edate: _timestamp_pb2.Timestamp | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["cdate", "edate"]) -> bool: ...
    def ClearField(self, field_name: _Literal["cdate", "description", "edate", "id", "name", "number_of_sites"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ListSiteMarketsRequest(_Message):
    def __init__(self) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ListSiteMarketsResponse(_Message):
    SITE_MARKETS_FIELD_NUMBER: _ClassVar[int]
    INVALID_COUNT_FIELD_NUMBER: _ClassVar[int]
    @property
    def site_markets(self) -> _RepeatedCompositeFieldContainer[SiteMarket]: ...
    invalid_count: int
    """The number of markets that the server could not render and omitted."""
    def __init__(
        self,
        *,
        site_markets: _Iterable[SiteMarket] | None = None,
        invalid_count: int | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["invalid_count", "site_markets"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetSiteMarketRequest(_Message):
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(
        self,
        *,
        id: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["id"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetSiteMarketResponse(_Message):
    SITE_MARKET_FIELD_NUMBER: _ClassVar[int]
    @property
    def site_market(self) -> SiteMarket: ...
    def __init__(
        self,
        *,
        site_market: SiteMarket | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site_market"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site_market"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class CreateSiteMarketRequest(_Message):
    SITE_MARKET_FIELD_NUMBER: _ClassVar[int]
    @property
    def site_market(self) -> SiteMarket: ...
    def __init__(
        self,
        *,
        site_market: SiteMarket | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site_market"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site_market"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class CreateSiteMarketResponse(_Message):
    SITE_MARKET_FIELD_NUMBER: _ClassVar[int]
    @property
    def site_market(self) -> SiteMarket: ...
    def __init__(
        self,
        *,
        site_market: SiteMarket | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site_market"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site_market"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class UpdateSiteMarketRequest(_Message):
    SITE_MARKET_FIELD_NUMBER: _ClassVar[int]
    @property
    def site_market(self) -> SiteMarket:
        """The whole market: omitted fields become empty. `id` selects the market."""
    def __init__(
        self,
        *,
        site_market: SiteMarket | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site_market"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site_market"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class UpdateSiteMarketResponse(_Message):
    SITE_MARKET_FIELD_NUMBER: _ClassVar[int]
    @property
    def site_market(self) -> SiteMarket: ...
    def __init__(
        self,
        *,
        site_market: SiteMarket | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["site_market"]) -> bool: ...
    def ClearField(self, field_name: _Literal["site_market"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class DeleteSiteMarketRequest(_Message):
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(
        self,
        *,
        id: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["id"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class DeleteSiteMarketResponse(_Message):
    def __init__(self) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class SiteServiceStub:
    """Reads and changes the sites and site markets of one customer."""
    METHODS: _ClassVar[dict[str, _MethodSpec]]
    def __init__(self, channel: _Channel) -> None: ...
    list_sites: _UnaryUnary[ListSitesRequest, ListSitesResponse]
    """All sites."""
    ListSites: _UnaryUnary[ListSitesRequest, ListSitesResponse]
    """All sites."""
    get_site: _UnaryUnary[GetSiteRequest, GetSiteResponse]
    """One site."""
    GetSite: _UnaryUnary[GetSiteRequest, GetSiteResponse]
    """One site."""
    create_site: _UnaryUnary[CreateSiteRequest, CreateSiteResponse]
    """Creates a site; the response has its id."""
    CreateSite: _UnaryUnary[CreateSiteRequest, CreateSiteResponse]
    """Creates a site; the response has its id."""
    update_site: _UnaryUnary[UpdateSiteRequest, UpdateSiteResponse]
    """Replaces a site."""
    UpdateSite: _UnaryUnary[UpdateSiteRequest, UpdateSiteResponse]
    """Replaces a site."""
    delete_site: _UnaryUnary[DeleteSiteRequest, DeleteSiteResponse]
    """Deletes a site."""
    DeleteSite: _UnaryUnary[DeleteSiteRequest, DeleteSiteResponse]
    """Deletes a site."""
    list_site_markets: _UnaryUnary[ListSiteMarketsRequest, ListSiteMarketsResponse]
    """All site markets."""
    ListSiteMarkets: _UnaryUnary[ListSiteMarketsRequest, ListSiteMarketsResponse]
    """All site markets."""
    get_site_market: _UnaryUnary[GetSiteMarketRequest, GetSiteMarketResponse]
    """One site market."""
    GetSiteMarket: _UnaryUnary[GetSiteMarketRequest, GetSiteMarketResponse]
    """One site market."""
    create_site_market: _UnaryUnary[CreateSiteMarketRequest, CreateSiteMarketResponse]
    """Creates a site market; the response has its id."""
    CreateSiteMarket: _UnaryUnary[CreateSiteMarketRequest, CreateSiteMarketResponse]
    """Creates a site market; the response has its id."""
    update_site_market: _UnaryUnary[UpdateSiteMarketRequest, UpdateSiteMarketResponse]
    """Replaces a site market."""
    UpdateSiteMarket: _UnaryUnary[UpdateSiteMarketRequest, UpdateSiteMarketResponse]
    """Replaces a site market."""
    delete_site_market: _UnaryUnary[DeleteSiteMarketRequest, DeleteSiteMarketResponse]
    """Deletes a site market."""
    DeleteSiteMarket: _UnaryUnary[DeleteSiteMarketRequest, DeleteSiteMarketResponse]
    """Deletes a site market."""

class SiteServiceServicer:
    """Reads and changes the sites and site markets of one customer."""
    def ListSites(
        self, request: ListSitesRequest, context: _ServicerContext[ListSitesRequest, ListSitesResponse]
    ) -> _Awaitable[ListSitesResponse]: ...
    def GetSite(
        self, request: GetSiteRequest, context: _ServicerContext[GetSiteRequest, GetSiteResponse]
    ) -> _Awaitable[GetSiteResponse]: ...
    def CreateSite(
        self, request: CreateSiteRequest, context: _ServicerContext[CreateSiteRequest, CreateSiteResponse]
    ) -> _Awaitable[CreateSiteResponse]: ...
    def UpdateSite(
        self, request: UpdateSiteRequest, context: _ServicerContext[UpdateSiteRequest, UpdateSiteResponse]
    ) -> _Awaitable[UpdateSiteResponse]: ...
    def DeleteSite(
        self, request: DeleteSiteRequest, context: _ServicerContext[DeleteSiteRequest, DeleteSiteResponse]
    ) -> _Awaitable[DeleteSiteResponse]: ...
    def ListSiteMarkets(
        self, request: ListSiteMarketsRequest, context: _ServicerContext[ListSiteMarketsRequest, ListSiteMarketsResponse]
    ) -> _Awaitable[ListSiteMarketsResponse]: ...
    def GetSiteMarket(
        self, request: GetSiteMarketRequest, context: _ServicerContext[GetSiteMarketRequest, GetSiteMarketResponse]
    ) -> _Awaitable[GetSiteMarketResponse]: ...
    def CreateSiteMarket(
        self, request: CreateSiteMarketRequest, context: _ServicerContext[CreateSiteMarketRequest, CreateSiteMarketResponse]
    ) -> _Awaitable[CreateSiteMarketResponse]: ...
    def UpdateSiteMarket(
        self, request: UpdateSiteMarketRequest, context: _ServicerContext[UpdateSiteMarketRequest, UpdateSiteMarketResponse]
    ) -> _Awaitable[UpdateSiteMarketResponse]: ...
    def DeleteSiteMarket(
        self, request: DeleteSiteMarketRequest, context: _ServicerContext[DeleteSiteMarketRequest, DeleteSiteMarketResponse]
    ) -> _Awaitable[DeleteSiteMarketResponse]: ...

def add_SiteServiceServicer_to_server(
    servicer: SiteServiceServicer, server: _Server
) -> None: ...
