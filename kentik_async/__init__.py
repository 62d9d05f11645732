"""The asyncio SDK for the Kentik network-observability API.

    async with KentikClient(email, token) as kentik:
        markets = await kentik.kmi.list_markets()

Any number of calls may be started at once: they are sent as early as the vendor's quota allows.
"""

from kentik_async._priority import priority
from kentik_async._version import __version__
from kentik_async.bulk.saved import open_target
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
    Market,
    Peer,
    Plan,
    PlanDevice,
    PlanDeviceType,
    Ranking,
    Rankings,
    RankType,
    Records,
    Relation,
    Site,
)
from kentik_async.quota import Grant, Limiter, LocalLimiter, Quota, QuotaSnapshot
from kentik_async.retry import Retry

__all__ = [
    "APIError",
    "ASGroup",
    "ASGroupList",
    "ASNDetails",
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
    "Event",
    "Filter",
    "Grant",
    "IPFamily",
    "Insight",
    "InsightType",
    "KentikClient",
    "KentikError",
    "Limiter",
    "LocalLimiter",
    "Market",
    "NotFoundError",
    "Peer",
    "PermissionDeniedError",
    "Plan",
    "PlanDevice",
    "PlanDeviceType",
    "Quota",
    "QuotaSnapshot",
    "QuotaWaitError",
    "RankType",
    "Ranking",
    "Rankings",
    "RateLimitedError",
    "Records",
    "Relation",
    "Retry",
    "ServerError",
    "Site",
    "TargetError",
    "TargetLockedError",
    "UnavailableError",
    "ValidationError",
    "__version__",
    "priority",
]

# Called as `kentik_async.open(TARGET)`; not in `__all__`, where a star import would hide the built-in.
open = open_target  # noqa: A001 (see above)
