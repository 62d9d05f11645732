"""kill -9 at any instant, then the same command: nothing lost, nothing doubled, nothing torn."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pyarrow.dataset as ds
import pytest

from kentik_async.emulator import Emulator

SPEED = 600
KILLS = 20
PULL = {
    "top": 4,
    "markets": ["planet$earth", "cc$US", "cc$DE", "cc$BR", "cc$JP", "cc$ZA"],
    "ips": ["v4", "v6"],
}


def arguments(emulator: Emulator, target: Path, store: str = "parquet") -> str:
    connection = emulator.connection
    names = ("email", "token", "grpc_endpoint", "rest_endpoint")
    given: dict[str, Any] = {name: connection[name] for name in names}
    return json.dumps({**given, "speed": SPEED, "pull": PULL, "target": str(target), "store": store})


def start(emulator: Emulator, target: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, str(Path(__file__).with_name("pull_process.py")), arguments(emulator, target)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def finish(emulator: Emulator, target: Path) -> dict[str, Any]:
    process = start(emulator, target)
    output, _ = await anyio.to_thread.run_sync(process.communicate)
    assert process.returncode == 0
    return json.loads(output)


def tables(target: Path) -> dict[str, list[dict[str, Any]]]:
    """Return a target's rows by table, sorted, without what differs between any two runs."""
    found = {}
    for table in ("rankings", "relations", "asns", "pages"):
        rows = ds.dataset(target / table, partitioning="hive").to_table()
        rows = rows.drop_columns([name for name in ("fetched_at",) if name in rows.column_names])
        found[table] = sorted(rows.to_pylist(), key=str)
    return found


async def start_and_kill(emulator: Emulator, target: Path, calls: int, pause: float) -> None:
    """Let a pull make so many calls and go on for a moment, then kill it."""
    process = start(emulator, target)
    enough = emulator.report().requests + calls
    while process.poll() is None and emulator.report().requests < enough:
        await anyio.sleep(0.001)
    await anyio.sleep(pause)
    assert process.poll() is None, "the run was over before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.timeout(300)
async def test_twenty_kills_leave_the_same_tables_as_none(tmp_path: Path) -> None:
    chance = random.Random(20261120)
    async with Emulator(speed=SPEED) as emulator:
        undisturbed = await finish(emulator, tmp_path / "calm")
        calls_when_calm = emulator.report().requests
        emulator.reset()
        for _ in range(KILLS):
            await start_and_kill(emulator, tmp_path / "killed", chance.randint(1, 9), chance.random() * 0.01)
        last = await finish(emulator, tmp_path / "killed")
        report = emulator.report()
    assert (last["failed"], undisturbed["failed"]) == (0, 0)
    assert last["pages"] == undisturbed["pages"]
    assert tables(tmp_path / "killed") == tables(tmp_path / "calm")
    assert report.requests <= calls_when_calm + KILLS
    assert report.refused == 0


@pytest.mark.timeout(300)
async def test_a_run_resumed_after_midnight_keeps_its_date_and_says_that_its_data_is_mixed(
    tmp_path: Path,
) -> None:
    async with Emulator(speed=SPEED) as emulator:
        await start_and_kill(emulator, tmp_path / "t", 30, 0.0)
        emulator.advance_day()
        report = await finish(emulator, tmp_path / "t")
    pages = ds.dataset(tmp_path / "t" / "pages", partitioning="hive").to_table().to_pylist()
    assert report["mixed"] is True
    assert [page["status"] for page in pages if page["kind"] == "check"] == ["mixed"]
    assert {str(page["run_date"]) for page in pages} == {report["run_date"]}
