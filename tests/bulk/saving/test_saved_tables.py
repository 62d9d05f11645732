"""Everyday use of saved tables: overlapping pulls, failed pages, refreshes, copied folders, odd values."""

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from kentik_async import KentikClient, Retry
from kentik_async._generated.kmi import v202212 as wire
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError

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


def networks(emu: Emulator, n: int) -> list[tuple[str, int]]:
    ranking = emu.state.rankings("cc$US", "customer_base", "v4")[:n]
    return [("cc$US", row.asn) for row in ranking if row.asn is not None]


class TestOverlappingPulls:
    async def test_a_larger_limit_replaces_the_page(self, kentik: KentikClient, tmp_path: Path) -> None:
        for limit in (100, 200, None):
            await kentik.kmi.pull_rankings(**US, limit=limit).save(tmp_path, date=DATE)
        found = [row["rank"] for row in rows(tmp_path, "rankings")]
        assert sorted(found) == list(range(1, 601))

    async def test_a_smaller_limit_costs_no_call(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE)
        before = emu.report().requests
        report = await kentik.kmi.pull_rankings(**US, limit=100).save(tmp_path, date=DATE)
        assert (emu.report().requests - before, report.calls, report.already_complete) == (0, 0, True)
        assert len(rows(tmp_path, "rankings")) == 600

    async def test_all_relations_replace_one(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        targets = networks(emu, 3)
        for type in ("customers", "all", "peers"):
            await kentik.kmi.pull_asn_details(targets, ips="v4", type=type).save(tmp_path, date=DATE)
        found = [(row["asn"], row["relation"], row["related_asn"]) for row in rows(tmp_path, "relations")]
        assert len(found) == len(set(found))
        for market, asn in targets:
            details = emu.state.asn_details(market, asn, ip="v4")
            assert sum(row[:2] == (asn, "customer") for row in found) == len(details.customers)
            assert sum(row[:2] == (asn, "peer") for row in found) == len(details.peers)

    async def test_relations_that_were_not_requested_are_null(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        target = networks(emu, 1)
        details = emu.state.asn_details(*target[0], ip="v4")
        await kentik.kmi.pull_asn_details(target, ips="v4", type="customers").save(tmp_path, date=DATE)
        (row,) = rows(tmp_path, "asns")
        counts = (row["customers"], row["providers"], row["peers"])
        assert (row["type"], *counts) == ("customers", len(details.customers), None, None)
        await kentik.kmi.pull_asn_details(target, ips="v4", type="providers").save(tmp_path, date=DATE)
        (row,) = rows(tmp_path, "asns")
        counts = (row["customers"], row["providers"], row["peers"])
        assert (row["type"], *counts) == (
            "customers,providers",
            len(details.customers),
            len(details.providers),
            None,
        )

    async def test_another_filter_is_refused(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        targets = networks(emu, 2)
        await kentik.kmi.pull_asn_details(targets, ips="v4").save(tmp_path, date=DATE)
        only = kentik.kmi.pull_asn_details(targets, ips="v4", mutual_provider="only")
        with pytest.raises(TargetError, match=r"mutual_provider is 'only', but 2026-11-20 in .* with 'all'"):
            await only.save(tmp_path, date=DATE)


class TestFailedPages:
    async def test_the_same_command_retries_them(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        emu.fail_next(2, operation="kmi.get_rankings", status=500)
        first = await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE)
        assert (first.failed, first.pages) == (1, 0)
        ((cause, pages),) = first.causes()
        assert "INTERNAL" in cause
        assert pages == 1
        assert [row["status"] for row in rows(tmp_path, "runs")] == ["partial"]
        second = await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE)
        assert (second.failed, second.pages, second.rows) == (0, 1, 600)
        assert [row["status"] for row in rows(tmp_path, "runs")] == ["complete"]
        assert second.run_id == first.run_id

    async def test_a_definite_answer_is_final(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        pull = kentik.kmi.pull_asn_details([*networks(emu, 1), ("cc$US", 64512)], ips="v4")
        first = await pull.save(tmp_path, date=DATE)
        assert (first.failed, first.failures[0].definite) == (1, True)
        before = emu.report().requests
        second = await pull.save(tmp_path, date=DATE)
        assert (second.calls, second.failed, emu.report().requests - before) == (0, 1, 0)
        third = await pull.save(tmp_path, date=DATE, retry_failed=True)
        assert (third.calls, third.failed) == (1, 1)

    async def test_a_run_becomes_complete_when_another_fetches_its_page(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        emu.fail_next(2, operation="kmi.get_rankings", status=503)
        await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE)
        await kentik.kmi.pull_rankings(**BOTH).save(tmp_path, date=DATE)
        assert [row["status"] for row in rows(tmp_path, "runs")] == ["complete", "complete"]

    async def test_calls_count_every_request(self, emu: Emulator, tmp_path: Path) -> None:
        async with emu.client(retry=Retry(attempts=4, base=0.001)) as kentik:
            emu.fail_next(6, operation="kmi.get_rankings", status=500)
            report = await kentik.kmi.pull_rankings(**BOTH).save(tmp_path, date=DATE)
        assert report.calls == emu.report().requests


class TestRefresh:
    async def test_only_the_named_pages_are_replaced(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        await kentik.kmi.pull_rankings(**BOTH).save(tmp_path, date=DATE)
        old = [row for row in rows(tmp_path, "rankings") if row["market_id"] == "cc$DE"]
        await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE, refresh=True)
        found = rows(tmp_path, "rankings")
        assert [row for row in found if row["market_id"] == "cc$DE"] == old
        assert len(found) == 1200

    async def test_a_failed_refresh_keeps_the_old_rows(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE)
        old = rows(tmp_path, "rankings")
        emu.fail_next(2, operation="kmi.get_rankings", status=500)
        report = await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE, refresh=True)
        assert report.failed == 1
        assert rows(tmp_path, "rankings") == old
        emu.advance_day()
        again = await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE, refresh=True)
        assert (again.failed, again.run_id) == (0, report.run_id)
        assert rows(tmp_path, "rankings") != old

    async def test_it_repeats_nothing_when_it_was_cut_off(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        wide = {
            **BOTH,
            "rank_types": ["customer_base", "peering_base", "customer_growth"],
            "ips": ["v4", "v6"],
        }
        await kentik.kmi.pull_rankings(**wide).save(tmp_path, date=DATE)
        before = emu.report().requests

        def stop(progress: Any) -> None:
            if progress.done == 6:
                task.cancel()

        pull = kentik.kmi.pull_rankings(**wide, on_progress=stop)
        task = asyncio.create_task(pull.save(tmp_path, date=DATE, refresh=True))
        with pytest.raises(asyncio.CancelledError):
            await task
        await kentik.kmi.pull_rankings(**wide).save(tmp_path, date=DATE, refresh=True)
        assert emu.report().requests - before <= 12 + 1 + 1, "twelve pages, the check, the call in flight"


class TestChangedData:
    async def test_the_check_covers_all_commands_of_a_date(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE)
        emu.advance_day()
        report = await kentik.kmi.pull_asn_details(top=2, **US).save(tmp_path, date=DATE)
        assert report.mixed is True
        assert [row["status"] for row in rows(tmp_path, "runs")] == ["mixed", "mixed"]

    async def test_a_full_refresh_removes_mixed_data(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE)
        emu.advance_day()
        pull = kentik.kmi.pull_asn_details(top=2, **US)
        await pull.save(tmp_path, date=DATE)
        report = await pull.save(tmp_path, date=DATE, refresh=True)
        assert report.mixed is False
        assert {row["status"] for row in rows(tmp_path, "runs")} == {"complete"}


class TestCopiedFolders:
    async def test_a_folder_without_its_journal_loses_nothing(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path
    ) -> None:
        await kentik.kmi.pull_rankings(**BOTH).save(tmp_path / "data", date=DATE)
        for name in [path.name for path in (tmp_path / "data").iterdir() if not path.name.startswith(".")]:
            shutil.copytree(tmp_path / "data" / name, tmp_path / "copy" / name)
        before = emu.report().requests
        again = await kentik.kmi.pull_rankings(**BOTH).save(tmp_path / "copy", date=DATE)
        assert (again.rows, emu.report().requests - before) == (1200, 0)
        third = {**US, "markets": ["cc$FR"]}
        await kentik.kmi.pull_rankings(**third).save(tmp_path / "copy", date=DATE)
        assert {row["market_id"] for row in rows(tmp_path / "copy", "rankings")} == {
            "cc$US",
            "cc$DE",
            "cc$FR",
        }

    async def test_a_file_that_no_pull_wrote_is_not_touched(
        self, kentik: KentikClient, tmp_path: Path
    ) -> None:
        foreign = tmp_path / "rankings" / f"run_date={DATE}" / "part-0007.parquet"
        foreign.parent.mkdir(parents=True)
        foreign.write_bytes(b"mine")
        with pytest.raises(TargetError, match=r"a file that no pull wrote: rankings/.*part-0007"):
            await kentik.kmi.pull_rankings(**US).save(tmp_path, date=DATE)
        assert foreign.read_bytes() == b"mine"


class TestOddValues:
    @pytest.mark.parametrize("store", ["parquet", "sqlite", "ndjson", "csv"])
    async def test_numbers_of_32_bits_fit_their_columns(
        self, emu: Emulator, kentik: KentikClient, tmp_path: Path, store: Any
    ) -> None:
        most = 2**32 - 1
        row = wire.Ranking(asn=most, name="x", rank=most, rank_change=most, score=most, score_change=most)
        body = wire.GetRankingsResponse(rankings=[row], invalid_count=most).SerializeToString()
        emu.fail_next(1, operation="kmi.get_rankings", body=body)
        first = await kentik.kmi.pull_rankings(**US).save(tmp_path, store, date=DATE)
        assert (first.rows, first.failed) == (1, 0)
        second = await kentik.kmi.pull_rankings(**BOTH).save(tmp_path, store, date=DATE)
        assert second.failed == 0
        if store == "parquet":
            found = next(row for row in rows(tmp_path, "rankings") if row["market_id"] == "cc$US")
            assert (found["rank"], found["rank_change"]) == (most, -1)
