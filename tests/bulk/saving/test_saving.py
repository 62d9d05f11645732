"""A pull saves the server's data unchanged, in every format."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async import KentikClient, ValidationError
from kentik_async.bulk.arguments import rankings_spec
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.results import PullReport
from kentik_async.bulk.sinks.schema import SORTED_BY, TABLES
from kentik_async.emulator import Emulator
from tests.bulk.support import MARKETS, PULL, STORES, expected, from_sqlite, saved, table


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
    assert saved(tmp_path / "t") == truth
    assert report.rows == sum(len(truth[name]) for name in ("rankings", "relations"))
    by_kind = {"rankings": len(truth["rankings"]), "asn_details": len(truth["relations"])}
    assert json.loads(json.dumps(asdict(report)))["rows_by_kind"] == by_kind
    assert report.failed == 0
    assert report.mixed is False
    assert emu.report().refused == 0
    pages = table(tmp_path / "t", "pages")
    assert report.calls == emu.report().requests == len(pages)
    check_pages(emu, report, pages)


def check_pages(emu: Emulator, report: PullReport, pages: list[dict[str, Any]]) -> None:
    """Each call is a page, with its end."""
    truth = expected(emu.state)
    kinds = {"markets": 1, "rankings": 12, "asn_details": len(truth["asns"]), "check": 1}
    assert Counter(page["kind"] for page in pages) == kinds
    for page in pages:
        assert page["run_id"] == report.run_id
        assert (page["attempts"], page["error_class"], page["error_text"]) == (1, None, None)
        if page["kind"] == "rankings":
            key = PageKey.parse(page["key"])
            invalid = emu.state.invalid_count(key.market_id, key.rank_type, key.ip)
            assert page["invalid_count"] == invalid
            assert page["rows"] == len(emu.state.rankings(key.market_id, key.rank_type, key.ip))


async def test_every_part_is_sorted_and_alone_in_its_folder(kentik: KentikClient, tmp_path: Path) -> None:
    import polars as pl

    target = tmp_path / "t"
    await kentik.kmi.pull_asn_details(**PULL).save(target)
    for name in TABLES:
        for path in (target / name).rglob("*"):
            assert path.is_dir() or path.suffix == ".parquet", path
            if path.is_file():
                keys = [
                    tuple(row.values()) for row in pl.read_parquet(path).select(SORTED_BY[name]).to_dicts()
                ]
                assert keys == sorted(keys, key=lambda key: [(value is None, value) for value in key])


async def test_sqlite_has_views_named_as_the_tables(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    await kentik.kmi.pull_asn_details(**PULL).save(tmp_path, "sqlite")
    truth = expected(emu.state)
    for name in ("rankings", "relations", "asns", "markets"):
        assert from_sqlite(tmp_path, f"SELECT count(*) FROM {name}") == [(len(truth[name]),)]
    best = from_sqlite(
        tmp_path,
        "SELECT asn, name FROM rankings WHERE market_id = 'cc$US' AND rank_type = 'customer_base'"
        " AND ip = 'v4' AND rank = 1",
    )
    first = emu.state.rankings("cc$US")[0]
    assert best == [(first.asn, first.name)]


@given(shards=st.integers(1, 12), limit=st.none() | st.integers(1, 600))
def test_shards_cover_all_pages_once(shards: int, limit: int | None) -> None:
    spec = rankings_spec(MARKETS, "all", ("v4", "v6"), limit)
    keys = set(spec.opening())
    parts = [
        {key for key in keys if msgspec.structs.replace(spec, shard=(i, shards)).wanted(key)}
        for i in range(shards)
    ]
    assert set.union(*parts) == keys
    assert sum(map(len, parts)) == len(keys) == len(MARKETS) * 6 * 2


async def test_shards_save_all_rows_once(emu: Emulator, kentik: KentikClient, tmp_path: Path) -> None:
    pull = kentik.kmi.pull_rankings(MARKETS, PULL["rank_types"], PULL["ips"])
    rows = []
    for i in range(3):
        await pull.shard(i, 3).save(tmp_path / str(i))
        rows += saved_rankings(tmp_path / str(i))
    assert sorted(rows, key=str) == expected(emu.state)["rankings"]


def saved_rankings(target: Path) -> list[tuple[object, ...]]:
    rows = table(target, "rankings")
    return [tuple(value for name, value in row.items() if name != "fetched_at") for row in rows]


@pytest.mark.parametrize("shard", [(-1, 2), (2, 2), (0, 0), ("0", 2)])
async def test_an_invalid_shard_is_refused(kentik: KentikClient, shard: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match="0 <= i < n"):
        kentik.kmi.pull_rankings().shard(*shard)
