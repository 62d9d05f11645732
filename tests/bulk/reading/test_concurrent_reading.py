"""While pulls replace a table, a reader never finds a missing file or a mixture of two versions."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kentik_async import KentikClient
from kentik_async.bulk.pull import StoreName
from tests.bulk.reading.support import FIRST, PART_STORES, details, rows_of

BY_DUCKDB = """
import sys, duckdb
target, stop = sys.argv[1:]
table = "read_parquet('{}/{}/**/*.parquet', hive_partitioning = true)".format
db = duckdb.connect()
def query(text):
    return db.execute(text).fetchall()
def read():
    columns = "count(DISTINCT run_id), count(*), count(DISTINCT (asn, relation, related_asn))"
    (relations,) = query(f"SELECT {columns} FROM {table(target, 'relations')}")
    rankings = table(target, "rankings")
    (ranks,) = query(f"SELECT count(*), count(DISTINCT fetched_at) FROM {rankings}")
    query(f"SELECT score, fetched_at, count(*) FROM {rankings} GROUP BY ALL ORDER BY ALL")
    return *relations, *ranks
"""

BY_SDK = """
import sys, kentik_async
target, stop = sys.argv[1:]
db = kentik_async.open(target)
def read():
    relations, rankings = db.relations.to_table().to_pandas(), db.rankings.to_table().to_pandas()
    keys = relations[["asn", "relation", "related_asn"]].drop_duplicates()
    ranks = len(rankings), rankings.fetched_at.nunique()
    return relations.run_id.nunique(), len(relations), len(keys), *ranks
"""

LOOP = """
import pathlib
found = set()
print("reading", flush=True)
with open(stop + ".reads", "ab", buffering=0) as reads:
    while not pathlib.Path(stop).exists():
        found.add(read())
        reads.write(b"x")
print(sorted(found))
"""


@contextmanager
def reader(code: str, target: Path, stop: Path) -> Iterator["subprocess.Popen[str]"]:
    """Read in a loop in another process until a file appears."""
    process = subprocess.Popen(
        [sys.executable, "-c", code + LOOP, str(target), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def reads(stop: Path) -> int:
    """Return the number of reads: the reader writes a byte for each."""
    written = stop.with_name(f"{stop.name}.reads")
    return written.stat().st_size if written.exists() else 0


@pytest.mark.parametrize(
    ("code", "store", "refreshes"),
    [
        (BY_DUCKDB, "parquet", 50),
        (BY_SDK, "parquet", 20),
        (BY_SDK, "sqlite", 20),
        (BY_SDK, "delta", 20),
    ],
)
async def test_reads_during_refreshes_see_one_version(
    kentik: KentikClient, tmp_path: Path, code: str, store: StoreName, refreshes: int
) -> None:
    """Before a fix, 4 of 3,671 reads failed; relations have the id of the run that fetched them."""
    target, stop = tmp_path / "data", tmp_path / "stop"
    pull = details(kentik)
    await pull.save(target, store, date=FIRST)
    with reader(code, target, stop) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n", process.communicate()
        made = 0
        while made < refreshes or reads(stop) < refreshes // 4:  # the reader may be slow on a loaded machine
            assert process.poll() is None, process.communicate()
            assert (await pull.save(target, store, date=FIRST, refresh=True)).failed == 0
            made += 1
        stop.touch()
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert err == ""
    relations = len(rows_of(target, "relations"))
    assert out.strip() == str([(1, relations, relations, 20, 1)])


@pytest.mark.parametrize("store", PART_STORES)
async def test_a_refresh_replaces_the_files_that_were_listed(
    kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    """A reader can open after a refresh what it listed before it, and the reverse."""
    pull = details(kentik)
    await pull.save(tmp_path, store, date=FIRST)
    listed = {part: part.read_bytes() for part in tmp_path.glob("*/run_date=*/*")}
    assert (await pull.save(tmp_path, store, date=FIRST, refresh=True)).failed == 0
    found = {part: part.read_bytes() for part in tmp_path.glob("*/run_date=*/*")}
    assert found.keys() == listed.keys()
    replaced = {part.parent.parent.name for part, content in found.items() if content != listed[part]}
    assert replaced >= {"rankings", "relations", "asns", "pages", "runs"}
