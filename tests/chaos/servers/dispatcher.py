"""Processes the peer's requests of all protocols: records each, then answers it correctly or with a fault."""

import asyncio
import random
import time
from collections.abc import Iterable
from typing import Protocol

from tests.chaos.calls import Effect
from tests.chaos.plan import Call
from tests.chaos.record import Record, Visit

__all__ = ["Dispatcher", "Exchange"]

_LONGEST_WORK = 0.002


class Exchange(Protocol):
    """One request at the peer, with methods to answer it.

    Attributes:
        number: The number of the call.
        effect: The effect of that call.
        visit: Its entry in the record; the code that answers updates `finished`.
        patience: Maximum working time of a request that is never answered, in seconds.
    """

    number: int
    effect: Effect
    visit: Visit
    patience: float

    async def answer_well(self) -> None:
        """Answer correctly."""
        ...


class Dispatcher:
    """Keeps the record, and applies the faults of every call.

    Attributes:
        record: The received requests.
    """

    def __init__(self, calls: Iterable[Call], *, timeout: float, drain: float, chance: random.Random) -> None:
        """Start with an empty record.

        Args:
            calls: The calls that will come.
            timeout: How long their callers wait for an answer, in seconds.
            drain: How long a request may continue after its caller has left, in seconds.
            chance: The random number generator.
        """
        self.record = Record()
        self._calls = {call.number: call for call in calls}
        self._met = dict.fromkeys(self._calls, 0)
        self._timeout = timeout
        self._drain = drain
        self._chance = chance

    async def attend(self, exchange: Exchange) -> None:
        """Record a completely received request, and answer it."""
        call = self._calls[exchange.number]
        exchange.effect, exchange.patience = call.effect, self._timeout + self._drain / 4
        visit = exchange.visit = self.record.receive(call.number, time.monotonic())
        met = self._met[call.number]
        self._met[call.number] += 1
        fault = call.ordeal[met] if met < len(call.ordeal) else None
        if fault is None or not fault.refuses:
            self.record.acted[call.number] += 1
        try:
            await asyncio.sleep(self._chance.uniform(0, _LONGEST_WORK))
            await (exchange.answer_well() if fault is None else fault.act(exchange))
            if fault is not None and fault.lingers:
                visit.finished = time.monotonic() + self._drain / 4
        except (asyncio.CancelledError, ConnectionError):
            visit.finished = min(visit.finished, time.monotonic())
            raise
