"""The facade: composes the parts and owns their lifetimes."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import EllipsisType, TracebackType
from typing import Any, Self, TypeVar

from kentik_async._clock import SYSTEM_CLOCK
from kentik_async._config import (
    REGIONS,
    Credentials,
    Email,
    Endpoint,
    Token,
    Trust,
    proxy_for,
    read_authorities,
)
from kentik_async._environment import client_arguments, settings_from
from kentik_async._operations import Protocol
from kentik_async._pipeline import CallOptions, Pipeline, PipelineSettings, check_kind
from kentik_async._pipeline.caller import Caller
from kentik_async._transport.base import Transport
from kentik_async._transport.grpc import GrpcTransport
from kentik_async._transport.rest import RestTransport
from kentik_async._version import __version__
from kentik_async.errors import ConfigError
from kentik_async.events import EventHook
from kentik_async.quota import PACINGS, Limiter, Pacing, Quota
from kentik_async.quota.factory import Customer, choose_limiter
from kentik_async.resources import KMI, ASGroups, Plans, QuotaView, Rest, Sites
from kentik_async.resources.stubs import stub_channel
from kentik_async.retry import Retry

__all__ = ["KentikClient"]

S = TypeVar("S")

_RETRY = Retry()

_AGENT = f"kentik-async/{__version__}"


class KentikClient:
    """The Kentik API, awaited: gRPC and REST behind one facade and one quota.

    Any number of calls may be started at once: they are sent as early as the vendor's limits allow, and
    none is refused for want of quota that this client could have known of. Nothing is opened before the
    first call. A client belongs to one event loop at a time.

    Attributes:
        kmi: Markets, rankings, networks' neighbours, insights.
        as_groups: AS groups.
        sites: Sites.
        plans: Plans.
        quota: What is left, and how long it will take.
        rest: Any other v5 endpoint.
    """

    kmi: KMI
    as_groups: ASGroups
    sites: Sites
    plans: Plans
    quota: QuotaView
    rest: Rest

    _endpoints: tuple[Endpoint, ...] = ()

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
    ) -> None:
        """Check the arguments and compose the client; nothing is sent.

        Args:
            email: The e-mail address of a Kentik user.
            token: That user's API token; never shown anywhere.
            region: "us" or "eu": where the company is registered.
            grpc_endpoint: `https://host:port` in the region's stead; `http://…` for plaintext.
            rest_endpoint: Likewise, with the base path: `https://host/api/v5`.
            customer: Whose quota it is; users of one company give the same name. The email by default.
            quota: The limits of non-query requests; the vendor's by default.
            query_quota: The limits of queries; the vendor's by default.
            pacing: "throughput" bears the soft limit's delays, "courteous" never incurs one, "auto" takes
                what is faster at the latency measured.
            limiter: What keeps the quota: "process:", "file:" or "file:PATH" (shared by all processes of this
                machine), "redis://…" (shared by all machines), or a `Limiter`. By default a file under the
                user's state folder; for endpoints on this machine, the process alone.
            timeout: How long one attempt may take from its sending, in seconds.
            max_wait: How long a call may wait for quota, in seconds; None waits as long as it takes.
            connect_timeout: How long the first connection may take, in seconds.
            outage_wait: How long later outages are waited out, in seconds.
            retry: How failed requests are repeated; `Retry()` by default.
            on_event: Called with an `Event` at each step of each call; it must not block.
            ca_file: PEM file of the authorities to trust in the stead of the machine's.
            proxy: URL of an HTTP proxy; HTTPS_PROXY and NO_PROXY are honoured without it.
            allow_plaintext: Whether `http://` endpoints may be on other machines.

        Raises:
            ConfigError: An argument is none of what is allowed.
        """
        email, token = Email.of(email), Token.of(token)
        credentials = Credentials.of(email, token)
        _check_choice("pacing", pacing, PACINGS)
        _check_choice("region", region, REGIONS)
        options = CallOptions(timeout, max_wait)
        grpc_at = _endpoint("grpc_endpoint", grpc_endpoint or REGIONS[region].grpc_endpoint, allow_plaintext)
        rest_at = _endpoint("rest_endpoint", rest_endpoint or REGIONS[region].rest_endpoint, allow_plaintext)
        if grpc_at.path:
            raise ConfigError(f"grpc_endpoint is {grpc_at.url!r}: gRPC knows no base path, leave it away")
        quota = Quota.NON_QUERY if quota is None else quota
        query_quota = Quota.QUERY if query_quota is None else query_quota
        check_kind("quota", quota, Quota)
        check_kind("query_quota", query_quota, Quota)
        self._quota = quota
        self._endpoints = (grpc_at, rest_at)
        settings = PipelineSettings(
            quotas={"non_query": quota, "query": query_quota},
            retry=retry,
            connect_timeout=connect_timeout,
            outage_wait=outage_wait,
            on_event=on_event,
            clock=SYSTEM_CLOCK,
        )
        transports = _transports(grpc_at, rest_at, credentials, ca_file, proxy)
        spender = Customer(
            endpoints=(grpc_at.url, rest_at.url),
            name=customer or email,
            quota=quota,
            query_quota=query_quota,
            pacing=pacing,
            local=grpc_at.loopback and rest_at.loopback,
        )
        # The last that can fail: it may open a file or a connection.
        self._limiter, self._owns_limiter = choose_limiter(limiter, spender, self)
        self._pipeline = Pipeline(settings, self._limiter, transports)
        self._offer(options)

    @classmethod
    def from_env(cls, profile: str | None = None, **overrides: Any) -> Self:
        """Make a client as the environment and the profile files say.

        What is given here goes first, then a profile named here, then the environment (`KENTIK_EMAIL`,
        `KENTIK_API_TOKEN`, else `KTAPI_AUTH_EMAIL`, `KTAPI_AUTH_TOKEN`; `KENTIK_REGION`,
        `KENTIK_GRPC_ENDPOINT`, `KENTIK_REST_ENDPOINT`, `KENTIK_LIMITER`, `KENTIK_SPEED`), then the profile
        `KENTIK_PROFILE` or `default`: `~/.kentik/<profile>`, or as `KTAPI_CFG_FILE` and `KTAPI_HOME` say.

        Args:
            profile: The name of a profile.
            **overrides: Any argument of `KentikClient`.

        Raises:
            ConfigError: Something is missing or unusable; `KENTIK_SPEED` other than 1 goes with endpoints
                on this machine only.
        """
        for name, hidden in (("email", Email), ("token", Token)):
            if name in overrides:
                overrides[name] = hidden.of(overrides[name])
        return cls(**client_arguments({**settings_from(profile, os.environ, Path.home()), **overrides}))

    def with_options(
        self, *, timeout: float | EllipsisType = ..., max_wait: float | EllipsisType | None = ...
    ) -> Self:
        """Return a view on this client with other options; it shares connections, quota and lifetime.

        Args:
            timeout: How long one attempt may take from its sending, in seconds; as before if omitted.
            max_wait: How long a call may wait for quota, in seconds; None for as long as it takes; as
                before if omitted.

        Raises:
            ConfigError: A span is no finite number of seconds.
        """
        timeout = self._options.timeout if timeout is ... else timeout
        max_wait = self._options.max_wait if max_wait is ... else max_wait
        options = CallOptions(timeout, max_wait)
        view = object.__new__(type(self))
        view._quota, view._endpoints = self._quota, self._endpoints
        view._limiter, view._owns_limiter = self._limiter, self._owns_limiter
        view._pipeline = self._pipeline
        view._offer(options)
        return view

    def stub(self, stub_class: Callable[[Any], S]) -> S:
        """Return a stub made by `python -m codegen` whose calls go under this client's quota and errors.

        A method takes its request message and, optionally, `timeout` (seconds for one attempt) and
        `idempotent=True`, which lets it be repeated after a failure; methods that the API's HTTP mirror
        maps to GET need no such word.

        Args:
            stub_class: A generated class, such as `KmiServiceStub`.

        Raises:
            ConfigError: The class is none that codegen made.
        """
        return stub_class(stub_channel(self._caller, stub_class))

    async def aclose(self) -> None:
        """Close the connections; calls that wait or fly end with ClientClosedError. Closing twice is fine."""
        try:
            await self._pipeline.aclose()
        finally:
            if self._owns_limiter:
                await self._limiter.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        endpoints = zip(("grpc", "rest"), self._endpoints, strict=False)  # none while it is being made
        return f"<KentikClient {' '.join(f'{name}={at.url}' for name, at in endpoints)}>"

    def _offer(self, options: CallOptions) -> None:
        self._options = options
        self._caller = caller = Caller(self._pipeline, options, SYSTEM_CLOCK, self._limiter, self._quota)
        self.kmi = KMI(caller)
        self.as_groups = ASGroups(caller)
        self.sites = Sites(caller)
        self.plans = Plans(caller)
        self.quota = QuotaView(self._limiter)
        self.rest = Rest(caller)


def _endpoint(name: str, url: str, allow_plaintext: bool) -> Endpoint:
    return Endpoint.parse(url, name=name, allow_plaintext=allow_plaintext)


def _transports(
    grpc_at: Endpoint,
    rest_at: Endpoint,
    credentials: Credentials,
    ca_file: str | os.PathLike[str] | None,
    proxy: str | None,
) -> Mapping[Protocol, tuple[str, Callable[[], Transport]]]:
    authorities = read_authorities(ca_file)
    grpc_trust = Trust(authorities, proxy_for(grpc_at, proxy))
    rest_trust = Trust(authorities, proxy_for(rest_at, proxy))
    return {
        "grpc": (grpc_at.authority, lambda: GrpcTransport(grpc_at, credentials, grpc_trust, _AGENT)),
        "rest": (rest_at.authority, lambda: RestTransport(rest_at, credentials, rest_trust, _AGENT)),
    }


def _check_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    if value not in tuple(allowed):
        raise ConfigError(f"{name} is {value!r}: give one of {', '.join(allowed)}")
