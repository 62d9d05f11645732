"""The values that options may take, as texts that help and completion can show.

They repeat the enumerations of `kentik_async.models`, which `--help` need not import; a test compares them.
"""

from typing import Literal, TypeAlias

__all__ = ["Choice", "Family", "InsightKind", "RankKind", "RelationKind"]

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
