"""Save all rankings of the KMI and measure: share of the optimum, CPU for each page, memory, size.

    python benchmarks/sweep.py [--speed 60] [--markets 250] [--store parquet]

An emulator in another process applies the vendor's rules on a compressed clock. The optimum comes from its
call log: the sum over all requests of answered minus received. Afterwards every saved row is compared with
the emulator's data. `optimum.py` measures a bare loop on the same machine, which saves nothing; `saving.py`
measures saving without the network.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
from optimum import client, control, emulator

import kentik_async
from kentik_async.bulk.sinks import SINKS
from kentik_async.emulator.world.state import EmulatorState
from kentik_async.models import IPFamily, RankType


async def sweep(ready: dict[str, Any], options: argparse.Namespace, target: Path) -> None:
    """Save all rankings of the markets and print the measurements."""
    async with client(ready, options.speed) as kentik:
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
    print(f"{report.calls} calls, {report.pages} pages, {report.rows} rows in {took:.1f} s")
    print(f"requests at the server: {record['requests']}, refused: {record['refused']}")
    print(f"share of the optimum: {record['busy_seconds'] / took:.1%}")
    print(f"client CPU for each page: {cpu / report.pages * 1000:.2f} ms; peak memory +{grown / 1024:.0f} MB")
    print(size(target))


def size(target: Path) -> str:
    """Return the number of files of a target, and their size."""
    files = [path for path in target.rglob("*") if path.is_file()]
    return f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB"


def differing(target: Path) -> tuple[int, int]:
    """Return how many rankings have rows, and how many of them differ from the emulator's data."""
    state, rankings = EmulatorState(), kentik_async.open(target).rankings
    columns = ["rank", "asn", "name", "rank_change", "score", "score_change"]
    wrong = compared = 0
    for market in sorted(set(rankings.to_table(columns=["market_id"])["market_id"].to_pylist())):
        rows = rankings.to_table(filter=ds.field("market_id") == market)
        for kind, ip in product(RankType, IPFamily):
            found = rows.filter((ds.field("rank_type") == kind) & (ds.field("ip") == ip)).sort_by("rank")
            known = [
                {name: getattr(row, name) for name in columns} for row in state.rankings(market, kind, ip)
            ]
            compared += bool(known)
            wrong += found.select(columns).to_pylist() != known
    return compared, wrong


def main() -> None:
    """Run the sweep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--markets", type=int, default=250)
    parser.add_argument("--store", default="parquet", choices=sorted(SINKS))
    options = parser.parse_args()
    process, ready = emulator(options.speed)
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(sweep(ready, options, Path(folder, "sweep")))
            compared, wrong = differing(Path(folder, "sweep"))
            print(f"rankings with rows: {compared}; {wrong} of them differ from the emulator's own")
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
