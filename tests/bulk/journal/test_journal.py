"""The journal: added entries can be read, saved entries are deleted, and the file does not grow."""

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kentik_async.bulk.journal.database import JournalConnection
from kentik_async.bulk.journal.journal import Journal, JournalRun, reading_journal
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer
from kentik_async.errors import ServerError

NOW = dt.datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=dt.UTC)
RAW = random.Random(0).randbytes(20_000)
RUN = JournalRun("2026-11-20.a", "2026-11-20", "rankings", "{}", "parquet", 1)
KEY = PageKey("rankings", "cc$US", "customer_base", "v4")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[JournalConnection]:
    with closing(JournalConnection(tmp_path / "journal.sqlite", tmp_path)) as opened:
        yield opened


@pytest.fixture
def journal(connection: JournalConnection) -> Journal:
    found = Journal(connection)
    found.begin(RUN)
    return found


def keep(journal: Journal, numbers: range) -> None:
    for number in numbers:
        key = PageKey("asn_details", "cc$US", ip="v4", asn=number)
        journal.keep(RUN, Answer(key, NOW, 1, RAW))


def test_answers_are_read_unchanged(journal: Journal) -> None:
    journal.keep(RUN, Answer(KEY, NOW, 2, RAW))
    (entry,) = journal.entries(RUN)
    assert (entry.key, entry.attempts, entry.error_class) == (KEY, 2, None)
    assert entry.fetched_at == int(NOW.timestamp()) * 1_000_000 + 123456
    assert journal.answer(RUN, KEY) == RAW


def test_entries_keep_the_order_of_their_answers(journal: Journal) -> None:
    keep(journal, range(120, 80, -1))
    assert [entry.key.asn for entry in journal.entries(RUN)] == list(range(120, 80, -1))


def test_an_answer_replaces_a_failure(journal: Journal) -> None:
    journal.fail(RUN, KEY, NOW, 1, ServerError("down"))
    (entry,) = journal.entries(RUN)
    assert (entry.error_class, entry.error_text) == ("ServerError", "down")
    assert journal.answer(RUN, KEY) is None
    journal.keep(RUN, Answer(KEY, NOW, 2, RAW))
    (entry,) = journal.entries(RUN)
    assert (entry.error_class, entry.attempts) == (None, 2)


def test_a_run_that_is_saved_leaves_nothing(
    journal: Journal, connection: JournalConnection, tmp_path: Path
) -> None:
    connection.shrink()
    empty = (tmp_path / "journal.sqlite").stat().st_size
    sizes = []
    for _ in range(3):
        journal.begin(RUN)
        keep(journal, range(50))
        journal.end(RUN)
        assert [run.state for run in journal.runs()] == ["ended"]
        journal.forget(RUN)
        connection.shrink()
        assert (journal.runs(), journal.entries(RUN)) == ([], [])
        sizes.append((tmp_path / "journal.sqlite").stat().st_size)
    assert sizes == [empty] * 3


def test_a_run_can_be_kept_without_its_answers(journal: Journal) -> None:
    keep(journal, range(3))
    journal.forget(RUN, but_the_run=True)
    assert (journal.runs(), journal.entries(RUN)) == ([RUN], [])


def test_it_is_read_while_a_run_writes(journal: Journal, tmp_path: Path) -> None:
    keep(journal, range(3))
    with reading_journal(tmp_path / "journal.sqlite", tmp_path) as view:
        assert view is not None
        assert view.runs() == [RUN]
        assert len(view.entries(RUN)) == 3


@pytest.mark.parametrize("content", [None, b""], ids=["missing", "empty"])
def test_a_journal_without_runs_reads_as_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "journal.sqlite"
    if content is not None:
        path.write_bytes(content)
    with reading_journal(path, tmp_path) as view:
        assert view is None
