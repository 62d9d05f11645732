"""kill -9 at any time, then the same command: no row is lost, duplicated or damaged."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from kentik_async.emulator import Emulator
from tests.bulk.support import interrupted, table

SPEED = 600
KILLS = 20
PULL = {
    "top": 8,  # twice as many calls as twenty kills need, so that no kill finds an ended pull
    "markets": ["planet$earth", "cc$US", "cc$DE", "cc$BR", "cc$JP", "cc$ZA"],
    "ips": ["v4", "v6"],
}

SMALL = {"top": 2, "markets": ["planet$earth"], "rank_types": ["customer_base"]}


class Puller:
    """Pulls in processes that can be killed."""

    def __init__(self, emulator: Emulator, process: "subprocess.Popen[str]", pull: dict[str, Any]) -> None:
        self.emulator = emulator
        self.refresh = False
        self._pull = pull
        self._process = process

    def calls_to_come(self, calls: int) -> Callable[[], bool]:
        """Return a function that returns whether a number of further calls have been received."""
        enough = len(self.emulator.calls) + calls
        return lambda: len(self.emulator.calls) >= enough

    def start(self, target: str) -> int:
        """Start a pull; return its process id."""
        names = ("email", "token", "grpc_endpoint", "rest_endpoint")
        connection = {name: self.emulator.connection[name] for name in names}
        job = {**connection, "speed": SPEED, "pull": self._pull, "target": target, "store": "parquet"}
        job["refresh"] = self.refresh
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._receive())

    async def finish(self, target: str) -> dict[str, Any]:
        """Pull to the end; return the report."""
        await anyio.to_thread.run_sync(self.start, target)
        report = await anyio.to_thread.run_sync(self._receive)
        assert await anyio.to_thread.run_sync(self._receive) == {"ended": 0}
        return report

    async def start_and_kill(
        self, target: str, reached: Callable[[], bool], pause: float = 0.0, *, may_end: bool = False
    ) -> None:
        """Wait until a pull has made some calls and a moment longer, then kill it."""
        pid = self.start(target)  # not in a thread: the emulator answers nothing before the pid is known
        while not reached():
            await anyio.sleep(0.001)
        await anyio.sleep(pause)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        ended = await anyio.to_thread.run_sync(self._receive)
        if may_end and ended != {"ended": -signal.SIGKILL}:
            ended = await anyio.to_thread.run_sync(self._receive)  # after the report
            assert ended in ({"ended": 0}, {"ended": -signal.SIGKILL})
        else:
            assert ended == {"ended": -signal.SIGKILL}, "it ended before"

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def puller(emulator: Emulator, pull: dict[str, Any] = PULL) -> Iterator[Puller]:
    command = [sys.executable, str(Path(__file__).parents[1] / "pull_process.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Puller(emulator, process, pull)


def tables(target: Path) -> dict[str, list[dict[str, Any]]]:
    """Return a target's rows by table, sorted, without the columns that differ between any two runs."""
    found = {}
    for name in ("rankings", "relations", "asns", "pages"):
        rows = ds.dataset(target / name, partitioning="hive").to_table()
        rows = rows.drop_columns([one for one in ("fetched_at", "run_id") if one in rows.column_names])
        found[name] = sorted(rows.to_pylist(), key=str)
    return found


async def test_twenty_kills_leave_the_same_tables_as_none(tmp_path: Path) -> None:
    chance = random.Random(20261120)
    calm, killed = (str(tmp_path / name) for name in ("calm", "killed"))
    async with Emulator(speed=SPEED) as emulator:
        with puller(emulator) as pulls:
            undisturbed = await pulls.finish(calm)
            calls_when_calm = emulator.report().requests
            emulator.reset()
            for _ in range(KILLS):
                reached = pulls.calls_to_come(chance.randint(1, 9))
                await pulls.start_and_kill(killed, reached, chance.random() * 0.01)
            last = await pulls.finish(killed)
            report = emulator.report()
    assert (last["failed"], undisturbed["failed"]) == (0, 0)
    assert last["pages"] == undisturbed["pages"]
    assert tables(tmp_path / "killed") == tables(tmp_path / "calm")
    assert report.requests <= calls_when_calm + KILLS
    assert report.refused == 0


async def test_kills_while_tables_are_replaced_leave_no_torn_part(tmp_path: Path) -> None:
    chance = random.Random(20261121)

    def parts(target: str) -> list[Path]:
        return list((tmp_path / target).glob("*/run_date=*/part-*"))

    async with Emulator(speed=SPEED) as emulator:
        with puller(emulator, SMALL) as pulls:
            await pulls.finish(str(tmp_path / "calm"))
            written = len(parts("calm"))
            for number in range(1, written + 1):
                target = str(tmp_path / str(number))
                reached = partial(_at_least, lambda target=target: len(parts(target)), number)
                await pulls.start_and_kill(target, reached, chance.random() * 0.003, may_end=True)
                for part in parts(target):
                    assert pq.read_table(part).num_rows, part
                before = emulator.report().requests
                await pulls.finish(target)
                assert emulator.report().requests == before, "everything had been fetched"
                assert tables(tmp_path / target) == tables(tmp_path / "calm")


async def test_a_refresh_killed_while_replacing_tables_is_not_repeated(tmp_path: Path) -> None:
    target = tmp_path / "t"

    def stamp() -> set[int]:
        return {part.stat().st_mtime_ns for part in target.glob("*/run_date=*/part-*")}

    async with Emulator(speed=SPEED) as emulator:
        with puller(emulator, SMALL) as pulls:
            await pulls.finish(str(target))
            emulator.advance_day()
            old = stamp()
            pulls.refresh = True
            await pulls.start_and_kill(str(target), lambda: stamp() != old, may_end=True)
            journal = interrupted(target)
            before = emulator.report().requests
            await pulls.finish(str(target))
            assert journal == 0 or emulator.report().requests == before
            assert {row["market_id"] for row in table(target, "rankings")} == {"planet$earth"}


def _at_least(count: Callable[[], int], enough: int) -> bool:
    return count() >= enough


async def test_a_run_resumed_after_midnight_keeps_its_date(
    tmp_path: Path,
) -> None:
    target = str(tmp_path / "t")
    async with Emulator(speed=SPEED) as emulator:
        with puller(emulator, SMALL) as pulls:
            await pulls.start_and_kill(target, pulls.calls_to_come(5))
            emulator.advance_day()
            report = await pulls.finish(target)
    pages = ds.dataset(tmp_path / "t" / "pages", partitioning="hive").to_table().to_pylist()
    assert report["mixed"] is True
    assert [page["status"] for page in pages if page["kind"] == "check"] == ["mixed"]
    assert {str(page["run_date"]) for page in pages} == {report["run_date"]}
