"""`kentik_async.open`: one or several targets as Arrow datasets, and reading with other programs."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import kentik_async
from kentik_async import KentikClient, TargetError, ValidationError
from kentik_async.bulk.pull import StoreName
from kentik_async.emulator import Emulator
from tests.bulk.reading.support import FIRST, SECOND, STORES, TABLES, contents, details, rankings, rows_of


@pytest.mark.parametrize("store", STORES)
async def test_each_format_has_the_same_rows(kentik: KentikClient, tmp_path: Path, store: StoreName) -> None:
    await details(kentik).save(tmp_path / "parquet", date=FIRST)
    await details(kentik).save(tmp_path / "other", store, date=FIRST)
    one, other = kentik_async.open(tmp_path / "parquet"), kentik_async.open(str(tmp_path / "other"))
    for table in ("rankings", "relations", "asns", "markets"):
        columns = [name for name in one.dataset(table).schema.names if name not in ("run_id", "fetched_at")]
        rows = [
            sorted(str(row) for row in tables.dataset(table).to_table(columns).to_pylist())
            for tables in (one, other)
        ]
        assert rows[0] == rows[1]
        assert rows[0]
    assert all(one.dataset(table).schema.equals(other.dataset(table).schema) for table in TABLES)
    assert other.insights.count_rows() == 0
    assert other.runs.to_table(["status"]).to_pylist() == [{"status": "complete"}]


@pytest.mark.parametrize("store", STORES)
async def test_a_date_is_complete_if_all_its_runs_are(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    await rankings(kentik).save(tmp_path, store, date=FIRST)
    await rankings(kentik).save(tmp_path, store, date=SECOND)
    emu.fail_next(1, status="NOT_FOUND", operation="kmi.get_rankings")
    germany = rankings(kentik, markets=["cc$DE"])
    assert (await germany.save(tmp_path, store, date=SECOND)).failed == 1
    tables = kentik_async.open(tmp_path)
    assert tables.dates() == [str(FIRST), str(SECOND)]
    assert tables.dates(complete=True) == [str(FIRST)]
    await germany.save(tmp_path, store, date=SECOND, retry_failed=True)
    assert kentik_async.open(tmp_path).dates(complete=True) == [str(FIRST), str(SECOND)]


@pytest.mark.parametrize("stores", [("parquet", "parquet"), ("sqlite", "ndjson"), ("csv", "parquet")])
async def test_shards_are_one_dataset(
    kentik: KentikClient, tmp_path: Path, stores: tuple[StoreName, StoreName]
) -> None:
    asked: dict[str, Any] = {"markets": ["cc$US", "cc$DE"], "ips": ["v4", "v6"]}
    await details(kentik, **asked).save(tmp_path / "whole", date=FIRST)
    targets = []
    for number, store in enumerate(stores):
        targets.append(tmp_path / str(number))
        await details(kentik, **asked).shard(number, 2).save(targets[-1], store, date=FIRST)
    for table, natural_key in {
        "rankings": ("market_id", "rank_type", "ip", "rank"),
        "relations": ("market_id", "ip", "asn", "relation", "related_asn"),
        "asns": ("market_id", "ip", "asn"),
        "markets": ("market_id",),
        "pages": ("key",),
    }.items():
        keys = [tuple(row[name] for name in natural_key) for row in rows_of(targets, table)]
        whole = [tuple(row[name] for name in natural_key) for row in rows_of(tmp_path / "whole", table)]
        assert sorted(keys) == sorted(whole), table
    assert len(rows_of(targets, "runs")) == 2
    assert kentik_async.open(targets).dates(complete=True) == [str(FIRST)]


async def test_the_newer_page_of_several_targets_counts(kentik: KentikClient, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    await details(kentik, limit=30).save(old, date=FIRST)
    await details(kentik, limit=10, type="customers").save(new, date=FIRST)
    await rankings(kentik, markets=["cc$DE"]).save(old, date=SECOND)
    for targets in ([old, new], [new, old]):
        assert [row["rank"] for row in rows_of(targets, "rankings")].count(1) == 2, "one for each date"
        assert [row for row in rows_of(targets, "rankings") if row["run_date"] == FIRST] == rows_of(
            new, "rankings"
        )
        relations = rows_of(targets, "relations")
        for relation, source in (("customer", new), ("provider", old), ("peer", old)):
            mine = [row for row in relations if row["relation"] == relation]
            theirs = [row for row in rows_of(source, "relations") if row["relation"] == relation]
            assert sorted(mine, key=str) == sorted(theirs, key=str)
        for row in rows_of(targets, "asns"):
            assert row["type"] == "all"
            assert None not in (row["customers"], row["providers"], row["peers"])
    assert {row["providers"] for row in rows_of(new, "asns")} == {None}, "not requested, so not 0"


async def test_a_copy_of_a_target_adds_nothing(kentik: KentikClient, tmp_path: Path) -> None:
    await details(kentik).save(tmp_path / "one", date=FIRST)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    both = [tmp_path / "one", tmp_path / "two"]
    assert contents(both) == contents(tmp_path / "one")


async def test_a_foreign_file_is_not_read(kentik: KentikClient, tmp_path: Path) -> None:
    await rankings(kentik).save(tmp_path, date=FIRST)
    before = contents(tmp_path)
    part = next((tmp_path / "rankings").rglob("*.parquet"))
    shutil.copy(part, part.with_name("part-0002.parquet"))
    assert contents(tmp_path) == before


async def test_duckdb_polars_pandas_and_pyarrow_read_the_parts(kentik: KentikClient, tmp_path: Path) -> None:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow.dataset as ds  # type: ignore[import-untyped]  # pyarrow ships no types

    for date in (FIRST, SECOND):
        await details(kentik).save(tmp_path, date=date)
    saved = kentik_async.open(tmp_path)
    for table in ("rankings", "relations", "asns", "markets", "pages", "runs"):
        folder = tmp_path / table
        read = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
        counts = {
            duckdb.execute(f"SELECT count(*) FROM {read} WHERE run_date = '{FIRST}'").fetchall()[0][0],
            pl.scan_parquet(folder, hive_partitioning=True).filter(run_date=FIRST).collect().height,
            len(pd.read_parquet(folder, filters=[("run_date", "=", str(FIRST))])),
            ds.dataset(folder, partitioning="hive").count_rows(filter=ds.field("run_date") == str(FIRST)),
            saved.dataset(table, [str(FIRST)]).count_rows(),
        }
        assert len(counts) == 1, (table, counts)
        assert counts != {0}


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_a_pull_is_one_clear_error(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TargetError, match=f"no pull was saved in {tmp_path / folder}: "):
        kentik_async.open(tmp_path / folder)


def test_no_target_at_all_is_refused() -> None:
    with pytest.raises(ValidationError, match="target must name at least one target"):
        kentik_async.open([])
