"""The table of API v6 calls: schema facts, required scope, and handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kentik_async._generated._runtime import MethodSpec
from kentik_async._generated.as_group.v202212 import ASGroupServiceStub
from kentik_async._generated.kmi.v202212 import KmiServiceStub
from kentik_async._generated.site.v202509 import SiteServiceStub
from kentik_async.emulator.api import as_groups, kmi, site_markets, sites_v6
from kentik_async.emulator.world.state import EmulatorState

__all__ = ["RPCS", "Rpc"]

# The request type differs between calls; only the table below connects calls and types.
Answer = Callable[[EmulatorState, str, Any], bytes]


@dataclass(frozen=True, slots=True)
class Rpc:
    """One call of API v6.

    Attributes:
        name: The name of the operation, such as "kmi.get_rankings".
        spec: The facts of the schema.
        scope: The required scope.
        answer: The handler: takes the state, the name of the customer, and the request; returns the
            serialized answer; raises AnswerError.
    """

    name: str
    spec: MethodSpec
    scope: str
    answer: Answer

    @property
    def service(self) -> str:
        """The full name of the service, such as "kentik.kmi.v202212.KmiService"."""
        return self.spec.path.split("/")[1]

    @property
    def writes(self) -> bool:
        """Whether it changes data."""
        return self.scope.endswith(":write")


_KMI = KmiServiceStub.METHODS
_GROUPS = ASGroupServiceStub.METHODS
_SITES = SiteServiceStub.METHODS

RPCS = (
    Rpc("kmi.list_markets", _KMI["ListMarkets"], "admin.kmi:read", kmi.list_markets),
    Rpc("kmi.get_rankings", _KMI["GetRankings"], "admin.kmi:read", kmi.get_rankings),
    Rpc("kmi.get_asn_details", _KMI["GetASNDetails"], "admin.kmi:read", kmi.get_asn_details),
    Rpc("kmi.get_global_insights", _KMI["GetGlobalInsights"], "admin.kmi:read", kmi.get_global_insights),
    Rpc("kmi.get_asn_insights", _KMI["GetASNInsights"], "admin.kmi:read", kmi.get_asn_insights),
    Rpc("as_groups.list", _GROUPS["ListASGroups"], "admin.as_group:read", as_groups.list_groups),
    Rpc("as_groups.get", _GROUPS["GetASGroup"], "admin.as_group:read", as_groups.get_group),
    Rpc("as_groups.create", _GROUPS["CreateASGroup"], "admin.as_group:write", as_groups.create_group),
    Rpc("as_groups.update", _GROUPS["UpdateASGroup"], "admin.as_group:write", as_groups.update_group),
    Rpc("as_groups.delete", _GROUPS["DeleteASGroup"], "admin.as_group:write", as_groups.delete_group),
    Rpc("sites_v6.list", _SITES["ListSites"], "admin.site:read", sites_v6.list_sites),
    Rpc("sites_v6.get", _SITES["GetSite"], "admin.site:read", sites_v6.get_site),
    Rpc("sites_v6.create", _SITES["CreateSite"], "admin.site:write", sites_v6.create_site),
    Rpc("sites_v6.update", _SITES["UpdateSite"], "admin.site:write", sites_v6.update_site),
    Rpc("sites_v6.delete", _SITES["DeleteSite"], "admin.site:write", sites_v6.delete_site),
    Rpc("site_markets.list", _SITES["ListSiteMarkets"], "admin.site:read", site_markets.list_markets),
    Rpc("site_markets.get", _SITES["GetSiteMarket"], "admin.site:read", site_markets.get_market),
    Rpc("site_markets.create", _SITES["CreateSiteMarket"], "admin.site:write", site_markets.create_market),
    Rpc("site_markets.update", _SITES["UpdateSiteMarket"], "admin.site:write", site_markets.update_market),
    Rpc("site_markets.delete", _SITES["DeleteSiteMarket"], "admin.site:write", site_markets.delete_market),
)
