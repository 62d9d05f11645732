"""Plans match the requests that are sent; targets accept the paths that users give."""

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from kentik_async import KentikClient, Retry
from kentik_async.emulator import Emulator
from kentik_async.errors import ValidationError

DATE = dt.date(2026, 11, 20)
US: dict[str, Any] = {"markets": ["cc$US"], "rank_types": "customer_base", "ips": "v4"}
BOTH: dict[str, Any] = {**US, "markets": ["cc$US", "cc$DE"]}


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client(retry=Retry(attempts=1)) as client:
        yield client


def rows(target: Path, table: str) -> list[dict[str, Any]]:
    """Return a table as read by any Parquet reader."""
    files = sorted((target / table).glob("run_date=*/*.parquet"))
    partitioning = ds.partitioning(pa.schema([("run_date", pa.string())]), flavor="hive")
    found = ds.dataset(files, partitioning=partitioning, partition_base_dir=str(target / table))
    return found.to_table().to_pylist() if files else []


class TestPlans:
    async def test_they_say_what_is_sent(self, emu: Emulator, kentik: KentikClient, tmp_path: Path) -> None:
        pull = kentik.kmi.pull_rankings(["US", "western europe"], "customer_base", "v4")
        plan = await pull.plan(tmp_path, date=DATE)
        before = emu.report().requests
        report = await pull.save(tmp_path, date=DATE)
        sent = emu.report().requests - before
        assert (plan.calls, plan.exact, report.calls, report.failed) == (sent, True, sent, 0)
        wider = kentik.kmi.pull_rankings(["US", "DE", "western europe"], "customer_base", "v4")
        plan = await wider.plan(tmp_path, date=DATE)
        before = emu.report().requests
        await wider.save(tmp_path, date=DATE)
        assert (plan.calls, plan.saved) == (emu.report().requests - before, 2)
        assert (await wider.plan(tmp_path, date=DATE)).complete

    async def test_without_a_target_it_is_that_of_a_new_one(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        pull = kentik.kmi.pull_rankings(**US)
        plan = await pull.plan()
        before = emu.report().requests
        report = await pull.save(tmp_path, date=DATE)
        assert (plan.calls, plan.exact) == (emu.report().requests - before, True)
        assert (report.pages, report.rows) == (1, 600)

    async def test_the_list_of_markets_is_fetched_once(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        pull = kentik.kmi.pull_rankings("all", "peering_base", "v6").shard(0, 40)
        plan = await pull.plan(tmp_path, date=DATE)
        await pull.save(tmp_path, date=DATE)
        assert [call.operation for call in emu.calls].count("kmi.list_markets") == 1
        assert emu.report().requests == plan.calls + 1


class TestTargets:
    async def test_a_date_in_the_future_is_refused(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
        with pytest.raises(ValidationError, match="date must not be in the future"):
            await kentik.kmi.pull_rankings(**US).save(tmp_path, date=tomorrow)
        assert emu.report().requests == 0

    async def test_the_home_folder_is_expanded(
        self, kentik: KentikClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        await kentik.kmi.pull_rankings(**US).save("~/kmi", date=DATE)
        assert rows(tmp_path / "kmi", "rankings")

    async def test_a_file_url_names_a_folder(self, kentik: KentikClient, tmp_path: Path) -> None:
        target = tmp_path / "a b"
        await kentik.kmi.pull_rankings(**US).save(target.as_uri(), date=DATE)
        assert rows(target, "rankings")
        assert [path.name for path in tmp_path.iterdir()] == ["a b"]

    async def test_the_journal_does_not_grow(self, kentik: KentikClient, tmp_path: Path) -> None:
        sizes = []
        for day in range(4):
            await kentik.kmi.pull_rankings(**BOTH).save(tmp_path, date=DATE - dt.timedelta(days=day))
            files = (tmp_path / ".kentik-async").glob("journal.sqlite*")
            sizes.append(sum(file.stat().st_size for file in files))
        assert len(set(sizes)) == 1
