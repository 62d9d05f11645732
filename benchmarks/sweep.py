"""A whole sweep of the KMI's rankings, saved: share of the optimum, CPU a page, rows a second into Parquet.

    python benchmarks/sweep.py [--speed 60] [--markets 250] [--store parquet]

An emulator in a process of its own keeps the vendor's rules on a compressed clock, and its own record is the
yardstick: the optimum is the sum over all requests of answered minus received. The journal's way into Parquet
is timed apart, on the pages of that sweep.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from optimum import control, emulator

from kentik_async import KentikClient, Quota
from kentik_async.bulk.journal import Journal, StoredPage
from kentik_async.bulk.layout import Layout
from kentik_async.bulk.pages import Answer
from kentik_async.bulk.pull import Pull
from kentik_async.bulk.stores import STORES
from kentik_async.bulk.tables import rows_of_pages


async def sweep(ready: dict[str, Any], options: argparse.Namespace, target: Path) -> None:
    """Save all rankings of the markets and print what it took."""
    quota = Quota.NON_QUERY.scaled(options.speed)
    endpoints = {name: ready[name] for name in ("grpc_endpoint", "rest_endpoint")}
    async with KentikClient(
        ready["email"], ready["token"], quota=quota, pacing="throughput", **endpoints
    ) as kentik:
        markets = [market.market_id for market in await kentik.kmi.list_markets()][: options.markets]
        pull = kentik.kmi.pull_rankings(markets)
        plan = await pull.plan()
        print(f"planned: {plan.calls} calls, {plan.seconds:.1f} s")
        control(ready, "reset", "POST")
        before, began, cpu = resource.getrusage(resource.RUSAGE_SELF), time.monotonic(), time.process_time()
        report = await pull.save(target, options.store)
        took, cpu = time.monotonic() - began, time.process_time() - cpu
    record = control(ready, "report", "GET")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before.ru_maxrss
    print(f"{report.pages} pages, {report.rows} rows in {took:.1f} s; {record['refused']} refused")
    print(f"share of the optimum: {record['busy_seconds'] / took:.1%}")
    print(
        f"client CPU a page, durable: {cpu / report.pages * 1000:.2f} ms; peak memory +{grown / 1024:.0f} MB"
    )
    for table in ("rankings", "pages"):
        parts = list((target / table).glob("run_date=*/part-*"))
        print(f"{table}: {len(parts)} parts, {sum(part.stat().st_size for part in parts) / 1e6:.1f} MB")


def land(raw_pages: list[StoredPage], target: Path) -> None:
    """Time the way from raw pages to finished Parquet parts."""
    layout = Layout(target)
    layout.make()
    layout.clear_unfinished()
    store = STORES["parquet"](layout)
    journal = Journal(layout.journal)
    run = journal.begin("2026-01-01", "", "parquet", refresh=False, now=0.0)
    rates = []
    for number in range(1, 6):
        began = time.process_time()
        chunks = (rows_of_pages(run, raw_pages[at : at + 200]) for at in range(0, len(raw_pages), 200))
        store.land("2026-01-01", number, chunks, staged=None)
        rates.append(sum(page.rows for page in raw_pages) / (time.process_time() - began))
    journal.close()
    print(f"raw pages to Parquet: {sorted(rates)[2] / 1e6:.2f} M rows a CPU second (median of 5)")


async def pages(ready: dict[str, Any], options: argparse.Namespace) -> list[StoredPage]:
    """Fetch some pages raw."""
    quota = Quota(None, None, 0.0, None, None)
    endpoints = {name: ready[name] for name in ("grpc_endpoint", "rest_endpoint")}
    found: list[StoredPage] = []

    async with KentikClient(ready["email"], ready["token"], quota=quota, **endpoints) as kentik:
        pull = kentik.kmi.pull_rankings(["planet$earth", "cc$US", "cc$DE", "cc$BR"], ips=["v4"])
        answers: list[Answer] = []
        fetching = Pull(pull.fetcher, pull.ask, keep=answers.append)
        sizes = {page.key: len(page.result) async for page in fetching if page.error is None}
    for answer in answers:
        rows = sizes[answer.key]
        found.append(StoredPage(answer.key, "done", rows, 0, 1, None, None, answer.raw))
    return found * (400 // max(len(found), 1))


def main() -> None:
    """Run the sweep, then the landing alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--markets", type=int, default=250)
    parser.add_argument("--store", default="parquet", choices=sorted(STORES))
    options = parser.parse_args()
    process, ready = emulator(options.speed)
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(sweep(ready, options, Path(folder, "sweep")))
            control(ready, "reset", "POST")
            land(asyncio.run(pages(ready, options)), Path(folder, "land"))
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
