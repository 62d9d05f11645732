"""The methods that users call: one class per resource, independent of the transport."""

from kentik_async.resources.as_groups import ASGroups
from kentik_async.resources.kmi import KMI
from kentik_async.resources.plans import Plans
from kentik_async.resources.quota import QuotaView
from kentik_async.resources.rest import Rest
from kentik_async.resources.sites import Sites

__all__ = ["KMI", "ASGroups", "Plans", "QuotaView", "Rest", "Sites"]
