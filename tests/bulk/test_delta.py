"""Delta tables: a change replaces exactly the rows of its pages, and concurrent runs write in turn."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from kentik_async import TargetError, ValidationError
from kentik_async.bulk.sinks import DateChange, DeltaSink, store_of
from kentik_async.bulk.sinks.delta.location import storage_options
from kentik_async.bulk.sinks.delta.predicate import owners_predicate
from kentik_async.bulk.sinks.schema import OWNER, TABLES, Owner
from kentik_async.bulk.target.layout import Layout

DATE = "2026-11-20"

owners = st.frozensets(
    st.tuples(
        st.sampled_from(["rankings", "check", "it's"]),
        st.sampled_from([None, "cc$US", "cc$DE"]),
        st.sampled_from([None, "customer_base"]),
        st.sampled_from([None, "v4", "v6"]),
        st.sampled_from([None, 1, 4_200_000_000]),
        st.none(),
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture
def sink(tmp_path: Path) -> DeltaSink:
    return opened(tmp_path / "t")


def opened(target: Path) -> DeltaSink:
    layout = Layout(target)
    layout.make()
    sink = DeltaSink(layout)
    sink.check()
    return sink


def columns(table: str, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row.get(name) for row in rows] for name in TABLES[table]}


def change(run: str, pages: dict[str, int], date: str = DATE) -> DateChange:
    """Return the change that saves rankings of some markets with a number of rows."""
    rankings = [
        {
            "market_id": market,
            "rank_type": "customer_base",
            "ip": "v4",
            "rank": rank,
            "asn": rank,
            "name": run,
        }
        for market, rows in pages.items()
        for rank in range(1, rows + 1)
    ]
    records = [
        {
            "kind": "rankings",
            "market_id": m,
            "rank_type": "customer_base",
            "ip": "v4",
            "run_id": run,
            "rows": n,
        }
        for m, n in pages.items()
    ]
    removed: dict[str, frozenset[Owner]] = {
        "rankings": frozenset((market, "customer_base", "v4") for market in pages),
        "pages": frozenset(("rankings", market, "customer_base", "v4", None, None) for market in pages),
        "runs": frozenset({(run,)}),
    }
    runs = [{"run_id": run, "started_at": 1}]
    added = [
        {"rankings": columns("rankings", rankings)},
        {"pages": columns("pages", records), "runs": columns("runs", runs)},
    ]
    return DateChange(date, removed, added)


def found(sink: DeltaSink, date: str = DATE) -> dict[tuple[str, str], int]:
    """Return the number of rows by market and run."""
    rows = sink.read("rankings", date)
    return dict(Counter(zip(rows["market_id"], rows["name"], strict=True)))


def test_a_change_replaces_its_pages_alone(sink: DeltaSink) -> None:
    sink.replace(change("a", {"US": 3, "DE": 2}))
    sink.replace(change("b", {"US": 5}))
    sink.replace(change("c", {"US": 4, "FR": 1}))
    sink.replace(change("d", {"US": 9}, "2026-11-19"))
    assert found(sink) == {("US", "c"): 4, ("FR", "c"): 1, ("DE", "a"): 2}
    assert sorted(sink.read("runs", DATE, ["run_id"])["run_id"]) == ["a", "b", "c"]
    assert sink.dates() == ["2026-11-19", DATE]
    sink.drop(DATE)
    assert (sink.dates(), found(sink)) == (["2026-11-19"], {})


def test_a_change_that_is_applied_again_changes_nothing(sink: DeltaSink) -> None:
    for _ in range(3):
        sink.replace(change("a", {"US": 3, "DE": 2}))
    assert found(sink) == {("US", "a"): 3, ("DE", "a"): 2}


def test_many_small_changes_leave_few_files(sink: DeltaSink, tmp_path: Path) -> None:
    for number in range(20):
        sink.replace(change(f"r{number}", {f"m{number}": 1}))
    assert len(found(sink)) == 20
    assert len(DeltaTable(tmp_path / "t" / "rankings").file_uris()) <= 8


def test_an_earlier_version_stays_readable(sink: DeltaSink, tmp_path: Path) -> None:
    sink.replace(change("a", {"US": 3}))
    version = DeltaTable(tmp_path / "t" / "rankings").version()
    sink.replace(change("b", {"US": 5}))
    assert DeltaTable(tmp_path / "t" / "rankings", version=version).count() == 3


def test_several_runs_take_turns(tmp_path: Path) -> None:
    opened(tmp_path / "t").replace(change("first", {"US": 1}))

    def work(name: str) -> None:
        mine = opened(tmp_path / "t")
        for number in range(3):
            mine.replace(change(f"{name}{number}", {"US": number + 1, "DE": number + 1}))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sink = opened(tmp_path / "t")
    pages = sink.read("pages", DATE)
    recorded = dict(zip(zip(pages["market_id"], pages["run_id"], strict=True), pages["rows"], strict=True))
    assert found(sink) == recorded
    assert len(recorded) == 2
    assert len(sink.read("runs", DATE)["run_id"]) == 10


def test_a_change_is_repeated_after_a_concurrent_commit(tmp_path: Path) -> None:
    slow, quick = opened(tmp_path / "t"), opened(tmp_path / "t")
    slow.replace(change("a", {"US": 1}))
    attempts: list[dict[tuple[str, str], int]] = []

    def work() -> None:
        attempts.append(found(slow))
        if len(attempts) == 1:  # as if this run had been considered dead
            for table in quick._tables.values():
                table.refresh()
            quick._tables["runs"].mark(DATE, 0)
            quick.replace(change("b", {"US": 2}))
        slow.replace(change("c", {"DE": 3}))

    slow.exclusively(DATE, work)
    assert attempts == [{("US", "a"): 1}, {("US", "b"): 2}]
    assert found(slow) == {("US", "b"): 2, ("DE", "c"): 3}


def test_what_a_killed_run_has_left_is_removed(sink: DeltaSink, tmp_path: Path) -> None:
    sink.replace(change("a", {"US": 3}))
    folder = tmp_path / "t" / "rankings" / f"run_date={DATE}"
    (part,) = folder.iterdir()
    left = folder / "part-00000-left-c000.snappy.parquet"
    left.write_bytes(part.read_bytes())
    sink.replace(change("b", {"US": 4}))
    sink.exclusively(DATE, lambda: None, recovers=True)
    assert not left.exists()
    assert part.exists(), "an earlier version needs it"
    assert found(sink) == {("US", "b"): 4}


def test_tables_of_others_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    from deltalake import write_deltalake

    write_deltalake(tmp_path / "t" / "runs", pa.table({"x": [1]}))
    assert store_of(Layout(tmp_path / "t")) == "delta"
    with pytest.raises(TargetError, match="has no schema version"):
        opened(tmp_path / "t")


@pytest.mark.parametrize("target", ["memory://x/kmi", "a%20b"])
def test_places_that_the_library_cannot_use_are_refused(target: str) -> None:
    with pytest.raises(ValidationError, match="delta"):
        DeltaSink(Layout(target))


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as db:
        yield db


@given(all_owners=owners, chosen=owners)
def test_predicates_select_exactly_their_owners(
    database: duckdb.DuckDBPyConnection, all_owners: frozenset[Owner], chosen: frozenset[Owner]
) -> None:
    there = [*(all_owners | chosen)]
    condition = owners_predicate("pages", DATE, chosen)
    assert condition is not None
    names = ", ".join(f'"{name}"' for name in OWNER["pages"])
    database.execute(
        "CREATE OR REPLACE TABLE t (run_date DATE, kind TEXT, market_id TEXT, rank_type TEXT, ip TEXT,"
        " asn BIGINT, type TEXT)"
    )
    rows = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(there))
    values = [value for owner in there for value in (DATE, *owner)]
    database.execute(f"INSERT INTO t (run_date, {names}) VALUES {rows}", values)
    assert set(database.execute(f"SELECT {names} FROM t WHERE {condition}").fetchall()) == chosen


def test_a_too_long_predicate_is_omitted() -> None:
    many = [("rankings", f"m{n}", "customer_base", "v4", n, None) for n in range(50)]
    assert owners_predicate("pages", DATE, many) is None
    assert owners_predicate("markets", DATE, [()]) == f"run_date = '{DATE}'"


def environments() -> Iterator[Any]:
    yield "s3", {}, {}, {}
    yield (
        "s3",
        {"key": "k", "secret": "s", "client_kwargs": {"endpoint_url": "http://h:1"}},
        {},
        {
            "aws_access_key_id": "k",
            "aws_secret_access_key": "s",
            "aws_endpoint_url": "http://h:1",
            "aws_allow_http": "true",
            "aws_region": "us-east-1",
        },
    )
    yield (
        "s3",
        {"anon": True},
        {"AWS_DEFAULT_REGION": "eu"},
        {"aws_skip_signature": "true", "aws_region": "eu"},
    )
    yield "gs", {"token": "key.json", "project": "p"}, {}, {"google_service_account": "key.json"}
    yield "gs", {"token": None}, {}, {}
    yield (
        "az",
        {"account_name": "a"},
        {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=b;AccountKey=a2V5=="},
        {"azure_storage_account_name": "a", "azure_storage_account_key": "a2V5=="},
    )


@pytest.mark.parametrize(("scheme", "given_options", "environment", "expected"), list(environments()))
def test_the_library_reaches_what_fsspec_reaches(
    scheme: str, given_options: dict[str, Any], environment: dict[str, str], expected: dict[str, str]
) -> None:
    options = storage_options(scheme, given_options, environment)
    assert {
        name: value for name, value in options.items() if name.startswith(("aws", "goo", "azure"))
    } == expected
