"""The way of answers into tables without the network: rows a second, CPU a page, memory however many rows.

    python benchmarks/landing.py [--rows 10000000] [--store parquet]

The answers are the emulator's own, of 600 rows each, made beforehand and given for pages that are all
different. A pull saves them as it would save a server's: each is on the disk before the next is asked for,
and batches land behind it. Memory is the process's greatest less what it was before pyarrow was imported.
Then some pages are turned into Parquet alone, five times.
"""

import argparse
import asyncio
import datetime as dt
import resource
import statistics
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import TypeVar

from kentik_async._generated.kmi.v202212 import GetRankingsRequest, ListMarketsResponse
from kentik_async._operations import Request
from kentik_async.bulk.journal.batches import StoredPage
from kentik_async.bulk.journal.runs import Run
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pull import Pull
from kentik_async.bulk.sinks import STORES
from kentik_async.bulk.sinks.tables import rows_of_pages
from kentik_async.bulk.spec import Ask
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator.api.kmi import get_rankings
from kentik_async.emulator.world.state import EmulatorState
from kentik_async.models import IPFamily, RankType

T = TypeVar("T")

ROWS = 600
PAGES_A_MARKET = len(RankType) * len(IPFamily)


class Answers:
    """Answers each request at once, as the emulator would: what a pull needs of a client."""

    def __init__(self) -> None:
        state = EmulatorState()
        asked = [GetRankingsRequest(market_id=market.market_id) for market in state.markets]
        self.full = [
            get_rankings(state, "", request)
            for request in asked
            if len(state.rankings(request.market_id)) == ROWS
        ]
        self._next = cycle(self.full)

    async def run(self, request: Request[T]) -> T:
        """Answer a request."""
        await asyncio.sleep(0)
        listing = request.path.endswith("ListMarkets")
        raw = ListMarketsResponse().SerializeToString() if listing else next(self._next)
        if request.on_arrival is not None:
            request.on_arrival(raw)
        return request.decode(raw)

    def now(self) -> dt.datetime:
        """Return the instant that an answer is stamped with."""
        return dt.datetime.now(dt.UTC)

    async def estimate(self, n: int) -> float:
        """Return in how many seconds requests would be answered."""
        return 0.0

    def concurrency(self) -> int:
        """Return how many requests may fly at once."""
        return 1


def peak() -> int:
    """Return the process's greatest memory so far, in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def whole(answers: Answers, rows: int, store: str, target: Path) -> None:
    """Save a pull of so many rows."""
    markets = tuple(f"cc$X{number}" for number in range(-(-rows // (ROWS * PAGES_A_MARKET))))
    before, began, cpu = peak(), time.monotonic(), time.process_time()
    pull = Pull(answers, Ask(markets, rank_types=tuple(RankType), ips=tuple(IPFamily)))
    report = await pull.save(target, store)
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    print(f"saved {report.rows:,} rows in {report.pages:,} pages, {took:.0f} s")
    print(f"CPU a page of {ROWS} rows, durable: {cpu / report.pages * 1e3:.2f} ms")
    print(f"greatest memory above idle: {(peak() - before) / 1024:.0f} MB")
    for table in ("rankings", "pages"):
        parts = list((target / table).glob("run_date=*/part-*"))
        print(f"{table}: {len(parts)} parts, {sum(part.stat().st_size for part in parts) / 1e6:.1f} MB")


def alone(answers: Answers, target: Path) -> None:
    """Turn pages into Parquet, and nothing else."""
    layout = Layout(target)
    layout.make()
    layout.clear_unfinished()
    store = STORES["parquet"](layout)
    run = Run("2026-01-01.1", "2026-01-01", "", "parquet", "open", False, 0.0, None)
    keys = [PageKey("rankings", f"cc$X{number:03}", "customer_base", "v4") for number in range(400)]
    pages = [
        StoredPage(key, "done", ROWS, 0, 1, None, None, raw) for key, raw in zip(keys, cycle(answers.full))
    ]
    rates = []
    for number in range(1, 6):
        began = time.process_time()
        chunks = (rows_of_pages(run, pages[at : at + 10]) for at in range(0, len(pages), 10))
        store.land("2026-01-01", number, chunks, staged=None)
        rates.append(len(pages) * ROWS / (time.process_time() - began))
    print(f"raw pages to Parquet: {statistics.median(rates) / 1e6:.2f} M rows a CPU second (median of 5)")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--store", default="parquet", choices=sorted(STORES))
    options = parser.parse_args()
    answers = Answers()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(whole(answers, options.rows, options.store, Path(folder, "whole")))
        alone(answers, Path(folder, "alone"))


if __name__ == "__main__":
    main()
