"""Scenes around the calls: peers that are absent, start late, go away, or come and go."""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from math import inf
from typing import TypeAlias

from kentik_async import KentikClient
from tests.chaos.calls import WIRES, make
from tests.chaos.servers.dispatcher import Dispatcher
from tests.chaos.servers.peers import Peers

__all__ = [
    "WARM_UP",
    "Scene",
    "Stage",
    "absent",
    "away_for_good",
    "coming_late",
    "deaf",
    "fickle",
    "restarting",
    "steady",
    "teasing",
    "vanishing",
]

WARM_UP = 1_000_000
"""The number of the first call that a scene makes itself; it makes one for each protocol."""


@dataclass
class Stage:
    """The peers and the client of a scene, and the time since which the peers are gone.

    Attributes:
        peers: The peers.
        kentik: The client.
        chance: The random number generator.
        dispatcher: Receives the peers' requests.
        gone_since: When the peers went away permanently; minus infinity if they did not.
    """

    peers: Peers
    kentik: KentikClient
    chance: random.Random
    dispatcher: Dispatcher
    gone_since: float = -inf


Scene: TypeAlias = Callable[[Stage], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def steady(stage: Stage) -> AsyncIterator[None]:
    """The peers are available all the time."""
    stage.peers.open()
    yield


@asynccontextmanager
async def absent(stage: Stage) -> AsyncIterator[None]:
    """The peers are never available: connections are refused."""
    yield


@asynccontextmanager
async def coming_late(stage: Stage) -> AsyncIterator[None]:
    """The peers start a moment after the first calls."""
    async with _beside(_after(0.3, stage.peers)):
        yield


@asynccontextmanager
async def away_for_good(stage: Stage) -> AsyncIterator[None]:
    """The peers answer once over each protocol, and then go away."""
    stage.peers.open()
    for place, wire in enumerate(WIRES):
        await make(stage.kentik, wire, "read", WARM_UP + place)
    await stage.peers.shut()
    await asyncio.sleep(0.05)
    yield


@asynccontextmanager
async def restarting(stage: Stage) -> AsyncIterator[None]:
    """The peers go away for a moment, repeatedly, with requests in flight."""
    stage.peers.open()
    async with _beside(_come_and_go(stage)):
        yield


@asynccontextmanager
async def vanishing(stage: Stage) -> AsyncIterator[None]:
    """The peers go away permanently while requests are in flight."""
    stage.peers.open()
    async with _beside(_vanish(stage)):
        yield


@asynccontextmanager
async def fickle(stage: Stage) -> AsyncIterator[None]:
    """The peers refuse handshakes at random, but never two in a row, so that the pauses stay short."""
    stage.peers.refuse_handshakes(_now_and_then(stage.chance))
    stage.peers.open()
    yield


@asynccontextmanager
async def teasing(stage: Stage) -> AsyncIterator[None]:
    """The peers refuse every second handshake: a probe succeeds, and the connection after it fails."""
    stage.peers.refuse_handshakes(cycle((False, True)))
    stage.peers.open()
    yield


@asynccontextmanager
async def deaf(stage: Stage) -> AsyncIterator[None]:
    """The peers' machine does not respond: connecting neither succeeds nor fails."""
    async with _filled(stage.peers.grpc.deafen()), _filled(stage.peers.rest.deafen()):
        yield


def _now_and_then(chance: random.Random) -> Iterator[bool]:
    while True:
        if chance.random() < 0.5:
            yield True
        yield False


async def _after(pause: float, peers: Peers) -> None:
    await asyncio.sleep(pause)
    peers.open()


async def _come_and_go(stage: Stage) -> None:
    while True:
        await _visits(stage, stage.chance.randint(5, 30))
        await stage.peers.shut()
        await asyncio.sleep(stage.chance.uniform(0.0, 0.1))
        stage.peers.open()


async def _vanish(stage: Stage) -> None:
    await _visits(stage, 10)
    await stage.peers.shut()
    stage.gone_since = time.monotonic()


async def _visits(stage: Stage, count: int) -> None:
    """Wait until a number of further requests have been received."""
    enough = len(stage.dispatcher.record.visits) + count
    while len(stage.dispatcher.record.visits) < enough:
        await asyncio.sleep(0.001)


@asynccontextmanager
async def _beside(doing: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(doing)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _filled(port: int) -> AsyncIterator[None]:
    """Keep a listener's queue full, so that it accepts no further connection."""
    callers = []
    try:
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
            callers.append(caller)
        await asyncio.sleep(0.05)
        yield
    finally:
        for caller in callers:
            caller.close()
