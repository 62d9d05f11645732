"""Texts that all reports share: names of markets and networks, and notes on missing data. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from kentik_async.report.model import ReportColumn, Rows

__all__ = [
    "MARKET_COLUMNS",
    "NETWORK_COLUMNS",
    "RANK_COLUMNS",
    "asn_list",
    "family_note",
    "listed",
    "market_list",
    "name_rows",
    "not_saved",
]

MARKET_COLUMNS = (ReportColumn("market_id", "Market id"), ReportColumn("market", "Market"))
NETWORK_COLUMNS = (ReportColumn("asn", "AS", "asn"), ReportColumn("name", "Network"))
RANK_COLUMNS = (ReportColumn("rank", "Rank", "count"), ReportColumn("score", "Score", "count"))

_MOST_NAMED = 12
_MOST_LISTED = 4


def name_rows(
    rows: Iterable[Rows], markets: Mapping[str, str], networks: Mapping[int, str] | None = None
) -> None:
    """Add the column `market`, and `name` if networks are given, to the rows of several tables."""
    for row in (row for table in rows for row in table):
        row["market"] = markets.get(row["market_id"]) or row["market_id"]
        if networks is not None:
            row["name"] = networks.get(row["asn"])


def asn_list(asns: Sequence[int], names: Mapping[int, str] | None = None) -> str:
    """Return AS numbers, with their names if known, as one text; "none given" for none."""
    named = names or {}
    return ", ".join(f"AS{asn} {named.get(asn, '')}".strip() for asn in asns) or "none given"


def market_list(markets: Sequence[str], names: Mapping[str, str]) -> str:
    """Return the names of a few markets, or the number of many."""
    if len(markets) > _MOST_LISTED:
        return f"{len(markets)} markets"
    return ", ".join(names.get(market) or market for market in markets)


def not_saved(markets: Sequence[str], what: str, when: str) -> str:
    """Return a note on the markets for which some data is not saved; "" for none."""
    if not markets:
        return ""
    names = list(dict.fromkeys(markets))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"Not saved {when}: {what} of {', '.join(names[:_MOST_NAMED])}{more}."


def listed(words: Sequence[str]) -> str:
    """Return words as one text: customers, providers and peers."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def family_note(ip: str, others: Sequence[str]) -> str:
    """Return a note that the other address family needs its own report; "" if it is not saved."""
    if not others:
        return ""
    return f"All figures are of {ip}; {' and '.join(others)} is saved too, and needs its own report."
