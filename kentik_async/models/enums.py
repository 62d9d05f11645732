"""Enumerations of request arguments; a plain string of the same value is accepted everywhere."""

from enum import StrEnum
from typing import Literal, Self, TypeAlias

__all__ = [
    "Filter",
    "FilterName",
    "IPFamily",
    "IPFamilyName",
    "InsightType",
    "RankType",
    "RankTypeName",
    "Relation",
    "RelationName",
    "SiteType",
    "SiteTypeName",
]


class RankType(StrEnum):
    """The metric that a KMI ranking orders networks by (Kentik KB, KMI APIs).

    The vendor's API spells wholesale "wholesome"; `RankType("customer_base_wholesale")` is accepted too.
    """

    CUSTOMER_BASE = "customer_base"
    CUSTOMER_BASE_RETAIL = "customer_base_retail"
    CUSTOMER_BASE_WHOLESOME = "customer_base_wholesome"
    CUSTOMER_BASE_WHOLESALE = "customer_base_wholesome"
    CUSTOMER_BASE_BACKBONE = "customer_base_backbone"
    CUSTOMER_GROWTH = "customer_growth"
    PEERING_BASE = "peering_base"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls("customer_base_wholesome") if value == "customer_base_wholesale" else None


class IPFamily(StrEnum):
    """The IP address family of a routing table."""

    V4 = "v4"
    V6 = "v6"


class Relation(StrEnum):
    """The neighbours of a network to request.

    The vendor's documentation uses the singular (`customer`), its schema the plural. Both are accepted; the
    plural is sent.
    """

    ALL = "all"
    CUSTOMERS = "customers"
    PROVIDERS = "providers"
    PEERS = "peers"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls(f"{value}s") if value in {"customer", "provider", "peer"} else None


class Filter(StrEnum):
    """Whether to include all neighbours, only those with a property, or those without it."""

    ALL = "all"
    ONLY = "only"
    EXCLUDE = "exclude"


class InsightType(StrEnum):
    """The types of KMI insights."""

    MARKET_ENTRANCE = "market_entrance"
    MARKET_EXIT = "market_exit"
    RANKING_GAIN = "ranking_gain"
    RANKING_LOSS = "ranking_loss"
    START_PREFIX_ORIGINATION = "start_prefix_origination"
    STOP_PREFIX_ORIGINATION = "stop_prefix_origination"
    INCREASE_PREFIX_ORIGINATION = "increase_prefix_origination"
    DECREASE_PREFIX_ORIGINATION = "decrease_prefix_origination"
    CUSTOMER_GAIN = "customer_gain"
    CUSTOMER_LOSS = "customer_loss"
    PROVIDER_GAIN = "provider_gain"
    PROVIDER_LOSS = "provider_loss"
    CUSTOMER_ROUTING_GAIN = "customer_routing_gain"
    CUSTOMER_ROUTING_LOSS = "customer_routing_loss"
    PROVIDER_ROUTING_GAIN = "provider_routing_gain"
    PROVIDER_ROUTING_LOSS = "provider_routing_loss"


class SiteType(StrEnum):
    """The use of a site of API v6.

    The names of the vendor's schema, such as "SITE_TYPE_DATA_CENTER", are accepted too.
    """

    UNSPECIFIED = "unspecified"
    DATA_CENTER = "data_center"
    CLOUD = "cloud"
    BRANCH = "branch"
    CONNECTIVITY = "connectivity"
    CUSTOMER = "customer"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or not value.startswith("SITE_TYPE_"):
            return None
        return cls.__members__.get(value.removeprefix("SITE_TYPE_"))


RankTypeName: TypeAlias = (
    RankType
    | Literal[
        "customer_base",
        "customer_base_retail",
        "customer_base_wholesome",
        "customer_base_wholesale",
        "customer_base_backbone",
        "customer_growth",
        "peering_base",
    ]
)
"""A ranking metric, as an enumeration's member or as plain text."""

IPFamilyName: TypeAlias = IPFamily | Literal["v4", "v6"]
"""An address family, as a member or as plain text."""

RelationName: TypeAlias = (
    Relation | Literal["all", "customers", "providers", "peers", "customer", "provider", "peer"]
)
"""A relation between networks, as a member or as plain text."""

FilterName: TypeAlias = Filter | Literal["all", "only", "exclude"]
"""A filter of neighbours, as a member or as plain text."""

SiteTypeName: TypeAlias = (
    SiteType | Literal["data_center", "cloud", "branch", "connectivity", "customer", "other"]
)
"""The use of a site, as a member or as plain text."""
