"""Random faults that an emulator in another process applies to the calls."""

import asyncio
import json
import random
import urllib.request
from typing import Any

__all__ = ["SLOW", "Faults"]

SLOW = 0.7
"""Maximum delay of an answer, in seconds; less than a client's timeout and drain together."""

_PAUSE = 0.15
"""Seconds between two faults, on average."""

_QUICK: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (500, 502, 503, 504)),
    *({"status": status} for status in ("INTERNAL", "UNAVAILABLE", "UNKNOWN", "DEADLINE_EXCEEDED")),
    *({"status": status} for status in (401, 403, 404, 409, "ABORTED", "DATA_LOSS")),
    *({"status": 429, "shape": shape} for shape in ("resource_exhausted", "http2_429", "envoy")),
    {"status": 429, "retry_after": 0.05},
    {"status": 503, "when": "after"},
    {"delay": SLOW / 20, "when": "after"},
    {"body": "<html><title>Bad gateway</title></html>"},
    {"body": '{"sites": [{"id": '},
)
_COSTLY: tuple[dict[str, Any], ...] = (
    {"drop": True},
    {"drop": True, "when": "after"},
    {"delay": SLOW},
)
"""Each of these occupies the only slot for about a second."""

_SHARE_OF_COSTLY = 0.03


class Faults:
    """Scripts faults and reads the record, over the emulator's HTTP interface."""

    def __init__(self, control: str, seed: int) -> None:
        """Store the interface's URL and the seed of the random numbers."""
        self._control = control
        self._chance = random.Random(seed)
        self.scripted = 0

    async def rain(self) -> None:
        """Script one fault after another until cancelled."""
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / _PAUSE))
            costly = self._chance.random() < _SHARE_OF_COSTLY
            await self._post("fail", self._chance.choice(_COSTLY if costly else _QUICK))
            self.scripted += 1

    async def report(self) -> dict[str, Any]:
        """Return the server's own count since the last reset."""
        return await asyncio.to_thread(_asked, f"{self._control}/report")

    async def violations(self) -> list[str]:
        """Return a line for each request that exceeded a limit, with the requests in flight at that time."""
        calls = await asyncio.to_thread(_asked, f"{self._control}/calls")
        found = []
        for call in (call for call in calls if call["violation"]):
            beside = [one for one in calls if one["received"] < call["received"] < one["answered"]]
            limit = call["refusal"] or "the concurrency"
            found.append(f"{_named(call)} exceeded {limit} beside {[_named(one) for one in beside]}")
        return found

    async def reset(self) -> None:
        """Reset all calls, scripted faults and changes of the server."""
        await self._post("reset", {})

    async def _post(self, verb: str, arguments: dict[str, Any]) -> None:
        await asyncio.to_thread(_asked, f"{self._control}/{verb}", json.dumps(arguments).encode())


def _asked(url: str, body: bytes | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=30) as answer:
        return json.load(answer)


def _named(call: dict[str, Any]) -> str:
    fate = "dropped" if call["dropped"] else f"{call['status']}{' by a fault' if call['fault'] else ''}"
    return f"{call['operation']} ({fate}, {call['received']:.3f} to {call['answered']:.3f})"
