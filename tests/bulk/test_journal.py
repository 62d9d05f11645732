"""The journal: what is entered is there, what has landed goes, and the file does not grow for ever."""

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kentik_async.bulk.journal.batches import Batches
from kentik_async.bulk.journal.database import open_journal
from kentik_async.bulk.journal.journal import Journal
from kentik_async.bulk.journal.runs import Run
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.page_summary import Gist
from kentik_async.bulk.pages import Answer, Page
from kentik_async.errors import ServerError

NOW = dt.datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=dt.UTC)
RAW = random.Random(0).randbytes(20_000)
Opened = tuple[Journal, Batches, Run]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    entries, dropping = open_journal(tmp_path / "journal.sqlite", tmp_path)
    journal = Journal(entries)
    run = journal.begin("2026-11-20", "", "parquet", refresh=False, now=0.0)
    yield journal, Batches(dropping), run
    dropping.close()
    entries.close()


def enter(journal: Journal, run: Run, numbers: range) -> None:
    for number in numbers:
        key = PageKey("asn_details", "cc$US", ip="v4", asn=number)
        journal.keep(run, Answer(key, NOW, 1, RAW))
        journal.describe(run, key, Gist(number, [number], tuple))


def test_a_batch_holds_its_pages_in_the_order_of_the_tables(opened: Opened) -> None:
    journal, batches, run = opened
    enter(journal, run, range(120, 80, -1))
    journal.seal(run)
    journal.seal(run)
    assert batches.sealed(run) == [1], "what is sealed is not sealed again"
    chunks = list(batches.pages(run, 1))
    pages = [page for chunk in chunks for page in chunk]
    assert [page.key.asn for page in pages] == list(range(81, 121)), "by number, not as text"
    assert len(chunks) > 1
    assert {page.raw for page in pages} == {RAW}
    assert [page.rows for page in pages] == list(range(81, 121))
    assert {page.fetched_at for page in pages} == {int(NOW.timestamp()) * 1_000_000 + 123456}


def test_pages_whose_rows_mingle_come_together(opened: Opened) -> None:
    journal, batches, run = opened
    for number in range(40):
        for kind in ("all", "customers", "peers"):
            key = PageKey("asn_details", "cc$US", ip="v4", asn=number, type=kind)
            journal.keep(run, Answer(key, NOW, 1, b""))
            journal.describe(run, key, Gist(0, [], tuple))
    journal.seal(run)
    places = [{page.key.asn for page in chunk} for chunk in batches.pages(run, 1)]
    assert sum(map(len, places)) == len(set.union(*places)) == 40


def test_what_has_landed_goes_and_the_log_is_written_over(opened: Opened, tmp_path: Path) -> None:
    journal, batches, run = opened
    log = tmp_path / "journal.sqlite-wal"
    sizes = []
    for batch in range(1, 6):
        enter(journal, run, range(batch * 100, batch * 100 + 50))
        journal.seal(run)
        sizes.append(log.stat().st_size)
        batches.land(run, batch)
        assert batches.sealed(run) == []
        assert all(page.raw is None for chunk in batches.pages(run, batch) for page in chunk)
    assert len(journal.landed(run)) == 250
    assert sizes[-1] < 2 * sizes[0]
    assert (tmp_path / "journal.sqlite").stat().st_size < 3 * 50 * len(RAW)


def test_a_kill_before_answers_were_dropped_is_made_up_for(opened: Opened) -> None:
    journal, batches, run = opened
    enter(journal, run, range(30))
    journal.seal(run)
    journal._db.execute("UPDATE batches SET landed = 1")  # as far as a killed process came
    batches.drop_landed(run)
    assert all(page.raw is None for chunk in batches.pages(run, 1) for page in chunk)


def test_an_answer_that_nobody_read_is_handed_out_again(opened: Opened) -> None:
    journal, batches, run = opened
    answer = Answer(PageKey("markets"), NOW, 1, RAW)
    journal.keep(run, answer)
    assert journal.undescribed(run) == [answer]
    journal.seal(run)
    assert batches.sealed(run) == [], "what it holds is not known yet"
    journal.describe(run, answer.key, Gist(1, ["cc$US"], tuple))
    assert journal.landed(run) == {answer.key: ["cc$US"]}
    assert journal.undescribed(run) == []


def test_a_failure_gives_way_to_an_answer(opened: Opened) -> None:
    journal, batches, run = opened
    key = PageKey("markets")
    journal.fail(run, Page(key, NOW, 1, error=ServerError("down")))
    assert journal.counts(run) == {"failed": 1, "rows": 0}
    journal.seal(run)
    assert batches.sealed(run) == [], "it may still be answered"
    journal.keep(run, Answer(key, NOW, 2, RAW))
    journal.describe(run, key, Gist(7, [], tuple))
    journal.conclude(run, now=1.0, mixed=None)
    assert journal.counts(run) == {"done": 1, "rows": 7}
    assert [page.attempts for chunk in batches.pages(run, 1) for page in chunk] == [2]
    assert [(run.state, run.finished_at) for run in journal.runs()] == [("landing", 1.0)]


def test_a_failure_is_final_when_the_run_is_concluded(opened: Opened) -> None:
    journal, batches, run = opened
    journal.fail(run, Page(PageKey("markets"), NOW, 2, error=ServerError("down")))
    journal.conclude(run, now=1.0, mixed=None)
    ((page,),) = batches.pages(run, 1)
    assert (page.status, page.error_class, page.error_text) == ("failed", "ServerError", "down")
