"""The client: composes the parts and owns their lifetimes."""

import os
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path
from types import EllipsisType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from kentik_async._clock import SYSTEM_CLOCK
from kentik_async._config import REGIONS, Credentials, Email, Endpoint, Token
from kentik_async._pipeline import CallOptions, Pipeline, PipelineSettings, check_type
from kentik_async._pipeline.caller import Caller
from kentik_async._transport.factory import TRANSPORTS, Endpoints, TransportName, make_transports
from kentik_async.errors import ConfigError
from kentik_async.events import EventHook
from kentik_async.quota import PACINGS, Limiter, Pacing, Quota
from kentik_async.quota.factory import Customer, choose_limiter
from kentik_async.retry import Retry

if TYPE_CHECKING:
    from kentik_async.resources import KMI, ASGroups, Plans, QuotaView, Rest, SiteMarkets, Sites, SitesV6
    from kentik_async.resources.with_response import WithResponse
    from kentik_async.state.declared_state import DeclaredState

__all__ = ["KentikClient"]

S = TypeVar("S")

_RETRY = Retry()


class KentikClient:
    """An asyncio client for the Kentik API: gRPC and REST share one quota.

    Any number of calls may be started at once: each is sent as soon as the vendor's rate limits allow, so
    that the server rejects none for a limit that this client knows. Nothing is opened before the first call.
    A client belongs to one event loop at a time.

    Attributes:
        kmi: Markets, rankings, networks' neighbours, insights.
        as_groups: AS groups.
        sites: Sites of API v5, which the vendor calls legacy.
        sites_v6: Sites of API v6.
        site_markets: Site markets: named sets of sites of API v6.
        plans: Plans.
        quota: The remaining quota, and an estimate of how long calls would take.
        rest: Any other endpoint of API v5, and API v6 as JSON.
        state: Declared state: export, plan and apply for AS groups and sites.
    """

    kmi: "KMI"
    as_groups: "ASGroups"
    sites: "Sites"
    sites_v6: "SitesV6"
    site_markets: "SiteMarkets"
    plans: "Plans"
    quota: "QuotaView"
    rest: "Rest"

    _endpoints: Endpoints | None = None

    def __init__(
        self,
        email: str,
        token: str,
        *,
        region: str = "us",
        grpc_endpoint: str | None = None,
        rest_endpoint: str | None = None,
        customer: str | None = None,
        quota: Quota | None = None,
        query_quota: Quota | None = None,
        pacing: Pacing = "auto",
        limiter: Limiter | str | None = None,
        timeout: float = 60.0,
        max_wait: float | None = None,
        connect_timeout: float = 10.0,
        outage_wait: float = 60.0,
        retry: Retry = _RETRY,
        on_event: EventHook | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        allow_plaintext: bool = False,
        transport: TransportName = "auto",
        v6_rest_endpoint: str | None = None,
    ) -> None:
        """Check the arguments and compose the client; nothing is sent.

        Args:
            email: The e-mail address of a Kentik user.
            token: That user's API token; never shown anywhere.
            region: "us" or "eu", the region in which the company is registered.
            grpc_endpoint: `https://host:port`, instead of the region's; `http://…` for plaintext.
            rest_endpoint: The same for REST, with the base path: `https://host/api/v5`.
            customer: Selects the quota; users of one company set the same name. The email by default.
            quota: The limits of non-query requests; the vendor's by default.
            query_quota: The limits of queries; the vendor's by default.
            pacing: "throughput" accepts the delays of the soft limit, "courteous" stays below it, "auto" uses
                the faster of the two at the measured latency.
            limiter: Where to count the quota: "process:", "file:" or "file:PATH" (shared by all processes
                of this machine), "redis://…" (shared by all machines), or a `Limiter`. By default a file in
                the user's state folder; for endpoints on this machine, the process.
            timeout: Maximum duration of one attempt from sending to the response, in seconds.
            max_wait: Maximum wait of a call for quota, in seconds; None for no limit.
            connect_timeout: Maximum duration of the first connection attempt, in seconds.
            outage_wait: How long calls wait for a lost connection to return, in seconds.
            retry: When failed requests are sent again; `Retry()` by default.
            on_event: Called with an `Event` at each step of each call; it must not block.
            ca_file: PEM file of the certificate authorities to trust instead of the system's and those of
                SSL_CERT_FILE.
            proxy: URL of an HTTP proxy, instead of HTTPS_PROXY, ALL_PROXY and NO_PROXY.
            allow_plaintext: Whether `http://` endpoints may be on other machines.
            transport: How calls of API v6 are sent: "grpc", "rest" (as JSON over HTTP), or "auto": gRPC, and
                REST if no gRPC connection can be made but HTTP works, which is logged as a warning.
            v6_rest_endpoint: `https://host:port` of API v6 as JSON; the host of `grpc_endpoint` by default.

        Raises:
            ConfigError: An argument is invalid.
        """
        email, token = Email.of(email), Token.of(token)
        credentials = Credentials.of(email, token)
        _check_choice("pacing", pacing, PACINGS)
        _check_choice("region", region, REGIONS)
        _check_choice("transport", transport, TRANSPORTS)
        options = CallOptions(timeout, max_wait)
        grpc_url, rest_url = grpc_endpoint or REGIONS[region].grpc_endpoint, rest_endpoint
        parse = partial(Endpoint.parse, allow_plaintext=allow_plaintext)
        self._endpoints = endpoints = Endpoints(
            parse(grpc_url, name="grpc_endpoint"),
            parse(v6_rest_endpoint or grpc_url, name="v6_rest_endpoint"),
            parse(rest_url or REGIONS[region].rest_endpoint, name="rest_endpoint"),
        )
        if endpoints.grpc.path:
            raise ConfigError(f"grpc_endpoint must not have a path; got {endpoints.grpc.url!r}")
        quota = Quota.NON_QUERY if quota is None else quota
        query_quota = Quota.QUERY if query_quota is None else query_quota
        check_type("quota", quota, Quota)
        check_type("query_quota", query_quota, Quota)
        self._quota = quota
        settings = PipelineSettings(
            quotas={"non_query": quota, "query": query_quota},
            retry=retry,
            connect_timeout=connect_timeout,
            outage_wait=outage_wait,
            on_event=on_event,
            clock=SYSTEM_CLOCK,
        )
        transports = make_transports(
            endpoints,
            credentials,
            transport=transport,
            connect_timeout=connect_timeout,
            ca_file=ca_file,
            proxy=proxy,
        )
        self._customer = Customer(
            endpoints=(endpoints.grpc.url, endpoints.rest.url),  # with any transport: the quota is shared
            name=customer or email,
            quota=quota,
            query_quota=query_quota,
            pacing=pacing,
            local=endpoints.loopback,
        )
        # The resources import protobuf and the messages, which takes 30 ms of CPU. They are imported with the
        # first client: at the first call, they would block the event loop.
        from kentik_async.resources.stub_quotas import StubQuotas

        self._stub_quotas = StubQuotas(limiter, self._customer)
        # Last, because it may open a file or a connection: nothing after it can fail.
        self._limiter, self._owns_limiter = choose_limiter(limiter, self._customer, self)
        self._pipeline = Pipeline(settings, self._limiter, transports)
        self._make_resources(options)

    @classmethod
    def from_env(cls, profile: str | None = None, **overrides: Any) -> Self:
        """Create a client from environment variables and profile files.

        The order of precedence: the arguments given here, the profile named here, the environment
        (`KENTIK_EMAIL` and `KENTIK_API_TOKEN`, else `KTAPI_AUTH_EMAIL` and `KTAPI_AUTH_TOKEN`;
        `KENTIK_REGION`, `KENTIK_GRPC_ENDPOINT`, `KENTIK_REST_ENDPOINT`, `KENTIK_V6_REST_ENDPOINT`,
        `KENTIK_TRANSPORT`, `KENTIK_LIMITER`, `KENTIK_SPEED`, `KENTIK_CA_FILE`, `KENTIK_PROXY`), the profile
        `KENTIK_PROFILE` or `default`. A profile is the file `~/.kentik/<profile>`; `KTAPI_HOME` names
        another folder, `KTAPI_CFG_FILE` another file. E-mail address and token always come from the same
        source.

        Args:
            profile: The name of a profile.
            **overrides: Any argument of `KentikClient`.

        Raises:
            ConfigError: Credentials are missing, a profile or a variable is invalid, or `KENTIK_SPEED` is not
                1 and an endpoint is not on this machine.
        """
        from kentik_async._environment import client_arguments, settings_from

        for name, hidden in (("email", Email), ("token", Token)):
            if name in overrides:
                overrides[name] = hidden.of(overrides[name])
        return cls(**client_arguments({**settings_from(profile, os.environ, Path.home()), **overrides}))

    def with_options(
        self, *, timeout: float | EllipsisType = ..., max_wait: float | EllipsisType | None = ...
    ) -> Self:
        """Return a view on this client with other options; it shares connections, quota and lifetime.

        Args:
            timeout: Maximum duration of one attempt, in seconds; unchanged if omitted.
            max_wait: Maximum wait of a call for quota, in seconds; None for no limit; unchanged if
                omitted.

        Raises:
            ConfigError: A value is not a finite number of seconds.
        """
        timeout = self._options.timeout if timeout is ... else timeout
        max_wait = self._options.max_wait if max_wait is ... else max_wait
        options = CallOptions(timeout, max_wait)
        view = object.__new__(type(self))
        vars(view).update(vars(self))
        vars(view).pop("state", None)
        view._make_resources(options)
        return view

    @cached_property
    def state(self) -> "DeclaredState":
        """Declared state; its modules are imported at the first use, because few programs need them."""
        from kentik_async.state.declared_state import DeclaredState

        return DeclaredState(self._caller, (self._customer.name, *self._customer.endpoints))

    @property
    def with_response(self) -> "WithResponse":
        """A view with the same methods, each returning a `Response`: result and answer details."""
        from kentik_async.resources.with_response import WithResponse

        return WithResponse(self._caller)

    def stub(
        self, stub_class: Callable[[Any], S], *, quota_class: str | None = None, quota: Quota | None = None
    ) -> S:
        """Return a stub of a generated class whose calls use this client's quota, retries and errors.

        A method takes its request message and, optionally, `timeout` (seconds for one attempt) and
        `idempotent=True`, which allows retries after a failure. Methods that the API's JSON mirror maps to
        GET are retried without it.

        Args:
            stub_class: A class generated by `kentik-async codegen`, such as `KmiServiceStub`.
            quota_class: The quota class of the calls: "non_query" (the default), "query", or any name for an
                API with limits of its own; stubs with one name share them if their clients share a quota.
            quota: The limits of that API.

        Raises:
            ConfigError: The class is not generated by `kentik-async codegen`, or an argument is invalid.
        """
        from kentik_async.resources.stubs import stub_channel

        caller, counted = self._stub_quotas.caller(self._caller, quota_class, quota)
        return stub_class(stub_channel(caller, stub_class, counted))

    async def aclose(self) -> None:
        """Close the connections; queued and in-flight calls raise ClientClosedError. May be called twice."""
        try:
            await self._pipeline.aclose()
        finally:
            if self._owns_limiter:
                await self._limiter.aclose()
            await self._stub_quotas.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        at = self._endpoints
        return f"<KentikClient grpc={at.grpc.url} rest={at.rest.url}>" if at else "<KentikClient>"

    def _make_resources(self, options: CallOptions) -> None:
        from kentik_async.resources import KMI, ASGroups, Plans, QuotaView, Rest, SiteMarkets, Sites, SitesV6

        self._options = options
        self._caller = caller = Caller(self._pipeline, options, self._limiter, self._quota)
        self.kmi = KMI(caller)
        self.as_groups = ASGroups(caller)
        self.sites = Sites(caller)
        self.sites_v6 = SitesV6(caller)
        self.site_markets = SiteMarkets(caller)
        self.plans = Plans(caller)
        self.quota = QuotaView(self._limiter)
        self.rest = Rest(caller)


def _check_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    if value not in tuple(allowed):
        raise ConfigError(f"{name} must be one of {', '.join(allowed)}; got {value!r}")
