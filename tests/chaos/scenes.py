"""What happens around the calls: peers that are not there, not yet, not any more, or come and go."""

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
"""The number of the first of the calls that a scene makes for itself, one for each protocol."""


@dataclass
class Stage:
    """Who is there, and since when nobody is.

    Attributes:
        peers: The peers.
        kentik: The client.
        chance: Where chance comes from.
        dispatcher: Where the peers' requests come to.
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
    """The peers are there all the time."""
    stage.peers.open()
    yield


@asynccontextmanager
async def absent(stage: Stage) -> AsyncIterator[None]:
    """The peers are never there: connections are refused."""
    yield


@asynccontextmanager
async def coming_late(stage: Stage) -> AsyncIterator[None]:
    """The peers are there a moment after the first calls."""
    async with _beside(_after(0.3, stage.peers)):
        yield


@asynccontextmanager
async def away_for_good(stage: Stage) -> AsyncIterator[None]:
    """The peers answer once over each protocol, and are gone."""
    stage.peers.open()
    for place, wire in enumerate(WIRES):
        await make(stage.kentik, wire, "read", WARM_UP + place)
    await stage.peers.shut()
    await asyncio.sleep(0.05)
    yield


@asynccontextmanager
async def restarting(stage: Stage) -> AsyncIterator[None]:
    """The peers are gone for a moment, repeatedly, with requests in flight."""
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
    """The peers refuse handshakes as chance has it, but never two in a row: the pauses would grow long."""
    stage.peers.refuse_handshakes(_now_and_then(stage.chance))
    stage.peers.open()
    yield


@asynccontextmanager
async def teasing(stage: Stage) -> AsyncIterator[None]:
    """The peers refuse every other handshake: whoever tries first whether they are there is led on."""
    stage.peers.refuse_handshakes(cycle((False, True)))
    stage.peers.open()
    yield


@asynccontextmanager
async def deaf(stage: Stage) -> AsyncIterator[None]:
    """The peers' machine takes no notice: connecting ends neither well nor badly."""
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
    """Wait until so many more requests have come."""
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
    """Keep a listener's queue full, so that it takes no further connection."""
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
