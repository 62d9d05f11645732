"""The limits hold whatever Redis, its connections and the calls do, by an independent count."""

import asyncio
import random
import time
import uuid

from kentik_async.errors import ConnectError, QuotaWaitError
from kentik_async.quota import Limiter, Quota
from kentik_async.quota.redis.limiter import open_redis_limiter
from tests.multiprocess.redis.harness import RedisServer

QUOTA = Quota(
    max_concurrent=2,
    soft_per_minute=None,
    soft_delay=0.0,
    hard_per_minute=30,
    per_hour=None,
    minute=1.0,
    hour=60.0,
    drain=0.1,
)
SECONDS = 4.0
ENOUGH = 10  # requests of one customer


class Judge:
    """Counts the requests, and fails if a limit is exceeded."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.sent: list[float] = []
        self.objections: list[str] = []

    def send(self) -> None:
        now = time.monotonic()
        self.in_flight += 1
        self.sent.append(now)
        if self.in_flight > 2:
            self.objections.append(f"{self.in_flight} in flight")
        if sum(instant > now - QUOTA.minute for instant in self.sent) > 30:
            self.objections.append("too many in a minute")

    def end(self) -> None:
        self.in_flight -= 1


async def caller(limiter: Limiter, judge: Judge, dice: random.Random, end: float) -> None:
    # On a busy machine, the time in which a request may be sent can be over.
    while time.monotonic() < end or len(judge.sent) <= ENOUGH:
        await asyncio.sleep(dice.expovariate(50))
        asking = asyncio.create_task(
            limiter.acquire("non_query", max_wait=dice.choice([None, None, 0.2, 2.0]))
        )
        if dice.random() < 0.1:
            await asyncio.sleep(dice.random() * 0.05)
            asking.cancel()
        try:
            grant = await asking
        except (asyncio.CancelledError, QuotaWaitError, ConnectError):
            continue
        if not grant.valid() or dice.random() < 0.05:
            grant.close("not_sent")
            continue
        judge.send()
        await asyncio.sleep(dice.choice([0.001, 0.005, 0.02]))
        outcome = dice.choices(["answered", "unknown", "refused"], [40, 2, 0.3])[0]
        if outcome == "unknown":
            grant.close("unknown")
            await asyncio.sleep(0.09)  # it continues to run as long as it may
            judge.end()
        else:
            judge.end()
            grant.close(outcome, retry_after=0.1)


async def mischief(server: RedisServer, dice: random.Random, end: float) -> None:
    kill = ["CLIENT", "KILL", "SKIPME", "yes", "TYPE"]
    deeds = [
        ["FLUSHALL"],
        [*kill, "normal"],
        [*kill, "pubsub"],
        ["CLIENT", "PAUSE", "400"],
        ["SCRIPT", "FLUSH"],
    ]
    while time.monotonic() < end:
        await asyncio.sleep(dice.expovariate(3))
        await asyncio.to_thread(server.admin.execute_command, *dice.choice(deeds))


async def test_the_limits_hold(server: RedisServer) -> None:
    """Three customers in parallel, which takes as long as one."""
    end, judges, limiters, work = time.monotonic() + SECONDS, [], [], []
    for seed in range(3):
        judge, customer = Judge(), uuid.uuid4().hex
        judges.append(judge)
        for number in range(4):
            limiter = open_redis_limiter(server.url, endpoints=("a",), customer=customer, quota=QUOTA)
            limiters.append(limiter)
            work += [
                caller(limiter, judge, random.Random(f"{seed} {number} {call}"), end) for call in range(5)
            ]
    async with asyncio.timeout(SECONDS + 60):
        await asyncio.gather(mischief(server, random.Random(1), end), *work)
        for limiter in limiters:
            await limiter.aclose()
    assert [judge.objections for judge in judges] == [[], [], []]
    assert all(len(judge.sent) > ENOUGH for judge in judges)
