"""Parameters shared by several commands: the global options, help groups, and lists of allowed values.

The allowed values repeat the enumerations of `kentik_async.models`, because `--help` must not import those.
A test compares them.
"""

import logging
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from cyclopts import Group, Parameter

__all__ = [
    "ASK",
    "GLOBAL",
    "OTHER",
    "START",
    "STATE",
    "Choice",
    "Family",
    "Flag",
    "Format",
    "InsightKind",
    "Options",
    "RankKind",
    "RelationKind",
    "SiteKind",
    "Store",
]

START = Group("Try without an account", sort_key=1)
ASK = Group("Kentik API", sort_key=2)
STATE = Group("Declared state", sort_key=3)
OTHER = Group("Other commands", sort_key=4)
GLOBAL = Group("Global options", sort_key=100)

Format: TypeAlias = Literal["table", "json", "ndjson", "csv", "markdown"]


Flag: TypeAlias = Annotated[bool, Parameter(show_default=False)]
"""The type of an option without a value."""

Family: TypeAlias = Literal["v4", "v6"]

RankKind: TypeAlias = Literal[
    "customer_base",
    "customer_base_retail",
    "customer_base_wholesale",
    "customer_base_wholesome",
    "customer_base_backbone",
    "customer_growth",
    "peering_base",
]

RelationKind: TypeAlias = Literal["all", "customers", "providers", "peers"]

SiteKind: TypeAlias = Literal["data_center", "cloud", "branch", "connectivity", "customer", "other"]

Choice: TypeAlias = Literal["all", "only", "exclude"]

Store: TypeAlias = Literal["parquet", "delta", "sqlite", "ndjson", "csv"]

InsightKind: TypeAlias = Literal[
    "market_entrance",
    "market_exit",
    "ranking_gain",
    "ranking_loss",
    "start_prefix_origination",
    "stop_prefix_origination",
    "increase_prefix_origination",
    "decrease_prefix_origination",
    "customer_gain",
    "customer_loss",
    "provider_gain",
    "provider_loss",
    "customer_routing_gain",
    "customer_routing_loss",
    "provider_routing_gain",
    "provider_routing_loss",
]


@dataclass(frozen=True, slots=True)
class Options:
    """The global options."""

    output: Annotated[
        Format | None,
        Parameter(
            name=("--output", "-o"),
            group=GLOBAL,
            help="Output format; by default table on a terminal, otherwise ndjson; markdown for plans.",
        ),
    ] = None
    fields: Annotated[
        str | None,
        Parameter(group=GLOBAL, help="Write only these fields, separated by commas."),
    ] = None
    jq: Annotated[
        str | None,
        Parameter(group=GLOBAL, help="Filter the JSON output with a jq program (extra jq)."),
    ] = None
    profile: Annotated[
        tuple[str, ...],
        Parameter(
            group=GLOBAL,
            show_default=False,
            help="Use the credentials in ~/.kentik/PROFILE; may be repeated for 'kmi pull'.",
        ),
    ] = ()
    region: Annotated[Literal["us", "eu"] | None, Parameter(group=GLOBAL, help="Kentik region.")] = None
    transport: Annotated[
        Literal["grpc", "rest", "auto"] | None,
        Parameter(group=GLOBAL, help="Protocol of API v6; auto uses REST if gRPC cannot connect."),
    ] = None
    endpoint: Annotated[
        str | None,
        Parameter(group=GLOBAL, help="URL of a gateway that serves API v6, and API v5 below /api/v5."),
    ] = None
    customer: Annotated[
        str | None,
        Parameter(group=GLOBAL, help="Name that selects the quota; users of one company use the same."),
    ] = None
    pacing: Annotated[
        Literal["auto", "throughput", "courteous"] | None,
        Parameter(group=GLOBAL, help="courteous avoids the delays of the soft limit."),
    ] = None
    limiter: Annotated[
        str | None,
        Parameter(group=GLOBAL, help="Where the quota is counted: process:, file:PATH or redis://HOST."),
    ] = None
    ca_file: Annotated[
        str | None,
        Parameter(group=GLOBAL, help="PEM file of the certificate authorities to trust."),
    ] = None
    proxy: Annotated[
        str | None, Parameter(group=GLOBAL, help="URL of an HTTP proxy, such as http://host:port.")
    ] = None
    max_wait: Annotated[
        float | None,
        Parameter(group=GLOBAL, help="Maximum wait for quota in seconds; unlimited by default."),
    ] = None
    timeout: Annotated[
        float | None, Parameter(group=GLOBAL, help="Maximum time for one request in seconds; 60 by default.")
    ] = None
    quiet: Annotated[Flag, Parameter(name=("--quiet", "-q"), group=GLOBAL, help="Print errors only.")] = False
    verbose: Annotated[
        Flag, Parameter(name=("--verbose", "-v"), group=GLOBAL, help="Print a line for each request.")
    ] = False
    debug: Annotated[Flag, Parameter(group=GLOBAL, help="Print each step of each request.")] = False
    no_pager: Annotated[
        Flag, Parameter(group=GLOBAL, help="Write long tables to the terminal at once, without PAGER.")
    ] = False
    no_color: Annotated[
        Flag, Parameter(group=GLOBAL, help="Disable colours; the variable NO_COLOR does the same.")
    ] = False

    @property
    def log_level(self) -> int:
        """The lowest level of the log records that are printed."""
        return logging.DEBUG if self.debug else logging.INFO if self.verbose else logging.WARNING
