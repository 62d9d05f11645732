"""The limiter across threads, event loops and forks: real ones, since that is where it would go wrong."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from pathlib import Path
from typing import Any, ClassVar, TypeVarTuple

import pytest

from kentik_async._clock import Clock
from kentik_async.errors import QuotaWaitError
from kentik_async.quota import Grant, LocalLimiter, Quota
from tests.support.frozen_time import PATIENCE
from tests.support.virtual_time import VirtualTime

Ts = TypeVarTuple("Ts")

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, drain=10.0)
LONG = PATIENCE  # what would take so long hangs


class _CountingLoop(asyncio.SelectorEventLoop):
    """Counts the timers that are set in it: who polls sets many."""

    made: ClassVar[list["_CountingLoop"]] = []

    def __init__(self) -> None:
        super().__init__()
        self.timers = 0
        self.made.append(self)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)


def in_threads(*mains: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run each coroutine function in a thread and a loop of its own; raise what any of them raises."""
    errors: list[BaseException] = []

    def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            with asyncio.Runner(loop_factory=_CountingLoop) as runner:
                runner.run(main())
        except BaseException as error:  # noqa: BLE001 (it is raised again in the test's own thread)
            errors.append(error)

    threads = [threading.Thread(target=run, args=(main,), daemon=True) for main in mains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive(), "a thread hangs"
    if errors:
        raise errors[0]


def test_loops_in_two_threads_hand_over_at_once() -> None:
    _CountingLoop.made.clear()
    limiter = LocalLimiter(ONE_AT_A_TIME)
    inside = most = 0
    turns: list[int] = []

    def taking(number: int) -> Callable[[], Coroutine[Any, Any, None]]:
        async def main() -> None:
            nonlocal inside, most
            for _ in range(300):
                grant = await limiter.acquire("non_query")
                inside += 1
                most = max(most, inside)
                turns.append(number)
                await asyncio.sleep(0)
                inside -= 1
                grant.close("answered")

        return main

    in_threads(taking(0), taking(1))
    assert most == 1
    assert sorted(turns) == [0] * 300 + [1] * 300
    # The timer that each may have set looks, at long intervals, for loops that were closed.
    assert sum(loop.timers for loop in _CountingLoop.made) < 30


@pytest.mark.parametrize("concurrent", [1, 3, None])
def test_threads_that_hammer_never_break_a_limit_nor_lose_a_slot(concurrent: int | None) -> None:
    """With switches between threads as often as can be."""
    clock = Clock(monotonic=lambda: 100.0)  # so that no token returns, however long it takes
    limiter = LocalLimiter(Quota(concurrent, None, 0.0, 3000, None), clock=clock)
    inside = most = granted = 0
    guard = threading.Lock()

    async def one() -> None:
        nonlocal inside, most, granted
        grant = await limiter.acquire("non_query")
        with guard:
            inside += 1
            granted += 1
            most = max(most, inside)
        if granted % 7 == 0:
            await asyncio.sleep(0)
        with guard:
            inside -= 1
        grant.close("answered")
        grant.close("answered")

    async def many() -> None:
        for _ in range(40):
            await asyncio.gather(*(one() for _ in range(5)))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        in_threads(many, many, many, many)
    finally:
        sys.setswitchinterval(interval)
    assert granted == 800
    if concurrent is not None:
        assert most <= concurrent
    snapshot = asyncio.run(limiter.snapshot())
    assert (snapshot.in_flight, snapshot.waiting, snapshot.left_hard_minute) == (0, 0, 2200)


def test_a_thread_switch_within_close_grants_no_more() -> None:
    """The clock, read while a grant is closed, lets another thread ask for quota."""
    others: list[Callable[[], None]] = []
    threads: list[threading.Thread] = []
    instant = 100.0

    def monotonic() -> float:
        if others:
            switch = others.pop()
            threads.append(threading.Thread(target=switch, daemon=True))
            threads[-1].start()
            threads[-1].join(0.5)  # it may have to wait until the grant is closed
        return instant

    limiter = LocalLimiter(Quota(2, None, 0.0, 10, None), clock=Clock(monotonic=monotonic))
    granted: list[Grant] = []

    async def ask() -> Grant | None:
        with suppress(QuotaWaitError):
            granted.append(await limiter.acquire("non_query", max_wait=0.0))
            return granted[-1]
        return None

    async def main() -> None:
        first = await ask()
        assert first is not None
        others.append(lambda: asyncio.run(ask_elsewhere()))
        first.close("answered")
        for _ in range(20):
            grant = await ask()
            if grant is not None:
                grant.close("answered")

    async def ask_elsewhere() -> None:
        await ask()

    asyncio.run(main())
    threads[0].join(LONG)
    assert len(granted) == 10


def test_a_grant_may_be_closed_in_another_thread() -> None:
    limiter = LocalLimiter(ONE_AT_A_TIME)

    async def main() -> None:
        grant = await limiter.acquire("non_query")
        waiter = asyncio.create_task(limiter.acquire("non_query"))
        await asyncio.sleep(0)
        await asyncio.to_thread(grant.close, "answered")
        await asyncio.wait_for(waiter, LONG)

    asyncio.run(main())


def test_a_waiter_cancelled_as_its_grant_arrives_returns_it() -> None:
    limiter = LocalLimiter(ONE_AT_A_TIME)

    async def main() -> None:
        grant = await limiter.acquire("non_query")
        waiter = asyncio.create_task(limiter.acquire("non_query"))
        await asyncio.sleep(0)
        # This thread is blocked meanwhile: the grant is on its way, and not there yet.
        thread = threading.Thread(target=grant.close, args=("answered",))
        thread.start()
        thread.join(LONG)
        waiter.cancel()
        await asyncio.wait([waiter])
        assert waiter.cancelled()
        snapshot = await limiter.snapshot()
        assert (snapshot.in_flight, snapshot.waiting) == (0, 0)
        await limiter.acquire("non_query", max_wait=0.0)

    asyncio.run(main())


def test_a_waiter_collected_as_its_grant_arrives_returns_it() -> None:
    limiter = LocalLimiter(ONE_AT_A_TIME)

    async def main() -> None:
        grant = await limiter.acquire("non_query")
        waiter = limiter.acquire("non_query")
        waiter.send(None)
        thread = threading.Thread(target=grant.close, args=("answered",))
        thread.start()
        thread.join(LONG)
        waiter.close()
        await asyncio.sleep(0)
        await limiter.acquire("non_query", max_wait=0.0)

    asyncio.run(main())


def test_a_waiter_whose_loop_was_closed_is_skipped() -> None:
    time = VirtualTime()
    limiter = LocalLimiter(ONE_AT_A_TIME, clock=time.clock)
    first, second = time.loop(), time.loop()
    second.set_exception_handler(lambda loop, context: None)  # a pending task is destroyed with it
    grant = first.run_until_complete(limiter.acquire("non_query"))
    task = second.create_task(limiter.acquire("non_query"))
    second.run_until_complete(asyncio.sleep(0))
    second.close()
    grant.close("answered")
    first.run_until_complete(limiter.acquire("non_query", max_wait=0.0))
    first.close()
    del task


def test_a_holder_whose_loop_closed_keeps_its_slot_for_the_drain() -> None:
    time = VirtualTime(100.0)
    limiter = LocalLimiter(ONE_AT_A_TIME, clock=time.clock)
    loop = time.loop()
    grant = loop.run_until_complete(limiter.acquire("non_query"))
    loop.close()

    async def main() -> None:
        await limiter.acquire("non_query")
        assert time.now == 110.0
        assert not grant.valid()
        grant.close("answered")
        assert (await limiter.snapshot()).in_flight == 1

    time.run(main)


def test_a_holder_whose_loop_closed_is_noticed_by_another_loop() -> None:
    time = VirtualTime(100.0)
    limiter = LocalLimiter(ONE_AT_A_TIME, clock=time.clock)
    holding, waiting = time.loop(), time.loop()
    held = holding.run_until_complete(limiter.acquire("non_query"))
    task = waiting.create_task(limiter.acquire("non_query"))
    waiting.run_until_complete(asyncio.sleep(1))
    holding.close()
    waiting.run_until_complete(task)
    # Looked for every `drain` seconds, then drained.
    assert (time.now, held.valid()) == (120.0, False)
    waiting.close()


def test_one_loop_after_the_other_may_use_a_limiter() -> None:
    limiter = LocalLimiter(ONE_AT_A_TIME)

    async def main() -> asyncio.AbstractEventLoop:
        (await limiter.acquire("non_query")).close("answered")
        return asyncio.get_running_loop()

    loops = [asyncio.run(main()) for _ in range(3)]
    assert len(set(map(id, loops))) == 3
    assert asyncio.run(limiter.snapshot()).in_flight == 0


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
    assert not any(grant.valid() for grant in held), "inherited grants are the parent's"
    for grant in held:
        grant.close("answered")
    assert await state() == (0, 0, 2), await state()
    fresh = [await limiter.acquire("non_query", max_wait=0.0) for _ in range(2)]
    assert all(grant.valid() for grant in fresh)
    assert await state() == (2, 0, 0), await state()

loop = asyncio.new_event_loop()
held, waiter = loop.run_until_complete(parent())
assert loop.run_until_complete(state()) == (2, 1, 2)

# Other threads hold every lock at the moment of the fork, and are gone in the child.
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
assert all(grant.valid() for grant in held), "the parent goes on as before"
held[0].close("answered")
assert loop.run_until_complete(waiter).valid()
print("as it should be")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_child_begins_with_what_was_used(tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(FORK)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=LONG, check=False, cwd=Path.cwd()
    )
    assert (done.returncode, done.stdout) == (0, "as it should be\n"), done.stderr
