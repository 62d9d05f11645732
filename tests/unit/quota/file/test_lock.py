"""A flock is had at once or in turn, is never inherited, and leaves nothing behind."""

import gc
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from kentik_async.quota.file_lock import Flock


def descriptors() -> set[str]:
    """Those that are open, once what earlier tests left behind is collected."""
    gc.collect()
    return (
        {entry.name for entry in Path("/proc/self/fd").iterdir()} if Path("/proc/self/fd").exists() else set()
    )


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def threads() -> int:
    return sum(thread.name == "kentik-async quota" for thread in threading.enumerate())


class Owner:
    """Owns locks on one file, as a lane does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.came: SimpleQueue[Flock] = SimpleQueue()
        self.guard = threading.Lock()

    def lock(self) -> Flock:
        return Flock(self.path, self.arrived, create=True)

    def arrived(self, lock: Flock, error: OSError | None) -> None:
        with self.guard:
            lock.obtained(error)
        self.came.put(lock)


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path / "lock")


def test_two_locks_of_one_process_exclude_each_other(owner: Owner) -> None:
    one, two = owner.lock(), owner.lock()
    assert one.try_lock()
    assert not two.try_lock()
    assert (one.held, two.held) == (True, False)
    one.unlock()
    assert two.try_lock()
    one.close()
    two.close()


def test_those_who_wait_get_it_in_turn(owner: Owner) -> None:
    holder, *others = [owner.lock() for _ in range(5)]
    assert holder.try_lock()
    for number, lock in enumerate(others):
        lock.request()
        assert lock.pending
        wait_for(lambda waiting=number + 1: blocked(owner.path) >= waiting)
    holder.unlock()
    for lock in others:
        assert owner.came.get(timeout=20) is lock
        assert lock.held
        assert not lock.pending
        lock.unlock()
    for lock in (holder, *others):
        lock.close()


def blocked(path: Path) -> int:
    """How many wait for a lock on a file, by the kernel's own list."""
    inode = f":{path.stat().st_ino} "
    return sum("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


def test_closing_frees_the_lock_the_descriptor_and_the_thread(owner: Owner) -> None:
    before, running = descriptors(), threads()
    one, two = owner.lock(), owner.lock()
    assert one.try_lock()
    two.request()
    one.close()
    assert owner.came.get(timeout=20) is two
    two.close()
    two.close()
    wait_for(lambda: threads() == running)
    assert descriptors() == before


def test_closing_what_still_waits_takes_effect_when_its_turn_comes(owner: Owner) -> None:
    before, running = descriptors(), threads()
    one, two, three = owner.lock(), owner.lock(), owner.lock()
    assert one.try_lock()
    two.request()
    wait_for(lambda: blocked(owner.path) == 1)
    two.close()
    one.unlock()
    owner.came.get(timeout=20)
    assert not two.held
    wait_for(three.try_lock)
    one.close()
    three.close()
    wait_for(lambda: threads() == running)
    assert descriptors() == before


def test_a_forgotten_lock_closes_itself(owner: Owner) -> None:
    before, running = descriptors(), threads()
    lock = owner.lock()
    lock.request()
    owner.came.get(timeout=20)
    del lock
    gc.collect()
    wait_for(lambda: threads() == running)
    assert descriptors() == before


def test_a_later_job_runs_unless_an_earlier_one_comes_first(owner: Owner) -> None:
    lock = owner.lock()
    done: SimpleQueue[str] = SimpleQueue()
    lock.post(lambda: done.put("late"), 0.01)
    assert done.get(timeout=20) == "late"
    lock.post(lambda: done.put("never"), 3600.0)
    lock.post(lambda: done.put("now"))
    assert done.get(timeout=20) == "now"
    lock.close()
    assert done.empty()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_holds_nothing_of_its_parents(owner: Owner) -> None:
    lock = owner.lock()
    assert lock.try_lock()
    inherited = lock.fd
    to_child, from_parent = os.pipe()
    to_parent, from_child = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(from_parent)
        try:
            os.fstat(inherited)
        except OSError:
            fresh = Flock(owner.path, owner.arrived, create=True)
            lock.close()  # the descriptor's number may be the fresh one's by now
            taken = fresh.try_lock()
            os.write(from_child, b"x")
            os.read(to_child, 1)  # until the parent has let go
            os._exit(0 if not taken and fresh.try_lock() else 2)
        os._exit(1)
    os.read(to_parent, 1)
    lock.unlock()
    for fd in (to_child, from_parent, to_parent, from_child):
        os.close(fd)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    lock.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_lock_of_a_killed_parent_is_free_although_a_child_lives_on(owner: Owner) -> None:
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        Flock(owner.path, owner.arrived, create=True).try_lock()
        kept = owner.lock()
        kept.try_lock()
        if os.fork() == 0:
            os.write(writer, b"x")
            time.sleep(60)
            os._exit(0)
        time.sleep(60)
        os._exit(0)
    os.read(reader, 1)
    lock = owner.lock()
    os.kill(parent, 9)
    os.waitpid(parent, 0)
    assert lock.try_lock()
    lock.close()
    os.close(reader)
    os.close(writer)


def test_a_link_is_not_followed(owner: Owner) -> None:
    owner.path.with_name("real").touch()
    owner.path.symlink_to("real")
    with pytest.raises(OSError, match="symbolic link"):
        owner.lock()
    gc.collect()
