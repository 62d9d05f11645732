"""The limiter in several real threads and event loops."""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any, ClassVar, TypeVarTuple

import pytest

from kentik_async._clock import Clock
from kentik_async.errors import QuotaWaitError
from kentik_async.quota import Grant, LocalLimiter, Quota
from tests.support.virtual_time import VirtualTime

Ts = TypeVarTuple("Ts")

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, drain=10.0)
LONG = 30.0  # seconds; a thread that takes longer hangs


class _CountingLoop(asyncio.SelectorEventLoop):
    """Counts the timers that are set in it: polling would set many."""

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
    """Run each coroutine function in its own thread and loop; raise the first error of any of them."""
    errors: list[BaseException] = []

    def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            with asyncio.Runner(loop_factory=_CountingLoop) as runner:
                runner.run(main())
        except BaseException as error:  # noqa: BLE001 (it is raised again in the thread of the test)
            errors.append(error)

    threads = [threading.Thread(target=run, args=(main,), daemon=True) for main in mains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive(), "a thread hangs"
    if errors:
        raise errors[0]


def test_loops_in_two_threads_pass_turns_at_once() -> None:
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
    # Each loop may have a timer that checks for closed loops, at long intervals.
    assert sum(loop.timers for loop in _CountingLoop.made) < 30


@pytest.mark.parametrize("concurrent", [1, 3, None])
def test_concurrent_threads_exceed_no_limit_and_lose_no_slot(concurrent: int | None) -> None:
    """With thread switches as often as possible."""
    clock = Clock(monotonic=lambda: 100.0)  # no token returns, however long the test takes
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
    """The clock, read while a grant is closed, lets another thread request quota."""
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
        # This thread is blocked meanwhile: the grant was sent, but is not delivered yet.
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


def test_another_loop_detects_a_holder_whose_loop_closed() -> None:
    time = VirtualTime(100.0)
    limiter = LocalLimiter(ONE_AT_A_TIME, clock=time.clock)
    holding, waiting = time.loop(), time.loop()
    held = holding.run_until_complete(limiter.acquire("non_query"))
    task = waiting.create_task(limiter.acquire("non_query"))
    waiting.run_until_complete(asyncio.sleep(1))
    holding.close()
    waiting.run_until_complete(task)
    # The closed loop is detected within `drain` seconds; then its request drains.
    assert (time.now, held.valid()) == (120.0, False)
    waiting.close()


def test_consecutive_loops_may_use_a_limiter() -> None:
    limiter = LocalLimiter(ONE_AT_A_TIME)

    async def main() -> asyncio.AbstractEventLoop:
        (await limiter.acquire("non_query")).close("answered")
        return asyncio.get_running_loop()

    loops = [asyncio.run(main()) for _ in range(3)]
    assert len(set(map(id, loops))) == 3
    assert asyncio.run(limiter.snapshot()).in_flight == 0
