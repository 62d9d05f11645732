"""A saved target in a warehouse: dlt loads it into DuckDB, and SQL counts the rows."""

import datetime as dt
import importlib.util
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import kentik_async.dlt
from kentik_async import KentikClient, TargetError, ValidationError
from kentik_async.emulator import Emulator

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"this needs {name}")
    for name in ("dlt", "duckdb")
]

FIRST, SECOND, THIRD = (dt.date(2026, 11, day) for day in (19, 20, 21))
ONE: dict[str, Any] = {"markets": ["cc$US"], "rank_types": "customer_base", "ips": "v4", "limit": 50}


@pytest.fixture
async def kentik() -> AsyncIterator[KentikClient]:
    async with Emulator(speed=6000) as emulator, emulator.client() as kentik:
        yield kentik


class Warehouse:
    """A DuckDB file and the pipeline into it."""

    def __init__(self, folder: Path) -> None:
        import dlt

        self.file = folder / "kentik.duckdb"
        self.pipeline: Any = dlt.pipeline(
            "kentik",
            destination=dlt.destinations.duckdb(str(self.file)),
            dataset_name="kmi",
            pipelines_dir=str(folder / "pipelines"),
        )

    def load(self, source: Any) -> dict[str, int]:
        """Load, and return the number of loaded rows of each table."""
        if not self.pipeline.run(source).loads_ids:
            return {}
        counts = self.pipeline.last_trace.last_normalize_info.row_counts
        return {table: rows for table, rows in counts.items() if not table.startswith("_dlt")}

    def counts(self, table: str) -> dict[dt.date, int]:
        return dict(self.rows(f"SELECT run_date, count(*) FROM kmi.{table} GROUP BY ALL"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        import duckdb

        with duckdb.connect(str(self.file), read_only=True) as db:
            found: list[tuple[Any, ...]] = db.sql(query).fetchall()
        return found


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.chdir(tmp_path)
    return Warehouse(tmp_path)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
async def test_only_new_and_changed_dates_are_loaded(
    kentik: KentikClient,
    warehouse: Warehouse,
    tmp_path: Path,
    store: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "data"

    async def pull(date: dt.date, *, top: int, refresh: bool = False) -> None:
        await kentik.kmi.pull_asn_details(top=top, **ONE).save(target, store, date=date, refresh=refresh)

    await pull(FIRST, top=2)
    source = kentik_async.dlt.source(target)
    warehouse.load(source)
    saved = kentik_async.open(target)
    tables = ("rankings", "relations", "asns", "markets", "pages", "runs")
    truth = {table: saved.dataset(table).count_rows() for table in tables}
    assert {table: warehouse.counts(table) for table in tables} == {
        table: {FIRST: rows} for table, rows in truth.items()
    }
    assert truth["rankings"] == 50
    assert warehouse.load(source) == {}, "loaded already"

    two = ("rankings", "asns")  # the others are loaded in the same way, and dlt is slow
    source = kentik_async.dlt.source(target, tables=two)
    await pull(SECOND, top=2)
    new = warehouse.load(kentik_async.dlt.source(target, tables=two))
    assert (new["rankings"], new["asns"]) == (50, 2), "that day alone"
    assert warehouse.counts("rankings") == {FIRST: 50, SECOND: 50}

    await pull(SECOND, top=3)
    await pull(THIRD, top=1)
    changed = warehouse.load(source)
    assert changed["asns"] == 3 + 1, "a date again as a whole, and a new one"
    assert changed["rankings"] == 50, "the new date alone: the other's ranking was not requested again"
    await pull(FIRST, top=2, refresh=True)
    assert warehouse.load(source)["rankings"] == 50
    assert warehouse.counts("rankings") == {FIRST: 50, SECOND: 50, THIRD: 50}
    assert warehouse.counts("asns") == {FIRST: 2, SECOND: 3, THIRD: 1}
    assert warehouse.load(source) == {}
    kinds = warehouse.rows(
        "SELECT DISTINCT typeof(run_date), typeof(asn), typeof(fetched_at) FROM kmi.rankings"
    )
    assert kinds == [("DATE", "BIGINT", "TIMESTAMP WITH TIME ZONE")]
    assert capfd.readouterr().err == "", "dlt has nothing to warn of"


async def test_partial_dates_are_loaded_only_on_request(warehouse: Warehouse, tmp_path: Path) -> None:
    target = tmp_path / "data"
    async with Emulator(speed=6000) as emulator, emulator.client() as kentik:
        pull = kentik.kmi.pull_rankings(**{**ONE, "markets": ["cc$US", "cc$DE"]})
        await pull.save(target, date=FIRST)
        emulator.fail_next(1, status="NOT_FOUND", operation="kmi.get_rankings")
        await pull.save(target, date=SECOND)
        assert warehouse.load(kentik_async.dlt.source(target))["rankings"] == 100
        assert set(warehouse.counts("runs")) == {FIRST}
        warehouse.load(kentik_async.dlt.source(target, complete=False))
        assert warehouse.counts("rankings") == {FIRST: 100, SECOND: 50}
        await pull.save(target, date=SECOND, retry_failed=True)
        warehouse.load(kentik_async.dlt.source(target))
        assert warehouse.counts("rankings") == {FIRST: 100, SECOND: 100}


async def test_a_date_that_lost_its_rows_is_emptied(warehouse: Warehouse, tmp_path: Path) -> None:
    target = tmp_path / "data"
    async with Emulator(speed=6000) as emulator, emulator.client() as kentik:
        pull = kentik.kmi.pull_rankings(**ONE)
        await pull.save(target, date=FIRST)
        warehouse.load(kentik_async.dlt.source(target, tables="rankings"))
        assert warehouse.counts("rankings") == {FIRST: 50}
        emulator.fail_next(2, operation="kmi.get_rankings", body=b"")
        assert (await pull.save(target, date=FIRST, refresh=True)).rows == 0
        warehouse.load(kentik_async.dlt.source(target, tables="rankings"))
    assert warehouse.rows("SELECT count(*) FROM kmi.rankings WHERE rank IS NOT NULL") == [(0,)]


async def test_shards_are_loaded_as_one(kentik: KentikClient, warehouse: Warehouse, tmp_path: Path) -> None:
    shards = [tmp_path / "a", tmp_path / "b"]
    pull = kentik.kmi.pull_asn_details(top=3, **{**ONE, "markets": ["cc$US", "cc$DE"]})
    for number, target in enumerate(shards):
        await pull.shard(number, 2).save(target, date=FIRST)
    assert warehouse.load(kentik_async.dlt.source(shards))["rankings"] == 100
    assert (warehouse.counts("asns"), warehouse.counts("runs")) == ({FIRST: 6}, {FIRST: 2})
    assert warehouse.load(kentik_async.dlt.source(shards)) == {}


async def test_a_date_that_left_the_target_stays_in_the_warehouse(
    kentik: KentikClient, warehouse: Warehouse, tmp_path: Path
) -> None:
    target = tmp_path / "data"
    for date in (FIRST, SECOND):
        await kentik.kmi.pull_rankings(**ONE).save(target, date=date)
    warehouse.load(kentik_async.dlt.source(target))
    for folder in target.glob(f"*/run_date={FIRST}"):
        for part in folder.iterdir():
            part.unlink()
    assert warehouse.load(kentik_async.dlt.source(target)) == {}
    assert warehouse.counts("rankings") == {FIRST: 50, SECOND: 50}


async def test_a_target_that_is_a_url_is_read_too(
    kentik: KentikClient, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    url = f"memory://{tmp_path.name}"
    await kentik.kmi.pull_rankings(**ONE).save(url, date=FIRST)
    source = kentik_async.dlt.source(url, tables=["rankings"])
    assert warehouse.load(source) == {"rankings": 50}
    assert warehouse.load(source) == {}
    await kentik.kmi.pull_rankings(**ONE).save(url, date=FIRST, refresh=True)
    assert warehouse.load(source) == {"rankings": 50}
    assert warehouse.counts("rankings") == {FIRST: 50}


READING = """
import sys

connections = []
sys.addaudithook(lambda event, _: connections.append(event) if event == "socket.connect" else None)
import kentik_async
import kentik_async.dlt
assert "dlt" not in sys.modules, "it takes its time to import"
source = kentik_async.dlt.source(sys.argv[1], tables=["rankings"])
print(list(source.resources), sum(table.num_rows for table in source), connections)
"""


async def test_it_reads_without_a_connection(kentik: KentikClient, tmp_path: Path) -> None:
    await kentik.kmi.pull_rankings(**ONE).save(tmp_path / "data", date=FIRST)
    command = [sys.executable, "-W", "error", "-c", READING, str(tmp_path / "data")]
    done = await anyio.run_process(command, check=False, cwd=tmp_path)
    assert (done.stdout, done.stderr) == (b"['rankings'] 50 []\n", b"")


async def test_mistakes_are_reported_before_a_run(kentik: KentikClient, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no pull was saved in"):
        kentik_async.dlt.source(tmp_path)
    await kentik.kmi.pull_rankings(**ONE).save(tmp_path, date=FIRST)
    with pytest.raises(ValidationError, match=r"tables must be some of rankings, .*; got 'peers'"):
        kentik_async.dlt.source(tmp_path, tables=["peers"])


def test_without_dlt_the_error_has_the_pip_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(kentik_async.ConfigError, match=r"pip install 'kentik-async\[dlt\]'"):
        kentik_async.dlt.source(tmp_path)
