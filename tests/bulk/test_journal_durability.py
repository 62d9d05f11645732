"""When an answer is kept: entered before the next request goes out, on the disk before its page counts."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kentik_async import Event
from kentik_async.bulk.journal.database import JournalConnection, open_journal
from kentik_async.bulk.journal.journal import Journal
from kentik_async.bulk.journal.runs import Run
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer
from kentik_async.bulk.pull import Pull
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError

ANSWER = Answer(PageKey("markets"), dt.datetime(2026, 11, 20, tzinfo=dt.UTC), 1, b"raw")


@contextmanager
def opened(journal: Path) -> Iterator[tuple[Journal, Run]]:
    """A journal that has an answer entered, and nothing flushed."""
    with closing_all(*open_journal(journal, journal.parent)) as (entries, _):
        found = Journal(entries)
        run = found.begin("2026-11-20", "", "parquet", refresh=False, now=0.0)
        found.keep(run, ANSWER)
        yield found, run


@contextmanager
def closing_all(*files: JournalConnection) -> Iterator[tuple[JournalConnection, ...]]:
    with ExitStack() as stack:
        for file in files:
            stack.callback(file.close)
        yield files


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


async def test_an_answer_is_entered_before_the_next_request_and_flushed_before_its_page(
    emu: Emulator,
) -> None:
    seen: list[str] = []

    def note(event: Event) -> None:
        if event.kind in ("sent", "answered"):
            seen.append(event.kind)

    async def flush() -> None:
        seen.append("flushed")

    async with emu.client(on_event=note) as kentik:
        offered = kentik.kmi.pull_rankings(["cc$US", "cc$DE", "cc$FR"], "customer_base")
        pull = Pull(offered.fetcher, offered.ask, keep=lambda _: seen.append("kept"), flush=flush)
        async with pull:
            async for page in pull:
                assert page.error is None
                seen.append("page")
    entering = [what for what in seen if what in ("sent", "answered", "kept")]
    assert entering == ["sent", "answered", "kept"] * 6
    handed_over = [seen[: at + 1] for at, what in enumerate(seen) if what == "page"]
    assert len(handed_over) == 6
    assert all(before.count("flushed") >= before.count("page") for before in handed_over)


async def test_what_is_entered_is_in_the_log_at_once_for_whoever_comes_after_a_kill(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.sqlite") as (journal, run):
        # What a killed process leaves behind: its files as they stand, nothing closed.
        for name in ("journal.sqlite", "journal.sqlite-wal"):
            (tmp_path / f"killed-{name}").write_bytes((tmp_path / name).read_bytes())
        await journal.flush()
        assert journal.undescribed(run) == [ANSWER]
        for name in ("killed-journal.sqlite", "journal.sqlite"):
            with closing_all(*open_journal(tmp_path / name, tmp_path)) as files:
                for file in files:
                    assert Journal(file).undescribed(run) == [ANSWER]


async def test_the_log_of_a_journal_behind_a_link_is_flushed_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "journal.sqlite").symlink_to(tmp_path / "elsewhere" / "journal.sqlite")
    with opened(tmp_path / "journal.sqlite") as (journal, run):
        await journal.flush()
        assert journal.undescribed(run) == [ANSWER]


async def test_a_log_that_cannot_be_flushed_is_an_error(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.sqlite") as (journal, _):
        (tmp_path / "journal.sqlite-wal").unlink()
        with pytest.raises(
            TargetError, match=f"^the journal {tmp_path}.* cannot be used: .*all that has landed"
        ):
            await journal.flush()
