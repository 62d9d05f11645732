"""A target with three dates, two markets and gaps, and its rows as plain values."""

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kentik_async
from kentik_async.bulk.arguments import details_spec, insights_spec, rankings_spec
from kentik_async.bulk.reading.saved_target import open_saved
from kentik_async.bulk.sinks import SINKS, DateChange
from kentik_async.bulk.sinks.schema import TABLES
from kentik_async.bulk.target.layout import Layout
from tests.bulk.answers import Answers

CH, LI = "cc$CH", "cc$LI"
FIRST, SECOND, THIRD = (dt.date(2026, 11, day) for day in (18, 19, 20))
LIMIT = 40
TOP = 4

FILTERS = dict.fromkeys(("mutual_provider", "mutual_customer", "singlehomed_customer"), "all")


def save(target: Path) -> None:
    """Save the target: LI lacks the second date and all providers, v6 has only one ranking."""
    asyncio.run(_save(target))


async def _save(target: Path) -> None:
    answers = Answers()

    async def pull(spec: Any, date: dt.date) -> None:
        await answers.pull(spec).save(target, date=date)

    for date, markets in ((FIRST, [CH, LI]), (SECOND, [CH]), (THIRD, [CH, LI])):
        await pull(rankings_spec(markets, "customer_base", "v4", LIMIT), date)
        if date != SECOND:
            await pull(details([CH], "all"), date)
        answers.state.advance_day(40)
    await pull(details([LI], "customers"), THIRD)
    await pull(rankings_spec([CH], "customer_base", "v6", LIMIT), THIRD)
    wanted: dict[str, Any] = {"types": (), "lookback": 30, "magnitude": None, "limit": 1000}
    await pull(insights_spec(None, markets=[CH], ips="v4", **wanted), THIRD)


def details(markets: Iterable[str], type: str, **changes: str) -> Any:
    """Return a pull of the neighbours of the first networks."""
    ranking: dict[str, Any] = {"rank_types": "customer_base", "ips": "v4", "limit": LIMIT}
    filters = {"type": type, **FILTERS, **changes}
    return details_spec(None, top=TOP, markets=list(markets), details=filters, **ranking)


def copy(target: Path, to: Path | str, store: str, dates: Iterable[dt.date] = (FIRST, SECOND, THIRD)) -> None:
    """Write some dates of a target in another format."""
    layout = Layout(to)
    layout.make()
    sink = SINKS[store](layout)
    for date in map(str, dates):
        rows = {table: open_saved(target).sink.read(table, date) for table in TABLES}
        some = {table: found for table, found in rows.items() if any(found.values())}
        change = DateChange(date, {}, [some])
        sink.exclusively(date, lambda change=change: sink.replace(change))  # type: ignore[misc]  # mypy infers no default


class Saved:
    """The rows of targets, read without DuckDB."""

    def __init__(self, target: Any) -> None:
        self._tables = kentik_async.open(target)
        self._read: dict[str, list[dict[str, Any]]] = {}

    def rows(self, table: str, **equal: Any) -> list[dict[str, Any]]:
        """Return the rows of a table that have some values."""
        if table not in self._read:
            self._read[table] = self._tables.dataset(table).to_table().to_pylist()
        return [row for row in self._read[table] if all(row[name] == value for name, value in equal.items())]

    def ranking(self, date: dt.date, market: str, ip: str = "v4") -> dict[int, dict[str, Any]]:
        """Return the rows of a ranking by AS number."""
        rows = self.rows("rankings", run_date=date, market_id=market, ip=ip, rank_type="customer_base")
        return {row["asn"]: row for row in rows}

    def neighbours(self, date: dt.date, market: str, asn: int, relation: str = "customer") -> set[int]:
        """Return the neighbours of a network."""
        asked = {"run_date": date, "market_id": market, "asn": asn, "relation": relation, "ip": "v4"}
        return {row["related_asn"] for row in self.rows("relations", **asked)}

    def networks(self, date: dt.date, market: str) -> list[int]:
        """Return the networks whose details are saved."""
        return [row["asn"] for row in self.rows("asns", run_date=date, market_id=market, ip="v4")]

    def providers(self, date: dt.date, market: str) -> dict[int, set[int]]:
        """Return the known providers of each network that is a customer, or whose own details are saved."""
        found: dict[int, set[int]] = defaultdict(set)
        for row in self.rows("relations", run_date=date, market_id=market, ip="v4"):
            if row["relation"] == "customer":
                found[row["related_asn"]].add(row["asn"])
            elif row["relation"] == "provider":
                found[row["asn"]].add(row["related_asn"])
        return found
