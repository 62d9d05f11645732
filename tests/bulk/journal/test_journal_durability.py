"""Durability of answers: added before the next request is sent, on the disk before the page counts."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kentik_async import Event
from kentik_async.bulk.fetching import Fetching
from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.journal.database import JournalConnection
from kentik_async.bulk.journal.journal import Journal, JournalRun
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError

ANSWER = Answer(PageKey("markets"), dt.datetime(2026, 11, 20, tzinfo=dt.UTC), 1, b"raw")
RUN = JournalRun("2026-11-20.a", "2026-11-20", "rankings", "{}", "parquet", 1)


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    """A journal with one answer, which is not flushed."""
    with closing(JournalConnection(path, path.parent)) as connection:
        journal = Journal(connection)
        journal.begin(RUN)
        journal.keep(RUN, ANSWER)
        yield journal


def answers(journal: Journal) -> list[bytes]:
    found = [journal.answer(RUN, entry.key) for entry in journal.entries(RUN)]
    return [raw for raw in found if raw is not None]


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


async def test_an_answer_is_kept_before_the_next_request(emu: Emulator) -> None:
    seen: list[str] = []

    def note(event: Event) -> None:
        if event.kind in ("sent", "answered"):
            seen.append(event.kind)

    async def flush() -> None:
        seen.append("flushed")

    async with emu.client(on_event=note) as kentik:
        pull = kentik.kmi.pull_rankings(["cc$US", "cc$DE", "cc$FR"], "customer_base")
        fetching = Fetching(
            pull.fetcher,
            read=lambda _, raw: (),
            keep=lambda _: seen.append("kept"),
            settle=lambda _: flush(),
        )
        async for page in fetching.pages(Frontier(pull.spec, None)):
            assert page.error is None
            seen.append("page")
    entering = [what for what in seen if what in ("sent", "answered", "kept")]
    assert entering == ["sent", "answered", "kept"] * 6
    handed_over = [seen[: at + 1] for at, what in enumerate(seen) if what == "page"]
    assert len(handed_over) == 6
    assert all(before.count("flushed") >= before.count("page") for before in handed_over)


async def test_what_is_entered_survives_a_kill(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.sqlite") as journal:
        # The files of a killed process: nothing was closed.
        for name in ("journal.sqlite", "journal.sqlite-wal"):
            (tmp_path / f"killed-{name}").write_bytes((tmp_path / name).read_bytes())
        await journal.flush()
        with closing(JournalConnection(tmp_path / "killed-journal.sqlite", tmp_path)) as connection:
            assert answers(Journal(connection)) == [ANSWER.raw]


async def test_a_journal_behind_a_link_is_flushed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "journal.sqlite").symlink_to(tmp_path / "elsewhere" / "journal.sqlite")
    with opened(tmp_path / "journal.sqlite") as journal:
        await journal.flush()
        assert answers(journal) == [ANSWER.raw]


async def test_a_log_that_cannot_be_flushed_is_an_error(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.sqlite") as journal:
        (tmp_path / "journal.sqlite-wal").unlink()
        with pytest.raises(TargetError, match=f"^cannot use the journal {tmp_path}.*already saved is kept$"):
            await journal.flush()
