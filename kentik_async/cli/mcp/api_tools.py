"""The tools that call the API, all of them through one client and its quota."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, get_args

from kentik_async.cli.market_names import resolve_market
from kentik_async.cli.mcp.tools import PAGE, Arguments, ToolSpec, bounded_rows, page_of, plain
from kentik_async.cli.parameters import Choice, Family, InsightKind, RankKind, RelationKind

if TYPE_CHECKING:
    from kentik_async import KentikClient

__all__ = ["api_tools"]

_MARKET = {
    "type": "string",
    "description": 'Market: an id such as "cc$US", a country code such as "US", or a name.',
}
_ASN = {"type": ["integer", "string"], "description": "Number of the network: 64512, AS64512 or 1.10."}
_LIMIT = {
    "type": "integer",
    "minimum": 1,
    "maximum": 1000,
    "default": 50,
    "description": "Maximum number of rows that the server returns.",
}
_RELATIONS = ("customers", "providers", "peers")


def _enum(values: object, default: str | None, description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "enum": list(get_args(values)), "description": description}
    return schema if default is None else schema | {"default": default}


def api_tools(kentik: "KentikClient") -> Sequence[ToolSpec]:
    """Return the tools of a client.

    Args:
        kentik: The client, which stays open while the tools are used.
    """
    tools = _ApiTools(kentik)
    choice = "Whether to return all of them, only these, or all others."
    return (
        ToolSpec(
            "list_markets",
            "List the markets of Kentik Market Intelligence (KMI): market_id and name.",
            tools.list_markets,
            {"search": {"type": "string", "description": "Part of the name or the id."}, **PAGE},
        ),
        ToolSpec(
            "get_rankings",
            "Rank the networks of a market by a metric (KMI). Scores of IPv4 and IPv6 cannot be compared.",
            tools.get_rankings,
            {
                "market": _MARKET,
                "rank_type": _enum(RankKind, "customer_base", "Metric."),
                "ip": _enum(Family, "v4", "Address family."),
                "limit": _LIMIT,
            },
            ["market"],
        ),
        ToolSpec(
            "get_network",
            "Show the customers, providers and peers of a network in a market (KMI).",
            tools.get_network,
            {
                "market": _MARKET,
                "asn": _ASN,
                "type": _enum(RelationKind, "all", "Which relations to return."),
                "ip": _enum(Family, "v4", "Address family."),
                "mutual_provider": _enum(Choice, "all", f"Mutual providers. {choice}"),
                "mutual_customer": _enum(Choice, "all", f"Mutual customers. {choice}"),
                "singlehomed_customer": _enum(Choice, "all", f"Customers with one provider. {choice}"),
                **PAGE,
            },
            ["market", "asn"],
        ),
        ToolSpec(
            "get_insights",
            "List recent events in the markets, or of one network (KMI).",
            tools.get_insights,
            {
                "asn": _ASN,
                "market": _MARKET,
                "ip": _enum(Family, None, "Address family; both if omitted."),
                "types": {
                    "type": "array",
                    "items": {"type": "string", "enum": list(get_args(InsightKind))},
                    "default": [],
                    "description": "Types of events; all if empty.",
                },
                "lookback": {
                    "type": "integer",
                    "enum": [1, 7, 30],
                    "default": 1,
                    "description": "Days to look back.",
                },
                "magnitude": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 5,
                    "default": 1,
                    "description": "Minimum magnitude.",
                },
                "limit": _LIMIT,
            },
        ),
        ToolSpec("list_as_groups", "List the AS groups: named sets of networks.", tools.list_as_groups, PAGE),
        ToolSpec(
            "get_as_group",
            "Show an AS group with its members.",
            tools.get_as_group,
            {"group": {"type": "string", "description": "ID, or exact name."}},
            ["group"],
        ),
        ToolSpec("list_sites", "List the sites of the customer (API v6).", tools.list_sites, PAGE),
        ToolSpec(
            "get_quota",
            "Show the remaining quota, and how long calls would take. No request is sent.",
            tools.get_quota,
            {
                "calls": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 100_000,
                    "default": 1,
                    "description": "Number of calls to estimate.",
                }
            },
        ),
    )


class _ApiTools:
    def __init__(self, kentik: "KentikClient") -> None:
        self._kentik = kentik

    async def list_markets(self, arguments: Arguments) -> dict[str, Any]:
        search = arguments.get("search", "").casefold()
        markets = await self._kentik.kmi.list_markets()
        found = [market for market in markets if search in f"{market.market_id} {market.name}".casefold()]
        return page_of(found, arguments)

    async def get_rankings(self, arguments: Arguments) -> dict[str, Any]:
        market = await resolve_market(self._kentik, arguments["market"])
        options = {name: arguments[name] for name in ("rank_type", "ip", "limit")}
        rankings = await self._kentik.kmi.get_rankings(market, **options)
        found = bounded_rows(rankings)
        about = {"market_id": market, **options, "fetched_at": plain(rankings.fetched_at)}
        return about | found | {"truncated": found["truncated"] or rankings.maybe_truncated}

    async def get_network(self, arguments: Arguments) -> dict[str, Any]:
        market = await resolve_market(self._kentik, arguments["market"])
        names = ("asn", "type", "ip", "mutual_provider", "mutual_customer", "singlehomed_customer")
        details = await self._kentik.kmi.get_asn_details(market, **{name: arguments[name] for name in names})
        rows = [
            {"relation": relation.removesuffix("s"), **plain(row)}
            for relation in _RELATIONS
            for row in getattr(details, relation)
        ]
        return {
            "market_id": market,
            "ip": arguments["ip"],
            "asn": details.asn,
            "name": details.name,
            "country_name": details.country_name,
            "counts": {relation: len(getattr(details, relation)) for relation in _RELATIONS},
            "fetched_at": plain(details.fetched_at),
            **page_of(rows, arguments),
        }

    async def get_insights(self, arguments: Arguments) -> dict[str, Any]:
        options = {name: arguments[name] for name in ("types", "lookback", "magnitude", "limit")}
        options["ip"] = arguments.get("ip")
        if "market" in arguments:
            options["market_id"] = await resolve_market(self._kentik, arguments["market"])
        kmi = self._kentik.kmi
        if "asn" in arguments:
            insights = await kmi.get_asn_insights(arguments["asn"], **options)
        else:
            insights = await kmi.get_global_insights(**options)
        found = bounded_rows(insights)
        return found | {"truncated": found["truncated"] or len(insights) >= arguments["limit"]}

    async def list_as_groups(self, arguments: Arguments) -> dict[str, Any]:
        return page_of(await self._kentik.as_groups.list(), arguments)

    async def get_as_group(self, arguments: Arguments) -> dict[str, Any]:
        groups, name = self._kentik.as_groups, arguments["group"]
        group = plain(await (groups.get(name) if name.isdecimal() else groups.get_by_name(name)))
        members = bounded_rows(group.pop("asn"))
        return {**group, "members": members.pop("rows"), **members}

    async def list_sites(self, arguments: Arguments) -> dict[str, Any]:
        return page_of(await self._kentik.sites_v6.list(), arguments)

    async def get_quota(self, arguments: Arguments) -> dict[str, Any]:
        quota, calls = self._kentik.quota, arguments["calls"]
        states = {
            "non_query": asdict(await quota.snapshot("non_query")),
            "query": asdict(await quota.snapshot("query")),
        }
        return {**plain(states), "calls": calls, "seconds": await quota.estimate(calls)}
