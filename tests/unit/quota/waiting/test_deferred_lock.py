"""The lock that defers work if it is taken."""

import threading

from kentik_async.quota.waiting.deferred_lock import DeferredLock


def test_work_is_done_at_once_if_the_lock_is_free() -> None:
    done: list[str] = []
    DeferredLock().run(done.append, "now")
    assert done == ["now"]


def test_work_deferred_by_the_holder_runs_on_release() -> None:
    lock, done = DeferredLock(), list[str]()
    with lock:
        lock.run(done.append, "left")
        assert done == []
    assert done == ["left"]


def test_work_deferred_by_deferred_work_also_runs() -> None:
    lock, done = DeferredLock(), list[str]()

    def first(_: None) -> None:
        lock.run(done.append, "second")
        done.append("first")

    lock.run(first, None)
    assert done == ["first", "second"]


def test_another_thread_does_not_wait_for_the_holder() -> None:
    lock, done = DeferredLock(), list[str]()
    with lock:
        thread = threading.Thread(target=lock.run, args=(done.append, "left"))
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        assert done == []
    assert done == ["left"]


def test_under_contention_all_work_runs_once_and_exclusively() -> None:
    lock = DeferredLock()
    inside, most, done = 0, 0, 0

    def work(_: None) -> None:
        nonlocal inside, most, done
        inside += 1
        most = max(most, inside)
        done += 1
        inside -= 1

    def hammer() -> None:
        for number in range(5000):
            if number % 3:
                lock.run(work, None)
            else:
                with lock:
                    work(None)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done) == (1, 20_000)


def test_work_that_fails_leaves_the_lock_free() -> None:
    lock, done = DeferredLock(), list[str]()

    def fail(_: None) -> None:
        raise ValueError("no")

    try:
        lock.run(fail, None)
    except ValueError:
        lock.run(done.append, "after")
    assert done == ["after"]


def test_deferred_work_runs_before_later_work() -> None:
    lock, done = DeferredLock(), []
    lock._lock.acquire()  # as a thread that stops after the release, before the deferred work
    lock.run(done.append, "first")
    lock._lock.release()
    with lock:
        done.append("second")
    assert done == ["first", "second"]
