"""The limiter in a forked child: it starts with the usage of its parent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FORK = """
import asyncio, os, sys, threading
from kentik_async._clock import Clock
from kentik_async.quota import LocalLimiter, Quota
from kentik_async.quota import factory

now = 100.0
limiter = LocalLimiter(Quota(2, None, 0.0, 5, None), clock=Clock(monotonic=lambda: now))

async def parent():
    (await limiter.acquire("non_query")).close("answered")
    held = [await limiter.acquire("non_query") for _ in range(2)]
    waiter = asyncio.create_task(limiter.acquire("non_query"))
    await asyncio.sleep(0)
    return held, waiter

async def state():
    s = await limiter.snapshot()
    return s.in_flight, s.waiting, s.left_hard_minute

async def child(held):
    assert not any(grant.valid() for grant in held), "inherited grants belong to the parent"
    for grant in held:
        grant.close("answered")
    assert await state() == (0, 0, 2), await state()
    fresh = [await limiter.acquire("non_query", max_wait=0.0) for _ in range(2)]
    assert all(grant.valid() for grant in fresh)
    assert await state() == (2, 0, 0), await state()

loop = asyncio.new_event_loop()
held, waiter = loop.run_until_complete(parent())
assert loop.run_until_complete(state()) == (2, 1, 2)

# At the fork, other threads hold every lock; the child does not have these threads.
locks = [factory._registry.lock] + [one._lock._lock for one in limiter._classes.values()]
taken, release = threading.Barrier(len(locks) + 1), threading.Event()
def hold(lock):
    with lock:
        taken.wait()
        release.wait()
threads = [threading.Thread(target=hold, args=(lock,)) for lock in locks]
for thread in threads:
    thread.start()
taken.wait()
pid = os.fork()
if pid == 0:
    try:
        asyncio.run(child(held))
        customer = factory.Customer(("a",), "b", Quota.NON_QUERY, Quota.QUERY, "auto", local=True)
        factory.shared_limiter(limiter, customer)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
release.set()
for thread in threads:
    thread.join()
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 0, "the child failed"
assert all(grant.valid() for grant in held), "the parent continues as before"
held[0].close("answered")
assert loop.run_until_complete(waiter).valid()
print("as it should be")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_child_starts_with_the_usage_of_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(FORK)
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=Path.cwd(),
    )
    assert (done.returncode, done.stdout) == (0, "as it should be\n"), done.stderr
