"""What a pull lands is what the server knows, in every kind of table and for every reader."""

import datetime as dt
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.dataset as ds
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async import ConfigError, KentikClient, ValidationError
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pull_report import PullReport
from kentik_async.bulk.reading.dataset import open_target
from kentik_async.bulk.sinks.tables import SORTED_BY, TABLES
from kentik_async.bulk.spec import rankings_ask
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError
from tests.bulk.support import MARKETS, PULL, STORES, expected, from_sqlite, landed


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


@pytest.mark.parametrize("store", STORES)
async def test_the_tables_hold_what_the_server_knows(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: str
) -> None:
    report = await kentik.kmi.pull_asn_details(**PULL).save(tmp_path / "t", store)
    truth = expected(emu.state)
    assert landed(tmp_path / "t") == truth
    assert report.rows == sum(len(truth[name]) for name in ("rankings", "relations", "markets"))
    assert report.failed == 0
    assert report.mixed is False
    assert emu.report().refused == 0
    pages = open_target(tmp_path / "t").pages.to_table().to_pylist()
    assert report.calls == emu.report().requests == len(pages)
    check_pages(emu, report, pages)


def check_pages(emu: Emulator, report: PullReport, pages: list[dict[str, Any]]) -> None:
    """Each call is a page, with its end."""
    truth = expected(emu.state)
    kinds = {"markets": 1, "rankings": 12, "asn_details": len(truth["asns"]), "check": 1}
    assert Counter(page["kind"] for page in pages) == kinds
    for page in pages:
        assert page["run_id"] == report.run_id
        assert page["run_date"].isoformat() == report.run_date
        assert (page["attempts"], page["error_class"], page["error_text"]) == (1, None, None)
        if page["kind"] == "rankings":
            key = PageKey.parse(page["key"])
            invalid = emu.state.invalid_count(key.market_id, key.rank_type, key.ip)
            assert page["invalid_count"] == invalid
            assert page["rows"] == len(emu.state.rankings(key.market_id, key.rank_type, key.ip))


async def test_parquet_is_read_by_duckdb_polars_and_pyarrow(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    target = tmp_path / "t"
    dates = ("2026-11-19", "2026-11-20")
    rows: Counter[str] = Counter()
    for date in dates:
        await kentik.kmi.pull_asn_details(**PULL).save(target, date=dt.date.fromisoformat(date))
        truth = expected(emu.state)
        rows.update({name: len(found) for name, found in truth.items()})
        emu.advance_day()
    for table in TABLES:
        folder = target / table
        read = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
        by_duckdb = duckdb.sql(f"SELECT run_date, count(*) FROM {read} GROUP BY ALL ORDER BY 1").fetchall()
        by_polars = pl.scan_parquet(folder, hive_partitioning=True).group_by("run_date").len().collect()
        by_arrow = ds.dataset(folder, partitioning="hive").to_table()
        counts = {str(date): count for date, count in by_duckdb}
        assert set(counts) == set(dates)
        assert {str(date): count for date, count in by_polars.iter_rows()} == counts
        assert Counter(map(str, by_arrow["run_date"].to_pylist())) == counts
        if table != "pages":
            assert sum(counts.values()) == rows[table]
        assert set(by_arrow.column_names) == {"run_date", *TABLES[table]}


async def test_every_part_is_sorted_and_alone_in_its_folder(kentik: KentikClient, tmp_path: Path) -> None:
    target = tmp_path / "t"
    await kentik.kmi.pull_asn_details(**PULL).save(target)
    for table in TABLES:
        for path in (target / table).rglob("*"):
            assert path.is_dir() or path.suffix == ".parquet", path
            if path.is_file():
                keys = [
                    tuple(row.values()) for row in pl.read_parquet(path).select(SORTED_BY[table]).to_dicts()
                ]
                assert keys == sorted(keys)


async def test_sqlite_has_views_named_as_the_tables(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    await kentik.kmi.pull_asn_details(**PULL).save(tmp_path, "sqlite")
    truth = expected(emu.state)
    for table in ("rankings", "relations", "asns", "markets"):
        assert from_sqlite(tmp_path, f"SELECT count(*) FROM {table}") == [(len(truth[table]),)]
    best = from_sqlite(
        tmp_path,
        "SELECT asn, name FROM rankings WHERE market_id = 'cc$US' AND rank_type = 'customer_base'"
        " AND ip = 'v4' AND rank = 1",
    )
    first = emu.state.rankings("cc$US")[0]
    assert best == [(first.asn, first.name)]


def test_a_folder_without_a_pull_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no pull was saved in"):
        open_target(tmp_path)


async def test_a_table_that_nobody_asked_for_is_named(kentik: KentikClient, tmp_path: Path) -> None:
    await kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4").save(tmp_path)
    tables = open_target(tmp_path)
    assert tables.rankings.count_rows() > 0
    with pytest.raises(TargetError, match="no table 'relations'"):
        _ = tables.relations


def test_without_pyarrow_what_to_install_is_said(tmp_path: Path) -> None:
    (tmp_path / ".kentik-async").mkdir()
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from kentik_async import ConfigError\n"
        "from kentik_async.bulk.reading.dataset import open_target\n"
        f"try: open_target({str(tmp_path)!r})\n"
        "except ConfigError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(ConfigError("Parquet needs pyarrow: pip install 'kentik-async[parquet]'"))


@given(shards=st.integers(1, 12), limit=st.none() | st.integers(1, 600))
def test_shards_cover_all_pages_once(shards: int, limit: int | None) -> None:
    ask = rankings_ask(MARKETS, "all", ("v4", "v6"), limit)
    keys = set(ask.opening())
    parts = [{key for key in keys if ask.wanted(key, (i, shards))} for i in range(shards)]
    assert set.union(*parts) == keys
    assert sum(map(len, parts)) == len(keys) == len(MARKETS) * 6 * 2


async def test_shards_land_all_rows_once(emu: Emulator, kentik: KentikClient, tmp_path: Path) -> None:
    pull = kentik.kmi.pull_rankings(MARKETS, PULL["rank_types"], PULL["ips"])
    rows = []
    for i in range(3):
        await pull.shard(i, 3).save(tmp_path / str(i))
        rows += landed_rankings(tmp_path / str(i))
    assert sorted(rows, key=str) == expected(emu.state)["rankings"]


def landed_rankings(target: Path) -> list[tuple[object, ...]]:
    columns = [name for name in TABLES["rankings"] if name != "fetched_at"]
    table = open_target(target).rankings.to_table(columns=columns)
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize("shard", [(-1, 2), (2, 2), (0, 0), ("0", 2)])
async def test_a_shard_that_is_none_is_refused(kentik: KentikClient, shard: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match="give 0 <= i < n"):
        kentik.kmi.pull_rankings().shard(*shard)
