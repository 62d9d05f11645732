"""The methods that users call: one class per resource, independent of the transport."""

from kentik_async.resources.as_groups import ASGroups
from kentik_async.resources.kmi import KMI
from kentik_async.resources.plans import Plans
from kentik_async.resources.quota import QuotaView
from kentik_async.resources.rest import Rest
from kentik_async.resources.site_markets import SiteMarkets
from kentik_async.resources.sites import Sites
from kentik_async.resources.sites_v6 import SitesV6

__all__ = ["KMI", "ASGroups", "Plans", "QuotaView", "Rest", "SiteMarkets", "Sites", "SitesV6"]
