"""Measure saving without the network: CPU for each page compared with naive ways, and costs over many dates.

    python benchmarks/saving.py [--pages 396] [--rounds 5] [--dates 60]

The answers are the emulator's rankings of 600 rows, generated beforehand. All ways get the same answers
through the same operations, run in turn after a warm-up, and end with all data on the disk:

    ours        `Pull.save`: each answer is in the journal before the next request, then in sorted Parquet
    each page   a loop over the answers that writes a Parquet file for each
    one write   a loop that collects the answers and writes one Parquet file at the end

After a kill, the naive ways have lost their data or do not know which pages they have; ours loses nothing.
Then one date after another is saved into one target: neither the journal nor the start time may grow.
"""

import argparse
import asyncio
import datetime as dt
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from kentik_async._generated.kmi.v202212 import GetRankingsRequest, ListMarketsResponse
from kentik_async._operations import kmi
from kentik_async._operations.request import Request
from kentik_async.bulk.pull import Pull
from kentik_async.bulk.spec import PullSpec
from kentik_async.emulator.api.kmi import get_rankings
from kentik_async.emulator.world.state import EmulatorState
from kentik_async.models import IPFamily, RankType

T = TypeVar("T")

ROWS = 600
PAGES_A_MARKET = len(RankType) * len(IPFamily)


class Answers:
    """A client for a pull that answers each request immediately."""

    def __init__(self) -> None:
        state = EmulatorState()
        asked = [GetRankingsRequest(market_id=market.market_id) for market in state.markets]
        self._full = [
            get_rankings(state, "", request)
            for request in asked
            if len(state.rankings(request.market_id)) == ROWS
        ]
        self.sent = 0

    async def run(self, request: Request[T]) -> T:
        """Answer a request."""
        await asyncio.sleep(0)
        self.sent += 1
        listing = request.path.endswith("ListMarkets")
        raw = (
            ListMarketsResponse().SerializeToString() if listing else self._full[self.sent % len(self._full)]
        )
        if request.on_arrival is not None:
            request.on_arrival(raw)
        return request.decode(raw)

    def now(self) -> dt.datetime:
        """Return the current time."""
        return dt.datetime.now(dt.UTC)

    async def estimate(self, n: int) -> float:
        """Return the estimated seconds for further requests."""
        return 0.0 * n

    def concurrency(self) -> int:
        """Return the number of concurrent requests that are allowed."""
        return 1


def spec_of(pages: int) -> PullSpec:
    """Return the spec of the given number of rankings."""
    markets = tuple(f"cc$X{number}" for number in range(pages // PAGES_A_MARKET))
    return PullSpec(markets, rank_types=tuple(RankType), ips=tuple(IPFamily))


async def ours(answers: Answers, pages: int, folder: Path) -> None:
    """Save a pull."""
    report = await Pull(answers, spec_of(pages)).save(folder)
    assert report.rows == report.pages * ROWS, report


async def each_page(answers: Answers, pages: int, folder: Path) -> None:
    """Write a Parquet file for each page."""
    for number, key in enumerate(list(spec_of(pages).opening())):
        request = kmi.get_rankings(key.market_id, key.rank_type, key.ip, None, answers.now)
        table = with_key((await answers.run(request)).to_arrow(), key.market_id, key.rank_type, key.ip)
        write(table, folder / f"{number}.parquet")


async def one_write(answers: Answers, pages: int, folder: Path) -> None:
    """Collect all pages and write one Parquet file."""
    tables = []
    for key in spec_of(pages).opening():
        request = kmi.get_rankings(key.market_id, key.rank_type, key.ip, None, answers.now)
        tables.append(with_key((await answers.run(request)).to_arrow(), key.market_id, key.rank_type, key.ip))
    write(pa.concat_tables(tables), folder / "all.parquet")


def with_key(table: pa.Table, *values: str) -> pa.Table:
    """Add the columns that identify the page of a row."""
    for name, value in zip(("market_id", "rank_type", "ip"), values, strict=True):
        table = table.append_column(name, pa.array([value] * table.num_rows, pa.string()))
    return table


def write(table: pa.Table, path: Path) -> None:
    """Write a file, and wait until it is on the disk."""
    pq.write_table(table, path, compression="zstd")
    with path.open("rb") as file:
        os.fsync(file.fileno())


WAYS: dict[str, Callable[[Answers, int, Path], Coroutine[None, None, None]]] = {
    "ours": ours,
    "each page": each_page,
    "one write": one_write,
}


def measured(way: str, answers: Answers, pages: int) -> float:
    """Return the CPU milliseconds for each page of a way."""
    folder = Path(tempfile.mkdtemp())
    (folder / "target").mkdir()
    began = time.process_time()
    asyncio.run(WAYS[way](answers, pages, folder / "target"))
    took = time.process_time() - began
    shutil.rmtree(folder)
    return took / pages * 1e3


def compare(answers: Answers, pages: int, rounds: int) -> None:
    """Measure all ways in turn and print medians and ratios."""
    for way in WAYS:
        measured(way, answers, PAGES_A_MARKET)
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            found[way].append(measured(way, answers, pages))
    medians = {way: statistics.median(values) for way, values in found.items()}
    fastest = min(medians["each page"], medians["one write"])
    print(f"CPU a page of {ROWS} rows, durable, median of {rounds} rounds of {pages} pages:")
    for way, median in medians.items():
        print(f"  {way:10} {median:5.2f} ms   {median / fastest:4.2f} x the fastest naive way")


def dates(answers: Answers, number: int, pages: int) -> None:
    """Save one date after another into one target, and print the change of the fixed costs."""
    folder = Path(tempfile.mkdtemp())
    sizes, starts = [], []
    last = dt.datetime.now(dt.UTC).date()
    for age in reversed(range(number)):
        date = last - dt.timedelta(days=age)
        asyncio.run(Pull(answers, spec_of(pages)).save(folder / "target", date=date))
        sizes.append(sum(path.stat().st_size for path in (folder / "target/.kentik-async").glob("journal*")))
        began = time.process_time()
        asyncio.run(Pull(answers, spec_of(pages)).save(folder / "target", date=date))  # everything is saved
        starts.append(time.process_time() - began)
    shutil.rmtree(folder)
    first, end = statistics.median(starts[1:6]), statistics.median(starts[-5:])
    print(f"{number} daily dates of {pages} pages in one target, last to first:")
    print(f"  journal    {sizes[0]:,} to {sizes[-1]:,} bytes   {sizes[-1] / sizes[0]:.2f}")
    print(f"  start-up   {first * 1e3:.1f} to {end * 1e3:.1f} ms CPU   {end / first:.2f}")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pages", type=int, default=396)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dates", type=int, default=60)
    options = parser.parse_args()
    answers = Answers()
    compare(answers, options.pages // PAGES_A_MARKET * PAGES_A_MARKET, options.rounds)
    dates(answers, options.dates, PAGES_A_MARKET * 2)


if __name__ == "__main__":
    main()
