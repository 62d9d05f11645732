"""Untrusted SQL can read only the given tables; results have a bounded size."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from kentik_async.cli.mcp.sandbox import Query
from kentik_async.cli.mcp.tools import LARGEST_RESULT, bounded_rows, page_of, plain
from kentik_async.errors import ValidationError

pytest.importorskip("duckdb", reason="queries take the extra mcp")

ENDLESS = "select count(*) from range(1_000_000_000_000) a where a.range % 7 = sqrt(a.range)"


def rows_of(sql: str, tables: Mapping[str, Any] | None = None, timeout: float = 60.0) -> list[dict[str, Any]]:
    query = Query(tables or {})
    try:
        return list(query.rows(sql, timeout))
    finally:
        query.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "table.parquet"
    pq.write_table(pa.table({"a": [1, 2, 3]}), file)
    return file


def test_query_reads_its_tables(path: Path) -> None:
    tables = {"t": ds.dataset(path)}
    assert rows_of("with x as (select a from t where a > 1) select sum(a) s from x", tables) == [{"s": 5}]
    assert [row["column_name"] for row in rows_of("describe t", tables)] == ["a"]


@pytest.mark.parametrize(
    "sql",
    [
        "from '{path}'",
        "from read_parquet('{path}')",
        "from read_text('{path}')",
        "from read_blob('{path}')",
        "from glob('{folder}/*')",
        "from parquet_metadata('{path}')",
        "from sniff_csv('{path}')",
        "from read_csv('http://127.0.0.1:9/')",
        "from query('from ''{path}''')",
        "select getenv('HOME')",
        "from table_of_python",
        "attach '{folder}/new.db'",
        "copy (select 1) to '{folder}/new.csv'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma enable_profiling",
        "create table t as select 1",
        "insert into t values (1)",
        "select 1; select 2",
        "",
        "selec 1",
    ],
)
def test_query_reaches_nothing_else(path: Path, sql: str) -> None:
    table_of_python = pa.table({"a": [1]})
    before = sorted(path.parent.iterdir())
    with pytest.raises(ValidationError) as caught:
        rows_of(sql.format(path=path, folder=path.parent))
    assert "\n" not in str(caught.value)
    assert sorted(path.parent.iterdir()) == before
    assert table_of_python.num_rows == 1


@pytest.mark.parametrize("seconds", ["0.01", "0.0001", "0"])
def test_endless_query_is_stopped(seconds: str) -> None:
    """Also before it starts."""
    with pytest.raises(ValidationError, match=rf"^the query took longer than {seconds} s; add a filter"):
        rows_of(ENDLESS, timeout=float(seconds))


def test_query_can_be_stopped_before_it_begins() -> None:
    query = Query({})
    query.stop()
    with pytest.raises(ValidationError, match=r"(?i)interrupt"):
        list(query.rows(ENDLESS, 60.0))
    query.close()


def test_values_become_json() -> None:
    (row,) = rows_of("select 'nan'::double a, date '2026-01-02' b, [1, 2] c, {'x': 1.5} d, '\\x01'::blob e")
    assert plain(row) == {"a": None, "b": "2026-01-02", "c": [1, 2], "d": {"x": 1.5}, "e": "AQ=="}
    assert plain(dt.timedelta(days=1)) == "1 day, 0:00:00"


def test_rows_are_cut_where_they_are_too_large() -> None:
    assert bounded_rows([]) == {"rows": [], "truncated": False}
    found = bounded_rows(["x" * (LARGEST_RESULT // 3)] * 5)
    assert (len(found["rows"]), found["truncated"]) == (2, True)
    page = page_of(list(range(10)), {"max_rows": 4, "offset": 4})
    assert page == {"rows": [4, 5, 6, 7], "truncated": True, "total": 10, "next_offset": 8}
    page = page_of(list(range(10)), {"max_rows": 4, "offset": 8})
    assert page == {"rows": [8, 9], "truncated": False, "total": 10}
