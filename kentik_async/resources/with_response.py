"""`kentik.with_response`: the same methods, each returning a `Response`."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from kentik_async._pipeline.caller import Caller
from kentik_async._pipeline.response import Recorder, Response
from kentik_async.resources.as_groups import ASGroups
from kentik_async.resources.kmi import KMI
from kentik_async.resources.plans import Plans
from kentik_async.resources.rest import Rest
from kentik_async.resources.site_markets import SiteMarkets
from kentik_async.resources.sites import Sites
from kentik_async.resources.sites_v6 import SitesV6

__all__ = ["WithResponse"]


class _Resource(Protocol):
    def __init__(self, caller: Caller) -> None: ...


P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=_Resource)

_Responding = Callable[P, Coroutine[Any, Any, Response[T]]]


def _responding(
    caller: Caller, resource: type[R], method: Callable[Concatenate[R, P], Awaitable[T]]
) -> _Responding[P, T]:
    """Return a method of a resource that returns a `Response`; each call has its own recorder."""

    @wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> Response[T]:
        recorder = Recorder(caller)
        return recorder.response(await method(resource(recorder.caller), *args, **kwargs))

    return call


class WithResponse:
    """A view on a client whose methods return a `Response`: the result, and details of the answer.

    Attributes:
        kmi: Markets, rankings, networks' neighbours, insights.
        as_groups: AS groups.
        sites: Sites of API v5.
        sites_v6: Sites of API v6.
        site_markets: Markets of sites.
        plans: Plans.
        rest: Any other path of API v5 or v6.
    """

    def __init__(self, caller: Caller) -> None:
        """Store the client's caller."""
        self.kmi = _KMI(caller)
        self.as_groups = _ASGroups(caller)
        self.sites = _Sites(caller)
        self.sites_v6 = _SitesV6(caller)
        self.site_markets = _SiteMarkets(caller)
        self.plans = _Plans(caller)
        self.rest = _Rest(caller)


class _KMI:
    def __init__(self, caller: Caller) -> None:
        self.list_markets = _responding(caller, KMI, KMI.list_markets)
        self.get_rankings = _responding(caller, KMI, KMI.get_rankings)
        self.get_asn_details = _responding(caller, KMI, KMI.get_asn_details)
        self.get_global_insights = _responding(caller, KMI, KMI.get_global_insights)
        self.get_asn_insights = _responding(caller, KMI, KMI.get_asn_insights)


class _ASGroups:
    def __init__(self, caller: Caller) -> None:
        self.list = _responding(caller, ASGroups, ASGroups.list)
        self.get = _responding(caller, ASGroups, ASGroups.get)
        self.get_by_name = _responding(caller, ASGroups, ASGroups.get_by_name)
        self.create = _responding(caller, ASGroups, ASGroups.create)
        self.update = _responding(caller, ASGroups, ASGroups.update)
        self.add_asns = _responding(caller, ASGroups, ASGroups.add_asns)
        self.remove_asns = _responding(caller, ASGroups, ASGroups.remove_asns)
        self.delete = _responding(caller, ASGroups, ASGroups.delete)


class _Sites:
    def __init__(self, caller: Caller) -> None:
        self.list = _responding(caller, Sites, Sites.list)
        self.get = _responding(caller, Sites, Sites.get)
        self.create = _responding(caller, Sites, Sites.create)
        self.update = _responding(caller, Sites, Sites.update)
        self.delete = _responding(caller, Sites, Sites.delete)


class _SitesV6:
    def __init__(self, caller: Caller) -> None:
        self.list = _responding(caller, SitesV6, SitesV6.list)
        self.get = _responding(caller, SitesV6, SitesV6.get)
        self.get_by_title = _responding(caller, SitesV6, SitesV6.get_by_title)
        self.create = _responding(caller, SitesV6, SitesV6.create)
        self.replace = _responding(caller, SitesV6, SitesV6.replace)
        self.update = _responding(caller, SitesV6, SitesV6.update)
        self.delete = _responding(caller, SitesV6, SitesV6.delete)


class _SiteMarkets:
    def __init__(self, caller: Caller) -> None:
        self.list = _responding(caller, SiteMarkets, SiteMarkets.list)
        self.get = _responding(caller, SiteMarkets, SiteMarkets.get)
        self.create = _responding(caller, SiteMarkets, SiteMarkets.create)
        self.replace = _responding(caller, SiteMarkets, SiteMarkets.replace)
        self.update = _responding(caller, SiteMarkets, SiteMarkets.update)
        self.delete = _responding(caller, SiteMarkets, SiteMarkets.delete)


class _Plans:
    def __init__(self, caller: Caller) -> None:
        self.list = _responding(caller, Plans, Plans.list)


class _Rest:
    def __init__(self, caller: Caller) -> None:
        self.request = _responding(caller, Rest, Rest.request)
