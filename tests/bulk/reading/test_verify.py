"""`verify_target` finds missing, damaged and foreign parts, and changes nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kentik_async import KentikClient, TargetError
from kentik_async.bulk.pull import StoreName
from kentik_async.bulk.reading.verify import verify_target
from kentik_async.emulator import Emulator
from kentik_async.errors import AuthenticationError
from tests.bulk.reading.support import (
    FIRST,
    PART_STORES,
    SECOND,
    STORES,
    damage,
    details,
    page_owners,
    part_of,
    rankings,
    remove_rows,
)

US = ("cc$US", "customer_base", "v4")


def snapshot(target: Path) -> dict[str, bytes]:
    files = (path for path in target.rglob("*") if path.is_file() and ".kentik-async" not in path.parts)
    return {str(path): path.read_bytes() for path in files}


def found(target: Path) -> set[tuple[str, str, str | None]]:
    return {(problem.kind, problem.table, problem.run_date) for problem in verify_target(target).problems}


@pytest.mark.parametrize("store", STORES)
async def test_saved_pulls_have_no_problems(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    await details(kentik).save(tmp_path, store, date=FIRST)
    await details(kentik, type="customers").save(tmp_path, store, date=SECOND)
    await details(kentik, type="peers", markets=["cc$US", "cc$DE"]).save(tmp_path, store, date=SECOND)
    emu.fail_next(1, status="NOT_FOUND", operation="kmi.get_rankings")
    await rankings(kentik, markets=["cc$FR"]).save(tmp_path, store, date=SECOND)
    await details(kentik, type="all", limit=30).save(tmp_path, store, date=SECOND)
    await details(kentik, type="customers").save(tmp_path, store, date=SECOND, refresh=True)
    await kentik.kmi.pull_insights([64512], markets=["cc$US"]).save(tmp_path, store, date=SECOND)
    before = snapshot(tmp_path)
    report = verify_target(tmp_path)
    assert (report.problems, report.sound, report.dates, report.store) == ((), True, 2, store)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("store", STORES)
async def test_an_interrupted_run_is_no_problem(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    emu.fail_next(1, status="UNAUTHENTICATED", operation="kmi.get_asn_details")
    with pytest.raises(AuthenticationError):
        await details(kentik).save(tmp_path, store, date=FIRST)
    report = verify_target(tmp_path)
    assert report.sound
    assert len(report.interrupted) == 1


@pytest.mark.parametrize("store", PART_STORES)
@pytest.mark.parametrize("table", ["rankings", "relations", "asns", "markets", "pages", "runs"])
async def test_each_part_that_is_lost_or_damaged_is_found(
    kentik: KentikClient, tmp_path: Path, store: StoreName, table: str
) -> None:
    await details(kentik).save(tmp_path / "good", store, date=FIRST)
    harms: list[Callable[[Path], object]] = [Path.unlink, damage, lambda path: path.write_bytes(b"")]
    for number, harm in enumerate(harms):
        target = tmp_path / str(number)
        shutil.copytree(tmp_path / "good", target)
        harm(part_of(target, table, FIRST))
        kinds = {kind for kind, name, date in found(target) if (name, date) == (table, str(FIRST))}
        assert kinds, (number, found(target))
        assert kinds <= {"missing", "damaged"}


@pytest.mark.parametrize("store", STORES)
async def test_rows_that_are_gone_or_of_no_page_are_found(
    kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    await details(kentik).save(tmp_path, store, date=FIRST)
    await details(kentik, markets=["cc$US", "cc$DE"]).save(tmp_path, store, date=SECOND)
    remove_rows(tmp_path, FIRST, {"rankings": [US]})
    remove_rows(tmp_path, SECOND, {"rankings": [US]})
    assert found(tmp_path) == {
        ("missing", "rankings", str(FIRST)),
        ("damaged", "rankings", str(SECOND)),
    }
    remove_rows(tmp_path, SECOND, {"pages": page_owners(tmp_path, SECOND, "asn_details")})
    assert {
        ("foreign", "relations", str(SECOND)),
        ("foreign", "asns", str(SECOND)),
        ("missing", "pages", str(SECOND)),
    } <= found(tmp_path)


async def test_foreign_files_are_found_and_hidden_ones_are_not(kentik: KentikClient, tmp_path: Path) -> None:
    await rankings(kentik).save(tmp_path, date=FIRST)
    part = part_of(tmp_path, "rankings", FIRST)
    shutil.copy(part, part.with_name("part-0002.parquet"))
    shutil.copy(part, tmp_path / "rankings" / "copy.parquet")
    part.with_name(".part.crc").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    problems = verify_target(tmp_path).problems
    assert {(problem.kind, problem.path) for problem in problems} == {
        ("foreign", str(part.with_name("part-0002.parquet"))),
        ("foreign", str(tmp_path / "rankings" / "copy.parquet")),
    }


async def test_a_foreign_file_is_refused_before_anything_is_sent(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    await rankings(kentik).save(tmp_path, date=FIRST)
    part = part_of(tmp_path, "markets", FIRST)
    shutil.copy(part, part.with_name("part-0002.parquet"))
    before = emu.report().requests
    with pytest.raises(TargetError, match="holds a file that no pull wrote: markets/"):
        await rankings(kentik, markets=["cc$DE"]).save(tmp_path, date=FIRST)
    assert emu.report().requests == before


async def test_a_damaged_database_is_found(kentik: KentikClient, tmp_path: Path) -> None:
    await details(kentik).save(tmp_path, "sqlite", date=FIRST)
    path = tmp_path / "kmi.sqlite"
    raw = bytearray(path.read_bytes())
    raw[4096 * 8 : 4096 * 20] = b"\xff" * (4096 * 12)
    path.write_bytes(raw)
    assert any(problem.kind == "damaged" for problem in verify_target(tmp_path).problems)


async def test_a_damaged_journal_is_found(kentik: KentikClient, tmp_path: Path) -> None:
    await rankings(kentik).save(tmp_path, date=FIRST)
    (tmp_path / ".kentik-async/journal.sqlite").write_bytes(b"no database" * 1000)
    assert found(tmp_path) == {("damaged", "journal", None)}


def test_a_folder_without_a_pull_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=f"no pull was saved in {tmp_path}: "):
        verify_target(tmp_path)
