"""`diff_days` compares only pages with equal coverage, and lists them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kentik_async
from kentik_async import KentikClient
from kentik_async.bulk.coverage import PageRecord, SavedPages
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.reading.diff import Day, Diff, PageCounts, diff_days
from kentik_async.bulk.saving.saved_date import page_records
from kentik_async.bulk.sinks.parquet import arrow_schema, arrow_table, columns_of
from kentik_async.emulator import Emulator
from tests.bulk.reading.support import FIRST, SECOND, details, rankings


def diff(target: Path) -> Diff:
    tables = kentik_async.open(target)
    days = []
    for date in (FIRST, SECOND):
        pages = SavedPages(page_records(columns_of(tables.rows("pages", date))))
        days.append(Day(pages, tables.rows("rankings", date), tables.rows("relations", date)))
    return diff_days(*days)


async def test_relations_of_one_date_only_are_not_new(kentik: KentikClient, tmp_path: Path) -> None:
    """Before a fix, customers compared with all relations gave new providers."""
    await details(kentik, type="customers").save(tmp_path, date=FIRST)
    await details(kentik).save(tmp_path, date=SECOND)
    found = diff(tmp_path)
    assert found.relations.num_rows == found.rankings.num_rows == 0
    assert found.relation_pages == PageCounts(compared=2, unequal=0, only_before=0, only_after=2)
    assert found.ranking_pages == PageCounts(compared=1, unequal=0, only_before=0, only_after=0)


async def test_rankings_of_unequal_depth_are_not_compared(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    """Before a fix, 100 rows compared with 200 gave no changes."""
    await rankings(kentik, limit=10).save(tmp_path, date=FIRST)
    emu.advance_day(5)
    await rankings(kentik, limit=20).save(tmp_path, date=SECOND)
    found = diff(tmp_path)
    assert found.ranking_pages == PageCounts(compared=0, unequal=1, only_before=0, only_after=0)
    assert found.is_empty


async def test_whole_rankings_are_compared_whatever_their_limits(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {"markets": ["cc$LI"]}
    await rankings(kentik, **asked, limit=5000).save(tmp_path, date=FIRST)
    emu.advance_day(5)
    report = await rankings(kentik, **asked, limit=4000).save(tmp_path, date=SECOND)
    assert report.rows < 4000
    assert diff(tmp_path).ranking_pages.compared == 1


async def test_other_filters_are_unequal_coverage(kentik: KentikClient, tmp_path: Path) -> None:
    await details(kentik).save(tmp_path, date=FIRST)
    await details(kentik, singlehomed_customer="only").save(tmp_path, date=SECOND)
    found = diff(tmp_path)
    assert found.relation_pages == PageCounts(compared=0, unequal=4, only_before=0, only_after=0)
    assert found.relations.num_rows == 0


async def test_a_market_of_one_date_is_counted_and_not_compared(kentik: KentikClient, tmp_path: Path) -> None:
    await rankings(kentik, markets=["cc$US", "cc$DE"]).save(tmp_path, date=FIRST)
    await rankings(kentik, markets=["cc$US", "cc$FR", "cc$CH"]).save(tmp_path, date=SECOND)
    found = diff(tmp_path)
    assert found.ranking_pages == PageCounts(compared=1, unequal=0, only_before=1, only_after=2)
    assert found.rankings.num_rows == 0, "the emulator's day has not changed"


async def test_changes_are_those_of_the_server(emu: Emulator, kentik: KentikClient, tmp_path: Path) -> None:
    days = []
    for date in (FIRST, SECOND):
        days.append({row.asn: row.rank for row in emu.state.rankings("cc$US")[:20]})
        await rankings(kentik).save(tmp_path, date=date)
        emu.advance_day(3)
    found = {
        row["asn"]: (row["rank_before"], row["rank_after"]) for row in diff(tmp_path).rankings.to_pylist()
    }
    assert found == {
        asn: (days[0].get(asn), days[1].get(asn))
        for asn in {*days[0], *days[1]}
        if days[0].get(asn) != days[1].get(asn)
    }
    assert found


def record(key: PageKey, rows: int) -> PageRecord:
    return PageRecord(key, "run", "done", rows, None, 1, 1)


def empty(table: str) -> Any:
    schema = arrow_schema(table)
    return arrow_table({name: [] for name in schema.names}, schema)


limits = st.none() | st.sampled_from([5, 100, 599, 600, 601])


@given(limits, limits, st.integers(0, 700), st.integers(0, 700))
def test_equal_coverage_is_the_same_limit_or_both_whole(
    before: int | None, after: int | None, rows_before: int, rows_after: int
) -> None:
    depths = [before or 600, after or 600]
    rows = [min(rows_before, depths[0]), min(rows_after, depths[1])]
    days = [
        Day(
            SavedPages([record(PageKey("rankings", "cc$US", "customer_base", "v4", limit=limit), count)]),
            empty("rankings"),
            empty("relations"),
        )
        for limit, count in zip((before, after), rows, strict=True)
    ]
    equal = depths[0] == depths[1] or all(count < depth for count, depth in zip(rows, depths, strict=True))
    assert diff_days(*days).ranking_pages == PageCounts(int(equal), int(not equal), 0, 0)


@pytest.mark.parametrize("status", ["failed", "stale"])
def test_a_page_without_rows_is_not_compared(status: Any) -> None:
    key = PageKey("rankings", "cc$US", "customer_base", "v4")
    failed = PageRecord(key, "run", status, 3, None, 1, 1, "ServerError", "down")
    days = [
        Day(SavedPages([found]), empty("rankings"), empty("relations")) for found in (record(key, 3), failed)
    ]
    assert diff_days(*days).ranking_pages.compared == (status == "stale")
