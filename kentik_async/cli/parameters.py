"""The options that every command takes, at any place of the command line."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from cyclopts import Group, Parameter

__all__ = [
    "ASK",
    "GLOBAL",
    "OTHER",
    "START",
    "Choice",
    "Family",
    "Flag",
    "Format",
    "InsightKind",
    "Options",
    "RankKind",
    "RelationKind",
    "Store",
]

START = Group("To try it out", sort_key=1)
ASK = Group("To ask Kentik", sort_key=2)
OTHER = Group("Other", sort_key=3)
GLOBAL = Group("Options of every command", sort_key=100)

Format: TypeAlias = Literal["table", "json", "ndjson", "csv"]


Flag: TypeAlias = Annotated[bool, Parameter(show_default=False)]
"""The type of an option that is there or not."""

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
    """How to print and whom to be."""

    output: Annotated[
        Format | None,
        Parameter(
            name=("--output", "-o"),
            group=GLOBAL,
            help="Form of the result; table on a terminal, ndjson elsewhere.",
        ),
    ] = None
    profile: Annotated[
        tuple[str, ...],
        Parameter(
            group=GLOBAL,
            show_default=False,
            help="Credentials from ~/.kentik/PROFILE, before the environment; 'kmi pull' takes several.",
        ),
    ] = ()
    region: Annotated[Literal["us", "eu"] | None, Parameter(group=GLOBAL, help="The company's region.")] = (
        None
    )
    max_wait: Annotated[
        float | None,
        Parameter(group=GLOBAL, help="Longest wait for quota, in seconds; as long as it takes by default."),
    ] = None
    timeout: Annotated[
        float | None, Parameter(group=GLOBAL, help="Longest wait for one answer, in seconds; 60 by default.")
    ] = None
    quiet: Annotated[
        Flag, Parameter(name=("--quiet", "-q"), group=GLOBAL, help="No notes and no progress, errors only.")
    ] = False
    no_color: Annotated[Flag, Parameter(group=GLOBAL, help="No colours; NO_COLOR does the same.")] = False
