"""Measure the seconds and bytes of each report on a year of 20 markets, each in its own process.

    python benchmarks/report.py [--dates 365] [--markets 20] [--top 5] [--target FOLDER]

The target contains the emulator's data, and is written by the sink that pulls use: for each date the
rankings `customer_base` of all markets, v4 and v6, the details of the first networks of each (v4), and the
insights of each market. The emulator's data changes every 15 days; the dates between are copies of the files.
Creating the target takes minutes and is not counted; an existing target is used again.
"""

import argparse
import datetime as dt
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kentik_async
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.sinks.base import DateChange, Rows
from kentik_async.bulk.sinks.parquet import ParquetSink
from kentik_async.bulk.sinks.schema import TABLES
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator.world.state import EmulatorState

STEP = 15
LAST = dt.date(2026, 11, 20)
RUN = "20261120T120000-bench"


def write_target(target: Path, dates: int, markets: int, top: int) -> None:
    """Write a target: all dates up to `LAST`."""
    layout = Layout(target)
    layout.make()
    sink = ParquetSink(layout)
    state = EmulatorState()
    chosen = [market.market_id for market in state.markets[:markets]]
    tracked = {market: [row.asn for row in state.rankings(market)[:top]] for market in chosen}
    for back in reversed(range(dates)):
        day = LAST - dt.timedelta(days=back)
        if back % STEP == 0 or back == dates - 1:
            state.day = day
            sink.replace(DateChange(day.isoformat(), {}, rows_of_date(state, tracked)))
            print(f"\r{day}", end="", file=sys.stderr, flush=True)
            continue
        for table in TABLES:
            shutil.copytree(
                target / table / f"run_date={state.day}",
                target / table / f"run_date={day}",
                dirs_exist_ok=True,
            )
    print(file=sys.stderr)


def rows_of_date(state: EmulatorState, tracked: dict[str, list[int | None]]) -> Iterator[Rows]:
    """Yield the rows of one date, in the order of the tables."""
    instant = int(dt.datetime.combine(state.day, dt.time(12), dt.UTC).timestamp()) * 1_000_000
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    names = {market.market_id: market.name for market in state.markets}
    for market, asns in tracked.items():
        rows["markets"].append({"market_id": market, "name": names[market]})
        add_rankings(rows, state, market)
        for asn in asns:
            if asn is not None and state.data.details(state.market(market), asn, "v4", state.day):
                add_details(rows, state, market, asn)
        add_insights(rows, state, market)
    pages = len(rows["pages"])
    rows["runs"].append(
        {
            "command": "pull all",
            "started_at": instant,
            "finished_at": instant,
            "status": "complete",
            "pages_requested": pages,
            "pages_done": pages,
            "pages_failed": 0,
            "package_version": kentik_async.__version__,
            "spec": "{}",
        }
    )
    yield {
        table: {
            name: [({"run_id": RUN, "fetched_at": instant} | row).get(name) for row in found]
            for name in TABLES[table]
        }
        for table, found in rows.items()
    }


def add_page(rows: dict[str, list[dict[str, Any]]], key: PageKey, count: int) -> None:
    """Add a row of the table `pages`."""
    fields = {
        name: getattr(key, name) or None for name in ("market_id", "rank_type", "ip", "asn", "limit", "type")
    }
    answer = {"key": key.text, "status": "done", "rows": count, "attempts": 1}
    rows["pages"].append({"kind": key.kind, **fields, **answer})


def add_rankings(rows: dict[str, list[dict[str, Any]]], state: EmulatorState, market: str) -> None:
    """Add the rankings of a market."""
    for ip in ("v4", "v6"):
        found = state.rankings(market, ip=ip)
        key = PageKey("rankings", market, "customer_base", ip)
        add_page(rows, key, len(found))
        asked = {"market_id": market, "rank_type": "customer_base", "ip": ip}
        rows["rankings"] += [
            {**asked, **{name: getattr(row, name) for name in row.__struct_fields__}} for row in found
        ]


def add_details(rows: dict[str, list[dict[str, Any]]], state: EmulatorState, market: str, asn: int) -> None:
    """Add the neighbours of a network in a market."""
    found = state.asn_details(market, asn)
    asked = {"market_id": market, "ip": "v4", "asn": asn}
    lists = {"customer": found.customers, "provider": found.providers, "peer": found.peers}
    for relation, related in lists.items():
        for row in related:
            fields = {name: getattr(row, name) for name in row.__struct_fields__}
            names = {"related_asn": row.asn, "related_name": row.name, "relation": relation}
            rows["relations"].append({**fields, **asked, **names})
    counts = {f"{relation}s": len(related) for relation, related in lists.items()}
    facts = {"name": found.name, "country_name": found.country_name, "type": "all"}
    rows["asns"].append({**asked, **facts, **counts})
    filters = dict.fromkeys(("mutual_provider", "mutual_customer", "singlehomed_customer"), "all")
    add_page(rows, PageKey("asn_details", type="all", **asked, **filters), sum(counts.values()))


def add_insights(rows: dict[str, list[dict[str, Any]]], state: EmulatorState, market: str) -> None:
    """Add the insights of a market."""
    found = state.insights(market)
    add_page(rows, PageKey("insights", market, ip="v4"), len(found))
    for position, row in enumerate(found, 1):
        fields = {name: getattr(row, name) for name in row.__struct_fields__}
        created = row.created_at and int(row.created_at.timestamp()) * 1_000_000
        asked = {"market_id": market, "ip": "v4", "position": position, "created_at": created}
        rows["insights"].append({**fields, **asked})


def networks_of(target: Path) -> tuple[str, str]:
    """Return two networks whose details are saved in most markets."""
    tables = kentik_async.open(target)
    last = tables.dataset("asns", tables.dates()[-1:]).to_table(columns=["asn"]).to_pydict()
    (first, _), (second, _) = Counter(last["asn"]).most_common(2)
    return str(first), str(second)


def commands(target: Path) -> dict[str, list[str]]:
    """Return the arguments of each report."""
    mine, other = networks_of(target)
    return {
        "prospects": ["--mine", mine],
        "trend": ["--asn", mine, other],
        "compare": ["--mine", mine, "--asn", other],
        "network": ["--asn", mine],
    }


def measured(name: str, target: Path, arguments: list[str], page: Path) -> tuple[float, float]:
    """Return the elapsed seconds and the CPU seconds of a report command, from its start to its end."""
    command = [sys.executable, "-m", "kentik_async.cli", "kmi", "report", name, str(target), *arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run([*command, "--out", str(page), "--quiet"], check=True)
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Make the target if needed, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--dates", type=int, default=365)
    parser.add_argument("--markets", type=int, default=20)
    parser.add_argument("--top", type=int, default=5, help="networks with details in each market")
    parser.add_argument("--target", type=Path, help="folder of the target; a temporary one by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        target = options.target or Path(folder, "data")
        if not (target / "runs").exists():
            write_target(target, options.dates, options.markets, options.top)
        tables = kentik_async.open(target)
        rows = {table: tables.dataset(table).count_rows() for table in ("rankings", "relations", "pages")}
        print(f"{len(tables.dates())} dates, {', '.join(f'{n:,} {name}' for name, n in rows.items())}")
        # The first report also bundles Vega, which is kept in the cache folder for later reports.
        os.environ["XDG_CACHE_HOME"] = folder
        print("report        seconds   CPU   megabytes")
        first = True
        for name, arguments in commands(target).items():
            for label in (f"{name} (first)", name) if first else (name,):
                page = Path(folder, f"{name}.html")
                took, cpu = measured(name, target, arguments, page)
                print(f"{label:17} {took:5.2f} {cpu:5.2f} {page.stat().st_size / 1e6:11.2f}")
            first = False


if __name__ == "__main__":
    main()
