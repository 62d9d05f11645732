"""The models of responses: frozen objects and immutable sequences of them. Pure."""

from kentik_async.models._tables import arrow_schema
from kentik_async.models.as_groups import ASGroup, ASGroupList, AutonomousSystem
from kentik_async.models.enums import Filter, InsightType, IPFamily, RankType, Relation, SiteType
from kentik_async.models.kmi import ASNDetails, CustomerProvider, Insight, Market, Peer, Ranking, Rankings
from kentik_async.models.plans import Plan, PlanDevice, PlanDeviceType
from kentik_async.models.records import Records
from kentik_async.models.sites import Site
from kentik_async.models.sites_v6 import (
    Layer,
    LayerSet,
    PeeringDBSiteMapping,
    PostalAddress,
    SiteIpAddressClassification,
    SiteMarket,
    SiteMarketList,
    SiteV6,
    SiteV6List,
)

__all__ = [
    "ASGroup",
    "ASGroupList",
    "ASNDetails",
    "AutonomousSystem",
    "CustomerProvider",
    "Filter",
    "IPFamily",
    "Insight",
    "InsightType",
    "Layer",
    "LayerSet",
    "Market",
    "Peer",
    "PeeringDBSiteMapping",
    "Plan",
    "PlanDevice",
    "PlanDeviceType",
    "PostalAddress",
    "RankType",
    "Ranking",
    "Rankings",
    "Records",
    "Relation",
    "Site",
    "SiteIpAddressClassification",
    "SiteMarket",
    "SiteMarketList",
    "SiteType",
    "SiteV6",
    "SiteV6List",
    "arrow_schema",
]
