"""The asyncio SDK for the Kentik network-observability API.

    async with KentikClient(email, token) as kentik:
        markets = await kentik.kmi.list_markets()

Any number of calls may be started at once: they are sent as early as the vendor's quota allows.

Each name is loaded when it is first used. All together take as long as the rest of `kentik-async --help`
(benchmarks/cli_help.py), which needs none of them.
"""

import importlib
from typing import TYPE_CHECKING

from kentik_async._version import __version__

if TYPE_CHECKING:
    from kentik_async._pipeline.priority import priority
    from kentik_async._pipeline.response import Response
    from kentik_async.bulk.pages import Page
    from kentik_async.bulk.pull import Pull
    from kentik_async.bulk.reading.dataset import open_target
    from kentik_async.bulk.results import Progress, PullPlan, PullReport
    from kentik_async.client import KentikClient
    from kentik_async.errors import (
        APIError,
        AuthenticationError,
        BadRequestError,
        ClientClosedError,
        ConfigError,
        ConflictError,
        ConnectError,
        DeadlineExceededError,
        DecodeError,
        DocumentError,
        KentikError,
        NotFoundError,
        PermissionDeniedError,
        QuotaWaitError,
        RateLimitedError,
        ServerError,
        TargetError,
        TargetLockedError,
        UnavailableError,
        ValidationError,
    )
    from kentik_async.events import Event
    from kentik_async.models import (
        ASGroup,
        ASGroupList,
        ASNDetails,
        AutonomousSystem,
        CustomerProvider,
        Filter,
        Insight,
        InsightType,
        IPFamily,
        Layer,
        LayerSet,
        Market,
        Peer,
        PeeringDBSiteMapping,
        Plan,
        PlanDevice,
        PlanDeviceType,
        PostalAddress,
        Ranking,
        Rankings,
        RankType,
        Records,
        Relation,
        Site,
        SiteIpAddressClassification,
        SiteMarket,
        SiteMarketList,
        SiteType,
        SiteV6,
        SiteV6List,
    )
    from kentik_async.quota import Grant, Limiter, LocalLimiter, Quota, QuotaSnapshot
    from kentik_async.retry import Retry
    from kentik_async.state import ApplyReport, Document, StatePlan

__all__ = [
    "APIError",
    "ASGroup",
    "ASGroupList",
    "ASNDetails",
    "ApplyReport",
    "AuthenticationError",
    "AutonomousSystem",
    "BadRequestError",
    "ClientClosedError",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "CustomerProvider",
    "DeadlineExceededError",
    "DecodeError",
    "Document",
    "DocumentError",
    "Event",
    "Filter",
    "Grant",
    "IPFamily",
    "Insight",
    "InsightType",
    "KentikClient",
    "KentikError",
    "Layer",
    "LayerSet",
    "Limiter",
    "LocalLimiter",
    "Market",
    "NotFoundError",
    "Page",
    "Peer",
    "PeeringDBSiteMapping",
    "PermissionDeniedError",
    "Plan",
    "PlanDevice",
    "PlanDeviceType",
    "PostalAddress",
    "Progress",
    "Pull",
    "PullPlan",
    "PullReport",
    "Quota",
    "QuotaSnapshot",
    "QuotaWaitError",
    "RankType",
    "Ranking",
    "Rankings",
    "RateLimitedError",
    "Records",
    "Relation",
    "Response",
    "Retry",
    "ServerError",
    "Site",
    "SiteIpAddressClassification",
    "SiteMarket",
    "SiteMarketList",
    "SiteType",
    "SiteV6",
    "SiteV6List",
    "StatePlan",
    "TargetError",
    "TargetLockedError",
    "UnavailableError",
    "ValidationError",
    "__version__",
    "priority",
]

_HOMES = {
    "kentik_async._pipeline.priority": ("priority",),
    "kentik_async._pipeline.response": ("Response",),
    "kentik_async.bulk.pages": ("Page",),
    "kentik_async.bulk.pull": ("Pull",),
    "kentik_async.bulk.reading.dataset": ("open_target",),
    "kentik_async.bulk.results": ("Progress", "PullPlan", "PullReport"),
    "kentik_async.client": ("KentikClient",),
    "kentik_async.errors": (
        "APIError",
        "AuthenticationError",
        "BadRequestError",
        "ClientClosedError",
        "ConfigError",
        "ConflictError",
        "ConnectError",
        "DeadlineExceededError",
        "DecodeError",
        "DocumentError",
        "KentikError",
        "NotFoundError",
        "PermissionDeniedError",
        "QuotaWaitError",
        "RateLimitedError",
        "ServerError",
        "TargetError",
        "TargetLockedError",
        "UnavailableError",
        "ValidationError",
    ),
    "kentik_async.events": ("Event",),
    "kentik_async.models": (
        "ASGroup",
        "ASGroupList",
        "ASNDetails",
        "AutonomousSystem",
        "CustomerProvider",
        "Filter",
        "IPFamily",
        "Insight",
        "InsightType",
        "Market",
        "Peer",
        "Plan",
        "PlanDevice",
        "PlanDeviceType",
        "RankType",
        "Ranking",
        "Rankings",
        "Records",
        "Relation",
        "Site",
        "Layer",
        "LayerSet",
        "PeeringDBSiteMapping",
        "PostalAddress",
        "SiteIpAddressClassification",
        "SiteMarket",
        "SiteMarketList",
        "SiteType",
        "SiteV6",
        "SiteV6List",
    ),
    "kentik_async.quota": (
        "Grant",
        "Limiter",
        "LocalLimiter",
        "Quota",
        "QuotaSnapshot",
    ),
    "kentik_async.retry": ("Retry",),
    "kentik_async.state": ("ApplyReport", "Document", "StatePlan"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_SUBMODULES = frozenset({"bulk", "dlt", "emulator", "errors", "events", "models", "quota", "report", "state"})

if TYPE_CHECKING:
    # Called as `kentik_async.open(TARGET)`; not in `__all__`, where a star import would hide the built-in.
    open = open_target  # noqa: A001 (the public function's name)
else:
    # Hidden from type checkers, to which a name that does not exist would be an object.
    def __getattr__(name: str) -> object:
        if name in _SUBMODULES:
            return importlib.import_module(f"{__name__}.{name}")
        wanted = "open_target" if name == "open" else name
        if wanted not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(importlib.import_module(_HOME_OF[wanted]), wanted)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES, "open"})
