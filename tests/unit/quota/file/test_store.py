"""A store and its thread close the same files: each file descriptor is closed once."""

import os
import threading
import time
from fcntl import LOCK_EX, flock
from functools import partial
from pathlib import Path

import pytest

from kentik_async._clock import SYSTEM_CLOCK
from kentik_async.quota.file.paths import Place, quota_place
from kentik_async.quota.file.shared_file import SharedFile
from kentik_async.quota.file.store import FileStore
from kentik_async.quota.state.messages import StoreReply
from tests.support.quota.files import QUOTA, descriptors, wait_for, waiting_threads


def store_with_a_thread(place: Place) -> FileStore:
    share = partial(SharedFile, place, "non_query", {"non_query": QUOTA, "query": QUOTA}, SYSTEM_CLOCK)
    store, replied = FileStore(share), threading.Event()
    store.open()
    with place.lock.open("rb") as held:
        flock(held, LOCK_EX)
        assert store.transact(lambda state, now: StoreReply([]), lambda reply: replied.set()) is None
    assert replied.wait(20)
    return store


def test_a_store_may_be_closed_while_its_thread_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, running, close = descriptors(), waiting_threads(), os.close
    closed_twice: list[OSError] = []

    def close_slowly(fd: int) -> None:
        """Let other threads run after the file is closed, as on a busy machine."""
        try:
            close(fd)
        except OSError as error:
            closed_twice.append(error)
        time.sleep(0.0002)

    place = quota_place(tmp_path, (), "somebody@example.com")
    for _ in range(50):
        store = store_with_a_thread(place)
        with monkeypatch.context() as patch:
            patch.setattr(os, "close", close_slowly)
            while waiting_threads() > running:
                store.close()
    wait_for(lambda: descriptors() <= before)
    assert closed_twice == []
