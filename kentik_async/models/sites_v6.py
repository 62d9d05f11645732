"""Sites of API v6 and their markets; unlike API v5, with address, type, architecture and networks."""

import datetime as dt
from collections.abc import Iterable
from typing import Self

from kentik_async.models._base import Float64, Int64, Model, reads_as_dataclass
from kentik_async.models.enums import SiteType
from kentik_async.models.records import Records

__all__ = [
    "Layer",
    "LayerSet",
    "PeeringDBSiteMapping",
    "PostalAddress",
    "SiteIpAddressClassification",
    "SiteMarket",
    "SiteMarketList",
    "SiteV6",
    "SiteV6List",
]


@reads_as_dataclass
class PostalAddress(Model, frozen=True, kw_only=True):
    """The address of a site.

    Attributes:
        address: Street and number.
        city: The city.
        region: State, province or canton; empty if none.
        postal_code: The postal code; empty if none.
        country: The country.
    """

    address: str
    city: str
    region: str = ""
    postal_code: str = ""
    country: str


@reads_as_dataclass
class SiteIpAddressClassification(Model, frozen=True, kw_only=True):
    """The networks of a site by their use, each in CIDR notation.

    Attributes:
        infrastructure_networks: Networks of the infrastructure.
        user_access_networks: Networks of the users.
        other_networks: Other networks.
    """

    infrastructure_networks: tuple[str, ...] = ()
    user_access_networks: tuple[str, ...] = ()
    other_networks: tuple[str, ...] = ()


@reads_as_dataclass
class Layer(Model, frozen=True, kw_only=True):
    """A layer of a site's architecture.

    Attributes:
        name: Its name.
        device_ids: The identifiers of its devices.
    """

    name: str = ""
    device_ids: tuple[str, ...] = ()


@reads_as_dataclass
class LayerSet(Model, frozen=True, kw_only=True):
    """Layers that are on one level of a site's architecture.

    Attributes:
        layers: The layers.
    """

    layers: tuple[Layer, ...] = ()


@reads_as_dataclass
class PeeringDBSiteMapping(Model, frozen=True, kw_only=True):
    """A connection of a site with a facility of PeeringDB.

    Attributes:
        id: Its identifier, assigned by the server; empty for a new one.
        site_id: The identifier of the site; empty for a new one.
        peeringdb_fac_id: The identifier of the facility at PeeringDB.
        edate: When it was last changed, in UTC; set by the server.
        cdate: When it was created, in UTC; set by the server.
        company_id: The company that it belongs to; empty if not sent.
    """

    id: str = ""
    site_id: str = ""
    peeringdb_fac_id: str
    edate: dt.datetime | None = None
    cdate: dt.datetime | None = None
    company_id: str = ""


@reads_as_dataclass
class SiteMarket(Model, frozen=True, kw_only=True):
    """A market: a named set of sites. Not a market of KMI.

    Attributes:
        id: Its identifier, assigned by the server; None for a new market.
        name: Its name.
        description: Its description; empty if none.
        number_of_sites: The number of its sites; set by the server.
        cdate: When it was created, in UTC; set by the server.
        edate: When it was last changed, in UTC; set by the server.
    """

    id: str | None = None
    name: str
    description: str = ""
    number_of_sites: Int64 = 0
    cdate: dt.datetime | None = None
    edate: dt.datetime | None = None


@reads_as_dataclass
class SiteV6(Model, frozen=True, kw_only=True):
    """A site of API v6 (SiteService v202509).

    Attributes:
        id: Its identifier, assigned by the server; None for a new site.
        title: Its name.
        lat: Its latitude in degrees. API v6 does not distinguish an unknown latitude from 0.
        lon: Its longitude in degrees; 0 if unknown, as for `lat`.
        postal_address: Its address; None if it has none.
        type: Its use; a type that this SDK does not know is given as the digits of its number.
        address_classification: Its networks by their use; None if not sent.
        architecture: The levels of its architecture.
        site_market: The market that it belongs to; None if it belongs to none.
        peeringdb_site_mapping: Its facilities at PeeringDB.
    """

    id: str | None = None
    title: str
    lat: Float64 = 0.0
    lon: Float64 = 0.0
    postal_address: PostalAddress | None = None
    type: SiteType | str
    address_classification: SiteIpAddressClassification | None = None
    architecture: tuple[LayerSet, ...] = ()
    site_market: SiteMarket | None = None
    peeringdb_site_mapping: tuple[PeeringDBSiteMapping, ...] = ()


class SiteV6List(Records[SiteV6]):
    """All sites of a company.

    Attributes:
        invalid_count: The number of invalid entries that the server skipped.
    """

    invalid_count: int

    def __new__(cls, rows: Iterable[SiteV6] = (), *, invalid_count: int = 0) -> Self:
        """Create the list from rows and the server's count of invalid entries."""
        self = super().__new__(cls, rows, SiteV6)
        self._keep(invalid_count=invalid_count)
        return self


class SiteMarketList(Records[SiteMarket]):
    """All site markets of a company.

    Attributes:
        invalid_count: The number of invalid entries that the server skipped.
    """

    invalid_count: int

    def __new__(cls, rows: Iterable[SiteMarket] = (), *, invalid_count: int = 0) -> Self:
        """Create the list from rows and the server's count of invalid entries."""
        self = super().__new__(cls, rows, SiteMarket)
        self._keep(invalid_count=invalid_count)
        return self
