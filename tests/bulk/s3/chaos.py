"""Saves into S3 that are killed, disconnected and refused until all have ended; then checks the bucket.

python -m tests.bulk.s3.chaos --store delta --processes 4 --kills 20
"""

import argparse
import asyncio
import os
import random
import signal
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kentik_async.bulk.sinks import SINKS
from kentik_async.bulk.sinks.schema import TABLES
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator import Emulator
from tests.bulk.s3.savers import SPEED, Saver, Savers, job, savers
from tests.bulk.s3.server import BUCKET, S3Server, s3_server

__all__ = ["Chaos", "Outcome"]

MARKETS = ["planet$earth", "cc$US", "cc$DE", "cc$BR", "cc$JP", "cc$ZA", "cc$FR", "cc$IN"]

WEATHER = [
    {},
    {},
    {},
    {"busy": 0.3},
    {"cut": 0.15, "cut_after": 0.15},
    {"hang": True},
    {"busy": 0.1, "cut": 0.1, "cut_after": 0.1},
]

FEWEST_REQUESTS = 20
"""Every save sends more requests than this, even one that only writes its tables."""

_BY_RUN = {"fetched_at", "run_id", "attempts", "digest", "started_at", "finished_at", "created_at"}
"""Columns that differ between any two runs."""


@dataclass
class Outcome:
    """The result.

    Attributes:
        kills: The number of processes that were killed during a save.
        errors: Saves that ended with an error, and were repeated.
        reports: The reports of the saves that ended, and the targets.
        seconds: The duration.
    """

    kills: int = 0
    errors: list[str] = field(default_factory=list)
    reports: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    seconds: float = 0.0


class Chaos:
    """Several processes, each with two concurrent saves, on an S3 server with a failing network."""

    def __init__(
        self, s3: S3Server, emulator: Emulator, savers: Savers, folder: Path, store: str, processes: int
    ) -> None:
        self._s3 = s3
        self._emulator = emulator
        self._savers = savers
        self._folder = folder
        self._store = store
        self._processes = processes

    def saves(self, root: str) -> list[list[dict[str, Any]]]:
        """Return the saves of each process below a folder or URL; some pages are in two of them."""
        found = []
        for process in range(self._processes):
            pair = []
            for at in (2 * process, 2 * process + 1):
                markets = [MARKETS[at % len(MARKETS)], MARKETS[(at + 1) % len(MARKETS)]]
                pull = {"top": 2, "markets": markets, "rank_types": ["customer_base"], "ips": ["v4"]}
                own = "" if self._store == "delta" else f"/{at}"
                pair.append({"pull": pull, "target": f"{root}{own}", "store": self._store})
            found.append(pair)
        return found

    async def calm(self, root: str) -> None:
        """Run all saves one after the other, without faults, into folders of this machine."""
        async with self._emulator.client() as kentik:
            for pair in self.saves(root):
                for one in pair:
                    report = await kentik.kmi.pull_asn_details(**one["pull"]).save(
                        one["target"], one["store"]
                    )
                    assert report.failed == 0, report

    async def run(self, root: str, kills: int, seed: int) -> Outcome:
        """Run all saves concurrently, with faults, until each has ended."""
        began, outcome, chance = time.monotonic(), Outcome(), random.Random(seed)
        with ExitStack() as stack:
            processes = [stack.enter_context(self._savers.saver()) for _ in range(self._processes)]
            weather = asyncio.create_task(self._weather(random.Random(seed)))
            try:
                await asyncio.gather(
                    *(
                        self._insist(process, pair, outcome, kills, chance)
                        for process, pair in zip(processes, self.saves(root), strict=True)
                    )
                )
            finally:
                weather.cancel()
                self._s3.fail()
        outcome.seconds = time.monotonic() - began
        return outcome

    async def verify(self, root: str, outcome: Outcome) -> None:
        """Check that every reported success is saved, and that the same call has nothing to do."""
        for target, report in outcome.reports:
            runs = self.rows(target, "runs")
            row = next(run for run in runs if run["run_id"] == report["run_id"])
            assert (row["status"], row["pages_done"]) == ("complete", report["pages"]), (row, report)
        calls = self._emulator.report().requests
        with self._savers.saver() as process:
            for pair in self.saves(root):
                for report in await process.run(self._job(pair)):
                    assert report.get("already_complete"), report
        assert self._emulator.report().requests == calls

    def tables(self, root: str) -> dict[str, list[Any]]:
        """Return all rows of all targets, by table, without the columns that differ between any two runs."""
        found: dict[str, list[Any]] = {table: [] for table in TABLES}
        for target in sorted({one["target"] for pair in self.saves(root) for one in pair}):
            for table, rows in found.items():
                rows += [
                    sorted((name, str(value)) for name, value in row.items() if name not in _BY_RUN)
                    for row in self.rows(target, table)
                    if row.get("kind") != "check"
                ]
        return {table: sorted(rows) for table, rows in found.items()}

    def rows(self, target: str, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        sink = SINKS[self._store](Layout(target))
        rows = []
        for run_date in sink.dates():
            columns = sink.read(table, run_date)
            rows += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return rows

    def orphans(self, prefix: str) -> list[str]:
        """Return the objects that no table needs, and unfinished uploads."""
        left = [name for name in self._s3.objects(prefix) if "/.kentik-async/" in name]
        if self._store == "delta":
            for table in TABLES:
                left += self._unreferenced(f"s3://{BUCKET}/{prefix}", table)
        return left + self._s3.uploads()

    def _unreferenced(self, target: str, table: str) -> list[str]:
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        options = {
            "aws_allow_http": "true",
            **{k.lower(): v for k, v in os.environ.items() if k[:4] == "AWS_"},
        }
        try:
            found = DeltaTable(f"{target}/{table}", storage_options=options)
        except TableNotFoundError:
            return []
        known = {f"{table}/{path.rpartition(f'/{table}/')[2]}" for path in found.file_uris()}
        known |= {
            f"{table}/{path}"
            for path in found.vacuum(0, dry_run=True, enforce_retention_duration=False, full=False)
        }
        prefix = target.removeprefix(f"s3://{BUCKET}/")
        names = (name.removeprefix(f"{prefix}/") for name in self._s3.objects(f"{prefix}/{table}/run_date="))
        return [name for name in names if name not in known]

    def _job(self, saves: list[dict[str, Any]]) -> dict[str, Any]:
        return job(self._emulator, self._s3, self._folder, saves)

    async def _weather(self, chance: random.Random) -> None:
        while True:
            self._s3.fail(**chance.choice(WEATHER), seed=chance.randrange(1 << 30))
            await asyncio.sleep(chance.uniform(0.3, 1.5))

    async def _progress(self, requests: int, ending: "asyncio.Task[Any]") -> None:
        """Wait until the server has received a number of further requests, or a job has ended."""
        wanted = self._s3.requests() + requests
        while not ending.done() and self._s3.requests() < wanted:
            await asyncio.wait([ending], timeout=0.01)

    async def _insist(
        self, process: Saver, saves: list[dict[str, Any]], outcome: Outcome, kills: int, chance: random.Random
    ) -> None:
        """Run two concurrent saves until both have ended, and kill them sometimes."""
        left = saves
        while left:
            pid = await process.start(self._job(left))
            ending = asyncio.create_task(process.end())
            if outcome.kills < kills:
                await self._progress(chance.randrange(FEWEST_REQUESTS), ending)
                if not ending.done() and outcome.kills < kills:
                    outcome.kills += 1
                    os.kill(pid, signal.SIGKILL)
            reports, code = await ending
            assert code in (0, -signal.SIGKILL), code
            ended = []
            for one, report in zip(left, reports, strict=False):
                if "error" in report:
                    outcome.errors.append(report["error"])
                else:
                    outcome.reports.append((one["target"], report))
                    ended.append(one)
            left = [one for one in left if one not in ended]


async def main() -> None:
    """Run it, and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", choices=["parquet", "delta"], default="delta")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, s3_server() as s3, savers() as processes:
        calm, disturbed = f"{folder}/calm", f"s3://{BUCKET}/chaos"
        os.environ.update(s3.calm_environment, HOME=folder)
        async with Emulator(speed=SPEED) as emulator:
            chaos = Chaos(s3, emulator, processes, Path(folder), given.store, given.processes)
            await chaos.calm(calm)
            calm_calls = emulator.report().requests
            outcome = await chaos.run(disturbed, given.kills, given.seed)
            calls = emulator.report().requests - calm_calls
            await chaos.verify(disturbed, outcome)
        same = chaos.tables(disturbed) == chaos.tables(calm)
        orphans = chaos.orphans("chaos")
    print(
        f"{given.store}: {len(outcome.reports)} saves of {given.processes} processes, {outcome.kills} kills, "
    )
    print(f"{len(outcome.errors)} errors, {calls} calls (calm: {calm_calls}), {outcome.seconds:.0f} s")
    for error in sorted(set(outcome.errors)):
        print(f"  {error}")
    print(f"tables equal those of a pull without faults: {same}; orphans: {orphans}")
    if orphans or not same:
        raise SystemExit(1)


if __name__ == "__main__":
    asyncio.run(main())
